"""Lists of problem rosters as the police and the province hand them down: any spreadsheet with these titles (E11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.domain.errors import FileRefusedError
from models.domain.fields import STUDENT_FIELD
from models.domain.progress import SILENT
from models.exchange.columns import cell_text
from models.exchange.normalise import normalise
from models.exchange.reading import bytes_of
from models.exchange.sheets import Cell, Grid
from models.exchange.sniffing import sniff
from models.exchange.sources import read_grids

_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "name": ("姓名", "学生姓名"),
    "id_number": ("身份证件号", "身份证号", "身份证号码", "公民身份号码", "身份证件号码"),
    "student_number": ("学籍号", "全国学籍号", "学籍号码"),
    "birth_date": ("出生日期",),
    "school": ("学校", "学校名称", "所在学校", "就读学校"),
    "type": ("问题类型", "问题类别", "问题", "错误类型", "问题原因"),
    "note": ("说明", "备注", "核查结果", "问题描述"),
}
_HEADER_WITHIN: Final = 20
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class ListedProblem:
    """One row of a list; `row` counts as in the file; texts are normalised, "" for what the list does not say."""

    row: int
    name: str
    id_number: str
    student_number: str
    birth_date: str
    school: str
    type: str
    note: str


def read_problem_list(path: Path) -> list[ListedProblem]:
    """The rows of a list (xlsx, xls, csv ...). Raises FileRefusedError when no table with the titles is there."""
    data = bytes_of(path)
    grids, _ = read_grids(data, sniff(data), path.stem, SILENT)
    for grid in grids:
        found = _header(grid)
        if found is not None:
            top, columns = found
            return [one for number in range(top + 1, len(grid.rows)) if (one := _listed(grid, number, columns))]
    raise FileRefusedError(
        f"“{path.name}”里没有找到问题学籍清单：要有一行表头，至少有“姓名”，以及“身份证件号”或“学籍号”。"
    )


def _header(grid: Grid) -> tuple[int, dict[str, int]] | None:
    for number, row in enumerate(grid.rows[:_HEADER_WITHIN]):
        words = ["".join(cell_text(cell).split()) for cell in row]
        columns = {key: words.index(title) for key, titles in _TITLES.items() for title in titles if title in words}
        if "name" in columns and columns.keys() & {"id_number", "student_number"}:
            return number, columns
    return None


def _listed(grid: Grid, number: int, columns: dict[str, int]) -> ListedProblem | None:
    row: list[Cell] = grid.rows[number]
    texts = {key: cell_text(row[place]).strip() if place < len(row) else "" for key, place in columns.items()}
    if not any(texts.get(key) for key in ("name", "id_number", "student_number")):
        return None
    values = {key: "" for key in _TITLES} | texts
    for key in ("name", "id_number", "student_number", "birth_date"):
        values[key] = normalise(STUDENT_FIELD[key], values[key])[0]
    values["note"] = " ".join(values["note"].split())[:_LONGEST]
    values["type"] = " ".join(values["type"].split())[:_LONGEST]
    return ListedProblem(number + 1, **values)
