"""One cookie: every attribute that was sent, what it stops, and what is missing."""

from dataclasses import dataclass, field

import requests

from authlab.lab.show.display import (
    CELL,
    CODE,
    FADED,
    HAIRLINE,
    TABLE,
    Display,
    Row,
    Tone,
    bar,
    card,
    paragraph,
    printable,
    quoted,
    shortened,
)


@dataclass(frozen=True)
class SetCookie:
    """A `Set-Cookie` header, read as a browser reads it: of two equal attributes the last counts.

    Source: RFC 6265bis, section 5.6.
    """

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)  # by name in small letters


@dataclass(frozen=True)
class Finding:
    """One attribute: its name, what was sent, what that stops or allows."""

    attribute: str
    sent: str
    word: str
    meaning: str
    tone: Tone


def cookie(source: str | requests.Response) -> Display:
    """Return what each attribute of a `Set-Cookie` stops, and which are missing.

    Takes the header's text, or a response, whose cookies are all shown.
    """
    texts = [source] if isinstance(source, str) else set_cookie_texts(source)
    if not texts:
        return card(paragraph("This response sets no cookie: it has no `Set-Cookie` header."))
    cards = [_one(parse_set_cookie(text)) for text in texts]
    return Display("".join(c.html for c in cards), "\n\n".join(c.text for c in cards))


def set_cookie_texts(response: requests.Response) -> list[str]:
    """Return a response's `Set-Cookie` headers one by one: `response.headers` would join them."""
    getlist = getattr(getattr(response.raw, "headers", None), "getlist", None)
    if getlist is not None:
        return [str(text) for text in getlist("Set-Cookie")]
    return [response.headers["Set-Cookie"]] if "Set-Cookie" in response.headers else []


def parse_set_cookie(text: str) -> SetCookie:
    """Return the name, value and attributes of a `Set-Cookie` header's text."""
    pair, *rest = text.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    attributes = {}
    for piece in rest:
        key, _, said = piece.partition("=")
        if key.strip():
            attributes[key.strip().lower()] = said.strip()
    return SetCookie(name.strip(), value.strip(), attributes)


def cookie_rows(text: str) -> list[Row]:
    """Return a `Set-Cookie` as rows of an exchange: one for the cookie, one for each attribute."""
    parsed = parse_set_cookie(text)
    return [
        Row(
            "Set-Cookie",
            f"{parsed.name}={shortened(parsed.value)}",
            "" if parsed.value else "empty",
        ),
        *(
            Row(finding.attribute, finding.sent, finding.word, finding.tone, part=True)
            for finding in findings(parsed)
            if finding.attribute.lower() in parsed.attributes or finding.tone is Tone.BAD
        ),
    ]


def findings(parsed: SetCookie) -> list[Finding]:
    """Return what can be said about each attribute, the missing ones too."""
    found = [
        _name(parsed),
        _http_only(parsed),
        _secure(parsed),
        _same_site(parsed),
        _path(parsed),
        _domain(parsed),
        *_lifetime(parsed),
    ]
    known = {"httponly", "secure", "samesite", "path", "domain", "max-age", "expires"}
    for name, value in parsed.attributes.items():
        if name == "partitioned":
            meaning = "kept apart for each site that embeds this one"
            found.append(Finding("Partitioned", "", "set", meaning, Tone.PLAIN))
        elif name not in known:
            found.append(Finding(name, value, "unknown", "browsers ignore it", Tone.NOTE))
    return found


def in_words(seconds: int) -> str:
    """Return a duration as a person says it: `604800` is "7 days"."""
    words = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count} {unit}" + ("s" if count > 1 else ""))
    return " ".join(words) or "0 seconds"


def _one(parsed: SetCookie) -> Display:
    head = bar(f"Set-Cookie: {parsed.name}={shortened(parsed.value)}", code=True)
    lines, texts = [], []
    for number, found in enumerate(findings(parsed)):
        sent = f'<code style="{CODE}">{quoted(found.sent)}</code>' if found.sent else ""
        word = quoted(f"({found.word})" if found.sent and found.word else found.word)
        mark = f'<b style="font-weight:700">{found.tone.glyph or "·"}</b>'
        tint = found.tone.tint if found.tone in (Tone.BAD, Tone.NOTE) else "background:rgba(0,0,0,0)"
        edge = f";border-top:{HAIRLINE}" if number else ""
        lines.append(
            f'<tr style="{tint}{edge}">'
            f'<td style="{CELL};width:1%;padding-right:0">{mark}</td>'
            f'<td style="{CELL};white-space:nowrap;width:1%">{quoted(found.attribute)}</td>'
            f'<td style="{CELL};overflow-wrap:break-word">{sent} {word}'
            f'<div style="{FADED};font-size:.93em">{quoted(found.meaning)}</div></td></tr>'
        )
        both = found.sent and found.word
        said = f"{found.sent} ({found.word})" if both else found.sent or found.word
        texts.append(
            printable(f"  {found.tone.glyph or '·'} {found.attribute + ':':<10} {said}: {found.meaning}")
        )
    table = f'<table style="{TABLE}"><tbody>{"".join(lines)}</tbody></table>'
    return card(head, Display(f'<div style="overflow-x:auto">{table}</div>', "\n".join(texts)))


