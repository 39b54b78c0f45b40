"""Search and a page of 200 rows over 20k pupils in an encrypted store, against one frame of 16 ms."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from _store_roster import new_store, roster

from models.domain.fields import STUDENTS
from models.rules.naming import pinyin_keys
from models.store import audit, bulk, search
from models.store.tables import student

COUNT, ROUNDS, PAGE, FRAME = 20_000, 15, 200, 16.0


def milliseconds(work: Callable[[], int]) -> tuple[float, int]:
    """Median time and what the work found."""
    times, found = [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), found


def run() -> str:
    """One line a query: its median and how many it found."""
    rows = roster(COUNT)
    number = str(rows[4321]["id_number"])
    words = [
        "小满",
        "王小满",
        "wxm",
        "xiaom",
        "wangxiaoman",
        "zs 32",
        "王 32",
        number[-4:],
        number[6:14],
        number,
        "三(2)班",
    ]
    lines = []
    with tempfile.TemporaryDirectory() as folder, new_store(Path(folder) / "home") as store:

        def enter(session: Session) -> None:
            bulk.insert_students(session, rows, pinyin_keys)
            audit.append(session, store.actor, "student.import", "batch:bench", {})

        store.write(enter)
        store._written = False
        for word in words:
            spent, found = milliseconds(
                lambda word=word: store.read(lambda s: len(s.scalars(search.match(s, STUDENTS, word)).all()))
            )
            lines.append(f"  {word:<20} {spent:5.1f} ms {found:6} found")
        ids = [str(row["id"]) for row in rows[7000 : 7000 + PAGE]]
        spent, found = milliseconds(
            lambda: store.read(lambda s: len(s.execute(select(student).where(student.c.id.in_(ids))).all()))
        )
        lines.append(f"  page of {found} rows      {spent:5.1f} ms")
    return f"search and page over {COUNT} pupils (goal {FRAME:.0f} ms):\n" + "\n".join(lines)


if __name__ == "__main__":
    print(run())
