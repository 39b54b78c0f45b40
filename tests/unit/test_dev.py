"""dev.py: what people and CI call first."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from desktop.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="dev")
def load_dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_is_documented(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        dev.main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text and act.__doc__ for name, act in dev.COMMANDS)


def test_readme_shows_the_commands_of_dev(dev: ModuleType) -> None:
    names = {name for name, _ in dev.COMMANDS}
    for readme in ("README.md", "README.zh-CN.md"):
        head = "\n".join((ROOT / readme).read_text(encoding="utf-8").splitlines()[:30])
        shown = set(re.findall(r"python dev\.py (\w+)", head))
        assert {"demo", "run", "cli", "check"} <= shown <= names


def test_arguments_after_the_command_reach_the_program(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(dev, "have_product", lambda: None)
    monkeypatch.setattr(dev, "run", lambda command, *_: seen.append(list(command)) or 0)
    assert dev.main(["cli", "--json", "check", "a b.xlsx"]) == 0
    assert seen[0][1:] == ["-m", "desktop", "--json", "check", "a b.xlsx"]


def test_a_second_setup_has_nothing_to_do(dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    python = Path(dev.program("python", tmp_path))
    python.parent.mkdir()
    python.touch()
    monkeypatch.setattr(dev, "told_briefly", lambda command: calls.append(list(command)) or 0)
    dev.install(dev.PRODUCT, tmp_path)
    dev.install(dev.PRODUCT, tmp_path)
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]


def test_the_installer_is_heard_only_when_it_fails(dev: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    talk = "print('WARNING: of no use'); raise SystemExit({})"
    assert dev.told_briefly([sys.executable, "-c", talk.format(0)]) == 0
    assert "WARNING" not in capfd.readouterr().err
    assert dev.told_briefly([sys.executable, "-c", talk.format(3)]) == 3
    assert "WARNING" in capfd.readouterr().err


def test_requirements_are_pinned_with_hashes_and_name_no_address(dev: ModuleType) -> None:
    for name in (dev.PRODUCT, dev.DEVELOPMENT, dev.BUILD, dev.TOOLS):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        for entry in re.findall(r"^\w[^\\\n]*\\?$", text, re.MULTILINE):
            assert "==" in entry
            assert entry.endswith("\\"), f"no hash after {entry}"


def test_development_pins_agree_with_those_of_the_product(dev: ModuleType) -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins(dev.PRODUCT) <= pins(dev.DEVELOPMENT)
    assert pins(dev.PRODUCT) <= pins(dev.BUILD)


def test_version_is_the_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
