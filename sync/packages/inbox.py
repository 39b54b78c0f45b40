"""Files coming in: what a file is, whose and for whom, whether it is to be believed, and the next step with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor, Role
from models.services.companions import require_main
from models.store import audit
from sync import policies
from sync.formats import COMPANION_KINDS, KIND_LABELS, NEXT_STEPS, PAIRING_KINDS, FileKind, open_file, sniff
from sync.messages import missing, traces
from sync.packages import heads, ledger, receipts
from sync.packages.arrival import Arrival, about, authenticate, check_deadline, check_still
from sync.packages.openers import OPENERS, Received, file_facts, told
from sync.recovery import resets
from sync.refusals import Fault, MalformedError, OutOfTurnError, RefusedError
from sync.trust.identity import opening_keys
from sync.wire import envelope as envelopes
from sync.wire.signedfile import SignedFile

if TYPE_CHECKING:
    from models.store.store import Store

__all__ = ["Received", "receive"]

_PACKAGES: Final = (FileKind.CHANGES, FileKind.EVIDENCE, FileKind.RECEIPT, FileKind.MESSAGES, FileKind.REPORT)
_ENROLMENT: Final = (FileKind.ENROLMENT_REQUEST, FileKind.ENROLMENT_REPLY, *PAIRING_KINDS)
_FOR_OTHER_DOORS: Final = (FileKind.BACKUP, FileKind.SPREADSHEET, FileKind.PICTURE)
_REFUSED_STEPS: Final = {
    "changes": "请生成退包回执并送交发件单位，其中的事项会退回待打包。",
    "report": "请生成退包回执并送交发件单位，其中的事项会重新上报。",
    "receipt": "请把等待发出的文件送往上级，上级收到后会重发还能打开的回执；仍不行时请上级核对。",
    "messages": "对方收到本单位的下一个函件包后会自动重发。",
}


def receive(store: Store, path: Path, passphrase: str | None = None, progress: Progress = SILENT) -> Received:
    """Say what a file is, verify it and take the next step; everything is verified before it is opened.

    A package refused for its content is recorded and its number used up; it comes back as `Received.refused` with
    its sentence, and a receipt can be made for it: at once with the `passphrase` of the registrar, else later by
    `receipts.finish_review`. Raises RefusedError (exit code 1) when nothing was taken over.
    """
    kind = sniff(path)
    if kind in COMPANION_KINDS:
        from sync.companions.receiving import receive_companion

        return receive_companion(store, path, progress)
    store.read(require_main, "接收其他单位的文件")
    if kind is FileKind.PART:
        from sync.packages import receiving  # it calls this function for the whole

        return receiving.receive(store, path, passphrase, progress)
    if kind is FileKind.POLICY:
        return _received_policy(store, path)
    if kind is FileKind.RESET:
        return _received_reset(store, path)
    if kind in _ENROLMENT:
        return Received(
            kind, KIND_LABELS[kind], f"这是{KIND_LABELS[kind]}，要先打电话核对词语，没有接收。", NEXT_STEPS[kind]
        )
    if kind in _FOR_OTHER_DOORS:
        raise MalformedError(Fault.NOT_FOR_RECEIVING, found=KIND_LABELS[kind], step=NEXT_STEPS[kind])
    if kind not in _PACKAGES:
        raise MalformedError(Fault.NOT_SIGNED_FILE)
    received = _receive_package(store, open_file(path), progress)
    if passphrase is not None and received.package_id is not None and _answered_at_once(store.actor, received):
        reply = receipts.finish_review(store, received.package_id, passphrase)
        label = "退包回执" if received.refused else "回执"
        received = replace(received, next_step=f"已生成{label}“{reply.name}”，请送交发件单位。")
    if received.state == ledger.HELD:
        return received
    return replace(received, also=tuple(_take_held(store, received, progress)))


def _answered_at_once(actor: Actor, received: Received) -> bool:
    """What needs no review: a package refused for its content, and a report."""
    if not actor.has(Role.REGISTRAR) or received.state == ledger.HELD:
        return False
    return received.kind is FileKind.REPORT or (received.refused and received.kind is FileKind.CHANGES)


def _received_policy(store: Store, path: Path) -> Received:
    taken = policies.receive_policy(store, path)
    title = f"“{taken.issuer.name}”的政策文件（第 {taken.version} 版）"
    sentence = store.read(policies.sentence, taken) + "。"
    step = "可以查看（“设置”页，或命令 policy show）。"
    if taken.passed_on:
        step += "请把待转发的政策送往下级（命令 package send）。"
    return Received(FileKind.POLICY, title, sentence, step)


def _received_reset(store: Store, path: Path) -> Received:
    issuer, sentence = resets.receive_reset(store, path)
    step = "请把等待送出的文件送往上级（“收发”页，或命令 package send）。"
    return Received(FileKind.RESET, f"“{issuer.name}”的重建通道通知", f"{sentence}。", step)


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
    except OutOfTurnError as error:
        raise error.told_about(what) from None
    except FileRefusedError as error:
        sentence = error.sentence if isinstance(error, RefusedError) else str(error)
        if not arrival.address.sequence:  # outside the channel: nothing to move on, it can simply be sent again
            raise (error.told_about(what) if isinstance(error, RefusedError) else error) from None
        passing = isinstance(error, RefusedError) and error.fault in (Fault.EXPIRED, Fault.NOT_A_RECIPIENT)
        return store.write(_refuse, store.actor, arrival, what, sentence, passing)
    return replace(received, warnings=arrival.warnings + received.warnings)


def _hold(session: Session, actor: Actor, arrival: Arrival, what: str) -> Received:
    """Keep an early package aside, unopened, until the gap is filled (decision 7)."""
    check_still(session, arrival)
    address = arrival.address
    ledger.add(session, address, direction="in", state=ledger.HELD, items=0, file=file_facts(arrival))
    with arrival.file.path.open("rb") as source:
        ledger.keep_file(session, address.content, iter(lambda: source.read(1 << 20), b""))
    audit.append(session, actor, "package.hold", f"package:{address.content}", {"sequence": address.sequence})
    missing.ask(session, address, arrival.missing)
    numbers = "、".join(str(n) for n in arrival.missing)
    sentence = f"{what}前面还缺“{arrival.issuer.name}”的第 {numbers} 号包，已暂存，收到后自动处理。"
    step = f"请“{arrival.issuer.name}”补交第 {numbers} 号包。"
    return told(arrival, what, sentence, step, ledger.HELD)


def _refuse(session: Session, actor: Actor, arrival: Arrival, what: str, sentence: str, passing: bool) -> Received:
    """The envelope was authentic: its number is used up, and a receipt will say why (decision 7).

    Messages come again, and so does a receipt when the reason is `passing`.
    """
    check_still(session, arrival)
    address = arrival.address
    ledger.add(session, address, direction="in", state=ledger.REFUSED, items=0, file=file_facts(arrival), note=sentence)
    ledger.drop_file(session, address.content)
    ledger.set_state(session, address.content, ledger.REFUSED, sentence)
    ledger.move(session, address)
    body = {"sequence": address.sequence, "reason": sentence}
    audit.append(session, actor, "package.refuse", f"package:{address.content}", body)
    if address.purpose == "messages" or (address.purpose == "receipt" and passing):
        traces.bounce(session, address, sentence)
    return replace(told(arrival, what, what + sentence, _REFUSED_STEPS[address.purpose], ledger.REFUSED), refused=True)


def _take(session: Session, actor: Actor, arrival: Arrival, what: str, progress: Progress) -> Received:
    """Open an authentic package whose turn it is, and record what it holds, all in this transaction."""
    if ledger.pass_over(session, arrival.address):
        sentence = f"{what}此前已按旧编号接收，没有改动，编号已接续。"
        return told(arrival, what, sentence, "没有需要办理的事项。", ledger.ANSWERED)
    check_still(session, arrival)
    check_deadline(session, arrival.address)
    key = envelopes.unwrap(arrival.envelope, opening_keys(session))
    with arrival.file.path.open("rb") as source:
        reader = envelopes.read_payload(arrival.file, arrival.envelope, key, source)
        received = OPENERS[arrival.address.purpose](session, actor, arrival, reader, progress)
    ledger.drop_file(session, arrival.address.content)
    if arrival.address.sequence:
        ledger.move(session, arrival.address)
        ledger.acknowledge(session, arrival.address)
    received = replace(received, warnings=received.warnings + heads.compare(session, actor, arrival))
    return replace(received, title=what.removeprefix("这是").removesuffix("。"))


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
