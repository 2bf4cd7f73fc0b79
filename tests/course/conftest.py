"""One engine for all tests of this folder: its judge is started once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.course import derive
from authlab.course.engine import Engine

pytest.register_assert_rewrite("tests.course.bank_tests")  # so that its assertions show their values, too


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine(timeout_seconds=60) as engine:  # a bound for a hang: the machine may be busy
        yield engine


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder of fresh stubs, to answer in."""
    derive.write_stubs(tmp_path)
    return tmp_path
