"""The six truthful fields and the contacts, as a figure per unit (A16), and the own words for 聘任方式."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from models.domain.policy_settings import SETTING, read_value
from models.domain.units import Role
from models.rules.contacts import email_fault, mobile_fault, office_phone_fault
from models.services import policies
from models.services.checking import check_context, normalised, remarks
from models.services.completeness import completeness
from models.store import audit
from models.store import tables as t
from tests.open_world import LU, TANG, add_account, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import Member

World = dict[str, Member]
PHONE = {"office_phone": "0315-2234567"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("completeness") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def spoil(member: Member, account_id: str, **values: str) -> None:
    """Values as an older list may have left them."""

    def work(session):
        session.execute(update(t.account).where(t.account.c.id == account_id).values(**values))
        audit.append(session, member.store.actor, "test.spoil", f"account:{account_id}", {})

    member.store.write(work)


def use_words(member: Member, text: str) -> None:
    """The unit's policy on 聘任方式, in force."""
    member.act(Role.ADMINISTRATOR)
    made = member.store.write(policies.set_own, member.store.actor, values={"employment_words": text})
    member.store.write(policies.mark_issued, member.store.actor, made.version, "0" * 64)


def test_the_figure_counts_empty_and_wrong_values_and_names_the_worst(world: World) -> None:
    lu = world["lu"]
    (none,) = lu.store.read(completeness)
    assert (none.accounts, none.percent) == (0, None)
    ids = [add_account(lu, name, **PHONE) for name in ("张三", "李四", "王五", "赵六")]
    (whole,) = lu.store.read(completeness)
    assert (whole.accounts, whole.complete, whole.percent, whole.worst) == (4, 4, 100.0, ())
    spoil(lu, ids[1], email="", office_phone="2234567", phone="12345")
    spoil(lu, ids[2], on_staff="", employment="借调")
    spoil(lu, ids[3], office_phone="13800000001")
    (found,) = lu.store.read(completeness)
    assert (found.complete, found.good, found.asked, found.percent) == (1, 19, 24, 79.1)
    figures = {one.key: (one.good, one.empty, one.wrong) for one in found.fields}
    assert figures["office_phone"] == (2, 0, 2)
    assert figures["email"] == figures["on_staff"] == (3, 1, 0)
    assert figures["employment"] == (3, 0, 1)
    assert [one.name for one in found.worst] == ["李四", "王五", "赵六"]
    assert found.worst[0].faults[0] == "邮箱未填"
    assert "缺区号" in found.worst[0].faults[1]
    assert len(lu.store.read(completeness, 1)[0].worst) == 1


def test_a_bureau_sees_each_unit_below(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    first = add_account(lu, "张三", **PHONE)
    add_account(tang, "孙七", **PHONE)
    file_accounts(lu)
    report(lu, tang)
    spoil(tang, first, email="", office_phone="")
    own, below = tang.store.read(completeness)
    assert (own.unit_id, own.percent) == (TANG.id, 100.0)
    assert (below.unit_id, below.accounts, below.complete, below.percent) == (LU.id, 1, 0, 66.6)


def test_the_words_for_employment_are_an_editable_list(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    teacher = add_account(tang, "张三", employment="借调", **PHONE)  # kept as it was written
    (before,) = tang.store.read(completeness)
    assert before.worst[0].faults == ("聘任方式“借调”不在规定的写法中（在编、聘任、外聘、专职、兼职、其他）",)
    use_words(tang, "专任、兼职 借调")
    assert tang.store.read(completeness)[0].percent == 100.0
    record = normalised("teachers", {"employment": "借调"})
    assert remarks("teachers", record, record, tang.store.read(check_context)) == []
    spoil(tang, teacher, employment="3")  # 外聘, which the own list leaves out
    assert "“外聘”不在规定的写法中（专职、兼职、借调）" in tang.store.read(completeness)[0].worst[0].faults[0]
    assert lu.store.read(check_context).employment == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0317-5042876", ""), ("03175042876", ""), ("0317-5042876-801", ""), ("010-62345678", ""),
        ("5042876", "缺区号"), ("62345678-801", "缺区号"), ("13800000001", "手机号"), ("0317-504", "不像座机号"),
    ],
)  # fmt: skip
def test_office_phones_have_an_area_code(text: str, said: str) -> None:
    assert (office_phone_fault(text) or "") == "" if not said else said in str(office_phone_fault(text))


def test_mobiles_and_mails() -> None:
    assert mobile_fault("13800000001") is None
    assert "11 位" in str(mobile_fault("12800000001"))
    assert email_fault("a.b@example.org") is None
    assert "邮箱" in str(email_fault("a.b@example"))


def test_the_list_of_words_is_read_strictly() -> None:
    setting = SETTING["employment_words"]
    assert read_value(setting, " 专任、兼职，外聘 专任 ") == "专任 兼职 外聘"
    for wrong in ("专任1", "专任 " * 1 + "很长很长很长很长很长的词", "、"):
        with pytest.raises(ValueError, match="聘任方式的写法"):
            read_value(setting, wrong)
