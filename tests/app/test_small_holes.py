"""Holes that a reader of the code found: something half done, used up, too large or out of date."""

import re
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from authlab import forms
from authlab.cookies import DEVICE_COOKIE
from authlab.lab.apps import ADA, ADAS_TEAM, GRACE, LabApp
from authlab.lab.browser import Browser
from tests.app.sqlite_errors import sqlite_error

ADAS = {"email": ADA[1], "password": ADA[2]}
WRONG = {"email": ADA[1], "password": "a guess-1"}
FORM = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp(sessions="database")
    yield app
    app.close()


def signed_in(app: LabApp, who: tuple[str, str, str] = ADA) -> Browser:
    browser = app.browser()
    assert browser.post("/login", {"email": who[1], "password": who[2]}).status_code == 303
    return browser


def with_device(app: LabApp, token: str) -> Browser:
    """A browser that holds the token of a known device, and no session."""
    browser = app.browser(address="203.0.113.9")
    browser.set_cookie(DEVICE_COOKIE, token)
    return browser


def raises(error: Exception) -> Callable[..., None]:
    def function(*_: object, **__: object) -> None:
        raise error

    return function


fails = raises(sqlite_error(sqlite3.SQLITE_BUSY))


class TestKnownDevices:
    """Whoever has had the password once holds their tokens, also after it was changed."""

    def test_many_of_them_count_as_one_address(self, app: LabApp) -> None:
        """Twelve tokens are not twelve times ten guesses."""
        tokens = []
        for _ in range(12):
            tokens.append(signed_in(app).cookies[DEVICE_COOKIE].value)
        statuses = [
            with_device(app, token).post("/login", WRONG).status_code for token in tokens for _ in range(10)
        ]
        assert statuses.count(401) == app.settings.logins_per_address.attempts
        assert statuses[-1] == 429

    def test_one_is_known_for_a_year(self, app: LabApp) -> None:
        """Its Max-Age is the browser's word; a copy is as old as the server says."""
        token = signed_in(app).cookies[DEVICE_COOKIE].value
        for _ in range(app.settings.logins_per_account.attempts + 1):
            stranger = app.browser().post("/login", WRONG)
        assert stranger.status_code == 429
        assert with_device(app, token).post("/login", ADAS).status_code == 303
        app.clock.advance(days=365)
        for _ in range(app.settings.logins_per_account.attempts + 1):
            app.browser().post("/login", WRONG)
        assert with_device(app, token).post("/login", ADAS).status_code == 429


def test_an_address_that_is_refused_uses_up_nobody_s_account(app: LabApp) -> None:
    """Mallory has guessed at everybody's; then she is stopped, and Ada is not."""
    mallory = app.browser(address="203.0.113.66")
    for number in range(app.settings.logins_per_address.attempts):
        mallory.post("/login", {**WRONG, "email": f"{number}@lab.test"})
    assert [mallory.post("/login", WRONG).status_code for _ in range(20)] == [429] * 20
    assert app.browser().post("/login", ADAS).status_code == 303


def test_a_form_that_came_too_often_can_be_sent_later(app: LabApp) -> None:
    """The page said: try again in an hour. An hour later it is not "sent already"."""
    eve = app.browser()
    for number in range(app.settings.signups_per_address.attempts):
        app.browser().post("/signup", {**FORM, "email": f"{number}@lab.test"})
    page = {**FORM, "nonce": "of this page"}
    assert eve.post("/signup", page).status_code == 429
    app.clock.advance(minutes=61)
    assert eve.post("/signup", page).status_code == 303


