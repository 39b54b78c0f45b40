"""A dozen units and a bad post: whatever is lost, doubled, swapped or late, all stores agree in the end (issue 3).

ROLLBOOK_WALKS=200 walks that many seeds; ROLLBOOK_WALK=17 the one, and prints what happened.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tier_agreement import disagreements
from tests.tier_walk import Walk, make_dozen

STEPS = 45
_ONE, _MANY = os.environ.get("ROLLBOOK_WALK"), int(os.environ.get("ROLLBOOK_WALKS", "2"))
SEEDS = [int(_ONE)] if _ONE else range(1, _MANY + 1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dozen(tmp_path_factory.mktemp("dozen"))


@pytest.mark.parametrize("seed", SEEDS)
def test_all_stores_agree_in_the_end(template: Path, tmp_path: Path, seed: int) -> None:
    walk = Walk(template, tmp_path, seed)
    try:
        for _ in range(STEPS):
            walk.step()
        walk.settle()
        assert disagreements(walk) == []
    finally:
        walk.close()
        print("\n".join(walk.log))
