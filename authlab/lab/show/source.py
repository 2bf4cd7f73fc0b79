"""Code as it is in its file: a lesson shows what runs, never a pasted copy."""

import ast
import inspect
import io
import keyword
import sys
import textwrap
import tokenize
from types import ModuleType
from typing import Any

from authlab.lab.show.display import (
    CLEAR,
    MONOSPACE,
    Display,
    bar,
    card,
    indented,
    printable,
    quoted,
)

_BOLD, _QUIET = "font-weight:700", "font-style:italic;opacity:.7"
Position = tuple[int, int]  # line from 1, column from 0: as `tokenize` counts


def source(thing: Any, title: str | None = None) -> Display:
    """Return the source of a function, class or module, or a text of code, under its file's name.

    Keywords are bold, comments and docstrings quiet: no colour, the same in every theme.
    """
    code, name = (thing, "code") if isinstance(thing, str) else _look_up(thing)
    code = textwrap.dedent(code).strip("\n")
    html = (
        f'<pre style="{MONOSPACE};font-size:.93em;line-height:1.5;{CLEAR};margin:0;'
        f'padding:8px 12px;white-space:pre;overflow-x:auto">{_marked(code)}</pre>'
    )
    return card(bar(title or name, code=True), Display(html, indented(printable(code))))


def _look_up(thing: Any) -> tuple[str, str]:
    """Return the source of a thing, and "path · name" as a reader of the project knows it."""
    if isinstance(thing, property):
        thing = thing.fget
    thing = inspect.unwrap(thing)
    module = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
    if module == "__main__":
        path = "this notebook"
    else:
        package = hasattr(sys.modules.get(module), "__path__")
        path = module.replace(".", "/") + ("/__init__.py" if package else ".py")
    try:
        code = inspect.getsource(thing)
    except (OSError, TypeError):
        raise ValueError(
            f"source: expected a function, class or module written in Python, got {thing!r}"
        ) from None
    if module.startswith("authlab.course."):
        code = _without_label(code)
    name = "" if isinstance(thing, ModuleType) else f" · {thing.__qualname__}"
    return code, path + name


def _without_label(code: str) -> str:
    """Return a definition of the bank without its decorator, which would tell what is wrong with it."""
    definition = ast.parse(textwrap.dedent(code)).body[0]
    if not isinstance(definition, ast.FunctionDef | ast.ClassDef) or not definition.decorator_list:
        return code
    return "\n".join(code.splitlines()[definition.lineno - 1 :])


def _marked(code: str) -> str:
    """Return code as HTML with keywords, comments and docstrings marked; plain if no Python."""
    lines = code.splitlines(keepends=True)
    html, at = [], (1, 0)
    for start, end, style in _marks(code):
        html.append(quoted(_between(lines, at, start)))
        html.append(f'<span style="{style}">{quoted(_between(lines, start, end))}</span>')
        at = end
    html.append(quoted(_between(lines, at, (len(lines) + 1, 0))))
    return "".join(html)


def _marks(code: str) -> list[tuple[Position, Position, str]]:
    try:
        docstrings = _docstring_starts(code)
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, tokenize.TokenError):
        return []
    marks, in_fstring = [], 0
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        # Since Python 3.12 an f-string is many tokens; before, it is one. Both look the same here.
        in_fstring += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if kind == "COMMENT" or (kind == "STRING" and token.start in docstrings):
            marks.append((token.start, token.end, _QUIET))
        elif kind == "NAME" and keyword.iskeyword(token.string) and not in_fstring:
            marks.append((token.start, token.end, _BOLD))
    return marks


def _docstring_starts(code: str) -> set[Position]:
    starts = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                starts.add((first.lineno, first.col_offset))
    return starts


def _between(lines: list[str], start: Position, end: Position) -> str:
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right] if first <= len(lines) else ""
    middle = lines[first - 1 : last - 1]
    tail = lines[last - 1][:right] if last <= len(lines) else ""
    return "".join(middle)[left:] + tail
