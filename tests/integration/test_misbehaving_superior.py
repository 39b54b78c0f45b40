"""A superior that misbehaves in every way its keys allow: refused or harmless, and its next honest word is taken."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.domain.units import Role
from models.services import maintenance, policies
from models.services.units import ancestors
from models.store import tables as t
from sync.formats import FileKind
from sync.packages import inbox, outbox
from sync.refusals import RefusedError
from sync.trust import authority, identity
from sync.trust.certificates import ISSUING, SIGNING, Subject, issue, key_mark, new_private_key, public_der
from sync.trust.signers import UnitSigner
from sync.wire.statements import Signs, sign
from tests.sync_world import CITY, COUNTY, OTHER, PROVINCE, SCHOOL, SECOND, Member, make_tiers, opened
from tests.tier_simulator import Body, Simulated, with_address, with_body

_KEPT = (
    t.student, t.account, t.change, t.decision, t.policy, t.unit, t.certificate, t.revoked, t.revocation_list,
    t.operator, t.problem, t.problem_side, t.disable_order, t.disable_order_item, t.received_item, t.evidence,
    t.setting,
)  # fmt: skip
FAR, LONG_AGO = "2099-01-01T00:00:00Z", "2009-01-01T00:00:00Z"
ELSEWHERE = "00000000-0000-4000-8000-0000000000ff"


@dataclass
class Stage:
    """A school whose package of two changes waits for its answer, and the superior that misbehaves."""

    school: Member
    county: Member
    folder: Path
    package: str

    @property
    def sim(self) -> Simulated:
        return Simulated(self.county, self.school, self.folder / "sim")

    @property
    def changes(self) -> list[Any]:
        query = select(t.change).where(t.change.c.package_id == self.package).order_by(t.change.c.number)
        return list(self.school.store.read(lambda s: s.execute(query).all()))

    def receipt(self, sim: Simulated, *verdicts: str, **more: Any) -> Path:
        """A receipt that says these verdicts of the changes, in their order; `more` in the first answer."""
        items = [sim.answer(row, said) for row, said in zip(self.changes, verdicts or ("accept",) * 2, strict=False)]
        return sim.write_receipt(self.package, [{**items[0], **more}, *items[1:]])

    def snapshot(self) -> list[Any]:
        """All that a file may change, apart from the log of files and messages."""
        rows = [self.school.store.read(lambda s, table=table: s.execute(select(table)).all()) for table in _KEPT]
        return [[row for row in found if row[0] != "clock.signed"] for found in rows]

    def take(self, path: Path) -> tuple[str, str]:
        """What becomes of a file: refused (not taken), answered (its number used up), message (refused), taken."""
        try:
            received = inbox.receive(self.school.store, path, self.school.act(Role.REGISTRAR))
        except RefusedError as error:
            return "refused", str(error)
        if received.refused:
            return "answered", received.sentence
        if received.kind is FileKind.MESSAGES and received.counts.get("refused"):
            return "message", received.warnings[-1]
        return "taken", received.sentence


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = make_tiers(tmp_path_factory.mktemp("misbehaving") / "units")
    with opened(folder, "school", "county") as (school, county):
        package = school.build(["赵明华", "赵明亮"]).package_id
        begun = Simulated(county, school, folder / "begun")
        school.receive(begun.say("authority", {"tiers": begun.tiers(), "certificates": []}))
    assert package is not None
    return folder, package


@pytest.fixture
def stage(template: tuple[Path, str], tmp_path: Path) -> Iterator[Stage]:
    folder, package = template
    shutil.copytree(folder, tmp_path / "units")
    with opened(tmp_path / "units", "school", "county") as (school, county):
        yield Stage(school, county, tmp_path, package)


def assert_honest_word_is_taken(stage: Stage) -> None:
    """What the superior says rightly after all is taken, and the store is whole."""
    honest = replace(stage.sim, folder=stage.folder / "honest", receipt=with_body(reason="再次答复"))
    kind, sentence = stage.take(stage.receipt(honest))
    assert (kind, "通过 2 项" in sentence) == ("taken", True), sentence
    assert [row.state for row in stage.changes] == ["effective"] * 2
    told = stage.take(replace(stage.sim, folder=stage.folder / "after").say("authority", honest_tiers(stage)))
    assert told[0] == "taken", told
    assert [one.id for one in stage.school.store.read(superiors)] == [COUNTY.id, CITY.id, PROVINCE.id]
    assert maintenance.check(stage.school.store).ok


def honest_tiers(stage: Stage) -> Body:
    return {"tiers": stage.sim.tiers(), "certificates": []}


def superiors(session: Any) -> Any:
    return ancestors(session, SCHOOL.id)


# --- envelopes: the place in the channel, the keys, the bytes ----------------------------------------------


def stranger(stage: Stage, *, unit: str = COUNTY.id, purpose: str = SIGNING) -> Signs:
    """A key certified by a root of somebody else's, in the name of the superior."""
    root, key = new_private_key(), new_private_key()
    lines = frozenset({"basic"})
    own = Subject(unit, "青禾县教育局", ISSUING, lines)
    leaf = issue(Subject(unit, "青禾县教育局", purpose, lines), public_der(key), own, root, stage.sim.now)
    return UnitSigner(leaf.der, key)


