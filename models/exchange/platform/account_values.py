"""What stands in the cells of a platform's list of accounts: when somebody was seen, whether an account is in use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from models.domain.text import without_blanks
from models.exchange.columns import cell_text
from models.exchange.dates import EPOCH_1900, EPOCH_1904, read_date

NEVER: Final = "never"
"""Of somebody who has never been on the platform."""

_NEVER_WORDS: Final = frozenset(
    {"从未", "从不", "从未登录", "从未访问", "未登录", "未访问", "无", "never", "0", "-", "--", "—"}
)
_UNIX: Final = re.compile(r"[0-9]{9,10}|[0-9]{13}")
_CHINESE: Final = re.compile(r"([12][0-9]{3})年([0-9]{1,2})月([0-9]{1,2})日.*")
_ENGLISH: Final = re.compile(r"(?:[A-Za-z]+, *)?([0-9]{1,2}) ([A-Za-z]{3,9}),? ([12][0-9]{3})(?:,? .*)?")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AGO: Final = re.compile(
    r"(?:([0-9]{1,4})(?:年|years?))?(?:([0-9]{1,4})(?:天|日|days?))?(?:[0-9]+(?:小时|时|hours?|hrs?))?"
    r"(?:[0-9]+(?:分钟|分|mins?|minutes?))?(?:[0-9]+(?:秒|secs?|seconds?))?(?:前|ago)?"
)
_SUSPENDED: Final = frozenset(
    {"停用", "已停用", "禁用", "已禁用", "冻结", "已冻结", "暂停", "已暂停", "锁定", "已锁定", "注销", "已注销"}
    | {"关闭", "已关闭", "无效", "失效", "删除", "已删除", "停止"}
    | {"suspended", "disabled", "inactive", "locked", "closed", "deleted", "tobedeleted"}
)
_IN_USE: Final = frozenset(
    {
        "正常",
        "启用",
        "已启用",
        "使用中",
        "在用",
        "有效",
        "激活",
        "已激活",
        "可用",
        "开通",
        "已开通",
        "恢复",
        "未停用",
        "未禁用",
    }
    | {"active", "enabled", "normal", "ok"}
)
_YES: Final = frozenset({"1", "是", "y", "yes", "true", "真", "√", "✓"})
_NO: Final = frozenset({"0", "否", "n", "no", "false", "假", "×", "✗"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A cell that says when; bare serial numbers count from 1904 in some workbooks; `as_of`: the day of the list."""

    cell: object
    epoch1904: bool = False
    as_of: date | None = None


def read_seen(seen: Seen) -> str:
    """The day (YYYY-MM-DD), "never", or "" for what is no time: dates as people, Excel and Moodle write them, unix
    times in seconds or milliseconds, and how long ago when the day of the list is known."""
    text = " ".join(cell_text(seen.cell).split())
    if without_blanks(text).lower() in _NEVER_WORDS:
        return NEVER
    if _UNIX.fullmatch(text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC).astimezone().date().isoformat()
    day = read_date(text, EPOCH_1904 if seen.epoch1904 else EPOCH_1900)[0] or _written_out(text)
    return day if len(day) == 10 else _ago(text, seen.as_of)


def _written_out(text: str) -> str:
    """The day of 2024年5月3日 星期五 10:22 and of Friday, 3 May 2024, 10:22 AM."""
    if match := _CHINESE.fullmatch(without_blanks(text)):
        return read_date("-".join(match.groups()))[0]
    if (match := _ENGLISH.fullmatch(text)) and match[2][:3].lower() in _MONTHS:
        return read_date(f"{match[3]}-{_MONTHS.index(match[2][:3].lower()) + 1}-{match[1]}")[0]
    return ""


def _ago(text: str, as_of: date | None) -> str:
    """The day of 42 天 3 小时 (how Moodle's list of users says it), counted back from the day of the list."""
    bare = without_blanks(text).lower()
    match = _AGO.fullmatch(bare)
    if as_of is None or not bare or match is None:
        return ""
    days = 365 * int(match[1] or 0) + int(match[2] or 0)
    return (as_of - timedelta(days=days)).isoformat() if days < as_of.toordinal() else ""


def read_suspended(text: str) -> bool | None:
    """Whether an account is suspended, from a column that asks just that; None for what cannot be read."""
    word = without_blanks(text).lower()
    return _one_of(word, _YES | _SUSPENDED, _NO | _IN_USE)


def read_enabled(text: str) -> bool | None:
    """Whether an account is suspended, from a column that asks whether it is in use."""
    word = without_blanks(text).lower()
    return _one_of(word, _NO | _SUSPENDED, _YES | _IN_USE)


def read_state(text: str) -> bool | None:
    """Whether an account is suspended, from a column of states; bare numbers mean something else everywhere."""
    return _one_of(without_blanks(text).lower(), _SUSPENDED, _IN_USE)


def _one_of(word: str, suspended: frozenset[str], in_use: frozenset[str]) -> bool | None:
    return True if word in suspended else (False if word in in_use else None)
