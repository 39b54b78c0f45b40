"""Commands on what units tell each other: notices, and where each matter stands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.errors import UserError
from models.domain.ids import id_end
from models.domain.times import end_of_day, local_day, local_text
from models.domain.units import TIER_LABELS, Tier

_FEW = 10
"""Units that have read a notice and are named in the list; of more only the number is told."""
app = Commands("往来函件")
matter = Commands("事项：停在哪里，是否逾期")
notice = Commands("通知：下发、查看、确认已阅")
app.add_typer(matter, name="matter")
app.add_typer(notice, name="notice")


# --- matters ----------------------------------------------------------------------------------------------------


@matter.add("list", "列出与其他单位往来的事项：停在哪个单位，何时到期，逾期几天")
def list_(ctx: typer.Context, open_: Annotated[bool, typer.Option("--open", help="只看没有办结的")] = False) -> None:
    """List matters, late ones first."""
    from models.services import matters

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(matters.list_matters, open_)
    rows = [f"{id_end(one.matter)}  {local_day(one.started_at)}  {one.standing}  {one.title}" for one in found]
    call.emit([_document(one) for one in found], rows or "没有往来事项。")


def _document(found: Any) -> dict[str, Any]:
    return {**document(found), "is_open": found.is_open, "standing": found.standing}


@matter.add("show", "查看一个事项：每件函件经过了哪些单位")
def show(
    ctx: typer.Context, matter_id: Annotated[str, typer.Argument(metavar="事项", help="编号的末尾或开头即可")]
) -> None:
    """Show a matter with its messages and their steps."""
    from models.domain.message_kinds import kind_label
    from models.services import matters

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(matters.show_matter, matter_id)
    lines = [f"{found.matter.title}：{found.matter.standing}"]
    for one in found.letters:
        direction, state = matters.DIRECTION_LABELS[one.direction], matters.STATE_LABELS[one.state]
        lines.append(
            f"{kind_label(one.kind)}（{direction}）{one.from_name} → {one.to_name}：{state} {one.note}".rstrip()
        )
        lines += [f"  {local_text(step.at)}  {step.text}" for step in one.steps]
    letters = [{**document(one), "state_label": matters.STATE_LABELS[one.state]} for one in found.letters]
    call.emit({**_document(found.matter), "letters": letters}, lines)


# --- notices ----------------------------------------------------------------------------------------------------


@notice.add("send", "给下级单位发通知，由学籍管理员签名；随下一次 package send 送出\n不写 --to 就是所有下级单位。")
def send(
    ctx: typer.Context,
    title: Annotated[str, typer.Option(metavar="标题")],
    text: Annotated[str, typer.Option(metavar="正文")],
    to: Annotated[list[str] | None, typer.Option(metavar="单位", help="名称、代码或标识，可以写几次")] = None,
    tier: Annotated[
        list[str] | None, typer.Option(metavar="层级", help="只发给这一层级：school、county、city，可以写几次")
    ] = None,
    due: Annotated[str, typer.Option(metavar="年-月-日", help="请在这一天之前（含）确认已阅")] = "",
) -> None:
    """Sign a notice to units below."""
    from models.services.units import unit_by
    from sync.messages import notices

    tiers = {choice(one, {each.value: each for each in Tier}, "--tier", TIER_LABELS) for one in tier or []}
    until = _until(due)
    call: Call = ctx.obj
    with call.store() as store:
        ids = [store.read(unit_by, one).id for one in to] if to else None
        made = notices.send(store, call.passphrase(), ids, title, text, until, tiers or None)
        found = next(one for one in store.read(notices.list_notices) if one.matter == made)
    count = len(found.unread)
    call.emit(document(found), f"通知《{found.title}》已签名，发给 {count} 个单位；请用 package send 写出。")


def _until(day: str) -> str:
    if not day:
        return ""
    try:
        return end_of_day(day)
    except ValueError:
        raise UsageFaultError(f"--due 应写成 年-月-日，例如 2026-12-01，不能是“{day}”。") from None


@notice.add("list", "列出收到的和发出的通知：谁已阅，谁未阅")
def notices_(ctx: typer.Context) -> None:
    """List notices."""
    from sync.messages import notices

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(notices.list_notices)
    call.emit([document(one) for one in found], [_line(one) for one in found] or "没有通知。")


def _line(one: Any) -> str:
    from models.services.matters import last_day

    due = f"  请于 {last_day(one.due)} 前（含）阅" if one.due else ""
    if one.direction == "out":
        read = f"：{'、'.join(one.read_by)}" if 0 < len(one.read_by) <= _FEW else ""
        unread = f"；未阅：{'、'.join(one.unread)}" if one.unread else ""
        state = f"已阅 {len(one.read_by)} 个单位{read}{unread}"
    else:
        state = f"{one.from_name}发来，{'已阅' if one.is_read else '未阅'}"
    return f"{one.id[:12]}  {local_text(one.at)}  《{one.title}》  {state}{due}"


@notice.add("read", "查看一份收到的通知并确认已阅；回执随下一次 package send 送出")
def read(ctx: typer.Context, notice_id: Annotated[str, typer.Argument(metavar="通知", help="编号的开头即可")]) -> None:
    """Show a received notice and confirm reading it."""
    from models.services.matters import last_day
    from sync.messages import notices

    call: Call = ctx.obj
    with call.store() as store:
        found = [one for one in store.read(notices.list_notices) if one.id.startswith(notice_id)]
        if not found or found[0].direction != "in":
            raise UserError(f"没有编号以“{notice_id}”开头的收到的通知，请用 notice list 查看编号。")
        store.write(notices.confirm, store.actor, notice_id)
    one = found[0]
    lines = [f"《{one.title}》", f"{one.from_name} {one.signer} {local_text(one.at)}", one.text]
    lines += [f"请于 {last_day(one.due)} 前（含）阅"] if one.due else []
    lines.append("已确认阅读。")
    call.emit({**document(one), "is_read": True}, lines)
