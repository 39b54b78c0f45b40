"""Whether what stands in the name of an account can be a person's name (A9, A12, A13: 未实名)."""

from __future__ import annotations

import re
from typing import Final

from models.domain.text import HAN, MIDDLE_DOT, fold_width, squeeze, strip_invisible, unify_dots, without_blanks
from models.rules.readings import plain

ROLE_WORDS: Final = (
    "管理员", "教务", "办公室", "测试", "账号", "帐号", "账户", "帐户", "用户", "老师", "教师", "班主任", "辅导员",
    "主任", "校长", "院长", "处长", "科长", "教研", "学生处", "学生科", "学院", "分校", "电大", "开放大学", "学习中心",
    "客服", "值班", "招生", "财务", "信息技术", "管理处", "管理科", "匿名", "临时", "演示", "考务", "督导", "部门",
    "网络中心", "培训", "体验", "游客", "访客",
)  # fmt: skip
"""Words no person's name contains."""
WHOLE_WORDS: Final = frozenset(
    (
        "学生",
        "学员",
        "系统",
        "中心",
        "教学",
        "校办",
        "党办",
        "人事",
        "图书馆",
        "书记",
        "试用",
        "无",
        "未知",
        "姓名",
        "某某",
    )
)
"""Words that are no name when they stand alone, but are part of some."""
SHARED_WORDS: Final = ("共用", "公用", "公共", "合用", "共享", "通用")
LOGIN_ROLES: Final = frozenset(
    ("admin", "administrator", "root", "test", "tester", "guest", "user", "teacher", "student", "demo", "temp",
     "manager", "system", "sysadmin", "jiaowu", "jiaowuchu", "guanliyuan", "ceshi", "jiaoshi", "laoshi",
     "xuesheng", "bangongshi")
)  # fmt: skip
LOGIN_SHARED: Final = frozenset(("public", "share", "shared", "common", "gongyong", "gonggong", "heyong", "tongyong"))
_ROLE: Final = re.compile("|".join(ROLE_WORDS))
_PLAIN: Final = re.compile(r"[\u4e00-\u9fff]{2,4}")
_CHINESE: Final = re.compile(rf"[{HAN}][{HAN}{MIDDLE_DOT}]*[{HAN}]")
_FOREIGN: Final = re.compile(r"[^\W\d_]+(?:[ '’.\-·][^\W\d_]+)+\.?")
_HIDDEN: Final = re.compile(r"[*＊×xX某○〇]")
_LONGEST: Final = 30


def role_word(name: str) -> str:
    """The word of an office or a purpose in `name`, "" for none: 教务处, 管理员, 测试1."""
    bare = without_blanks(fold_width(name)).rstrip("0123456789号")
    if bare in WHOLE_WORDS or bare.lower() in LOGIN_ROLES:
        return bare
    found = _ROLE.search(bare)
    return found[0] if found else ""


def shared_word(name: str, login: str) -> str:
    """The word that says an account is for several people, in the name or as the login (without its prefix)."""
    bare = without_blanks(fold_width(name))
    found = next((word for word in SHARED_WORDS if word in bare), "")
    return found or (login if login in LOGIN_SHARED else "")


def name_fault(name: str) -> str:
    """Why `name` is not the real name of a person, in a Chinese phrase; "" when it can be one."""
    if _PLAIN.fullmatch(name) and name not in WHOLE_WORDS and not _ROLE.search(name) and "某" not in name:
        return ""
    text = squeeze(unify_dots(fold_width(name)))
    if not text:
        return "姓名是空的"
    word = role_word(text)
    if word:
        return f"“{_cut(text)}”是部门、岗位或用途，不是姓名"
    compact = strip_invisible(text).replace(" ", "")
    if _HIDDEN.search(compact) and not compact.isascii() and not _CHINESE.fullmatch(compact.replace("某", "")):
        return f"“{_cut(text)}”不是完整的姓名"
    if len(compact) <= _LONGEST and (_CHINESE.fullmatch(compact) or _FOREIGN.fullmatch(text)):
        return f"“{_cut(text)}”不是完整的姓名" if "某" in compact[1:] else ""
    if len(compact) == 1:
        return f"“{_cut(text)}”只有一个字"
    return f"“{_cut(text)}”不像姓名"


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name: widths, dots, blanks and traditional forms do not count."""
    return one == other or _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return without_blanks(plain(unify_dots(fold_width(name)))).replace(MIDDLE_DOT, "").casefold()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
