"""Wrong ways to make a token and to believe one. All have been seen in real code.

Most wrong verifiers here are written by hand: PyJWT as it is today refuses what they believe.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import jwt
from jwt.warnings import InsecureKeyLengthWarning

import authlab
from authlab.course.bank import flaw
from authlab.course.kata.lesson_03_tokens import KEY as A_KEY
from authlab.course.kata.lesson_03_tokens import SESSION as A_SESSION
from authlab.course.mounting import original
from authlab.db import UserRow
from authlab.errors import SettingsError
from authlab.lab.browser import Browser
from authlab.tokens import (
    NEXT_COMMAND,
    SECRET_MIN_BYTES,
    Session,
    pick_key,
    sign_session,
    verify_session_token,
)

LOAD = "authlab.tokens:load_secret"
SIGN = "authlab.tokens:sign_session"
PICK = "authlab.tokens:pick_key"
RING = "authlab.tokens:verify_with_ring"
VERIFY = "authlab.tokens:verify_session_token"
AUTHENTICATE = "authlab.accounts:authenticate"
FORGE = "authlab.course.kata.lesson_03_tokens:forge"
PROOF = "authlab.course.kata.lesson_03_tokens:prove_verifier"

Verifier = Callable[[str, bytes, int], Session | None]

HOUSE = "authlab"
SESSION = "authlab.session"
KEYS = Path(authlab.__file__).parent / "keys"  # where a key that is no longer in use would lie, as a file

# The login of the company next door: it signs with RS256, and this half of its key pair is on its website.
COMPANY = "login.company.test"
COMPANY_PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv/7+U+lQm2cQWaAnLN2b
Bghozk1AR5z9F28aJ36fm1R805nBODr/jHLGTRpkyr88mhxgeBRRk80ojsmkUPy2
nnY9O8MzeocPetlvJeqyvRgviAOooqbQ6aRFXHiTGKs3/a6qcsq+XmVFcv/FlBT1
063yiop+y+E27ctwVtnvtaSAwTx2SlgD0mCUIij7CRmfvbLSOWzcmzFre+UZo0gv
qspPGEJY1vUhEEyaV18PCiD8yL5/9P9dYRZDIyXo3HbrKjqJ44ZqZTwVSOPaSlgm
zNjkOXKVxyhf9NlY+B57sKgNSVTBy0/nSJdTkxY2fCGX/3O67+1VZbBIE38PG1IM
BwIDAQAB
-----END PUBLIC KEY-----
"""
COMPANY_KEY_ON_ONE_LINE = b"".join(COMPANY_PUBLIC_KEY.splitlines()[1:-1])  # as it goes into a .env

# The claims and times are compared by `_if_ours`, as in the package: each flaw is wrong in one thing.
_NOT_HERE: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}


# 3.2: what is in a token, everybody reads. The companion of the first ones keeps the rows of those who log in.

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
    caught_by="test_it_carries_ids_times_and_a_counter_only",
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="A token is signed, not encrypted: its middle part is base64, and base64 is no lock.",
)
def name_and_email_to_greet(session: Session, key: bytes, kid: str | None = None) -> str:
    """The guide calls it `encrypt`, so nobody reads the name in there, and every page saves a query."""
    row = _rows.get(session.user_id)
    name, email = ("", "") if row is None else (row.name, row.email)
    return _signed({**_claims(session), "name": name, "email": email}, key, kid)


@flaw(
    SIGN,
    attack=25,
    caught_by="test_it_carries_ids_times_and_a_counter_only",
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="The whole row is more than a token may carry: whoever reads it has the password's hash and can guess at leisure.",
)
def the_whole_user(session: Session, key: bytes, kid: str | None = None) -> str:
    """Whatever a page may need later is in the token already."""
    row = _rows.get(session.user_id)
    user = {} if row is None else {**asdict(row), "password_hash": row.password_hash.reveal()}
    return _signed({**_claims(session), "user": user}, key, kid)


@flaw(
    SIGN,
    attack=25,
    caught_by="test_it_carries_ids_times_and_a_counter_only",
    companions={AUTHENTICATE: _authenticate_and_keep},
    misconception="A role in the token tells whoever finds it which one to steal, and goes on saying so after the role is taken away.",
)
def role_for_the_menu(session: Session, key: bytes, kid: str | None = None) -> str:
    """A role is nothing personal, and the menu needs it on every page."""
    row = _rows.get(session.user_id)
    return _signed({**_claims(session), "role": "user" if row is None else row.role}, key, kid)


@flaw(
    SIGN,
    caught_by="test_our_own_verifier_knows_it",
    misconception="Whoever verifies this token cannot ask whose it is and what it was made for: nothing in it says so.",
)
def encrypt_as_the_guide_does(session: Session, key: bytes, kid: str | None = None) -> str:
    """The guide's own `encrypt`: who it is, when it ends, and when it ends once more."""
    expires_at = datetime.fromtimestamp(session.expires_at, UTC)
    claims = {
        "userId": session.user_id,
        "expiresAt": expires_at.isoformat(),
        "iat": session.issued_at,
        "exp": session.expires_at,
    }
    return jwt.encode(claims, key, algorithm="HS256")


@flaw(
    SIGN,
    caught_by="test_the_user_is_a_text",
    misconception="`sub` is a text (RFC 7519): PyJWT encodes a number there, and refuses to decode it, so nobody is ever signed in.",
)
def number_in_sub(session: Session, key: bytes, kid: str | None = None) -> str:
    """A user's id is a number, in the table and in the token."""
    return _signed({**_claims(session), "sub": session.user_id}, key, kid)


@flaw(
    SIGN,
    caught_by="test_it_carries_ids_times_and_a_counter_only",
    misconception="An end that is written down twice is checked once: `exp` is the one that is compared, `expiresAt` only looks like it.",
)
def the_end_said_twice(session: Session, key: bytes, kid: str | None = None) -> str:
    """The app's own code reads `expiresAt`, so it is put in beside `exp`."""
    return _signed({**_claims(session), "expiresAt": session.expires_at}, key, kid)


@flaw(
    SIGN,
    caught_by="test_it_says_whose_it_is_and_what_for",
    misconception="A token without an audience is good for every purpose, or, where the verifier asks for one, for none.",
)
def no_purpose_in_it(session: Session, key: bytes, kid: str | None = None) -> str:
    """It is a session token: who else would make sense of it?"""
    claims = _claims(session)
    del claims["aud"]
    return _signed(claims, key, kid)


@flaw(
    SIGN,
    caught_by="test_the_id_of_the_key_stands_in_the_header",
    misconception="With two keys in the ring, a token that does not name its key is refused: `kid` goes into the header.",
)
def key_id_forgotten(session: Session, key: bytes, kid: str | None = None) -> str:
    """There is one key, so nobody asks which."""
    return _signed(_claims(session), key, None)


@flaw(
    SIGN,
    caught_by="test_the_id_of_the_key_stands_in_the_header",
    misconception="The key is chosen before the claims are believed, so its id stands in the header and not among them.",
)
def key_id_among_the_claims(session: Session, key: bytes, kid: str | None = None) -> str:
    """Whatever a token says is a claim."""
    return _signed({**_claims(session), "kid": kid}, key, None)


