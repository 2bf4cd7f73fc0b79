"""What a class's verdicts say together: where the room is stuck, and what it believes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlab.classroom.grading import Row
from authlab.classroom.similar import Alike, alike
from authlab.course.curriculum import Exercise

STUCK = ("failed", "error", "timeout")


@dataclass(frozen=True, slots=True)
class Stand:
    """How the room stands with one exercise."""

    exercise: Exercise
    counts: Mapping[str, int]  # of each status
    stuck: int  # how many have tried and not passed
    common: tuple[tuple[str, int], ...]  # the checks that most do not pass, with how many


@dataclass(frozen=True, slots=True)
class Belief:
    """A misconception that was named, and whose answers it was named for."""

    exercise: str
    text: str
    learners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that is told of a class beyond its rows."""

    asked: tuple[Exercise, ...]
    rows: tuple[Row, ...]
    stands: tuple[Stand, ...]
    beliefs: tuple[Belief, ...]  # the most frequent first
    alike: tuple[Alike, ...]

    @property
    def stuck(self) -> tuple[Stand, ...]:
        """The exercises that some have tried and not passed, the worst first."""
        worst = sorted(self.stands, key=lambda stand: -stand.stuck)
        return tuple(stand for stand in worst if stand.stuck)

    def grade(self, row: Row) -> float:
        """Return the share of exercises that passed, in per cent with one decimal; extras do not count."""
        counted = [
            verdict["status"] == "passed"
            for asked, verdict in zip(self.asked, row.verdicts, strict=True)
            if not asked.extra
        ]
        return round(100 * sum(counted) / len(counted), 1) if counted else 0.0


def summary(asked: Sequence[Exercise], rows: Sequence[Row]) -> Summary:
    """Return what the rows come to."""
    beliefs: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for verdict in row.verdicts:
            if verdict["misconception"]:
                beliefs.setdefault((verdict["id"], verdict["misconception"]), []).append(row.learner)
    order = [one.id for one in asked]
    recurring = [Belief(exercise_id, text, tuple(who)) for (exercise_id, text), who in beliefs.items()]
    recurring.sort(key=lambda one: (-len(one.learners), order.index(one.exercise), one.text))
    similar = alike({row.learner: row.prints for row in rows})
    similar.sort(key=lambda one: (order.index(one.exercise), -one.share, one.learners))
    stands = [_stand(one, [(row, row.verdicts[number]) for row in rows]) for number, one in enumerate(asked)]
    return Summary(tuple(asked), tuple(rows), tuple(stands), tuple(recurring), tuple(similar))


def _stand(asked: Exercise, told: Sequence[tuple[Row, Mapping[str, Any]]]) -> Stand:
    failing = Counter(
        check["name"]
        for _, verdict in told
        if verdict["status"] == "failed"
        for check in verdict["checks"]
        if check["status"] == "failed"
    )
    common = sorted(failing.items(), key=lambda one: (-one[1], one[0]))[:3]
    # A zip that cannot be read is its owner's trouble, and says nothing of the exercise.
    stuck = sum(verdict["status"] in STUCK and asked.id not in row.unread for row, verdict in told)
    return Stand(asked, Counter(verdict["status"] for _, verdict in told), stuck, tuple(common))
