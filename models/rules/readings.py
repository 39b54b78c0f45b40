"""How the characters of a person's name are read (A17).

The reading of every character, the surnames that are read their own way, the given-name characters with more than
one reading in use, and phrases that settle them are tables in `resources/names`. They are fixed with the program, so
that a user name proposed today is proposed again after any update of a library.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice, product

import resources
from models.domain.text import without_blanks

Syllables = tuple[str, ...]

DOTS = frozenset("·•・‧･．.∙⋅●﹒˙⸱ᐧ‐-—'’`")
"""Marks between the parts of a name; NFKC does not unify them, and all are left out of a user name."""

LONGEST_CHINESE_NAME = 4
"""A longer name without a compound surname is a transliteration: no surname is looked for in it."""

MOST_WAYS = 64


@dataclass(frozen=True, slots=True)
class Options:
    """Readings of a unit of a name: `asked` must be chosen among when more than one, `also` are legal besides."""

    asked: tuple[Syllables, ...]
    also: tuple[Syllables, ...] = ()

    @property
    def legal(self) -> tuple[Syllables, ...]:
        """All readings, preferred first."""
        return self.asked + self.also

    def joined(self, other: Options) -> Options:
        """These readings, then those of `other` that are not among them."""
        asked = tuple(dict.fromkeys(self.asked + other.asked))
        return Options(asked, tuple(way for way in dict.fromkeys(self.also + other.also) if way not in asked))


@dataclass(frozen=True, slots=True)
class Reading:
    """How a name can be read; `ways` preferred first, `also` legal but not offered, `problem` a Chinese sentence."""

    ways: tuple[Syllables, ...] = ()
    also: tuple[Syllables, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Tables:
    """The tables of `resources/names`; ü is written v in them."""

    base: dict[str, str]
    surnames: dict[str, Options]
    given: dict[str, Options]
    phrases: dict[str, Options]
    simplified: dict[str, str]
    private: dict[str, str]

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Characters that are read as they stand."""
        return frozenset(self.base.keys() - self.simplified.keys() - self.private.keys())


@cache
def _given_options(character: str) -> Options:
    """Readings of `character` in a given name. Raises KeyError for an unknown one."""
    known = tables()
    return known.given.get(character) or Options(((known.base[character],),))


def _syllables(text: str) -> tuple[Syllables, ...]:
    return tuple(tuple(reading.split("-")) for reading in text.split())


def _options(table: str) -> dict[str, Options]:
    return {key: Options(_syllables(asked), _syllables(also)) for key, asked, also in resources.rows(table)}


def _settled(phrase: str, usual: Syllables, base: Mapping[str, str], given: Mapping[str, Options]) -> Options:
    """The `usual` reading of a phrase is meant without asking; what its characters allow besides stays legal."""
    units = [(char, given.get(char) or Options(((base[char],),))) for char in phrase]
    others = _ways(units, {char: options.legal for char, options in units})
    return Options((usual,), tuple(way for way in others if way != usual))


@cache
def tables() -> Tables:
    """Read the tables once, when the first name is read (about 15 ms)."""
    base: dict[str, str] = {}
    for syllable, characters in resources.rows("names/readings.tsv"):
        base.update(dict.fromkeys(characters, syllable))
    given = _options("names/given_characters.tsv")
    return Tables(
        base,
        _options("names/surnames.tsv"),
        given,
        {
            key: _settled(key, tuple(text.split()), base, given)
            for key, text in resources.rows("names/given_phrases.tsv")
        },
        dict(resources.rows("names/traditional.tsv")),  # type: ignore[arg-type]
        {chr(int(code, 16)): char for code, char in resources.rows("names/gb18030_private.tsv")},
    )


def plain(name: str) -> str:
    """`name` in unified, simplified characters without blanks and invisible characters; dots of all kinds become ·."""
    known = tables()
    if known.ordinary.issuperset(name):
        return name
    out = []
    for char in unicodedata.normalize("NFKC", name):
        char = known.private.get(char, char)
        if char in DOTS:
            out.append("·")
        elif unicodedata.category(char) not in ("Zs", "Zl", "Zp", "Cf", "Cc", "Mn"):
            out.append(known.simplified.get(char, char))
    return "".join(out).strip("·")


