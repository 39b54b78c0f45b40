"""Every page of every role: names for screen readers, hit areas, nothing clipped, the smallest window (ux 5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPlainTextEdit, QScrollBar, QTextEdit, QWidget

from models.domain.units import Role
from tests.ui.pagekit import add_pupils, settle
from tests.ui.windowkit import make_window, open_window, show
from ui import tokens
from ui.main_window import MainWindow
from ui.navigation import PAGES
from ui.theme import Look, Theme

LEAST_HIT = 20
INNER = ("qt_", "ScrollLeftButton", "ScrollRightButton")


@pytest.fixture(autouse=True)
def usual_look(qapp) -> Iterator[None]:  # type: ignore[no-untyped-def]
    Theme.current().apply(Look())
    yield
    Theme.current().apply(Look())


def visible(window: QWidget, kind: type[QWidget]) -> list[QWidget]:
    return [w for w in window.findChildren(kind) if w.isVisible() and not w.objectName().startswith(INNER)]


def where(widget: QWidget) -> str:
    chain = []
    current: QWidget | None = widget
    while current is not None and len(chain) < 4:
        chain.append(type(current).__name__)
        current = current.parentWidget()
    text = getattr(widget, "text", lambda: "")()
    return f"{'<'.join(chain)} {text!r}"


def nameless(window: QWidget) -> list[str]:
    found = []
    for widget in visible(window, QWidget):
        parent = widget.parentWidget()
        inner = parent is not None and parent.focusProxy() is widget
        focusable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isEnabled()
        text = getattr(widget, "text", "")  # of a masked value its label
        named = widget.accessibleName() or (text() if callable(text) else text)
        if focusable and not inner and not named and not isinstance(widget, QScrollBar):
            found.append(f"no name: {where(widget)}")
    return found


def bad_buttons(window: QWidget) -> list[str]:
    found = []
    for button in visible(window, QAbstractButton):
        if isinstance(button.parentWidget(), QLineEdit) or type(button).__name__ == "QTableCornerButton":
            continue
        if min(button.width(), button.height()) < LEAST_HIT:
            found.append(f"small: {where(button)} {button.size().toTuple()}")
        if button.width() + 1 < button.minimumSizeHint().width():
            found.append(f"clipped: {where(button)} {button.width()} < {button.minimumSizeHint().width()}")
    return found


def clipped_labels(window: QWidget) -> list[str]:
    found = []
    for label in visible(window, QLabel):
        assert isinstance(label, QLabel)
        may = label.sizePolicy().horizontalPolicy().name == "Ignored" or label.pixmap().width() > 0
        plain = label.textFormat() is Qt.TextFormat.PlainText and not label.wordWrap()
        wide = max(label.fontMetrics().horizontalAdvance(line) for line in label.text().split("\n"))
        if plain and not may and wide > label.width() + 1:
            found.append(f"clipped: {where(label)} {wide} > {label.width()}")
        if label.wordWrap() and label.heightForWidth(label.width()) > label.height() + 2:
            found.append(f"cut below: {where(label)}")
    return found


def faults(window: QWidget) -> list[str]:
    traps = [
        f"traps Tab: {where(text)}"
        for text in (*window.findChildren(QPlainTextEdit), *window.findChildren(QTextEdit))
        if not text.tabChangesFocus()
    ]
    return [*nameless(window), *bad_buttons(window), *clipped_labels(window), *traps]


def check_pages(qtbot, window: MainWindow) -> None:  # type: ignore[no-untyped-def]
    assert window.workspace is not None
    found = {}
    for key in window.workspace.entries:
        page = show(qtbot, window, key)
        if key == "settings":
            for part in page.parts:
                page.show_part(part)
                qtbot.wait(1)
                found[f"{key}/{part}"] = faults(window)
        else:
            found[key] = faults(window)
    assert not {key: value for key, value in found.items() if value}
    hint = window.minimumSizeHint()
    assert hint.width() <= tokens.MINIMUM[0]
    assert hint.height() <= tokens.MINIMUM[1]


@pytest.mark.parametrize("role", list(Role))
def test_pages_of_a_school(qtbot, school_store, tmp_path: Path, role: Role) -> None:  # type: ignore[no-untyped-def]
    store = school_store.open(role)
    add_pupils(store)
    window = open_window(qtbot, store, tmp_path)
    qtbot.addWidget(window)
    check_pages(qtbot, window)
    window.close()


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.ADMINISTRATOR])
def test_pages_of_a_county(qtbot, county_store, tmp_path: Path, role: Role) -> None:  # type: ignore[no-untyped-def]
    window = open_window(qtbot, county_store.open(role), tmp_path)
    qtbot.addWidget(window)
    check_pages(qtbot, window)
    window.close()


@pytest.mark.parametrize(
    ("look", "size"),
    [
        (Look(), (1093, 534)),  # 1366x768 at 125 %
        (Look(font_size="huge"), (1366, 768)),
        (Look("dark", "large", "roomy"), (1366, 688)),
        (Look(font_size="small", row_height="compact"), (1366, 688)),
    ],
    ids=["125%", "huge", "dark", "small"],
)
def test_other_looks(qtbot, school_store, tmp_path: Path, look: Look, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    store = school_store.open(Role.REGISTRAR)
    add_pupils(store)
    window = open_window(qtbot, store, tmp_path, size)
    qtbot.addWidget(window)
    Theme.current().apply(look)
    settle(qtbot, window.context)
    check_pages(qtbot, window)
    window.close()


def test_navigation_collapses(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = open_window(qtbot, school_store.open(Role.HEAD), tmp_path)
    qtbot.addWidget(window)
    assert window.workspace is not None
    assert window.workspace.sidebar.width() == tokens.NAV_WIDTH
    window.resize(tokens.COLLAPSE_BELOW - 20, 600)
    qtbot.waitUntil(lambda: window.workspace.sidebar.width() == tokens.NAV_COLLAPSED)
    window.close()


def test_entrance(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(school_store.home, tmp_path)
    qtbot.addWidget(window)
    settle(qtbot, window.context)
    assert not faults(window)
    window.entrance._show_mode("activate")
    qtbot.wait(1)
    assert not faults(window)
    window.close()


def test_first_run(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(tmp_path / "新的", tmp_path, size=(1093, 534))
    qtbot.addWidget(window)
    assert not faults(window)
    window.entrance._begin()
    qtbot.wait(1)
    assert not faults(window)
    window.close()


def test_administrators_take_no_part_in_the_business() -> None:
    seen = {page.key for page in PAGES if Role.ADMINISTRATOR in page.roles}
    assert not seen & {"roster", "import", "changes", "review"}
