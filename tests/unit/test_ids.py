"""Ids as people see them: what tells one from another, and the code that giver and taker compare."""

from __future__ import annotations

from models.domain.acts import object_text
from models.domain.ids import check_code, id_end, new_id


def test_ids_made_at_the_same_time_are_told_apart() -> None:
    ids = [new_id() for _ in range(20)]
    assert len({id_end(one) for one in ids}) == len(ids)
    assert len({object_text(f"unit:{one}") for one in ids}) == len(ids)


def test_a_package_is_named_by_its_beginning_and_compared_in_groups() -> None:
    package_id = "0123456789abcdef" * 4
    assert object_text(f"package:{package_id}").endswith("01234567")
    assert check_code(package_id) == "0123 4567 89AB CDEF"
