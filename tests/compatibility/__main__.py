"""Tries the kit with other Pythons and versions: `python3 -m tests.compatibility [--python 3.12] [--newest]`.

A combination is a Python and a choice of versions: the lock's, the lowest that pyproject.toml allows of each
direct dependency, or the newest of all. Each gets a clone of the last commit in a temporary folder, and there
the set-up that a learner types and the tests that a learner's machine can run. A line says how each ended;
nothing stays but the log of one that failed. Needs uv for other versions than the lock's, git, and the
package index.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from authlab.course.places import ROOT

# Without notebooks' outputs (they are the lock's, to the letter), browsers and a hub.
TESTS = ["app", "lessons", "course", "cli", "lab", "setup", "test_architecture.py", "test_offline.py"]
LEFT_OUT = "tests/course/test_notebooks.py"
CHOICES = {"lock": "", "lowest": "lowest-direct", "newest": "highest"}
COMPILE = "--quiet --universal --generate-hashes --no-annotate --only-binary :all: --python-version 3.11"


def main() -> int:
    """Try all combinations that are asked for; return 1 if one failed."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.compatibility", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--python", action="append", help="3.12, or a path; this one without it")
    for choice in CHOICES:
        parser.add_argument(f"--{choice}", action="append_const", const=choice, dest="choices")
    args = parser.parse_args()
    choices = args.choices or ["lock"]
    if choices != ["lock"] and shutil.which("uv") is None:
        parser.error("expected uv to choose versions with, found none; run: python3 -m pip install uv")
    # The Python that this environment was made of: in the environment itself, a set-up has nothing to do.
    outside = getattr(sys, "_base_executable", None) or sys.executable
    pythons = [interpreter(named) for named in args.python or [outside]]
    missing = [named for named, found in zip(args.python or [], pythons, strict=False) if found is None]
    if missing:
        parser.error(f"expected a Python {missing[0]} on PATH, found none; give its path: --python PATH")
    failed = 0
    for python in filter(None, pythons):
        for choice in choices:
            ended = tried(python, choice)
            print(f"{system()}, Python {version(python)}, {choice}: {ended}", flush=True)
            failed |= " passed" not in ended or "failed" in ended or "error" in ended
    return int(failed)


def interpreter(named: str) -> Path | None:
    """Return the interpreter of a path, or of a version such as "3.12", or None where there is none.

    A name on PATH may be a shim that starts nothing, so each is asked for its version.
    """
    if not re.fullmatch(r"3\.\d+", named):
        return Path(named).absolute() if version(Path(named)) else None
    return next((path for path in _called(named) if version(path).startswith(f"{named}.")), None)


def _called(named: str) -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield Path(folder, f"python{named}")
    # Where pyenv is, the name on PATH starts only what was made global.
    yield from Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
        f"versions/{named}.*/bin/python"
    )


def version(python: Path) -> str:
    """Return an interpreter's version, or "" if it does not start."""
    code = "import platform; print(platform.python_version())"
    try:
        asked = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""


def system() -> str:
    """Return what this runs on, without anybody's names."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def tried(python: Path, choice: str) -> str:
    """Return pytest's last line for one combination, or why it did not come to that."""
    with tempfile.TemporaryDirectory(prefix="authlab-compat-", ignore_cleanup_errors=True) as name:
        kit = Path(name, "kit")
        log = Path(name, "log.txt")
        steps: list[Sequence[str | Path]] = [
            ["git", "clone", "--quiet", ROOT, kit],
            *(compile_locks(CHOICES[choice]) if CHOICES[choice] else ()),
            [python, "-m", "authlab", "dev", "setup"],
            [kit_python(kit), "-m", "authlab", "test", "-q", "--ignore", LEFT_OUT]
            + [f"tests/{test}" for test in TESTS],
        ]
        for step in steps:
            last = _run(step, kit if kit.exists() else ROOT, log)
            if last is not None:
                break
        else:
            return _last_line(log)
        kept = Path(tempfile.gettempdir(), f"authlab-compat-{version(python)}-{choice}.txt")
        shutil.copy(log, kept)
        return f"{last} (all of it: {kept})"


def compile_locks(resolution: str) -> list[Sequence[str | Path]]:
    """Return the commands that write both locks anew in a clone, as their own second lines say."""
    # --upgrade: without it uv stays with the versions of the file that it writes to. It notes its arguments
    # there, so no path is among them.
    compiling = ["uv", "pip", "compile", *COMPILE.split(), "--upgrade", "--resolution", resolution]
    learners, developers = "requirements.lock", "requirements-dev.lock"
    return [
        [*compiling, "--group", "setup", "pyproject.toml", "-o", learners],
        [*compiling, "--group", "dev", "-c", learners, "pyproject.toml", "-o", developers],
    ]


def kit_python(kit: Path) -> Path:
    """Return the interpreter of the environment that `dev setup` makes in a clone."""
    return kit / (".venv/Scripts/python.exe" if sys.platform == "win32" else ".venv/bin/python")


def _run(step: Sequence[str | Path], folder: Path, log: Path) -> str | None:
    """Run a step; None when it went well, or its last line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTHLAB")}
    with log.open("ab") as output:
        done = subprocess.run(
            list(map(str, step)), cwd=folder, env=kept, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    return None if done.returncode == 0 else _last_line(log) or f"status {done.returncode}"


def _last_line(log: Path) -> str:
    lines = [line.strip(" =") for line in log.read_text("utf-8", "replace").splitlines() if line.strip(" =")]
    return lines[-1] if lines else ""


if __name__ == "__main__":
    sys.exit(main())
