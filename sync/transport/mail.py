"""Packages as attachments: split to the size a mailbox takes, sorted into mails, with the text to send along.

A mail carries an attachment as base64 in lines of 76 characters, so it grows by more than a third; the size chosen is
the limit of the mailbox, and the parts are smaller by that (requirement D1). The text names no person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import check_code
from models.domain.progress import SILENT, Progress
from models.domain.times import local_day, now_text
from models.services import preferences
from models.services.units import unit_name
from sync.formats import open_file
from sync.messages import sealing
from sync.packages import ledger, outbox
from sync.transport.deliveries import note
from sync.transport.parts import split
from sync.transport.removable import WRITTEN, folder_for
from sync.wire import envelope

if TYPE_CHECKING:
    from models.store.store import Store

_RAW: Final = 57
_MAILED: Final = 78
"""57 bytes become a line of 76 characters and its end."""
_TEXT_ROOM: Final = 64_000
"""Left in each mail for its head and text, in bytes."""


@dataclass(frozen=True)
class Attached:
    """One package of a delivery and the parts it became."""

    package_id: str
    title: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class MailDelivery:
    """A delivery to one unit. `mails`: which files go into each mail; `megabytes`: what the mailbox takes."""

    issuer: str
    audience: str
    megabytes: int
    packages: tuple[Attached, ...]
    mails: tuple[tuple[Path, ...], ...]

    @property
    def paths(self) -> list[Path]:
        """Every part."""
        return [path for one in self.packages for path in one.paths]

    @property
    def subject(self) -> str:
        """A subject for the mail."""
        many = f"，共 {len(self.mails)} 封" if len(self.mails) > 1 else ""
        return f"【名册】“{self.issuer}”交“{self.audience}”的数据包（{local_day(now_text())}{many}）"

    @property
    def body(self) -> str:
        """A text for the mail: what is attached, for whom, how to receive and check it. No word of any person."""
        lines = [
            f"{self.audience}：", "",
            f"附件是“{self.issuer}”交给“{self.audience}”的数据包，共 {len(self.packages)} 个，"
            f"已拆成 {len(self.paths)} 个附件：",
        ]  # fmt: skip
        for number, one in enumerate(self.packages, 1):
            lines.append(f"{number}. {one.title}，{len(one.paths)} 个附件，指纹 {check_code(one.package_id)}")
        lines += ["", *self._in_mails()]
        lines += [
            "接收办法：",
            "1. 把全部附件保存到同一个文件夹。可以改名，不要打开或修改。",
            "2. 打开“名册”程序，进入“数据包收发”，点“接收文件”，选中全部附件（或用命令 receive 文件夹）。",
            "3. 次序不限，可以分几次接收；缺第几卷，程序会说明，请向我单位索取缺的那一卷。",
            "",
            "核对：接收后程序显示的指纹应与上面一致，不一致时请打电话核对，不要继续。",
            f"附件已签名并加密，只有“{self.audience}”能打开。正文和附件名称中没有个人信息。",
        ]
        return "\n".join(lines)

    def _in_mails(self) -> list[str]:
        if len(self.mails) < 2:
            return []
        lines = [f"每封邮件不超过 {self.megabytes} MB，分 {len(self.mails)} 封发送："]
        lines += [
            f"第 {number} 封：{'、'.join(path.name for path in mail)}" for number, mail in enumerate(self.mails, 1)
        ]
        return [*lines, ""]


def room_of(megabytes: int) -> int:
    """Bytes of attachments that fit into a mail of so many MB (10^6 bytes, the smaller reading) once mailed."""
    return (megabytes * 1_000_000 - _TEXT_ROOM) * _RAW // _MAILED


def growth_words(megabytes: int) -> str:
    """What becomes of the mailbox's size, for the person who chose it."""
    room = room_of(megabytes) / 1_000_000
    return f"附件在邮件中会变大约三分之一，所以每封 {megabytes} MB 的邮件里最多放 {room:.1f} MB 的文件。"


def in_mails(paths: Sequence[Path], room: int) -> tuple[tuple[Path, ...], ...]:
    """Parts sorted into mails in their order, none beyond `room` bytes."""
    mails: list[list[Path]] = []
    used = room
    for path in paths:
        size = path.stat().st_size
        if used + size > room:
            mails.append([])
            used = 0
        mails[-1].append(path)
        used += size
    return tuple(tuple(mail) for mail in mails)


def split_delivery(
    store: Store,
    package_ids: Sequence[str] | None,
    megabytes: int,
    out_dir: Path | None = None,
    progress: Progress = SILENT,
) -> list[MailDelivery]:
    """Split packages, and all else their audiences have not answered, into attachments; one delivery an audience.

    `package_ids` None: everything unanswered. The size is remembered. Raises UserError, NotWrittenError; a package is
    noted as written only when all its parts were read back.
    """
    if package_ids is not None:
        package_ids = outbox.everything_for(store, package_ids)
    elif not store.read_only:
        store.write(sealing.seal_waiting, store.actor, store.home)
    rows = store.read(_rows_for, package_ids)
    store.write(preferences.set_mailbox_megabytes, store.actor, megabytes)
    folder = folder_for(store.home, out_dir)
    made = []
    for audience in dict.fromkeys(row.audience_id for row in rows):
        theirs = [row for row in rows if row.audience_id == audience]
        packages = tuple(
            Attached(row.id, row.title, tuple(_parts(outbox.rewrite(store, row.id), folder, megabytes, progress)))
            for row in theirs
        )
        made.append(_delivery(store, store.read(unit_name, audience), packages, megabytes))
        store.write(_note, store, made[-1])
    return made


def split_file(store: Store, path: Path, megabytes: int, out_dir: Path | None = None) -> MailDelivery:
    """Split one package file, whoever wrote it. Raises MalformedError, UserError, NotWrittenError."""
    store.write(preferences.set_mailbox_megabytes, store.actor, megabytes)
    paths = _parts(path, folder_for(store.home, out_dir), megabytes, SILENT)
    address = envelope.parse_statement(open_file(path).statement).address
    title = store.read(ledger.title_of, address, 0)
    attached = (Attached(address.content, title, tuple(paths)),)
    return _delivery(store, store.read(unit_name, address.audience), attached, megabytes)


def _rows_for(session: Session, package_ids: Sequence[str] | None) -> list[Row[Any]]:
    if package_ids is None:
        rows = list(ledger.unanswered(session))
    else:
        rows = [row for one in package_ids if (row := ledger.find(session, one)) is not None]
    if not rows:
        raise UserError("没有等待答复的数据包，不需要拆分。")
    return rows


def _parts(path: Path, folder: Path, megabytes: int, progress: Progress) -> list[Path]:
    return split(path, folder, room_of(megabytes) - 4096 - 16, progress)


def _delivery(store: Store, audience: str, packages: tuple[Attached, ...], megabytes: int) -> MailDelivery:
    mails = in_mails([path for one in packages for path in one.paths], room_of(megabytes))
    return MailDelivery(store.actor.unit.name, audience, megabytes, packages, mails)


def _note(session: Session, store: Store, made: MailDelivery) -> None:
    for one in made.packages:
        count = len(one.paths)
        words = f"{WRITTEN}为 {count} 个邮件附件（每封不超过 {made.megabytes} MB），读回一致，等待用邮件发出"
        note(session, store.actor, [one.package_id], f"邮件，{count} 个附件", words)
