"""Messages between units: delivered with everything else, judged one by one, traced, never lost (decision 7)."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.domain import message_kinds
from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.message_kinds import REGISTRAR, MessageKind
from models.domain.times import to_text
from models.domain.units import Actor, Role, Tier, Unit
from models.services import matters
from models.store import tables as t
from sync.messages import notices, receiving, sealing
from sync.messages.handlers import HANDLERS
from sync.messages.message import Message, read_message, state_message
from sync.messages.post import post
from sync.messages.sending import send
from sync.packages import inbox, ledger, opening
from sync.refusals import Fault, OutOfTurnError
from sync.trust.certificates import PERSON
from sync.trust.identity import certified
from sync.trust.known import newest, revoke
from sync.wire.statements import Statement
from tests.integration.test_cli import rollbook
from tests.sync_world import (
    BLACK_SCHOOL,
    CITY,
    COUNTY,
    OTHER,
    PEOPLE,
    SCHOOL,
    SECOND,
    WHITE_SCHOOL,
    Member,
    enrol,
    make_template,
    make_tiers,
    opened,
)

pytestmark = pytest.mark.filterwarnings("error")

QUESTION = MessageKind("test.question", "重新核对请求", REGISTRAR, "")
"""A kind that goes any way, from a person, and is answered at once: no kind of the program is all three."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("messages"))


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[tuple[Member, Member, Member]]:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, "school", "second", "county") as (school, second, county):
        yield school, second, county


def carry(frm: Member, to: Member) -> list[inbox.Received]:
    """Everything that waits at one unit for the other, by a stick of its own."""
    stick = frm.store.home.parent / f"stick-{frm.store.home.name}-{to.store.home.name}"
    stick.mkdir(exist_ok=True)
    taken = []
    for path in send(frm.store, to.store.actor.unit.id, stick):
        if to.store.read(ledger.find, frm.store.read(_id_of, path.name)) is None:
            taken.append(to.receive(path))
    return taken


def _id_of(session: Session, file_name: str) -> str:
    return str(session.execute(select(t.package.c.id).where(t.package.c.file_name == file_name)).scalar_one())


def notify(county: Member, title: str = "核对照片", **more: object) -> str:
    """A notice to all below; its matter."""
    passphrase = county.act(Role.REGISTRAR)
    return notices.send(county.store, passphrase, None, title, "请各校核对学生照片。", **more)  # type: ignore[arg-type]


def test_notice_goes_down_is_read_and_the_sender_sees_who_read_it(world: tuple[Member, Member, Member]) -> None:
    school, second, county = world
    matter = notify(county, due="2027-01-01T00:00:00Z")
    (got,) = carry(county, school)
    assert "收到通知《核对照片》" in got.sentence
    carry(county, second)
    (mine,) = school.store.read(notices.list_notices)
    assert (mine.text, mine.from_name, mine.signer, mine.is_read) == (
        "请各校核对学生照片。",
        COUNTY.name,
        "登记员",
        False,
    )
    assert school.store.read(matters.list_matters)[0].holders == (SCHOOL.name,)
    school.store.write(notices.confirm, school.store.actor, mine.id[:10])
    assert school.store.read(matters.list_matters)[0].standing == "已办结"
    carry(school, county)
    carry(second, county)
    (sent,) = county.store.read(notices.list_notices)
    assert (sent.read_by, sent.unread) == ((SCHOOL.name,), (SECOND.name,))
    shown = county.store.read(matters.show_matter, matter)
    assert (shown.matter.total, shown.matter.done, shown.matter.holders) == (2, 1, (SECOND.name,))
    (letter,) = [one for one in shown.letters if one.to_name == SCHOOL.name]
    assert [step.event for step in letter.steps] == ["posted", "sent", "received", "handled"]
    assert letter.steps[-1].note == "登记员已阅"


