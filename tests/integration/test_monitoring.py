"""Quality-monitoring accounts: posts and quotas, a change of post filed before it takes effect, annex 1 (A2-A5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from models.domain import forms
from models.domain.errors import DataFaultError, FileRefusedError, NotAllowedError, UserError
from models.domain.monitoring import read_application
from models.domain.units import Role
from models.services import changes, outgoing
from models.services.monitoring import annex_rows, list_accounts
from models.services.monitoring.filing import applications, receive
from models.store import audit
from models.store import tables as t
from sync import monitoring
from sync.packages import outbox
from tests.monitoring_world import COMMITTEE, LEADER, TEACHING, accounts_of, ask, close, move, opened_account, person
from tests.open_world import LU, PROVINCE, TANG, carry, make_open_tiers, open_world
from tests.sync_world import Member

World = dict[str, Member]
CLAUSE = "冀电大校字〔2020〕45号"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("monitoring") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def applied(world: World) -> tuple[Member, Member, str]:
    """A member of the city's committee is to head its teaching department; the application lies at the province."""
    tang, province = world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE)
    change = move(tang, "韩梅", TEACHING)
    tang.approve([change])
    carry(world)
    return tang, province, change


def test_a_post_the_notice_does_not_name_is_refused_with_the_clause(world: World) -> None:
    with pytest.raises(DataFaultError, match=f"“{TEACHING}”不能开通.*{CLAUSE}.*县校的岗位是：主管教学校长（1 位）"):
        ask(world["lu"], "李雷", TEACHING)
    opened_account(world["tang"], "李雷", TEACHING)
    opened_account(world["province"], "李雷雷", "教务部门负责人")
    assert world["lu"].store.read(changes.list_changes) == []  # nothing half written


def test_the_quota_is_kept_at_propose_and_at_approve(world: World) -> None:
    lu = world["lu"]
    first = ask(lu, "韩梅", LEADER)
    with pytest.raises(DataFaultError, match=f"名额已满：{CLAUSE}.*县校主管教学校长 1 位，现已有 1 位"):
        ask(lu, "李雷", LEADER)
    lu.approve([first])
    ending = close(lu, "韩梅")
    second = ask(lu, "李雷", LEADER)  # the place is being freed
    with pytest.raises(DataFaultError, match=r"不能批准.*名额已满"):
        lu.approve([second])
    lu.approve([ending])
    lu.approve([second])
    assert accounts_of(lu) == [("李雷", LEADER, "active"), ("韩梅", LEADER, "closed")]
    for name in ("甲一", "甲二", "甲三"):  # no number is given for the committee
        opened_account(world["tang"], name, COMMITTEE)
    assert len(accounts_of(world["tang"])) == 3


def test_a_person_has_one_monitoring_account_with_true_contacts(world: World) -> None:
    tang = world["tang"]
    opened_account(tang, "韩梅", COMMITTEE, username="hanmei1", email="hanmei@example.org")
    with pytest.raises(DataFaultError, match=r"韩梅 已有质量监控账户 hanmei1.*一人只能有一个"):
        ask(tang, "韩梅", TEACHING, username="hanmei2", email="hanmei@example.org")
    with pytest.raises(DataFaultError, match="用户名 hanmei1 已是 韩梅"):
        ask(tang, "王芳", TEACHING, username="hanmei1")
    with pytest.raises(DataFaultError, match="还空着：性别"):
        ask(tang, "王芳", TEACHING, sex="")
    with pytest.raises(DataFaultError, match="办公电话缺区号"):
        ask(tang, "王芳", TEACHING, office_phone="2234567")


def test_without_a_user_name_the_one_by_the_rule_is_taken(world: World) -> None:
    lu = world["lu"]
    lu.approve([ask(lu, "韩梅", LEADER, username="", email="hm@example.org")])
    assert [one.values["username"] for one in lu.store.read(list_accounts)] == ["tslnhanmei"]
    with pytest.raises(DataFaultError, match="没有填写用户名"):
        ask(world["tang"], "覃芳", COMMITTEE, username="", email="qf@example.org")


