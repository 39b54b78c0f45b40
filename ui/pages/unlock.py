"""The entrance to a store: passphrase, activation code at the first login, recovery code, or the keyring."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from ui.context import AppContext
from ui.forms.inputs import Entry, choice, fill, let_type, line, on_enter, secret
from ui.kit import Banner, Button, IconLabel, button, column, frame, holder, label, row
from ui.pages import unlocking
from ui.pages.unlocking import People
from ui.start_hooks import Hooks

if TYPE_CHECKING:
    from models.store.store import Store

LAST = "window/last_operator"
"""Group of settings: who opened each data folder last."""


def last_key(home: Path) -> str:
    """The setting that holds who opened `home` last; paths are no keys, so a short digest of it stands there."""
    return f"{LAST}/{sha256(str(home.absolute()).encode('utf-8', 'replace')).hexdigest()[:12]}"


class Doorway(QWidget):
    """A card in the middle of an empty window, which scrolls when the window is low."""

    def __init__(self, width: int = 420) -> None:
        super().__init__()
        self.body: QVBoxLayout = column(spacing=10, margins=(28, 24, 28, 24))
        self.card = frame("card", self.body)
        self.card.setFixedWidth(width)
        middle = column(None, row(None, self.card, None), None, spacing=0, margins=(16, 16, 16, 16))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(holder(middle))
        self.setLayout(column(area))


class UnlockPage(Doorway):
    """Emits `opened` with the Store. Nothing heavy is imported before the window was painted once."""

    opened = Signal(object)

    def __init__(self, context: AppContext, hooks: Hooks) -> None:
        super().__init__()
        self.context, self._hooks = context, hooks
        self._mode = "open"
        self._expected = ""
        self._people = People((), ())
        self._anyone = False
        self._fields()
        self._show_mode("open")
        self._warm = False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Begin with what is heavy once the window was painted."""
        super().paintEvent(event)
        if not self._warm:
            self._warm = True
            QTimer.singleShot(0, self._warm_up)

    # --- what is shown ----------------------------------------------------------------------------------

    def _fields(self) -> None:
        self.title = label(self.tr("打开名册"), "h1")
        self.sub = label(str(self.context.home), "cap", wrap=True)
        self.notice = Banner("info", "")
        self.notice.hide()
        self.name: Entry = choice(self.tr("姓名"), [])
        self.code: Entry = line(self.tr("激活码"), self.tr("由系统管理员发给您，只能用一次"))
        self.passphrase: Entry = secret(self.tr("口令"))
        self.again: Entry = secret(self.tr("再输入一次新口令"))
        self.go: Button = button(self.tr("打开"), "lock-open", "primary", on_click=self._go)
        self.read_only = button(
            self.tr("免口令只读打开"),
            "eye",
            "link",
            self.tr("用本机钥匙串打开，只能查看"),
            on_click=self._open_remembered,
        )
        self.read_only.hide()
        self.to_open = button(self.tr("返回输入口令"), "", "link", on_click=lambda: self._show_mode("open"))
        self.to_activate = button(
            self.tr("第一次登录（激活码）"), "", "link", on_click=lambda: self._show_mode("activate")
        )
        self.to_recover = button(self.tr("忘记口令（恢复码）"), "", "link", on_click=lambda: self._show_mode("recover"))
        for entry in (self.code, self.passphrase, self.again):
            on_enter(entry, self._go)
        head = row(IconLabel("stack-2", "accent", 32), (column(self.title, self.sub, spacing=0), 1), spacing=12)
        for part in (head, self.notice, self.name, self.code, self.passphrase, self.again, self.go):
            self.body.addWidget(part) if isinstance(part, QWidget) else self.body.addLayout(part)
        self.body.addLayout(row(self.to_open, self.to_activate, self.to_recover, None, spacing=4))
        self.body.addWidget(self.read_only, 0, Qt.AlignmentFlag.AlignLeft)

    def _show_mode(self, mode: str) -> None:
        self._mode = mode
        titles = {
            "open": self.tr("打开名册"), "activate": self.tr("第一次登录"), "recover": self.tr("用恢复码设置新口令"),
        }  # fmt: skip
        self.title.setText(titles[mode])
        self._offer_names()
        self.code.setVisible(mode != "open")
        self.again.setVisible(mode != "open")
        self.code.caption.setText(self.tr("激活码") if mode == "activate" else self.tr("恢复码"))
        self.code.widget.setAccessibleName(self.code.caption.text())
        new = self.tr("新口令（至少 12 个字符，自己设定，不要告诉别人）")
        self.passphrase.caption.setText(self.tr("口令") if mode == "open" else new)
        self.go.set_text(self.tr("打开") if mode == "open" else self.tr("设置口令并打开"))
        self.to_open.setVisible(mode != "open")
        self.to_activate.setVisible(mode == "open")
        self.to_recover.setVisible(mode == "open")
        self.notice.hide()
        for entry in (self.code, self.passphrase, self.again):
            entry.set_text("")
            entry.fail("")

    def locked(self, name: str, *, draft: bool) -> None:
        """Say that the window was locked, who was there, and that nothing typed is lost."""
        self._expected = name
        self.name.set_text(name)
        self.title.setText(self.tr("已锁定"))
        kept = self.tr("没有保存的内容都还在，由“{name}”解锁后继续；换别人登录会丢弃它。").format(name=name)
        self.notice.say("info", kept if draft else self.tr("解锁后回到原来的页面。"), icon="lock")

    def ask_anew(self) -> None:
        """Another person comes: no name is proposed."""
        self._expected, self._anyone = "", True
        self._offer_names()

    # --- work -------------------------------------------------------------------------------------------

    def _warm_up(self) -> None:
        """Read the names, and import what opening needs, after the first paint and off the window's thread."""
        home = self.context.home
        self.context.jobs.run(lambda: unlocking.people(home), self._show_names, self._fail, owner=self)
        self.context.jobs.run(unlocking.import_store, owner=self)
        self.context.jobs.run(
            lambda: unlocking.remembered(home), self._show_remembered, lambda _error: None, owner=self
        )

    def _show_names(self, people: People) -> None:
        self._people = people
        self._offer_names()

    def _offer_names(self) -> None:
        """Those who can do what the page is for, the last one chosen, and the caret where one goes on."""
        waiting = self._mode == "activate"
        names = self._people.waiting if waiting else self._people.active
        widget = self.name.widget
        assert isinstance(widget, QComboBox)
        typed = "" if self._anyone else self.name.text()
        if widget.isEditable():
            widget.setEditable(False)
        last = "" if self._anyone else str(self.context.settings.value(last_key(self.context.home)) or "")
        fill(widget, [(name, name) for name in names])
        widget.setCurrentIndex(-1)
        usual = names[0] if len(names) == 1 else ""
        chosen = next((name for name in (self._expected, typed, last, usual) if name and name in names), "")
        self.name.set_text(chosen)
        if self._mode == "recover" or (waiting and not names):
            let_type(self.name)  # who was locked out may not be in the list
        if not chosen:
            widget.setCurrentIndex(-1)
            if widget.isEditable():
                widget.setEditText(typed)
        (self.name if not chosen else self.passphrase if self._mode == "open" else self.code).setFocus()

    def _show_remembered(self, names: list[str]) -> None:
        self.read_only.setVisible(bool(names))

    def _go(self) -> None:
        if not self.go.isEnabled() or not self._complete():
            return
        home, name, code, passphrase = self.context.home, self.name.text(), self.code.text(), self._typed()
        if self._mode == "open":
            self._run(lambda: unlocking.open_store(home, name, passphrase))
        elif self._mode == "activate":
            self._run(lambda: unlocking.activate(home, name, code, passphrase))
        else:
            self._run(lambda: unlocking.recover(home, name, code, passphrase), self._recovered)

    def _typed(self) -> str:
        assert isinstance(self.passphrase.widget, QLineEdit)
        return self.passphrase.widget.text()

    def _complete(self) -> bool:
        needed = [(self.name, self.tr("请选择或输入姓名。")), (self.passphrase, self.tr("请输入口令。"))]
        if self._mode != "open":
            needed.insert(1, (self.code, self.tr("请输入{what}。").format(what=self.code.caption.text())))
        for entry, sentence in needed:
            if not entry.text():
                entry.fail(sentence)
                entry.setFocus()
                return False
        if self._mode != "open" and self.again.text() != self.passphrase.text():
            self.again.fail(self.tr("两次输入的口令不一样，请重新输入。"))
            self.again.setFocus()
            return False
        return True

    def _open_remembered(self) -> None:
        home, name = self.context.home, self.name.text()
        self._run(lambda: unlocking.open_by_keyring(home, name))

    def _run(self, work: Callable[[], Any], done: Callable[[Any], None] | None = None) -> None:
        self._busy(True)
        self.context.jobs.run(work, done or self._opened, self._fail, owner=self)

    def _busy(self, on: bool) -> None:
        for part in (self.go, self.name, self.code, self.passphrase, self.again, self.read_only):
            part.setEnabled(not on)
        self.notice.say("info", self.tr("正在打开，请稍候。"), icon="hourglass") if on else self.notice.hide()

    def _opened(self, store: Store) -> None:
        self.context.settings.setValue(last_key(self.context.home), store.actor.name)
        for entry in (self.code, self.passphrase, self.again):
            entry.set_text("")
        self._busy(False)
        self.opened.emit(store)

    def _recovered(self, result: tuple[Store, str]) -> None:
        from ui.pages.codes_sheet import CodesSheet

        store, code = result
        sheet = CodesSheet(self.context, store.actor.unit.name, code, {})
        sheet.setParent(self, Qt.WindowType.Dialog)
        sheet.setWindowModality(Qt.WindowModality.WindowModal)
        sheet.confirmed.connect(sheet.close)
        sheet.confirmed.connect(lambda: self._opened(store))
        sheet.show()

    def _fail(self, error: Exception) -> None:
        self._busy(False)
        shown = self.context.errors.describe(error, "unlock")
        actions = []
        if type(error).__name__ in ("DamagedStoreError", "DamagedKeysError", "NoStoreError"):
            actions.append(button(self.tr("从备份恢复"), "restore", "link", on_click=self._restore))
        self.notice.say(shown.tone, shown.sentence, actions)
        if type(error).__name__ == "WrongSecretError":
            wrong = self.passphrase if self._mode == "open" else self.code
            wrong.fail(self.tr("请核对后重新输入。"))
            wrong.setFocus()
            if isinstance(wrong.widget, QLineEdit):
                wrong.widget.selectAll()

    def _restore(self) -> None:
        from ui.dialogs.restore import RestoreDialog

        dialog = RestoreDialog(self, self.context, self.context.home)
        dialog.restored.connect(self._warm_up)
        dialog.restored.connect(self.notice.hide)
        dialog.open()
