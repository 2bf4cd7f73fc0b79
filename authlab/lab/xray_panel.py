"""The X-ray's HTML: the banner over a page with a flaw, and the panel under each page.

The policy of the app's pages allows no style and no script in them: the look is in `xray.css`, what folds is
`<details>`. Whatever comes from outside goes through `quoted`, which leaves nothing that a browser would run.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from authlab.lab.show.cookie import Finding
from authlab.lab.show.display import Tone, quoted
from authlab.lab.show.request_path import deciding_step
from authlab.lab.xray_seen import NewCookie, Seen, Token

STYLE_PATH = "/_xray/style.css"
STYLE = f'<link rel="stylesheet" href="{STYLE_PATH}">'

# The verb of a statement and the table that it is about.
_ABOUT = re.compile(r"(?:(UPDATE)|(?:(SELECT|DELETE).*?FROM)|(?:(INSERT|REPLACE).*?INTO)) +(\w+)")


def banner(flaw: str, parts: Sequence[str]) -> str:
    """Return the warning at the top of each page of an app with a flaw."""
    replaced = " and ".join(f"<code>{quoted(_name(part))}</code>" for part in parts)
    return (
        '<aside class="xray-flaw" aria-label="Warning"><p>'
        "<strong>A wrong part is mounted in this app.</strong> "
        f"<code>{quoted(flaw)}</code> stands in for {replaced}. Do not trust what you see here."
        "</p></aside>"
    )


def panel(answer: Seen, earlier: Sequence[Seen]) -> str:
    """Return how a page's answer came about, and the answers before it that nobody saw."""
    before = [one for one in earlier if one.kind == "page"]
    calls = [one for one in earlier if one.kind == "call"]
    pieces = [
        '<section class="xray" aria-label="X-ray"><h2>X-ray</h2>',
        f"<p>{_lead(before)}</p>",
        *(_answer(one) for one in before),
        _answer(answer, shown=True),
        _calls(calls),
        "</section>",
    ]
    return "".join(pieces)


def _lead(before: Sequence[Seen]) -> str:
    if not before:
        return "What happened on the server for this page."
    count = f"{len(before)} answer{'s' * (len(before) > 1)}"
    return f"What happened on the server: {count} that you did not see, and this page."


def _answer(one: Seen, *, shown: bool = False) -> str:
    where = f" to <code>{quoted(one.location)}</code>" if one.location else ""
    rows = [
        _row("Way", _way(one)),
        _row("Session cookie", _came(one, shown)),
        _row("Sets", "".join(_sets(cookie) for cookie in one.sets)),
        _row("Security headers", _headers(one)),
        _row("Mounted", _mounted(one)),
    ]
    return (
        f'<details class="xray-answer xray-{quoted(one.status[:1])}xx"{" open" * shown}>'
        f"<summary><span><strong><code>{quoted(one.method)} {quoted(one.path)}</code> → {quoted(one.status)}"
        f"</strong>{where}</span> <span>{_in_short(one)}</span></summary>"
        f'<div class="xray-rows">{"".join(rows)}</div></details>'
    )


def _in_short(one: Seen) -> str:
    said = []
    if one.steps:
        number, word = deciding_step(one.steps)
        said.append(f"{word} by {quoted(one.steps[number][0])}")
    statements = sum(layer == "db" for layer, _ in one.steps)
    said.append(f"{statements or 'no'} statement{'s' * (statements != 1)}")
    if one.sets:
        said.append(f"{len(one.sets)} cookie{'s' * (len(one.sets) > 1)} set")
    return " · ".join(said)


def _row(label: str, inside: str) -> str:
    return f"<h3>{label}</h3><div>{inside}</div>" if inside else ""


def _way(one: Seen) -> str:
    """Return the steps in their order; statements that follow each other are one step, folded."""
    if not one.steps:
        return "<p>No step was traced.</p>"
    decided, word = deciding_step(one.steps)
    items = []
    for is_db, group in groupby(enumerate(one.steps), lambda step: step[1][0] == "db"):
        if is_db:
            items.append(_step("db", _statements([what for _, (_, what) in group])))
            continue
        for number, (layer, what) in group:
            mark = f' <strong class="xray-mark">◆ {word}</strong>' if number == decided else ""
            items.append(_step(layer, f"<span>{quoted(what)}{mark}</span>"))
    return f'<ol class="xray-way">{"".join(items)}</ol>'


