"""Codes that are shown once: the recovery code and the activation codes, to be written down or printed."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from ui.context import AppContext
from ui.kit import Banner, button, column, label, row


class CodesSheet(QWidget):
    """`confirmed` comes only after 已抄写 is ticked."""

    confirmed = Signal()

    def __init__(self, context: AppContext, unit: str, recovery: str, activations: Mapping[str, str]) -> None:
        super().__init__()
        self.context = context
        self._unit, self._recovery, self._activations = unit, recovery, dict(activations)
        self.setWindowTitle(self.tr("请抄写，只显示这一次"))
        body = column(label(self.windowTitle(), "h2"), margins=(20, 16, 20, 16))
        if recovery:
            body.addWidget(label(self.tr("恢复码"), "strong"))
            body.addWidget(self._code(recovery))
            words = self.tr(
                "所有人都忘记口令，或者换电脑从备份恢复时要用。抄在纸上，装入信封封好，由单位负责人保管；不要存在这台电脑里。"
            )
            body.addWidget(Banner("warn", words))
        if activations:
            body.addWidget(label(self.tr("激活码"), "strong"))
            grid = QGridLayout()
            for line, (name, code) in enumerate(activations.items()):
                grid.addWidget(label(name), line, 0)
                grid.addWidget(self._code(code), line, 1)
            grid.setColumnStretch(1, 1)
            body.addLayout(grid)
            hint = self.tr("分别交给本人。本人在登录窗口点“第一次登录”，用激活码设置自己的口令；每个激活码只能用一次。")
            body.addWidget(label(hint, "cap", wrap=True))
        self.noted = QCheckBox(self.tr("已抄写（或已打印），并交给保管的人"))
        self.noted.setAccessibleName(self.noted.text())
        self.go = button(self.tr("继续"), "check", "primary", on_click=self.confirmed.emit, enabled=False)
        self.noted.toggled.connect(self.go.setEnabled)
        body.addWidget(self.noted)
        body.addLayout(row(button(self.tr("打印"), "printer", on_click=self._print), None, self.go))
        self.setLayout(body)

    def _code(self, text: str) -> QWidget:
        shown = label(text, "h2", wrap=True, selectable=True)
        shown.setAccessibleName(text)
        return shown

    def _print(self) -> None:
        from ui.printing import preview

        parts = [f"<h2>{escape(self._unit)}</h2>"]
        if self._recovery:
            parts.append(f"<h3>恢复码</h3><p style='font-size:18pt'>{escape(self._recovery)}</p>")
            parts.append("<p>封存保管。任何人得到它和数据文件，就能打开名册。</p>")
        for name, code in self._activations.items():
            parts.append(f"<h3>激活码：{escape(name)}</h3><p style='font-size:18pt'>{escape(code)}</p><hr>")
        preview(self, self.tr("打印恢复码和激活码"), "".join(parts))
