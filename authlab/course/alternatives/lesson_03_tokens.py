"""Right answers to lesson 3 in other styles than the package's. Each fits its other parts."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from authlab.course.bank import alternative
from authlab.course.kata.lesson_03_tokens import KEY as A_KEY
from authlab.course.kata.lesson_03_tokens import SESSION as A_SESSION
from authlab.errors import SettingsError
from authlab.lab.browser import Browser
from authlab.tokens import Session, pick_key, sign_session, verify_session_token

LOAD = "authlab.tokens:load_secret"
SIGN = "authlab.tokens:sign_session"
PICK = "authlab.tokens:pick_key"
RING = "authlab.tokens:verify_with_ring"
VERIFY = "authlab.tokens:verify_session_token"
FORGE = "authlab.course.kata.lesson_03_tokens:forge"
PROOF = "authlab.course.kata.lesson_03_tokens:prove_verifier"

Verifier = Callable[[str, bytes, int], Session | None]

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


@alternative(LOAD)
def secret_that_goes_back(env: Mapping[str, str], name: str) -> bytes:
    """What was decoded must give the same text when it is encoded again."""

    def refused(why: str) -> SettingsError:
        return SettingsError(f"{name} {why}. {NEXT_COMMAND}")

    match env.get(name, "").split():
        case []:
            raise refused("is missing")
        case [text]:
            raw = b""
            with contextlib.suppress(ValueError):
                raw = base64.b64decode(text)
            if base64.b64encode(raw).decode() != text:
                raise refused("is not base64")
        case _:
            raise refused("has a space in it")
    if len(raw) < 32:
        raise refused(f"has {len(raw)} of 32 bytes")
    return raw


@alternative(SIGN)
def sign_by_hand(session: Session, key: bytes, kid: str | None = None) -> str:
    """A JWT is three texts and two dots: no library is needed to make one."""
    header = {"alg": "HS256", "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    claims = {
        "gen": session.generation,
        "exp": session.expires_at,
        "iat": session.issued_at,
        "auth_time": session.authenticated_at,
        "jti": session.token_id,
        "sid": session.session_id,
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
    claims["sid"], claims["jti"] = session.session_id, session.token_id
    claims["auth_time"], claims["gen"] = session.authenticated_at, session.generation
    claims["iat"], claims["exp"] = session.issued_at, session.expires_at
    headers = {}
    if kid is not None:
        headers["kid"] = kid
    return jwt.PyJWT().encode(claims, key, "HS256", headers)


@alternative(SIGN)
def sign_by_table(session: Session, key: bytes, kid: str | None = None) -> str:
    """A table says which field becomes which claim; PyJWT takes times as datetimes, too."""
    names = {"sid": "session_id", "jti": "token_id", "auth_time": "authenticated_at", "gen": "generation"}
    claims: dict[str, Any] = {claim: getattr(session, field) for claim, field in names.items()}
    claims |= {"iss": "authlab", "aud": "authlab.session", "sub": repr(session.user_id)}
    claims["iat"] = datetime.fromtimestamp(session.issued_at, UTC)
    claims["exp"] = datetime.fromtimestamp(session.expires_at, UTC)
    return jwt.encode(claims, key, headers={} if kid is None else {"kid": kid})


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


@alternative(RING)
def ring_by_hand(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """The header's own bytes, read with care; the text that is read is never the text that is believed."""
    try:
        header = json.loads(_from_base64url(token.partition(".")[0].encode("ascii")))
    except (ValueError, RecursionError):
        return None
    kid = header.get("kid") if isinstance(header, dict) else None
    key = pick_key(kid, ring) if isinstance(kid, str) else None
    return None if key is None else verify_session_token(token, key, now)


