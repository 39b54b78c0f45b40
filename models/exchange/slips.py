"""Sealed slips that hand out user names and initial passwords, one a person, as PDF (issue 4, point 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from models.domain.text import squeeze
from models.exchange.forms.pdf import Paper, typeset

_HEADING: Final = "学习网账户初始密码（密封）"
_BY_HAND: Final = "＿＿＿＿＿＿＿＿＿＿＿＿"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on one slip; neither the password nor the slip is kept anywhere."""

    name: str
    username: str
    password: str = field(repr=False)
    unit: str = ""
    department: str = ""


def slips_pdf(slips: Sequence[Slip], address: str = "") -> Paper:
    """The slips as PDF, five a page with cutting and folding lines, the secret part under a pattern when folded.

    `address`: where the platform is found; without one a line is left to write it on. Raises UserError when there is
    no Chinese font, ValueError without any slip.
    """
    if not slips:
        raise ValueError("no slips")
    rows = [{key: _text(value) for key, value in asdict(slip).items()} for slip in slips]
    values = {"title": _HEADING, "heading": _HEADING, "address": _text(address) or _BY_HAND, "slips": rows}
    return typeset("forms/slips.typ", values, [row[key] for row in rows for key in ("name", "unit", "department")])


def _text(text: str) -> str:
    """Without what has no place on paper: line breaks, control characters, broken surrogates."""
    return squeeze(text.encode("utf-8", "replace").decode())[:_LONGEST]
