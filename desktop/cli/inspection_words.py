"""Inspections and patrols as the command line tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from desktop.cli.documents import document
from models.domain.inspection import OVERDUE_LABEL, STATE_LABELS
from models.domain.times import local_text

_FEW: Final = 20


def document_of(found: Any, *, with_items: bool) -> dict[str, Any]:
    """An inspection as a document; without its findings when they were not asked for."""
    body: dict[str, Any] = document(found)
    body["by_code"] = {code: count for code, _, count in found.by_code}
    body["by_unit"] = [{"unit_id": unit, "unit": name, "findings": count} for unit, name, count in found.by_unit]
    body["left_out"], body["left_rows"] = dict(found.left_out), dict(found.left_rows)
    return body if with_items else {key: value for key, value in body.items() if key != "items"}


def heading(found: Any) -> list[str]:
    """What an inspection found, in lines."""
    one = found.summary
    lines = [
        f"{one.kind_label} {one.number}（{one.state_label}）：核查 {one.checked} 个账户，发现 {one.findings} 处问题"
    ]
    lines += [f"  {label}：{count}" for _, label, count in found.by_code]
    if len(found.by_unit) > 1:
        lines += [f"  {name}：{count} 处" for _, name, count in found.by_unit[:_FEW]]
    if found.left_out:
        lines.append(f"未核查的行：{found.left_words}")
    lines += [f"注意：{words}" for words in found.notes]
    if found.absent:
        lines.append(f"清单里没有这些单位的账户，没有核查：{'、'.join(found.absent[:_FEW])}")
    return lines


def line(one: Any) -> str:
    """An inspection in a list."""
    states = "，".join(f"{STATE_LABELS[key]} {count}" for key, count in one.states.items() if count)
    late = f"，{OVERDUE_LABEL} {one.overdue}" if one.overdue else ""
    head = f"{one.number}  {local_text(one.made_at)}  {one.kind_label}  {one.made_by}  {one.state_label}"
    return f"{head}  发现 {one.findings}（{states or '没有问题'}{late}）  {one.source}"


def item(one: Any, standing: str) -> str:
    """A finding in a line."""
    more = f"（{one.more}）" if one.more else ""
    return f"{one.label}  {one.name} {one.username}  {one.unit_name}  {one.why}{more}  {standing}"


def numbers(places: Sequence[int]) -> str:
    """The first of many numbers, and how many there are."""
    return "、".join(map(str, places[:_FEW])) + (f"等 {len(places)} 项" if len(places) > _FEW else "")
