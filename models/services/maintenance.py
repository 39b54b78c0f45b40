"""Care of the store: checking it, backing it up, bringing it back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.progress import SILENT, Progress
from models.domain.signing import Signer
from models.store import audit, touched
from models.store import backup as backups
from models.store import tables as t
from models.store.audit import AuditReport
from models.store.backup import Description
from models.store.restoring import RESTORED_AT
from models.store.restoring import Restored as Restored
from models.store.restoring import restore as restore
from models.store.store import Store
from models.store.tables import setting


@dataclass(frozen=True)
class CheckReport:
    """Result of `check`: damaged pages, the chain, rows that are not what it says.

    `chain` is None when pages are damaged: nothing else can be relied on then.
    """

    pages: tuple[str, ...]
    chain: AuditReport | None
    rows: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, as sentences."""
        return (*self.pages, *(self.chain.problems if self.chain else ()), *self.rows)


def check(store: Store, remembered: tuple[int, str] | None = None, progress: Progress = SILENT) -> CheckReport:
    """Read every page, the whole chain and the rows it vouches for.

    Two heads are kept elsewhere: the newest backup's, or `remembered` in its place, and what the superior
    countersigned with its receipts, so that a cut tail is noticed though the backups are cut with it (decision 12).
    """
    progress.report(0, 3, "检查数据页")
    pages = tuple(store.damaged_pages())
    if pages:
        return CheckReport(pages, None, ())
    progress.report(1, 3, "核对操作记录")
    chain = store.read(verify_chain, remembered or newest_head(store))
    progress.report(2, 3, "核对登记内容")
    rows = store.read(touched.verify_rows)
    progress.report(3, 3, "检查完成")
    return CheckReport(pages, chain, rows)


def verify_chain(session: Session, remembered: tuple[int, str] | None = None) -> AuditReport:
    """Check the chain against the newest head the superior countersigned, and one that is `remembered`."""
    return audit.verify(session, remembered, countersigned_head(session))


def countersigned_head(session: Session) -> tuple[int, str] | None:
    """The newest audit head of this chain that stands in a receipt of the superior; None for none."""
    receipt, sent, signed = t.package.alias(), t.package.alias(), t.statement.c
    head = func.json_extract(cast(signed.body, Text), "$.audit_head")
    sequence = func.json_extract(head, "$.sequence")
    query = select(sequence, func.json_extract(head, "$.hash")).join_from(
        receipt, t.statement, signed.id == receipt.c.id
    )
    query = query.join(sent, sent.c.id == receipt.c.in_reply_to)
    query = query.where(receipt.c.direction == "in", receipt.c.purpose == "receipt", head.is_not(None))
    row = session.execute(
        query.where(sent.c.created_at > chain_begun(session)).order_by(sequence.desc()).limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def chain_begun(session: Session) -> str:
    """Since when the chain goes on as it is now: its first entry, or the last restore; "" for an empty one."""
    first = session.scalar(select(func.min(t.audit.c.at)).where(t.audit.c.sequence == 1)) or ""
    return max(first, _restored_at(session))


def newest_head(store: Store) -> tuple[int, str] | None:
    """Audit head in the newest readable backup of this store that was made after the last restore."""
    since = store.read(_restored_at)
    for path in backups.list_backups(store.home):
        with suppress(UserError):
            found = backups.describe(path)
            if found.unit_id == store.actor.unit.id and found.created > since:
                return found.audit_head
    return None


def backup(store: Store, to: Path | None = None, signer: Signer | None = None) -> Description:
    """Write a backup now, to a file or into a folder; without `to` beside the automatic ones.

    Raises UserError for a file that is there and is no backup: never the store itself, nor somebody's document.
    """
    target = to or store.home / backups.FOLDER
    if target.is_dir() or to is None:
        stamp = datetime.now().astimezone()
        target = target / f"{store.actor.unit.name} {stamp:%Y%m%d-%H%M%S}{backups.SUFFIX}"
    elif target.exists() and not backups.is_backup(target):
        raise UserError(f"“{target.name}”是别的文件，没有覆盖它。请换一个文件名，或者只给出文件夹。")
    return store.write_backup(target, signer)


def list_backups(home: Path) -> list[Path]:
    """Backup files in the data folder, newest first."""
    return backups.list_backups(home)


def describe_backup(file: Path) -> Description:
    """What a backup file says of itself; raises FileRefusedError, NewerStoreError."""
    return backups.describe(file)


def _restored_at(session: Session) -> str:
    return session.scalar(select(setting.c.value).where(setting.c.key == RESTORED_AT)) or ""
