"""The database: what each statement changes and leaves alone, all or nothing, and for how long."""

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from authlab import db as queries
from authlab.db import Connection, Database, FoundSession, SessionRow, UserRow, transaction, when_it_holds
from authlab.errors import SettingsError
from authlab.server_only import ServerOnly

ADA, GRACE, NOBODY = 1, 2, 9
NOW = 1_767_603_600
DAY = 24 * 60 * 60
ADA_ROW = UserRow(ADA, "member-1", "Ada", "ada@lab.test", ServerOnly("ada's hash"), "user")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "app.sqlite")


@pytest.fixture
def db(database: Database) -> Iterator[Connection]:
    """A database with Ada, and with Grace, who is an admin."""
    with closing(database.connect()) as connection:
        sign_up(connection, "Ada")
        sign_up(connection, "Grace", role="admin")
        yield connection


def sign_up(db: Connection, name: str, role: str = "user") -> int:
    email, password_hash = f"{name.lower()}@lab.test", f"{name.lower()}'s hash"
    return queries.insert_user(db, name=name, email=email, password_hash=password_hash, now=NOW, role=role)


def begin(db: Connection, session_id: str, user_id: int = ADA, *, now: int = NOW) -> None:
    """Store a session that lasts a day."""
    queries.insert_session(
        db,
        session_id=session_id,
        secret_hash=f"hash of {session_id}",
        user_id=user_id,
        device="a browser",
        now=now,
        expires_at=now + DAY,
    )


