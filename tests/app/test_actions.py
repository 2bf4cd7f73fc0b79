"""Actions: what a form that was sent changes, where its sender stands afterwards, and what a refusal says."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import pytest
import requests

from authlab import forms
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from tests.app.visitors import signed_in

SETTINGS = "/dashboard/settings"
PASSWORD = "/dashboard/settings/password"
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
CHANGE = {"current": ADA[2], "new": "difference-2-engine"}


@pytest.fixture
def app() -> Iterator[LabApp]:
    """Sessions are rows here: devices can be listed, and ended one by one."""
    app = LabApp(sessions="database")
    yield app
    app.close()


def beside(page: requests.Response, field: str) -> list[str]:
    """What a page says is wrong with a field."""
    note = re.search(rf'<div id="{field}-note" class="note">(.*?)</div>', page.text, re.DOTALL)
    assert note is not None, page.text
    found = re.findall(r'<(?:p class="error"|li)>([^<]*)<', note[1])
    return [message for message in found if message != "Password must:"]


# Where an action leads


@pytest.mark.parametrize(
    ("who", "path", "form", "then"),
    [
        (ADA, PASSWORD, CHANGE, "/dashboard/settings?changed"),
        (ADA, "/devices/end-others", {}, "/devices"),
        (ADA, "/members/member-1/phone", {"phone": "1843"}, "/members/member-1"),
        (GRACE, "/admin/users/3/role", {"role": "admin"}, "/admin"),
        (GRACE, "/admin/users/3/team", {"team": "engines"}, "/admin"),
        (GRACE, "/admin/users/3/end-sessions", {}, "/admin"),
        (GRACE, "/admin/users/3/disable", {}, "/admin"),
        (GRACE, "/admin/users/3/enable", {}, "/admin"),
        (GRACE, "/admin/users/3/delete", {}, "/admin"),
    ],
)
def test_a_form_that_was_accepted_leads_to_the_page_that_shows_what_it_did(
    app: LabApp, who: tuple[str, str, str], path: str, form: dict[str, str], then: str
) -> None:
    """By a redirect, so that loading that page anew sends nothing a second time."""
    visitor = signed_in(app, who)
    answer = visitor.post(path, form)
    assert (answer.status_code, answer.headers["Location"]) == (303, then)
    assert visitor.follow(answer).status_code == 200


def test_logging_out_empties_what_the_browser_has_kept_of_us(ada: Browser) -> None:
    """The next one at this computer goes back in the history, and finds no page in the cache."""
    assert ada.post("/logout").headers["Clear-Site-Data"] == '"cache", "storage"'


# Signing up


def nonce_of(browser: Browser) -> str:
    """What the page for signing up sends with its form."""
    found = re.search(r'name="nonce" value="([^"]*)"', browser.get("/signup").text)
    assert found is not None
    return found[1]


def test_the_page_for_signing_up_can_be_sent_once_and_so_can_everybody_else_s(app: LabApp) -> None:
    """Eve clicks twice and is told; Zoe has a page of her own, and is in."""
    eve, zoe = app.browser(), app.browser()
    form = {**EVE, "nonce": nonce_of(eve)}
    first, second = eve.post("/signup", form), app.browser().post("/signup", form)
    assert (first.status_code, second.status_code) == (303, 409)
    assert forms.SENT_TWICE in second.text
    other = {**EVE, "email": "zoe@lab.test", "nonce": nonce_of(zoe)}
    assert zoe.post("/signup", other).status_code == 303


def test_what_is_longer_than_a_page_s_nonce_is_not_kept(app: LabApp) -> None:
    """Nobody fills the disk with texts of their own choice; who sends one signs up without that comfort."""
    for number in range(2):
        form = {**EVE, "email": f"eve-{number}@lab.test", "nonce": "0" * 33}
        assert app.browser().post("/signup", form).status_code == 303


def test_who_has_signed_up_here_is_not_locked_out_by_strangers(app: LabApp) -> None:
    """Her browser is known from the first day: guesses from elsewhere use up another count than hers."""
    eve = app.browser()
    eve.post("/signup", EVE)
    eve.post("/logout")
    guesses = [app.browser().post("/login", {**EVE, "password": "a guess"}).status_code for _ in range(11)]
    assert guesses[-1] == 429
    assert eve.post("/login", {"email": EVE["email"], "password": EVE["password"]}).status_code == 303


# Logging in


def test_who_logs_in_has_guessed_nothing(app: LabApp) -> None:
    """After nine slips and the right password, the next nine are counted from the beginning."""
    right = {"email": ADA[1], "password": ADA[2]}
    for _ in range(2):
        for form in [{**right, "password": "a slip"}] * 9 + [right]:
            status = app.browser().post("/login", form).status_code
            assert status == (303 if form is right else 401)


def test_a_browser_that_is_known_is_not_made_known_again(app: LabApp, ada: Browser) -> None:
    """Its owner's guesses there stay one count, however often they log in."""
    known = ada.cookies["__Host-device"]
    assert "__Host-device" not in str(ada.post("/login", {"email": ADA[1], "password": ADA[2]}).headers)
    assert ada.cookies["__Host-device"] == known


