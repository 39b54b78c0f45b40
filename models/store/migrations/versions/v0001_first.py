"""The first released schema. Frozen: later changes come as revisions of their own."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

# fmt: off
_STUDENT_FIELDS = (
    "school_code name sex birth_date birth_place native_place ethnicity nationality id_type hk_macao_tw health "
    "political_status id_number hukou_type hukou_place class_name entry_date entry_method study_mode "
    "current_address mail_address family_address phone postcode only_child preschool left_behind needs_aid "
    "boarding_subsidy orphan martyr_family commute_distance commute_mode needs_bus former_name id_valid "
    "blood_type talents local_number class_number student_source email homepage disability bought_place "
    "inclusive_class hidden_47 guardian1_name guardian1_relation guardian1_relation_note guardian1_address "
    "guardian1_hukou_place guardian1_phone guardian1_is_guardian guardian1_id_type guardian1_id_number "
    "guardian1_ethnicity guardian1_employer guardian1_post guardian2_name guardian2_relation "
    "guardian2_relation_note guardian2_address guardian2_hukou_place guardian2_phone guardian2_is_guardian "
    "guardian2_id_type guardian2_id_number guardian2_ethnicity guardian2_employer guardian2_post migrant_child "
    "student_number grade"
)
_ACCOUNT_FIELDS = (
    "name sex birth_date id_type id_number phone email office_phone employment on_staff department post city "
    "county username note"
)
_TABLES = (
    ("unit", "",
     "id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL, tier TEXT NOT NULL, line TEXT NOT "
     "NULL, city TEXT NOT NULL, county TEXT NOT NULL, superior_id TEXT, is_self INTEGER NOT NULL, state TEXT "
     "NOT NULL, certificate BLOB, opening_key BLOB"),
    ("unit_key", "",
     "purpose TEXT NOT NULL, generation INTEGER NOT NULL, private_key BLOB NOT NULL, created_at TEXT NOT NULL, "
     "PRIMARY KEY (purpose, generation)"),
    ("certificate", "",
     "fingerprint TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, person_id TEXT, purpose TEXT NOT NULL, der "
     "BLOB NOT NULL, not_after TEXT NOT NULL, revoked_since TEXT, received_at TEXT NOT NULL"),
    ("operator", "",
     "person_id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, roles TEXT NOT NULL, state TEXT NOT NULL, "
     "signing_key BLOB, opening_key BLOB, certificate BLOB, created_at TEXT NOT NULL"),
    ("student", _STUDENT_FIELDS,
     "row INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, unit_id TEXT NOT NULL, status TEXT NOT NULL, "
     "revision INTEGER NOT NULL, batch_id TEXT, updated_at TEXT NOT NULL, updated_by TEXT NOT NULL, name_order TEXT "
     "NOT NULL DEFAULT ''"),
    ("account", _ACCOUNT_FIELDS,
     "row INTEGER NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, unit_id TEXT NOT NULL, status TEXT NOT NULL, "
     "revision INTEGER NOT NULL, batch_id TEXT, updated_at TEXT NOT NULL, updated_by TEXT NOT NULL, name_order TEXT "
     "NOT NULL DEFAULT ''"),
    ("batch", "",
     "id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, unit_id TEXT NOT NULL, source TEXT NOT NULL, "
     "source_digest TEXT NOT NULL, rows_digest TEXT NOT NULL, count INTEGER NOT NULL, state TEXT NOT NULL, "
     "created_at TEXT NOT NULL, created_by TEXT NOT NULL"),
    ("batch_before", "",
     "batch_id TEXT NOT NULL, subject_id TEXT NOT NULL, revision INTEGER NOT NULL, before TEXT NOT NULL, "
     "PRIMARY KEY (batch_id, subject_id)"),
    ("column_mapping", "",
     "signature TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, mapping TEXT NOT NULL, used_at TEXT NOT NULL"),
    ("import_draft", "",
     "id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, content BLOB NOT NULL, saved_at "
     "TEXT NOT NULL"),
    ("change", "",
     "id TEXT NOT NULL PRIMARY KEY, number TEXT NOT NULL, kind TEXT NOT NULL, unit_id TEXT NOT NULL, "
     "subject_id TEXT NOT NULL, subject_label TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, "
     "base_revision INTEGER NOT NULL, reason TEXT NOT NULL, policy_version INTEGER NOT NULL, attempt INTEGER "
     "NOT NULL, salt TEXT NOT NULL, state TEXT NOT NULL, batch_id TEXT, package_id TEXT, initiator_id TEXT NOT "
     "NULL, initiator_name TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (number)"),
    ("decision", "",
     "id TEXT NOT NULL PRIMARY KEY, change_id TEXT NOT NULL REFERENCES change(id), position INTEGER NOT NULL, "
     "attempt INTEGER NOT NULL, event TEXT NOT NULL, unit_id TEXT NOT NULL, person_id TEXT NOT NULL, "
     "person_name TEXT NOT NULL, opinion TEXT NOT NULL, at TEXT NOT NULL, statement_id TEXT, UNIQUE "
     "(change_id, position)"),
    ("statement", "",
     "id TEXT NOT NULL PRIMARY KEY, type TEXT NOT NULL, body BLOB NOT NULL, signatures TEXT NOT NULL, at TEXT "
     "NOT NULL"),
    ("evidence", "",
     "digest TEXT NOT NULL PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL, content BLOB NOT "
     "NULL, added_at TEXT NOT NULL"),
    ("change_evidence", "",
     "change_id TEXT NOT NULL, digest TEXT NOT NULL, file_name TEXT NOT NULL, position INTEGER NOT NULL, kind "
     "TEXT NOT NULL, PRIMARY KEY (change_id, digest)"),
    ("baseline_row", "",
     "change_id TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (change_id, "
     "position)"),
    ("evidence_sent", "",
     "digest TEXT NOT NULL, audience_id TEXT NOT NULL, package_id TEXT NOT NULL, PRIMARY KEY (digest, "
     "audience_id)"),
    ("package", "",
     "id TEXT NOT NULL PRIMARY KEY, direction TEXT NOT NULL, purpose TEXT NOT NULL, title TEXT NOT NULL, "
     "issuer_id TEXT NOT NULL, audience_id TEXT NOT NULL, line TEXT NOT NULL, epoch INTEGER NOT NULL, sequence "
     "INTEGER NOT NULL, previous TEXT NOT NULL, created_at TEXT NOT NULL, items INTEGER NOT NULL, state TEXT "
     "NOT NULL, in_reply_to TEXT, note TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL, "
     "file_digest TEXT NOT NULL, handled_at TEXT NOT NULL"),
    ("package_file", "",
     "package_id TEXT NOT NULL, position INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (package_id, "
     "position)"),
    ("channel", "",
     "issuer_id TEXT NOT NULL, audience_id TEXT NOT NULL, line TEXT NOT NULL, epoch INTEGER NOT NULL, "
     "last_sequence INTEGER NOT NULL, last_id TEXT NOT NULL, PRIMARY KEY (issuer_id, audience_id, line)"),
    ("received_item", "",
     "id TEXT NOT NULL PRIMARY KEY, package_id TEXT NOT NULL REFERENCES package(id), position INTEGER NOT "
     "NULL, unit_id TEXT NOT NULL, change_id TEXT NOT NULL, attempt INTEGER NOT NULL, kind TEXT NOT NULL, "
     "subject_id TEXT NOT NULL, subject_label TEXT NOT NULL, body TEXT NOT NULL, approval_id TEXT NOT NULL, "
     "state TEXT NOT NULL, opinion TEXT NOT NULL, decided_by TEXT, decided_at TEXT, notes TEXT NOT NULL, "
     "receipt_id TEXT"),
    ("received_row", "",
     "item_id TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (item_id, position)"),
    ("policy", "",
     "unit_id TEXT NOT NULL, version INTEGER NOT NULL, tier TEXT NOT NULL, body TEXT NOT NULL, statement_id "
     "TEXT, effective_from TEXT NOT NULL, received_at TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY "
     "(unit_id, version)"),
    ("setting", "",
     "key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL"),
    ("audit", "",
     "sequence INTEGER NOT NULL PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL, object "
     "TEXT NOT NULL, salted_hash BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL"),
    ("audit_body", "",
     "sequence INTEGER NOT NULL PRIMARY KEY, salt BLOB NOT NULL, body TEXT NOT NULL"),
)
_INDEXES = (
    "CREATE INDEX student_class ON student (unit_id, status, class_name, name_order, id)",
    "CREATE INDEX student_id_number ON student (id_number)",
    "CREATE INDEX student_identity ON student (name, sex, birth_date)",
    "CREATE INDEX student_order ON student (unit_id, status, name_order, id)",
    "CREATE INDEX account_id_number ON account (id_number)",
    "CREATE INDEX account_order ON account (unit_id, status, name_order, id)",
    "CREATE UNIQUE INDEX account_username ON account (username) WHERE username <> ''",
    "CREATE INDEX change_state ON change (state, updated_at)",
    "CREATE INDEX change_subject ON change (subject_id)",
    "CREATE INDEX package_channel ON package (issuer_id, audience_id, line, sequence)",
    "CREATE INDEX received_change ON received_item (change_id)",
    "CREATE INDEX received_state ON received_item (state)",
)
# fmt: on
_SEARCH = (
    "CREATE VIRTUAL TABLE {}_search USING fts5(name, pinyin, place, number, content='', contentless_delete=1, "
    "tokenize='unicode61')"
)
_NEVER_CHANGED = (  # (table, event) refused by the store itself
    ("audit", "UPDATE"),
    ("audit", "DELETE"),
    ("audit_body", "UPDATE"),
    ("decision", "UPDATE"),
    ("decision", "DELETE"),
    ("statement", "UPDATE OF body"),
    ("evidence", "UPDATE"),
    ("package_file", "UPDATE"),
)


def upgrade() -> None:
    """Make all tables, indexes, search tables and triggers."""
    for name, fields, columns in _TABLES:
        declared = [columns, *(f"{field} TEXT NOT NULL DEFAULT ''" for field in fields.split())]
        op.execute(f"CREATE TABLE {name} ({', '.join(declared)}) STRICT")
    for statement in _INDEXES:
        op.execute(statement)
    for name in ("student", "account"):
        op.execute(_SEARCH.format(name))
    for table, event in _NEVER_CHANGED:
        name = f"{table}_no_{event.split()[0].lower()}"
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN {refuse}; END")
