"""The stage (primary, junior, senior) of a pupil, as far as grade, class and school code say it (E29, E30)."""

from __future__ import annotations

import re

_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMERALS |= {"十一": 11, "十二": 12}
_SPOKEN = re.compile(r"^(小学|小|初中|初|高中|高|中职|职高|职)部?(?=[一二三四五六\d年])")
_GRADE = re.compile(r"(十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])年级")
_BEFORE_CLASS = re.compile(r"^(十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])[（(.\-、]")
_OF_WORD = {"小": "primary", "初": "junior", "高": "senior", "中": "senior", "职": "senior"}
_OF_SCHOOL = {"21": "primary", "31": "junior", "34": "senior", "36": "senior"}


def stage_of(unit_code: str, grade: str, class_name: str) -> str:
    """The stage of a class, "" when nothing says it.

    First what grade or class say in words (三年级, 初二, 高一3班), which also tells the stages of a school of nine or
    twelve years apart; then a numeral before the class from seven on (七(1)班); then the kind of school in its code
    (JY/T 1001: 21 primary, 31 junior, 34 and 36 senior); then a smaller numeral. The sixth year is taken for primary.
    """
    for text in (grade, class_name):
        if found := _spoken(text.strip()):
            return found
    before = _BEFORE_CLASS.match(class_name.strip())
    by_numeral = _of_year(before[1]) if before else ""
    of_school = _OF_SCHOOL.get(unit_code[:2], "") if len(unit_code) == 10 else ""
    return by_numeral if by_numeral in ("junior", "senior") else of_school or by_numeral


def _spoken(text: str) -> str:
    word = _SPOKEN.match(text)
    if word:
        return _OF_WORD[word[1][0]]
    year = _GRADE.search(text)
    return _of_year(year[1]) if year else ""


def _of_year(numeral: str) -> str:
    year = int(numeral) if numeral.isascii() else _NUMERALS[numeral]
    return "primary" if year <= 6 else "junior" if year <= 9 else "senior"
