"""The command line as a public interface: exit codes, JSON keys, one sentence for a fault; some in a real process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from desktop.__main__ import main
from desktop.demo import invented
from desktop.demo.sheet import write_messy
from desktop.demo.units import name_of, secret_of
from desktop.selftest import picture
from models.domain.fields import STUDENT_FIELD
from models.domain.units import Role
from models.rules.identity import complete

ROOT = Path(__file__).resolve().parents[2]
LINUX = sys.platform != "win32"
FINDING_KEYS = {"sheet", "row", "column", "field", "level", "code", "message", "value"}


@dataclass
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


def rollbook(*arguments: object, given: str = "", home: Path | None = None, process: bool = False) -> Done:
    """Run the command line: in this process, or as a person's script does, `python -m desktop` in one of its own.

    A start costs most of a second, and several under Wine; `process` is for what a process alone can show.
    """
    words = [str(argument) for argument in arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ROLLBOOK_HOME", raising=False)
        if home is not None:
            patch.setenv("ROLLBOOK_HOME", str(home))
        return _process(words, given.encode()) if process else _call(words, given.encode(), patch)


def _process(words: list[str], given: bytes) -> Done:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "desktop", *words]
    for _ in range(3):
        run = subprocess.run(command, input=given, capture_output=True, cwd=ROOT, env=environment, check=False)
        if b"init_sys_streams" not in run.stderr:  # Python under Wine now and then does not get its streams
            break
    return Done(run.returncode, run.stdout.decode(), run.stderr.decode())


def _call(words: list[str], given: bytes, patch: pytest.MonkeyPatch) -> Done:
    streams = [io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") for data in (given, b"", b"")]
    for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
        patch.setattr(sys, name, stream)
    code = main(words)
    for stream in streams[1:]:
        stream.flush()
    return Done(code, *(stream.buffer.getvalue().decode() for stream in streams[1:]))  # type: ignore[attr-defined]


def refused(done: Done, code: int, *words: str) -> None:
    """One sentence on standard error; nothing on standard output, or with --json the sentence as a document."""
    assert done.code == code, done.err
    if done.out:
        assert done.json == {"error": done.err.strip(), "exit_code": code}
    assert done.err.strip().count("\n") == 0
    assert "Traceback" not in done.err
    assert all(word in done.err for word in words), done.err


@pytest.fixture
def school(school_store: Any, tmp_path: Path) -> Callable[..., Done]:
    """school(role, *arguments): a command in the school's data folder by the person of that role."""

    def run(role: Role, *arguments: object) -> Done:
        name, passphrase = school_store.people[role]
        general = ["--json", "--home", school_store.home, "--operator", name, "--secret-file", "-"]
        return rollbook(*general, *arguments, given=f"{passphrase}\n")

    return run


@pytest.fixture
def roster_file(tmp_path: Path) -> Path:
    """A messy roster of twelve, two rows of it wrong."""
    records = [{**record, "school_code": ""} for record in invented.pupils(12)]
    wrong = {
        (one.index, one.field): one.wrong for one in invented.pupils_mess(invented.pupils()) if one.index in (1, 3, 4)
    }
    keys = [key for key in records[0] if key != "school_code"]
    rows = [
        [wrong.get((index, key), invented.as_written(key, record[key])) for key in keys]
        for index, record in enumerate(records)
    ]
    path = tmp_path / "花名册 一年级.xlsx"
    write_messy(path, "花名册", [STUDENT_FIELD[key].label for key in keys], rows, "注：完")
    return path


# --- without a store ------------------------------------------------------------------------------------------


