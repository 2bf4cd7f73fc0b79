"""What a learner has solved, as far as is known without judging anything anew.

One small file in the clone's `.authlab`. It remembers of each exercise the last verdict, the answer that it
was on, and the checks that it came from, so that it can be told when a verdict is out of date. It decides
nothing: `check` and grading judge again. It holds no times.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from authlab.course import answers
from authlab.course.curriculum import Exercise, exercises, lesson_of
from authlab.course.engine import Result, Status
from authlab.course.places import EXERCISES, STATE
from authlab.locking import locked
from authlab.replacing import replaced

FILE = STATE / "progress.json"
VERSION = 1
PATIENCE_SECONDS = 20.0  # noting takes milliseconds, and many may note at once

State = Literal["passed", "broken", "failed", "unattempted"]


class _LaterError(Exception):
    """A later kit has written the file: what it knows is not ours to understand, or to overwrite."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last verdict on one exercise. The digests are None where there was no answer to read."""

    status: Status
    answer: str | None  # of the answer's code, without comments and spacing
    checks: str  # of the lesson's checks
    passed_before: bool  # whether it has passed, now or at any time


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a learner stands with one exercise."""

    exercise: Exercise
    state: State
    note: str = ""  # why that may be out of date

    def as_json(self) -> dict[str, Any]:
        """Return it in the shape that `progress --json` prints."""
        return {"id": self.exercise.id, "state": self.state, "note": self.note}


def remember(results: Iterable[Result], folder: Path = EXERCISES, file: Path = FILE) -> None:
    """Note verdicts on the answers in `folder`. Where nothing can be written, nothing is remembered; nor is
    it when another command was stopped while it noted something, for no verdict waits for that one."""
    new = {result.exercise.id: result for result in results}
    lock = locked(file.with_suffix(".lock"), patience_seconds=PATIENCE_SECONDS)
    with suppress(OSError, _LaterError), lock:
        known = _read(file)
        for exercise_id, result in new.items():
            before = known.get(exercise_id)
            known[exercise_id] = Remembered(
                status=result.status,
                answer=_answer(result.exercise, folder),
                checks=_checks(result.exercise),
                passed_before=result.status == "passed" or (before is not None and before.passed_before),
            )
        _write(known, file)


def standings(folder: Path = EXERCISES, file: Path = FILE) -> list[Standing]:
    """Return where the learner stands with each exercise, in their order."""
    known = _known(file)
    return [_standing(asked, known.get(asked.id), folder) for asked in exercises()]


def has_passed(asked: Exercise, file: Path = FILE) -> bool:
    """Return whether an answer to the exercise has passed, now or at any time."""
    known = _known(file).get(asked.id)
    return known is not None and known.passed_before


def passed_by_other_checks(checks: Callable[[str], bytes | None], file: Path = FILE) -> list[str]:
    """Return the exercises that have passed, and whose lesson has other checks in a new kit; `checks` returns
    those by the lesson's stem."""
    known = _known(file)
    return [
        asked.id
        for asked in exercises()
        if asked.id in known
        and known[asked.id].status == "passed"
        and (data := checks(asked.lesson)) is not None
        and known[asked.id].checks != _of_checks(data)
    ]


def _standing(asked: Exercise, known: Remembered | None, folder: Path) -> Standing:
    if known is None:
        return Standing(asked, "unattempted")
    state: State = "failed"
    if known.status == "passed":
        state = "passed"
    elif known.passed_before:
        state = "broken"
    elif known.status == "unattempted":
        state = "unattempted"
    if known.answer != _answer(asked, folder):
        return Standing(asked, state, "the file has changed since this verdict")
    if state == "passed" and known.checks != _checks(asked):
        return Standing(asked, state, "the checks have changed since it passed")
    return Standing(asked, state)


def _answer(asked: Exercise, folder: Path) -> str | None:
    code = answers.code_of(folder / asked.file_name, asked.name)
    return None if code is None else _digest(code.encode())


def _checks(asked: Exercise) -> str:
    return _of_checks(lesson_of(asked).checks.read_bytes())


def _of_checks(data: bytes) -> str:
    return _digest(data.replace(b"\r\n", b"\n"))  # git may have changed the line ends


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _known(file: Path) -> dict[str, Remembered]:
    """Return what is remembered, for those who only ask: of a file that cannot be read, nothing."""
    try:
        return _read(file)
    except (OSError, _LaterError):
        return {}


def _read(file: Path) -> dict[str, Remembered]:
    """Return what is remembered; of a damaged file, nothing. Raises `_LaterError`, and `OSError` where the
    file is there and cannot be read: whoever writes must then leave it alone."""
    try:
        kept = json.loads(file.read_bytes())
        if kept["version"] == VERSION:
            return {exercise_id: Remembered(**one) for exercise_id, one in kept["exercises"].items()}
        if kept["version"] > VERSION:
            raise _LaterError
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {}


def _write(known: Mapping[str, Remembered], file: Path) -> None:
    kept = {"version": VERSION, "exercises": {key: asdict(one) for key, one in known.items()}}
    with replaced(file) as temporary:
        temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
