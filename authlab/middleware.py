"""Optimistic checks before any page runs (lesson 7): a convenience, not a lock.

`app` calls `optimistic` for each request, once the router has named what would answer. The checks read the
cookie and never the database, so they are cheap enough for every request, and they can be wrong: a user
deleted a minute ago still holds a good token. The lock is in `dal`. The one thing that stands behind this
check alone is the handbook: static, the same for every member, and nobody's own.
"""

from typing import Literal
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from authlab.request import Request
from authlab.responses import see_other

Policy = Literal["everybody", "guests", "members", "asks"]

# By endpoint, not by path: the router has already decided what /%70rofile and //profile are.
POLICIES: dict[str, Policy] = {
    "pages.home": "everybody",
    "pages.static": "everybody",
    "pages.handbook_preview": "everybody",
    "pages.signup": "guests",
    "pages.login": "guests",
    "actions.signup": "guests",
    "actions.login": "guests",
    "actions.logout": "everybody",
    "api.signup_available": "everybody",
    "api.session": "everybody",
    # They answer 401 by themselves: a script cannot do anything with a redirect to a page.
    "api.me": "asks",
    "api.set_own_phone": "asks",
    "api.user": "asks",
    "api.users": "asks",
    "fragments.members": "asks",
    "fragments.devices": "asks",
}


def classify(endpoint: str) -> Policy:
    """Return who an endpoint is for: `"everybody"`, `"guests"`, `"members"`,
    or `"asks"`, which says so by itself.

    An endpoint is the router's name for what answers a request:
    `"pages.profile"`, `"actions.login"`, `"api.me"`. `POLICIES` maps the names
    of the exceptions to their policies.

    - An endpoint that it has is for whom it says.
    - One that it does not have is for members, whatever its name looks like.
      Who forgets to classify a new page has a page that is closed, and not one
      that is open.

    Source: the guide's `protectedRoutes` and `publicRoutes`, lists of paths
    that miss `/dashboard/settings`.
    """
    return POLICIES.get(endpoint, "members")


def optimistic(request: Request, endpoint: str) -> Response | None:
    """Return a redirect that saves the visitor a detour, or None to go on.

    You get the `request` and the `endpoint` that the router has chosen for it.
    `classify(endpoint)` says who that is for; `request.session` is what the
    cookie claims, None for a guest: signed by us, and not run out.

    - A guest at an endpoint for members is led to the login, whatever the
      method, the path and the query: `login_page(request)` is its address,
      which knows the way back.
    - A member who opens a page for guests is led to `"/dashboard"`. Opening is
      GET or HEAD; a form that was sent goes on, or what was typed is lost.
    - Everybody else goes on, and so do those at an endpoint that asks by
      itself: a script can do nothing with a login page.
    - It asks the database nothing, and tells no log the session's cookie, nor
      the secret in it (`token_id`).
    - It believes no header but that cookie, which has been read already:
      `X-User-Id`, `Accept`, `X-HTTP-Method-Override`,
      `X-Middleware-Subrequest`, other cookies and the like come from the
      visitor. An address, 127.0.0.1 included, proves nobody.

    `see_other(address)` is a redirect with status 303, which a browser follows
    with GET, and does not keep. `request.note("middleware", "...")` leaves a
    line for the lab to show, and may be left out.

    Source: the guide's `middleware.ts`; CVE-2025-29927.
    """
    session, policy = request.session, classify(endpoint)
    seems = "no session" if session is None else f"a session of user {session.user_id}"
    if policy == "members" and session is None:
        request.note("middleware", f"{seems}, and the page is for members: to /login")
        return see_other(login_page(request))
    if policy == "guests" and session is not None and request.method in ("GET", "HEAD"):
        request.note("middleware", f"{seems}, and the page is for guests: to /dashboard")
        return see_other("/dashboard")
    request.note("middleware", f"{seems}: go on")
    return None


def login_page(request: Request) -> str:
    """Return the address of the login page, with where the visitor wanted to go, if that was a page."""
    if request.method not in ("GET", "HEAD"):
        return "/login"
    query = request.text_of_query
    return f"/login?{urlencode({'next': f'{request.path}?{query}' if query else request.path})}"
