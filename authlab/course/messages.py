"""What a learner reads when a check fails: what was called, expected, got; then why it matters.

Checks are written as plain assertions. This module turns a failed one into words, from the values that pytest
saw and the lines of the check that led there. No traceback, and nothing of the answer.
"""

import ast
import copy
import errno
import inspect
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from authlab.course import children

MAX_VALUE_CHARACTERS = 110
MAX_ERROR_CHARACTERS = 500
NOTES = {
    EOFError: "nobody is there to type: an answer gets all it needs as arguments",
    MemoryError: f"an answer may use {children.MEMORY_BYTES // 1024**3} GB",
    SystemExit: "an answer returns, and ends no program",
}
TOO_MUCH_WRITTEN = f"an answer may write {children.FILE_BYTES // 1024**2} MB, what it prints included"
WIDTH = 100
PASTE = "  try it  "


class Compared:
    """pytest's view of the comparison that failed last: operator, left, right."""

    def __init__(self) -> None:
        self.seen: tuple[str, Any, Any] | None = None


def explain(
    call: "pytest.CallInfo[None]", item: pytest.Item, name: str, compared: Compared, answer: Path
) -> str:
    """Return the message for one failed check of the part called `name`, answered in the file `answer`."""
    assert call.excinfo is not None
    error = call.excinfo.value
    story = _Story(call.excinfo, item.path, name)
    constants = {
        repr(value): constant
        for constant, value in vars(getattr(item, "module", None)).items()
        if constant.isupper() and isinstance(value, str)
    }
    where = _line_in(call.excinfo, answer)
    if isinstance(error, AssertionError) and where is None:
        first = _failed_assertion(story, error, compared, constants)
    else:
        at = f", line {where}" if where is not None else ""
        first = f"{story.called()}: expected an answer, got {error_in_words(error)}{at}"
    why = (inspect.getdoc(getattr(item, "obj", None)) or "").replace("\n", " ")
    return "\n".join([first, *_note(error), *story.before(), *textwrap.wrap(why, WIDTH), *_to_paste(item)])


def error_in_words(error: BaseException) -> str:
    """Return an error's type and text, whatever the text is: an answer can raise what cannot be shown."""
    try:
        text = _cut(str(error), MAX_ERROR_CHARACTERS)
    except Exception:
        text = ""
    return f"{_name_of(error)}: {text}" if text else _name_of(error)


def _note(error: BaseException) -> list[str]:
    """Return what to know about an error that comes from being judged."""
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return [f"  note  {TOO_MUCH_WRITTEN}"]
    return [f"  note  {note}" for kind, note in NOTES.items() if isinstance(error, kind)]


def _name_of(error: BaseException) -> str:
    """Return the name of an error's class; one that is called `Error` and no more says whose it is."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__name__}" if kind.__name__ == "Error" else kind.__name__


def _to_paste(item: pytest.Item) -> list[str]:
    """Return the request that shows the hole on the learner's own app, as lines to paste into a notebook."""
    shown, asked = item.get_closest_marker("request"), item.get_closest_marker("exercise")
    if shown is None or asked is None:
        return []
    steps, closed, sessions = shown.args
    way = "" if sessions == "stateless" else f", sessions={sessions!r}"
    start = f"app = open_app(trying=[{asked.args[0]!r}]{way}); browser = app.browser()"
    *before, last = steps
    return [
        f"{PASTE}{start}",
        *(f"{PASTE}{step}" for step in before),
        f"{PASTE}{last}  # {closed!r} is right",
    ]


def _failed_assertion(
    story: "_Story", error: AssertionError, compared: Compared, constants: Mapping[str, str]
) -> str:
    statement = story.statement
    if not isinstance(statement, ast.Assert) or statement.msg is not None:
        return str(error).split("\nassert ")[0]
    test = statement.test
    if isinstance(test, ast.Call) and ast.unparse(test.func) == "isinstance":
        got = re.search(r"isinstance\((.*), [^,]*\)", str(error))
        expected = _written(test.args[1])
        found = _cut(re.sub(r" at 0x[0-9a-f]+", "", got.group(1))) if got else "something else"
        return f"{story.shown(test.args[0])}: expected a {expected}, got {found}"
    if not isinstance(test, ast.Compare) or compared.seen is None:
        return f"expected {story.shown(test)}"
    operator, left, right = compared.seen
    expected, got_value = _shown(right, constants), _shown(left, constants)
    called = story.shown(test.left)
    if _look_alike(expected, got_value):
        expected, got_value = ascii(right), ascii(left)
        called = called.encode("ascii", "backslashreplace").decode()
    if operator in ("==", "is"):
        return f"{called}: expected {expected}, got {got_value}"
    if operator == "not in":
        return f"{story.shown(test.comparators[0])}: expected no {got_value} in it, got {expected}"
    return f"expected {story.shown(test)}, got {got_value}"


