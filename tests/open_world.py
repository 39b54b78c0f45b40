"""A chain of the open line for the tests: a province's school, two city schools, three county schools, enrolled.

The schools are invented; the places are real ones, because only those have prefixes: 路南 and 滦南 are both tsln.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from models.domain.ids import new_id
from models.domain.states import Verdict
from models.domain.units import Line, Role, Tier, Unit
from models.services import changes
from models.services.accounts import creation
from models.services.filing.proposing import propose_filing
from sync.messages import sending
from sync.packages import outbox
from tests.kept import made_once
from tests.sync_world import PNG, Member, deliver, enrol, found, opened

PROVINCE = Unit("a0000900-0000-4000-8000-000000000001", "虚拟省开放大学", "OU00", Tier.PROVINCE, Line.OPEN, "", "")
TANG = Unit("b0000900-0000-4000-8000-000000000002", "甲市分院", "OU02", Tier.CITY, Line.OPEN, "唐山市", "")
BAO = Unit("b0000900-0000-4000-8000-000000000003", "乙市分院", "OU06", Tier.CITY, Line.OPEN, "保定市", "")
LU = Unit("c0000900-0000-4000-8000-000000000004", "甲一学习中心", "OU0201", Tier.COUNTY, Line.OPEN, "唐山市", "路南区")
LUAN = Unit(
    "c0000900-0000-4000-8000-000000000005", "甲二学习中心", "OU0202", Tier.COUNTY, Line.OPEN, "唐山市", "滦南县"
)
OPEN_TIERS: Mapping[str, tuple[Unit, str]] = {
    "province": (PROVINCE, ""),
    "tang": (TANG, "province"),
    "bao": (BAO, "province"),
    "lu": (LU, "tang"),
    "luan": (LUAN, "tang"),
}
"""{folder: (unit, folder of its superior)}, upper tiers first."""


@made_once
def make_open_tiers(folder: Path) -> Path:
    """The units, each with three persons, enrolled from the top down."""
    for name, (unit, _) in OPEN_TIERS.items():
        found(folder / name, unit)
    for name, (_, above) in OPEN_TIERS.items():
        if above:
            with opened(folder, name, above) as (member, superior):
                enrol(member, superior)
    with opened(folder, *OPEN_TIERS) as members:
        carry(dict(zip(OPEN_TIERS, members, strict=True)))
    shutil.rmtree(folder / "stick")
    return folder


@contextmanager
def open_world(template: Path, folder: Path) -> Iterator[dict[str, Member]]:
    """A copy of the template, every unit opened."""
    shutil.copytree(template, folder)
    with opened(folder, *OPEN_TIERS) as members:
        yield dict(zip(OPEN_TIERS, members, strict=True))


def carry(members: Mapping[str, Member]) -> None:
    """Carry what waits between the units, up and down, until nothing new arrives."""
    pairs = [(name, above) for name, (_, above) in OPEN_TIERS.items() if name in members and above in members]
    news = True
    while news:
        for member in members.values():
            sending.send(member.store, None, member.out)
        news = False
        for low, high in pairs:
            for frm, to in ((members[low], members[high]), (members[high], members[low])):
                news = bool(deliver(frm, to)) or news


def add_account(member: Member, name: str, **given: str) -> str:
    """A teacher's account of the unit, entered by its registrar and approved by its head; the id."""
    member.act(Role.REGISTRAR)
    values = {
        "name": name, "sex": "女", "email": f"{new_id()[-12:]}@example.org", "office_phone": "0315-2234567",
        "employment": "专任", "on_staff": "是", **given,
    }  # fmt: skip
    made = member.store.write(creation.create, member.store.actor, [values], "姓名拼写以证件为准")
    if made.missing:  # an older user name against the rule stands on a proof
        proof = ("证件.png", PNG, "image/png")
        member.store.write(changes.attach, member.store.actor, made.change_id, *proof)
        member.store.write(changes.submit, member.store.actor, made.change_id)
    member.approve([made.change_id])
    member.act(Role.REGISTRAR)
    return made.ids[0]


def file_accounts(member: Member, reason: str = "补报", period: str = "") -> str:
    """A filing of all that differs from what was last filed, approved by the head; the change's id."""
    member.act(Role.REGISTRAR)
    change = member.store.write(propose_filing, member.store.actor, period, reason)
    member.store.write(changes.submit, member.store.actor, change)
    member.approve([change])
    member.act(Role.REGISTRAR)
    return change


def report(member: Member, superior: Member) -> str:
    """Build what waits, carry it up and accept all of it; the package of the own list, "" for none."""
    built = outbox.build(member.store, member.act(Role.REGISTRAR), member.out)
    received = deliver(member, superior)
    lists = [one.package_id for one in received if one.kind == "changes" and one.package_id]
    for package_id in lists:
        superior.review_all(package_id, Verdict.ACCEPT)
    deliver(superior, member)
    assert built.paths
    return lists[0] if lists else ""
