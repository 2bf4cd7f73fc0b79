"""The lab's browser keeps a browser's rules: which cookies it takes, keeps and sends, and where it goes."""

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

EVIL = "https://evil.test"
SIBLING = "https://evil.lab.test"


class Echo:
    """An app that answers with what it was sent, and sets the cookies it is told to set."""

    def __init__(self) -> None:
        self.sets: list[str] = []
        self.status = 200
        self.location = ""
        self.markup = ""
        self.asked: list[str] = []

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append(f"{request.method} {request.path}")
        seen = {
            "method": request.method,
            "url": request.url,
            "headers": dict(request.headers),
            "form": request.form.to_dict(),
            "body": request.get_data(as_text=True),
        }
        response = Response(self.markup or json.dumps(seen), status=self.status, mimetype="application/json")
        response.autocorrect_location_header = False
        if self.location:
            response.headers["Location"] = self.location
        for line in self.sets:
            response.headers.add("Set-Cookie", line)
        return response(environ, start_response)


class Visit:
    """A browser, the app it talks to, and the clock of both."""

    def __init__(self, page: str = "https://lab.test") -> None:
        self.app = Echo()
        self.clock = LabClock()
        self.browser = Browser(self.app, self.clock, page=page)

    def set(self, *lines: str, at: str = "/") -> None:
        """Have the app answer a GET of `at` with these `Set-Cookie` lines."""
        self.app.sets = list(lines)
        self.browser.get(at)
        self.app.sets = []

    def sent(self, method: str = "GET", path: str = "/") -> str:
        """The Cookie header that the browser sends."""
        return str(self.browser.request(method, path).json()["headers"].get("Cookie", ""))


@pytest.fixture
def visit() -> Visit:
    return Visit()


# Taking and sending cookies


def test_a_cookie_that_is_set_is_sent_back(visit: Visit) -> None:
    """That is all a session is: the app says it once, the browser says it with every request."""
    visit.set("a=1; Path=/")
    assert visit.sent() == "a=1"
    assert visit.sent("POST", "/login") == "a=1"


def test_several_cookies_are_sent_together(visit: Visit) -> None:
    """Each with its own line when they are set, all in one line when they are sent."""
    visit.set("a=1; Path=/", "b=2; Path=/")
    assert visit.sent() == "a=1; b=2"


def test_a_cookie_set_again_is_replaced(visit: Visit) -> None:
    """Logging in anew leaves one session in the browser, not two."""
    visit.set("a=1; Path=/", "a=2; Path=/")
    assert visit.sent() == "a=2"


def test_a_value_is_sent_as_it_came(visit: Visit) -> None:
    """A browser reads nothing into a value: quotes and escapes go back as they were."""
    visit.set('a="x\\073 y"; Path=/')
    assert visit.sent() == 'a="x\\073 y"'


def test_an_attribute_that_is_not_known_spoils_nothing(visit: Visit) -> None:
    """Attributes are added every few years; old browsers skip what they do not know."""
    visit.set("a=1; Path=/; Partitioned; Priority=High; HttpOnly")
    assert visit.browser.cookies["a"].http_only


def test_attributes_are_read_in_any_case(visit: Visit) -> None:
    """Servers write them as they like."""
    visit.set("a=1; path=/; HTTPONLY; samesite=strict; MAX-AGE=60")
    cookie = visit.browser.cookies["a"]
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Strict", "/")
    assert cookie.expires_at == visit.clock.now + 60


def test_two_browsers_share_nothing(visit: Visit) -> None:
    """Ada's session is in Ada's browser alone."""
    other = Browser(visit.app, visit.clock)
    visit.set("a=1; Path=/")
    assert other.cookies == {}
    assert "Cookie" not in other.get("/").json()["headers"]


def test_the_cookies_of_requests_have_no_say(visit: Visit) -> None:
    """The library underneath keeps a jar of its own, by other rules; what it kept would be sent twice, or
    after it was dropped."""
    visit.set("a=1; Path=/")
    visit.browser.cookies.clear()
    assert visit.sent() == ""


# HttpOnly, Secure, prefixes


def test_a_script_reads_what_is_not_http_only(visit: Visit) -> None:
    """`document.cookie` on the page: a session in there is a session for every script."""
    visit.set("theme=dark; Path=/", "session=s3cret; Path=/; HttpOnly", "lang=en; Path=/")
    assert visit.browser.script_reads() == "theme=dark; lang=en"
    assert "session=s3cret" in visit.sent()


