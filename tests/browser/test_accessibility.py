"""Every page in every state, for everybody: axe-core, keyboard, large text, narrow screens, no JavaScript."""

import re
import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest

from authlab import forms
from authlab.routes import ROUTES
from tests.app.sqlite_errors import sqlite_error
from tests.browser import axe, looking
from tests.browser.visiting import LONG_NAME, PASSWORD, Site, State, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.full  # sixty pages and states, in both themes and several widths

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 400)
HANDBOOK = sorted(path.name for path in Path(forms.__file__).with_name("handbook").glob("*.html"))


class Row(NamedTuple):
    """A page in a state: its endpoint ("" for what answers where none does), its status, words that it shows,
    and how a visitor comes there."""

    page: str
    state: str
    status: int
    shows: str
    come: State
    by_script: bool = False  # a state that the page's own script makes


# --- How a visitor comes there ---


def opens(path: str, *, as_user: str = "", **settings: Any) -> State:
    """Opens an address, logged in or not; `settings` are the app's, where its usual ones do not do."""

    def come(visitor: Visitor) -> None:
        if settings:
            visitor.site.restart(**settings)
        if as_user:
            visitor.log_in(as_user)
        visitor.open(path)

    return come


def sends(path: str, button: str, *, as_user: str = "", **fields: str) -> State:
    """Opens an address, fills in the form and presses its button."""

    def come(visitor: Visitor) -> None:
        opens(path, as_user=as_user)(visitor)
        visitor.fill(**fields)
        visitor.press(button)

    return come


def sends_a_field_that_the_form_has_not(path: str, button: str, *, as_user: str = "") -> State:
    """Opens an address, renames a field of its form and presses its button."""

    def come(visitor: Visitor) -> None:
        opens(path, as_user=as_user)(visitor)
        visitor.page.locator(".field input").first.evaluate("field => { field.name = 'role' }")
        visitor.press(button)

    return come


def presses(*buttons: str, as_user: str, path: str) -> State:
    """Opens an address, logged in, and presses buttons, one after the other."""

    def come(visitor: Visitor) -> None:
        opens(path, as_user=as_user)(visitor)
        for button in buttons:
            visitor.press(button)

    return come


def signed_in_twice(*, then: str | re.Pattern[str] = "") -> State:
    """Logs in with two browsers and looks at the list; `then` names a button there."""

    def come(visitor: Visitor) -> None:
        visitor.log_in_elsewhere("ada")
        opens("/devices", as_user="ada")(visitor)
        if then:
            visitor.press(then)

    return come


def meets(error: Exception) -> State:
    """Opens the profile while the database answers with an error."""

    def come(visitor: Visitor) -> None:
        visitor.log_in("ada")
        visitor.site.break_database(error)
        visitor.open("/profile")

    return come


def types_what_the_page_looks_up(path: str, field: str, text: str, said: str, *, as_user: str = "") -> State:
    """Types into a field and leaves it, and waits for what the page's script then says."""

    def come(visitor: Visitor) -> None:
        opens(path, as_user=as_user)(visitor)
        visitor.page.get_by_label(field, exact=True).fill(text)
        visitor.page.keyboard.press("Tab")
        visitor.page.get_by_text(said).wait_for()

    return come


def signs_up_twice_from_one_page(visitor: Visitor) -> None:
    visitor.open("/signup")
    eve = {"name": "Eve", "email": "eve@lab.test", "password": PASSWORD}
    visitor.site.post("/signup", nonce=visitor.page.locator("[name=nonce]").input_value(), **eve)
    visitor.fill(**eve)
    visitor.press("Sign Up")


def guesses_too_often(visitor: Visitor) -> None:
    for _ in range(3):
        sends("/login", "Log In", email="ada@lab.test", password="a guess")(visitor)


def logs_in_for_the_second_time(visitor: Visitor) -> None:
    presses("Log out", as_user="ada", path="/dashboard")(visitor)
    opens("/dashboard", as_user="ada")(visitor)


def gives_alan_a_team_and_a_role(visitor: Visitor) -> None:
    opens("/admin", as_user="grace")(visitor)
    visitor.page.get_by_label("Team of member-3", exact=True).fill("engines")
    visitor.press("Set team of member-3")
    visitor.page.get_by_label("Role of member-3", exact=True).select_option("admin")
    visitor.press("Set role of member-3")


