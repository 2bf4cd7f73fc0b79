"""`authlab progress` and the file behind it: nothing is lost, nothing is believed that is out of date."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from authlab.cli import command_line
from authlab.course import progress
from authlab.course.curriculum import exercises, one_exercise
from authlab.course.engine import Result, Status
from authlab.course.places import SOLUTIONS
from authlab.course.progress import has_passed, remember, standings
from authlab.locking import locked
from tests.cli.typed import authlab, environment
from tests.copied_kit import write_stubs

ALL = len(exercises())
LESSON_1 = "lesson_01_forms.py"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "progress.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "answers"
    folder.mkdir()
    write_stubs(folder)
    return folder


def verdict(exercise_id: str, status: Status) -> Result:
    return Result(one_exercise(exercise_id), status)


def standing(exercise_id: str, folder: Path, file: Path) -> tuple[str, str]:
    (found,) = [one for one in standings(folder, file) if one.exercise.id == exercise_id]
    return found.state, found.note


def in_a_child(do: Callable[[], None]) -> int:
    """Do something in a process of its own; return its number."""
    child = os.fork()
    if child == 0:
        try:
            do()
        finally:
            os._exit(0)
    return child


# What is said


def test_nothing_is_known_before_the_first_verdict(folder: Path, file: Path) -> None:
    """Not a state of its own: whoever has not begun has not begun."""
    assert {one.state for one in standings(folder, file)} == {"unattempted"}
    assert not has_passed(one_exercise("1.2"), file)


def test_the_last_verdict_counts(folder: Path, file: Path) -> None:
    remember([verdict("1.2", "failed"), verdict("1.3", "unattempted")], folder, file)
    assert standing("1.2", folder, file) == ("failed", "")
    assert standing("1.3", folder, file) == ("unattempted", "")
    remember([verdict("1.2", "passed")], folder, file)
    assert standing("1.2", folder, file) == ("passed", "")
    assert standing("1.3", folder, file) == ("unattempted", "")


@pytest.mark.parametrize("status", ["failed", "error", "timeout", "unattempted"])
def test_what_was_solved_and_is_broken_since_says_so(folder: Path, file: Path, status: Status) -> None:
    """It is neither solved nor never begun; and its solution stays earned."""
    remember([verdict("1.2", "passed")], folder, file)
    remember([verdict("1.2", status)], folder, file)
    assert standing("1.2", folder, file) == ("broken", "")
    assert has_passed(one_exercise("1.2"), file)


def test_an_answer_that_was_edited_since_its_verdict_says_so(folder: Path, file: Path) -> None:
    """A comment is no edit, and another exercise's answer is none of this one."""
    remember([verdict("1.2", "passed"), verdict("1.4", "passed")], folder, file)
    path = folder / LESSON_1
    path.write_text(path.read_text("utf-8") + "\n# a note of mine\n", "utf-8")
    assert standing("1.2", folder, file) == ("passed", "")
    path.write_text(
        path.read_text("utf-8").replace('raise NotImplementedError("1.2 is', 'raise ValueError("1.2 is'),
        "utf-8",
    )
    assert standing("1.2", folder, file) == ("passed", "the file has changed since this verdict")
    assert standing("1.4", folder, file) == ("passed", "")
    path.unlink()
    assert standing("1.4", folder, file) == ("passed", "the file has changed since this verdict")


