"""A filing from its first draft to what is signed: which accounts, in which period, of which kind (A9-A11, A13-A15)."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.filing import counts, counts_text, period_text
from models.domain.forms import KIND_LABELS, FilingKind
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.units import Actor
from models.services.change_log import OPEN_STATES
from models.services.change_writing import Draft, checked_reason, insert_drafts
from models.services.filing import calendar
from models.services.filing.rows import kind_now, rows_to_file
from models.services.permissions import require_initiator
from models.store import tables as t
from models.store.clock import now_text


def propose_filing(session: Session, actor: Actor, period: str = "", reason: str = "") -> str:
    """Draft the filing of all accounts that differ from what was last filed; the change's id.

    `period` YYYY-MM, by default that of the window which is open or was open last. Which accounts, and whether it is
    the first filing, is fixed when it is submitted. Raises NotAllowedError, DataFaultError for an unknown period,
    UserError when nothing is to be filed or a filing is under way: what goes up next is known when that is answered.
    """
    require_initiator(actor, ACCOUNT_FILING)
    number = under_way(session)
    if number:
        raise UserError(f"已有在办的账户备案 {number}，请先办结或撤回它，再办理下一次备案。")
    batch_id = new_id()
    head, label = head_now(session, period)
    draft = Draft(ACCOUNT_FILING, batch_id, label, {}, head, 0, checked_reason(reason), batch_id)
    batch = {
        "id": batch_id, "kind": f"baseline.{ACCOUNTS}", "unit_id": actor.unit.id, "source": label, "source_digest": "",
        "rows_digest": "", "count": 0, "state": "applied", "created_at": now_text(), "created_by": actor.name,
    }  # fmt: skip
    session.execute(insert(t.batch).values(batch))
    return insert_drafts(session, actor, [draft])[0]


def under_way(session: Session) -> str:
    """Number of the filing that is not ended yet, "" for none."""
    c = t.change.c
    query = select(c.number).where(c.kind == ACCOUNT_FILING.key, c.state.in_(OPEN_STATES))
    return session.execute(query).scalar() or ""


def head_now(session: Session, period: str = "") -> tuple[dict[str, str], str]:
    """What a filing of now says of itself, and its label. Raises UserError when there is nothing to file."""
    numbers = counts(row.act for row in rows_to_file(session))
    if not any(numbers.values()):
        raise UserError("没有需要备案的账户：自上次备案以来没有新增、禁用或更改的账户。")
    kind = kind_now(session)
    window = calendar.window_for(session, kind, period)
    head = {"period": window.period, "kind": kind.value, "as_of": calendar.moment(session)}
    return head, filing_label(window.period, kind, counts_text(numbers))


def filing_label(period: str, kind: FilingKind, numbers: str) -> str:
    """How a filing is named in lists: 2026年5月首次备案：新增 3 个."""
    return f"{period_text(period)}{KIND_LABELS[kind]}：{numbers}"


def renew(session: Session, change: Row[Any]) -> None:
    """What a draft says of itself as it stands now, before it is submitted. Raises UserError."""
    head, label = head_now(session, json.loads(change.after)["period"])
    values = {"after": canonical(head).decode(), "subject_label": label}
    session.execute(update(t.change).where(t.change.c.id == change.id).values(**values))
