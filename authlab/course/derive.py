"""Deriving `exercises/` and `solutions/` from the package's own code (`dev build`).

A question is written once: the docstring of the part. Its answer is written once: the part's body, the code
that the app runs and the attacks are tried on. The stub keeps signature and docstring and loses the body;
for a *fix* it gets the body of a flaw. Both files are committed, and whoever edits them by hand is told by
`dev verify`.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from authlab.course import answers, bank, flaws
from authlab.course.curriculum import Exercise, Kind, Lesson, lessons
from authlab.course.places import EXERCISES, SOLUTIONS, shown
from authlab.course.refusal import Refusal

DOES: dict[Kind, str] = {
    "build": "write the part from its description",
    "fix": "it runs, and it is wrong: make it right",
    "break": "write the attack: it wins where the hole is, and only there",
    "prove": "write the test: it catches what is wrong and spares what is right",
}


class DeriveError(Refusal):
    """A lesson's data and the package's code do not fit together."""


def files() -> Iterator[tuple[Path, str]]:
    """Return every derived file and the text it must have."""
    for lesson in lessons():
        yield EXERCISES / f"{lesson.stem}.py", stub_file(lesson)
        yield SOLUTIONS / f"{lesson.stem}.py", solution_file(lesson)


def build() -> tuple[list[Path], list[Path]]:
    """Write the derived files that differ; return those written, and those kept because they hold answers."""
    written, kept = [], []
    for path, text in files():
        if path.parent == EXERCISES and is_answered(path):
            kept.append(path)
        elif text_of(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    return written, kept


def of_no_lesson() -> list[Path]:
    """Return the files in `exercises/` and `solutions/` whose lesson is not there (any more)."""
    stems = {lesson.stem for lesson in lessons()}
    found = [path for folder in (EXERCISES, SOLUTIONS) for path in sorted(folder.glob("lesson_*.py"))]
    return [path for path in found if path.stem not in stems]


def write_stubs(folder: Path) -> None:
    """Write fresh stubs of every lesson into a folder."""
    for lesson in lessons():
        (folder / f"{lesson.stem}.py").write_text(stub_file(lesson), encoding="utf-8", newline="\n")


def drift() -> list[str]:
    """Return the derived files that are not what they are derived from, with the reason.

    A file in `exercises/` with answers in it is its owner's and no drift, unless it was made from an older
    question than today's: its first line carries a mark of what it was made from.
    """
    found = []
    for path, text in files():
        stands = text_of(path)
        if stands == text:
            continue
        if stands is None:
            found.append(f"{shown(path)}: missing")
        elif path.parent == SOLUTIONS or not is_answered(path):
            found.append(f"{shown(path)}: differs from the package")
        elif _mark(stands) not in (None, _mark(text)):
            found.append(f"{shown(path)}: has answers to older questions")
    return found


def is_answered(path: Path) -> bool:
    """Return whether somebody has begun to answer in a file of `exercises/`: its code is not the stubs'.

    What cannot be parsed is somebody's work in progress as well.
    """
    stands = text_of(path)
    return stands is not None and has_answers(stands, path.stem)


def has_answers(text: str, stem: str) -> bool:
    """Return whether the text of a lesson's file has other code than the stubs'; see `is_answered`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return True
    asked = next(lesson for lesson in lessons() if lesson.stem == stem).exercises
    known = {exercise.name for exercise in asked}
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return bool(own - known) or any(
        not answers.same_code(answers.definition(tree, exercise.name), stub_definition(exercise))
        for exercise in asked
    )


def stub_file(lesson: Lesson) -> str:
    """Return the text of a lesson's file in `exercises/`."""
    parts = [_stub(asked) for asked in lesson.exercises]
    how = f"Write your answers here. Check one with: python3 -m authlab check {lesson.exercises[0].id}"
    return _marked(_file(lesson, how, parts))


def solution_file(lesson: Lesson) -> str:
    """Return the text of a lesson's file in `solutions/`."""
    return _file(lesson, "The package's own answers.", [_solution(asked) for asked in lesson.exercises])