def gives_alan_a_team_that_nobody_can_read(visitor: Visitor) -> None:
    opens("/admin", as_user="grace")(visitor)
    visitor.page.get_by_label("Team of member-3", exact=True).fill("eng\u200bines")
    visitor.press("Set team of member-3")


EVERY_PAGE = [
    Row("pages.home", "for guests", 200, "Log in to yours", opens("/")),
    Row("pages.home", "for a user", 200, "You are signed in as Ada", opens("/", as_user="ada")),
    Row("pages.home", "for an admin", 200, "See all accounts", opens("/", as_user="grace")),
    # Sign-up
    Row("pages.signup", "empty", 200, "better 15 or more", opens("/signup")),
    Row("pages.signup", "empty, the guide's rules", 200, "a number", opens("/signup", passwords="guide")),
    Row("pages.signup", "all fields wrong", 422, forms.NAME_TOO_SHORT,
        sends("/signup", "Sign Up", name="A", email="ada", password="short")),
    Row("pages.signup", "a field too many", 422, forms.NO_SUCH_FIELD,
        sends_a_field_that_the_form_has_not("/signup", "Sign Up")),
    Row("pages.signup", "email taken", 409, forms.EMAIL_TAKEN,
        sends("/signup", "Sign Up", name="Eve", email="ada@lab.test", password=PASSWORD)),
    Row("pages.signup", "sent twice", 409, forms.SENT_TWICE, signs_up_twice_from_one_page),
    Row("pages.signup", "email taken, says the early check", 200, forms.EMAIL_TAKEN,
        types_what_the_page_looks_up("/signup", "Email", "ada@lab.test", forms.EMAIL_TAKEN), by_script=True),
    # Log in
    Row("pages.login", "empty", 200, "No account yet?", opens("/login")),
    Row("pages.login", "on the way to a page", 200, "No account yet?", opens("/dashboard/settings")),
    Row("pages.login", "refused", 401, forms.WRONG_CREDENTIALS,
        sends("/login", "Log In", email="ada@lab.test", password="a guess")),
    Row("pages.login", "after logging out", 200, "No account yet?",
        presses("Log out", as_user="ada", path="/")),
    # For members
    Row("pages.profile", "after logging in", 200, "ada@lab.test",
        sends("/login", "Log In", email="ada@lab.test", password=PASSWORD)),
    Row("pages.profile", "after signing up", 200, "eve@lab.test",
        sends("/signup", "Sign Up", name="Eve", email="eve@lab.test", password=PASSWORD)),
    Row("pages.profile", "with a long name", 200, LONG_NAME, opens("/profile", as_user="long")),
    Row("pages.dashboard", "for a user", 200, "the team engines", opens("/dashboard", as_user="ada")),
    Row("pages.dashboard", "without a team", 200, "no team yet", opens("/dashboard", as_user="alan")),
    Row("pages.dashboard", "for an admin", 200, "You are an admin", opens("/dashboard", as_user="grace")),
    Row("pages.dashboard", "after a second login", 200, "before this on", logs_in_for_the_second_time),
    Row("pages.settings", "empty", 200, "Current password", opens("/dashboard/settings", as_user="ada")),
    Row("pages.settings", "wrong password", 422, forms.WRONG_PASSWORD,
        sends("/dashboard/settings", "Change Password", as_user="ada",
              current_password="a guess", new_password="another long password")),
    Row("pages.settings", "new password too short", 422, forms.TOO_SHORT,
        sends("/dashboard/settings", "Change Password", as_user="ada",
              current_password=PASSWORD, new_password="short")),
    Row("pages.settings", "a field too many", 422, forms.NO_SUCH_FIELD,
        sends_a_field_that_the_form_has_not("/dashboard/settings", "Change Password", as_user="ada")),
    Row("pages.settings", "changed", 200, "Your password is changed",
        sends("/dashboard/settings", "Change Password", as_user="ada",
              current_password=PASSWORD, new_password="another long password")),
    Row("pages.devices", "one", 200, "this one", opens("/devices", as_user="ada")),
    Row("pages.devices", "several", 200, "End", signed_in_twice()),
    Row("pages.devices", "the other one ended", 200, "this one",
        signed_in_twice(then=re.compile("^End the session in "))),
    Row("pages.devices", "all others ended", 200, "this one",
        signed_in_twice(then="Log out everywhere else")),
    Row("pages.devices", "unknown to the server", 200, "in cookies only",
        opens("/devices", as_user="ada", sessions="stateless")),
    Row("pages.members", "one's team", 200, LONG_NAME, opens("/members", as_user="ada")),
    Row("pages.members", "no team", 200, "Nobody here", opens("/members", as_user="alan")),
    Row("pages.members", "found", 200, "Alan",
        sends("/members", "Search", as_user="grace", name="Alan")),
    Row("pages.members", "nobody found", 200, "Nobody here",
        sends("/members", "Search", as_user="grace", name="Mallory")),
    Row("pages.members", "nobody found, as one types", 200, "Nobody here",
        types_what_the_page_looks_up("/members", "Name", "Mallory", "Nobody here", as_user="ada"),
        by_script=True),
    Row("pages.member", "oneself", 200, "Save", opens("/members/member-1", as_user="ada")),
    Row("pages.member", "one of the team", 200, LONG_NAME, opens("/members/member-4", as_user="ada")),
    Row("pages.member", "a stranger", 200, "member-2", opens("/members/member-2", as_user="ada")),
    Row("pages.member", "to an admin", 200, "Save", opens("/members/member-4", as_user="grace")),
    Row("pages.member", "phone refused", 422, forms.PHONE_INVALID,
        sends("/members/member-1", "Save", as_user="ada", phone="none of yours")),
    Row("pages.member", "phone changed", 200, "+44 20 7946 0001",
        sends("/members/member-1", "Save", as_user="ada", phone="+44 20 7946 0001")),
    # For admins
    Row("pages.admin", "all accounts", 200, LONG_NAME, opens("/admin", as_user="grace")),
    Row("pages.admin", "found", 200, "Alan", sends("/admin", "Search", as_user="grace", name="Alan")),
    Row("pages.admin", "nobody found", 200, "Nobody here",
        sends("/admin", "Search", as_user="grace", name="Mallory")),
    Row("pages.admin", "changed", 200, "Alan", gives_alan_a_team_and_a_role),
    Row("pages.admin", "team refused", 422, "all of them visible", gives_alan_a_team_that_nobody_can_read),
    Row("pages.admin", "disabled", 200, "disabled",
        presses("Log out everywhere: member-3", "Disable: member-3", as_user="grace", path="/admin")),
    Row("pages.admin", "enabled and deleted", 200, "Ada",
        presses("Disable: member-3", "Enable: member-3", "Delete: member-3", as_user="grace", path="/admin")),
    # The handbook
    Row("pages.handbook_preview", "for guests", 200, "for everybody", opens("/handbook-preview")),
    Row("pages.handbook", "for members", 200, "For members.", opens("/handbook", as_user="ada")),
    *(Row("pages.handbook_file", name, 200, "authlab", opens(f"/handbook/{name}", as_user="ada"))
      for name in HANDBOOK),
    # What went wrong
    Row("pages.admin", "not for users", 403, "Not for you", opens("/admin", as_user="ada")),
    Row("", "no such page", 404, "Not Found", opens("/nowhere")),
    Row("pages.member", "no such member", 404, "Not Found", opens("/members/nobody", as_user="ada")),
    Row("", "no page to look at", 405, "Method Not Allowed", opens("/logout")),
    Row("pages.signup", "too large", 413, "Too large",
        sends("/signup", "Sign Up", name="A" * 70_000, email="ada@lab.test", password=PASSWORD)),
    Row("pages.login", "too many attempts", 429, "Too many attempts", guesses_too_often),
    Row("pages.profile", "a crash", 500, "Our mistake", meets(ValueError())),
    Row("pages.profile", "the database is busy", 503, "Not now", meets(sqlite_error(sqlite3.SQLITE_BUSY))),
]  # fmt: skip