def test_a_notice_is_for_those_below_and_by_the_registrar(world: tuple[Member, Member, Member]) -> None:
    school, _, county = world
    passphrase = school.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有符合条件的下级单位"):
        notices.send(school.store, passphrase, None, "甲", "乙")
    with pytest.raises(UserError, match="不是本单位的下级"):
        notices.send(school.store, passphrase, [COUNTY.id], "甲", "乙")
    passphrase = county.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有符合条件的下级单位"):
        notices.send(county.store, passphrase, None, "甲", "乙", tiers={Tier.CITY})
    passphrase = county.act(Role.HEAD)
    with pytest.raises(NotAllowedError):
        notices.send(county.store, passphrase, None, "甲", "乙")
    assert county.store.read(notices.list_notices) == []


# --- four tiers -------------------------------------------------------------------------------------------------

PATH = ("school", "county", "city", "other", "white_school")


@pytest.fixture(scope="module")
def tiers_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four tiers whose directories have gone up."""
    folder = make_tiers(tmp_path_factory.mktemp("tiers"))
    with opened(folder, "county", "other", "city", "province") as (county, other, city, province):
        carry(county, city)
        carry(other, city)
        carry(city, province)
    return folder


@pytest.fixture
def tiers(tiers_template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    folder = tmp_path / "tiers"
    shutil.copytree(tiers_template, folder)
    with opened(folder, *PATH) as members:
        yield dict(zip(PATH, members, strict=True))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Every unit takes a question and keeps it; what arrived."""
    arrived: list[Message] = []

    def take(session: Session, actor: Actor, message: Message) -> str:
        if message.body["text"] == "拒":
            raise FileRefusedError("没有这名学生，不能核对。")
        arrived.append(message)
        return "已核对"

    monkeypatch.setitem(message_kinds._BY_KEY, QUESTION.key, QUESTION)
    monkeypatch.setattr(matters, "_MATTERS", (*matters._MATTERS, QUESTION.key))
    monkeypatch.setitem(HANDLERS, QUESTION.key, take)
    return arrived


def ask(member: Member, to: str, text: str = "请核对", **more: str) -> str:
    """A question signed by the registrar; its id."""
    signer = member.store.signer(member.act(Role.REGISTRAR))
    given = {"title": "核对学籍", "signers": [signer], **more}
    return member.store.write(post, member.store.actor, QUESTION.key, to, {"text": text}, **given)  # type: ignore[arg-type]


def walk(tiers: dict[str, Member], *names: str) -> inbox.Received:
    """Carry along the units in turn; what the last one said."""
    got = []
    for frm, to in pairwise(names):
        got = carry(tiers[frm], tiers[to])
    return got[-1]


def test_question_crosses_four_tiers_and_the_answer_comes_back(tiers: dict[str, Member], asked: list[Message]) -> None:
    school, white = tiers["school"], tiers["white_school"]
    question = ask(school, WHITE_SCHOOL.id, due="2027-03-01T00:00:00Z")
    assert "已核对" in walk(tiers, *PATH).sentence
    (message,) = asked
    assert (message.origin_id, message.origin_name, message.person_names) == (SCHOOL.id, SCHOOL.name, ("登记员",))
    ask(white, SCHOOL.id, "已改正", matter=message.matter, in_reply_to=message.id)
    walk(tiers, *reversed(PATH))
    assert [one.body["text"] for one in asked] == ["请核对", "已改正"]
    shown = school.store.read(matters.show_matter, message.matter)
    assert shown.matter.standing == "已办结"
    sent, answer = sorted(shown.letters, key=lambda one: one.id != question)  # both of the same second, maybe
    assert (sent.id, answer.direction, answer.from_name) == (question, "in", WHITE_SCHOOL.name)
    told = [(step.unit_name, step.event) for step in sent.steps]
    assert told == [
        (SCHOOL.name, "posted"), (SCHOOL.name, "sent"), (COUNTY.name, "passed"), (CITY.name, "passed"),
        (OTHER.name, "passed"), (WHITE_SCHOOL.name, "handled"),
    ]  # fmt: skip
    walk(tiers, *PATH)  # what the school did with the answer is told to those it came through
    for between in ("county", "city", "other"):
        assert tiers[between].store.read(matters.show_matter, message.matter).matter.done == 2


