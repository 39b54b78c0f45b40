"""Commands on filing accounts: where it stands, file, list, show; the annexes as files; the signature of a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call
from desktop.cli.contents import Everybody, Folder, pupil_documents, pupil_lines
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from models.domain.errors import UserError
from models.domain.filing import Act, counts_text, period_text
from models.domain.forms import FORMS, KIND_LABELS
from models.domain.times import local_text

app = Commands("账户备案")
filing = Commands("账户备案：到期提醒、提交备案、生成附件1—3、查验 PDF 签名")
app.add_typer(filing, name="filing")

_FORM_WORDS = "、".join(f"{form.key} {form.annex}《{form.title}》" for form in FORMS.values())
Period = Annotated[str, typer.Option(metavar="年-月", help="哪一次备案，如 2026-05（默认今天所属的一次）")]


@filing.add("status", "备案时间、待备案的账户、下级哪些单位还没有备案")
def status(ctx: typer.Context) -> None:
    """Where filing stands."""
    from models.services.filing.overview import overview

    call: Call = ctx.obj
    with call.store() as store:
        one = store.read(overview)
    when = "办理中" if one.open else "现在不在办理时间"
    lines = [f"{period_text(one.period)}{KIND_LABELS[one.kind]}：{one.first} 至 {one.last}（{when}）"]
    if one.files:
        numbers = counts_text({Act.ADDED: one.added, Act.DISABLED: one.disabled, Act.CHANGED: one.changed})
        lines.append(f"待备案：{numbers or '没有'}")
        lines += _waiting(one.waiting)
    lines += [f"在办的备案：{one.under_way}（收到上级回执前，其中的账户仍算在待备案里）"] if one.under_way else []
    lines += [one.reminder] if one.reminder else []
    lines += [f"  {unit.unit}：{_numbers(unit)}" for unit in one.units if unit.unit not in one.missing]
    lines += [f"本期未备案（或没有新增、禁用）：{'、'.join(one.missing)}"] if one.missing else []
    call.emit(document(one), lines)


def _waiting(number: int) -> list[str]:
    """New accounts no filing carries yet."""
    return [f"另有 {number} 个新账户还没有经主管领导批准（change list --open），不在其中。"] if number else []


def _numbers(unit: Any) -> str:
    return counts_text({Act.ADDED: unit.added, Act.DISABLED: unit.disabled, Act.CHANGED: unit.changed})


@filing.add(
    "propose",
    "把新增、禁用、更改的账户提交本单位主管领导核办，批准后打包报上级。\n"
    "已有草稿（如退回的）时，用 --period 把它改为另一次备案并提交。",
)
def propose(
    ctx: typer.Context,
    period: Period = "",
    reason: Annotated[str, typer.Option(metavar="文字", help="不在备案时间内办理时必填")] = "",
) -> None:
    """Draft and submit a filing, or the draft that is there as one of another period."""
    from models.services.changes import submit, submit_new
    from models.services.filing.overview import find_filing
    from models.services.filing.proposing import propose_filing, redate_filing
    from models.services.filing.rows import count_waiting

    def work(session: Any, actor: Any) -> Any:
        draft = redate_filing(session, actor, period, reason) if period else None
        if draft:
            submit(session, actor, draft)
        change_id = draft or propose_filing(session, actor, period, reason)
        if not draft:
            submit_new(session, actor, change_id)
        return find_filing(session, change_id), count_waiting(session)

    call: Call = ctx.obj
    with call.store() as store:
        one, waiting = store.write(work, store.actor)
    told = f"已提交 {one.number}（{one.label}），请主管领导核办（change approve），再打包（package build）。"
    call.emit({**document(one), "waiting": waiting}, [told, *_waiting(waiting)])


@filing.add("list", "列出本单位的备案")
def list_(ctx: typer.Context) -> None:
    """List filings."""
    from models.services.filing.overview import list_filings

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(list_filings)
    lines = [f"{one.number}  {one.state_label}  {one.label}  {local_text(one.as_of)}" for one in found]
    call.emit([document(one) for one in found], lines or "还没有备案。")


@filing.add("show", "查看一次备案的账户；收到的备案用 review show")
def show(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="编号", help="变更编号（BG-…）")],
    everybody: Everybody = False,
) -> None:
    """Show one filing."""
    from models.services import changes
    from models.services.filing.overview import filed_rows, find_filing

    def read(session: Any) -> Any:
        one = find_filing(session, number)
        if one is None:
            raise UserError(f"变更 {number} 不是账户备案，请用 change show 查看。")
        return one, filed_rows(session, one.id) or changes.pupils(session, one.id)

    call: Call = ctx.obj
    with call.store() as store:
        one, rows = store.read(read)
    accounts = pupil_documents(rows)
    lines = [f"{one.number}  {one.state_label}  {one.label}", *([f"原因：{one.reason}"] if one.reason else [])]
    call.emit({**document(one), "accounts": accounts}, [*lines, *pupil_lines(accounts, everybody)])


@filing.add("build", "生成备案表的 Excel 和带单位签名的 PDF，不覆盖已有的文件")
def build(
    ctx: typer.Context,
    form: Annotated[str, typer.Argument(metavar="表", help=_FORM_WORDS)],
    out: Folder,
    period: Period = "",
    template: Annotated[Path | None, typer.Option(metavar="文件", help="上级发的空白表（xlsx），按它填写")] = None,
    filled_by: Annotated[str, typer.Option("--filled-by", metavar="姓名", help="填表人（默认上次的）")] = "",
    phone: Annotated[str, typer.Option(metavar="电话", help="填表人电话（默认上次的）")] = "",
    date: Annotated[str, typer.Option(metavar="日期", help="填表日期，如 2026-05-20（默认今天）")] = "",
) -> None:
    """Write an annex as files."""
    from models.services.filing.forms import Filler
    from sync.documents.forms import build_form

    call: Call = ctx.obj
    filler = Filler(filled_by, phone, date)
    with call.store() as store:
        made = build_form(store, form, out, period, template, filler, call.progress)
    data = made.prepared.data
    facts = {
        "xlsx": str(made.xlsx), "pdf": str(made.pdf), "signed": made.signed, "period": made.prepared.period,
        "kind": data.kind.value, "records": len(data.rows), "receiver": data.receiver or data.form.receiver,
        "units": document(made.prepared.units), "missing": list(made.prepared.missing), "remarks": list(made.remarks),
    }  # fmt: skip
    lines = [f"已生成：{made.xlsx}", f"已生成：{made.pdf}{'（已签名）' if made.signed else ''}"]
    lines.append(f"共 {len(data.rows)} 个账户，报送 {facts['receiver']}。")
    lines += [f"{data.remark}。"] if data.remark else []
    call.emit(facts, [*lines, *made.remarks])


@filing.add("verify", "查验一个 PDF 的单位电子签名")
def verify(ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="文件", help="收到的 PDF")]) -> int | None:
    """Judge the signature of a PDF."""
    from sync.documents.signing import verify as judge

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(judge, file)
    call.emit({**document(found), "good": found.good}, found.sentence)
    return None if found.good else 1
