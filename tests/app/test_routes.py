"""The router: which address is whose, by which method, and what it makes of the parts of a path."""

import inspect

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter
from werkzeug.test import create_environ

from authlab import actions, api, fragments, pages
from authlab.routes import ROUTES, url_map

# What visitors have in their bookmarks, and scripts in their code: who moves one breaks it for them.
ADDRESSES = [
    ("GET", "/", "pages.home", {}),
    ("GET", "/static/style.css", "pages.static", {"name": "style.css"}),
    ("GET", "/signup", "pages.signup", {}),
    ("GET", "/login", "pages.login", {}),
    ("GET", "/handbook-preview", "pages.handbook_preview", {}),
    ("GET", "/handbook", "pages.handbook", {}),
    ("GET", "/handbook/first-week.html", "pages.handbook_file", {"name": "first-week.html"}),
    ("GET", "/dashboard", "pages.dashboard", {}),
    ("GET", "/dashboard/settings", "pages.settings", {}),
    ("GET", "/profile", "pages.profile", {}),
    ("GET", "/devices", "pages.devices", {}),
    ("GET", "/members", "pages.members", {}),
    ("GET", "/members/member-7", "pages.member", {"slug": "member-7"}),
    ("GET", "/admin", "pages.admin", {}),
    ("GET", "/fragments/members", "fragments.members", {}),
    ("GET", "/fragments/devices", "fragments.devices", {}),
    ("POST", "/signup", "actions.signup", {}),
    ("POST", "/login", "actions.login", {}),
    ("POST", "/logout", "actions.logout", {}),
    ("POST", "/dashboard/settings/password", "actions.change_password", {}),
    ("POST", "/devices/end", "actions.end_device", {}),
    ("POST", "/devices/end-others", "actions.end_other_devices", {}),
    ("POST", "/members/member-7/phone", "actions.set_phone", {"slug": "member-7"}),
    ("POST", "/admin/users/7/role", "actions.set_role", {"user_id": 7}),
    ("POST", "/admin/users/7/team", "actions.set_team", {"user_id": 7}),
    ("POST", "/admin/users/7/end-sessions", "actions.end_sessions", {"user_id": 7}),
    ("POST", "/admin/users/7/disable", "actions.disable", {"user_id": 7}),
    ("POST", "/admin/users/7/enable", "actions.enable", {"user_id": 7}),
    ("POST", "/admin/users/7/delete", "actions.delete_user", {"user_id": 7}),
    ("GET", "/signup/available", "api.signup_available", {}),
    ("GET", "/api/session", "api.session", {}),
    ("GET", "/api/me", "api.me", {}),
    ("POST", "/api/me/phone", "api.set_own_phone", {}),
    ("GET", "/api/users", "api.users", {}),
    ("GET", "/api/users/7", "api.user", {"user_id": 7}),
]
MODULES = {"pages": pages, "fragments": fragments, "actions": actions, "api": api}
LARGEST = 9_223_372_036_854_775_807  # what SQLite keeps in an INTEGER


@pytest.fixture
def router() -> MapAdapter:
    """The router as the first app makes it: later ones would be given the same one again."""
    urls: Map = inspect.unwrap(url_map)()
    return urls.bind_to_environ(create_environ("/", "https://lab.test"))


@pytest.mark.parametrize(("method", "path", "endpoint", "arguments"), ADDRESSES)
def test_an_address_is_answered_by_its_endpoint(
    router: MapAdapter, method: str, path: str, endpoint: str, arguments: dict[str, object]
) -> None:
    """And by that one's method alone: what changes something is not to be had by a link."""
    assert router.match(path, method) == (endpoint, arguments)
    if [address[1] for address in ADDRESSES].count(path) == 1:
        with pytest.raises(MethodNotAllowed):
            router.match(path, "POST" if method == "GET" else "GET")


def test_there_is_no_address_but_these(router: MapAdapter) -> None:
    """Whoever adds one names it here: each is a door. And a method is GET, not get: to HTTP its case counts,
    if not to the router."""
    assert sorted(rule.endpoint for rule in router.map.iter_rules()) == sorted(
        name for *_, name, _ in ADDRESSES
    )
    assert [(method, endpoint) for endpoint, (method, *_) in ROUTES.items()] == [
        (method, endpoint) for method, _, endpoint, _ in ADDRESSES
    ]


@pytest.mark.parametrize("endpoint", ROUTES)
def test_an_endpoint_is_named_after_the_function_that_answers(endpoint: str) -> None:
    """The middleware decides by the name: under another one, a page would have another's policy. The index of
    the handbook and its files are one function."""
    module, name = endpoint.split(".")
    function = ROUTES[endpoint][2]
    assert function is getattr(MODULES[module], "handbook" if name == "handbook_file" else name)


@pytest.mark.parametrize("path", ["/api/users/{}", "/admin/users/{}/role"])
@pytest.mark.parametrize("number", ["0", "1", "007", str(LARGEST - 1), str(LARGEST)])
def test_a_number_that_the_database_can_hold_is_handed_on(router: MapAdapter, path: str, number: str) -> None:
    """Whether somebody has it is not the router's to say."""
    method = "GET" if path.startswith("/api") else "POST"
    assert router.match(path.format(number), method)[1] == {"user_id": int(number)}


@pytest.mark.parametrize("path", ["/api/users/{}", "/admin/users/{}/role"])
@pytest.mark.parametrize(
    "number", [str(LARGEST + 1), str(LARGEST + 2), "9" * 40, "-1", "+1", "1.0", "1e3", "x"]
)
def test_what_is_nobody_s_number_is_no_address(router: MapAdapter, path: str, number: str) -> None:
    """One that is too large would be an error of the database, a crash that any visitor can cause."""
    with pytest.raises(NotFound):
        router.match(path.format(number), "GET" if path.startswith("/api") else "POST")
