"""Run in a process of its own by the crash tests: does something to a store and stands still to be killed there."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.services import maintenance, operators
from models.store import audit, backup, files, opening, rekey
from models.store.store import Store
from models.store.tables import setting
from models.store.vault import keyfile
from models.store.vault.passphrase import KdfParameters
from sync.packages import inbox, ledger
from sync.transport import incoming

CHEAPEST = KdfParameters(19456, 2, 1)
PLACES: dict[str, tuple[Any, str]] = {
    "export": (rekey, "export"),
    "change": (rekey, "_change"),
    "check": (rekey, "check"),
    "save": (keyfile, "save"),
    "tidy": (rekey, "tidy"),
    "replace": (files, "replace"),
    "admit": (opening, "admit"),
    "assemble": (backup, "_assemble"),
    "entered": (ledger, "add"),
    "moved": (ledger, "move"),
    "joined": (incoming, "join"),
    "dropped": (incoming, "drop"),
}


def stand_still(*_rest: object) -> None:
    """Tell the parent that the place is reached, and wait for the end."""
    print("here", flush=True)
    time.sleep(60)


def stop_at(place: str, when: str, count: int) -> None:
    """Stand still before or after the `count`-th call of the function at `place`."""
    module, name = PLACES[place]
    real: Callable[..., Any] = getattr(module, name)
    calls = 0

    def wrapped(*args: Any, **kw: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count and when == "before":
            stand_still()
        result = real(*args, **kw)
        if calls == count and when == "after":
            stand_still()
        return result

    setattr(module, name, wrapped)


def write_much(session: Session, note: str) -> None:
    """Fill a transaction with more than the page cache holds, so that the WAL is in use."""
    values = [{"key": f"{note}{number}", "value": note * 400} for number in range(4000)]
    session.execute(insert(setting), values)
    audit.append(session, None, "test.fill", note, {})
    session.flush()


def main(act: str, home: Path, name: str, secret: str, *rest: str) -> None:
    """Carry out `act`."""
    if act == "recover":
        stop_at(rest[1], rest[2], int(rest[3]))
        operators.recover(home, rest[0], name, secret, kdf=CHEAPEST)
        return
    if act == "activate":
        stop_at(rest[1], rest[2], int(rest[3]))
        operators.activate(home, name, rest[0], secret, kdf=CHEAPEST)
        return
    store = Store.open(home, name, secret)
    if act == "hold":
        stand_still()
    elif act == "write":
        store.write(lambda session: (write_much(session, rest[0]), stand_still()))
    elif act == "committed":
        store.write(write_much, rest[0])
        stand_still()
    elif act == "backup":
        stop_at(rest[0], rest[1], int(rest[2]))
        maintenance.backup(store, home / "out.rollbook")
    elif act == "receive":
        stop_at(rest[0], rest[1], 1)
        for path in rest[2:]:
            inbox.receive(store, Path(path))
    elif act == "renew":
        stop_at(rest[0], rest[1], int(rest[2]))
        operators.renew_recovery(store)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
