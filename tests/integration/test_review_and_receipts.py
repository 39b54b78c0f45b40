"""A change goes up, is decided on, and comes back: the two stores agree at the end, whatever the verdict."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import insert, select, update

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.signing import canonical
from models.domain.states import Verdict
from models.domain.times import now_text
from models.domain.units import Role, Tier
from models.rules.naming import pinyin_keys
from models.services import changes, outgoing, receipts, review, roster, roster_edit
from models.services.items import row_line
from models.store import tables as t


class Loop:
    """Carries items between a school and its county as sync does, without files."""

    def __init__(self, school, county, tools):
        self.school, self.county, self.tools, self.number = school, county, tools, 0
        county.write(tools.know_unit, school.unit, Tier.SCHOOL)

    def send(self, *, evidence=True):
        """Seal what is approved and let the county receive it; the package id."""
        s, c = self.school, self.county
        self.number += 1
        package_id = hashlib.sha256(b"%d" % self.number).hexdigest()
        items = s.read(outgoing.items_to_seal)
        signed = s.read(outgoing.approvals_for, items)
        rows = s.read(
            lambda x: [
                (i, r, row_line(r["id"], r["values"]))
                for i, item in enumerate(items)
                for r in outgoing.rows_of(x, item)
            ]
        )
        s.write(self.tools.note_package, package_id, "out", s.unit.id, c.unit.id)
        s.write(outgoing.mark_sealed, s.registrar, [item["id"] for item in items], package_id)
        approvals = {hashlib.sha256(_body(one)).hexdigest(): one for one in signed}

        def receive(session):
            self.tools.note_package(session, package_id, "in", s.unit.id, c.unit.id)
            review.record_received(session, package_id, s.unit.id, items, approvals, rows)

        c.write(receive)
        if evidence:
            files = s.read(lambda x: [dict(r._mapping) for r in x.execute(select(t.evidence))])
            c.write(lambda x: x.execute(insert(t.evidence).prefix_with("OR IGNORE"), files) if files else None)
        return package_id

    def answer(self, package_id):
        """Finish the review; the receipt's body."""
        c = self.county

        def run(session):
            body = review.receipt_body(session, package_id)
            raw = canonical(body)
            statement = {
                "id": hashlib.sha256(raw).hexdigest(), "type": "rollbook.receipt", "body": raw, "signatures": "[]",
                "at": now_text(),
            }  # fmt: skip
            session.execute(insert(t.statement).values(statement))
            return body, review.finish(session, c.registrar, package_id, statement["id"])

        return c.write(run)

    def item(self, package_id, position=0):
        return self.county.read(review.list_items, review.ReviewQuery(package_id=package_id))[position]

    def decide(self, package_id, verdict, opinion="", position=0):
        self.county.write(review.decide, self.county.registrar, self.item(package_id, position).id, verdict, opinion)

    def take(self, body):
        return self.school.write(receipts.apply_receipt, self.school.registrar, body)


def _body(signed):
    import base64

    return base64.b64decode(signed["body"])


@pytest.fixture
def loop(school, county, tools, pupils):
    """A school whose three pupils the county knows by an accepted baseline."""
    loop = Loop(school, county, tools)
    result = school.take_in(pupils(3))
    school.write(changes.submit, school.registrar, result.baseline_id)
    school.write(changes.approve, school.head, school.signer(Role.HEAD), [result.baseline_id])
    package = loop.send()
    loop.decide(package, Verdict.ACCEPT)
    body, _ = loop.answer(package)
    assert loop.take(body).accepted == 1
    loop.subject = school.find(pupils(3)[0]["姓名"])
    return loop


def request(loop, values=None, scan=None, subject=None):
    """An approved key-field change."""
    s = loop.school
    change = s.write(
        changes.propose, s.registrar, "student.key_field", subject or loop.subject, values or {"name": "慕容安"}, "更正"
    )
    s.write(changes.attach, s.registrar, change, "户籍证明.png", scan, "image/png")
    s.write(changes.submit, s.registrar, change)
    s.write(changes.approve, s.head, s.signer(Role.HEAD), [change])
    return change


def state(loop, change):
    return loop.school.read(changes.get, change).summary.state


def test_a_baseline_gives_the_county_the_pupils(loop, pupils):
    query = roster.RosterQuery(unit_id=roster.ALL_UNITS)
    ids = loop.county.read(roster.list_ids, query)
    assert len(ids) == 3
    here = {r.id: r.values for r in loop.county.read(roster.page, "students", ids)}
    there = {r.id: r.values for r in loop.school.read(roster.page, "students", ids)}
    assert here == there
    (baseline,) = loop.school.read(changes.list_changes)
    assert baseline.state == "effective"
    assert loop.school.read(lambda s: s.execute(select(t.baseline_row)).all()) == []


