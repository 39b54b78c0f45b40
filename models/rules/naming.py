"""User names by the rule of the notice: prefix of the place and the full pinyin of the name (A17, decision 21)."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from models.domain.errors import UserError
from models.domain.findings import Finding, Level
from models.domain.places import CITY_TIER_COUNTIES, Place, PlaceError, find_city, find_county, sharing_prefix
from models.domain.units import Tier
from models.rules.readings import MOST_WAYS, Options, Reading, Syllables, Tables, plain, read, tables

PROVINCE_PREFIX = "heb"
NO_CHANGE: Mapping[str, str] = {}
_PREFIX = re.compile(r"[a-z]{1,20}")
_PLATFORM = re.compile(r"[-.@_a-z0-9]+")


class Proposal(NamedTuple):
    """A proposed user name; a tuple because fifty thousand are made at once.

    `username` is the preferred one, None with a `problem` (a Chinese sentence); `candidates` every legal one,
    preferred first; `ambiguous` when the registrar must ask how the name is read.
    """

    name: str
    username: str | None
    candidates: tuple[str, ...]
    ambiguous: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix with the names of the places that have the same one, and other prefixes in use for the place."""

    text: str
    place: str
    shared_with: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def place_of(tier: Tier, city: str | None, county: str | None) -> Place | None:
    """The place that gives a unit its prefix, None for the province. Raises PlaceError (a UserError)."""
    if tier is Tier.PROVINCE:
        return None
    if not (city or "").strip():
        raise PlaceError("没有填写所在的市，无法确定用户名前缀。请填写市（如沧州市；定州、辛集直接填在市一栏）。")
    found = find_city(city or "")
    if tier is Tier.CITY or found.name in CITY_TIER_COUNTIES:
        return found
    if not (county or "").strip():
        raise PlaceError(f"没有填写{found.name}所属的县（市、区），无法确定用户名前缀。请填写县（市、区）。")
    return find_county(found, county or "")


def describe_prefix(
    tier: Tier, city: str | None = None, county: str | None = None, changed: Mapping[str, str] = NO_CHANGE
) -> Prefix:
    """The prefix of a unit with what is to be known about it (A17 d, h). Raises UserError.

    `changed`: prefixes a city has set otherwise, by the full name of the place (蠡县 -> bdl).
    """
    place = place_of(tier, city, county)
    if place is None:
        return Prefix(PROVINCE_PREFIX, "河北省")
    text = changed.get(place.name, place.prefix)
    if not _PREFIX.fullmatch(text):
        raise UserError(f"{place.name}的前缀“{text}”不能用：只能是 1 至 20 个小写字母。请在设置中改正。")
    return Prefix(text, place.name, tuple(p.name for p in sharing_prefix(place)), place.others)


def prefix_for(
    tier: Tier, city: str | None = None, county: str | None = None, changed: Mapping[str, str] = NO_CHANGE
) -> str:
    """The prefix of a unit: heb, city initials, or city and county initials. Raises UserError (unknown place)."""
    return describe_prefix(tier, city, county, changed).text


def _spell(syllables: Syllables, ue: str) -> str:
    return "".join(syllables).replace("v", ue)


@lru_cache(maxsize=4096)
def readings(name: str) -> Reading:
    """All legal readings of `name` as syllables, ü written v."""
    return read(name)


def propose(name: str, prefix: str, ue: str = "v") -> Proposal:
    """The user name of `name` under `prefix`; `ue` is v, yu or u for ü (A17 c)."""
    reading = read(name)
    if reading.problem:
        return Proposal(name, None, (), False, reading.problem)
    preferred = dict.fromkeys(prefix + _spell(way, ue) for way in reading.ways)
    candidates = tuple(preferred | dict.fromkeys(prefix + _spell(way, ue) for way in reading.also))
    return Proposal(name, candidates[0], candidates, len(preferred) > 1, None)


class _Others(NamedTuple):
    """Every spelling of the characters that have more than one, as first of a name and further on."""

    first: dict[str, tuple[str, ...]]
    rest: dict[str, tuple[str, ...]]
    characters: frozenset[str]


@cache
def _others(ue: str) -> _Others:
    known = tables()
    rest = _spellings(known.given, ue)
    first = {**rest, **_spellings(known.surnames, ue)}
    several = (char for table in (first, rest) for char, spelled in table.items() if len(spelled) > 1)
    return _Others(first, rest, frozenset(several))


