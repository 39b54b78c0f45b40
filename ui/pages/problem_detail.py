"""One problem in full: both sides beside each other, evidence, where it stands, and what this person may do now."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from models.domain.fields import ACCOUNTS
from models.domain.problems import PROBLEM_KIND, Claim
from models.services.change_views import EvidenceInfo, TimelineEntry
from models.services.problem_views import ProblemDetail, ProblemSummary, SideView
from ui.context import AppContext
from ui.kit import Banner, Button, button, card, clear, column, frame, holder, label, row, section
from ui.pages.change_cards import facts_card, route_card
from ui.pages.evidence_view import EvidenceView
from ui.pages.problem_answer import AnswerForm, ChangeOfProblem
from ui.pages.problem_forms import AskForm, CloseForm, ConfirmForm, DecideForm, Deed, ProblemForm
from ui.pages.problem_sides import sides_card

FORMS: tuple[tuple[str, str, str, type[ProblemForm]], ...] = (
    ("close", "办结", "circle-check", CloseForm),
    ("ask", "下发核实", "send", AskForm),
    ("change", "发起变更", "git-pull-request", ChangeOfProblem),
    ("answer", "答复", "writing", AnswerForm),
    ("confirm", "确认答复", "rubber-stamp", ConfirmForm),
    ("decide", "裁定", "rubber-stamp", DecideForm),
)
"""Acts in the order of their buttons; the last one allowed is what the problem waits for and stands out."""


def late_words(one: ProblemSummary) -> str:
    """The due day, or how late it is."""
    return f"逾期 {one.late} 天" if one.late else one.due


class ProblemView(QWidget):
    """Shows a problem. `left`: back to the list; `done` carries the sentence that says what was done."""

    left = Signal()
    done = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.detail: ProblemDetail | None = None
        self.form: ProblemForm | None = None
        back = button(self.tr("返回列表"), "chevron-left", tip="Esc", on_click=self.leave)
        paper = button(self.tr("打印"), "printer", tip="Ctrl+P", on_click=self.print_)
        self.title, self.caption = label(kind="h1", wrap=True), label(kind="cap", wrap=True)
        head = frame("bar", row((column(self.title, self.caption, spacing=0), 1), paper, back, margins=(16, 8, 16, 8)))
        self.body = column(margins=(16, 10, 16, 12))
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setAccessibleName(self.tr("问题的详细情况"))
        self.area.setWidget(holder(self.body))
        self.evidence = EvidenceView(context)
        self._buttons = row(margins=(16, 8, 16, 8))
        self.foot = frame("foot", self._buttons)
        self.acts: dict[str, Button] = {}
        middle = holder(row((self.area, 6), (self.evidence, 5), spacing=0))
        self.setLayout(column(head, (middle, 1), self.foot, spacing=0))

    # --- showing ----------------------------------------------------------------------------------------

    def show_detail(self, detail: ProblemDetail) -> None:
        """Show a problem; a form that is being filled stays while it may still be given."""
        same = self.detail is not None and self.detail.summary.id == detail.summary.id
        if same and self.form is not None and self._act_of(self.form) in detail.allowed:
            return
        self.detail, self.form = detail, None
        one = detail.summary
        self.title.setText(f"{one.kind_label} · {one.label}")
        due = f"期限 {one.due}" + (f"，已{late_words(one)}" if one.late else "") if one.due else ""
        facts = (f"编号 {one.number}", one.state_label, due, f"由{one.owner_name}裁定", detail.note)
        self.caption.setText(" · ".join(text for text in facts if text))
        clear(self.body)
        for item in self._cards(detail):
            self.body.addWidget(item)
        self.body.addStretch(1)
        files = [
            EvidenceInfo(file.digest, f"{side.unit_name} {file.name}", file.media_type, file.size, "other")
            for side in detail.sides for file in side.evidence
        ]  # fmt: skip
        self.evidence.setVisible(bool(files))
        if not same or files:
            self.evidence.show_files(files)
        self._fill_foot(detail)

    def _cards(self, detail: ProblemDetail) -> list[QWidget]:
        one = detail.summary
        cards: list[QWidget] = []
        if one.turn:
            words = self.tr("轮到本单位：{turn}。") if one.my_turn else self.tr("等待{turn}。")
            tone = "bad" if one.late else "warn" if one.my_turn else "wait"
            late = self.tr("已逾期 {n} 天。").format(n=one.late) if one.late else ""
            cards.append(Banner(tone, words.format(turn=one.turn) + late))
        cards += [Banner("info", words) for words in detail.others]
        cards += [self._rename(side.subject_id) for side in detail.sides if self._renames(detail, side)]
        cards.append(sides_card(detail, self.context.actor.unit.id))
        if detail.opinion:
            cards.append(card(section(self.tr("裁定的理由")), label(detail.opinion, wrap=True, selectable=True)))
        facts = [*detail.facts, (self.tr("说明"), detail.explanation)]
        cards.append(facts_card(self.tr("为什么是问题"), facts))
        cards.append(route_card(timeline(detail), self.tr("等待{turn}").format(turn=one.turn) if one.turn else ""))
        return cards

    def _renames(self, detail: ProblemDetail, side: SideView) -> bool:
        """Whether a user name of this unit lost: it is changed in the account itself, not by a request (A17h)."""
        mine = side.unit_id == self.context.actor.unit.id and side.outcome == Claim.CHANGE
        return mine and not detail.closed_at and PROBLEM_KIND[detail.summary.kind].roster == ACCOUNTS

    def _rename(self, account_id: str) -> Banner:
        go = button(self.tr("去教师账户"), "id-badge", "link")
        go.clicked.connect(lambda: self.context.navigate("accounts", subject_id=account_id))
        return Banner("warn", self.tr("请在教师账户中把这个用户名改成别的，改好后这个问题自动办结。"), [go])

    def _fill_foot(self, detail: ProblemDetail) -> None:
        clear(self._buttons)
        self.acts.clear()
        allowed = [entry for entry in FORMS if entry[0] in detail.allowed]
        self._buttons.addStretch(1)
        for act, words, icon, form in allowed:
            name = self._name(detail, act) or self.tr(words)
            main = (act, words, icon, form) == allowed[-1]
            tip = self.tr("回车") if main else ""
            made = button(name, icon, "primary" if main else "", tip, on_click=partial(self.begin, act))
            self.acts[act] = made
            self._buttons.addWidget(made)
        self.foot.setVisible(bool(allowed))

    def _name(self, detail: ProblemDetail, act: str) -> str:
        """What an act is called when it was done before; else ""."""
        own = self.context.actor.unit.id
        if act == "ask" and detail.summary.state != "open":
            return self.tr("催办")
        again = act == "answer" and all(side.answered_at for side in detail.sides if side.unit_id == own)
        return self.tr("重新答复") if again else ""

    def print_(self) -> None:
        """The problem on paper, both sides beside each other."""
        if self.detail is not None:
            from ui.pages.papers import problem_html
            from ui.printing import preview

            one = self.detail.summary
            preview(self, f"{one.kind_label} {one.number}", problem_html(self.detail), landscape=True)

    # --- acting -----------------------------------------------------------------------------------------

    def begin(self, act: str) -> None:
        """Open the form of an act above the cards."""
        if self.detail is None or act not in self.detail.allowed:
            return
        self._drop_form()
        self.form = next(form for key, _, _, form in FORMS if key == act)(self.context, self.detail)
        self.form.given.connect(self._give)
        self.form.left.connect(self._drop_form)
        self.body.insertWidget(0, self.form)
        self.foot.hide()
        self.area.verticalScrollBar().setValue(0)
        self.form.take_focus()

    def main_act(self) -> None:
        """Open the form of what the problem waits for, or give the one that is open."""
        if self.form is not None:
            self.form.give()
        elif self.acts:
            self.begin(list(self.acts)[-1])

    def _act_of(self, form: ProblemForm) -> str:
        return next(key for key, _, _, kind in FORMS if kind is type(form))

    def _drop_form(self) -> None:
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self.foot.setVisible(bool(self.acts))

    def _give(self, deed: Deed) -> None:
        store = self.context.store
        assert self.form is not None
        form = self.form
        if form.SIGNS:
            sentence = self.tr("用本人的私钥签名，随下一次送出的文件交给对方。{more}").format(more=deed.warning)
            self.context.with_passphrase(
                self, form.GO, sentence, lambda secret: deed.work(store, secret), self._done
            )  # fmt: skip
        else:
            self.context.jobs.run(lambda: deed.work(store, ""), self._done, owner=self, title=form.TITLE)

    def _done(self, sentence: str) -> None:
        self._drop_form()
        self.done.emit(sentence)

    def leave(self) -> None:
        """Close the form, or go back to the list."""
        if self.form is not None:
            self._drop_form()
        else:
            self.left.emit()

    def has_draft(self) -> bool:
        """Whether something typed would be lost."""
        return self.form is not None and not self.form.is_empty()

    def take_files(self, paths: list[Path]) -> bool:
        """Dropped scans belong to the answer that is being written."""
        if not isinstance(self.form, AnswerForm):
            return False
        self.form.box.take(paths)
        return True


def timeline(detail: ProblemDetail) -> list[TimelineEntry]:
    """What was done so far, oldest first, from what the problem tells."""
    one = detail.summary
    found = [TimelineEntry(one.opened_at, one.owner_name, "", "发现问题", "", done=True)]
    for side in detail.sides:
        if side.answered_at:
            words = f"答复：{side.claim_label}"
            found.append(TimelineEntry(side.answered_at, side.unit_name, side.answered_by, words, "", done=True))
        if side.bureau_at:
            words = f"确认：{side.bureau_claim_label}"
            found.append(TimelineEntry(side.bureau_at, side.bureau_name, side.bureau_by, words, "", done=True))
    if detail.decided_at:
        found.append(TimelineEntry(detail.decided_at, one.owner_name, detail.decided_by, "裁定", "", done=True))
    if detail.closed_at:
        found.append(TimelineEntry(detail.closed_at, "", "", "办结", detail.closed_note, done=True))
    return sorted(found, key=lambda entry: entry.at)
