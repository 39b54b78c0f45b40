"""Which page takes a file that was dropped on the window or opened with Ctrl+O."""

from __future__ import annotations

from pathlib import Path

SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".csv", ".ods", ".et", ".txt"})
SIGNED = ".rollbook"
EVIDENCE = frozenset({".pdf", ".jpg", ".jpeg", ".png"})


def page_for(path: Path, shown: str) -> str | None:
    """The key of the page for a file; None when no page knows its kind. Evidence belongs to the page in front."""
    ending = path.suffix.lower()
    if ending in SPREADSHEETS:
        return "import"
    if ending in EVIDENCE and shown in ("changes", "review"):
        return shown
    return None


def page_for_signed(path: Path) -> str:
    """The key of the page for a signed file, by what it says it is; reads the file, so not in the window's thread."""
    from sync.formats import FileKind, sniff

    kind = sniff(path)
    if kind is FileKind.BACKUP:
        return "backup"
    return "settings" if kind in (FileKind.ENROLMENT_REQUEST, FileKind.ENROLMENT_REPLY) else "packages"
