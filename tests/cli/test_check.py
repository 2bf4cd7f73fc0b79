"""`authlab check` as it is typed: what it prints, what it returns, and what it says to a mistake."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from authlab.cli import command_line
from authlab.course.curriculum import exercises
from authlab.course.places import ROOT, SOLUTIONS
from tests.cli.typed import refused
from tests.copied_kit import write_stubs

IDS = [asked.id for asked in exercises()]
ALL = len(IDS)
LESSON_0 = "lesson_00_start_here.py"
LESSON_1 = "lesson_01_forms.py"


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder as a fresh clone has it: nothing is answered yet."""
    folder = tmp_path / "stubs"
    folder.mkdir()
    write_stubs(folder)
    return folder


@pytest.fixture
def solved(tmp_path: Path) -> Path:
    """A folder in which everything is answered, to break things in."""
    return Path(shutil.copytree(SOLUTIONS, tmp_path / "solved"))


def check(*arguments: str, cwd: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Type `authlab check ARGUMENTS`."""
    kept = {name: value for name, value in os.environ.items() if name != "AUTHLAB_ANSWERS"}
    return subprocess.run(
        [sys.executable, "-m", "authlab", "check", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def as_json(*arguments: str) -> list[dict[str, Any]]:
    answer = check("--json", *arguments)
    assert answer.stderr == ""
    told = json.loads(answer.stdout)
    assert list(told) == ["exercises"]
    return list(told["exercises"])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), "utf-8")


# What is asked for


def test_all_solutions_pass_and_the_status_is_0() -> None:
    """One line for each exercise, and the sum."""
    answer = check("--answers", "solutions")
    assert answer.returncode == 0
    assert answer.stderr == ""
    lines = answer.stdout.splitlines()
    assert len(lines) == len(IDS) + 1
    assert [line.split()[:2] for line in lines[:-1]] == [["✓", identity] for identity in IDS]
    assert lines[-1] == f"{ALL} of {ALL} passed. All done."


def test_one_exercise_gets_the_whole_verdict(solved: Path) -> None:
    """Its title, its checks in words, and where to go next."""
    answer = check("1.2", "--answers", str(solved))
    assert answer.returncode == 0
    assert "Everything that is wrong with a password" in answer.stdout
    assert "1.3" in answer.stdout


@pytest.mark.parametrize("lesson", ["1", "lesson_01", "lesson_01_forms"])
def test_a_lesson_is_asked_for_by_its_name(lesson: str) -> None:
    """Short, or as its files are called."""
    answer = check(lesson, "--answers", "solutions")
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[-1] == "6 of 6 passed. All done."


def test_an_unanswered_exercise_is_not_attempted_and_not_passed(stubs: Path) -> None:
    """Nobody has failed who has not begun; but the status is 1, or a class's script would call it done."""
    answer = check("--answers", str(stubs))
    assert answer.returncode == 1
    assert "failed" not in answer.stdout
    assert answer.stdout.splitlines()[-1] == f"0 of {ALL} passed. Next: {command_line('check 0.1')}"


def test_one_broken_answer_fails_alone(solved: Path) -> None:
    """A wrong answer to 1.2 leaves its neighbours as they were, and the status is 1."""
    edit(solved / LESSON_1, "if len(core) < 8:", "if len(core) < 7:")
    told = {verdict["id"]: verdict["status"] for verdict in as_json("1", "--answers", str(solved))}
    assert told == {**{f"1.{number}": "passed" for number in range(1, 7)}, "1.2": "failed"}
    answer = check("1", "--answers", str(solved))
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == f"5 of 6 passed. Next: {command_line('check 1.2')}"


def test_a_wrong_answer_is_told_what_was_called_expected_and_got(solved: Path) -> None:
    """And why it matters, and no traceback and no solution."""
    edit(solved / LESSON_1, "if len(core) < 8:", "if len(core) < 7:")
    answer = check("1.2", "--answers", str(solved))
    assert answer.returncode == 1
    assert "password_problems('abc-567')" in answer.stdout.replace('"', "'")
    assert "expected" in answer.stdout
    assert "Traceback" not in answer.stdout
    assert "len(core)" not in answer.stdout
    assert answer.stderr == ""


# --json


def test_json_has_the_shape_that_programs_rely_on(solved: Path) -> None:
    """Exactly these keys, in this order: a grading script reads them."""
    edit(solved / LESSON_1, "if len(core) < 8:", "if len(core) < 7:")
    told = as_json("1", "--answers", str(solved))

    assert [verdict["id"] for verdict in told] == [f"1.{number}" for number in range(1, 7)]
    for verdict in told:
        assert list(verdict) == ["id", "lesson", "kind", "status", "checks", "misconception", "seconds"]
        assert verdict["kind"] in ("build", "fix", "break", "prove")
        assert isinstance(verdict["seconds"], float)
        for one in verdict["checks"]:
            assert list(one) == ["name", "status", "message"]
            assert one["status"] in ("passed", "failed")
            assert bool(one["message"]) == (one["status"] == "failed")
    assert told[0]["lesson"] == "lesson_01_forms"
    assert [verdict["misconception"] for verdict in told if verdict["status"] == "passed"] == [None] * 5


def test_json_is_all_that_is_printed(stubs: Path) -> None:
    """A line beside it, and no program can read it. Exit status 1 says that something did not pass."""
    answer = check("--json", "--answers", str(stubs))
    assert answer.returncode == 1
    told = json.loads(answer.stdout)["exercises"]
    assert {verdict["status"] for verdict in told} == {"unattempted"}
    # 1.3 is a fix: its stub runs, and the verdict says what is wrong with it before anyone has touched it.
    assert all(verdict["checks"] == [] for verdict in told if verdict["kind"] != "fix")


def test_json_of_one_exercise_has_one(stubs: Path) -> None:
    """The same shape for one and for all."""
    assert [verdict["id"] for verdict in as_json("1.4", "--answers", str(stubs))] == ["1.4"]


def test_json_of_all_that_passed_has_status_0() -> None:
    """0 only then."""
    answer = check("0.1", "--json", "--answers", "solutions")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["exercises"][0]["status"] == "passed"


# Answers that cannot be judged


def test_a_syntax_error_names_its_line(stubs: Path) -> None:
    """The file cannot be read, so all its exercises are errors; the other lesson's are judged as ever."""
    path = stubs / LESSON_1
    lines = path.read_text("utf-8").splitlines()
    lines[6:6] = ["def broken(:"]
    path.write_text("\n".join(lines), "utf-8")

    told = {verdict["id"]: verdict for verdict in as_json("--answers", str(stubs))}
    assert told["0.1"]["status"] == "unattempted"
    assert told["1.1"]["status"] == "error"
    message = told["1.1"]["checks"][0]["message"]
    assert told["1.1"]["checks"][0] == {"name": "error", "status": "error", "message": message}
    assert "lesson_01_forms.py, line 7: " in message
    assert "def broken(:" in message
    assert "\n" not in message


def test_a_missing_file_says_how_to_make_it_anew(solved: Path) -> None:
    """Deleted by accident; the other lesson is judged as ever."""
    (solved / LESSON_1).unlink()
    told = {verdict["id"]: verdict for verdict in as_json("0.1", "1.6", "--answers", str(solved))}
    assert told["0.1"]["status"] == "passed"
    assert told["1.6"]["status"] == "error"
    message = told["1.6"]["checks"][0]["message"]
    assert "lesson_01_forms.py: no such file" in message
    assert "-m authlab dev build" in message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe\x00", "expected a Python file"),
        (b"x = 1\x00", "null bytes"),
        (b"# coding: nonsense\n", "expected a Python file in UTF-8"),
        (b"", "expected a definition of see_other, found none"),
        (b"see_other = 1\n", "expected see_other to be a function, got 1"),
        (b"import no_such_module\ndef see_other(location): ...\n", "line 1: ModuleNotFoundError"),
        (b"1 / 0\ndef see_other(location): ...\n", "line 1: ZeroDivisionError"),
        (b"raise SystemExit\ndef see_other(location): ...\n", "SystemExit"),
        (b"import os\nos._exit(0)\ndef see_other(location): ...\n", "ended its process"),
    ],
)
def test_a_file_that_cannot_run_says_why_in_one_line(solved: Path, data: bytes, message: str) -> None:
    """Whatever stands in it, the verdict is an error, the status 1, and there is no traceback."""
    (solved / LESSON_0).write_bytes(data)
    answer = check("0.1", "--json", "--answers", str(solved))
    assert answer.returncode == 1
    assert answer.stderr == ""
    verdict = json.loads(answer.stdout)["exercises"][0]
    assert verdict["status"] == "error"
    assert message in verdict["checks"][0]["message"]
    assert "Traceback" not in answer.stdout


