"""What tiers set for those below: every tier sees what holds and who set it; bureaus edit and issue (E16)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from models.domain.fields import STUDENT_FIELDS
from models.domain.policy import COLLISION_LABELS, COLLISIONS, UE_SPELLINGS, EffectivePolicy, Policy
from models.domain.units import Line, Role, Tier
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.forms.inputs import Entry, choice
from ui.forms.record import HIDDEN
from ui.kit import Banner, button, card, column, key_value, label, row, rule

if TYPE_CHECKING:
    from models.store.store import Session

UE_WORDS = {"v": "v（吕 → lv）", "yu": "yu（吕 → lyu）", "u": "u（吕 → lu）"}
ORIGIN_WORDS = {"default": "系统默认", "school": "学校", "county": "县级", "city": "市级", "province": "省级"}


@dataclass(frozen=True)
class PolicyState:
    """What holds, what this unit set, whether that waits for signatures, and who can sign beside."""

    effective: EffectivePolicy
    own: Policy
    draft: bool
    officers: tuple[str, ...]


def read_policy(session: Session) -> PolicyState:
    """Everything the part shows."""
    from models.services import operators, policies

    officers = tuple(
        person.name
        for person in operators.list_operators(session)
        if person.state == "active" and person.roles & {Role.REGISTRAR, Role.HEAD}
    )
    return PolicyState(policies.effective(session), policies.own(session), policies.own_is_draft(session), officers)


class PolicySettings(QWidget):
    """What holds, above; the own settings, below (administrator of a bureau only)."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._state: PolicyState | None = None
        self._checks: dict[str, QCheckBox] = {}
        self._editor = context.has(Role.ADMINISTRATOR) and context.actor.unit.tier is not Tier.SCHOOL
        self.holds = column(spacing=6)
        self.ue: Entry = choice(self.tr("ü 的写法"), [(key, UE_WORDS[key]) for key in UE_SPELLINGS])
        self.collision: Entry = choice(self.tr("用户名重名"), [(key, COLLISION_LABELS[key]) for key in COLLISIONS])
        self.notice = Banner("wait", "")
        self.notice.hide()
        parts: list[QWidget] = [card(label(self.tr("现在执行的政策"), "strong"), self.holds)]
        if self._editor:
            parts.append(self._edit_card())
        else:
            words = self.tr("学校执行上级下发的政策；需要调整时请向主管部门提出。")
            parts.append(
                label(words if context.actor.unit.tier is Tier.SCHOOL else self.tr("由系统管理员设置。"), "cap")
            )
        self.setLayout(column(*parts, spacing=12))

    def _edit_card(self) -> QWidget:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        fields = [field for field in STUDENT_FIELDS if field.key not in HIDDEN and not field.key.startswith("guardian")]
        basic = self.context.actor.unit.line is Line.BASIC
        for place, field in enumerate(fields if basic else ()):
            check = QCheckBox(field.label)
            check.setAccessibleName(self.tr("受控字段：{name}").format(name=field.label))
            self._checks[field.key] = check
            grid.addWidget(check, place // 4, place % 4)
        words = self.tr("受控字段（关键信息）：勾选后，下级学校改这些字段必须发起变更并经核办。上级已设的不能取消。")
        keep = button(self.tr("保存草稿"), "device-floppy", on_click=self.keep)
        issue = button(self.tr("签发政策包"), "rubber-stamp", "primary", on_click=self.issue)
        explain = label(words, "dim", wrap=True)
        explain.setVisible(basic)
        return card(
            label(self.tr("本级政策"), "strong"), self.notice, explain, grid, rule(),
            row((self.ue, 1), (self.collision, 1)),
            label(self.tr("签发要系统管理员和一名经办人员两人签名，签发后对下级生效。"), "cap", wrap=True),
            row(None, keep, issue),
        )  # fmt: skip

    # --- showing ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what holds."""
        self.context.read(read_policy, done=self._show, owner=self, replaces="policy")

    def _show(self, state: PolicyState) -> None:
        from ui.kit.basic import clear

        self._state = state
        clear(self.holds)
        effective = state.effective
        labels = {field.key: field.label for field in STUDENT_FIELDS}
        version = (
            self.tr("第 {n} 版").format(n=effective.version) if effective.version else self.tr("还没有收到，按系统默认")
        )
        self.holds.addLayout(key_value(self.tr("政策包"), version))
        if self.context.actor.unit.line is Line.BASIC:
            for key in [field.key for field in STUDENT_FIELDS if field.key in effective.controlled_fields]:
                self.holds.addLayout(key_value(labels[key], self._origin(key), locked=True))
        ue, collision = UE_WORDS.get(effective.ue, ""), COLLISION_LABELS.get(effective.collision, "")
        self.holds.addLayout(key_value(self.tr("ü 的写法"), f"{ue} · {self._origin('ue')}"))
        self.holds.addLayout(key_value(self.tr("用户名重名"), f"{collision} · {self._origin('collision')}"))
        self._show_own(state)

    def _origin(self, key: str) -> str:
        origins = self._state.effective.origin.get(key, ()) if self._state else ()
        return self.tr("由 {who} 设置").format(who="、".join(ORIGIN_WORDS.get(name, name) for name in origins))

    def _show_own(self, state: PolicyState) -> None:
        mine = self.context.actor.unit.tier.value
        for key, check in self._checks.items():
            above = [name for name in state.effective.origin.get(key, ()) if name != mine]
            check.setChecked(key in state.own.controlled_fields or bool(above))
            check.setEnabled(not above)
        self.ue.set_text(state.own.ue or state.effective.ue)
        self.collision.set_text(state.own.collision or state.effective.collision)
        if state.draft:
            self.notice.say("wait", self.tr("有尚未签发的修改（第 {n} 版草稿）。").format(n=state.own.version))
        else:
            self.notice.hide()

    # --- acts -------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep the choices as a draft."""
        from models.services import policies

        actor = self.context.actor
        fields = [key for key, check in self._checks.items() if check.isChecked() and check.isEnabled()]
        ue, collision = self.ue.text(), self.collision.text()
        self.context.jobs.run(
            lambda: self.context.store.write(
                policies.set_own, actor, controlled_fields=fields, ue=ue, collision=collision
            ),
            lambda _policy: self.context.toast(self.tr("草稿已保存，签发后生效。"), None),
            owner=self,
        )

    def issue(self) -> None:
        """Sign the policy with two persons and write the file."""
        if self._state is None:
            return
        if not self._state.draft and self._state.own.version == 0:
            self.context.toast(self.tr("请先保存草稿。"), None, "warn")
            return
        store = self.context.store

        def work(passphrase: str, officer: tuple[str, str]) -> Path:
            from sync.policies import issue_policy

            return issue_policy(store, passphrase, officer)

        words = self.tr("政策签发后，下级单位收到政策包即执行。")
        TwoPeople(self, self.context, self.tr("签发政策包"), words, self._state.officers, work, self._issued).open()

    def _issued(self, path: Path) -> None:
        words = self.tr("已签发，文件在 {path}。请用 U 盘或内网邮箱发给下级单位。")
        self.context.prompt.tell(self, self.tr("签发政策包"), words.format(path=path))
        self.refresh()
