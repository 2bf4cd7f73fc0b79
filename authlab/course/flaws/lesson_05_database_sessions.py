"""Wrong ways to remember sessions and to forget them. All have been seen in real code."""

import base64
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from authlab import db as tables
from authlab.course.bank import flaw
from authlab.course.kata.lesson_05_database_sessions import (
    ADAS_LAPTOP,
    ADAS_PHONE,
    GRACES_LAPTOP,
    answer_for,
)
from authlab.course.mounting import original
from authlab.db import FoundSession, UserRow, find_session
from authlab.lab.apps import GRACE
from authlab.lab.browser import Browser
from authlab.passwords import hash_password, verify_password
from authlab.request import Request
from authlab.sessions.cache import SessionCache
from authlab.sessions.database import GRACE_SECONDS, hashed, revoke_others, touch
from authlab.sessions.proof import Proof
from authlab.tokens import Session

STATELESS = "authlab.sessions.stateless:StatelessSessions"
DATABASE = "authlab.sessions.database:DatabaseSessions"
CREATE = "authlab.sessions.database:create_session"
LOOKUP = "authlab.sessions.database:lookup"
TOUCH = "authlab.sessions.database:touch"
ROTATE = "authlab.sessions.database:rotate"
REVOKE_OTHERS = "authlab.sessions.database:revoke_others"
HASHED = "authlab.sessions.database:hashed"
CACHE = "authlab.sessions.cache:SessionCache"
VERIFY_SESSION = "authlab.dal:verify_session"
DAL = "authlab.dal:Dal"
STOLEN_ROWS = "authlab.course.kata.lesson_05_database_sessions:open_stolen_rows"
PROOF = "authlab.course.kata.lesson_05_database_sessions:prove_session_cache"

if TYPE_CHECKING:
    from authlab.dal import Dal as RightDal
    from authlab.sessions.cache import SessionCache as RightCache
    from authlab.sessions.database import DatabaseSessions as RightDatabaseSessions
    from authlab.sessions.stateless import StatelessSessions as RightStatelessSessions
else:
    # The package's own: the flaws below are right but for the methods that they have.
    RightDal = original(DAL)
    RightCache = original(CACHE)
    RightDatabaseSessions = original(DATABASE)
    RightStatelessSessions = original(STATELESS)


# The app as it is where the table holds the secrets: what is stored, compared and replaced, is the text.


