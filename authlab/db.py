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

CREATE TABLE IF NOT EXISTS sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_hash  TEXT NOT NULL UNIQUE,   -- the secret is in the cookie only: a stolen table opens nothing
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,       -- seconds since 1970, as the two below
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);

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


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One stored session: a browser in which somebody is signed in. Times are seconds since 1970."""

    id: int
    secret_hash: str = field(repr=False)
    device: str
    created_at: int
    last_seen_at: int


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


def insert_session(
    db: sqlite3.Connection, *, secret_hash: str, user_id: int, device: str, now: int, expires_at: int
) -> None:
    """Store a new session."""
    db.execute(
        "INSERT INTO sessions (secret_hash, user_id, device, created_at, last_seen_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (secret_hash, user_id, device, now, now, expires_at),
    )


def session_owner(
    db: sqlite3.Connection, secret_hash: str, *, now: int, idle_since: int
) -> tuple[UserRow, int] | None:
    """Return the user of a live session and when it was last seen, or None: session and user in one query.

    Live: not past its end, and used after `idle_since`.
    """
    row = db.execute(
        "SELECT users.id, name, email, password_hash, role, last_seen_at "
        "FROM sessions JOIN users ON users.id = user_id "
        "WHERE secret_hash = ? AND expires_at > ? AND last_seen_at > ?",
        (secret_hash, now, idle_since),
    ).fetchone()
    return None if row is None else (UserRow(*row[:-1]), int(row[-1]))


def touch_session(db: sqlite3.Connection, secret_hash: str, now: int) -> None:
    """Note that a session was used. An UPDATE, never an upsert: a session that was ended stays ended."""
    db.execute("UPDATE sessions SET last_seen_at = ? WHERE secret_hash = ?", (now, secret_hash))


def sessions_of_user(db: sqlite3.Connection, user_id: int, now: int) -> list[SessionRow]:
    """Return a user's sessions that have not run out, the one used last first."""
    rows = db.execute(
        "SELECT id, secret_hash, device, created_at, last_seen_at FROM sessions "
        "WHERE user_id = ? AND expires_at > ? ORDER BY last_seen_at DESC, id DESC",
        (user_id, now),
    )
    return [SessionRow(*row) for row in rows]


def delete_session(db: sqlite3.Connection, secret_hash: str) -> None:
    """End one session, by its own secret."""
    db.execute("DELETE FROM sessions WHERE secret_hash = ?", (secret_hash,))


def delete_session_of_user(db: sqlite3.Connection, user_id: int, session_id: int) -> bool:
    """End one of a user's sessions, by its number; False when this user has no such session."""
    ended = db.execute("DELETE FROM sessions WHERE id = ? AND user_id = ?", (session_id, user_id))
    return ended.rowcount == 1


def delete_other_sessions(db: sqlite3.Connection, user_id: int, keep_secret_hash: str) -> int:
    """End all of a user's sessions but one; return how many."""
    ended = db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND secret_hash != ?", (user_id, keep_secret_hash)
    )
    return ended.rowcount


def claim_form(db: sqlite3.Connection, nonce: str, now: int) -> bool:
    """Return True for the first sending of the page that carried `nonce`, False for every later one."""
    claimed = db.execute("INSERT OR IGNORE INTO sent_forms (nonce, sent_at) VALUES (?, ?)", (nonce, now))
    return claimed.rowcount == 1


_SELECT_USER = "SELECT id, name, email, password_hash, role FROM users"


def _user(cursor: sqlite3.Cursor) -> UserRow | None:
    row = cursor.fetchone()
    return None if row is None else UserRow(*row)
