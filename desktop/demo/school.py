"""An invented school with rosters, for looking around in the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from desktop.demo import invented
from desktop.demo.sheet import write_messy
from desktop.demo.units import SECRET, UNITS, name_of, secret_of
from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS, STUDENT_FIELD, STUDENTS
from models.domain.ids import new_id
from models.domain.progress import SILENT, Progress
from models.domain.units import Role, Unit
from models.exchange.reading import read_workbook
from models.services import imports, operators
from models.store.store import NewOperator, Store
from sync.trust import identity


def found(home: Path, key: str) -> tuple[Unit, str]:
    """Make the store of a unit of the demos with its three people active; the unit and the recovery code."""
    facts = UNITS[key]
    unit = Unit(new_id(), facts.name, facts.code, facts.tier, facts.line, facts.city, facts.county)
    admin = Role.ADMINISTRATOR
    first = NewOperator(name_of(key, admin), frozenset({admin}), secret_of(key, admin))
    others = [NewOperator(person, frozenset({role})) for person, role in facts.people if role is not admin]
    created = Store.create(home, unit, [first, *others])
    assert created.store is not None
    with created.store as store:
        store.write(identity.ensure)
    for person, code in created.activation_codes.items():
        operators.activate(home, person, code, SECRET.format(person))
    return unit, created.recovery_code


def write_roster(path: Path, title: str, records: Sequence[Mapping[str, str]]) -> None:
    """A faultless roster of pupils as an office writes it."""
    keys = list(records[0])
    rows = [[invented.as_written(key, record[key]) for key in keys] for record in records]
    write_messy(path, title, [STUDENT_FIELD[key].label for key in keys], rows, "")


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
