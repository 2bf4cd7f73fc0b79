"""The X-ray of `authlab serve`: under each page, what just happened; with a flaw, a banner above it.

A WSGI app around the app, which knows nothing of it. It reads the trace that the app leaves, the cookies and
the headers (`xray_seen`), and puts what can be seen there into pages as HTML (`xray_panel`).

It is for one learner on their own machine: what it remembers is the server's, not a visitor's, so two people
at one server would see each other's requests.
"""

import re
import threading
from collections import deque
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from authlab.course import mounting
from authlab.lab.xray_panel import STYLE, STYLE_PATH, banner, panel
from authlab.lab.xray_seen import Seen, seen
from authlab.request import TRACE_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_EARLIER = 12  # bounded: a server that runs for days remembers no more than one that has just begun


class Xray:
    """The app as a WSGI callable that shows under each page how its answer came about.

    `parts` are those that something is mounted in place of: the panel says how often they ran. With `flaw`,
    its name, each page also begins with a banner: what is wrong on purpose must not look like what is not.
    """

    def __init__(self, app: "WSGIApplication", *, parts: Iterable[str] = (), flaw: str = "") -> None:
        self._app = app
        self._parts = tuple(parts)
        self._top = STYLE + (banner(flaw, self._parts) if flaw else "")
        self._earlier: deque[Seen] = deque(maxlen=MAX_EARLIER)  # what was answered since the last page
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the app does. A page gets its panel; everything else is passed on as it is."""
        request = Request(environ, populate_request=False)
        if request.path == STYLE_PATH and request.method in ("GET", "HEAD"):
            return _style()(environ, start_response)
        trace: list[tuple[str, str]] = []
        environ[TRACE_KEY] = trace
        before = self._calls()
        body, status, headers = run_wsgi_app(self._app, environ)
        # A request at the same time would be counted here, too. One learner sends them one after the other.
        calls = {part: count - before[part] for part, count in self._calls().items()}
        answer = seen(request, status, headers, trace, calls)
        if _may_be_page(answer, headers):
            html = _read(body)
            shown = self._with_panel(html, answer)
            if shown != html:
                headers["Content-Length"] = str(len(shown))
            body = [shown]
        else:
            self._remember(answer)
        start_response(status, headers.to_wsgi_list())
        return body

    def _with_panel(self, html: bytes, answer: Seen) -> bytes:
        """Return a page with banner and panel, or a piece of one, which has no end of a body, as it is."""
        # The last one: with a flaw that escapes nothing, a member's name can hold another.
        end = html.lower().rfind(b"</body>")
        start = re.search(rb"<body\b[^>]*>", html, re.IGNORECASE)
        if start is None or end < start.end():
            self._remember(answer)
            return html
        with self._lock:
            earlier = tuple(self._earlier)
            self._earlier.clear()
        top, bottom = _ascii(self._top), _ascii(panel(answer, earlier))
        return b"".join((html[: start.end()], top, html[start.end() : end], bottom, html[end:]))

    def _remember(self, answer: Seen) -> None:
        if answer.kind != "file":
            with self._lock:
                self._earlier.append(answer)

    def _calls(self) -> dict[str, int]:
        return {part: mounting.slot_of(part).calls for part in self._parts}


def _may_be_page(answer: Seen, headers: Headers) -> bool:
    """Return whether an answer is HTML for a browser's window, whole and readable."""
    return (
        answer.kind == "page"
        and answer.method != "HEAD"
        and not answer.status.startswith("3")
        and headers.get("Content-Type", "").partition(";")[0].strip().lower() == "text/html"
        and "Content-Encoding" not in headers
        and "Content-Length" in headers  # without it, the answer is a stream
    )


def _read(body: Iterable[bytes]) -> bytes:
    try:
        return b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()


def _ascii(html: str) -> bytes:
    """Return HTML that reads the same in whichever encoding the page has."""
    return html.encode("ascii", "xmlcharrefreplace")


def _style() -> Response:
    """Return the panel's stylesheet: a file of its own, as the content security policy asks for."""
    response = Response(_stylesheet(), content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    # The package's own headers, whatever is mounted: this file is no part of the app.
    hardened: Response = mounting.original("authlab.headers:harden")(response)
    return hardened


@cache
def _stylesheet() -> bytes:
    return Path(__file__).with_name("xray.css").read_bytes()
