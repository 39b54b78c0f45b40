"""What is said of one cell of an import: in the popover beside it and in the status bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from models.domain.findings import Finding
from models.services.imports import Suggestion
from ui.pages.import_.session import ImportSession, Place
from ui.pages.import_.suggestions import suggestions


@dataclass(frozen=True)
class Explanation:
    """The findings of a cell, where it is, what it could hold instead, and its first text when it was edited."""

    findings: Sequence[Finding]
    where: str
    offers: Sequence[Suggestion]
    original: str | None


def explain(session: ImportSession, place: Place | None) -> Explanation | None:
    """What there is to say of a cell; None when nothing is wrong with it."""
    findings = session.findings_at(*place) if place else ()
    if place is None or not findings:
        return None
    row, key = place
    offers = [s for f in findings for s in suggestions(session.checked, session.sheet_index, row, f)]
    offers = [s for s in dict.fromkeys(offers) if s.value != session.given(row, s.field)]
    original = session.raw(row, key) if session.is_edited(row, key) else None
    return Explanation(findings, " · ".join(_where(session, place)), offers, original)


def place_words(session: ImportSession, place: Place | None) -> list[str]:
    """Row and column, and which of the errors it is."""
    if place is None:
        return []
    places = session.marks.error_places([column.key for column in session.columns])
    error = [_tr("错误 {n}/{all}").format(n=places.index(place) + 1, all=len(places))] if place in places else []
    return _where(session, place) + error


def _where(session: ImportSession, place: Place) -> list[str]:
    name = next((c.label or c.title for c in session.columns if c.key == place[1]), "")
    return [_tr("第 {n} 行").format(n=session.sheet.rows[place[0]]), name]


def _tr(text: str) -> str:
    return QCoreApplication.translate("ImportCell", text)
