"""Fuzz one target with coverage feedback: `python tests/fuzz/run.py TARGET SECONDS` (atheris; Linux).

New inputs are kept in .dev/fuzz/TARGET; an input that crashes is written there as `crash-...` and named on the way out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]


def main(name: str, seconds: str) -> None:
    """Run until the time is over or a finding; the fuzzer ends the process with its own exit code."""
    with atheris.instrument_imports(include=["sync", "models"], enable_loader_override=False):
        from tests.fuzz.targets import CORPUS, TARGET
    target = TARGET[name]
    found = ROOT / ".dev" / "fuzz" / name
    found.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=20", "-max_len=65536", "-verbosity=0"]
    options += [f"-artifact_prefix={found}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
