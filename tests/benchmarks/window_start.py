"""From starting the process to the first painted unlock window, against bare PySide6 with sqlcipher3 (goal: 1.5x)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS, GOAL = 9, 1.5

PAINTED = """
class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, end)
        return False
def end():
    sys.stdout.write("painted"); sys.stdout.flush(); os._exit(0)
watch = Painted()
"""
BARE = f"""
import os, sys
import sqlcipher3.dbapi2
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QMainWindow, QPushButton, QVBoxLayout, QWidget
{PAINTED}
app = QApplication([])
app.setStyle("Fusion")
window = QMainWindow()
inside = QWidget()
box = QVBoxLayout(inside)
for part in (QLabel("名册"), QComboBox(), QLineEdit(), QPushButton("打开")):
    box.addWidget(part)
window.setCentralWidget(inside)
window.resize(1366, 768)
inside.installEventFilter(watch)
window.show()
app.exec()
"""
OURS = f"""
import os, sys
from pathlib import Path
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
{PAINTED}
app = QApplication([])
from ui.start import make_window
window = make_window(Path(sys.argv[1]))
window.entrance.card.installEventFilter(watch)
window.show()
app.exec()
"""


def _once(code: str, *arguments: str) -> float:
    """Wall time of one process in ms. Raises RuntimeError when it did not paint."""
    import time

    settings = {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": tempfile.gettempdir()}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    spent = (time.perf_counter() - start) * 1000
    if done.stdout != "painted":
        raise RuntimeError(done.stderr[-2000:])
    return spent


def run() -> str:
    """One line: both medians of whole processes, run in turns, and their ratio."""
    from _store_roster import new_store

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "store"
        new_store(home).close()
        bare, ours = [], []
        _once(BARE), _once(OURS, str(home))  # files come from the disk the first time
        for _ in range(ROUNDS):
            bare.append(_once(BARE))
            ours.append(_once(OURS, str(home)))
    one, other = statistics.median(bare), statistics.median(ours)
    verdict = "reached" if other / one <= GOAL else "MISSED"
    ratio = f"{other / one:.2f}x (goal {GOAL}x, {verdict})"
    return f"unlock window painted {other:.0f} ms, bare PySide6 + sqlcipher3 {one:.0f} ms: {ratio}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.path.insert(0, str(Path(__file__).parent))
    print(run())
