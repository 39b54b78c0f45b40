"""Canonical JSON at speed, and the lines of a sealed payload: each line is `[tag,value]` in canonical form.

The C encoder with sorted keys gives the bytes of RFC 8785 for what Rollbook signs: ASCII keys, no floats, integers
within +-2^53. The reader accepts nothing else, so what was hashed and what was parsed are the same thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn, Protocol

from sync.refusals import ContentRefusedError, Fault

MAX_LINE: Final = 1 << 20
MAX_INTEGER: Final = 1 << 53
PIECE: Final = 150_000
"""Characters of a long value in one line: below MAX_LINE even when each takes six bytes."""

_encoder = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)


def is_number(value: Any) -> bool:
    """Whether `value` is a count that canonical JSON can carry."""
    return type(value) is int and 0 <= value < MAX_INTEGER


def _refuse_number(text: str) -> NoReturn:
    raise ValueError("number")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) >= MAX_INTEGER:
        raise ValueError("integer")
    return number


_decoder = json.JSONDecoder(parse_float=_refuse_number, parse_int=_integer, parse_constant=_refuse_number)
_line_decoder = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)


def encode(value: Any) -> bytes:
    """Canonical bytes of a value of strings, integers, booleans, null, lists and mappings with ASCII keys."""
    return _encoder.encode(value).encode()


def decode(raw: bytes) -> Any:
    """The value of canonical bytes. Raises ValueError for anything that `encode` would not have written."""
    return _decode(raw, _decoder)


def _decode(raw: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        value = decoder.decode(raw.decode())
        if encode(value) != raw:
            raise ValueError("not canonical")
    except RecursionError:
        raise ValueError("nesting") from None
    return value


def line(tag: str, value: Any) -> bytes:
    """One line of a payload, with its newline; `tag` is one ASCII letter."""
    return b'["%s",%s]\n' % (tag.encode(), encode(value))


def long_value(tag: str, value: Any) -> Iterator[bytes]:
    """Lines for a value that may exceed the limit of a line: the number of pieces, then the pieces of its text."""
    text = _encoder.encode(value)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    yield line(tag, len(pieces))
    for piece in pieces:
        yield line("p", piece)


class LineSource(Protocol):
    """What gives the lines of a payload, one after the other."""

    def next_line(self) -> bytes | None:
        """The next line without its newline; None at the end."""


class LineReader:
    """Reads tagged lines and says in one sentence what does not fit."""

    def __init__(self, source: LineSource) -> None:
        self._source = source
        self._ahead: tuple[str, Any, bytes] | None = None

    def peek(self) -> str | None:
        """The tag of the next line; None at the end."""
        if self._ahead is None:
            raw = self._source.next_line()
            if raw is None:
                return None
            self._ahead = self._parse(raw)
        return self._ahead[0]

    def take(self, tag: str) -> tuple[Any, bytes]:
        """The next line's value and its canonical bytes. Raises ContentRefusedError when it has another tag."""
        if self.peek() != tag or self._ahead is None:
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what=f"记录顺序，应为 {tag}")
        _, value, raw = self._ahead
        self._ahead = None
        return value, raw

    def take_long(self, tag: str, limit: int) -> Any:
        """A value written by `long_value`, of at most `limit` pieces."""
        count, _ = self.take(tag)
        if not isinstance(count, int) or not 0 < count <= limit:
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="分段数")
        pieces = [self.take("p")[0] for _ in range(count)]
        try:
            return decode("".join(pieces).encode())
        except (ValueError, TypeError):
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="分段内容") from None

    @staticmethod
    def _parse(raw: bytes) -> tuple[str, Any, bytes]:
        try:
            tag, value = _decode(raw, _line_decoder)  # integers are bounded by the shapes of items and files
        except (ValueError, TypeError):
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="记录格式") from None
        if not isinstance(tag, str) or len(tag) != 1 or not tag.isascii():
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="记录类别")
        return tag, value, raw[5:-1]
