"""Checks of lesson 2."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache

import bcrypt
import pytest

from authlab.accounts import authenticate, create_user
from authlab.app import App
from authlab.course import judging
from authlab.course.judging import exercise
from authlab.db import UserRow, insert_user, set_disabled, set_password_hash, user_by_id
from authlab.forms import SignupForm
from authlab.lab.apps import LabApp, is_a_write
from authlab.lab.browser import Browser
from authlab.passwords import hash_password, password_digest, verify_password

PEPPER = b"a pepper for lessons, known too!"
NOW = 1_767_603_600
ZOE = SignupForm(name="Zoe", email="zoe@lab.test", password="let-me-in-4")
TWIN = SignupForm(name="Mallory", email="ada@lab.test", password="let-me-in-4")
HALF = chr(0xD83D)  # the first half of an emoji
ACCENTS = "zo\u00e9 is not zoe\u0301, nor \ufb01 fi"  # two spellings of é, and a ligature
PHRASE = f"Let me in 4: {ACCENTS} {'Words ' * 800}"
AWKWARD = f" {PHRASE}\x00{HALF} "
EVE = SignupForm(name="Eve", email="eve@lab.test", password=PHRASE)


def distinct_digests(*passwords: str) -> int:
    """Return how many different digests these passwords have."""
    return len({password_digest(password, pepper=PEPPER) for password in passwords})


def bcrypt_takes(passwords: dict[str, str]) -> None:
    """Assert that bcrypt takes the digests of passwords, given as they are written and as they are."""
    for written, password in passwords.items():
        digest = password_digest(password, pepper=PEPPER)
        if len(digest) > 72:
            raise AssertionError(
                f"password_digest({written}, pepper=PEPPER): expected at most 72 bytes, got {len(digest)}"
            )


@exercise("2.1")
class TestNothingIsCutOff:
    def test_it_is_bytes(self) -> None:
        """bcrypt takes bytes."""
        digest = password_digest("analytical-engine-1843", pepper=PEPPER)
        assert isinstance(digest, bytes)

    def test_the_same_password_gives_the_same_digest(self) -> None:
        """It is made at sign-up and once more at each login, and the two must agree. The salt is bcrypt's."""
        assert distinct_digests("analytical-engine-1843", "analytical-engine-1843") == 1

    def test_the_same_digest_comes_after_a_restart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Python's own `hash` of a text is another number in each process: after a restart nobody could log
        in. Here another `hash` plays the restart."""
        before = password_digest("analytical-engine-1843", pepper=PEPPER)
        monkeypatch.setattr("builtins.hash", lambda _: 1843)
        after = password_digest("analytical-engine-1843", pepper=PEPPER)
        assert (after == before) is True

    def test_two_passwords_give_two_digests(self) -> None:
        """A checksum is made to find a slip of the pen: "plumless" and "buckeroo" have the same CRC-32, "aca"
        and "bab" the same Adler-32."""
        assert distinct_digests("plumless", "buckeroo") == 2
        assert distinct_digests("aca", "bab") == 2

    def test_bcrypt_takes_a_password_of_any_length(self) -> None:
        """bcrypt 5 raises an error above 72 bytes, and 20 emoji are 80. A digest has one length for all; a
        digest that is written as text is longer than its bytes."""
        bcrypt_takes({"'a'": "a", "'a' * 73": "a" * 73, "'🔑' * 20": "🔑" * 20, "'a' * 60_000": "a" * 60_000})

    def test_what_comes_after_72_bytes_counts(self) -> None:
        """Whoever knows the beginning of a long passphrase does not know the passphrase."""
        assert distinct_digests("72 bytes" * 9 + "-and-then-1", "72 bytes" * 9 + "-or-else-2") == 2

    def test_what_comes_after_18_emoji_counts(self) -> None:
        """18 emoji are 18 characters and 72 bytes: whoever counts the one cuts by the other."""
        assert distinct_digests("🔑" * 18 + "-and-then-1", "🔑" * 18 + "-or-else-2") == 2

    def test_the_end_of_a_very_long_password_counts(self) -> None:
        """A higher limit is a limit, too: of 60 001 characters the last one counts."""
        assert distinct_digests("a" * 60_000 + "1", "a" * 60_000 + "2") == 2

    def test_every_character_counts_as_it_was_typed(self) -> None:
        """Trimmed or changed in case, a password is another one: several texts would open the account."""
        assert distinct_digests("two words 2", "Two Words 2") == 2
        assert distinct_digests("two words 2", "two words 2 ", " two words 2") == 3
        assert distinct_digests("two words 2", "two words 2\n", "twowords2", "two  words 2") == 4

    def test_an_accent_counts(self) -> None:
        """Nor is anything left out because it is small or cannot be seen: an accent, a space of no width."""
        assert distinct_digests("zoe", "zo\u00e9", "zoe\u200b") == 3

    def test_a_zero_byte_ends_nothing(self) -> None:
        """To a library written in C, a text ends at the first zero byte; to HMAC, a key with zeros at its end
        is the key without them. Anybody can send one."""
        assert distinct_digests("begin\x00-and-then-1", "begin\x00-or-else-2") == 2
        assert distinct_digests("begin", "begin\x00") == 2

    def test_numbers_that_run_together_are_told_apart(self) -> None:
        """A character is a number. Where numbers are written one after the other with nothing between, nobody
        knows where one ends: `aa` is 61 and 61 in hexadecimal, and 慡 is 6161."""
        assert distinct_digests("aa", "慡") == 2
        assert distinct_digests("dd", chr(100100)) == 2
        assert distinct_digests("🔑" * 4, "\u1f51\u11f5\u111f\u5111\uf511") == 2
        assert distinct_digests("\n\n", "e\x00") == 2
        assert distinct_digests("a", "\x06\x01") == 2

    def test_nothing_that_a_visitor_sends_is_raised(self) -> None:
        """A form may hold half a letter, and a field may be empty. An error here is a 500 that anybody can
        cause, at sign-up and at login."""
        assert len(password_digest(HALF, pepper=PEPPER)) > 0
        assert len(password_digest("", pepper=PEPPER)) > 0

    def test_half_a_letter_counts(self) -> None:
        """What is left out, or replaced by something else that can be typed, protects nothing."""
        assert distinct_digests("let-me-in" + HALF, "let-me-in") == 2
        assert distinct_digests("let-me-in" + HALF, "let-me-in?", "let-me-in\ufffd") == 3
        assert distinct_digests("let-me-in" + HALF, "let-me-in\\ud83d", "let-me-in&#55357;") == 3
        assert distinct_digests("let-me-in" + HALF, "let-me-in" + chr(0xD83E)) == 2

    def test_another_pepper_gives_another_digest(self) -> None:
        """The pepper is not in the database: without it, a thief of the table cannot try a single word."""
        digests = {
            password_digest("let-me-in-4", pepper=PEPPER),
            password_digest("let-me-in-4", pepper=b"a pepper for lessons, known too?"),
        }
        assert len(digests) == 2

    def test_a_pepper_is_any_bytes(self) -> None:
        """A pepper is drawn by a machine: its bytes are hardly ever a text in UTF-8. All of them count."""
        digests = {
            password_digest("let-me-in-4", pepper=bytes(range(224, 256))),
            password_digest("let-me-in-4", pepper=bytes(range(192, 224))),
        }
        assert len(digests) == 2

    def test_a_long_pepper_counts_to_its_end(self) -> None:
        """32 bytes or more: here 129. A key that a function takes whole has a limit, BLAKE2's is 64."""
        digests = {
            password_digest("let-me-in-4", pepper=PEPPER * 4 + b"1"),
            password_digest("let-me-in-4", pepper=PEPPER * 4 + b"\n"),
            password_digest("let-me-in-4", pepper=PEPPER * 4 + b" "),
        }
        assert len(digests) == 3

    def test_a_short_password_has_a_long_digest(self) -> None:
        """Under 32 bytes it is no digest: it is the password, or too little of it."""
        assert (len(password_digest("a", pepper=PEPPER)) >= 32) is True
        assert (len(password_digest("let-me-in-4", pepper=PEPPER)) >= 32) is True

    def test_no_byte_of_it_is_zero(self) -> None:
        """The table may outlive the library: bcrypt in other languages reads up to the first zero byte, and
        a raw digest of 32 bytes has one for every eighth or ninth password."""
        digests = [password_digest(f"password-{number}", pepper=PEPPER) for number in range(200)]
        assert sum(0 in digest for digest in digests) == 0


