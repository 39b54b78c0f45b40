"""Printed codes and passphrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store.errors import PassphraseRefusedError, WrongSecretError
from models.store.vault import codes
from models.store.vault.codes import CodeKind
from models.store.vault.passphrase import KdfParameters, check_new, derive

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.binary(min_size=16, max_size=16), st.sampled_from(CodeKind))
def test_a_code_gives_its_bytes_back_however_it_is_typed(secret: bytes, kind: CodeKind) -> None:
    code = codes.encode(secret, kind)
    assert codes.decode(code, kind) == secret
    assert codes.decode(f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}\n", kind) == secret


@pytest.mark.parametrize("kind", CodeKind)
def test_every_single_typo_is_seen(kind: CodeKind) -> None:
    code = codes.new_code(kind).replace("-", "")
    unseen = 0
    for place, right in enumerate(code):
        for wrong in ALPHABET.replace(right, ""):
            try:
                codes.decode(code[:place] + wrong + code[place + 1 :], kind)
                unseen += 1
            except WrongSecretError:
                pass
    assert unseen == 0


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("ABCDE", "应为 30 个字符，现在是 5 个"),
        ("ABCDE-FGHJK-MNPQR-STVWX-YZ012-3456U", "第 6 组里的“U”"),
        ("00000-00000-00000-00000-00000-00001", "有一处输错"),
        (codes.encode(b"0123456789abcdef", CodeKind.ACTIVATION), "这是一个激活码，这里要输入的是恢复码"),
    ],
)
def test_a_wrong_code_is_told_what_is_wrong(typed: str, sentence: str) -> None:
    with pytest.raises(WrongSecretError, match=sentence):
        codes.decode(typed, CodeKind.RECOVERY)


@pytest.mark.parametrize(
    ("passphrase", "reason"),
    [
        ("short", "至少要 12 个"),
        ("青禾青禾青禾青禾青禾青禾", "不同的字符太少"),
        ("123456789012345", "连续"),
        ("abcdefghijklmno", "连续"),
        ("password123456", "剩得太少"),
        ("石小满石小满password石", "剩得太少"),
    ],
)
def test_weak_passphrases_are_refused_with_the_reason(passphrase: str, reason: str) -> None:
    with pytest.raises(PassphraseRefusedError, match=reason):
        check_new(passphrase, "石小满")


@pytest.mark.parametrize("passphrase", ["correct horse battery", "春天的河水绿了两岸垂柳依依", "Xq7#mmP2!vLk"])
def test_good_passphrases_pass(passphrase: str) -> None:
    check_new(passphrase, "石小满")


def test_full_width_input_gives_the_same_key() -> None:
    cost = KdfParameters(19456, 2, 1)
    assert derive("ｃｏｒｒｅｃｔ　ｈｏｒｓｅ", b"s" * 16, cost) == derive("correct horse", b"s" * 16, cost)


@pytest.mark.parametrize(
    "cost", [(8, 3, 4), (65536, 1, 4), (65536, 3, 0), (1 << 21, 3, 4), (65536, 17, 4), (65536, 3, 99)]
)
def test_costs_outside_the_limits_are_refused_before_deriving(cost: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="out of limits"):
        derive("correct horse battery", b"s" * 16, KdfParameters(*cost))
