"""Accounts: made once, proven at each login, and a refusal tells nothing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from authlab.accounts import authenticate, create_user, email_is_free
from authlab.db import Database, UserRow, all_users, user_by_email
from authlab.forms import SignupForm
from authlab.lab.apps import LabApp

PEPPER = b"a pepper for tests, known to all"
NOW = 1_767_603_600
ADA = SignupForm(name="Ada Lovelace", email="ada@lab.test", password="analytical-engine-1843")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database without users."""
    connection = Database(tmp_path / "accounts.sqlite").connect()
    yield connection
    connection.close()


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The cost of each bcrypt hash that is computed, in order."""
    seen: list[int] = []

    def noting(function: Any) -> Any:
        def note_and_call(password: bytes, salt_or_hash: bytes) -> Any:
            seen.append(int(salt_or_hash.split(b"$")[2]))
            return function(password, salt_or_hash)

        return note_and_call

    monkeypatch.setattr(bcrypt, "hashpw", noting(bcrypt.hashpw))
    monkeypatch.setattr(bcrypt, "checkpw", noting(bcrypt.checkpw))
    return seen


def sign_up(db: sqlite3.Connection, form: SignupForm = ADA) -> int | None:
    """Sign up, at the lowest cost."""
    return create_user(db, form, rounds=4, pepper=PEPPER, now=NOW)


def log_in(db: sqlite3.Connection, email: str, password: str, rounds: int = 4) -> UserRow | None:
    """Log in, on a server whose cost is `rounds` today."""
    return authenticate(db, email, password, rounds=rounds, pepper=PEPPER)


def stored_hash(db: sqlite3.Connection) -> str:
    """What the table holds for Ada."""
    user = user_by_email(db, "ada@lab.test")
    assert user is not None
    return user.password_hash.reveal()


# create_user


def test_a_new_account_is_stored_under_the_id_that_comes_back(db: sqlite3.Connection) -> None:
    """Sign-up signs in whoever has this id: a wrong one is somebody else's profile."""
    grace = SignupForm(name="Grace Hopper", email="grace@lab.test", password="first-compiler-1952")
    assert sign_up(db) == 1
    assert sign_up(db, grace) == 2
    assert [(row.id, row.name, row.email) for row in all_users(db)] == [
        (1, "Ada Lovelace", "ada@lab.test"),
        (2, "Grace Hopper", "grace@lab.test"),
    ]


def test_a_new_account_has_no_power(db: sqlite3.Connection) -> None:
    """Nobody signs up as an admin."""
    sign_up(db)
    assert all_users(db)[0].role == "user"


def test_the_table_holds_no_password(db: sqlite3.Connection) -> None:
    """A stolen table is a list of slow hashes, and of nothing else."""
    sign_up(db)
    for row in db.execute("SELECT * FROM users"):
        assert "analytical-engine" not in repr(tuple(row))
    assert stored_hash(db).startswith("$2b$04$")


def test_a_taken_address_gets_none_and_the_first_account_stands(db: sqlite3.Connection) -> None:
    """Mallory signs up with Ada's address: her password goes on to work, and his never does."""
    sign_up(db)
    mallory = SignupForm(name="Mallory", email="ada@lab.test", password="i-was-here-2")
    assert sign_up(db, mallory) is None
    assert [row.name for row in all_users(db)] == ["Ada Lovelace"]
    assert log_in(db, "ada@lab.test", "analytical-engine-1843") is not None
    assert log_in(db, "ada@lab.test", "i-was-here-2") is None


def test_a_refused_sign_up_leaves_no_transaction_open(db: sqlite3.Connection) -> None:
    """A transaction that nobody ends keeps the write lock, and the next sign-up waits for it."""
    sign_up(db)
    assert not db.in_transaction
    assert sign_up(db) is None
    assert not db.in_transaction


def test_eight_sign_ups_at_once_make_one_account() -> None:
    """Asking first and inserting then leaves a gap that eight visitors fit into: seven crash."""
    app = LabApp()
    form = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
    answers = app.together([lambda: app.browser().post("/signup", form)] * 8)
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    assert [user.email for user in app.users()].count("eve@lab.test") == 1
    assert app.crashes == []
    app.close()


def test_an_address_is_free_until_it_is_taken(db: sqlite3.Connection) -> None:
    """The early check says what the table says at that moment, and promises nothing."""
    assert email_is_free(db, "ada@lab.test")
    sign_up(db)
    assert not email_is_free(db, "ada@lab.test")
    assert email_is_free(db, "eve@lab.test")


