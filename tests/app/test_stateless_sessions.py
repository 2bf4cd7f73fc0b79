"""Stateless sessions: everything is in the token, and the list of what was ended stays short.

What both ways of keeping sessions promise of a token is tested here, for both.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import FrozenInstanceError

import pytest

from authlab.lab.apps import GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.sessions.lifetime import begin_session
from authlab.sessions.reading import read
from authlab.sessions.strategy import strategy
from authlab.tokens import Session
from tests.app.visitors import signed_in

COOKIE = "__Host-session"
CAP_DAYS = 30


@pytest.fixture
def stateless() -> Iterator[LabApp]:
    with closing(LabApp(sessions="stateless")) as app:
        yield app


def session_of(browser: Browser, app: LabApp) -> Session:
    """What the token says that this browser holds."""
    session = read(browser.cookies[COOKIE].value, app.settings)
    assert session is not None
    return session


def ended(app: LabApp) -> list[str]:
    """The ids on the list of ended sessions."""
    with closing(app.connect()) as db:
        return [session_id for (session_id,) in db.execute("SELECT session_id FROM ended_sessions")]


def test_logging_the_others_out_gives_this_session_a_new_token_that_ends_no_later(app: LabApp) -> None:
    """New, because somebody may hold a copy of the old one. No later, because no password was asked for."""
    ada = signed_in(app)
    before = session_of(ada, app)
    app.clock.advance(hours=1)
    ada.post("/devices/end-others")
    after = session_of(ada, app)
    assert after.token_id != before.token_id
    assert len(after.token_id) == len(before.token_id) == 32
    assert (before.issued_at, after.issued_at) == (app.clock.now - 3600, app.clock.now)
    assert after.session_id == before.session_id
    assert after.expires_at == before.expires_at
    assert after.authenticated_at == before.authenticated_at


def test_each_login_and_each_refresh_has_ids_of_its_own(app: LabApp) -> None:
    """128 random bits each: nobody comes upon one by trying."""
    first, second = signed_in(app), signed_in(app)
    app.clock.advance(hours=13)
    first.get("/profile")
    app.clock.advance(hours=12)
    before = session_of(first, app)
    first.get("/profile")
    after = session_of(first, app)
    assert before.session_id == after.session_id
    ids = [before.session_id, before.token_id, after.token_id]
    ids += [session_of(second, app).session_id, session_of(second, app).token_id]
    assert len(set(ids)) == 5
    assert {len(bytes.fromhex(one)) for one in ids} == {16}


@pytest.mark.parametrize(("cap_seconds", "expires_at"), [(300, 1070), (70, 1070), (50, 1050)])
def test_a_session_begins_with_the_login_and_ends_with_its_lifetime_or_its_cap(
    cap_seconds: int, expires_at: int
) -> None:
    """And unless it is told otherwise, its user has never logged out everywhere."""
    session = begin_session(1, "5e55", "70ce", 1000, lifetime_seconds=70, cap_seconds=cap_seconds)
    assert session == Session(1, "5e55", "70ce", 1000, 1000, expires_at, 0)


def test_a_token_is_renewed_when_it_is_a_day_old_and_not_before(app: LabApp) -> None:
    """Two pages within the day keep the session in use; the third comes a day after the token."""
    ada = signed_in(app)
    first = session_of(ada, app).token_id
    app.clock.advance(hours=12)
    ada.get("/profile")
    app.clock.advance(hours=12, seconds=-1)
    ada.get("/profile")
    assert session_of(ada, app).token_id == first
    app.clock.advance(seconds=1)
    ada.get("/profile")
    assert session_of(ada, app).token_id != first


def test_a_session_that_runs_out_while_its_page_is_made_gets_no_new_token(app: LabApp) -> None:
    """It held when the request came, and the clock has gone on since."""
    sessions, session = strategy(app.settings), session_of(signed_in(app), app)
    with closing(app.connect()) as db:
        proof = sessions.verify(db, session)
        assert proof is not None
        app.clock.now = session.expires_at
        assert sessions.refresh(db, session, proof) is None


def test_what_a_session_has_proven_cannot_be_changed(app: LabApp) -> None:
    """Whom it proves is asked for once a request: all that follows relies on it."""
    session = session_of(signed_in(app), app)
    with closing(app.connect()) as db:
        proof = strategy(app.settings).verify(db, session)
    with pytest.raises(FrozenInstanceError):
        proof.last_seen_at = 0  # type: ignore[misc, union-attr]


def test_who_logs_in_after_all_was_ended_is_in(app: LabApp) -> None:
    """What was ended are the sessions that there were: the copy is out, and the owner is not."""
    ada, grace = signed_in(app), signed_in(app, GRACE)
    assert grace.post("/admin/users/1/end-sessions").status_code == 303
    assert ada.get("/profile").status_code == 303
    assert signed_in(app).get("/profile").status_code == 200


def test_logging_out_ends_every_copy_of_the_token_and_no_other_session(app: LabApp) -> None:
    laptop, phone = signed_in(app), signed_in(app)
    thief = app.browser()
    thief.set_cookie(COOKIE, laptop.cookies[COOKIE].value)
    laptop.post("/logout")
    assert thief.get("/profile").status_code == 303
    assert phone.get("/profile").status_code == 200


def test_what_was_ended_is_on_the_list_until_no_token_of_it_could_hold(stateless: LabApp) -> None:
    """It is taken off when the next one ends: the list is as long as a month of logouts, and no longer."""
    ada, grace = signed_in(stateless), signed_in(stateless, GRACE)
    adas, graces = session_of(ada, stateless).session_id, session_of(grace, stateless).session_id
    ada.post("/logout")
    assert ended(stateless) == [adas]
    stateless.clock.advance(seconds=1)
    grace.post("/logout")
    assert sorted(ended(stateless)) == sorted([adas, graces])
    stateless.clock.advance(days=CAP_DAYS, seconds=-1)
    late = signed_in(stateless)
    last = session_of(late, stateless).session_id
    late.post("/logout")
    assert ended(stateless) == [last]


def test_no_page_ends_one_of_many_where_there_is_no_list(stateless: LabApp) -> None:
    """A session without a row has no number: nothing is ended, and nobody is told that something was."""
    ada, phone = signed_in(stateless), signed_in(stateless)
    assert ada.post("/devices/end", {"id": "1"}).status_code == 404
    assert [browser.get("/profile").status_code for browser in (ada, phone)] == [200, 200]
