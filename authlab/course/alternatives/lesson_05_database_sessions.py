"""Right answers to lesson 5 in other styles than the package's. Each fits its other parts."""

import hashlib
import hmac
import sqlite3
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from authlab.course.bank import alternative
from authlab.course.kata.lesson_05_database_sessions import (
    ADAS_LAPTOP,
    ADAS_PHONE,
    GRACES_LAPTOP,
    answer_for,
)
from authlab.db import (
    FoundSession,
    SessionRow,
    delete_session,
    delete_session_of_user,
    delete_sessions_of_user,
    find_session,
    insert_session,
    next_session_generation,
    sessions_of_user,
    transaction,
    when_it_holds,
)
from authlab.lab.browser import Browser
from authlab.sessions import database as parts
from authlab.sessions.cache import SessionCache
from authlab.sessions.proof import Proof
from authlab.settings import Settings
from authlab.tokens import Session, sign_session

DATABASE = "authlab.sessions.database:DatabaseSessions"
CREATE = "authlab.sessions.database:create_session"
LOOKUP = "authlab.sessions.database:lookup"
TOUCH = "authlab.sessions.database:touch"
ROTATE = "authlab.sessions.database:rotate"
REVOKE_OTHERS = "authlab.sessions.database:revoke_others"
HASHED = "authlab.sessions.database:hashed"
CACHE = "authlab.sessions.cache:SessionCache"
STOLEN_ROWS = "authlab.course.kata.lesson_05_database_sessions:open_stolen_rows"
PROVE = "authlab.course.kata.lesson_05_database_sessions:prove_session_cache"


class _Common:
    """What the two strategies below have in common with the package's: reading, and ending by number."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def devices(self, db: sqlite3.Connection, user_id: int) -> list[SessionRow]:
        """Return a user's live sessions."""
        now = self.settings.clock()
        return sessions_of_user(db, user_id, now=now, idle_since=now - self.settings.session_idle_seconds)

    def _new(self) -> str:
        return self.settings.random_bytes(16).hex()

    def _sign(self, session: Session) -> str:
        return sign_session(session, self.settings.signing_key, self.settings.signing_key_id)

    def _begin(self, user_id: int) -> Session:
        now = self.settings.clock()
        lasts = min(self.settings.session_lifetime_seconds, self.settings.session_cap_seconds)
        return Session(user_id, self._new(), self._new(), now, now, now + lasts)


@alternative(DATABASE)
class AskedEachTime(_Common):
    """No cache: one indexed query a page is cheap, and nothing has to be told that a session is over."""

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Store a new session and return its token."""
        session = self._begin(user_id)
        parts.create_session(db, session, device)
        return self._sign(session)

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return whom the table proves."""
        now = self.settings.clock()
        found = parts.lookup(db, session, now, now - self.settings.session_idle_seconds)
        return Proof(found.user, found.last_seen_at) if found else None

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Replace a token that is due, or else note now and then that it is in use."""
        now, cap = self.settings.clock(), session.authenticated_at + self.settings.session_cap_seconds
        if now < cap and now - session.issued_at >= self.settings.session_refresh_seconds:
            until = min(cap, now + self.settings.session_lifetime_seconds)
            refreshed = replace(session, token_id=self._new(), issued_at=now, expires_at=until)
            if parts.rotate(db, session, refreshed):
                return self._sign(refreshed)
        if now - proof.last_seen_at >= parts.TOUCH_AFTER_SECONDS:
            parts.touch(db, session, now)
        return None

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Delete the row."""
        delete_session(db, session.session_id)

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """Give this session a new secret, and delete the other rows."""
        rotated = replace(session, token_id=self._new(), issued_at=self.settings.clock())
        if parts.rotate(db, session, rotated, grace=False):
            next_session_generation(db, session.user_id)
            parts.revoke_others(db, session.user_id, session.session_id)
            return self._sign(rotated)
        return None

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """Delete all rows of a user."""
        next_session_generation(db, user_id)
        delete_sessions_of_user(db, user_id)

    def user_changed(self, user_id: int) -> None:
        """Do nothing: nothing is remembered."""

    def end_one(self, db: sqlite3.Connection, user_id: int, number: int) -> bool:
        """Delete one row of a user."""
        return delete_session_of_user(db, user_id, number)


