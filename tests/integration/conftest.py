"""A school and a county bureau at work: opened stores with an actor for each role, and invented pupils."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.domain.signing import Signer
from models.domain.times import now_text
from models.domain.units import Actor, Role, Tier, Unit
from models.exchange.reading import read_workbook
from models.services import imports
from models.store import tables as t
from models.store.store import Store

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(serial: int, birth: str = "2018-03-05", sex: str = "1", area: str = "130999") -> str:
    """An ID number with a right check digit; 130999 is assigned to nobody."""
    order = serial * 2 + (1 if sex == "1" else 0)
    body = f"{area}{birth.replace('-', '')}{order % 1000:03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, _WEIGHTS, strict=True)) % 11]


_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫", "明华芳强丽军娜静磊洋艳勇"
TITLES = ("姓名", "性别", "出生日期", "身份证件类型", "身份证件号", "班级", "联系电话", "现住址")


def pupil(serial: int, **changed: str) -> dict[str, str]:
    """One row of a school's list, by title."""
    sex = "1" if serial % 2 else "2"
    birth = f"2018-{serial % 12 + 1:02d}-{serial % 28 + 1:02d}"
    name = _SURNAMES[serial % 12] + _GIVEN[serial // 12 % 12] + _GIVEN[serial // 144 % 12]
    row = {
        "姓名": name,
        "性别": "男" if sex == "1" else "女",
        "出生日期": birth,
        "身份证件类型": "居民身份证",
        "身份证件号": id_number(serial % 500, birth, sex),
        "班级": f"一({serial % 4 + 1})班",
        "联系电话": f"1390000{serial % 10000:04d}",
        "现住址": "青禾县新民街1号",
    }
    return row | changed


def sheet_file(path: Path, rows: list[dict[str, str]], titles: tuple[str, ...] | None = None) -> Path:
    """An xlsx with one sheet of text cells; the same rows give the same bytes, so that they are the same file."""
    titles = titles or tuple(dict.fromkeys(title for row in rows for title in row))
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
    book.set_properties({"created": datetime(2026, 9, 1, tzinfo=UTC)})
    sheet = book.add_worksheet("名单")
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title)
    for number, row in enumerate(rows, 1):
        for column, title in enumerate(titles):
            sheet.write_string(number, column, row.get(title, ""))
    book.close()
    return path


def picture(colour: int = 200) -> bytes:
    """A small PNG, as a scan would be."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (colour, colour, colour)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Office:
    """An opened store and the people who use it."""

    store: Store
    unit: Unit
    actors: dict[Role, Actor]
    secrets: dict[Role, tuple[str, str]]
    folder: Path

    @property
    def registrar(self) -> Actor:
        return self.actors[Role.REGISTRAR]

    @property
    def head(self) -> Actor:
        return self.actors[Role.HEAD]

    @property
    def administrator(self) -> Actor:
        return self.actors[Role.ADMINISTRATOR]

    def signer(self, role: Role) -> Signer:
        return self.store.signer_of(*self.secrets[role])

    def read(self, f: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        return self.store.read(f, *args, **kw)

    def write(self, f: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        return self.store.write(f, *args, **kw)

    def check(self, rows: list[dict[str, str]], name: str = "名单.xlsx", kind: str = "students") -> Any:
        """Read a list as an xlsx and judge it."""
        workbook = read_workbook(sheet_file(self.folder / name, rows), kind)
        return self.read(imports.check, workbook)

    def take_in(self, rows: list[dict[str, str]], name: str = "名单.xlsx", kind: str = "students", **kw: Any) -> Any:
        """Import a list."""
        return self.write(imports.apply, self.registrar, self.check(rows, name, kind), **kw)

    def find(self, name: str) -> str:
        """Id of the pupil of that name."""
        return str(self.read(lambda session: session.execute(_by_name(name)).scalar_one()))


def _by_name(name: str) -> Any:
    return select(t.student.c.id).where(t.student.c.name == name)


def _office(kit: Any, folder: Path) -> Office:
    store = kit.open(Role.REGISTRAR)

    def actors(session: Session) -> dict[Role, Actor]:
        o = t.operator.c
        rows = session.execute(select(o.person_id, o.name, o.roles))
        found: dict[Role, Actor] = {}
        for person_id, name, roles in rows:
            for role in Role:
                if role.value in roles:
                    found[role] = Actor(person_id, name, frozenset({role}), kit.unit)
        return found

    return Office(store, kit.unit, store.read(actors), kit.people, folder)


@pytest.fixture
def pupils() -> Callable[..., list[dict[str, str]]]:
    """pupils(number, **changed): rows of a list of invented pupils."""

    def make(number: int, start: int = 0, **changed: str) -> list[dict[str, str]]:
        return [pupil(serial, **changed) for serial in range(start, start + number)]

    return make


@pytest.fixture
def make_id() -> Callable[..., str]:
    """make_id(serial, birth, sex): an ID number with a right check digit."""
    return id_number


@pytest.fixture
def scan() -> bytes:
    """The bytes of a scanned paper."""
    return picture()


@pytest.fixture
def school(school_store: Any, tmp_path: Path) -> Office:
    """The school's store, opened by its registrar."""
    return _office(school_store, tmp_path)


@pytest.fixture
def county(county_store: Any, tmp_path: Path) -> Office:
    """The county's store, opened by its registrar."""
    return _office(county_store, tmp_path)


def know_unit(session: Session, unit: Unit, tier: Tier) -> None:
    """Let a store know another unit."""
    values = {
        "id": unit.id, "name": unit.name, "code": unit.code, "tier": tier.value, "line": unit.line.value,
        "city": unit.city, "county": unit.county, "superior_id": None, "is_self": 0, "state": "trusted",
    }  # fmt: skip
    session.execute(insert(t.unit).values(values))


def stand_below(session: Session, *line: Unit) -> None:
    """Let a store's own unit stand below the units, nearest first."""
    for unit, above in zip(line, [*line[1:], None], strict=True):
        know_unit(session, unit, unit.tier)
        superior = above.id if above else None
        session.execute(update(t.unit).where(t.unit.c.id == unit.id).values(superior_id=superior))
    session.execute(update(t.unit).where(t.unit.c.is_self == 1).values(superior_id=line[0].id))


def note_package(session: Session, package_id: str, direction: str, issuer: str, audience: str) -> None:
    """The row sync writes for a package it authenticated."""
    values = {
        "id": package_id, "direction": direction, "purpose": "changes", "title": "包裹", "issuer_id": issuer,
        "audience_id": audience, "line": "basic", "epoch": 1, "sequence": 1, "previous": "",
        "created_at": now_text(), "items": 0, "state": "opened", "in_reply_to": None, "note": "", "file_name": "",
        "size": 0, "file_digest": "", "handled_at": now_text(),
    }  # fmt: skip
    session.execute(insert(t.package).values(values))


@pytest.fixture
def tools() -> SimpleNamespace:
    """What sync writes beside the use cases."""
    return SimpleNamespace(know_unit=know_unit, note_package=note_package)
