"""The unit's signature on documents that leave as PDF, and what such a signature is worth here (decision record 9).

The unit signs with the key that seals its packages, so no passphrase is asked: what the document says was approved
before, by persons, each with a key of their own. The stamp names the person at the computer and says that it is no
official seal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError, system_sentence
from models.domain.times import from_text, local_text, to_text
from models.domain.units import Actor
from models.exchange.forms.pdf import STAMP_INSET, STAMP_SIZE, stamp_pdf
from models.exchange.placing import PDF, place
from models.store import audit
from models.store.clock import now
from sync.refusals import Fault, UntrustedError
from sync.trust.certificates import SIGNING, Certificate, is_issued_by, parse
from sync.trust.chains import Trust
from sync.trust.identity import trust_of, unit_signer
from sync.trust.known import anchors, issuing

if TYPE_CHECKING:
    from sync.documents.pades import Embedded

_LARGEST: Final = 64 * 1024 * 1024
_MOST_TIERS: Final = 4
_CLOCKS_DIFFER: Final = timedelta(days=1)
_HEADING: Final = "单位电子签名"
_NO_CERTIFICATE: Final = (
    "本单位还没有证书，不能给 PDF 签名。请先加入上级（生成入网申请、导入批复）；也可以不签名，打印后盖公章报送。"
)
_NOT_SIGNABLE: Final = "这个 PDF 不能签名：它已经有签名、设了密码，或者已损坏。请重新生成后再签名。"
_NOT_READABLE: Final = "“{name}”不是完好的 PDF 文件，查验不了。请对方重新发送。"
_UNKNOWN: Final = {
    Fault.REVOKED: "签名所用的证书已被吊销，签名时间又无法另外证明",
    Fault.ISSUER_REVOKED: "签发单位的证书已被吊销",
    Fault.EXPIRED_CERTIFICATE: "签名时证书已经过期",
}
_STRANGER: Final = "签名证书不是由本单位所信任的上级签发的"


@dataclass(frozen=True)
class SignatureReport:
    """What the last signature of a PDF is worth.

    `intact`: what was signed is unchanged; `whole`: nothing was added after it; `signer` and `unit_id` from the
    certificate, "" for one of another kind; `reason` and `at` (UTC text) as the signer claims; `known`: the certificate
    leads to whom this store trusts, otherwise `doubt` says why not.
    """

    intact: bool
    whole: bool
    signer: str
    unit_id: str
    reason: str
    at: str
    known: bool
    doubt: str = ""

    @property
    def good(self) -> bool:
        """Whether the document is as the named unit signed it."""
        return self.intact and self.whole and self.known

    @property
    def sentence(self) -> str:
        """The verdict for a person."""
        who = f"“{self.signer}”" if self.signer else "不明身份的签名人"
        when = f"于 {local_text(self.at)} " if self.at else ""
        if not self.intact:
            return f"签名无效：文件在{who}签名后被改动过。请对方重新发送原件。"
        if not self.whole:
            return f"{who}{when}签名以后，文件又被追加了内容，签名不包括这些内容。请向对方索取原件。"
        if not self.known:
            return (
                f"文件在签名后没有改动，但签名人不能确认：{self.doubt}。请用电话向“{self.signer or '发件单位'}”核实。"
            )
        return f"签名有效：本文件由{who}{when}签名，此后没有改动。电子签名不代替公章。"


def sign(session: Session, actor: Actor, content: bytes, title: str) -> bytes:
    """The PDF `content` with the unit's signature, its visible stamp on the last page, and the issuing certificates.

    Raises UserError when the unit has no certificate, the computer no Chinese font, or the PDF cannot be signed.
    """
    from sync.documents import pades

    signer = unit_signer(session, above=True)
    if signer.certificate is None:
        raise UserError(_NO_CERTIFICATE)
    certificate, at = parse(signer.certificate), now(session)
    unit = certificate.subject.name
    words = (
        f"本文件由 {unit} 于 {local_text(at)} 用名册程序电子签名，签名人 {actor.name}。"
        f"签名可用 PDF 阅读器查验，单位证书 {certificate.fingerprint[:16]}。电子签名不代替公章。"
    )
    stamp = pades.Stamp(stamp_pdf(_HEADING, words), STAMP_SIZE, STAMP_INSET)
    chain = [one.der for one in _chain(session, certificate)]
    reason = f"{unit} 电子签名，签名人 {actor.name}；电子签名不代替公章"
    try:
        signed = pades.sign(content, signer, certificate.der, chain, from_text(at), reason, stamp)
    except ValueError:
        raise UserError(_NOT_SIGNABLE) from None
    digest = hashlib.sha256(signed).hexdigest()
    audit.append(session, actor, "document.sign", f"document:{digest[:16]}", {"title": title, "digest": digest})
    return signed


def sign_file(session: Session, actor: Actor, path: Path, target: Path | None = None) -> Path:
    """Sign the PDF at `path` into `target` (None: in its place); where the signed one lies. Raises UserError."""
    signed = sign(session, actor, _bytes(path), path.name)
    place(target or path, signed, PDF)
    return target or path


def _chain(session: Session, certificate: Certificate) -> list[Certificate]:
    """The issuing certificates above a certificate, as far as they are known, an anchor last."""
    found: list[Certificate] = []
    below = [certificate]
    for _ in range(_MOST_TIERS):
        units = dict.fromkeys(one.issuer_id for one in below)
        known = (one for unit_id in units for one in (*issuing(session, unit_id), *anchors(session, unit_id)))
        step = [one for one in known if one not in found and any(is_issued_by(lower, one) for lower in below)]
        found += step
        below = [one for one in step if not one.is_anchor]
    return sorted(found, key=lambda one: one.is_anchor)


def verify(session: Session, path: Path) -> SignatureReport:
    """What the last signature of the PDF at `path` is worth. Raises FileRefusedError for no PDF, or one unsigned."""
    from sync.documents import pades

    try:
        found = pades.signatures(_bytes(path))
    except ValueError:
        raise FileRefusedError(_NOT_READABLE.format(name=path.name)) from None
    if not found:
        raise FileRefusedError(f"“{path.name}”里没有电子签名。请确认选对了文件，或请对方签名后再发。")
    return _judged(session, found[-1], all(one.intact for one in found))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise FileRefusedError(system_sentence(error)) from None
    if len(content) > _LARGEST:
        raise FileRefusedError(f"“{path.name}”超过 {_LARGEST // 1024 // 1024} MB，不是备案表一类的文件，没有读取。")
    return content


def _judged(session: Session, embedded: Embedded, intact: bool) -> SignatureReport:
    at = to_text(embedded.at) if embedded.at else ""
    try:
        certificate = parse(embedded.certificate)
    except ValueError:
        return SignatureReport(intact, embedded.whole, "", "", embedded.reason, at, False, _STRANGER)
    trust = trust_of(session).extended(_issuing(embedded.others))
    doubt = _doubt(trust, certificate, at, now(session))
    subject = certificate.subject
    return SignatureReport(intact, embedded.whole, subject.name, subject.unit_id, embedded.reason, at, not doubt, doubt)


def _issuing(others: Iterable[bytes]) -> list[bytes]:
    """Those of the certificates that came along which are ours to read; the rest can prove nothing."""
    found = []
    for der in others:
        try:
            found.append(parse(der).der)
        except ValueError:
            continue
    return found


def _doubt(trust: Trust, certificate: Certificate, at: str, today: str) -> str:
    """Why the certificate is not known to hold; "" when it is.

    The time of signing is only claimed, so a certificate that has been revoked since holds for nothing, while one that
    has merely expired since still does.
    """
    if certificate.subject.purpose != SIGNING:
        return "签名用的不是单位签名证书"
    if not at or from_text(at) > from_text(today) + _CLOCKS_DIFFER:
        return "签名时间缺失，或晚于现在"
    for moment in (at, today):
        try:
            trust.certificate(certificate.der, moment)
        except UntrustedError as error:
            if moment == at or error.fault is not Fault.EXPIRED_CERTIFICATE:
                return _UNKNOWN.get(error.fault, _STRANGER)
    return ""
