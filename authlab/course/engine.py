"""The engine behind every verdict: `check` in a notebook, in a terminal, `dev verify` and grading all ask it.

It decides what can be decided without running anything (no file, no Python, not attempted), hands the rest
to a `judge` process, and names a misconception when exactly one flaw of the bank fails in the same way.
"""

import ast
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from authlab.course import answers, bank, derive, judge, known
from authlab.course.curriculum import Exercise, lesson_of, select
from authlab.course.judge import pattern_of, seconds_for
from authlab.course.judges import EngineError, Judge
from authlab.course.places import CHECKS, EXERCISES, OWN, ROOT, shown

__all__ = ["Check", "Engine", "EngineError", "Result", "package_state", "share", "with_misconception"]

Job = TypeVar("Job")
Told = TypeVar("Told")
Status = Literal["passed", "failed", "unattempted", "error", "timeout"]

TIMEOUT_SECONDS = 10.0
TRIALS_A_JOB = 10  # few enough for a progress bar to move, and for Ctrl-C to wait for no more than these
TRIALS_A_PROCESS = 30  # where each job starts a process, which takes longer than its trials


@dataclass(frozen=True, slots=True)
class Check:
    """How one check went. `message` is for the learner, empty when it passed."""

    name: str
    status: Literal["passed", "failed"]
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one exercise."""

    exercise: Exercise
    status: Status
    checks: tuple[Check, ...] = ()
    misconception: str | None = None
    message: str = ""  # why there are no checks; for a *fix* that is untouched, what is wrong with it
    seconds: float = 0.0

    @property
    def failed_checks(self) -> frozenset[str]:
        """The names of the checks that did not pass."""
        return frozenset(check.name for check in self.checks if check.status == "failed")

    def as_json(self) -> dict[str, Any]:
        """Return the verdict in the shape that `check --json` prints."""
        checks = [
            {"name": check.name, "status": check.status, "message": check.message} for check in self.checks
        ]
        if self.message:
            checks.insert(0, {"name": self.status, "status": self.status, "message": self.message})
        return {
            "id": self.exercise.id,
            "lesson": self.exercise.lesson,
            "kind": self.exercise.kind,
            "status": self.status,
            "checks": checks,
            "misconception": self.misconception,
            "seconds": self.seconds,
        }


class Engine:
    """Judges answers, one after another. Close it, or use it in a `with` block: it owns a process."""

    def __init__(
        self,
        timeout_seconds: float = TIMEOUT_SECONDS,
        *,
        for_all: Iterable[Exercise] = (),
        forked: bool = False,
        isolated: bool = False,
    ) -> None:
        """Take how long an answer may run. `for_all` names exercises that will be asked for: one judge is
        then started for all of them, now. `forked` is for a process that does nothing else: see `judges`.
        `isolated` is for the answers of strangers, and for many of them: see `isolation`."""
        self._timeout_seconds = timeout_seconds
        self._forked = forked
        self._isolated = isolated
        self._judge: Judge | None = None
        self._loaded: tuple[object, ...] = ()
        self._patterns: dict[str, dict[str, frozenset[tuple[str, str]]]] = {}
        self._flaws: dict[tuple[str, str], Result] = {}
        self.load(for_all)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the judge."""
        if self._judge is not None:
            self._judge.end()
            self._judge = None

    def load(self, asked: Iterable[Exercise]) -> None:
        """Start one judge that has the checks of all of these, if the one that is there has not. Without it,
        the first exercise of each further lesson would wait for a judge with one lesson more."""
        wanted = {one.lesson for one in asked}
        if not self._known() >= wanted:
            self._start_judge(wanted, package_state())

    @property
    def taken(self) -> tuple[str, ...] | None:
        """What an isolated engine takes from answers on this system; None until one was run."""
        return None if self._judge is None else self._judge.taken

    def check(self, asked: Exercise, folder: Path = EXERCISES) -> Result:
        """Return the verdict on the answer to one exercise in a folder of answers."""
        path = folder / asked.file_name
        try:
            tree = answers.parse(path, answers.read_source(path))
        except answers.AnswerError as error:
            return Result(asked, "error", message=str(error))
        found = answers.definition(tree, asked.name)
        untouched = answers.same_code(found, derive.stub_definition(asked))
        if untouched and asked.kind != "fix":
            return Result(asked, "unattempted")
        result = self._verdict(asked, {"solved": [asked.id], "folder": str(folder.resolve())})
        if untouched and result.status == "failed":  # a fix: its stub runs; shown is what is wrong with it
            wrong = next(check.message for check in result.checks if check.status == "failed")
            return Result(asked, "unattempted", message=f"It runs, and it is wrong.\n{wrong}")
        if result.status == "failed" and _still_says_not_written(result, found, asked):
            return Result(asked, "unattempted")
        if result.status == "failed":
            return _with_note(self._named(result), answers.defined_twice(tree, asked.name))
        return result

    def check_flaw(self, asked: Exercise, flaw: str) -> Result:
        """Return the verdict on a flaw of the bank, as an answer to `asked`. It is a fact of the package, and
        found out once."""
        if package_state() != self._loaded:
            self._flaws.clear()
        if (asked.id, flaw) not in self._flaws:
            self._flaws[asked.id, flaw] = self._verdict(asked, {"flaw": flaw})
        return self._flaws[asked.id, flaw]

    def check_alternative(self, asked: Exercise, alternative: str) -> Result:
        """Return the verdict on an alternative right answer of the bank."""
        return self._verdict(asked, {"alternative": alternative})

    def trials(self, app: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield what the module `trials` says of each of `wanted`, on a fresh app each time.

        Those are attacks, `{"attack": 4, "sessions": "database"}`, and honest rounds, `{"honest": True,
        "sessions": "stateless"}`. `app` says what is mounted: `{"flaw": name}`, `{"alternative": name}`,
        `{"solved": [...], "folder": ...}`, or nothing. They go to the judge in batches, so that it is loaded
        once for many; when a batch comes to no end, each of it is tried alone, and blamed for itself only.
        """
        size = TRIALS_A_JOB if judge.CAN_FORK else TRIALS_A_PROCESS
        for start in range(0, len(wanted), size):
            batch = wanted[start : start + size]
            said = self._ask({**app, "trials": batch})
            if "trials" in said:
                yield from said["trials"]
            elif len(batch) == 1:
                yield said
            else:
                for one in batch:
                    yield from self.trials(app, [one])

    def _verdict(self, asked: Exercise, answer: dict[str, Any]) -> Result:
        said = self._ask({"exercise": asked.id, **answer})
        seconds = float(said.get("seconds", 0))
        if "timeout" in said:
            limit = f"{self._timeout_seconds:g} seconds"
            message = f"expected an answer within {limit}, got none: is there an endless loop?"
            return Result(asked, "timeout", message=message, seconds=seconds)
        if "error" in said:
            return Result(asked, "error", message=str(said["error"]), seconds=seconds)
        checks = tuple(Check(**check) for check in said["checks"])
        if not checks:
            raise EngineError(f"{asked.id} has no checks in {shown(CHECKS)}")
        passed = all(check.status == "passed" for check in checks)
        if passed and not said["calls"]:
            raise EngineError(f"{asked.id}: the checks passed and never called {asked.name}")
        return Result(asked, "passed" if passed else "failed", checks, seconds=seconds)

    def _named(self, result: Result) -> Result:
        """Name the misconception, if one fits: by what is kept of all flaws, or else by judging them now."""
        asked = result.exercise
        lesson = lesson_of(asked)
        if not known.holds(lesson):
            return with_misconception(result, self.patterns_of(asked))
        return replace(result, misconception=known.misconception(lesson, asked.id, _pattern(result)))

    def patterns_of(self, asked: Exercise) -> dict[str, frozenset[tuple[str, str]]]:
        """Return how each flaw of an exercise fails: its misconception -> the checks and what they saw."""
        if asked.id not in self._patterns:
            self._patterns[asked.id] = {
                flaw.misconception: _pattern(self.check_flaw(asked, flaw.name))
                for flaw in bank.flaws_of(asked.part)
            }
        return self._patterns[asked.id]

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Hand a job to a judge that has its checks and the code as it is now, and return the result."""
        lessons = {select(job["exercise"])[0].lesson} if "exercise" in job else set()
        timed = {"timeout": self._timeout_seconds, **job}
        seconds = seconds_for(timed) if judge.CAN_FORK else self._timeout_seconds
        warm = self._judge
        try:
            fits = warm is not None and warm.is_alive() and warm.lessons >= lessons
            # One that is ready is looked after while it is at work: what it says may still be dropped.
            if warm is not None and fits and (warm.is_ready or self._is_up_to_date()):
                warm.hand_over(timed)
                if self._is_up_to_date():
                    return warm.answer(seconds)
            started = self._start_judge(lessons, package_state())
            started.hand_over(timed)
            return started.answer(seconds)
        finally:
            if not judge.CAN_FORK:  # it does one job and ends
                self.close()

    def _is_up_to_date(self) -> bool:
        """Return whether the judge has the kit as it is; a whole class is judged by the kit as it was."""
        return self._isolated or package_state() == self._loaded

    def _start_judge(self, lessons: Iterable[str], now: tuple[object, ...]) -> Judge:
        """Replace the judge by one for these lessons, besides those that it was for, and return it."""
        known = self._known()
        self.close()
        if now != self._loaded:
            self._patterns.clear()
            self._flaws.clear()
        self._judge, self._loaded = self._new_judge(known.union(lessons)), now
        return self._judge

    def _known(self) -> frozenset[str]:
        """Return the lessons whose checks the judge has."""
        return frozenset() if self._judge is None else self._judge.lessons

    def _new_judge(self, lessons: Iterable[str]) -> Judge:
        return Judge([*lessons], forked=self._forked, isolated=self._isolated)


def share(
    engines: Sequence[Engine], jobs: Iterable[Job], do: Callable[[Engine, Job], Iterable[Told]]
) -> Generator[tuple[Job, Told], None, None]:
    """Yield each thing that `do` tells of each job, as it comes: the engines share the work.

    An error in one of them is the caller's; the others end after what they are at.
    """
    waiting = deque(jobs)
    said: queue.SimpleQueue[tuple[Job, Told] | Exception | None] = queue.SimpleQueue()
    stopped = threading.Event()

    def work(engine: Engine) -> None:
        try:
            while (job := _next(waiting)) is not None:
                for told in do(engine, job):
                    said.put((job, told))
                    if stopped.is_set():
                        return
            said.put(None)
        except Exception as error:  # handed on: an error in a thread would be printed, and lost
            said.put(error)

    threads = [threading.Thread(target=work, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    try:
        at_work = len(threads)
        while at_work:
            told = said.get()
            if isinstance(told, Exception):
                raise told
            if told is None:
                at_work -= 1
            else:
                yield told
    finally:
        stopped.set()  # Ctrl-C, an error, or nobody wants to hear more
        for thread in threads:
            thread.join()


def _next(waiting: deque[Job]) -> Job | None:
    try:
        return waiting.popleft()  # not asked beforehand: another thread may take the last one
    except IndexError:
        return None


def package_state() -> tuple[object, ...]:
    """Return what tells whether the package or the checks were edited since a judge was started."""
    found: list[tuple[str, int, int]] = []
    waiting = [str(folder) for folder in (ROOT / "authlab", CHECKS, OWN) if folder.is_dir()]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".toml", ".html")):
                    status = entry.stat()
                    found.append((entry.path, status.st_mtime_ns, status.st_size))
                elif entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__":
                    waiting.append(entry.path)
    return tuple(sorted(found))


def _with_note(result: Result, note: str | None) -> Result:
    """Add a sentence to the first check that failed."""
    if note is None:
        return result
    checks = list(result.checks)
    first = next(number for number, check in enumerate(checks) if check.status == "failed")
    checks[first] = replace(checks[first], message=f"{checks[first].message}\n  {note}")
    return replace(result, checks=tuple(checks))


def _pattern(result: Result) -> frozenset[tuple[str, str]]:
    return frozenset(
        (check.name, pattern_of(check.message)) for check in result.checks if check.status == "failed"
    )


def with_misconception(result: Result, patterns: dict[str, frozenset[tuple[str, str]]]) -> Result:
    """Name the misconception if exactly one flaw fails the same checks with the same values."""
    fitting = [text for text, pattern in patterns.items() if pattern == _pattern(result)]
    if len(fitting) != 1:
        return result
    return replace(result, misconception=fitting[0])


def _still_says_not_written(result: Result, found: ast.stmt | None, asked: Exercise) -> bool:
    """Return whether an answer still ends at the stub's own line, each of its lines if there are several."""
    line = f"{asked.id} is not written yet"
    failed = [check.message for check in result.checks if check.status == "failed"]
    if found is None or not all(f"NotImplementedError: {line}" in message for message in failed):
        return False
    return ast.unparse(found).count(line) == ast.unparse(derive.stub_definition(asked)).count(line)
