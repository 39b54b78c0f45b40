"""What a bug leaves behind: a report a person can send on, with no personal data in it."""

from __future__ import annotations

import contextlib
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from desktop.logs import frames
from desktop.paths import log_folder
from desktop.version import VERSION

EXIT_CODE = 70


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, first cause last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def report_text(error: BaseException, doing: str, now: datetime) -> str:
    """The report: version, system, what was being done (a command's name), types and frames; no message, no value."""
    lines = [
        "Rollbook crash report (contains no personal data)",
        f"time {now:%Y-%m-%dT%H:%M:%SZ}",
        f"version {VERSION}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
        f"doing {doing}",
    ]
    for part in _chain(error):
        lines += [
            "",
            f"{type(part).__module__}.{type(part).__qualname__}{_module(part)}",
            *(f"  {f}" for f in frames(part.__traceback__)),
        ]
    return "\n".join(lines) + "\n"


def _module(error: BaseException) -> str:
    """Which module is missing; the one value that may be told."""
    return f" {error.name}" if isinstance(error, ImportError) else ""


def write_report(error: BaseException, home: Path, doing: str) -> Path | None:
    """Write the report beside the logs (or in the system's temporary folder when that fails); None if nowhere."""
    now = datetime.now(UTC)
    text = report_text(error, doing, now)
    for folder in (log_folder(home), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"crash-{now:%Y%m%dT%H%M%S%f}.txt"
            path.write_text(text, encoding="utf-8")
            return path
    return None


def sentence(path: Path | None) -> str:
    """What the person reads: that it is the program's fault, that data is kept, and where the report lies."""
    where = f"报告在 {path}（不含个人信息），请把它发给维护人员。" if path else "报告没有地方可写。"
    return f"程序出错了，已保存的数据没有受影响。{where}"


def tell(error: BaseException, home: Path, doing: str) -> int:
    """Write the report, say so on standard error, and give the exit code for a bug."""
    path = write_report(error, home, doing)
    if sys.stderr is not None:  # a windowed program has none
        sys.stderr.write(sentence(path) + "\n")
    return EXIT_CODE
