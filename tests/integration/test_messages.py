"""Messages between units: delivered with everything else, judged one by one, traced, never lost (decision 7)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.units import Role, Tier
from models.services import matters
from models.store import tables as t
from sync import inbox, ledger
from sync.messages import notices
from sync.messages.post import post
from sync.messages.sending import send
from tests.sync_world import COUNTY, SCHOOL, SECOND, Member, make_template, opened

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("messages"))


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[tuple[Member, Member, Member]]:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, "school", "second", "county") as (school, second, county):
        yield school, second, county


def carry(frm: Member, to: Member) -> list[inbox.Received]:
    """Everything that waits at one unit for the other, by a stick of its own."""
    stick = frm.store.home.parent / f"stick-{frm.store.home.name}-{to.store.home.name}"
    stick.mkdir(exist_ok=True)
    taken = []
    for path in send(frm.store, to.store.actor.unit.id, stick):
        if to.store.read(ledger.find, frm.store.read(_id_of, path.name)) is None:
            taken.append(to.receive(path))
    return taken


def _id_of(session: Session, file_name: str) -> str:
    return str(session.execute(select(t.package.c.id).where(t.package.c.file_name == file_name)).scalar_one())


def notify(county: Member, title: str = "核对照片", **more: object) -> str:
    """A notice to all below; its matter."""
    passphrase = county.act(Role.REGISTRAR)
    return notices.send(county.store, passphrase, None, title, "请各校核对学生照片。", **more)  # type: ignore[arg-type]


def test_notice_goes_down_is_read_and_the_sender_sees_who_read_it(world: tuple[Member, Member, Member]) -> None:
    school, second, county = world
    matter = notify(county, due="2027-01-01T00:00:00Z")
    (got,) = carry(county, school)
    assert "收到通知《核对照片》" in got.sentence
    carry(county, second)
    (mine,) = school.store.read(notices.list_notices)
    assert (mine.text, mine.from_name, mine.signer, mine.is_read) == (
        "请各校核对学生照片。",
        COUNTY.name,
        "登记员",
        False,
    )
    assert school.store.read(matters.list_matters)[0].holders == (SCHOOL.name,)
    school.store.write(notices.confirm, school.store.actor, mine.id[:10])
    assert school.store.read(matters.list_matters)[0].standing == "已办结"
    carry(school, county)
    carry(second, county)
    (sent,) = county.store.read(notices.list_notices)
    assert (sent.read_by, sent.unread) == ((SCHOOL.name,), (SECOND.name,))
    shown = county.store.read(matters.show_matter, matter)
    assert (shown.matter.total, shown.matter.done, shown.matter.holders) == (2, 1, (SECOND.name,))
    (letter,) = [one for one in shown.letters if one.to_name == SCHOOL.name]
    assert [step.event for step in letter.steps] == ["posted", "sent", "received", "handled"]
    assert letter.steps[-1].note == "登记员已阅"


def test_a_notice_is_for_those_below_and_by_the_registrar(world: tuple[Member, Member, Member]) -> None:
    school, _, county = world
    passphrase = school.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有符合条件的下级单位"):
        notices.send(school.store, passphrase, None, "甲", "乙")
    with pytest.raises(UserError, match="不是本单位的下级"):
        notices.send(school.store, passphrase, [COUNTY.id], "甲", "乙")
    passphrase = county.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有符合条件的下级单位"):
        notices.send(county.store, passphrase, None, "甲", "乙", tiers={Tier.CITY})
    passphrase = county.act(Role.HEAD)
    with pytest.raises(NotAllowedError):
        notices.send(county.store, passphrase, None, "甲", "乙")
    assert county.store.read(notices.list_notices) == []
