"""The engine behind every verdict: `check` in a notebook, in a terminal, `dev verify` and grading all ask it.

It decides what can be decided without running anything (no file, no Python, not attempted), hands the rest
to a
`judge` process, and names a misconception when exactly one flaw of the bank fails in the same way.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from authlab.course import answers, bank, derive
from authlab.course.curriculum import Exercise
from authlab.course.judge import CAN_FORK, without_line_numbers
from authlab.course.places import CHECKS, EXERCISES, ROOT, shown

Status = Literal["passed", "failed", "unattempted", "error", "timeout"]

TIMEOUT_SECONDS = 10.0


class EngineError(Exception):
    """The kit itself cannot judge: its checks do not load, or its judge does not start."""


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
    message: str = ""  # why there are no checks: not attempted, not runnable, out of time
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
        if self.status in ("error", "timeout"):
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

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._judge: subprocess.Popen[str] | None = None
        self._loaded: tuple[object, ...] = ()
        self._patterns: dict[str, dict[str, frozenset[tuple[str, str]]]] = {}

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
            assert self._judge.stdin is not None and self._judge.stdout is not None
            self._judge.stdin.close()
            try:
                self._judge.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._judge.kill()
                self._judge.wait()
            self._judge.stdout.close()
            self._judge = None

    def check(self, asked: Exercise, folder: Path = EXERCISES) -> Result:
        """Return the verdict on the answer to one exercise in a folder of answers."""
        path = folder / asked.file_name
        try:
            tree = answers.parse(path, answers.read_source(path))
        except answers.AnswerError as error:
            return Result(asked, "error", message=str(error))
        found = answers.definition(tree, asked.name)
        if answers.same_code(found, derive.stub_definition(asked)):
            return Result(asked, "unattempted", message="nothing is written there yet")
        result = self._verdict(asked, {"solved": [asked.id], "folder": str(folder.resolve())})
        if result.status == "failed" and _still_says_not_written(result):
            return Result(asked, "unattempted", message="it still says NotImplementedError")
        if result.status == "failed":
            return with_misconception(result, self.patterns_of(asked))
        return result

    def check_flaw(self, asked: Exercise, flaw: str) -> Result:
        """Return the verdict on a flaw of the bank, as an answer to `asked`."""
        return self._verdict(asked, {"flaw": flaw})

    def check_alternative(self, asked: Exercise, alternative: str) -> Result:
        """Return the verdict on an alternative right answer of the bank."""
        return self._verdict(asked, {"alternative": alternative})

    def trial(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return what `trials` says of an attack (`{"attack": 4, "flaw": ...}`) or of `{"honest": True}`."""
        return self._ask(job)

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

    def patterns_of(self, asked: Exercise) -> dict[str, frozenset[tuple[str, str]]]:
        """Return how each flaw of an exercise fails: its misconception -> the checks and what they saw."""
        if asked.id not in self._patterns:
            self._patterns[asked.id] = {
                flaw.misconception: _pattern(self.check_flaw(asked, flaw.name))
                for flaw in bank.flaws_of(asked.part)
            }
        return self._patterns[asked.id]

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Hand a job to the judge and return its result; a judge that holds old code is replaced first."""
        now = _package_state()
        if self._judge is None or self._judge.poll() is not None or now != self._loaded or not CAN_FORK:
            self.close()
            if now != self._loaded:
                self._patterns.clear()
            self._judge, self._loaded = _start_judge(), now
        assert self._judge.stdin is not None and self._judge.stdout is not None
        self._judge.stdin.write(json.dumps({"timeout": self._timeout_seconds, **job}) + "\n")
        self._judge.stdin.flush()
        return _read_line(self._judge)


def _start_judge() -> subprocess.Popen[str]:
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("PYTEST_ADDOPTS", None)
    judge = subprocess.Popen(
        [sys.executable, "-m", "authlab.course.judge"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=env,
        start_new_session=True,  # Ctrl-C is for the owner; the judge ends when its pipe does
    )
    said = _read_line(judge)
    if "ready" not in said:
        raise EngineError(str(said.get("broken", said)))
    return judge


def _read_line(judge: subprocess.Popen[str]) -> dict[str, Any]:
    assert judge.stdout is not None
    line = judge.stdout.readline()
    if not line:
        raise EngineError(
            f"the judge ended with status {judge.wait()}. See why: python3 -m pytest tests/lessons"
        )
    return dict(json.loads(line))


def _package_state() -> tuple[object, ...]:
    """Return what tells whether the package or the checks were edited since a judge was started."""
    files: Iterable[Path] = sorted([*(ROOT / "authlab").rglob("*"), *CHECKS.glob("*.py")])
    return tuple(
        (str(path), status.st_mtime_ns, status.st_size)
        for path in files
        if path.suffix in (".py", ".toml", ".html") and (status := path.stat())
    )


def _pattern(result: Result) -> frozenset[tuple[str, str]]:
    return frozenset(
        (check.name, without_line_numbers(check.message))
        for check in result.checks
        if check.status == "failed"
    )


def with_misconception(result: Result, patterns: dict[str, frozenset[tuple[str, str]]]) -> Result:
    """Name the misconception if exactly one flaw fails the same checks with the same values."""
    fitting = [text for text, pattern in patterns.items() if pattern == _pattern(result)]
    if len(fitting) != 1:
        return result
    return Result(result.exercise, "failed", result.checks, fitting[0], seconds=result.seconds)


def _still_says_not_written(result: Result) -> bool:
    said = f"NotImplementedError: {result.exercise.id} is not written yet"
    return all(said in check.message for check in result.checks if check.status == "failed")
