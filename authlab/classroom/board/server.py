"""How requests reach the board: a thread for each, limits on how long one may take, and TLS in the thread.

Werkzeug's own TLS shakes hands where connections are accepted: one visitor who connects and says nothing
would stop the board for all.
"""

import hashlib
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SECONDS_OF_SILENCE = 10  # then a connection is closed: in the handshake, in a request, in an answer
SECONDS_AT_MOST = 30  # for all of a connection: whoever sends a byte now and then is never silent
CONNECTIONS_AT_ONCE = 256  # more are closed at once; a kit tries again later
FINGERPRINT_DIGITS = (
    20  # 80 bits of SHA-256: nobody makes a certificate that agrees in them, and people read them
)


class _Handler(WSGIRequestHandler):
    """Answers one request a connection. It logs nothing: what happens is on the board."""

    protocol_version = "HTTP/1.0"  # a page that is left open holds no thread
    timeout = SECONDS_OF_SILENCE

    def version_string(self) -> str:
        return "authlab"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class BoardServer(ThreadedWSGIServer):
    """Serves the board. `tls` is None on a loopback address only: see `addresses.is_loopback`."""

    def __init__(self, host: str, port: int, app: "WSGIApplication", tls: ssl.SSLContext | None) -> None:
        """Listen; raises `OSError` or `SystemExit` where that is not possible."""
        super().__init__(host, port, app, handler=_Handler)
        self.ssl_context = tls  # afterwards, so that the socket that listens stays a plain one
        self._free = threading.BoundedSemaphore(CONNECTIONS_AT_ONCE)
        self._since: dict[socket.socket, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, or close it where there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where there is TLS, and answer."""
        request.settimeout(SECONDS_OF_SILENCE)
        if isinstance(self.ssl_context, ssl.SSLContext):
            with self.ssl_context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as wrapped:
                self._answer(wrapped, client_address)
        else:
            self._answer(request, client_address)

    def _answer(self, connection: socket.socket, client_address: Any) -> None:
        self._since[connection] = time.monotonic()
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            super().finish_request(connection, client_address)
        finally:
            del self._since[connection]

    def service_actions(self) -> None:
        """Cut off connections that have lasted too long; called by the loop that accepts them."""
        before = time.monotonic() - SECONDS_AT_MOST
        for connection in [one for one, since in self._since.copy().items() if since < before]:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # under TLS, too: wakes the thread

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: somebody hung up, or spoke no TLS. What the app itself raises it has answered."""


def is_any_address(host: str) -> bool:
    """Return whether `host` stands for all addresses of the machine, and names none."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host == ""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what the board is served with; raises `OSError` or `ssl.SSLError` (also one) or `ValueError`."""

    def no_password() -> str:
        raise ValueError("the key is encrypted")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password=no_password)
    return context


def fingerprint_of(certificate: Path) -> str:
    """Return the fingerprint of the first certificate in a PEM file, as `shown_fingerprint` writes it."""
    text = certificate.read_text(encoding="ascii", errors="replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = begin + text.partition(begin)[2].partition(end)[0] + end + "\n"
    return shown_fingerprint(hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest())


def shown_fingerprint(digest: str) -> str:
    """Return as much of a certificate's SHA-256 as people compare: `3f2a 91bc 04de 7781 aa10`."""
    shown = digest[:FINGERPRINT_DIGITS]
    return " ".join(shown[start : start + 4] for start in range(0, FINGERPRINT_DIGITS, 4))


def resolves(host: str) -> bool:
    """Return whether the machine knows an address for `host`."""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
