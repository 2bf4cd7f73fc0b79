"""The functions that lessons call; a lesson imports them from `authlab.lab`."""

import atexit
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from authlab.course.curriculum import CurriculumError, exercises, one_exercise
from authlab.course.engine import Engine, Result, package_state
from authlab.course.parts import PARTS
from authlab.course.places import EXERCISES, STATE
from authlab.course.progress import FILE, remember, standings
from authlab.course.report import described
from authlab.course.reset import KEPT, reset_or_undo
from authlab.course.solution import is_earned, not_earned, solution_text
from authlab.lab.apps import ADA, GRACE, LabApp, lab_database
from authlab.lab.browser import Browser
from authlab.lab.jupyter import server_path
from authlab.lab.progress_card import ProgressCard
from authlab.lab.remote import RemoteApp
from authlab.lab.show.cookie import cookie
from authlab.lab.show.display import Display, Tone, bar, card, paragraph
from authlab.lab.show.exchange import exchange
from authlab.lab.show.matrix import OUTCOME_GLYPHS, matrix
from authlab.lab.show.request_path import request_path
from authlab.lab.show.shown import shown
from authlab.lab.show.source import source
from authlab.lab.show.table import table
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
    "hint",
    "lab_database",
    "my_parts",
    "open_app",
    "progress",
    "request_path",
    "reset",
    "score_board",
    "shown",
    "solution",
    "solved",
    "source",
    "table",
]

OUTDATED = "The kit's files have changed since this kernel started: restart it (Kernel > Restart Kernel…)."
_engine: Engine | None = None
_LOADED = package_state()


def check(exercise_id: str) -> VerdictCard:
    """Return the verdict on your answer to one exercise, as a card. It never raises for a wrong answer."""
    asked = one_exercise(exercise_id)
    result = _the_engine().check(asked, _answers())
    _remember(result)
    path = server_path(f"exercises/{asked.file_name}")
    told = described(result, _answers(), label="exercises", server_path=path)
    # A judge starts anew by itself; what this kernel has loaded stays.
    return VerdictCard({**told, "warning": OUTDATED} if package_state() != _LOADED else told)


def hint(exercise_id: str, number: int = 1) -> Display:
    """Return one hint for an exercise: 1 is vague, and the last one specific."""
    asked = one_exercise(exercise_id)
    if not 1 <= number <= len(asked.hints):
        raise CurriculumError(f"expected a hint's number, 1 to {len(asked.hints)}, got {number!r}")
    heading = bar(f"{asked.id} {asked.title}, hint {number} of {len(asked.hints)}", tone=Tone.NOTE)
    ahead = [paragraph(f'Next: hint("{asked.id}", {number + 1})', faded=True)] * (number < len(asked.hints))
    return card(heading, paragraph(asked.hints[number - 1]), *ahead, tone=Tone.NOTE)


def solution(exercise_id: str, *, spoil: bool = False) -> Display:
    """Return the package's own answer, once yours has passed; before that only with `spoil=True`."""
    asked = one_exercise(exercise_id)
    if not spoil and not is_earned(asked, _answers(), _the_engine()):
        words = not_earned(asked, f'hint("{asked.id}")', f'solution("{asked.id}", spoil=True)')
        return card(*(paragraph(line) for line in words.split("\n")))
    return source(solution_text(asked), f"{asked.module.replace('.', '/')}.py · {asked.name}")


def reset(what: str | None = None, *, undo: bool = False) -> Display:
    """Take one answer (`"1.2"`) or a lesson's file (`"lesson_01"`) back to its stub; `undo=True` brings back
    what the last reset took away. What you wrote is kept in any case."""
    folder = _answers()
    kept = KEPT if folder == EXERCISES else folder / KEPT.name
    return card(
        paragraph(reset_or_undo(what, undo=undo, folder=folder, kept=kept, take_back="reset(undo=True)"))
    )


def progress() -> ProgressCard:
    """Return what is solved, lesson by lesson, as the last verdicts said."""
    return ProgressCard(standings(_answers(), _progress_file()), "python3 -m authlab check")


def open_app(
    *,
    flaw: str | None = None,
    mine: Sequence[str] = (),
    trying: Sequence[str] = (),
    sessions: Literal["stateless", "database"] = "stateless",
) -> LabApp | RemoteApp:
    """Return a fresh app with Ada and Grace signed up; `app.browser()` visits it.

    With `flaw`, that wrong part stands in it. With `mine` (`["1.1", "1.2"]`), your answers do: those that
    pass their checks; with `trying`, whether they pass or not. The package's own parts do the rest.
    `sessions` says how it keeps them.
    """
    if package_state() != _LOADED:
        print(OUTDATED)
    if sessions not in ("stateless", "database"):
        raise ValueError(f'expected sessions="stateless" or "database", got {sessions!r}')
    if flaw is None and not mine and not trying:
        return LabApp(sessions=sessions)
    chosen = [*solved(*mine), *trying]
    return RemoteApp(flaw=flaw, mine=chosen, folder=_answers(), sessions=sessions)


