"""Parsers of foreign bytes that look into a store while they read: each runs in a transaction that is taken back.

The store is a county's between an invented city and a school, made once a process; keys and certificates are none,
so what needs them is refused after its shape was read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.progress import SILENT
from models.domain.units import Unit
from models.store import audit
from models.store import tables as t
from models.store.store import Store
from sync.companions import decisions, taking
from sync.joining.requests import unit_json
from sync.messages.handlers import HANDLERS
from sync.messages.message import Message
from sync.recovery import resets
from sync.refusals import RefusedError
from sync.reports import sections
from sync.transport import incoming, parts
from sync.trust import identity, revocation
from sync.trust.chains import Trust
from sync.wire.jsonlines import LineReader, decode
from sync.wire.misshapen import MISSHAPEN
from sync.wire.statements import Statement
from tests.sync_world import CITY, COUNTY, PEOPLE, SCHOOL, Role, found

AT = "2026-11-22T00:00:00Z"


class _Undone(Exception):  # noqa: N818 - no fault
    pass


@cache
def _store() -> Store:
    home = Path(tempfile.mkdtemp(prefix="rollbook-fuzz-")) / "county"
    found(home, COUNTY)
    store = Store.open(home, *PEOPLE[Role.ADMINISTRATOR])

    def neighbours(session: Session) -> None:
        for unit, above in ((CITY, None), (SCHOOL, COUNTY.id)):
            session.execute(t.unit.insert().values(**_row(unit), superior_id=above))
        session.execute(t.unit.update().where(t.unit.c.id == COUNTY.id).values(superior_id=CITY.id))
        identity.ensure(session)
        audit.append(session, None, "test.units", "unit:test", {})

    store.write(neighbours)
    return store


def _row(unit: Unit) -> dict[str, Any]:
    return {**unit_json(unit), "is_self": 0, "state": "active"}


def _undone(act: Callable[[Session], object]) -> None:
    def run(session: Session) -> None:
        act(session)
        raise _Undone

    with suppress(_Undone):
        _store().write(run)


class _Lines:
    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.split(b"\n"))

    def next_line(self) -> bytes | None:
        return next(self._lines, None) or None


def message_body(data: bytes) -> None:
    """{"kind", "from", "body"}: the body of a message of any kind, at its handler."""
    try:
        value = decode(data)
        kind, origin, body = str(value["kind"]), str(value["from"]), dict(value["body"])
    except (KeyError, TypeError, ValueError):
        return
    handler = HANDLERS.get(kind)
    if handler is None:
        return
    message = Message("0" * 64, kind, SCHOOL.id, origin, COUNTY.id, AT, "", "", "", body, (), Statement("", b"{}", ()))

    def act(session: Session) -> None:
        with suppress(UserError, *MISSHAPEN):
            handler(session, _store().actor, message)

    _undone(act)


def report_lines(data: bytes) -> None:
    """The lines of a report after its content: chain, and one section after the other."""

    def act(session: Session) -> None:
        reader = LineReader(_Lines(data))
        with suppress(RefusedError):
            judge = sections.Judge(SCHOOL, Trust(()).extended(sections.read_chain(reader)), AT)
            while reader.peek() is not None:
                head, _ = sections.read_head(reader)
                with suppress(RefusedError):
                    sections.read(session, reader, head, judge)
                sections.skip(reader)

    _undone(act)


def companion_lines(data: bytes) -> None:
    """What the unit's other PC writes: drafts at the second, decisions at the main one."""
    actor = _store().actor
    person = SimpleNamespace(person_id=actor.person_id, name=actor.name, signing_key=b"")

    def drafts(session: Session) -> None:
        with suppress(UserError, *MISSHAPEN):
            taking._take_lines(session, actor, None, LineReader(_Lines(data)), (taking.TakenDrafts(), SILENT))  # type: ignore[arg-type]

    def told(session: Session) -> None:
        reader = LineReader(_Lines(data))
        with suppress(UserError, *MISSHAPEN):
            changes = decisions._changes(reader)
            approved = decisions._Approved(decisions._statements(reader), person, actor)  # type: ignore[arg-type]
            decisions._carry_out(session, actor, person, changes, approved)  # type: ignore[arg-type]

    _undone(drafts)
    _undone(told)


def revocation_list(data: bytes) -> None:
    """A list of revocations as its statement's body."""
    try:
        statement = Statement.built(decode(data), [])
    except (KeyError, TypeError, ValueError):
        return

    def act(session: Session) -> None:
        with suppress(RefusedError):
            entries = revocation._shape(statement.content)
            revocation.enter(session, COUNTY.id, entries)
            revocation.take(session, _store().actor, statement)

    _undone(act)


def reset_notice(data: bytes) -> None:
    """A superior's notice that its channels begin anew, as its statement's body; who signed is judged last."""
    try:
        statement = Statement.built(decode(data), [])
    except (KeyError, TypeError, ValueError):
        return

    def act(session: Session) -> None:
        with suppress(RefusedError):
            resets.take(session, _store().actor, statement)

    _undone(act)


@cache
def _parts() -> Path:
    return Path(tempfile.mkdtemp(prefix="rollbook-fuzz-"))


def mail_part(data: bytes) -> None:
    """One part, and what it makes together with itself when it says that it is all."""
    path, home = _parts() / "1.dat", _parts()
    path.write_bytes(data)
    try:
        parts.read_head(path)
        found_set = incoming.keep(home, path)
        if not found_set.missing:
            incoming.join(home, found_set)
        incoming.drop(home, found_set)
    except UserError:
        return
