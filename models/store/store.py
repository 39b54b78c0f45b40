"""The encrypted store of one unit, opened by one operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import (
    Session as Session,  # the transaction a use case is given, for those who may not know SQLAlchemy
)

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.times import local_text, now_text
from models.domain.units import Unit, unit_fault
from models.store import audit, backup, clock, entrance, members, opening, rekey, touched
from models.store.engine import make_engine
from models.store.entrance import Entry
from models.store.errors import DamagedStoreError, ReadOnlyError, StoreExistsError
from models.store.gate import Gate
from models.store.instance import InstanceLock
from models.store.members import NewOperator as NewOperator
from models.store.rekey import KeyChange, store_key
from models.store.vault import keyfile, remembered, slots
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import STANDARD, KdfParameters

P = ParamSpec("P")
R = TypeVar("R")
Listener = Callable[[frozenset[str]], None]


@dataclass(frozen=True)
class CreatedStore:
    """A new store; what is printed here is shown once and kept nowhere."""

    store: Store | None
    recovery_code: str = field(repr=False)
    activation_codes: dict[str, str] = field(repr=False)


class Store:
    """Runs use cases in transactions and tells listeners which tables changed."""

    def __init__(self, home: Path, entry: Entry, lock: InstanceLock, *, read_only: bool) -> None:
        """Internal: use `create`, `open` or `open_remembered`."""
        self.home = home
        self.read_only = read_only
        self.warnings: list[str] = []
        self._file, self._data_key = entry.file, entry.data_key
        self._lock, self._gate = lock, Gate()
        self._listeners: list[Listener] = []
        self._written = False
        self._engine = self._connect()
        try:
            self.actor = self.read(opening.actor_of, entry.person_id, entry.file.store_id)
        except BaseException:
            self._engine.dispose()  # a file still open cannot be replaced on Windows
            raise

    @classmethod
    def create(
        cls,
        home: Path,
        unit: Unit,
        operators: Sequence[NewOperator],
        *,
        second: str = "",
        kdf: KdfParameters = STANDARD,
    ) -> CreatedStore:
        """Make a store for `unit` with its first operators, each of the three roles at least once.

        The first operator may give a passphrase and is then let in at once; the others get activation codes.
        `second`: the id of a unit's second PC, whose store has one operator and a unit that stands in until pairing.
        Raises StoreExistsError, NotAllowedError, PassphraseRefusedError, DiskFullError.
        """
        if second:
            members.check_person(operators[0], ())
        else:
            members.check_first(operators)
        if fault := unit_fault(unit):
            raise NotAllowedError(fault)
        if any(person.passphrase for person in operators[1:]):
            raise NotAllowedError("只有正在操作的第一位操作员可以现在设口令，其他人凭激活码自己设。")
        home.mkdir(parents=True, exist_ok=True)
        if keyfile.exists(home) or any(home.glob("store-*.db")):
            raise StoreExistsError(home)
        lock = InstanceLock(home, operators[0].name, local_text(now_text()))
        try:
            entry, recovery, activations = opening.found(home, unit, operators, kdf, second)
            if not operators[0].passphrase:
                lock.release()
                return CreatedStore(None, recovery, activations)
            return CreatedStore(cls(home, entry, lock, read_only=False), recovery, activations)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, home: Path, operator: str, passphrase: str) -> Self:
        """Open for writing, with migration and the daily backup when due.

        Raises NoStoreError, StoreBusyError, WrongSecretError, StoreLockedError, DamagedKeysError, DamagedStoreError,
        NewerStoreError.
        """
        return cls._enter(home, operator, lambda: entrance.by_passphrase(home, operator, passphrase), read_only=False)

    @classmethod
    def open_remembered(cls, home: Path, operator: str) -> Self:
        """Open for reading with the secret in this account's keyring (decision 11); raises WrongSecretError."""
        return cls._enter(home, operator, lambda: entrance.by_keyring(home, operator), read_only=True)

    @classmethod
    def _enter(cls, home: Path, who: str, enter: Callable[[], Entry], *, read_only: bool) -> Self:
        if not keyfile.exists(home):
            keyfile.load(home)  # says what is missing
        lock = InstanceLock(home, who, local_text(now_text()))
        try:
            entry = enter()
            entry = replace(entry, file=entrance.without_expired(entry.file))
            if not (home / entry.file.database).is_file():  # else SQLite would begin an empty one in its place
                raise DamagedStoreError(f"数据文件 {entry.file.database} 缺失或")
            rekey.tidy(home, entry.file)
            keep = home / backup.FOLDER / f"升级前-{entry.file.database}"
            opening.migrate(home / entry.file.database, entry.data_key, keep=keep)
            store = cls(home, entry, lock, read_only=read_only)
        except BaseException:
            lock.release()
            raise
        store._greet()
        return store

    def read(self, f: Callable[Concatenate[Session, P], R], *args: P.args, **kw: P.kwargs) -> R:
        """Run `f(session, *args)` in one reading transaction."""
        with self._gate.passing(), Session(self._engine, expire_on_commit=False) as session:
            return f(session, *args, **kw)

    def write(self, f: Callable[Concatenate[Session, P], R], *args: P.args, **kw: P.kwargs) -> R:
        """Run `f(session, *args)` in one writing transaction: all of it or nothing.

        Raises ReadOnlyError; a change of an audited table without an audit entry is refused as a bug.
        """
        if self.read_only:
            raise ReadOnlyError
        with self._gate.passing(), self._gate.writing():
            changed: set[str] = set()
            with (
                Session(self._engine.execution_options(write=True), expire_on_commit=False) as session,
                session.begin(),
            ):
                session.connection().info["changed"] = changed
                result = f(session, *args, **kw)
                session.flush()
                touched.seal(session, changed)
        if changed:
            self._written = True
            self._tell(frozenset(changed))
        return result

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the names of changed tables after each write; returns what ends it.

        It is called in the thread that wrote.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def signer(self, passphrase: str) -> Signer:
        """The operator's signing key for one act; the passphrase is asked each time. Raises WrongSecretError."""
        return self.signer_of(self.actor.name, passphrase)

    def signer_of(self, name: str, passphrase: str) -> Signer:
        """Signing key of any operator of this store who gives the passphrase (acts that two persons sign)."""
        person = entrance.person_keys(self.home, self._file, name, passphrase)
        return self.read(opening.signer_of, name, person.signing)

    def elevate(self, passphrase: str) -> None:
        """Make a store opened by the keyring a writing one; raises WrongSecretError."""
        entrance.person_keys(self.home, self._file, self.actor.name, passphrase)
        if self.read_only:
            with self._gate.closed():
                self._engine.dispose()
                self.read_only = False
                self._engine = self._connect()
            self._greet()

    def remember(self) -> None:
        """Let this account of the computer open for reading without the passphrase; raises KeyringError."""
        person, name = self.actor.person_id, self.actor.name
        secret = remembered.keep(self._file.store_id, person)

        def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
            slot = slots.remembered_slot(file, data_key, person, name, secret)
            audit.append(session, self.actor, "operator.remember", f"operator:{person}", {})
            others = tuple(other for other in file.remembered if other.person_id != person)
            return replace(file, remembered=(*others, slot))

        self.change_keys(change)

    def forget(self) -> None:
        """End what `remember` began."""
        person = self.actor.person_id
        remembered.forget(self._file.store_id, person)

        def change(session: Session, file: KeyFile, _data_key: bytes) -> KeyFile:
            audit.append(session, self.actor, "operator.forget", f"operator:{person}", {})
            return replace(file, remembered=tuple(slot for slot in file.remembered if slot.person_id != person))

        self.change_keys(change)

    def change_keys(self, change: KeyChange) -> None:
        """Change operators' rows and slots together, the data key staying; keys.json follows before the commit."""

        def run(session: Session) -> KeyFile:
            file = change(session, self._file, self._data_key)
            session.flush()
            keyfile.save(self.home, file)
            return file

        self._file = self.write(run)

    def become(self, person_id: str) -> None:
        """Go on as the person the store now knows by this id, of the unit it now has (after a pairing)."""
        self.actor = self.read(opening.actor_of, person_id, self._file.store_id)

    def renew_keys(self, change: KeyChange) -> None:
        """As `change_keys`, and everything is encrypted anew under a new data key."""
        if self.read_only:
            raise ReadOnlyError
        with self._gate.closed():
            self._engine.dispose()
            try:
                self._file, self._data_key = rekey.renew(self.home, self._file, self._data_key, change)
            finally:
                self._engine = self._connect()
        self._written = True
        self._tell(frozenset({"operator"}))

    def unit_private_key(self, purpose: str) -> bytes:
        """DER PKCS8 of the unit's newest key for "signing" or "opening"; raises NotAllowedError when there is none."""
        return self.read(opening.unit_private_key, purpose)

    def write_backup(self, target: Path, signer: Signer | None = None) -> backup.Description:
        """Write a backup file of the store as it stands; see models.store.backup."""
        with self._gate.passing():
            return backup.write(self._engine, self._file, target, signer)

    def damaged_pages(self) -> list[str]:
        """Read every page; what SQLCipher and SQLite find wrong, empty when the file is whole."""
        with self._gate.passing():
            connection = self._engine.raw_connection()
            try:
                return rekey.damage(connection.cursor())
            finally:
                connection.close()

    def close(self) -> None:
        """Make the closing backup when something was written, and let others in."""
        if self._gate.ended:
            return
        if self._written:
            self._daily(backup.CLOSING_AGE)
        with self._gate.closed():
            self._engine.dispose()
            self._gate.ended = True
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _connect(self) -> Engine:
        path, key = self.home / self._file.database, store_key(self._data_key)
        if not path.exists():
            raise DamagedStoreError
        return make_engine(path, key, prepare=None if self.read_only else touched.watch, read_only=self.read_only)

    def _greet(self) -> None:
        doubt = self.read(clock.warning)
        if doubt:
            self.warnings.append(doubt.sentence)
        if not self.read_only:
            self._daily(backup.OPENING_AGE)

    def _daily(self, age: backup.Age) -> None:
        """A backup by itself when none is newer than `age`; a failure is a warning, never a closed door."""
        try:
            target = backup.due(self.home, age)
            if target:
                self.write_backup(target)
                backup.thin_out(self.home)
        except (UserError, OSError) as fault:
            self.warnings.append(f"自动备份没有做成：{fault}")

    def _tell(self, tables: frozenset[str]) -> None:
        for listener in tuple(self._listeners):
            listener(tables)