def test_a_baseline_whose_pupils_have_gaps_arrives_whole(loop, pupils):
    later = pupils(5)[3:]
    later[0]["联系电话"] = ""
    later[1]["现住址"] = ""
    result = loop.school.take_in(later)
    loop.school.write(changes.submit, loop.school.registrar, result.baseline_id)
    loop.school.write(changes.approve, loop.school.head, loop.school.signer(Role.HEAD), [result.baseline_id])
    package = loop.send()
    loop.decide(package, Verdict.ACCEPT)
    body, _ = loop.answer(package)
    assert loop.take(body).accepted == 1
    everybody = loop.county.read(roster.list_ids, roster.RosterQuery(unit_id=roster.ALL_UNITS))
    offices = [{r.id: r.values for r in o.read(roster.page, "students", everybody)} for o in (loop.school, loop.county)]
    assert len(everybody) == 5
    assert offices[0] == offices[1]


def test_a_gap_of_a_returned_baseline_is_filled_by_hand_and_nothing_else(loop, pupils):
    school = loop.school
    later = pupils(4)[3:]
    later[0]["性别"] = ""
    result = school.take_in(later)
    pupil = school.find(later[0]["姓名"])
    school.write(changes.submit, school.registrar, result.baseline_id)
    with pytest.raises(NotAllowedError, match="关键信息"):
        school.write(roster_edit.set_fields, school.registrar, "students", pupil, {"sex": "2"})
    school.write(changes.approve, school.head, school.signer(Role.HEAD), [result.baseline_id])
    package = loop.send()
    loop.decide(package, Verdict.RETURN, "缺性别")
    loop.take(loop.answer(package)[0])
    sex = "1" if int(later[0]["身份证件号"][16]) % 2 else "2"
    school.write(roster_edit.set_fields, school.registrar, "students", pupil, {"sex": sex})
    with pytest.raises(NotAllowedError, match="关键信息"):
        school.write(roster_edit.set_fields, school.registrar, "students", pupil, {"name": "别的名"})
    school.write(changes.submit, school.registrar, result.baseline_id)
    school.write(changes.approve, school.head, school.signer(Role.HEAD), [result.baseline_id])
    package = loop.send()
    loop.decide(package, Verdict.ACCEPT)
    assert loop.take(loop.answer(package)[0]).accepted == 1
    assert loop.county.read(roster.get, "students", pupil).values["sex"] == sex


