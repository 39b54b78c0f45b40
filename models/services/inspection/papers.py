"""An inspection as a spreadsheet that says what to do, and as a record to be printed and signed on paper (A12)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.inspection import DIMENSION_LABELS
from models.domain.times import local_day, local_text
from models.domain.units import Actor
from models.exchange.forms.pdf import Paper, write_table_pdf
from models.exchange.writing import write_table
from models.services.inspection.views import FindingView, InspectionDetail, show, standing_words
from models.services.roster_edit import require_editor
from models.services.units import own_unit
from models.store import audit

_HEADS: Final = (
    "序号", "问题", "依据", "类别", "单位", "姓名", "用户名", "情况", "其他", "应如何办理", "处理情况",
)  # fmt: skip
_WIDTHS: Final = (3, 7, 9, 8, 5, 9, 15, 12, 12)
_PRINTED: Final = (0, 1, 2, 4, 5, 6, 7, 9, 10)


def write_xlsx(session: Session, actor: Actor, inspection_id: str, path: Path) -> int:
    """Write every finding with what is to be done as xlsx; how many. Raises UserError, NotAllowedError."""
    detail = _detail(session, actor, inspection_id, "xlsx")
    title = f"{detail.summary.kind_label}{detail.summary.number}"
    write_table(path, title, _HEADS, [_row(one) for one in detail.items])
    return len(detail.items)


def write_pdf(session: Session, actor: Actor, inspection_id: str, path: Path) -> Paper:
    """Write the record for printing: when, by whom, what was found, what became of it. Raises UserError."""
    detail = _detail(session, actor, inspection_id, "pdf")
    one = detail.summary
    headline = [
        own_unit(session).name, f"编号 {one.number}", f"{local_text(one.made_at)} {one.made_by}", one.source,
        f"核查 {one.checked} 个账户，发现 {one.findings} 处",
        *(f"{label} {count}" for _, label, count in detail.by_code), *([one.note] if one.note else []),
    ]  # fmt: skip
    rows = [[_row(item)[place] for place in _PRINTED] for item in detail.items]
    heads = [_HEADS[place] for place in _PRINTED]
    foot = ["核查人：", "主管领导：", "日期："]
    return write_table_pdf(
        path, f"账户{one.kind_label}记录", headline, tuple(zip(heads, _WIDTHS, strict=True)), rows, foot
    )


def _detail(session: Session, actor: Actor, inspection_id: str, form: str) -> InspectionDetail:
    require_editor(actor, ACCOUNTS, "导出核查结果")
    detail = show(session, inspection_id)
    body = {"records": len(detail.items), "format": form}
    audit.append(session, actor, "inspection.export", f"inspection:{detail.summary.id}", body)
    return detail


def _row(one: FindingView) -> list[str]:
    day = f"（{one.handled_by} {local_day(one.handled_at)}）" if one.handled_at else ""
    return [
        str(one.position + 1), one.label, one.basis, DIMENSION_LABELS[one.dimension], one.unit_name, one.name,
        one.username, one.why, one.more, one.advice, standing_words(one) + day,
    ]  # fmt: skip