def _name(parsed: SetCookie) -> Finding:
    attributes = parsed.attributes
    secure = "secure" in attributes
    if parsed.name.startswith("__Host-"):
        kept = secure and attributes.get("path") == "/" and not attributes.get("domain")
        if kept:
            meaning = "only with Secure, Path=/ and no Domain: no other host of the domain can plant it"
            return Finding("Name", "__Host-", "prefix kept", meaning, Tone.GOOD)
        meaning = "browsers refuse the cookie: the prefix needs Secure, Path=/ and no Domain"
        return Finding("Name", "__Host-", "prefix broken", meaning, Tone.BAD)
    if parsed.name.startswith("__Secure-"):
        if secure:
            meaning = "taken only over https; another host of the same domain can still plant one"
            return Finding("Name", "__Secure-", "prefix kept", meaning, Tone.NOTE)
        meaning = "browsers refuse the cookie: the prefix needs Secure"
        return Finding("Name", "__Secure-", "prefix broken", meaning, Tone.BAD)
    meaning = "without __Host- another host of the same domain can plant a cookie of this name"
    return Finding("Name", "", "no prefix", meaning, Tone.NOTE)


def _http_only(parsed: SetCookie) -> Finding:
    if "httponly" in parsed.attributes:
        return Finding(
            "HttpOnly",
            "",
            "set",
            "a script on the page cannot read it (it can still send requests with it)",
            Tone.GOOD,
        )
    meaning = "a script on the page can read it, and send it away"
    return Finding("HttpOnly", "", "missing", meaning, Tone.BAD)


def _secure(parsed: SetCookie) -> Finding:
    if "secure" in parsed.attributes:
        return Finding("Secure", "", "set", "never travels over plain http, where others listen", Tone.GOOD)
    meaning = "travels over plain http too, where anyone on the way can read it"
    return Finding("Secure", "", "missing", meaning, Tone.BAD)


def _same_site(parsed: SetCookie) -> Finding:
    sent = parsed.attributes.get("samesite", "")
    match sent.lower():
        case "strict":
            meaning = "no request that starts on another site carries it, not even a link"
            return Finding("SameSite", sent, "", meaning, Tone.GOOD)
        case "lax":
            meaning = (
                "POST forms and scripts of other sites do not send it; a link or a GET form from there does"
            )
            return Finding("SameSite", sent, "", meaning, Tone.GOOD)
        case "none" if "secure" not in parsed.attributes:
            meaning = "browsers refuse the cookie: None needs Secure"
            return Finding("SameSite", sent, "refused", meaning, Tone.BAD)
        case "none":
            meaning = "every site's requests carry it: something else must stop forged ones"
            return Finding("SameSite", sent, "open", meaning, Tone.NOTE)
    word = "not a known value" if sent else "missing"
    meaning = "each browser decides: some send it with every other site's requests"
    return Finding("SameSite", sent, word, meaning, Tone.BAD)


def _path(parsed: SetCookie) -> Finding:
    path = parsed.attributes.get("path", "")
    if path == "/":
        return Finding("Path", path, "", "sent with every path of the site", Tone.PLAIN)
    if path.startswith("/"):
        meaning = "sent with paths below it: tidy, and no wall, since pages of one site reach each other"
        return Finding("Path", path, "", meaning, Tone.PLAIN)
    meaning = "the folder of the page that sets it: deleting it from elsewhere does nothing"
    return Finding("Path", path, "missing", meaning, Tone.NOTE)


def _domain(parsed: SetCookie) -> Finding:
    domain = parsed.attributes.get("domain", "")
    if not domain:
        return Finding("Domain", "", "not set", "sent to this one host", Tone.PLAIN)
    meaning = "sent to every host below it too: the weakest of them can lose it"
    return Finding("Domain", domain, "", meaning, Tone.NOTE)


def _lifetime(parsed: SetCookie) -> list[Finding]:
    found = []
    age, expires = parsed.attributes.get("max-age"), parsed.attributes.get("expires")
    if age is not None:
        found.append(_max_age(age))
    if expires is not None:
        meaning = "Max-Age wins over it" if age is not None else "the browser forgets it at that time"
        found.append(Finding("Expires", expires, "", meaning, Tone.PLAIN))
    if not found:
        meaning = "forgotten when the browser closes, as far as it ever does"
        found.append(Finding("Max-Age", "", "not set", meaning, Tone.PLAIN))
    return found


def _max_age(age: str) -> Finding:
    digits = age.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return Finding("Max-Age", age, "not a number", "browsers ignore it", Tone.BAD)
    if age.startswith("-") or not digits.strip("0"):
        return Finding("Max-Age", age, "deletes it", "the browser drops the cookie now", Tone.PLAIN)
    # No browser keeps a cookie for longer than 400 days, and no number is too long to be sent.
    words = in_words(int(age)) if len(age) < 12 else "for ever"
    meaning = "the browser forgets it then; how long it is good for, only the server can say"
    return Finding("Max-Age", age, words, meaning, Tone.PLAIN)
