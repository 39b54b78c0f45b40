"""An invented school with rosters, for looking around in the window."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from desktop.demo import invented
from desktop.demo.sheet import write_messy
from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS, STUDENT_FIELD, STUDENTS
from models.domain.ids import new_id
from models.domain.progress import SILENT, Progress
from models.domain.units import Line, Role, Tier, Unit
from models.exchange.reading import read_workbook
from models.services import imports, operators
from models.store.store import NewOperator, Store
from sync import identity

SECRET = "演示专用口令 {} 2026 不要照用"
PEOPLE = {
    "school": (("李录", Role.REGISTRAR), ("赵校", Role.HEAD), ("王管", Role.ADMINISTRATOR)),
    "county": (("钱审", Role.REGISTRAR), ("孙局", Role.HEAD), ("周管", Role.ADMINISTRATOR)),
}


def name_of(unit: str, role: Role) -> str:
    """Who holds a role in the school or the county."""
    return next(name for name, held in PEOPLE[unit] if held is role)


def secret_of(unit: str, role: Role) -> str:
    """That person's passphrase, for invented data only."""
    return SECRET.format(name_of(unit, role))


def found(home: Path, key: str) -> tuple[Unit, str]:
    """Make the store of the "school" or "county" with its three people active; the unit and the recovery code."""
    name, code, tier = {
        "school": (invented.SCHOOL_UNIT, invented.SCHOOL_CODE, Tier.SCHOOL),
        "county": (invented.COUNTY_UNIT, invented.COUNTY_CODE, Tier.COUNTY),
    }[key]
    unit = Unit(new_id(), name, code, tier, Line.BASIC, invented.CITY, invented.COUNTY)
    admin = Role.ADMINISTRATOR
    first = NewOperator(name_of(key, admin), frozenset({admin}), secret_of(key, admin))
    others = [NewOperator(person, frozenset({role})) for person, role in PEOPLE[key] if role is not admin]
    created = Store.create(home, unit, [first, *others])
    assert created.store is not None
    with created.store as store:
        store.write(identity.ensure)
    for person, code in created.activation_codes.items():
        operators.activate(home, person, code, SECRET.format(person))
    return unit, created.recovery_code


def found_school(home: Path, progress: Progress = SILENT) -> tuple[str, str]:
    """A school with pupils and teachers in `home`; name and passphrase of the registrar."""
    progress.report(0, 3, "建立演示学校")
    found(home, "school")
    name, secret = name_of("school", Role.REGISTRAR), secret_of("school", Role.REGISTRAR)
    with Store.open(home, name, secret) as store, TemporaryDirectory() as folder:
        for step, (kind, records, fields) in enumerate(
            ((STUDENTS, invented.pupils(), STUDENT_FIELD), (ACCOUNTS, invented.teachers(), ACCOUNT_FIELD)), 1
        ):
            progress.report(step, 3, "导入演示名册")
            path = Path(folder) / f"{kind}.xlsx"
            keys = list(records[0])
            rows = [[record[key] for key in keys] for record in records]
            write_messy(path, "演示", [fields[key].label for key in keys], rows, "")
            checked = store.read(imports.check, read_workbook(path, kind))
            store.write(imports.apply, store.actor, checked, True)
    progress.report(3, 3, "完成")
    return name, secret
