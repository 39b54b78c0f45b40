"""A county that misbehaves towards its city: what it claims beyond its own schools is refused, the rest goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.domain.units import Role
from models.services import maintenance
from models.services.units import descendants, superior_id_of
from models.store import tables as t
from sync.formats import FileKind
from sync.packages import inbox
from sync.refusals import RefusedError
from sync.trust import directory, identity
from sync.trust.certificates import ISSUING, SIGNING, Subject, issue, key_mark, new_private_key, public_der
from sync.wire.statements import base64_text, sign
from tests.sync_world import (
    BLACK_SCHOOL,
    CITY,
    COUNTY,
    OTHER,
    PROVINCE,
    SCHOOL,
    WHITE_SCHOOL,
    Member,
    make_tiers,
    opened,
)
from tests.tier_simulator import Body, Simulated, with_address, with_body

_KEPT = (
    t.student,
    t.account,
    t.policy,
    t.unit,
    t.certificate,
    t.revoked,
    t.revocation_list,
    t.problem,
    t.disable_order,
)
ELSEWHERE = "00000000-0000-4000-8000-0000000000ff"


@dataclass
class Stage:
    """A city and the county below it that misbehaves."""

    county: Member
    city: Member
    folder: Path

    @property
    def sim(self) -> Simulated:
        return Simulated(self.county, self.city, self.folder)

    def entry(self, unit_id: str) -> Body:
        """What an honest directory of the county says of a unit below it."""
        found = self.county.store.read(lambda s: [one for one in descendants(s, COUNTY.id) if one.id == unit_id])
        return self.county.store.read(directory.entry_of, found[0])

    def directory(self, *entries: Body) -> Path:
        return self.sim.say("directory", {"units": list(entries)})

    def snapshot(self) -> list[Any]:
        return [self.city.store.read(lambda s, table=table: s.execute(select(table)).all()) for table in _KEPT]

    def take(self, path: Path) -> tuple[str, str]:
        """What becomes of a file: refused (not taken), answered (its number used up), message (refused), taken."""
        try:
            received = inbox.receive(self.city.store, path, self.city.act(Role.REGISTRAR))
        except RefusedError as error:
            return "refused", str(error)
        if received.refused:
            return "answered", received.sentence
        if received.kind is FileKind.MESSAGES and received.counts.get("refused"):
            return "message", received.warnings[-1]
        return "taken", received.sentence


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("subordinate") / "units")


@pytest.fixture
def stage(template: Path, tmp_path: Path) -> Iterator[Stage]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "county", "city") as (county, city):
        yield Stage(county, city, tmp_path / "sim")


def like(entry: Body, unit: Any, **changed: Any) -> Body:
    """An entry of the directory that claims another unit."""
    told = {**entry["unit"], "id": unit.id, "name": unit.name, "code": unit.code}
    return {**entry, "unit": told, "certificates": [], **changed}


def certified(stage: Stage, unit_id: str) -> str:
    """A certificate for a unit's signing key that the county invented."""
    key, issuing = new_private_key(), stage.sim.read(identity.private_keys, ISSUING)[0]
    anchor = stage.sim.read(identity.own_anchor)
    subject = Subject(unit_id, "某校", SIGNING, frozenset({"basic"}))
    return base64_text(issue(subject, public_der(key), anchor.subject, issuing, stage.sim.now).der)


def say_list(stage: Stage, unit: str, *about: str) -> Path:
    entries = [
        {"mark": key_mark(one, b"x"), "unit": one, "person": "", "since": "2026-01-01T00:00:00Z", "reason": "遗失"}
        for one in about
    ]
    body = {
        "type": "rollbook.revocations", "v": 1, "unit": unit, "line": "basic", "number": 3, "at": stage.sim.now,
        "entries": entries,
    }  # fmt: skip
    return stage.sim.say("revocation", {"statement": stage.sim.two(body).to_json()})


def letter(stage: Stage, kind: str, body: Body, **changed: str) -> Path:
    sim = replace(stage.sim, letter=with_body(**changed))
    return sim.say(kind, body, [sim.signer()])


