"""A dozen units of four tiers and a bad post between them: files are delayed, swapped, repeated, lost, cut short, or
brought to the wrong unit."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from models.domain.units import Line, Role, Tier, Unit
from sync.formats import FileKind, open_file
from sync.packages import inbox, ledger
from sync.policies import POLICY
from sync.refusals import Fault, OutOfTurnError, RefusedError
from sync.wire.envelope import TYPE, parse_statement
from tests.sync_world import TIERS, Member, open_member

_WHITE_SECOND = Unit(
    "5c0005a0-0000-4000-8000-000000000011", "白石县第二小学", "2113099905", Tier.SCHOOL, Line.BASIC, "虚州市", "白石县"
)
_BLACK_SECOND = Unit(
    "5c0006a0-0000-4000-8000-000000000012", "黑水县第二小学", "2113980106", Tier.SCHOOL, Line.BASIC, "云州市", "黑水县"
)
DOZEN: Final = {**TIERS, "white_second": (_WHITE_SECOND, "other"), "black_second": (_BLACK_SECOND, "black")}
"""A province, two cities, three counties, six schools: {folder: (unit, folder of its superior)}."""
ABOVE: Final = {name: above for name, (_, above) in DOZEN.items()}
SCHOOLS: Final = tuple(name for name, (unit, _) in DOZEN.items() if unit.tier is Tier.SCHOOL)
BUREAUX: Final = tuple(name for name in DOZEN if name not in SCHOOLS)
COUNTIES: Final = tuple(dict.fromkeys(ABOVE[name] for name in SCHOOLS))
_NAMES: Final = {unit.id: name for name, (unit, _) in DOZEN.items()}
_KNOWN: Final = (Fault.ALREADY_RECEIVED, Fault.KNOWN_POLICY, Fault.OLDER_POLICY)


@dataclass(frozen=True)
class Parcel:
    """A file on its way: from whom, to whom (folders), and its place in the channel (0: outside of any)."""

    frm: str
    to: str
    path: Path
    sequence: int


class Post:
    """The units, open, and the files on their way between them. `log` says what happened, for a seed that fails."""

    def __init__(self, template: Path, folder: Path, seed: int) -> None:
        self.random, self.folder, self.log = random.Random(seed), folder, list[str]()
        folder.mkdir(exist_ok=True)
        shutil.copytree(template, folder / "units")
        self.members = {name: self._open(name) for name in DOZEN}
        self.mail: dict[tuple[str, str], Parcel] = {}
        self.backups: dict[str, Path] = {}
        self.restored: set[str] = set()
        self.serial = 1000 * (seed > 0)  # other names than those of the template
        (folder / "mail").mkdir()

    def close(self) -> None:
        for member in self.members.values():
            member.store.close()

    def _open(self, name: str) -> Member:
        member = open_member(self.folder / "units" / name)
        member.out = self.folder / "out" / name
        member.out.mkdir(parents=True, exist_ok=True)
        return member

    def collect(self, name: str) -> None:
        """Take what the unit wrote to the post."""
        for path in sorted(self.members[name].out.glob("*.rollbook")):
            statement = open_file(path).statement
            if statement.type not in (TYPE, POLICY):  # papers of an enrolment, carried by hand
                path.unlink()
                continue
            if statement.type == TYPE:
                address = parse_statement(statement).address
                to, sequence = _NAMES[address.audience], address.sequence
            else:  # a policy holds for all below
                to, sequence = self.random.choice([one for one in DOZEN if name in self.above(one)]), 0
            target = self.folder / "mail" / f"{name}_{path.name}"
            shutil.move(path, target)
            self.mail[name, path.name] = Parcel(name, to, target, sequence)

    def above(self, name: str) -> list[str]:
        """Folders of the units above, nearest first."""
        found = []
        while name := ABOVE[name]:
            found.append(name)
        return found

    def receive(self, name: str, path: Path, parcel: Parcel, *, spoilt: bool = False) -> bool:
        """Let a unit receive a file; whether it was new. Anything but the refusals to be expected is a fault."""
        member = self.members[name]
        try:
            received = inbox.receive(member.store, path, member.act(Role.REGISTRAR))
        except RefusedError as error:
            stale = isinstance(error, OutOfTurnError) or error.fault is Fault.UNKNOWN_REPLY
            if error.fault in _KNOWN or spoilt or (stale and self._is_forked(parcel)):
                return False
            raise
        assert not spoilt, f"{name} took a spoilt file: {received.sentence}"
        for one in (received, *received.also):
            self.log.append(f"  {name} <- {parcel.frm}: {one.sentence}")
            assert not one.refused or self._is_forked(parcel), f"{name}: {one.sentence}"
            whole = one.kind not in (FileKind.MESSAGES, FileKind.REPORT) or not one.warnings
            assert whole or self._is_forked(parcel), f"{name}: {one.warnings}"
        return True

    def _is_forked(self, parcel: Parcel) -> bool:
        """Whether one end came back from a backup: what it sent before then may fit no more."""
        return bool(self.restored & {parcel.frm, parcel.to})

    def post(self) -> None:
        """The post does what it likes with a few of the files it has."""
        parcels = list(self.mail.items())
        for key, parcel in self.random.sample(parcels, min(len(parcels), self.random.randint(1, 6))):
            fate = self.random.choices(("deliver", "twice", "drop", "cut", "astray"), (12, 3, 2, 1, 1))[0]
            self.log.append(f"post: {fate} {parcel.path.name} -> {parcel.to}")
            getattr(self, f"_{fate}")(parcel)
            if fate in ("deliver", "drop"):
                del self.mail[key]

    def _deliver(self, parcel: Parcel) -> None:
        self.receive(parcel.to, parcel.path, parcel)

    def _twice(self, parcel: Parcel) -> None:
        self.receive(parcel.to, parcel.path, parcel)
        assert not self.receive(parcel.to, parcel.path, parcel) or self._is_held(parcel), parcel.path.name

    def _is_held(self, parcel: Parcel) -> bool:
        """What is kept aside may come again: it is still not its turn."""
        return self.members[parcel.to].store.read(_held, open_file(parcel.path).statement.content.get("content", ""))

    def _drop(self, parcel: Parcel) -> None:
        """Lost: the sender writes it again as long as nobody has answered."""

    def _cut(self, parcel: Parcel) -> None:
        raw = parcel.path.read_bytes()
        cut = self.folder / "mail" / "cut.rollbook"
        cut.write_bytes(raw[: self.random.randrange(8, len(raw))])
        self.receive(parcel.to, cut, parcel, spoilt=True)

    def _astray(self, parcel: Parcel) -> None:
        if parcel.sequence:
            wrong = self.random.choice([name for name in DOZEN if name != parcel.to])
            self.receive(wrong, parcel.path, parcel, spoilt=True)


def _held(session: Session, package_id: str) -> bool:
    row = ledger.find(session, package_id)
    return row is not None and row.state == ledger.HELD
