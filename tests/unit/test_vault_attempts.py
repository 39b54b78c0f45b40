"""Five failures lock for half an hour, whatever is restarted or set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.store.errors import StoreLockedError, WrongSecretError
from models.store.vault import attempts
from models.store.vault.attempts import counted, lock_status


class Clock(datetime):
    """A datetime whose `now` the test moves."""

    moment = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(attempts, "datetime", Clock)
    monkeypatch.setattr(Clock, "moment", Clock.moment)
    return Clock


def fail(home: Path, name: str = "方圆") -> str:
    with pytest.raises(WrongSecretError) as caught, counted(home, name):
        raise WrongSecretError("口令不对。")
    return str(caught.value)


def test_failures_are_counted_down_and_then_lock(tmp_path: Path, clock: type[Clock]) -> None:
    assert "还可以试 4 次" in fail(tmp_path)
    for _ in range(3):
        fail(tmp_path)
    assert "30 分钟" in fail(tmp_path)
    with pytest.raises(StoreLockedError, match="方圆"), counted(tmp_path, "方圆"):
        pytest.fail("a locked name must not be tried")
    assert "还可以试 4 次" in fail(tmp_path, "白露")


def test_the_lock_ends_after_half_an_hour(tmp_path: Path, clock: type[Clock]) -> None:
    for _ in range(5):
        fail(tmp_path)
    assert lock_status(tmp_path)[0].locked_until == "2026-03-02T08:30:00Z"
    clock.moment += timedelta(minutes=31)
    with counted(tmp_path, "方圆"):
        pass
    assert lock_status(tmp_path) == []


def test_a_clock_set_back_does_not_lengthen_the_lock(tmp_path: Path, clock: type[Clock]) -> None:
    for _ in range(5):
        fail(tmp_path)
    clock.moment -= timedelta(days=400)
    until = lock_status(tmp_path)[0].locked_until
    assert until == attempts.to_text(clock.moment + attempts.LOCK_TIME)
    with pytest.raises(StoreLockedError), counted(tmp_path, "方圆"):
        pytest.fail("a locked name must not be tried")
    clock.moment += timedelta(minutes=31)
    with counted(tmp_path, "方圆"):
        pass


def test_an_attempt_counts_even_if_the_program_dies_in_it(tmp_path: Path) -> None:
    guard = counted(tmp_path, "方圆")
    guard.__enter__()  # killed here
    assert lock_status(tmp_path)[0].failures == 1


def test_other_faults_are_no_attempts(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="disk"), counted(tmp_path, "方圆"):
        raise OSError("disk")
    assert lock_status(tmp_path) == []


def test_a_damaged_counter_does_not_lock_out(tmp_path: Path) -> None:
    (tmp_path / attempts.ATTEMPTS_FILE).write_text("[1, 2", encoding="utf-8")
    with counted(tmp_path, "方圆"):
        pass
