"""`audit`: every attack of the bank against one app, and the picture of flaws x attacks.

Each attack gets a fresh app in a process of its own (see `judge`): the package's, one with a flaw, or
one with the learner's passing parts. It is tried twice, once in each way of keeping sessions. It is handed
that app and no address, so there is nothing that could be pointed at anybody else's site.
"""

import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from authlab.course import bank
from authlab.course.curriculum import exercises
from authlab.course.engine import Engine, Result, share
from authlab.course.parts import PARTS
from authlab.course.places import EXERCISES
from authlab.course.refusal import Refusal, did_you_mean
from authlab.course.trials import BOTH_WAYS

Word = Literal["resisted", "accepted", "won", "error"]
Progress = Callable[[int, int, str], None]  # how many are done, of how many, and what is at work

ENGINES = min(os.cpu_count() or 1, 8)  # one a core, 60 MB each
_FROM_GOOD_TO_BAD: tuple[Word, ...] = ("resisted", "accepted", "won", "error")


class AuditError(Refusal, LookupError):
    """What was asked for is not in the bank. The text says what there is; `near` what may be meant."""

    def __init__(self, message: str, near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.near = tuple(near)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one attack on one app: the worse of its outcomes in the two ways of keeping sessions.

    `resisted`: it met a refusal. `won`: it got what it came for. `accepted`: it won, as it does on the
    package, by a decision that the evidence tells. `error`: it crashed or took too long, and proves
    nothing. Where the two ways differ, the evidence tells each of them.
    """

    attack: bank.Attack
    outcome: Word
    evidence: str
    called: tuple[str, ...] = ()  # the mounted parts that the app really called meanwhile

    def as_json(self) -> dict[str, Any]:
        """Return the finding in the shape that `audit --json` prints."""
        return {
            "id": self.attack.number,
            "name": self.attack.name,
            "lesson": self.attack.lesson,
            "outcome": self.outcome,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the picture: what the attacks do to a flaw, or to the package (no flaw)."""

    flaw: bank.Flaw | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Flaws x attacks, each cell really run. The first line is the package, in the same run."""

    attacks: tuple[bank.Attack, ...]
    lines: tuple[Line, ...]

    @property
    def contradictions(self) -> list[str]:
        """What should not be in it: a win on the package, a flaw that survives its attack, an error."""
        return [said for line in self.lines for finding in line.findings if (said := _wrong(line, finding))]


def audit(
    engine: Engine,
    *,
    flaw: bank.Flaw | None = None,
    mine: Sequence[str] = (),
    folder: Path = EXERCISES,
    attacks: Sequence[bank.Attack] | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Iterator[Finding]:
    """Yield what becomes of each attack on the package's app, or on one with other parts mounted.

    Those are `flaw` with its companions, or the answers in `folder` to the exercises in `mine`.
    """
    chosen = bank.all_attacks() if attacks is None else attacks
    app: dict[str, Any] = {"solved": list(mine), "folder": str(folder.resolve())} if mine else {}
    found = _findings(engine, chosen, app | _mounting(flaw), flaw)
    for done, attack in enumerate(chosen):
        progress(done, len(chosen), f"{attack.number} {attack.name}")
        yield next(found)


def verdicts(
    engine: Engine, folder: Path, progress: Progress = lambda done, total, what: None
) -> list[Result]:
    """Return the verdict on each answer in `folder` that is a part of the app.

    Those that passed can be audited; for the rest the package's own parts stand in, since an attack on
    an app that does not work says nothing.
    """
    asked = [exercise for exercise in exercises() if exercise.part in PARTS]
    engine.load(asked)
    found = []
    for done, exercise in enumerate(asked):
        progress(done, len(asked), f"{exercise.id} {exercise.title}")
        found.append(engine.check(exercise, folder))
    return found


def flaw_to_audit(name: str) -> bank.Flaw:
    """Return a flaw that can be mounted in the app; raises `AuditError` for any other name."""
    in_app = {flaw.name: flaw for flaw in bank.all_flaws() if flaw.part in PARTS}
    if name in in_app:
        return in_app[name]
    with suppress(bank.UnknownFlaw):
        of = bank.flaw_named(name).part.rpartition(":")[2]
        raise AuditError(f"expected a flaw of the app, got {name!r}, a wrong answer to {of}")
    near = difflib.get_close_matches(name, in_app, n=3)
    raise AuditError(
        f"expected one of {len(in_app)} flaws of the app, got {name!r}{did_you_mean(near)}", near
    )


def attacks_to_try(numbers: Sequence[int] = (), lesson: str | None = None) -> tuple[bank.Attack, ...]:
    """Return the attacks with these numbers, those of a lesson (`lesson_02`), or all; raises `AuditError`."""
    known = bank.all_attacks()
    if numbers:
        by_number = {attack.number: attack for attack in known}
        if strange := [number for number in numbers if number not in by_number]:
            raise AuditError(
                f"expected an attack from {min(by_number)} to {max(by_number)}, got {strange[0]}"
            )
        return tuple(by_number[number] for number in numbers)
    chosen = known if lesson is None else tuple(one for one in known if one.lesson.startswith(lesson))
    if not chosen:
        raise AuditError(f"expected a lesson with attacks (lesson_01 to lesson_11), got {lesson!r}")
    return chosen


def flaws_to_picture(lesson: str | None = None) -> tuple[bank.Flaw, ...]:
    """Return the flaws that name an attack: all of them, or those of a lesson (`lesson_01`, `1`).

    What a request cannot show has no place in a picture of requests. Raises `AuditError` when a lesson
    has no such flaw.
    """
    shown = [flaw for flaw in bank.all_flaws() if flaw.attack is not None and flaw.part in PARTS]
    shown.sort(key=lambda flaw: PARTS.index(flaw.part))
    if lesson is None:
        return tuple(shown)
    chosen = tuple(
        flaw for flaw in shown if lesson in (flaw.lesson, flaw.lesson[:9], str(int(flaw.lesson[7:9])))
    )
    if not chosen:
        known = ", ".join(sorted({flaw.lesson[:9] for flaw in shown}))
        raise AuditError(f"expected a lesson with flaws that fall to attacks ({known}), got {lesson!r}")
    return chosen


def picture(
    flaws: Sequence[bank.Flaw],
    attacks: Sequence[bank.Attack] | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Picture:
    """Return every attack against the package and against each of the flaws, in one run.

    Engines share the work, a line of the picture at a time: each trial has its own process, and waits for it.
    """
    chosen = bank.all_attacks() if attacks is None else tuple(attacks)
    apps: list[bank.Flaw | None] = [None, *flaws]
    lines: list[list[Finding]] = [[] for _ in apps]
    done, total = 0, len(apps) * len(chosen)

    def attacked(engine: Engine, row: int) -> Iterator[Finding]:
        return _findings(engine, chosen, _mounting(apps[row]), apps[row])

    with ExitStack() as stack:
        engines = [stack.enter_context(Engine()) for _ in range(ENGINES)]
        # Closed first, whatever comes: no engine ends under a thread that is using it.
        for row, finding in stack.enter_context(closing(share(engines, range(len(apps)), attacked))):
            lines[row].append(finding)
            flaw, done = apps[row], done + 1
            progress(done, total, flaw.name if flaw else "the package")
    return Picture(chosen, tuple(Line(flaw, tuple(found)) for flaw, found in zip(apps, lines, strict=True)))


def trials_of(attack: bank.Attack) -> list[dict[str, Any]]:
    """Return what to ask an engine for, to try an attack in both ways of keeping sessions."""
    return [{"attack": attack.number, "sessions": sessions} for sessions in BOTH_WAYS]


def finding_of(attack: bank.Attack, said: Iterator[Mapping[str, Any]], flaw: bank.Flaw | None) -> Finding:
    """Return what an attack came to, from what an engine says next: an answer for each of `trials_of`.

    `flaw` is the one that was mounted, if any: what is accepted of the package is no excuse for its own flaw.
    """
    answers = [next(said) for _ in BOTH_WAYS]
    told = [_told(attack, answer, flaw) for answer in answers]
    worst = max((word for word, _ in told), key=_FROM_GOOD_TO_BAD.index)
    evidence = _together(told)
    if attack.hopeless and worst == "resisted":
        evidence = f"{evidence}; {attack.hopeless}"
    called = dict.fromkeys(part for answer in answers for part in answer.get("called", ()))
    return Finding(attack, worst, evidence, tuple(called))


def _findings(
    engine: Engine, attacks: Sequence[bank.Attack], app: Mapping[str, Any], flaw: bank.Flaw | None
) -> Iterator[Finding]:
    said = engine.trials(app, [trial for attack in attacks for trial in trials_of(attack)])
    for attack in attacks:
        yield finding_of(attack, said, flaw)


def _mounting(flaw: bank.Flaw | None) -> dict[str, Any]:
    return {"flaw": flaw.name} if flaw else {}


def _told(attack: bank.Attack, said: Mapping[str, Any], flaw: bank.Flaw | None) -> tuple[Word, str]:
    """Return the outcome and the evidence of one trial."""
    if "timeout" in said:
        return "error", f"it took more than {said['timeout']:g} seconds"
    if "error" in said:
        return "error", str(said["error"])
    if not said["won"]:
        return "resisted", str(said["evidence"])
    if attack.accepted and (flaw is None or flaw.attack != attack.number):
        return "accepted", attack.accepted
    return "won", str(said["evidence"])


def _together(told: Sequence[tuple[Word, str]]) -> str:
    """Return the evidence of the trials: once if they are alike, else of each way by its name."""
    words, seen = zip(*told, strict=True)
    if len(set(told)) == 1:
        return str(seen[0])
    if len(set(words)) > 1:
        seen = tuple(f"{word}, {evidence}" for word, evidence in told)
    return "; ".join(f"{way}: {evidence}" for way, evidence in zip(BOTH_WAYS, seen, strict=True))


def _wrong(line: Line, finding: Finding) -> str | None:
    attack = f"{finding.attack.number} {finding.attack.name}"
    on = line.flaw.name if line.flaw else "the package"
    if finding.outcome == "error":
        return f"{attack} proves nothing on {on}: {finding.evidence}"
    if line.flaw is None:
        return f"{attack} wins on the package: {finding.evidence}" if finding.outcome == "won" else None
    if line.flaw.attack == finding.attack.number and finding.outcome != "won":
        return f"{attack} does not win on {on}: {finding.evidence}"
    if finding.attack.hopeless and line.flaw.lesson == finding.attack.lesson and finding.outcome == "won":
        return f"{attack} wins on {on}, though it is meant to fail: {finding.evidence}"
    return None