@cache
def hashed(password: str) -> str:
    """Return the hash of a password at cost 4, made once: of a higher cost, a few already take seconds."""
    return hash_password(password, rounds=4, pepper=PEPPER)


def no_picture(stored: str) -> None:
    """Assert that a hash is not the text `b'$2b$04$…'`."""
    if stored.startswith("b'"):
        raise AssertionError(
            "hash_password('analytical-engine-1843', rounds=4, pepper=PEPPER): expected a text that begins"
            f" with '$', got one that begins with {stored[:3]!r}"
        )


def salts_drawn(*, seed: int, now: int) -> int:
    """Return how many salts two hashes have that are made with the same seed and at the same second."""
    state, salts = random.getstate(), set()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: float(now))
        patched.setattr(time, "time_ns", lambda: now * 1_000_000_000)
        patched.setattr(time, "perf_counter", lambda: 0.0)
        patched.setattr(time, "perf_counter_ns", lambda: 0)
        for _ in range(2):
            random.seed(seed)
            salts.add(hash_password("let-me-in-4", rounds=4, pepper=PEPPER)[7:29])
    random.setstate(state)
    return len(salts)


def most_of_a_salt_differs() -> None:
    """Assert that of the 22 characters of a salt more than half are not the same in each of eight hashes."""
    salts = [hash_password("let-me-in-4", rounds=4, pepper=PEPPER)[7:29] for _ in range(8)]
    differ = sum(len(set(characters)) > 1 for characters in zip(*salts, strict=True))
    if differ <= 11:
        raise AssertionError(
            "the salts of eight hashes by hash_password('let-me-in-4', rounds=4, pepper=PEPPER):"
            " expected most of their 22 characters to differ, got the same ones in at least 11 places"
        )


