"""Who signed: certificates against the anchors this store trusts, without any input or output (decisions 5, 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

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
from sync.certificates import ISSUING, KEY_USE, PERSON, SIGNING, Certificate, parse, to_time
from sync.refusals import Fault, UntrustedError
from sync.statements import Signature, Statement, is_signed_by


@dataclass(frozen=True)
class Trust:
    """What a store believes: anchors (DER), revocations (fingerprint -> since), and what may be renewed.

    `newest`: fingerprints no later certificate has replaced; such a one is still accepted after its expiry, so that
    a unit that missed its renewal is not locked out (decision 8).
    """

    anchors: tuple[bytes, ...]
    revoked: Mapping[str, str] = field(default_factory=dict)
    newest: frozenset[str] = frozenset()

    def certificate(self, der: bytes, at: str) -> tuple[Certificate, bool]:
        """A certificate issued under one of the anchors and good `at` a time; True when it is past its expiry.

        Raises UntrustedError with the sentence that fits: foreign, revoked, expired.
        """
        try:
            certificate = parse(der)
            moment = max(to_time(at), to_time(certificate.not_before))
        except (ValueError, OverflowError):
            raise UntrustedError(Fault.FOREIGN_ANCHOR) from None
        until = to_time(certificate.not_after)
        late = moment > until
        self._chain(certificate, min(moment, until))
        since = self.revoked.get(certificate.fingerprint)
        if since is not None and to_time(since) <= moment:
            raise UntrustedError(Fault.REVOKED, since=since[:10])
        if late and certificate.fingerprint not in self.newest:
            raise UntrustedError(Fault.EXPIRED_CERTIFICATE, until=certificate.not_after[:10])
        return certificate, late

    def _chain(self, certificate: Certificate, moment: dt.datetime) -> None:
        if not self.anchors:
            raise UntrustedError(Fault.FOREIGN_ANCHOR)
        anchors = Store([x509.load_der_x509_certificate(der) for der in self.anchors])
        leaf = x509.load_der_x509_certificate(certificate.der)
        builder = PolicyBuilder().store(anchors).time(moment).max_chain_depth(4)
        builder = builder.extension_policies(ca_policy=_ca_policy(), ee_policy=_leaf_policy(certificate))
        try:
            builder.build_client_verifier().verify(leaf, [])
        except (VerificationError, ValueError):
            raise UntrustedError(Fault.FOREIGN_ANCHOR) from None

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
        if certificate.subject.person_id != signature.person_id:
            raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
        if not is_signed_by(statement, signature):
            raise UntrustedError(Fault.EDITED)
        return certificate

    def _of(self, signature: Signature, purpose: str, unit_id: str, line: str, at: str) -> tuple[Certificate, bool]:
        if signature.certificate is None:
            raise UntrustedError(Fault.UNSIGNED)
        certificate, late = self.certificate(signature.certificate, at)
        if certificate.subject.purpose != purpose:
            raise UntrustedError(Fault.WRONG_KEY_USE)
        if certificate.subject.unit_id != unit_id or certificate.public_key != signature.public_key:
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
    """Refuse what an administrator and an officer, two persons, have not both signed (decision 6)."""
    officers, administrators = set(), set()
    for signature in statement.signatures:
        if signature.person_id:
            roles = trust.signed_by_person(statement, signature, unit_id, line, at).subject.roles
            administrators |= {signature.person_id} if Role.ADMINISTRATOR.value in roles else set()
            officers |= {signature.person_id} if roles & {Role.REGISTRAR.value, Role.HEAD.value} else set()
    if not administrators or not officers or len(administrators | officers) < 2:
        raise UntrustedError(Fault.TWO_PERSONS)


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
