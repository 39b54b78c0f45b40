"""What people fill in for a problem, one form an act: ask, confirm, decide, close (E8-E11).

A form collects words; what may be done and what is missing the services say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QRadioButton, QWidget

from models.domain.problems import CLAIM_LABELS, OUTCOME_LABELS, Claim
from models.services.problem_views import ProblemDetail
from sync.problems import acts as problems
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, line, on_enter
from ui.kit import Item, button, column, label, row
from ui.pages.opinion_line import OpinionLine

if TYPE_CHECKING:
    from models.store.store import Store


@dataclass(frozen=True)
class Deed:
    """What a filled form does: `work` gets the store and the passphrase ("" for an act that signs nothing) and returns
    the sentence that says what was done."""

    work: Callable[[Store, str], str]
    warning: str = ""


class Choices(QWidget):
    """A few words of which one is chosen, beside each other."""

    changed = Signal()

    def __init__(self, items: Sequence[tuple[str, str]], name: str) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._keys = [key for key, _ in items]
        made: list[Item] = []
        for place, (_, words) in enumerate(items):
            one = QRadioButton(words)
            one.setAccessibleName(f"{name}：{words}")
            self._group.addButton(one, place)
            made.append(one)
        self.setLayout(row(*made, None, spacing=16))
        self._group.idToggled.connect(lambda *_: self.changed.emit())

    def choose(self, key: str) -> None:
        """Choose one."""
        self._group.button(self._keys.index(key)).setChecked(True)

    def chosen(self) -> str:
        """The key of the chosen one, "" for none."""
        at = self._group.checkedId()
        return self._keys[at] if at >= 0 else ""


class ProblemForm(QFrame):
    """A card with the parts of one act. `given` carries the Deed, `left` gives up."""

    given = Signal(object)
    left = Signal()
    SIGNS = True
    TITLE = ""
    GO = ""

    def __init__(self, context: AppContext, detail: ProblemDetail) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.context, self.detail = context, detail
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go = button(self.GO, "writing" if self.SIGNS else "check", "primary", "Ctrl+Enter", on_click=self.give)
        cancel = button(self.tr("取消"), tip="Esc", on_click=self.left.emit)
        self.setLayout(
            column(
                label(self.TITLE, "strong"), *self.parts(), self.fault, row(None, cancel, self.go),
                margins=(14, 12, 14, 12),
            )
        )  # fmt: skip

    def parts(self) -> list[Item]:
        """The inputs."""
        raise NotImplementedError

    def deed(self) -> Deed | None:
        """What was filled in; None when something is missing, which is said where it stands."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether nothing was typed yet."""
        return True

    def take_focus(self) -> None:
        """Bring the keyboard to the first input."""
        first = self.nextInFocusChain()
        while first is not None and first.focusPolicy() is Qt.FocusPolicy.NoFocus and self.isAncestorOf(first):
            first = first.nextInFocusChain()
        if first is not None:
            first.setFocus()

    def give(self) -> None:
        """Go on when all is there."""
        self.fault.hide()
        deed = self.deed()
        if deed is not None:
            self.given.emit(deed)

    def complain(self, sentence: str) -> None:
        """Say what is missing."""
        self.fault.setText(sentence)
        self.fault.show()

    def side_choice(self, positions: Sequence[int]) -> Entry | None:
        """Which side is meant, when several are this unit's."""
        if len(positions) < 2:
            return None
        words = {side.position: f"第 {side.position + 1} 方：{side.label}" for side in self.detail.sides}
        return choice(self.tr("哪一方"), [(str(place), words[place]) for place in positions]).without_room()


class AskForm(ProblemForm):
    """Send down, or remind."""

    TITLE, GO = "下发核实", "签名下发"

    def parts(self) -> list[Item]:
        """The last day."""
        self.due = line(self.tr("答复期限（留空为 30 天）"), "2026-12-31").without_room()
        on_enter(self.due, self.give)
        asked = self.detail.summary.state != "open"
        words = self.tr("已下发过：再次下发即为催办，已答复的不再打扰。") if asked else ""
        return [self.due, *([label(words, "dim", wrap=True)] if words else [])]

    def deed(self) -> Deed:
        """Ask."""
        number, due = self.detail.summary.id, self.due.text()

        def work(store: Store, passphrase: str) -> str:
            return asked_words(problems.ask(store, passphrase, [number], due))

        return Deed(work)


