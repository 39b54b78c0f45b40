"""The five steps of an import, in their order."""

from __future__ import annotations

START, MAPPING, CHECK, PREVIEW, RESULT = range(5)
