"""A notebook's app in the learner's own browser: `app.open_page()`.

A server on this machine alone, in the notebook's process, for as long as the app is open. Each page has a
name of its own that nobody can guess: cookies and Clear-Site-Data know no ports, so under a shared name an
app with a flaw would meet the cookies of JupyterLab, which runs code, and of the app beside it. For the same
reason it never goes through the notebook's server.
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

from authlab.lab.show.display import Display, Tone, bar, card, paragraph, quoted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from authlab.lab.apps import LabApp
    from authlab.lab.remote import RemoteApp

HOST = "127.0.0.1"  # never another: this is teaching code
MOST_PAGES = 4  # whoever runs a cell again and again gets new apps, and an open page keeps its app
IDLE_SECONDS = 10  # browsers open connections ahead, and may never use them
OF_A_HUB = "JUPYTERHUB_API_URL"  # in the environment of kernels that a JupyterHub has started

_pages: "dict[LabApp | RemoteApp, Page]" = {}  # in the order in which they were opened


def open_page(app: "LabApp | RemoteApp") -> Display:
    """Serve `app` and return a card with its address; once more, the same address.

    The card of a hub's kernel says that there is none: the address would be the hub's machine, not yours.
    """
    if OF_A_HUB in os.environ:
        return _only_at_home()
    if app not in _pages:
        while len(_pages) >= MOST_PAGES:
            close_page(next(iter(_pages)))
        _pages[app] = Page(app)
    return _card(_pages[app].url, app.flaw)


def close_page(app: "LabApp | RemoteApp") -> None:
    """End the page of `app`, if it has one: its port is free then, and its threads have ended."""
    page = _pages.pop(app, None)
    if page is not None:
        page.close()


class Page:
    """One app on a port that the system has chosen. `url` is where."""

    def __init__(self, app: "LabApp | RemoteApp") -> None:
        name = f"app-{secrets.token_hex(4)}.localhost"
        self._app = app.as_page(name)
        self._server = _Server(self._answer)
        self._host = f"{name}:{self._server.port}"
        self.url = f"http://{self._host}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name=name, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering, and wait until nothing runs any more."""
        self._server.shutdown()
        self._thread.join()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # The app's own look at the Host header would not do: that may be what is wrong.
        if environ.get("HTTP_HOST", "").lower() != self._host:
            answer: WSGIApplication = Response("Open the app by the link in its notebook.\n", status=400)
            return answer(environ, start_response)
        try:
            return self._app(environ, start_response)
        except RuntimeError as error:  # a `RemoteApp` without its process
            answer = Response(f"This app has ended: {error}.\n", status=503)
            return answer(environ, start_response)


class _Handler(WSGIRequestHandler):
    timeout = IDLE_SECONDS

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a kernel would show it under whichever cell runs."""


class _Server(ThreadedWSGIServer):
    """Werkzeug's server, which at its end also ends the connections that browsers hold open."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(HOST, 0, app, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):  # its browser was quicker
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing, as above: what crashes in the app is in `app.crashes`."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def _card(url: str, flaw: str | None) -> Display:
    from authlab.lab.apps import ADA, GRACE

    aside = "" if flaw is None else f"a wrong part is mounted: {flaw}"
    link = f'<a href="{quoted(url)}" target="_blank" rel="noopener noreferrer">{quoted(url)}</a>'
    people = [f"{name.partition(' ')[0]} is `{email}`, `{word}`" for name, email, word in (ADA, GRACE)]
    tone = Tone.INFO if flaw is None else Tone.BAD
    return card(
        bar("The app in your browser", aside, tone=tone),
        Display(f'<div style="padding:4px 12px">{link}</div>', url),
        paragraph(f"To log in: {'; '.join(people)} (an admin)."),
        paragraph(
            "It is there for this machine only, until the app is closed (`.close()`) or the kernel ends.",
            faded=True,
        ),
        tone=tone,
    )


def _only_at_home() -> Display:
    return card(
        bar("The app in your browser", tone=Tone.NOTE),
        paragraph(
            "This kernel runs on a hub, and the app answers only on the machine that it runs on. "
            "On your own machine: `python3 -m authlab serve`"
        ),
        tone=Tone.NOTE,
    )
