"""How personal numbers are shown where not everyone should read them whole; presentation only."""

from __future__ import annotations

from models.domain.fields import Field, FieldType

_STAR = "*"
_ENDS = {FieldType.ID_NUMBER: (6, 4), FieldType.STUDENT_NUMBER: (7, 4)}  # a student number is G and the ID number


def mask(field: Field, text: str) -> str:
    """`text` with its middle hidden when `field` is masked: ID numbers keep 6 and 4 characters, phones 3 and 4.

    A student number keeps its letter and what an ID number keeps.
    """
    if not field.mask or not text:
        return text
    head, tail = _ENDS.get(field.type, (3, 4))
    if len(text) <= head + tail:
        head, tail = len(text) // 4, len(text) // 4
    return text[:head] + _STAR * (len(text) - head - tail) + (text[-tail:] if tail else "")
