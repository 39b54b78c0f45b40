"""Trainings, who took part, and the certificates they gave (A18, E39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.duties import PASSED, RESULT_LABELS
from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.ids import id_end, new_id
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.services.companions import own_pc
from models.services.permissions import require_any_role
from models.services.policies import effective
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

MOST_PEOPLE: Final = 500
_LONGEST: Final = 2000
_NONE: Final = {"certificate": "", "valid_until": "", "trained_on": "", "training": ""}


@dataclass(frozen=True)
class Attendance:
    """Somebody at a training: result (key of RESULT_LABELS), certificate number and its last day, "" for none."""

    name: str
    result: str
    certificate: str = ""
    valid_until: str = ""


@dataclass(frozen=True)
class Training:
    """A training with everybody who took part."""

    id: str
    number: str
    held_on: str
    title: str
    content: str
    people: tuple[Attendance, ...]


def record_training(
    session: Session, actor: Actor, held_on: str, title: str, content: str, people: Sequence[Attendance]
) -> str:
    """Enter a training; its id. The duties of those who got a certificate show it from now on (A18, E39).

    `held_on`: day YYYY-MM-DD. Raises NotAllowedError, UserError, DataFaultError.
    """
    require_any_role(actor, (Role.ADMINISTRATOR, Role.REGISTRAR), "登记培训")
    day = _day(held_on, "培训日期")
    if day > local_day(now_text()):
        raise UserError(f"培训日期 {day} 还没有到，请在培训之后登记。")
    if not title.strip() or len(title) > 100 or len(content) > _LONGEST:
        raise DataFaultError(f"请填写培训名称（最多 100 字）；内容最多 {_LONGEST} 字。")
    if not 0 < len(people) <= MOST_PEOPLE:
        raise DataFaultError(f"一次培训须登记 1 至 {MOST_PEOPLE} 名参加人员。")
    checked = [_checked(one, day) for one in people]
    training_id = new_id()
    row = {
        "id": training_id, "held_on": day, "title": title.strip(), "content": content.strip(),
        "recorded_by": actor.name, "recorded_at": now_text(),
    }  # fmt: skip
    session.execute(insert(t.training).values(**row))
    rows = [
        {
            "training_id": training_id, "position": place, "name": one.name, "result": one.result,
            "certificate": one.certificate, "valid_until": one.valid_until,
        }
        for place, one in enumerate(checked)
    ]  # fmt: skip
    session.execute(insert(t.training_person), rows)
    for one in checked:
        _show_certificate(session, one.name)
    facts = {"title": title.strip(), "persons": len(rows)}
    audit.append(session, actor, "training.record", f"training:{training_id}", facts)
    return training_id


def _day(text: str, label: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise UserError(f"{label}“{text}”应写成 2026-12-31 这样的日期。") from None


def _checked(one: Attendance, held_on: str) -> Attendance:
    name, number = one.name.strip(), one.certificate.strip()
    if not name or len(name) > 100 or not name.isprintable() or len(number) > 100:
        raise DataFaultError("参加人员须有姓名（最多 100 字），证书编号最多 100 字。")
    if one.result not in RESULT_LABELS:
        raise DataFaultError(f"{name}的结果只能是：{'、'.join(RESULT_LABELS.values())}。")
    if number and one.result != PASSED:
        raise DataFaultError(f"{name}{RESULT_LABELS[one.result]}，不能有合格证书（E39：考试合格颁发培训合格证书）。")
    valid = _day(one.valid_until, f"{name}的证书有效期") if one.valid_until.strip() else ""
    if valid and (valid < held_on or not number):
        raise DataFaultError(f"{name}的证书有效期不能早于培训日期，并须填写证书编号。")
    return Attendance(name, one.result, number, valid)


def certificate_of(session: Session, name: str) -> dict[str, str]:
    """The certificate of a person that lasts longest: certificate, valid_until, trained_on, training; "" for none."""
    p, g = t.training_person.c, t.training.c
    query = select(p.certificate, p.valid_until, g.held_on, g.title).join_from(
        t.training_person, t.training, g.id == p.training_id
    )
    rows = session.execute(query.where(p.name == name, p.certificate != "")).all()
    if not rows:
        return dict(_NONE)
    best = max(rows, key=lambda row: (row.valid_until or "9999-12-31", row.held_on))
    return {
        "certificate": best.certificate, "valid_until": best.valid_until, "trained_on": best.held_on,
        "training": best.title,
    }  # fmt: skip


def _show_certificate(session: Session, name: str) -> None:
    c = t.duty.c
    mine = (c.unit_id == own_unit(session).id, c.name == name, c.until == "")
    session.execute(update(t.duty).where(*mine).values(**certificate_of(session, name)))


def list_trainings(session: Session) -> list[Training]:
    """The trainings, newest first."""
    g = t.training.c
    rows = session.execute(select(t.training).order_by(g.held_on.desc(), g.id.desc())).all()
    return [_training(session, row) for row in rows]


def _training(session: Session, row: Row[Any]) -> Training:
    c = t.training_person.c
    query = select(t.training_person).where(c.training_id == row.id).order_by(c.position)
    people = tuple(Attendance(one.name, one.result, one.certificate, one.valid_until) for one in session.execute(query))
    return Training(row.id, id_end(row.id), row.held_on, row.title, row.content, people)


# --- certificates of those who approve (E39) ------------------------------------------------------------------


def approver_warning(session: Session, actor: Actor) -> str:
    """Why the person should not approve yet: no certificate, or one that has run out; "" when all is well (E39)."""
    held = certificate_of(session, actor.name)
    if not held["certificate"]:
        return f"{actor.name}没有登记培训合格证书，应持证上岗（E39），请安排培训并登记证书"
    if held["valid_until"] and held["valid_until"] < local_day(now_text()):
        return f"{actor.name}的培训合格证书已于 {held['valid_until']} 到期，应持证上岗（E39），请安排培训并登记新证书"
    return ""


def require_certificate(session: Session, actor: Actor) -> None:
    """Refuse an approval without a valid certificate where the policy asks for one (E39). Raises NotAllowedError.

    The register of trainings is on the unit's main PC, which judges what a second one has decided.
    """
    if own_pc(session):
        return
    if effective(session).values.get("certified") == "block" and (why := approver_warning(session, actor)):
        raise NotAllowedError(f"{why}。按现行政策，未持证不得核办。")
