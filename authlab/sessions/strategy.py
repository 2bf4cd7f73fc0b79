"""One setting chooses the strategy; everything else calls the same verbs: create, read, refresh, delete.

`read` is the same for both, and stands in `sessions.reading`, because it needs no database. The guide has
these four verbs; `verify` is what it leaves out, and the rest comes of being able to end a session.
"""

import sqlite3
from typing import Protocol

from authlab.db import SessionRow
from authlab.sessions.database import DatabaseSessions
from authlab.sessions.proof import Proof
from authlab.sessions.stateless import StatelessSessions
from authlab.settings import Settings
from authlab.tokens import Session


class Strategy(Protocol):
    """What a way of keeping sessions offers."""

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Return the token of a new session."""

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return whom a session that was read proves now, or None. One query at most."""

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Note that a session is in use; return a new token for it when one is due, else None."""

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """End a session."""

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """End all other sessions of its user; return a new token for this one, or None when it is over."""

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """End all sessions of a user."""

    def end_one(self, db: sqlite3.Connection, user_id: int, number: int) -> bool:
        """End one of a user's sessions, by its number in `devices`; False when this user has no such one."""

    def devices(self, db: sqlite3.Connection, user_id: int) -> list[SessionRow]:
        """Return a user's live sessions; none where nobody keeps a list of them."""

    def user_changed(self, user_id: int) -> None:
        """Hear that a user's row is another than it was."""


def strategy(settings: Settings) -> Strategy:
    """Return the strategy that the settings name."""
    return DatabaseSessions(settings) if settings.sessions == "database" else StatelessSessions(settings)
