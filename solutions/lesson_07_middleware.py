# Derived from authlab/course/kata/lesson_07_middleware.py, authlab/middleware.py by: authlab dev build
"""Lesson 7: Convenience, not a lock.

The package's own answers.
"""

from werkzeug.wrappers import Response

from authlab.course.kata.lesson_07_middleware import Middleware, led_to
from authlab.lab.browser import Browser
from authlab.middleware import POLICIES, Policy, login_page
from authlab.request import Request
from authlab.responses import see_other


# 7.1  build: Closed until somebody opens it  (4 minutes)
# write the part from its description
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


# 7.2  fix: The guide's two lists  (8 minutes)
# it runs, and it is wrong: make it right
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


# 7.3  break: Past the door, under a name of your choice  (6 minutes)
# write the attack: it wins where the hole is, and only there
def read_as_somebody(browser: Browser) -> str:
    """Return the text of a page that names member 3: of `/profile`, which
    shows member 3 their own name, or of `/admin`, which names all members to
    an admin.

    You get `browser`, a visitor's browser that has never signed in. In the app
    it talks to, the middleware looks at the session's cookie and hands the
    member's number on in a header, `X-User-Id`. Whatever a visitor wrote into
    that header is taken out before. The data access layer believes the header
    and looks at no cookie: it asks the database for that member, and for
    nothing else. And the middleware lets requests of its own pass unchecked:
    those whose header `X-Middleware-Subrequest` says `middleware`.

    - Members have numbers from 1 on; Grace, number 2, is an admin.
    - `browser.get(path, headers={"Name": "value", ...})` sends headers along;
      the answer's `.text` is its HTML.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.

    Source: CVE-2025-29927.
    """
    headers = {"X-Middleware-Subrequest": "middleware", "X-User-Id": "2"}
    return browser.get("/admin", headers=headers).text


# 7.4  prove: A test that wrong middleware does not survive  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_middleware(optimistic: Middleware) -> None:
    """Prove with `assert` that an `optimistic` does what exercise 7.2 asks of
    it. Return nothing.

    Your proof gets the middleware to judge. It is run on wrong versions, each
    of which must make one of your assertions fail, and on right ones in other
    styles, which must pass. None of them raises.

    `led_to(optimistic, "/handbook")` sends one request to it and returns the
    address that it leads to, or None when the visitor goes on. Without more it
    is a guest's GET; more is said by name: `visitor="Ada"` is signed in,
    `visitor="forger"` has made up a cookie, `method="HEAD"`,
    `headers={"X-User-Id": "1"}`. The target goes over the wire as you write
    it: `"/%68andbook"` arrives like that.

    Pages to ask for: `/`, `/login`, `/signup`, `/handbook-preview`,
    `/handbook`, `/handbook/first-week.html`, `/handbook/floor-plan.png`,
    `/dashboard`, `/dashboard/settings`, `/profile`, `/static/style.css`; forms
    go to `/login` and `/devices/end`, scripts ask `/api/me`.

    Only a failing `assert` counts: a proof that crashes has proven nothing.
    """
    assert led_to(optimistic, "/") is None
    assert led_to(optimistic, "/login") is None
    assert led_to(optimistic, "/handbook-preview") is None
    assert led_to(optimistic, "/api/me") is None
    assert led_to(optimistic, "/profile", visitor="Ada") is None
    assert led_to(optimistic, "/", visitor="Ada") is None
    assert led_to(optimistic, "/login", visitor="Ada") == "/dashboard"
    assert led_to(optimistic, "/login", visitor="Ada", method="POST") is None
    assert led_to(optimistic, "/login", visitor="Ada", method="HEAD") == "/dashboard"
    assert led_to(optimistic, "/devices/end", method="POST") == "/login"
    assert led_to(optimistic, "/handbook") == "/login?next=%2Fhandbook"
    assert led_to(optimistic, "/handbook", visitor="forger") == "/login?next=%2Fhandbook"
    assert led_to(optimistic, "/handbook", method="HEAD") == "/login?next=%2Fhandbook"
    assert led_to(optimistic, "/handbook?x=.png") == "/login?next=%2Fhandbook%3Fx%3D.png"
    for page in ("/handbook/first-week.html", "/handbook/floor-plan.png", "/dashboard/settings"):
        assert led_to(optimistic, page) is not None
    assert led_to(optimistic, "/login?next=//evil.test", visitor="Ada") == "/dashboard"
    for spelling in ("/%68andbook", "/handbook%2Ffloor-plan.html", "//handbook"):
        assert led_to(optimistic, spelling) is not None
    written_by_anybody = {
        "X-Middleware-Subrequest": "middleware",
        "X-User-Id": "1",
        "X-Original-URL": "/",
        "X-Forwarded-For": "127.0.0.1",
        "Referer": "https://lab.test/",
        "User-Agent": "Googlebot",
        "Authorization": "Bearer x",
        "X-Requested-With": "XMLHttpRequest",
        "Sec-Purpose": "prefetch",
    }
    for name, value in written_by_anybody.items():
        assert led_to(optimistic, "/handbook", headers={name: value}) is not None
