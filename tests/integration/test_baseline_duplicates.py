"""The same pupil in the baselines of two schools is pointed out at the county before anybody accepts (E9, E10)."""

from __future__ import annotations

import hashlib
import time

from models.domain.ids import new_id
from models.domain.states import Verdict
from models.domain.units import Line, Tier, Unit
from models.rules.naming import pinyin_keys
from models.services import review
from models.services.items import row_line, rows_digest
from models.store import bulk

FIRST = Unit("5c0001a0-0000-4000-8000-00000000000a", "第一小学", "2113099901", Tier.SCHOOL, Line.BASIC)
SECOND = Unit("5c0001a0-0000-4000-8000-00000000000b", "第二小学", "2113099902", Tier.SCHOOL, Line.BASIC)


def entry(name: str, number: str = "", birth: str = "2018-03-05") -> dict:
    values = {"name": name, "sex": "1", "birth_date": birth, "class_name": "1班"}
    return {"id": new_id(), "values": values | ({"id_number": number} if number else {})}


def arrive(county, tools, unit: Unit, rows: list[dict]) -> str:
    """A baseline of `unit` comes in; the id of its item."""
    package_id = hashlib.sha256(new_id().encode()).hexdigest()
    lines = [row_line(row["id"], row["values"]) for row in rows]
    batch = {"id": new_id(), "count": len(rows), "rows_digest": rows_digest(lines)}
    item = {
        "id": new_id(), "number": "BG-2026-0001", "kind": "roster.baseline", "attempt": 1, "unit": unit.id,
        "subject": batch["id"], "label": "名单", "before": {}, "after": {}, "base_revision": 0, "reason": "",
        "policy_version": 0, "evidence": [], "initiator": {"person_id": new_id(), "name": "某人"},
        "created": "2026-09-01T00:00:00Z", "salt": "0" * 32, "batch": batch,
    }  # fmt: skip

    def receive(session) -> None:
        tools.note_package(session, package_id, "in", unit.id, county.unit.id)
        review.record_received(
            session, package_id, unit.id, [item], {}, [(0, row, line) for row, line in zip(rows, lines, strict=True)]
        )

    county.write(receive)
    return f"{package_id}:0"


def notes(county, item_id: str) -> str:
    return "\n".join(county.read(review.get_item, item_id).notes)


def test_two_baselines_under_review_and_the_known_pupils(county, tools, make_id) -> None:
    for unit in (FIRST, SECOND):
        county.write(tools.know_unit, unit, Tier.SCHOOL)
    same, other = make_id(1), make_id(2)
    first = arrive(county, tools, FIRST, [entry("慕容安", same), entry("司马宁"), entry("欧阳平", other)])
    assert "疑似" not in notes(county, first)
    second = arrive(county, tools, SECOND, [entry("慕容安", same), entry("司马宁"), entry("上官静", make_id(3))])
    for item_id, place in ((first, "第二小学"), (second, "第一小学")):
        said = notes(county, item_id)
        assert "有 2 名学生" in said
        assert f"慕容安 1班 与{place}（待核办的基线）的 慕容安 1班 身份证件号相同" in said
        assert "司马宁 1班" in said
        assert len(county.read(review.get_item, item_id).duplicates) == 2
    assert [one.duplicates for one in county.read(review.list_items)] == [2, 2]
    assert all("2 名学生疑似重复" in one.summary for one in county.read(review.list_items))
    county.write(review.decide, county.registrar, first, Verdict.ACCEPT)
    known = [{"id": new_id(), "unit_id": FIRST.id, "status": "enrolled", "revision": 1, "name": "上官静",
              "id_number": make_id(3), "class_name": "2班", "updated_at": "", "updated_by": ""}]  # fmt: skip
    county.write(lambda session: (bulk.insert_students(session, known, pinyin_keys), _audit(session, county)))
    assert "与第一小学的 上官静 2班 身份证件号相同" in notes(county, second)


def _audit(session, county) -> None:
    from models.store import audit

    audit.append(session, county.registrar, "test.pupils", "batch:test", {})


def test_it_is_quick_for_a_large_school(county, tools) -> None:
    county.write(tools.know_unit, FIRST, Tier.SCHOOL)
    for school in range(3):
        rows = [entry(f"学生{number}", f"1309992018{school}{number:07d}") for number in range(2400)]
        item_id = arrive(county, tools, FIRST, rows)
    start = time.perf_counter()
    county.read(review.get_item, item_id)
    county.read(review.list_items)
    assert time.perf_counter() - start < 2
