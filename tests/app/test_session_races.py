"""Sessions, when two things happen at once: what was ended stays ended, whoever was on the way meanwhile.

No test waits for a lucky moment: a hook lets the second visitor in just before a statement of the first one.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal

import pytest

from authlab.app import App
from authlab.db import Connection, FoundSession, UserRow
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.passwords import hash_password
from authlab.server_only import ServerOnly
from authlab.sessions.cache import SessionCache
from authlab.sessions.reading import read
from authlab.sessions.strategy import strategy
from authlab.tokens import Session

COOKIE = "__Host-session"
NEW_PASSWORD = "difference-engine-1822"
WRITES = ("INSERT", "UPDATE", "DELETE")

Between = Callable[..., None]


@pytest.fixture(params=["stateless", "database"])
def app(request: pytest.FixtureRequest) -> Iterator[LabApp]:
    with closing(LabApp(sessions=request.param, cached=True)) as app:
        yield app


@pytest.fixture
def database() -> Iterator[LabApp]:
    """An app with database sessions and their cache: what the cache forgets too early comes back."""
    with closing(LabApp(sessions="database", cached=True)) as app:
        yield app


@pytest.fixture
def just_before(monkeypatch: pytest.MonkeyPatch) -> Between:
    """`just_before(("COMMIT",), meanwhile)` calls `meanwhile`, once, before the next such statement runs."""
    execute = Connection.execute

    def arrange(statements: tuple[str, ...], meanwhile: Callable[[], object]) -> None:
        waiting = [meanwhile]

        def hooked(self: Connection, sql: str, parameters: Any = (), /) -> Any:
            if waiting and sql.startswith(statements):
                waiting.pop()()
            return execute(self, sql, parameters)

        monkeypatch.setattr(Connection, "execute", hooked)

    return arrange


def signed_in(app: LabApp, who: tuple[str, str, str] = ADA) -> Browser:
    browser = app.browser()
    browser.post("/login", {"email": who[1], "password": who[2]})
    browser.get("/")
    return browser


def copy_of(browser: Browser, app: LabApp) -> Browser:
    """Another browser that holds the same cookie: a thief's."""
    copy = app.browser()
    copy.set_cookie(COOKIE, browser.cookies[COOKIE].value)
    copy.get("/")
    return copy


def change_password(browser: Browser) -> int:
    form = {"current": ADA[2], "new": NEW_PASSWORD}
    return browser.post("/dashboard/settings/password", form).status_code


def a_day_later(app: LabApp, *browsers: Browser) -> None:
    """A day and an hour pass, with a page at noon: the token is due, and the session not idle."""
    app.clock.advance(hours=13)
    for browser in browsers:
        browser.get("/profile")
    app.clock.advance(hours=12)


def profile(browser: Browser) -> int:
    return browser.get("/profile").status_code


# What was forgotten must not be remembered again before it holds


def test_a_page_while_the_password_changes_keeps_no_ended_session(
    database: LabApp, just_before: Between
) -> None:
    """The cache is told once the change holds: told before that, it asks, and is answered from before."""
    laptop, phone = signed_in(database), signed_in(database)
    just_before(("COMMIT",), lambda: profile(phone))
    assert change_password(laptop) == 303
    assert profile(phone) == 303


def test_a_page_while_somebody_logs_in_again_keeps_no_ended_session(
    database: LabApp, just_before: Between
) -> None:
    """The session that the browser had before the login is over, for whoever holds a copy, too."""
    ada = signed_in(database)
    thief = copy_of(ada, database)
    just_before(("COMMIT",), lambda: profile(thief))
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert profile(thief) == 303


def test_a_page_while_the_others_are_logged_out_keeps_no_replaced_token(
    database: LabApp, just_before: Between
) -> None:
    ada = signed_in(database)
    thief = copy_of(ada, database)
    just_before(("UPDATE sessions SET secret_hash",), lambda: profile(thief))
    ada.post("/devices/end-others")
    assert profile(thief) == 303


