"""A baseline of 2,400 pupils with all fields filled: bytes and time at the school's and the county's end; 200 of them.

Each of the 200 schools has pupils of its own, received, accepted and applied at one county, as one does after the
other in autumn. The peer for bytes is the same rows as xlsx.
`python tests/benchmarks/baselines.py 20` runs fewer schools.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from _county import School, baseline_item, enrol, new_county, peak, timed, write_package

from models.domain.fields import STUDENT_FIELDS
from models.domain.ids import new_id
from models.domain.states import Verdict
from models.domain.units import Actor, Role
from models.services import review
from models.services.items import row_line
from models.services.reported import rows_of
from models.services.review_views import list_items
from models.store import tables as t
from models.store.store import Store
from sync.packages import inbox

SCHOOLS, PUPILS = 200, 2400
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕单解"
_GIVEN = "小满春生海燕建国丽华志强秀英文博雨桐子涵梓萱浩然思远嘉怡天佑若曦明轩佳琪一诺俊杰雪莹晨曦重乐"


def pupils(seed: int, count: int = PUPILS) -> list[bytes]:
    """Canonical rows of invented pupils, all fields filled; numbers and addresses differ, codes repeat as they do."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        born = f"20{chance.randint(8, 17):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
        values = {field.key: str(chance.randint(1, 9)) for field in STUDENT_FIELDS}
        values |= {
            field.key: f"虚州市青禾县第{chance.randint(1, 900)}号" for field in STUDENT_FIELDS if "address" in field.key
        }
        values |= {field.key: _name(chance) for field in STUDENT_FIELDS if field.key.endswith("name")}
        values |= {f.key: f"139{chance.randint(0, 99999999):08}" for f in STUDENT_FIELDS if "phone" in f.key}
        values |= {
            "name": _name(chance), "sex": str(chance.randint(1, 2)),
            "birth_date": f"{born[:4]}-{born[4:6]}-{born[6:]}", "class_name": f"三({chance.randint(1, 8)})班",
            "id_number": f"130999{born}{seed % 100:02}{number % 100:02}",
        }  # fmt: skip
        rows.append(row_line(new_id(), values))
    return rows


def _name(chance: random.Random) -> str:
    return chance.choice(_SURNAMES) + "".join(chance.choices(_GIVEN, k=chance.randint(1, 2)))


def xlsx_size(path: Path, rows: list[bytes]) -> int:
    """Bytes of the same rows as a workbook."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    keys = [field.key for field in STUDENT_FIELDS]
    sheet.write_row(0, 0, keys)
    for place, raw in enumerate(rows, 1):
        values = json.loads(raw)["values"]
        sheet.write_row(place, 0, [values.get(key, "") for key in keys])
    book.close()
    return path.stat().st_size


def accept(store: Store, package: str, receipt: str) -> None:
    """The registrar accepts the baseline; what signing the receipt adds is one signature."""
    actor = Actor(new_id(), "周全", frozenset({Role.REGISTRAR}), store.actor.unit)
    (item,) = (one for one in store.read(list_items) if one.package_id == package)
    store.write(review.decide, actor, item.id, Verdict.ACCEPT)
    store.write(review.finish, actor, package, receipt)


def run(schools: int = SCHOOLS) -> str:
    """The figures as one line of text each."""
    times = dict.fromkeys(("build", "receive", "accept", "read back"), 0.0)
    size = first = xlsx = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.rollbook"
        with new_county(Path(folder) / "county") as store:
            for number, school in enumerate(enrol(store, schools)):
                rows = pupils(number)
                item = baseline_item(school.unit.id, rows)
                times["build"] += timed(write_package, path, school, store, [item], rows)
                size += path.stat().st_size
                xlsx = xlsx or xlsx_size(Path(folder) / "p.xlsx", rows)
                times["receive"] += timed(inbox.receive, store, path)
                package = _package_of(store, school)
                times["accept"] += timed(accept, store, package, f"{number:064}")
                times["read back"] += timed(store.read, _count_rows, package, str(item["id"]))
                first = first or peak()
            grown = peak() - first
            home = sum(file.stat().st_size for file in store.home.glob("store-*"))
            store._written = False  # no closing backup in the folder that goes
    per = {key: value / schools for key, value in times.items()}
    return "\n".join(
        (
            f"baselines of {PUPILS} pupils x {len(STUDENT_FIELDS)} fields, {schools} schools at one county",
            f"  package {size / schools / 2**20:.2f} MiB ({size / schools / PUPILS:.0f} bytes a pupil), the rows as "
            f"xlsx {xlsx / 2**20:.2f} MiB; all {size / 2**20:.0f} MiB",
            f"  a school: build {per['build']:.2f} s, receive {per['receive']:.2f} s, accept and apply "
            f"{per['accept']:.2f} s, kept rows read back {per['read back']:.2f} s; all {sum(times.values()):.0f} s",
            f"  store {home / 2**20:.0f} MiB; largest process grew by {grown / 2**20:.0f} MiB after the first school",
        )
    )


def _count_rows(session: Session, package: str, change: str) -> int:
    return sum(1 for _ in rows_of(session, package, change))


def _package_of(store: Store, school: School) -> str:
    c = t.received_item.c
    query = select(c.package_id).where(c.unit_id == school.unit.id)
    return str(store.read(lambda s: s.execute(query).scalar()))


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else SCHOOLS))
