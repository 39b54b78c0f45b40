"""Commands on names and spreadsheet files: username, check, import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.findings import Level
from models.domain.policy import UE_SPELLINGS
from models.domain.units import Tier

app = Commands("名字和表格文件")
KINDS = {STUDENTS: STUDENTS, ACCOUNTS: ACCOUNTS}
_BATCH = 2000
_SKIPPED_SHOWN = 20
_COUNTS = (("new", "新增"), ("updated", "更新"), ("same", "没有变化"), ("drafts", "变更草稿"), ("skipped", "跳过"))
ErrorsTo = Annotated[
    Path | None, typer.Option("--errors-to", metavar="文件.xlsx", help="把有错误的行连同原因导出，改正后可再导入")
]


# --- user names -----------------------------------------------------------------------------------------------


@app.add("username", "按命名规则生成用户名，不需要数据。\n多音字、多种读法会列出全部可用的用户名，首选的在前。")
def username(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="姓名", help="一个或多个姓名")] = None,
    province: Annotated[bool, typer.Option("--province", help="省校")] = False,
    city: Annotated[str | None, typer.Option(metavar="市", help="市校所在市")] = None,
    county: Annotated[str | None, typer.Option(metavar="县", help="县校所在县（市、区）")] = None,
    ue: Annotated[str, typer.Option(metavar="v|yu|u", help="ü 的写法，默认 v")] = "v",
    batch: Annotated[str | None, typer.Option(metavar="文件", help="每行一个姓名的文件；- 为标准输入")] = None,
) -> int:
    """Propose user names for the names given or for each line of a file."""
    from models.rules.naming import prefix_for, propose, propose_all

    call: Call = ctx.obj
    choice(ue, {spelling: spelling for spelling in UE_SPELLINGS}, "--ue")
    prefix = prefix_for(_tier(province, city, county), city, county)
    if batch is not None:
        lines = [*(names or []), *_lines(batch)]
        problems = 0
        for start in range(0, len(lines), _BATCH):
            for proposal in propose_all(lines[start : start + _BATCH], prefix, ue):
                problems += proposal.problem is not None
                _show_proposal(call, proposal)
        return 1 if problems else 0
    if not names:
        raise UsageFaultError("请给出姓名，或用 --batch 给出每行一个姓名的文件。")
    proposals = [propose(name, prefix, ue) for name in names]
    if call.json:
        documents = [_proposal_document(proposal) for proposal in proposals]
        call.line(documents if len(documents) > 1 else documents[0])
    else:
        for proposal in proposals:
            _show_proposal(call, proposal)
    return 1 if any(proposal.problem for proposal in proposals) else 0


def _tier(province: bool, city: str | None, county: str | None) -> Tier:
    if province and (city or county):
        raise UsageFaultError("--province 与 --city、--county 不能一起用。")
    if county and not city:
        raise UsageFaultError("用 --county 时请同时用 --city 说明属于哪个市。")
    if not province and not city:
        raise UsageFaultError("请用 --province，或 --city（县校再加 --county）说明学校的层级和地点。")
    return Tier.PROVINCE if province else (Tier.COUNTY if county else Tier.CITY)


def _lines(batch: str) -> list[str]:
    raw = sys.stdin.buffer.read() if batch == "-" else Path(batch).read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def _proposal_document(proposal: Any) -> dict[str, Any]:
    return {
        "name": proposal.name,
        "username": proposal.username,
        "candidates": list(proposal.candidates),
        "ambiguous": proposal.ambiguous,
        "problem": proposal.problem,
    }


def _show_proposal(call: Call, proposal: Any) -> None:
    if call.json:
        call.line(_proposal_document(proposal))
        return
    others = [name for name in proposal.candidates if name != proposal.username]
    note = f"\t（还可以是 {'、'.join(others)}）" if proposal.ambiguous and others else ""
    problem = f"\t{proposal.problem}" if proposal.problem else ""
    sys.stdout.write(f"{proposal.name}\t{proposal.username or '-'}{note}{problem}\n")


# --- check and import -----------------------------------------------------------------------------------------


@app.add("check", "检查一个名册文件，逐行逐列指出问题，不写入任何内容。\n同时给出 --home 时还与已有数据比对。")
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="文件", help="xlsx、xls 或 csv")],
    kind: Annotated[str | None, typer.Option(metavar="students|teachers", help="名册种类，默认按列名识别")] = None,
    records: Annotated[bool, typer.Option("--records", help="JSON 中附上规范化后的每一行")] = False,
    errors_to: ErrorsTo = None,
) -> int:
    """Dry run of an import."""
    from desktop.cli.findings import check_text
    from models.exchange.report import check_report

    call: Call = ctx.obj
    with call.store() if call.home_named else nullcontext() as store:
        checked = _checked(call, store, file, kind)
    exported = _export_errors(call, checked, errors_to)
    call.emit({**check_report(checked.workbook, checked.findings, records), **exported}, check_text(checked))
    return 1 if _has_errors(checked) else 0


@app.add("import", "检查并导入一个名册文件。\n有错误时一行也不写入，除非用 --accept-clean 只写入没有错误的行。")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="文件", help="xlsx、xls 或 csv")],
    kind: Annotated[str | None, typer.Option(metavar="students|teachers", help="名册种类，默认按列名识别")] = None,
    accept_clean: Annotated[bool, typer.Option("--accept-clean", help="写入没有错误的行")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="确认一次改动大量已有记录")] = False,
    errors_to: ErrorsTo = None,
    usernames: Annotated[
        list[str] | None,
        typer.Option("--username", metavar="行=用户名", help="选定这一行的用户名；多个工作表时写 工作表!行=用户名"),
    ] = None,
) -> int:
    """Check a file and write it."""
    from desktop.cli.chosen_names import choose_names
    from desktop.cli.findings import check_text
    from models.exchange.report import check_report
    from models.services import changes, imports

    call: Call = ctx.obj
    with call.store() as store:
        checked = _checked(call, store, file, kind)
        choose_names(checked, usernames or [])
        document = {
            **check_report(checked.workbook, checked.findings),
            **_export_errors(call, checked, errors_to),
        }
        if _has_errors(checked) and not accept_clean:
            advice = "没有写入任何内容：请改正后重新导入，或用 --accept-clean 只导入没有错误的行。"
            call.emit({**document, "written": None}, [check_text(checked), advice])
            return 1
        result = store.write(imports.apply, store.actor, checked, accept_clean, call.progress, confirm)
        ids = (result.baseline_id, result.reported_id, result.creation_id)
        baseline, again, creation = (store.read(changes.get, one).summary.number if one else "" for one in ids)
    written = {key: getattr(result, key) for key, _ in _COUNTS}
    more = {"batch_id": result.batch_id, "baseline_id": result.baseline_id, "baseline_number": baseline}
    more |= {"reported": result.reported, "reported_number": again, "overfull": list(result.overfull)}
    more |= {"creation_number": creation, "missing": list(result.missing)}
    call.emit(
        {**document, "written": {**written, **more}},
        [
            check_text(checked),
            *_written_text(checked, written, baseline),
            *_again_text(checked.kind, result.reported, again),
            *_creation_text(creation, result.missing),
            *(f"  [提醒] {sentence}" for sentence in result.overfull),
        ],
    )
    return 1 if _has_errors(checked) else 0


def _creation_text(number: str, missing: Sequence[str]) -> list[str]:
    """What happens to new accounts (A8, A16)."""
    if not number:
        return []
    if not missing:
        return [f"新账户的申请 {number} 已提交，主管领导批准后启用。"]
    return [f"新账户的申请 {number} 还不能提交：", *(f"  {text}" for text in missing)]


def _again_text(kind: str, rows: int, number: str) -> list[str]:
    """The baseline of pupils or accounts whose earlier one was refused or withdrawn, or that had none."""
    who, label = ("名学生", "名册基线") if kind == STUDENTS else ("个账户", "账户备案")
    said = f"另有 {rows} {who}此前没有上报成功，已建立{label}变更 {number}（草稿）。下一步：change submit {number}"
    return [said] if number else []


def _written_text(checked: Any, written: dict[str, int], baseline: str) -> list[str]:
    """What was written, which rows were not and why, and what to do next."""
    lines = ["已导入：" + "，".join(f"{label} {written[key]}" for key, label in _COUNTS) + "。"]
    skipped = _faulty_rows(checked)
    for (sheet, row), reasons in list(skipped.items())[:_SKIPPED_SHOWN]:
        lines.append(f"  跳过 {sheet} 第 {row} 行：{'；'.join(reasons)}")
    if len(skipped) > _SKIPPED_SHOWN:
        lines.append(f"  …… 还有 {len(skipped) - _SKIPPED_SHOWN} 行，用 --errors-to 可以导出全部。")
    if baseline:
        label = "名册基线" if checked.kind == STUDENTS else "账户备案"
        lines.append(f"已建立{label}变更 {baseline}（草稿）。下一步：change submit {baseline}")
    if written["drafts"]:
        lines.append("关键信息不一致的已另拟变更草稿，用 change list --open 查看；补充理由和证明材料后提交。")
    return lines


def _faulty_rows(checked: Any) -> dict[tuple[str, int], list[str]]:
    """Sheet and row of every row with errors -> what is wrong there."""
    rows: dict[tuple[str, int], list[str]] = {}
    for located in checked.findings:
        if located.finding.level is Level.ERROR and located.row:
            rows.setdefault((located.sheet, located.row), []).append(located.finding.message)
    return dict(sorted(rows.items()))


def _export_errors(call: Call, checked: Any, path: Path | None) -> dict[str, Any]:
    """Write the rows with errors to `path` when there are any; what JSON says of it."""
    from models.exchange.writing import write_error_workbook

    if path is None or not _has_errors(checked):
        return {}
    count = write_error_workbook(path, checked.workbook, checked.findings)
    call.note(f"有错误的 {count} 行已导出到 {path}，改正后可以直接导入。")
    return {"errors_to": str(path)}


def _checked(call: Call, store: Any, file: Path, kind: str | None) -> Any:
    """Read and check a file, against the store when there is one."""
    from models.exchange.reading import read_workbook
    from models.services import imports

    if kind is not None:
        choice(kind, KINDS, "--kind")
    if not file.exists():
        raise UserError(f"找不到文件：{file}。")
    workbook = read_workbook(file, kind, progress=call.progress)
    if store is None:
        return imports.check(None, workbook, None, call.progress)
    mapping = store.read(lambda session: _remembered(session, workbook))
    if mapping:
        workbook = read_workbook(file, workbook.kind, mapping, call.progress)
    return store.read(imports.check, workbook, None, call.progress)


def _remembered(session: Any, workbook: Any) -> dict[str, Any]:
    """How a person mapped the columns of sheets with these titles before."""
    from models.services import imports

    found = {sheet.sheet: imports.recall_mapping(session, sheet, workbook.kind) for sheet in workbook.sheets}
    return {name: mapping for name, mapping in found.items() if mapping}


def _has_errors(checked: Any) -> bool:
    return any(located.finding.level is Level.ERROR for located in checked.findings)
