"""A kernel that is killed leaves no file and no process: as after nbval, which kills each one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from authlab.course.places import ROOT, SOLUTIONS
from tests.cli.typed import environment
from tests.processes import is_soon_gone

# What a kernel does with a lesson's first cells. "ipykernel" is how `ready` knows one.
KERNEL = """\
import sys
import ipykernel
sys.path.insert(0, "..")
from authlab.doctor import ready
ready("lesson_00_start_here")
from authlab.course.temporary import temporary_folder
from authlab.lab import check, open_app
apps = [open_app(), open_app(flaw="found")]
check("0.1")
print(temporary_folder(), flush=True)
sys.stdin.readline()
"""


@contextmanager
def kernel(temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start one as `jupyter` does, in a folder of the kit, and wait for nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", KERNEL],
        cwd=ROOT / "notebooks",
        env=environment(TMPDIR=str(temporary), AUTHLAB_ANSWERS=str(SOLUTIONS)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def with_in_its_command(what: str) -> list[int]:
    """The processes that were started with a text, or work in a folder of that name."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            told = Path(f"/proc/{entry}/cmdline").read_bytes() + Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if what.encode() in told:
            found.append(int(entry))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    "end",
    [signal.SIGKILL, *(pytest.param(end, marks=pytest.mark.full) for end in (signal.SIGTERM, None))],
    ids=["killed", "terminated", "ended"],
)
def test_a_kernel_leaves_nothing_however_it_ends(end: signal.Signals | None, tmp_path: Path) -> None:
    """Its databases, its judge's answers, its app with a flaw; the judge, the app, the shell that waits."""
    with kernel(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        folder = Path([process.stdout.readline() for _ in range(2)][-1].strip())
        kinds = sorted({name.name.rpartition("-")[0] for name in folder.iterdir()})
        assert kinds == ["authlab", "authlab-host", "authlab-judge"]
        assert list(tmp_path.glob("authlab-*")) == ([folder] if folder.parent == tmp_path else [])
        started = with_in_its_command(str(folder))
        assert len(started) >= 3
        if end is None:
            process.stdin.close()
        else:
            os.killpg(process.pid, end)
        process.wait(timeout=120)
    assert [pid for pid in started if not is_soon_gone(pid)] == []
    for _ in range(1500):
        if not folder.exists():
            break
        time.sleep(0.02)
    assert not folder.exists()
    assert list(tmp_path.glob("authlab-*")) == []
