"""One engine for all tests of this folder: its judge is started once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.course.curriculum import exercises
from authlab.course.engine import Engine
from tests.copied_kit import write_stubs

pytest.register_assert_rewrite("tests.course.bank_tests")  # so that its assertions show their values, too


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    # A bound for a hang: the machine may be busy. One judge for all lessons, or each would bring its own.
    with Engine(timeout_seconds=60, for_all=exercises()) as engine:
        yield engine


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder of fresh stubs, to answer in."""
    write_stubs(tmp_path)
    return tmp_path
