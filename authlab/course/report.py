"""A verdict with what a reader needs beside it: the question's title, the file, hints, and what comes
next."""

from pathlib import Path
from typing import Any

from authlab.course import answers
from authlab.course.curriculum import Exercise, exercises
from authlab.course.engine import Result
from authlab.course.places import EXERCISES, shown


def described(
    result: Result, folder: Path = EXERCISES, *, label: str | None = None, server_path: str | None = None
) -> dict[str, Any]:
    """Return the verdict as `check --json` prints it, with title, file, line, hints, next and server_path.

    `label` names the folder of answers in words, where the folder itself is a temporary one.
    """
    asked = result.exercise
    file = f"{label or shown(folder)}/{asked.file_name}"
    return {
        **result.as_json(),
        "title": asked.title,
        "file": file,
        "line": _line(asked, folder / asked.file_name),
        "hints": list(asked.hints),
        "next": _next(asked),
        "server_path": server_path or file,
        "source": f"{asked.module.replace('.', '/')}.py · {asked.name}",
    }


def _line(asked: Exercise, path: Path) -> int | None:
    """Return the line at which the answer begins, or None when the file cannot be read."""
    try:
        found = answers.definition(answers.parse(path, answers.read_source(path)), asked.name)
    except answers.AnswerError:
        return None
    return None if found is None else found.lineno


def _next(asked: Exercise) -> str | None:
    ids = [exercise.id for exercise in exercises()]
    following = ids.index(asked.id) + 1
    return ids[following] if following < len(ids) else None
