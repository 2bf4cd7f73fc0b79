"""Session tokens: signed, not secret (lesson 3).

Anyone who holds a token can read it, so it carries opaque ids and times and nothing else.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import jwt

from authlab.errors import SettingsError

SECRET_MIN_BYTES = 32
_AUDIENCE = "authlab.session"  # one key, one purpose: no other token of ours passes as a session
_ISSUER = "authlab"
_NEXT_COMMAND = "Make them with: python3 -m authlab secret --env >> .env"


@dataclass(frozen=True, slots=True)
class Session:
    """What a session token says: whose it is, its own id, and from when to when it holds (seconds since
    1970)."""

    user_id: int
    session_id: str
    issued_at: int
    expires_at: int


def load_secret(env: Mapping[str, str], name: str) -> bytes:
    """Return the secret in `env[name]` (base64 of at least 32 random bytes) as bytes.

    Raises `SettingsError` when it is missing, is not base64 or is shorter: an app without a
    secret must not start, and a key that can be guessed is no secret.

    Source: the guide's `openssl rand -base64 32`, whose result is 44 characters for 32 bytes.
    """
    text = env.get(name, "").strip()
    if not text:
        raise SettingsError(f"{name} is not set. {_NEXT_COMMAND}")
    try:
        secret = base64.b64decode(text, validate=True)
    except ValueError:
        raise SettingsError(
            f"{name}: expected base64 of {SECRET_MIN_BYTES} bytes, got something else. {_NEXT_COMMAND}"
        ) from None
    if len(secret) < SECRET_MIN_BYTES:
        raise SettingsError(
            f"{name}: expected at least {SECRET_MIN_BYTES} bytes, got {len(secret)}. {_NEXT_COMMAND}"
        )
    return secret


def sign_session(session: Session, key: bytes, kid: str | None = None) -> str:
    """Return `session` as a JWT signed with HS256. The name says sign: everybody can read it.

    `kid`, if given, is the id of `key` in a ring of keys: it goes into the token's header.

    Source: the guide's `encrypt`, which signs; RFC 7519.
    """
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": str(session.user_id),  # PyJWT encodes a number here and then refuses to decode it
        "jti": session.session_id,
        "iat": session.issued_at,
        "exp": session.expires_at,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers=None if kid is None else {"kid": kid})


def pick_key(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Return the key that `kid` names in `ring` (id -> key), or None when it names none of them.

    `kid` comes from a token's header, before anything is proven: it is the visitor's text. It is looked up
    among the ids that we gave out, and never becomes a path, a query or an address.

    Source: RFC 7515, section 4.1.4; RFC 8725, section 3.10; ASVS 9.1.3.
    """
    return None if kid is None else ring.get(kid)


def verify_with_ring(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """Return what `verify_session_token` says of a token under the one key of `ring` that it names.

    With two keys in the ring, the old one's tokens hold while the new one signs; taking a key out of the
    ring ends all its tokens at once. A token that names no key of ours is refused, as any other.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, ValueError):  # ValueError: lone surrogates
        return None
    key = pick_key(kid, ring)
    return None if key is None else verify_session_token(token, key, now)


def verify_session_token(token: str, key: bytes, now: int) -> Session | None:
    """Return what a token says if we signed it, for this purpose, and it has not run out; else None.

    Every refusal is the same None: whoever tries tokens learns nothing from it.

    Source: the guide's `decrypt`; ASVS 9.1.1-9.2.3.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],  # our choice, never the token's own header's
            audience=_AUDIENCE,
            issuer=_ISSUER,
            # The times are compared below, with our `now`; PyJWT would ask the wall clock.
            options={
                "require": ["sub", "jti", "iat", "exp", "aud", "iss"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        session = Session(int(claims["sub"]), claims["jti"], claims["iat"], claims["exp"])
    except (
        jwt.InvalidTokenError,
        ValueError,
    ):  # ValueError: lone surrogates, a `sub` that is no number
        return None
    times_hold = (
        type(session.issued_at) is int
        and type(session.expires_at) is int
        and session.issued_at <= now < session.expires_at
    )
    return session if times_hold else None
