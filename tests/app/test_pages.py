"""Every page, in every state, has what a person needs, and shows what was typed as text."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from inspect import unwrap
from pathlib import Path
from typing import Literal

import jinja2
import pytest
from werkzeug.test import Client, TestResponse

from authlab import forms, pages
from authlab.app import App
from authlab.db import insert_user
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.passwords import hash_password
from authlab.settings import Settings
from tests.app.visitors import signed_in

OWN_ORIGIN = {"Origin": "http://localhost"}
PASSWORD = "correct-horse-1"
PEPPER = b"p" * 32
VOID = {"meta", "link", "input", "br", "img", "hr"}


@dataclass
class Element:
    """An element of a page: its tag, its attributes, and all the text inside."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: list["Element"] = field(default_factory=list)


class Page(HTMLParser):
    """A parsed page: which elements are there, and what they say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), f"an attribute twice: {attrs}"
        for outer in self._open:
            outer.inside.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert [e.tag for e in self._open[-1:]] == [tag], f"</{tag}> closes nothing"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"expected one <{tag}> with {attributes}, found {len(found)}"
        return found[0]

    def by_id(self, name: str) -> Element:
        found = [element for element in self.elements if element.attributes.get("id") == name]
        assert len(found) == 1, f"expected one element with the id {name}, found {len(found)}"
        return found[0]

    def note(self, field: str) -> list[str]:
        """What the page says beside a field, line by line, found as a screen reader finds it."""
        described_by = self.one("input", name=field).attributes["aria-describedby"]
        assert described_by is not None
        return [line.strip() for line in self.by_id(described_by).text.splitlines() if line.strip()]

    def alert(self) -> str:
        found = [e for e in self.elements if e.attributes.get("role") == "alert"]
        return " ".join(" ".join(e.text for e in found).split())

    def focused(self) -> list[str | None]:
        return [e.attributes.get("name", e.tag) for e in self.elements if "autofocus" in e.attributes]


class Visitor:
    """A browser without scripts: it keeps cookies and sends forms from the app's own pages."""

    def __init__(self, app: App) -> None:
        self.client = Client(app)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, data=fields, headers=OWN_ORIGIN)

    def page(self, path: str, **fields: str) -> Page:
        """GET `path`, or POST `fields` to it; the page that comes back."""
        return Page((self.post(path, **fields) if fields else self.get(path)).text)


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = App(Settings({"k": b"k" * 32}, PEPPER, tmp_path / "app.db", bcrypt_rounds=4, passwords="guide"))
    db = app.database.connect()
    insert_user(
        db,
        name="Grace",
        email="grace@lab.test",
        password_hash=hash_password(PASSWORD, rounds=4, pepper=PEPPER),
        now=1,
        role="admin",
    )
    db.close()
    return app


@pytest.fixture
def lab_app() -> Iterator[LabApp]:
    """An app with members, teams and a clock that is moved by hand."""
    app = LabApp()
    yield app
    app.close()


@pytest.fixture
def visitor(app: App) -> Visitor:
    return Visitor(app)


def sign_up(visitor: Visitor, name: str = "Ada") -> None:
    answer = visitor.post("/signup", name=name, email="ada@lab.test", password=PASSWORD)
    assert answer.status_code == 303, answer.text


def log_in_as_grace(visitor: Visitor) -> None:
    answer = visitor.post("/login", email="grace@lab.test", password=PASSWORD)
    assert answer.status_code == 303, answer.text


