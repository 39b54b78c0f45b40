"""Which field a column holds, told from its title, the merged heading above it, or the template's code KD_F.."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.text import without_blanks
from models.exchange.sheets import Column

REASONS_TITLE = "未通过原因"
"""Title of the column of reasons in an error workbook; it is left out when the workbook comes back."""

_IGNORED_TITLES = frozenset({"序号", "编号", "no", "no.", REASONS_TITLE})
_HINT = re.compile(r"\((?:必填|选填|必填项|选填项|可选|\*|yyyy.*|格式.*|文本.*|如.*|例.*)\)|[★*☆:]")
_MEMBER = re.compile(r"(?:家庭)?成员\(?([12一二])\)?|(?:监护人|家长)\(?([12一二])\)?")
_MEMBER_WORD = re.compile(r"成员|监护人|家长")
_CODE = re.compile(r"(?i)kd_?f(\d{2})")
_NUMBERS = {"一": "1", "二": "2"}


@lru_cache(4096)
def canonical(title: str) -> str:
    """A title without blanks, line breaks, widths, stars and hints such as (必填)."""
    folded = without_blanks(unicodedata.normalize("NFKC", title)).lower()
    return _HINT.sub("", folded)


def _key(title: str) -> str:
    return re.sub(r"[/、()\-_]", "", canonical(title))


@cache
def _titles(kind: str) -> dict[str, str]:
    """Canonical title -> field key."""
    found: dict[str, str] = {}
    for field in FIELDS_OF[kind]:
        for title in (field.label, *field.aliases):
            found.setdefault(_key(title), field.key)
    return found


@cache
def literal_titles(kind: str) -> frozenset[str]:
    """The titles of `kind` as they are declared, for a quick look through many cells."""
    return frozenset(title for field in FIELDS_OF[kind] for title in (field.label, *field.aliases))


@cache
def _codes() -> dict[str, str]:
    return {field.template: field.key for field in FIELDS_OF[STUDENTS] if field.template}


@cache
def _member_parts() -> dict[str, str]:
    """Title inside a family member's block -> the rest of its field key."""
    prefix, parts = "guardian1_", {"姓名": "name", "与学生关系": "relation", "与本人关系": "relation", "电话": "phone"}
    for field in FIELDS_OF[STUDENTS]:
        if field.key.startswith(prefix):
            for title in (field.label, *field.aliases):
                parts.setdefault(_key(title.removeprefix("成员1")), field.key.removeprefix(prefix))
    return parts


def template_code(text: str) -> str | None:
    """The field key behind a code of the national template such as KD_F02; None for other text."""
    match = _CODE.fullmatch(without_blanks(text))
    return _codes().get(f"KD_F{match[1]}") if match else None


def is_title(kind: str, text: object) -> bool:
    """Whether a cell holds a known title of `kind` or a template code."""
    if not isinstance(text, str) or not 0 < len(text) < 40:
        return False
    if _key(text) in _titles(kind) or canonical(text) in _IGNORED_TITLES:
        return True
    return kind == STUDENTS and (template_code(text) is not None or _member_field(canonical(text), "") is not None)


def is_group(text: str) -> bool:
    """Whether a merged heading stands over the columns of a family member."""
    return bool(_MEMBER_WORD.search(canonical(text)))


def _member_field(title: str, group: str) -> str | None:
    """The field of "成员1姓名", or of "姓名" under the heading 成员1."""
    match = _MEMBER.match(title) or _MEMBER.search(canonical(group))
    if not match:
        return None
    number = match[1] or match[2]
    part = _member_parts().get(_key(_MEMBER.sub("", title, count=1)))
    return f"guardian{_NUMBERS.get(number, number)}_{part}" if part else None


def recognise(kind: str, headings: Sequence[tuple[str, str, str]]) -> list[str | None]:
    """The field of each (title, heading above, template code); no field is given twice.

    The national template repeats the twelve titles of a family member; a second 姓名 or 关系 starts the next member.
    """
    titles, taken, member = _titles(kind), set[str](), 0
    found: list[str | None] = []
    for title, group, code in headings:
        name, key = canonical(title), template_code(code) if kind == STUDENTS and code else None
        if key is None and kind == STUDENTS:
            key = _member_field(name, group)
            part = _member_parts().get(_key(title))
            if key is None and part:
                member = _next_member(part, titles.get(_key(title)), taken, member)
                if member and f"guardian{member}_{part}" not in taken:
                    key = f"guardian{member}_{part}"
        if key is None and name not in _IGNORED_TITLES:
            key = titles.get(_key(title))
        key = key if key not in taken else None
        if key:
            taken.add(key)
        found.append(key)
    return found


def _next_member(part: str, plain: str | None, taken: set[str], member: int) -> int:
    """Which family member a bare title such as 姓名 belongs to; 0 for the pupil's own columns."""
    if part in ("name", "relation") and (plain is None or plain in taken):
        begun = f"guardian{member}_{part}" in taken or member == 0
        return min(member + 1, 2) if begun else member
    return member


def kind_of(headings: Iterable[str]) -> tuple[str, int, bool]:
    """The kind of list most titles speak for, how many do, and whether the other kind is as likely."""
    texts = list(headings)
    scores = {kind: sum(is_title(kind, text) for text in texts) for kind in (STUDENTS, ACCOUNTS)}
    best = max(scores, key=lambda kind: scores[kind])
    return best, scores[best], scores[STUDENTS] == scores[ACCOUNTS]


def header_signature(columns: Iterable[Column]) -> str:
    """A digest of the titles in their order (SHA-256 hex), by which a remembered mapping is found again."""
    text = "\n".join(f"{canonical(column.group)}\t{canonical(column.title)}" for column in columns)
    return hashlib.sha256(text.encode()).hexdigest()
