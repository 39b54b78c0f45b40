"""Code tables: sex, ethnic groups, kinds of document ... with the labels files use for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

import resources


def _folded(text: str) -> str:
    """`text` as labels are compared: NFKC, upper case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


class CodeTable:
    """One table of codes; a label of another edition (汉, 户口薄, 毛难族) is an alias of the same code."""

    def __init__(self, key: str, entries: list[tuple[str, str, tuple[str, ...]]]) -> None:
        """`entries`: (code, label, aliases) in the order they are shown; an earlier one keeps a shared alias."""
        self.key = key
        self._labels = {code: label for code, label, _ in entries}
        self._codes: dict[str, str] = {}
        for names in ([(code, (code,)) for code, _, _ in entries], [(c, (label, *more)) for c, label, more in entries]):
            for code, texts in names:
                for text in texts:
                    self._codes.setdefault(_folded(text), code)
        widths = {len(text) for text in self._codes if text.isdigit()}
        self._width = widths.pop() if len(widths) == 1 else 0

    def label(self, code: str) -> str | None:
        """The label of `code`, None when it is not in the table."""
        return self._labels.get(code)

    def code_of(self, text: str) -> str | None:
        """The code meant by `text`: a code, a label or an alias; None when it is none of them."""
        folded = _folded(text)
        found = self._codes.get(folded)
        if found is None and folded.isdigit() and len(folded) < self._width:
            found = self._codes.get(folded.zfill(self._width))
        return found

    def items(self) -> Iterator[tuple[str, str]]:
        """(code, label) in the order they are shown."""
        return iter(self._labels.items())

    def __contains__(self, code: object) -> bool:
        return code in self._labels


@cache
def _tables() -> dict[str, CodeTable]:
    entries: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for table, code, label, aliases, _source, _status in resources.rows("codes.tsv"):
        entries.setdefault(table, []).append((code, label, tuple(filter(None, aliases.split("|")))))
    entries["country"] = [
        (code, label, tuple(filter(None, aliases.split("|"))))
        for code, label, aliases in resources.rows("countries.tsv")
    ]
    return {key: CodeTable(key, rows) for key, rows in entries.items()}


def code_table(key: str) -> CodeTable:
    """The table `key` (a field's `code_table`). Raises KeyError for an unknown one."""
    return _tables()[key]
