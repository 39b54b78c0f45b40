"""Commands on the accounts of the learning platform; what they ask for, the head decides (A8, A16, A17)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from desktop.cli.call import Call, assignments
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from desktop.cli.roster_rows import InUnit, row_document
from desktop.cli.rosters import (
    Filters,
    Limit,
    Offset,
    Reveal,
    Sets,
    Sort,
    Status,
    Text,
    Who,
    find_row,
    list_rows,
    query_of,
    set_row,
    show_row,
)
from models.domain.fields import ACCOUNTS
from models.domain.orders import REASON_LABELS

if TYPE_CHECKING:
    from models.services.accounts.collisions import Held

app = Commands("教师账户")
accounts = Commands("教师账户")
app.add_typer(accounts, name="accounts")

Evidence = Annotated[list[Path] | None, typer.Option(metavar="文件", help="证明（PDF、JPG、PNG）")]
AccountPairs = Annotated[
    list[str] | None,
    typer.Argument(metavar="字段=值", help="例如 性别=女 办公电话=0317-5551237，字段见 fields --kind teachers"),
]
_CODES = "、".join(f"{key} {label}" for key, label in REASON_LABELS.items())


@accounts.add("list", "列出教师账户，可按文字、字段筛选；号码默认遮盖")
def list_accounts(
    ctx: typer.Context,
    text: Text = "",
    filters: Filters = None,
    sort: Sort = "name",
    status: Status = "current",
    unit: InUnit = "",
    limit: Limit = 200,
    offset: Offset = 0,
) -> None:
    """List accounts."""
    list_rows(ctx.obj, ACCOUNTS, query_of(ACCOUNTS, text, filters, sort, status), unit, limit, offset)


@accounts.add("show", "查看一个账户；被遮盖的字段用 --reveal 显示")
def show_account(ctx: typer.Context, who: Who, reveal: Reveal = None) -> None:
    """Show one account."""
    show_row(ctx.obj, ACCOUNTS, who, reveal)


@accounts.add("add", "新增一个账户，交主管领导批准后启用；不给 username 时按规则生成")
def add_account(
    ctx: typer.Context,
    pairs: AccountPairs = None,
    sets: Sets = None,
    reason: Annotated[str, typer.Option(metavar="文字", help="用户名不按规则时的理由")] = "",
    evidence: Evidence = None,
) -> None:
    """Ask for a new account."""
    from models.services import roster
    from models.services.accounts import creation
    from models.services.evidence import inspect

    call: Call = ctx.obj
    values = assignments([*(pairs or []), *(sets or [])], ACCOUNTS)
    proofs = [inspect(path) for path in evidence or []]
    with call.store() as store:
        made = store.write(creation.create, store.actor, [values], reason, proofs)
        row = store.read(roster.get, ACCOUNTS, made.ids[0])
    lines = [f"已新增账户 {row.values['username']}（{row.values['name']}），申请 {made.number}。", *_next(made.missing)]
    call.emit({**row_document(ACCOUNTS, row), "change": made.number, "missing": list(made.missing)}, lines)


def _next(missing: Sequence[str]) -> list[str]:
    """What has to happen before the new accounts can be used."""
    if not missing:
        return ["已提交，等待本单位主管领导批准（change approve）。"]
    return [*(f"还不能提交：{text}。" for text in missing), "请用 accounts set 补齐后提交（change submit）。"]


@accounts.add("set", "修改账户的字段")
def set_account(ctx: typer.Context, who: Who, pairs: AccountPairs = None, sets: Sets = None) -> None:
    """Change fields of an account."""
    set_row(ctx.obj, ACCOUNTS, who, [*(pairs or []), *(sets or [])])


Reason = Annotated[str, typer.Option(metavar="文字", help="理由")]


@accounts.add("disable", "申请禁用账户，要写明理由；主管领导批准后生效")
def disable_account(
    ctx: typer.Context,
    who: Annotated[list[str], typer.Argument(metavar="谁...", help="标识、身份证件号、用户名或只有一人的姓名")],
    reason: Reason,
    code: Annotated[str, typer.Option(metavar="代码", help=f"原因：{_CODES}")] = "other",
) -> None:
    """Ask for accounts to be disabled."""
    from models.services.accounts import status

    _ask(ctx.obj, who, lambda session, actor, ids: status.propose_disable(session, actor, ids, code, reason))


@accounts.add("enable", "申请恢复已禁用的账户，要写明理由；主管领导批准后生效")
def enable_account(
    ctx: typer.Context,
    who: Annotated[list[str], typer.Argument(metavar="谁...", help="标识、身份证件号、用户名或只有一人的姓名")],
    reason: Reason,
) -> None:
    """Ask for accounts to be enabled."""
    from models.services.accounts import status

    _ask(ctx.obj, who, lambda session, actor, ids: status.propose_enable(session, actor, ids, reason))


@accounts.add("rename", "申请更正姓名或更改用户名；主管领导批准后生效")
def rename_account(
    ctx: typer.Context,
    who: Who,
    reason: Reason,
    name: Annotated[str, typer.Option(metavar="姓名", help="新的姓名")] = "",
    username: Annotated[str, typer.Option(metavar="用户名", help="新的用户名")] = "",
    evidence: Evidence = None,
) -> None:
    """Ask for another name or user name."""
    from models.services import changes
    from models.services import evidence as evidences
    from models.services.accounts import status

    files = [evidences.inspect(path) for path in evidence or []]
    values = {key: text for key, text in (("name", name), ("username", username)) if text}

    def act(session: Any, actor: Any, ids: Sequence[str]) -> list[str]:
        change_id = status.propose_rename(session, actor, ids[0], values, reason)
        for file in files:
            changes.attach(session, actor, change_id, file.name, file.data, file.media_type)
        changes.submit_new(session, actor, change_id)
        return [change_id]

    _ask(ctx.obj, [who], act)


@accounts.add("rename-taken", "列出用户名已被其他单位使用的账户；--submit 为它们申请按规则更名")
def rename_taken(
    ctx: typer.Context,
    submit: Annotated[bool, typer.Option("--submit", help="为列出的账户申请更名，交主管领导批准")] = False,
) -> None:
    """List own accounts under a user name another unit holds, and ask for renames."""
    from models.services import changes
    from models.services.accounts import collisions

    call: Call = ctx.obj

    def work(session: Any, actor: Any, ids: Sequence[str]) -> Any:
        return [changes.get(session, one).summary for one in collisions.propose_renames(session, actor, ids)]

    with call.store() as store:
        held = store.read(collisions.held_elsewhere)
        ids = [one.id for one in held if one.can_rename]
        made = store.write(work, store.actor, ids) if submit and ids else []
    lines = [f"{one.username}（{one.name}）{_stands(one)}" for one in held] or ["没有与其他单位重名的账户。"]
    lines += [f"已提交 {one.number}：{one.kind_label} {one.subject_label}。" for one in made]
    if ids and not submit:
        lines.append("加 --submit 为它们申请更名；批准后用户名按规则加序号。")
    call.emit({"held": [document(one) for one in held], "changes": [document(one) for one in made]}, lines)


def _stands(held: Held) -> str:
    """What is under way for an account under a taken user name."""
    if held.change:
        return f"：更名申请 {held.change} 正在办理"
    return "：还没有批准，请退回或撤回新建申请后更换用户名" if held.waiting else "：已被其他单位使用"


def _ask(call: Call, who: Sequence[str], act: Callable[[Any, Any, Sequence[str]], Sequence[str]]) -> None:
    """Find the accounts, ask the head, show the changes."""
    from models.services import changes

    def work(session: Any, actor: Any) -> Any:
        ids = [find_row(session, ACCOUNTS, text, whole=True) for text in who]
        return [changes.get(session, change_id).summary for change_id in act(session, actor, ids)]

    with call.store() as store:
        made = store.write(work, store.actor)
    lines = [f"已提交 {one.number}：{one.kind_label} {one.subject_label}。" for one in made]
    call.emit([document(one) for one in made], [*lines, "等待本单位主管领导批准（change approve）后生效。"])
