"""`authlab solution`: the package's own answer, for those who have one of their own."""

from pathlib import Path

import pytest

from authlab.cli import command_line
from authlab.course import solution
from authlab.course.curriculum import exercises, one_exercise
from authlab.course.engine import Engine, Result
from authlab.course.places import SOLUTIONS
from authlab.course.solution import is_earned, solution_text
from tests.cli.typed import authlab

LESSON_0 = "lesson_00_start_here.py"


def test_it_is_refused_before_passing_and_printed_after(kit: Path) -> None:
    """Before: how to go on, and nothing of the answer. After: the answer, also once it is broken again."""
    refused = authlab(kit, "solution", "0.1")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert refused.stdout.splitlines() == [
        f"0.1 has not passed yet. A hint: {command_line('hint 0.1')}",
        f"To see it all the same: {command_line('solution 0.1 --spoil')}",
    ]

    path = kit / "exercises" / LESSON_0
    stub = path.read_bytes()
    path.write_bytes((SOLUTIONS / LESSON_0).read_bytes())
    shown = authlab(kit, "solution", "0.1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == solution_text(one_exercise("0.1")) + "\n"

    path.write_bytes(stub)
    assert authlab(kit, "solution", "0.1").returncode == 0, "it was earned"


def test_spoil_shows_it_at_once_and_notes_nothing(kit: Path) -> None:
    """To look is not to have solved; and no terminal is too plain for it."""
    shown = authlab(kit, "solution", "1.1", "--spoil", PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.isascii()
    assert shown.stdout.startswith(f"# {one_exercise('1.1').module.replace('.', '/')}.py\n")
    assert not (kit / ".authlab" / "progress.json").exists()


@pytest.mark.parametrize("exercise_id", [asked.id for asked in exercises()])
def test_every_solution_is_the_packages_code_without_the_question(exercise_id: str) -> None:
    asked = one_exercise(exercise_id)
    place, *code = solution_text(asked).split("\n")
    package = (Path(solution.__file__).parents[2] / place.removeprefix("# ")).read_text("utf-8")
    assert all(line in package for line in code)
    assert any(asked.name in line for line in code)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9.9"], "expected an exercise or lesson (0.1 to "),
        (["lesson_01"], "expected one exercise, got 'lesson_01'; try: "),
        ([], "the following arguments are required: EXERCISE"),
    ],
)
def test_a_solution_to_nothing_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from authlab.cli import main

    assert main(["solution", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert told.err.count("\n") == 1


def test_other_answers_earn_nothing_and_note_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the kit's tests on stubs or solutions is not the learner's progress, in neither direction."""

    def learners(*_: object) -> bool:
        raise AssertionError("that file is the learner's")

    class AnEngine:
        def check(self, asked: object, folder: Path) -> Result:
            return Result(one_exercise("0.1"), "passed" if folder == SOLUTIONS else "unattempted")

    engine: Engine = AnEngine()  # type: ignore[assignment]
    monkeypatch.setattr(solution, "has_passed", learners)
    monkeypatch.setattr(solution, "remember", learners)
    assert is_earned(one_exercise("0.1"), SOLUTIONS, engine)
    assert not is_earned(one_exercise("0.1"), tmp_path, engine)
