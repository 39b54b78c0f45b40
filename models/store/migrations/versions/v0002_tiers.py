"""Tiers, trust and transport: messages, problems, orders, invitations. Unreleased: edited in place until then."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

# fmt: off
_TABLES = (
    ("unit_history",
     "unit_id TEXT NOT NULL, until TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, "
     "PRIMARY KEY (unit_id, until)"),
    ("invitation",
     "id TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, tier TEXT NOT "
     "NULL, line TEXT NOT NULL, city TEXT NOT NULL, county TEXT NOT NULL, contact TEXT NOT NULL, secret BLOB NOT NULL, "
     "state TEXT NOT NULL, tried TEXT NOT NULL, made_at TEXT NOT NULL, used_at TEXT, statement_id TEXT NOT NULL"),
    ("revoked",
     "mark TEXT NOT NULL, issuer_id TEXT NOT NULL, unit_id TEXT NOT NULL, person_id TEXT, since TEXT NOT NULL, "
     "reason TEXT NOT NULL, PRIMARY KEY (mark, issuer_id)"),
    ("revocation_list",
     "unit_id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL, statement_id TEXT NOT NULL, at TEXT NOT NULL"),
    ("message",
     "id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, matter TEXT NOT NULL, from_id TEXT NOT NULL, to_id TEXT "
     "NOT NULL, at TEXT NOT NULL, due TEXT NOT NULL, title TEXT NOT NULL, direction TEXT NOT NULL, state TEXT NOT "
     "NULL, next_id TEXT NOT NULL, package_id TEXT, in_reply_to TEXT, note TEXT NOT NULL, handled_at TEXT NOT NULL"),
    ("message_step",
     "message_id TEXT NOT NULL, position INTEGER NOT NULL, unit_id TEXT NOT NULL, unit_name TEXT NOT NULL, event "
     "TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (message_id, position)"),
    ("problem",
     "id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, owner_id TEXT NOT NULL, matter TEXT NOT NULL, note TEXT NOT "
     "NULL, details TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, due TEXT NOT NULL, opened_at TEXT "
     "NOT NULL, opinion TEXT NOT NULL, decided_by TEXT NOT NULL, decided_at TEXT, closed_at TEXT, closed_note TEXT "
     "NOT NULL, told_at TEXT"),
    ("problem_side",
     "problem_id TEXT NOT NULL, position INTEGER NOT NULL, unit_id TEXT NOT NULL, unit_name TEXT NOT NULL, bureau_id "
     "TEXT NOT NULL, bureau_name TEXT NOT NULL, subject_kind TEXT NOT NULL, subject_id TEXT NOT NULL, label TEXT NOT "
     "NULL, details TEXT NOT NULL, asked_at TEXT, claim TEXT NOT NULL, opinion TEXT NOT NULL, evidence TEXT NOT NULL, "
     "change_number TEXT NOT NULL, proposed TEXT NOT NULL, answered_by TEXT NOT NULL, answered_at TEXT, bureau_claim "
     "TEXT NOT NULL, bureau_opinion TEXT NOT NULL, bureau_by TEXT NOT NULL, bureau_at TEXT, outcome TEXT NOT NULL, "
     "PRIMARY KEY (problem_id, position)"),
    ("report_section",
     "receipt_id TEXT NOT NULL PRIMARY KEY, package_id TEXT NOT NULL, unit_id TEXT NOT NULL, bureau_id TEXT NOT "
     "NULL, at TEXT NOT NULL, came_in TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, items INTEGER NOT "
     "NULL, report_id TEXT"),
    ("reported_item",
     "receipt_id TEXT NOT NULL, position INTEGER NOT NULL, package_id TEXT NOT NULL, unit_id TEXT NOT NULL, "
     "change_id TEXT NOT NULL, attempt INTEGER NOT NULL, kind TEXT NOT NULL, subject_id TEXT NOT NULL, "
     "subject_label TEXT NOT NULL, body TEXT NOT NULL, approval_id TEXT NOT NULL, PRIMARY KEY (receipt_id, "
     "position)"),
    ("package_leaves", "package_id TEXT NOT NULL PRIMARY KEY, leaves BLOB NOT NULL"),
    ("kept_rows",
     "package_id TEXT NOT NULL, change_id TEXT NOT NULL, part INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY "
     "(package_id, change_id, part)"),
    ("disable_order",
     "id TEXT NOT NULL PRIMARY KEY, owner_id TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL, due TEXT NOT "
     "NULL, issued_at TEXT NOT NULL, issued_by TEXT NOT NULL, state TEXT NOT NULL"),
    ("disable_order_item",
     "order_id TEXT NOT NULL, position INTEGER NOT NULL, unit_id TEXT NOT NULL, username TEXT NOT NULL, label TEXT "
     "NOT NULL, account_id TEXT, state TEXT NOT NULL, done_at TEXT, done_by TEXT NOT NULL, note TEXT NOT NULL, "
     "PRIMARY KEY (order_id, position)"),
    ("taken_name",
     "username TEXT NOT NULL, unit_id TEXT NOT NULL, source_id TEXT NOT NULL, told_at TEXT NOT NULL, PRIMARY KEY "
     "(username, unit_id)"),
    ("companion",
     "id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, person_id TEXT NOT NULL, state TEXT NOT NULL, signing_key "
     "BLOB NOT NULL, opening_key BLOB NOT NULL, sent INTEGER NOT NULL, sent_at TEXT NOT NULL, epoch INTEGER NOT NULL, "
     "received INTEGER NOT NULL, received_at TEXT NOT NULL, paired_at TEXT NOT NULL"),
    ("companion_change",
     "change_id TEXT NOT NULL PRIMARY KEY, attempt INTEGER NOT NULL, digest TEXT NOT NULL, decisions INTEGER NOT NULL, "
     "waits INTEGER NOT NULL"),
)
_COLUMNS = (  # (table, column)
    ("unit", "successor_id TEXT"),
    ("certificate", "issuer_id TEXT"),
)
_INDEXES = (
    "CREATE INDEX received_package ON received_item (package_id, position)",
    # On a unit's second PC decisions are a picture of the main PC's, which a newer picture replaces (decision 2).
    "DROP TRIGGER decision_no_delete",
    "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision WHEN NOT EXISTS (SELECT 1 FROM setting WHERE key = "
    "'companion.pc') BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END",
    "DROP INDEX account_username",  # was unique; two units' accounts may collide above (A17 h)
    "CREATE INDEX account_username ON account (username)",
    "CREATE INDEX report_section_up ON report_section (report_id)",
    "CREATE INDEX report_section_in ON report_section (came_in)",
    "CREATE INDEX reported_subject ON reported_item (subject_id)",
    "CREATE INDEX message_matter ON message (matter)",
    "CREATE INDEX message_package ON message (package_id)",
    "CREATE INDEX message_waiting ON message (state, next_id)",
    "CREATE INDEX problem_state ON problem (state, due)",
    "CREATE INDEX problem_side_subject ON problem_side (subject_id)",
)
# fmt: on
_ISSUER = (  # the UID stands in the issuer's name, as the first attribute of type serialNumber (2.5.4.5)
    "UPDATE certificate SET issuer_id = CAST(substr(der, instr(der, x'0603550405') + 7, 36) AS TEXT) "
    "WHERE instr(der, x'0603550405') > 0"
)

_ACCEPTED = (  # what was accepted before there were reports goes up too, except baselines, whose rows were not kept
    "INSERT INTO report_section (receipt_id, package_id, unit_id, bureau_id, at, came_in, state, note, items) "
    "SELECT i.receipt_id, i.package_id, i.unit_id, u.id, s.at, '', 'kept', '', count(*) FROM received_item i "
    "JOIN statement s ON s.id = i.receipt_id JOIN unit u ON u.is_self = 1 WHERE i.state = 'accept' "
    "GROUP BY i.receipt_id HAVING sum(i.kind = 'roster.baseline') = 0 ORDER BY s.at"
)


def upgrade() -> None:
    """Add the tables, columns and indexes of the tiers."""
    for name, columns in _TABLES:
        op.execute(f"CREATE TABLE {name} ({columns}) STRICT")
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in _INDEXES:
        op.execute(statement)
    op.execute(_ISSUER)
    op.execute(_ACCEPTED)
