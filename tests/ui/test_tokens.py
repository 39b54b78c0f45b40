"""Colours, icons and actions: what can be checked without a window."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from ui import tokens
from ui.actions import ACTIONS
from ui.dialogs.keyboard import KeyboardList
from ui.intake import route
from ui.navigation import PAGES

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "ui").rglob("*.py"), ROOT / "resources" / "theme.qss"]
PAIRS = [
    *[(text, ground) for text in ("text", "text2", "text3") for ground in ("surface", "bg", "sunken", "nav")],
    *[(tone, f"{tone}_bg") for tone in tokens.TONES],
    *[(tone, "surface") for tone in tokens.TONES],
    ("text", "select"), ("text", "mark"), ("on_accent", "accent"), ("accent", "surface"), ("accent", "accent_bg"),
    ("accent", "nav"), ("accent", "bg"),
]  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance (WCAG) of `#RRGGBB`."""

    def part(start: int) -> float:
        value = int(colour[start : start + 2], 16) / 255
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG) of two colours, 1 to 21."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [tokens.LIGHT, tokens.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(colours: dict[str, str], text: str, ground: str) -> None:
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("colours", [tokens.LIGHT, tokens.DARK], ids=["light", "dark"])
def test_outlines_can_be_seen(colours: dict[str, str]) -> None:
    assert contrast(colours["control"], colours["surface"]) >= 3
    assert contrast(colours["focus"], colours["surface"]) >= 3


def test_both_themes_have_the_same_tokens() -> None:
    assert tokens.LIGHT.keys() == tokens.DARK.keys()


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "tokens.py"], ids=lambda p: p.name)
def test_no_colour_outside_tokens(path: Path) -> None:
    assert not re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text("utf-8"))


def test_every_icon_named_is_there() -> None:
    have = {path.stem for path in (ROOT / "resources" / "icons").glob("*.svg")}
    named = {page.icon for page in PAGES} | {icon for _tone, icon, _word in tokens.STATE_LOOK.values()}
    pattern = re.compile(r"""(?:IconLabel\(|icons\.(?:icon|pixmap)\(|icon=)["']([a-z0-9-]+)["']""")
    for path in SOURCES:
        named |= set(pattern.findall(path.read_text("utf-8")))
    assert named <= have, named - have


def test_shortcuts_are_unique() -> None:
    keys = [QKeySequence(entry.keys).toString() for entry in ACTIONS]
    assert all(keys)
    assert len(keys) == len(set(keys))
    assert len({entry.key for entry in ACTIONS}) == len(ACTIONS)


def test_actions_name_pages_that_exist() -> None:
    known = {page.key for page in PAGES}
    assert all(set(entry.pages) <= known for entry in ACTIONS)


def test_f1_lists_every_action(qtbot) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QLabel

    dialog = KeyboardList(None)
    qtbot.addWidget(dialog)
    words = {made.text() for made in dialog.findChildren(QLabel)}
    assert {entry.name for entry in ACTIONS} <= words


def test_files_find_their_page(tmp_path: Path) -> None:
    def made(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    def packed(name: str, inner: str) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(inner, "x")
        return tmp_path / name

    jpg = made("证明.jpg", b"\xff\xd8\xff\xe0 some")
    assert route(packed("新生.XLSX", "xl/workbook.xml"), "roster").page == "import"
    assert route(made("新生.csv", "姓名,性别\n".encode()), "roster").page == "import"
    assert route(jpg, "changes").page == "changes"
    assert route(jpg, "accounts").page == "accounts"
    wrong = [
        route(path, "roster")
        for path in (
            jpg, made("空.xlsx", b""), packed("说明.docx", "word/document.xml"), made("a.pdf", b"%PDF-1.7 x"),
            packed("一起.zip", "a.xlsx"), made("别的.exe", b"MZ......"), tmp_path / "没有.xlsx", tmp_path,
        )
    ]  # fmt: skip
    assert not any(found.page for found in wrong)
    assert len({found.sentence for found in wrong}) == len(wrong)
