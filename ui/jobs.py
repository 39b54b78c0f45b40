"""Work off the window's thread, one thread for each `Jobs`: one of them touches the store, disk and keys, another one
evidence. Results come back in the window's thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from models.domain.errors import CancelledError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

REPORT_EVERY = 0.05
"""Seconds between two reports that reach the window."""


class Job(QObject):
    """One piece of work. As a `Progress` it is handed to the work when that wants one."""

    progressed = Signal(int, int, str)
    """done, total (-1: unknown), what."""

    def __init__(self, title: str, owner: QObject | None, shown: bool) -> None:
        super().__init__()
        self.title, self.shown = title, shown
        self.owner = owner
        self.result: Any = None
        self.error: Exception | None = None
        self.on_done: Callable[[Any], object] | None = None
        self.on_error: Callable[[Exception], object] | None = None
        self._stop = threading.Event()
        self._dropped = False
        self._last = 0.0

    def cancel(self) -> None:
        """Ask the work to stop; it ends with CancelledError at its next report."""
        self._stop.set()

    def drop(self) -> None:
        """Stop and forget: nobody is told how it ended."""
        self._dropped = True
        self.cancel()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop.is_set()

    @property
    def wanted(self) -> bool:
        """Whether there is still somebody to tell."""
        return not self._dropped and (self.owner is None or shiboken6.isValid(self.owner))

    def report(self, done: int, total: int | None, what: str) -> None:
        """See models.domain.progress.Progress."""
        if self.stopped:
            raise CancelledError
        now = time.monotonic()
        if now - self._last >= REPORT_EVERY or done == total:
            self._last = now
            self.progressed.emit(done, -1 if total is None else total, what)


class Jobs(QObject):
    """One thread and what waits for it. `started`/`ended` carry the Job, for the progress line."""

    started = Signal(object)
    ended = Signal(object)
    failed = Signal(object)
    """An error nobody else wanted to handle (an Exception)."""
    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None, name: str = "rollbook-store") -> None:
        super().__init__(parent)
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        self._latest: dict[str, Job] = {}
        self._running: set[Job] = set()
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[..., Any],
        on_done: Callable[[Any], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
        *,
        owner: QObject | None = None,
        title: str = "",
        progress: bool = False,
        replaces: str = "",
    ) -> Job:
        """Run `work()` (with `progress`: `work(progress)`) in the thread and tell the result.

        `owner`: callbacks are left out once it is destroyed. `title`: what the progress line says; empty: not shown.
        `replaces`: a name; an earlier job of that name that is not finished is dropped (find-as-you-type).
        """
        job = Job(title, owner, bool(title))
        job.on_done, job.on_error = on_done, on_error
        if replaces:
            earlier = self._latest.get(replaces)
            if earlier is not None:
                earlier.drop()
            self._latest[replaces] = job
        self._running.add(job)
        self.started.emit(job)
        self._thread().submit(self._work, job, (lambda: work(job)) if progress else work)
        return job

    def _thread(self) -> ThreadPoolExecutor:
        """The one thread; its module is imported when the first work comes (after the first paint)."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1, self._name)
        return self._pool

    def _work(self, job: Job, work: Callable[[], Any]) -> None:
        try:
            if job.stopped:
                raise CancelledError
            job.result = work()
        except Exception as error:  # every error is shown in one place
            job.error = error
        self._finished.emit(job)

    def _deliver(self, job: Job) -> None:
        self._running.discard(job)
        for name in [name for name, latest in self._latest.items() if latest is job]:
            del self._latest[name]
        self.ended.emit(job)
        if not job.wanted:
            return
        if job.error is None:
            if job.on_done is not None:
                job.on_done(job.result)
        elif job.on_error is not None:
            job.on_error(job.error)
        else:
            self.failed.emit(job.error)

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits."""
        return bool(self._running)

    def shut(self, last: Callable[[], object] | None = None, *, wait: bool = True) -> None:
        """Stop what runs, do `last` (closing the store), and end the thread, waiting for what cannot be stopped."""
        for job in list(self._running):
            job.drop()
        if last is not None:
            self._thread().submit(last)
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=not wait)

    def never(self) -> Job:
        """A job that does nothing: what is asked for while the window is locked."""
        job = Job("", None, False)
        job.drop()
        return job
