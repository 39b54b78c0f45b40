"""Files coming in: what a file is, whose and for whom, whether it is to be believed, and the next step with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.progress import SILENT, Progress
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.services import reported, review
from models.services.policies import coming, effective, in_force_version
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync import envelope as envelopes
from sync import ledger, opening, policies, receipts
from sync.arrival import Arrival, about, authenticate, check_deadline
from sync.content import Item
from sync.formats import KIND_LABELS, NEXT_STEPS, FileKind, open_file, sniff
from sync.identity import ensure, opening_keys
from sync.jsonlines import LineReader
from sync.refusals import Fault, MalformedError, RefusedError
from sync.signedfile import SignedFile

if TYPE_CHECKING:
    from models.store.store import Store

_PACKAGES: Final = (FileKind.CHANGES, FileKind.EVIDENCE, FileKind.RECEIPT)
_ENROLMENT: Final = (FileKind.ENROLMENT_REQUEST, FileKind.ENROLMENT_REPLY)
_FOR_OTHER_DOORS: Final = (FileKind.BACKUP, FileKind.SPREADSHEET, FileKind.PICTURE)


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

    def to_json(self) -> dict[str, Any]:
        """For `receive --json`."""
        return {
            **vars(self), "kind": self.kind.value, "counts": dict(self.counts), "warnings": list(self.warnings),
            "also": [other.to_json() for other in self.also],
        }  # fmt: skip


def receive(store: Store, path: Path, passphrase: str | None = None, progress: Progress = SILENT) -> Received:
    """Say what a file is, verify it and take the next step; everything is verified before it is opened.

    A package refused for its content is recorded and its number used up; it comes back as `Received.refused` with
    its sentence, and a receipt can be made for it: at once with the `passphrase` of the registrar, else later by
    `receipts.finish_review`. Raises RefusedError (exit code 1) when nothing was taken over.
    """
    kind = sniff(path)
    if kind is FileKind.POLICY:
        return _received_policy(store, path)
    if kind in _ENROLMENT:
        return Received(
            kind, KIND_LABELS[kind], f"这是{KIND_LABELS[kind]}，要先打电话核对词语，没有接收。", NEXT_STEPS[kind]
        )
    if kind in _FOR_OTHER_DOORS:
        raise MalformedError(Fault.NOT_FOR_RECEIVING, found=KIND_LABELS[kind], step=NEXT_STEPS[kind])
    if kind not in _PACKAGES:
        raise MalformedError(Fault.NOT_SIGNED_FILE)
    received = _receive_package(store, open_file(path), progress)
    answerable = received.refused and received.kind is FileKind.CHANGES and store.actor.has(Role.REGISTRAR)
    if answerable and passphrase is not None and received.package_id is not None:
        reply = receipts.finish_review(store, received.package_id, passphrase)
        received = replace(received, next_step=f"已生成退包回执“{reply.name}”，请送交发件单位。")
    if received.state == ledger.HELD:
        return received
    return replace(received, also=tuple(_take_held(store, received, progress)))


def _received_policy(store: Store, path: Path) -> Received:
    version, issuer, warnings = policies.receive_policy(store, path)
    title = f"“{issuer}”的政策文件（第 {version} 版）"
    sentence = f"已接收第 {version} 版政策，{store.read(_starts, version)}。"
    return Received(FileKind.POLICY, title, sentence, "可以查看（“设置”页，或命令 policy show）。", warnings=warnings)


def _starts(session: Session, version: int) -> str:
    """From when the superior's policy of `version` holds, and what holds until then."""
    later = next((one for one in coming(session) if one.version == version), None)
    if later is None:
        return "从现在起执行"
    held = in_force_version(session, later.unit_id)
    until = f"在此之前仍按第 {held} 版执行" if held else "在此之前按原有规定执行"
    return f"自 {local_day(later.effective_from)} 起执行，{until}"


