"""The X-ray: pages get a panel that shows what happened and nothing secret, all else stays as it is."""

import base64
import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from authlab import db
from authlab.course.mounting import mounted
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.lab.xray import Xray
from authlab.lab.xray_seen import decoded
from authlab.request import TRACE_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PAGE = '<!doctype html><html lang="en"><head><title>t</title></head><body class="a"><h1>Hé</h1></body></html>'
EVIL = """<script>alert(1)</script><img src=x onerror=alert(1)>'"></section></body>\u202e"""
# What the panel is made of. Anything else came from outside, and would be run or loaded.
OUR_TAGS = {
    "link",
    "aside",
    "section",
    "h2",
    "h3",
    "p",
    "strong",
    "code",
    "span",
    "div",
    "details",
    "summary",
}
OUR_TAGS |= {"ol", "ul", "li", "figure", "figcaption", "pre"}
OUR_ATTRIBUTES = {"class", "aria-label", "open", "rel", "href"}
EMAIL = "authlab.forms:canonical_email"
HARDEN = "authlab.headers:harden"


class Tiny:
    """An app that gives one answer and one trace; it knows what it was asked, and how often it was closed."""

    def __init__(
        self,
        body: str | bytes = PAGE,
        status: str = "200 OK",
        *,
        type: str = "text/html; charset=utf-8",
        headers: tuple[tuple[str, str], ...] = (),
        trace: tuple[tuple[str, str], ...] = (),
        says_its_length: bool = True,
    ) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.trace = trace
        length = [("Content-Length", str(len(self.body)))] if says_its_length else []
        self.headers = [("Content-Type", type), *length, *headers]
        self.asked: list[bytes] = []
        self.closed = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Tiny":
        self.asked.append(environ["wsgi.input"].read())
        if TRACE_KEY in environ:
            environ[TRACE_KEY].extend(self.trace)
        start_response(self.status, list(self.headers))
        self._rest = iter([self.body[:9], self.body[9:]])
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self._rest

    def close(self) -> None:
        self.closed += 1


class Inventory(HTMLParser):
    """The tags and attributes of a piece of HTML, as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "link":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def panel_of(html: str) -> str:
    """The panel's HTML."""
    return html[html.rindex('<section class="xray"') : html.rindex("</body>")]


def words(html: str) -> str:
    """What a person reads there, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown(app: LabApp, path: str = "/profile", browser: Browser | None = None) -> str:
    """The words of the panel under a page, to a browser that is signed in as Ada if none is given."""
    return words(panel_of((browser or as_ada(app)).get(path).text))


def as_ada(app: LabApp, **options: str) -> Browser:
    browser = Browser(Xray(app), app.clock, **options)
    assert browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 303
    return browser


def with_cookies(app: Xray, cookies: str, path: str = "/", method: str = "GET") -> TestResponse:
    """The answer to a request with a Cookie header that no browser would send."""
    client = Client(app, use_cookies=False)
    return client.open(path, method=method, base_url="https://lab.test", headers={"Cookie": cookies})


def token(header: object, payload: object, signature: bytes = b"s" * 32) -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.fixture
def app() -> Iterator[LabApp]:
    lab = LabApp(sessions="database")
    yield lab
    lab.close()


# Where it appears


def test_a_page_gets_its_panel_at_the_end_of_its_body() -> None:
    """The page around it is the app's own, byte for byte, and its length is right again."""
    answer = Client(Xray(Tiny())).get("/a")
    assert answer.text.startswith(
        '<!doctype html><html lang="en"><head><title>t</title></head><body class="a">'
    )
    assert answer.text.endswith("</section></body></html>")
    stripped = re.sub(r"<link[^>]*>|<section.*</section>", "", answer.text)
    assert stripped == PAGE
    assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize(
    ("tiny", "method", "sent"),
    [
        (Tiny(), "HEAD", {}),
        (Tiny('{"a": "</body>"}', type="application/json"), "GET", {}),
        (Tiny("<body></body>", type="text/plain"), "GET", {}),
        (Tiny(b"\x1f\x8b <body></body>", headers=(("Content-Encoding", "gzip"),)), "GET", {}),
        (Tiny(says_its_length=False), "GET", {}),
        (Tiny(status="303 SEE OTHER", headers=(("Location", "//a\tb"),)), "POST", {}),
        (Tiny("<li>a piece of a page</li>"), "GET", {}),
        (Tiny("</body><body>"), "GET", {}),
        (Tiny(), "GET", {"Sec-Fetch-Dest": "empty"}),
        (Tiny(), "GET", {"Sec-Fetch-Dest": "image"}),
    ],
    ids=[
        *(
            "HEAD",
            "JSON",
            "text",
            "compressed",
            "a stream",
            "a redirect",
            "a piece of a page",
            "no page at all",
        ),
        *("what a script fetches", "a picture"),
    ],
)
def test_everything_else_is_passed_on_as_it_is(tiny: Tiny, method: str, sent: dict[str, str]) -> None:
    """Body and headers, in their order: also what is wrong with them, which somebody may want to see."""
    answer = Client(Xray(tiny, flaw="wrong")).open("/a", method=method, headers=sent)
    assert answer.data == tiny.body  # to HEAD, too: a server cuts it off later
    assert answer.status == tiny.status
    assert list(answer.headers) == tiny.headers


