"""Cases that mature projects test and newcomers forget.

From the suites of Django, Flask-Login, Werkzeug, better-auth, itsdangerous and Lucia: each was somebody's bug
report once. What has its home in another file of tests already is not repeated here.
"""

import sqlite3
from collections.abc import Iterator

import pytest

from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.limits import UNKNOWN_ADDRESS, RateLimiter, client_ip
from authlab.settings import Limit
from authlab.tokens import sign_session, verify_with_ring
from tests.app.visitors import signed_in

SESSION = "__Host-session"
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}


def copy_of(browser: Browser, app: LabApp) -> Browser:
    copy = app.browser()
    copy.set_cookie(SESSION, browser.cookies[SESSION].value)
    return copy


def rows(app: LabApp, sql: str) -> list[tuple[object, ...]]:
    """What the database file holds: the operator's view."""
    db = sqlite3.connect(app.settings.database)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


# Django: auth_tests, sessions_tests


def test_another_user_in_the_same_browser_ends_the_first_ones_session(app: LabApp) -> None:
    """Grace logs in where Ada was: nothing of Ada's session goes over, and a copy of it is over."""
    browser = signed_in(app)
    ada = copy_of(browser, app)
    browser.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    assert "Grace Hopper" in browser.get("/profile").text
    assert ada.get("/profile").status_code == 303


def test_a_login_changes_the_forms_token(app: LabApp) -> None:
    """A token that was seen before the login is worth nothing after it."""
    browser = signed_in(app)
    before = browser.form_token()
    browser.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert browser.form_token() != before
    assert browser.post("/devices/end-others", {"csrf": before}).status_code == 403


def test_a_redirect_to_the_login_does_not_lead_to_itself(app: LabApp) -> None:
    """A session that the middleware believes and the data layer does not: two steps, and no circle."""
    ada = signed_in(app)
    signed_in(app, GRACE).post("/admin/users/1/delete")
    first = ada.get("/dashboard")
    assert first.headers["Location"] == "/login?next=%2Fdashboard"
    assert ada.follow(first).status_code == 200


def test_a_logout_is_kept_by_no_cache(app: LabApp) -> None:
    """A proxy that answers the next logout by itself would leave that session alive."""
    answer = signed_in(app).post("/logout")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "target", ["/handbook/first-week.html", "/%68andbook", "/./handbook", "/handbook?x=.png"]
)
def test_protection_goes_by_what_answers_and_not_by_how_it_is_spelled(app: LabApp, target: str) -> None:
    """Whichever page would answer, it is closed to a guest; what no page answers is a 404."""
    answer = app.browser().raw(target)
    assert answer.status_code in (303, 308, 404)
    assert "handbook/floor-plan" not in answer.text


def test_a_second_account_after_normal_form_is_refused(app: LabApp) -> None:
    """The ligature ﬁ and the letters fi read alike, and are one address."""
    assert app.browser().post("/signup", {**EVE, "email": "fi@lab.test"}).status_code == 303
    assert app.browser().post("/signup", {**EVE, "email": "\ufb01@lab.test"}).status_code == 409


def test_reading_a_session_that_is_not_there_makes_none(app: LabApp) -> None:
    """A table that grows with every made-up id would be a way to fill the disk."""
    stranger = app.browser()
    stranger.set_cookie(SESSION, "a.b.c")
    stranger.get("/profile")
    stranger.get("/")
    assert rows(app, "SELECT * FROM sessions") == rows(app, "SELECT * FROM ended_sessions") == []


