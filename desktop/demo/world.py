"""Four tiers for the demo: their stores, a folder for what lies on the way to each unit, and a registrar's round."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from desktop.demo import invented
from desktop.demo.school import write_roster
from desktop.demo.story import Stage, approve
from desktop.demo.units import TIERS, name_of, secret_of
from models.domain.change_kinds import BASELINE
from models.domain.states import Verdict
from models.domain.units import Role
from models.exchange.reading import read_workbook
from models.services import changes, evidence, imports, reported, review
from models.store.store import Store
from sync.formats import FileKind
from sync.messages import sending
from sync.packages import ledger, outbox, receipts, receiving
from sync.packages.openers import Received

_TRAVELLED: Final = (FileKind.CHANGES, FileKind.REPORT)
UP: Final = ("green", "white", "city", "province")
DOWN: Final = ("province", "city", "green", "white", "green_first", "white_school")
SIDES: Final = ("green_first", "white_school")
"""Ways of the stick: through both counties up, and down again to the two schools of the story."""


@dataclass
class World(Stage):
    """`ids`: UID of each unit; `moved`: data folders on new PCs; `said`: what was told since it was last read.

    A store stays open until somebody else works at it, so that the passphrase is asked once, as in the window.
    """

    ids: dict[str, str] = field(default_factory=dict)
    moved: dict[str, Path] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    _open: dict[str, tuple[Role, Store]] = field(default_factory=dict)

    @contextmanager
    def at(self, unit: str, role: Role) -> Iterator[Store]:
        """The store of a unit, where the person of that role works now."""
        held = self._open.get(unit)
        if held is None or held[0] is not role:
            self.leave(unit)
            store = Store.open(self.home(unit), name_of(unit, role), secret_of(unit, role))
            self._open[unit] = (role, store)
        yield self._open[unit][1]

    def leave(self, *units: str) -> None:
        """Close the stores of units."""
        for unit in units:
            if held := self._open.pop(unit, None):
                held[1].close()

    def home(self, unit: str) -> Path:
        """The data folder of a unit, the new one when it was restored on another PC."""
        return self.moved.get(unit, self.base / "单位" / TIERS[unit].folder)

    def way_to(self, unit: str) -> Path:
        """What lies on the stick for a unit."""
        folder = self.base / "U盘" / f"交{TIERS[unit].name}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def go(self, *units: str) -> None:
        """A registrar's round at each unit in turn: receive, review and accept, answer, pass on."""
        for unit in units:
            with self.at(unit, Role.REGISTRAR) as store:
                self.said.setdefault(unit, []).extend(one.sentence for one in self._round(unit, store))

    def heard(self, *units: str) -> list[str]:
        """What these units were told when they received; nobody's is kept after it."""
        said = [f"{TIERS[unit].name}：{text}" for unit in units for text in self.said.get(unit, ())]
        self.said.clear()
        return said

    def _round(self, unit: str, store: Store) -> list[Received]:
        received = self._receive(unit, store)
        for one in received:
            if one.kind in _TRAVELLED and one.package_id is not None:
                self._answer(unit, store, one)
        above = TIERS[unit].above
        if above and store.read(reported.waiting):
            outbox.build(store, secret_of(unit, Role.REGISTRAR), self.way_to(above))
        self.send(unit, store)
        return received

    def _receive(self, unit: str, store: Store) -> list[Received]:
        folder = self.way_to(unit)
        if not any(folder.iterdir()):
            return []
        found: list[Received] = []
        for one in receiving.receive_all(store, receiving.expand(store, [folder]), progress=self.call.progress):
            if one.received is None and one.error is not None and not one.known:
                raise one.error
            found += [one.received, *one.received.also] if one.received is not None else []
        kept = self.base / "收到的文件" / TIERS[unit].name
        kept.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            shutil.move(path, kept / path.name)
        return found

    def _answer(self, unit: str, store: Store, one: Received) -> None:
        assert one.package_id is not None
        if one.kind is FileKind.CHANGES:
            for item in store.read(review.list_items, review.ReviewQuery(package_id=one.package_id)):
                store.write(review.decide, store.actor, item.id, Verdict.ACCEPT, "同意")
        row = store.read(ledger.find, one.package_id)
        assert row is not None
        sender = next(key for key, uid in self.ids.items() if uid == row.issuer_id)
        receipts.finish_review(store, one.package_id, secret_of(unit, Role.REGISTRAR), self.way_to(sender))

    def send(self, unit: str, store: Store) -> None:
        """Write what waits for each neighbour."""
        for other, facts in TIERS.items():
            if unit == facts.above or other == TIERS[unit].above:
                sending.send(store, self.ids[other], self.way_to(other))

    def build(self, unit: str) -> tuple[Path, ...]:
        """The registrar of a school seals what is approved; the files."""
        with self.at(unit, Role.REGISTRAR) as store:
            above = TIERS[unit].above
            return outbox.build(store, secret_of(unit, Role.REGISTRAR), self.way_to(above)).paths

    def bring_roster(self, unit: str, records: list[dict[str, str]]) -> None:
        """A school's roster is imported and its baseline submitted, approved and sealed."""
        name = TIERS[unit].name
        path = self.files / f"{name}花名册.xlsx"
        write_roster(path, f"{name}花名册", [{**one, "school_code": TIERS[unit].code} for one in records])
        with self.at(unit, Role.REGISTRAR) as store:
            store.write(imports.apply, store.actor, store.read(imports.check, read_workbook(path)), False)
            query = changes.ChangeQuery(kinds=(BASELINE.key,))
            change_id = store.read(changes.list_changes, query)[0].id
            store.write(changes.submit, store.actor, change_id)
        approve(self, unit, change_id)
        self.build(unit)


def scan() -> bytes:
    """A picture that compresses as badly as a scanned page, so that it needs several mails."""
    buffer = io.BytesIO()
    Image.effect_noise((1240, 1754), 40).save(buffer, "PNG")
    return buffer.getvalue()


def rosters() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Two schools' pupils, others than in the main job; the third of the second has the ID number of the first's."""
    pupils = invented.pupils(50)
    first, second = pupils[36:43], pupils[43:]
    second[2] = {**second[2], **{key: first[2][key] for key in ("id_number", "birth_date", "sex")}}
    return first, second


def right_number(records: Iterable[dict[str, str]]) -> str:
    """The ID number the third pupil should have had."""
    third = list(records)[2]
    return invented.id_number(invented.AREA, third["birth_date"], 800 + int(third["sex"] == "1"))


def named(unit: str) -> str:
    """A unit as it is called."""
    return TIERS[unit].name


def registrar(unit: str) -> str:
    """The passphrase of its registrar."""
    return secret_of(unit, Role.REGISTRAR)


def kept(world: World, file_name: str, content: bytes) -> evidence.EvidenceFile:
    """A picture among the files of the demo, looked at as evidence."""
    path = world.files / file_name
    path.write_bytes(content)
    return evidence.inspect(path)
