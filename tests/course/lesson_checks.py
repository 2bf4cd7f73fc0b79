"""The checks of an exercise, as functions: what their marks and docstrings say."""

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from authlab.course.curriculum import Exercise, lesson_of


def checks_of(asked: Exercise) -> dict[str, Callable[..., Any]]:
    """Return the test functions of the class that is marked with an exercise, by name."""
    for thing in vars(_module(lesson_of(asked).stem)).values():
        marks = getattr(thing, "pytestmark", ())
        if isinstance(thing, type) and any(m.name == "exercise" and m.args == (asked.id,) for m in marks):
            return {name: check for name, check in vars(thing).items() if name.startswith("test_")}
    raise LookupError(f"{asked.id} has no checks")


@cache
def _module(stem: str) -> ModuleType:
    from authlab.course.curriculum import lessons

    path = next(lesson.checks for lesson in lessons() if lesson.stem == stem)
    spec = importlib.util.spec_from_file_location(f"_checks_of_{stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