def test_a_page_that_fails_saves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session was due for a new token and a new "last seen": after a 500 it has neither."""
    from authlab import pages

    app = LabApp(sessions="database")
    ada = signed_in(app)
    app.clock.advance(hours=23)
    before = rows(app, "SELECT last_seen_at, secret_hash FROM sessions")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("this page is broken")

    with monkeypatch.context() as patched:
        patched.setattr(pages, "render", broken)
        answer = ada.get("/profile")
    assert answer.status_code == 500
    assert "Set-Cookie" not in answer.headers
    assert rows(app, "SELECT last_seen_at, secret_hash FROM sessions") == before
    assert ada.get("/profile").status_code == 200
    assert rows(app, "SELECT last_seen_at, secret_hash FROM sessions") != before
    app.close()


# Flask-Login


def test_a_browser_that_is_known_is_not_signed_in(app: LabApp) -> None:
    """What is remembered after a logout is a device, and it opens no door."""
    ada = signed_in(app)
    ada.post("/logout")
    assert list(ada.cookies) == ["__Host-device"]
    assert ada.get("/profile").status_code == 303
    assert ada.get("/api/me").status_code == 401


@pytest.mark.parametrize("path", ["/login", "/profile", "/admin", "/api/me"])
def test_asking_which_methods_there_are_changes_nothing(app: LabApp, path: str) -> None:
    """OPTIONS is answered without a page, a session or a query."""
    ada = signed_in(app)
    app.statements.clear()
    answer = ada.request("OPTIONS", path)
    assert answer.status_code in (200, 405)
    assert answer.text == "" or "Ada" not in answer.text
    assert app.statements == []


# Werkzeug: ProxyFix


@pytest.mark.parametrize(
    ("hops", "remote", "forwarded", "address"),
    [
        pytest.param(
            0, "198.51.100.7", "192.0.2.66", "198.51.100.7", id="no proxy: the header is the visitor's"
        ),
        pytest.param(1, "10.0.0.1", "198.51.100.7", "198.51.100.7", id="one proxy: its entry"),
        pytest.param(
            1, "10.0.0.1", "192.0.2.66, 198.51.100.7", "198.51.100.7", id="the visitor's come before it"
        ),
        pytest.param(2, "10.0.0.1", "192.0.2.66, 198.51.100.7, 10.0.0.2", "198.51.100.7", id="two proxies"),
        pytest.param(2, "10.0.0.1", "198.51.100.7", UNKNOWN_ADDRESS, id="fewer entries than proxies"),
        pytest.param(1, "10.0.0.1", "", UNKNOWN_ADDRESS, id="no header behind a proxy"),
        pytest.param(1, "10.0.0.1", "unknown", UNKNOWN_ADDRESS, id="a word"),
        pytest.param(0, "", "", UNKNOWN_ADDRESS, id="no address at all"),
        pytest.param(0, "::ffff:198.51.100.7", "", "198.51.100.7", id="the same visitor over IPv6"),
        pytest.param(0, "2001:db8:1:2:aaaa::1", "", "2001:db8:1:2::/64", id="a network counts as one"),
        pytest.param(0, "2001:db8:1:2:bbbb::9", "", "2001:db8:1:2::/64", id="whichever of its addresses"),
    ],
)
def test_an_address_is_what_our_own_proxies_saw(hops: int, remote: str, forwarded: str, address: str) -> None:
    """Believing one entry too many lets everybody write their own."""
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_ip(environ, hops) == address


# better-auth


def test_a_path_that_only_begins_alike_is_another_path(app: LabApp) -> None:
    """`/handbook-preview` is for everybody, and says nothing about `/handbook`."""
    guest = app.browser()
    assert guest.get("/handbook-preview").status_code == 200
    assert guest.get("/handbook").status_code == 303


@pytest.mark.parametrize("query", ["next=/devices&next=//evil.test", "next=", "next", "next[]=x", "next=%FF"])
def test_an_odd_wish_where_to_go_is_no_crash(app: LabApp, query: str) -> None:
    """Twice, empty, an array, no text: one page of this site, or 400."""
    assert app.browser().get(f"/login?{query}").status_code in (200, 400)
    answer = app.browser().post(f"/login?{query}", {"email": ADA[1], "password": ADA[2]})
    assert answer.status_code in (303, 400)
    assert answer.headers.get("Location", "/profile") == "/profile"


def test_real_and_hidden_fields_have_the_same_keys_in_the_same_order(app: LabApp) -> None:
    """Whether a phone number is hidden or was never given cannot be told from the page."""
    eve = app.browser()
    eve.post("/signup", EVE)
    hidden = eve.get("/members/member-3").text.replace("member-3", "member-x")
    none = eve.get("/members/member-1").text.replace("member-1", "member-x")
    assert hidden == none


class TestLimiter:
    """The exact edge of a window: one too early is a hole, one too late locks people out."""

    @pytest.fixture
    def limiter(self, app: LabApp) -> Iterator[RateLimiter]:
        db = app._app.database.connect()
        yield RateLimiter(db, Limit(attempts=3, window_seconds=60))
        db.close()

    def test_the_last_attempt_within_the_limit_is_let_through(self, limiter: RateLimiter) -> None:
        assert [limiter.hit("k", 100) for _ in range(4)] == [0, 0, 0, 60]

    def test_the_window_is_over_when_its_seconds_have_passed(self, limiter: RateLimiter) -> None:
        for _ in range(4):
            limiter.hit("k", 100)
        assert limiter.hit("k", 159) == 1
        assert limiter.hit("k", 160) == 0

    def test_trying_on_does_not_move_its_end(self, limiter: RateLimiter) -> None:
        assert [limiter.hit("k", now) for now in range(100, 110)] == [0, 0, 0, 57, 56, 55, 54, 53, 52, 51]

    def test_keys_do_not_share_a_count(self, limiter: RateLimiter) -> None:
        assert [limiter.hit(key, 100) for key in ("a", "b", "a", "b", "a", "b")] == [0] * 6

    def test_who_is_forgiven_begins_at_zero(self, limiter: RateLimiter) -> None:
        for _ in range(4):
            limiter.hit("k", 100)
        limiter.forget("k")
        assert limiter.hit("k", 101) == 0

    def test_windows_that_are_over_are_not_kept(self, app: LabApp, limiter: RateLimiter) -> None:
        for number in range(20):
            limiter.hit(f"address {number}", 100)
        limiter.hit("somebody later", 160)
        assert rows(app, "SELECT key FROM attempts") == [("somebody later",)]


def test_who_sends_no_address_shares_one_limit(app: LabApp) -> None:
    """It fails closed: without an address there is no way around the count."""
    nowhere = app.browser(address="")
    asked = [nowhere.get(f"/signup/available?email=a{n}@lab.test").status_code for n in range(61)]
    assert asked[-1] == 429


# itsdangerous


def test_a_token_from_the_future_is_refused(app: LabApp) -> None:
    """Signed by us on a machine whose clock was wrong: it holds when its time has come, and not before."""
    ada = signed_in(app)
    app.clock.advance(seconds=-1)
    assert ada.get("/profile").status_code == 303


def test_keys_are_changed_without_logging_anybody_out(app: LabApp) -> None:
    """The new key signs, the old one's tokens hold until it is taken away."""
    token = signed_in(app).cookies[SESSION].value
    ring = {"new": b"a new key, of thirty-two bytes!!", **app.settings.session_keys}
    session = verify_with_ring(token, ring, app.clock.now)
    assert session is not None
    again = sign_session(session, ring["new"], "new")
    assert verify_with_ring(again, ring, app.clock.now) == session
    assert verify_with_ring(token, {"new": ring["new"]}, app.clock.now) is None


# Lucia


def test_the_table_of_sessions_opens_nothing_even_with_our_key() -> None:
    """A thief has the whole backup, the signing key too: the secret itself is in the browser alone."""
    from dataclasses import replace

    app = LabApp(sessions="database")
    ada = signed_in(app)
    session = verify_with_ring(ada.cookies[SESSION].value, app.settings.session_keys, app.clock.now)
    assert session is not None
    ((session_id, stored),) = rows(app, "SELECT session_id, secret_hash FROM sessions")
    assert session_id == session.session_id
    forged = replace(session, token_id=str(stored))
    thief = app.browser()
    thief.set_cookie(SESSION, sign_session(forged, app.settings.signing_key, app.settings.signing_key_id))
    assert thief.get("/profile").status_code == 303
    app.close()
