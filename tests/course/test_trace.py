"""The trace of the guide: no feature without a home, a lesson and a check, and the pages derived from it."""

import ast
import importlib
from functools import cache

import pytest

from authlab.course import docs, trace
from authlab.course.curriculum import exercises, lessons
from authlab.course.places import ROOT
from authlab.course.trace import Row, rows


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_of_the_66_features_has_a_row() -> None:
    assert [row.number for row in rows()] == list(range(1, 67))


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_row_has_a_home_that_is_there(row: Row) -> None:
    """A function or class of the package, or, for what is told and not coded, a page."""
    assert row.home
    for home in row.home:
        if ":" in home:
            module, _, name = home.partition(":")
            assert hasattr(importlib.import_module(module), name), home
        else:
            assert (ROOT / home).exists(), home


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_row_has_a_test_that_is_there(row: Row) -> None:
    path, _, name = row.check.rpartition("::")
    assert name in functions_in(path)


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_row_is_taught_in_its_lesson_or_pending(row: Row) -> None:
    """A written lesson lists the rows it teaches, and an exercise belongs to the lesson of its row."""
    assert row.lesson in range(12)
    written = {lesson.number: lesson for lesson in lessons()}
    assert row.pending is (row.lesson not in written)
    if row.pending:
        assert row.exercise is None
        return
    assert row.number in written[row.lesson].rows
    if row.exercise is not None:
        known = {exercise.id: exercise.lesson for exercise in exercises()}
        assert known[row.exercise] == written[row.lesson].stem


def test_a_lesson_claims_no_row_of_another() -> None:
    """What a lesson's own data says and what the trace says is the same."""
    for lesson in lessons():
        assert list(lesson.rows) == [row.number for row in rows() if row.lesson == lesson.number]


def test_twelve_lessons_are_planned() -> None:
    assert [lesson.number for lesson in trace.planned()] == list(range(12))


def test_the_derived_pages_are_what_they_are_derived_from() -> None:
    """`python3 -m authlab dev build` makes them; nobody edits them by hand."""
    for path, text in docs.files():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_each_asvs_row_has_one_test_with_a_claim() -> None:
    ticked = docs.ticked()
    numbers = [number for number, _, _ in ticked]
    assert len(numbers) == len(set(numbers))
    assert all(claim.endswith(".") for _, claim, _ in ticked)


ASVS_ROWS = """
2.1.1 2.1.3 2.2.1 2.2.2 2.3.1 2.3.3 2.4.1 3.2.2 3.3.1 3.3.2 3.3.3 3.3.4 3.3.5 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5
3.4.6 3.4.8 3.5.1 3.5.2 3.5.3 3.7.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.3.1
6.3.2 6.3.8 7.1.1 7.1.2 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 8.1.1
8.1.2 8.2.1 8.2.2 8.2.3 8.3.1 8.3.2 9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 14.2.1 14.2.2 14.2.6 14.3.1 14.3.2
14.3.3
"""


def test_the_rows_that_we_set_out_to_tick_are_ticked() -> None:
    """The list is written here once more, so that a test that is deleted is missed."""
    wanted = [tuple(int(part) for part in row.split(".")) for row in ASVS_ROWS.split()]
    assert [number for number, _, _ in docs.ticked()] == wanted


def test_the_readers_are_told_which_libraries_to_use() -> None:
    """The guide's first advice and its last: an authentication library, and further reading."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "In production, use a well-kept library." in readme
    for library in ("Django", "Flask-Login", "Authlib", "argon2-cffi", "itsdangerous"):
        assert library in security