@alternative(DATABASE)
class CacheInFront(_Common):
    """All questions go through one method with the cache, all changes through one that empties it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._cache = SessionCache(settings.session_cache_seconds)

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Store a new session and return its token."""
        session = self._begin(user_id)
        parts.create_session(db, session, device)
        return self._sign(session)

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return whom the session proves."""
        now = self.settings.clock()
        found = self._ask(db, session, now)
        if found is None or now >= found.expires_at:
            return None
        if found.last_seen_at <= now - self.settings.session_idle_seconds:
            return None
        return Proof(found.user, found.last_seen_at)

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Replace a token that is due, or else note now and then that it is in use."""
        now, settings = self.settings.clock(), self.settings
        cap = session.authenticated_at + settings.session_cap_seconds
        until = min(cap, now + settings.session_lifetime_seconds)
        due = now >= session.issued_at + settings.session_refresh_seconds and now < cap
        refreshed = replace(session, token_id=self._new(), issued_at=now, expires_at=until)
        if due and parts.rotate(db, session, refreshed):
            self._changed(db, session.user_id)
            return self._sign(refreshed)
        if now >= proof.last_seen_at + parts.TOUCH_AFTER_SECONDS:
            parts.touch(db, session, now)
            self._changed(db, session.user_id)
        return None

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Delete the row."""
        db.execute("DELETE FROM sessions WHERE session_id = ?", (session.session_id,))
        self._changed(db, session.user_id)

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """Give this session a new secret, and delete the other rows."""
        kept = replace(session, token_id=self._new(), issued_at=self.settings.clock())
        if not parts.rotate(db, session, kept, grace=False):
            return None
        next_session_generation(db, session.user_id)
        parts.revoke_others(db, session.user_id, session.session_id)
        self._changed(db, session.user_id)
        return self._sign(kept)

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """Delete all rows of a user."""
        next_session_generation(db, user_id)
        db.execute("DELETE FROM sessions WHERE user_id = ?", (user_id,))
        self._changed(db, user_id)

    def user_changed(self, user_id: int) -> None:
        """Forget what is remembered of the user."""
        self._cache.forget_user(user_id)

    def end_one(self, db: sqlite3.Connection, user_id: int, number: int) -> bool:
        """Delete one row of a user."""
        ended = db.execute("DELETE FROM sessions WHERE user_id = ? AND id = ?", (user_id, number)).rowcount
        self._changed(db, user_id)
        return ended > 0

    def _ask(self, db: sqlite3.Connection, session: Session, now: int) -> FoundSession | None:
        remembered = self._cache.get(session, now)
        if remembered is not None:
            return remembered
        revision = self._cache.revision()
        found = parts.lookup(db, session, now, now - self.settings.session_idle_seconds)
        if found is None:
            self._changed(db, session.user_id)
        elif hmac.compare_digest(parts.hashed(session.token_id), found.secret_hash.reveal()):
            self._cache.put(session, found, now, revision)  # and not what a replaced token still opens
        return found

    def _changed(self, db: sqlite3.Connection, user_id: int) -> None:
        when_it_holds(db, lambda: self._cache.forget_user(user_id))


@alternative(CREATE)
def create_by_name(db: sqlite3.Connection, session: Session, device: str) -> None:
    """A dictionary of columns, in which there is no secret."""
    columns = {
        "session_id": session.session_id,
        "secret_hash": parts.hashed(session.token_id),
        "user_id": session.user_id,
        "device": device,
        "now": session.issued_at,
        "expires_at": session.expires_at,
    }
    db.execute(
        "INSERT INTO sessions "
        "(session_id, secret_hash, user_id, device, created_at, last_seen_at, expires_at) "
        "VALUES (:session_id, :secret_hash, :user_id, :device, :now, :now, :expires_at)",
        columns,
    )


@alternative(CREATE)
def create_and_forget_the_secret(db: sqlite3.Connection, session: Session, device: str) -> None:
    """First the secret becomes its hash, then everything is stored."""
    stored = replace(session, token_id=parts.hashed(session.token_id))
    insert_session(
        db,
        session_id=stored.session_id,
        secret_hash=stored.token_id,
        user_id=stored.user_id,
        device=device,
        now=stored.issued_at,
        expires_at=stored.expires_at,
    )


class SessionIdTaken(sqlite3.IntegrityError):
    """An `IntegrityError` whose name says what has happened."""


@alternative(CREATE)
def create_with_an_error_of_its_own(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Whatever stands behind an id that is taken stays as it is, and the error has a name."""
    db.execute("SAVEPOINT one_session_more")
    try:
        cursor = db.cursor()
        cursor.execute(
            "INSERT INTO sessions (session_id, secret_hash, user_id, device, created_at, last_seen_at, "
            "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id) DO NOTHING RETURNING id",
            (
                session.session_id,
                parts.hashed(session.token_id),
                session.user_id,
                device,
                session.issued_at,
                session.issued_at,
                session.expires_at,
            ),
        )
        if cursor.fetchone() is None:
            raise SessionIdTaken("a session of this id is there already")
    finally:
        db.execute("RELEASE one_session_more")


