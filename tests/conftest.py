"""What several tests share: cheap key derivation and stores with three operators."""

from __future__ import annotations

import functools
import gc
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from models.domain.ids import new_id
from models.domain.units import Line, Role, Tier, Unit
from models.services import operators
from models.store.store import NewOperator, Store
from models.store.vault import passphrase
from models.store.vault.passphrase import KdfParameters
from tests.kept import shelf
from tests.once import cheapest_argon2id, compile_statements_once, derive_keys_once

LONG = frozenset(
    (
        "test_account_lists",
        "test_companions",
        "test_county_accounts",
        "test_filing",
        "test_filing_forms",
        "test_invitations",
        "test_messages",
        "test_misbehaving_subordinate",
        "test_misbehaving_superior",
        "test_mutations_files",
        "test_mutations_inside",
        "test_mutations_messages",
        "test_orders",
        "test_policies_tiers",
        "test_problems_tiers",
        "test_recovery_bureau",
        "test_recovery_clocks",
        "test_recovery_lost",
        "test_recovery_packages",
        "test_recovery_school",
        "test_reports",
        "test_sync_attacks",
        "test_tiers_attacks",
        "test_tiers_keys",
        "test_tiers_machine",
        "test_tiers_trust",
        "test_trust_review",
        "test_unit_changes",
    )
)
"""Test files of many units or many rounds, whose subject no platform changes; the Windows stage leaves them out."""
CHEAPEST = KdfParameters(memory=19456, passes=2, lanes=1)


@dataclass
class StoreKit:
    """A store whose secrets are known; only one opening at a time, as in life."""

    home: Path
    unit: Unit
    people: dict[Role, tuple[str, str]]
    recovery_code: str
    opened: list[Store] = field(default_factory=list)

    def open(self, role: Role) -> Store:
        """Open as the operator of `role`, closing what was open before."""
        self.close()
        store = Store.open(self.home, *self.people[role])
        self.opened.append(store)
        return store

    def close(self) -> None:
        """Close what was opened."""
        while self.opened:
            self.opened.pop().close()


def make_kit(home: Path, unit: Unit, people: dict[Role, tuple[str, str]]) -> StoreKit:
    """Create a store and activate everybody with the passphrases given."""
    administrator, *others = (Role.ADMINISTRATOR, Role.REGISTRAR, Role.HEAD)
    first = NewOperator(people[administrator][0], frozenset({administrator}), people[administrator][1])
    rest = [NewOperator(people[role][0], frozenset({role})) for role in others]
    created = Store.create(home, unit, [first, *rest], kdf=CHEAPEST)
    assert created.store is not None
    created.store.close()
    for role in others:
        name, passphrase = people[role]
        operators.activate(home, name, created.activation_codes[name], passphrase, kdf=CHEAPEST)
    return StoreKit(home, unit, people, created.recovery_code)


@pytest.fixture
def fast_kdf() -> KdfParameters:
    """The cheapest Argon2id parameters the vault accepts."""
    return CHEAPEST


SCHOOL = Unit(new_id(), "青禾县第一小学", "2113099901", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县")
SCHOOL_PEOPLE = {
    Role.ADMINISTRATOR: ("方圆", "school admin lantern 41"),
    Role.REGISTRAR: ("周全", "school roster window 52"),
    Role.HEAD: ("郑重", "school leader garden 63"),
}
COUNTY = Unit(new_id(), "青禾县教育局", "130999", Tier.COUNTY, Line.BASIC, "虚州市", "青禾县")
COUNTY_PEOPLE = {
    Role.ADMINISTRATOR: ("梁栋", "county admin lantern 74"),
    Role.REGISTRAR: ("白露", "county roster window 85"),
    Role.HEAD: ("高远", "county leader garden 96"),
}


@functools.cache
def kept_school() -> StoreKit:
    """The school's store as every test of this process begins with it; nobody opens this one."""
    return make_kit(shelf() / "kit-school", SCHOOL, SCHOOL_PEOPLE)


@functools.cache
def kept_county() -> StoreKit:
    """The bureau's store as every test of this process begins with it; nobody opens this one."""
    return make_kit(shelf() / "kit-county", COUNTY, COUNTY_PEOPLE)


def copied(kit: StoreKit, home: Path) -> StoreKit:
    """The kit with a copy of its store in `home`."""
    shutil.copytree(kit.home, home)
    return replace(kit, home=home, opened=[])


@pytest.fixture
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys derived in this process at the least price, whatever cost their slots note; another process cannot open."""
    monkeypatch.setattr(passphrase, "Argon2id", cheapest_argon2id)


@pytest.fixture
def school_store(tmp_path: Path) -> Iterator[StoreKit]:
    """A school of the basic line: 管理员方圆, 学籍员周全, 校长郑重."""
    kit = copied(kept_school(), tmp_path / "学校 名册")
    yield kit
    kit.close()


@pytest.fixture
def county_store(tmp_path: Path) -> Iterator[StoreKit]:
    """The county bureau above that school: 管理员梁栋, 学籍员白露, 局长高远."""
    kit = copied(kept_county(), tmp_path / "县局 名册")
    yield kit
    kit.close()


def pytest_configure() -> None:
    """Do once a process what every test would do again."""
    derive_keys_once()
    compile_statements_once()


def pytest_collection_finish() -> None:
    """Spare the collector what lives as long as the process: modules and the tests themselves."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of LONG, so that `-m "not long"` leaves them out."""
    for item in items:
        if item.path.stem in LONG:
            item.add_marker(pytest.mark.long)
