"""Commands on changes: kinds, propose, submit, list, show, approve, return, refuse, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, assignments, choice
from desktop.cli.contents import Everybody, Folder, evidence_lines, pupil_documents, pupil_lines
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.change_kinds import ACCOUNT_DISABLE, ACCOUNT_RENAME, CHANGE_KIND, CHANGE_KINDS, ChangeKind
from models.domain.errors import UserError
from models.domain.fields import STUDENTS
from models.domain.states import STATE_LABELS, State
from models.domain.statuses import CHECK_LEVELS
from models.domain.times import local_text
from models.domain.units import LINE_LABELS, ROLE_LABELS, TIER_LABELS

KIND_LABELS = {kind.key: kind.label for kind in CHANGE_KINDS}

app = Commands("变更：提出、提交、核办")
change = Commands("变更：提出、提交、核办。变更可以用编号（如 BG-2026-0001）或内部标识指明。")
app.add_typer(change, name="change")

Ids = Annotated[list[str], typer.Argument(metavar="编号", help="一个或多个变更的编号")]
Number = Annotated[str, typer.Argument(metavar="编号", help="变更的编号")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="意见")]


@change.add("kinds", "列出变更的种类和各自的要求")
def kinds(ctx: typer.Context) -> None:
    """List the kinds of change with what each needs."""
    call: Call = ctx.obj
    call.emit([_kind_document(kind) for kind in CHANGE_KINDS], "\n\n".join(_kind_text(kind) for kind in CHANGE_KINDS))


def _kind_document(kind: ChangeKind) -> dict[str, Any]:
    return {
        "key": kind.key,
        "label": kind.label,
        "line": kind.lines[0].value,
        "lines": [line.value for line in kind.lines],
        "initiator": kind.initiators[0].value,
        "initiators": [role.value for role in kind.initiators],
        "route": [{"tier": tier.value, "role": role.value} for tier, role in kind.route],
        "needs_evidence": kind.needs_evidence,
        "needs_reason": kind.needs_reason,
        "takes_values": kind.takes_values,
        "clause": kind.clause,
        "explanation": kind.explanation,
    }


def _kind_text(kind: ChangeKind) -> str:
    needs = [
        text
        for wanted, text in (
            (kind.takes_values or kind.key in (ACCOUNT_RENAME.key, ACCOUNT_DISABLE.key), "新的值（--set）"),
            (kind.needs_reason, "理由（--reason）"),
            (kind.needs_evidence, "证明材料（--evidence）"),
        )
        if wanted
    ]
    route = " → ".join(f"{TIER_LABELS[tier]}{ROLE_LABELS[role]}" for tier, role in kind.route)
    lines = "、".join(LINE_LABELS[line] for line in kind.lines)
    who = "或".join(ROLE_LABELS[role] for role in kind.initiators)
    head = f"{kind.key}  {kind.label}（{lines}，由{who}发起）"
    return f"{head}\n  {kind.explanation}\n  需要：{'、'.join(needs) or '无'}；核办：{route}"


@change.add("propose", "提出一个变更申请（草稿）；之后用 change submit 提交")
def propose(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="种类", help="见 change kinds")],
    subject: Annotated[
        str,
        typer.Option(
            metavar="谁",
            help="学生的标识、身份证件号、学籍号或只有一人的姓名；批次或变更的标识。名册基线、账户备案不写时为全部尚未上报的学生或账户",
        ),
    ] = "",
    values: Annotated[list[str] | None, typer.Option("--set", metavar="字段=值", help="新的值")] = None,
    reason: Annotated[str, typer.Option(metavar="文字", help="理由")] = "",
    evidence: Annotated[list[Path] | None, typer.Option(metavar="文件", help="证明材料（PDF、JPG、PNG）")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="马上提交")] = False,
) -> None:
    """Start a change request with its evidence in one transaction."""
    from models.services import changes
    from models.services import evidence as evidences

    call: Call = ctx.obj
    wanted = choice(kind, CHANGE_KIND, "种类", KIND_LABELS)
    if not subject and not wanted.subjects:
        raise UsageFaultError("缺少 --subject：请说明是谁的变更。")
    files = [evidences.inspect(path) for path in evidence or []]
    given = _values(wanted, values or [])

    def act(session: Any, actor: Any) -> Any:
        subject_id = _subject(session, subject, wanted.values_of) if wanted.values_of else subject
        change_id = changes.propose(session, actor, wanted.key, subject_id, given, reason)
        for file in files:
            changes.attach(session, actor, change_id, file.name, file.data, file.media_type)
        if submit:
            changes.submit_new(session, actor, change_id)
        return changes.get(session, change_id).summary

    with call.store() as store:
        made = store.write(act, store.actor)
    call.emit(document(made), f"已建立变更 {made.number}（{made.state_label}）：{made.subject_label}，{made.summary}。")


def _values(kind: ChangeKind, pairs: list[str]) -> dict[str, str]:
    """Field texts; what is no field (the reason for disabling) as it is written."""
    states = [pair.partition("=") for pair in pairs if pair.partition("=")[0] == "disabled_reason"]
    fields = [pair for pair in pairs if pair.partition("=")[0] != "disabled_reason"]
    return {**assignments(fields, kind.values_of or STUDENTS), **{key: text for key, _, text in states}}


def _subject(session: Any, text: str, kind: str) -> str:
    from desktop.cli.rosters import find_row

    return find_row(session, kind, text, whole=True)  # a request about the wrong pupil must not begin by chance


@change.add("list", "列出本单位的变更")
def list_(
    ctx: typer.Context,
    state: Annotated[list[str] | None, typer.Option(metavar="状态", help="、".join(STATE_LABELS.values()))] = None,
    kind: Annotated[list[str] | None, typer.Option(metavar="种类", help="见 change kinds")] = None,
    text: Annotated[str, typer.Option(metavar="文字", help="编号或对象中含有的文字")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="只看还没有结束的")] = False,
) -> None:
    """List the unit's changes."""
    from models.services import changes

    call: Call = ctx.obj
    states = {one.value: one.value for one in State}
    query = changes.ChangeQuery(
        states=tuple(choice(one, states, "--state", STATE_LABELS) for one in state or []),
        kinds=tuple(choice(one, CHANGE_KIND, "--kind", KIND_LABELS).key for one in kind or []),
        text=text,
        open_only=open_only,
    )
    with call.store() as store:
        found = store.read(changes.list_changes, query)
    rows = [f"{one.number}  {one.state_label}  {one.kind_label}  {one.subject_label}  {one.summary}" for one in found]
    call.emit([document(one) for one in found], rows or "没有符合条件的变更。")