@cache
def functions_in(checks: Path) -> tuple[ast.FunctionDef, ...]:
    """Return the functions in a file of checks, as they were when this process first asked."""
    tree = ast.parse(checks.read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


class _Story:
    """The statement at which a check failed, and the ones before it that led there."""

    def __init__(self, excinfo: "pytest.ExceptionInfo[BaseException]", check: Path, name: str) -> None:
        self._name = name
        self.statement: ast.stmt | None = None
        self._steps: list[ast.stmt] = []
        lines = [entry.lineno + 1 for entry in excinfo.traceback if entry.path == check]
        if lines:
            self._find(functions_in(check), lines[0])

    def _find(self, functions: Iterable[ast.FunctionDef], line: int) -> None:
        function = next(node for node in functions if node.lineno <= line <= (node.end_lineno or 0))
        body = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
        simple = [node for node in body if isinstance(node, ast.Assert | ast.Assign | ast.Expr)]
        simple.sort(key=lambda node: node.lineno)
        for node in simple:
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                self.statement = node
                return
            if isinstance(node, ast.Assign) or (
                isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            ):
                self._steps.append(node)
            elif isinstance(node, ast.Assert) and self._calls_a_local(node):
                self._steps.append(ast.Expr(_first_operand(node.test)))

    def _calls_a_local(self, node: ast.Assert) -> bool:
        """An assertion that passed may have moved something on: `assert debouncer.due(400) == "ada"`."""
        operand = _first_operand(node.test)
        return isinstance(operand, ast.Call) and isinstance(operand.func, ast.Attribute)

    def shown(self, node: ast.AST) -> str:
        """Return an expression as it is written, with a single step's variable replaced by what it holds."""
        step = self._single_step()
        if step is None:
            return _cut(_written(node))
        target, value = step

        class Inline(ast.NodeTransformer):
            def visit_Name(self, name: ast.Name) -> ast.AST:
                return value if name.id == target else name

        return _cut(_written(Inline().visit(ast.parse(ast.unparse(node), mode="eval"))), 220)

    def called(self) -> str:
        """Return the call that crashed."""
        node = self.statement
        expression = node.test if isinstance(node, ast.Assert) else getattr(node, "value", None)
        if expression is None:
            return f"{self._name}(…)"
        calls = [
            inner
            for inner in ast.walk(expression)
            if isinstance(inner, ast.Call) and ast.unparse(inner.func) == self._name
        ]
        return self.shown(calls[0] if calls else _first_operand(expression))

    def before(self) -> list[str]:
        """Return the lines that led to the failure, when one expression cannot say it."""
        if self._single_step() is not None or not self._steps:
            return []
        return [f"  after  {_cut(_written(step))}" for step in self._steps]

    def _single_step(self) -> tuple[str, ast.expr] | None:
        if len(self._steps) != 1 or not isinstance(self._steps[0], ast.Assign):
            return None
        target = self._steps[0].targets[0]
        return (target.id, self._steps[0].value) if isinstance(target, ast.Name) else None


class _Requote(ast.NodeTransformer):
    """Puts "…" around an f-string that has '…' in it: Python 3.12 and 3.13 would put '…', which no older one
    reads, and by which a learner's failure would be another than the one that is known."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        text = ast.unparse(self.generic_visit(node))
        inner = text[2:-1]
        if text.startswith("f'") and not text.startswith("f'''") and not {'"', "\\"} & set(inner):
            text = f'f"{inner}"' if "'" in inner else text
        return ast.Name(text)  # whatever the name is, it is written as it is

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)  # and not its width, which is of the same kind of node
        return node


def _written(node: ast.AST) -> str:
    """Return code as text that is the same on every Python."""
    return ast.unparse(_Requote().visit(copy.deepcopy(node)))


def _first_operand(test: ast.expr) -> ast.expr:
    return test.left if isinstance(test, ast.Compare) else test


def _shown(value: object, constants: Mapping[str, str]) -> str:
    """Return a value as a learner would write it: messages by the names of their constants."""
    if inspect.iscoroutine(value):
        return "a coroutine (is it `async def`?)"
    if inspect.isgenerator(value):
        return "a generator (is there a `yield` in it?)"
    try:
        text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))  # an address is another one in every run
    except Exception as error:
        return f"a value of type {type(value).__name__}, whose repr raises {type(error).__name__}"
    for literal, constant in constants.items():
        text = text.replace(literal, constant)
    # A text has as many characters as it has, whatever its quotes and escapes add.
    return _cut(text, size=len(value) if isinstance(value, str | bytes) else None)


def _look_alike(first: str, second: str) -> bool:
    """Return whether two texts read the same: then only their code points tell them apart."""
    return unicodedata.normalize("NFKC", first) == unicodedata.normalize("NFKC", second)


def _cut(text: str, limit: int = MAX_VALUE_CHARACTERS, *, size: int | None = None) -> str:
    """Return the beginning of a text that is too long, and how long it is: `size`, where that is known."""
    return text if len(text) <= limit else f"{text[: limit - 30]}… ({size or len(text)} characters)"


def _line_in(excinfo: "pytest.ExceptionInfo[BaseException]", path: Path) -> int | None:
    """Return the line of the learner's file at which it crashed, or None if it did not crash there."""
    last = excinfo.traceback[-1]
    if isinstance(excinfo.value, AssertionError) and last.path != path:
        return None
    return next((e.lineno + 1 for e in reversed(excinfo.traceback) if e.path == path), None)
