"""Files for the learning platform: what of the accounts has changed since it was told last (issue 4, point 7).

Passwords exist only inside one act: they stand in the file that adds and on the slips, which appear together, and
are kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.codes import code_table
from models.domain.errors import UserError
from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS
from models.domain.passwords import initial_password
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor
from models.exchange.placing import put_new
from models.exchange.platform import moodle
from models.exchange.slips import Slip, slips_pdf
from models.rules.readings import split_name
from models.services.platform_accounts import Rows, account_rows, first_moment, known_accounts, refuse_mass
from models.services.platform_oneroster import export_oneroster
from models.services.platform_plan import ADD, WHAT, Known, Plan, Question, plan
from models.services.platform_result import Result
from models.services.platform_state import ACTIVE, MOODLE, Told, first_usernames, keep, told
from models.services.roster_edit import require_editor
from models.services.units import known_names
from models.store import audit

__all__ = [
    "WHAT",
    "Listed",
    "ListedAccountsError",
    "MoodleOptions",
    "Result",
    "export_moodle",
    "export_oneroster",
    "new_passwords",
]

SLIPS_FILE: Final = "slips.pdf"
PASSWORD_FILE: Final = "passwords.csv"


class Listed(StrEnum):
    """What is meant of accounts that were entered from a list of what is there already (A17), not created here."""

    ASK = "ask"
    THERE = "there"
    ADD = "add"


class ListedAccountsError(UserError):
    """Nobody has said yet whether the platform has the accounts that came from a list."""


@dataclass(frozen=True, slots=True)
class MoodleOptions:
    """How the files look and whom they are about: columns of the file that adds (`title` or `title=value`), address
    on the slips, whether accounts of the units below go too, what is meant of listed ones."""

    columns: Sequence[str] = moodle.ADD
    address: str = ""
    below: bool = False
    listed: Listed = Listed.ASK


def export_moodle(
    session: Session,
    actor: Actor,
    folder: Path,
    what: Collection[str] = WHAT,
    since: str | None = None,
    progress: Progress = SILENT,
    confirm_mass: bool = False,
    options: MoodleOptions | None = None,
) -> Result:
    """Write add.csv with slips.pdf, rename.csv and suspend.csv into `folder`, each only when it has rows, and remember
    what they tell. `what`: the parts wanted; `since`: only accounts changed on that day (YYYY-MM-DD) or later.

    Raises MassChangeError when too many go out of use or are renamed at once, ListedAccountsError, UserError when a
    file is there already or there is no Chinese font for the slips, NotAllowedError, CancelledError; nothing is
    written then.
    """
    require_editor(actor, ACCOUNTS, "导出平台文件")
    options = options or MoodleOptions()
    columns = moodle.chosen_columns(options.columns)
    rows = account_rows(session, actor, options.below)
    asked, assumed = _question(session, actor, rows, what, since, options)
    found = plan(asked)
    refuse_mass(asked.told, actor, options.below, found.suspended, len(found.renames), confirm_mass)
    news = (assumed if options.listed is Listed.THERE else {}) | found.news
    left_out = tuple(found.left_out)
    if not news:
        return Result(left_out=left_out)
    progress.report(0, None, "生成平台文件")
    files, remark = _files(session, [rows[key] for key in found.add], found, columns, options.address)
    made = keep(session, actor, MOODLE, news, found.counts())
    paths = {folder / name: content for name, content in files.items()}
    put_new(paths)
    return Result(made.id, made.number, tuple(paths), made.counts, left_out, remark)


def _question(
    session: Session,
    actor: Actor,
    rows: Rows,
    what: Collection[str],
    since: str | None,
    options: MoodleOptions,
) -> tuple[Question, dict[str, Told]]:
    """What to compare, and the listed accounts that are taken to be on the platform under their first user name."""
    if unknown := set(what) - set(WHAT):
        raise UserError(f"没有“{'、'.join(sorted(unknown))}”这种平台文件，只有 add、rename、suspend。")
    accounts, before = known_accounts(rows), told(session, MOODLE)
    assumed: dict[str, Told] = {}
    if options.listed is not Listed.ADD or ADD not in what:
        unsaid = [one for key, one in accounts.items() if one.listed and key not in before and one.status != "pending"]
        active = sum(one.status == "active" for one in unsaid)
        if options.listed is Listed.ASK and ADD in what and active:
            raise ListedAccountsError(
                f"有 {active} 个账户来自名单，不知道平台上是否已经有了。请先登记平台导出的账户清单，"
                "或者说明它们平台上都已有、都要新增（命令行：--already 文件，--listed there 或 add）。没有写出文件。"
            )
        first = first_usernames(session, [one.id for one in unsaid])
        assumed = {one.id: Told(one.unit_id, first.get(one.id, one.username), ACTIVE) for one in unsaid}
    units = {one.unit_id for one in before.values()} if options.below else {actor.unit.id}
    return Question(accounts, before | assumed, units, what, first_moment(since), _fault), assumed


def _fault(one: Known) -> str | None:
    lastname, firstname = split_name(one.name)
    return moodle.row_fault(
        {"username": one.username, "lastname": lastname, "firstname": firstname, "email": one.email}
    )


# --- files ----------------------------------------------------------------------------------------------------


def _files(
    session: Session, added: Sequence[Row[Any]], found: Plan, columns: Sequence[moodle.Column], address: str
) -> tuple[dict[str, bytes], str]:
    """The files by name, and what is to be told of the slips."""
    files: dict[str, bytes] = {}
    remark = ""
    if found.renames:
        files["rename.csv"] = moodle.rename_file((old, new) for _, old, new in found.renames)
    if found.suspends:
        files["suspend.csv"] = moodle.suspend_file((username, off) for _, username, off in found.suspends)
    if added:
        names = known_names(session)
        passwords = {row.id: initial_password() for row in added}
        lines = [_moodle_row(row, names.get(row.unit_id, ""), passwords[row.id]) for row in added]
        files["add.csv"] = moodle.add_file(lines, columns)
        files[SLIPS_FILE], remark = _slips(added, names, passwords, address)
    return files, remark


def _moodle_row(row: Row[Any], unit: str, password: str) -> dict[str, str]:
    lastname, firstname = split_name(row.name)
    return {
        "username": row.username,
        "password": password,
        "lastname": lastname,
        "firstname": firstname,
        "email": row.email,
        "phone1": row.office_phone,
        "institution": unit,
        "department": row.department,
        "idnumber": row.id,  # the one key that never changes; an ID card's number has no place on the platform
        "suspended": "0",
        "profile_field_gender": _word("sex", row.sex),
        "profile_field_hiretype": _word("employment", row.employment),
        "profile_field_instaff": _word("on_staff", row.on_staff),
    }


def _word(key: str, value: str) -> str:
    """A code as the word people know it by."""
    table = ACCOUNT_FIELD[key].code_table
    return (code_table(table).label(value) if table else None) or value


def _slips(
    rows: Sequence[Row[Any]], names: Mapping[str, str], passwords: Mapping[str, str], address: str
) -> tuple[bytes, str]:
    slips = [
        Slip(row.name, row.username, passwords[row.id], names.get(row.unit_id, ""), row.department) for row in rows
    ]
    paper = slips_pdf(slips, address)
    return paper.content, paper.remark


def new_passwords(
    session: Session, actor: Actor, folder: Path, account_ids: Sequence[str], address: str = ""
) -> tuple[Path, ...]:
    """New initial passwords for accounts that are there (forgotten, lent and given back: E36): passwords.csv for the
    platform and slips.pdf for the persons. Raises UserError for one not in use, or of another unit; NotAllowedError.
    """
    require_editor(actor, ACCOUNTS, "重发初始密码")
    own = account_rows(session, actor, below=False)
    rows = [own[key] for key in dict.fromkeys(account_ids) if key in own]
    if not rows or len(rows) < len(set(account_ids)):
        raise UserError("只能为本单位的账户重发初始密码，请核对所选的账户。")
    if idle := [row.name for row in rows if row.status != "active"]:
        raise UserError(f"这些账户不在使用中，不能重发初始密码：{'、'.join(idle[:20])}。")
    passwords = {row.id: initial_password() for row in rows}
    slips, _ = _slips(rows, known_names(session), passwords, address)
    table = moodle.password_file((row.username, passwords[row.id]) for row in rows)
    audit.append(session, actor, "platform.passwords", f"platform:{MOODLE}", {"accounts": sorted(passwords)})
    files = {folder / PASSWORD_FILE: table, folder / SLIPS_FILE: slips}
    put_new(files)
    return tuple(files)