@change.add("show", "查看一个变更：前后对照、证明材料、基线的名单、经过和下一步")
def show(ctx: typer.Context, number: Number, everybody: Everybody = False) -> None:
    """Show one change in full."""
    from models.services import changes

    call: Call = ctx.obj
    with call.store() as store:
        found, rows = store.read(
            lambda session: (changes.get(session, number, store.actor), changes.pupils(session, number))
        )
    pupils = pupil_documents(rows)
    call.emit({**document(found), "pupils": pupils}, [*_detail_text(found), *pupil_lines(pupils, everybody)])


def _detail_text(found: Any) -> list[str]:
    one = found.summary
    lines = [f"{one.number}  {one.kind_label}  {one.state_label}（第 {one.attempt} 次）", f"对象：{one.subject_label}"]
    lines += [f"  {diff.label}：{diff.before_text or '（空）'} → {diff.after_text or '（空）'}" for diff in found.diffs]
    lines += [f"理由：{found.reason}"] if found.reason else []
    lines += evidence_lines(found.evidence)
    for entry in found.timeline:
        opinion = f"：{entry.opinion}" if entry.opinion else ""
        at = local_text(entry.at) if entry.at else "……"
        lines.append(f"  {at}  {entry.unit} {entry.person}  {entry.text}{opinion}")
    lines += [f"  [{CHECK_LEVELS[check.level]}] {check.text}" for check in found.checks]
    return [*lines, f"下一步：{found.next_step}"] if found.next_step else lines


