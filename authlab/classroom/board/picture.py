"""From rows to the picture: pure functions, which know the course, and neither database nor visitor."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby

from authlab.classroom.board.db import LearnerRow, StandingRow
from authlab.classroom.board.dto import (
    CellDTO,
    ExerciseDTO,
    LearnerDTO,
    LessonDTO,
    MisconceptionDTO,
    RoomDTO,
    RowDTO,
    StuckDTO,
)
from authlab.course import known
from authlab.course.curriculum import exercises, lessons

MARKS = {"passed": "✓", "broken": "!", "failed": "✗", "unattempted": "·"}
TRIES_OF_WHO_IS_STUCK = 3
SHOWN_AT_MOST = 5  # of exercises that hold the room up, and of misconceptions

Standings = Mapping[str, StandingRow]  # of one learner, by exercise


@cache
def exercise_ids() -> frozenset[str]:
    """Return the exercises of this kit: of any other, a report is not shown."""
    return frozenset(asked.id for asked in exercises())


@cache
def misconceptions_of(exercise_id: str) -> frozenset[str]:
    """Return the misconceptions that this kit names at an exercise: no other text of a report is shown."""
    lesson = next(one for one in lessons() if exercise_id in {asked.id for asked in one.exercises})
    kept = json.loads(known.path_of(lesson).read_text(encoding="utf-8"))["known"]
    return frozenset(text for text in kept.get(exercise_id, {}).values() if text is not None)


def state(standing: StandingRow | None) -> str:
    """Return where somebody stands in one word; an error or an endless loop is a failure as well."""
    if standing is None:
        return "unattempted"
    if standing.status == "passed":
        return "passed"
    return "broken" if standing.passed_at is not None else "failed"


def row(learner: LearnerRow, rows: Sequence[StandingRow], now: int) -> RowDTO:
    """Return one learner's row in full."""
    by_exercise = {one.exercise: one for one in rows}
    of_lessons = []
    for lesson in lessons():
        told = []
        for asked in lesson.exercises:
            found = by_exercise.get(asked.id)
            told.append(
                ExerciseDTO(
                    id=asked.id,
                    title=asked.title,
                    state=state(found),
                    tries=0 if found is None else found.tries,
                    misconception=None if found is None else found.misconception,
                )
            )
        passed = sum(one.state == "passed" for one in told)
        of_lessons.append(LessonDTO(title=f"{lesson.number} {lesson.title}", passed=passed, exercises=told))
    return RowDTO(
        id=learner.id,
        name=learner.name,
        passed=sum(lesson.passed for lesson in of_lessons),
        of=len(exercise_ids()),
        last=_last(rows, now),
        lessons=of_lessons,
    )


def room(learners: Iterable[LearnerRow], rows: Iterable[StandingRow], now: int) -> RoomDTO:
    """Return the picture of the room: a line for each learner, and what holds them up."""
    of_learner: dict[int, dict[str, StandingRow]] = defaultdict(dict)
    for one in rows:
        of_learner[one.user_id][one.exercise] = one
    learners = list(learners)
    names = Counter(learner.name.casefold() for learner in learners)
    return RoomDTO(
        lessons=[str(lesson.number) for lesson in lessons()],
        learners=[
            _line(learner, of_learner.get(learner.id, {}), now, names[learner.name.casefold()] > 1)
            for learner in learners
        ],
        stuck=_stuck([one for found in of_learner.values() for one in found.values()]),
        misconceptions=_misconceptions([one for found in of_learner.values() for one in found.values()]),
    )


def _line(learner: LearnerRow, found: Standings, now: int, shares_name: bool) -> LearnerDTO:
    cells = []
    for lesson in lessons():
        states = [state(found.get(asked.id)) for asked in lesson.exercises]
        runs = [(name, MARKS[name] * len([*run])) for name, run in groupby(states)]
        cells.append(CellDTO(passed=states.count("passed"), of=len(states), runs=runs))
    return LearnerDTO(
        id=learner.id,
        name=learner.name,
        shares_name=shares_name,
        passed=sum(cell.passed for cell in cells),
        last=_last(found.values(), now),
        cells=cells,
    )


def _stuck(rows: Iterable[StandingRow]) -> list[StuckDTO]:
    of_exercise: dict[str, list[StandingRow]] = defaultdict(list)
    for one in rows:
        of_exercise[one.exercise].append(one)
    found = [
        StuckDTO(
            id=asked.id,
            title=asked.title,
            stuck=sum(one.passed_at is None and one.tries >= TRIES_OF_WHO_IS_STUCK for one in tried),
            tried=len(tried),
            passed=sum(one.status == "passed" for one in tried),
        )
        for asked in exercises()
        if (tried := of_exercise.get(asked.id))
    ]
    return sorted((one for one in found if one.stuck), key=lambda one: -one.stuck)[:SHOWN_AT_MOST]


def _misconceptions(rows: Iterable[StandingRow]) -> list[MisconceptionDTO]:
    count = Counter((one.exercise, one.misconception) for one in rows if one.misconception is not None)
    return [
        MisconceptionDTO(exercise=exercise, text=str(text), learners=learners)
        for (exercise, text), learners in count.most_common(SHOWN_AT_MOST)
    ]


def _last(rows: Iterable[StandingRow], now: int) -> str:
    """Return how long ago the last report came, in words."""
    last = max((one.reported_at for one in rows), default=None)
    if last is None:
        return "nothing yet"
    minutes = max(now - last, 0) // 60
    if minutes == 0:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"
