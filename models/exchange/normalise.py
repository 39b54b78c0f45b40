"""One way of writing for every field type; used by forms, imports and the command line alike.

What cannot be understood is left as it stands, for the checks to name. A finding is given only for what was changed
and a person should know of: the spelling of a name, the digits of an identity number, an order of day and month.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from models.domain.codes import code_table
from models.domain.fields import Field, FieldType
from models.domain.findings import Finding, Level
from models.domain.text import (
    HAN,
    MIDDLE_DOT,
    fold_wide_words,
    fold_width,
    squeeze,
    traditional_in,
    unify_dots,
    without_blanks,
)
from models.exchange.dates import EPOCH_1900, read_date, read_period

Normalised = tuple[str, tuple[Finding, ...]]
Normaliser = Callable[[Field, str, date], Normalised]

_NONE: Final[tuple[Finding, ...]] = ()
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_HAN_BLANK = re.compile(rf"(?<=[{HAN}·])\s+|\s+(?=[{HAN}·])")
_HAN_STOP = re.compile(rf"(?<=[{HAN}])\.+(?=[{HAN}])")
_PLAIN_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{2}")
_X_ALIKE = str.maketrans("x×ХхΧχ✕╳", "XXXXXXXX")
_MINUS = str.maketrans("－—–―‐‑‒−ー", "---------")
_MOBILE_PREFIX = re.compile(r"^(?:\+|00)?86[- ]?(?=1\d{10}$)")
_AREA_CODE = re.compile(r"^\((0\d{2,3})\)-?")
_UNIT = re.compile(r"(?i)\s*(?:公里|千米|km|岁|人|元)$")
_DEFUSED = re.compile(r"^'+(?=[=+@-])")  # what writing.defused put there
_QUOTES = "'`‘’′"


def normalise(field: Field, text: str, epoch: date = EPOCH_1900) -> Normalised:
    """The normalised text of a value of `field`, and what was changed that a person should know.

    Dates become YYYY-MM-DD, codes the code of their table; text that is not understood comes back trimmed.
    `epoch`: day zero of bare serial numbers. Idempotent.
    """
    return _NORMALISERS[field.type](field, text, epoch) if text else ("", _NONE)


def lost_digits(field: Field, text: str) -> Finding:
    """The error for a number Excel kept as a number, so that its last digits are gone (GB 11643 needs 18)."""
    if field.type is FieldType.ID_NUMBER:
        return Finding(
            "ID_STORED_AS_NUMBER",
            Level.ERROR,
            field.key,
            f"{field.label}在表格里存成了数字，后几位已经丢失，不能使用。请把这一列设为“文本”格式，对照证件重新录入。",
            text,
        )
    return Finding(
        "NUMBER_LOST_DIGITS",
        Level.ERROR,
        field.key,
        f"{field.label}在表格里存成了数字，超过 15 位的部分已经丢失。请把这一列设为“文本”格式后重新录入。",
        text,
    )


def _warning(code: str, field: Field, message: str, value: str) -> Finding:
    return Finding(code, Level.WARNING, field.key, message, value)


def _bare(text: str) -> str:
    """Without invisible characters, outer blanks and the apostrophe that marks text in a spreadsheet."""
    text = squeeze(text)
    while text[:1] in _QUOTES and text:
        text = text[1:].lstrip()
    return text


def _text(field: Field, text: str, epoch: date) -> Normalised:
    lines = (squeeze(line) for line in fold_wide_words(text).splitlines())
    return _DEFUSED.sub("", " ".join(line for line in lines if line)), _NONE


def _name(field: Field, text: str, epoch: date) -> Normalised:
    if _PLAIN_NAME.fullmatch(text) and not traditional_in(text):
        return text, _NONE
    findings = []
    dotted = _HAN_STOP.sub(MIDDLE_DOT, fold_width(unify_dots(text)))
    if dotted != fold_width(text) or unify_dots(text) != text:
        message = f"{field.label}里的间隔点不是规范的“·”，已改为“·”，请核对。"
        findings.append(_warning("NAME_DOT_VARIANT", field, message, text))
    name = _tidy_name(dotted)
    if name != dotted:
        message = f"{field.label}里有空格、多余的点或看不见的字符，已去掉，请核对。"
        findings.append(_warning("NAME_INVISIBLE_OR_SPACE", field, message, text))
    if found := traditional_in(name):
        message = f"{field.label}里有繁体字“{found}”，请对照户口簿确认；与证件一致时不用改。"
        findings.append(_warning("NAME_TRADITIONAL", field, message, text))
    return name, tuple(findings)


def _tidy_name(name: str) -> str:
    """Without blanks beside Chinese characters, one blank between foreign words, no dots at the ends or in a row."""
    tidy = re.sub("·{2,}", "·", _HAN_BLANK.sub("", squeeze(name))).strip("· ")
    return tidy if tidy == name else _tidy_name(tidy)


def _id_number(field: Field, text: str, epoch: date) -> Normalised:
    if _PLAIN_ID.fullmatch(text):
        return text, _NONE
    bare = _bare(text)
    if _EXPONENT.fullmatch(bare) and int(bare[-2:]) >= 15:
        return "", (lost_digits(field, text),)
    folded = fold_width(bare)
    number = without_blanks(folded).translate(_X_ALIKE).upper().strip(_QUOTES + ".。?,，")
    findings = []
    if folded != bare:
        findings.append(_warning("ID_FULLWIDTH", field, f"{field.label}里有全角字符，已改为半角，请核对。", text))
    if text != text.strip() or number != without_blanks(folded) or " " in folded:
        findings.append(
            _warning("ID_SPACES_OR_LOWER_X", field, f"{field.label}里有空格、小写 x 或多余符号，已改正，请核对。", text)
        )
    return number, tuple(findings)


def _date(field: Field, text: str, epoch: date) -> Normalised:
    bare = fold_width(_bare(text))
    found, month_first = read_date(bare, epoch)
    if not found:
        return bare, _NONE
    if field.type is FieldType.MONTH:
        found = found[:7]
    if month_first:
        return found, (
            _warning("DATE_MONTH_FIRST", field, f"{field.label}按“月/日/年”理解为 {found}，请核对日和月。", text),
        )
    return found, _NONE


def _period(field: Field, text: str, epoch: date) -> Normalised:
    bare = fold_width(_bare(text)).translate(_MINUS)
    return read_period(bare) or bare, _NONE


def _code(field: Field, text: str, epoch: date) -> Normalised:
    table = code_table(field.code_table)
    bare = fold_wide_words(_bare(text))
    for candidate in (bare, without_blanks(bare), bare.removesuffix(".0"), bare.removesuffix(".0").zfill(2)):
        if (code := table.code_of(candidate)) is not None:
            return code, _NONE
    return bare, _NONE


def _phone(field: Field, text: str, epoch: date) -> Normalised:
    bare = fold_width(_bare(text)).translate(_MINUS)
    number = _AREA_CODE.sub(r"\1-", without_blanks(bare)) if not re.search(r"[/,;、 ]\d{7,}", bare) else bare
    return _MOBILE_PREFIX.sub("", re.sub("-{2,}", "-", number).removesuffix(".0")), _NONE


def _compact(field: Field, text: str, epoch: date) -> Normalised:
    """Numbers and codes of one word, in capitals: school codes, student numbers, divisions, postcodes."""
    word = without_blanks(fold_width(_bare(text)))
    if re.fullmatch(r"[0-9]+\.0", word):
        word = word[:-2]
    if field.type is FieldType.POSTCODE and re.fullmatch("[0-9]{5}", word):
        message = f"{field.label}只有 5 位，像是丢了最前面的 0，已补上，请核对。"
        return "0" + word, (_warning("POSTCODE_LOST_ZERO", field, message, text),)
    return _strip_marks(word.upper()), _NONE


def _strip_marks(word: str) -> str:
    while word[:1] in _QUOTES and word:
        word = word[1:]
    return word


def _email(field: Field, text: str, epoch: date) -> Normalised:
    word = _strip_marks(without_blanks(fold_width(_bare(text)))).replace("。", ".")
    name, at, host = word.rpartition("@")
    return name + at + host.lower(), _NONE


def _username(field: Field, text: str, epoch: date) -> Normalised:
    return _strip_marks(without_blanks(fold_width(_bare(text))).lower()), _NONE


def _integer(field: Field, text: str, epoch: date) -> Normalised:
    word = fold_width(_bare(text))
    while (shorter := _UNIT.sub("", word)) != word:
        word = shorter
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", word), _NONE


_NORMALISERS: dict[FieldType, Normaliser] = {
    FieldType.TEXT: _text,
    FieldType.NAME: _name,
    FieldType.DATE: _date,
    FieldType.MONTH: _date,
    FieldType.PERIOD: _period,
    FieldType.CODE: _code,
    FieldType.YES_NO: _code,
    FieldType.ID_NUMBER: _id_number,
    FieldType.PHONE: _phone,
    FieldType.EMAIL: _email,
    FieldType.POSTCODE: _compact,
    FieldType.DIVISION: _compact,
    FieldType.INTEGER: _integer,
    FieldType.SCHOOL_CODE: _compact,
    FieldType.STUDENT_NUMBER: _compact,
    FieldType.USERNAME: _username,
}
