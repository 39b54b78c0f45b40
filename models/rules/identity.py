"""Numbers of identity documents: what they are, whether they can be right, and what they say of their bearer.

GB 11643 for resident cards, residence permits of Hong Kong, Macao and Taiwan residents (810000 / 820000 / 830000) and
the foreigners' card of 2023 (9 + 17 digits, the same check). A number is never repaired: the check digit proves that
some digit is wrong, not which.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from operator import mul
from typing import NamedTuple

RESIDENT, PERMIT, FOREIGNER, TRAVEL_PERMIT, TAIWAN, PASSPORT = "1", "C", "9", "D", "8", "A"
HONG_KONG, MACAO, BOOKLET, NO_DOCUMENT = "6", "7", "B", "Z"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS = ord("0") * sum(_WEIGHTS)
_CHECK_DIGITS = "10X98765432"
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}")
_PERMIT_REGIONS = ("810000", "820000", "830000")
_FORMS = {
    TRAVEL_PERMIT: re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
    TAIWAN: re.compile(r"[0-9]{8}([0-9]{2})?|[A-Z][0-9]{8,9}"),
    PASSPORT: re.compile(r"(?=.*[0-9])[A-Z0-9]{5,17}"),
    HONG_KONG: re.compile(r"[A-Z0-9()/]{5,18}"),
    MACAO: re.compile(r"[A-Z0-9()/]{5,18}"),
}
_OLD_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")
_OLDEST = 1900


class Identity(NamedTuple):
    """What a number says. `fault` is the code of the rule it breaks, "" when none; the rest is "" when it says nothing.

    `birth`: YYYY-MM-DD; `sex`: 1 or 2; `region`: six digits of a resident card; `kind`: document code of the number.
    """

    kind: str
    fault: str = ""
    birth: str = ""
    sex: str = ""
    region: str = ""


def check_digit(number: str) -> str:
    """The 18th character that belongs to the first 17 digits of `number` (GB 11643)."""
    return _CHECK_DIGITS[(sum(map(mul, _WEIGHTS, number.encode())) - _ZEROS) % 11]


def complete(first17: str) -> str:
    """`first17` with its check digit."""
    return first17 + check_digit(first17)


@lru_cache(maxsize=65536)
def day(digits: str) -> date | None:
    """The day of YYYYMMDD or YYYY-MM-DD, None when the calendar has no such day."""
    try:
        return date.fromisoformat(digits)
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def _birth(digits: str, today: date) -> str:
    """YYYY-MM-DD of a possible day of birth, "" of an impossible one."""
    born = day(digits)
    return born.isoformat() if born and born.year >= _OLDEST and born <= today else ""


def _kind_of_eighteen(number: str) -> str:
    if number[0] == "9":
        return FOREIGNER
    return PERMIT if number[0] == "8" and number.startswith(_PERMIT_REGIONS) else RESIDENT


def _eighteen(number: str, today: date) -> Identity:
    kind = _kind_of_eighteen(number)
    birth = _birth(number[6:14], today)
    right = check_digit(number) == number[17]
    if right and birth:
        sex = "1" if number[16] in "13579" else "2"
        return Identity(kind, "", birth, sex, number[:6] if kind == RESIDENT else "")
    if not right and number.endswith("000"):
        return Identity(kind, "ID_STORED_AS_NUMBER")
    return Identity(kind, "ID_CHECKSUM" if birth else "ID_IMPOSSIBLE_DATE")


def _resident(number: str, today: date) -> Identity:
    if _EIGHTEEN.fullmatch(number):
        return _eighteen(number, today)
    if _SCIENTIFIC.fullmatch(number):
        return Identity(RESIDENT, "ID_STORED_AS_NUMBER")
    if len(number) == 15 and number.isdigit():
        return Identity(RESIDENT, "ID_15_DIGITS")
    return Identity(RESIDENT, "ID_FORMAT" if len(number) == 18 else "ID_LENGTH")


def _untyped(number: str, today: date) -> Identity:
    """A number whose kind of document nobody said."""
    if _FORMS[TRAVEL_PERMIT].fullmatch(number):
        return Identity(TRAVEL_PERMIT)
    if _OLD_FOREIGNER.fullmatch(number):
        return Identity(FOREIGNER)
    if re.fullmatch(r"[A-Z]{1,2}[0-9]{7,9}", number):
        return Identity(PASSPORT)
    return _resident(number, today)


def examine(number: str, id_type: str, today: date) -> Identity:
    """What the normalised `number` of a document of kind `id_type` ("" = not said) says on the day `today`."""
    if id_type == RESIDENT:
        return _resident(number, today)
    if not id_type:
        return _untyped(number, today)
    if id_type == FOREIGNER and _OLD_FOREIGNER.fullmatch(number):
        return Identity(FOREIGNER)
    if _EIGHTEEN.fullmatch(number) and id_type not in (PASSPORT, NO_DOCUMENT):
        return _eighteen(number, today)
    if id_type in (PERMIT, FOREIGNER):
        return Identity(id_type, "ID_FORMAT")
    form = _FORMS.get(id_type)
    return Identity(id_type, "ID_FORMAT" if form and not form.fullmatch(number) else "")
