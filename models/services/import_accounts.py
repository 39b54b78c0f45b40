"""What an import of teachers finds: user names given and proposed, second accounts, people not told apart (D6)."""

from __future__ import annotations

from models.domain.findings import Finding, Level
from models.rules.naming import Proposal
from models.services.accounts.usernames import propose_for
from models.services.import_plan import CheckedImport

Place = tuple[int, int]
"""Sheet and row, both as positions from 0."""
Said = list[tuple[Place, Finding]]


def account_findings(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """Everything that concerns accounts only; user names are proposed on the way. `subjects`: rows that are known."""
    return _name_accounts(checked, subjects) + _second_accounts(checked, subjects) + _indistinct(checked)


def _second_accounts(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """New rows whose person has an account already; a second one needs its reason in the note (D6)."""
    said: Said = []
    for place, sheet in enumerate(checked.workbook.sheets):
        for index in range(len(sheet.rows)):
            if (place, index) in subjects or (place, index) in checked.left_out or checked.known is None:
                continue
            record = sheet.record(index)
            matches = checked.known.people.matches(record)
            if matches:
                held = matches[0].sentence
                created = checked.is_created(place, index)
                refused = created and not record.get("note")
                advice = "一人只能有一个账户；确需第二个的，请在“备注”中写明理由" if refused else "请核对是不是同一个人"
                level = Level.ERROR if refused else Level.WARNING
                where = "note" if created else "name"  # where the reason belongs
                said.append(((place, index), Finding("SECOND_ACCOUNT", level, where, f"{held}。{advice}。")))
    return said


def _indistinct(checked: CheckedImport) -> Said:
    """Teachers of one name, sex and place whom neither an ID number nor a birth date tells apart."""
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place, sheet in enumerate(checked.workbook.sheets):
        for index in range(len(sheet.rows)):
            record = sheet.record(index)
            if (place, index) in checked.left_out:
                continue
            if record.get("name") and not record.get("id_number") and not record.get("birth_date"):
                key = tuple(record.get(part, "") for part in ("name", "sex", "city", "county"))
                groups.setdefault(key, []).append((place, index))
    message = "文件中有同名、同性别、同单位的人，无法区分是否为同一人，请补填身份证件号或出生日期，或删去重复的行。"
    finding = Finding("FILE_INDISTINCT", Level.ERROR, "name", message)
    return [(place, finding) for places in groups.values() if len(places) > 1 for place in places]


def _name_accounts(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """User names of a teachers' list: those given are checked, those missing are proposed by the rule (A17)."""
    given: list[Place] = []
    open_: list[Place] = []
    for place, sheet in enumerate(checked.workbook.sheets):
        raw = sheet.raw.get("username", [""] * len(sheet.rows))
        values = sheet.values.setdefault("username", [""] * len(sheet.rows))
        sheet.raw.setdefault("username", raw)
        for index in range(len(sheet.rows)):
            if (place, index) in subjects or (place, index) in checked.left_out:
                continue
            if raw[index] or (place, index) in checked.chosen:
                given.append((place, index))
            else:
                open_.append((place, index))
                values[index] = ""
    return _known_names(checked, subjects) + _given_names(checked, given) + _proposed(checked, given, open_)


def _known_names(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """Accounts that are there keep their user name; another one in the file is pointed out."""
    said: Said = []
    for (place, index), row_id in subjects.items():
        assert checked.known is not None
        sheet, own = checked.workbook.sheets[place], checked.known.usernames[row_id]
        raw = sheet.raw["username"][index]
        if raw and sheet.values["username"][index] != own:
            message = f"该账户已有用户名 {own}，导入不改用户名；确需改名请在账户中修改。"
            said.append(((place, index), Finding("USERNAME_KEPT", Level.WARNING, "username", message, raw)))
        elif not raw:
            sheet.values["username"][index] = own
    return said


def _given_names(checked: CheckedImport, given: list[Place]) -> Said:
    """User names that stand in the file or were chosen must not be taken; the rules judge their spelling."""
    said: Said = []
    for place, index in given:
        username, known = checked.workbook.sheets[place].values["username"][index], checked.known
        if known and (username in known.taken or username in known.elsewhere):
            where = "在名册中已被另一人使用" if username in known.taken else "已被其他单位使用"
            message = f"用户名 {username} {where}，请换一个。"
            said.append(((place, index), Finding("USERNAME_TAKEN", Level.ERROR, "username", message, username)))
    return said


def _proposed(checked: CheckedImport, given: list[Place], open_: list[Place]) -> Said:
    sheets, known = checked.workbook.sheets, checked.known
    used = {sheets[place].values["username"][index] for place, index in given}
    taken = (known.taken if known else set()) | used
    records = [sheets[place].record(index) for place, index in open_]
    others = known.elsewhere if known else set()
    proposals = propose_for(records, checked.context, taken, known.collision if known else "number2", others)
    checked.proposals = dict(zip(open_, proposals, strict=True))
    said: Said = []
    for (place, index), proposal in checked.proposals.items():
        sheets[place].values["username"][index] = proposal.username or ""
        finding = _proposal_finding(proposal, others)
        if finding:
            said.append(((place, index), finding))
    return said


def _proposal_finding(proposal: Proposal, elsewhere: set[str]) -> Finding | None:
    """What a person should know of a proposed user name; several readings are told by the rules."""
    username = proposal.username
    if not proposal.name:
        return None  # the missing name has its own finding
    if username is None:
        message = proposal.problem or "无法按规则生成用户名，请手工填写。"
        return Finding("USERNAME_NONE", Level.ERROR, "username", message)
    if username[-1].isdigit():
        bare = username.rstrip("0123456789")
        whose = f"用户名 {bare} 已被其他单位使用" if bare in elsewhere else "已有同名或同音的人使用该用户名"
        message = f"{whose}，按规定加序号为 {username}，请核对。"
        return Finding("USERNAME_NUMBERED", Level.WARNING, "username", message, username)
    return None
