"""The sides of a problem beside each other: their records with differing characters marked, answers and outcome."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from models.services.problem_views import ProblemDetail, SideView
from ui.kit import Item, card, column, holder, label, pill, row, rule
from ui.kit.difference import MarkedText
from ui.moments import moment

MOST_BESIDE = 3
"""Sides beside each other; more stand below, compared with the first all the same."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("ProblemSides", text)


def sides_card(detail: ProblemDetail, own_id: str) -> QFrame:
    """All sides of a problem, seen by the unit `own_id`."""
    items: list[Item] = []
    for start in range(0, len(detail.sides), MOST_BESIDE):
        if items:
            items.append(rule())
        items.append(_grid(detail.sides[start : start + MOST_BESIDE], detail.sides, own_id))
    return card(*items)


def _grid(shown: Sequence[SideView], sides: Sequence[SideView], own_id: str) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    for place, side in enumerate(shown, 1):
        grid.setColumnStretch(place, 1)
        grid.addWidget(_head(side, len(sides), own_id), 0, place)
    for title in dict.fromkeys(title for side in shown for title, _ in side.facts):
        texts = [dict(side.facts).get(title) for side in shown]
        _line(grid, title, [_fact(title, text, sides, side) for text, side in zip(texts, shown, strict=True)])
    if any(not side.facts for side in shown):
        hidden = _tr("对方的记录由其主管部门核对，不向本单位公开。")
        _line(grid, _tr("记录"), [None if side.facts else label(hidden, "cap", wrap=True) for side in shown])
    _line(grid, _tr("学校答复"), [_answer(side) for side in shown])
    _line(grid, _tr("拟改为"), [_proposed(side) for side in shown])
    _line(grid, _tr("主管部门"), [_bureau(side) for side in shown])
    _line(grid, _tr("裁定"), [_outcome(side) for side in shown])
    return grid


def _line(grid: QGridLayout, title: str, cells: Sequence[QWidget | None]) -> None:
    if not any(cells):
        return
    at, name = grid.rowCount(), label(title, "cap")
    grid.addWidget(name, at, 0, Qt.AlignmentFlag.AlignTop)
    for place, cell in enumerate(cells, 1):
        grid.addWidget(cell or label("—", "cap"), at, place, Qt.AlignmentFlag.AlignTop)


def _head(side: SideView, number: int, own_id: str) -> QWidget:
    whose = _tr("（本单位）") if side.unit_id == own_id else _tr("（本单位所属）") if side.mine else ""
    own = _tr("第 {n} 方").format(n=side.position + 1) + whose if number > 1 else ""
    parts: list[Item] = [label(side.unit_name, "strong", wrap=True), label(side.label, wrap=True)]
    if own:
        parts.insert(0, label(own, "cap"))
    parts.append(row(pill(side.stand, *_tone(side)), None))
    return holder(column(*parts, spacing=2))


def _tone(side: SideView) -> tuple[str, str]:
    if side.outcome:
        return ("ok", "circle-check") if side.outcome == "keep" else ("warn", "rubber-stamp")
    if side.bureau_at or side.answered_at:
        return "info", "circle-check"
    return "wait", "hourglass"


def _fact(title: str, text: str | None, sides: Sequence[SideView], side: SideView) -> QLabel | None:
    """A fact with what differs from the first side (at the first: from the second) marked."""
    if not side.facts:
        return label("")  # hidden from this unit; a line below says so
    if text is None:
        return None
    others = [one for one in sides if one.facts and one.position != side.position]
    return MarkedText(text, dict(others[0].facts).get(title, "") if others else "")


def _answer(side: SideView) -> QWidget | None:
    if not side.answered_at:
        return None
    lines = [f"{side.claim_label}：{side.opinion or _tr('没有说明')}"]
    if side.change_number:
        lines.append(_tr("变更申请 {number}").format(number=side.change_number))
    lines += [_tr("证明材料：{name}").format(name=one.name) for one in side.evidence]
    return _said(lines, side.answered_by, side.answered_at)


def _proposed(side: SideView) -> QWidget | None:
    """What an answer 变更 would have instead, with what differs from the present marked."""
    lines: list[Item] = [row(label(title, "cap"), MarkedText(new, old), None) for title, old, new in side.proposed]
    return holder(column(*lines, spacing=0)) if lines else None


def _bureau(side: SideView) -> QWidget | None:
    if not side.bureau_at:
        return None
    return _said(
        [f"{side.bureau_claim_label}：{side.bureau_opinion or _tr('没有说明')}"], side.bureau_by, side.bureau_at
    )


def _outcome(side: SideView) -> QWidget | None:
    return label(side.outcome_label, "strong") if side.outcome else None


def _said(lines: Sequence[str], by: str, at: str) -> QWidget:
    parts: list[Item] = [label(line, wrap=True, selectable=True) for line in lines]
    return holder(column(*parts, label(f"{by} · {moment(at)}", "cap"), spacing=0))
