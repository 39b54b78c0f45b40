"""The navigation at the left: groups of pages with counts; it shrinks to icons in a narrow window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from models.domain.units import ROLE_LABELS, TIER_LABELS, Actor
from ui import icons
from ui.kit import Button, IconLabel, button, column, holder, label, row, rule
from ui.navigation import PageEntry
from ui.tokens import NAV_COLLAPSED, NAV_WIDTH


class _Person(Button):
    """A button as high as what is laid out in it."""

    def __init__(self, tip: str) -> None:
        super().__init__("", "", "nav", tip, 18, "")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Two lines and an icon, or the icon alone."""
        inner = self.layout()
        return inner.sizeHint() if inner is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The same: nothing of it can be left out."""
        return self.sizeHint()


class Sidebar(QFrame):
    """Emits `chosen` with the key of a page."""

    chosen = Signal(str)
    asked = Signal(str)
    """What the menu of the person offers: `passphrase`, `lock`, `other`."""

    def __init__(self, actor: Actor, pages: Sequence[PageEntry]) -> None:
        super().__init__()
        self.setProperty("role", "nav")
        self._pages = {page.key: page for page in pages}
        self._buttons: dict[str, Button] = {}
        self._badges: dict[str, QLabel] = {}
        self._wide_only: list[QWidget] = []
        self._counts: Mapping[str, int] = {}
        self._collapsed = False
        self._group = QButtonGroup(self)
        box = QVBoxLayout()
        box.setContentsMargins(0, 10, 0, 8)
        box.setSpacing(0)
        box.addWidget(self._unit(actor))
        box.addWidget(self._list(pages), 1)
        box.addWidget(rule())
        box.addWidget(self._person(actor))
        self.setLayout(box)
        self.setFixedWidth(NAV_WIDTH)

    def _unit(self, actor: Actor) -> QWidget:
        name = label(actor.unit.name, "strong", wrap=True)
        words = holder(column(name, label(TIER_LABELS[actor.unit.tier], "cap"), spacing=0))
        self._wide_only.append(words)
        return holder(row(IconLabel("stack-2", "accent", 24), (words, 1), margins=(12, 0, 8, 8)))

    def _person(self, actor: Actor) -> QWidget:
        roles = "、".join(ROLE_LABELS[role] for role in sorted(actor.roles))
        words = holder(column(label(actor.name), label(roles, "cap"), spacing=0))
        self._wide_only.append(words)
        for part in words.findChildren(QLabel):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        made = _Person(self.tr("{name}：修改口令、锁定、换人登录").format(name=actor.name))
        made.setLayout(row(IconLabel("user", "text2", 18), (words, 1), margins=(14, 4, 6, 4)))
        self.menu = QMenu(self)
        for key, name, icon in (
            ("passphrase", self.tr("修改口令"), "key"),
            ("lock", self.tr("锁定"), "lock"),
            ("other", self.tr("换人登录"), "users"),
        ):
            action = self.menu.addAction(icons.icon(icon, "text2", 16), name)
            action.triggered.connect(partial(self.asked.emit, key))
        made.clicked.connect(lambda: self._open_menu(made))
        self.person = made
        return made

    def _open_menu(self, above: QWidget) -> None:
        """The menu stands above the name: the name is at the bottom of the window."""
        height = self.menu.sizeHint().height()
        self.menu.popup(above.mapToGlobal(QPoint(8, -height)))

    def _list(self, pages: Sequence[PageEntry]) -> QWidget:
        """The pages; where the window is too low for them they scroll, so that nothing is squeezed."""
        inner = QVBoxLayout()
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self._add_pages(inner, pages)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(holder(inner))
        return area

    def _add_pages(self, box: QVBoxLayout, pages: Sequence[PageEntry]) -> None:
        group = ""
        for page in pages:
            if page.group != group:
                group = page.group
                head = label(group, "cap")
                head.setContentsMargins(16, 9, 0, 2)
                self._wide_only.append(head)
                box.addWidget(head)
            box.addWidget(self._button(page))

    def _button(self, page: PageEntry) -> Button:
        made = button(page.title, page.icon, "nav", checkable=True, icon_size=18)
        made.setText(f" {page.title}")
        made.clicked.connect(lambda: self.chosen.emit(page.key))
        badge = label("", "badge")
        badge.setFixedHeight(19)
        badge.hide()
        made.setLayout(row(None, badge, margins=(0, 0, 10, 0)))
        self._group.addButton(made)
        self._buttons[page.key], self._badges[page.key] = made, badge
        return made

    def mark(self, key: str) -> None:
        """Show which page is in front."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how much waits on each page."""
        self._counts = counts
        for key, badge in self._badges.items():
            number = counts.get(key, 0)
            badge.setText(str(number) if number < 1000 else "999+")
            badge.setVisible(number > 0 and not self._collapsed)
            title = self._pages[key].title
            name = self.tr("{title}，{number} 项待处理").format(title=title, number=number) if number else title
            self._buttons[key].setAccessibleName(name)
            self._buttons[key].setToolTip(name if self._collapsed else "")

    def collapse(self, narrow: bool) -> None:
        """Show icons only, or words again."""
        if narrow == self._collapsed:
            return
        self._collapsed = narrow
        for part in self._wide_only:
            part.setVisible(not narrow)
        for key, made in self._buttons.items():
            made.setText("" if narrow else f" {self._pages[key].title}")
        self.setFixedWidth(NAV_COLLAPSED if narrow else NAV_WIDTH)
        self.show_counts(self._counts)