def test_a_change_of_post_takes_effect_only_once_the_province_has_filed_it(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE)
    change = move(tang, "韩梅", TEACHING, "任教学部主任")
    tang.approve([change])
    assert tang.state_of(change) == "approved"
    assert outgoing.Waiting({}, 0) == tang.store.read(outgoing.waiting)  # it goes as a message, never in a package
    tang.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="随函件报省校备案"):
        outbox.build(tang.store, tang.act(Role.REGISTRAR), tang.out, change_ids=[change])
    carry(world)
    assert tang.state_of(change) == "sealed"
    assert accounts_of(tang)[0] == ("韩梅", COMMITTEE, "active")  # the permission stays as it is
    with pytest.raises(UserError, match="已报省校"):
        tang.store.write(changes.withdraw, tang.store.actor, change, "不变了")
    (one,) = province.store.read(applications, open_only=True)
    assert (one.unit_name, one.label, one.approved_by, one.faults) == (
        TANG.name,
        f"韩梅 {COMMITTEE} → {TEACHING}",
        "负责人",
        (),
    )
    province.act(Role.HEAD)
    with pytest.raises(NotAllowedError, match="学籍管理员"):
        monitoring.file(province.store, province.act(Role.HEAD), one.number)
    monitoring.file(province.store, province.act(Role.REGISTRAR), one.number)
    with pytest.raises(UserError, match="已办理（已备案）"):
        monitoring.file(province.store, province.act(Role.REGISTRAR), one.number)
    assert tang.state_of(change) == "sealed"
    carry(world)
    assert tang.state_of(change) == "effective"
    for member in (tang, province):
        assert accounts_of(member) == [("韩梅", TEACHING, "active")]
    assert accounts_of(lu) == []
    c = t.message.c
    said = tang.store.read(lambda s: s.execute(select(c.title, c.note).where(c.kind == monitoring.ANSWER)).one())
    assert "允许修改权限" in said.title
    assert tang.store.read(changes.get, change).next_step == "已办结，允许修改权限。"
    assert "允许修改权限" in said.note
    row = tang.store.read(lambda s: s.execute(select(t.monitoring_account)).one())
    assert row.filed_by == f"{PROVINCE.name} 登记员"
    assert row.filed_at
    acts = [entry.act for entry in tang.store.read(audit.entries)]
    assert {"monitoring.open", "monitoring.post"} <= set(acts)


def test_the_province_refuses_with_an_opinion_and_the_post_stays(world: World) -> None:
    tang, province, change = applied(world)
    (one,) = province.store.read(applications)
    with pytest.raises(UserError, match="须写明意见"):
        monitoring.refuse(province.store, province.act(Role.REGISTRAR), one.number, " ")
    monitoring.refuse(province.store, province.act(Role.REGISTRAR), one.number, "任职文件未报")
    carry(world)
    assert tang.state_of(change) == "refused"
    assert accounts_of(tang) == [("韩梅", COMMITTEE, "active")]
    steps = tang.store.read(changes.get, change).timeline
    assert (steps[-1].opinion, steps[-1].unit) == ("任职文件未报", PROVINCE.name)


def test_the_province_keeps_the_quota_too(world: World) -> None:
    _, province, _ = applied(world)
    row = person("王芳", TEACHING, username="wangfang")
    extra = {"id": "d0000900-0000-4000-8000-000000000009", "unit_id": TANG.id, "state": "active", "act": "open"}
    blank = {"reason": "", "since": "2026-01-01T00:00:00Z", "until": "", "filed_by": "", "filed_at": ""}
    province.act(Role.REGISTRAR)

    def tell_otherwise(session):
        session.execute(t.monitoring_account.insert().values(**row, **extra, **blank))
        audit.append(session, province.store.actor, "test.rows", "monitoring:test", {})

    province.store.write(tell_otherwise)
    (one,) = province.store.read(applications)
    assert "名额已满" in one.faults[0]
    with pytest.raises(UserError, match=f"不能备案：.*{CLAUSE}.*市校教学部门负责人 1 位"):
        monitoring.file(province.store, province.act(Role.REGISTRAR), one.number)


