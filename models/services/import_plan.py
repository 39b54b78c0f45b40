"""What an import would do, row by row, against a snapshot of the store; the same plan is carried out afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.findings import Finding, Level, LocatedFinding
from models.domain.units import Unit, reports_own
from models.exchange.sheets import SheetData, Workbook
from models.rules.checks import Context
from models.rules.naming import Proposal
from models.services.accounts.persons import People
from models.services.accounts.usernames import taken_usernames
from models.services.change_log import OPEN_STATES
from models.services.checking import controlled_fields, field_label
from models.services.policies import effective
from models.services.records import KEYS_OF, table_of
from models.services.roster_history import edited_since_import
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.store import tables as t

Values = tuple[str, ...]
SEPARATOR = "\x1f"
"""Between the values of a row where rows are compared whole; normalising leaves no control character in a value."""

_IDENTITY = ("name", "sex", "birth_date")
K = TypeVar("K")


class Outcome(StrEnum):
    """What happens to a row of the file."""

    NEW = "new"
    SAME = "same"
    UPDATE = "update"
    CHANGES = "changes"
    ERROR = "error"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The plan of one row: `updates` are written at once, `changes` become a change draft (decision 17)."""

    outcome: Outcome
    subject_id: str = ""
    updates: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)


NEW_ROW, SAME_ROW, ERROR_ROW = RowPlan(Outcome.NEW), RowPlan(Outcome.SAME), RowPlan(Outcome.ERROR)
LEFT_OUT_ROW = RowPlan(Outcome.LEFT_OUT)


@dataclass
class Known:
    """The store as an import compares with it. `rows`: id -> values of `keys`, joined, which the store does many times
    faster than handing over each cell; `numberless`: ids without an ID number; `by_number` and `by_identity` say which
    rows answer to a key; `open_fields`: subject -> field -> (number of the open change, value asked for); `classes`:
    pupils in each class; `taken`: user names of this unit, `elsewhere`: of others (A17 h); `people`: who has an account
    (D6); `edited`: subject -> fields that were changed since the same file was imported before."""

    keys: tuple[str, ...]
    rows: dict[str, str]
    numberless: set[str]
    usernames: dict[str, str]
    by_number: dict[str, tuple[str, ...]]
    by_identity: dict[Values, tuple[str, ...]]
    open_fields: dict[str, dict[str, tuple[str, str]]]
    controlled: frozenset[str]
    taken: set[str]
    unit: Unit
    ue: str
    collision: str
    classes: dict[str, int] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    edited: dict[str, set[str]] = field(default_factory=dict)
    people: People = field(default_factory=lambda: People({}))

    def values_of(self, row_id: str) -> dict[str, str]:
        """What the store has of a row in the fields of the file."""
        return dict(zip(self.keys, self.rows[row_id].split(SEPARATOR), strict=True))


@dataclass(frozen=True, slots=True)
class CellAsRead:
    """One cell before anybody edited it: text, normalised value, and what reading had to say of it."""

    raw: str
    value: str
    problems: tuple[LocatedFinding, ...]


@dataclass
class CheckedImport:
    """A file that was read and judged, with the plan of every row; nothing is written yet.

    `plans[s][i]` belongs to row i of `workbook.sheets[s]`; `edits` counts cells changed since the file was read;
    `left_out` are (sheet, row) that a person does not want; `as_read` keeps what reading gave for edited cells.
    """

    workbook: Workbook
    context: Context
    known: Known | None
    rule_findings: list[dict[int, list[Finding]]]
    findings: list[LocatedFinding] = field(default_factory=list)
    plans: list[list[RowPlan]] = field(default_factory=list)
    proposals: dict[tuple[int, int], Proposal] = field(default_factory=dict)
    chosen: set[tuple[int, int]] = field(default_factory=set)
    edits: int = 0
    left_out: set[tuple[int, int]] = field(default_factory=set)
    as_read: dict[tuple[int, int, str], CellAsRead] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """students or teachers."""
        return self.workbook.kind

    @property
    def counts(self) -> dict[Outcome, int]:
        """Number of rows by outcome; every outcome is there."""
        found = Counter(plan.outcome for plans in self.plans for plan in plans)
        return {outcome: found[outcome] for outcome in Outcome}

    @property
    def values(self) -> list[dict[str, list[str]]]:
        """Normalised columns of each sheet."""
        return [sheet.values for sheet in self.workbook.sheets]

    @property
    def raw(self) -> list[dict[str, list[str]]]:
        """Columns of each sheet as they stood in the file (or were typed in)."""
        return [sheet.raw for sheet in self.workbook.sheets]

    def is_created(self, place: int, index: int) -> bool:
        """Whether a row of teachers asks for a new account: one with a user name in the file was there before."""
        given = self.workbook.sheets[place].raw.get("username", ())
        return (place, index) in self.chosen or not (given and given[index])

    def planned(self) -> Iterator[tuple[SheetData, int, RowPlan]]:
        """Every row with its sheet, its index there and its plan."""
        for sheet, plans in zip(self.workbook.sheets, self.plans, strict=True):
            for index, plan in enumerate(plans):
                yield sheet, index, plan