ANSWER: Body = {
    "problem": ELSEWHERE, "position": 0, "change": "", "values": {}, "evidence": [], "bureau": None,
    "school": {"claim": "keep", "opinion": "经核实", "by": "某人", "at": "2026-10-01T00:00:00Z"},
}  # fmt: skip
CASES: tuple[tuple[str, Callable[[Stage], Path], str, str], ...] = (
    ("another county's school", lambda s: s.directory(like(s.entry(SCHOOL.id), WHITE_SCHOOL)), "message", "已登记在"),
    ("a county beside it", lambda s: s.directory(like(s.entry(SCHOOL.id), OTHER)), "message", "已登记在|不在"),
    ("its superior", lambda s: s.directory(like(s.entry(SCHOOL.id), CITY)), "message", "不在申报单位之下"),
    ("the province", lambda s: s.directory(like(s.entry(SCHOOL.id), PROVINCE)), "message", "不在申报单位之下"),
    ("itself", lambda s: s.directory(like(s.entry(SCHOOL.id), COUNTY)), "message", "不在申报单位之下"),
    ("under another county", lambda s: s.directory({**s.entry(SCHOOL.id), "superior": OTHER.id}), "message",
     "不在申报"),
    ("under nobody", lambda s: s.directory({**s.entry(SCHOOL.id), "superior": ELSEWHERE}), "message", "不在申报"),
    ("a school under a school", lambda s: s.directory(
        like(s.entry(SCHOOL.id), BLACK_SCHOOL, superior=SCHOOL.id)), "message", "不在申报"),
    ("one right, one wrong", lambda s: s.directory(
        like(s.entry(SCHOOL.id), replace(SCHOOL, name="改名小学")), like(s.entry(SCHOOL.id), WHITE_SCHOOL)), "message",
     "已登记在"),
    ("another's certificate", lambda s: s.directory(
        {**s.entry(SCHOOL.id), "certificates": [certified(s, WHITE_SCHOOL.id)]}), "message", "不符|直接上级"),
    ("bytes for a certificate", lambda s: s.directory(
        {**s.entry(SCHOOL.id), "certificates": ["AAAA"]}), "message", "内容|信任"),
    ("no certificate but letters", lambda s: s.directory({**s.entry(SCHOOL.id), "certificates": 7}), "message", "内容"),
    ("a unit without a tier", lambda s: s.directory(
        {**s.entry(SCHOOL.id), "unit": {"id": SCHOOL.id}}), "message", "内容|文件头"),
    ("revokes another's school", lambda s: say_list(s, COUNTY.id, WHITE_SCHOOL.id), "message", "不在申报"),
    ("revokes its superior", lambda s: say_list(s, COUNTY.id, CITY.id), "message", "不在申报"),
    ("list of a county beside it", lambda s: say_list(s, OTHER.id), "message", "不在“青禾县教育局”那一边"),
    ("list of its superior", lambda s: say_list(s, CITY.id), "message", "不在“青禾县教育局”那一边"),
    ("tells its superior who is above", lambda s: s.sim.say("authority", {"tiers": [], "certificates": []}), "message",
     "方向不对"),
    ("policy upwards", lambda s: s.sim.say("policy", {"policy": {}}), "message", "方向不对"),
    ("notice upwards", lambda s: letter(s, "notice", {"text": "通知"}), "message", "方向不对"),
    ("order upwards", lambda s: letter(s, "order.disable", {}), "message", "方向不对"),
    ("decision upwards", lambda s: letter(s, "problem.decision", {}), "message", "方向不对"),
    ("answer to no problem", lambda s: letter(s, "problem.answer", ANSWER), "message", "没有这个问题"),
    ("answer in a school's name", lambda s: letter(s, "problem.answer", ANSWER, **{"from": SCHOOL.id}), "message",
     "不符|证书"),
    ("answer of another's school", lambda s: letter(s, "problem.answer", ANSWER, **{"from": WHITE_SCHOOL.id}),
     "message", "那一边"),
    ("answer of a stranger", lambda s: letter(s, "problem.answer", ANSWER, **{"from": ELSEWHERE}), "message",
     "没有在本单位登记"),
    ("proof of nonsense", lambda s: s.sim.say("order.proof", {"order": ELSEWHERE, "items": [{}]}), "message",
     "内容|回执"),
    ("receipt upwards", lambda s: s.sim.write_receipt("5" * 64, []), "refused", "只能由本单位的上级签发"),
    ("in a school's name", lambda s: replace(s.sim, address=with_address(issuer=SCHOOL.id)).say("resend", {}),
     "refused", "不符"),
    ("fork", lambda s: replace(s.sim, address=with_address(previous="0" * 64)).say("resend", {}), "refused", "对不上"),
    ("fast forward", lambda s: replace(s.sim, address=with_address(sequence=1 << 50)).say("resend", {}), "refused",
     "超出可暂存"),
    ("signed by a person", lambda s: replace(s.sim, unit=s.sim.signer()).say("resend", {}), "refused", "用途"),
    ("signed by its schools' key", lambda s: s.sim.write_messages([sign(
        s.sim.state("resend", {"epoch": 1, "numbers": [1]}).content, [s.sim.signer()])]), "message", "用途"),
)  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_is_refused(stage: Stage, make: Callable[[Stage], Path], kind: str, words: str) -> None:
    before = stage.snapshot()
    found, sentence = stage.take(make(stage))
    assert found == kind, sentence
    assert any(word in sentence for word in words.split("|")), sentence
    assert stage.snapshot() == before
    assert stage.city.store.read(superior_id_of, WHITE_SCHOOL.id) == OTHER.id
    honest = replace(stage.sim, folder=stage.folder / "honest")
    told = {**stage.entry(SCHOOL.id), "unit": {**stage.entry(SCHOOL.id)["unit"], "name": "青禾县实验小学"}}
    kind, sentence = stage.take(honest.say("directory", {"units": [told]}))
    assert (kind, "已登记“青禾县教育局”之下的 1 个单位" in sentence) == ("taken", True), sentence
    assert maintenance.check(stage.city.store).ok
