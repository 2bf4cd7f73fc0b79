"""Three plans for a class. A lesson's minutes are its own (its data file); what stands here is the rest."""

from dataclasses import dataclass
from itertools import accumulate

from authlab.course.curriculum import kits_lessons


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time: what happens, and for how long."""

    what: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How to spend `minutes`, all of them."""

    name: str
    minutes: int
    about: str
    steps: tuple[Step, ...]

    def starts(self) -> list[int]:
        """Return when each step begins, in minutes after the start."""
        return [0, *accumulate(step.minutes for step in self.steps)][:-1]


def plans() -> tuple[Plan, ...]:
    """Return the three, the shortest first."""
    return (
        Plan(
            "90 minutes",
            90,
            "A taste: what a cookie says, and who checks a form",
            (
                Step("everybody's JupyterLab is open; lesson 0's first cell says Ready", 10),
                _lesson(0),
                _lesson(1),
                Step(
                    "`audit --matrix lesson_01` on the projector (it takes two minutes): what wins on what",
                    10,
                ),
            ),
        ),
        Plan(
            "Half a day",
            240,
            "From a form to a session, and to where access is decided",
            (
                Step("everybody's JupyterLab is open; lesson 0's first cell says Ready", 10),
                _lesson(0),
                _lesson(1),
                Step("a break", 15),
                _lesson(3),
                _lesson(4),
                Step("a break", 10),
                _lesson(8),
            ),
        ),
        Plan(
            "A day",
            480,
            "Passwords and tokens in the morning, who may see what in the afternoon",
            (
                Step("everybody's JupyterLab is open; lesson 0's first cell says Ready", 10),
                _lesson(0),
                _lesson(1),
                Step("a break", 15),
                _lesson(2),
                _lesson(3),
                Step("lunch", 60),
                _lesson(4),
                _lesson(7),
                Step("a break", 15),
                _lesson(8),
                _lesson(10),
                Step("a break", 10),
                Step("what ran over; extras for those who are done", 20),
                Step("lesson 11's score board on somebody's parts; what to do on Monday", 10),
            ),
        ),
    )


def _lesson(number: int) -> Step:
    lesson = kits_lessons()[number]
    return Step(f"lesson {number}: {lesson.title}", lesson.minutes)
