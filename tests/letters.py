"""One honest body for every kind of message, as a neighbour sends it: what the attacks start from."""

from __future__ import annotations

import base64
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain import monitoring
from models.domain.units import Role, Tier
from models.services import policies as policy_service
from models.services.duties import register
from models.store import tables as t
from sync import policies
from sync.joining.requests import unit_json
from sync.messages import notices
from sync.trust import authority, directory, revocation
from sync.trust.identity import certified
from sync.wire.content import leaf_hash, state_content
from sync.wire.jsonlines import encode
from sync.wire.statements import Statement, sign
from tests.problem_world import SHARED, ask, open_at, put
from tests.sync_world import CITY, COUNTY, OTHER, PEOPLE, PNG, SCHOOL, SECOND, WHITE_SCHOOL, Member

AT = "2026-11-22T08:00:00Z"
ORDER = "019a0000-0000-7000-8000-00000000000a"
ACCOUNT = "019a0000-0000-7000-8000-000000000001"
Bodies = dict[str, tuple[str, dict[str, Any]]]
"""Kind: who sends it (city or school to the county, the county to the city), and its body."""


def letters(county: Member, city: Member) -> Bodies:
    """Honest bodies; the county knows the problem and the order they speak of."""
    return {**_of_trust(county, city), **_of_rosters(county, city), **_of_recovery(county, city)}


def _waiting(member: Member, kind: str, to: str) -> dict[str, Any]:
    """The body of the newest message of a kind that waits at a unit for another."""

    def read(session: Session) -> bytes:
        c = t.message.c
        query = select(t.statement.c.body).join(t.message, c.id == t.statement.c.id)
        wanted = (c.kind == kind, c.to_id == to, c.state == "waiting")
        return bytes(session.execute(query.where(*wanted).order_by(c.at.desc()).limit(1)).scalar_one())

    found: dict[str, Any] = json.loads(member.store.read(read))["body"]
    return found


def _of_trust(county: Member, city: Member) -> Bodies:
    passphrase, officer = city.act(Role.ADMINISTRATOR), PEOPLE[Role.HEAD]
    city.store.write(policy_service.set_own, city.store.actor, controlled_fields=["name", "phone"])
    policies.issue_policy(city.store, passphrase, officer, city.out)
    revocation.revoke(city.store, "白石县教育局", "2026-01-01T00:00:00Z", "密钥遗失", passphrase, officer)
    notices.send(city.store, city.act(Role.REGISTRAR), None, "核对照片", "请核对学生照片。", tiers={Tier.COUNTY})
    city.store.write(lambda s: authority.tell_below(s, None))
    entries = county.store.read(lambda s: [directory.entry_of(s, unit) for unit in (SCHOOL, SECOND)])
    trace = {"message": "0" * 64, "event": "handled", "at": AT, "note": "已办"}
    return {
        **{kind: ("city", _waiting(city, kind, COUNTY.id)) for kind in ("authority", "policy", "revocation", "notice")},
        "directory": ("county", {"units": entries}),
        "trace": ("city", {"entries": [trace], "package": "0" * 64, "reason": "打不开"}),
        "resend": ("city", {"epoch": 1, "numbers": [1, 2]}),
        "names.taken": ("city", {"taken": ["tslna", "tslnb"], "freed": ["tslnc"], "offered": {ACCOUNT: "tslna2"}}),
        **_of_registers(),
    }


def _of_registers() -> Bodies:
    """Of monitoring accounts and named people; applications go to a province only (test_monitoring)."""
    person = {key: "" for key in monitoring.FIELDS} | {"name": "赵主管", "post": "deputy_head"}
    application = {
        "change": ORDER, "attempt": 1, "number": "BG-2026-0001", "account": ACCOUNT, "before": person,
        "after": person, "reason": "换岗", "initiator": "登记员", "approved_by": "负责人", "approved_at": AT,
    }  # fmt: skip
    answer = {"change": ORDER, "attempt": 1, "verdict": "filed", "opinion": "同意", "by": "省校登记员"}
    named = {key: "" for key in register.TOLD} | {
        "id": ACCOUNT,
        "code": "account_admin",
        "name": "赵管",
        "since": AT[:10],
    }
    return {
        "monitoring.apply": ("county", application),
        "monitoring.answer": ("city", answer),
        "registers.told": ("county", {"entries": [{"register": "duty", **named}], "goes_on": False}),
    }