def test_the_app_is_asked_as_it_would_be_without_it() -> None:
    """A form arrives whole, and an answer is closed once."""
    tiny = Tiny()
    Client(Xray(tiny)).post("/a", data={"name": "Ada"})
    assert tiny.asked == [b"name=Ada"]
    assert tiny.closed == 1


def test_the_body_ends_where_it_ends_last() -> None:
    """With a flaw that escapes nothing, a member's name can hold an end of its own."""
    answer = Client(Xray(Tiny("<html><body><p></body></p><p>after</p></BODY></html>"))).get("/a")
    assert answer.text.index("after") < answer.text.index('<section class="xray"')


def test_a_page_in_another_encoding_stays_readable() -> None:
    """The panel is ASCII, whatever it says."""
    tiny = Tiny(PAGE.encode("latin-1"), type="text/html; charset=latin-1", trace=(("app", "GET /é →"),))
    answer = Client(Xray(tiny)).get("/a")
    assert "Hé" in answer.data.decode("latin-1")
    assert "GET /é →" in words(panel_of(answer.data.decode("latin-1")))


def test_its_style_is_a_file_with_the_headers_of_every_answer(app: LabApp) -> None:
    """The content security policy allows no other; and to the app that address means nothing."""
    browser = Browser(Xray(app), app.clock)
    style, page = browser.get("/_xray/style.css"), browser.get("/")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert ".xray" in style.text
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Vary"):
        assert style.headers[name] == page.headers[name]
    assert browser.request("HEAD", "/_xray/style.css").text == ""
    assert browser.post("/_xray/style.css", {}).status_code == 404
    assert app.browser().get("/_xray/style.css").status_code == 404


# What it shows


def test_it_shows_the_way_and_who_decided(app: LabApp) -> None:
    """A start page asks nobody; a page for members that nobody is signed in for ends at the middleware."""
    browser = Browser(Xray(app), app.clock)
    way = words(panel_of(browser.get("/signup").text))
    assert "app GET /signup middleware no session: go on pages signup ◆ answered app 200" in way
    assert "GET /signup → 200 OK answered by pages · no statements" in way

    assert browser.get("/profile").status_code == 303
    panel = words(panel_of(browser.get("/login").text))
    assert "GET /profile → 303 See Other to /login decided by middleware · no statements" in panel
    assert "the page is for members: to /login ◆ decided" in panel


def test_it_shows_the_statements_with_their_question_marks(app: LabApp) -> None:
    """What each one is about at a glance, and folded under it the whole."""
    panel = shown(app)
    assert "db SELECT sessions SELECT secret_hash, previous_hash" in panel
    assert "WHERE session_id = ? AND user_id = ? AND disabled_at IS NULL" in panel
    assert "dal proven: user 1, role user" in panel


def test_after_a_form_it_shows_the_answer_that_nobody_saw(app: LabApp) -> None:
    """POST /login -> 303 and then /profile -> 200, in this order; the next page shows itself alone."""
    browser = as_ada(app)
    panel = shown(app, browser=browser)
    assert "1 answer that you did not see, and this page" in panel
    login, profile = (
        panel.index("POST /login → 303 See Other to /profile"),
        panel.index("GET /profile → 200 OK"),
    )
    assert login < profile
    assert "INSERT sessions" in panel[login:profile]
    assert "2 cookies set" in panel[login:profile]
    assert "POST /login" not in shown(app, browser=browser)