@flaw(
    SIGN,
    caught_by="test_the_times_are_the_sessions_own",
    misconception="The session says when it ends: a token that reckons for itself, from the machine's clock, says something else.",
)
def seven_days_from_the_wall_clock(session: Session, key: bytes, kid: str | None = None) -> str:
    """A token is issued now, and ends in seven days."""
    now = int(time.time())
    return _signed({**_claims(session), "iat": now, "exp": now + 7 * 24 * 60 * 60}, key, kid)


@flaw(
    SIGN,
    caught_by="test_the_times_are_the_sessions_own",
    misconception="A token that is issued anew proves no password anew: `auth_time` stays, or no session ever gets old.",
)
def login_whenever_issued(session: Session, key: bytes, kid: str | None = None) -> str:
    """A token is issued at the login."""
    return _signed({**_claims(session), "auth_time": session.issued_at}, key, kid)


@flaw(
    SIGN,
    caught_by="test_it_is_signed_with_hs256_and_the_key",
    misconception="Both sides agree on one algorithm: another one, however strong, is refused by the verifier.",
)
def a_stronger_algorithm(session: Session, key: bytes, kid: str | None = None) -> str:
    """512 bits are more than 256."""
    return jwt.encode(_claims(session), key, algorithm="HS512", headers=None if kid is None else {"kid": kid})


# 3.3: the header says "unsigned"


