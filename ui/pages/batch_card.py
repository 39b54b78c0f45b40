"""Many units at once: a list in, invitations and slips out; a folder of requests in, replies out (issue 3, point 6)."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QFrame

from models.domain.units import TIER_LABELS
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.kit import Banner, button, column, label, row
from ui.pages.simple_table import simple_table
from ui.prompt import SPREADSHEETS
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.services.invitations import InvitationPlan
    from sync.joining.batch_enrolment import Batch
    from sync.joining.invitations import Invited, Slip


class BatchCard(QFrame):
    """For the administrator of a bureau: 批量入网."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.context = context
        self._slips: tuple[Slip, ...] = ()
        self.again = QCheckBox(self.tr("已邀请或已入网的也重新邀请（原来的一次性码作废）"))
        self.again.setAccessibleName(self.again.text())
        columns = (
            TableColumn("unit", self.tr("单位"), 210, lambda one: Cell(one[0])),
            TableColumn("state", self.tr("结果"), 110, lambda one: Cell(one[1], one[2], one[3])),
            TableColumn("note", self.tr("说明"), 420, lambda one: Cell(one[4], tip=one[4])),
        )
        self.table, self.model = simple_table(self.tr("批量入网结果"), columns, self)
        self.table.setMinimumHeight(200)
        self.table.hide()
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        self.print = button(self.tr("打印一次性码"), "printer", on_click=self._print)
        self.print.hide()
        self.setLayout(
            column(
                label(self.tr("批量入网"), "strong"),
                *(label(text, "dim", wrap=True) for text in self._steps()),
                self.again,
                row(
                    button(self.tr("按名单邀请"), "file-spreadsheet", on_click=self._choose_list),
                    button(self.tr("办理一批申请"), "rubber-stamp", on_click=self._choose_folder),
                    button(self.tr("已发的邀请函"), "list-details", on_click=self.show_sent),
                    self.print,
                    None,
                ),
                self.result,
                self.table,
                margins=(14, 12, 14, 12),
            )
        )

    def _steps(self) -> tuple[str, ...]:
        return (
            self.tr(
                "1. 选择名单（表格，有“单位名称”“学校标识码”两列），写出每个单位的邀请函和一次性码；两样分开送达。"
            ),
            self.tr("2. 各单位第一次使用时选“按邀请函建立”，输入一次性码生成入网申请，交回这里。"),
            self.tr("3. 把收到的入网申请放在一个文件夹里一次办理，码对的不必逐个打电话核对；其余的列出还缺什么。"),
        )

    # --- invitations ------------------------------------------------------------------------------------

    def _choose_list(self) -> None:
        self.context.prompt.open_files(self, self.tr("打开名单"), SPREADSHEETS, lambda paths: self.invite(paths[0]))

    def invite(self, path: Path) -> None:
        """Judge a list, show what is wrong with it, and ask for the folder of the invitations."""
        store, again = self.context.store, self.again.isChecked()

        def work() -> tuple[InvitationPlan, tuple[str, ...]]:
            from models.exchange.unit_list import read_unit_list
            from models.services.invitations import plan
            from models.services.operators import officers

            return store.read(plan, read_unit_list(path), again), store.read(officers)

        self.context.jobs.run(work, self._planned, owner=self, title=self.tr("读取名单"))

    def _planned(self, found: tuple[InvitationPlan, tuple[str, ...]]) -> None:
        plan, names = found
        self._show([(one.name, self.tr("不邀请"), "warn", "alert-triangle", _at(one)) for one in plan.findings])
        if not plan.units:
            self.result.say("bad", self.tr("名单中没有可以邀请的单位，请按下面的说明改正后再选一次。"))
            return
        tier = TIER_LABELS[plan.units[0][0].tier]
        text = self.tr("邀请 {count} 个{tier}单位，名单中有 {left} 行不邀请。").format(
            count=len(plan.units), tier=tier, left=len(plan.findings)
        )
        self.result.say("info", text)
        title = self.tr("邀请函写到哪里（U 盘或文件夹）")
        self.context.prompt.folder(self, title, lambda folder: self._invite(plan, names, text, folder))

    def _invite(self, plan: InvitationPlan, names: tuple[str, ...], text: str, folder: Path) -> None:
        store = self.context.store

        def work(passphrase: str, officer: tuple[str, str], progress: Any) -> Invited:
            from sync.joining.invitations import invite

            return invite(store, plan, passphrase, officer, folder, progress)

        words = self.tr("{text}邀请函写到 {folder}。").format(text=text, folder=folder)
        TwoPeople(self, self.context, self.tr("按名单邀请"), words, names, work, self._invited, progress=True).open()

    def _invited(self, made: Invited) -> None:
        self._slips = made.slips
        self.print.show()
        text = self.tr(
            "已写好 {count} 份邀请函：{folder}。一次性码在“{sheet}”里，也可以打印裁开；"
            "请与邀请函分开送达，送完删除这个文件。"
        )
        self.result.say("ok", text.format(count=len(made.slips), folder=made.sheet.parent, sheet=made.sheet.name))
        found = [(one.name, self.tr("不邀请"), "warn", "alert-triangle", _at(one)) for one in made.findings]
        sent = [(one.unit.name, self.tr("已邀请"), "ok", "circle-check", one.path.name) for one in made.slips]
        self._show([*found, *sent])

    def slips_html(self) -> str:
        """The slips as pages to be cut, every text escaped."""
        own = escape(self.context.actor.unit.name)
        return "".join(
            f"<p><b>{escape(one.unit.name)}</b>（{escape(one.unit.code)}）{escape(one.contact)}</p>"
            f"<p style='font-size:16pt'>{escape(one.code)}</p>"
            f"<p>{own}的入网一次性码，只能用一次。第一次使用名册时选“按邀请函建立”，生成入网申请时输入。请勿转告他人。</p><hr>"
            for one in self._slips
        )

    def _print(self) -> None:
        from ui.printing import preview

        preview(self, self.tr("一次性码"), self.slips_html(), prompt=self.context.prompt)

    def show_sent(self) -> None:
        """List the invitations given so far."""
        from models.services.invitations import list_invitations

        def show(found: list[Any]) -> None:
            self._show([_sent(one) for one in found])
            self.result.hide()
            if not found:
                self.result.say("info", self.tr("还没有发出过邀请函。"))

        self.context.read(list_invitations, done=show, owner=self)

    # --- requests ---------------------------------------------------------------------------------------

    def _choose_folder(self) -> None:
        def chosen(folder: Path) -> None:
            title = self.tr("入网批复写到哪里（U 盘或文件夹）")
            self.context.prompt.folder(self, title, lambda out: self.certify(folder, out))

        self.context.prompt.folder(self, self.tr("入网申请在哪个文件夹"), chosen)

    def certify(self, folder: Path, out: Path) -> None:
        """Certify what lies in a folder, once the two persons have given their passphrases."""
        from models.services.operators import officers

        self.context.read(officers, done=lambda names: self._certify(folder, out, names), owner=self)

    def _certify(self, folder: Path, out: Path, names: tuple[str, ...]) -> None:
        store = self.context.store

        def work(passphrase: str, officer: tuple[str, str], progress: Any) -> Batch:
            from sync.joining.batch_enrolment import certify_all

            return certify_all(store, [folder], passphrase, officer, out, progress)

        text = self.tr("为 {folder} 中一次性码正确的单位签发证书，入网批复写到 {out}。").format(folder=folder, out=out)
        TwoPeople(self, self.context, self.tr("办理一批申请"), text, names, work, self._certified, progress=True).open()

    def _certified(self, batch: Batch) -> None:
        left = len(batch.outcomes) - batch.done
        text = self.tr("已批复 {done} 个单位，没有办理 {left} 份。结果清单：{sheet}")
        self.result.say("warn" if left else "ok", text.format(done=batch.done, left=left, sheet=batch.sheet))
        tones = {True: ("ok", "circle-check"), False: ("warn", "alert-triangle")}
        self._show([
            (one.unit or one.path.name, one.label, *tones[one.reply is not None], one.note or _name(one.reply))
            for one in batch.outcomes
        ])  # fmt: skip

    def _show(self, rows: list[tuple[str, str, str, str, str]]) -> None:
        self.model.set_rows(rows)
        self.table.setVisible(bool(rows))


def _name(path: Path | None) -> str:
    return path.name if path else ""


def _at(finding: Any) -> str:
    return f"第 {finding.row} 行：{finding.sentence}"


def _sent(one: Any) -> tuple[str, str, str, str, str]:
    from ui.moments import moment

    tone, icon = {"open": ("info", "hourglass"), "used": ("ok", "circle-check")}.get(one.state, ("bad", "lock"))
    wrong = f"，错误的一次性码 {one.wrong} 次" if one.wrong else ""
    return one.unit.name, one.state_label, tone, icon, f"{one.unit.code}，{moment(one.made_at)} 发出{wrong}"