def session_ids(db: Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT session_id FROM sessions ORDER BY id")]


def names(rows: list[UserRow]) -> list[str]:
    return [row.name for row in rows]


# The file


def test_a_file_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    """One line for the operator: which file, what came, and the two ways on."""
    with pytest.raises(SettingsError) as refused:
        Database(tmp_path / "no such folder" / "app.sqlite")
    assert str(refused.value) == (
        "Database app.sqlite: expected a file that can be written, got: unable to open database file. "
        "Check the folder's rights, or name another: --database FILE"
    )


def test_who_reads_does_not_wait_for_who_writes(database: Database, db: Connection) -> None:
    """A page in the middle of somebody's sign-up sees the table as it was before."""
    with closing(database.connect()) as reader, transaction(db):
        sign_up(db, "Zoe")
        assert names(queries.all_users(reader)) == ["Ada", "Grace"]


def test_who_writes_waits_ten_seconds_for_another_who_does(db: Connection) -> None:
    """Then it is an error, and a page that says so: no visitor waits for ever."""
    assert db.execute("PRAGMA busy_timeout").fetchone() == (10_000,)


# The connection that stays open


def files_beside(database: Database) -> set[str]:
    """Return what SQLite has made beside the database itself: its log's files, while somebody is there."""
    folder = database._path.parent
    return {path.name for path in folder.iterdir()} - {database._path.name}


LOG = {"app.sqlite-wal", "app.sqlite-shm"}


def test_the_files_of_the_log_stay_between_requests(database: Database) -> None:
    """SQLite deletes them with the last connection, and making them anew is most of a request."""
    database.connect().close()
    assert files_beside(database) == LOG


@pytest.mark.parametrize("number", [1, 2])
def test_a_database_that_is_closed_leaves_one_file_and_can_be_used_again(
    database: Database, number: int
) -> None:
    for _ in range(number):
        database.close()
    assert files_beside(database) == set()
    database.connect().close()
    assert files_beside(database) == LOG


def test_a_database_that_nobody_has_any_more_is_closed(tmp_path: Path) -> None:
    """Without a warning: the tests take any for an error."""
    (lambda: Database(tmp_path / "app.sqlite").connect().close())()
    gc.collect()
    assert {path.name for path in tmp_path.iterdir()} == {"app.sqlite"}


def test_a_database_can_be_closed_from_any_thread(database: Database) -> None:
    """Where the garbage is collected, or a server ends, is not where the app was made."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(database.close).result()
    assert files_beside(database) == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process is forked here")
def test_no_connection_that_stays_open_comes_into_a_child(database: Database) -> None:
    """SQLite in the child would trust locks that the parent holds. Each opens one of its own again."""
    told, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(telling, repr(files_beside(database)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(telling)
    with os.fdopen(told) as said:
        assert said.read() == "set()"
    database.connect().close()
    assert files_beside(database) == LOG


def test_the_sessions_of_a_deleted_user_go_with_the_row(db: Connection) -> None:
    """SQLite does it only where it is asked to, connection by connection."""
    begin(db, "ada's")
    assert queries.delete_user(db, ADA, by=GRACE)
    assert session_ids(db) == []


def test_an_observer_is_told_each_statement_and_no_value(database: Database, db: Connection) -> None:
    """A lab shows them to the whole room."""
    told: list[str] = []
    with closing(database.connect(told.append)) as watched:
        queries.user_by_email(watched, "ada@lab.test")
    assert len(told) == 1
    assert told[0].endswith("FROM users WHERE email = ?")


# Rows

ROWS = {
    "user": ADA_ROW,
    "session": SessionRow(1, "an id", "a browser", NOW, NOW),
    "found": FoundSession(ADA_ROW, ServerOnly("a hash"), ServerOnly(None), None, NOW, NOW),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_does_not_hand_out_its_columns_to_vars(row: object) -> None:
    """`json.dumps(row, default=vars)` is common, and would send addresses, phone numbers, ids of sessions."""
    with pytest.raises(TypeError):
        vars(row)


@pytest.mark.parametrize(
    ("row", "column"), [(ROWS["user"], "role"), (ROWS["session"], "id"), (ROWS["found"], "expires_at")]
)
def test_a_row_says_what_the_database_said(row: object, column: str) -> None:
    """`user.role = "admin"` is an error, not a promotion for the rest of the request."""
    with pytest.raises(FrozenInstanceError):
        setattr(row, column, "admin")


def test_of_whom_nothing_else_is_known_is_in_no_team_and_may_log_in() -> None:
    """No team is None: a team called "" would be one that many are in."""
    row = ADA_ROW
    assert (row.team, row.phone, row.last_login_at, row.previous_login_at) == (None, None, None, None)
    assert row.disabled is False
    assert row.session_generation == 0


def test_a_user_is_read_column_by_column(db: Connection) -> None:
    """Each value in its own field: a shift by one would make a team of a phone number."""
    queries.set_team(db, ADA, "engines", by=GRACE)
    queries.set_phone(db, ADA, "+44 1843")
    assert queries.note_login(db, ADA_ROW, NOW + 1)
    assert queries.note_login(db, ADA_ROW, NOW + 2)
    queries.set_disabled(db, ADA, NOW + 3, by=GRACE)
    queries.next_session_generation(db, ADA)
    assert queries.user_by_id(db, ADA) == UserRow(
        id=ADA,
        slug="member-1",
        name="Ada",
        email="ada@lab.test",
        password_hash=ServerOnly("ada's hash"),
        role="user",
        team="engines",
        phone="+44 1843",
        last_login_at=NOW + 2,
        previous_login_at=NOW + 1,
        disabled=True,
        session_generation=1,
    )


# Transactions


def fail_after(db: Connection, do: Callable[[], object]) -> None:
    """Do something in a transaction, in which something else then goes wrong."""
    with transaction(db):
        do()
        raise ZeroDivisionError


def test_an_error_takes_back_what_was_written(db: Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after(db, lambda: sign_up(db, "Zoe"))
    assert names(queries.all_users(db)) == ["Ada", "Grace"]
    assert not db.in_transaction


def test_an_error_is_told_as_it_is_though_sqlite_has_rolled_back_already(db: Connection) -> None:
    """A full disk, for one. That there was nothing left to roll back is not what went wrong."""
    with pytest.raises(ZeroDivisionError):
        fail_after(db, lambda: db.execute("ROLLBACK"))


def test_what_waits_for_a_transaction_is_called_at_its_end(database: Database, db: Connection) -> None:
    """A cache that forgot earlier would ask again, and be answered from before. Then it is called once."""
    seen: list[list[str]] = []
    with closing(database.connect()) as reader:
        with transaction(db):
            sign_up(db, "Zoe")
            when_it_holds(db, lambda: seen.append(names(queries.all_users(reader))))
            assert seen == []
        assert seen == [["Ada", "Grace", "Zoe"]]
        with transaction(db):
            pass
    assert len(seen) == 1


def test_what_waits_is_called_after_an_error_too(db: Connection) -> None:
    """To forget too much costs a query; to forget too little would cost the truth."""
    told: list[str] = []
    with pytest.raises(ZeroDivisionError):
        fail_after(db, lambda: when_it_holds(db, lambda: told.append("forget")))
    assert told == ["forget"]


def test_outside_of_a_transaction_nothing_waits(db: Connection) -> None:
    told: list[str] = []
    when_it_holds(db, lambda: told.append("forget"))
    assert told == ["forget"]


def test_any_connection_to_sqlite_can_have_a_transaction(db: Connection) -> None:
    """Lessons and answers may bring one of Python's own, which remembers nothing to be told at the end."""
    told: list[str] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as plain:
        with transaction(plain):
            when_it_holds(plain, lambda: told.append("now"))
            assert told == ["now"]
        assert not plain.in_transaction


# Users


def test_who_signs_up_is_a_user(db: Connection) -> None:
    """No caller has to remember to say so."""
    zoe = queries.insert_user(db, name="Zoe", email="zoe@lab.test", password_hash="a hash", now=NOW)
    row = queries.user_by_id(db, zoe)
    assert row is not None
    assert row.role == "user"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Ada", "Grace", "100% Zoe", "a_b!c"]),
        ("a", ["Ada", "Grace", "a_b!c"]),
        ("GRACE", ["Grace"]),
        ("%", ["100% Zoe"]),
        ("0%", ["100% Zoe"]),
        ("_", ["a_b!c"]),
        ("!", ["a_b!c"]),
        ("a_b", ["a_b!c"]),
        ("b!c", ["a_b!c"]),
        ("A_a", []),
        ("G%e", []),
        ("XX", []),
    ],
)
def test_a_search_takes_every_character_for_itself(db: Connection, text: str, found: list[str]) -> None:
    """A visitor's `%` is a percent sign: as a pattern it would find everybody, whatever stands around it."""
    sign_up(db, "100% Zoe")
    sign_up(db, "a_b!c")
    assert names(queries.search_users(db, text)) == found


