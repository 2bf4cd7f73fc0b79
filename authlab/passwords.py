"""Passwords: slow, salted, nothing cut off (lesson 2).

bcrypt reads 72 bytes and no more. So it is given a digest of the password, not the password:
HMAC-SHA-384 keyed with a **pepper** (a second secret, outside the database), in base64: 64 bytes,
whatever the length and script of the password.
"""

import base64
import hashlib
import hmac

import bcrypt


def hash_password(password: str, *, rounds: int, pepper: bytes) -> str:
    """Return a bcrypt hash with a salt of its own, at the cost of 2**`rounds`.

    Every character counts, at any length: nothing is trimmed, truncated or case-folded.

    Source: the guide's `bcrypt.hash(password, 10)`; ASVS 6.2.8, 6.2.9.
    """
    return bcrypt.hashpw(_digest(password, pepper), bcrypt.gensalt(rounds)).decode("ascii")


def verify_password(password: str, hashed: str, *, pepper: bytes) -> bool:
    """Return whether `password` is the one that was hashed. Never raises on what a visitor typed.

    The comparison takes as long as the hash's own cost says, for right and wrong passwords alike.
    """
    return bcrypt.checkpw(_digest(password, pepper), hashed.encode("ascii"))


def needs_rehash(hashed: str, *, rounds: int) -> bool:
    """Return whether a stored hash has another cost than today's `rounds`: `$2b$04$…` says 4."""
    return int(hashed.split("$")[2]) != rounds


def unmatchable_hash(rounds: int) -> str:
    """Return a well-formed hash of today's cost that no one's password is known to match.

    Checking a password against it takes as long as against a real one, so that the time of a
    refusal does not tell whether the account exists.
    """
    return f"$2b${rounds:02d}$" + "." * 53


def _digest(password: str, pepper: bytes) -> bytes:
    # surrogatepass: a lone surrogate from a broken client is a wrong password, not a crash.
    verbatim = password.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(pepper, verbatim, hashlib.sha384).digest())
