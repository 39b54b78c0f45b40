"""What a file is, by its content and never by its name; and what may be said of it without any key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.domain.ids import id_end
from models.domain.units import LINE_LABELS, TIER_LABELS, Line, Tier
from models.services.units import known_names
from sync.refusals import Fault, MalformedError, NotWrittenError, RefusedError
from sync.trust.certificates import parse
from sync.trust.words import words_of
from sync.wire import envelope, signedfile
from sync.wire.signedfile import FAMILY, SignedFile
from sync.wire.statements import Statement, is_signed_by, unbase64

if TYPE_CHECKING:
    from models.store.store import Store

REQUEST: Final = "rollbook.enrolment-request"
REPLY: Final = "rollbook.enrolment-reply"
INVITATION: Final = "rollbook.invitation"
POLICY: Final = "rollbook.policy"
RESET: Final = "rollbook.reset"
PAIR_REQUEST: Final = "rollbook.pairing-request"
PAIR_REPLY: Final = "rollbook.pairing-reply"
BACKUP_MAGIC: Final = b"RBBACKUP1\n"


class FileKind(StrEnum):
    """Every kind of file that may be handed to `receive`."""

    CHANGES = "changes"
    EVIDENCE = "evidence"
    RECEIPT = "receipt"
    MESSAGES = "messages"
    REPORT = "report"
    POLICY = "policy"
    RESET = "reset"
    ENROLMENT_REQUEST = "enrolment_request"
    ENROLMENT_REPLY = "enrolment_reply"
    INVITATION = "invitation"
    PAIRING_REQUEST = "pairing_request"
    PAIRING_REPLY = "pairing_reply"
    DRAFTS = "drafts"
    DECISIONS = "decisions"
    PART = "part"
    BACKUP = "backup"
    SPREADSHEET = "spreadsheet"
    PICTURE = "picture"
    UNKNOWN = "unknown"


KIND_LABELS: Final = {
    FileKind.CHANGES: "变更包",
    FileKind.EVIDENCE: "证明材料包",
    FileKind.RECEIPT: "回执",
    FileKind.MESSAGES: "往来函件包",
    FileKind.REPORT: "汇总上报包",
    FileKind.POLICY: "政策文件",
    FileKind.RESET: "重建通道通知",
    FileKind.ENROLMENT_REQUEST: "入网申请",
    FileKind.ENROLMENT_REPLY: "入网批复",
    FileKind.INVITATION: "入网邀请函",
    FileKind.PAIRING_REQUEST: "配对申请",
    FileKind.PAIRING_REPLY: "配对批复",
    FileKind.DRAFTS: "待核办文件",
    FileKind.DECISIONS: "核办结果文件",
    FileKind.PART: "邮件分卷",
    FileKind.BACKUP: "备份文件",
    FileKind.SPREADSHEET: "表格文件",
    FileKind.PICTURE: "图片或 PDF 文件",
    FileKind.UNKNOWN: "不认识的文件",
}
NEXT_STEPS: Final = {
    FileKind.CHANGES: "由上级单位接收（命令 receive）后核办。",
    FileKind.EVIDENCE: "由上级单位接收（命令 receive），与变更一起核办。",
    FileKind.RECEIPT: "由报送单位接收（命令 receive），接收后变更生效或退回。",
    FileKind.REPORT: "由上级单位接收（命令 receive）：下级核办通过的事项随即并入名册。",
    FileKind.MESSAGES: "由收件单位接收（命令 receive）：通知、核查等函件逐件办理或转交。",
    FileKind.POLICY: "由下级单位接收（命令 receive）后执行。",
    FileKind.RESET: "由下级单位接收（命令 receive）：接收后重新送出上级缺少的数据包。",
    FileKind.ENROLMENT_REQUEST: "由上级单位打电话逐词核对后办理入网（“设置”，或命令 unit certify）。",
    FileKind.ENROLMENT_REPLY: "由申请单位打电话逐词核对后导入（“设置”，或命令 unit trust）。",
    FileKind.INVITATION: "由受邀单位第一次使用时按它建立（“按邀请函建立”，或命令 init --invitation）。",
    FileKind.PAIRING_REQUEST: "由本单位主电脑的系统管理员逐词核对后办理（“设置”，或命令 pc accept）。",
    FileKind.PAIRING_REPLY: "由申请配对的那台电脑逐词核对后导入（“设置”，或命令 pc trust）。",
    FileKind.DRAFTS: "由主管领导在第二台电脑上接收（命令 receive）后核办。",
    FileKind.DECISIONS: "由学籍管理员在本单位主电脑上接收（命令 receive），接收后按核办结果办理。",
    FileKind.PART: "由收件单位接收全部分卷（“数据包收发”页，或命令 receive），收齐后自动合并。",
    FileKind.BACKUP: "需要时恢复（“恢复备份”，或命令 restore）。",
    FileKind.SPREADSHEET: "请导入（“导入”页，或命令 import）。",
    FileKind.PICTURE: "可作为证明材料添加到变更中（命令 change propose、change edit 的 --evidence）。",
    FileKind.UNKNOWN: "请核实文件来源。",
}
COMPANION_KINDS: Final = (FileKind.DRAFTS, FileKind.DECISIONS)
"""What the PCs of one unit exchange; an envelope outside of every channel between units (decision 2)."""
PAIRING_KINDS: Final = (FileKind.PAIRING_REQUEST, FileKind.PAIRING_REPLY)
_ENVELOPES: Final = {purpose: FileKind(purpose) for purpose in (*envelope.PURPOSES, *COMPANION_KINDS)}
_DOCUMENTS: Final = {
    POLICY: FileKind.POLICY,
    RESET: FileKind.RESET,
    REQUEST: FileKind.ENROLMENT_REQUEST,
    REPLY: FileKind.ENROLMENT_REPLY,
    INVITATION: FileKind.INVITATION,
    PAIR_REQUEST: FileKind.PAIRING_REQUEST,
    PAIR_REPLY: FileKind.PAIRING_REPLY,
}
PART_FAMILY: Final = b"ROLLPART"
_SIGNS: Final = (
    (PART_FAMILY, FileKind.PART),
    (BACKUP_MAGIC, FileKind.BACKUP),
    (b"PK\x03\x04", FileKind.SPREADSHEET),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind.SPREADSHEET),
    (b"%PDF-", FileKind.PICTURE),
    (b"\xff\xd8\xff", FileKind.PICTURE),
    (b"\x89PNG\r\n\x1a\n", FileKind.PICTURE),
)


@dataclass(frozen=True)
class Description:
    """What a file is, whose and for whom, as far as it is public; `faults` says what is wrong with its form."""

    kind: FileKind
    title: str
    issuer: str = ""
    audience: str = ""
    created: str = ""
    next_step: str = ""
    faults: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For `package inspect --json`."""
        return {**vars(self), "kind": self.kind.value, "faults": list(self.faults), "details": dict(self.details)}


