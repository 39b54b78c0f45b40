"""A finished file put in its place at one stroke: whole or not at all, never over somebody's other document."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Final

from models.domain.errors import UserError

WORKBOOK: Final = (b"PK", "表格")
PDF: Final = (b"%PDF-", "PDF 文件")


def place(path: Path, content: bytes | memoryview, kind: tuple[bytes, str]) -> None:
    """Put `content` where `path` says; it may replace a file of its `kind` (first bytes, name), nothing else.

    Raises UserError when it cannot be written.
    """
    if not _may_replace(path, kind[0]):
        raise UserError(f"“{path.name}”已经有了，而且不是{kind[1]}，没有覆盖它。请换一个文件名。")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _may_replace(path: Path, start: bytes) -> bool:
    """Whether nothing lies there yet but a file of the same kind: never the store, a device, another document."""
    try:
        if not path.is_file():
            return not path.exists() or path.is_dir()  # a folder has its own sentence
        with path.open("rb") as stream:
            return stream.read(len(start)) in (start, b"")
    except OSError:
        return True  # the writing itself will say what is wrong


def unwritable(path: Path, error: Exception) -> UserError:
    """What a fault of writing means, in a sentence."""
    cause = error if isinstance(error, OSError) else error.__context__ or error.__cause__
    number = getattr(cause, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"磁盘已满，“{path.name}”没有写成。请清理磁盘或换一个位置再导出。")
    if number in (errno.ENOENT, errno.ENOTDIR):
        return UserError(f"文件夹“{path.parent}”不存在。请另选一个位置再导出。")
    return UserError(f"“{path.name}”写不进去。请关闭正在打开它的 Excel 或 WPS，或另选一个有权限的位置。")


def put_new(files: Mapping[Path, bytes]) -> None:
    """Write new files into folders that are there; they appear only when all are complete, and replace nothing. What
    a killed export of the same files left behind goes: passwords may stand in it.

    Raises UserError when one is there already or cannot be written; then none is left behind.
    """
    for path in files:
        if path.exists():
            raise UserError(f"“{path.name}”已经存在，没有覆盖。请换一个位置，或先移走它。")
    waiting = {path: path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp") for path in files}
    remove(
        left for path in files for left in path.parent.glob(f".{escape(path.name)}.{'?' * 8}.tmp")
    )  # of a broken one
    placed: list[Path] = []
    path = next(iter(files), Path())
    try:
        for path, content in files.items():
            with waiting[path].open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path, temporary in waiting.items():
            temporary.replace(path)
            placed.append(path)
    except OSError as error:
        remove(placed)
        raise unwritable(path, error) from None
    finally:
        remove(waiting.values())


def remove(paths: Iterable[Path]) -> None:
    """Take files away, as far as they are there."""
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)
