"""The cards that show one change: differences, checks, why it is decided, who has done what and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFrame, QWidget

from models.domain.change_kinds import CHANGE_KIND
from models.domain.states import State
from models.domain.units import TIER_LABELS, Tier
from models.services.change_checks import Check
from models.services.change_views import STATE_FIELDS, ChangeDetail, ChangeSummary, FieldDiff, TimelineEntry
from models.services.checking import field_label
from ui.kit import IconLabel, Item, card, column, label, row, rule, section
from ui.kit.difference import DifferenceView
from ui.moments import moment

_CHECK_LOOK = {"ok": ("circle-check", "ok"), "note": ("alert-triangle", "warn"), "fault": ("circle-x", "bad")}
_LEVEL_WORDS = {"ok": "正确", "note": "注意", "fault": "有问题"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("ChangeCards", text)


def difference_card(diffs: Sequence[FieldDiff], lines: Sequence[str] = (), *, narrow: bool = False) -> QFrame:
    """Every field of a change before and after; `lines` for a change without fields (a baseline, a withdrawal)."""
    items: list[Item] = []
    for diff in diffs:
        if items:
            items.append(rule())
        told = diff.field not in STATE_FIELDS
        items.append(DifferenceView(diff.label, diff.before_text, diff.after_text, narrow=narrow, told=told))
    items += [label(line, wrap=True) for line in lines]
    return card(*items, spacing=8)


def checks_card(checks: Sequence[Check]) -> QFrame:
    """What the system looked at, each line with sign and word."""
    items: list[Item] = [section(_tr("系统核对"))]
    for check in checks:
        icon, tone = _CHECK_LOOK[check.level]
        sign = IconLabel(icon, tone, 16)
        sign.setAccessibleName(_LEVEL_WORDS[check.level])
        items.append(row(sign, (label(check.text, wrap=True), 1), spacing=7))
    if len(items) == 1:
        items.append(label(_tr("没有需要核对的内容。"), "dim"))
    return card(*items, margins=(12, 8, 12, 10), spacing=5)


def why_card(kind: str, origin: Mapping[str, tuple[str, ...]], policy_version: int) -> QFrame:
    """Why this is not simply written: the kind's explanation, who put the fields under control, the clause."""
    declared = CHANGE_KIND[kind]
    items: list[Item] = [
        row(IconLabel("book", "info", 16), label(_tr("为什么要核办"), "strong"), None, spacing=6),
        label(declared.explanation, wrap=True),
    ]
    if declared.local:  # no field is under control here: the unit's own head decides
        return card(*items, margins=(12, 8, 12, 10), spacing=4)
    by: dict[str, list[str]] = {}
    for key, tiers in origin.items():
        for tier in tiers or ("default",):
            by.setdefault(tier, []).append(field_label(key))
    for tier, names in by.items():
        sentence = _tr("“{fields}”由{who}列为关键信息。").format(fields="、".join(names), who=_who(tier))
        items.append(label(sentence, "dim", wrap=True))
    version = (
        _tr("总第 {n} 版政策").format(n=policy_version) if policy_version else _tr("尚未收到上级政策，按国家规定执行")
    )
    items.append(label(_tr("依据：{version}").format(version=version), "cap", wrap=True))
    return card(*items, margins=(12, 8, 12, 10), spacing=4)


def _who(tier: str) -> str:
    try:
        return _tr("{tier}政策").format(tier=TIER_LABELS[Tier(tier)])
    except ValueError:
        return _tr("国家规定")


def route_card(timeline: Sequence[TimelineEntry], next_step: str = "", title: str = "") -> QFrame:
    """What was done, by whom and when; then the steps to come, the first of them marked as now."""
    items: list[Item] = [label(title or _tr("办理过程"), "strong", wrap=True)]
    now_marked = False
    for entry in timeline:
        is_now = not entry.done and not now_marked
        now_marked = now_marked or is_now
        items.append(_step(entry, is_now))
    if next_step:
        items += [rule(), row(IconLabel("arrow-right", "info", 16), (label(next_step, wrap=True), 1), spacing=7)]
    return card(*items, margins=(12, 8, 12, 10), spacing=6)


def _step(entry: TimelineEntry, is_now: bool) -> Item:
    icon, tone = (
        ("circle-check", "ok") if entry.done else ("circle-dot", "accent") if is_now else ("circle-dashed", "text3")
    )
    sign = IconLabel(icon, tone, 18)
    sign.setAccessibleName(_tr("已完成") if entry.done else _tr("现在") if is_now else _tr("尚未到"))
    who = " · ".join(part for part in (entry.person, entry.unit, moment(entry.at)) if part)
    parts: list[Item] = [label(entry.text, "strong" if is_now else "", wrap=True)]
    if who:
        parts.append(label(who, "cap", wrap=True))
    if entry.opinion:
        parts.append(label(_tr("意见：{opinion}").format(opinion=entry.opinion), "dim", wrap=True))
    return row(sign, (column(*parts, spacing=0), 1), spacing=8)


def is_returned(change: ChangeSummary) -> bool:
    """Whether a draft was given back for correction."""
    return change.state == State.DRAFT and change.attempt > 1


def returned_words(detail: ChangeDetail) -> str:
    """Who gave a draft back, and why; "" for one that was not given back."""
    back = [entry for entry in detail.timeline if entry.done and "退回" in entry.text]
    if not back or not is_returned(detail.summary):
        return ""
    who = " ".join(part for part in (back[-1].unit, back[-1].person) if part)
    return _tr("{who}退回补正：{opinion}").format(who=who, opinion=back[-1].opinion)


def facts_card(title: str, facts: Sequence[tuple[str, str]]) -> QWidget:
    """A few key-value lines under a heading; empty values are left out."""
    items: list[Item] = [section(title)]
    for key, value in facts:
        if value:
            name = label(key, "cap")
            name.setFixedWidth(84)
            items.append(row(name, (label(value, wrap=True, selectable=True), 1), spacing=6))
    return card(*items, margins=(12, 8, 12, 10), spacing=4)
