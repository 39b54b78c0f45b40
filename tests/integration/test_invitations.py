"""A county enrols its schools from a list: invitations, one-time codes, requests certified in one go (issue 3, 6)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from models.domain.errors import CancelledError, FileRefusedError, NotAllowedError, UserError
from models.domain.ids import new_id
from models.domain.units import Role, Unit
from models.exchange.unit_list import ListedUnit, read_unit_list
from models.exchange.writing import write_table
from models.services import invitations as services
from models.store import tables as t
from models.store.errors import WrongSecretError
from models.store.vault.codes import CodeKind, decode, encode, new_code
from sync import policies
from sync.joining import batch_enrolment, enrolment, invitations, requests
from sync.refusals import Fault, RefusedError, UntrustedError
from sync.trust.certificates import new_private_key, public_der
from sync.trust.signers import UnitSigner
from sync.wire.statements import sign
from tests.integration.test_cli import Done, rollbook
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, Member, found, open_member, opened

OFFICER = PEOPLE[Role.REGISTRAR]


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Member]:
    found(tmp_path / "county", COUNTY)
    with opened(tmp_path, "county") as (member,):
        yield member


def listed(count: int) -> list[ListedUnit]:
    return [ListedUnit(n + 2, f"青禾县第{n + 1}小学", f"21130{n + 1:05d}", f"联系人{n + 1}") for n in range(count)]


def invite(county: Member, rows: list[ListedUnit], again: bool = False) -> invitations.Invited:
    passphrase = county.act(Role.ADMINISTRATOR)
    plan = county.store.read(services.plan, rows, again)
    return invitations.invite(county.store, plan, passphrase, OFFICER, county.out)


def certify_all(county: Member, folder: Path, out: Path, **more: object) -> batch_enrolment.Batch:
    out.mkdir(exist_ok=True)
    passphrase = county.act(Role.ADMINISTRATOR)
    return batch_enrolment.certify_all(county.store, [folder], passphrase, OFFICER, out, **more)  # type: ignore[arg-type]


def asked_from_memory(slip: invitations.Slip, folder: Path, code: str | None = None, unit: Unit | None = None) -> Path:
    """A request of keys made on the spot, by the functions a school uses."""
    invitation = invitations.read_invitation(slip.path)
    signing, opening, person = new_private_key(), new_private_key(), new_private_key()
    people = [(new_id(), "登记员", frozenset({"registrar"}), public_der(person))]
    whose = unit or invitation.unit
    body = requests.request_body(whose, public_der(signing), public_der(opening), people, "2026-11-22T01:00:00Z")
    secret = decode(code or slip.code, CodeKind.INVITATION)
    statement = sign(invitations.proven({**body, "invitation": invitation.id}, secret), [UnitSigner(None, signing)])
    folder.mkdir(exist_ok=True)
    return policies.write_statement(statement, folder / f"申请_{whose.code}_{secrets.token_hex(4)}.rollbook")


def school_from(slip: invitations.Slip, home: Path) -> Member:
    """A real store founded by an invitation."""
    invitation = invitations.read_invitation(slip.path)
    found(home, invitation.unit)
    member = open_member(home)
    member.act(Role.ADMINISTRATOR)
    member.store.write(invitations.take, member.store.actor, invitation)
    return member


def test_a_list_is_read_and_judged_row_by_row(county: Member, tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    rows = [
        ("青禾县第一小学", "2113099901", "赵主任"),
        ("青禾县第二小学", "21130999", ""),
        ("青禾县第三小学", "2113099903", ""),
        ("青禾县第三小学", "2113099904", ""),
        ("青禾县第四小学", "2113099901", ""),
        ("", "2113099905", ""),
        ("", "", ""),
        ("青禾县第六小学", "2113099906", ""),
    ]
    write_table(path, "名单", ("学校名称", "学校标识码", "联系人"), rows)
    plan = county.store.read(services.plan, read_unit_list(path))
    assert [unit.name for unit, _ in plan.units] == ["青禾县第六小学"]
    assert [one.row for one in plan.findings] == [2, 3, 4, 5, 6, 7]
    assert "10 位数字" in plan.findings[1].sentence
    assert "出现了 2 次" in plan.findings[2].sentence
    assert plan.units[0][0].county == COUNTY.county
    (tmp_path / "甲.csv").write_text("姓名,班级\n赵明,三(1)班\n", "utf-8")
    with pytest.raises(FileRefusedError, match="没有找到单位名单"):
        read_unit_list(tmp_path / "甲.csv")


def test_two_hundred_schools_in_one_go(county: Member, tmp_path: Path) -> None:
    start = time.monotonic()
    made = invite(county, listed(200))
    invited = time.monotonic() - start
    folder = tmp_path / "申请"
    schools = []
    for number, slip in enumerate(made.slips[:10]):
        school = school_from(slip, tmp_path / f"school{number}")
        folder.mkdir(exist_ok=True)
        asked = enrolment.request(school.store, folder, slip.code.lower().replace("-", " "))
        assert requests.read_request(asked.path).invitation
        schools.append(school)
    for slip in made.slips[10:]:
        asked_from_memory(slip, folder)
    start = time.monotonic()
    batch = certify_all(county, folder, tmp_path / "批复")
    certified = time.monotonic() - start
    assert batch.done == 200
    assert invited + certified < 240, (invited, certified)  # loaded machines; alone it is a fraction
    print(f"invited {invited:.1f} s, certified {certified:.1f} s")
    replies = {one.unit: one.reply for one in batch.outcomes}
    for number, school in enumerate(schools):
        reply = replies[f"青禾县第{number + 1}小学"]
        assert reply is not None
        assert enrolment.trust(school.store, reply).id == COUNTY.id
        school.store.close()
    school = open_member(tmp_path / "school3")
    school.build(["赵鸣"])
    (path,) = school.out.glob("变更包*.rollbook")
    assert county.receive(path).state == "opened"
    school.store.close()
    rows = list(openpyxl.load_workbook(batch.sheet).active.iter_rows(values_only=True))
    assert len(rows) == 201
    assert rows[0][2] == "结果"
    slips = list(openpyxl.load_workbook(made.sheet).active.iter_rows(values_only=True))
    assert slips[1][:4] == ("青禾县第1小学", "2113000001", "联系人1", made.slips[0].code)
    assert {one.state for one in county.store.read(services.list_invitations)} == {services.USED}


def test_what_is_not_shown_by_its_code_is_listed_with_what_is_missing(county: Member, tmp_path: Path) -> None:
    made = invite(county, listed(6))
    good, wrong, other, renamed, twice, late = made.slips
    folder = tmp_path / "申请"
    asked_from_memory(good, folder)
    asked_from_memory(wrong, folder, code=new_code(CodeKind.INVITATION))
    asked_from_memory(other, folder, code=twice.code)
    asked_from_memory(renamed, folder, unit=replace(renamed.unit, name="青禾县新华小学"))
    copied = asked_from_memory(twice, folder)
    (folder / "副本.rollbook").write_bytes(copied.read_bytes())
    found(tmp_path / "plain", replace(SCHOOL, id=late.unit.id))
    with opened(tmp_path, "plain") as (plain,):
        enrolment.request(plain.store, folder)
    (folder / "坏.rollbook").write_bytes(b"ROLLBOOK1\n\0\0")
    asked_from_memory(good, folder, unit=replace(good.unit, id=new_id()))
    batch = certify_all(county, folder, tmp_path / "批复")
    notes = {one.note for one in batch.outcomes if one.reply is None}
    assert batch.done == 2
    assert len(batch.outcomes) == 9
    for words in (
        "一次性码不对",
        f"是“{twice.unit.name}”的",
        "与邀请函上的",
        "同一份申请",
        "没有一次性码",
        "文件不完整",
    ):
        assert any(words in note for note in notes), words
    again = certify_all(county, folder, tmp_path / "批复")
    assert again.done == 0
    assert sum("已经用过" in one.note for one in again.outcomes) >= 1
    asked_from_memory(good, folder)  # the code is used up, also for other keys
    assert certify_all(county, folder, tmp_path / "批复").done == 0


def test_wrong_codes_are_counted_once_a_request_and_lock_the_invitation(county: Member, tmp_path: Path) -> None:
    (slip,) = invite(county, listed(1)).slips
    folder = tmp_path / "申请"
    for _ in range(services.MOST_WRONG - 1):
        asked_from_memory(slip, folder, code=new_code(CodeKind.INVITATION))
    certify_all(county, folder, tmp_path / "批复")
    certify_all(county, folder, tmp_path / "批复")  # the same files again count no more
    (info,) = county.store.read(services.list_invitations)
    assert (info.state, info.wrong) == (services.OPEN, services.MOST_WRONG - 1)
    asked_from_memory(slip, folder, code=new_code(CodeKind.INVITATION))
    certify_all(county, folder, tmp_path / "批复")
    right = asked_from_memory(slip, tmp_path / "对")
    batch = certify_all(county, right.parent, tmp_path / "批复")
    assert batch.done == 0
    assert "已锁定" in batch.outcomes[0].note
    (fresh,) = invite(county, listed(1), again=True).slips
    assert fresh.unit.id == slip.unit.id
    batch = certify_all(county, asked_from_memory(fresh, tmp_path / "新").parent, tmp_path / "批复")
    assert batch.done == 1


def test_a_school_founded_by_an_invitation_needs_no_words(county: Member, tmp_path: Path) -> None:
    first, second = invite(county, listed(2)).slips
    school = school_from(first, tmp_path / "school")
    assert school.store.actor.unit == first.unit
    assert school.store.read(invitations.waits_for_code)
    with pytest.raises(WrongSecretError, match="一次性码"):
        enrolment.request(school.store, tmp_path, first.code[:-1] + ("0" if first.code[-1] != "0" else "1"))
    with pytest.raises(UntrustedError) as refused:
        enrolment.request(school.store, tmp_path, second.code)
    assert refused.value.fault is Fault.NOT_OUR_CODE
    enrolment.request(school.store, tmp_path, first.code)
    (path,) = tmp_path.glob("入网申请*.rollbook")
    (tmp_path / "一份").mkdir()
    path.rename(tmp_path / "一份" / path.name)
    (outcome,) = certify_all(county, tmp_path / "一份", tmp_path / "批复").outcomes
    assert outcome.reply is not None
    assert enrolment.trust(school.store, outcome.reply).id == COUNTY.id
    with pytest.raises(UserError, match="一次性码可用"):
        school.store.write(invitations.enter_code, first.code)
    again = enrolment.request(school.store, tmp_path)  # later requests go by words
    assert not requests.read_request(again.path).invitation
    school.store.close()


def test_a_reply_that_was_swapped_is_refused_without_words(county: Member, tmp_path: Path) -> None:
    """Another bureau that saw the files but not the slip certifies the school for itself."""
    (slip,) = invite(county, listed(1)).slips
    school = school_from(slip, tmp_path / "school")
    asked = enrolment.request(school.store, tmp_path, slip.code)
    found(tmp_path / "evil", replace(COUNTY, id="c0000666-0000-4000-8000-000000000003"))
    with opened(tmp_path, "evil") as (evil,):
        passphrase = evil.act(Role.ADMINISTRATOR)
        plain = enrolment.certify(evil.store, asked.path, passphrase, OFFICER, None, tmp_path)
        with pytest.raises(RefusedError) as refused:
            enrolment.trust(school.store, plain.path)
        assert refused.value.fault is Fault.NEEDS_WORDS
        request = requests.read_request(asked.path)

        def forged(session, actor, signers):  # type: ignore[no-untyped-def]
            secret = decode(new_code(CodeKind.INVITATION), CodeKind.INVITATION)
            services.enter(session, request.invitation, slip.unit, "", secret, "")
            statement, _ = enrolment.certify_asked(session, actor, request, signers)
            body = invitations.proven({**statement.content, "invitation": request.invitation}, secret)
            return sign(body, [*signers])

        signers = policies.two_signers(evil.store, passphrase, OFFICER, "办理入网")
        fake = policies.write_statement(evil.store.write(forged, evil.store.actor, signers), tmp_path / "假.rollbook")
        with pytest.raises(RefusedError) as refused:
            enrolment.trust(school.store, fake)
        assert refused.value.fault is Fault.WRONG_CODE
    assert school.store.read(lambda s: s.execute(select(t.unit.c.superior_id)).scalars().all()) == [None]
    school.store.close()


def test_words_and_code_stand_for_the_signing_key_as_well(county: Member, tmp_path: Path) -> None:
    """Who signs another's request with a key of his own changes neither body nor words, but gets nothing for it."""
    found(tmp_path / "school", SCHOOL)
    with opened(tmp_path, "school") as (school,):
        asked = enrolment.request(school.store, tmp_path)
    body = requests.read_request(asked.path).body
    stolen = sign(body, [UnitSigner(None, new_private_key())])
    with pytest.raises(RefusedError) as refused:
        requests.read_request(policies.write_statement(stolen, tmp_path / "x.rollbook"))
    assert refused.value.fault is Fault.BAD_REQUEST


