"""Problem rosters (E8-E11) and user names held twice (A17h): their kinds, claims and states, each declared once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.domain.fields import ACCOUNTS, STUDENTS


class Claim(StrEnum):
    """What a side says of its record, and what is decided on it."""

    KEEP = "keep"
    CHANGE = "change"
    DELETE = "delete"


class ProblemState(StrEnum):
    """Where a problem stands; it follows from its sides and is kept beside them (`follow`)."""

    OPEN = "open"
    ASKED = "asked"
    ANSWERED = "answered"
    DECIDED = "decided"
    CLOSED = "closed"


CLAIM_LABELS: Final = {Claim.KEEP: "佐证无误", Claim.CHANGE: "变更", Claim.DELETE: "删除"}
OUTCOME_LABELS: Final = {Claim.KEEP: "保留", Claim.CHANGE: "变更", Claim.DELETE: "删除"}
STATE_LABELS: Final = {
    ProblemState.OPEN: "待下发核实",
    ProblemState.ASKED: "核实中",
    ProblemState.ANSWERED: "待裁定",
    ProblemState.DECIDED: "已裁定，待落实",
    ProblemState.CLOSED: "已办结",
}


@dataclass(frozen=True)
class ProblemKind:
    """A kind of problem.

    `roster`: students or teachers (accounts); `fields`: what makes the problem, equal on all its sides; `claims`: what
    a side may say; `proof`: whether keeping needs evidence; `one_right`: at most one side may be kept; `clause`: the
    requirement it comes from.
    """

    key: str
    label: str
    roster: str
    fields: tuple[str, ...]
    claims: tuple[Claim, ...]
    proof: bool
    one_right: bool
    clause: str
    explanation: str


_ALL: Final = (Claim.KEEP, Claim.CHANGE, Claim.DELETE)

ID_WRONG: Final = ProblemKind(
    "id_wrong",
    "身份证号错误",
    STUDENTS,
    ("id_number", "name"),
    _ALL,
    proof=True,
    one_right=False,
    clause="E8",
    explanation="身份证件号不存在或与姓名不匹配。以变更和删除为主；经公安核实确认无误的，须附户籍部门证明佐证。",
)
ID_TWICE: Final = ProblemKind(
    "id_twice",
    "身份证号重复",
    STUDENTS,
    ("id_number",),
    _ALL,
    proof=True,
    one_right=True,
    clause="E9",
    explanation="同一身份证件号有多名学生在用，只能保留一个为正确的，由各方的共同上级裁定。",
)
IDENTITY_TWICE: Final = ProblemKind(
    "identity_twice",
    "无身份证号重复",
    STUDENTS,
    ("name", "sex", "birth_date"),
    _ALL,
    proof=True,
    one_right=False,
    clause="E10",
    explanation="姓名、性别、出生日期完全一致而没有身份证件号。核对证明材料后确属不同的人，可以都通过。",
)
USERNAME_TWICE: Final = ProblemKind(
    "username_twice",
    "用户名重复",
    ACCOUNTS,
    ("username",),
    (Claim.KEEP, Claim.CHANGE),
    proof=False,
    one_right=True,
    clause="A17(h)",
    explanation="不同单位的账户用了同一个用户名，全省平台上只能有一个，由各方的共同上级裁定谁保留。",
)

PROBLEM_KINDS: tuple[ProblemKind, ...] = (ID_WRONG, ID_TWICE, IDENTITY_TWICE, USERNAME_TWICE)
PROBLEM_KIND: Final = {kind.key: kind for kind in PROBLEM_KINDS}
SUBJECT_KINDS: Final = {"student": STUDENTS, "account": ACCOUNTS}
"""What a side's record is, as problems and messages call it, and the roster it stands in."""

MAX_EVIDENCE: Final = 180 << 10
"""Bytes of evidence an answer carries in all: it travels inside the message, over every hop, in base64 (256 KiB)."""
DEFAULT_DAYS: Final = 30
"""Days until an answer is due when nobody said otherwise; the clause names only dates of its own year (E11)."""

_GRADUATING = re.compile(r"(?:小学)?[六6](?:年级|年|[（(.])|(?:初中|初)[三3]|[九9](?:年级|年|[（(.])|(?:高中|高)[三3]")


def is_graduating(grade: str, class_name: str) -> bool:
    """Whether a grade, or the grade a class name begins with, is the last of its stage (E11: these come first)."""
    return any(_GRADUATING.match(text.strip()) for text in (grade, class_name) if text)


def kind_of_words(words: str) -> ProblemKind:
    """The kind that a list from above means by its words (users 1.2); anything else is a wrong number (E8)."""
    if "重复" not in words:
        return ID_WRONG
    return IDENTITY_TWICE if any(word in words for word in ("姓名", "性别", "出生", "无身份证")) else ID_TWICE


def follow(asked: int, answered: int, sides: int, *, decided: bool, closed: bool) -> ProblemState:
    """The state by how many of the sides were asked and have their last answer."""
    if closed:
        return ProblemState.CLOSED
    if decided:
        return ProblemState.DECIDED
    if answered == sides:
        return ProblemState.ANSWERED
    return ProblemState.ASKED if asked == sides else ProblemState.OPEN


def outcome_fault(kind: ProblemKind, outcomes: dict[int, Claim], sides: int) -> str | None:
    """Why these outcomes (side position -> outcome) cannot be decided, or None (E9, E10)."""
    if outcomes.keys() != set(range(sides)):
        return f"这个问题涉及 {sides} 方，请对每一方都写明保留、变更或删除。"
    foreign = [one for one in outcomes.values() if one not in kind.claims]
    if foreign:
        return f"“{kind.label}”不能裁定为“{OUTCOME_LABELS[foreign[0]]}”。"
    if kind.one_right and sum(one is Claim.KEEP for one in outcomes.values()) > 1:
        return f"“{kind.label}”只能保留一个为正确的，请只对一方裁定“保留”，其余裁定变更或删除（{kind.clause}）。"
    return None
