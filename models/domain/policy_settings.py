"""What a tier can set for those below, each declared once: its words, how tiers combine, its clause (E29-E31)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

STAGES: dict[str, str] = {"primary": "小学", "junior": "初中", "senior": "高中"}
"""Stages of basic education, as policies name them."""

UE_SPELLINGS = ("v", "yu", "u")
UE_LABELS: dict[str, str] = {"v": "v（吕 → lv）", "yu": "yu（吕 → lyu）", "u": "u（吕 → lu）"}
COLLISIONS = ("number2", "number01", "staff_number", "refuse")
COLLISION_LABELS: dict[str, str] = {
    "number2": "第二人起加 2、3……",
    "number01": "第二人起加 01、02……",
    "staff_number": "加工号",
    "refuse": "不自动处理，由人指定",
}

Period = tuple[str, str]
"""First and last day, both included, as YYYY-MM-DD."""

_LARGEST_CLASS: Final = 200
_MOST_PERIODS: Final = 12
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
CERTIFIED_LABELS: Final = {"warn": "未持证的只提示", "block": "未持证的不得核办"}
_MOST_WORDS: Final = 30
_WORD: Final = re.compile(r"[^\W\d_]{1,10}")
_PREFIX: Final = re.compile(r"[a-z]{1,20}")


class Combining(StrEnum):
    """How the values of several tiers become one (decision 15)."""

    MINIMUM = "minimum"  # never above the superior's; a locked one is the superior's
    TIGHTEN = "tighten"  # what a tier has tightened stays so below
    WINDOW = "window"  # the nearest tier's periods, inside those of every tier above
    NEAREST = "nearest"  # the nearest tier that sets one


class Group(StrEnum):
    """Headings the settings stand under."""

    CLASS_SIZE = "班额"
    SWITCH = "业务开关"
    WINDOW = "办理时间"
    NAMING = "用户名"
    PEOPLE = "人员"


@dataclass(frozen=True)
class Business:
    """A business a tier can close for a stage or open for some time only.

    `tight`: the value a switch has when set (off: not offered; on: the control is exercised), with its words.
    `stages`: those it can be switched for; `windowed`: whether it can have periods; `clause` as in the requirements.
    """

    key: str
    label: str
    clause: str
    stages: tuple[str, ...] = ()
    windowed: bool = False
    tight: str = "off"

    @property
    def words(self) -> dict[str, str]:
        """Words of the switch's two values."""
        return {"off": "不控制", "on": "实行控制"} if self.tight == "on" else {"off": "不允许", "on": "允许"}


FILING: Final = "account_filing"
"""The business of filing accounts: outside of its periods a filing needs a reason, it is not closed."""
_ALL: Final = tuple(STAGES)
BUSINESSES: tuple[Business, ...] = (
    Business("withdraw", "退学", "E30", _ALL),
    Business("repeat", "留级", "E30", _ALL),
    Business("skip", "跳级", "E30", _ALL),
    Business("expel", "开除", "E30", _ALL),
    Business("delete_numbered", "删除有正式学籍号的学生", "E30", _ALL),
    Business("entry_age", "入学年龄控制", "E30", ("primary",), tight="on"),
    Business("primary_entry", "小学新生注册", "E30, E31", ("primary",), windowed=True),
    Business("registration", "在校生注册", "E31", windowed=True),
    Business("promotion", "升级", "E31", windowed=True),
    Business("graduation", "毕业", "E31", windowed=True),
    Business("admission", "招生", "E31", windowed=True),
    Business("key_field", "关键信息变更", "E13, E31", _ALL, windowed=True),
    Business("baseline", "名册基线", "E7, E31", windowed=True),
    Business(FILING, "账户备案", "A13-A15", windowed=True),
)
BUSINESS: dict[str, Business] = {one.key: one for one in BUSINESSES}

BUSINESS_OF_CHANGE: dict[str, str] = {"student.key_field": "key_field", "roster.baseline": "baseline"}
"""Kind of change -> the business whose switch and periods it obeys; a withdrawal obeys none."""


@dataclass(frozen=True)
class Setting:
    """One setting. Values are text: a number of pupils, on/off, periods `from..to,from..to`, a choice, a day,
    `place=prefix` pairs. `choices`: value -> words; `default`: what holds when nobody sets it, "" for nothing."""

    key: str
    label: str
    group: Group
    combining: Combining
    clause: str
    choices: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    tight: str = ""

    @property
    def lockable(self) -> bool:
        """Whether a tier can forbid those below to change it (E29)."""
        return self.combining is Combining.MINIMUM

    def text(self, value: str) -> str:
        """A value in words; one of a newer program as it stands."""
        if self.combining is Combining.MINIMUM and value:
            return f"不超过 {value} 人"
        if self.combining is Combining.WINDOW and value:
            return periods_text(read_periods(value))
        return self.choices.get(value, value)


def switch_key(business: str, stage: str) -> str:
    """The setting that closes a business for a stage."""
    return f"switch.{business}.{stage}"


def window_key(business: str) -> str:
    """The setting with the periods of a business."""
    return f"window.{business}"


def class_size_key(stage: str) -> str:
    """The setting with the largest class of a stage."""
    return f"class_size.{stage}"


def _switches() -> Iterable[Setting]:
    for one in BUSINESSES:
        for stage in one.stages:
            label, key = f"{one.label}（{STAGES[stage]}）", switch_key(one.key, stage)
            yield Setting(key, label, Group.SWITCH, Combining.TIGHTEN, one.clause, one.words, tight=one.tight)


