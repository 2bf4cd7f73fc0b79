"""A misconception is named only where it is true: a wrong diagnosis is worse than none.

Flaws are named as themselves (see `test_messages`). Here are two more kinds of wrong answers: two flaws at
once, and small mistakes that nobody meant.
"""

import ast
import inspect
import random
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from authlab.course import bank, derive
from authlab.course.curriculum import Exercise, exercises
from authlab.course.engine import Engine, Result
from authlab.course.mounting import mounted, original
from tests.course.lesson_checks import checks_of
from tests.course.mutants import mutants_of

pytestmark = pytest.mark.full

PAIRS_OF_AN_EXERCISE = 12
MUTANTS_OF_AN_EXERCISE = 12

PARTS = [asked for asked in exercises() if asked.kind in ("build", "fix")]
FUNCTIONS = [asked for asked in PARTS if inspect.isfunction(inspect.unwrap(original(asked.part)))]


def some(kind: list[Any], number: int, asked: Exercise) -> list[Any]:
    """Return some of many, the same ones each time."""
    return kind if len(kind) <= number else random.Random(asked.id).sample(kind, number)


def hand_in(folder: Path, asked: Exercise, answer: str) -> None:
    """Write a file with one answer in it."""
    (folder / asked.file_name).write_text(answer, encoding="utf-8")


# Two flaws at once: wrong as the first is wrong, and where that one is right, as the second.

BOTH = """\
from authlab.course import bank
from authlab.course.mounting import original

right, first, second = original({part!r}), *(bank.flaw_named(name).answer for name in {names!r})


def outcome(function, args, kwargs):
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, repr(error)


def {name}(*args, **kwargs):
    chosen = first if outcome(first, args, kwargs) != outcome(right, args, kwargs) else second
    return chosen(*args, **kwargs)
"""

# What changes a database, or a request, cannot be called three times and compared.
STATEFUL = {"db", "request", "response", "environ", "session", "browser"}


def is_pure(asked: Exercise) -> bool:
    return not STATEFUL & set(inspect.signature(original(asked.part)).parameters)


@pytest.mark.parametrize("asked", [one for one in FUNCTIONS if is_pure(one)], ids=lambda asked: asked.id)
def test_of_two_flaws_at_once_one_is_named_or_none(engine: Engine, stubs: Path, asked: Exercise) -> None:
    pairs = list(combinations(bank.flaws_of(asked.part), 2))
    for first, second in some(pairs, PAIRS_OF_AN_EXERCISE, asked):
        names = (first.name, second.name)
        hand_in(stubs, asked, BOTH.format(part=asked.part, names=names, name=asked.name))
        said = engine.check(asked, stubs)
        assert said.status == "failed", (names, said.message)
        assert said.misconception in (first.misconception, second.misconception, None), names


# Small mistakes


def mutated(asked: Exercise) -> list[str]:
    """Return files of answers, each the package's own with one thing in it changed."""
    files = []
    with_answers = ast.parse(derive.solution_file(lesson(asked)))
    place = next(i for i, node in enumerate(with_answers.body) if getattr(node, "name", "") == asked.name)
    for mutant in mutants_of(with_answers.body[place]):
        body = [*with_answers.body[:place], mutant, *with_answers.body[place + 1 :]]
        files.append(ast.unparse(ast.Module(body, [])))
    return files


def lesson(asked: Exercise) -> Any:
    from authlab.course.curriculum import lesson_of

    return lesson_of(asked)


def calls_of(asked: Exercise) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return what the exercise's own checks call the part with, of those that need no fixture."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def note(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs))
        return original(asked.part)(*args, **kwargs)

    with mounted({asked.part: note}):
        for check in checks_of(asked).values():
            if list(inspect.signature(check).parameters) == ["self"]:
                check(None)
    return calls


def outcome(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    try:
        return repr(function(*args, **kwargs))
    except Exception as error:
        return type(error).__name__


def named_flaw(asked: Exercise, said: Result) -> bank.Flaw:
    return next(flaw for flaw in bank.flaws_of(asked.part) if flaw.misconception == said.misconception)


@pytest.mark.parametrize("asked", FUNCTIONS, ids=lambda asked: asked.id)
def test_a_small_mistake_is_named_only_after_a_flaw_that_does_the_same(
    engine: Engine, stubs: Path, asked: Exercise
) -> None:
    """A mutant that is named after a flaw is wrong wherever the flaw is, of all calls that the checks make.

    It may be wrong elsewhere as well, as two flaws at once are: what is said of it is true all the same.
    """
    calls = calls_of(asked) if is_pure(asked) else []
    for text in some(mutated(asked), MUTANTS_OF_AN_EXERCISE, asked):
        hand_in(stubs, asked, text)
        said = engine.check(asked, stubs)
        if said.misconception is None:
            continue
        flaw = named_flaw(asked, said)
        names: dict[str, Any] = {"__name__": "mutant"}
        exec(compile(text, "mutant", "exec"), names)
        for args, kwargs in calls:
            wrong = outcome(flaw.answer, args, kwargs)
            if wrong != outcome(original(asked.part), args, kwargs):
                assert outcome(names[asked.name], args, kwargs) == wrong, (flaw.name, args, text)
