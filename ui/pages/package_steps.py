"""The way of a package as a line of steps, by what it carries: changes, reports, letters, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.domain.states import State
from models.services.reported import Reported
from sync.transport.deliveries import handed_word
from ui.moments import days_since, moment

USUAL_DAYS, REMIND_DAYS = 4, 7
"""How long a receipt usually takes, and after how many days the page says so."""
STEPS_IN = ("已收到", "已核对", "已核办", "生成回执", "送回回执")


@dataclass(frozen=True)
class Step:
    """One step of a package's way. `state`: done, now, todo or bad."""

    state: str
    icon: str
    title: str
    side: str
    text: str


_FIRST = {
    "changes": (("pencil", "草稿", "由学籍管理员发起"), ("rubber-stamp", "已批准", "主管领导已签名批准")),
    "receipt": (("rubber-stamp", "已核办", "已对收到的事项作出决定"), ("writing", "已签名", "学籍管理员签名")),
    "report": (
        ("rubber-stamp", "已核办", "下级报来、核办通过的事项"),
        ("stack-2", "已汇总", "附核办回执，学籍管理员签名"),
    ),
    "messages": (("pencil", "已写成", "见“往来”"), ("writing", "已签名", "经办人或单位签名")),
}
"""The first two steps by what a package carries: icon, title, words."""


def steps_out(row: Mapping[str, Any], partner: str, states: Mapping[str, int]) -> tuple[Step, ...]:
    """The steps of a package sent."""
    state, at = row["state"], moment(row["created_at"])
    icons_words = _FIRST.get(row["purpose"], _FIRST["changes"])
    first = tuple(Step("done", icon, title, "", text) for icon, title, text in icons_words)
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
        again = "上级没有接收，随下一次汇总再报" if row["purpose"] == "report" else "上级没有接收，事项已恢复为已批准"
        return Step("bad", "file-x", "被拒收", at, row["note"] or again)
    if state == "receipted":
        returned = states.get(State.DRAFT, 0)
        if returned:
            return Step("bad", "arrow-back-up", "有退回", at, f"{returned} 项须补正后重新提交")
        words = f"{sum(states.values())} 项已答复" if states else "对方已收到"
        return Step("done", "receipt", "已回执", at, words)
    if row["purpose"] == "messages":
        return Step(
            "now" if state == "delivered" else "todo", "receipt", "待确认", partner, "随对方下一次送来的文件确认"
        )
    if state != "delivered":
        return Step("todo", "receipt", "待回执", partner, f"通常 {USUAL_DAYS} 天内；第 {REMIND_DAYS} 天提醒你")
    days = days_since(row["handled_at"])
    late = f"已等 {days} 天，可以联系对方确认" if days >= REMIND_DAYS else f"已等 {days} 天，通常 {USUAL_DAYS} 天内"
    late = late if days else f"今天交出，通常 {USUAL_DAYS} 天内"
    return Step("now", "receipt", "待回执", partner, late)


def steps_in(
    row: Mapping[str, Any], partner: str, states: Mapping[str, int], parts: Sequence[Reported] = ()
) -> tuple[Step, ...]:
    """The steps of a package received; `parts`: the schools of a report."""
    state, at = row["state"], moment(row["handled_at"])
    came = Step("done", "inbox", "已收到", moment(row["created_at"]), f"来自{partner}")
    if state == "held":
        gap = "前面还缺别的包，已暂存，收到后自动处理"
        return came, Step("now", "hourglass", "暂存", at, gap), *_to_come(2)
    if state == "refused":
        text = row["note"] or "没有接收"
        return came, Step("bad", "file-x", "没有接收", at, text), *_to_come(2)
    verified = Step("done", "shield-check", "已核对", "", "签名、收件单位和顺序都正确")
    if row["purpose"] not in ("changes", "report"):
        return came, verified, Step("done", "circle-check", "已处理", at, row["note"] or "内容已写入")
    waiting = states.get("in_review", 0)
    decided = sum(states.values()) - waiting
    answered = state == "answered"
    if row["purpose"] == "report":
        return came, verified, _merged(parts), *_reply(partner, "", answered=answered, waiting=0)
    review_ = Step("done", "rubber-stamp", "已核办", "", f"{decided} 项已核办")
    if waiting and not answered:
        review_ = Step("now", "rubber-stamp", "待核办", "", f"还有 {waiting} 项，已核办 {decided} 项")
    return came, verified, review_, *_reply(partner, at, answered=answered, waiting=waiting)


def _merged(parts: Sequence[Reported]) -> Step:
    """What of a report stands in this tier's roster now."""
    taken = [one for one in parts if not one.fault]
    words = f"{len(taken)} 个单位 {sum(one.items for one in taken):,} 项已并入本级名册"
    if len(taken) < len(parts):
        return Step("bad", "alert-triangle", "部分并入", "", f"{words}，{len(parts) - len(taken)} 个没有接收")
    return Step("done", "stack-2", "已并入", "", words)


def _reply(partner: str, at: str, *, answered: bool, waiting: int) -> tuple[Step, Step]:
    """The receipt and its way back."""
    made = Step("done", "receipt", "已生成回执", at, "见“发出”中的回执") if answered else Step(
        "todo" if waiting else "now", "receipt", "生成回执", "", "由学籍管理员签名"
    )  # fmt: skip
    return made, Step("now" if answered else "todo", "send", "送回回执", partner, "写入 U 盘交给对方")


def _to_come(done: int) -> tuple[Step, ...]:
    return tuple(Step("todo", "circle-dashed", title, "", "") for title in STEPS_IN[done:])
