"""Many requests certified in one go: those shown by their codes; the others listed with what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from models.domain.errors import CancelledError, UserError
from models.domain.progress import SILENT, Progress
from models.domain.signing import Signer
from models.domain.units import Actor
from models.exchange.writing import write_table
from models.services import invitations as services
from models.store import audit, clock
from sync import policies
from sync.joining import invitations
from sync.joining.enrolment import certify_asked
from sync.joining.requests import Request, read_request
from sync.packages.dispatch import file_name
from sync.refusals import NotWrittenError
from sync.transport.removable import folder_for
from sync.trust.identity import ensure
from sync.wire.signedfile import SUFFIX

if TYPE_CHECKING:
    from models.store.store import Store

LIST_TITLES: Final = ("单位", "单位代码", "结果", "说明", "申请文件", "批复文件")


@dataclass(frozen=True)
class Outcome:
    """What became of one file: certified with its reply, or not and what is missing (`note`)."""

    path: Path
    unit: str
    code: str
    note: str = ""
    reply: Path | None = None

    @property
    def label(self) -> str:
        """The result as people read it."""
        return "已批复" if self.reply else "未办理"


@dataclass(frozen=True)
class Batch:
    """Every file's outcome, and the list that was written."""

    outcomes: tuple[Outcome, ...]
    sheet: Path

    @property
    def done(self) -> int:
        """How many were certified."""
        return sum(one.reply is not None for one in self.outcomes)


def certify_all(
    store: Store,
    paths: Sequence[Path],
    passphrase: str,
    officer: tuple[str, str],
    out_dir: Path | None = None,
    progress: Progress = SILENT,
) -> Batch:
    """Certify every request among files and folders that its code shows, with one pair of passphrases.

    Replies and a list go into one folder. Each unit is certified together with its reply's file or not at all; who
    stops keeps what is done. Raises NotAllowedError, UserError, WrongSecretError, NotWrittenError.
    """
    folder = folder_for(store.home, out_dir)
    files = list(_files(paths))
    if not files:
        raise UserError("选中的文件夹里没有 .rollbook 文件。请把各单位的入网申请放进一个文件夹再试。")
    signers = policies.two_signers(store, passphrase, officer, "办理入网")
    store.write(ensure)
    asked, outcomes = _read(files)
    outcomes += _doubled(asked)
    left = [pair for pair in asked if pair[0] not in {one.path for one in outcomes}]
    try:
        for number, (path, request) in enumerate(left):
            progress.report(number, len(left), "办理入网")
            outcomes.append(_one(store, path, request, signers, folder))
        progress.report(len(left), len(left), "办理入网")
    except CancelledError:
        known = {one.path for one in outcomes}
        outcomes += [_not(path, request, "已停止，没有办理。") for path, request in left if path not in known]
    order = {path: place for place, path in enumerate(files)}
    outcomes.sort(key=lambda one: (one.reply is not None, order[one.path]))
    sheet = folder / f"批量入网结果_{store.read(_stamp)}.xlsx"
    write_table(sheet, "批量入网", LIST_TITLES, [_row(one) for one in outcomes])
    return Batch(tuple(outcomes), sheet)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]


def _read(files: Iterable[Path]) -> tuple[list[tuple[Path, Request]], list[Outcome]]:
    asked: list[tuple[Path, Request]] = []
    bad: list[Outcome] = []
    for path in files:
        try:
            asked.append((path, read_request(path)))
        except UserError as error:
            bad.append(Outcome(path, "", "", str(error)))
    return asked, bad


def _doubled(asked: Sequence[tuple[Path, Request]]) -> list[Outcome]:
    """The same request twice; which of several different ones counts is said by the code."""
    first: dict[str, Path] = {}
    for path, request in asked:
        first.setdefault(request.digest, path)
    return [
        _not(path, request, f"与“{first[request.digest].name}”是同一份申请，不重复办理。")
        for path, request in asked
        if first[request.digest] != path
    ]


def _one(store: Store, path: Path, asked: Request, signers: list[Signer], folder: Path) -> Outcome:
    note, wrong = store.read(_fault, asked)
    if note is None:
        try:
            return replace(_not(path, asked, ""), reply=store.write(_certify, store.actor, asked, signers, folder))
        except NotWrittenError:
            raise
        except UserError as error:
            note = str(error)
    elif wrong:
        store.write(_note_wrong, store.actor, asked)
    return _not(path, asked, note)


def _not(path: Path, asked: Request, note: str) -> Outcome:
    return Outcome(path, asked.unit.name, asked.unit.code, note)


def _fault(session: Session, asked: Request) -> tuple[str | None, bool]:
    """Why a request is not certified by its code, and whether it is because of a wrong code."""
    row = services.find(session, asked.invitation) if asked.invitation else None
    note = invitations.code_fault(session, asked, row)
    wrong = note is not None and row is not None and not invitations.is_proven(asked.body, row.secret)
    return note, wrong


def _note_wrong(session: Session, actor: Actor, asked: Request) -> None:
    count = services.note_wrong(session, asked.invitation, asked.digest)
    facts = {"invitation": asked.invitation, "request": asked.digest, "wrong": count}
    audit.append(session, actor, "enrolment.wrong_code", f"unit:{asked.unit.id}", facts)


def _certify(session: Session, actor: Actor, asked: Request, signers: list[Signer], folder: Path) -> Path:
    """Certify one unit and write its reply; without the file nothing of it counts."""
    statement, _ = certify_asked(session, actor, asked, signers, ready=True)
    target = folder / file_name("入网批复", asked.unit, asked.unit.code)
    return policies.write_statement(statement, target)


def _stamp(session: Session) -> str:
    return clock.now(session).replace(":", "").replace("T", "_").rstrip("Z")


def _row(one: Outcome) -> tuple[str, ...]:
    return one.unit, one.code, one.label, one.note, one.path.name, one.reply.name if one.reply else ""
