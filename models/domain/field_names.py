"""How a person names a field on the command line: by key, Chinese label or another title in use."""

from __future__ import annotations

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS, FIELDS_OF, Field, FieldType

HIDDEN = frozenset({"hidden_47"})
"""Fields the template has and nobody fills in."""

TYPE_LABELS: dict[FieldType, str] = {
    FieldType.TEXT: "文字",
    FieldType.NAME: "姓名",
    FieldType.DATE: "日期",
    FieldType.MONTH: "年月",
    FieldType.PERIOD: "起止日期",
    FieldType.CODE: "代码",
    FieldType.YES_NO: "是否",
    FieldType.ID_NUMBER: "证件号",
    FieldType.PHONE: "电话",
    FieldType.EMAIL: "邮箱",
    FieldType.POSTCODE: "邮政编码",
    FieldType.DIVISION: "行政区划代码",
    FieldType.INTEGER: "整数",
    FieldType.SCHOOL_CODE: "学校标识码",
    FieldType.STUDENT_NUMBER: "学籍号",
    FieldType.USERNAME: "用户名",
}
CODE_TABLE_LABELS: dict[str, str] = {
    "sex": "性别",
    "ethnicity": "民族",
    "country": "国家和地区",
    "id_type": "身份证件类型",
    "hk_macao_tw": "港澳台侨外",
    "health": "健康状况",
    "political_status": "政治面貌",
    "hukou_type": "户口性质",
    "entry_method": "入学方式",
    "study_mode": "就读方式",
    "left_behind": "留守儿童",
    "commute_mode": "上下学方式",
    "blood_type": "血型",
    "student_source": "学生来源",
    "disability": "残疾类型",
    "inclusive_class": "随班就读",
    "relation": "与学生关系",
    "yes_no": "是、否",
    "employment": "聘任方式",
}


def shown_fields(kind: str) -> tuple[Field, ...]:
    """The fields of a kind of list that people may name."""
    return tuple(field for field in FIELDS_OF[kind] if field.key not in HIDDEN)


def key_of(kind: str, text: str) -> str:
    """The key of the field that `text` names by key, label or alias. Raises UserError."""
    wanted = text.strip()
    fields = shown_fields(kind)
    for names in (lambda field: (field.key, field.label), lambda field: field.aliases):
        found = [field.key for field in fields if wanted in names(field)]
        if len(found) == 1:
            return found[0]
    option = " --kind teachers" if kind == ACCOUNTS else ""
    raise UserError(f"没有名为“{text}”的字段；用命令 fields{option} 查看有哪些字段。")
