"""A bureau that was restored from a backup, or set up again, asks the units below for what it misses (decision 9)."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from models.domain.units import Role, Tier
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.kit import Banner, Item, button, card, column, label, row


class ResetCard(QWidget):
    """What a loss means, and at a bureau the notice for the units below."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        own = self.tr(
            "本单位从备份恢复后：先重新生成入网申请交上级办理；导入批复后，备份之后报送过的事项、回执和往来函件由上级补回。"
        )
        below = self.tr("主管部门还要生成重建通道通知发给全部下级，下级接收后重新送出本单位缺少的数据包。")
        self.go = button(self.tr("生成重建通道通知"), "rubber-stamp", on_click=self.write)
        parts: list[Item] = [label(self.tr("从备份恢复之后"), "strong"), label(own, "dim", wrap=True)]
        if context.actor.unit.tier is not Tier.SCHOOL:
            parts += [label(below, "dim", wrap=True), self.result, row(self.go, None)]
        self.setLayout(column(card(*parts)))

    def write(self) -> None:
        """Ask where to, let two persons sign, and write the notice."""
        if not self.context.has(Role.ADMINISTRATOR):
            self.context.toast(self.tr("重建通道由系统管理员登录后进行。"), None, "warn")
            return
        from models.services.operators import officers

        self.context.read(officers, done=self._choose, owner=self)

    def _choose(self, officers: tuple[str, ...]) -> None:
        store = self.context.store

        def sign(folder: Path) -> None:
            def work(passphrase: str, officer: tuple[str, str]) -> Path:
                from sync.recovery.resets import write_reset

                return write_reset(store, passphrase, officer, folder)

            text = self.tr("只在本单位从备份恢复过、或重新建立之后办理。通知写到 {folder}。").format(folder=folder)
            TwoPeople(self, self.context, self.tr("重建通道"), text, officers, work, self._written).open()

        self.context.prompt.folder(self, self.tr("重建通道通知写到哪里（U 盘或文件夹）"), sign)

    def _written(self, path: Path) -> None:
        words = self.tr("重建通道通知已写好：{name}。请发给全部下级单位接收，再送出等待发出的文件。")
        self.result.say("ok", words.format(name=path.name))
        self.result.show()
