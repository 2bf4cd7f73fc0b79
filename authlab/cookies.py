"""One function for the one cookie (lesson 4): set, refreshed and deleted with the same attributes."""

from werkzeug.http import dump_cookie

# __Host-: the browser takes it only with Secure, Path=/ and no Domain, so that no other host of
# the same domain can plant one (cookie tossing).
SESSION_COOKIE = "__Host-session"


def session_cookie(token: str, max_age_seconds: int) -> str:
    """Return the `Set-Cookie` value that hands the browser its session; age 0 takes it back.

    HttpOnly: no script reads it. Secure: it travels over https (and to loopback). SameSite=Lax: other
    sites' forms do not carry it. Max-Age is a courtesy of the browser, never a lifetime: the server
    enforces its own.
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
