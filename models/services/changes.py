"""Change requests: the use cases in one place for the window, the command line and the packages.

Drafts are made and handed in (`change_drafts`), decided at the school (`approvals`) and looked at (`change_views`).
"""

from __future__ import annotations

from models.services.approvals import approve, refuse, return_, revoke
from models.services.change_drafts import (
    accounts_lost,
    attach,
    detach,
    propose,
    submit,
    submit_new,
    update_draft,
    withdraw,
)
from models.services.change_views import (
    ChangeDetail,
    ChangeQuery,
    ChangeSummary,
    EvidenceInfo,
    FieldDiff,
    TimelineEntry,
    count_changes,
    list_changes,
    pupils,
)
from models.services.change_views import get_change as get

__all__ = [
    "ChangeDetail",
    "ChangeQuery",
    "ChangeSummary",
    "EvidenceInfo",
    "FieldDiff",
    "TimelineEntry",
    "accounts_lost",
    "approve",
    "attach",
    "count_changes",
    "detach",
    "get",
    "list_changes",
    "propose",
    "pupils",
    "refuse",
    "return_",
    "revoke",
    "submit",
    "submit_new",
    "update_draft",
    "withdraw",
]
