"""Counting wrong secrets beside the store, so that a restart does not forget them (5 failures lock for 30 minutes)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.domain.times import from_text, local_text, to_text
from models.store.errors import StoreLockedError, WrongSecretError
from models.store.files import write_atomically

ATTEMPTS_FILE = "attempts.json"
LIMIT = 5
LOCK_TIME = timedelta(minutes=30)


@dataclass(frozen=True)
class LockStatus:
    """Failures of one name since the last success; `locked_until` is a time or empty."""

    name: str
    failures: int
    locked_until: str


def lock_status(home: Path) -> list[LockStatus]:
    """Who has failed how often; expired locks are not shown."""
    now = datetime.now(UTC)
    result = []
    for name, (failures, last) in sorted(_load(home).items()):
        until = _until(failures, last, now)
        if until or failures < LIMIT:
            result.append(LockStatus(name, failures, to_text(until) if until else ""))
    return result


@contextmanager
def counted(home: Path, name: str) -> Iterator[None]:
    """Try a secret of `name`: raises StoreLockedError before the try, and counts a WrongSecretError.

    The failure is written before the secret is tried, so that killing the program does not save an attempt.
    """
    now = datetime.now(UTC)
    counts = _load(home)
    failures, last = counts.get(name, (0, now))
    until = _until(failures, last, now)
    if until:
        if last > now:  # the clock was set back: the half hour counts from now, not from that day on
            _save(home, counts | {name: (failures, now)})
        raise StoreLockedError(name, local_text(to_text(until)))
    failures = 0 if failures >= LIMIT else failures
    _save(home, counts | {name: (failures + 1, now)})
    try:
        yield
    except WrongSecretError as fault:
        left = LIMIT - failures - 1
        hint = f"还可以试 {left} 次。" if left else f"已连续 {LIMIT} 次不对，请 30 分钟后再试。"
        raise WrongSecretError(f"{fault}{hint}") from None
    except BaseException:
        _save(home, counts)  # something else went wrong: not an attempt at the secret
        raise
    _save(home, {other: count for other, count in counts.items() if other != name})


def forget(home: Path, name: str) -> None:
    """Start counting anew for a name that another secret has let in."""
    counts = _load(home)
    if name in counts:
        _save(home, {other: count for other, count in counts.items() if other != name})


def _until(failures: int, last: datetime, now: datetime) -> datetime | None:
    """End of the lock. A last failure in the future (clock set back) locks no longer than a fresh one would."""
    if failures < LIMIT:
        return None
    end = min(last, now) + LOCK_TIME
    return end if end > now else None


def _load(home: Path) -> dict[str, tuple[int, datetime]]:
    try:
        data = json.loads((home / ATTEMPTS_FILE).read_text(encoding="utf-8"))
        return {str(name): (int(count), from_text(last)) for name, (count, last) in data.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}  # a file made unreadable must not keep anybody out


def _save(home: Path, counts: dict[str, tuple[int, datetime]]) -> None:
    data = {name: [count, to_text(last)] for name, (count, last) in counts.items()}
    write_atomically(home / ATTEMPTS_FILE, json.dumps(data, ensure_ascii=False).encode())
