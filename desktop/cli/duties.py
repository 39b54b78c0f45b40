"""Commands on named people and their trainings, lent passwords, security incidents (A7, A18, B4, D7, E34, E36, E39)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands
from models.domain.duties import DUTIES, DUTY, DUTY_LABELS, RESULT_LABELS
from models.domain.errors import UserError
from models.domain.lending import KIND_LABELS

app = Commands("专人、培训、密码借用、安全事件")
duty = Commands("专人：指定、解除、培训和证书、空缺")
lending = Commands("密码借用登记：事先同意，归还后修改密码；学员、学生的账户不得出借")
incident = Commands("安全事件：登记、办结、列出")
for _name, _group in (("duty", duty), ("lending", lending), ("incident", incident)):
    app.add_typer(_group, name=_name)

Text = Annotated[str, typer.Option(metavar="文字")]
Day = Annotated[str, typer.Option(metavar="日期", help="如 2026-12-31")]
Number = Annotated[str, typer.Argument(metavar="编号")]
Open = Annotated[bool, typer.Option("--open", help="只看没有办结的")]


# --- named people ---------------------------------------------------------------------------------------------


@duty.add("list", "列出本单位和所辖单位指定的专人")
def list_(ctx: typer.Context, past: Annotated[bool, typer.Option("--past", help="也列出已解除的")] = False) -> None:
    """List who is named."""
    from models.services.duties.register import list_named

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(list_named, past)
    call.emit([document(one) for one in found], [_named_line(one) for one in found] or "还没有指定专人。")


def _named_line(one: Any) -> str:
    what = f"{one.label}（{one.business}）" if one.business else one.label
    until = f" 至 {one.until}" if one.until else ""
    valid = f"，{one.valid_until} 到期" if one.valid_until else ""
    held = f"证书 {one.certificate}{valid}" if one.certificate else "无证书"
    contact = " ".join(part for part in (one.phone, one.email) if part)
    return f"{one.number}  {one.unit_name}  {what}  {one.name}  {contact}  自 {one.since}{until}  {held}"


@duty.add("name", "指定一人承担一项职责")
def name(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar="职责", help="、".join(f"{one.code} {one.label}" for one in DUTIES))],
    person: Annotated[str, typer.Option("--name", metavar="姓名", help="由谁承担")],
    phone: Annotated[str, typer.Option(metavar="电话", help="手机号，或带区号的座机号")],
    email: Annotated[str, typer.Option(metavar="邮箱")] = "",
    business: Annotated[str, typer.Option(metavar="业务", help="业务联系人对接的业务")] = "",
    since: Day = "",
) -> None:
    """Name somebody for a duty."""
    from models.services.duties.register import name_person

    call: Call = ctx.obj
    key = choice(code, {one: one for one in DUTY}, "职责", DUTY_LABELS)
    values = {"name": person, "phone": phone, "email": email, "business": business, "since": since}
    with call.store() as store:
        made = store.write(name_person, store.actor, key, values)
    call.emit({"id": made}, f"已指定{person}为本单位的{DUTY_LABELS[key]}，随下次送件告知上级。")


@duty.add("end", "解除一人的职责；编号或姓名见 duty list")
def end(ctx: typer.Context, number: Number, until: Day = "") -> None:
    """End a duty."""
    from models.services.duties import register

    call: Call = ctx.obj
    with call.store() as store:
        store.write(register.end, store.actor, number, until)
    call.emit({"ended": number}, "已解除。")


@duty.add("training", "登记一次培训；不写 --held 时列出已登记的")
def training(
    ctx: typer.Context,
    held: Annotated[str, typer.Option(metavar="日期", help="培训在哪一天")] = "",
    title: Annotated[str, typer.Option(metavar="名称")] = "",
    content: Annotated[str, typer.Option(metavar="文字", help="培训内容")] = "",
    person: Annotated[
        list[str] | None,
        typer.Option(
            metavar="姓名=结果,证书,有效期", help="例如 王敏=passed,冀培001,2028-12-31；结果 passed、failed、attended"
        ),
    ] = None,
) -> None:
    """Record a training, or list them."""
    from models.services.duties import training as register

    call: Call = ctx.obj
    with call.store() as store:
        if not held:
            found = store.read(register.list_trainings)
            lines = [line for one in found for line in _training_lines(one)]
            call.emit([document(one) for one in found], lines or "没有登记过培训。")
            return
        people = [_attendance(text) for text in person or []]
        made = store.write(register.record_training, store.actor, held, title, content, people)
    call.emit({"id": made}, f"已登记培训“{title}”，{len(people)} 人参加。")


def _attendance(text: str) -> Any:
    from models.services.duties.training import Attendance

    who, equals, rest = text.partition("=")
    parts = [part.strip() for part in rest.replace("，", ",").split(",")]
    if not equals or not 1 <= len(parts) <= 3:
        raise UserError(f"“{text}”应写成 姓名=结果,证书编号,有效期，例如 王敏=passed,冀培001,2028-12-31。")
    result = choice(parts[0], {one: one for one in RESULT_LABELS}, "结果", RESULT_LABELS)
    return Attendance(who.strip(), result, *parts[1:])


def _training_lines(one: Any) -> list[str]:
    people = []
    for person in one.people:
        valid = f"，{person.valid_until} 到期" if person.valid_until else ""
        held = f"，证书 {person.certificate}{valid}" if person.certificate else ""
        people.append(f"  {person.name}  {RESULT_LABELS[person.result]}{held}")
    return [f"{one.number}  {one.held_on}  {one.title}  {len(one.people)} 人", *people]


@duty.add("vacancies", "列出没有指定专人、没有证书、证书到期或即将到期的；有空缺时退出码为 1")
def vacancies(ctx: typer.Context) -> int:
    """List what is missing."""
    from models.services.duties.vacancies import LEVELS
    from models.services.duties.vacancies import vacancies as missing

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(missing)
    lines = [f"{LEVELS[one.kind]}  {one.sentence}（{one.clause}）。" for one in found]
    call.emit([document(one) for one in found], lines or "专人齐全，证书有效。")
    return 1 if found else 0


# --- lent passwords -------------------------------------------------------------------------------------------


@lending.add("ask", "申请借用密码，由本级系统管理员事先同意（E36）")
def ask(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="账户", help="教师账户的用户名，或信息系统账户的名称")],
    borrower: Annotated[str, typer.Option(metavar="姓名", help="借用人")],
    purpose: Annotated[str, typer.Option(metavar="文字", help="用途")],
    until: Annotated[str, typer.Option(metavar="日期", help="借用到哪一天")],
    kind: Annotated[
        str, typer.Option(metavar="种类", help="、".join(f"{k} {v}" for k, v in KIND_LABELS.items()))
    ] = "teacher",
    holder: Annotated[str, typer.Option(metavar="姓名", help="账户持有人（教师账户不用写）")] = "",
    first: Annotated[str, typer.Option("--from", metavar="日期", help="从哪一天起（默认今天）")] = "",
) -> None:
    """Ask for a password."""
    from models.services import lending as register

    call: Call = ctx.obj
    wanted = choice(kind, {one: one for one in KIND_LABELS}, "--kind", KIND_LABELS)
    values = {"holder": holder, "borrower": borrower, "purpose": purpose, "from": first, "until": until}
    with call.store() as store:
        made = store.write(register.ask, store.actor, wanted, account, values)
    call.emit({"id": made, "number": made[-8:]}, f"已登记申请 {made[-8:]}，系统管理员同意后方可借出。")


@lending.add("consent", "系统管理员同意借出")
def consent(ctx: typer.Context, number: Number, opinion: Text = "") -> None:
    """Consent."""
    from models.services import lending as register

    _acted(ctx.obj, number, register.consent, "已同意，可以借出；归还后须修改密码。", opinion)


@lending.add("refuse", "系统管理员不同意，要写明意见")
def refuse(ctx: typer.Context, number: Number, opinion: Text) -> None:
    """Do not consent."""
    from models.services import lending as register

    _acted(ctx.obj, number, register.refuse, "不同意，已登记。", opinion)


@lending.add("return", "登记归还；之后必须修改密码并用 lending changed 登记")
def return_(ctx: typer.Context, number: Number) -> None:
    """The password is given back."""
    from models.services import lending as register

    _acted(ctx.obj, number, register.return_, "已归还。请持有人立即修改密码，再用 lending changed 登记。")


@lending.add("changed", "登记密码已经修改，这次借用办结")
def changed(
    ctx: typer.Context, number: Number, by: Annotated[str, typer.Option(metavar="姓名", help="由谁修改")] = ""
) -> None:
    """The password was changed."""
    from models.services import lending as register

    _acted(ctx.obj, number, register.changed, "密码已修改，办结。", by)


def _acted(call: Call, number: str, act: Any, done: str, *more: str) -> None:
    with call.store() as store:
        store.write(act, store.actor, number, *more)
    call.emit({"number": number}, f"借用登记 {number}：{done}")


@lending.add("list", "列出密码借用登记；逾期的排出说明")
def list_loans(ctx: typer.Context, open_only: Open = False) -> None:
    """List loans."""
    from models.services import lending as register

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(register.list_loans, open_only)
    lines = []
    for one in found:
        days = f"{one.first_day} 至 {one.last_day}"
        lines.append(
            f"{one.number}  {one.state_label}  {one.label}（{one.holder}）→ {one.borrower}  {days}  {one.purpose}"
        )
        lines += [f"  逾期：{one.overdue}。"] if one.overdue else []
    call.emit([document(one) for one in found], lines or "没有密码借用登记。")


# --- security incidents ---------------------------------------------------------------------------------------


@incident.add("add", "登记一起安全事件")
def add(
    ctx: typer.Context,
    what: Annotated[str, typer.Option(metavar="文字", help="事件经过")],
    affected: Annotated[str, typer.Option(metavar="文字", help="影响范围")],
    measures: Annotated[str, typer.Option(metavar="文字", help="已采取的措施")],
    found: Annotated[str, typer.Option(metavar="日期", help="哪一天发现的（默认今天）")] = "",
    reported_to: Annotated[str, typer.Option(metavar="单位或人", help="已向谁报告")] = "",
    reported_on: Day = "",
) -> None:
    """Enter an incident."""
    from models.services import incidents

    call: Call = ctx.obj
    values = {
        "what": what, "affected": affected, "measures": measures, "found_on": found, "reported_to": reported_to,
        "reported_on": reported_on,
    }  # fmt: skip
    with call.store() as store:
        number = store.write(incidents.add, store.actor, values)
    call.emit({"number": number}, f"已登记为第 {number} 号安全事件。")


@incident.add("close", "安全事件办结，写明处理结果和向谁报告")
def close(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="编号", min=1)],
    outcome: Annotated[str, typer.Option(metavar="文字", help="处理结果和责任追究")],
    reported_to: Annotated[str, typer.Option(metavar="单位或人", help="已向谁报告")] = "",
    reported_on: Day = "",
) -> None:
    """End an incident."""
    from models.services import incidents

    call: Call = ctx.obj
    with call.store() as store:
        store.write(incidents.close, store.actor, number, outcome, reported_to, reported_on)
    call.emit({"number": number}, f"第 {number} 号安全事件已办结。")


@incident.add("list", "列出安全事件")
def list_incidents(ctx: typer.Context, open_only: Open = False) -> None:
    """List incidents."""
    from models.services import incidents

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(incidents.list_incidents, open_only)
    lines = []
    for one in found:
        told = f"  已报告 {one.reported_to}（{one.reported_on}）" if one.reported_to else "  尚未报告"
        lines.append(f"{one.number}  {one.found_on}  {one.state_label}  {one.what}  影响：{one.affected}{told}")
    call.emit([document(one) for one in found], lines or "没有登记过安全事件。")