def test_what_scripts_fetched_is_folded_and_files_are_left_out(app: LabApp) -> None:
    """Also where a client does not say what it will do with the answer: then the trace does."""
    browser = as_ada(app)
    browser.get("/api/session")
    browser.get("/fragments/members")
    browser.get("/static/style.css")
    browser.get("/favicon.ico", headers={"Sec-Fetch-Dest": "image"})
    panel = shown(app, browser=browser)
    assert "1 answer that you did not see, and this page" in panel
    assert "2 requests by scripts of the page before GET /api/session → 200 OK" in panel
    assert "GET /fragments/members" in panel
    assert "style.css" not in panel
    assert "favicon" not in panel


def test_it_remembers_the_last_few_answers_only(app: LabApp) -> None:
    """A server that runs for days is not to grow, and a page is not to be buried."""
    browser = as_ada(app)
    for number in range(30):
        browser.post(f"/nowhere/{number}", headers={"Sec-Fetch-Dest": "empty"})
        browser.get("/static/style.css")
    panel = shown(app, browser=browser)
    assert "12 requests by scripts" in panel
    assert "/nowhere/29" in panel
    assert "/nowhere/17 " not in panel


def test_the_session_cookie_is_decoded(app: LabApp) -> None:
    """Header and payload as JSON; of the signature, how long it is."""
    panel = shown(app)
    assert "__Host-session came with the request: a token that anyone who holds it can read" in panel
    assert 'header { "alg": "HS256", "kid": "lab", "typ": "JWT" }' in panel
    assert 'payload { "iss": "authlab", "aud": "authlab.session", "sub": "1",' in panel
    assert "signature: 32 bytes, not shown" in panel


def test_without_a_cookie_it_says_so(app: LabApp) -> None:
    assert "Session cookie no cookie" in shown(app, "/", Browser(Xray(app), app.clock))


def test_the_attributes_of_a_new_cookie_are_shown(app: LabApp) -> None:
    """With what each one stops, and the token that it will be from now on."""
    panel = shown(app)
    assert "__Host-session : HttpOnly, Secure, SameSite=Lax, Path=/, Max-Age=604800 (7 days)" in panel
    assert "✓ HttpOnly a script on the page cannot read it" in panel
    assert "__Host-device : HttpOnly, Secure" in panel


def test_a_cookie_that_is_given_badly_shows_it() -> None:
    """What a flaw leaves out is named."""
    headers = (("Set-Cookie", "session=s3cret; SameSite=None; Domain=lab.test"),)
    panel = words(panel_of(Client(Xray(Tiny(headers=headers))).get("/").text))
    assert (
        "session : no HttpOnly, no Secure, SameSite=None (refused), no Path, Domain=lab.test, no Max-Age"
        in panel
    )
    assert "s3cret" not in panel


def test_the_security_headers_are_named_and_the_missing_ones_too(app: LabApp) -> None:
    """Measured against the package's own, whatever is mounted."""
    assert "Security headers Content-Security-Policy, Strict-Transport-Security," in shown(app)
    assert "missing" not in shown(app)
    with mounted({HARDEN: lambda response: response}):
        assert (
            "Security headers none ✗ missing: Content-Security-Policy, Strict-Transport-Security,"
            in shown(app)
        )


def test_it_says_how_often_the_mounted_parts_were_called(app: LabApp) -> None:
    """A part that is not asked on the way to a page says nothing there."""
    with mounted({EMAIL: lambda raw: raw}):
        browser = Browser(Xray(app, parts=[EMAIL]), app.clock)
        assert "Mounted not called: canonical_email" in words(panel_of(browser.get("/").text))
        answer = browser.post("/login", {"email": "eve@lab.test", "password": "?"})
        assert "Mounted called: canonical_email (2 ×)" in words(panel_of(answer.text))
    assert "Mounted" not in shown(app)


# What it must not


def test_what_was_typed_is_not_shown(app: LabApp) -> None:
    """No field of a form, on the page that refuses it and on the one after it; no query."""
    browser = Browser(Xray(app), app.clock)
    form = {"name": "Nobody Else", "email": "typed@lab.test", "password": "typed-in-secret-7"}
    refused = browser.post("/signup?q=typed-query", {**form, "email": "typed@"})
    assert refused.status_code == 422
    assert browser.post("/signup", form).status_code == 303
    next_page = browser.get("/profile?next=typed-next")
    assert "POST /signup → 303" in words(panel_of(next_page.text))
    for panel in (panel_of(refused.text), panel_of(next_page.text)):
        assert "Nobody Else" not in panel
        assert "typed" not in panel


