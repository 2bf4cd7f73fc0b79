"""`dev verify`: parts x flaws x attacks x checks, every one of them run.

- Each stub is unattempted, each answer passes.
- Each flaw fails, at the check that it names; what no check names falls to its attack.
- Each alternative right answer passes; where there is no exercise yet, it resists every attack of its lesson.
- Each attack wins on every flaw that names it, and loses on the package; and on both the honest visitor
  gets through. An attack that is accepted wins on the package too, or its reason is out of date.
- The derived files are what the package says they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from authlab.course import bank, derive
from authlab.course.curriculum import Exercise, exercises, lessons, select
from authlab.course.engine import Engine, Result
from authlab.course.places import SOLUTIONS


@dataclass
class Report:
    """What was run, and everything that did not hold."""

    lessons: int = 0
    exercises: int = 0
    flaws: int = 0
    alternatives: int = 0
    attacks: int = 0
    pairs: int = 0  # (answer, exercise) or (attack, app) really run
    survivors: list[str] = field(default_factory=list)  # wrong, and passed
    false_alarms: list[str] = field(default_factory=list)  # right, and refused
    unexploited: list[str] = field(default_factory=list)  # attacks that win nowhere, or win on the package
    drift: list[str] = field(default_factory=list)  # derived files that differ

    @property
    def holds(self) -> bool:
        """Whether all four lists are empty."""
        return not (self.survivors or self.false_alarms or self.unexploited or self.drift)


def verify(
    engine: Engine, progress: Callable[[str], None] = lambda _: None, only: str | None = None
) -> Report:
    """Return the report of a whole run, or of one exercise or lesson (`only`), without attacks.

    `progress` is told what is being run. Raises `CurriculumError` when there is no such exercise.
    """
    report = Report(
        lessons=len(lessons()),
        exercises=len(exercises()),
        flaws=len(bank.all_flaws()),
        alternatives=len(bank.all_alternatives()),
        attacks=len(bank.all_attacks()),
    )
    report.drift = derive.drift()
    with TemporaryDirectory(prefix="authlab-stubs-") as folder:
        derive.write_stubs(Path(folder))
        for asked in select(only):
            progress(f"{asked.id} {asked.title}")
            _verify_exercise(engine, report, asked, Path(folder))
    if only is not None:
        return report
    for attack in bank.all_attacks():
        progress(f"attack {attack.number} {attack.name}")
        _verify_attack(engine, report, attack)
    progress("honest visitors")
    _verify_honest_rounds(engine, report)
    return report


def _verify_exercise(engine: Engine, report: Report, asked: Exercise, stubs: Path) -> None:
    stub = engine.check(asked, stubs)
    if stub.status != "unattempted":
        report.survivors.append(f"{asked.id}: the stub is {stub.status}, expected unattempted")
    answer = engine.check(asked, SOLUTIONS)
    if answer.status != "passed":
        report.false_alarms.append(f"{asked.id}: the package's own answer: {_why(answer)}")
    report.pairs += 2
    for flaw in bank.flaws_of(asked.part):
        report.pairs += 1
        verdict = engine.check_flaw(asked, flaw.name)
        if flaw.caught_by is not None and flaw.caught_by not in verdict.failed_checks:
            report.survivors.append(
                f"{asked.id}: {flaw.name} is {verdict.status}, expected {flaw.caught_by} to fail"
            )
        elif verdict.status == "passed":
            report.survivors.append(f"{asked.id}: {flaw.name} passed")
    for known in bank.alternatives_of(asked.part):
        report.pairs += 1
        verdict = engine.check_alternative(asked, known.name)
        if verdict.status != "passed":
            report.false_alarms.append(f"{asked.id}: {known.name}: {_why(verdict)}")


def _verify_attack(engine: Engine, report: Report, attack: bank.Attack) -> None:
    label = f"attack {attack.number} {attack.name}"
    alternatives = [{"alternative": known.name} for known in _alternatives_without_exercise(attack)]
    for app in ({}, *alternatives):
        report.pairs += 1
        outcome = engine.trial({"attack": attack.number, **app})
        if outcome.get("won") is not bool(attack.accepted):
            expected = "win, though it is accepted," if attack.accepted else "lose"
            on = app or "the package"
            report.unexploited.append(f"{label} does not {expected} on {on}: {_said(outcome)}")
    flaws = [flaw for flaw in bank.all_flaws() if flaw.attack == attack.number]
    if not flaws and not attack.accepted:  # an accepted one has shown on the package that it is real
        report.unexploited.append(f"{label} has no flaw to win on")
    for flaw in flaws:
        report.pairs += 1
        outcome = engine.trial({"attack": attack.number, "flaw": flaw.name})
        if not outcome.get("won", False):
            report.unexploited.append(f"{label} does not win on {flaw.name}: {_said(outcome)}")


def _verify_honest_rounds(engine: Engine, report: Report) -> None:
    for app in _apps_that_must_work():
        report.pairs += 1
        outcome = engine.trial({"honest": True, **app})
        if not outcome.get("works", False):
            report.false_alarms.append(f"an honest visitor fails on {app or 'the package'}: {_said(outcome)}")


def _apps_that_must_work() -> Iterator[dict[str, Any]]:
    yield {}
    for flaw in bank.all_flaws():
        if flaw.attack is not None:  # a flaw that breaks the app for everybody is no realistic one
            yield {"flaw": flaw.name}
    for known in bank.all_alternatives():
        if ".kata." not in known.part:
            yield {"alternative": known.name}


def _alternatives_without_exercise(attack: bank.Attack) -> Iterator[bank.Alternative]:
    asked = {exercise.part for exercise in exercises()}
    for known in bank.all_alternatives():
        if known.part not in asked and known.lesson == attack.lesson:
            yield known


def _why(result: Result) -> str:
    failed = next((check for check in result.checks if check.status == "failed"), None)
    return (
        f"{result.status}: {failed.name}: {failed.message}"
        if failed
        else f"{result.status}: {result.message}"
    )


def _said(outcome: dict[str, Any]) -> str:
    return str(outcome.get("evidence") or outcome.get("error") or outcome)
