"""Every action a key can start, once: its name, its keys, and the pages it belongs to. F1 shows this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionEntry:
    """An action. `keys` in Qt's notation, unique over the table; `pages` empty: everywhere. The shown page gets
    `run_action(key)`; what no page takes is done by the window."""

    key: str
    name: str
    keys: str
    pages: tuple[str, ...] = ()


_TABLES = ("roster", "accounts", "import")
_DESKS = ("review", "changes", "problems", "letters", "orders", "inspections", "filing", "monitoring", "duties")
_OUT = (*_TABLES, "packages", "problems", "letters", "orders", "inspections", "monitoring")

ACTIONS: tuple[ActionEntry, ...] = (
    ActionEntry("find", "查找", "Ctrl+F"),
    ActionEntry(
        "new", "新增", "Ctrl+N", ("roster", "accounts", "letters", "orders", "inspections", "monitoring", "duties")
    ),
    ActionEntry("open", "打开文件（表格、数据包、回执）", "Ctrl+O"),
    ActionEntry("import", "导入表格", "Ctrl+I"),
    ActionEntry("edit", "编辑", "F2", _TABLES),
    ActionEntry("bulk", "批量修改、查找替换", "Ctrl+H", _TABLES),
    ActionEntry("filter_value", "只看与当前格相同的", "Alt+Down", _TABLES),
    ActionEntry("copy_headers", "连同列名复制", "Ctrl+Shift+C", _TABLES),
    ActionEntry("paste", "粘贴表格内容", "Ctrl+V", _TABLES),
    ActionEntry("change", "发起关键信息变更", "Ctrl+K", ("roster",)),
    ActionEntry("undo", "撤销", "Ctrl+Z"),
    ActionEntry("redo", "重做", "Ctrl+Y"),
    ActionEntry("save", "保存", "Ctrl+S"),
    ActionEntry("submit", "提交；核办时为通过", "Ctrl+Return"),
    ActionEntry("return", "退回补正", "Ctrl+B", ("review",)),
    ActionEntry("refuse", "不予通过", "Ctrl+Shift+Return", ("review", "monitoring")),
    ActionEntry("next", "保存并到下一个", "Ctrl+PgDown"),
    ActionEntry("previous", "到上一个", "Ctrl+PgUp"),
    ActionEntry("next_error", "下一处错误", "F8", ("import",)),
    ActionEntry("previous_error", "上一处错误", "Shift+F8", ("import",)),
    ActionEntry("accept_suggestion", "采用建议", "Alt+Return", ("import",)),
    ActionEntry("next_item", "下一条", "J", _DESKS),
    ActionEntry("previous_item", "上一条", "K", _DESKS),
    ActionEntry("zoom", "放大证明材料", "Space", ("review",)),
    ActionEntry("export", "导出；在数据包、往来等页为写入 U 盘", "Ctrl+E", _OUT),
    ActionEntry("print", "打印预览", "Ctrl+P"),
    ActionEntry("close_panel", "关闭右侧面板或提示", "Esc"),
    ActionEntry("refresh", "重新读取", "F5"),
    ActionEntry("lock", "锁定", "Ctrl+L"),
    ActionEntry("help", "快捷键一览", "F1"),
)
