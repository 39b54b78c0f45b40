"""The command line as a whole: general options, and which module each command is in (loaded when it is called)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop.cli.call import Call
from desktop.cli.frame import ChineseGroup, Commands, UsageFaultError
from desktop.paths import data_home, is_named
from desktop.version import VERSION

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("username", "files", "按规则生成用户名（不需要数据）"),
    ("fields", "fields", "列出名册有哪些字段（不需要数据）"),
    ("check", "files", "检查一个名册文件，不写入任何内容"),
    ("init", "people", "新建数据：单位、操作员和密钥"),
    ("passwd", "people", "修改自己的口令"),
    ("operator", "people", "操作员：增加、激活、找回、查看、停用"),
    ("unit", "unit_changes", "单位：申请入网、认证、信任、查看"),
    ("pc", "unit_changes", "第二台电脑：配对，交换待核办和核办结果"),
    ("import", "files", "检查并导入一个名册文件"),
    ("students", "rosters", "学生名册"),
    ("accounts", "account_figures", "教师账户"),
    ("change", "changes", "变更：提出、提交、核办"),
    ("package", "packages", "数据包：生成、查看"),
    ("receive", "packages", "接收送来的文件，可以是几个文件或文件夹"),
    ("watch", "watching", "收件文件夹：添加、查看"),
    ("notice", "matters", "通知：下发、查看、确认已阅"),
    ("matter", "matters", "事项：停在哪里，是否逾期"),
    ("problem", "problems", "问题学籍：核实、答复、确认、裁定"),
    ("order", "orders", "停用通知单：下达、执行、提出异议"),
    ("filing", "filing", "账户备案：提醒、提交、附件1—3、查验签名"),
    ("inspection", "inspection", "专项核查：平台账户与名册比对，停用清单，核实"),
    ("patrol", "inspection", "巡查：检查名册中的账户"),
    ("monitoring", "monitoring", "质量监控账户：岗位和名额、开通、岗位变动、备案"),
    ("duty", "duties", "专人：指定、培训和证书、空缺"),
    ("lending", "duties", "密码借用登记"),
    ("incident", "duties", "安全事件登记"),
    ("review", "bureau", "核办收到的数据包（上级）"),
    ("policy", "policies", "政策：受控字段、班额、业务开关、办理时间、用户名规则"),
    ("export", "exports", "导出：名册、平台文件、密码条"),
    ("audit", "care", "操作记录"),
    ("backup", "care", "备份"),
    ("restore", "care", "从备份恢复"),
    ("lock-status", "people", "谁能打开数据，是否被锁定"),
    ("demo", "care", "用虚构数据走一遍全部流程"),
    ("selftest", "care", "检查安装是否完好"),
)
"""Name, module of `desktop.cli`, and purpose of every command, in the order of the help page."""


class RootGroup(ChineseGroup):
    """The top level: knows every command's name and loads its module only when it is needed."""

    def summaries(self) -> list[tuple[str, str]]:
        """Name and purpose of each command."""
        return [(name, purpose) for name, _, purpose in COMMANDS]

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands in the order of the help page."""
        return [name for name, _, _ in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the command `cmd_name`; None when there is none."""
        module = next((module for name, module, _ in COMMANDS if name == cmd_name), None)
        if module is None:
            return None
        app: Commands = import_module(f"desktop.cli.{module}").app
        return app.group().commands[cmd_name]


root = typer.Typer(
    cls=RootGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


@root.callback(help="名册（Rollbook）：学籍和学习网账户的离线管理。不带命令时打开窗口。")
def general(
    ctx: typer.Context,
    home: Annotated[Path | None, typer.Option(metavar="文件夹", help="数据文件夹（也可用变量 ROLLBOOK_HOME）")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="结果以 JSON 输出")] = False,
    operator: Annotated[str | None, typer.Option(metavar="姓名", help="以谁的身份操作")] = None,
    secret_file: Annotated[
        str | None, typer.Option(metavar="文件", help="口令所在的文件，取第一行；- 表示标准输入")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="显示版本")] = False,
) -> int | None:
    """Take the general options; without a command open the window."""
    call = Call(data_home(home), home is not None, as_json, operator, secret_file)
    ctx.obj = call
    if version:
        call.emit({"version": VERSION}, f"Rollbook {VERSION}")
        raise typer.Exit(0)
    if ctx.invoked_subcommand is None:
        if as_json:
            raise UsageFaultError("缺少命令；用 --help 查看有哪些命令。")
        from desktop.app import run_window

        raise typer.Exit(run_window(call.home, named=is_named(home)))
    return None
