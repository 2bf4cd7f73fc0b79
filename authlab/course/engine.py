"""The engine behind every verdict: `check` in a notebook, in a terminal, `dev verify` and grading all ask it.

It decides what can be decided without running anything (no file, no Python, not attempted), hands the rest
to a `judge` process, and names a misconception when exactly one flaw of the bank fails in the same way.
"""

import ast
import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Literal

from authlab.course import answers, bank, derive
from authlab.course.curriculum import Exercise
from authlab.course.judge import CAN_FORK, pattern_of
from authlab.course.places import CHECKS, EXERCISES, ROOT, shown, with_temporary_files_in

Status = Literal["passed", "failed", "unattempted", "error", "timeout"]

TIMEOUT_SECONDS = 10.0
SPARE_SECONDS = 30.0  # for a judge on a busy machine to say that an answer ran out of time


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

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        self._judge: subprocess.Popen[str] | None = None
        self._folder: TemporaryDirectory[str] | None = None  # the judge's temporary files
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
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

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
        if untouched:  # a fix: its stub runs, and the verdict shows what is wrong with it
            wrong = next(check.message for check in result.checks if check.status == "failed")
            return Result(asked, "unattempted", message=f"It runs, and it is wrong.\n{wrong}")
        if result.status == "failed" and _still_says_not_written(result, found, asked):
            return Result(asked, "unattempted")
        if result.status == "failed":
            named = with_misconception(result, self.patterns_of(asked))
            return _with_note(named, answers.defined_twice(tree, asked.name))
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
            self._folder = TemporaryDirectory(prefix="authlab-judge-", ignore_cleanup_errors=True)
            self._judge, self._loaded = _start_judge(self._folder.name), now
        assert self._judge.stdin is not None and self._judge.stdout is not None
        self._judge.stdin.write(json.dumps({"timeout": self._timeout_seconds, **job}) + "\n")
        self._judge.stdin.flush()
        return _answer_in_time(self._judge, self._timeout_seconds)


def _start_judge(folder: str) -> subprocess.Popen[str]:
    env = {
        **with_temporary_files_in(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
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


def _answer_in_time(judge: "subprocess.Popen[str]", seconds: float) -> dict[str, Any]:
    """Return the judge's answer. A judge that forks keeps the time itself; any other is ended when it is
    up."""
    late = threading.Event()

    def end() -> None:
        late.set()
        judge.kill()

    timer = threading.Timer(seconds + SPARE_SECONDS if CAN_FORK else seconds, end)
    timer.start()
    try:
        return _read_line(judge)
    except EngineError:
        if late.is_set():
            return {"timeout": seconds}
        if not CAN_FORK:
            return {"error": "the answer ended its process before the checks were done"}
        raise
    finally:
        timer.cancel()


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
    stands = found is not None and ast.unparse(found).count(line)
    return stands == ast.unparse(derive.stub_definition(asked)).count(line) and all(
        f"NotImplementedError: {line}" in check.message for check in result.checks if check.status == "failed"
    )
