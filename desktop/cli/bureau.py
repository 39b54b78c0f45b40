"""Commands of the tiers above: review of received packages."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.contents import Everybody, Folder, evidence_lines, pupil_documents, pupil_lines
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out
from desktop.cli.packages import find_package
from models.domain.errors import UserError
from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.times import local_text

app = Commands("上级的工作")
review = Commands("核办收到的数据包（上级）")
app.add_typer(review, name="review")

ITEM_STATES = ("in_review", *(one.value for one in Verdict), "withdrawn")
Item = Annotated[str, typer.Argument(metavar="事项", help="事项的标识或变更编号")]
Items = Annotated[list[str], typer.Argument(metavar="事项", help="事项的标识或变更编号")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="意见，会写进回执")]


# --- review ---------------------------------------------------------------------------------------------------


@review.add("list", "列出收到的事项")
def list_(
    ctx: typer.Context,
    package: Annotated[str, typer.Option(metavar="标识", help="只看这个数据包")] = "",
    state: Annotated[str, typer.Option(metavar="状态", help="、".join(ITEM_STATES))] = "",
) -> None:
    """List items of received packages."""
    from models.services import review as services
    from sync.packages import ledger

    call: Call = ctx.obj
    states = (choice(state, {one: one for one in ITEM_STATES}, "--state"),) if state else ()
    with call.store() as store:
        package_id = find_package(store.read(ledger.list_packages, "in"), package, "收到") if package else ""
        found = store.read(services.list_items, services.ReviewQuery(package_id=package_id, states=states))
    rows = [f"{one.id}  {one.state_label}  {one.kind_label}  {one.subject_label}  {one.summary}" for one in found]
    call.emit([document(one) for one in found], rows or "没有收到的事项。")


@review.add("show", "查看一个事项：前后对照、证明材料、名册基线的学生、批准人、检查结果")
def show(ctx: typer.Context, item: Item, everybody: Everybody = False) -> None:
    """Show one received item."""
    from models.services import review as services

    def read(session: Any) -> Any:
        item_id = _item_id(session, item, open_only=False)
        found = services.get_item(session, item_id)
        return found, services.rows_of_item(session, item_id, 0, found.rows)

    call: Call = ctx.obj
    with call.store() as store:
        found, rows = store.read(read)
    one = found.item
    pupils = pupil_documents(rows)
    lines = [f"{one.id}  {one.kind_label}  {one.state_label}", f"对象：{one.subject_label}"]
    lines += [f"  {diff.label}：{diff.before_text or '（空）'} → {diff.after_text or '（空）'}" for diff in found.diffs]
    lines += [f"理由：{found.reason}"] if found.reason else []
    approved_at = local_text(found.approved_at) if found.approved_at else ""
    lines += [f"发起：{found.initiator}；批准：{found.approved_by} {approved_at}"]
    lines += evidence_lines(found.evidence)
    lines += [f"  {note}" for note in (*found.conflicts, *found.notes, *found.blockers)]
    call.emit({**document(found), "pupils": pupils}, [*lines, *pupil_lines(pupils, everybody)])


@review.add("evidence", "把收到的证明材料另存为文件；会记入操作记录，不覆盖已有的文件")
def evidence_(ctx: typer.Context, item: Item, out: Folder) -> None:
    """Write the evidence of a received item into a folder."""
    from models.services import review as services
    from models.services.evidence_export import export_evidence

    def work(session: Any, actor: Any) -> Any:
        found = services.get_item(session, _item_id(session, item, open_only=False))
        return export_evidence(session, actor, found.item.number, found.evidence, out)

    call: Call = ctx.obj
    with call.store() as store:
        paths = store.write(work, store.actor)
    call.emit({"paths": document(paths)}, [f"已另存：{path}" for path in paths])


def _item_id(session: Any, text: str, open_only: bool = True) -> str:
    """The id of an item (without a receipt yet) named by its id or its change's number. Raises UserError."""
    from models.services import review as services

    if ":" in text:
        return text
    items = services.list_items(session, services.ReviewQuery(text=text, open_only=open_only))
    found = [one.id for one in items if text in (one.number, one.change_id)]
    if len(found) != 1:
        which = f"{'有多个' if found else '没有'}{'待核办的' if open_only else ''}事项"
        raise UserError(f"{which}叫“{text}”，请用 review list 查看标识。")
    return str(found[0])


def _decide(call: Call, items: list[str], verdict: Verdict, opinion: str) -> None:
    from models.services import review as services

    def work(session: Any, actor: Any) -> Any:
        ids = [_item_id(session, item) for item in items]
        for item_id in ids:
            services.decide(session, actor, item_id, verdict, opinion)
        return [services.get_item(session, item_id).item for item_id in ids]

    with call.store() as store:
        found = store.write(work, store.actor)
    call.emit([document(one) for one in found], [f"{one.subject_label}：{VERDICT_LABELS[verdict]}" for one in found])


@review.add("accept", "通过")
def accept(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Accept items."""
    _decide(ctx.obj, items, Verdict.ACCEPT, opinion)


@review.add("return", "退回补正，要写明意见")
def return_(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Return items for correction."""
    _decide(ctx.obj, items, Verdict.RETURN, opinion)


@review.add("refuse", "不予通过，要写明意见")
def refuse(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Refuse items."""
    _decide(ctx.obj, items, Verdict.REFUSE, opinion)


@review.add("finish", "结束一个数据包的核办：签名、生效并生成回执")
def finish(
    ctx: typer.Context,
    package: Annotated[str, typer.Argument(metavar="数据包", help="数据包的标识（可以只写开头）")],
    out: Out = None,
) -> None:
    """Sign the receipt of a package and apply what was accepted."""
    from models.services import review as services
    from sync.packages import ledger, receipts

    call: Call = ctx.obj
    with call.store() as store:
        package_id = find_package(store.read(ledger.list_packages, "in"), package, "收到")
        path = receipts.finish_review(store, package_id, call.passphrase(), out)
        left = store.read(services.count_items, package_id).get("in_review", 0)
    lines = [f"已生成回执：{path}"]
    lines += [f"还有 {left} 项没有核办，核办后再用 review finish 另出一份回执。"] if left else []
    call.emit({"path": str(path), "package_id": package_id, "open": left}, lines)
