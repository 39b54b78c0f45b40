"""The fields of pupils and of teacher accounts, each declared once.

Form, table, column recognition, export, diff and validation follow from these declarations. Pupils: the 72
columns of the national template (KD_F01-KD_F72) and what the system keeps beside them; accounts: A16, A17.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """How a field's text is normalised, checked and edited."""

    TEXT = "text"
    NAME = "name"
    DATE = "date"  # YYYY-MM-DD
    MONTH = "month"  # YYYY-MM
    PERIOD = "period"  # YYYY-MM-DD/YYYY-MM-DD
    CODE = "code"  # a code of `code_table`
    YES_NO = "yes_no"  # code table yes_no: 1 / 0
    ID_NUMBER = "id_number"
    PHONE = "phone"
    EMAIL = "email"
    POSTCODE = "postcode"
    DIVISION = "division"  # administrative division, 6 or 12 digits
    INTEGER = "integer"
    SCHOOL_CODE = "school_code"
    STUDENT_NUMBER = "student_number"
    USERNAME = "username"


class Need(StrEnum):
    """Whether a value must be there."""

    REQUIRED = "required"
    DEPENDS = "depends"  # a rule decides
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Field:
    """One field. `label` is the template's title, `aliases` other titles met in files, `template` the KD_F code;
    `group` the heading it stands under in forms; `mask` whether lists show it masked (ux 3, privacy)."""

    key: str
    label: str
    type: FieldType = FieldType.TEXT
    need: Need = Need.OPTIONAL
    code_table: str = ""
    aliases: tuple[str, ...] = ()
    template: str = ""
    group: str = ""
    controlled: bool = False
    mask: bool = False


def _f(
    key: str,
    label: str,
    type_: FieldType = FieldType.TEXT,
    need: str = "o",
    *,
    table: str = "",
    aliases: str = "",
    template: int = 0,
    controlled: bool = False,
    mask: bool = False,
    group: str = "",
) -> Field:
    needs = {"r": Need.REQUIRED, "d": Need.DEPENDS, "o": Need.OPTIONAL}
    code = f"KD_F{template:02d}" if template else ""
    if type_ is FieldType.YES_NO:
        table = "yes_no"
    return Field(key, label, type_, needs[need], table, tuple(aliases.split()), code, group, controlled, mask)


_T = FieldType
_WHO, _ROLL, _CONTACT, _MORE = "身份信息", "学籍信息", "联系方式", "扩展信息"


def _guardian(number: int, first: int) -> tuple[Field, ...]:
    """The twelve columns of family member `number`, whose first template column is `first`."""
    p, g = f"guardian{number}_", f"成员{number}"
    return (
        _f(
            p + "name", f"{g}姓名", _T.NAME, template=first, group=g, aliases="监护人姓名 家长姓名 家长" * (number == 1)
        ),
        _f(
            p + "relation",
            f"{g}关系",
            _T.CODE,
            table="relation",
            template=first + 1,
            group=g,
            aliases="与学生关系" * (number == 1),
        ),
        _f(p + "relation_note", f"{g}关系说明", template=first + 2, group=g),
        _f(p + "address", f"{g}现住址", template=first + 3, group=g),
        _f(
            p + "hukou_place",
            f"{g}户口所在地行政区划",
            _T.DIVISION,
            template=first + 4,
            group=g,
            aliases=f"{g}户口所在地",
        ),
        _f(
            p + "phone",
            f"{g}联系电话",
            _T.PHONE,
            template=first + 5,
            group=g,
            mask=True,
            aliases="监护人电话 家长电话" * (number == 1),
        ),
        _f(p + "is_guardian", f"{g}是否监护人", _T.YES_NO, template=first + 6, group=g),
        _f(p + "id_type", f"{g}身份证件类型", _T.CODE, table="id_type", template=first + 7, group=g),
        _f(p + "id_number", f"{g}身份证件号", _T.ID_NUMBER, "d", template=first + 8, group=g, mask=True),
        _f(p + "ethnicity", f"{g}民族", _T.CODE, table="ethnicity", template=first + 9, group=g),
        _f(p + "employer", f"{g}工作单位", template=first + 10, group=g),
        _f(p + "post", f"{g}职务", template=first + 11, group=g),
    )


