"""Matters between units as the page lists them, with the notices among them (decision 7, E16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from models.domain.message_kinds import kind_label
from models.services.matters import Matter, list_matters, matters_to_do
from sync.messages.notices import Notice, list_notices
from ui.moments import moment
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

TABS = (("mine", "待本单位办"), ("notices", "通知"), ("open", "未办结"), ("all", "全部"))


@dataclass(frozen=True)
class Entry:
    """A matter in the list; `mine`: something of it waits for a person here."""

    matter: Matter
    mine: bool
    notice: Notice | None = None

    @property
    def id(self) -> str:
        """The matter's id."""
        return self.matter.matter

    @property
    def standing(self) -> str:
        """Where it stands; a notice also says how many have read it."""
        notice = self.notice
        if notice is None or notice.direction == "in":
            return self.matter.standing
        read = f"已阅 {len(notice.read_by)}/{len(notice.read_by) + len(notice.unread)}"
        return f"{read}，{self.matter.standing}" if self.matter.is_open else read


@dataclass(frozen=True)
class LetterBook:
    """Everything the list needs at once."""

    entries: tuple[Entry, ...] = ()

    def of(self, tab: str) -> list[Entry]:
        """The entries of a tab."""
        if tab == "mine":
            return [one for one in self.entries if one.mine]
        if tab == "notices":
            return [one for one in self.entries if one.notice is not None]
        return [one for one in self.entries if tab == "all" or one.matter.is_open]


def read_letters(session: Session) -> LetterBook:
    """Read matters and notices of this unit."""
    notices = {one.matter: one for one in list_notices(session)}
    mine = matters_to_do(session)
    found = [Entry(one, one.matter in mine, notices.get(one.matter)) for one in list_matters(session)]
    return LetterBook(tuple(sorted(found, key=lambda one: not one.mine)))


def letter_columns() -> tuple[TableColumn, ...]:
    """The columns of the list."""
    return (
        TableColumn("title", _tr("事项"), 214, lambda e: Cell(e.matter.title, tip=e.matter.title)),
        TableColumn("standing", _tr("走到哪里"), 300, _standing),
        TableColumn("kind", _tr("类型"), 96, lambda e: Cell(kind_label(e.matter.kind))),
        TableColumn("from", _tr("发起"), 120, lambda e: Cell(e.matter.from_name)),
        TableColumn("at", _tr("时间"), 100, lambda e: Cell(moment(e.matter.started_at))),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("LetterBook", text)


def _standing(one: Entry) -> Cell:
    words = one.standing
    if not one.matter.is_open:
        return Cell(words, "ok", "circle-check")
    return Cell(words, "bad" if one.matter.days_late else "wait" if one.mine else "", tip=words)
