"""Every parser of foreign bytes survives its seeds and thousands of small damages to them (see tests/fuzz)."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, Target


def damaged(data: bytes, chance: random.Random) -> bytes:
    """`data` with a few bytes changed, cut out, doubled or put in."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(5):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << chance.randrange(8)
            case 1:
                del raw[at : at + chance.randint(1, 40)]
            case 2:
                raw[at:at] = raw[at : at + chance.randint(1, 40)]
            case 3:
                raw[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
            case _:
                raw[at:at] = chance.choice((b'"', b"{", b"[" * 2000, b"\x00", b"-1", b"1e9", b"\xff\xfe", b"null"))
    return bytes(raw)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_seeds_and_damaged_seeds_only_refuse(target: Target) -> None:
    seeds = target.seeds()
    chance = random.Random(target.name)
    for seed in seeds:
        target.run(seed)
    for _ in range(target.rounds):
        target.run(damaged(chance.choice(seeds), chance))


def test_every_target_has_seeds() -> None:
    assert {path.name for path in CORPUS.iterdir()} == {target.name for target in TARGETS}