def test_a_login_is_not_noted_for_whom_all_sessions_were_ended_meanwhile(db: Connection) -> None:
    """The password was right, and the session would begin after all others ended."""
    queries.next_session_generation(db, ADA)
    assert not queries.note_login(db, ADA_ROW, NOW)
    row = queries.user_by_id(db, ADA)
    assert row is not None
    assert row.last_login_at is None


def test_what_is_done_to_one_user_is_done_to_no_other(db: Connection) -> None:
    """An UPDATE that lost its WHERE."""
    before = queries.user_by_id(db, GRACE)
    queries.set_phone(db, ADA, "+44 1843")
    queries.set_password_hash(db, ADA, "another hash")
    queries.note_login(db, ADA_ROW, NOW)
    queries.next_session_generation(db, ADA)
    assert queries.user_by_id(db, GRACE) == before


# Sessions


def test_a_new_session_sweeps_out_those_of_its_user_that_have_run_out(db: Connection) -> None:
    """Or the table would grow with every login. Others' stay, until they log in themselves."""
    begin(db, "ada's old one")
    begin(db, "grace's old one", GRACE)
    begin(db, "ada's other one", now=NOW + 1)
    begin(db, "ada's new one", now=NOW + DAY)
    assert session_ids(db) == ["grace's old one", "ada's other one", "ada's new one"]


def test_a_session_is_found_with_its_owner_and_under_no_other(db: Connection) -> None:
    begin(db, "ada's")
    found = queries.find_session(db, "ada's", ADA)
    assert found == FoundSession(
        queries.user_by_id(db, ADA),  # type: ignore[arg-type]
        ServerOnly("hash of ada's"),
        ServerOnly(None),
        rotated_at=None,
        last_seen_at=NOW,
        expires_at=NOW + DAY,
    )
    assert queries.find_session(db, "ada's", GRACE) is None
    queries.set_disabled(db, ADA, NOW, by=GRACE)
    assert queries.find_session(db, "ada's", ADA) is None


def test_the_number_of_a_user_s_sessions_grows_when_they_are_ended_all_at_once(db: Connection) -> None:
    """It begins at 0, as for somebody who is not there, and each has their own."""
    assert queries.session_generation(db, ADA) == 0
    assert queries.next_session_generation(db, ADA) == 1
    assert queries.next_session_generation(db, ADA, after=1) == 2
    assert queries.next_session_generation(db, ADA, after=1) is None
    assert queries.session_generation(db, ADA) == 2
    assert queries.session_generation(db, GRACE) == 0
    assert queries.session_generation(db, NOBODY) == 0
    assert queries.next_session_generation(db, NOBODY) is None


# Counters


def test_attempts_are_counted_by_key_until_their_window_ends(db: Connection) -> None:
    """The window of the first one goes on, whatever the later ones say; the next begins at one."""
    assert queries.count_attempt(db, "a", NOW, NOW + 60) == (1, NOW + 60)
    assert queries.count_attempt(db, "a", NOW + 59, NOW + 119) == (2, NOW + 60)
    assert queries.count_attempt(db, "b", NOW + 59, NOW + 119) == (1, NOW + 119)
    assert queries.count_attempt(db, "a", NOW + 60, NOW + 120) == (1, NOW + 120)
    queries.forget_attempts(db, "a")
    assert queries.count_attempt(db, "a", NOW + 61, NOW + 121) == (1, NOW + 121)
    assert queries.count_attempt(db, "b", NOW + 61, NOW + 121) == (2, NOW + 119)


def test_a_new_window_sweeps_out_those_that_have_ended(db: Connection) -> None:
    """Or the table would grow with every address that was ever seen."""
    queries.count_attempt(db, "a", NOW, NOW + 60)
    queries.count_attempt(db, "b", NOW, NOW + 61)
    queries.count_attempt(db, "c", NOW + 60, NOW + 120)
    assert [key for (key,) in db.execute("SELECT key FROM attempts ORDER BY key")] == ["b", "c"]


def test_a_page_is_sent_once_and_remembered_for_a_day(db: Connection) -> None:
    """A second click makes no second account. After a day the page is old, and its number is forgotten."""
    assert queries.claim_form(db, "a page's number", NOW)
    assert not queries.claim_form(db, "a page's number", NOW + DAY - 1)
    assert queries.claim_form(db, "another one's", NOW + DAY - 1)
    assert queries.claim_form(db, "a page's number", NOW + DAY)
    assert not queries.claim_form(db, "another one's", NOW + DAY)
