"""What can safely be put into a faulty cell, and how a group of them is mended in one step.

An ID number is never corrected from its check digit: the digit says that one is wrong, not which (ux 0.7).
"""

from __future__ import annotations

from models.domain.codes import code_table
from models.domain.fields import FIELDS_OF
from models.domain.findings import Finding, Level, LocatedFinding
from models.services import imports
from models.services.imports import CheckedImport, Suggestion
from ui.pages.import_.findings import CONFIRMED

NORMALISED = {
    "NAME_INVISIBLE_OR_SPACE": "全部去除", "NAME_DOT_VARIANT": "全部改为“·”", "ID_FULLWIDTH": "全部采用",
    "ID_SPACES_OR_LOWER_X": "全部采用", "POSTCODE_LOST_ZERO": "全部采用", "DATE_MONTH_FIRST": "全部采用",
}  # fmt: skip
"""Findings whose cell was read as meant: writing the value as it was understood ends them."""
FROM_ID = ("BIRTH_DIFFERS_FROM_ID", "SEX_DIFFERS_FROM_ID")


def suggestions(checked: CheckedImport, sheet: int, row: int, finding: Finding) -> list[Suggestion]:
    """What may be put into the cell of `finding` or a cell beside it, the best first; values as people write them."""
    data, kind = checked.workbook.sheets[sheet], checked.kind
    found = []
    if finding.code in NORMALISED and data.values[finding.field][row]:
        found.append(Suggestion("采用规范写法", data.values[finding.field][row], finding.field))
    located = LocatedFinding(data.sheet, data.rows[row], data.column_of(finding.field), finding)
    found += imports.suggestions(checked, located)
    if finding.code in CONFIRMED and data.values["username"][row]:
        found.insert(0, Suggestion("确认用户名", data.values["username"][row], "username"))
        found = list({one.value: one for one in reversed(found)}.values())[::-1]
    found.sort(key=lambda one: one.field != finding.field)
    return [Suggestion(one.label, _as_written(kind, one.field, one.value), one.field) for one in found]


def _as_written(kind: str, key: str, value: str) -> str:
    field = next(field for field in FIELDS_OF[kind] if field.key == key)
    return (code_table(field.code_table).label(value) or value) if field.code_table else value


def bulk_words(code: str, level: Level) -> str:
    """The words of a group's one-step fix or way of going through it, "" when there is none."""
    if code in NORMALISED:
        return NORMALISED[code]
    if code in FROM_ID:
        return "按证件号填"
    return "逐个核对" if level is Level.ERROR or code in CONFIRMED else ""


def is_bulk(code: str) -> bool:
    """Whether a group is mended in one step."""
    return code in NORMALISED or code in FROM_ID


def bulk_texts(checked: CheckedImport, sheet: int, cells: list[tuple[int, Finding]]) -> dict[tuple[int, str], str]:
    """The texts that mend a group, one a cell of its field; cells a person must look at are left out."""
    texts = {}
    for row, finding in cells:
        for suggestion in suggestions(checked, sheet, row, finding):
            if suggestion.field == finding.field:
                texts[row, finding.field] = suggestion.value
                break
    return texts
