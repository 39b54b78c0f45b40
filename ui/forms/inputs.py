"""One input with its caption above and its fault below; made by hand or from a field's declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QCompleter,
    QLayout,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from ui.kit import Item, SecretEdit, column, label, row, set_tone
from ui.theme import Theme

if TYPE_CHECKING:
    from models.domain.fields import Field

_PLACEHOLDERS = {"date": "2017-01-01", "month": "2024-09", "period": "2020-01-01/2030-01-01"}


GAP = 3


def fault_room() -> int:
    """Height in px that an input keeps free below itself, so that a fault moves nothing."""
    font = QApplication.font()
    font.setPixelSize(Theme.current().px("caption"))
    return QFontMetrics(font).lineSpacing() + 1


def level(*parts: Item) -> QLayout:
    """Buttons beside inputs, in one line with them: neither caption nor room for faults counts."""
    return column(None, row(*parts), fault_room() + GAP, spacing=0)


class Entry(QWidget):
    """Caption, input, and room for a fault. `text`/`set_text` work on codes for a choice."""

    edited = Signal()

    def __init__(self, caption: str, widget: QLineEdit | QComboBox, hint: str = "") -> None:
        super().__init__()
        self.widget = widget
        widget.setAccessibleName(caption)
        self._fault = label(hint, "cap", wrap=True)
        self._hint = hint
        self._fault.setMinimumHeight(fault_room())
        self._fault.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._reserve(True)
        self._fault.setVisible(bool(hint))
        self.caption = label(caption, "cap")
        self.caption.setBuddy(widget)
        self.setLayout(column(self.caption, widget, self._fault, None, spacing=GAP))
        self.setFocusProxy(widget)
        if isinstance(widget, QLineEdit):
            widget.textEdited.connect(self._changed)
        else:
            widget.activated.connect(self._changed)
            widget.editTextChanged.connect(self._changed)

    def _changed(self, *_ignored: object) -> None:
        self.fail("")
        self.edited.emit()

    def text(self) -> str:
        """What is entered; the code for a choice (what is typed when it is none of the choices)."""
        if isinstance(self.widget, QLineEdit):
            return self.widget.text().strip()
        typed = self.widget.currentText().strip()
        place = self.widget.findText(typed)
        data = self.widget.itemData(place) if place >= 0 else None
        return typed if data is None else str(data)

    def set_text(self, text: str) -> None:
        """Show a value (a code for a choice)."""
        if isinstance(self.widget, QLineEdit):
            self.widget.setText(text)
            return
        place = self.widget.findData(text)
        if place >= 0:
            self.widget.setCurrentIndex(place)
        elif self.widget.isEditable():
            self.widget.setEditText(text)

    def reach(self) -> None:
        """Put the caret in and scroll so far that it is seen: Qt scrolls for Tab only."""
        self.setFocus()
        above: QWidget | None = self.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(self)
            above = above.parentWidget()

    def _reserve(self, on: bool) -> None:
        policy = self._fault.sizePolicy()
        policy.setRetainSizeWhenHidden(on)
        self._fault.setSizePolicy(policy)

    def without_room(self) -> Entry:
        """The input itself, now as low as it can be: for bars, where a fault is said elsewhere."""
        self._reserve(False)
        self._fault.setMinimumHeight(0)
        return self

    def hint(self, text: str) -> None:
        """What stands below the input while nothing is wrong with it."""
        self._hint = text
        self.fail("")

    def fail(self, sentence: str) -> None:
        """Say what is wrong below the input; "" takes it back."""
        self._fault.setText(sentence or self._hint)
        self._fault.setVisible(bool(sentence or self._hint))
        set_tone(self._fault, "bad" if sentence else "")
        set_tone(self.widget, "true" if sentence else "false", "wrong")


def line(caption: str, placeholder: str = "", hint: str = "") -> Entry:
    """A line of text."""
    widget = QLineEdit()
    widget.setPlaceholderText(placeholder)
    return Entry(caption, widget, hint)


def secret(caption: str, hint: str = "") -> Entry:
    """A passphrase with an eye."""
    return Entry(caption, SecretEdit(caption), hint)


class Choices(QComboBox):
    """A list of choices that the wheel leaves alone: scrolling a form past it must not change what is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Let the page scroll."""
        event.ignore()


def choice(caption: str, items: Iterable[tuple[str, str]], hint: str = "", *, editable: bool = False) -> Entry:
    """A choice of (code, words). `editable`: other words may be typed, with completion on any part."""
    widget = Choices()
    widget.setMinimumContentsLength(6)
    widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    fill(widget, items)
    entry = Entry(caption, widget, hint)
    if editable:
        let_type(entry)
    return entry


def let_type(entry: Entry) -> None:
    """Let other words than the choices be typed, with completion on any part."""
    widget = entry.widget
    if not isinstance(widget, QComboBox) or widget.isEditable():
        return
    widget.setEditable(True)
    editor, completer = widget.lineEdit(), widget.completer()
    if editor is not None:
        editor.setAccessibleName(widget.accessibleName())
    if completer is not None:
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setMaxVisibleItems(widget.maxVisibleItems())
        popup = completer.popup()
        if popup is not None:
            set_tone(popup, "popup", "role")
        if editor is not None and popup is not None:
            _close_when_done(editor, completer, popup)


def _close_when_done(editor: QLineEdit, completer: QCompleter, popup: QAbstractItemView) -> None:
    """Nothing is left to offer once the one completion is typed out; its list would cover the inputs below."""

    def look() -> None:
        if completer.completionCount() == 1 and completer.currentCompletion() == editor.text():
            popup.hide()

    editor.textEdited.connect(lambda _text: QTimer.singleShot(0, popup, look))


def fill(widget: QComboBox, items: Iterable[tuple[str, str]]) -> None:
    """Offer other items."""
    widget.clear()
    for code, words in items:
        widget.addItem(words, code)


def entry_for(field: Field) -> Entry:
    """The input a field's declaration asks for."""
    from models.domain.fields import FieldType, Need

    caption = f"{field.label} *" if field.need is Need.REQUIRED else field.label
    if field.type in (FieldType.CODE, FieldType.YES_NO):
        from models.domain.codes import code_table

        items = [("", ""), *code_table(field.code_table).items()]
        return choice(caption, items, editable=len(items) > 12)
    entry = line(caption, _PLACEHOLDERS.get(field.type.value, ""))
    if field.type is FieldType.DIVISION:
        entry.widget.setToolTip(QCoreApplication.translate("Form", "6 位或 12 位行政区划代码"))
    return entry


def on_enter(entry: Entry, act: Callable[[], object]) -> None:
    """Enter in the line does `act`."""
    if isinstance(entry.widget, QLineEdit):
        entry.widget.returnPressed.connect(lambda: act())
