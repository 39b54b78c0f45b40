"""How filings and their accounts look in lists: states, acts, columns."""

from __future__ import annotations

from models.domain.fields import ACCOUNTS
from models.domain.filing import ACT_LABELS, Act, period_text
from models.domain.forms import KIND_LABELS, FilingKind
from models.domain.states import State
from models.services.checking import value_text
from models.services.filing.views import TO_DO, FiledAccount, FilingLine
from ui.kit import Pill, pill
from ui.tables.cell import Cell
from ui.tables.model import TableColumn
from ui.tokens import STATE_LOOK

ACT_LOOK = {Act.ADDED: ("ok", "user-plus"), Act.DISABLED: ("mute", "user-off"), Act.CHANGED: ("info", "pencil")}
FAULTS = 3
"""The column of accounts that says what is to be mended; out of sight where nothing is."""


def state_look(line: FilingLine) -> tuple[str, str, str]:
    """Tone, icon and word of a filing's state."""
    if line.state == TO_DO:
        if line.late:
            return "bad", "alert-triangle", "已逾期"
        return ("mute", "clock", "未到时间") if line.needs_reason else ("warn", "bell", "待备案")
    if line.state == State.EFFECTIVE:
        return "ok", "circle-check", "已备案"
    back = line.state == State.DRAFT and line.attempt > 1
    return STATE_LOOK["return" if back else line.state]


def pill_of(line: FilingLine) -> Pill:
    """The state as a pill."""
    tone, icon, word = state_look(line)
    return pill(word, tone, icon)


def row_columns() -> tuple[TableColumn, ...]:
    """The columns of the accounts; FAULTS is the place of `faults`."""
    return (
        TableColumn("act", "备案为", 84, lambda r: Cell(ACT_LABELS[r.act], *ACT_LOOK[r.act])),
        TableColumn("name", "姓名", 96, lambda r: Cell(r.values.get("name", ""))),
        TableColumn("username", "用户名", 150, lambda r: Cell(r.values.get("username", ""))),
        TableColumn("faults", "须改正或核对", 260, _faults),
        TableColumn("department", "部门", 110, lambda r: Cell(r.values.get("department", ""))),
        TableColumn("employment", "聘任方式", 76, lambda r: _word(r, "employment")),
        TableColumn("on_staff", "是否在编", 76, lambda r: _word(r, "on_staff")),
    )


def _word(one: FiledAccount, key: str) -> Cell:
    return Cell(value_text(key, one.values.get(key, ""), ACCOUNTS))


def _faults(one: FiledAccount) -> Cell:
    said = "；".join(one.faults)
    return Cell(said, corner="warn" if said else "", tip=said)


def line_columns() -> tuple[TableColumn, ...]:
    """The columns of the filings."""
    return (
        TableColumn("period", "备案", 84, lambda one: Cell(period_text(one.period))),
        TableColumn("state", "状态", 96, _line_state),
        TableColumn("what", "内容", 150, _what),
    )


def _line_state(one: FilingLine) -> Cell:
    tone, icon, word = state_look(one)
    return Cell(word, tone, icon)


def _what(one: FilingLine) -> Cell:
    first = "首次 · " if one.kind is FilingKind.FIRST else ""
    late = "逾期 · " if one.late and one.id else ""
    text = late + first + one.numbers.replace(" 个、", " · ").removesuffix(" 个")
    tip = "\n".join(filter(None, (KIND_LABELS[one.kind], one.numbers, one.reason and f"原因：{one.reason}")))
    return Cell(text, tip=tip)
