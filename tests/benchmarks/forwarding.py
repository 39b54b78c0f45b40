"""What forwarding costs: 18 of 21 accepted items under the school's own signature, and changes against xlsx.

A section holds the school's content statement, the items in full, a digest for each other, the head's approval and the
county's receipt. It is measured as it travels: compressed and sealed, without the envelope's head. The xlsx holds what
a person would type of the same changes, without ids, salts and signatures.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import update
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from _county import NOW, School, enrol, new_county, signer_of, write_package
from packages import Side, approve, build, make_items

from models.domain.units import Actor, Role
from models.services import reported, review
from models.store import tables as t
from models.store.store import Store
from sync.packages import inbox, ledger
from sync.reports import sections
from sync.wire import envelope
from sync.wire.statements import sign

MANY = 10_000


def bring(store: Store, school: School, folder: Path, count: int, returned: int) -> reported.Section:
    """A package of the school comes in and is answered; the section that goes up."""
    path = folder / "p.rollbook"
    items = [{**item, "unit": school.unit.id} for item in make_items(count, count + returned)]
    write_package(path, school, store, items)
    package = inbox.receive(store, path).package_id
    assert package is not None
    registrar = signer_of(store, "registrar")
    actor = Actor(registrar.person_id, "周全", frozenset({Role.REGISTRAR}), store.actor.unit)

    def answer(session: Session) -> None:
        c = t.received_item.c
        session.execute(update(t.received_item).where(c.package_id == package).values(state="accept"))
        back = (c.package_id == package, c.position >= count - returned)
        session.execute(update(t.received_item).where(*back).values(state="return", opinion="请附户口簿首页"))
        receipt = sign({**review.receipt_body(session, package), "at": NOW}, [registrar])
        ledger.keep(session, receipt)
        review.finish(session, actor, package, receipt.id)

    store.write(answer)
    return next(one for one in store.write(reported.waiting) if one.package_id == package)


def sealed_size(lines: Iterable[bytes]) -> int:
    """Bytes of the lines compressed and encrypted."""
    return envelope.seal(lines, io.BytesIO()).size


def parts(lines: Sequence[bytes]) -> dict[str, int]:
    """Plain bytes by what they are; the pieces of a long value count with it."""
    names = {"k": "content", "v": "receipt", "i": "items", "h": "digests", "a": "approval", "s": "head"}
    found = dict.fromkeys(names.values(), 0)
    current = "s"
    for line in lines:
        tag = chr(line[2])
        current = current if tag == "p" else tag
        found[names[current]] += len(line)
    return found


def xlsx_size(path: Path, items: Sequence[dict[str, Any]]) -> int:
    """Bytes of the same changes as a workbook."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    for place, item in enumerate(items):
        texts = (*item["before"].values(), *item["after"].values(), item["reason"], item["initiator"]["name"])
        sheet.write_row(place, 0, (item["number"], item["label"], *texts, item["created"]))
    book.close()
    return path.stat().st_size


def run() -> str:
    """The figures as one line of text each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with new_county(home / "county") as store:
            schools = enrol(store, 3)
            pruned, whole, many = (
                bring(store, school, home, count, returned)
                for school, count, returned in zip(schools, (21, 21, MANY), (3, 0, 0), strict=True)
            )
            lines = store.read(lambda s: list(sections.write(s, pruned)))
            part, full = sealed_size(lines), sealed_size(store.read(lambda s: list(sections.write(s, whole))))
            forwarded = sealed_size(store.read(lambda s: list(sections.write(s, many)))) / MANY
            store._written = False  # no closing backup in the folder that goes
        items = make_items(MANY)
        sent = _package_size(home, items) / MANY
        xlsx = xlsx_size(home / "p.xlsx", items) / MANY
    said = ", ".join(f"{name} {size}" for name, size in parts(lines).items())
    return "\n".join(
        (
            f"forwarding 18 of 21 items: {part} bytes sealed ({part / 18:.0f} an item), all 21: {full} bytes",
            f"  plain bytes of the 18: {said}",
            f"a change of {MANY}: sent {sent:.1f} bytes, forwarded with both tiers' signatures {forwarded:.1f}, "
            f"as xlsx {xlsx:.1f}",
        )
    )


def _package_size(folder: Path, items: list[dict[str, Any]]) -> int:
    side, path = Side(), folder / "sent.rollbook"
    build(path, items, approve(items, side), side)
    return path.stat().st_size


if __name__ == "__main__":
    print(run())
