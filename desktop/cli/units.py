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
from models.domain.statuses import UNIT_STATUS
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
def enrol_request(ctx: typer.Context, out: Out = None) -> None:
    """Write the request that the superior certifies."""
    from sync import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        made = enrolment.request(store, out)
    lines = [f"已生成入网申请：{made.path}", f"核对词（请在电话里念给上级听）：{made.words}"]
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
    from sync import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        secret = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        officer = (second_operator, secret)
        made = enrolment.certify(store, existing(file), call.passphrase(), officer, words, out)
    lines = [f"已认证，请把入网批复交给下级：{made.path}", f"本单位的核对词（请在电话里念给下级听）：{made.words}"]
    call.emit(document(made), lines)


@unit.add("trust", "下级：用入网批复信任上级，入网完成；先在电话里核对")
def trust(ctx: typer.Context, file: File, words: Words) -> None:
    """Take the certificates and trust the superior."""
    from sync import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        superior = enrolment.trust(store, existing(file), words)
    call.emit(document(superior), f"入网完成，可以向“{superior.name}”报送数据包了。")


@unit.add("list", "列出已知的单位：本单位、上级、下级")
def list_(ctx: typer.Context) -> None:
    """List the units this store knows."""
    from sync import enrolment

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(enrolment.list_units)
    rows = [
        "  ".join((one.relation, one.unit.name, TIER_LABELS[one.unit.tier], one.unit.code, UNIT_STATUS[one.state]))
        for one in found
    ]
    call.emit([document(one) for one in found], rows)
