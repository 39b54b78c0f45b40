"""Four tiers on invented data: joining, policies, reports, a problem between two counties, orders, coming back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from desktop.cli.call import Call
from desktop.demo import dispute
from desktop.demo.school import found
from desktop.demo.story import approve, enrol
from desktop.demo.units import SECRET, TIERS, name_of, secret_of
from desktop.demo.world import DOWN, SIDES, UP, World, kept, named, registrar, rosters, scan
from models.domain.change_kinds import KEY_FIELD
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.policy_settings import class_size_key
from models.domain.units import Line, Role, Tier
from models.services import (
    changes,
    maintenance,
    order_views,
    policies,
    policy_views,
    roster,
)
from models.services.accounts import creation
from models.services.filing.proposing import propose_filing
from models.services.problem_views import ProblemQuery, list_problems
from models.services.units import descendants
from sync import orders
from sync import policies as policy_packages
from sync.messages import notices
from sync.transport import mail

_NEW_NAME: Final = "张亦诺"


def tell(folder: Path, call: Call) -> World:
    """Play the four tiers in a fresh folder below `folder`; where it played."""
    world = World(folder / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-四级", call)
    for path in (world.files, world.stick):
        path.mkdir(parents=True)
    acts: tuple[Callable[[World], None], ...] = (
        _found_units, _join, _policy, _baselines, _key_field,
        dispute.ask, dispute.answer, dispute.decide,
        _notice, _order, _restore, _end,
    )  # fmt: skip
    try:
        for act in acts:
            act(world)
    finally:
        world.leave(*TIERS)
    if call.json:
        call.line({"folder": str(world.base), "steps": world.steps})
    return world


# --- units ----------------------------------------------------------------------------------------------------


def _found_units(world: World) -> None:
    said = []
    for key, facts in TIERS.items():
        world.ids[key] = found(world.home(key), key)[0].id
        said.append(f"{facts.name}：{'、'.join(name for name, _ in facts.people)}")
    said += [
        "名字末字是岗位：录、审为学籍管理员，校、局为主管领导，管为系统管理员",
        f"口令都是“{SECRET.format('姓名')}”，把“姓名”换成本人姓名；数据在 {world.base / '单位'}",
    ]
    world.step(f"建立 {len(TIERS)} 个单位：一省、两市、三县、四校，另有开放教育的一个分院和一个学习中心", *said)


def _join(world: World) -> None:
    said = []
    for key, facts in TIERS.items():
        if facts.above:
            request, reply = enrol(world, key, facts.above)
            words = f"申请 {request.words}；批复 {reply.words}"
            said.append(f"{facts.name} → {named(facts.above)}，电话核对：{words}")
    world.step("逐级入网：下级交申请文件，上级两人签名批复，双方核对词一致", *said)
    world.go(*reversed([*TIERS]))
    with world.at("province", Role.REGISTRAR) as store:
        below = store.read(descendants, world.ids["province"])
    world.step("县、市把下级单位名单逐级上报", f"省厅现在认识 {len(below)} 个下级单位及其证书")


def _policy(world: World) -> None:
    size = class_size_key("primary")
    with world.at("province", Role.ADMINISTRATOR) as store:
        store.write(
            policies.set_own, store.actor,
            controlled_fields=("ethnicity",), values={size: "45"}, locks={size: True},
        )  # fmt: skip
        officer = (name_of("province", Role.REGISTRAR), registrar("province"))
        policy_packages.issue_policy(store, secret_of("province", Role.ADMINISTRATOR), officer, world.files)
    world.go(*DOWN)
    with world.at("white_school", Role.REGISTRAR) as store:
        view = store.read(policy_views.view)
    said = [f"{one.label}：{one.text}（由{one.origin_text}设置，{one.locked_by}规定下级不得修改）"
            for one in view.settings if one.key == size]  # fmt: skip
    said += [f"受控字段“{label}”：{tiers}设置" for key, label, tiers in view.controlled if key == "ethnicity"]
    world.step("省厅两人签名下发政策，经市、县转到学校", f"{named('white_school')}看到：", *said)


# --- upwards --------------------------------------------------------------------------------------------------


def _baselines(world: World) -> None:
    world.heard()
    for unit, records in zip(SIDES, rosters(), strict=True):
        world.bring_roster(unit, records)
    world.go(*UP)
    world.go(*DOWN)
    said = world.heard("green", "white", "city", "province", *SIDES)
    last = rosters()[1][-1]
    rows = "姓名,身份证号,问题类型\n{name},{id_number},身份证号不存在\n".format(**last)
    (world.files / "核查清单.csv").write_text(rows, encoding="utf-8")
    with world.at("province", Role.REGISTRAR) as store:
        count = len(store.read(roster.list_ids, roster.RosterQuery(unit_id=roster.ALL_UNITS)))
    world.step("两校上报名册基线：县局核办，市、省收到上报并签发回执", *said, f"省厅名册中有 {count} 人")


def _key_field(world: World) -> None:
    unit, pupil = "green_first", rosters()[0][5]
    with world.at(unit, Role.ADMINISTRATOR) as store:
        maintenance.backup(store, _backup_of(world))
    with world.at(unit, Role.REGISTRAR) as store:
        row_id = store.read(roster.list_ids, roster.RosterQuery(text=pupil["id_number"]))[0]
        change_id = store.write(
            changes.propose, store.actor, KEY_FIELD.key, row_id, {"name": _NEW_NAME}, "户口簿登记为张亦诺"
        )
        proof = kept(world, "户口簿扫描件.png", scan())
        store.write(changes.attach, store.actor, change_id, proof.name, proof.data, proof.media_type)
        store.write(changes.submit, store.actor, change_id)
    approve(world, unit, change_id)
    world.build(unit)
    attachments = world.base / "邮件附件"
    attachments.mkdir()
    with world.at(unit, Role.REGISTRAR) as store:
        (made,) = mail.split_delivery(store, None, 1, attachments)
    way = world.way_to("green")
    for path in way.iterdir():
        path.unlink()
    for path in reversed(made.paths):
        shutil.copy(path, way)
    world.step(
        f"{named(unit)}备份后变更一名学生的姓名，证明材料大，改用邮件送交：拆成 {len(made.paths)} 个附件",
        f"邮件主题：{made.subject}", f"共 {len(made.mails)} 封，每封不超过 1 MB；备份 {_backup_of(world)}",
    )  # fmt: skip
    world.go(*UP)
    world.go(*DOWN)
    said = world.heard("green", "city", "province", unit)
    with world.at("province", Role.REGISTRAR) as store:
        name = store.read(roster.get, STUDENTS, row_id).values["name"]
    world.step(f"县局拼合附件、核办，上报到市、省，省厅名册中已是“{name}”", *said)


def _backup_of(world: World) -> Path:
    return world.base / "青禾县第一小学备份.rbk"


# --- notices, orders, coming back -----------------------------------------------------------------------------


def _notice(world: World) -> None:
    text = "请各校于本月底前核对本校全部学生的身份证件号。"
    with world.at("city", Role.REGISTRAR) as store:
        notices.send(store, registrar("city"), None, "关于核对身份证件号的通知", text, tiers={Tier.SCHOOL})
    world.go("city", "green", "white", "green_first")
    with world.at("green_first", Role.REGISTRAR) as store:
        (one,) = store.read(notices.list_notices)
        store.write(notices.confirm, store.actor, one.id)
    world.go("green_first", "green", "city")
    with world.at("city", Role.REGISTRAR) as store:
        (sent,) = store.read(notices.list_notices)
    world.step(
        f"市局发通知《{sent.title}》，经县局到校",
        f"已阅：{'、'.join(sent.read_by)}；未阅：{'、'.join(sent.unread)}",
    )


def _filed(world: World) -> tuple[str, str, str]:
    """New accounts of the centre, approved and filed: id and user name of one, and how the filing is called."""
    facts = {"office_phone": "0315-2234567", "employment": "专任", "on_staff": "是"}
    people = (
        {"name": "任志强", "sex": "男", "email": "ren@example.invalid", **facts},
        {"name": "李秀英", "sex": "女", "email": "li@example.invalid", **facts},
    )
    with world.at("centre", Role.REGISTRAR) as store:
        new = store.write(creation.create, store.actor, people)
    approve(world, "centre", new.change_id)
    with world.at("centre", Role.REGISTRAR) as store:
        username = store.read(roster.get, ACCOUNTS, new.ids[0]).values["username"]
        change_id = store.write(propose_filing, store.actor, "", "新建立的学习中心")
        store.write(changes.submit, store.actor, change_id)
        label = store.read(changes.get, change_id).summary.subject_label
    approve(world, "centre", change_id)
    world.build("centre")
    world.go("branch", "centre")
    return new.ids[0], username, label


def _order(world: World) -> None:
    account, username, label = _filed(world)
    with world.at("branch", Role.REGISTRAR) as store:
        made = orders.issue(store, registrar("branch"), [account], "idle", "长期没有登录")
    world.go("branch", "centre")
    with world.at("centre", Role.REGISTRAR) as store:
        store.write(orders.execute, store.actor, made.order_id)
    world.go("centre", "branch")
    with world.at("branch", Role.REGISTRAR) as store:
        shown = store.read(order_views.show_order, made.order_id)
    (item,) = shown.items
    world.step(
        "开放教育：学习中心新建账户并备案，分院对其中一个下达停用通知单，学习中心执行，回执证明",
        label,
        f"通知单 {shown.summary.number}（{shown.summary.reason_label}）：{username} {item.state_label}，"
        f"{item.done_by} 办理；现在{shown.summary.state_label}",
    )


def _restore(world: World) -> None:
    unit = "green_first"
    new = world.base / "单位" / f"{named(unit)}（新电脑）"
    pupil = rosters()[0][5]
    maintenance.restore(_backup_of(world), new, name_of(unit, Role.ADMINISTRATOR), secret_of(unit, Role.ADMINISTRATOR))
    world.leave(unit)
    world.moved[unit] = new
    world.heard()
    before = _name_at(world, unit, pupil["id_number"])
    enrol(world, unit, "green")
    world.go("green", unit)
    after = _name_at(world, unit, pupil["id_number"])
    world.step(
        f"{named(unit)}的电脑坏了：用变更之前的备份在新电脑恢复，重新办理入网",
        f"恢复后名册中是“{before}”；县局答复后是“{after}”",
        *world.heard("green", unit),
    )


def _name_at(world: World, unit: str, id_number: str) -> str:
    with world.at(unit, Role.REGISTRAR) as store:
        (row_id,) = store.read(roster.list_ids, roster.RosterQuery(text=id_number))
        return store.read(roster.get, STUDENTS, row_id).values["name"]


def _end(world: World) -> None:
    said = [_row("单位", "学生", "账户", "未办结问题", "操作记录")]
    for key, facts in TIERS.items():
        with world.at(key, Role.ADMINISTRATOR) as store:
            pupils, teachers = (
                len(store.read(roster.list_ids, roster.RosterQuery(kind=kind, status="", unit_id=roster.ALL_UNITS)))
                for kind in (STUDENTS, ACCOUNTS)
            )
            left = len(store.read(list_problems, ProblemQuery(open_only=True)))
            report = maintenance.check(store)
            entries = report.chain.entries if report.chain else 0
        line = "（开放教育）" if facts.line is Line.OPEN else ""
        whole = "完整" if report.ok else str(report.problems)
        said.append(_row(facts.name + line, str(pupils), str(teachers), str(left), f"{entries} 条，{whole}"))
    world.step("各单位现在的情况", *said)
    homes = [f'python dev.py run --home "{world.home(key)}"' for key in ("province", "city", "white_school")]
    world.step("完成。每个单位都可以用窗口打开看，例如", *homes)


def _row(name: str, *cells: str) -> str:
    return name + "　" * (14 - len(name)) + "".join(f"{cell:<6}" for cell in cells)
