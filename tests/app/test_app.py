"""The app as a visitor meets it, from the first page to the last refusal."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from authlab import forms
from authlab.app import App
from authlab.course.mounting import mounted
from authlab.db import Database
from authlab.errors import Forbidden, NotSignedIn, TooManyAttempts
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.settings import Settings
from tests.app.sqlite_errors import sqlite_error
from tests.app.visitors import signed_in

BUSY = sqlite_error(sqlite3.SQLITE_BUSY)
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
DELETED = {"__Host-session=", "Max-Age=0", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
SECURITY_HEADERS = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
)


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp()
    yield app
    app.close()


def location(answer: requests.Response) -> str:
    return answer.headers.get("Location", "")


def sql(browser: Browser) -> list[str]:
    """What the last request asked the database."""
    return [what for layer, what in browser.trace if layer == "db"]


def layers(browser: Browser) -> list[str]:
    """The layers that the last request went through."""
    return [layer for layer, _ in browser.trace]


def operator(app: LabApp, statement: str, *values: object) -> None:
    """Change the database behind the app's back, as its operator can."""
    db = app._app.database.connect()
    db.execute(statement, values)
    db.close()


def raw(
    app: Callable[..., Iterable[bytes]],
    method: str = "GET",
    path: str = "/",
    body: bytes = b"",
    **environ: Any,
) -> Response:
    """Send what no client library would: the environ of a server, with `environ` over it."""
    wire = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "lab.test",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "lab.test",
        "HTTP_ORIGIN": "https://lab.test",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **environ,
    }
    content, status, headers = run_wsgi_app(app, wire, buffered=True)
    return Response(b"".join(content), status, headers)


# Signing up, in, and out


def test_signing_up_signs_in_and_leads_to_the_profile(app: LabApp, guest: Browser) -> None:
    """The visitor fills in one form and stands on their own page."""
    answer = guest.post("/signup", EVE)

    assert answer.status_code == 303
    assert location(answer) == "/profile"
    profile = guest.follow(answer)
    assert profile.status_code == 200
    assert "eve@lab.test" in profile.text
    assert app.members()[-1] == ("Eve", "eve@lab.test", "user")


def test_the_session_s_cookie_carries_every_attribute(guest: Browser) -> None:
    """No script reads it, no other host sets it, no foreign form sends it, and the browser drops it after a
    week: each attribute that is missing is an attack."""
    cookies = guest.post("/signup", EVE).raw.headers.getlist("Set-Cookie")
    pair, *attributes = cookies[0].split("; ")

    assert pair.startswith("__Host-session=")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax", "Secure"]


def test_a_refused_sign_up_asks_the_database_nothing(app: LabApp, guest: Browser) -> None:
    """Everything wrong with the form is known from the form: a flood of nonsense costs no query."""
    app.statements.clear()
    app.hashes = 0

    answer = guest.post("/signup", {"name": "E", "email": "nowhere", "password": "abc", "nonce": "1"})

    assert answer.status_code == 422
    assert app.statements == []
    assert sql(guest) == []
    assert app.hashes == 0
    assert "Set-Cookie" not in answer.headers


def test_a_taken_email_makes_no_account_and_no_session(app: LabApp, guest: Browser) -> None:
    """Ada's address in another spelling is Ada's: whoever signs up with it does not get her account."""
    answer = guest.post("/signup", {"name": "Eve", "email": " ADA@Lab.test", "password": "let-me-in-4"})

    assert answer.status_code == 409
    assert forms.EMAIL_TAKEN in answer.text
    assert guest.cookies == {}
    assert len(app.members()) == 3


def test_one_page_sent_twice_makes_one_account_and_says_so(app: LabApp, guest: Browser) -> None:
    """A double click: the second sending is told what happened, not that its own address is taken."""
    form = {**EVE, "nonce": "5f1d"}
    first, second = guest.post("/signup", form), guest.post("/signup", form)

    assert (first.status_code, second.status_code) == (303, 409)
    assert forms.SENT_TWICE in second.text
    assert forms.EMAIL_TAKEN not in second.text
    assert [member[0] for member in app.members()].count("Eve") == 1


def test_one_page_sent_twice_at_once_makes_one_account(app: LabApp) -> None:
    """Both sendings have passed every check before either writes: the database decides."""
    form = {**EVE, "nonce": "5f1d"}
    one, other = app.browser(), app.browser()
    answers = app.together([lambda: one.post("/signup", form), lambda: other.post("/signup", form)])

    accepted, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert (accepted.status_code, refused.status_code) == (303, 409)
    assert forms.SENT_TWICE in refused.text
    assert [member[0] for member in app.members()].count("Eve") == 1


def test_a_refused_form_does_not_use_up_its_page(guest: Browser) -> None:
    """The visitor mends a typing error and sends the page they have: only an accepted form is claimed."""
    assert guest.post("/signup", {**EVE, "name": "E", "nonce": "5f1d"}).status_code == 422
    assert guest.post("/signup", {**EVE, "nonce": "5f1d"}).status_code == 303


def test_the_right_password_signs_in(guest: Browser) -> None:
    """However the e-mail is capitalised."""
    answer = guest.post("/login", {"email": "ADA@lab.test", "password": "analytical-engine-1843"})

    assert answer.status_code == 303
    assert location(answer) == "/profile"
    assert "Ada Lovelace" in guest.follow(answer).text


