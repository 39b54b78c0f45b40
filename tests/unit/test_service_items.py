"""The lines of a baseline are canonical JSON, written the fast way."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from models.domain.fields import STUDENT_FIELDS
from models.domain.signing import canonical
from models.services.items import row_line, rows_digest

KEYS = st.sampled_from([field.key for field in STUDENT_FIELDS])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.uuids().map(str), st.dictionaries(KEYS, TEXTS))
def test_a_row_is_canonical_json_without_empty_values(row_id: str, values: dict[str, str]) -> None:
    expected = {"id": row_id, "values": {key: value for key, value in values.items() if value}}
    assert row_line(row_id, values) == canonical(expected)


def test_the_digest_runs_over_lines_with_their_ends() -> None:
    assert rows_digest([b"a", b"b"]) == hashlib.sha256(b"a\nb\n").hexdigest()
    assert rows_digest([]) == hashlib.sha256(b"").hexdigest()