def test_the_answers_before_show_nothing_typed_either(app: LabApp) -> None:
    """The redirect to the login page carries where the visitor wanted to go, with its query."""
    browser = Browser(Xray(app), app.clock)
    assert browser.get("/members?q=typed").headers["Location"] == "/login?next=%2Fmembers%3Fq%3Dtyped"
    panel = shown(app, "/login", browser)
    assert "GET /members → 303 See Other to /login " in panel
    assert "typed" not in panel


def test_no_signature_and_no_other_cookie_s_value_is_shown(app: LabApp) -> None:
    """Neither of the cookie that came nor of one that is set: who sees the panel gets no session from it."""
    browser = as_ada(app)
    session, device = browser.cookies["__Host-session"].value, browser.cookies["__Host-device"].value
    panel = panel_of(browser.get("/profile").text)
    for secret in (session, session.split(".")[2], device, *device.split(".")):
        assert secret not in panel


@pytest.mark.parametrize(
    ("cookie", "length"),
    [
        ("s3cret", 6),
        ("1", 1),
        ("s3cret.s3cret.s3cret", 20),
        (token("HS256", {"sub": "s3cret"}), 78),
        (token({"alg": "none"}, ["s3cret"]), 79),
        (token({"alg": "none"}, {"sub": "1"}) + "!s3cret", 88),
        (token({"alg": "none"}, {"sub": "1"}) + ".s3cret", 88),
        ("A" * 20_000, 20_000),
    ],
)
def test_what_is_no_token_is_not_shown(app: LabApp, cookie: str, length: int) -> None:
    """It may be anybody's secret. The page is shown all the same."""
    answer = with_cookies(Xray(app), f"session={cookie}")
    assert answer.status_code == 200
    assert f"session came, and is no token: {length} characters, not shown" in words(panel_of(answer.text))
    assert "s3cret" not in panel_of(answer.text)


def test_cookies_of_other_servers_on_this_machine_are_not_mentioned(app: LabApp) -> None:
    """Cookies know no ports: JupyterLab's come along to localhost."""
    others = f"username-localhost-8888=s3cret; _xsrf={token({'alg': 'none'}, {'sub': 's3cret'})}"
    answer = with_cookies(Xray(app), others)
    assert "no cookie" in words(panel_of(answer.text))


def test_a_crash_shows_its_type_and_not_its_words(app: LabApp) -> None:
    """An error's text may quote what was typed: pydantic's quotes passwords."""
    browser = as_ada(app)

    def crash(raw: str) -> str:
        raise ValueError(f"no address: {raw}")

    with mounted({EMAIL: crash}):
        answer = browser.post("/login", {"email": "typed@lab.test", "password": "typed"})
    assert answer.status_code == 500
    panel = words(panel_of(answer.text))
    assert "app crashed: ValueError, see the terminal" in panel
    assert "typed" not in panel


def test_of_a_value_in_a_statement_only_what_broke_out_is_shown(app: LabApp) -> None:
    """With a flaw that pastes values in, that is the picture of an injection: what is text still, and what
    has become SQL. Text stays hidden."""

    def pasted(connection: db.Connection, email: str) -> None:
        connection.execute(f"""SELECT id FROM users WHERE email = '{email}' AND name = "Typed" LIMIT 0""")

    browser = Browser(Xray(app), app.clock)
    with mounted({"authlab.db:user_by_email": pasted, EMAIL: lambda raw: raw}):
        answer = browser.post("/login", {"email": "typed' OR 'typed' = 'typed", "password": "?"})
    panel = words(panel_of(answer.text))
    assert "SELECT id FROM users WHERE email = '…' OR '…' = '…' AND name = '…' LIMIT 0" in panel
    assert "typed" not in panel.lower()


