"""The pages in a real browser: what a person meets, with scripts and without."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from authlab import forms
from authlab.app import App
from authlab.db import insert_user
from authlab.passwords import hash_password
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from playwright.sync_api import Browser, BrowserContext, Page, Route

PASSWORD = "correct-horse-1"
PEPPER = b"p" * 32
LONG_NAME = "W" * 100
EARLY_CHECK = "**/signup/available?*"


class QuietHandler(WSGIRequestHandler):
    """Werkzeug's handler without its log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Site:
    """The app on a port. It lists requests, and holds sign-ups back while `open` is not set."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.requests: list[str] = []
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append(f"{method} {path}")
        if (method, path) == ("POST", "/signup"):
            self.arrived.set()
            self.open.wait(60)
        return self.app(environ, start_response)

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    app = App(Settings({"k": b"k" * 32}, PEPPER, tmp_path / "app.db", bcrypt_rounds=4, passwords="guide"))
    db = app.database.connect()
    hashed = hash_password(PASSWORD, rounds=4, pepper=PEPPER)
    insert_user(db, name="Grace", email="grace@lab.test", password_hash=hashed, now=1, role="admin")
    insert_user(db, name=LONG_NAME, email="w@lab.test", password_hash=hashed, now=1)
    db.close()
    site = Site(app)
    yield site
    site.close()


@pytest.fixture
def open_page(chromium: "Browser", site: Site) -> Iterator[Callable[..., "Page"]]:
    """Opens a page for a new visitor; in the end, no page may have complained of anything."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str, **options: Any) -> "Page":
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            # That an answer was 401 or 422 is said on the console too; it is no fault of the page.
            lambda line: (
                complaints.append(line.text)
                if line.type == "error" and not line.text.startswith("Failed to load resource")
                else None
            ),
        )
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def fill(page: "Page", name: str, email: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)


