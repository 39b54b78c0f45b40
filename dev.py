"""The one command for people, continuous integration and hooks: `python dev.py COMMAND` (standard library only).

It keeps the project's own environment in .venv from hash-checked requirement files and runs everything in it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = sys.platform == "win32"
PRODUCT, DEVELOPMENT, BUILD, TOOLS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-build.txt",
    "requirements-tools.txt",
)
DEBIAN_PACKAGES = (
    *("libegl1", "libgl1", "libdbus-1-3", "libfontconfig1", "libxkbcommon0", "libxkbcommon-x11-0", "libxcb-cursor0"),
    *("libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0", "libxcb-render-util0", "libxcb-shape0"),
    *("libxcb-xinerama0", "libxcb-xkb1", "libglib2.0-0", "fonts-noto-cjk"),
    "poppler-utils",  # its pdfsig checks our signatures
)
Command = list[str]


def say(text: str) -> None:
    """Tell the person what is going on, on standard error, in order with what the child programs print."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def program(name: str, folder: Path = VENV) -> str:
    """Path of a program inside a virtual environment."""
    return str(folder / ("Scripts" if WINDOWS else "bin") / (f"{name}.exe" if WINDOWS else name))


def run(command: Sequence[str], folder: Path = ROOT, **environment: str) -> int:
    """Run a command in a folder with the project on the import path; its exit code."""
    full = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(list(command), cwd=folder, env=full, check=False).returncode


def run_program(*arguments: str) -> int:
    """Run Rollbook where the caller stands, so that the paths in `arguments` mean what they say."""
    return run([program("python"), "-m", "desktop", *arguments], Path.cwd())


def must(command: Sequence[str], failure: str) -> None:
    """Run a command and end with `failure` when it fails."""
    if run(command):
        raise SystemExit(f"dev.py: {failure}")


# --- setting up ---------------------------------------------------------------------------------------------


