"""The audit log: who did what and when, in a chain that shows every later change (decision 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.domain.acts import PARTS, act_text
from models.domain.fields import ACCOUNT_FIELD, STUDENT_FIELD
from ui.context import AppContext
from ui.forms.inputs import Entry, choice
from ui.kit import Banner, EmptyState, Item, PageHead, SidePanel, button, column, holder, key_value, label, row, rule
from ui.moments import moment
from ui.page import Page
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.audit import AuditEntry, AuditReport
    from models.store.store import Session

MORE = 500
KINDS = (("", "全部"), ("roster.", "名册"), ("account.", "账户"), ("change.", "变更"), ("review.", "核办"),
         ("package.", "数据包"), ("operator.", "操作员"), ("policy.", "政策"))  # fmt: skip


class AuditPage(Page):
    """Entries, newest first; more are read at the end of the list."""

    TABLES = frozenset({"audit"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._objects: dict[str, str] = {}
        columns = (
            TableColumn(
                "sequence", self.tr("序号"), 76, lambda entry: Cell(f"{entry.sequence:,}", "text2", right=True)
            ),
            TableColumn("at", self.tr("时间"), 130, lambda entry: Cell(moment(entry.at))),
            TableColumn("person", self.tr("人员"), 100, lambda entry: Cell(entry.person_name or self.tr("系统"))),
            TableColumn("act", self.tr("操作"), 150, lambda entry: Cell(act_text(entry.act), tip=entry.act)),
            TableColumn(
                "object", self.tr("对象"), 260, lambda entry: Cell(self._object(entry), "text2", tip=entry.object)
            ),
        )
        self.table, self.model = simple_table(self.tr("审计记录"), columns, self)
        self.table.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_selected())
        self.kind: Entry = choice(self.tr("类别"), KINDS)
        self.kind.edited.connect(self.refresh)
        self.more = button(self.tr("再读 {n} 条").format(n=MORE), "chevron-down", "link", on_click=self._read_more)
        self.notice = Banner("info", "", closable=True)
        self.notice.hide()
        self.panel = SidePanel(320)
        self._nothing()
        check = button(self.tr("核对审计链"), "shield-check", "primary", on_click=self.verify)
        self.head = PageHead(self.tr("审计日志"), self.tr("每一步都留痕；任何事后改动都能核对出来"), [check])
        bar = holder(row(self.kind, None, self.more, margins=(16, 8, 16, 4)))
        around = holder(row(self.notice, margins=(16, 4, 16, 4)))
        left = holder(column(bar, around, rule(), (self.table, 1), spacing=0), "plain")
        self.setLayout(column(self.head, (holder(row((left, 1), self.panel, spacing=0)), 1), spacing=0))

    def _nothing(self) -> None:
        self.panel.show_parts(EmptyState(self.tr("选中一条记录，这里显示详细内容。"), icon="history"))

    def refresh(self) -> None:
        """Read the newest entries."""
        self._read(None)

    def _read(self, before: int | None) -> None:
        from models.services.audit_objects import object_texts
        from models.store import audit

        wanted = audit.AuditFilter(act=self.kind.text())

        def work(session: Session) -> tuple[list[AuditEntry], dict[str, str]]:
            found = audit.entries(session, wanted, limit=MORE, before=before)
            return found, object_texts(session, found)

        self.context.read(
            work, done=lambda result: self._show(result[0], result[1], before), owner=self, replaces="audit"
        )

    def _object(self, entry: AuditEntry) -> str:
        return self._objects.get(entry.object, entry.object)

    def _show(self, found: list[AuditEntry], objects: dict[str, str], before: int | None) -> None:
        self._objects = {**self._objects, **objects} if before is not None else objects
        self.model.set_rows([*self.model.rows, *found] if before is not None else found)
        self.more.setVisible(len(found) == MORE)

    def _read_more(self) -> None:
        if self.model.rows:
            self._read(self.model.rows[-1].sequence)

    def _show_selected(self) -> None:
        rows = self.table.selected_rows()
        if not rows:
            return
        entry: AuditEntry = self.model.rows[rows[0]]
        parts: list[Item] = [
            label(act_text(entry.act), "h2"),
            key_value(self.tr("时间"), moment(entry.at)),
            key_value(self.tr("人员"), entry.person_name or self.tr("系统")),
            key_value(self.tr("对象"), self._object(entry)),
            rule(),
        ]
        if entry.body is None:
            parts.append(label(self.tr("内容已按规定清除，链条仍可核对。"), "dim", wrap=True))
        else:
            parts += [key_value(_name(key), _words(key, value)) for key, value in entry.body.items()]
        self.panel.show_parts(*parts)

    def verify(self) -> None:
        """Check the whole chain."""
        from models.services import maintenance

        self.context.read(maintenance.verify_chain, done=self._verified, owner=self)

    def _verified(self, report: AuditReport) -> None:
        if report.ok:
            words = self.tr("{n:,} 条记录前后相接，没有被改动。末条指纹 {head}")
            self.notice.say("ok", words.format(n=report.entries, head=report.head[1][:16]))
        else:
            self.notice.say("bad", "；".join(report.problems[:5]))

    def hint(self) -> str:
        """How to read on."""
        return self.tr("Ctrl+C 复制选中的行")


def _name(key: str) -> str:
    return PARTS.get(key, key)


def _words(key: str, value: Any) -> str:
    """A part of an entry's body in words; numbers of persons stay masked."""
    if isinstance(value, Mapping):
        return "\n".join(f"{_label(name)}：{_masked(name, text)}" for name, text in value.items()) or "—"
    if isinstance(value, list):
        return "、".join(str(item) for item in value[:5]) + (f" 等 {len(value)} 项" if len(value) > 5 else "")
    return _label(str(value)) if key == "field" else str(value)


def _label(key: str) -> str:
    field = STUDENT_FIELD.get(key) or ACCOUNT_FIELD.get(key)
    return field.label if field else key


def _masked(key: str, text: Any) -> str:
    from ui.pages.listing_columns import shown_value

    field = STUDENT_FIELD.get(key) or ACCOUNT_FIELD.get(key)
    return shown_value(field, str(text)) if field else str(text)
