"""A secret in the operating system's keyring: opt-in, for opening to read only (decision 11)."""

from __future__ import annotations

import base64
import binascii
import secrets

from models.domain.errors import UserError

SERVICE = "Rollbook"


class KeyringError(UserError):
    """The keyring does not keep what is put in."""

    def __init__(self) -> None:
        super().__init__("这台电脑没有可用的凭据保管功能，不能记住口令。请每次输入口令。")


def keep(store_id: str, person_id: str) -> bytes:
    """Put a new random secret of 32 bytes into the keyring and read it back; raises KeyringError.

    Some back ends are absent and raise, the null one drops what it is given silently: hence the reading back.
    """
    secret = secrets.token_bytes(32)
    try:
        import keyring

        keyring.set_password(SERVICE, _user(store_id, person_id), base64.b64encode(secret).decode())
    except Exception:  # back ends raise whatever their system raises
        raise KeyringError from None
    if recall(store_id, person_id) != secret:
        raise KeyringError
    return secret


def recall(store_id: str, person_id: str) -> bytes | None:
    """The secret, or None when there is none or no keyring."""
    try:
        import keyring

        found = keyring.get_password(SERVICE, _user(store_id, person_id))
        return base64.b64decode(found, validate=True) if found else None
    except binascii.Error:
        return None
    except Exception:  # see keep
        return None


def forget(store_id: str, person_id: str) -> None:
    """Remove the secret if it is there."""
    try:
        import keyring

        keyring.delete_password(SERVICE, _user(store_id, person_id))
    except Exception:  # see keep; what is not there is forgotten
        return


def _user(store_id: str, person_id: str) -> str:
    return f"{store_id}/{person_id}"
