"""Problem rosters for tests: invented pupils in several stores, and what each registrar does."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.problems import Claim
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.services import changes, problem_answers
from models.services import problems as services
from models.services.change_log import find_change
from models.store import audit, bulk
from models.store import tables as t
from sync.messages import sending
from sync.messages.post import post
from sync.packages import outbox
from sync.problems import acts as sync_problems
from tests.sync_world import PNG, Member, deliver


def id_number(serial: int) -> str:
    """A number of the invented area with its check digit."""
    body = f"13099920180305{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


SHARED, RIGHT = id_number(11), id_number(13)


def put(members: list[Member], unit_id: str, name: str, number: str, **more: str) -> str:
    """A pupil of a unit, the same record in each of these stores; its id."""
    pupil = new_id()
    row: dict[str, str | int] = {
        "id": pupil, "unit_id": unit_id, "status": "enrolled", "revision": 1, "updated_at": "2026-09-01T00:00:00Z",
        "updated_by": "登记员", "name": name, "sex": "1", "birth_date": "2018-03-05", "class_name": "三(2)班",
        "id_type": "1", "id_number": number, "ethnicity": "01", "nationality": "CHN", **more,
    }  # fmt: skip

    def insert(session: Session) -> None:
        bulk.insert_students(session, [row], pinyin_keys)
        audit.append(session, None, "test.pupils", "batch:test", {"count": 1})

    for member in members:
        member.store.write(insert)
    return pupil


def unit_of(member: Member) -> str:
    return member.store.actor.unit.id


def side(member: Member, pupil: str, name: str, number: str = SHARED) -> tuple[str, str, str, str, dict[str, str]]:
    details = {"name": name, "sex": "1", "birth_date": "2018-03-05", "id_number": number, "class_name": "三(2)班"}
    return unit_of(member), "student", pupil, f"{name} 三(2)班", details


def open_at(owner: Member, kind: str, sides: list[Any]) -> str | None:
    return owner.store.write(services.open_found, None, kind, sides)


def state(member: Member, problem_id: str) -> str:
    query = select(t.problem.c.state).where(t.problem.c.id == problem_id)
    return str(member.store.read(lambda s: s.execute(query).scalar()))


def send(frm: Member, to: Member) -> list[Any]:
    """Deliver what waits; nothing of it may be refused."""
    frm.act(Role.REGISTRAR)
    sending.send(frm.store, unit_of(to), frm.out)
    received = deliver(frm, to)
    assert not [one for one in received if one.refused]
    return received


def faults(member: Member) -> list[str]:
    """The sentences of messages this unit refused."""
    query = select(t.message.c.note).where(t.message.c.state == "refused", t.message.c.direction == "in")
    return list(member.store.read(lambda s: s.execute(query).scalars().all()))


def ask(owner: Member, *ids: str, due: str = "") -> sync_problems.AskResult:
    return sync_problems.ask(owner.store, owner.act(Role.REGISTRAR), list(ids) or None, due)


def answer(member: Member, problem: str, claim: Claim, opinion: str = "经核实", **more: Any) -> Any:
    if claim is Claim.KEEP and "files" not in more:
        more["files"] = [("户口簿.png", PNG)]
    return sync_problems.answer(member.store, member.act(Role.REGISTRAR), problem, claim, opinion, **more)


def decide(owner: Member, problem: str, *outcomes: Claim) -> str:
    secret = owner.act(Role.REGISTRAR)
    return sync_problems.decide(owner.store, secret, problem, dict(enumerate(outcomes)), "材料齐全，予以认定").value


def confirm(member: Member, problem: str, claim: Claim | None = None, opinion: str = "") -> int:
    return sync_problems.confirm(member.store, member.act(Role.REGISTRAR), [problem], claim, opinion)


def hand_over(frm: Member, to: Member) -> None:
    """Deliver what waits; a message may be refused."""
    frm.act(Role.REGISTRAR)
    sending.send(frm.store, unit_of(to), frm.out)
    deliver(frm, to)


def letter(frm: Member, to: Member, kind: str, body: dict[str, Any]) -> list[str]:
    """Post a body as it is and deliver it; the sentences the receiver refused messages with."""
    signers = [] if kind == "problem.closed" else [frm.store.signer(frm.act(Role.REGISTRAR))]
    frm.store.write(post, frm.store.actor, kind, unit_of(to), body, title="函件", signers=signers)
    hand_over(frm, to)
    return faults(to)


def change_id_number(school: Member, county: Member, problem: str) -> None:
    """The school's whole way of the change a decision asks for."""
    school.act(Role.REGISTRAR)
    number = school.store.write(
        problem_answers.start_change, school.store.actor, problem, {"id_number": RIGHT}, "按裁定更正"
    )
    change = school.store.read(find_change, number).id
    school.store.write(changes.attach, school.store.actor, change, "户口簿.png", PNG + b"2", "image/png", "household")
    school.store.write(changes.submit, school.store.actor, change)
    school.approve([change])
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    deliver(school, county)
    county.review_all(built.new[0])
    deliver(county, school)
