"""Commands on the store's birth and its people: init, passwd, operator, lock-status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from desktop.cli.call import Call, choice, read_new_secret
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from desktop.cli.packages import existing
from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.statuses import PERSON_STATUS
from models.domain.times import local_text
from models.domain.units import (
    LINE_LABELS,
    ROLE_LABELS,
    TIER_LABELS,
    Line,
    Role,
    Tier,
    Unit,
    code_doubt,
    code_fault,
)

app = Commands("操作员")
operator = Commands("操作员：增加、激活、找回、查看、停用")
app.add_typer(operator, name="operator")

_AGAIN = (
    "本单位已用原标识重新建立。各人激活后请重新生成入网申请（unit enrol-request）交上级办理，"
    "接收上级补回的名录后，再生成重建通道通知（unit reset）发给各下级单位。"
)
CERTIFY = "已入网的单位：此人有了新密钥（激活）后，要重新生成入网申请（unit enrol-request）交上级认证，之后才能打包。"
NewSecret = Annotated[str | None, typer.Option(metavar="文件", help="新口令所在的文件，取第一行；- 表示标准输入")]
Name = Annotated[str, typer.Argument(metavar="姓名", help="操作员的姓名")]
Code = Annotated[str, typer.Option(metavar="码", help="激活码或恢复码")]


@app.add(
    "init",
    "新建数据：单位、操作员和密钥\n--operator 和 --secret-file 给出的人马上可以使用，"
    "其他人得到一次性的激活码；恢复码只显示这一次。\n"
    "各层级都要写 --unit、--tier、--line、--code 和三个人；学校和县级还要 --city、--county，市级还要 --city，"
    "省级不写所在地。\n收到上级的入网邀请函时用 --invitation，不必再填单位、层级、条线和代码。\n"
    "数据和备份都丢失的单位用 --unit-id 重新建立（标识问上级或下级：unit list），再重新入网。",
)
def init(
    ctx: typer.Context,
    registrar: Annotated[str, typer.Option(metavar="姓名", help="学籍管理员")],
    head: Annotated[str, typer.Option(metavar="姓名", help="主管领导")],
    administrator: Annotated[str, typer.Option(metavar="姓名", help="系统管理员")],
    unit: Annotated[str, typer.Option(metavar="名称", help="单位名称")] = "",
    tier: Annotated[str, typer.Option(metavar="层级", help="school 学校、county 县级、city 市级、province 省级")] = "",
    line: Annotated[str, typer.Option(metavar="条线", help="basic 基础教育、open 开放教育")] = "",
    code: Annotated[str, typer.Option(metavar="代码", help="学校标识码或单位代码")] = "",
    city: Annotated[str, typer.Option(metavar="市", help="所在市")] = "",
    county: Annotated[str, typer.Option(metavar="县", help="所在县（市、区）")] = "",
    invitation: Annotated[Path | None, typer.Option(metavar="文件", help="上级给的入网邀请函")] = None,
    unit_id: Annotated[str, typer.Option("--unit-id", metavar="标识", help="重新建立丢失了数据的单位")] = "",
) -> None:
    """Create the store, the first operators and the unit's keys."""
    from sync.joining import invitations

    call: Call = ctx.obj
    invited = invitations.read_invitation(existing(invitation)) if invitation else None
    given = {"--unit": unit, "--tier": tier, "--line": line, "--code": code, "--city": city, "--county": county}
    made_unit = invited.unit if invited else _new_unit(given)
    if unit_id:
        made_unit = replace(made_unit, id=_uid(unit_id))
    if invited and (unit_id or any(given.values())):
        raise UserError("按邀请函建立时，单位、层级、条线、代码、市、县都以邀请函为准，请不要再写这些选项。")
    created = _create(
        call,
        made_unit,
        ((registrar, Role.REGISTRAR), (head, Role.HEAD), (administrator, _ADMIN)),
        invited,
        bool(unit_id),
    )
    doubt = code_doubt(made_unit.code, made_unit.tier, made_unit.line)
    if doubt:
        call.note(doubt)
    text = [
        f"已新建：{made_unit.name}（{call.home}）",
        f"恢复码（只显示这一次，请抄写并锁好）：{created.recovery_code}",
    ]
    text += [f"{name} 的激活码：{one}" for name, one in created.activation_codes.items()]
    text += [_AGAIN] if unit_id else []
    text += ["各人激活后，用 unit enrol-request --code 一次性码 生成入网申请交给上级。"] if invited else []
    codes = {"recovery_code": created.recovery_code, "activation_codes": created.activation_codes}
    call.emit({"unit": document(made_unit), **codes}, text)


