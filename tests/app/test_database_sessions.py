"""Database sessions: what is ended on the server is over everywhere, and a stolen table opens nothing."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest

from authlab.app import App
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser

COOKIE = "__Host-session"


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp(sessions="database")
    yield app
    app.close()


def signed_in(app: LabApp, who: tuple[str, str, str] = ADA, agent: str = "authlab") -> Browser:
    browser = app.browser()
    browser.post("/login", {"email": who[1], "password": who[2]}, headers={"User-Agent": agent})
    return browser


def copy_of(browser: Browser, app: LabApp) -> Browser:
    """Another browser that holds the same cookie: a thief's."""
    copy = app.browser()
    copy.set_cookie(COOKIE, browser.cookies[COOKIE].value)
    return copy


def stored(app: LabApp) -> list[sqlite3.Row]:
    db = sqlite3.connect(app.settings.database)
    db.row_factory = sqlite3.Row
    rows = db.execute("SELECT * FROM sessions ORDER BY id").fetchall()
    db.close()
    return rows


def test_a_session_is_one_row_and_the_page_one_query(app: LabApp) -> None:
    ada = signed_in(app)
    assert len(stored(app)) == 1
    app.statements.clear()
    assert ada.get("/profile").status_code == 200
    assert len(app.statements) == 1


def test_the_table_holds_no_secret(app: LabApp) -> None:
    """Neither the token nor the id in it stands there: only a hash, which opens nothing."""
    ada = signed_in(app)
    row = dict(stored(app)[0])
    token = ada.cookies[COOKIE].value
    assert token not in str(row)
    thief = app.browser()
    thief.set_cookie(COOKIE, row["secret_hash"])
    assert thief.get("/profile").status_code == 303


def test_logging_out_ends_every_copy_of_the_token(app: LabApp) -> None:
    ada = signed_in(app)
    thief = copy_of(ada, app)
    assert thief.get("/profile").status_code == 200
    ada.post("/logout")
    assert thief.get("/profile").status_code == 303
    assert stored(app) == []


def test_a_refused_session_takes_its_cookie_back(app: LabApp) -> None:
    """Or the middleware would believe it again, and send the visitor round in a circle."""
    ada = signed_in(app)
    thief = copy_of(ada, app)
    ada.post("/logout")
    answer = thief.get("/profile")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2Fprofile")
    assert thief.cookies == {}
    assert thief.get("/login").status_code == 200


def test_an_unknown_session_makes_no_row(app: LabApp) -> None:
    ada = signed_in(app)
    thief = copy_of(ada, app)
    ada.post("/logout")
    thief.get("/profile")
    assert stored(app) == []


def test_logging_in_begins_a_new_session_and_ends_the_old_one(app: LabApp) -> None:
    """Whoever planted a session in this browser holds one that is over (session fixation)."""
    ada = signed_in(app)
    planted = copy_of(ada, app)
    before = ada.cookies[COOKIE].value
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert ada.cookies[COOKIE].value != before
    assert planted.get("/profile").status_code == 303
    assert len(stored(app)) == 1


def test_a_day_unused_is_the_end(app: LabApp) -> None:
    ada = signed_in(app)
    app.clock.advance(hours=23, minutes=59)
    assert ada.get("/profile").status_code == 200
    app.clock.advance(hours=24)
    assert ada.get("/profile").status_code == 303


def test_use_keeps_it_alive_and_thirty_days_are_the_end_however_busy(app: LabApp) -> None:
    """A session that every use prolonged for ever would do the same for a stolen copy."""
    ada = signed_in(app)
    for _ in range(59):
        app.clock.advance(hours=12)
        assert ada.get("/profile").status_code == 200
    app.clock.advance(hours=12, seconds=-1)
    assert ada.get("/profile").status_code == 200
    app.clock.advance(seconds=1)
    assert ada.get("/profile").status_code == 303


def test_last_seen_is_written_now_and_then(app: LabApp) -> None:
    """A page is a read: only after five minutes does it also write when it was."""
    ada = signed_in(app)
    app.clock.advance(minutes=4)
    app.statements.clear()
    ada.get("/profile")
    assert [sql.split()[0] for sql in app.statements] == ["SELECT"]
    app.clock.advance(minutes=1)
    app.statements.clear()
    ada.get("/profile")
    assert [sql.split()[0] for sql in app.statements] == ["SELECT", "UPDATE"]


