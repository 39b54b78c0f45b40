"""Accounts as changes, filings, inspections. Unreleased: edited in place until then."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

# fmt: off
_COLUMNS = (
    ("account", "person_id TEXT NOT NULL DEFAULT ''"),
    ("account", "origin TEXT NOT NULL DEFAULT 'listed'"),
    ("account", "opened_at TEXT NOT NULL DEFAULT ''"),
    ("account", "disabled_at TEXT NOT NULL DEFAULT ''"),
    ("account", "disabled_reason TEXT NOT NULL DEFAULT ''"),
    ("account", "filed_status TEXT NOT NULL DEFAULT ''"),
    ("account", "filed_revision INTEGER NOT NULL DEFAULT 0"),
)
_TABLES = (
    ("offered_name",
     "username TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, account_id TEXT NOT NULL, told_at TEXT NOT NULL"),
    ("filed_account",
     "change_id TEXT NOT NULL, account_id TEXT NOT NULL, unit_id TEXT NOT NULL, act TEXT NOT NULL, period TEXT NOT "
     "NULL, kind TEXT NOT NULL, filed_at TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (change_id, account_id)"),
    ("inspection",
     "id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, source TEXT NOT NULL, source_digest TEXT NOT NULL, made_at "
     "TEXT NOT NULL, made_by TEXT NOT NULL, checked INTEGER NOT NULL, note TEXT NOT NULL, details TEXT NOT NULL, "
     "state TEXT NOT NULL, statement_id TEXT"),
    ("inspection_finding",
     "inspection_id TEXT NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, unit_id TEXT NOT NULL, username "
     "TEXT NOT NULL, account_id TEXT, label TEXT NOT NULL, details TEXT NOT NULL, state TEXT NOT NULL, change_id "
     "TEXT, order_id TEXT, note TEXT NOT NULL, handled_by TEXT NOT NULL, handled_at TEXT, proof TEXT NOT NULL, "
     "proved_at TEXT, PRIMARY KEY (inspection_id, position)"),
    ("platform_export",
     "id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL UNIQUE, platform TEXT NOT NULL, made_at TEXT NOT NULL, "
     "made_by TEXT NOT NULL, counts TEXT NOT NULL, state TEXT NOT NULL"),
    ("platform_exported",
     "export_id TEXT NOT NULL, account_id TEXT NOT NULL, unit_id TEXT NOT NULL, username TEXT NOT NULL, status TEXT "
     "NOT NULL, PRIMARY KEY (export_id, account_id)"),
    ("monitoring_account",
     "id TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, name TEXT NOT NULL, sex TEXT NOT NULL, department TEXT "
     "NOT NULL, post TEXT NOT NULL, office_phone TEXT NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL, username"
     " TEXT NOT NULL, state TEXT NOT NULL, act TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL, until "
     "TEXT NOT NULL, filed_by TEXT NOT NULL, filed_at TEXT NOT NULL"),
    ("monitoring_application",
     "change_id TEXT NOT NULL, attempt INTEGER NOT NULL, message_id TEXT NOT NULL, unit_id TEXT NOT NULL, number "
     "TEXT NOT NULL, account_id TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, reason TEXT NOT NULL, "
     "initiator TEXT NOT NULL, approved_by TEXT NOT NULL, approved_at TEXT NOT NULL, received_at TEXT NOT NULL, "
     "state TEXT NOT NULL, opinion TEXT NOT NULL, decided_by TEXT NOT NULL, decided_at TEXT, PRIMARY KEY "
     "(change_id, attempt)"),
    ("duty",
     "id TEXT NOT NULL PRIMARY KEY, unit_id TEXT NOT NULL, code TEXT NOT NULL, business TEXT NOT NULL, name TEXT "
     "NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, certificate "
     "TEXT NOT NULL, valid_until TEXT NOT NULL, trained_on TEXT NOT NULL, training TEXT NOT NULL"),
    ("training",
     "id TEXT NOT NULL PRIMARY KEY, held_on TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, recorded_by"
     " TEXT NOT NULL, recorded_at TEXT NOT NULL"),
    ("training_person",
     "training_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL, certificate "
     "TEXT NOT NULL, valid_until TEXT NOT NULL, PRIMARY KEY (training_id, position)"),
    ("password_loan",
     "id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, account_id TEXT, label TEXT NOT NULL, holder TEXT NOT "
     "NULL, borrower TEXT NOT NULL, purpose TEXT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL, state "
     "TEXT NOT NULL, asked_by TEXT NOT NULL, asker_id TEXT NOT NULL, asked_at TEXT NOT NULL, decided_by TEXT NOT "
     "NULL, decided_at TEXT, opinion TEXT NOT NULL, returned_at TEXT, changed_at TEXT, changed_by TEXT NOT NULL"),
    ("incident",
     "id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL UNIQUE, found_on TEXT NOT NULL, what TEXT NOT NULL, "
     "affected TEXT NOT NULL, measures TEXT NOT NULL, reported_to TEXT NOT NULL, reported_on TEXT NOT NULL, state "
     "TEXT NOT NULL, outcome TEXT NOT NULL, recorded_by TEXT NOT NULL, recorded_at TEXT NOT NULL, closed_by TEXT "
     "NOT NULL, closed_at TEXT"),
    ("registers_told",
     "unit_id TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL"),
)
_INDEXES = (
    "CREATE INDEX platform_exported_account ON platform_exported (account_id)",
    "CREATE INDEX account_person ON account (person_id)",
    "CREATE INDEX filed_account_period ON filed_account (period, unit_id)",
    "CREATE INDEX filed_account_account ON filed_account (account_id)",
    "CREATE INDEX inspection_finding_account ON inspection_finding (account_id)",
    "CREATE INDEX monitoring_account_unit ON monitoring_account (unit_id, state)",
    "CREATE INDEX duty_unit ON duty (unit_id, until)",
)
# fmt: on
_PERSONS = "UPDATE account SET person_id = id WHERE person_id = ''"
"""Every account known so far is that of a person of its own."""


def upgrade() -> None:
    """Add what accounts, filings and inspections need."""
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for name, columns in _TABLES:
        op.execute(f"CREATE TABLE {name} ({columns}) STRICT")
    for statement in _INDEXES:
        op.execute(statement)
    op.execute(_PERSONS)
