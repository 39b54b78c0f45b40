"""Commands on what travels between units: package and receive."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out
from models.domain.errors import UserError
from models.domain.statuses import DIRECTIONS, PACKAGE_STATUS
from models.domain.times import local_text

app = Commands("数据包")
package = Commands("数据包：生成、查看")
app.add_typer(package, name="package")

File = Annotated[Path, typer.Argument(metavar="文件", help=".rollbook 文件")]


@package.add("build", "把已批准的变更打成数据包：签名、加密，写成一个文件")
def build(
    ctx: typer.Context,
    out: Out = None,
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


@package.add("write", "把发出的数据包、回执再写成文件：丢了 U 盘时用\n给出 all 时写出全部还没有答复的。")
def write(
    ctx: typer.Context,
    package_id: Annotated[str, typer.Argument(metavar="标识|all", help="数据包的标识（可以只写开头），或 all")],
    out: Out = None,
) -> None:
    """Write packages or receipts of this unit to files again."""
    from sync import ledger, outbox

    call: Call = ctx.obj
    with call.store() as store:
        if package_id == "all":
            paths = outbox.rewrite_unanswered(store, out)
        else:
            found = find_package(store.read(ledger.list_packages, "out"), package_id, "发出")
            paths = [outbox.rewrite(store, found, out)]
    call.emit({"paths": document(paths)}, [f"已写出：{path}" for path in paths] or "没有等待答复的数据包。")


@package.add("list", "列出生成的和收到的数据包及其状态")
def list_(ctx: typer.Context) -> None:
    """List packages in both directions."""
    from sync import ledger

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(ledger.list_packages)
    rows = [
        "  ".join(
            (one["id"][:12], DIRECTIONS[one["direction"]], PACKAGE_STATUS[one["state"]], local_text(one["created_at"]))
        )
        + f"  {one['title']}"
        for one in found
    ]
    call.emit(found, rows or "还没有数据包。")


@package.add(
    "inspect", "说明一个文件是什么、谁给谁的；不需要数据，只显示公开的部分\n同时给出 --home 时，已知的单位写出名称。"
)
def inspect(ctx: typer.Context, file: File) -> int:
    """Say what a file is by its public parts."""
    from sync import formats

    call: Call = ctx.obj
    with call.store() if call.home_named else nullcontext() as store:
        found = formats.describe(existing(file), store)
    made = local_text(found.created) if found.created else ""
    named = (
        ("发件", found.issuer), ("收件", found.audience), ("时间", made),
        ("核对词（电话里逐词核对）", found.details.get("words")), ("下一步", found.next_step),
    )  # fmt: skip
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


def find_package(packages: list[dict[str, Any]], start: str, what: str) -> str:
    """The id of the one package whose id begins with `start`; `what`: 收到 or 发出. Raises UserError."""
    found = [one["id"] for one in packages if one["id"].startswith(start)]
    if len(found) != 1:
        raise UserError(f"{'有多个' if found else '没有'}以“{start}”开头的{what}的数据包，请用 package list 查看标识。")
    return str(found[0])