def _receive_package(store: Store, file: SignedFile, progress: Progress) -> Received:
    envelope = envelopes.parse_statement(file.statement)
    what = store.read(about, envelope.address)
    try:
        envelope = envelopes.parse(file)
        arrival = store.read(authenticate, file, envelope)
    except RefusedError as error:
        raise error.told_about(what) from None
    if arrival.missing:
        return store.write(_hold, store.actor, arrival, what)
    try:
        received = store.write(_take, store.actor, arrival, what, progress)
    except FileRefusedError as error:
        sentence = error.sentence if isinstance(error, RefusedError) else str(error)
        if not arrival.address.sequence:  # outside the channel: nothing to move on, it can simply be sent again
            raise (error.told_about(what) if isinstance(error, RefusedError) else error) from None
        return store.write(_refuse, store.actor, arrival, what, sentence)
    return replace(received, warnings=arrival.warnings + received.warnings)


def _file_facts(arrival: Arrival) -> tuple[str, int, str]:
    return arrival.file.path.name, arrival.file.offset + arrival.file.payload_size, arrival.envelope.sha256


def _hold(session: Session, actor: Actor, arrival: Arrival, what: str) -> Received:
    """Keep an early package aside, unopened, until the gap is filled (decision 7)."""
    address = arrival.address
    ledger.add(session, address, direction="in", state=ledger.HELD, items=0, file=_file_facts(arrival))
    with arrival.file.path.open("rb") as source:
        ledger.keep_file(session, address.content, iter(lambda: source.read(1 << 20), b""))
    audit.append(session, actor, "package.hold", f"package:{address.content}", {"sequence": address.sequence})
    numbers = "、".join(str(n) for n in arrival.missing)
    sentence = f"{what}前面还缺“{arrival.issuer.name}”的第 {numbers} 号包，已暂存，收到后自动处理。"
    step = f"请“{arrival.issuer.name}”补交第 {numbers} 号包。"
    return _received(arrival, what, sentence, step, ledger.HELD)


def _received(
    arrival: Arrival, what: str, sentence: str, step: str, state: str, counts: Mapping[str, int] | None = None
) -> Received:
    kind = FileKind(arrival.address.purpose)
    title = what.removeprefix("这是").removesuffix("。")
    return Received(kind, title, sentence, step, arrival.address.content, state, counts or {}, arrival.warnings)


def _refuse(session: Session, actor: Actor, arrival: Arrival, what: str, sentence: str) -> Received:
    """The envelope was authentic: its number is used up, and a receipt will say why (decision 7)."""
    address = arrival.address
    ledger.add(
        session, address, direction="in", state=ledger.REFUSED, items=0, file=_file_facts(arrival), note=sentence
    )
    ledger.drop_file(session, address.content)
    ledger.set_state(session, address.content, ledger.REFUSED, sentence)
    ledger.move(session, address)
    body = {"sequence": address.sequence, "reason": sentence}
    audit.append(session, actor, "package.refuse", f"package:{address.content}", body)
    down = address.purpose == "receipt"
    step = "请上级重新生成回执。" if down else "请生成退包回执并送交发件单位，其中的事项会退回待打包。"
    return replace(_received(arrival, what, what + sentence, step, ledger.REFUSED), refused=True)


def _take(session: Session, actor: Actor, arrival: Arrival, what: str, progress: Progress) -> Received:
    """Open an authentic package whose turn it is, and record what it holds, all in this transaction."""
    ensure(session)
    check_deadline(session, arrival.address)
    key = envelopes.unwrap(arrival.envelope, opening_keys(session))
    with arrival.file.path.open("rb") as source:
        reader = envelopes.read_payload(arrival.file, arrival.envelope, key, source)
        received = _OPENERS[arrival.address.purpose](session, actor, arrival, reader, progress)
    ledger.drop_file(session, arrival.address.content)
    if arrival.address.sequence:
        ledger.move(session, arrival.address)
        ledger.acknowledge(session, arrival.address)
    return replace(received, title=what.removeprefix("这是").removesuffix("。"))


