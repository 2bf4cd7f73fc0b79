# Derived from authlab/cookies.py, authlab/course/kata/lesson_04_stateless_sessions.py, authlab/sessions/lifetime.py, authlab/sessions/stateless.py by: authlab dev build
"""Lesson 4: The server decides the lifetime.

The package's own answers.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from werkzeug.http import dump_cookie

from authlab.cookies import SESSION_COOKIE
from authlab.db import deny_session
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.tokens import Session


# 4.1  build: One line for every moment  (6 minutes)
# write the part from its description
def session_cookie(token: str, max_age_seconds: int) -> str:
    """Return the `Set-Cookie` value that hands a browser its session: the
    header's text after the colon.

    - The cookie is called `SESSION_COOKIE`, and its value is `token`.
    - No script on the page can read it.
    - It travels over https only.
    - Forms and scripts of other sites do not send it along; a link on another
      site, or in a mail, does.
    - It goes to every path of this host, and to no other host.
    - The browser forgets it after `max_age_seconds`: that is `Max-Age`. (An
      `Expires` beside it does no harm, as browsers go by `Max-Age`.) With an
      age of 0 it forgets it now: that is how a logout takes it back.
    - Set at a login, set again at a refresh, taken back at a logout: each time
      with all the attributes. A browser keeps nothing of the cookie that was
      there before.

    The age is a request to the browser. How long a session lasts, the server
    decides: see `refresh_session`.

    Source: the guide's `cookieStore.set`; RFC 6265bis; ASVS 3.3.1 to 3.3.4.
    """
    return dump_cookie(
        SESSION_COOKIE,
        token,
        max_age=max_age_seconds,
        httponly=True,
        secure=True,
        samesite="Lax",
        path="/",
        sync_expires=False,  # Werkzeug would add an Expires from the wall clock
    )


# 4.2  fix: A later end, and an end to that  (8 minutes)
# it runs, and it is wrong: make it right
def refresh_session(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Return the same session with a new token and a later end, or None when
    its time is up.

    - The new end is `lifetime_seconds` from now, and never later than
      `cap_seconds` after the login.
    - The new token has the id `token_id` and is issued now.
    - Everything else stays: whose session it is, which one, and when the
      password was proven. Being here is no login.
    - At its end a session is over: one that ends at 1070 is alive at 1069 and
      dead at 1070. The same goes for the cap, whatever the token says.

    All times are seconds since 1970. `Session` says what each of them means.

    Source: the guide's `updateSession`; ASVS 7.3.1, 7.3.2.
    """
    last_end = session.authenticated_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    return replace(
        session, token_id=token_id, issued_at=now, expires_at=min(now + lifetime_seconds, last_end)
    )


# 4.3  prove: A test that no endless session survives  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_refresh(refresh_session: Callable[..., Session | None]) -> None:
    """Prove with `assert` that a `refresh_session` keeps the rules of exercise
    4.2. Return nothing.

    Your proof gets the function to judge, and calls it as the app does:
    `refresh_session(session, token_id, now, lifetime_seconds=...,
    cap_seconds=...)`. It is run on wrong versions, each of which must make one
    of your assertions fail, and on right ones in other styles, which must pass.
    All of them return a `Session` or None and never raise.

    You choose the times. Small numbers read well: a login at 1000, a lifetime
    of 70, a cap of 300. Two sessions with the same fields are equal, and
    `replace(session, expires_at=1300)` is a copy with another end.

    Only a failing `assert` counts: a proof that crashes has proven nothing.
    """

    def refreshed(session: Session, now: int, lifetime_seconds: int = 70) -> Session | None:
        return refresh_session(session, "t2", now, lifetime_seconds=lifetime_seconds, cap_seconds=300)

    fresh = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070, generation=2)
    late = replace(fresh, issued_at=1240, expires_at=1300)
    too_long = replace(fresh, issued_at=1240, expires_at=1400)  # signed when the cap was a longer one
    assert refreshed(fresh, 1010) == replace(fresh, token_id="t2", issued_at=1010, expires_at=1080)
    assert refreshed(fresh, 1060) == replace(fresh, token_id="t2", issued_at=1060, expires_at=1130)
    assert refreshed(late, 1250) == replace(fresh, token_id="t2", issued_at=1250, expires_at=1300)
    assert refreshed(replace(fresh, expires_at=1200), 1010) == replace(  # the lifetime was a longer one
        fresh, token_id="t2", issued_at=1010, expires_at=1080
    )
    assert refreshed(fresh, 1010, lifetime_seconds=700) == replace(
        fresh, token_id="t2", issued_at=1010, expires_at=1300
    )
    assert refreshed(fresh, 1069) is not None
    assert refreshed(fresh, 1070) is None
    assert refreshed(fresh, 1200) is None
    assert refreshed(too_long, 1299) is not None
    assert refreshed(too_long, 1300) is None


# 4.4  break: Still here after the logout  (7 minutes)
# write the attack: it wins where the hole is, and only there
def outlive_the_logout(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """Return the text of the page at `/admin`, which opens for admins only, as
    `mallory` sees it after Grace has logged out.

    You get `grace`, the browser of an admin who is signed in, on a computer
    that she shares with you: you can read its cookies, and click in it, on
    "Log out" for instance. `mallory` is your own browser, without a session.
    `clock` is the app's clock: it stands still until you move it.

    The app keeps a list of the tokens that somebody has logged out with, by
    their ids (`jti`), and refuses those. Everything else is the package's: a
    token that is used when it is a day old, or older, is replaced by a new one.

    - `grace.cookies[SESSION_COOKIE].value` is a token, and
      `mallory.set_cookie(SESSION_COOKIE, token)` puts one in.
    - `grace.post("/logout")` logs Grace out.
    - `clock.advance(hours=...)` lets time pass.
    - `mallory.get("/admin")` opens the page; the answer's `.text` is its HTML.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    clock.advance(hours=25)
    mallory.get("/profile")  # the copy is a day old: it is replaced, and its new token has another id
    grace.post("/logout")
    return mallory.get("/admin").text


# 4.5  build: Over means over  (6 minutes, an extra)
# write the part from its description
def end_session(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """End a stateless session: put it on the deny list, which the app asks
    before it believes a token.

    - A session has many tokens: each refresh makes one more, and a copy of an
      old one may be anywhere. All of them are refused from now on.
    - Other sessions go on, also those of the same user.
    - It stays on the list for as long as any token of it could be valid.
      `refresh_session` gives none that ends later than `cap_seconds` after the
      login.
    - The list does not grow for ever: what was ended at `now` is off it when
      another session ends `cap_seconds` later, or at any time after that.
    - Ending a session twice is no error. Nothing is committed here: the caller
      may be in the middle of a transaction.

    `deny_session(db, session_id, now=..., forget_at=...)` puts an id on the
    list, unless it is there already, and takes off what is to be forgotten by
    `now`.

    Source: the guide's `deleteSession`, which deletes the cookie and no more;
    ASVS 7.4.1.
    """
    # By its id, which all its tokens share: a token's text has many spellings, and its `jti` is one of many.
    deny_session(db, session.session_id, now=now, forget_at=session.authenticated_at + cap_seconds)
