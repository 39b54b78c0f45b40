"""Packages of this unit as the page shows them: how far each is, what it waits for, what has to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.change_kinds import CHANGE_KIND
from models.domain.states import State
from models.domain.units import Tier, reports_own
from models.services import changes, matters, outgoing, reported, review
from models.services.outgoing import Waiting
from models.services.units import own_unit, unit_name
from sync.packages.outbox import list_packages
from sync.transport.deliveries import Delivery, deliveries, handed_word
from sync.trust.identity import superior_of
from ui.moments import days_since
from ui.pages.package_steps import Step, steps_in, steps_out

KIND_WORDS = {
    "changes": "变更与名册",
    "report": "汇总上报",
    "evidence": "证明材料",
    "receipt": "回执",
    "policy": "政策",
    "messages": "往来函件",
}


@dataclass(frozen=True)
class Package:
    """One package with what belongs to it. `states`: its changes (out) or items (in) by state."""

    row: Mapping[str, Any]
    partner: str
    states: Mapping[str, int]
    contents: tuple[tuple[str, int], ...] = ()
    steps: tuple[Step, ...] = ()
    deliveries: tuple[Delivery, ...] = ()

    @property
    def id(self) -> str:
        """The package's id."""
        return str(self.row["id"])

    @property
    def out(self) -> bool:
        """Whether this unit sent it."""
        return bool(self.row["direction"] == "out")

    @property
    def returned(self) -> int:
        """Items the tier above gave back for correction."""
        return self.states.get(State.DRAFT, 0) if self.out else 0

    @property
    def look(self) -> str:
        """The state to show (a key of tokens.STATE_LOOK)."""
        if self.returned:
            return "return"
        return str(self.row["state"])

    @property
    def handed(self) -> str:
        """How a package that left this program is called: 已送达 on a stick, 已写出 in a folder."""
        return handed_word(self.row)

    @property
    def is_done_here(self) -> bool:
        """Whether it was taken in and asks for nothing more (a receipt, evidence, a policy)."""
        return not self.out and self.row["purpose"] != "changes" and self.row["state"] == "answered"

    @property
    def progress(self) -> tuple[int, int, bool]:
        """Steps done, steps in all, and whether the last one failed."""
        done = sum(step.state in ("done", "bad") for step in self.steps)
        return done, len(self.steps), any(step.state == "bad" for step in self.steps)

    @property
    def needs_act(self) -> bool:
        """Whether somebody here has to do something with it."""
        state = self.row["state"]
        if self.out:
            return state in ("sealed", "refused") or bool(self.returned)
        return state in ("held", "opened", "reviewed") or (state == "refused" and self.row["purpose"] != "receipt")


@dataclass(frozen=True)
class Book:
    """Everything the page needs at once."""

    packages: tuple[Package, ...] = ()
    waiting: Waiting = field(default_factory=lambda: Waiting({}, 0))
    superior: str = ""
    upper: bool = False
    reports: bool = True
    to_review: int = 0
    to_report: int = 0

    def outgoing(self) -> list[Package]:
        """Packages sent."""
        return [p for p in self.packages if p.out]

    def incoming(self) -> list[Package]:
        """Packages received."""
        return [p for p in self.packages if not p.out]

    def to_do(self) -> list[Package]:
        """Packages that need an act here."""
        return [p for p in self.packages if p.needs_act]


def read_book(session: Any) -> Book:
    """Read the packages of this unit and what waits to be sealed."""
    unit = own_unit(session)
    superior = superior_of(session)
    found = []
    for row in list_packages(session):
        out = row["direction"] == "out"
        partner = unit_name(session, row["audience_id"] if out else row["issuer_id"])
        parts = reported.parts_of(session, row["id"]) if row["purpose"] == "report" else []
        states, contents = (
            _contents(session, row) if row["purpose"] == "changes" else ({}, _listed(session, row, parts))
        )
        steps = steps_out(row, partner, states) if out else steps_in(row, partner, states, parts)
        handed = tuple(deliveries(session, row["id"])) if out else ()
        found.append(Package(row, partner, states, contents, steps, handed))
    upper = unit.tier is not Tier.SCHOOL
    to_review = review.count_items(session).get("in_review", 0) if upper else 0
    name = superior.name if superior else ""
    to_report = reported.count_waiting(session) if superior else 0
    return Book(tuple(found), outgoing.waiting(session), name, upper, reports_own(unit), to_review, to_report)


def _listed(session: Any, row: Mapping[str, Any], parts: Sequence[reported.Reported]) -> tuple[tuple[str, int], ...]:
    """What a report or a package with letters holds: its schools, or kinds of letters."""
    if row["purpose"] == "messages" and row["direction"] == "out":
        return tuple(matters.kinds_sent(session, row["id"]))
    return tuple(
        (f"{one.unit_name}（没有接收：{one.fault}）" if one.fault else one.unit_name, one.items) for one in parts
    )


def _contents(session: Any, row: Mapping[str, Any]) -> tuple[dict[str, int], tuple[tuple[str, int], ...]]:
    items: Sequence[changes.ChangeSummary | review.ReviewItem]
    if row["direction"] == "out":
        items = changes.list_changes(session, changes.ChangeQuery(package_id=row["id"], limit=100_000))
    else:
        items = review.list_items(session, review.ReviewQuery(package_id=row["id"], limit=100_000))
    kinds = Counter(item.kind for item in items)
    contents = tuple((CHANGE_KIND[kind].label, number) for kind, number in kinds.items())
    return dict(Counter(item.state for item in items)), contents


def oldest_days(packages: Sequence[Package]) -> int:
    """Days since the oldest of these was last handled."""
    return max((days_since(str(p.row["handled_at"])) for p in packages), default=0)
