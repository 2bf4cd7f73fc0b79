"""A thousand submissions: each judged once, with no cache, and the memory of fifty."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from authlab.course.curriculum import lesson_of, select
from authlab.course.places import ROOT
from tests.classroom.made_class import TYPED, make_class, put_loops
from tests.cli.typed import environment

LESSON = lesson_of(select("0")[0])
LOOPS = 20
MOST_GROWTH_KB = 12 * 1024


def grade(home: Path, out: Path) -> int:
    """Grade a class, and return how much memory the largest process took, in kB."""
    typed = [
        sys.executable,
        "-c",
        TYPED,
        "class",
        "grade",
        str(home),
        "0",
        "--out",
        str(out),
        "--timeout",
        "1",
    ]
    with subprocess.Popen(typed, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


@pytest.mark.full
def test_a_thousand_take_no_more_memory_than_fifty(tmp_path: Path) -> None:
    """Flaws, right answers, stubs, and endless loops; whatever is judged is forgotten but for its row."""
    small, large = tmp_path / "small", tmp_path / "large"
    make_class(small, LESSON, 50, seed=2)
    make_class(large, LESSON, 1000 - LOOPS, seed=2)
    put_loops(small, LESSON, 1)
    put_loops(large, LESSON, LOOPS)
    few, many = grade(small, tmp_path / "few"), grade(large, tmp_path / "many")
    assert many - few < MOST_GROWTH_KB
    results = json.loads((tmp_path / "many/results.json").read_text("utf-8"))
    assert len(results["learners"]) == 1000
    assert results["exercises"][0]["counts"]["timeout"] == LOOPS
    known = {row["learner"]: row["exercises"] for row in results["learners"]}
    first = json.loads((tmp_path / "few/results.json").read_text("utf-8"))["learners"]
    assert all(known[row["learner"]] == row["exercises"] for row in first)
