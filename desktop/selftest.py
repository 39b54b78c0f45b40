"""A check of the installed program: each part is tried once, so that a missing file of a build is found here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from desktop.demo import invented


def _naming() -> None:
    from models.domain.units import Tier
    from models.rules.naming import prefix_for, propose

    if propose("吕单", prefix_for(Tier.COUNTY, "沧州", "黄骅")).username is None:
        raise RuntimeError("no reading")


def _rules() -> None:
    from models.domain.units import Line
    from models.rules.checks import Context, check_record

    record = {**invented.pupils(1)[0], "id_number": "130999201801010000"}
    context = Context(today=date(2026, 9, 1), line=Line.BASIC, unit_code=invented.SCHOOL_CODE, prefix="", ue="v")
    if not check_record("students", record, context):
        raise RuntimeError("no finding")


def _spreadsheets() -> None:
    from desktop.demo.sheet import write_messy
    from models.exchange.reading import read_workbook

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "名册.xlsx"
        write_messy(path, "名册", ["姓名", "性别", "身份证件号", "班号"], [["张三", "男", "", "1"]], "")
        if read_workbook(path, "students").sheets[0].values["name"] != ["张三"]:
            raise RuntimeError("not read")


def _store() -> None:
    from models.domain.ids import new_id
    from models.domain.units import Line, Role, Tier, Unit
    from models.store.store import NewOperator, Store

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        unit = Unit(new_id(), "自检", "2113999999", Tier.SCHOOL, Line.BASIC)
        first = NewOperator("甲", frozenset({Role.ADMINISTRATOR}), "自检用的一句长口令 7394")
        others = [NewOperator("乙", frozenset({Role.REGISTRAR})), NewOperator("丙", frozenset({Role.HEAD}))]
        created = Store.create(Path(folder) / "数据", unit, [first, *others])
        if created.store is None:
            raise RuntimeError("not opened")
        created.store.close()


def _evidence() -> None:
    from models.services.evidence import inspect_bytes

    inspect_bytes("证明.png", picture())


def _documents() -> None:
    from datetime import UTC, datetime

    from models.domain.errors import UserError
    from models.domain.forms import LOCAL_TEACHERS, FilingKind, FormData
    from models.domain.ids import new_id
    from models.exchange.forms.pdf import STAMP_INSET, STAMP_SIZE, form_pdf, stamp_pdf
    from sync.documents import pades
    from sync.trust.certificates import SIGNING, Subject, issue, new_private_key, public_der
    from sync.trust.signers import UnitSigner

    try:
        form = form_pdf(FormData(LOCAL_TEACHERS, "自检", "2026年5月", FilingKind.FIRST, [{"name": "张三"}])).content
        stamp = pades.Stamp(stamp_pdf("自检", "自检"), STAMP_SIZE, STAMP_INSET)
    except UserError:
        return  # no Chinese font: a matter of this computer, not of the build
    key, unit, moment = new_private_key(), Subject(new_id(), "自检", SIGNING, frozenset()), datetime.now(UTC)
    certificate = issue(unit, public_der(key), unit, key, "2026-09-01T00:00:00Z").der
    signed = pades.sign(form, UnitSigner(certificate, key), certificate, [], moment, "自检", stamp)
    if [one.intact and one.whole for one in pades.signatures(signed)] != [True]:
        raise RuntimeError("not signed")


def picture(text: str = "") -> bytes:
    """A small PNG that stands for a scanned certificate."""
    import io

    from PIL import Image, ImageDraw

    image = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 30, 590, 847), outline=(160, 30, 30), width=4)
    draw.ellipse((420, 680, 560, 820), outline=(200, 30, 30), width=5)
    draw.text((60, 60), f"SPECIMEN (invented) {text}", fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _window() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication, QLabel

    application = QApplication.instance() or QApplication(["rollbook"])
    label = QLabel("名册")
    label.show()
    application.processEvents()
    label.close()


PARTS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("命名规则", _naming),
    ("检查规则", _rules),
    ("表格读写", _spreadsheets),
    ("加密存储", _store),
    ("证明材料", _evidence),
    ("备案表与电子签名", _documents),
    ("窗口", _window),
)


def attempt(part: Callable[[], None]) -> str | None:
    """Run one part; None, or the type of what went wrong."""
    try:
        part()
    except Exception as error:  # whatever it is, the self-test says so and goes on
        return f"{type(error).__name__}：{error}"
    return None
