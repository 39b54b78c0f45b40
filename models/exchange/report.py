"""What `check` says of a file, with the keys other programs rely on (docs: command line)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.domain.findings import LocatedFinding
from models.exchange.sheets import Workbook


def check_report(workbook: Workbook, findings: Iterable[LocatedFinding], with_records: bool = False) -> dict[str, Any]:
    """The JSON document of `check`; `with_records` adds the normalised rows. Rows and columns as in the file."""
    report: dict[str, Any] = {
        "kind": workbook.kind,
        "sheets": [
            {
                "sheet": sheet.sheet,
                "header_rows": list(sheet.header_rows),
                "columns": [{"column": c.letter, "title": c.title, "field": c.field} for c in sheet.columns],
            }
            for sheet in workbook.sheets
        ],
        "records": sum(len(sheet.rows) for sheet in workbook.sheets),
        "findings": [finding_document(located) for located in findings],
    }
    if with_records:
        report["rows"] = [
            {"sheet": sheet.sheet, "row": row, "values": sheet.record(index)}
            for sheet in workbook.sheets
            for index, row in enumerate(sheet.rows)
        ]
    return report


def finding_document(located: LocatedFinding) -> dict[str, Any]:
    """One finding as it stands in the report."""
    finding = located.finding
    return {
        "sheet": located.sheet,
        "row": located.row,
        "column": located.column,
        "field": finding.field,
        "level": finding.level.value,
        "code": finding.code,
        "message": finding.message,
        "value": finding.value,
    }