def test_every_refused_login_is_the_same_answer(guest: Browser) -> None:
    """A wrong password, an unknown address, no address, nothing at all: a stranger who tries addresses
    learns of none. What was typed comes back; nothing else differs."""
    wrong = guest.post("/login", {"email": "ada@lab.test", "password": "wrong"})
    unknown = guest.post("/login", {"email": "eve@lab.test", "password": "wrong"})
    empty = guest.post("/login", {})

    assert [answer.status_code for answer in (wrong, unknown, empty)] == [401, 401, 401]
    assert wrong.text == unknown.text.replace("eve@lab.test", "ada@lab.test")
    assert wrong.headers == unknown.headers
    assert list(wrong.headers) == list(empty.headers)
    assert guest.cookies == {}


def test_each_login_is_a_session_of_its_own(app: LabApp) -> None:
    """The same second, the same user, two cookies: one can be named without the other."""
    first, second = signed_in(app, ADA), signed_in(app, ADA)
    assert first.cookies["__Host-session"].value != second.cookies["__Host-session"].value


def test_a_login_does_not_go_on_with_a_cookie_that_was_planted(app: LabApp, guest: Browser) -> None:
    """Mallory writes his own session into Ada's browser and waits for her to log in (fixation)."""
    guest.post("/signup", EVE)
    planted = guest.cookies["__Host-session"].value
    victim = app.browser()
    victim.set_cookie("__Host-session", planted)
    victim.post("/login", {"email": "ada@lab.test", "password": "analytical-engine-1843"})

    assert victim.cookies["__Host-session"].value != planted
    assert "Ada Lovelace" in victim.get("/profile").text


def test_logging_out_takes_the_cookie_back(ada: Browser) -> None:
    """With the attributes it was set with, or the browser would keep it."""
    answer = ada.post("/logout")

    assert answer.status_code == 303
    assert location(answer) == "/login"
    assert set(answer.headers["Set-Cookie"].split("; ")) == DELETED
    assert list(ada.cookies) == ["__Host-device"]  # which opens nothing: see `devices`
    assert location(ada.get("/profile")) == "/login?next=%2Fprofile"


def test_a_guest_may_log_out(guest: Browser) -> None:
    """Twice, or with a session that has run out: it ends where logging out always ends."""
    assert location(guest.post("/logout")) == "/login"


@pytest.mark.parametrize(("method", "path"), [("POST", "/logout"), ("GET", "/"), ("GET", "/profile")])
def test_a_cookie_that_we_never_signed_is_taken_back_once(guest: Browser, method: str, path: str) -> None:
    """Also where logging out takes it back anyway: of two lines for one cookie, a browser may keep either."""
    guest.set_cookie("__Host-session", "a.b.c")
    (line,) = guest.request(method, path).raw.headers.getlist("Set-Cookie")
    assert set(line.split("; ")) == DELETED


# Who may see what


@pytest.mark.parametrize("path", ["/profile", "/admin"])
def test_a_guest_is_sent_to_the_login_page(guest: Browser, path: str) -> None:
    """By the middleware: no page runs, and the database is not asked."""
    answer = guest.get(path)

    assert answer.status_code == 303
    assert location(answer) == f"/login?next=%2F{path[1:]}"
    assert sql(guest) == []
    assert layers(guest) == ["app", "middleware", "app"]


def test_a_page_of_one_s_own_costs_one_query(app: LabApp, ada: Browser) -> None:
    """The token says who, the database says whether: one question, asked by the data access layer, however
    many times a page needs to know."""
    app.statements.clear()
    assert ada.get("/profile").status_code == 200

    (asked,) = app.statements
    assert asked.endswith(
        "FROM users WHERE users.id = ? AND session_generation = ? AND disabled_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM ended_sessions WHERE session_id = ?)"
    )
    assert layers(ada) == ["app", "middleware", "pages", "db", "dal", "app"]


@pytest.mark.parametrize("path", ["/", "/signup", "/login", "/static/style.css", "/nowhere"])
def test_a_guest_s_pages_cost_no_query(app: LabApp, guest: Browser, path: str) -> None:
    """Nobody is signed in, so there is nobody to look up: a crowd at the door costs the database nothing."""
    app.statements.clear()
    guest.get(path)
    assert app.statements == []


@pytest.mark.parametrize(
    ("path", "refused_by"), [("/signup", "middleware"), ("/login", "middleware"), ("/nowhere", "app")]
)
def test_the_middleware_never_asks_the_database(
    app: LabApp, ada: Browser, path: str, refused_by: str
) -> None:
    """It reads the cookie and guesses. On every request it runs, so on every request it must be cheap."""
    app.statements.clear()
    ada.get(path)
    assert app.statements == []
    assert refused_by in layers(ada)


def test_the_members_page_is_for_admins(guest: Browser, ada: Browser, grace: Browser) -> None:
    """Unknown, known but not allowed, allowed: three visitors, three answers."""
    assert guest.get("/admin").status_code == 303
    refused = ada.get("/admin")
    assert refused.status_code == 403
    assert "Alan Turing" not in refused.text
    listed = grace.get("/admin")
    assert listed.status_code == 200
    assert "Alan Turing" in listed.text


def test_a_refused_page_reads_no_members(app: LabApp, ada: Browser) -> None:
    """The check is where the data is: Ada's request never gets as far as the other members' rows."""
    app.statements.clear()
    ada.get("/admin")
    (asked,) = app.statements
    assert "WHERE users.id = ?" in asked


