"""Commands about policies: what holds and who set it, the own settings of a tier, and signing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from desktop.cli.call import Call, choice, read_secret
from desktop.cli.documents import document
from desktop.cli.frame import Commands, Out, UsageFaultError
from models.domain.errors import UserError
from models.domain.field_names import key_of
from models.domain.fields import STUDENTS
from models.domain.policy_settings import (
    BUSINESSES,
    COLLISION_LABELS,
    COLLISIONS,
    SETTING,
    STAGES,
    UE_SPELLINGS,
    class_size_key,
    switch_key,
    window_key,
)
from models.domain.times import local_day

app = Commands("政策")
policy = Commands("政策：受控字段、班额、业务开关、办理时间、用户名规则")
app.add_typer(policy, name="policy")

_COLLISION_WORDS = "；".join(f"{key} {COLLISION_LABELS[key]}" for key in COLLISIONS)
_STAGE_WORDS = "、".join(f"{key} {label}" for key, label in STAGES.items())
_SWITCH_WORDS = "、".join(f"{one.key} {one.label}" for one in BUSINESSES if one.stages)
_WINDOW_WORDS = "、".join(f"{one.key} {one.label}" for one in BUSINESSES if one.windowed)
Many = list[str] | None


@policy.add("show", "查看每一项政策的现行值、由哪一级设置、各级各怎么定，以及将要生效的")
def show_policy(
    ctx: typer.Context, all_: Annotated[bool, typer.Option("--all", help="也列出没有限制的项目")] = False
) -> None:
    """Show what holds with its origins."""
    from models.rules.businesses import tier_text
    from models.services import policy_views

    call: Call = ctx.obj
    with call.store() as store:
        found = store.read(policy_views.view)
    lines = [f"政策：{found.versions or '还没有收到，按系统默认'}"]
    lines.append("受控字段：" + "、".join(f"{label}（{tiers}）" for _, label, tiers in found.controlled))
    group = ""
    for one in found.settings:
        if one.text or one.said or all_:
            lines += [f"{one.group}："] if one.group != group else []
            group = one.group
            lines += _setting_lines(one)
    for coming in found.coming:
        head = f"将要生效：{tier_text(coming.tier)}第 {coming.version} 版，自 {local_day(coming.effective_from)} 起"
        lines.append(f"{head}；{policy_views.policy_text(coming.policy)}")
    if found.own_is_draft:
        text = policy_views.policy_text(found.own)
        lines.append(f"本级未下发的草稿（第 {found.own.version} 版）：{text}；请用 policy issue 下发。")
    effective = found.effective
    result = {
        "effective": {**document(effective), "ue": effective.ue, "collision": effective.collision},
        "settings": document(found.settings),
        "own": found.own.to_json(),
        "own_is_draft": found.own_is_draft,
        "coming": [{**document(one), "policy": one.policy.to_json()} for one in found.coming],
    }
    call.emit(result, lines)


def _setting_lines(one: Any) -> list[str]:
    lock = f"，{one.locked_by}规定下级不得修改" if one.locked_by else ""
    origin = f"（由{one.origin_text}设置{lock}）" if one.origin_text else ""
    lines = [f"  {one.label}：{one.text or '没有限制'}{origin}"]
    if len(one.said) > 1 or any(not saying.holds for saying in one.said):
        parts = [f"{s.tier} {s.text}{'' if s.holds else '（与上级不符，按上级执行）'}" for s in one.said]
        lines.append(f"    各级：{'；'.join(parts)}")
    return lines


@policy.add(
    "set",
    "修改本级设置；用 policy issue 下发后生效\n"
    "--add、--remove 在现有受控字段上增减；--controlled 重写整份清单，没有写到的会取消。\n"
    f"学段：{_STAGE_WORDS}。\n开关：{_SWITCH_WORDS}。\n办理时间：{_WINDOW_WORDS}。\n"
    "等号后面留空，例如 --class-size primary=，表示本级不再设置这一项。",
)
def set_policy(
    ctx: typer.Context,
    add: Annotated[Many, typer.Option("--add", metavar="字段", help="增加受控字段")] = None,
    remove: Annotated[Many, typer.Option("--remove", metavar="字段", help="取消受控字段")] = None,
    controlled: Annotated[Many, typer.Option("--controlled", metavar="字段", help="受控字段的整份清单")] = None,
    class_size: Annotated[Many, typer.Option(metavar="学段=人数", help="班额，例如 primary=45")] = None,
    lock: Annotated[Many, typer.Option(metavar="设置", help="规定下级不得修改，例如 class_size.primary")] = None,
    unlock: Annotated[Many, typer.Option(metavar="设置", help="允许下级修改")] = None,
    switch: Annotated[Many, typer.Option(metavar="业务.学段=on|off", help="例如 expel.primary=off")] = None,
    window: Annotated[Many, typer.Option(metavar="业务=起..止", help="例如 key_field=2026-09-01..2026-09-30")] = None,
    ue: Annotated[str | None, typer.Option(metavar="v|yu|u", help="ü 的写法")] = None,
    collision: Annotated[str | None, typer.Option(metavar="方式", help=f"重名处理：{_COLLISION_WORDS}")] = None,
    legacy_until: Annotated[str | None, typer.Option(metavar="年-月-日", help="不合规旧用户名保留到")] = None,
    prefix: Annotated[Many, typer.Option(metavar="地名=缩写", help="地名缩写另定，例如 蠡县=bdl；整份清单")] = None,
    certified: Annotated[str | None, typer.Option(metavar="warn|block", help="未持证的只提示，或不得核办")] = None,
    employment: Annotated[str | None, typer.Option(metavar="词", help="聘任方式的写法，例如 “专任 兼职 外聘”")] = None,
    effective_from: Annotated[str, typer.Option("--from", metavar="年-月-日", help="从哪一天起生效")] = "",
) -> None:
    """Edit the own part of the policy."""
    from models.services import policies

    if controlled is not None and (add or remove):
        raise UsageFaultError("--controlled 是整份清单，不能与 --add、--remove 一起用。")
    for value, known, option in ((ue, UE_SPELLINGS, "--ue"), (collision, COLLISIONS, "--collision")):
        if value:
            choice(value, {one: one for one in known}, option)
    values = _values(class_size, switch, window)
    single = {"ue": ue, "collision": collision, "legacy_until": legacy_until}
    single |= {"certified": certified, "employment_words": employment}
    values |= {key: text for key, text in single.items() if text is not None}
    values |= {} if prefix is None else {"prefixes": " ".join(prefix)}
    locks = {_lock_key(one): True for one in lock or ()} | {_lock_key(one): False for one in unlock or ()}
    if not any((controlled is not None, add, remove, values, locks, effective_from)):
        raise UsageFaultError("请给出要修改的设置，用 --help 查看有哪些。")
    adds, removes = ([key_of(STUDENTS, one) for one in given or []] for given in (add, remove))
    named = None if controlled is None else [key_of(STUDENTS, one) for one in controlled]

    def work(session: Any, actor: Any) -> Any:
        before = policies.own(session)
        fields = _fields_after(before.controlled_fields, adds, removes) if named is None else named
        made = policies.set_own(
            session, actor, controlled_fields=fields, values=values, locks=locks, effective_from=effective_from
        )
        return before, made

    call: Call = ctx.obj
    with call.store() as store:
        before, made = store.write(work, store.actor)
    _tell(call, before, made)


def _tell(call: Call, before: Any, made: Any) -> None:
    """Say what the own settings are now."""
    from models.services import policy_views

    lines = [f"本级设置已改为第 {made.version} 版草稿：{policy_views.policy_text(made)}。"]
    if set(before.controlled_fields) != set(made.controlled_fields):
        was, now = _field_list(before.controlled_fields), _field_list(made.controlled_fields)
        lines.append(f"本级加设的受控字段：原来 {was}，现在 {now}。")
    call.emit({**made.to_json(), "before": before.to_json()}, [*lines, "请用 policy issue 由两人签名下发。"])


def _values(class_size: Many, switch: Many, window: Many) -> dict[str, str]:
    """The settings that options of the form name=value give. Raises UserError."""
    values = {}
    for option, given, key_for in (
        ("--class-size", class_size, class_size_key),
        ("--switch", switch, lambda name: switch_key(*name.split(".", 1)) if "." in name else name),
        ("--window", window, window_key),
    ):
        for pair in given or ():
            name, equals, text = pair.partition("=")
            if not equals:
                raise UserError(f"{option} 的“{pair}”应写成 名称=值，用 --help 查看例子。")
            key = key_for(name.strip())
            if key not in SETTING:
                raise UserError(f"{option} 中没有“{name}”，可以写：{_names(key_for('primary.').split('.')[0])}。")
            values[key] = text
    return values


def _names(group: str) -> str:
    return "、".join(key.partition(".")[2] for key in SETTING if key.startswith(f"{group}."))


def _lock_key(text: str) -> str:
    """`class_size.primary`, or `primary` for short."""
    return text if text in SETTING else class_size_key(text)


def _field_list(keys: Iterable[str]) -> str:
    from models.services.checking import field_label

    return "、".join(field_label(key) for key in sorted(keys)) or "无"


def _fields_after(present: Iterable[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
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
        before = store.read(sync_policies.signed_before)
        path = sync_policies.issue_policy(store, call.passphrase(), (second_operator, second), out)
    words = "政策没有改动，没有重新签名，已按原来的签名再写一份" if before else "已生成政策文件"
    call.emit({"path": str(path), "signed_anew": before is None}, f"{words}：{path}")
