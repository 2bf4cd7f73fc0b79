"""The app: one request in, one response out, and the only place where an error becomes HTTP.

app -> middleware -> routes -> pages | actions | api -> dal -> db
"""

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from authlab import pages
from authlab.cookies import session_cookie
from authlab.db import Database
from authlab.errors import Forbidden, NotSignedIn
from authlab.headers import harden
from authlab.middleware import optimistic
from authlab.origins import origin_allowed
from authlab.request import Request
from authlab.responses import see_other
from authlab.routes import URL_MAP, answer
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class App:
    """The app as a WSGI callable. It holds settings and a database, and nothing of any visitor."""

    def __init__(self, settings: Settings, on_crash: Callable[[BaseException], None] | None = None) -> None:
        """Take settings; raises `SettingsError` when the database cannot be used."""
        self.settings = settings
        self.database = Database(settings.database)
        self._on_crash = on_crash or _print_traceback

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ, self.settings, self.database)
        try:
            response = harden(self._respond(request))
            request.note("app", f"{response.status_code}, with the security headers")
            return response(environ, start_response)
        finally:
            request.close()

    def _respond(self, request: Request) -> Response:
        request.note("app", f"{request.method} {request.path}")
        try:
            _ = request.host  # 400 for a name that is not ours, before anything else
            endpoint, arguments = URL_MAP.bind_to_environ(request.environ).match()
            if request.method not in SAFE_METHODS and not origin_allowed(
                request.headers.get("Origin"), request.host_url.rstrip("/")
            ):
                raise Forbidden
            return optimistic(request, endpoint) or answer(request, endpoint, arguments)
        except NotSignedIn as refused:
            return _to_login(clear_cookie=refused.stale)
        except Forbidden:
            return pages.problem(403, "Not for you", "You are not allowed to do this.")
        except RequestEntityTooLarge:
            return pages.problem(413, "Too large", "Send less than 64 kilobytes.")
        except HTTPException as error:
            return _http_problem(error)
        except Exception as crash:
            # The visitor learns that it failed; what failed is for the operator alone.
            request.note("app", f"crashed: {type(crash).__name__}: {crash}")
            self._on_crash(crash)
            return pages.problem(500, "Our mistake", "Something went wrong. Try again later.")


def _to_login(*, clear_cookie: bool) -> Response:
    response = see_other("/login")
    if clear_cookie:
        response.headers.add("Set-Cookie", session_cookie("", 0))
    return response


def _http_problem(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # the router's own redirects
        return Response(status=error.code or 500, headers=error.get_headers())
    response = pages.problem(error.code, error.name, "Check the address, or go back to the start page.")
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _print_traceback(crash: BaseException) -> None:
    traceback.print_exception(crash, file=sys.stderr)
