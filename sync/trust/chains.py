"""Who signed: certificates against the anchors this store trusts, without any input or output (decisions 5, 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from models.domain.units import ROLE_LABELS, Role
from sync.refusals import Fault, UntrustedError
from sync.trust.certificates import ISSUING, KEY_USE, PERSON, SIGNING, Certificate, is_issued_by, parse, to_time
from sync.wire.statements import Signature, Statement, is_signed_by

_MOST_TIERS: Final = 4


@dataclass(frozen=True)
class Trust:
    """What a store believes: anchors (DER), revocations (mark -> since), what may be renewed.

    `revoked`: a mark is a fingerprint, one under its issuer (`issuer:fingerprint`), or a key (`key_mark`).
    `newest`: fingerprints no later certificate has replaced; such a one is still accepted after its expiry, so that
    a unit that missed its renewal is not locked out (decision 8). `intermediates`: issuing certificates (DER) that
    lead from a bureau to an anchor. `superiors`: {unit: its superior, "" for none} as far as known; who is not the
    superior of a known unit cannot certify it (decision 5). `issued`: fingerprints of what this unit issued itself,
    which it knows without any chain, even after its issuing key was replaced.
    """

    anchors: tuple[bytes, ...]
    revoked: Mapping[str, str] = field(default_factory=dict)
    newest: frozenset[str] = frozenset()
    intermediates: tuple[bytes, ...] = ()
    superiors: Mapping[str, str] = field(default_factory=dict)
    issued: frozenset[str] = frozenset()

    def extended(self, intermediates: Iterable[bytes]) -> Trust:
        """The same with issuing certificates that came along; they are worth what their own issuer is worth."""
        return replace(self, intermediates=(*self.intermediates, *intermediates))

    def certificate(self, der: bytes, at: str) -> tuple[Certificate, bool]:
        """A certificate issued under one of the anchors and good `at` a time; True when it is past its expiry.

        Raises UntrustedError with the sentence that fits: foreign, not by its superior, revoked, expired.
        """
        certificate, moment = self._read(der, at)
        until = to_time(certificate.not_after)
        late = moment > until
        if certificate.fingerprint not in self.issued:
            self._chain(certificate, moment)
        self._check_issuer(certificate)
        self._check_revoked(certificate, moment)
        if late and certificate.fingerprint not in self.newest:
            raise UntrustedError(Fault.EXPIRED_CERTIFICATE, until=certificate.not_after[:10])
        return certificate, late

    def issuing(self, der: bytes, at: str) -> Certificate:
        """An issuing certificate that leads to one of the anchors and is good `at` a time. Raises UntrustedError."""
        certificate, moment = self._read(der, at)
        if certificate.subject.purpose != ISSUING:
            raise UntrustedError(Fault.WRONG_KEY_USE)
        self._check_revoked(certificate, moment)
        if not self._reaches(certificate, moment):
            raise UntrustedError(Fault.FOREIGN_ANCHOR)
        self._check_issuer(certificate)
        return certificate

    def _read(self, der: bytes, at: str) -> tuple[Certificate, dt.datetime]:
        """The certificate and the time it is judged at."""
        try:
            certificate = parse(der)
            moment = max(to_time(at), to_time(certificate.not_before))
        except (ValueError, OverflowError):
            raise UntrustedError(Fault.FOREIGN_ANCHOR) from None
        return certificate, moment

    def _check_issuer(self, certificate: Certificate) -> None:
        if not self._may_issue(certificate):
            raise UntrustedError(Fault.NOT_ITS_SUPERIOR, name=certificate.subject.name)

    def _may_issue(self, certificate: Certificate) -> bool:
        unit_id = certificate.subject.unit_id
        return certificate.issuer_id in (unit_id, self.superiors.get(unit_id, certificate.issuer_id))

    def _since(self, certificate: Certificate) -> str | None:
        listed = f"{certificate.issuer_id}:{certificate.fingerprint}"
        marks = (certificate.fingerprint, listed, certificate.key_mark)
        return min((self.revoked[mark] for mark in marks if mark in self.revoked), default=None)

    def _is_revoked(self, certificate: Certificate, moment: dt.datetime) -> bool:
        since = self._since(certificate)
        return since is not None and to_time(since) <= moment

    def _check_revoked(self, certificate: Certificate, moment: dt.datetime) -> None:
        if self._is_revoked(certificate, moment):
            raise UntrustedError(Fault.REVOKED, since=str(self._since(certificate))[:10])

    @cached_property
    def _anchors(self) -> tuple[Certificate, ...]:
        return tuple(parse(der) for der in self.anchors)

    @cached_property
    def _issuers(self) -> Mapping[str, list[Certificate]]:
        """The issuing certificates that a superior gave, by unit."""
        found: dict[str, list[Certificate]] = {}
        for der in self.intermediates:
            try:
                certificate = parse(der)
            except ValueError:
                continue
            if certificate.subject.purpose == ISSUING and not certificate.is_anchor and self._may_issue(certificate):
                found.setdefault(certificate.subject.unit_id, []).append(certificate)
        return found

    def _above(self, certificate: Certificate) -> list[Certificate]:
        """The issuing certificates on any way up from a certificate, not judged."""
        found: list[Certificate] = []
        units, seen = [certificate.issuer_id], set[str]()
        while units := [unit_id for unit_id in units if unit_id not in seen]:
            seen.update(units)
            step = [one for unit_id in units for one in self._issuers.get(unit_id, ())]
            found += step
            units = list(dict.fromkeys(one.issuer_id for one in step))
        return found

    def _reaches(self, certificate: Certificate, moment: dt.datetime, depth: int = _MOST_TIERS) -> bool:
        issuers = [*self._anchors, *self._issuers.get(certificate.issuer_id, ())]
        for issuer in issuers:
            if self._is_revoked(issuer, moment) or not is_issued_by(certificate, issuer):
                continue
            if issuer.is_anchor or (depth and self._reaches(issuer, moment, depth - 1)):
                return True
        return False

    def _chain(self, certificate: Certificate, moment: dt.datetime) -> None:
        known = [*self._anchors, *self._above(certificate)]
        good = [one for one in known if not self._is_revoked(one, moment)]
        if not _leads(certificate, good, moment):
            if len(good) < len(known) and _leads(certificate, known, moment):
                raise UntrustedError(Fault.ISSUER_REVOKED)
            raise UntrustedError(Fault.FOREIGN_ANCHOR)

    def signed_by_unit(self, statement: Statement, unit_id: str, line: str, at: str) -> tuple[Certificate, bool]:
        """The certificate of the unit whose key signed first. Raises UntrustedError."""
        if not statement.signatures:
            raise UntrustedError(Fault.UNSIGNED)
        signature = statement.signatures[0]
        certificate, late = self._of(signature, SIGNING, unit_id, line, at)
        if not is_signed_by(statement, signature):
            raise UntrustedError(Fault.EDITED)
        return certificate, late

    def signed_by_person(
        self, statement: Statement, signature: Signature, unit_id: str, line: str, at: str
    ) -> Certificate:
        """The certificate of the person of `unit_id` who made the signature. Raises UntrustedError."""
        certificate, _ = self._of(signature, PERSON, unit_id, line, at)
        if not is_signed_by(statement, signature):
            raise UntrustedError(Fault.EDITED)
        return certificate

    def _of(self, signature: Signature, purpose: str, unit_id: str, line: str, at: str) -> tuple[Certificate, bool]:
        if signature.certificate is None:
            raise UntrustedError(Fault.UNSIGNED)
        certificate, late = self.certificate(signature.certificate, at)
        if certificate.subject.purpose != purpose:
            raise UntrustedError(Fault.WRONG_KEY_USE)
        said = (signature.person_id, signature.public_key)  # neither is signed over: they follow from the certificate
        if certificate.subject.unit_id != unit_id or said != (certificate.subject.person_id, certificate.public_key):
            raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
        if line not in certificate.subject.lines:
            raise UntrustedError(Fault.WRONG_LINE)
        return certificate, late


def require_role(certificate: Certificate, *roles: Role) -> None:
    """Refuse a signer who holds none of `roles` (E1-E3). Raises UntrustedError."""
    if not certificate.subject.roles & {role.value for role in roles}:
        wanted = "或".join(ROLE_LABELS[role] for role in roles)
        raise UntrustedError(Fault.WRONG_ROLE, name=certificate.subject.name, role=wanted)


def require_two(statement: Statement, trust: Trust, unit_id: str, line: str, at: str) -> None:
    """Refuse what an administrator and an officer, two persons, have not both signed, each once (decision 6)."""
    officers, administrators = set(), set()
    people = [signature for signature in statement.signatures if signature.person_id]
    if len({signature.person_id for signature in people}) < len(people):
        raise UntrustedError(Fault.TWO_PERSONS)
    for signature in people:
        roles = trust.signed_by_person(statement, signature, unit_id, line, at).subject.roles
        administrators |= {signature.person_id} if Role.ADMINISTRATOR.value in roles else set()
        officers |= {signature.person_id} if roles & {Role.REGISTRAR.value, Role.HEAD.value} else set()
    if not administrators or not officers or len(administrators | officers) < 2:
        raise UntrustedError(Fault.TWO_PERSONS)


def _leads(certificate: Certificate, known: Iterable[Certificate], moment: dt.datetime) -> bool:
    """Whether the certificate leads to an anchor among `known`.

    What a superior certified later holds for what was signed before as well: a county that joins its city takes
    its history along. So the chain is looked at from the time on when all of it was there.
    """
    anchors = [one for one in known if one.is_anchor]
    between = [one for one in known if not one.is_anchor]
    if not anchors:
        return False
    begun = [to_time(one.not_before) for one in (*anchors, *between)]
    at = min(max(moment, *begun), to_time(certificate.not_after))
    leaf, *chain = (x509.load_der_x509_certificate(one.der) for one in (certificate, *between))
    store = Store([x509.load_der_x509_certificate(one.der) for one in anchors])
    builder = PolicyBuilder().store(store).time(at).max_chain_depth(_MOST_TIERS)
    builder = builder.extension_policies(ca_policy=_ca_policy(), ee_policy=_leaf_policy(certificate))
    try:
        builder.build_client_verifier().verify(leaf, chain)
    except (VerificationError, ValueError):
        return False
    return True


def _ca_policy() -> ExtensionPolicy:
    policy = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.CRITICAL, _is_ca)
    return policy.require_present(x509.KeyUsage, Criticality.CRITICAL, None)


def _is_ca(policy: Policy, certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    if not extension.ca:
        raise ValueError(ISSUING)


def _leaf_policy(certificate: Certificate) -> ExtensionPolicy:
    wanted = [KEY_USE[certificate.subject.purpose]]

    def right_use(policy: Policy, leaf: x509.Certificate, extension: x509.ExtendedKeyUsage) -> None:
        if list(extension) != wanted:
            raise ValueError("key use")

    policy = ExtensionPolicy.permit_all().require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, right_use)
    return policy.require_present(x509.KeyUsage, Criticality.CRITICAL, None)
