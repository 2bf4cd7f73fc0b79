"""A learner's answers in a newer kit's file of questions."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping

# Of mine, the common ancestor and theirs: the text with both sides' changes, or, where they meet, lines.
Union = Callable[[str, str, str], str]


def with_answers(old: bytes, mine: bytes, new: bytes, union: Union) -> bytes | None:
    """Return a new file of questions with all that a learner has written into the old one, or None where that
    cannot be had: it is no Python now, or the two do not fit together.

    An answer is taken over as it stands, question included. What has no answer yet becomes the new question.
    """
    try:
        texts = [data.decode("utf-8-sig").replace("\r\n", "\n") for data in (old, mine, new)]
        before, now, after = (ast.parse(text) for text in texts)
    except (SyntaxError, ValueError):
        return None
    asked_before, asked_after = _definitions(before), _definitions(after)
    answered = {
        name: lines
        for name, node in _definitions(now).items()
        if name in asked_before
        and name in asked_after
        and (lines := _lines(texts[1], node)) != _lines(texts[0], asked_before[name])
    }
    text = union(texts[1], _with(texts[0], before, answered), _with(texts[2], after, answered))
    try:
        merged = ast.parse(text)
    except SyntaxError:
        return None
    stands = {ast.dump(node) for node in merged.body}
    written = {ast.dump(node) for node in now.body} - {ast.dump(node) for node in before.body}
    expected = {
        ast.dump(node)
        for name, node in asked_after.items()
        if name not in asked_before or (name in _definitions(now) and name not in answered)
    }
    if not (written | expected) <= stands:
        return None
    mark = b"\xef\xbb\xbf" if mine.startswith(b"\xef\xbb\xbf") else b""
    return mark + text.replace("\n", "\r\n" if b"\r\n" in mine else "\n").encode()


def changed_questions(old: bytes, new: bytes) -> list[str]:
    """Return the names of what is asked in both files, and not in the same words or with the same code."""
    before, after = (_definitions(ast.parse(data)) for data in (old, new))
    return [name for name, node in after.items() if name in before and not _same(node, before[name])]


def is_answered(old: bytes, mine: bytes, name: str) -> bool:
    """Return whether an answer to `name` was begun, were it by a comment; in what is no Python, perhaps."""
    try:
        texts = [data.decode("utf-8-sig").replace("\r\n", "\n") for data in (old, mine)]
        before, now = (_definitions(ast.parse(text)).get(name) for text in texts)
    except (SyntaxError, ValueError):
        return True
    return now is not None and before is not None and _lines(texts[0], before) != _lines(texts[1], now)


def without_mark(mine: bytes) -> bytes:
    """Return a file of answers whose first line names no longer which questions it was made from."""
    first, end, rest = mine.partition(b"\n")
    return re.sub(rb" \[[0-9a-f]{8}\](?=\r?$)", b"", first) + end + rest


def _definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node for node in tree.body if isinstance(node, kinds)}


def _same(first: ast.stmt, second: ast.stmt) -> bool:
    return ast.dump(first) == ast.dump(second)


def _place(node: ast.stmt) -> slice:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    return slice(first - 1, node.end_lineno)


def _lines(text: str, node: ast.stmt) -> list[str]:
    return text.split("\n")[_place(node)]


def _with(text: str, tree: ast.Module, answered: Mapping[str, Iterable[str]]) -> str:
    """Return a file of questions with these answers in place of its stubs."""
    lines = text.split("\n")
    for name, node in sorted(_definitions(tree).items(), key=lambda item: -item[1].lineno):
        if name in answered:
            lines[_place(node)] = answered[name]
    return "\n".join(lines)