def test_a_role_is_the_database_s_of_this_moment(app: LabApp, grace: Browser) -> None:
    """Grace is no admin any more, and her session is a day old: it ends now, not with the session."""
    assert grace.get("/admin").status_code == 200
    operator(app, "UPDATE users SET role = 'user' WHERE email = ?", GRACE[1])
    assert grace.get("/admin").status_code == 403


@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_who_is_signed_in_skips_the_guests_pages(ada: Browser, path: str) -> None:
    """A visitor with a bookmark on the login page is saved the detour."""
    answer = ada.get(path)
    assert answer.status_code == 303
    assert location(answer) == "/dashboard"


# Sessions that no longer hold


def test_a_deleted_user_s_session_ends_at_the_login_page(app: LabApp, ada: Browser) -> None:
    """The token is good, its user is gone. The cookie is taken back with the redirect, or the middleware
    would send them back to the profile, and so round in a circle for ever."""
    operator(app, "DELETE FROM users WHERE email = ?", ADA[1])

    answer = ada.get("/profile")
    assert answer.status_code == 303
    assert location(answer) == "/login?next=%2Fprofile"
    assert set(answer.headers["Set-Cookie"].split("; ")) == DELETED
    assert ada.follow(answer).status_code == 200


def test_a_deleted_user_is_a_guest_on_the_start_page(app: LabApp, ada: Browser) -> None:
    """No error, and nothing of the account that was."""
    operator(app, "DELETE FROM users WHERE email = ?", ADA[1])
    page = ada.get("/")
    assert page.status_code == 200
    assert "Ada Lovelace" not in page.text
    assert "Log in" in page.text


def test_a_deleted_user_s_number_is_not_worth_another_s_page(app: LabApp, guest: Browser) -> None:
    """SQLite gives the highest id away again: what Ada's old token opens must not be the newcomer's page."""
    guest.post("/signup", EVE)
    operator(app, "DELETE FROM users WHERE email = ?", "eve@lab.test")
    newcomer = app.browser()
    newcomer.post("/signup", {"name": "Zoe", "email": "zoe@lab.test", "password": "let-me-in-5"})

    assert "zoe@lab.test" not in guest.get("/profile").text


def test_a_session_holds_for_seven_days_to_the_second(app: LabApp, ada: Browser) -> None:
    """The server counts: a copy of the cookie in a jar without a clock runs out as well."""
    token = ada.cookies["__Host-session"].value
    app.clock.advance(days=7, seconds=-1)
    thief = app.browser()
    thief.set_cookie("__Host-session", token)
    assert thief.get("/handbook").status_code == 200

    app.clock.advance(seconds=1)
    ada.set_cookie("__Host-session", token)
    answer = ada.get("/profile")
    assert answer.status_code == 303
    assert location(answer) == "/login?next=%2Fprofile"
    assert ada.get("/login").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "used"),
    [
        ("GET", "/profile", True),
        ("POST", "/members/member-1/phone", True),
        ("GET", "/api/me", False),
        ("GET", "/fragments/devices", False),
    ],
)
def test_a_session_is_in_use_where_a_person_is(method: str, path: str, used: bool) -> None:
    """Pages and forms are people's. Scripts ask by themselves: a page left open would never be logged out."""
    app = LabApp(sessions="database")
    ada = signed_in(app)
    form = {"csrf": ada.form_token(), "phone": "1843"}
    app.clock.advance(hours=1)
    assert ada.request(method, path, data=form if method == "POST" else None).status_code in (200, 303)
    (session,) = app.stolen_sessions()
    app.close()
    assert (session["last_seen_at"] == app.clock.now) is used


