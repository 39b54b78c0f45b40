"""Commands on many units at once: invitations from a list, requests certified in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call, read_secret
from desktop.cli.documents import document
from desktop.cli.frame import Out
from desktop.cli.packages import existing
from desktop.cli.units import app as app
from desktop.cli.units import unit
from models.domain.errors import UserError
from models.domain.times import local_day

Second = Annotated[str, typer.Option(metavar="姓名", help="共同签名的学籍管理员或主管领导")]
SecondSecret = Annotated[str | None, typer.Option(metavar="文件", help="此人的口令文件")]


@unit.add(
    "invite",
    "上级：按名单（表格）一次邀请许多下级单位，由系统管理员和另一人签名\n"
    "名单要有“单位名称”“学校标识码”两列，可以有“联系人”。每个单位得到一个邀请函文件和一个一次性码，"
    "请分开送达：文件用 U 盘或邮件，一次性码用纸条。",
)
def invite(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="名单", help="xlsx、xls 或 csv")],
    second_operator: Second,
    second_secret_file: SecondSecret = None,
    again: Annotated[bool, typer.Option("--again", help="已邀请或已入网的也重新邀请，原来的一次性码作废")] = False,
    out: Out = None,
) -> None:
    """Invite the units of a list."""
    from models.exchange.unit_list import read_unit_list
    from models.services import invitations as services
    from sync.joining import invitations

    call: Call = ctx.obj
    listed = read_unit_list(existing(file))
    with call.store() as store:
        plan = store.read(services.plan, listed, again)
        for one in plan.findings:
            call.note(f"第 {one.row} 行“{one.name}”：{one.sentence}")
        if not plan.units:
            raise UserError("名单中没有可以邀请的单位，请按上面的提示改正名单后再试。")
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        officer = (second_operator, secret)
        made = invitations.invite(store, plan, call.passphrase(), officer, out, call.progress)
    text = [
        f"已写好 {len(made.slips)} 份邀请函：{made.sheet.parent}",
        f"一次性码在“{made.sheet.name}”里，请打印裁开，与邀请函分开交给各单位，之后删除这个文件。",
    ]
    text += [f"名单中有 {len(made.findings)} 行没有邀请，见上面的提示。"] if made.findings else []
    facts = {"invited": len(made.slips), "folder": str(made.sheet.parent), "sheet": str(made.sheet)}
    call.emit({**facts, "findings": document(made.findings)}, text)


@unit.add("invitations", "上级：列出发出的邀请函：谁的，用过没有，有几次错误的一次性码")
def invitations_(ctx: typer.Context) -> None:
    """List the invitations this unit has given."""
    from models.services import invitations as services

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(services.list_invitations)
    rows = [
        "  ".join((
            one.unit.code, one.unit.name, one.state_label, f"{local_day(one.made_at)} 发出",
            *((f"错误 {one.wrong} 次",) if one.wrong else ()),
        ))
        for one in found
    ]  # fmt: skip
    call.emit([document(one) for one in found], rows or ["没有发出过邀请函。"])


@unit.add(
    "certify-all",
    "上级：一次认证许多入网申请，由系统管理员和另一人签名\n"
    "一次性码对的直接认证，批复写到一个文件夹；其他的列出还缺什么。",
)
def certify_all(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="文件或文件夹", help="入网申请，或放它们的文件夹")],
    second_operator: Second,
    second_secret_file: SecondSecret = None,
    out: Out = None,
) -> int:
    """Certify every request that its one-time code shows."""
    from sync.joining import batch_enrolment

    call: Call = ctx.obj
    for path in files:
        if not path.exists():
            raise UserError(f"找不到文件或文件夹：{path}。")
    with call.store() as store:
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        officer = (second_operator, secret)
        made = batch_enrolment.certify_all(store, files, call.passphrase(), officer, out, call.progress)
    rest = [one for one in made.outcomes if one.reply is None]
    text = [f"已批复 {made.done} 个单位，结果在：{made.sheet}"]
    text += (
        [f"没有办理 {len(rest)} 份：", *(f"  {one.unit or one.path.name}：{one.note}" for one in rest)] if rest else []
    )
    outcomes = [{**document(one), "done": one.reply is not None} for one in made.outcomes]
    call.emit({"done": made.done, "sheet": str(made.sheet), "outcomes": outcomes}, text)
    return 1 if rest else 0
