"""What the X-ray keeps of an answer: no signature, no cookie's value, nothing that was typed into a form.

All that is left out here, before anything is remembered: what is not kept cannot be shown by mistake.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request, Response

from authlab.cookies import SESSION_COOKIE
from authlab.course import mounting
from authlab.lab.show.cookie import Finding, findings, parse_set_cookie

MAX_STEPS = 100
MAX_COOKIES = 5  # of one name there can be several, where somebody planted one
MAX_CHARACTERS = 1000  # of one statement, one path, one part of a token

# What stands between quotes in SQL, with its doubled quotes; to the end, where the last one is missing.
_LITERAL = re.compile(r"""'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)""")
# A flaw may leave out the prefix. Cookies of other names may be those of other servers on this machine.
_NAMES = (SESSION_COOKIE, "__Secure-session", "session")
_NO_PAGES = frozenset({"api", "fragments"})
# What a browser says it will do with the answer (Sec-Fetch-Dest), where that is to show it as a page.
_WINDOWS = frozenset({"document", "iframe", "frame", "embed", "object"})

Kind = Literal["page", "call", "file"]


@dataclass(frozen=True, slots=True)
class Token:
    """A session token, decoded: its header and payload as JSON, and of its signature the length alone."""

    header: str
    payload: str
    signature_bytes: int


@dataclass(frozen=True, slots=True)
class NewCookie:
    """A cookie that an answer sets, without its value: what its attributes do, and the token if it is one."""

    name: str
    findings: tuple[Finding, ...]
    token: Token | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer, and how it came about."""

    kind: Kind  # a page or the way to one; what a script fetched; a stylesheet, a picture, a script
    method: str
    path: str
    status: str  # "303 See Other"
    location: str  # where it sends the visitor, without the query; "" for nowhere
    steps: tuple[tuple[str, str], ...]  # (layer, what), in their order
    came: tuple[tuple[str, Token | int], ...]  # the request's session cookies; of what is no token its length
    sets: tuple[NewCookie, ...]
    headers: tuple[str, ...]  # names of the security headers that it has
    missing: tuple[str, ...]  # and of those that the package would have added
    calls: Mapping[str, int]  # how often each mounted part ran


def seen(
    request: Request,
    status: str,
    headers: Headers,
    trace: Sequence[tuple[str, str]],
    calls: Mapping[str, int],
) -> Seen:
    """Return what the X-ray keeps of one answer."""
    hardened = _security_headers()
    return Seen(
        kind=_kind(request, trace),
        method=request.method,
        path=_cut(request.path),
        status=_in_words(status),
        location=_without_query(headers.get("Location", "")),
        steps=tuple((layer, _step(layer, what)) for layer, what in trace[:MAX_STEPS]),
        came=tuple(_session_cookies(request))[:MAX_COOKIES],
        sets=tuple(_new_cookie(text) for text in headers.getlist("Set-Cookie")),
        headers=tuple(name for name in hardened if name in headers),
        missing=tuple(name for name in hardened if name not in headers),
        calls=dict(calls),
    )


def decoded(token: str) -> Token | None:
    """Return a token's header and payload, or None for what is no token. It is read, and not verified.

    Whoever holds a token can do the same; that is why nothing secret may stand in it.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, payload = (_json(part) for part in parts[:2])
        return Token(header, payload, len(_bytes(parts[2])))
    except (ValueError, RecursionError):
        return None


def _in_words(status: str) -> str:
    """Return "303 See Other" for the "303 SEE OTHER" of a server, and what has no number as it is."""
    number = status[:3]
    known = HTTP_STATUS_CODES.get(int(number)) if number.isascii() and number.isdecimal() else None
    return f"{number} {known}" if known else _cut(status)


def _kind(request: Request, trace: Sequence[tuple[str, str]]) -> Kind:
    """Return what was asked for: the browser's word, or the trace's where a client says nothing."""
    destination = request.headers.get("Sec-Fetch-Dest", "")
    if destination == "empty" or any(layer in _NO_PAGES for layer, _ in trace):
        return "call"
    if ("pages", "static") in trace or destination not in {"", *_WINDOWS}:
        return "file"
    return "page"


def _step(layer: str, what: str) -> str:
    if layer == "db":
        # Values belong beside a statement, as `?`. A flaw may paste in what was typed: between quotes it is
        # left out; what has broken out of them (SQL injection) is part of the statement that ran, and stays.
        return _cut(_LITERAL.sub("'…'", what))
    if layer == "app" and what.startswith("crashed: "):
        # An error's text may quote what was typed (pydantic's quotes passwords): only its type is kept.
        return ": ".join(what.split(": ")[:2]) + ", see the terminal"
    return _cut(what)


def _session_cookies(request: Request) -> Iterator[tuple[str, Token | int]]:
    for name in _NAMES:
        for text in request.cookies.getlist(name):
            yield name, decoded(text) or len(text)


def _new_cookie(text: str) -> NewCookie:
    parsed = parse_set_cookie(text)
    return NewCookie(_cut(parsed.name), tuple(findings(parsed)), decoded(parsed.value))


def _security_headers() -> tuple[str, ...]:
    """Return the names of the headers that the package's own `harden` adds to an answer."""
    bare = Response()
    names = set(bare.headers.keys())
    hardened: Response = mounting.original("authlab.headers:harden")(bare)
    return tuple(name for name, _ in hardened.headers if name not in names)


def _json(part: str) -> str:
    """Return a part of a token as readable JSON; raises `ValueError` when it is none."""
    told: Any = json.loads(_bytes(part))
    if not isinstance(told, dict):
        raise ValueError("no object")
    return _cut(json.dumps(told, indent=2, ensure_ascii=False))


def _bytes(part: str) -> bytes:
    if re.fullmatch(r"[\w-]*", part, re.ASCII) is None:  # Python would skip what does not belong there
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _without_query(address: str) -> str:
    """Return where a redirect leads without its query, which may hold what a visitor typed."""
    return _cut(address.partition("?")[0].partition("#")[0])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"
