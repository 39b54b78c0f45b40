"""Find-as-you-type over pupils and accounts (ux 1.3): one FTS5 table each, kept beside the wide table.

With it goes the column `name_order`, by which names sort as registrars expect: both follow from the name alone and
are renewed together, by `index` for single rows and by `models.store.bulk` for many.

Characters are split by blanks, so that a fragment of two characters is a phrase; FTS5's trigram cannot find those.
Columns: `name` (characters), `pinyin` (full spellings and initials of all readings), `place` (class, department),
`number` (tails of ID, student and telephone numbers, so that any fragment of four digits is a prefix).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, select, text, true
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, STUDENTS
from models.store.tables import account, student

Spell = Callable[[str], tuple[str, str, str]]
"""Spellings and initials of a name, each blank-separated, and its sorting text (models.rules.naming.pinyin_keys)."""

_TABLES = {STUDENTS: student, ACCOUNTS: account}
_PLACES = {STUDENTS: ("class_name", "grade"), ACCOUNTS: ("department", "county", "city", "post")}
_NUMBERS = {STUDENTS: ("id_number", "student_number", "phone"), ACCOUNTS: ("id_number", "phone", "username")}
_SHORTEST = 4
_CHUNK = 500
_NUMERALS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_CLASS = re.compile(r"[(（]|\d|班")
_HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_COMMON_HAN = re.compile(r"[\u4e00-\u9fa5]+")
_WORD = re.compile(r"[^\W_]+")


def needed_fields(kind: str) -> tuple[str, ...]:
    """Fields the search text is made of."""
    return ("name", *_PLACES[kind], *_NUMBERS[kind])


Entry = tuple[str, str, str, str]


def entry(kind: str, values: Mapping[str, str], spell: Spell) -> Entry:
    """Search text of one record: name, pinyin, place, number."""
    return Speller(kind, spell).entry(values)


class Speller:
    """Makes search texts of many records, remembering what repeats: given names and classes."""

    def __init__(self, kind: str, spell: Spell) -> None:
        self._places, self._numbers = _PLACES[kind], _NUMBERS[kind]
        self._spell = spell
        self._known_names: dict[str, tuple[str, str, str]] = {}
        self._known_places: dict[tuple[str, ...], str] = {}

    def entry(self, values: Mapping[str, str]) -> Entry:
        """Search text of one record; fields that are absent count as empty."""
        get = values.get
        places = tuple([get(field, "") for field in self._places])
        numbers = {number for field in self._numbers if (number := get(field))}
        split, pinyin, _ = self._name(get("name") or "")
        place = self._known_places.get(places)
        if place is None:
            place = self._known_places[places] = " ".join(
                [f"{class_key(text)} {_split(text)}" for text in places if text]
            )
        return split, pinyin, place, " ".join([_tails(number, _SHORTEST) for number in numbers])

    def order(self, name: str) -> str:
        """The text `name` is sorted by."""
        return self._name(name)[2]

    def _name(self, name: str) -> tuple[str, str, str]:
        found = self._known_names.get(name)
        if found is None:
            full, initials, order = self._spell(name)
            pinyin = f"{full} {' '.join([_tails(word, 1) for word in initials.split()])}"
            found = self._known_names[name] = (_split(name), pinyin, order)
        return found


def insert_statement(kind: str, verb: str = "INSERT") -> str:
    """SQL that puts (rowid, name, pinyin, place, number) into the search table."""
    return f"{verb} INTO {_search_table(kind)}(rowid, name, pinyin, place, number) VALUES (?, ?, ?, ?, ?)"


def index(session: Session, kind: str, ids: Sequence[str], spell: Spell) -> None:
    """Renew the search entries and sorting texts of the rows with `ids`, from the rows as they now stand."""
    table = _TABLES[kind]
    columns = [table.c[field] for field in needed_fields(kind)]
    speller = Speller(kind, spell)
    for start in range(0, len(ids), _CHUNK):
        query = select(table.c.row, *columns).where(table.c.id.in_(ids[start : start + _CHUNK]))
        rows = [dict(row._mapping) for row in session.execute(query)]
        if rows:
            entries = [(row["row"], *speller.entry(row)) for row in rows]
            session.connection().exec_driver_sql(insert_statement(kind, "INSERT OR REPLACE"), entries)
            orders = [(speller.order(row["name"]), row["row"]) for row in rows]
            renew = f"UPDATE {table.name} SET name_order = ? WHERE row = ?"
            session.connection().exec_driver_sql(renew, orders)


def remove(session: Session, kind: str, ids: Sequence[str]) -> None:
    """Take rows out of the search table; call it before the rows themselves are deleted."""
    rows = session.scalars(select(_TABLES[kind].c.row).where(_TABLES[kind].c.id.in_(ids))).all()
    if rows:
        statement = f"DELETE FROM {_search_table(kind)} WHERE rowid = ?"
        session.connection().exec_driver_sql(statement, [(row,) for row in rows])


def match(session: Session, kind: str, words: str) -> Select[Any]:
    """SELECT of the ids of records that fit every word of `words` (a blank means "and").

    A word is a piece of a name in characters, of its pinyin or initials, a class (`32` for 三(2)班), or at least four
    characters of a number. An empty text finds everything, one of signs alone nothing.
    """
    return select(_TABLES[kind].c.id).where(fits(kind, words))


def fits(kind: str, words: str) -> ColumnElement[bool]:
    """What `match` selects by, as a condition on the table of `kind`."""
    row = _TABLES[kind].c.row
    if not words.strip():
        return true()
    asked = [found for word in words.split() if (found := _word(word))]
    if not asked:
        return false()
    search = _search_table(kind)
    rows = text(f"SELECT rowid FROM {search} WHERE {search} MATCH :asked").bindparams(asked=" AND ".join(asked))
    return row.in_(rows.columns(row).scalar_subquery())


def class_key(place: str) -> str:
    """The digits by which a class is typed: 三(2)班, 3.2 and 三年级2班 all give 32."""
    return "".join(character for character in _ten(place).translate(_NUMERALS) if character in "0123456789")


def _word(word: str) -> str:
    """FTS5 query of one word: the alternatives it may mean."""
    asked = []
    key = "" if re.search("[a-z]", word, re.IGNORECASE) or not _CLASS.search(word) else class_key(word)
    if key:
        asked += [f'place : "{key}" *']
    if _HAN.search(word):
        asked += [] if key else [f'{{name place}} : "{_split(word)}"']
    elif pieces := _WORD.findall(word.lower()):
        if not word.isdigit():
            asked += [f'{{name pinyin}} : "{" ".join(pieces)}" *']
        if len(pieces) == 1 and len(pieces[0]) >= _SHORTEST:
            asked += [f'number : "{pieces[0]}" *']
    return f"({' OR '.join(asked)})" if asked else ""


def _split(text_: str) -> str:
    """Chinese characters one by one, other words whole. FTS5's tables end at Unicode 6.1, so rare characters beyond
    the basic plane are written as their number."""
    if _COMMON_HAN.fullmatch(text_):
        return " ".join(text_)
    pieces: list[str] = []
    for character in text_:
        if ord(character) > 0xFFFF:
            pieces.append(f" u{ord(character):x} ")
        elif _HAN.match(character):
            pieces.append(f" {character} ")
        else:
            pieces.append(character if character.isalnum() else " ")
    return " ".join("".join(pieces).split())


def _tails(word: str, shortest: int) -> str:
    return " ".join([word[start:] for start in range(len(word) - shortest + 1)]) or word


def _ten(place: str) -> str:
    """Chinese numbers from ten on as digits, as class numbers use them (十二班, 二十一班)."""

    def digits(found: re.Match[str]) -> str:
        tens, units = found[1] or "一", found[2] or "零"
        return tens + units

    return re.sub("([一二三四五六七八九]?)十([一二三四五六七八九]?)", digits, place)


def _search_table(kind: str) -> str:
    return f"{_TABLES[kind].name}_search"
