"""Opens the window; called by the composition root."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from ui.appearance import stored_look
from ui.collecting import Collector
from ui.context import AppContext
from ui.errors import BugHook, Errors
from ui.main_window import MainWindow
from ui.start_hooks import Hooks
from ui.theme import Theme

CHOSEN_HOME = "store/home"


def make_window(
    home: Path, bug: BugHook | None = None, hooks: Hooks | None = None, *, named: bool = True
) -> MainWindow:
    """The window over the data folder `home`, not shown yet. Needs a QApplication.

    `named`: a person named this folder, so the one chosen at an earlier first start does not count.
    """
    context = AppContext(home, errors=Errors(bug) if bug is not None else Errors())
    context.home_named = named
    chosen = "" if named else str(context.settings.value(CHOSEN_HOME) or "")
    if chosen and not (home / "keys.json").exists() and (Path(chosen) / "keys.json").exists():
        context.home = Path(chosen)  # the folder chosen at the first start
    look = stored_look(context.settings)
    if look != Theme.current().look:
        Theme.current().apply(look)
    return MainWindow(context, hooks)


def run(home: Path, bug: BugHook | None = None, hooks: Hooks | None = None, *, named: bool = True) -> int:
    """Show the window until it is closed; the process's exit code. `named`: see make_window."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Rollbook")
    QLocale.setDefault(QLocale(QLocale.Language.Chinese, QLocale.Country.China))
    translator = QTranslator(app)  # Qt's own words (context menus of inputs) in Chinese, when Qt brings them
    from PySide6.QtCore import QLibraryInfo

    if translator.load("qtbase_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    window = make_window(home, bug, hooks, named=named)
    Collector(app)
    _catch_bugs(window)
    window.show()
    return int(app.exec())


def _catch_bugs(window: MainWindow) -> None:
    """Errors that escape a slot are shown and reported like all others."""

    def hook(kind: type[BaseException], error: BaseException, _trace: object) -> None:
        if isinstance(error, Exception):
            window.context.show_error(error)
        else:
            sys.__excepthook__(kind, error, error.__traceback__)

    sys.excepthook = hook
