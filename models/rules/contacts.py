"""Whether somebody can be reached by what stands in a list: office phone with area code, mobile, e-mail (A16)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_OFFICE: Final = re.compile(r"0\d{2,3}-?[2-9]\d{6,7}(-\d{1,6})?", re.ASCII)
_LOCAL: Final = re.compile(r"[2-9]\d{6,7}(-\d{1,6})?", re.ASCII)
_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", re.ASCII)


def office_phone_fault(text: str) -> str | None:
    """What is wrong with an office phone; None for 0317-5042876 and 0317-5042876-801."""
    if _OFFICE.fullmatch(text):
        return None
    if _LOCAL.fullmatch(text):
        return "办公电话缺区号，请写成 0317-5042876，有分机的写成 0317-5042876-801"
    if _MOBILE.fullmatch(text):
        return "办公电话填的是手机号，请填写带区号的座机号"
    return "办公电话不像座机号，请写成 0317-5042876，有分机的写成 0317-5042876-801"


def mobile_fault(text: str) -> str | None:
    """What is wrong with a mobile number; None for eleven digits that begin with 13 to 19."""
    return None if _MOBILE.fullmatch(text) else "手机号应为 1 开头的 11 位数字，请核对"


def email_fault(text: str) -> str | None:
    """What is wrong with an e-mail address; None for one of the usual form."""
    return None if _EMAIL.fullmatch(text) else "邮箱不是完整的邮箱地址，请核对有没有漏字或空格"


CONTACTS: Final[tuple[tuple[str, Callable[[str], str | None]], ...]] = (
    ("office_phone", office_phone_fault),
    ("phone", mobile_fault),
    ("email", email_fault),
)
"""Field of an account -> what judges it when it is filled."""


def contact_faults(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(field, sentence) for the contacts that are filled in and wrong."""
    for key, judge in CONTACTS:
        fault = judge(values[key]) if values.get(key) else None
        if fault:
            yield key, fault
