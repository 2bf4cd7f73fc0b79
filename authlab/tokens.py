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


def sign_session(session: Session, key: bytes) -> str:
    """Return `session` as a JWT signed with HS256. The name says sign: everybody can read it.

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
    return jwt.encode(claims, key, algorithm="HS256")


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
