"""What a check found, as text for people: errors first, equal findings together, then warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from models.domain.fields import STUDENTS
from models.domain.findings import Level, LocatedFinding
from models.services import imports
from models.services.checking import field_label

_SHOWN = {Level.ERROR: 200, Level.WARNING: 20}
_TITLES = {Level.ERROR: "错误（有错误的行不能导入）", Level.WARNING: "提醒（可以导入，请核对）"}
_ROWS = 8


def check_text(checked: Any) -> str:
    """The result of a check of a file, a `CheckedImport`."""
    by_level = {level: [one for one in checked.findings if one.finding.level is level] for level in Level}
    kind = "学生名册" if checked.kind == STUDENTS else "教师名单"
    count = sum(len(sheet.rows) for sheet in checked.workbook.sheets)
    errors, warnings = len(by_level[Level.ERROR]), len(by_level[Level.WARNING])
    lines = [f"{kind}，{count} 条记录；错误 {errors} 处，提醒 {warnings} 处。"]
    for level, findings in by_level.items():
        if findings:
            lines += [f"{_TITLES[level]}：", *_listed(list(_grouped(findings, checked.kind)), _SHOWN[level])]
    return "\n".join([*lines, *_choice(checked)])


def _choice(checked: Any) -> Iterator[str]:
    """How a user name is chosen where a name has two readings, with a row of this file as the example (A17)."""
    one = next((one for one in checked.findings if one.finding.code == "NAME_NEEDS_CHOICE"), None)
    if one is None:
        return
    names = [each.value for each in imports.suggestions(checked, one) if each.field == "username"]
    sheet = f"{one.sheet}!" if len(checked.workbook.sheets) > 1 else ""
    told = f"，例如 --username {sheet}{one.row}={names[-1]}；不选的按首选的读法，如 {names[0]}" if names else ""
    yield f"姓名有几种读法的，导入时用 import --username 行=用户名 选定（可重复）{told}。"


def _listed(groups: Sequence[str], shown: int) -> Iterator[str]:
    yield from (f"  {text}" for text in groups[:shown])
    if len(groups) > shown:
        yield f"  …… 还有 {len(groups) - shown} 条没有列出；在命令前加 --json 可以看到全部。"


def _grouped(findings: Sequence[LocatedFinding], kind: str) -> Iterator[str]:
    """One sentence for equal findings of a column, and one a sheet for the columns it has not."""
    missing: dict[str, list[str]] = {}
    rows: dict[tuple[str, str, str], list[int]] = {}
    for one in findings:
        if one.finding.code == "COLUMN_MISSING" and one.finding.level is Level.WARNING:
            missing.setdefault(one.sheet, []).append(field_label(one.finding.field, kind))
        else:
            rows.setdefault((one.sheet, one.column, one.finding.message), []).append(one.row)
    for (sheet, column, message), places in rows.items():
        yield f"{sheet} {_rows(places)}{f' {column} 列' if column else ''}：{message}"
    for sheet, labels in missing.items():
        names = "、".join(labels)
        yield f"{sheet}：表里没有这 {len(labels)} 列，可以先导入，请在上报前补上（否则核办时可能退回）：{names}。"


def _rows(places: Sequence[int]) -> str:
    named = "、".join(map(str, places[:_ROWS]))
    return f"第 {named} 行" if len(places) <= _ROWS else f"第 {named} …… 行（共 {len(places)} 行）"