# --- Claims ---


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="module")
def visitor(chromium: "Browser", site: Site) -> Iterator[Visitor]:
    visitor = Visitor(chromium, site)
    yield visitor
    visitor.close()


@pytest.fixture(scope="module", params=EVERY_PAGE, ids=lambda row: f"{row.page}: {row.state}")
def arrived(
    request: pytest.FixtureRequest, visitor: Visitor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Page"]:
    """A row's page; the tests of one row share it."""
    arrive(visitor, request.param, tmp_path_factory.mktemp("site"))
    yield visitor.page
    assert visitor.complaints == []


@pytest.fixture
def page(arrived: "Page") -> "Page":
    """The same as it was on arrival: on a desk, in light, with no rules of a test before."""
    arrived.set_viewport_size({"width": 1280, "height": 800})
    arrived.emulate_media(color_scheme="light", reduced_motion="no-preference")
    looking.style(arrived, "")
    return arrived


def arrive(visitor: Visitor, row: Row, folder: Path) -> None:
    """Come to a row's page as somebody new on a fresh site, and see that it is the one."""
    visitor.site.start(folder)
    visitor.start_over()
    row.come(visitor)
    assert visitor.status == row.status
    # A form that was refused is shown at its action's address, which may be no page.
    assert visitor.site.endpoint(urlsplit(visitor.page.url).path) in {row.page, ""}
    assert row.shows in visitor.page.locator("body").inner_text()


def test_every_page_is_in_the_table() -> None:
    """A new page comes with its row, or these tests would say nothing about it."""
    pages = {name for name, (method, _, _) in ROUTES.items() if method == "GET" and name.startswith("pages.")}
    assert pages - {row.page for row in EVERY_PAGE} == {"pages.static"}


def test_axe_has_no_complaint(page: "Page", axe_source: str) -> None:
    """In light and dark, on a desk and on a phone."""
    found: dict[str, list[str]] = {}
    for theme, width in product(THEMES, WIDTHS):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        for line in axe.complaints(page, axe_source):
            found.setdefault(line, []).append(f"{theme} {width}")
    assert not found, "\n".join(f"{line} ({', '.join(looks)})" for line, looks in found.items())


def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(page: "Page") -> None:
    """Tab goes once around the page in the order of reading; each stop has a frame, in sight."""
    stops = looking.round_by_tab(page)
    assert [f"{stop.name} {fault}" for stop in stops for fault in stop.faults] == []
    numbers = [stop.number for stop in stops if stop.number >= 0]
    first = numbers.index(0)
    assert numbers[first:] + numbers[:first] == list(range(looking.controls(page)))


def test_the_skip_link_comes_first_and_leads_past_the_navigation(page: "Page") -> None:
    """After it, Tab goes on in the page's own part."""
    assert looking.first_control(page) == "Skip to content"
    page.get_by_role("link", name="Skip to content").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    is_inside = page.evaluate("document.activeElement.closest('main') !== null")
    assert is_inside is (looking.controls(page, inside="main") > 0)


@pytest.mark.parametrize(
    ("width", "rules"),
    [(320, ""), (1280, looking.LARGE_TEXT), (400, looking.WIDE_SPACING)],
    ids=["320 pixels", "text at 200 %", "wide spacing"],
)
def test_nobody_scrolls_sideways(page: "Page", width: int, rules: str) -> None:
    """On a narrow screen, with large text, with wide spacing (WCAG 1.4.10, 1.4.4, 1.4.12)."""
    page.set_viewport_size({"width": width, "height": 800})
    looking.style(page, rules)
    assert looking.sideways(page) == []


def test_nothing_moves_for_who_asked_for_less_motion(page: "Page") -> None:
    page.emulate_media(reduced_motion="reduce")
    assert looking.motion(page) == []


def test_every_page_and_every_form_works_without_javascript(
    chromium: "Browser", site: Site, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The same way leads to the same page. A new action comes with a row that uses its form."""
    visitor = Visitor(chromium, site, java_script_enabled=False)
    sent: set[str] = set()
    for number, row in enumerate(row for row in EVERY_PAGE if not row.by_script):
        folder = tmp_path / str(number)
        folder.mkdir()
        with subtests.test(f"{row.page}: {row.state}"):
            arrive(visitor, row, folder)
        sent |= {name for name in site.endpoints if name.startswith("actions.")}
    visitor.close()
    assert {name for name in ROUTES if name.startswith("actions.")} - sent == set()


@pytest.fixture
def home(chromium: "Browser", site: Site, tmp_path: Path) -> Iterator["Page"]:
    """The first page, on which a test may do what others would complain of."""
    visitor = Visitor(chromium, site)
    arrive(visitor, EVERY_PAGE[0], tmp_path)
    yield visitor.page
    visitor.close()


def test_axe_looks_at_more_than_its_defaults(home: "Page", axe_source: str) -> None:
    """One rule of each kind: a tag that is misspelt would only make these tests quieter."""
    assert {"label", "color-contrast", "target-size", "region"} <= axe.rules(home, axe_source)


def test_axe_does_not_lift_the_pages_policy(home: "Page", axe_source: str) -> None:
    """axe is in the page, and a script that the page itself brings along still may not run."""
    axe.complaints(home, axe_source)
    home.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'run'";
        document.body.append(script);
    }""")
    assert home.title() == "The app you learn authentication with · authlab"
