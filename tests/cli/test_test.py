"""`authlab test`: pytest with its own summary last, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from authlab.course.places import ROOT


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start it on tests of ours, with a place for temporary files that can be looked at."""
    code = (
        "import pathlib, sys; from authlab.course import places; "
        "places.IN_MEMORY = pathlib.Path(sys.argv[1]); "
        "from authlab.cli import main; sys.exit(main(['test', *sys.argv[2:]]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), "-c", os.devnull, "-q", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "memory").mkdir()
    return tmp_path / "memory"


def test_the_summary_is_pytests_and_no_file_is_left(place: Path, tmp_path: Path) -> None:
    """What a test writes goes with the run."""
    (tmp_path / "test_one.py").write_text("def test_one(tmp_path): (tmp_path / 'x').write_text('x')\n")
    with start(place, str(tmp_path / "test_one.py")) as run:
        said, _ = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert "1 passed" in said.splitlines()[-1]
    assert list(place.iterdir()) == []


def test_who_ends_it_gets_the_summary_too(place: Path, tmp_path: Path) -> None:
    """CI at its limit, say: SIGTERM ends the tests as Ctrl-C does."""
    (tmp_path / "test_two.py").write_text(
        "import pathlib, time\n"
        "def test_one(): pass\n"
        "def test_two(): pathlib.Path(__file__).with_name('here').touch(); time.sleep(60)\n"
    )
    with start(place, str(tmp_path / "test_two.py")) as run:
        while not (tmp_path / "here").exists():
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        said, _ = run.communicate(timeout=120)
    assert run.returncode == 2, said
    assert "1 passed" in said.splitlines()[-1]
    assert list(place.iterdir()) == []
