"""Where the program keeps its data: one folder a person, chosen by option, variable or the system's custom."""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "ROLLBOOK_HOME"


def data_home(chosen: Path | None = None) -> Path:
    """The data folder: `--home`, else ROLLBOOK_HOME, else the per-user data folder. It need not exist yet."""
    if chosen is not None:
        return chosen.expanduser().absolute()
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path  # late: costs nothing when a folder is named

    return user_data_path("Rollbook", appauthor=False)


def is_named(chosen: Path | None = None) -> bool:
    """Whether option or variable name the data folder."""
    return chosen is not None or bool(os.environ.get(HOME_VARIABLE))


def log_folder(home: Path) -> Path:
    """Where logs and crash reports of a data folder lie."""
    return home / "logs"
