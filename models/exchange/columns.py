"""Whole columns normalised at once, each distinct value once.

A column of clean text is recognised in one sweep over its joined cells; only what is left goes through a dictionary
that remembers the verdict per distinct value. This keeps reading near the cost of the bare reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from models.domain.fields import Field, FieldType
from models.domain.findings import Finding, Level
from models.domain.text import traditional_characters
from models.exchange.normalise import lost_digits, normalise

_BAR = "|"
_WIDE = re.compile(r"[\uff10-\uff5a]")
_CLEAN: dict[FieldType, re.Pattern[str]] = {
    FieldType.NAME: re.compile(r"[\u4e00-\u9fff|]*"),
    FieldType.ID_NUMBER: re.compile(r"(?:(?:[0-9]{17}[0-9X])?\|)*"),
    FieldType.DATE: re.compile(r"(?:(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?\|)*"),
    FieldType.PHONE: re.compile(r"(?:(?:[1-9][0-9]{10})?\|)*"),
    FieldType.DIVISION: re.compile(r"[0-9|]*"),
    FieldType.SCHOOL_CODE: re.compile(r"[0-9|]*"),
    FieldType.STUDENT_NUMBER: re.compile(r"[0-9GJLX|]*"),
    FieldType.EMAIL: re.compile(r"[0-9a-z_.@|-]*"),
    FieldType.USERNAME: re.compile(r"[0-9a-z_|-]*"),
}


def cell_text(cell: object) -> str:
    """A cell as text: whole numbers without a point, dates as YYYY-MM-DD, truth values as 是 and 否."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(Decimal(repr(cell)))) if cell.is_integer() and abs(cell) < 1e22 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time | timedelta):
        return str(cell)
    return str(cell)


class _Texts(dict[Any, str]):
    """Cell -> its text."""

    def __missing__(self, cell: Any) -> str:
        text = self[cell] = cell_text(cell)
        return text


class _Verdicts(dict[Any, str]):
    """Cell -> normalised text; `noted` keeps what was found about a cell."""

    def __init__(self, field: Field, epoch: date) -> None:
        super().__init__()
        self._field, self._epoch = field, epoch
        self.noted: dict[Any, tuple[Finding, ...]] = {}

    def __missing__(self, cell: Any) -> str:
        if isinstance(cell, float) and abs(cell) >= 1e15:
            text = ""
            findings: tuple[Finding, ...] = (lost_digits(self._field, cell_text(cell)),)
        else:
            text, findings = normalise(self._field, cell_text(cell), self._epoch)
            findings += _unsure_month(self._field, cell)
        if findings:
            self.noted[cell] = findings
        self[cell] = text
        return text


def _unsure_month(field: Field, cell: object) -> tuple[Finding, ...]:
    """2012.1 kept as a number may have been 2012.10: Excel drops the zero."""
    if not isinstance(cell, float) or field.type not in (FieldType.DATE, FieldType.MONTH):
        return ()
    if not re.fullmatch(r"[12]\d{3}\.1", repr(cell)):
        return ()
    message = f"{field.label}在表格里是数字 {cell!r}，可能是 1 月，也可能是 10 月（末尾的 0 被去掉了），请核对。"
    return (Finding("DATE_MONTH_UNSURE", Level.WARNING, field.key, message, repr(cell)),)


def raw_texts(cells: Sequence[Any]) -> list[str]:
    """The cells of a column as text."""
    try:
        _BAR.join(cells)
    except TypeError:
        return list(map(_Texts().__getitem__, cells))
    return list(cells)


def normalise_column(
    field: Field, cells: Sequence[Any], epoch: date
) -> tuple[list[str], list[str], list[tuple[int, Finding]]]:
    """Normalised texts, raw texts, and (row index, finding) of a column of cells."""
    try:
        joined = _BAR.join(cells) + _BAR
    except TypeError:
        raw = list(map(_Texts().__getitem__, cells))
    else:
        raw = list(cells)
        if _is_clean(field.type, joined):
            return raw, list(raw), []
    verdicts = _Verdicts(field, epoch)
    values = list(map(verdicts.__getitem__, cells))
    noted = verdicts.noted
    found = [(row, one) for row, cell in enumerate(cells) if cell in noted for one in noted[cell]] if noted else []
    return values, raw, found


def _is_clean(type_: FieldType, joined: str) -> bool:
    """Whether no cell of the joined column would be changed or remarked on."""
    if type_ is FieldType.TEXT:
        marks = "  " in joined or "| " in joined or " |" in joined or joined[:1] == " " or "'" in joined
        return joined.isprintable() and not marks and not _WIDE.search(joined)
    pattern = _CLEAN.get(type_)
    if pattern is None or not pattern.fullmatch(joined):
        return False
    return type_ is not FieldType.NAME or traditional_characters().isdisjoint(joined)
