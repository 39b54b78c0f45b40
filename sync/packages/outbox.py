"""Packages going out: approved changes are sealed in one transaction, and written to files as often as needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.ids import check_code
from models.domain.progress import SILENT, Progress
from models.domain.signing import Signer
from models.domain.units import Actor, Role, Unit
from models.services import evidence, outgoing
from models.services.companions import require_main
from models.services.policies import effective
from models.services.units import unit_name
from models.store import clock
from sync.messages import sealing
from sync.packages import ledger
from sync.packages.dispatch import Draft, content_head, dispatch, renew_signature
from sync.packages.ledger import list_packages
from sync.refusals import RefusedError
from sync.reports import building
from sync.transport.deliveries import belonging, note_written
from sync.transport.removable import HandoverLine, HandoverSheet, folder_for, is_there, medium_of, write_out
from sync.trust.certificates import parse
from sync.trust.identity import certificates_toward, certified, ensure, require_signer, require_superior, trust_of
from sync.wire import approvals
from sync.wire.content import Item, RowsHash, evidence_lines, leaf_hash, state_content
from sync.wire.jsonlines import encode, line, long_value
from sync.wire.statements import Statement

if TYPE_CHECKING:
    from models.store.store import Store

__all__ = ["BuiltPackages", "build", "hand_over", "list_packages", "rewrite", "rewrite_unanswered"]

EVIDENCE_LIMIT: Final = 128 << 20
"""Raw bytes of evidence in one package; a package stays under 256 MiB (decision 20)."""
Prepared = tuple[Item, bytes, approvals.Key]


@dataclass(frozen=True)
class BuiltPackages:
    """What a build made: ids of the new packages, and every file written, older unanswered packages included."""

    new: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def package_id(self) -> str | None:
        """The new package of changes."""
        return self.new[0] if self.new else None


def build(
    store: Store,
    passphrase: str,
    out_dir: Path | None = None,
    change_ids: Sequence[str] | None = None,
    progress: Progress = SILENT,
) -> BuiltPackages:
    """Seal the approved changes (or those named) for the superior, then write all packages not answered yet.

    `out_dir` None is the folder of the store. Raises UserError, WrongSecretError; NotWrittenError when only the files
    failed: the packages are then in the store and `rewrite` writes them.
    """
    store.read(require_main, "打包上报")
    folder_for(store.home, out_dir)  # before anything is signed
    signer = store.signer(passphrase)
    new = store.write(_build, store.actor, signer, change_ids, store.home, progress)
    paths = rewrite_unanswered(store, out_dir, store.read(require_superior).id)
    return BuiltPackages(tuple(new), tuple(paths))


def _build(
    session: Session, actor: Actor, signer: Signer, change_ids: Sequence[str] | None, folder: Path, progress: Progress
) -> list[str]:
    require_signer(actor, signer, Role.REGISTRAR, "打包上报")
    superior = require_superior(session)
    ensure(session)
    everything = change_ids is None
    told = everything and sealing.seal_waiting(session, actor, folder, superior.id)  # names the schools of the reports
    reports = building.build(session, actor, signer, superior, folder, progress) if everything else []
    items = outgoing.items_to_seal(session, change_ids)
    if not items:
        if everything and (told or reports or ledger.unanswered(session, superior.id)):
            return reports
        raise UserError("没有已批准、待打包的事项。请先由主管领导批准，再打包。")
    prepared = [(item, raw, approvals.key_of(item, raw)) for item in items for raw in [encode(item)]]
    statements = _approvals(session, actor, prepared, superior)
    head = {**content_head(session, "changes"), "policy_version": effective(session).version}
    content = state_content(head, [leaf_hash(raw) for _, raw, _ in prepared], certified(session, signer, above=True))
    lines = _lines(session, content, prepared, statements, progress)
    new = [dispatch(session, actor, folder, Draft("changes", superior, content, len(items)), lines)]
    outgoing.mark_sealed(session, actor, [item["id"] for item in items], new[0])
    return [*new, *_build_evidence(session, actor, signer, items, superior, folder, new[0]), *reports]


def _approvals(session: Session, actor: Actor, prepared: Sequence[Prepared], superior: Unit) -> list[Statement]:
    """The approvals with certificates, judged here as the superior will judge them."""
    known = certificates_toward(session, above=True)
    found = outgoing.approvals_for(session, [item for item, _, _ in prepared])
    statements = [Statement.from_json(value).with_certificates(known) for value in found]
    setting = approvals.Setting(actor.unit.id, actor.unit.line.value, actor.person_id, clock.now(session))
    for statement in statements:
        if any(signature.certificate is None for signature in statement.signatures):
            name = statement.content["person_name"]
            raise UserError(
                f"批准人“{name}”还没有“{superior.name}”签发的证书。请重新生成入网申请，交上级更新后再打包。"
            )
    if actor.person_id not in {parse(der).subject.person_id for der in known.values()}:
        raise UserError(f"您还没有“{superior.name}”签发的证书，不能打包。请重新生成入网申请，交上级更新后再打包。")
    try:
        approvals.check([(item, key) for item, _, key in prepared], statements, trust_of(session), setting)
    except RefusedError as error:
        raise NotAllowedError(f"不能打包：{error.sentence}") from None
    return statements


def _lines(
    session: Session,
    content: Statement,
    prepared: Sequence[Prepared],
    statements: Sequence[Statement],
    progress: Progress,
) -> Iterator[bytes]:
    """The payload: content, items, approvals that point at them, and the rows of baselines."""
    yield from long_value("c", content.to_json())
    for place, (_, raw, _) in enumerate(prepared):
        if place % 500 == 0:
            progress.report(place, len(prepared), "正在打包事项")
        yield b'["i",%s]\n' % raw
    places = {key: place for place, (_, _, key) in enumerate(prepared)}
    for statement in statements:
        yield from long_value("a", approvals.pack(statement, places))
    for place, (item, _, _) in enumerate(prepared):
        if item["batch"] is not None:
            yield line("g", place)
            yield from _rows(session, item, progress)


def _rows(session: Session, item: Item, progress: Progress) -> Iterator[bytes]:
    rows, count = RowsHash(), item["batch"]["count"]
    for number, row in enumerate(outgoing.rows_of(session, item)):
        if number % 500 == 0:
            progress.report(number, count, "正在打包名册")
        raw = encode(row)
        rows.add(raw)
        yield b'["r",%s]\n' % raw
    if not rows.fits(item["batch"]):
        raise UserError(f"“{item['label']}”的学生记录与批准时的不一致，不能打包。请撤销批准后重新提交。")


def _build_evidence(
    session: Session, actor: Actor, signer: Signer, items: Sequence[Item], superior: Unit, folder: Path, changes_id: str
) -> list[str]:
    """Packages of the evidence the superior does not have yet; each file once an audience."""
    built: list[str] = []
    for entries in _portions(outgoing.evidence_to_send(session, items, superior.id)):
        heads = [{key: entry[key] for key in ("digest", "media_type", "size")} for entry in entries]
        head = {**content_head(session, "evidence"), "policy_version": 0}
        content = state_content(head, [leaf_hash(encode(h)) for h in heads], certified(session, signer, above=True))
        draft = Draft("evidence", superior, content, len(entries), in_reply_to=changes_id)
        built.append(dispatch(session, actor, folder, draft, _evidence_lines(session, content, heads)))
        outgoing.mark_evidence_sent(session, [entry["digest"] for entry in entries], superior.id, built[-1])
    return built


def _portions(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    portion: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        if portion and size + entry["size"] > EVIDENCE_LIMIT:
            yield portion
            portion, size = [], 0
        portion.append(entry)
        size += entry["size"]
    if portion:
        yield portion


def _evidence_lines(session: Session, content: Statement, heads: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    yield from long_value("c", content.to_json())
    for head in heads:
        data = evidence.content(session, head["digest"])
        if data is None:
            raise UserError("证明材料的文件不在库中，不能打包。请在变更中重新添加该文件。")
        yield from evidence_lines(head, data)


# --- writing files --------------------------------------------------------------------------------------


def rewrite(store: Store, package_id: str, out_dir: Path | None = None) -> Path:
    """Write a package from the store to a file again; signed anew when the unit's key was replaced.

    Raises UserError for an unknown package or folder, NotWrittenError.
    """
    return _write(store, [package_id], out_dir)[0]


def rewrite_unanswered(store: Store, out_dir: Path | None = None, audience: str | None = None) -> list[Path]:
    """`rewrite` for every package that nobody has answered yet, for one neighbour or all; its messages go along."""
    folder_for(store.home, out_dir)
    if not store.read_only:
        store.write(sealing.seal_waiting, store.actor, store.home, audience)
    return _write(store, [row.id for row in store.read(ledger.unanswered, audience)], out_dir)


def hand_over(store: Store, package_ids: Sequence[str], folder: Path, carrier: str = "") -> HandoverSheet:
    """Write packages to a folder or stick, read them back, note who carries them; what the sheet says.

    Everything else their audiences have not answered goes with them and stands on the sheet (decision 7).
    """
    package_ids = everything_for(store, package_ids)
    paths = _write(store, package_ids, folder)
    rows = [store.read(_require, package_id) for package_id in package_ids]
    medium = medium_of(folder)
    store.write(note_written, store.actor, [row.id for row in rows], folder, carrier)
    names = {row.audience_id: store.read(unit_name, row.audience_id) for row in rows}
    to = {audience: f"（交{name}）" if len(names) > 1 else "" for audience, name in names.items()}
    lines = [
        HandoverLine(path.name, row.title + to[row.audience_id], row.items, row.size, check_code(row.id))
        for path, row in zip(paths, rows, strict=True)
    ]
    who = "、".join(sorted(names.values()))
    return HandoverSheet(store.actor.unit.name, who, store.read(clock.now), medium, carrier, lines)


def everything_for(store: Store, package_ids: Sequence[str]) -> list[str]:
    """These packages, what waits for their audiences sealed now, and all they have not answered (decision 7)."""
    rows = [store.read(_require, one) for one in package_ids]
    if not store.read_only:
        for audience in dict.fromkeys(row.audience_id for row in rows):
            store.write(sealing.seal_waiting, store.actor, store.home, audience)
    return store.read(belonging, [row.id for row in rows])


def _require(session: Session, package_id: str) -> Row[Any]:
    row = ledger.find(session, package_id)
    if row is None or row.direction != "out":
        raise UserError(f"找不到本单位发出的包“{package_id}”，请核对编号。")
    return row


def _write(store: Store, package_ids: Sequence[str], out_dir: Path | None) -> list[Path]:
    folder = folder_for(store.home, out_dir)
    paths: list[Path] = []
    for package_id in package_ids:
        row = store.read(_require, package_id)
        if not store.read_only:
            row = store.write(renew_signature, row)
        target = folder / row.file_name
        if not is_there(target, row.file_digest):
            store.read(_write_file, row, target)
        paths.append(target)
        if out_dir is not None and row.state == ledger.SEALED and not store.read_only:
            store.write(note_written, store.actor, [row.id], folder, "")
    return paths


def _write_file(session: Session, row: Row[Any], target: Path) -> None:
    write_out(ledger.file_of(session, row.id), target, row.file_digest)
