"""How much a stranger may send: refused by size, before anything is parsed, hashed or asked."""

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app

from authlab.lab.apps import LabApp

LIMIT = 64 * 1024
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
CHUNKED = {"wsgi.input_terminated": True}  # how a server says that it takes chunks apart


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp()
    app.hashes = 0
    app.statements.clear()
    yield app
    app.close()


class Wire:
    """A client's bytes as they come in, counting how many the app takes."""

    def __init__(self, body: bytes) -> None:
        self._bytes = BytesIO(body)
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        data = self._bytes.read(size)
        self.taken += len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        data = self._bytes.readline(size)
        self.taken += len(data)
        return data

    def readinto(self, buffer: bytearray) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Answer:
    """Status, page, and how many bytes of the body the app read."""

    def __init__(self, status: str, page: bytes, taken: int) -> None:
        self.status = int(status[:3])
        self.page = page.decode()
        self.taken = taken


def post(
    app: LabApp,
    body: bytes,
    *,
    path: str = "/signup",
    content_type: str = URLENCODED,
    content_length: str | None = "true",
    environ: Mapping[str, Any] | None = None,
) -> Answer:
    """Send a body; `content_length` is what the header claims, None for no header."""
    wire = Wire(body)
    request: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "lab.test",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "lab.test",
        "HTTP_ORIGIN": "https://lab.test",
        "CONTENT_TYPE": content_type,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": wire,
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **(environ or {}),
    }
    if content_length is not None:
        request["CONTENT_LENGTH"] = str(len(body)) if content_length == "true" else content_length
    content: Iterable[bytes]
    content, status, _ = run_wsgi_app(app, request, buffered=True)
    return Answer(status, b"".join(content), wire.taken)


def form_of(size: int) -> bytes:
    """A form with an e-mail that makes it `size` bytes long."""
    return b"name=Eve&password=let-me-in-4&email=".ljust(size, b"x")


def multipart_of(size: int) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
    return head + b"x" * (size - len(head) - 9) + b"\r\n--b--\r\n"


def json_of(size: int) -> bytes:
    return json.dumps({"email": "x" * (size - 13)}).encode()


@pytest.mark.parametrize("path", ["/signup", "/login"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (URLENCODED, form_of(LIMIT + 1)),
        (MULTIPART, multipart_of(LIMIT + 1)),
        ("application/json", json_of(LIMIT + 1)),
        ("text/plain", b"x" * (LIMIT + 1)),
        ("", b"x" * (LIMIT + 1)),
    ],
    ids=["urlencoded", "multipart", "json", "text", "no type"],
)
def test_one_byte_over_64_kib_is_too_large(app: LabApp, path: str, content_type: str, body: bytes) -> None:
    """A form fits into a page. Refused by what the request says of itself: not a byte is read, no password
    is hashed, no query asked; a flood costs the flooder more than the app."""
    assert len(body) == 65_537
    answer = post(app, body, path=path, content_type=content_type)

    assert answer.status == 413
    assert "Send less than 64 kilobytes." in answer.page
    assert answer.taken == 0
    assert app.hashes == 0
    assert app.statements == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(URLENCODED, form_of(LIMIT)), (MULTIPART, multipart_of(LIMIT)), ("application/json", json_of(LIMIT))],
    ids=["urlencoded", "multipart", "json"],
)
def test_64_kib_are_read(app: LabApp, content_type: str, body: bytes) -> None:
    """At the limit, the form is judged as a form: its e-mail is no address."""
    assert len(body) == 65_536
    assert post(app, body, content_type=content_type).status == 422
    assert app.hashes == 0


def test_a_claim_that_is_too_small_is_taken_at_its_word(app: LabApp) -> None:
    """The header says 100, a megabyte follows: the app reads 100 and leaves the rest on the wire."""
    answer = post(app, form_of(1_000_000), content_length="100")
    assert answer.status == 422
    assert answer.taken <= 100


def test_a_claim_that_is_too_large_is_refused_unread(app: LabApp) -> None:
    """The header says a gigabyte, little follows: nobody waits for the rest."""
    answer = post(app, form_of(100), content_length="1000000000")
    assert answer.status == 413
    assert answer.taken == 0


def test_a_body_that_ends_early_is_refused(app: LabApp) -> None:
    """The connection broke in mid-form: half a form is not judged as a whole one, and no account is made."""
    body = b"name=Eve&email=eve@lab.test&password=let-me-in-4"
    assert post(app, body, content_length="200").status == 400
    assert len(app.members()) == 3


@pytest.mark.parametrize("claim", [None, "", "-5", "0", "nonsense", "1e9", "0x10", "65537 "])
def test_without_a_length_that_holds_nothing_is_read(app: LabApp, claim: str | None) -> None:
    """A server without chunked bodies hands on what has no length; reading it would wait for ever."""
    answer = post(app, form_of(1_000_000), content_length=claim)
    assert answer.status in (400, 413, 422)
    assert answer.taken == 0
    assert app.hashes == 0


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(URLENCODED, form_of(1_000_000)), (MULTIPART, multipart_of(1_000_000))],
    ids=["urlencoded", "multipart"],
)
def test_a_body_in_chunks_is_counted_while_it_comes(app: LabApp, content_type: str, body: bytes) -> None:
    """It has no length to refuse it by. Reading stops where the limit is passed, not where the body ends; and
    what was read until then is no form."""
    answer = post(app, body, content_type=content_type, content_length=None, environ=CHUNKED)
    assert answer.status == 413
    assert answer.taken <= LIMIT + 1
    assert app.hashes == 0


def test_a_password_is_never_cut_at_the_limit(app: LabApp) -> None:
    """A form in chunks, and the limit falls into its password: refused, not stored by half."""
    body = b"name=Eve&email=eve@lab.test&password=a1-".ljust(LIMIT + 1000, b"x")
    assert post(app, body, content_length=None, environ=CHUNKED).status == 413
    assert len(app.members()) == 3


def test_a_small_body_in_chunks_is_a_form(app: LabApp) -> None:
    """Chunks are no crime."""
    body = b"name=Eve&email=eve@lab.test&password=let-me-in-4"
    assert post(app, body, content_length=None, environ=CHUNKED).status == 303


def test_a_form_has_at_most_50_parts(app: LabApp) -> None:
    """Each part of a multipart form costs memory of its own, however small it is."""
    part = b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n'
    fifty_one = b"".join(part % number for number in range(51)) + b"--b--\r\n"
    assert len(fifty_one) < LIMIT
    assert post(app, fifty_one, content_type=MULTIPART).status == 413


def test_a_body_that_nobody_reads_is_not_read(app: LabApp) -> None:
    """Logging out needs no form: what comes with it stays on the wire."""
    answer = post(app, form_of(1_000_000), path="/logout")
    assert answer.status in (303, 413)
    assert answer.taken == 0


def test_a_refused_origin_is_refused_unread(app: LabApp) -> None:
    """Another site's form is refused for what it is, before its size is anybody's concern."""
    answer = post(app, form_of(1000), environ={"HTTP_ORIGIN": "https://evil.test"})
    assert answer.status == 403
    assert answer.taken == 0


def test_a_password_at_the_limit_costs_one_hash(app: LabApp) -> None:
    """bcrypt gets a digest: 60,000 characters cost what eight cost, and all of them count."""
    password = "a1-" + "x" * 60_000
    body = f"name=Eve&email=eve@lab.test&password={password}".encode()
    assert post(app, body).status == 303
    assert app.hashes == 1
    right = f"email=eve@lab.test&password={password}".encode()
    assert post(app, right, path="/login").status == 303
    assert post(app, right[:-1], path="/login").status == 401
