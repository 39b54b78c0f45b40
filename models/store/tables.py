"""The tables of the store, one schema for every tier (rows carry their unit).

Times are UTC text `YYYY-MM-DDTHH:MM:SSZ`; ids are UUID text; JSON columns hold canonical JSON text.
Evidence, decisions, packages' bytes and audit rows are never updated.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

from models.domain.fields import ACCOUNT_FIELDS, STUDENT_FIELDS

metadata = MetaData()


def _table(name: str, *parts: Column[Any] | UniqueConstraint | Index) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True)


def _text(name: str, *args: ForeignKey, key: bool = False, null: bool = False) -> Column[Any]:
    return Column(name, Text, *args, primary_key=key, nullable=null)


def _int(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    return Column(name, Integer, primary_key=key, nullable=null)


def _blob(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, LargeBinary, nullable=null)


# --- who ------------------------------------------------------------------------------------------------

unit = _table(
    "unit",
    _text("id", key=True), _text("name"), _text("code"), _text("tier"), _text("line"), _text("city"), _text("county"),
    _text("superior_id", null=True), _int("is_self"), _text("state"),  # active | closed (merged into another)
    _blob("certificate", null=True),  # DER, the unit's signing certificate in force
    _blob("opening_key", null=True),  # DER SubjectPublicKeyInfo packages for this unit are encrypted to
    _text("successor_id", null=True),
)  # fmt: skip
unit_key = _table(  # private keys of this store's own unit; only in the encrypted store
    "unit_key", _text("purpose", key=True), _int("generation", key=True), _blob("private_key"), _text("created_at")
)
certificate = _table(  # every certificate known: own, of persons, of units below and above
    "certificate",
    _text("fingerprint", key=True), _text("unit_id"), _text("person_id", null=True), _text("purpose"),
    _blob("der"), _text("not_after"), _text("revoked_since", null=True), _text("received_at"),
    _text("issuer_id", null=True),  # the unit that certified; a bureau's keys are certified by itself and from above
)  # fmt: skip
operator = _table(
    "operator",
    _text("person_id", key=True), _text("name"), _text("roles"), _text("state"),  # invited | active | disabled
    _blob("signing_key", null=True), _blob("opening_key", null=True), _blob("certificate", null=True),
    _text("created_at"),
)  # fmt: skip

# --- what -----------------------------------------------------------------------------------------------

student = Table(
    "student",
    metadata,
    Column("row", Integer, primary_key=True),  # rowid, which the search table refers to
    Column("id", Text, nullable=False, unique=True),
    Column("unit_id", Text, nullable=False),
    Column("status", Text, nullable=False),  # enrolled | left
    Column("revision", Integer, nullable=False),
    Column("batch_id", Text),
    Column("updated_at", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("name_order", Text, nullable=False, server_default=""),  # kept beside the search entry (store/search.py)
    *(Column(field.key, Text, nullable=False, server_default="") for field in STUDENT_FIELDS),
    Index("student_id_number", "id_number"),
    Index("student_identity", "name", "sex", "birth_date"),
    Index("student_class", "unit_id", "status", "class_name", "name_order", "id"),  # these two cover the list
    Index("student_order", "unit_id", "status", "name_order", "id"),
    sqlite_strict=True,
)
account = Table(
    "account",
    metadata,
    Column("row", Integer, primary_key=True),  # rowid, which the search table refers to
    Column("id", Text, nullable=False, unique=True),
    Column("unit_id", Text, nullable=False),
    Column("status", Text, nullable=False),  # pending (its creation is not approved) | active | disabled
    Column("revision", Integer, nullable=False),
    Column("batch_id", Text),
    Column("updated_at", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("name_order", Text, nullable=False, server_default=""),  # kept beside the search entry (store/search.py)
    *(Column(field.key, Text, nullable=False, server_default="") for field in ACCOUNT_FIELDS),
    Column("person_id", Text, nullable=False, server_default=""),  # shared by the accounts of one person (D6)
    Column("origin", Text, nullable=False, server_default="listed"),  # listed (was there before) | created here (A17)
    Column("opened_at", Text, nullable=False, server_default=""),  # when its creation took effect
    Column("disabled_at", Text, nullable=False, server_default=""),
    Column("disabled_reason", Text, nullable=False, server_default=""),  # code of models.domain.orders.REASONS
    Column("filed_status", Text, nullable=False, server_default=""),  # as last filed: "" (never) | active | disabled
    Column("filed_revision", Integer, nullable=False, server_default="0"),
    Index("account_person", "person_id"),
    Index("account_id_number", "id_number"),
    Index("account_order", "unit_id", "status", "name_order", "id"),
    Index("account_username", "username"),  # two units' accounts may collide above: found, not refused (A17 h)
    sqlite_strict=True,
)
# The search tables student_search and account_search (FTS5) are made by the migration; see store/search.py.

batch = _table(
    "batch",
    _text("id", key=True), _text("kind"), _text("unit_id"), _text("source"), _text("source_digest"),
    _text("rows_digest"), _int("count"), _text("state"), _text("created_at"), _text("created_by"),
)  # fmt: skip
batch_before = _table(  # what a batch found in the rows it changed, so that it can be taken back as one
    "batch_before",
    _text("batch_id", key=True), _text("subject_id", key=True), _int("revision"),  # the revision the batch left
    _text("before"),  # JSON {field: text}
)  # fmt: skip
column_mapping = _table(  # how a person mapped the titles of a file last time, by header signature
    "column_mapping", _text("signature", key=True), _text("kind"), _text("mapping"), _text("used_at")
)
import_draft = _table(
    "import_draft", _text("id", key=True), _text("name"), _text("kind"), _blob("content"), _text("saved_at")
)

# --- changes --------------------------------------------------------------------------------------------

change = _table(
    "change",
    _text("id", key=True), _text("number"), _text("kind"), _text("unit_id"), _text("subject_id"),
    _text("subject_label"), _text("before"), _text("after"), _int("base_revision"), _text("reason"),
    _int("policy_version"), _int("attempt"),
    _text("salt"), _text("state"), _text("batch_id", null=True), _text("package_id", null=True),
    _text("initiator_id"), _text("initiator_name"), _text("created_at"), _text("updated_at"),
    UniqueConstraint("number"),
    Index("change_state", "state", "updated_at"), Index("change_subject", "subject_id"),
)  # fmt: skip
decision = _table(
    "decision",
    _text("id", key=True), _text("change_id", ForeignKey("change.id")), _int("position"), _int("attempt"),
    _text("event"), _text("unit_id"), _text("person_id"), _text("person_name"), _text("opinion"), _text("at"),
    _text("statement_id", null=True),
    UniqueConstraint("change_id", "position"),
)  # fmt: skip
statement = _table(  # signed statements: approvals, package contents, receipts, policies; id = SHA-256 of body
    "statement", _text("id", key=True), _text("type"), _blob("body"), _text("signatures"), _text("at")
)
evidence = _table(
    "evidence", _text("digest", key=True), _text("media_type"), _int("size"), _blob("content"), _text("added_at")
)
change_evidence = _table(
    "change_evidence",
    _text("change_id", key=True), _text("digest", key=True), _text("file_name"), _int("position"),
    _text("kind"),  # household | other (E14)
)  # fmt: skip
baseline_row = _table(  # rows of a baseline as they were submitted: what is approved is what is sent
    "baseline_row", _text("change_id", key=True), _int("position", key=True), _text("body")
)
evidence_sent = _table("evidence_sent", _text("digest", key=True), _text("audience_id", key=True), _text("package_id"))

# --- packages -------------------------------------------------------------------------------------------

package = _table(
    "package",
    _text("id", key=True),  # SHA-256 of the content statement
    _text("direction"),  # out | in
    _text("purpose"),  # changes | evidence | receipt | policy | withdrawal ...
    _text("title"), _text("issuer_id"), _text("audience_id"), _text("line"),
    _int("epoch"), _int("sequence"), _text("previous"), _text("created_at"), _int("items"),
    _text("state"),  # out: sealed | delivered | receipted | refused; in: held | opened | reviewed | answered | refused
    _text("in_reply_to", null=True), _text("note"), _text("file_name"), _int("size"), _text("file_digest"),
    _text("handled_at"),
    Index("package_channel", "issuer_id", "audience_id", "line", "sequence"),
)  # fmt: skip
package_file = _table(  # a package's bytes in pieces of 1 MiB, so that no whole package lies in memory
    "package_file", _text("package_id", key=True), _int("position", key=True), _blob("content")
)
channel = _table(
    "channel",
    _text("issuer_id", key=True), _text("audience_id", key=True), _text("line", key=True),
    _int("epoch"), _int("last_sequence"), _text("last_id"),
)  # fmt: skip
received_item = _table(  # items of packages from below, at the tier that decides on them
    "received_item",
    _text("id", key=True),  # package id + ":" + position
    _text("package_id", ForeignKey("package.id")), _int("position"), _text("unit_id"), _text("change_id"),
    _int("attempt"), _text("kind"), _text("subject_id"), _text("subject_label"), _text("body"),  # canonical item
    _text("approval_id"), _text("state"),  # in_review | accept | return | refuse | withdrawn
    _text("opinion"), _text("decided_by", null=True), _text("decided_at", null=True), _text("notes"),
    _text("receipt_id", null=True),  # the receipt statement that answered it; a verdict can change until then
    Index("received_change", "change_id"), Index("received_state", "state"),
    Index("received_package", "package_id", "position"),
)  # fmt: skip
received_row = _table(  # rows of a received baseline, kept until it is decided
    "received_row", _text("item_id", key=True), _int("position", key=True), _text("body")
)
policy = _table(
    "policy",
    _text("unit_id", key=True), _int("version", key=True), _text("tier"), _text("body"),
    _text("statement_id", null=True), _text("effective_from"), _text("received_at"),
    _text("state"),  # draft | issued | received
)  # fmt: skip
setting = _table("setting", _text("key", key=True), _text("value"))

# --- tiers ----------------------------------------------------------------------------------------------

unit_history = _table(  # what a unit was called before, and until when
    "unit_history",
    _text("unit_id", key=True), _text("until", key=True), _text("name"), _text("code"), _text("reason"),
)  # fmt: skip
invitation = _table(  # units a superior has invited, with the secret printed for each; the own one at who is invited
    "invitation",
    _text("id", key=True), _text("unit_id"), _text("name"), _text("code"), _text("tier"), _text("line"), _text("city"),
    _text("county"), _text("contact"), _blob("secret"),  # empty at who is invited until the code was typed in
    _text("state"),  # open | used | locked | replaced
    _text("tried"),  # digests of requests with a wrong code
    _text("made_at"), _text("used_at", null=True), _text("statement_id"),
)  # fmt: skip
revoked = _table(  # what the lists in force revoke: a certificate by fingerprint, or a key by unit and SHA-256
    "revoked",
    _text("mark", key=True), _text("issuer_id", key=True), _text("unit_id"), _text("person_id", null=True),
    _text("since"), _text("reason"),
)  # fmt: skip
revocation_list = _table(  # the newest list of each unit that certifies; older ones only as statements
    "revocation_list", _text("unit_id", key=True), _int("number"), _text("statement_id"), _text("at")
)
message = _table(  # what units tell each other beside changes; id = SHA-256 of the signed statement
    "message",
    _text("id", key=True), _text("kind"), _text("matter"), _text("from_id"), _text("to_id"), _text("at"), _text("due"),
    _text("title"),
    _text("direction"),  # out | in | transit
    _text("state"),  # waiting (for the next package) | sent | handled | refused | passed
    _text("next_id"), _text("package_id", null=True), _text("in_reply_to", null=True), _text("note"),
    _text("handled_at"),
    Index("message_waiting", "state", "next_id"), Index("message_matter", "matter"),
    Index("message_package", "package_id"),
)  # fmt: skip
message_step = _table(  # where a message has been, as each unit on its way said
    "message_step",
    _text("message_id", key=True), _int("position", key=True), _text("unit_id"), _text("unit_name"), _text("event"),
    _text("at"), _text("note"),
)  # fmt: skip
problem = _table(  # a problem roster (E8-E10) or a user name held twice, led by the common superior
    "problem",
    _text("id", key=True), _text("kind"), _text("owner_id"), _text("matter"),  # what its messages are grouped by
    _text("note"), _text("details"),  # JSON {field: text} that makes the problem
    _text("state"),  # open | asked | answered | decided | closed, computed from the sides and kept
    _int("priority"), _text("due"), _text("opened_at"), _text("opinion"), _text("decided_by"),
    _text("decided_at", null=True), _text("closed_at", null=True), _text("closed_note"),
    _text("told_at", null=True),  # when the owner told the others that it is closed
    Index("problem_state", "state", "due"),
)  # fmt: skip
problem_side = _table(  # a unit's record in a problem: what the unit and its bureau say, and what is decided on it
    "problem_side",
    _text("problem_id", key=True), _int("position", key=True), _text("unit_id"), _text("unit_name"),
    _text("bureau_id"), _text("bureau_name"), _text("subject_kind"), _text("subject_id"), _text("label"),
    _text("details"),  # JSON {field: text}; empty for another unit's pupil
    _text("asked_at", null=True),
    _text("claim"), _text("opinion"), _text("evidence"),  # JSON [{digest, name, media_type, size}]
    _text("change_number"), _text("proposed"),  # JSON {field: text}: what an answer 变更 would have instead
    _text("answered_by"), _text("answered_at", null=True),
    _text("bureau_claim"), _text("bureau_opinion"), _text("bureau_by"), _text("bureau_at", null=True),
    _text("outcome"),
    Index("problem_side_subject", "subject_id"),
)  # fmt: skip
report_section = _table(  # a receipt with accepted items on its way to the tiers above
    "report_section",
    _text("receipt_id", key=True), _text("package_id"), _text("unit_id"), _text("bureau_id"), _text("at"),
    _text("came_in"),  # the report from below that brought it; "" for a receipt of this unit itself
    _text("state"),  # kept | refused (then it is only here so that the answer can say so)
    _text("note"), _int("items"),
    _text("report_id", null=True),  # the report it went up in; null while it waits
    Index("report_section_up", "report_id"), Index("report_section_in", "came_in"),
)  # fmt: skip
reported_item = _table(  # items that a tier below accepted, as they came in a report
    "reported_item",
    _text("receipt_id", key=True), _int("position", key=True), _text("package_id"), _text("unit_id"),
    _text("change_id"), _int("attempt"), _text("kind"), _text("subject_id"), _text("subject_label"),
    _text("body"), _text("approval_id"),
    Index("reported_subject", "subject_id"),
)  # fmt: skip
package_leaves = _table(  # leaf hashes of a school's package (32 bytes each) where not every item is here in full
    "package_leaves", _text("package_id", key=True), _blob("leaves")
)
kept_rows = _table(  # rows of an accepted baseline until they have been reported: zstd of their lines
    "kept_rows", _text("package_id", key=True), _text("change_id", key=True), _int("part", key=True), _blob("content")
)
disable_order = _table(
    "disable_order",
    _text("id", key=True), _text("owner_id"), _text("reason"), _text("note"), _text("due"), _text("issued_at"),
    _text("issued_by"), _text("state"),
)  # fmt: skip
disable_order_item = _table(
    "disable_order_item",
    _text("order_id", key=True), _int("position", key=True), _text("unit_id"), _text("username"), _text("label"),
    _text("account_id", null=True), _text("state"),  # open | done | objected
    _text("done_at", null=True), _text("done_by"), _text("note"),
)  # fmt: skip
taken_name = _table(  # user names other units hold: told to this unit from above, or told by it to `unit_id` below
    "taken_name", _text("username", key=True), _text("unit_id", key=True), _text("source_id"), _text("told_at")
)
companion = _table(  # PCs of one unit that exchange drafts and decisions by file; each side has the other's row
    "companion",
    _text("id", key=True),  # of the second PC, on both sides
    _text("name"), _text("person_id"), _text("state"),  # active | ended
    _blob("signing_key"), _blob("opening_key"),  # DER SubjectPublicKeyInfo of the other side
    _int("sent"), _text("sent_at"), _int("epoch"), _int("received"), _text("received_at"), _text("paired_at"),
)  # fmt: skip
companion_change = _table(  # on the second PC: what the main one has told of a change, to tell its decisions from ours
    "companion_change",
    _text("change_id", key=True), _int("attempt"), _text("digest"), _int("decisions"), _int("waits"),
)  # fmt: skip

# --- accounts ------------------------------------------------------------------------------------------

offered_name = _table(  # free user names a superior keeps for accounts whose name somebody else holds (A17 b, h)
    "offered_name", _text("username", key=True), _text("unit_id"), _text("account_id"), _text("told_at")
)
filed_account = _table(  # every account of every filing that a superior took, as it stood then (A13-A15)
    "filed_account",
    _text("change_id", key=True), _text("account_id", key=True), _text("unit_id"),
    _text("act"),  # added | disabled | changed
    _text("period"),  # YYYY-MM
    _text("kind"),  # first | delta
    _text("filed_at"), _text("body"),  # JSON {field: text}
    Index("filed_account_period", "period", "unit_id"), Index("filed_account_account", "account_id"),
)  # fmt: skip
inspection = _table(  # a special inspection of the platform's accounts, or a patrol (A6, A9, A10, A12)
    "inspection",
    _text("id", key=True), _text("kind"),  # inspection | patrol
    _text("source"), _text("source_digest"), _text("made_at"), _text("made_by"), _int("checked"), _text("note"),
    _text("details"),  # JSON: idle_days, left_out (rows by reason), absent (units), proofs (later lists)
    _text("state"),  # open | closed
    _text("statement_id", null=True),  # the signed record
)  # fmt: skip
inspection_finding = _table(
    "inspection_finding",
    _text("inspection_id", key=True), _int("position", key=True), _text("code"), _text("unit_id"), _text("username"),
    _text("account_id", null=True), _text("label"), _text("details"),  # JSON {field: text}
    _text("state"),  # open | dismissed | listed | proved; once closed also done | objected
    _text("change_id", null=True), _text("order_id", null=True), _text("note"), _text("handled_by"),
    _text("handled_at", null=True),
    _text("proof"), _text("proved_at", null=True),  # suspended | gone | mended | still, as a later list said
    Index("inspection_finding_account", "account_id"),
)  # fmt: skip

platform_export = _table(  # files made for the platform; what they told counts until they are taken back
    "platform_export",
    _text("id", key=True), _int("number"), _text("platform"),  # moodle | oneroster
    _text("made_at"), _text("made_by"), _text("counts"),  # JSON {add | rename | suspend | resume | gone | known: n}
    _text("state"),  # made | taken_back
    UniqueConstraint("number"),
)  # fmt: skip
platform_exported = _table(  # an account as the platform knows it after an export
    "platform_exported",
    _text("export_id", key=True), _text("account_id", key=True), _text("unit_id"), _text("username"),
    _text("status"),  # active | suspended | gone
    Index("platform_exported_account", "account_id"),
)  # fmt: skip

# --- registers -------------------------------------------------------------------------------------------

monitoring_account = _table(  # quality-monitoring accounts (A3-A5): the own ones, and those units below told of
    "monitoring_account",
    _text("id", key=True), _text("unit_id"), _text("name"), _text("sex"), _text("department"), _text("post"),
    _text("office_phone"), _text("phone"), _text("email"), _text("username"),
    _text("state"),  # active | closed | applied (below: a change of post on its way to the province)
    _text("act"),  # open | post | close: what was done last, with its reason
    _text("reason"), _text("since"), _text("until"), _text("filed_by"), _text("filed_at"),
    Index("monitoring_account_unit", "unit_id", "state"),
)  # fmt: skip
monitoring_application = _table(  # at the province: changes of post to be filed before they take effect (A4)
    "monitoring_application",
    _text("change_id", key=True), _int("attempt", key=True), _text("message_id"), _text("unit_id"), _text("number"),
    _text("account_id"), _text("before"), _text("after"),  # JSON {field: text}
    _text("reason"), _text("initiator"), _text("approved_by"), _text("approved_at"), _text("received_at"),
    _text("state"),  # received | filed | refused
    _text("opinion"), _text("decided_by"), _text("decided_at", null=True),
)  # fmt: skip
duty = _table(  # who is named for what (A7, B4, E34), here and in units below as far as they told
    "duty",
    _text("id", key=True), _text("unit_id"), _text("code"), _text("business"), _text("name"), _text("phone"),
    _text("email"), _text("since"), _text("until"), _text("certificate"), _text("valid_until"), _text("trained_on"),
    _text("training"),
    Index("duty_unit", "unit_id", "until"),
)  # fmt: skip
training = _table(  # trainings of administrators and approvers (A18, E39)
    "training", _text("id", key=True), _text("held_on"), _text("title"), _text("content"), _text("recorded_by"),
    _text("recorded_at"),
)  # fmt: skip
training_person = _table(
    "training_person",
    _text("training_id", key=True), _int("position", key=True), _text("name"), _text("result"),
    _text("certificate"), _text("valid_until"),
)  # fmt: skip
password_loan = _table(  # lending of passwords: consent before, a new password after (E36)
    "password_loan",
    _text("id", key=True), _text("kind"),  # teacher | system
    _text("account_id", null=True), _text("label"), _text("holder"), _text("borrower"), _text("purpose"),
    _text("first_day"), _text("last_day"),
    _text("state"),  # asked | consented | refused | returned | changed
    _text("asked_by"), _text("asker_id"), _text("asked_at"), _text("decided_by"), _text("decided_at", null=True),
    _text("opinion"), _text("returned_at", null=True), _text("changed_at", null=True), _text("changed_by"),
)  # fmt: skip
incident = _table(  # security incidents (D7)
    "incident",
    _text("id", key=True), _int("number"), _text("found_on"), _text("what"), _text("affected"), _text("measures"),
    _text("reported_to"), _text("reported_on"), _text("state"),  # open | closed
    _text("outcome"), _text("recorded_by"), _text("recorded_at"), _text("closed_by"), _text("closed_at", null=True),
    UniqueConstraint("number"),
)  # fmt: skip
registers_told = _table(  # when a unit below last told of its named people and monitoring accounts
    "registers_told", _text("unit_id", key=True), _text("at")
)

# --- audit ----------------------------------------------------------------------------------------------

audit = _table(
    "audit",
    _int("sequence", key=True), _text("at"), _text("actor"), _text("act"), _text("object"),
    _blob("salted_hash"), _blob("previous"), _blob("hash"),
)  # fmt: skip
audit_body = _table("audit_body", _int("sequence", key=True), _blob("salt"), _text("body"))
