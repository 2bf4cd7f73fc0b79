"""What every lesson and exercise has, so that none is thinner than the others."""

import re
from itertools import pairwise
from typing import Any

import nbformat
import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, Lesson, exercises, lessons
from authlab.course.notebooks import the_kits
from authlab.lab.verdict import check_cell

WORDS_A_MINUTE = 230  # how fast people read prose that is not a novel
MINUTES_AN_OUTPUT = 0.25

EACH_LESSON = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
EACH_EXERCISE = pytest.mark.parametrize("asked", exercises(), ids=lambda asked: asked.id)


def cells_of(lesson: Lesson) -> list[Any]:
    text = the_kits(lesson.notebook)
    if text is None:
        pytest.skip(f"{lesson.notebook.name} is its owner's, and there is no git to get the kit's from")
    return list(nbformat.reads(text, as_version=4).cells)  # type: ignore[no-untyped-call]


def test_all_four_kinds_are_asked() -> None:
    assert {asked.kind for asked in exercises()} == {"build", "fix", "break", "prove"}


def test_exercises_are_numbered_in_their_order() -> None:
    assert [asked.id for asked in exercises()] == [
        f"{lesson.number}.{number}"
        for lesson in lessons()
        for number, _ in enumerate(lesson.exercises, start=1)
    ]


@EACH_LESSON
def test_a_lesson_takes_25_to_45_minutes(lesson: Lesson) -> None:
    """Its exercises included, but for the extras: its words at a reader's pace, and a look at each output."""
    sections: list[list[Any]] = [[]]
    for cell in cells_of(lesson):
        if cell.source.startswith("## "):
            sections.append([])
        sections[-1].append(cell)
    cells = [cell for section in sections if not is_extra(section) for cell in section]
    words = sum(len(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    outputs = sum(cell.cell_type == "code" for cell in cells)
    asked = sum(exercise.minutes for exercise in lesson.exercises if not exercise.extra)
    assert 25 <= lesson.minutes <= 45
    assert words / WORDS_A_MINUTE + outputs * MINUTES_AN_OUTPUT + asked <= lesson.minutes


def is_extra(section: list[Any]) -> bool:
    return bool(section) and section[0].source.startswith("## Extra: ")


@EACH_LESSON
def test_a_prediction_comes_with_its_output_folded(lesson: Lesson) -> None:
    """Whoever sees the answer does not predict it; and a folded output that nobody announced is a riddle."""
    predictions = 0
    for before, cell in pairwise(cells_of(lesson)):
        if cell.cell_type != "code":
            continue
        announced = before.cell_type == "markdown" and "Predict, then run" in before.source
        folded = bool(cell.metadata.get("jupyter", {}).get("outputs_hidden"))
        assert announced == folded, cell.id
        # JupyterLab writes the first line of a folded text beside the dots; a display's first line is empty.
        assert not folded or all("text/html" in output.get("data", {}) for output in cell.outputs), cell.id
        predictions += folded
    assert predictions >= 2


@EACH_LESSON
def test_a_lesson_names_its_exercises_and_what_comes_next(lesson: Lesson) -> None:
    prose = "\n".join(cell.source for cell in cells_of(lesson) if cell.cell_type == "markdown")
    for asked in lesson.exercises:
        extra = ", an extra" if asked.extra else ""
        assert f"**Exercise {asked.id}, {asked.kind}{extra}." in prose
    assert f"about {lesson.minutes} minutes" in prose
    assert lesson.question in prose
    if lesson is not lessons()[-1]:
        following = lessons()[lesson.number + 1]
        assert f"**Next: [lesson {following.number}]({following.notebook.name}).**" in prose


@EACH_EXERCISE
def test_an_exercise_says_what_it_wants(asked: Exercise) -> None:
    assert asked.objectives
    assert asked.out_of_scope
    assert 1 <= asked.minutes <= 15
    assert 3 <= len(asked.hints) <= 4
    assert len(set(asked.hints)) == len(asked.hints)


@EACH_EXERCISE
def test_an_exercise_is_held_against_four_wrong_answers_and_two_right_ones(asked: Exercise) -> None:
    """Of a proof, two bad ones may be all that there is to get wrong in that many ways."""
    assert len(bank.flaws_of(asked.part)) >= (2 if asked.kind == "prove" else 4)
    assert len(bank.alternatives_of(asked.part)) >= 2


@EACH_EXERCISE
def test_no_misconception_serves_two_flaws(asked: Exercise) -> None:
    told = [flaw.misconception for flaw in bank.flaws_of(asked.part)]
    assert sorted(told) == sorted(set(told))


@EACH_EXERCISE
def test_a_misconception_is_one_sentence_or_two(asked: Exercise) -> None:
    for flaw in bank.flaws_of(asked.part):
        assert re.search(r"[.!?`]$", flaw.misconception), flaw.name
        assert 20 <= len(flaw.misconception) <= 260, flaw.name


HEADING = re.compile(r"^(#{1,6}) +(.+)$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@EACH_LESSON
def test_a_lesson_s_headings_are_its_outline(lesson: Lesson) -> None:
    """JupyterLab makes its table of contents of them: one title, no level left out, no two alike."""
    prose = "\n\n".join(CODE_BLOCK.sub("", c.source) for c in cells_of(lesson) if c.cell_type == "markdown")
    headings = [(len(marks), words) for marks, words in HEADING.findall(prose)]
    levels = [level for level, _ in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert headings[0][1] == lesson.title
    assert [deeper for level, deeper in pairwise(levels) if deeper > level + 1] == []
    words = [said for _, said in headings]
    assert len(set(words)) == len(words)
    assert [said for said in words if said.endswith((".", ":"))] == []
    assert words[-2:] == ["What the guide says, and where it goes wrong", "What you did"]


@EACH_LESSON
def test_an_exercise_is_found_from_the_outline_and_from_the_progress_card(lesson: Lesson) -> None:
    """Each stands under a heading of a section, and the cell that checks it has the id that links lead to."""
    section = ""
    asked: dict[str, str] = {}
    checked: dict[str, tuple[str, str]] = {}
    for cell in cells_of(lesson):
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                section = line if line.startswith("## ") else section
                if found := re.match(r"\*\*Exercise ([\d.]+),", line):
                    asked[found[1]] = section
        elif found := re.fullmatch(r'check\("([\d.]+)"\)', cell.source.strip()):
            checked[found[1]] = (cell.id, section)
    for exercise in lesson.exercises:
        assert asked[exercise.id], exercise.id
        assert checked[exercise.id] == (check_cell(exercise.id), asked[exercise.id])
