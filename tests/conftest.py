"""Before any test module loads the app: its parts get their slots, so that checks can mount flaws."""

from authlab.course import mounting
from authlab.course.curriculum import exercises
from authlab.course.parts import PARTS

mounting.install({*PARTS, *(exercise.part for exercise in exercises())})


def pytest_configure(config):  # type: ignore[no-untyped-def]
    config.addinivalue_line("markers", "exercise(id): the exercise that a check is for")