def certified_by_county(stage: Stage, subject: Subject, at: str = "") -> UnitSigner:
    """A key the superior certified itself, as it likes."""
    key, issuing = new_private_key(), stage.sim.read(identity.private_keys, ISSUING)[0]
    anchor = stage.sim.read(identity.own_anchor)
    return UnitSigner(issue(subject, public_der(key), anchor.subject, issuing, at or stage.sim.now).der, key)


def of_unit(unit_id: str, purpose: str = SIGNING, line: str = "basic") -> Subject:
    return Subject(unit_id, "青禾县教育局", purpose, frozenset({line}))


def person(stage: Stage, unit_id: str, role: str = "registrar", at: str = "") -> Signs:
    """A person the superior invented, certified by it as one of a unit."""
    person_id = str(uuid.uuid4())
    subject = Subject(unit_id, "某人", "person", frozenset({"basic"}), person_id, frozenset({role}))
    return replace(certified_by_county(stage, subject, at), person_id=person_id)


def envelope(stage: Stage, **knobs: Any) -> Path:
    return stage.receipt(replace(stage.sim, **knobs))


ENVELOPES: tuple[tuple[str, Callable[[Stage], Path], str, str], ...] = (
    ("number used", lambda s: envelope(s, address=with_address(sequence=0)), "refused", "文件头已损坏"),
    ("number back", lambda s: envelope(s, address=with_address(sequence=1)), "refused", "第 1 号的包与此前"),
    ("far ahead", lambda s: envelope(s, address=with_address(sequence=900)), "refused", "超出可暂存的数量"),
    ("fast forward", lambda s: envelope(s, address=with_address(sequence=(1 << 53) - 1)), "refused", "超出可暂存"),
    ("epoch forward", lambda s: envelope(s, address=with_address(epoch=9)), "refused", "轮"),
    ("epoch back", lambda s: envelope(s, address=with_address(epoch=0)), "refused", "旧文件"),
    ("fork", lambda s: envelope(s, address=with_address(previous="0" * 64)), "refused", "对不上"),
    ("for another", lambda s: envelope(s, address=with_address(audience=SECOND.id)), "refused", "不是发给本单位的"),
    ("from another", lambda s: envelope(s, address=with_address(issuer=CITY.id)), "refused", "发件单位与签名证书"),
    ("other line", lambda s: envelope(s, address=with_address(line="open")), "refused", "业务线"),
    ("other content", lambda s: envelope(s, address=with_address(content="1" * 64)), "answered", "清单不一致"),
    ("purpose below", lambda s: envelope(s, address=with_address(purpose="changes")), "refused", "不是本单位的下级"),
    ("purpose unknown", lambda s: envelope(s, address=with_address(purpose="news")), "refused", "文件|用途"),
    ("too late", lambda s: envelope(s, address=with_address(not_after=LONG_AGO)), "answered", "有效期已于 2009-01-01"),
    ("other reply", lambda s: envelope(s, address=with_address(in_reply_to="2" * 64)), "answered", "回执的格式"),
    ("foreign root", lambda s: envelope(s, unit=stranger(s)), "refused", "不是由本单位所信任的上级签发的"),
    ("wrong use", lambda s: envelope(s, unit=certified_by_county(s, of_unit(COUNTY.id, "opening"))), "refused", "用途"),
    ("its superior's name", lambda s: envelope(s, unit=certified_by_county(s, of_unit(CITY.id)),
                                               address=with_address(issuer=CITY.id)), "refused", "直接上级签发"),
    ("wrong line", lambda s: envelope(s, unit=certified_by_county(s, of_unit(COUNTY.id, line="open"))), "refused",
     "业务线"),
    ("expired", lambda s: envelope(s, unit=certified_by_county(s, of_unit(COUNTY.id), LONG_AGO)), "refused", "信任"),
    ("not for us", lambda s: envelope(s, recipients=lambda _: [public_der(new_private_key())]), "answered",
     "没有加密给"),
    ("cut in the middle", lambda s: envelope(s, lines=lambda x: x[:0]), "answered", "记录顺序"),
    ("something more", lambda s: envelope(s, lines=lambda x: [*x, b'["x",1]\n']), "answered", "多余的记录"),
    ("bomb", lambda s: envelope(s, lines=lambda x: [*x, b'["r","' + b"0" * 900_000 + b'"]\n']), "refused", "压缩比"),
)  # fmt: skip

