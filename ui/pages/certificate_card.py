"""Whom this unit trusts and whom it certifies: the chain above, certificates with their expiry, revocations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFrame

from models.domain.times import local_day
from models.domain.units import TIER_LABELS, Role, Tier, Unit
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.forms.inputs import line
from ui.kit import Banner, button, column, label, row
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from sync.trust.known import CertificateInfo


@dataclass(frozen=True)
class CertificateState:
    """What the card shows: this unit and those above it, certificates that matter here, who may sign beside."""

    chain: tuple[Unit, ...]
    certificates: tuple[tuple[CertificateInfo, bool], ...]
    officers: tuple[str, ...]


def read_certificates(session: Any) -> CertificateState:
    """The chain, own and issued certificates (and whether each ends soon); the latest first, revoked ones last."""
    from models.services.operators import officers
    from models.services.units import ancestors, own_unit
    from models.store import clock
    from sync.trust.known import ends_soon, list_certificates

    own, now = own_unit(session), clock.now(session)
    found = [(one, ends_soon(one, now)) for one in list_certificates(session)]
    found.sort(key=lambda pair: (bool(pair[0].revoked), pair[0].unit != own.name, pair[0].unit, pair[0].until))
    return CertificateState((own, *ancestors(session, own.id)), tuple(found), officers(session))


class CertificateCard(QFrame):
    """For everybody to look at; the administrator revokes and makes new keys."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.context = context
        self._officers: tuple[str, ...] = ()
        self.chain = label("", selectable=True, wrap=True)
        columns = (
            TableColumn("unit", self.tr("谁的"), 210, lambda pair: Cell(_whose(pair[0]))),
            TableColumn("purpose", self.tr("用途"), 110, lambda pair: Cell(_purpose(pair[0]))),
            TableColumn("issuer", self.tr("签发"), 150, lambda pair: Cell(pair[0].issuer)),
            TableColumn("until", self.tr("有效至"), 110, lambda pair: Cell(local_day(pair[0].until))),
            TableColumn("state", self.tr("状态"), 220, _state),
        )
        self.table, self.model = simple_table(self.tr("证书列表"), columns, self)
        self.table.setMinimumHeight(220)
        self.reason = line(self.tr("吊销原因"), self.tr("例如 U 盘遗失"))
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        administrator = context.has(Role.ADMINISTRATOR)
        self.revoke = button(self.tr("吊销选中的"), "circle-x", "danger", on_click=self._revoke)
        self.new_keys = button(self.tr("更换本单位密钥"), "key", on_click=self._new_keys)
        certifies = administrator and context.actor.unit.tier is not Tier.SCHOOL
        for part in (self.reason, self.revoke):
            part.setVisible(certifies)
        self.new_keys.setVisible(administrator)
        self.setLayout(
            column(
                label(self.tr("上级和证书"), "strong"), self.chain, self.result, self.table, self.reason,
                row(self.revoke, self.new_keys, None), margins=(14, 12, 14, 12),
            )
        )  # fmt: skip

    def refresh(self) -> None:
        """Read again."""
        self.context.read(read_certificates, done=self._show, owner=self)

    def _show(self, state: CertificateState) -> None:
        self._officers = state.officers
        names = [f"{unit.name}（{TIER_LABELS[unit.tier]}）" for unit in state.chain]
        alone = (
            self.tr("本单位还没有加入上级。") if len(names) == 1 and state.chain[0].tier is not Tier.PROVINCE else ""
        )
        self.chain.setText(alone or " ← ".join(names))
        self.chain.setAccessibleName(self.tr("本单位和各级上级：{names}").format(names="，".join(names)))
        self.model.set_rows(state.certificates)

    # --- acts -------------------------------------------------------------------------------------------

    def _revoke(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if not rows or not self.reason.text():
            self.reason.fail(self.tr("请先在上面选中一张证书，并写明原因。"))
            return
        chosen: CertificateInfo = self.model.rows[rows[0].row()][0]
        store, reason = self.context.store, self.reason.text()

        def work(passphrase: str, officer: tuple[str, str]) -> int:
            from models.store import clock
            from sync.trust.revocation import revoke

            return revoke(store, chosen.subject_id, store.read(clock.now), reason, passphrase, officer)

        text = self.tr("吊销“{whose}”由本单位签发的证书。从现在起用它签名的不再有效，此前的仍有效；不能撤回。")
        words = text.format(whose=_whose(chosen))
        TwoPeople(self, self.context, self.tr("吊销证书"), words, self._officers, work, self._revoked).open()

    def _revoked(self, number: int) -> None:
        self.reason.set_text("")
        self.reason.fail("")
        text = self.tr("已吊销，吊销名单为第 {number} 号，随下一次送出送往上下级。请对方更换密钥后重新申请入网。")
        self.result.say("ok", text.format(number=number))
        self.refresh()

    def _new_keys(self) -> None:
        store = self.context.store

        def work(passphrase: str) -> int:
            from sync.trust.new_keys import new_keys

            return new_keys(store, passphrase)

        words = self.tr("为本单位生成新的密钥。之后要重新生成入网申请交上级办理，在此之前不能打包报送。")
        self.context.with_passphrase(self, self.tr("更换本单位密钥"), words, work, self._made)

    def _made(self, number: Any) -> None:
        text = self.tr("已更换为第 {number} 代密钥。请在上面生成入网申请交上级办理；旧密钥被盗的，请上级吊销。")
        self.result.say("ok", text.format(number=number))
        self.refresh()


def _whose(info: CertificateInfo) -> str:
    return f"{info.unit} · {info.person}" if info.person else info.unit


def _purpose(info: CertificateInfo) -> str:
    from sync.trust.known import PURPOSE_LABELS

    return PURPOSE_LABELS[info.purpose]


def _state(pair: tuple[CertificateInfo, bool]) -> Cell:
    info, soon = pair
    if info.revoked:
        return Cell(f"自 {local_day(info.revoked)} 吊销", "bad", "circle-x")
    if soon:
        return Cell("即将到期，随下一份回执更新", "warn", "hourglass")
    return Cell("在用", "ok", "circle-check")
