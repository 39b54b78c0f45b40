"""The files of enrolment as they are read: what a request asks for, what a reply gives, and the words of both.

Reading needs no store and believes nobody; the words are what two people compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.domain.units import ROLE_LABELS, Line, Role, Tier, Unit
from models.services.unit_changes import FormerName, read_former
from sync.formats import REQUEST, FileKind, open_file, require_kind, require_whole
from sync.refusals import Fault, MalformedError, UntrustedError
from sync.trust.certificates import ISSUING, Certificate, is_issued_by, load_public, parse, to_time
from sync.trust.identity import anchor_words
from sync.trust.words import words_of
from sync.wire.statements import Statement, base64_text, is_signed_by, unbase64

_MOST_PERSONS: Final = 64


@dataclass(frozen=True)
class Person:
    """A person a unit asks a certificate for; `public_key` is DER."""

    person_id: str
    name: str
    roles: frozenset[str]
    public_key: bytes

    @property
    def role_names(self) -> str:
        """The roles as people call them."""
        return "、".join(ROLE_LABELS[Role(role)] for role in sorted(self.roles))


@dataclass(frozen=True)
class Request:
    """A request as the superior's person looks at it; `words` are compared over the telephone.

    `anchor` is the bureau's own certificate of its issuing key, None for a school. `invitation`: id of the invitation
    whose code the `body` claims to be made with, "" for none. `former`: what the unit was called before.
    """

    unit: Unit
    signing_key: bytes
    opening_key: bytes
    persons: tuple[Person, ...]
    created: str
    words: str
    digest: str
    anchor: Certificate | None = None
    invitation: str = ""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    former: tuple[FormerName, ...] = ()


@dataclass(frozen=True)
class Reply:
    """A reply as the school's person looks at it; `words` stand for the superior's anchor."""

    superior: Unit
    unit_id: str
    at: str
    words: str
    statement: Statement


def unit_json(unit: Unit) -> dict[str, str]:
    """A unit as enrolment files carry it."""
    return {key: str(value) for key, value in vars(unit).items()}


def unit_from(value: Any) -> Unit:
    """Read `unit_json`'s form. Raises KeyError, TypeError or ValueError."""
    texts = {key: value[key] for key in ("id", "name", "code", "tier", "line", "city", "county")}
    if not all(isinstance(text, str) and len(text) <= 100 for text in texts.values()) or not texts["id"]:
        raise ValueError("unit")
    return Unit(**{**texts, "tier": Tier(texts["tier"]), "line": Line(texts["line"])})


def request_body(
    unit: Unit, signing_key: bytes, opening_key: bytes, people: Sequence[tuple[str, str, frozenset[str], bytes]],
    created: str, anchor: Certificate | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a request says; keys are DER, `people` id, name, roles and key, `anchor` a bureau's own certificate."""
    body: dict[str, Any] = {
        "type": REQUEST, "v": 1, "unit": unit_json(unit), "signing_key": base64_text(signing_key),
        "opening_key": base64_text(opening_key), "created": created,
        "persons": [{"id": i, "name": n, "roles": sorted(r), "key": base64_text(k)} for i, n, r, k in people],
    }  # fmt: skip
    return body if anchor is None else {**body, "anchor": base64_text(anchor.der)}


def read_request(path: Path) -> Request:
    """What a request asks for, and its words; no store is needed. Raises RefusedError."""
    require_kind(path, FileKind.ENROLMENT_REQUEST)
    file = open_file(path)
    require_whole(file)
    statement = file.statement
    if len(statement.signatures) != 1 or not is_signed_by(statement, statement.signatures[0]):
        raise UntrustedError(Fault.EDITED)
    if statement.signatures[0].certificate is not None or statement.signatures[0].person_id:
        raise MalformedError(Fault.BAD_REQUEST, what="签名")
    try:
        return _parse_request(statement)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedError(Fault.BAD_REQUEST, what=str(error)[:20]) from None


def _parse_request(statement: Statement) -> Request:
    body = statement.content
    if body["v"] != 1 or not 0 < len(body["persons"]) <= _MOST_PERSONS:
        raise ValueError("人员")
    people = tuple(_person(value) for value in body["persons"])
    if len({p.person_id for p in people}) != len(people) or len({p.public_key for p in people}) != len(people):
        raise ValueError("人员重复")
    opening = unbase64(body["opening_key"])
    load_public(opening)
    to_time(body["created"])
    unit, signing = unit_from(body["unit"]), statement.signatures[0].public_key
    if unbase64(body["signing_key"]) != signing:  # words and proof stand for the body, so the key must be in it
        raise ValueError("签名密钥")
    anchor = _anchor(unit, body.get("anchor"))
    invitation = body.get("invitation", "")
    if not isinstance(invitation, str) or len(invitation) > 36:
        raise ValueError("邀请函")
    said = (body["created"], words_of(body), statement.id, anchor, invitation, body, read_former(body.get("former")))
    return Request(unit, signing, opening, people, *said)


def _anchor(unit: Unit, value: Any) -> Certificate | None:
    """A bureau's issuing key, shown to be in its hands by the anchor it signed with it itself."""
    if (unit.tier is Tier.SCHOOL) != (value is None):
        raise ValueError("签发证书")
    if value is None:
        return None
    anchor = parse(unbase64(value))
    if not anchor.is_anchor or anchor.subject.unit_id != unit.id or not is_issued_by(anchor, anchor):
        raise ValueError("签发证书")
    return anchor


def _person(value: Any) -> Person:
    person = Person(value["id"], value["name"], frozenset(value["roles"]), unbase64(value["key"]))
    if not all(isinstance(text, str) and 0 < len(text) <= 64 for text in (person.person_id, person.name)):
        raise ValueError("人员")
    if not person.roles or not person.roles <= {role.value for role in Role}:
        raise ValueError("角色")
    load_public(person.public_key)
    return person


def read_reply(path: Path) -> Reply:
    """Whose reply it is and the words of its anchor; no store is needed. Raises RefusedError."""
    require_kind(path, FileKind.ENROLMENT_REPLY)
    file = open_file(path)
    require_whole(file)
    body = file.statement.content
    try:
        if body["v"] != 1:
            raise ValueError("reply")
        anchor = parse(unbase64(body["anchor"]))
        superior = unit_from(body["superior"])
        to_time(body["at"])
        reply = Reply(superior, str(body["unit"]), body["at"], anchor_words(anchor), file.statement)
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    if not all(is_signed_by(file.statement, signature) for signature in file.statement.signatures):
        raise UntrustedError(Fault.EDITED)
    if (anchor.subject.purpose, anchor.subject.unit_id) != (ISSUING, superior.id):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    return reply
