"""What stands in the annexes of the account notice, for this unit and a period (A5, A11, A13-A15)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.filing import period_text, window_of
from models.domain.forms import FORMS, LOCAL_TEACHERS, MONITORING, PROVINCE_TEACHERS, FilingKind, Form, FormData
from models.domain.states import State
from models.domain.times import local_day
from models.domain.units import Actor, Line, Role, Tier, Unit
from models.rules.about_fields import is_phone
from models.services import preferences
from models.services.filing.calendar import filings, given_periods, moment, window_for
from models.services.filing.rollup import Numbers, Rollup, province_rows, rollup
from models.services.monitoring.annex import annex_rows
from models.services.permissions import require_any_role
from models.services.units import ancestors
from models.store import audit
from models.store import tables as t

_DEAD: Final = (State.DRAFT, State.WITHDRAWN, State.REFUSED)


@dataclass(frozen=True)
class Filler:
    """Who fills a form in, as the person typed it; empty parts are those of last time. `date` YYYY-MM-DD."""

    name: str = ""
    phone: str = ""
    date: str = ""


@dataclass(frozen=True)
class Prepared:
    """A form ready to be written, its period (YYYY-MM), and for annex 3 what each unit filed and who has not."""

    data: FormData
    period: str
    units: tuple[Numbers, ...] = ()
    missing: tuple[str, ...] = ()


def prepare(session: Session, actor: Actor, form_key: str, period: str, filler: Filler) -> Prepared:
    """The form `form_key` (annex1, annex2, annex3) of this unit for a period ("" for that of today).

    Raises NotAllowedError for another role or tier, DataFaultError for an unknown form, period or date and for a phone
    that is none, UserError when nothing is to be listed.
    """
    require_any_role(actor, (Role.REGISTRAR, Role.ADMINISTRATOR), "生成备案表")
    form = FORMS.get(form_key)
    if form is None:
        raise DataFaultError(f"没有“{form_key}”这种备案表，可用的有：{'、'.join(FORMS)}。")
    _require_tier(actor.unit, form)
    window = window_for(session, FilingKind.DELTA, period)
    prepared = _FILLERS[form.key](session, actor.unit, form, window.period)
    if not prepared.data.rows:
        what = f"{period_text(window.period)}没有可以列入{form.annex}《{form.title}》的账户，没有生成。"
        raise UserError(what + (_other_periods(session) if form is LOCAL_TEACHERS else ""))
    return _signed_off(session, actor, prepared, filler)


def _other_periods(session: Session) -> str:
    """The periods annex 3 can be made for, in a sentence."""
    own = {json.loads(one.after)["period"] for one in filings(session) if State(one.state) not in _DEAD}
    found = sorted({*own, *session.scalars(select(t.filed_account.c.period).distinct())}, reverse=True)
    if not found:
        return "还没有任何一次备案：请先提交备案（filing propose）。"
    return f"有备案的是：{'、'.join(found)}，请用 --period 指明。"


def preview(session: Session, actor: Actor, period: str, reason: str) -> FormData:
    """Annex 3 of this unit for a period as it would be if the accounts to be filed were handed in now, for `reason`.

    Raises NotAllowedError, DataFaultError.
    """
    require_any_role(actor, (Role.REGISTRAR, Role.ADMINISTRATOR), "生成备案表")
    _require_tier(actor.unit, LOCAL_TEACHERS)
    prepared = _merged(session, actor.unit, LOCAL_TEACHERS, period, rollup(session, period, planned=True))
    data = _signed_off(session, actor, prepared, Filler()).data
    return replace(data, late_reason=reason or data.late_reason)


def _require_tier(unit: Unit, form: Form) -> None:
    """Annex 2 is the province's; annex 1 and 3 go up, so the province only collects them."""
    if unit.line is not Line.OPEN:
        raise NotAllowedError(f"{form.annex}《{form.title}》属于开放教育，本单位不办理。")
    if form is PROVINCE_TEACHERS and unit.tier is not Tier.PROVINCE:
        raise NotAllowedError(f"{form.annex}《{form.title}》由省校填报；市校、县校请用附件3（annex3）。")


