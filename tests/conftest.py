"""Before any test module loads the app: its parts get their slots, so that checks can mount flaws."""

import gc
import os
import signal
import tempfile
from pathlib import Path

os.environ["AUTHLAB_OWN"] = "off"  # before the course is read: tests are about the kit's lessons

import pytest

from authlab.course import mounting
from authlab.course.curriculum import exercises
from authlab.course.parts import PARTS

# The folders whose files take longest, first, and those of quick files last: at the end, no core waits for
# another. What lies in no folder (the documents, a whole lesson without a network) comes between.
ORDER = ("classroom", "course", "browser", "mutation", "lab", "cli", "setup")
LAST = ("app", "lessons")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a run in the background; what tests start inherits it
    signal.signal(signal.SIGINT, signal.default_int_handler)

mounting.install({*PARTS, *(exercise.part for exercise in exercises())})

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Each worker has a folder of its own: a test that looks for leftovers must not find another's.
    folder = Path(tempfile.gettempdir(), worker)
    folder.mkdir(exist_ok=True)
    tempfile.tempdir = str(folder)
    os.environ.update({"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: (
            *(name not in item.path.parts for name in ORDER),
            *(name in item.path.parts for name in LAST),
        )
    )


def pytest_collection_finish() -> None:
    """Spare Python's garbage collector what stays to the end: in a run of all tests, to look through the
    thousands of them and all that is loaded, again and again, took a sixth of the time."""
    if worker:
        gc.collect()
        gc.freeze()


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A copy of the kit as it is cloned, to be broken or answered in, without what its owner wrote."""
    from tests.copied_kit import copied_kit  # not at the top: a copy has this file, and not that one

    return copied_kit(tmp_path)
