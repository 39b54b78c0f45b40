"""A process that dies while it writes an import leaves the store as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models.domain.units import Role
from models.services import imports, roster
from models.store import audit
from models.store.store import Store

ROOT = Path(__file__).parents[2]
CHILD = """
import os, sys
from pathlib import Path
from models.exchange.reading import read_workbook
from models.services import imports
from models.store.store import Store

class Die:
    def report(self, done, total, what):
        if what == "写入名册" and done > 0:
            os._exit(9)

home, name, secret, path = sys.argv[1:]
store = Store.open(Path(home), name, secret)
checked = store.read(imports.check, read_workbook(Path(path), "students"))
store.write(imports.apply, store.actor, checked, progress=Die())
"""


def test_the_store_is_whole_after_a_kill(school_store, school, pupils):
    rows = [row | {"身份证件号": "", "身份证件类型": "其他", "姓名": row["姓名"] + "子"} for row in pupils(2600)]
    checked = school.check(rows, "大名单.xlsx")
    assert not checked.counts["error"]
    path, secrets = checked.workbook.path, school_store.people[Role.REGISTRAR]
    school_store.close()
    arguments = [sys.executable, "-c", CHILD, str(school_store.home), *secrets, str(path)]
    died = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, timeout=120)
    assert died.returncode == 9, died.stderr.decode(errors="replace")[-500:]
    with Store.open(school_store.home, *secrets) as store:
        assert store.read(roster.list_ids, roster.RosterQuery()) == []
        assert store.read(audit.verify).ok
        again = store.read(imports.check, checked.workbook)
        assert store.write(imports.apply, store.actor, again).new == 2600