def test_an_edited_invitation_and_a_wrong_reader_are_refused(county: Member, tmp_path: Path) -> None:
    (slip,) = invite(county, listed(1)).slips
    raw = slip.path.read_bytes()
    for place in range(20, len(raw), 97):
        bad = tmp_path / "bad.rollbook"
        bad.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(RefusedError):
            invitations.read_invitation(bad)
    found(tmp_path / "school", SCHOOL)
    with opened(tmp_path, "school") as (school,), pytest.raises(UntrustedError) as refused:
        school.store.write(invitations.take, school.store.actor, invitations.read_invitation(slip.path))
    assert refused.value.fault is Fault.NOT_INVITED


class _StopsAfter:
    def __init__(self, steps: int) -> None:
        self.steps = steps

    def report(self, done: int, total: int | None, what: str) -> None:
        if done >= self.steps:
            raise CancelledError


def test_stopping_keeps_whole_units_and_no_half_list(county: Member, tmp_path: Path) -> None:
    passphrase = county.act(Role.ADMINISTRATOR)
    plan = county.store.read(services.plan, listed(5))
    with pytest.raises(CancelledError):
        invitations.invite(county.store, plan, passphrase, OFFICER, county.out, _StopsAfter(3))
    assert list(county.out.iterdir()) == []
    assert county.store.read(services.list_invitations) == []
    for slip in invite(county, listed(5)).slips:
        asked_from_memory(slip, tmp_path / "申请")
    batch = certify_all(county, tmp_path / "申请", tmp_path / "批复", progress=_StopsAfter(2))
    assert batch.done == 2
    assert sum("已停止" in one.note for one in batch.outcomes) == 3
    assert certify_all(county, tmp_path / "申请", tmp_path / "批复").done == 3


