"""The app: one request in, one response out, and the only place where an error becomes HTTP.

app -> middleware -> routes -> pages | fragments | actions | api -> dal -> db

The router is asked first, and only for the name of what would answer (`pages.profile`): the middleware
decides by that name, not by how the address was spelled. What it stands for runs once the middleware has let
it.
"""

import json
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from authlab import pages
from authlab.cookies import device_cookie, session_cookie
from authlab.dal import keep_session
from authlab.db import Database
from authlab.errors import Forbidden, NotSignedIn, TooManyAttempts
from authlab.headers import harden
from authlab.middleware import classify, login_page, optimistic
from authlab.origins import csrf_ok, origin_allowed, safe_next
from authlab.request import Request
from authlab.responses import see_other
from authlab.routes import answer, url_map
from authlab.sessions.strategy import strategy
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# What passes by itself, or needs the operator: busy, locked, full, read-only, a disk that fails. Any other
# "operational" error (a misspelled column) is a mistake of ours.
NOT_NOW = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
    }
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class App:
    """The app as a WSGI callable. It holds settings, a database and a router, and nothing of any visitor."""

    def __init__(
        self,
        settings: Settings,
        on_crash: Callable[[BaseException], None] | None = None,
        *,
        database: Database | None = None,
    ) -> None:
        """Take settings, and a database in place of the one they name; raises `SettingsError` when that
        cannot be used."""
        self.settings = settings
        self.database = database or Database(settings.database)
        self._sessions = strategy(settings)
        self._urls = url_map()
        self._on_crash = on_crash or _print_traceback

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ, self.settings, self.database, self._sessions)
        try:
            response = harden(self._respond(request))
            request.note("app", f"{response.status_code}, with the security headers")
            return response(environ, start_response)
        finally:
            request.close()

    def _respond(self, request: Request) -> Response:
        request.note("app", f"{request.method} {request.path}")
        endpoint = ""
        try:
            _ = request.own_origin, request.text_of_query  # 400 for a name that is not ours, or no text
            endpoint, arguments = self._urls.bind_to_environ(request.environ).match()
            if request.has_refused_cookie:
                request.log("cookie refused", endpoint=endpoint)
            refuse_forgery(request, endpoint)
            response = optimistic(request, endpoint) or answer(request, endpoint, arguments)
            if endpoint.startswith(("pages.", "actions.")):  # what scripts ask for is no use of the session
                with suppress(
                    sqlite3.OperationalError
                ):  # the answer holds; "last seen" can wait for the next
                    keep_session(request)
            return with_cookies(request, response)
        except Exception as error:
            opened = isinstance(error, MethodNotAllowed) and request.method in ("GET", "HEAD")
            form_page = self._page_of_form(request) if opened else None
            return problem(request, endpoint, error, self._on_crash, form_page)

    def _page_of_form(self, request: Request) -> str:
        """Return the nearest page above an address to which a form is sent.

        A form that is refused stands there, and whoever loads it anew asks for a page that does not exist.
        """
        router, path = self._urls.bind_to_environ(request.environ), request.path
        while path := path.rpartition("/")[0]:
            with suppress(HTTPException):
                if router.match(path, "GET")[0].startswith("pages."):
                    return safe_next(quote(path), request.own_origin, default="/")
        return "/"


def with_cookies(request: Request, response: Response) -> Response:
    """Return `response` with the cookies that the request has earned, taking back one that proves nothing."""
    if request.new_token is not None:
        lifetime = request.settings.session_lifetime_seconds
        response.headers.add("Set-Cookie", session_cookie(request.new_token, lifetime))
    elif (request.has_refused_cookie or request.has_stale_cookie) and "Set-Cookie" not in response.headers:
        response.headers.add("Set-Cookie", session_cookie("", 0))
    if request.new_device is not None:
        response.headers.add("Set-Cookie", device_cookie(request.new_device))
    return response


def refuse_forgery(request: Request, endpoint: str) -> None:
    """Raise `Forbidden` for a request that would change something and does not come from a page of ours.

    Two checks that fail in different ways: the Origin header is the browser's word, the token is ours. Forms
    for guests have no session that a token could belong to; for them the origin decides.
    """
    if request.method in SAFE_METHODS:
        return
    if not origin_allowed(request.headers.get("Origin"), request.own_origin):
        request.note("app", "refused: the form is not from a page of ours")
        request.log("form refused", endpoint=endpoint, reason="origin")
        raise Forbidden
    if request.session is None or classify(endpoint) == "guests":
        return
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf")
    if not csrf_ok(sent, request.session.session_id, request.settings.signing_key):
        request.note("app", "refused: the form does not carry this session's token")
        request.log("form refused", endpoint=endpoint, reason="token", user=request.session.user_id)
        raise Forbidden


def problem(
    request: Request,
    endpoint: str,
    error: Exception,
    on_crash: Callable[[BaseException], None],
    form_page: str | None = None,
    page: Callable[[int, str, str, str], Response] = pages.problem,
) -> Response:
    """Return the answer to an error: a page for people, JSON for what asked for JSON, 401 for fragments.

    `form_page` is where the form is that this address takes, for whoever opens the address itself. `page`
    makes the page for people, of a status, a title, an advice and the way out.
    """
    if isinstance(error, NotSignedIn) and not endpoint.startswith(("api.", "fragments.")):
        return _take_back_cookie(see_other(login_page(request)), error.stale)
    if isinstance(error, RequestRedirect):  # the router's own: /api//me is /api/me
        return Response(status=error.code, headers={"Location": error.new_url})
    status, title, advice = _in_words(error)
    if status >= 500:
        # The visitor learns that it failed; what failed is for the operator alone.
        request.note("app", f"crashed: {type(error).__name__}: {error}")
        on_crash(error)
    if endpoint.startswith("api.") or request.path.startswith("/api/"):
        body = json.dumps({"error": title})
        response = Response(body, status=status, mimetype="application/json")
    else:
        if form_page is not None:
            advice = "A form is sent to this address. It is filled in on another page."
        response = page(status, title, advice, form_page or "/")
    if isinstance(error, TooManyAttempts):
        request.log("too many attempts", endpoint=endpoint)
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, HTTPException):
        response.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return _take_back_cookie(response, isinstance(error, NotSignedIn) and error.stale)


def _in_words(error: Exception) -> tuple[int, str, str]:
    """Return status, title and advice for a visitor: what to do next, and nothing of the inside."""
    match error:
        case NotSignedIn():
            return 401, "Not signed in", "Log in, and try again."
        case Forbidden():
            return 403, "Not for you", "You are not allowed to do this."
        case TooManyAttempts():
            minutes = -(-error.retry_after // 60)
            return 429, "Too many attempts", f"Try again in {minutes} minute{'s' if minutes != 1 else ''}."
        case RequestEntityTooLarge():
            return 413, "Too large", "Send less than 64 kilobytes."
        case HTTPException(code=int(status)):
            return status, error.name, "Check the address, or go back to the start page."
        case sqlite3.OperationalError() if _primary_code(error) in NOT_NOW:  # and nothing was changed
            return 503, "Not now", "Nothing was changed. Try again in a moment."
        case _:
            return 500, "Our mistake", "Something went wrong. Try again later."


def _primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's code without the detail that it adds above the lowest byte; 0 if there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _take_back_cookie(response: Response, stale: bool) -> Response:
    if stale:
        response.headers.add("Set-Cookie", session_cookie("", 0))
    return response


def _print_traceback(crash: BaseException) -> None:
    traceback.print_exception(crash, file=sys.stderr)