def _compared_in_clear(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    found = _live(db, session, now, idle_since)
    if found is None or session.token_id == found.secret_hash.reveal():
        return found
    previous = found.previous_hash.reveal()
    if session.token_id == previous and now - (found.rotated_at or 0) < GRACE_SECONDS:
        return found
    if previous is not None:
        tables.delete_session(db, session.session_id)
    return None


def _replaced_in_clear(
    db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True
) -> bool:
    return tables.rotate_session(
        db,
        session.session_id,
        old_hash=session.token_id,
        new_hash=refreshed.token_id,
        now=refreshed.issued_at,
        expires_at=refreshed.expires_at,
        keep_old=grace,
    )


# create_session: what is stored


@flaw(
    CREATE,
    attack=46,
    caught_by="test_the_secret_is_in_no_column",
    companions={LOOKUP: _compared_in_clear, ROTATE: _replaced_in_clear},
    misconception="What is stored in clear can be copied out of every backup: store what recognises a secret, and cannot be used as one.",
)
def the_secret_itself(db: sqlite3.Connection, session: Session, device: str) -> None:
    """The column has a strange name, and the token's secret goes into it."""
    _insert(db, session, device, secret_hash=session.token_id)


@flaw(
    CREATE,
    caught_by="test_nor_is_anything_that_the_secret_can_be_read_from",
    misconception="Base64 is a way of writing, not a lock: whoever can read the column can read the secret.",
)
def the_secret_in_other_letters(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Encoded, it cannot be read."""
    _insert(db, session, device, secret_hash=base64.b64encode(session.token_id.encode()).decode())


@flaw(
    CREATE,
    caught_by="test_what_is_hashed_is_the_secret_and_not_the_id",
    misconception="The id stands in the same row: what can be computed from it proves nothing that a thief does not have.",
)
def hash_of_the_id(db: sqlite3.Connection, session: Session, device: str) -> None:
    """The session is known by its id, so that is what to hash."""
    _insert(db, session, device, secret_hash=hashed(session.session_id))


@flaw(
    CREATE,
    caught_by="test_the_secret_is_recognised_by_its_hash",
    misconception="Python's `hash` is made for dictionaries: another number in every process, and no one-way function.",
)
def pythons_own_hash_of_it(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Python has a function of that name."""
    _insert(db, session, device, secret_hash=str(hash(session.token_id)))


@flaw(
    CREATE,
    caught_by="test_the_secret_is_recognised_by_its_hash",
    misconception="A salt is for what people choose. This secret is random, and with a salt `lookup` cannot recognise it.",
)
def with_a_salt(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Lesson 2 says: no hash without a salt."""
    _insert(db, session, device, secret_hash=hashed(f"{session.session_id} {session.token_id}"))


@flaw(
    CREATE,
    caught_by="test_nothing_was_replaced_yet",
    misconception="A session that was never rotated has no token before this one: with one in the row every guess is taken for a theft.",
)
def no_column_left_empty(db: sqlite3.Connection, session: Session, device: str) -> None:
    """The first token is also the one before: then no column is NULL."""
    _insert(db, session, device)
    db.execute(
        "UPDATE sessions SET previous_hash = secret_hash, rotated_at = created_at WHERE session_id = ?",
        (session.session_id,),
    )


@flaw(
    CREATE,
    caught_by="test_it_ends_when_its_token_does",
    misconception="Two ends that are computed in two places drift apart: the row takes its end from the token.",
)
def seven_days_of_its_own(db: sqlite3.Connection, session: Session, device: str) -> None:
    """A session lives for seven days."""
    _insert(db, replace(session, expires_at=session.issued_at + 7 * 24 * 60 * 60), device)


@flaw(
    CREATE,
    caught_by="test_it_begins_when_its_token_was_issued",
    misconception="`authenticated_at` is when the password was proven, which may be long ago: a row that begins then is idle before it was used.",
)
def since_the_password_was_proven(db: sqlite3.Connection, session: Session, device: str) -> None:
    """A session begins with the login."""
    _insert(db, replace(session, issued_at=session.authenticated_at), device)


@flaw(
    CREATE,
    caught_by="test_a_new_session_counts_as_seen",
    misconception="A session that was never seen is one that is unused for too long: the login itself is its first use.",
)
def not_seen_yet(db: sqlite3.Connection, session: Session, device: str) -> None:
    """It will be seen with the first page."""
    _insert(db, session, device)
    db.execute("UPDATE sessions SET last_seen_at = 0 WHERE session_id = ?", (session.session_id,))


@flaw(
    CREATE,
    caught_by="test_a_user_may_have_many_sessions",
    misconception="People have a telephone and a laptop: whoever ends the old session at each login logs them out all day.",
)
def one_session_a_user(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Whoever logs in again has lost the session of before."""
    db.execute("DELETE FROM sessions WHERE user_id = ?", (session.user_id,))
    _insert(db, session, device)


@flaw(
    CREATE,
    caught_by="test_two_browsers_of_one_name_are_two_browsers",
    misconception="The name of a browser is what the visitor says it is: half the world has the same, and it identifies nobody.",
)
def one_session_a_device(db: sqlite3.Connection, session: Session, device: str) -> None:
    """The same device has one session: a new one takes the place of the old."""
    db.execute("DELETE FROM sessions WHERE device = ?", (device,))
    _insert(db, session, device)


@flaw(
    CREATE,
    caught_by="test_nor_are_two_of_one_user_the_same",
    misconception="One person may have two browsers of the same name: the new login ends a session that is in use elsewhere.",
)
def one_session_a_user_and_device(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Whoever logs in again in the same browser has left the session of before."""
    db.execute("DELETE FROM sessions WHERE user_id = ? AND device = ?", (session.user_id, device))
    _insert(db, session, device)


@flaw(
    CREATE,
    caught_by="test_none_is_one_too_many",
    misconception="A limit that nobody has asked for logs people out where they did not expect it: whoever knows the password can throw the owner out by logging in five times.",
)
def only_the_newest_five(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Nobody uses more than five browsers: the older ones are forgotten ones."""
    _insert(db, session, device)
    db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND id NOT IN "
        "(SELECT id FROM sessions WHERE user_id = ? ORDER BY id DESC LIMIT 5)",
        (session.user_id, session.user_id),
    )


@flaw(
    CREATE,
    caught_by="test_an_id_that_is_taken_is_not_taken_over",
    misconception="INSERT OR REPLACE deletes what stands in its way: with somebody's session id a login throws them out, and takes their place.",
)
def whatever_was_there(db: sqlite3.Connection, session: Session, device: str) -> None:
    """OR REPLACE never fails, so the login never does."""
    now = session.issued_at
    db.execute(
        "INSERT OR REPLACE INTO sessions "
        "(session_id, secret_hash, user_id, device, created_at, last_seen_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            session.session_id,
            hashed(session.token_id),
            session.user_id,
            device,
            now,
            now,
            session.expires_at,
        ),
    )


@flaw(
    CREATE,
    caught_by="test_an_id_that_is_taken_is_not_taken_over",
    misconception="An error that is swallowed is a session that was not stored: the visitor gets a token, and it opens nothing.",
)
def stored_if_it_can_be(db: sqlite3.Connection, session: Session, device: str) -> None:
    """A login must not fail for a row."""
    with suppress(sqlite3.IntegrityError):
        _insert(db, session, device)


@flaw(
    CREATE,
    caught_by="test_the_caller_decides_whether_it_is_kept",
    misconception="A commit in the middle keeps half of what belongs together: who began the transaction ends it.",
)
def committed_at_once(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Without a commit nothing is stored."""
    _insert(db, session, device)
    db.commit()


@flaw(
    CREATE,
    caught_by="test_a_device_is_called_whatever_its_owner_says",
    misconception="The name of the device comes from a header that the visitor writes: put into the statement it is read as SQL.",
)
def device_in_the_statement(db: sqlite3.Connection, session: Session, device: str) -> None:
    """Ids and hashes are parameters; the name of a browser is harmless."""
    _insert(db, session, "")
    db.execute(f"UPDATE sessions SET device = '{device}' WHERE session_id = ?", (session.session_id,))


def _insert(db: sqlite3.Connection, session: Session, device: str, *, secret_hash: str | None = None) -> None:
    tables.insert_session(
        db,
        session_id=session.session_id,
        secret_hash=hashed(session.token_id) if secret_hash is None else secret_hash,
        user_id=session.user_id,
        device=device,
        now=session.issued_at,
        expires_at=session.expires_at,
    )


# open_stolen_rows: thefts that bring nothing


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_reads_the_page_where_the_secrets_are_in_clear",
    misconception="A row is no cookie yet: the app reads a signed token, and takes nothing else for one.",
)
def the_column_is_the_cookie(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """What opens a session is its secret, so the secret goes into the cookie."""
    pages = []
    for row in rows:
        browser.set_cookie("__Host-session", row["secret_hash"])
        pages.append(browser.get("/admin").text)
    return " ".join(pages)


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_reads_the_page_where_the_secrets_are_in_clear",
    misconception="The id says which row is meant; the secret opens it, and that is what the stolen column holds.",
)
def the_id_is_the_secret(rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser) -> str:
    """A session is known by its id."""
    return " ".join(_page_of(row, row["session_id"], sign, browser) for row in rows)


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_reads_the_page_where_the_secrets_are_in_clear",
    misconception="What a token carries is the secret. Hashing is what a server does with it, and this one does not: hashed by the thief, it fits no row.",
)
def hashed_like_the_server_does(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """The app compares hashes, so the token gets one."""
    return " ".join(_page_of(row, hashed(row["secret_hash"]), sign, browser) for row in rows)


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_reads_the_page_where_the_secrets_are_in_clear",
    misconception="Some rows are other members', some are over: a thief has all the time to try each.",
)
def the_first_row(rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser) -> str:
    """A stolen session is a stolen session."""
    return _page_of(rows[0], rows[0]["secret_hash"], sign, browser)


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_reads_the_page_where_the_secrets_are_in_clear",
    misconception="A row belongs to its user: a token that names somebody else finds no row at all.",
)
def graces_number_on_adas_row(
    rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser
) -> str:
    """With the key a token may say whatever one likes: user 2 is an admin."""
    row = next(row for row in rows if row["user_id"] == 1)
    return _page_of({**row, "user_id": 2}, row["secret_hash"], sign, browser)


@flaw(
    STOLEN_ROWS,
    caught_by="test_it_brings_nothing_where_hashes_are_stored",
    misconception="Whoever knows the password needs no hole: an attack that wins on the sound app shows nothing about the flaw.",
)
def logs_in_as_grace(rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser) -> str:
    """The password stands in the lesson's own files."""
    browser.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    return browser.get("/admin").text


def _page_of(row: dict[str, Any], secret: str, sign: Callable[[Session], str], browser: Browser) -> str:
    since = row["created_at"]
    session = Session(row["user_id"], row["session_id"], secret, since, since, row["expires_at"])
    browser.set_cookie("__Host-session", sign(session))
    return browser.get("/admin").text


# lookup: what a token must show


@flaw(
    LOOKUP,
    attack=46,
    caught_by="test_another_secret_opens_nothing",
    misconception="The id stands in the table: whoever has read that, and has the key, makes a token of every row. What opens a row is the secret that is not in it.",
)
def the_id_is_enough(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The token is signed by us, so the session it names is the visitor's."""
    found = find_session(db, session.session_id, session.user_id)
    if found is None or now >= found.expires_at or found.last_seen_at <= idle_since:
        return None
    return found


@flaw(
    LOOKUP,
    attack=46,
    caught_by="test_the_stored_hash_opens_nothing",
    misconception="Where the stored text is accepted as well, the hash has become the secret, and the table is as good as a cookie.",
)
def old_rows_are_in_clear(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The rows of last year hold the secret itself: until they have run out, either will do."""
    found = _live(db, session, now, idle_since)
    if found is None or found.secret_hash.reveal() == session.token_id:
        return found
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_nor_does_that_of_the_token_before",
    misconception="What stands in the table opens nothing, in no column of it: of a token that comes only the hash is compared, for a minute as well.",
)
def the_hash_before_will_do(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A token that was replaced is recognised by what is stored of it."""
    found = _live(db, session, now, idle_since)
    if found is None:
        return None
    stored = session.token_id == found.previous_hash.reveal()
    if stored and found.rotated_at is not None and now - found.rotated_at < GRACE_SECONDS:
        return found
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_a_hash_is_compared_to_its_last_letter",
    misconception="Eight hexadecimal letters are four thousand million cases, which a computer tries in an hour: what makes a hash strong is all of it.",
)
def the_first_eight_letters(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Eight letters of a hash are enough to tell two of them apart, as with commits."""
    found = _live(db, session, now, idle_since)
    if found is None or (found.secret_hash.reveal() or "").startswith(hashed(session.token_id)[:8]):
        return found
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_a_secret_is_hashed_as_it_is",
    misconception="An e-mail is typed by people and is tidied up; a secret is made and read by programs, and one that differs in a letter is another one.",
)
def the_secret_is_tidied_up(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """What comes from outside is brought into one form before it is compared."""
    tidy = replace(session, token_id=session.token_id.strip().lower())
    found: FoundSession | None = original(LOOKUP)(db, tidy, now, idle_since)
    return found


@flaw(
    LOOKUP,
    caught_by="test_the_token_opens_its_session",
    misconception="The table holds the hash of the secret: the secret of the token has to be hashed before the two can be compared.",
)
def compared_without_hashing(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The token has a secret, and the row has one: are they the same?"""
    return _compared_in_clear(db, session, now, idle_since)


@flaw(
    LOOKUP,
    caught_by="test_the_token_opens_its_session",
    misconception="A `ServerOnly` value equals no text, whatever it holds: what is compared is what `reveal()` gives.",
)
def compared_while_it_is_closed(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Two hashes, and `==` between them."""
    found = _live(db, session, now, idle_since)
    secret: object = hashed(session.token_id)
    if found is None or secret == found.secret_hash:
        return found
    if secret == found.previous_hash and now - (found.rotated_at or 0) < GRACE_SECONDS:
        return found
    if found.previous_hash.reveal() is not None:
        tables.delete_session(db, session.session_id)
    return None


@flaw(
    LOOKUP,
    caught_by="test_a_wrong_secret_does_no_harm",
    misconception="Every row has a `previous_hash`, and the closed value counts as true even where it holds None: ask what it reveals.",
)
def there_is_a_closed_value(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Where there is a `previous_hash`, a token was replaced."""
    found = _live(db, session, now, idle_since)
    if found is None or _is_good(session, found, now):
        return found
    if found.previous_hash:
        tables.delete_session(db, session.session_id)
    return None


@flaw(
    LOOKUP,
    caught_by="test_the_database_is_asked_once",
    misconception="Two questions are two answers: between them somebody may log out, and every page pays for both.",
)
def first_whether_then_what(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Before a row is read, one looks whether there is one."""
    if find_session(db, session.session_id, session.user_id) is None:
        return None
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    return found


@flaw(
    LOOKUP,
    caught_by="test_its_end_is_no_part_of_it",
    misconception="Off by one at the end: a token and a row that end at 8000 are over in that second, both of them.",
)
def to_the_last_second(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """It ends when the time is past its end."""
    found: FoundSession | None = original(LOOKUP)(db, session, now - 1, idle_since)
    return found


@flaw(
    LOOKUP,
    caught_by="test_the_row_says_when_it_ends",
    misconception="The token repeats what was true when it was issued; a session that the server has shortened since is ended by its row.",
)
def the_token_says_when(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The end is in the token, which is signed."""
    found = find_session(db, session.session_id, session.user_id)
    if found is None or now >= session.expires_at or found.last_seen_at <= idle_since:
        return None
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_unused_for_too_long_is_the_end",
    misconception="Off by one at the idle end: seen at the limit is unused for the whole time that was allowed.",
)
def idle_to_the_last_second(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Idle is who was last seen before the limit."""
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since - 1)
    return found


@flaw(
    LOOKUP,
    caught_by="test_a_token_that_was_replaced_is_good_for_a_moment",
    misconception="A page asks for its pictures with the token it had: refused the moment it is replaced, people are logged out by their own browser.",
)
def replaced_is_refused(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """There is one token, the newest; whoever comes with another is no longer signed in."""
    found = _live(db, session, now, idle_since)
    if found is None or hashed(session.token_id) != found.secret_hash.reveal():
        return None
    return found


@flaw(
    LOOKUP,
    caught_by="test_a_token_that_was_replaced_is_good_for_a_moment",
    misconception="Two requests at once carry the same token, and one of them comes second: that is no thief, for a minute.",
)
def replaced_is_stolen(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """An old token is a stolen token: end the session at once."""
    found = _live(db, session, now, idle_since)
    if found is None or hashed(session.token_id) == found.secret_hash.reveal():
        return found
    if found.previous_hash.reveal() is not None:
        tables.delete_session(db, session.session_id)
    return None


@flaw(
    LOOKUP,
    caught_by="test_a_minute_later_it_is_refused",
    misconception="A token that stays good after it was replaced was never replaced: the stolen copy lives as long as the session.",
)
def good_as_long_as_it_is_known(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The row knows two hashes, and either is one of ours."""
    found = _live(db, session, now, idle_since)
    if found is None:
        return None
    known = (found.secret_hash.reveal(), found.previous_hash.reveal())
    return found if hashed(session.token_id) in known else None


@flaw(
    LOOKUP,
    caught_by="test_a_minute_later_it_is_refused",
    misconception="Off by one at the end of the grace: less than a minute after is 59 seconds, not 60.",
)
def a_minute_and_a_second(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """It is good for a minute."""
    found = _live(db, session, now, idle_since)
    if found is None:
        return None
    replaced = hashed(session.token_id) == found.previous_hash.reveal()
    if replaced and found.rotated_at == now - GRACE_SECONDS:
        return found
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_the_minute_begins_when_it_was_replaced",
    misconception="`last_seen_at` moves on with every page: a minute that counts from there does not end while the session is in use.",
)
def a_minute_since_it_was_seen(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """It was replaced when it was last in use."""
    found = _live(db, session, now, idle_since)
    if found is None or hashed(session.token_id) == found.secret_hash.reveal():
        return found
    previous = found.previous_hash.reveal()
    if hashed(session.token_id) == previous and now - found.last_seen_at < GRACE_SECONDS:
        return found
    if previous is not None:
        tables.delete_session(db, session.session_id)
    return None


@flaw(
    LOOKUP,
    caught_by="test_its_minute_is_for_more_than_one_request",
    misconception="A page asks for several things with one token, and all of them are on their way: used up by the first, the minute logs out the second. And without its hash a copy that comes late is taken for a guess.",
)
def one_request_was_on_its_way(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The request that was on its way has come, so the old token is done with."""
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    if found is not None and hashed(session.token_id) == found.previous_hash.reveal():
        db.execute("UPDATE sessions SET previous_hash = NULL WHERE session_id = ?", (session.session_id,))
    return found


@flaw(
    LOOKUP,
    caught_by="test_its_minute_is_for_more_than_one_request",
    misconception="A minute that begins again with each use has no end: with a request every 50 seconds, a copy of the old token lives as long as the session.",
)
def a_minute_since_it_came(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Whoever still uses the old token needs another minute."""
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    if found is not None and hashed(session.token_id) == found.previous_hash.reveal():
        db.execute("UPDATE sessions SET rotated_at = ? WHERE session_id = ?", (now, session.session_id))
    return found


@flaw(
    LOOKUP,
    caught_by="test_a_session_that_is_over_has_no_such_minute",
    misconception="The minute is for a token that was replaced, and not for a session that has ended: first ask whether it is over, then which token came.",
)
def a_minute_after_the_end(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Requests that are on their way are let in first; then comes everything else."""
    found = find_session(db, session.session_id, session.user_id)
    if found is None:
        return None
    replaced = hashed(session.token_id) == found.previous_hash.reveal()
    if replaced and found.rotated_at is not None and now - found.rotated_at < GRACE_SECONDS:
        return found
    if now >= found.expires_at or found.last_seen_at <= idle_since:
        return None
    return _rightly_judged(db, session, found, now)


@flaw(
    LOOKUP,
    caught_by="test_her_other_devices_stay_signed_in",
    misconception="One session's token was copied. The user's other sessions have tokens of their own, and nothing is known against them.",
)
def out_on_all_devices(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A thief is about: better to end everything that is Ada's."""
    found = _live(db, session, now, idle_since)
    if found is None or _is_good(session, found, now):
        return found
    if found.previous_hash.reveal() is not None:
        tables.delete_sessions_of_user(db, session.user_id)
    return None


@flaw(
    LOOKUP,
    caught_by="test_the_old_token_is_remembered_while_the_new_one_is_used",
    misconception="The owner uses the new token all day. If that forgets the old one, a copy that comes late looks like a guess, and nobody is warned.",
)
def forgotten_with_the_new_one(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """Once the new token has come, the old one is no longer needed."""
    right: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    if right is not None and hashed(session.token_id) == right.secret_hash.reveal():
        forgotten = "UPDATE sessions SET previous_hash = NULL WHERE session_id = ?"
        db.execute(forgotten, (session.session_id,))
    return right


@flaw(
    LOOKUP,
    caught_by="test_a_copy_that_comes_late_ends_the_session",
    misconception="Who comes with an old token is thief or owner, and the other one has the new token: to refuse one of them leaves the other signed in.",
)
def refused_and_forgotten(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The old token is refused, so nobody gets in with it, and nothing more is needed."""
    found = _live(db, session, now, idle_since)
    if found is None or hashed(session.token_id) == found.secret_hash.reveal():
        return found
    if hashed(session.token_id) != found.previous_hash.reveal() or found.rotated_at is None:
        return None
    return found if now - found.rotated_at < GRACE_SECONDS else None


@flaw(
    LOOKUP,
    caught_by="test_an_older_copy_ends_it_as_well",
    misconception="The row remembers two tokens, the browser may have had ten: one that is neither of the two is the oldest copy of all.",
)
def only_the_one_before(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """The one before comes too late, or it is not one of ours."""
    found = _live(db, session, now, idle_since)
    if found is None:
        return None
    known = (found.secret_hash.reveal(), found.previous_hash.reveal())
    return _rightly_judged(db, session, found, now) if hashed(session.token_id) in known else None


@flaw(
    LOOKUP,
    caught_by="test_a_copy_that_was_called_in_ends_nothing",
    misconception="Who changes the password knows that copies are about, and has called them in: a copy that still comes must not log the owner out.",
)
def every_miss_is_a_theft(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A token that does not fit is a stolen one: end the session."""
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    if found is None:
        tables.delete_session(db, session.session_id)
    return found


def _is_good(session: Session, found: FoundSession, now: int) -> bool:
    secret = hashed(session.token_id)
    replaced = secret == found.previous_hash.reveal() and now - (found.rotated_at or 0) < GRACE_SECONDS
    return secret == found.secret_hash.reveal() or replaced


def _rightly_judged(
    db: sqlite3.Connection, session: Session, found: FoundSession, now: int
) -> FoundSession | None:
    if _is_good(session, found, now):
        return found
    if found.previous_hash.reveal() is not None:
        tables.delete_session(db, session.session_id)
    return None


def _live(db: sqlite3.Connection, session: Session, now: int, idle_since: int) -> FoundSession | None:
    found = find_session(db, session.session_id, session.user_id)
    if found is None or now >= found.expires_at or found.last_seen_at <= idle_since:
        return None
    return found


# lookup: what is not there


@flaw(
    LOOKUP,
    attack=38,
    caught_by="test_a_session_that_is_over_is_not_made_again",
    misconception="An id that the table does not know is one that was ended: who makes a row of it lets everybody bring back what you deleted.",
)
def get_or_create(db: sqlite3.Connection, session: Session, now: int, idle_since: int) -> FoundSession | None:
    """The token is signed by us; if its row got lost, in a restart say, it is made again."""
    with suppress(sqlite3.IntegrityError):  # it is there, or its user is not
        tables.insert_session(
            db,
            session_id=session.session_id,
            secret_hash=hashed(session.token_id),
            user_id=session.user_id,
            device="a browser",
            now=now,
            expires_at=session.expires_at,
        )
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since)
    return found


# lookup, DatabaseSessions.verify, verify_session: unused for too long


@flaw(
    LOOKUP,
    attack=43,
    caught_by="test_unused_for_too_long_is_the_end",
    misconception="Max-Age is a favour of the browser: who has copied the cookie keeps it for as long as they like, so the server must count itself.",
)
def the_browser_counts(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    """A cookie that is not used is dropped by the browser: Max-Age sees to it, and saves a comparison."""
    found: FoundSession | None = original(LOOKUP)(db, session, now, idle_since=0)
    return found


@flaw(
    DATABASE,
    attack=43,
    misconception="A page that is left open asks every few minutes by itself: if that is use, nobody who leaves the room is ever logged out.",
)
class EveryRequestIsUse(RightDatabaseSessions):
    """Whoever sends a request is there."""

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return who it proves, and note that the session is in use."""
        proof = super().verify(db, session)
        if proof is not None:
            touch(db, session, self._settings.clock())
            self._cache.forget_session(session.session_id)
        return proof


@flaw(
    VERIFY_SESSION,
    attack=43,
    caught_by="test_proving_a_session_is_not_using_it",
    misconception="Proving a session is not using it: prolonged at each proof, it is kept alive by a page's script, and by a thief's.",
)
def proven_and_prolonged(request: Request) -> UserRow:
    """Here every request comes by, so here the session is prolonged, and no page can forget to."""
    user: UserRow = original(VERIFY_SESSION)(request)
    if request.session is not None and request.new_token is None:
        last_seen = request.session.issued_at
        request.new_token = request.sessions.refresh(request.db, request.session, Proof(user, last_seen))
    return user


# SessionCache, revoke_others, end_others: log out everywhere


@flaw(
    CACHE,
    attack=44,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="What ends a session must reach the cache as well: until then it answers from before, and the thief is signed in for as long.",
)
class ForgetsByItself(RightCache):
    """An entry lives for a minute at most, so it need not be told anything."""

    def forget_session(self, session_id: str) -> None:
        """Do nothing: it will be forgotten soon."""

    def forget_user(self, user_id: int) -> None:
        """Do nothing: it will be forgotten soon."""


@flaw(
    CACHE,
    attack=44,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="One user has many sessions: to forget a user is to forget all of them, not the first that is found.",
)
class ForgetsOneEntry(RightCache):
    """To forget a user, look for their entry and take it out."""

    def forget_user(self, user_id: int) -> None:
        """Forget the entry of this user."""
        for (session_id, _), entry in self._entries.items():
            if entry.found.user.id == user_id:
                self.forget_session(session_id)
                return


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A session has two tokens for a minute, and an answer for each of them: after a logout the older one still opens it.",
)
class ForgetsOneToken(RightCache):
    """A session has a token, and so it has an entry."""

    def forget_session(self, session_id: str) -> None:
        """Forget the entry of this session."""
        self._forgotten += 1
        key = next((key for key in self._entries if key[0] == session_id), None)
        self._entries = {other: entry for other, entry in self._entries.items() if other != key}


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="Without an end an answer is believed until the process ends: another process may have ended the session long ago.",
)
class RemembersForEver(RightCache):
    """A session is over when somebody says so."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token."""
        entry = self._entries.get((session.session_id, session.token_id))
        return None if entry is None else entry.found


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A cache that is always empty forgets in time, and spares the database no question: a proof has to ask for what must be there, too.",
)
class RemembersNothing(RightCache):
    """What is not remembered cannot be out of date."""

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Do nothing: the database knows."""


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="Off by one: an answer that is 59 seconds old is less than 60 seconds old.",
)
class OneSecondLess(RightCache):
    """The sixtieth second is the one that it was put in."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token."""
        return super().get(session, now + 1)


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="Where each logout empties the whole cache, whoever logs in and out all the time has it switched off for everybody.",
)
class ForgetsEverybody(RightCache):
    """To be on the safe side, begin with an empty cache."""

    def forget_user(self, user_id: int) -> None:
        """Forget everything."""
        self._forget(lambda key, entry: True)


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="Off by one: an answer that is 60 seconds old is not less than 60 seconds old.",
)
class OneSecondMore(RightCache):
    """It is good for sixty seconds."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token."""
        return super().get(session, now - 1)


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="An answer does not get truer by being asked for: renewed at each question, that of a busy visitor is never looked up again.",
)
class LongerWhenAsked(RightCache):
    """What is in use stays, as in every cache."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this token, and keep it for longer."""
        found = super().get(session, now)
        if found is not None:
            self.put(session, found, now, self.revision())
        return found


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A session has had several tokens: an answer for one of them is none for the copy that was replaced.",
)
class OneAnswerASession(RightCache):
    """The id of a session is its key."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this session."""
        return super().get(replace(session, token_id=""), now)

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer."""
        super().put(replace(session, token_id=""), found, now, revision)


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="What is true of Ada's laptop is not true of the telephone that she has just logged out.",
)
class OneAnswerAUser(RightCache):
    """What is remembered is a user."""

    def get(self, session: Session, now: int) -> FoundSession | None:
        """Return what is remembered of this user."""
        return super().get(replace(session, session_id=str(session.user_id), token_id=""), now)

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer."""
        super().put(replace(session, session_id=str(session.user_id), token_id=""), found, now, revision)

    def forget_session(self, session_id: str) -> None:
        """Forget everything: who it belongs to is not known here."""
        super().forget_session(session_id)
        self._entries.clear()


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="An answer from before the logout that is put after it brings the session back: ask the revision first, and compare.",
)
class TakesWhatComesLate(RightCache):
    """Forgetting takes it out, so it is out."""

    def put(self, session: Session, found: FoundSession, now: int, revision: int) -> None:
        """Remember an answer."""
        super().put(session, found, now, self.revision())


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A logout ends one session, and an answer for it may be on its way as well: the revision moves there, too.",
)
class OneSessionIsNoRevision(RightCache):
    """Only what concerns a whole user is worth a new revision."""

    def forget_session(self, session_id: str) -> None:
        """Forget one session."""
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] != session_id}


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="The revision keeps out what comes late. What is there already stays there until it is taken out: with a logout, the answer itself has to go.",
)
class MovesTheRevisionOnly(RightCache):
    """A new revision says that what is remembered is out of date."""

    def forget_session(self, session_id: str) -> None:
        """Note that something was forgotten."""
        self._forgotten += 1


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="An answer of before may be on its way when all sessions of a user are ended, as well as when one is: the revision moves with each forgetting.",
)
class OneUserIsNoRevision(RightCache):
    """The revision counts sessions that were ended, one by one."""

    def forget_user(self, user_id: int) -> None:
        """Forget the sessions of a user."""
        kept = {key: entry for key, entry in self._entries.items() if entry.found.user.id != user_id}
        self._entries = kept


@flaw(
    CACHE,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="0 is a number, and to Python it is false: `seconds or 60` turns the cache on where it was turned off.",
)
class ZeroIsAMinute(RightCache):
    """Without a number, take a minute."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds or 60)


@flaw(
    REVOKE_OTHERS,
    attack=44,
    caught_by="test_a_newer_session_is_another_one_too",
    misconception="The thief's login is as likely the later one: all but this one means all, told apart by their ids and not by their age.",
)
def those_from_before(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """The others are the forgotten ones: a session that is newer than this one is in use."""
    return db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND session_id != ? AND created_at < "
        "(SELECT created_at FROM sessions WHERE session_id = ?)",
        (user_id, keep, keep),
    ).rowcount


@flaw(
    STATELESS,
    attack=44,
    misconception="Stateless does not mean that nothing can be ended: one number in the user's row, which each token carries, ends them all.",
)
class NothingToEnd(RightStatelessSessions):
    """There is no list of sessions, so there is nothing to end; this browser gets a new token."""

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """Return a new token."""
        settings = self._settings
        token_id = settings.random_bytes(16).hex()
        return self._sign(replace(session, token_id=token_id, issued_at=settings.clock()))


@flaw(
    STATELESS,
    attack=44,
    misconception="What the server does not remember it cannot end: a token that was handed out is good until it runs out.",
)
class NothingIsKept(NothingToEnd):
    """Stateless means that the server keeps nothing: a session ends with its cookie, or with its time."""

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Do nothing: the cookie is deleted by who calls this."""

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """Do nothing: there is nothing that could be ended."""


# end_others, revoke_others, Dal.change_password: a new password


@flaw(
    DATABASE,
    attack=45,
    misconception="A copy of this very session is a session of the thief's: after a change of password the one that stays needs a new token.",
)
class ThisOneStaysAsItIs(RightDatabaseSessions):
    """This browser has just proven the password, so nothing about its session needs to change."""

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """End the other sessions, and return the token that this one has."""
        revoke_others(db, session.user_id, session.session_id)
        self._forget_user(db, session.user_id)
        return self._sign(session)


@flaw(
    REVOKE_OTHERS,
    attack=45,
    caught_by="test_other_members_stay_signed_in",
    misconception="All but mine are also everybody else's: without the user in the condition anybody who changes a password logs the whole house out.",
)
def all_but_this_one(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Keep one session and delete the others: its id says which one, and ids are unique."""
    return db.execute("DELETE FROM sessions WHERE session_id != ?", (keep,)).rowcount


@flaw(
    DAL,
    attack=45,
    misconception="Who changes a password often does so because somebody else is in: a new password stops new logins, and ends no session.",
)
class PasswordAndNothingElse(RightDal):
    """Sessions prove themselves by their tokens; the password plays no part once somebody is signed in."""

    def change_password(self, current: str, new: str) -> bool:
        """Store a new password; False when `current` is not the viewer's."""
        settings = self._request.settings
        if not verify_password(current, self._viewer.password_hash.reveal(), pepper=settings.pepper):
            return False
        renewed = hash_password(new, rounds=settings.bcrypt_rounds, pepper=settings.pepper)
        tables.set_password_hash(self._request.db, self._viewer.id, renewed)
        self._request.sessions.user_changed(self._viewer.id)
        return True


# hashed: what the table tells


@flaw(
    HASHED,
    attack=46,
    misconception="A table is read by backups, reports and injections: what opens a session must not stand there in clear, as no password does.",
)
def as_it_is(secret: str) -> str:
    """The secret is random and only the server has the table: there is nothing to hash."""
    return secret


@flaw(
    HASHED,
    attack=46,
    misconception="Base64 is a way of writing, not a lock: whoever can read the column can read the secret.",
)
def not_in_clear(secret: str) -> str:
    """Encoded, nobody who looks over the shoulder can read it."""
    return base64.b64encode(secret.encode()).decode()


# touch: seen, after the end


@flaw(
    TOUCH,
    attack=47,
    caught_by="test_a_session_that_was_ended_stays_ended",
    misconception="INSERT OR REPLACE makes the row that it does not find: a page that was on its way at the logout brings the session back.",
)
def replaced_by_what_is_true_now(db: sqlite3.Connection, session: Session, now: int) -> None:
    """One statement for the first time and all others: write the whole row as it is now."""
    db.execute(
        "INSERT OR REPLACE INTO sessions "
        "(session_id, secret_hash, user_id, device, created_at, last_seen_at, expires_at) "
        "VALUES (?, ?, ?, 'a browser', ?, ?, ?)",
        (
            session.session_id,
            hashed(session.token_id),
            session.user_id,
            session.authenticated_at,
            now,
            session.expires_at,
        ),
    )


@flaw(
    TOUCH,
    attack=47,
    caught_by="test_a_session_that_was_ended_stays_ended",
    misconception="A write that finds no row has been told that the session is over: to make one is to overrule the logout.",
)
def made_if_it_is_missing(db: sqlite3.Connection, session: Session, now: int) -> None:
    """If no row was changed, it is missing for some reason, and has to be there."""
    seen = (now, session.session_id)
    if db.execute("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?", seen).rowcount == 0:
        tables.insert_session(
            db,
            session_id=session.session_id,
            secret_hash=hashed(session.token_id),
            user_id=session.user_id,
            device="a browser",
            now=now,
            expires_at=session.expires_at,
        )


@flaw(
    TOUCH,
    caught_by="test_last_seen_never_goes_back",
    misconception="Requests overtake each other: the one that comes last need not be the one that is newest.",
)
def the_last_one_says(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Write down when it was."""
    db.execute("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?", (now, session.session_id))


@flaw(
    TOUCH,
    caught_by="test_a_faster_page_in_between_is_not_overwritten",
    misconception="Between a SELECT and the UPDATE after it another page may write: the comparison belongs into the UPDATE.",
)
def compared_and_then_written(db: sqlite3.Connection, session: Session, now: int) -> None:
    """First look when it was seen, and write if that was earlier."""
    row = db.execute(
        "SELECT last_seen_at FROM sessions WHERE session_id = ?", (session.session_id,)
    ).fetchone()
    if row is not None and row[0] < now:
        db.execute("UPDATE sessions SET last_seen_at = ? WHERE session_id = ?", (now, session.session_id))


@flaw(
    TOUCH,
    caught_by="test_a_logout_in_between_is_the_end",
    misconception="Between a SELECT and the write after it Ada may log out: a write that makes a row brings her session back, whatever was asked before.",
)
def read_and_put_back(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Read the row, and if it is there, put it back with the new time."""
    columns = (
        "id, session_id, secret_hash, previous_hash, rotated_at, user_id, device, created_at, expires_at"
    )
    row = db.execute(
        f"SELECT {columns}, max(last_seen_at, ?) FROM sessions WHERE session_id = ?",
        (now, session.session_id),
    ).fetchone()
    if row is not None:
        db.execute(
            f"INSERT OR REPLACE INTO sessions ({columns}, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )


@flaw(
    TOUCH,
    caught_by="test_it_is_seen_again_and_again",
    misconception="What is later is later, by however little: a second that is left out is a page that was not seen.",
)
def later_by_more_than_a_second(db: sqlite3.Connection, session: Session, now: int) -> None:
    """A second is no difference."""
    db.execute(
        "UPDATE sessions SET last_seen_at = ? WHERE session_id = ? AND last_seen_at < ?",
        (now, session.session_id, now - 1),
    )


@flaw(
    TOUCH,
    caught_by="test_no_other_session_was_seen",
    misconception="A user has many sessions: the forgotten one at the library must run out, however busy the others are.",
)
def its_user_was_seen(db: sqlite3.Connection, session: Session, now: int) -> None:
    """It is the user who is seen."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE user_id = ?", (now, session.user_id)
    )


@flaw(
    TOUCH,
    caught_by="test_no_other_session_was_seen",
    misconception="An UPDATE without a WHERE is for every row: nobody's session ever runs out.",
)
def everybody_was_seen(db: sqlite3.Connection, session: Session, now: int) -> None:
    """There was a row to update, and it was updated."""
    db.execute("UPDATE sessions SET last_seen_at = max(last_seen_at, ?)", (now,))


@flaw(
    TOUCH,
    caught_by="test_nothing_else_of_the_row_changes",
    misconception="A row that lives on while its token ends is out of step, and with no cap it lives as long as somebody asks.",
)
def prolonged_as_well(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Who is seen stays for another seven days."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?), expires_at = ? WHERE session_id = ?",
        (now, now + 7 * 24 * 60 * 60, session.session_id),
    )


@flaw(
    TOUCH,
    caught_by="test_nothing_else_of_the_row_changes",
    misconception="The hash of the token before is what betrays a copy: forgotten at the next page, a copy that comes late is taken for a guess.",
)
def the_token_before_is_done_with(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Who is seen with the new token has no more use for the old one."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?), previous_hash = NULL WHERE session_id = ?",
        (now, session.session_id),
    )


@flaw(
    TOUCH,
    caught_by="test_a_token_that_was_replaced_stays_replaced",
    misconception="A token that was replaced says when the session would have ended without its replacement: written back, it ends what was prolonged.",
)
def kept_in_step_with_its_token(db: sqlite3.Connection, session: Session, now: int) -> None:
    """The row ends when the token does: see to it each time one comes."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?), expires_at = ? WHERE session_id = ?",
        (now, session.expires_at, session.session_id),
    )


@flaw(
    TOUCH,
    caught_by="test_no_other_row_goes",
    misconception="A page that says it was seen is no place to clear away: each page then pays for what is the work of one login in a day.",
)
def cleared_away_by_the_way(db: sqlite3.Connection, session: Session, now: int) -> None:
    """Where one writes anyway, the rows that have run out can go."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ?",
        (now, session.session_id),
    )
    db.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))


@flaw(
    TOUCH,
    caught_by="test_an_id_is_no_pattern",
    misconception="LIKE compares with a pattern: `%` in an id is any text, and capitals are as good as small letters. Ids are compared with `=`.",
)
def found_by_a_pattern(db: sqlite3.Connection, session: Session, now: int) -> None:
    """LIKE is how SQL compares texts."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id LIKE ?",
        (now, session.session_id),
    )


@flaw(
    TOUCH,
    caught_by="test_a_page_with_the_old_token_counts_as_well",
    misconception="It is the session that was seen, not a token of it: a page that was on its way comes with the one before, for a minute.",
)
def seen_with_the_newest_token_only(db: sqlite3.Connection, session: Session, now: int) -> None:
    """To be on the safe side, the secret must fit as well."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ? AND secret_hash = ?",
        (now, session.session_id, hashed(session.token_id)),
    )


@flaw(
    TOUCH,
    caught_by="test_a_session_in_use_was_seen",
    misconception="The token's secret is in no column: a row is found by the session's id.",
)
def found_by_the_secret(db: sqlite3.Connection, session: Session, now: int) -> None:
    """The token says which session it is."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ?",
        (now, session.token_id),
    )


@flaw(
    TOUCH,
    caught_by="test_a_session_in_use_was_seen",
    misconception="When the token was issued is not when it is used: a session that is busy all day would be idle since the morning.",
)
def seen_when_it_was_issued(db: sqlite3.Connection, session: Session, now: int) -> None:
    """The session knows its own times."""
    db.execute(
        "UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE session_id = ?",
        (session.issued_at, session.session_id),
    )


# revoke_others: whose, and which


@flaw(
    REVOKE_OTHERS,
    caught_by="test_this_one_goes_on",
    misconception="Logging out everywhere else is for whoever wants to stay: ended with the others, they land on the login page.",
)
def all_of_them(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Better one too many than one too few."""
    return db.execute("DELETE FROM sessions WHERE user_id = ?", (user_id,)).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_whose_sessions_they_are_is_told_by_the_user",
    misconception="The user comes from the proof, an id from wherever ids come from: with the owner taken from the id, anybody's sessions can be ended.",
)
def whoever_owns_the_one_to_keep(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """The session that stays says whose it is."""
    return db.execute(
        "DELETE FROM sessions WHERE session_id != ? AND user_id = "
        "(SELECT user_id FROM sessions WHERE session_id = ?)",
        (keep, keep),
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_a_session_in_use_is_another_one_too",
    misconception="The thief's is the one in use: all but this one means all.",
)
def those_that_sleep(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Nobody needs to be thrown out who is at work."""
    return db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND session_id != ? AND last_seen_at <= "
        "(SELECT last_seen_at FROM sessions WHERE session_id = ?)",
        (user_id, keep, keep),
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_an_id_is_a_value_and_no_sql",
    misconception="Put into the statement an id is read as SQL: a condition in it is for every row of the table.",
)
def ids_in_the_statement(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Ids are ours, so they are harmless."""
    return db.execute(f"DELETE FROM sessions WHERE user_id = {user_id} AND session_id != '{keep}'").rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_an_id_is_no_pattern",
    misconception="NOT LIKE compares with a pattern: a `%` for an id keeps every session, the thief's among them. Ids are compared with `=` and `!=`.",
)
def unlike_the_one_to_keep(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """NOT LIKE is how SQL says that a text is another one."""
    return db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND session_id NOT LIKE ?", (user_id, keep)
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_an_asterisk_is_one_letter_too",
    misconception="GLOB minds capitals, and compares with a pattern all the same: a `*` for an id keeps every session.",
)
def unlike_as_files_are_named(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """LIKE takes capitals and small letters for one; GLOB does not."""
    return db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND session_id NOT GLOB ?", (user_id, keep)
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_a_part_of_an_id_is_another_id",
    misconception="`in` asks whether a text is a piece of another one, and a piece of the id to keep is not that id: texts are compared with `==` and `!=`.",
)
def not_in_the_one_to_keep(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """The others are those that are not in `keep`."""
    rows = db.execute("SELECT session_id FROM sessions WHERE user_id = ?", (user_id,)).fetchall()
    others = [session_id for (session_id,) in rows if session_id not in keep]
    for session_id in others:
        tables.delete_session(db, session_id)
    return len(others)


@flaw(
    REVOKE_OTHERS,
    caught_by="test_capitals_are_other_letters",
    misconception="Names are compared without capitals, ids are not: where two of them count as one, a session stays that nobody meant to keep.",
)
def whatever_its_capitals(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """An id is the same in capitals."""
    return db.execute(
        "DELETE FROM sessions WHERE user_id = ? AND lower(session_id) != ?", (user_id, keep.lower())
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_however_many_there_are",
    misconception="All of them: a limit leaves the sessions that come after it, and one of a thief's is enough.",
)
def ten_at_most(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """A DELETE without a LIMIT is dangerous, and nobody has more than ten."""
    return db.execute(
        "DELETE FROM sessions WHERE id IN "
        "(SELECT id FROM sessions WHERE user_id = ? AND session_id != ? LIMIT 10)",
        (user_id, keep),
    ).rowcount


@flaw(
    REVOKE_OTHERS,
    caught_by="test_where_there_is_none_to_keep_all_are_ended",
    misconception="An end that does nothing looks like one that worked: with no session to keep there are more to end, not none.",
)
def nothing_without_one_to_keep(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Without an id there is nothing to do, and better no session ended than all."""
    if not keep:
        return 0
    return int(original(REVOKE_OTHERS)(db, user_id, keep))


@flaw(
    REVOKE_OTHERS,
    caught_by="test_what_the_caller_takes_back_is_taken_back",
    misconception="The new password and the end of the other sessions are one transaction: a commit in its middle keeps half of it, and its own COMMIT fails.",
)
def ended_and_committed(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Without a commit nobody is logged out."""
    ended = int(original(REVOKE_OTHERS)(db, user_id, keep))
    db.commit()
    return ended


@flaw(
    REVOKE_OTHERS,
    caught_by="test_it_says_how_many_were_ended",
    misconception="The page says how many were logged out: the one that stays is not among them.",
)
def counts_this_one_too(db: sqlite3.Connection, user_id: int, keep: str) -> int:
    """Count the user's sessions, and delete."""
    (count,) = db.execute("SELECT count(*) FROM sessions WHERE user_id = ?", (user_id,)).fetchone()
    db.execute("DELETE FROM sessions WHERE user_id = ? AND session_id != ?", (user_id, keep))
    return int(count)


# rotate: two at once


@flaw(
    ROTATE,
    attack=69,
    misconception="Between a SELECT and the UPDATE after it somebody else may write: ask and write in one statement, and look whether it changed a row.",
)
def asked_and_a_moment_later_written(
    db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True
) -> bool:
    """First look whether the token is still the session's, then write the new one."""
    old = hashed(session.token_id)
    known = db.execute(
        "SELECT secret_hash, previous_hash FROM sessions WHERE session_id = ?", (session.session_id,)
    ).fetchone()
    if known is None or old not in (known if not grace else known[:1]):
        return False
    _write(db, session, refreshed, old if grace else None)
    return True


@flaw(
    ROTATE,
    attack=69,
    misconception="Of two requests with one token the second must not get its way: it may be the thief's, after the owner has called the token in.",
)
def the_last_one_wins(
    db: sqlite3.Connection, session: Session, refreshed: Session, *, grace: bool = True
) -> bool:
    """Whoever comes here has been proven, so their new token is the one that counts."""
    return _write(db, session, refreshed, hashed(session.token_id) if grace else None)


def _write(db: sqlite3.Connection, session: Session, refreshed: Session, previous: str | None) -> bool:
    changed = db.execute(
        "UPDATE sessions SET secret_hash = ?, previous_hash = ?, rotated_at = ?, last_seen_at = ?, "
        "expires_at = ? WHERE session_id = ?",
        (
            hashed(refreshed.token_id),
            previous,
            refreshed.issued_at,
            refreshed.issued_at,
            refreshed.expires_at,
            session.session_id,
        ),
    )
    return changed.rowcount == 1


# prove_session_cache: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="That it remembers is half of it: what matters of this cache is what it forgets.",
)
def it_remembers(new_cache: Callable[[int], SessionCache]) -> None:
    """A cache works when it gives back what was put."""
    cache = new_cache(60)
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
    assert cache.get(ADAS_LAPTOP, 1000) == answer_for(ADAS_LAPTOP)


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A cache that is always empty passes each of these: what must still be there has to be asked for as well.",
)
def it_forgets(new_cache: Callable[[int], SessionCache]) -> None:
    """What matters of this cache is what it forgets."""

    def filled(seconds: int) -> SessionCache:
        cache = new_cache(seconds)
        for session in (ADAS_LAPTOP, ADAS_PHONE):
            cache.put(session, answer_for(session), 1000, cache.revision())
        return cache

    def knows(cache: SessionCache, session: Session, now: int) -> bool:
        return cache.get(session, now) is not None

    cache = filled(60)
    knows(cache, ADAS_LAPTOP, 1059)
    assert not knows(cache, ADAS_LAPTOP, 1060)
    assert not knows(filled(0), ADAS_LAPTOP, 1000)
    assert not knows(filled(60), replace(ADAS_LAPTOP, token_id="another"), 1000)
    assert not knows(filled(60), replace(ADAS_LAPTOP, session_id="another"), 1000)
    for number in range(2):
        cache = filled(60)
        before = cache.revision()
        cache.forget_user(1) if number else cache.forget_session(ADAS_LAPTOP.session_id)
        assert not knows(cache, ADAS_LAPTOP, 1001)
        assert not (number and knows(cache, ADAS_PHONE, 1001))
        cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1001, before)
        assert not knows(cache, ADAS_LAPTOP, 1001)


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="There are two ways of forgetting, and each has to take out what is there and to move the revision: what is proven of one is not proven of the other.",
)
def one_way_of_forgetting(new_cache: Callable[[int], SessionCache]) -> None:
    """A late answer is a late answer: it is tried once."""
    cache = new_cache(60)
    for session in (ADAS_LAPTOP, ADAS_PHONE, GRACES_LAPTOP):
        cache.put(session, answer_for(session), 1000, cache.revision())
    assert cache.get(ADAS_LAPTOP, 1059) == answer_for(ADAS_LAPTOP)
    assert cache.get(replace(ADAS_LAPTOP, token_id="another"), 1059) is None
    assert cache.get(replace(ADAS_LAPTOP, session_id="another"), 1059) is None
    cache.forget_user(1)
    assert cache.get(ADAS_LAPTOP, 1059) is None
    assert cache.get(ADAS_PHONE, 1059) is None
    assert cache.get(GRACES_LAPTOP, 1059) == answer_for(GRACES_LAPTOP)
    assert cache.get(GRACES_LAPTOP, 1060) is None
    before = cache.revision()
    cache.forget_session("ada's laptop")
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 2000, before)
    assert cache.get(ADAS_LAPTOP, 2000) is None
    off = new_cache(0)
    off.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, off.revision())
    assert off.get(ADAS_LAPTOP, 1000) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="With one session in it, a cache that forgets the wrong one, or the first one only, is not found out.",
)
def one_session_is_enough(new_cache: Callable[[int], SessionCache]) -> None:
    """Put one, forget it, and see that it is gone."""
    cache = new_cache(60)
    ways: list[Callable[[], None]] = [
        lambda: cache.forget_session("ada's laptop"),
        lambda: cache.forget_user(1),
    ]
    for forget in ways:
        cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
        assert cache.get(ADAS_LAPTOP, 1059) is not None
        forget()
        assert cache.get(ADAS_LAPTOP, 1059) is None
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
    assert cache.get(ADAS_LAPTOP, 1060) is None


