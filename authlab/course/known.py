"""How each known flaw fails, kept beside the lessons: a verdict must not wait for forty flaws to be judged.

`dev messages --write` makes the files (`lessons/known/lesson_NN_topic.json`) with what is told, and a test
compares them. A file says what it was made of: who works on checks or flaws gets the truth of the moment.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from authlab.course.curriculum import Lesson
from authlab.course.places import FLAWS, KATA, KNOWN

Pattern = frozenset[tuple[str, str]]  # the checks that failed, and what each of them saw


def path_of(lesson: Lesson) -> Path:
    """Return the file that keeps how a lesson's flaws fail."""
    return KNOWN / f"{lesson.stem}.json"


def text_of(lesson: Lesson, patterns: Mapping[str, Mapping[str, Pattern]]) -> str:
    """Return the text of that file, made of exercise -> misconception -> pattern."""
    known: dict[str, dict[str, str | None]] = {}
    for exercise_id, by_misconception in patterns.items():
        found = known.setdefault(exercise_id, {})
        for misconception, pattern in by_misconception.items():
            mark = _mark(pattern)
            found[mark] = misconception if mark not in found else None  # two fail alike: neither is named
    kept = {"made of": _sources(lesson), "known": known}
    return json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def holds(lesson: Lesson) -> bool:
    """Return whether what is kept is of the checks and flaws as they are now."""
    return _kept(lesson).get("made of") == _sources(lesson)


def misconception(lesson: Lesson, exercise_id: str, pattern: Pattern) -> str | None:
    """Return the misconception of the one flaw that fails just like that, or None."""
    found: str | None = _kept(lesson)["known"].get(exercise_id, {}).get(_mark(pattern))
    return found


@cache
def _kept(lesson: Lesson) -> dict[str, Any]:
    try:
        return dict(json.loads(path_of(lesson).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _mark(pattern: Pattern) -> str:
    return hashlib.sha256(repr(sorted(pattern)).encode()).hexdigest()[:20]


def _sources(lesson: Lesson) -> str:
    """Return a digest of what the verdicts on a lesson's flaws come from."""
    paths = (lesson.checks, FLAWS / f"{lesson.stem}.py", KATA / f"{lesson.stem}.py")
    return hashlib.sha256(b"\n".join(_texts(paths))).hexdigest()[:20]


def _texts(paths: Iterable[Path]) -> Iterable[bytes]:
    for path in paths:
        if path.exists():
            yield path.read_bytes().replace(b"\r\n", b"\n")
