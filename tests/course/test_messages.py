"""What a learner reads for each flaw: true to one form, short, and without the answer."""

import ast
import inspect
import textwrap

import pytest

from authlab.course import bank, derive, told
from authlab.course.curriculum import Lesson, exercises, lesson_of, lessons
from authlab.course.engine import Engine, Result

PAIRS = [(asked, flaw) for asked in exercises() for flaw in bank.flaws_of(asked.part)]
EACH = pytest.mark.parametrize("flaw", [flaw for _, flaw in PAIRS], ids=lambda flaw: flaw.name)


@pytest.fixture(scope="module")
def verdicts(engine: Engine) -> dict[str, Result]:
    """The verdict on each flaw, given as a learner's answer."""
    return {flaw.name: told.verdict_on(engine, asked, flaw) for asked, flaw in PAIRS}


@EACH
def test_a_flaw_is_told_in_one_form(verdicts: dict[str, Result], flaw: bank.Flaw) -> None:
    result = verdicts[flaw.name]
    named = next(check for check in result.checks if check.name == flaw.caught_by)
    lines = named.message.splitlines()
    assert ": expected " in lines[0]
    assert ", got " in lines[0]
    assert len(lines) <= 12
    assert all(len(line) <= 400 for line in lines)
    assert "Traceback" not in named.message
    assert "assert " not in lines[0] or result.exercise.kind == "prove"


@EACH
def test_no_message_gives_the_answer_away(verdicts: dict[str, Result], flaw: bank.Flaw) -> None:
    """Not one line of the package's own answer is in it, as far as a line says anything.

    Lines that the answer shares with the flaw are the learner's own: a proof's assertion is quoted to them.
    """
    result = verdicts[flaw.name]
    asked = result.exercise
    tree = ast.parse(derive.solution_file(lesson_of(asked)))
    answer = next(node for node in tree.body if getattr(node, "name", "") == asked.name)
    assert isinstance(answer, ast.FunctionDef | ast.ClassDef)
    statements = [ast.unparse(statement) for statement in answer.body[1:]]  # the first is the question
    telling = [line.strip() for text in statements for line in text.splitlines() if len(line.strip()) >= 25]
    own = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(flaw.answer))))
    told_to_them = "\n".join([*(check.message for check in result.checks), str(result.misconception)])
    assert [line for line in telling if line in told_to_them and line not in own] == []


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
def test_what_is_told_has_been_read_by_somebody(engine: Engine, lesson: Lesson) -> None:
    """A change is seen in review: `dev messages` shows it, `--write` keeps it."""
    for path, text in told.files_of(engine, lesson).items():
        assert told.differences(path, text) == []


@EACH
def test_no_flaw_is_taken_for_another(verdicts: dict[str, Result], flaw: bank.Flaw) -> None:
    """A flaw gets its own misconception, or none where two fail alike."""
    assert verdicts[flaw.name].misconception in (flaw.misconception, None)


def test_most_flaws_are_known_by_name(verdicts: dict[str, Result]) -> None:
    unnamed = sorted(name for name, result in verdicts.items() if result.misconception is None)
    assert len(unnamed) <= len(verdicts) // 3, unnamed


def test_two_texts_that_look_alike_are_shown_by_their_code_points(verdicts: dict[str, Result]) -> None:
    messages = [check.message for check in verdicts["lower_is_enough"].checks]
    assert any(r"expected 'zo\xe9@lab.test', got 'zoe\u0301@lab.test'" in message for message in messages)
