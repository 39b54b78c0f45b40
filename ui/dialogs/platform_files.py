"""平台文件: which files for the learning platform, about what, into which folder; what has to be answered first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QCheckBox, QDialog, QStackedWidget, QWidget

from models.domain.units import Tier
from models.exchange.platform.moodle import ADD
from models.services.import_apply import MassChangeError
from models.services.platform_files import WHAT, Listed, ListedAccountsError
from models.services.platform_state import MOODLE, ONEROSTER, PLATFORM_LABELS, Export, take_back
from ui.context import AppContext
from ui.dialogs.platform_export import PASSWORDS, Exported, Wanted, export, export_words, last_exports, read_list
from ui.dialogs.platform_result import PlatformResult
from ui.forms.inputs import choice, line
from ui.kit import Banner, button, column, holder, label, row
from ui.kit.around import Around
from ui.prompt import SPREADSHEETS

FOLDER, ADDRESS, COLUMNS = "platform/folder", "platform/address", "platform/columns"
_PARTS = {"add": "新增", "rename": "改名", "suspend": "停用和恢复"}


class PlatformFiles(QDialog):
    """Asks, exports, and shows what came of it. `account_ids`: those chosen in the list, for new passwords."""

    def __init__(self, parent: QWidget, context: AppContext, account_ids: Sequence[str] = ()) -> None:
        super().__init__(parent)
        self.context, self._ids = context, tuple(account_ids)
        self._there: dict[str, bool] = {}
        self._last: dict[str, Export] = {}
        self.setWindowTitle(self.tr("平台文件"))
        self.setModal(True)
        self._inputs()
        self.result_view = PlatformResult(context)
        self.result_view.left.connect(self.accept)
        self.result_view.take_back.connect(self.undo)
        self.stack = QStackedWidget()
        for part in (self._ask_face(), self.result_view):
            self.stack.addWidget(part)
        self.setLayout(column((self.stack, 1), margins=(20, 16, 20, 16)))
        self.resize(680, 500)
        self._dress()
        self._read_last()

    def _inputs(self) -> None:
        settings = self.context.settings
        kinds = [(key, words) for key, words in PLATFORM_LABELS.items()]
        if self._ids:
            kinds.append((PASSWORDS, self.tr("为所选 {n:,} 个账户重发初始密码").format(n=len(self._ids))))
        self.kind = choice(self.tr("哪一种"), kinds).without_room()
        self.kind.edited.connect(self._dress)
        self.parts = {key: QCheckBox(self.tr(_PARTS[key])) for key in WHAT}
        for box in self.parts.values():
            box.setChecked(True)
        self.below = QCheckBox(self.tr("连同下级单位的账户"))
        self.resource = QCheckBox(self.tr("写 resourceSourcedIds 一列（有的平台不认）"))
        self.resource.setChecked(True)
        self.since = line(self.tr("只看这一天以来改动的（留空为全部）"), "2026-09-01").without_room()
        self.address = line(self.tr("印在密码条上的平台网址")).without_room()
        self.address.set_text(str(settings.value(ADDRESS) or ""))
        self.columns = line(
            self.tr("新增文件的列（平台上没有建的 profile_field_ 列会使整个文件被拒收）")
        ).without_room()
        self.columns.set_text(str(settings.value(COLUMNS) or ",".join(ADD)))
        self.known = label(wrap=True)
        self.folder = label(wrap=True, selectable=True)
        self._folder = Path(str(settings.value(FOLDER) or ""))
        self.past = label(kind="cap", wrap=True)
        self.back = button(self.tr("撤销"), "arrow-back-up", "link", self.tr("没有上传的，撤销后重新导出"))
        self.back.clicked.connect(self.undo)
        self.question = Banner("warn", "")
        self.question.hide()
        self.go = button(self.tr("导出"), "file-export", "primary", on_click=lambda: self.export())
        self.go.setDefault(True)

    def _ask_face(self) -> QWidget:
        pick = button(self.tr("选择清单"), "file-spreadsheet", "link", on_click=self._pick_list)
        into = button(self.tr("选择文件夹"), "folder-open", "link", on_click=self._pick_folder)
        cancel = button(self.tr("取消"), on_click=self.reject)
        self._parts_line = holder(row(label(self.tr("内容"), "cap"), *self.parts.values(), None, spacing=16))
        self._known_line = holder(row((self.known, 1), pick))
        self._past_line = holder(row((self.past, 1), self.back))
        where = row((self.folder, 1), into)
        days = row((self.since, 1), (self.address, 1), spacing=12)
        return holder(
            column(
                label(self.windowTitle(), "h2"), self.kind, self._parts_line, self.below, self.resource, days,
                self.columns, self._known_line, where, self._past_line,
                Around(self.question, (0, 4, 0, 0)), None, row(None, cancel, self.go), spacing=10,
            )
        )  # fmt: skip

    # --- what is asked ----------------------------------------------------------------------------------

    def _dress(self) -> None:
        """What belongs to the kind of file, the folder and the last export."""
        kind = self.kind.text()
        for part in (self._parts_line, self.columns, self._known_line):
            part.setVisible(kind == MOODLE)
        self.address.setVisible(kind != ONEROSTER)
        self.since.setVisible(kind != PASSWORDS)
        self.below.setVisible(kind != PASSWORDS and self.context.actor.unit.tier is not Tier.SCHOOL)
        self.resource.setVisible(kind == ONEROSTER)
        words = self.tr("已读平台导出的账户清单 {n:,} 个，清单里有的不再新增") if self._there else ""
        self.known.setText(words.format(n=len(self._there)) or self.tr("平台导出的账户清单：没有选（可不选）"))
        there = bool(self._folder.name) and self._folder.is_dir()
        self.folder.setText(self.tr("写到 {path}").format(path=self._folder) if there else self.tr("请选择写到哪里"))
        self.go.setEnabled(there)
        last = self._last.get(kind)
        self._past_line.setVisible(last is not None)
        self.past.setText(self.tr("上次：{words}").format(words=export_words(last)) if last else "")
        self.question.hide()

    def _read_last(self) -> None:
        self.context.read(last_exports, done=self._show_last, owner=self)

    def _show_last(self, found: dict[str, Export]) -> None:
        self._last = found
        self._dress()

    def _pick_folder(self) -> None:
        def chosen(path: Path) -> None:
            self._folder = path
            self.context.settings.setValue(FOLDER, str(path))
            self._dress()

        self.context.prompt.folder(self, self.tr("平台文件写到"), chosen)

    def _pick_list(self) -> None:
        self.context.prompt.open_files(
            self, self.tr("平台导出的账户清单"), SPREADSHEETS, lambda paths: self.read_list(paths[0])
        )

    def read_list(self, path: Path) -> None:
        """Take the accounts of a list the platform gave as known there."""

        def shown(there: dict[str, bool]) -> None:
            self._there = there
            self._dress()

        self.context.jobs.run(
            lambda job: read_list(path, job), shown, self._refused, owner=self, title=self.tr("读取清单"), progress=True
        )

    # --- exporting --------------------------------------------------------------------------------------

    def _wanted(self) -> Wanted:
        columns = tuple(one.strip() for one in self.columns.text().replace("，", ",").split(",") if one.strip())
        what = tuple(key for key, box in self.parts.items() if box.isChecked())
        return Wanted(
            self.kind.text(), self._folder, what, self.since.text(), columns or ADD, self.address.text(),
            self.below.isChecked() and not self.below.isHidden(), self.resource.isChecked(), self._there,
            account_ids=self._ids,
        )  # fmt: skip

    def export(self, wanted: Wanted | None = None) -> None:
        """Write the files; `wanted` carries what was answered to a question."""
        wanted = wanted or self._wanted()
        if wanted.kind == MOODLE and not wanted.what:
            self.question.say("warn", self.tr("请至少选一项内容。"))
            return
        store, settings = self.context.store, self.context.settings
        settings.setValue(ADDRESS, wanted.address)
        settings.setValue(COLUMNS, "" if wanted.columns == tuple(ADD) else ",".join(wanted.columns))
        self.question.hide()
        self.go.setEnabled(False)
        self.context.jobs.run(
            lambda job: export(store, wanted, job), self._written, lambda error: self._answer(error, wanted),
            owner=self, title=self.windowTitle(), progress=True,
        )  # fmt: skip

    def _answer(self, error: Exception, wanted: Wanted) -> None:
        """Ask what has to be answered first, or say what is wrong."""
        self.go.setEnabled(True)
        if isinstance(error, MassChangeError):
            go = button(self.tr("确认导出"), "check", "danger")
            go.clicked.connect(lambda: self.export(replace(wanted, mass=True)))
            self.question.say("warn", str(error), [go])
        elif isinstance(error, ListedAccountsError):
            self._ask_listed(error, wanted)
        else:
            self._refused(error)

    def _ask_listed(self, error: Exception, wanted: Wanted) -> None:
        words = str(error).partition("请先")[0] + self.tr("请选择平台导出的清单，或者说明：")
        there = button(self.tr("平台上都已有"), "check", "link")
        there.clicked.connect(lambda: self.export(replace(wanted, listed=Listed.THERE)))
        add = button(self.tr("都要新增"), "plus", "link")
        add.clicked.connect(lambda: self.export(replace(wanted, listed=Listed.ADD)))
        self.question.say("warn", words, [there, add])

    def _refused(self, error: Exception) -> None:
        self.go.setEnabled(bool(self._folder.name))
        self.question.say("bad", self.context.errors.describe(error, "platform").sentence)

    def _written(self, made: Exported) -> None:
        self.result_view.show_result(made)
        self.stack.setCurrentWidget(self.result_view)

    def undo(self) -> None:
        """Take the last export of this kind back, after a question."""
        kind = self.kind.text()

        def taken(one: Any) -> None:
            words = self.tr("已撤销第 {n} 次导出，下次重新导出其内容。请销毁它的文件和密码条。")
            self.stack.setCurrentIndex(0)
            self._read_last()
            self.context.toast(words.format(n=one.number), None, "info")

        words = self.tr("撤销后，程序当作平台没有收到这次导出。已经上传的不要撤销。")
        self.context.prompt.confirm(
            self, self.tr("撤销导出"), words,
            lambda: self.context.write(take_back, self.context.actor, kind, done=taken, owner=self), danger=True,
        )  # fmt: skip
