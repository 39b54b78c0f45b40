"""Starts the program: no command opens the window, a command runs on the command line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from models.domain.errors import UserError, system_sentence

PROBE = "--evidence-probe"
CANNOT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments` (default: those of the process); the exit code of cli.md."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [PROBE]:  # how evidence is decoded in a process of its own, also by the frozen program
        from models.services.evidence_probe import main as probe

        return probe()
    if not given:
        from desktop.app import run_window
        from desktop.paths import data_home, is_named

        return run_window(data_home(), named=is_named())
    return _command_line(given)


def _command_line(arguments: list[str]) -> int:
    """One command, with every way it can end made an exit code and at most one sentence on standard error."""
    from typer.exceptions import Abort, TyperException

    from desktop import crash, logs
    from desktop.cli.frame import usage_sentence
    from desktop.paths import data_home

    as_json = "--json" in arguments
    _safe_output(as_json)
    if any(_unreadable(argument) for argument in arguments):
        sentence = "命令里有读不出来的字符（编码不对），没有执行。请重新输入，或换用 UTF-8 的终端。"
        return _refuse(sentence, CANNOT, as_json)
    home = data_home(_named_home(arguments))
    doing = _command_name(arguments)
    started = time.monotonic()
    log = logs.start(home)
    try:
        code = _run(arguments)
    except UserError as error:
        code = _refuse(str(error), error.exit_code, as_json)
    except TyperException as error:
        code = _refuse(usage_sentence(error), CANNOT, as_json)
    except (KeyboardInterrupt, Abort):
        code = _refuse("已取消。", CANNOT, as_json)
    except BrokenPipeError:
        sys.stdout = None
        code = CANNOT
    except OSError as error:
        code = _refuse(system_sentence(error), CANNOT, as_json)
    except MemoryError:
        code = _refuse("内存不够，请关闭其他程序后重试。", CANNOT, as_json)
    except Exception as error:  # whatever is left is a bug
        log.exception("bug in %s", doing)
        return crash.tell(error, home, doing)
    log.info("%s ended with %d after %.1f s", doing, code, time.monotonic() - started)
    return code


def _run(arguments: list[str]) -> int:
    import typer

    from desktop.cli.root import root

    result = typer.main.get_command(root).main(arguments, prog_name="rollbook", standalone_mode=False)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _safe_output(as_json: bool) -> None:
    """JSON is UTF-8 everywhere; text for people never fails on a character the console's code page lacks."""
    if sys.stdout is None or sys.stderr is None:  # the windowed program has no console
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (kept to the end of the process)
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            utf8 = as_json and stream is sys.stdout
            stream.reconfigure(encoding="utf-8" if utf8 else None, errors="backslashreplace")


def _unreadable(argument: str) -> bool:
    """Whether an argument holds bytes that are no text; the name of a file that is there may."""
    return any("\ud800" <= character <= "\udfff" for character in argument) and not os.path.lexists(argument)


def _named_home(arguments: list[str]) -> Path | None:
    """What `--home` says, before the command line is understood: the log and crash reports lie there."""
    for position, argument in enumerate(arguments):
        if argument == "--home" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if argument.startswith("--home="):
            return Path(argument.removeprefix("--home="))
    return None


def _command_name(arguments: list[str]) -> str:
    """The command's name for log and crash report, never an argument that a person typed."""
    from desktop.cli.root import COMMANDS

    names = {name for name, _, _ in COMMANDS}
    return next((argument for argument in arguments if argument in names), "?")


def _refuse(sentence: str, code: int, as_json: bool) -> int:
    """The sentence on standard error; for scripts also as the one document on standard output."""
    line = " ".join(sentence.split())
    sys.stderr.write(line + "\n")
    if as_json:
        sys.stdout.write(json.dumps({"error": line, "exit_code": code}, ensure_ascii=False) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
