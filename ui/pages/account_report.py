"""Filing the accounts that differ from what was last filed (A9-A11): one act, beside the accounts and the changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.units import reports_own
from ui.context import AppContext

if TYPE_CHECKING:
    from models.store.store import Session


def may_report(context: AppContext) -> bool:
    """Whether the person starts account lists of this unit."""
    unit = context.actor.unit
    return any(map(context.has, ACCOUNT_FILING.initiators)) and unit.line in ACCOUNT_FILING.lines and reports_own(unit)


def count_waiting(session: Session) -> int:
    """Accounts of this unit that differ from what was last filed; none while a filing is under way."""
    from models.services.filing.proposing import under_way
    from models.services.filing.rows import rows_to_file

    return 0 if under_way(session) else sum(1 for _ in rows_to_file(session))


def report_accounts(context: AppContext) -> None:
    """Show the filing of all of them, to be handed in there."""
    context.navigate("filing", change="")