def _latin(char: str) -> str:
    """`char` as lower-case Latin letters without marks, "" when it is no Latin letter."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).lower()
    return letters if letters.isascii() and letters.isalpha() else ""


def unknown_characters(name: str) -> str | None:
    """A sentence on the first character of the plain `name` that cannot be read, None when all can."""
    known = tables()
    if known.ordinary.issuperset(name):
        return None
    for char in name:
        if char == "·" or char in known.base or _latin(char):
            continue
        code = f"U+{ord(char):04X}"
        if unicodedata.category(char) == "Co":
            return f"姓名中有一个自造字（{code}），换一台电脑就认不出来。请对照户口簿改用规范字后再生成用户名。"
        if unicodedata.category(char) == "Lo":
            return f"姓名中的“{char}”（{code}）没有收录读音。请问清本人读音后手工填写用户名。"
        return f"姓名中的“{char}”不是汉字也不是字母。请核对姓名。"
    return None


def _surname_length(name: str, known: Tables) -> int:
    """Characters of the surname: a compound one wins when a given name is left (names of three or more)."""
    return next((n for n in (4, 3, 2) if len(name) > n and name[:n] in known.surnames), 1)


def split_name(name: str) -> tuple[str, str]:
    """Surname and given name as a platform wants them apart: 欧阳娜娜 is 欧阳 and 娜娜, 张三 is 张 and 三.

    A name with a dot is parted there, and the dot is in neither part: 买买提·艾力 is 买买提 and 艾力. Of a name in
    Latin letters the last word is the surname. The given name of a name of one character is "".
    """
    text = " ".join(name.split())
    words = text.split(" ")
    if text.isascii() and len(words) > 1:
        return words[-1], " ".join(words[:-1])
    text = text if text.isascii() else without_blanks(text)
    dot = next((place for place, char in enumerate(text) if char in DOTS), -1)
    if 0 < dot < len(text) - 1:
        return text[:dot], text[dot + 1 :]
    length = _surname_length("".join(map(_simplified, text)), tables())
    return text[:length], text[length:]


def _simplified(char: str) -> str:
    known = tables()
    return known.simplified.get(known.private.get(char, char), char)


def _given_units(given: str, known: Tables) -> Iterator[tuple[str, Options]]:
    if given in known.phrases:
        yield given, known.phrases[given]
        return
    for place, char in enumerate(given):
        options = (known.given.get(char + "-") if place == 0 and len(given) > 1 else None) or _given_options(char)
        if place == 0 and len(given) == LONGEST_CHINESE_NAME - 1 and char in known.surnames:
            options = known.surnames[char].joined(options)  # the surnames of both parents: 王单子涵
        yield char, options


def _units(name: str, known: Tables) -> list[tuple[str, Options]]:
    """The plain `name` in parts that are read together, each with its readings."""
    length = _surname_length(name, known)
    if not known.ordinary.issuperset(name) or (len(name) > LONGEST_CHINESE_NAME and length == 1):
        # A transliteration is read character by character; the usual reading of each is meant.
        return [(char, _transliterating(char, known)) for char in name if char != "·"]
    surname = name[:length]
    options = known.surnames.get(surname) or _given_options(surname)
    return [("^" + surname, options), *_given_units(name[length:], known)]


def _transliterating(char: str, known: Tables) -> Options:
    if char not in known.base:
        return Options(((_latin(char),),))
    usual, *others = _given_options(char).legal
    return Options((usual,), tuple(others))


def _ways(units: Sequence[tuple[str, Options]], choices: Mapping[str, Sequence[Syllables]]) -> Iterable[Syllables]:
    """Every way to read the units; a character that stands twice (乐乐) is read alike."""
    for chosen in islice(product(*choices.values()), MOST_WAYS):
        picked = dict(zip(choices, chosen, strict=True))
        yield tuple(syllable for key, _ in units for syllable in picked[key])


def read(name: str) -> Reading:
    """All legal readings of a person's name as it stands in a register."""
    known = tables()
    bare = plain(name)
    if not bare:
        return Reading(problem="姓名为空，不能生成用户名。请先填写姓名。")
    if problem := unknown_characters(bare):
        return Reading(problem=problem)
    units = _units(bare, known)
    ways = tuple(dict.fromkeys(_ways(units, {key: options.asked for key, options in units})))
    if not any(options.also for _, options in units):
        return Reading(ways)
    legal = _ways(units, {key: options.legal for key, options in units})
    return Reading(ways, tuple(way for way in dict.fromkeys(legal) if way not in ways))
