"""Rules about single fields: their form and their codes (reference-data 4, 5)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from models.domain.codes import code_table
from models.domain.fields import ACCOUNT_FIELDS, STUDENT_FIELDS, FieldType
from models.domain.places import division, region_name
from models.rules.identity import check_digit, complete, day
from models.rules.rule import BOTH, PUPILS, TEACHERS, Broken, Check, Context, Judge, Values, error, warning

_MOBILE = r"1[3-9]\d{9}"
_LANDLINE = r"(0\d{2,3}-?)?[2-9]\d{6,7}(-\d{1,6})?"
_PHONE = re.compile(rf"({_MOBILE}|{_LANDLINE})([/,;、， ]({_MOBILE}|{_LANDLINE}))*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_NAME_MARKS = frozenset("·'- .,")
_SCHOOL_CLASSES = ["11", "21", "22", "31", "32", "33", "34", "35", "36", "37", "41", "42", "51", "91", "92", "93"]
_STUDENT_NUMBER = re.compile(r"[GJ]\d{17}[\dX]|L\d{18}")
_SHOWN_LABELS = 6
_OPEN_TABLES = ("employment",)
"""Lists no notice gives (A16): another wording is told, and let in."""

_FURTHEST = 100


def is_phone(text: str) -> bool:
    """Whether `text` is one or several mobile or landline numbers."""
    return _PHONE.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Whether `text` is a whole e-mail address, as the platform takes it (A16)."""
    return _EMAIL.fullmatch(text) is not None


def _of_type(*types: FieldType) -> tuple[tuple[str, ...], ...]:
    """One group for every field of these types, pupils' and accounts'."""
    keys = dict.fromkeys(field.key for field in (*STUDENT_FIELDS, *ACCOUNT_FIELDS) if field.type in types)
    return tuple((key,) for key in keys)


def _matches(pattern: re.Pattern[str], code: str, message: str) -> Judge:
    def judge(values: Values, context: Context) -> tuple[Broken, ...]:
        return () if pattern.fullmatch(values[0]) else ((code, message),)

    return judge


def _name(values: Values, context: Context) -> tuple[Broken, ...]:
    name = values[0]
    if _PLAIN_NAME.fullmatch(name):
        return ()
    for char in name:
        if unicodedata.category(char) == "Co":
            message = "{label}里有自造字，换一台电脑就认不出来。请对照户口簿改用规范字，或用拼音代替并说明。"
            return (("NAME_PRIVATE_CHARACTER", message),)
        if not (char.isalpha() or char in _NAME_MARKS or unicodedata.category(char) == "Mn"):
            message = f"{{label}}里有“{char}”，不是姓名用字（生僻字常在导出时丢成问号）。请对照户口簿改正。"
            return (("NAME_CHARACTERS", message),)
    if len(name) == 1:
        return (("NAME_ONE_CHARACTER", "{label}只有一个字，请对照户口簿核对。"),)
    return ()


def _code(key: str) -> Judge:
    code, where = ("CODE_NOT_LISTED", "常用的写法") if key in _OPEN_TABLES else ("CODE_UNKNOWN", "代码表")

    def judge(values: Values, context: Context) -> tuple[Broken, ...]:
        table = code_table(key)
        listed = context.employment if key == "employment" else ()
        if values[0] in (listed or table):
            return ()
        labels = "、".join([table.label(one) or one for one in listed or dict(table.items())][:_SHOWN_LABELS])
        return ((code, f"{{label}}不在{where}里。请核对，或改为其中一项：{labels}。"),)

    return judge


def _sex(values: Values, context: Context) -> tuple[Broken, ...]:
    message = "性别填的是“未知”或“未说明”，学籍和账户只收“男”“女”。请对照证件改正。"
    return (("SEX_NOT_STATED", message),) if values[0] in ("0", "9") else ()


def _is_month(text: str) -> bool:
    return len(text) == 7 and day(text + "-01") is not None


def _birth_day(values: Values, context: Context) -> tuple[Broken, ...]:
    return (("BIRTH_DAY_MISSING", "{label}只有年月，没有日。请补上日。"),) if _is_month(values[0]) else ()


def _birth(values: Values, context: Context) -> tuple[Broken, ...]:
    text = values[0]
    if _is_month(text):
        return ()  # what pupils lack then is BIRTH_DAY_MISSING
    born = day(text) if len(text) == 10 else None
    if born is None:
        return (("DATE_INVALID", "{label}不是日历上有的日期。请按 2012-09-01 的样子填写。"),)
    if born > context.today or born < date(1900, 1, 1):
        return (("BIRTH_IMPOSSIBLE", "{label}晚于今天或早于 1900 年。请对照证件改正。"),)
    return ()


def _month(values: Values, context: Context) -> tuple[Broken, ...]:
    text = values[0]
    if _is_month(text) or (len(text) == 10 and day(text)):
        return ()
    return (("DATE_INVALID", "{label}不是可能的年月。请按 2018-09 的样子填写。"),)


