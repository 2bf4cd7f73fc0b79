"""What must not be in a learner's tree: answers, verdicts, progress, secrets, and what editors leave behind.

Everything is looked into: code, text, and of a notebook each cell, output and piece of metadata. What the
scanner knows, it finds wherever it stands; it cannot know an answer in other words than the package's, nor a
secret without a form. Therefore questions are derived afresh and notebooks are the kit's own (`handout.py`),
and this is the net below. It says what was found, never the secret itself.

The package, its checks, and the kit's own notebooks are an open book: there, answers are no leak.
"""

import ast
import base64
import html
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from authlab.course import answers, derive
from authlab.course.curriculum import Exercise, exercises
from authlab.course.places import ROOT


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Left behind by tools: the name of a file, or of a folder above it.
LITTER = {
    "a cache": _names(
        "__pycache__ *.py[co] .ipynb_checkpoints *-checkpoint.ipynb .virtual_documents .*_cache .hypothesis "
        ".coverage *.egg-info .venv node_modules"
    ),
    "an editor's file": _names(".idea .vscode .vs *.code-workspace *.sw[op] *~ #*# .#* *.orig *.bak"),
    "a desktop's file": _names(".DS_Store Thumbs.db desktop.ini ._* __MACOSX"),
}
# Somebody's own, by name.
PRIVATE = {
    "answers": _names("solutions"),
    "the state of a clone (progress, kept answers, tokens)": _names(".authlab progress.json jpserver-*.json"),
    "a secret": _names(
        ".env .env.* *.env *.pem *.key *.p12 *.pfx id_rsa* id_ed25519* .netrc _netrc .pypirc .npmrc "
        ".git-credentials credentials*.json jupyter_cookie_secret"
    ),
    "the history of a clone": _names(".git"),
    "a database": _names("*.db *.sqlite *.sqlite3 *-wal *-shm"),
    "the history of a shell": _names(".bash_history .python_history .zsh_history"),
}
# The first bytes of what cannot be looked into, or should not be there at all.
_CLOSED = {
    b"PK\x03\x04": "an archive, which cannot be looked into",
    b"\x1f\x8b": "an archive, which cannot be looked into",
    b"7z\xbc\xaf": "an archive, which cannot be looked into",
    b"SQLite format 3\0": "a database",
}
_SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}",
    "a token of a notebook server": (
        r"[?&;]token=[\w-]{16,}|JUPYTER(?:HUB_API)?_TOKEN[\"']?\s*[=:]\s*[\"']?[\w-]{16,}"
    ),
    "a token of a service": (
        r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|AKIA[0-9A-Z]{16}|xox[bap]-[\w-]{10,})"
    ),
    "a password in an address": (
        r"\b[a-z][a-z+]*://[^\s/:@\"'<>{}]+:[^\s/:@\"'<>{}]{3,}@(?![\w.-]*\.(?:test|example)\b)"
    ),
    "a learner's progress": r"\"passed_before\"\s*:\s*(?:true|false)",
}
_APP_SECRET = r"(?:SESSION_SECRET|PASSWORD_PEPPER)[\"']?\s*[=:]\s*[\"']?([\w+/-]{20,})"
_HOME = (  # not in an address, as https://lab.test/home/
    r"/(?<![\w.:/-]/)(?:(?:home|Users)/[A-Za-z_][\w.-]*|root)/"
    r"|:[\\/]+Users[\\/]+[^\\/\n\"']+[\\/]"
)
# The heading of a verdict, a line of `check`'s list, and that list's last line.
_PASSED = r"[✓+] \d{1,2}\.\d{1,2} [^\n]*(?:—|-) passed|✓ \d{1,2}\.\d{1,2}  |\b[1-9]\d* of \d+ passed\b"
_URL_SAFE = str.maketrans("+/", "-_")
_TAGS = re.compile(r"<[^<>]*>")
MIN_ANSWER_CHARACTERS = 24  # `return True` alone is nobody's answer


@dataclass(frozen=True, slots=True)
class Leak:
    """What was found, and in which file; never the secret itself."""

    path: str
    what: str


def is_litter(path: str) -> str:
    """Return whose litter a file is, by its name or that of a folder above it, or ""."""
    return _named(path, LITTER)


def found(files: Iterable[tuple[str, bytes]], open_book: Collection[str] = ()) -> list[Leak]:
    """Return every leak in a tree of (path, content), in the order of the tree.

    `open_book` has the paths, or folders with a slash at the end, in which answers may stand.
    """
    leaks: dict[Leak, None] = {}  # in order, each once
    for path, data in files:
        open_ = path in open_book or any(path.startswith(one) for one in open_book if one.endswith("/"))
        leaks.update((Leak(path, what), None) for what in _in_file(path, data, open_))
    return list(leaks)


