"""A page of several registers under tabs: each is made when it is first shown, and has its keys, print and entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QStackedWidget

from ui.context import AppContext
from ui.kit import PageHead, button, column, holder, row, rule
from ui.page import Page
from ui.pages.register_pane import RegisterPane

Part = tuple[str, str, Callable[[AppContext], RegisterPane]]
"""Key, words of the tab, what makes the register."""


class RegisterPage(Page):
    """Registers beside each other; `TITLE` and `SUB` head the page, `parts()` says which."""

    TITLE = ""
    SUB = ""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._parts = tuple(self.parts())
        self._made: dict[str, RegisterPane] = {}
        self.print_button = button(self.tr("打印"), "printer", "", "Ctrl+P", on_click=lambda: self.pane.print_())
        self.new_button = button("", "plus", "primary", "Ctrl+N", on_click=lambda: self.pane.begin())
        self.head = PageHead(self.TITLE, self.SUB, [*self.more_actions(), self.print_button, self.new_button])
        group = QButtonGroup(self)
        self.tabs = {key: button(words, "", "tab", checkable=True) for key, words, _ in self._parts}
        for key, tab in self.tabs.items():
            tab.clicked.connect(lambda _on, key=key: self.show_tab(key))
            group.addButton(tab)
        bar = holder(column(row(*self.tabs.values(), None, margins=(8, 0, 0, 0), spacing=0), rule(), spacing=0))
        bar.setVisible(len(self.tabs) > 1)
        self.stack = QStackedWidget()
        self.setLayout(column(self.head, bar, (self.stack, 1), spacing=0))
        self.tab = ""
        self._bring(self._parts[0][0])

    def parts(self) -> Sequence[Part]:
        """The registers the person sees."""
        raise NotImplementedError

    def more_actions(self) -> Sequence[Any]:
        """Further buttons at the head."""
        return ()

    @property
    def pane(self) -> RegisterPane:
        """The register in sight."""
        return self._made[self.tab]

    def _bring(self, key: str) -> None:
        if key not in self._made:
            made = next(make for name, _, make in self._parts if name == key)(self.context)
            made.told.connect(self._dress)
            self._made[key] = made
            self.stack.addWidget(made)
        self.tab = key
        self.tabs[key].setChecked(True)
        self.stack.setCurrentWidget(self.pane)
        self._dress()

    def _dress(self) -> None:
        pane = self.pane
        self.new_button.set_text(pane.NEW)
        self.new_button.setVisible(bool(pane.NEW) and pane.may_begin() and pane.form is None)
        self.say_hint()

    def show_tab(self, key: str) -> None:
        """Show a register and read it."""
        self._bring(key)
        self.pane.refresh()

    def arrive(self, **arguments: Any) -> None:
        """`tab`: that register; `list`: its inner tab; `entry`: the id of the entry to be current."""
        if arguments.get("tab") in self.tabs:
            self._bring(str(arguments["tab"]))
        if arguments.get("list") in dict(self.pane.TABS):
            self.pane.list.show_tab(str(arguments["list"]))
        self.pane.wanted = str(arguments.get("entry", ""))
        self.pane.refresh()

    def refresh(self) -> None:
        """Read the register in sight again."""
        self.pane.refresh()

    def has_draft(self) -> bool:
        """Whether a form holds something that is not written."""
        return any(pane.has_draft() for pane in self._made.values())

    def run_action(self, key: str) -> bool:
        """Keys of the register in sight."""
        return self.pane.run_action(key)

    def hint(self) -> str:
        """Keys that help."""
        return self.pane.hint()
