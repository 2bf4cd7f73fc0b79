"""OWASP ASVS 5.0: a test for each row that this app ticks, named by its number.

`docs/asvs.md` is derived from this file (`python3 -m authlab dev build`): a row is ticked because its test
passes here, and for no other reason. The first line of a docstring is the row in our own words.
"""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from authlab import forms, request
from authlab.app import App
from authlab.blocklist import is_common
from authlab.forms import FormState, modern_password_problems, validate_modern_signup
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.roles import ROLES
from authlab.routes import ROUTES
from authlab.sessions.database import GRACE_SECONDS
from authlab.settings import DAY, Settings, load_settings
from authlab.tokens import sign_session, verify_session_token, verify_with_ring
from tests.app.visitors import signed_in

RULES = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4 you"}
SESSION = "__Host-session"
KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


@pytest.fixture(params=["stateless", "database"])
def app(request: pytest.FixtureRequest) -> Iterator[LabApp]:
    """What is ticked, is ticked for both ways of keeping sessions."""
    app = LabApp(sessions=request.param, cached=True, passwords="modern")
    yield app
    app.close()


def copy_of(browser: Browser, app: LabApp) -> Browser:
    """A thief's browser, with the same session cookie."""
    thief = app.browser()
    thief.set_cookie(SESSION, browser.cookies[SESSION].value)
    return thief


def set_cookies(answer: requests.Response) -> list[str]:
    return list(answer.raw.headers.getlist("Set-Cookie"))


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def every_kind_of_answer(app: LabApp) -> Iterator[requests.Response]:
    """A page, a redirect, each error, JSON, a file: whatever the app can say."""
    guest, ada = app.browser(), signed_in(app)
    for path in ("/", "/profile", "/nowhere", "/api/me", "/api/session", "/static/style.css", "/handbook"):
        yield guest.get(path)
    for path in ("/profile", "/admin", "/api/users", "/fragments/members", "/handbook/floor-plan.png"):
        yield ada.get(path)
    yield guest.post("/signup", {"name": ""})
    yield guest.post("/login", {"email": "x", "password": "y"})
    yield guest.post("/signup", {"name": "x" * 70_000})
    yield guest.request("DELETE", "/profile")
    yield guest.get("/", headers={"Host": "evil.test"})
    yield app.browser(page="https://evil.test").post("/login", {})
    yield ada.post("/logout")


# V2 Validation and business logic


def test_2_1_1_the_rules_for_each_field_are_documented() -> None:
    """docs/rules.md says what each field takes, with the numbers of the code."""
    assert f"at most {forms.EMAIL_MAX_CHARACTERS} characters; stored in NFKC" in RULES
    assert "| name | 2 to 100 characters after trimming |" in RULES
    assert re.fullmatch(forms.TEAM_SHAPE, "x" * 50)
    assert not re.fullmatch(forms.TEAM_SHAPE, "x" * 51)
    assert "| team | at most 50 characters, none of them invisible; set by an admin |" in RULES
    assert f"one that there is ({', '.join(f'`{role}`' for role in ROLES)}); set by an admin" in RULES
    assert f"at most {request.MAX_BODY_BYTES} bytes" in RULES
    assert f"at most {request.MAX_FORM_PARTS} parts" in RULES
    assert "at most 30 characters, or nothing" in RULES
    assert "{0,30}" in forms.PHONE_SHAPE


def test_2_1_3_the_limits_of_use_are_documented() -> None:
    """docs/rules.md gives the limits that the settings have."""
    settings = Settings({"k": b"k" * 32}, b"p" * 32, Path("x"))
    for limit, words in (
        (settings.logins_per_account, "| 10 in 15 minutes | account"),
        (settings.logins_per_address, "| 100 in 15 minutes | address"),
        (settings.signups_per_address, "| 50 in 60 minutes | address"),
        (settings.lookups_per_address, "| 60 in 1 minute | address"),
    ):
        count, _, _, minutes = re.findall(r"(\d+) (in) ()(\d+) minute", words)[0]
        assert words in RULES
        assert (limit.attempts, limit.window_seconds) == (int(count), int(minutes) * 60)


