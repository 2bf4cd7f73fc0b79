"""Stateless sessions (lesson 4): everything is in the signed token, nothing on the server.

The price: the server cannot take a token back. Logging out takes it from the browser, and a copy made
before goes on until it expires. Database sessions (lesson 5) pay for that with a query.
"""

import sqlite3

from authlab.db import UserRow, user_by_id
from authlab.sessions.reading import read
from authlab.settings import Settings
from authlab.tokens import Session, sign_session


def create(db: sqlite3.Connection, user_id: int, device: str, settings: Settings) -> str:
    """Return a new token for `user_id`, with an id of its own, valid from now for the session's lifetime."""
    now = settings.clock()
    session = Session(
        user_id=user_id,
        session_id=settings.random_bytes(16).hex(),
        issued_at=now,
        expires_at=now + settings.session_lifetime_seconds,
    )
    return sign_session(session, settings.session_key)


def verify(db: sqlite3.Connection, token: str, settings: Settings) -> UserRow | None:
    """Return the user that `token` proves, if they still exist, or None."""
    session = read(token, settings)
    return None if session is None else user_by_id(db, session.user_id)


def delete(db: sqlite3.Connection, token: str, settings: Settings) -> None:
    """Do nothing: there is nothing on the server to delete. That is the price."""