def install(requirements: str, folder: Path = VENV) -> None:
    """Bring a virtual environment to a hash-checked requirements file; a second time it has nothing to do."""
    key = hashlib.sha256((ROOT / requirements).read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / f".installed-{requirements}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == key:
        return
    if not Path(program("python", folder)).is_file():
        say(f"making {folder.relative_to(ROOT)}")
        venv.EnvBuilder(with_pip=True, symlinks=not WINDOWS).create(folder)
    say(f"installing {requirements} (hashes are checked); the first time takes a minute or two")
    pip = [program("python", folder), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    if told_briefly([*pip, "--require-hashes", "--only-binary", ":all:", "-r", requirements]):
        raise SystemExit(
            f"dev.py: {requirements} could not be installed; is the package index reachable? The lines above say why."
        )
    stamp.write_text(key, encoding="utf-8")


def told_briefly(command: Sequence[str]) -> int:
    """Run pip with one line of progress on a terminal, and a line now and then elsewhere; all it said on failure."""
    said: list[str] = []
    packages, shown, terminal = 0, time.monotonic(), sys.stderr.isatty()
    with subprocess.Popen(
        list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            packages += line.startswith("Collecting ")
            doing = "unpacking" if line.startswith("Installing") else f"fetching, {packages} packages so far"
            if terminal:
                print(f"\rdev.py: {doing:<50}", end="", file=sys.stderr, flush=True)
            elif time.monotonic() - shown > 15 or line.startswith("Installing"):
                say(doing)
                shown = time.monotonic()
    if terminal:
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    if process.returncode:
        sys.stderr.write("".join(said))
    return process.returncode


def missing_debian_packages() -> list[str]:
    """Those of the Qt libraries, the font and the PDF tools that this Debian lacks; nothing on other systems."""
    if not sys.platform.startswith("linux") or not shutil.which("dpkg-query"):
        return []
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *DEBIAN_PACKAGES]
    out = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    there = {line.split()[1] for line in out.splitlines() if line.startswith("installed ")}
    return [name for name in DEBIAN_PACKAGES if name not in there]


def install_system_libraries() -> None:
    """On Debian install what Qt needs, when it is missing and we may; otherwise say the command to run."""
    missing = missing_debian_packages()
    if not missing:
        return
    prefix: Command = []
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        sudo = shutil.which("sudo")
        may = sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
        if not sudo or not may:
            say(f"the window may need these system packages: apt-get install {' '.join(missing)}")
            return
        prefix = [sudo, "-n"]
    say(f"installing system packages: {' '.join(missing)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    subprocess.run([*apt, "update"], check=False, stdout=subprocess.DEVNULL)
    install_them = [*apt, "install", "-y", "--no-install-recommends", *missing]
    if subprocess.run(install_them, check=False, stdout=subprocess.DEVNULL).returncode:
        say(f"apt-get could not install them; please run: apt-get install {' '.join(missing)}")


def set_up(requirements: str) -> None:
    """Everything a command needs: the system libraries and the environment."""
    install_system_libraries()
    install(requirements)


def have_product() -> None:
    """Set up what the program itself needs; the development environment holds it too."""
    set_up(DEVELOPMENT if (VENV / f".installed-{DEVELOPMENT}").is_file() else PRODUCT)


# --- commands -----------------------------------------------------------------------------------------------


def setup(_: Sequence[str]) -> int:
    """Make or refresh the environment, development tools included."""
    set_up(DEVELOPMENT)
    say("ready")
    return 0


def window(rest: Sequence[str]) -> int:
    """Open the window."""
    have_product()
    return run_program(*rest)


def cli(rest: Sequence[str]) -> int:
    """Run the command line: `python dev.py cli --help`."""
    have_product()
    return run_program(*(rest or ["--help"]))


def demo(rest: Sequence[str]) -> int:
    """Run the main job on invented data, with --tiers four tiers; an argument names the folder (default: demo)."""
    have_product()
    return run_program("demo", *rest)


def tree_state() -> str:
    """What git sees as changed or new, to notice what a check leaves behind."""
    git = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout


MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 4 << 30
"""Bytes that must be free in memory before the tests' folders are made there."""


@contextmanager
def quick_folders() -> Iterator[dict[str, str]]:
    """The environment of the tests: folders in memory where that has room, and modules compiled once, not by each."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(ROOT / ".dev" / "compiled")}
    with tempfile.TemporaryDirectory(
        prefix="rollbook-check-", dir=MEMORY if roomy else None, ignore_cleanup_errors=True
    ) as folder:
        yield compiled | ({"TMPDIR": folder} if roomy else {})


def told_at_the_end(step: tuple[str, Command]) -> bool:
    """Run a step that others run beside; what it says comes in one piece. Whether it passed."""
    name, command = step
    start = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    sys.stderr.write(done.stdout.decode(errors="replace"))
    say(f"{name}: {'FAILED' if done.returncode else 'passed'} ({time.monotonic() - start:.0f} s)")
    return not done.returncode


def check(rest: Sequence[str]) -> int:
    """Lint, format, types for Linux and Windows, import contracts, tests, fuzzing; further arguments go to pytest."""
    set_up(DEVELOPMENT)
    before = tree_state()
    mypy = [program("mypy"), "--platform"]
    steps: tuple[tuple[str, Command], ...] = (
        ("types (linux)", [*mypy, "linux", "--cache-dir", ".mypy_cache/linux"]),
        ("types (windows)", [*mypy, "win32", "--cache-dir", ".mypy_cache/win32"]),
        ("lint", [program("ruff"), "check", "."]),
        ("format", [program("ruff"), "format", "--check", "."]),
        ("import contracts", [program("lint-imports"), "--no-cache"]),
    )
    with ThreadPoolExecutor(2) as workers:
        passed = list(workers.map(told_at_the_end, steps))
    failed = [name for (name, _), good in zip(steps, passed, strict=True) if not good]
    start = time.monotonic()
    tests = [program("python"), "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *rest]
    with quick_folders() as environment:
        code = run(tests, ROOT, QT_QPA_PLATFORM="offscreen", **environment)
    say(f"tests: {'FAILED' if code else 'passed'} ({time.monotonic() - start:.0f} s)")
    if code:
        failed.append("tests")
    if sys.platform.startswith("linux") and not rest and fuzz(["--seconds", "2"]):
        failed.append("fuzz")
    if tree_state() != before:
        say("the tests left something in the tree (git status shows it)")
        failed.append("clean tree")
    say(f"FAILED: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def bench(rest: Sequence[str]) -> int:
    """Print speed against the named peers in the same run; arguments choose benchmarks by name."""
    set_up(DEVELOPMENT)
    files = sorted(path for path in (ROOT / "tests" / "benchmarks").glob("*.py") if not path.name.startswith("_"))
    chosen = [path for path in files if not rest or path.stem in rest]
    if not chosen:
        say(f"no such benchmark; there are: {', '.join(path.stem for path in files)}")
        return 2
    call = "import runpy, sys; print(runpy.run_path(sys.argv[1])['run']())"
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "benchmarks")))
    codes = []
    for path in chosen:
        print(f"--- {path.stem}", flush=True)
        codes.append(run([program("python"), "-c", call, str(path)], PYTHONPATH=paths, QT_QPA_PLATFORM="offscreen"))
    return max(codes)


def fuzz(rest: Sequence[str]) -> int:
    """Feed every parser of foreign bytes with coverage feedback: `fuzz [TARGET ...] [--seconds N]` (Linux)."""
    set_up(DEVELOPMENT)
    words = list(rest)
    seconds = words.pop(words.index("--seconds") + 1) if "--seconds" in words else "60"
    there = sorted(path.name for path in (ROOT / "tests" / "fuzz" / "corpus").iterdir())
    chosen = [word for word in words if word != "--seconds"] or there
    if not seconds.isdigit() or not set(chosen) <= set(there):
        say(f"fuzz [TARGET ...] [--seconds N]; the targets are: {', '.join(there)}")
        return 2
    halves = [half for half in (chosen[::2], chosen[1::2]) if half]
    with ThreadPoolExecutor(2) as workers:
        failed = sorted(
            name for found in workers.map(lambda half: fuzz_targets(half, seconds), halves) for name in found
        )
    say(f"findings in {', '.join(failed)}; the inputs lie in .dev/fuzz" if failed else f"{len(chosen)} parsers held")
    return 1 if failed else 0


def fuzz_targets(names: Sequence[str], seconds: str) -> list[str]:
    """Fuzz some parsers one after the other; those with a finding. What the fuzzer says is shown only for these."""
    command = [program("python"), "tests/fuzz/run.py", seconds, *names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    held = set(done.stdout.split())
    failed = [name for name in names if name not in held]
    for name in names:
        said = ROOT / ".dev" / "fuzz" / f"{name}.log"
        text = said.read_text(encoding="utf-8", errors="replace") if said.is_file() else ""
        runs = next((line.split()[-1] for line in text.splitlines() if "number_of_executed_units" in line), "?")
        say(f"fuzz {name}: {runs} inputs, {'FINDING' if name in failed else 'held'}")
        if name in failed:
            sys.stderr.write(text[-4000:])
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
    return failed


def shots(rest: Sequence[str]) -> int:
    """Take pictures of every page with demo data into shots/."""
    set_up(DEVELOPMENT)
    return run([program("python"), "tests/shots.py", *(rest or ["shots"])], QT_QPA_PLATFORM="offscreen")


def build(rest: Sequence[str]) -> int:
    """Build the installable folder dist/Rollbook with PyInstaller and run the self-test of what was built."""
    install(PRODUCT)
    install(BUILD)
    python = program("python")
    must([python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "build.spec", *rest], "the build failed")
    built = ROOT / "dist" / "Rollbook" / ("rollbook-cli.exe" if WINDOWS else "rollbook-cli")
    say(f"built {built.parent.relative_to(ROOT)}; testing it")
    return run([str(built), "selftest"])


def lock(_: Sequence[str]) -> int:
    """Pin the .in files again, with hashes and for every system, without a download address."""
    tools = ROOT / ".dev" / "tools"
    install(TOOLS, tools)
    compile_ = [
        program("uv", tools),
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--upgrade",
    ]
    plain = ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
    for name in (PRODUCT, DEVELOPMENT, BUILD, TOOLS):
        same = [] if name in (PRODUCT, TOOLS) else ["--constraint", PRODUCT]
        source = name.replace(".txt", ".in")
        must([*compile_, *plain, *same, source, "--output-file", name], f"{source} cannot be resolved")
        say(f"wrote {name}")
    return 0


COMMANDS = (
    ("setup", setup),
    ("run", window),
    ("cli", cli),
    ("demo", demo),
    ("check", check),
    ("bench", bench),
    ("fuzz", fuzz),
    ("shots", shots),
    ("build", build),
    ("lock", lock),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="dev.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="commands:\n" + "\n".join(f"  {name:<6} {act.__doc__}" for name, act in COMMANDS),
    )
    parser.add_argument("command", choices=[name for name, _ in COMMANDS], metavar="COMMAND")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...")
    options = parser.parse_args(arguments)
    try:
        return dict(COMMANDS)[options.command](options.rest)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 (a sentence instead of a syntax error later)
        sys.exit("dev.py: Python 3.11 or newer is needed, this is " + sys.version.split()[0])
    sys.exit(main())
