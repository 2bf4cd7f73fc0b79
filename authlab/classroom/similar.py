"""Answers that are alike. They are shown, and called nothing else: people talk, and often there is one
natural way to write it.

An answer is compared without its names, texts, comments and spacing, as a set of short stretches of its
syntax, less those of the stub that everybody began with. Below a certain size it is not compared at all.
"""

import ast
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from authlab.course import derive
from authlab.course.curriculum import Exercise, lesson_of, select

STRETCH = 6  # steps of syntax that are compared together
MIN_STRETCHES = 40  # about ten lines: below that, alike says nothing
ALIKE = 0.8  # of the stretches that two have together

MOST_PAIRS = 50  # of one exercise

Fingerprint: TypeAlias = "array[int]"  # sorted, of 64 bits each


@dataclass(frozen=True, slots=True)
class Alike:
    """Some answers to one exercise with the same syntax, or two of which `share` is the same."""

    exercise: str
    learners: tuple[str, ...]
    share: float
    solution: bool  # whether the kit's own answer is alike as well


def fingerprint(asked: Exercise, tree: ast.Module) -> "Fingerprint | None":
    """Return what an answer is compared by, made from the tree of its file; None for a small one."""
    own = _stretches(tree, asked) - _of_the_stub(asked)
    return array("q", sorted(own)) if len(own) >= MIN_STRETCHES else None


def alike(prints: Mapping[str, Mapping[str, "Fingerprint"]]) -> list[Alike]:
    """Return the answers that are alike, exercise by exercise. `prints` has them by learner and exercise.

    Where there are more pairs than anybody would read, it is the most alike ones.
    """
    by_exercise: dict[str, dict[bytes, list[str]]] = {}
    for learner, of_learner in prints.items():
        for exercise_id, made in of_learner.items():
            by_exercise.setdefault(exercise_id, {}).setdefault(made.tobytes(), []).append(learner)
    found = []
    for exercise_id, groups in by_exercise.items():
        solution = _of_the_solution(select(exercise_id)[0])
        sets = [frozenset(array("q", made)) for made in groups]
        same = list(groups.values())
        for numbers, learners in zip(sets, same, strict=True):
            if len(learners) > 1:
                found.append(Alike(exercise_id, tuple(learners), 1.0, _share(numbers, solution) >= ALIKE))
        near = [(-_share(sets[one], sets[other]), one, other) for one, other in _pairs(sets)]
        for share, one, other in sorted(near)[:MOST_PAIRS]:
            if -share >= ALIKE:
                known = min(_share(sets[one], solution), _share(sets[other], solution)) >= ALIKE
                found.append(Alike(exercise_id, (same[one][0], same[other][0]), -share, known))
    return found


def _pairs(sets: Sequence[frozenset[int]]) -> Iterator[tuple[int, int]]:
    """Yield the pairs that could be alike: two that are must share one of their few rarest stretches."""
    often = Counter(number for numbers in sets for number in numbers)
    rare_in: dict[int, list[int]] = {}
    for index, numbers in enumerate(sets):
        ordered = sorted(numbers, key=lambda number: (often[number], number))
        few = ordered[: len(ordered) - math.ceil(ALIKE * len(ordered)) + 1]
        seen = sorted({other for number in few for other in rare_in.get(number, ())})
        yield from ((other, index) for other in seen)
        for number in few:
            rare_in.setdefault(number, []).append(index)


def _share(first: frozenset[int], second: frozenset[int]) -> float:
    return len(first & second) / len(first | second) if first or second else 0.0


def _stretches(tree: ast.Module, asked: Exercise) -> frozenset[int]:
    """Return the stretches of an answer, and of the definitions beside it that it uses."""
    defined = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    used, waiting = {}, [asked.name]
    while waiting:
        name = waiting.pop()
        if name in defined and name not in used:
            used[name] = defined[name]
            waiting += [node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)]
    # Python's own hash: another one in every run, and compared within one only.
    return frozenset(hash(stretch) for name in sorted(used) for stretch in _windows(_steps(used[name])))


def _windows(steps: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(steps[at:] for at in range(STRETCH)), strict=False)


def _steps(root: ast.AST) -> list[str]:
    """Return an answer's syntax, one kind a step, in the order of reading; without docstrings."""
    steps = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr_context):
            continue
        steps.append(type(node).__name__)
        inner = list(ast.iter_child_nodes(node))
        waiting += [child for child in reversed(inner) if not _is_text(child)]
    return steps


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@cache
def _of_the_stub(asked: Exercise) -> frozenset[int]:
    return _stretches(ast.Module([derive.stub_definition(asked)], []), asked)


@cache
def _of_the_solution(asked: Exercise) -> frozenset[int]:
    tree = ast.parse(derive.solution_file(lesson_of(asked)))
    return _stretches(tree, asked) - _of_the_stub(asked)