def send(page: "Page", button: str = "Sign Up") -> None:
    """Press the button and wait for the page that comes back."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def log_in_as_grace(page: "Page") -> None:
    page.get_by_label("Email").fill("grace@lab.test")
    page.get_by_label("Password").fill(PASSWORD)
    send(page, "Log In")
    assert page.url.endswith("/profile")


def below(page: "Page", field: str) -> bool:
    """Whether the note of a field stands right under it."""
    box = page.locator(f"#{field}").bounding_box()
    note = page.locator(f"#{field}-note").bounding_box()
    assert box is not None
    assert note is not None
    return note["x"] == box["x"] and 0 <= note["y"] - (box["y"] + box["height"]) <= 8


def note_of(page: "Page", field: str) -> list[str]:
    """What the page says beside a field, line by line."""
    text = page.locator(f"#{field}-note").inner_text()
    return [line for line in text.splitlines() if line]


def test_errors_stand_beside_their_fields(open_page: Callable[..., "Page"]) -> None:
    """The browser lets bad forms go, the server's words come under each field, typing goes on at the
    first."""
    page = open_page("/signup")
    fill(page, "A", "ada", "short")
    send(page)
    assert note_of(page, "name") == [forms.NAME_TOO_SHORT]
    assert note_of(page, "email") == [forms.EMAIL_INVALID]
    assert note_of(page, "password") == [
        "Password must:",
        forms.TOO_SHORT,
        forms.NO_NUMBER,
        forms.NO_SPECIAL,
    ]
    assert below(page, "name")
    assert below(page, "email")
    assert below(page, "password")
    assert page.evaluate("document.activeElement.id") == "name"
    assert page.get_by_label("Name").input_value() == "A"
    assert page.get_by_label("Email").input_value() == "ada"
    assert page.get_by_label("Password").input_value() == ""


def test_the_server_gets_the_address_as_it_was_typed(open_page: Callable[..., "Page"]) -> None:
    """A field that rewrites addresses would make two accounts of one, in two browsers."""
    page = open_page("/signup")
    fill(page, "A", " Ada@bücher.de ", "short")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        send(page)
    assert "email=+Ada%40b%C3%BCcher.de+" in (sent.value.post_data or "")


# While a page is on its way, DevTools (and so Playwright) sees nothing of the old one. So the old one
# writes down itself how it looks, at the end of the submit event and after a return to it.
WRITE_DOWN = """() => {
    const form = document.querySelector("#signup"), button = form.querySelector("button");
    const looks = () => [button.disabled, button.textContent, form.getAttribute("aria-busy")];
    const show = (persisted) => dispatchEvent(new PageTransitionEvent("pageshow", { persisted }));
    const seen = { before: looks() };
    addEventListener("submit", () => {
        seen.sent = looks();
        show(false);
        seen.shown = looks();
        show(true);
        seen.returned = looks();
        sessionStorage.setItem("seen", JSON.stringify(seen));
    });
}"""


def test_the_button_waits_while_the_form_is_on_its_way(open_page: Callable[..., "Page"]) -> None:
    """Disabled, busy, with other words; and ready again when the Back button shows the page as it was."""
    page = open_page("/signup")
    fill(page, "Ada", "ada@lab.test", PASSWORD)
    page.evaluate(WRITE_DOWN)
    send(page)
    assert page.url.endswith("/profile")
    seen = page.evaluate("JSON.parse(sessionStorage.getItem('seen'))")
    assert seen["before"] == [False, "Sign Up", None]
    assert seen["sent"] == [True, "Signing up…", "true"]
    assert seen["shown"] == [True, "Signing up…", "true"], "a slow first show is no return"
    assert seen["returned"] == [False, "Sign Up", "false"]


def test_a_double_click_sends_one_form(open_page: Callable[..., "Page"], site: Site) -> None:
    """The second click comes while the server still works on the first."""
    page = open_page("/signup")
    fill(page, "Ada", "ada@lab.test", PASSWORD)
    box = page.get_by_role("button", name="Sign Up").bounding_box()
    assert box is not None
    site.open.clear()
    page.mouse.click(box["x"] + 9, box["y"] + 9)
    assert site.arrived.wait(30), "the form never came"
    page.mouse.click(box["x"] + 9, box["y"] + 9)
    site.open.set()
    page.wait_for_url("**/profile")
    assert site.requests.count("POST /signup") == 1


def with_frozen_clock(page: "Page") -> "Page":
    """The page again, with a clock that is moved by hand: no test waits for a real one."""
    page.clock.install(time=0)
    page.reload()
    page.clock.pause_at(60_000)
    return page


def test_a_quick_word_is_one_question(open_page: Callable[..., "Page"], site: Site) -> None:
    """The rule of `forms.Debouncer`: the newest value, once, 400 milliseconds after the last key."""
    page = with_frozen_clock(open_page("/signup"))
    asked: list[str] = []
    # Of the script's own questions; the browser may still be at the page's icon.
    page.on(
        "request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None
    )
    email = page.get_by_label("Email")
    email.press_sequentially("grace@lab.tes")
    page.clock.run_for(399)
    email.press_sequentially("t")
    page.clock.run_for(399)
    assert asked == []
    with page.expect_request_finished(lambda request: "available" in request.url):
        page.clock.run_for(1)
    page.get_by_text(forms.EMAIL_TAKEN).wait_for()
    email.blur()
    page.clock.run_for(10_000)
    assert asked == [f"{site.url}/signup/available?email=grace%40lab.test"]


def test_the_early_check_speaks_politely_and_stops_nobody(open_page: Callable[..., "Page"]) -> None:
    """In a live region beside the field; the form can be sent all the same, and the server decides."""
    page = open_page("/signup")
    fill(page, "Eve", "GRACE@lab.test", PASSWORD)  # going on to the password ends the wait
    page.get_by_text(forms.EMAIL_TAKEN).wait_for()
    assert note_of(page, "email") == [forms.EMAIL_TAKEN]
    assert page.locator("#email-note").get_attribute("aria-live") == "polite"
    assert page.get_by_label("Email").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "password"
    page.get_by_label("Email").fill("eve@lab.test")
    page.get_by_label("Name").focus()
    page.get_by_text(forms.EMAIL_TAKEN).wait_for(state="detached")
    assert page.get_by_label("Email").get_attribute("aria-invalid") is None
    page.get_by_label("Email").fill("grace@lab.test")
    send(page)
    assert page.get_by_role("alert").inner_text() == forms.NOT_CREATED


def test_half_an_address_is_no_mistake_until_the_field_is_left(
    open_page: Callable[..., "Page"],
) -> None:
    """Who is still typing `ada@` is not told that it is wrong; who goes on to the next field is."""
    page = with_frozen_clock(open_page("/signup"))
    page.get_by_label("Email").press_sequentially("ada@")
    with page.expect_request_finished(lambda request: "available" in request.url):
        page.clock.run_for(400)
    settle(page)
    assert note_of(page, "email") == []
    page.get_by_label("Password").focus()
    page.get_by_text(forms.EMAIL_INVALID).wait_for()
    assert note_of(page, "email") == [forms.EMAIL_INVALID]


def test_a_late_answer_about_an_old_value_is_dropped(open_page: Callable[..., "Page"]) -> None:
    """The first answer overtaken by the second says nothing any more."""
    page = with_frozen_clock(open_page("/signup"))
    held: list[Route] = []
    page.route(EARLY_CHECK, lambda route: held.append(route))
    email = page.get_by_label("Email")
    for address in ("free@lab.test", "grace@lab.test"):
        email.fill(address)
        before = len(held)
        page.clock.run_for(400)
        while len(held) == before:
            page.wait_for_timeout(10)
    held[1].fulfill(json={"available": False})
    page.get_by_text(forms.EMAIL_TAKEN).wait_for()
    with page.expect_request_finished(lambda request: "free" in request.url):
        held[0].fulfill(json={"available": True})
    settle(page)
    assert note_of(page, "email") == [forms.EMAIL_TAKEN]


@pytest.mark.parametrize("answer", ["no network", "429", "no JSON"])
def test_an_early_check_that_fails_says_nothing(open_page: Callable[..., "Page"], answer: str) -> None:
    """What the page said about the last value is taken back, and sign-up works."""
    page = open_page("/signup")
    fill(page, "Ada", "grace@lab.test", PASSWORD)
    page.get_by_text(forms.EMAIL_TAKEN).wait_for()

    def fail(route: "Route") -> None:
        if answer == "no network":
            route.abort()
        elif answer == "429":
            route.fulfill(status=429, json={"errors": {}})
        else:
            route.fulfill(status=500, body="<h1>Our mistake</h1>")

    page.route(EARLY_CHECK, fail)
    page.get_by_label("Email").fill("ada@lab.test")
    page.get_by_label("Name").focus()
    page.get_by_text(forms.EMAIL_TAKEN).wait_for(state="detached")
    send(page)
    assert page.url.endswith("/profile")


def settle(page: "Page") -> None:
    """Let the page's script take an answer that has just arrived."""
    page.evaluate("fetch('/static/favicon.svg').then((answer) => answer.text())")


