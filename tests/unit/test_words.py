"""Words people read: every code the program writes has a Chinese name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.domain.acts import ACTS, OBJECTS
from models.domain.errors import UserError
from models.domain.field_names import CODE_TABLE_LABELS, TYPE_LABELS, key_of, shown_fields
from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS, FieldType
from models.domain.policy import COLLISION_LABELS, COLLISIONS
from models.domain.states import Event

ROOT = Path(__file__).resolve().parents[2]
APPENDED = re.compile(r'audit\.append\(\s*\w+,\s*[\w.]+,\s*"([a-z_.]+)"(?:,\s*f"(\w+):)?')


def test_every_act_and_object_of_the_audit_log_has_a_name() -> None:
    sources = [path.read_text("utf-8") for folder in ("models", "sync") for path in (ROOT / folder).rglob("*.py")]
    found = [match.groups() for source in sources for match in APPENDED.finditer(source)]
    assert len(found) > 25
    assert {act for act, _ in found} <= ACTS.keys()
    assert {kind for _, kind in found if kind} <= OBJECTS.keys()
    assert {f"change.{event.value}" for event in Event} <= ACTS.keys()


def test_fields_are_named_by_key_label_or_alias() -> None:
    assert {key_of(STUDENTS, name) for name in ("id_number", "身份证件号", "身份证号")} == {"id_number"}
    assert key_of(STUDENTS, " 班号 ") == "class_name"
    assert key_of(ACCOUNTS, "邮箱") == "email"
    for unknown in ("隐藏", "hidden_47", "没有这个", ""):
        with pytest.raises(UserError, match="fields"):
            key_of(STUDENTS, unknown)


def test_every_type_and_code_table_has_a_name() -> None:
    assert set(TYPE_LABELS) == set(FieldType)
    assert set(COLLISION_LABELS) == set(COLLISIONS)
    for kind in FIELDS_OF:
        assert {field.code_table for field in shown_fields(kind)} - {""} <= CODE_TABLE_LABELS.keys()
        assert len({field.label for field in shown_fields(kind)}) == len(shown_fields(kind))