@pytest.mark.parametrize("path", ["/profile", "/admin"])
@pytest.mark.parametrize("cookie", ["2", "", "a.b.c", "é", "x" * 5000, '"quoted', "\x00"])
def test_a_made_up_session_opens_nothing(app: LabApp, path: str, cookie: str) -> None:
    """Whatever is written into the cookie, it is a login page or a plain refusal, never a crash."""
    answer = raw(app, path=path, HTTP_COOKIE=f"__Host-session={cookie}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/login?next=%2F{path[1:]}"


# Methods and addresses


@pytest.mark.parametrize(
    "path", ["/", "/signup", "/login", "/profile", "/admin", "/static/style.css", "/nowhere", "/devices/end"]
)
def test_head_is_get_without_the_page(app: LabApp, path: str) -> None:
    """The same status and headers, and not a byte of the page: not for Ada, and not for her proxy."""
    get, head = signed_in(app, ADA).get(path), signed_in(app, ADA).request("HEAD", path)

    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers == get.headers


def test_head_opens_no_page_that_get_does_not(guest: Browser) -> None:
    """A check for GET alone would let HEAD in by the window."""
    answer = guest.request("HEAD", "/profile")
    assert answer.status_code == 303
    assert location(answer) == "/login?next=%2Fprofile"
    assert layers(guest) == ["app", "middleware", "app"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/profile", "GET, HEAD"),
        ("POST", "/profile", "GET, HEAD"),
        ("PUT", "/signup", "GET, HEAD, POST"),
        ("PATCH", "/login", "GET, HEAD, POST"),
        ("GET", "/logout", "POST"),
        ("POST", "/signup/available", "GET, HEAD"),
        ("OPTIONS", "/login", "GET, HEAD, POST"),
        ("TRACE", "/", "GET, HEAD"),
        ("QWERTY", "/", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_there_says_what_is(ada: Browser, method: str, path: str, allowed: str) -> None:
    """405 with the list: and Ada is still signed in, so no link logs her out."""
    answer = ada.request(method, path)

    assert answer.status_code == 405
    assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == allowed
    assert ada.get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/dashboard/settings/password", "/dashboard/settings"),
        ("/members/member-1/phone", "/members/member-1"),
        ("/admin/users/1/team", "/admin"),
        ("/devices/end", "/devices"),
        ("/members/%22%3E%3Cb%3E/phone", "/members/%22%3E%3Cb%3E"),
    ],
)
def test_who_opens_a_form_s_address_is_shown_the_page_it_is_on(ada: Browser, path: str, page: str) -> None:
    """A refused form stands there until the visitor loads it anew, or comes back to it from the history."""
    answer = ada.get(path)
    assert answer.status_code == 405
    assert f'<a class="button" href="{page}">To its page</a>' in answer.text
    assert "<p>A form is sent to this address. It is filled in on another page.</p>" in answer.text
    assert "A form" not in ada.request("DELETE", path).text


def test_a_page_that_no_link_of_ours_would_lead_to_is_not_offered(ada: Browser) -> None:
    """A tab in its address: whoever decodes it on the way may read another address. The start page is."""
    answer = ada.get("/members/%09/phone")
    assert answer.status_code == 405
    assert "A form is sent to this address." in answer.text
    assert "To its page" not in answer.text
    assert '<a class="button" href="/">To the start page</a>' in answer.text


@pytest.mark.parametrize("path", ["/logout", "/profile", "/nowhere"])
def test_no_page_is_offered_where_there_is_none(ada: Browser, path: str) -> None:
    answer = ada.post(path) if path == "/profile" else ada.get(path)
    assert answer.status_code in (404, 405)
    assert "To its page" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/profile/", "/Profile", "/admin/1", "/.env", "/signup.php"])
def test_an_address_that_is_not_there_is_404(ada: Browser, path: str) -> None:
    """With a page that says what to do."""
    answer = ada.get(path)
    assert answer.status_code == 404
    assert "Check the address" in answer.text


@pytest.mark.parametrize("path", ["//profile", "/profile//", "///profile", "//admin"])
def test_more_slashes_get_around_no_check(app: LabApp, path: str) -> None:
    """A check by the text of the path misses //profile; the router says which page it is before any check.
    Nothing is shown, and the way leads to no other host."""
    trace: list[tuple[str, str]] = []
    wire: dict[str, Any] = {"authlab.trace": trace}
    answer = raw(app, path=path, **wire)

    assert "pages" not in [layer for layer, _ in trace]
    assert answer.status_code in (303, 308, 404)
    assert answer.headers.get("Location", "/").startswith(("/login", "https://lab.test/", "/"))
    assert not answer.headers.get("Location", "/").startswith("//")


def test_an_encoded_letter_gets_around_no_check(app: LabApp) -> None:
    """/%70rofile is /profile, to the router and so to the middleware. A server decodes it before the app."""
    trace: list[tuple[str, str]] = []
    wire: dict[str, Any] = {"RAW_URI": "/%70rofile", "REQUEST_URI": "/%70rofile", "authlab.trace": trace}
    answer = raw(app, path="/profile", **wire)
    assert [layer for layer, _ in trace] == ["app", "middleware", "app"]
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Fprofile"


@pytest.mark.parametrize(
    "path", ["", "profile", "/\x00", "/\xff\xfe", "/\ud800", "/" + "a" * 20_000, "/%00", "/\r\nX-Bad: 1", "*"]
)
def test_odd_paths_are_no_crash(app: LabApp, path: str) -> None:
    """What no browser asks for, a scanner does."""
    answer = raw(app, path=path.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert answer.status_code in (200, 303, 308, 400, 404)
    assert app.crashes == []
    assert "X-Bad" not in answer.headers


# Files


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..",
        ".",
        "../templates/base.html",
        "%2e%2e/app.py",
        "..\\app.py",
        "/etc/passwd",
        "style.css\x00.txt",
        "style.css/",
        "STYLE.CSS",
        "",
    ],
)
def test_static_files_are_those_of_one_folder(app: LabApp, name: str) -> None:
    """A name that climbs, ends early or is spelled otherwise is the name of no file here."""
    answer = raw(app, path=f"/static/{name}")
    assert answer.status_code in (308, 404)
    assert "import" not in answer.get_data(as_text=True)
    assert app.crashes == []


@pytest.mark.parametrize("name", ["style.css", "signup.js", "favicon.svg"])
def test_static_files_are_for_everybody(guest: Browser, name: str) -> None:
    """The login page needs its style before anyone is signed in."""
    answer = guest.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


# Other people's pages


@pytest.mark.parametrize("path", ["/signup", "/login", "/logout"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://evil.test",
        "http://lab.test",
        "https://lab.test:444",
        "https://lab.test.evil.test",
        "https://evil.test/https://lab.test",
        "https://lab.test, https://evil.test",
        "https://lab.test/",
        "*",
    ],
)
def test_another_site_s_form_changes_nothing(app: LabApp, path: str, origin: str | None) -> None:
    """Ada opens a page of Mallory's while she is signed in; the page posts a form to the lab. A request
    without an origin is refused as well: every browser sends one with a form."""
    app.statements.clear()
    app.hashes = 0
    body = b"name=Eve&email=eve@lab.test&password=let-me-in-4"
    environ = {} if origin is None else {"HTTP_ORIGIN": origin}
    answer = raw(_without_origin(app) if origin is None else app, "POST", path, body, **environ)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert app.statements == []
    assert app.hashes == 0


