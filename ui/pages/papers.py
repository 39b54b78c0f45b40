"""Letters, problems and orders on paper: what the screen shows, for the file and for signatures by hand."""

from __future__ import annotations

from collections.abc import Sequence

from models.domain.message_kinds import kind_label
from models.domain.orders import OVERDUE_LABEL
from models.domain.times import local_text
from models.services.matters import Letter, MatterDetail, last_day
from models.services.order_views import OrderDetail, OrderItem
from models.services.problem_views import ProblemDetail, SideView
from ui.pages.letter_book import Entry
from ui.printing import grid_html, page_html, signing_html, text_html

_DASH = "—"


def letter_html(entry: Entry, detail: MatterDetail) -> str:
    """A matter: the words of a notice and who has read it, else every letter with its way."""
    matter, notice = detail.matter, entry.notice
    due = last_day(matter.due) if matter.due else ""
    facts = [
        ("种类", kind_label(matter.kind)), ("发出单位", matter.from_name), ("发出时间", local_text(matter.started_at)),
        ("期限", due), ("现在", entry.standing),
    ]  # fmt: skip
    parts = []
    if notice is not None:
        parts.append(text_html(notice.text))
        parts.append(text_html(f"{notice.from_name}　{notice.signer}（已签名）"))
        if notice.direction == "out":
            read = [(name, "已阅") for name in notice.read_by]
            parts.append(grid_html(("单位", "是否已阅"), [*((name, "未阅") for name in notice.unread), *read]))
    else:
        parts.append(grid_html(("函件", "经过", "停在"), [_letter(one) for one in detail.letters]))
    return page_html(matter.title, facts, *parts)


def _letter(one: Letter) -> tuple[str, str, str]:
    way = "\n".join(f"{local_text(step.at)} {step.text}" for step in one.steps)
    late = f"（逾期 {one.days_late} 天）" if one.days_late else ""
    return f"{kind_label(one.kind)}\n{one.from_name} → {one.to_name}", way, one.holder + late or _DASH


def problem_html(detail: ProblemDetail) -> str:
    """A problem with its sides beside each other: records, answers, what was decided."""
    one = detail.summary
    due = f"{one.due}（逾期 {one.late} 天）" if one.late else one.due
    facts = [
        ("编号", one.number), ("状态", one.state_label), ("期限", due),
        ("裁定单位", one.owner_name), ("下一步", one.turn), ("说明", detail.explanation), ("备注", detail.note),
        *detail.facts,
    ]  # fmt: skip
    heads = ["", *(f"第 {side.position + 1} 方：{side.unit_name}" for side in detail.sides)]
    titles = dict.fromkeys(title for side in detail.sides for title, _ in side.facts)
    rows = [["学生或账户", *(side.label for side in detail.sides)]]
    rows += [[title, *(_fact(side, title) for side in detail.sides)] for title in titles]
    rows += [
        ["答复", *(map(_answer, detail.sides))], ["主管部门", *(map(_bureau, detail.sides))],
        ["证明材料", *("\n".join(file.name for file in side.evidence) or _DASH for side in detail.sides)],
        ["裁定", *(side.outcome_label or _DASH for side in detail.sides)],
    ]  # fmt: skip
    parts = [grid_html(heads, rows)]
    if detail.opinion:
        parts.append(text_html(f"裁定的理由：{detail.opinion}（{detail.decided_by} {_at(detail.decided_at)}）"))
    return page_html(f"{one.kind_label}：{one.label}", facts, *parts, signing_html("核实人", "负责人", "日期"))


def _fact(side: SideView, title: str) -> str:
    return dict(side.facts).get(title, _DASH) if side.facts else "不向本单位公开"


def _answer(side: SideView) -> str:
    said = f"{side.claim_label}：{side.opinion or '没有说明'}\n{side.answered_by} {_at(side.answered_at)}"
    return said if side.answered_at else _DASH


def _bureau(side: SideView) -> str:
    said = f"{side.bureau_claim_label}：{side.bureau_opinion or '没有说明'}\n{side.bureau_by} {_at(side.bureau_at)}"
    return said if side.bureau_at else _DASH


def order_html(detail: OrderDetail) -> str:
    """An order to disable accounts with the proof of every account: who disabled it, when, or why not."""
    one = detail.summary
    facts = [
        ("下达单位", f"{one.owner_name}　{one.issued_by}"), ("下达时间", local_text(one.issued_at)),
        ("原因", one.reason_label), ("期限", one.due or "未定"), ("说明", one.note),
        ("办理情况", f"共 {one.total} 个，已禁用 {one.done}，有异议 {one.objected}，待执行 {one.open}"),
    ]  # fmt: skip
    heads = ("序号", "用户名", "姓名", "所在单位", "办理情况", "办理人和时间", "理由或说明")
    return page_html(
        f"停用通知单 {one.number}", facts, grid_html(heads, [_item(item) for item in detail.items]),
        signing_html("经办人", "负责人", "日期"),
    )  # fmt: skip


def _item(item: OrderItem) -> Sequence[str]:
    state = OVERDUE_LABEL if item.overdue else item.state_label
    done = f"{item.done_by} {_at(item.done_at)}" if item.done_at else ""
    return str(item.position + 1), item.username, item.label, item.unit_name, state, done, item.note


def _at(at: str) -> str:
    return local_text(at) if at else ""