@pytest.mark.parametrize(
    "line",
    [
        "__Host-session=x; Path=/",
        "__Host-session=x; Secure",
        "__Host-session=x; Secure; Path=/login",
        "__Host-session=x; Secure; Path=/; Domain=lab.test",
        "__HOST-session=x; Path=/",
        "__Secure-session=x; Path=/",
        "session=x; Path=/; SameSite=None",
    ],
)
def test_a_promise_that_is_not_kept_is_no_cookie(visit: Visit, line: str) -> None:
    """`__Host-` promises Secure, Path=/ and no Domain, `__Secure-` and SameSite=None promise Secure: a
    browser refuses what breaks the promise, so that no other host can plant a session."""
    visit.set(line, at="/login")
    assert visit.browser.cookies == {}


@pytest.mark.parametrize(
    "line", ["__Host-session=x; Secure; Path=/", "__Secure-session=x; Secure", "a=x; SameSite=None; Secure"]
)
def test_a_promise_that_is_kept_is_a_cookie(visit: Visit, line: str) -> None:
    """The other side: the honest session arrives."""
    visit.set(line)
    assert len(visit.browser.cookies) == 1


def test_a_cookie_that_breaks_its_promise_does_not_drop_the_good_one(visit: Visit) -> None:
    """Neither by replacing it nor by deleting it."""
    visit.set("__Host-session=good; Secure; Path=/")
    visit.set("__Host-session=planted; Path=/", "__Host-session=; Max-Age=0; Path=/")
    assert visit.sent() == "__Host-session=good"


# How long, and where


def test_a_cookie_lives_for_its_max_age_on_the_lab_s_clock(visit: Visit) -> None:
    """To the second, and without anyone waiting."""
    visit.set("a=1; Path=/; Max-Age=60")
    visit.clock.advance(seconds=59)
    assert visit.sent() == "a=1"
    visit.clock.advance(seconds=1)
    assert visit.sent() == ""
    assert visit.browser.cookies == {}


def test_a_cookie_without_an_age_stays_while_the_browser_is_open(visit: Visit) -> None:
    """A session cookie, in the browser's sense of the word."""
    visit.set("a=1; Path=/")
    visit.clock.advance(days=1000)
    assert visit.sent() == "a=1"


@pytest.mark.parametrize("age", ["0", "-1"])
def test_an_age_of_zero_takes_the_cookie_back(visit: Visit, age: str) -> None:
    """There is no other way to delete one."""
    visit.set("a=1; Path=/")
    visit.set(f"a=; Path=/; Max-Age={age}")
    assert visit.browser.cookies == {}


def test_a_cookie_of_another_path_is_another_cookie(visit: Visit) -> None:
    """Deleted with Path=/login, the one with Path=/ stays, and the visitor is not logged out."""
    visit.set("a=1; Path=/")
    visit.set("a=; Path=/login; Max-Age=0", at="/login")
    assert visit.sent() == "a=1"


@pytest.mark.parametrize("age", ["", "abc", "1e3", "1.5", "١"])
def test_an_age_that_is_no_number_is_no_age(visit: Visit, age: str) -> None:
    """The cookie is kept, without an age; and nothing crashes."""
    visit.set(f"a=1; Path=/; Max-Age={age}")
    assert visit.browser.cookies["a"].expires_at is None


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/admin", "a=1"),
        ("/admin/", "a=1"),
        ("/admin/users?x=/", "a=1"),
        ("/admin?x=1", "a=1"),
        ("/administrator", ""),
        ("/", ""),
        ("/profile", ""),
    ],
)
def test_a_cookie_is_sent_below_its_path(visit: Visit, path: str, sent: str) -> None:
    """/administrator is not below /admin."""
    visit.set("a=1; Path=/admin")
    assert visit.sent(path=path) == sent


@pytest.mark.parametrize("line", ["a=1", "a=1; Path=", "a=1; Path=login"])
def test_a_cookie_without_a_path_belongs_to_the_folder_that_set_it(visit: Visit, line: str) -> None:
    """Forgotten, the path is where the page was: a session set at /account/login is not sent to /profile."""
    visit.set(line, at="/account/login?next=/x")
    assert visit.sent(path="/account/keys") == "a=1"
    assert visit.sent(path="/profile") == ""


# Whose page asks


def visit_from(page: str, same_site: str) -> Visit:
    """A visitor with a cookie of the lab, who is now on another page."""
    visit = Visit()
    visit.set(f"a=1; Path=/; Secure{same_site and '; SameSite='}{same_site}")
    visit.browser.page = page
    return visit


