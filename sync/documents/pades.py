"""PDF signatures (ISO 32000-2, 12.8; CMS with ECDSA P-256) by pyHanko, without any network.

Loading pyHanko takes half a second, so only `signing` imports this module, when a document is at hand.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from models.domain.signing import Signer as KeySigner

_FIELD: Final = "UnitSignature"
_MOST: Final = 20
"""Signatures looked at in one document."""


@dataclass(frozen=True)
class Stamp:
    """The visible stamp: a page of PDF, its size and its distance from the right and lower edges, in points."""

    page: bytes
    size: tuple[float, float]
    inset: tuple[float, float]


@dataclass(frozen=True)
class Embedded:
    """A signature in a document, certificates as DER; says nothing of trust.

    `intact`: what it covers is unchanged; `whole`: it covers the file from end to end; `at` is what the signer claims.
    """

    certificate: bytes
    others: tuple[bytes, ...]
    intact: bool
    whole: bool
    at: datetime | None
    reason: str


class _Key(Signer):
    """pyHanko's signer over a key that stays where it is."""

    def __init__(self, key: KeySigner, certificate: bytes, chain: Iterable[bytes]) -> None:
        registry = SimpleCertificateStore.from_certs([x509.Certificate.load(der) for der in chain])
        super().__init__(signing_cert=x509.Certificate.load(certificate), cert_registry=registry)
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """The signature over `data`; one of full length when only its size is asked."""
        return bytes(72) if dry_run else self._key.sign(data)


class _PunctualSigner(PdfSigner):
    """Signs at the store's time instead of the computer's (decision 8)."""

    moment: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.moment
        return session


class _Page(PdfContent):
    """The only page of a PDF at hand, as a picture in another."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self._page = page

    def render(self) -> bytes:
        """Import the page; its box is that of the stamp."""
        assert self.writer is not None
        picture = self.writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._page)))
        self.resources.xobject["/Stamp"] = picture
        left, bottom, right, top = (float(edge) for edge in picture.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/Stamp Do"


def sign(
    content: bytes, key: KeySigner, certificate: bytes, chain: Iterable[bytes], at: datetime, reason: str, stamp: Stamp
) -> bytes:
    """`content` with a signature and its stamp on the last page, appended as an update of the PDF.

    `chain`: issuing certificates that go along. Raises ValueError for what is not a PDF that can be signed.
    """
    if signatures(content):
        raise ValueError("signed")
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(content))
        metadata = PdfSignatureMetadata(
            field_name=_FIELD, md_algorithm="sha256", reason=reason, subfilter=SigSeedSubFilter.PADES
        )
        field = SigFieldSpec(_FIELD, on_page=-1, box=_place(writer.prev, stamp))
        signer = _PunctualSigner(
            metadata, _Key(key, certificate, chain), stamp_style=_style(stamp), new_field_spec=field
        )
        signer.moment = at
        return bytes(signer.sign_pdf(writer).getbuffer())
    except (PdfError, SigningError, KeyError) as error:
        raise ValueError("pdf") from error


def _style(stamp: Stamp) -> StaticStampStyle:
    middle = AxisAlignment.ALIGN_MID
    layout = SimpleBoxLayoutRule(x_align=middle, y_align=middle, margins=Margins.uniform(0))
    return StaticStampStyle(border_width=0, background=_Page(stamp.page), background_layout=layout)


def _place(reader: PdfFileReader, stamp: Stamp) -> tuple[int, int, int, int]:
    pages = reader.root["/Pages"]
    last = reader.find_page_for_modification(int(pages["/Count"]) - 1)[0].get_object()
    while "/MediaBox" not in last:
        last = last["/Parent"]
    _, bottom, right, _ = (float(edge) for edge in last["/MediaBox"])
    x, y = right - stamp.inset[0], bottom + stamp.inset[1]
    return int(x - stamp.size[0]), int(y), int(x), int(y + stamp.size[1])


def signatures(content: bytes) -> list[Embedded]:
    """The signatures in a PDF, oldest first; pyHanko bounds what its streams inflate to.

    Raises ValueError for bytes that are no PDF, break its rules or are encrypted.
    """
    try:
        reader = PdfFileReader(io.BytesIO(content))
        if reader.encrypted:
            raise ValueError("encrypted")
        return [_embedded(one) for one in _signatures(reader)]
    except Exception as error:  # a hostile file may raise anything in a parser
        raise ValueError("pdf") from error


def _signatures(reader: PdfFileReader) -> Iterator[EmbeddedPdfSignature]:
    for number, signature in enumerate(reader.embedded_regular_signatures):
        if number >= _MOST:
            raise ValueError("too many")
        yield signature


def _embedded(signature: EmbeddedPdfSignature) -> Embedded:
    signature.compute_integrity_info(skip_diff=True)
    digest = signature.compute_digest()
    same, valid = validate_sig_integrity(signature.signer_info, signature.signer_cert, "data", digest)
    return Embedded(
        signature.signer_cert.dump(),
        tuple(one.dump() for one in signature.other_embedded_certs),
        same
        and valid
        and signature.coverage in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION),
        signature.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        signature.self_reported_timestamp,
        str(signature.sig_object.get("/Reason", "")),
    )