def _take_changes(session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress) -> Received:
    address = arrival.address
    changes = opening.read_changes(reader, address, arrival.trust, arrival.at)
    ledger.keep(session, changes.content)
    count = len(changes.items)
    ledger.add(session, address, direction="in", state=ledger.OPENED, items=count, file=_file_facts(arrival))
    statements = {statement.id: statement.to_json() for statement in changes.approvals.values()}
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
    received = _received(arrival, "", sentence, "请逐项核办（“核办”页，或命令 review list）。", ledger.OPENED, counts)
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
    return (f"对方按第 {oldest} 版政策办理，本单位现行的是第 {held} 版，核办时请留意。",)


def _take_evidence(
    session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress
) -> Received:
    address = arrival.address
    content, files = opening.read_evidence(reader, address, arrival.trust, arrival.at)
    count = 0
    for count, item in enumerate(files, 1):
        progress.report(count, None, "正在接收证明材料")
        row = {"digest": item.digest, "media_type": item.media_type, "size": len(item.data), "content": item.data}
        session.execute(upsert(t.evidence).values(**row, added_at=now_text()).on_conflict_do_nothing())
    ledger.keep(session, content)
    ledger.add(session, address, direction="in", state=ledger.ANSWERED, items=count, file=_file_facts(arrival))
    audit.append(session, actor, "evidence.receive", f"package:{address.content}", {"files": count})
    sentence = f"已收到证明材料 {count} 份，核对无误。"
    return _received(
        arrival, "", sentence, "核办时可以查看（“核办”页，或命令 review show）。", ledger.ANSWERED, {"files": count}
    )


def _take_receipt(session: Session, actor: Actor, arrival: Arrival, reader: LineReader, progress: Progress) -> Received:
    address = arrival.address
    statement = opening.read_receipt(reader, address, arrival.trust, arrival.at)
    outcome = receipts.apply(session, actor, statement, arrival)
    ledger.keep(session, statement)
    count = len(statement.content["items"])
    ledger.add(session, address, direction="in", state=ledger.ANSWERED, items=count, file=_file_facts(arrival))
    sentence, step, counts = receipts.told(statement.content, outcome)
    return _received(arrival, "", sentence, step, ledger.ANSWERED, counts)


_Opener = Callable[[Session, Actor, Arrival, LineReader, Progress], Received]
_OPENERS: Final[Mapping[str, _Opener]] = {
    "changes": _take_changes,
    "evidence": _take_evidence,
    "receipt": _take_receipt,
}


def _take_held(store: Store, received: Received, progress: Progress) -> Iterator[Received]:
    """Take what waited for this package, in order; each is judged again now that it is its turn."""
    while (held := store.read(_next_held, received.package_id)) is not None:
        package_id, name = held
        with tempfile.TemporaryDirectory(dir=store.home) as folder:
            path = Path(folder) / name
            with path.open("wb") as target:
                store.read(_copy_file, package_id, target.write)
            try:
                yield _receive_package(store, open_file(path), progress)
            except RefusedError as error:
                store.write(_drop_held, store.actor, package_id, error.sentence)
                yield Received(FileKind.UNKNOWN, name, str(error), package_id=package_id, refused=True)


def _copy_file(session: Session, package_id: str, write: Callable[[bytes], int]) -> None:
    for block in ledger.file_of(session, package_id):
        write(block)


def _next_held(session: Session, package_id: str | None) -> tuple[str, str] | None:
    row = ledger.find(session, package_id or "")
    if row is None:
        return None
    place = ledger.place_of(session, row.issuer_id, row.audience_id, row.line)
    for held in ledger.held_in(session, row.issuer_id, row.audience_id, row.line):
        if held.sequence <= place.sequence + 1:
            return held.id, held.file_name
    return None


def _drop_held(session: Session, actor: Actor, package_id: str, sentence: str) -> None:
    """What was kept aside cannot be taken after all: it does not follow what has come before it."""
    ledger.set_state(session, package_id, ledger.REFUSED, sentence)
    ledger.drop_file(session, package_id)
    audit.append(session, actor, "package.drop", f"package:{package_id}", {"reason": sentence})