@alternative(RING)
def ring_key_by_key(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """Every key is asked whether it is meant; the one that is tells whether the token holds."""
    try:
        meant = jwt.decode_complete(token, options={"verify_signature": False})["header"].get("kid")
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        return None
    tried = (verify_session_token(token, key, now) for kid, key in ring.items() if kid == meant)
    return next(tried, None)


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    iss: Literal["authlab"]
    aud: Literal["authlab.session"]
    sub: str = Field(pattern=r"^[0-9]{1,18}$")
    sid: str
    jti: str
    auth_time: int
    iat: int
    exp: int
    gen: int


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
    return Session(
        int(claims.sub), claims.sid, claims.jti, claims.auth_time, claims.iat, claims.exp, claims.gen
    )


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
    for name in ("sub", "sid", "jti"):
        if type(claims.get(name)) is not str:
            return None
    for name in ("auth_time", "iat", "exp", "gen"):
        if type(claims.get(name)) is not int:
            return None
    if claims["aud"] != "authlab.session" or not re.fullmatch("[0-9]{1,18}", claims["sub"]):
        return None
    if claims["exp"] <= now:
        return None
    if claims["iat"] > now:
        return None
    return _session(claims)


# 3.5


@alternative(FORGE)
def forge_by_replacing_text(browser: Browser) -> str:
    """The JSON is left as text, and two of its words are replaced."""
    form = {"name": "Mal", "email": "mal@lab.test", "password": "abc-12345"}
    browser.post("/signup", form)
    header, payload, _ = browser.cookies["__Host-session"].value.encode().split(b".")
    header = _from_base64url(header).replace(b"HS256", b"None")
    payload = re.sub(rb'"sub": ?"\d+"', b'"sub":"3"', _from_base64url(payload))
    browser.set_cookie("__Host-session", f"{_base64url(header).decode()}.{_base64url(payload).decode()}.")
    return browser.get("/profile").text


@alternative(FORGE)
def forge_with_pyjwt_for_reading(browser: Browser) -> str:
    """PyJWT reads both parts; what it refuses to write is written by hand."""
    browser.post("/signup", {"name": "Trudy", "email": "trudy@lab.test", "password": "Correct horse 1!"})
    token = browser.cookies["__Host-session"].value
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    header["alg"], claims["sub"] = "NONE", "3"
    head, body = (jwt.utils.base64url_encode(json.dumps(part).encode()).decode() for part in (header, claims))
    browser.set_cookie("__Host-session", head + "." + body + ".")
    page = browser.get("/profile")
    return page.text


@alternative(FORGE)
def forge_spelling_by_spelling(browser: Browser) -> str:
    """Every way to write the word in capitals and small letters, until one opens the page."""
    browser.post("/signup", {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4 you"})
    own = browser.cookies["__Host-session"].value.split(".")
    header, claims = (json.loads(_from_base64url(part.encode())) for part in own[:2])
    claims |= {"sub": "3"}
    text = ""
    for letters in itertools.product(*zip("none", "NONE", strict=True)):
        header |= {"alg": "".join(letters)}
        forged = [_base64url(json.dumps(part).encode()).decode() for part in (header, claims)]
        browser.set_cookie("__Host-session", ".".join(forged) + ".")
        page = browser.get("/profile")
        text = page.text
        if page.status_code == 200:
            break
    return text


# 3.6


@alternative(PROOF)
def verifier_proved_by_table(verify_session_token: Verifier) -> None:
    """A table of what is changed, and one assertion for all of it."""
    claims = jwt.decode(sign_session(A_SESSION, A_KEY), options={"verify_signature": False})
    now, end = claims["iat"], claims["exp"]
    wrong: dict[str, tuple[str, int]] = {
        "over": (sign_session(A_SESSION, A_KEY), end),
        "long over": (sign_session(A_SESSION, A_KEY), end + 10**8),
        "too early": (sign_session(A_SESSION, A_KEY), now - 1),
        "no end": (jwt.encode({k: v for k, v in claims.items() if k != "exp"}, A_KEY), now),
        "for a reset": (jwt.encode({**claims, "aud": "authlab.reset"}, A_KEY), now),
        "for nothing": (jwt.encode({k: v for k, v in claims.items() if k != "aud"}, A_KEY), now),
        "another house": (jwt.encode({**claims, "iss": "evil"}, A_KEY), now),
        "another key": (sign_session(A_SESSION, b"m" * 32), now),
        "another algorithm": (jwt.encode(claims, A_KEY, "HS384"), now),
        "no signature": (jwt.encode(claims, None, "none"), now),
        "no token": ("", now),
    }
    assert verify_session_token(sign_session(A_SESSION, A_KEY), A_KEY, now) == A_SESSION
    accepted = [what for what, (token, at) in wrong.items() if verify_session_token(token, A_KEY, at)]
    assert accepted == []


@alternative(PROOF)
def verifier_proved_by_hand(verify_session_token: Verifier) -> None:
    """Every token is written by hand, signature and all."""

    def refused(
        *, at: int = 1_767_603_600, digest: str = "sha256", alg: str = "HS256", **changed: Any
    ) -> bool:
        claims = {"iss": "authlab", "aud": "authlab.session", "sub": "1", "sid": "5e55", "jti": "70ce"}
        claims |= {"auth_time": 1_767_600_000, "iat": 1_767_603_600, "exp": 1_768_208_400, "gen": 0} | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        text = b".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": alg}, claims))
        mac = hmac.digest(A_KEY, text, digest) if digest else b""
        return verify_session_token((text + b"." + _base64url(mac)).decode(), A_KEY, at) is None

    assert not refused()
    assert not refused(at=1_768_208_399)
    assert refused(at=1_768_208_400)
    assert refused(at=1_767_603_599)
    assert refused(exp=None)
    assert refused(aud="authlab.reset")
    assert refused(iss="somebody else")
    assert refused(alg="none", digest="")
    assert refused(alg="none")
    assert refused(alg="HS512", digest="sha512")
    token = sign_session(A_SESSION, A_KEY)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    assert verify_session_token(forged, A_KEY, 1_767_603_600) is None


@alternative(PROOF)
def verifier_proved_claim_by_claim(verify_session_token: Verifier) -> None:
    """A helper that signs what it is given, and plain assertions."""

    def says(key: bytes = A_KEY, algorithm: str = "HS256", **changed: Any) -> Session | None:
        own = jwt.decode(sign_session(A_SESSION, A_KEY), options={"verify_signature": False})
        own.update(changed)
        for gone in [name for name, value in own.items() if value is ...]:
            del own[gone]
        token = jwt.encode(own, None if algorithm == "none" else key, algorithm)
        return verify_session_token(token, A_KEY, A_SESSION.issued_at)

    good = says()
    assert good is not None and good.user_id == A_SESSION.user_id
    assert says(exp=...) is None
    assert says(exp=A_SESSION.issued_at) is None
    assert says(iat=A_SESSION.issued_at + 1) is None
    assert says(aud="authlab.reset") is None
    assert says(iss="evil") is None
    assert says(key=b"the key of somebody who is not us, at all") is None
    assert says(algorithm="none") is None
    assert says(algorithm="HS512") is None


def _session(claims: dict[str, Any]) -> Session:
    """Return the session of claims that are all there and of their kind; else raises a `TypeError`, a
    `KeyError` or a `ValueError`."""
    texts = [claims[name] for name in ("sub", "sid", "jti")]
    numbers = [claims[name] for name in ("auth_time", "iat", "exp", "gen")]
    if {type(text) for text in texts} != {str} or {type(number) for number in numbers} != {int}:
        raise TypeError("claims of another kind")
    user_id, session_id, token_id = texts
    if set(user_id) - set("0123456789"):
        raise ValueError("more than digits")
    return Session(int(user_id), session_id, token_id, *numbers)


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _from_base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