def write_alternatives(folder: Path, turn: int) -> None:
    """Write a file of answers for every lesson into a folder: right ones in other styles than the package's.

    Of each exercise it is alternative number `turn`, counted around; the package's own where there is none.
    """
    for lesson in lessons():
        pieces = [_alternative(asked, turn) for asked in lesson.exercises]
        text = _file(lesson, "Right answers in other styles.", pieces)
        (folder / f"{lesson.stem}.py").write_text(text, encoding="utf-8", newline="\n")


def answered_file(lesson: Lesson, answered: Mapping[str, bank.Flaw | bank.Alternative]) -> str:
    """Return a lesson's file as a learner hands it in: exercises by id answered with entries of the bank, the
    others with their stubs."""
    pieces = [
        _of_the_bank(asked, answered[asked.id]) if asked.id in answered else _stub(asked)
        for asked in lesson.exercises
    ]
    return _file(lesson, "Write your answers here.", pieces)


def stub_block(asked: Exercise) -> list[str]:
    """Return the lines of one exercise's stub as they stand in its file: two of heading, then the code."""
    return _block(_stub(asked))


def solution_block(asked: Exercise) -> list[str]:
    """Return the lines of the package's own answer to one exercise, without the question."""
    module = _Module(asked.module)
    node = module.definition(asked.name)
    return [*module.signature_lines(node), *module.body_lines(node)]


@cache
def stub_definition(asked: Exercise) -> ast.stmt:
    """Return the syntax tree of an exercise's stub: an answer equal to it has not been attempted."""
    return ast.parse("\n".join(_stub(asked).code)).body[-1]


class _Piece:
    """One exercise's part of a derived file: what it imports, and its code."""

    def __init__(self, asked: Exercise) -> None:
        self.asked = asked
        self.imports: dict[str, set[str]] = {}  # module -> names; "" -> whole modules
        self.code: list[str] = []

    def add_import(self, statement: ast.Import | ast.ImportFrom, name: str) -> None:
        """Take over the import of one name."""
        alias = next(a for a in statement.names if (a.asname or a.name) == name)
        text = alias.name if alias.asname is None else f"{alias.name} as {alias.asname}"
        module = "" if isinstance(statement, ast.Import) else str(statement.module)
        self.imports.setdefault(module, set()).add(text)


def _stub(asked: Exercise) -> _Piece:
    """Return the question: signature and docstring of the part, with no body or a flaw's."""
    piece = _Piece(asked)
    module = _Module(asked.module)
    node = module.definition(asked.name)
    for name in (*asked.gives, *_names_in_signature(node)):
        _give(piece, module, name)
    if asked.kind == "fix":
        # Read, not imported: a flaw's module brings the app along, and a verdict is waiting for this.
        bank_module = _Module(f"{flaws.__name__}.{asked.lesson}")
        flawed = bank_module.definition(asked.flaw or "")
        helpers = _take_over(piece, bank_module, flawed, inline=True)
        body = [*_docstring_lines(module, node), *bank_module.body_lines(flawed)]
        piece.code = [*helpers, *module.signature_lines(node), *body]
        return piece
    if isinstance(node, ast.ClassDef):
        piece.code = _class_stub(module, node, asked)
    else:
        piece.code = [
            *module.signature_lines(node),
            *_docstring_lines(module, node),
            *_not_written(asked, 4),
        ]
    return piece


def _solution(asked: Exercise) -> _Piece:
    """Return the answer: the part as it stands in the package."""
    piece = _Piece(asked)
    module = _Module(asked.module)
    node = module.definition(asked.name)
    helpers = _take_over(piece, module, node, inline=False)
    piece.code = [*helpers, *module.lines(node)]
    return piece


def _alternative(asked: Exercise, turn: int) -> _Piece:
    """Return a right answer in another style, as one would hand it in."""
    known = bank.alternatives_of(asked.part)
    return _of_the_bank(asked, known[turn % len(known)]) if known else _solution(asked)


def _of_the_bank(asked: Exercise, chosen: bank.Flaw | bank.Alternative) -> _Piece:
    """Return an entry of the bank under the name that the exercise asks for."""
    piece = _Piece(asked)
    module = _Module(chosen.answer.__module__)
    node = module.definition(chosen.name)
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    own = [line for line in node.decorator_list if not _registers(line)]
    helpers = _take_over(piece, module, node, inline=True, decorators=own)
    written = module.source_lines[node.lineno - 1 : node.end_lineno]
    renamed = re.sub(rf"\b{chosen.name}\b", asked.name, "\n".join(written))
    piece.code = [*helpers, *(f"@{ast.unparse(line)}" for line in own), *renamed.split("\n")]
    return piece


