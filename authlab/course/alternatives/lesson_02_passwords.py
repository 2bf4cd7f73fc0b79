"""Right answers to lesson 2 in other styles than the package's. Each fits its other parts."""

import base64
import binascii
import hashlib
import hmac
import re
import sqlite3

import bcrypt

from authlab.course.bank import alternative
from authlab.db import UserRow, insert_user, set_password_hash, user_by_email
from authlab.forms import SignupForm, canonical_email
from authlab.passwords import hash_password, needs_rehash, verify_password

HASH = "authlab.passwords:hash_password"
VERIFY = "authlab.passwords:verify_password"
REHASH = "authlab.passwords:needs_rehash"
CREATE = "authlab.accounts:create_user"
AUTHENTICATE = "authlab.accounts:authenticate"


@alternative(HASH)
def hash_step_by_step(password: str, *, rounds: int, pepper: bytes) -> str:
    """Every step has a name."""
    typed = password.encode("utf-8", errors="surrogatepass")
    keyed = hmac.new(key=pepper, msg=typed, digestmod="sha384")
    printable = binascii.b2a_base64(keyed.digest(), newline=False)
    salt = bcrypt.gensalt(rounds=rounds, prefix=b"2b")
    hashed = bcrypt.hashpw(password=printable, salt=salt)
    return str(hashed, "ascii")


@alternative(HASH)
def hash_in_one_expression(password: str, *, rounds: int, pepper: bytes) -> str:
    """From the inside out: the digest, as text, slowly."""
    return bcrypt.hashpw(
        base64.standard_b64encode(
            hmac.digest(pepper, password.encode("utf-8", "surrogatepass"), hashlib.sha384)
        ),
        bcrypt.gensalt(rounds),
    ).decode()


@alternative(VERIFY)
def verify_by_hashing_again(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A hash contains its salt and cost, so it can stand in for them: hash again and compare."""
    stored = hashed.encode("ascii")
    typed = password.encode("utf-8", "surrogatepass")
    digest = base64.b64encode(hmac.new(pepper, typed, hashlib.sha384).digest())
    return hmac.compare_digest(bcrypt.hashpw(digest, stored), stored)


@alternative(VERIFY)
def verify_and_refuse_what_is_no_hash(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A stored text that is no bcrypt hash matches no password either."""
    keyed = hmac.new(pepper, digestmod=hashlib.sha384)
    keyed.update(password.encode("utf-8", "surrogatepass"))
    try:
        return bcrypt.checkpw(binascii.b2a_base64(keyed.digest(), newline=False), hashed.encode())
    except ValueError:
        return False


@alternative(REHASH)
def cost_by_position(hashed: str, *, rounds: int) -> bool:
    """A bcrypt hash has a fixed layout: the cost is characters 4 and 5."""
    return hashed[4:6] != f"{rounds:02d}"


@alternative(REHASH)
def cost_by_pattern(hashed: str, *, rounds: int) -> bool:
    """Whatever does not say today's cost in the right place is hashed again."""
    found = re.match(r"\$2[abxy]\$(?P<cost>\d\d)\$", hashed)
    if found is None:
        return True
    return int(found["cost"]) != rounds


@alternative(CREATE)
def insert_on_conflict_do_nothing(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """No exception: the statement says itself what happens when the address is taken."""
    row = db.execute(
        "INSERT INTO users (name, email, password_hash, created_at)"
        " VALUES (:name, :email, :password_hash, :now)"
        " ON CONFLICT (email) DO NOTHING RETURNING id",
        {
            "name": form.name,
            "email": form.email,
            "password_hash": hash_password(form.password, rounds=rounds, pepper=pepper),
            "now": now,
        },
    ).fetchone()
    return None if row is None else int(row[0])


@alternative(CREATE)
def ask_under_the_write_lock(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Asking first is right for whoever holds the write lock. (The slow hash comes before it.)"""
    slow = hash_password(form.password, rounds=rounds, pepper=pepper)
    db.execute("BEGIN IMMEDIATE")
    try:
        user_id = None
        if user_by_email(db, form.email) is None:
            user_id = insert_user(db, name=form.name, email=form.email, password_hash=slow, now=now)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return user_id


@alternative(AUTHENTICATE)
def decide_once_at_the_end(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """No way out before the hash: both facts are gathered, then they are judged together."""
    user = user_by_email(db, canonical_email(email) or "")  # no account has an empty address
    dummy = bcrypt.gensalt(rounds).decode() + "." * 31
    matches = verify_password(password, user.password_hash if user else dummy, pepper=pepper)
    if not (user and matches):
        return None
    if needs_rehash(user.password_hash, rounds=rounds):
        set_password_hash(db, user.id, hash_password(password, rounds=rounds, pepper=pepper))
    return user


@alternative(AUTHENTICATE)
def stand_in_for_the_stranger(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A stranger is a user whom no password fits, and who is not let in if one should."""
    nobody = UserRow(0, "nobody", "", f"$2b${rounds:02}${'a' * 21}u{'a' * 31}", "user")
    match canonical_email(email):
        case None:
            user = nobody
        case address:
            user = user_by_email(db, address) or nobody
    if not verify_password(password, user.password_hash, pepper=pepper) or user is nobody:
        return None
    if needs_rehash(user.password_hash, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed)
    return user
