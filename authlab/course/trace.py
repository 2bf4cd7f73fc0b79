"""The guide's 66 features, each with its home: module, lesson, exercise, check (`guide.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from authlab.course.curriculum import lessons

DATA = Path(__file__).with_name("guide.toml")


@dataclass(frozen=True, slots=True)
class Row:
    """One feature of the guide. `home` is `module:name` (or a file) of what implements it, `check` a test."""

    number: int
    says: str
    lesson: int
    home: tuple[str, ...]
    check: str
    exercise: str | None = None

    @property
    def pending(self) -> bool:
        """Whether its lesson is still to be written: it is implemented and tested, and not yet taught."""
        return self.lesson not in {lesson.number for lesson in lessons()}


@dataclass(frozen=True, slots=True)
class Planned:
    """One of the twelve lessons, written or not, with the part of the guide that it follows."""

    number: int
    title: str
    guide: str


@cache
def rows() -> tuple[Row, ...]:
    """Return all rows in the guide's order."""
    return tuple(Row(**{**row, "home": tuple(row["home"])}) for row in _data()["rows"])


@cache
def planned() -> tuple[Planned, ...]:
    """Return the twelve lessons."""
    return tuple(Planned(**lesson) for lesson in _data()["lessons"])


def _data() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(DATA.read_text(encoding="utf-8"))
