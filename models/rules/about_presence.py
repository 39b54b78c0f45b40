"""Rules about what must be filled in (reference-data 4, marks of the national template; A16)."""

from __future__ import annotations

from collections.abc import Collection

from models.domain.codes import code_table
from models.domain.fields import ACCOUNT_FIELDS, FIELDS_OF, STUDENT_FIELDS, Need
from models.domain.findings import Finding, Level
from models.rules.identity import BOOKLET, NO_DOCUMENT, complete, examine
from models.rules.rule import PUPILS, TEACHERS, Broken, Check, Context, Judge, Values, error, warning

_IDENTITY = frozenset({"name", "sex", "birth_date", "id_type"})
_BOY = complete("13099920120307221")


def _name(values: Values, context: Context) -> tuple[Broken, ...]:
    return (("NAME_MISSING", "没有填写姓名。请对照户口簿填写。"),)


def _said(values: Values, context: Context) -> tuple[str, str]:
    """(birth date, sex) by a right identity number; "" when it says nothing. `values`: .., id_number, id_type."""
    said = examine(values[1], values[2], context.today)
    return said.birth, said.sex


def _sex(values: Values, context: Context) -> tuple[Broken, ...]:
    if sex := _said(values, context)[1]:
        word = code_table("sex").label(sex)
        return (("SEX_FROM_ID", f"没有填写性别，按身份证件号应为“{word}”。请核对后补上。"),)
    return (("SEX_MISSING", "没有填写性别。请对照户口簿填写。"),)


def _of_staff(judge: Judge) -> Judge:
    """The same of a grown-up, whose papers are not the household booklet."""

    def judged(values: Values, context: Context) -> tuple[Broken, ...]:
        return tuple((code, text.replace("对照户口簿", "对照身份证")) for code, text in judge(values, context))

    return judged


def _birth(values: Values, context: Context) -> tuple[Broken, ...]:
    if birth := _said(values, context)[0]:
        return (("BIRTH_FROM_ID", f"没有填写出生日期，按身份证件号应为 {birth}。请核对后补上。"),)
    return (("BIRTH_MISSING", "没有填写出生日期。请对照户口簿填写。"),)


def _id_type(values: Values, context: Context) -> tuple[Broken, ...]:
    if _said((*values, ""), context)[0]:
        return (("ID_TYPE_FROM_ID", "没有填写证件类型，按号码看是居民身份证一类的证件。请核对后补上。"),)
    return (("ID_TYPE_MISSING", "没有填写证件类型。请填写；没有证件的填“其他”。"),)


def _id_number(values: Values, context: Context) -> tuple[Broken, ...]:
    """A missing number is wrong where a document is named; where none is named it may be that there is none."""
    id_type = values[1]
    if id_type == NO_DOCUMENT:
        return ()
    if id_type:
        message = "没有填写身份证件号。请对照证件填写；没有证件的，证件类型改填“其他”，由学校留存就读证明。"
        return (("ID_MISSING", message),)
    return (("ID_ABSENT", "没有填写身份证件号。请对照户口簿填写；确实没有的，证件类型填“其他”。"),)


def _guardian_id(values: Values, context: Context) -> tuple[Broken, ...]:
    _, second, id_type, number = values
    if second or number or id_type not in (NO_DOCUMENT, BOOKLET):
        return ()
    return (("GUARDIAN_ID_NEEDED", "学生没有证件号，监护人的身份证件号必须填写。请补上一位监护人的证件号。"),)


def _other(values: Values, context: Context) -> tuple[Broken, ...]:
    return (("REQUIRED_EMPTY", "{label}没有填写，请在上报前补上；没有补上的，核办时可能退回。"),)