def _signed_off(session: Session, actor: Actor, prepared: Prepared, filler: Filler) -> Prepared:
    kept = preferences.form_filler(session)
    day = filler.date or local_day(moment(session))
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        raise DataFaultError(f"填表日期“{day}”不对，请写成 年-月-日，例如 2026-05-20。") from None
    name = filler.name.strip() or kept.get("name", "") or actor.name
    phone = filler.phone.strip() or kept.get("phone", "")
    if phone and not is_phone(phone):
        raise DataFaultError(f"填表人电话“{phone[:40]}”不像电话号码，请填手机号（11 位）或带区号的座机号。")
    return replace(prepared, data=replace(prepared.data, filled_by=name, phone=phone, date=day))


def _data(unit: Unit, form: Form, period: str, kind: FilingKind, rows: Sequence[Mapping[str, str]]) -> FormData:
    return FormData(form, unit.name, period_text(period), kind, rows)


def _monitoring(session: Session, unit: Unit, form: Form, period: str) -> Prepared:
    """Annex 1: those who have an account, and those closed since the window before."""
    first = datetime.date.fromisoformat(window_for(session, FilingKind.DELTA, period).first)
    before = window_of((first - datetime.timedelta(days=1)).isoformat(), FilingKind.DELTA, given_periods(session))
    rows = annex_rows(session, (datetime.date.fromisoformat(before.last) + datetime.timedelta(days=1)).isoformat())
    return Prepared(_to(session, unit, _data(unit, form, period, FilingKind.WHOLE, rows)), period)


def _province(session: Session, unit: Unit, form: Form, period: str) -> Prepared:
    rows = province_rows(session, period)
    return Prepared(_data(unit, form, period, FilingKind.WHOLE, rows), period)


def _local(session: Session, unit: Unit, form: Form, period: str) -> Prepared:
    return _merged(session, unit, form, period, rollup(session, period))


def _merged(session: Session, unit: Unit, form: Form, period: str, found: Rollup) -> Prepared:
    data = _data(unit, form, period, found.kind, found.rows)
    data = replace(data, late_reason=_late_reason(session, period), remark=found.remark)
    return Prepared(_to(session, unit, data), period, found.units, found.missing)


def _to(session: Session, unit: Unit, data: FormData) -> FormData:
    """A county hands its form to its city school, never to the province (A11, A14)."""
    above = ancestors(session, unit.id)
    if unit.tier in (Tier.COUNTY, Tier.SCHOOL) and above:
        return replace(data, receiver=above[0].name)
    return data


def _late_reason(session: Session, period: str) -> str:
    """Why this unit's own filing of the period came outside of its window; "" when it did not."""
    for change in filings(session, period):
        if State(change.state) in _DEAD:
            continue
        head = json.loads(change.after)
        window = window_for(session, FilingKind(head["kind"]), period)
        return "" if local_day(head["as_of"]) in window else str(change.reason)
    return ""


_FILLERS: Final[Mapping[str, Callable[[Session, Unit, Form, str], Prepared]]] = {
    MONITORING.key: _monitoring,
    PROVINCE_TEACHERS.key: _province,
    LOCAL_TEACHERS.key: _local,
}


def note_built(session: Session, actor: Actor, prepared: Prepared, names: Sequence[str]) -> None:
    """Remember who filled it in, and write into the audit what left the store (PIPL: purpose and person)."""
    data = prepared.data
    preferences.remember_form_filler(session, actor, {"name": data.filled_by, "phone": data.phone})
    body = {"form": data.form.key, "period": prepared.period, "records": len(data.rows), "files": list(names)}
    audit.append(session, actor, "filing.build", f"form:{data.form.key}", body)
