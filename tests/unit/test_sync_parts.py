"""The pure parts of sync: canonical lines, trees, shapes, limits, words, certificates of the wrong kind."""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from models.domain.signing import canonical
from sync.refusals import ContentRefusedError, Fault, MalformedError, RefusedError, UntrustedError
from sync.trust import words
from sync.trust.certificates import (
    ISSUING,
    OPENING,
    SIGNING,
    Subject,
    issue,
    load_public,
    new_private_key,
    parse,
    public_der,
    to_time,
)
from sync.trust.chains import Trust
from sync.trust.identity import UnitSigner
from sync.wire import approvals, content, envelope, jsonlines, signedfile, suites
from sync.wire.statements import Signature, Statement, is_signed_by, sign, unbase64

NOW = "2026-11-22T00:00:00Z"
MALFORMED = (ValueError,)
"""What readers of foreign bytes may raise below the sentences."""
UNIT = "5c0001a0-0000-4000-8000-000000000001"
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_fast_form_is_rfc8785(value: Any) -> None:
    assert jsonlines.encode(value) == canonical(value)
    assert jsonlines.decode(canonical(value)) == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e2",
        b"9007199254740993",
        b"99999999999999999999",
        b"NaN",
        b" 1",
        b'{"b":1,"a":1}',
        b"[" * 100_000,
        b'"\\ud800"',
        b"\xff",
        b"-0",
        b'"\\u0041"',
        b"",
    ],
)
def test_other_forms_are_refused(raw: bytes) -> None:
    with pytest.raises(MALFORMED):
        jsonlines.decode(raw)


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + reference_root(leaves[:k]) + reference_root(leaves[k:])).digest()


@pytest.mark.parametrize("count", range(1, 40))
def test_tree_is_rfc6962(count: int) -> None:
    leaves = [content.leaf_hash(bytes([n])) for n in range(count)]
    assert content.root(leaves) == reference_root(leaves).hex()


def test_empty_tree() -> None:
    assert content.root([]) == hashlib.sha256().hexdigest()


def item(**changed: Any) -> dict[str, Any]:
    good = {
        "id": "1",
        "number": "BG-2026-0001",
        "kind": "student.key_field",
        "attempt": 1,
        "unit": UNIT,
        "subject": "s",
        "label": "张三",
        "before": {"name": "张三"},
        "after": {"name": "张山"},
        "base_revision": 1,
        "reason": "更正",
        "policy_version": 0,
        "evidence": [{"digest": "0" * 64, "name": "x.png", "media_type": "image/png", "size": 1}],
        "initiator": {"person_id": "p", "name": "周全"},
        "created": NOW,
        "salt": "0" * 32,
        "batch": None,
    }
    return {**good, **changed}


def test_good_item() -> None:
    assert content.check_item(item(), UNIT)
    assert content.check_item(item(batch={"id": "b", "count": 1, "rows_digest": "0"}), UNIT)


@pytest.mark.parametrize(
    "changed",
    [
        {"extra": 1},
        {"id": 5},
        {"label": "长" * 401},
        {"attempt": True},
        {"attempt": -1},
        {"attempt": 2**53},
        {"before": []},
        {"after": {"name": 1}},
        {"initiator": {"name": "x"}},
        {"initiator": None},
        {"evidence": {}},
        {"evidence": [1]},
        {"evidence": [{"digest": "0" * 64, "name": "x", "media_type": "y", "size": "1"}]},
        {"evidence": [{"digest": "0", "name": "x", "media_type": "y", "size": 1}]},
        {"batch": 1},
        {"batch": {"id": "x"}},
        {"batch": {"id": "x", "count": -1, "rows_digest": ""}},
        {"created": "2026"},
        {"salt": "zz"},
        {"salt": "00"},
    ],
)
def test_item_of_another_shape(changed: dict[str, Any]) -> None:
    with pytest.raises(ContentRefusedError) as caught:
        content.check_item(item(**changed), UNIT)
    assert caught.value.fault is Fault.CONTENT_DAMAGED


