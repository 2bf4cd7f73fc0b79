"""Which modules are mutated, which mutants each has, and which survivors are explained.

The rule: every module of the app, as the architecture test names them. So whatever holds a part is among
them, and the pure functions beside it, and nobody chooses. `named.toml` says beforehand how many mutants each
has; `explained.toml` says of each that survives why.
"""

import ast
import hashlib
import json
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from authlab.course.places import ROOT, STATE
from tests.mutation.trying import Mutant

HERE = Path(__file__).parent
PACKAGE = ROOT / "authlab"
NAMED = HERE / "named.toml"
EXPLAINED = HERE / "explained.toml"
TOOL = "mutmut==3.8.1"  # exactly this one: another has other operators, and so other mutants
FOLDER = STATE / "mutation"


@dataclass(frozen=True, slots=True)
class Name:
    """What a mutant is called: the lines it changes, before and after, and the function they are in.

    Line numbers are no part of it. What changes elsewhere in the module leaves the name as it is. What
    changes these lines makes it the name of nothing, and an explanation under it stale.
    """

    module: str
    function: str  # "" outside of functions
    before: str
    after: str


def paths() -> dict[str, Path]:
    """Return the modules that are mutated, by name."""
    return {name: path_of(name) for name in named()}


def path_of(module: str) -> Path:
    """Return a module's file."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def named() -> dict[str, int]:
    """Return how many mutants each module has, as it is named beforehand."""
    return dict(tomllib.loads(NAMED.read_text(encoding="utf-8"))["mutants"])


def explained() -> dict[Name, str]:
    """Return why each of the explained survivors survives."""
    found = {}
    for group in tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("explained", []):
        for one in group["mutants"]:
            found[Name(group["module"], one["in"], one["before"], one["after"])] = str(group["why"])
    return found


def stale(found: dict[Name, str]) -> list[Name]:
    """Return the names whose lines are no longer in their module: what they explain is gone."""
    return [
        name
        for name in found
        if not any(
            text == name.before and function == name.function for text, function in _texts(name.module, name)
        )
    ]


def _texts(module: str, name: Name) -> list[tuple[str, str]]:
    """Return every run of as many lines as `name` has, and the function that it begins in."""
    source = path_of(module).read_text(encoding="utf-8")
    lines = source.splitlines()
    size = name.before.count("\n") + 1
    functions = _functions(source)
    return [
        (_stripped(lines[at : at + size]), functions.get(at + 1, "")) for at in range(len(lines) - size + 1)
    ]


def mutants_of(module: str) -> list[Mutant]:
    """Return a module's mutants in the order of its text, made by the tool or kept from the last time."""
    path = path_of(module)
    makers = [path, HERE / "operators.py"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in makers) + TOOL.encode()).hexdigest()
    kept = FOLDER / f"mutants-{module}-{digest[:16]}.json"
    if not kept.exists():
        command = [str(_python()), str(HERE / "operators.py"), str(path)]
        made = subprocess.run(command, capture_output=True, check=False)
        if made.returncode != 0:
            raise SystemExit(f"{module}: expected mutants of {path.name}, got {made.stderr.decode()[-300:]}")
        kept.write_bytes(made.stdout)
    return [Mutant(module, path, **one) for one in json.loads(kept.read_bytes())]


def _python() -> Path:
    """Return the interpreter that has the tool, made with pip at the first call."""
    folder = FOLDER / "tool"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = folder / TOOL
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", TOOL], check=True)
        complete.touch()
    return python


def name_of(mutant: Mutant) -> Name:
    """Return a mutant's name."""
    source = mutant.path.read_text(encoding="utf-8")
    first = source.rfind("\n", 0, mutant.start) + 1
    last = source.find("\n", mutant.end)
    after = source[first : mutant.start] + mutant.text + source[mutant.end : last]
    function = _functions(source).get(line_of(mutant), "")
    return Name(
        mutant.module, function, _stripped(source[first:last].splitlines()), _stripped(after.splitlines())
    )


def line_of(mutant: Mutant) -> int:
    """Return the number of the first line that a mutant changes."""
    return mutant.path.read_text(encoding="utf-8").count("\n", 0, mutant.start) + 1


def marks_of(mutants: Sequence[Mutant]) -> list[str]:
    """Return what the outcome of each mutant is kept under: its name, which of equal ones in the function it
    is, and what the function does. So an edit elsewhere, or of a docstring, takes no outcome away."""
    found: list[str] = []
    equal: Counter[Name] = Counter()
    for mutant in mutants:
        name = name_of(mutant)
        equal[name] += 1
        does = _does(mutant.path.read_text(encoding="utf-8")).get(name.function, "")
        found.append(hashlib.sha256(repr((name, equal[name], does)).encode()).hexdigest()[:16])
    return found


def _stripped(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines)


@cache
def _does(source: str) -> dict[str, str]:
    """Return for each function or class its code, without where it stands and what its docstrings say."""
    found: dict[str, str] = {}

    def walk(node: ast.AST, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = outer
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{outer}.{child.name}".removeprefix(".")
                if ast.get_docstring(child) is not None:
                    child.body = child.body[1:]
            walk(child, name)
            if name != outer:
                found[name] = ast.dump(child)

    walk(ast.parse(source), "")
    return found


@cache
def _functions(source: str) -> dict[int, str]:
    """Return for each line the function or class that it is in."""
    found: dict[int, str] = {}

    def walk(node: ast.AST, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = outer
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{outer}.{child.name}".removeprefix(".")
                first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
                found.update(dict.fromkeys(range(first, (child.end_lineno or first) + 1), name))
            walk(child, name)

    walk(ast.parse(source), "")
    return found