@change.add("evidence", "把变更的证明材料另存为文件；会记入操作记录，不覆盖已有的文件")
def evidence_(ctx: typer.Context, number: Number, out: Folder) -> None:
    """Write a change's evidence into a folder."""
    from models.services import changes
    from models.services.evidence_export import export_evidence

    def work(session: Any, actor: Any) -> Any:
        found = changes.get(session, number)
        return export_evidence(session, actor, found.summary.number, found.evidence, out)

    call: Call = ctx.obj
    with call.store() as store:
        paths = store.write(work, store.actor)
    call.emit({"paths": document(paths)}, [f"已另存：{path}" for path in paths])


@change.add("edit", "修改草稿（包括退回补正的）：没有提到的保持不变；之后用 change submit 提交")
def edit(
    ctx: typer.Context,
    number: Number,
    values: Annotated[list[str] | None, typer.Option("--set", metavar="字段=值", help="新的值")] = None,
    reason: Annotated[str | None, typer.Option(metavar="文字", help="新的理由")] = None,
    evidence: Annotated[list[Path] | None, typer.Option(metavar="文件", help="添加证明材料")] = None,
    drop_evidence: Annotated[list[str] | None, typer.Option(metavar="文件名", help="去掉这份证明材料")] = None,
) -> None:
    """Correct a draft in one transaction."""
    from models.services import changes
    from models.services import evidence as evidences

    call: Call = ctx.obj
    if not (values or evidence or drop_evidence) and reason is None:
        raise UsageFaultError("请给出要修改的内容：--set、--reason、--evidence 或 --drop-evidence。")
    files = [evidences.inspect(path) for path in evidence or []]
    wanted = assignments(values or [], STUDENTS)

    def act(session: Any, actor: Any) -> Any:
        found = changes.get(session, number)
        change_id = found.summary.id
        if wanted and not CHANGE_KIND[found.summary.kind].takes_values:
            raise UserError(f"“{found.summary.kind_label}”没有可以修改的值，--set 只用于关键信息变更。")
        if wanted or reason is not None:
            kept = {diff.field: diff.after for diff in found.diffs}
            changes.update_draft(session, actor, change_id, {**kept, **wanted} if wanted else None, reason)
        for name in drop_evidence or []:
            changes.detach(session, actor, change_id, _digest(found.evidence, name))
        for file in files:
            changes.attach(session, actor, change_id, file.name, file.data, file.media_type)
        return changes.get(session, change_id)

    with call.store() as store:
        made = store.write(act, store.actor)
    call.emit(document(made), ["已修改。", *_detail_text(made)])


def _digest(files: Any, name: str) -> str:
    """The evidence file that `name` names. Raises UserError when it names none or several."""
    found = [file.digest for file in files if name in (file.name, file.digest)]
    if len(found) != 1:
        names = "、".join(file.name for file in files) or "无"
        which = "有多份" if found else "没有"
        raise UserError(f"{which}叫“{name}”的证明材料；现有：{names}。同名的请写它的摘要（见 change show --json）。")
    return str(found[0])


def _acted(call: Call, numbers: list[str], act: Any, done: str, more: Sequence[str] = ()) -> None:
    """Run `act(session, actor, ids)` on changes named by number or id and show where they stand then, and `more`."""
    from models.services import changes

    if not numbers:
        raise UserError("请给出变更的编号。")

    def work(session: Any, actor: Any) -> Any:
        ids = [changes.get(session, number).summary.id for number in numbers]
        act(session, actor, ids)
        return [changes.get(session, change_id).summary for change_id in ids]

    with call.store() as store:
        found = store.write(work, store.actor)
    lines = [f"{one.number} {done}，现在是“{STATE_LABELS[State(one.state)]}”。" for one in found]
    call.emit([document(one) for one in found], [*lines, *more])


