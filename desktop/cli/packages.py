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
from models.domain.ids import check_code
from models.domain.statuses import DIRECTIONS
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
    from sync.packages import outbox

    call: Call = ctx.obj
    with call.store() as store:
        ids = store.read(lambda session: [changes.get(session, one).summary.id for one in only]) if only else None
        built = outbox.build(store, call.passphrase(), out, ids, call.progress)
    call.emit(document(built), [f"数据包：{path}" for path in built.paths])


Which = Annotated[str, typer.Argument(metavar="标识|all", help="数据包的标识（可以只写开头），或 all")]


@package.add(
    "write",
    "把发出的数据包、回执再写成文件：丢了 U 盘时用\n"
    "同一收件单位还没有答复的包一并写出；给出 all 时写出全部还没有答复的。",
)
def write(
    ctx: typer.Context,
    package_id: Which,
    out: Out = None,
    carrier: Annotated[str, typer.Option(metavar="姓名", help="由谁送交，记入交接记录（须同时给出 --out）")] = "",
) -> None:
    """Write packages or receipts of this unit to files again."""
    from sync.packages import outbox

    call: Call = ctx.obj
    if carrier and out is None:
        raise UserError("请用 --out 说明写到哪个 U 盘或文件夹，才能记下送交人。")
    with call.store() as store:
        named = [] if package_id == "all" else [_sent(store, package_id)]
        if out is not None and carrier:
            sheet = outbox.hand_over(store, named or _unanswered(store), out, carrier)
            paths = [out / line.file_name for line in sheet.lines]
        elif named:
            paths = [outbox.rewrite(store, one, out) for one in outbox.everything_for(store, named)]
        else:
            paths = outbox.rewrite_unanswered(store, out)
    call.emit({"paths": document(paths)}, [f"已写出：{path}" for path in paths] or "没有等待答复的数据包。")


def _unanswered(store: Any) -> list[str]:
    from sync.packages import ledger

    return [row.id for row in store.read(ledger.unanswered)]


def _sent(store: Any, start: str) -> str:
    from sync.packages import ledger

    return find_package(store.read(ledger.list_packages, "out"), start, "发出")


@package.add("show", "一个数据包：状态和交接记录（何时、用什么介质、由谁送交）")
def show(ctx: typer.Context, package_id: Annotated[str, typer.Argument(metavar="标识")]) -> None:
    """Show a package and every time it was handed over."""
    from sync.packages import ledger
    from sync.transport.deliveries import deliveries

    call: Call = ctx.obj
    with call.store() as store:
        known = store.read(ledger.list_packages)
        found = find_package(known, package_id, "收发")
        row = store.read(_told_of, next(one for one in known if one["id"] == found))
        handed = store.read(deliveries, found)
    lines = [
        _title(row),
        f"{DIRECTIONS[row['direction']]}  {row['state_label']}  {row['file_name']}",
        f"指纹：{check_code(found)}",
        *([str(row["note"])] if row["note"] else []),
        *(["交接记录："] if handed else []),
        *(f"  {local_text(one.at)}  {one.words}  经办：{one.person}" for one in handed),
    ]
    call.emit({**row, "check_code": check_code(found), "deliveries": document(handed)}, lines)


@package.add(
    "split",
    "把数据包拆分成邮件附件，并给出邮件正文\n同一收件单位还没有答复的包一并拆分；给出 all 时拆分全部还没有答复的。",
)
def split(
    ctx: typer.Context,
    which: Annotated[str, typer.Argument(metavar="文件|标识|all", help=".rollbook 文件，或包的标识，或 all")],
    size: Annotated[
        int | None, typer.Option(metavar="MB", help="对方邮箱的附件上限，如 10、20、25、50（默认用上次的）")
    ] = None,
    out: Out = None,
) -> None:
    """Split packages into attachments and say what to write along."""
    from models.services.preferences import mailbox_megabytes
    from sync.transport import mail

    call: Call = ctx.obj
    with call.store() as store:
        megabytes = size if size is not None else store.read(mailbox_megabytes)
        if Path(which).is_file():
            made = [mail.split_file(store, Path(which), megabytes, out)]
        else:
            ids = None if which == "all" else [_sent(store, which)]
            made = mail.split_delivery(store, ids, megabytes, out, call.progress)
    lines: list[str] = []
    for one in made:
        lines += [f"已写出：{path}" for path in one.paths]
        lines += ["", f"主题：{one.subject}", "", one.body, ""]
    told = [{**document(one), "subject": one.subject, "body": one.body} for one in made]
    call.emit({"deliveries": told}, [*lines, mail.growth_words(megabytes)])


