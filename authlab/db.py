"""The database: all SQL, and the types of its rows. Nothing above this module writes a query."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlab.errors import SettingsError

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: an old token stays nobody's
    name          TEXT NOT NULL,
    email         TEXT NOT NULL UNIQUE,  -- canonical; the UNIQUE decides races, not a SELECT before it
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    created_at    INTEGER NOT NULL       -- seconds since 1970
) STRICT;

CREATE TABLE IF NOT EXISTS sent_forms (
    nonce   TEXT PRIMARY KEY,            -- of each sign-up page that was sent: a second send is refused
    sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class UserRow:
    """One stored user. The hash is here to be compared with; it leaves through no DTO."""

    id: int
    name: str
    email: str
    password_hash: str = field(repr=False)
    role: str


class Connection(sqlite3.Connection):
    """A connection that tells an observer each statement (with its `?`, never the values) before it runs."""

    observer: Callable[[str], None] | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement, as `sqlite3` does."""
        if self.observer is not None:
            self.observer(" ".join(sql.split()))
        return super().execute(sql, parameters)


class Database:
    """A SQLite file. Each request opens a connection of its own, and only if it needs one."""

    def __init__(self, path: Path) -> None:
        """Make the file and its tables; raises `SettingsError` when it cannot be written."""
        self._path = path
        try:
            connection = self.connect()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)
            connection.close()
        except sqlite3.Error as error:
            raise SettingsError(
                f"Database {path.name}: expected a file that can be written, got: {error}. "
                "Check the folder's rights, or name another: --database FILE"
            ) from None

    def connect(self, observer: Callable[[str], None] | None = None) -> Connection:
        """Return an open connection in autocommit mode: a transaction is begun by name or not at all."""
        connection = sqlite3.connect(self._path, factory=Connection, isolation_level=None, timeout=10)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.observer = observer
        return connection


def insert_user(
    db: sqlite3.Connection,
    *,
    name: str,
    email: str,
    password_hash: str,
    now: int,
    role: str = "user",
) -> int:
    """Return the id of the new user; raises `sqlite3.IntegrityError` when the e-mail is taken."""
    row = db.execute(
        "INSERT INTO users (name, email, password_hash, role, created_at) "
        "VALUES (?, ?, ?, ?, ?) RETURNING id",
        (name, email, password_hash, role, now),
    ).fetchone()
    return int(row[0])


def user_by_email(db: sqlite3.Connection, email: str) -> UserRow | None:
    """Return the user with this canonical e-mail, or None."""
    return _user(db.execute(f"{_SELECT_USER} WHERE email = ?", (email,)))


def user_by_id(db: sqlite3.Connection, user_id: int) -> UserRow | None:
    """Return the user with this id, or None."""
    return _user(db.execute(f"{_SELECT_USER} WHERE id = ?", (user_id,)))


def all_users(db: sqlite3.Connection) -> list[UserRow]:
    """Return every user, in the order they signed up."""
    return [UserRow(*row) for row in db.execute(f"{_SELECT_USER} ORDER BY id")]


def set_password_hash(db: sqlite3.Connection, user_id: int, password_hash: str) -> None:
    """Replace a user's stored hash."""
    db.execute("UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, user_id))


def claim_form(db: sqlite3.Connection, nonce: str, now: int) -> bool:
    """Return True for the first sending of the page that carried `nonce`, False for every later one."""
    claimed = db.execute("INSERT OR IGNORE INTO sent_forms (nonce, sent_at) VALUES (?, ?)", (nonce, now))
    return claimed.rowcount == 1


_SELECT_USER = "SELECT id, name, email, password_hash, role FROM users"


def _user(cursor: sqlite3.Cursor) -> UserRow | None:
    row = cursor.fetchone()
    return None if row is None else UserRow(*row)
