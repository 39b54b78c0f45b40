"""Packages of this unit as the page shows them: how far each is, what it waits for, what has to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.domain.change_kinds import CHANGE_KIND
from models.domain.states import State
from models.domain.units import Tier, reports_own
from models.services import changes, outgoing, review
from models.services.outgoing import Waiting
from models.services.units import own_unit, unit_name
from sync.identity import superior_of
from sync.outbox import list_packages
from sync.transport.deliveries import Delivery, deliveries
from sync.transport.removable import WRITTEN
from ui.moments import days_since, moment

USUAL_DAYS, REMIND_DAYS = 4, 7
"""How long a receipt usually takes, and after how many days the page says so."""
KIND_WORDS = {
    "changes": "变更与名册",
    "report": "汇总上报",
    "evidence": "证明材料",
    "receipt": "回执",
    "policy": "政策",
}
STEPS_IN = ("已收到", "已核对", "已核办", "生成回执", "送回回执")


@dataclass(frozen=True)
class Step:
    """One step of a package's way. `state`: done, now, todo or bad."""

    state: str
    icon: str
    title: str
    side: str
    text: str


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

    def outgoing(self) -> list[Package]:
        """Packages sent."""
        return [p for p in self.packages if p.out]

    def incoming(self) -> list[Package]:
        """Packages received."""
        return [p for p in self.packages if not p.out]

    def to_do(self) -> list[Package]:
        """Packages that need an act here."""
        return [p for p in self.packages if p.needs_act]


def handed_word(row: Mapping[str, Any]) -> str:
    """已写出 while the file lies in a folder, 已送达 once it is on a stick and was read back."""
    return WRITTEN if str(row["note"]).startswith(WRITTEN) else "已送达"


def read_book(session: Any) -> Book:
    """Read the packages of this unit and what waits to be sealed."""
    unit = own_unit(session)
    superior = superior_of(session)
    found = []
    for row in list_packages(session):
        out = row["direction"] == "out"
        partner = unit_name(session, row["audience_id"] if out else row["issuer_id"])
        states, contents = _contents(session, row) if row["purpose"] == "changes" else ({}, ())
        steps = _steps_out(row, partner, states) if out else _steps_in(row, partner, states)
        handed = tuple(deliveries(session, row["id"])) if out else ()
        found.append(Package(row, partner, states, contents, steps, handed))
    upper = unit.tier is not Tier.SCHOOL
    to_review = review.count_items(session).get("in_review", 0) if upper else 0
    name = superior.name if superior else ""
    return Book(tuple(found), outgoing.waiting(session), name, upper, reports_own(unit), to_review)


def _contents(session: Any, row: Mapping[str, Any]) -> tuple[dict[str, int], tuple[tuple[str, int], ...]]:
    items: Sequence[changes.ChangeSummary | review.ReviewItem]
    if row["direction"] == "out":
        items = changes.list_changes(session, changes.ChangeQuery(package_id=row["id"], limit=100_000))
    else:
        items = review.list_items(session, review.ReviewQuery(package_id=row["id"], limit=100_000))
    kinds = Counter(item.kind for item in items)
    contents = tuple((CHANGE_KIND[kind].label, number) for kind, number in kinds.items())
    return dict(Counter(item.state for item in items)), contents


def _steps_out(row: Mapping[str, Any], partner: str, states: Mapping[str, int]) -> tuple[Step, ...]:
    state, at = row["state"], moment(row["created_at"])
    is_receipt = row["purpose"] == "receipt"
    first = (
        Step("done", "rubber-stamp", "已核办", "", "已对收到的事项作出决定"),
        Step("done", "writing", "已签名", at, "学籍管理员签名"),
    ) if is_receipt else (
        Step("done", "pencil", "草稿", "", "由学籍管理员发起"),
        Step("done", "rubber-stamp", "已批准", "", "主管领导已签名批准"),
    )  # fmt: skip
    sealed = Step("done", "package", "已打包", at, f"第 {row['sequence']} 号，签名并加密给{partner}")
    delivered = state in ("delivered", "receipted", "refused")
    when = moment(row["handled_at"]) if state == "delivered" else ""
    handed = Step("done", "send", handed_word(row), when, row["note"] or "已交出")
    waiting = Step("now", "send", "待送达", "写入 U 盘或文件夹", "写入后自动校验，并生成交接单")
    return (*first, sealed, handed if delivered else waiting, _answer(row, partner, states))


def _answer(row: Mapping[str, Any], partner: str, states: Mapping[str, int]) -> Step:
    """The last step of a package sent."""
    state, at = row["state"], moment(row["handled_at"])
    if state == "refused":
        return Step("bad", "file-x", "被拒收", at, row["note"] or "上级没有接收，事项已恢复为已批准")
    if state == "receipted":
        returned = states.get(State.DRAFT, 0)
        if returned:
            return Step("bad", "arrow-back-up", "有退回", at, f"{returned} 项须补正后重新提交")
        words = f"{sum(states.values())} 项已答复" if states else "对方已收到"
        return Step("done", "receipt", "已回执", at, words)
    if state != "delivered":
        return Step("todo", "receipt", "待回执", partner, f"通常 {USUAL_DAYS} 天内；第 {REMIND_DAYS} 天提醒你")
    days = days_since(row["handled_at"])
    late = f"已等 {days} 天，可以联系对方确认" if days >= REMIND_DAYS else f"已等 {days} 天，通常 {USUAL_DAYS} 天内"
    late = late if days else f"今天交出，通常 {USUAL_DAYS} 天内"
    return Step("now", "receipt", "待回执", partner, late)


def _steps_in(row: Mapping[str, Any], partner: str, states: Mapping[str, int]) -> tuple[Step, ...]:
    state, at = row["state"], moment(row["handled_at"])
    came = Step("done", "inbox", "已收到", moment(row["created_at"]), f"来自{partner}")
    if state == "held":
        gap = "前面还缺别的包，已暂存，收到后自动处理"
        return came, Step("now", "hourglass", "暂存", at, gap), *_to_come(2)
    if state == "refused":
        text = row["note"] or "没有接收"
        return came, Step("bad", "file-x", "没有接收", at, text), *_to_come(2)
    verified = Step("done", "shield-check", "已核对", "", "签名、收件单位和顺序都正确")
    if row["purpose"] != "changes":
        return came, verified, Step("done", "circle-check", "已处理", at, row["note"] or "内容已写入")
    waiting = states.get("in_review", 0)
    decided = sum(states.values()) - waiting
    answered = state == "answered"
    review_ = Step("done", "rubber-stamp", "已核办", "", f"{decided} 项已核办")
    if waiting and not answered:
        review_ = Step("now", "rubber-stamp", "待核办", "", f"还有 {waiting} 项，已核办 {decided} 项")
    made = Step("done", "receipt", "已生成回执", at, "见“发出”中的回执") if answered else Step(
        "todo" if waiting else "now", "receipt", "生成回执", "", "核办完由学籍管理员签名"
    )  # fmt: skip
    back = Step("now" if answered else "todo", "send", "送回回执", partner, "写入 U 盘交给对方")
    return came, verified, review_, made, back


def _to_come(done: int) -> tuple[Step, ...]:
    return tuple(Step("todo", "circle-dashed", title, "", "") for title in STEPS_IN[done:])


def oldest_days(packages: Sequence[Package]) -> int:
    """Days since the oldest of these was last handled."""
    return max((days_since(str(p.row["handled_at"])) for p in packages), default=0)
