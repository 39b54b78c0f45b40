"""Commands of the tiers above: review of received packages, and policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice, read_secret
from desktop.cli.contents import Everybody, Folder, evidence_lines, pupil_documents, pupil_lines
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out, UsageFaultError
from desktop.cli.packages import find_package
from models.domain.errors import UserError
from models.domain.field_names import key_of
from models.domain.fields import STUDENTS
from models.domain.policy import COLLISION_LABELS, COLLISIONS, UE_SPELLINGS, Policy
from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.times import local_day, local_text
from models.domain.units import TIER_LABELS, Tier

app = Commands("上级的工作")
review = Commands("核办收到的数据包（上级）")
policy = Commands("政策：受控字段和命名规则")
app.add_typer(review, name="review")
app.add_typer(policy, name="policy")

ITEM_STATES = ("in_review", *(one.value for one in Verdict), "withdrawn")
Item = Annotated[str, typer.Argument(metavar="事项", help="事项的标识或变更编号")]
_COLLISION_WORDS = "；".join(f"{key} {COLLISION_LABELS[key]}" for key in COLLISIONS)
Items = Annotated[list[str], typer.Argument(metavar="事项", help="事项的标识或变更编号")]
Opinion = Annotated[str, typer.Option(metavar="文字", help="意见，会写进回执")]


# --- review ---------------------------------------------------------------------------------------------------


@review.add("list", "列出收到的事项")
def list_(
    ctx: typer.Context,
    package: Annotated[str, typer.Option(metavar="标识", help="只看这个数据包")] = "",
    state: Annotated[str, typer.Option(metavar="状态", help="、".join(ITEM_STATES))] = "",
) -> None:
    """List items of received packages."""
    from models.services import review as services
    from sync import ledger

    call: Call = ctx.obj
    states = (choice(state, {one: one for one in ITEM_STATES}, "--state"),) if state else ()
    with call.store() as store:
        package_id = find_package(store.read(ledger.list_packages, "in"), package, "收到") if package else ""
        found = store.read(services.list_items, services.ReviewQuery(package_id=package_id, states=states))
    rows = [f"{one.id}  {one.state_label}  {one.kind_label}  {one.subject_label}  {one.summary}" for one in found]
    call.emit([document(one) for one in found], rows or "没有收到的事项。")


@review.add("show", "查看一个事项：前后对照、证明材料、名册基线的学生、批准人、检查结果")
def show(ctx: typer.Context, item: Item, everybody: Everybody = False) -> None:
    """Show one received item."""
    from models.services import review as services

    def read(session: Any) -> Any:
        item_id = _item_id(session, item, open_only=False)
        found = services.get_item(session, item_id)
        return found, services.rows_of_item(session, item_id, 0, found.rows)

    call: Call = ctx.obj
    with call.store() as store:
        found, rows = store.read(read)
    one = found.item
    pupils = pupil_documents(rows)
    lines = [f"{one.id}  {one.kind_label}  {one.state_label}", f"对象：{one.subject_label}"]
    lines += [f"  {diff.label}：{diff.before_text or '（空）'} → {diff.after_text or '（空）'}" for diff in found.diffs]
    lines += [f"理由：{found.reason}"] if found.reason else []
    approved_at = local_text(found.approved_at) if found.approved_at else ""
    lines += [f"发起：{found.initiator}；批准：{found.approved_by} {approved_at}"]
    lines += evidence_lines(found.evidence)
    lines += [f"  {note}" for note in (*found.conflicts, *found.notes, *found.blockers)]
    call.emit({**document(found), "pupils": pupils}, [*lines, *pupil_lines(pupils, everybody)])


@review.add("evidence", "把收到的证明材料另存为文件；会记入操作记录，不覆盖已有的文件")
def evidence_(ctx: typer.Context, item: Item, out: Folder) -> None:
    """Write the evidence of a received item into a folder."""
    from models.services import review as services
    from models.services.evidence_export import export_evidence

    def work(session: Any, actor: Any) -> Any:
        found = services.get_item(session, _item_id(session, item, open_only=False))
        return export_evidence(session, actor, found.item.number, found.evidence, out)

    call: Call = ctx.obj
    with call.store() as store:
        paths = store.write(work, store.actor)
    call.emit({"paths": document(paths)}, [f"已另存：{path}" for path in paths])


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
    from models.services import review as services
    from sync import ledger, receipts

    call: Call = ctx.obj
    with call.store() as store:
        package_id = find_package(store.read(ledger.list_packages, "in"), package, "收到")
        path = receipts.finish_review(store, package_id, call.passphrase(), out)
        left = store.read(services.count_items, package_id).get("in_review", 0)
    lines = [f"已生成回执：{path}"]
    lines += [f"还有 {left} 项没有核办，核办后再用 review finish 另出一份回执。"] if left else []
    call.emit({"path": str(path), "package_id": package_id, "open": left}, lines)


# --- policy ---------------------------------------------------------------------------------------------------


@policy.add("show", "查看现行政策和每一项来自哪一级")
def show_policy(ctx: typer.Context) -> None:
    """Show the effective policy with its origins."""
    from models.services import policies
    from models.services.checking import field_label

    def read(session: Any) -> Any:
        own = policies.own(session)
        return policies.effective(session), own, policies.own_is_draft(session), policies.coming(session)

    call: Call = ctx.obj
    with call.store() as store:
        effective, own, draft, coming = store.read(read)
    lines = [f"受控字段：{_field_list(effective.controlled_fields)}"]
    lines += [f"ü 的写法：{effective.ue}；重名处理：{COLLISION_LABELS[effective.collision]}；版本 {effective.version}"]
    names = {"ue": "ü 的写法", "collision": "重名处理"}
    sources = {"default": "默认", **{tier.value: TIER_LABELS[tier] for tier in Tier}}
    for key, tiers in sorted(effective.origin.items()):
        lines.append(f"  {names.get(key) or field_label(key)} 来自 {'、'.join(sources.get(one, one) for one in tiers)}")
    for one in coming:
        head = f"将要生效：{sources.get(one.tier, one.tier)}第 {one.version} 版，自 {local_day(one.effective_from)} 起"
        lines.append(f"{head}；{_policy_text(one.policy)}")
    if draft:
        lines.append(f"本级未下发的草稿（第 {own.version} 版）：{_policy_text(own)}；请用 policy issue 下发。")
    told = [{**document(one), "policy": one.policy.to_json()} for one in coming]
    result = {"effective": document(effective), "own": own.to_json(), "own_is_draft": draft, "coming": told}
    call.emit(result, lines)


def _field_list(keys: Iterable[str]) -> str:
    from models.services.checking import field_label

    return "、".join(field_label(key) for key in sorted(keys)) or "无"


def _policy_text(policy: Policy) -> str:
    """One tier's own settings in words."""
    parts = [f"加设受控字段 {_field_list(policy.controlled_fields)}"]
    parts += [f"ü 的写法 {policy.ue}"] if policy.ue else []
    parts += [f"重名处理 {COLLISION_LABELS[policy.collision]}"] if policy.collision else []
    return "，".join([*parts, f"自 {local_day(policy.effective_from)} 起生效"])