def snapshot(session: Session, workbook: Workbook) -> Known:
    """Read what the comparison needs: one SELECT of the file's fields, the open changes, and the policy."""
    kind, unit = workbook.kind, own_unit(session)
    present = {key for sheet in workbook.sheets for key in sheet.values} - {"username"}
    keys = tuple(key for key in KEYS_OF[kind] if key in present)
    table, policy = table_of(kind), effective(session)
    c = table.c
    whole = func.concat_ws(literal(SEPARATOR), *(c[key] for key in keys)) if keys else literal("")
    place = (c.city, c.county, c.username) if kind == ACCOUNTS else ()
    query = select(c.id, whole, c.id_number, c.name, c.sex, c.birth_date, *place).where(c.unit_id == unit.id)
    if kind == STUDENTS:
        query = query.where(c.status == "enrolled")
    known = Known(keys, {}, set(), {}, {}, {}, {}, frozenset(), set(), unit, policy.ue, policy.collision)
    for row_id, text, number, name, sex, birth, *rest in session.connection().execute(query):
        known.rows[row_id] = text
        if number:
            _add(known.by_number, number, row_id)
        else:
            known.numberless.add(row_id)
        if birth:
            _add(known.by_identity, (name, sex, birth), row_id)
        if rest:
            _add(known.by_identity, (name, sex, *rest[:2]), row_id)
            known.usernames[row_id] = rest[2]
    if kind == STUDENTS:
        known.controlled, known.open_fields = controlled_fields(session), _open_fields(session)
        known.classes = _classes(session, unit.id) if "class_name" in present else {}
    else:
        known.controlled, known.open_fields = frozenset({"name"}), _open_fields(session)
        known.taken, known.elsewhere, known.people = taken_usernames(session), elsewhere(session), People.read(session)
    known.edited = edited_since_import(session, kind, workbook.digest)
    return known


def _add(index: dict[K, Values], key: K, row_id: str) -> None:
    index[key] = (*index[key], row_id) if key in index else (row_id,)


def _open_fields(session: Session) -> dict[str, dict[str, tuple[str, str]]]:
    c = t.change.c
    found: dict[str, dict[str, tuple[str, str]]] = {}
    query = select(c.subject_id, c.number, c.after).where(c.state.in_(OPEN_STATES), c.after != "{}")
    for subject_id, number, after in session.execute(query):
        entry = found.setdefault(subject_id, {})
        entry.update({key: (number, value) for key, value in json.loads(after).items()})
    return found


def _classes(session: Session, unit_id: str) -> dict[str, int]:
    c = t.student.c
    query = select(c.class_name, func.count()).where(c.unit_id == unit_id, c.status == "enrolled", c.class_name != "")
    return {name: number for name, number in session.execute(query.group_by(c.class_name))}


def joined(known: Known, sheet: SheetData) -> list[str]:
    """The rows of a sheet as `Known.rows` holds those of the store."""
    blank = [""] * len(sheet.rows)
    if not known.keys:
        return blank
    return list(map(SEPARATOR.join, zip(*(sheet.values.get(key, blank) for key in known.keys), strict=True)))


