"""Accounts: made once, proven at each login (lesson 2)."""

import sqlite3

from authlab.db import UserRow, insert_user, set_password_hash, user_by_email
from authlab.forms import SignupForm, canonical_email
from authlab.passwords import hash_password, needs_rehash, unmatchable_hash, verify_password


def email_is_free(db: sqlite3.Connection, email: str) -> bool:
    """Return whether a canonical e-mail has no account yet: a courtesy to the visitor, decided again at
    the insert."""
    return user_by_email(db, email) is None


def create_user(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Return the id of the new account, or None when its e-mail is taken.

    The database decides, in one statement: of eight sign-ups at once for one address, one gets the
    account and seven get None. Asking first and inserting then would leave a gap between the two.

    Source: the guide's `insert … returning id`.
    """
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)
    except sqlite3.IntegrityError:
        return None


def authenticate(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Return the user whose e-mail and password these are, or None.

    None says nothing about which of the two was wrong, and costs one hash either way: neither the
    answer nor its time tells whether an account exists. A right password stored at an old cost is
    hashed again at today's.

    Source: the guide's "verify credentials"; ASVS 6.3.8.
    """
    canonical = canonical_email(email)
    user = None if canonical is None else user_by_email(db, canonical)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right:
        return None
    if needs_rehash(user.password_hash, rounds=rounds):
        set_password_hash(db, user.id, hash_password(password, rounds=rounds, pepper=pepper))
    return user
