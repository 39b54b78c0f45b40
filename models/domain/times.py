"""Times as the program keeps and shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ` of an aware time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """The aware time of `to_text`; raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def now_text() -> str:
    """The computer's own clock."""
    return to_text(datetime.now(UTC))


def local(text: str) -> datetime:
    """The time of `to_text` on this computer's clock; one its calendar does not reach stays in UTC.

    Times in files from elsewhere are within the years 1 to 9999, no more. Raises ValueError.
    """
    moment = from_text(text)
    try:
        return moment.astimezone()
    except (OverflowError, OSError):
        return moment


def local_text(text: str) -> str:
    """A time as people read it on this computer: `YYYY-MM-DD HH:MM`."""
    return local(text).isoformat(" ")[:16]


def start_of_day(day: str) -> str:
    """When the day `YYYY-MM-DD` begins on this computer, as UTC text; raises ValueError."""
    return to_text(datetime.strptime(day, "%Y-%m-%d").astimezone())


def end_of_day(day: str) -> str:
    """The last second of the day `YYYY-MM-DD` on this computer, as UTC text; raises ValueError."""
    return to_text(datetime.strptime(f"{day} 23:59:59", "%Y-%m-%d %H:%M:%S").astimezone())


def local_day(text: str) -> str:
    """The day of a time as people read it on this computer: `YYYY-MM-DD`."""
    return local_text(text)[:10]