def _without_origin(app: LabApp) -> Callable[..., Iterable[bytes]]:
    def strip(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        del environ["HTTP_ORIGIN"]
        return app(environ, start_response)

    return strip


def test_the_same_form_from_our_own_page_is_taken(app: LabApp) -> None:
    """The other side of the coin: a wall that keeps everybody out is no wall."""
    body = b"name=Eve&email=eve@lab.test&password=let-me-in-4"
    assert raw(app, "POST", "/signup", body).status_code == 303


def test_another_site_may_link_to_us(app: LabApp) -> None:
    """GET changes nothing, so it needs no origin: a link from a search engine opens the page."""
    assert app.browser(page="https://evil.test").get("/login").status_code == 200


# Headers and caches


def answers_of_every_kind(app: LabApp) -> Iterator[tuple[str, requests.Response]]:
    guest, ada = app.browser(), signed_in(app, ADA)
    yield "200 page", guest.get("/signup")
    yield "200 private", ada.get("/profile")
    yield "200 static", guest.get("/static/style.css")
    yield "200 json", guest.get("/signup/available?email=a@b.c")
    yield "303 to a page", guest.post("/signup", EVE)
    yield "303 to login", app.browser().get("/profile")
    yield "401", app.browser().post("/login", {})
    yield "403 page", ada.get("/admin")
    yield "403 origin", app.browser(page="https://evil.test").post("/login", {})
    yield "404", guest.get("/nowhere")
    yield "405", guest.request("DELETE", "/")
    yield "409", app.browser().post("/signup", EVE)
    yield "413", app.browser().post("/login", {"email": "x" * 70_000})
    yield "422 page", app.browser().post("/signup", {})
    yield "422 json", guest.get("/signup/available?email=")
    with mounted({"authlab.accounts:authenticate": _crash}):
        yield "500", app.browser().post("/login", {})


def _crash(*_: Any, **__: Any) -> None:
    raise RuntimeError("the disk at /srv/secret is full, key=hunter2")


def test_every_answer_has_the_security_headers(app: LabApp) -> None:
    """Errors, redirects and files too: the page that was forgotten is the page that gets framed."""
    for kind, answer in answers_of_every_kind(app):
        assert answer.status_code == int(kind[:3]), kind
        missing = [name for name in SECURITY_HEADERS if name not in answer.headers]
        assert missing == [], kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff", kind
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], kind
        assert "unsafe" not in answer.headers["Content-Security-Policy"], kind


def test_no_cache_keeps_what_is_somebody_s(app: LabApp) -> None:
    """The cache of a school or an airport would show Ada's page to the next one who asks. Files are the same
    for all: they may be kept, and are asked about again."""
    for kind, answer in answers_of_every_kind(app):
        expected = "no-cache" if kind == "200 static" else "no-store"
        assert answer.headers["Cache-Control"] == expected, kind
        assert "Cookie" in answer.headers["Vary"], kind


def test_no_answer_says_what_the_app_is_made_of(app: LabApp) -> None:
    """A version in a header is a search term for whoever collects holes."""
    for kind, answer in answers_of_every_kind(app):
        assert "Server" not in answer.headers, kind
        assert "X-Powered-By" not in answer.headers, kind


# Crashes


def test_a_crash_says_nothing_to_the_visitor_and_all_to_the_operator(app: LabApp, guest: Browser) -> None:
    """The visitor learns that it failed. What failed (a path, a key) is handed to whoever runs the app."""
    with mounted({"authlab.accounts:authenticate": _crash}):
        answer = guest.post("/login", {"email": "ada@lab.test", "password": "analytical-engine-1843"})

    assert answer.status_code == 500
    assert "Try again later" in answer.text
    for inside in ("hunter2", "/srv", "RuntimeError", "Traceback", "authlab.accounts", "ada@lab.test"):
        assert inside not in answer.text
        assert inside not in str(answer.headers)
    assert app.crashes == ["RuntimeError('the disk at /srv/secret is full, key=hunter2')"]


def test_the_app_goes_on_after_a_crash(app: LabApp, guest: Browser) -> None:
    """One visitor's crash is one visitor's."""
    with mounted({"authlab.accounts:create_user": _crash}):
        assert guest.post("/signup", EVE).status_code == 500
    assert signed_in(app, ADA).get("/profile").status_code == 200


def test_without_a_handler_a_crash_is_printed_for_the_operator(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """`authlab serve` names no handler: the terminal shows the traceback, the page does not."""
    keys = {"k": b"k" * 32}
    settings = Settings(keys, b"p" * 32, tmp_path / "app.sqlite", hosts=("lab.test",), bcrypt_rounds=4)
    app = App(settings)
    with mounted({"authlab.accounts:authenticate": _crash}):
        answer = raw(app, "POST", "/login", b"email=a&password=b")

    assert answer.status_code == 500
    assert "hunter2" in capsys.readouterr().err
    assert "hunter2" not in answer.get_data(as_text=True)


def test_an_error_of_the_database_without_a_code_is_a_mistake_of_ours(app: LabApp, guest: Browser) -> None:
    """Python's own layer raises some that SQLite knows nothing of: trying again would not help."""

    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("of Python's own")

    with mounted({"authlab.accounts:authenticate": fail}):
        answer = guest.post("/login", {})
    assert answer.status_code == 500
    assert app.crashes == ['OperationalError("of Python\'s own")']


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotSignedIn(stale=True), "not signed in"),
        (TooManyAttempts(90), "too many attempts, 90 seconds to wait"),
    ],
)
def test_an_error_says_in_a_traceback_what_it_is(error: Exception, text: str) -> None:
    """Where nobody has made an answer of it: a test, or code of one's own."""
    assert str(error) == text


