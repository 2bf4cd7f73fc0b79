"""`audit`: every attack of the bank against one app, and the picture of flaws x attacks.

Each attack gets a fresh app in a process of its own (see `judge`): the package's, one with a flaw, or
one with the learner's passing parts. It is handed that app and no address, so there is nothing that
could be pointed at anybody else's site.
"""

import difflib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from authlab.course import bank
from authlab.course.curriculum import exercises
from authlab.course.engine import Engine, Result
from authlab.course.parts import PARTS
from authlab.course.places import EXERCISES

Word = Literal["resisted", "accepted", "won", "error"]
Progress = Callable[[int, int, str], None]  # how many are done, of how many, and what is at work

ENGINES = 2  # as many as the smallest machine of CI has cores


class AuditError(LookupError):
    """What was asked for is not in the bank. The text says what there is; `near` what may be meant."""

    def __init__(self, message: str, near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.near = tuple(near)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one attack on one app.

    `resisted`: it met a refusal. `won`: it got what it came for. `accepted`: it won, as it does on the
    package, by a decision that the evidence tells. `error`: it crashed or took too long, and proves
    nothing.
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
    for done, attack in enumerate(chosen):
        progress(done, len(chosen), f"{attack.number} {attack.name}")
        yield _find(engine, attack, flaw, {"solved": list(mine), "folder": str(folder.resolve())})


def verdicts(
    engine: Engine, folder: Path, progress: Progress = lambda done, total, what: None
) -> list[Result]:
    """Return the verdict on each answer in `folder` that is a part of the app.

    Those that passed can be audited; for the rest the package's own parts stand in, since an attack on
    an app that does not work says nothing.
    """
    asked = [exercise for exercise in exercises() if exercise.part in PARTS]
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
    with suppress(KeyError):
        of = bank.flaw_named(name).part.rpartition(":")[2]
        raise AuditError(f"expected a flaw of the app, got {name!r}, a wrong answer to {of}")
    near = difflib.get_close_matches(name, in_app, n=3)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    raise AuditError(f"expected one of {len(in_app)} flaws of the app, got {name!r}{meant}", near)


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

    Two engines share the work: each trial has its own process, and waits for it.
    """
    chosen = bank.all_attacks() if attacks is None else tuple(attacks)
    apps: list[bank.Flaw | None] = [None, *flaws]
    pairs = deque((row, column) for row in range(len(apps)) for column in range(len(chosen)))
    total = len(pairs)
    done: queue.SimpleQueue[tuple[int, int, Finding] | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            with Engine() as engine:
                while (pair := _next(pairs)) is not None:
                    row, column = pair
                    done.put((row, column, _find(engine, chosen[column], apps[row])))
        except Exception as error:  # handed on: an error in a thread would be printed, and lost
            done.put(error)

    cells: dict[tuple[int, int], Finding] = {}
    threads = [threading.Thread(target=work) for _ in range(ENGINES)]
    for thread in threads:
        thread.start()
    try:
        while len(cells) < total:
            said = done.get()
            if isinstance(said, Exception):
                raise said
            row, column, finding = said
            cells[row, column] = finding
            flaw = apps[row]
            progress(len(cells), total, flaw.name if flaw else "the package")
    finally:
        pairs.clear()  # Ctrl-C or an error: each engine ends after the trial it is at
        for thread in threads:
            thread.join()
    return Picture(
        chosen,
        tuple(
            Line(flaw, tuple(cells[row, column] for column in range(len(chosen))))
            for row, flaw in enumerate(apps)
        ),
    )


def _find(
    engine: Engine, attack: bank.Attack, flaw: bank.Flaw | None, app: Mapping[str, Any] | None = None
) -> Finding:
    mounted = {"flaw": flaw.name} if flaw else {}
    said = engine.trial({"attack": attack.number, **(app or {}), **mounted})
    called = tuple(said.get("called", ()))
    if "timeout" in said:
        return Finding(attack, "error", f"it took more than {said['timeout']:g} seconds", called)
    if "error" in said:
        return Finding(attack, "error", str(said["error"]), called)
    if not said["won"]:
        return Finding(attack, "resisted", str(said["evidence"]), called)
    if attack.accepted and (flaw is None or flaw.attack != attack.number):
        return Finding(attack, "accepted", attack.accepted, called)
    return Finding(attack, "won", str(said["evidence"]), called)


def _next(pairs: deque[tuple[int, int]]) -> tuple[int, int] | None:
    try:
        return pairs.popleft()  # not asked beforehand: another thread may take the last one
    except IndexError:
        return None


def _wrong(line: Line, finding: Finding) -> str | None:
    attack = f"{finding.attack.number} {finding.attack.name}"
    on = line.flaw.name if line.flaw else "the package"
    if finding.outcome == "error":
        return f"{attack} proves nothing on {on}: {finding.evidence}"
    if line.flaw is None and finding.outcome == "won":
        return f"{attack} wins on the package: {finding.evidence}"
    if line.flaw and line.flaw.attack == finding.attack.number and finding.outcome != "won":
        return f"{attack} does not win on {on}: {finding.evidence}"
    return None
