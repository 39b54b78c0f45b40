"""The school's part in a problem: its answer with evidence, and the change a decision asks for (E8-E10, E13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domain.fields import STUDENT_FIELD, STUDENTS
from models.domain.problems import MAX_EVIDENCE, PROBLEM_KIND, Claim
from models.services import problem_answers
from models.services.problem_views import ProblemDetail
from sync.problems import acts as problems
from ui.forms.inputs import Entry, entry_for
from ui.kit import Item, column, holder, label, row
from ui.pages.evidence_box import EvidenceBox
from ui.pages.opinion_line import REASONS, OpinionLine
from ui.pages.problem_forms import Choices, Deed, ProblemForm

if TYPE_CHECKING:
    from models.store.store import Store

_BESIDE = 2
_ANSWERS = (
    "经核对户口簿，本校学生信息无误，材料附后。",
    "本校录入有误，将按户口簿变更。",
    "重复建籍，请注销本校学籍。",
    "该生已不在校，请注销本校学籍。",
)


def right_values(detail: ProblemDetail) -> dict[str, Entry]:
    """Inputs for the right values of a pupil in this kind of problem; none for an account."""
    kind = PROBLEM_KIND[detail.summary.kind]
    if kind.roster != STUDENTS:
        return {}
    return {key: entry_for(STUDENT_FIELD[key]).without_room() for key in dict.fromkeys(("id_number", *kind.fields))}


def _beside(entries: dict[str, Entry]) -> list[Item]:
    every = list(entries.values())
    pairs = [every[at : at + _BESIDE] for at in range(0, len(every), _BESIDE)]
    return [row(*((one, 1) for one in pair), *([None] if len(pair) < _BESIDE else []), spacing=12) for pair in pairs]


class AnswerForm(ProblemForm):
    """What the school holds of its record."""

    TITLE, GO = "答复", "签名答复"

    def parts(self) -> list[Item]:
        """Claim, opinion, evidence, and for a change the right values."""
        own = self.context.actor.unit.id
        self.side = self.side_choice([side.position for side in self.detail.sides if side.unit_id == own])
        self.claim = Choices(self.detail.claims, self.tr("答复"))
        self.claim.changed.connect(self._dress)
        self.opinion = OpinionLine(self.tr("说明（删除时必填；输入 / 选常用语）"), self.tr("说明"), _ANSWERS)
        most = self.tr("合计不超过 {n} KB").format(n=MAX_EVIDENCE >> 10)
        self.box = EvidenceBox(self.context, most, kinds=False)
        self.box.setProperty("role", "")  # no card inside a card
        self.box.setContentsMargins(-14, -8, -14, -8)
        self.entries = right_values(self.detail)
        hint = label(
            self.tr("正确的信息（可以现在填，答复时一并建立变更草稿；也可以以后再发起变更）"), "cap", wrap=True
        )
        self.right = holder(column(hint, *_beside(self.entries)))
        self.right.hide()
        return [*([self.side] if self.side else []), self.claim, self.opinion, self.right, self.box]

    def _dress(self) -> None:
        self.right.setVisible(self.claim.chosen() == Claim.CHANGE and bool(self.entries))

    def deed(self) -> Deed | None:
        """Answer."""
        if not self.claim.chosen():
            self.complain(self.tr("请先选择答复。"))
            return None
        if sum(one.size for one in self.box.exhibits) > MAX_EVIDENCE:
            self.complain(self.tr("证明材料太大：材料随答复逐级转交，请降低分辨率或只留必要的页。"))
            return None
        word, opinion = Claim(self.claim.chosen()), self.opinion.text().strip()
        files = [(one.name, one.file.data) for one in self.box.exhibits if one.file is not None]
        filled = {key: text for key, entry in self.entries.items() if (text := entry.text())}
        values = filled if word is Claim.CHANGE else {}
        number, side = self.detail.summary.id, int(self.side.text()) if self.side else None

        def work(store: Store, passphrase: str) -> str:
            done = problems.answer(
                store, passphrase, number, word, opinion, files=files, values=values, position=side
            )  # fmt: skip
            draft = f"已建立变更草稿 {done.change_number}，请补充材料后提交。" if done.change_number else ""
            delete = "请同时在全国学籍系统办理注销。" if word is Claim.DELETE else ""
            return f"已答复，将送{done.bureau_name}。{draft}{delete}"

        return Deed(work)

    def is_empty(self) -> bool:
        """Whether nothing was typed or added."""
        return not (self.opinion.text() or self.box.exhibits)


class ChangeOfProblem(ProblemForm):
    """The change a decision asks for, as a draft linked to the problem."""

    TITLE, GO, SIGNS = "发起变更", "建立变更草稿", False

    def parts(self) -> list[Item]:
        """The right values and the reason."""
        own = self.context.actor.unit.id
        sides = [side.position for side in self.detail.sides if side.unit_id == own and side.outcome == Claim.CHANGE]
        self.side = self.side_choice(sides)
        self.entries = right_values(self.detail)
        self.reason = OpinionLine(self.tr("变更原因（留空为“按裁定变更”）"), self.tr("变更原因"), REASONS)
        words = label(self.tr("只填要改的。建立草稿后在“关键信息变更”中补充证明材料并提交核办。"), "dim", wrap=True)
        return [*([self.side] if self.side else []), words, *_beside(self.entries), self.reason]

    def deed(self) -> Deed | None:
        """Start the draft."""
        values = {key: text for key, entry in self.entries.items() if (text := entry.text())}
        if not values:
            self.complain(self.tr("请填写正确的信息。"))
            return None
        number, side = self.detail.summary.id, int(self.side.text()) if self.side else None
        reason = self.reason.text().strip()

        def work(store: Store, _: str) -> str:
            made = store.write(problem_answers.start_change, store.actor, number, values, reason, side)
            return f"已建立变更草稿 {made}，请补充材料后提交。"

        return Deed(work)

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not any(entry.text() for entry in self.entries.values())
