"""Session tokens: signed, not secret (lesson 3).

Anyone who holds a token can read it, so it carries opaque ids and times and nothing else.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from jwt.utils import base64url_decode

from authlab.errors import SettingsError

SECRET_MIN_BYTES = 32
NEXT_COMMAND = "Make them with: python3 -m authlab secret --env >> .env"
ISSUER = "authlab"
AUDIENCE = "authlab.session"  # one key, one purpose: no other token of ours passes as a session
CLAIMS = ["iss", "aud", "sub", "sid", "jti", "auth_time", "iat", "exp", "gen"]


@dataclass(frozen=True, slots=True)
class Session:
    """What a session token says. Times are seconds since 1970.

    `session_id` stays as long as the session lives; `token_id` is new with each token of it. `generation`
    counts how often the user has logged out everywhere: see `sessions.stateless`.
    """

    user_id: int
    session_id: str
    token_id: str
    authenticated_at: int  # when the password was proven: what the cap counts from
    issued_at: int
    expires_at: int
    generation: int = 0


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


def pick_key(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Return the key that `kid` names in `ring` (id -> key), or None when it
    names none of them.

    `kid` comes from a token's header, before anything is proven, so it is the
    visitor's text. None says that the header has none.

    Source: RFC 7515, section 4.1.4; RFC 8725, section 3.10; ASVS 9.1.3.
    """
    # Looked up among the ids that we gave out: it never becomes a path, a query or an address.
    return None if kid is None else ring.get(kid)


def verify_with_ring(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """Return what `verify_session_token` says of a token under the one key of `ring` that it names.

    With two keys in the ring, the old one's tokens hold while the new one signs; taking a key out of the
    ring ends all its tokens at once. A token that names no key of ours is refused, as any other.
    """
    key = pick_key(_named_key(token), ring)
    return None if key is None else verify_session_token(token, key, now)


def _named_key(token: str) -> str | None:
    """Return the id of the key that a token's header names, or None. Nothing of the token is proven by it.

    Of the header, this is all that is asked before the proof. (`jwt.get_unverified_header` decodes the whole
    token to say as much, and then it is decoded again.)
    """
    try:
        header = json.loads(base64url_decode(token.partition(".")[0]))
    except (ValueError, RecursionError):  # no base64, no JSON, a lone surrogate; brackets without end
        return None
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else None


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
