"""Wrong ways to make a token and to believe one. All have been seen in real code.

Most wrong verifiers here are written by hand: PyJWT as it is today refuses what they believe.
"""

import base64
import hashlib
import hmac
import json
import sqlite3
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jwt
from jwt.warnings import InsecureKeyLengthWarning

import authlab
from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.db import UserRow
from authlab.tokens import Session, pick_key

LOAD = "authlab.tokens:load_secret"
SIGN = "authlab.tokens:sign_session"
PICK = "authlab.tokens:pick_key"
VERIFY = "authlab.tokens:verify_session_token"
AUTHENTICATE = "authlab.accounts:authenticate"

HOUSE = "authlab"
SESSION = "authlab.session"
KEY_ID = "2026"
KEYS = Path(authlab.__file__).parent / "keys"  # where a key that is no longer in use would lie, as a file

# The login of the company next door: it signs with RS256, and this half of its key pair is on its website.
COMPANY = "login.company.test"
COMPANY_PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvEBGitxIzStK5WW7uQD1
N96JRnkhzYIYpZO3/EsVLtxpfor4bCpoKVbmBp5W4kiDfXlE5PxCVhgTM28uwQFn
EfVHDKGiYwsFPqRH4a2THDY4ESezjUb5erge3Rde4TZX6ZdHJ9b+fu2SeG6hVXhP
TIo5ChYd6e0kNZLPkp8wAceHXXaD5aSrQQGfobGaHVzJMTzvRQO+51tjcMG0/3yv
qvFkFAT0su+V1b0E6xZhtv0MNx7qEqTX4/zuzScRtrPuoDEoT2iac8Cg9AFo7hNs
W4HNmn2XMrW3W4n5ydt5cgmycm3kVghGYjuLRqgr/0GfXRA4twIUL42EFfpBIyNY
JQIDAQAB
-----END PUBLIC KEY-----
"""
COMPANY_KEY_ON_ONE_LINE = b"".join(COMPANY_PUBLIC_KEY.splitlines()[1:-1])  # as it goes into a .env

# The claims and times are compared by `_if_ours`, as in the package: each flaw is wrong in one thing.
_NOT_HERE: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}


# sign_session: what is in a token, everybody reads. Their companion keeps the rows of those who log in.

_rows: dict[int, UserRow] = {}


def _authenticate_and_keep(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    if user is not None:
        _rows[user.id] = user
    return user


@flaw(
    SIGN,
    attack=25,
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="A token is signed, not encrypted: its middle part is base64, and base64 is no lock.",
)
def name_and_email_to_greet(session: Session, key: bytes, kid: str | None = None) -> str:
    """The guide calls it `encrypt`, so nobody reads the name in there, and every page saves a query."""
    row = _rows.get(session.user_id)
    personal = {} if row is None else {"name": row.name, "email": row.email}
    return _signed({**_claims(session), **personal}, key, kid)


@flaw(
    SIGN,
    attack=25,
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="The whole row is more than a token may carry: whoever reads it has the password's hash and can guess at leisure.",
)
def the_whole_user(session: Session, key: bytes, kid: str | None = None) -> str:
    """Whatever a page may need later is in the token already."""
    row = _rows.get(session.user_id)
    return _signed({**_claims(session), "user": None if row is None else asdict(row)}, key, kid)


@flaw(
    SIGN,
    attack=25,
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="A role in the token tells whoever finds it which one to steal, and goes on saying so after the role is taken away.",
)
def role_for_the_menu(session: Session, key: bytes, kid: str | None = None) -> str:
    """A role is nothing personal, and the menu needs it on every page."""
    row = _rows.get(session.user_id)
    return _signed({**_claims(session), "role": "user" if row is None else row.role}, key, kid)


# verify_session_token: the header says "unsigned"


@flaw(
    VERIFY,
    attack=26,
    misconception="The header is the visitor's: whoever may say that a token is unsigned need not sign it.",
)
def unsigned_for_our_tests(token: str, key: bytes, now: int) -> Session | None:
    """Only our tests make tokens with `alg: none`, and those cannot be verified."""
    try:
        signed = jwt.get_unverified_header(token).get("alg") != "none"
        options: Any = {**_NOT_HERE, "verify_signature": signed}
        claims = jwt.decode(token, key, algorithms=["HS256"], issuer=HOUSE, options=options)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    attack=26,
    misconception="A blocked spelling leaves all others: `nOnE` is not on the list, and means the same two lines later.",
)
def blocklist_of_none(token: str, key: bytes, now: int) -> Session | None:
    """The trick with `none` is well known, so `none` is blocked."""
    opened = _opened(token)
    if opened is None:
        return None
    header, claims, signature = opened
    if header.get("alg") == "none":
        return None
    wanted = {"hs256": _hs256(token, key), "none": b""}.get(str(header.get("alg")).lower())
    if wanted is None or not hmac.compare_digest(signature, wanted):
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    attack=26,
    misconception="`algorithms` is the list of what we accept; filled from the token it lets the visitor choose, and here `none` ends in an error that nobody catches.",
)
def algorithms_as_the_header_says(token: str, key: bytes, now: int) -> Session | None:
    """PyJWT wants a list of algorithms, and the header says which one it is."""
    try:
        algorithm = jwt.get_unverified_header(token).get("alg", "HS256")
        claims = jwt.decode(token, key, algorithms=[algorithm], issuer=HOUSE, options=_NOT_HERE)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours(claims, now)


# verify_session_token: a public key as the secret


@flaw(
    VERIFY,
    attack=27,
    misconception="A key belongs to one algorithm: the public key is no secret, and with HS256 whoever can read it can sign.",
)
def algorithm_from_the_header(token: str, key: bytes, now: int) -> Session | None:
    """The issuer tells us the key, and the header tells us the algorithm."""
    opened = _opened(token)
    if opened is None:
        return None
    header, claims, signature = opened
    issuer, algorithm = str(claims.get("iss")), str(header.get("alg"))
    known = {HOUSE: key, COMPANY: COMPANY_PUBLIC_KEY}.get(issuer)
    holds = {"HS256": _hs256_holds, "RS256": _rs256_holds}.get(algorithm)
    if known is None or holds is None or not holds(token, signature, known):
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


@flaw(
    VERIFY,
    attack=27,
    misconception="One list for both kinds is no list: PyJWT would refuse the PEM as an HMAC secret, but on one line it looks like any other.",
)
def one_list_for_both_kinds(token: str, key: bytes, now: int) -> Session | None:
    """Our list is fixed: HS256 for our own tokens, RS256 for the company's."""
    opened = _opened(token)
    if opened is None:
        return None
    issuer = str(opened[1].get("iss"))
    known = {HOUSE: key, COMPANY: COMPANY_KEY_ON_ONE_LINE}.get(issuer)
    if known is None:
        return None
    try:
        claims = jwt.decode(token, known, algorithms=["HS256", "RS256"], options=_NOT_HERE)
    except (jwt.PyJWTError, ValueError):
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