def test_late_matter_says_where_it_lies(tiers: dict[str, Member], asked: list[Message]) -> None:
    due = to_text(datetime.now(UTC) - timedelta(days=3))
    ask(tiers["school"], WHITE_SCHOOL.id, due=due)
    assert standing(tiers["school"]) == f"逾期 3 天，停在{SCHOOL.name}"
    walk(tiers, "school", "county", "city")
    walk(tiers, "city", "county", "school")
    for name in ("school", "county", "city"):
        assert standing(tiers[name]) == f"逾期 3 天，停在{CITY.name}"


def standing(member: Member) -> str:
    (one,) = member.store.read(matters.list_matters)
    return one.standing


def test_refused_message_goes_back_with_its_sentence_and_stops_no_other(
    tiers: dict[str, Member], asked: list[Message]
) -> None:
    school = tiers["school"]
    bad = ask(school, WHITE_SCHOOL.id, "拒")
    ask(school, WHITE_SCHOOL.id)
    got = walk(tiers, *PATH)
    assert (got.counts["handled"], got.counts["refused"]) == (1, 1)
    assert "没有这名学生" in got.warnings[0]
    walk(tiers, *reversed(PATH))
    assert row_of(school, bad).state == "refused"
    assert row_of(school, bad).note == "没有这名学生，不能核对。"
    assert all(not one.is_open for one in school.store.read(matters.list_matters))


def row_of(member: Member, message_id: str) -> Any:
    return member.store.read(lambda s: s.execute(select(t.message).where(t.message.c.id == message_id)).one())


def smuggle(member: Member, statement: Statement, next_id: str) -> str:
    """Put a statement among what waits at a unit, as if it had come that way."""
    message = read_message(statement)

    def put(session: Session) -> None:
        ledger.keep(session, statement)
        row = receiving._row(message, "transit", "waiting", next_id)
        session.execute(insert(t.message).values(**row))

    member.store.write(put)
    return statement.id


def forged(member: Member, origin: Unit, to: str, kind: str = QUESTION.key, role: Role = Role.REGISTRAR) -> Statement:
    """A message that a person of `member` signs in the name of `origin`."""
    signer = member.store.signer(member.act(role))
    head = {
        "kind": kind, "matter": str(uuid.uuid4()), "from": origin.id, "from_name": origin.name, "to": to,
        "line": "basic", "at": to_text(datetime.now(UTC)), "due": "", "title": "核对学籍", "in_reply_to": "",
    }  # fmt: skip
    certified_ = member.store.read(certified, signer, True)
    return state_message(head, {"text": "请核对"}, [certified_])


def test_neighbour_cannot_forge_alter_or_pass_on_what_is_not_behind_it(
    tiers: dict[str, Member], asked: list[Message]
) -> None:
    school, county, city, white = (tiers[name] for name in ("school", "county", "city", "white_school"))
    genuine = ledger_recall(white, ask(white, CITY.id))
    altered = ledger_recall(school, ask(school, CITY.id))
    body = altered.body.replace("请核对".encode(), "请删除".encode())
    refused = {
        smuggle(county, forged(county, SCHOOL, CITY.id), CITY.id): Fault.ISSUER_UNLIKE_CERTIFICATE,
        smuggle(county, replace(altered, body=body), CITY.id): Fault.EDITED,
        smuggle(county, genuine, CITY.id): Fault.NOT_BEHIND,
        smuggle(county, forged(county, BLACK_SCHOOL, CITY.id), CITY.id): Fault.UNKNOWN_ORIGIN,
        smuggle(county, forged(county, COUNTY, CITY.id, role=Role.HEAD), CITY.id): Fault.WRONG_ROLE,
        smuggle(county, forged(county, COUNTY, CITY.id, "notice"), CITY.id): Fault.WRONG_WAY,
        smuggle(county, forged(county, COUNTY, CITY.id, "later.kind"), CITY.id): Fault.UNKNOWN_MESSAGE,
        smuggle(county, forged(county, COUNTY, SECOND.id), CITY.id): Fault.WRONG_PATH,
    }
    good = ask(county, CITY.id)
    (got,) = carry(county, city)
    assert (got.counts["refused"], got.counts["handled"]) == (len(refused), 1)
    assert [message.id for message in asked] == [good]
    for message_id, fault in refused.items():
        row = row_of(city, message_id)
        assert row.state == "refused"
        assert row.note.startswith(fault.value.split("{")[0]), (fault, row.note)