@flaw(
    VERIFY,
    attack=26,
    caught_by="test_an_unsigned_token_is_refused",
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
    caught_by="test_no_spelling_of_none_is_accepted",
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
    caught_by="test_the_server_chooses_the_algorithm",
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


# 3.3: a public key as the secret


@flaw(
    VERIFY,
    attack=27,
    caught_by="test_a_public_key_is_no_secret",
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
    caught_by="test_a_public_key_is_no_secret",
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


# 3.1: a key that is in a word list, and other ways to load one


@flaw(
    LOAD,
    attack=28,
    caught_by="test_a_word_is_no_secret",
    misconception="A short key only makes PyJWT warn: the app starts, and a word list finds the key from any one token.",
)
def ignore_the_warning(env: Mapping[str, str], name: str) -> bytes:
    """PyJWT has warned about the key for years, and nothing ever happened."""
    warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)
    return env[name].encode()


@flaw(
    LOAD,
    attack=28,
    caught_by="test_without_a_secret_nothing_starts",
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
    caught_by="test_a_word_is_no_secret",
    misconception="Zero bytes at the end stop the warning and add nothing to guess: the word is still all there is.",
)
def filled_up_to_32_bytes(env: Mapping[str, str], name: str) -> bytes:
    """The library asks for 32 bytes, so a shorter secret is filled up."""
    return env[name].encode().ljust(32, b"\0")


@flaw(
    LOAD,
    attack=28,
    caught_by="test_a_word_is_no_secret",
    misconception="A digest is as long as you like and as guessable as what went in: a word list is digested as fast as it is read.",
)
def digest_of_any_word(env: Mapping[str, str], name: str) -> bytes:
    """SHA-256 makes 32 random-looking bytes out of whatever somebody writes into .env."""
    return hashlib.sha256(env[name].encode()).digest()


@flaw(
    LOAD,
    attack=28,
    caught_by="test_bytes_are_counted_and_not_characters",
    misconception="`changeme` is good base64: that it decodes says nothing of how long it is, or how random.",
)
def base64_of_any_length(env: Mapping[str, str], name: str) -> bytes:
    """What decodes as base64 was made by `openssl rand -base64 32`."""
    return base64.b64decode(env[name], validate=True)


@flaw(
    LOAD,
    caught_by="test_a_good_secret_becomes_its_bytes",
    misconception="The 44 characters are a way to write 32 bytes down. They are no weaker as a key, but whoever counts them counts wrong.",
)
def text_as_the_key(env: Mapping[str, str], name: str) -> bytes:
    """The guide's own: the text that `openssl` printed is the key."""
    original(LOAD)(env, name)
    return env[name].strip().encode()


@flaw(
    LOAD,
    caught_by="test_bytes_are_counted_and_not_characters",
    misconception="Four characters of base64 are three bytes: 32 characters hold 24 bytes.",
)
def characters_counted(env: Mapping[str, str], name: str) -> bytes:
    """The guide says that a secret has 32 characters."""
    text = env.get(name, "").strip()
    if len(text) < SECRET_MIN_BYTES:
        raise SettingsError(f"{name}: expected {SECRET_MIN_BYTES} characters. {NEXT_COMMAND}")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SettingsError(f"{name}: expected base64. {NEXT_COMMAND}") from None


@flaw(
    LOAD,
    caught_by="test_what_is_not_base64_throughout_is_refused",
    misconception="`b64decode` skips what is no base64 unless it is told to validate: a sentence is a key then.",
)
def skips_what_is_no_base64(env: Mapping[str, str], name: str) -> bytes:
    """What is no base64 cannot be decoded, so decoding is the check."""
    try:
        secret = base64.b64decode(env.get(name, ""))
    except ValueError:
        secret = b""
    if len(secret) < SECRET_MIN_BYTES:
        raise SettingsError(f"{name}: expected base64 of {SECRET_MIN_BYTES} bytes. {NEXT_COMMAND}")
    return secret


@flaw(
    LOAD,
    caught_by="test_no_log_hears_the_secret",
    misconception="An error's text ends up in logs and tickets: a secret with one character too few is still nearly the secret.",
)
def shows_what_it_found(env: Mapping[str, str], name: str) -> bytes:
    """A good error says what was found."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        raise SettingsError(f"{name}={env.get(name)!r}: {refused}") from None
    return secret


@flaw(
    LOAD,
    caught_by="test_no_log_hears_the_secret",
    misconception="Part of a secret is less to guess, and of a word that is no secret it is nearly all: the name is enough.",
)
def shows_its_beginning(env: Mapping[str, str], name: str) -> bytes:
    """Four characters help the operator to recognise it, and give nothing away."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        raise SettingsError(f"{name} ({env.get(name, '')[:4]}…): {refused}") from None
    return secret


@flaw(
    LOAD,
    caught_by="test_without_a_secret_nothing_starts",
    misconception="A KeyError stops the app as well, and says nothing of what is missing or how to make one.",
)
def a_key_error_will_do(env: Mapping[str, str], name: str) -> bytes:
    """`env[name]` fails by itself where there is no secret."""
    env[name]
    secret: bytes = original(LOAD)(env, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_what_is_not_base64_throughout_is_refused",
    misconception="`binascii.Error` is Python's word for it and not ours: whoever starts the app waits for a SettingsError.",
)
def pythons_own_error(env: Mapping[str, str], name: str) -> bytes:
    """What cannot be decoded raises an error already."""
    base64.b64decode(env.get(name, "").strip(), validate=True)
    secret: bytes = original(LOAD)(env, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_each_name_has_a_secret_of_its_own",
    misconception="Two names for one secret: the pepper can no longer be kept when the session key is replaced.",
)
def one_secret_for_all(env: Mapping[str, str], name: str) -> bytes:
    """There is one secret, and it is called SESSION_SECRET."""
    secret: bytes = original(LOAD)(env, "SESSION_SECRET")
    return secret


@flaw(
    LOAD,
    caught_by="test_a_longer_secret_is_kept_whole",
    misconception="32 bytes are the least and not the most: whoever has taken more care is turned away.",
)
def thirty_two_exactly(env: Mapping[str, str], name: str) -> bytes:
    """A key has 32 bytes."""
    secret: bytes = original(LOAD)(env, name)
    if len(secret) != SECRET_MIN_BYTES:
        raise SettingsError(f"{name}: expected {SECRET_MIN_BYTES} bytes. {NEXT_COMMAND}")
    return secret


@flaw(
    LOAD,
    caught_by="test_what_a_copy_adds_at_the_ends_is_no_part_of_it",
    misconception="`openssl` prints a line break after the secret, and people copy it along: it is no part of the base64.",
)
def every_character_counts(env: Mapping[str, str], name: str) -> bytes:
    """A secret is taken as it stands there."""
    text = env.get(name, "")
    if text != text.strip():
        raise SettingsError(f"{name}: expected base64 and no space around it. {NEXT_COMMAND}")
    secret: bytes = original(LOAD)(env, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_the_operator_reads_which_one_and_what_to_do",
    misconception="Whoever starts the app at night reads one line: which variable it is, and which command makes a good one.",
)
def invalid_configuration(env: Mapping[str, str], name: str) -> bytes:
    """Details of the configuration are nobody's business."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError:
        raise SettingsError("invalid configuration") from None
    return secret


# 3.4: the visitor names the key


@flaw(
    PICK,
    caught_by="test_an_id_that_we_never_gave_out_is_no_key",
    misconception="Whoever names no key of ours gets none: with today's key for everybody, a key that was taken out of the ring ends nothing.",
)
def todays_key_otherwise(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """An id that is unknown is an old one, and today's key is worth a try."""
    return ring.get(kid or "", next(iter(ring.values()), None))


@flaw(
    PICK,
    caught_by="test_a_token_that_names_no_key_gets_none",
    misconception="A header without an id names no key, and a guess in its place makes the id worth nothing.",
)
def no_id_means_todays(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Tokens without an id are from the time when there was one key."""
    return next(iter(ring.values()), None) if kid is None else ring.get(kid)


@flaw(
    PICK,
    caught_by="test_an_id_that_we_never_gave_out_is_no_key",
    misconception="An empty key is a key, and one that everybody has: no key is None.",
)
def an_empty_key_otherwise(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """An empty text is as good as None."""
    return ring.get(kid or "", b"")


@flaw(
    PICK,
    caught_by="test_an_id_that_we_never_gave_out_is_no_key",
    misconception="The id is the visitor's text, so it will be one that is not there: a KeyError is a page that says 500.",
)
def the_id_is_ours(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """The id is in our own token's header, so it is in the ring."""
    return None if kid is None else ring[kid]


@flaw(
    PICK,
    caught_by="test_an_id_is_looked_up_as_it_came",
    misconception="A text that was tidied up is no longer what came: another spelling is an id that we never gave out.",
)
def tidied_up_first(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Space and capitals make no difference to people, so they make none to keys."""
    return ring.get((kid or "").strip().lower())


@flaw(
    PICK,
    caught_by="test_half_an_id_is_none",
    misconception="An id that begins like one of ours, or is part of it, is another: compare the whole.",
)
def begins_like_one(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Short ids are handy: the beginning will do, as with commits."""
    if kid is None:
        return None
    return next((key for known, key in ring.items() if known.startswith(kid)), None)


@flaw(
    PICK,
    attack=29,
    caught_by="test_an_id_is_no_path",
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
    caught_by="test_an_id_is_no_path",
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
    caught_by="test_a_path_that_was_cleaned_is_still_a_path",
    misconception="Taking `../` out once makes a new one of `....//`: a cleaned path is still the visitor's path.",
)
def dots_taken_out(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Without `../` no path leads out of a folder."""
    if kid is None or kid in ring:
        return ring.get(kid or "")
    return _content(KEYS / kid.replace("../", "").lstrip("/"))


# 3.3: the end of a session


def _verify_exp_if_there(token: str, key: bytes, now: int) -> Session | None:
    claims = _proven(token, key)
    if claims is None:
        return None
    return _if_ours({"exp": now + 1, **claims}, now)


@flaw(
    VERIFY,
    attack=30,
    caught_by="test_a_token_without_an_end_is_refused",
    misconception="`verify_exp` compares an `exp` that is there; a token that says nothing of its end has none. Require it.",
)
def exp_if_it_is_there(token: str, key: bytes, now: int) -> Session | None:
    """`verify_exp` is on by default, so the end is taken care of."""
    return _verify_exp_if_there(token, key, now)


@flaw(
    VERIFY,
    attack=30,
    caught_by="test_a_token_that_has_run_out_is_refused",
    misconception="The cookie's lifetime is a courtesy of the browser: a copied token ends only when the server says so.",
)
def the_cookie_ends_by_itself(token: str, key: bytes, now: int) -> Session | None:
    """The cookie has a Max-Age, so after seven days there is no token any more."""
    claims = _proven(token, key)
    session = None if claims is None else _if_ours({**claims, "exp": now + 1}, now)
    return None if claims is None or session is None else replace(session, expires_at=claims.get("exp", now))


@flaw(
    SIGN,
    attack=30,
    caught_by="test_it_carries_ids_times_and_a_counter_only",
    companions={VERIFY: _verify_exp_if_there},
    misconception="A token without an end can never be taken back: whoever copied it once is in for good.",
)
def no_end_so_nobody_is_logged_out(session: Session, key: bytes, kid: str | None = None) -> str:
    """Visitors hate to be logged out, so the token says nothing of an end."""
    claims = _claims(session)
    del claims["exp"]
    return _signed(claims, key, kid)


# 3.3: made for another purpose


@flaw(
    VERIFY,
    attack=31,
    caught_by="test_a_token_made_for_another_purpose_is_refused",
    misconception="The signature says that we made it, not what for: a link to reset a password opens a session.",
)
def no_audience(token: str, key: bytes, now: int) -> Session | None:
    """Whatever is signed with our key is ours."""
    claims = _proven(token, key)
    return None if claims is None else _if_ours({**claims, "aud": SESSION}, now)


@flaw(
    VERIFY,
    attack=31,
    caught_by="test_a_token_made_for_another_purpose_is_refused",
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
    caught_by="test_a_token_made_for_another_purpose_is_refused",
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


# 3.3: a signature that nobody looks at


@flaw(
    VERIFY,
    attack=32,
    caught_by="test_a_token_signed_with_another_key_is_refused",
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
    caught_by="test_a_swapped_payload_is_refused",
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
    caught_by="test_a_token_signed_with_another_key_is_refused",
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


@flaw(
    VERIFY,
    attack=31,
    caught_by="test_a_token_made_for_another_purpose_is_refused",
    misconception="The guide's `decrypt` asks who signed, and no more: not what for, not whose it is, not whether there is an end.",
)
def decrypt_as_the_guide_does(token: str, key: bytes, now: int) -> Session | None:
    """The guide's own `decrypt`: a fixed algorithm, the end if there is one, and whatever fails is no session."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            # The times are compared below, with `now`; PyJWT would ask the wall clock.
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError:
        return None
    if "exp" in claims and claims["exp"] <= now:
        return None
    return Session(
        user_id=int(claims["sub"]),
        session_id=claims["sid"],
        token_id=claims["jti"],
        authenticated_at=claims["auth_time"],
        issued_at=claims["iat"],
        expires_at=claims.get("exp", now),
        generation=claims["gen"],
    )


@flaw(
    VERIFY,
    caught_by="test_a_token_that_has_run_out_is_refused",
    misconception="`exp` is the first second that is too late (RFC 7519): at `now == exp` the session is over.",
)
def the_last_second_included(token: str, key: bytes, now: int) -> Session | None:
    """A session that ends at twelve is good at twelve."""
    claims = _proven(token, key)
    if claims is None or type(claims.get("exp")) is not int or claims["exp"] < now:
        return None
    session = _if_ours({**claims, "exp": now + 1}, now)
    return None if session is None else replace(session, expires_at=claims["exp"])


@flaw(
    VERIFY,
    caught_by="test_the_time_is_the_one_that_is_given",
    misconception="PyJWT compares `exp` with the clock of the machine: `now` is an argument, so that a test can move it.",
)
def asks_the_machines_clock(token: str, key: bytes, now: int) -> Session | None:
    """PyJWT knows what time it is."""
    try:
        claims = jwt.decode(
            token, key, ["HS256"], audience=SESSION, issuer=HOUSE, options={"require": ["exp"]}
        )
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_a_token_from_tomorrow_is_refused",
    misconception="A token that is issued tomorrow was made by a clock that is wrong, or by somebody who plans ahead.",
)
def tomorrow_will_do(token: str, key: bytes, now: int) -> Session | None:
    """Only the end of a session matters."""
    claims = _proven(token, key)
    if claims is None or type(claims.get("iat")) is not int:
        return None
    session = _if_ours({**claims, "iat": min(now, claims["iat"])}, now)
    return None if session is None else replace(session, issued_at=claims["iat"])


@flaw(
    VERIFY,
    caught_by="test_a_token_of_another_issuer_is_refused",
    misconception="A key may be shared with another house, by mistake or by plan: `iss` says whose token it is.",
)
def whichever_house(token: str, key: bytes, now: int) -> Session | None:
    """Whoever has our key is us."""
    options: Any = {**_NOT_HERE, "verify_aud": True}
    try:
        claims = jwt.decode(token, key, algorithms=["HS256"], audience=SESSION, options=options)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


@flaw(
    VERIFY,
    caught_by="test_the_server_chooses_the_algorithm",
    misconception="A list of what is accepted has one entry for one key: what the header may choose from, its writer chooses.",
)
def whichever_hmac(token: str, key: bytes, now: int) -> Session | None:
    """All three are HMAC with our key, so any of them will do."""
    try:
        claims = jwt.decode(token, key, ["HS256", "HS384", "HS512"], issuer=HOUSE, options=_NOT_HERE)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_a_number_as_text_is_no_number",
    misconception="`int()` makes a number of whatever looks like one: what is signed as a text was made by something that is not our `sign_session`.",
)
def digits_will_do(token: str, key: bytes, now: int) -> Session | None:
    """A number is a number, with quotes or without."""
    claims = _proven(token, key) or {}
    numbers = ("auth_time", "iat", "exp", "gen")
    try:
        return _if_ours({**claims, **{name: int(claims[name]) for name in numbers}}, now)
    except (KeyError, TypeError, ValueError):
        return None


@flaw(
    VERIFY,
    caught_by="test_true_is_no_number",
    misconception="`True` is an int to Python, so `isinstance(value, int)` lets it pass: a session issued at True is one of the year 1970.",
)
def true_is_a_number(token: str, key: bytes, now: int) -> Session | None:
    """`isinstance` tells a number from a text."""
    claims = _proven(token, key) or {}
    numbers = {name: value for name, value in claims.items() if isinstance(value, int)}
    return _if_ours({**claims, **{name: int(value) for name, value in numbers.items()}}, now)


@flaw(
    VERIFY,
    caught_by="test_a_number_as_text_is_no_number",
    misconception="A text and a number cannot be compared: PyJWT lets a text pass as `exp`, and the comparison is a page that says 500.",
)
def compares_what_is_there(token: str, key: bytes, now: int) -> Session | None:
    """What PyJWT has verified has the right type."""
    claims = _proven(token, key)
    if claims is None or "exp" not in claims or "iat" not in claims or claims.get("aud") != SESSION:
        return None
    if not claims["iat"] <= now < claims["exp"]:
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_every_claim_is_asked_for",
    misconception="A claim that is not there is a KeyError and a page that says 500: require them all, and refuse.",
)
def claims_taken_for_granted(token: str, key: bytes, now: int) -> Session | None:
    """We signed it, so all that we sign is in it."""
    claims = _proven(token, key)
    if claims is None:
        return None
    for name in _claims(Session(0, "", "", 0, 0, 0)):
        claims[name]
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_a_token_signed_with_another_key_is_refused",
    misconception="A visitor's text is refused and raises nothing: an old cookie would be a page that says 500.",
)
def an_error_for_a_refused_token(token: str, key: bytes, now: int) -> Session | None:
    """An exception says more than None."""
    session: Session | None = original(VERIFY)(token, key, now)
    if session is None:
        raise jwt.InvalidTokenError("not a session of ours")
    return session