def test_the_province_files_its_own_changes_after_its_head(world: World) -> None:
    province = world["province"]
    opened_account(province, "赵华", "教务部门负责人")
    opened_account(province, "钱明", "办学部门负责人")
    first, second = move(province, "赵华", "教学部门负责人"), move(province, "钱明", "教学部门负责人")
    assert province.store.read(applications) == []
    province.approve([first, second])
    province.act(Role.HEAD)
    province.store.write(changes.revoke, province.store.actor, [first], "再议")
    (gone,) = [one for one in province.store.read(applications) if one.change_id == first]
    with pytest.raises(UserError, match="批准已撤销"):
        monitoring.file(province.store, province.act(Role.REGISTRAR), gone.number)
    province.store.write(changes.submit, province.store.actor, first)
    province.approve([first])
    assert len(province.store.read(applications)) == 2
    passphrase = province.act(Role.REGISTRAR)
    for one in province.store.read(applications):
        if one.change_id == first:
            monitoring.file(province.store, passphrase, one.number)
        else:
            monitoring.refuse(province.store, passphrase, one.number, "编制未定")
    assert (province.state_of(first), province.state_of(second)) == ("effective", "refused")
    assert accounts_of(province) == [("赵华", "教学部门负责人", "active"), ("钱明", "办学部门负责人", "active")]


def test_annex_one_is_merged_at_the_city(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE, phone="13800000001")
    opened_account(lu, "李雷", LEADER)
    tang.approve([move(tang, "韩梅", LEADER)])
    carry(world)
    rows = tang.store.read(annex_rows)
    assert [(row["unit"], row["tier"], row["name"], row["post"], row["act"]) for row in rows] == [
        (TANG.name, "市校", "韩梅", COMMITTEE, "开通"),
        (TANG.name, "市校", "韩梅", LEADER, "变更"),
        (LU.name, "县校", "李雷", LEADER, "开通"),
    ]
    assert (rows[1]["note"], rows[1]["mobile"], rows[0]["sex"]) == ("变更申请中，待省校备案后生效", "13800000001", "女")
    assert {column.key for column in forms.MONITORING.columns} - {"number"} == set(rows[0])
    assert len(province.store.read(annex_rows)) == 3
    assert [row["name"] for row in lu.store.read(annex_rows)] == ["李雷"]
    lu.approve([close(lu, "李雷")])
    carry(world)
    assert "李雷" not in {row["name"] for row in tang.store.read(annex_rows)}
    ended = [row for row in tang.store.read(annex_rows, "2020-01-01") if row["act"] == "停用"]
    assert [(row["name"], row["reason"]) for row in ended] == [("李雷", "离岗")]


def test_applications_and_answers_of_another_shape_or_unit_are_refused(world: World) -> None:
    change = "d0000900-0000-4000-8000-000000000009"
    good = {
        "change": change, "attempt": 1, "number": "BG-2026-0001", "account": change, "reason": "", "initiator": "甲",
        "approved_by": "乙", "approved_at": "2026-01-01T00:00:00Z",
        "before": person("韩梅", COMMITTEE), "after": person("韩梅", TEACHING),
    }  # fmt: skip
    read_application(good)
    for wrong in ({"attempt": "1"}, {"account": "x"}, {"reason": 3}, {"approved_at": ""}, {"after": {"name": "韩梅"}}):
        with pytest.raises(ValueError, match=r"."):
            read_application({**good, **wrong})
    lu = world["lu"]
    with pytest.raises(FileRefusedError, match="所属省校"):
        lu.store.write(receive, lu.store.actor, "m", TANG.id, good)
