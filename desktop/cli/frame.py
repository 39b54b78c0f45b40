"""The frame commands stand in: Typer with Chinese help, commands loaded when called, and one sentence for a mistake."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from models.domain.errors import UserError

Out = Annotated[Path | None, typer.Option(metavar="文件夹", help="写到哪里，须是已有的文件夹（默认在数据文件夹中）")]


class UsageFaultError(UserError):
    """The command line itself is wrong."""


class ChineseCommand(TyperCommand):
    """A command whose help page is Chinese."""

    def get_help(self, ctx: Any) -> str:
        """The help page of the command."""
        return _help_page(self, ctx)


class ChineseGroup(TyperGroup):
    """A group of commands whose help page is Chinese and which names a command it does not have."""

    def get_help(self, ctx: Any) -> str:
        """The help page of the group."""
        return _help_page(self, ctx)

    def summaries(self) -> list[tuple[str, str]]:
        """Name and one-line help of each command, for the help page."""
        return [(name, (command.help or "").partition("\n")[0]) for name, command in self.commands.items()]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command named first in `args`. Raises UsageFaultError when there is none."""
        command = self.get_command(ctx, args[0])
        if command is None:
            raise UsageFaultError(f"没有命令“{args[0]}”；可用的命令：{'、'.join(self.list_commands(ctx))}。")
        return args[0], command, args[1:]


class Commands(typer.Typer):
    """A set of commands; `command` adds one with its Chinese help."""

    def __init__(self, help_text: str) -> None:
        """`help_text`: what the set is for, in Chinese."""
        super().__init__(
            cls=ChineseGroup,
            help=help_text,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )

    def add(self, name: str, help_text: str) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
        """Decorator: register a function as the command `name`; what it returns is the exit code (None: 0)."""
        return self.command(name, cls=ChineseCommand, help=help_text)

    def group(self) -> ChineseGroup:
        """The commands as one group, also when there is only one."""
        made = typer.main.get_group(self)
        assert isinstance(made, ChineseGroup)
        return made


# --- help pages -----------------------------------------------------------------------------------------------


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    column = min(34, max(_width(left) for left, _ in rows)) + 2
    return [f"  {left}{' ' * max(2, column - _width(left))}{right}".rstrip() for left, right in rows]


def _option_row(param: Any) -> tuple[str, str]:
    if param.name == "help":
        return ", ".join(param.opts), "显示这页帮助"
    takes_value = not getattr(param, "is_flag", False)
    names = ", ".join(param.opts) + (f" {param.metavar or param.name.upper()}" if takes_value else "")
    notes = "（必填）" * bool(param.required) + "（可重复）" * bool(param.multiple)
    return names, (param.help or "") + notes


def _help_page(command: Any, ctx: Any) -> str:
    """Usage, purpose, arguments, options and commands of `command`."""
    params = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [_option_row(param) for param in params if param.param_type_name == "option"]
    usage = [ctx.command_path, "[选项]", *(_argument_usage(param) for param in arguments)]
    subcommands = command.summaries() if isinstance(command, ChineseGroup) else []
    if subcommands:
        usage.append("命令 …")
    parts = [f"用法：{' '.join(usage)}", command.help or ""]
    sections = (
        ("参数：", [(_metavar(param), param.help or "") for param in arguments]),
        ("选项：", options),
        ("命令：", subcommands),
    )
    for title, rows in sections:
        if rows:
            parts.append("\n".join([title, *_rows(rows)]))
    return "\n\n".join(part for part in parts if part)


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _argument_usage(param: Any) -> str:
    name = _metavar(param) + ("..." if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


# --- mistakes on the command line -----------------------------------------------------------------------------

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"^Missing command", "缺少命令；用 --help 查看有哪些命令。"),
    (r"^Got unexpected extra argument\(s\) \((?P<it>.*)\)$", "多余的参数：{it}。"),
    (r"^Option '(?P<it>[^']+)' requires an argument", "选项 {it} 后面要有一个值。"),
    (r"^Option '(?P<it>[^']+)' does not take a value", "选项 {it} 后面不能有值。"),
)


def usage_sentence(error: TyperException) -> str:
    """One Chinese sentence for a mistake that Typer found."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return f"没有选项 {getattr(error, 'option_name', '')}；用 --help 查看有哪些选项，通用选项要写在命令之前。"
    param = getattr(error, "param", None)
    name = "" if param is None else (_metavar(param) if param.param_type_name == "argument" else param.opts[0])
    if kind == "MissingParameter":
        return f"缺少 {name}；用 --help 查看用法。"
    for pattern, text in _PATTERNS:
        found = re.search(pattern, error.format_message(), re.DOTALL)
        if found:
            return text.format(**found.groupdict())
    return f"{name or '参数'} 的值不合要求；用 --help 查看用法。"
