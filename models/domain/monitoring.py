"""What a quality-monitoring account consists of, and how an application to change its post travels (A3-A5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from models.domain.times import from_text

FIELDS: Final = ("name", "sex", "department", "post", "office_phone", "phone", "email", "username")
"""Fields of a monitoring account, named like those of teacher accounts, so that labels and rules are the same."""
REQUIRED: Final = ("name", "sex", "post", "office_phone", "email", "username")
CHANGED_BY_POST: Final = ("post", "department", "office_phone", "phone", "email")
"""What may change with the post; another person needs an account of his own."""
ACT_LABELS: Final = {"open": "开通", "post": "变更", "close": "停用"}
STATE_LABELS: Final = {"active": "使用中", "closed": "已停用", "applied": "变更待备案"}
APPLICATION_LABELS: Final = {"received": "待备案", "filed": "已备案", "refused": "不予备案"}
FILED, REFUSED = "filed", "refused"

LONGEST: Final = 500
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def read_texts(value: Any, keys: Sequence[str]) -> dict[str, str]:
    """An object from elsewhere that has exactly these texts. Raises ValueError for another shape."""
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ValueError("keys")
    for text in value.values():
        if not isinstance(text, str) or len(text) > LONGEST or not text.replace("\n", "").isprintable():
            raise ValueError("text")
    return {key: value[key] for key in keys}


def read_id(text: Any) -> str:
    """A UUID as text. Raises ValueError."""
    if not isinstance(text, str) or not _UUID.fullmatch(text):
        raise ValueError("id")
    return text


@dataclass(frozen=True)
class Application:
    """A change of post as the unit's head approved it; `before` and `after` hold every field of the account."""

    change: str
    attempt: int
    number: str
    account: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    reason: str
    initiator: str
    approved_by: str
    approved_at: str

    def to_json(self) -> dict[str, Any]:
        """The body of the message."""
        return asdict(self)


_APPLICATION_TEXTS: Final = ("number", "reason", "initiator", "approved_by", "approved_at")
_APPLICATION_KEYS: Final = {*_APPLICATION_TEXTS, "change", "attempt", "account", "before", "after"}


def read_application(body: Mapping[str, Any]) -> Application:
    """An application from elsewhere. Raises ValueError, KeyError or TypeError for another shape."""
    texts = read_texts({key: body[key] for key in _APPLICATION_TEXTS}, _APPLICATION_TEXTS)
    from_text(texts["approved_at"])
    if set(body) != _APPLICATION_KEYS or type(body["attempt"]) is not int or not 0 < body["attempt"] < 1 << 20:
        raise ValueError("application")
    before, after = (read_texts(body[key], FIELDS) for key in ("before", "after"))
    return Application(
        change=read_id(body["change"]), attempt=body["attempt"], account=read_id(body["account"]),
        before=before, after=after, **texts,
    )  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What the province says to an application: `verdict` filed or refused."""

    change: str
    attempt: int
    verdict: str
    opinion: str
    by: str

    def to_json(self) -> dict[str, Any]:
        """The body of the message."""
        return asdict(self)


def read_answer(body: Mapping[str, Any]) -> Answer:
    """An answer from elsewhere. Raises ValueError, KeyError or TypeError for another shape."""
    texts = read_texts({key: body[key] for key in ("verdict", "opinion", "by")}, ("verdict", "opinion", "by"))
    if len(body) != 5 or type(body["attempt"]) is not int or texts["verdict"] not in (FILED, REFUSED):
        raise ValueError("answer")
    return Answer(change=read_id(body["change"]), attempt=body["attempt"], **texts)
