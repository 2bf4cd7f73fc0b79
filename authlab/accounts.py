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

    - The account has the form's name and e-mail, both checked by lesson 1, and
      the hash of its password at the cost `rounds`.
    - Of several sign-ups at once for one address, one gets the account and all
      others get None. The column `email` is UNIQUE: the database refuses a
      second row, whatever anybody asked before.
    - An address that is taken changes nothing: not the account that is there,
      and no other.
    - Any other failure of the database is raised as it is.
    - Whether there is a transaction, and how it ends, is the caller's to say:
      it is left as it was found, after a refusal too.

    `insert_user` raises `sqlite3.IntegrityError` for an e-mail that is taken.

    Source: the guide's `insert(users)` with `returning`.
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

    - The address counts in its canonical spelling, the password as it was
      typed.
    - None for a wrong password, an address without an account, what is no
      address at all, and an account that is disabled. It is the same None, and
      nothing is raised, whatever was typed.
    - Every refusal costs one hash, whatever the password: empty, short or very
      long. A member's is of the cost that the stored hash has, disabled or not;
      for an address without an account it is one of today's cost, `rounds`.
      Work is time, and time can be measured. (What is no address at all may be
      refused at once: that it has no account is no secret.)
    - So after a raise members with an old hash can be told from strangers,
      until they log in. That is known, and not yours to mend here.
    - A right password whose hash has another cost than today's, lower or
      higher, is hashed again at today's and stored. After a wrong one nothing
      is stored.
      `set_password_hash(db, user_id, renewed, instead_of=stored)` stores the
      new hash only where `stored` is still in the table: a password that was
      changed in the meantime stays.

    Source: the guide's "check user credentials"; ASVS 6.3.8.
    """
    canonical = canonical_email(email)
    user = None if canonical is None else user_by_email(db, canonical)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:  # a disabled account is no different from none
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user
