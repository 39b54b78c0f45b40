"""Upload files for Moodle's "upload users": add, rename, suspend, and new passwords (reference-data 7.1).

UTF-8, comma, RFC 4180. One unknown or repeated title makes Moodle refuse a whole file, so none can be written here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.domain.errors import UserError
from models.exchange.writing import defused

STANDARD: Final = (
    *("id", "username", "email", "emailstop", "city", "country", "lang", "timezone", "mailformat", "maildisplay"),
    *("maildigest", "htmleditor", "autosubscribe", "institution", "department", "idnumber", "phone1", "phone2"),
    *("address", "description", "descriptionformat", "password", "auth", "oldusername", "suspended", "theme"),
    *("deleted", "mnethostid", "interests", "firstnamephonetic", "lastnamephonetic", "middlename", "alternatename"),
    *("firstname", "lastname"),
)
"""Columns every Moodle knows."""
_CUSTOM: Final = re.compile(
    r"profile_field_[a-z0-9_]+|(?:sysrole|cohort|course|group|type|role|enrolperiod|enrolstatus|enroltimestart)[0-9]+"
)
_USERNAME: Final = re.compile(r"[-.@_a-z0-9]{1,100}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]*")
_EMAIL: Final = re.compile(r"[A-Za-z0-9_][^\s@,;<>\"]*@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")

ADD: Final = (
    *("username", "password", "firstname", "lastname", "email", "phone1", "institution", "department", "idnumber"),
    *("suspended", "profile_field_gender", "profile_field_hiretype", "profile_field_instaff", "sysrole1="),
)
"""Columns of the file that adds, unless others are chosen; `title=value` gives every row the same value."""
RENAME: Final = ("oldusername", "username")
SUSPEND: Final = ("username", "suspended")
PASSWORD: Final = ("username", "password")
NEEDED: Final = ("username", "password", "firstname", "lastname", "email")
"""Without these Moodle adds nobody; a file without `password` would leave the slips without a use."""
VALUES: Final = (
    *NEEDED, "phone1", "institution", "department", "idnumber", "suspended",
    "profile_field_gender", "profile_field_hiretype", "profile_field_instaff",
)  # fmt: skip
"""Columns the register has values for."""
_AS_THEY_ARE: Final = frozenset({"username", "oldusername", "password", "email", "idnumber", "suspended"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file that adds: its title, and the value of every row, None for one from the register."""

    title: str
    value: str | None = None


def chosen_columns(texts: Sequence[str] = ADD) -> tuple[Column, ...]:
    """The columns a person chose, each `title` or `title=value`.

    Raises UserError for a title Moodle does not know, a repeated one, one without values, or a needed one left out.
    """
    columns: list[Column] = []
    for text in texts:
        title, equals, value = (part.strip() for part in text.partition("="))
        if title not in STANDARD and not _CUSTOM.fullmatch(title):
            raise UserError(f"平台不认识“{title}”这一列，整个文件都会被拒收。请核对列名（全部小写）。")
        if any(title == other.title for other in columns):
            raise UserError(f"“{title}”这一列写了两次，整个文件都会被拒收。请去掉一个。")
        if not equals and title not in VALUES:
            raise UserError(f"名册里没有“{title}”这一列的内容。请写成 {title}=值，或去掉这一列。")
        if equals and title in NEEDED:
            raise UserError(f"“{title}”每个人不同，不能统一填写。请只写 {title}。")
        columns.append(Column(title, value if equals else None))
    missing = [title for title in NEEDED if all(title != column.title for column in columns)]
    if missing:
        raise UserError(f"新增账户的文件不能缺少这些列：{'、'.join(missing)}。")
    return tuple(columns)


def username_fault(username: str) -> str | None:
    """Why Moodle would refuse a user name, None when it takes it."""
    if _USERNAME.fullmatch(username) and username not in ("guest", "admin"):
        return None
    return f"用户名“{username}”平台不接受：只能用小写字母、数字和 - . @ _，且不能是 guest、admin"


def row_fault(row: Mapping[str, str]) -> str | None:
    """Why Moodle would refuse to add a row (a phrase), None when it takes it."""
    if fault := username_fault(row.get("username", "")):
        return fault
    if not row.get("firstname") or not row.get("lastname"):
        return "姓名不全：平台要求姓和名都有"
    return None if _EMAIL.fullmatch(row.get("email", "")) else "没有邮箱，或邮箱格式不对"


def add_file(rows: Iterable[Mapping[str, str]], columns: Sequence[Column]) -> bytes:
    """The file that adds accounts; rows are {title: value}."""
    titles = [column.title for column in columns]
    return _csv(titles, ([row.get(c.title, "") if c.value is None else c.value for c in columns] for row in rows))


def rename_file(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The file that renames; pairs of old and new user name, in the order in which each new name is free."""
    return _csv(RENAME, pairs)


def suspend_file(rows: Iterable[tuple[str, bool]]) -> bytes:
    """The file that suspends (true) and puts back into use (false), by user name."""
    return _csv(SUSPEND, ((username, "1" if suspended else "0") for username, suspended in rows))


def password_file(rows: Iterable[tuple[str, str]]) -> bytes:
    """The file that gives accounts that are there a new password."""
    return _csv(PASSWORD, rows)


def _csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180 in UTF-8 without a mark in front; no value breaks a line, none is a formula (decision 20)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([_value(title, " ".join(value.split())) for title, value in zip(titles, row, strict=True)])
    return text.getvalue().encode()


def _value(title: str, text: str) -> str:
    return text if title in _AS_THEY_ARE or _PHONE.fullmatch(text) else defused(text)