def test_a_session_that_a_replaced_token_has_ended_is_in_no_cache(database: LabApp) -> None:
    """Ada's old token shows that somebody has a copy: then the thief's is over in the same moment."""
    ada = signed_in(database)
    thief = copy_of(ada, database)
    a_day_later(database, thief)
    assert profile(thief) == 200  # and has got the new token
    database.clock.advance(seconds=61)
    assert profile(thief) == 200
    assert profile(ada) == 303
    assert profile(thief) == 303


@pytest.mark.parametrize("action", ["end-sessions", "disable", "delete"])
def test_a_session_that_an_admin_has_ended_is_in_no_cache(database: LabApp, action: str) -> None:
    """Its page of a moment ago is no reason for one more."""
    ada, grace = signed_in(database), signed_in(database, GRACE)
    assert profile(ada) == 200
    assert grace.post(f"/admin/users/1/{action}").status_code == 303
    assert profile(ada) == 303


def test_a_session_that_was_ended_from_another_browser_is_in_no_cache(database: LabApp) -> None:
    """A lost phone, say: from that moment on, and not when it is forgotten by itself."""
    laptop, phone = signed_in(database), signed_in(database)
    assert profile(phone) == 200
    number = database.stolen_sessions()[1]["id"]
    assert laptop.post("/devices/end", {"id": number}).status_code == 303
    assert (profile(phone), profile(laptop)) == (303, 200)


@pytest.mark.parametrize(
    ("idle_days", "over_after_days"), [(1, 1), (8, 7)], ids=["unused for too long", "at its end"]
)
def test_what_the_cache_remembers_of_a_session_ends_with_the_session(
    database: LabApp, idle_days: int, over_after_days: int
) -> None:
    """To the second: a minute of memory makes no session a minute longer."""
    settings = replace(database.settings, session_idle_seconds=idle_days * 24 * 3600)
    sessions = strategy(settings)
    with closing(database.connect()) as db:
        session = read(sessions.create(db, 1, "a browser"), settings)
        assert session is not None
        database.clock.advance(days=over_after_days, seconds=-1)
        assert sessions.verify(db, session) is not None
        database.clock.advance(seconds=1)
        assert sessions.verify(db, session) is None


def test_the_cache_does_not_lengthen_the_grace_of_a_replaced_token(database: LabApp) -> None:
    """A minute for requests that are on their way, and not a minute more for having been asked in it."""
    ada = signed_in(database)
    other_tab = copy_of(ada, database)
    a_day_later(database, other_tab)
    assert profile(ada) == 200  # and has got the new token
    database.clock.advance(seconds=59)
    assert profile(other_tab) == 200
    database.clock.advance(seconds=1)
    assert profile(other_tab) == 303


USER = UserRow(1, "member-1", "Ada", "ada@lab.test", ServerOnly(""), "user")
FOUND = FoundSession(USER, ServerOnly(""), ServerOnly(None), None, 0, 10_000)


@pytest.mark.parametrize("seconds", [1, 60])
def test_the_cache_remembers_for_as_long_as_it_was_told(seconds: int) -> None:
    """The very token that was proven, and no other of its session."""
    cache, session = SessionCache(seconds), Session(1, "session", "token", 0, 0, 10_000)
    cache.put(session, FOUND, 1000, cache.revision())
    assert cache.get(session, 1000 + seconds - 1) == FOUND
    assert cache.get(session, 1000 + seconds) is None
    assert cache.get(replace(session, token_id="another"), 1000) is None


def test_without_seconds_nothing_is_remembered() -> None:
    """It is off unless an operator turns it on."""
    cache, session = SessionCache(0), Session(1, "session", "token", 0, 0, 10_000)
    cache.put(session, FOUND, 1000, cache.revision())
    assert cache.get(session, 1000) is None
    assert len(cache) == 0


def test_the_cache_forgets_what_is_too_old_to_be_asked_for() -> None:
    """Or it would hold a row for everybody who ever logged in."""
    cache = SessionCache(60)
    for now in range(0, 6000, 10):
        cache.put(Session(1, f"session {now}", "token", 0, 0, 10_000), FOUND, now, cache.revision())
    assert len(cache) <= 12


# Whose session was ended ends no other, and gets no new token