@alternative(LOOKUP)
def lookup_in_a_savepoint(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """What is read and what is deleted for it belong together. Hashes are compared as the bytes they are."""
    opened = None
    db.execute("SAVEPOINT one_token")
    found = find_session(db, session.session_id, session.user_id)
    if found is not None and now < found.expires_at and idle_since < found.last_seen_at:
        secret = bytes.fromhex(parts.hashed(session.token_id))
        before, seconds_ago = found.previous_hash.reveal(), now - (found.rotated_at or 0)
        current = hmac.compare_digest(secret, bytes.fromhex(found.secret_hash.reveal()))
        replaced = before is not None and hmac.compare_digest(secret, bytes.fromhex(before))
        if current or (replaced and seconds_ago < parts.GRACE_SECONDS):
            opened = found
        elif before is not None:
            delete_session(db, session.session_id)
    db.execute("RELEASE one_token")
    return opened


@alternative(LOOKUP)
def lookup_by_kind_of_token(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A token is today's, or the one before, or an old one; each has its own answer."""
    found = find_session(db, session.session_id, session.user_id)
    if found is None or found.expires_at <= now or found.last_seen_at <= idle_since:
        return None
    secret = parts.hashed(session.token_id)
    current, previous = found.secret_hash.reveal(), found.previous_hash.reveal()
    match [secret == known for known in (current, previous)]:
        case [True, _]:
            return found
        case [False, True] if found.rotated_at is not None and found.rotated_at + 60 > now:
            return found
    if previous is not None:  # a copy of a token that was replaced: the session is over for both
        db.execute("DELETE FROM sessions WHERE session_id = ?", (session.session_id,))
    return None


@alternative(LOOKUP)
def lookup_by_what_is_accepted(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Collect the hashes that are good at this moment, and look whether this is one of them."""
    found = find_session(db, session.session_id, session.user_id)
    if not found or not (now < found.expires_at and idle_since < found.last_seen_at):
        return None
    accepted = [found.secret_hash.reveal()]
    before = found.previous_hash.reveal()
    if before and now < (found.rotated_at or 0) + parts.GRACE_SECONDS:
        accepted.append(before)
    if any(hmac.compare_digest(parts.hashed(session.token_id), known) for known in accepted):
        return found
    if before:
        delete_session(db, session.session_id)
    return None


@alternative(LOOKUP)
def lookup_and_clear_away(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A session that is over may go at once, and with it goes the question which token came."""
    found = find_session(db, session.session_id, session.user_id)
    if found is None:
        return None
    if found.expires_at <= now or found.last_seen_at <= idle_since:
        delete_session(db, session.session_id)
        return None
    good_until = {found.secret_hash.reveal(): found.expires_at}
    before = found.previous_hash.reveal()
    if before is not None:
        good_until.setdefault(before, (found.rotated_at or 0) + parts.GRACE_SECONDS)
    if now < good_until.get(parts.hashed(session.token_id), 0):
        return found
    if before is not None:
        row = (session.session_id, found.secret_hash.reveal())
        db.execute("DELETE FROM sessions WHERE session_id = ? AND secret_hash = ?", row)
    return None


@alternative(TOUCH)
def touch_forward_only(db: sqlite3.Connection, session: Session, now: int) -> None:
    """An UPDATE finds a row or does not; and "last seen" never goes back."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ?",
        (now, session.session_id),
    )


@alternative(TOUCH)
def touch_while_nobody_else_writes(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Ask first, and write then; nobody else writes in between, as the database is held."""
    db.execute("BEGIN IMMEDIATE")
    try:
        seen = "SELECT last_seen_at FROM sessions WHERE session_id = ?"
        row = db.execute(seen, (session.session_id,)).fetchone()
        if row is not None and row[0] < now:
            db.execute("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?", (now, session.session_id))
    finally:
        db.execute("COMMIT")


@alternative(TOUCH)
def touch_in_a_transaction(db: sqlite3.Connection, session: Session, now: int) -> None:
    """A transaction that asks first: SQLite keeps it from writing over what another has written since."""
    with transaction(db):
        seen = "SELECT last_seen_at FROM sessions WHERE session_id = ?"
        for (before,) in db.execute(seen, (session.session_id,)).fetchall():
            later = max(before, now)
            db.execute(
                "UPDATE sessions SET last_seen_at = ? WHERE session_id = ?", (later, session.session_id)
            )


@alternative(TOUCH)
def touch_by_number(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Write to the row's number, which is given to no other row; without a row there is no number."""
    db.execute(
        "UPDATE sessions SET last_seen_at = ? WHERE id IN "
        "(SELECT id FROM sessions WHERE session_id = ? AND last_seen_at < ?)",
        (now, session.session_id, now),
    )


@alternative(ROTATE)
def rotate_and_see_what_came_back(
    db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True
) -> bool:
    """RETURNING says whether there was a row to write to."""
    old = parts.hashed(session.token_id)
    row = db.execute(
        "UPDATE sessions SET previous_hash = ?, secret_hash = ?, rotated_at = ?, last_seen_at = ?, "
        "expires_at = ? WHERE session_id = ? AND (secret_hash = ? OR (previous_hash = ? AND NOT ?)) "
        "RETURNING id",
        (
            old if grace else None,
            parts.hashed(refreshed.token_id),
            refreshed.issued_at,
            refreshed.issued_at,
            refreshed.expires_at,
            session.session_id,
            old,
            old,
            grace,
        ),
    ).fetchone()
    return row is not None


@alternative(ROTATE)
def rotate_in_two_ways(
    db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True
) -> bool:
    """With grace the old secret moves one column on; without, both columns are written over."""
    old, new, now = parts.hashed(session.token_id), parts.hashed(refreshed.token_id), refreshed.issued_at
    if grace:
        written = db.execute(
            "UPDATE sessions SET previous_hash = secret_hash, secret_hash = ?, rotated_at = ?, "
            "last_seen_at = ?, expires_at = ? WHERE session_id = ? AND secret_hash = ?",
            (new, now, now, refreshed.expires_at, session.session_id, old),
        )
    else:
        written = db.execute(
            "UPDATE sessions SET previous_hash = NULL, secret_hash = ?, rotated_at = ?, last_seen_at = ?, "
            "expires_at = ? WHERE session_id = ? AND ? IN (secret_hash, previous_hash)",
            (new, now, now, refreshed.expires_at, session.session_id, old),
        )
    return written.rowcount > 0


@alternative(REVOKE_OTHERS)
def revoke_one_by_one(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """List the user's sessions, and end each that is not to be kept."""
    rows = db.execute("SELECT session_id FROM sessions WHERE user_id = ?", (user_id,)).fetchall()
    others = [session_id for (session_id,) in rows if session_id != keep]
    for session_id in others:
        delete_session(db, session_id)
    return len(others)


@alternative(REVOKE_OTHERS)
def revoke_and_count_who_is_left(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Count the user's sessions before and after: what is missing was ended."""

    def count() -> int:
        row = db.execute("SELECT count(*) FROM sessions WHERE user_id = ?", (user_id,)).fetchone()
        return int(row[0])

    before = count()
    db.execute("DELETE FROM sessions WHERE user_id = ? AND session_id NOT IN (?)", (user_id, keep))
    return before - count()


@alternative(REVOKE_OTHERS)
def revoke_and_count_what_came_back(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """One DELETE, which tells what it has deleted."""
    ended = db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND NOT (session_id = ?) RETURNING id", (user_id, keep)
    )
    return len(ended.fetchall())


@alternative(HASHED)
def hashed_by_blake2(secret: str) -> str:
    """Any one-way function will do, as long as it is always the same one."""
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"authlab session"[:16]).hexdigest()


@alternative(HASHED)
def hashed_in_pieces(secret: str) -> str:
    """SHA-256, fed and read by hand."""
    digest = hashlib.sha256()
    digest.update(secret.encode("utf-8"))
    return digest.digest().hex()


@alternative(CACHE)
class OldestFirst:
    """Answers in the order in which they came: what is too old is at the front, and is dropped from there."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.answers: OrderedDict[Session, tuple[int, FoundSession]] = OrderedDict()
        self.changes = 0
        self.lock = threading.Lock()

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token."""
        with self.lock:
            while self.answers and next(iter(self.answers.values()))[0] + self.seconds <= now:
                self.answers.popitem(last=False)
            remembered = self.answers.get(session)
        return remembered[1] if remembered and now < remembered[0] + self.seconds else None

    def revision(self) -> int:
        """Return how often something was forgotten."""
        return self.changes

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer that is newer than all that was forgotten."""
        with self.lock:
            if revision != self.changes or not self.seconds:
                return
            self.answers[session] = (now, found)
            self.answers.move_to_end(session)

    def forget_session(self, session_id: str) -> None:
        """Forget a session."""
        with self.lock:
            self.changes += 1
            for session in [known for known in self.answers if known.session_id == session_id]:
                del self.answers[session]

    def forget_user(self, user_id: int) -> None:
        """Forget the sessions of a user."""
        with self.lock:
            self.changes += 1
            for session in [known for known in self.answers if known.user_id == user_id]:
                del self.answers[session]


@alternative(CACHE)
class OneShelfAUser:
    """A shelf for each user: forgetting somebody is emptying their shelf, and so is forgetting a session."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._shelves: defaultdict[int, dict[Session, tuple[FoundSession, int]]] = defaultdict(dict)
        self._revision = 0
        self._lock = threading.RLock()

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token."""
        with self._lock:
            found, until = self._shelves[session.user_id].get(session, (None, 0))
            return found if now < until else None

    def revision(self) -> int:
        """Return how often something was forgotten."""
        with self._lock:
            return self._revision

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer, and clear away what is too old on the same shelf."""
        with self._lock:
            if revision == self._revision:
                shelf = self._shelves[session.user_id]
                live = {key: kept for key, kept in shelf.items() if now < kept[1]}
                self._shelves[session.user_id] = {**live, session: (found, now + self._seconds)}

    def forget_session(self, session_id: str) -> None:
        """Forget a session, and with it whatever else is remembered of its user."""
        with self._lock:
            owners = [
                user_id
                for user_id, shelf in self._shelves.items()
                if any(session.session_id == session_id for session in shelf)
            ]
            self._revision += 1
            for user_id in owners:
                self.forget_user(user_id)

    def forget_user(self, user_id: int) -> None:
        """Forget the sessions of a user."""
        with self._lock:
            self._revision += 1
            self._shelves.pop(user_id, None)


@alternative(CACHE)
class OneDrawerASession:
    """A drawer for each session, with an answer for each of its tokens. Its revisions are counted from 1."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._drawers: dict[str, dict[str, tuple[FoundSession, int]]] = {}
        self._revision = 1
        self._lock = threading.Lock()

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token, and throw it away where it is too old."""
        with self._lock:
            drawer = self._drawers.get(session.session_id, {})
            if session.token_id in drawer and now >= drawer[session.token_id][1]:
                del drawer[session.token_id]
            return drawer[session.token_id][0] if session.token_id in drawer else None

    def revision(self) -> int:
        """Return the number that the next forgetting replaces."""
        return self._revision

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer, if nothing was forgotten while it was on its way."""
        with self._lock:
            if revision == self._revision:
                drawer = self._drawers.setdefault(session.session_id, {})
                drawer[session.token_id] = (found, now + self._seconds)

    def forget_session(self, session_id: str) -> None:
        """Empty the drawer of a session."""
        with self._lock:
            self._revision += 1
            self._drawers.pop(session_id, None)

    def forget_user(self, user_id: int) -> None:
        """Empty the drawers of a user."""
        with self._lock:
            self._revision += 1
            for drawer in self._drawers.values():
                for token_id in [one for one, (found, _) in drawer.items() if found.user.id == user_id]:
                    del drawer[token_id]


# open_stolen_rows


@alternative(STOLEN_ROWS)
def opened_one_after_the_other(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """Tries every row, newest first, and returns all that came, in one text."""
    texts = []
    for row in reversed(rows):
        begun, end = row["created_at"], row["expires_at"]
        forged = Session(row["user_id"], row["session_id"], row["secret_hash"], begun, begun, end)
        browser.set_cookie("__Host-session", sign(forged))
        texts.append(browser.get("/admin").text)
    return "\n".join(texts)


@alternative(STOLEN_ROWS)
def opened_with_graces_last_row(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """Knows that Grace is user 2, and takes the row of hers that was used last."""
    row = max((row for row in rows if row["user_id"] == 2), key=lambda one: one["last_seen_at"])
    session = Session(
        user_id=2,
        session_id=row["session_id"],
        token_id=row["secret_hash"],
        authenticated_at=row["last_seen_at"],
        issued_at=row["last_seen_at"],
        expires_at=row["last_seen_at"] + 3600,
    )
    browser.set_cookie("__Host-session", sign(session))
    return browser.get("/admin").text


@alternative(STOLEN_ROWS)
def opened_by_the_first_that_says_admin(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """A generator of answers, and the first one that is no refusal."""

    def answers() -> Any:
        for row in rows:
            times = (row["created_at"], row["created_at"], row["expires_at"])
            token = sign(Session(row["user_id"], row["session_id"], row["secret_hash"], *times))
            yield browser.get("/admin", headers={"Cookie": f"__Host-session={token}"})

    return next((answer.text for answer in answers() if answer.ok and "Vault" in answer.text), "nothing")


# prove_session_cache


@alternative(PROVE)
def proven_rule_by_rule(new_cache: Callable[[int], SessionCache]) -> None:
    """A fresh cache for each rule, and one or two assertions."""

    def filled() -> SessionCache:
        cache = new_cache(60)
        for session in (ADAS_LAPTOP, ADAS_PHONE, GRACES_LAPTOP):
            cache.put(session, answer_for(session), 0, cache.revision())
        return cache

    cache = filled()
    assert [cache.get(one, 59) for one in (ADAS_LAPTOP, GRACES_LAPTOP)] == [
        answer_for(ADAS_LAPTOP),
        answer_for(GRACES_LAPTOP),
    ]
    assert cache.get(ADAS_LAPTOP, 60) is None, "sixty seconds are not less than sixty"
    assert filled().get(ADAS_LAPTOP, 61) is None
    assert filled().get(replace(ADAS_LAPTOP, token_id="x"), 0) is None
    assert filled().get(replace(ADAS_LAPTOP, session_id="x"), 0) is None
    cache = filled()
    other_token = replace(ADAS_PHONE, token_id="x")
    cache.put(other_token, answer_for(other_token), 0, cache.revision())
    cache.forget_session(ADAS_PHONE.session_id)
    assert cache.get(ADAS_PHONE, 0) is None
    assert cache.get(other_token, 0) is None
    cache = filled()
    cache.forget_user(1)
    assert cache.get(ADAS_LAPTOP, 0) is None
    assert cache.get(ADAS_PHONE, 0) is None
    assert cache.get(GRACES_LAPTOP, 0) is not None
    for forget in ("forget_session", "forget_user"):
        cache = new_cache(60)
        revision = cache.revision()
        getattr(cache, forget)({"forget_session": "ada's laptop", "forget_user": 1}[forget])
        cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 0, revision)
        assert cache.get(ADAS_LAPTOP, 0) is None, forget
    cache = new_cache(0)
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 0, cache.revision())
    assert cache.get(ADAS_LAPTOP, 0) is None


@alternative(PROVE)
def proven_second_by_second(new_cache: Callable[[int], SessionCache]) -> None:
    """Asks in every second of the minute, of two tokens of one session as well."""
    older = replace(ADAS_LAPTOP, token_id="the secret before")
    answers = {one: answer_for(one) for one in (ADAS_LAPTOP, older, ADAS_PHONE, GRACES_LAPTOP)}

    def full(seconds: int) -> SessionCache:
        cache = new_cache(seconds)
        for session, answer in answers.items():
            cache.put(session, answer, 500, cache.revision())
        return cache

    for seconds in (0, 1, 60):
        cache = full(seconds)
        for now in range(500, 565):
            known = [cache.get(session, now) for session in answers]
            assert known == (list(answers.values()) if now < 500 + seconds else [None] * 4)
    cache = full(60)
    assert cache.get(replace(ADAS_LAPTOP, token_id="no secret of hers"), 500) is None
    cache.forget_session(ADAS_LAPTOP.session_id)
    assert cache.get(ADAS_LAPTOP, 500) is cache.get(older, 500) is None
    assert cache.get(GRACES_LAPTOP, 500) is answers[GRACES_LAPTOP]
    cache = full(60)
    cache.forget_user(1)
    assert [session for session in answers if cache.get(session, 500)] == [GRACES_LAPTOP]
    for nobody in range(2):
        before = cache.revision()
        cache.forget_user(99) if nobody else cache.forget_session("nobody's")
        cache.put(ADAS_LAPTOP, answers[ADAS_LAPTOP], 501, before)
        assert cache.get(ADAS_LAPTOP, 501) is None
    cache.put(ADAS_LAPTOP, answers[ADAS_LAPTOP], 501, cache.revision())
    cache.put(ADAS_LAPTOP, answers[ADAS_LAPTOP], 530, cache.revision())
    assert cache.get(ADAS_LAPTOP, 589) is answers[ADAS_LAPTOP]
    assert cache.get(ADAS_LAPTOP, 590) is None


@alternative(PROVE)
def proven_by_a_story(new_cache: Callable[[int], SessionCache]) -> None:
    """One cache, one day, told in order; and one cache that is off."""
    cache, off = new_cache(60), new_cache(0)

    def comes(session: Session, now: int) -> None:
        for one in (cache, off):
            one.put(session, answer_for(session), now, one.revision())

    def knows(session: Session, now: int) -> bool:
        assert off.get(session, now) is None
        found = cache.get(session, now)
        assert found is None or found == answer_for(session)
        return found is not None

    assert not knows(ADAS_LAPTOP, 100)
    comes(ADAS_LAPTOP, 100)
    assert not knows(ADAS_PHONE, 100)
    comes(ADAS_PHONE, 110)
    comes(GRACES_LAPTOP, 120)
    assert knows(ADAS_LAPTOP, 159)
    assert not knows(ADAS_LAPTOP, 160)
    assert knows(ADAS_PHONE, 160)
    just_replaced = replace(ADAS_PHONE, token_id="the one before")
    comes(just_replaced, 160)

    on_its_way = cache.revision()
    cache.forget_session("ada's phone")
    cache.put(ADAS_PHONE, answer_for(ADAS_PHONE), 161, on_its_way)
    assert not knows(ADAS_PHONE, 161)
    assert not knows(just_replaced, 161)

    comes(ADAS_PHONE, 170)
    comes(ADAS_LAPTOP, 170)
    assert not knows(replace(ADAS_PHONE, token_id="stolen long ago"), 170)
    on_its_way = cache.revision()
    cache.forget_user(1)
    cache.put(ADAS_PHONE, answer_for(ADAS_PHONE), 171, on_its_way)
    assert not knows(ADAS_PHONE, 171)
    assert not knows(ADAS_LAPTOP, 171)
    assert knows(GRACES_LAPTOP, 171)