def test_a_library_s_own_refusal_shows_our_words(app: LabApp, guest: Browser) -> None:
    """What a library writes into its errors is for developers; the page says the status and what to do."""

    def refuse(*_: Any, **__: Any) -> None:
        raise BadRequest("the column users.secret does not exist")

    with mounted({"authlab.accounts:authenticate": refuse}):
        answer = guest.post("/login", {})
    assert answer.status_code == 400
    assert "users.secret" not in answer.text


def test_a_connection_ends_with_its_request(
    app: LabApp, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it ends. One that stays open holds a file, and perhaps a lock, for nobody."""
    database, opened = app._app.database, []

    def connect(observer: Any = None) -> Any:
        opened.append(Database.connect(database, observer))
        return opened[-1]

    monkeypatch.setattr(database, "connect", connect)
    with mounted({"authlab.accounts:authenticate": _crash}):
        assert [ada.get("/profile").status_code, app.browser().post("/login", {}).status_code] == [200, 500]
    assert len(opened) == 2
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


# In words


@pytest.mark.parametrize(
    ("error", "status", "title", "advice"),
    [
        (Forbidden(), 403, "Not for you", "You are not allowed to do this."),
        (TooManyAttempts(1), 429, "Too many attempts", "Try again in 1 minute."),
        (TooManyAttempts(60), 429, "Too many attempts", "Try again in 1 minute."),
        (TooManyAttempts(61), 429, "Too many attempts", "Try again in 2 minutes."),
        (TooManyAttempts(120), 429, "Too many attempts", "Try again in 2 minutes."),
        (TooManyAttempts(900), 429, "Too many attempts", "Try again in 15 minutes."),
        (RequestEntityTooLarge(), 413, "Too large", "Send less than 64 kilobytes."),
        (BadRequest(), 400, "Bad Request", "Check the address, or go back to the start page."),
        (NotFound(), 404, "Not Found", "Check the address, or go back to the start page."),
        (BUSY, 503, "Not now", "Nothing was changed. Try again in a moment."),
        (RuntimeError(), 500, "Our mistake", "Something went wrong. Try again later."),
    ],
)
def test_a_refusal_says_what_to_do_next(
    guest: Browser, error: Exception, status: int, title: str, advice: str
) -> None:
    """One heading and one sentence; who has to wait is told how long, and no minute too few."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with mounted({"authlab.accounts:authenticate": fail}):
        answer = guest.post("/login", {})
    assert answer.status_code == status
    assert f"<title>{title}" in answer.text
    assert f"<h1>{title}</h1>\n<p>{advice}</p>" in answer.text
    wait = str(error.retry_after) if isinstance(error, TooManyAttempts) else None
    assert answer.headers.get("Retry-After") == wait


@pytest.mark.parametrize("path", ["/fragments/members", "/fragments/devices"])
def test_a_piece_of_a_page_sends_nobody_to_the_login(app: LabApp, ada: Browser, path: str) -> None:
    """A script would put the login page into the middle of another. And a cookie that proves nobody any more
    is taken back, so that loading the page anew leads to the login."""
    copy = app.browser()
    copy.set_cookie("__Host-session", ada.cookies["__Host-session"].value)
    ada.post("/logout")
    for visitor in (app.browser(), copy):
        answer = visitor.get(path)
        assert answer.status_code == 401
        assert "<h1>Not signed in</h1>\n<p>Log in, and try again.</p>" in answer.text
        taken_back = answer.raw.headers.getlist("Set-Cookie")
        assert [set(line.split("; ")) for line in taken_back] == ([DELETED] if visitor is copy else [])


# What the lab shows of a request


def story(browser: Browser) -> list[tuple[str, str]]:
    """What the layers have said of the last request, without the database's statements."""
    return [entry for entry in browser.trace if entry[0] != "db"]


def test_a_request_tells_its_way_through_the_layers(ada: Browser) -> None:
    """In the order of the architecture: this is what a reader sees under the page."""
    ada.get("/dashboard?new")
    assert story(ada) == [
        ("app", "GET /dashboard"),
        ("middleware", "a session of user 1: go on"),
        ("pages", "dashboard"),
        ("dal", "proven: user 1, role user"),
        ("app", "200, with the security headers"),
    ]


@pytest.mark.parametrize(
    ("form", "said", "status"),
    [
        (EVE, "every rule holds", 303),
        ({**EVE, "password": "short", "email": "nowhere"}, "refused: email, password", 422),
    ],
)
def test_a_form_tells_what_became_of_it(guest: Browser, form: dict[str, str], said: str, status: int) -> None:
    """Which fields were refused, and nothing of what was typed there."""
    guest.post("/signup", form)
    assert story(guest) == [
        ("app", "POST /signup"),
        ("middleware", "no session: go on"),
        ("actions", "signup"),
        ("forms", said),
        ("app", f"{status}, with the security headers"),
    ]


@pytest.mark.parametrize(
    ("who", "path", "said"),
    [
        ("guest", "/profile", "no session, and the page is for members: to /login"),
        ("ada", "/login", "a session of user 1, and the page is for guests: to /dashboard"),
    ],
)
def test_a_detour_tells_its_reason(request: pytest.FixtureRequest, who: str, path: str, said: str) -> None:
    visitor: Browser = request.getfixturevalue(who)
    visitor.get(path)
    assert story(visitor)[1:-1] == [("middleware", said)]


@pytest.mark.parametrize(
    ("page", "csrf", "said"),
    [
        ("https://evil.test", None, "refused: the form is not from a page of ours"),
        (None, "made up", "refused: the form does not carry this session's token"),
    ],
)
def test_a_forged_form_tells_why_it_was_refused(
    ada: Browser, page: str | None, csrf: str | None, said: str
) -> None:
    """Two checks that fail in different ways; the visitor is told of neither."""
    ada.page = page or ada.page
    ada.post("/devices/end-others", {} if csrf is None else {"csrf": csrf})
    assert story(ada)[1:-1] == [("app", said)]


def test_a_crash_tells_the_lab_what_it_was(guest: Browser) -> None:
    """The lab is the operator's side: here the error has its name and its words."""
    with mounted({"authlab.accounts:authenticate": _crash}):
        guest.post("/login", {})
    assert story(guest)[-2:] == [
        ("app", "crashed: RuntimeError: the disk at /srv/secret is full, key=hunter2"),
        ("app", "500, with the security headers"),
    ]


# The password goes in and never comes out


def test_a_password_is_in_no_answer_and_in_no_trace(app: LabApp) -> None:
    """Not in a page, not in a header or cookie, not in what the lab or a log may show of a request."""
    secret = "correct-horse-9-staple"
    good = {"name": "Eve", "email": "eve@lab.test", "password": secret}
    browser = app.browser()
    for path, form in [
        ("/signup", {**good, "name": ""}),
        ("/signup", {**good, "role": "admin"}),
        ("/signup", {**good, "email": "ada@lab.test"}),
        ("/signup", good),
        ("/signup", good),
        ("/login", {"email": "ada@lab.test", "password": secret}),
        ("/login", {"email": "eve@lab.test", "password": secret}),
    ]:
        answer = browser.post(path, form)
        assert secret not in answer.text
        assert secret not in str(answer.headers)
        assert secret not in str(browser.trace)
    assert secret not in browser.get("/profile").text
    assert secret not in str(app.users())
    assert secret not in str(app.statements)


def test_a_password_stays_inside_when_the_app_crashes(app: LabApp, guest: Browser) -> None:
    """Crash reports are read by more people than passwords should be."""
    with mounted({"authlab.accounts:create_user": _crash}):
        answer = guest.post("/signup", EVE)
    assert answer.status_code == 500
    assert "let-me-in-4" not in answer.text
    assert "let-me-in-4" not in str(guest.trace) + str(app.crashes)


def test_settings_show_no_secret() -> None:
    """Printed by accident, they are in a log for ever."""
    shown = repr(Settings(b"the key" * 5, b"the pepper" * 5, database=None))  # type: ignore[arg-type]
    assert "the key" not in shown
    assert "the pepper" not in shown


# Is this address free?


@pytest.mark.parametrize(
    ("email", "available"),
    [("eve@lab.test", True), ("ada@lab.test", False), ("ADA@lab.test", False), (" ada@lab.test ", False)],
)
def test_the_page_can_ask_whether_an_address_is_free(guest: Browser, email: str, available: bool) -> None:
    """While the visitor types the password, the page looks the address up, in its one spelling."""
    answer = guest.get("/signup/available", params={"email": email})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"available": available}