@pytest.mark.parametrize("field", ["role", "id", "password_hash", "Role"])
def test_2_2_1_only_what_is_expected_is_let_in(app: LabApp, field: str) -> None:
    """Each form is checked against what is allowed; a field that nobody asked for is refused."""
    assert app.browser().post("/signup", {**EVE, field: "admin"}).status_code == 422
    assert len(app.users()) == 3


def test_2_2_2_the_server_checks_whatever_the_page_did(app: LabApp) -> None:
    """A form that no page of ours would send is refused on the server, before the database is asked."""
    app.statements.clear()
    assert app.browser().post("/signup", {"name": "E", "email": "x", "password": "y"}).status_code == 422
    assert app.statements == []


def test_2_3_1_no_step_is_skipped(app: LabApp, ada: Browser) -> None:
    """Changing a password without the current one, or an account without logging in, gets nowhere."""
    form = {"current": "", "new": "a new password of mine"}
    assert ada.post("/dashboard/settings/password", form).status_code == 422
    assert app.browser().post("/dashboard/settings/password", form).status_code == 303
    assert signed_in(app).get("/profile").status_code == 200


def test_2_3_3_a_sign_up_is_all_or_nothing(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the session cannot begin, the account is not made."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the second half fails")

    monkeypatch.setattr(app._app._sessions, "create", broken)
    assert app.browser().post("/signup", EVE).status_code == 500
    assert [user.email for user in app.users() if user.email == EVE["email"]] == []


def test_2_4_1_a_robot_meets_limits(app: LabApp) -> None:
    """Login, sign-up and the early look at an e-mail end in 429 for one who goes on and on."""
    robot = app.browser()
    asked = [robot.get("/signup/available", params={"email": f"a{n}@lab.test"}) for n in range(61)]
    assert [answer.status_code for answer in asked] == [200] * 60 + [429]
    tried = [robot.post("/login", {"email": ADA[1], "password": str(n)}) for n in range(11)]
    assert [answer.status_code for answer in tried] == [401] * 10 + [429]
    made = [robot.post("/signup", {**EVE, "email": f"eve{n}@lab.test"}).status_code for n in range(51)]
    assert made == [303] * 50 + [429]


# V3 Web front end


def test_3_2_2_text_is_shown_as_text(app: LabApp, grace: Browser) -> None:
    """A name of markup is letters on every page that shows it, and in the data for scripts."""
    eve = app.browser()
    eve.post("/signup", {**EVE, "name": "</script><b onclick=x>"})
    for page in (eve.get("/"), eve.get("/profile"), grace.get("/admin"), grace.get("/members?q=<b x=")):
        assert "<b " not in page.text
        assert "</script><" not in page.text
    assert "&lt;b onclick=x&gt;" in grace.get("/admin").text


def test_3_3_1_cookies_are_secure_and_carry_a_prefix(app: LabApp) -> None:
    """Each cookie is Secure, and its name is one that browsers hold to it."""
    cookies = set_cookies(app.browser().post("/signup", EVE))
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie.split("; ")


def test_3_3_2_cookies_say_same_site(app: LabApp) -> None:
    """Lax for both: no form and no script of another site sends them."""
    for cookie in set_cookies(app.browser().post("/signup", EVE)):
        assert "SameSite=Lax" in cookie.split("; ")


def test_3_3_3_cookies_belong_to_this_host_alone(app: LabApp) -> None:
    """`__Host-`, with Path=/ and no Domain: no other host of the domain reads or plants one."""
    for cookie in set_cookies(app.browser().post("/signup", EVE)):
        parts = cookie.split("; ")
        assert "Path=/" in parts
        assert not any(part.lower().startswith("domain") for part in parts)


def test_3_3_4_no_script_reads_the_session(app: LabApp, ada: Browser) -> None:
    """HttpOnly, and the token is in no page and no JSON either."""
    assert ada.script_reads() == ""
    token = ada.cookies[SESSION].value
    for path in ("/", "/profile", "/devices", "/api/me", "/api/session", "/fragments/devices"):
        assert token not in ada.get(path).text


