"""Changes on the command line: what they hold is shown, written out and corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.selftest import picture
from models.domain.units import Role
from tests.integration.conftest import pupil, sheet_file
from tests.integration.test_cli import Done, refused, rollbook


@pytest.fixture
def file(tmp_path: Path, pupils: Callable[..., list[dict[str, str]]]) -> Path:
    return sheet_file(tmp_path / "名单.xlsx", pupils(60))


@pytest.fixture
def run(school_store: Any, file: Path) -> Callable[..., Done]:
    """run(role, *arguments, text=False) in a school with sixty pupils imported."""

    def call(role: Role, *arguments: object, text: bool = False) -> Done:
        name, passphrase = school_store.people[role]
        general = [*(() if text else ("--json",)), "--home", school_store.home, "--operator", name]
        return rollbook(*general, "--secret-file", "-", *arguments, given=f"{passphrase}\n")

    assert call(Role.REGISTRAR, "import", file).json["written"]["new"] == 60
    return call


def test_a_baseline_lists_its_pupils(run: Callable[..., Done]) -> None:
    number = run(Role.REGISTRAR, "change", "list").json[0]["number"]
    shown = run(Role.REGISTRAR, "change", "show", number).json["pupils"]
    assert len(shown) == 60
    assert all("*" in one["id_number"] for one in shown)
    text = run(Role.REGISTRAR, "change", "show", number, text=True).out
    assert "用 --all 全部列出" in text
    everybody = run(Role.REGISTRAR, "change", "show", number, "--all", text=True).out
    assert everybody.count("\n") == text.count("\n") + len(shown) - 51


def test_a_draft_is_corrected_and_its_evidence_written_out(run: Callable[..., Done], tmp_path: Path) -> None:
    proof, other = tmp_path / "户口 簿.png", tmp_path / "新证明.png"
    proof.write_bytes(picture())
    other.write_bytes(picture() + b"\0")
    subject = pupil(6)["身份证件号"]
    made = run(
        Role.REGISTRAR, "change", "propose", "student.key_field", "--subject", subject, "--set", "name=张亦",
        "--reason", "更正", "--evidence", proof,
    ).json  # fmt: skip
    number = made["number"]
    refused(run(Role.REGISTRAR, "change", "edit", number), 2, "--set")
    edited = run(
        Role.REGISTRAR, "change", "edit", number, "--set", "name=张一", "--reason", "按户口簿更正",
        "--evidence", other, "--drop-evidence", "户口 簿.png",
    ).json  # fmt: skip
    assert (edited["reason"], [one["after"] for one in edited["diffs"]]) == ("按户口簿更正", ["张一"])
    assert [one["name"] for one in edited["evidence"]] == ["新证明.png"]
    assert "PNG 图片" in run(Role.REGISTRAR, "change", "show", number, text=True).out
    refused(run(Role.REGISTRAR, "change", "edit", number, "--drop-evidence", "没有.png"), 2, "新证明.png")

    folder = tmp_path / "取出"
    refused(run(Role.HEAD, "change", "evidence", number, "--out", folder), 2, "没有文件夹")
    folder.mkdir()
    paths = run(Role.HEAD, "change", "evidence", number, "--out", folder).json["paths"]
    assert [Path(path).name for path in paths] == [f"{number}_1_新证明.png"]
    assert Path(paths[0]).read_bytes() == other.read_bytes()
    refused(run(Role.HEAD, "change", "evidence", number, "--out", folder), 2, "没有覆盖")
    refused(run(Role.ADMINISTRATOR, "change", "evidence", number, "--out", tmp_path / "x"), 2, "学籍管理员")
    acts = [one["act"] for one in run(Role.ADMINISTRATOR, "audit", "list").json]
    assert "evidence.export" in acts


def test_a_pupil_set_to_what_he_is_and_to_what_is_doubtful(run: Callable[..., Done]) -> None:
    subject = pupil(6)["身份证件号"]
    first = run(Role.REGISTRAR, "students", "set", subject, "phone=0317abc", "postcode=abc")
    if first.code == 0:
        assert len(first.json["warnings"]) >= 2
    else:
        refused(first, first.code, "电话")
    assert run(Role.REGISTRAR, "students", "set", subject, "class_name=五(1)班").json["changed"]
    again = run(Role.REGISTRAR, "students", "set", subject, "class_name=五(1)班", text=True)
    assert "没有改动" in again.out


def test_a_request_that_cannot_be_submitted_names_no_number(run: Callable[..., Done]) -> None:
    subject = pupil(6)["身份证件号"]
    done = run(
        Role.REGISTRAR, "change", "propose", "student.key_field", "--subject", subject, "--set", "name=张亦", "--submit"
    )
    refused(done, done.code, "没有建立变更")
    assert "BG-" not in done.err
    assert len(run(Role.REGISTRAR, "change", "list").json) == 1


def test_states_and_packages_that_are_none_are_refused(run: Callable[..., Done]) -> None:
    refused(run(Role.REGISTRAR, "review", "list", "--state", "in_reveiw"), 2, "in_review")
    refused(run(Role.REGISTRAR, "review", "list", "--package", "abc"), 2, "package list")


@pytest.mark.parametrize(
    ("tier", "line", "code", "word"),
    [("school", "basic", "12345", "10 位"), ("county", "basic", "13099", "6 位"), ("county", "open", "a-b", "字母")],
)
def test_the_code_of_a_unit_has_a_form(tmp_path: Path, tier: str, line: str, code: str, word: str) -> None:
    arguments = ["init", "--unit", "某校", "--tier", tier, "--line", line, "--code", code]
    people = ["--registrar", "甲某", "--head", "乙某", "--administrator", "丙某"]
    secret = "lantern passage 4141\n"
    refused(rollbook("--home", tmp_path / "x", "--secret-file", "-", *arguments, *people, given=secret), 2, word)
