"""Bulk insert of 20k pupils x 60 fields against raw executemany on an equal encrypted store.

The peer inserts the same finished tuples, search entries included, into the same tables with the same indexes; ours
also makes the tuples and search texts, spells the names and writes the audit entry. Goal: <= 1.3x.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from _store_roster import new_store, roster

from models.domain.fields import STUDENTS
from models.rules.naming import pinyin_keys
from models.store import audit, bulk, search
from models.store.engine import connect
from models.store.rekey import store_key
from models.store.store import Store

COUNT, ROUNDS = 20_000, 3
Rows = list[dict[str, str | int]]


def timed(work: Callable[[], object]) -> float:
    """Seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def raw(store: Store, rows: Rows) -> float:
    """The peer: one connection, one transaction, two executemany of tuples made beforehand."""
    names = list(rows[0])
    tuples = [(number, *row.values()) for number, row in enumerate(rows, 1)]
    entries = [
        (i, *search.entry(STUDENTS, {key: str(value) for key, value in row.items()}, pinyin_keys))
        for i, row in enumerate(rows, 1)
    ]
    path = store.home / store._file.database
    with closing(connect(path, store_key(store._data_key))) as connection:

        def work() -> None:
            connection.execute("BEGIN IMMEDIATE")
            marks = ", ".join("?" * len(tuples[0]))
            connection.executemany(f"INSERT INTO student (row, {', '.join(names)}) VALUES ({marks})", tuples)
            connection.executemany(search.insert_statement(STUDENTS), entries)
            connection.execute("COMMIT")

        return timed(work)


def ours(store: Store, rows: Rows) -> float:
    """The product's way, through a writing transaction."""

    def enter(session: Session) -> None:
        bulk.insert_students(session, rows, pinyin_keys)
        audit.append(session, store.actor, "student.import", "batch:bench", {"count": len(rows)})

    return timed(lambda: store.write(enter))


def run() -> str:
    """Median of interleaved rounds, each on a fresh store."""
    rows = roster(COUNT)
    pinyin_keys("王小满")  # the tables of readings are loaded once a process
    times: dict[str, list[float]] = {"raw": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            for name, work in (("raw", raw), ("ours", ours)):
                with new_store(Path(folder) / f"{name}{number}") as store:
                    times[name].append(work(store, rows))
                    store._written = False  # no closing backup in the folder that goes
    peer, own = (statistics.median(times[name]) for name in ("raw", "ours"))
    return f"bulk insert of {COUNT} x 60: {own:.2f} s, raw executemany {peer:.2f} s, ratio {own / peer:.2f} (goal 1.3)"


if __name__ == "__main__":
    print(run())
