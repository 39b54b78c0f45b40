"""How a unit joins its superior: request up, words compared over the telephone, reply down (decision 5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from models.domain.statuses import UNIT_STATUS
from models.domain.units import TIER_LABELS, Role, Tier
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.forms.inputs import line, on_enter
from ui.kit import Banner, button, card, column, label, row
from ui.moments import moment
from ui.pages.batch_card import BatchCard
from ui.pages.certificate_card import CertificateCard
from ui.pages.code_card import CodeCard
from ui.pages.reset_card import ResetCard
from ui.pages.simple_table import simple_table
from ui.pages.unit_change_card import UnitChangeCard
from ui.pages.words_card import WordsCard
from ui.prompt import PACKAGES
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from sync.joining.enrolment import UnitInfo, WrittenFile
    from sync.joining.requests import Reply, Request


class UnitSettings(QWidget):
    """Known units, and the steps of joining."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._path: Path | None = None
        columns = (
            TableColumn("name", self.tr("单位"), 200, self._named),
            TableColumn("relation", self.tr("关系"), 80, lambda info: Cell(info.relation)),
            TableColumn("tier", self.tr("层级"), 80, lambda info: Cell(TIER_LABELS[info.unit.tier])),
            TableColumn("state", self.tr("状态"), 150, self._standing),
            TableColumn("valid", self.tr("证书有效至"), 150, self._valid),
            TableColumn("persons", self.tr("有证书的人员"), 200, lambda info: Cell("、".join(info.persons) or "—")),
        )
        self.table, self.model = simple_table(self.tr("上下级单位列表"), columns, self)
        self.table.setMinimumHeight(150)
        self.words = line(self.tr("对方在电话里读出的核对词"), self.tr("按顺序输入，用空格分开"))
        on_enter(self.words, self._confirmed)
        self.facts = label("", "dim", wrap=True)
        self.confirm = card(
            label(self.tr("核对词"), "strong"), self.facts, self.words,
            row(None, button(self.tr("放弃"), on_click=self._drop), self._go_button()),
        )  # fmt: skip
        self.confirm.hide()
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        self.written, self.code = WordsCard(), CodeCard()
        self.batch, self.certificates, self.changes = (
            BatchCard(context),
            CertificateCard(context),
            UnitChangeCard(context),
        )
        administrator = context.has(Role.ADMINISTRATOR)
        self.batch.setVisible(administrator and context.actor.unit.tier is not Tier.SCHOOL)
        self.changes.setVisible(administrator)
        self.setLayout(
            column(card(label(self.tr("已知单位"), "strong"), self.table), self.result, self.written, self.code,
                   self.confirm, self._steps(), self.batch, self.certificates, self.changes, ResetCard(context),
                   spacing=12)
        )  # fmt: skip

    def _go_button(self) -> QWidget:
        self.go = button(self.tr("核对词一致，继续"), "check", "primary", on_click=self._confirmed)
        return self.go

    def _steps(self) -> QWidget:
        ask = button(self.tr("生成入网申请"), "file-export", on_click=self.request)
        take = button(self.tr("打开入网申请或批复"), "folder-open", on_click=self._choose)
        words = (
            self.tr("1. 下级单位生成入网申请，交给上级。"),
            self.tr("2. 上级打开入网申请，打电话请下级读出入网申请上的核对词，一致后由两人签名批复。"),
            self.tr("3. 下级打开入网批复，打电话请上级读出入网批复上的核对词，一致后生效。"),
        )
        return card(
            label(self.tr("与上级建立联系"), "strong"), *(label(text, "dim", wrap=True) for text in words),
            row(ask, take, None),
        )  # fmt: skip

    @staticmethod
    def _valid(info: UnitInfo) -> Cell:
        """Units elsewhere and those further up show this one no certificate, yet they may well have one."""
        expected = info.state != "closed" and info.relation in ("本单位", "下级")
        if expected and not info.valid_until:
            return Cell("未入网", "mute", "hourglass")
        return Cell(moment(info.valid_until) or "—")

    @staticmethod
    def _named(info: UnitInfo) -> Cell:
        former = f"（原{'、'.join(info.former)}）" if info.former else ""
        return Cell(info.unit.name + former, tip=former)

    @staticmethod
    def _standing(info: UnitInfo) -> Cell:
        tone = ("bad", "lock") if info.state == "closed" else ("", "")
        return Cell(UNIT_STATUS[info.state], *tone)

    def refresh(self) -> None:
        """Read the known units and their certificates."""
        from sync.joining.enrolment import list_units

        def show(found: list[UnitInfo]) -> None:
            self.model.set_rows(found)
            self.changes.show_units(found)

        self.context.read(list_units, done=show, owner=self)
        self.certificates.refresh()

    # --- the unit below ---------------------------------------------------------------------------------

    def request(self) -> None:
        """Ask for the one-time code where one was sent, then where to write the request."""
        from sync.joining.invitations import waits_for_code

        def ask(waits: bool) -> None:
            self.code.ask(self._request) if waits else self._request("")

        self.context.read(waits_for_code, done=ask, owner=self)

    def _request(self, code: str) -> None:
        store = self.context.store

        def write(folder: Path) -> None:
            def work() -> WrittenFile:
                from sync.joining.enrolment import request

                return request(store, folder, code)

            self.context.jobs.run(work, self._requested, owner=self, title=self.tr("生成入网申请"))

        self.context.prompt.folder(self, self.tr("入网申请写到哪里（U 盘或文件夹）"), write)

    def _requested(self, written: WrittenFile) -> None:
        self.result.hide()
        self.confirm.hide()
        self.written.say(
            self.tr("入网申请已写好"), written.path, self.tr("请把文件交给上级，等上级来电核对。"), written.words
        )

    # --- both -------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        self.context.prompt.open_files(self, self.tr("打开入网申请或批复"), PACKAGES, lambda paths: self.take(paths[0]))

    def take(self, path: Path) -> None:
        """Look at a request (at the superior) or a reply (at the unit that asked)."""

        store = self.context.store

        def work() -> tuple[Request | Reply, bool]:
            from sync.formats import FileKind, sniff
            from sync.joining.invitations import is_shown
            from sync.joining.requests import read_reply, read_request

            if sniff(path) is not FileKind.ENROLMENT_REPLY:
                return read_request(path), False
            reply = read_reply(path)
            return reply, store.read(is_shown, reply)

        self._path = path
        self.context.jobs.run(work, lambda found: self._show(*found), owner=self)

    def _show(self, found: Request | Reply, by_code: bool) -> None:
        from sync.joining.requests import Request

        self._found = found
        self.result.hide()
        self.written.hide()
        if self._own(found):
            return
        if by_code:
            self._trust(None)
            return
        if isinstance(found, Request):
            people = "、".join(f"{person.name}（{person.role_names}）" for person in found.persons)
            text = self.tr(
                "“{unit}”{former}申请入网，人员：{people}。请给该单位打电话，请对方读出入网申请上的核对词，输入到下面。"
            )
            former = f"（原{'、'.join(one.name for one in found.former)}）" if found.former else ""
            self.facts.setText(text.format(unit=found.unit.name, former=former, people=people))
        else:
            text = self.tr("这是“{unit}”的入网批复。请给上级打电话，请对方读出入网批复上的核对词，输入到下面。")
            self.facts.setText(text.format(unit=found.superior.name))
        self.words.set_text("")
        self.words.fail("")
        self.confirm.show()
        self.words.setFocus()

    def _own(self, found: Request | Reply) -> bool:
        """Whether the unit has opened a file of its own, or one for another; then there is nothing to compare here."""
        from sync.joining.requests import Request

        me, path = self.context.actor.unit.id, self._path or Path()
        if isinstance(found, Request) and found.unit.id == me:
            title, step = self.tr("这是本单位的入网申请"), self.tr("请交给上级，由上级打开；上级来电时读出核对词。")
        elif not isinstance(found, Request) and found.superior.id == me:
            title, step = self.tr("这是本单位发出的入网批复"), self.tr("请交给申请单位，由对方打开；来电时读出核对词。")
        elif not isinstance(found, Request) and found.unit_id != me:
            words = self.tr("“{name}”是“{unit}”给别的单位的入网批复，本单位不能用。请核对是否拿错了文件。")
            self.result.say("bad", words.format(name=path.name, unit=found.superior.name))
            self.confirm.hide()
            return True
        else:
            return False
        self.confirm.hide()
        self.written.say(title, path, step, found.words)
        return True

    def _drop(self) -> None:
        self.confirm.hide()

    def _confirmed(self) -> None:
        from sync.joining.requests import Request
        from sync.trust.words import same_words

        if not same_words(self.words.text(), self._found.words):
            self.words.fail(self.tr("核对词不一致。请再读一遍核对；仍不一致说明文件被换过，请不要继续。"))
            return
        if isinstance(self._found, Request):
            from models.services.operators import officers

            self.context.read(officers, done=self._certify, owner=self)
        else:
            self._trust(self.words.text())

    def _certify(self, officers: tuple[str, ...]) -> None:
        if not self.context.has(Role.ADMINISTRATOR) or self.context.actor.unit.tier is Tier.SCHOOL:
            self.context.toast(self.tr("办理入网由上级单位的系统管理员登录后进行。"), None, "warn")
            return
        store, path, words = self.context.store, self._path, self.words.text()
        assert path is not None

        def sign(folder: Path) -> None:
            def work(passphrase: str, officer: tuple[str, str]) -> WrittenFile:
                from sync.joining.enrolment import certify

                return certify(store, path, passphrase, officer, words, folder)

            text = self.tr("为该单位及其人员签发证书，入网批复写到 {folder}。").format(folder=folder)
            TwoPeople(self, self.context, self.tr("办理入网"), text, officers, work, self._certified).open()

        self.context.prompt.folder(self, self.tr("入网批复写到哪里（U 盘或文件夹）"), sign)

    def _certified(self, written: WrittenFile) -> None:
        self.confirm.hide()
        self.written.say(
            self.tr("入网批复已写好"),
            written.path,
            self.tr("请把文件交给该单位，对方打开时会来电核对。"),
            written.words,
        )
        self.refresh()

    def _trust(self, words: str | None) -> None:
        store, path = self.context.store, self._path
        assert path is not None

        def work() -> Any:
            from sync.joining.enrolment import trust

            return trust(store, path, words)

        self.context.jobs.run(work, self._trusted, owner=self, title=self.tr("导入入网批复"))

    def _trusted(self, superior: Any) -> None:
        self.confirm.hide()
        self.result.say("ok", self.tr("已与上级“{unit}”建立联系，可以打包报送了。").format(unit=superior.name))
        self.refresh()
