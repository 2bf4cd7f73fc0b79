"""`dev verify`: parts x flaws x attacks x checks, every one of them run.

- Each stub is unattempted, each answer passes.
- Each flaw fails, at the check that it names; what no check names falls to its attack.
- Each alternative right answer passes; where there is no exercise yet, it resists every attack of its lesson.
- Each attack wins on every flaw that names it, in at least one of the two ways of keeping sessions, and
  loses on the package in both; and on both apps, in both ways, the honest visitor gets through. An attack
  that is accepted wins on the package too, or its reason is out of date. One that is meant to fail loses on
  every flaw of its lesson.
- The derived files are what the package says they are.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from authlab.course import bank, derive
from authlab.course.audit import ENGINES, Word, finding_of, trials_of
from authlab.course.curriculum import Exercise, exercises, lessons, select
from authlab.course.engine import Engine, Result, share
from authlab.course.parts import PARTS
from authlab.course.places import SOLUTIONS
from authlab.course.trials import BOTH_WAYS


@dataclass
class Report:
    """What was run, and everything that did not hold."""

    lessons: int = 0
    exercises: int = 0
    flaws: int = 0
    alternatives: int = 0
    attacks: int = 0
    pairs: int = 0  # (answer, exercise), or (attack or honest round, app in one way of keeping sessions) run
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
    """Return the report of a whole run; of one lesson (`only`), with the attacks on its flaws; or of one
    exercise, without.

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
    engine.load(select(only))
    with TemporaryDirectory(prefix="authlab-stubs-") as folder:
        derive.write_stubs(Path(folder))
        for asked in select(only):
            progress(f"{asked.id} {asked.title}")
            _verify_right_answers(engine, report, asked, Path(folder))
            _verify_flaws(engine, report, asked)
    chosen = {asked.lesson for asked in select(only)}
    apps = [app for app in _apps() if only is None or (app.flaw is not None and app.flaw.lesson in chosen)]
    if only is None:
        report.unexploited += _attacks_without_proof()
    elif only == select(only)[0].id:  # and not the name of a lesson, which may have one exercise
        return report
    with ExitStack() as stack:
        engines = [engine, *(stack.enter_context(Engine()) for _ in range(ENGINES - 1))]
        for app, seen in stack.enter_context(closing(share(engines, apps, _try))):
            progress(f"attacks on {app.name}")
            report.pairs += seen.trials
            report.false_alarms += seen.false_alarms
            report.unexploited += seen.unexploited
    return report


def _verify_right_answers(engine: Engine, report: Report, asked: Exercise, stubs: Path) -> None:
    stub = engine.check(asked, stubs)
    if stub.status != "unattempted":
        report.survivors.append(f"{asked.id}: the stub is {stub.status}, expected unattempted")
    answer = engine.check(asked, SOLUTIONS)
    if answer.status != "passed":
        report.false_alarms.append(f"{asked.id}: the package's own answer: {_why(answer)}")
    report.pairs += 2
    for known in bank.alternatives_of(asked.part):
        report.pairs += 1
        verdict = engine.check_alternative(asked, known.name)
        if verdict.status != "passed":
            report.false_alarms.append(f"{asked.id}: {known.name}: {_why(verdict)}")


def _verify_flaws(engine: Engine, report: Report, asked: Exercise) -> None:
    for flaw in bank.flaws_of(asked.part):
        report.pairs += 1
        verdict = engine.check_flaw(asked, flaw.name)
        if flaw.caught_by is not None and flaw.caught_by not in verdict.failed_checks:
            report.survivors.append(
                f"{asked.id}: {flaw.name} is {verdict.status}, expected {flaw.caught_by} to fail"
            )
        elif verdict.status == "passed":
            report.survivors.append(f"{asked.id}: {flaw.name} passed")


@dataclass(frozen=True, slots=True)
class _App:
    """One app to be attacked: the package's, or with one other part. Each is one job of an engine."""

    name: str
    mounted: dict[str, str]
    attacks: tuple[bank.Attack, ...]
    honest: bool = True
    flaw: bank.Flaw | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the trials of one app have shown."""

    trials: int
    false_alarms: list[str]
    unexploited: list[str]


def _apps() -> Iterator[_App]:
    """Return the apps, each with the attacks whose outcome on it is known beforehand."""
    attacks = bank.all_attacks()
    yield _App("the package", {}, attacks)
    asked = {exercise.part for exercise in exercises()}
    for known in bank.all_alternatives():
        if ".kata." not in known.part:
            # Where there are checks, they have judged it.
            tried = () if known.part in asked else tuple(a for a in attacks if a.lesson == known.lesson)
            yield _App(known.name, {"alternative": known.name}, tried)
    for flaw in bank.all_flaws():
        tried = tuple(
            attack
            for attack in attacks
            if attack.number == flaw.attack
            or (attack.hopeless and attack.lesson == flaw.lesson and flaw.part in PARTS)
        )
        if tried:
            # A flaw that a request shows and that breaks the app for everybody is no realistic one.
            yield _App(flaw.name, {"flaw": flaw.name}, tried, flaw.attack is not None, flaw)


def _try(engine: Engine, app: _App) -> Iterator[_Seen]:
    """Yield what the attacks on one app, and its honest visitors, have shown."""
    wanted = [trial for attack in app.attacks for trial in trials_of(attack)]
    rounds = [{"honest": True, "sessions": sessions} for sessions in BOTH_WAYS] if app.honest else []
    said = engine.trials(app.mounted, [*wanted, *rounds])
    seen = _Seen(len(wanted) + len(rounds), [], [])
    for attack in app.attacks:
        finding = finding_of(attack, said, app.flaw)
        due, expected = _due(attack, app.flaw)
        if finding.outcome != due:
            seen.unexploited.append(f"{_label(attack)} does not {expected} on {app.name}: {finding.evidence}")
    for asked, outcome in zip(rounds, said, strict=True):
        if not outcome.get("works"):
            why = outcome.get("evidence") or outcome.get("error") or outcome
            seen.false_alarms.append(
                f"an honest visitor fails on {app.name} with {asked['sessions']} sessions: {why}"
            )
    yield seen


def _due(attack: bank.Attack, flaw: bank.Flaw | None) -> tuple[Word, str]:
    """Return what an attack must come to on the package, an alternative or a flaw, and that in words."""
    if flaw is not None and flaw.attack == attack.number:
        return "won", "win"
    if attack.accepted:
        return "accepted", "win, though it is accepted,"
    return "resisted", "lose, as it is meant to," if attack.hopeless else "lose"


def _attacks_without_proof() -> list[str]:
    """Return a complaint for each attack that nothing shows to be real, or that hopes against hope."""
    named = {flaw.attack for flaw in bank.all_flaws()}
    return [
        f"{_label(attack)} is meant to fail, and a flaw names it"
        if attack.hopeless
        else f"{_label(attack)} has no flaw to win on"
        for attack in bank.all_attacks()
        # An accepted one shows on the package that it is real.
        if (attack.number in named) == bool(attack.hopeless) and not attack.accepted
    ]


def _label(attack: bank.Attack) -> str:
    return f"attack {attack.number} {attack.name}"


def _why(result: Result) -> str:
    failed = next((check for check in result.checks if check.status == "failed"), None)
    return (
        f"{result.status}: {failed.name}: {failed.message}"
        if failed
        else f"{result.status}: {result.message}"
    )