def _step(layer: str, inside: str) -> str:
    return f'<li><span class="xray-layer">{quoted(layer)}</span> {inside}</li>'


def _statements(statements: Sequence[str]) -> str:
    about = ", ".join(_about(sql) for sql in statements)
    items = "".join(f"<li><code>{quoted(sql)}</code></li>" for sql in statements)
    return f"<details><summary>{quoted(about)}</summary><ol>{items}</ol></details>"


def _about(sql: str) -> str:
    found = _ABOUT.match(sql)
    return " ".join(filter(None, found.groups())) if found else " ".join(sql.split()[:2])


def _came(one: Seen, shown: bool) -> str:
    """Return each session cookie of the request, decoded."""
    cookies = [
        f"<details{' open' * shown}><summary><code>{quoted(name)}</code> came with the request: "
        f"a token that anyone who holds it can read</summary>{_token(cookie)}</details>"
        if isinstance(cookie, Token)
        else f"<p><code>{quoted(name)}</code> came, and is no token: {cookie} characters, not shown</p>"
        for name, cookie in one.came
    ]
    return "".join(cookies) or "<p>no cookie</p>"


def _token(token: Token) -> str:
    return (
        '<div class="xray-token">'
        f"<figure><figcaption>header</figcaption><pre>{quoted(token.header)}</pre></figure>"
        f"<figure><figcaption>payload</figcaption><pre>{quoted(token.payload)}</pre></figure>"
        f"<p>signature: {token.signature_bytes} bytes, not shown</p></div>"
    )


def _sets(cookie: NewCookie) -> str:
    told = ", ".join(_attribute(found) for found in cookie.findings if _is_told(found))
    items = "".join(
        f"<li>{_glyph(found)}<strong>{quoted(found.attribute)}</strong> {quoted(found.meaning)}</li>"
        for found in cookie.findings
    )
    token = _token(cookie.token) if cookie.token else ""
    return (
        f"<details><summary><code>{quoted(cookie.name)}</code>: {told}</summary>"
        f'<ul class="xray-attributes">{items}</ul>{token}</details>'
    )


def _is_told(found: Finding) -> bool:
    return found.attribute != "Name" and (found.attribute != "Domain" or bool(found.sent))


def _attribute(found: Finding) -> str:
    """Return an attribute as it was sent: `SameSite=Lax`, `Secure`, or `no HttpOnly`."""
    if found.sent:
        word = f" ({found.word})" if found.word else ""
        return quoted(f"{found.attribute}={found.sent}{word}")
    return quoted(found.attribute if found.word == "set" else f"no {found.attribute}")


def _glyph(found: Finding) -> str:
    return f"{found.tone.glyph or '·'} "


def _headers(one: Seen) -> str:
    present = f"<p>{quoted(', '.join(one.headers) or 'none')}</p>"
    missing = f"<p>{Tone.BAD.glyph} missing: {quoted(', '.join(one.missing))}</p>" if one.missing else ""
    return present + missing


def _mounted(one: Seen) -> str:
    called = ", ".join(f"{_name(part)} ({count} ×)" for part, count in one.calls.items() if count)
    idle = ", ".join(_name(part) for part, count in one.calls.items() if not count)
    told = [f"called: {called}" if called else "", f"not called: {idle}" if idle else ""]
    return "".join(f"<p>{quoted(line)}</p>" for line in told if line)


def _calls(calls: Sequence[Seen]) -> str:
    if not calls:
        return ""
    items = "".join(
        f"<li><code>{quoted(one.method)} {quoted(one.path)}</code> → {quoted(one.status)} · {_in_short(one)}"
        "</li>"
        for one in calls
    )
    summary = f"{len(calls)} request{'s' * (len(calls) > 1)} by scripts of the page before"
    return f'<details class="xray-answer"><summary>{summary}</summary><ul>{items}</ul></details>'


def _name(part: str) -> str:
    return part.rpartition(":")[2]
