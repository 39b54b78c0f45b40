"""Rules about the accounts of the learning platform: user names, places, office phones (A16, A17)."""

from __future__ import annotations

from models.domain.errors import UserError
from models.domain.units import Tier
from models.rules.contacts import office_phone_fault
from models.rules.naming import prefix_for, propose, username_finding
from models.rules.rule import TEACHERS, Broken, Check, Context, Values, error, warning


def row_prefix(city: str, county: str, context: Context) -> str:
    """The prefix a row's city and county give; the unit's own where the row names no city. Raises UserError."""
    if not city:
        return context.prefix
    return prefix_for(Tier.COUNTY if county else Tier.CITY, city, county, context.prefixes)


def _place(values: Values, context: Context) -> tuple[Broken, ...]:
    city, county = values
    try:
        row_prefix(city, county, context)
    except UserError as fault:
        return (("PLACE_UNKNOWN", str(fault)),)
    return ()


def _username(values: Values, context: Context) -> tuple[Broken, ...]:
    username, name, city, county = values
    try:
        prefix = row_prefix(city, county, context)
    except UserError:
        prefix = ""  # PLACE_UNKNOWN is told already
    found = username_finding(username, name, prefix, context.ue)
    return ((found.code, found.message),) if found else ()


def _reading(values: Values, context: Context) -> tuple[Broken, ...]:
    """Only where the program will have to propose a user name."""
    name, username = values
    if username:
        return ()
    proposal = propose(name, "", context.ue)
    if proposal.problem:
        return (("NAME_UNREADABLE", proposal.problem),)
    if proposal.ambiguous:
        ways = "或".join(proposal.candidates[:3])
        return (("NAME_NEEDS_CHOICE", f"姓名有几种读法：{ways}。请问清本人后选择用户名。"),)
    return ()


def _office_phone(values: Values, context: Context) -> tuple[Broken, ...]:
    fault = office_phone_fault(values[0])
    return (("OFFICE_PHONE", f"{fault}。"),) if fault else ()


ACCOUNT_CHECKS = (
    Check(
        (
            warning(
                "OFFICE_PHONE",
                "A16: true, with area code",
                {"office_phone": "0317-5042876"},
                {"office_phone": "5042876"},
                {"office_phone": "13900000000"},
            ),
        ),
        TEACHERS,
        (("office_phone",),),
        _office_phone,
    ),
    Check(
        (
            warning(
                "PLACE_UNKNOWN",
                "A17: prefix of city and county",
                {"city": "沧州", "county": "河间市"},
                {"city": "沧州市", "county": "易县"},
                {"city": "京州"},
            ),
        ),
        TEACHERS,
        (("city", "county"),),
        _place,
    ),
    Check(
        (
            error(
                "USERNAME_CHARACTERS",
                "A17: the platform admits [-.@_a-z0-9]",
                {"username": "czwangming", "name": "王明", "city": "沧州"},
                {"username": "张三", "name": "张三"},
            ),
            warning(
                "USERNAME_RULE",
                "A17; tolerated for older accounts",
                {"username": "czhjlvbu2", "name": "吕布", "city": "沧州市", "county": "河间"},
                {"username": "czhjlubu", "name": "吕布", "city": "沧州市", "county": "河间"},
                {"username": "wangming", "name": "李明", "city": "京州"},
            ),
        ),
        TEACHERS,
        (("username", "name", "city", "county"),),
        _username,
    ),
    Check(
        (
            warning("NAME_NEEDS_CHOICE", "A17 f: never guess", {"name": "王明"}, {"name": "覃芳"}, {"name": "单于丹"}),
            warning("NAME_UNREADABLE", "A17 g", {"name": "王明"}, {"name": "㐂明"}),
        ),
        TEACHERS,
        (("name", "username"),),
        _reading,
    ),
)