def _spellings(table: Mapping[str, Options], ue: str) -> dict[str, tuple[str, ...]]:
    return {key: tuple(_spell(way, ue) for way in options.legal) for key, options in table.items() if len(key) == 1}


def _every_username(name: str, prefix: str, usual: Sequence[str], others: _Others) -> tuple[str, ...]:
    """The user names of a `name` that is `usual`ly read in one way, that one first."""
    ways = [prefix + spelling for spelling in others.first.get(name[0], usual[:1])]
    for char, spelled in zip(name[1:], usual[1:], strict=True):
        if spellings := others.rest.get(char):
            ways = [way + spelling for way in ways for spelling in spellings]
        else:
            ways = [way + spelled for way in ways]
    return tuple(dict.fromkeys(ways[:MOST_WAYS]))


@cache
def _plain_syllables(ue: str) -> tuple[dict[str, str], dict[str, str]]:
    """Characters with one reading only: as first of a name, and further on. Others need `read`."""
    known = tables()
    several = {char[0] for char, options in known.given.items() if len(options.asked) > 1}
    rest = {**known.base, **{char: options.asked[0][0] for char, options in known.given.items() if len(char) == 1}}
    for char in several | _read_otherwise_in_phrases(known, rest) | set(known.simplified):
        rest.pop(char, None)
    first = {**rest, **{char: options.asked[0][0] for char, options in known.surnames.items() if len(char) == 1}}
    several = {char for char, options in known.surnames.items() if len(options.asked) > 1}
    for surname, options in known.surnames.items():
        if len(surname) > 1 and options.asked[0] != (first.get(surname[0]), *map(rest.get, surname[1:])):
            several.add(surname[0])
    for char in several | set(known.simplified):
        first.pop(char, None)
    return _with_ue(first, ue), _with_ue(rest, ue)


def _read_otherwise_in_phrases(known: Tables, rest: Mapping[str, str]) -> set[str]:
    return {
        char
        for phrase, options in known.phrases.items()
        for char, syllable in zip(phrase, options.asked[0], strict=True)
        if rest.get(char) != syllable
    }


def _with_ue(syllables: dict[str, str], ue: str) -> dict[str, str]:
    return {char: (s.replace("v", ue) if "v" in s else s) for char, s in syllables.items()}


def propose_all(names: Iterable[str], prefix: str, ue: str = "v") -> list[Proposal]:
    """`propose` for many names, in their order; names of two or three plain characters take a short way."""
    first, rest = _plain_syllables(ue)
    others = _others(ue)
    made: list[Proposal] = []
    new = tuple.__new__  # half the time of Proposal(...)
    for name in names:
        try:
            if len(name) == 3:
                usual: tuple[str, ...] = (first[name[0]], rest[name[1]], rest[name[2]])
            elif len(name) == 2:
                usual = (first[name[0]], rest[name[1]])
            else:
                made.append(propose(name, prefix, ue))
                continue
        except KeyError:  # several readings, or not a plain character
            made.append(propose(name, prefix, ue))
            continue
        username = prefix + "".join(usual)
        candidates: tuple[str, ...] = (username,)
        if not others.characters.isdisjoint(name):
            if name[1:2] == name[2:]:  # 露露 is read alike
                made.append(propose(name, prefix, ue))
                continue
            candidates = _every_username(name, prefix, usual, others)
        made.append(new(Proposal, (name, username, candidates, False, None)))
    return made


def legal_usernames(name: str, prefix: str, ue: str) -> tuple[str, ...]:
    """Every user name the rule allows for `name`, also by rarer readings; empty when the name cannot be read."""
    reading = readings(name)
    return tuple(dict.fromkeys(prefix + _spell(way, ue) for way in reading.ways + reading.also))


def is_username(text: str) -> bool:
    """Whether the platform takes a user name of these characters."""
    return bool(_PLATFORM.fullmatch(text))


def username_finding(username: str, name: str, prefix: str, ue: str) -> Finding | None:
    """What is wrong with `username` by the rule; digits after the name are a collision's suffix (A17 b).

    Without a prefix (unit's place unknown) only the end is compared. A name that cannot be read judges nothing.
    """
    if not is_username(username):
        message = "用户名只能用小写字母、数字和 - . @ _，学习平台不接受别的字符。请改正用户名。"
        return Finding("USERNAME_CHARACTERS", Level.ERROR, "username", message, username)
    legal = legal_usernames(name, prefix, ue)
    bare = username.rstrip("0123456789")
    if not legal or bare in legal or (not prefix and bare.endswith(legal)):
        return None
    advice = "或".join(legal[:3])
    message = f"用户名不符合命名规则，应为 {advice}（重名时后面加数字）。请改正，或说明保留原用户名的理由。"
    return Finding("USERNAME_RULE", Level.WARNING, "username", message, username)


