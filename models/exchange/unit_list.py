"""Lists of units to be invited: any spreadsheet with the titles of name and code (issue 3, point 6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.domain.errors import FileRefusedError
from models.domain.progress import SILENT
from models.exchange.columns import cell_text
from models.exchange.reading import bytes_of
from models.exchange.sheets import Grid
from models.exchange.sniffing import sniff
from models.exchange.sources import read_grids

_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "name": ("单位名称", "学校名称", "单位", "学校"),
    "code": ("学校标识码", "单位代码", "标识码", "代码", "行政区划代码"),
    "contact": ("联系人", "负责人"),
    "city": ("设区市", "市"),
    "county": ("县（市、区）", "县(市、区)", "县"),
}
_HEADER_WITHIN: Final = 20
_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """One row of a list; `row` counts as in the file, "" for what the list does not say."""

    row: int
    name: str
    code: str
    contact: str = ""
    city: str = ""
    county: str = ""


def read_unit_list(path: Path) -> list[ListedUnit]:
    """The rows of a list (xlsx, xls, csv ...). Raises FileRefusedError when no table with the titles is there."""
    data = bytes_of(path)
    grids, _ = read_grids(data, sniff(data), path.stem, SILENT)
    for grid in grids:
        found = _header(grid)
        if found is not None:
            rows = [_listed(grid, number, found[1]) for number in range(found[0] + 1, len(grid.rows))]
            listed = [one for one in rows if one.name or one.code]
            if len(listed) > _MOST:
                raise FileRefusedError(f"“{path.name}”里有 {len(listed)} 个单位，一次最多 {_MOST} 个。请分成几个文件。")
            return listed
    raise FileRefusedError(
        f"“{path.name}”里没有找到单位名单：要有一行表头，至少有“单位名称”和“学校标识码”（主管部门为“单位代码”）。"
    )


def _header(grid: Grid) -> tuple[int, dict[str, int]] | None:
    for number, row in enumerate(grid.rows[:_HEADER_WITHIN]):
        words = ["".join(cell_text(cell).split()) for cell in row]
        columns: dict[str, int] = {}
        for key, titles in _TITLES.items():
            columns |= next(({key: words.index(title)} for title in titles if title in words), {})
        if columns.keys() >= {"name", "code"}:
            return number, columns
    return None


def _listed(grid: Grid, number: int, columns: dict[str, int]) -> ListedUnit:
    row = grid.rows[number]
    texts = {key: " ".join(cell_text(row[at]).split()) if at < len(row) else "" for key, at in columns.items()}
    return ListedUnit(number + 1, **texts)
