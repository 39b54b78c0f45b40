"""Rules about identity numbers and what must agree with them (names-and-places; GB 11643; E8-E10)."""

from __future__ import annotations

from models.domain.codes import code_table
from models.domain.places import division
from models.rules.identity import FOREIGNER, HONG_KONG, MACAO, PERMIT, RESIDENT, TAIWAN, complete, examine
from models.rules.rule import BOTH, PUPILS, Broken, Check, Context, Values, error, warning

_BOY = complete("13099920120307221")
_GIRL = complete("13099920120307220")
_OK = {"id_number": _BOY, "id_type": "1"}
_WRONG_DIGIT = _BOY[:-1] + ("0" if _BOY[-1] != "0" else "1")

_SENTENCES = {
    "ID_CHECKSUM": "{label}有录错的数字，不一定是最后一位。请对照户口簿重新录入；对照无误的，请附户籍证明。",
    "ID_IMPOSSIBLE_DATE": "{label}第 7 至 14 位不是可能的出生日期。请对照户口簿重新录入。",
    "ID_STORED_AS_NUMBER": "{label}被表格存成了数字，后几位已经丢失，不能使用。请把这一列设为“文本”格式后重新录入。",
    "ID_15_DIGITS": "{label}是 15 位的旧号码，2013 年起已停止使用。请对照户口簿录入 18 位号码。",
    "ID_LENGTH": "{label}应为 18 位，现在是 {length} 位。请对照户口簿重新录入；不是居民身份证的，请改证件类型。",
    "ID_FORMAT": "{label}与所填的证件类型不符。请对照证件核对号码和证件类型。",
}

_OTHER_CARDS = {PERMIT: "港澳台居民居住证", FOREIGNER: "外国人永久居留身份证"}


def _number(values: Values, context: Context) -> tuple[Broken, ...]:
    number, id_type, birth, sex = values
    said = examine(number, id_type, context.today)
    if said.fault:
        return ((said.fault, _SENTENCES[said.fault].replace("{length}", str(len(number)))),)
    broken: list[Broken] = []
    if said.birth and not (said.birth == birth and said.sex == sex):
        broken = _disagreements(said.birth, said.sex, birth, sex)
    if said.region and division(said.region) is None:
        message = f"{{label}}前 6 位 {said.region} 不是已知的行政区划代码（现行和已撤销的都查过）。请对照户口簿核对。"
        broken.append(("ID_REGION_UNKNOWN", message))
    if id_type != said.kind and (message := _type_message(id_type, said.kind)):
        broken.append(("ID_TYPE_MISMATCH", message))
    return tuple(broken)


def _disagreements(said_birth: str, said_sex: str, birth: str, sex: str) -> list[Broken]:
    broken: list[Broken] = []
    if birth and not said_birth.startswith(birth):
        message = f"出生日期 {birth} 与身份证件号中的 {said_birth} 不一致。请对照户口簿，改正录错的一项。"
        broken.append(("BIRTH_DIFFERS_FROM_ID", message))
    if sex in ("1", "2") and sex != said_sex:
        word = code_table("sex").label(said_sex)
        message = f"性别与身份证件号不一致，按号码应为“{word}”。请对照户口簿，改正录错的一项。"
        broken.append(("SEX_DIFFERS_FROM_ID", message))
    return broken


def _type_message(id_type: str, kind: str) -> str:
    """Why a right number of `kind` does not fit the document `id_type`, which is another; "" when it may."""
    if id_type == RESIDENT:
        return f"{{label}}是{_OTHER_CARDS[kind]}的号码，证件类型却是居民身份证。请改证件类型。"
    if not id_type:
        return "" if kind == RESIDENT else "{label}不是居民身份证号。请填写证件类型。"
    if kind == RESIDENT and id_type in (PERMIT, HONG_KONG, MACAO, TAIWAN, FOREIGNER):
        return "{label}是居民身份证号，证件类型却不是居民身份证。请核对证件类型。"
    return ""


_NUMBER_RULES = (
    error("ID_CHECKSUM", "GB 11643; E8", _OK, {**_OK, "id_number": _WRONG_DIGIT}),
    error(
        "ID_IMPOSSIBLE_DATE",
        "GB 11643; E8",
        _OK,
        {"id_number": complete("13099920120231221"), "id_type": "1"},
        {"id_number": complete("13099920990101221")},
        {"id_number": complete("13099918990101221")},
    ),
    error(
        "ID_STORED_AS_NUMBER",
        "names-and-places: a number keeps 15 digits",
        _OK,
        {"id_number": "1.30999E+17"},
        {"id_number": "130999201203072000", "id_type": "1"},
    ),
    error("ID_15_DIGITS", "out of legal use since 2013", _OK, {"id_number": "130999120307221", "id_type": "1"}),
    error("ID_LENGTH", "GB 11643", _OK, {"id_number": "1309992012030722"}),
    error(
        "ID_FORMAT",
        "names-and-places: forms of other documents",
        {"id_number": "ABC123456789012", "id_type": "9"},
        {"id_number": "1309992012030722AB", "id_type": "1"},
        {"id_number": "12345", "id_type": "C"},
        {"id_number": "X1", "id_type": "D"},
    ),
    warning(
        "ID_REGION_UNKNOWN",
        "present and retired codes; a warning only",
        {"id_number": complete("13293019650812101")},
        {"id_number": _GIRL},
    ),
    warning(
        "ID_TYPE_MISMATCH",
        "KD_F09 agrees with KD_F13",
        {"id_number": complete("81000020130112860"), "id_type": "C"},
        {"id_number": complete("81000020130112860"), "id_type": "1"},
        {"id_number": "E12345678"},
        {"id_number": _BOY, "id_type": "8"},
    ),
)
_AGREEMENT_RULES = (
    error(
        "BIRTH_DIFFERS_FROM_ID",
        "E14-E15; KD_F04 agrees with KD_F13",
        {**_OK, "birth_date": "2012-03"},
        {**_OK, "birth_date": "2012-03-08"},
    ),
    error("SEX_DIFFERS_FROM_ID", "GB 11643, 17th digit", {**_OK, "sex": "1"}, {**_OK, "sex": "2"}),
)

IDENTITY_CHECKS = (
    Check(
        (*_NUMBER_RULES, *_AGREEMENT_RULES),
        BOTH,
        (("id_number", "id_type", "birth_date", "sex"),),
        _number,
        shown_at={"BIRTH_DIFFERS_FROM_ID": 2, "SEX_DIFFERS_FROM_ID": 3},
    ),
    Check(
        (),
        PUPILS,
        tuple((f"guardian{n}_id_number", f"guardian{n}_id_type") for n in (1, 2)),
        lambda values, context: _number((*values, "", ""), context),
    ),
)
