"""What checks need beyond plain assertions: which exercise they are for, and how an attack or a proof is
judged."""

import linecache
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, select
from authlab.course.mounting import mounted, original, slot_of
from authlab.lab.apps import LabApp

Checks = TypeVar("Checks", bound=type)


def exercise(exercise_id: str) -> Callable[[Checks], Checks]:
    """Mark a class of tests as the checks of one exercise."""

    def mark(checks: Checks) -> Checks:
        return pytest.mark.exercise(exercise_id)(checks)

    return mark


def attack_wins(exercise_id: str, app: LabApp) -> None:
    """Assert that a *break* answer brings back the secret from the app with the flaw."""
    asked = _asked(exercise_id)
    flaw = bank.flaw_named(asked.flaw or "")
    browser = app.browser()
    with mounted(flaw.mounts):
        brought = _answer(asked)(browser)
    assert isinstance(brought, str) and app.vault in brought, (
        f"{asked.name}(browser): expected the text of the page with {app.vault!r}, got {_short(brought)}"
    )


def attack_loses(exercise_id: str, app: LabApp) -> None:
    """Assert that a *break* answer brings back nothing from the app without the flaw, and does not crash."""
    asked = _asked(exercise_id)
    brought = _answer(asked)(app.browser())
    assert app.vault not in str(brought), (
        f"{asked.name}(browser): expected nothing from the app without the hole, got {app.vault!r}"
    )


def proof_spares_the_right(exercise_id: str) -> None:
    """Assert that a *prove* answer passes on the package's part and on every alternative right answer."""
    asked = _asked(exercise_id)
    part = asked.proves or ""
    for name, right in [("the package's own", original(part)), *_right_answers(part)]:
        try:
            _answer(asked)(right)
        except AssertionError as failed:
            raise AssertionError(
                f"{asked.name}: expected no failure on right rules ({name}), got a failing assert: "
                f"{_asserted(failed)}"
            ) from None


def proof_catches_the_taught(exercise_id: str) -> None:
    """Assert that a *prove* answer fails, by an assertion, on each flaw that its lesson teaches."""
    asked = _asked(exercise_id)
    part = asked.proves or ""
    missed = [
        flaw for flaw in bank.flaws_of(part) if flaw.name in asked.must_catch and not catches(asked, flaw)
    ]
    beliefs = "\n".join(f"  - {flaw.belief}" for flaw in missed)
    assert not missed, (
        f"{asked.name}: expected a failing assert for each wrong version, got none for "
        f"{len(missed)} of {len(asked.must_catch)}. Their authors believed:\n{beliefs}"
    )


def score(exercise_id: str) -> tuple[int, int]:
    """Return how many flaws of its part a *prove* answer catches, and how many there are."""
    asked = _asked(exercise_id)
    flaws = bank.flaws_of(asked.proves or "")
    return sum(catches(asked, flaw) for flaw in flaws), len(flaws)


def catches(asked: Exercise, flaw: bank.Flaw) -> bool:
    """Return whether a proof fails by an assertion on a flaw; a proof that crashes has proven nothing."""
    try:
        _answer(asked)(flaw.answer)
    except AssertionError:
        return True
    except Exception:
        return False
    return False


def _asked(exercise_id: str) -> Exercise:
    return select(exercise_id)[0]


def _answer(asked: Exercise) -> Callable[[Any], Any]:
    """Return what is mounted for an exercise without a home in the app, or the kit's own answer."""
    try:
        answer: Callable[[Any], Any] = slot_of(asked.part).call
    except LookupError:
        answer = original(asked.part)
    return answer


def _right_answers(part: str) -> list[tuple[str, Any]]:
    return [(known.name, known.answer) for known in bank.alternatives_of(part)]


def _asserted(failed: AssertionError) -> str:
    """Return the line of the proof that failed, as it is written."""
    trace = failed.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "assert"
    return linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
