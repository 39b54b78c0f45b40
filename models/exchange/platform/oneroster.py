"""OneRoster 1.2 CSV: one zip with a manifest and the tables there is something to say in (reference-data 7.2)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.exchange.writing import defused

Row = Mapping[str, str]


class Mode(StrEnum):
    """Whether a file tells everything or what has changed."""

    BULK = "bulk"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Profile:
    """Where readers of OneRoster differ: 1.2 has `resourceSourcedIds` in users.csv, some profiles leave it out."""

    resource_ids: bool = True


ACTIVE: Final = "active"
TO_BE_DELETED: Final = "tobedeleted"
_FILES: Final = (
    *("academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics"),
    *("enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources"),
    *("resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles"),
    *("userResources", "users"),
)
"""Every file the manifest names, in its order."""
_HEAD: Final = ("sourcedId", "status", "dateLastModified")
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "academicSessions": (*_HEAD, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "orgs": (*_HEAD, "name", "type", "identifier", "parentSourcedId"),
    "courses": (
        *_HEAD, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes",
    ),
    "classes": (
        *_HEAD, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
        "termSourcedIds", "subjects", "subjectCodes", "periods",
    ),
    "users": (
        *_HEAD, "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
        "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "resourceSourcedIds",
        "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns",
    ),
    "roles": (
        *_HEAD, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId",
    ),
    "enrollments": (
        *_HEAD, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
}  # fmt: skip
"""The minimum rostering set with its columns, whose order is fixed."""
_SOURCED_ID: Final = re.compile(r"[0-9a-zA-Z.\-_/@]{1,255}")
_OF_PEOPLE: Final = frozenset({"name", "title", "givenName", "familyName", "middleName", "location", "identifier"})
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the same rows give the same bytes


def oneroster_zip(
    tables: Mapping[str, Sequence[Row]],
    mode: Mode,
    source_name: str = "",
    source_code: str = "",
    profile: Profile | None = None,
) -> bytes:
    """The zip; rows are {column: text}, columns that are left out are empty, and an empty table is told as absent.

    In a bulk file `status` and `dateLastModified` stay blank, in a delta every row has both. Raises ValueError for
    rows that would break the format: a bug of the caller, not of the data.
    """
    filled = {name: rows for name, rows in tables.items() if rows}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        _add(
            package,
            "manifest",
            _csv(("propertyName", "value"), _manifest(filled, mode, defused(source_name), source_code)),
        )
        for name in TABLES:
            if name in filled:
                columns = _columns(name, profile or Profile())
                _add(package, name, _csv(columns, [_line(row, columns, mode) for row in filled[name]]))
    if filled.keys() - TABLES.keys():
        raise ValueError("unknown table")
    return out.getvalue()


def _manifest(filled: Mapping[str, Sequence[Row]], mode: Mode, name: str, code: str) -> list[tuple[str, str]]:
    states = [(f"file.{file}", mode.value if file in filled else "absent") for file in _FILES]
    source = [("source.systemName", name), ("source.systemCode", code)]
    return [("manifest.version", "1.0"), ("oneroster.version", "1.2"), *states, *source]


def _columns(name: str, profile: Profile) -> tuple[str, ...]:
    left_out = () if profile.resource_ids else ("resourceSourcedIds",)
    return tuple(column for column in TABLES[name] if column not in left_out)


def _line(row: Row, columns: Sequence[str], mode: Mode) -> list[str]:
    if not _SOURCED_ID.fullmatch(row["sourcedId"]):
        raise ValueError("sourcedId")
    dated = row.get("status") in (ACTIVE, TO_BE_DELETED) and row.get("dateLastModified", "").endswith("Z")
    blank = not row.get("status") and not row.get("dateLastModified")
    if not (dated if mode is Mode.DELTA else blank):
        raise ValueError("status")
    if row.keys() - set(columns) - {"resourceSourcedIds"}:
        raise ValueError("unknown column")
    return [_value(column, " ".join(row.get(column, "").split())) for column in columns]


def _value(column: str, text: str) -> str:
    """Names are defused (decision 20); numbers and addresses have a form that is no formula."""
    return defused(text) if column in _OF_PEOPLE else text


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _add(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(f"{name}.csv", _MOMENT)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    package.writestr(member, content)
