"""Settings: how the program looks, one's own access, who the operators are, policy, the unit's place in the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QStackedWidget, QWidget

from ui.context import AppContext
from ui.kit import Button, PageHead, button, column, frame, holder, row
from ui.page import Page
from ui.pages.settings_access import AccessSettings
from ui.pages.settings_companions import CompanionSettings
from ui.pages.settings_look import LookSettings
from ui.pages.settings_people import PeopleSettings
from ui.pages.settings_policy import PolicySettings
from ui.pages.settings_transport import TransportSettings
from ui.pages.settings_units import UnitSettings


class SettingsPage(Page):
    """Tabs; each part reads its own data in `refresh`."""

    TABLES = frozenset({"operator", "policy", "unit", "certificate", "setting", "companion"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.parts: dict[str, QWidget] = {
            "look": LookSettings(context),
            "access": AccessSettings(context),
            "people": PeopleSettings(context),
            "policy": PolicySettings(context),
            "units": UnitSettings(context),
            "companions": CompanionSettings(context),
            "transport": TransportSettings(context),
        }
        titles = {
            "look": self.tr("外观"), "access": self.tr("口令与锁定"), "people": self.tr("操作员"),
            "policy": self.tr("政策"), "units": self.tr("入网"),
            "companions": self.tr("第二台电脑"),
            "transport": self.tr("邮件与收件文件夹"),
        }  # fmt: skip
        self._tabs: dict[str, Button] = {}
        self._stack = QStackedWidget()
        group = QButtonGroup(self)
        for place, (key, part) in enumerate(self.parts.items()):
            made = button(titles[key], "", "tab", checkable=True, checked=place == 0)
            made.clicked.connect(lambda _on, key=key: self.show_part(key))
            group.addButton(made)
            self._tabs[key] = made
            self._stack.addWidget(_scrolling(part, titles[key]))
        head = PageHead(self.tr("设置"), f"{context.actor.unit.name} · {context.home}")
        tabs = frame("bar", row(*self._tabs.values(), None, margins=(8, 0, 8, 0), spacing=0))
        self.setLayout(column(head, tabs, (self._stack, 1), spacing=0))

    def show_part(self, key: str) -> None:
        """Show one tab."""
        self._tabs[key].setChecked(True)
        self._stack.setCurrentIndex(list(self.parts).index(key))

    def refresh(self) -> None:
        """Let every part read again."""
        for part in self.parts.values():
            part.refresh()  # type: ignore[attr-defined]

    def arrive(self, **arguments: Any) -> None:
        """`part`: the tab to show."""
        if arguments.get("part") in self.parts:
            self.show_part(str(arguments["part"]))

    def open_file(self, path: Path) -> bool:
        """Take a request or a reply of the enrolment, or of a pairing."""
        self.context.jobs.run(lambda: _part_for(path), lambda key: self._take(key, path), owner=self)
        return True

    def _take(self, key: str, path: Path) -> None:
        part = self.parts[key]
        assert isinstance(part, UnitSettings | CompanionSettings)
        self.show_part(key)
        part.take(path)


def _part_for(path: Path) -> str:
    """The tab that takes a file, by what it says it is."""
    from sync.formats import PAIRING_KINDS, sniff

    return "companions" if sniff(path) in PAIRING_KINDS else "units"


def _scrolling(part: QWidget, name: str) -> QWidget:
    part.setMaximumWidth(900)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setAccessibleName(name)
    area.setWidget(holder(column(row((part, 10), None), None, margins=(16, 16, 16, 16))))
    return area