def open_file(path: Path) -> SignedFile:
    """Read the head of a signed file. Raises MalformedError, or a sentence when it cannot be read at all."""
    with readable(path):
        return signedfile.read(path)


class readable:  # noqa: N801 - a context manager
    """Turns what the system says about an unreadable file into a sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise NotWrittenError(f"读不出“{self._path.name}”，文件不存在或 U 盘已拔出。请重新插好后再试。") from error


def kind_of(statement: Statement) -> FileKind:
    """The kind of a signed file, as it says itself."""
    if statement.type == envelope.TYPE:
        return _ENVELOPES.get(str(statement.content.get("purpose")), FileKind.UNKNOWN)
    return _DOCUMENTS.get(statement.type, FileKind.UNKNOWN)


def sniff(path: Path) -> FileKind:
    """The kind of a file by its first bytes. Raises MalformedError for a damaged `.rollbook` file."""
    with readable(path), path.open("rb") as source:
        start = source.read(4096)
    if start.startswith(FAMILY):
        return kind_of(open_file(path).statement)
    for sign, kind in _SIGNS:
        if start.startswith(sign):
            return kind
    return FileKind.SPREADSHEET if _is_table_text(start) else FileKind.UNKNOWN


def _is_table_text(start: bytes) -> bool:
    """Text with separators, or an HTML table under a spreadsheet's name."""
    if b"\0" in start or not start:
        return False
    lines = [line for line in start.splitlines()[:20] if line.strip()]
    rows = sum(b"," in line or b"\t" in line for line in lines)
    return 2 * rows > len(lines) or b"<table" in start.lower()


def describe(path: Path, store: Store | None = None) -> Description:
    """What is public about a file; with a store, units are called by their names. Never raises for bad content."""
    try:
        kind = sniff(path)
        if kind in _ENVELOPES.values():
            return _describe_envelope(open_file(path), _names(store))
        if kind in _DOCUMENTS.values():
            return _describe_document(kind, open_file(path), _names(store))
        if kind is FileKind.PART:
            return _describe_part(path, _names(store))
    except RefusedError as error:
        return Description(FileKind.UNKNOWN, KIND_LABELS[FileKind.UNKNOWN], faults=(error.sentence,))
    return Description(kind, KIND_LABELS[kind], next_step=NEXT_STEPS[kind])


def _names(store: Store | None) -> Mapping[str, str]:
    if store is None:
        return {}
    from models.services.companions import pc_names

    return store.read(known_names) | store.read(pc_names)


def _unit_name(unit_id: str, names: Mapping[str, str], statement: Statement | None = None) -> str:
    if unit_id in names:
        return names[unit_id]
    if statement and statement.signatures and statement.signatures[0].certificate:
        try:
            subject = parse(statement.signatures[0].certificate).subject
        except ValueError:
            return f"未登记的单位（{id_end(unit_id)}）"
        if subject.unit_id == unit_id and subject.name:
            return f"{subject.name}（证书所载，未核实）"
    return f"未登记的单位（{id_end(unit_id)}）"


