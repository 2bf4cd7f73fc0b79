"""One request to the board, from a learner's kit. Standard library only: `check` waits for no imports.

No redirect is followed and no proxy asked, so that a key goes to the board that was joined and nowhere else.
"""

import hashlib
import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

ANSWER_MAX_BYTES = 64 * 1024


class Unreachable(Exception):
    """No answer came that is the board's."""


class NotVouchedFor(Unreachable):
    """The board's certificate is signed by nobody whom this machine knows. `digest` is its SHA-256."""

    def __init__(self, digest: str) -> None:
        super().__init__("the certificate is not vouched for")
        self.digest = digest


def post(
    url: str, path: str, body: object, *, key: str = "", pin: str | None = None, timeout_seconds: float
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of the board's answer; raises `Unreachable`, and nothing else.

    With `pin`, the SHA-256 of its certificate, the board is the one with that certificate. Without, an
    authority that this machine trusts has to vouch for it. Either is known before a byte of the request is
    sent.
    """
    connection = _connection(url, pin, timeout_seconds)
    headers = {"Content-Type": "application/json", "Origin": url, "Host": urlsplit(url).netloc}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        said = json.loads(answer.read(ANSWER_MAX_BYTES))
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise Unreachable(str(error)) from None
    finally:
        connection.close()
    if not isinstance(said, dict):
        raise Unreachable("the answer is not the board's")
    return answer.status, said


def _connection(url: str, pin: str | None, timeout_seconds: float) -> http.client.HTTPConnection:
    """Return an open connection to the board, proven to be the board's where there is TLS."""
    there = urlsplit(url)
    host = there.hostname or ""
    # Names below `localhost` are here, which not every system knows. `localhost` itself stays: it is known
    # everywhere, and a certificate may name it.
    if host.endswith(".localhost"):
        host = "127.0.0.1"
    connection = http.client.HTTPConnection(host, there.port, timeout=timeout_seconds)
    if there.scheme == "https":
        context = ssl.create_default_context() if pin is None else _unverified()
        connection = http.client.HTTPSConnection(host, there.port, timeout=timeout_seconds, context=context)
    try:
        connection.connect()
        if pin is not None and _digest(connection) != pin:
            raise Unreachable("it has another certificate than the one that was joined")
    except ssl.SSLCertVerificationError:
        connection.close()
        raise NotVouchedFor(_digest_at(host, there.port, timeout_seconds)) from None
    except (OSError, UnicodeError) as error:
        connection.close()
        raise Unreachable(str(error)) from None
    except Unreachable:
        connection.close()
        raise
    return connection


def _digest_at(host: str, port: int | None, timeout_seconds: float) -> str:
    """Return the SHA-256 of the certificate at an address. Nothing is sent there."""
    connection = http.client.HTTPSConnection(host, port, timeout=timeout_seconds, context=_unverified())
    try:
        connection.connect()
        return _digest(connection)
    except OSError as error:
        raise Unreachable(str(error)) from None
    finally:
        connection.close()


def _digest(connection: http.client.HTTPConnection) -> str:
    shaken = connection.sock
    certificate = shaken.getpeercert(binary_form=True) if isinstance(shaken, ssl.SSLSocket) else None
    return hashlib.sha256(certificate or b"").hexdigest()


def _unverified() -> ssl.SSLContext:
    """Return a context for a certificate that is compared byte for byte, and trusted for that alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
