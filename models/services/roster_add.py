"""One new pupil, by hand: an import of a single row, so that rules, duplicates and the baseline are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import STUDENTS
from models.domain.findings import Level
from models.domain.units import Actor
from models.exchange.sheets import Column, SheetData, Workbook, letter_of
from models.services import imports
from models.services.checking import field_label, normalised, raise_faults
from models.services.class_sizes import overfull
from models.services.records import KEYS_OF
from models.services.roster_edit import require_editor
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class AddedPupil:
    """Who was added: the pupil's id, the batch that takes the entry back, the baseline draft that reports the pupil
    upward ("" in the open line), and what the checks would like to have looked at."""

    id: str
    batch_id: str
    baseline_id: str
    warnings: tuple[str, ...]


def add_pupil(session: Session, actor: Actor, values: Mapping[str, str]) -> AddedPupil:
    """Add one pupil from field texts as typed; fields not given count as empty.

    Raises DataFaultError for unknown fields and errors, UserError for a pupil who is in the roster already,
    NotAllowedError for the wrong role or tier (E1).
    """
    require_editor(actor, STUDENTS, "新增学生")
    record = dict.fromkeys(KEYS_OF[STUDENTS], "") | normalised(STUDENTS, values)
    checked = imports.check(session, _workbook(record, values))
    raise_faults([one.finding for one in checked.findings if one.finding.level is Level.ERROR])
    (((plan,),),) = (checked.plans,)
    if plan.outcome is not imports.Outcome.NEW:
        raise UserError(
            f"{record['name']} 已在名册中，没有新增。请在名册中找到该学生修改；关键信息用变更申请（Ctrl+K）修改。"
        )
    result = imports.apply(session, actor, checked)
    pupil = session.execute(select(t.student.c.id).where(t.student.c.batch_id == result.batch_id)).scalar_one()
    warnings = tuple(one.finding.message for one in checked.findings if one.finding.code != "REQUIRED_EMPTY")
    warnings += _left_empty(checked) + overfull(session, record["class_name"])
    return AddedPupil(pupil, result.batch_id, result.baseline_id, warnings)


def _left_empty(checked: imports.CheckedImport) -> tuple[str, ...]:
    """The fields to be filled in later as one sentence."""
    keys = [one.finding.field for one in checked.findings if one.finding.code == "REQUIRED_EMPTY"]
    return (f"上报前还要补上：{'、'.join(map(field_label, keys))}。",) if keys else ()


def _workbook(record: Mapping[str, str], values: Mapping[str, str]) -> Workbook:
    """The pupil as a list of one row, every field a column."""
    columns = tuple(Column(letter_of(place), field_label(key), key) for place, key in enumerate(record))
    texts = {key: [text] for key, text in record.items()}
    raw = {key: [values.get(key, "")] for key in record}
    sheet = SheetData("新增", (), columns, [1], texts, raw, [])
    return Workbook(Path(f"新增 {record['name']}"), STUDENTS, "form", "", [sheet], [])
