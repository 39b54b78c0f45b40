"""What the form of a change starts from and what becomes of it: reads and writes inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from models.domain.change_kinds import KEY_FIELD
from models.domain.fields import STUDENTS
from models.services import changes, roster
from models.services.checking import controlled_fields
from models.services.policies import effective
from models.services.roster import Row
from ui.pages.evidence_box import Exhibit


@dataclass(frozen=True)
class Opened:
    """What the form starts from."""

    row: Row
    controlled: frozenset[str]
    origin: dict[str, tuple[str, ...]]
    policy_version: int
    detail: changes.ChangeDetail | None
    exhibits: tuple[Exhibit, ...]


def open_form(session: Any, subject_id: str, change_id: str) -> Opened:
    """Read the pupil and the draft with its evidence; thumbnails are drawn later."""
    detail = changes.get(session, change_id) if change_id else None
    pupil = roster.get(session, STUDENTS, detail.summary.subject_id if detail else subject_id)
    policy = effective(session)
    exhibits = []
    for info in detail.evidence if detail else ():
        exhibits.append(Exhibit(info.name, info.size, 0, info.kind, b"", info.digest))
    return Opened(pupil, controlled_fields(session), dict(policy.origin), policy.version, detail, tuple(exhibits))


@dataclass(frozen=True)
class Filled:
    """What is to be kept: changed values, reason, files."""

    subject_id: str
    change_id: str
    values: dict[str, str]
    reason: str
    exhibits: tuple[Exhibit, ...]
    kept: tuple[Exhibit, ...]


def keep(session: Any, actor: Any, filled: Filled, submit: bool) -> tuple[str, tuple[Exhibit, ...]]:
    """Write the draft, and hand it in when asked, in one transaction; its id and its files as they are kept now."""
    change_id = filled.change_id
    if change_id:
        changes.update_draft(session, actor, change_id, filled.values, filled.reason)
    else:
        change_id = changes.propose(session, actor, KEY_FIELD.key, filled.subject_id, filled.values, filled.reason)
    wanted = {(one.digest, one.kind) for one in filled.exhibits if one.digest}
    for one in filled.kept:
        if (one.digest, one.kind) not in wanted:
            changes.detach(session, actor, change_id, one.digest)
    kept = []
    for one in filled.exhibits:
        digest = one.digest
        if one.file is not None:
            file = one.file
            digest = changes.attach(session, actor, change_id, one.name, file.data, file.media_type, one.kind)
        kept.append(Exhibit(one.name, one.size, one.pages, one.kind, one.thumbnail, digest, one.file))
    if submit:
        changes.submit(session, actor, change_id)
    return change_id, tuple(kept)