def test_many_known_devices_count_as_one_wherever_they_are(app: LabApp) -> None:
    """Whoever has had the password once holds eleven devices' tokens, and an address for each of them."""
    statuses = []
    for number in range(11):
        device = app.browser(address=f"203.0.113.{number}")
        device.set_cookie("__Host-device", signed_in(app).cookies["__Host-device"].value)
        for _ in range(10):
            statuses.append(device.post("/login", {"email": ADA[1], "password": "a guess"}).status_code)
    assert statuses == [401] * 100 + [429] * 10


# The password


def test_the_settings_say_that_the_password_is_changed(ada: Browser) -> None:
    """And the page without that word says nothing of the kind."""
    changed = ada.follow(ada.post(PASSWORD, CHANGE))
    assert "Your password is changed, and you are logged out everywhere else." in changed.text
    assert "Your password is changed" not in ada.get(SETTINGS).text


@pytest.mark.parametrize(
    ("form", "field", "messages"),
    [
        ({**CHANGE, "current": "a guess of mine"}, "current", [forms.WRONG_PASSWORD]),
        ({**CHANGE, "new": "short"}, "new", [forms.TOO_SHORT, forms.NO_NUMBER, forms.NO_SPECIAL]),
        ({**CHANGE, "new": ADA[2]}, "new", [forms.SAME_AS_BEFORE]),
    ],
    ids=["wrong", "weak", "the same"],
)
def test_a_change_that_is_refused_shows_the_form_again_and_what_is_wrong(
    app: LabApp, ada: Browser, form: dict[str, str], field: str, messages: list[str]
) -> None:
    """Beside the field that is to be mended; and the password stays what it was."""
    page = ada.post(PASSWORD, form)
    assert page.status_code == 422
    assert "<h1>Change your password</h1>" in page.text
    assert beside(page, field) == messages
    assert signed_in(app).get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("policy", "new", "messages"),
    [
        ("guide", "difference engine", [forms.NO_NUMBER]),
        ("modern", "difference engine", []),
        ("guide", "Password123!", []),
        ("modern", "Password123!", [forms.COMMON]),
        ("modern", "ADA LOVELACE", [forms.IS_YOURS]),
        ("modern", "ada@LAB.test", [forms.IS_YOURS]),
    ],
)
def test_a_change_keeps_the_rules_that_signing_up_keeps(
    policy: Literal["guide", "modern"], new: str, messages: list[str]
) -> None:
    """Those that the app is set to, with the name and the e-mail of whoever is signed in."""
    app = LabApp(passwords=policy)
    answer = signed_in(app).post(PASSWORD, {"current": ADA[2], "new": new})
    app.close()
    if messages:
        assert (answer.status_code, beside(answer, "new")) == (422, messages)
    else:
        assert answer.status_code == 303