def audit(
    *numbers: int, flaw: str | None = None, mine: Sequence[str] = (), lesson: str | None = None
) -> Display:
    """Return what becomes of attacks, each on a fresh app, with its evidence: of those with these numbers, of
    a lesson's (`lesson="lesson_02"`), or of every one of the kit.

    Each is tried in both ways of keeping sessions, and the worse of the two outcomes counts.
    With `flaw`, that wrong part stands in the app. With `mine`, your answers do: those that pass their
    checks. Raises `LookupError` saying which flaws there are near to the name, or which attacks there are.
    """
    from authlab.course import audit as auditing

    wrong = None if flaw is None else auditing.flaw_to_audit(flaw)
    attacks = auditing.attacks_to_try(numbers, lesson)
    found = auditing.audit(_the_engine(), flaw=wrong, mine=solved(*mine), folder=_answers(), attacks=attacks)
    return table(
        [
            (
                f"{OUTCOME_GLYPHS[one.outcome]} {one.outcome}",
                one.attack.number,
                one.attack.name,
                one.evidence,
            )
            for one in found
        ],
        ["", "no.", "attack", "evidence"],
    )


def audit_flaws(lesson: str | None = None) -> Display:
    """Return the picture of flaws x attacks: of a lesson (`"lesson_01"`), with the attacks that its flaws
    name, in seconds; of all flaws and all attacks in minutes."""
    from authlab.course import audit as auditing
    from authlab.course import bank

    flaws = auditing.flaws_to_picture(lesson)
    named = {flaw.attack for flaw in flaws}
    attacks = [attack for attack in bank.all_attacks() if lesson is None or attack.number in named]
    return matrix(auditing.picture(flaws, attacks))


def score_board() -> Display:
    """Return the score of your answers, lesson by lesson: what is solved, how many of your parts stand in the
    app, and what every attack comes to on that app. It takes some seconds.
    """
    from authlab.course.score import score

    scores = score(_the_engine(), _answers())
    rows: list[tuple[object, ...]] = []
    for one in scores:
        fallen = ", ".join(str(finding.attack.number) for finding in one.fallen)
        held = f"{len(one.findings) - len(one.fallen)} of {len(one.findings)}"
        attacks = f"✗ {held}; won: {fallen}" if fallen else f"✓ {held}" if one.findings else None
        solved_here = f"{len(one.solved)} of {len(one.lesson.exercises)}"
        rows.append((one.lesson.number, one.lesson.title, solved_here, len(one.parts), attacks))
    total = sum(len(one.lesson.exercises) for one in scores)
    tried = sum(len(one.findings) for one in scores)
    held_in_all = tried - sum(len(one.fallen) for one in scores)
    rows.append(
        (
            "",
            "all",
            f"{sum(len(one.solved) for one in scores)} of {total}",
            sum(len(one.parts) for one in scores),
            f"{'✓' if held_in_all == tried else '✗'} {held_in_all} of {tried}",
        )
    )
    return table(rows, ["", "lesson", "solved", "your parts in the app", "attacks held off"])


def my_parts() -> list[str]:
    """Return the numbers of all exercises whose answers are parts of the app, for `mine`: of every lesson,
    solved or not."""
    return [exercise.id for exercise in exercises() if exercise.part in PARTS]


def solved(*exercise_ids: str) -> list[str]:
    """Return those of the exercises whose answers pass their checks now."""
    asked = [one_exercise(exercise_id) for exercise_id in exercise_ids]
    engine = _the_engine()
    engine.load(asked)
    return [one.id for one in asked if engine.check(one, _answers()).status == "passed"]


def flawed(name: str) -> object:
    """Return the function or class of a flaw in the bank, to look at with `source` or to call."""
    from authlab.course import bank

    return bank.flaw_named(name).answer


def _remember(result: Result) -> None:
    """Note a verdict on the learner's own answers, and tell their class board; a test run names others."""
    if _answers() != EXERCISES:
        return
    remember([result])
    if (STATE / "joined.json").exists():  # whoever has joined no class board loads nothing of it
        from authlab.classroom.board.reporting import report

        if notice := report([result]):
            print(notice)


def _progress_file() -> Path:
    """Return the learner's own; of the answers that a run of tests names, nothing is remembered."""
    return FILE if _answers() == EXERCISES else _answers() / FILE.name


def _answers() -> Path:
    """Return the folder of answers: the learner's own, or the one a test run names."""
    return Path(os.environ.get("AUTHLAB_ANSWERS", EXERCISES))


def _the_engine() -> Engine:
    global _engine
    if _engine is None:
        _engine = Engine()
        atexit.register(_engine.close)
    return _engine
