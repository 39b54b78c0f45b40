"""How the approver's PC becomes a unit's second one: asked for there, accepted here, trusted there, words each time.

The keys of the exchange are the PCs' own, apart from the unit's: they are never renewed with its certificates, so a
second PC needs no certificates at all, and what it holds opens and signs nothing that leaves the unit (decision 2).
The person's signing key is born on the second PC; the main one learns the public part, and the next enrolment request
lets the superior certify it under the person id both PCs use (decision 5).
"""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.ids import new_id
from models.domain.units import ROLE_LABELS, Actor, Line, Role, Tier, Unit, reports_own
from models.services import companions
from models.services.units import own_unit
from models.store import audit, clock, members
from models.store import tables as t
from models.store.members import NewOperator, OperatorRow
from models.store.store import CreatedStore, Store
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import STANDARD, KdfParameters
from sync.companions import keeping, keys
from sync.companions.papers import PairingReply, PairingRequest, read_reply, read_request
from sync.formats import PAIR_REPLY, PAIR_REQUEST
from sync.joining.enrolment import WrittenFile
from sync.joining.requests import unit_json
from sync.packages.dispatch import file_name
from sync.policies import write_statement
from sync.refusals import Fault, UntrustedError
from sync.transport.removable import folder_for
from sync.trust.words import same_words, words_of
from sync.wire.statements import Statement, base64_text, sign

if TYPE_CHECKING:
    from sqlalchemy import Row

NOT_PAIRED: Final = "尚未配对的电脑"


def create(home: Path, name: str, passphrase: str, *, kdf: KdfParameters = STANDARD) -> CreatedStore:
    """Make the store of a second PC: its one operator is the head, whose signing key is born here.

    Raises StoreExistsError, NotAllowedError, PassphraseRefusedError, DiskFullError.
    """
    unit = Unit(new_id(), NOT_PAIRED, "-", Tier.SCHOOL, Line.BASIC)
    head = NewOperator(name, frozenset({Role.HEAD}), passphrase)
    return Store.create(home, unit, [head], second=new_id(), kdf=kdf)


# --- the second PC asks ---------------------------------------------------------------------------------


def request(store: Store, out_dir: Path | None = None) -> WrittenFile:
    """Write the second PC's request; its words are compared at the main PC. Raises UserError, NotWrittenError."""
    folder = folder_for(store.home, out_dir)
    statement = store.write(_request, store.actor)
    target = folder / f"配对申请_{store.actor.name}_{statement.content['created'][:10]}.rollbook"
    return WrittenFile(write_statement(statement, target), words_of(statement.content))


def _request(session: Session, actor: Actor) -> Statement:
    pc = companions.require_second(session, "生成配对申请")
    signer = keys.own_signer(session)
    person = session.execute(select(t.operator).where(t.operator.c.person_id == actor.person_id)).one()
    body = {
        "type": PAIR_REQUEST, "v": 1, "pc": pc, "pc_name": platform.node()[:60] or "电脑",
        "person": {"id": person.person_id, "name": person.name, "key": base64_text(person.signing_key)},
        "opening_key": base64_text(keys.public(session, keys.OPENING)), "created": clock.now(session),
    }  # fmt: skip
    audit.append(session, actor, "companion.request", f"companion:{pc}", {})
    return sign(body, [signer])


# --- the main PC accepts --------------------------------------------------------------------------------


def accept(store: Store, path: Path, confirmed_words: str, out_dir: Path | None = None) -> WrittenFile:
    """Pair with a second PC, once its words were compared: the person's key counts from now on, the one here ends.

    By an administrator. The words of the result are compared at the second PC. Doing it again with the same file
    writes the reply again. Raises RefusedError, NotAllowedError, UserError, NotWrittenError.
    """
    folder = folder_for(store.home, out_dir)
    asked = read_request(path)
    if not same_words(confirmed_words, asked.words):
        raise UntrustedError(Fault.OTHER_WORDS)
    if store.read(_is_known, store.actor, asked):
        store.write(_again, asked)
    else:

        def change(session: Session, file: KeyFile, _data_key: bytes) -> KeyFile:
            return _accept(session, file, store.actor, asked)

        store.renew_keys(change)  # who had a passphrase here has none from now on: a new data key, as for a leaver
    statement = store.write(_reply, store.actor, asked)
    target = folder / file_name("配对批复", store.actor.unit, f"{asked.person_name}_{statement.content['at'][:10]}")
    return WrittenFile(write_statement(statement, target), words_of(statement.content))


def _is_known(session: Session, actor: Actor, asked: PairingRequest) -> bool:
    """Whether the pairing was accepted before. Raises NotAllowedError when it may not be accepted at all."""
    companions.require_main(session, "办理配对")
    if not actor.has(Role.ADMINISTRATOR):
        raise NotAllowedError("办理配对须由系统管理员登录后进行。")
    if not reports_own(actor.unit):
        raise NotAllowedError("主管部门由学籍管理员核办，主管领导只查看，不需要第二台电脑。")
    row = _row(session, asked.pc)
    if row is None or row.state != companions.ACTIVE or row.signing_key != asked.signing_key:
        _same_name(session, asked)
        return False
    person = session.execute(select(t.operator).where(t.operator.c.person_id == row.person_id)).first()
    return companions.keeps_key(person) and person is not None and person.signing_key == asked.person_key


