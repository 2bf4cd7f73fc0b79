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
    """Return the verdict as `check --json` prints it, with title, file, line, hints, next, next_lesson
    and server_path.

    `label` names the folder of answers in words, where the folder itself is a temporary one.
    """
    asked = result.exercise
    following = _next(asked)
    file = f"{label or shown(folder)}/{asked.file_name}"
    return {
        **result.as_json(),
        "title": asked.title,
        "file": file,
        "line": _line(asked, folder / asked.file_name),
        "hints": list(asked.hints),
        "next": following.id if following else None,
        "next_lesson": following.lesson if following else None,
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


def _next(asked: Exercise) -> Exercise | None:
    known = exercises()
    following = known.index(asked) + 1
    return known[following] if following < len(known) else None