@pytest.mark.parametrize("query", ["", "email=", "email=ada", "mail=eve@lab.test", "email=a%00@lab.test"])
def test_what_is_no_address_is_not_looked_up(app: LabApp, guest: Browser, query: str) -> None:
    """422 with the words of the form, and no query."""
    app.statements.clear()
    answer = guest.get(f"/signup/available?{query}")
    assert answer.status_code == 422
    assert answer.json() == {"errors": {"email": [forms.EMAIL_INVALID]}}
    assert app.statements == []


def test_another_site_s_script_cannot_read_the_answer(app: LabApp) -> None:
    """No CORS header: a browser keeps the answer from the page that asked."""
    answer = app.browser(page="https://evil.test").get("/signup/available?email=ada@lab.test")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# Odd input


ODD_FORMS = [
    ("nothing at all", b""),
    ("a separator alone", b"&&&=&="),
    ("no equals sign", b"name"),
    ("fields twice", b"name=Eve&name=Ada&email=a@b.c&email=d@e.f&password=x&password=y"),
    ("a NUL in each field", b"name=E%00ve&email=e%00@lab.test&password=let-me-in-4%00"),
    ("no UTF-8", b"name=%FF%FE&email=%FF@lab.test&password=%FF%FE"),
    ("broken percents", b"name=%&email=%zz&password=%u0041"),
    ("a huge field name", b"x" * 60_000 + b"=1"),
    ("a huge name", b"name=" + b"x" * 60_000),
    ("a huge e-mail", b"email=" + b"x" * 30_000 + b"@" + b"y" * 30_000 + b".z&password=x"),
    ("a thousand fields", b"&".join(b"f%d=1" % number for number in range(1000))),
    ("names like attributes", b"__class__=1&self=1&errors=1&model_config=1&loc.0=1"),
    ("a template", b"name={{7*7}}&email={%25 raw %25}&password=x"),
    ("direction marks", "name=\u202eadA\u2066&email=a\u200b@lab.test&password=x".encode()),
    ("line breaks", b"name=E%0D%0AX-Bad:%201&email=a@b.c%0D%0ABcc:x&password=x"),
    ("raw bytes", bytes(range(256))),
]


