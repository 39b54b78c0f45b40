"""Reporting the accounts that no list reports yet (A9-A11): one act, offered beside the accounts and the changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.fields import ACCOUNTS
from models.domain.units import reports_own
from ui.context import AppContext

if TYPE_CHECKING:
    from models.store.store import Session


def may_report(context: AppContext) -> bool:
    """Whether the person starts account lists of this unit."""
    unit = context.actor.unit
    return any(map(context.has, ACCOUNT_FILING.initiators)) and unit.line in ACCOUNT_FILING.lines and reports_own(unit)


def count_waiting(session: Session) -> int:
    """Accounts in use that no list reports yet."""
    from models.services.unreported import count_unreported

    return count_unreported(session, ACCOUNTS)


def report_accounts(context: AppContext, owner: QObject) -> None:
    """Make the draft of a list of all of them and show it, to be submitted there."""
    from models.services import changes

    context.write(
        changes.propose, context.actor, ACCOUNT_FILING.key, "", {}, "", owner=owner,
        done=lambda change: context.navigate("changes", change=change),
    )  # fmt: skip
