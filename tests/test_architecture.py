"""The layers, read from the imports: a request flows one way, and middleware cannot reach the database.

The way itself is read from what readers are shown (README.md, docs/architecture.md, the docstring of
`authlab.app`), so that the pictures and the code cannot part.
"""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "authlab"
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")

# Each layer and what it may import of the others: those below it. The order is a request's.
BELOW = {
    "app": {"cookies", "dal", "db", "errors", "headers", "middleware", "origins", "pages", "request"}
    | {"responses", "routes", "sessions.strategy", "settings"},
    "middleware": {"request", "responses"},
    "routes": {"actions", "api", "fragments", "pages", "request"},
    "actions": {"accounts", "cookies", "dal", "db", "devices", "errors", "forms", "limits", "origins"}
    | {"pages", "request", "responses", "roles"},
    "api": {"accounts", "dal", "dto", "errors", "forms", "limits", "request"},
    "fragments": {"dal", "pages", "request"},
    "pages": {"dal", "dto", "forms", "origins", "request", "roles"},
    "dal": {"cookies", "db", "dto", "errors", "passwords", "request", "roles", "sessions.proof"},
    "accounts": {"db", "forms", "passwords"},
    "dto": {"db", "roles"},
    "roles": {"db", "errors"},
    "request": {"cookies", "db", "events", "limits", "origins", "sessions.reading", "sessions.strategy"}
    | {"settings", "tokens"},
    "limits": {"db", "settings"},
    "sessions.strategy": {
        "db",
        "sessions.database",
        "sessions.proof",
        "sessions.stateless",
        "settings",
        "tokens",
    },
    "sessions.database": {"db", "sessions.cache", "sessions.lifetime", "sessions.proof", "settings"}
    | {"tokens"},
    "sessions.stateless": {"db", "sessions.lifetime", "sessions.proof", "settings", "tokens"},
    "sessions.cache": {"db", "tokens"},
    "sessions.proof": {"db"},
    "sessions.reading": {"settings", "tokens"},
    "sessions.lifetime": {"tokens"},
    "sessions": set(),
    "db": {"errors", "server_only"},
    "settings": {"clock", "errors", "events", "tokens"},
    "tokens": {"errors"},
    "forms": {"blocklist"},
    "blocklist": set(),
    "passwords": set(),
    "cookies": set(),
    "devices": set(),
    "events": set(),
    "headers": set(),
    "origins": set(),
    "responses": set(),
    "server_only": set(),
    "clock": set(),
    "errors": set(),
}
AROUND = {"bootstrap", "installer", "doctor", "locking", "replacing", "cli", "course", "lab", "classroom"} | {
    "__main__"
}


def imports_of(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, as `forms` or `sessions.stateless`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "authlab":
            base = node.module.removeprefix("authlab").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                found.add(inner if _is_module(inner) else base)
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("authlab.") for a in node.names if a.name.startswith("authlab.")}
    return found - {""}


def _is_module(name: str) -> bool:
    path = PACKAGE / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def app_modules() -> dict[str, Path]:
    """Return the app's own modules by name: the package without what stands around it."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if name.split(".")[0] not in AROUND and name != "__init__":
            found[name] = path
    return found


def reachable(name: str) -> set[str]:
    """Return every module that importing `name` brings along, however far away."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for imported in imports_of(app_modules()[waiting.pop()]) - seen:
            seen.add(imported)
            waiting.append(imported)
    return seen


def way_of(text: str) -> list[list[str]]:
    """Return the way of a request as a text draws it: modules from left to right, alternatives together."""
    line = re.search(r"app (?:→|->) .*\bdb\b", text)
    assert line is not None, "expected a line 'app → middleware → …'"
    return [step.split(" | ") for step in re.split(r" (?:→|->) ", line[0])]


WAY = way_of(PAGE)


