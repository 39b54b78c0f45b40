"""Commands on quality-monitoring accounts: posts, opening, change of post with its filing, closing (A3-A5)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.call import Call, assignments
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from models.domain.fields import ACCOUNTS
from models.domain.posts import POSTS, TIER_WORDS, post_text, posts_of
from models.domain.times import local_text

app = Commands("质量监控账户")
monitoring = Commands(
    "质量监控账户：岗位和名额、开通、岗位变动、停用、备案。开通和变动经本单位主管领导批准（change approve）。"
)
app.add_typer(monitoring, name="monitoring")

Who = Annotated[str, typer.Argument(metavar="用户名或姓名", help="在用的质量监控账户")]
Reason = Annotated[str, typer.Option(metavar="文字", help="原因")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="意见")]
Number = Annotated[str, typer.Argument(metavar="编号", help="申请的编号（8 位，见 monitoring list --applications）")]


@monitoring.add("posts", "列出哪些岗位可以开通质量监控账户，各有几个名额（不需要数据）")
def posts(ctx: typer.Context) -> None:
    """List posts and quotas."""
    call: Call = ctx.obj
    tiers = tuple(dict.fromkeys(post.tier for post in POSTS))
    lines = [f"{TIER_WORDS[tier]}：{'、'.join(post_text(post) for post in posts_of(tier))}" for tier in tiers]
    call.emit([document(post) for post in POSTS], [*lines, "没有写人数的岗位不限名额；其他岗位不能开通。"])


@monitoring.add("list", "列出本单位和所辖单位的质量监控账户；省校用 --applications 查看岗位变动申请")
def list_(
    ctx: typer.Context,
    applications: Annotated[bool, typer.Option("--applications", help="列出报来的岗位变动申请")] = False,
    open_only: Annotated[bool, typer.Option("--open", help="只看在用的账户、待备案的申请")] = False,
) -> None:
    """List accounts, or applications."""
    from models.services.monitoring import filing, list_accounts

    call: Call = ctx.obj
    with call.store() as store:
        if applications:
            found = store.read(filing.applications, open_only)
            lines = [line for one in found for line in _application_lines(one)]
            call.emit([document(one) for one in found], lines or "没有岗位变动申请。")
            return
        held = [one for one in store.read(list_accounts) if not open_only or one.state == "active"]
    rows = [_account_line(one) for one in held]
    call.emit([document(one) for one in held], rows or "没有质量监控账户。")


def _account_line(one: Any) -> str:
    filed = f"  {local_text(one.filed_at)} 省校备案" if one.filed_at else ""
    who = "  ".join(one.values[key] for key in ("username", "name", "post"))
    return f"{who}  {one.unit_name}  {one.state_label}{filed}"


def _application_lines(one: Any) -> list[str]:
    when = f"{one.approved_by}批准  {local_text(one.received_at)} 收到"
    head = f"{one.number}  {one.state_label}  {one.unit_name}  {one.label}  {when}"
    rest = [f"  原因：{one.reason}"] + [f"  不能备案：{fault}" for fault in one.faults]
    return [head, *rest, *([f"  {one.decided_by}：{one.opinion}"] if one.opinion else [])]


@monitoring.add("open", "为规定岗位的一人申请质量监控账户，交主管领导核办")
def open_(
    ctx: typer.Context,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="字段=值", help="姓名、性别、部门、职务、办公电话、联系电话、邮箱、用户名（不写时按规则生成）"
        ),
    ],
    reason: Reason = "",
) -> None:
    """Ask for an account."""
    from models.services.monitoring.proposals import propose_open

    given = assignments(values, ACCOUNTS)
    _proposed(ctx.obj, lambda session, actor: propose_open(session, actor, given, reason), "用户名 {username}，")


@monitoring.add("change", "岗位变动：经主管领导批准并报省校备案后，才可修改权限")
def change(
    ctx: typer.Context,
    who: Who,
    reason: Reason,
    post: Annotated[str, typer.Option(metavar="岗位", help="新的岗位，见 monitoring posts")],
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="字段=值", help="随之改变的部门、电话、邮箱")
    ] = None,
) -> None:
    """Ask for another post."""
    from models.services.monitoring.proposals import propose_post

    given = {**assignments(values or [], ACCOUNTS), "post": post}
    _proposed(ctx.obj, lambda session, actor: propose_post(session, actor, who, given, reason))


@monitoring.add("close", "申请停用质量监控账户，交主管领导核办")
def close(ctx: typer.Context, who: Who, reason: Reason) -> None:
    """Ask for the end of an account."""
    from models.services.monitoring.proposals import propose_close

    _proposed(ctx.obj, lambda session, actor: propose_close(session, actor, who, reason))


def _proposed(call: Call, act: Any, more: str = "") -> None:
    """Ask and tell; `more` takes values of the change after its label."""
    from models.services import changes

    with call.store() as store:
        detail = store.write(lambda session, actor: changes.get(session, act(session, actor)), store.actor)
    made, said = detail.summary, more.format_map({one.field: one.after for one in detail.diffs})
    call.emit(
        document(made), f"已提交 {made.number}（{made.kind_label}）：{made.subject_label}，{said}等待主管领导核办。"
    )


@monitoring.add("file", "省校：对岗位变动备案，允许修改权限；用本人的口令签名")
def file(ctx: typer.Context, number: Number, opinion: Opinion = "") -> None:
    """File a change of post."""
    from sync import monitoring as between

    call: Call = ctx.obj
    with call.store() as store:
        done = between.file(store, call.passphrase(), number, opinion)
    call.emit(document(done), f"已备案：{done.unit_name}{done.label}。备案结果随下次送件发给申请单位（package send）。")


@monitoring.add("refuse", "省校：对岗位变动不予备案，要写明意见；用本人的口令签名")
def refuse(ctx: typer.Context, number: Number, opinion: Opinion) -> None:
    """Refuse a change of post."""
    from sync import monitoring as between

    call: Call = ctx.obj
    with call.store() as store:
        done = between.refuse(store, call.passphrase(), number, opinion)
    call.emit(document(done), f"不予备案：{done.unit_name}{done.label}。结果随下次送件发给申请单位（package send）。")