@pytest.fixture
def costs(lab_app: LabApp) -> list[int]:
    """The cost of each bcrypt hash that is made, in order, whoever makes it."""
    return lab_app.hash_costs


@exercise("2.2")
class TestAHashThatIsWorthStealingLittle:
    def test_it_is_text(self) -> None:
        """The column of the table is TEXT, and refuses bytes: every sign-up would be a 500."""
        assert type(hashed("analytical-engine-1843")).__name__ == "str"

    def test_it_is_the_text_and_no_picture_of_the_bytes(self) -> None:
        """`str(...)` of bytes is how Python shows them, with the b and the quotes. No login knows that text
        again."""
        no_picture(hashed("analytical-engine-1843"))

    def test_it_is_a_bcrypt_hash(self) -> None:
        """`$2` says bcrypt, which is made to be slow. SHA-256 is made to be fast, for thieves as well."""
        assert hashed("analytical-engine-1843")[:2] == "$2"
        assert len(hashed("analytical-engine-1843")) == 60

    def test_it_is_the_bcrypt_of_today(self) -> None:
        """The letter is bcrypt's version. `2a` and `2y` are older ones, in which some libraries had mistakes;
        today's is `2b`."""
        assert hashed("analytical-engine-1843")[:4] == "$2b$"

    def test_the_login_accepts_what_was_stored(self) -> None:
        """The login compares with `password_digest(password, pepper=pepper)`: a hash of anything else, cut
        or not, opens to nobody."""
        stored = hashed("analytical-engine-1843")
        assert verify_password("analytical-engine-1843", stored, pepper=PEPPER) is True

    def test_it_takes_each_spelling_as_it_was_typed(self) -> None:
        """é is one character, or two. Which of them are one password is for `password_digest` to say, at
        sign-up and at login: changed before that, it is another one at the login."""
        stored = hashed(ACCENTS)
        assert verify_password(ACCENTS, stored, pepper=PEPPER) is True

    def test_it_takes_a_password_as_it_was_typed(self) -> None:
        """Capitals, spaces at the ends, 5000 characters, half a letter: `password_digest` takes them all, and
        is given what was typed."""
        stored = hashed(AWKWARD)
        assert verify_password(AWKWARD, stored, pepper=PEPPER) is True

    def test_the_cost_is_the_one_asked_for(self) -> None:
        """The cost is a setting, to be raised as machines get faster. The hash says which it has."""
        assert hashed("analytical-engine-1843")[4:6] == "04"
        assert hash_password("let-me-in-4", rounds=6, pepper=PEPPER)[4:6] == "06"

    def test_it_costs_one_hash(self, costs: list[int]) -> None:
        """bcrypt is slow for thieves, and for whoever signs up as well: a second hash takes as long again.
        `costs` has the cost of each hash that was made."""
        costs.clear()
        hash_password("let-me-in-4", rounds=4, pepper=PEPPER)
        assert costs == [4]

    def test_the_cost_can_be_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The guide's 10 is a cost of some years ago. A number in the code that nobody can raise stays. Here
        bcrypt says the cost that it was given, and does no work."""
        monkeypatch.setattr(bcrypt, "hashpw", lambda password, salt: salt + b"." * 31)
        assert hash_password("let-me-in-4", rounds=13, pepper=PEPPER)[4:6] == "13"

    def test_two_members_have_two_salts(self) -> None:
        """With one salt for all, each word of a list is hashed once and compared with the whole table."""
        salts = {hashed("analytical-engine-1843")[7:29], hashed("first-compiler-1952")[7:29]}
        assert len(salts) == 2

    def test_equal_passwords_have_different_hashes(self) -> None:
        """Where equal passwords look equal, a stolen table tells who shares one, and one guess tries all."""
        hashes = {
            hashed("analytical-engine-1843"),
            hash_password("analytical-engine-1843", rounds=4, pepper=PEPPER),
        }
        assert len(hashes) == 2

    def test_a_salt_is_drawn_and_cannot_be_computed(self) -> None:
        """`random` is made for games: what it draws follows from its seed, and after some draws it can be
        told in advance. So can what follows from the time. The system draws better."""
        assert salts_drawn(seed=1843, now=NOW) == 2

    def test_a_salt_is_drawn_whole(self) -> None:
        """A salt of two bytes and zeros is one of 65 536, and a list for each of them is made once. `uuid1`
        is the time and the machine's own number, and hardly changes from one hash to the next."""
        most_of_a_salt_differs()


