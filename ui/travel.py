"""Words for what waits to be sent or filed and for a superior not heard of for long, in the status bar and at the
start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from models.domain.traffic import REMIND_DAYS, Traffic
from ui.moments import days_since, moment

if TYPE_CHECKING:
    from models.services.filing.calendar import Reminder


def travel_words(traffic: Traffic) -> str:
    """How much waits and for how many days; "" for nothing."""
    if not traffic.total:
        return ""
    days = days_since(traffic.since) if traffic.since else 0
    words = _tr("待报送 {n} 项 · 已等 {days} 天") if days > 0 else _tr("待报送 {n} 项")
    return words.format(n=f"{traffic.total:,}", days=days)


def travel_tip(traffic: Traffic) -> str:
    """What waits, one kind after the other, and when the superior was last heard of."""
    parts = [
        words.format(n=f"{number:,}")
        for number, words in (
            (traffic.changes, _tr("已批准待打包 {n} 项")), (traffic.letters, _tr("待发函件 {n} 件")),
            (traffic.items, _tr("待汇总上报 {n} 项")), (traffic.files, _tr("已打包待送出 {n} 个文件")),
        )
        if number
    ]  # fmt: skip
    said = "，".join(parts) + "。" if parts else _tr("没有待送的事项。")
    if traffic.heard and traffic.superior:
        words = _tr("与{who}最近一次往来：{at}。")
        said += words.format(who=traffic.superior, at=moment(traffic.heard))
    return said


def reminder(traffic: Traffic) -> str:
    """That the superior was not heard of for long; "" when there is nothing to remind of."""
    days = days_since(traffic.heard) if traffic.heard else 0
    if days < REMIND_DAYS:
        return ""
    return _tr("与{who}已有 {n} 天没有往来").format(who=traffic.superior, n=days)


def filing_words(due: Reminder | None) -> str:
    """How long there is to file the accounts, or how late it is; "" for nothing (A13-A15)."""
    if due is None:
        return ""
    if due.state == "open" and not due.days:
        return _tr("备案今天截止")
    words = {"open": _tr("备案还有 {n} 天"), "soon": _tr("备案 {n} 天后开始"), "missed": _tr("备案逾期 {n} 天")}
    return words[due.state].format(n=due.days)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Travel", text)
