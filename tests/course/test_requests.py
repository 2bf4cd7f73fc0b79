"""The requests that a verdict gives to paste: each shows the hole on the flaws that its check names.

On the package's app each shows that there is none.
"""

from contextlib import closing
from typing import Any

import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, exercises
from authlab.lab import notebook
from authlab.lab.apps import LabApp
from authlab.lab.remote import RemoteApp
from tests.course.lesson_checks import checks_of


def requests_of(asked: Exercise) -> dict[str, Any]:
    """Return the request marks of an exercise's checks, by the check's name."""
    found = {}
    for name, check in checks_of(asked).items():
        for mark in getattr(check, "pytestmark", ()):
            if mark.name == "request":
                found[name] = mark
    return found


WITH_A_REQUEST = [
    pytest.param(mark, id=f"{asked.id} {name}")
    for asked in exercises()
    for name, mark in requests_of(asked).items()
]
ON_A_FLAW = [
    pytest.param(requests_of(asked)[flaw.caught_by], flaw, id=f"{asked.id} {flaw.name}")
    for asked in exercises()
    for flaw in bank.flaws_of(asked.part)
    if flaw.caught_by in requests_of(asked)
]


def pasted(mark: Any, app: Any) -> object:
    """Return what the last line of a request says, as in a cell of a notebook."""
    steps, *_ = mark.args
    names: dict[str, Any] = {**vars(notebook), "app": app, "browser": app.browser()}
    for step in steps[:-1]:
        exec(step, names)
    return eval(steps[-1], names)


@pytest.mark.parametrize("mark", WITH_A_REQUEST)
def test_where_the_hole_is_closed_it_says_what_is_right(mark: Any) -> None:
    _, closed, sessions = mark.args
    with closing(LabApp(sessions=sessions)) as app:
        assert pasted(mark, app) == closed


@pytest.mark.parametrize(("mark", "flaw"), ON_A_FLAW)
@pytest.mark.full
def test_where_the_hole_is_it_says_something_else(mark: Any, flaw: bank.Flaw) -> None:
    """The flaw alone, as if a learner had written it."""
    _, closed, sessions = mark.args
    with closing(RemoteApp(flaw=flaw.name, alone=True, sessions=sessions)) as app:
        assert pasted(mark, app) != closed