@pytest.fixture
def db(lab_app: LabApp) -> Iterator[sqlite3.Connection]:
    """A database of its own for one check, and of the app whose hashes are counted (`costs`)."""
    with closing(lab_app.connect()) as connection:
        yield connection


@pytest.fixture
def raced(lab_app: LabApp) -> Iterator[sqlite3.Connection]:
    """A connection with a rival, who signs up as eve@lab.test right before its first write, and as
    another@lab.test right after."""
    with closing(lab_app.connect()) as db, closing(lab_app.connect()) as rival:
        rival.execute("PRAGMA busy_timeout = 0")  # where the first one holds the lock, the rival is too late
        emails = ["eve@lab.test", "another@lab.test"]

        def come_between(statement: str) -> None:
            if emails and is_a_write(statement) == (len(emails) == 2):
                email = emails.pop(0)
                with suppress(sqlite3.OperationalError):
                    insert_user(rival, name="Rival", email=email, password_hash="$2b$", now=NOW)

        db.set_trace_callback(come_between)
        yield db


@exercise("2.3")
class TestEightSignUpsAtOnce:
    def test_a_new_account_is_returned_by_its_id(self, db: sqlite3.Connection) -> None:
        """Sign-up signs in whoever has this id: a wrong one is somebody else's profile."""
        assert create_user(db, EVE, rounds=4, pepper=PEPPER, now=NOW) == 4
        row = db.execute("SELECT id, name, email, role, created_at FROM users WHERE id = 4").fetchone()
        assert row == (4, "Eve", "eve@lab.test", "user", 1_767_603_600)

    def test_the_table_keeps_a_hash(self, db: sqlite3.Connection) -> None:
        """What is stored is slow to try, at the cost of today's setting: never the password. And it is of
        the password as it was typed, 5000 characters and the space at its end, or its owner cannot log in."""
        create_user(db, EVE, rounds=5, pepper=PEPPER, now=NOW)
        (stored,) = db.execute("SELECT password_hash FROM users WHERE name = 'Eve'").fetchone()
        assert stored[:7] == "$2b$05$"
        assert verify_password(PHRASE, stored, pepper=PEPPER) is True

    @judging.request(
        'form = {"name": "Mallory", "email": "ada@lab.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form).status_code',
        closed=409,
    )
    def test_a_taken_address_is_none(self, db: sqlite3.Connection) -> None:
        """Mallory signs up with Ada's address. None lets the app show the form again; an id signs her in,
        and an error is a 500."""
        assert create_user(db, TWIN, rounds=4, pepper=PEPPER, now=NOW) is None

    def test_the_account_that_was_there_stays_as_it_was(self, db: sqlite3.Connection) -> None:
        """Whoever signs up last must not be the one whom the address belongs to."""
        before = db.execute("SELECT * FROM users ORDER BY id").fetchall()
        create_user(db, TWIN, rounds=4, pepper=PEPPER, now=NOW)
        after = db.execute("SELECT * FROM users ORDER BY id").fetchall()
        assert (after == before) is True

    def test_nobody_comes_between(self, raced: sqlite3.Connection) -> None:
        """Between asking and writing somebody else asks, and is told the same. Here that happens each time:
        right before your first write a rival signs up with the address."""
        assert create_user(raced, EVE, rounds=4, pepper=PEPPER, now=NOW) is None
        names = raced.execute("SELECT name FROM users WHERE email = 'eve@lab.test'").fetchall()
        assert names == [("Rival",)]

    def test_the_id_is_of_this_account(self, raced: sqlite3.Connection) -> None:
        """Whoever signs up a moment later has the highest id. Signed in with that, Zoe sees another's
        profile."""
        zoe = create_user(raced, ZOE, rounds=4, pepper=PEPPER, now=NOW)
        names = raced.execute("SELECT name FROM users WHERE id = ?", (zoe,)).fetchall()
        assert names == [("Zoe",)]

    def test_a_refusal_leaves_no_lock(self, db: sqlite3.Connection) -> None:
        """A transaction or savepoint that nobody ends keeps the write lock, and the next visitor waits."""
        create_user(db, TWIN, rounds=4, pepper=PEPPER, now=NOW)
        assert db.in_transaction is False

    def test_the_transaction_is_the_callers(self, db: sqlite3.Connection) -> None:
        """The app makes account and session in one transaction, all or nothing. Who commits here takes that
        away: an account without a session stays."""
        db.execute("BEGIN")
        create_user(db, EVE, rounds=4, pepper=PEPPER, now=NOW)
        assert db.in_transaction is True
        db.execute("ROLLBACK")
        names = db.execute("SELECT name FROM users WHERE email = 'eve@lab.test'").fetchall()
        assert names == []

    def test_a_refusal_takes_nothing_back(self, db: sqlite3.Connection) -> None:
        """A statement that failed has changed nothing. What the caller wrote before it is the caller's."""
        db.execute("BEGIN")
        create_user(db, EVE, rounds=4, pepper=PEPPER, now=NOW)
        assert create_user(db, TWIN, rounds=4, pepper=PEPPER, now=NOW) is None
        assert db.in_transaction is True
        names = db.execute("SELECT name FROM users WHERE email = 'eve@lab.test'").fetchall()
        assert names == [("Eve",)]

    def test_another_failure_is_no_taken_address(self, db: sqlite3.Connection) -> None:
        """A disk that is full, or a table that may only be read, is for the operator to hear of."""
        db.execute("PRAGMA query_only = ON")
        raised = error_of_a_sign_up(db)
        assert isinstance(raised, sqlite3.OperationalError)