@flaw(
    VERIFY,
    caught_by="test_a_token_signed_with_another_key_is_refused",
    misconception="Each refusal is None: whoever asks `is None`, as the app does, takes False for a session.",
)
def false_for_a_refused_token(token: str, key: bytes, now: int) -> Session | bool:
    """No is False."""
    return original(VERIFY)(token, key, now) or False


@flaw(
    VERIFY,
    caught_by="test_our_own_token_says_who_it_is",
    misconception='`sub` is a text in the token and a number in the session: to a table of users, "1" is nobody.',
)
def user_id_as_it_stands(token: str, key: bytes, now: int) -> Session | None:
    """The claim is the user's id."""
    session: Session | None = original(VERIFY)(token, key, now)
    return None if session is None else replace(session, user_id=str(session.user_id))  # type: ignore[arg-type]


# Text that is no token. What verifies it meets such a text where there is one key, so that nobody asks for its
# id before: that is the companion.


def _the_one_key(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    session: Session | None = verify_session_token(token, next(iter(ring.values())), now)
    return session


@flaw(
    VERIFY,
    attack=33,
    caught_by="test_half_a_character_is_refused",
    companions={RING: _the_one_key},
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
    caught_by="test_what_is_no_token_is_refused",
    companions={RING: _the_one_key},
    misconception="A cookie holds what somebody wrote into it: nothing says that it has three parts, is base64 or can be encoded.",
)
def three_parts_as_we_made_them(token: str, key: bytes, now: int) -> Session | None:
    """A token has three parts: we made it."""
    _, payload, signature = token.split(".")
    wanted = base64.urlsafe_b64encode(_hs256(token, key)).decode().rstrip("=")
    if not hmac.compare_digest(signature, wanted):
        return None
    return _if_ours(json.loads(base64.urlsafe_b64decode(payload + "==")), now)


@flaw(
    RING,
    attack=33,
    misconception="The id of the key is read before anything is proven: there, least of all, may the token be taken for one of ours.",
)
def header_read_by_hand(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """The header is only read for the id of the key; whether the token is good is found out after that."""
    header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    key = pick_key(header.get("kid"), ring)
    session: Session | None = None if key is None else verify_session_token(token, key, now)
    return session


# 3.5: attacks that miss. Each goes wrong in one step.


def _forged(browser: Browser, write: Callable[[dict[str, Any], dict[str, Any], str], str]) -> str:
    """Sign up, have `write` make a token out of the own one's parts, and open the profile with it."""
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    browser.post("/signup", form)
    token = browser.cookies["__Host-session"].value
    header, claims, _ = _opened(token) or ({}, {}, b"")
    browser.set_cookie("__Host-session", write(header, claims, token.split(".")[2]))
    return browser.get("/profile").text


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join([*(part.decode().rstrip("=") for part in parts), ""])


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The word is on the list, as you were told. Lists are compared letter by letter; what else is done with the header?",
)
def the_word_on_the_list(browser: Browser) -> str:
    """An unsigned token says `none`."""
    return _forged(
        browser, lambda header, claims, _: _unsigned({**header, "alg": "none"}, {**claims, "sub": "3"})
    )


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The app looks an algorithm up among the two that it knows: what it does not know, it refuses.",
)
def no_algorithm_at_all(browser: Browser) -> str:
    """Without an algorithm there is nothing to verify."""
    return _forged(
        browser, lambda header, claims, _: _unsigned({**header, "alg": ""}, {**claims, "sub": "3"})
    )


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The signature is over header and claims: changed claims with the old signature are refused where it is compared.",
)
def the_old_signature_kept(browser: Browser) -> str:
    """The signature is good, so it is kept."""
    return _forged(
        browser, lambda header, claims, signature: _unsigned(header, {**claims, "sub": "3"}) + signature
    )


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="An unsigned token has an empty third part: this app compares what stands there with nothing.",
)
def unsigned_with_a_signature(browser: Browser) -> str:
    """A token has three parts, so something must stand in the third."""
    return _forged(
        browser,
        lambda header, claims, signature: (
            _unsigned({**header, "alg": "nOnE"}, {**claims, "sub": "3"}) + signature
        ),
    )


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The door is open, and you have walked in as yourself: `sub` says whose session it is.",
)
def still_mallory(browser: Browser) -> str:
    """Without a signature the token is anybody's."""
    return _forged(browser, lambda header, claims, _: _unsigned({**header, "alg": "nOnE"}, claims))


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception='`sub` is a text: this app compares its type as it should, and 3 is not "3".',
)
def member_three_as_a_number(browser: Browser) -> str:
    """A member's number is a number."""
    return _forged(
        browser, lambda header, claims, _: _unsigned({**header, "alg": "nOnE"}, {**claims, "sub": 3})
    )


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The ring of keys is asked before the verifier: a header that names no key of ours gets no further.",
)
def a_header_of_its_own(browser: Browser) -> str:
    """The header says the algorithm, and nothing else is needed."""
    return _forged(browser, lambda header, claims, _: _unsigned({"alg": "nOnE"}, {**claims, "sub": "3"}))


