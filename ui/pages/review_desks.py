"""What there is to decide and who may: the head decides on what the own unit reports, the registrar of a tier above on
what came from below (E1, E2; A8-A11)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from models.domain.change_kinds import ACCOUNT_CREATE, CHANGE_KIND, KEY_FIELD
from models.domain.signing import Signer
from models.domain.states import STATE_LABELS, State, Verdict
from models.domain.units import ROLE_LABELS, TIER_LABELS, Actor, Role, Tier, reports_own
from models.services import changes, operators, review
from models.services.accounts.checks import row_marks
from models.services.baseline import frozen_lines
from models.services.change_checks import Check
from models.services.change_views import EvidenceInfo, FieldDiff, TimelineEntry
from models.services.policies import effective
from models.services.records import COUNTED
from ui.moments import moment
from ui.pages.baseline_list import BaselineRows, baseline_rows
from ui.pages.decision_queue import QueueEntry

ALL_ROWS = 1_000_000


@dataclass(frozen=True)
class Decision:
    """What a person said of one entry."""

    verdict: Verdict
    opinion: str


@dataclass(frozen=True)
class Matter:
    """One entry in full, wherever it comes from. `may`: the verdicts this person can give; `instead`: who decides when
    none is possible; `lines`: what it is in words when it changes no fields."""

    id: str
    kind: str
    title: str
    subject: str
    caption: str
    diffs: tuple[FieldDiff, ...]
    lines: tuple[str, ...]
    checks: tuple[Check, ...]
    origin: Mapping[str, tuple[str, ...]]
    policy_version: int
    timeline: tuple[TimelineEntry, ...]
    next_step: str
    evidence: tuple[EvidenceInfo, ...]
    may: frozenset[Verdict] = frozenset()
    instead: str = ""
    decided: Decision | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Desk(Protocol):
    """Reads of a desk; each runs inside a reading transaction. `collects`: its verdicts are signed together."""

    collects: bool

    def queue(self, session: Any, actor: Actor) -> list[QueueEntry]:
        """What waits, in the order it came."""

    def matter(self, session: Any, actor: Actor, entry_id: str) -> Matter:
        """One entry in full."""


class OwnDesk:
    """Pending changes of the own unit; a head decides, nobody his own."""

    collects = True

    def queue(self, session: Any, actor: Actor) -> list[QueueEntry]:
        """Pending changes, the longest waiting first."""
        found = changes.list_changes(session, changes.ChangeQuery(states=(State.PENDING.value,)))
        return [
            QueueEntry(
                c.id, short_title(c.summary), c.subject_label, f"发起 {c.initiator_name}", c.updated_at,
                self._mine(c, actor),
            )
            for c in sorted(found, key=lambda c: (c.updated_at, c.number))
        ]  # fmt: skip

    @staticmethod
    def _mine(change: changes.ChangeSummary, actor: Actor) -> bool:
        return change.initiator_id == actor.person_id

    def matter(self, session: Any, actor: Actor, entry_id: str) -> Matter:
        """A pending change with the checks of this moment."""
        detail = changes.get(session, entry_id, actor)
        change = detail.summary
        may = frozenset(
            verdict
            for verdict, act in (
                (Verdict.ACCEPT, "approve"), (Verdict.RETURN, "return_"), (Verdict.REFUSE, "refuse"),
            )
            if act in detail.allowed and not self._mine(change, actor)
        )  # fmt: skip
        reason = f"理由：{detail.reason}" if detail.reason else ""
        at = moment(change.created_at)
        return Matter(
            change.id, change.kind, short_title(change.summary), change.subject_label,
            " · ".join(part for part in (change.number, f"{change.initiator_name} {at} 发起", reason) if part),
            detail.diffs, lines_of(change.kind_label, change.subject_label, detail.diffs), detail.checks, detail.origin,
            detail.policy_version, detail.timeline, detail.next_step, detail.evidence, may,
            "" if may else self._instead(session, change, actor), None, self._extra(session, change),
        )  # fmt: skip

    @staticmethod
    def _extra(session: Any, change: changes.ChangeSummary) -> dict[str, Any]:
        """The pupils or accounts of a batch, as they were handed in; of new accounts what the head should look at."""
        kind = CHANGE_KIND[change.kind].subjects
        rows = [json.loads(line) for line in frozen_lines(session, change.id)] if kind else []
        asked = [(one["id"], one["values"]) for one in rows] if change.kind == ACCOUNT_CREATE.key else []
        return {"rows": baseline_rows(kind, rows, row_marks(session, asked))} if kind else {}

    @staticmethod
    def _instead(session: Any, change: changes.ChangeSummary, actor: Actor) -> str:
        if change.state != State.PENDING:
            return f"这项变更现在是“{STATE_LABELS[State(change.state)]}”，不用再核办。"
        heads = [
            person.name
            for person in operators.list_operators(session)
            if Role.HEAD in person.roles and person.state != "disabled" and person.person_id != actor.person_id
        ]
        names = "、".join(heads)
        return f"由他人核办：{names}" if names else "本单位还没有其他主管领导，请系统管理员先添加一位再核办。"


class BureauDesk:
    """Items of packages from below; the registrar decides, the head looks (E2)."""

    collects = False

    def __init__(self, package_id: str = "") -> None:
        self.package_id = package_id

    def queue(self, session: Any, actor: Actor) -> list[QueueEntry]:
        """Items no receipt has answered, in the order they came; decided ones carry their verdict."""
        items = review.list_items(session, review.ReviewQuery(package_id=self.package_id, open_only=True))
        return [
            QueueEntry(
                i.id, short_title(i.summary), f"{i.subject_label} · {i.unit_name}", "", i.created, False,
                Verdict(i.state) if i.state in {v.value for v in Verdict} else None,
            )
            for i in items
            if i.state != "withdrawn"
        ]  # fmt: skip

    def matter(self, session: Any, actor: Actor, entry_id: str) -> Matter:
        """A received item, compared with what this tier has of the pupil."""
        detail = review.get_item(session, entry_id)
        item = detail.item
        checks = [Check("fault", text) for text in detail.blockers]
        checks += [Check("note", text) for text in (*detail.conflicts, *detail.notes)]
        if detail.own_copy is not None and not detail.conflicts:
            checks.append(Check("ok", "变更前的值与本级登记一致"))
        if detail.approved_by:
            text = f"{item.unit_name}由{detail.approved_by}于 {moment(detail.approved_at)} 签名批准"
            checks.append(Check("ok", f"{text}，与发起人{detail.initiator}不是同一人"))
        may = (
            frozenset(Verdict)
            if actor.has(Role.REGISTRAR) and item.state != "withdrawn" and not item.answered
            else None
        )
        if may and detail.blockers:
            may -= {Verdict.ACCEPT}
        decided = Verdict(item.state) if item.state in {v.value for v in Verdict} else None
        reason = f"理由：{detail.reason}" if detail.reason else ""
        kind = CHANGE_KIND[item.kind].subjects
        rows = (f"共 {detail.rows:,} {COUNTED[kind]}",) if kind else ()
        origin = effective(session).origin
        listed = baseline_rows(kind, review.rows_of_item(session, item.id, 0, ALL_ROWS)) if kind else BaselineRows()
        return Matter(
            item.id, item.kind, short_title(item.summary), item.subject_label,
            " · ".join(part for part in (item.number, item.unit_name, f"{detail.initiator} 发起", reason) if part),
            detail.diffs, lines_of(item.kind_label, item.subject_label, detail.diffs) + rows, tuple(checks),
            {diff.field: origin.get(diff.field, ()) for diff in detail.diffs},
            detail.policy_version, _bureau_timeline(detail, actor), "", detail.evidence, may or frozenset(),
            "" if may else f"由{ROLE_LABELS[Role.REGISTRAR]}核办，主管领导可以查看。",
            Decision(decided, item.opinion) if decided else None, {"package": item.package_id, "rows": listed},
        )  # fmt: skip


def short_title(summary: str) -> str:
    """A change of a pupil by its fields: 关键信息变更：身份证件号 is 身份证件号变更; others by what they are."""
    kind, colon, fields = summary.partition("：")
    return f"{fields}变更" if colon and kind == KEY_FIELD.label else kind


def lines_of(kind: str, subject: str, diffs: Sequence[FieldDiff]) -> tuple[str, ...]:
    """What a change without fields is about."""
    return () if diffs else (f"{kind}：{subject}",)


def _bureau_timeline(detail: review.ReviewDetail, actor: Actor) -> tuple[TimelineEntry, ...]:
    item, tier = detail.item, TIER_LABELS[actor.unit.tier]
    words = f"{tier}核办：{item.state_label}" if item.decided_by else f"{tier}核办"
    here = TimelineEntry(
        item.decided_at, actor.unit.name, item.decided_by, words, item.opinion, bool(item.decided_by)
    )  # fmt: skip
    return (
        TimelineEntry(item.created, item.unit_name, detail.initiator, "发起变更申请", "", True),
        TimelineEntry(
            detail.approved_at, item.unit_name, detail.approved_by, "本单位批准并签名", "", bool(detail.approved_by)
        ),
        here,
        TimelineEntry("", "", "", "完成核办，随回执送回后生效", "", item.answered),
    )


def carry_out(session: Any, actor: Actor, signer: Signer | None, decisions: Mapping[str, Decision]) -> int:
    """All decisions of a school's queue in one transaction: returns, refusals, then approvals by equal opinion.

    Approvals need the signer (decision 3). The number of approved changes.
    """
    for entry_id, decision in decisions.items():
        if decision.verdict is Verdict.RETURN:
            changes.return_(session, actor, [entry_id], decision.opinion)
        elif decision.verdict is Verdict.REFUSE:
            changes.refuse(session, actor, [entry_id], decision.opinion)
    by_opinion: dict[str, list[str]] = {}
    for entry_id, decision in decisions.items():
        if decision.verdict is Verdict.ACCEPT:
            by_opinion.setdefault(decision.opinion, []).append(entry_id)
    for opinion, ids in by_opinion.items():
        if signer is None:
            raise ValueError("approving needs a signer")
        changes.approve(session, actor, signer, ids, opinion)
    return sum(map(len, by_opinion.values()))


def desks_of(actor: Actor) -> dict[str, Desk]:
    """The desks of the person's unit by name, the one this person decides at first."""
    desks: dict[str, Desk] = {"own": OwnDesk()}
    if actor.unit.tier is Tier.SCHOOL:
        return desks
    received: dict[str, Desk] = {"received": BureauDesk()}
    first = actor.has(Role.HEAD) and reports_own(actor.unit)  # others decide at home on accounts only
    return desks | received if first else received | desks
