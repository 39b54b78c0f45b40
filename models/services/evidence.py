"""Evidence files: what they are, whether they can be shown, and pictures of their pages.

Decoding happens in a child process with limits on memory and time (decision 20); bytes go through pipes, never
through a file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError
from models.services import evidence_probe
from models.store import tables as t

MAX_BYTES = 10 << 20
TIMEOUT_SECONDS = 30
PROBE_ARGUMENT = "--evidence-probe"
"""The argument by which the frozen program starts itself as the probe; `desktop` then calls evidence_probe.main()."""

_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
_SENTENCES = {
    "password": "设有打开密码，核办人员无法查看。请去掉密码后再添加。",
    "damaged": "已损坏或不完整，无法显示。请重新扫描后再添加。",
    "too_many_pages": f"超过 {evidence_probe.MAX_PAGES} 页。请只保留与本次变更有关的页。",
    "too_many_pixels": "图像尺寸过大。请降低扫描分辨率（建议 200 至 300 DPI）后再添加。",
    "no_page": "没有这一页。",
    "timeout": "打开时间过长，可能已损坏。请重新扫描后再添加。",
}


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """An evidence file that was decoded once without fault."""

    name: str
    media_type: str
    size: int
    pages: int
    data: bytes


def sniff(data: bytes) -> str | None:
    """Media type by the first bytes: JPEG, PNG or PDF; None for anything else."""
    return next((media_type for start, media_type in _SIGNATURES if data.startswith(start)), None)


def inspect(path: Path) -> EvidenceFile:
    """Read and try an evidence file. Raises FileRefusedError for type, size, damage or a password."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            raise FileRefusedError(f"“{path.name}”不是文件，请选择 JPG、PNG 或 PDF 文件。")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileRefusedError(f"打不开“{path.name}”，请检查文件是否还在、是否被其他程序占用。") from error
    return inspect_bytes(path.name, data)


def inspect_bytes(name: str, data: bytes) -> EvidenceFile:
    """As `inspect`, for bytes at hand (a pasted picture, a received file)."""
    if not data:
        raise FileRefusedError(f"“{name}”是空文件，请重新选择。")
    if len(data) > MAX_BYTES:
        raise FileRefusedError(f"“{name}”超过 {MAX_BYTES >> 20} MB，请降低扫描分辨率后再添加。")
    media_type = sniff(data)
    if media_type is None:
        raise FileRefusedError(f"“{name}”不是 JPG、PNG 或 PDF 文件（按内容判断，与扩展名无关），请转换后再添加。")
    answer, _ = _ask_child(name, {"op": "inspect", "page": 0, "width": 64}, data)
    return EvidenceFile(name, media_type, len(data), int(answer["pages"]), data)


def render(data: bytes, page: int = 0, width: int = 1200) -> bytes:
    """A page as PNG, `width` pixels wide at most; pages count from 0. Raises FileRefusedError."""
    return _ask_child("证明材料", {"op": "render", "page": page, "width": width}, data)[1]


def page_count(data: bytes) -> int:
    """Number of pages. Raises FileRefusedError."""
    return int(_ask_child("证明材料", {"op": "inspect", "page": 0, "width": 64}, data)[0]["pages"])


def content(session: Session, digest: str) -> bytes | None:
    """The bytes of an evidence file, None while it has not arrived."""
    return session.execute(select(t.evidence.c.content).where(t.evidence.c.digest == digest)).scalar()


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        console = Path(sys.executable).with_stem("rollbook-cli")  # the windowed program has no standard streams
        return [str(console if console.is_file() else sys.executable), PROBE_ARGUMENT]
    # -P and -s keep the folder of this package and the user's site out of the child's import path.
    return [sys.executable, "-P", "-s", str(Path(evidence_probe.__file__).resolve())]


def _ask_child(name: str, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    message = json.dumps(request).encode() + b"\n" + data
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(
            _command(), input=message, capture_output=True, timeout=TIMEOUT_SECONDS, check=False, creationflags=flags
        )
    except subprocess.TimeoutExpired:
        raise FileRefusedError(f"“{name}”{_SENTENCES['timeout']}") from None
    except OSError as error:
        raise UserError("无法启动查看证明材料的程序，请检查安装是否完整。") from error
    line, _, picture = done.stdout.partition(b"\n")
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:  # the child died: out of memory, out of time, or a fault in a decoder
        answer = {"ok": False, "code": "damaged"}
    if not answer.get("ok"):
        raise FileRefusedError(f"“{name}”{_SENTENCES.get(str(answer.get('code')), _SENTENCES['damaged'])}")
    return answer, picture
