"""Two PCs of one school: the registrar's with the sealing store, and the head's, with files between them (decision 2)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import canonical
from models.domain.states import Event
from models.domain.units import Role
from models.services import change_views, changes, companions, evidence, operators
from models.services.policies import effective
from models.store import audit, restoring
from models.store import tables as t
from models.store.errors import WrongSecretError
from models.store.store import Store
from models.store.touched import verify_rows
from sync import enrolment, inbox, outbox
from sync.companions import decisions, drafts, pairing
from sync.refusals import Fault, RefusedError
from tests.sync_world import CHEAPEST, PEOPLE, Member, enrol, make_template, opened

NAME, SECRET = PEOPLE[Role.HEAD]
SECOND_SECRET = "second meadow passage 74"


@dataclass
class Head:
    """The head's PC: its store, open."""

    store: Store

    def receive(self, path: Path) -> inbox.Received:
        return inbox.receive(self.store, path)

    def approve(self, ids: list[str]) -> str:
        signer = self.store.signer(SECOND_SECRET)
        return self.store.write(changes.approve, self.store.actor, signer, ids, "同意")

    def state_of(self, change_id: str) -> str | None:
        return self.store.read(
            lambda s: s.execute(select(t.change.c.state).where(t.change.c.id == change_id)).scalar()
        )


@dataclass
class Sides:
    """The school's two PCs, its county, another school, and the stick between them."""

    main: Member
    head: Head
    county: Member
    second: Member
    stick: Path

    def drafts(self) -> Path:
        self.main.act(Role.REGISTRAR)
        return drafts.write_drafts(self.main.store, self.stick).path

    def told(self) -> inbox.Received:
        """What waits goes to the head's PC."""
        return self.head.receive(self.drafts())

    def decisions(self) -> Path:
        return decisions.write_decisions(self.head.store, self.stick).path

    def done(self) -> inbox.Received:
        """The head's decisions come back."""
        return self.main.receive(self.decisions())


def pair(main: Member, store: Store, stick: Path) -> None:
    """The whole pairing by files and words."""
    asked = pairing.request(store, stick)
    main.act(Role.ADMINISTRATOR)
    reply = pairing.accept(main.store, asked.path, asked.words, stick)
    pairing.trust(store, reply.path, reply.words, SECOND_SECRET)
    main.act(Role.REGISTRAR)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_template(tmp_path_factory.mktemp("template"))
    stick = folder / "u"
    stick.mkdir()
    with opened(folder, "school", "county") as (main, county):
        made = pairing.create(folder / "head", NAME, SECOND_SECRET, kdf=CHEAPEST)
        assert made.store is not None
        with made.store as store:
            pair(main, store, stick)
        enrol(main, county)
    shutil.rmtree(folder / "stick")
    shutil.rmtree(stick)
    return folder


@contextmanager
def sides_in(folder: Path) -> Iterator[Sides]:
    stick = folder / "u"
    stick.mkdir(exist_ok=True)
    with (
        opened(folder, "school", "county", "second") as (main, county, second),
        Store.open(folder / "head", NAME, SECOND_SECRET) as store,
    ):
        yield Sides(main, Head(store), county, second, stick)


@pytest.fixture
def sides(template: Path, tmp_path: Path) -> Iterator[Sides]:
    shutil.copytree(template, tmp_path / "world")
    with sides_in(tmp_path / "world") as made:
        yield made


def refusal(sides: Sides, act: object, *arguments: object) -> Fault:
    with pytest.raises(RefusedError) as refused:
        act(*arguments)  # type: ignore[operator]
    return refused.value.fault


def test_the_whole_way_from_draft_to_the_county(sides: Sides) -> None:
    pupils = sides.main.add_pupils(3)
    ids = [sides.main.propose(pupil, name) for pupil, name in zip(pupils, ("赵一", "赵二", "赵三"), strict=True)]
    got = sides.told()
    assert (got.counts["items"], got.counts["new"], got.counts["files"]) == (3, 3, 3)
    detail = sides.head.store.read(change_views.get_change, ids[0], sides.head.store.actor)
    assert detail.diffs[0].before == "赵明"
    assert "approve" in detail.allowed
    assert not [check for check in detail.checks if check.level == "fault"]
    assert sides.head.store.read(evidence.content, detail.evidence[0].digest)
    statement = sides.head.approve(ids[:1])
    sides.head.store.write(changes.return_, sides.head.store.actor, ids[1:2], "请补正")
    sides.head.store.write(changes.refuse, sides.head.store.actor, ids[2:], "不符合规定")
    back = sides.done()
    assert (back.counts["approved"], back.counts["returned"], back.counts["left"]) == (1, 1, 0)
    assert [sides.main.state_of(change) for change in ids] == ["approved", "draft", "refused"]
    row = sides.main.store.read(
        lambda s: s.execute(select(t.decision).where(t.decision.c.statement_id == statement)).one()
    )
    assert (row.person_name, row.event) == (NAME, Event.APPROVE.value)

    built = outbox.build(sides.main.store, sides.main.act(Role.REGISTRAR), sides.stick)
    received = [sides.county.receive(path) for path in built.paths]
    assert not any(one.refused for one in received)
    reply = sides.county.review_all(str(built.package_id))
    sides.main.receive(reply)
    assert sides.main.state_of(ids[0]) == "effective"

    told = sides.told()  # what became of it; nothing waits any more
    assert told.counts["items"] == 0
    assert [sides.head.state_of(change) for change in ids] == ["effective", "draft", "refused"]
    assert sides.head.store.read(lambda s: s.execute(select(t.evidence.c.digest)).all()) == []
    assert sides.head.store.read(lambda s: s.execute(select(t.student.c.id)).all()) == []
    for store in (sides.main.store, sides.head.store):
        assert store.read(audit.verify).ok
        assert store.read(verify_rows) == ()