@pytest.mark.parametrize("path", ["/signup", "/login", "/logout"])
@pytest.mark.parametrize("body", [body for _, body in ODD_FORMS], ids=[name for name, _ in ODD_FORMS])
def test_odd_forms_are_refused_and_crash_nothing(app: LabApp, path: str, body: bytes) -> None:
    """Whoever can send a request can send this one."""
    answer = raw(app, "POST", path, body)
    assert app.crashes == []
    assert answer.status_code in ((303,) if path == "/logout" else (400, 401, 413, 422))
    assert "X-Bad" not in answer.headers
    assert len(app.members()) == 3


def test_half_a_surrogate_pair_can_be_stored_and_shown(app: LabApp) -> None:
    """No text holds one, and UTF-8 has no bytes for it: what cannot be decoded stays written as %ED%A0%80."""
    body = b"name=E%ED%A0%80ve&email=%ED%A0%80@lab.test&password=let-me%ED%A0%80-4"
    answer = raw(app, "POST", "/signup", body)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]

    assert raw(app, path="/profile", HTTP_COOKIE=cookie).status_code == 200
    assert app.members()[-1][1] == "%ed%a0%80@lab.test"
    assert app.crashes == []


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 300,
        "multipart/form-data; boundary=\x00",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=nonsense",
        "/;=\x00",
    ],
)
@pytest.mark.parametrize("path", ["/signup", "/login"])
def test_odd_content_types_are_refused_and_crash_nothing(app: LabApp, path: str, content_type: str) -> None:
    """A body in another form is a form without fields, or no request at all."""
    body = b'{"email": "ada@lab.test"}\r\n--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nx'
    answer = raw(app, "POST", path, body, CONTENT_TYPE=content_type)
    assert app.crashes == []
    assert answer.status_code in (400, 401, 422)


def test_json_signs_nobody_up(app: LabApp) -> None:
    """The three fields in JSON are not the form: a page of Mallory's can send text, not our form."""
    body = b'{"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}'
    assert raw(app, "POST", "/signup", body, CONTENT_TYPE="application/json").status_code == 422


def test_a_file_is_no_field(app: LabApp, guest: Browser) -> None:
    """A password sent as an uploaded file is not a password."""
    answer = guest.request("POST", "/signup", files={"name": ("a.txt", b"Eve")}, data={"email": "e@lab.test"})
    assert answer.status_code == 422
    assert app.crashes == []


def test_a_multipart_form_is_a_form(guest: Browser) -> None:
    """The other encoding that a page can choose."""
    answer = guest.request("POST", "/signup", files={key: (None, value) for key, value in EVE.items()})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("HTTP_HOST", ""),
        ("HTTP_HOST", "a b"),
        ("HTTP_HOST", "lab.test:notaport"),
        ("HTTP_HOST", "x" * 5000),
        ("HTTP_HOST", "\xff"),
        ("HTTP_HOST", "evil.test/\r\nX-Bad: 1"),
        ("HTTP_COOKIE", ";;;=;=a"),
        ("HTTP_COOKIE", "__Host-session=" + "x" * 100_000),
        ("HTTP_COOKIE", "\xff=\xff; __Host-session"),
        ("HTTP_ORIGIN", "\xff"),
        ("HTTP_CONTENT_LENGTH", "-1"),
        ("CONTENT_LENGTH", "-1"),
        ("CONTENT_LENGTH", "abc"),
        ("CONTENT_LENGTH", "1e3"),
        ("CONTENT_LENGTH", "١"),
        ("QUERY_STRING", "email=%FF&email=\xff&%00"),
        ("QUERY_STRING", "a" * 50_000),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/profile"), ("POST", "/login"), ("POST", "/signup")])
def test_odd_headers_are_no_crash(app: LabApp, method: str, path: str, header: str, value: str) -> None:
    """A line of a request is whatever its sender writes there."""
    answer = raw(app, method, path, b"email=a", **{header: value})
    assert app.crashes == []
    assert answer.status_code < 500
    assert "X-Bad" not in answer.headers
    assert len(app.members()) == 3


@pytest.mark.parametrize(
    "host", ["evil.test", "lab.test.evil.test", "evil.test:443", "lab.test@evil.test", ""]
)
def test_a_host_that_is_not_ours_is_refused(app: LabApp, host: str) -> None:
    """The origin check compares with the Host header: one of the visitor's choice agrees with itself, and
    a name that resolves to this machine tomorrow (DNS rebinding) would pass for ours."""
    answer = raw(app, "POST", "/login", b"email=a&password=b", HTTP_HOST=host, HTTP_ORIGIN=f"https://{host}")
    assert answer.status_code == 400
    assert app.statements == []
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "authlab.localhost:8000"])
def test_this_machine_s_own_names_are_ours(tmp_path: Any, host: str) -> None:
    """`authlab serve` is asked for by any of them, on whichever port."""
    app = App(Settings({"k": b"k" * 32}, b"p" * 32, tmp_path / "app.sqlite", bcrypt_rounds=4))
    assert raw(app, HTTP_HOST=host).status_code == 200