def test_rows() -> None:
    assert not content.is_row([])
    assert not content.is_row({"id": 1, "values": {}})
    assert content.is_row({"id": "1", "values": {"name": "张三"}})
    rows = content.RowsHash()
    assert rows.fits(None)
    rows.add(b"{}")
    assert not rows.fits(None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"items": [[0, 1]]},
        {"items": [[0]], "body": {}, "signatures": []},
        {"items": [[0, 5]], "body": {"type": "x"}, "signatures": []},
        {"items": [[0, 0]], "body": {"type": "x"}, "signatures": []},
        {"items": [[0, 1]] * 9, "body": {"type": "x"}, "signatures": []},
        {"items": [], "body": {"type": 1}, "signatures": []},
        {"items": [], "body": {"type": "x"}, "signatures": 5},
    ],
)
def test_packed_approval_of_another_shape(value: Any) -> None:
    with pytest.raises(ContentRefusedError):
        approvals.unpack(value, [("1", 1, "0" * 64)])


def test_packing_gives_back_what_was_signed() -> None:
    signer = UnitSigner(None, new_private_key(), "p")
    keys = [(str(n), 1, f"{n:064x}") for n in range(6)]
    entries = [{"id": i, "attempt": a, "digest": d} for i, a, d in [keys[0], keys[1], keys[5], keys[3]]]
    statement = sign({"type": approvals.TYPE, "items": [*entries, {"id": "9", "attempt": 1, "digest": "f"}]}, [signer])
    packed = approvals.pack(statement, {key: place for place, key in enumerate(keys)})
    assert packed["items"] == [[0, 2], [5, 1], [3, 1], {"id": "9", "attempt": 1, "digest": "f"}]
    assert approvals.unpack(packed, keys) == statement


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "2026-W11-2T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22T00:00:00+"]
)
def test_times_have_one_form(text: str) -> None:
    with pytest.raises(MALFORMED):
        to_time(text)


def anchor() -> tuple[Any, Subject, Any]:
    key = new_private_key()
    subject = Subject(str(uuid.UUID(int=9)), "青禾县教育局", ISSUING, frozenset({"basic"}))
    return issue(subject, public_der(key), subject, key, NOW), subject, key


def test_keys_of_other_kinds() -> None:
    for key in (ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(MALFORMED):
            load_public(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(MALFORMED):
        load_public(b"x")
    compressed = new_private_key().public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    with pytest.raises(MALFORMED):
        load_public(compressed)


def test_certificates_of_other_kinds() -> None:
    certificate, subject, key = anchor()
    assert parse(certificate.der).subject == subject
    for bad in (b"", certificate.der[:-1], certificate.der + b"x", b"\x30\x00"):
        with pytest.raises(MALFORMED):
            parse(bad)
    with pytest.raises(MALFORMED):
        issue(replace(subject, unit_id="x" * 200), public_der(key), subject, key, NOW)


def test_trust_of_nobody() -> None:
    certificate, subject, key = anchor()
    leaf = issue(Subject(UNIT, "校", SIGNING, frozenset({"basic"})), public_der(new_private_key()), subject, key, NOW)
    with pytest.raises(UntrustedError):
        Trust(()).certificate(leaf.der, NOW)
    with pytest.raises(UntrustedError):
        Trust((certificate.der,)).certificate(b"x", NOW)
    with pytest.raises(UntrustedError):
        Trust((certificate.der,)).certificate(certificate.der, NOW)
    good, late = Trust((certificate.der,)).certificate(leaf.der, NOW)
    assert (good.subject.unit_id, late) == (UNIT, False)
    with pytest.raises(UntrustedError) as caught:
        Trust((certificate.der,)).certificate(leaf.der, "2040-01-01T00:00:00Z")
    assert caught.value.fault is Fault.EXPIRED_CERTIFICATE
    newest = Trust((certificate.der,), {}, frozenset({leaf.fingerprint}))
    assert newest.certificate(leaf.der, "2040-01-01T00:00:00Z")[1]
    with pytest.raises(UntrustedError) as caught:
        newest.signed_by_unit(Statement("x", b"{}", ()), UNIT, "basic", NOW)
    assert caught.value.fault is Fault.UNSIGNED


def test_statements_of_another_shape() -> None:
    good = sign({"type": "x"}, [UnitSigner(None, new_private_key())]).to_json()
    for bad in (
        None,
        {},
        {**good, "type": "y"},
        {**good, "body": 5},
        {**good, "body": "e30="},
        {**good, "signatures": [1]},
    ):
        with pytest.raises(MALFORMED):
            Statement.from_json(bad)
    with pytest.raises(MALFORMED):
        unbase64("e30")
    assert not is_signed_by(Statement.from_json(good), Signature("", None, b"x", b"y"))
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    der = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert not is_signed_by(Statement.from_json(good), Signature("", None, der, b"y"))


def body(**changed: Any) -> dict[str, Any]:
    good: dict[str, Any] = {
        "type": envelope.TYPE,
        "v": 1,
        "suite": suites.P256_AES.name,
        "purpose": "changes",
        "issuer": "a",
        "audience": "b",
        "line": "basic",
        "epoch": 1,
        "sequence": 1,
        "previous": "",
        "content": "0" * 64,
        "created": NOW,
        "not_after": NOW,
        "acknowledged": 0,
        "in_reply_to": None,
        "wraps": [],
        "payload": {"size": 100, "hash": "0" * 64, "plain": 100, "lines": 1, "chunk": 65536},
    }
    return {**good, **changed}


def payload(**changed: Any) -> dict[str, Any]:
    return {"payload": {**body()["payload"], **changed}}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"v": 2}, Fault.NEWER_FORMAT),
        ({"suite": "SM2"}, Fault.UNKNOWN_SUITE),
        ({"issuer": 1}, Fault.HEADER_DAMAGED),
        ({"sequence": -1}, Fault.HEADER_DAMAGED),
        ({"sequence": True}, Fault.HEADER_DAMAGED),
        ({"created": "x"}, Fault.HEADER_DAMAGED),
        ({"in_reply_to": 5}, Fault.HEADER_DAMAGED),
        ({"wraps": 5}, Fault.HEADER_DAMAGED),
        ({"wraps": [{}] * 17}, Fault.HEADER_DAMAGED),
        ({"payload": 1}, Fault.HEADER_DAMAGED),
        (payload(hash="00"), Fault.HEADER_DAMAGED),
        (payload(size=(256 << 20) + 1), Fault.TOO_LARGE),
        (payload(plain=(1 << 30) + 1), Fault.TOO_LARGE),
        (payload(lines=(1 << 20) + 1), Fault.TOO_LARGE),
        (payload(plain=1 << 20), Fault.TOO_LARGE),
        (payload(chunk=1), Fault.TOO_LARGE),
    ],
)
def test_envelopes_beyond_their_limits(changed: dict[str, Any], fault: Fault) -> None:
    statement = sign(body(**changed), [UnitSigner(None, new_private_key())])
    with pytest.raises(MalformedError) as caught:
        envelope.parse_statement(statement)
    assert caught.value.fault is fault


