"""Who is named for which duty in a unit, since when, until when (A7, A8, B4, E34)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.duties import DUTY, DUTY_LABELS
from models.domain.errors import DataFaultError, UserError
from models.domain.ids import id_end, new_id
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.rules.contacts import email_fault, mobile_fault, office_phone_fault
from models.services.duties.training import certificate_of
from models.services.permissions import require_any_role
from models.services.units import known_names, own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

NAMERS: Final = (Role.ADMINISTRATOR, Role.REGISTRAR)
TOLD: Final = (
    "id", "code", "business", "name", "phone", "email", "since", "until", "certificate", "valid_until", "trained_on",
    "training",
)  # fmt: skip
"""What a unit tells the tiers above of each duty."""
_LONGEST: Final = 100


@dataclass(frozen=True)
class Named:
    """Somebody named for a duty; days as YYYY-MM-DD, `until` and `valid_until` "" for no end."""

    id: str
    number: str
    unit_id: str
    unit_name: str
    code: str
    label: str
    business: str
    name: str
    phone: str
    email: str
    since: str
    until: str
    certificate: str
    valid_until: str
    trained_on: str
    training: str


def today() -> str:
    """The day on this computer, YYYY-MM-DD."""
    return local_day(now_text())


def checked_day(text: str, label: str) -> str:
    """A day as YYYY-MM-DD; "" stays. Raises UserError that names `label`."""
    text = text.strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise UserError(f"{label}“{text}”应写成 2026-12-31 这样的日期。") from None


def checked_text(text: str, label: str, longest: int = _LONGEST) -> str:
    """A text of one line, not empty. Raises DataFaultError that names `label`."""
    text = text.strip()
    if not text or len(text) > longest or not text.isprintable():
        raise DataFaultError(f"{label}不能为空，最多 {longest} 个字，只占一行。")
    return text


def name_person(session: Session, actor: Actor, code: str, values: Mapping[str, str]) -> str:
    """Name somebody for a duty; the id of the entry.

    `values`: name, phone, email, since (day, default today), business (for the duty “contact”). A certificate known
    from the training register goes along (E39). Several people may hold one duty. Raises NotAllowedError,
    UserError, DataFaultError.
    """
    require_any_role(actor, NAMERS, "指定专人")
    duty = DUTY.get(code)
    if duty is None:
        known = "、".join(f"{key}（{label}）" for key, label in DUTY_LABELS.items())
        raise UserError(f"没有“{code}”这项职责，可用的有：{known}。")
    name = checked_text(values.get("name", ""), "姓名")
    business = values.get("business", "").strip()
    if duty.needs_business:
        business = checked_text(business, "对接的业务")
    row = {
        "id": new_id(), "unit_id": actor.unit.id, "code": code, "business": business, "name": name,
        **_contacts(values), "since": checked_day(values.get("since", ""), "任职日期") or today(), "until": "",
        **certificate_of(session, name),
    }  # fmt: skip
    c = t.duty.c
    same = (c.unit_id == actor.unit.id, c.code == code, c.name == name, c.business == business, c.until == "")
    if session.execute(select(c.id).where(*same)).first() is not None:
        raise UserError(f"{name}已是本单位的{duty.label}，不用再指定；要更改联系方式，请先解除再指定。")
    session.execute(insert(t.duty).values(**row))
    audit.append(session, actor, "duty.name", f"duty:{row['id']}", {"code": code, "person": name})
    return str(row["id"])


def _contacts(values: Mapping[str, str]) -> dict[str, str]:
    phone, email = values.get("phone", "").strip(), values.get("email", "").strip()
    if not phone:
        raise DataFaultError("请填写联系电话，让下级和上级能找到这位负责人。")
    if mobile_fault(phone) and office_phone_fault(phone):
        raise DataFaultError("联系电话应是 11 位手机号，或带区号的座机号（0317-5042876）。")
    if email and (fault := email_fault(email)):
        raise DataFaultError(f"{fault}。")
    return {"phone": phone, "email": email}


def end(session: Session, actor: Actor, text: str, until: str = "") -> None:
    """Somebody no longer holds a duty; `text`: id or number, `until`: last day (default today). Raises UserError."""
    require_any_role(actor, NAMERS, "解除职责")
    row, day = find(session, text), checked_day(until, "解除日期") or today()
    if day < row.since:
        raise UserError(f"解除日期 {day} 早于任职日期 {row.since}，请核对。")
    session.execute(update(t.duty).where(t.duty.c.id == row.id).values(until=day))
    audit.append(session, actor, "duty.end", f"duty:{row.id}", {"code": row.code, "person": row.name})


def find(session: Session, text: str) -> Row[Any]:
    """An own entry in force by its id, its number or the person's name. Raises UserError."""
    c = t.duty.c
    query = select(t.duty).where(c.unit_id == own_unit(session).id, c.until == "")
    rows = [row for row in session.execute(query) if text in (row.id, id_end(row.id), row.name)]
    if len(rows) != 1:
        said = "有多项" if rows else "没有"
        raise UserError(f"{said}编号或姓名是“{text}”的在任职责，请用 duty list 查看编号。")
    return rows[0]


def list_named(session: Session, past: bool = False) -> list[Named]:
    """Who is named in this unit and, as far as they told, below; the own ones first. `past`: also those ended."""
    own, names, c = own_unit(session).id, known_names(session), t.duty.c
    query = select(t.duty).order_by(c.unit_id != own, c.unit_id, c.code, c.since, c.id)
    if not past:
        query = query.where(c.until == "")
    return [_named(row, names) for row in session.execute(query)]


def _named(row: Row[Any], names: Mapping[str, str]) -> Named:
    rest = {key: row._mapping[key] for key in TOLD if key not in ("id", "code")}
    label = DUTY_LABELS.get(row.code, row.code)
    return Named(row.id, id_end(row.id), row.unit_id, names.get(row.unit_id, "未知单位"), row.code, label, **rest)


def told_rows(session: Session) -> list[dict[str, str]]:
    """The own duties in force as they are told upward."""
    c = t.duty.c
    query = select(t.duty).where(c.unit_id == own_unit(session).id, c.until == "").order_by(c.id)
    return [{key: str(row._mapping[key]) for key in TOLD} for row in session.execute(query)]
