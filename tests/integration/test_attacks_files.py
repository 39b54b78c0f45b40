"""Files that are no files, half files and places that must not be overwritten: one sentence, nothing lost."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop import logs
from desktop.__main__ import main
from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.units import Role
from models.exchange.reading import read_workbook
from models.exchange.writing import write_records
from models.services import evidence, imports, maintenance, operators
from models.store import engine
from models.store.errors import DamagedStoreError, DiskFullError
from models.store.store import NewOperator

pipes = pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")


@pytest.mark.parametrize("tail", ["<![" * 100, "<!" + "<![x" * 3, "<table><tr><td>姓名<![endif"])
def test_half_markup_in_an_html_sheet_is_refused(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "导出.xls"
    path.write_text("<html>" + tail, encoding="utf-8")
    with pytest.raises(FileRefusedError):
        read_workbook(path)


@pipes
def test_a_pipe_or_device_is_not_read_for_ever(tmp_path: Path) -> None:
    pipe = tmp_path / "名册.xlsx"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(FileRefusedError, match="不是文件"):
            read_workbook(path)
        with pytest.raises(FileRefusedError, match="不是文件"):
            evidence.inspect(path)


def test_a_list_with_titles_only_is_a_refused_file(tmp_path: Path) -> None:
    path = tmp_path / "空.csv"
    path.write_text("姓名,性别,身份证件号\n", encoding="utf-8")
    with pytest.raises(FileRefusedError, match="没有可以导入的数据行"):
        imports.check(None, read_workbook(path))


def test_a_backup_never_replaces_another_file(school: Any, tmp_path: Path) -> None:
    letter = tmp_path / "信.docx"
    letter.write_bytes(b"somebody's letter")
    database = next(school.store.home.glob("store-*.db"))
    for target in (letter, database, school.store.home / "keys.json"):
        with pytest.raises(UserError, match="没有覆盖"):
            maintenance.backup(school.store, target)
    assert letter.read_bytes() == b"somebody's letter"
    assert maintenance.check(school.store).ok
    made = maintenance.backup(school.store, tmp_path / "备份.rollbook")
    assert maintenance.backup(school.store, tmp_path / "备份.rollbook").path == made.path


@pipes
def test_a_backup_to_a_place_that_cannot_be_written_is_the_systems_fault(school: Any) -> None:
    with pytest.raises(OSError, match=r"."):
        maintenance.backup(school.store, Path("/proc/备份.rollbook"))
    with pytest.raises(UserError, match="没有覆盖"):
        maintenance.backup(school.store, Path("/dev/zero"))


def test_an_export_replaces_workbooks_only(school: Any, tmp_path: Path) -> None:
    other = tmp_path / "库.db"
    other.write_bytes(b"SQLite")
    with pytest.raises(UserError, match="没有覆盖"):
        write_records(other, (), [], "名册")
    assert other.read_bytes() == b"SQLite"
    for _ in range(2):
        write_records(tmp_path / "名册.xlsx", (), [], "名册")


def test_bytes_that_are_no_text_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--home", str(tmp_path), "students", "set", "x", "class_name=\udcff"]) == 2
    said = capsys.readouterr()
    assert "读不出来" in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", ["登记\u200b员", "登\u202e记员", "登记\x07员"])
def test_two_operators_never_look_alike(school_store: Any, name: str) -> None:
    with (
        school_store.open(Role.ADMINISTRATOR) as store,
        pytest.raises(NotAllowedError, match="看不见的字符"),
    ):
        operators.add(store, NewOperator(name, frozenset({Role.REGISTRAR})))


def _full_disk(*_path: object) -> object:
    return SimpleNamespace(total=1 << 30, used=1 << 30, free=8192)


def test_a_disk_without_room_is_not_called_damage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fault = engine.DatabaseFault("disk I/O error")
    assert isinstance(engine.explain(fault, tmp_path / "store.db"), DamagedStoreError)
    monkeypatch.setattr("models.store.engine.shutil.disk_usage", _full_disk)
    assert isinstance(engine.explain(fault, tmp_path / "store.db"), DiskFullError)
    assert isinstance(engine.explain(engine.DatabaseFault("malformed"), tmp_path / "store.db"), DamagedStoreError)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_log_that_cannot_be_written_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "rollbook.log").symlink_to("/dev/full")
    log = logs.start(tmp_path)
    log.info("a line")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        with suppress(OSError):
            handler.close()
    assert capfd.readouterr().err == ""


def test_an_export_to_a_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("models.exchange.placing.os.fsync", full)
    with pytest.raises(UserError, match="磁盘已满"):
        write_records(tmp_path / "名册.xlsx", (), [], "名册")
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in capfd.readouterr().err


def test_a_refusal_is_one_sentence_though_the_clock_is_wrong(
    school_store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name, passphrase = school_store.people[Role.REGISTRAR]
    secret = tmp_path / "口令"
    secret.write_text(passphrase, encoding="utf-8")
    general = ["--home", str(school_store.home), "--operator", name, "--secret-file", str(secret)]
    monkeypatch.setattr("models.store.clock.warning", lambda session: SimpleNamespace(sentence="电脑时间不对。"))
    assert main([*general, "change", "show", "没有"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main([*general, "change", "list"]) == 0
    assert "电脑时间不对" in capsys.readouterr().err
