"""Database sessions (lesson 5): revocation needs memory.

The token carries the session's id and a random secret; the table holds only the secret's hash. Whoever steals
the table cannot sign in with it; and a session deleted here is over at once, wherever its token is.
"""

import hashlib
import hmac
import sqlite3
from dataclasses import replace

from authlab.db import (
    FoundSession,
    SessionRow,
    delete_session,
    delete_session_of_user,
    delete_sessions_of_user,
    find_session,
    insert_session,
    next_session_generation,
    rotate_session,
    sessions_of_user,
    touch_session,
    when_it_holds,
)
from authlab.sessions.cache import SessionCache
from authlab.sessions.lifetime import begin_session, refresh_session
from authlab.sessions.proof import Proof
from authlab.settings import Settings
from authlab.tokens import Session, sign_session

TOUCH_AFTER_SECONDS = 5 * 60  # "last seen" is written no more often: a page must not cost a write
# What stateless sessions count in the token, these have in their rows. No user is at this number, so that a
# token is good for nothing should the app turn to stateless sessions, which know of no row that was deleted.
NOT_COUNTED = -1
# Requests that were on their way when the token was replaced still carry the old one.
GRACE_SECONDS = 60


class DatabaseSessions:
    """The verbs of `sessions.strategy`, with a row for each session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = SessionCache(settings.session_cache_seconds)

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Return the token of a new session of `user_id`; `device` is what the visitor will recognise it by.

        Id and secret are always ours and always new: an id that came with the request is never taken over
        (session fixation).
        """
        settings = self._settings
        session = begin_session(
            user_id,
            settings.random_bytes(16).hex(),
            settings.random_bytes(16).hex(),
            settings.clock(),
            lifetime_seconds=settings.session_lifetime_seconds,
            cap_seconds=settings.session_cap_seconds,
            generation=NOT_COUNTED,
        )
        create_session(db, session, device)
        return self._sign(session)

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return who it proves, or None: no row is made for an unknown one."""
        now = self._settings.clock()
        idle_since = now - self._settings.session_idle_seconds
        found = self._cache.get(session, now)
        if found is None:
            revision = self._cache.revision()
            found = lookup(db, session, now, idle_since)
            if found is None:
                self._forget_session(db, session)  # it may have been ended for the token's sake: see `lookup`
                return None
            # A token that was replaced is good for a moment. Remembered, it would be good for longer.
            if found.rotated_at is None or now - found.rotated_at >= GRACE_SECONDS:
                self._cache.put(session, found, now, revision)
        elif now >= found.expires_at or found.last_seen_at <= idle_since:
            return None
        return Proof(found.user, found.last_seen_at)

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Note that the session is in use; return a new token when this one is due, or None to leave it."""
        settings, now = self._settings, self._settings.clock()
        if now - session.issued_at >= settings.session_refresh_seconds:
            refreshed = refresh_session(
                session,
                settings.random_bytes(16).hex(),
                now,
                lifetime_seconds=settings.session_lifetime_seconds,
                cap_seconds=settings.session_cap_seconds,
            )
            if refreshed is not None and rotate(db, session, refreshed):
                self._forget_session(db, session)
                return self._sign(refreshed)
        if now - proof.last_seen_at >= TOUCH_AFTER_SECONDS:
            touch(db, session, now)
            self._forget_session(db, session)
        return None

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """End the session: every copy of its token is refused from now on."""
        delete_session(db, session.session_id)
        self._forget_session(db, session)

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """End all of the user's sessions but this one, and return a new token for it; None when it is over.

        The new one in case somebody holds a copy of the old: it would be this session, too. It is asked for
        first: a session that was ended since it was proven ends no other.
        """
        settings, now = self._settings, self._settings.clock()
        # Not prolonged: what asked for it has proven no password again.
        rotated = replace(session, token_id=settings.random_bytes(16).hex(), issued_at=now)
        if not rotate(db, session, rotated, grace=False):
            return None
        next_session_generation(db, session.user_id)  # a login that is under way would begin one more
        revoke_others(db, session.user_id, session.session_id)
        self._forget_user(db, session.user_id)
        return self._sign(rotated)

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """End all sessions of a user, and logins under way."""
        next_session_generation(db, user_id)
        delete_sessions_of_user(db, user_id)
        self._forget_user(db, user_id)

    def user_changed(self, user_id: int) -> None:
        """Forget what is remembered of a user's sessions: their role, say, is another now."""
        self._cache.forget_user(user_id)

    def end_one(self, db: sqlite3.Connection, user_id: int, number: int) -> bool:
        """End one of a user's sessions, by its number; False when this user has no such session."""
        ended = delete_session_of_user(db, user_id, number)
        self._forget_user(db, user_id)
        return ended

    def devices(self, db: sqlite3.Connection, user_id: int) -> list[SessionRow]:
        """Return a user's live sessions, the one used last first."""
        now = self._settings.clock()
        return sessions_of_user(db, user_id, now=now, idle_since=now - self._settings.session_idle_seconds)

    def _forget_session(self, db: sqlite3.Connection, session: Session) -> None:
        when_it_holds(db, lambda: self._cache.forget_session(session.session_id))

    def _forget_user(self, db: sqlite3.Connection, user_id: int) -> None:
        when_it_holds(db, lambda: self._cache.forget_user(user_id))

    def _sign(self, session: Session) -> str:
        return sign_session(session, self._settings.signing_key, self._settings.signing_key_id)


