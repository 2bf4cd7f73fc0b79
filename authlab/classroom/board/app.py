"""The board as an app: authlab's own wiring, with the board's addresses behind it."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from authlab import app
from authlab.classroom.board.pages import FINGERPRINT_KEY, problem
from authlab.classroom.board.routes import answer, url_map
from authlab.dal import keep_session
from authlab.middleware import optimistic
from authlab.request import Request
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Board(app.App):
    """A WSGI callable. Request, hardening and errors are the app's; see `authlab.app`."""

    def __init__(
        self,
        settings: Settings,
        fingerprint: str = "",
        on_crash: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Take settings (see `board_settings`), and the fingerprint of the certificate that it is served
        with."""
        super().__init__(settings, on_crash)
        self._urls = url_map()
        self._fingerprint = fingerprint

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        environ[FINGERPRINT_KEY] = self._fingerprint

        # Strict-Transport-Security knows no ports: who obeyed it would find JupyterLab, or whatever
        # else is served here without TLS, no more. Others reach the board by TLS alone, anyway.
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = [(name, value) for name, value in headers if name != "Strict-Transport-Security"]
            return start_response(status, kept, exc_info)

        return super().__call__(environ, start)

    def _respond(self, request: Request) -> Response:
        endpoint = ""
        try:
            _ = request.own_origin, request.text_of_query
            endpoint, arguments = self._urls.bind_to_environ(request.environ).match()
            if request.has_refused_cookie:
                request.log("cookie refused", endpoint=endpoint)
            app.refuse_forgery(request, endpoint)
            if not endpoint.startswith(
                ("pages.", "actions.")
            ):  # for scripts and kits: they ask by themselves
                return answer(request, endpoint, arguments)
            response = optimistic(request, endpoint) or answer(request, endpoint, arguments)
            with suppress(sqlite3.OperationalError):
                keep_session(request)
            return app.with_cookies(request, response)
        except Exception as error:
            return app.problem(request, endpoint, error, self._on_crash, page=problem)
