"""Several accounts of one person, and one account for several persons: pure, no store (A12, D6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from models.domain.inspection import Found
from models.domain.text import fold_width, without_blanks
from models.rules.real_names import shared_word
from models.services.inspection.judging import NEVER, Candidate, Grounds, Registered, login_of

Key = tuple[str, ...]
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_PLAIN: Final = re.compile(r"[\u4e00-\u9fff]*")
_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_SHOWN: Final = 5
_BY: Final = {
    "person": "名册中是同一人",
    "id": "身份证件号",
    "number": "编号",
    "phone": "姓名和手机",
    "email": "姓名和邮箱",
}


def duplicates(candidates: Sequence[Candidate]) -> Iterator[Found]:
    """A finding for every account in use but the one to be kept, of each person who has several.

    Kept is the registered one, then the one filed, then the one used last. A reason in the register's note is shown.
    """
    groups: dict[Key, list[Candidate]] = {}
    for one in candidates:
        for key in _person_keys(one):
            groups.setdefault(key, []).append(one)
    told: set[str] = set()
    for key, group in groups.items():
        if len({one.username for one in group}) < 2:
            continue
        kept, *others = sorted(group, key=_rank)
        for one in others:
            if one.username not in told and one.unit_id and one.username != kept.username and not _differ(one, kept):
                told.add(one.username)
                reason = f"，备注：{one.registered.note[:60]}" if one.registered and one.registered.note else ""
                yield one.found("duplicate", why=f"与 {kept.username} 的{_BY[key[0]]}相同{reason}", kept=kept.username)


def _differ(one: Candidate, other: Candidate) -> bool:
    """Whether the register knows them for two persons, by their ID numbers."""
    numbers = {held.id_number for held in (one.registered, other.registered) if held and held.id_number}
    return len(numbers) > 1


def _person_keys(one: Candidate) -> Iterator[Key]:
    held, name = one.registered, _name(one.name)
    if held is not None and held.person_id:
        yield "person", held.person_id
    if held is not None and held.id_number:
        yield "id", held.id_number
    if _NUMBER.fullmatch(one.idnumber.upper()):
        yield "id", one.idnumber.upper()
    elif one.idnumber and name:
        yield "number", name, one.idnumber
    if name:
        yield from (("phone", name, number) for number in sorted({*_mobiles(one), *_mobiles_of(held)}))
        mails = {one.email.casefold(), held.email.casefold() if held else ""} - {""}
        yield from (("email", name, mail) for mail in sorted(mails))


def _rank(one: Candidate) -> tuple[bool, bool, bool, int, str]:
    held = one.registered
    last = one.last_access.replace("-", "") if one.last_access not in ("", NEVER) else "0"
    return (
        held is None,
        held is None or held.status != "active",
        not (held and held.filed_status),
        -int(last),
        one.username,
    )


def shared(candidates: Iterable[Candidate], grounds: Grounds) -> Iterator[Found]:
    """A finding for every account in use whose mail or mobile several persons have, or whose name says it is shared."""
    by_contact: dict[Key, list[Candidate]] = {}
    contacts = [(one, tuple(_contacts(one))) for one in candidates]
    for one, keys in contacts:
        for key in keys:
            by_contact.setdefault(key, []).append(one)
    together = {key: group for key, group in by_contact.items() if len(group) > 1 and _persons(group) > 1}
    for one, keys in contacts:
        if not one.unit_id:
            continue
        word = shared_word(one.name, login_of(one.username, grounds.prefixes, one.unit_id))
        common = [key for key in keys if key in together]
        said = [f"“{word}”说明它供多人使用"] if word else []
        said += [f"{what}与不同姓名的人相同" for what, _ in common]
        if said:
            yield one.found("shared", why="；".join(said), **{"with": _others(one, [together[key] for key in common])})


def _others(one: Candidate, groups: Sequence[Sequence[Candidate]]) -> str:
    """The first of the other accounts, and how many there are."""
    first = dict.fromkeys(other.username for group in groups for other in islice(group, _SHOWN + 1) if other is not one)
    most = max((len(group) - 1 for group in groups), default=0)
    names = list(first)[:_SHOWN]
    return "、".join(names) + (f"等 {most} 个" if most > len(names) else "")


def _contacts(one: Candidate) -> Iterator[Key]:
    if one.email:
        yield "邮箱", one.email.casefold()
    yield from (("手机", number) for number in _mobiles(one))


def _mobiles(one: Candidate) -> list[str]:
    """Its mobile numbers; an office telephone says nothing, a whole department may use it."""
    return _mobile_among(one.mobile, one.office_phone)


def _mobiles_of(held: Registered | None) -> list[str]:
    return _mobile_among(held.phone, held.office_phone) if held else []


def _mobile_among(*phones: str) -> list[str]:
    return [number for number in dict.fromkeys(map(_digits, phones)) if _MOBILE.fullmatch(number)]


def _persons(group: Iterable[Candidate]) -> int:
    return len({_name(one.name) for one in group if one.name})


def _name(name: str) -> str:
    """A name as it is compared: widths and blanks do not count."""
    return name if _PLAIN.fullmatch(name) else without_blanks(fold_width(name))


def _digits(phone: str) -> str:
    if not phone:
        return ""
    return _NO_DIGIT.sub("", fold_width(phone)).removeprefix("86")
