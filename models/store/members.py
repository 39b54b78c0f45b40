"""Operators' rows and slots, changed together: f(session, key file, data key) -> key file (see rekey.KeyChange)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.ids import new_id
from models.domain.times import now_text, to_text
from models.domain.units import ROLE_LABELS, Role, role_conflict
from models.store import audit
from models.store.rekey import RECOVERY_KEY
from models.store.tables import operator, setting
from models.store.vault import codes, slots
from models.store.vault.codes import CodeKind
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import KdfParameters, check_new

CODE_DAYS = 14
LEAST_ROLES = (Role.REGISTRAR, Role.HEAD, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class NewOperator:
    """A person to be entered; with a passphrase only when they sit at the keyboard now."""

    name: str
    roles: frozenset[Role]
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class OperatorRow:
    """An operator as the store knows them; `state` is invited, active or disabled."""

    person_id: str
    name: str
    roles: frozenset[Role]
    state: str
    elsewhere: bool = False
    """Whether the person's keys lie on another PC of the unit; such a person does not log in here (decision 2)."""


def check_first(people: Iterable[NewOperator]) -> None:
    """Refuse a beginning with fewer than the three persons the rules ask for (decision 11, E1-E3)."""
    people = list(people)
    names = [person.name for person in people]
    for person in people:
        check_person(person, [name for name in names if name == person.name][1:])
    missing = [ROLE_LABELS[role] for role in LEAST_ROLES if not any(role in person.roles for person in people)]
    if missing:
        raise NotAllowedError(f"还缺少{'、'.join(missing)}。一个单位至少要有三个人，分别担任这三个角色。")


def check_person(person: NewOperator, taken: Iterable[str]) -> None:
    """Refuse an empty or taken name and roles that exclude one another."""
    if not person.name.strip() or person.name != person.name.strip():
        raise NotAllowedError("操作员姓名不能为空，前后不能有空格。")
    if not person.name.isprintable():  # two persons must never look the same
        raise NotAllowedError("操作员姓名中有看不见的字符。请重新输入姓名，不要从别处粘贴。")
    if person.name in taken:
        raise NotAllowedError(f"已经有一位操作员叫“{person.name}”。同名的请加数字区分，例如“{person.name}2”。")
    conflict = role_conflict(person.roles)
    if conflict:
        raise NotAllowedError(f"{person.name}：{conflict}")


def everybody(session: Session) -> list[OperatorRow]:
    """All operators, in the order they were entered."""
    return [
        OperatorRow(
            row.person_id, row.name, roles_of(row.roles), row.state, row.state == "active" and row.opening_key is None
        )
        for row in session.execute(select(operator).order_by(operator.c.created_at, operator.c.person_id))
    ]


def find(session: Session, name: str) -> OperatorRow:
    """The operator called `name` who is not disabled; raises NotAllowedError."""
    for row in everybody(session):
        if row.name == name and row.state != "disabled":
            return row
    if any(row.name == name for row in everybody(session)):
        raise NotAllowedError(f"“{name}”已停用。需要再次使用时，请用另一个姓名（例如“{name}2”）重新添加。")
    raise NotAllowedError(f"没有名为“{name}”的操作员，请核对姓名。")


def roles_of(stored: str) -> frozenset[Role]:
    """Roles as kept in the column, separated by blanks."""
    return frozenset(Role(role) for role in stored.split())


def enter(session: Session, person: NewOperator) -> str:
    """Make the row of a new operator without keys; returns the person id."""
    person_id = new_id()
    roles = " ".join(sorted(person.roles))
    session.execute(
        insert(operator).values(
            person_id=person_id, name=person.name, roles=roles, state="invited", created_at=now_text()
        )
    )
    return person_id


def invite(session: Session, file: KeyFile, data_key: bytes, person_id: str) -> tuple[KeyFile, str]:
    """Give a person a one-time activation code, in the place of any keys they had; returns the code."""
    code = codes.new_code(CodeKind.ACTIVATION)
    expires = to_text(datetime.now(UTC) + timedelta(days=CODE_DAYS))
    name = session.execute(select(operator.c.name).where(operator.c.person_id == person_id)).scalar_one()
    slot = slots.code_slot(file, data_key, CodeKind.ACTIVATION, code, person_id, name, expires)
    values = {"state": "invited", "opening_key": slot.opening_key, "signing_key": None, "certificate": None}
    session.execute(update(operator).where(operator.c.person_id == person_id).values(values))
    return file.without_person(person_id).with_code(slot), code


def admit(
    session: Session, file: KeyFile, data_key: bytes, person_id: str, passphrase: str, cost: KdfParameters
) -> KeyFile:
    """Keys are born: the person becomes active with a passphrase of their own; raises PassphraseRefusedError."""
    name = session.execute(select(operator.c.name).where(operator.c.person_id == person_id)).scalar_one()
    check_new(passphrase, name)
    slot = slots.operator_slot(file, data_key, person_id, name, passphrase, cost)
    values = {
        "state": "active", "signing_key": slot.signing_key, "opening_key": slot.opening_key, "certificate": None,
    }  # fmt: skip
    session.execute(update(operator).where(operator.c.person_id == person_id).values(values))
    return file.with_operator(slot)


def readmit(
    session: Session, file: KeyFile, data_key: bytes, name: str, passphrase: str, cost: KdfParameters
) -> tuple[KeyFile, str]:
    """Let a person in again after the recovery code was used: new keys for them and a new code, returned."""
    row = find(session, name)
    file = admit(session, file, data_key, row.person_id, passphrase, cost)
    file, code = new_recovery(session, file, data_key)
    audit.append(session, None, "operator.recover", f"operator:{row.person_id}", {})
    return file, code


def admit_elsewhere(session: Session, file: KeyFile, person_id: str, signing_key: bytes) -> KeyFile:
    """A person whose keys lie on another PC: known by the public key, without any way into this store."""
    values = {"state": "active", "signing_key": signing_key, "opening_key": None, "certificate": None}
    session.execute(update(operator).where(operator.c.person_id == person_id).values(values))
    return file.without_person(person_id)


def take_id(session: Session, file: KeyFile, data_key: bytes, name: str, person_id: str, passphrase: str) -> KeyFile:
    """On a second PC: its person goes by the id the unit's main PC knows. Raises WrongSecretError."""
    slot = file.operator(name)
    if slot is None:
        raise NotAllowedError(f"没有名为“{name}”的操作员。")
    fresh = slots.renamed(file, data_key, slot, person_id, passphrase)
    session.execute(update(operator).where(operator.c.person_id == slot.person_id).values(person_id=person_id))
    return file.without_person(slot.person_id).with_operator(fresh)


def dismiss(session: Session, file: KeyFile, person_id: str) -> KeyFile:
    """Take a person's keys away; only a new data key (rekey.renew) keeps them out for good."""
    values = {"state": "disabled", "opening_key": None, "signing_key": None}
    session.execute(update(operator).where(operator.c.person_id == person_id).values(values))
    return file.without_person(person_id)


def new_recovery(session: Session, file: KeyFile, data_key: bytes) -> tuple[KeyFile, str]:
    """A new recovery code in the place of the former one; returns the code, which is shown once."""
    code = codes.new_code(CodeKind.RECOVERY)
    slot = slots.code_slot(file, data_key, CodeKind.RECOVERY, code)
    value = slot.opening_key.hex()
    statement = insert(setting).values(key=RECOVERY_KEY, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
    return file.with_code(slot), code