def every_page(app: App) -> Iterator[tuple[str, TestResponse]]:
    """Each page in each state that a visitor can bring about."""
    guest, ada, grace = Visitor(app), Visitor(app), Visitor(app)
    yield "home", guest.get("/")
    yield "sign-up", guest.get("/signup")
    yield "sign-up, all wrong", guest.post("/signup", name="", email="", password="", role="admin")
    taken = {"name": "Eve", "email": "grace@lab.test", "password": PASSWORD}
    yield "sign-up, taken", guest.post("/signup", **taken)
    again = {"name": "Eve", "email": "eve@lab.test", "password": PASSWORD, "nonce": "1"}
    guest.post("/signup", **again)
    yield "sign-up, sent twice", guest.post("/signup", **again)
    guest = Visitor(app)
    yield "login", guest.get("/login")
    yield "login, wrong", guest.post("/login", email="grace@lab.test", password="wrong")
    yield "not found", guest.get("/nowhere")
    yield "method not allowed", guest.client.put("/login", headers=OWN_ORIGIN)
    yield "another site's form", guest.client.post("/login", headers={"Origin": "http://evil.test"})
    yield "too large", guest.post("/login", email="x" * 70_000)
    sign_up(ada)
    yield "home, signed in", ada.get("/")
    yield "profile", ada.get("/profile")
    yield "members, refused", ada.get("/admin")
    log_in_as_grace(grace)
    yield "home, as admin", grace.get("/")
    yield "members", grace.get("/admin")


def test_every_page_tells_readers_and_machines_what_it_is(app: App) -> None:
    """Language, title, one heading, one main part, a way past the header, and no id twice."""
    titles = {}
    for state, answer in every_page(app):
        page = Page(answer.text)
        assert answer.text.startswith("<!doctype html>"), state
        assert answer.content_type == "text/html; charset=utf-8", state
        assert page.one("html").attributes["lang"] == "en", state
        assert len(page.all("h1")) == 1, state
        assert len(page.all("main", id="main")) == 1, state
        assert len(page.all("header")) == len(page.all("footer")) == 1, state
        assert page.all("a")[0].attributes["href"] == "#main", f"{state}: the first stop skips"
        assert page.one("meta", name="viewport"), state
        ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids)), state
        titles[state] = page.one("title").text
    assert titles["sign-up"] == "Sign up · authlab"
    assert titles["sign-up, all wrong"] == "Error: Sign up · authlab"
    assert titles["login, wrong"] == "Error: Log in · authlab"
    assert titles["profile"] == "Your profile · authlab"
    assert titles["not found"] == "Not Found · authlab"


def test_every_control_has_a_name(app: App) -> None:
    """A label for each field, by its id, and text on each button and link."""
    for state, answer in every_page(app):
        page = Page(answer.text)
        for element in page.elements:
            named = element.attributes.get("aria-label")
            if element.tag == "input" and element.attributes.get("type") != "hidden" and not named:
                label = page.one("label", **{"for": str(element.attributes["id"])})
                assert label.text.strip(), f"{state}: {element.attributes}"
                note = element.attributes.get("aria-describedby")
                assert note is None or page.by_id(note), state
            if element.tag in ("a", "button"):
                assert element.text.strip(), f"{state}: an empty {element.tag}"
                assert element.tag != "a" or element.attributes["href"], state


