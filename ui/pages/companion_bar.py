"""The button for the unit's other PC: hand over what waits for the head, or bring the head's decisions back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu, QWidget

from models.domain.units import Role
from models.services import companions
from models.services.companions import Companion
from ui.context import AppContext
from ui.kit import button, column
from ui.kit.basic import Margins


@dataclass(frozen=True)
class _State:
    """What the button does here: on a second PC the changes decided and not told, on the main one the other PCs."""

    second: bool
    untold: int
    others: tuple[Companion, ...]


class CompanionBar(QWidget):
    """Out of sight where there is nothing to exchange."""

    def __init__(self, context: AppContext, margins: Margins = (0, 0, 0, 0)) -> None:
        super().__init__()
        self.context = context
        self._state = _State(second=False, untold=0, others=())
        self.go = button(kind="", on_click=self._clicked)
        self.setLayout(column(self.go, margins=margins))
        self.hide()

    def refresh(self) -> None:
        """Read again whether there is another PC, and what is to be told to it."""
        if self.context.has(Role.REGISTRAR, Role.HEAD):
            self.context.read(_read, done=self._show, owner=self, replaces=f"companion-{id(self)}")

    def _show(self, state: _State) -> None:
        self._state = state
        if state.second:
            self.go.set_text(self.tr("写出核办结果 {n}").format(n=state.untold))
            self.go.setToolTip(
                self.tr("把已核办、还没有带回的 {n} 项写成文件，带回学籍管理员的电脑。").format(n=state.untold)
            )
        else:
            self.go.set_text(self.tr("交给主管领导的电脑"))
            self.go.setToolTip(self.tr("把待核办的变更和证明材料写成文件，交给主管领导在自己的电脑上核办。"))
        self.go.setEnabled(bool(state.untold) or not state.second)
        self.setVisible(state.second or (bool(state.others) and self.context.has(Role.REGISTRAR)))

    def _clicked(self) -> None:
        if self._state.second:
            self.context.prompt.folder(self, self.tr("核办结果写到哪里（U 盘或文件夹）"), self._write_decisions)
        elif len(self._state.others) == 1:
            self._hand_over(self._state.others[0])
        else:
            menu = QMenu(self)
            for other in self._state.others:
                act = menu.addAction(f"{other.person_name}（{other.name}）")
                act.triggered.connect(partial(self._hand_over, other))
            menu.popup(self.go.mapToGlobal(QPoint(0, self.go.height())))

    def _hand_over(self, other: Companion, _checked: bool = False) -> None:
        store = self.context.store

        def write(folder: Path) -> None:
            def work() -> Any:
                from sync.companions.drafts import write_drafts

                return write_drafts(store, folder, other.id)

            self.context.jobs.run(work, self._handed_over, owner=self, title=self.tr("写出待核办"))

        self.context.prompt.folder(self, self.tr("待核办写到哪里（U 盘或文件夹）"), write)

    def _handed_over(self, written: Any) -> None:
        words = self.tr("已写出待核办 {n} 项：{name}。请交给{whom}接收。")
        self.context.toast(words.format(n=written.count, name=written.path.name, whom=written.companion))

    def _write_decisions(self, folder: Path) -> None:
        store = self.context.store

        def work() -> Any:
            from sync.companions.decisions import write_decisions

            return write_decisions(store, folder)

        self.context.jobs.run(work, self._told, owner=self, title=self.tr("写出核办结果"))

    def _told(self, written: Any) -> None:
        words = self.tr("已写出 {n} 项核办结果：{name}。请带回学籍管理员的电脑接收。")
        self.context.toast(words.format(n=written.count, name=written.path.name))


def _read(session: Any) -> _State:
    second = bool(companions.own_pc(session))
    ready = tuple(one for one in companions.list_companions(session) if one.ready)
    if not second:
        return _State(second, 0, ready)
    from sync.companions.decisions import waiting_to_be_told

    return _State(second and bool(ready), waiting_to_be_told(session), ready)