def test_who_knows_the_current_password_has_guessed_nothing(ada: Browser) -> None:
    """After nine slips and the right one, the next nine slips are counted from the beginning."""
    passwords = [ADA[2], CHANGE["new"], "analytical-engine-1844"]
    for current, new in pairwise(passwords):
        wrong = [ada.post(PASSWORD, {"current": "a guess", "new": new}).status_code for _ in range(9)]
        assert wrong == [422] * 9
        assert ada.post(PASSWORD, {"current": current, "new": new}).status_code == 303


# Devices


def test_one_session_is_ended_and_no_other(app: LabApp) -> None:
    """Ada ends the one on her phone, and is sent back to the list, where it is gone."""
    laptop, phone, tablet = (signed_in(app) for _ in range(3))
    number = str(app.stolen_sessions()[1]["id"])
    answer = laptop.post("/devices/end", {"id": number})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/devices")
    assert f'name="id" value="{number}"' not in laptop.follow(answer).text
    assert [browser.get("/profile").status_code for browser in (laptop, phone, tablet)] == [200, 303, 200]


@pytest.mark.parametrize("number", [None, "", "0", "-1", "1.0", "1 ", "one", "²", "١", "9" * 18, "9" * 19])
def test_a_number_of_no_session_is_a_page_that_is_not_there(
    app: LabApp, ada: Browser, number: str | None
) -> None:
    """Left out, no number, one in another script, one too large to be stored: no session, and no crash."""
    answer = ada.post("/devices/end", {} if number is None else {"id": number})
    assert answer.status_code == 404
    assert app.crashes == []
    assert ada.get("/profile").status_code == 200


# What admins do


@pytest.mark.parametrize(
    ("sent", "stored"), [("compilers", "compilers"), (" compilers ", "compilers"), ("", None)]
)
def test_a_team_is_the_one_that_was_typed(app: LabApp, grace: Browser, sent: str, stored: str | None) -> None:
    """An empty name takes Ada out of hers."""
    grace.post("/admin/users/1/team", {"team": sent})
    assert [user.team for user in app.users()] == [stored, None, None]


@pytest.mark.parametrize("form", [{}, {"role": ""}, {"role": "owner"}, {"role": "Admin"}])
def test_what_is_no_role_is_given_to_nobody(app: LabApp, grace: Browser, form: dict[str, str]) -> None:
    """Left out, empty, made up or misspelled: the page says that there is no such role."""
    page = grace.post("/admin/users/1/role", form)
    assert page.status_code == 422
    assert forms.ROLE_UNKNOWN in page.text
    assert [user.role for user in app.users()] == ["user", "admin", "user"]


def test_an_account_that_is_disabled_and_enabled_again_opens_again(app: LabApp, grace: Browser) -> None:
    """Disabled, nobody logs in to it; enabled, its owner does, with the password that they had."""
    ada = {"email": ADA[1], "password": ADA[2]}
    statuses = []
    for done in ("disable", "enable"):
        grace.post(f"/admin/users/1/{done}")
        statuses.append(app.browser().post("/login", ada).status_code)
    assert statuses == [401, 303]


@pytest.mark.parametrize(
    ("done", "form"),
    [
        ("role", {"role": "admin"}),
        ("team", {"team": "engines"}),
        ("end-sessions", {}),
        ("disable", {}),
        ("enable", {}),
        ("delete", {}),
    ],
)
def test_an_account_that_is_not_there_is_a_page_that_is_not_there(
    app: LabApp, grace: Browser, done: str, form: dict[str, str]
) -> None:
    before = app.users()
    assert grace.post(f"/admin/users/99/{done}", form).status_code == 404
    assert app.users() == before