@pytest.mark.parametrize("holds", ["a copy of this session", "another session"])
def test_a_thief_who_logs_the_others_out_at_that_moment_is_out(
    app: LabApp, just_before: Between, holds: Literal["a copy of this session", "another session"]
) -> None:
    """His request was proven before Ada changed her password, and writes after it."""
    ada = signed_in(app)
    thief = copy_of(ada, app) if holds == "a copy of this session" else signed_in(app)
    just_before(WRITES, lambda: change_password(ada))
    answer = thief.post("/devices/end-others")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert (profile(thief), profile(ada)) == (303, 200)


def test_a_thief_who_changes_the_password_at_that_moment_does_not(app: LabApp, just_before: Between) -> None:
    """He knows the old password, and was proven to; Ada's change was first."""
    ada, thief = signed_in(app), signed_in(app)
    just_before(("BEGIN",), lambda: change_password(ada))
    thief.post("/dashboard/settings/password", {"current": ADA[2], "new": "stolen-by-mallory-1"})
    assert (profile(thief), profile(ada)) == (303, 200)
    with_the_thiefs = {"email": ADA[1], "password": "stolen-by-mallory-1"}
    assert app.browser().post("/login", with_the_thiefs).status_code == 401


def test_logging_the_others_out_with_a_token_that_a_thief_has_had_replaced_ends_his(database: LabApp) -> None:
    """Ada's token is still good for a moment: what she does in it must reach the session that he holds."""
    ada = signed_in(database)
    thief = copy_of(ada, database)
    a_day_later(database, thief)
    assert profile(thief) == 200  # and has got the new token
    ada.post("/devices/end-others")
    assert (profile(thief), profile(ada)) == (303, 200)


def test_a_token_that_was_called_in_does_not_log_its_owner_out(database: LabApp) -> None:
    """After a change of password an old copy is to be expected: it is refused, and proves nothing new."""
    ada = signed_in(database)
    thief = copy_of(ada, database)
    change_password(ada)
    assert (profile(thief), profile(ada)) == (303, 200)


# A login that was under way


def test_a_login_with_the_old_password_that_was_under_way_is_refused(
    app: LabApp, just_before: Between
) -> None:
    """The thief's password was right when it was looked at; his session would outlive the change."""
    ada, thief = signed_in(app), app.browser()
    just_before(("BEGIN",), lambda: change_password(ada))
    assert thief.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 401
    assert (profile(thief), profile(ada)) == (303, 200)


@pytest.mark.parametrize("action", ["disable", "end-sessions"])
def test_a_login_that_was_under_way_when_an_admin_ended_all_sessions_is_refused(
    app: LabApp, just_before: Between, action: str
) -> None:
    grace, ada = signed_in(app, GRACE), app.browser()
    just_before(("BEGIN",), lambda: grace.post(f"/admin/users/1/{action}"))
    assert ada.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 401
    grace.post("/admin/users/1/enable")
    assert profile(ada) == 303


def test_a_login_whose_hash_is_renewed_does_not_bring_the_old_password_back(
    app: LabApp, just_before: Between
) -> None:
    """Its hash is of an old cost and stored anew: over the one that Ada has chosen meanwhile."""
    db = app._app.database.connect()
    old = hash_password(ADA[2], rounds=5, pepper=app.settings.pepper)
    db.execute("UPDATE users SET password_hash = ? WHERE id = 1", (old,))
    db.close()
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    db = app._app.database.connect()
    db.execute("UPDATE users SET password_hash = ? WHERE id = 1", (old,))
    db.close()
    just_before(("UPDATE users SET password_hash",), lambda: change_password(ada))
    app.browser().post("/login", {"email": ADA[1], "password": ADA[2]})
    assert app.browser().post("/login", {"email": ADA[1], "password": ADA[2]}).status_code == 401
    assert app.browser().post("/login", {"email": ADA[1], "password": NEW_PASSWORD}).status_code == 303


# The cap


def test_a_cap_that_is_shorter_than_the_lifetime_caps_the_first_token_too(app: LabApp) -> None:
    """And the deny list may forget a session when its cap is over: no token of it may live longer."""
    short = replace(app.settings, session_cap_seconds=3600, session_idle_seconds=7 * 24 * 3600)
    ada = Browser(App(short), app.clock)
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    app.clock.advance(seconds=3599)
    assert profile(ada) == 200
    app.clock.advance(seconds=1)
    assert profile(ada) == 303