def test_sealing_keeps_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MALFORMED):
        envelope.seal([b"x" * (1 << 20) + b"\n"], io.BytesIO())
    monkeypatch.setattr(envelope, "MAX_SEALED", 10)
    with pytest.raises(MALFORMED):
        envelope.seal([b"x\n"], io.BytesIO())


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 200_000])
def test_stream_of_any_size(size: int) -> None:
    target = io.BytesIO()
    writer = suites.SealingWriter(suites.P256_AES, b"k" * 32, target)
    writer.write(b"x" * size)
    writer.close()
    assert writer.size == size + 16 * max(1, -(-size // 65536)) == len(target.getvalue())
    target.seek(0)
    assert b"".join(suites.open_chunks(suites.P256_AES, b"k" * 32, target, writer.size)) == b"x" * size
    short = io.BytesIO(target.getvalue()[:-1])
    with pytest.raises(MalformedError):
        list(suites.open_chunks(suites.P256_AES, b"k" * 32, short, writer.size))


def test_key_of_another_length_is_no_key() -> None:
    key = new_private_key()
    private = key.private_bytes(Encoding.DER, *_plain())
    wrapped = suites.P256_AES.wrap(b"short", public_der(key), b"info")
    with pytest.raises(MALFORMED):
        suites.P256_AES.unwrap(wrapped, private, b"info")


def _plain() -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    return PrivateFormat.PKCS8, NoEncryption()


def test_header_larger_than_any_reader_takes() -> None:
    statement = sign({"type": "x", "long": "y" * 300_000}, [UnitSigner(None, new_private_key())])
    with pytest.raises(MALFORMED):
        signedfile.header_bytes(statement)


def test_words_are_plain_and_distinct() -> None:
    listed = words.word_list()
    assert (len(listed), len(set(listed)), {len(word) for word in listed}) == (256, 256, {2})
    told = words.words_of({"a": 1})
    assert words.same_words(told.replace(" ", "，"), told)
    assert not words.same_words(told.replace(told[:2], "高山" if told[:2] != "高山" else "大海", 1), told)
    assert OPENING not in told


def test_refusals_say_first_what_the_file_is(tmp_path: Path) -> None:
    error = RefusedError(Fault.TRAILING).told_about("这是某包。")
    assert str(error).startswith("这是某包。文件末尾")
    assert error.exit_code == 1
