"""Commands on units: enrolment with the superior by files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call, read_secret
from desktop.cli.companions import pc
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out
from desktop.cli.packages import existing
from models.domain.errors import UserError
from models.domain.statuses import UNIT_STATUS
from models.domain.times import local_day, start_of_day
from models.domain.units import TIER_LABELS

app = Commands("单位")
unit = Commands(
    "单位：申请入网、认证、信任、查看\n"
    "入网的步骤：下级申请 → 上级认证 → 下级信任，文件用 U 盘带，核对词在电话里逐词核对。"
)
app.add_typer(unit, name="unit")
app.add_typer(pc, name="pc")

File = Annotated[Path, typer.Argument(metavar="文件", help="对方给的文件")]
Words = Annotated[str, typer.Option(metavar="核对词", help="对方在电话里念的核对词")]


@unit.add("enrol-request", "生成交给上级的入网申请文件")
def enrol_request(
    ctx: typer.Context,
    out: Out = None,
    code: Annotated[str, typer.Option(metavar="一次性码", help="随邀请函发来的一次性码；用它就不必念核对词")] = "",
) -> None:
    """Write the request that the superior certifies."""
    from sync.joining import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        made = enrolment.request(store, out, code)
    lines = [f"已生成入网申请：{made.path}"]
    lines.append("已用一次性码作证，请把文件交给上级。" if code else f"核对词（请在电话里念给上级听）：{made.words}")
    call.emit(document(made), lines)


@unit.add("certify", "上级：由系统管理员和另一人签名认证下级的入网申请，生成入网批复")
def certify(
    ctx: typer.Context,
    file: File,
    words: Words,
    second_operator: Annotated[str, typer.Option(metavar="姓名", help="共同签名的学籍管理员或主管领导")],
    second_secret_file: Annotated[str | None, typer.Option(metavar="文件", help="此人的口令文件")] = None,
    out: Out = None,
) -> None:
    """Certify the keys and persons of a unit below."""
    from sync.joining import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        officer = (second_operator, secret)
        made = enrolment.certify(store, existing(file), call.passphrase(), officer, words, out)
    lines = [f"已认证，请把入网批复交给下级：{made.path}", f"本单位的核对词（请在电话里念给下级听）：{made.words}"]
    call.emit(document(made), lines)


@unit.add("trust", "下级：用入网批复信任上级，入网完成；先在电话里核对（按邀请函入网的不必核对）")
def trust(
    ctx: typer.Context,
    file: File,
    words: Annotated[str | None, typer.Option(metavar="核对词", help="对方在电话里念的核对词")] = None,
) -> None:
    """Take the certificates and trust the superior."""
    from sync.joining import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        superior = enrolment.trust(store, existing(file), words)
    call.emit(document(superior), f"入网完成，可以向“{superior.name}”报送数据包了。")


@unit.add(
    "revoke",
    "上级：吊销本单位为某个下级单位或某人签发的证书，由系统管理员和另一人签名\n"
    "此前签名的仍然有效。吊销名单随下一次 package send 送往上下级，也附在入网批复中。",
)
def revoke(
    ctx: typer.Context,
    whom: Annotated[str, typer.Argument(metavar="单位或人员", help="名称或编号")],
    reason: Annotated[str, typer.Option(metavar="原因", help="例如 U 盘遗失")],
    second_operator: Annotated[str, typer.Option(metavar="姓名", help="共同签名的学籍管理员或主管领导")],
    second_secret_file: Annotated[str | None, typer.Option(metavar="文件", help="此人的口令文件")] = None,
    since: Annotated[str, typer.Option(metavar="日期", help="从这一天零时起作废（2026-11-01），默认从现在起")] = "",
) -> None:
    """Revoke keys that this unit certified."""
    from models.store import clock
    from sync.trust import revocation

    call: Call = ctx.obj
    with call.store() as store:
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        moment = start_moment(since) if since else store.read(clock.now)
        officer = (second_operator, secret)
        number = revocation.revoke(store, whom, moment, reason, call.passphrase(), officer)
    lines = [
        f"已吊销，吊销名单为第 {number} 号。",
        "请把名单送往上下级（命令 package send），并请对方更换密钥后重新申请入网。",
    ]
    call.emit({"number": number, "since": moment}, lines)


@unit.add("certificates", "列出已知的证书：谁的、谁签发的、到哪天、是否已吊销")
def certificates(
    ctx: typer.Context,
    of: Annotated[str, typer.Option("--unit", metavar="名称", help="只看某个单位的")] = "",
) -> None:
    """List the certificates this store knows."""
    from sync.trust import known

    call: Call = ctx.obj
    with call.store() as store:
        found = [one for one in store.read(known.list_certificates) if of in ("", one.unit)]
    rows = [
        "  ".join((
            one.unit, one.person or known.PURPOSE_LABELS[one.purpose], f"{one.issuer}签发",
            f"到 {local_day(one.until)}", f"自 {local_day(one.revoked)} 吊销" if one.revoked else "在用",
            one.subject_id,
        ))
        for one in found
    ]  # fmt: skip
    call.emit([document(one) for one in found], rows or ["没有证书。"])


@unit.add(
    "new-keys",
    "更换本单位的密钥（遗失、被盗或到期），由系统管理员办理\n"
    "更换后请重新生成入网申请（unit enrol-request）交上级办理；发往本单位的旧包仍能打开。",
)
def new_keys(
    ctx: typer.Context,
    stolen_since: Annotated[str, typer.Option(metavar="日期", help="旧密钥可能已落入他人之手的日期，没有则不写")] = "",
) -> None:
    """Make new keys for this unit."""
    from sync.trust import new_keys as keys

    call: Call = ctx.obj
    with call.store() as store:
        number = keys.new_keys(store, call.passphrase(), start_moment(stolen_since) if stolen_since else "")
    lines = [f"已更换为第 {number} 代密钥。", "请重新生成入网申请（unit enrol-request）交上级办理。"]
    if stolen_since:
        lines.append("请通知上级吊销旧密钥（unit revoke）。")
    call.emit({"generation": number}, lines)


@unit.add(
    "reset",
    "主管部门：从备份恢复过、或重新建立后，生成给全部下级的重建通道通知，由系统管理员和另一人签名\n"
    "下级接收后重新送出本单位缺少的数据包和回执；提示“第 N 轮”较旧时用 --after N 重新生成。",
)
def reset(
    ctx: typer.Context,
    second_operator: Annotated[str, typer.Option(metavar="姓名", help="共同签名的学籍管理员或主管领导")],
    second_secret_file: Annotated[str | None, typer.Option(metavar="文件", help="此人的口令文件")] = None,
    after: Annotated[int, typer.Option(metavar="N", min=0, help="下级已经知道的轮次")] = 0,
    out: Out = None,
) -> None:
    """Begin the channels to the units below anew after a loss."""
    from sync.recovery import resets

    call: Call = ctx.obj
    with call.store() as store:
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        path = resets.write_reset(store, call.passphrase(), (second_operator, secret), out, after)
    lines = [
        f"已生成重建通道通知：{path}",
        "请发给全部下级单位（命令 receive 接收），再送出等待发出的文件（package send）。",
    ]
    call.emit({"path": str(path)}, lines)


def start_moment(day: str) -> str:
    """The beginning of a day as UTC text. Raises UserError."""
    try:
        return start_of_day(day)
    except ValueError:
        raise UserError(f"日期“{day}”不对，请写成 2026-11-01 的样子。") from None


@unit.add("list", "列出已知的单位：本单位、上级、下级")
def list_(ctx: typer.Context) -> None:
    """List the units this store knows."""
    from sync.joining import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(enrolment.list_units)
    rows = [
        "  ".join(
            (
                one.relation,
                one.unit.name,
                TIER_LABELS[one.unit.tier],
                one.unit.code,
                UNIT_STATUS[one.state],
                one.unit.id,
            )
        )
        for one in found
    ]
    call.emit([document(one) for one in found], rows)
