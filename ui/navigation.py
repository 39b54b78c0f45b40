"""The pages, one line each: key, title, icon, group, who sees it, and what makes it. The window follows this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from models.domain.units import Actor, Line, Role, Tier
from ui.context import AppContext
from ui.page import Page

BUSINESS = frozenset({Role.REGISTRAR, Role.HEAD})
EVERYONE = frozenset(Role)
ALL_TIERS = frozenset(Tier)
ABOVE_SCHOOL = ALL_TIERS - {Tier.SCHOOL}


@dataclass(frozen=True)
class PageEntry:
    """A page of the navigation. `make` imports its module when it is first needed (quick start, ux 2); `open_title`:
    how it is called in the open line."""

    key: str
    title: str
    icon: str
    group: str
    roles: frozenset[Role]
    tiers: frozenset[Tier]
    make: Callable[[AppContext], Page]
    open_title: str = ""
    lines: frozenset[Line] = frozenset(Line)


def _roster(context: AppContext) -> Page:
    from ui.pages.roster import RosterPage

    return RosterPage(context)


def _accounts(context: AppContext) -> Page:
    from ui.pages.accounts import AccountsPage

    return AccountsPage(context)


def _backup(context: AppContext) -> Page:
    from ui.pages.backup import BackupPage

    return BackupPage(context)


def _audit(context: AppContext) -> Page:
    from ui.pages.audit import AuditPage

    return AuditPage(context)


def _settings(context: AppContext) -> Page:
    from ui.pages.settings import SettingsPage

    return SettingsPage(context)


def _import(context: AppContext) -> Page:
    from ui.pages.import_.page import ImportPage

    return ImportPage(context)


def _changes(context: AppContext) -> Page:
    from ui.pages.changes import ChangesPage

    return ChangesPage(context)


def _review(context: AppContext) -> Page:
    from ui.pages.review import ReviewPage

    return ReviewPage(context)


def _packages(context: AppContext) -> Page:
    from ui.pages.packages import PackagesPage

    return PackagesPage(context)


def _letters(context: AppContext) -> Page:
    from ui.pages.letters import LettersPage

    return LettersPage(context)


def _orders(context: AppContext) -> Page:
    from ui.pages.orders import OrdersPage

    return OrdersPage(context)


def _inspections(context: AppContext) -> Page:
    from ui.pages.inspections import InspectionsPage

    return InspectionsPage(context)


def _problems(context: AppContext) -> Page:
    from ui.pages.problems import ProblemsPage

    return ProblemsPage(context)


def _filing(context: AppContext) -> Page:
    from ui.pages.filing import FilingPage

    return FilingPage(context)


def _monitoring(context: AppContext) -> Page:
    from ui.pages.monitoring import MonitoringPage

    return MonitoringPage(context)


def _duties(context: AppContext) -> Page:
    from ui.pages.duties import DutiesPage

    return DutiesPage(context)


PAGES: tuple[PageEntry, ...] = (
    PageEntry("roster", "学生名册", "school", "名册", BUSINESS, ALL_TIERS, _roster),
    PageEntry("accounts", "教师账户", "id-badge", "名册", EVERYONE, ALL_TIERS, _accounts),
    PageEntry("import", "导入", "file-import", "业务", frozenset({Role.REGISTRAR}), ALL_TIERS, _import),
    PageEntry("changes", "关键信息变更", "git-pull-request", "业务", BUSINESS, ALL_TIERS, _changes, "账户变更"),
    PageEntry(
        "filing", "账户备案", "clipboard-text", "业务", EVERYONE, ALL_TIERS, _filing, lines=frozenset({Line.OPEN})
    ),
    PageEntry(
        "monitoring",
        "质量监控账户",
        "shield-check",
        "业务",
        EVERYONE,
        ABOVE_SCHOOL,
        _monitoring,
        lines=frozenset({Line.OPEN}),
    ),
    PageEntry("review", "核办", "rubber-stamp", "业务", BUSINESS, ALL_TIERS, _review),
    PageEntry("problems", "问题学籍", "alert-octagon", "业务", BUSINESS, ALL_TIERS, _problems, "问题账户"),
    PageEntry("orders", "停用通知单", "user-off", "业务", BUSINESS, ALL_TIERS, _orders, lines=frozenset({Line.OPEN})),
    PageEntry("inspections", "专项核查", "list-check", "业务", EVERYONE, ALL_TIERS, _inspections),
    PageEntry("packages", "数据包收发", "package", "报送", EVERYONE, ALL_TIERS, _packages),
    PageEntry("letters", "往来", "arrows-exchange", "报送", EVERYONE, ALL_TIERS, _letters),
    PageEntry("duties", "职责与登记", "users", "管理", EVERYONE, ALL_TIERS, _duties),
    PageEntry("audit", "审计日志", "history", "管理", EVERYONE, ALL_TIERS, _audit),
    PageEntry("backup", "备份与恢复", "database", "管理", EVERYONE, ALL_TIERS, _backup),
    PageEntry("settings", "设置", "settings", "管理", EVERYONE, ALL_TIERS, _settings),
)


def pages_for(actor: Actor) -> tuple[PageEntry, ...]:
    """The pages `actor` sees, in their order (E1-E3: the administrator takes no part in the business)."""
    tier, line = actor.unit.tier, actor.unit.line
    shown = [page for page in PAGES if actor.roles & page.roles and tier in page.tiers and line in page.lines]
    if actor.unit.line is Line.OPEN:  # its accounts are what it comes for
        shown.sort(key=lambda page: page.key != "accounts")
        return tuple(replace(page, title=page.open_title or page.title) for page in shown)
    return tuple(shown)
