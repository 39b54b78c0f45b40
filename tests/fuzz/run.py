"""Fuzz targets with coverage feedback: `python tests/fuzz/run.py SECONDS TARGET ...` (atheris; Linux).

The parsers are instrumented once, then each target runs in a process of its own for that long, and its name is printed
when it held. What the fuzzer says is kept in .dev/fuzz/TARGET.log, new inputs in .dev/fuzz/TARGET; an input that
crashes is written there as `crash-...` and named on the way out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / ".dev" / "fuzz"
CORPUS = ROOT / "tests" / "fuzz" / "corpus"


def main(seconds: str, names: list[str]) -> None:
    """Run each target until the time is over or a finding."""
    with atheris.instrument_imports(include=["sync", "models"], enable_loader_override=False):
        from tests.fuzz.targets import TARGET
    for name in names:
        run = TARGET[name].run
        child = os.fork()
        if not child:
            fuzz(name, run, seconds)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            print(name, flush=True)


def fuzz(name: str, run: Callable[[bytes], None], seconds: str) -> None:
    """Fuzz one target; the fuzzer ends the process with its own exit code."""
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    said = os.open(FOUND / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    options = [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=20", "-max_len=65536", "-verbosity=0"]
    options += [f"-artifact_prefix={found}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], run)
    atheris.Fuzz()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
