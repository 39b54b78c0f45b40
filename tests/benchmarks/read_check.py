"""Reading, checking and comparing a roster of 20,000 x 60 text cells with a store that holds the same pupils, against
calamine's bare `iter_rows` of the same file.

Whole processes, interleaved, medians. `python tests/benchmarks/read_check.py` prints the ratios. One row in fifty has
two findings.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from models.domain.codes import code_table  # noqa: E402
from models.domain.fields import STUDENT_FIELDS, Field, FieldType  # noqa: E402
from models.domain.units import Line, Role, Tier, Unit  # noqa: E402
from models.exchange.reading import read_workbook  # noqa: E402
from models.services import imports  # noqa: E402
from models.store.store import NewOperator, Store  # noqa: E402
from models.store.vault.passphrase import KdfParameters  # noqa: E402

ROWS, COLUMNS, RUNS = 20_000, 60, 7

BARE = """
import sys
from python_calamine import CalamineWorkbook
rows = [row for row in CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows()]
assert len(rows) == int(sys.argv[2]) + 1
"""
READ = """
import sys
from pathlib import Path
from models.exchange.reading import read_workbook
workbook = read_workbook(Path(sys.argv[1]), "students")
assert len(workbook.sheets[0].rows) == int(sys.argv[2])
"""
CHECK = (
    READ
    + """
from models.services import imports
assert len(imports.check(None, workbook).findings) >= int(sys.argv[2]) // 50
"""
)
COMPARE = (
    READ
    + """
from models.services import imports
from models.store.store import Store
store = Store.open(Path(sys.argv[3]), "周全", "bench registrar lantern 41")
checked = store.read(imports.check, workbook)
assert checked.counts[imports.Outcome.SAME] == int(sys.argv[2])
store.close()
"""
)
CASES = (
    ("bare calamine iter_rows", BARE),
    ("read", READ),
    ("read, check", CHECK),
    ("read, check, open store, compare", COMPARE),
)


def _characters() -> list[str]:
    return [bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA)]


def _identity(number: int) -> str:
    """An invented identity number with a right check digit: one in fifty of no known area (130999), the others of
    one that was given up long before these days of birth (132930)."""
    birth = date(2008, 1, 1) + timedelta(days=number % 2500)
    body = f"{132930 if number % 50 else 130999}{birth:%Y%m%d}{number // 2500:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def _value(field: Field, number: int, names: list[str]) -> str:
    identity = _identity(number)
    fixed = {
        "id_number": identity,
        "student_number": "G" + identity,
        "birth_date": identity[6:14],
        "sex": "男" if int(identity[16]) % 2 else "女",
        "id_type": "居民身份证",
        "ethnicity": "汉族",
        "nationality": "中国",
        "school_code": "2113000000",
        "class_name": f"三({number % 9})班",
        "political_status": "群众",
        "former_name": "",
        "guardian1_name": names[(number + 11) % len(names)],
        "guardian2_name": names[(number + 23) % len(names)],
        "guardian1_relation": "父亲",
        "guardian2_relation": "母亲",
        "guardian1_is_guardian": "是",
    }
    by_type = {
        FieldType.NAME: names[number % len(names)],
        FieldType.DATE: "20200901",
        FieldType.MONTH: "202009",
        FieldType.YES_NO: "否",
        FieldType.PHONE: f"139{number:08}",
        FieldType.DIVISION: "130102000000",
        FieldType.ID_NUMBER: _identity(number + 7),
        FieldType.POSTCODE: "061000",
        FieldType.INTEGER: str(number % 9),
        FieldType.CODE: next(iter(code_table(field.code_table).items()))[1] if field.code_table else "",
        FieldType.PERIOD: "20200901-20300901",
        FieldType.EMAIL: f"p{number}@example.com",
    }
    text = f"某街道{number % 700}号" if "address" in field.key else f"{field.label}{number % 50}"
    return fixed.get(field.key, by_type.get(field.type, text))


def make_roster(path: Path, rows: int = ROWS, columns: int = COLUMNS) -> None:
    """Write an invented roster of text cells, the same one every time."""
    draw = random.Random(1)
    characters = _characters()
    surnames = "王李张刘陈杨赵黄周吴"
    names = [draw.choice(surnames) + draw.choice(characters) + draw.choice(characters) for _ in range(rows)]
    fields = [field for field in STUDENT_FIELDS if field.key != "hidden_47"][:columns]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, [field.label for field in fields])
        for number in range(rows):
            for column, field in enumerate(fields):
                sheet.write_string(number + 1, column, _value(field, number, names))


def fill_store(home: Path, roster: Path) -> None:
    """Import the roster into a new store, with the cheapest key derivation."""
    unit = Unit("u", "青禾县第一小学", "2113000000", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县")
    people = [
        NewOperator("周全", frozenset({Role.REGISTRAR}), "bench registrar lantern 41"),
        NewOperator("方圆", frozenset({Role.ADMINISTRATOR})),
        NewOperator("郑重", frozenset({Role.HEAD})),
    ]
    store = Store.create(home, unit, people, kdf=KdfParameters(19456, 2, 1)).store
    assert store is not None
    with store:
        checked = store.read(imports.check, read_workbook(roster, "students"))
        store.write(imports.apply, store.actor, checked)


def run() -> str:
    """Time the cases and return the table of medians and ratios to the bare read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        make_roster(path)
        fill_store(Path(folder) / "home", path)
        times: dict[str, list[float]] = {name: [] for name, _ in CASES}
        for _ in range(RUNS):
            for name, code in CASES:
                times[name].append(_timed(code, path))
    floor = statistics.median(times[CASES[0][0]])
    lines = [f"read and check {ROWS} x {COLUMNS} text cells, whole processes, median of {RUNS}"]
    for name, taken in times.items():
        middle = statistics.median(taken)
        lines.append(f"  {name:32} {middle:6.2f} s   x {middle / floor:.2f}")
    return "\n".join(lines)


def _timed(code: str, path: Path) -> float:
    start = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [str(path), str(ROWS), str(path.parent / "home")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(run())
