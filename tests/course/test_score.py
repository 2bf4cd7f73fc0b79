"""The score board of lesson 11: what is solved, and what the attacks come to on the app made of it."""

from pathlib import Path

import pytest

from authlab.course.curriculum import lessons
from authlab.course.engine import Engine
from authlab.course.places import SOLUTIONS
from authlab.course.score import score
from tests.course.test_engine import answer

pytestmark = pytest.mark.full  # each is an audit of all attacks


def test_who_has_solved_nothing_has_the_package_s_app(engine: Engine, stubs: Path) -> None:
    """And that one holds off every attack."""
    found = score(engine, stubs)
    assert [one.solved for one in found] == [() for _ in lessons()]
    assert [one.fallen for one in found] == [() for _ in lessons()]


def test_with_every_answer_right_every_part_is_one_s_own(engine: Engine) -> None:
    """Each is really called by the app while the attacks go on."""
    found = score(engine, SOLUTIONS)
    assert [one.solved for one in found] == [lesson.exercises for lesson in lessons()]
    assert [one.fallen for one in found] == [() for _ in lessons()]
    mounted = {exercise.part for one in found for exercise in one.parts}
    called = {part for one in found for finding in one.findings for part in finding.called}
    assert mounted - called == {"authlab.forms:Debouncer"}  # the rule of a page's script: no server asks it


def test_what_does_not_pass_is_not_in_the_app(engine: Engine, stubs: Path) -> None:
    """A wrong answer costs its point and opens no hole: the package's part stands in."""
    answer(stubs, "1.1", "return raw")
    found = score(engine, stubs)
    assert found[1].parts == ()
    assert found[1].fallen == ()