def test_help_and_version_are_quick_words_for_people() -> None:
    done = rollbook("--help", process=True)
    assert done.code == 0
    assert "用法" in done.out
    assert "核办" in done.out
    assert rollbook("--json", "--version").json.keys() == {"version"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), ("没有命令", "nonsense")),
        (("--nonsense",), ("没有选项",)),
        (("check",), ("缺少",)),
        (("check", "nowhere.xlsx"), ("找不到文件", "nowhere.xlsx")),
        (("username", "张三"), ("--province",)),
        (("username", "张三", "--city", "不存在的市"), ()),
        (("username", "张三", "--province", "--ue", "x"), ("--ue",)),
        (("change", "nonsense"), ("没有命令",)),
        (("--json",), ("缺少命令",)),
    ],
)
def test_mistakes_of_usage_are_one_sentence(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    refused(rollbook(*arguments), 2, *words)


def test_username_of_one_name_is_one_object() -> None:
    done = rollbook("--json", "username", "张三", "--city", "沧州", "--county", "黄骅")
    assert done.code == 0
    assert done.json == {
        "name": "张三", "username": "czhhzhangsan", "candidates": ["czhhzhangsan"], "ambiguous": False, "problem": None,
    }  # fmt: skip
    assert [one["username"] for one in rollbook("--json", "username", "张三", "吕布", "--province").json] == [
        "hebzhangsan",
        "heblvbu",
    ]


def test_username_batch_is_one_line_a_name_in_the_same_order(tmp_path: Path) -> None:
    batch = tmp_path / "名单.txt"
    batch.write_text("单于丹\n㐂\n曾乐\n", encoding="utf-8")
    done = rollbook("--json", "username", "--province", "--ue", "yu", "--batch", batch, process=True)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["name"] for line in lines] == ["单于丹", "㐂", "曾乐"]
    assert lines[1]["username"] is None
    assert lines[1]["problem"]
    assert lines[2]["ambiguous"]
    assert lines[2]["username"] == lines[2]["candidates"][0]
    assert done.code == 1


def test_check_names_every_fault_by_row_and_column(roster_file: Path) -> None:
    done = rollbook("--json", "check", roster_file, "--records", process=True)
    report = done.json
    assert done.code == 1
    assert report.keys() == {"kind", "sheets", "records", "findings", "rows"}
    assert (report["kind"], report["records"]) == ("students", 12)
    sheet = report["sheets"][0]
    assert sheet["header_rows"] == [2]
    assert {column["field"] for column in sheet["columns"]} >= {"name", "id_number", "birth_date"}
    assert all(finding.keys() == FINDING_KEYS for finding in report["findings"])
    letter = next(column["column"] for column in sheet["columns"] if column["field"] == "id_number")
    assert {(f["row"], f["column"]) for f in report["findings"] if f["level"] == "error"} == {(4, letter), (7, letter)}
    assert report["rows"][3]["values"]["birth_date"] == invented.pupils()[3]["birth_date"]
    assert report["rows"][0]["row"] == 3


def test_fields_are_listed_with_their_words() -> None:
    listed = {one["key"]: one for one in rollbook("--json", "fields").json}
    assert listed["ethnicity"]["label"] == "民族"
    assert listed["ethnicity"]["code_table"] == "ethnicity"
    assert listed["id_number"]["controlled"]
    assert "hidden_47" not in listed
    text = rollbook("fields", "--kind", "teachers").out
    assert "邮箱  email  邮箱  必填" in text


