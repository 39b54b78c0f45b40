"""Carries out the plan of a checked import in the transaction of the session: all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_RENAME, BASELINE, KEY_FIELD
from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.ids import new_id
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor, Line, Tier
from models.rules.naming import pinyin_keys
from models.services.accounts.creation import ask
from models.services.accounts.drafts import account_label
from models.services.accounts.persons import person_ids
from models.services.change_drafts import baseline_draft
from models.services.change_writing import Draft, insert_drafts
from models.services.class_sizes import overfull
from models.services.import_plan import CheckedImport, Known, Outcome, RowPlan, needs_baseline, snapshot
from models.services.import_planning import replan
from models.services.items import row_line, rows_digest
from models.services.records import Row, label_of, page, write_values
from models.services.roster_edit import before_entry, insert_batch, refuse_asked, require_editor
from models.services.unreported import gather, source_text
from models.store import audit, bulk
from models.store import tables as t
from models.store.clock import now_text

MASS_SHARE, MASS_ROWS = 0.30, 50
_CHUNK = 2000


class MassChangeError(UserError):
    """The file would change so many known rows that a person has to confirm it first."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Rows by what happened to them; `drafts` are change drafts made, `baseline_id` the change that reports the new
    pupils upward; `reported` pupils of earlier imports, whose baseline was refused or withdrawn, go with the change
    `reported_id`; `batch_id` takes the import back, "" when nothing was written; `overfull` are sentences for classes
    that have more pupils now than the policy admits (E29); `creation_id`: the change that asks for the new accounts,
    submitted unless something is `missing` (A8, A16)."""

    new: int
    updated: int
    same: int
    drafts: int
    skipped: int
    batch_id: str
    baseline_id: str = ""
    reported: int = 0
    reported_id: str = ""
    overfull: tuple[str, ...] = ()
    creation_id: str = ""
    missing: tuple[str, ...] = ()


def apply(
    session: Session,
    actor: Actor,
    checked: CheckedImport,
    accept_clean: bool = False,
    progress: Progress = SILENT,
    confirmed: bool = False,
) -> ImportResult:
    """Write what the check showed. With errors in the file only when `accept_clean`, and then without those rows.

    Raises DataFaultError for errors, MassChangeError unless `confirmed`, UserError when the store has changed since the
    check, NotAllowedError for the wrong role, CancelledError; nothing is written then.
    """
    with collector_paused():
        return _apply(session, actor, checked, accept_clean, progress, confirmed)


def _apply(
    session: Session, actor: Actor, checked: CheckedImport, accept_clean: bool, progress: Progress, confirmed: bool
) -> ImportResult:
    known = _prepared(session, actor, checked)
    counts = checked.counts
    if counts[Outcome.ERROR] and not accept_clean:
        raise DataFaultError(
            f"文件中有 {counts[Outcome.ERROR]} 行有错误，没有写入任何内容。请改正后再导入，或选择只写入无误的行。"
        )
    _refuse_mass_change(checked, known, confirmed)
    work = _Work(session, actor, checked, known, new_id())
    new = work.insert_new(progress)
    updated = work.update_known(progress)
    drafts, baseline_id = work.draft_changes(new)
    reported, reported_id = work.report_left_behind()
    if new or updated or drafts:
        work.close(new, updated, drafts)
    creation_id, missing = work.ask_for_accounts()
    key_drafts = drafts - (1 if baseline_id else 0)
    batch_id = work.batch_id if new or updated or drafts else ""
    same = counts[Outcome.SAME]
    skipped = counts[Outcome.ERROR]
    crowded = overfull(session) if batch_id and checked.kind == STUDENTS else ()
    return ImportResult(
        new,
        updated,
        same,
        key_drafts,
        skipped,
        batch_id,
        baseline_id,
        reported,
        reported_id,
        crowded,
        creation_id,
        missing,
    )


def _prepared(session: Session, actor: Actor, checked: CheckedImport) -> Known:
    """The store as it is now; it has to be what the check compared with, as far as the plan goes."""
    require_editor(actor, checked.kind, "导入")
    if checked.kind == STUDENTS and actor.unit.line is Line.BASIC and actor.unit.tier is not Tier.SCHOOL:
        raise NotAllowedError("学生名册由学校导入并上报；主管部门通过核办学校的名册基线取得学生信息。")
    known = snapshot(session, checked.workbook)
    if checked.known is None:
        raise UserError("这份文件还没有与名册比对，请先检查再导入。")
    if known != checked.known:
        planned = checked.plans
        checked.known = known
        replan(checked)
        if checked.plans != planned:
            raise UserError("名册在检查之后有变动，导入结果会与预览不同。已重新比对，请核对后再写入。")
    return known


def _refuse_mass_change(checked: CheckedImport, known: Known, confirmed: bool) -> None:
    counts = checked.counts
    changed = counts[Outcome.UPDATE] + counts[Outcome.CHANGES]
    if not confirmed and changed > MASS_ROWS and changed > MASS_SHARE * len(known.rows):
        raise MassChangeError(
            f"这份文件会改动名册中已有的 {changed} 人（共 {len(known.rows)} 人）。"
            "请确认文件是否正确；确认无误后再写入。"
        )


@dataclass
class _Work:
    """One import being written."""

    session: Session
    actor: Actor
    checked: CheckedImport
    known: Known
    batch_id: str
    digest: str = ""
    created: list[Mapping[str, str]] = field(default_factory=list)

    def insert_new(self, progress: Progress) -> int:
        """Insert the new rows with their search entries; their number."""
        shared: dict[str, str | int] = {
            "unit_id": self.actor.unit.id,
            "status": "enrolled",
            "revision": 1,
            "batch_id": self.batch_id,
            "updated_at": now_text(),
            "updated_by": self.actor.name,
        }
        rows: list[dict[str, str | int]] = []
        lines: list[tuple[str, bytes]] = []
        people: list[tuple[str, Mapping[str, str]]] = []
        for place, (sheet, plans) in enumerate(zip(self.checked.workbook.sheets, self.checked.plans, strict=True)):
            keys = tuple(sheet.values)
            columns = zip(*sheet.values.values(), strict=True)
            for index, (plan, values) in enumerate(zip(plans, columns, strict=True)):
                if plan.outcome is not Outcome.NEW:
                    continue
                row_id, record = new_id(), dict(zip(keys, values, strict=True))
                lines.append((row_id, row_line(row_id, record)))
                rows.append({**shared, **record, "id": row_id})
                if self.checked.kind == ACCOUNTS:
                    people.append((row_id, record))
                    rows[-1] |= self._account_state(self.checked.is_created(place, index), record)
        for row, person in zip(rows, person_ids(self.known.people, people), strict=False):
            row["person_id"] = person
        insert_rows = bulk.insert_students if self.checked.kind == STUDENTS else bulk.insert_accounts
        for start in range(0, len(rows), _CHUNK):
            progress.report(start, len(rows), "写入名册")
            insert_rows(self.session, rows[start : start + _CHUNK], pinyin_keys)
        self.digest = rows_digest(line for _, line in sorted(lines))
        return len(rows)

    def _account_state(self, created: bool, record: Mapping[str, str]) -> dict[str, str]:
        """An account with its user name in the file was there before; another one waits for the head (A8)."""
        if created:
            self.created.append(record)
        return {"status": "pending", "origin": "created"} if created else {"status": "active", "origin": "listed"}

    def ask_for_accounts(self) -> tuple[str, tuple[str, ...]]:
        """The change that asks the head for the new accounts, and what it lacks; submitted when it lacks nothing."""
        if not self.created:
            return "", ()
        return ask(self.session, self.actor, self.batch_id, self.created)

    def _known_rows(self, wanted: Sequence[RowPlan]) -> dict[str, Row]:
        return {row.id: row for row in page(self.session, self.checked.kind, [plan.subject_id for plan in wanted])}

    def update_known(self, progress: Progress) -> int:
        """Write the uncontrolled differences, keeping what was there for an undo; the number of rows."""
        wanted = [plan for _, _, plan in self.checked.planned() if plan.updates]
        rows = self._known_rows(wanted)
        before: list[dict[str, Any]] = []
        for done, plan in enumerate(wanted):
            if done % 200 == 0:
                progress.report(done, len(wanted), "更新已有记录")
            row = rows[plan.subject_id]
            if self.checked.kind == ACCOUNTS:
                refuse_asked(self.session, row, plan.updates)
            revision = write_values(self.session, self.actor.name, self.checked.kind, row, plan.updates)
            before.append(before_entry(self.batch_id, row, dict(plan.updates), revision))
        if before:
            self.session.execute(insert(t.batch_before), before)
        return len(before)

    def draft_changes(self, new: int) -> tuple[int, str]:
        """Change drafts for controlled differences and one baseline for the new rows; their number and its id."""
        source = self.checked.workbook.path.name
        drafts: list[Draft] = []
        if new and needs_baseline(self.known, self.checked.kind):
            drafts.append(baseline_draft(self.checked.kind, self.batch_id, source, new))
        kind = KEY_FIELD if self.checked.kind == STUDENTS else ACCOUNT_RENAME
        wanted = [plan for _, _, plan in self.checked.planned() if plan.changes]
        rows = self._known_rows(wanted)
        for plan in wanted:
            row = rows[plan.subject_id]
            old = {key: row.values[key] for key in plan.changes}
            reason = f"导入文件与名册不一致：{source}"
            label = label_of(row.values) if kind is KEY_FIELD else account_label(row.values)
            drafts.append(Draft(kind, row.id, label, old, plan.changes, row.revision, reason, self.batch_id))
        ids = insert_drafts(self.session, self.actor, drafts)
        return len(ids), ids[0] if drafts and drafts[0].kind is BASELINE else ""

    def report_left_behind(self) -> tuple[int, str]:
        """A baseline of pupils or accounts known to the file whom no baseline reports; their number and its id."""
        known = self.checked.counts
        there = known[Outcome.SAME] + known[Outcome.UPDATE] + known[Outcome.CHANGES]
        if not there or not needs_baseline(self.known, self.checked.kind):
            return 0, ""
        kind = self.checked.kind
        batch_id, number = gather(self.session, self.actor, kind, self.batch_id)
        if not number:
            return 0, ""
        draft = baseline_draft(kind, batch_id, source_text(kind), number)
        return number, insert_drafts(self.session, self.actor, [draft])[0]

    def close(self, new: int, updated: int, drafts: int) -> None:
        """Note the batch and write its one entry in the audit (decision 12)."""
        workbook = self.checked.workbook
        insert_batch(
            self.session,
            self.actor,
            self.batch_id,
            f"import.{self.checked.kind}",
            workbook.path.name,
            new,
            workbook.digest,
        )
        batch = t.batch.c
        self.session.execute(update(t.batch).where(batch.id == self.batch_id).values(rows_digest=self.digest))
        body = {
            "batch": self.batch_id,
            "file_digest": workbook.digest,
            "rows_digest": self.digest,
            "new": new,
            "updated": updated,
            "drafts": drafts,
        }
        act = "import.teachers" if self.checked.kind == ACCOUNTS else "import.students"
        audit.append(self.session, self.actor, act, f"batch:{self.batch_id}", body)
