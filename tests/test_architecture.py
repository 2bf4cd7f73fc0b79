"""The layers, read from the imports: a request flows one way, and middleware cannot reach the database."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "authlab"

# Each layer and what it may import of the others: those below it. The order is a request's.
BELOW = {
    "app": {"pages", "cookies", "db", "errors", "headers", "middleware", "origins", "request", "responses"}
    | {"routes", "settings"},
    "middleware": {"cookies", "request", "responses", "sessions.reading"},
    "routes": {"pages", "actions", "api", "request"},
    "actions": {"accounts", "cookies", "dal", "db", "devices", "forms", "pages", "request", "responses"}
    | {"sessions.strategy"},
    "api": {"accounts", "forms", "request"},
    "pages": {"dal", "forms", "request"},
    "dal": {"cookies", "db", "dto", "errors", "request", "sessions.database", "sessions.strategy"},
    "accounts": {"db", "forms", "passwords"},
    "dto": {"db"},
    "request": {"db", "settings"},
    "db": {"errors"},
    "sessions.strategy": {"db", "sessions.database", "sessions.stateless", "settings"},
    "sessions.database": {"db", "sessions.reading", "settings", "tokens"},
    "sessions.stateless": {"db", "sessions.reading", "settings", "tokens"},
    "sessions.reading": {"settings", "tokens"},
    "sessions": set(),
    "settings": {"clock", "errors", "tokens"},
    "tokens": {"errors"},
    "forms": set(),
    "passwords": set(),
    "cookies": set(),
    "devices": set(),
    "headers": set(),
    "origins": set(),
    "responses": set(),
    "clock": set(),
    "errors": set(),
}
AROUND = {"bootstrap", "installer", "doctor", "cli", "course", "lab", "__main__"}


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
