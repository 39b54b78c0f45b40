"""One person, one account: who has one already is found by ID number, by name and phone, by mail (D6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.store import tables as t

Key = tuple[str, ...]
FIELDS: Final = ("id_number", "name", "phone", "email")


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and the person who holds it; `note` the reason written for a second account."""

    id: str
    unit_id: str
    status: str
    person_id: str
    username: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Match:
    """Another account of the same person; `by` says in words what is the same."""

    holder: Holder
    by: str

    @property
    def sentence(self) -> str:
        """Who has which account already."""
        return f"{self.holder.name} 已有账户 {self.holder.username}（{self.by}相同）"


def _keys(record: Mapping[str, str]) -> Iterator[tuple[Key, str]]:
    if record.get("id_number"):
        yield ("id", record["id_number"]), "身份证件号"
    if record.get("name") and record.get("phone"):
        yield ("phone", record["name"], record["phone"]), "姓名和电话"
    if record.get("email"):
        yield ("email", record["email"].casefold()), "邮箱"


@dataclass(frozen=True)
class People:
    """The accounts of the store by what tells a person: of this unit and of those below."""

    found: Mapping[Key, Sequence[Holder]]

    @classmethod
    def read(cls, session: Session) -> People:
        """Everybody who has an account."""
        found: dict[Key, list[Holder]] = {}
        c = t.account.c
        query = select(c.id, c.unit_id, c.status, c.person_id, c.username, c.name, c.note, *(c[key] for key in FIELDS))
        for row in session.execute(query):
            holder = Holder(row.id, row.unit_id, row.status, row.person_id, row.username, row.name, row.note)
            for key, _ in _keys({field: row._mapping[field] for field in FIELDS}):
                found.setdefault(key, []).append(holder)
        return cls(found)

    def matches(self, record: Mapping[str, str], account_id: str = "") -> list[Match]:
        """Other accounts of the record's person, each once; `account_id` is the record's own."""
        seen = {account_id}
        found = []
        for key, by in _keys(record):
            for holder in self.found.get(key, ()):
                if holder.id not in seen:
                    seen.add(holder.id)
                    found.append(Match(holder, by))
        return found


def person_ids(people: People, records: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """For new accounts (id, record) the person each belongs to: the one who has an account, else a new one."""
    made: dict[Key, str] = {}
    found = []
    for account_id, record in records:
        matches = people.matches(record)
        keys = [key for key, _ in _keys(record)]
        known = next((made[key] for key in keys if key in made), account_id)
        person = matches[0].holder.person_id if matches else known
        made |= dict.fromkeys(keys, person)
        found.append(person)
    return found
