"""One engine for all tests of this folder: its judge is started once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.course import derive
from authlab.course.curriculum import lessons
from authlab.course.engine import Engine
from authlab.course.notebooks import the_kits
from authlab.course.places import ROOT


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine(timeout_seconds=5) as engine:
        yield engine


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A copy of the kit as it is cloned, to be broken or answered in, without what its owner wrote."""
    for folder in ("authlab", "exercises", "solutions", "notebooks", "tests/lessons"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "requirements.lock", "tests/conftest.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    derive.write_stubs(tmp_path / "exercises")
    for lesson in lessons():
        stored = the_kits(lesson.notebook)
        if stored is None:
            pytest.skip(f"{lesson.notebook.name} is its owner's, and there is no git to get the kit's from")
        (tmp_path / "notebooks" / lesson.notebook.name).write_text(stored, encoding="utf-8")
    return tmp_path


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder of fresh stubs, to answer in."""
    derive.write_stubs(tmp_path)
    return tmp_path
