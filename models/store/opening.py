"""What happens before a store is in use: its beginning, its migration, and reading who has come in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.ids import new_id
from models.domain.units import Actor, Line, Tier, Unit
from models.store import audit, members, migrations, rekey, touched
from models.store.engine import copy_encrypted, make_engine
from models.store.entrance import Entry
from models.store.errors import DamagedStoreError, disk_errors
from models.store.files import remove_database, sync_folder
from models.store.members import NewOperator
from models.store.rekey import store_key
from models.store.tables import operator, setting, unit_key
from models.store.tables import unit as unit_table
from models.store.vault import keyfile, keys
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import KdfParameters
from models.store.vault.signer import PersonSigner

STORE_ID = "store.id"
COMPANION = "companion.pc"
"""Setting of a store on a unit's second PC: the id of that PC (decision 2)."""


def found(
    home: Path, unit: Unit, people: Sequence[NewOperator], cost: KdfParameters, companion: str = ""
) -> tuple[Entry, str, dict[str, str]]:
    """Make the database, then keys.json, which puts it in force; returns entry, recovery code, activation codes.

    `companion`: the id of a second PC, "" for the store that seals (decision 2).
    """
    data_key = keys.new_data_key()
    file = KeyFile(new_id(), 1, rekey.database_name(1))
    path = home / file.database
    activations: dict[str, str] = {}
    try:
        with disk_errors():
            migrate(path, data_key)
            engine = make_engine(path, store_key(data_key), prepare=touched.watch)
            try:
                with Session(engine.execution_options(write=True)) as session, session.begin():
                    session.execute(insert(setting).values(key=STORE_ID, value=file.store_id))
                    if companion:
                        session.execute(insert(setting).values(key=COMPANION, value=companion))
                    session.execute(insert(unit_table).values(_unit_row(unit)))
                    file, recovery = members.new_recovery(session, file, data_key)
                    for person in people:
                        person_id = members.enter(session, person)
                        if person.passphrase:
                            file = members.admit(session, file, data_key, person_id, person.passphrase, cost)
                        else:
                            file, activations[person.name] = members.invite(session, file, data_key, person_id)
                        audit.append(
                            session, None, "operator.add", f"operator:{person_id}", {"roles": sorted(person.roles)}
                        )
                    audit.append(session, None, "store.create", f"unit:{unit.id}", {"schema": migrations.REVISIONS[-1]})
            finally:
                engine.dispose()
            sync_folder(home)
            keyfile.save(home, file)
    except BaseException:
        if not keyfile.exists(home):
            remove_database(path)
        raise
    return Entry(file, data_key, file.operators[0].person_id if file.operators else ""), recovery, activations


def migrate(path: Path, data_key: bytes, *, keep: Path | None = None) -> bool:
    """Bring the schema up to date in one transaction; returns whether it was behind.

    A store that is behind is copied to `keep` first. Raises NewerStoreError without having changed anything.
    """
    engine = make_engine(path, store_key(data_key))
    try:
        with engine.connect() as connection:
            found_revision = migrations.revision_of(connection)
        if found_revision == migrations.REVISIONS[-1]:
            return False
        if keep is not None:
            with disk_errors():
                keep.parent.mkdir(exist_ok=True)
                remove_database(keep)
                copy_encrypted(engine, keep)
        with engine.execution_options(write=True).begin() as connection:
            migrations.upgrade(connection)
        return True
    finally:
        engine.dispose()


def actor_of(session: Session, person_id: str, store_id: str) -> Actor:
    """The operator who came in; raises DamagedStoreError when key file and store do not belong together."""
    if session.scalar(select(setting.c.value).where(setting.c.key == STORE_ID)) != store_id:
        raise DamagedStoreError("密钥文件与数据文件不是一套，其中一个")
    row = session.execute(select(operator).where(operator.c.person_id == person_id)).one_or_none()
    if row is None or row.state != "active":
        raise NotAllowedError("这位操作员已被停用，不能打开名册。请找系统管理员。")
    return Actor(row.person_id, row.name, members.roles_of(row.roles), own_unit(session))


def own_unit(session: Session) -> Unit:
    """The unit this store belongs to."""
    row = session.execute(select(unit_table).where(unit_table.c.is_self == 1)).one()
    return Unit(row.id, row.name, row.code, Tier(row.tier), Line(row.line), row.city, row.county)


def signer_of(session: Session, name: str, private: bytes) -> PersonSigner:
    """Signer of an active operator from the unlocked private key; raises DamagedStoreError for a key not theirs."""
    query = select(operator).where(operator.c.name == name, operator.c.state == "active")
    row = session.execute(query).one_or_none()
    if row is None or row.signing_key != keys.public_part(private):
        raise DamagedStoreError("密钥文件与数据文件不是一套，其中一个")
    return PersonSigner(row.person_id, row.certificate, row.signing_key, private)


def unit_private_key(session: Session, purpose: str) -> bytes:
    """DER PKCS8 of the unit's newest key for `purpose`; raises NotAllowedError when the unit has none yet."""
    query = select(unit_key.c.private_key).where(unit_key.c.purpose == purpose)
    found_key = session.scalar(query.order_by(unit_key.c.generation.desc()).limit(1))
    if found_key is None:
        raise NotAllowedError("本单位还没有单位密钥。请先由系统管理员向上级登记单位。")
    return bytes(found_key)


def _unit_row(unit: Unit) -> dict[str, str | int]:
    return {
        "id": unit.id, "name": unit.name, "code": unit.code, "tier": unit.tier, "line": unit.line,
        "city": unit.city, "county": unit.county, "is_self": 1, "state": "active",
    }  # fmt: skip


def admit(home: Path, entry: Entry, passphrase: str, cost: KdfParameters) -> KeyFile:
    """Give keys to the person whose activation code made `entry`; returns the key file to put in force.

    The row is written first: killed between the two, the code is still good and is used again.
    """
    path = home / entry.file.database
    migrate(path, entry.data_key)
    engine = make_engine(path, store_key(entry.data_key), prepare=touched.watch)
    try:
        with Session(engine.execution_options(write=True)) as session, session.begin():
            file = members.admit(session, entry.file, entry.data_key, entry.person_id, passphrase, cost)
            person = actor_of(session, entry.person_id, entry.file.store_id)
            audit.append(session, person, "operator.activate", f"operator:{entry.person_id}", {})
        return file
    finally:
        engine.dispose()
