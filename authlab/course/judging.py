"""What checks need beyond plain assertions: which exercise they are for, and how an attack or a proof is
judged."""

import inspect
import linecache
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, select
from authlab.course.mounting import mounted, original, slot_of
from authlab.lab.apps import LabApp
from authlab.lab.browser import Browser

REQUESTS = "  your requests  "

Checks = TypeVar("Checks", bound=type)


def exercise(exercise_id: str) -> Callable[[Checks], Checks]:
    """Mark a class of tests as the checks of one exercise."""

    def mark(checks: Checks) -> Checks:
        return pytest.mark.exercise(exercise_id)(checks)

    return mark


def attack_wins(exercise_id: str, app: LabApp, page: str = "") -> None:
    """Assert that a *break* answer brings back the secret from the flawed app, on a page saying `page`."""
    asked = _asked(exercise_id)
    browser = app.browser()
    with mounted(bank.flaw_named(asked.flaw or "").mounts):
        brought = _attack(asked, browser, "the app with the hole")
    expected = f"a page that says {page!r} and" if page else "a page with"
    got = "a text without it" if isinstance(brought, str) and brought else repr(brought)
    assert isinstance(brought, str) and app.vault in brought and page in brought, (
        f"{asked.name}(browser): expected {expected} the secret of this run, {app.vault!r}, got {got}"
        f"\n{_requests(browser)}"
    )


def attack_loses(exercise_id: str, app: LabApp) -> None:
    """Assert that a *break* answer brings back nothing from the app without the flaw, and does not crash."""
    asked = _asked(exercise_id)
    browser = app.browser()
    brought = _attack(asked, browser, "the app without the hole")
    assert app.vault not in str(brought), (
        f"{asked.name}(browser): expected nothing from the app without the hole, got {app.vault!r}"
        f"\n{_requests(browser)}"
    )


def proof_spares_the_right(exercise_id: str) -> None:
    """Assert that a *prove* answer passes on the package's part and on every alternative right answer."""
    asked = _asked(exercise_id)
    part = asked.proves or ""
    styles = [(known.answer, inspect.getdoc(known.answer) or "") for known in bank.alternatives_of(part)]
    for right, style in [(original(part), "the package's own"), *styles]:
        try:
            _answer(asked)(right)
        except AssertionError as failed:
            raise AssertionError(
                f"{asked.name}: expected no failure on right rules, got a failing assert: "
                f"{_line_of(failed)}\n  these rules  {style.splitlines()[0]}"
            ) from None
        except Exception as crash:
            raise AssertionError(
                f"{asked.name}: expected no failure on right rules, got {_crashed(crash, asked)}"
            ) from None


def proof_catches_the_taught(exercise_id: str) -> None:
    """Assert that a *prove* answer fails, by an assertion, on each flaw that its lesson teaches."""
    asked = _asked(exercise_id)
    missed = [
        flaw
        for flaw in bank.flaws_of(asked.proves or "")
        if flaw.name in asked.must_catch and not catches(asked, flaw)
    ]
    some = "\n".join(f"  one believes  {flaw.belief}" for flaw in missed[:3])
    assert not missed, (
        f"{asked.name}: expected a failing assert for each of {len(asked.must_catch)} wrong versions, "
        f"got none for {len(missed)}\n{some}"
    )


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


def _attack(asked: Exercise, browser: Browser, where: str) -> object:
    """Return what an attack brings; a crash is told like any other wrong answer."""
    try:
        return _answer(asked)(browser)
    except Exception as crash:
        raise AssertionError(
            f"{asked.name}(browser), against {where}: expected a text, got {_crashed(crash, asked)}"
            f"\n{_requests(browser)}"
        ) from None


def _requests(browser: Browser) -> str:
    sent = "; ".join(browser.history[:4]) or "none"
    more = f"; and {len(browser.history) - 4} more" if len(browser.history) > 4 else ""
    return f"{REQUESTS}{sent}{more}"


def _crashed(crash: Exception, asked: Exercise) -> str:
    lines = [line for file, line in _steps(crash) if file.endswith(asked.file_name)]
    where = f", line {lines[-1]}" if lines else ""
    return f"{type(crash).__name__}: {crash}{where}"


def _line_of(failed: AssertionError) -> str:
    """Return the line of the proof that failed, as it is written."""
    file, line = _steps(failed)[-1]
    return linecache.getline(file, line).strip()


def _steps(error: BaseException) -> list[tuple[str, int]]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found
