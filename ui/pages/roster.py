"""The roster of pupils: find, look, edit what is general, start changes of what is locked, edit many at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QButtonGroup

from models.domain.fields import STUDENTS
from models.domain.units import Line, Role, Tier
from ui.context import AppContext
from ui.dialogs.class_list import ClassList, class_filters
from ui.kit import Button, EmptyState, PageHead, button, column, holder, row, rule
from ui.page import Page
from ui.pages.bulk_bar import BulkBar
from ui.pages.listing import Listing
from ui.pages.listing_columns import ListingColumns
from ui.pages.listing_output import export, print_list
from ui.pages.pupil_form import NewPupil
from ui.pages.roster_detail import RosterDetail
from ui.tables.model import CHECK

if TYPE_CHECKING:
    from models.services.class_sizes import ClassSize
    from models.services.roster import Counts
    from models.store.store import Session

USUAL = ("name", "class_name", "state", "check", "id_number", "birth_date", "student_number", "updated_at", "sex")
FACETS = ("class_name", "state", "grade", "sex", "ethnicity", "study_mode", "left_behind", "migrant_child", "needs_aid")
DETAIL_FROM = 1000
"""Below this width the panel opens only when it is asked for."""


def read_counts(session: Session, unit_id: str | None) -> tuple[Counts, int]:
    """Numbers on the tabs, and how many classes there are."""
    from models.services import roster

    classes = [value for value, _number in roster.facets(session, STUDENTS, "class_name", unit_id) if value]
    return roster.counts(session, STUDENTS, unit_id), len(classes)


class RosterPage(Page):
    """Screen a of the design."""

    TABLES = frozenset({"student", "change", "policy"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        unit = context.actor.unit
        one_unit = unit.tier is Tier.SCHOOL
        # A bureau of basic education looks at its schools' pupils; only schools keep them.
        self._editor = context.has(Role.REGISTRAR) and (one_unit or unit.line is Line.OPEN)
        columns = ListingColumns(STUDENTS, self.tr("学生名册表格"), USUAL, one_unit=one_unit)
        bring = button(self.tr("导入学生名单"), "file-import", on_click=lambda: context.navigate("import"))
        bring.setVisible(self._editor)
        empty = EmptyState(
            self.tr("名册里还没有学生。"), bring, self.tr("也可以把 Excel 文件直接拖到窗口里。"), "school"
        )
        self.listing = Listing(context, STUDENTS, columns, FACETS, empty)
        self.detail = RosterDetail(context)
        self.adding = NewPupil(context)
        self.bulk = BulkBar(context, STUDENTS, self.listing.chosen_ids)
        self._controlled: frozenset[str] = frozenset()
        self._wanted_panel = True
        self.head = self._make_head()
        self._tabs()
        self.listing.above.addWidget(self.bulk)
        body = holder(row((self.listing, 1), self.detail, self.adding, spacing=0))
        self.setLayout(column(self.head, (body, 1), spacing=0))
        self._connect()

    def _make_head(self) -> PageHead:
        self._bulk_button = button(self.tr("批量修改"), "replace", "", "Ctrl+H", on_click=self._bulk)
        new = button(self.tr("新增"), "user-plus", "", "Ctrl+N", on_click=self._add)
        bring = button(self.tr("导入"), "file-import", "", "Ctrl+I", on_click=lambda: self.context.navigate("import"))
        send = button(self.tr("导出"), "file-export", "", "Ctrl+E", on_click=self._export)
        paper = button(self.tr("打印"), "printer", "", "Ctrl+P", on_click=self._print)
        for made in (new, bring, self._bulk_button):
            made.setVisible(self._editor)
        return PageHead(self.tr("学生名册"), "", [new, bring, self._bulk_button, send, paper])

    def _tabs(self) -> None:
        self._views: dict[str, Button] = {}
        group = QButtonGroup(self)
        for key in ("all", "problems", "open_changes", "no_id"):
            made = button("", "", "tab", checkable=True, checked=key == "all")
            made.clicked.connect(lambda _on, key=key: self.show_view(key))
            group.addButton(made)
            self._views[key] = made
        self._show_counts(None)
        sizes = button(self.tr("班额"), "list-details", "link", self.tr("各班人数与班额"), on_click=self.show_classes)
        sizes.setVisible(self.context.actor.unit.line is Line.BASIC)
        tabs = row(*self._views.values(), None, sizes, margins=(8, 0, 12, 0), spacing=0)
        self.listing.above.addWidget(holder(tabs))
        self.listing.above.addWidget(rule())

    def _connect(self) -> None:
        self.listing.opened.connect(self._opened)
        self.listing.counted.connect(self._counted)
        self.listing.cleared.connect(lambda: self.show_view("all"))
        self.listing.table.doubleClicked.connect(lambda _index: self._edit())
        self.detail.closed.connect(self._close_panel)
        self.detail.change_asked.connect(self._propose)
        self.detail.saved.connect(self.listing.model.reread)
        self.adding.saved.connect(self._added)
        self.adding.closed.connect(self._stop_adding)
        self.bulk.done.connect(self.listing.refresh)

    # --- reading ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read list, counts and the pupil shown again."""
        from models.services.checking import controlled_fields

        self.listing.refresh()
        unit = self.listing.query.unit_id
        self.context.read(read_counts, unit, done=self._take_counts, owner=self, replaces="roster-counts")
        self.context.read(controlled_fields, done=self._take_controlled, owner=self)
        if self.detail.row_id and not self.detail.has_draft():
            self.detail.show_row(self.detail.row_id)

    def _take_controlled(self, keys: frozenset[str]) -> None:
        self._controlled = keys

    def _take_counts(self, counted: tuple[Counts, int]) -> None:
        counts, classes = counted
        self._show_counts(counts)
        self.head.set_sub(self.tr("{n:,} 人 · {c} 个班").format(n=counts.all, c=classes))

    def _show_counts(self, counts: Counts | None) -> None:
        words = {
            "all": self.tr("全部在籍"), "problems": self.tr("问题学籍"), "open_changes": self.tr("变更办理中"),
            "no_id": self.tr("缺证件号"),
        }  # fmt: skip
        for key, made in self._views.items():
            made.set_text(f"{words[key]} {getattr(counts, key):,}" if counts is not None else words[key])

    def take_focus(self) -> None:
        """The table has the keyboard from the start; Ctrl+F goes to the search box."""
        self.listing.table.setFocus()

    def arrive(self, **arguments: Any) -> None:
        """`subject_id`: show that pupil; `text`: search for it; `view`: one of the tabs; `class_size`: a class."""
        if arguments.get("text") is not None:
            self.listing.set_query(replace(self.listing.query, text=str(arguments["text"]), filters={}))
        if arguments.get("class_size"):
            self.show_class(arguments["class_size"])
        if arguments.get("view"):
            self.show_view(str(arguments["view"]))
        if arguments.get("subject_id"):
            self.listing.show_row(str(arguments["subject_id"]))
            self._open_panel()
            self.detail.show_row(str(arguments["subject_id"]))

    def show_classes(self) -> None:
        """The classes with their sizes; one of them can be shown."""
        dialog = ClassList(self, self.context, one_unit=self.context.actor.unit.tier is Tier.SCHOOL)
        dialog.chosen.connect(self.show_class)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_class(self, one: ClassSize) -> None:
        """Only the pupils of a class."""
        self.show_view("all")
        self.listing.set_query(replace(self.listing.query, text="", filters=class_filters(one, self.listing.columns)))

    def show_view(self, key: str) -> None:
        """Show one of the tabs."""
        self._views[key].setChecked(True)
        self.listing.set_query(replace(self.listing.query, view=key))

    # --- panel ------------------------------------------------------------------------------------------

    def _opened(self, row_id: str) -> None:
        if not self.detail.isHidden() or self.adding.form is not None:
            self.detail.show_row(row_id)
        self._counted()

    def _open_panel(self) -> None:
        self._wanted_panel = True
        self.detail.show()
        if self.detail.row_id != self.listing.current_id():
            self.detail.show_row(self.listing.current_id())

    def _close_panel(self) -> None:
        if not self.detail.has_draft():
            self._wanted_panel = False
            self.detail.hide()
            self.listing.table.setFocus()

    def _counted(self) -> None:
        if self.bulk.isVisible():
            self.bulk.recount()
        self.say_hint()

    def hint(self) -> str:
        """How many rows are ticked or selected, and the keys that help."""
        chosen, every = len(self.listing.chosen_ids()), len(self.listing.model.ids)
        keys = self.tr("F2 编辑 · Ctrl+K 发起变更 · Alt+↓ 按此值筛选") if self._editor else self.tr("Alt+↓ 按此值筛选")
        return self.tr("已选 {n:,} / {all:,} · {keys}").format(n=chosen, all=every, keys=keys)

    # --- acts -------------------------------------------------------------------------------------------

    def _edit(self) -> None:
        self._open_panel()
        if self.detail.detail is not None:
            self.detail.edit()

    def _add(self) -> None:
        if self._editor:
            self.detail.hide()
            self.adding.open_form()

    def _stop_adding(self) -> None:
        self.detail.setVisible(self._wanted_panel)
        self.listing.table.setFocus()

    def _added(self, row_id: str) -> None:
        self.refresh()
        self.listing.show_row(row_id)
        self._stop_adding()
        self.detail.show_row(row_id)

    def _bulk(self) -> None:
        self.bulk.ask({*self._controlled, "name", "id_number"})

    def _propose(self, row_id: str) -> None:
        self.context.navigate("changes", propose=row_id)

    def _change(self) -> None:
        row_id = self.listing.current_id()
        if row_id and self._editor:
            self._propose(row_id)

    def _columns_in_sight(self) -> list[str]:
        model = self.listing.model
        keys = [model.column_key(section) for section in range(model.columnCount())]
        return [key for key in keys if key != CHECK]

    def _output_ids(self) -> list[str]:
        return self.listing.chosen_ids() if self.listing.model.checked else list(self.listing.model.ids)

    def _export(self) -> None:
        export(self, self.context, STUDENTS, self._output_ids(), self._columns_in_sight(), self.tr("学生名册"))

    def _print(self) -> None:
        print_list(self, self.context, STUDENTS, self._output_ids(), self._columns_in_sight(), self.tr("学生名册"))

    def _step(self, by: int) -> None:
        if self.detail.form is not None:
            self.detail.save(lambda: self.listing.step(by))
        else:
            self.listing.step(by)

    def run_action(self, key: str) -> bool:
        """Keys of this page."""
        acts: dict[str, Callable[[], object]] = {
            "find": self._find, "edit": self._edit, "bulk": self._bulk if self._editor else lambda: None,
            "filter_value": self.listing.filter_by_current, "change": self._change, "export": self._export,
            "copy_headers": lambda: self.listing.table.copy(headers=True), "print": self._print,
            "new": self._add, "save": self._save, "next": lambda: self._step(1), "previous": lambda: self._step(-1),
            "submit": self.bulk.write if self.bulk.isVisible() else self._save,
            "close_panel": self._escape, "paste": lambda: self.context.navigate("import", paste=True),
        }  # fmt: skip
        if key not in acts:
            return False
        acts[key]()
        return True

    def _save(self) -> None:
        self.adding.save() if self.adding.form is not None else self.detail.save()

    def _find(self) -> None:
        self.listing.search.setFocus()
        self.listing.search.selectAll()

    def _escape(self) -> None:
        if self.bulk.isVisible():
            self.bulk.hide()
        elif self.adding.form is not None:
            if not self.adding.has_draft():
                self.adding.cancel()
        elif self.detail.form is not None and not self.detail.has_draft():
            self.detail.cancel()
        else:
            self._close_panel()

    def has_draft(self) -> bool:
        """Whether the form holds something that is not saved."""
        return self.detail.has_draft() or self.adding.has_draft()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Hide the panel in a narrow window unless a form is open."""
        super().resizeEvent(event)
        if self.detail.form is None and self.adding.form is None:
            self.detail.setVisible(self._wanted_panel and self.width() >= DETAIL_FROM)
