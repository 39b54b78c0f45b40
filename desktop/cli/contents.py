"""What a change or item holds besides values, for people and as JSON: its evidence files and its pupils."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from models.domain.fields import STUDENT_FIELD
from models.domain.filing import ACT_LABELS, Act
from models.domain.masking import mask

Everybody = Annotated[bool, typer.Option("--all", help="列出基线的全部人员（默认前 50 人）")]
Folder = Annotated[Path, typer.Option("--out", metavar="文件夹", help="写到哪里")]
PUPILS_SHOWN = 50
_TYPES = {"image/jpeg": "JPG 图片", "image/png": "PNG 图片", "application/pdf": "PDF"}


def evidence_lines(files: Iterable[Any]) -> list[str]:
    """One line an evidence file: name, type, size, and whether it has arrived."""
    return [
        f"证明材料：{file.name}（{_TYPES.get(file.media_type, file.media_type)}，{_size_text(file.size)}）"
        + ("" if file.here else "，还没有收到")
        for file in files
    ]


def _size_text(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB" if size >= 1 << 20 else f"{max(1, round(size / 1024))} KB"


def pupil_documents(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The pupils or accounts of a baseline ({"id", "values"}) as JSON, their numbers masked; of a filing with "act"."""
    field = STUDENT_FIELD["id_number"]
    return [
        {
            "id": row["id"],
            "name": row["values"].get("name", ""),
            "class_name": row["values"].get("class_name", "") or row["values"].get("department", ""),
            "username": row["values"].get("username", ""),
            "id_number": mask(field, row["values"].get("id_number", "")),
            **({"act": row["act"]} if "act" in row else {}),
        }
        for row in rows
    ]


def pupil_lines(pupils: Sequence[Mapping[str, str]], everybody: bool) -> list[str]:
    """One line a pupil, the first ones unless `everybody`."""
    if not pupils:
        return []
    shown = pupils if everybody else pupils[:PUPILS_SHOWN]
    lines = [f"名册 {len(pupils)} 人："]
    for one in shown:
        act = f"  {ACT_LABELS[Act(one['act'])]}" if "act" in one else ""
        who = f"  {one['name']}  {one['class_name'] or '-'}  {one['username'] or one['id_number'] or '无证件号'}"
        lines.append(who + act)
    return lines + (
        [f"  ……另有 {len(pupils) - len(shown)} 人，用 --all 全部列出。"] if len(shown) < len(pupils) else []
    )