def test_rows_with_errors_can_be_taken_away(roster_file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "要改的.xlsx"
    done = rollbook("--json", "check", roster_file, "--errors-to", kept)
    assert (done.code, done.json["errors_to"]) == (1, str(kept))
    assert rollbook("--json", "check", kept).json["records"] == 2


def test_check_tells_errors_first_and_equal_findings_once(tmp_path: Path) -> None:
    path = tmp_path / "名单.csv"
    pupils = [(one["name"], one["id_number"]) for one in invented.pupils(40)]
    lines = ["姓名,性别,身份证件号", *(f"{name},,{number}" for name, number in pupils[:39]), f"{pupils[39][0]},男,12"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = rollbook("check", path)
    shown = done.out.splitlines()
    assert done.code == 1
    errors, warnings = (next(n for n, line in enumerate(shown) if line.startswith(word)) for word in ("错误", "提醒"))
    assert errors < warnings
    assert sum("表里没有这" in line for line in shown) == 1
    assert any("第 41 行 C 列" in line for line in shown[errors:warnings])
    assert len([line for line in shown[warnings:] if "没有填写性别" in line]) == 2
    assert any("……" in line and "行（共" in line for line in shown)
    assert len(shown) < 12
    listed = rollbook("--json", "check", path).json["findings"]
    assert len([one for one in listed if one["code"] == "COLUMN_MISSING"]) > 5
    wide = tmp_path / "宽.csv"
    numbers = [complete(f"1399{place}20120307221") for place in range(10, 40)]  # thirty places that are not
    texts = "\n".join(f"{name},{number}" for (name, _), number in zip(pupils, numbers, strict=False))
    wide.write_text(f"姓名,身份证件号\n{texts}\n", encoding="utf-8")
    assert "还有 11 条没有列出；在命令前加 --json" in rollbook("check", wide).out


def test_a_file_that_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "假的.xlsx"
    path.write_bytes(b"\x00\x01 not a workbook" * 50)
    refused(rollbook("check", path), 1)


def test_there_is_no_store(tmp_path: Path) -> None:
    refused(
        rollbook("--home", tmp_path / "空", "--operator", "甲", "--secret-file", "-", "students", "list", given="x\n"),
        2,
    )
    refused(rollbook("students", "list", home=tmp_path / "空"), 2)
    assert not (tmp_path / "空").exists()


# --- with a store ---------------------------------------------------------------------------------------------


def test_init_and_activation_give_three_people(tmp_path: Path) -> None:
    general = ("--json", "--home", tmp_path / "新", "--operator", "王管", "--secret-file", "-")
    options = {
        "unit": "示例县第一小学", "tier": "school", "line": "basic", "code": "2113999901", "city": "沧州市",
        "county": "海兴县", "registrar": "李录", "head": "赵校", "administrator": "王管",
    }  # fmt: skip
    arguments = [text for key, value in options.items() for text in (f"--{key}", value)]
    refused(rollbook(*general, "init", *arguments, given="12345\n"), 2, "口令")
    made = rollbook(*general, "init", *arguments, given="administrator lantern 41\n", process=LINUX).json
    assert made.keys() == {"unit", "recovery_code", "activation_codes"}
    code = made["activation_codes"]["李录"]
    mine = ("--home", tmp_path / "新", "--operator", "李录", "--secret-file", "-")
    assert rollbook(*mine, "operator", "activate", "--code", code, given="registrar window 52\n").code == 0
    refused(rollbook(*mine, "operator", "activate", "--code", code, given="registrar window 52\n"), 2)
    listed = rollbook("--json", *mine, "operator", "list", given="registrar window 52\n", process=LINUX).json
    assert {(one["name"], one["state"]) for one in listed} == {
        ("王管", "active"),
        ("李录", "active"),
        ("赵校", "invited"),
    }
    refused(rollbook(*mine, "students", "list", given="wrong\n"), 2, "口令不对")
    status = rollbook("--json", "--home", tmp_path / "新", "lock-status").json
    assert status["attempts"][0]["name"] == "李录"
    refused(rollbook(*general, "init", *arguments, given="administrator lantern 41\n"), 2)


def test_import_writes_nothing_with_errors_then_the_clean_rows_then_nothing_again(
    school: Callable[..., Done], roster_file: Path
) -> None:
    first = school(Role.REGISTRAR, "import", roster_file)
    assert (first.code, first.json["written"]) == (1, None)
    second = school(Role.REGISTRAR, "import", roster_file, "--accept-clean")
    assert second.code == 1
    assert (second.json["written"]["new"], second.json["written"]["skipped"]) == (10, 2)
    assert second.json["written"]["baseline_number"].startswith("BG-")
    third = school(Role.REGISTRAR, "import", roster_file, "--accept-clean").json["written"]
    assert (third["new"], third["updated"], third["same"]) == (0, 0, 10)
    listed = school(Role.REGISTRAR, "students", "list", "--limit", 3).json
    assert (listed["total"], len(listed["rows"])) == (10, 3)
    assert all(
        invented.AREA in row["values"]["id_number"] and not row["values"]["id_number"].isalnum()
        for row in listed["rows"]
    )
    refused(school(Role.ADMINISTRATOR, "import", roster_file, "--accept-clean"), 2, "学籍管理员")


def test_a_pupil_is_shown_changed_and_a_key_field_takes_a_change(
    school: Callable[..., Done], roster_file: Path, tmp_path: Path
) -> None:
    school(Role.REGISTRAR, "import", roster_file, "--accept-clean")
    number = invented.pupils()[6]["id_number"]
    shown = school(Role.REGISTRAR, "students", "show", number, "--reveal", "id_number").json
    assert shown["values"]["id_number"] == number
    assert not shown["values"]["phone"].isalnum()
    assert school(Role.REGISTRAR, "students", "set", number, "班号=9").json["values"]["class_name"] == "9"
    refused(school(Role.REGISTRAR, "students", "set", number, "name=张亦"), 2, "change propose")
    refused(school(Role.REGISTRAR, "students", "show", "没有的人"), 2, "没有")
    pupil = invented.pupils()[7]
    refused(school(Role.REGISTRAR, "students", "add", *(f"{key}={text}" for key, text in pupil.items())), 2, "已在名册")
    fresh = invented.pupils(14)[13]
    given = [f"{key}={fresh[key]}" for key in ("name", "sex", "birth_date", "id_type", "id_number")]
    added = school(Role.REGISTRAR, "students", "add", *given).json
    assert (added["values"]["name"], bool(added["baseline_id"])) == (fresh["name"], True)

    proof = tmp_path / "证明.png"
    proof.write_bytes(picture())
    wrong = tmp_path / "证明.exe"
    wrong.write_bytes(b"MZ" * 100)
    propose = (
        "change",
        "propose",
        "student.key_field",
        "--subject",
        number,
        "--set",
        "name=张亦",
        "--reason",
        "户口簿",
    )
    refused(school(Role.REGISTRAR, *propose, "--evidence", wrong), 1)
    made = school(Role.REGISTRAR, *propose, "--evidence", proof).json
    assert made["state"] == "draft"
    change = made["number"]
    assert school(Role.REGISTRAR, "change", "submit", change).json[0]["state"] == "pending"
    refused(school(Role.REGISTRAR, "change", "approve", change), 2)
    refused(school(Role.HEAD, "change", "return", change), 2, "意见")
    approved = school(Role.HEAD, "change", "approve", change).json
    assert approved["changes"][0]["state"] == "approved"
    detail = school(Role.HEAD, "change", "show", change).json
    assert [diff["after"] for diff in detail["diffs"]] == ["张亦"]
    refused(school(Role.REGISTRAR, "package", "build"), 2, "入网")


def test_accounts_get_user_names_and_can_be_disabled(school: Callable[..., Done]) -> None:
    values = (
        "name=单雨",
        "sex=2",
        "email=a@example.invalid",
        "office_phone=0317-6600010",
        "employment=1",
        "on_staff=1",
    )
    added = school(Role.REGISTRAR, "accounts", "add", *values, "username=hebshanyu")
    assert added.code == 0, added.err
    assert (added.json["missing"], added.json["status"]) == ([], "pending")
    username = "hebshanyu"
    assert school(Role.HEAD, "change", "approve", added.json["change"]).code == 0
    asked = school(Role.REGISTRAR, "accounts", "disable", username, "--reason", "调离").json
    assert [(one["kind"], one["state"]) for one in asked] == [("account.disable", "pending")]
    assert school(Role.REGISTRAR, "accounts", "list").json["total"] == 1
    assert school(Role.HEAD, "change", "approve", asked[0]["number"]).code == 0
    assert school(Role.REGISTRAR, "accounts", "list").json["total"] == 0
    assert school(Role.REGISTRAR, "accounts", "list", "--status", "已禁用").json["total"] == 1
    assert school(Role.REGISTRAR, "accounts", "list", "--status", "all").json["total"] == 1


def test_care_of_the_store(school: Callable[..., Done], school_store: Any, tmp_path: Path) -> None:
    checked = school(Role.ADMINISTRATOR, "audit", "verify")
    assert (checked.code, checked.json["ok"]) == (0, True)
    assert {"sequence", "at", "act", "object"} <= school(Role.ADMINISTRATOR, "audit", "list").json[0].keys()
    kept = tmp_path / "另存.rbk"
    assert school(Role.ADMINISTRATOR, "backup", "--to", kept).code == 0
    name, passphrase = school_store.people[Role.REGISTRAR]
    other = ("--json", "--home", tmp_path / "新电脑", "--operator", name, "--secret-file", "-")
    assert rollbook(*other, "restore", kept, given=f"{passphrase}\n").code == 0
    assert rollbook(*other, "students", "list", given=f"{passphrase}\n").json["total"] == 0
    damaged = tmp_path / "坏.rbk"
    damaged.write_bytes(kept.read_bytes()[:-100])
    refused(rollbook(*other, "restore", damaged, given=f"{passphrase}\n"), 1)
    shown = {"effective", "settings", "own", "own_is_draft", "coming"}
    assert school(Role.REGISTRAR, "policy", "show").json.keys() == shown
    changed = school(Role.REGISTRAR, "export", "xlsx", "--out", tmp_path / "导出.xlsx")
    assert changed.code == 0, changed.err


@pytest.mark.usefixtures("cheap_keys")
def test_the_demo_ends_with_the_change_in_effect(tmp_path: Path) -> None:
    done = rollbook("--json", "demo", tmp_path / "演示")
    assert done.code == 0, done.err
    titles = [step["title"] for step in done.json["steps"]]
    assert any("已生效" in title for title in titles)
    assert any("名册中已是“张亦诺”" in title for title in titles)
    folder = Path(done.json["folder"])
    packages = sorted(folder.rglob("变更包*.rollbook"))
    inspected = rollbook("--json", "package", "inspect", packages[0])
    assert (inspected.code, inspected.json["kind"]) == (0, "changes")
    assert "张一诺" not in inspected.out

    person = ("--operator", name_of("school", Role.REGISTRAR), "--secret-file", "-")
    home = ("--json", "--home", folder / "学校数据", *person)
    secret = secret_of("school", Role.REGISTRAR) + "\n"
    sent = rollbook(*home, "package", "list", given=secret).json
    package = next(one for one in sent if one["purpose"] == "changes")
    refused(
        rollbook(*home, "package", "write", package["id"][:12], "--out", tmp_path / "拔掉", given=secret), 2, "U 盘"
    )
    refused(rollbook(*home, "package", "write", "0000", given=secret), 2, "没有")
    rewritten = rollbook(*home, "package", "write", package["id"][:12], "--out", tmp_path, given=secret).json["paths"]
    assert [Path(path).name for path in rewritten] == [package["file_name"]]
    assert rollbook(*home, "package", "write", "all", "--out", tmp_path, given=secret).json == {"paths": []}


@pytest.mark.usefixtures("cheap_keys")
@pytest.mark.skipif(not LINUX, reason="too slow under Wine; the way is the same")
def test_the_demo_of_four_tiers_ends_with_the_problem_closed_and_all_logs_whole(tmp_path: Path) -> None:
    done = rollbook("--json", "demo", "--tiers", tmp_path)
    assert done.code == 0, done.err
    steps = {step["title"]: step["lines"] for step in done.json["steps"]}

    def lines(*words: str) -> list[str]:
        return next(said for title, said in steps.items() if all(word in title for word in words))

    assert len(lines("逐级入网")) == 10
    assert "省厅名册中有 14 人" in lines("名册基线")
    lines("上报到市、省", "省厅名册中已是“张亦诺”")
    closed = lines("市局裁定", "自动办结")
    assert len(closed) == 5
    assert all("已办结，相关信息已更正" in line for line in closed)
    assert lines("发通知") == ["已阅：青禾县第一小学；未阅：白石县中心小学、青禾县第二小学"]
    filed, ordered = lines("停用通知单")
    assert filed.endswith("首次备案：新增 2 个")
    assert "已禁用" in ordered
    assert lines("新电脑恢复")[0] == "恢复后名册中是“张一诺”；县局答复后是“张亦诺”"
    _, *table = lines("各单位现在的情况")
    assert len(table) == 12
    assert all(line.endswith("完整") for line in table)
    assert [line.split()[1] for line in table[:2]] == ["14", "14"]
    secret = secret_of("city", Role.REGISTRAR) + "\n"
    city = ("--json", "--home", Path(done.json["folder"]) / "单位" / "虚州市教育局", "--secret-file", "-")
    found = rollbook(*city, "--operator", name_of("city", Role.REGISTRAR), "problem", "list", given=secret).json
    assert [(one["kind"], one["state"]) for one in found] == [("id_twice", "closed")]


def test_init_says_what_each_tier_needs() -> None:
    told = rollbook("init", "--help").out
    flat = "".join(told.replace("│", "").split())
    assert "学校和县级还要--city、--county，市级还要--city" in flat