_ADMIN = Role.ADMINISTRATOR


def _uid(text: str) -> str:
    """A unit's UID as it is stored. Raises UserError."""
    try:
        return str(UUID(text))
    except ValueError:
        raise UserError(f"“{text}”不是单位标识。请向上级或下级查询本单位的标识（命令 unit list）。") from None


def _new_unit(given: Mapping[str, str]) -> Unit:
    """The unit as the options say. Raises UserError."""
    from models.rules.naming import prefix_for

    for option in ("--unit", "--tier", "--line", "--code"):
        if not given[option]:
            raise UserError(f"缺少 {option}；收到上级的入网邀请函时可以用 --invitation 代替。")
    tiers, lines = {one.value: one for one in Tier}, {one.value: one for one in Line}
    tier, line = (
        choice(given["--tier"], tiers, "--tier", TIER_LABELS),
        choice(given["--line"], lines, "--line", LINE_LABELS),
    )
    code, city, county = given["--code"], given["--city"], given["--county"]
    fault = code_fault(code, tier, line)
    if fault:
        raise UserError(fault)
    if city or county:  # a place nobody knows is told now, not at the first list
        prefix_for(Tier.COUNTY if tier is Tier.SCHOOL else tier, city or None, county or None)
    return Unit(new_id(), given["--unit"], code, tier, line, city, county)


def _create(call: Call, unit: Unit, persons: Sequence[tuple[str, Role]], invited: Any, again: bool) -> Any:
    """The store with its keys; `invited` is the invitation it is founded by, or None; `again` after a loss."""
    from models.store.store import NewOperator, Store
    from sync.joining import invitations
    from sync.recovery import founding
    from sync.trust import identity

    people: dict[str, set[Role]] = {}
    for name, role in persons:
        people.setdefault(name, set()).add(role)
    if len(people) < len(persons):
        raise UserError("学籍管理员、主管领导、系统管理员须是三个不同的人。")
    first = call.operator or persons[-1][0]
    if first not in people:
        raise UserError(f"--operator 应是三人之一：{'、'.join(people)}。")
    secret = read_new_secret(call.secret_file, f"{first}的口令", "--secret-file")
    operators = [
        NewOperator(name, frozenset(roles), secret if name == first else None)
        for name, roles in sorted(people.items(), key=lambda entry: entry[0] != first)
    ]
    created = Store.create(call.home, unit, operators)
    try:
        if created.store is not None:
            created.store.write(identity.ensure)
            if invited is not None:
                created.store.write(invitations.take, created.store.actor, invited)
            if again:
                founding.found_anew(created.store)
    finally:
        if created.store is not None:
            created.store.close()
    return created


@app.add("passwd", "修改自己的口令")
def passwd(ctx: typer.Context, new_secret_file: NewSecret = None) -> None:
    """Change the operator's passphrase."""
    from models.services import operators

    call: Call = ctx.obj
    with call.store() as store:
        old = call.passphrase()
        operators.change_passphrase(store, old, read_new_secret(new_secret_file))
    call.emit({"changed": True}, "口令已修改。")


