"""One call of the command line: its general options, its output, and the store it opens."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeVar

from models.domain.errors import UserError, system_sentence
from models.domain.field_names import key_of

T = TypeVar("T")


class TerminalProgress:
    """Shows the state of a long work on one line of a terminal; silent when standard error goes elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """`stream`: where to write (default: standard error)."""
        self._stream = stream or sys.stderr
        self._shown = ""

    def report(self, done: int, total: int | None, what: str) -> None:
        """Show `done` of `total`."""
        if not self._stream.isatty():
            return
        text = f"{what} {done}/{total}" if total else f"{what} {done}"
        if text != self._shown:
            self.clear()
            self._stream.write(text)
            self._stream.flush()
            self._shown = text

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            blank = " " * (2 * len(self._shown))  # not an escape sequence: older Windows consoles print those
            self._stream.write(f"\r{blank}\r")
            self._shown = ""


@dataclass
class Call:
    """The general options. `json`: one document on standard output instead of text for people."""

    home: Path
    home_named: bool
    json: bool = False
    operator: str | None = None
    secret_file: str | None = None
    progress: TerminalProgress = field(default_factory=TerminalProgress)
    _passphrase: str | None = None

    def emit(self, document: Any, text: str | Sequence[str]) -> None:
        """Give the result: `document` as JSON or `text` for people."""
        self.progress.clear()
        if self.json:
            self.line(document)
        else:
            sys.stdout.write((text if isinstance(text, str) else "\n".join(text)) + "\n")

    def line(self, document: Any) -> None:
        """One JSON document on one line."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")

    def note(self, text: str) -> None:
        """A remark for the person on standard error."""
        self.progress.clear()
        sys.stderr.write(text + "\n")

    def passphrase(self) -> str:
        """The operator's passphrase, asked for once a call. Raises UserError when there is no way to ask."""
        if self._passphrase is None:
            self._passphrase = read_secret(self.secret_file, "口令", "--secret-file")
        return self._passphrase

    @contextmanager
    def store(self) -> Iterator[Any]:
        """Open the store of the data folder for the operator and close it afterwards.

        What the store warns of is told at the end of a call that was carried out: a refusal stays one sentence.
        """
        from models.store.store import Store

        name = self.operator or only_operator(self.home)
        store = Store.open(self.home, name, self.passphrase())
        try:
            yield store
        finally:
            store.close()
        for warning in store.warnings:
            self.note(warning)


def only_operator(home: Path) -> str:
    """The name of the one operator of a store. Raises UserError when there are several."""
    from models.services import operators

    names = operators.names(home)
    if len(names) != 1:
        raise UserError(f"请用 --operator 说明以谁的身份操作（{'、'.join(names)}）。")
    return names[0]


def read_secret(source: str | None, label: str, option: str) -> str:
    """A secret from the first line of the file `source` (`-`: the next line of standard input), or from the terminal.

    Raises UserError when the file cannot be read, is empty, or nobody can be asked.
    """
    if source == "-":
        raw = sys.stdin.buffer.readline()
    elif source is not None:
        try:
            with Path(source).open("rb") as file:
                raw = file.readline(4096)
        except OSError as error:
            raise UserError(f"{label}文件：{system_sentence(error)}") from None
    elif sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass(f"{label}：", sys.stderr)
    else:
        raise UserError(f"需要{label}：请用 {option} 文件 给出（- 表示从标准输入读一行）。")
    try:
        secret = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        secret = raw.decode("gb18030", errors="replace")
    secret = secret.rstrip("\r\n")
    if not secret:
        raise UserError(f"{label}是空的，请检查 {option}。")
    return secret


def read_new_secret(source: str | None, label: str = "新口令", option: str = "--new-secret-file") -> str:
    """A new passphrase; on the terminal it is asked twice. Raises UserError."""
    secret = read_secret(source, label, option)
    if source is None and read_secret(None, f"再输一次{label}", option) != secret:
        raise UserError("两次输入的口令不一样，请重来。")
    return secret


def assignments(pairs: Sequence[str], kind: str) -> dict[str, str]:
    """`FIELD=VALUE` texts as field key -> value; fields by key or Chinese label. Raises UserError."""
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"“{pair}”应写成 字段=值，例如 姓名=张三。")
        values[key_of(kind, key)] = value
    return values


def choice(value: str, choices: Mapping[str, T], option: str, labels: Mapping[Any, str] | None = None) -> T:
    """What `value` stands for; `labels` are the Chinese words that say the same. Raises UserError with the choices."""
    for key, chosen in choices.items():
        if value == key or (labels is not None and value == labels.get(key)):
            return chosen
    known = "、".join(f"{key}（{labels[key]}）" if labels else key for key in choices)
    raise UserError(f"{option} 只能是 {known}，不能是“{value}”。")
