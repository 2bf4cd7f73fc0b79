"""Stateless sessions (lesson 4): everything is in the signed token.

Without memory the server cannot take a token back: logging out takes it from the browser, and a copy made
before goes on until it runs out. So two small memories are kept of what was ended: a deny list of session
ids for logging out, and a number in the user's row, which every token carries, for logging out everywhere.
That makes ending a session as sure as with database sessions; but nobody can be shown where they are signed
in.
"""

import sqlite3
from dataclasses import replace

from authlab.db import (
    SessionRow,
    deny_session,
    next_session_generation,
    session_generation,
    user_unless_ended,
)
from authlab.sessions.lifetime import begin_session, refresh_session
from authlab.sessions.proof import Proof
from authlab.settings import Settings
from authlab.tokens import Session, sign_session


class StatelessSessions:
    """The verbs of `sessions.strategy`, with no row for a session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Return the token of a new session of `user_id`, under an id of its own."""
        settings = self._settings
        session = begin_session(
            user_id,
            settings.random_bytes(16).hex(),
            settings.random_bytes(16).hex(),
            settings.clock(),
            lifetime_seconds=settings.session_lifetime_seconds,
            cap_seconds=settings.session_cap_seconds,
            generation=session_generation(db, user_id),
        )
        return self._sign(session)

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return who it proves, if they still exist, may log in and did not end it, or None."""
        user = user_unless_ended(db, session.user_id, session.session_id, session.generation)
        return None if user is None else Proof(user, last_seen_at=session.issued_at)

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Return a new token with a later end when this one is due, or None to leave it."""
        settings, now = self._settings, self._settings.clock()
        if now - session.issued_at < settings.session_refresh_seconds:
            return None
        refreshed = refresh_session(
            session,
            settings.random_bytes(16).hex(),
            now,
            lifetime_seconds=settings.session_lifetime_seconds,
            cap_seconds=settings.session_cap_seconds,
        )
        return None if refreshed is None else self._sign(refreshed)

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """End the session: all its tokens are refused from now on, however they are spelled."""
        end_session(db, session, self._settings.clock(), cap_seconds=self._settings.session_cap_seconds)

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """End all sessions of the user by their number; return a token of this one with the next number.

        None when the number has moved on since this one was proven: it is one of those that were ended.
        """
        settings, now = self._settings, self._settings.clock()
        generation = next_session_generation(db, session.user_id, after=session.generation)
        if generation is None:
            return None
        # The same session, not prolonged: what asked for this has proven no password again.
        token_id = settings.random_bytes(16).hex()
        return self._sign(replace(session, token_id=token_id, issued_at=now, generation=generation))

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """End all sessions of a user."""
        next_session_generation(db, user_id)

    def end_one(self, db: sqlite3.Connection, user_id: int, number: int) -> bool:
        """Return False: a session that is on no list has no number."""
        return False

    def devices(self, db: sqlite3.Connection, user_id: int) -> list[SessionRow]:
        """Return an empty list: who is signed in where is in the tokens, and those are in the browsers."""
        return []

    def user_changed(self, user_id: int) -> None:
        """Do nothing: nothing is remembered of a user between two requests."""

    def _sign(self, session: Session) -> str:
        return sign_session(session, self._settings.signing_key, self._settings.signing_key_id)


def end_session(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """End a stateless session: put it on the deny list, which the app asks
    before it believes a token.

    - A session has many tokens: each refresh makes one more, and a copy of an
      old one may be anywhere. All of them are refused from now on.
    - Other sessions go on, also those of the same user.
    - It stays on the list for as long as any token of it could be valid.
      `refresh_session` gives none that ends later than `cap_seconds` after the
      login.
    - The list does not grow for ever: what was ended at `now` is off it when
      another session ends `cap_seconds` later, or at any time after that.
    - Ending a session twice is no error. Nothing is committed here: the caller
      may be in the middle of a transaction.

    `deny_session(db, session_id, now=..., forget_at=...)` puts an id on the
    list, unless it is there already, and takes off what is to be forgotten by
    `now`.

    Source: the guide's `deleteSession`, which deletes the cookie and no more;
    ASVS 7.4.1.
    """
    # By its id, which all its tokens share: a token's text has many spellings, and its `jti` is one of many.
    deny_session(db, session.session_id, now=now, forget_at=session.authenticated_at + cap_seconds)
