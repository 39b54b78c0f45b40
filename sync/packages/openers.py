"""What is done with each kind of package once its envelope is authentic and it is its turn (decision 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.ids import check_code
from models.domain.progress import Progress
from models.domain.units import Actor
from models.services import reported, review
from models.services.policies import effective
from models.services.units import own_unit, superior_id_of
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.formats import FileKind
from sync.messages import receiving
from sync.packages import heads, ledger, opening, receipts
from sync.packages.arrival import Arrival
from sync.recovery import telling
from sync.reports import taking
from sync.wire.content import Item
from sync.wire.jsonlines import LineReader

_MOST_NOTE: Final = 2000
_MOST_FAULTS: Final = 20


@dataclass(frozen=True)
class Received:
    """What was taken in. `sentence` says what happened, `next_step` what to do; `state` is the package's state.

    `counts`: items, rows, files, accepted ... `also`: what was taken after it because it filled a gap.
    """

    kind: FileKind
    title: str
    sentence: str
    next_step: str = ""
    package_id: str | None = None
    state: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    also: tuple[Received, ...] = ()
    refused: bool = False

    @property
    def check_code(self) -> str:
        """What giver and taker compare; "" for what is no package, or not a whole one."""
        return "" if self.kind is FileKind.PART or not self.package_id else check_code(self.package_id)

    def to_json(self) -> dict[str, Any]:
        """For `receive --json`."""
        return {
            **vars(self), "kind": self.kind.value, "check_code": self.check_code, "counts": dict(self.counts),
            "warnings": list(self.warnings), "also": [other.to_json() for other in self.also],
        }  # fmt: skip


def file_facts(arrival: Arrival) -> tuple[str, int, str]:
    name = "".join(sign if sign.isprintable() else "_" for sign in arrival.file.path.name)  # it will be shown
    return name, arrival.file.offset + arrival.file.payload_size, arrival.envelope.sha256


def told(
    arrival: Arrival, what: str, sentence: str, step: str, state: str, counts: Mapping[str, int] | None = None
) -> Received:
    kind = FileKind(arrival.address.purpose)
    title = what.removeprefix("这是").removesuffix("。")
    return Received(kind, title, sentence, step, arrival.address.content, state, counts or {}, arrival.warnings)


def _take_changes(session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress) -> Received:
    address = arrival.address
    changes = opening.read_changes(reader, address, arrival.trust, arrival.at)
    ledger.keep(session, changes.content)
    count = len(changes.items)
    ledger.add(session, address, direction="in", state=ledger.OPENED, items=count, file=file_facts(arrival))
    statements = {statement.id: statement.to_json() for statement in changes.statements}
    counted = _Counted(changes.rows, progress)
    review.record_received(session, address.content, address.issuer, changes.items, statements, counted, changes.raws)
    if len(changes.leaves) > count:
        reported.keep_leaves(session, address.content, changes.leaves)
    for _ in counted:  # the reader itself says at the end whether all rows were there
        pass
    body = {"sequence": address.sequence, "items": count, "rows": counted.count}
    audit.append(session, actor, "package.receive", f"package:{address.content}", body)
    sentence = f"已收到 {count} 项" + (f"、名册记录 {counted.count} 条" if counted.count else "") + "，签名核对无误。"
    counts = {"items": count, "rows": counted.count}
    received = told(arrival, "", sentence, "请逐项核办（“核办”页，或命令 review list）。", ledger.OPENED, counts)
    return replace(received, warnings=_policy_warnings(session, changes.items))


class _Counted:
    """Rows on their way to the store, counted and told to the progress."""

    def __init__(self, rows: Iterator[opening.PackedRow], progress: Progress) -> None:
        self._rows, self._progress, self.count = rows, progress, 0

    def __iter__(self) -> Iterator[opening.PackedRow]:
        for row in self._rows:
            self.count += 1
            if self.count % 500 == 0:
                self._progress.report(self.count, None, "正在接收名册")
            yield row


def _policy_warnings(session: Session, items: list[Item]) -> tuple[str, ...]:
    held = effective(session).version
    oldest = min((item["policy_version"] for item in items), default=held)
    if oldest >= held:
        return ()
    return (f"对方按总第 {oldest} 版政策办理，本单位现行的是总第 {held} 版，核办时请留意。",)


def _take_evidence(
    session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress
) -> Received:
    address = arrival.address
    given_back = superior_id_of(session, own_unit(session).id) == address.issuer
    content, files = opening.read_evidence(reader, address, arrival.trust, arrival.at, given_back=given_back)
    count = 0
    for count, item in enumerate(files, 1):
        progress.report(count, None, "正在接收证明材料")
        row = {"digest": item.digest, "media_type": item.media_type, "size": len(item.data), "content": item.data}
        session.execute(upsert(t.evidence).values(**row, added_at=now_text()).on_conflict_do_nothing())
    ledger.keep(session, content)
    ledger.add(session, address, direction="in", state=ledger.ANSWERED, items=count, file=file_facts(arrival))
    audit.append(session, actor, "evidence.receive", f"package:{address.content}", {"files": count})
    if given_back:
        telling.confirm_evidence(session, actor, address)
    sentence = f"已收到证明材料 {count} 份，核对无误。"
    return told(
        arrival, "", sentence, "核办时可以查看（“核办”页，或命令 review show）。", ledger.ANSWERED, {"files": count}
    )


def _take_receipt(session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress) -> Received:
    address = arrival.address
    statement = opening.read_receipt(reader, address, arrival.trust, arrival.at)
    warnings = heads.check_countersigned(session, statement)
    outcome = receipts.apply(session, actor, statement, arrival)
    ledger.keep(session, statement)
    count = len(statement.content["items"])
    ledger.add(session, address, direction="in", state=ledger.ANSWERED, items=count, file=file_facts(arrival))
    sentence, step, counts = receipts.told(statement.content, outcome)
    return replace(told(arrival, "", sentence, step, ledger.ANSWERED, counts), warnings=warnings)


def _take_messages(
    session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress
) -> Received:
    address = arrival.address
    outcome = receiving.take(session, actor, arrival, reader)
    count, note = outcome.counts.total(), "；".join(outcome.faults)[:_MOST_NOTE]
    facts = file_facts(arrival)
    ledger.add(session, address, direction="in", state=ledger.ANSWERED, items=count, file=facts, note=note)
    audit.append(session, actor, "package.receive", f"package:{address.content}", dict(outcome.counts))
    counts = {"items": count, **outcome.counts}
    received = told(arrival, "", outcome.sentence, outcome.next_step, ledger.ANSWERED, counts)
    return replace(received, warnings=tuple(outcome.faults[:_MOST_FAULTS]))


def _take_report(session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress) -> Received:
    address = arrival.address
    content, taken = taking.take(session, actor, arrival, reader, progress)
    ledger.keep(session, content)
    ledger.add(session, address, direction="in", state=ledger.OPENED, items=taken.items, file=file_facts(arrival))
    counts = {key: value for key, value in vars(taken).items() if key != "refused"}
    body = {"sequence": address.sequence, **counts, "refused": len(taken.refused)}
    audit.append(session, actor, "report.take", f"package:{address.content}", body)
    sentence, step = taking.told(taken)
    received = told(arrival, "", sentence, step, ledger.OPENED, counts)
    return replace(received, warnings=tuple(dict.fromkeys(taken.refused)))


_Opener = Callable[[Session, Actor, Arrival, LineReader, Progress], Received]
OPENERS: Final[Mapping[str, _Opener]] = {
    "changes": _take_changes,
    "evidence": _take_evidence,
    "receipt": _take_receipt,
    "messages": _take_messages,
    "report": _take_report,
}
