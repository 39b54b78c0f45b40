"""Operators: entering, activating, recovering, dismissing people, and their passphrases (E1-E3, decisions 10, 11)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.units import ROLE_LABELS, Actor, Role
from models.store import audit, entrance, members, opening, rekey
from models.store.entrance import by_code, held
from models.store.members import NewOperator, OperatorRow
from models.store.store import Store
from models.store.vault import attempts, keyfile, slots
from models.store.vault.attempts import LockStatus
from models.store.vault.codes import CodeKind
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import STANDARD, KdfParameters, check_new, check_other


def add(store: Store, person: NewOperator) -> str:
    """Enter a person by an administrator; returns the activation code, which is shown once."""
    _administrator(store.actor)
    code = ""

    def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
        nonlocal code
        members.check_person(person, [row.name for row in members.everybody(session)])
        person_id = members.enter(session, person)
        file, code = members.invite(session, file, data_key, person_id)
        audit.append(session, store.actor, "operator.add", f"operator:{person_id}", {"roles": sorted(person.roles)})
        return file

    store.change_keys(change)
    return code


def reissue(store: Store, name: str) -> str:
    """A new activation code for somebody who lost code or passphrase; their old keys end. Returns the code."""
    _administrator(store.actor)
    code = ""

    def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
        nonlocal code
        row = members.find(session, name)
        if row.person_id == store.actor.person_id:
            raise NotAllowedError("不能给自己发激活码。要换口令请修改口令（“设置”页，或命令 passwd）。")
        file, code = members.invite(session, file, data_key, row.person_id)
        audit.append(session, store.actor, "operator.reissue", f"operator:{row.person_id}", {})
        return file

    store.change_keys(change)
    return code


def activate(home: Path, name: str, code: str, passphrase: str, *, kdf: KdfParameters = STANDARD) -> None:
    """A person's first login: their keys are born under a passphrase of their own.

    Raises WrongSecretError (also for an expired code), PassphraseRefusedError, StoreBusyError.
    """
    with held(home, name):
        entry = by_code(home, CodeKind.ACTIVATION, code, name)
        check_new(passphrase, name)
        keyfile.save(home, opening.admit(home, entry, passphrase, kdf))


def recover(home: Path, code: str, name: str, passphrase: str, *, kdf: KdfParameters = STANDARD) -> str:
    """Let a person in by the recovery code: new keys for them, a new data key and a new recovery code, returned.

    The certificate of the person ends with the old keys; the superior certifies the new ones.
    Raises WrongSecretError, PassphraseRefusedError, StoreBusyError.
    """
    with held(home, name):
        entry = by_code(home, CodeKind.RECOVERY, code)
        check_new(passphrase, name)
        opening.migrate(home / entry.file.database, entry.data_key)
        new_code = ""

        def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
            nonlocal new_code
            file, new_code = members.readmit(session, file, data_key, name, passphrase, kdf)
            return file

        rekey.renew(home, entry.file, entry.data_key, change)
        attempts.forget(home, name)
        return new_code


def disable(store: Store, name: str, reason: str) -> None:
    """Take a leaver's key away: everything is encrypted anew under a new data key, nobody else need be present.

    Raises NotAllowedError for oneself and for the last holder of a role.
    """
    _administrator(store.actor)

    def change(session: Session, file: KeyFile, _data_key: bytes) -> KeyFile:
        row = members.find(session, name)
        _replaceable(session, row, store.actor)
        file = members.dismiss(session, file, row.person_id)
        audit.append(session, store.actor, "operator.disable", f"operator:{row.person_id}", {"reason": reason})
        return file

    store.read(lambda session: _replaceable(session, members.find(session, name), store.actor))
    store.renew_keys(change)


def renew_recovery(store: Store) -> str:
    """A new recovery code, when the printed one was lost or seen; the old one ends. Returns the code."""
    _administrator(store.actor)
    code = ""

    def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
        nonlocal code
        file, code = members.new_recovery(session, file, data_key)
        audit.append(session, store.actor, "operator.recovery_code", "store", {})
        return file

    store.renew_keys(change)
    return code


def change_passphrase(store: Store, old: str, new: str, *, kdf: KdfParameters = STANDARD) -> None:
    """Put the operator's keys under a new passphrase; raises WrongSecretError, PassphraseRefusedError."""
    name = store.actor.name
    check_new(new, name, store.actor.unit.name)
    entrance.person_keys(store.home, keyfile.load(store.home), name, old)
    check_other(new, old)

    def change(session: Session, file: KeyFile, _data_key: bytes) -> KeyFile:
        slot = file.operator(name)
        if slot is None:
            raise NotAllowedError(f"没有名为“{name}”的操作员。")
        audit.append(session, store.actor, "operator.passphrase", f"operator:{slot.person_id}", {})
        return file.with_operator(slots.change_passphrase(file, slot, old, new, kdf))

    store.change_keys(change)


def list_operators(session: Session) -> list[OperatorRow]:
    """All operators with roles and state."""
    return members.everybody(session)


def officers(session: Session) -> tuple[str, ...]:
    """Names of those who may sign beside the administrator (decision 6)."""
    wanted = {Role.REGISTRAR, Role.HEAD}
    return tuple(one.name for one in members.everybody(session) if one.state == "active" and one.roles & wanted)


def names(home: Path) -> list[str]:
    """Names of those who can log in, for the unlock window; needs no secret. Raises NoStoreError, DamagedKeysError."""
    return [slot.name for slot in keyfile.load(home).operators]


def lock_status(home: Path) -> list[LockStatus]:
    """Who has failed how often and is locked until when; needs no secret."""
    return attempts.lock_status(home)


def _administrator(actor: Actor) -> None:
    if not actor.has(Role.ADMINISTRATOR):
        raise NotAllowedError("只有系统管理员可以管理操作员。请换系统管理员登录。")


def _replaceable(session: Session, leaver: OperatorRow, actor: Actor) -> None:
    if leaver.person_id == actor.person_id:
        raise NotAllowedError("不能停用自己。请由另一位系统管理员操作。")
    staying = [row for row in members.everybody(session) if row.state == "active" and row.person_id != leaver.person_id]
    for role in leaver.roles:
        if not any(role in row.roles for row in staying):
            raise NotAllowedError(
                f"“{leaver.name}”是唯一在用的{ROLE_LABELS[role]}。请先添加并激活接替的人，再停用这一位。"
            )