def test_invited_and_enrolled_units_are_not_invited_twice_by_mistake(county: Member, tmp_path: Path) -> None:
    (slip,) = invite(county, listed(1)).slips
    with pytest.raises(UserError, match="没有可以邀请的单位"):
        invite(county, listed(1))
    certify_all(county, asked_from_memory(slip, tmp_path / "申请").parent, tmp_path / "批复")
    plan = county.store.read(services.plan, listed(1))
    assert "已经入网" in plan.findings[0].sentence
    plan = county.store.read(services.plan, [replace(listed(1)[0], name="青禾县第九小学")])
    assert "与已登记的" in plan.findings[0].sentence
    assert county.store.read(services.plan, listed(1), True).units[0][0].id == slip.unit.id
    county.act(Role.REGISTRAR)
    with pytest.raises(NotAllowedError):
        invitations.invite(county.store, plan, OFFICER[1], OFFICER, county.out)


def test_codes_tell_their_kind_and_every_typo() -> None:
    code = new_code(CodeKind.INVITATION)
    assert encode(decode(code.lower(), CodeKind.INVITATION), CodeKind.INVITATION) == code
    with pytest.raises(WrongSecretError, match="激活码"):
        decode(new_code(CodeKind.ACTIVATION), CodeKind.INVITATION)


