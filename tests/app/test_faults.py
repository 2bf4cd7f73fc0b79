"""A killed process, a full disk, a locked table: what was answered holds, and nothing is half there."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from werkzeug.test import Client

from authlab.app import App
from authlab.db import Connection
from authlab.errors import SettingsError
from authlab.settings import Limit, Settings
from tests.app.sqlite_errors import sqlite_error

OWN_ORIGIN = {"Origin": "http://localhost"}
KEYS = {"k": b"k" * 32}
PASSWORD = "let-me-in-4 you"

# Four visitors at once, each signing up, logging in and out for ever. A line is said before a session is
# ended, and after each answer: what is said to be done has been answered.
BUSY = """
import json, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.app.test_faults import PASSWORD, OWN_ORIGIN, app_on, form_token, token_of
from werkzeug.test import Client

app = app_on(Path(sys.argv[1]), sys.argv[2])
saying = threading.Lock()

def say(*words):
    with saying:
        print(json.dumps(words), flush=True)

def visitor(number):
    turn = 0
    while True:
        turn += 1
        email = f"v{number}-{turn}@lab.test"
        client = Client(app)
        form = {"name": "Visitor", "email": email, "password": PASSWORD}
        answer = client.post("/signup", data=form, headers=OWN_ORIGIN)
        assert answer.status_code == 303, answer.text
        first = token_of(client)
        say("signed up", email, first)
        say("ending", email, first)
        answer = client.post("/login", data=form, headers=OWN_ORIGIN)
        assert answer.status_code == 303, answer.text
        say("ended", email, first)
        second = token_of(client)
        say("logged in", email, second)
        if turn % 2:
            say("ending", email, second)
            csrf = form_token(client)
            answer = client.post("/devices/end-others", data={"csrf": csrf}, headers=OWN_ORIGIN)
            assert answer.status_code == 303, answer.text
            third = token_of(client)
            say("ended", email, second)
            say("ending", email, third)
            client.post("/logout", data={"csrf": csrf}, headers=OWN_ORIGIN)
            say("ended", email, third)

for number in range(4):
    threading.Thread(target=visitor, args=(number,)).start()
"""


def app_on(database: Path, sessions: Literal["stateless", "database"] = "database") -> App:
    """The app as it starts again and again on one database, with no limit on how often it is used."""
    often = Limit(1_000_000, 60)
    return App(
        Settings(
            KEYS,
            b"p" * 32,
            database,
            bcrypt_rounds=4,
            sessions=sessions,
            passwords="guide",
            signups_per_address=often,
            logins_per_address=often,
            logins_per_account=often,
        ),
        on_crash=lambda crash: None,
    )


def token_of(client: Client) -> str:
    cookie = client.get_cookie("__Host-session")
    assert cookie is not None
    return cookie.value


def form_token(client: Client) -> str:
    page = client.get("/devices").text
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def opens_profile(app: App, token: str) -> bool:
    visitor = Client(app, use_cookies=False)  # its own would replace the header
    return visitor.get("/profile", headers={"Cookie": f"__Host-session={token}"}).status_code == 200


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "app.sqlite"


# Killed


@pytest.mark.parametrize("sessions", ["stateless", "database"])
@pytest.mark.parametrize("lines", [5, 40, 120])
def test_a_process_killed_under_load_leaves_a_sound_database(
    database: Path, sessions: Literal["stateless", "database"], lines: int
) -> None:
    """Whatever it was doing: who got an answer has an account, and an ended session stays ended."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, str(database), sessions, str(root)],
        stdout=subprocess.PIPE,
        text=True,
    ) as busy:
        assert busy.stdout is not None
        said = [json.loads(busy.stdout.readline()) for _ in range(lines)]
        busy.send_signal(signal.SIGKILL)
        said += [json.loads(line) for line in busy.stdout if line.endswith("\n")]

    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = db.execute("SELECT email, name, password_hash FROM users").fetchall()
        emails = {email for email, _, _ in rows}
        assert all(name == "Visitor" and stored.startswith("$2b$04$") for _, name, stored in rows)
    app = app_on(database, sessions)
    state = {token: what for what, _, token in said}
    assert {email for what, email, _ in said if what == "signed up"} <= emails
    assert "ended" in state.values() or lines == 5
    for token, what in state.items():
        if what != "ending":  # of those that were on their way, either is right
            assert opens_profile(app, token) is (what != "ended"), what
    for email in emails:  # each of them can log in: no account without its password
        form = {"email": email, "password": PASSWORD}
        assert Client(app).post("/login", data=form, headers=OWN_ORIGIN).status_code == 303


