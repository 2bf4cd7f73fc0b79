"""The notebooks: in one form, the same at every run, and passed with the kit's own answers."""

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from authlab.course import derive
from authlab.course.curriculum import Lesson, lessons
from authlab.course.notebooks import canonical, differences, problems, rerun, text, the_kits
from authlab.course.places import NOTEBOOKS, ROOT, SOLUTIONS
from tests.copied_kit import write_stubs

new_code_cell: Any = nbformat.v4.new_code_cell
EACH = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
# In each of them the judge is the same: what lies between is for `test --full`.
FIRST_AND_LAST = pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(lesson, id=lesson.stem, marks=[pytest.mark.full] if lesson in lessons()[1:-1] else [])
        for lesson in lessons()
    ],
)


def kits(lesson: Lesson) -> str:
    """Return the kit's own notebook: a learner's saved one, with their verdicts in it, is none of our
    business."""
    text = the_kits(lesson.notebook)
    if text is None:
        pytest.skip(
            f"{lesson.notebook.name} was saved by its owner, and there is no git to get the kit's from"
        )
    return text


def read(lesson: Lesson) -> Any:
    return nbformat.reads(kits(lesson), as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    """A folder with the kit's own notebooks."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    for lesson in lessons():
        (folder / lesson.notebook.name).write_text(kits(lesson), encoding="utf-8")
    return folder


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@EACH
def test_a_notebook_is_stored_in_its_canonical_form(lesson: Lesson, pristine: Path) -> None:
    assert problems(pristine / lesson.notebook.name) == []


@EACH
def test_a_notebook_holds_nothing_of_the_machine_or_the_moment(lesson: Lesson) -> None:
    """No path, no port, no version, no ignore tag."""
    stored = kits(lesson)
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


@EACH
def test_every_picture_and_every_output_has_text(lesson: Lesson) -> None:
    """Who hears a lesson, or reads it where no HTML is shown, gets the same."""
    cells = read(lesson).cells
    assert [picture for cell in cells if cell.cell_type == "markdown" for picture in mute(cell.source)] == []
    shown = [output.data for cell in code_cells(read(lesson)) for output in cell.outputs if "data" in output]
    assert shown
    for data in shown:
        assert set(data) <= {"text/html", "text/plain"}, "a picture's own type has no text beside it"
        assert data["text/plain"].strip()
        assert not data["text/plain"].startswith("<"), "it names an object, and does not say what is shown"
        assert mute(data.get("text/html", "")) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("![](a.png)", ["![](a.png)"]),
        ("![A lane for each layer](a.png)", []),
        ('<img src="a.png">', ['<img src="a.png">']),
        ('<img src="a.png" alt=" ">', ['<img src="a.png" alt=" ">']),
        ('<img src="a.png" alt="A lane for each layer">', []),
        ("<svg>", ["<svg>"]),
        ('<svg role="img">', ['<svg role="img">']),
        ('<svg role="img" aria-label="A lane for each layer">', []),
    ],
)
def test_a_picture_without_text_is_found(source: str, told: list[str]) -> None:
    assert mute(source) == told


def mute(source: str) -> list[str]:
    """Return the pictures in Markdown or HTML that say nothing to who cannot see them."""
    pictures = re.findall(r"!\[[^\]]*\]\([^)]*\)|<(?:img|svg|canvas)\b[^>]*>", source)
    words = r'"[^"]*[^\s"]'
    said = re.compile(
        rf"!\[[^\]]*[^\s\]]|<img\b.* alt={words}|<(?:svg|canvas) role=\"img\" aria-label={words}"
    )
    return [picture for picture in pictures if not said.match(picture)]


def test_nbval_finds_every_output_as_it_is_stored(tmp_path: Path, pristine: Path) -> None:
    """The command that CI and readers run, on fresh stubs: whatever a learner has written stays out of it."""
    write_stubs(tmp_path)
    env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    env.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
    env |= {"AUTHLAB_ANSWERS": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--nbval",
            "--nbval-current-env",
            "-q",
            "-p",
            "no:cacheprovider",
            ".",
        ],
        cwd=pristine,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    cells = sum(len(code_cells(read(lesson))) for lesson in lessons())
    assert f"{cells} passed" in done.stdout


@pytest.mark.full
@EACH
def test_a_whole_lesson_with_the_kits_answers_ends_in_no_error(lesson: Lesson, pristine: Path) -> None:
    """It is run as a learner runs it who has solved it all."""
    notebook = rerun(pristine / lesson.notebook.name, SOLUTIONS)
    assert not_passed(notebook) == []
    assert [o.ename for cell in code_cells(notebook) for o in cell.outputs if o.output_type == "error"] == []


@FIRST_AND_LAST
def test_with_right_answers_every_verdict_says_passed(lesson: Lesson, pristine: Path, tmp_path: Path) -> None:
    """The package's own, and then the bank's, in other styles. Only the cells that judge are run."""
    styles = tmp_path / "styles"
    styles.mkdir()
    derive.write_alternatives(styles, turn=0)
    notebook = read(lesson)
    judged = [cell for cell in code_cells(notebook) if cell.source.startswith("check(")]
    assert len(judged) == len(lesson.exercises)
    turn_to = f"import os\nos.environ['AUTHLAB_ANSWERS'] = {str(styles)!r}"
    notebook.cells = [
        new_code_cell("from authlab.lab import check"),
        *judged,
        new_code_cell(turn_to),
        *copy.deepcopy(judged),
    ]
    judging = pristine / "judging.ipynb"
    judging.write_text(text(canonical(notebook)), encoding="utf-8")
    assert not_passed(rerun(judging, SOLUTIONS)) == []


def not_passed(notebook: Any) -> list[str]:
    """Return the cells of a notebook that was run whose verdict is another than passed."""
    judged = [cell for cell in code_cells(notebook) if cell.source.startswith("check(")]
    assert judged
    return [cell.source for cell in judged if not cell.outputs[0].data["text/plain"].startswith("✓")]


@pytest.mark.full
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


class TestWhoseNotebook:
    """Saving a lesson makes it its owner's; the kit's own is still to be had."""

    def test_a_saved_lesson_is_its_owners(self, kit: Path) -> None:
        code = (
            "from authlab.course.curriculum import lessons; from authlab.course.notebooks import *; "
            "first = lessons()[0].notebook; print(is_the_kits(first), the_kits(first) is not None)"
        )

        def say() -> str:
            command = [sys.executable, "-c", code]
            return subprocess.run(command, cwd=kit, capture_output=True, text=True, check=True).stdout.strip()

        def git(*arguments: str) -> None:
            identity = ["-c", "user.name=Ada", "-c", "user.email=ada@lab.test"]
            subprocess.run(["git", *identity, *arguments], cwd=kit, check=True, capture_output=True)

        notebook = kit / "notebooks/lesson_00_start_here.ipynb"
        assert say() == "True True"
        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "-m", "the kit")
        notebook.write_text(
            notebook.read_text(encoding="utf-8").replace("forgets", "remembers"), encoding="utf-8"
        )
        assert say() == "False True"
        git("commit", "--quiet", "-a", "-m", "my answers")
        assert say() == "False True"
        shutil.rmtree(kit / ".git")
        assert say() == "False False"


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
    """Beside them are the learner's: their own, and those that `update` names lesson_NN_topic.mine.ipynb."""
    kits = [path for path in NOTEBOOKS.glob("lesson_*.ipynb") if "." not in path.stem]
    assert sorted(kits) == [lesson.notebook for lesson in lessons()]
