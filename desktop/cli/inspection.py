"""Commands on inspections of the platform's accounts and on patrols: run, list, handle, prove, close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli import inspection_words as words
from desktop.cli.call import Call, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.inspection import CODES, DEFAULT_IDLE_DAYS, PROOF_LABELS, Proof

app = Commands("专项核查和巡查")
inspection = Commands("专项核查：把平台导出的账户清单与名册比对，形成停用清单，再用以后的清单核实")
patrol = Commands("巡查：只看名册，检查本单位和所辖单位的账户")
app.add_typer(inspection, name="inspection")
app.add_typer(patrol, name="patrol")

_CODE_LABELS = {code.key: code.label for code in CODES}
Number = Annotated[str, typer.Argument(metavar="编号", help="核查的编号（8 位，见 inspection list）")]
Places = Annotated[
    list[int] | None, typer.Option("--finding", metavar="序号", min=1, help="哪一项，见 inspection show")
]
Codes = Annotated[list[str] | None, typer.Option("--code", metavar="问题", help="、".join(_CODE_LABELS.values()))]
Note = Annotated[str, typer.Option(metavar="文字", help="说明")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="字段=列", help="哪一列是什么，如 username=账号、姓名=C；以后自动沿用"),
]


@inspection.add("run", "核查平台导出的账户清单（xlsx、xls、csv），不改动任何账户")
def run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="文件", help="平台导出的账户清单")],
    maps: Maps = None,
    idle_days: Annotated[int, typer.Option(metavar="天数", help="多少天没有登录算闲置")] = DEFAULT_IDLE_DAYS,
    note: Note = "",
) -> None:
    """Inspect a list."""
    from models.services.inspection import running

    call: Call = ctx.obj
    with call.store() as store:
        export = _read(call, store, file, maps)
        made = store.write(running.run, store.actor, export, "inspection", note, call.progress, idle_days=idle_days)
        _told(call, store, made)


def _read(call: Call, store: Any, file: Path, maps: Sequence[str] | None) -> Any:
    from datetime import date

    from models.domain.times import local_day, now_text
    from models.services.inspection import exports

    given = _columns(maps or [])
    return exports.read_export(
        file, given, store.read(exports.remembered), date.fromisoformat(local_day(now_text())), call.progress
    )


def _columns(maps: Sequence[str]) -> dict[str, str]:
    """`field=column` texts; fields by key or by what people call them. Raises UsageFaultError."""
    from models.exchange.platform.accounts_list import FIELDS

    keys = {label: key for key, (label, _) in FIELDS.items()} | {key: key for key in FIELDS}
    found = {}
    for text in maps:
        name, equals, column = text.partition("=")
        if not equals or name not in keys:
            known = "、".join(f"{label}（{key}）" for key, (label, _) in FIELDS.items())
            raise UsageFaultError(f"“{text}”应写成 字段=列，例如 username=账号；字段有：{known}。")
        found[keys[name]] = column
    return found


def _told(call: Call, store: Any, inspection_id: str) -> None:
    from models.services.inspection import views

    found = store.read(views.show, inspection_id)
    call.emit(words.document_of(found, with_items=False), words.heading(found))


@inspection.add("list", "列出专项核查和巡查：何时、何人、发现多少、处理到哪一步")
def list_(ctx: typer.Context) -> None:
    """List inspections and patrols."""
    from models.services.inspection import views

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(views.list_inspections)
    call.emit([document(one) for one in found], [words.line(one) for one in found] or "还没有做过专项核查或巡查。")


@inspection.add("show", "查看一次核查：每处问题、涉及的账户、处理到哪一步")
def show(
    ctx: typer.Context,
    number: Number,
    codes: Codes = None,
    unit: Annotated[str, typer.Option(metavar="单位", help="只看这个单位的，写名称或代码")] = "",
) -> None:
    """Show one inspection."""
    from models.services.inspection import views
    from models.services.units import unit_by

    call: Call = ctx.obj
    with call.store() as store:
        unit_id = store.read(unit_by, unit).id if unit else ""
        found = store.read(views.show, number, _chosen_codes(codes), unit_id)
    lines = [f"  {one.position + 1}. {words.item(one, views.standing_words(one))}" for one in found.items]
    call.emit(words.document_of(found, with_items=True), [*words.heading(found), *lines])


def _chosen_codes(codes: Sequence[str] | None) -> list[str]:
    return [choice(code, {key: key for key in _CODE_LABELS}, "--code", _CODE_LABELS) for code in codes or []]


@inspection.add("dismiss", "不予处理：写明理由，问题保留在记录中")
def dismiss(ctx: typer.Context, number: Number, findings: Places = None, note: Note = "") -> None:
    """Leave findings as they are."""
    from models.services.inspection import handling

    _mark(ctx.obj, handling.dismiss, (number, findings, note), "已记为不予处理")


@inspection.add("restore", "重新处理先前不予处理的问题")
def restore(ctx: typer.Context, number: Number, findings: Places = None, note: Note = "") -> None:
    """Take up dismissed findings again."""
    from models.services.inspection import handling

    _mark(ctx.obj, handling.restore, (number, findings, note), "已恢复为待处理")


def _mark(call: Call, act: Any, said: tuple[str, Sequence[int] | None, str], words: str) -> None:
    number, findings, note = said
    if not findings:
        raise UsageFaultError("请用 --finding 序号 说明是哪一项，序号见 inspection show。")
    with call.store() as store:
        count = store.write(act, store.actor, number, [place - 1 for place in findings], note)
    call.emit({"findings": count}, f"{words}：{count} 项。")


@inspection.add(
    "disable",
    "把问题账户列入停用清单（应先更正的，选定才列入）：本单位的报主管领导批准，所辖单位的下达停用通知单（用本人口令签名）",
)
def disable(
    ctx: typer.Context,
    number: Number,
    codes: Codes = None,
    findings: Places = None,
    due: Annotated[str, typer.Option(metavar="日期", help="通知单的执行期限，如 2026-12-31（默认 15 天）")] = "",
    confirm_mass: Annotated[bool, typer.Option("--confirm-mass", help="确认一次停用很多账户")] = False,
) -> None:
    """Make the disable list of findings; without a choice of the irregular ones that are not put right first."""
    from models.services.inspection import views
    from sync import inspections

    call: Call = ctx.obj
    with call.store() as store:
        places = [place - 1 for place in findings] if findings else None
        if codes:
            found = store.read(views.show, number, _chosen_codes(codes))
            places = [*(places or []), *(one.position for one in found.items if one.state == "open")]
        made = inspections.disable(store, call.passphrase(), number, places, due, confirmed=confirm_mass)
    text = [
        f"停用清单共 {made.accounts} 个账户：本单位 {len(made.changes)} 个，待主管领导批准（change list）；"
        f"停用通知单 {len(made.orders)} 份（order list，用 package send 写出）；"
        f"只需在平台上停用 {made.platform} 个；已在办理 {made.under_way} 个。"
    ]
    text += [f"另有 {made.skipped} 处只需更正，未列入。"] if made.skipped else []
    if made.corrections:
        numbers = words.numbers([place + 1 for place in made.corrections])
        text.append(
            f"另有 {len(made.corrections)} 处应先更正，没有列入：序号 {numbers}。"
            "更正不了、确需停用的，用 --code 问题 或 --finding 序号 选定。"
        )
    call.emit(asdict(made), text)


@inspection.add("prove", "用以后从平台导出的清单核实：已停用、已改正，还是仍未停用")
def prove(
    ctx: typer.Context,
    number: Number,
    file: Annotated[Path, typer.Argument(metavar="文件", help="停用以后从平台重新导出的清单")],
    maps: Maps = None,
) -> None:
    """Hold a later list against an inspection."""
    from models.services.inspection import proving

    call: Call = ctx.obj
    with call.store() as store:
        export = _read(call, store, file, maps)
        found = store.write(proving.prove, store.actor, number, export, call.progress)
    settled = "，".join(f"{PROOF_LABELS[Proof(how)]} {count}" for how, count in found.settled.items() if count)
    text = f"已核实：{settled or '没有'}；{PROOF_LABELS[Proof.STILL]} {found.still}；清单没有说到 {found.silent}。"
    call.emit(document(found), text)


@inspection.add("close", "办结：用本人的口令对全部记录签名，以后不能再改动")
def close(
    ctx: typer.Context,
    number: Number,
    open_left: Annotated[bool, typer.Option("--open-left", help="还有没了结的问题也办结")] = False,
) -> None:
    """Sign and close an inspection."""
    from sync import inspections

    call: Call = ctx.obj
    with call.store() as store:
        statement = inspections.close(store, call.passphrase(), number, open_left=open_left)
    call.emit({"statement": statement}, f"已办结并签名，签名文件 {statement[:16]}。可用 inspection verify 核对。")


@inspection.add("verify", "核对已办结的核查：签名是谁的，记录是否被改动过")
def verify(ctx: typer.Context, number: Number) -> int:
    """Verify the signed record."""
    from sync import inspections

    call: Call = ctx.obj
    with call.store() as store:
        faults = store.read(inspections.verify, number)
    call.emit({"ok": not faults, "faults": list(faults)}, list(faults) or "签名有效，记录与签名时一致。")
    return 1 if faults else 0


@inspection.add("export", "导出全部问题和应如何办理（xlsx），或可打印的核查记录（pdf）")
def export(
    ctx: typer.Context,
    number: Number,
    out: Annotated[Path, typer.Option(metavar="文件", help="写到哪个文件，扩展名是 xlsx 或 pdf")],
) -> None:
    """Write an inspection out."""
    from models.services.inspection import papers

    call: Call = ctx.obj
    if out.suffix.lower() not in (".xlsx", ".pdf"):
        raise UsageFaultError("--out 的文件名须以 .xlsx 或 .pdf 结尾。")
    with call.store() as store:
        if out.suffix.lower() == ".pdf":
            paper = store.write(papers.write_pdf, store.actor, number, out)
            call.emit({"file": str(out), "remark": paper.remark}, [f"已写出 {out}。", *filter(None, [paper.remark])])
            return
        count = store.write(papers.write_xlsx, store.actor, number, out)
    call.emit({"file": str(out), "findings": count}, f"已写出 {count} 处问题：{out}。")


@patrol.add("run", "巡查名册中的账户：用户名、实名、备案、重复、共用、格式、完整性")
def run_patrol(
    ctx: typer.Context,
    unit: Annotated[str, typer.Option(metavar="单位", help="只巡查这个单位和它所辖的，写名称或代码")] = "",
    note: Note = "",
) -> None:
    """Look through the register."""
    from models.services.inspection import running
    from models.services.units import unit_by

    call: Call = ctx.obj
    with call.store() as store:
        unit_id = store.read(unit_by, unit).id if unit else None
        made = store.write(running.patrol, store.actor, unit_id, note, call.progress)
        _told(call, store, made)