@policy.add(
    "set",
    "修改本级设置；用 policy issue 下发后生效\n"
    "--add、--remove 在现有受控字段上增减；--controlled 重写整份清单，没有写到的会取消。",
)
def set_policy(
    ctx: typer.Context,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="字段", help="增加受控字段")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="字段", help="取消受控字段")] = None,
    controlled: Annotated[
        list[str] | None, typer.Option("--controlled", metavar="字段", help="受控字段的整份清单")
    ] = None,
    ue: Annotated[str | None, typer.Option(metavar="v|yu|u", help="ü 的写法")] = None,
    collision: Annotated[str | None, typer.Option(metavar="方式", help=f"重名处理：{_COLLISION_WORDS}")] = None,
    effective_from: Annotated[str, typer.Option("--from", metavar="年-月-日", help="从哪一天起生效")] = "",
) -> None:
    """Edit the own part of the policy."""
    from models.services import policies

    if not any((controlled is not None, add, remove, ue is not None, collision is not None, effective_from)):
        raise UsageFaultError("请给出要修改的设置，用 --help 查看有哪些。")
    if controlled is not None and (add or remove):
        raise UsageFaultError("--controlled 是整份清单，不能与 --add、--remove 一起用。")
    for value, known, option in ((ue, UE_SPELLINGS, "--ue"), (collision, COLLISIONS, "--collision")):
        if value is not None:
            choice(value, {one: one for one in known}, option)

    adds, removes = ([key_of(STUDENTS, one) for one in given or []] for given in (add, remove))
    named = None if controlled is None else [key_of(STUDENTS, one) for one in controlled]

    def work(session: Any, actor: Any) -> Any:
        before = policies.own(session)
        fields = _fields_after(before.controlled_fields, adds, removes) if named is None else named
        made = policies.set_own(
            session, actor, controlled_fields=fields, ue=ue, collision=collision, effective_from=effective_from
        )
        return before, made

    call: Call = ctx.obj
    with call.store() as store:
        before, made = store.write(work, store.actor)
    lines = [f"本级设置已改为第 {made.version} 版草稿：{_policy_text(made)}。"]
    if set(before.controlled_fields) != set(made.controlled_fields):
        was, now = _field_list(before.controlled_fields), _field_list(made.controlled_fields)
        lines.append(f"本级加设的受控字段：原来 {was}，现在 {now}。")
    call.emit({**made.to_json(), "before": before.to_json()}, [*lines, "请用 policy issue 由两人签名下发。"])


def _fields_after(present: Iterable[str], add: list[str], remove: list[str]) -> list[str]:
    """The own controlled fields with some added and some taken away. Raises UserError for one not among them."""
    missing = [key for key in remove if key not in set(present)]
    if missing:
        raise UserError(f"本级没有加设受控字段“{_field_list(missing)}”，不能取消；默认的和上级设置的不能在本级取消。")
    return sorted({*present, *add} - set(remove))


@policy.add(
    "issue",
    "由两人签名，生成给下级的政策文件\n系统管理员登录后发起，再由一名学籍管理员或主管领导用自己的口令共同签名。",
)
def issue(
    ctx: typer.Context,
    second_operator: Annotated[str, typer.Option(metavar="姓名", help="共同签名的人：学籍管理员或主管领导")],
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