def _registers(decorator: ast.expr) -> bool:
    """Return whether a decorator does no more than put something into the bank."""
    return ast.unparse(decorator).startswith(("alternative(", "flaw("))


def _unregistered(module: "_Module", node: ast.stmt) -> list[str]:
    """Return a definition's source; one that is itself in the bank is not put there again."""
    if any(map(_registers, getattr(node, "decorator_list", []))):
        return module.source_lines[node.lineno - 1 : node.end_lineno]
    return module.lines(node)


def _class_stub(module: "_Module", node: ast.ClassDef, asked: Exercise) -> list[str]:
    lines = [module.source_lines[node.lineno - 1], *_docstring_lines(module, node), ""]
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and (
            not method.name.startswith("_") or method.name == "__init__"
        ):
            lines += [*module.signature_lines(method), *_docstring_lines(module, method)]
            lines += [*_not_written(asked, 8), ""]
    return lines[:-1]


def _not_written(asked: Exercise, indent: int) -> list[str]:
    return [" " * indent + f'raise NotImplementedError("{asked.id} is not written yet")']


def _docstring_lines(module: "_Module", node: ast.stmt) -> list[str]:
    """Return the docstring as it stands."""
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    first = node.body[0]
    if not isinstance(first, ast.Expr):
        return []
    return module.source_lines[first.lineno - 1 : first.end_lineno]


def _take_over(
    piece: _Piece,
    module: "_Module",
    node: ast.stmt,
    *,
    inline: bool,
    decorators: Sequence[ast.expr] = (),
) -> list[str]:
    """Import what a definition needs from its module; return the lines of helpers that come along.

    What the module imports is imported; what it defines is imported from it, or, from the bank (`inline`),
    copied.
    """
    lines: list[str] = []
    names = _used_names(node).union(*map(_names_read, decorators))
    for name in sorted(names):
        statement = module.imported(name)
        if statement is not None:
            piece.add_import(statement, name)
        elif module.has(name) and name != getattr(node, "name", None):
            if inline:
                helper = module.definition(name)
                lines += [
                    *_take_over(piece, module, helper, inline=True),
                    *_unregistered(module, helper),
                    "",
                    "",
                ]
            else:
                piece.imports.setdefault(module.name, set()).add(name)
    return lines


def _give(piece: _Piece, module: "_Module", name: str) -> None:
    statement = module.imported(name)
    if statement is not None:
        piece.add_import(statement, name)
    elif module.has(name):
        piece.imports.setdefault(module.name, set()).add(name)
    else:
        raise DeriveError(f"{piece.asked.id} gives {name}, which {module.name} does not have")


def _file(lesson: Lesson, how: str, pieces: Iterable[_Piece]) -> str:
    pieces = list(pieces)
    sources = sorted({piece.asked.module.replace(".", "/") + ".py" for piece in pieces})
    own = {piece.asked.name for piece in pieces}
    imports: dict[str, set[str]] = {}
    for piece in pieces:
        for module, names in piece.imports.items():
            imports.setdefault(module, set()).update(names - own)
    blocks = ["\n".join(_block(piece)) for piece in pieces]
    head = [
        f"# Derived from {', '.join(sources)} by: authlab dev build",
        f'"""Lesson {lesson.number}: {lesson.title}.',
        "",
        how,
        '"""',
    ]
    return "\n".join(["\n".join(head), _import_lines(imports), "", "\n\n\n".join(blocks), ""])


def _block(piece: _Piece) -> list[str]:
    asked = piece.asked
    extra = ", an extra" if asked.extra else ""
    title = f"# {asked.id}  {asked.kind}: {asked.title}  ({asked.minutes} minutes{extra})"
    return [title, f"# {DOES[asked.kind]}", *piece.code]