def resolve_collisions(
    proposals: Sequence[Proposal],
    taken: Container[str],
    style: str,
    staff_numbers: Sequence[str] = (),
    elsewhere: Container[str] = (),
) -> list[Proposal]:
    """Make equal user names differ, in order, by the policy's `style` (A17 b; models.domain.policy.COLLISIONS).

    number2: zhangsan, zhangsan2 ...; number01: zhangsan, zhangsan01 ...; staff_number: the digits of the person's
    staff number (one for each proposal) follow; refuse: a problem asks the registrar. The whole user name is
    compared with `taken`, `elsewhere` (names other units hold, A17 h) and the names before it. Raises ValueError for
    another style.
    """
    if style not in ("number2", "number01", "staff_number", "refuse"):
        raise ValueError(style)
    used: set[str] = set()
    result = []
    for index, proposal in enumerate(proposals):
        username = proposal.username
        if username is not None and (username in used or username in taken or username in elsewhere):
            number = staff_numbers[index] if index < len(staff_numbers) else ""
            proposal = _renamed(proposal, username, (used, taken, elsewhere), style, number)
        if proposal.username is not None:
            used.add(proposal.username)
        result.append(proposal)
    return result


def _renamed(
    proposal: Proposal, username: str, held: Sequence[Container[str]], style: str, staff_number: str
) -> Proposal:
    """`proposal` under a free user name, or with the problem that there is none; the last of `held` are elsewhere."""
    digits = "".join(char for char in staff_number if char in "0123456789")
    if style == "refuse" or (style == "staff_number" and not digits):
        whose = "已被其他单位使用" if username in held[-1] else "已经有人使用（同名或同音）"
        advice = "请给其中一人另定用户名" if style == "refuse" else "请填写工号，用户名后面将加上工号"
        problem = f"用户名 {username} {whose}。{advice}。"
        return proposal._replace(username=None, problem=problem)
    suffixes = {"number2": "{0}", "number01": "{1:02d}", "staff_number": digits}
    numbers = range(2, 3) if style == "staff_number" else range(2, 100_000)
    names = (username + suffixes[style].format(number, number - 1) for number in numbers)
    free = next((name for name in names if not any(name in names_held for names_held in held)), None)
    if free is None:
        problem = f"用户名 {username} 加上后缀后仍有人使用。请另定用户名。"
        return proposal._replace(username=None, problem=problem)
    others = tuple(candidate for candidate in proposal.candidates if candidate != username)
    return proposal._replace(username=free, candidates=(free, *others))


def pinyin_keys(name: str) -> tuple[str, str, str]:
    """(spellings, initials, order): all readings, blank-separated, for search, and the text names are sorted by.

    Spellings start at each syllable (张三丰: zhangsanfeng sanfeng feng), so that a given name alone is found; ü is v.
    The order goes character by character, first by syllable, then by the character itself, so that one surname stays
    together (张 before 章, zhan before zhang); names that cannot be read come last.
    """
    first, rest = _plain_syllables("v")
    try:  # names of two or three plain characters take a short way, as in propose_all
        if len(name) == 3:
            a, b, c = first[name[0]], rest[name[1]], rest[name[2]]
            return f"{a}{b}{c} {b}{c} {c}", a[0] + b[0] + c[0], f"{a} {name[0]}{b} {name[1]}{c} {name[2]}"
        if len(name) == 2:
            a, b = first[name[0]], rest[name[1]]
            return f"{a}{b} {b}", a[0] + b[0], f"{a} {name[0]}{b} {name[1]}"
    except KeyError:
        pass
    reading = readings(name)
    ways = reading.ways + reading.also
    name = plain(name).replace("·", "")
    spellings = dict.fromkeys("".join(way[start:]) for way in ways for start in range(len(way)))
    initials = dict.fromkeys("".join(s[0] for s in way) for way in ways)
    order = "".join(f"{s} {char}" for s, char in zip(ways[0], name, strict=True)) if ways else name
    return " ".join(spellings), " ".join(initials), order
