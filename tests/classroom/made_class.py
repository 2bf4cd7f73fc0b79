"""A class that is made up: different submissions of one lesson, from the bank's flaws and right answers."""

import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from authlab.course import bank, derive
from authlab.course.curriculum import Lesson
from authlab.course.places import ROOT
from tests.cli.typed import environment

# As `python3 -m authlab`, with this one action: the others of `class` are of no concern here. What else would
# be in memory is among the temporary files, so that leftovers are seen there.
TYPED = (
    "import importlib, pathlib, sys, tempfile; from authlab.course import places; "
    "places.IN_MEMORY = pathlib.Path(tempfile.gettempdir()); "
    "actions = importlib.import_module('authlab.cli.class').ACTIONS; "
    "[actions.pop(name) for name in list(actions) if name != 'grade']; "
    "from authlab.cli import main; sys.exit(main(sys.argv[1:]))"
)


def typed(*arguments: str, temporary: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Type `authlab class grade ARGUMENTS`, with a folder for temporary files."""
    extra = {} if temporary is None else {"TMPDIR": str(temporary)}
    return subprocess.run(
        [sys.executable, "-c", TYPED, "class", "grade", *arguments],
        cwd=ROOT, env=environment(**extra), capture_output=True, encoding="utf-8", timeout=900,
    )  # fmt: skip


def make_class(home: Path, lesson: Lesson, learners: int, *, seed: int = 1) -> None:
    """Hand in for so many learners: some as folders, some as zips, some as nested as a whole clone."""
    home.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(answer_files(lesson, learners, seed)):
        name = f"learner-{number:04}"
        if number % 3 == 0:
            folder = home / name / "exercises"
            folder.mkdir(parents=True)
            (folder / f"{lesson.stem}.py").write_text(text, encoding="utf-8")
        elif number % 3 == 1:
            folder = home / name
            folder.mkdir()
            (folder / f"{lesson.stem}.py").write_text(text, encoding="utf-8")
        else:
            with zipfile.ZipFile(home / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr(f"authlab/exercises/{lesson.stem}.py", text)


def put_loops(home: Path, lesson: Lesson, learners: int) -> None:
    """Hand in an endless loop for so many more: all different, and each a time-out of the first exercise."""
    for number in range(learners):
        folder = home / f"loop-{number:04}"
        folder.mkdir()
        text = f"def {lesson.exercises[0].name}(*arguments):\n    while True: {number}\n"
        (folder / f"{lesson.stem}.py").write_text(text, encoding="utf-8")


def answer_files(lesson: Lesson, number: int, seed: int = 1) -> Iterator[str]:
    """Yield files of answers: right ones of the bank, flaws, and untouched stubs, in some mixture."""
    chance = random.Random(seed)
    known = {
        asked.id: [*bank.flaws_of(asked.part), *bank.alternatives_of(asked.part) * 3]
        for asked in lesson.exercises
    }
    for learner in range(number):
        answered = {
            asked.id: chance.choice(known[asked.id])
            for asked in lesson.exercises
            if known[asked.id] and chance.random() < 0.85
        }
        yield f"{derive.answered_file(lesson, answered)}\n# handed in by {learner}\n"