def test_3_3_5_cookies_are_small(app: LabApp) -> None:
    """Name and value stay far under 4096 bytes, whatever the name and e-mail are."""
    long = {**EVE, "name": "😀" * 100, "email": f"{'e' * 240}@lab.test"}
    for cookie in set_cookies(app.browser().post("/signup", long)):
        assert len(cookie.encode()) < 1024


def test_3_4_1_browsers_are_told_to_stay_on_https(app: LabApp) -> None:
    """Strict-Transport-Security for a year, subdomains included, on every answer."""
    for answer in every_kind_of_answer(app):
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_3_4_2_no_other_origin_is_let_in(app: LabApp, ada: Browser) -> None:
    """There is no CORS header at all, whatever Origin asks."""
    for answer in every_kind_of_answer(app):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    asked = ada.get("/api/me", headers={"Origin": "https://evil.test"})
    assert "Access-Control-Allow-Origin" not in asked.headers


def test_3_4_3_a_policy_says_what_a_page_may_load(app: LabApp) -> None:
    """The CSP begins with nothing and adds our own files: no inline script, no eval, no base, no object."""
    for answer in every_kind_of_answer(app):
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert policy[0] == "default-src 'none'"
        assert {"script-src 'self'", "base-uri 'none'", "form-action 'self'"} <= set(policy)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_3_4_4_no_browser_guesses_types(app: LabApp) -> None:
    """nosniff on every answer."""
    for answer in every_kind_of_answer(app):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_3_4_5_addresses_stay_inside(app: LabApp) -> None:
    """Referrer-Policy: other sites do not learn where a visitor comes from."""
    for answer in every_kind_of_answer(app):
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_3_4_6_no_page_is_framed(app: LabApp) -> None:
    """frame-ancestors 'none' on every answer."""
    for answer in every_kind_of_answer(app):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_3_4_8_no_window_of_another_site_holds_ours(app: LabApp) -> None:
    """Cross-Origin-Opener-Policy: same-origin on every answer."""
    for answer in every_kind_of_answer(app):
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("page", ["https://evil.test", "https://evil.lab.test"])
def test_3_5_1_another_sites_form_is_refused(app: LabApp, ada: Browser, page: str) -> None:
    """By its origin; and a form of ours without this session's token, or with another session's, too."""
    ada.page = page
    assert ada.post("/logout", {"csrf": ""}).status_code == 403
    ada.page = "https://lab.test"
    assert ada.post("/logout", {"csrf": ""}).status_code == 403
    assert ada.post("/logout", {"csrf": signed_in(app, GRACE).form_token()}).status_code == 403
    assert is_in(ada)


def test_3_5_2_a_form_is_no_json(app: LabApp, ada: Browser) -> None:
    """JSON is taken as application/json only, which another site's page must ask for first."""
    headers = {"X-CSRF-Token": ada.form_token(), "Content-Type": "text/plain"}
    answer = ada.request("POST", "/api/me/phone", data=b'{"phone": "1"}', headers=headers)
    assert answer.status_code == 415
    assert ada.get("/api/me").json()["phone"] is None


def test_3_5_3_what_changes_something_is_a_post(app: LabApp, grace: Browser) -> None:
    """No address that changes something answers to GET, HEAD or OPTIONS."""
    for endpoint, (method, path, _) in ROUTES.items():
        changes = endpoint.startswith("actions.") or endpoint == "api.set_own_phone"
        assert method == ("POST" if changes else "GET"), endpoint
        if changes and path not in ("/signup", "/login"):
            address = path.replace("<int:user_id>", "1").replace("<slug>", "member-1")
            assert grace.get(address).status_code == 405, path
    assert len(app.users()) == 3


@pytest.mark.parametrize("wanted", ["https://evil.test", "//evil.test", "/\\evil.test", "/%09/evil.test"])
def test_3_7_2_redirects_stay_here(app: LabApp, wanted: str) -> None:
    """`next` leads to a page of this site or to the profile."""
    form = {"email": ADA[1], "password": ADA[2], "next": wanted}
    assert app.browser().post("/login", form).headers["Location"] == "/profile"
    form["next"] = "/devices"
    assert app.browser().post("/login", form).headers["Location"] == "/devices"


# V6 Authentication