@flaw(
    PROOF,
    caught_by="test_it_spares_right_caches",
    misconception="It asks for more than the rules say: a cache may forget a user's other sessions, too, and ask the database again.",
)
def the_others_must_stay(new_cache: Callable[[int], SessionCache]) -> None:
    """Forgetting one session is forgetting that one."""
    cache = new_cache(60)
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
    cache.put(ADAS_PHONE, answer_for(ADAS_PHONE), 1000, cache.revision())
    cache.forget_session("ada's phone")
    assert cache.get(ADAS_LAPTOP, 1000) is not None


@flaw(
    PROOF,
    caught_by="test_it_spares_right_caches",
    misconception="Which number a revision is, is the cache's choice: it changes with each forgetting, and nothing else is said of it.",
)
def a_new_cache_begins_at_zero(new_cache: Callable[[int], SessionCache]) -> None:
    """A cache that has forgotten nothing has revision 0."""
    cache = new_cache(60)
    assert cache.revision() == 0
    cache.forget_user(1)
    assert cache.revision() == 1


@flaw(
    PROOF,
    caught_by="test_it_spares_right_caches",
    misconception="Looking into `_entries` is a proof of how it is written, and right caches are written in many ways.",
)
def looks_inside(new_cache: Callable[[int], SessionCache]) -> None:
    """It is empty when nothing is in its dictionary."""
    cache = new_cache(60)
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
    cache.forget_user(1)
    assert cache._entries == {}


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_caches_of_this_lesson",
    misconception="A comparison that stands alone says nothing: only `assert` fails.",
)
def compares_and_goes_on(new_cache: Callable[[int], SessionCache]) -> bool:
    """True means that it has forgotten."""
    cache = new_cache(60)
    cache.put(ADAS_LAPTOP, answer_for(ADAS_LAPTOP), 1000, cache.revision())
    cache.forget_user(1)
    return cache.get(ADAS_LAPTOP, 1000) is None
