"""The program's log: what was done and how it ended, never about whom (codes, ids and counts only)."""

from __future__ import annotations

import logging
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from desktop.paths import log_folder

LOGGER = "rollbook"
ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_SIZE, _KEPT = 1_000_000, 4


def frames(trace: TracebackType | None) -> list[str]:
    """The way of an error through the code as `module:line function`, without values, source text or paths."""
    found = []
    while trace is not None:
        frame = trace.tb_frame
        found.append(f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno} {frame.f_code.co_name}")
        trace = trace.tb_next
    return found


class _NoPersonalData(logging.Formatter):
    """Writes an exception as type and frames: its message may hold what a person typed or a row of a file."""

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """Times in the log are UTC."""
        return time.gmtime(seconds)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 (the name is logging's)
        kind, _, trace = ei
        return "\n".join([f"  {kind.__name__ if kind else '?'}", *(f"    {line}" for line in frames(trace))])


class _NeverInTheWay(RotatingFileHandler):
    """A line that cannot be written (disk full, folder read-only) is left out without a word."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """Say nothing: what the person did went its own way."""


def start(home: Path) -> logging.Logger:
    """Begin to write `logs/rollbook.log` in `home` when that folder exists; a log that cannot be written is left out.

    Only the program's own logger is written: libraries' messages may quote data.
    """
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(_file_handler(home) or logging.NullHandler())
    for library in ("pyhanko", "pyhanko_certvalidator"):  # they tell of what they read; nobody asked on standard error
        logging.getLogger(library).handlers = [logging.NullHandler()]
    return logger


def _file_handler(home: Path) -> logging.Handler | None:
    if not home.is_dir():
        return None
    try:
        folder = log_folder(home)
        folder.mkdir(exist_ok=True)
        handler = _NeverInTheWay(
            folder / "rollbook.log", maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", delay=True
        )
    except OSError:
        return None
    handler.setFormatter(_NoPersonalData("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    return handler
