"""Wrong ways to make an account and to let somebody in. All have been seen in real code."""

import base64
import hashlib
import sqlite3

import bcrypt
from werkzeug.exceptions import NotFound, Unauthorized

from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.db import UserRow, insert_user, set_password_hash, user_by_email
from authlab.errors import NotSignedIn
from authlab.forms import SignupForm, canonical_email
from authlab.passwords import hash_password, needs_rehash, unmatchable_hash, verify_password

HASH = "authlab.passwords:hash_password"
VERIFY = "authlab.passwords:verify_password"
CREATE = "authlab.accounts:create_user"
AUTHENTICATE = "authlab.accounts:authenticate"
RULES = "authlab.forms:password_problems"


# create_user: eight sign-ups at once


@flaw(
    CREATE,
    attack=11,
    misconception=(
        "Between the SELECT and the INSERT is a gap: whoever asks in it is told the same, and the"
        " second INSERT fails."
    ),
)
def select_then_insert(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """The SELECT has just said that the address is free."""
    if user_by_email(db, form.email) is not None:
        return None
    return _insert(db, form, rounds=rounds, pepper=pepper, now=now)


@flaw(
    CREATE,
    attack=11,
    misconception=(
        "The page's early check is a courtesy, and anyone can leave it out: only the insert "
        "itself can decide."
    ),
)
def trust_the_early_check(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """The page has asked /signup/available meanwhile, so what arrives here is free."""
    return _insert(db, form, rounds=rounds, pepper=pepper, now=now)


@flaw(
    CREATE,
    attack=11,
    misconception=(
        "A plain BEGIN takes no lock: all may ask, then all but one fail to write, and nothing"
        " rolls them back. To ask first and be right takes BEGIN IMMEDIATE, or no question at all."
    ),
)
def select_inside_a_transaction(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """A transaction makes the question and the insert one step, so nobody can come between."""
    db.execute("BEGIN")
    if user_by_email(db, form.email) is not None:
        return None
    user_id = _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    db.execute("COMMIT")
    return user_id


@flaw(
    CREATE,
    attack=11,
    misconception=(
        "Sign-up signs in whoever it returns: to return the account that is there is to hand it "
        "to a stranger, password unasked."
    ),
)
def return_the_one_that_is_there(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Sent twice, the form should do the same as sent once: get it or create it."""
    try:
        return _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        known = user_by_email(db, form.email)
        return None if known is None else known.id


@flaw(
    CREATE,
    attack=11,
    misconception=(
        "OR REPLACE never fails because it deletes the row in its way: that row was somebody's account."
    ),
)
def replace_what_is_in_the_way(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """INSERT OR REPLACE is one statement, so there is no gap, and it raises no error."""
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    row = db.execute(
        "INSERT OR REPLACE INTO users (name, email, password_hash, created_at)"
        " VALUES (?, ?, ?, ?) RETURNING id",
        (form.name, form.email, password_hash, now),
    ).fetchone()
    return int(row[0])


# authenticate: what a refusal tells


@flaw(
    AUTHENTICATE,
    attack=14,
    misconception=(
        "404 for a stranger and 401 for a wrong password: the difference lists your members to "
        "whoever tries addresses."
    ),
)
def not_found_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A user that does not exist is a 404, like everything else that does not exist."""
    _same_work_for_strangers(db, email, password, rounds=rounds, pepper=pepper, refusal=NotFound())
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=14,
    misconception=(
        "The status is the same and the page is not: one refusal must have one source, or words "
        "and length will differ."
    ),
)
def unauthorized_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Both are answered with 401, so nobody can tell them apart."""
    _same_work_for_strangers(db, email, password, rounds=rounds, pepper=pepper, refusal=Unauthorized())
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=14,
    misconception=(
        "A redirect says no word about accounts and still comes for strangers only: the way of "
        "refusing is an answer too."
    ),
)
def strangers_sent_back_to_login(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Whoever is not known is not signed in, and the app has an error for that."""
    _same_work_for_strangers(
        db, email, password, rounds=rounds, pepper=pepper, refusal=NotSignedIn(stale=False)
    )
    return _package(db, email, password, rounds=rounds, pepper=pepper)


# authenticate: what a refusal costs


@flaw(
    AUTHENTICATE,
    attack=15,
    misconception=(
        "No hash for a stranger: the refusal comes a tenth of a second sooner, and a stopwatch "
        "lists your members."
    ),
)
def return_early(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Without a user there is nothing to compare with, so why wait?"""
    user = _user(db, email)
    if user is None:
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    misconception="A dummy of another cost takes another time: each step of the cost doubles it.",
)
def cheap_dummy(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Nobody's password hangs on the dummy, so a hash of cost 6 will do for it."""
    user = _user(db, email)
    if user is None:
        verify_password(password, unmatchable_hash(6), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    misconception=(
        "Making the dummy is a hash and comparing with it is another: twice the time tells as much as none."
    ),
)
def dummy_made_on_the_spot(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """The dummy must be a real hash of today's cost, so it is made when it is needed."""
    user = _user(db, email)
    if user is None:
        dummy = hash_password("nobody's password", rounds=rounds, pepper=pepper)
        verify_password(password, dummy, pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    misconception=(
        "A hash that was made to be fast costs a millionth of one that was made to be slow: work "
        "must be matched with the same work."
    ),
)
def fast_hash_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Some hash has to be computed for strangers too, and SHA-256 is a hash."""
    user = _user(db, email)
    if user is None:
        hashlib.sha256(pepper + password.encode()).hexdigest()
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


# Passwords above 72 bytes, and their companions: bcrypt gets the password itself, not a digest


def _plain_hash(password: str, *, rounds: int, pepper: bytes) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode("ascii")


def _at_most_72_bytes(password: str) -> list[str]:
    problems: list[str] = original(RULES)(password)
    if len(password.encode()) > 72:
        problems.append("Be at most 72 bytes long")
    return problems


@flaw(
    VERIFY,
    attack=16,
    companions={HASH: _plain_hash, RULES: _at_most_72_bytes},
    misconception=(
        "Above 72 bytes bcrypt does not say False, it raises: a password that nobody could choose"
        " can still be sent, and the login crashes."
    ),
)
def plain_bcrypt(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A password that is too long is wrong, and for a wrong one bcrypt says False."""
    return bcrypt.checkpw(password.encode(), hashed.encode())


@flaw(
    AUTHENTICATE,
    attack=16,
    companions={HASH: _plain_hash, RULES: _at_most_72_bytes},
    misconception=(
        "The limit holds at sign-up only: at login 80 bytes are a crash for members and a refusal"
        " for strangers, which also tells them apart."
    ),
)
def limit_at_signup_only(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Sign-up lets no password above 72 bytes in, so none will come to the login."""
    user = _user(db, email)
    if user is None or not bcrypt.checkpw(password.encode(), user.password_hash.encode()):
        return None
    return user


# Passwords that are cut: each hashes and compares in the same wrong way, so the honest login works


def _verify_cut(password: str, hashed: str, *, pepper: bytes) -> bool:
    return bcrypt.checkpw(password.encode()[:72], hashed.encode())


def _verify_digested_above_72_characters(password: str, hashed: str, *, pepper: bytes) -> bool:
    return bcrypt.checkpw(_digested_above_72_characters(password), hashed.encode())


@flaw(
    HASH,
    attack=17,
    companions={VERIFY: _verify_cut},
    misconception=(
        "What is cut off protects nothing: every password that begins with the same 72 bytes "
        "opens the account."
    ),
)
def cut_to_72_bytes(password: str, *, rounds: int, pepper: bytes) -> str:
    """bcrypt's own error message says what to do: `my_password[:72]`."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds)).decode("ascii")


@flaw(
    HASH,
    attack=17,
    companions={VERIFY: _verify_digested_above_72_characters},
    misconception=(
        "72 is a number of bytes: 20 emoji are 80 of them, pass a limit of 72 characters, and are"
        " cut after the 18th."
    ),
)
def count_characters(password: str, *, rounds: int, pepper: bytes) -> str:
    """Whatever is longer than 72 is digested first, so the cut never cuts anything."""
    secret = _digested_above_72_characters(password)
    return bcrypt.hashpw(secret, bcrypt.gensalt(rounds)).decode("ascii")


def _digested_above_72_characters(password: str) -> bytes:
    if len(password) > 72:
        return base64.b64encode(hashlib.sha384(password.encode()).digest())
    return password.encode()[:72]


# What the flaws share with the package: all but the one thing that is wrong


def _user(db: sqlite3.Connection, email: str) -> UserRow | None:
    canonical = canonical_email(email)
    return None if canonical is None else user_by_email(db, canonical)


def _insert(db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int) -> int:
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)


def _package(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    return user


def _same_work_for_strangers(
    db: sqlite3.Connection,
    email: str,
    password: str,
    *,
    rounds: int,
    pepper: bytes,
    refusal: Exception,
) -> None:
    if _user(db, email) is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        raise refusal


def _if_right(
    db: sqlite3.Connection, user: UserRow, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    if not verify_password(password, user.password_hash, pepper=pepper):
        return None
    if needs_rehash(user.password_hash, rounds=rounds):
        set_password_hash(db, user.id, hash_password(password, rounds=rounds, pepper=pepper))
    return user
