"""What may leave the board: an own row for its learner, the room for its instructor. Field by field."""

from authlab.dto import DTO


class ExerciseDTO(DTO):
    """Where one learner stands with one exercise."""

    id: str
    title: str
    state: str  # passed, broken, failed, or unattempted
    tries: int
    misconception: str | None


class LessonDTO(DTO):
    """Where one learner stands with the exercises of one lesson."""

    title: str
    passed: int
    exercises: list[ExerciseDTO]


class RowDTO(DTO):
    """One learner's row in full: for its learner, and for the instructor."""

    id: int
    name: str
    passed: int
    of: int
    last: str  # "3 min ago"
    lessons: list[LessonDTO]


class CellDTO(DTO):
    """A learner and a lesson in the picture: the states of its exercises, in runs of equal ones."""

    passed: int
    of: int
    runs: list[tuple[str, str]]  # (state, its mark once for each exercise)


class LearnerDTO(DTO):
    """One line in the picture of the room."""

    id: int
    name: str
    shares_name: bool  # whether only the number tells this learner from another
    passed: int
    last: str
    cells: list[CellDTO]


class StuckDTO(DTO):
    """An exercise that holds learners up."""

    id: str
    title: str
    stuck: int  # learners who have tried it three times or more, and not passed
    tried: int
    passed: int


class MisconceptionDTO(DTO):
    """A misconception that learners' last answers show."""

    exercise: str
    text: str
    learners: int


class RoomDTO(DTO):
    """The picture of the room, for its instructor."""

    lessons: list[str]
    learners: list[LearnerDTO]
    stuck: list[StuckDTO]
    misconceptions: list[MisconceptionDTO]


class BoardDTO(DTO):
    """The board itself, for its instructor: what lets the room in."""

    code: str
    closed: bool
