"""A filing from its first draft to what is signed: which accounts, in which period, of which kind (A9-A11, A13-A15)."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.filing import Window, counts, counts_text, period_text
from models.domain.forms import KIND_LABELS, FilingKind
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.states import State
from models.domain.units import Actor
from models.services.change_log import OPEN_STATES
from models.services.change_writing import Draft, checked_reason, insert_drafts
from models.services.filing import calendar
from models.services.filing.rows import kind_now, rows_to_file
from models.services.permissions import require_initiator
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


def propose_filing(session: Session, actor: Actor, period: str = "", reason: str = "") -> str:
    """Draft the filing of all accounts that differ from what was last filed; the change's id.

    `period` YYYY-MM, by default that of the window which is open or was open last. Which accounts, and whether it is
    the first filing, is fixed when it is submitted. Raises NotAllowedError, DataFaultError for a period unknown or long
    past, UserError when nothing is to be filed or a filing is under way: what goes up next is known when that is
    answered.
    """
    require_initiator(actor, ACCOUNT_FILING)
    _refuse_second(session)
    batch_id = new_id()
    head, label = _head(session, calendar.present_window(session, kind_now(session), period))
    draft = Draft(ACCOUNT_FILING, batch_id, label, {}, head, 0, checked_reason(reason), batch_id)
    batch = {
        "id": batch_id, "kind": f"baseline.{ACCOUNTS}", "unit_id": actor.unit.id, "source": label, "source_digest": "",
        "rows_digest": "", "count": 0, "state": "applied", "created_at": now_text(), "created_by": actor.name,
    }  # fmt: skip
    session.execute(insert(t.batch).values(batch))
    return insert_drafts(session, actor, [draft])[0]


def _refuse_second(session: Session) -> None:
    change = _open_filing(session)
    if change is not None and change.state == State.DRAFT:
        period = period_text(json.loads(change.after)["period"])
        raise UserError(
            f"已有{period}的账户备案草稿 {change.number}：请提交它（change submit），或先改为另一次备案"
            "（filing propose --period 年-月），不要了可以撤回（change withdraw）。"
        )
    if change is not None:
        raise UserError(f"已有在办的账户备案 {change.number}，请先办结或撤回它，再办理下一次备案。")


def redate_filing(session: Session, actor: Actor, period: str, reason: str = "") -> str | None:
    """Let the draft that is there, e.g. one sent back, be of another period; its id, None when there is no draft.

    An empty `reason` leaves that of the draft. Raises NotAllowedError, DataFaultError, UserError like `propose_filing`.
    """
    require_initiator(actor, ACCOUNT_FILING)
    change = _open_filing(session)
    if change is None or change.state != State.DRAFT:
        return None
    head, label = _head(session, calendar.present_window(session, kind_now(session), period))
    values = {"after": canonical(head).decode(), "subject_label": label, "updated_at": now_text()}
    values |= {"reason": checked_reason(reason)} if reason else {}
    session.execute(update(t.change).where(t.change.c.id == change.id).values(**values))
    audit.append(session, actor, "change.edit", f"change:{change.number}", {"fields": ["period"]})
    return str(change.id)


def under_way(session: Session) -> str:
    """Number of the filing that is not ended yet, "" for none."""
    change = _open_filing(session)
    return change.number if change is not None else ""


def _open_filing(session: Session) -> Row[Any] | None:
    c = t.change.c
    query = select(t.change).where(c.kind == ACCOUNT_FILING.key, c.state.in_(OPEN_STATES))
    return session.execute(query).first()


def _head(session: Session, window: Window) -> tuple[dict[str, str], str]:
    """What a filing of now says of itself, and its label. Raises UserError when there is nothing to file."""
    numbers = counts(row.act for row in rows_to_file(session))
    if not any(numbers.values()):
        raise UserError("没有需要备案的账户：自上次备案以来没有新增、禁用或更改的账户。")
    kind = kind_now(session)
    head = {"period": window.period, "kind": kind.value, "as_of": calendar.moment(session)}
    return head, filing_label(window.period, kind, counts_text(numbers))


def filing_label(period: str, kind: FilingKind, numbers: str) -> str:
    """How a filing is named in lists: 2026年5月首次备案：新增 3 个."""
    return f"{period_text(period)}{KIND_LABELS[kind]}：{numbers}"


def renew(session: Session, change: Row[Any]) -> None:
    """What a draft says of itself as it stands now, before it is submitted. Raises UserError."""
    window = calendar.window_for(session, kind_now(session), json.loads(change.after)["period"])
    head, label = _head(session, window)
    values = {"after": canonical(head).decode(), "subject_label": label}
    session.execute(update(t.change).where(t.change.c.id == change.id).values(**values))
