"""What must be true of all stores once everything has been delivered: nobody waits, and everybody says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from models.services import maintenance, policies
from models.store import tables as t
from sync.packages import ledger
from tests.sync_world import Member
from tests.tier_post import ABOVE, BUREAUX, DOZEN, SCHOOLS
from tests.tier_walk import Walk

_STATE_OF = {"accept": "effective", "refuse": "refused", "withdrawn": "withdrawn"}
_UNIT = {name: unit.id for name, (unit, _) in DOZEN.items()}


def disagreements(walk: Walk) -> list[str]:
    """Every sentence on which the stores do not agree; none when all is well."""
    checks = (waiting, channels, verdicts, names, revisions, reports, policies_known, messages, problems, chains)
    return [f"{check.__name__}: {text}" for check in checks for text in check(walk)]


def _rows(member: Member, query: Any) -> list[Any]:
    return list(member.store.read(lambda session: session.execute(query).all()))


def waiting(walk: Walk) -> Iterator[str]:
    """No change stays on its way, no package is kept aside, no message lies."""
    for name, member in walk.members.items():
        c, p, m = t.change.c, t.package.c, t.message.c
        for row in _rows(member, select(c.number, c.state).where(c.state.in_(("sealed", "approved", "pending")))):
            yield f"{name}: change {row.number} is {row.state}"
        for row in _rows(member, select(p.title, p.state).where(p.direction == "in", p.state != ledger.ANSWERED)):
            if row.state != ledger.REFUSED or name not in (*walk.restored, *(ABOVE[x] for x in walk.restored)):
                yield f"{name}: {row.title} is {row.state}"
        late = (p.direction == "out", p.purpose.in_(("changes", "report")))
        for row in _rows(member, select(p.title, p.state).where(*late, p.state.in_((ledger.SEALED, ledger.DELIVERED)))):
            yield f"{name}: {row.title} is {row.state}"
        for row in _rows(member, select(m.title, m.next_id).where(m.state == "waiting")):
            yield f"{name}: message {row.title} waits"


def channels(walk: Walk) -> Iterator[str]:
    """Both ends of every channel stand at the same place."""
    for low, high in ABOVE.items():
        if not high:
            continue
        for frm, to in ((low, high), (high, low)):
            places = [
                walk.members[end].store.read(ledger.place_of, _UNIT[frm], _UNIT[to], "basic") for end in (frm, to)
            ]
            if places[0] != places[1]:
                yield f"{frm} -> {to}: {places}"


def verdicts(walk: Walk) -> Iterator[str]:
    """What the county said last of a change is what the school knows."""
    for name in SCHOOLS:
        known = {row.id: row for row in _rows(walk.members[name], select(t.change))}
        c = t.received_item.c
        query = select(t.received_item).where(c.unit_id == _UNIT[name]).order_by(c.attempt, c.decided_at)
        for item in {row.change_id: row for row in _rows(walk.members[ABOVE[name]], query)}.values():
            change = known.get(item.change_id)
            if change is None:
                if name not in walk.restored:
                    yield f"{name} does not know {item.subject_label}"
            elif item.state == "return":
                if change.attempt <= item.attempt:
                    yield f"{name}: {change.number} was returned and is {change.state}"
            elif change.attempt == item.attempt and change.state != _STATE_OF.get(item.state):
                yield f"{name}: {change.number} is {change.state}, the county said {item.state}"


def lost_to(walk: Walk, name: str) -> set[str]:
    """Pupils of a school whose changes, or themselves, it forgot with its disk."""
    if name not in walk.restored:
        return set()
    known = {row.id for row in _rows(walk.members[name], select(t.change.c.id))}
    pupils = {row.id for row in _rows(walk.members[name], select(t.student.c.id))}
    c = t.received_item.c
    county = walk.members[ABOVE[name]]
    items = _rows(county, select(c.change_id, c.subject_id).where(c.unit_id == _UNIT[name]))
    above = {row.id for row in _rows(county, select(t.student.c.id).where(t.student.c.unit_id == _UNIT[name]))}
    return {row.subject_id for row in items if row.change_id not in known} | (above - pupils)


def names(walk: Walk) -> Iterator[str]:
    """A pupil has one name at the school and at every tier above; who is not known above is on no baseline."""
    s = t.student.c
    for name in SCHOOLS:
        line = [name, *walk.above(name)]
        query = select(s.id, s.name).where(s.unit_id == _UNIT[name])
        copies = [{row.id: row.name for row in _rows(walk.members[one], query)} for one in line]
        lost = lost_to(walk, name)
        for one, copy in zip(line[2:], copies[2:], strict=True):
            if copy != copies[1]:
                yield f"{name}: {one} differs from its county: {set(copy.items()) ^ set(copies[1].items())}"
        for pupil, text in copies[1].items():
            if pupil not in lost and copies[0].get(pupil) != text:
                yield f"{name}: {copies[0].get(pupil)} is {text} at the county"


def revisions(walk: Walk) -> Iterator[str]:
    """Each accepted change was applied once."""
    c, s = t.change.c, t.student.c
    for name in SCHOOLS:
        done = (c.kind == "student.key_field", c.state == "effective")
        count = select(func.count()).where(*done, c.subject_id == s.id).scalar_subquery()
        for row in _rows(walk.members[name], select(s.name, s.revision, count.label("changes"))):
            if row.revision != 1 + row.changes:
                yield f"{name}: {row.name} has revision {row.revision} after {row.changes} changes"


def reports(walk: Walk) -> Iterator[str]:
    """What the counties accepted stands once at the city and at the province, nothing else does."""
    r = t.reported_item.c
    accepted: dict[str, set[tuple[str, int]]] = {}
    for name in SCHOOLS:
        county, c = walk.members[ABOVE[name]], t.received_item.c
        query = select(c.change_id, c.attempt).where(c.state == "accept", c.unit_id == _UNIT[name])
        accepted[name] = {(row.change_id, row.attempt) for row in _rows(county, query)}
        for tier in walk.above(name)[1:]:
            found = _rows(walk.members[tier], select(r.change_id, r.attempt).where(r.unit_id == _UNIT[name]))
            keys = [(row.change_id, row.attempt) for row in found]
            if len(set(keys)) != len(keys) or set(keys) != accepted[name]:
                yield f"{tier} has {len(keys)} items of {name}, the county accepted {len(accepted[name])}"


def policies_known(walk: Walk) -> Iterator[str]:
    """Each unit goes by the policies in force of every tier above it."""
    for name, member in walk.members.items():
        for tier in walk.above(name):
            versions = [one.store.read(policies.in_force_version, _UNIT[tier]) for one in (walk.members[tier], member)]
            if versions[0] != versions[1]:
                yield f"{name} has version {versions[1]} of {tier}, which issued {versions[0]}"


def messages(walk: Walk) -> Iterator[str]:
    """Every message arrived where it was to go, and none was refused."""
    m = t.message.c
    arrived = {
        name: {row.id: row.state for row in _rows(member, select(m.id, m.state).where(m.direction == "in"))}
        for name, member in walk.members.items()
    }
    owner = {unit: name for name, unit in _UNIT.items()}
    for name, member in walk.members.items():
        for row in _rows(member, select(t.message).where(m.direction == "out")):
            to = owner[row.to_id]
            if row.id not in arrived[to] and to not in walk.restored:
                yield f"{name}: {row.kind} for {to} never arrived ({row.state})"
        for row in _rows(member, select(t.message).where(m.state == "refused")):
            if not walk.restored:
                yield f"{name}: {row.direction} {row.kind} was refused: {row.note}"


def problems(walk: Walk) -> Iterator[str]:
    """What the owner decided or closed, the asked sides know; and a pupil's number is asked about once."""
    p, s = t.problem.c, t.problem_side.c
    for name in BUREAUX:
        own = _rows(walk.members[name], select(t.problem).where(p.owner_id == _UNIT[name]))
        for one in own:
            sides = _rows(walk.members[name], select(t.problem_side).where(s.problem_id == one.id))
            for side in sides:
                unit = next(low for low, unit_id in _UNIT.items() if unit_id == side.unit_id)
                if side.asked_at is None or unit in walk.restored:
                    continue
                there = _rows(walk.members[unit], select(t.problem).where(p.id == one.id))
                if not there:
                    yield f"{unit} was asked about a problem by {name} and does not know it"
                elif (there[0].decided_at is None, there[0].closed_at is None) != (
                    one.decided_at is None, one.closed_at is None,
                ):  # fmt: skip
                    yield f"{unit}: a problem of {name} is {there[0].state}, there {one.state}"
        keys = [(one.kind, json.dumps(one.details)) for one in own if one.closed_at is None]
        if len(set(keys)) != len(keys):
            yield f"{name} leads a problem twice"


def chains(walk: Walk) -> Iterator[str]:
    """Every store is whole and its record unbroken."""
    for name, member in walk.members.items():
        for text in maintenance.check(member.store).problems:
            yield f"{name}: {text}"
