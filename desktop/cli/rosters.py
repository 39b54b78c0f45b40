"""Commands on the roster of pupils, and what those on accounts share with them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.call import Call, assignments, choice
from desktop.cli.documents import document
from desktop.cli.frame import Commands, UsageFaultError
from desktop.cli.roster_rows import InUnit, masked, row_document, table_lines, unit_asked, unit_names
from models.domain.errors import UserError
from models.domain.field_names import key_of
from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.statuses import RECORD_STATUS
from models.domain.units import Tier

app = Commands("名册")
students = Commands("学生名册")
app.add_typer(students, name="students")

Who = Annotated[str, typer.Argument(metavar="谁", help="内部标识、身份证件号、学籍号，或只指向一人的姓名、拼音")]
Pairs = Annotated[list[str] | None, typer.Argument(metavar="字段=值", help="例如 班号=3班，字段见命令 fields")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="字段=值", help="同上，写成选项")]
Text = Annotated[str, typer.Option("--search", metavar="文字", help="姓名、拼音首字母、号码片段")]
Filters = Annotated[list[str] | None, typer.Option("--filter", metavar="字段=值", help="只看这个值")]
Sort = Annotated[str, typer.Option(metavar="字段", help="按哪个字段排序；前面加 - 为倒序")]
Limit = Annotated[int, typer.Option(min=1, metavar="数", help="最多显示多少条")]
Offset = Annotated[int, typer.Option(min=0, metavar="数", help="跳过多少条")]
Status = Annotated[str, typer.Option(metavar="状态", help="学生 在籍、离校；账户 使用中、待批准、已停用；或 全部")]
Reveal = Annotated[list[str] | None, typer.Option(metavar="字段", help="显示被遮盖的字段，会记入操作记录")]
_MORE = {"all": "全部", "current": "使用中和待批准"}
_COMMANDS = {STUDENTS: "students", ACCOUNTS: "accounts"}
_STATUSES = {STUDENTS: ("enrolled", "left", "all"), ACCOUNTS: ("current", "pending", "active", "disabled", "all")}


def find_row(session: Any, kind: str, text: str, *, whole: bool = False) -> str:
    """The id of the one pupil or account that `text` names; `whole`: by a whole name or number, never by a part.

    Raises UserError when it names none or several.
    """
    from models.services import roster

    if len(text) == 36 and text.count("-") == 4:
        return roster.get(session, kind, text).id
    status = "" if kind == ACCOUNTS else "enrolled"
    query = roster.RosterQuery(text=text, kind=kind, status=status, unit_id=roster.units_in_care(session))
    found = roster.list_ids(session, query)
    exact = [row.id for row in roster.page(session, kind, found[:50]) if text in _names(row.values)]
    matches = exact if whole or not any(map(str.isalnum, text)) else exact or found
    if len(matches) != 1:
        count = f"有 {len(matches)} 个" if matches else "没有"
        raise UserError(f"“{text}”{count}符合的记录，请用 {_COMMANDS[kind]} list --search 找到内部标识后再试。")
    return str(matches[0])


def _names(values: dict[str, str]) -> set[str]:
    return {values.get(key, "") for key in ("id_number", "student_number", "username", "name")} - {""}


def list_rows(call: Call, kind: str, query: dict[str, Any], unit: str, limit: int, offset: int) -> None:
    """List rows of a roster with their units."""
    from models.services import roster

    def read(session: Any) -> Any:
        asked = unit_asked(session, unit)
        ids = roster.list_ids(session, roster.RosterQuery(kind=kind, unit_id=asked, **query))
        rows = roster.page(session, kind, ids[offset : offset + limit])
        return len(ids), rows, unit_names(session, rows)

    with call.store() as store:
        total, rows, units = store.read(read)
        shown = units if store.actor.unit.tier is not Tier.SCHOOL else {}
    lines = [f"共 {total} 条，显示 {len(rows)} 条", *table_lines(kind, rows, shown)]
    told = [{**row_document(kind, row), "unit": units[row.unit_id]} for row in rows]
    call.emit({"total": total, "rows": told}, lines)


def query_of(kind: str, text: str, filters: list[str] | None, sort: str, status: str) -> dict[str, Any]:
    """The arguments of a `RosterQuery` from what was typed."""
    status = choice(status, {one: one for one in _STATUSES[kind]}, "--status", {**RECORD_STATUS, **_MORE})
    return {
        "text": text,
        "filters": assignments(filters or [], kind),
        "sort": (key_of(kind, sort.removeprefix("-")), not sort.startswith("-")),
        "status": {"all": "", "current": "enrolled"}.get(status, status),
    }


def show_row(call: Call, kind: str, who: str, reveal: list[str] | None) -> None:
    """Show one pupil or account, fields of `reveal` in full."""
    from models.services import roster
    from models.services.checking import value_text

    shown = frozenset(key_of(kind, one) for one in reveal or ())

    def work(session: Any, actor: Any) -> Any:
        row_id = find_row(session, kind, who)
        for key in sorted(shown):
            roster.reveal(session, actor, row_id, key, kind)
        row = roster.get(session, kind, row_id)
        return row, unit_names(session, [row])[row.unit_id]

    with call.store() as store:
        row, unit = store.write(work, store.actor) if shown else store.read(lambda session: work(session, store.actor))
    values = masked(kind, row.values, shown)
    lines = [f"{row.id}  {RECORD_STATUS.get(row.status, row.status)}  第 {row.revision} 版", f"  单位：{unit}"]
    for field in FIELDS_OF[kind]:
        if values[field.key]:
            lines.append(f"  {field.label}（{field.key}）：{value_text(field.key, values[field.key], kind)}")
    call.emit({**row_document(kind, row, shown), "unit": unit}, lines)


def set_row(call: Call, kind: str, who: str, pairs: list[str]) -> None:
    """Write fields of one pupil or account."""
    from models.services import roster
    from models.services.checking import check_context, remarks

    values = assignments(pairs, kind)
    if not values:
        raise UsageFaultError("请给出要修改的字段，写成 字段=值。")

    def work(session: Any, actor: Any) -> Any:
        row_id = find_row(session, kind, who)
        before = roster.get(session, kind, row_id).revision
        roster.set_fields(session, actor, kind, row_id, values)
        row = roster.get(session, kind, row_id)
        return row, row.revision != before, remarks(kind, row.values, values, check_context(session))

    with call.store() as store:
        row, changed, said = store.write(work, store.actor)
    text = f"已修改，现在是第 {row.revision} 版。" if changed else "与名册中现在的值相同，没有改动。"
    call.emit(
        {**row_document(kind, row), "changed": changed, "warnings": said}, [text, *(f"提示：{one}" for one in said)]
    )


# --- students -------------------------------------------------------------------------------------------------


@students.add("list", "列出学生，可按文字、字段筛选；号码默认遮盖")
def list_students(
    ctx: typer.Context,
    text: Text = "",
    filters: Filters = None,
    sort: Sort = "name",
    status: Status = "enrolled",
    unit: InUnit = "",
    limit: Limit = 200,
    offset: Offset = 0,
) -> None:
    """List pupils."""
    list_rows(ctx.obj, STUDENTS, query_of(STUDENTS, text, filters, sort, status), unit, limit, offset)


@students.add("show", "查看一名学生；被遮盖的字段用 --reveal 显示")
def show_student(ctx: typer.Context, who: Who, reveal: Reveal = None) -> None:
    """Show one pupil."""
    show_row(ctx.obj, STUDENTS, who, reveal)


@students.add("add", "新增一名学生：检查、查重，并拟一份上报用的名册基线草稿")
def add_student(ctx: typer.Context, pairs: Pairs = None, sets: Sets = None) -> None:
    """Add a pupil."""
    from models.services import roster
    from models.services.roster_add import add_pupil

    call: Call = ctx.obj
    values = assignments([*(pairs or []), *(sets or [])], STUDENTS)
    with call.store() as store:
        added = store.write(add_pupil, store.actor, values)
        row = store.read(roster.get, STUDENTS, added.id)
    call.emit(
        {**row_document(STUDENTS, row), **document(added)},
        [f"已新增学生 {row.values['name']}。", *(f"  [提醒] {text}" for text in added.warnings)],
    )


@students.add("set", "修改学生的字段；关键信息要用 change propose 提出变更")
def set_student(ctx: typer.Context, who: Who, pairs: Pairs = None, sets: Sets = None) -> None:
    """Change fields of a pupil."""
    set_row(ctx.obj, STUDENTS, who, [*(pairs or []), *(sets or [])])


@students.add("classes", "列出班级、学段、人数和班额；超过班额的会标出")
def list_classes(ctx: typer.Context) -> None:
    """List classes with their size and the largest one allowed."""
    from models.domain.policy_settings import STAGES
    from models.services.class_sizes import class_sizes

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(class_sizes)
    lines = [f"共 {len(found)} 个班，超过班额的 {sum(one.over for one in found)} 个"]
    for one in found:
        cap = "没有规定" if one.cap is None else f"{one.cap}（由{one.tier}设置）"
        parts = (one.unit_name, one.grade, one.class_name, STAGES.get(one.stage, "学段不明"), f"{one.size} 人")
        lines.append("  ".join([*filter(None, parts), f"班额 {cap}", *(["超过班额"] if one.over else [])]))
    call.emit([{**document(one), "over": one.over} for one in found], lines)
