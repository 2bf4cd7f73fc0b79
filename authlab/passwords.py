"""Passwords: slow, salted, nothing cut off (lesson 2).

bcrypt reads 72 bytes and no more. So it is given a digest of the password, not the password.
"""

import base64
import hashlib
import hmac

import bcrypt


def password_digest(password: str, *, pepper: bytes) -> bytes:
    """Return what bcrypt is given in place of a password: 32 to 72 bytes, and
    no zero byte among them.

    - Every character counts, whatever the password's length and script:
      nothing is trimmed, cut off or changed in case. 20 emoji are 80 bytes,
      and a passphrase may have thousands.
    - The same password gives the same digest each time, or nobody could log in.
    - `pepper` is a secret kept outside the database: 32 bytes or more, of any
      value. Another pepper gives other digests.
    - Whatever a visitor sends, nothing is raised. An empty text is a password
      like any other, and so is one with half a letter in it: a lone surrogate
      such as `chr(0xD83D)`, which UTF-8 refuses to encode. Each has a digest of
      its own.

    bcrypt 5 raises `ValueError` above 72 bytes, older versions cut without a
    word, and bcrypt in other languages stops at a zero byte. Whether two
    encodings of é are one password is yours to choose.

    Source: not in the guide; ASVS 6.2.8, 6.2.9.
    """
    # surrogatepass: half a letter from a broken client is a wrong password, not a crash.
    verbatim = password.encode("utf-8", "surrogatepass")
    # In base64 48 bytes are 64, of which none is zero; in hexadecimal they would be 96.
    return base64.b64encode(hmac.new(pepper, verbatim, hashlib.sha384).digest())


def hash_password(password: str, *, rounds: int, pepper: bytes) -> str:
    """Return the text that the table keeps in place of a password: its bcrypt
    hash.

    - bcrypt hashes `password_digest(password, pepper=pepper)`, which is what
      the login will compare with.
    - The cost is `rounds`: bcrypt does its work 2**`rounds` times, and the hash
      says so in its beginning, `$2b$10$` for 10.
    - Each hash has a new salt, whoever's password it is, so that equal
      passwords have different hashes. All of the salt is drawn by the system,
      so that nobody can foresee it and prepare a list of hashes.
    - One hash is made, and no second one: each takes its time.
    - It is a `str`, as the column of the table is: the hash's own characters.

    Source: the guide's `bcrypt.hash(password, 10)`.
    """
    salt = bcrypt.gensalt(rounds)
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


def verify_password(password: str, hashed: str, *, pepper: bytes) -> bool:
    """Return whether `password` is the one that was hashed. Never raises on what a visitor typed.

    The comparison takes as long as the hash's own cost says, for right and wrong passwords alike.
    """
    return bcrypt.checkpw(password_digest(password, pepper=pepper), hashed.encode("ascii"))


def needs_rehash(hashed: str, *, rounds: int) -> bool:
    """Return whether a stored hash has another cost than today's `rounds`: `$2b$04$…` says 4."""
    return int(hashed.split("$")[2]) != rounds


def unmatchable_hash(rounds: int) -> str:
    """Return a well-formed hash of today's cost that no one's password is known to match.

    Checking a password against it takes as long as against a real one, so that the time of a
    refusal does not tell whether the account exists.
    """
    return f"$2b${rounds:02d}$" + "." * 53
