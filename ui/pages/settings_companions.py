"""How the head's PC becomes the unit's second one: request there, words compared, accepted here, words (decision 2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from models.domain.statuses import COMPANION_STATUS
from models.domain.units import Role
from models.services import companions
from models.services.companions import Companion
from ui.context import AppContext
from ui.forms.inputs import line, on_enter
from ui.kit import Banner, button, card, column, label, row
from ui.moments import moment
from ui.pages.simple_table import simple_table
from ui.pages.words_card import WordsCard
from ui.prompt import PACKAGES
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from sync.companions.papers import PairingReply, PairingRequest
    from sync.joining.enrolment import WrittenFile


@dataclass(frozen=True)
class _State:
    """Whether this is a second PC, and the other sides."""

    second: bool
    others: tuple[Companion, ...]


class CompanionSettings(QWidget):
    """The PCs this one exchanges with, and the steps of pairing."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._path = Path()
        self._found: PairingRequest | PairingReply | None = None
        columns = (
            TableColumn("person", self.tr("主管领导"), 110, lambda one: Cell(one.person_name)),
            TableColumn("name", self.tr("另一台电脑"), 190, lambda one: Cell(one.name)),
            TableColumn("state", self.tr("状态"), 90, _state),
            TableColumn("paired", self.tr("配对时间"), 140, lambda one: Cell(moment(one.paired_at))),
            TableColumn("sent", self.tr("最近写出"), 140, lambda one: _last(one.sent, one.sent_at)),
            TableColumn("received", self.tr("最近接收"), 140, lambda one: _last(one.received, one.received_at)),
        )
        self.table, self.model = simple_table(self.tr("与本机交换文件的电脑"), columns, self)
        self.table.setMinimumHeight(110)
        self.table.hide()
        self.nothing = label(self.tr("还没有配对第二台电脑。"), "cap")
        self.words = line(self.tr("另一台电脑上显示的核对词"), self.tr("按顺序输入，用空格分开"))
        on_enter(self.words, self._confirmed)
        self.facts = label("", "dim", wrap=True)
        self.go = button(self.tr("核对词一致，继续"), "check", "primary", on_click=self._confirmed)
        self.confirm = card(
            label(self.tr("核对词"), "strong"), self.facts, self.words,
            row(None, button(self.tr("放弃"), on_click=self._drop), self.go),
        )  # fmt: skip
        self.confirm.hide()
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        self.written = WordsCard(self.tr("请在另一台电脑上按顺序输入这些核对词："))
        self.setLayout(
            column(card(label(self.tr("两台电脑"), "strong"), self.table, self.nothing), self.result, self.written,
                   self.confirm, self._steps(), spacing=12)
        )  # fmt: skip

    def _steps(self) -> QWidget:
        self.ask = button(self.tr("生成配对申请"), "file-export", on_click=self.request)
        take = button(self.tr("打开配对申请或批复"), "folder-open", on_click=self._choose)
        words = (
            self.tr("主管领导可以在自己的电脑上核办：待核办和核办结果用文件来回带，打包上报仍在本单位主电脑上。"),
            self.tr("1. 在主管领导的电脑上，第一次打开程序时选“作为第二台电脑”，然后在这里生成配对申请。"),
            self.tr("2. 在主电脑上由系统管理员打开配对申请，输入那台电脑上显示的核对词，得到配对批复。"),
            self.tr("3. 在主管领导的电脑上打开配对批复，输入主电脑上显示的核对词，配对完成。"),
            self.tr("4. 已入网的单位：主电脑重新生成入网申请，交上级认证主管领导的新密钥。"),
        )
        return card(
            label(self.tr("配对第二台电脑"), "strong"), *(label(text, "dim", wrap=True) for text in words),
            row(self.ask, take, None),
        )  # fmt: skip

    def refresh(self) -> None:
        """Read the other sides."""
        self.context.read(_read, done=self._show_state, owner=self)

    def _show_state(self, state: _State) -> None:
        self.model.set_rows(list(state.others))
        self.table.setVisible(bool(state.others))
        self.nothing.setVisible(not state.others)
        self.ask.setVisible(state.second)

    # --- the second PC asks -----------------------------------------------------------------------------

    def request(self) -> None:
        """Ask where to write the request, write it and show its words."""
        store = self.context.store

        def write(folder: Path) -> None:
            def work() -> WrittenFile:
                from sync.companions.pairing import request

                return request(store, folder)

            self.context.jobs.run(work, self._requested, owner=self, title=self.tr("生成配对申请"))

        self.context.prompt.folder(self, self.tr("配对申请写到哪里（U 盘或文件夹）"), write)

    def _requested(self, written: WrittenFile) -> None:
        self.confirm.hide()
        step = self.tr("请把文件带到本单位主电脑上，由系统管理员打开（“设置”，“第二台电脑”）。")
        self.written.say(self.tr("配对申请已写好"), written.path, step, written.words)

    # --- both -------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        self.context.prompt.open_files(self, self.tr("打开配对申请或批复"), PACKAGES, lambda paths: self.take(paths[0]))

    def take(self, path: Path) -> None:
        """Look at a request (at the main PC) or a reply (at the second one)."""

        def work() -> Any:
            from sync.companions.papers import read_reply, read_request
            from sync.formats import FileKind, sniff

            return read_reply(path) if sniff(path) is FileKind.PAIRING_REPLY else read_request(path)

        self._path = path
        self.context.jobs.run(work, self._show, owner=self)

    def _show(self, found: PairingRequest | PairingReply) -> None:
        from sync.companions.papers import PairingRequest

        self._found = found
        self.result.hide()
        self.written.hide()
        if isinstance(found, PairingRequest):
            text = self.tr(
                "“{name}”申请在自己的电脑（{pc}）上核办。配对后，此人在这台电脑上原有的口令作废。"
                "请输入那台电脑上显示的核对词。"
            ).format(name=found.person_name, pc=found.pc_name)
        else:
            text = self.tr("这是“{unit}”的配对批复。请输入主电脑上显示的核对词。").format(unit=found.unit.name)
        self.facts.setText(text)
        self.words.set_text("")
        self.words.fail("")
        self.confirm.show()
        self.words.setFocus()

    def _drop(self) -> None:
        self.confirm.hide()

    def _confirmed(self) -> None:
        from sync.companions.papers import PairingRequest
        from sync.trust.words import same_words

        if self._found is None:
            return
        if not same_words(self.words.text(), self._found.words):
            self.words.fail(self.tr("核对词不一致。请再核对一遍；仍不一致说明文件被换过，请不要继续。"))
        elif isinstance(self._found, PairingRequest):
            self._accept()
        else:
            self._trust()

    def _accept(self) -> None:
        if not self.context.has(Role.ADMINISTRATOR):
            self.context.toast(self.tr("办理配对由系统管理员登录后进行。"), None, "warn")
            return
        store, path, words = self.context.store, self._path, self.words.text()

        def write(folder: Path) -> None:
            def work() -> WrittenFile:
                from sync.companions.pairing import accept

                return accept(store, path, words, folder)

            self.context.jobs.run(work, self._accepted, owner=self, title=self.tr("办理配对"))

        self.context.prompt.folder(self, self.tr("配对批复写到哪里（U 盘或文件夹）"), write)

    def _accepted(self, written: WrittenFile) -> None:
        self.confirm.hide()
        step = self.tr("请把文件带回主管领导的电脑打开。已入网的单位，请再重新生成入网申请，交上级认证。")
        self.written.say(self.tr("配对批复已写好"), written.path, step, written.words)
        self.refresh()

    def _trust(self) -> None:
        store, path, words = self.context.store, self._path, self.words.text()

        def work(passphrase: str) -> Any:
            from sync.companions.pairing import trust

            return trust(store, path, words, passphrase)

        text = self.tr("导入后，这台电脑就是该单位的第二台电脑；您的密钥改用单位登记的人员编号。")
        self.context.with_passphrase(self, self.tr("完成配对"), text, work, self._trusted)

    def _trusted(self, unit: Any) -> None:
        self.confirm.hide()
        words = self.tr("配对完成，这台是“{unit}”的第二台电脑。请重新登录。")
        self.context.toast(words.format(unit=unit.name))
        self.context.lock()  # what is in sight still names the unit that stood in


def _read(session: Any) -> _State:
    return _State(bool(companions.own_pc(session)), tuple(companions.list_companions(session)))


def _state(one: Companion) -> Cell:
    state = one.state if one.ready else companions.ENDED
    return Cell(COMPANION_STATUS[state], "ok" if one.ready else "mute", "circle-check" if one.ready else "user-off")


def _last(number: int, at: str) -> Cell:
    return Cell(f"第 {number} 号，{moment(at)}" if at else "—")