def test_the_devices_page_lists_ones_own_sessions_and_marks_this_one(app: LabApp) -> None:
    phone = signed_in(app, agent="Phone <b>")
    laptop = signed_in(app, agent="Laptop")
    signed_in(app, GRACE, agent="Grace's")
    page = phone.get("/devices").text
    assert "Phone &lt;b&gt;" in page
    assert "Laptop" in page
    assert "Grace" not in page
    assert page.count("this one") == 1
    assert laptop.get("/devices").status_code == 200


def test_ending_one_session_ends_that_one(app: LabApp) -> None:
    phone, laptop = signed_in(app), signed_in(app)
    other = stored(app)[1]["id"]
    assert phone.post("/devices/end", {"id": other}).status_code == 303
    assert laptop.get("/profile").status_code == 303
    assert phone.get("/profile").status_code == 200


@pytest.mark.parametrize("number", ["2", "99", "", "x", "-1", "1' OR 1=1", "٢", "9" * 40])
def test_nobody_ends_anothers_session(app: LabApp, number: str) -> None:
    """Grace's is number 2. It is refused as if it were not there, and goes on."""
    mallory, grace = signed_in(app), signed_in(app, GRACE)
    assert mallory.post("/devices/end", {"id": number}).status_code == 404
    assert grace.get("/profile").status_code == 200
    assert len(stored(app)) == 2


def test_logging_out_everywhere_else_leaves_this_one(app: LabApp) -> None:
    phone, laptop, grace = signed_in(app), signed_in(app), signed_in(app, GRACE)
    assert phone.post("/devices/end-others").status_code == 303
    statuses = [browser.get("/profile").status_code for browser in (phone, laptop, grace)]
    assert statuses == [200, 303, 200]


@pytest.mark.parametrize("path", ["/devices/end", "/devices/end-others"])
def test_ending_sessions_is_for_the_signed_in(app: LabApp, path: str) -> None:
    answer = app.browser().post(path, {"id": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_a_deleted_users_sessions_go_with_them(app: LabApp) -> None:
    ada = signed_in(app)
    db = sqlite3.connect(app.settings.database)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("DELETE FROM users WHERE email = ?", (ADA[1],))
    db.commit()
    db.close()
    assert stored(app) == []
    assert ada.get("/profile").status_code == 303


def test_a_last_seen_that_comes_late_does_not_wake_a_session_that_was_ended(app: LabApp) -> None:
    """The page of a moment ago writes "seen just now" after the logout: nothing comes back."""
    from authlab.db import touch_session

    ada = signed_in(app)
    session_id = stored(app)[0]["session_id"]
    ada.post("/logout")
    db = sqlite3.connect(app.settings.database)
    touch_session(db, session_id, app.clock.now)
    db.commit()
    db.close()
    assert stored(app) == []


def test_stateless_sessions_say_that_they_know_no_devices() -> None:
    app = LabApp(sessions="stateless")
    page = signed_in(app).get("/devices")
    assert page.status_code == 200
    assert "does not know where you are signed in" in page.text
    app.close()


def test_a_strategy_that_does_not_exist_is_refused() -> None:
    from pathlib import Path

    from authlab.errors import SettingsError
    from authlab.settings import load_settings

    key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    with pytest.raises(
        SettingsError, match="AUTHLAB_SESSIONS: expected stateless or database, got 'cookies'"
    ):
        load_settings(
            {"SESSION_SECRET": key, "PASSWORD_PEPPER": key, "AUTHLAB_SESSIONS": "cookies"}, Path("x")
        )


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_session_that_was_ended_stays_ended_when_the_way_of_keeping_them_changes(
    app: LabApp, times: int
) -> None:
    """An operator turns to stateless sessions, with the same key and database: no token of a row is one,
    however often its user has logged out everywhere."""
    ada = signed_in(app)
    for _ in range(times):
        ada.post("/devices/end-others")
    thief = copy_of(ada, app)
    ada.post("/logout")
    turned = App(replace(app.settings, sessions="stateless"))
    visitor = Browser(turned, app.clock)
    visitor.cookies = thief.cookies
    assert visitor.get("/profile").status_code == 303
    visitor.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert visitor.get("/profile").status_code == 200
