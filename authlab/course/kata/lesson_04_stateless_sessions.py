"""Lesson 4: an attack that outlives a logout, and a test that catches wrong refreshes."""

from collections.abc import Callable
from dataclasses import replace

from authlab.cookies import SESSION_COOKIE
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.tokens import Session


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
