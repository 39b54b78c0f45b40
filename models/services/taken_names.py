"""User names taken in other units (A17 h): what a unit is told from above, and what it tells each unit below.

The platform of the province is one, and prefixes of places are not unique (路南 and 滦南 are both tsln). A unit is
told only names that begin with a prefix it, or a unit below it, can produce, and only those it does not hold itself.
In `taken_name` rows of the own unit are what was told to it; rows of a unit below are what that unit was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.units import Actor, Unit
from models.rules.naming import is_username
from models.services import name_offers
from models.services.change_log import in_chunks
from models.services.checking import unit_prefix
from models.services.policies import effective
from models.services.units import descendants, own_unit, superior_id_of
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

MOST_NAMES: Final = 2000
"""Names in one message at most."""
_LARGEST: Final = 120_000
"""Bytes of the names in one message at most, so that any of them fits into one (256 KiB)."""
LONGEST: Final = 100
_MALFORMED: Final = "已占用用户名的清单不完整或格式不对，没有采用。请上级重新发送。"


@dataclass(frozen=True)
class News:
    """What a unit below does not know yet: names taken since it was told last, names free again, and free names kept
    for accounts of its own (account id -> user name)."""

    taken: tuple[str, ...]
    freed: tuple[str, ...]
    offered: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.taken or self.freed or self.offered)


def elsewhere(session: Session) -> set[str]:
    """User names this unit must not give: told from above, or held by units this store has copies of."""
    own, c = own_unit(session).id, t.account.c
    held = select(c.username).where(c.unit_id != own, c.username != "")
    return _told(session, own) | set(session.execute(held).scalars())


def _told(session: Session, unit_id: str) -> set[str]:
    c = t.taken_name.c
    return set(session.execute(select(c.username).where(c.unit_id == unit_id)).scalars())


# --- to the units below ---------------------------------------------------------------------------------------


def news_for(session: Session, unit: Unit) -> News:
    """What `unit`, directly below in the open line, has to be told; nothing when its prefix is not known."""
    below = [unit, *descendants(session, unit.id)]
    prefixes = _prefixes(session, below)
    taken = _taken(session, prefixes, {one.id for one in below}) if prefixes else set()
    told = _told(session, unit.id)
    offered = name_offers.new_offers(session, unit)
    return News(tuple(sorted(taken - told)), tuple(sorted(told - taken)), offered)


def _prefixes(session: Session, units: Iterable[Unit]) -> set[str]:
    """Prefixes these units can produce, by the usual rule and as the policy known here changes it."""
    changed = effective(session).prefixes
    found = {unit_prefix(unit, rule) for unit in units for rule in ({}, changed)} - {""}
    return {prefix for prefix in found if not any(prefix != other and prefix.startswith(other) for other in found)}


def _taken(session: Session, prefixes: Iterable[str], inside: set[str]) -> set[str]:
    """Names under these prefixes that units other than those `inside` hold, as far as this store knows."""
    a, n = t.account.c, t.taken_name.c
    found: set[str] = set()
    for prefix in prefixes:
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        held = select(a.username, a.unit_id).where(a.username >= prefix, a.username < end)
        found |= {name for name, unit_id in session.execute(held) if unit_id not in inside}
        told = select(n.username).where(n.username >= prefix, n.username < end, n.unit_id == own_unit(session).id)
        found |= set(session.execute(told).scalars())
    found |= {name for name in name_offers.kept_for_others(session, inside) if name.startswith(tuple(prefixes))}
    return {name for name in found if _is_name(name)}


def note_told(session: Session, actor: Actor | None, unit: Unit, news: News) -> None:
    """Remember that `unit` is told; the message goes in the same transaction."""
    _write(session, unit.id, own_unit(session).id, news.taken, news.freed)
    name_offers.keep(session, unit.id, news.offered)
    body = {"taken": len(news.taken), "freed": len(news.freed), "offered": len(news.offered)}
    audit.append(session, actor, "names.tell", f"unit:{unit.id}", body)


def forget_told(session: Session, unit_id: str) -> None:
    """A unit below has lost what it was told: it is told all of it again with the next delivery."""
    session.execute(delete(t.taken_name).where(t.taken_name.c.unit_id == unit_id))


def bodies(news: News) -> list[dict[str, Any]]:
    """The news as bodies of messages, each of at most MOST_NAMES names."""
    entries = [("taken", name) for name in news.taken] + [("freed", name) for name in news.freed]
    entries += [("offered", account_id) for account_id in news.offered]
    return [_body(part, news.offered) for part in _parts(entries, news.offered)]


def _parts(entries: Sequence[tuple[str, str]], offered: Mapping[str, str]) -> Iterator[list[tuple[str, str]]]:
    part: list[tuple[str, str]] = []
    size = 0
    for kind, text in entries:
        length = len((text + (offered[text] if kind == "offered" else "")).encode()) + 8
        if part and (size + length > _LARGEST or len(part) == MOST_NAMES):
            yield part
            part, size = [], 0
        part.append((kind, text))
        size += length
    if part:
        yield part


def _body(part: Sequence[tuple[str, str]], offered: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {key: [text for kind, text in part if kind == key] for key in ("taken", "freed")}
    return {**body, "offered": {text: offered[text] for kind, text in part if kind == "offered"}}


# --- from the unit above --------------------------------------------------------------------------------------


def take(session: Session, actor: Actor | None, origin_id: str, body: Mapping[str, Any]) -> News:
    """Take over what the superior tells. Raises FileRefusedError for others than the superior, or another shape."""
    own = own_unit(session)
    if origin_id != superior_id_of(session, own.id):
        raise FileRefusedError("已占用用户名的清单只能由直接上级下发，没有采用。")
    if set(body) - {"offered"} != {"taken", "freed"}:
        raise FileRefusedError(_MALFORMED)
    news = News(_names(body["taken"]), _names(body["freed"]), _offered(body.get("offered", {})))
    if len(news.taken) + len(news.freed) + len(news.offered) > MOST_NAMES:
        raise FileRefusedError(_MALFORMED)
    _write(session, own.id, origin_id, news.taken, news.freed)
    name_offers.keep(session, own.id, news.offered)
    facts = {"taken": len(news.taken), "freed": len(news.freed), "offered": len(news.offered)}
    audit.append(session, actor, "names.take", f"unit:{origin_id}", facts)
    return news


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and _is_name(name) for name in value):
        raise FileRefusedError(_MALFORMED)
    return tuple(value)


def _offered(value: Any) -> dict[str, str]:
    """Free names by account: the platform has to take them, and no two accounts get the same one."""
    if not isinstance(value, dict) or not all(0 < len(key) <= LONGEST and key.isprintable() for key in value):
        raise FileRefusedError(_MALFORMED)
    names = _names(list(value.values()))
    if not all(map(is_username, names)) or len(set(names)) < len(names):
        raise FileRefusedError(_MALFORMED)
    return dict(zip(value, names, strict=True))


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST and name.isprintable()


def _write(session: Session, unit_id: str, source_id: str, taken: Sequence[str], freed: Sequence[str]) -> None:
    c = t.taken_name.c
    shared = {"unit_id": unit_id, "source_id": source_id, "told_at": now_text()}
    if taken:
        rows = [{"username": name, **shared} for name in taken]
        session.execute(upsert(t.taken_name).on_conflict_do_nothing(), rows)
    for part in in_chunks(freed):
        session.execute(delete(t.taken_name).where(c.unit_id == unit_id, c.username.in_(part)))