def test_nothing_runs_that_is_not_a_file_of_ours(app: App) -> None:
    """No script, style or handler in the page, no other host; and on each the policy that says so."""
    for state, answer in every_page(app):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), state
        assert "unsafe" not in policy, state
        for element in Page(answer.text).elements:
            assert element.tag != "style", state
            runs = element.tag == "script" and element.attributes.get("type") != "application/json"
            assert not runs or element.text == "", f"{state}: an inline script"
            for name, value in element.attributes.items():
                assert not re.match("style$|on", name), f"{state}: {name}={value}"
                if name in ("src", "href", "action"):
                    assert re.match(r"/(?!/)|#", value or ""), f"{state}: {name}={value}"
                if element.tag in ("script", "link") and name in ("src", "href"):
                    assert Visitor(app).get(str(value)).status_code == 200, f"{state}: {value}"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("signup.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
def test_static_files_say_what_they_are(visitor: Visitor, name: str, content_type: str) -> None:
    """`nosniff` is on: with a wrong type, the browser takes none of them."""
    answer = visitor.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.content_type == content_type


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("index.html", "text/html; charset=utf-8"), ("floor-plan.png", "image/png")],
)
def test_the_handbook_s_files_say_what_they_are(lab_app: LabApp, name: str, content_type: str) -> None:
    """Its pages and its picture, for the same reason."""
    answer = signed_in(lab_app).get(f"/handbook/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == content_type


def test_the_signup_form_helps_to_fill_it(visitor: Visitor) -> None:
    """Password managers know what each field is, and nothing is wrong before anything is sent."""
    page = visitor.page("/signup")
    form = page.one("form", action="/signup", method="post")
    assert "novalidate" in form.attributes, "the browser's checks would hide the server's"
    assert page.one("label", **{"for": "name"}).text == "Name"
    assert page.one("label", **{"for": "email"}).text == "Email"
    assert page.one("label", **{"for": "password"}).text == "Password"
    assert page.one("input", name="name").attributes["autocomplete"] == "name"
    email = page.one("input", name="email")
    assert email.attributes["autocomplete"] == "email"
    assert email.attributes["inputmode"] == "email"
    assert email.attributes["type"] == "text", "type=email rewrites addresses"
    password = page.one("input", name="password", type="password")
    assert password.attributes["autocomplete"] == "new-password"
    for field_name in ("name", "email"):
        assert page.one("input", name=field_name).attributes["placeholder"]
        assert page.one("input", name=field_name).attributes["value"] == ""
    assert [e.text for e in form.inside if e.tag == "button"] == ["Sign Up"]
    assert not [e for e in page.elements if "aria-invalid" in e.attributes]
    assert page.alert() == ""
    assert page.focused() == []


def test_every_signup_page_can_be_sent_once(visitor: Visitor) -> None:
    """The nonce is another one on each page, so that a double click is told from two visitors."""
    first = visitor.page("/signup").one("input", name="nonce", type="hidden").attributes["value"]
    second = visitor.page("/signup").one("input", name="nonce", type="hidden").attributes["value"]
    assert first
    assert first != second


def test_all_errors_stand_beside_their_fields(visitor: Visitor) -> None:
    """One try tells everything, and each message belongs to its field for eyes and ears."""
    answer = visitor.post("/signup", name="A", email="ada", password="short")
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.note("name") == [forms.NAME_TOO_SHORT]
    assert page.note("email") == [forms.EMAIL_INVALID]
    assert page.note("password") == [
        "Password must:",
        forms.TOO_SHORT,
        forms.NO_NUMBER,
        forms.NO_SPECIAL,
    ]
    for field_name in ("name", "email", "password"):
        assert page.one("input", name=field_name).attributes["aria-invalid"] == "true"


@pytest.mark.parametrize(
    ("name", "email", "password", "first_wrong"),
    [
        ("A", "ada", "short", "name"),
        ("Ada", "ada", "short", "email"),
        ("Ada", "ada@lab.test", "short", "password"),
    ],
)
def test_typing_goes_on_in_the_first_wrong_field(
    visitor: Visitor, name: str, email: str, password: str, first_wrong: str
) -> None:
    """The cursor is where the work is; and a field that is right is not marked."""
    page = visitor.page("/signup", name=name, email=email, password=password)
    assert page.focused() == [first_wrong]
    assert ("aria-invalid" in page.one("input", name="name").attributes) == (name == "A")
    assert ("aria-invalid" in page.one("input", name="email").attributes) == (email == "ada")


def test_what_was_typed_is_kept_but_never_the_password(app: App) -> None:
    """Nobody types a name twice; and a password that was sent is in no page that comes back."""
    secret = "only-I-know-this"  # no number: refused
    refused = Visitor(app).post("/signup", name=" Ada L. ", email="ada@", password=secret)
    taken = Visitor(app).post("/signup", name="Ada", email="grace@lab.test", password=secret + "1")
    wrong = Visitor(app).post("/login", email="Grace@lab.test", password=secret)
    assert [refused.status_code, taken.status_code, wrong.status_code] == [422, 409, 401]
    assert Page(refused.text).one("input", name="name").attributes["value"] == " Ada L. "
    assert Page(refused.text).one("input", name="email").attributes["value"] == "ada@"
    assert Page(taken.text).one("input", name="email").attributes["value"] == "grace@lab.test"
    assert Page(wrong.text).one("input", name="email").attributes["value"] == "Grace@lab.test"
    for answer in (refused, taken, wrong):
        assert secret not in answer.text
        assert "value" not in Page(answer.text).one("input", name="password").attributes


def test_a_taken_email_is_said_beside_the_field_and_for_the_form(visitor: Visitor) -> None:
    """`state.message` is shown, as an alert (the guide sets it and never shows it)."""
    answer = visitor.post("/signup", name="Eve", email="grace@lab.test", password=PASSWORD)
    page = Page(answer.text)
    assert answer.status_code == 409
    assert page.alert() == forms.NOT_CREATED
    assert page.note("email") == [forms.EMAIL_TAKEN]
    assert page.focused() == ["email"]


def test_a_form_sent_twice_is_explained(visitor: Visitor) -> None:
    """No field is wrong, so the message itself gets the focus, and is read aloud."""
    sent = {"name": "Ada", "email": "ada@lab.test", "password": PASSWORD, "nonce": "abc"}
    assert visitor.post("/signup", **sent).status_code == 303
    page = visitor.page("/signup", **sent)
    assert page.alert() == forms.SENT_TWICE
    assert page.focused() == ["div"]
    assert not [e for e in page.elements if "aria-invalid" in e.attributes]


def test_a_field_that_nobody_asked_for_is_named(visitor: Visitor) -> None:
    """`role=admin` is refused, and the page says so: a refusal without a word would puzzle."""
    answer = visitor.post("/signup", name="Eve", email="eve@lab.test", password=PASSWORD, role="admin")
    assert answer.status_code == 422
    assert Page(answer.text).alert() == f"role: {forms.NO_SUCH_FIELD}"


def test_login_says_one_thing_whatever_was_wrong(visitor: Visitor) -> None:
    """Unknown address, wrong password, no address: the same page, but for what was typed."""
    pages = set()
    for email in ("grace@lab.test", "nobody@lab.test", "no address"):
        answer = visitor.post("/login", email=email, password="wrong")
        page = Page(answer.text)
        assert answer.status_code == 401
        assert page.alert() == forms.WRONG_CREDENTIALS
        assert page.note("email") == page.note("password") == [forms.WRONG_CREDENTIALS]
        assert page.focused() == ["password"]
        assert "aria-invalid" not in answer.text
        pages.add(answer.text.replace(email, ""))
    assert len(pages) == 1


def test_the_login_form_helps_to_fill_it(visitor: Visitor) -> None:
    """A password manager finds the two fields, and offers the password that it has."""
    page = visitor.page("/login")
    assert page.one("form", action="/login", method="post")
    assert page.one("input", name="email").attributes["autocomplete"] == "email"
    assert page.one("input", name="email").attributes["value"] == ""
    assert page.one("input", name="password").attributes["autocomplete"] == "current-password"
    assert page.alert() == ""


def test_the_profile_shows_the_account_and_a_way_out(visitor: Visitor) -> None:
    """Name, e-mail and role; and logging out is a form that posts, never a link."""
    sign_up(visitor)
    page = visitor.page("/profile")
    shown = [e.text for e in page.one("dl").inside if e.tag in ("dt", "dd")]
    assert shown == ["Name", "Ada", "Email", "ada@lab.test", "Role", "user"]
    logout = page.one("form", action="/logout", method="post")
    assert [e.text for e in logout.inside if e.tag == "button"] == ["Log out"]
    assert not page.all("a", href="/logout")


def test_every_account_has_a_card_with_its_actions(visitor: Visitor) -> None:
    """Grace sees both accounts, and cannot take her own role or account away."""
    log_in_as_grace(visitor)
    sign_up(visitor)
    log_in_as_grace(visitor)
    page = visitor.page("/admin")
    assert [e.text.strip() for e in page.all("h2")] == ["Grace", "Ada"]
    actions = [str(e.attributes["action"]) for e in page.all("form", method="post")]
    assert [a for a in actions if a.startswith("/admin/users/1/")] == ["/admin/users/1/team"]
    assert [a.rpartition("/")[2] for a in actions if a.startswith("/admin/users/3/")] == []
    assert [a.rpartition("/")[2] for a in actions if a.startswith("/admin/users/2/")] == [
        "team",
        "role",
        "end-sessions",
        "disable",
        "delete",
    ]


@pytest.mark.parametrize("who", [ADA, GRACE], ids=["a member", "an admin"])
def test_the_dashboard_says_when_its_owner_logged_in_before(
    lab_app: LabApp, who: tuple[str, str, str]
) -> None:
    """Who was not there then knows that somebody else has the password. The first time there was none."""
    said = "You logged in before this on 2026-01-05 09:00 (UTC)."
    first = signed_in(lab_app, who).get("/dashboard")
    assert first.status_code == 200
    assert "You logged in before" not in first.text
    lab_app.clock.advance(hours=1)
    assert said in signed_in(lab_app, who).get("/dashboard").text


@pytest.mark.parametrize(
    ("policy", "hint"),
    [
        ("guide", "At least 8 characters, with a letter, a number and a special character."),
        (
            "modern",
            "At least 8 characters, better 15 or more. A few words of your own are good; "
            "well-known passwords are refused.",
        ),
    ],
)
def test_whoever_chooses_a_password_is_told_the_rules_first(
    policy: Literal["guide", "modern"], hint: str
) -> None:
    """The rules that the server will judge by, at the sign-up and at a change."""
    with closing(LabApp(passwords=policy)) as app:
        assert Page(app.browser().get("/signup").text).note("password") == [hint]
        assert Page(signed_in(app).get("/dashboard/settings").text).note("new") == [hint]


def test_a_changed_password_is_confirmed_and_only_then(lab_app: LabApp) -> None:
    """And so is what it did elsewhere: the other browsers will ask for the new one."""
    ada = signed_in(lab_app)
    before = ada.get("/dashboard/settings")
    assert before.status_code == 200
    assert Page(before.text).all("p", role="status") == []
    answer = ada.post("/dashboard/settings/password", {"current": ADA[2], "new": "difference-engine-1822"})
    confirmed = Page(ada.get(answer.headers["Location"]).text).one("p", role="status")
    assert confirmed.text == "Your password is changed, and you are logged out everywhere else."


@pytest.mark.parametrize("path", ["/members", "/admin"])
def test_what_was_searched_for_stays_in_its_field(lab_app: LabApp, path: str) -> None:
    """Above what was found. It is cut where the field ends."""
    grace = signed_in(lab_app, GRACE)
    assert Page(grace.get(path).text).one("input", name="q").attributes["value"] == ""
    page = Page(grace.get(path, params={"q": "Love"}).text)
    assert page.one("input", name="q").attributes["value"] == "Love"
    assert "Ada" in page.one("main").text
    assert "Alan" not in page.one("main").text
    long = Page(grace.get(path, params={"q": "é" * 101}).text).one("input", name="q").attributes
    assert long["value"] == "é" * 100
    assert long["maxlength"] == "100"


def test_a_member_s_form_goes_to_the_member_whose_page_it_is_on(lab_app: LabApp) -> None:
    """By the name in the address: an admin's form on Ada's page is about Ada's number."""
    ada, grace = signed_in(lab_app), signed_in(lab_app, GRACE)
    slug = lab_app.users()[0].slug
    for browser in (ada, grace):
        answer = browser.get(f"/members/{slug}")
        form = Page(answer.text).one("form", **{"class": "fields"})
        assert answer.status_code == 200
        assert form.attributes["action"] == f"/members/{slug}/phone"


def test_a_page_s_scripts_are_told_who_is_there_and_no_more(lab_app: LabApp) -> None:
    """As data in the page, which spares them a question; on a guest's page there is nothing to tell."""
    told = Page(signed_in(lab_app).get("/").text).by_id("bootstrap")
    assert told.attributes["type"] == "application/json"
    assert json.loads(told.text) == {"user": {"id": 1, "name": ADA[0], "role": "user"}}
    assert Page(lab_app.browser().get("/").text).all("script", id="bootstrap") == []


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/signup", {"name": "A", "email": "ada", "password": "short"}, 422),
        ("/login", {"email": "ada@lab.test", "password": "wrong"}, 401),
    ],
)
def test_a_page_for_guests_asks_nobody_who_is_there(
    lab_app: LabApp, path: str, form: dict[str, str], status: int
) -> None:
    """It looks the same for whoever has a session, and costs no query more."""
    answers, asked = [], []
    for browser in (lab_app.browser(address="192.0.2.2"), signed_in(lab_app)):
        lab_app.statements.clear()
        answers.append(browser.post(path, form))
        asked.append(list(lab_app.statements))
    assert [answer.status_code for answer in answers] == [status, status]
    assert asked[0] == asked[1]
    assert links(Page(answers[1].text)) == {"/signup", "/login"}