STUDENT_FIELDS: tuple[Field, ...] = (
    _f("school_code", "学校标识码", _T.SCHOOL_CODE, "d", template=1, group=_ROLL, aliases="学校代码"),
    _f("name", "姓名", _T.NAME, "r", template=2, controlled=True, group=_WHO, aliases="学生姓名 名字 学员姓名"),
    _f("sex", "性别", _T.CODE, "r", table="sex", template=3, controlled=True, group=_WHO),
    _f(
        "birth_date",
        "出生日期",
        _T.DATE,
        "r",
        template=4,
        controlled=True,
        group=_WHO,
        aliases="出生年月日 出生年月 生日 出生时间",
    ),
    _f("birth_place", "出生地行政区划代码", _T.DIVISION, "r", template=5, group=_WHO, aliases="出生地 出生地行政区划"),
    _f("native_place", "籍贯", need="r", template=6, group=_WHO),
    _f("ethnicity", "民族", _T.CODE, "r", table="ethnicity", template=7, group=_WHO),
    _f(
        "nationality",
        "国籍/地区",
        _T.CODE,
        "r",
        table="country",
        template=8,
        group=_WHO,
        aliases="国籍 国籍地区 国家地区 国籍（地区） 国籍或地区",
    ),
    _f(
        "id_type",
        "身份证件类型",
        _T.CODE,
        "r",
        table="id_type",
        template=9,
        controlled=True,
        group=_WHO,
        aliases="证件类型 证件种类 身份证件种类",
    ),
    _f(
        "hk_macao_tw",
        "港澳台侨外",
        _T.CODE,
        "r",
        table="hk_macao_tw",
        template=10,
        group=_WHO,
        aliases="港澳台侨 是否港澳台侨",
    ),
    _f("health", "健康状况", _T.CODE, "r", table="health", template=11, group=_WHO),
    _f("political_status", "政治面貌", _T.CODE, table="political_status", template=12, group=_WHO),
    _f(
        "id_number",
        "身份证件号",
        _T.ID_NUMBER,
        "d",
        template=13,
        controlled=True,
        mask=True,
        group=_WHO,
        aliases="身份证号 身份证号码 证件号 证件号码 身份证 身份证件号码 公民身份号码",
    ),
    _f("hukou_type", "户口性质", _T.CODE, "r", table="hukou_type", template=14, group=_WHO),
    _f(
        "hukou_place",
        "户口所在地行政区划",
        _T.DIVISION,
        "r",
        template=15,
        group=_WHO,
        aliases="户口所在地 户籍所在地 户口所在地行政区划代码",
    ),
    _f("class_name", "班号", need="r", template=16, group=_ROLL, aliases="班级 所在班级 所在班 班级名称"),
    _f("entry_date", "入学年月", _T.MONTH, "r", template=17, group=_ROLL, aliases="入学时间 入学日期"),
    _f("entry_method", "入学方式", _T.CODE, "r", table="entry_method", template=18, group=_ROLL),
    _f("study_mode", "就读方式", _T.CODE, "r", table="study_mode", template=19, group=_ROLL),
    _f("current_address", "现住址", need="r", template=20, group=_CONTACT, aliases="现居住地 现家庭住址 住址"),
    _f("mail_address", "通信地址", need="r", template=21, group=_CONTACT, aliases="通讯地址"),
    _f("family_address", "家庭地址", need="r", template=22, group=_CONTACT, aliases="家庭住址"),
    _f(
        "phone",
        "联系电话",
        _T.PHONE,
        "r",
        template=23,
        mask=True,
        group=_CONTACT,
        aliases="电话 手机 手机号 手机号码 电话号码",
    ),
    _f("postcode", "邮政编码", _T.POSTCODE, "r", template=24, group=_CONTACT, aliases="邮编"),
    _f("only_child", "是否独生子女", _T.YES_NO, "r", template=25, group=_MORE, aliases="独生子女"),
    _f("preschool", "是否受过学前教育", _T.YES_NO, "r", template=26, group=_MORE, aliases="学前教育"),
    _f("left_behind", "是否留守儿童", _T.CODE, "r", table="left_behind", template=27, group=_MORE, aliases="留守儿童"),
    _f("needs_aid", "是否需要申请资助", _T.YES_NO, "r", template=28, group=_MORE, aliases="申请资助"),
    _f("boarding_subsidy", "是否享受一补", _T.YES_NO, "r", template=29, group=_MORE, aliases="享受一补"),
    _f("orphan", "是否孤儿", _T.YES_NO, "r", template=30, group=_MORE, aliases="孤儿"),
    _f("martyr_family", "是否烈士或优抚子女", _T.YES_NO, "r", template=31, group=_MORE, aliases="烈士或优抚子女"),
    _f("commute_distance", "上下学距离", _T.INTEGER, template=32, group=_MORE),
    _f("commute_mode", "上下学方式", _T.CODE, table="commute_mode", template=33, group=_MORE, aliases="上下学交通方式"),
    _f("needs_bus", "是否需要乘坐校车", _T.YES_NO, template=34, group=_MORE, aliases="乘坐校车"),
    _f("former_name", "曾用名", _T.NAME, template=35, group=_WHO),
    _f("id_valid", "身份证件有效期", _T.PERIOD, template=36, group=_WHO),
    _f("blood_type", "血型", _T.CODE, table="blood_type", template=37, group=_MORE),
    _f("talents", "特长", template=38, group=_MORE),
    _f("local_number", "学籍辅号", template=39, group=_ROLL),
    _f("class_number", "班内学号", template=40, group=_ROLL, aliases="学号 座号"),
    _f("student_source", "学生来源", _T.CODE, table="student_source", template=41, group=_ROLL),
    _f("email", "电子信箱", _T.EMAIL, template=42, group=_CONTACT, aliases="邮箱 电子邮箱 电子邮件"),
    _f("homepage", "主页地址", template=43, group=_CONTACT),
    _f("disability", "残疾类型", _T.CODE, table="disability", template=44, group=_MORE, aliases="残疾人类型"),
    _f("bought_place", "是否由政府购买学位", _T.YES_NO, template=45, group=_MORE, aliases="政府购买学位"),
    _f("inclusive_class", "随班就读", _T.CODE, table="inclusive_class", template=46, group=_MORE),
    _f("hidden_47", "隐藏", template=47, group=_MORE),
    *_guardian(1, 48),
    *_guardian(2, 60),
    _f(
        "migrant_child",
        "是否进城务工人员随迁子女",
        _T.YES_NO,
        "r",
        template=72,
        group=_MORE,
        aliases="随迁子女 是否随迁子女 进城务工人员随迁子女",
    ),
    _f("student_number", "学籍号", _T.STUDENT_NUMBER, mask=True, group=_ROLL, aliases="全国学籍号 学籍号码"),
    _f("grade", "年级", group=_ROLL, aliases="所在年级"),
)

