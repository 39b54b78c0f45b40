"""Commands on problem rosters: list, show, evidence, import, ask, answer, confirm, decide, change, close."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, assignments, choice
from desktop.cli.contents import Folder
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.fields import STUDENTS
from models.domain.problems import (
    CLAIM_LABELS,
    MAX_EVIDENCE,
    OUTCOME_LABELS,
    PROBLEM_KINDS,
    STATE_LABELS,
    Claim,
    ProblemState,
)
from models.domain.times import local_text

app = Commands("问题学籍")
problem = Commands("问题学籍：核实、答复、确认、裁定。问题用 problem list 中的 8 位编号指明。")
app.add_typer(problem, name="problem")

_CLAIMS = {claim.value: claim for claim in Claim}
_KINDS = {kind.key: kind.key for kind in PROBLEM_KINDS}
_STATES = {state.value: state.value for state in ProblemState}
Number = Annotated[str, typer.Argument(metavar="编号", help="问题的编号（8 位）")]
Numbers = Annotated[list[str], typer.Argument(metavar="编号", help="一个或多个问题的编号")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="说明或理由")]
Place = Annotated[int | None, typer.Option("--side", metavar="第几方", help="本单位有几方时，说明是第几方（从 1 起）")]
Due = Annotated[str, typer.Option(metavar="日期", help="答复期限，如 2026-12-31（默认 30 天）")]


@problem.add("list", "列出问题学籍：等谁办、期限、是否逾期")
def list_(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(metavar="状态", help="、".join(STATE_LABELS.values()))] = "",
    kind: Annotated[str, typer.Option(metavar="种类", help="、".join(_KINDS))] = "",
    mine: Annotated[bool, typer.Option("--mine", help="只看等本单位办的")] = False,
) -> None:
    """List problems."""
    from models.services.problem_views import ProblemQuery, list_problems

    call: Call = ctx.obj
    states = (
        (choice(state, _STATES, "--state", {one.value: label for one, label in STATE_LABELS.items()}),) if state else ()
    )
    labels = {one.key: one.label for one in PROBLEM_KINDS}
    kinds = (choice(kind, _KINDS, "--kind", labels),) if kind else ()
    with call.store() as store:
        found = store.read(list_problems, ProblemQuery(states=states, kinds=kinds, mine=mine))
    call.emit([document(one) for one in found], [_line(one) for one in found] or "没有问题学籍。")


def _line(one: Any) -> str:
    marks = "【毕业年级】" * one.priority + "【等本单位办】" * one.my_turn
    due = f"期限 {one.due}" + (f"，已逾期 {one.late} 天" if one.late else "") if one.due else ""
    turn = f"等待{one.turn}" if one.turn else ""
    return "  ".join(
        text for text in (one.number, one.kind_label, one.state_label, one.label, due, turn, marks) if text
    )


@problem.add("show", "查看一个问题：各方的情况、答复、证明材料和裁定")
def show(ctx: typer.Context, number: Number) -> None:
    """Show one problem in full."""
    from models.services.problem_views import get_problem

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(get_problem, number, store.actor)
    lines = [_line(found.summary), found.explanation, f"由{found.summary.owner_name}裁定"]
    lines += [f"来源说明：{found.note}"] if found.note else []
    lines += [f"{title}：{text}" for title, text in found.facts]
    for side in found.sides:
        lines += _side_lines(side)
    lines += [f"裁定理由：{found.opinion}（{found.decided_by}）"] if found.decided_at else []
    lines += [f"办结：{found.closed_note}（{local_text(found.closed_at)}）"] if found.closed_at else []
    call.emit(document(found), [*lines, *found.others])


def _side_lines(side: Any) -> list[str]:
    lines = [f"第 {side.position + 1} 方  {side.unit_name}  {side.label}  {side.stand}"]
    lines += [f"    {'，'.join(f'{title} {text}' for title, text in side.facts)}"] if side.facts else []
    if side.answered_at:
        change = f"，变更 {side.change_number}" if side.change_number else ""
        lines.append(f"    学校答复：{side.claim_label}，{side.opinion or '没有说明'}（{side.answered_by}）{change}")
    lines += [f"    拟改为：{title} {old or '（空）'} → {new or '（空）'}" for title, old, new in side.proposed]
    lines += [f"    证明材料：{one.name}（{one.size >> 10} KB）" for one in side.evidence]
    if side.bureau_at:
        opinion = side.bureau_opinion or "没有说明"
        lines.append(f"    主管部门：{side.bureau_claim_label}，{opinion}（{side.bureau_by}）")
    return lines


@problem.add("evidence", "把各方答复所附的证明材料另存为文件；会记入操作记录，不覆盖已有的文件")
def evidence_(ctx: typer.Context, number: Number, out: Folder) -> None:
    """Write the evidence of the answers into a folder."""
    from models.services.evidence_export import export_evidence
    from models.services.problem_views import get_problem

    def work(session: Any, actor: Any) -> Any:
        found = get_problem(session, number)
        files = [one for side in found.sides for one in side.evidence]
        return export_evidence(session, actor, found.summary.number, files, out, "problem")

    call: Call = ctx.obj
    with call.store() as store:
        paths = store.write(work, store.actor)
    call.emit({"paths": document(paths)}, [f"已另存：{path}" for path in paths])


@problem.add("import", "导入公安或上级提供的问题学籍清单，为所列学生建立问题；--ask 同时下发核实")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="文件", help="清单：姓名、身份证件号、学校、学籍号、问题类型、说明")],
    ask_now: Annotated[bool, typer.Option("--ask", help="马上签名下发核实")] = False,
    due: Due = "",
) -> None:
    """Open problems from a list."""
    from models.exchange.problem_list import read_problem_list
    from models.services.problem_lists import open_list
    from sync.problems import acts as sync

    call: Call = ctx.obj
    listed = read_problem_list(file)
    with call.store() as store:
        result = store.write(open_list, store.actor, listed, file)
        asked = sync.ask(store, call.passphrase(), result.opened, due) if ask_now and result.opened else None
    lines = [f"清单共 {len(listed)} 行：新建 {len(result.opened)} 个问题，{result.already} 行的问题已在办理。"]
    lines += [f"第 {one.row} 行 {one.name}：{one.reason}。" for one in result.unmatched]
    lines += [_asked_line(asked)] if asked else []
    call.emit({**document(result), "asked": document(asked)}, lines)


def _asked_line(asked: Any) -> str:
    return f"已下发 {asked.problems} 个问题给 {asked.units} 个单位，期限 {asked.due}。请用 package send 写出送交。"


@problem.add("ask", "签名下发核实（不写编号时为全部待下发的）；已下发的再次下发即为催办")
def ask(
    ctx: typer.Context,
    numbers: Annotated[list[str] | None, typer.Argument(metavar="编号", help="问题的编号")] = None,
    due: Due = "",
) -> None:
    """Send problems down."""
    from sync.problems import acts as sync

    call: Call = ctx.obj
    with call.store() as store:
        asked = sync.ask(store, call.passphrase(), numbers or None, due)
    call.emit(document(asked), _asked_line(asked))


@problem.add(
    "answer",
    "学校签名答复一个问题：keep 佐证无误、change 变更、delete 删除\n"
    f"证明材料随答复逐级转交，合计不超过 {MAX_EVIDENCE >> 10} KB；"
    "答复“变更”并写明 --set 时，变更草稿同时带上这些材料。",
)
def answer(
    ctx: typer.Context,
    number: Number,
    claim: Annotated[
        str, typer.Argument(metavar="答复", help="、".join(f"{k} {CLAIM_LABELS[c]}" for k, c in _CLAIMS.items()))
    ],
    opinion: Opinion = "",
    evidence: Annotated[list[Path] | None, typer.Option(metavar="文件", help="证明材料（PDF、JPG、PNG）")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", metavar="字段=值", help="变更：正确的信息")] = None,
    side: Place = None,
) -> None:
    """Answer a problem."""
    from models.services.evidence import inspect
    from sync.problems import acts as sync

    call: Call = ctx.obj
    word = choice(claim, _CLAIMS, "答复", {one.value: label for one, label in CLAIM_LABELS.items()})
    files = [(one.name, one.data) for one in map(inspect, evidence or [])]
    wanted = assignments(values or [], STUDENTS)
    with call.store() as store:
        done = sync.answer(
            store, call.passphrase(), number, word, opinion, files=files, values=wanted, position=_position(side)
        )
    lines = [f"已答复“{CLAIM_LABELS[word]}”：{done.label}，送{done.bureau_name}。请用 package send 写出送交。"]
    carried = "，已带上答复的证明材料" * bool(files and wanted)
    lines += [f"已建立变更草稿 {done.change_number}{carried}，请核对后提交。"] if done.change_number else []
    if word is Claim.DELETE:
        lines.append("本版本不在程序内办理注销学籍：请在全国学籍系统办理，裁定单位据此办结。")
    call.emit({"claim": word.value, "label": done.label, "change_number": done.change_number}, lines)


def _position(side: int | None) -> int | None:
    return None if side is None else side - 1


@problem.add("confirm", "主管部门签名确认所属学校的答复并上报；不写 --claim 时同意学校的答复")
def confirm(
    ctx: typer.Context,
    numbers: Numbers,
    claim: Annotated[str, typer.Option(metavar="意见", help="与学校不同时：keep、change 或 delete")] = "",
    opinion: Opinion = "",
    side: Place = None,
) -> None:
    """Confirm answers."""
    from sync.problems import acts as sync

    call: Call = ctx.obj
    labels = {one.value: label for one, label in CLAIM_LABELS.items()}
    word = choice(claim, _CLAIMS, "--claim", labels) if claim else None
    with call.store() as store:
        done = sync.confirm(store, call.passphrase(), numbers, word, opinion, _position(side))
    call.emit({"confirmed": done}, f"已确认 {done} 个问题的答复，等待上报。请用 package send 写出送交。")


@problem.add("decide", "共同上级签名裁定：按各方的顺序写明 keep 保留、change 变更、delete 删除")
def decide(
    ctx: typer.Context,
    number: Number,
    outcomes: Annotated[list[str], typer.Argument(metavar="裁定", help="每一方一个，如 keep change")],
    opinion: Annotated[str, typer.Option(metavar="文字", help="裁定的理由（必填，各方都会看到）")] = "",
) -> None:
    """Decide a problem."""
    from sync.problems import acts as sync

    call: Call = ctx.obj
    labels = {one.value: label for one, label in OUTCOME_LABELS.items()}
    wanted = {place: choice(one, _CLAIMS, "裁定", labels) for place, one in enumerate(outcomes)}
    with call.store() as store:
        state = sync.decide(store, call.passphrase(), number, wanted, opinion)
    call.emit({"state": state.value}, f"已裁定（{STATE_LABELS[state]}），将告知各方。请用 package send 写出送交。")


@problem.add("change", "学校按裁定建立变更草稿；之后补证明材料并提交（change submit）")
def change(
    ctx: typer.Context,
    number: Number,
    values: Annotated[list[str], typer.Option("--set", metavar="字段=值", help="正确的信息")],
    reason: Annotated[str, typer.Option(metavar="文字", help="理由")] = "",
    side: Place = None,
) -> None:
    """Start the change a decision asks for."""
    from models.services.problem_answers import start_change

    call: Call = ctx.obj
    wanted = assignments(values, STUDENTS)
    with call.store() as store:
        made = store.write(start_change, store.actor, number, wanted, reason, _position(side))
    call.emit({"change_number": made}, f"已建立变更草稿 {made}，请添加证明材料后提交。")


@problem.add("close", "发起核实的单位办结一个已在程序之外解决的问题，并告知各方")
def close(
    ctx: typer.Context, number: Number, note: Annotated[str, typer.Option(metavar="文字", help="理由")] = ""
) -> None:
    """Close a problem by hand."""
    from sync.problems import acts as sync

    call: Call = ctx.obj
    if not note.strip():
        raise UsageFaultError("缺少 --note：请写明办结的理由，各方都会看到。")
    with call.store() as store:
        sync.close(store, number, note)
    call.emit({"closed": number}, "已办结，将告知各方。请用 package send 写出送交。")