def test_checks_that_have_changed_since_it_passed_say_so(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new kit may ask for more. A verdict that was no pass needs no such note."""
    remember([verdict("1.2", "passed"), verdict("1.4", "failed")], folder, file)
    monkeypatch.setattr(progress, "_checks", lambda asked: "others")
    assert standing("1.2", folder, file) == ("passed", "the checks have changed since it passed")
    assert standing("1.4", folder, file) == ("failed", "")


# What is kept


def test_a_crash_in_mid_write_leaves_the_old_file(folder: Path, file: Path) -> None:
    """And the next verdict finds no lock in its way."""
    remember([verdict("1.2", "passed")], folder, file)
    before = file.read_bytes()

    def die() -> None:
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, method-assign]
        remember([verdict("1.3", "passed")], folder, file)

    _, status = os.waitpid(in_a_child(die), 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert file.read_bytes() == before
    remember([verdict("1.4", "passed")], folder, file)
    assert [one.exercise.id for one in standings(folder, file) if one.state == "passed"] == ["1.2", "1.4"]


def test_processes_at_once_lose_nothing(folder: Path, file: Path) -> None:
    """A notebook, a terminal and `watch` write into one file."""
    ids = [asked.id for asked in exercises()]

    def note(share: list[str]) -> None:
        for exercise_id in share:
            remember([verdict(exercise_id, "passed")], folder, file)

    children = [in_a_child(lambda start=start: note(ids[start::3])) for start in range(3)]  # type: ignore[misc]
    for child in children:
        os.waitpid(child, 0)
    assert {one.state for one in standings(folder, file)} == {"passed"}


def test_no_verdict_waits_for_a_command_that_was_stopped_while_it_noted_something(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`watch` under Ctrl-Z may hold the file for hours."""
    remember([verdict("1.2", "passed")], folder, file)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.2)
    with locked(file.with_suffix(".lock")):
        remember([verdict("1.3", "passed")], folder, file)
    assert [one.exercise.id for one in standings(folder, file) if one.state == "passed"] == ["1.2"]
    remember([verdict("1.3", "passed")], folder, file)
    assert [one.exercise.id for one in standings(folder, file) if one.state == "passed"] == ["1.2", "1.3"]


DAMAGED = [b"", b"{", b"[]", b"null", b'{"version": 1}', b'{"version": "1", "exercises": {}}', b"\xff\xfe"]
DAMAGED += [b'{"version": 1, "exercises": {"1.2": {"status": "passed"}}}', b"[" * 100_000]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:40]))
def test_a_damaged_file_is_no_error_and_is_made_anew(folder: Path, file: Path, data: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(data)
    assert {one.state for one in standings(folder, file)} == {"unattempted"}
    remember([verdict("1.2", "passed")], folder, file)
    assert standing("1.2", folder, file) == ("passed", "")


def test_a_file_of_a_later_kit_is_left_as_it_is(folder: Path, file: Path) -> None:
    """Whoever goes back to an older kit for a day loses nothing: the older one neither knows nor notes."""
    file.parent.mkdir()
    later = b'{"version": 2, "solved": ["0.1", "1.2"]}'
    file.write_bytes(later)
    remember([verdict("1.3", "passed")], folder, file)
    assert file.read_bytes() == later
    assert {one.state for one in standings(folder, file)} == {"unattempted"}
    assert not has_passed(one_exercise("1.3"), file)


def test_a_clone_that_cannot_be_written_is_no_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    file = tmp_path / "a file" / "progress.json"
    remember([verdict("1.2", "passed")], folder, file)
    assert {one.state for one in standings(folder, file)} == {"unattempted"}


# The command


def test_the_command_says_what_check_has_found(kit: Path) -> None:
    """A line a lesson, what is out of date, the next command; judging nothing, it needs no package (-S)."""
    (kit / "exercises" / LESSON_1).write_bytes((SOLUTIONS / LESSON_1).read_bytes())
    assert authlab(kit, "check", "lesson_01").returncode == 0
    path = kit / "exercises" / LESSON_1
    path.write_text(path.read_text("utf-8").replace("if len(core) < 8:", "if len(core) < 7:"), "utf-8")

    answer = subprocess.run(
        [sys.executable, "-S", "-m", "authlab", "progress"],
        cwd=kit, env=environment(), capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines[1].endswith("●●●●●●  6 of 6")
    assert lines[12].startswith(f"6 of {ALL} solved.  ● solved · ○ not begun")
    assert lines[13:] == [
        "  1.2: the file has changed since this verdict",
        f"Next: {command_line('check 0.1')}",
    ]

    assert authlab(kit, "check", "1.2").returncode == 1
    ascii_only = authlab(kit, "progress", PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0")
    assert ascii_only.returncode == 0, ascii_only.stderr
    assert "#x####  5 of 6" in ascii_only.stdout
    assert "  1.2: solved before, and broken since\n" in ascii_only.stdout


def test_json_is_for_programs(kit: Path) -> None:
    answer = authlab(kit, "progress", "--json")
    told = json.loads(answer.stdout)["exercises"]
    assert [list(one) for one in told] == [["id", "state", "note"]] * ALL
    assert told[0] == {"id": "0.1", "state": "unattempted", "note": ""}


def test_verdicts_on_other_answers_are_nobodys_progress(kit: Path) -> None:
    """`check --answers solutions` solves nothing for its owner."""
    authlab(kit, "check", "0.1", "--answers", "solutions")
    assert not (kit / ".authlab" / "progress.json").exists()
