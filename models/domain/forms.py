"""The filing forms of the account notice (附件 1-3, S0), each declared once: spreadsheet, PDF and template follow.

S0 names the forms but not their columns; they are those of `reference-data.md`, "Annex 1-3". An upper tier that has a
sheet of its own gives it as a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

NUMBER = "number"
"""Key of 序号; whoever writes a form counts its rows."""
QUALITY_SECTION = "省校教务处教学督导与质量监控科"
INFORMATION_CENTRE = "省校信息技术中心"


class FilingKind(StrEnum):
    """The first filing holds every account; later ones those added and disabled since (A13-A15). A form of `WHOLE`
    lists what a unit has, whoever filed what (annex 1, annex 2)."""

    FIRST = "first"
    DELTA = "delta"
    WHOLE = "whole"


KIND_LABELS = {
    FilingKind.FIRST: "首次备案",
    FilingKind.DELTA: "新增、禁用账户备案",
    FilingKind.WHOLE: "全部账户",
}


@dataclass(frozen=True)
class Column:
    """One column: its title, its width in Chinese characters, and other titles met in templates."""

    key: str
    title: str
    width: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class FooterField:
    """A line at the foot of a form that is filled by hand or from `FormData.footer`; `key` is that value's name."""

    key: str
    label: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A filing form: its number and title, the clause it comes from, its columns, and who receives it."""

    key: str
    annex: str
    title: str
    clause: str
    receiver: str
    columns: tuple[Column, ...]
    footer: tuple[FooterField, ...]


@dataclass(frozen=True)
class FormData:
    """What stands in one form. `rows` hold words as they are read, by column key; missing keys are empty cells.

    `period` as it is read (2026年5月), `date` YYYY-MM-DD, `late_reason` why it is filed after its window (A15),
    `remark` what else the receiver should know (who is not in it).
    """

    form: Form
    unit: str
    period: str
    kind: FilingKind
    rows: Sequence[Mapping[str, str]]
    filled_by: str = ""
    phone: str = ""
    date: str = ""
    receiver: str = ""
    late_reason: str = ""
    remark: str = ""

    @property
    def headline(self) -> tuple[str, ...]:
        """The line under the title: who files, for when, what, to whom, why late, and a remark."""
        parts = [f"填报单位：{self.unit}", f"报送时间：{self.period}（{KIND_LABELS[self.kind]}）"]
        parts.append(f"报送：{self.receiver or self.form.receiver}")
        if self.late_reason:
            parts.append(f"逾期原因：{self.late_reason}")
        if self.remark:
            parts.append(f"说明：{self.remark}")
        return tuple(parts)

    @property
    def footer(self) -> dict[str, str]:
        """Values of the footer by key; the place of the seal stays empty."""
        day = self.date.split("-")
        written = f"{int(day[0])}年{int(day[1])}月{int(day[2])}日" if len(day) == 3 else self.date
        return {"unit": self.unit, "filled_by": self.filled_by, "phone": self.phone, "date": written}

    def cells(self, index: int) -> list[str]:
        """The texts of row `index` (from 0), one a column."""
        row = self.rows[index]
        return [row.get(c.key, "") or (str(index + 1) if c.key == NUMBER else "") for c in self.form.columns]


_NUMBER = Column(NUMBER, "序号", 4, ("编号", "No", "No."))
_NAME = Column("name", "姓名", 6, ("教师姓名", "真实姓名", "名字"))
_SEX = Column("sex", "性别", 3)
_USERNAME = Column("username", "用户名", 11, ("账号", "账户名", "登录名", "用户名称", "学习网账户", "学习网用户名"))
_EMAIL = Column("email", "邮箱", 14, ("电子邮箱", "电子信箱", "电子邮件", "E-mail", "Email"))
_OFFICE_PHONE = Column("office_phone", "办公电话", 9, ("单位电话", "办公室电话"))
_DEPARTMENT = Column("department", "部门", 8, ("所在部门", "科室"))
_NOTE = Column("note", "备注", 8, ("说明",))
_ABOUT_TEACHER = (
    _NAME,
    _SEX,
    _USERNAME,
    _EMAIL,
    _OFFICE_PHONE,
    Column("employment", "聘任方式", 6, ("聘用方式", "聘任形式")),
    Column("on_staff", "是否在编", 4, ("在编", "是否在编人员")),
    Column("roles", "角色/权限", 7, ("角色", "权限", "账户角色", "账户权限")),
    Column("state", "账户状态", 6, ("状态", "新增/禁用", "新增/禁用/保留", "账户状态（新增/禁用/保留）", "变动情况")),
    _NOTE,
)
_FOOTER = (
    FooterField("unit", "单位（盖章）", ("单位盖章", "填报单位（盖章）", "填报单位", "报送单位", "单位名称")),
    FooterField("filled_by", "填表人", ("填报人", "经办人", "制表人")),
    FooterField("phone", "联系电话", ("电话", "填表人电话")),
    FooterField("date", "日期", ("填表日期", "填报日期", "报送日期", "填报时间")),
)

MONITORING = Form(
    "annex1",
    "附件1",
    "质量监控账户备案信息表",
    "S0 一",
    QUALITY_SECTION,
    (
        _NUMBER,
        Column("unit", "单位", 10, ("单位名称", "单位（市校/县校）", "市校/县校", "所在单位")),
        Column("tier", "层级", 4, ("级别", "所属层级")),
        _NAME,
        _SEX,
        Column("post", "职务/岗位", 9, ("职务", "岗位", "职务（岗位）")),
        _DEPARTMENT,
        _USERNAME,
        _OFFICE_PHONE,
        Column("mobile", "手机", 8, ("手机号", "手机号码", "移动电话")),
        _EMAIL,
        Column("act", "开通/变更/停用", 5, ("变动", "变动类型", "操作", "开通、变更、停用", "类型")),
        Column("reason", "变更原因", 8, ("原因", "变动原因")),
        _NOTE,
    ),
    _FOOTER,
)
"""Annex 1, filed by the city before a post's permission changes and by 30 June (A3-A5)."""

PROVINCE_TEACHERS = Form(
    "annex2",
    "附件2",
    "省校教师账户备案信息表",
    "S0 二（二）1",
    INFORMATION_CENTRE,
    (_NUMBER, _DEPARTMENT, *_ABOUT_TEACHER),
    _FOOTER,
)
"""Annex 2, by department of the province's school (A13)."""

LOCAL_TEACHERS = Form(
    "annex3",
    "附件3",
    "市县校教师账户备案信息表",
    "S0 二（二）1",
    INFORMATION_CENTRE,
    (
        _NUMBER,
        Column("city", "市校", 8, ("所属市校", "分院", "市校（分院）", "地市")),
        Column(
            "county", "县校（学习中心）", 8, ("县校", "学习中心", "所属县校", "教学点", "县校/学习中心", "县（区）校")
        ),
        *_ABOUT_TEACHER,
    ),
    _FOOTER,
)
"""Annex 3, merged at the city (A14, A15)."""

FORMS: dict[str, Form] = {form.key: form for form in (MONITORING, PROVINCE_TEACHERS, LOCAL_TEACHERS)}