# load_secret: a key that is in a word list


@flaw(
    LOAD,
    attack=28,
    misconception="A short key only makes PyJWT warn: the app starts, and a word list finds the key from any one token.",
)
def ignore_the_warning(env: Mapping[str, str], name: str) -> bytes:
    """PyJWT has warned about the key for years, and nothing ever happened."""
    warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)
    return env[name].encode()


@flaw(
    LOAD,
    attack=28,
    misconception="A default in the code is a published secret, and the app that forgot to set its own runs with it.",
)
def default_for_development(env: Mapping[str, str], name: str) -> bytes:
    """Everybody must be able to start the app on a laptop; in production somebody will set a real one."""
    warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)
    if not env.get(name):
        return b"your_secret_key"
    secret: bytes = original(LOAD)(env, name)
    return secret


@flaw(
    LOAD,
    attack=28,
    misconception="Zero bytes at the end stop the warning and add nothing to guess: the word is still all there is.",
)
def filled_up_to_32_bytes(env: Mapping[str, str], name: str) -> bytes:
    """The library asks for 32 bytes, so a shorter secret is filled up."""
    return env[name].encode().ljust(32, b"\0")


@flaw(
    LOAD,
    attack=28,
    misconception="A digest is as long as you like and as guessable as what went in: a word list is digested as fast as it is read.",
)
def digest_of_any_word(env: Mapping[str, str], name: str) -> bytes:
    """SHA-256 makes 32 random-looking bytes out of whatever somebody writes into .env."""
    return hashlib.sha256(env[name].encode()).digest()


