"""New accounts: entered as a batch that waits for the head, in use once it is approved (A8, A16, A17; D6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE
from models.domain.errors import DataFaultError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.units import Actor
from models.rules.checks import Context
from models.rules.naming import pinyin_keys
from models.services.accounts.checks import TRUTHFUL
from models.services.accounts.drafts import account_label
from models.services.accounts.persons import People, person_ids
from models.services.accounts.usernames import propose_usernames, refuse_taken
from models.services.change_checks import faults_of
from models.services.change_drafts import attach, submit
from models.services.change_log import find_change
from models.services.change_writing import Draft, checked_reason, insert_drafts
from models.services.checking import check_context, errors_of, field_label, normalised, raise_faults
from models.services.evidence import EvidenceFile
from models.services.records import KEYS_OF
from models.services.roster_edit import insert_batch, require_editor
from models.store import audit, bulk
from models.store.clock import now_text

BATCH_KIND: Final = f"create.{ACCOUNTS}"
_MOST: Final = 5000
_EMPTY: Final = ("NAME_MISSING", "SEX_MISSING")


@dataclass(frozen=True, slots=True)
class Created:
    """New accounts (ids in the order of their records) and the change that asks for them; `missing` are sentences on
    what keeps it a draft, none when it was submitted to the head."""

    ids: tuple[str, ...]
    change_id: str
    number: str
    missing: tuple[str, ...]


def create(
    session: Session,
    actor: Actor,
    records: Sequence[Mapping[str, str]],
    reason: str = "",
    proofs: Sequence[EvidenceFile] = (),
) -> Created:
    """Enter new accounts from field texts as typed, and submit them when nothing is missing.

    Without a user name the one proposed by the rule is taken. A second account of a person needs its reason in the
    note; a user name against the rule needs a reason and a proof, one of `proofs` (A17).
    Raises DataFaultError for faults in the values, UserError when a user name is taken; then nothing is entered.
    """
    require_editor(actor, ACCOUNTS, "新增账户")
    if not 0 < len(records) <= _MOST:
        raise DataFaultError(f"一次可以新增 1 至 {_MOST} 个账户。")
    blank, context = dict.fromkeys(KEYS_OF[ACCOUNTS], ""), check_context(session)
    rows = _named(session, [blank | normalised(ACCOUNTS, values) for values in records])
    for row in rows:
        _refuse_faults(row, context)
    batch_id, ids = new_id(), tuple(new_id() for _ in rows)
    insert_batch(session, actor, batch_id, BATCH_KIND, "新增账户", len(rows))
    insert(session, actor, batch_id, list(zip(ids, rows, strict=True)))
    body = {"batch": batch_id, "rows": len(rows)}
    audit.append(session, actor, "account.add", f"batch:{batch_id}", body)
    change_id, missing = ask(session, actor, batch_id, rows, reason, proofs)
    return Created(ids, change_id, find_change(session, change_id).number, missing)


def _refuse_faults(row: Mapping[str, str], context: Context) -> None:
    """Raise DataFaultError for errors; what must be filled in is said at once, not one after the other (A16)."""
    found = errors_of(ACCOUNTS, row, context)
    if any(one.code in _EMPTY for one in found):
        labels = "、".join(field_label(key, ACCOUNTS) for key in TRUTHFUL if not row[key])
        raise DataFaultError(f"新增账户须真实填写的内容还空着：{labels}。请补上后再新增。")
    raise_faults(found)


def _named(session: Session, records: list[dict[str, str]]) -> list[dict[str, str]]:
    """The records with a user name each."""
    given = [record["username"] for record in records if record["username"]]
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice:
        raise DataFaultError(f"用户名 {twice} 在这批账户中出现不止一次，请改成不同的。")
    for name in given:
        refuse_taken(session, name)
    open_ = [record for record in records if not record["username"]]
    for record, proposal in zip(open_, propose_usernames(session, open_, given), strict=True):
        if proposal.username is None:
            problem = proposal.problem or "无法按规则生成用户名，请手工填写"
            raise DataFaultError(f"{record['name']}：{problem.rstrip('。')}。")
        record["username"] = proposal.username
    return records


def insert(session: Session, actor: Actor, batch_id: str, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Write checked records, (id, values) each, as accounts that wait for their approval."""
    shared: dict[str, str | int] = {
        "unit_id": actor.unit.id, "status": "pending", "origin": "created", "revision": 1, "batch_id": batch_id,
        "updated_at": now_text(), "updated_by": actor.name,
    }  # fmt: skip
    persons = person_ids(People.read(session), rows)
    told = [
        {**shared, **values, "id": row_id, "person_id": person}
        for (row_id, values), person in zip(rows, persons, strict=True)
    ]
    bulk.insert_accounts(session, told, pinyin_keys)


def ask(
    session: Session,
    actor: Actor,
    batch_id: str,
    records: Sequence[Mapping[str, str]],
    reason: str = "",
    proofs: Sequence[EvidenceFile] = (),
) -> tuple[str, tuple[str, ...]]:
    """The change that asks the head for a batch of pending accounts: its id, and why it is still a draft."""
    first = account_label(records[0])
    label = first if len(records) == 1 else f"{records[0]['name']}等 {len(records)} 个账户"
    draft = Draft(ACCOUNT_CREATE, batch_id, label, {}, {}, 0, checked_reason(reason), batch_id)
    (change_id,) = insert_drafts(session, actor, [draft])
    for proof in proofs:
        attach(session, actor, change_id, proof.name, proof.data, proof.media_type)
    faults = faults_of(session, [find_change(session, change_id)])
    missing = tuple(sentence for found in faults.values() for sentence in found)
    if not missing:
        submit(session, actor, change_id)
    return change_id, missing
