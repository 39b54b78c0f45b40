"""A list from the police or the province becomes problems: rows are matched to the pupils of this tier (E8, E11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.fields import STUDENTS
from models.domain.ids import new_id
from models.domain.problems import ID_WRONG, ProblemKind, kind_of_words
from models.domain.units import Actor, Role, Tier
from models.exchange.problem_list import ListedProblem
from models.services.permissions import require_role
from models.services.problems import open_found
from models.services.records import label_of, page
from models.services.units import descendants
from models.store import audit
from models.store import tables as t

_DETAILS: Final = ("name", "sex", "birth_date", "id_type", "id_number", "student_number", "grade", "class_name")
_SEVERAL: Final = "名册中有多名学生与此行相符，请补上学籍号后再导入"
_NONE: Final = "所属学校的名册中没有这名学生，请核对姓名、身份证件号和学籍号"


@dataclass(frozen=True, slots=True)
class UnmatchedRow:
    """A row that opened nothing: its number in the file, who it names, and why."""

    row: int
    name: str
    reason: str


@dataclass(frozen=True)
class ListResult:
    """What an import did: ids of new problems, rows whose problem was open already, rows without a pupil."""

    opened: tuple[str, ...]
    already: int
    unmatched: tuple[UnmatchedRow, ...]


def open_list(session: Session, actor: Actor, listed: Sequence[ListedProblem], path: Path) -> ListResult:
    """Open a problem for each row whose pupil is found below this unit; rows with one repeated number are one problem.

    Every row is either opened, known or named in the result. Raises NotAllowedError at a school.
    """
    require_role(actor, Role.REGISTRAR, "导入问题学籍清单")
    if actor.unit.tier is Tier.SCHOOL:
        raise NotAllowedError("问题学籍清单由主管部门导入并下发，学校在“问题学籍”中答复。")
    below = {unit.id: unit.name for unit in descendants(session, actor.unit.id)}
    matter, unmatched = new_id(), []
    groups: dict[tuple[str, ...], list[tuple[ListedProblem, dict[str, Any]]]] = {}
    for one in listed:
        pupil = _match(session, below, one)
        if isinstance(pupil, str):
            unmatched.append(UnmatchedRow(one.row, one.name, pupil))
        else:
            kind = kind_of_words(one.type)
            groups.setdefault(_key(kind, pupil), []).append((one, pupil))
    opened, already = [], 0
    for (kind_key, *_), rows in groups.items():
        note = "；".join(dict.fromkeys(text for one, _ in rows for text in (one.type, one.note) if text))[:1000]
        sides = list({pupil["id"]: _side(pupil) for _, pupil in rows}.values())
        problem_id = open_found(session, actor, kind_key, sides, note=note, matter=matter, led_here=True)
        if problem_id is None:
            already += len(rows)
        else:
            opened.append(problem_id)
    body = {"file": path.name, "rows": len(listed), "opened": len(opened), "unmatched": len(unmatched)}
    audit.append(session, actor, "problem.import", f"problems:{len(opened)}", body)
    return ListResult(tuple(opened), already, tuple(unmatched))


def _key(kind: ProblemKind, pupil: Mapping[str, Any]) -> tuple[str, ...]:
    """Rows that make one problem: those of one repeated number, or one pupil's."""
    if kind is ID_WRONG:
        return kind.key, str(pupil["id"])
    return kind.key, *(str(pupil[key]) for key in kind.fields)


def _side(pupil: Mapping[str, Any]) -> tuple[str, str, str, str, dict[str, str]]:
    details = {key: str(pupil[key]) for key in _DETAILS if pupil[key]}
    return str(pupil["unit_id"]), "student", str(pupil["id"]), label_of(details), details


def _match(session: Session, below: Mapping[str, str], one: ListedProblem) -> dict[str, Any] | str:
    """The pupil of a row by student number, ID number, or name and birth date; else why there is none."""
    s = t.student.c
    ways: tuple[tuple[bool, tuple[ColumnElement[bool], ...]], ...] = (
        (bool(one.student_number), (s.student_number == one.student_number,)),
        (bool(one.id_number), (s.id_number == one.id_number,)),
        (bool(one.name and _birth(one)), (s.name == one.name, s.birth_date == _birth(one))),
    )
    for given, condition in ways:
        found = _found(session, below, one, condition) if given else []
        if found:
            return _pupil(session, found[0]) if len(found) == 1 else _SEVERAL
    return _NONE


def _found(
    session: Session, below: Mapping[str, str], one: ListedProblem, condition: Sequence[ColumnElement[bool]]
) -> list[Row[Any]]:
    """Pupils below this unit; the name, then the school, tell several apart."""
    s = t.student.c
    query = select(s.id, s.unit_id, s.name).where(*condition, s.status == "enrolled").limit(50)
    found = [row for row in session.execute(query) if row.unit_id in below]
    for fits in (lambda row: row.name == one.name, lambda row: below[row.unit_id] == one.school):
        narrowed = [row for row in found if fits(row)]
        found = narrowed or found
    return found


def _pupil(session: Session, row: Row[Any]) -> dict[str, Any]:
    found = page(session, STUDENTS, [row.id])[0]
    return {"id": found.id, "unit_id": found.unit_id, **found.values}


def _birth(one: ListedProblem) -> str:
    """The birth date the list gives, or the one in the number."""
    number = one.id_number
    if one.birth_date or len(number) != 18 or not number[:17].isdecimal():
        return one.birth_date
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
