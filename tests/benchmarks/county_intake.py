"""200 packages of 500 changes received at a county, each from a school of its own.

Ours is the whole of `inbox.receive`: recognise, authenticate, decrypt, verify, record, one durable transaction each.
The peers, in the same run on the same packages: bare verify (signatures, certificates, decryption, leaves, approvals;
nothing stored) and bare insert (raw executemany of the finished rows into an equal encrypted table with its indexes,
one durable transaction each). Goal: <= 2x their sum, and memory flat: what Python holds at most during one receipt is
measured early and at the end; the size of the process also holds the page caches of two databases (64 MiB each).
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from _county import NOW, School, enrol, new_county, peak, timed, write_package
from packages import make_items

from models.store import tables as t
from models.store.engine import connect
from models.store.store import Store
from sync.packages import inbox, opening
from sync.trust.identity import opening_keys
from sync.trust.known import trust_of
from sync.wire import envelope
from sync.wire.signedfile import read

PACKAGES, CHANGES, EARLY = 200, 500, 5


def most_held(work: Callable[..., object], *arguments: object) -> int:
    """Bytes that Python held at most while `work` ran, beyond what it held before."""
    tracemalloc.start()
    work(*arguments)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def verify(path: Path, school: School, store: Store) -> opening.Changes:
    """The peer that only verifies."""
    trust, keys = store.read(trust_of), store.read(opening_keys)
    file = read(path)
    parsed = envelope.parse(file)
    trust.signed_by_unit(file.statement, school.unit.id, "basic", NOW)
    envelope.check_payload(file, parsed)
    key = envelope.unwrap(parsed, keys)
    with path.open("rb") as source:
        changes = opening.read_changes(envelope.read_payload(file, parsed, key, source), parsed.address, trust, NOW)
        for _ in changes.rows:
            pass
        return changes


class Peer:
    """An encrypted database with the table of received items and its indexes."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path, b"k" * 32)
        columns = ", ".join(
            f"{c.name} {'INTEGER' if c.name in ('position', 'attempt') else 'TEXT'}" for c in t.received_item.c
        )
        self.connection.execute(f"CREATE TABLE received_item ({columns}, PRIMARY KEY (id)) STRICT")
        for index in t.received_item.indexes:
            keys = ", ".join(column.name for column in index.columns)
            self.connection.execute(f"CREATE INDEX {index.name} ON received_item ({keys})")

    def insert(self, rows: list[tuple[Any, ...]]) -> None:
        """The peer that only inserts."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(f"INSERT INTO received_item VALUES ({', '.join('?' * len(rows[0]))})", rows)
        self.connection.execute("COMMIT")


def finished_rows(changes: opening.Changes) -> list[tuple[Any, ...]]:
    """The tuples the peer inserts, made beforehand."""
    package = changes.content.id
    approval = {item: statement.id for item, statement in changes.approvals.items()}
    return [
        (f"{package}:{place}", package, place, item["unit"], item["id"], item["attempt"], item["kind"], item["subject"],
         item["label"], raw.decode(), approval[item["id"]], "in_review", "", None, None, "", None)
        for place, (item, raw) in enumerate(zip(changes.items, changes.raws, strict=True))
    ]  # fmt: skip


def run(packages: int = PACKAGES) -> str:
    """The figures as one line of text each."""
    times = {"receive": 0.0, "verify": 0.0, "insert": 0.0}
    measured = {EARLY, packages - 1}
    held: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.rollbook"
        with new_county(Path(folder) / "county") as store, closing((peer := Peer(Path(folder) / "peer.db")).connection):
            for number, school in enumerate(enrol(store, packages)):
                items = [{**item, "unit": school.unit.id} for item in make_items(CHANGES, number)]
                write_package(path, school, store, items)
                if number in measured:
                    held.append(most_held(inbox.receive, store, path))
                    continue
                start = time.perf_counter()
                changes = verify(path, school, store)
                times["verify"] += time.perf_counter() - start
                times["insert"] += timed(peer.insert, finished_rows(changes))
                times["receive"] += timed(inbox.receive, store, path)
            store._written = False  # no closing backup in the folder that goes
    bare = times["verify"] + times["insert"]
    return "\n".join(
        (
            f"{packages} packages x {CHANGES} changes received at a county ({packages - 2} timed)",
            f"  receive {times['receive']:6.2f} s, bare verify {times['verify']:.2f} s + bare insert "
            f"{times['insert']:.2f} s = {bare:.2f} s: ratio {times['receive'] / bare:.2f} (goal 2)",
            f"  memory of one receipt: {held[0] / 2**20:.1f} MiB at package {EARLY + 1}, {held[1] / 2**20:.1f} MiB at "
            f"package {packages} (goal: flat); largest process {peak() / 2**20:.0f} MiB",
        )
    )


if __name__ == "__main__":
    print(run())
