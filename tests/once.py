"""Pure work that a test process does once instead of once a test: derived keys and compiled statements."""

from __future__ import annotations

import functools
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Engine, create_engine

from models.store import engine as store_engine
from models.store.vault import passphrase


@functools.cache
def _derived(cost: tuple[tuple[str, Any], ...], secret: bytes) -> bytes:
    return Argon2id(**dict(cost)).derive(secret)


class RememberedArgon2id:
    """Argon2id that answers from memory when salt, cost and secret were the same before."""

    def __init__(self, **cost: Any) -> None:
        self._cost = tuple(sorted(cost.items()))

    def derive(self, secret: bytes) -> bytes:
        """The key, as Argon2id gives it."""
        return _derived(self._cost, secret)


def cheapest_argon2id(**cost: Any) -> RememberedArgon2id:
    """The same at the least price that the vault accepts."""
    return RememberedArgon2id(**cost | {"memory_cost": 19456, "iterations": 2, "lanes": 1})


def derive_keys_once() -> None:
    """A store is opened again and again with the same passphrase: each is derived at its price once a process."""
    passphrase.Argon2id = RememberedArgon2id  # type: ignore[misc, assignment]


@functools.cache
def _first_engine() -> list[Engine]:
    return []


def compile_statements_once() -> None:
    """All engines of a process share one dialect and so one cache of compiled statements."""

    def create(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        first = _first_engine()
        first or first.append(engine)
        engine.dialect = first[0].dialect
        engine.update_execution_options(compiled_cache=first[0]._compiled_cache)
        return engine

    store_engine.create_engine = create
