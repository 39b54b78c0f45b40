"""The columns a roster's table can show, made from the declarations of its fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from models.domain.codes import code_table
from models.domain.fields import FIELDS_OF, Field, FieldType
from models.domain.findings import Level
from models.domain.masking import mask
from models.domain.statuses import RECORD_STATUS
from ui.moments import moment
from ui.tables.cell import Cell, find_mark
from ui.tables.model import TableColumn
from ui.tokens import STATE_LOOK

if TYPE_CHECKING:
    from models.services.roster import Row
    from models.store.store import Session

_WIDTHS = {
    "name": 96, "class_name": 90, "sex": 56, "id_number": 168, "birth_date": 104, "student_number": 168, "phone": 116,
    "username": 160, "email": 180, "department": 110, "post": 100, "current_address": 180,
}  # fmt: skip
_BY_TYPE = {FieldType.ID_NUMBER: 168, FieldType.DATE: 104, FieldType.PHONE: 116, FieldType.YES_NO: 76}
NEW_DRAFT = "新建草稿"
ACCOUNT_WORDS = {"draft": "变更草稿", "pending": "变更待批准"}
"""How an account in use with an open change is called; one that is new is 新建草稿 or 待批准."""
OPEN_WORDS = {"draft": "变更草稿", "pending": "变更待核", "approved": "变更已批准", "sealed": "变更已上报"}


class ListedRow(NamedTuple):
    """A row with what the rules say of it: level and sentence of the gravest finding."""

    row: Row
    level: str
    sentence: str
    unit: str

    @property
    def values(self) -> dict[str, str]:
        """The row's values."""
        return self.row.values


def read_rows(session: Session, kind: str, ids: Sequence[str]) -> dict[str, ListedRow]:
    """Rows of a page with their check, by id."""
    from models.rules.checks import check_record
    from models.services import roster
    from models.services.checking import check_context
    from models.services.units import unit_name

    context = check_context(session)
    names: dict[str, str] = {}
    found: dict[str, ListedRow] = {}
    for row in roster.page(session, kind, ids):
        if row.unit_id not in names:
            names[row.unit_id] = unit_name(session, row.unit_id)
        faults = check_record(kind, row.values, context)
        worst = next((fault for fault in faults if fault.level is Level.ERROR), faults[0] if faults else None)
        level, sentence = (worst.level.value, worst.message) if worst else ("", "")
        found[row.id] = ListedRow(row, level, sentence, names[row.unit_id])
    return found


class ListingColumns:
    """All columns of one kind of roster. `words` are the search words, marked in names."""

    def __init__(self, kind: str, name: str, usual: Sequence[str], *, one_unit: bool) -> None:
        self.kind, self.name, self.one_unit = kind, name, one_unit
        self.words: tuple[str, ...] = ()
        self.unit_names: dict[str, str] = {}
        self._fields: dict[str, Field] = {field.key: field for field in FIELDS_OF[kind]}
        self.usual = list(usual) if one_unit else [usual[0], "unit", *usual[1:]]
        extra = [
            TableColumn("state", "状态", 116, self._state, sortable=False),
            TableColumn("check", "校验", 130, self._check, sortable=False),
            TableColumn("updated_at", "最近更新", 130, self._updated),
        ]
        if not one_unit:
            extra.append(TableColumn("unit", "单位", 150, lambda listed: Cell(listed.unit), sortable=False))
        made = [*(self._column(field) for field in self._fields.values() if field.key != "hidden_47"), *extra]
        self._columns = {column.key: column for column in made}

    def keys(self) -> list[str]:
        """Keys of all columns."""
        return list(self._columns)

    def all(self) -> list[TableColumn]:
        """All columns."""
        return list(self._columns.values())

    def some(self, keys: Sequence[str]) -> list[TableColumn]:
        """These columns in this order; the name stands first."""
        wanted = ["name", *(key for key in keys if key != "name")]
        return [self._columns[key] for key in wanted if key in self._columns]

    def title(self, key: str) -> str:
        """The title of a column, or of what rows can be filtered by."""
        if key == "unit_id":
            return "学校"
        return self._columns[key].title if key in self._columns else key

    def sortable(self, key: str) -> bool:
        """Whether the query can sort by it."""
        return key in self._columns and self._columns[key].sortable

    def masked(self, key: str) -> bool:
        """Whether the field is shown masked."""
        return key in self._fields and self._fields[key].mask

    def words_of(self, key: str, value: str) -> str:
        """A value as people read it."""
        if key == "unit_id":
            return self.unit_names.get(value, "")
        if key == "state":
            return OPEN_WORDS.get(value, value)
        field = self._fields.get(key)
        if field is None:
            return value
        return shown_value(field, value)

    def _column(self, field: Field) -> TableColumn:
        width = _WIDTHS.get(field.key, _BY_TYPE.get(field.type, max(84, 14 * len(field.label) + 20)))

        def cell(listed: Any) -> Cell:
            text = shown_value(field, listed.values[field.key])
            if field.key == "name":
                return Cell(text, mark=find_mark(text, self.words) if self.words else None)
            if field.key == "id_number" and not text:
                return Cell("无", "warn")
            return Cell(text)

        return TableColumn(field.key, field.label, width, cell)

    @staticmethod
    def _state(listed: Any) -> Cell:
        state = listed.row.open_change
        if "username" in listed.values:
            return _account_state(listed.row.status, state)
        if state:
            tone, icon, _word = STATE_LOOK[state]
            return Cell(OPEN_WORDS.get(state, state), tone, icon)
        tone, icon, word = STATE_LOOK[listed.row.status]
        return Cell(word, tone, icon)

    @staticmethod
    def _check(listed: Any) -> Cell:
        if not listed.sentence:
            return Cell("—", "text3")
        return Cell(listed.sentence, "bad" if listed.level == "error" else "warn", tip=listed.sentence)

    @staticmethod
    def _updated(listed: Any) -> Cell:
        return Cell(f"{moment(listed.row.updated_at)} {listed.row.updated_by}", "text2")


def _account_state(status: str, state: str | None) -> Cell:
    """An account's state: what it is, and what is asked of it."""
    if status == "pending" and state == "draft":
        return Cell(NEW_DRAFT, "warn", "pencil")
    if status != "pending" and state in ACCOUNT_WORDS:
        return Cell(ACCOUNT_WORDS[state], *STATE_LOOK[state][:2])
    tone, icon, _word = STATE_LOOK[status]
    return Cell(RECORD_STATUS[status], tone, icon)


def shown_value(field: Field, value: str) -> str:
    """A value as lists show it: codes by their label, masked where the field asks for it."""
    if field.code_table and value:
        return code_table(field.code_table).label(value) or value
    return mask(field, value)
