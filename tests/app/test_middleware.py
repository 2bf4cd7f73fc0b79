"""The optimistic check: by endpoint, by the cookie alone, and never the last word."""

from typing import Literal, get_args

import pytest
from werkzeug.test import create_environ

from authlab.course.attacks.lesson_07_middleware import INTERNAL_HEADERS
from authlab.db import Database
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import LAB_ORIGIN, Browser
from authlab.middleware import POLICIES, Policy, classify, login_page, optimistic
from authlab.request import Request
from authlab.routes import ROUTES
from authlab.sessions.strategy import strategy
from tests.app.visitors import signed_in

SESSION = "__Host-session"

FOR_EVERYBODY = {
    "pages.home",
    "pages.static",
    "pages.handbook_preview",
    "actions.logout",
    "api.signup_available",
    "api.session",
}
FOR_GUESTS = {"pages.signup", "pages.login", "actions.signup", "actions.login"}
THAT_ASK = {
    "api.me",
    "api.set_own_phone",
    "api.user",
    "api.users",
    "fragments.members",
    "fragments.devices",
}
FOR_MEMBERS = {
    "pages.handbook",
    "pages.handbook_file",
    "pages.dashboard",
    "pages.settings",
    "pages.profile",
    "pages.devices",
    "pages.members",
    "pages.member",
    "pages.admin",
    "actions.change_password",
    "actions.end_device",
    "actions.end_other_devices",
    "actions.set_phone",
    "actions.set_role",
    "actions.set_team",
    "actions.end_sessions",
    "actions.disable",
    "actions.enable",
    "actions.delete_user",
}

METHODS = {endpoint: method for endpoint, (method, _, _) in ROUTES.items()}
ADDRESSES = {
    endpoint: path.replace("<name>", "style.css" if endpoint == "pages.static" else "first-week.html")
    .replace("<slug>", "member-1")
    .replace("<int:user_id>", "1")
    for endpoint, (_, path, _) in ROUTES.items()
}
READ = sorted(endpoint for endpoint, method in METHODS.items() if method == "GET")
SENT = sorted(endpoint for endpoint, method in METHODS.items() if method == "POST")


def asked(app: LabApp, path: str, method: str = "GET", cookie: str = "") -> Request:
    """A request as the middleware gets it, with nothing read yet."""
    environ = create_environ(path, LAB_ORIGIN, method=method)
    if cookie:
        environ["HTTP_COOKIE"] = f"{SESSION}={cookie}"
    return Request(environ, app.settings, Database(app.settings.database), strategy(app.settings))


# classify


def test_every_endpoint_is_on_one_list() -> None:
    """Whoever adds one says here who it is for."""
    lists = [FOR_EVERYBODY, FOR_GUESTS, THAT_ASK, FOR_MEMBERS]
    assert sorted(name for names in lists for name in names) == sorted(ROUTES)


@pytest.mark.parametrize(
    ("policy", "endpoints"),
    [
        ("everybody", FOR_EVERYBODY),
        ("guests", FOR_GUESTS),
        ("asks", THAT_ASK),
        ("members", FOR_MEMBERS),
    ],
)
def test_an_endpoint_is_for_whom_its_list_says(policy: str, endpoints: set[str]) -> None:
    assert {classify(endpoint) for endpoint in endpoints} == {policy}


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "pages.new",
        "pages",
        "home",
        "pages.Home",
        "PAGES.HOME",
        "pages.home ",
        "pages.home.x",
        "/",
        "api.*",
    ],
)
def test_an_endpoint_that_nobody_has_classified_is_for_members(endpoint: str) -> None:
    """Whoever forgets it has closed a page, and not opened one."""
    assert classify(endpoint) == "members"


def test_there_are_four_policies() -> None:
    """A fifth is a rule that `optimistic` has to know; a misspelled one would be none of them."""
    assert get_args(Policy) == ("everybody", "guests", "members", "asks")
    assert set(POLICIES.values()) < set(get_args(Policy))


def test_nothing_is_classified_that_is_not_there() -> None:
    """The line of a page that was renamed would be read as if it still did something."""
    assert POLICIES.keys() - ROUTES.keys() == set()


# optimistic: where it leads


@pytest.mark.parametrize("endpoint", READ)
def test_a_guest_is_led_to_the_login_or_goes_on(guest: Browser, endpoint: str) -> None:
    """Members' pages lead to the login, what asks by itself says 401, all else opens."""
    path = ADDRESSES[endpoint]
    answer = guest.get(path)
    if endpoint in FOR_MEMBERS:
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/login?next={path.replace('/', '%2F')}"
    elif endpoint in THAT_ASK:
        assert answer.status_code == 401
    else:
        assert answer.status_code == (422 if endpoint == "api.signup_available" else 200)


