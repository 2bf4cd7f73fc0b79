"""Reading a file of answers: a learner's, the kit's solutions, or fresh stubs. They all have one form."""

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from authlab.course.curriculum import Exercise
from authlab.course.mounting import slot_of
from authlab.course.places import shown


class AnswerError(Exception):
    """A file of answers cannot be used. The text says where and why, in one line."""


def read_source(path: Path) -> str:
    """Return a file's text; raises `AnswerError` when it is missing or is no UTF-8 text."""
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except FileNotFoundError:
        raise AnswerError(
            f"{shown(path)}: no such file. Make it anew: python3 -m authlab dev build"
        ) from None
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise AnswerError(f"{shown(path)}: expected a Python file in UTF-8, got: {error}") from None


def parse(path: Path, source: str) -> ast.Module:
    """Return a file's syntax tree; raises `AnswerError` naming the line that Python stumbled over."""
    try:
        return ast.parse(source, str(path))
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


def definition(tree: ast.Module, name: str) -> ast.stmt | None:
    """Return the top-level function or class called `name`, the last one if there are several, or None."""
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
    ]
    return found[-1] if found else None


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
    return first is not None and second is not None and _bare(first) == _bare(second)


def load(path: Path, asked: Exercise, siblings: Iterable[Exercise]) -> Any:
    """Run a file of answers and return the one to `asked`.

    The names of its siblings are bound to the package's parts, so that an exercise that is not solved yet
    does not fail another. Raises `AnswerError` when the file cannot be run or lacks the answer.
    """
    source = read_source(path)
    tree = parse(path, source)
    if definition(tree, asked.name) is None and asked.name not in _assigned(tree):
        imported = any(
            isinstance(node, ast.ImportFrom)
            and asked.name in (alias.asname or alias.name for alias in node.names)
            for node in tree.body
        )
        found = "the package's own, imported" if imported else "none"
        raise AnswerError(f"{shown(path)}: expected a definition of {asked.name}, found {found}")
    module = ModuleType(asked.lesson)
    module.__file__ = str(path)
    sys.modules[asked.lesson] = module  # dataclasses and pydantic look their module up
    try:
        # Compiled from the text just read: an old .pyc of the same second and size is never believed.
        exec(compile(tree, str(path), "exec", dont_inherit=True), module.__dict__)
    except Exception as error:
        raise AnswerError(
            f"{shown(path)}, line {_line_in(error, path)}: {type(error).__name__}: {error}"
        ) from None
    for sibling in siblings:
        if sibling.id != asked.id and sibling.kind in ("build", "fix"):
            package = __import__(sibling.module, fromlist=[sibling.name])
            module.__dict__[sibling.name] = getattr(package, sibling.name)
    answer = module.__dict__[asked.name]
    if asked.kind in ("build", "fix") and isinstance(slot_of(asked.part).original, type) != isinstance(
        answer, type
    ):
        expected = "a class" if isinstance(slot_of(asked.part).original, type) else "a function"
        raise AnswerError(f"{shown(path)}: expected {asked.name} to be {expected}, got {answer!r}")
    if not callable(answer):
        raise AnswerError(f"{shown(path)}: expected {asked.name} to be a function, got {answer!r}")
    return answer


def _assigned(tree: ast.Module) -> set[str]:
    """Return the names bound at the top level in another way than `def`: an answer may be a partial or a
    lambda."""
    return {
        node.id
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.ImportFrom | ast.Import)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _line_in(error: BaseException, path: Path) -> int | str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1] if lines else "?"


def _bare(node: ast.stmt) -> str:
    copy = ast.parse(ast.unparse(node)).body[0]
    for inner in ast.walk(copy):
        body = getattr(inner, "body", None)
        if (
            isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and isinstance(body, list)
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            del body[0]
    return ast.dump(copy)