def test_accepted_values_reach_both_rosters_once(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    detail = loop.county.read(review.get_item, loop.item(package).id)
    assert (detail.conflicts, detail.blockers, detail.approved_by) == ((), (), "郑重")
    loop.decide(package, Verdict.ACCEPT)
    body, finished = loop.answer(package)
    assert (finished.accepted, finished.open) == (1, 0)
    assert body["items"][0]["values"] == {"name": "慕容安"}
    assert loop.take(body).accepted == 1
    again = loop.take(body)
    assert (again.accepted, again.already) == (0, 1)
    assert state(loop, change) == "effective"
    rows = [office.read(roster.get, "students", loop.subject) for office in (loop.school, loop.county)]
    assert [(r.values["name"], r.revision) for r in rows] == [("慕容安", 2)] * 2
    where = select(t.student.c.name_order).where(t.student.c.id == loop.subject)
    orders = {office.read(lambda session: session.execute(where).scalar()) for office in (loop.school, loop.county)}
    assert orders == {pinyin_keys("慕容安")[2]}
    package_state = loop.school.read(lambda s: s.execute(select(t.package.c.state).where(t.package.c.id == package)))
    assert package_state is not None
    texts = [e.text for e in loop.school.read(roster.history, "students", loop.subject)]
    assert any("变更生效" in text for text in texts)


def test_returned_with_an_opinion_goes_another_round(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    with pytest.raises(UserError, match="须写明意见"):
        loop.decide(package, Verdict.RETURN)
    loop.decide(package, Verdict.RETURN, "户籍证明缺页")
    body, _ = loop.answer(package)
    outcome = loop.take(body)
    assert outcome.returned_ids == (change,)
    detail = loop.school.read(changes.get, change)
    assert (detail.summary.state, detail.summary.attempt) == ("draft", 2)
    assert detail.timeline[-5].opinion == "户籍证明缺页"
    s = loop.school
    s.write(changes.submit, s.registrar, change)
    s.write(changes.approve, s.head, s.signer(Role.HEAD), [change])
    package = loop.send()
    loop.decide(package, Verdict.ACCEPT)
    assert loop.take(loop.answer(package)[0]).accepted == 1
    assert loop.take(body).already == 1


def test_refused_ends_it(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    loop.decide(package, Verdict.REFUSE, "公安信息不符")
    assert loop.take(loop.answer(package)[0]).refused == 1
    assert state(loop, change) == "refused"
    assert loop.school.read(roster.get, "students", loop.subject).values["name"] != "慕容安"


def test_a_verdict_can_change_until_the_receipt(loop, scan):
    request(loop, scan=scan)
    package = loop.send()
    loop.decide(package, Verdict.REFUSE, "不符")
    loop.decide(package, Verdict.ACCEPT)
    loop.county.write(review.undecide, loop.county.registrar, loop.item(package).id)
    with pytest.raises(UserError, match="还没有作出"):
        loop.answer(package)
    loop.decide(package, Verdict.ACCEPT)
    loop.answer(package)
    with pytest.raises(UserError, match="已随回执答复"):
        loop.decide(package, Verdict.REFUSE, "晚了")


def test_what_was_signed_is_what_is_applied(loop, scan):
    request(loop, scan=scan)
    package = loop.send()
    loop.decide(package, Verdict.REFUSE, "不符")
    raw = canonical(loop.county.read(review.receipt_body, package))
    statement_id = hashlib.sha256(raw).hexdigest()
    values = {"id": statement_id, "type": "rollbook.receipt", "body": raw, "signatures": "[]", "at": now_text()}
    loop.decide(package, Verdict.ACCEPT)
    with pytest.raises(UserError, match="有变动"):
        loop.county.write(
            lambda s: (s.execute(insert(t.statement).values(values)),
                       review.finish(s, loop.county.registrar, package, statement_id))
        )  # fmt: skip


def test_without_its_evidence_an_item_is_not_accepted(loop, scan):
    request(loop, scan=scan)
    package = loop.send(evidence=False)
    assert "还没有收到" in loop.county.read(review.get_item, loop.item(package).id).blockers[0]
    with pytest.raises(UserError, match="还没有收到"):
        loop.decide(package, Verdict.ACCEPT)
    loop.decide(package, Verdict.RETURN, "请补送材料")


def test_only_the_registrar_above_decides(loop, scan):
    request(loop, scan=scan)
    item = loop.item(loop.send())
    for actor in (loop.county.head, loop.county.administrator, loop.school.head):
        with pytest.raises(NotAllowedError):
            loop.county.write(review.decide, actor, item.id, Verdict.ACCEPT, "")


def test_a_receipt_may_answer_some_items_now_and_the_rest_later(loop, scan, pupils):
    first = request(loop, scan=scan)
    second = request(loop, {"name": "慕容宁"}, scan, loop.school.find(pupils(3)[1]["姓名"]))
    package = loop.send()
    loop.decide(package, Verdict.ACCEPT, position=0)
    body, finished = loop.answer(package)
    assert finished.open == 1
    loop.take(body)
    assert (state(loop, first), state(loop, second)) == ("effective", "sealed")
    loop.decide(package, Verdict.REFUSE, "不符", position=1)
    body, finished = loop.answer(package)
    assert [item["id"] for item in body["items"]] == [second]
    loop.take(body)
    assert state(loop, second) == "refused"


def test_a_withdrawal_is_honoured_while_the_other_waits(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    s = loop.school
    wanted = s.write(changes.withdraw, s.registrar, change, "家长撤回")
    s.write(changes.approve, s.head, s.signer(Role.HEAD), [wanted])
    second = loop.send()
    assert "撤回申请" in loop.county.read(review.get_item, loop.item(package).id).notes[0]
    loop.decide(second, Verdict.ACCEPT)
    with pytest.raises(UserError, match="已由申请单位撤回"):
        loop.decide(package, Verdict.ACCEPT)
    outcome = loop.take(loop.answer(second)[0])
    assert (state(loop, wanted), state(loop, change)) == ("effective", "withdrawn")
    assert outcome.accepted == 1
    body, finished = loop.answer(package)
    assert (body["items"][0]["verdict"], finished.withdrawn) == ("withdrawn", 1)
    assert loop.take(body).already == 1


def test_a_withdrawal_that_comes_too_late_is_refused(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    s = loop.school
    wanted = s.write(changes.withdraw, s.registrar, change, "家长撤回")
    s.write(changes.approve, s.head, s.signer(Role.HEAD), [wanted])
    loop.decide(package, Verdict.ACCEPT)
    body, _ = loop.answer(package)
    second = loop.send()
    with pytest.raises(UserError, match="撤回已晚"):
        loop.decide(second, Verdict.ACCEPT)
    loop.decide(second, Verdict.REFUSE, "已核办")
    loop.take(body)
    loop.take(loop.answer(second)[0])
    assert (state(loop, change), state(loop, wanted)) == ("effective", "refused")


def test_a_refused_package_puts_its_changes_back(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()
    body = {"package_verdict": "refused", "in_reply_to": package, "reason": "序号断档", "items": []}
    assert loop.take(body).reopened == 1
    assert state(loop, change) == "approved"
    assert loop.take(body).reopened == 0
    assert [item["id"] for item in loop.school.read(outgoing.items_to_seal)] == [change]


def test_a_value_that_changed_meanwhile_is_a_conflict_and_a_new_draft(loop, scan):
    change = request(loop, scan=scan)
    package = loop.send()

    def meanwhile(session):
        from models.store import audit

        session.execute(update(t.student).where(t.student.c.id == loop.subject).values(name="别名", revision=5))
        audit.append(session, None, "test", "x", {})

    loop.school.write(meanwhile)
    loop.decide(package, Verdict.ACCEPT)
    outcome = loop.take(loop.answer(package)[0])
    assert (outcome.accepted, outcome.conflicts) == (0, 1)
    assert state(loop, change) == "conflict"
    draft = loop.school.read(changes.get, outcome.conflict_ids[0])
    assert [(d.before, d.after) for d in draft.diffs] == [("别名", "慕容安")]
    assert draft.summary.initiator_id == loop.school.registrar.person_id


def test_a_copy_that_differs_at_the_county_is_pointed_out(loop, scan):
    request(loop, scan=scan)
    package = loop.send()

    def other(session):
        from models.store import audit

        session.execute(update(t.student).where(t.student.c.id == loop.subject).values(name="旧名"))
        audit.append(session, None, "test", "x", {})

    loop.county.write(other)
    (line,) = loop.county.read(review.get_item, loop.item(package).id).conflicts
    assert line.startswith("姓名：学校申请时为")
    assert "旧名" in line


def test_duplicates_over_all_schools_are_notes(loop, scan, pupils):
    other = loop.school.read(roster.get, "students", loop.school.find(pupils(3)[2]["姓名"]))
    values = {key: other.values[key] for key in ("id_number", "sex", "birth_date")}
    request(loop, values, scan)
    notes = loop.county.read(review.get_item, loop.item(loop.send()).id).notes
    assert any("身份证件号相同" in note for note in notes)


@pytest.mark.parametrize("spoil", ["row", "count", "field", "kind", "unit"])
def test_a_malformed_package_leaves_nothing(school, county, tools, pupils, spoil):
    loop = Loop(school, county, tools)
    result = school.take_in(pupils(2))
    school.write(changes.submit, school.registrar, result.baseline_id)
    school.write(changes.approve, school.head, school.signer(Role.HEAD), [result.baseline_id])
    items = school.read(outgoing.items_to_seal)
    rows = school.read(lambda x: [(0, r) for r in outgoing.rows_of(x, items[0])])
    if spoil == "row":
        rows[0][1]["values"]["name"] = "冒名"
    elif spoil == "count":
        rows.pop()
    elif spoil == "field":
        rows[0][1]["values"]["revision"] = "9"
    elif spoil == "kind":
        items[0]["kind"] = "drop.table"
    else:
        items[0]["unit"] = "someone-else"

    def receive(session):
        tools.note_package(session, "p" * 64, "in", school.unit.id, county.unit.id)
        lines = [(place, row, row_line(row["id"], row["values"])) for place, row in rows]
        review.record_received(session, "p" * 64, school.unit.id, items, {}, lines)

    with pytest.raises(FileRefusedError):
        county.write(receive)
    assert loop.county.read(review.list_items) == []


def test_a_malformed_receipt_is_refused(school):
    for items in (None, [{}], [{"id": "x", "attempt": 1, "verdict": "accept", "opinion": "", "values": {"row": "1"}}]):
        with pytest.raises(FileRefusedError):
            school.write(receipts.apply_receipt, school.registrar, {"in_reply_to": "p", "items": items})
