"""What a learner reads for each flaw: true to one form, short, and without the answer."""

import pytest

from authlab.course import bank
from authlab.course.curriculum import exercises
from authlab.course.engine import Engine, Result, with_misconception

PAIRS = [(asked, flaw) for asked in exercises() for flaw in bank.flaws_of(asked.part)]
EACH = pytest.mark.parametrize("flaw", [flaw for _, flaw in PAIRS], ids=lambda flaw: flaw.name)


@pytest.fixture(scope="module")
def verdicts(engine: Engine) -> dict[str, Result]:
    """The verdict on each flaw, given as a learner's answer."""
    return {
        flaw.name: with_misconception(engine.check_flaw(asked, flaw.name), engine.patterns_of(asked))
        for asked, flaw in PAIRS
    }


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
def test_no_flaw_is_taken_for_another(verdicts: dict[str, Result], flaw: bank.Flaw) -> None:
    """A flaw gets its own misconception, or none where two fail alike."""
    assert verdicts[flaw.name].misconception in (flaw.misconception, None)


def test_most_flaws_are_known_by_name(verdicts: dict[str, Result]) -> None:
    unnamed = sorted(name for name, result in verdicts.items() if result.misconception is None)
    assert len(unnamed) <= len(verdicts) // 3, unnamed


def test_two_texts_that_look_alike_are_shown_by_their_code_points(verdicts: dict[str, Result]) -> None:
    messages = [check.message for check in verdicts["lower_is_enough"].checks]
    assert any(r"expected 'zo\xe9@lab.test', got 'zoe\u0301@lab.test'" in message for message in messages)