@pytest.mark.parametrize(
    "tiny",
    [
        Tiny(trace=(("app", EVIL), ("db", EVIL), (EVIL, EVIL), ("pages", EVIL))),
        Tiny(trace=(("db", EVIL.replace("'", "").replace('"', "")),)),
        Tiny(headers=(("Set-Cookie", f"{EVIL[:-1]}; Path={EVIL[:-1]}; {EVIL[:-1]}"),)),
        Tiny(headers=(("Set-Cookie", f"session={token({'alg': EVIL}, {EVIL: EVIL})}"),)),
        Tiny(headers=(("Location", EVIL[:-1]),)),
        Tiny(status=f"200 {EVIL[:-1]}"),
        Tiny(status=f"{EVIL[:-1]} OK"),
        Tiny(status=f'"{EVIL[:-1]} OK'),
    ],
    ids=[
        *(
            "the trace",
            "a statement",
            "a new cookie",
            "a new token",
            "a redirect",
            "the reason",
            "the status",
        ),
        "a quote",
    ],
)
def test_nothing_from_outside_becomes_markup(tiny: Tiny) -> None:
    """What a visitor or a flaw brings into the trace, the cookies and the headers is shown as text."""
    app = Xray(tiny, flaw="a_flaw")
    cookie = f"session={token({'alg': EVIL}, {EVIL: [EVIL]}, EVIL.encode())}"
    with_cookies(app, cookie, f"/{EVIL}", method="HEAD")
    html = with_cookies(app, cookie, f"/{EVIL}").text
    added = html.partition('<body class="a">')[2].replace("<h1>Hé</h1>", "").rpartition("</body>")[0]
    found = Inventory(added)
    assert found.tags <= OUR_TAGS
    assert found.attributes <= OUR_ATTRIBUTES
    assert found.open == []
    assert "\u202e" not in added  # would turn the reading direction around
    assert "alert(1)" in words(added)


def test_long_things_are_cut() -> None:
    """A statement of a megabyte, a thousand steps, a hundred planted cookies: the page stays a page."""
    tiny = Tiny(trace=tuple(("db", "SELECT " + "a" * 100_000) for _ in range(1000)))
    answer = with_cookies(Xray(tiny), "session=1; " * 100, "/" + "b" * 5000)
    assert len(answer.data) < 300_000
    assert answer.text.count("is no token") == 5


def test_a_token_is_read_and_not_verified() -> None:
    """Neither its key nor its algorithm matters to who only reads."""
    read = decoded(token({"alg": "none"}, {"sub": "1"}, b""))
    assert read is not None
    assert (json.loads(read.header), json.loads(read.payload)) == ({"alg": "none"}, {"sub": "1"})
    assert read.signature_bytes == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b.c",
        "\ud800.a.b",
        "e30.e30",
        "e30.e30.e",
        "[" * 9,
        token({}, {})[:-1] + "\n",
        "e30!!!!.e30.",
    ],
)
def test_what_is_no_token_is_none(text: str) -> None:
    """Whatever a visitor sends: never an error, which would be a page that fails."""
    assert decoded(text) is None


def test_a_nest_without_end_is_none() -> None:
    """Python's reader of JSON gives up with an error of its own."""
    nest = base64.urlsafe_b64encode(b'{"a":' * 30_000).decode().rstrip("=")
    assert decoded(f"{nest}.e30.") is None


# The banner of a flaw


@pytest.mark.parametrize("path", ["/", "/signup", "/nowhere", "/handbook-preview"])
def test_every_page_of_an_app_with_a_flaw_begins_with_its_name(app: LabApp, path: str) -> None:
    """Errors and static pages, too: nobody is to take it for an app that is sound."""
    flawed = Xray(app, parts=["authlab.tokens:pick_key"], flaw="old_keys_in_a_folder")
    answer = Browser(flawed, app.clock).get(path)
    body = words(answer.text.partition("<body>")[2])
    assert body.startswith(
        "A wrong part is mounted in this app. old_keys_in_a_folder stands in for pick_key . "
        "Do not trust what you see here."
    )


def test_a_crash_of_an_app_with_a_flaw_has_the_banner_too(app: LabApp) -> None:
    def crash(raw: str) -> str:
        raise ValueError

    with mounted({EMAIL: crash}):
        flawed = Browser(Xray(app, parts=[EMAIL], flaw="crash"), app.clock)
        answer = flawed.post("/login", {"email": "ada@lab.test", "password": "?"})
    assert answer.status_code == 500
    assert "A wrong part is mounted in this app." in answer.text


def test_a_sound_app_has_no_banner(app: LabApp) -> None:
    assert "wrong part" not in Browser(Xray(app), app.clock).get("/").text


def test_a_response_of_werkzeug_is_a_page_like_any_other() -> None:
    """Not only this app's answers: any WSGI app's."""
    answer = Client(Xray(Response(PAGE, mimetype="text/html"))).get("/")
    assert "No step was traced." in words(panel_of(answer.text))
