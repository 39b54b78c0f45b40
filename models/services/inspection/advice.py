"""What is done first about a finding: pure, no store (A9, A12)."""

from __future__ import annotations

from collections.abc import Mapping

from models.domain.inspection import CODE
from models.rules.real_names import name_fault, role_word


def is_corrected_first(code: str, details: Mapping[str, str]) -> bool:
    """Whether the first remedy is a correction: also of a name that is none, when the register knows the person.

    Names of offices and purposes (教务处, 测试) are no person's, whatever the register says (A12, A13).
    """
    if code != "not_real_name":
        return CODE[code].correct_first
    listed, registered = details.get("platform_name", ""), details.get("register_name", "")
    return bool(registered) and not name_fault(registered) and not role_word(listed)
