"""Qt objects in a cycle are ended on the GUI thread, whatever other threads do."""

from __future__ import annotations

import gc
import threading
from typing import Any

from PySide6.QtCore import QObject

from ui.collecting import Collector


def test_only_the_gui_thread_collects(qtbot: Any) -> None:
    collector = Collector()
    assert not gc.isenabled()
    ended: list[str] = []

    class Page(QObject):
        def __init__(self) -> None:
            super().__init__()
            self.itself = self

        def __del__(self) -> None:
            ended.append(threading.current_thread().name)

    Page()
    kept: list[list[int]] = []
    work = threading.Thread(target=lambda: kept.extend([number] for number in range(20_000)))
    work.start()
    work.join()
    assert ended == []
    collector.look()
    assert ended == [threading.main_thread().name]
