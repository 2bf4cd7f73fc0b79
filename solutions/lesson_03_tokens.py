# Derived from authlab/course/kata/lesson_03_tokens.py, authlab/tokens.py by: authlab dev build
"""Lesson 3: Signed is not secret.

The package's own answers.
"""

import base64
import json
from collections.abc import Callable, Mapping

import jwt

from authlab.course.kata.lesson_03_tokens import KEY, SESSION
from authlab.errors import SettingsError
from authlab.lab.browser import Browser
from authlab.tokens import AUDIENCE, CLAIMS, ISSUER, NEXT_COMMAND, SECRET_MIN_BYTES, Session


# 3.1  build: A secret that nobody guesses  (6 minutes, an extra)
# write the part from its description
def load_secret(env: Mapping[str, str], name: str) -> bytes:
    """Return the secret that `env[name]` holds, as bytes.

    `env` maps names to texts, as `os.environ` does. A secret is at least
    `SECRET_MIN_BYTES` random bytes, written down in base64 (the standard
    alphabet). Space and line breaks around that text are not part of it.

    Raises `SettingsError` for whatever else is there: nothing at all, an empty
    text, a text that is not base64 from its first character to its last, fewer
    bytes. An app without a secret must not start, and a key that can be
    guessed is no secret.

    The error's text is for the operator, and ends up in logs. It names the
    variable, ends with `NEXT_COMMAND` (how to make a good one), and never
    shows what was found, nor a part of it.

    Source: the guide's `openssl rand -base64 32`.
    """
    text = env.get(name, "").strip()
    if not text:
        raise SettingsError(f"{name} is not set. {NEXT_COMMAND}")
    try:
        secret = base64.b64decode(text, validate=True)
    except ValueError:
        raise SettingsError(
            f"{name}: expected base64 of {SECRET_MIN_BYTES} bytes, got something else. {NEXT_COMMAND}"
        ) from None
    if len(secret) < SECRET_MIN_BYTES:
        raise SettingsError(
            f"{name}: expected at least {SECRET_MIN_BYTES} bytes, got {len(secret)}. {NEXT_COMMAND}"
        )
    return secret


# 3.2  fix: The guide's encrypt  (5 minutes)
# it runs, and it is wrong: make it right
def sign_session(session: Session, key: bytes, kid: str | None = None) -> str:
    """Return `session` as a token: a JWT, signed with HS256 and `key`.

    Everybody can read a token. So it carries ids, times and a counter, under
    these names and no others:

    - `iss` is `ISSUER`, `aud` is `AUDIENCE`: whose token it is, and what for;
    - `sub` is the user's id, as text: PyJWT refuses to decode a number there;
    - `sid` is the session's id, `jti` the token's;
    - `auth_time`, `iat` and `exp` are the session's three times, as they are:
      when the user proved who they are, when the token was issued, when it
      ends;
    - `gen` is the generation.

    `kid`, if there is one, is the id of `key` in a ring of keys. It goes into
    the token's header.

    Source: the guide's `encrypt`, which signs; RFC 7519.
    """
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(session.user_id),  # PyJWT encodes a number here and then refuses to decode it
        "sid": session.session_id,
        "jti": session.token_id,
        "auth_time": session.authenticated_at,
        "iat": session.issued_at,
        "exp": session.expires_at,
        "gen": session.generation,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers=None if kid is None else {"kid": kid})


# 3.3  fix: The guide's decrypt  (8 minutes)
# it runs, and it is wrong: make it right
def verify_session_token(token: str, key: bytes, now: int) -> Session | None:
    """Return what a token says, if we made it, as a session, and it holds at
    `now`; else None.

    - We made it: it is signed with HS256 and `key`, `iss` is `ISSUER`, and
      every claim in `CLAIMS` is there.
    - As a session: `aud` is `AUDIENCE`, one text and no list. We sign other
      tokens with this key, for other purposes.
    - It holds from `iat` on, and from `exp` on no more. `now` is seconds since
      1970, whatever the machine's clock says.
    - `sub`, `sid` and `jti` are texts, `sub` one of the digits 0 to 9 alone.
      `auth_time`, `iat`, `exp` and `gen` are whole numbers: no text of digits,
      no `true` and no `9.0`.

    `token` is a text that a visitor sent: anything can be in it. Every refusal
    is the same None and never an error, so that whoever tries tokens learns
    nothing, and breaks nothing.

    Source: the guide's `decrypt`; RFC 8725; ASVS 9.1.1-9.2.3.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],  # our choice, never the token's own header's
            audience=AUDIENCE,
            issuer=ISSUER,
            # The times are compared below, with our `now`; PyJWT would ask the wall clock.
            options={
                "require": CLAIMS,
                "strict_aud": True,  # a list would be for several purposes, and ours among them
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        if not (claims["sub"].isascii() and claims["sub"].isdigit()):
            return None  # `int` would take "-1", "1_0", spaces and the digits of every script
        session = Session(
            user_id=int(claims["sub"]),
            session_id=claims["sid"],
            token_id=claims["jti"],
            authenticated_at=claims["auth_time"],
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            generation=claims["gen"],
        )
    except (jwt.InvalidTokenError, ValueError):  # ValueError: lone surrogates, thousands of digits
        return None
    numbers = (session.authenticated_at, session.issued_at, session.expires_at, session.generation)
    if not isinstance(session.session_id, str) or any(type(number) is not int for number in numbers):
        return None  # a string `exp` would pass PyJWT, and every comparison would be an error
    return session if session.issued_at <= now < session.expires_at else None


# 3.4  build: The visitor names the key  (3 minutes, an extra)
# write the part from its description
def pick_key(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Return the key that `kid` names in `ring` (id -> key), or None when it
    names none of them.

    `kid` comes from a token's header, before anything is proven, so it is the
    visitor's text. None says that the header has none.

    Source: RFC 7515, section 4.1.4; RFC 8725, section 3.10; ASVS 9.1.3.
    """
    # Looked up among the ids that we gave out: it never becomes a path, a query or an address.
    return None if kid is None else ring.get(kid)


# 3.5  break: A token that nobody signed  (8 minutes)
# write the attack: it wins where the hole is, and only there
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


# 3.6  prove: A test that trusting verifiers do not survive  (8 minutes)
# write the test: it catches what is wrong and spares what is right
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