# --- receipts -----------------------------------------------------------------------------------------------


def receipt(stage: Stage, **changed: Any) -> Path:
    return stage.receipt(replace(stage.sim, receipt=with_body(**changed)))


RECEIPTS: tuple[tuple[str, Callable[[Stage], Path], str, str], ...] = (
    ("values never asked", lambda s: s.receipt(s.sim, values={"name": "赵明华", "phone": "13900000000"}), "answered",
     "申请的不同"),
    ("other value", lambda s: s.receipt(s.sim, values={"name": "赵明丑"}), "answered", "申请的不同"),
    ("no value", lambda s: s.receipt(s.sim, values=None), "answered", "申请的不同"),
    ("unknown field", lambda s: s.receipt(s.sim, values={"rank": "1"}), "answered", "不能识别"),
    ("unknown verdict", lambda s: s.receipt(s.sim, verdict="perhaps"), "answered", "回执的格式"),
    ("other attempt", lambda s: s.receipt(s.sim, attempt="1"), "answered", "回执的格式"),
    ("endless list", lambda s: receipt(s, items=[{}] * 60_000), "answered", "回执的格式"),
    ("not a list", lambda s: receipt(s, items={"a": 1}), "answered", "回执的格式"),
    ("in another's name", lambda s: receipt(s, unit=CITY.id), "answered", "回执的格式"),
    ("no time", lambda s: receipt(s, at="2026-13-01T00:00:00Z"), "refused", "文件头已损坏"),
    ("package never sent", lambda s: s.sim.write_receipt("3" * 64, []), "answered", "不是本单位发出的"),
    ("item of nobody", lambda s: s.sim.write_receipt(s.package, [
        {"id": ELSEWHERE, "attempt": 1, "verdict": "accept", "opinion": "", "values": {"name": "某人"}}
    ]), "taken", "此前已答复 1 项"),
    ("foreign certificates", lambda s: receipt(s, certificates=["AAAA"]), "answered", "上级所附的证书"),
    ("no registrar", lambda s: envelope(s, person=s.sim.signer(Role.HEAD)), "answered", "没有学籍管理员的职责"),
    ("the unit's key", lambda s: envelope(s, person=s.sim.unit_signer()), "answered", "不是用于此用途的"),
    ("a person of another unit", lambda s: envelope(s, person=person(s, OTHER.id)), "answered", "信任|直接上级|不符"),
    ("a registrar of long ago", lambda s: envelope(s, person=person(s, COUNTY.id, at=LONG_AGO)), "answered", "信任"),
)  # fmt: skip

