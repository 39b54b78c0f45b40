"""Rules about fields that must agree with each other (reference-data 4)."""

from __future__ import annotations

from datetime import date

from models.domain.units import Line
from models.rules.identity import NO_DOCUMENT, complete, day
from models.rules.rule import BOTH, PUPILS, TEACHERS, Broken, Check, Context, Values, error, warning

_BOY = complete("13099920120307221")
_PUPIL_AGES = {Line.BASIC: (3, 25), Line.OPEN: (14, 90)}
_TEACHER_AGES = (16, 100)
_YOUNGEST_AT_SCHOOL = 5
_LEAGUE_AGE, _PARTY_AGE = 13, 18
_CHINA = "CHN"
_FOREIGNER = "51"


def _years(born: date, then: date) -> int:
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def _age_message(birth: str, ages: tuple[int, int], context: Context, who: str) -> tuple[Broken, ...]:
    born = day(birth) if len(birth) == 10 else None
    if born is None or born > context.today:
        return ()
    age = _years(born, context.today)
    if ages[0] <= age <= ages[1]:
        return ()
    return (("AGE_UNUSUAL", f"按出生日期，{who}今年 {age} 岁，不合常理。请对照证件核对出生日期。"),)


def _pupil_age(values: Values, context: Context) -> tuple[Broken, ...]:
    return _age_message(values[0], _PUPIL_AGES[context.line], context, "学生")


def _teacher_age(values: Values, context: Context) -> tuple[Broken, ...]:
    return _age_message(values[0], _TEACHER_AGES, context, "教师")


def _entry(values: Values, context: Context) -> tuple[Broken, ...]:
    entry, birth = values
    entered = day(entry[:7] + "-01") if len(entry) in (7, 10) else None
    if entered is None:
        return ()
    if _years(entered, context.today) < -1:
        return (("ENTRY_FAR_AHEAD", "{label}在一年以后，请核对。"),)
    born = day((birth + "-01")[:10]) if len(birth) in (7, 10) else None
    if born is None:
        return ()
    if entered < born:
        return (("ENTRY_BEFORE_BIRTH", "{label}早于出生日期。请改正录错的一项。"),)
    if context.line is Line.BASIC and _years(born, entered) < _YOUNGEST_AT_SCHOOL:
        message = f"按出生日期，入学时不满 {_YOUNGEST_AT_SCHOOL} 岁。请核对入学年月和出生日期。"
        return (("ENTRY_TOO_YOUNG", message),)
    return ()


def _disability(values: Values, context: Context) -> tuple[Broken, ...]:
    """Column 46 agrees with column 44: 4-7 and 9 of the one are "other" in the other."""
    inclusive, disability = values
    if inclusive == "0" or not disability:
        return ()
    expected = disability if disability in ("1", "2", "3") else "9"
    if disability == "0":
        return (("INCLUSIVE_DISAGREES", "填了随班就读，残疾类型却是“无残疾”。请改正其中一项。"),)
    if inclusive != expected:
        return (("INCLUSIVE_DISAGREES", "随班就读的类别与残疾类型不一致。请改正其中一项。"),)
    return ()


def _bus(values: Values, context: Context) -> tuple[Broken, ...]:
    needs_bus, mode = values
    if needs_bus == "0" and mode == "5":
        return (("BUS_DISAGREES", "上下学方式是校车，却填了不需要乘坐校车。请改正其中一项。"),)
    return ()


def _nationality(values: Values, context: Context) -> tuple[Broken, ...]:
    abroad, nationality, id_type = values
    if abroad == _FOREIGNER and nationality == _CHINA:
        return (("ABROAD_DISAGREES", "港澳台侨外填了外国人，国籍却是中国。请改正其中一项。"),)
    if abroad == "00" and id_type in ("6", "7", "8", "C", "D"):
        return (("ABROAD_DISAGREES", "证件是港澳台居民的证件，港澳台侨外却填了“否”。请核对。"),)
    return ()