class Matcher:
    """Finds the pupil or account of the store that a row of the file speaks of.

    The key is the ID number; without one name, sex and birth date (for accounts, which may lack that too, name, sex
    and place). Never the user name. Where several rows of the store answer, one that equals the file's row is meant.
    """

    def __init__(self, known: Known, kind: str) -> None:
        """`kind`: students or teachers."""
        self._known, self._kind = known, kind
        self._used: set[str] = set()

    def match(self, sheet: SheetData, whole: Sequence[str]) -> list[tuple[str | None, Finding | None]]:
        """For each row the id it speaks of (None: nobody known), and what is to be said of that.

        `whole` are the sheet's rows as `joined` gives them.
        """
        blank = [""] * len(sheet.rows)
        columns = (sheet.values.get(key, blank) for key in ("id_number", *_IDENTITY, "city", "county"))
        found = []
        for (number, name, sex, birth, city, county), text in zip(zip(*columns, strict=True), whole, strict=True):
            key = (name, sex, birth) if birth else (name, sex, city, county) if self._kind == ACCOUNTS else ()
            found.append(self._one(number, key, text))
        return found

    def _one(self, number: str, identity: Values, text: str) -> tuple[str | None, Finding | None]:
        if number and (ids := self._known.by_number.get(number)):
            return self._pick(ids, text, "id_number", number)
        ids = self._known.by_identity.get(identity, ())
        if not ids:
            return None, None
        if not number:
            return self._pick(ids, text, "name", identity[0])
        open_ = tuple(row_id for row_id in ids if row_id in self._known.numberless)
        if open_:
            return self._pick(open_, text, "name", identity[0])
        return None, _OTHER_NUMBER if len(identity) == len(_IDENTITY) else None

    def _pick(self, ids: Values, text: str, key: str, value: str) -> tuple[str | None, Finding | None]:
        if len(ids) == 1:
            return ids[0], None
        for row_id in ids:
            if row_id not in self._used and self._known.rows[row_id] == text:
                self._used.add(row_id)
                return row_id, None
        what = "身份证件号" if key == "id_number" else "身份信息"
        message = f"名册中有多条记录的{what}与此相同，无法确定对应哪一条，请先在名册中处理重复。"
        return None, Finding("STORE_AMBIGUOUS", Level.ERROR, key, message, value)


_OTHER_NUMBER = Finding(
    "STORE_SAME_PERSON",
    Level.WARNING,
    "id_number",
    "名册中已有姓名、性别、出生日期相同而身份证件号不同的人。"
    "如为同一人，请不要导入此行，改为对其发起变更；如确为两人，可以导入。",
)
"""Two ID numbers under one name, sex and birth date (E10)."""


def plan_row(known: Known, row_id: str, values: Mapping[str, str]) -> tuple[RowPlan, list[Finding]]:
    """The plan of a row whose pupil or account is known; empty cells leave what is there."""
    stored = known.values_of(row_id)
    differing = {key: value for key, value in values.items() if key in stored and value and value != stored[key]}
    updates = {key: value for key, value in differing.items() if key not in known.controlled}
    changes: dict[str, str] = {}
    findings = []
    under_way = known.open_fields.get(row_id, {})
    for key, value in differing.items():
        if key not in known.controlled:
            continue
        if key not in under_way:
            changes[key] = value
        elif under_way[key][1] != value:
            number, other = under_way[key]
            held = f"{field_label(key)}已有在办的变更 {number}（拟改为“{other}”）"
            message = f"{held}，与文件中的值不同，本次不再另拟变更。"
            findings.append(Finding("STORE_CHANGE_OPEN", Level.WARNING, key, message, value))
    if changes:
        names, first = "、".join(field_label(key) for key in changes), next(iter(changes))
        message = f"与名册中的{names}不一致。这是关键信息，不会直接改动，将生成变更草稿，补充后提交核办。"
        findings.append(Finding("STORE_KEY_FIELD", Level.WARNING, first, message, changes[first]))
    outcome = Outcome.CHANGES if changes else Outcome.UPDATE if updates else Outcome.SAME
    return RowPlan(outcome, row_id, updates, changes), findings


def needs_baseline(known: Known, kind: str) -> bool:
    """Whether new rows go up as a baseline at once: pupils of the basic line; accounts are filed in their windows."""
    return kind == STUDENTS and reports_own(known.unit) and known.unit.line in BASELINE.lines
