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
_NAMED = "变更编号（BG-…），或 review list 中的标识"
Item = Annotated[str, typer.Argument(metavar="事项", help=_NAMED)]
Items = Annotated[list[str], typer.Argument(metavar="事项", help=_NAMED)]
InUnit = Annotated[str, typer.Option("--unit", metavar="单位", help="编号有几个单位在用时，说明是哪个：名称或代码")]
_CHOICES_SHOWN = 10
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
    heads = ["标识  状态  单位  变更编号  对象  内容"]
    rows = [
        "  ".join((_short(one), one.state_label, one.unit_name, one.number, one.subject_label, one.summary))
        for one in found
    ]
    call.emit([_document(one) for one in found], heads + rows if rows else "没有收到的事项。")


def _short(item: Any) -> str:
    """What names an item in every command: the beginning of the package's id and the place in it."""
    return f"{item.package_id[:8]}:{item.position}"


def _document(item: Any) -> dict[str, Any]:
    return {**document(item), "short": _short(item)}


@review.add("show", "查看一个事项：前后对照、证明材料、名册基线的学生、批准人、检查结果")
def show(ctx: typer.Context, item: Item, unit: InUnit = "", everybody: Everybody = False) -> None:
    """Show one received item."""
    from models.services import review as services

    def read(session: Any) -> Any:
        item_id = _item_id(session, item, unit, open_only=False)
        found = services.get_item(session, item_id)
        return found, services.rows_of_item(session, item_id, 0, found.rows)

    call: Call = ctx.obj
    with call.store() as store:
        found, rows = store.read(read)
    one = found.item
    pupils = pupil_documents(rows)
    lines = [f"{_short(one)}  {one.number}  {one.kind_label}  {one.state_label}"]
    lines += [f"单位：{one.unit_name}", f"对象：{one.subject_label}"]
    lines += [f"  {diff.label}：{diff.before_text or '（空）'} → {diff.after_text or '（空）'}" for diff in found.diffs]
    lines += [f"理由：{found.reason}"] if found.reason else []
    approved_at = local_text(found.approved_at) if found.approved_at else ""
    lines += [f"发起：{found.initiator}；批准：{found.approved_by} {approved_at}"]
    lines += evidence_lines(found.evidence)
    lines += [f"  {note}" for note in (*found.conflicts, *found.notes, *found.blockers)]
    call.emit({**document(found), "item": _document(one), "pupils": pupils}, [*lines, *pupil_lines(pupils, everybody)])


@review.add("evidence", "把收到的证明材料另存为文件；会记入操作记录，不覆盖已有的文件")
def evidence_(ctx: typer.Context, item: Item, out: Folder, unit: InUnit = "") -> None:
    """Write the evidence of a received item into a folder."""
    from models.services import review as services
    from models.services.evidence_export import export_evidence

    def work(session: Any, actor: Any) -> Any:
        found = services.get_item(session, _item_id(session, item, unit, open_only=False))
        return export_evidence(session, actor, found.item.number, found.evidence, out)

    call: Call = ctx.obj
    with call.store() as store:
        paths = store.write(work, store.actor)
    call.emit({"paths": document(paths)}, [f"已另存：{path}" for path in paths])


def _item_id(session: Any, text: str, unit: str = "", open_only: bool = True) -> str:
    """The id of the one item (of `unit`) that `text` names; by number only one without a receipt yet. Raises UserError.

    Each school counts its changes from 1: one number can mean several, which the sentence then tells apart.
    """
    from models.services import review as services
    from models.services.units import unit_by

    unit_id = unit_by(session, unit).id if unit else ""
    open_only = open_only and ":" not in text  # of one that is answered the act itself speaks
    query = services.ReviewQuery(name=text, unit_id=unit_id, open_only=open_only)
    found = services.list_items(session, query)
    if len(found) == 1:
        return str(found[0].id)
    what = f"{'待核办的' if open_only else ''}事项叫“{text}”"
    if not found:
        raise UserError(f"没有{what}，请用 review list 查看标识。")
    choices = "、".join(f"{_short(one)}（{one.unit_name}，{one.subject_label}）" for one in found[:_CHOICES_SHOWN])
    more = f"等 {len(found)} 个" if len(found) > _CHOICES_SHOWN else ""
    raise UserError(f"有多个{what}：{choices}{more}。请写其中一个标识，或用 --unit 说明单位。")


def _decide(call: Call, items: list[str], unit: str, verdict: Verdict, opinion: str) -> None:
    from models.services import review as services

    def work(session: Any, actor: Any) -> Any:
        ids = [_item_id(session, item, unit) for item in items]
        for item_id in ids:
            services.decide(session, actor, item_id, verdict, opinion)
        return [services.get_item(session, item_id).item for item_id in ids]

    with call.store() as store:
        found = store.write(work, store.actor)
    call.emit([_document(one) for one in found], [f"{one.subject_label}：{VERDICT_LABELS[verdict]}" for one in found])


@review.add("accept", "通过")
def accept(ctx: typer.Context, items: Items, opinion: Opinion = "", unit: InUnit = "") -> None:
    """Accept items."""
    _decide(ctx.obj, items, unit, Verdict.ACCEPT, opinion)


@review.add("return", "退回补正，要写明意见")
def return_(ctx: typer.Context, items: Items, opinion: Opinion = "", unit: InUnit = "") -> None:
    """Return items for correction."""
    _decide(ctx.obj, items, unit, Verdict.RETURN, opinion)


@review.add("refuse", "不予通过，要写明意见")
def refuse(ctx: typer.Context, items: Items, opinion: Opinion = "", unit: InUnit = "") -> None:
    """Refuse items."""
    _decide(ctx.obj, items, unit, Verdict.REFUSE, opinion)


@review.add("finish", "结束一个数据包的核办：签名、生效并生成回执")
def finish(
    ctx: typer.Context,
    package: Annotated[str, typer.Argument(metavar="数据包", help="数据包的标识（可以只写开头）")],
    out: Out = None,
) -> None:
    """Sign the receipt of a package and apply what was accepted."""
    from models.services import merging
    from models.services import review as services
    from sync.packages import ledger, receipts

    call: Call = ctx.obj
    with call.store() as store:
        package_id = find_package(store.read(ledger.list_packages, "in"), package, "收到")
        made = receipts.answer(store, package_id, call.passphrase(), out)
        left = store.read(services.count_items, package_id).get("in_review", 0)
    lines = [f"已生成回执：{made.path}", *(f"一并写出：{path}" for path in made.others)]
    lines += [merging.found_words(made.problems)] if made.problems else []
    lines += [f"还有 {left} 项没有核办，核办后再用 review finish 另出一份回执。"] if left else []
    paths = document([made.path, *made.others])
    told = {"path": str(made.path), "paths": paths, "package_id": package_id, "open": left, "problems": made.problems}
    call.emit(told, lines)