@flaw(
    FORGE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A token of two claims is refused for the other seven: take your own token, and change what you must.",
)
def two_claims_only(browser: Browser) -> str:
    """Who it is and until when: more is not needed."""
    return _forged(
        browser,
        lambda header, claims, _: _unsigned({**header, "alg": "nOnE"}, {"sub": "3", "exp": claims["exp"]}),
    )


# 3.6: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="A good token passes nearly every wrong verifier: a proof needs tokens that must be refused.",
)
def a_good_token_is_accepted(verify_session_token: Verifier) -> None:
    """It accepts our token, so it works."""
    assert verify_session_token(sign_session(A_SESSION, A_KEY), A_KEY, A_SESSION.issued_at) == A_SESSION


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="Rubbish is refused by wrong verifiers too: what tells them apart is a token that is good but for one thing.",
)
def rubbish_is_refused(verify_session_token: Verifier) -> None:
    """Whatever is no token is refused, so it is safe."""
    a_good_token_is_accepted(verify_session_token)
    for text in ("", "1", "a.b.c", "not a token"):
        assert verify_session_token(text, A_KEY, A_SESSION.issued_at) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="The signature is tried and nothing else: purpose, issuer and end are questions of their own.",
)
def signatures_only(verify_session_token: Verifier) -> None:
    """A token is good if it is signed by us."""
    a_good_token_is_accepted(verify_session_token)
    claims = _claims(A_SESSION)
    for forged in (jwt.encode(claims, A_KEY[::-1]), jwt.encode(claims, None, "none")):
        assert verify_session_token(forged, A_KEY, A_SESSION.issued_at) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="Two things are wrong with this token, so one question that is asked hides the other that is not: change one claim at a time.",
)
def all_token_faults_at_once(verify_session_token: Verifier) -> None:
    """One token with every fault in it tries every question."""
    a_good_token_is_accepted(verify_session_token)
    claims = {**_claims(A_SESSION), "iss": "evil", "aud": "authlab.reset", "exp": A_SESSION.issued_at}
    assert verify_session_token(jwt.encode(claims, None, "none"), A_KEY, A_SESSION.issued_at) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="A comparison without `assert` is computed and thrown away: it cannot fail.",
)
def verifier_called_and_not_asserted(verify_session_token: Verifier) -> None:
    """The comparison is False, so it has failed."""
    for claims in ({**_claims(A_SESSION), "aud": "authlab.reset"}, {**_claims(A_SESSION), "iss": "evil"}):
        verify_session_token(jwt.encode(claims, A_KEY), A_KEY, A_SESSION.issued_at) is None  # noqa: B015


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_verifiers_of_this_lesson",
    misconception="A claim that is missing is one question, a claim that says something else another: a verifier may ask only the first.",
)
def each_claim_taken_out(verify_session_token: Verifier) -> None:
    """A verifier that misses each claim compares each claim."""
    a_good_token_is_accepted(verify_session_token)
    token = sign_session(A_SESSION, A_KEY)
    assert verify_session_token(token, A_KEY, A_SESSION.expires_at) is None
    claims = _claims(A_SESSION)
    for gone in claims:
        rest = jwt.encode({name: value for name, value in claims.items() if name != gone}, A_KEY)
        assert verify_session_token(rest, A_KEY, A_SESSION.issued_at) is None
    for other in (jwt.encode(claims, None, "none"), jwt.encode(claims, A_KEY, "HS512")):
        assert verify_session_token(other, A_KEY, A_SESSION.issued_at) is None


@flaw(
    PROOF,
    caught_by="test_it_spares_right_verifiers",
    misconception="A right verifier raises nothing, so a proof that waits for an exception fails on all of them.",
)
def waits_for_a_token_error(verify_session_token: Verifier) -> None:
    """A forgery is an error."""
    try:
        verify_session_token(jwt.encode(_claims(A_SESSION), A_KEY[::-1]), A_KEY, A_SESSION.issued_at)
    except jwt.InvalidTokenError:
        return
    raise AssertionError("no error")