def ledger_recall(member: Member, message_id: str) -> Statement:
    found = member.store.read(ledger.recall, message_id)
    assert found is not None
    return found


def test_what_was_refused_as_forged_is_taken_when_it_comes_rightly(
    tiers: dict[str, Member], asked: list[Message]
) -> None:
    white, county, city = (tiers[name] for name in ("white_school", "county", "city"))
    question = ask(white, CITY.id)
    smuggle(county, ledger_recall(white, question), CITY.id)
    carry(county, city)
    assert row_of(city, question).state == "refused"
    walk(tiers, "white_school", "other", "city")
    assert row_of(city, question).state == "handled"
    walk(tiers, "city", "other", "white_school")
    assert row_of(white, question).state == "handled"


# --- lost, doubled, swapped -------------------------------------------------------------------------------------


def test_packages_lost_doubled_and_swapped(world: tuple[Member, Member, Member], asked: list[Message]) -> None:
    school, _, county = world
    first = ask(school, COUNTY.id, "甲")
    (one,) = send(school.store, None, school.out)
    ask(school, COUNTY.id, "乙")
    (again, two) = send(school.store, COUNTY.id, school.out)
    assert again == one
    assert county.receive(two).state == ledger.HELD
    got = county.receive(one)
    assert [message.body["text"] for message in asked] == ["甲", "乙"]
    assert len(got.also) == 1
    for path in (one, two):
        with pytest.raises(OutOfTurnError, match="此前已经接收"):
            county.receive(path)
    # the way back is lost once: the next delivery carries it again, then the acknowledgement ends it
    (lost,) = send(county.store, SCHOOL.id, county.out)
    lost.unlink()
    (back,) = send(county.store, SCHOOL.id, county.out)
    school.receive(back)
    assert row_of(school, first).state == "handled"
    assert [row.state for row in school.store.read(ledger.unanswered)] == []
    assert len(county.store.read(ledger.unanswered)) == 1  # the school had nothing to say since
    ask(school, COUNTY.id, "丙")
    carry(school, county)
    assert [row for row in county.store.read(ledger.unanswered) if row.purpose == "messages"] == []


def test_known_message_in_another_package_does_nothing(
    world: tuple[Member, Member, Member], asked: list[Message]
) -> None:
    school, _, county = world
    question = ask(school, COUNTY.id)
    carry(school, county)
    again = update(t.message).where(t.message.c.id == question).values(state="waiting")
    school.store.write(lambda s: s.execute(again) and None)
    (got,) = carry(school, county)
    assert (dict(got.counts), len(asked)) == ({"items": 1, "known": 1}, 1)


