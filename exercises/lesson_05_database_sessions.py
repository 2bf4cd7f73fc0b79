# Derived from authlab/course/kata/lesson_05_database_sessions.py, authlab/sessions/database.py by: authlab dev build [a31a65cb]
"""Lesson 5: Revocation needs memory.

Write your answers here. Check one with: python3 -m authlab check 5.1
"""

import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from authlab.course.kata.lesson_05_database_sessions import (
    ADAS_LAPTOP,
    ADAS_PHONE,
    GRACES_LAPTOP,
    answer_for,
)
from authlab.db import FoundSession, delete_session, find_session, insert_session
from authlab.lab.browser import Browser
from authlab.sessions.cache import SessionCache
from authlab.sessions.database import GRACE_SECONDS, hashed
from authlab.tokens import Session


# 5.1  build: A row for each session  (5 minutes)
# write the part from its description
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
    raise NotImplementedError("5.1 is not written yet")


# 5.2  break: A stolen table  (7 minutes)
# write the attack: it wins where the hole is, and only there
def open_stolen_rows(rows: list[dict[str, Any]], sign: Callable[[Session], str], browser: Browser) -> str:
    """Return the text of the page at `/admin`, which opens for Grace (user 2)
    and for nobody else.

    You get what was in a stolen backup, and a browser that has never signed
    in:

    - `rows` is the table of sessions, a dictionary for each row, of several
      members. Among its keys are `user_id`, `session_id`, `secret_hash`,
      `created_at` and `expires_at`: times by the app's clock, which is not
      your computer's.
    - `sign(session)` returns the token of a `Session`: the key was in the
      backup, too. A `Session` has `user_id`, `session_id`, `token_id` (its
      secret), `authenticated_at`, `issued_at` and `expires_at`.

    The app stores the secret as it is, in the column that is meant for its
    hash. Not every row opens the page: some are other members', and some have
    not been used for days. `browser.set_cookie("__Host-session", token)` puts
    a token where the app looks for it.

    Against the app that stores a hash the same requests bring nothing, and
    must not crash: return what comes.
    """
    raise NotImplementedError("5.2 is not written yet")


# 5.3  fix: The id is not enough  (9 minutes)
# it runs, and it is wrong: make it right
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
    return found


# 5.4  build: Seen, after the end  (4 minutes, an extra)
# write the part from its description
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
    raise NotImplementedError("5.4 is not written yet")


# 5.5  build: Log out everywhere else  (4 minutes, an extra)
# write the part from its description
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
    raise NotImplementedError("5.5 is not written yet")


# 5.6  prove: A cache must forget  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_session_cache(new_cache: Callable[[int], SessionCache]) -> None:
    """Prove with `assert` that a cache of sessions remembers, and forgets in
    time. Return nothing.

    Your proof gets `new_cache`: `cache = new_cache(60)` makes an empty one that
    remembers for 60 seconds. It is run on wrong caches, each of which must make
    one of your assertions fail, and on right ones in other styles, which must
    pass. None of them raises. For each cache time goes forward: a `now` that is
    earlier than the one before proves nothing. Of a right cache:

    - `cache.put(session, found, now, cache.revision())` remembers `found`, what
      the database has answered; `cache.get(session, now)` gives it back, and
      None when nothing is remembered.
    - An answer is good for less than 60 seconds after it was put, however often
      it is asked for. A cache for 0 seconds remembers nothing.
    - It is good for this very token: the same session with another `token_id`
      is unknown.
    - After `cache.forget_session(session_id)` the session is unknown, with each
      of its tokens, and after `cache.forget_user(user_id)` every session of
      that user is. Those of other users stay; whether another session of the
      same user stays when one is forgotten is the cache's choice.
    - An answer that was on its way while something was forgotten is an old one:
      `put` with a `revision` from before remembers nothing.

    `ADAS_LAPTOP`, `ADAS_PHONE` (user 1) and `GRACES_LAPTOP` (user 2) are
    sessions to try it with, `answer_for(session)` is what the database says of
    one, and `dataclasses.replace` makes another token of one.
    """
    raise NotImplementedError("5.6 is not written yet")
