"""Problem rosters on the command line of a county: a list comes in, is looked at, and closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.store import audit, bulk
from models.store import tables as t
from tests.integration.test_cli import Done, refused, rollbook
from tests.problem_world import SHARED
from tests.unit.spreadsheets import xlsx


@pytest.fixture
def run(county_store: Any) -> Callable[..., Done]:
    """run(*arguments, text=False) as the registrar of a county that knows one pupil of its school."""

    def fill(session: Session) -> None:
        school = new_id()
        session.execute(
            insert(t.unit).values(
                id=school, name="青禾县第一小学", code="2113099901", tier="school", line="basic", city="虚州市",
                county="青禾县", superior_id=county_store.unit.id, is_self=0, state="active",
            )
        )  # fmt: skip
        row: dict[str, str | int] = {
            "id": new_id(), "unit_id": school, "status": "enrolled", "revision": 1, "name": "赵明", "sex": "1",
            "updated_at": "2026-09-01T00:00:00Z", "updated_by": "登记员", "birth_date": "2018-03-05",
            "class_name": "六(1)班", "id_type": "1", "id_number": SHARED,
        }  # fmt: skip
        bulk.insert_students(session, [row], pinyin_keys)
        audit.append(session, None, "test.pupils", "batch:test", {"count": 1})

    county_store.open(Role.REGISTRAR).write(fill)
    county_store.close()

    def call(*arguments: object, text: bool = False) -> Done:
        name, passphrase = county_store.people[Role.REGISTRAR]
        general = [*(() if text else ("--json",)), "--home", county_store.home, "--operator", name]
        return rollbook(*general, "--secret-file", "-", "problem", *arguments, given=f"{passphrase}\n")

    return call


def test_a_list_is_imported_looked_at_and_closed(run: Callable[..., Done], tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "清单.xlsx",
        [
            ["姓名", "身份证件号", "学校", "问题类型", "说明"],
            ["赵明", SHARED, "青禾县第一小学", "身份证号不存在", "公安核查"],
            ["无名", "", "", "", ""],
        ],
    )
    done = run("import", path).json
    assert (len(done["opened"]), done["already"], done["asked"]) == (1, 0, None)
    assert [one["row"] for one in done["unmatched"]] == [3]
    assert "第 3 行 无名" in run("import", path, text=True).out
    (row,) = run("list", "--mine").json
    assert (row["kind"], row["state"], row["my_turn"], row["priority"]) == ("id_wrong", "open", True, True)
    assert "【毕业年级】" in run("list", text=True).out
    shown = run("show", row["number"])
    assert SHARED not in shown.out
    assert shown.json["sides"][0]["stand"] == "尚未下发"
    assert "来源说明：身份证号不存在；公安核查" in run("show", row["number"], text=True).out
    refused(run("show", "00000000"), 2, "找不到编号")
    refused(run("evidence", row["number"], "--out", tmp_path), 2, f"问题 {row['number']} 没有证明材料")
    assert "合计不超过 180 KB" in run("answer", "--help", text=True).out.replace("\n", "")
    refused(run("decide", row["number"], "keep", "--opinion", "无误"), 2, "还没有向青禾县第一小学下发核实")
    refused(run("decide", row["number"], "maybe", "--opinion", "无误"), 2, "只能是")
    refused(run("answer", row["number"], "change", "--opinion", "录错"), 2, "由所在学校答复")
    refused(run("confirm", row["number"]), 2, "由本单位裁定")
    refused(run("close", row["number"]), 2, "缺少 --note")
    run("close", row["number"], "--note", "公安更正了户籍")
    assert [one["state"] for one in run("list").json] == ["closed"]
    assert "办结：公安更正了户籍" in run("show", row["number"], text=True).out
