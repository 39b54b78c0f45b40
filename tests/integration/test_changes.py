"""The life of a change in its unit: who may do what, what is asked for, and that every step is signed or said."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from sqlalchemy import select, text, update

from models.domain.errors import DataFaultError, FileRefusedError, NotAllowedError, UserError
from models.domain.signing import digest
from models.domain.states import Event, State, follow
from models.services import changes, outgoing, roster
from models.services.change_log import events_of
from models.services.items import row_line
from models.store import tables as t


@pytest.fixture
def one(school, pupils):
    """A school with three pupils; the id of the first."""
    rows = pupils(3)
    school.take_in(rows)
    return school.find(rows[0]["姓名"])


def propose(school, subject, values=None, reason="户口簿更正"):
    values = values or {"name": "慕容安"}
    return school.write(changes.propose, school.registrar, "student.key_field", subject, values, reason)


def pending(school, subject, scan, **kw):
    change = propose(school, subject, **kw)
    school.write(changes.attach, school.registrar, change, "户籍证明.png", scan, "image/png")
    school.write(changes.submit, school.registrar, change)
    return change


def approve(school, *ids):
    from models.domain.units import Role

    return school.write(changes.approve, school.head, school.signer(Role.HEAD), list(ids))


def state(school, change):
    return school.read(changes.get, change).summary.state


def test_the_way_to_approved(school, one, scan):
    change = pending(school, one, scan)
    detail = school.read(changes.get, change, school.head)
    assert detail.allowed == {"approve", "return_", "refuse"}
    assert detail.next_step.startswith("等待本单位主管领导")
    assert [e.done for e in detail.timeline] == [True, True, False, False, False]
    assert {c.level for c in detail.checks if "持证上岗" not in c.text} == {"ok"}
    statement_id = approve(school, change)
    assert state(school, change) == "approved"
    body = school.read(lambda s: s.execute(select(t.statement.c.body)).scalar_one())
    assert hashlib.sha256(body).hexdigest() == statement_id
    (item,) = school.read(outgoing.items_to_seal)
    said = json.loads(body)
    assert said["items"] == [{"id": change, "attempt": 1, "digest": digest(item)}]
    (signed,) = school.read(outgoing.approvals_for, [item])
    assert base64.b64decode(signed["body"]) == body
    assert signed["signatures"][0]["person_id"] == school.head.person_id
    assert school.read(roster.get, "students", one).open_change == "approved"


def test_the_signature_is_over_the_statement(school, one, scan):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    from models.domain.signing import pae

    approve(school, pending(school, one, scan))
    (signed,) = school.read(lambda s: outgoing.approvals_for(s, outgoing.items_to_seal(s)))
    entry = signed["signatures"][0]
    key = load_der_public_key(base64.b64decode(entry["public_key"]))
    message = pae(signed["type"], base64.b64decode(signed["body"]))
    key.verify(base64.b64decode(entry["signature"]), message, ec.ECDSA(SHA256()))


def test_evidence_and_reason_are_compulsory(school, one, scan):
    change = propose(school, one, reason="")
    with pytest.raises(DataFaultError, match=r"变更原因；[^。]*证明材料[^。]*。$"):
        school.write(changes.submit, school.registrar, change)
    school.write(changes.update_draft, school.registrar, change, reason="户口簿更正")
    school.write(changes.attach, school.registrar, change, "照片.png", scan, "image/png", "other")
    with pytest.raises(DataFaultError, match="户籍部门出具的证明"):
        school.write(changes.submit, school.registrar, change)
    assert state(school, change) == "draft"


def test_evidence_that_is_not_what_it_says_is_refused(school, one):
    change = propose(school, one)
    with pytest.raises(FileRefusedError, match="与类型不符"):
        school.write(changes.attach, school.registrar, change, "a.pdf", b"MZ not a paper", "application/pdf")


def test_nobody_decides_on_his_own_and_only_a_head_decides(school, one, scan):
    from dataclasses import replace

    from models.domain.units import Role

    change = pending(school, one, scan)
    both = replace(school.registrar, roles=frozenset({Role.REGISTRAR, Role.HEAD}))
    with pytest.raises(NotAllowedError, match="本人发起"):
        school.write(changes.approve, both, school.signer(Role.REGISTRAR), [change])
    for actor, role in ((school.registrar, Role.REGISTRAR), (school.administrator, Role.ADMINISTRATOR)):
        with pytest.raises(NotAllowedError, match="主管领导"):
            school.write(changes.approve, actor, school.signer(role), [change])
    with pytest.raises(NotAllowedError, match="签名密钥"):
        school.write(changes.approve, school.head, school.signer(Role.REGISTRAR), [change])
    assert state(school, change) == "pending"


def test_administrators_and_heads_do_not_start_changes(school, one):
    for actor in (school.administrator, school.head):
        with pytest.raises(NotAllowedError):
            school.write(changes.propose, actor, "student.key_field", one, {"name": "慕容安"}, "更正")


def test_values_are_checked_as_everywhere(school, one, make_id):
    with pytest.raises(DataFaultError, match="身份证"):
        propose(school, one, {"id_number": "130999201803051"})
    with pytest.raises(DataFaultError):
        propose(school, one, {"id_number": make_id(9, "2017-01-02", "1")})
    number = make_id(9, "2017-01-02", "1")
    change = propose(school, one, {"id_number": number, "birth_date": "2017年1月2日", "sex": "男"})
    assert {d.field: d.after for d in school.read(changes.get, change).diffs} == {
        "id_number": number, "birth_date": "2017-01-02", "sex": "1",
    }  # fmt: skip


def test_what_is_no_key_field_or_no_change_is_said(school, one):
    with pytest.raises(DataFaultError, match="可以直接在名册中修改"):
        propose(school, one, {"phone": "13911112222"})
    name = school.read(roster.get, "students", one).values["name"]
    with pytest.raises(DataFaultError, match="相同"):
        propose(school, one, {"name": name})


def test_one_open_change_per_subject_and_field(school, one, scan):
    first = pending(school, one, scan)
    with pytest.raises(UserError, match="在办的变更 BG-"):
        propose(school, one, {"name": "慕容宁"})
    school.write(changes.withdraw, school.registrar, first)
    propose(school, one, {"name": "慕容宁"})


def test_a_duplicate_is_a_note_for_who_decides(school, one, pupils, scan):
    other = school.read(roster.get, "students", school.find(pupils(3)[2]["姓名"]))
    values = {key: other.values[key] for key in ("id_number", "sex", "birth_date")}
    detail = school.read(changes.get, pending(school, one, scan, values=values))
    assert [c.text for c in detail.checks if c.level == "note"] == [
        f"与青禾县第一小学的 {other.values['name']} {other.values['class_name']} 身份证件号相同，请核实是否为同一人。"
    ]


def test_returned_refused_withdrawn_revoked(school, one, scan):
    change = pending(school, one, scan)
    with pytest.raises(UserError, match="须写明意见"):
        school.write(changes.return_, school.head, [change], " ")
    school.write(changes.return_, school.head, [change], "证明看不清")
    detail = school.read(changes.get, change)
    assert (detail.summary.state, detail.summary.attempt) == ("draft", 2)
    school.write(changes.submit, school.registrar, change)
    approve(school, change)
    with pytest.raises(UserError, match="先由主管领导撤销批准"):
        school.write(changes.withdraw, school.registrar, change)
    school.write(changes.revoke, school.head, [change], "再核对")
    assert state(school, change) == "draft"
    school.write(changes.submit, school.registrar, change)
    school.write(changes.refuse, school.head, [change], "与户口簿不符")
    assert state(school, change) == "refused"
    with pytest.raises(UserError, match="不予通过"):
        school.write(changes.withdraw, school.registrar, change)


def test_a_sealed_change_is_taken_back_by_a_change_of_its_own(school, one, scan):
    change = pending(school, one, scan)
    approve(school, change)
    school.write(outgoing.mark_sealed, school.registrar, [change], "p" * 64)
    with pytest.raises(DataFaultError, match="变更原因") as caught:
        school.write(changes.withdraw, school.registrar, change)
    assert "BG-" not in str(caught.value)  # the request that was not made has no number
    request = school.write(changes.withdraw, school.registrar, change, "家长要求撤回")
    assert state(school, request) == "pending"
    assert state(school, change) == "sealed"
    with pytest.raises(UserError, match="在办的变更"):
        school.write(changes.withdraw, school.registrar, change, "再撤一次")
    approve(school, request)
    assert [i["kind"] for i in school.read(outgoing.items_to_seal)] == ["change.withdrawal"]


def test_a_policy_that_let_go_of_the_field_stops_the_change(school, one, scan, monkeypatch):
    change = pending(school, one, scan)
    monkeypatch.setattr("models.services.change_checks.controlled_fields", lambda session: frozenset({"id_number"}))
    with pytest.raises(DataFaultError, match="不再是关键信息"):
        approve(school, change)


def test_damaged_evidence_is_not_approved(school, one, scan):
    change = pending(school, one, scan)

    def damage(session):  # what only a program beside this one could do
        session.execute(text("DROP TRIGGER evidence_no_update"))
        session.execute(update(t.evidence).values(content=scan + b"!"))

    school.write(damage)
    with pytest.raises(DataFaultError, match="与提交时不一致"):
        approve(school, change)


def test_a_queue_is_approved_whole_or_not_at_all(school, one, pupils, scan):
    first = pending(school, one, scan)
    second = propose(school, school.find(pupils(3)[1]["姓名"]))
    with pytest.raises(UserError, match="不在待核办之列"):
        approve(school, first, second)
    assert state(school, first) == "pending"


def test_a_baseline_is_sent_as_it_was_submitted(school, one):
    (baseline,) = school.read(changes.list_changes, changes.ChangeQuery(kinds=("roster.baseline",)))
    school.write(changes.submit, school.registrar, baseline.id)
    approve(school, baseline.id)
    school.write(roster.set_fields, school.registrar, "students", one, {"phone": "13911112222"})
    (item,) = school.read(outgoing.items_to_seal)
    rows = school.read(lambda s: list(outgoing.rows_of(s, item)))
    assert item["batch"]["count"] == len(rows) == 3
    sha = hashlib.sha256(b"".join(row_line(r["id"], r["values"]) + b"\n" for r in rows)).hexdigest()
    assert sha == item["batch"]["rows_digest"]
    assert "13911112222" not in [r["values"]["phone"] for r in rows]
    waiting = school.read(outgoing.waiting)
    assert (waiting.kinds, waiting.total) == ({"roster.baseline": 1}, 1)


def test_evidence_goes_once_to_each_audience(school, one, scan):
    approve(school, pending(school, one, scan))
    items = school.read(outgoing.items_to_seal)
    (entry,) = school.read(outgoing.evidence_to_send, items, "county")
    assert (entry["name"], entry["size"], entry["kind"]) == ("户籍证明.png", len(scan), "household")
    school.write(outgoing.mark_evidence_sent, [entry["digest"]], "county", "p" * 64)
    assert school.read(outgoing.evidence_to_send, items, "county") == []
    assert len(school.read(outgoing.evidence_to_send, items, "city")) == 1


def test_the_state_always_follows_from_the_decisions(school, one, scan):
    change = pending(school, one, scan)
    school.write(changes.return_, school.head, [change], "不清楚")
    events = school.read(events_of, [change])[change]
    assert events == [Event.PROPOSE, Event.SUBMIT, Event.RETURN]
    assert follow(events) is State.DRAFT
    assert state(school, change) == "draft"


def test_lists_find_by_state_kind_and_text(school, one, scan):
    change = pending(school, one, scan)
    query = changes.ChangeQuery
    assert [c.id for c in school.read(changes.list_changes, query(states=("pending",)))] == [change]
    assert len(school.read(changes.list_changes, query(open_only=True))) == 2
    number = school.read(changes.get, change).summary.number
    assert [c.id for c in school.read(changes.list_changes, query(text=number[-4:]))] == [change]
    assert school.read(changes.get, number).summary.id == change
    assert school.read(changes.count_changes) == {"draft": 1, "pending": 1}


def test_a_search_takes_signs_as_they_stand(school, one):
    propose(school, one)
    for asked, number in (("%", 0), ("_", 0), ("BG-", 2)):
        assert len(school.read(changes.list_changes, changes.ChangeQuery(text=asked))) == number, asked
    for asked in ("%", "😀", "——"):
        assert school.read(roster.list_ids, roster.RosterQuery(text=asked)) == [], asked