def _political(values: Values, context: Context) -> tuple[Broken, ...]:
    status, birth = values
    born = day(birth) if len(birth) == 10 else None
    youngest = {"01": _PARTY_AGE, "02": _PARTY_AGE, "03": _LEAGUE_AGE}.get(status)
    if born and youngest and _years(born, context.today) < youngest:
        return (("POLITICAL_AGE", f"按出生日期不满 {youngest} 岁，与政治面貌不符。请核对。"),)
    return ()


def _former_name(values: Values, context: Context) -> tuple[Broken, ...]:
    if values[0] == values[1]:
        return (("FORMER_NAME_SAME", "曾用名与姓名相同。没有曾用名的请留空。"),)
    return ()


def _no_document(values: Values, context: Context) -> tuple[Broken, ...]:
    id_type, number = values
    if id_type == NO_DOCUMENT and len(number) == 18:
        return (("NO_DOCUMENT_WITH_NUMBER", "证件类型是“其他”，却填了 18 位号码。请核对证件类型。"),)
    return ()


AGREEMENT_CHECKS = (
    Check(
        (warning("AGE_UNUSUAL", "plausible for the role", {"birth_date": "2012-03-07"}, {"birth_date": "1931-01-01"}),),
        PUPILS,
        (("birth_date",),),
        _pupil_age,
    ),
    Check((), TEACHERS, (("birth_date",),), _teacher_age),
    Check(
        (
            error(
                "ENTRY_BEFORE_BIRTH",
                "KD_F17",
                {"entry_date": "2018-09", "birth_date": "2012-03-07"},
                {"entry_date": "2008-09", "birth_date": "2012-03-07"},
            ),
            warning(
                "ENTRY_TOO_YOUNG",
                "KD_F17; E30",
                {"entry_date": "2018-09", "birth_date": "2012-03"},
                {"entry_date": "2014-09", "birth_date": "2012-03-07"},
            ),
            warning("ENTRY_FAR_AHEAD", "KD_F17", {"entry_date": "2018-09"}, {"entry_date": "2098-09"}),
        ),
        PUPILS,
        (("entry_date", "birth_date"),),
        _entry,
    ),
    Check(
        (
            error(
                "INCLUSIVE_DISAGREES",
                "KD_F46 agrees with KD_F44",
                {"inclusive_class": "9", "disability": "5"},
                {"inclusive_class": "1", "disability": "0"},
                {"inclusive_class": "1", "disability": "2"},
            ),
        ),
        PUPILS,
        (("inclusive_class", "disability"),),
        _disability,
    ),
    Check(
        (
            warning(
                "BUS_DISAGREES",
                "KD_F34",
                {"needs_bus": "1", "commute_mode": "5"},
                {"needs_bus": "0", "commute_mode": "5"},
            ),
        ),
        PUPILS,
        (("needs_bus", "commute_mode"),),
        _bus,
    ),
    Check(
        (
            warning(
                "ABROAD_DISAGREES",
                "KD_F10",
                {"hk_macao_tw": "51", "nationality": "USA"},
                {"hk_macao_tw": "51", "nationality": "CHN"},
                {"hk_macao_tw": "00", "id_type": "8"},
            ),
        ),
        PUPILS,
        (("hk_macao_tw", "nationality", "id_type"),),
        _nationality,
    ),
    Check(
        (
            warning(
                "POLITICAL_AGE",
                "KD_F12",
                {"political_status": "13", "birth_date": "2016-01-01"},
                {"political_status": "03", "birth_date": "2016-01-01"},
            ),
        ),
        PUPILS,
        (("political_status", "birth_date"),),
        _political,
    ),
    Check(
        (
            warning(
                "FORMER_NAME_SAME",
                "KD_F35",
                {"former_name": "王小明", "name": "王明"},
                {"former_name": "王明", "name": "王明"},
            ),
        ),
        PUPILS,
        (("former_name", "name"),),
        _former_name,
    ),
    Check(
        (
            warning(
                "NO_DOCUMENT_WITH_NUMBER",
                "KD_F09",
                {"id_type": "1", "id_number": _BOY},
                {"id_type": "Z", "id_number": _BOY},
            ),
        ),
        BOTH,
        (("id_type", "id_number"),),
        _no_document,
    ),
)