# authenticate


def test_the_right_password_lets_its_owner_in(db: sqlite3.Connection) -> None:
    """Ada, however she writes her address."""
    sign_up(db)
    for email in ("ada@lab.test", " ADA@lab.test ", "Ada@Lab.Test"):
        user = log_in(db, email, "analytical-engine-1843")
        assert user is not None, email
        assert (user.id, user.email) == (1, "ada@lab.test")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param("ada@lab.test", "analytical-engine-1844", id="wrong password"),
        pytest.param("ada@lab.test", "", id="no password"),
        pytest.param("ada@lab.test", "🔑" * 20, id="80 bytes"),
        pytest.param("ada@lab.test", "\ud83d", id="half an emoji"),
        pytest.param("eve@lab.test", "analytical-engine-1843", id="nobody's address"),
        pytest.param("eve@lab.test", "", id="nobody, no password"),
        pytest.param("eve@lab.test", "🔑" * 20, id="nobody, 80 bytes"),
        pytest.param("ada", "analytical-engine-1843", id="no address"),
        pytest.param("", "", id="nothing"),
        pytest.param("ada@lab.test\n", "analytical-engine-1843", id="a line break"),
        pytest.param("%", "analytical-engine-1843", id="a wildcard"),
        pytest.param("' OR 1=1 --", "analytical-engine-1843", id="an SQL injection"),
    ],
)
def test_every_refusal_is_none_and_costs_one_hash(
    db: sqlite3.Connection, costs: list[int], email: str, password: str
) -> None:
    """Neither the answer nor the work behind it tells Mallory which half of his guess was right."""
    sign_up(db)
    costs.clear()
    assert log_in(db, email, password) is None
    assert costs == [4], "not one hash of today's cost: a stopwatch tells members from strangers"


def test_a_right_password_costs_one_hash_too(db: sqlite3.Connection, costs: list[int]) -> None:
    """At today's cost there is nothing to renew."""
    sign_up(db)
    costs.clear()
    assert log_in(db, "ada@lab.test", "analytical-engine-1843") is not None
    assert costs == [4]


def test_a_stranger_s_hash_has_today_s_cost(db: sqlite3.Connection, costs: list[int]) -> None:
    """The setting was raised, and members' hashes with it: a dummy of the old cost stands out."""
    assert log_in(db, "eve@lab.test", "let-me-in-4", rounds=6) is None
    assert costs == [6]


def test_a_right_password_renews_an_old_hash(db: sqlite3.Connection) -> None:
    """The one moment when the server has the password is the moment to hash it at today's cost."""
    sign_up(db)
    assert log_in(db, "ada@lab.test", "analytical-engine-1843", rounds=5) is not None
    assert stored_hash(db).startswith("$2b$05$")
    assert log_in(db, "ada@lab.test", "analytical-engine-1843", rounds=5) is not None
    assert log_in(db, "ada@lab.test", "analytical-engine-1844", rounds=5) is None


def test_a_wrong_password_renews_nothing(db: sqlite3.Connection) -> None:
    """Hashed again without a proof, Mallory's guess becomes Ada's password."""
    sign_up(db)
    before = stored_hash(db)
    assert log_in(db, "ada@lab.test", "i-was-here-2", rounds=5) is None
    assert stored_hash(db) == before
    assert log_in(db, "ada@lab.test", "i-was-here-2", rounds=5) is None


def test_a_hash_of_today_s_cost_is_left_alone(db: sqlite3.Connection) -> None:
    """A login that always writes makes every login wait for every other."""
    sign_up(db)
    before = stored_hash(db)
    assert log_in(db, "ada@lab.test", "analytical-engine-1843") is not None
    assert stored_hash(db) == before


def test_renewing_one_hash_leaves_the_others(db: sqlite3.Connection) -> None:
    """An UPDATE without its WHERE gives everybody Ada's password."""
    grace = SignupForm(name="Grace Hopper", email="grace@lab.test", password="first-compiler-1952")
    sign_up(db)
    sign_up(db, grace)
    log_in(db, "ada@lab.test", "analytical-engine-1843", rounds=5)
    assert log_in(db, "grace@lab.test", "first-compiler-1952") is not None
    assert log_in(db, "grace@lab.test", "analytical-engine-1843") is None
