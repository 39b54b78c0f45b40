"""What was accepted below and goes up: sections (one a receipt), their items, leaves and baseline rows (issue 3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import zstandard
from sqlalchemy import ColumnElement, delete, func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.services.change_log import in_chunks
from models.store import tables as t
from models.store.clock import now_text

KEPT, REFUSED = "kept", "refused"
_ROWS_IN_PART: Final = 500
_LEVEL: Final = 3


def _has_rows(body: ColumnElement[str]) -> ColumnElement[bool]:
    return func.json_extract(body, "$.batch").is_not(None)


@dataclass(frozen=True, slots=True)
class Section:
    """What one receipt of the unit `bureau_id` accepted of one package of a school; `items` is their number, `size`
    the bytes of their rows as kept."""

    receipt_id: str
    package_id: str
    unit_id: str
    bureau_id: str
    items: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class FullItem:
    """An accepted item as it was signed, with the approval that covers it; `rows` when it is a baseline."""

    raw: bytes
    approval_id: str
    change_id: str
    rows: bool


def waiting(session: Session) -> list[Section]:
    """What was accepted and has not gone up yet, in the order it was accepted; also what is older than the superior.

    Only a baseline accepted by version 0001 of the store, which kept no rows, is not among them.
    """
    c, k = t.report_section.c, t.kept_rows.c
    size = select(func.coalesce(func.sum(func.length(k.content)), 0)).where(k.package_id == c.package_id)
    query = select(c.receipt_id, c.package_id, c.unit_id, c.bureau_id, c["items"], size.scalar_subquery())
    query = query.where(c.state == KEPT, c.report_id.is_(None)).order_by(c.at, text("report_section.rowid"))
    return [Section(*row) for row in session.execute(query)]


def count_waiting(session: Session) -> int:
    """How many accepted items the next report would carry."""
    c = t.report_section.c
    query = select(func.coalesce(func.sum(c["items"]), 0)).where(c.state == KEPT, c.report_id.is_(None))
    return int(session.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Reported:
    """A school's part of a report: how many items of it, or (`fault`) why it was not taken."""

    unit_name: str
    items: int
    fault: str


def parts_of(session: Session, report_id: str) -> list[Reported]:
    """What a report brought or carries, school by school."""
    c, u = t.report_section.c, t.unit.c
    query = select(c.unit_id, u.name, c.state, c.note, func.sum(c["items"]).label("number"))
    query = query.outerjoin(t.unit, u.id == c.unit_id).where((c.came_in == report_id) | (c.report_id == report_id))
    rows = session.execute(query.group_by(c.unit_id, c.state, c.note).order_by(c.state, u.name))
    return [Reported(row.name or "未知单位", int(row.number), row.note if row.state == REFUSED else "") for row in rows]


def full_items(session: Session, section: Section) -> list[FullItem]:
    """The accepted items of a section, in the order they stand in the school's package."""
    i, r = t.received_item.c, t.reported_item.c
    own = select(i.body, i.approval_id, i.change_id, _has_rows(i.body)).where(
        i.receipt_id == section.receipt_id, i.package_id == section.package_id, i.state == "accept"
    )
    passed = select(r.body, r.approval_id, r.change_id, _has_rows(r.body)).where(r.receipt_id == section.receipt_id)
    rows = session.execute(own.order_by(i.position)).all() or session.execute(passed.order_by(r.position)).all()
    return [FullItem(row.body.encode(), row.approval_id, row.change_id, bool(row[3])) for row in rows]


def stored_leaves(session: Session, package_id: str) -> list[bytes] | None:
    """The leaf hashes of a package of which some items came as digests only; None when all are here in full."""
    found = session.execute(select(t.package_leaves.c.leaves).where(t.package_leaves.c.package_id == package_id))
    leaves = found.scalar()
    return None if leaves is None else [leaves[start : start + 32] for start in range(0, len(leaves), 32)]


def keep_leaves(session: Session, package_id: str, leaves: Sequence[bytes]) -> None:
    """Keep the leaf hashes of a package in their order."""
    values = {"package_id": package_id, "leaves": b"".join(leaves)}
    session.execute(upsert(t.package_leaves).values(**values).on_conflict_do_nothing())


def bodies_of(session: Session, package_id: str) -> list[bytes]:
    """The canonical bytes of all items of a package received from a school, in their order."""
    c = t.received_item.c
    query = select(c.body).where(c.package_id == package_id).order_by(c.position)
    return [body.encode() for body in session.execute(query).scalars()]


# --- rows of baselines --------------------------------------------------------------------------------------


