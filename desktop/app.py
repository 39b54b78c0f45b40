"""The composition root of the window: data folder, log, crash reports, the invented school behind 演示数据."""

from __future__ import annotations

from pathlib import Path

from models.domain.progress import Progress


def run_window(home: Path, *, named: bool = True) -> int:
    """Show the window over the data folder `home` until it is closed; the exit code.

    `named`: the folder was named by option or variable and no other one is opened instead.
    """
    from desktop import logs
    from ui import start
    from ui.start_hooks import Hooks

    logs.start(home)

    def bug(error: Exception, doing: str) -> str:
        from desktop import crash

        return crash.sentence(crash.write_report(error, home, doing))

    return start.run(home, bug, Hooks(make_demo=make_demo), named=named)


def make_demo(home: Path, progress: Progress) -> tuple[str, str]:
    """Make an invented school in the empty folder `home`; name and passphrase of its registrar."""
    from desktop.demo.school import found_school

    return found_school(home, progress)
