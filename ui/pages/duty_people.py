"""管理员与责任人: who is named for which duty, vacancies marked, here and below (A7, A8, B4, E34)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.domain.duties import DUTIES, DUTY, DUTY_LABELS
from models.services.duties import register
from models.services.duties.register import Named, list_named
from models.services.duties.vacancies import LEVELS, DutyFinding, vacancies
from models.services.units import own_unit
from ui.context import AppContext
from ui.forms.inputs import choice, line
from ui.kit import Item, button, label, pill
from ui.pages.entry_form import EntryForm
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

LOOK = {
    "vacancy": ("bad", "alert-circle"), "untold": ("mute", "hourglass"), "uncertified": ("warn", "alert-triangle"),
    "expired": ("bad", "alert-circle"), "soon": ("warn", "clock"), "held": ("ok", "circle-check"),
    "ended": ("mute", "logout"),
}  # fmt: skip
_WORDS = {**LEVELS, "held": "在任", "ended": "已解除"}
NAMES_SHOWN = 4


@dataclass(frozen=True)
class Seat:
    """A duty of a unit: who holds it (None: nobody), and what is missing."""

    id: str
    unit_id: str
    unit_name: str
    code: str
    named: Named | None
    finding: DutyFinding | None

    @property
    def state(self) -> str:
        """Key of LOOK."""
        if self.named is not None and self.named.until:
            return "ended"
        return self.finding.kind if self.finding is not None else "held"

    @property
    def duty(self) -> str:
        """The duty in words, with the business it is for."""
        words = DUTY_LABELS.get(self.code, self.code) or "—"
        return f"{words}（{self.named.business}）" if self.named is not None and self.named.business else words


def seats(session: Session) -> list[Seat]:
    """Every duty with its holder, and those without one first within their unit."""
    findings = vacancies(session)
    missing = {(one.unit_id, one.code, one.person): one for one in findings if one.person}
    named = list_named(session, past=True)
    empty = [
        Seat(f"{one.unit_id}.{one.code}", one.unit_id, one.unit_name, one.code, None, one)
        for one in findings if not one.person
    ]  # fmt: skip
    held = [
        Seat(one.id, one.unit_id, one.unit_name, one.code, one, missing.get((one.unit_id, one.code, one.name)))
        for one in named
    ]
    units = [own_unit(session).id, *(one.unit_id for one in findings), *(one.unit_id for one in named)]
    places = {unit_id: place for place, unit_id in enumerate(dict.fromkeys(units))}
    return sorted((*empty, *held), key=lambda one: places[one.unit_id])


def missing_words(found: Sequence[Seat], own_id: str) -> str:
    """What is missing, in one line: here by duty, below by unit; "" when nothing is."""
    here = [one for one in found if one.unit_id == own_id and one.finding is not None and one.state != "ended"]
    vacant = [one.duty for one in here if one.named is None]
    parts = [f"本单位没有指定{'、'.join(vacant)}"] if vacant else []
    papers = [f"{one.named.name}{_WORDS[one.state]}" for one in here if one.named is not None]
    parts += ["、".join(papers)] if papers else []
    below = list(dict.fromkeys(one.unit_name for one in found if one.unit_id != own_id and one.finding is not None))
    if below:
        names = "、".join(below[:NAMES_SHOWN]) + ("等" if len(below) > NAMES_SHOWN else "")
        parts.append(f"下级 {len(below)} 个单位有缺：{names}")
    return "；".join(parts)


class PeoplePane(RegisterPane):
    """Named people; those who may name and end them."""

    NAME = "管理员与责任人"
    ICON = "users"
    TABS = (("held", "现任"), ("missing", "有缺"), ("ended", "已解除"))
    NEW = "指定专人"

    def __init__(self, context: AppContext) -> None:
        self._may = context.has(*register.NAMERS)
        super().__init__(context)

    def source(self, session: Session) -> list[Seat]:
        """Every duty with its holder."""
        return seats(session)

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for every tab."""
        return (
            field("duty", "职责", 132, lambda s: Cell(s.duty, tip=s.duty)),
            field("name", "姓名", 66, lambda s: Cell(s.named.name if s.named else "—")),
            field("state", "状态", 104, _state),
            field("unit", "单位", 104, lambda s: Cell(s.unit_name, tip=s.unit_name)),
            field("phone", "联系电话", 112, lambda s: Cell(s.named.phone if s.named else "")),
            field("since", "任职", 88, lambda s: Cell(s.named.since if s.named else "")),
            field("valid", "证书有效期", 90, _valid),
        )

    def lines(self, tab: str) -> list[Line]:
        """In force with the vacancies, only what is missing, or ended."""
        held, missing = tab == "held", tab == "missing"
        return [
            Line(one.id, one)
            for one in self.found
            if (one.state == "ended") != (held or missing) and not (missing and one.state == "held")
        ]

    def nothing(self) -> str:
        """What the register is for."""
        if self.list.tab == "missing":
            return self.tr("专人齐全，证书有效。")
        if self.list.tab == "ended":
            return self.tr("没有已解除的职责。")
        words = self.tr("还没有指定专人。各项工作要有指定的专人负责，上级和下级靠这份名单找到他们。")
        return words + (self.tr("\n按 Ctrl+N 指定。") if self._may else "")

    def sum_up(self) -> None:
        """What is missing, in one line."""
        said = missing_words(self.found, self.context.actor.unit.id)
        look = button(self.tr("只看有缺的"), "filter", "link", on_click=lambda: self.list.show_tab("missing"))
        self.warning.say("warn", f"{said}。", [look])
        self.warning.setVisible(bool(said))

    def describe(self, one: Seat) -> Sequence[Item]:
        """A duty: what it is, who holds it, what is missing, what may be done."""
        duty = DUTY.get(one.code)
        named = one.named
        title = named.name if named is not None else one.duty
        parts: list[Item] = [label(title, "h2", wrap=True), pill(_WORDS[one.state], *LOOK[one.state])]
        if one.finding is not None:
            parts.append(label(f"{one.finding.sentence}。", tone="warn", wrap=True))
        parts.append(fact(self.tr("单位"), one.unit_name))
        if duty is not None:
            parts.append(fact(self.tr("职责"), f"{one.duty}：{duty.what}"))
        if named is not None:
            facts = (
                ("电话", named.phone), ("邮箱", named.email), ("任职", named.since), ("解除", named.until),
                ("证书", named.certificate), ("有效期", named.valid_until),
                ("培训", f"{named.trained_on} {named.training}"),
            )  # fmt: skip
            parts += [fact(name, text) for name, text in facts if text.strip()]
        return [*parts, *self._acts(one)]

    def _acts(self, one: Seat) -> list[Item]:
        if not self._may or one.unit_id != self.context.actor.unit.id:
            return []
        if one.named is None:
            return [8, button(self.tr("指定专人"), "user-plus", on_click=lambda: self.begin(one.code))]
        if one.state == "ended":
            return []
        return [8, button(self.tr("解除"), "logout", "danger", on_click=lambda: self.end(one.named))]

    def open_(self, one: Seat) -> None:
        """A vacancy is filled."""
        if one.named is None and self._may and one.unit_id == self.context.actor.unit.id and one.code:
            self.begin(one.code)

    # --- naming -----------------------------------------------------------------------------------------

    def may_begin(self) -> bool:
        """Whether the person may name somebody."""
        return self._may

    def begin(self, code: str = "") -> None:
        """Name somebody; `code`: for that duty."""
        unit = self.context.actor.unit
        fitting = [one for one in DUTIES if (not one.lines or unit.line in one.lines) and unit.tier in one.tiers]
        entries = {
            "code": choice(self.tr("职责 *"), [(one.code, one.label) for one in fitting]).without_room(),
            "name": line(self.tr("姓名 *")).without_room(),
            "phone": line(self.tr("联系电话 *"), self.tr("手机号，或 0317-5042876")).without_room(),
            "email": line(self.tr("邮箱")).without_room(),
            "business": line(self.tr("对接的业务")).without_room(),
            "since": line(self.tr("任职日期（留空为今天）"), "2026-09-01").without_room(),
        }
        entries["business"].setVisible(False)

        def ask_business() -> None:
            entries["business"].setVisible(DUTY[entries["code"].text()].needs_business)

        entries["code"].edited.connect(ask_business)
        entries["code"].set_text(code or self._vacant())
        ask_business()
        words = self.tr("一项职责可以由几人承担。名单随下次送件告知上级。")
        form = EntryForm(
            self.tr("指定专人"), words, entries, self.tr("指定"), required=("name", "phone")
        )  # fmt: skip

        def act(values: dict[str, str]) -> None:
            duty = values.pop("code")
            said = self.tr("已指定{name}为{duty}。").format(name=values["name"], duty=DUTY_LABELS[duty])
            self.write(said, register.name_person, duty, values)

        self.open_form(form, act)

    def _vacant(self) -> str:
        """The first duty nobody is named for here, else the first of all."""
        own = self.context.actor.unit.id
        empty = (one.code for one in self.found or () if one.named is None and one.unit_id == own and one.code)
        return next(empty, DUTIES[0].code)

    def end(self, named: Any) -> None:
        """Somebody no longer holds a duty."""
        title = self.tr("解除：{name}（{duty}）").format(name=named.name, duty=named.label)
        entries = {"until": line(self.tr("解除日期（留空为今天）"), "2026-12-31").without_room()}
        words = self.tr("解除后仍可在“已解除”中查到。这项职责没有别人时，会显示为空缺。")
        form = EntryForm(title, words, entries, self.tr("解除"), danger=True)
        said = self.tr("已解除{name}的{duty}。").format(name=named.name, duty=named.label)
        self.open_form(form, lambda values: self.write(said, register.end, named.id, values["until"]))


def _state(one: Seat) -> Cell:
    return Cell(
        _WORDS[one.state], LOOK[one.state][0], LOOK[one.state][1], tip=one.finding.sentence if one.finding else ""
    )


def _valid(one: Seat) -> Cell:
    if one.named is None or not one.named.certificate:
        return Cell()
    return Cell(one.named.valid_until or "长期", tip=one.named.certificate)
