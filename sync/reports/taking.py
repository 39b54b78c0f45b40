"""Reports coming in: each section is judged, applied to this tier's copy and kept for the next tier (decision 14)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND, ChangeKind
from models.domain.errors import FileRefusedError
from models.domain.fields import STUDENTS
from models.domain.progress import Progress
from models.domain.units import Actor
from models.services import merging, reported
from models.services.review_apply import apply_item
from models.services.review_intake import check_entry, check_shape
from sync.packages import ledger
from sync.packages.arrival import Arrival
from sync.packages.opening import RECEIPT, PackedRow, read_content
from sync.refusals import RefusedError
from sync.reports import sections
from sync.reports.sections import Incoming, Judge
from sync.wire.content import check_root
from sync.wire.jsonlines import LineReader
from sync.wire.statements import Statement


@dataclass
class Taken:
    """What a report brought, in numbers; `refused`: a sentence for each section that was not taken."""

    sections: int = 0
    items: int = 0
    rows: int = 0
    known: int = 0
    problems: int = 0
    refused: list[str] = field(default_factory=list)


def take(
    session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress
) -> tuple[Statement, Taken]:
    """Take a report section by section in the caller's transaction, none of which lies in memory with its rows.

    A section that cannot be believed is left out whole, and the answer names it; the others are taken, so that one
    school never holds up a county. Raises ContentRefusedError when the report itself is not as it was signed; then
    the caller takes everything back.
    """
    address = arrival.address
    content = read_content(reader, address, arrival.trust, arrival.at)
    judge = Judge(arrival.issuer, arrival.trust.extended(sections.read_chain(reader)), arrival.at)
    taken = Taken()
    leaves = []
    while reader.peek() is not None:
        head, leaf = sections.read_head(reader)
        leaves.append(leaf)
        progress.report(len(leaves), None, "正在接收汇总上报")
        if reported.is_kept(session, head["receipt"]):
            taken.known += 1
        else:
            _take_section(session, actor, (reader, head, judge), address.content, taken)
        sections.skip(reader)
    check_root(content, leaves)
    return content, taken


def _take_section(
    session: Session, actor: Actor, source: tuple[LineReader, dict[str, str], Judge], report_id: str, taken: Taken
) -> None:
    reader, head, judge = source
    point = session.begin_nested()
    try:
        incoming = sections.read(session, reader, head, judge)
        rows, touched = _apply(session, actor, incoming, report_id)
        sections.require_end(reader)
        taken.problems += merging.open_duplicates(session, actor, touched)
    except FileRefusedError as error:
        point.rollback()
        sentence = error.sentence if isinstance(error, RefusedError) else str(error)
        section = reported.Section(head["receipt"], head["package"], "", judge.sender.id, 0)
        reported.note_section(session, section, judge.at, report_id, sentence)
        taken.refused.append(sentence)
        return
    point.commit()
    taken.sections += 1
    taken.items += incoming.section.items
    taken.rows += rows


def _apply(session: Session, actor: Actor, incoming: Incoming, report_id: str) -> tuple[int, merging.Touched]:
    """Keep a section for the tiers above and bring it into this tier's copy; the number of rows, and what changed."""
    changes, section = incoming.changes, incoming.section
    for item in changes.items:
        check_shape(item, incoming.school.id, incoming.school.line)
    _keep(session, incoming, report_id)
    touched = merging.Touched()
    rows = _Rows(changes.rows)
    known = reported.taken_before(session, section, changes.items)
    for place in rows.groups():
        item = changes.items[place]
        lines = rows.lines(place, CHANGE_KIND[item["kind"]])
        kept = reported.keeping(session, section.package_id, item["id"], lines)
        if (item["id"], item["attempt"]) in known:
            deque(kept, maxlen=0)
            continue
        touched.add(item, apply_item(session, actor, section.unit_id, item, kept))
    for item in changes.items:
        if item["batch"] is None and (item["id"], item["attempt"]) not in known:
            touched.add(item, apply_item(session, actor, section.unit_id, item))
    for item in reported.later_items(session, section, touched.of(STUDENTS)):  # a section that came late
        apply_item(session, actor, section.unit_id, item)
    return rows.count, touched


def _keep(session: Session, incoming: Incoming, report_id: str) -> None:
    changes, section, body = incoming.changes, incoming.section, incoming.receipt.content
    ledger.keep(session, changes.content)
    ledger.keep(session, incoming.receipt)
    names = {id(statement): statement.id for statement in changes.statements}
    for statement in changes.statements:
        ledger.keep(session, statement)
    reported.keep_leaves(session, section.package_id, changes.leaves)
    reported.note_section(session, section, str(body["at"]), report_id)
    covered = {item: names[id(statement)] for item, statement in changes.approvals.items()}
    reported.keep_items(session, section, changes.items, changes.raws, covered)


class _Rows:
    """The rows of a section, baseline by baseline, as they are read."""

    def __init__(self, rows: Iterator[PackedRow]) -> None:
        self._rows = rows
        self._ahead: PackedRow | None = None
        self.count = 0

    def groups(self) -> Iterator[int]:
        """The place of each baseline whose rows come next; what nobody takes of its `lines` is passed over."""
        self._ahead = next(self._rows, None)
        while self._ahead is not None:
            place = self._ahead[0]
            yield place
            while self._ahead is not None and self._ahead[0] == place:
                self._ahead = next(self._rows, None)

    def lines(self, place: int, kind: ChangeKind) -> Iterator[bytes]:
        """The canonical rows of the baseline at `place`, which is of `kind`."""
        while self._ahead is not None and self._ahead[0] == place:
            _, row, raw = self._ahead
            check_entry(row, kind)
            self.count += 1
            yield raw
            self._ahead = next(self._rows, None)


def told(taken: Taken) -> tuple[str, str]:
    """What a report brought, in a sentence, and the next step."""
    parts = [f"{taken.sections} 个数据包中通过的 {taken.items} 项"]
    parts += [f"名册记录 {taken.rows} 条"] if taken.rows else []
    parts += [f"另有 {taken.known} 个此前已收"] if taken.known else []
    parts += [f"{len(taken.refused)} 个未接收"] if taken.refused else []
    sentence = f"已收下 {'、'.join(parts)}，签名核对无误，已并入本级名册。{merging.found_words(taken.problems)}"
    return sentence, "请生成回执送交报送单位（“收发”页，或命令 review finish）。"


def answer(session: Session, report_id: str) -> dict[str, Any]:
    """The body of the receipt for a report that was opened: only what was not taken is named, by its receipt's id."""
    items = [
        {"id": receipt_id, "attempt": 0, "verdict": "refuse", "opinion": sentence, "values": None}
        for receipt_id, sentence in reported.refused_in(session, report_id)
    ]
    head = {"type": RECEIPT, "v": 1, "in_reply_to": report_id, "package_verdict": "opened", "reason": ""}
    return {**head, "items": items}
