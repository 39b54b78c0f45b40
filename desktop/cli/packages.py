"""Commands on what travels between units: package and receive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from models.domain.errors import UserError

app = Commands("数据包")
package = Commands("数据包：生成、查看")
app.add_typer(package, name="package")

File = Annotated[Path, typer.Argument(metavar="文件", help=".rollbook 文件")]


@package.add("build", "把已批准的变更打成数据包：签名、加密，写成一个文件")
def build(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Option(metavar="文件夹", help="写到哪里（默认在数据文件夹中）")] = None,
    only: Annotated[list[str] | None, typer.Option("--change", metavar="编号", help="只打包这些变更")] = None,
) -> None:
    """Seal what is approved into packages for the superior."""
    from models.services import changes
    from sync import outbox

    call: Call = ctx.obj
    with call.store() as store:
        ids = store.read(lambda session: [changes.get(session, one).summary.id for one in only]) if only else None
        built = outbox.build(store, call.passphrase(), out, ids, call.progress)
    call.emit(document(built), [f"数据包：{path}" for path in built.paths])


@package.add("list", "列出生成的和收到的数据包及其状态")
def list_(ctx: typer.Context) -> None:
    """List packages in both directions."""
    from sync import ledger

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(ledger.list_packages)
    rows = [
        "  ".join([one["id"][:12], *(one[key] for key in ("direction", "state", "created_at", "title"))])
        for one in found
    ]
    call.emit(found, rows or "还没有数据包。")


@package.add("inspect", "说明一个文件是什么、谁给谁的；不需要数据，只显示公开的部分")
def inspect(ctx: typer.Context, file: File) -> int:
    """Say what a file is by its public parts."""
    from sync import formats

    call: Call = ctx.obj
    found = formats.describe(existing(file), None)
    named = (("发件", found.issuer), ("收件", found.audience), ("时间", found.created), ("下一步", found.next_step))
    lines = [found.title, *(f"{label}：{text}" for label, text in named if text), *found.faults]
    call.emit(found.to_json(), lines)
    return 1 if found.faults else 0


@app.add("receive", "接收送来的文件：数据包、回执、政策、证书\n说明是什么文件、谁给谁的，验证后办理下一步。")
def receive(ctx: typer.Context, file: File) -> int:
    """Verify a file and take the next step with it."""
    from sync import inbox

    call: Call = ctx.obj
    with call.store() as store:
        received = inbox.receive(store, existing(file), call.passphrase(), call.progress)
    lines: list[str] = []
    for one in (received, *received.also):
        lines += [one.title, one.sentence, *one.warnings, f"下一步：{one.next_step}" if one.next_step else ""]
    call.emit(received.to_json(), [line for line in lines if line])
    return 1 if received.refused else 0


def existing(file: Path) -> Path:
    """The path when there is a file. Raises UserError."""
    if not file.is_file():
        raise UserError(f"找不到文件：{file}。")
    return file
