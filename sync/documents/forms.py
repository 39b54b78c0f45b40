"""A filing form as files: a spreadsheet (or the upper tier's own one, filled in) and a PDF signed by the unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor
from models.exchange.forms.pdf import form_pdf
from models.exchange.forms.template import fill_template
from models.exchange.forms.xlsx import write_form
from models.exchange.placing import put_new, remove
from models.services.filing.forms import Filler, Prepared, note_built, prepare
from sync.documents import signing
from sync.trust.identity import unit_signer

if TYPE_CHECKING:
    from models.store.store import Store

_UNFIT: Final = re.compile(r'[\\/:*?"<>|\s]+')
_STEPS: Final = 4
_UNSIGNED: Final = "本单位还没有证书，PDF 没有电子签名，请打印后盖公章报送。"


@dataclass(frozen=True)
class Built:
    """The files of a form, what was filled in, whether the PDF is signed, and what a person should know."""

    xlsx: Path
    pdf: Path
    signed: bool
    prepared: Prepared
    remarks: tuple[str, ...]


def build_form(
    store: Store,
    form_key: str,
    folder: Path,
    period: str = "",
    template: Path | None = None,
    filler: Filler | None = None,
    progress: Progress = SILENT,
) -> Built:
    """Write annex1, annex2 or annex3 of this unit for a period as xlsx and PDF into `folder`; nothing is overwritten.

    `template`: the upper tier's own xlsx, filled in instead of our layout. Raises UserError when a file is there
    already, cannot be written or nothing is to be listed, NotAllowedError, DataFaultError, FileRefusedError for a
    template that cannot be filled, CancelledError; then no file is left behind.
    """
    progress.report(0, _STEPS, "正在汇总备案账户")
    prepared = store.read(prepare, store.actor, form_key, period, filler or Filler())
    xlsx, pdf = (folder / f"{_stem(prepared)}{ending}" for ending in (".xlsx", ".pdf"))
    _require_free(folder, xlsx, pdf)
    progress.report(1, _STEPS, "正在排版 PDF")
    paper = form_pdf(prepared.data)
    progress.report(2, _STEPS, "正在生成表格")
    remarks = [paper.remark]
    try:
        if template is None:
            write_form(xlsx, prepared.data)
        else:
            remarks.append(fill_template(template, xlsx, prepared.data).remark)
        progress.report(3, _STEPS, "正在签名")
        signed = store.write(_finish, store.actor, prepared, (xlsx, pdf), paper.content)
    except BaseException:
        remove([xlsx])
        raise
    remarks += [] if signed else [_UNSIGNED]
    return Built(xlsx, pdf, signed, prepared, tuple(filter(None, remarks)))


def _finish(session: Session, actor: Actor, prepared: Prepared, paths: tuple[Path, Path], content: bytes) -> bool:
    """Sign the PDF, note the export and put the file in its place; whether it could be signed."""
    signed = unit_signer(session, above=True).certificate is not None
    note_built(session, actor, prepared, [path.name for path in paths])
    put_new({paths[1]: signing.sign(session, actor, content, paths[1].stem) if signed else content})
    return signed


def _stem(prepared: Prepared) -> str:
    """附件3 市县校教师账户备案信息表 甲市分院 2026-05; the unit's name leads nowhere else."""
    data = prepared.data
    unit = _UNFIT.sub("_", data.unit).strip(". _") or "本单位"
    return f"{data.form.annex} {data.form.title} {unit} {prepared.period}"


def _require_free(folder: Path, *paths: Path) -> None:
    if not folder.is_dir():
        raise UserError(f"没有文件夹“{folder}”，没有写出。请先建好文件夹，或换一个。")
    for path in paths:
        if path.exists():
            raise UserError(f"“{path.name}”已经存在，没有覆盖。请换一个文件夹，或先移走它。")
