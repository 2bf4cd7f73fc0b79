"""Lesson 3: a token that nobody signed, and a test that catches verifiers that ask too little."""

import base64
import json
from collections.abc import Callable

import jwt

from authlab.lab.browser import Browser
from authlab.tokens import Session, sign_session

KEY = b"a key that only this proof knows, 64 bytes: as HS512 wants them."
SESSION = Session(
    user_id=1,
    session_id="5e55",
    token_id="70ce",
    authenticated_at=1_767_600_000,
    issued_at=1_767_603_600,
    expires_at=1_768_208_400,
)


def forge(browser: Browser) -> str:
    """Return the text of another member's profile page: the page of member 3.

    You get `browser`, a visitor's browser that has never signed in. The app it
    talks to verifies signatures, and refuses a token whose header says
    `"alg": "none"`. The lesson shows its verifier. All claims of a token are
    compared as they should be.

    - `browser.post("/signup", {"name": ..., "email": ..., "password": ...})`
      signs you up and in: then you have a token of your own to look at. (A
      name has two letters, a password eight characters, among them a letter,
      a digit and one that is neither.)
    - `browser.cookies["__Host-session"].value` is the token.
    - `browser.set_cookie("__Host-session", token)` writes another.
    - `browser.get("/profile")` opens the profile page; the answer's `.text` is
      its HTML.

    A token is three texts with dots between: header and claims are JSON in
    base64 with the alphabet for URLs, without the `=` at the end, and the
    third is the signature. The app wants the `kid` of its key in the header,
    and `sub` as a text.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    browser.post(
        "/signup",
        {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"},
    )
    parts = browser.cookies["__Host-session"].value.split(".")
    header, claims = [
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]
    ]
    forged = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({**header, "alg": "nOnE"}, {**claims, "sub": "3"})
    ]
    browser.set_cookie("__Host-session", ".".join([*forged, ""]))
    return browser.get("/profile").text


def prove_verifier(
    verify_session_token: Callable[[str, bytes, int], Session | None],
) -> None:
    """Prove with `assert` that a `verify_session_token` asks every question of
    exercise 3.3. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. Each wrong version forgets one question, or
    answers it wrongly.

    Only a failing `assert` counts: a proof that crashes has proven nothing.
    You have `KEY`, and `SESSION`, whose times are 1_767_603_600 (issued) and
    1_768_208_400 (its end). `sign_session(SESSION, KEY)` is a good token.
    `jwt.encode(claims, KEY)` signs whatever claims you like, with HS256;
    `jwt.encode(claims, KEY, "HS512")` does it with another hash, which is not
    ours, and `jwt.encode(claims, None, "none")` signs nothing.
    """
    issued, expires = SESSION.issued_at, SESSION.expires_at
    token = sign_session(SESSION, KEY)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert verify_session_token(token, KEY, issued) == SESSION
    assert verify_session_token(token, KEY, expires - 1) == SESSION
    assert verify_session_token(token, KEY, expires) is None
    assert verify_session_token(token, KEY, issued - 1) is None

    endless = {name: value for name, value in claims.items() if name != "exp"}
    for wrong in (endless, {**claims, "aud": "authlab.reset"}, {**claims, "iss": "evil"}):
        assert verify_session_token(jwt.encode(wrong, KEY), KEY, issued) is None

    header, _, signature = token.split(".")
    other = jwt.encode({**claims, "sub": "2"}, KEY[::-1]).split(".")
    assert verify_session_token(".".join(other), KEY, issued) is None
    assert verify_session_token(f"{header}.{other[1]}.{signature}", KEY, issued) is None
    assert verify_session_token(jwt.encode(claims, None, "none"), KEY, issued) is None
    assert verify_session_token(jwt.encode(claims, KEY, "HS512"), KEY, issued) is None
