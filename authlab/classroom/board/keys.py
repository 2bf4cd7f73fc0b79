"""Join codes and keys: random, written so that a person can type them.

A code lets a newcomer in. A key is what somebody has who is in: a learner's kit sends it with each report,
and whoever types it on the board's page is signed in. There are no passwords here, which people would use
twice.
"""

import hmac
import sqlite3
from collections.abc import Callable

from authlab.db import UserRow, user_by_id
from authlab.sessions.database import hashed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O or U
CODE_CHARACTERS = 8  # 40 bits: see the limit on guesses in `settings`
KEY_CHARACTERS = 20  # 100 bits: nobody guesses one, and a fast hash will do
ID_MAX_DIGITS = 18  # what SQLite keeps in an INTEGER
_READ_AS = str.maketrans("OIL", "011", "- \t")


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """Return a fresh join code: `K7QM-2X9D`."""
    return _in_groups(random_bytes(CODE_CHARACTERS), 4)


def same_code(typed: str, code: str) -> bool:
    """Return whether somebody typed this code, in any case, with or without the dash."""
    return hmac.compare_digest(_canonical(typed), _canonical(code))


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """Return the secret part of a fresh key: `K7QM2-X9D41-…`. Of it only `digest` is stored."""
    return _in_groups(random_bytes(KEY_CHARACTERS), 5)


def digest(secret: str) -> str:
    """Return what is stored of a key's secret part, however it was typed."""
    return hashed(_canonical(secret).decode("ascii"))


def user_of_key(db: sqlite3.Connection, key: str) -> UserRow | None:
    """Return whose key this is, or None: the same None for a wrong one, a removed learner's, and nonsense.

    A key is `number-secret`, so that it is looked up by what is no secret and compared in constant time.
    """
    number, _, secret = key.strip().partition("-")
    known = number.isascii() and number.isdecimal() and len(number) <= ID_MAX_DIGITS
    user = user_by_id(db, int(number)) if known else None
    stored = "" if user is None else user.password_hash.reveal()
    return user if hmac.compare_digest(digest(secret), stored) and stored else None


def _in_groups(random: bytes, size: int) -> str:
    letters = "".join(ALPHABET[byte % len(ALPHABET)] for byte in random)  # 256 is a multiple of 32: no bias
    return "-".join(letters[start : start + size] for start in range(0, len(letters), size))


def _canonical(typed: str) -> bytes:
    return typed.upper().translate(_READ_AS).encode("ascii", "replace")
