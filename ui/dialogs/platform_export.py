"""What is asked for the learning platform and what becomes of it: one export, off the window's thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.services.platform_files import SLIPS_FILE, Listed, MoodleOptions, export_moodle, export_oneroster
from models.services.platform_files import new_passwords as write_passwords
from models.services.platform_plan import LeftOut
from models.services.platform_state import MOODLE, ONEROSTER, Export, list_exports, mark_known

if TYPE_CHECKING:
    from models.domain.progress import Progress
    from models.store.store import Store

PASSWORDS: Final = "passwords"
COUNTS: Final = (
    ("add", "新增"), ("rename", "改名"), ("suspend", "停用"), ("resume", "恢复"), ("gone", "删除"),
    ("known", "登记已有"),
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What the person chose: `kind` MOODLE, ONEROSTER or PASSWORDS; `there` {user name: suspended} of the platform's
    own list; `listed` and `mass` what was answered; `account_ids` for new passwords."""

    kind: str
    folder: Path
    what: tuple[str, ...]
    since: str
    columns: tuple[str, ...]
    address: str
    below: bool
    resource_ids: bool
    there: Mapping[str, bool] = field(default_factory=dict)
    listed: Listed = Listed.ASK
    mass: bool = False
    account_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """What was written: files, who was left out, words on the numbers, how many slips, remarks; `kind` as wanted."""

    kind: str
    folder: Path
    paths: tuple[Path, ...]
    counted: str
    slips: int
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def slips_path(self) -> Path | None:
        """The slips, where any were written."""
        return next((path for path in self.paths if path.name == SLIPS_FILE), None)


def counted(counts: Mapping[str, int]) -> str:
    """Numbers of an export in words."""
    words = [f"完整文件，共 {counts['whole']:,} 个账户"] if counts.get("whole") else []
    words += [f"{label} {counts[key]:,}" for key, label in COUNTS if counts.get(key)]
    return "，".join(words) or "没有变化"


def export_words(one: Export) -> str:
    """An export in a list."""
    from ui.moments import moment

    state = " · 已撤销" if one.taken_back else ""
    return f"第 {one.number} 次 · {moment(one.made_at)} · {one.made_by} · {counted(one.counts)}{state}"


def last_exports(session: Any) -> dict[str, Export]:
    """The newest export of each kind of file, among those not taken back."""
    found: dict[str, Export] = {}
    for one in list_exports(session):
        if not one.taken_back:
            found.setdefault(one.platform, one)
    return found


def read_list(path: Path, progress: Progress) -> dict[str, bool]:
    """User name -> whether it is suspended, of a list the platform gave. Raises FileRefusedError."""
    from models.exchange.platform.accounts_list import read_accounts_list

    return {one.username: bool(one.suspended) for one in read_accounts_list(path, progress=progress).accounts}


@contextmanager
def _new_folder(folder: Path, name: str) -> Iterator[Path]:
    """A folder for one export, so that its passwords lie apart from those of another; gone when nothing came of it."""
    wanted, number = folder / name, 1
    while wanted.exists():
        number += 1
        wanted = folder / f"{name} ({number})"
    wanted.mkdir()
    try:
        yield wanted
    finally:
        with suppress(OSError):
            wanted.rmdir()  # only an empty one goes


def export(store: Store, wanted: Wanted, progress: Progress) -> Exported:
    """Write the files into a new folder inside the chosen one.

    Raises ListedAccountsError and MassChangeError, to be answered by asking again with more in `wanted`; UserError.
    """
    name = {MOODLE: "平台文件", ONEROSTER: "OneRoster", PASSWORDS: "重发初始密码"}[wanted.kind]
    with _new_folder(wanted.folder, f"{name} {datetime.now().astimezone():%Y-%m-%d}") as folder:
        if wanted.kind == PASSWORDS:
            return _passwords(store, wanted, folder)
        return _platform(store, wanted, folder, progress)


def _passwords(store: Store, wanted: Wanted, folder: Path) -> Exported:
    paths = store.write(write_passwords, store.actor, folder, wanted.account_ids, wanted.address)
    number = len(set(wanted.account_ids))
    return Exported(PASSWORDS, folder, paths, f"重发初始密码 {number} 个", number)


def _platform(store: Store, wanted: Wanted, folder: Path, progress: Progress) -> Exported:
    from models.exchange.platform.oneroster import Profile

    def work(session: Any, actor: Any) -> Any:
        if wanted.kind == ONEROSTER:
            path, profile = folder / "oneroster.zip", Profile(resource_ids=wanted.resource_ids)
            since = wanted.since or None
            return None, export_oneroster(session, actor, path, since, progress, wanted.mass, wanted.below, profile)
        known = mark_known(session, actor, MOODLE, wanted.there) if wanted.there else None
        options = MoodleOptions(wanted.columns, wanted.address, wanted.below, wanted.listed)
        since = wanted.since or None
        return known, export_moodle(session, actor, folder, wanted.what, since, progress, wanted.mass, options)

    known, result = store.write(work, store.actor)
    remarks = [f"已登记平台上已有的账户 {known.counts['known']} 个。"] if known else []
    remarks += [result.remark] if result.remark else []
    words = f"第 {result.number} 次导出：{counted(result.counts)}" if result.paths else "没有需要告诉平台的变化"
    slips = result.counts.get("add", 0) if wanted.kind == MOODLE else 0
    return Exported(wanted.kind, folder, result.paths, words, slips, result.left_out, tuple(remarks))
