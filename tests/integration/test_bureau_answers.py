"""What a school learns of the bureau's answer, and the bureau of what it has answered: in words, by whom, what next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.domain.errors import UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, review
from models.services import policies as policy_service
from sync import policies
from sync.formats import describe
from sync.joining import enrolment
from sync.packages import outbox, receipts
from sync.refusals import RefusedError
from tests.sync_world import PEOPLE, Member, enrol, make_template, opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("world") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """First school, second school, county, each opened from a copy."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "second", "county") as members:
        yield members


def sent(school: Member, county: Member, names: list[str]) -> tuple[list[str], str]:
    """Approved changes of name that lie at the county: ids of the changes, id of the package."""
    ids = school.approved(names)
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    for path in reversed(built.paths):
        county.receive(path)
    return ids, built.new[0]


def decide(county: Member, package_id: str, verdicts: list[tuple[Verdict, str]]) -> Path:
    """Say the verdicts in the order of the items and finish; the receipt's file."""
    passphrase = county.act(Role.REGISTRAR)
    items = county.store.read(review.list_items, review.ReviewQuery(package_id=package_id))
    for item, (verdict, opinion) in zip(items, verdicts, strict=False):
        county.store.write(review.decide, county.store.actor, item.id, verdict, opinion)
    return receipts.finish_review(county.store, package_id, passphrase, county.out)


def test_the_next_step_follows_from_the_outcome(world: list[Member]) -> None:
    school, _, county = world
    _, package = sent(school, county, ["赵明一"])
    told = school.receive(decide(county, package, [(Verdict.REFUSE, "与户籍不符")]))
    assert "没有生效" in told.next_step
    assert "已生效" not in told.next_step
    assert "与户籍不符" in told.sentence
    _, package = sent(school, county, ["赵明二", "赵明三"])
    told = school.receive(decide(county, package, [(Verdict.RETURN, "证明不清楚"), (Verdict.ACCEPT, "")]))
    assert "补正" in told.next_step
    assert "通过的已生效" in told.next_step
    assert "证明不清楚" in told.sentence


def test_history_names_who_decided_at_the_bureau(world: list[Member]) -> None:
    school, _, county = world
    ids, package = sent(school, county, ["赵明一"])
    school.receive(decide(county, package, [(Verdict.RETURN, "证明不清楚")]))
    entry = next(e for e in school.store.read(changes.get, ids[0]).timeline if e.text == "上级退回补正")
    assert entry.unit == county.store.actor.unit.name
    assert entry.person == county.store.actor.name


def issue(county: Member, fields: list[str], day: str = "") -> Path:
    """A policy of the county signed by two, in force from `day`."""
    passphrase = county.act(Role.ADMINISTRATOR)
    county.store.write(policy_service.set_own, county.store.actor, controlled_fields=fields, effective_from=day)
    return policies.issue_policy(county.store, passphrase, PEOPLE[Role.HEAD], county.out)


def test_a_policy_to_come_says_from_when_and_leaves_the_one_in_force(world: list[Member]) -> None:
    school, second, county = world
    now, later = issue(county, ["phone"]), issue(county, ["phone", "class_name"], "2099-09-01")
    assert "从现在起执行" in school.receive(now).sentence
    told = school.receive(later).sentence
    assert "自 2099-09-01 起执行" in told
    assert "第 1 版" in told
    assert school.store.read(policy_service.effective).version == 1
    assert [one.version for one in school.store.read(policy_service.coming)] == [2]
    enrol(second, county)  # joins after the policy to come was issued
    assert second.store.read(policy_service.effective).version == 1
    assert [one.version for one in second.store.read(policy_service.coming)] == [2]


def test_the_version_in_force_is_taken_after_one_to_come(world: list[Member]) -> None:
    school, _, county = world
    now, later = issue(county, ["phone"]), issue(county, ["class_name"], "2099-09-01")
    school.receive(later)
    assert school.store.read(policy_service.effective).version == 0
    school.receive(now)
    assert school.store.read(policy_service.effective).version == 1


@pytest.mark.parametrize("day", ["明天", "2026-13-01", "2026-9-1", "20260901", "2026-02-30"])
def test_a_day_is_a_day(world: list[Member], day: str) -> None:
    county = world[2]
    county.act(Role.ADMINISTRATOR)
    with pytest.raises(UserError, match="年-月-日"):
        county.store.write(policy_service.set_own, county.store.actor, ue="v", effective_from=day)


def test_a_draft_keeps_its_day(world: list[Member]) -> None:
    county = world[2]
    county.act(Role.ADMINISTRATOR)
    first = county.store.write(policy_service.set_own, county.store.actor, ue="yu", effective_from="2099-09-01")
    assert county.store.write(policy_service.set_own, county.store.actor, ue="u").effective_from == first.effective_from


def test_a_wrong_kind_of_file_says_what_it_is_and_where_it_belongs(world: list[Member], tmp_path: Path) -> None:
    school, _, county = world
    asked = enrolment.request(school.store, school.out)
    officer = PEOPLE[Role.REGISTRAR]
    passphrase = county.act(Role.ADMINISTRATOR)
    with pytest.raises(RefusedError) as caught:
        enrolment.certify(county.store, asked.path, passphrase, officer, "高山 大海", county.out)
    assert asked.words not in str(caught.value)
    assert describe(asked.path).details["words"] == asked.words
    reply = enrolment.certify(county.store, asked.path, passphrase, officer, asked.words, county.out)
    with pytest.raises(RefusedError) as caught:
        enrolment.trust(school.store, reply.path, "高山 大海")
    assert reply.words not in str(caught.value)
    assert describe(reply.path).details["words"] == reply.words
    with pytest.raises(RefusedError, match=r"这是入网申请，不是入网批复.*unit certify"):
        enrolment.trust(school.store, asked.path, asked.words)
    with pytest.raises(RefusedError, match=r"这是入网批复，不是入网申请.*unit trust"):
        enrolment.certify(county.store, reply.path, passphrase, officer, reply.words, county.out)
    sheet, readme = tmp_path / "名单.csv", tmp_path / "README.md"
    sheet.write_text("姓名,性别\n张三,男\n", encoding="utf-8")
    readme.write_text("# 说明\n\n这里没有表格, 只有文字。\n\n另一段\n", encoding="utf-8")
    with pytest.raises(RefusedError, match=r"表格文件.*import"):
        school.receive(sheet)
    with pytest.raises(RefusedError, match="不是本程序的签名文件"):
        school.receive(readme)
    assert "unit certify" in school.receive(asked.path).next_step


def test_finishing_again_says_where_the_receipt_is(world: list[Member]) -> None:
    school, _, county = world
    _, package = sent(school, county, ["赵明一", "赵明二"])
    path = decide(county, package, [(Verdict.ACCEPT, "")])
    with pytest.raises(UserError, match="还有 1 项没有核办") as caught:
        decide(county, package, [])
    assert path.name in str(caught.value)
    assert "package write" in str(caught.value)