@flaw(
    LOAD,
    attack=28,
    misconception="`changeme` is good base64: that it decodes says nothing of how long it is, or how random.",
)
def base64_of_any_length(env: Mapping[str, str], name: str) -> bytes:
    """What decodes as base64 was made by `openssl rand -base64 32`."""
    return base64.b64decode(env[name], validate=True)


# kid: the visitor names the key


@flaw(
    VERIFY,
    attack=29,
    misconception="`kid` is the visitor's text: as a path it leads to any file, and with a file that everybody can read everybody can sign.",
)
def key_file_by_kid(token: str, key: bytes, now: int) -> Session | None:
    """Keys are rotated by putting a new file into a folder; the token says which it was."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        used = key if kid is None else (KEYS / kid).resolve().read_bytes()
        claims = jwt.decode(token, used, algorithms=["HS256"], issuer=HOUSE, options=_NOT_HERE)
    except (jwt.PyJWTError, ValueError, OSError):
        return None
    return _if_ours(claims, now)


def _sign_with_a_ring(session: Session, key: bytes, kid: str | None = None) -> str:
    token: str = original(SIGN)(session, key, KEY_ID)
    return token


def _verify_with_a_ring(token: str, key: bytes, now: int) -> Session | None:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, ValueError):
        return None
    picked = pick_key(kid, {KEY_ID: key})
    session: Session | None = None if picked is None else original(VERIFY)(token, picked, now)
    return session


# What puts a ring of keys into an app that has one key: for whatever stands in for `pick_key`.
RING = {SIGN: _sign_with_a_ring, VERIFY: _verify_with_a_ring}


@flaw(
    PICK,
    attack=29,
    companions=RING,
    misconception="A name that is not in the ring is not a file to look for: `..` leads out of the folder of keys.",
)
def old_keys_in_a_folder(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Today's key is in the ring, and those of former years are in a folder, by their id."""
    if kid is None or kid in ring:
        return ring.get(kid or "")
    return _content(KEYS / kid)