def _period(values: Values, context: Context) -> tuple[Broken, ...]:
    text = values[0]
    first, slash, last = text.partition("/")
    ends = day(last) if len(last) == 10 else None
    if not slash or not day(first) or (ends is None and last != "长期"):
        return (("PERIOD_INVALID", "{label}应为起止两个日期（如 2010-06-01/2020-06-01）。请对照证件改正。"),)
    if ends and ends < context.today:
        return (("DOCUMENT_EXPIRED", f"{{label}}已于 {ends.isoformat()} 到期。请换领新证后更新。"),)
    return ()


def _division(values: Values, context: Context) -> tuple[Broken, ...]:
    text = values[0]
    if not re.fullmatch(r"\d{6}(\d{3}(\d{3})?)?", text):
        return (("DIVISION_NOT_A_CODE", "{label}应填 6 位或 12 位行政区划代码，不填地名。请查代码后改正。"),)
    found = division(text)
    if found is None:
        return (("DIVISION_UNKNOWN", f"{{label}} {text[:6]} 不是已知的行政区划代码。请查代码后改正。"),)
    if found.retired:
        message = f"{{label}} {text[:6]}（{region_name(text)}）已经撤销。请改用现行的代码。"
        return (("DIVISION_RETIRED", message),)
    return ()


def _school_code(values: Values, context: Context) -> tuple[Broken, ...]:
    code = values[0]
    if not re.fullmatch(r"\d{10}", code) or code[:2] not in _SCHOOL_CLASSES or division(code[2:4] + "0000") is None:
        message = "{label}应为 10 位数字：学校类别 2 位、省 2 位、序号 6 位。请对照学校标识码证书改正。"
        return (("SCHOOL_CODE_FORMAT", message),)
    if re.fullmatch(r"\d{10}", context.unit_code) and code != context.unit_code:
        return (("SCHOOL_CODE_OTHER", "{label}不是本校的学校标识码。请确认这一行是本校的学生。"),)
    return ()


def _student_number(values: Values, context: Context) -> tuple[Broken, ...]:
    number, id_number, birth = values
    if not _STUDENT_NUMBER.fullmatch(number):
        message = "{label}应为 19 位：G 加 18 位身份证号、J 加 18 位，或 L 加 18 位数字。请对照学籍系统改正。"
        return (("STUDENT_NUMBER_FORMAT", message),)
    if number[0] != "L" and check_digit(number[1:]) != number[18]:
        return (("STUDENT_NUMBER_CHECK", "{label}有录错的数字，不一定是最后一位。请对照学籍系统重新录入。"),)
    if number[0] == "G" and id_number and number[1:] != id_number:
        message = "{label}（G）与身份证件号不同。身份证号变更过的可以不同，请核对；学籍号本身不改。"
        return (("STUDENT_NUMBER_DIFFERS", message),)
    if number[0] != "G" and birth and not f"{number[7:11]}-{number[11:13]}-{number[13:15]}".startswith(birth):
        return (("STUDENT_NUMBER_DIFFERS", "{label}中的出生日期与出生日期一栏不同。请对照学籍系统核对。"),)
    return ()


def _distance(values: Values, context: Context) -> tuple[Broken, ...]:
    text = values[0]
    if re.fullmatch(r"\d{1,4}(\.\d)?", text) and float(text) <= _FURTHEST:
        return ()
    return (("DISTANCE_UNUSUAL", "{label}应为公里数，一般不超过 100。请核对。"),)


_J = "J" + complete("13099920120307221")
_EMAIL_SENTENCE = "{label}不是完整的邮箱地址。请核对有没有漏字或空格。"
_CODES = {field.code_table for field in (*STUDENT_FIELDS, *ACCOUNT_FIELDS) if field.code_table}


def _fields_of_table(table: str) -> tuple[tuple[str, ...], ...]:
    fields = (*STUDENT_FIELDS, *ACCOUNT_FIELDS)
    return tuple((key,) for key in dict.fromkeys(field.key for field in fields if field.code_table == table))


_CODE_RULES = {
    "sex": (error("CODE_UNKNOWN", "reference-data 4", {"sex": "1"}, {"sex": "甲"}, {"orphan": "也许"}),),
    "employment": (warning("CODE_NOT_LISTED", "A16, no list given", {"employment": "1"}, {"employment": "借调"}),),
}