@pytest.mark.parametrize("endpoint", sorted(set(SENT) & FOR_MEMBERS))
def test_a_guest_s_form_leads_to_the_login_and_not_back(app: LabApp, guest: Browser, endpoint: str) -> None:
    """A form cannot be sent a second time by a redirect, so there is nowhere to go back to."""
    before = app.users()
    answer = guest.post(ADDRESSES[endpoint])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert app.users() == before


@pytest.mark.parametrize("endpoint", READ)
def test_who_is_signed_in_is_kept_from_guests_pages_only(app: LabApp, endpoint: str) -> None:
    """An admin, so that no page has another reason to refuse."""
    answer = signed_in(app, GRACE).get(ADDRESSES[endpoint])
    if endpoint in FOR_GUESTS:
        assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    else:
        assert answer.status_code == (422 if endpoint == "api.signup_available" else 200)


def test_who_is_signed_in_may_send_a_guest_s_form(ada: Browser) -> None:
    """Somebody else at the same computer logs in: a redirect would lose what they typed."""
    answer = ada.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    assert answer.headers["Location"] == "/profile"
    assert "Grace Hopper" in ada.get("/profile").text


@pytest.mark.parametrize("endpoint", sorted(set(READ) & FOR_MEMBERS))
def test_the_login_leads_back_to_the_page(app: LabApp, endpoint: str) -> None:
    """Query and all: through the redirect, the form's hidden field and the login."""
    grace, path = app.browser(), f"{ADDRESSES[endpoint]}?q=a%26b+%C3%A9"
    page = grace.follow(grace.get(path))
    assert f'name="next" value="{path}"' in page.text
    form = {"email": GRACE[1], "password": GRACE[2], "next": path}
    assert grace.post("/login", form).headers["Location"] == path


# optimistic: what it looks at


@pytest.mark.parametrize(("name", "value"), INTERNAL_HEADERS)
@pytest.mark.parametrize("path", ["/handbook", "/handbook/first-week.html", "/dashboard"])
def test_no_header_opens_a_page(guest: Browser, path: str, name: str, value: str) -> None:
    """Whatever a proxy or a framework might say, a visitor can write as well."""
    assert guest.get(path, headers={name: value}).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "/%68andbook",
        "/%68%61%6e%64%62%6f%6f%6b",
        "/handbook%2Ffirst-week.html",
        "/handbook/first-week%2Ehtml",
        "/handbook?x=.png",
        "/handbook?next=/static/style.css",
        "/handbook/floor-plan.png",
        "//handbook",
        "///handbook?a",
    ],
)
def test_however_a_page_is_spelled_it_is_the_same_page(guest: Browser, ada: Browser, target: str) -> None:
    """It opens for Ada, so the router takes it for the page; and so it is closed to a guest."""
    assert ada.raw(target).status_code == 200
    assert guest.raw(target).status_code == 303


@pytest.mark.parametrize(
    "target",
    ["/handbook/", "/HANDBOOK", "/handbook/first-week.html/", "/handbook;a", "/handbook%00", "/%2568andbook"],
)
def test_what_only_looks_like_a_page_is_none(guest: Browser, ada: Browser, target: str) -> None:
    """Not for Ada either: there is nothing that a check could miss."""
    assert ada.raw(target).status_code == guest.raw(target).status_code == 404


def test_a_slash_too_many_inside_leads_to_the_page_that_is_checked(guest: Browser) -> None:
    """The router tidies the address, and shows nothing before it is asked again."""
    answer = guest.raw("/handbook//first-week.html")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://lab.test/handbook/first-week.html"
    assert "Monday" not in answer.text


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "null", "1"])
def test_a_cookie_that_we_never_signed_is_no_session(app: LabApp, cookie: str) -> None:
    visitor = app.browser()
    visitor.set_cookie(SESSION, cookie)
    answer = visitor.get("/handbook")
    assert answer.status_code == 303
    assert SESSION not in visitor.cookies


def test_a_token_that_has_run_out_is_no_session(app: LabApp, ada: Browser) -> None:
    """The end is in the token, so this much the middleware can tell."""
    token = ada.cookies[SESSION].value
    app.clock.advance(days=7)
    ada.set_cookie(SESSION, token)
    assert ada.get("/handbook").status_code == 303


def test_it_can_be_wrong_and_then_the_data_is_still_closed(app: LabApp, ada: Browser) -> None:
    """It is optimistic: a session that was ended a moment ago still looks good. It opens the handbook, which
    is everybody's, and nothing that is somebody's."""
    copy = app.browser()
    copy.set_cookie(SESSION, ada.cookies[SESSION].value)
    ada.post("/logout")
    assert copy.get("/handbook").status_code == 200
    page = copy.get("/profile")
    assert page.headers["Location"] == "/login?next=%2Fprofile"
    assert ADA[1] not in page.text
    assert SESSION not in copy.cookies