@flaw(
    PICK,
    attack=29,
    companions=RING,
    misconception="A path that begins right need not end there: compare after the `..` are resolved, or better, take no path.",
)
def path_that_begins_right(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """The path must begin with the folder of keys, so it cannot leave it."""
    if kid is None or kid in ring:
        return ring.get(kid or "")
    path = f"{KEYS}/{kid}"
    return _content(Path(path)) if path.startswith(f"{KEYS}/") else None


@flaw(
    PICK,
    attack=29,
    companions=RING,
    misconception="Taking `../` out once makes a new one of `....//`: a cleaned path is still the visitor's path.",
)
def dots_taken_out(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Without `../` no path leads out of a folder."""
    if kid is None or kid in ring:
        return ring.get(kid or "")
    return _content(KEYS / kid.replace("../", "").lstrip("/"))


# verify_session_token: the end of a session


def _verify_exp_if_there(token: str, key: bytes, now: int) -> Session | None:
    claims = _proven(token, key)
    if claims is None:
        return None
    return _if_ours({"exp": now + 1, **claims}, now)


@flaw(
    VERIFY,
    attack=30,
    misconception="`verify_exp` compares an `exp` that is there; a token that says nothing of its end has none. Require it.",
)
def exp_if_it_is_there(token: str, key: bytes, now: int) -> Session | None:
    """`verify_exp` is on by default, so the end is taken care of."""
    return _verify_exp_if_there(token, key, now)


@flaw(
    VERIFY,
    attack=30,
    misconception="The cookie's lifetime is a courtesy of the browser: a copied token ends only when the server says so.",
)
def the_cookie_ends_by_itself(token: str, key: bytes, now: int) -> Session | None:
    """The cookie has a Max-Age, so after seven days there is no token any more."""
    claims = _proven(token, key)
    return None if claims is None else _if_ours({**claims, "exp": now + 1}, now)


@flaw(
    SIGN,
    attack=30,
    companions={VERIFY: _verify_exp_if_there},
    misconception="A token without an end can never be taken back: whoever copied it once is in for good.",
)
def no_end_so_nobody_is_logged_out(session: Session, key: bytes, kid: str | None = None) -> str:
    """Visitors hate to be logged out, so the token says nothing of an end."""
    claims = _claims(session)
    del claims["exp"]
    return _signed(claims, key, kid)


# verify_session_token: made for another purpose


@flaw(
    VERIFY,
    attack=31,
    misconception="The signature says that we made it, not what for: a link to reset a password opens a session.",
)
def no_audience(token: str, key: bytes, now: int) -> Session | None:
    """Whatever is signed with our key is ours."""
    claims = _proven(token, key)
    return None if claims is None else _if_ours({**claims, "aud": SESSION}, now)


@flaw(
    VERIFY,
    attack=31,
    misconception="All our purposes begin alike: a purpose is compared as a whole, or it tells nothing apart.",
)
def audience_that_begins_right(token: str, key: bytes, now: int) -> Session | None:
    """The audience must be ours, and ours all begin with `authlab`."""
    claims = _proven(token, key)
    if claims is None or not str(claims.get("aud")).startswith("authlab"):
        return None
    return _if_ours({**claims, "aud": SESSION}, now)


@flaw(
    VERIFY,
    attack=31,
    misconception="A list of audiences means any of them: here that is every token that the house ever signs.",
)
def every_audience_of_the_house(token: str, key: bytes, now: int) -> Session | None:
    """PyJWT takes a list of audiences, so all of ours go in and no token of ours fails."""
    ours = [SESSION, "authlab.reset", "authlab.invitation"]
    options: Any = {**_NOT_HERE, "verify_aud": True}
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], issuer=HOUSE, audience=ours, options=options)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours({**claims, "aud": SESSION}, now)


# verify_session_token: a signature that nobody looks at


@flaw(
    VERIFY,
    attack=32,
    misconception="What is read without the signature is the visitor's own text, and `sub` is what it is all about.",
)
def signature_off_to_read_sub(token: str, key: bytes, now: int) -> Session | None:
    """This only reads `sub`; the signature was checked when the token was made."""
    opened = _opened(token)
    return None if opened is None else _if_ours(opened[1], now)


_good_signatures: set[bytes] = set()


@flaw(
    VERIFY,
    attack=32,
    misconception="A signature is good for one text: kept apart from it, it vouches for whatever stands beside it.",
)
def signature_known_from_before(token: str, key: bytes, now: int) -> Session | None:
    """A signature that held on the last page holds on this one, so it is computed once."""
    opened = _opened(token)
    if opened is None:
        return None
    _, claims, signature = opened
    if signature not in _good_signatures:
        if _proven(token, key) is None:
            return None
        _good_signatures.add(signature)
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    attack=32,
    misconception="A bare except takes a forgery for a fault of ours: what cannot be verified must be refused.",
)
def any_error_is_our_fault(token: str, key: bytes, now: int) -> Session | None:
    """If verifying fails, the visitor must not suffer for it: then the token is read as it is."""
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], issuer=HOUSE, options=_NOT_HERE)
    except:  # noqa: E722
        opened = _opened(token)
        claims = {} if opened is None else opened[1]
    return _if_ours(claims, now)


# verify_session_token: text that is no token


@flaw(
    VERIFY,
    attack=33,
    misconception="A lone surrogate cannot be encoded as UTF-8, and PyJWT lets that error out: it is a UnicodeEncodeError, so a ValueError.",
)
def catches_invalid_token_only(token: str, key: bytes, now: int) -> Session | None:
    """Every error of PyJWT about a token is an InvalidTokenError."""
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], issuer=HOUSE, options=_NOT_HERE)
    except jwt.InvalidTokenError:
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    attack=33,
    misconception="A cookie holds what somebody wrote into it: nothing says that it has three parts, is base64 or can be encoded.",
)
def three_parts_as_we_made_them(token: str, key: bytes, now: int) -> Session | None:
    """A token has three parts: we made it."""
    _, payload, signature = token.split(".")
    wanted = base64.urlsafe_b64encode(_hs256(token, key)).decode().rstrip("=")
    if not hmac.compare_digest(signature, wanted):
        return None
    return _if_ours(json.loads(base64.urlsafe_b64decode(payload + "==")), now)


# What the flaws share with the package: all but the one thing that is wrong


def _claims(session: Session) -> dict[str, Any]:
    return {
        "iss": HOUSE,
        "aud": SESSION,
        "sub": str(session.user_id),
        "jti": session.session_id,
        "iat": session.issued_at,
        "exp": session.expires_at,
    }


def _signed(claims: dict[str, Any], key: bytes, kid: str | None) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers=None if kid is None else {"kid": kid})


def _opened(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes] | None:
    """Header, claims and signature as they stand there, with nothing proven."""
    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError):
        return None
    return whole["header"], whole["payload"], whole["signature"]


def _proven(token: str, key: bytes) -> dict[str, Any] | None:
    """The claims, if we signed them; what they say is still to be compared."""
    try:
        return jwt.decode(token, key, algorithms=["HS256"], issuer=HOUSE, options=_NOT_HERE)
    except (jwt.InvalidTokenError, ValueError):
        return None


def _if_ours(claims: dict[str, Any], now: int) -> Session | None:
    """The session that the claims speak of, if every one of them is as it must be."""
    if claims.get("iss") != HOUSE or claims.get("aud") != SESSION:
        return None
    number, session_id = claims.get("sub"), claims.get("jti")
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(number, str) or not number.isdecimal() or not isinstance(session_id, str):
        return None
    if type(issued) is not int or type(expires) is not int or not issued <= now < expires:
        return None
    return Session(int(number), session_id, issued, expires)


def _hs256(token: str, key: bytes) -> bytes:
    return hmac.digest(key, token.rpartition(".")[0].encode(), hashlib.sha256)


def _hs256_holds(token: str, signature: bytes, key: bytes) -> bool:
    return hmac.compare_digest(signature, _hs256(token, key))


def _rs256_holds(token: str, signature: bytes, key: bytes) -> bool:
    """Verify RS256 with what Python brings: PyJWT needs another package for it. RFC 8017, section 8.2.2."""
    if not key.startswith(b"-----BEGIN PUBLIC KEY-----"):
        return False
    der = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    modulus, exponent = int.from_bytes(der[33:-5], "big"), int.from_bytes(der[-3:], "big")  # 2048 bits
    digest = hashlib.sha256(token.rpartition(".")[0].encode()).digest()
    kind = bytes.fromhex("3031300d060960864801650304020105000420")  # "a SHA-256 digest follows", in DER
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(kind) - len(digest)) + b"\x00" + kind + digest
    return pow(int.from_bytes(signature, "big"), exponent, modulus) == int.from_bytes(padded, "big")


def _content(path: Path) -> bytes | None:
    try:
        return path.resolve().read_bytes() or None
    except (OSError, ValueError):
        return None
