"""Commands on the PCs of one unit: pairing, drafts to the head's PC, decisions back (decision 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call, read_new_secret
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out
from desktop.cli.packages import existing
from models.domain.errors import UserError
from models.domain.statuses import COMPANION_STATUS
from models.domain.times import local_text

pc = Commands(
    "第二台电脑：配对、交出待核办、带回核办结果\n"
    "在主管领导的电脑上 init、pair-request，在本单位主电脑上 accept，再在主管领导的电脑上 trust，核对词逐词核对；"
    "以后主电脑 drafts，第二台电脑 receive、核办、decisions，主电脑 receive。"
)

File = Annotated[Path, typer.Argument(metavar="文件", help="另一台电脑写出的文件")]
Words = Annotated[str, typer.Option(metavar="核对词", help="另一台电脑上显示的核对词")]


@pc.add(
    "init",
    "第二台电脑：新建只供主管领导核办的数据\n姓名由 --operator 给出，口令由 --secret-file 给出；恢复码只显示这一次。",
)
def init(ctx: typer.Context) -> None:
    """Make the store of a second PC."""
    from sync.companions import pairing

    call: Call = ctx.obj
    if not call.operator:
        raise UserError("请用 --operator 给出主管领导的姓名（写在命令之前）。")
    secret = read_new_secret(call.secret_file, f"{call.operator}的口令", "--secret-file")
    made = pairing.create(call.home, call.operator, secret)
    if made.store is not None:
        made.store.close()
    text = [
        f"已新建（{call.home}）。恢复码（只显示这一次，请抄写并锁好）：{made.recovery_code}",
        "接着生成配对申请（命令 pc pair-request）。",
    ]
    call.emit({"operator": call.operator, "recovery_code": made.recovery_code}, text)


@pc.add("pair-request", "第二台电脑：生成配对申请，带到本单位主电脑上办理")
def pair_request(ctx: typer.Context, out: Out = None) -> None:
    """Write the request that the main PC accepts."""
    from sync.companions import pairing

    call: Call = ctx.obj
    with call.store() as store:
        made = pairing.request(store, out)
    call.emit(document(made), [f"已生成配对申请：{made.path}", f"核对词：{made.words}"])


@pc.add(
    "accept", "主电脑：系统管理员办理配对申请，得到配对批复\n此人在主电脑上原有的口令作废，以后在自己的电脑上核办。"
)
def accept(ctx: typer.Context, file: File, words: Words, out: Out = None) -> None:
    """Accept a second PC."""
    from sync.companions import pairing

    call: Call = ctx.obj
    with call.store() as store:
        made = pairing.accept(store, existing(file), words, out)
    text = [
        f"已配对，请把配对批复带回那台电脑导入：{made.path}",
        f"核对词：{made.words}",
        "已入网的单位：请重新生成入网申请（unit enrol-request）交上级认证此人的新密钥，之后才能打包此人批准的事项。",
    ]
    call.emit(document(made), text)


@pc.add("trust", "第二台电脑：导入配对批复，配对完成")
def trust(ctx: typer.Context, file: File, words: Words) -> None:
    """Take the main PC's reply."""
    from sync.companions import pairing

    call: Call = ctx.obj
    with call.store() as store:
        unit = pairing.trust(store, existing(file), words, call.passphrase())
    call.emit(document(unit), f"配对完成：这台是“{unit.name}”的第二台电脑，可以接收待核办了。")


@pc.add("list", "列出与本机交换文件的电脑")
def list_(ctx: typer.Context) -> None:
    """List the other sides."""
    from models.services import companions

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(companions.list_companions)
    rows = [
        f"{one.person_name}  {one.name}  {COMPANION_STATUS[one.state if one.ready else 'ended']}"
        f"  配对 {local_text(one.paired_at)}  已写出 {one.sent} 份  已接收到第 {one.received} 号"
        for one in found
    ]
    call.emit([document(one) for one in found], rows or ["还没有配对的电脑。"])


@pc.add("drafts", "主电脑：把待核办的变更写成文件，交给主管领导的电脑")
def drafts(
    ctx: typer.Context,
    to: Annotated[str, typer.Option(metavar="姓名", help="有几台时：交给谁的电脑")] = "",
    out: Out = None,
) -> None:
    """Write what waits for the head."""
    from sync.companions.drafts import write_drafts

    call: Call = ctx.obj
    with call.store() as store:
        made = write_drafts(store, out, to)
    text = [f"已写出待核办 {made.count} 项，请交给{made.companion}：{made.path}"]
    if made.later:
        text.append(f"还有 {made.later} 项因证明材料较大，请等这些核办后再写出一次。")
    call.emit(document(made), text)


@pc.add("decisions", "第二台电脑：把核办结果写成文件，带回主电脑接收")
def decisions(ctx: typer.Context, out: Out = None) -> None:
    """Write the head's decisions."""
    from sync.companions.decisions import write_decisions

    call: Call = ctx.obj
    with call.store() as store:
        made = write_decisions(store, out)
    call.emit(document(made), f"已写出 {made.count} 项核办结果，请带回主电脑接收：{made.path}")