def test_the_whole_round_without_javascript(open_page: Callable[..., "Page"]) -> None:
    """Errors, sign-up, profile, logout, login: every step is a link or a form."""
    page = open_page("/", java_script_enabled=False)
    page.get_by_role("link", name="Make an account").click()
    fill(page, "A", "ada", "short")
    send(page)
    assert note_of(page, "name") == [forms.NAME_TOO_SHORT]
    fill(page, "Ada", "ada@lab.test", PASSWORD)
    send(page)
    assert page.url.endswith("/profile")
    assert "ada@lab.test" in page.locator("dl").inner_text()
    send(page, "Log out")
    assert page.url.endswith("/login")
    page.get_by_label("Email").fill("ada@lab.test")
    page.get_by_label("Password").fill("wrong")
    send(page, "Log In")
    assert page.get_by_role("alert").inner_text() == forms.WRONG_CREDENTIALS
    page.get_by_label("Password").fill(PASSWORD)
    send(page, "Log In")
    assert page.url.endswith("/profile")


def test_the_cookie_as_the_browser_keeps_it(open_page: Callable[..., "Page"], site: Site) -> None:
    """`__Host-`, out of scripts' reach, for this host and every path, and gone after logout."""
    page = open_page("/signup")
    fill(page, "Ada", "ada@lab.test", PASSWORD)
    send(page)
    cookies = page.context.cookies()
    assert {cookie.get("name") for cookie in cookies} == {"__Host-session", "__Host-device"}
    for cookie in cookies:
        assert cookie.get("httpOnly") is True
        assert cookie.get("secure") is True
        assert cookie.get("sameSite") == "Lax"
        assert cookie.get("path") == "/"
        assert cookie.get("domain") == "127.0.0.1", "with a dot before it, other hosts would get it too"
    assert page.evaluate("document.cookie") == ""
    send(page, "Log out")
    # The device stays known, and opens nothing: see `devices`.
    assert [cookie.get("name") for cookie in page.context.cookies()] == ["__Host-device"]
    page.goto(site.url + "/profile")
    assert page.url.endswith("/login?next=%2Fprofile")