def test_what_an_answer_prints_does_not_spoil_the_verdict(solved: Path) -> None:
    """A print for debugging, left in."""
    edit(solved / LESSON_0, "response = Response(status=303)", "print('{'); response = Response(status=303)")
    assert as_json("0.1", "--answers", str(solved))[0]["status"] == "passed"


def test_a_folder_on_another_path_is_judged_as_it_is(solved: Path) -> None:
    """Relative to where the command was typed, with spaces and letters of any kind."""
    folder = solved.rename(solved.parent / "Zoés antwoorden")
    answer = check("0.1", "--answers", folder.name, cwd=folder.parent, PYTHONPATH=str(ROOT))
    assert answer.returncode == 0, answer.stderr


# Questions that make no sense


@pytest.mark.parametrize("what", ["9.9", "77", "1.", "lesson_99", "LESSON_01", "", "exercises"])
def test_an_exercise_that_does_not_exist_is_one_line(what: str) -> None:
    """With those that do, and the command that shows them."""
    line = refused(check(what))
    assert repr(what) in line
    assert f"expected an exercise or lesson (0.1 to {IDS[-1]}, or lesson_00 to lesson_11)" in line
    assert "-m authlab check" in line


@pytest.mark.parametrize("folder", ["nowhere", "pyproject.toml", "nowhere/at/all", "\x01"])
def test_a_folder_that_does_not_exist_is_one_line(folder: str) -> None:
    """What was expected, what came, and where to read on."""
    line = refused(check("1.1", "--answers", folder))
    assert "--answers: expected exercises, solutions or a folder, got" in line
    assert "-m authlab check --help" in line


