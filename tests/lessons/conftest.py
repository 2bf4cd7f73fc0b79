"""What the checks of all lessons share.

A check is an ordinary pytest test of a part. Run as it is, it tests the package; run by `authlab check`, the
part it imports is the learner's answer (see `authlab.course.mounting`).
"""

from collections.abc import Iterator

import pytest

from authlab.lab.apps import LabApp


@pytest.fixture
def lab_app() -> Iterator[LabApp]:
    """An app of its own for one test, with a secret that only admins may see."""
    app = LabApp(vault="The Vault 7f3a")
    yield app
    app.close()
