"""Pieces of recovery on their own: places under a root, what a request tells, a school that lost everything."""

from __future__ import annotations

import hashlib

import pytest

from sync.packages.ledger import Place
from sync.recovery.memory import place_json, read_memory, read_place
from sync.recovery.proofs import path_to, root_by
from sync.wire.content import root


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 64, 65])
def test_every_leaf_leads_to_the_root_by_its_own_way_alone(count: int) -> None:
    leaves = [hashlib.sha256(bytes([place])).digest() for place in range(count)]
    for place, leaf in enumerate(leaves):
        path = path_to(leaves, place)
        assert root_by(leaf, path, place, count) == root(leaves)
        assert root_by(hashlib.sha256(b"other").digest(), path, place, count) != root(leaves)
        for wrong in range(count):
            if wrong != place:
                assert _leads(leaf, path, wrong, count) != root(leaves)


def _leads(leaf: bytes, path: list[bytes], place: int, count: int) -> str:
    try:
        return root_by(leaf, path, place, count)
    except ValueError:
        return ""


@pytest.mark.parametrize(("place", "count", "extra"), [(3, 3, 0), (-1, 3, 0), (0, 0, 0), (1, 3, 1)])
def test_a_place_outside_or_a_longer_way_is_no_proof(place: int, count: int, extra: int) -> None:
    leaves = [bytes([number]) * 32 for number in range(3)]
    path = path_to(leaves, 1) + [b"x" * 32] * extra
    with pytest.raises(ValueError, match="p"):
        root_by(leaves[1], path, place, count)


def test_what_a_request_tells_is_read_strictly() -> None:
    place = {"epoch": 1, "sequence": 2, "last": "a"}
    assert read_memory(None) is None
    memory = read_memory({"up": place, "down": place, "sent": ["a", "b"]})
    assert memory is not None
    assert (memory.up, memory.sent) == (Place(1, 2, "a"), {"a", "b"})
    assert place_json(memory.down) == place
    for bad in ({"epoch": -1}, {"sequence": "2"}, {"last": 5}, {"last": "a" * 101}, {"epoch": True}):
        with pytest.raises(ValueError, match="place"):
            read_place({**place, **bad})
    with pytest.raises((KeyError, TypeError)):
        read_memory({"up": place})
