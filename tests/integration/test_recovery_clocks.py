"""Clocks of 2009 and 2099 at a school, its county or both: a sentence, and no unit is locked out (decision 8)."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from models.domain.units import Role
from models.services import maintenance
from models.services import policies as policy_services
from models.store import clock
from models.store import tables as t
from sync import policies
from sync.messages import notices
from sync.messages.sending import send
from sync.packages import ledger
from sync.refusals import RefusedError
from sync.trust import known, revocation
from tests.integration.test_recovery_packages import Carrier, proposed
from tests.integration.test_recovery_packages import template as template
from tests.recovery_world import names_of
from tests.sync_world import PEOPLE, Member, opened

SIZE = "class_size.primary"
pytestmark = pytest.mark.filterwarnings("error")
REAL = dt.datetime


def clock_of(year: int) -> AbstractContextManager[None]:
    """The computer's clock shows this day of another year; 0 for the right one."""
    return clock_ahead((year - REAL.now().year) * 365.25 if year else 0)


@contextmanager
def clock_ahead(days: float) -> Iterator[None]:
    """The computer's clock shows a day so many days ahead."""

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Wrong:
            moment = REAL.now(tz) + dt.timedelta(days=days)
            return cls.fromtimestamp(moment.timestamp(), tz)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.store.clock.datetime", Wrong)
        patch.setattr("models.domain.times.datetime", Wrong)
        yield


@pytest.fixture
def members(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "city", "county", "school") as (city, county, school):
        yield {"city": city, "county": county, "school": school}


def decree(county: Member, gone: str) -> None:
    """The county writes a notice, signs a policy, and revokes what it certified for a person (UID) of the school."""
    notices.send(county.store, county.act(Role.REGISTRAR), None, "核对照片", "请阅。")
    passphrase = order(county, "45")
    since = county.store.read(clock.now)
    revocation.revoke(county.store, gone, since, "离任", passphrase, PEOPLE[Role.REGISTRAR])
    county.act(Role.REGISTRAR)


def order(county: Member, size: str) -> str:
    """The county signs a policy on the size of classes; the administrator, who acts now, has this passphrase."""
    passphrase = county.act(Role.ADMINISTRATOR)
    county.store.write(policy_services.set_own, county.store.actor, values={SIZE: size})
    policies.issue_policy(county.store, passphrase, PEOPLE[Role.REGISTRAR], county.out).unlink()
    return passphrase


def policy_of(school: Member, county: Member) -> bool:
    """Whether the county's policy has come to the school."""
    return bool(school.store.read(policy_services.versions, county.store.actor.unit.id, "received"))


def administrator_of(school: Member) -> str:
    """UID of the school's administrator, who signs nothing that travels here."""
    query = select(t.operator.c.person_id).where(t.operator.c.name == "管理员")
    return str(school.store.read(lambda s: s.scalar(query)))


def is_revoked(member: Member, person: str) -> bool:
    """Whether no certificate of a person is in force in a store."""
    found = member.store.read(known.list_certificates)
    return all(one.revoked for one in found if one.subject_id == person)


def give(frm: Member, to: Member, year: int) -> list[str]:
    """Carry what waits to a unit whose clock is set to `year`; every refusal is a sentence."""
    send(frm.store, to.store.actor.unit.id, frm.out)
    said = []
    for path in sorted(frm.out.glob("*.rollbook")):
        with clock_of(year):
            try:
                taken = to.receive(path)
                said += [taken.sentence, *taken.warnings]
            except RefusedError as error:
                said.append(str(error))
    for path in frm.out.glob("*.rollbook"):
        path.unlink()
    return said


@pytest.mark.parametrize("where", ["school", "county", "both"])
@pytest.mark.parametrize("year", [2009, 2099])
def test_a_wrong_clock_locks_nobody_out(members: dict[str, Member], year: int, where: str) -> None:
    school, county, city = members["school"], members["county"], members["city"]
    at_school = year if where in ("school", "both") else 0
    at_county = year if where in ("county", "both") else 0
    gone = administrator_of(school)
    with clock_of(at_school):
        pupils, made = proposed(school, ["赵甲"])
    up = give(school, county, at_county)
    with clock_of(at_county):
        carrier = Carrier(members)
        carrier.answer(county)
        decree(county, gone)
        carrier.build(county)
    down = give(county, school, at_school)
    give(county, city, 0)
    assert all(text and "Traceback" not in text for text in (*up, *down))
    carrier.settle()
    assert school.state_of(made[0]) == "effective"
    for member in (school, county, city):
        assert names_of(member, pupils) == ["赵甲"]
    assert [one.title for one in school.store.read(notices.list_notices)] == ["核对照片"]
    assert policy_of(school, county)  # one of 2099 waits for its day
    assert is_revoked(school, gone)
    assert is_revoked(city, gone)
    order(county, "40")
    more, later = proposed(school, ["赵甲", "赵乙"][1:])
    assert more
    carrier.settle()
    assert school.state_of(later[0]) == "effective"
    assert school.store.read(policy_services.effective).values[SIZE] == "40"
    assert {row.purpose for row in school.store.read(ledger.unanswered)} <= {"messages"}
    for member in members.values():
        assert maintenance.check(member.store).ok


def test_nine_months_without_a_line(members: dict[str, Member]) -> None:
    """What was sealed nine months ago is taken; certificates that ended meanwhile are renewed by the receipts."""
    school, county = members["school"], members["county"]
    carrier = Carrier(members)
    sealed, opened_ = 365 * 2.5, 365 * 2.5 + 274
    with clock_ahead(sealed):
        pupils, made = proposed(school, ["赵甲"])
        notices.send(county.store, county.act(Role.REGISTRAR), None, "九个月前", "请阅。")
        send(county.store, None, county.out)
    with clock_ahead(opened_):
        assert not _in_force(school)
        carrier.settle()
        assert school.state_of(made[0]) == "effective"
        assert names_of(county, pupils) == ["赵甲"]
        assert [one.title for one in school.store.read(notices.list_notices)] == ["九个月前"]
        assert _in_force(school)
        more, later = proposed(school, ["赵甲", "赵乙"][1:])
        carrier.settle()
        assert more
        assert school.state_of(later[0]) == "effective"


def _in_force(school: Member) -> bool:
    """Whether the registrar of the school has a certificate that has not ended."""
    now = school.store.read(clock.now)
    found = school.store.read(known.list_certificates)
    return any(one.person == "登记员" and one.unit == school.store.actor.unit.name and one.until > now for one in found)