@change.add("submit", "提交草稿，等待主管领导核办")
def submit_(ctx: typer.Context, numbers: Ids) -> None:
    """Hand drafts to the head."""
    from models.services import changes

    def act(session: Any, actor: Any, ids: list[str]) -> None:
        for change_id in ids:
            changes.submit(session, actor, change_id)

    _acted(ctx.obj, numbers, act, "已提交")


@change.add("approve", "批准变更：用本人的口令一次签名")
def approve(ctx: typer.Context, numbers: Ids, opinion: Opinion = "") -> None:
    """Approve a queue of changes with one signature."""
    from models.services import changes
    from models.services.duties.training import approver_warning

    call: Call = ctx.obj
    with call.store() as store:
        signer = store.signer(call.passphrase())
        warning = store.read(approver_warning, store.actor)
        ids = store.read(lambda session: [changes.get(session, number).summary.id for number in numbers])
        statement = store.write(changes.approve, store.actor, signer, ids, opinion)
        found = store.read(lambda session: [changes.get(session, change_id).summary for change_id in ids])
    lines = [f"{one.number} 已批准并签名，现在是“{STATE_LABELS[State(one.state)]}”。" for one in found]
    lines += [f"提示：{warning}。"] if warning else []
    call.emit({"statement": statement, "changes": [document(one) for one in found], "warning": warning}, lines)


@change.add("return", "退回补正，要写明意见")
def return_(ctx: typer.Context, numbers: Ids, opinion: Opinion = "") -> None:
    """Send changes back to the registrar."""
    from models.services import changes

    _acted(ctx.obj, numbers, lambda s, actor, ids: changes.return_(s, actor, ids, opinion), "已退回补正")


@change.add("refuse", "不予通过，要写明意见")
def refuse(ctx: typer.Context, numbers: Ids, opinion: Opinion = "") -> None:
    """End changes without effect."""
    from models.services import changes

    _acted(ctx.obj, numbers, lambda s, actor, ids: changes.refuse(s, actor, ids, opinion), "不予通过")


@change.add("withdraw", "撤回草稿或待核办的变更；已打包的会另建一份撤回申请")
def withdraw(
    ctx: typer.Context,
    numbers: Ids,
    reason: Annotated[str, typer.Option(metavar="文字", help="理由")] = "",
    drop_accounts: Annotated[
        bool, typer.Option("--drop-accounts", help="撤回新建申请时，同时删除其中待批准的账户")
    ] = False,
) -> None:
    """Take changes back; a creation only when it is said that its accounts may go."""
    from models.services import changes

    dropped: list[str] = []

    def act(session: Any, actor: Any, ids: list[str]) -> None:
        for change_id in ids:
            lost, found = changes.accounts_lost(session, change_id), changes.get(session, change_id).summary
            if lost and not drop_accounts:
                raise UserError(_keep_text(found, lost))
            dropped.extend([f"{found.number} 中待批准的 {lost} 个账户已删除，用户名可以再用。"] if lost else [])
            changes.withdraw(session, actor, change_id, reason)

    _acted(ctx.obj, numbers, act, "已办理撤回", dropped)


def _keep_text(found: Any, lost: int) -> str:
    """What to do instead of a withdrawal that takes the accounts along."""
    better = (
        "可以直接修改（accounts set）后提交" if found.state == State.DRAFT else "请主管领导退回补正（change return）"
    )
    return (
        f"没有撤回：撤回 {found.number} 会删除其中待批准的 {lost} 个账户。"
        f"要修改这些账户，{better}；确实不要了，请加 --drop-accounts。"
    )