def _required(kind_fields: tuple[tuple[str, Need], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((key,) for key, need in kind_fields if need is Need.REQUIRED and key not in _IDENTITY)


PRESENCE_CHECKS = (
    Check(
        (error("NAME_MISSING", "KD_F02; A16", {"name": "王明"}, {"name": ""}),),
        PUPILS,
        (("name",),),
        _name,
        asks_for_values=True,
    ),
    Check((), TEACHERS, (("name",),), _of_staff(_name), asks_for_values=True),
    Check(
        (
            error("SEX_MISSING", "KD_F03; A16", {"sex": "1"}, {"sex": "", "id_number": "130999"}),
            warning("SEX_FROM_ID", "GB 11643", {"sex": "1"}, {"sex": "", "id_number": _BOY}),
        ),
        PUPILS,
        (("sex", "id_number", "id_type"),),
        _sex,
        asks_for_values=True,
    ),
    Check((), TEACHERS, (("sex", "id_number", "id_type"),), _of_staff(_sex), asks_for_values=True),
    Check(
        (
            error("BIRTH_MISSING", "KD_F04", {"birth_date": "2012-03-07"}, {"birth_date": ""}),
            warning("BIRTH_FROM_ID", "GB 11643", {"birth_date": "2012-03-07"}, {"birth_date": "", "id_number": _BOY}),
        ),
        PUPILS,
        (("birth_date", "id_number", "id_type"),),
        _birth,
        asks_for_values=True,
    ),
    Check(
        (
            error("ID_TYPE_MISSING", "KD_F09", {"id_type": "1", "id_number": _BOY}, {"id_type": "", "id_number": "A1"}),
            warning("ID_TYPE_FROM_ID", "KD_F09", {"id_type": "1"}, {"id_type": "", "id_number": _BOY}),
        ),
        PUPILS,
        (("id_type", "id_number"),),
        _id_type,
        asks_for_values=True,
    ),
    Check(
        (
            error("ID_MISSING", "KD_F13", {"id_number": "", "id_type": "Z"}, {"id_number": "", "id_type": "1"}),
            warning("ID_ABSENT", "KD_F13", {"id_number": _BOY}, {"id_number": ""}),
        ),
        PUPILS,
        (("id_number", "id_type"),),
        _id_number,
        asks_for_values=True,
    ),
    Check(
        (
            error(
                "GUARDIAN_ID_NEEDED",
                "KD_F56: required when the pupil has no number",
                {"guardian1_id_number": _BOY, "id_type": "Z"},
                {"guardian1_id_number": "", "id_type": "Z", "id_number": ""},
            ),
        ),
        PUPILS,
        (("guardian1_id_number", "guardian2_id_number", "id_type", "id_number"),),
        _guardian_id,
        asks_for_values=True,
    ),
    Check(
        (warning("REQUIRED_EMPTY", "template marks", {"ethnicity": "01"}, {"ethnicity": ""}),),
        PUPILS,
        _required(tuple((field.key, field.need) for field in STUDENT_FIELDS)),
        _other,
        asks_for_values=True,
    ),
    Check(
        (),
        TEACHERS,
        _required(tuple((field.key, field.need) for field in ACCOUNT_FIELDS)),
        _other,
        asks_for_values=True,
    ),
)


def missing_columns(kind: str, present: Collection[str]) -> list[Finding]:
    """Columns the list must have and has not: one finding each, for the file and not for every row.

    Without `name` nobody can be told apart: an error. Everything else is a warning, since a registrar's list has
    rarely all columns of the template and the rest is filled in later; who reviews may return what is doubtful (E7).
    Sex, birth date and kind of document are not missed where a column of identity numbers says them.
    """
    findings = []
    said_by_id = {"sex", "birth_date", "id_type"} if "id_number" in present else set()
    for field in FIELDS_OF[kind]:
        if field.need is not Need.REQUIRED or field.key in present or field.key in said_by_id:
            continue
        if field.key == "name":
            message = "表里没有“姓名”这一列，无法导入。请确认表头，或在对应列中选择“姓名”。"
            findings.append(Finding("COLUMN_MISSING", Level.ERROR, field.key, message))
        else:
            message = f"表里没有“{field.label}”这一列，可以先导入，请在上报前补上；没有补上的，核办时可能退回。"
            findings.append(Finding("COLUMN_MISSING", Level.WARNING, field.key, message))
    return findings
