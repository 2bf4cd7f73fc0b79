"""One setting chooses the strategy; everything else calls the same verbs."""

import sqlite3
from typing import Protocol

from authlab.db import UserRow
from authlab.sessions import database, stateless
from authlab.settings import Settings


class Strategy(Protocol):
    """What a way of keeping sessions offers."""

    def create(self, db: sqlite3.Connection, user_id: int, device: str, settings: Settings) -> str:
        """Return the token of a new session."""

    def verify(self, db: sqlite3.Connection, token: str, settings: Settings) -> UserRow | None:
        """Return the user a token proves now, or None."""

    def delete(self, db: sqlite3.Connection, token: str, settings: Settings) -> None:
        """End a session, as far as the strategy can."""


def strategy(settings: Settings) -> Strategy:
    """Return the strategy that the settings name."""
    return database if settings.sessions == "database" else stateless