# optimistic: what it costs


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_it_opens_no_connection(app: LabApp, ada: Browser, endpoint: str, signed: bool) -> None:
    """It runs before each request, so it must cost none of them a query, whatever it decides."""
    cookie = ada.cookies[SESSION].value if signed else ""
    request = asked(app, ADDRESSES[endpoint], METHODS[endpoint], cookie)
    answer = optimistic(request, endpoint)
    assert (request.session is not None) is signed
    assert "db" not in request.__dict__
    led = endpoint in (FOR_GUESTS & set(READ) if signed else FOR_MEMBERS)
    assert (answer is not None) is led


@pytest.mark.parametrize("who", ["guest", "ada"])
@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_no_query_is_asked_before_it_has_decided(app: LabApp, endpoint: str, who: str) -> None:
    """Counted over the whole request: neither the router nor the check of the form asks one."""
    browser = signed_in(app) if who == "ada" else app.browser()
    token = browser.form_token()
    browser.request(
        METHODS[endpoint],
        ADDRESSES[endpoint],
        data={"csrf": token} if METHODS[endpoint] == "POST" else None,
    )
    layers = [layer for layer, _ in browser.trace]
    assert "middleware" in layers
    assert "db" not in layers[: layers.index("middleware")]


@pytest.mark.parametrize("endpoint", sorted(FOR_MEMBERS))
def test_who_is_led_away_has_cost_no_query(app: LabApp, guest: Browser, endpoint: str) -> None:
    """A crowd at a closed door leaves the database alone."""
    app.statements.clear()
    guest.request(METHODS[endpoint], ADDRESSES[endpoint])
    assert app.statements == []


# Other methods


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("endpoint", READ)
def test_head_is_decided_as_get_is(app: LabApp, endpoint: str, signed: bool) -> None:
    """The same status, the same way round, the same headers, and no body: no more is told than by GET."""
    first, second = (signed_in(app, GRACE) if signed else app.browser() for _ in range(2))
    get, head = first.get(ADDRESSES[endpoint]), second.request("HEAD", ADDRESSES[endpoint])
    assert head.status_code == get.status_code
    assert head.headers.get("Location") == get.headers.get("Location")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.content == b""


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_method_that_no_page_has_gets_nowhere(app: LabApp, method: str) -> None:
    """405 before anybody is asked for, for guests and members alike: it tells which methods there are, and no
    browser's preflight is ever answered with a yes."""
    visitors = app.browser(), signed_in(app)
    app.statements.clear()
    for endpoint in ROUTES:
        for browser in visitors:
            answer = browser.request(method, ADDRESSES[endpoint])
            assert answer.status_code == 405, endpoint
            assert METHODS[endpoint] in answer.headers["Allow"], endpoint
            assert not [name for name in answer.headers if name.startswith("Access-Control-")], endpoint
    assert app.statements == []


# login_page


@pytest.mark.parametrize(
    ("method", "path", "address"),
    [
        ("GET", "/profile", "/login?next=%2Fprofile"),
        ("HEAD", "/profile", "/login?next=%2Fprofile"),
        ("GET", "/members?q=a", "/login?next=%2Fmembers%3Fq%3Da"),
        ("GET", "/members?q=a%26b&p=%C3%A9", "/login?next=%2Fmembers%3Fq%3Da%2526b%26p%3D%25C3%25A9"),
        ("GET", "/members?next=//evil.test", "/login?next=%2Fmembers%3Fnext%3D%2F%2Fevil.test"),
        ("GET", "/members/a b", "/login?next=%2Fmembers%2Fa+b"),
        ("POST", "/devices/end", "/login"),
        ("POST", "/devices/end?next=//evil.test", "/login"),
    ],
)
def test_the_login_page_knows_where_to_go_afterwards(method: str, path: str, address: str) -> None:
    """A path of this site, and no more of the request than that: no host, no form."""
    with_app = LabApp()
    try:
        assert login_page(asked(with_app, path, method)) == address
    finally:
        with_app.close()


@pytest.mark.parametrize("sessions", ["stateless", "database"])
def test_no_round_trip_goes_in_a_circle(sessions: Literal["stateless", "database"]) -> None:
    """Wherever a deleted member's browser comes back to, it has a page after two steps at most."""
    for endpoint in READ:
        app = LabApp(sessions=sessions)
        ada = signed_in(app)
        signed_in(app, GRACE).post("/admin/users/1/delete")
        page, steps = ada.get(ADDRESSES[endpoint]), 0
        while "Location" in page.headers and steps < 10:
            page, steps = ada.follow(page), steps + 1
        app.close()
        assert steps <= 2, f"{endpoint}: {ada.history[-4:]}"
        assert page.status_code in (200, 401, 422), endpoint
