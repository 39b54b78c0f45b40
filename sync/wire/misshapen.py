"""What foreign bytes of another shape make of code that expects the agreed one, once their signatures were right."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, InterfaceError, ProgrammingError

MISSHAPEN: Final = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError,
    IntegrityError, InterfaceError, DataError, ProgrammingError, ArgumentError,
)  # fmt: skip
"""To be told as damaged content; a full disk or a broken store (OperationalError) is not among them."""