def _describe_envelope(file: SignedFile, names: Mapping[str, str]) -> Description:
    faults: list[str] = []
    statement = file.statement
    try:
        parsed = envelope.parse(file)
        envelope.check_payload(file, parsed)
    except RefusedError as error:
        faults.append(error.sentence)
        parsed = envelope.parse_statement(statement)
    if not all(is_signed_by(statement, s) for s in statement.signatures) or not statement.signatures:
        faults.append(Fault.EDITED.value)
    a = parsed.address
    kind = kind_of(statement)
    details = {
        "id": a.content,
        "sequence": a.sequence,
        "epoch": a.epoch,
        "not_after": a.not_after,
        "line": LINE_LABELS.get(Line(a.line), a.line) if a.line in list(Line) else a.line,
        "suite": parsed.suite.name,
        "size": file.offset + file.payload_size,
        "in_reply_to": a.in_reply_to,
        "recipients": len(parsed.wraps),
    }
    issuer = _unit_name(a.issuer, names, statement)
    audience = _unit_name(a.audience, names)
    title = f"“{issuer}”发给“{audience}”的{KIND_LABELS[kind]}" + (f"（第 {a.sequence} 号）" if a.sequence else "")
    return Description(kind, title, issuer, audience, a.created, NEXT_STEPS[kind], tuple(faults), details)


def _describe_document(kind: FileKind, file: SignedFile, names: Mapping[str, str]) -> Description:
    body = file.statement.content
    faults = [] if all(is_signed_by(file.statement, s) for s in file.statement.signatures) else [Fault.EDITED.value]
    faults += [Fault.TRAILING.value] if file.payload_size else []
    details: dict[str, Any] = {"signatures": len(file.statement.signatures)}
    if kind is FileKind.POLICY:
        issuer = _unit_name(str(body.get("unit")), names)
        details |= {"version": body.get("version"), "tier": _tier_label(body.get("tier"))}
    elif kind is FileKind.ENROLMENT_REQUEST:
        issuer = _name_in(body.get("unit"))
        details["words"] = words_of(body)
    elif kind is FileKind.INVITATION:
        issuer = _name_in(body.get("superior"))
        details["unit"] = _name_in(body.get("unit"))
    elif kind in PAIRING_KINDS:
        unit, person = body.get("unit"), body.get("person")
        issuer = _name_in(unit if kind is FileKind.PAIRING_REPLY else person)
        details["words"] = words_of(body)
    else:
        issuer = _name_in(body.get("superior"))
        details["audience"] = str(body.get("unit"))
        details["words"] = _anchor_words(body.get("anchor"))
    at = str(body.get("at") or body.get("created") or "")
    audience = _unit_name(str(body.get("unit")), names) if kind is FileKind.ENROLMENT_REPLY else ""
    title = f"“{issuer}”的{KIND_LABELS[kind]}"
    return Description(kind, title, issuer, audience, at, NEXT_STEPS[kind], tuple(faults), details)


def _name_in(value: Any) -> str:
    return str(value.get("name", "")) if isinstance(value, dict) else ""


def _describe_part(path: Path, names: Mapping[str, str]) -> Description:
    from sync.transport.parts import read_head

    head = read_head(path)
    audience = _unit_name(head.audience, names)
    title = f"发给“{audience}”的邮件分卷（第 {head.index} 卷，共 {head.count} 卷）"
    details = {"id": head.package, "index": head.index, "count": head.count, "size": head.size, "total": head.total}
    return Description(FileKind.PART, title, "", audience, "", NEXT_STEPS[FileKind.PART], details=details)


def _anchor_words(anchor: Any) -> str:
    """The words of the anchor a reply brings; "" when it cannot be read."""
    from sync.trust.identity import anchor_words

    try:
        return anchor_words(parse(unbase64(anchor)))
    except (TypeError, ValueError):
        return ""


def _tier_label(value: Any) -> str:
    return TIER_LABELS[Tier(value)] if value in list(Tier) else ""


def require_kind(path: Path, wanted: FileKind) -> None:
    """Refuse a file of another kind, saying what it is and where it belongs. Raises MalformedError."""
    found = sniff(path)
    if found is FileKind.UNKNOWN:
        raise MalformedError(Fault.NOT_SIGNED_FILE)
    if found is not wanted:
        step = f"{KIND_LABELS[found]}{NEXT_STEPS[found]}"
        raise MalformedError(Fault.OTHER_DOOR, found=KIND_LABELS[found], wanted=KIND_LABELS[wanted], step=step)


def require_whole(file: SignedFile) -> None:
    """A document has nothing after its statement. Raises MalformedError."""
    if file.payload_size:
        raise MalformedError(Fault.TRAILING)