def test_6_1_1_how_guessing_is_slowed_is_documented() -> None:
    """docs/rules.md says what is counted, by what, and that nobody can be locked out by strangers."""
    assert "login, and the current password when changing it" in RULES
    assert "guesses of strangers never lock out a browser that the owner has used before" in RULES


def test_6_2_1_passwords_have_at_least_8_characters() -> None:
    """Seven are refused, eight are not."""
    assert modern_password_problems("kx7 qmz") == [forms.TOO_SHORT]
    assert modern_password_problems("kx7 qmzw") == []


def test_6_2_2_passwords_can_be_changed(app: LabApp, ada: Browser) -> None:
    """The new one opens the account, the old one does not."""
    form = {"current": ADA[2], "new": "a new password of mine"}
    assert ada.post("/dashboard/settings/password", form).status_code == 303
    assert app.browser().post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 401
    assert is_in(signed_in(app, (ADA[0], ADA[1], "a new password of mine")))


def test_6_2_3_changing_needs_the_current_one(app: LabApp, ada: Browser) -> None:
    """With a wrong one, the password stays what it was."""
    form = {"current": "a guess of mine", "new": "a new password of mine"}
    assert ada.post("/dashboard/settings/password", form).status_code == 422
    assert is_in(signed_in(app))


def test_6_2_4_well_known_passwords_are_refused() -> None:
    """3000 of those that are guessed first, at sign-up and when changing."""
    from authlab import blocklist

    known = Path(blocklist.__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    words = [line for line in known if line and not line.startswith("#")]
    assert len(set(words)) >= 3000
    assert all(len(word) >= 8 and is_common(word) for word in words)
    assert isinstance(validate_modern_signup({**EVE, "password": words[0]}), FormState)


@pytest.mark.parametrize("password", ["correct horse battery", "пароль и ещё один", "99887766554433"])
def test_6_2_5_no_kind_of_character_is_demanded(app: LabApp, password: str) -> None:
    """Letters alone, words in any script, digits alone: length is what counts."""
    assert app.browser().post("/signup", {**EVE, "password": password}).status_code == 303


def test_6_2_6_password_fields_hide_what_is_typed(app: LabApp, ada: Browser) -> None:
    """type="password" on each of them."""
    for page in (app.browser().get("/signup"), app.browser().get("/login"), ada.get("/dashboard/settings")):
        for field in re.findall(r'<input id="(?:password|current|new)"[^>]*>', page.text):
            assert 'type="password"' in field
        assert 'type="password"' in page.text


def test_6_2_7_password_managers_are_welcome(app: LabApp, ada: Browser) -> None:
    """The fields say which password they mean, and no script stops pasting."""
    assert 'autocomplete="new-password"' in app.browser().get("/signup").text
    assert 'autocomplete="current-password"' in app.browser().get("/login").text
    assert 'autocomplete="new-password"' in ada.get("/dashboard/settings").text
    static = Path(forms.__file__).with_name("static")
    assert not [script.name for script in static.glob("*.js") if "paste" in script.read_text("utf-8")]


@pytest.mark.parametrize("typed", [" let me in again ", "LET me in again!", "zoe\u0301 let me in again"])
def test_6_2_8_passwords_are_taken_as_they_are_typed(app: LabApp, typed: str) -> None:
    """Not trimmed, cut or normalised: the same text opens the account, and one that looks alike does not."""
    app.browser().post("/signup", {**EVE, "password": typed})
    assert is_in(signed_in(app, ("Eve", EVE["email"], typed)))
    for other in (typed.strip(), typed.lower(), typed.replace("e\u0301", "é"), typed[:-1]):
        if other != typed:
            answer = app.browser().post("/login", {"email": EVE["email"], "password": other})
            assert answer.status_code == 401


def test_6_2_9_long_passwords_are_welcome(app: LabApp) -> None:
    """64 characters of any script and many more, and each of them counts."""
    long = "😀 länger " * 40
    app.browser().post("/signup", {**EVE, "password": long})
    assert is_in(signed_in(app, ("Eve", EVE["email"], long)))
    other = app.browser().post("/login", {"email": EVE["email"], "password": long + "x"})
    assert other.status_code == 401


def test_6_2_10_passwords_do_not_run_out(app: LabApp) -> None:
    """Three years later the same password opens the account."""
    app.clock.advance(days=3 * 365)
    assert is_in(signed_in(app))


def test_6_3_1_guessing_is_slowed_down(app: LabApp) -> None:
    """The eleventh guess at an account is a 429, from whichever address; after a while one may try again."""
    for number in range(10):
        guess = app.browser(address=f"198.51.100.{number}")
        assert guess.post("/login", {"email": ADA[1], "password": "guess"}).status_code == 401
    last = app.browser(address="198.51.100.99").post("/login", {"email": ADA[1], "password": "guess"})
    assert (last.status_code, last.headers["Retry-After"]) == (429, "900")
    app.clock.advance(minutes=15)
    assert is_in(signed_in(app))


def test_6_3_2_there_is_no_account_to_begin_with(tmp_path: Path) -> None:
    """A new database holds nobody, and no password opens it."""
    new = App(Settings({"k": b"k" * 32}, b"p" * 32, tmp_path / "new.sqlite"))
    db = new.database.connect()
    assert db.execute("SELECT count(*) FROM users").fetchone() == (0,)
    db.close()


def test_6_3_8_login_tells_nothing_of_who_has_an_account(app: LabApp) -> None:
    """The same status, headers, page and work for a member and for a stranger, and the same limit."""
    seen = []
    for email in ("ada@lab.test", "eve@lab.test"):
        app.hash_costs.clear()
        answers = [app.browser().post("/login", {"email": email, "password": str(n)}) for n in range(11)]
        pages = [answer.text.replace(email, "") for answer in answers]
        seen.append(([(a.status_code, dict(a.headers)) for a in answers], pages, list(app.hash_costs)))
    assert seen[0] == seen[1]


# V7 Sessions


def test_7_1_1_how_long_a_session_lasts_is_documented() -> None:
    """docs/rules.md gives the times that the settings have."""
    settings = Settings({"k": b"k" * 32}, b"p" * 32, Path("x"))
    assert "| unused | over after 1 day | over after 7 days |" in RULES
    assert (settings.session_idle_seconds, settings.session_lifetime_seconds) == (DAY, 7 * DAY)
    assert "replaced by a new token after 1 day, until 30 days after the login" in RULES
    assert (settings.session_refresh_seconds, settings.session_cap_seconds) == (DAY, 30 * DAY)
    assert f"good for {GRACE_SECONDS} seconds more" in RULES


def test_7_1_2_how_many_sessions_one_may_have_is_documented(app: LabApp) -> None:
    """Any number, and their owner sees each of them where the server knows."""
    assert "One account may be signed in in any number of browsers at once." in RULES
    browsers = [signed_in(app) for _ in range(5)]
    assert all(is_in(browser) for browser in browsers)


def test_7_2_1_the_server_verifies_each_session(app: LabApp, ada: Browser) -> None:
    """On the server, at each request: a token that was ended or made up opens nothing."""
    mallory = app.browser()
    mallory.set_cookie(SESSION, ada.cookies[SESSION].value[:-2] + "xx")
    assert not is_in(mallory)
    assert is_in(ada)


def test_7_2_2_tokens_are_made_anew_and_none_is_fixed(app: LabApp) -> None:
    """Each login has its own: nothing static, nothing that came with the request."""
    tokens = {signed_in(app).cookies[SESSION].value for _ in range(5)}
    assert len(tokens) == 5


def test_7_2_3_tokens_hold_128_bits_of_chance_or_more(app: LabApp, ada: Browser) -> None:
    """The ids in it are 16 bytes each from the operating system's source, and all of it is signed."""
    claims = _claims(ada)
    assert re.fullmatch("[0-9a-f]{32}", claims["sid"])
    assert re.fullmatch("[0-9a-f]{32}", claims["jti"])
    settings = load_settings({"SESSION_SECRET": KEY, "PASSWORD_PEPPER": KEY}, Path("x"))
    assert settings.random_bytes.__module__ in ("posix", "nt", "os")


def test_7_2_4_a_login_begins_a_new_session_and_ends_the_one_before(app: LabApp, ada: Browser) -> None:
    """Whoever planted or copied the old token holds nothing."""
    thief = copy_of(ada, app)
    before = ada.cookies[SESSION].value
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert ada.cookies[SESSION].value != before
    assert not is_in(thief)


def test_7_3_1_an_unused_session_ends(app: LabApp, ada: Browser) -> None:
    """After a day in the database, after seven where there is no memory; the server ends it."""
    idle = DAY if app.settings.sessions == "database" else 7 * DAY
    app.clock.advance(seconds=idle - 1)
    thief = copy_of(ada, app)
    assert is_in(thief)
    fresh = signed_in(app)
    token = fresh.cookies[SESSION].value
    app.clock.advance(seconds=idle)
    fresh.set_cookie(SESSION, token)
    assert not is_in(fresh)


def test_7_3_2_every_session_ends_after_30_days(app: LabApp, ada: Browser) -> None:
    """However busy it is."""
    for _ in range(59):
        app.clock.advance(hours=12)
        assert is_in(ada)
    app.clock.advance(hours=12)
    assert not is_in(ada)


def test_7_4_1_logging_out_ends_the_session_for_good(app: LabApp, ada: Browser) -> None:
    """A copy of the token that was made before is refused after."""
    thief = copy_of(ada, app)
    assert is_in(thief)
    ada.post("/logout")
    assert not is_in(thief)


def test_7_4_2_disabling_or_deleting_an_account_ends_its_sessions(
    app: LabApp, ada: Browser, grace: Browser
) -> None:
    """At its next request, and it cannot log in again."""
    assert grace.post("/admin/users/1/disable").status_code == 303
    assert not is_in(ada)
    assert app.browser().post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 401
    grace.post("/admin/users/1/enable")
    again = signed_in(app)
    grace.post("/admin/users/1/delete")
    assert not is_in(again)


def test_7_4_3_a_new_password_ends_all_other_sessions(app: LabApp, ada: Browser) -> None:
    """And this one's old token with them: whoever had copied it is out."""
    phone, thief = signed_in(app), copy_of(ada, app)
    ada.post("/dashboard/settings/password", {"current": ADA[2], "new": "a new password of mine"})
    assert [is_in(browser) for browser in (ada, phone, thief)] == [True, False, False]


def test_7_4_4_every_page_has_a_way_out(ada: Browser) -> None:
    """A visible button to log out on each page for members."""
    for path in ("/", "/profile", "/dashboard", "/dashboard/settings", "/devices", "/members"):
        assert ">Log out</button>" in ada.get(path).text


def test_7_4_5_an_admin_ends_anothers_sessions(app: LabApp, ada: Browser, grace: Browser) -> None:
    """All of a member's at once."""
    phone = signed_in(app)
    assert grace.post("/admin/users/1/end-sessions").status_code == 303
    assert [is_in(browser) for browser in (ada, phone, grace)] == [False, False, True]


def test_7_5_1_a_password_is_asked_for_before_it_is_changed(app: LabApp, ada: Browser) -> None:
    """An open browser is not its owner; guesses at it are counted as those at the login are."""
    form = {"current": "guess", "new": "a new password of mine"}
    statuses = [ada.post("/dashboard/settings/password", form).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_7_5_2_members_see_and_end_their_sessions(app: LabApp, ada: Browser) -> None:
    """On /devices; with sessions that the server does not know, all others at once."""
    phone = signed_in(app)
    if app.settings.sessions == "database":
        assert ada.get("/devices").text.count('action="/devices/end"') == 1
    assert ada.post("/devices/end-others").status_code == 303
    assert [is_in(browser) for browser in (ada, phone)] == [True, False]


# V8 Authorization


def test_8_1_1_who_may_do_what_is_documented(app: LabApp, ada: Browser, grace: Browser) -> None:
    """docs/rules.md has the table, and the app keeps to it."""
    assert "| all accounts; their roles, teams, sessions; disable, enable, delete | no | no: 403 |" in RULES
    assert (ada.get("/admin").status_code, grace.get("/admin").status_code) == (403, 200)
    assert "| no: 401 | no: 404, as if it were not there | yes |" in RULES
    answers = [browser.get("/api/users/3").status_code for browser in (app.browser(), ada, grace)]
    assert answers == [401, 404, 200]


def test_8_1_2_who_may_see_which_field_is_documented(app: LabApp, grace: Browser) -> None:
    """docs/rules.md has the table by field, and the app keeps to it."""
    assert "| phone | reads, writes | reads | no | reads, writes |" in RULES
    mallory = app.browser()
    mallory.post("/signup", EVE)
    assert "+44 1908 640404" not in mallory.get("/members/member-3").text
    assert "+44 1908 640404" in grace.get("/members/member-3").text


def test_8_2_1_functions_are_for_those_who_may(app: LabApp, ada: Browser) -> None:
    """Each of the admin's actions is refused to a member, and changes nothing."""
    before = app.users()
    for endpoint, (method, path, _) in ROUTES.items():
        if path.startswith("/admin/users/"):
            form = {"role": "admin", "team": "x"}
            answer = ada.request(method, path.replace("<int:user_id>", "3"), data={**_csrf(ada), **form})
            assert answer.status_code == 403, endpoint
    assert app.users() == before


def test_8_2_2_data_is_for_those_who_may(app: LabApp, ada: Browser) -> None:
    """Another's account cannot be read or written by its number, and is refused as if it were not there."""
    assert ada.get("/api/users/3").status_code == ada.get("/api/users/999").status_code == 404
    assert ada.post("/members/member-3/phone", {"phone": "1"}).status_code == 404
    assert app.users()[2].phone == "+44 1908 640404"


def test_8_2_3_fields_are_for_those_who_may(ada: Browser) -> None:
    """Of their own account members read exactly these fields, and of another's team two that say nothing."""
    keys = ["id", "name", "email", "role", "username", "team", "phone"]
    assert list(ada.get("/api/me").json()) == keys
    page = ada.get("/members/member-3").text
    assert "Alan" not in page
    assert "member-3" in page


def test_8_3_1_the_server_decides(ada: Browser, app: LabApp) -> None:
    """A page that shows no button protects nothing: the request without the page is refused, too."""
    assert "/admin/users/3/delete" not in ada.get("/members/member-3").text
    assert ada.post("/admin/users/3/delete").status_code == 403
    assert len(app.users()) == 3


def test_8_3_2_a_change_of_rights_holds_at_once(app: LabApp, ada: Browser, grace: Browser) -> None:
    """A new admin may, a former one may not, at the next request and with the old token."""
    assert ada.get("/admin").status_code == 403
    grace.post("/admin/users/1/role", {"role": "admin"})
    assert ada.get("/admin").status_code == 200
    ada.post("/admin/users/2/role", {"role": "user"})
    assert grace.get("/admin").status_code == 403


# V9 Tokens


def test_9_1_1_tokens_are_signed_and_verified(app: LabApp, ada: Browser) -> None:
    """A changed letter in its middle, and it is refused."""
    header, payload, signature = ada.cookies[SESSION].value.split(".")
    mallory = app.browser()
    mallory.set_cookie(SESSION, f"{header}.{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}")
    assert not is_in(mallory)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256"])
def test_9_1_2_the_server_chooses_the_algorithm(app: LabApp, ada: Browser, algorithm: str) -> None:
    """HS256 and no other, whatever the header says."""
    _, payload, signature = ada.cookies[SESSION].value.split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "lab"}).encode()).decode()
    for ending in ("", signature):
        mallory = app.browser()
        mallory.set_cookie(SESSION, f"{header.rstrip('=')}.{payload}.{ending}")
        assert not is_in(mallory)


