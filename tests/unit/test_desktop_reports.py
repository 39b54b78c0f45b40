"""Logs and crash reports hold nothing about people."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from desktop import crash, logs
from desktop.__main__ import main
from desktop.paths import data_home
from desktop.selftest import PARTS, attempt
from models.domain.errors import system_sentence

NAME = "张三的秘密"


def _fail(name: str) -> None:
    rows = {"name": name}
    try:
        raise KeyError(rows["name"])
    except KeyError as cause:
        raise ValueError(f"bad {name}") from cause


def _error() -> ValueError:
    try:
        _fail(NAME)
    except ValueError as error:
        return error
    raise AssertionError


def test_crash_report_has_types_and_frames_but_no_values(tmp_path: Path) -> None:
    path = crash.write_report(_error(), tmp_path / NAME, "import")
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert "_fail" in text
    assert "doing import" in text
    assert NAME not in text
    assert str(tmp_path) not in text


def test_log_writes_an_exception_without_its_message(tmp_path: Path) -> None:
    log = logs.start(tmp_path)
    try:
        log.error("bug in %s", "import", exc_info=_error())
    finally:
        logs.start(tmp_path / "nowhere")
    text = (tmp_path / "logs" / "rollbook.log").read_text(encoding="utf-8")
    assert "ValueError" in text
    assert "_fail" in text
    assert NAME not in text


def test_no_log_is_written_where_there_is_no_data_folder(tmp_path: Path) -> None:
    logs.start(tmp_path / "nowhere").info("x")
    assert list(tmp_path.iterdir()) == []
    assert isinstance(logging.getLogger(logs.LOGGER).handlers[0], logging.NullHandler)


def test_a_bug_ends_with_70_and_says_where_the_report_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(_: object) -> int:
        raise _error()

    monkeypatch.setattr("desktop.__main__._run", bug)
    assert main(["--home", str(tmp_path), "check", NAME]) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert NAME not in said
    (report,) = (tmp_path / "logs").glob("crash-*.txt")
    assert str(report) in said
    assert "doing check" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "x", "a.xlsx"), "磁盘已满"),
        (FileNotFoundError(errno.ENOENT, "x", "a.xlsx"), "找不到文件"),
        (PermissionError(errno.EACCES, "x", "a.xlsx"), "没有权限"),
        (OSError(errno.EIO, "Input/output error"), "读写出错"),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "系统错误"),
    ],
)
def test_faults_of_the_file_system_are_sentences(error: OSError, words: str) -> None:
    assert words in system_sentence(error)


def test_data_home_follows_option_then_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_HOME", str(tmp_path / "variable"))
    assert data_home(tmp_path / "option") == tmp_path / "option"
    assert data_home() == tmp_path / "variable"


@pytest.mark.parametrize("name", [name for name, _ in PARTS if name not in ("窗口", "加密存储")])
def test_parts_of_the_self_test_pass(name: str) -> None:
    assert attempt(dict(PARTS)[name]) is None