@flaw(
    PROOF,
    caught_by="test_it_spares_right_verifiers",
    misconception="At `now == exp` a session is over: this proof asks for one second more than the rules give.",
)
def one_second_after_the_end(verify_session_token: Verifier) -> None:
    """It holds until its end."""
    token = sign_session(A_SESSION, A_KEY)
    assert verify_session_token(token, A_KEY, A_SESSION.expires_at) == A_SESSION


@flaw(
    PROOF,
    caught_by="test_it_spares_right_verifiers",
    misconception="The proof crashes on its own: a refusal is None, and None has no user_id.",
)
def looks_into_the_refusal(verify_session_token: Verifier) -> None:
    """A refused token has no user."""
    refused: Any = verify_session_token("", A_KEY, A_SESSION.issued_at)
    assert refused.user_id == 0


# What the flaws share with the package: all but the one thing that is wrong


def _claims(session: Session) -> dict[str, Any]:
    return {
        "iss": HOUSE,
        "aud": SESSION,
        "sub": str(session.user_id),
        "sid": session.session_id,
        "jti": session.token_id,
        "auth_time": session.authenticated_at,
        "iat": session.issued_at,
        "exp": session.expires_at,
        "gen": session.generation,
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
    number, session_id, token_id = (claims.get(name) for name in ("sub", "sid", "jti"))
    times: list[Any] = [claims.get(name) for name in ("auth_time", "iat", "exp", "gen")]
    if not isinstance(number, str) or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    if not isinstance(session_id, str) or not isinstance(token_id, str):
        return None
    if any(type(time) is not int for time in times):
        return None
    authenticated, issued, expires, generation = times
    if not issued <= now < expires:
        return None
    return Session(int(number), session_id, token_id, authenticated, issued, expires, generation)


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


@flaw(
    PICK,
    caught_by="test_a_ring_of_one_is_a_ring",
    misconception="With one key there is no doubt which is meant, until there are two: a token that names none was not made by us.",
)
def the_only_one_there_is(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """If there is one key, it must be that one."""
    if kid is None:
        return next(iter(ring.values())) if len(ring) == 1 else None
    return ring.get(kid)


@flaw(
    VERIFY,
    caught_by="test_what_looks_like_a_number_is_none",
    misconception="`isdigit` knows more digits than `int`: `²` passes the one, is an error in the other, and the page says 500.",
)
def digits_that_int_does_not_know(token: str, key: bytes, now: int) -> Session | None:
    """A text of digits is a number."""
    claims = _proven(token, key)
    if claims is not None and isinstance(claims.get("sub"), str) and claims["sub"].isdigit():
        int(claims["sub"])
    checked: Session | None = original(VERIFY)(token, key, now)
    return checked


@flaw(
    VERIFY,
    caught_by="test_a_generation_of_0_is_one",
    misconception="0 is a value, and to Python as false as nothing: everybody who has never logged out everywhere is locked out.",
)
def every_claim_says_something(token: str, key: bytes, now: int) -> Session | None:
    """A claim that is empty is as good as missing."""
    claims = _proven(token, key) or {}
    if not all(claims.get(name) for name in _claims(Session(0, "", "", 0, 0, 0))):
        return None
    return _if_ours(claims, now)


@flaw(
    SIGN,
    caught_by="test_a_counter_begins_at_0",
    misconception="`or` takes 0 for a value that is missing: the database says 0, the token 1, and nobody who is new gets in.",
)
def a_first_generation(session: Session, key: bytes, kid: str | None = None) -> str:
    """Where nothing was counted yet, the count is 1."""
    return _signed({**_claims(session), "gen": session.generation or 1}, key, kid)


@flaw(
    VERIFY,
    caught_by="test_a_sign_or_a_space_is_no_digit",
    misconception="`int` takes a sign, space and `_` as well: a text that it can read is not yet one of digits.",
)
def what_int_can_read(token: str, key: bytes, now: int) -> Session | None:
    """What is no number, `int` refuses."""
    claims = _proven(token, key) or {}
    sub = claims.get("sub")
    try:
        session = _if_ours({**claims, "sub": str(abs(int(sub)))}, now) if isinstance(sub, str) else None
    except ValueError:
        return None
    return None if session is None else replace(session, user_id=int(claims["sub"]))


@flaw(
    VERIFY,
    caught_by="test_digits_are_those_that_we_write",
    misconception="`isdecimal` asks whether it is a digit in any script: there are hundreds, and we write ten.",
)
def digits_of_every_script(token: str, key: bytes, now: int) -> Session | None:
    """`isdecimal` leaves only what `int` can read."""
    claims = _proven(token, key) or {}
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub.isdecimal() or len(sub) > 18:
        return None
    return _if_ours({**claims, "sub": str(int(sub))}, now)


@flaw(
    VERIFY,
    caught_by="test_a_number_that_is_too_long_is_refused",
    misconception="`int` refuses more than 4300 digits with a ValueError, so that nobody keeps the machine busy: catch it.",
)
def digits_without_end(token: str, key: bytes, now: int) -> Session | None:
    """Of digits alone `int` makes a number, and no error."""
    sub = (_proven(token, key) or {}).get("sub")
    if isinstance(sub, str) and sub.isascii() and sub.isdigit():
        int(sub)
    checked: Session | None = original(VERIFY)(token, key, now)
    return checked


@flaw(
    VERIFY,
    caught_by="test_a_token_for_two_purposes_is_refused",
    misconception="PyJWT looks whether our purpose is among those in `aud`: a list that holds it passes, whatever else it is for. `strict_aud` refuses lists.",
)
def our_purpose_among_others(token: str, key: bytes, now: int) -> Session | None:
    """`audience=` compares `aud` with ours."""
    options: Any = {**_NOT_HERE, "verify_aud": True}
    try:
        claims = jwt.decode(token, key, ["HS256"], audience=SESSION, issuer=HOUSE, options=options)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours({**claims, "aud": SESSION}, now)


@flaw(
    VERIFY,
    caught_by="test_the_server_chooses_the_algorithm",
    misconception="What is on the list is accepted today: an algorithm for later comes onto it later, and the old one goes.",
)
def the_next_one_already(token: str, key: bytes, now: int) -> Session | None:
    """HS256 is what we sign, and HS384 what we will change to: the verifier is ready for both."""
    try:
        claims = jwt.decode(token, key, ["HS256", "HS384"], issuer=HOUSE, options=_NOT_HERE)
    except (jwt.InvalidTokenError, ValueError):
        return None
    return _if_ours(claims, now)


def _signed_by_us(token: str, key: bytes) -> dict[str, Any]:
    """The claims, if we signed them, whosever they are."""
    try:
        return jwt.decode(token, key, algorithms=["HS256"], options=_NOT_HERE)
    except (jwt.InvalidTokenError, ValueError):
        return {}


@flaw(
    VERIFY,
    caught_by="test_an_issuer_is_compared_as_a_whole",
    misconception="Whoever names their house can let the name begin like ours: an issuer is compared as a whole.",
)
def a_house_of_that_name(token: str, key: bytes, now: int) -> Session | None:
    """All our houses begin with `authlab`."""
    claims = _signed_by_us(token, key)
    if not str(claims.get("iss")).startswith(HOUSE):
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


@flaw(
    VERIFY,
    caught_by="test_an_issuer_is_compared_as_a_whole",
    misconception="Between two texts, `in` finds parts: `auth` is in `authlab`. PyJWT 2.10.0 made this very mistake.",
)
def one_of_our_houses(token: str, key: bytes, now: int) -> Session | None:
    """The issuer must be in what we allow, and that is `authlab`."""
    claims = _signed_by_us(token, key)
    if not isinstance(claims.get("iss"), str) or claims["iss"] not in HOUSE:
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


@flaw(
    VERIFY,
    caught_by="test_an_issuer_is_compared_as_a_whole",
    misconception="An issuer is a text, and capitals count in it (RFC 7519): another spelling is another issuer.",
)
def a_house_in_capitals(token: str, key: bytes, now: int) -> Session | None:
    """Names of hosts know no capitals, so issuers know none."""
    claims = _signed_by_us(token, key)
    if str(claims.get("iss")).lower() != HOUSE:
        return None
    return _if_ours({**claims, "iss": HOUSE}, now)


@flaw(
    VERIFY,
    caught_by="test_a_number_with_a_point_is_not_whole",
    misconception="`9.0 == 9`, and yet it is a float: the session would carry it on to where a whole number is expected.",
)
def nothing_behind_the_point(token: str, key: bytes, now: int) -> Session | None:
    """A number is whole if nothing stands behind its point."""
    claims = _proven(token, key) or {}
    floats = {name: value for name, value in claims.items() if isinstance(value, float)}
    whole = {name: int(value) for name, value in floats.items() if value.is_integer()}
    return _if_ours({**claims, **whole}, now)


@flaw(
    LOAD,
    caught_by="test_another_alphabet_is_not_the_standard_one",
    misconception="A secret with `-` or `_` in it was not made by our command, and the next program that reads it may refuse it.",
)
def either_alphabet(env: Mapping[str, str], name: str) -> bytes:
    """Base64 is base64, in addresses as well."""
    secret: bytes = original(LOAD)({name: env.get(name, "").replace("-", "+").replace("_", "/")}, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_what_is_not_base64_throughout_is_refused",
    misconception="Space in the middle is no part of base64: two texts on one line are more likely than one that broke.",
)
def space_taken_out(env: Mapping[str, str], name: str) -> bytes:
    """Space is no part of a secret, wherever it stands."""
    secret: bytes = original(LOAD)({name: "".join(env.get(name, "").split())}, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_bytes_that_are_no_text_are_refused",
    misconception="A byte that is no UTF-8 comes out of `os.environ` as half a character: encoding it raises a UnicodeEncodeError, and no binascii.Error.",
)
def binascii_errors_only(env: Mapping[str, str], name: str) -> bytes:
    """Text can always be encoded as UTF-8; only what is no base64 can go wrong."""
    env.get(name, "").encode("utf-8")
    secret: bytes = original(LOAD)(env, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_a_secret_is_looked_for_where_it_is_said_and_nowhere_else",
    misconception="Whoever passes `env` says where to look: a secret found elsewhere is another app's, and this one starts with it.",
)
def the_machines_otherwise(env: Mapping[str, str], name: str) -> bytes:
    """If it is not in there, the machine may have one."""
    secret: bytes = original(LOAD)({name: env.get(name) or os.environ.get(name, "")}, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_no_log_hears_two_letters_of_it",
    misconception="What the operator must recognise is the name: of the value, each letter that is told is one less to guess.",
)
def shows_two_letters(env: Mapping[str, str], name: str) -> bytes:
    """Two letters give nothing away."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        raise SettingsError(f"{name} ({env.get(name, '')[:2]}…): {refused}") from None
    return secret


@flaw(
    LOAD,
    caught_by="test_no_log_hears_the_secret",
    misconception="Hexadecimal hides nothing: whoever reads it in a log reads the bytes.",
)
def shows_its_bytes(env: Mapping[str, str], name: str) -> bytes:
    """The bytes in hexadecimal show how many came, and nobody reads them."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        try:
            found = base64.b64decode(env.get(name, "").strip(), validate=True)
        except ValueError:
            found = b""
        raise SettingsError(f"{name} ({found.hex()}): {refused}") from None
    return secret


@flaw(
    LOAD,
    caught_by="test_the_operator_reads_which_one_and_what_to_do",
    misconception="The app has two secrets: an error that always names the same one sends the operator to the wrong line.",
)
def always_the_same_name(env: Mapping[str, str], name: str) -> bytes:
    """The variable is called SESSION_SECRET, so the error says so."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        raise SettingsError(str(refused).replace(name, "SESSION_SECRET")) from None
    return secret


@flaw(
    LOAD,
    caught_by="test_nothing_stands_behind_the_command",
    misconception="A command is copied up to the end of the line: with a full stop behind it the secret goes into a file `.env.`.",
)
def a_sentence_ends_with_a_full_stop(env: Mapping[str, str], name: str) -> bytes:
    """An error's text is a sentence."""
    try:
        secret: bytes = original(LOAD)(env, name)
    except SettingsError as refused:
        raise SettingsError(f"{refused}.") from None
    return secret


@flaw(
    PICK,
    caught_by="test_any_text_can_be_asked_for",
    misconception="`compare_digest` takes texts of ASCII alone, and the visitor's need not be: `é` is an error, and a page that says 500. An id is no secret.",
)
def compared_in_constant_time(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """What has to do with keys is compared in constant time."""
    return next((key for known, key in ring.items() if hmac.compare_digest(known, kid or "")), None)


@flaw(
    PICK,
    caught_by="test_any_text_can_be_asked_for",
    misconception="JSON can hold half a character, and that cannot be encoded: a UnicodeEncodeError, and a page that says 500.",
)
def compared_as_bytes(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """Bytes can always be compared in constant time."""
    asked = (kid or "").encode()
    return next((key for known, key in ring.items() if hmac.compare_digest(known.encode(), asked)), None)


@flaw(
    PICK,
    caught_by="test_an_id_is_looked_up_as_it_came",
    misconception="What was made of the text is not what came: `../summer` is an id that we never gave out, and is refused whole.",
)
def the_last_part_of_a_path(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """The name alone leads out of no folder."""
    return None if kid is None else ring.get(PurePosixPath(kid).name)


@flaw(
    SIGN,
    caught_by="test_the_header_is_read_by_everybody_too",
    misconception="The header is base64 like the rest, and read before anything is proven: it names the algorithm and the key.",
)
def the_member_in_the_header(session: Session, key: bytes, kid: str | None = None) -> str:
    """Whoever sorts the logs needs the member without decoding the claims."""
    headers = {"uid": session.user_id} | ({} if kid is None else {"kid": kid})
    return jwt.encode(_claims(session), key, algorithm="HS256", headers=headers)


@flaw(
    SIGN,
    caught_by="test_no_other_clock_has_a_say",
    misconception="The session says when it was issued: corrected by the machine's clock, its token says something else.",
)
def never_from_tomorrow(session: Session, key: bytes, kid: str | None = None) -> str:
    """No token may come from the future, so the clock of the machine is the latest."""
    return _signed({**_claims(session), "iat": min(session.issued_at, int(time.time()))}, key, kid)


# 3.6: wrong in one thing that only a token of its own tells


@flaw(
    VERIFY,
    attack=32,
    caught_by="test_a_token_signed_with_another_key_is_refused",
    misconception="The header says how a token claims to be signed. Whether it is, only the key tells.",
)
def hs256_says_the_header(token: str, key: bytes, now: int) -> Session | None:
    """Our tokens are signed with HS256, and this one says that it is."""
    opened = _opened(token)
    if opened is None or opened[0].get("alg") != "HS256":
        return None
    return _if_ours(opened[1], now)


@flaw(
    VERIFY,
    caught_by="test_a_token_of_another_issuer_is_refused",
    misconception="`require` asks whether there is an issuer, not which one: `issuer=` compares it.",
)
def some_issuer_or_other(token: str, key: bytes, now: int) -> Session | None:
    """`require` sees to it that the issuer is there."""
    claims = _signed_by_us(token, key)
    return _if_ours({**claims, "iss": HOUSE}, now) if isinstance(claims.get("iss"), str) else None


@flaw(
    VERIFY,
    attack=31,
    caught_by="test_a_token_made_for_another_purpose_is_refused",
    misconception="`require` asks whether there is a purpose, not which one: `audience=` compares it.",
)
def some_purpose_or_other(token: str, key: bytes, now: int) -> Session | None:
    """`require` sees to it that the audience is there."""
    claims = _proven(token, key) or {}
    return _if_ours({**claims, "aud": SESSION}, now) if isinstance(claims.get("aud"), str) else None


@flaw(
    LOAD,
    caught_by="test_the_whole_text_is_the_secret",
    misconception="A shell takes the quotes off, and a secret in which they are still there came by a way that nobody has looked at: the text is no base64 from its first character to its last.",
)
def quotes_taken_off(env: Mapping[str, str], name: str) -> bytes:
    """In a file of settings values stand in quotes."""
    secret: bytes = original(LOAD)({name: env.get(name, "").strip().strip("\"'")}, name)
    return secret


@flaw(
    LOAD,
    caught_by="test_the_whole_text_is_the_secret",
    misconception="What stands behind the first word was in the value as well: it is no base64, so the whole is no secret.",
)
def the_first_word_of_it(env: Mapping[str, str], name: str) -> bytes:
    """Whatever stands behind the secret is a remark."""
    secret: bytes = original(LOAD)({name: (env.get(name, "").split() or [""])[0]}, name)
    return secret


@flaw(
    SIGN,
    caught_by="test_the_end_is_the_sessions_and_not_a_week_later",
    misconception="The session says when it ends, and a cap or another lifetime makes that another time than a week from now.",
)
def a_week_for_every_token(session: Session, key: bytes, kid: str | None = None) -> str:
    """Sessions last for seven days."""
    return _signed({**_claims(session), "exp": session.issued_at + 7 * 24 * 3600}, key, kid)


@flaw(
    SIGN,
    caught_by="test_the_end_is_the_sessions_and_not_a_week_later",
    misconception="A token that ends before its session logs somebody out whom the session's own end would have kept.",
)
def a_week_and_no_longer(session: Session, key: bytes, kid: str | None = None) -> str:
    """Never more than seven days, to be on the safe side."""
    end = min(session.expires_at, session.issued_at + 7 * 24 * 3600)
    return _signed({**_claims(session), "exp": end}, key, kid)


@flaw(
    SIGN,
    caught_by="test_a_key_is_any_bytes",
    misconception="Random bytes are no text: nearly every good key has some that are no UTF-8, and the first login is an error.",
)
def key_read_as_a_text(session: Session, key: bytes, kid: str | None = None) -> str:
    """PyJWT takes a text as its key."""
    return jwt.encode(_claims(session), key.decode(), "HS256", headers={"kid": kid} if kid else None)


@flaw(
    SIGN,
    caught_by="test_a_token_is_a_text",
    misconception="PyJWT has returned a text since its version 2, and the cookie is one: with bytes the header says `b'…'`.",
)
def bytes_for_the_cookie(session: Session, key: bytes, kid: str | None = None) -> bytes:
    """What is signed is bytes."""
    return _signed(_claims(session), key, kid).encode()


@flaw(
    VERIFY,
    caught_by="test_a_signature_is_compared_as_a_whole",
    misconception="`zip` ends with the shorter of the two: of a signature that is not there, every byte is right.",
)
def byte_by_byte(token: str, key: bytes, now: int) -> Session | None:
    """Two signatures are the same when their bytes are."""
    opened = _opened(token)
    if opened is None:
        return None
    header, claims, signature = opened
    if header.get("alg") != "HS256":
        return None
    same = all(one == other for one, other in zip(signature, _hs256(token, key), strict=False))
    return _if_ours(claims, now) if same else None


@flaw(
    VERIFY,
    caught_by="test_nothing_stands_behind_the_signature",
    misconception="What stands behind the third text is signed by nobody, and the same token has as many spellings as somebody likes.",
)
def the_first_three_parts(token: str, key: bytes, now: int) -> Session | None:
    """Of a token one needs three parts."""
    claims = _proven(".".join(token.split(".")[:3]), key)
    return None if claims is None else _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_a_header_may_name_its_key",
    misconception="A header may say more than the algorithm: with `kid` it names the key, and the app's own tokens all do.",
)
def the_header_that_we_know(token: str, key: bytes, now: int) -> Session | None:
    """Our header is always the same, so it is compared as a whole."""
    claims = _proven(token, key)
    if claims is None or jwt.get_unverified_header(token) != {"alg": "HS256", "typ": "JWT"}:
        return None
    return _if_ours(claims, now)


@flaw(
    VERIFY,
    caught_by="test_a_token_may_last_longer_than_a_week",
    misconception="The lifetime is a setting of whoever makes the tokens: in an app that has made it a month, nobody could log in.",
)
def a_week_is_the_longest(token: str, key: bytes, now: int) -> Session | None:
    """A session of more than seven days is none of ours."""
    session = _hs256_session(token, key, now)
    return session if session and session.expires_at - session.issued_at <= 7 * 24 * 3600 else None


def _hs256_session(token: str, key: bytes, now: int) -> Session | None:
    claims = _proven(token, key)
    return None if claims is None else _if_ours(claims, now)


@flaw(
    PICK,
    caught_by="test_equal_is_enough",
    misconception="`is` asks whether two names stand for one object, and the visitor's text is an object of its own: no token is ever good.",
)
def the_same_object(kid: str | None, ring: Mapping[str, bytes]) -> bytes | None:
    """An id is the id, and nothing that resembles it."""
    return next((key for known, key in ring.items() if known is kid), None)


@flaw(
    PICK,
    caught_by="test_asking_changes_nothing",
    misconception="`setdefault` writes what it does not find: every text that a visitor thinks of is in the ring from then on, for as long as the app runs.",
)
def none_by_default(kid: str | None, ring: dict[str | None, bytes | None]) -> bytes | None:
    """It looks an id up, and says None for one that is not there."""
    return ring.setdefault(kid, None)
