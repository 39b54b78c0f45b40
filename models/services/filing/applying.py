"""A filing that was accepted: in the copy of the tier above, and at the unit that filed (A9-A11, A13-A15)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.filing import Act
from models.domain.signing import canonical_plain
from models.domain.units import Actor
from models.rules.naming import pinyin_keys
from models.services.baseline import frozen_lines
from models.services.change_log import in_chunks
from models.services.records import KEYS_OF
from models.store import audit, bulk, search
from models.store import tables as t
from models.store.clock import now_text

_FILED: Final = "UPDATE account SET filed_status = ?, filed_revision = ? WHERE id = ? AND unit_id = ?"


def apply_filing(
    session: Session, actor: Actor, unit_id: str, item: Mapping[str, Any], parts: Iterable[Sequence[dict[str, Any]]]
) -> list[str]:
    """Bring an accepted filing of a unit into this tier's copy; ids of the accounts it touched.

    Each account is what the newest revision of its unit says of it: a filing that arrives late, or was drawn up before
    an order from above was carried out, changes nothing that is newer. An account another unit holds stays with it.
    """
    touched: list[str] = []
    acts: Counter[str] = Counter()
    for part in parts:
        rows = list({entry["id"]: entry for entry in part}.values())  # the last word on each
        touched += take_accounts(session, actor, unit_id, rows, item["after"]["as_of"])
        note_filed(session, item, unit_id, rows)
        acts.update(entry["act"] for entry in rows)
    body = {"period": item["after"]["period"], **acts, "rows_digest": item["batch"]["rows_digest"]}
    audit.append(session, actor, "filing.accept", f"unit:{unit_id}", body)
    return touched


def take_accounts(
    session: Session,
    actor: Actor,
    unit_id: str,
    rows: Sequence[Mapping[str, Any]],
    as_of: str = "",
    *,
    filed: bool = True,
) -> list[str]:
    """Write accounts of a unit as entries of a filing say, the newer revision holding; ids of those written.

    `as_of`: when they stood so (UTC text, now by default); `filed`: whether the tier above has taken them so.
    """
    known = _known(session, [entry["id"] for entry in rows])
    now = now_text()
    shared, as_of = {"unit_id": unit_id, "updated_at": now, "updated_by": actor.name}, as_of or now
    new = [entry for entry in rows if entry["id"] not in known]
    told = [{**_row(entry, as_of), **shared, "id": entry["id"], "person_id": entry["id"]} for entry in new]
    bulk.insert_accounts(session, told, pinyin_keys)
    again = [entry for entry in rows if entry["id"] in known and _is_newer(entry, unit_id, *known[entry["id"]])]
    for entry in again:
        values = {**_row(entry, as_of), **shared}
        session.execute(update(t.account).where(t.account.c.id == entry["id"]).values(**values))
    if filed:
        mark_filed(session, unit_id, rows)
    search.index(session, ACCOUNTS, [entry["id"] for entry in again], pinyin_keys)
    return [entry["id"] for entry in (*new, *again)]


def _is_newer(entry: Mapping[str, Any], unit_id: str, holder_id: str, revision: int) -> bool:
    return holder_id == unit_id and bool(entry["revision"] >= revision)


def _row(entry: Mapping[str, Any], as_of: str) -> dict[str, str | int]:
    """Every field of the account (empty ones do not travel), and how it stands."""
    return {
        **{key: entry["values"].get(key, "") for key in KEYS_OF[ACCOUNTS]},
        "status": entry["status"], "revision": entry["revision"],
        "disabled_at": as_of if entry["status"] == "disabled" else "",
    }  # fmt: skip


def _known(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    c = t.account.c
    return {
        row.id: (row.unit_id, row.revision)
        for part in in_chunks(ids)
        for row in session.execute(select(c.id, c.unit_id, c.revision).where(c.id.in_(part)))
    }


def filed_entries(session: Session, unit_id: str) -> Iterator[dict[str, Any]]:
    """The accounts of a unit as this tier has them, as entries of a filing: what a unit without memory is told."""
    c, keys = t.account.c, KEYS_OF[ACCOUNTS]
    query = select(c.id, c.status, c.revision, *(c[key] for key in keys)).where(c.unit_id == unit_id)
    for row_id, status, revision, *values in session.execute(query.order_by(c.id)):
        act = Act.DISABLED if status == "disabled" else Act.ADDED
        yield {"id": row_id, "values": dict(zip(keys, values, strict=True)), "status": status, "act": act.value,
               "revision": revision}  # fmt: skip


def note_filed(session: Session, item: Mapping[str, Any], unit_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the accounts of a filing (its `id` and `after` are looked at) as they stood in it."""
    head = item["after"]
    shared = {"change_id": item["id"], "unit_id": unit_id, "period": head["period"], "kind": head["kind"],
              "filed_at": head["as_of"]}  # fmt: skip
    told = [
        {**shared, "account_id": entry["id"], "act": entry["act"], "body": canonical_plain(entry["values"]).decode()}
        for entry in rows
    ]
    if told:
        session.execute(upsert(t.filed_account).on_conflict_do_nothing(), told)


def mark_filed(session: Session, unit_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Accounts of a unit are filed as these rows say; what was changed since is filed next time."""
    filed = [(entry["status"], entry["revision"], entry["id"], unit_id) for entry in rows]
    if filed:
        session.connection().exec_driver_sql(_FILED, filed)


def forget_filed(session: Session, actor: Actor) -> None:
    """The tier above has nothing of what was filed any more: all own accounts are to be filed again."""
    c = t.account.c
    session.execute(update(t.account).where(c.unit_id == actor.unit.id).values(filed_status="", filed_revision=0))
    audit.append(session, actor, "filing.forget", f"unit:{actor.unit.id}", {})


def note_accepted(session: Session, actor: Actor | None, change: Row[Any]) -> None:
    """At the unit that filed: its accounts are filed as they stood in the filing the receipt accepted."""
    item = {"id": change.id, "after": json.loads(change.after)}
    rows = [json.loads(line) for line in frozen_lines(session, change.id)]
    mark_filed(session, change.unit_id, rows)
    note_filed(session, item, change.unit_id, rows)
    body = {"period": item["after"]["period"], "rows": len(rows)}
    audit.append(session, actor, "filing.accepted", f"change:{change.number}", body)