ACCOUNT_FIELDS: tuple[Field, ...] = (
    _f("name", "姓名", _T.NAME, "r", controlled=True, group=_WHO, aliases="教师姓名 名字 真实姓名"),
    _f("sex", "性别", _T.CODE, "r", table="sex", group=_WHO),
    _f("birth_date", "出生日期", _T.DATE, group=_WHO, aliases="出生年月 出生年月日 生日"),
    _f("id_type", "身份证件类型", _T.CODE, table="id_type", group=_WHO, aliases="证件类型"),
    _f(
        "id_number",
        "身份证件号",
        _T.ID_NUMBER,
        mask=True,
        group=_WHO,
        aliases="身份证号 身份证号码 证件号 证件号码 身份证 公民身份号码",
    ),
    _f("phone", "联系电话", _T.PHONE, mask=True, group=_CONTACT, aliases="手机 手机号 手机号码 电话"),
    _f("email", "邮箱", _T.EMAIL, "r", group=_CONTACT, aliases="电子邮箱 电子信箱 电子邮件 Email E-mail"),
    _f("office_phone", "办公电话", _T.PHONE, "r", group=_CONTACT, aliases="单位电话 办公室电话"),
    _f("employment", "聘任方式", _T.CODE, "r", table="employment", group="任职信息"),
    _f("on_staff", "是否在编", _T.YES_NO, "r", group="任职信息", aliases="在编"),
    _f("department", "部门", group="任职信息", aliases="所在部门 科室"),
    _f("post", "职务", group="任职信息", aliases="岗位 职务/岗位"),
    _f("city", "市校", group="任职信息", aliases="地市 所属市校 分院 市"),
    _f("county", "县校", group="任职信息", aliases="区县 所属县校 学习中心 县"),
    _f("username", "用户名", _T.USERNAME, group="账户信息", aliases="账号 登录名 学习网账户 用户名称"),
    _f("note", "备注", group="账户信息", aliases="说明"),
)

STUDENTS, ACCOUNTS = "students", "teachers"
FIELDS_OF: dict[str, tuple[Field, ...]] = {STUDENTS: STUDENT_FIELDS, ACCOUNTS: ACCOUNT_FIELDS}
"""Kind of list -> its fields; the keys are the `--kind` of the command line."""

STUDENT_FIELD: dict[str, Field] = {field.key: field for field in STUDENT_FIELDS}
ACCOUNT_FIELD: dict[str, Field] = {field.key: field for field in ACCOUNT_FIELDS}

DEFAULT_CONTROLLED: tuple[str, ...] = tuple(f.key for f in STUDENT_FIELDS if f.controlled)
"""Controlled before any policy arrives: the five of E15."""

POLICE_PROOF_FIELDS = frozenset({"id_number", "name", "sex", "birth_date"})
"""A change of these needs a certificate of the household registry (E14)."""

DEDUPLICATE_FIELDS = frozenset({"id_type", "id_number", "name", "sex", "birth_date"})
"""A change of these is searched for duplicates (E15)."""