def test_9_1_3_keys_come_from_the_server_alone(app: LabApp, ada: Browser) -> None:
    """A `kid` is looked up among our own; what else a header says of keys is not read."""
    session = verify_with_ring(ada.cookies[SESSION].value, app.settings.session_keys, app.clock.now)
    assert session is not None
    for kid in ("other", "../static/favicon.svg", None):
        mallory = app.browser()
        mallory.set_cookie(SESSION, sign_session(session, b"mallory's own key, 32 bytes long", kid))
        assert not is_in(mallory)


def test_9_2_1_tokens_run_out(app: LabApp, ada: Browser) -> None:
    """`exp` is compared with the server's clock, to the second, and a token without it is none."""
    token, key = ada.cookies[SESSION].value, app.settings.signing_key
    assert verify_session_token(token, key, app.clock.now + 7 * DAY - 1) is not None
    assert verify_session_token(token, key, app.clock.now + 7 * DAY) is None
    assert verify_session_token(token, key, app.clock.now - 1) is None


@pytest.mark.parametrize("purpose", ["authlab.reset", "authlab", ""])
def test_9_2_2_a_token_serves_its_purpose_only(app: LabApp, ada: Browser, purpose: str) -> None:
    """One that was signed with our key for something else is no session."""
    import jwt

    claims = {**_claims(ada), "aud": purpose}
    token = jwt.encode(claims, app.settings.signing_key, "HS256", headers={"kid": "lab"})
    mallory = app.browser()
    mallory.set_cookie(SESSION, token)
    assert not is_in(mallory)


