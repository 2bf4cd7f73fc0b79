"""Lesson 7: an attack on an app that locks its front door only, and a test that wrong middleware does not
survive."""

from collections.abc import Callable
from contextlib import closing
from functools import cache
from typing import Literal
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Map
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from authlab.db import Database
from authlab.lab.apps import LabApp
from authlab.lab.browser import LAB_ORIGIN, Browser
from authlab.request import Request
from authlab.routes import url_map
from authlab.sessions.strategy import strategy

Middleware = Callable[[Request, str], Response | None]
Visitor = Literal["guest", "Ada", "forger"]


def led_to(
    optimistic: Middleware,
    target: str,
    *,
    visitor: Visitor = "guest",
    method: str = "GET",
    headers: dict[str, str] | None = None,
) -> str | None:
    """Return where a middleware leads a visitor who asks for `target`, or None when it lets them go on.

    The target is sent as it is written, query and all. A guest has no cookie, Ada the one of her session,
    a forger one of the same name that nobody has signed.
    """
    app, database, urls, token = _lab()
    environ = create_environ(base_url=LAB_ORIGIN, method=method, headers=headers)
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
    environ["REQUEST_URI"] = environ["RAW_URI"] = target
    if visitor != "guest":
        environ["HTTP_COOKIE"] = f"__Host-session={token if visitor == 'Ada' else 'made.up.token'}"
    with closing(Request(environ, app.settings, database, strategy(app.settings))) as request:
        router = urls.bind_to_environ(environ)
        try:
            endpoint, _arguments = router.match()
        except MethodNotAllowed as refused:  # by the router, today; the middleware is asked all the same
            endpoint, _arguments = router.match(method=sorted(refused.valid_methods or [])[-1])
        answer = optimistic(request, endpoint)
        if answer is None:
            return None
        where: str = getattr(answer, "headers", {}).get("Location", f"nowhere: {answer!r}")
        return where


@cache
def _lab() -> tuple[LabApp, Database, Map, str]:
    """Return an app with its database and addresses, and the token of a session of Ada's."""
    app = LabApp()
    database = Database(app.settings.database)
    with closing(database.connect()) as db:
        token = strategy(app.settings).create(db, 1, "the lab")
    return app, database, url_map(), token


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
