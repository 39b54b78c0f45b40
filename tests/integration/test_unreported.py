"""Pupils whose baseline was refused are reported again at the next import, or when asked for."""

from __future__ import annotations

import pytest

from models.domain.errors import UserError
from models.domain.units import Role
from models.services import changes, roster_edit
from models.services.unreported import count_unreported


def refuse(school, change_id: str) -> None:
    school.write(changes.submit, school.registrar, change_id)
    school.write(changes.refuse, school.head, [change_id], "名单不全")


def test_a_refused_baseline_goes_again_with_the_next_import(school, pupils) -> None:
    first = school.take_in(pupils(3))
    assert (first.reported, school.read(count_unreported)) == (0, 0)
    refuse(school, first.baseline_id)
    assert school.read(count_unreported) == 3
    second = school.take_in(pupils(5))
    assert (second.new, second.reported) == (2, 3)
    assert {len(school.read(changes.pupils, one)) for one in (second.baseline_id, second.reported_id)} == {2, 3}
    third = school.take_in(pupils(5))
    assert (third.reported, third.reported_id, third.batch_id) == (0, "", "")
    school.write(changes.submit, school.registrar, second.reported_id)
    school.write(changes.approve, school.head, school.signer(Role.HEAD), [second.reported_id])
    with pytest.raises(UserError, match="不能整批撤销"):
        school.write(roster_edit.undo_batch, school.registrar, first.batch_id)
    assert school.write(roster_edit.undo_batch, school.registrar, second.batch_id) == 2


def test_a_baseline_without_a_subject_takes_all_not_reported(school, pupils) -> None:
    first = school.take_in(pupils(3))
    with pytest.raises(UserError, match="没有尚未上报"):
        school.write(changes.propose, school.registrar, "roster.baseline", "", {}, "")
    refuse(school, first.baseline_id)
    again = school.write(changes.propose, school.registrar, "roster.baseline", "", {}, "补报")
    assert len(school.read(changes.pupils, again)) == 3
    school.write(changes.submit, school.registrar, again)
    assert school.read(count_unreported) == 0
