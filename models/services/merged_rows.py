"""Pupils and accounts of a unit that was merged into this one, entered with where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.units import Actor, Unit
from models.rules.naming import pinyin_keys
from models.services.change_log import in_chunks
from models.services.filing.applying import mark_filed
from models.services.records import TABLE_OF
from models.services.review_intake import check_row
from models.services.units import own_unit
from models.services.unreported import MERGED
from models.store import audit, bulk
from models.store import tables as t
from models.store.clock import now_text

_INSERT: Final = {STUDENTS: bulk.insert_students, ACCOUNTS: bulk.insert_accounts}
_STATUSES: Final = {STUDENTS: ("enrolled", "left"), ACCOUNTS: ("active", "disabled")}
_MALFORMED: Final = "转入的名册内容不合格式，未作处理。请上级升级程序后重新发送。"


def take(
    session: Session, actor: Actor, kind: str, closed: Unit, rows: Sequence[Mapping[str, Any]], digest: str
) -> int:
    """Enter rows {"id", "values", "status", "revision", "history"} as a batch; how many are new here.

    Changes of controlled fields made at the closed unit stand in the history of the pupil. Raises FileRefusedError.
    """
    if kind not in _INSERT:
        raise FileRefusedError(_MALFORMED)
    for row in rows:
        _check(row, kind)
    known = _known(session, kind, [row["id"] for row in rows])
    new = [row for row in rows if row["id"] not in known]
    source, own = f"“{closed.name}”并入时转来的名册", own_unit(session)
    batch = {
        "id": digest, "kind": kind, "unit_id": own.id, "source": source, "source_digest": digest, "rows_digest": digest,
        "count": len(new), "state": MERGED, "created_at": now_text(), "created_by": actor.name,
    }  # fmt: skip
    session.execute(insert(t.batch).values(**batch))
    keys = sorted({key for row in new for key in row["values"]})
    blank = dict.fromkeys(keys, "")
    shared = {"unit_id": own.id, "batch_id": digest, "updated_at": now_text(), "updated_by": actor.name}
    told = [{**blank, **r["values"], **shared, **{k: r[k] for k in ("id", "status", "revision")}} for r in new]
    _INSERT[kind](session, told, pinyin_keys)
    if kind == ACCOUNTS:  # the superior who tells them has them
        mark_filed(session, own.id, new)
    for row in new:
        for entry in row["history"]:
            body = {key: entry[key] for key in ("before", "after")}
            words = f"原在“{closed.name}”，变更 {entry['number']} 于 {entry['at'][:10]} 生效：{entry['reason']}"
            audit.append(session, actor, "roster.merged", f"{kind}:{row['id']}", {**body, "reason": words})
    facts = {"from": closed.id, "new": len(new), "known": len(rows) - len(new)}
    audit.append(session, actor, "roster.merged", f"batch:{digest}", facts)
    return len(new)


def _check(row: Mapping[str, Any], kind: str) -> None:
    check_row(row, kind)
    fits = row.get("status") in _STATUSES[kind] and type(row.get("revision")) is int and 0 < row["revision"] < 1 << 31
    history = row.get("history")
    if not fits or not isinstance(history, list) or not all(_is_entry(entry) for entry in history):
        raise FileRefusedError(_MALFORMED)


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("number", "at", "reason")):
        return False
    values = (entry.get("before"), entry.get("after"))
    return all(isinstance(one, dict) and all(isinstance(text, str) for text in one.values()) for one in values)


def _known(session: Session, kind: str, ids: Sequence[str]) -> set[str]:
    c = TABLE_OF[kind].c
    return {one for part in in_chunks(ids) for one in session.execute(select(c.id).where(c.id.in_(part))).scalars()}