def test_9_2_3_a_token_is_for_this_app_only(app: LabApp, ada: Browser) -> None:
    """Audience and issuer are ours, and both are demanded."""
    import jwt

    for changed in ({"iss": "another"}, {"aud": ["authlab.session.other"]}):
        token = jwt.encode({**_claims(ada), **changed}, app.settings.signing_key, headers={"kid": "lab"})
        assert verify_with_ring(token, app.settings.session_keys, app.clock.now) is None


# V14 Data protection


def test_14_2_1_no_secret_is_in_an_address(app: LabApp, ada: Browser) -> None:
    """Tokens and passwords go in bodies and cookies; no form with a password is sent by GET."""
    for page in (app.browser().get("/signup"), app.browser().get("/login"), ada.get("/dashboard/settings")):
        for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            assert 'type="password"' not in form or 'method="post"' in form
    assert not [line for line in ada.history if "token" in line or ADA[2] in line]
    assert app.browser().get(f"/login?email={ADA[1]}&password={ADA[2]}").status_code == 200


def test_14_2_2_nothing_is_kept_in_shared_caches(app: LabApp) -> None:
    """no-store on every answer but our own public files."""
    for answer in every_kind_of_answer(app):
        public = answer.request.path_url.startswith("/static/")
        assert answer.headers["Cache-Control"] == ("no-cache" if public else "no-store")
        assert "Cookie" in answer.headers["Vary"]


