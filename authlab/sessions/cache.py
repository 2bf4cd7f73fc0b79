"""A cache of proven sessions that forgets on revocation (lesson 5)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from authlab.db import FoundSession
from authlab.tokens import Session


@dataclass(frozen=True, slots=True)
class _Entry:
    found: FoundSession
    remembered_at: int


class SessionCache:
    """Remembers what the database said of a session, for `seconds` at most; 0 remembers nothing.

    Whatever ends a session or changes its user says so here, and the next request asks the database again.
    It lives in one process and hears nothing of what another one does: with several, leave it off, or accept
    that a session ended there lives here for `seconds`.

    Source: the guide's tip to cache "for the lifetime of the session".
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._forgotten = 0
        self._cleared_at = 0
        self._lock = threading.Lock()

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this very token, or None."""
        entry = self._entries.get((session.session_id, session.token_id))
        return entry.found if entry is not None and now - entry.remembered_at < self._seconds else None

    def revision(self) -> int:
        """Return a number that changes whenever something is forgotten: ask it before the database."""
        return self._forgotten

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer, unless something was forgotten since `revision`.

        An answer that was on its way while the session was ended is an old one: remembering it would bring
        the session back to life.
        """
        with self._lock:
            if self._seconds > 0 and revision == self._forgotten:
                self._entries[session.session_id, session.token_id] = _Entry(found, now)
            if now - self._cleared_at >= self._seconds:  # or it would hold a row for everybody who ever came
                oldest, self._cleared_at = now - self._seconds, now
                self._entries = {key: one for key, one in self._entries.items() if one.remembered_at > oldest}

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._entries)

    def forget_session(self, session_id: str) -> None:
        """Forget a session, whichever of its tokens was seen."""
        self._forget(lambda key, entry: key[0] == session_id)

    def forget_user(self, user_id: int) -> None:
        """Forget all sessions of a user: they were ended, or what they say of the user has changed."""
        self._forget(lambda key, entry: entry.found.user.id == user_id)

    def _forget(self, affected: Callable[[tuple[str, str], _Entry], bool]) -> None:
        with self._lock:
            self._forgotten += 1
            self._entries = {key: entry for key, entry in self._entries.items() if not affected(key, entry)}