# --- messages -----------------------------------------------------------------------------------------------


def tiers(stage: Stage, change: Callable[[list[Body]], list[Body]]) -> Path:
    told = stage.sim.tiers()
    return stage.sim.say("authority", {"tiers": change(told), "certificates": []})


def called(told: Body, **changed: str) -> Body:
    return {**told, "unit": {**told["unit"], **changed}}


def own_root(stage: Stage, unit_id: str) -> Body:
    """A root the superior made itself in the name of a tier above, with its own issuing key certified by it."""
    tier = next(one for one in stage.sim.tiers() if one["unit"]["id"] == unit_id)
    key = new_private_key()
    subject = Subject(unit_id, tier["unit"]["name"], ISSUING, frozenset({"basic"}))
    anchor = issue(subject, public_der(key), subject, key, stage.sim.now)
    return {**tier, "anchor": authority.base64_text(anchor.der), "issued": []}


def policy(stage: Stage, version: int, *, unit: str = COUNTY.id, size: str = "40", **more: Any) -> Body:
    return {
        "type": "rollbook.policy", "v": 1, "unit": unit, "line": "basic", "at": stage.sim.now, "version": version,
        "controlled_fields": [], "ue": None, "collision": None, "settings": {"class_size.primary": size}, "locks": [],
        "effective_from": "", **more,
    }  # fmt: skip


def say_policy(stage: Stage, body: Body) -> Path:
    return stage.sim.say("policy", {"policy": stage.sim.two(body).to_json()})


def say_list(stage: Stage, unit: str, number: int, entries: list[Body]) -> Path:
    body = {
        "type": "rollbook.revocations", "v": 1, "unit": unit, "line": "basic", "number": number,
        "at": stage.sim.now, "entries": entries,
    }  # fmt: skip
    return stage.sim.say("revocation", {"statement": stage.sim.two(body).to_json()})


def entry(unit: str) -> Body:
    return {"mark": f"{unit}/{'0' * 64}", "unit": unit, "person": "", "since": LONG_AGO, "reason": "遗失"}


def letter(stage: Stage, kind: str, body: Body, **changed: str) -> Path:
    """A message of a registrar, its head changed."""
    sim = replace(stage.sim, letter=with_body(**changed))
    return sim.say(kind, body, [sim.signer()])


