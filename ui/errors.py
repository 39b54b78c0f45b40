"""The one place that decides how an error is shown: a sentence for what a person can mend, a report for a bug."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.domain.errors import CancelledError, UserError, system_sentence

BugHook = Callable[[Exception, str], str]
"""Writes a crash report without personal data for (error, what was done) and gives the sentence to show."""


@dataclass(frozen=True)
class Shown:
    """What is put before the person; `detail` stands behind 详情."""

    sentence: str
    detail: str
    tone: str
    bug: bool


def _plain_report(_error: Exception, _doing: str) -> str:
    return "程序出错了，已保存的数据没有受影响。"


class Errors:
    """Turns errors into what is shown; bugs go to the hook that was handed in."""

    def __init__(self, hook: BugHook = _plain_report) -> None:
        self._hook = hook

    def describe(self, error: Exception, doing: str = "window") -> Shown:
        """The sentence, tone and detail for `error`; a bug is logged and reported first."""
        if isinstance(error, CancelledError):
            return Shown(str(error), "", "mute", False)
        if isinstance(error, UserError):
            cause = error.__cause__
            detail = "" if cause is None else f"{type(cause).__name__}: {cause}"
            return Shown(str(error), detail, "bad", False)
        if isinstance(error, OSError):
            return Shown(system_sentence(error), f"{type(error).__name__} {error.errno or ''}".strip(), "bad", False)
        import logging

        # No message and no trace here: an error of the store can carry values; the hook writes the frames.
        logging.getLogger("rollbook").error("bug in %s: %s", doing, type(error).__name__)
        return Shown(self._hook(error, doing), type(error).__name__, "bad", True)
