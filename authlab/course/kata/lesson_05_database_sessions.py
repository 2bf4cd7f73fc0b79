"""Lesson 5: a stolen table, and a test that a cache with too good a memory does not survive."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from authlab.db import FoundSession, UserRow
from authlab.lab.browser import Browser
from authlab.server_only import ServerOnly
from authlab.sessions.cache import SessionCache
from authlab.tokens import Session

ADAS_LAPTOP = Session(
    user_id=1,
    session_id="ada's laptop",
    token_id="the laptop's secret",
    authenticated_at=0,
    issued_at=0,
    expires_at=10_000,
)
ADAS_PHONE = Session(
    user_id=1,
    session_id="ada's phone",
    token_id="the phone's secret",
    authenticated_at=0,
    issued_at=0,
    expires_at=10_000,
)
GRACES_LAPTOP = Session(
    user_id=2,
    session_id="grace's laptop",
    token_id="another secret",
    authenticated_at=0,
    issued_at=0,
    expires_at=10_000,
)


def answer_for(session: Session) -> FoundSession:
    """Return what the database answers when it is asked for `session`: its user, and its times."""
    user = UserRow(session.user_id, "", "", "", ServerOnly(""), "user")
    return FoundSession(user, ServerOnly(""), ServerOnly(None), None, session.issued_at, session.expires_at)


def open_stolen_rows(rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser) -> str:
    """Return the text of the page at `/admin`, which opens for Grace (user 2)
    and for nobody else.

    You get what was in a stolen backup, and a browser that has never signed
    in:

    - `rows` is the table of sessions, a dictionary for each row, of several
      members. Among its keys are `user_id`, `session_id`, `secret_hash`,
      `created_at` and `expires_at`: times by the app's clock, which is not
      your computer's.
    - `sign(session)` returns the token of a `Session`: the key was in the
      backup, too. A `Session` has `user_id`, `session_id`, `token_id` (its
      secret), `authenticated_at`, `issued_at` and `expires_at`.

    The app stores the secret as it is, in the column that is meant for its
    hash. Not every row opens the page: some are other members', and some have
    not been used for days. `browser.set_cookie("__Host-session", token)` puts
    a token where the app looks for it.

    Against the app that stores a hash the same requests bring nothing, and
    must not crash: return what comes.
    """
    text = ""
    for row in rows:
        session = Session(
            user_id=row["user_id"],
            session_id=row["session_id"],
            token_id=row["secret_hash"],
            authenticated_at=row["created_at"],
            issued_at=row["created_at"],
            expires_at=row["expires_at"],
        )
        browser.set_cookie("__Host-session", sign(session))
        answer = browser.get("/admin")
        if answer.status_code == 200:
            return answer.text
        text = answer.text
    return text


def prove_session_cache(new_cache: Callable[[int], SessionCache]) -> None:
    """Prove with `assert` that a cache of sessions remembers, and forgets in
    time. Return nothing.

    Your proof gets `new_cache`: `cache = new_cache(60)` makes an empty one that
    remembers for 60 seconds. It is run on wrong caches, each of which must make
    one of your assertions fail, and on right ones in other styles, which must
    pass. None of them raises. For each cache time goes forward: a `now` that is
    earlier than the one before proves nothing. Of a right cache:

    - `cache.put(session, found, now, cache.revision())` remembers `found`, what
      the database has answered; `cache.get(session, now)` gives it back, and
      None when nothing is remembered.
    - An answer is good for less than 60 seconds after it was put, however often
      it is asked for. A cache for 0 seconds remembers nothing.
    - It is good for this very token: the same session with another `token_id`
      is unknown.
    - After `cache.forget_session(session_id)` the session is unknown, with each
      of its tokens, and after `cache.forget_user(user_id)` every session of
      that user is. Those of other users stay; whether another session of the
      same user stays when one is forgotten is the cache's choice.
    - An answer that was on its way while something was forgotten is an old one:
      `put` with a `revision` from before remembers nothing.

    `ADAS_LAPTOP`, `ADAS_PHONE` (user 1) and `GRACES_LAPTOP` (user 2) are
    sessions to try it with, `answer_for(session)` is what the database says of
    one, and `dataclasses.replace` makes another token of one.
    """
    laptop, older = answer_for(ADAS_LAPTOP), replace(ADAS_LAPTOP, token_id="an older secret")

    cache = new_cache(60)
    assert cache.get(ADAS_LAPTOP, 1000) is None
    cache.put(ADAS_LAPTOP, laptop, 1000, cache.revision())
    assert cache.get(ADAS_LAPTOP, 1000) == laptop
    assert cache.get(ADAS_LAPTOP, 1059) == laptop
    assert cache.get(ADAS_PHONE, 1059) is None
    assert cache.get(older, 1059) is None
    assert cache.get(ADAS_LAPTOP, 1060) is None

    off = new_cache(0)
    off.put(ADAS_LAPTOP, laptop, 1000, off.revision())
    assert off.get(ADAS_LAPTOP, 1000) is None

    ways: list[Callable[[], None]] = [
        lambda: cache.forget_session("ada's laptop"),
        lambda: cache.forget_user(1),
    ]
    for forget in ways:
        for session in (ADAS_LAPTOP, older, ADAS_PHONE, GRACES_LAPTOP):
            cache.put(session, answer_for(session), 2000, cache.revision())
        before = cache.revision()
        forget()
        assert cache.get(ADAS_LAPTOP, 2001) is None
        assert cache.get(older, 2001) is None
        assert cache.get(GRACES_LAPTOP, 2001) is not None
        cache.put(ADAS_LAPTOP, laptop, 2001, before)
        assert cache.get(ADAS_LAPTOP, 2001) is None
    assert cache.get(ADAS_PHONE, 2001) is None
