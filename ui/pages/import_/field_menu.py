"""The menu of a column's head: the fields it may go to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from models.domain.fields import FIELDS_OF
from ui.pages.import_.loading import Mapping_, mapping_of
from ui.pages.import_.session import ImportSession


def field_menu(parent: QWidget, session: ImportSession, letter: str, chosen: Callable[[Mapping_], object]) -> QMenu:
    """A menu that gives `chosen` the whole mapping with column `letter` changed; a field taken twice moves here."""
    menu = QMenu(parent)

    def choose(key: str | None) -> None:
        mapping = mapping_of(session.checked.workbook)
        columns = mapping[session.sheet.sheet]
        for other, taken in columns.items():
            if key and taken == key:
                columns[other] = None
        columns[letter] = key
        chosen(mapping)

    menu.addAction(menu.tr("不导入此列")).triggered.connect(lambda: choose(None))
    for field in FIELDS_OF[session.checked.kind]:
        if field.key != "hidden_47":
            menu.addAction(field.label).triggered.connect(partial(_ignoring_checked, choose, field.key))
    menu.aboutToHide.connect(menu.deleteLater)
    return menu


def _ignoring_checked(choose: Callable[[str | None], None], key: str, _checked: bool = False) -> None:
    choose(key)
