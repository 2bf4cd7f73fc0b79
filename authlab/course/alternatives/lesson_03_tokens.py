"""Right answers to lesson 3 in other styles than the package's. Each fits its other parts."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from authlab.course.bank import alternative
from authlab.errors import SettingsError
from authlab.tokens import Session

LOAD = "authlab.tokens:load_secret"
SIGN = "authlab.tokens:sign_session"
PICK = "authlab.tokens:pick_key"
VERIFY = "authlab.tokens:verify_session_token"

NEXT_COMMAND = "Make them with: python3 -m authlab secret --env >> .env"


@alternative(LOAD)
def secret_by_steps(env: Mapping[str, str], name: str) -> bytes:
    """One question after the other, each with its own refusal."""
    if name not in env or env[name].isspace() or not env[name]:
        raise SettingsError(f"{name} is not set. {NEXT_COMMAND}")
    try:
        decoded = binascii.a2b_base64(env[name].strip().encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise SettingsError(
            f"{name}: expected base64 of 32 bytes, got something else. {NEXT_COMMAND}"
        ) from error
    size = len(decoded)
    if size >= 32:
        return decoded
    raise SettingsError(f"{name}: expected at least 32 bytes, got {size}. {NEXT_COMMAND}")


@alternative(LOAD)
def secret_by_pattern(env: Mapping[str, str], name: str) -> bytes:
    """What went wrong is found first, in one expression, and said once."""
    text = (env.get(name) or "").strip()
    printable = re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text)
    secret = base64.b64decode(text) if printable else b""
    problem = (
        " is not set"
        if not text
        else ": expected base64 of 32 bytes, got something else"
        if not printable
        else f": expected at least 32 bytes, got {len(secret)}"
        if len(secret) < 32
        else None
    )
    if problem is not None:
        raise SettingsError(f"{name}{problem}. {NEXT_COMMAND}")
    return secret


@alternative(SIGN)
def sign_by_hand(session: Session, key: bytes, kid: str | None = None) -> str:
    """A JWT is three texts and two dots: no library is needed to make one."""
    header = {"alg": "HS256", "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    claims = {
        "exp": session.expires_at,
        "iat": session.issued_at,
        "jti": session.session_id,
        "sub": f"{session.user_id}",
        "aud": "authlab.session",
        "iss": "authlab",
    }
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    mac = hmac.new(key, signed, hashlib.sha256)
    return b".".join((signed, _base64url(mac.digest()))).decode("ascii")


@alternative(SIGN)
def sign_claim_by_claim(session: Session, key: bytes, kid: str | None = None) -> str:
    """The claims are filled in one by one, and PyJWT's class does the rest."""
    claims: dict[str, object] = {}
    claims["iss"], claims["aud"] = "authlab", "authlab.session"
    claims["sub"] = format(session.user_id)
    claims["jti"] = session.session_id
    claims["iat"], claims["exp"] = session.issued_at, session.expires_at
    headers = {}
    if kid is not None:
        headers["kid"] = kid
    return jwt.PyJWT().encode(claims, key, "HS256", headers)


@alternative(PICK)
def pick_by_asking_first(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Look whether it is there, then take it."""
    if kid is not None and kid in ring:
        return ring[kid]
    return None


@alternative(PICK)
def pick_by_catching(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Take it, and see whether it was there."""
    if kid is None:
        return None
    try:
        return ring[kid]
    except KeyError:
        return None


@alternative(PICK)
def pick_by_comparing(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Walk through our own ids; the visitor's text is only ever compared."""
    return next((key for known, key in ring.items() if known == kid), None)


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    iss: Literal["authlab"]
    aud: Literal["authlab.session"]
    sub: str = Field(pattern=r"^[0-9]{1,18}$")
    jti: str
    iat: int
    exp: int


@alternative(VERIFY)
def verify_with_a_model(token: str, key: bytes, now: int) -> Session | None:
    """PyJWT for the signature and nothing else; a strict model says what the claims must be."""
    try:
        signed = jwt.api_jws.decode(token, key, algorithms=["HS256"])
        claims = _Claims.model_validate_json(signed)
    except (jwt.PyJWTError, UnicodeError, ValidationError):
        return None
    if claims.iat > now or now >= claims.exp:
        return None
    return Session(int(claims.sub), claims.jti, claims.iat, claims.exp)


@alternative(VERIFY)
def verify_by_hand(token: str, key: bytes, now: int) -> Session | None:
    """The signature first, over the text as it came; only then is a byte of it believed."""
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        header, _, payload = signed.partition(b".")
        if not hmac.compare_digest(_base64url(hmac.digest(key, signed, "sha256")), signature):
            return None
        if json.loads(_from_base64url(header)).get("alg") != "HS256":
            return None
        claims = json.loads(_from_base64url(payload))
        right = (claims["iss"], claims["aud"]) == ("authlab", "authlab.session")
        session = _session(claims)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return session if right and session.issued_at <= now < session.expires_at else None


@alternative(VERIFY)
def verify_question_by_question(token: str, key: bytes, now: int) -> Session | None:
    """PyJWT asks for what it can, and one question after the other does the rest."""
    verifier = jwt.PyJWT({"verify_exp": False, "verify_iat": False, "verify_nbf": False})
    try:
        claims = verifier.decode(token, key, ["HS256"], audience={"authlab.session"}, issuer=["authlab"])
    except jwt.PyJWTError:
        return None
    except UnicodeEncodeError:
        return None
    for name, kind in (("sub", str), ("jti", str), ("iat", int), ("exp", int)):
        if type(claims.get(name)) is not kind:
            return None
    if not claims["sub"].isascii() or not claims["sub"].isdigit():
        return None
    if claims["exp"] <= now:
        return None
    if claims["iat"] > now:
        return None
    return Session(int(claims["sub"]), claims["jti"], claims["iat"], claims["exp"])


def _session(claims: dict[str, Any]) -> Session:
    """Return the session of claims that are all there and of their kind; raises `TypeError` or `KeyError`."""
    number, session_id, issued, expires = (claims[name] for name in ("sub", "jti", "iat", "exp"))
    if [type(value) for value in (number, session_id, issued, expires)] != [str, str, int, int]:
        raise TypeError("claims of another kind")
    return Session(int(number), session_id, issued, expires)


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _from_base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