@pytest.mark.parametrize("step", ["INSERT INTO users", "INSERT INTO sessions", "COMMIT"])
def test_a_sign_up_that_dies_on_its_way_makes_nothing(database: Path, step: str) -> None:
    """At each step: an account without its session would be one that its owner cannot sign up for."""
    app = app_on(database)
    form = {"name": "Eve", "email": "eve@lab.test", "password": PASSWORD}
    with failing(lambda sql: sql.startswith(step), sqlite_error(sqlite3.SQLITE_IOERR)):
        assert Client(app).post("/signup", data=form, headers=OWN_ORIGIN).status_code == 503
    assert count(database, "users") == count(database, "sessions") == 0
    assert Client(app).post("/signup", data=form, headers=OWN_ORIGIN).status_code == 303


# Many at once


@pytest.mark.parametrize("sessions", ["stateless", "database"])
def test_eight_writers_at_once_lose_nothing(
    database: Path, sessions: Literal["stateless", "database"]
) -> None:
    """Each signs up, logs in elsewhere, ends the other session, twenty times over: no 500, no lost row."""
    app = app_on(database, sessions)

    def write(writer: int) -> list[int]:
        statuses = []
        for turn in range(20):
            client, phone = Client(app), Client(app)
            form = {"name": "Eve", "email": f"w{writer}-{turn}@lab.test", "password": PASSWORD}
            statuses.append(client.post("/signup", data=form, headers=OWN_ORIGIN).status_code)
            statuses.append(phone.post("/login", data=form, headers=OWN_ORIGIN).status_code)
            csrf = {"csrf": form_token(client)}
            statuses.append(client.post("/devices/end-others", data=csrf, headers=OWN_ORIGIN).status_code)
            statuses.append(phone.get("/profile").status_code)
            statuses.append(client.get("/profile").status_code)
        return statuses

    with ThreadPoolExecutor(8) as writers:
        statuses = list(writers.map(write, range(8)))
    assert statuses == [[303, 303, 303, 303, 200] * 20] * 8
    assert count(database, "users") == 160
    assert count(database, "sessions") == (160 if sessions == "database" else 0)


# Nothing can be written


def full(connection: sqlite3.Connection) -> None:
    """No page more than there are: what SQLite says is what it says of a full disk."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def read_only(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")


def locked(connection: sqlite3.Connection) -> None:
    """Another process holds the lock, and this one has waited long enough."""
    connection.execute("PRAGMA busy_timeout = 0")


@pytest.mark.parametrize("fault", [full, read_only, locked])
def test_where_nothing_can_be_written_the_visitor_is_told_and_nothing_changes(
    database: Path, fault: Callable[[sqlite3.Connection], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, in words, and what was there before is there: pages go on, and so does the app when it is over."""
    app = app_on(database)
    ada = Client(app)
    form = {"name": "Ada", "email": "ada@lab.test", "password": PASSWORD}
    assert ada.post("/signup", data=form, headers=OWN_ORIGIN).status_code == 303
    before = dump(database)
    holder = sqlite3.connect(database, isolation_level=None)
    if fault is locked:
        holder.execute("BEGIN IMMEDIATE")
    connect = app.database.connect

    def connect_with_fault(observer: Callable[[str], None] | None = None) -> Connection:
        connection = connect(observer)
        fault(connection)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(app.database, "connect", connect_with_fault)
        forms = [{**form, "name": "E" * 100, "email": f"{n:0240d}@lab.test"} for n in range(40)]
        answers = [Client(app).post("/signup", data=one, headers=OWN_ORIGIN) for one in forms]
        assert ada.get("/profile").status_code == 200
    told = answers[-1]
    assert told.status_code == 503
    assert "Nothing was changed" in told.text
    assert "sqlite" not in told.text.lower()
    assert "Set-Cookie" not in told.headers
    holder.close()
    if fault is not full:  # a full disk still has room in pages that are there; the rest is all or nothing
        assert dump(database) == before
    assert count(database, "users") == count(database, "sessions")
    assert (
        Client(app).post("/signup", data={**form, "email": "eve@lab.test"}, headers=OWN_ORIGIN).status_code
        == 303
    )


def test_a_database_that_is_none_is_told_to_the_operator_in_one_line(database: Path) -> None:
    """And the file is left as it was: it may be somebody's holiday pictures."""
    database.write_bytes(b"no database at all" * 100)
    with pytest.raises(SettingsError) as refused:
        app_on(database)
    assert "app.sqlite" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert database.read_bytes() == b"no database at all" * 100


@contextmanager
def failing(when: Callable[[str], bool], error: Exception) -> Iterator[None]:
    """Within the block, a statement that `when` picks fails with `error`."""
    execute = Connection.execute

    def fail(self: Connection, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if when(sql):
            raise error
        return execute(self, sql, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "execute", fail)
        yield


def count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return list(db.iterdump())
