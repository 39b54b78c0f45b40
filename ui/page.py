"""What every page is: a widget that is told when it is shown, when tables changed, and what lies in its way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from ui.context import AppContext


class Page(QWidget):
    """A page of the window. Subclasses set `TABLES` and fill `arrive`, `refresh`, `run_action` as they need."""

    TABLES: frozenset[str] = frozenset()
    """Store tables whose change makes the page read again; a hidden page does so when it is next shown."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context

    def arrive(self, **arguments: Any) -> None:
        """The page has been navigated to, with the arguments of `context.navigate`. Called after the first refresh."""

    def refresh(self) -> None:
        """Read what is shown again (first showing, or one of TABLES changed). Never blocks: use `context.read`."""

    def take_focus(self) -> None:
        """Bring the keyboard into the page, to the first thing that takes it, unless it is there already."""
        focused = self.focusWidget() if self.isVisible() else None
        if focused is not None and focused.hasFocus():
            return
        widget = self.nextInFocusChain()
        while widget is not None and widget is not self:
            tabs = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if tabs and self.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled():
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return
            widget = widget.nextInFocusChain()

    def run_action(self, key: str) -> bool:
        """Carry out an action of ui/actions.py when it concerns this page; whether it did."""
        return False

    def open_file(self, path: Path) -> bool:
        """Take a file dropped anywhere on the window or chosen with Ctrl+O, when the page is shown; whether it did."""
        return False

    def open_files(self, paths: list[Path]) -> bool:
        """Take several files at once; whether all were taken."""
        return all([self.open_file(path) for path in paths])

    def has_draft(self) -> bool:
        """Whether something typed is not saved yet (asked before another person takes the window over)."""
        return False

    def hint(self) -> str:
        """What the left of the status bar says while the page is shown."""
        return ""

    def say_hint(self) -> None:
        """Tell the window that `hint()` has changed."""
        self.context.hint_changed.emit(self)
