"""培训与持证: certificates with the day they end, told 60 days before, and the trainings that gave them (A18, E39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from models.domain.duties import ATTENDED, PASSED, RESULT_LABELS, WARN_DAYS
from models.domain.errors import UserError
from models.services.duties.register import NAMERS, Named, list_named, today
from models.services.duties.training import Attendance, Training, list_trainings, record_training
from ui.forms.inputs import line
from ui.kit import Item, label, pill
from ui.pages.entry_form import EntryForm, Input, Lines
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

_STANDING = {
    "valid": ("有效", "ok", "circle-check"), "soon": ("即将到期", "warn", "clock"),
    "expired": ("已到期", "bad", "alert-circle"),
}  # fmt: skip
_RESULTS = {words: key for key, words in RESULT_LABELS.items()} | {"合格": PASSED, "不合格": "failed", "参加": ATTENDED}


@dataclass(frozen=True)
class Certificate:
    """A certificate of a person, the one that lasts longest; `left`: days it still holds, None for no end."""

    name: str
    unit_name: str
    number: str
    valid_until: str
    trained_on: str
    training: str
    left: int | None

    @property
    def standing(self) -> str:
        """valid, soon or expired."""
        if self.left is None or self.left > WARN_DAYS:
            return "valid"
        return "expired" if self.left < 0 else "soon"


def certificates(trainings: Sequence[Training], below: Sequence[Named], own: str, day: str) -> list[Certificate]:
    """The certificates of this unit, and of named people below; the first to end first. `day`: YYYY-MM-DD."""

    def left(until: str) -> int | None:
        return (date.fromisoformat(until) - date.fromisoformat(day)).days if until else None

    best: dict[tuple[str, str], Certificate] = {}
    rows = [
        Certificate(who.name, own, who.certificate, who.valid_until, one.held_on, one.title, left(who.valid_until))
        for one in trainings for who in one.people if who.certificate
    ]  # fmt: skip
    rows += [
        Certificate(
            one.name, one.unit_name, one.certificate, one.valid_until, one.trained_on, one.training,
            left(one.valid_until),
        )
        for one in below if one.certificate
    ]  # fmt: skip
    for row in rows:
        held = best.get((row.unit_name, row.name))
        if held is None or (row.valid_until or "9999", row.trained_on) > (held.valid_until or "9999", held.trained_on):
            best[row.unit_name, row.name] = row
    return sorted(best.values(), key=lambda one: (one.valid_until or "9999", one.unit_name != own, one.name))


def attendances(text: str) -> list[Attendance]:
    """People of a training, one a line: name, result, certificate, its last day, apart by tabs, commas or blanks.

    Without a result somebody with a certificate has passed, else has attended. Raises UserError naming the line.
    """
    people = []
    for place, one in enumerate(filter(str.strip, text.splitlines()), 1):
        parts = [part.strip() for part in one.replace("，", ",").replace("、", ",").replace("\t", ",").split(",")]
        parts = parts if len(parts) > 1 else one.split()
        name, rest = parts[0], [part for part in parts[1:] if part]
        result = _RESULTS.get(rest[0], rest[0] if rest[0] in RESULT_LABELS else "") if rest else ""
        rest = rest[1:] if result else rest
        if len(rest) > 2:
            raise UserError(f"第 {place} 行（{name}）的内容太多，应是：姓名，结果，证书编号，有效期。")
        people.append(Attendance(name, result or (PASSED if rest else ATTENDED), *rest))
    return people


class TrainingPane(RegisterPane):
    """Certificates, and trainings."""

    NAME = "培训与持证"
    ICON = "certificate"
    TABS = (("certificates", "证书"), ("trainings", "培训"))
    NEW = "登记培训"

    def source(self, session: Session) -> tuple[list[Training], list[Named]]:
        """Trainings here, named people below."""
        own = self.context.actor.unit.id
        return list_trainings(session), [one for one in list_named(session) if one.unit_id != own]

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """People with a certificate, or trainings."""
        if tab == "trainings":
            return (
                field("day", "日期", 92, lambda t: Cell(t.held_on)),
                field("title", "培训", 200, lambda t: Cell(t.title, tip=t.title)),
                field("people", "人数", 56, lambda t: Cell(str(len(t.people)), right=True)),
                field("passed", "合格", 56, lambda t: Cell(str(sum(p.result == PASSED for p in t.people)), right=True)),
                field("content", "内容", 240, lambda t: Cell(t.content, tip=t.content)),
            )
        return (
            field("person", "姓名", 66, lambda c: Cell(c.name)),
            field("unit_of", "单位", 110, lambda c: Cell(c.unit_name, tip=c.unit_name)),
            field("standing", "状态", 104, lambda c: Cell(*_STANDING[c.standing])),
            field("until", "有效期至", 90, lambda c: Cell(c.valid_until or "长期")),
            field("left", "还有", 76, _left),
            field("number", "证书编号", 110, lambda c: Cell(c.number)),
            field("training", "培训", 140, lambda c: Cell(f"{c.trained_on} {c.training}", tip=c.training)),
        )

    def lines(self, tab: str) -> list[Line]:
        """The rows of a tab."""
        trainings, below = self.found
        if tab == "trainings":
            return [Line(one.id, one) for one in trainings]
        own = self.context.actor.unit.name
        return [Line(f"{one.unit_name}.{one.name}", one) for one in certificates(trainings, below, own, today())]

    def nothing(self) -> str:
        """What the register is for."""
        words = self.tr("还没有登记培训。\n管理员应持证上岗：考试合格的颁发培训合格证书，到期前 {n} 天提醒。").format(
            n=WARN_DAYS
        )
        if self.list.tab == "certificates":
            words = self.tr("还没有登记培训合格证书。证书随培训一起登记，到期前 {n} 天提醒。").format(n=WARN_DAYS)
        return words + (self.tr("\n按 Ctrl+N 登记培训。") if self.may_begin() else "")

    def sum_up(self) -> None:
        """Certificates that end soon, in one line."""
        ending = [line.one for line in self.lines("certificates") if line.one.standing != "valid"]
        said = "、".join(f"{one.name}（{one.valid_until}）" for one in ending[:4]) + ("等" if len(ending) > 4 else "")
        self.warning.say("warn", self.tr("{n} 人的证书已到期或即将到期：{who}。").format(n=len(ending), who=said))
        self.warning.setVisible(bool(ending))

    def describe(self, one: Certificate | Training) -> Sequence[Item]:
        """A certificate, or a training with its people."""
        if isinstance(one, Certificate):
            facts = (
                ("单位", one.unit_name), ("证书编号", one.number), ("有效期至", one.valid_until or "长期"),
                ("培训", f"{one.trained_on} {one.training}"),
            )  # fmt: skip
            return [label(one.name, "h2"), pill(*_STANDING[one.standing]), *(fact(*each) for each in facts)]
        parts: list[Item] = [label(one.title, "h2", wrap=True), fact(self.tr("日期"), one.held_on)]
        parts += [fact(self.tr("内容"), one.content)] if one.content else []
        for who in one.people:
            until = self.tr("，{day} 到期").format(day=who.valid_until) if who.valid_until else ""
            held = f"，{who.certificate}{until}" if who.certificate else ""
            parts.append(fact(who.name, f"{RESULT_LABELS[who.result]}{held}"))
        return parts

    def may_begin(self) -> bool:
        """Whether the person may enter a training."""
        return self.context.has(*NAMERS)

    def begin(self) -> None:
        """Enter a training."""
        entries: dict[str, Input] = {
            "held_on": line(self.tr("培训日期 *"), "2026-09-01").without_room(),
            "title": line(self.tr("培训名称 *")).without_room(),
            "content": line(self.tr("内容")).without_room(),
            "people": Lines(
                self.tr("参加人员 *：姓名，结果，证书编号，有效期"),
                self.tr("每人一行，可从 Excel 粘贴：\n王敏，考试合格，冀培001，2028-12-31\n李强，参加"),
            ),
        }
        words = self.tr("结果：考试合格、考试不合格，或参加（未考试）。合格的写证书编号和有效期。")
        form = EntryForm(
            self.tr("登记培训"), words, entries, self.tr("登记"), required=("held_on", "title", "people")
        )  # fmt: skip

        def act(values: dict[str, str]) -> None:
            try:
                people = attendances(values["people"])
            except UserError as error:
                self.refused(error)
                return
            said = self.tr("已登记培训“{title}”，{n} 人。").format(title=values["title"], n=len(people))
            self.write(said, record_training, values["held_on"], values["title"], values["content"], people)

        self.open_form(form, act)


def _left(one: Certificate) -> Cell:
    if one.left is None:
        return Cell("—", right=True)
    return Cell(f"{one.left} 天" if one.left >= 0 else f"过期 {-one.left} 天", right=True)
