"""The notebooks: in one form, the same at every run, and passed with the kit's own answers."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from authlab.course import derive
from authlab.course.curriculum import Lesson, lessons
from authlab.course.notebooks import canonical, differences, problems, rerun, text
from authlab.course.places import NOTEBOOKS, ROOT, SOLUTIONS

EACH = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)


def read(lesson: Lesson) -> Any:
    return nbformat.read(lesson.notebook, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@EACH
def test_a_notebook_is_stored_in_its_canonical_form(lesson: Lesson) -> None:
    assert problems(lesson.notebook) == []


@EACH
def test_a_notebook_holds_nothing_of_the_machine_or_the_moment(lesson: Lesson) -> None:
    """No path, no port, no version, no ignore tag."""
    stored = lesson.notebook.read_text(encoding="utf-8")
    for found in (
        str(ROOT),
        "/home/",
        "/root/",
        "/tmp/",
        "C:\\\\",
        "127.0.0.1",
        "localhost:",
        "NBVAL",
        "nbval-",
    ):
        assert found not in stored, found


@EACH
def test_a_notebook_asks_every_exercise_of_its_lesson(lesson: Lesson) -> None:
    asked = re.findall(r'check\("([\d.]+)"\)', "\n".join(cell.source for cell in code_cells(read(lesson))))
    assert asked == [exercise.id for exercise in lesson.exercises]


@EACH
def test_every_cell_has_a_sentence_before_it_and_is_short(lesson: Lesson) -> None:
    cells = read(lesson).cells
    for cell in code_cells(read(lesson)):
        assert len([line for line in cell.source.splitlines() if line.strip()]) <= 9, cell.id
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"


def test_nbval_finds_every_output_as_it_is_stored(tmp_path: Path) -> None:
    """The command that CI and readers run, on fresh stubs: whatever a learner has written stays out of it."""
    derive.write_stubs(tmp_path)
    env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    env.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
        + [str(lesson.notebook) for lesson in lessons()],
        cwd=ROOT,
        env={**env, "AUTHLAB_ANSWERS": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    cells = sum(len(code_cells(read(lesson))) for lesson in lessons())
    assert f"{cells} passed" in done.stdout


@EACH
def test_with_the_kits_answers_every_verdict_says_passed(lesson: Lesson) -> None:
    notebook = rerun(lesson.notebook, SOLUTIONS)
    verdicts = {
        cell.source: cell.outputs[0].data["text/plain"]
        for cell in code_cells(notebook)
        if cell.source.startswith("check(")
    }
    assert len(verdicts) == len(lesson.exercises)
    assert [source for source, shown in verdicts.items() if not shown.startswith("✓")] == []
    assert [o.ename for cell in code_cells(notebook) for o in cell.outputs if o.output_type == "error"] == []


def test_a_learners_answers_change_no_stored_output(kit: Path) -> None:
    """`test` proves the kit, `check` judges the learner: a broken file of answers changes no output."""
    answers = kit / "exercises/lesson_00_start_here.py"
    answers.write_text("def see_other(:", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "authlab", "dev", "notebooks", "lesson_00"],
        cwd=kit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "lesson_00_start_here.ipynb: the same")
    assert answers.read_text(encoding="utf-8") == "def see_other(:"


class TestDifferences:
    """What an author reads when an output has changed."""

    def notebook(self, path: Path, output: str) -> Any:
        cell = nbformat.v4.new_code_cell("print(1)", id="print-one")  # type: ignore[no-untyped-call]
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]  # type: ignore[no-untyped-call]
        made = canonical(nbformat.v4.new_notebook(cells=[cell]))  # type: ignore[no-untyped-call]
        path.write_text(text(made), encoding="utf-8")
        return made

    def test_a_changed_line_is_shown_under_its_cell(self, tmp_path: Path) -> None:
        fresh = self.notebook(tmp_path / "fresh.ipynb", "one\nTWO\n")
        self.notebook(tmp_path / "stored.ipynb", "one\ntwo\n")
        assert differences(tmp_path / "stored.ipynb", fresh) == [
            "  cell print-one",
            "    @@ -1,2 +1,2 @@",
            "     one",
            "    -two",
            "    +TWO",
        ]

    def test_the_same_is_no_difference(self, tmp_path: Path) -> None:
        fresh = self.notebook(tmp_path / "stored.ipynb", "one\n")
        assert differences(tmp_path / "stored.ipynb", fresh) == []

    def test_a_form_that_is_not_canonical_is_told(self, tmp_path: Path) -> None:
        fresh = self.notebook(tmp_path / "stored.ipynb", "one\n")
        stored = tmp_path / "stored.ipynb"
        stored.write_text(stored.read_text(encoding="utf-8").replace('"name": "python3"', '"name": "other"'))
        assert differences(stored, fresh) == ["  the form only: ids, counts or metadata"]
        assert problems(stored) == ["stored.ipynb: not in canonical form"]

    def test_a_cell_that_was_never_run_is_a_problem(self, tmp_path: Path) -> None:
        self.notebook(tmp_path / "stored.ipynb", "one\n")
        stored = tmp_path / "stored.ipynb"
        stored.write_text(
            stored.read_text(encoding="utf-8").replace('"execution_count": 1', '"execution_count": null')
        )
        assert "stored.ipynb: print-one was never run" in problems(stored)


def test_there_is_a_notebook_for_every_lesson_and_no_other() -> None:
    assert sorted(NOTEBOOKS.glob("*.ipynb")) == [lesson.notebook for lesson in lessons()]