FIELD_CHECKS: tuple[Check, ...] = (
    Check(
        (
            error(
                "NAME_CHARACTERS", "KD_F02 户籍登记姓名", {"name": "买买提·艾力"}, {"name": "王?明"}, {"name": "王3"}
            ),
            error("NAME_PRIVATE_CHARACTER", "names-and-places: PUA", {"name": "王䶮"}, {"name": "王\ue000"}),
            warning("NAME_ONE_CHARACTER", "KD_F02", {"name": "王明"}, {"name": "王"}),
        ),
        BOTH,
        _of_type(FieldType.NAME),
        _name,
    ),
    *(Check(_CODE_RULES.get(table, ()), BOTH, _fields_of_table(table), _code(table)) for table in sorted(_CODES)),
    Check((warning("SEX_NOT_STATED", "KD_F03", {"sex": "2"}, {"sex": "9"}),), BOTH, (("sex",),), _sex),
    Check(
        (
            error("DATE_INVALID", "GB/T 7408", {"birth_date": "2012-02"}, {"birth_date": "2013-02-29"}),
            error("BIRTH_IMPOSSIBLE", "KD_F04", {"birth_date": "2012-03-07"}, {"birth_date": "2099-01-01"}),
        ),
        BOTH,
        (("birth_date",),),
        _birth,
    ),
    Check(
        (warning("BIRTH_DAY_MISSING", "KD_F04 YYYYMMDD", {"birth_date": "2012-03-07"}, {"birth_date": "2012-03"}),),
        PUPILS,
        (("birth_date",),),
        _birth_day,
    ),
    Check((), PUPILS, (("entry_date",),), _month),
    Check(
        (
            error("PERIOD_INVALID", "KD_F36", {"id_valid": "2020-06-01/长期"}, {"id_valid": "2010-06-01"}),
            warning(
                "DOCUMENT_EXPIRED",
                "KD_F36",
                {"id_valid": "2020-06-01/2040-06-01"},
                {"id_valid": "2010-06-01/2020-06-01"},
            ),
        ),
        PUPILS,
        (("id_valid",),),
        _period,
    ),
    Check(
        (warning("PHONE_FORMAT", "KD_F23 mobile or landline", {"phone": "0317-5042876"}, {"phone": "1380000"}),),
        BOTH,
        tuple(fields for fields in _of_type(FieldType.PHONE) if fields != ("office_phone",)),
        _matches(_PHONE, "PHONE_FORMAT", "{label}不像手机号（11 位）或带区号的座机号。请核对。"),
    ),
    Check(
        (error("EMAIL_FORMAT", "A16; the platform refuses it", {"email": "a.b@example.com"}, {"email": "a@b"}),),
        TEACHERS,
        (("email",),),
        _matches(_EMAIL, "EMAIL_FORMAT", _EMAIL_SENTENCE),
    ),
    Check(
        (warning("EMAIL_UNUSUAL", "KD_F42", {"email": "a.b@example.com"}, {"email": "example.com"}),),
        PUPILS,
        (("email",),),
        _matches(_EMAIL, "EMAIL_UNUSUAL", _EMAIL_SENTENCE),
    ),
    Check(
        (warning("POSTCODE_FORMAT", "KD_F24 6 digits", {"postcode": "061000"}, {"postcode": "6100"}),),
        PUPILS,
        _of_type(FieldType.POSTCODE),
        _matches(re.compile(r"\d{6}"), "POSTCODE_FORMAT", "{label}应为 6 位数字。请改正。"),
    ),
    Check(
        (
            warning(
                "DIVISION_NOT_A_CODE", "KD_F05, KD_F15", {"birth_place": "130984000000"}, {"birth_place": "河间市"}
            ),
            warning("DIVISION_UNKNOWN", "GB/T 2260", {"birth_place": "130984"}, {"birth_place": "130999"}),
            warning("DIVISION_RETIRED", "GB/T 2260", {"birth_place": "130984"}, {"birth_place": "132930"}),
        ),
        PUPILS,
        _of_type(FieldType.DIVISION),
        _division,
    ),
    Check(
        (
            error("SCHOOL_CODE_FORMAT", "KD_F01", {"school_code": "2113000001"}, {"school_code": "9913000001"}),
            warning("SCHOOL_CODE_OTHER", "KD_F01", {"school_code": "2113000001"}, {"school_code": "2113000002"}),
        ),
        PUPILS,
        (("school_code",),),
        _school_code,
    ),
    Check(
        (
            error("STUDENT_NUMBER_FORMAT", "E12", {"student_number": _J}, {"student_number": "X123"}),
            error(
                "STUDENT_NUMBER_CHECK",
                "E12",
                {"student_number": "L130999201203071234"},
                {"student_number": _J[:-1] + ("0" if _J[-1] != "0" else "1")},
            ),
            warning(
                "STUDENT_NUMBER_DIFFERS",
                "G may differ after a change of the ID number",
                {"student_number": _J, "birth_date": "2012-03-07"},
                {"student_number": "G" + _J[1:], "id_number": complete("13099920120307223")},
                {"student_number": _J, "birth_date": "2012-03-08"},
            ),
        ),
        PUPILS,
        (("student_number", "id_number", "birth_date"),),
        _student_number,
    ),
    Check(
        (
            warning(
                "DISTANCE_UNUSUAL",
                "KD_F32 km",
                {"commute_distance": "2"},
                {"commute_distance": "很远"},
                {"commute_distance": "800"},
            ),
        ),
        PUPILS,
        (("commute_distance",),),
        _distance,
    ),
)