def _again(session: Session, asked: PairingRequest) -> None:
    row = _row(session, asked.pc)
    assert row is not None
    _pair(session, asked.pc, asked.pc_name, row.person_id, asked.signing_key, asked.opening_key)


def _row(session: Session, pc: str) -> Row[Any] | None:
    return session.execute(select(t.companion).where(t.companion.c.id == pc)).first()


def _same_name(session: Session, asked: PairingRequest) -> OperatorRow | None:
    """The operator of that name, when the person is known here. Raises NotAllowedError."""
    people = members.everybody(session)
    found = next((row for row in people if row.name == asked.person_name and row.state != "disabled"), None)
    if found is None:
        members.check_person(NewOperator(asked.person_name, frozenset({Role.HEAD})), [row.name for row in people])
    elif found.roles != {Role.HEAD}:
        roles = "、".join(ROLE_LABELS[role] for role in sorted(found.roles))
        raise NotAllowedError(
            f"“{found.name}”在本单位是{roles}，第二台电脑只给主管领导使用。"
            "同名的另一个人，请在那台电脑上用别的姓名（例如加数字）重新建立。"
        )
    return found


def _accept(session: Session, file: KeyFile, actor: Actor, asked: PairingRequest) -> KeyFile:
    known = _same_name(session, asked)
    person_id = known.person_id if known else members.enter(session, NewOperator(asked.person_name, _HEAD))
    file = members.admit_elsewhere(session, file, person_id, asked.person_key)
    c = t.companion.c
    session.execute(update(t.companion).where(c.person_id == person_id).values(state=companions.ENDED))
    _pair(session, asked.pc, asked.pc_name, person_id, asked.signing_key, asked.opening_key)
    body = {"person": person_id, "words": asked.words}
    audit.append(session, actor, "companion.accept", f"companion:{asked.pc}", body)
    return file


_HEAD: Final = frozenset({Role.HEAD})


def _pair(session: Session, pc: str, name: str, person_id: str, signing_key: bytes, opening_key: bytes) -> None:
    """Note the other side. Paired again, it may begin its numbers anew; the own ones go on."""
    row = {
        "id": pc, "name": name, "person_id": person_id, "state": companions.ACTIVE, "signing_key": signing_key,
        "opening_key": opening_key, "epoch": 0, "received": 0, "received_at": "", "paired_at": clock.now_text(),
    }  # fmt: skip
    made = upsert(t.companion).values(**row, sent=0, sent_at="")
    session.execute(made.on_conflict_do_update(index_elements=["id"], set_=row))


def _reply(session: Session, actor: Actor, asked: PairingRequest) -> Statement:
    signer = keys.own_signer(session)
    row = _row(session, asked.pc)
    assert row is not None
    body = {
        "type": PAIR_REPLY, "v": 1, "pc": asked.pc, "unit": unit_json(own_unit(session)),
        "person": {"id": row.person_id, "name": asked.person_name, "key": base64_text(asked.person_key)},
        "opening_key": base64_text(keys.public(session, keys.OPENING)), "at": row.paired_at,
    }  # fmt: skip
    audit.append(session, actor, "companion.reply", f"companion:{asked.pc}", {})
    return sign(body, [signer])


# --- the second PC trusts -------------------------------------------------------------------------------


def trust(store: Store, path: Path, confirmed_words: str, passphrase: str) -> Unit:
    """Make this PC the second one of the unit that replied, once the words were compared; the unit.

    The passphrase puts the person's keys under the id the main PC knows. Raises RefusedError, WrongSecretError,
    NotAllowedError with nothing changed.
    """
    reply = read_reply(path)
    if not same_words(confirmed_words, reply.words):
        raise UntrustedError(Fault.OTHER_WORDS)

    def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
        return _trust(session, file, data_key, store.actor, reply, passphrase)

    store.change_keys(change)
    store.become(reply.person_id)
    return reply.unit


def _trust(
    session: Session, file: KeyFile, data_key: bytes, actor: Actor, reply: PairingReply, passphrase: str
) -> KeyFile:
    pc = companions.require_second(session, "导入配对批复")
    key = session.execute(select(t.operator.c.signing_key).where(t.operator.c.person_id == actor.person_id)).scalar()
    if reply.pc != pc or reply.person_key != key:
        raise UntrustedError(Fault.NOT_OUR_PAIRING)
    own = own_unit(session)
    if companions.rows(session) and own.id != reply.unit.id:
        raise UntrustedError(Fault.PAIRED_ELSEWHERE, unit=own.name)
    file = members.take_id(session, file, data_key, actor.name, reply.person_id, passphrase)
    session.execute(update(t.unit).where(t.unit.c.id == own.id).values(**unit_json(reply.unit)))
    _pair(session, pc, reply.unit.name, reply.person_id, reply.signing_key, reply.opening_key)
    keeping.forget_signed_by_other_keys(session, reply.person_key)
    who = replace(actor, person_id=reply.person_id, unit=reply.unit)
    audit.append(session, who, "companion.trust", f"companion:{pc}", {"unit": reply.unit.id, "words": reply.words})
    return file
