"""The board's own tables, beside the app's: all SQL of the board.

A learner is a row of `users` with the role `user`, the instructor the one with the role `admin`. Nobody has
an e-mail here, and `password_hash` holds the digest of a key.
"""

import sqlite3
from dataclasses import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS board (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    signing_key BLOB NOT NULL,  -- beside the sessions: of these only hashes are here, so it opens none
    code        TEXT NOT NULL,  -- as it is: the instructor shows it to the room
    closed_at   INTEGER
) STRICT;

CREATE TABLE IF NOT EXISTS standings (
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    exercise      TEXT NOT NULL,
    status        TEXT NOT NULL,  -- of the last report
    misconception TEXT,           -- of the last report
    tries         INTEGER NOT NULL,  -- up to the first that passed
    passed_at     INTEGER,        -- for the first time
    reported_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, exercise)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS taken (  -- reports that were taken: one that is sent again counts once
    user_id   INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    report_id TEXT NOT NULL,
    PRIMARY KEY (user_id, report_id)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """The board itself. The signing key is read once, at the start, by `signing_key`."""

    code: str
    closed: bool


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Where one learner stands with one exercise. Times are seconds since 1970."""

    user_id: int
    exercise: str
    status: str
    misconception: str | None
    tries: int
    passed_at: int | None
    reported_at: int


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One learner."""

    id: int
    name: str


# The board


def make_board(db: sqlite3.Connection, *, signing_key: bytes, code: str) -> None:
    """Make the tables and the one row, where they are not there yet: a board that was killed goes on."""
    db.executescript(SCHEMA)
    db.execute("INSERT OR IGNORE INTO board (id, signing_key, code) VALUES (1, ?, ?)", (signing_key, code))


def is_board(db: sqlite3.Connection) -> bool:
    """Return whether a database is a board's."""
    found = db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'board'")
    return found.fetchone() is not None


def signing_key(db: sqlite3.Connection) -> bytes:
    """Return the key that the board's sessions are signed with."""
    return bytes(db.execute("SELECT signing_key FROM board").fetchone()[0])


def board(db: sqlite3.Connection) -> BoardRow:
    """Return the board."""
    code, closed = db.execute("SELECT code, closed_at IS NOT NULL FROM board").fetchone()
    return BoardRow(code, bool(closed))


def set_code(db: sqlite3.Connection, code: str) -> None:
    """Replace the join code: the one before lets nobody in any more."""
    db.execute("UPDATE board SET code = ?", (code,))


def set_closed(db: sqlite3.Connection, closed_at: int | None) -> None:
    """Close the board, or (None) open it again."""
    db.execute("UPDATE board SET closed_at = ?", (closed_at,))


# Who is there


def insert_member(db: sqlite3.Connection, *, name: str, label: str, digest: str, role: str, now: int) -> int:
    """Return the number of a new learner or instructor. `label` stands where the app has an e-mail."""
    row = db.execute(
        "INSERT INTO users (name, email, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?) "
        "RETURNING id",
        (name, label, digest, role, now),
    ).fetchone()
    return int(row[0])


def instructor_id(db: sqlite3.Connection) -> int | None:
    """Return the instructor's number, or None before the first start."""
    row = db.execute("SELECT id FROM users WHERE role = 'admin'").fetchone()
    return None if row is None else int(row[0])


def learners(db: sqlite3.Connection) -> list[LearnerRow]:
    """Return all learners, in the order in which they joined."""
    return [
        LearnerRow(*row) for row in db.execute("SELECT id, name FROM users WHERE role = 'user' ORDER BY id")
    ]


def learner_count(db: sqlite3.Connection) -> int:
    """Return how many learners have joined."""
    return int(db.execute("SELECT count(*) FROM users WHERE role = 'user'").fetchone()[0])


def learner(db: sqlite3.Connection, user_id: int) -> LearnerRow | None:
    """Return one learner, or None; the instructor is none."""
    row = db.execute("SELECT id, name FROM users WHERE role = 'user' AND id = ?", (user_id,)).fetchone()
    return None if row is None else LearnerRow(*row)


def delete_learner(db: sqlite3.Connection, user_id: int) -> None:
    """Forget a learner who leaves: their row, and by it their reports and sessions."""
    db.execute("DELETE FROM users WHERE role = 'user' AND id = ?", (user_id,))


# Reports


def take_report(
    db: sqlite3.Connection,
    user_id: int,
    report_id: str,
    *,
    exercise: str,
    status: str,
    misconception: str | None,
    now: int,
) -> bool:
    """Note a learner's verdict on one exercise; False for a report that was taken before.

    Called in a transaction: a report counts as taken if, and only if, it is in the picture.
    """
    first = db.execute("INSERT OR IGNORE INTO taken (user_id, report_id) VALUES (?, ?)", (user_id, report_id))
    if first.rowcount == 0:
        return False
    passed_at = now if status == "passed" else None
    db.execute(
        "INSERT INTO standings (user_id, exercise, status, misconception, tries, passed_at, reported_at) "
        "VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (user_id, exercise) DO UPDATE SET "
        "status = excluded.status, misconception = excluded.misconception, "
        "tries = tries + (passed_at IS NULL), passed_at = coalesce(passed_at, excluded.passed_at), "
        "reported_at = excluded.reported_at",
        (user_id, exercise, status, misconception, passed_at, now),
    )
    return True


def standings(db: sqlite3.Connection) -> list[StandingRow]:
    """Return where everybody stands."""
    return [StandingRow(*row) for row in db.execute(_SELECT_STANDINGS)]


def standings_of(db: sqlite3.Connection, user_id: int) -> list[StandingRow]:
    """Return where one learner stands."""
    return [StandingRow(*row) for row in db.execute(f"{_SELECT_STANDINGS} WHERE user_id = ?", (user_id,))]


_SELECT_STANDINGS = (
    "SELECT user_id, exercise, status, misconception, tries, passed_at, reported_at FROM standings"
)