def _import_lines(imports: dict[str, set[str]]) -> str:
    """Return import statements in three groups: the standard library, other packages, authlab."""
    groups: list[list[str]] = [[], [], []]

    def group(module: str) -> int:
        top = module.split(".")[0]
        return 2 if top == "authlab" else 0 if top in sys.stdlib_module_names else 1

    for name in sorted(imports.get("", ())):
        groups[group(name)].append(f"import {name}")
    for module in sorted(module for module, names in imports.items() if module and names):
        names = sorted(imports[module], key=lambda name: (not name.isupper(), name[0].islower(), name))
        line = f"from {module} import {', '.join(names)}"
        if len(line) > 100:
            line = f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
        groups[group(module)].append(line)
    text = "\n\n".join("\n".join(lines) for lines in groups if lines)
    return f"\n{text}\n" if text else ""


def _marked(text: str) -> str:
    """Return a stub's text with a mark of it in its first line: edits leave it, a new question does not."""
    first, rest = text.split("\n", 1)
    return f"{first} [{hashlib.sha256(rest.encode()).hexdigest()[:8]}]\n{rest}"


def _mark(text: str) -> str | None:
    """Return the mark in a stub's first line; whoever has deleted that line has no mark."""
    found = re.match(r"# Derived from .* \[([0-9a-f]{8})\]\n", text)
    return found.group(1) if found else None


def text_of(path: Path) -> str | None:
    """Return a file's text, None when it is missing; what is no text is taken for an empty one."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return "" if path.exists() else None


class _Module:
    """The source of one module, by definition."""

    def __init__(self, name: str) -> None:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise DeriveError(f"there is no module {name}")
        self.name = name
        self.path = Path(spec.origin)
        source = self.path.read_text(encoding="utf-8")
        self.source_lines = source.splitlines()
        try:
            self._tree = ast.parse(source)
        except SyntaxError as error:
            raise DeriveError(f"{shown(self.path)}, line {error.lineno}: {error.msg}") from None

    def definition(self, name: str) -> ast.stmt:
        """Return the top-level definition of `name`."""
        for node in self._tree.body:
            if _defines(node, name):
                return node
        raise DeriveError(f"{shown(self.path)} defines no {name}")

    def has(self, name: str) -> bool:
        """Return whether the module defines `name` at its top level."""
        return any(_defines(node, name) for node in self._tree.body)

    def imported(self, name: str) -> ast.Import | ast.ImportFrom | None:
        """Return the statement that imports `name`, or None."""
        for node in self._tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) and any(
                (alias.asname or alias.name) == name for alias in node.names
            ):
                return node
        return None

    def lines(self, node: ast.stmt) -> list[str]:
        """Return a definition's source, its decorators included."""
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        return self.source_lines[first - 1 : node.end_lineno]

    def signature_lines(self, node: ast.stmt) -> list[str]:
        """Return the lines from `def` to the colon."""
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        return self.source_lines[node.lineno - 1 : node.body[0].lineno - 1]

    def body_lines(self, node: ast.stmt) -> list[str]:
        """Return the lines after the docstring."""
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        docstring = node.body[0]
        return self.source_lines[docstring.end_lineno or docstring.lineno : node.end_lineno]


def _defines(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name


def _used_names(node: ast.stmt) -> set[str]:
    """Return the names a definition reads from outside; not its decorators' (they register flaws)."""
    decorators = getattr(node, "decorator_list", [])
    handed = {parameter.arg for parameter in ast.walk(node) if isinstance(parameter, ast.arg)}
    inside = (child for child in ast.iter_child_nodes(node) if child not in decorators)
    return set().union(*map(_names_read, inside)) - handed


def _names_read(node: ast.AST) -> set[str]:
    return {
        name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }


def _names_in_signature(node: ast.stmt) -> set[str]:
    if not isinstance(node, ast.FunctionDef):
        return set()
    annotations = [arg.annotation for arg in [*node.args.args, *node.args.kwonlyargs]]
    return {
        name.id
        for annotation in [*annotations, node.returns]
        if annotation is not None
        for name in ast.walk(annotation)
        if isinstance(name, ast.Name) and name.id not in _BUILTINS
    }


_BUILTINS = frozenset({"str", "int", "bool", "bytes", "list", "dict", "tuple", "set", "float", "object"})
