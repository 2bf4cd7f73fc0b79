"""Reading a file of answers: a learner's, the kit's solutions, or fresh stubs. They all have one form."""

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from authlab.course.curriculum import Exercise
from authlab.course.mounting import original, slot_of
from authlab.course.places import shown

MAX_LEVELS = 100  # of syntax in syntax: beyond it, whatever walks a tree would run out of stack
PACKAGES_OWN = "the package's own, imported"


class AnswerError(Exception):
    """A file of answers cannot be used. The text says where and why, in one line."""


def read_source(path: Path) -> str:
    """Return a file's text; raises `AnswerError` when it is missing or is no UTF-8 text."""
    return source_and_encoding(path)[0]


def source_and_encoding(path: Path) -> tuple[str, str]:
    """Return a file's text as `read_source` does, and the encoding that makes it the same bytes again."""
    try:
        data = path.read_bytes()
        # Null bytes are for the parser to refuse: Python 3.14 would do it here already, in other words.
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data.replace(b"\0", b"")).readline)
        return data.decode(encoding), encoding
    except FileNotFoundError:
        raise AnswerError(
            f"{shown(path)}: no such file. Make it anew: python3 -m authlab dev build"
        ) from None
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise AnswerError(f"{shown(path)}: expected a Python file in UTF-8, got: {error}") from None


@lru_cache(maxsize=4)  # each exercise of a file asks anew; nobody changes a tree
def parse(path: Path, source: str) -> ast.Module:
    """Return a file's syntax tree; raises `AnswerError` naming the line that Python stumbled over."""
    try:
        tree = ast.parse(source, str(path))
    except (RecursionError, MemoryError):  # Python's parser has an end, too
        raise AnswerError(
            f"{shown(path)}: expected Python that can be read, got code nested too deeply"
        ) from None
    except SyntaxError as error:
        if (error.text or "").startswith(("<<<<<<<", "=======", ">>>>>>>")):
            raise AnswerError(
                f"{shown(path)}, line {error.lineno}: expected Python, got the mark of a merge conflict"
            ) from None
        line = f", line {error.lineno}" if error.lineno else ""
        text = f": {error.text.strip()}" if error.text else ""
        raise AnswerError(f"{shown(path)}{line}: {error.msg}{text}") from None
    except ValueError as error:  # NUL bytes
        raise AnswerError(f"{shown(path)}: expected a Python file, got: {error}") from None
    if (deep := _too_deep(tree)) is not None:
        raise AnswerError(
            f"{shown(path)}, line {deep}: expected Python that can be read, got code nested too deeply"
        )
    return tree


def definition(tree: ast.Module, name: str) -> ast.stmt | None:
    """Return the top-level function or class called `name`, the last one if there are several, or None."""
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
    ]
    return found[-1] if found else None


def code_of(path: Path, name: str) -> str | None:
    """Return what tells whether the answer called `name` was changed: its code without comments and spacing.

    None where there is none to read.
    """
    try:
        found = definition(parse(path, read_source(path)), name)
    except AnswerError:
        return None
    return None if found is None else ast.dump(found)


def defined_twice(tree: ast.Module, name: str) -> str | None:
    """Return a sentence when `name` is defined more than once, which is easily overlooked."""
    lines = [
        str(node.lineno)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
    ]
    return (
        f"{name} is defined in lines {' and '.join(lines)}: the last one counts" if len(lines) > 1 else None
    )


def same_code(first: ast.stmt | None, second: ast.stmt | None) -> bool:
    """Return whether two definitions are the same but for comments, spacing and docstrings."""
    return first is not None and second is not None and _same(first, second)


def load(path: Path, asked: Exercise, siblings: Iterable[Exercise]) -> Any:
    """Run a file of answers and return the one to `asked`.

    The names of its siblings are bound to the package's parts, so that an exercise that is not solved yet
    does not fail another. Raises `AnswerError` when the file cannot be run or lacks the answer.
    """
    source = read_source(path)
    module = ModuleType(asked.lesson)
    module.__file__ = str(path)
    sys.modules[asked.lesson] = module  # dataclasses and pydantic look their module up
    try:
        # Compiled from the text just read: an old .pyc of the same second and size is never believed.
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        from authlab.course.messages import error_in_words

        parse(path, source)  # what Python cannot read, it says better
        raise AnswerError(f"{shown(path)}, line {_line_in(error, path)}: {error_in_words(error)}") from None
    if asked.name not in module.__dict__:
        raise _no_definition(path, asked, "none")
    for sibling in siblings:
        if sibling.id != asked.id and sibling.kind in ("build", "fix"):
            package = __import__(sibling.module, fromlist=[sibling.name])
            module.__dict__[sibling.name] = getattr(package, sibling.name)
    answer = module.__dict__[asked.name]
    package = __import__(asked.module, fromlist=[asked.name])
    if answer is getattr(package, asked.name) or answer is original(asked.part):
        raise _no_definition(path, asked, PACKAGES_OWN)
    if asked.kind in ("build", "fix") and isinstance(slot_of(asked.part).original, type) != isinstance(
        answer, type
    ):
        expected = "a class" if isinstance(slot_of(asked.part).original, type) else "a function"
        raise AnswerError(f"{shown(path)}: expected {asked.name} to be {expected}, got {answer!r}")
    if not callable(answer):
        raise AnswerError(f"{shown(path)}: expected {asked.name} to be a function, got {answer!r}")
    return answer


def _no_definition(path: Path, asked: Exercise, found: str) -> AnswerError:
    return AnswerError(f"{shown(path)}: expected a definition of {asked.name}, found {found}")


def _too_deep(tree: ast.AST) -> int | None:
    """Return a line with too many levels of syntax, if there is one."""
    level: list[ast.AST] = [tree]
    for _ in range(MAX_LEVELS):
        level = [inner for node in level for inner in ast.iter_child_nodes(node)]
    return next((node.lineno for node in level if isinstance(node, ast.expr | ast.stmt)), None)


def _line_in(error: BaseException, path: Path) -> int | str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1] if lines else "?"


def _same(first: object, second: object) -> bool:
    """Return whether two parts of syntax trees are the same: most differ early."""
    if type(first) is not type(second):
        return False
    if isinstance(first, ast.AST) and isinstance(second, ast.AST):
        return all(_same(_field(first, name), _field(second, name)) for name in first._fields)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    return first == second


def _field(node: ast.AST, name: str) -> object:
    """Return a field of a node; of the body of a definition what comes after its docstring."""
    value = getattr(node, name, None)
    if name != "body" or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return value
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
