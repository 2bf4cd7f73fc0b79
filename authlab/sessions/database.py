"""Database sessions (lesson 5): revocation needs memory.

The token carries a random secret; the table holds only its hash, the user and the times. Whoever steals the
table cannot sign in with it, and a session deleted here is over at its next request, wherever its token is.
"""

import hashlib
import sqlite3

from authlab.db import (
    SessionRow,
    UserRow,
    delete_other_sessions,
    delete_session,
    insert_session,
    session_owner,
    sessions_of_user,
    touch_session,
)
from authlab.sessions.reading import read
from authlab.settings import Settings
from authlab.tokens import Session, sign_session

TOUCH_AFTER_SECONDS = 5 * 60  # "last seen" is written no more often: a page must not cost a write


def create(db: sqlite3.Connection, user_id: int, device: str, settings: Settings) -> str:
    """Return the token of a new session of `user_id`; `device` is what the visitor will recognise it by.

    The secret is always ours and always new: an id that came with the request is never taken over
    (session fixation).
    """
    now = settings.clock()
    secret = settings.random_bytes(16).hex()
    expires_at = now + settings.session_lifetime_seconds
    insert_session(
        db, secret_hash=hashed(secret), user_id=user_id, device=device, now=now, expires_at=expires_at
    )
    return sign_session(Session(user_id, secret, now, expires_at), settings.session_key)


def verify(db: sqlite3.Connection, token: str, settings: Settings) -> UserRow | None:
    """Return the user whose live session this is, or None: no row is made for an unknown one.

    A session unused for `session_idle_seconds` is over. Session and user are read in one query.
    """
    session = read(token, settings)
    if session is None:
        return None
    now = settings.clock()
    secret_hash = hashed(session.session_id)
    found = session_owner(db, secret_hash, now=now, idle_since=now - settings.session_idle_seconds)
    if found is None:
        return None
    user, last_seen_at = found
    if now - last_seen_at >= TOUCH_AFTER_SECONDS:
        touch_session(db, secret_hash, now)
    return user


def delete(db: sqlite3.Connection, token: str, settings: Settings) -> None:
    """End the session of `token`: every copy of it is refused from now on."""
    session = read(token, settings)
    if session is not None:
        delete_session(db, hashed(session.session_id))


def delete_others(db: sqlite3.Connection, user_id: int, token: str, settings: Settings) -> int:
    """End all of a user's sessions but the one of `token`; return how many."""
    session = read(token, settings)
    return 0 if session is None else delete_other_sessions(db, user_id, hashed(session.session_id))


def devices(
    db: sqlite3.Connection, user_id: int, token: str, settings: Settings
) -> list[tuple[SessionRow, bool]]:
    """Return a user's live sessions, each with whether it is the one of `token`."""
    session = read(token, settings)
    current = None if session is None else hashed(session.session_id)
    rows = sessions_of_user(db, user_id, settings.clock())
    return [(row, row.secret_hash == current) for row in rows]


def hashed(secret: str) -> str:
    """Return what is stored of a secret. It is long and random, so a fast hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()