@pytest.mark.parametrize(
    ("same_site", "method", "sent"),
    [
        ("Strict", "GET", ""),
        ("Strict", "POST", ""),
        ("Lax", "GET", "a=1"),
        ("Lax", "POST", ""),
        ("lax", "GET", "a=1"),
        ("", "GET", "a=1"),
        ("", "POST", ""),
        ("None", "GET", "a=1"),
        ("None", "POST", "a=1"),
    ],
)
def test_same_site_decides_what_another_page_s_request_carries(
    same_site: str, method: str, sent: str
) -> None:
    """A link brings the Lax session along, a form does not: so a form on evil.test posts as nobody. A cookie
    that says nothing is Lax."""
    assert visit_from(EVIL, same_site).sent(method) == sent


@pytest.mark.parametrize("same_site", ["Strict", "Lax", "None", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_our_own_page_s_requests_carry_everything(same_site: str, method: str) -> None:
    """SameSite is about other sites."""
    assert visit_from("https://lab.test", same_site).sent(method) == "a=1"


@pytest.mark.parametrize("same_site", ["Strict", "Lax", "None", ""])
def test_a_sibling_s_form_carries_everything(same_site: str) -> None:
    """evil.lab.test is the same site: SameSite protects from other sites, not from one's neighbours."""
    assert visit_from(SIBLING, same_site).sent("POST") == "a=1"


def test_a_sibling_s_form_says_so_all_the_same() -> None:
    """Its origin is another one, and that is where the app can tell."""
    seen = Visit(page=SIBLING).browser.post("/login").json()["headers"]
    assert (seen["Origin"], seen["Sec-Fetch-Site"]) == ("https://evil.lab.test", "same-site")


@pytest.mark.parametrize("page", ["http://lab.test", "https://notlab.test", "https://lab.test.evil.test"])
def test_what_only_looks_like_a_sibling_is_another_site(page: str) -> None:
    """Another scheme, a longer word, the name in front of another: no Lax cookie goes along."""
    assert visit_from(page, "Lax").sent("POST") == ""


# Cookies of a sibling host


def test_a_tossed_cookie_stands_beside_our_own(visit: Visit) -> None:
    """The server cannot see which host set which; the one with the longer path comes first."""
    visit.set("session=ours; Path=/")
    visit.browser.toss_cookie("session", "mallory's", "/profile")
    assert visit.sent(path="/profile") == "session=mallory's; session=ours"
    assert visit.sent(path="/") == "session=ours"


@pytest.mark.parametrize("name", ["__Host-session", "__HOST-session"])
def test_no_sibling_sets_a_cookie_of_this_host(visit: Visit, name: str) -> None:
    """A cookie for the whole domain breaks the promise of the prefix: no browser takes it."""
    visit.browser.toss_cookie(name, "mallory's")
    assert visit.sent() == ""


# Form tokens


@pytest.fixture
def ada() -> Iterator[Browser]:
    """Ada's browser, at the app itself, straight after her login."""
    app = LabApp()
    browser = app.browser()
    browser.post("/login", {"email": ADA[1], "password": ADA[2]})
    yield browser
    app.close()


# Redirects


def test_a_redirect_is_an_answer(ada: Browser) -> None:
    """A lesson is about each of them."""
    assert ada.get("/login").headers["Location"] == "/dashboard"
    assert ada.get("/login", allow_redirects=False).status_code == 303


def test_a_redirect_is_followed_where_that_is_asked_for(ada: Browser) -> None:
    """As whoever knows `requests` would write it, with a form that is not sent a second time."""
    form = {"email": ADA[1], "password": ADA[2]}
    assert "Ada Lovelace" in ada.post("/login", form, allow_redirects=True).text
    assert ada.history[-2:] == ["POST /login -> 303 /profile", "GET /profile -> 200"]


@pytest.mark.parametrize(
    ("status", "location", "asked"),
    [
        (302, "/", 11),
        (303, "https://evil.example/", 1),
        (303, "//evil.example/", 1),
        (307, "/", 1),
        (200, "/", 1),
    ],
)
def test_a_redirect_leads_nowhere_else(visit: Visit, status: int, location: str, asked: int) -> None:
    """Not round and round, not out of the lab, and no form is sent a second time."""
    visit.app.status, visit.app.location = status, location
    visit.browser.get("/", allow_redirects=True)
    assert len(visit.app.asked) == asked


def test_fetching_a_form_token_leaves_no_mark(ada: Browser) -> None:
    """A trace and a history tell what the lesson did, not what its browser did for it."""
    history, trace = list(ada.history), list(ada.trace)
    assert len(ada.form_token()) == 64
    assert ada.history == history == ["POST /login -> 303 /profile"]
    assert ada.trace == trace != []


def test_a_form_carries_the_token_by_itself(ada: Browser) -> None:
    """As the hidden field of a page's form would; one that is said is sent as it is said."""
    assert ada.post("/logout", {"csrf": "mallory's"}).status_code == 403
    assert ada.post("/logout").status_code == 303


def test_the_token_is_the_one_of_the_page_that_was_seen(visit: Visit) -> None:
    """Nothing is asked again: the form that stands on the screen is the one that is sent."""
    visit.browser.set_cookie("a", "1")
    visit.app.markup = '<input type="hidden" name="csrf" value="of this page">'
    visit.browser.get("/profile")
    visit.app.markup = ""
    asked = len(visit.app.asked)
    assert visit.browser.post("/logout").json()["form"] == {"csrf": "of this page"}
    assert visit.app.asked[asked:] == ["POST /logout"]


def test_guests_have_no_token_and_ask_for_none(visit: Visit) -> None:
    """No session, nothing to tie a token to."""
    assert visit.browser.form_token() == ""
    assert visit.browser.post("/logout").json()["form"] == {}
    assert visit.app.asked == ["POST /logout"]


@pytest.mark.parametrize("page", [EVIL, SIBLING])
def test_another_origin_s_page_has_no_token(ada: Browser, page: str) -> None:
    """It can send Ada's cookie along, perhaps; it cannot read what our pages say."""
    ada.page = page
    assert ada.form_token() == ""


# The connection


def test_a_raw_target_arrives_as_it_was_written() -> None:
    """A browser tidies it first, so an attack on the router would never be one."""
    seen: list[tuple[str, str, str]] = []

    def note(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        seen.append((environ["RAW_URI"], environ["PATH_INFO"], environ["QUERY_STRING"]))
        assert not [name for name in environ if "LAB" in name], "the mark of `raw` reached the app"
        return Response()(environ, start_response)

    Browser(note, LabClock()).raw("/x/..//%64ashboard?a=%62")
    assert seen == [("/x/..//%64ashboard?a=%62", "/x/..//dashboard", "a=%62")]


def test_a_raw_request_carries_the_cookies_of_its_target(visit: Visit) -> None:
    """Not those of the address that stands in for it."""
    visit.set("a=1; Path=/admin")
    assert visit.browser.raw("/admin/x").json()["headers"]["Cookie"] == "a=1"


@pytest.mark.parametrize(
    ("options", "address"), [({}, "192.0.2.1"), ({"address": "198.51.100.7"}, "198.51.100.7")]
)
def test_a_visitor_comes_from_an_address(options: dict[str, str], address: str) -> None:
    """Limits count by it; two visitors of a lesson can be told apart."""
    seen: list[str] = []

    def note(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        return Response()(environ, start_response)

    Browser(note, LabClock(), **options).get("/")
    assert seen == [address]


# Whose form it was


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_form_says_whose_page_it_stood_on(method: str) -> None:
    """A page cannot forge its Origin: that is why the app can believe it."""
    ours = Visit().browser.request(method, "/login").json()["headers"]
    theirs = Visit(page=EVIL).browser.request(method, "/login").json()["headers"]

    assert (ours["Origin"], ours["Sec-Fetch-Site"]) == ("https://lab.test", "same-origin")
    assert (theirs["Origin"], theirs["Sec-Fetch-Site"]) == ("https://evil.test", "cross-site")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_says_no_origin(method: str) -> None:
    """Browsers send none when a link is followed; Sec-Fetch-Site tells."""
    sent: dict[str, str] = {}

    def note(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        sent.update(Request(environ).headers)
        return Response()(environ, start_response)

    Browser(note, LabClock(), page=EVIL).request(method, "/")
    assert "Origin" not in sent
    assert sent["Sec-Fetch-Site"] == "cross-site"


# Redirects


def test_no_redirect_is_followed(visit: Visit) -> None:
    """A followed redirect to /login would look like a page that opened."""
    visit.app.status, visit.app.location = 303, "/login"
    answer = visit.browser.get("/profile")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login"
    assert answer.json()["url"] == "https://lab.test/profile"
    assert answer.history == []


@pytest.mark.parametrize("status", [301, 302, 303])
def test_after_a_form_the_next_page_is_fetched_with_get(visit: Visit, status: int) -> None:
    """And the password is not sent a second time."""
    visit.app.status, visit.app.location = status, "/profile"
    seen = visit.browser.follow(visit.browser.post("/login", {"password": "x"})).json()
    assert (seen["method"], seen["url"], seen["form"]) == ("GET", "https://lab.test/profile", {})
    assert "Content-Type" not in seen["headers"]


@pytest.mark.parametrize("status", [307, 308])
def test_after_307_the_form_is_sent_again(visit: Visit, status: int) -> None:
    """With everything in it: the next page gets the password too."""
    visit.app.status, visit.app.location = status, "/elsewhere"
    seen = visit.browser.follow(visit.browser.post("/login", {"password": "x y"})).json()
    assert (seen["method"], seen["url"]) == ("POST", "https://lab.test/elsewhere")
    assert seen["form"] == {"password": "x y"}
    assert seen["headers"]["Origin"] == "https://lab.test"


def test_a_cookie_set_with_a_redirect_is_there_on_the_next_page(visit: Visit) -> None:
    """That is how signing in works."""
    visit.app.status, visit.app.location, visit.app.sets = 303, "/profile", ["a=1; Path=/"]
    seen = visit.browser.follow(visit.browser.post("/login")).json()
    assert seen["headers"]["Cookie"] == "a=1"


def test_a_redirect_without_a_slash_leads_on_from_where_the_visitor_is(visit: Visit) -> None:
    """A relative address is relative to the page that said it."""
    visit.app.status, visit.app.location = 303, "keys"
    seen = visit.browser.follow(visit.browser.get("/account/login")).json()
    assert seen["url"] == "https://lab.test/account/keys"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.test/x", "http://lab.test/", "//evil.test/", "https://lab.test.evil.test/"]
)
def test_the_lab_is_the_only_place_to_go(visit: Visit, elsewhere: str) -> None:
    """An open redirect ends here, visibly: no cookie of the lab goes to another host, and no socket opens."""
    visit.set("a=1; Path=/")
    visit.app.status, visit.app.location = 303, elsewhere
    answer = visit.browser.get("/login")
    with pytest.raises(requests.exceptions.InvalidSchema, match="No connection adapters"):
        visit.browser.follow(answer)


# What a person does


def test_anyone_can_write_a_cookie(visit: Visit) -> None:
    """In the developer tools: a cookie is what the visitor says, not what the app once said."""
    visit.browser.set_cookie("__Host-session", "3")
    assert visit.sent() == "__Host-session=3"
    assert visit.browser.script_reads() == ""


def test_typing_asks_once_when_it_stops(visit: Visit) -> None:
    """Twelve keys in a hurry are one question; with a pause after each, they are twelve."""
    assert visit.browser.type_email("ada@lab.test", milliseconds_a_key=100) == ["ada@lab.test"]
    assert len(visit.browser.type_email("ada@lab.test", milliseconds_a_key=400)) == 12


def test_each_request_has_a_trace_of_its_own(visit: Visit) -> None:
    """What the last request did is not what the one before did."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["authlab.trace"].append(("app", environ["PATH_INFO"]))
        return visit.app(environ, start_response)

    browser = Browser(app, LabClock())
    browser.get("/one")
    first = browser.trace
    browser.get("/two")
    assert first == [("app", "/one")]
    assert browser.trace == [("app", "/two")]


def test_headers_of_one_s_own_win(visit: Visit) -> None:
    """An attacker's program is no browser: it sends what it likes."""
    seen = visit.browser.post("/", headers={"Origin": "null", "X-Forwarded-For": "1.2.3.4"}).json()
    assert seen["headers"]["Origin"] == "null"
    assert seen["headers"]["X-Forwarded-For"] == "1.2.3.4"


def test_the_request_says_the_same_on_every_machine(visit: Visit) -> None:
    """No version of a library, no port, no host of this machine: a notebook shows these headers."""
    expected = {"Content-Length": "0", "Host": "lab.test", "User-Agent": "authlab"}
    assert visit.browser.get("/").json()["headers"] == {**expected, "Sec-Fetch-Site": "none"}
    assert visit.browser.get("/").json()["headers"] == {**expected, "Sec-Fetch-Site": "same-origin"}


# The machine


def test_nothing_opens_a_socket(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """No port to collide, no firewall to ask, no proxy to go through: the app is in the same process."""

    def refuse(*_: Any, **__: Any) -> Callable[..., None]:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert visit.browser.get("/").status_code == 200
    assert visit.browser.post("/login", {"a": "b"}).json()["form"] == {"a": "b"}
    with pytest.raises(requests.exceptions.InvalidSchema):
        visit.browser.get("http://127.0.0.1/")


def test_a_netrc_file_sends_no_password_along(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """`requests` would read it for the host's name."""
    (tmp_path / "netrc").write_text("machine lab.test login ada password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert "Authorization" not in visit.browser.get("/").json()["headers"]