def test_a_folder_without_answers_is_one_line(tmp_path: Path) -> None:
    """The wrong folder: six errors about missing files would hide that."""
    (tmp_path / "notes.py").write_text("")
    line = refused(check("--answers", str(tmp_path)))
    assert "expected files lesson_NN_topic.py in" in line
    assert "found none" in line
    assert "-m authlab check --help" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--answers"], "expected one argument"),
        (["--jsn"], "unrecognized arguments: --jsn"),
    ],
)
def test_a_command_with_a_slip_is_one_line(arguments: list[str], words: str) -> None:
    """And says where to read on."""
    line = refused(check(*arguments))
    assert words in line
    assert "-m authlab check --help" in line


def test_a_mistake_in_the_question_is_not_json() -> None:
    """Nothing on stdout: a program that reads it sees the status first."""
    refused(check("9.9", "--json"))


# Nothing is lost


def test_checking_changes_no_file(solved: Path) -> None:
    """Neither the answers nor anything beside them."""

    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(solved.rglob("*")) if path.is_file()}

    before = state()
    check("--answers", str(solved))
    assert state() == before


def test_a_terminal_without_our_glyphs_gets_letters(solved: Path) -> None:
    """A Windows code page has no check mark; a crash instead of a verdict helps nobody."""
    answer = check("0.1", "--answers", str(solved), PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.isascii()


def test_verdicts_go_to_a_file_for_ci_too(solved: Path, tmp_path: Path) -> None:
    """As JUnit has it: a failure with its message, what was not attempted as skipped, an error as one."""
    edit(solved / LESSON_0, "status=303", "status=302")
    file = tmp_path / "junit.xml"
    answer = check("lesson_00", "--answers", str(solved), "--junit", str(file))
    assert (answer.returncode, answer.stderr) == (1, "")
    suite = ElementTree.parse(file).getroot()[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2", "failures": "1", "errors": "0", "skipped": "0",
    }  # fmt: skip
    failure = suite[0].find("failure")
    assert failure is not None
    assert "expected 303, got 302" in str(failure.get("message"))
    assert str(failure.get("message")) in str(failure.text)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    answer = check("0.1", "--answers", "solutions", "--junit", str(tmp_path / "nowhere" / "junit.xml"))
    assert answer.returncode == 2
    assert answer.stderr.startswith("authlab: --junit: expected a file to write, got ")