def _in_file(path: str, data: bytes, open_: bool) -> Iterator[str]:
    for kinds in (LITTER, PRIVATE):
        if named := _named(path, kinds):
            yield named
    closed = next((what for start, what in _CLOSED.items() if data.startswith(start)), None)
    if closed is not None:
        yield closed
        return
    text = _text(data)
    notebook = _notebook(text) if path.endswith(".ipynb") else None
    if path.endswith(".ipynb") and notebook is None:
        yield "no notebook that can be read, so that it cannot be looked into"
    everything = text if notebook is None else "\n".join([text, *_strings(notebook)])
    if any(not _is_an_example(value) for value in re.findall(_APP_SECRET, everything)):
        yield "a secret of the app"
    for what, pattern in _SECRETS.items():
        if re.search(pattern, everything):
            yield what
    if re.search(_HOME, everything) or any(own in everything for own in _own_folders()):
        yield "a path of somebody's computer"
    if open_:
        return
    code = [text] if path.endswith(".py") else [] if notebook is None else list(_cells(notebook, "code"))
    yield from _answers_in(code, everything)
    if notebook is not None and re.search(_PASSED, "\n".join(_strings(_outputs(notebook)))):
        yield "an output with a verdict that says passed"


def _named(path: str, kinds: dict[str, tuple[str, ...]]) -> str:
    for part in PurePosixPath(path).parts:
        for whose, patterns in kinds.items():
            if any(fnmatchcase(part, pattern) for pattern in patterns):
                return whose
    return ""


def _text(data: bytes) -> str:
    """Return a file as text; of what is none, the letters in it."""
    for start, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8")):
        if data.startswith(start):
            return data.decode(encoding, errors="replace").replace("\r\n", "\n")
    return ""


def _notebook(text: str) -> Any:
    try:
        read = json.loads(text)
        return read if isinstance(read["cells"], list) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    """Return all texts in a value of JSON, keys too; lines that are stored as a list, put together."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            yield "".join(value)
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            # "token": "..." is found as in the file's own text, whatever JSON has escaped in it.
            yield f'"{key}": "{one}"' if isinstance(one, str) else str(key)
            yield from _strings(one)


def _cells(notebook: Any, kind: str) -> Iterator[str]:
    for cell in notebook["cells"]:
        if isinstance(cell, dict) and cell.get("cell_type") == kind:
            yield "\n".join(_strings(cell.get("source", "")))


def _outputs(notebook: Any) -> list[Any]:
    """Return the outputs, and the metadata: extensions keep a copy of an output there."""
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    return [
        notebook.get("metadata", {}),
        *([cell.get("outputs", []), cell.get("metadata", {})] for cell in cells),
    ]


def _is_an_example(value: str) -> bool:
    """Return whether a secret spells a text, as those in tests and lessons do: 32 random bytes never will."""
    padded = value + "=" * (-len(value) % 4)
    try:
        return base64.urlsafe_b64decode(padded.translate(_URL_SAFE)).decode("ascii").isprintable()
    except ValueError:
        return False


def _own_folders() -> tuple[str, ...]:
    """Return this clone's folder and its owner's home: they may lie where no pattern looks."""
    return tuple(str(folder) for folder in (ROOT, Path.home()) if len(folder.parts) > 2)


# --- answers ---------------------------------------------------------------------------------


def _answers_in(code: list[str], everything: str) -> Iterator[str]:
    told = set()
    for source in code:
        for node in _definitions(source):
            asked = _by_name().get(node.name)
            if asked is not None and not _is_asked(node, asked):
                told.add(asked.id)
                yield f"an answer: {node.name} ({asked.id}) is not as its question"
    plain = _lines(everything)
    faded = _lines(html.unescape(_TAGS.sub("", everything)))
    for asked in exercises():
        lines = _answer_lines(asked)
        if lines and asked.id not in told and (lines in plain or lines in faded):
            yield f"an answer: the package's own to {asked.id}"


def _definitions(source: str) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # a magic in a cell, say: its text is searched all the same
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def _is_asked(node: ast.FunctionDef | ast.ClassDef, asked: Exercise) -> bool:
    """Return whether a definition is the question: the stub, or a body that says nothing."""
    if answers.same_code(node, derive.stub_definition(asked)):
        return True
    return asked.kind != "fix" and all(
        isinstance(one, ast.Pass | ast.Raise)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )


@cache
def _by_name() -> dict[str, Exercise]:
    return {asked.name: asked for asked in exercises()}


@cache
def _answer_lines(asked: Exercise) -> str:
    """Return the body of the package's answer as `_lines` does, or "" where it is too short to be anybody's,
    or a part of the question."""
    block = derive.solution_block(asked)
    first: Any = ast.parse("\n".join(block)).body[0]
    body = _lines("\n".join(block[first.body[0].lineno - 1 :]))
    question = _lines("\n".join(derive.stub_block(asked)))
    return body if len(body) >= MIN_ANSWER_CHARACTERS and body not in question else ""


def _lines(text: str) -> str:
    """Return a text without indents, empty lines and comments: what is left of code wherever it is quoted."""
    stripped = (re.sub(r"\s+#\s.*$", "", line).strip() for line in text.split("\n"))
    return "\n".join(["", *(line for line in stripped if line and not line.startswith("#")), ""])
