"""Classes with more pupils than the policy admits for their stage (E29)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.policy_settings import STAGES, class_size_key
from models.domain.units import Line
from models.rules.businesses import tiers_text
from models.rules.classes import class_order
from models.rules.stages import stage_of
from models.services.policies import effective
from models.services.units import find_unit, own_unit
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class ClassSize:
    """A class and its enrolled pupils; `stage` "" when nothing says it; `cap` None for no limit, `tier` who set it;
    `alone`: no other grade of the school has a class of this name."""

    unit_id: str
    unit_name: str
    grade: str
    class_name: str
    stage: str
    size: int
    cap: int | None
    tier: str
    alone: bool = True

    @property
    def over(self) -> bool:
        """Whether the class has more pupils than it may."""
        return self.cap is not None and self.size > self.cap

    @property
    def name(self) -> str:
        """The class with its grade."""
        return self.class_name if self.grade in self.class_name else self.grade + self.class_name

    @property
    def sentence(self) -> str:
        """What is wrong with the size, and what to do; "" for nothing."""
        if not self.over:
            return ""
        stage = STAGES[self.stage]
        return f"“{self.name}”有 {self.size} 人，超过{stage}班额 {self.cap} 人（由{self.tier}设置），请核对分班情况。"


def class_sizes(session: Session) -> list[ClassSize]:
    """Every class of this store with its size, by school, grade and class; none in the open line.

    A class is told by grade and class name; pupils without a grade belong to the one grade that has such a class.
    """
    if own_unit(session).line is not Line.BASIC:
        return []
    policy = effective(session)
    found = []
    for unit_id, classes in _counted(session).items():
        unit = find_unit(session, unit_id)
        code, name = (unit.code, unit.name) if unit else ("", "未知单位")
        names = Counter(class_name for _, class_name in classes)
        for (grade, class_name), size in classes.items():
            stage = stage_of(code, grade, class_name)
            cap = policy.class_size(stage) if stage else None
            tier = "" if cap is None else tiers_text(policy, class_size_key(stage))
            found.append(ClassSize(unit_id, name, grade, class_name, stage, size, cap, tier, names[class_name] == 1))
    return sorted(found, key=lambda one: (one.unit_name, class_order(one.grade), class_order(one.class_name)))


def overfull(session: Session, class_name: str = "") -> tuple[str, ...]:
    """Sentences for the classes of this unit over their size; only for those of a name when one is given."""
    return tuple(one.sentence for one in own_overfull(session) if class_name in ("", one.class_name))


def own_overfull(session: Session) -> list[ClassSize]:
    """The classes of this unit over their size."""
    own = own_unit(session).id
    return [one for one in class_sizes(session) if one.over and one.unit_id == own]


def _counted(session: Session) -> dict[str, dict[tuple[str, str], int]]:
    """{unit: {(grade, class): pupils}} of the enrolled."""
    s = t.student.c
    query = (
        select(s.unit_id, s.grade, s.class_name, func.count())
        .where(s.status == "enrolled", s.class_name != "")
        .group_by(s.unit_id, s.grade, s.class_name)
    )
    counted: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for unit_id, grade, class_name, number in session.execute(query):
        counted[unit_id][grade, class_name] = number
    for classes in counted.values():
        for grade, class_name in [key for key in classes if not key[0]]:
            graded = [key for key in classes if key[0] and key[1] == class_name]
            if len(graded) == 1:
                classes[graded[0]] += classes.pop((grade, class_name))
    return counted
