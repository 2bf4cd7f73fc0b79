"""One HTTP exchange: what the browser sent, what the server answered, what the visitor sees."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from werkzeug.http import HTTP_STATUS_CODES

from authlab.lab.show.cookie import cookie_rows, set_cookie_texts
from authlab.lab.show.display import (
    CODE,
    FADED,
    Display,
    Row,
    Tone,
    bar,
    block,
    card,
    folded,
    paragraph,
    printable,
    quoted,
    rows,
    shortened,
)
from authlab.lab.show.page_text import Line, page_lines

HIDDEN_PASSWORD = "••••"
EXCERPT_LINES = 14
SOURCE_CHARACTERS = 20_000

# What the client library adds to every request, with its version and what else is installed.
_LIBRARY_HEADERS = frozenset({"user-agent", "accept-encoding", "connection", "content-length"})
# What a server's front adds: another value in every run.
_SERVER_HEADERS = frozenset({"date", "server", "connection", "set-cookie"})
_ANSWERS_THAT_MATTER = (
    "location",
    "www-authenticate",
    "retry-after",
    "allow",
    "clear-site-data",
    "content-type",
)


def exchange(response: requests.Response) -> Display:
    """Return a request and its response as a browser's network panel would show them.

    Passwords are never shown, and the middle of cookies is left out. Headers that differ from run
    to run (Date, Server, the client's own) are not shown at all.
    """
    status = _status(response)
    tone = _tone(response.status_code)
    return card(*_request(response.request), *_response(response, status, tone), tone=tone)


def _request(request: requests.PreparedRequest) -> list[Display]:
    address = urlsplit(str(request.url))
    # A loopback address has a port of the day; the lab's own names say which site is asked.
    local = address.hostname in (None, "127.0.0.1", "localhost", "::1")
    host = "" if local else f"to {address.scheme}://{address.netloc}"
    facts = []
    headers: Mapping[str, str | bytes] = request.headers  # bytes, when a caller prepared them so
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if name.lower() == "cookie":
            facts += [Row("Cookie", _short_pair(pair)) for pair in text.split("; ")]
        elif name.lower() not in _LIBRARY_HEADERS and (name.lower(), text) != ("accept", "*/*"):
            facts.append(Row(name, shortened(text, 200)))
    return [
        bar(f"→ {request.method} {request.path_url}", host, code=True),
        rows(facts),
        _sent(request),
    ]


def _sent(request: requests.PreparedRequest) -> Display:
    """Return the body that was sent: a form's fields, or JSON, with passwords hidden."""
    body = request.body
    if not body:
        return Display("", "")
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    if "x-www-form-urlencoded" in str(request.headers.get("Content-Type", "")):
        fields = parse_qsl(text, keep_blank_values=True)
        return rows(
            Row("form" if number == 0 else "", f"{name} = {_hidden(name, value)}")
            for number, (name, value) in enumerate(fields)
        )
    try:
        pretty = _pretty(_without_passwords(json.loads(text)))
    except ValueError:
        return block(shortened(text, 2000))
    return block(pretty)


def _response(response: requests.Response, status: str, tone: Tone) -> list[Display]:
    headers = [(k, v) for k, v in response.headers.items() if k.lower() not in _SERVER_HEADERS]
    first = sorted(
        ((name, value) for name, value in headers if name.lower() in _ANSWERS_THAT_MATTER),
        key=lambda header: _ANSWERS_THAT_MATTER.index(header[0].lower()),
    )
    others = [(name, value) for name, value in headers if name.lower() not in _ANSWERS_THAT_MATTER]
    location = [Row(name, value) for name, value in first if name.lower() == "location"]
    after = [Row(name, value) for name, value in first if name.lower() != "location"]
    cookies = [row for text in set_cookie_texts(response) for row in cookie_rows(text)]
    pieces = [
        bar(f"← {status}", _word(response.status_code), tone=tone),
        rows(location + cookies + after),
    ]
    if others:
        inside = rows(Row(name, value) for name, value in others)
        summary = f"{len(others)} more header{'s' * (len(others) > 1)}"
        names = f"  {summary}: " + ", ".join(name for name, _ in others)
        pieces.append(folded(summary, inside, text=printable(names)))
    return [*pieces, *_body(response)]


def _body(response: requests.Response) -> list[Display]:
    content = response.content
    if not content:
        return [paragraph("no body", faded=True)]
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # Not response.text: without a charset it guesses, and the guess depends on what is installed.
    text = content.decode("utf-8", "replace")
    if kind == "text/html":
        source = block(text[:SOURCE_CHARACTERS])
        summary = f"Source of the page ({len(text)} characters)"
        return [
            _page(page_lines(text)),
            folded(summary, source, text=f"  {summary}: not shown here"),
        ]
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return [block(_pretty(json.loads(text)))]
        except ValueError:
            return [block(text[:SOURCE_CHARACTERS])]
    if kind.startswith("text/"):
        lines = text.splitlines()
        shown = block("\n".join(lines[:EXCERPT_LINES]))
        left = len(lines) - EXCERPT_LINES
        return [shown, paragraph(f"… {left} more lines", faded=True)] if left > 0 else [shown]
    return [paragraph(f"{len(content)} bytes of {kind or 'an unnamed type'}", faded=True)]


def _page(lines: list[Line]) -> Display:
    """Return the first lines of a page, and all that are errors or run a script."""
    shown = [
        line for number, line in enumerate(lines) if number < EXCERPT_LINES or line.tone is not Tone.PLAIN
    ]
    left = len(lines) - len(shown)
    html = "".join(_page_line(line) for line in shown)
    texts = [f"  | {shortened(f'{_glyph(line)} {line.text}'.strip(), 100)}" for line in shown]
    if left:
        more = f"… {left} more line{'s' * (left > 1)}"
        html += f'<div style="padding:0 10px;{FADED}">{more}</div>'
        texts.append(f"  | {more}")
    edge = "border:1px dashed rgba(128,128,128,.45);border-radius:4px"
    frame = f'<div style="margin:6px 12px 8px 12px;padding:4px 0;{edge}">{html}</div>'
    return Display(frame, printable("\n".join(texts)))


def _page_line(line: Line) -> str:
    text = quoted(shortened(line.text, 300))
    if line.tone is Tone.PLAIN:
        return f'<div style="padding:0 10px;overflow-wrap:break-word">{text}</div>'
    shown = f'<code style="{CODE}">{text}</code>' if line.tone is Tone.NOTE else text
    mark = f'<b style="font-weight:700">{_glyph(line)}</b> ' if _glyph(line) else ""
    return f'<div style="{line.tone.tint};padding:0 10px;overflow-wrap:break-word">{mark}{shown}</div>'


def _glyph(line: Line) -> str:
    return "" if line.heading else line.tone.glyph


def _status(response: requests.Response) -> str:
    # Werkzeug's names: those of the standard library change with Python's version.
    reason = HTTP_STATUS_CODES.get(response.status_code) or response.reason or ""
    return f"{response.status_code} {reason}".strip()


def _tone(status: int) -> Tone:
    if status < 300:
        return Tone.GOOD
    if status < 400:
        return Tone.INFO
    return Tone.NOTE if status < 500 else Tone.BAD


def _word(status: int) -> str:
    if status < 300:
        return "here it is"
    if status < 400:
        return "go there"
    return "refused" if status < 500 else "the server failed"


def _short_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}{equals}{shortened(value)}"


def _hidden(name: str, value: str) -> str:
    return HIDDEN_PASSWORD if "password" in name.lower() and value else shortened(value, 200)


def _without_passwords(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            key: HIDDEN_PASSWORD if "password" in str(key).lower() else _without_passwords(value)
            for key, value in data.items()
        }
    return [_without_passwords(value) for value in data] if isinstance(data, list) else data


def _pretty(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
