"""The layers, read from the imports: a request flows one way, and middleware cannot reach the database."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "authlab"

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