@operator.add("add", "增加一名操作员，得到一次性的激活码")
def add(
    ctx: typer.Context,
    name: Name,
    role: Annotated[list[str], typer.Option(metavar="角色", help="学籍管理员、主管领导、系统管理员")],
) -> None:
    """Add an operator."""
    from models.services import operators
    from models.store.store import NewOperator

    call: Call = ctx.obj
    roles = frozenset(choice(one, {each.value: each for each in Role}, "--role", ROLE_LABELS) for one in role)
    with call.store() as store:
        code = operators.add(store, NewOperator(name, roles))
    call.emit({"name": name, "activation_code": code}, [f"已增加 {name}，激活码（只显示这一次）：{code}", CERTIFY])


@operator.add("reissue", "给丢了激活码或口令的人新的激活码；其旧密钥作废")
def reissue(ctx: typer.Context, name: Name) -> None:
    """Give an operator a new activation code."""
    from models.services import operators

    call: Call = ctx.obj
    with call.store() as store:
        code = operators.reissue(store, name)
    call.emit({"name": name, "activation_code": code}, [f"{name} 的激活码（只显示这一次）：{code}", CERTIFY])


@operator.add(
    "activate", "用激活码激活自己：设口令，生成自己的密钥\n姓名由 --operator 给出，口令由 --secret-file 给出。"
)
def activate(ctx: typer.Context, code: Code) -> None:
    """Set one's passphrase with the activation code; the keys are born here."""
    from models.services import operators

    call: Call = ctx.obj
    name = _named(call)
    operators.activate(call.home, name, code, read_new_secret(call.secret_file, "口令", "--secret-file"))
    call.emit({"name": name, "state": "active"}, [f"{name} 已激活。", CERTIFY])


@operator.add(
    "recover", "用恢复码重设口令\n姓名由 --operator 给出，新口令由 --secret-file 给出；旧的个人签名密钥作废。"
)
def recover(ctx: typer.Context, code: Code) -> None:
    """Set a new passphrase with the recovery code."""
    from models.services import operators

    call: Call = ctx.obj
    name = _named(call)
    secret = read_new_secret(call.secret_file, "新口令", "--secret-file")
    new_code = operators.recover(call.home, code, name, secret)
    text = f"{name} 的口令已重设。新的恢复码（只显示这一次）：{new_code}"
    call.emit({"name": name, "recovery_code": new_code}, [text, CERTIFY])


def _named(call: Call) -> str:
    if not call.operator:
        raise UserError("请用 --operator 给出姓名（写在命令之前）。")
    return call.operator


@operator.add("list", "列出操作员")
def list_(ctx: typer.Context) -> None:
    """List the operators."""
    from models.services import operators

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(operators.list_operators)
    rows = [
        f"{one.name}  {'、'.join(ROLE_LABELS[role] for role in sorted(one.roles))}  {PERSON_STATUS[one.state]}"
        + ("（在第二台电脑上）" if one.elsewhere else "")
        for one in found
    ]
    call.emit([document(one) for one in found], rows)


@operator.add("disable", "停用一名操作员：其口令立即打不开数据（换新的数据密钥）")
def disable(
    ctx: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(metavar="文字", help="理由，记入操作记录")] = "",
) -> None:
    """Take away an operator's access."""
    from models.services import operators

    call: Call = ctx.obj
    with call.store() as store:
        operators.disable(store, name, reason)
    call.emit({"name": name, "state": "disabled"}, f"{name} 已停用，数据已换用新的密钥。")


@app.add("lock-status", "谁能打开数据，是否因输错而暂停；不需要口令")
def lock_status(ctx: typer.Context) -> None:
    """Show who can open the store and who is locked."""
    from models.services import operators

    call: Call = ctx.obj
    names = operators.names(call.home)
    attempts = {one.name: one for one in operators.lock_status(call.home)}
    rows = [f"{name}  {_attempts_text(attempts.get(name))}" for name in names]
    call.emit({"operators": names, "attempts": [document(one) for one in attempts.values()]}, rows)


def _attempts_text(status: Any) -> str:
    if status is None:
        return "可以登录"
    if status.locked_until:
        return f"已暂停到 {local_text(status.locked_until)}"
    return f"可以登录（已输错 {status.failures} 次）"
