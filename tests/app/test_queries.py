"""What a page costs, counted: one query for session and user together, none in the middleware."""

import pytest

from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.routes import ROUTES

ADDRESSES = {
    endpoint: path.replace("<name>", "style.css" if endpoint == "pages.static" else "first-week.html")
    .replace("<slug>", "member-1")
    .replace("<int:user_id>", "1")
    for endpoint, (method, path, _) in ROUTES.items()
    if method == "GET"
}
# What each page asks beyond who is there. Whatever is not here asks nothing more.
OWN_QUERIES = {
    "pages.devices": {"stateless": 0, "database": 1},
    "fragments.devices": {"stateless": 0, "database": 1},
    "pages.members": {"stateless": 1, "database": 1},
    "fragments.members": {"stateless": 1, "database": 1},
    "pages.member": {"stateless": 1, "database": 1},
    "pages.admin": {"stateless": 1, "database": 1},
    "api.users": {"stateless": 1, "database": 1},
    "api.user": {"stateless": 1, "database": 1},
}
FOR_NOBODY_IN_PARTICULAR = {"pages.static", "pages.handbook", "pages.handbook_file", "pages.handbook_preview"}
FOR_NOBODY_IN_PARTICULAR |= {"pages.signup", "pages.login", "api.signup_available"}


def queries(browser: Browser, path: str) -> list[str]:
    browser.get(path)
    return [what for layer, what in browser.trace if layer == "db"]


@pytest.mark.parametrize("endpoint", sorted(ADDRESSES.keys() - FOR_NOBODY_IN_PARTICULAR))
def test_who_is_there_is_one_query(app: LabApp, grace: Browser, endpoint: str) -> None:
    """Session and user in one, however many times page, layout and navigation want to know."""
    asked = queries(grace, ADDRESSES[endpoint])
    proof = "ended_sessions" if app.settings.sessions == "stateless" else "FROM sessions JOIN users"
    assert sum(proof in query for query in asked) == 1
    more = OWN_QUERIES.get(endpoint, {}).get(app.settings.sessions, 0)
    assert len(asked) == 1 + more, asked
    assert all(query.startswith("SELECT") for query in asked)


@pytest.mark.parametrize("endpoint", sorted(FOR_NOBODY_IN_PARTICULAR - {"api.signup_available"}))
def test_what_is_the_same_for_everybody_costs_none(grace: Browser, endpoint: str) -> None:
    assert queries(grace, ADDRESSES[endpoint]) == []


@pytest.mark.parametrize("endpoint", sorted(ADDRESSES))
def test_the_middleware_asks_nothing(grace: Browser, endpoint: str) -> None:
    """Whatever is asked is asked after it, by what it let through."""
    grace.get(ADDRESSES[endpoint])
    layers = [layer for layer, _ in grace.trace]
    assert "db" not in layers[: layers.index("middleware") + 1]


@pytest.mark.parametrize("endpoint", sorted(ADDRESSES.keys() - {"api.signup_available"}))
def test_a_guest_costs_no_query(app: LabApp, endpoint: str) -> None:
    """Without a session there is nobody to look up: a crowd at the door costs the database nothing."""
    assert queries(app.browser(), ADDRESSES[endpoint]) == []


def test_with_the_cache_who_is_there_is_mostly_no_query() -> None:
    """The first page asks, the next ones remember, for a minute."""
    app = LabApp(sessions="database", cached=True)
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert [len(queries(ada, "/profile")) for _ in range(3)] == [1, 0, 0]
    app.clock.advance(seconds=60)
    assert [len(queries(ada, "/profile")) for _ in range(2)] == [1, 0]
    app.close()
