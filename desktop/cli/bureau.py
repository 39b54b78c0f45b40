"""Commands of the tiers above: review of received packages, and policy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice, read_secret
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from models.domain.errors import UserError
from models.domain.policy import COLLISIONS, UE_SPELLINGS
from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.units import TIER_LABELS, Tier

app = Commands("上级的工作")
review = Commands("核办收到的数据包（上级）")
policy = Commands("政策：受控字段和命名规则")
app.add_typer(review, name="review")
app.add_typer(policy, name="policy")

Items = Annotated[list[str], typer.Argument(metavar="事项", help="事项的标识或变更编号")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="意见，会写进回执")]
Out = Annotated[Path | None, typer.Option(metavar="文件夹", help="写到哪里（默认在数据文件夹中）")]


# --- review ---------------------------------------------------------------------------------------------------


@review.add("list", "列出收到的事项")
def list_(
    ctx: typer.Context,
    package: Annotated[str, typer.Option(metavar="标识", help="只看这个数据包")] = "",
    state: Annotated[str, typer.Option(metavar="状态", help="in_review、accept、return、refuse、withdrawn")] = "",
) -> None:
    """List items of received packages."""
    from models.services import review as services

    call: Call = ctx.obj
    query = services.ReviewQuery(package_id=package, states=(state,) if state else ())
    with call.store() as store:
        found = store.read(services.list_items, query)
    rows = [f"{one.id}  {one.state_label}  {one.kind_label}  {one.subject_label}  {one.summary}" for one in found]
    call.emit([document(one) for one in found], rows or "没有收到的事项。")


@review.add("show", "查看一个事项：前后对照、证明材料、批准人、检查结果")
def show(ctx: typer.Context, item: Annotated[str, typer.Argument(metavar="事项", help="事项的标识")]) -> None:
    """Show one received item."""
    from models.services import review as services

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(lambda session: services.get_item(session, _item_id(session, item, open_only=False)))
    one = found.item
    lines = [f"{one.id}  {one.kind_label}  {one.state_label}", f"对象：{one.subject_label}"]
    lines += [f"  {diff.label}：{diff.before_text or '（空）'} → {diff.after_text or '（空）'}" for diff in found.diffs]
    lines += [f"理由：{found.reason}"] if found.reason else []
    lines += [f"发起：{found.initiator}；批准：{found.approved_by} {found.approved_at}"]
    lines += [f"证明材料：{file.name}{'' if file.here else '（还没有收到）'}" for file in found.evidence]
    lines += [f"  {note}" for note in (*found.notes, *found.blockers)]
    call.emit(document(found), lines)


def _item_id(session: Any, text: str, open_only: bool = True) -> str:
    """The id of an item (without a receipt yet) named by its id or its change's number. Raises UserError."""
    from models.services import review as services

    if ":" in text:
        return text
    items = services.list_items(session, services.ReviewQuery(text=text, open_only=open_only))
    found = [one.id for one in items if text in (one.number, one.change_id)]
    if len(found) != 1:
        which = f"{'有多个' if found else '没有'}{'待核办的' if open_only else ''}事项"
        raise UserError(f"{which}叫“{text}”，请用 review list 查看标识。")
    return str(found[0])


def _decide(call: Call, items: list[str], verdict: Verdict, opinion: str) -> None:
    from models.services import review as services

    def work(session: Any, actor: Any) -> Any:
        ids = [_item_id(session, item) for item in items]
        for item_id in ids:
            services.decide(session, actor, item_id, verdict, opinion)
        return [services.get_item(session, item_id).item for item_id in ids]

    with call.store() as store:
        found = store.write(work, store.actor)
    call.emit([document(one) for one in found], [f"{one.subject_label}：{VERDICT_LABELS[verdict]}" for one in found])


