"""What tiers set for those below: every tier sees what holds and who set it; bureaus edit and issue (E16, E29-E31)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from models.domain.errors import UserError
from models.domain.times import from_text, local_day, now_text
from models.domain.units import Line, Role, Tier
from models.services.policy_views import PolicyView, SettingView
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.forms.inputs import line
from ui.kit import Banner, button, card, clear, column, holder, label, row
from ui.pages.policy_form import PolicyForm

if TYPE_CHECKING:
    from models.store.store import Session

_ALWAYS = ("class_size.", "ue", "collision")
"""Settings that are listed also where nobody has set them."""


@dataclass(frozen=True)
class PolicyState:
    """What holds and what this unit set, and who can sign beside."""

    view: PolicyView
    officers: tuple[str, ...]


def read_policy(session: Session) -> PolicyState:
    """Everything the part shows."""
    from models.services import operators, policy_views

    return PolicyState(policy_views.view(session), operators.officers(session))


class PolicySettings(QWidget):
    """What holds, above; the own settings, below (administrator of a bureau only)."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._state: PolicyState | None = None
        self._basic = context.actor.unit.line is Line.BASIC
        self.holds = column(spacing=4)
        self.notice = Banner("wait", "")
        self.notice.hide()
        self.form: PolicyForm | None = None
        parts: list[QWidget] = [card(label(self.tr("现在执行的政策"), "strong"), self.holds)]
        if context.has(Role.ADMINISTRATOR) and context.actor.unit.tier is not Tier.SCHOOL:
            parts.append(self._edit_card())
        else:
            words = self.tr("学校执行上级下发的政策；需要调整时请向主管部门提出。")
            parts.append(
                label(words if context.actor.unit.tier is Tier.SCHOOL else self.tr("由系统管理员设置。"), "cap")
            )
        self.setLayout(column(*parts, spacing=12))

    def _edit_card(self) -> QWidget:
        self.form = PolicyForm(self.context.actor.unit.line)
        self.starts = line(self.tr("生效日期（留空表示签发后立即生效）"), "2026-09-01")
        self.starts.setMaximumWidth(260)
        keep = button(self.tr("保存草稿"), "device-floppy", on_click=self.keep)
        issue = button(self.tr("签发政策包"), "rubber-stamp", "primary", on_click=self.issue)
        return card(
            label(self.tr("本级政策"), "strong"), self.notice, self.form, self.starts,
            label(self.tr("签发要系统管理员和一名经办人员两人签名，签发后对下级生效。"), "cap", wrap=True),
            row(None, keep, issue),
        )  # fmt: skip

    # --- showing ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what holds."""
        self.context.read(read_policy, done=self._show, owner=self, replaces="policy")

    def _show(self, state: PolicyState) -> None:
        self._state = state
        view = state.view
        clear(self.holds)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self._line(grid, self.tr("政策版本"), view.versions or self.tr("还没有收到，按系统默认"), "")
        if self._basic:
            by_origin: dict[str, list[str]] = defaultdict(list)
            for _, name, origin in view.controlled:
                by_origin[origin].append(name)
            for place, (origin, names) in enumerate(by_origin.items()):
                self._line(grid, self.tr("受控字段") if place == 0 else "", "、".join(names), origin)
        for one in view.settings:
            if one.text or one.said or (one.key.startswith(_ALWAYS) and (self._basic or one.group == "用户名")):
                self._setting(grid, one)
        for coming in view.coming:
            words = self.tr("第 {n} 版，自 {day} 起执行").format(n=coming.version, day=local_day(coming.effective_from))
            self._line(grid, self.tr("将要生效"), words, _tier(coming.tier))
        self.holds.addWidget(holder(grid))
        self._show_own(state)

    def _setting(self, grid: QGridLayout, one: SettingView) -> None:
        text = one.text or self.tr("没有限制")
        overruled = [said for said in one.said if not said.holds]
        if overruled:
            names = "；".join(f"{said.tier} {said.text}" for said in overruled)
            text += self.tr("（{said} 与上级不符，按上级执行）").format(said=names)
        lock = self.tr("，下级不得修改") if one.locked_by else ""
        name = f"{one.group}：{one.label}" if one.group == "办理时间" else one.label
        shown = self._line(grid, name, text, one.origin_text, lock)
        shown.setToolTip("\n".join(f"{said.tier}：{said.text}" for said in one.said))

    def _line(self, grid: QGridLayout, name: str, text: str, origin: str, more: str = "") -> QLabel:
        place, shown = grid.rowCount(), label(text, wrap=True, selectable=True)
        grid.addWidget(label(name, "cap"), place, 0)
        grid.addWidget(shown, place, 1)
        said = self.tr("由 {who} 设置").format(who=origin) if origin else ""
        grid.addWidget(label(said + more, "cap"), place, 2)
        return shown

    def _show_own(self, state: PolicyState) -> None:
        view = state.view
        if self.form is not None:
            self.form.show_view(view)
            self.starts.set_text(self._later(view))
        if view.own_is_draft:
            day = self._later(view)
            from_ = self.tr("，自 {day} 起执行").format(day=day) if day else ""
            words = self.tr("有尚未签发的修改（第 {n} 版草稿{day}）。")
            self.notice.say("wait", words.format(n=view.own.version, day=from_))
        else:
            self.notice.hide()

    @staticmethod
    def _later(view: PolicyView) -> str:
        """The day to come from which the draft is to hold; "" when it holds at once."""
        starts = view.own.effective_from
        return local_day(starts) if view.own_is_draft and from_text(starts) > datetime.now(UTC) else ""

    def _wrong_day(self) -> bool:
        """Say at the input what is wrong with the day, or nothing."""
        from models.services.policies import starts_on

        text, past = self.starts.text(), self.tr("这一天已经过去，请填今天或以后的日期，或留空。")
        try:
            fault = past if text and starts_on(text) < starts_on(local_day(now_text())) else ""
        except UserError as error:
            fault = str(error)
        self.starts.fail(fault)
        if fault:
            self.starts.reach()
        return bool(fault)

    # --- acts -------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep the choices as a draft, unless something is wrong with one; that is said where it stands."""
        from models.services import policies

        form, actor = self.form, self.context.actor
        if form is None or form.faults() or self._wrong_day():
            return
        dated = self._state is not None and bool(self._later(self._state.view))
        day = self.starts.text() or (local_day(now_text()) if dated else "")
        fields, values, locks = form.controlled(), form.values(), form.locked()
        self.context.jobs.run(
            lambda: self.context.store.write(
                policies.set_own, actor, controlled_fields=fields, values=values, locks=locks, effective_from=day
            ),
            lambda _policy: self.context.toast(self.tr("草稿已保存，签发后生效。"), None),
            owner=self,
        )

    def issue(self) -> None:
        """Sign the policy with two persons and write the file."""
        if self._state is None:
            return
        if not self._state.view.own_is_draft and self._state.view.own.version == 0:
            self.context.toast(self.tr("请先保存草稿。"), None, "warn")
            return
        store = self.context.store

        def work(passphrase: str, officer: tuple[str, str]) -> tuple[Path, bool]:
            from sync.policies import issue_policy, signed_before

            before = store.read(signed_before)
            return issue_policy(store, passphrase, officer), before is None

        words = self.tr("政策签发后，下级单位收到政策包即执行。")
        TwoPeople(self, self.context, self.tr("签发政策包"), words, self._state.officers, work, self._issued).open()

    def _issued(self, made: tuple[Path, bool]) -> None:
        path, anew = made
        words = self.tr(
            "已签发，文件在 {path}。已入网的下级会随下一次送出的文件一起收到，也可以直接把这个文件发给他们。"
        )
        if not anew:
            words = self.tr("政策没有改动，没有重新签名，已按原来的签名再写一份：{path}。")
        self.context.prompt.tell(self, self.tr("签发政策包"), words.format(path=path))
        self.refresh()


def _tier(key: str) -> str:
    from models.rules.businesses import tier_text

    return tier_text(key)
