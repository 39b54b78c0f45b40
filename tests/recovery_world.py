"""Units whose stores are lost or come back from a backup, for the tests of recovery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from models.domain.states import Verdict
from models.domain.units import Role
from models.services import maintenance
from models.store import tables as t
from sync.messages.sending import send
from sync.packages import inbox, outbox
from sync.recovery import resets
from tests.sync_world import PEOPLE, Member, deliver, open_member


def save(member: Member, kept: Path) -> Path:
    """Write a backup of a unit's store."""
    return maintenance.backup(member.store, kept).path


def come_back(member: Member, kept: Path) -> None:
    """The store of a unit is replaced by what its backup holds; the same `Member` goes on with it."""
    home = member.store.home
    member.store.close()
    maintenance.restore(kept, home, *PEOPLE[Role.ADMINISTRATOR])
    again = open_member(home)
    member.store, member.actors = again.store, again.actors


def empty(folder: Path) -> None:
    """Take every file off a stick."""
    for path in folder.glob("*.rollbook"):
        path.unlink()


def carry(members: Sequence[Member], times: int = 2) -> None:
    """All that waits between units goes over, the upper ones first."""
    for _ in range(times):
        for frm in members:
            frm.act(Role.REGISTRAR)
            send(frm.store, None, frm.out)
            for to in members:
                if to is not frm:
                    deliver(frm, to)


def reset(bureau: Member, below: Sequence[Member], after: int = 0) -> list[inbox.Received]:
    """A bureau writes its notice and every unit below receives it."""
    passphrase = bureau.act(Role.ADMINISTRATOR)
    path = resets.write_reset(bureau.store, passphrase, PEOPLE[Role.REGISTRAR], bureau.out, after)
    bureau.act(Role.REGISTRAR)
    return [member.receive(path) for member in below]


def send_changes(member: Member, pupils: Sequence[str], names: Sequence[str]) -> tuple[list[str], str]:
    """Changes of name of known pupils, sealed; ids of the changes and of the package."""
    ids = [member.propose(pupil, name) for pupil, name in zip(pupils, names, strict=True)]
    member.approve(ids)
    built = outbox.build(member.store, member.act(Role.REGISTRAR), member.out)
    assert built.package_id is not None
    return ids, built.package_id


def answer(bureau: Member, school: Member, package: str, verdict: Verdict = Verdict.ACCEPT) -> None:
    """The package of a school goes up, is answered, and the receipt is on the stick."""
    deliver(school, bureau)
    bureau.review_all(package, verdict, "" if verdict is Verdict.ACCEPT else "请核对")


def names_of(member: Member, pupils: Sequence[str]) -> list[str]:
    """Names of pupils in a store, in the order of their ids asked for."""
    query = select(t.student.c.id, t.student.c.name).where(t.student.c.id.in_(pupils))
    found: Mapping[str, str] = dict(member.store.read(lambda s: [tuple(row) for row in s.execute(query)]))
    return [found.get(pupil, "") for pupil in pupils]


def in_review(bureau: Member) -> list[str]:
    """Ids of the changes a bureau has still to decide on."""
    c = t.received_item.c
    return list(
        bureau.store.read(lambda s: s.execute(select(c.change_id).where(c.state == "in_review")).scalars().all())
    )


@contextmanager
def closing(members: Mapping[str, Member] | Sequence[Member]) -> Iterator[None]:
    """Close stores that took the place of others."""
    try:
        yield
    finally:
        for member in members.values() if isinstance(members, Mapping) else members:
            member.store.close()
