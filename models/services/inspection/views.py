"""Inspections and patrols as people look at them: in a list, and one in full with what is to be done (A6, A12)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from models.domain.inspection import (
    CODE,
    DETAIL_LABELS,
    INSPECTION_STATES,
    KIND_LABELS,
    LEFT_OUT_LABELS,
    OVERDUE_LABEL,
    PROOF_LABELS,
    RANK,
    STATE_LABELS,
    WAITING_LABEL,
    FindingState,
    Proof,
)
from models.domain.times import local_day
from models.services.change_log import in_chunks
from models.services.inspection.log import Standing, find_inspection, number_of, standings_of
from models.services.orders import number_of as order_number
from models.services.units import unit_names
from models.store import tables as t

_SHOWN = ("why", "with", "last_access", "until", "platform_name", "register_name", "row")


@dataclass(frozen=True, slots=True)
class InspectionSummary:
    """An inspection in a list. `findings`: all; `states`: how many stand where (domain.inspection.FindingState)."""

    id: str
    number: str
    kind: str
    kind_label: str
    source: str
    made_at: str
    made_by: str
    checked: int
    note: str
    state: str
    state_label: str
    findings: int
    states: Mapping[str, int]
    overdue: int
    signed: bool


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding with what is to be done. `change`: number of the change, `order`: of the order; `proved_at` UTC."""

    position: int
    code: str
    label: str
    clause: str
    basis: str
    level: str
    dimension: str
    advice: str
    unit_id: str
    unit_name: str
    username: str
    account_id: str
    name: str
    details: Mapping[str, str]
    state: str
    state_label: str
    overdue: bool
    change: str
    order: str
    note: str
    handled_by: str
    handled_at: str
    proof: str
    proof_label: str
    proved_at: str

    @property
    def why(self) -> str:
        """What was found, in a sentence."""
        return self.details.get("why", "")

    @property
    def more(self) -> str:
        """The other details in words."""
        told = ("", self.name)
        said = ((key, self.details.get(key, "")) for key in _SHOWN[1:])
        return "，".join(f"{DETAIL_LABELS[key]} {text}" for key, text in said if text not in told)


@dataclass(frozen=True)
class InspectionDetail:
    """One inspection in full. `by_code`, `by_unit`: (key, words, count) of all its findings; `left_out`: (words, rows);
    `absent`: names of units none of whose accounts the list had; `items`: those asked for; `left_rows`: (words, which
    rows); `notes`: what could not be judged, in sentences."""

    summary: InspectionSummary
    idle_days: int
    by_code: tuple[tuple[str, str, int], ...]
    by_unit: tuple[tuple[str, str, int], ...]
    left_out: tuple[tuple[str, int], ...]
    absent: tuple[str, ...]
    items: tuple[FindingView, ...]
    left_rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def left_words(self) -> str:
        """The rows that were not inspected: how many, why and which; "" for none."""
        rows = dict(self.left_rows)
        return "，".join(
            f"{what} {count:,}" + (f"（{rows[what]}）" if what in rows else "") for what, count in self.left_out
        )


def list_inspections(session: Session) -> list[InspectionSummary]:
    """Inspections and patrols, the newest first."""
    c = t.inspection.c
    rows = session.execute(select(t.inspection).order_by(c.made_at.desc(), c.id.desc())).all()
    return [_summary(row, *_counted(session, row)) for row in rows]


def _counted(session: Session, row: Row[Any]) -> tuple[Counter[str], int]:
    """How many findings stand where, and how many are overdue; closed ones are counted by the store."""
    late = json.loads(row.details).get("overdue")
    if row.state == "open" or late is None:
        return _counts(standings_of(session, row))
    f = t.inspection_finding.c
    query = select(f.state, func.count()).where(f.inspection_id == row.id).group_by(f.state)
    return Counter({state: count for state, count in session.execute(query)}), len(late)


def _counts(found: Sequence[Standing]) -> tuple[Counter[str], int]:
    return Counter(one.state.value for one in found), sum(one.overdue for one in found)


def show(session: Session, inspection_id: str, codes: Sequence[str] = (), unit_id: str = "") -> InspectionDetail:
    """One inspection, by id or number; `codes`, `unit_id`: only findings of these. Raises UserError."""
    row = find_inspection(session, inspection_id)
    found = standings_of(session, row)
    details = json.loads(row.details)
    names = unit_names(session, [*(one.row.unit_id for one in found), *details["absent"]])
    wanted = [one for one in found if _is_wanted(one.row, codes, unit_id)]
    numbers = _change_numbers(session, {one.row.change_id for one in wanted if one.row.change_id})
    codes_found, units = Counter(one.row.code for one in found), Counter(one.row.unit_id for one in found)
    return InspectionDetail(
        _summary(row, *_counts(found)),
        details["idle_days"],
        tuple((code, CODE[code].label, codes_found[code]) for code in sorted(codes_found, key=RANK.__getitem__)),
        tuple((unit, names[unit], count) for unit, count in units.most_common()),
        tuple((LEFT_OUT_LABELS.get(key, key), count) for key, count in details["left_out"].items()),
        tuple(names[unit] for unit in details["absent"]),
        tuple(_item(one, names, numbers) for one in wanted),
        tuple((LEFT_OUT_LABELS.get(key, key), rows) for key, rows in details.get("left_rows", {}).items()),
        tuple(details.get("notes", ())),
    )


def _is_wanted(row: Row[Any], codes: Sequence[str], unit_id: str) -> bool:
    return (not codes or row.code in codes) and unit_id in ("", row.unit_id)


def _change_numbers(session: Session, ids: Iterable[str]) -> dict[str, str]:
    c = t.change.c
    return {
        row.id: row.number
        for part in in_chunks(sorted(ids))
        for row in session.execute(select(c.id, c.number).where(c.id.in_(part)))
    }


def _summary(row: Row[Any], states: Counter[str], overdue: int) -> InspectionSummary:
    return InspectionSummary(
        row.id, number_of(row.id), row.kind, KIND_LABELS[row.kind], row.source, row.made_at, row.made_by, row.checked,
        row.note, row.state, INSPECTION_STATES[row.state], states.total(),
        {state.value: states[state.value] for state in FindingState}, overdue,
        row.statement_id is not None,
    )  # fmt: skip


def _item(one: Standing, names: Mapping[str, str], numbers: Mapping[str, str]) -> FindingView:
    row, code = one.row, CODE[one.row.code]
    proof = PROOF_LABELS[Proof(row.proof)] if row.proof else ""
    return FindingView(
        row.position, code.key, code.label, code.clause, code.basis, code.level.value, code.dimension, code.advice,
        row.unit_id, names[row.unit_id], row.username, row.account_id or "", row.label, json.loads(row.details),
        one.state.value, _state_label(one), one.overdue,
        numbers.get(row.change_id or "", ""), order_number(row.order_id) if row.order_id else "", row.note,
        row.handled_by, row.handled_at or "", row.proof, proof, row.proved_at or "",
    )  # fmt: skip


def _state_label(one: Standing) -> str:
    return OVERDUE_LABEL if one.overdue else WAITING_LABEL if one.waiting else STATE_LABELS[one.state]


def standing_words(one: FindingView) -> str:
    """Where a finding stands, with the change or order and the day it was proved."""
    parts = [one.state_label, one.change, f"通知单 {one.order}" if one.order else "", one.note]
    if one.proof:
        parts.append(f"{one.proof_label}（{local_day(one.proved_at)} 核实）")
    return "，".join(filter(None, parts))
