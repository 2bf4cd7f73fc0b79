"""The lessons and their exercises, read from one data file a lesson (`lessons/lesson_NN_topic.toml`).

One stem names everything of a lesson: its data, notebook, exercises, solutions and checks.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from authlab.course.places import CHECKS, LESSONS, NOTEBOOKS, OWN, own, shown
from authlab.course.refusal import Refusal, did_you_mean

FIRST_OWN = 50  # lessons of one's own have numbers from here on: the kit's never come so far

Kind = Literal["build", "fix", "break", "prove"]


class CurriculumError(Refusal):
    """A lesson's data file does not say what it must, or an exercise is asked for that does not exist."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One question. `part` is `module:name` of its answer: in the app, or in `kata` if it has no home
    there."""

    id: str
    lesson: str
    kind: Kind
    title: str
    part: str
    minutes: int
    objectives: tuple[str, ...]
    out_of_scope: str
    hints: tuple[str, ...]
    gives: tuple[str, ...] = ()  # names that the stub imports for the learner
    flaw: str | None = None  # fix: the stub is this flaw. break: the flaw to win against
    proves: str | None = None  # prove: the part that the learner's test is about
    must_catch: tuple[str, ...] = ()  # prove: the flaws that were taught
    extra: bool = False  # for those who have the time: the lesson's minutes do not count it

    @property
    def module(self) -> str:
        """The module in which the answer is written."""
        return self.part.split(":")[0]

    @property
    def name(self) -> str:
        """The function or class to write."""
        return self.part.split(":")[1]

    @property
    def file_name(self) -> str:
        """The file in which a learner answers."""
        return f"{self.lesson}.py"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One notebook's data. `rows` are the guide's features it teaches."""

    stem: str
    number: int
    title: str
    question: str
    minutes: int
    guide: tuple[str, ...]
    rows: tuple[int, ...]
    objectives: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    exercises: tuple[Exercise, ...]

    @property
    def is_own(self) -> bool:
        """Whether it is a lesson of whoever teaches, in `own`, and none of the kit's."""
        return self.number >= FIRST_OWN

    @property
    def notebook(self) -> Path:
        """The lesson's notebook; a lesson of one's own may have none."""
        return NOTEBOOKS / f"{self.stem}.ipynb"

    @property
    def checks(self) -> Path:
        """The pytest file that judges the lesson's exercises."""
        return (OWN / "checks" if self.is_own else CHECKS) / f"test_{self.stem}.py"


@cache
def lessons() -> tuple[Lesson, ...]:
    """Return all lessons in their order, the kit's and those in `own`."""
    return (*kits_lessons(), *_own_lessons())


@cache
def kits_lessons() -> tuple[Lesson, ...]:
    """Return the kit's lessons in their order: the kit's own pages tell of no other."""
    return tuple(read_lesson(path) for path in sorted(LESSONS.glob("lesson_*.toml")))


def exercises() -> tuple[Exercise, ...]:
    """Return all exercises of all lessons in their order."""
    return tuple(exercise for lesson in lessons() for exercise in lesson.exercises)


def select(what: str | None) -> tuple[Exercise, ...]:
    """Return the exercises that `what` names: `1.2`, `lesson_01`, its whole stem or `1`; all for None.

    Raises `CurriculumError` with what there is, when there is no such thing.
    """
    if what in (None, "all"):
        return exercises()
    chosen = tuple(
        exercise
        for lesson in lessons()
        for exercise in lesson.exercises
        if what in (exercise.id, lesson.stem, lesson.stem[:9], str(lesson.number), f"lesson_{lesson.number}")
    )
    if not chosen:
        first, last = exercises()[0], exercises()[-1]
        known = f"{first.id} to {last.id}, or {first.lesson[:9]} to {last.lesson[:9]}"
        raise CurriculumError(
            f"expected an exercise or lesson ({known}), got {what!r}. See them all: python3 -m authlab check"
        )
    return chosen


def one_exercise(what: str) -> Exercise:
    """Return the one exercise that `what` names; raises `CurriculumError` for a lesson, and for none."""
    chosen = select(what)
    if len(chosen) != 1:
        raise CurriculumError(f"expected one exercise such as {chosen[0].id!r}, got {what!r}")
    return chosen[0]


def lesson_of(exercise: Exercise) -> Lesson:
    """Return the lesson an exercise belongs to."""
    return next(lesson for lesson in lessons() if lesson.stem == exercise.lesson)


def _own_lessons() -> Iterator[Lesson]:
    for folder in own("lessons"):
        for path in sorted(Path(folder).glob("*.toml")):
            if not re.fullmatch(r"lesson_[5-9][0-9]_[a-z0-9_]+", path.stem):
                raise CurriculumError(
                    f"{shown(path)}: expected a name like lesson_{FIRST_OWN}_topic.toml, with a number from "
                    f"{FIRST_OWN} to 99; see docs/own-exercises.md"
                )
            lesson = read_lesson(path)
            needed = [lesson.checks]
            for asked in lesson.exercises:
                if not asked.id.startswith(f"{lesson.number}."):
                    raise CurriculumError(
                        f"{shown(path)}: expected an exercise {lesson.number}.1 or so, got {asked.id}"
                    )
                if asked.module == f"authlab.course.kata.{path.stem}":
                    needed.append(OWN / "kata" / f"{path.stem}.py")
            if missing := [file for file in needed if not file.is_file()]:
                raise CurriculumError(
                    f"{shown(path)}: expected also {shown(missing[0])}, found none; see docs/own-exercises.md"
                )
            yield lesson


def read_lesson(path: Path) -> Lesson:
    """Return the lesson in a data file; raises `CurriculumError` naming file and field."""
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
        stem = path.stem
        _refuse_fields(Lesson, data)
        asked = tuple(_exercise(stem, entry) for entry in data.pop("exercises"))
        lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
        return Lesson(stem=stem, number=int(stem[7:9]), exercises=asked, **{**data, **lists})
    except (TypeError, ValueError) as error:
        raise CurriculumError(f"{shown(path)}: {error}; see docs/own-exercises.md") from None


def _exercise(stem: str, entry: dict[str, Any]) -> Exercise:
    _refuse_fields(Exercise, entry)
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    exercise = Exercise(lesson=stem, **{**entry, **lists})
    if exercise.kind not in get_args(Kind):
        raise ValueError(f"{exercise.id}: kind must be one of {get_args(Kind)}, got {exercise.kind!r}")
    return exercise


def _refuse_fields(of: type[Lesson | Exercise], given: dict[str, Any]) -> None:
    """Raise `ValueError` for a field that a data file must not have, or lacks."""
    known = {field.name: field for field in fields(of) if field.name not in ("stem", "number", "lesson")}
    needed = {name for name, field in known.items() if field.default is MISSING}
    where = f"{of.__name__.lower()} {given.get('id', '')}".strip()
    if strange := sorted(given.keys() - known.keys()):
        import difflib  # not at the top: it is for a mistake

        near = difflib.get_close_matches(strange[0], known, n=1)
        raise ValueError(f"{where}: expected no field {strange[0]!r}{did_you_mean(near)}")
    if missing := sorted(needed - given.keys()):
        raise ValueError(f"{where}: expected a field {missing[0]!r}, found none")