DECISION: Body = {
    "problem": ELSEWHERE, "outcomes": ["change"], "opinion": "认定", "by": "某人", "at": "2026-10-01T00:00:00Z",
}  # fmt: skip
ORDER: Body = {
    "reason": "idle", "note": "", "due": "2099-01-01", "issued_by": "某人",
    "items": [{"position": 0, "account": None, "username": "lnqinghezhao", "label": "某人"}],
}  # fmt: skip
MESSAGES: tuple[tuple[str, Callable[[Stage], Path], str, str], ...] = (
    ("calls itself province", lambda s: tiers(s, lambda x: [called(x[0], tier="province")]), "message", "少了"),
    ("is its own ancestor", lambda s: tiers(s, lambda x: [x[0], called(x[0], tier="city")]), "message",
     "先后|少了"),
    ("is the city", lambda s: tiers(s, lambda x: [{**x[1], "anchor": x[0]["anchor"]}, x[2]]), "message", "少了|不是"),
    ("nobody above it", lambda s: tiers(s, lambda x: x[:1]), "message", "少了“虚州市教育局”"),
    ("no province", lambda s: tiers(s, lambda x: x[:2]), "message", "少了“虚省教育厅”"),
    ("another's tiers", lambda s: tiers(s, lambda x: [x[0], {**x[1], "unit": x[2]["unit"]}, x[2]]), "message",
     "少了|不符"),
    ("its key as the city's", lambda s: tiers(s, lambda x: [x[0], {**x[1], "anchor": x[0]["anchor"]}, x[2]]),
     "message", "不符"),
    ("a root of its own", lambda s: tiers(s, lambda x: [x[0], own_root(s, CITY.id), x[2]]), "message", "签发|先后"),
    ("leaves one out", lambda s: tiers(s, lambda x: [x[0], x[2]]), "message", "少了“虚州市教育局”"),
    ("no tier", lambda s: tiers(s, lambda x: []), "message", "少了“青禾县教育局”"),
    ("a higher tier", lambda s: tiers(s, lambda x: [called(x[0], tier="city"), called(x[1], tier="county"), x[2]]),
     "message", "先后不符"),
    ("us above us", lambda s: tiers(s, lambda x: [x[0], called(x[1], id=SCHOOL.id), x[2]]), "message", "少了“虚州市"),
    ("a stranger above", lambda s: tiers(s, lambda x: [x[0], called(x[1], id=ELSEWHERE), x[2]]), "message", "少了“"),
    ("policy of the city", lambda s: say_policy(s, policy(s, 9, unit=CITY.id)), "message", "不符"),
    ("policy of a stranger", lambda s: say_policy(s, policy(s, 9, unit=OTHER.id)), "message", "只能由本单位的上级签发"),
    ("policy by one", lambda s: s.sim.say("policy", {"policy": sign(policy(s, 9), [s.sim.signer()]).to_json()}),
     "message", "两人签名"),
    ("policy of no number", lambda s: say_policy(s, policy(s, 0)), "message", "文件头"),
    ("policy fast forward", lambda s: say_policy(s, policy(s, 1 << 40)), "message", "文件头"),
    ("policy of nonsense", lambda s: say_policy(s, policy(s, 9, size="many")), "message", "文件头"),
    ("list for its superior", lambda s: say_list(s, COUNTY.id, 5, [entry(PROVINCE.id)]), "message", "申报"),
    ("list in another's name", lambda s: say_list(s, CITY.id, 5, []), "message", "不符"),
    ("list of a stranger", lambda s: say_list(s, OTHER.id, 5, []), "message", "不在"),
    ("list without a number", lambda s: say_list(s, COUNTY.id, -1, []), "message", "文件头"),
    ("list fast forward", lambda s: say_list(s, COUNTY.id, (1 << 53) - 1, []), "message", "文件头"),
    ("directory downwards", lambda s: s.sim.say("directory", {"units": []}), "message", "方向不对"),
    ("proof downwards", lambda s: s.sim.say("order.proof", {}), "message", "方向不对"),
    ("answer downwards", lambda s: letter(s, "problem.answer", {}), "message", "方向不对"),
    ("unknown kind", lambda s: letter(s, "later.kind", {}), "message", "不认识"),
    ("notice in the city's name", lambda s: letter(s, "notice", {"text": "通知"}, **{"from": CITY.id}), "message",
     "不符"),
    ("notice in our name", lambda s: letter(s, "notice", {"text": "通知"}, **{"from": SCHOOL.id}), "message", "那一边"),
    ("for another school", lambda s: letter(s, "notice", {"text": "通知"}, to=SECOND.id), "message", "不经过本单位"),
    ("notice by the unit", lambda s: s.sim.say("notice", {"text": "通知"}), "message", "不是用于此用途的"),
    ("endless notice", lambda s: letter(s, "notice", {"text": "长" * 30_000}), "message", "通知的格式"),
    ("huge message", lambda s: letter(s, "notice", {"text": "长" * 100_000}), "message", "函件的格式"),
    ("title of two lines", lambda s: letter(s, "notice", {"text": "通知"}, title="一\n二"), "message", "函件的格式"),
    ("decision for a problem unknown", lambda s: letter(s, "problem.decision", DECISION), "message", "没有这个问题"),
    ("closes a problem unknown", lambda s: s.sim.say("problem.closed", {"problem": ELSEWHERE, "note": "已办结",
                                                     "at": "2026-10-01T00:00:00Z"}), "message", "没有这个问题"),
    ("decision of nonsense", lambda s: letter(s, "problem.decision", {"problem": [], "outcomes": 1}), "message",
     "内容"),
    ("order of nonsense", lambda s: letter(s, "order.disable", {**ORDER, "items": "all"}), "message", "内容|通知单"),
    ("asks again for nothing", lambda s: s.sim.say("resend", {"epoch": 1, "numbers": [77]}), "taken",
     "没有需要补发的"),
    ("asks for too much", lambda s: s.sim.say("resend", {"epoch": 1, "numbers": list(range(1, 9999))}), "message",
     "内容"),
    ("steps of nothing", lambda s: s.sim.say("trace", {"entries": [
        {"message": "4" * 64, "event": "handled", "at": "2026-10-01T00:00:00Z", "note": ""}]}), "taken", "已办理 1 件"),
    ("another's package lost", lambda s: s.sim.say("trace", {"entries": [], "package": s.package, "reason": ""}),
     "taken", "已办理 1 件"),
)  # fmt: skip
CASES = (*ENVELOPES, *RECEIPTS, *MESSAGES)


