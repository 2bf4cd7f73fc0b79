"""Checks of lesson 5."""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.db import FoundSession, delete_session, sessions_of_user, transaction
from authlab.lab.apps import ADA, GRACE, LabApp, is_a_write
from authlab.lab.browser import Browser
from authlab.sessions.database import create_session, hashed, lookup, revoke_others, rotate, touch
from authlab.tokens import Session, sign_session

# Ada has three browsers, Grace has one. Each session begins at 1000, and its token ends at 8000.
LAPTOP = Session(1, "laptop", "secret-of-the-laptop", 1000, 1000, 8000)
PHONE = Session(1, "phone", "secret-of-the-phone", 1000, 1000, 8000)
TABLET = Session(1, "tablet", "secret-of-the-tablet", 1000, 1000, 8000)
GRACES = Session(2, "graces", "secret-of-grace", 1000, 1000, 8000)
FIREFOX = "Firefox on Linux"
EVER = -1  # `idle_since`: however long it was unused

# Tokens that took the place of the laptop's, one after the other.
SECOND = replace(LAPTOP, token_id="second-secret", issued_at=2000)
THIRD = replace(LAPTOP, token_id="third-secret", issued_at=2010)


def table(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Everything that stands in the table of sessions: what a stolen backup tells."""
    return db.execute("SELECT * FROM sessions").fetchall()


def devices(db: sqlite3.Connection, user_id: int) -> list[str]:
    """What a user is shown of their live sessions at 2000, in the order they were seen."""
    return [row.device for row in sessions_of_user(db, user_id, now=2000, idle_since=0)]


def ids(db: sqlite3.Connection) -> list[str]:
    """The ids of all sessions in the table."""
    return [row[0] for row in db.execute("SELECT session_id FROM sessions ORDER BY session_id")]


def stored_hash(db: sqlite3.Connection) -> str | None:
    """What stands in the column `secret_hash` of the only row, or None."""
    row = db.execute("SELECT secret_hash FROM sessions").fetchone()
    return None if row is None else str(row[0])


def almost(digest: str) -> str:
    """A digest that differs from this one in its last letter only."""
    return digest[:-1] + ("1" if digest.endswith("0") else "0")


def last_seen(db: sqlite3.Connection, session: Session) -> int | None:
    """When a session was last seen, or None when there is none."""
    found = lookup(db, session, 1000, EVER)
    return None if found is None else found.last_seen_at


def owner(db: sqlite3.Connection, session: Session) -> str | None:
    """Whom a session proves, or None."""
    found = lookup(db, session, 1000, EVER)
    return None if found is None else found.user.name


def can_open(db: sqlite3.Connection, session: Session, now: int = 1000) -> bool:
    """Whether a token opens its session at `now`, however long it was unused."""
    return lookup(db, session, now, EVER) is not None


def questions(db: sqlite3.Connection, call: Callable[[], object]) -> int:
    """How many statements a call runs, those aside that begin or end a transaction."""
    seen: list[str] = []
    db.set_trace_callback(seen.append)
    call()
    db.set_trace_callback(None)
    aside = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return sum(not sql.upper().lstrip().startswith(aside) for sql in seen)


def changes(db: sqlite3.Connection, call: Callable[[], object]) -> list[str]:
    """What a call changes in the table of sessions: "laptop.device" is the column `device` of that row."""

    def cells() -> set[tuple[str, Any]]:
        cursor = db.execute("SELECT * FROM sessions")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
        return {(f"{row['session_id']}.{name}", row[name]) for row in rows for name in names}

    before = cells()
    call()
    return sorted({cell for cell, _ in before ^ cells()})


def meanwhile(db: sqlite3.Connection, statement: str, call: Callable[[], object]) -> bool:
    """Make a call, and have another request run `statement` in the moment before this one writes.

    False where the other found the database locked: whoever holds the lock from the question to the write is
    as safe as one statement. So is who finds it locked, and writes nothing.
    """
    path = db.execute("PRAGMA database_list").fetchone()[2]
    done: list[str] = []

    def look(sql: str) -> None:
        if is_a_write(sql) and not done:
            other = sqlite3.connect(path, isolation_level=None, timeout=0)
            with closing(other), suppress(sqlite3.OperationalError):
                other.execute(statement)
                done.append(statement)

    db.set_trace_callback(look)
    with suppress(sqlite3.OperationalError):
        call()
    return bool(done)


def error_of(call: Callable[[], object]) -> str | None:
    """The name of the error that a call raises, or None. An `IntegrityError` of one's own is one, too."""
    try:
        call()
    except sqlite3.IntegrityError:
        return "IntegrityError"
    except Exception as error:
        return type(error).__name__
    return None


@exercise("5.1")
class TestARowForEachSession:
    def test_there_is_one_row_for_it(self, db: sqlite3.Connection) -> None:
        """The next request comes with the token, and asks for its session's row."""
        create_session(db, LAPTOP, FIREFOX)
        assert ids(db) == ["laptop"]

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        "import jwt",
        'claims = jwt.decode(browser.cookies["__Host-session"].value, options={"verify_signature": False})',
        'claims["jti"] in str(app.stolen_sessions())',
        closed=False,
        sessions="database",
    )
    def test_the_secret_is_in_no_column(self, db: sqlite3.Connection) -> None:
        """Backups, reports and injections read tables. Who has read this one must not be able to make a
        cookie of what they read."""
        create_session(db, LAPTOP, FIREFOX)
        assert "secret-of-the-laptop" not in str(table(db))

    def test_nor_is_anything_that_the_secret_can_be_read_from(self, db: sqlite3.Connection) -> None:
        """Base64, hexadecimal, backwards: a thief reads all of them."""
        create_session(db, LAPTOP, FIREFOX)
        assert "c2VjcmV0LW9mLXRoZS1sYXB0b3A" not in str(table(db))
        assert "7365637265742d6f662d7468652d6c6170746f70" not in str(table(db)).lower()
        assert "potpal-eht-fo-terces" not in str(table(db))

    def test_what_is_hashed_is_the_secret_and_not_the_id(self, db: sqlite3.Connection) -> None:
        """The id is in the table as well. What can be computed from it, a thief computes."""
        create_session(db, LAPTOP, FIREFOX)
        assert hashed("laptop") not in str(table(db))

    def test_the_secret_is_recognised_by_its_hash(self, db: sqlite3.Connection) -> None:
        """`lookup` hashes the secret of each token that comes, with `hashed`, and compares it with this."""
        create_session(db, replace(LAPTOP, token_id="A Secret"), FIREFOX)
        assert (stored_hash(db) == hashed("A Secret")) is True

    def test_a_session_that_was_created_is_found(self, db: sqlite3.Connection) -> None:
        """Ada's next request, with the token of her login."""
        create_session(db, LAPTOP, FIREFOX)
        assert isinstance(lookup(db, LAPTOP, 1000, EVER), FoundSession)

    def test_it_belongs_to_its_user(self, db: sqlite3.Connection) -> None:
        """The row says whose session it is: user 2 is Grace."""
        create_session(db, GRACES, FIREFOX)
        assert owner(db, GRACES) == "Grace Hopper"

    def test_it_ends_when_its_token_does(self, db: sqlite3.Connection) -> None:
        """One that outlives its token is shown on the page of devices as a browser that is signed in. This
        one is a token for weeks, on a password that was proven at 400."""
        create_session(db, replace(LAPTOP, authenticated_at=400, expires_at=3000000), FIREFOX)
        assert can_open(db, LAPTOP, now=2999999) is True
        assert can_open(db, LAPTOP, now=3000000) is False

    def test_a_new_session_counts_as_seen(self, db: sqlite3.Connection) -> None:
        """The login was its first use. Otherwise it has been idle since 1970."""
        create_session(db, LAPTOP, FIREFOX)
        assert last_seen(db, LAPTOP) == 1000

    def test_it_begins_when_its_token_was_issued(self, db: sqlite3.Connection) -> None:
        """This token was issued at 1000, on a password that was proven at 400: what is idle, and what its
        owner recognises it by, counts from the token."""
        create_session(db, replace(LAPTOP, authenticated_at=400), FIREFOX)
        assert last_seen(db, LAPTOP) == 1000
        assert sessions_of_user(db, 1, now=1000, idle_since=0)[0].created_at == 1000

    def test_its_owner_recognises_it(self, db: sqlite3.Connection) -> None:
        """On the page of devices, by this name and by when it began."""
        create_session(db, LAPTOP, FIREFOX)
        assert devices(db, 1) == ["Firefox on Linux"]
        assert sessions_of_user(db, 1, now=1000, idle_since=0)[0].created_at == 1000

    @judging.request(
        "phone = app.browser()",
        'login = {"email": ADA[1], "password": ADA[2]}',
        'phone.post("/login", login); browser.post("/login", login)',
        'phone.get("/profile").status_code',
        closed=200,
        sessions="database",
    )
    def test_a_user_may_have_many_sessions(self, db: sqlite3.Connection) -> None:
        """Whoever logs in on a telephone is not logged out on the laptop."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, replace(PHONE, authenticated_at=1500, issued_at=1500), "Safari on iPhone")
        assert can_open(db, LAPTOP) is True

    def test_two_browsers_of_one_name_are_two_browsers(self, db: sqlite3.Connection) -> None:
        """Ada and Grace both use Firefox on Linux: the name is for people, and identifies nothing."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, GRACES, FIREFOX)
        assert can_open(db, LAPTOP) is True

    def test_nor_are_two_of_one_user_the_same(self, db: sqlite3.Connection) -> None:
        """Ada has Firefox on Linux at home and at work. Whoever logs in at work is not logged out at
        home."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, PHONE, FIREFOX)
        assert can_open(db, LAPTOP) is True

    def test_none_is_one_too_many(self, db: sqlite3.Connection) -> None:
        """Ada logs in at another computer each day, for three weeks. Ending the older ones is for her to
        decide, on the page of devices."""
        for day in range(21):
            now = day * 24 * 60 * 60
            token = Session(1, f"day {day}", f"secret {day}", now, now, 3000000)
            create_session(db, token, FIREFOX)
        assert len(ids(db)) == 21

    def test_nothing_was_replaced_yet(self, db: sqlite3.Connection) -> None:
        """A new session has had one token. If it seemed to have had two, the first guess at its secret would
        look like a copy of the older one, and end it."""
        create_session(db, LAPTOP, FIREFOX)
        lookup(db, replace(LAPTOP, token_id="a guess"), 1000, 0)
        assert can_open(db, LAPTOP) is True

    def test_a_device_is_called_whatever_its_owner_says(self, db: sqlite3.Connection) -> None:
        """The name comes from a header that the visitor writes, quotes and all."""
        create_session(db, LAPTOP, "O'Reilly's browser")
        create_session(db, PHONE, "x', user_id = '2")
        assert sorted(devices(db, 1)) == ["O'Reilly's browser", "x', user_id = '2"]

    def test_an_id_that_is_taken_is_not_taken_over(self, db: sqlite3.Connection) -> None:
        """Ids are random, and yet: a second session under Ada's id is an error. It never takes her place,
        and its token is not handed out as if it were good."""
        create_session(db, LAPTOP, FIREFOX)
        error = error_of(lambda: create_session(db, replace(GRACES, session_id="laptop"), FIREFOX))
        assert can_open(db, LAPTOP) is True
        assert error == "IntegrityError"

    def test_the_caller_decides_whether_it_is_kept(self, db: sqlite3.Connection) -> None:
        """A sign-up makes an account and its session, or neither: the caller's transaction is rolled back
        when something after this fails, as here."""
        with suppress(ZeroDivisionError), transaction(db):
            create_session(db, LAPTOP, FIREFOX)
            1 / 0  # noqa: B018 - something after it fails
        assert table(db) == []


def a_thief_with_a_backup(
    app: LabApp,
) -> tuple[list[dict[str, Any]], Callable[[Session], str], Browser]:
    """The rows of two days, the key, and a browser: one row of Grace's is alive, among others."""
    for days, who in enumerate((ADA, GRACE, ADA, GRACE, ADA)):
        if days == 2:
            app.clock.advance(days=2)
        app.browser().post("/login", {"email": who[1], "password": who[2]})

    def sign(session: Session) -> str:
        return sign_session(session, app.settings.signing_key, app.settings.signing_key_id)

    return app.stolen_sessions(), sign, app.browser()


