"""A judge's children: forked ahead, one job each, and gone with whatever ends them."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from authlab.course import children, judge
from authlab.course.children import Child
from authlab.course.curriculum import one_exercise
from authlab.course.engine import Engine
from authlab.course.places import ROOT, SOLUTIONS
from tests.processes import is_gone, is_soon_gone

pytestmark = pytest.mark.skipif(not judge.CAN_FORK, reason="without fork, each job has a process of its own")
LIMIT_SECONDS = 60.0  # a bound for a hang


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the children have their own folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def twice(job: dict[str, Any]) -> dict[str, Any]:
    return {"twice": 2 * job["number"], "pid": os.getpid()}


def test_it_waits_for_its_job_does_it_and_is_gone(folder: Path) -> None:
    child = Child(twice)
    assert len(list(folder.iterdir())) == 1
    assert child.hand_over({"number": 21})
    said = child.result(LIMIT_SECONDS)
    assert said["twice"] == 42
    assert is_gone(said["pid"])
    assert list(folder.iterdir()) == []


def test_it_gets_ready_before_there_is_a_job() -> None:
    seen: list[str] = []
    child = Child(lambda job: {"seen": [*seen, "the job"]}, get_ready=lambda: seen.append("ready"))
    assert child.hand_over({})
    assert child.result(LIMIT_SECONDS) == {"seen": ["ready", "the job"]}


def test_what_it_left_running_is_killed_as_soon_as_its_result_is_known(folder: Path) -> None:
    """Its memory is cleared away after the verdict was told; nothing of it works any more by then."""

    def leave_one(job: dict[str, Any]) -> dict[str, Any]:
        if (pid := os.fork()) == 0:
            time.sleep(LIMIT_SECONDS)
        return {"left": pid}

    child = Child(leave_one)
    assert child.hand_over({})
    left = child.first_result(LIMIT_SECONDS)["left"]
    assert is_soon_gone(left)
    assert len(list(folder.iterdir())) == 1
    assert child.end() == child.end()  # the second finds nothing to do
    assert is_gone(child._pid)
    assert list(folder.iterdir()) == []


def test_what_its_parent_loads_later_is_none_of_its_business() -> None:
    """It is a copy of the judge as it was: so the judge forks anew when a job needs more of the package."""
    known: list[str] = ["at first"]
    child = Child(lambda job: {"known": known})
    known.append("later")
    assert child.hand_over({})
    assert child.result(LIMIT_SECONDS) == {"known": ["at first"]}


def test_one_that_was_ended_while_it_waited_takes_no_job(folder: Path) -> None:
    """Whoever clears up processes may end it. Nobody's answer is to blame for that."""
    child = Child(twice)
    os.kill(child._pid, signal.SIGKILL)
    assert is_soon_gone(child._pid)
    assert not child.hand_over({"number": 21})
    assert list(folder.iterdir()) == []
    assert children._children == []


def test_a_judge_that_is_ended_while_it_forks_ends_the_child_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the child makes files in a folder that is being deleted, and some of it stays.

    A judge has one thread. This process may have more, so the signal goes to the one that forks.
    """
    fork, known = os.fork, []

    def ended_while_it_forks() -> int:
        if pid := fork():
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        return pid

    monkeypatch.setattr(os, "fork", ended_while_it_forks)
    before = signal.signal(signal.SIGTERM, lambda *_: known.append(len(children._children)))
    try:
        child = Child(lambda job: {"blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))})
    finally:
        signal.signal(signal.SIGTERM, before)
    assert known == [1]
    assert child.hand_over({})
    assert child.result(LIMIT_SECONDS) == {"blocked": []}


def test_one_that_is_not_needed_any_more_is_ended(folder: Path) -> None:
    child = Child(twice)
    child.end()
    assert is_gone(child._pid)
    assert list(folder.iterdir()) == []


def test_it_does_not_outlive_a_judge_that_is_killed(folder: Path) -> None:
    """Such a judge ends nothing itself; the pipe of its jobs closes."""
    code = (
        "from authlab.course.children import Child; import os, signal\n"
        "print(Child(lambda job: {})._pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    assert is_soon_gone(int(parent.stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_judge_whose_waiting_child_was_ended_forks_another() -> None:
    asked = one_exercise("0.1")
    with Engine(timeout_seconds=LIMIT_SECONDS) as engine:
        assert engine.check(asked, SOLUTIONS).status == "passed"
        assert engine._judge is not None
        judge_pid = engine._judge._process.pid  # type: ignore[attr-defined]
        listed = Path(f"/proc/{judge_pid}/task/{judge_pid}/children")
        while not (waiting := listed.read_text().split()):  # it forks once it has told its verdict
            time.sleep(0.02)
        os.kill(int(waiting[0]), signal.SIGKILL)
        assert is_soon_gone(int(waiting[0]))
        assert engine.check(asked, SOLUTIONS).status == "passed"