def keeping(session: Session, package_id: str, change_id: str, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Hand on the canonical rows of an accepted baseline and keep them compressed until they have been reported."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    part: list[bytes] = []
    number = 0
    for line in lines:
        part.append(line)
        if len(part) == _ROWS_IN_PART:
            _keep_part(session, (package_id, change_id, number), compressor.compress(b"\n".join(part)))
            part, number = [], number + 1
        yield line
    if part:
        _keep_part(session, (package_id, change_id, number), compressor.compress(b"\n".join(part)))


def _keep_part(session: Session, key: tuple[str, str, int], content: bytes) -> None:
    row = dict(zip(("package_id", "change_id", "part"), key, strict=True)) | {"content": content}
    session.execute(upsert(t.kept_rows).values(**row).on_conflict_do_nothing())


def rows_of(session: Session, package_id: str, change_id: str) -> Iterator[bytes]:
    """The kept rows of a baseline as they were signed."""
    c = t.kept_rows.c
    this = (c.package_id == package_id, c.change_id == change_id)
    for part in session.execute(select(c.part).where(*this).order_by(c.part)).scalars().all():
        content = session.execute(select(c.content).where(*this, c.part == part)).scalar_one()
        yield from zstandard.ZstdDecompressor().decompress(content).split(b"\n")


# --- on the way up ------------------------------------------------------------------------------------------


def mark_sent(session: Session, sections: Sequence[Section], report_id: str) -> None:
    """These sections went into a report."""
    c = t.report_section.c
    for part in in_chunks([section.receipt_id for section in sections]):
        session.execute(update(t.report_section).where(c.receipt_id.in_(part)).values(report_id=report_id, note=""))


def settle(session: Session, report_id: str, refused: Mapping[str, str] | None) -> tuple[int, int]:
    """The superior answered a report: (items filed, items not). `refused` are its sections that were not taken
    ({receipt id: sentence}), None when the report was refused as a whole; those wait for the next report."""
    c = t.report_section.c
    found = session.execute(select(c.receipt_id, c.package_id, c["items"]).where(c.report_id == report_id)).all()
    left = {row.receipt_id for row in found if refused is None or row.receipt_id in refused}
    again = [row for row in found if row.receipt_id in left]
    for row in again:
        values = {"report_id": None, "note": (refused or {}).get(row.receipt_id, "")}
        session.execute(update(t.report_section).where(c.receipt_id == row.receipt_id).values(**values))
    filed = [row for row in found if row.receipt_id not in left]
    _drop_rows(session, filed)
    return sum(row.items for row in filed), sum(row.items for row in again)


def _drop_rows(session: Session, filed: Sequence[Any]) -> None:
    """The rows of baselines that were filed above are needed no more; those of other receipts of the package are."""
    for row in filed:
        section = Section(row.receipt_id, row.package_id, "", "", row.items)
        k = t.kept_rows.c
        for item in full_items(session, section):
            if item.rows:
                gone = (k.package_id == row.package_id, k.change_id == item.change_id)
                session.execute(delete(t.kept_rows).where(*gone))


def note_answered(session: Session, section: Section) -> None:
    """This unit's own receipt accepted items of a package: they wait for the superior, now or once there is one."""
    note_section(session, section, now_text(), "")


# --- from below ---------------------------------------------------------------------------------------------


def is_kept(session: Session, receipt_id: str) -> bool:
    """Whether what a receipt accepted is here already."""
    c = t.report_section.c
    query = select(c.receipt_id).where(c.receipt_id == receipt_id, c.state == KEPT)
    return session.execute(query).first() is not None


def note_section(session: Session, section: Section, at: str, came_in: str, fault: str = "") -> None:
    """Record a section that came in a report; `fault` says why it was not taken."""
    row = {
        "receipt_id": section.receipt_id, "package_id": section.package_id, "unit_id": section.unit_id,
        "bureau_id": section.bureau_id, "at": at, "came_in": came_in, "state": REFUSED if fault else KEPT,
        "note": fault, "items": section.items, "report_id": None,
    }  # fmt: skip
    changing = {key: value for key, value in row.items() if key != "receipt_id"}
    statement = upsert(t.report_section).values(**row)
    session.execute(statement.on_conflict_do_update(index_elements=["receipt_id"], set_=changing))


def keep_items(
    session: Session,
    section: Section,
    items: Sequence[Mapping[str, Any]],
    raws: Sequence[bytes],
    covered: Mapping[str, str],
) -> None:
    """Keep the accepted items of a section as they were signed; `covered`: {change id: approval statement}."""
    rows = [
        {
            "receipt_id": section.receipt_id, "position": position, "package_id": section.package_id,
            "unit_id": section.unit_id, "change_id": item["id"], "attempt": item["attempt"], "kind": item["kind"],
            "subject_id": item["subject"], "subject_label": item["label"], "body": raw.decode(),
            "approval_id": covered[item["id"]],
        }
        for position, (item, raw) in enumerate(zip(items, raws, strict=True))
    ]  # fmt: skip
    session.execute(insert(t.reported_item), rows)


def taken_before(session: Session, section: Section, items: Sequence[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """Which of the items (change id, attempt) an earlier section brought: a second receipt for them changes nothing."""
    r = t.reported_item.c
    query = select(r.change_id, r.attempt).where(r.unit_id == section.unit_id, r.receipt_id != section.receipt_id)
    subjects = list({item["subject"] for item in items})
    found = (row for part in in_chunks(subjects) for row in session.execute(query.where(r.subject_id.in_(part))))
    return {(row.change_id, row.attempt) for row in found} & {(item["id"], item["attempt"]) for item in items}


def later_items(session: Session, section: Section, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Items on these pupils of the unit that were accepted after `section` but came before it, in their order."""
    r, s = t.reported_item.c, t.report_section.c
    at = select(s.at).where(s.receipt_id == section.receipt_id).scalar_subquery()
    query = select(r.body).join(t.report_section, s.receipt_id == r.receipt_id)
    query = query.where(r.unit_id == section.unit_id, s.at > at).order_by(s.at, r.position)
    return [
        json.loads(body)
        for part in in_chunks(subjects)
        for body in session.execute(query.where(r.subject_id.in_(part))).scalars()
    ]


def refused_in(session: Session, report_id: str) -> list[tuple[str, str]]:
    """Sections of a received report that were not taken: (receipt id, sentence)."""
    c = t.report_section.c
    query = select(c.receipt_id, c.note).where(c.came_in == report_id, c.state == REFUSED).order_by(c.receipt_id)
    return [(row.receipt_id, row.note) for row in session.execute(query)]


def accepted_of(answers: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, str] | None]:
    """What a receipt accepted: {(change id, attempt): values}."""
    return {(one["id"], one["attempt"]): one["values"] for one in answers if one["verdict"] == "accept"}


def parsed(raw: bytes) -> dict[str, Any]:
    """A kept row or item as a mapping."""
    value: dict[str, Any] = json.loads(raw)
    return value
