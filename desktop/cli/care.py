"""Commands that care for the store and the installation: audit, backup, restore, demo, selftest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from desktop.cli.packages import existing
from models.domain.acts import act_text
from models.domain.errors import UserError
from models.domain.times import local_text

app = Commands("维护")
audit = Commands("操作记录")
app.add_typer(audit, name="audit")


@audit.add("verify", "核对操作记录是否完整、有没有被改动")
def verify(ctx: typer.Context) -> int:
    """Verify the store's pages, the whole audit chain and the rows it vouches for."""
    from models.services import maintenance

    call: Call = ctx.obj
    with call.store() as store:
        report = maintenance.check(store, progress=call.progress)
    chain = report.chain
    text = [f"共 {chain.entries} 条，末条 {chain.head[0]}（{chain.head[1][:16]}……）"] if chain else []
    text += list(report.problems) or ["完整，没有被改动。"]
    facts = document(chain) if chain else {"entries": None, "head": None, "erased": None}
    call.emit({**facts, "problems": list(report.problems), "ok": report.ok}, text)
    return 0 if report.ok else 1


@audit.add("list", "列出操作记录，最近的在前")
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, metavar="数", help="最多显示多少条")] = 50,
    act: Annotated[str, typer.Option(metavar="文字", help="操作名中含有的文字，例如 change.")] = "",
) -> None:
    """List audit entries."""
    from models.services.audit_objects import object_texts
    from models.store import audit as chain

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(chain.entries, chain.AuditFilter(act=act), limit=limit)
        objects = store.read(object_texts, found)
    rows = [
        "  ".join(
            (str(one.sequence), local_text(one.at), one.person_name or "程序", act_text(one.act), objects[one.object])
        )
        for one in found
    ]
    call.emit([document(one) for one in found], rows or "没有记录。")


@app.add("backup", "现在备份一份（加密的，用操作员口令或恢复码打开）")
def backup(
    ctx: typer.Context,
    to: Annotated[Path | None, typer.Option("--to", metavar="文件或文件夹", help="写到哪里")] = None,
) -> None:
    """Write an encrypted backup now."""
    from models.services import maintenance

    call: Call = ctx.obj
    with call.store() as store:
        made = maintenance.backup(store, to)
    call.emit(
        document(made), f"已备份到 {made.path}（学生 {made.students}，账户 {made.accounts}，变更 {made.changes}）"
    )


@app.add("restore", "从备份恢复到 --home 指定的文件夹；原有的数据另存，不会丢失")
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="备份文件", help="backup 生成的文件")],
    recovery_code: Annotated[
        str, typer.Option(metavar="恢复码", help="忘记口令时用；此时 --secret-file 给出的是新口令")
    ] = "",
) -> None:
    """Bring a backup to life in a data folder."""
    from models.services import maintenance

    call: Call = ctx.obj
    names = maintenance.describe_backup(existing(file)).operators
    name = call.operator or (names[0] if len(names) == 1 else "")
    if not name:
        raise UserError(f"请用 --operator 说明以谁的身份恢复（{'、'.join(names)}）。")
    done = maintenance.restore(file, call.home, name, call.passphrase(), recovery_code=recovery_code)
    lines = [f"已恢复到 {call.home}：{done.description.unit_name}，备份于 {local_text(done.description.created)}"]
    lines += [f"原来的数据另存在 {done.kept}"] if done.kept else []
    lines += ["如果备份之后向上级报送过，请用 unit enrol-request 重新办理一次入网，数据包的编号才能接上。"]
    lines += [f"新的恢复码（只显示这一次）：{done.recovery_code}"] if done.recovery_code else []
    call.emit({"home": str(call.home), **document(done)}, lines)


@app.add("demo", "用虚构的县和学校走一遍全部流程，逐步说明；--tiers 走省、市、县、校四级")
def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="文件夹", help="文件放在哪里")] = Path("demo"),
    tiers: Annotated[bool, typer.Option("--tiers", help="四级：入网、政策、上报、问题学籍、通知、停用、恢复")] = False,
) -> None:
    """Run the main job, or the four tiers, on invented data."""
    from desktop.demo import story
    from desktop.demo import tiers as four

    (four.tell if tiers else story.tell)(folder.absolute(), ctx.obj)


@app.add("selftest", "检查安装是否完好：库、资源、加密、表格、窗口")
def selftest(ctx: typer.Context) -> int:
    """Try each part of the installation once."""
    from desktop.selftest import PARTS, attempt

    call: Call = ctx.obj
    results = [(name, attempt(part)) for name, part in PARTS]
    lines = [
        f"{'通过' if problem is None else '失败'}  {name}{'' if problem is None else '：' + problem}"
        for name, problem in results
    ]
    call.emit([{"part": name, "ok": problem is None, "problem": problem} for name, problem in results], lines)
    return 0 if all(problem is None for _, problem in results) else 2
