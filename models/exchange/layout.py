"""Where the table stands on a sheet: title rows above, header rows, data, repeated headers, notes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.domain.text import squeeze
from models.exchange import titles
from models.exchange.columns import cell_text
from models.exchange.sheets import Cell, Grid, Merge, Skipped

_SEARCHED_ROWS = 40
_NOTE_WORDS = (
    r"(?:合\s*计|总\s*计|小\s*计|共计|本页|以上|以下空白|说\s*明|填表|填报|制表|审核|审批|负责人|经办|联系人|盖章"
    r"|单位[（(]?盖章|备\s*注\s*[:：]|注\s*[:：\d]|第\s*\d+\s*页|日期[:：])"
)
_NOTE = re.compile(_NOTE_WORDS)
_NOTE_LINE = re.compile(r"^\s*" + _NOTE_WORDS, re.MULTILINE)


@dataclass(frozen=True)
class Heading:
    """The heading of one column: its own title, the heading above it, the template's code."""

    title: str
    group: str
    code: str


@dataclass(frozen=True)
class Header:
    """Header rows `top` to `bottom` (from 0, both included) and the heading of each column."""

    top: int
    bottom: int
    headings: tuple[Heading, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """The header rows as the spreadsheet counts them."""
        return tuple(range(self.top + 1, self.bottom + 2))


def _word(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else ("" if cell is None else cell_text(cell))


def find_header(grid: Grid, kind: str, start: int = 0, least: int = 2) -> Header | None:
    """The first header at or below row `start`: the row with most known titles, with the rows that belong to it.

    None when no row of the beginning holds at least `least` known titles.
    """
    window = grid.rows[start : start + _SEARCHED_ROWS]
    hits = [sum(titles.is_title(kind, cell) for cell in row) for row in window]
    best = max(hits, default=0)
    if best < least:
        return None
    middle = start + hits.index(best)
    top = bottom = middle
    while top > start and middle - top < 2 and _belongs(grid, kind, top - 1, top):
        top -= 1
    while bottom + 1 < len(grid.rows) and bottom - middle < 2 and _belongs(grid, kind, bottom + 1, bottom):
        bottom += 1
    return Header(top, bottom, tuple(_headings(grid, top, bottom)))


def guess_header(grid: Grid) -> Header | None:
    """A header for a sheet without a known title: the fullest of the first ten rows of text."""
    counts = [sum(isinstance(c, str) and bool(c.strip()) for c in row) for row in grid.rows[:10]]
    if not counts or max(counts) == 0:
        return None
    row = counts.index(max(counts))
    return Header(row, row, tuple(_headings(grid, row, row)))


def _belongs(grid: Grid, kind: str, row: int, neighbour: int) -> bool:
    """Whether `row` beside header row `neighbour` is part of the header."""
    cells, beside = grid.rows[row], grid.rows[neighbour]
    top, bottom = min(row, neighbour), max(row, neighbour)
    if any(m.top <= top and bottom <= m.bottom and _word(grid.rows[m.top][m.left]) for m in _inside(grid)):
        return True
    hits = [titles.is_title(kind, cell) for cell in cells]
    filled = [bool(_word(cell)) for cell in cells]
    if sum(hits) >= 2 and sum(hits) * 2 >= sum(filled):
        return True
    if row < neighbour:
        alone = any(hit and not _word(beside[i]) for i, hit in enumerate(hits) if i < len(beside))
        return alone or any(titles.is_group(_word(cell)) for cell in cells if len(_word(cell)) < 12)
    return False


def _inside(grid: Grid) -> list[Merge]:
    return [m for m in grid.merges if m.top < len(grid.rows) and m.left < len(grid.rows[m.top])]


def _headings(grid: Grid, top: int, bottom: int) -> list[Heading]:
    width = max(len(grid.rows[row]) for row in range(top, bottom + 1))
    block = [[_word(cell) for cell in grid.rows[row]] for row in range(top, bottom + 1)]
    for row in block:
        row.extend([""] * (width - len(row)))
    above = [_spread(grid, block[i], top + i) for i in range(len(block))]
    headings = []
    for column in range(width):
        words = [row[column] for row in block]
        code = next((word for word in words if titles.template_code(word)), "")
        named = [i for i, word in enumerate(words) if word and word != code]
        leaf = named[-1] if named else 0
        title = words[leaf] if named else code
        groups = [above[i][column] for i in range(leaf) if above[i][column] not in (code, title)]
        headings.append(Heading(title, " ".join(filter(None, groups)), code))
    while headings and not headings[-1].title and not headings[-1].group:
        headings.pop()
    return headings


def _spread(grid: Grid, words: list[str], row: int) -> list[str]:
    """A header row with merged headings written over every column they cover; 成员1 also without a merge."""
    spread = list(words)
    for merge in _inside(grid):
        if merge.top == row and merge.right > merge.left:
            spread[merge.left : merge.right + 1] = [words[merge.left]] * (min(merge.right + 1, len(words)) - merge.left)
    for column in range(1, len(spread)):
        if not spread[column] and titles.is_group(spread[column - 1]):
            spread[column] = spread[column - 1]
    return spread


@dataclass
class Body:
    """The data rows below a header: numbers from 0, what was left out, and where another header begins (or None)."""

    rows: list[int]
    skipped: list[Skipped]
    next_header: int | None = None


def find_body(grid: Grid, kind: str, header: Header, fields: Sequence[str | None]) -> Body:
    """The rows that hold people. Blank rows never end the table; notes and repeated headers are reported."""
    first, width = header.bottom + 1, len(header.headings)
    rows = grid.rows[first:]
    suspects = {i for i, row in enumerate(rows) if len(row) - row.count("") <= max(3, width // 4)}
    suspects |= _marked(rows, header, kind)
    body = Body([], [])
    left_out: set[int] = set()
    for i in sorted(suspects):
        number = first + i
        verdict = _verdict(rows[i], kind, header, fields)
        if verdict == "another":
            body.next_header = number
            rows = rows[:i]
            break
        if verdict is not None:
            left_out.add(i)
            if verdict:
                text = " ".join(filter(None, (squeeze(_word(cell)) for cell in rows[i])))[:80]
                body.skipped.append(Skipped(grid.name, number + 1, verdict, text))
    body.rows = (
        [first + i for i in range(len(rows)) if i not in left_out]
        if left_out
        else list(range(first, first + len(rows)))
    )
    return body


def _marked(rows: list[list[Cell]], header: Header, kind: str) -> set[int]:
    """Rows that begin like a note or hold a title where a person's value should be."""
    words = titles.literal_titles(kind) | {h.title for h in header.headings} - {""}
    marked: set[int] = set()
    for column in range(min(len(header.headings), 4)):
        cells = [row[column] if column < len(row) else "" for row in rows]
        texts = [cell for cell in set(cells) if isinstance(cell, str)]
        found = words.intersection(texts)
        if _NOTE_LINE.search("\n".join(texts)):
            found |= {text for text in texts if _NOTE.match(text.strip())}
        if found:
            marked.update(i for i, cell in enumerate(cells) if cell in found)
    return marked


def _verdict(row: list[Cell], kind: str, header: Header, fields: Sequence[str | None]) -> str | None:
    """None for a person's row, "" for a blank one, "another" for a different header, else why it is left out."""
    words = [_word(cell) for cell in row]
    filled = [i for i, word in enumerate(words) if squeeze(word)]
    if not filled:
        return ""
    hits = sum(titles.is_title(kind, word) for word in words)
    if hits >= 2 and hits * 2 >= len(filled):
        known = {titles.canonical(h.title): i for i, h in enumerate(header.headings)}
        moved = [i for i in filled if known.get(titles.canonical(words[i]), i) != i]
        return "another" if moved else "重复的表头"
    of_people = [i for i in filled if i < len(fields) and fields[i]]
    if not of_people:
        return "" if all(words[i].isdecimal() for i in filled) else "表格之外的说明文字"
    if _NOTE.match(words[filled[0]]) and len(of_people) <= max(2, len(header.headings) // 4):
        return "合计或说明"
    if len(filled) == 1 and len(words[filled[0]]) > 15:
        return "表格之外的说明文字"
    return None
