"""Time moves forward by a superior's signature only, and a mad clock locks nobody out (decision 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.domain.errors import NotAllowedError
from models.domain.times import from_text, to_text
from models.domain.units import Role
from models.store import audit, clock


class Clock(datetime):
    """A datetime whose `now` the test sets."""

    moment = datetime.now(UTC)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


@pytest.fixture
def store(school_store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    store = school_store.open(Role.ADMINISTRATOR)
    monkeypatch.setattr(clock, "datetime", Clock)
    monkeypatch.setattr(Clock, "moment", datetime.now(UTC).replace(microsecond=0))
    return store


def days(number: int) -> str:
    return to_text(Clock.moment + timedelta(days=number))


def test_without_a_signed_time_the_own_clock_holds(store: Any) -> None:
    assert store.read(clock.now) == days(0)
    assert store.read(clock.warning) is None


@pytest.mark.parametrize(("signed", "now"), [(5, 5), (-5, 0), (30, 30), (4000, 30)])
def test_a_signed_time_moves_now_at_most_thirty_days(signed: int, now: int, store: Any) -> None:
    store.write(clock.advance, days(signed))
    assert store.read(clock.now) == days(now)


def test_an_older_signed_time_changes_nothing(store: Any) -> None:
    store.write(clock.advance, days(9))
    store.write(clock.advance, days(3))
    assert store.read(clock.now) == days(9)
    with pytest.raises(ValueError):  # noqa: PT011
        store.write(clock.advance, "tomorrow")


@pytest.mark.parametrize(("year", "sentence"), [(2009, "还早"), (2099, "超过一年")])
def test_a_mad_clock_is_a_sentence_and_work_goes_on(year: int, sentence: str, store: Any) -> None:
    Clock.moment = Clock.moment.replace(year=year, day=1)
    doubt = store.read(clock.warning)
    assert doubt is not None
    assert sentence in doubt.sentence
    assert from_text(store.read(clock.now)).year == year
    store.write(audit.append, store.actor, "test", "x", {})


def test_two_persons_set_the_clock_back(store: Any, school_store: Any) -> None:
    store.write(clock.advance, days(20))
    with pytest.raises(NotAllowedError, match="两个人"):
        store.write(clock.set_back, store.actor, store.actor, days(0))
    other = school_store.open(Role.HEAD).actor
    first = school_store.open(Role.ADMINISTRATOR)
    first.write(clock.set_back, first.actor, other, days(-1))
    assert first.read(clock.now) == days(0)
    assert first.read(audit.entries)[0].act == "clock.set_back"
