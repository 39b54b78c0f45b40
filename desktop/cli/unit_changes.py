"""Commands on units that change: renamed by themselves, merged by their superior."""

from __future__ import annotations

from typing import Annotated

import typer

from desktop.cli.call import Call, read_secret
from desktop.cli.documents import document
from desktop.cli.invitations import Second, SecondSecret
from desktop.cli.invitations import app as app
from desktop.cli.units import start_moment, unit
from models.domain.errors import UserError

Since = Annotated[str, typer.Option(metavar="日期", help="从这一天起（2026-09-01）")]
Reason = Annotated[str, typer.Option(metavar="依据", help="例如批文名称")]


@unit.add(
    "rename",
    "更改本单位的名称或代码，由系统管理员办理\n"
    "更改后请重新生成入网申请（unit enrol-request）交上级办理；以前签名的文件仍按当时的名称。",
)
def rename(
    ctx: typer.Context,
    since: Since,
    reason: Reason,
    name: Annotated[str, typer.Option(metavar="名称", help="新的单位名称，不改则不写")] = "",
    code: Annotated[str, typer.Option(metavar="代码", help="新的学校标识码或单位代码，不改则不写")] = "",
) -> None:
    """Rename this unit."""
    from sync.joining import unit_changes

    call: Call = ctx.obj
    with call.store() as store:
        made = unit_changes.rename(store, call.passphrase(), name, code, start_moment(since), reason)
    lines = [f"本单位现为“{made.name}”（{made.code}）。", "请重新生成入网申请（unit enrol-request）交上级办理。"]
    call.emit(document(made), lines)


@unit.add(
    "merge",
    "上级：把一所学校并入另一所，由系统管理员和另一人签名；合并后不能撤回\n不写 --yes 时只说明会怎样，不作改动。",
)
def merge(
    ctx: typer.Context,
    closed: Annotated[str, typer.Argument(metavar="撤销的学校", help="名称、代码或标识")],
    into: Annotated[str, typer.Argument(metavar="并入的学校", help="名称、代码或标识")],
    since: Since,
    reason: Reason,
    second_operator: Second = "",
    second_secret_file: SecondSecret = None,
    yes: Annotated[bool, typer.Option("--yes", help="确认合并")] = False,
) -> int:
    """Merge one school into another."""
    from models.services.unit_changes import plan_merger
    from models.services.units import unit_by
    from sync.joining import mergers

    call: Call = ctx.obj
    moment = start_moment(since)
    with call.store() as store:
        first, second = store.read(unit_by, closed), store.read(unit_by, into)
        plan = store.write(plan_merger, first, second)
        if plan.faults:
            raise UserError("".join(plan.faults))
        if not yes:
            call.emit({**document(plan), "done": False}, [plan.warning, "确认合并时请加上 --yes 再执行一次。"])
            return 1
        if not second_operator:
            raise UserError("合并须两人签名，请用 --second-operator 写明共同签名的人。")
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        plan = mergers.merge(store, first, second, moment, reason, call.passphrase(), (second_operator, secret))
    lines = [
        f"“{plan.closed.name}”已并入“{plan.into.name}”，转移 {plan.pupils} 名学生、{plan.problems} 个未办结的问题。",
        "请把通知和名册送往两所学校和上级（命令 package send）。",
    ]
    call.emit({**document(plan), "done": True}, lines)
    return 0