def create_session(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Store a new session of `session.user_id` in the table, so that `lookup`
    finds it.

    - What the token says is all in `session`; `device` is the name by which
      the visitor will recognise it.
    - Of the secret, `session.token_id`, only what `hashed` makes of it is
      stored. Whoever reads the table, in a backup say, must not be able to make
      a cookie of what they read.
    - The row begins when the token was issued, counts as seen then, and ends
      when the token does: cookie and table stay in step.
    - A user may have many sessions; none of them is ended here. An id that is
      taken is an error (`sqlite3.IntegrityError`).
    - `insert_session(db, session_id=..., secret_hash=..., user_id=...,
      device=..., now=..., expires_at=...)` writes a row that begins, and was
      seen, at `now`.
    - The caller decides whether the row is kept: in a transaction that is
      rolled back it is gone.

    Source: the guide's `createSession`, whose cookie holds the row's own id.
    """
    insert_session(
        db,
        session_id=session.session_id,
        secret_hash=hashed(session.token_id),
        user_id=session.user_id,
        device=device,
        now=session.issued_at,
        expires_at=session.expires_at,
    )


def lookup(db: sqlite3.Connection, session: Session, now: int, idle_since: int) -> FoundSession | None:
    """Return the stored session that this token opens, with its user, or None.
    One query.

    `find_session(db, session_id, user_id)` returns the row with its user, or
    None; of times and secrets it says nothing.

    - A session is over from the second `expires_at` on, and when it was last
      seen at `idle_since` or before: for each of its tokens.
    - Its token is the one whose secret, `session.token_id`, has the hash that
      is stored, `secret_hash`.
    - A token that was replaced, the one whose hash is `previous_hash`, is good
      for less than `GRACE_SECONDS` after `rotated_at`: for requests that were
      on their way.
    - Any other token of a session that has a `previous_hash` is a copy that
      somebody has kept. The session is ended (`delete_session`), for the thief
      and for the owner, who logs in again.
    - Where there is no `previous_hash`, none was replaced, or the old ones were
      called in. Another token is then refused, and that is all.

    `found.secret_hash` and `found.previous_hash` are `ServerOnly` values, whose
    `reveal()` gives the text, or None. No row is ever made here: a session that
    the table does not know is one that was ended.

    Source: RFC 9700, section 4.14.2 (refresh token rotation); Lucia's
    `id.secret`.
    """
    found = find_session(db, session.session_id, session.user_id)
    if found is None or now >= found.expires_at or found.last_seen_at <= idle_since:
        return None
    secret_hash = hashed(session.token_id)
    if hmac.compare_digest(secret_hash, found.secret_hash.reveal()):
        return found
    replaced = hmac.compare_digest(secret_hash, found.previous_hash.reveal() or "")
    if replaced and found.rotated_at is not None and now - found.rotated_at < GRACE_SECONDS:
        return found
    if found.previous_hash.reveal() is not None:
        delete_session(db, session.session_id)
    return None


def touch(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Note in the table that a session was seen at `now`.

    - It is the session that was seen, whichever of its tokens came: one that
      was replaced is good for a minute.
    - The page that says so may be late. A session that was ended since stays
      ended.
    - Another page may be faster, or write between two statements of yours:
      `last_seen_at` never goes back.
    - Nothing else of the row changes, and no other row.

    In the table `sessions` the columns are called `session_id` and
    `last_seen_at`. All SQL of the app is kept in `authlab/db.py`; a statement
    that stands here does the same.
    """
    touch_session(db, session.session_id, now)


def rotate(db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True) -> bool:
    """Put the secret of `refreshed` in place of that of `session`; False when another request was first.

    Without `grace` the old token, and the one that replaced it if another request was first, are called in:
    refused at once.
    """
    return rotate_session(
        db,
        session.session_id,
        old_hash=hashed(session.token_id),
        new_hash=hashed(refreshed.token_id),
        now=refreshed.issued_at,
        expires_at=refreshed.expires_at,
        keep_old=grace,
    )


def revoke_others(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """End all sessions of a user but the one whose session id is `keep`; return
    how many were ended.

    - All of them: older or newer, in use or not.
    - This user's only, whatever `keep` says. Where none of theirs has this id,
      none is kept.
    - Nothing is committed here: the caller may be in the middle of a
      transaction.

    In the table `sessions` the columns are called `user_id` and `session_id`;
    a session that has no row is over.

    Source: the guide's "log out of all devices"; ASVS 7.4.3.
    """
    return delete_sessions_of_user(db, user_id, keep)


def hashed(secret: str) -> str:
    """Return what is stored of a secret. It is long and random, so a fast hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()