@package.add("parts", "列出还没有收齐的邮件分卷，或丢弃其中一组")
def parts(
    ctx: typer.Context,
    discard: Annotated[str, typer.Option(metavar="标识", help="丢弃这一组（标识可以只写开头）")] = "",
) -> None:
    """List parts that wait for others, or give a set up."""
    from sync.transport import incoming

    call: Call = ctx.obj
    with call.store() as store:
        if discard:
            incoming.discard(store.home, discard)
        found = incoming.sets(store.home)
    told = [{**document(one), "missing": list(one.missing)} for one in found]
    lines = [f"{one.key[:8]}  {one.name}  {incoming.progress_words(one)}" for one in found]
    call.emit(told, lines or "没有等待收齐的邮件分卷。")


@package.add(
    "send", "把等待发出的函件打包，连同还没有答复的数据包一起写出\n--to 只写给一个单位（或通往它的那个单位）的。"
)
def send(
    ctx: typer.Context,
    to: Annotated[str, typer.Option(metavar="单位", help="收件单位的名称、代码或标识")] = "",
    out: Out = None,
) -> None:
    """Seal waiting messages and write all that is unanswered, for one neighbour or all."""
    from models.services.units import unit_by
    from sync.messages import sending

    call: Call = ctx.obj
    with call.store() as store:
        unit_id = store.read(unit_by, to).id if to else None
        paths = sending.send(store, unit_id, out)
    call.emit({"paths": document(paths)}, [f"已写出：{path}" for path in paths] or "没有要发出的函件和数据包。")


@package.add("list", "列出生成的和收到的数据包及其状态")
def list_(ctx: typer.Context) -> None:
    """List packages in both directions."""
    from sync.packages import ledger

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(lambda session: [_told_of(session, one) for one in ledger.list_packages(session)])
    rows = [
        "  ".join((one["id"][:12], DIRECTIONS[one["direction"]], one["state_label"], local_text(one["created_at"])))
        + f"  {_title(one)}"
        for one in found
    ]
    call.emit(found, ["标识  方向  状态  时间  内容", *rows] if rows else "还没有数据包。")


def _told_of(session: Any, row: dict[str, Any]) -> dict[str, Any]:
    """A package with the name of its addressee and its state in words."""
    from models.services.units import unit_name
    from sync.transport.deliveries import state_words

    return {**row, "audience_name": unit_name(session, row["audience_id"]), "state_label": state_words(row)}


def _title(row: dict[str, Any]) -> str:
    return f"{row['title']}（致 {row['audience_name']}）" if row["direction"] == "out" else str(row["title"])


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


@app.add(
    "receive",
    "接收送来的文件：数据包、回执、政策、邮件分卷\n"
    "可以给出几个文件或文件夹；说明是什么文件、谁给谁的，验证后办理下一步。",
)
def receive(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="文件|文件夹...", help="一个或几个文件，或文件夹")],
) -> int:
    """Verify files and take the next step with each."""
    from sync.packages import receiving

    call: Call = ctx.obj
    with call.store() as store:
        brought = receiving.look_through(store, files)
        paths = brought.files
        if len(files) == 1 and paths == files:
            received = receiving.receive(store, paths[0], call.passphrase(), call.progress)
            call.emit(received.to_json(), _told(received))
            return 1 if received.refused else 0
        taken = receiving.receive_all(store, paths, call.passphrase(), call.progress)
    lines: list[str] = []
    for one in taken:
        if not one.known:
            lines += [f"{one.path.name}：", *(_told(one.received) if one.received is not None else [one.sentence]), ""]
    known = sum(one.known for one in taken)
    lines += [f"有 {known} 个文件此前已经接收，无需重复接收。", ""] if known else []
    lines += [brought.sentence, ""] if brought.sentence else []
    refused = sum(one.refused for one in taken)
    call.emit(
        {"files": [one.to_json() for one in taken], "refused": refused, "elsewhere": document(brought.elsewhere)},
        lines[:-1],
    )
    return 1 if refused else 0


def _told(received: Any) -> list[str]:
    lines: list[str] = []
    for one in (received, *received.also):
        lines += [one.title, one.sentence, *one.warnings, f"下一步：{one.next_step}" if one.next_step else ""]
        lines += [f"指纹：{one.check_code}（应与邮件正文或交接单上的一致）"] if one.check_code else []
    return [line for line in lines if line]


def existing(file: Path) -> Path:
    """The path when there is a file. Raises UserError."""
    if not file.is_file():
        raise UserError(f"找不到文件：{file}。")
    return file


def find_package(packages: list[dict[str, Any]], start: str, what: str) -> str:
    """The id of the one package whose id begins with `start`; `what`: 收到, 发出 or 收发. Raises UserError."""
    found = [one["id"] for one in packages if one["id"].startswith(start)]
    if len(found) != 1:
        raise UserError(f"{'有多个' if found else '没有'}以“{start}”开头的{what}的数据包，请用 package list 查看标识。")
    return str(found[0])