def test_ending_the_others_is_all_or_nothing(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database fails in the middle: nobody is logged out, whoever asked least of all."""
    laptop, phone = signed_in(app), signed_in(app)
    with monkeypatch.context() as broken:
        broken.setattr("authlab.sessions.database.revoke_others", fails)
        assert laptop.post("/devices/end-others").status_code == 503
    assert laptop.get("/profile").status_code == 200
    assert phone.get("/profile").status_code == 200
    assert laptop.post("/devices/end-others").status_code == 303
    assert phone.get("/profile").status_code == 303


def test_an_answer_holds_though_last_seen_cannot_be_written(
    app: LabApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done is done, and is said: "nothing was changed" would be untrue."""
    grace = signed_in(app, GRACE)
    app.clock.advance(minutes=6)
    with monkeypatch.context() as broken:
        broken.setattr("authlab.sessions.database.touch", fails)
        assert grace.post("/admin/users/3/delete").status_code == 303
    assert len(app.users()) == 2


@pytest.mark.parametrize("number", ["9223372036854775807", "9223372036854775808", "1" + "0" * 40])
def test_an_id_that_is_too_large_is_nobody_s(app: LabApp, number: str) -> None:
    """More than the database can hold is a page that is not there, and no crash."""
    grace = signed_in(app, GRACE)
    assert grace.get(f"/api/users/{number}").status_code == 404
    assert grace.post(f"/admin/users/{number}/delete").status_code == 404
    assert grace.post("/devices/end", {"id": number}).status_code == 404
    assert app.crashes == []


@pytest.mark.parametrize("path", ["/", "/api/session"])
def test_a_session_that_was_ended_is_taken_back_where_guests_are_welcome(app: LabApp, path: str) -> None:
    """Otherwise the start page says "make an account", and its link leads round in a circle."""
    laptop, phone = signed_in(app), signed_in(app)
    laptop.post("/devices/end-others")
    assert phone.get(path).status_code == 200
    assert "__Host-session" not in phone.cookies
    assert phone.get("/signup").status_code == 200


def test_a_phone_number_that_was_left_out_stays(app: LabApp) -> None:
    """An empty text takes it away; an empty body says nothing about it."""
    ada = signed_in(app)
    token = {"X-CSRF-Token": ada.form_token()}
    assert ada.post("/api/me/phone", json={"phone": "1843"}, headers=token).status_code == 200
    assert ada.post("/api/me/phone", json={}, headers=token).status_code == 422
    assert "1843" in ada.get("/members/member-1").text


def test_a_refused_phone_form_says_all_that_is_wrong_with_it(app: LabApp) -> None:
    """Also a field that the page does not have; and what was typed is there to be mended."""
    ada = signed_in(app)
    page = ada.post("/members/member-1/phone", {"phone": "12ab", "role": "admin"})
    assert page.status_code == 422
    assert "<code>role</code>" in page.text
    assert 'value="12ab"' in page.text


def test_two_characters_that_nobody_sees_are_no_name(app: LabApp) -> None:
    """Zero-width spaces are the two spaces of lesson 1 by another spelling."""
    assert app.browser().post("/signup", {**FORM, "name": "\u200b\u200b"}).status_code == 422
    assert app.browser().post("/signup", {**FORM, "name": "\u200bAl"}).status_code == 303


def test_a_sign_up_that_failed_can_be_sent_again(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was made, so nothing "was sent already": reloading the very same page is the way on."""
    eve, page = app.browser(), {**FORM, "nonce": "of this page"}
    with monkeypatch.context() as broken:
        broken.setattr("authlab.accounts.insert_user", fails)
        assert eve.post("/signup", page).status_code == 503
    assert eve.post("/signup", page).status_code == 303
    assert "sent already" in app.browser().post("/signup", page).text


def test_a_mistake_of_ours_is_no_busy_database(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelled column is an "operational" error, too. Trying again in a moment would not help."""
    ada = signed_in(app)
    error = sqlite_error(sqlite3.SQLITE_ERROR, "no such column: nmae")
    monkeypatch.setattr("authlab.sessions.database.find_session", raises(error))
    assert ada.get("/profile").status_code == 500
    assert app.crashes != []


@pytest.mark.parametrize("team", ["x" * 51, "eng\u200bines", "engines\r\nx"])
def test_a_team_that_nobody_could_read_is_refused(app: LabApp, team: str) -> None:
    """Members of a team see each other: a name cut short, or with something invisible, is another team."""
    grace = signed_in(app, GRACE)
    page = grace.post("/admin/users/1/team", {"team": team})
    assert page.status_code == 422
    assert "all of them visible" in page.text
    assert app.users()[0].team == ADAS_TEAM
    assert signed_in(app).post("/admin/users/1/team", {"team": team}).status_code == 403


def test_a_refused_team_is_still_in_its_field(app: LabApp) -> None:
    """Among many accounts, the message stands beside it, and the others show what is stored."""
    grace = signed_in(app, GRACE)
    page = grace.post("/admin/users/3/team", {"team": "eng\u200b<ines>"}).text
    field = re.findall(r"<input name=\"team\"[^>]*>", page)
    assert [re.findall(r'value="([^"]*)"', one)[0] for one in field] == [
        ADAS_TEAM,
        "",
        "eng\u200b&lt;ines&gt;",
    ]
    assert ["aria-invalid" in one and "autofocus" in one for one in field] == [False, False, True]
    assert 'aria-describedby="team-error"' in field[2]
    assert re.search(r'id="team-error" role="alert">[^<]*all of them visible[^<]*</p>', page)
    assert "all of them visible" not in page.partition("<ul")[0], "it is said once, and beside the field"


def test_what_else_a_refused_form_holds_is_said_at_the_top(app: LabApp) -> None:
    """Of an account that is not there as well: there is no field to say it beside."""
    grace = signed_in(app, GRACE)
    page = grace.post("/admin/users/3/team", {"team": "x" * 51, "owner": "1"}).text
    assert re.search(r"<p>member-3: <code>owner</code>: ", page)
    assert 'id="team-error"' in page
    nobody = grace.post("/admin/users/9/team", {"team": "x" * 51})
    assert nobody.status_code == 422
    assert "all of them visible" in nobody.text.partition("<ul")[0]


def test_a_refused_role_says_whose(app: LabApp) -> None:
    grace = signed_in(app, GRACE)
    assert (
        f"<p>member-3: {forms.ROLE_UNKNOWN}</p>" in grace.post("/admin/users/3/role", {"role": "owner"}).text
    )
    nobody = grace.post("/admin/users/9/role", {"role": "owner"})
    assert nobody.status_code == 422
    assert f"<p>{forms.ROLE_UNKNOWN}</p>" in nobody.text


def test_null_takes_the_phone_number_away(app: LabApp) -> None:
    """It is what the API itself says of somebody without one."""
    ada = signed_in(app)
    token = {"X-CSRF-Token": ada.form_token()}
    ada.post("/api/me/phone", json={"phone": "1843"}, headers=token)
    assert ada.post("/api/me/phone", json={"phone": None}, headers=token).json() == {"phone": None}
    assert app.users()[0].phone is None


def test_a_login_elsewhere_shows_at_once() -> None:
    """Also where sessions are remembered: a login that its owner does not know of is a warning."""
    app = LabApp(sessions="database", cached=True)
    laptop = signed_in(app)
    assert "You logged in before this" not in laptop.get("/devices").text
    app.clock.advance(seconds=1)
    signed_in(app)
    assert "You logged in before this" in laptop.get("/devices").text
    app.close()