@review.add("accept", "通过")
def accept(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Accept items."""
    _decide(ctx.obj, items, Verdict.ACCEPT, opinion)


@review.add("return", "退回补正，要写明意见")
def return_(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Return items for correction."""
    _decide(ctx.obj, items, Verdict.RETURN, opinion)


@review.add("refuse", "不予通过，要写明意见")
def refuse(ctx: typer.Context, items: Items, opinion: Opinion = "") -> None:
    """Refuse items."""
    _decide(ctx.obj, items, Verdict.REFUSE, opinion)


@review.add("finish", "结束一个数据包的核办：签名、生效并生成回执")
def finish(
    ctx: typer.Context,
    package: Annotated[str, typer.Argument(metavar="数据包", help="数据包的标识（可以只写开头）")],
    out: Out = None,
) -> None:
    """Sign the receipt of a package and apply what was accepted."""
    from sync import ledger, receipts

    call: Call = ctx.obj
    with call.store() as store:
        package_id = _package_id(store.read(ledger.list_packages, "in"), package)
        path = receipts.finish_review(store, package_id, call.passphrase(), out)
    call.emit({"path": str(path), "package_id": package_id}, f"已生成回执：{path}")


def _package_id(packages: list[Any], start: str) -> str:
    found = [one["id"] for one in packages if one["id"].startswith(start)]
    if len(found) != 1:
        raise UserError(f"{'有多个' if found else '没有'}以“{start}”开头的收到的数据包，请用 package list 查看标识。")
    return str(found[0])


# --- policy ---------------------------------------------------------------------------------------------------


@policy.add("show", "查看现行政策和每一项来自哪一级")
def show_policy(ctx: typer.Context) -> None:
    """Show the effective policy with its origins."""
    from models.services import policies
    from models.services.checking import field_label

    call: Call = ctx.obj
    with call.store() as store:
        effective, own, draft = store.read(
            lambda session: (policies.effective(session), policies.own(session), policies.own_is_draft(session))
        )
    lines = [f"受控字段：{'、'.join(field_label(key) for key in sorted(effective.controlled_fields))}"]
    lines += [f"ü 的写法：{effective.ue}；重名处理：{effective.collision}；版本 {effective.version}"]
    names = {"ue": "ü 的写法", "collision": "重名处理"}
    sources = {"default": "默认", **{tier.value: TIER_LABELS[tier] for tier in Tier}}
    for key, tiers in sorted(effective.origin.items()):
        lines.append(f"  {names.get(key) or field_label(key)} 来自 {'、'.join(sources.get(one, one) for one in tiers)}")
    lines += ["本级设置改过、还没有下发。"] if draft else []
    call.emit({"effective": document(effective), "own": own.to_json(), "own_is_draft": draft}, lines)


@policy.add("set", "修改本级设置；用 policy issue 下发后生效")
def set_policy(
    ctx: typer.Context,
    controlled: Annotated[list[str] | None, typer.Option("--controlled", metavar="字段", help="受控字段")] = None,
    ue: Annotated[str | None, typer.Option(metavar="v|yu|u", help="ü 的写法")] = None,
    collision: Annotated[str | None, typer.Option(metavar="方式", help="、".join(COLLISIONS))] = None,
    effective_from: Annotated[str, typer.Option("--from", metavar="时间", help="何时起生效")] = "",
) -> None:
    """Edit the own part of the policy."""
    from models.services import policies

    if controlled is None and ue is None and collision is None and not effective_from:
        raise UsageFaultError("请给出要修改的设置，用 --help 查看有哪些。")
    for value, known, option in ((ue, UE_SPELLINGS, "--ue"), (collision, COLLISIONS, "--collision")):
        if value is not None:
            choice(value, {one: one for one in known}, option)
    call: Call = ctx.obj

    def work(session: Any, actor: Any) -> Any:
        return policies.set_own(
            session, actor, controlled_fields=controlled, ue=ue, collision=collision, effective_from=effective_from
        )

    with call.store() as store:
        made = store.write(work, store.actor)
    call.emit(made.to_json(), f"本级设置已改为第 {made.version} 版；请用 policy issue 由两人签名下发。")


@policy.add("issue", "由系统管理员和学籍管理员两人签名，生成给下级的政策文件")
def issue(
    ctx: typer.Context,
    second_operator: Annotated[str, typer.Option(metavar="姓名", help="另一个签名的人")],
    second_secret_file: Annotated[str | None, typer.Option(metavar="文件", help="此人的口令文件")] = None,
    out: Out = None,
) -> None:
    """Sign and write the policy package with two persons."""
    from sync import policies as sync_policies

    call: Call = ctx.obj
    with call.store() as store:
        second = read_secret(second_secret_file, f"{second_operator}的口令", "--second-secret-file")
        path = sync_policies.issue_policy(store, call.passphrase(), (second_operator, second), out)
    call.emit({"path": str(path)}, f"已生成政策文件：{path}")
