"""Commands on orders to disable accounts: issue, list, show, execute, object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.orders import ITEM_LABELS, REASON_LABELS, REASONS
from models.domain.times import local_text

app = Commands("停用通知单")
order = Commands("停用通知单：下达、查看、执行、提出异议。通知单用 order list 中的 8 位编号指明。")
app.add_typer(order, name="order")

_REASONS = {reason.key: reason.key for reason in REASONS}
Number = Annotated[str, typer.Argument(metavar="编号", help="通知单的编号（8 位）")]
Places = Annotated[
    list[int] | None,
    typer.Option("--item", metavar="序号", min=1, help="只办这一项（见 order show）；不写为全部待执行的"),
]


@order.add("issue", "对所辖单位的账户下达停用通知单；用本人的口令签名")
def issue(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(metavar="原因", help="、".join(REASON_LABELS.values()))],
    username: Annotated[list[str] | None, typer.Option(metavar="用户名", help="要停用的用户名")] = None,
    file: Annotated[Path | None, typer.Option(metavar="文件", help="有“用户名”一列的 Excel 或 CSV 文件")] = None,
    account: Annotated[list[str] | None, typer.Option(metavar="标识", help="账户的内部标识（用户名重复时用）")] = None,
    note: Annotated[str, typer.Option(metavar="文字", help="具体情况；原因是“其他”时必填")] = "",
    due: Annotated[str, typer.Option(metavar="日期", help="执行期限，如 2026-12-31（默认 15 天）")] = "",
) -> None:
    """Give an order on accounts named by user name, file or id."""
    from models.services import orders as services
    from sync import orders

    call: Call = ctx.obj
    wanted = choice(reason, _REASONS, "--reason", REASON_LABELS)
    names = [*(username or []), *(services.names_in_file(file) if file else [])]
    if not names and not account:
        raise UsageFaultError("请用 --username、--file 或 --account 说明停用哪些账户。")
    with call.store() as store:
        ids = [*store.read(services.accounts_named, list(dict.fromkeys(names))), *(account or [])]
        made = orders.issue(store, call.passphrase(), ids, wanted, note, due)
    units = len({unit_id for unit_id, _ in made.letters})
    text = f"已下达停用通知单 {services.number_of(made.order_id)}：{made.count} 个账户，{units} 个单位，"
    facts = {"id": made.order_id, "number": services.number_of(made.order_id), "accounts": made.count}
    call.emit(
        {**facts, "units": units, "due": made.due}, f"{text}期限 {made.due}。请用 package send 写出送交下级的文件。"
    )


@order.add("list", "列出下达和收到的停用通知单：执行了多少，是否逾期")
def list_(
    ctx: typer.Context, open_only: Annotated[bool, typer.Option("--open", help="只看还有账户没有办理的")] = False
) -> None:
    """List orders."""
    from models.services.order_views import list_orders

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(list_orders, open_only=open_only)
    call.emit([document(one) for one in found], [_line(one) for one in found] or "没有停用通知单。")


def _line(one: Any) -> str:
    whose = "本单位下达" if one.given else f"{one.owner_name}下达"
    numbers = f"共 {one.total} 个，已禁用 {one.done}，有异议 {one.objected}，待执行 {one.open}"
    return f"{one.number}  {one.state_label}  {whose}  {one.reason_label}  {numbers}  期限 {one.due or '未定'}"


@order.add("show", "查看一份停用通知单：每个账户办得怎样，何时由谁办理")
def show(ctx: typer.Context, number: Number) -> None:
    """Show one order with its accounts."""
    from models.services.order_views import show_order

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(show_order, number)
    one = found.summary
    lines = [_line(one), f"下达：{one.issued_by}（{local_text(one.issued_at)}）"]
    lines += [f"说明：{one.note}"] if one.note else []
    for item in found.items:
        done = f"  {item.done_by} {local_text(item.done_at)}" if item.done_at else ""
        note = f"：{item.note}" if item.note else ""
        who = f"{item.username or '（无用户名）'}  {item.label}  {item.unit_name}"
        lines.append(f"  {item.position + 1}. {who}  {item.state_label}{done}{note}")
    call.emit(document(found), lines)


@order.add("execute", "执行收到的停用通知单：禁用账户，回执随下次报送自动发出")
def execute(ctx: typer.Context, number: Number, items: Places = None) -> None:
    """Disable accounts of a received order."""
    from sync import orders

    call: Call = ctx.obj
    with call.store() as store:
        lines = store.write(orders.execute, store.actor, number, _positions(items))
    _told(call, lines)


@order.add("object", "对收到的停用通知单提出异议，要写明理由")
def object_(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option(metavar="文字", help="为什么不应停用")],
    items: Places = None,
) -> None:
    """Object to accounts of a received order."""
    from sync import orders

    call: Call = ctx.obj
    with call.store() as store:
        lines = store.write(orders.object_, store.actor, number, _positions(items), reason)
    _told(call, lines)


def _positions(items: Sequence[int] | None) -> list[int] | None:
    return [place - 1 for place in items] if items else None


def _told(call: Call, lines: Sequence[Any]) -> None:
    text = [f"{line.position + 1}. {line.username}  {ITEM_LABELS[line.state]}" for line in lines]
    call.emit(
        [document(line) for line in lines], [*text, "回执将随下次报送发给下达单位（package send 或 package build）。"]
    )
