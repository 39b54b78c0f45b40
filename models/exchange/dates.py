"""Dates as people write them: 2012.9.1, 20120901, 2012年9月, serial numbers, month first."""

from __future__ import annotations

import re
from datetime import date, timedelta

_FULL = re.compile(r"([12]\d{3})\s*[-./年、\\]\s*(\d{1,2})\s*[-./月、\\]\s*(\d{1,2})\s*[日号]?(?:[ T]\d{1,2}:\d.*)?")
_MONTH = re.compile(r"([12]\d{3})\s*[-./年、\\]\s*(\d{1,2})\s*月?(?:份)?")
_DIGITS = re.compile(r"([12]\d{3})(\d\d)(\d\d)?(?:\.0)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/]([12]\d{3})(?:[ T]\d{1,2}:\d.*)?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_PERIOD = re.compile(r"(.+?)\s*(?:至|到|~|—+|–|/|(?<=\d)-(?=[12]\d{3})|(?<=日)-|-(?=长期))\s*(.+)")

EPOCH_1900 = date(1899, 12, 30)
EPOCH_1904 = date(1904, 1, 1)


def read_date(text: str, epoch: date = EPOCH_1900) -> tuple[str, bool]:
    """`YYYY-MM-DD`, or `YYYY-MM` when the text names no day, and whether month stood before day.

    ("", False) for text that is no date; a bare number of five digits is a serial counted from `epoch`.
    """
    if match := _FULL.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3])), False
    if match := _DIGITS.fullmatch(text):
        year, month = int(match[1]), int(match[2])
        return (_day(year, month, int(match[3])) if match[3] else _month(year, month)), False
    if match := _MONTH.fullmatch(text):
        return _month(int(match[1]), int(match[2])), False
    if match := _MONTH_FIRST.fullmatch(text):
        return _day(int(match[3]), int(match[1]), int(match[2])), True
    if match := _SERIAL.fullmatch(text):
        return _from_serial(int(match[1]), epoch), False
    return "", False


def read_period(text: str) -> str:
    """`YYYY-MM-DD/YYYY-MM-DD` or `YYYY-MM-DD/长期`; "" for text that is no period."""
    match = _PERIOD.fullmatch(text)
    if not match:
        return ""
    start = read_date(match[1].strip())[0]
    end = "长期" if match[2].strip() in ("长期", "永久") else read_date(match[2].strip())[0]
    return f"{start}/{end}" if len(start) == 10 and (end == "长期" or len(end) == 10) else ""


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _month(year: int, month: int) -> str:
    return f"{year}-{month:02}" if 1 <= month <= 12 else ""


def _from_serial(serial: int, epoch: date) -> str:
    """Serials of 1927 to 2064 only: other five digit numbers are no dates of living people."""
    return (epoch + timedelta(days=serial)).isoformat() if 10_000 <= serial <= 60_000 else ""