def _of_rosters(county: Member, city: Member) -> Bodies:
    one = put([county, city], SCHOOL.id, "赵明", SHARED)
    two = put([city], WHITE_SCHOOL.id, "赵光", SHARED)
    details = {"name": "赵明", "sex": "1", "birth_date": "2018-03-05", "id_number": SHARED, "class_name": "三(2)班"}
    sides = [(SCHOOL.id, "student", one, "赵明", details)]
    sides.append((WHITE_SCHOOL.id, "student", two, "赵光", details))
    problem = open_at(city, "id_twice", sides)
    assert problem is not None
    ask(city, problem)
    asked = _waiting(city, "problem.ask", COUNTY.id)
    word = {"claim": "keep", "opinion": "是", "by": "登记员", "at": AT}
    files = [{"name": "户口簿.png", "data": base64.b64encode(PNG).decode()}]
    answer = {"problem": problem, "position": 0, "school": word, "change": "", "values": {}, "evidence": files,
              "bureau": None}  # fmt: skip
    item = {"position": 0, "account": ACCOUNT, "username": "tslna"}
    proof = {"state": "done", "at": AT, "by": "某人", "note": "", "status": "disabled", "revision": 2}
    order = {"reason": "idle", "note": "", "due": "2026-12-01", "by": "某人", "items": [{**item, "label": "某人"}]}
    return {
        "problem.ask": ("city", asked),
        "problem.answer": ("school", answer),
        "problem.decision": (
            "city", {"problem": problem, "outcomes": ["keep", "change"], "opinion": "是", "by": "甲", "at": AT},
        ),
        "problem.closed": ("city", {"problem": problem, "note": "已改正", "at": AT}),
        "order.disable": ("city", order),
        "order.proof": ("school", {"order": ORDER, "items": [{**item, **proof}]}),
    }  # fmt: skip


def _of_recovery(county: Member, city: Member) -> Bodies:
    entries = county.store.read(lambda s: [directory.entry_of(s, SECOND)])
    row = {"id": "01a00000-0000-7000-8000-000000000001", "values": {"name": "赵明", "sex": "1"}}
    entry = {"number": "1", "before": {"name": "赵"}, "after": {"name": "赵明"}, "reason": "更正", "at": AT}
    merged = {**row, "status": "enrolled", "revision": 1, "history": [entry]}
    merger = _merger(city)
    content, item = _content(county)
    approver = {"id": "person", "name": "负责人", "statement": "0" * 64}
    receipt = {
        "type": "rollbook.receipt", "v": 1, "unit": COUNTY.id, "in_reply_to": "0" * 64, "package_verdict": "opened",
        "reason": "", "items": [], "certificates": [], "at": AT, "line": "basic",
    }  # fmt: skip
    items = [{"raw": item, "path": [], "position": 0, "approver": approver}]
    return {
        "unit.merger": ("city", {"statement": merger.to_json()}),
        "unit.rows": ("city", {"merger": merger.id, "kind": "students", "rows": [merged]}),
        "recovery.items": ("city", {"content": content.to_json(), "items": items, "epoch": 1, "sequence": 1}),
        "recovery.rows": (
            "city", {"kind": "students", "batch": "b", "change": "c", "rows": [encode(row).decode()]},
        ),
        "recovery.units": ("city", {"units": entries}),
        "recovery.evidence": ("school", {"package": "0" * 64}),
        "recovery.receipts": ("school", {"receipts": [sign(receipt, [_person(county, Role.REGISTRAR)]).to_json()]}),
    }  # fmt: skip


def _person(member: Member, role: Role) -> Any:
    signer = member.store.signer(member.act(role))
    return member.store.read(certified, signer)


def _merger(city: Member) -> Statement:
    body = {
        "type": "rollbook.merger", "v": 1, "id": ORDER, "unit": CITY.id, "line": "basic", "closed": unit_json(OTHER),
        "into": unit_json(COUNTY), "since": AT, "at": AT, "reason": "区划调整",
    }  # fmt: skip
    return sign(body, [_person(city, Role.ADMINISTRATOR), _person(city, Role.HEAD)])


def _content(county: Member) -> tuple[Statement, str]:
    item = {
        "id": "c1", "number": "1", "kind": "student.key_field", "unit": COUNTY.id, "subject": "s1", "label": "赵明",
        "reason": "更正", "created": AT, "salt": "0" * 32, "attempt": 1, "base_revision": 1, "policy_version": 0,
        "before": {"name": "赵"}, "after": {"name": "赵明"}, "evidence": [], "batch": None,
        "initiator": {"person_id": "p", "name": "登记员"},
    }  # fmt: skip
    raw = encode(item)
    head = {"purpose": "changes", "issuer": COUNTY.id, "line": "basic", "created": AT, "policy_version": 0}
    return state_content(head, [leaf_hash(raw)], _person(county, Role.REGISTRAR)), raw.decode()