def test_package_that_cannot_be_opened_comes_again(
    world: tuple[Member, Member, Member], asked: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    school, _, county = world
    question = ask(school, COUNTY.id)
    with monkeypatch.context() as patch:
        patch.setattr(opening, "MOST_MESSAGES", 0)
        (got,) = carry(school, county)
    assert got.refused
    assert (asked, county.store.read(matters.list_matters)) == ([], [])
    carry(county, school)
    assert row_of(school, question).state == "waiting"
    carry(school, county)
    assert [message.id for message in asked] == [question]


def test_messages_beyond_the_limits(
    world: tuple[Member, Member, Member], asked: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    school, _, county = world
    with pytest.raises(UserError, match="太长"):
        ask(school, COUNTY.id, "长" * 90_000)
    with pytest.raises(UserError, match="太长"):
        ask(school, COUNTY.id, title="题" * 201)
    monkeypatch.setattr(sealing, "MOST_MESSAGES", 2)
    for text in "一二三四五":
        ask(school, COUNTY.id, text)
    assert len(carry(school, county)) == 3
    assert [message.body["text"] for message in asked] == list("一二三四五")


def test_messages_go_with_changes_and_with_receipts(world: tuple[Member, Member, Member], asked: list[Message]) -> None:
    school, second, county = world
    ask(school, COUNTY.id)
    built = school.build(["钱明"])
    assert len(built.paths) == 3  # changes, evidence, messages
    for path in built.paths:
        county.receive(path)
    assert len(asked) == 1
    notify(county)
    assert built.package_id is not None
    receipt = county.review_all(built.package_id)
    assert f"_致{SCHOOL.name}_" in receipt.name
    names = sorted(path.name.split("_")[0] for path in county.out.glob(f"*_致{SCHOOL.name}_*"))
    assert names == ["回执", "往来函件包"]
    assert list(county.out.glob(f"*_致{SECOND.name}_*")) == []
    (one,) = send(county.store, SECOND.id, county.out)
    second.receive(one)
    assert len(second.store.read(notices.list_notices)) == 1


def test_unit_back_from_an_old_backup_gets_what_it_misses_and_sends_again(
    template: Path, tmp_path: Path, asked: list[Message]
) -> None:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, "school", "county") as (school, county):
        ask(county, SCHOOL.id, "一")
        carry(county, school)
    shutil.copytree(folder / "school", folder / "kept")
    with opened(folder, "school", "county") as (school, county):
        ask(county, SCHOOL.id, "二")
        carry(county, school)
        ask(school, COUNTY.id, "三")
        carry(school, county)
        assert len(asked) == 3
    shutil.rmtree(folder / "school")
    shutil.move(folder / "kept", folder / "school")
    with opened(folder, "school", "county") as (school, county):
        lost = ask(school, COUNTY.id, "四")
        send(school.store)  # sealed under a number the county has taken already
        enrol(school, county)
        ask(county, SCHOOL.id, "五")
        carry(county, school)
        carry(school, county)
        assert row_of(county, lost).state == "handled"
        assert [message.body["text"] for message in asked] == ["一", "二", "三", "二", "五", "四"]


def test_stolen_key_cannot_date_its_messages_back(
    world: tuple[Member, Member, Member], asked: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    school, _, county = world
    ask(school, COUNTY.id, "一")
    carry(school, county)
    registrar = school.actors[Role.REGISTRAR].person_id
    key = county.store.read(lambda s: newest(s, SCHOOL.id, PERSON, registrar))
    assert key is not None
    long_ago = to_text(datetime.now(UTC) - timedelta(hours=1))
    county.store.write(lambda s: revoke(s, None, key.fingerprint, long_ago, "密钥丢失"))
    with monkeypatch.context() as patch:
        patch.setattr("models.store.clock.now", lambda session: to_text(datetime.now(UTC) - timedelta(days=2)))
        back = ask(school, COUNTY.id, "二")
    carry(school, county)
    assert row_of(county, back).at < long_ago
    assert row_of(county, back).state == "refused"
    assert "吊销" in row_of(county, back).note
    assert [message.body["text"] for message in asked] == ["一"]


def test_body_of_another_shape_is_refused_and_stops_nothing(
    world: tuple[Member, Member, Member], asked: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    school, _, county = world
    bodies: tuple[dict[str, Any], ...] = (
        {}, {"entries": 1}, {"entries": [{}]}, {"entries": ["a"]}, {"entries": [], "package": 1},
        {"entries": [{"message": 1, "event": "gone", "at": "", "note": ""}]}, {"entries": [], "package": "x" * 64},
    )  # fmt: skip
    for body in bodies:
        school.store.write(post, school.store.actor, "trace", COUNTY.id, body, title="")
    for body in (
        {"epoch": 1},
        {"epoch": 1, "numbers": 3},
        {"epoch": "1", "numbers": []},
        {"epoch": 1, "numbers": [[]]},
    ):
        school.store.write(post, school.store.actor, "resend", COUNTY.id, body, title="")
    ask(school, COUNTY.id)
    (got,) = carry(school, county)
    assert (len(asked), got.counts["refused"], got.counts["handled"]) == (1, 9, 3)


def test_superior_cannot_alter_what_one_school_tells_another(
    world: tuple[Member, Member, Member], asked: list[Message]
) -> None:
    school, second, county = world
    genuine = ask(school, SECOND.id)
    kept = ledger_recall(school, ask(school, SECOND.id, "请核对照片"))
    altered = replace(kept, body=kept.body.replace("请核对照片".encode(), "请删除照片".encode()))
    wrong = smuggle(county, altered, SECOND.id)
    carry(school, county)
    (got,) = carry(county, second)
    assert [message.body["text"] for message in asked] == ["请核对", "请核对照片"]
    assert got.counts["refused"] == 1
    assert row_of(second, wrong).note == Fault.EDITED.value
    carry(second, county)
    carry(county, school)
    assert row_of(school, genuine).state == "handled"


# --- command line -----------------------------------------------------------------------------------------------


def command(home: Path, role: Role, *arguments: object) -> Any:
    name, passphrase = PEOPLE[role]
    done = rollbook("--json", "--home", home, "--operator", name, "--secret-file", "-", *arguments, given=passphrase)
    assert done.code == 0, done.err
    return done.json


def test_notice_by_commands(template: Path, tmp_path: Path) -> None:
    folder, stick = tmp_path / "world", tmp_path / "stick"
    shutil.copytree(template, folder)
    stick.mkdir()
    school, county, registrar = folder / "school", folder / "county", Role.REGISTRAR
    what = ("--title", "核对照片", "--text", "请核对。", "--to", SCHOOL.name, "--tier", "school", "--due", "2026-01-31")
    command(county, registrar, "notice", "send", *what)
    (path,) = command(county, registrar, "package", "send", "--to", SCHOOL.code, "--out", stick)["paths"]
    assert command(school, registrar, "receive", path)["kind"] == "messages"
    (notice,) = command(school, registrar, "notice", "list")
    assert (notice["title"], notice["is_read"], notice["signer"]) == ("核对照片", False, "登记员")
    (matter,) = command(school, registrar, "matter", "list", "--open")
    assert matter["days_late"] > 0
    assert matter["standing"].startswith("逾期")
    registered = ("--operator", PEOPLE[registrar][0], "--secret-file", "-")
    listed = rollbook("--home", school, *registered, "notice", "list", given=PEOPLE[registrar][1]).out
    assert "未阅  请于 2026-01-31 前（含）阅" in listed
    assert command(school, registrar, "notice", "read", notice["id"][:8])["is_read"] is True
    read = rollbook("--home", school, *registered, "notice", "read", notice["id"][:8], given=PEOPLE[registrar][1]).out
    assert "请于 2026-01-31 前（含）阅" in read
    (back,) = command(school, registrar, "package", "send", "--out", stick)["paths"]
    command(county, registrar, "receive", back)
    shown = command(county, registrar, "matter", "show", matter["matter"][-8:])
    assert shown["is_open"] is False
    assert [step["event"] for step in shown["letters"][0]["steps"]] == ["posted", "sent", "received", "handled"]
    assert command(county, registrar, "notice", "list")[0]["read_by"] == [SCHOOL.name]
    told = rollbook("--home", county, *registered, "notice", "list", given=PEOPLE[registrar][1]).out
    assert f"已阅 1 个单位：{SCHOOL.name}  请于 2026-01-31 前（含）阅" in told


def test_commands_say_what_is_wrong_in_one_sentence(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    name, passphrase = PEOPLE[Role.REGISTRAR]
    general = ("--home", folder / "county", "--operator", name, "--secret-file", "-")
    for arguments, sentence in (
        (("notice", "send", "--title", "甲", "--text", "乙", "--to", "没有的学校"), "没有名称、代码或标识是"),
        (("notice", "send", "--title", "甲", "--text", "乙", "--due", "明天"), "--due 应写成"),
        (("notice", "read", "abcd"), "没有编号以“abcd”开头"),
        (("matter", "show", "abcd"), "没有编号为“abcd”的事项"),
    ):
        done = rollbook(*general, *arguments, given=passphrase)
        assert done.code == 2
        assert sentence in done.err
        assert done.err.strip().count("\n") == 0