@exercise("5.2")
class TestAStolenTable:
    def test_it_reads_the_page_where_the_secrets_are_in_clear(self) -> None:
        """The app stores what opens a session. Whoever reads the table, and has the key, is whoever they
        like."""
        judging.attack_wins("5.2", sessions="database", cast=a_thief_with_a_backup)

    def test_it_brings_nothing_where_hashes_are_stored(self) -> None:
        """From a hash no way leads back to the secret, and nobody can make a token that fits."""
        judging.attack_loses("5.2", sessions="database", cast=a_thief_with_a_backup)


@exercise("5.3")
class TestTheIdIsNotEnough:
    def test_the_token_opens_its_session(self, db: sqlite3.Connection) -> None:
        """Ada's own token, a moment after her login. The hash of its secret is the text that `secret_hash`
        reveals: as long as it is closed, that equals no text."""
        create_session(db, LAPTOP, FIREFOX)
        assert isinstance(lookup(db, LAPTOP, 1000, 0), FoundSession)

    def test_its_user_comes_with_it(self, db: sqlite3.Connection) -> None:
        """The page wants to know who is there, and must not have to ask again."""
        create_session(db, LAPTOP, FIREFOX)
        assert owner(db, LAPTOP) == "Ada Lovelace"

    def test_another_secret_opens_nothing(self, db: sqlite3.Connection) -> None:
        """The id stands in the table, for everybody who reads it. The secret does not."""
        create_session(db, LAPTOP, FIREFOX)
        assert lookup(db, replace(LAPTOP, token_id="a guess"), 1000, 0) is None

    def test_the_stored_hash_opens_nothing(self, db: sqlite3.Connection) -> None:
        """Where the hash itself is accepted, it is the secret, and it lies in the table in clear."""
        create_session(db, LAPTOP, FIREFOX)
        assert lookup(db, replace(LAPTOP, token_id=hashed("secret-of-the-laptop")), 1000, 0) is None

    def test_nor_does_that_of_the_token_before(self, db: sqlite3.Connection) -> None:
        """It stands in the table as well, and for a minute it would be as good as the token itself."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        assert can_open(db, replace(LAPTOP, token_id=hashed("secret-of-the-laptop")), now=2001) is False

    def test_a_hash_is_compared_to_its_last_letter(self, db: sqlite3.Connection) -> None:
        """The row's hash is one that differs in the last letter only. Whoever has read the table finds a
        secret that fits the first eight by trying, in an hour."""
        create_session(db, LAPTOP, FIREFOX)
        db.execute("UPDATE sessions SET secret_hash = ?", (almost(hashed("secret-of-the-laptop")),))
        assert can_open(db, LAPTOP) is False

    def test_a_secret_is_hashed_as_it_is(self, db: sqlite3.Connection) -> None:
        """Nobody types it, so there is nothing to tidy up: another spelling is another secret."""
        create_session(db, LAPTOP, FIREFOX)
        assert can_open(db, replace(LAPTOP, token_id="Secret-Of-The-Laptop")) is False
        assert can_open(db, replace(LAPTOP, token_id=" secret-of-the-laptop ")) is False

    def test_a_wrong_secret_does_no_harm(self, db: sqlite3.Connection) -> None:
        """Nothing was replaced, so nothing was copied: a guess must not log Ada out. Every row has a
        `previous_hash`, a closed one; only what it reveals is None."""
        create_session(db, LAPTOP, FIREFOX)
        lookup(db, replace(LAPTOP, token_id="a guess"), 1000, 0)
        assert can_open(db, LAPTOP) is True

    def test_a_session_belongs_to_its_owner(self, db: sqlite3.Connection) -> None:
        """A token that names Grace finds nothing of Ada's."""
        create_session(db, LAPTOP, FIREFOX)
        assert lookup(db, replace(LAPTOP, user_id=2), 1000, 0) is None

    def test_a_token_that_names_somebody_else_ends_nothing(self, db: sqlite3.Connection) -> None:
        """No row is found for it, so there is nothing to end: least of all Ada's session."""
        create_session(db, LAPTOP, FIREFOX)
        lookup(db, replace(LAPTOP, user_id=2), 1000, 0)
        assert ids(db) == ["laptop"]

    def test_its_end_is_no_part_of_it(self, db: sqlite3.Connection) -> None:
        """From the second on at which it ends, it has ended."""
        create_session(db, LAPTOP, FIREFOX)
        assert can_open(db, LAPTOP, now=7999) is True
        assert can_open(db, LAPTOP, now=8000) is False

    def test_the_row_says_when_it_ends(self, db: sqlite3.Connection) -> None:
        """The token says what it said when it was issued; the server may have thought better of it since."""
        create_session(db, LAPTOP, FIREFOX)
        assert lookup(db, replace(LAPTOP, expires_at=9000), 8000, 0) is None

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'token = browser.cookies["__Host-session"].value',
        'app.clock.advance(hours=24); browser.set_cookie("__Host-session", token)',
        'browser.get("/profile").status_code',
        closed=303,
        sessions="database",
    )
    def test_unused_for_too_long_is_the_end(self, db: sqlite3.Connection) -> None:
        """Seen at 1000: when `idle_since` is 999 it was used since, when it is 1000 it was not. A cookie's
        Max-Age does not help, because a thief's browser ignores it."""
        create_session(db, LAPTOP, FIREFOX)
        assert isinstance(lookup(db, LAPTOP, 1500, 999), FoundSession)
        assert lookup(db, LAPTOP, 1500, 1400) is None
        assert lookup(db, LAPTOP, 1500, 1000) is None

    def test_a_session_that_is_over_is_not_made_again(self, db: sqlite3.Connection) -> None:
        """A good signature says that it was once a session. The table says whether it still is."""
        create_session(db, LAPTOP, FIREFOX)
        delete_session(db, "laptop")
        assert lookup(db, LAPTOP, 1000, 0) is None
        assert table(db) == []

    def test_a_token_that_was_replaced_is_good_for_a_moment(self, db: sqlite3.Connection) -> None:
        """Replaced at 2000: a request that was on its way comes with the old token, and Ada stays signed
        in, with both."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        assert can_open(db, LAPTOP, now=2059) is True

    def test_so_is_the_one_that_took_its_place(self, db: sqlite3.Connection) -> None:
        """The request that was on its way came in, and ended nothing."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        lookup(db, LAPTOP, 2059, 0)
        assert can_open(db, SECOND, now=2059) is True

    def test_its_minute_is_for_more_than_one_request(self, db: sqlite3.Connection) -> None:
        """A page asks for several things at once, all with the same token. Whoever looks it up changes
        nothing: neither is the minute used up, nor does it begin again."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        assert changes(db, lambda: lookup(db, LAPTOP, 2030, 0)) == []

    def test_a_session_that_is_over_has_no_such_minute(self, db: sqlite3.Connection) -> None:
        """Replaced at 2000, ten seconds before its end: at 2020 it is over, whichever of its tokens comes.
        So it is when it was unused for too long."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, replace(SECOND, expires_at=2010))
        assert can_open(db, LAPTOP, now=2020) is False
        assert lookup(db, LAPTOP, 2009, 2005) is None

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'thief = app.browser(); thief.set_cookie("__Host-session", browser.cookies["__Host-session"].value)',
        'app.clock.advance(hours=13); browser.get("/profile")',
        'app.clock.advance(hours=12); browser.get("/profile")  # here the token is replaced',
        "app.clock.advance(minutes=1)",
        'thief.get("/profile").status_code',
        closed=303,
        sessions="database",
    )
    def test_a_minute_later_it_is_refused(self, db: sqlite3.Connection) -> None:
        """Otherwise it was not replaced: Ada would have two tokens, and so would whoever has a copy."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        assert lookup(db, LAPTOP, 2060, 0) is None

    def test_the_minute_begins_when_it_was_replaced(self, db: sqlite3.Connection) -> None:
        """Replaced at 2000, and seen again at 2050, as a session in use is. The old token does not live any
        longer for it."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        touch(db, SECOND, 2050)
        assert lookup(db, LAPTOP, 2060, 0) is None

    def test_a_copy_that_comes_late_ends_the_session(self, db: sqlite3.Connection) -> None:
        """One of the two has stolen it, and nobody can say which: it ends for both, and Ada logs in
        again."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        lookup(db, LAPTOP, 2060, 0)
        assert lookup(db, SECOND, 2061, 0) is None

    def test_nor_is_it_shown_any_longer(self, db: sqlite3.Connection) -> None:
        """On the page of devices Ada would see a browser that is signed in, and is not."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        lookup(db, LAPTOP, 2060, 0)
        assert sessions_of_user(db, 1, now=2061, idle_since=0) == []

    def test_an_older_copy_ends_it_as_well(self, db: sqlite3.Connection) -> None:
        """The row remembers one token before this; the copy may be of the one before that."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        rotate(db, SECOND, THIRD)
        lookup(db, LAPTOP, 2011, 0)
        assert lookup(db, THIRD, 2012, 0) is None

    def test_the_old_token_is_remembered_while_the_new_one_is_used(self, db: sqlite3.Connection) -> None:
        """Ada works on with her new token. The copy of the old one comes after it, and is found out all the
        same."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        lookup(db, SECOND, 2070, 0)
        lookup(db, LAPTOP, 2071, 0)
        assert lookup(db, SECOND, 2072, 0) is None

    def test_her_other_devices_stay_signed_in(self, db: sqlite3.Connection) -> None:
        """The token of one session was copied. Ada's telephone has another, and is not concerned."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, PHONE, "Safari on iPhone")
        rotate(db, LAPTOP, SECOND)
        lookup(db, LAPTOP, 2060, 0)
        assert can_open(db, PHONE, now=2061) is True

    def test_no_other_session_ends_with_it(self, db: sqlite3.Connection) -> None:
        """A stolen laptop's token says nothing about Grace's."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, GRACES, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        lookup(db, LAPTOP, 2060, 0)
        assert can_open(db, GRACES, now=2061) is True

    def test_a_copy_that_was_called_in_ends_nothing(self, db: sqlite3.Connection) -> None:
        """Ada has changed her password, because a copy is about. It is refused, and she stays signed in."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND, grace=False)
        lookup(db, LAPTOP, 2001, 0)
        assert can_open(db, SECOND, now=2002) is True

    def test_the_database_is_asked_once(self, db: sqlite3.Connection) -> None:
        """Every page of every visitor comes by here, and between two questions somebody may log out."""
        create_session(db, LAPTOP, FIREFOX)
        assert questions(db, lambda: lookup(db, LAPTOP, 1000, 0)) == 1


@exercise("5.4")
class TestSeenAfterTheEnd:
    def test_a_session_in_use_was_seen(self, db: sqlite3.Connection) -> None:
        """What is used stays alive: an idle session would be over at the end of the day."""
        create_session(db, LAPTOP, FIREFOX)
        touch(db, LAPTOP, 2000)
        assert last_seen(db, LAPTOP) == 2000

    def test_so_was_anybody_elses(self, db: sqlite3.Connection) -> None:
        """Grace is user 2, and works as long as Ada."""
        create_session(db, GRACES, FIREFOX)
        touch(db, GRACES, 2000)
        assert last_seen(db, GRACES) == 2000

    def test_a_session_that_was_ended_stays_ended(self, db: sqlite3.Connection) -> None:
        """Ada logs out while a page of hers is on its way. The page comes last, and must not bring her
        session back, for her or for whoever holds a copy."""
        create_session(db, LAPTOP, FIREFOX)
        delete_session(db, "laptop")
        touch(db, LAPTOP, 2000)
        assert table(db) == []

    def test_last_seen_never_goes_back(self, db: sqlite3.Connection) -> None:
        """Two pages at once: the one that asked first may write last."""
        create_session(db, LAPTOP, FIREFOX)
        touch(db, LAPTOP, 2000)
        touch(db, LAPTOP, 1999)
        assert last_seen(db, LAPTOP) == 2000

    def test_it_is_seen_again_and_again(self, db: sqlite3.Connection) -> None:
        """Not only the first time."""
        create_session(db, LAPTOP, FIREFOX)
        touch(db, LAPTOP, 2000)
        touch(db, LAPTOP, 2001)
        assert last_seen(db, LAPTOP) == 2001

    def test_a_logout_in_between_is_the_end(self, db: sqlite3.Connection) -> None:
        """It comes in the moment before this page writes. Whatever was asked earlier is out of date."""
        create_session(db, LAPTOP, FIREFOX)
        logged_out = meanwhile(db, "DELETE FROM sessions", lambda: touch(db, LAPTOP, 2000))
        assert ids(db) == ([] if logged_out else ["laptop"])

    def test_a_faster_page_in_between_is_not_overwritten(self, db: sqlite3.Connection) -> None:
        """It writes 3000 in the moment before this page writes 2000: whatever was asked earlier is out of
        date."""
        create_session(db, LAPTOP, FIREFOX)
        faster = "UPDATE sessions SET last_seen_at = 3000"
        was_faster = meanwhile(db, faster, lambda: touch(db, LAPTOP, 2000))
        assert last_seen(db, LAPTOP) == (3000 if was_faster else 2000)

    def test_no_other_session_was_seen(self, db: sqlite3.Connection) -> None:
        """The one at the library, which Ada has forgotten, must run out, and Grace's is another story."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, PHONE, "Safari on iPhone")
        create_session(db, GRACES, FIREFOX)
        touch(db, LAPTOP, 2000)
        assert last_seen(db, GRACES) == 1000
        assert last_seen(db, PHONE) == 1000

    def test_no_other_row_goes(self, db: sqlite3.Connection) -> None:
        """Not even that of the telephone, which has run out: to clear away is another's work."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, replace(PHONE, expires_at=1500), "Safari on iPhone")
        touch(db, LAPTOP, 2000)
        assert ids(db) == ["laptop", "phone"]

    def test_an_id_is_compared_and_never_read(self, db: sqlite3.Connection) -> None:
        """Whatever stands in an id, it is compared, and never read as a condition."""
        create_session(db, GRACES, FIREFOX)
        touch(db, replace(LAPTOP, session_id="' OR '1' = '1"), 2000)
        assert last_seen(db, GRACES) == 1000

    def test_an_id_is_no_pattern(self, db: sqlite3.Connection) -> None:
        """An id is one text, letter by letter: a percent sign or an asterisk in it stands for nothing but
        itself."""
        create_session(db, GRACES, FIREFOX)
        touch(db, replace(LAPTOP, session_id="%"), 2000)
        touch(db, replace(LAPTOP, session_id="*"), 2000)
        assert last_seen(db, GRACES) == 1000

    def test_capitals_are_other_letters(self, db: sqlite3.Connection) -> None:
        """An id is compared letter by letter: `G` is one of them, `g` is another."""
        create_session(db, GRACES, FIREFOX)
        touch(db, replace(LAPTOP, session_id="Graces"), 2000)
        assert last_seen(db, GRACES) == 1000

    def test_nothing_else_of_the_row_changes(self, db: sqlite3.Connection) -> None:
        """It ends when it would have ended, its owner recognises it, and a copy of the token that was
        replaced is found out as before."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        assert changes(db, lambda: touch(db, SECOND, 3000)) == ["laptop.last_seen_at"]

    def test_a_page_with_the_old_token_counts_as_well(self, db: sqlite3.Connection) -> None:
        """Replaced at 2000: a page that was on its way says that the session is in use, whichever token it
        came with."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, SECOND)
        touch(db, LAPTOP, 2030)
        assert last_seen(db, SECOND) == 2030

    def test_a_token_that_was_replaced_stays_replaced(self, db: sqlite3.Connection) -> None:
        """A page that comes with the old token, in its minute, says that the session is in use, and no
        more. What else that token says, of its end, is out of date."""
        create_session(db, LAPTOP, FIREFOX)
        rotate(db, LAPTOP, replace(SECOND, expires_at=9000))
        touch(db, LAPTOP, 2030)
        assert can_open(db, SECOND, now=8999) is True
        assert can_open(db, LAPTOP, now=2061) is False


@exercise("5.5")
class TestLogOutEverywhereElse:
    def test_the_others_are_out(self, db: sqlite3.Connection) -> None:
        """Ada has lost her telephone, and sits at her laptop."""
        create_session(db, PHONE, "Safari on iPhone")
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "laptop")
        assert can_open(db, PHONE) is False

    def test_this_one_goes_on(self, db: sqlite3.Connection) -> None:
        """Everywhere *else*: who is logged out at this moment does not know whether it has worked."""
        create_session(db, PHONE, "Safari on iPhone")
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "laptop")
        assert can_open(db, LAPTOP) is True

    @judging.request(
        "grace = app.browser()",
        'grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.post("/devices/end-others")',
        'grace.get("/profile").status_code',
        closed=200,
        sessions="database",
    )
    def test_other_members_stay_signed_in(self, db: sqlite3.Connection) -> None:
        """All sessions but one are also everybody else's."""
        create_session(db, GRACES, FIREFOX)
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "laptop")
        assert can_open(db, GRACES) is True

    @judging.request(
        'login = {"email": ADA[1], "password": ADA[2]}',
        'browser.post("/login", login); app.clock.advance(minutes=1)',
        'thief = app.browser(); thief.post("/login", login)',
        'browser.post("/devices/end-others")',
        'thief.get("/profile").status_code',
        closed=303,
        sessions="database",
    )
    def test_a_newer_session_is_another_one_too(self, db: sqlite3.Connection) -> None:
        """The thief has logged in after Ada did."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, replace(PHONE, issued_at=1500, authenticated_at=1500), "Chrome on Windows")
        revoke_others(db, 1, "laptop")
        assert can_open(db, PHONE) is False

    def test_a_session_in_use_is_another_one_too(self, db: sqlite3.Connection) -> None:
        """Whoever was seen a moment ago may be the thief, at work."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, PHONE, "Chrome on Windows")
        touch(db, PHONE, 1900)
        revoke_others(db, 1, "laptop")
        assert can_open(db, PHONE) is False

    def test_it_says_how_many_were_ended(self, db: sqlite3.Connection) -> None:
        """The one that stays is not counted, and neither is Grace's."""
        create_session(db, PHONE, "Safari on iPhone")
        create_session(db, TABLET, "Safari on iPad")
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, GRACES, FIREFOX)
        assert revoke_others(db, 1, "laptop") == 2

    def test_however_many_there_are(self, db: sqlite3.Connection) -> None:
        """The thief may have logged in more often than one expects: one session that is left is enough."""
        for number in range(21):
            create_session(db, replace(PHONE, session_id=f"phone {number}"), "Safari on iPhone")
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "laptop")
        assert ids(db) == ["laptop"]

    def test_a_second_time_nobody_is_left(self, db: sqlite3.Connection) -> None:
        """A double click: what was ended once is not counted again."""
        create_session(db, PHONE, "Safari on iPhone")
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "laptop")
        assert revoke_others(db, 1, "laptop") == 0

    def test_whose_sessions_they_are_is_told_by_the_user(self, db: sqlite3.Connection) -> None:
        """With Grace's id for the one to keep, Ada's are ended all the same, and Grace's are left alone."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, replace(GRACES, session_id="graces phone"), FIREFOX)
        create_session(db, GRACES, FIREFOX)
        revoke_others(db, 1, "graces")
        assert ids(db) == ["graces", "graces phone"]

    def test_where_there_is_none_to_keep_all_are_ended(self, db: sqlite3.Connection) -> None:
        """An empty id is one that no session has. Whoever asks for it and is told 0 believes that the thief
        is out."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, PHONE, "Safari on iPhone")
        assert revoke_others(db, 1, "") == 2

    def test_an_id_is_a_value_and_no_sql(self, db: sqlite3.Connection) -> None:
        """Whatever stands in an id, it is compared, and never read as a condition."""
        create_session(db, LAPTOP, FIREFOX)
        create_session(db, GRACES, FIREFOX)
        revoke_others(db, 1, "' OR '1' = '1")
        assert ids(db) == ["graces"]

    def test_an_id_is_no_pattern(self, db: sqlite3.Connection) -> None:
        """An id is one text, letter by letter: a percent sign in it stands for nothing but itself."""
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "%")
        assert ids(db) == []

    def test_an_asterisk_is_one_letter_too(self, db: sqlite3.Connection) -> None:
        """SQL knows a second kind of pattern, which is written as in names of files."""
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "*")
        assert ids(db) == []

    def test_a_part_of_an_id_is_another_id(self, db: sqlite3.Connection) -> None:
        """An id is compared as a whole: a text that it is a piece of is not the same text."""
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, " laptop 2")
        assert ids(db) == []

    def test_capitals_are_other_letters(self, db: sqlite3.Connection) -> None:
        """An id is compared letter by letter: `L` is one of them, `l` is another."""
        create_session(db, LAPTOP, FIREFOX)
        revoke_others(db, 1, "Laptop")
        assert ids(db) == []

    def test_what_the_caller_takes_back_is_taken_back(self, db: sqlite3.Connection) -> None:
        """A new password is stored and the others are logged out: both or neither. Who began the transaction
        commits it."""
        create_session(db, PHONE, "Safari on iPhone")
        db.execute("BEGIN")
        revoke_others(db, 1, "laptop")
        db.rollback()
        assert ids(db) == ["phone"]


@exercise("5.6")
class TestACacheMustForget:
    def test_it_spares_right_caches(self) -> None:
        """A test that refuses a right cache is a test that somebody will switch off."""
        judging.proof_spares_the_right("5.6")

    def test_it_catches_the_wrong_caches_of_this_lesson(self) -> None:
        """Each of them was written by somebody who had tried it."""
        judging.proof_catches_the_taught("5.6")