def links(page: Page) -> set[str | None]:
    """The ways that a page offers besides the start page and the skip link."""
    return {e.attributes["href"] for e in page.all("a")} - {"/", "#main"}


def test_links_lead_where_the_visitor_can_go(app: App) -> None:
    """Guests are asked in, members are led on, and only an admin sees the way to the members."""
    ada, grace = Visitor(app), Visitor(app)
    sign_up(ada)
    log_in_as_grace(grace)
    assert links(Visitor(app).page("/")) == {"/signup", "/login"}
    for_members = {"/dashboard", "/profile", "/members", "/devices"}
    assert links(ada.page("/")) == for_members
    assert links(grace.page("/")) == for_members | {"/admin"}
    assert links(grace.page("/profile")) == for_members | {"/admin"}
    current = ada.page("/profile").one("a", **{"aria-current": "page"})
    assert current.attributes["href"] == "/profile"


def test_a_problem_page_needs_nobody(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database fails, the page that says so must not ask it who is there."""
    crashes: list[BaseException] = []
    app._on_crash = crashes.append

    def broken(observer: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(app.database, "connect", broken)
    visitor = Visitor(app)
    answer = visitor.post("/login", email="ada@lab.test", password=PASSWORD)
    page = Page(answer.text)
    assert answer.status_code == 500
    assert page.one("h1").text == "Our mistake"
    assert "secret inside" not in answer.text
    assert "RuntimeError" not in answer.text
    assert links(page) == set()
    assert len(crashes) == 1


MARKUP = "<script>alert(1)</script>\"'><b onclick=x>&amp;{{ 7 * 7 }}"


def test_a_name_is_text_wherever_it_is_shown(app: App) -> None:
    """Stored or sent back, in an attribute or between tags: shown letter by letter, never run."""
    ada, grace = Visitor(app), Visitor(app)
    sign_up(ada, name=MARKUP)
    log_in_as_grace(grace)
    home, profile, members = ada.page("/"), ada.page("/profile"), grace.page("/admin")
    again = Visitor(app).page("/signup", name=MARKUP, email=MARKUP, password="")
    login = Visitor(app).page("/login", email=MARKUP, password="")
    extra = Visitor(app).page("/signup", name="", email="", password="", **{MARKUP: ""})
    assert MARKUP in home.one("main").text
    assert MARKUP in profile.one("dl").text
    assert MARKUP in members.one("ul", **{"class": "cards"}).text
    assert again.one("input", name="name").attributes["value"] == MARKUP
    assert again.one("input", name="email").attributes["value"] == MARKUP
    assert login.one("input", name="email").attributes["value"] == MARKUP
    assert MARKUP in extra.alert()
    for page in (home, profile, members, again, login, extra):
        assert not page.all("b")
        assert MARKUP not in "".join(e.text for e in page.all("script"))


def new_templates() -> jinja2.Environment:
    """The templates as they are made, not those that an earlier test has left behind."""
    return unwrap(pages.templates)()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ name }}", "&lt;b&gt;Ada&lt;/b&gt;"),
        ("<ul>\n  {% if name %}\n  <li>\n  {% endif %}\n</ul>", "<ul>\n  <li>\n</ul>"),
    ],
    ids=["markup is text", "lines of the template's own leave no trace"],
)
def test_a_template_shows_its_values_as_text_and_itself_not_at_all(template: str, shown: str) -> None:
    """Whatever it is called: Jinja itself escapes nothing, and many apps tell it to by a file's ending."""
    assert new_templates().from_string(template).render(name="<b>Ada</b>") == shown


def test_a_name_that_a_template_misspells_is_an_error() -> None:
    """An empty place would hide that a page lacks its token, say, until somebody misses it."""
    with pytest.raises(jinja2.UndefinedError, match="'nmae' is undefined"):
        new_templates().from_string("{{ nmae }}").render(name="Ada")
