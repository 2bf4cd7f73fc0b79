"""One function for every cookie (lesson 4): set, refreshed and deleted with the same attributes."""

from collections.abc import Mapping

from werkzeug.http import dump_cookie

# __Host-: the browser takes it only with Secure, Path=/ and no Domain, so that no other host of
# the same domain can plant one (cookie tossing).
SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"
DEVICE_MAX_AGE_SECONDS = 365 * 24 * 60 * 60


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


def session_token(cookies: Mapping[str, str]) -> str | None:
    """Return the session token among a request's cookies, or None: under this name and no other.

    The name is a promise of the browser: a cookie `__Host-…` was set by this very host, over https.
    """
    return cookies.get(SESSION_COOKIE)


def device_cookie(token: str) -> str:
    """Return the `Set-Cookie` value by which we know a browser that its owner
    has logged in with: the header's text after the colon.

    - The cookie is called `DEVICE_COOKIE`, and its value is `token`.
    - No script on the page can read it.
    - It travels over https only, and forms of other sites do not send it along.
    - It goes to every path of this host, and to no other host.
    - The browser keeps it for `DEVICE_MAX_AGE_SECONDS`: it opens nothing, and
      it stays after logging out (see `devices`).
    """
    return dump_cookie(
        DEVICE_COOKIE,
        token,
        max_age=DEVICE_MAX_AGE_SECONDS,
        httponly=True,
        secure=True,
        samesite="Lax",
        path="/",
        sync_expires=False,
    )
