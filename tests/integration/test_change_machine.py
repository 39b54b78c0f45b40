"""Whatever order people act in, a change is never in a state its decisions do not lead to (decision 13)."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.domain.errors import UserError
from models.domain.states import END_STATES, NEW_ATTEMPT, State, follow
from models.domain.units import Role
from models.services import changes, outgoing, receipts
from models.services.change_log import events_of
from models.store import tables as t

ACTS = ("submit", "return", "refuse", "withdraw", "approve", "revoke", "seal", "accept", "back", "no", "shut", "gone")


def act(school, name, change, package):
    """Try one act as the person who may do it; a refusal is an answer too."""
    s, verdicts = school, {"accept": "accept", "back": "return", "no": "refuse", "gone": "withdrawn"}
    attempt = s.read(changes.get, change).summary.attempt
    if name in verdicts:
        values = {"name": "慕容安"} if name == "accept" else None
        item = {"id": change, "attempt": attempt, "verdict": verdicts[name], "opinion": "", "values": values}
        body = {"in_reply_to": package, "package_verdict": "opened", "items": [item]}
        s.write(receipts.apply_receipt, s.registrar, body)
    elif name == "shut":
        body = {"in_reply_to": package, "package_verdict": "refused", "reason": "断档"}
        s.write(receipts.apply_receipt, s.registrar, body)
    elif name == "seal":
        s.write(outgoing.mark_sealed, s.registrar, [change], package)
    elif name == "approve":
        s.write(changes.approve, s.head, s.head_signer, [change])
    elif name in ("submit", "withdraw"):
        s.write(getattr(changes, name), s.registrar, change)
    else:
        deed = {"return": changes.return_, "refuse": changes.refuse, "revoke": changes.revoke}[name]
        s.write(deed, s.head, [change], "意见")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(ACTS), min_size=3, max_size=14))
def test_the_projection_always_follows_from_the_decisions(school, pupils, scan, acts):
    s = school
    if not hasattr(s, "head_signer"):
        s.take_in(pupils(1))
        s.head_signer = s.signer(Role.HEAD)
    subject = s.read(lambda x: x.execute(select(t.student.c.id)).scalar_one())
    for one in s.read(changes.list_changes, changes.ChangeQuery(subject_id=subject, open_only=True)):
        for name in ("shut", "revoke", "withdraw"):
            with suppress(UserError):
                act(s, name, one.id, "p" * 64)
    if s.read(lambda x: x.execute(select(t.student.c.name)).scalar_one()) == "慕容安":
        return
    values = {"name": "慕容安"}
    change = s.write(changes.propose, s.registrar, "student.key_field", subject, values, "更正")
    s.write(changes.attach, s.registrar, change, "户籍证明.png", scan, "image/png")
    for name in acts:
        with suppress(UserError):
            act(s, name, change, "p" * 64)
        events = s.read(events_of, [change])[change]
        summary = s.read(changes.get, change).summary
        state = follow(events)
        assert state is not None
        assert summary.state == state.value
        assert summary.attempt == 1 + sum(event in NEW_ATTEMPT for event in events)
        name_now = s.read(lambda x: x.execute(select(t.student.c.name)).scalar_one())
        assert (name_now == "慕容安") == (state is State.EFFECTIVE)
        if state in END_STATES:
            break