def table(heading: str) -> list[list[str]]:
    """Return the names in the first column of a section's table on the page, one list for each row."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def names(heading: str) -> list[str]:
    return [name for row in table(heading) for name in row]


def test_the_way_of_a_request_is_drawn_alike_wherever_it_is_drawn() -> None:
    assert way_of(README) == WAY
    assert way_of(ast.get_docstring(ast.parse((PACKAGE / "app.py").read_text("utf-8"))) or "") == WAY
    assert names("The way of a request") == [name for step in WAY for name in step]


@pytest.mark.parametrize("step", range(len(WAY)), ids=lambda step: " | ".join(WAY[step]))
def test_the_way_of_a_request_is_the_one_that_is_drawn(step: int) -> None:
    """Each module is called by one to the left of it, and knows none that stands there."""
    left = {name for before in WAY[:step] for name in before}
    for module in WAY[step]:
        assert reachable(module) & left == set(), f"{module} knows what stands to the left of it"
        callers = {name for name in left if module in imports_of(app_modules()[name])}
        assert callers or not left, f"nothing to the left of {module} imports it"


def test_what_stands_beside_knows_no_step_of_the_way_but_the_database() -> None:
    steps = {name for step in WAY for name in step} - {"db"}
    for module in names("Beside it"):
        assert imports_of(app_modules()[module]) & steps == set(), module


def test_what_the_readme_calls_pure_knows_no_step_of_the_way() -> None:
    named = re.search(r"Beside it stand pure functions \((.*?)…\)", README, re.DOTALL)
    assert named is not None
    pure = re.findall(r"`(\w+)`", named[1])
    assert len(pure) >= 4
    for module in pure:
        assert reachable(module) & {name for step in WAY for name in step} == set(), module


def test_the_page_has_every_module() -> None:
    """On the way, beside it or around it; and what the README says stands around is among the last."""
    inside = [name for step in WAY for name in step] + names("Beside it")
    assert sorted(inside) == sorted(BELOW)
    assert sorted(names("Around it")) == sorted(AROUND)
    around = README.partition("around it, never imported by it,")[2].partition("\n\n")[0]
    folders = re.findall(r"`(\w+)/`", around)
    assert sorted(folders) == sorted(name for name in AROUND if (PACKAGE / name).is_dir())


def test_the_page_has_every_folder() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("a copy without git: nobody knows which folders are the kit's")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kits = {path.split("/")[0] + "/" for path in listed.splitlines() if "/" in path}
    named = {name for name in names("Folders") if name.endswith("/")}
    assert named == kits | {"own/"}
    tests = {path.split("/")[1] for path in listed.splitlines() if re.match(r"tests/\w+/", path)}
    row = next(line for line in PAGE.splitlines() if line.startswith("| `tests/` |"))
    assert set(re.findall(r"`(\w+)`", row)) == tests


def test_what_the_page_says_is_kept_is_written_by_the_code() -> None:
    """Each name on the disk stands in the package, in a string."""
    texts = [path.read_text("utf-8") for path in PACKAGE.rglob("*.py")]
    strings = {
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    kept = names("On the disk")
    assert len(kept) >= 10
    for path in kept:
        name = path.rstrip("/").rpartition("/")[2]
        # What is put together from pieces is at least told whole, in a help text.
        assert name in strings or any(path in string for string in strings), path


def test_every_module_of_the_app_has_its_place() -> None:
    """A new module says where it stands before anything imports it."""
    assert set(app_modules()) == set(BELOW)


@pytest.mark.parametrize("layer", BELOW)
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    assert imports_of(app_modules()[layer]) <= BELOW[layer]


def test_the_layers_have_an_order() -> None:
    """No layer reaches itself: what is below is never above as well."""
    assert [layer for layer in BELOW if layer in reachable(layer)] == []


def test_only_the_request_carries_the_database_into_the_middleware() -> None:
    """The middleware is optimistic: it imports neither the data access layer nor the database."""
    assert "db" not in imports_of(app_modules()["middleware"])
    assert "dal" not in reachable("middleware")
    assert "accounts" not in reachable("middleware")


def test_the_app_imports_nothing_that_stands_around_it() -> None:
    """The kit that teaches the app can be taken away, and the app still runs."""
    for path in app_modules().values():
        assert {name.split(".")[0] for name in imports_of(path)} & AROUND == set(), path.name


def test_the_wall_clock_is_read_in_one_place() -> None:
    for name, path in app_modules().items():
        text = path.read_text(encoding="utf-8")
        reads = [word for word in ("time.time(", "datetime.now(", "utcnow(", "import random") if word in text]
        assert reads == (["time.time("] if name == "clock" else []), name


def test_all_sql_is_in_one_module() -> None:
    for name, path in app_modules().items():
        text = path.read_text(encoding="utf-8")
        if name != "db":
            assert "SELECT " not in text, name
            assert ".execute(" not in text, name
