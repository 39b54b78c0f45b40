"""A store is made, opened, written and read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.times import now_text
from models.domain.units import Line, Role, Tier, Unit
from models.store import audit, touched
from models.store.store import NewOperator, Store
from models.store.tables import setting, student
from models.store.touched import UnauditedWriteError


def add_student(session: Session, name: str, **values: Any) -> str:
    id_ = new_id()
    base = {"id": id_, "unit_id": "u", "status": "enrolled", "revision": 1, "updated_at": now_text(), "updated_by": "x"}
    session.execute(insert(student).values(base | {"name": name} | values))
    return id_


def test_written_rows_are_read_back_after_reopening(school_store: Any) -> None:
    def enter(session: Session) -> None:
        add_student(session, "石小满")
        audit.append(session, store.actor, "student.add", "batch:1", {"count": 1})

    store = school_store.open(Role.REGISTRAR)
    assert store.actor.roles == {Role.REGISTRAR}
    assert store.actor.unit == school_store.unit
    store.write(enter)
    store = school_store.open(Role.HEAD)
    assert store.read(lambda session: session.scalars(select(student.c.name)).all()) == ["石小满"]
    assert store.read(audit.entries)[0].person_name == "周全"


def test_listeners_hear_which_tables_changed(school_store: Any) -> None:
    heard: list[frozenset[str]] = []
    store = school_store.open(Role.REGISTRAR)
    end = store.subscribe(heard.append)

    def note(session: Session) -> None:
        session.execute(insert(setting).values(key="a", value="b"))

    store.write(note)
    assert heard == [frozenset({"setting"})]
    end()
    store.read(lambda session: session.execute(select(setting)).all())
    assert len(heard) == 1


def test_a_failed_use_case_leaves_nothing(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)

    def fail(session: Session) -> None:
        add_student(session, "石小满")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        store.write(fail)
    assert store.read(lambda session: session.execute(select(student)).all()) == []


def test_a_write_without_an_audit_entry_is_refused(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    with pytest.raises(UnauditedWriteError):
        store.write(add_student, "石小满")
    assert store.read(lambda session: session.execute(select(student)).all()) == []


def test_a_write_inside_a_write_is_a_bug_not_a_standstill(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    with pytest.raises(RuntimeError, match="inside"):
        store.write(lambda session: store.write(lambda inner: None))


def test_signers_belong_to_their_persons(school_store: Any) -> None:
    from models.store.vault.keys import signature_fits

    store = school_store.open(Role.REGISTRAR)
    own = store.signer(school_store.people[Role.REGISTRAR][1])
    other = store.signer_of(*school_store.people[Role.HEAD])
    assert own.person_id == store.actor.person_id != other.person_id
    assert signature_fits(own.public_key, own.sign(b"message"), b"message")
    assert not signature_fits(other.public_key, own.sign(b"message"), b"message")
    assert own.private.hex()[:40] not in repr(own)


def test_three_roles_are_asked_for_at_the_beginning(tmp_path: Any) -> None:
    unit = Unit(new_id(), "青禾县第二小学", "2113099902", Tier.SCHOOL, Line.BASIC)
    people = [NewOperator("甲一", frozenset({Role.ADMINISTRATOR})), NewOperator("乙二", frozenset({Role.REGISTRAR}))]
    with pytest.raises(Exception, match="还缺少主管领导"):
        Store.create(tmp_path, unit, people)
    both = NewOperator("丙三", frozenset({Role.HEAD, Role.REGISTRAR}))
    with pytest.raises(Exception, match="不能由同一个人担任"):
        Store.create(tmp_path, unit, [*people, both])
    with pytest.raises(Exception, match="已经有一位"):
        Store.create(tmp_path, unit, [*people, NewOperator("甲一", frozenset({Role.HEAD}))])
    assert list(tmp_path.iterdir()) == []


def test_chain_and_rows_verify(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    report = store.read(audit.verify)
    assert report.ok
    assert report.entries > 3
    assert store.read(touched.verify_rows) == ()
