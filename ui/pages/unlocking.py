"""What the entrance does off the window's thread; everything heavy is imported when it is first called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.store.store import Store


def import_store() -> None:
    """Import what opening needs, before somebody waits for it."""
    import models.services.operators
    import models.services.roster  # noqa: F401


@dataclass(frozen=True)
class People:
    """Names: who can open the store, and who has an activation code that waits."""

    active: tuple[str, ...]
    waiting: tuple[str, ...]


def people(home: Path) -> People:
    """The names of a data folder."""
    from models.store.vault import keyfile
    from models.store.vault.codes import CodeKind

    keys = keyfile.load(home)
    waiting = tuple(slot.name for slot in keys.codes if slot.kind is CodeKind.ACTIVATION)
    return People(tuple(slot.name for slot in keys.operators), waiting)


def remembered(home: Path) -> list[str]:
    """Who may open it through the keyring of this computer, to read."""
    from models.store.vault import keyfile

    names = {slot.person_id: slot.name for slot in keyfile.load(home).operators}
    return [names[slot.person_id] for slot in keyfile.load(home).remembered if slot.person_id in names]


def open_store(home: Path, name: str, passphrase: str) -> Store:
    """Open by passphrase."""
    from models.store.store import Store

    return Store.open(home, name, passphrase)


def open_by_keyring(home: Path, name: str) -> Store:
    """Open to read, through the keyring."""
    from models.store.store import Store

    return Store.open_remembered(home, name)


def activate(home: Path, name: str, code: str, passphrase: str) -> Store:
    """The first login: the activation code gives a passphrase of one's own."""
    from models.services import operators

    operators.activate(home, name, code, passphrase)
    return open_store(home, name, passphrase)


def recover(home: Path, name: str, code: str, passphrase: str) -> tuple[Store, str]:
    """By the recovery code; the store and the new code."""
    from models.services import operators

    new_code = operators.recover(home, code, name, passphrase)
    return open_store(home, name, passphrase), new_code
