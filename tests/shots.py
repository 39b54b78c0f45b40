"""Pictures of every page with invented data: `python dev.py shots` (offscreen; PNG files in the folder named)."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

from desktop.cli.call import Call
from desktop.demo import story, tiers
from desktop.demo.units import name_of, secret_of
from desktop.demo.world import World
from models.domain.units import Role
from models.store.store import Store
from ui import start
from ui.main_window import MainWindow
from ui.theme import Look, Theme

SIZE = (1366, 768)
SMALL = (1093, 614)
"""The same at 125 %."""
DESKS = ("problems", "letters", "orders", "packages")
BETWEEN_TIERS = ("city", "green", "green_first", "branch", "centre")
"""Units of the four-tier demo whose desks are taken, with what was done between them."""


def settle(window: MainWindow, seconds: float = 20) -> None:
    """Let the store's thread and the pages finish."""
    app, until, quiet = QApplication.instance(), time.monotonic() + seconds, 0
    while quiet < 5 and time.monotonic() < until:
        assert app is not None
        app.processEvents()
        busy = window.context.jobs.busy or window.context.evidence_jobs.busy
        quiet = 0 if busy else quiet + 1
        time.sleep(0.02)


def shot(folder: Path, name: str, widget: QWidget) -> None:
    """Write a picture of a widget."""
    path = folder / f"{name}.png"
    widget.grab().save(str(path))
    sys.stdout.write(f"{path}\n")


def window_at(home: Path) -> MainWindow:
    """A window over a data folder, shown."""
    window = start.make_window(home)
    window.resize(*SIZE)
    window.show()
    settle(window)
    return window


def pages(folder: Path, home: Path, unit: str, role: Role) -> None:
    """Pictures of every page that a person of the unit sees."""
    window = window_at(home)
    window.enter(Store.open(home, name_of(unit, role), secret_of(unit, role)))
    settle(window)
    assert window.workspace is not None
    for key in window.workspace.entries:
        window.workspace.show_page(key)
        settle(window)
        shot(folder, f"{unit}-{role.value}-{key}", window)
    window.context.store.close()
    window.close()


def desks(folder: Path, world: World, unit: str) -> None:
    """Pictures of the pages on what units tell each other, light and dark, large and small, each with one opened."""
    home = world.home(unit)
    window = window_at(home)
    window.enter(Store.open(home, name_of(unit, Role.REGISTRAR), secret_of(unit, Role.REGISTRAR)))
    settle(window)
    assert window.workspace is not None
    for key in [key for key in DESKS if key in window.workspace.entries]:
        page = window.workspace.show_page(key)
        settle(window)
        listed = getattr(page, "list", None)
        if listed is not None and not listed.model.rows:
            listed.show_tab("all")
            settle(window)
        looks(folder, f"{unit}-{key}", window)
        if listed is not None and listed.model.rows and key != "letters":
            listed.opened.emit(listed.current())
            settle(window)
            looks(folder, f"{unit}-{key}-one", window)
    window.context.store.close()
    window.close()


def looks(folder: Path, name: str, window: MainWindow) -> None:
    """One picture in each size, and one in the dark."""
    for size in (SMALL, SIZE):
        window.resize(*size)
        settle(window)
        shot(folder, f"{name}-{size[0]}", window)
    Theme.current().apply(Look("dark"))
    settle(window)
    shot(folder, f"{name}-dark", window)
    Theme.current().apply(Look())
    settle(window)


def main(target: str) -> int:
    """Make the demo's data and take the pictures."""
    folder = Path(target).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
        app = QApplication(["rollbook"])
        first = window_at(Path(scratch) / "empty")
        shot(folder, "first-run", first)
        first.close()
        stage = story.tell(Path(scratch) / "demo", Call(Path(scratch), home_named=True, json=True))
        unlock = window_at(stage.home("school"))
        shot(folder, "unlock", unlock)
        unlock.close()
        for unit, roles in (("school", (Role.REGISTRAR, Role.HEAD, Role.ADMINISTRATOR)), ("county", (Role.REGISTRAR,))):
            for role in roles:
                pages(folder, stage.home(unit), unit, role)
        world = tiers.tell(Path(scratch) / "tiers", Call(Path(scratch), home_named=True, json=True))
        for unit in BETWEEN_TIERS:
            desks(folder, world, unit)
        app.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
