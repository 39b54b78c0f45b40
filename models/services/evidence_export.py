"""Evidence out into files a person opens with other programs; who took it is written into the audit (E14, PIPL)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError, system_sentence
from models.domain.units import Actor, Role
from models.services.evidence import content
from models.services.permissions import require_any_role
from models.store import audit

_ENDINGS: Final = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}
_NOUNS: Final = {"change": "变更", "problem": "问题"}
_UNFIT: Final = re.compile(r'[\\/:*?"<>|\s]+')
_LONGEST: Final = 60


class EvidenceFile(Protocol):
    """A file of evidence: of a change, or of an answer to a problem."""

    @property
    def digest(self) -> str:
        """What the store keeps its bytes by."""

    @property
    def name(self) -> str:
        """The name it was given."""

    @property
    def media_type(self) -> str:
        """What its content is."""


def export_evidence(
    session: Session, actor: Actor, number: str, files: Sequence[EvidenceFile], folder: Path, of: str = "change"
) -> list[Path]:
    """Write the files of the change (or what else `of` names) `number` into `folder` under safe names; their paths.

    Nothing is overwritten. Raises NotAllowedError for others than registrar and head, FileRefusedError when one has
    not arrived, UserError when a file is there already or cannot be written; then none is left behind.
    """
    require_any_role(actor, (Role.REGISTRAR, Role.HEAD), "另存证明材料")
    if not files:
        raise UserError(f"{_NOUNS[of]} {number} 没有证明材料。")
    if not folder.is_dir():
        raise UserError(f"没有文件夹“{folder}”，没有写出。请先建好文件夹，或换一个。")
    written: list[Path] = []
    try:
        for place, file in enumerate(files, 1):
            data = content(session, file.digest)
            if data is None:
                raise FileRefusedError(f"证明材料“{file.name}”还没有收到，请先接收对方的证明材料包。")
            target = folder / _safe_name(number, place, file)
            with target.open("xb") as stream:
                written.append(target)
                stream.write(data)
    except FileExistsError as error:
        _remove(written)
        there = Path(error.filename).name if error.filename else folder.name
        raise UserError(f"“{there}”已经存在，没有覆盖。请换一个文件夹，或先移走它。") from None
    except OSError as error:
        _remove(written)
        raise UserError(f"证明材料没有写成：{system_sentence(error)}") from None
    except UserError:
        _remove(written)
        raise
    body = {"digests": [file.digest for file in files]}
    audit.append(session, actor, "evidence.export", f"{of}:{number}", body)
    return written


def _safe_name(number: str, place: int, file: EvidenceFile) -> str:
    """BG-2026-0001_1_户口簿.png: nothing of the given name that leads elsewhere, and the ending its content has."""
    stem = "".join(c for c in f"{number}_{place}_{Path(file.name).stem}" if c.isprintable())
    return _UNFIT.sub("_", stem)[:_LONGEST].strip(". ") + _ENDINGS.get(file.media_type, ".bin")


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
