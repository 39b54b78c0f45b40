"""What a school learns of the bureau's answer, and the bureau of what it has answered: in words, by whom, what next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, review
from sync import outbox, receipts
from tests.sync_world import Member, make_template, opened


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