def asked_words(asked: problems.AskResult) -> str:
    """What was sent down, in a sentence."""
    return f"已下发 {asked.problems} 个问题给 {asked.units} 个单位，期限 {asked.due}。"


class ConfirmForm(ProblemForm):
    """The bureau's word on its school's answer."""

    TITLE, GO = "确认学校的答复", "签名确认"

    def parts(self) -> list[Item]:
        """Agree or say otherwise, with a reason."""
        open_ = [side.position for side in self.detail.sides if side.mine and side.answered_at and not side.bureau_at]
        self.side = self.side_choice(open_)
        self.claim = Choices(
            [("", self.tr("同意学校的答复")), *((key, self.tr("应为“{w}”").format(w=w)) for key, w in self._claims())],
            self.tr("意见"),
        )
        self.claim.choose("")
        self.opinion = OpinionLine(self.tr("意见（与学校不同时必填；输入 / 选常用语）"), self.tr("意见"))
        return [*([self.side] if self.side else []), self.claim, self.opinion]

    def _claims(self) -> list[tuple[str, str]]:
        return [(key, CLAIM_LABELS[Claim(key)]) for key, _ in self.detail.claims]

    def deed(self) -> Deed:
        """Confirm."""
        word = Claim(self.claim.chosen()) if self.claim.chosen() else None
        opinion, side = self.opinion.text().strip(), int(self.side.text()) if self.side else None
        number = self.detail.summary.id

        def work(store: Store, passphrase: str) -> str:
            problems.confirm(store, passphrase, [number], word, opinion, side)
            return "已确认学校的答复，等待上报。"

        return Deed(work)

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.opinion.text()


class DecideForm(ProblemForm):
    """What becomes of each side."""

    TITLE, GO = "裁定", "签名裁定"

    def parts(self) -> list[Item]:
        """A choice a side, and the reason."""
        self.outcomes: dict[int, Choices] = {}
        items: list[Item] = []
        for side in self.detail.sides:
            name = f"{side.unit_name} {side.label}"
            made = Choices([(key, OUTCOME_LABELS[Claim(key)]) for key, _ in self.detail.claims], name)
            said = side.bureau_claim or side.claim
            if said:
                made.choose(said)
            self.outcomes[side.position] = made
            where = label(f"第 {side.position + 1} 方 {name}" if len(self.detail.sides) > 1 else name, wrap=True)
            items.append(row((where, 1), made, spacing=12))
        self.opinion = OpinionLine(self.tr("裁定的理由（必填，各方都会看到）"), self.tr("裁定的理由"))
        return [*items, self.opinion]

    def deed(self) -> Deed | None:
        """Decide."""
        chosen = {place: made.chosen() for place, made in self.outcomes.items()}
        if not all(chosen.values()):
            self.complain(self.tr("请对每一方选定保留、变更或删除。"))
            return None
        if not self.opinion.text().strip():
            self.opinion.complain(self.tr("请写明裁定的理由，各方都会看到。"))
            return None
        number, opinion = self.detail.summary.id, self.opinion.text().strip()
        outcomes = {place: Claim(key) for place, key in chosen.items()}

        def work(store: Store, passphrase: str) -> str:
            problems.decide(store, passphrase, number, outcomes, opinion)
            return "已裁定，将告知各方。"

        return Deed(work, self.tr("裁定后不能改变，将告知各方的学校和主管部门。"))

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.opinion.text()


class CloseForm(ProblemForm):
    """Settled outside of the program."""

    TITLE, GO, SIGNS = "办结", "办结", False

    def parts(self) -> list[Item]:
        """The reason."""
        words = self.tr("问题已在程序之外解决（如已在全国学籍系统注销）时使用，各方都会看到理由。")
        self.note = OpinionLine(self.tr("办结的理由（必填）"), self.tr("办结的理由"), ())
        return [label(words, "dim", wrap=True), self.note]

    def deed(self) -> Deed | None:
        """Close."""
        number, note = self.detail.summary.id, self.note.text().strip()
        if not note:
            self.note.complain(self.tr("请写明办结的理由。"))
            return None

        def work(store: Store, _: str) -> str:
            problems.close(store, number, note)
            return "已办结，将告知各方。"

        return Deed(work)

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.note.text()
