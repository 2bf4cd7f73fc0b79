"""Optimistic checks before any page runs (lesson 7): a convenience, not a lock.

They read the cookie and never the database, so they are cheap enough for every request, and they can
be wrong: a user deleted a minute ago still holds a good token. The lock is in `dal`.
"""

from werkzeug.wrappers import Response

from authlab.cookies import SESSION_COOKIE
from authlab.request import Request
from authlab.responses import see_other
from authlab.sessions.reading import read

# By endpoint, not by path: the router has already decided what /%70rofile and //profile are.
PROTECTED = frozenset({"pages.profile", "pages.devices", "pages.members"})
FOR_GUESTS = frozenset({"pages.signup", "pages.login"})


def optimistic(request: Request, endpoint: str) -> Response | None:
    """Return a redirect that saves the visitor a detour, or None to go on.

    Anonymous on a protected page: to /login. Signed in on a page for guests: to /profile. Asks the
    database nothing.

    Source: the guide's `middleware.ts`.
    """
    token = request.cookies.get(SESSION_COOKIE)
    session = None if token is None else read(token, request.settings)
    seems = "no session" if session is None else f"a session of user {session.user_id}"
    if endpoint in PROTECTED and session is None:
        request.note("middleware", f"{seems}, and the page is protected: to /login")
        return see_other("/login")
    if endpoint in FOR_GUESTS and session is not None and request.method in ("GET", "HEAD"):
        request.note("middleware", f"{seems}, and the page is for guests: to /profile")
        return see_other("/profile")
    request.note("middleware", f"{seems}: go on")
    return None
