"""质量监控账户: the accounts with their quota, what was asked for, and at the province what is to be filed (A3-A5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.domain.forms import MONITORING
from models.domain.units import Tier
from ui.kit import button
from ui.pages.monitoring_accounts import AccountsPane
from ui.pages.monitoring_filing import FilingPane
from ui.pages.monitoring_requests import RequestsPane
from ui.pages.register_page import Part, RegisterPage


class MonitoringPage(RegisterPage):
    """Accounts, requests, applications."""

    TABLES = frozenset({"monitoring_account", "monitoring_application", "change", "decision"})
    TITLE = "质量监控账户"
    SUB = "只对规定岗位的人员开通；岗位变动报省校备案后才允许修改权限"

    def parts(self) -> Sequence[Part]:
        """Applications lie at the province."""
        shown: list[Part] = [("accounts", "账户", AccountsPane), ("requests", "本单位的申请", RequestsPane)]
        if self.context.actor.unit.tier is Tier.PROVINCE:
            shown.append(("applications", "岗位变动备案", FilingPane))
        return shown

    def more_actions(self) -> Sequence[Any]:
        """Annex 1 is made on the page of filings."""
        tip = self.tr("到“账户备案”生成附件1，列出本单位和所辖单位的质量监控账户")
        return [button(self.tr("附件1"), "clipboard-text", "", tip, on_click=self.go_to_annex)]

    def go_to_annex(self) -> None:
        """Go where annex 1 is written."""
        self.context.navigate("filing", form=MONITORING.key)