SETTINGS: tuple[Setting, ...] = (
    *(
        Setting(class_size_key(stage), f"{label}班额", Group.CLASS_SIZE, Combining.MINIMUM, "E29")
        for stage, label in STAGES.items()
    ),
    *_switches(),
    *(
        Setting(window_key(one.key), one.label, Group.WINDOW, Combining.WINDOW, one.clause)
        for one in BUSINESSES
        if one.windowed
    ),
    Setting("ue", "ü 的写法", Group.NAMING, Combining.NEAREST, "A17 c", UE_LABELS, default="v"),
    Setting("collision", "重名处理", Group.NAMING, Combining.NEAREST, "A17 b", COLLISION_LABELS, default="number2"),
    Setting("legacy_until", "不合规旧用户名保留到", Group.NAMING, Combining.NEAREST, "A17 a"),
    Setting("prefixes", "地名缩写另定", Group.NAMING, Combining.NEAREST, "A17 d"),
    Setting("certified", "持证上岗", Group.PEOPLE, Combining.TIGHTEN, "E39", CERTIFIED_LABELS, tight="block"),
    Setting("employment_words", "聘任方式的写法", Group.PEOPLE, Combining.NEAREST, "A16"),
)
SETTING: dict[str, Setting] = {one.key: one for one in SETTINGS}


# --- values ---------------------------------------------------------------------------------------------


def read_day(text: str) -> str:
    """A day YYYY-MM-DD. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


class BackwardsError(ValueError):
    """A period ends before it begins; says so in words."""


def read_periods(text: str) -> tuple[Period, ...]:
    """Periods of `from..to,from..to` in order of time. Raises ValueError."""
    periods = []
    for part in text.split(","):
        first, _, last = part.strip().partition("..")
        period = (read_day(first.strip()), read_day(last.strip()))
        if period[0] > period[1]:
            raise BackwardsError(f"起始日期 {period[0]} 不能晚于截止日期 {period[1]}")
        periods.append(period)
    return tuple(sorted(periods))


def write_periods(periods: Iterable[Period]) -> str:
    """The text `read_periods` reads."""
    return ",".join(f"{first}..{last}" for first, last in periods)


def periods_text(periods: Iterable[Period]) -> str:
    """Periods in words."""
    return "、".join(f"{first} 至 {last}" for first, last in periods) or "没有共同的办理时间"


def shared_periods(one: Iterable[Period], other: Iterable[Period]) -> tuple[Period, ...]:
    """The days that lie in both, as periods in order of time."""
    mine = tuple(one)
    met = ((max(a, c), min(b, d)) for c, d in other for a, b in mine)
    return tuple(sorted({(first, last) for first, last in met if first <= last}))


def read_prefixes(text: str) -> dict[str, str]:
    """Prefixes of places: `蠡县=bdl 承德县=cdcd`, each the whole prefix (A17 d). Raises ValueError."""
    found = {}
    for part in text.split():
        place, _, prefix = part.partition("=")
        if not place or not _PREFIX.fullmatch(prefix):
            raise ValueError(part)
        found[place] = prefix
    return found


def read_value(setting: Setting, text: str) -> str:
    """A value as it is kept, from what a person wrote. Raises ValueError with a sentence."""
    text = text.strip()
    try:
        return _read(setting, text)
    except BackwardsError as error:
        raise ValueError(f"“{setting.label}”的值“{text}”不对：{error}。") from None
    except ValueError:
        raise ValueError(f"“{setting.label}”的值“{text}”不对：{_form(setting)}。") from None


def _read(setting: Setting, text: str) -> str:
    if setting.choices:
        if text not in setting.choices:
            raise ValueError(text)
        return text
    if setting.combining is Combining.MINIMUM:
        if not text.isdecimal() or not 1 <= int(text) <= _LARGEST_CLASS:
            raise ValueError(text)
        return str(int(text))
    if setting.combining is Combining.WINDOW:
        periods = read_periods(text.replace(" 至 ", "..").replace("、", ","))
        if len(periods) > _MOST_PERIODS:
            raise ValueError(text)
        return write_periods(periods)
    if setting.key == "prefixes":
        return " ".join(f"{place}={prefix}" for place, prefix in read_prefixes(text.replace("、", " ")).items())
    if setting.key == "employment_words":
        return " ".join(read_words(text))
    return read_day(text)


def read_words(text: str) -> tuple[str, ...]:
    """Words of a list, between blanks, commas or 、: one to ten letters or characters each. Raises ValueError."""
    words = tuple(dict.fromkeys(re.split(r"[\s、，,]+", text.strip())))
    if len(words) > _MOST_WORDS or not all(_WORD.fullmatch(word) for word in words):
        raise ValueError(text)
    return words


def _form(setting: Setting) -> str:
    if setting.choices:
        return "只能是 " + "、".join(setting.choices)
    if setting.combining is Combining.MINIMUM:
        return f"请填写 1 至 {_LARGEST_CLASS} 的人数"
    if setting.combining is Combining.WINDOW:
        return "请写成 起始日期..截止日期，例如 2026-09-01..2026-09-30，多段之间用逗号，最多 12 段"
    if setting.key == "prefixes":
        return "请写成 地名=缩写，例如 蠡县=bdl，缩写只能是 1 至 20 个小写字母，多个之间用空格"
    if setting.key == "employment_words":
        return f"请写成 专任 兼职 外聘，每个词 1 至 10 个字、不含数字，最多 {_MOST_WORDS} 个，之间用空格"
    return "请写成 年-月-日，例如 2027-06-30"
