"""The database: all SQL, and the types of its rows. Nothing above this module writes a query."""

import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlab.errors import SettingsError
from authlab.server_only import ServerOnly

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: an old token stays nobody's
    slug               TEXT GENERATED ALWAYS AS ('member-' || id) VIRTUAL,  -- the name in addresses
    name               TEXT NOT NULL,
    email              TEXT NOT NULL UNIQUE,  -- canonical; the UNIQUE decides races, not a SELECT before it
    password_hash      TEXT NOT NULL,
    role               TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    team               TEXT,
    phone              TEXT,
    created_at         INTEGER NOT NULL,      -- seconds since 1970, as all times here
    last_login_at      INTEGER,               -- the login of now ...
    previous_login_at  INTEGER,               -- ... and the one before, which its owner is shown
    disabled_at        INTEGER,
    session_generation INTEGER NOT NULL DEFAULT 0  -- grows when the user's sessions are ended all at once
) STRICT;

CREATE TABLE IF NOT EXISTS sessions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT NOT NULL UNIQUE,
    secret_hash   TEXT NOT NULL,              -- the secret itself is in the cookie only
    previous_hash TEXT,                       -- of the secret before: good for a moment after it was replaced
    rotated_at    INTEGER,
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);

CREATE TABLE IF NOT EXISTS ended_sessions (   -- the deny list of stateless sessions
    session_id TEXT PRIMARY KEY,              -- not a token's text, which has many spellings
    forget_at  INTEGER NOT NULL               -- when no token of it can be valid any more
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS attempts (
    key            TEXT PRIMARY KEY,
    count          INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sent_forms (
    nonce   TEXT PRIMARY KEY,                 -- of each sign-up page that was sent: a second send is refused
    sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
FORMS_ARE_KEPT_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class UserRow:
    """One stored user. The hash is here to be compared with; it leaves through no DTO."""

    id: int
    slug: str
    name: str
    email: str
    password_hash: ServerOnly[str]
    role: str
    team: str | None = None
    phone: str | None = None
    last_login_at: int | None = None
    previous_login_at: int | None = None
    disabled: bool = False
    session_generation: int = 0


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One stored session: a browser in which somebody is signed in. Times are seconds since 1970."""

    id: int
    session_id: str
    device: str
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A stored session with its owner, read in one query, and what its token's secret is compared with."""

    user: UserRow
    secret_hash: ServerOnly[str]
    previous_hash: ServerOnly[str | None]
    rotated_at: int | None
    last_seen_at: int
    expires_at: int


class Connection(sqlite3.Connection):
    """A connection that tells an observer each statement (with its `?`, never the values) before it runs."""

    observer: Callable[[str], None] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at_the_end: list[Callable[[], None]] = []  # of the transaction that is open: see `when_it_holds`

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement, as `sqlite3` does."""
        if self.observer is not None:
            self.observer(" ".join(sql.split()))
        return super().execute(sql, parameters)


class Database:
    """A SQLite file. Each request opens a connection of its own, and only if it needs one.

    One more stays open beside them and asks nothing. SQLite makes the files of its log with the first
    connection and deletes them with the last: for visitors who come one at a time that is each request, and
    most of its time.
    """

    def __init__(self, path: Path) -> None:
        """Make the file and its tables; raises `SettingsError` when it cannot be written."""
        self._path = path
        try:
            self._keep_one_open()
        except sqlite3.Error as error:
            raise SettingsError(
                f"Database {path.name}: expected a file that can be written, got: {error}. "
                "Check the folder's rights, or name another: --database FILE"
            ) from None
        _databases.add(self)

    def connect(self, observer: Callable[[str], None] | None = None) -> Connection:
        """Return an open connection in autocommit mode: a transaction is begun by name or not at all."""
        if not self._kept_open.alive:
            self._keep_one_open()
        connection = sqlite3.connect(self._path, factory=Connection, isolation_level=None, timeout=10)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.observer = observer
        return connection

    def close(self) -> None:
        """Close the connection that stays open. The next one that is asked for opens it again."""
        self._kept_open()

    def _keep_one_open(self) -> None:
        connection = sqlite3.connect(self._path, check_same_thread=False)
        self._kept_open = weakref.finalize(self, connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)


# A connection must not come into a child process: SQLite would trust locks that only the parent holds. Where
# workers are forked after the app is made, each opens its own again.
_databases: "weakref.WeakSet[Database]" = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_databases):
        database.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_all)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block's writes or none: an error takes back what was written, and gives back the lock."""
    db.execute("BEGIN")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back on its own: a full disk, for one
            db.execute("ROLLBACK")
        raise
    finally:
        if isinstance(db, Connection):
            told, db.at_the_end = db.at_the_end, []
            for tell in told:
                tell()


def when_it_holds(db: sqlite3.Connection, tell: Callable[[], None]) -> None:
    """Call `tell` once what was written holds for everybody: at the end of the transaction, or now.

    A cache that is told to forget before that asks again, and is answered from before.
    """
    if db.in_transaction and isinstance(db, Connection):
        db.at_the_end.append(tell)
    else:
        tell()


# Users


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
    """Return the user with this canonical e-mail, or None.

    The e-mail is a parameter: whatever it holds, it is compared and never read as SQL or as a pattern.
    """
    return _user(db.execute(f"{_SELECT_USER} WHERE email = ?", (email,)))


def user_by_id(db: sqlite3.Connection, user_id: int) -> UserRow | None:
    """Return the user with this id, or None."""
    return _user(db.execute(f"{_SELECT_USER} WHERE users.id = ?", (user_id,)))


def user_by_slug(db: sqlite3.Connection, slug: str) -> UserRow | None:
    """Return the user with this slug, in exactly this spelling, or None."""
    return _user(db.execute(f"{_SELECT_USER} WHERE slug = ?", (slug,)))


def all_users(db: sqlite3.Connection) -> list[UserRow]:
    """Return every user, in the order they signed up."""
    return [_user_row(row) for row in db.execute(f"{_SELECT_USER} ORDER BY users.id")]


def search_users(db: sqlite3.Connection, text: str) -> list[UserRow]:
    """Return the users in whose name `text` occurs, in the order they signed up.

    `%` and `_` in the text are themselves: parameters stop SQL, and only the escape stops LIKE's wildcards.
    """
    rows = db.execute(f"{_SELECT_USER} WHERE {_NAME_HAS} ORDER BY users.id", (_pattern(text),))
    return [_user_row(row) for row in rows]


def search_team(db: sqlite3.Connection, team: str, text: str) -> list[UserRow]:
    """Return the users of one team in whose name `text` occurs, in the order they signed up."""
    rows = db.execute(
        f"{_SELECT_USER} WHERE team = ? AND {_NAME_HAS} ORDER BY users.id", (team, _pattern(text))
    )
    return [_user_row(row) for row in rows]


def set_password_hash(
    db: sqlite3.Connection, user_id: int, password_hash: str, *, instead_of: str | None = None
) -> None:
    """Replace a user's stored hash; with `instead_of` only while it is that one.

    A hash that is renewed at login must not bring an old password back over one that was chosen meanwhile.
    """
    db.execute(
        "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = coalesce(?, password_hash)",
        (password_hash, user_id, instead_of),
    )


def set_phone(db: sqlite3.Connection, user_id: int, phone: str | None) -> None:
    """Replace a user's phone number; None takes it away."""
    db.execute("UPDATE users SET phone = ? WHERE id = ?", (phone, user_id))


def note_login(db: sqlite3.Connection, user: UserRow, now: int) -> bool:
    """Note a login, and keep the one before it: what its owner compares with what they remember.

    False when the user's sessions were ended all at once since `user` was read (a new password, an account
    disabled): the password may have been right, but the session would begin after all others ended.
    """
    return _changed(
        db,
        "UPDATE users SET previous_login_at = last_login_at, last_login_at = ? "
        "WHERE id = ? AND session_generation = ? AND disabled_at IS NULL",
        (now, user.id, user.session_generation),
    )


# What an admin does to an account. Check and write are one statement: an admin who was demoted between the
# two would still get the write. Role, disabling and deletion are another's, so that nobody locks themselves
# out by mistake. Each returns whether a row was changed.

_BY_AN_ADMIN = (
    "id = ? AND EXISTS (SELECT 1 FROM users AS actor "
    "WHERE actor.id = ? AND actor.role = 'admin' AND actor.disabled_at IS NULL)"
)
_BY_ANOTHER_ADMIN = f"{_BY_AN_ADMIN} AND id != ?"


def set_team(db: sqlite3.Connection, user_id: int, team: str | None, *, by: int) -> bool:
    """Put a user in a team, or (None) in none, if `by` is an admin."""
    return _changed(db, f"UPDATE users SET team = ? WHERE {_BY_AN_ADMIN}", (team, user_id, by))


def set_role(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """Give another user a role, if `by` is an admin."""
    return _changed(db, f"UPDATE users SET role = ? WHERE {_BY_ANOTHER_ADMIN}", (role, user_id, by, by))


def set_disabled(db: sqlite3.Connection, user_id: int, disabled_at: int | None, *, by: int) -> bool:
    """Disable another user's account, or (None) enable it again, if `by` is an admin."""
    return _changed(
        db, f"UPDATE users SET disabled_at = ? WHERE {_BY_ANOTHER_ADMIN}", (disabled_at, user_id, by, by)
    )


def delete_user(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Delete the user `user_id` for the admin `by`; return whether one was deleted.

    - `by` is the id of a member whose session was proven a moment ago. The
      rights that count are those that the table `users` says when the row
      goes: `role` is `'admin'`, and `disabled_at` is NULL. Between a query and
      a write of yours, another admin can change both. So check and write are
      one statement. (A transaction that holds the database from the check on,
      by `BEGIN IMMEDIATE`, is right as well; `transaction` holds it from its
      first write on. It has to end, whatever happens.)
    - False, and nothing is changed, when `by` has not these rights or is not
      there any more; when there is no such user; and when the two are the same
      person: nobody locks themselves out by mistake.
    - `db` is in autocommit mode: what a statement writes holds at once, for
      everybody. The user's sessions go with the row (ON DELETE CASCADE).
    - Python does not count the rows of a statement that begins with `WITH`: its
      `rowcount` is -1.

    Source: the guide's "ensure a user is authorized" before mutating data.
    """
    return _changed(db, f"DELETE FROM users WHERE {_BY_ANOTHER_ADMIN}", (user_id, by, by))


# Database sessions


def insert_session(
    db: sqlite3.Connection,
    *,
    session_id: str,
    secret_hash: str,
    user_id: int,
    device: str,
    now: int,
    expires_at: int,
) -> None:
    """Store a new session, and forget those of its user that have run out."""
    db.execute("DELETE FROM sessions WHERE user_id = ? AND expires_at <= ?", (user_id, now))
    db.execute(
        "INSERT INTO sessions "
        "(session_id, secret_hash, user_id, device, created_at, last_seen_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (session_id, secret_hash, user_id, device, now, now, expires_at),
    )


def find_session(db: sqlite3.Connection, session_id: str, user_id: int) -> FoundSession | None:
    """Return a session of a user with its owner, or None: both in one query.

    Whether it has run out is for the caller to say. A disabled owner has no session.
    """
    row = db.execute(
        f"SELECT secret_hash, previous_hash, rotated_at, last_seen_at, expires_at, {_USER_COLUMNS} "
        "FROM sessions JOIN users ON users.id = user_id "
        "WHERE session_id = ? AND user_id = ? AND disabled_at IS NULL",
        (session_id, user_id),
    ).fetchone()
    if row is None:
        return None
    return FoundSession(_user_row(row[5:]), ServerOnly(row[0]), ServerOnly(row[1]), *row[2:5])


def touch_session(db: sqlite3.Connection, session_id: str, now: int) -> None:
    """Note that a session was used. An UPDATE, never an upsert: a session that was ended stays ended."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ?", (now, session_id)
    )


def rotate_session(
    db: sqlite3.Connection,
    session_id: str,
    *,
    old_hash: str,
    new_hash: str,
    now: int,
    expires_at: int,
    keep_old: bool,
) -> bool:
    """Put a new secret in place of `old_hash`; False when that is no longer the session's.

    `keep_old` remembers the old one, for requests that are on their way. Asked and written in one statement:
    of two requests with one token, one gets the new one. Without `keep_old` the secret before will do, too:
    who may still use the session by it may call in the one that replaced it.
    """
    return _changed(
        db,
        "UPDATE sessions SET secret_hash = ?, previous_hash = ?, rotated_at = ?, last_seen_at = ?, "
        "expires_at = ? WHERE session_id = ? AND ? IN (secret_hash, iif(?, NULL, previous_hash))",
        (
            new_hash,
            old_hash if keep_old else None,
            now,
            now,
            expires_at,
            session_id,
            old_hash,
            keep_old,
        ),
    )


def sessions_of_user(db: sqlite3.Connection, user_id: int, *, now: int, idle_since: int) -> list[SessionRow]:
    """Return a user's live sessions, the one used last first."""
    rows = db.execute(
        "SELECT id, session_id, device, created_at, last_seen_at FROM sessions "
        "WHERE user_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY last_seen_at DESC, id DESC",
        (user_id, now, idle_since),
    )
    return [SessionRow(*row) for row in rows]


def delete_session(db: sqlite3.Connection, session_id: str) -> None:
    """End one session, by its own id."""
    db.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))


def delete_session_of_user(db: sqlite3.Connection, user_id: int, number: int) -> bool:
    """End one of a user's sessions, by its number; False when this user has no such session."""
    return _changed(db, "DELETE FROM sessions WHERE id = ? AND user_id = ?", (number, user_id))


def delete_sessions_of_user(db: sqlite3.Connection, user_id: int, keep_session_id: str | None = None) -> int:
    """End all of a user's sessions, or all but one; return how many."""
    ended = db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND session_id IS NOT ?", (user_id, keep_session_id)
    )
    return ended.rowcount


# All sessions of a user at once, and stateless sessions


def user_unless_ended(
    db: sqlite3.Connection, user_id: int, session_id: str, generation: int
) -> UserRow | None:
    """Return the user of a stateless session that was not ended, or None: all of it in one query."""
    return _user(
        db.execute(
            f"{_SELECT_USER} WHERE users.id = ? AND session_generation = ? AND disabled_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM ended_sessions WHERE session_id = ?)",
            (user_id, generation, session_id),
        )
    )


def session_generation(db: sqlite3.Connection, user_id: int) -> int:
    """Return how often a user's sessions were ended all at once."""
    row = db.execute("SELECT session_generation FROM users WHERE id = ?", (user_id,)).fetchone()
    return 0 if row is None else int(row[0])


def next_session_generation(db: sqlite3.Connection, user_id: int, *, after: int | None = None) -> int | None:
    """End all of a user's stateless sessions, and logins under way; return the number that new ones carry.

    None when there is no such user, or when the number is no longer `after`: whose own session was ended a
    moment ago ends no other.
    """
    row = db.execute(
        "UPDATE users SET session_generation = session_generation + 1 "
        "WHERE id = ? AND session_generation = coalesce(?, session_generation) RETURNING session_generation",
        (user_id, after),
    ).fetchone()
    return None if row is None else int(row[0])


def deny_session(db: sqlite3.Connection, session_id: str, *, now: int, forget_at: int) -> None:
    """Put a session on the deny list, and take those off it whose tokens have all run out."""
    db.execute("DELETE FROM ended_sessions WHERE forget_at <= ?", (now,))
    db.execute(
        "INSERT OR IGNORE INTO ended_sessions (session_id, forget_at) VALUES (?, ?)", (session_id, forget_at)
    )


# Counters


def count_attempt(db: sqlite3.Connection, key: str, now: int, window_ends_at: int) -> tuple[int, int]:
    """Count one attempt under `key`; return the count of its window and when that window ends.

    The window that is open goes on; one that has ended is replaced by one that ends at `window_ends_at`.
    Asked and written in one statement: no two attempts get the same number.
    """
    count, ends_at = db.execute(
        "INSERT INTO attempts (key, count, window_ends_at) VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET "
        "count = CASE WHEN window_ends_at <= ? THEN 1 ELSE count + 1 END, "
        "window_ends_at = CASE WHEN window_ends_at <= ? THEN excluded.window_ends_at ELSE window_ends_at END "
        "RETURNING count, window_ends_at",
        (key, window_ends_at, now, now),
    ).fetchone()
    if count == 1:  # now and then, so that the table does not grow with every address ever seen
        db.execute("DELETE FROM attempts WHERE window_ends_at <= ?", (now,))
    return int(count), int(ends_at)


def forget_attempts(db: sqlite3.Connection, key: str) -> None:
    """Begin at zero under `key`."""
    db.execute("DELETE FROM attempts WHERE key = ?", (key,))


def claim_form(db: sqlite3.Connection, nonce: str, now: int) -> bool:
    """Return True for the first sending of the page that carried `nonce`, False for every later one."""
    db.execute("DELETE FROM sent_forms WHERE sent_at <= ?", (now - FORMS_ARE_KEPT_SECONDS,))
    return _changed(db, "INSERT OR IGNORE INTO sent_forms (nonce, sent_at) VALUES (?, ?)", (nonce, now))


# Named one by one: a column that is added later stays inside until somebody names it.
_USER_COLUMNS = (
    "users.id, slug, name, email, password_hash, role, team, phone, last_login_at, previous_login_at, "
    "disabled_at IS NOT NULL, session_generation"
)
_SELECT_USER = f"SELECT {_USER_COLUMNS} FROM users"
_NAME_HAS = "name LIKE ? ESCAPE '!'"


def _pattern(text: str) -> str:
    literally = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{literally}%"


def _user(cursor: sqlite3.Cursor) -> UserRow | None:
    row = cursor.fetchone()
    return None if row is None else _user_row(row)


def _user_row(row: tuple[Any, ...]) -> UserRow:
    user_id, slug, name, email, password_hash, role, team, phone, last, previous, disabled, generation = row
    return UserRow(
        id=user_id,
        slug=slug,
        name=name,
        email=email,
        password_hash=ServerOnly(password_hash),
        role=role,
        team=team,
        phone=phone,
        last_login_at=last,
        previous_login_at=previous,
        disabled=bool(disabled),
        session_generation=generation,
    )


def _changed(db: sqlite3.Connection, sql: str, parameters: tuple[Any, ...]) -> bool:
    return db.execute(sql, parameters).rowcount == 1