@pytest.mark.parametrize(("make", "kind", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_is_refused_or_does_nothing(stage: Stage, make: Callable[[Stage], Path], kind: str, words: str) -> None:
    before = stage.snapshot()
    found, sentence = stage.take(make(stage))
    assert found == kind, sentence
    assert any(word in sentence for word in words.split("|")), sentence
    assert stage.snapshot() == before
    assert_honest_word_is_taken(stage)


# --- what takes more than one file --------------------------------------------------------------------------


def test_a_verdict_is_not_flipped_by_a_second_receipt(stage: Stage) -> None:
    stage.take(stage.receipt(stage.sim, "refuse", "accept"))
    before = stage.snapshot()
    kind, sentence = stage.take(stage.receipt(replace(stage.sim, folder=stage.folder / "flip"), "accept", "refuse"))
    assert (kind, "此前已答复 2 项" in sentence) == ("taken", True)
    assert stage.snapshot() == before
    assert sorted(row.state for row in stage.changes) == ["effective", "refused"]


def test_a_receipt_again_is_known_under_any_number(stage: Stage) -> None:
    path = stage.receipt(stage.sim)
    stage.take(path)
    before = stage.snapshot()
    kind, sentence = stage.take(path)
    assert (kind, "此前已经接收" in sentence) == ("refused", True)
    again = replace(stage.sim, receipt=with_body(at=stage.school.store.read(said_at)))
    kind, sentence = stage.take(stage.receipt(again))
    assert (kind, "此前已按旧编号接收，没有改动" in sentence) == ("taken", True), sentence
    assert stage.snapshot() == before


def said_at(session: Any) -> str:
    """When the last receipt that came says it was signed."""
    p = t.package.c
    query = select(p.created_at).where(p.purpose == "receipt", p.direction == "in")
    return str(session.execute(query).scalar_one())


def test_what_comes_early_waits_and_what_does_not_follow_is_dropped(stage: Stage) -> None:
    before = stage.snapshot()
    kind, sentence = stage.take(envelope(stage, address=lambda a: replace(a, sequence=a.sequence + 1)))
    assert (kind, "已暂存" in sentence) == ("taken", True)
    assert stage.snapshot() == before
    assert_honest_word_is_taken(stage)


@pytest.mark.parametrize("at", [FAR, LONG_AGO])
def test_a_clock_far_off_locks_nobody_out(stage: Stage, at: str) -> None:
    """Every signed time of the superior says 2099, or 2009; certificates are judged by our own clock (decision 8)."""
    sim = replace(stage.sim, at=at)
    notice = replace(sim, folder=stage.folder / "notice").say("notice", {"text": "通知"}, [sim.signer()])
    assert stage.take(notice)[0] == "taken"
    told = replace(sim, folder=stage.folder / "policy")
    body = policy(stage, 1) | {"at": at, "effective_from": at}
    assert stage.take(told.say("policy", {"policy": told.two(body).to_json()}))[0] == "taken"
    assert stage.take(stage.receipt(sim, "return"))[0] == "taken"
    kind, sentence = stage.take(stage.receipt(replace(stage.sim, folder=stage.folder / "now")))
    assert (kind, "通过 1 项、此前已答复 1 项" in sentence) == ("taken", True), sentence
    change = stage.school.propose(stage.changes[1].subject_id, "赵明朗")
    stage.school.approve([change])
    assert outbox.build(stage.school.store, stage.school.act(Role.REGISTRAR), stage.school.out).new


def test_policies_do_not_go_back_nor_say_two_things(stage: Stage) -> None:
    def word(version: int, size: str) -> tuple[str, str]:
        sim = replace(stage.sim, folder=stage.folder / f"{version}-{size}")
        return stage.take(sim.say("policy", {"policy": sim.two(policy(stage, version, size=size)).to_json()}))

    assert "从现在起执行" in word(5, "40")[1]
    before = stage.snapshot()
    assert "这是旧版政策（第 4 版）" in word(4, "45")[1]
    assert "内容不同的一份" in word(5, "46")[1]
    assert stage.snapshot() == before
    assert "从现在起执行" in word(6, "38")[1]


def revoked_by_city(stage: Stage) -> None:
    """The city revokes both persons whose keys the thief had; the county gives their work to others."""
    with opened(stage.folder / "units", "city") as (city,):
        above = Simulated(city, stage.county, stage.folder / "city")
        marks = []
        for role in (Role.ADMINISTRATOR, Role.REGISTRAR):
            key = stage.sim.signer(role)
            mark = key_mark(COUNTY.id, key.public_key)
            marks.append(
                {"mark": mark, "unit": COUNTY.id, "person": key.person_id, "since": LONG_AGO, "reason": "被盗"}
            )
        body = {
            "type": "rollbook.revocations", "v": 1, "unit": CITY.id, "line": "basic", "number": 1, "at": above.now,
            "entries": marks,
        }  # fmt: skip
        listed = above.two(body).to_json()
    sim = replace(stage.sim, folder=stage.folder / "revoked")
    kind, sentence = stage.take(sim.say("revocation", {"statement": listed}))
    assert (kind, "第 1 号证书吊销名单" in sentence) == ("taken", True), sentence


def test_stolen_keys_cannot_shut_out_later_policies_and_lists(stage: Stage) -> None:
    """Fast-forward recovery: what was signed with keys revoked since before counts no longer against lower numbers."""
    stage.take(say_policy(stage, policy(stage, 1_000_000, size="99")))
    stage.take(say_list(replace(stage, folder=stage.folder / "list"), COUNTY.id, 1_000_000, []))
    revoked_by_city(stage)
    people = [person(stage, COUNTY.id, "administrator"), person(stage, COUNTY.id, "registrar")]
    sim = replace(stage.sim, folder=stage.folder / "recovered")
    said = sign(policy(stage, 1), people).to_json()
    kind, sentence = stage.take(sim.say("policy", {"policy": said}))
    assert (kind, "第 1 版政策，从现在起执行" in sentence) == ("taken", True), sentence
    assert stage.school.store.read(policies.effective).class_size("primary") == 40
    body = {
        "type": "rollbook.revocations", "v": 1, "unit": COUNTY.id, "line": "basic", "number": 1, "at": sim.now,
        "entries": [],
    }  # fmt: skip
    kind, sentence = stage.take(sim.say("revocation", {"statement": sign(body, people).to_json()}))
    assert (kind, "第 1 号证书吊销名单" in sentence) == ("taken", True), sentence
