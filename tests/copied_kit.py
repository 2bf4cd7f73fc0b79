"""A copy of the kit as it is cloned."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from authlab.course import derive
from authlab.course.curriculum import lessons
from authlab.course.notebooks import the_kits
from authlab.course.places import ROOT


@cache
def _stubs() -> dict[str, str]:
    """Return the text of each file of stubs, by its name: to make them takes longer than most tests."""
    return {f"{lesson.stem}.py": derive.stub_file(lesson) for lesson in lessons()}


def write_stubs(folder: Path) -> None:
    """Write fresh stubs of every lesson into a folder, as `derive.write_stubs` does."""
    for name, text in _stubs().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def copied_kit(folder: Path) -> Path:
    """Copy the kit into a folder, without what its owner wrote, or JupyterLab kept beside a notebook."""
    for name in ("authlab", "exercises", "solutions", "notebooks", "tests/lessons"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in ("pyproject.toml", "requirements.lock", "tests/conftest.py"):
        shutil.copy(ROOT / name, folder / name)
    write_stubs(folder / "exercises")
    for lesson in lessons():
        stored = the_kits(lesson.notebook)
        if stored is None:
            pytest.skip(f"{lesson.notebook.name} is its owner's, and there is no git to get the kit's from")
        (folder / "notebooks" / lesson.notebook.name).write_text(stored, encoding="utf-8")
    return folder


def kit_to_work_on(folder: Path) -> Path:
    """Copy the kit with the pages that `dev build` writes into, and the tests that they name."""
    kit = copied_kit(folder)
    for name in ("docs", "tests/app"):
        shutil.copytree(ROOT / name, kit / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", kit)
    return kit
