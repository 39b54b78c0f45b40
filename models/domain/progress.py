"""How long work tells how far it is and learns that it should stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the state of a long work; the caller decides how it is shown."""

    def report(self, done: int, total: int | None, what: str) -> None:
        """Say that `done` of `total` units of `what` (a Chinese phrase) are finished.

        Raises CancelledError when the person asked to stop.
        """


class SilentProgress:
    """A progress nobody looks at."""

    def report(self, done: int, total: int | None, what: str) -> None:
        """Ignore it."""


SILENT: Progress = SilentProgress()
