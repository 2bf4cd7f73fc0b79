"""The score of a folder of answers: what is solved, and what the attacks come to on an app made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from authlab.course import audit as auditing
from authlab.course.curriculum import Exercise, Lesson, exercises, lessons
from authlab.course.engine import Engine
from authlab.course.parts import PARTS


@dataclass(frozen=True, slots=True)
class LessonScore:
    """One lesson's line. `parts` are the solved exercises whose answers stand in the app."""

    lesson: Lesson
    solved: tuple[Exercise, ...]
    parts: tuple[Exercise, ...]
    findings: tuple[auditing.Finding, ...]  # of the lesson's attacks, on the app made of all such parts

    @property
    def fallen(self) -> tuple[auditing.Finding, ...]:
        """Return the attacks that got what they came for, or that could not be tried."""
        return tuple(one for one in self.findings if one.outcome in ("won", "error"))


def score(engine: Engine, folder: Path) -> list[LessonScore]:
    """Return the score, lesson by lesson: every exercise checked, every attack tried in both ways of keeping
    sessions on one app, in which each part that passes is the one in `folder`."""
    engine.load(exercises())
    solved = [exercise for exercise in exercises() if engine.check(exercise, folder).status == "passed"]
    parts = [exercise for exercise in solved if exercise.part in PARTS]
    findings = list(auditing.audit(engine, mine=[exercise.id for exercise in parts], folder=folder))
    return [
        LessonScore(
            lesson,
            _of(solved, lesson),
            _of(parts, lesson),
            tuple(one for one in findings if one.attack.lesson == lesson.stem),
        )
        for lesson in lessons()
    ]


def _of(exercises: Sequence[Exercise], lesson: Lesson) -> tuple[Exercise, ...]:
    return tuple(exercise for exercise in exercises if exercise.lesson == lesson.stem)
