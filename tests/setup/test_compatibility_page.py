"""docs/compatibility.md says for each Python that pyproject.toml claims whether it was run, when and how."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from authlab.classroom.offline import PYTHONS
from tests.compatibility.__main__ import interpreter, version

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/compatibility.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def claimed() -> list[str]:
    """Return the Pythons that pyproject.toml claims, as 3.11."""
    found = (
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in PROJECT["classifiers"]
    )
    return [match[1] for match in found if match]


def rows() -> list[list[str]]:
    """Return the cells of the table of what was run."""
    lines = [line for line in PAGE.partition("\n## Seen\n")[2].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_python_that_is_claimed_was_run() -> None:
    """With the lock's versions, which is what its learner gets."""
    seen = {".".join(python.split(".")[:2]) for _, _, python, versions, *_ in rows() if versions == "lock"}
    assert set(claimed()) == seen


def test_the_lowest_and_the_newest_versions_were_run() -> None:
    assert {versions for _, _, _, versions, *_ in rows()} == {"lock", "lowest", "newest"}


def test_each_run_is_dated_and_says_what_it_was_of_and_how_it_ended() -> None:
    for date, system, python, versions, tests, ended in rows():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", date)
        assert re.fullmatch(r"3\.\d+\.\d+", python)
        assert all((system, versions, tests)), date
        assert re.search(r"\d+ passed", ended), ended


def test_the_lowest_python_is_the_one_that_is_required() -> None:
    assert PROJECT["requires-python"] == f">={claimed()[0]}"


def test_packages_are_brought_along_for_each_python_that_is_claimed() -> None:
    assert list(PYTHONS) == claimed()


def test_what_was_never_run_is_named() -> None:
    unseen = PAGE.partition("\n## Unseen\n")[2]
    assert [
        what for what in ("Windows", "macOS", "PyPy", "free-threaded", "VS Code") if what not in unseen
    ] == []


def test_a_python_that_is_not_there_is_said_in_one_line() -> None:
    command = [sys.executable, "-m", "tests.compatibility", "--python", "3.99"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(
        "expected a Python 3.99 on PATH, found none; give its path: --python PATH"
    )


def test_a_shim_that_starts_nothing_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyenv puts a name on PATH for each Python it has, also for those that it will not start."""
    if sys.platform == "win32":
        pytest.skip("the shim is a POSIX script")
    here = f"3.{sys.version_info[1]}"
    for folder, script in (
        ("shims", "#!/bin/sh\nexit 127\n"),
        ("real", f'#!/bin/sh\nexec {sys.executable} "$@"\n'),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"python{here}").write_text(script)
        (tmp_path / folder / f"python{here}").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:{tmp_path / 'real'}")
    assert interpreter(here) == tmp_path / "real" / f"python{here}"
    assert version(tmp_path / "shims" / f"python{here}") == ""