def test_markup_in_a_name_is_shown_and_not_run(open_page: Callable[..., "Page"]) -> None:
    """In the form that comes back and on the profile."""
    name = "<img src=x onerror=document.title='run'><script>document.title='run'</script>"
    page = open_page("/signup")
    fill(page, name, "ada@lab.test", "short")
    send(page)
    assert page.get_by_label("Name").input_value() == name
    page.get_by_label("Password").fill(PASSWORD)
    send(page)
    assert name in page.locator("dl").inner_text()
    assert page.title() == "Your profile · authlab"
    assert page.locator("img").count() == 0


def test_everything_can_be_reached_with_the_keyboard(open_page: Callable[..., "Page"]) -> None:
    """In the order of reading, each stop with a visible frame; Enter sends the form."""
    page = open_page("/signup")
    stops = []
    for _ in range(8):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                """() => {
                    const here = document.activeElement, style = getComputedStyle(here);
                    const box = here.getBoundingClientRect();
                    const frame = parseFloat(style.outlineWidth);
                    if (style.outlineStyle !== "solid" || frame < 2) return "no frame";
                    if (box.top < 0) return "out of sight";
                    return here.id || here.textContent.trim();
                }"""
            )
        )
    assert stops == [
        "Skip to content", "authlab", "Log in", "Sign up", "name", "email", "password", "Sign Up",
    ]  # fmt: skip
    page.get_by_label("Name").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert note_of(page, "name") == [forms.NAME_TOO_SHORT]


# Text is read, so it needs 4.5:1 against what is behind it (WCAG 2.2, 1.4.3); the frame of a field
# is only seen: 3:1 (1.4.11).
CONTRASTS = """() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => channels(color).slice(0, 3)
        .map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const ratio = (one, other) => {
        const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05);
    };
    const behind = (element) => {
        for (let here = element; here; here = here.parentElement) {
            const color = getComputedStyle(here).backgroundColor;
            if ((channels(color)[3] ?? 1) === 1) return color;
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    const hasText = (element) => [...element.childNodes]
        .some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    for (const element of document.body.querySelectorAll("*")) {
        const style = getComputedStyle(element);
        if (hasText(element) && ratio(style.color, behind(element)) < 4.5)
            faint.push(`${element.tagName} ${element.textContent.trim()}`);
        if (element.tagName === "INPUT" && element.type !== "hidden") {
            if (ratio(style.borderTopColor, behind(element.parentElement)) < 3)
                faint.push(`the frame of ${element.id}`);
            if (ratio(getComputedStyle(element, "::placeholder").color, behind(element)) < 4.5)
                faint.push(`the placeholder of ${element.id}`);
        }
    }
    return faint;
}"""


ADD_ROLE = """() => {
    const role = document.createElement("input");
    role.name = "role";
    role.type = "hidden";
    document.forms[0].append(role);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_reads_well(open_page: Callable[..., "Page"], site: Site, scheme: str, width: int) -> None:
    """Light and dark, on a phone and on a desk: nothing faint, nothing to scroll sideways for."""
    page = open_page("/", color_scheme=scheme, viewport={"width": width, "height": 800})
    looks: list[str] = []

    def look() -> None:
        looks.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert page.evaluate(CONTRASTS) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url

    look()
    page.goto(site.url + "/signup")
    look()
    page.evaluate(ADD_ROLE)
    fill(page, "A", "x" * 300, "short")
    send(page)
    look()
    page.goto(site.url + "/login")
    look()
    send(page, "Log In")
    look()
    log_in_as_grace(page)
    look()
    page.goto(site.url + "/")
    look()
    page.goto(site.url + "/admin")
    assert LONG_NAME in page.locator("ul.cards").inner_text()
    look()
    page.goto(site.url + "/nowhere")
    look()
    assert set(looks) == {"rgb(245, 246, 248)" if scheme == "light" else "rgb(18, 21, 26)"}
