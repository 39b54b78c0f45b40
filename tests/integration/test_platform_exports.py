"""What the platform is told of accounts: right after each other, held when too much changes, taken back as one."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from desktop.__main__ import main
from models.domain.errors import NotAllowedError, UserError
from models.domain.ids import new_id
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.services import platform_files, platform_state
from models.services.import_apply import MassChangeError
from models.services.platform_files import Listed, ListedAccountsError, MoodleOptions, Result
from models.services.platform_state import MOODLE, ONEROSTER
from models.store import audit, bulk
from models.store import tables as t
from tests.kept import made_once
from tests.open_world import LU
from tests.sync_world import PEOPLE, Member, found, open_member

LONG_AGO = "2026-01-05T08:00:00Z"


@made_once
def make_unit(folder: Path) -> Path:
    found(folder / "lu", LU)
    return folder


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Member]:
    member = open_member(make_unit(tmp_path / "units") / "lu")
    yield member
    member.store.close()


def put(member: Member, *usernames: str, **given: str) -> list[str]:
    """Accounts created here and in use, unless said otherwise; their ids."""
    names = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
    rows: list[dict[str, str | int]] = [
        {
            "id": new_id(), "unit_id": LU.id, "status": "active", "revision": 1, "updated_at": LONG_AGO,
            "updated_by": "登记员", "name": f"{names[place % 16]}{'三四五六七八'[place % 6]}", "sex": "2",
            "email": f"{username}@example.org", "office_phone": "0315-2234567", "employment": "1", "on_staff": "1",
            "department": "教务处", "username": username, "origin": "created", **given,
        }
        for place, username in enumerate(usernames)
    ]  # fmt: skip

    def work(session: object, actor: object) -> None:
        bulk.insert_accounts(session, rows, pinyin_keys)  # type: ignore[arg-type]
        audit.append(session, actor, "account.add", "teachers", {"rows": len(rows)})  # type: ignore[arg-type]

    member.store.write(work, member.store.actor)
    return [str(row["id"]) for row in rows]


def change(member: Member, account_id: str, **values: str) -> None:
    """Set columns of an account as an approved change would."""

    def work(session: object, actor: object) -> None:
        values.setdefault("updated_at", "2026-11-01T08:00:00Z")
        session.execute(update(t.account).where(t.account.c.id == account_id).values(**values))  # type: ignore[attr-defined]
        audit.append(session, actor, "roster.set", f"teachers:{account_id}", {})  # type: ignore[arg-type]

    member.store.write(work, member.store.actor)


def export(member: Member, name: str, **given: object) -> tuple[Result, dict[str, list[dict[str, str]]]]:
    """Export for Moodle into a new folder; the result, and the rows of each csv by its name."""
    folder = member.out / name
    folder.mkdir(parents=True)
    result = member.store.write(platform_files.export_moodle, member.store.actor, folder, **given)
    assert sorted(result.paths) == sorted(folder.iterdir())
    return result, {path.stem: rows_of(path.read_bytes()) for path in result.paths if path.suffix == ".csv"}


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))


def test_each_export_tells_only_what_is_new(unit: Member) -> None:
    one, two, _ = put(unit, "tslnzhaosan", "tslnqiansi", "tslnsunwu")
    put(unit, "tslnpending", status="pending")
    first, files = export(unit, "1")
    assert first.counts == {"add": 3, "rename": 0, "suspend": 0, "resume": 0}
    assert {row["username"] for row in files["add"]} == {"tslnzhaosan", "tslnqiansi", "tslnsunwu"}
    (row,) = [row for row in files["add"] if row["username"] == "tslnzhaosan"]
    assert (row["lastname"], row["firstname"], row["idnumber"], row["institution"]) == ("赵", "三", one, LU.name)
    assert (row["profile_field_gender"], row["profile_field_instaff"]) == ("女", "是")
    assert (unit.out / "1" / "slips.pdf").read_bytes().startswith(b"%PDF-")
    nothing, _ = export(unit, "2")
    assert (nothing.id, nothing.paths) == ("", ())
    change(unit, one, username="tslnzhaosan2")
    change(unit, two, status="disabled")
    _, files = export(unit, "3")
    assert files == {
        "rename": [{"oldusername": "tslnzhaosan", "username": "tslnzhaosan2"}],
        "suspend": [{"username": "tslnqiansi", "suspended": "1"}],
    }
    change(unit, one, status="disabled")
    change(unit, two, status="active")
    _, files = export(unit, "4")
    assert sorted((row["username"], row["suspended"]) for row in files["suspend"]) == [
        ("tslnqiansi", "0"), ("tslnzhaosan2", "1"),
    ]  # fmt: skip


def test_a_part_that_is_not_asked_for_waits(unit: Member) -> None:
    (one,) = put(unit, "tslnzhaosan")
    export(unit, "1")
    change(unit, one, username="tslnzhaosan2", status="disabled")
    _, files = export(unit, "2", what=("suspend",))
    assert files == {"suspend": [{"username": "tslnzhaosan", "suspended": "1"}]}  # as the platform knows it
    _, files = export(unit, "3")
    assert files == {"rename": [{"oldusername": "tslnzhaosan", "username": "tslnzhaosan2"}]}


def test_names_change_hands_in_an_order_that_works(unit: Member) -> None:
    a, b, c, d = put(unit, "a1", "b1", "c1", "d1")
    export(unit, "1")
    change(unit, a, username="b1")  # free only once b has its new name
    change(unit, b, username="x1")
    change(unit, c, username="d1")  # two that want each other's
    change(unit, d, username="c1")
    (late,) = put(unit, "a1", name="新来人", email="late@example.org")
    result, files = export(unit, "2", confirm_mass=True)
    assert [(row["oldusername"], row["username"]) for row in files["rename"]] == [("b1", "x1"), ("a1", "b1")]
    assert [row["idnumber"] for row in files["add"]] == [late]
    assert {one.account_id for one in result.left_out} == {c, d}


def test_an_account_that_left_the_register_is_suspended(unit: Member) -> None:
    (one,) = put(unit, "tslnzhaosan")
    export(unit, "1")

    def drop(session: object, actor: object) -> None:
        session.execute(delete(t.account).where(t.account.c.id == one))  # type: ignore[attr-defined]
        audit.append(session, actor, "batch.undo", "teachers", {})  # type: ignore[arg-type]

    unit.store.write(drop, unit.store.actor)
    _, files = export(unit, "2")
    assert files == {"suspend": [{"username": "tslnzhaosan", "suspended": "1"}]}
    assert export(unit, "3")[0].paths == ()


def test_accounts_the_platform_would_refuse_are_left_out_and_said(unit: Member) -> None:
    put(unit, "good")
    put(unit, "nomail", email="")
    put(unit, "same", email="Good@example.org")
    put(unit, "short", name="王")
    result, files = export(unit, "1")
    assert [row["username"] for row in files["add"]] == ["good"]
    assert sorted(one.reason[:2] for one in result.left_out) == ["姓名", "没有", "邮箱"]


def test_too_much_at_once_is_held_until_it_is_confirmed(unit: Member) -> None:
    ids = put(unit, *(f"u{number}" for number in range(50)))
    export(unit, "1")
    for one in ids[:5]:
        change(unit, one, status="disabled")
    assert export(unit, "2")[0].counts["suspend"] == 5  # not more than five
    for place, one in enumerate(ids[5:11]):
        change(unit, one, username=f"new{place}")
    with pytest.raises(MassChangeError, match=r"45 个账户中的 6 个改名"):
        export(unit, "3")
    assert list((unit.out / "3").iterdir()) == []
    assert export(unit, "4", confirm_mass=True)[0].counts["rename"] == 6


def test_an_export_is_taken_back_and_told_again(unit: Member) -> None:
    (one,) = put(unit, "tslnzhaosan")
    export(unit, "1")
    change(unit, one, status="disabled")
    export(unit, "2")
    for number in (2, 1):
        assert unit.store.write(platform_state.take_back, unit.store.actor, MOODLE).number == number
    with pytest.raises(UserError, match="没有可以撤销"):
        unit.store.write(platform_state.take_back, unit.store.actor, MOODLE)
    change(unit, one, status="active")
    _, files = export(unit, "3")
    assert [row["username"] for row in files["add"]] == ["tslnzhaosan"]
    assert [one.taken_back for one in unit.store.read(platform_state.list_exports)] == [False, True, True]


def test_listed_accounts_are_asked_about(unit: Member) -> None:
    one, two = put(unit, "old1", "old2", origin="listed")
    with pytest.raises(ListedAccountsError, match="2 个账户"):
        export(unit, "1")
    assert unit.store.write(platform_state.mark_known, unit.store.actor, MOODLE, {"OLD1": True}) is not None
    result, files = export(unit, "2", options=MoodleOptions(listed=Listed.THERE))
    assert files == {"suspend": [{"username": "old1", "suspended": "0"}]}
    assert result.counts["add"] == 0
    change(unit, two, status="disabled")
    assert export(unit, "3")[1] == {"suspend": [{"username": "old2", "suspended": "1"}]}
    (three,) = put(unit, "old3", origin="listed")
    _, files = export(unit, "4", options=MoodleOptions(listed=Listed.ADD))
    assert [row["idnumber"] for row in files["add"]] == [three]
    assert one


def test_passwords_are_in_the_file_and_on_the_slip_and_nowhere_else(unit: Member) -> None:
    import pypdfium2

    (one,) = put(unit, "tslnzhaosan")
    _, files = export(unit, "1", options=MoodleOptions(address="https://study.example.org"))
    password = files["add"][0]["password"]
    folder = unit.out / "again"
    folder.mkdir()
    table, slips = unit.store.write(platform_files.new_passwords, unit.store.actor, folder, [one])
    (row,) = rows_of(table.read_bytes())
    assert row["username"] == "tslnzhaosan"
    assert row["password"] != password
    for path, secret in ((unit.out / "1" / "slips.pdf", password), (slips, row["password"])):
        document = pypdfium2.PdfDocument(str(path))
        text = document[0].get_textpage().get_text_range()
        document.close()
        assert secret in text
        assert "tslnzhaosan" in text
    entries = unit.store.read(lambda s: json.dumps([e.body for e in audit.entries(s)], ensure_ascii=False))
    assert password not in entries
    assert row["password"] not in entries
    with pytest.raises(UserError, match="本单位"):
        unit.store.write(platform_files.new_passwords, unit.store.actor, folder, [one, "other"])


def test_files_that_are_there_are_not_touched_and_nothing_is_remembered(unit: Member) -> None:
    put(unit, "tslnzhaosan")
    folder = unit.out / "1"
    folder.mkdir()
    (folder / "add.csv").write_bytes(b"not uploaded yet")
    with pytest.raises(UserError, match="没有覆盖"):
        unit.store.write(platform_files.export_moodle, unit.store.actor, folder)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"not uploaded yet"]
    assert unit.store.read(platform_state.list_exports) == []


def test_only_who_manages_accounts_exports_them(unit: Member) -> None:
    unit.act(Role.HEAD)
    with pytest.raises(NotAllowedError):
        unit.store.write(platform_files.export_moodle, unit.store.actor, unit.out)
    with pytest.raises(NotAllowedError):
        unit.store.write(platform_state.take_back, unit.store.actor, MOODLE)


# --- OneRoster --------------------------------------------------------------------------------------------


def roster(member: Member, name: str, **given: object) -> tuple[Result, dict[str, list[dict[str, str]]]]:
    path = member.out / name
    result = member.store.write(platform_files.export_oneroster, member.store.actor, path, **given)
    if not result.paths:
        assert not path.exists()
        return result, {}
    with zipfile.ZipFile(path) as package:
        return result, {part.removesuffix(".csv"): rows_of(package.read(part)) for part in package.namelist()}


def test_a_bulk_file_holds_everybody_and_a_delta_what_changed(unit: Member) -> None:
    one, two, three = put(unit, "tslnzhaosan", "tslnqiansi", "tslnsunwu")
    put(unit, "tslnoff", status="disabled")
    put(unit, "tslnpending", status="pending")
    _, tables = roster(unit, "bulk.zip")
    assert list(tables) == ["manifest", "orgs", "users", "roles"]
    assert {row["sourcedId"] for row in tables["users"]} == {one, two, three}
    assert {
        (row["status"], row["dateLastModified"]) for name in ("orgs", "users", "roles") for row in tables[name]
    } == {("", "")}
    assert roster(unit, "none.zip", delta_since="2026-06-01")[0].paths == ()
    change(unit, one, status="disabled")

    def drop(session: object, actor: object) -> None:
        session.execute(delete(t.account).where(t.account.c.id == two))  # type: ignore[attr-defined]
        audit.append(session, actor, "batch.undo", "teachers", {})  # type: ignore[arg-type]

    unit.store.write(drop, unit.store.actor)
    result, tables = roster(unit, "delta.zip", delta_since="2026-06-01")
    users = {row["sourcedId"]: row for row in tables["users"]}
    assert (users[one]["status"], users[one]["enabledUser"]) == ("active", "false")
    assert (users[one]["dateLastModified"], users[two]["status"]) == ("2026-11-01T08:00:00.000Z", "tobedeleted")
    assert three not in users
    assert {row["userSourcedId"] for row in tables["roles"]} == {one, two}
    assert (result.counts["suspend"], result.counts["gone"]) == (1, 1)
    assert {row["value"] for row in tables["manifest"] if row["propertyName"] == "file.users"} == {"delta"}
    _, tables = roster(unit, "bulk2.zip")
    assert {row["sourcedId"]: row["enabledUser"] for row in tables["users"]} == {one: "false", three: "true"}


def test_a_roster_that_would_lose_too_many_is_held(unit: Member) -> None:
    ids = put(unit, *(f"u{number}" for number in range(20)))
    roster(unit, "bulk.zip")
    for one in ids[:6]:
        change(unit, one, status="disabled")
    with pytest.raises(MassChangeError, match="20 个账户中的 6 个停用"):
        roster(unit, "again.zip")
    assert roster(unit, "sure.zip", confirm_mass=True)[0].counts["suspend"] == 6
    assert unit.store.write(platform_state.take_back, unit.store.actor, ONEROSTER).platform == ONEROSTER
    with pytest.raises(UserError, match="YYYY-MM-DD"):
        roster(unit, "day.zip", delta_since="昨天")
    with pytest.raises(UserError, match="还没有到"):
        roster(unit, "day.zip", delta_since="2999-01-01")
    with pytest.raises(UserError, match="zip 结尾"):
        roster(unit, "roster.txt")


# --- command line -----------------------------------------------------------------------------------------


def test_the_command_line_exports_and_takes_back(
    unit: Member, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(unit, "tslnzhaosan", "tslnqiansi")
    put(unit, "old1", origin="listed")
    unit.store.close()
    secret, given = tmp_path / "secret", tmp_path / "平台账户.csv"
    secret.write_text(PEOPLE[Role.REGISTRAR][1], encoding="utf-8")
    given.write_text("用户名,状态\nold1,正常\n", encoding="utf-8")
    home, out = tmp_path / "units" / "lu", tmp_path / "out"
    out.mkdir()

    general = ("--home", home, "--operator", PEOPLE[Role.REGISTRAR][0], "--secret-file", secret)

    def call(*words: object) -> tuple[int, dict[str, object]]:
        code = main([str(word) for word in ("--json", *general, "export", *words)])
        return code, json.loads(capsys.readouterr().out)

    code, said = call("moodle", "--out", out)
    assert (code, list(out.iterdir())) == (2, [])
    assert "1 个账户来自名单" in str(said["error"])
    columns = "username,password,firstname,lastname,email,auth=manual"
    code, said = call("moodle", "--out", out, "--already", given, "--columns", columns)
    assert (code, said["known"], said["counts"]) == (0, 1, {"add": 2, "rename": 0, "suspend": 0, "resume": 0})
    assert {row["auth"] for row in rows_of((out / "add.csv").read_bytes())} == {"manual"}
    assert call("moodle", "--out", out)[1]["paths"] == []
    assert call("take-back", "moodle")[1]["number"] == 2
    again = tmp_path / "again"
    again.mkdir()
    assert call("slips", "tslnqiansi", "--out", again)[1]["accounts"] == 1
    assert sorted(path.name for path in again.iterdir()) == ["passwords.csv", "slips.pdf"]
    path = tmp_path / "roster.zip"
    code, said = call("oneroster", "--out", path, "--no-resource-ids")
    assert (code, said["paths"]) == (0, [str(path)])
    main([str(word) for word in (*general, "export", "oneroster", "--out", tmp_path / "second.zip")])
    assert "完整文件，共 3 个账户。" in capsys.readouterr().out
    with zipfile.ZipFile(path) as package:
        assert b"resourceSourcedIds" not in package.read("users.csv")