def error_of_a_sign_up(db: sqlite3.Connection) -> object:
    """Return what a sign-up raises, or else returns."""
    try:
        return create_user(db, EVE, rounds=4, pepper=PEPPER, now=NOW)
    except sqlite3.Error as error:
        return error


@pytest.fixture
def changing(lab_app: LabApp) -> Iterator[sqlite3.Connection]:
    """A connection right before whose first write Ada's password becomes another one."""
    with closing(lab_app.connect()) as db, closing(lab_app.connect()) as other:
        chosen = [hashed(AWKWARD)]

        def change(statement: str) -> None:
            if chosen and is_a_write(statement):
                set_password_hash(other, 1, chosen.pop())

        db.set_trace_callback(change)
        yield db


@exercise("2.4")
class TestTheSameWorkForAStranger:
    def test_the_right_password_lets_its_owner_in(self, db: sqlite3.Connection) -> None:
        """Ada, however she writes her address."""
        user = authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=4, pepper=PEPPER)
        assert isinstance(user, UserRow)
        assert user.id == 1

    def test_an_address_counts_in_its_one_spelling(self, db: sqlite3.Connection) -> None:
        """A phone capitalises and adds a space, and on a Japanese keyboard a is also the wide ａ."""
        password = "analytical-engine-1843"
        assert isinstance(authenticate(db, " Ada@Lab.test ", password, rounds=4, pepper=PEPPER), UserRow)
        assert isinstance(authenticate(db, "\uff41da@lab.test", password, rounds=4, pepper=PEPPER), UserRow)

    def test_a_wrong_password_lets_nobody_in(self, db: sqlite3.Connection) -> None:
        """Neither one that is nearly right, nor none, nor somebody else's right one."""
        assert authenticate(db, "ada@lab.test", "analytical-engine-1844", rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "ada@lab.test", "", rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "ada@lab.test", "first-compiler-1952", rounds=4, pepper=PEPPER) is None

    @judging.request(
        'form = {"email": "eve@lab.test", "password": "wrong-password-1"}',
        '"Email or password is wrong." in browser.post("/login", form).text',
        closed=True,
    )
    def test_a_stranger_meets_the_same_refusal(self, db: sqlite3.Connection) -> None:
        """Another status, another page or a redirect for addresses without an account lists the members to
        whoever tries addresses: the same None as for a wrong password."""
        assert authenticate(db, "eve@lab.test", "wrong-password-1", rounds=4, pepper=PEPPER) is None

    def test_what_is_no_address_is_refused(self, db: sqlite3.Connection) -> None:
        """No text in the field is an error, and none is a pattern."""
        assert authenticate(db, "", "", rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "ada", "analytical-engine-1843", rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "%@%.%", "analytical-engine-1843", rounds=4, pepper=PEPPER) is None

    def test_nothing_that_is_typed_is_a_crash(self, db: sqlite3.Connection) -> None:
        """80 bytes, half a letter: a 500 for members and a 401 for strangers tells them apart, too."""
        assert authenticate(db, "ada@lab.test", "🔑" * 20, rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "eve@lab.test", "🔑" * 20, rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "ada@lab.test", HALF, rounds=4, pepper=PEPPER) is None
        assert authenticate(db, "eve@lab.test", HALF, rounds=4, pepper=PEPPER) is None

    def test_a_password_counts_as_it_was_typed(self, db: sqlite3.Connection) -> None:
        """Whoever chose a space at an end types it again: trimmed, cut off or changed in case at login only,
        it is a wrong password."""
        insert_user(db, name="Eve", email="eve@lab.test", password_hash=hashed(AWKWARD), now=NOW)
        user = authenticate(db, "eve@lab.test", AWKWARD, rounds=4, pepper=PEPPER)
        assert isinstance(user, UserRow)
        assert authenticate(db, "eve@lab.test", AWKWARD.strip(), rounds=4, pepper=PEPPER) is None

    def test_a_member_costs_one_hash(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """The measure for the others: one hash, of the cost that her own has."""
        costs.clear()
        authenticate(db, "ada@lab.test", "wrong-password-1", rounds=4, pepper=PEPPER)
        assert costs == [4]

    @judging.request(
        'browser.post("/login", {"email": "eve@lab.test", "password": "wrong-password-1"})',
        "app.hash_costs",
        closed=[4],
    )
    def test_a_stranger_costs_what_a_member_costs(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """A hash less is a refusal that comes sooner, a hash more one that comes later: either lists the
        members to whoever has a stopwatch. `costs` has the cost of each hash that was made."""
        costs.clear()
        authenticate(db, "eve@lab.test", "wrong-password-1", rounds=4, pepper=PEPPER)
        assert costs == [4]

    def test_no_password_costs_a_member_less(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """Nothing at all, what is too short to be one, half a letter, 5000 characters: every refusal costs
        one hash. Mallory chooses the password, and would choose the one that tells members by their work."""
        costs.clear()
        authenticate(db, "ada@lab.test", "", rounds=4, pepper=PEPPER)
        authenticate(db, "ada@lab.test", "short", rounds=4, pepper=PEPPER)
        authenticate(db, "ada@lab.test", AWKWARD, rounds=4, pepper=PEPPER)
        assert costs == [4, 4, 4]

    def test_no_password_costs_a_stranger_less(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """The same for an address without an account: what costs a member a hash costs a stranger one."""
        costs.clear()
        authenticate(db, "eve@lab.test", "", rounds=4, pepper=PEPPER)
        authenticate(db, "eve@lab.test", "short", rounds=4, pepper=PEPPER)
        authenticate(db, "eve@lab.test", AWKWARD, rounds=4, pepper=PEPPER)
        assert costs == [4, 4, 4]

    def test_a_strangers_hash_has_todays_cost(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """The setting is raised, and members' hashes follow. A dummy of a fixed cost stays behind."""
        costs.clear()
        authenticate(db, "eve@lab.test", "wrong-password-1", rounds=6, pepper=PEPPER)
        assert costs == [6]

    def test_a_stranger_waits_no_longer(
        self, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A pause for strangers hides nothing: its mean shows after a hundred tries. Only the same work
        takes the same time."""
        pauses: list[float] = []
        monkeypatch.setattr(time, "sleep", pauses.append)
        authenticate(db, "ada@lab.test", "wrong-password-1", rounds=4, pepper=PEPPER)
        for_a_member = len(pauses)
        authenticate(db, "eve@lab.test", "wrong-password-1", rounds=4, pepper=PEPPER)
        assert len(pauses) - for_a_member == for_a_member

    def test_a_disabled_account_is_no_account(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """Its owner may have left in anger: the right password is refused like any wrong one, at the same
        cost."""
        set_disabled(db, 1, NOW, by=2)
        costs.clear()
        assert authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=4, pepper=PEPPER) is None
        assert costs == [4]

    def test_nor_is_its_hash_renewed(self, db: sqlite3.Connection, costs: list[int]) -> None:
        """The cost has been raised since. A second hash would take as long again, and tell that there is an
        account under this address, with this password. And the one hash costs what it costs any member."""
        set_disabled(db, 1, NOW, by=2)
        before = _stored(db)
        costs.clear()
        assert authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=5, pepper=PEPPER) is None
        assert costs == [4]
        assert (_stored(db) == before) is True

    def test_a_wrong_password_changes_nothing(self, db: sqlite3.Connection) -> None:
        """Hashed again before it has matched, Mallory's guess becomes Ada's password. The cost has been
        raised since she signed up."""
        before = _stored(db)
        assert authenticate(db, "ada@lab.test", "mallorys-guess-1", rounds=5, pepper=PEPPER) is None
        assert authenticate(db, "ada@lab.test", "mallorys-guess-1", rounds=5, pepper=PEPPER) is None
        assert (_stored(db) == before) is True

    def test_a_right_password_renews_an_old_hash(self, db: sqlite3.Connection) -> None:
        """The login is the one moment at which the server has the password, so old hashes are renewed
        there: hers, and nobody else's."""
        user = authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=5, pepper=PEPPER)
        assert isinstance(user, UserRow)
        assert _stored(db)[:7] == "$2b$05$"
        assert _stored(db, 2)[:7] == "$2b$04$"
        again = authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=5, pepper=PEPPER)
        assert isinstance(again, UserRow)

    def test_it_is_renewed_as_it_was_typed(self, db: sqlite3.Connection) -> None:
        """Renewed without the space at its end, a password opens once more, and from then on to nobody who
        types it."""
        insert_user(db, name="Eve", email="eve@lab.test", password_hash=hashed(AWKWARD), now=NOW)
        authenticate(db, "eve@lab.test", AWKWARD, rounds=5, pepper=PEPPER)
        again = authenticate(db, "eve@lab.test", AWKWARD, rounds=5, pepper=PEPPER)
        assert isinstance(again, UserRow)

    def test_it_is_renewed_to_todays_cost(self, db: sqlite3.Connection) -> None:
        """Whatever the cost was before: the operator may have raised it by two, and may lower it again."""
        authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=6, pepper=PEPPER)
        assert _stored(db)[:7] == "$2b$06$"
        authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=4, pepper=PEPPER)
        assert _stored(db)[:7] == "$2b$04$"

    def test_a_password_that_was_changed_meanwhile_stays(self, changing: sqlite3.Connection) -> None:
        """To hash takes its time. Here Ada chooses a new password in it, in another browser, right before
        your first write: a hash of the old one that is stored over it lets in whoever knows the old one."""
        authenticate(changing, "ada@lab.test", "analytical-engine-1843", rounds=5, pepper=PEPPER)
        assert verify_password(AWKWARD, _stored(changing), pepper=PEPPER) is True

    def test_a_hash_of_todays_cost_is_left_alone(self, db: sqlite3.Connection) -> None:
        """A login that always writes makes every login wait for every other."""
        before = _stored(db)
        authenticate(db, "ada@lab.test", "analytical-engine-1843", rounds=4, pepper=PEPPER)
        assert (_stored(db) == before) is True


def _stored(db: sqlite3.Connection, user_id: int = 1) -> str:
    """Return the hash in the table."""
    user = user_by_id(db, user_id)
    assert user is not None
    return user.password_hash.reveal()


def _after_the_cost_was_raised(app: LabApp) -> tuple[Browser, str]:
    """Return a stranger's browser on an app of cost 5, where members have hashes of cost 4; an address."""
    return Browser(App(replace(app.settings, bcrypt_rounds=5)), app.clock), "alan@lab.test"


@exercise("2.5")
class TestAGuessThatBecomesThePassword:
    def test_it_opens_the_account_where_the_hole_is(self) -> None:
        """The login stores a new hash of what was typed, before it knows whether that was the password."""
        judging.attack_wins("2.5", cast=_after_the_cost_was_raised)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where nothing is stored before it was proven, the second guess is as wrong as the first."""
        judging.attack_loses("2.5", cast=_after_the_cost_was_raised)


@exercise("2.6")
class TestATestThatCountsWork:
    def test_it_spares_right_logins(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("2.6")

    def test_it_catches_the_wrong_logins_of_this_lesson(self) -> None:
        """One lets everybody in, one nobody. All others refuse and accept as they should: only their work, or
        what they store, tells them apart."""
        judging.proof_catches_the_taught("2.6")
