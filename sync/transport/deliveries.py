"""When, on what and by whom a package was handed over: the audit log keeps it, the package's note says the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from models.domain.statuses import PACKAGE_STATUS
from models.domain.units import Actor
from models.store import audit
from sync.packages import ledger
from sync.transport.removable import WRITTEN, handed_words, medium_of

ACT: Final = "package.hand_over"
_MOST: Final = 200


@dataclass(frozen=True)
class Delivery:
    """One handing over of a package. `at`: UTC text; `medium`: stick, folder or mail; `person`: who wrote it out."""

    at: str
    medium: str
    carrier: str
    person: str

    @property
    def words(self) -> str:
        """Medium and carrier as one phrase."""
        return self.medium + (f"，由{self.carrier}送交" if self.carrier else "")


def handed_word(row: Mapping[str, Any]) -> str:
    """已写出 while the file lies in a folder, 已送达 once it is on a stick and was read back."""
    return WRITTEN if str(row["note"]).startswith(WRITTEN) else "已送达"


def state_words(row: Mapping[str, Any]) -> str:
    """How far a package (columns of the table) is; receipts and letters are not answered, the next file says so."""
    if row["state"] != ledger.DELIVERED:
        return PACKAGE_STATUS[row["state"]]
    return f"{handed_word(row)}，{'待对方确认' if row['purpose'] in ledger.ACKNOWLEDGED else '待回执'}"


def deliveries(session: Session, package_id: str) -> list[Delivery]:
    """How often and how a package was handed over, newest first."""
    found = audit.entries(session, audit.AuditFilter(act=ACT, object=f"package:{package_id}"), limit=_MOST)
    return [
        Delivery(one.at, str(body.get("medium", "")), str(body.get("carrier", "")), one.person_name)
        for one in found
        for body in [one.body or {"medium": "（记录内容已依规定清除）"}]
    ]


def note_written(session: Session, actor: Actor, package_ids: Sequence[str], folder: Path, carrier: str) -> None:
    """Packages were written to a stick or folder and read back."""
    note(session, actor, package_ids, medium_of(folder), handed_words(folder, carrier), carrier)


def note(
    session: Session, actor: Actor, package_ids: Sequence[str], medium: str, words: str, carrier: str = ""
) -> None:
    """Packages have left this program on `medium`; `words` become their note."""
    for package_id in package_ids:
        row = ledger.find(session, package_id)
        assert row is not None
        ledger.set_state(session, row.id, ledger.DELIVERED if row.state == ledger.SEALED else row.state, words)
        audit.append(session, actor, ACT, f"package:{row.id}", {"medium": medium, "carrier": carrier})


def belonging(session: Session, package_ids: Sequence[str]) -> list[str]:
    """These packages and all others their audiences have not answered: every delivery carries them (decision 7)."""
    found = [row for one in package_ids if (row := ledger.find(session, one)) is not None]
    together = dict.fromkeys(row.id for row in found)
    for audience in dict.fromkeys(row.audience_id for row in found):
        together |= dict.fromkeys(row.id for row in ledger.unanswered(session, audience))
    return list(together)
