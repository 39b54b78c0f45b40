"""Rows of a list as people find them again, and what in them could not be judged: pure, no store (A6, A12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from models.exchange.platform.accounts_list import AccountsList

Place = tuple[str, int]
"""(sheet, row from 1)."""
_SHOWN: Final = 20
_NOT_IDLE: Final = "没有核查是否长期未登录"


def places_said(places: Iterable[Place]) -> str:
    """Rows in words, those that follow each other together: 表 第 2-4、7 行; the first 20 of them."""
    runs: list[tuple[str, int, int]] = []
    for sheet, row in sorted(set(places)):
        if runs and runs[-1][0] == sheet and runs[-1][2] == row - 1:
            runs[-1] = (sheet, runs[-1][1], row)
        else:
            runs.append((sheet, row, row))
    by_sheet: dict[str, list[str]] = {}
    for sheet, first, last in runs[:_SHOWN]:
        by_sheet.setdefault(sheet, []).append(str(first) if first == last else f"{first}-{last}")
    said = "，".join(f"{sheet} 第 {'、'.join(texts)} 行" for sheet, texts in by_sheet.items())
    return said + ("等" if len(runs) > _SHOWN else "")


def notes_on(export: AccountsList, left_out: frozenset[Place]) -> list[str]:
    """Sentences on what could not be judged in rows that were inspected, each with its rows."""
    unread = [problem for problem in export.problems if problem[:2] not in left_out]
    said = [f"{sheet} 第 {row} 行 {letter} 列：{words}" for sheet, row, letter, words in islice(unread, _SHOWN)]
    if len(unread) > _SHOWN:
        said.append(f"看不懂的内容共 {len(unread)} 处，以上是前 {_SHOWN} 处。")
    return [*said, *_on_logins(export, left_out)]


def _on_logins(export: AccountsList, left_out: frozenset[Place]) -> Iterator[str]:
    letters = {table.sheet: table.mapping.get("last_access", "") for table in export.tables}
    without = [sheet for sheet, letter in letters.items() if not letter]
    if without:
        yield f"{'、'.join(without)} 里没有“最近登录”这一列，{_NOT_IDLE}。"
    unread = {(sheet, row) for sheet, row, letter, _ in export.problems if letter == letters.get(sheet)}
    silent = [
        (one.sheet, one.row)
        for one in export.accounts
        if not one.last_access and one.suspended is not True and letters.get(one.sheet)
    ]
    for what, places in (
        ("是空的", [place for place in silent if place not in unread]),
        ("看不懂", [place for place in silent if place in unread]),
    ):
        kept = [place for place in places if place not in left_out]
        if kept:
            yield f"最近登录{what} {len(kept)} 行，{_NOT_IDLE}：{places_said(kept)}。"
