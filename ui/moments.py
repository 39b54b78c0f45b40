"""Times as lists show them: 今天 07:30, 昨天 16:20, 10-20 09:12, 2025-10-20."""

from __future__ import annotations

from datetime import datetime

from models.domain.times import local


def moment(text: str, now: datetime | None = None) -> str:
    """A stored UTC time (`YYYY-MM-DDTHH:MM:SSZ`) in words of this computer's day; "" stays ""."""
    if not text:
        return ""
    at = local(text)
    days = ((now or datetime.now().astimezone()).date() - at.date()).days
    if days == 0:
        return f"今天 {at:%H:%M}"
    if days == 1:
        return f"昨天 {at:%H:%M}"
    if abs(days) < 300:
        return f"{at:%m-%d %H:%M}"
    return f"{at:%Y-%m-%d}"


def days_since(text: str, now: datetime | None = None) -> int:
    """Whole days on the calendar since a stored time."""
    at = local(text)
    return ((now or datetime.now().astimezone()).date() - at.date()).days
