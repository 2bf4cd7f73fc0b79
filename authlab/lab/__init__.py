"""What a notebook needs: `check`, apps to try things on, and displays.

from authlab.lab import check, exchange, open_app
"""

import atexit
import os
from collections.abc import Sequence
from pathlib import Path

from authlab.course.curriculum import CurriculumError, Exercise, select
from authlab.course.engine import Engine
from authlab.course.places import EXERCISES
from authlab.course.report import described
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.lab.jupyter import server_path
from authlab.lab.remote import RemoteApp
from authlab.lab.show import Display, cookie, exchange, matrix, request_path, shown, source, table
from authlab.lab.verdict import VerdictCard

__all__ = [
    "ADA",
    "GRACE",
    "Browser",
    "LabApp",
    "RemoteApp",
    "audit",
    "audit_flaws",
    "check",
    "cookie",
    "exchange",
    "flawed",
    "open_app",
    "request_path",
    "shown",
    "solved",
    "source",
    "table",
]

_OUTCOME_GLYPHS = {"resisted": "✓", "accepted": "~", "won": "✗", "error": "!"}
_engine: Engine | None = None


def check(exercise_id: str) -> VerdictCard:
    """Return the verdict on your answer to one exercise, as a card. It never raises for a wrong answer."""
    asked = _one(exercise_id)
    result = _the_engine().check(asked, _answers())
    path = server_path(f"exercises/{asked.file_name}")
    return VerdictCard(described(result, _answers(), label="exercises", server_path=path))


def open_app(*, flaw: str | None = None, mine: Sequence[str] = ()) -> LabApp | RemoteApp:
    """Return a fresh app with Ada and Grace signed up; `app.browser()` visits it.

    With `flaw`, that wrong part stands in it. With `mine` (`["1.1", "1.2"]`), your answers do: those that
    pass their checks. The package's own parts do the rest.
    """
    if flaw is None and not mine:
        return LabApp()
    return RemoteApp(flaw=flaw, mine=solved(*mine), folder=_answers())


def audit(*, flaw: str | None = None, mine: Sequence[str] = ()) -> Display:
    """Return what becomes of every attack of the kit, each on a fresh app, with its evidence.

    With `flaw`, that wrong part stands in the app. With `mine`, your answers do: those that pass their
    checks. Raises `LookupError` saying which flaws there are near to the name.
    """
    from authlab.course import audit as auditing

    wrong = None if flaw is None else auditing.flaw_to_audit(flaw)
    found = auditing.audit(_the_engine(), flaw=wrong, mine=solved(*mine), folder=_answers())
    return table(
        [
            (
                f"{_OUTCOME_GLYPHS[one.outcome]} {one.outcome}",
                one.attack.number,
                one.attack.name,
                one.evidence,
            )
            for one in found
        ],
        ["", "no.", "attack", "evidence"],
    )


def audit_flaws(lesson: str | None = None) -> Display:
    """Return the picture of flaws x attacks: of a lesson (`"lesson_01"`) in seconds, of all in minutes."""
    from authlab.course import audit as auditing

    return matrix(auditing.picture(auditing.flaws_to_picture(lesson)))


def solved(*exercise_ids: str) -> list[str]:
    """Return those of the exercises whose answers pass their checks now."""
    engine = _the_engine()
    return [
        exercise_id
        for exercise_id in exercise_ids
        if engine.check(_one(exercise_id), _answers()).status == "passed"
    ]


def flawed(name: str) -> object:
    """Return the function or class of a flaw in the bank, to look at with `source` or to call."""
    from authlab.course import bank

    return bank.flaw_named(name).answer


def _one(exercise_id: str) -> Exercise:
    chosen = select(exercise_id)
    if len(chosen) != 1:
        raise CurriculumError(f"expected one exercise such as {chosen[0].id!r}, got {exercise_id!r}")
    return chosen[0]


def _answers() -> Path:
    """Return the folder of answers: the learner's own, or the one a test run names."""
    return Path(os.environ.get("AUTHLAB_ANSWERS", EXERCISES))


def _the_engine() -> Engine:
    global _engine
    if _engine is None:
        _engine = Engine()
        atexit.register(_engine.close)
    return _engine
