"""What the checks of all lessons share.

A check is an ordinary pytest test of a part. Run as it is, it tests the package; run by `authlab check`, the
part it imports is the learner's answer (see `authlab.course.mounting`).
"""

import sqlite3
from collections.abc import Iterator

import pytest

from authlab.lab.apps import LabApp, lab_database


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """A database of its own for one check: Ada is user 1, Grace (an admin) 2, Alan 3."""
    with lab_database() as connection:
        yield connection


@pytest.fixture
def lab_app() -> Iterator[LabApp]:
    """An app of its own for one check, with stateless sessions."""
    app = LabApp()
    yield app
    app.close()
