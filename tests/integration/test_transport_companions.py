"""Files between a unit's two PCs in a watched folder: offered to the one they are for, once."""

from __future__ import annotations

from pathlib import Path

from sync.formats import FileKind
from sync.packages import receiving
from sync.transport import watching
from tests.integration.test_companions import Sides, sides, template

__all__ = ["sides", "template"]


def offered(store: object, folder: Path) -> list[FileKind]:
    return [one.kind for one in watching.scan(store, [folder]).found]  # type: ignore[arg-type]


def test_drafts_and_decisions_are_offered_to_the_other_pc_once(sides: Sides) -> None:
    (pupil,) = sides.main.add_pupils(1)
    change = sides.main.propose(pupil, "赵一")
    sides.drafts()
    assert offered(sides.main.store, sides.stick) == [], "its own on the way out"
    assert offered(sides.second.store, sides.stick) == []
    assert offered(sides.head.store, sides.stick) == [FileKind.DRAFTS]
    (taken,) = receiving.receive_all(sides.head.store, receiving.expand(sides.head.store, [sides.stick]))
    assert taken.received is not None
    assert offered(sides.head.store, sides.stick) == []
    sides.head.approve([change])
    sides.decisions()
    assert offered(sides.head.store, sides.stick) == []
    assert offered(sides.main.store, sides.stick) == [FileKind.DECISIONS]
    files = receiving.expand(sides.main.store, [sides.stick])
    assert [one.refused for one in receiving.receive_all(sides.main.store, files)] == [False]
    assert offered(sides.main.store, sides.stick) == []
