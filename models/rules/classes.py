"""A class that only one row has and that is written almost like another one: usually a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Mapping

from models.domain.findings import Finding, Level

_NUMERAL = re.compile(r"[0-9]+|[一二三四五六七八九十]+")
_DIGITS = {sign: str(number) for number, sign in enumerate("一二三四五六七八九", 1)}


def unlike_classes(numbers: Mapping[str, int]) -> dict[str, str]:
    """For each class that occurs once the class it probably means. `numbers`: pupils in each class.

    五年级一班儿 and 五(1)班 mean 五年级一班: the same numerals in the same order, in a class of several pupils.
    """
    usual: dict[tuple[str, ...], str] = {}
    for name, number in numbers.items():
        key = _numerals(name)
        if number > 1 and key and number > numbers.get(usual.get(key, ""), 1):
            usual[key] = name
    alone = (name for name, number in numbers.items() if number == 1)
    return {name: usual[key] for name in alone if (key := _numerals(name)) in usual}


def class_finding(name: str, other: str) -> Finding:
    """The warning for a class of one pupil that looks like `other`."""
    message = f"班级“{name}”只有这一人，与“{other}”只差写法，请核对是不是同一个班。"
    return Finding("CLASS_UNLIKE", Level.WARNING, "class_name", message, name)


def class_order(name: str) -> tuple[tuple[int, ...], str]:
    """By what classes are sorted: their numerals, then their text; 五年级十班 comes after 五年级二班."""
    return tuple(int(text) for text in _numerals(name) if text.isdecimal()), name


def _numerals(name: str) -> tuple[str, ...]:
    """The numbers in a class name, in digits: ("5", "1")."""
    return tuple(_digits(text) for text in _NUMERAL.findall(name))


def _digits(text: str) -> str:
    if text.isascii():
        return str(int(text))
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return "".join(_DIGITS[sign] for sign in text)
    return (_DIGITS.get(tens, "1") if len(tens) < 2 else tens) + (_DIGITS.get(ones, "0") if len(ones) < 2 else ones)
