"""Commands on watched folders: which there are, and what lies in them for this unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desktop.cli.call import Call
from desktop.cli.documents import document
from desktop.cli.frame import Commands

app = Commands("收件文件夹")
watch = Commands("收件文件夹：添加、查看其中有哪些可接收的文件")
app.add_typer(watch, name="watch")

Folder = Annotated[Path, typer.Argument(metavar="文件夹", help="收件文件夹，如共享文件夹、邮件附件的下载位置")]


@watch.add("add", "添加一个收件文件夹")
def add(ctx: typer.Context, folder: Folder) -> None:
    """Look through a folder from now on."""
    from models.services import preferences

    call: Call = ctx.obj
    with call.store() as store:
        store.write(preferences.watch_folder, store.actor, folder.absolute())
    _tell(call, [folder.absolute()], f"已添加收件文件夹“{folder}”。其中的文件不会自动接收，要由您确认。")


@watch.add("remove", "移除一个收件文件夹（其中的文件不受影响）")
def remove(ctx: typer.Context, folder: Folder) -> None:
    """Leave a folder alone again."""
    from models.services import preferences

    call: Call = ctx.obj
    with call.store() as store:
        store.write(preferences.unwatch_folder, store.actor, folder.absolute())
    _tell(call, [folder.absolute()], f"已移除收件文件夹“{folder}”。")


@watch.add("list", "列出收件文件夹")
def list_(ctx: typer.Context) -> None:
    """List the folders."""
    from models.services import preferences

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(preferences.watched_folders)
    _tell(call, found, "\n".join(str(one) for one in found) or "还没有收件文件夹，请用 watch add 添加。")


@watch.add("scan", "查看收件文件夹中有哪些给本单位、还没有接收的文件；只看不收")
def scan(
    ctx: typer.Context,
    folders: Annotated[list[Path] | None, typer.Argument(metavar="文件夹...", help="只看这些文件夹")] = None,
) -> None:
    """Say what could be received."""
    from sync.formats import KIND_LABELS
    from sync.transport import watching

    call: Call = ctx.obj
    with call.store() as store:
        found = watching.scan(store, [one.absolute() for one in folders] if folders else None)
    for trouble in found.troubles:
        call.note(trouble)
    lines = [f"{one.path}  {KIND_LABELS[one.kind]}  {one.title}" for one in found.found]
    if lines:
        lines.append("要接收请用命令 receive 文件。")
    call.emit(document(found), lines or "没有可以接收的新文件。")


def _tell(call: Call, folders: list[Path], text: str) -> None:
    call.emit({"folders": [str(one) for one in folders]}, text)
