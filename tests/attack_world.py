"""One honest file of every purpose that waits to be received, for the tests that attack them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.domain.units import Role, Tier, Unit
from models.services import changes
from models.store import tables as t
from sync.messages import notices, sending
from sync.packages import inbox, outbox
from sync.trust.certificates import new_private_key
from sync.trust.identity import UnitSigner, certify, ensure, public_der
from sync.wire import envelope, signedfile
from tests.kept import made_once
from tests.sync_world import COUNTY, TIERS, Member, found, make_tiers, opened

PURPOSES = envelope.PURPOSES
ROUTES = {
    "changes": ("school", "county"),
    "evidence": ("school", "county"),
    "receipt": ("county", "school"),
    "messages": ("city", "county"),
    "report": ("county", "city"),
}
STRANGER = Unit("d0000100-0000-4000-8000-00000000000a", "异地教育局", "130997", Tier.COUNTY, COUNTY.line, "", "")


@made_once
def make_attack_world(folder: Path) -> Path:
    """Four tiers in which each receiver of ROUTES has one file of its purpose still to receive, kept in `files`."""
    make_tiers(folder / "units")
    found(folder / "units" / "stranger", STRANGER)
    files = folder / "files"
    files.mkdir()
    with opened(folder / "units", *TIERS) as members:
        units = dict(zip(TIERS, members, strict=True))
        school, county, city = (units[name] for name in ("school", "county", "city"))
        _report_and_receipt(school, county, files)
        _baseline(school)
        _keep(school.build(["赵明丽", "赵明慧"]).paths, files, ("changes", "evidence"))
        notices.send(
            city.store, city.act(Role.REGISTRAR), None, "核对照片", "请各校核对学生照片。", tiers={Tier.COUNTY}
        )
        _keep(sending.send(city.store, COUNTY.id, city.out), files, ("messages",))
    shutil.rmtree(folder / "units" / "stick")
    return folder


def _report_and_receipt(school: Member, county: Member, files: Path) -> None:
    _baseline(school)
    built = school.build(["赵明华", "赵明亮", "赵明强"])
    for path in built.paths:
        county.receive(path)
    _keep([county.review_all(built.new[0])], files, ("receipt",))
    _keep(outbox.build(county.store, county.act(Role.REGISTRAR), county.out).paths, files, ("report",))
    for path in (*school.out.glob("*.rollbook"),):
        path.unlink()


def _baseline(school: Member) -> None:
    """Two more pupils and the approved list of all that were not reported yet."""
    school.add_pupils(2)
    school.act(Role.REGISTRAR)
    change = school.store.write(changes.propose, school.store.actor, "roster.baseline", "", {}, "上报名册")
    school.store.write(changes.submit, school.store.actor, change)
    school.approve([change])


def _keep(paths: list[Path], files: Path, purposes: tuple[str, ...]) -> None:
    """The last file of each purpose."""
    for path in paths:
        purpose = envelope.parse(signedfile.read(path)).address.purpose
        if purpose in purposes:
            shutil.copyfile(path, files / f"{purpose}.rollbook")


@dataclass
class Scene:
    """Sender, receiver and the file between them."""

    purpose: str
    frm: Member
    to: Member
    file: Path
    units: Path

    def receive(self, path: Path) -> inbox.Received:
        return self.to.receive(path)

    def stranger(self, purpose: str = "signing") -> UnitSigner:
        """A key for the sender's unit, certified by a bureau that the receiver never heard of."""
        own = self.frm.store.actor.unit
        with opened(self.units, "stranger") as (stranger,):

            def issue(session) -> UnitSigner:  # type: ignore[no-untyped-def]
                ensure(session)
                key = new_private_key()
                session.execute(t.unit.insert().values(**_row(own)))
                certificate = certify(session, own, purpose, public_der(key))
                session.execute(t.unit.delete().where(t.unit.c.id == own.id))
                return UnitSigner(certificate.der, key)

            return stranger.store.write(issue)


def _row(unit: Unit) -> dict[str, object]:
    from sync.joining.requests import unit_json

    return {**unit_json(unit), "is_self": 0, "state": "active"}


@contextmanager
def scene(world: Path, folder: Path, purpose: str) -> Iterator[Scene]:
    """A copy of what the attack on one purpose needs, its two units open."""
    frm, to = ROUTES[purpose]
    for name in (frm, to, "stranger"):
        shutil.copytree(world / "units" / name, folder / name)
    file = folder / f"{purpose}.rollbook"
    shutil.copyfile(world / "files" / f"{purpose}.rollbook", file)
    with opened(folder, frm, to) as (sender, receiver):
        yield Scene(purpose, sender, receiver, file, folder)
