"""Commands that write files for others: rosters as spreadsheets, files for the learning platform, password slips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from desktop.cli.roster_rows import InUnit, unit_asked
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS, STUDENTS

app = Commands("导出")
export = Commands("导出名册、平台文件、密码条。\n导出的内容含个人信息，会记入操作记录。")
app.add_typer(export, name="export")

_KINDS = {STUDENTS: STUDENTS, ACCOUNTS: ACCOUNTS}
_COUNTS = (("add", "新增"), ("rename", "改名"), ("suspend", "停用"), ("resume", "恢复"), ("gone", "删除"))
_SHOWN = 20
Folder = Annotated[Path, typer.Option("--out", metavar="文件夹", help="写到哪里，须是已有的文件夹")]
Below = Annotated[bool, typer.Option("--below", help="连同下级单位的账户")]
ConfirmMass = Annotated[bool, typer.Option("--confirm-mass", help="确认一次停用或改名很多账户")]
Add = Annotated[bool, typer.Option("--add", help="只要新增（可与下面两项同用；都不写为全部）")]
Rename = Annotated[bool, typer.Option("--rename", help="只要改名")]
Suspend = Annotated[bool, typer.Option("--suspend", help="只要停用和恢复")]
Columns = Annotated[str, typer.Option(metavar="列,列=值,…", help="新增文件的列，默认见上")]
Since = Annotated[str | None, typer.Option(metavar="日期", help="只看这一天以来改动的账户")]
Already = Annotated[Path | None, typer.Option(metavar="文件", help="平台导出的账户清单：其中的账户平台上已有")]
ListedAre = Annotated[
    str, typer.Option("--listed", metavar="there|add", help="名单导入的账户：there 平台上都已有，add 都要新增")
]
Address = Annotated[str, typer.Option(metavar="网址", help="印在密码条上的平台网址")]


@export.add("xlsx", "导出名册为 Excel 文件")
def xlsx(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="文件", help="写到哪里")],
    kind: Annotated[str, typer.Option(metavar="students|teachers", help="哪一种名册")] = STUDENTS,
    unit: InUnit = "",
) -> None:
    """Write a roster into a spreadsheet."""
    from models.services import exports

    call: Call = ctx.obj
    choice(kind, _KINDS, "--kind")
    with call.store() as store:
        unit_id = store.read(unit_asked, unit)
        count = store.write(exports.to_workbook, store.actor, kind, out, unit_id=unit_id)
    call.emit({"path": str(out), "records": count}, f"已导出 {count} 条到 {out}。")


@export.add(
    "moodle",
    "导出 Moodle 批量上传文件：上次导出以来新增、改名、停用的账户。\n"
    "依次上传 rename.csv、suspend.csv、add.csv；初始密码在 slips.pdf，裁开、折好、封口后发给本人。\n"
    "新增文件的列默认为：username,password,firstname,lastname,email,phone1,institution,department,idnumber,suspended,\n"
    "profile_field_gender,profile_field_hiretype,profile_field_instaff,sysrole1=。平台上没有建的 profile_field_ 列\n"
    "会使整个文件被拒收，请用 --columns 去掉；列=值 表示每行都填这个值。",
)
def moodle(
    ctx: typer.Context,
    out: Folder,
    add: Add = False,
    rename: Rename = False,
    suspend: Suspend = False,
    confirm_mass: ConfirmMass = False,
    columns: Columns = "",
    since: Since = None,
    address: Address = "",
    below: Below = False,
    already: Already = None,
    listed: ListedAre = "ask",
) -> int:
    """Write the upload files and the slips."""
    from models.exchange.platform.moodle import ADD
    from models.services import platform_files as services
    from models.services.platform_state import MOODLE, mark_known

    call: Call = ctx.obj
    what = tuple(one for one, wanted in (("add", add), ("rename", rename), ("suspend", suspend)) if wanted)
    choices = {one.value: one for one in services.Listed}
    options = services.MoodleOptions(
        [one.strip() for one in columns.split(",")] if columns else ADD,
        address,
        below,
        choice(listed, choices, "--listed"),
    )
    there = _platform_accounts(already, call)

    def work(session: Any, actor: Any) -> Any:
        known = mark_known(session, actor, MOODLE, there) if there else None
        parts = what or services.WHAT
        return known, services.export_moodle(session, actor, out, parts, since, call.progress, confirm_mass, options)

    with call.store() as store:
        known, result = store.write(work, store.actor)
    marked = known.counts["known"] if known else 0
    said = [f"已登记平台上已有的账户 {marked} 个。"] if marked else []
    return _emit(call, result, {"known": marked}, said)


@export.add("oneroster", "导出 OneRoster 1.2 文件（zip）：全部账户，或某天以来的变化")
def oneroster(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="文件.zip", help="写到哪里")],
    delta_since: Annotated[str | None, typer.Option(metavar="日期", help="只导出这一天以来的变化")] = None,
    confirm_mass: ConfirmMass = False,
    below: Below = False,
    no_resource_ids: Annotated[
        bool, typer.Option("--no-resource-ids", help="不写 resourceSourcedIds 一列（有的平台不认）")
    ] = False,
) -> int:
    """Write a OneRoster zip."""
    from models.exchange.platform.oneroster import Profile
    from models.services import platform_files as services

    call: Call = ctx.obj
    profile = Profile(resource_ids=not no_resource_ids)
    with call.store() as store:
        result = store.write(
            services.export_oneroster, store.actor, out, delta_since, call.progress, confirm_mass, below, profile
        )
    return _emit(call, result, {}, [])


@export.add("slips", "为已有账户重发初始密码：passwords.csv 上传平台，slips.pdf 密封后发给本人")
def slips(
    ctx: typer.Context,
    out: Folder,
    who: Annotated[list[str] | None, typer.Argument(metavar="谁", help="用户名、姓名或内部标识，可以几个")] = None,
    address: Address = "",
) -> None:
    """Write new passwords for some accounts."""
    from desktop.cli.rosters import find_row
    from models.services import platform_files as services

    call: Call = ctx.obj
    if not who:
        raise UsageFaultError("请说明为谁重发初始密码；新增账户的密码条随 export moodle 一起写出。")

    def work(session: Any, actor: Any) -> Any:
        ids = [find_row(session, ACCOUNTS, one, whole=True) for one in who]
        return services.new_passwords(session, actor, out, ids, address), len(set(ids))

    with call.store() as store:
        paths, count = store.write(work, store.actor)
    call.emit(
        {"paths": document(paths), "accounts": count},
        [f"已为 {count} 个账户重发初始密码。", *map(str, paths), "密码没有保存，文件用完请删除。"],
    )


@export.add("list", "列出导出过的平台文件")
def list_exports(ctx: typer.Context) -> None:
    """List the exports for the platform."""
    from models.domain.times import local_text
    from models.services.platform_state import PLATFORM_LABELS
    from models.services.platform_state import list_exports as exports

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(exports)
    lines = [
        f"第 {one.number} 次  {local_text(one.made_at)}  {PLATFORM_LABELS[one.platform]}  {_counted(one.counts)}"
        f"  {one.made_by}{'  已撤销' if one.taken_back else ''}"
        for one in found
    ]
    call.emit(document(found), [f"共 {len(found)} 次", *lines])


@export.add("take-back", "撤销最近一次没有交出的平台导出，下次重新导出其内容")
def take_back(
    ctx: typer.Context, platform: Annotated[str, typer.Argument(metavar="moodle|oneroster", help="哪一种文件")]
) -> None:
    """Take the last export back."""
    from models.services import platform_state as services

    call: Call = ctx.obj
    choice(platform, {one: one for one in services.PLATFORM_LABELS}, "平台")
    with call.store() as store:
        last = store.write(services.take_back, store.actor, platform)
    call.emit(document(last), f"已撤销第 {last.number} 次导出（{_counted(last.counts)}）。请销毁它的文件和密码条。")


def _platform_accounts(path: Path | None, call: Call) -> dict[str, bool]:
    """User name -> whether it is suspended, of a list the platform gave."""
    from models.exchange.platform.accounts_list import read_accounts_list

    if path is None:
        return {}
    if not path.exists():
        raise UserError(f"找不到文件：{path}。")
    accounts = read_accounts_list(path, progress=call.progress).accounts
    return {one.username: bool(one.suspended) for one in accounts}


def _counted(counts: Any) -> str:
    words = [f"完整文件，共 {counts['whole']} 个账户"] if counts.get("whole") else []
    words += [f"{label} {counts[key]}" for key, label in (*_COUNTS, ("known", "登记已有")) if counts.get(key)]
    return "，".join(words) or "没有变化"


def _emit(call: Call, result: Any, more: dict[str, Any], said: list[str]) -> int:
    """Tell what was exported; 1 when somebody was left out."""
    lines = list(said)
    if result.paths:
        lines += [f"第 {result.number} 次导出：{_counted(result.counts)}。", *map(str, result.paths)]
    else:
        lines.append("没有需要告诉平台的变化，没有写出文件。")
    if any(path.name == "slips.pdf" for path in result.paths):
        lines.append("密码没有保存，只在 add.csv 和 slips.pdf 里；上传并发完后请删除这两个文件。")
    if result.remark:
        lines.append(f"  [提醒] {result.remark}")
    lines += [f"  未导出 {one.label}：{one.reason}。" for one in result.left_out[:_SHOWN]]
    if len(result.left_out) > _SHOWN:
        lines.append(f"  …… 还有 {len(result.left_out) - _SHOWN} 个未导出，用 --json 可以看到全部。")
    call.emit({**document(result), **more}, lines)
    return 1 if result.left_out else 0
