"""Results of use cases as JSON: the dataclass fields are the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any


def document(value: Any) -> Any:
    """`value` as JSON knows it: dataclasses and mappings as objects, sets sorted, enums and paths as text."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): document(part) for key, part in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(document(part) for part in value)
    if isinstance(value, list | tuple):
        return [document(part) for part in value]
    if isinstance(value, Path):
        return str(value)
    return value
