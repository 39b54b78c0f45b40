"""The errors a person can do something about; anything else is a bug."""

from __future__ import annotations


class UserError(Exception):
    """A fault whose text says what is wrong, where, and what to do, in Chinese."""

    exit_code = 2


class FileRefusedError(UserError):
    """A file (spreadsheet, package, evidence ...) that was read and refused; nothing was written."""

    exit_code = 1


class DataFaultError(UserError):
    """The act was carried out as far as the data allowed; the data has faults that stand in the text."""

    exit_code = 1


class NotAllowedError(UserError):
    """The person's role or part in the matter forbids the act (E1-E3, E13)."""


class CancelledError(UserError):
    """The person stopped a long work; nothing of it was kept."""

    def __init__(self) -> None:
        super().__init__("已取消，没有写入任何内容。")
