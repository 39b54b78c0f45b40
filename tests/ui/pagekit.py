"""What the page tests share: a context over a real store, answers to file questions, waiting for the store's thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QWidget

from models.store.store import Store
from ui.context import AppContext


class Answers:
    """A Prompt that answers at once with what a test has laid ready."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.target: Path | None = None
        self.said: list[str] = []

    def open_files(self, parent: QWidget, title: str, filters: str, done: Callable[[list[Path]], object]) -> None:
        if self.files:
            done(self.files)

    def save_file(self, parent: QWidget, title: str, name: str, filters: str, done: Callable[[Path], object]) -> None:
        if self.target is not None:
            done(self.target)

    def folder(self, parent: QWidget, title: str, done: Callable[[Path], object]) -> None:
        if self.target is not None:
            done(self.target)

    def confirm(self, parent: QWidget, act: str, text: str, done: Callable[[], object], **_: Any) -> None:
        self.said.append(act)
        done()

    def tell(self, parent: QWidget, title: str, text: str) -> None:
        self.said.append(text)


def make_context(store: Store, folder: Path) -> tuple[AppContext, list[str]]:
    """A context over `store`; the list collects what errors say."""
    settings = QSettings(str(folder / "ui.ini"), QSettings.Format.IniFormat)
    context = AppContext(store.home, prompt=Answers(), settings=settings)
    context.set_store(store)
    said: list[str] = []
    context.noticed.connect(lambda shown: said.append(shown.sentence))
    return context, said


def settle(qtbot: Any, context: AppContext) -> None:
    """Wait until the store's thread has nothing to do and its results are shown."""
    for _ in range(3):
        qtbot.waitUntil(lambda: not (context.jobs.busy or context.evidence_jobs.busy), timeout=20000)
        QApplication.processEvents()


def finish(context: AppContext) -> None:
    """End the store's thread; the store is closed by its kit."""
    context.set_store(None)
    context.jobs.shut()
    context.evidence_jobs.shut()
    QApplication.processEvents()


def scan(folder: Path, name: str = "户籍证明.png", colour: int = 235) -> Path:
    """A picture as a scanner would give it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (620, 860), (colour, colour, colour - 4))
    draw = ImageDraw.Draw(image)
    for line in range(12):
        draw.rectangle((70, 120 + line * 50, 550 - line % 3 * 60, 132 + line * 50), fill=(70, 74, 80))
    path = folder / name
    image.save(path)
    return path


def add_pupils(store: Store, number: int = 3) -> list[str]:
    """Insert invented pupils with sound ID numbers; their ids."""
    from models.domain.ids import new_id
    from models.rules.naming import pinyin_keys
    from models.store import audit, bulk

    rows: list[dict[str, str | int]] = []
    for serial in range(number):
        birth, sex = f"2017-0{serial % 9 + 1}-01", "1" if serial % 2 == 0 else "2"
        rows.append(
            {
                "id": new_id(), "unit_id": store.actor.unit.id, "status": "enrolled", "revision": 1,
                "updated_at": "2026-09-01T00:00:00Z", "updated_by": "周全", "name": "张" + "三四五六七八九"[serial % 7],
                "sex": sex, "birth_date": birth, "class_name": "三(2)班", "id_type": "1",
                "id_number": number18(birth, 221 + serial * 2 - (serial % 2)), "ethnicity": "01", "nationality": "CHN",
            }
        )  # fmt: skip

    def insert(session: Any) -> None:
        bulk.insert_students(session, rows, pinyin_keys)
        audit.append(session, store.actor, "test.pupils", "batch:test", {"count": number})

    store.write(insert)
    return [str(row["id"]) for row in rows]


def number18(birth: str, order: int, area: str = "130999") -> str:
    """An ID number with a right check digit; 130999 is assigned to nobody."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    body = f"{area}{birth.replace('-', '')}{order:03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def write_in(widget: QWidget, text: str) -> None:
    """Type `text` as an input method commits it."""
    event = QInputMethodEvent()
    event.setCommitString(text)
    QApplication.sendEvent(widget, event)