def test_by_commands_from_the_list_to_the_joined_school(tmp_path: Path) -> None:
    found(tmp_path / "county", COUNTY)
    files = {}
    for role, (_, passphrase) in PEOPLE.items():
        files[role] = tmp_path / f"{role}.txt"
        files[role].write_text(f"{passphrase}\n", "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    admin = files[Role.ADMINISTRATOR]
    second = ("--second-operator", OFFICER[0], "--second-secret-file", files[Role.REGISTRAR])

    def call(home: str, *words: object) -> Done:
        return rollbook("--json", "--home", tmp_path / home, "--operator", "管理员", "--secret-file", admin, *words)

    names = tmp_path / "名单.csv"
    names.write_text("单位名称,学校标识码,联系人\n青禾县第一小学,2113099901,赵主任\n青禾县第二小学,21130,\n", "utf-8")
    made = call("county", "unit", "invite", names, *second, "--out", out)
    assert made.json["invited"] == 1
    assert "第 3 行“青禾县第二小学”" in made.err
    (invitation,) = out.glob("邀请函*.rollbook")
    (row,) = list(openpyxl.load_workbook(made.json["sheet"]).active.iter_rows(min_row=2, values_only=True))
    persons = ("--registrar", "登记员", "--head", "负责人", "--administrator", "管理员")
    assert call("school", "init", *persons, "--invitation", invitation, "--code", "1").code == 2
    assert call("school", "init", *persons).code == 2
    born = call("school", "init", *persons, "--invitation", invitation)
    assert born.json["unit"]["code"] == "2113099901"
    folder = tmp_path / "申请"
    folder.mkdir()
    assert call("school", "unit", "enrol-request", "--code", row[3], "--out", folder).code == 0
    done = call("county", "unit", "certify-all", folder, *second, "--out", out)
    assert (done.code, done.json["done"]) == (0, 1)
    (reply,) = out.glob("入网批复*.rollbook")
    assert call("school", "unit", "trust", reply).json["name"] == COUNTY.name
    assert call("county", "unit", "invitations").json[0]["state"] == services.USED
    again = call("county", "unit", "certify-all", folder, *second, "--out", out)
    assert again.code == 1
    assert "已经用过" in again.json["outcomes"][0]["note"]
    renamed = call("school", "unit", "rename", "--name", "青禾县实验小学", "--since", "2026-01-01", "--reason", "批文")
    assert renamed.json["name"] == "青禾县实验小学"
