"""Who may use the engine when: any number pass, one writes, and a swap of the database waits for all to leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Guards the engine of an open store between threads."""

    def __init__(self) -> None:
        self.ended = False
        self._state = threading.Condition()
        self._inside = 0
        self._shut = False
        self._writer = threading.Lock()
        self._writing: int | None = None
        self._mine = threading.local()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Use the engine; waits while it is being swapped. Raises RuntimeError after the end."""
        depth: int = getattr(self._mine, "depth", 0)
        with self._state:
            # A thread that is inside already must not wait for those who wait for it to leave.
            self._state.wait_for(lambda: depth or not self._shut)
            if self.ended:
                raise RuntimeError("the store is closed")
            self._inside += 1
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            with self._state:
                self._inside -= 1
                self._state.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer; raises RuntimeError for a write inside a write, which would wait for itself."""
        me = threading.get_ident()
        if self._writing == me:
            raise RuntimeError("Store.write inside Store.write")
        with self._writer:
            self._writing = me
            try:
                yield
            finally:
                self._writing = None

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Have the engine alone; waits until all have left."""
        with self._state:
            self._state.wait_for(lambda: not self._shut)
            self._shut = True
            self._state.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._state:
                self._shut = False
                self._state.notify_all()
