"""Who stands in the table of grading: nbgrader and otter, each with a course of its own, as their guides say.

Their assignment is lighter than a lesson here: six functions of pure Python with five asserts each, in a
notebook, no database and no app.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_raw_cell

FUNCTIONS = 6
SOLUTION = """\
def problems_{0}(password):
    found = []
    if len(password) < 8:
        found.append("short")
    if not any(character.isalpha() for character in password):
        found.append("letter")
    if not any(character.isdigit() for character in password):
        found.append("number")
    return found"""
TESTS = """\
assert problems_{0}("a1") == ["short"]
assert problems_{0}("12345678") == ["letter"]
assert problems_{0}("abcdefgh") == ["number"]
assert problems_{0}("") == ["short", "letter", "number"]
assert problems_{0}("abcdefg1") == []"""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def nbgrader(folder: Path, commands: Path, learners: int) -> Callable[[], None]:
    """Return a function that grades so many submissions with nbgrader."""
    _write(folder / "source/ps1/p1.ipynb", _of_nbgrader("### BEGIN SOLUTION\n{}\n### END SOLUTION"))
    for learner in range(learners):
        _write(folder / f"submitted/s{learner}/ps1/p1.ipynb", _of_nbgrader(f"{{}}\n# {learner}"))
    (folder / "nbgrader_config.py").write_text("get_config().CourseDirectory.course_id = 'c'\n", "utf-8")
    _run(folder, commands, "nbgrader", "generate_assignment", "ps1")
    return lambda: _run(folder, commands, "nbgrader", "autograde", "ps1", "--force")


def otter(folder: Path, commands: Path) -> Callable[[], None]:
    """Return a function that grades one submission with otter, in no container."""
    config = "# ASSIGNMENT CONFIG\ninit_cell: false\ngenerate: true\nexport_cell: false\nrun_tests: false"
    cells = [new_raw_cell(config)]
    for number in range(FUNCTIONS):
        cells += [new_raw_cell(f"# BEGIN QUESTION\nname: q{number}"), new_raw_cell("# BEGIN SOLUTION")]
        cells += [new_code_cell(SOLUTION.format(number)), new_raw_cell("# END SOLUTION")]
        cells += [new_raw_cell("# BEGIN TESTS")]
        cells += [new_code_cell(line) for line in TESTS.format(number).splitlines()]
        cells += [new_raw_cell("# END TESTS"), new_raw_cell("# END QUESTION")]
    _write(folder / "master.ipynb", cells)
    _run(folder, commands, "otter", "assign", "master.ipynb", "dist", "--no-run-tests", "--no-pdfs")
    _write(folder / "answers.ipynb", [new_code_cell(SOLUTION.format(number)) for number in range(FUNCTIONS)])
    grader = next(folder.glob("dist/autograder/*.zip"))
    return lambda: _run(folder, commands, "otter", "run", "-a", str(grader), "answers.ipynb", "--no-logo")


def _of_nbgrader(answer: str) -> list[Any]:
    def marked(name: str, *, graded: bool) -> dict[str, Any]:
        mark = {"schema_version": 3, "grade_id": name, "grade": graded, "solution": not graded}
        return {"nbgrader": {**mark, "locked": graded, "task": False, **({"points": 1} if graded else {})}}

    cells = []
    for number in range(FUNCTIONS):
        source = answer.format(SOLUTION.format(number))
        cells.append(new_code_cell(source, metadata=marked(f"s{number}", graded=False)))
        cells.append(new_code_cell(TESTS.format(number), metadata=marked(f"t{number}", graded=True)))
    return cells


def _write(path: Path, cells: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)


def _run(folder: Path, commands: Path, name: str, *arguments: str) -> None:
    """Run one of their commands, which start kernels by the path."""
    environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        [str(commands / name), *arguments], cwd=folder, env=environment, capture_output=True, check=True
    )
