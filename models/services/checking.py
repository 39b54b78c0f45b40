"""The same normalising and the same rules for a form, an import, a change and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from models.domain.codes import code_table
from models.domain.errors import DataFaultError, UserError
from models.domain.fields import FIELDS_OF, STUDENT_FIELD, STUDENTS, Field
from models.domain.findings import Finding, Level, joined
from models.domain.orders import REASON_LABELS
from models.domain.policy import EffectivePolicy
from models.domain.statuses import RECORD_STATUS
from models.domain.units import Line, Tier, Unit
from models.exchange.normalise import normalise
from models.rules.checks import Context, check_record
from models.rules.naming import prefix_for
from models.services.policies import effective
from models.services.units import own_unit
from models.store.clock import now_text


def unit_prefix(unit: Unit, changed: Mapping[str, str]) -> str:
    """The user name prefix of a unit by its place, `changed` for some; empty when city and county do not say (A17)."""
    tier = Tier.COUNTY if unit.tier is Tier.SCHOOL else unit.tier
    try:
        return prefix_for(tier, unit.city or None, unit.county or None, changed)
    except UserError:
        return ""


def check_context(session: Session) -> Context:
    """What the rules need to know of this unit and of today."""
    unit, policy = own_unit(session), effective(session)
    today = date.fromisoformat(now_text()[:10])
    changed = policy.prefixes
    prefix, strict = unit_prefix(unit, changed), _strict(policy, today.isoformat())
    return Context(today, unit.line, unit.code, prefix, policy.ue, changed, strict, policy.employment)


def _strict(policy: EffectivePolicy, today: str) -> frozenset[str]:
    """Warnings that are errors under the policy: irregular user names once their time is over (A17 a), and pupils too
    young to enter where that is controlled (E30)."""
    due = bool(policy.legacy_until) and today > policy.legacy_until
    rules = (("USERNAME_RULE", due), ("ENTRY_TOO_YOUNG", policy.is_tight("entry_age", "primary")))
    return frozenset(code for code, on in rules if on)


def controlled_fields(session: Session) -> frozenset[str]:
    """Fields of pupils that change only by a change request; none in the open line, which has no such route."""
    if own_unit(session).line is not Line.BASIC:
        return frozenset()
    return effective(session).controlled_fields & STUDENT_FIELD.keys()


def normalised(kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """Values as the store keeps them. Raises DataFaultError for unknown fields and values that cannot be read."""
    fields = {field.key: field for field in FIELDS_OF[kind]}
    unknown = [key for key in values if key not in fields]
    if unknown:
        raise DataFaultError(f"没有名为“{'、'.join(unknown)}”的字段，请核对字段名。")
    result: dict[str, str] = {}
    faults: list[Finding] = []
    for key, text in values.items():
        result[key], findings = normalise(fields[key], text)
        faults += [finding for finding in findings if finding.level is Level.ERROR]
    raise_faults(faults)
    return result


def errors_of(kind: str, record: Mapping[str, str], context: Context) -> list[Finding]:
    """The findings of error level of a whole record."""
    return [finding for finding in check_record(kind, record, context) if finding.level is Level.ERROR]


def new_errors(kind: str, before: Mapping[str, str], after: Mapping[str, str], context: Context) -> list[Finding]:
    """Errors of the record `after` that `before` did not have: a correction is not held up by older faults."""
    found = errors_of(kind, after, context)
    if not found:
        return []
    old = {(finding.code, finding.field, finding.value) for finding in errors_of(kind, before, context)}
    return [finding for finding in found if (finding.code, finding.field, finding.value) not in old]


def remarks(kind: str, record: Mapping[str, str], given: Mapping[str, str], context: Context) -> list[str]:
    """What the rules say of the fields just `given` in the record as it stands now; nothing that holds it up."""
    fields = {field.key: field for field in FIELDS_OF[kind]}
    found = [finding for key, text in given.items() for finding in normalise(fields[key], text)[1]]
    found += [finding for finding in check_record(kind, record, context) if finding.field in given]
    return list(dict.fromkeys(finding.message for finding in found))


def raise_faults(findings: list[Finding]) -> None:
    """Raise DataFaultError with the findings' sentences when there are any."""
    if findings:
        raise DataFaultError(f"{joined(finding.message for finding in findings)}。")


def field_label(key: str, kind: str = STUDENTS) -> str:
    """The Chinese label of a field, or of a state that changes like one; its key when nobody declared it."""
    field = _field(key, kind)
    return field.label if field else _STATE_LABELS.get(key, key)


def value_text(key: str, value: str, kind: str = STUDENTS) -> str:
    """A value as people read it: codes by their label."""
    field = _field(key, kind)
    if field is None:
        return _STATE_WORDS.get(key, {}).get(value, value)
    if not field.code_table or not value:
        return value
    return code_table(field.code_table).label(value) or value


def _field(key: str, kind: str) -> Field | None:
    """The field of that list, else of another one."""
    lists = (FIELDS_OF[kind], *FIELDS_OF.values())
    return next((field for fields in lists for field in fields if field.key == key), None)


_STATE_LABELS: Final = {"status": "账户状态", "disabled_reason": "禁用原因"}
_STATE_WORDS: Final = {"status": RECORD_STATUS, "disabled_reason": REASON_LABELS}
