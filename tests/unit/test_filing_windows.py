"""What a filing may say of itself and of its accounts, and the windows of the notice (A13-A15)."""

from __future__ import annotations

from typing import Any

import pytest

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import FileRefusedError
from models.domain.filing import act_of, is_filed_row, is_head, next_window, window_of
from models.domain.forms import FilingKind
from models.domain.units import Line
from models.services.review_intake import check_entry, check_shape

UNIT = "c0000900-0000-4000-8000-000000000004"
HEAD = {"period": "2027-05", "kind": "first", "as_of": "2027-05-10T02:00:00Z"}
ROW: dict[str, Any] = {"id": "a", "values": {"username": "tslna"}, "status": "active", "act": "added", "revision": 3}


@pytest.mark.parametrize(
    ("now", "filed", "act"),
    [
        (("pending", 1), ("", 0), None),
        (("active", 1), ("", 0), "added"),
        (("disabled", 3), ("", 0), "disabled"),
        (("active", 3), ("active", 3), None),
        (("active", 4), ("active", 3), "changed"),
        (("disabled", 4), ("active", 3), "disabled"),
        (("active", 5), ("disabled", 4), "added"),
        (("disabled", 6), ("disabled", 4), None),
    ],
)
def test_what_an_account_is_filed_as(now: tuple[str, int], filed: tuple[str, int], act: str | None) -> None:
    assert act_of(*now, *filed) == act


def test_rows_and_heads_of_another_shape_are_refused() -> None:
    check_entry(ROW, ACCOUNT_FILING)
    for part in (
        {"status": "disabled"}, {"status": "pending", "act": "added"}, {"act": "kept"}, {"act": 1}, {"act": None},
        {"revision": 0}, {"revision": True}, {"revision": 1 << 31}, {"revision": "3"}, {"more": 1},
        {"values": {"class_name": "1班"}}, {"values": {"username": 5}}, {"id": 7}, {"status": ["active"]},
    ):  # fmt: skip
        with pytest.raises(FileRefusedError):
            check_entry({**ROW, **part}, ACCOUNT_FILING)
    with pytest.raises(FileRefusedError):
        check_entry({"id": "a", "values": {"username": "tslna"}}, ACCOUNT_FILING)
    assert not is_filed_row({})
    texts = dict.fromkeys(("id", "number", "subject", "label", "reason", "created"), "x")
    item = {**texts, "kind": "account.filing", "unit": UNIT, "attempt": 1, "before": {}, "batch": {}}
    check_shape({**item, "after": HEAD}, UNIT, Line.OPEN)
    for part in ({"kind": "all"}, {"period": "2027-00"}, {"as_of": "now"}, {"x": "1"}, {"kind": "whole"}):
        after = {**HEAD, **part}
        assert not is_head(after)
        with pytest.raises(FileRefusedError):
            check_shape({**item, "after": after}, UNIT, Line.OPEN)
    with pytest.raises(FileRefusedError):
        check_shape({**item, "after": HEAD, "before": {"name": "张三"}}, UNIT, Line.OPEN)


@pytest.mark.parametrize(
    ("day", "kind", "period", "inside"),
    [
        ("2027-05-01", "delta", "2027-05", True),
        ("2027-05-31", "delta", "2027-05", True),
        ("2027-06-01", "delta", "2027-05", False),
        ("2027-06-30", "first", "2027-05", True),
        ("2027-01-01", "first", "2027-05", True),
        ("2027-01-01", "delta", "2026-10", False),
        ("2027-07-01", "first", "2027-05", False),
        ("2027-10-31", "first", "2027-10", True),
        ("2027-12-31", "delta", "2027-10", False),
    ],
)
def test_windows_of_the_notice(day: str, kind: str, period: str, inside: bool) -> None:
    window = window_of(day, FilingKind(kind))
    assert (window.period, day in window) == (period, inside)


def test_windows_a_tier_has_given_hold_in_their_year() -> None:
    given = (("2027-03-15", "2027-04-15"),)
    assert window_of("2027-05-02", FilingKind.DELTA, given).period == "2027-03"
    assert next_window("2027-05-02", FilingKind.DELTA, given).period == "2028-05"