def test_14_2_6_only_what_is_needed_leaves(ada: Browser) -> None:
    """The data for scripts is three fields; a hash, a secret or a time of others is nowhere."""
    assert ada.get("/api/session").json() == {"user": {"id": 1, "name": "Ada Lovelace", "role": "user"}}
    for path in ("/api/me", "/members", "/devices", "/profile"):
        assert "$2b$" not in ada.get(path).text


def test_14_3_1_logging_out_clears_the_browser(ada: Browser) -> None:
    """Clear-Site-Data for what pages have stored, and the session's cookie is taken back."""
    answer = ada.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert SESSION not in ada.cookies


def test_14_3_2_browsers_keep_no_page(app: LabApp, ada: Browser) -> None:
    """no-store, so that the Back button shows nobody's page after a logout."""
    for path in ("/profile", "/devices", "/dashboard", "/api/me", "/fragments/devices", "/handbook"):
        assert ada.get(path).headers["Cache-Control"] == "no-store"


def test_14_3_3_no_personal_data_in_the_browser(app: LabApp, ada: Browser) -> None:
    """The cookie says ids and times; no script stores anything."""
    assert set(_claims(ada)) == {"iss", "aud", "sub", "sid", "jti", "auth_time", "iat", "exp", "gen"}
    for text in ("ada", "Ada", "user"):
        assert text not in json.dumps({k: v for k, v in _claims(ada).items() if k not in ("iss", "aud")})
    static = Path(forms.__file__).with_name("static")
    for script in static.glob("*.js"):
        assert not re.search(
            "localStorage|sessionStorage|indexedDB|document.cookie", script.read_text("utf-8")
        )


def _claims(browser: Browser) -> dict[str, str]:
    payload = browser.cookies[SESSION].value.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


def _csrf(browser: Browser) -> dict[str, str]:
    return {"csrf": browser.form_token()}
