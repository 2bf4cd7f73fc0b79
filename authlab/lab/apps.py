"""Apps to learn on: a fresh database with Ada and Grace, a frozen clock, seeded bytes, everything
countable."""

import hashlib
import re
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import bcrypt

from authlab.app import App
from authlab.course.mounting import is_mounted
from authlab.course.temporary import temporary_folder
from authlab.db import Connection, Database, UserRow, all_users, insert_user, set_phone
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.passwords import hash_password
from authlab.request import TRACE_KEY
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from authlab.lab.show.display import Display

Result = TypeVar("Result")

ADA = ("Ada Lovelace", "ada@lab.test", "analytical-engine-1843")
GRACE = ("Grace Hopper", "grace@lab.test", "first-compiler-1952")
ADAS_TEAM = "engines"  # Grace and the vault are in no team
VAULT_PHONE = "+44 1908 640404"
THIRD_MEMBER = "Alan Turing"
LAB_PEPPER = b"a pepper for lessons, known too!"
LAB_ROUNDS = 4  # bcrypt's lowest cost: lessons count hashes, they do not wait for them
# What an operator sees of an app and no request does: the same on an app in a process of its own.
VIEWS = ("members", "stolen_users", "stolen_sessions", "statements", "crashes", "log", "hashes", "hash_costs")
HASHING = ("authlab.passwords:hash_password", "authlab.passwords:password_digest")
_WRITES = {"INSERT", "REPLACE", "UPDATE", "DELETE", "IMMEDIATE", "EXCLUSIVE"}


@contextmanager
def lab_database() -> Iterator[sqlite3.Connection]:
    """Lend a fresh database for as long as the block runs: Ada is user 1, Grace (an admin) 2, Alan 3.

    For parts that are handed a `db`. It is that of an app which nobody visits.
    """
    with tempfile.TemporaryDirectory(prefix="authlab-", dir=temporary_folder()) as folder:
        file = Path(folder, "lab.sqlite")
        file.write_bytes(cast_on_disk())
        with closing(_ThrownAway(file)) as database, closing(database.connect()) as db:
            yield db


@cache
def cast_on_disk() -> bytes:
    """Return the file of a database with the cast signed up, made once: hashing takes most of the time."""
    with tempfile.TemporaryDirectory(prefix="authlab-", dir=temporary_folder()) as folder:
        file = Path(folder, "lab.sqlite")
        with closing(_ThrownAway(file)) as database, closing(database.connect()) as db:
            _sign_up_the_cast(db, LabClock().now)
        return file.read_bytes()


class LabApp:
    """The app with its cast signed up, and with counters for what only the server's side can see.

    `vault` is a secret planted for this run: it is the name of a member whom only admins may see. An attack
    that brings it back has read what it must not.
    """

    flaw: str | None = None  # the name of the flaw that is mounted: in this process, none
    _end_page: Callable[[Any], None] | None = None  # ends the page in a browser, once it was opened

    def __init__(
        self,
        vault: str = THIRD_MEMBER,
        sessions: Literal["stateless", "database"] = "stateless",
        *,
        cached: bool = False,
        passwords: Literal["guide", "modern"] = "guide",
    ) -> None:
        """Make one. `cached` turns the cache of database sessions on, so that attacks meet it, too."""
        self.clock = LabClock()
        self.vault = vault
        self.statements: list[str] = []
        self.crashes: list[str] = []
        self.log: list[str] = []  # of security events, a line each
        self.hashes = 0
        self.hash_costs: list[int] = []  # of each hash its bcrypt cost: work is what a stopwatch sees
        self._turn = threading.local()
        folder = tempfile.mkdtemp(prefix="authlab-", dir=temporary_folder())
        to_close = ExitStack()
        to_close.callback(shutil.rmtree, folder, ignore_errors=True)
        self._close = weakref.finalize(self, to_close.close)
        self.settings = Settings(
            session_keys={"lab": b"a key for lessons, known to all!"},
            pepper=LAB_PEPPER,
            database=Path(folder, "lab.sqlite"),
            hosts=("lab.test",),
            sessions=sessions,
            session_cache_seconds=60 if cached else 0,
            passwords=passwords,
            bcrypt_rounds=LAB_ROUNDS,
            clock=self.clock,
            random_bytes=_seeded_bytes("lab"),
            log=self.log.append,
        )
        sign_up = any(map(is_mounted, HASHING))  # what stands in for our hashing makes the cast's hashes, too
        if not sign_up:
            self.settings.database.write_bytes(cast_on_disk())
        database = _ThrownAway(self.settings.database)
        to_close.callback(database.close)
        self._app = App(
            self.settings, on_crash=lambda crash: self.crashes.append(repr(crash)), database=database
        )
        with closing(self.connect()) as db:
            if sign_up:
                _sign_up_the_cast(db, self.clock.now)
            db.execute("UPDATE users SET name = ? WHERE id = 3", (vault,))
        _count_hashes_for(self)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, counting what it asks the database."""
        trace = _WatchedTrace(environ.get(TRACE_KEY), self)
        environ[TRACE_KEY] = trace
        return self._app(environ, start_response)

    def browser(self, **options: Any) -> Browser:
        """Return a new visitor's browser, with no cookie."""
        return Browser(self, self.clock, **options)

    def open_page(self) -> "Display":
        """Return a card with a link, at which the app is in your own browser, until it is closed."""
        from authlab.lab import app_page  # not at the top: few apps have a page

        self._end_page = app_page.close_page
        return app_page.open_page(self)

    def as_page(self, name: str, *, parts: Iterable[str] = (), flaw: str = "") -> "WSGIApplication":
        """Return the app for people to look at: it answers to `name` as well, each page has its X-ray, and
        with a flaw its banner. `parts` are those that something is mounted in place of."""
        from authlab.lab.xray import Xray

        self.settings = self._app.settings = replace(self.settings, hosts=(*self.settings.hosts, name))
        return Xray(self, parts=parts, flaw=flaw)

    def connect(self) -> Connection:
        """Return a connection to the app's database: the operator's, which no request has. Close it."""
        return self._app.database.connect()

    def users(self) -> list[UserRow]:
        """Return the table of users as it is on disk: the operator's view, too."""
        with closing(self.connect()) as db:
            return all_users(db)

    def members(self) -> list[tuple[str, str, str]]:
        """Return (name, e-mail, role) of all members, from the table itself."""
        return [(user.name, user.email, user.role) for user in self.users()]

    def stolen_sessions(self) -> list[dict[str, Any]]:
        """Return the rows of the table of sessions as they are on disk: what a stolen backup tells."""
        return self._rows("SELECT * FROM sessions ORDER BY id")

    def stolen_users(self) -> list[dict[str, Any]]:
        """Return the rows of the table of users, hashes of passwords included: a stolen backup, too."""
        return self._rows("SELECT id, name, email, role, password_hash FROM users ORDER BY id")

    def together(
        self,
        tasks: Iterable[Callable[[], Result]],
        *,
        before_writing: str = "users",
        in_turn: bool = False,
    ) -> list[Result]:
        """Run tasks at once, each in a thread; before its first write to a table, each waits for all others.

        So every one of them has asked its questions before any of them writes: the race that
        happens once a month in production happens here each time. A task that writes nothing there waits
        at its end. Where it matters who writes last, `in_turn` has them go on one after the other, in their
        order.
        """
        work = list(tasks)
        barrier = threading.Barrier(len(work))
        done = [threading.Event() for _ in work]

        def run(number: int) -> Result:
            self._turn.barrier, self._turn.table = barrier, before_writing
            self._turn.after = done[number - 1] if in_turn and number else None
            try:
                return work[number]()
            finally:
                self._wait_for_the_others()
                done[number].set()

        with ThreadPoolExecutor(len(work)) as pool:
            return list(pool.map(run, range(len(work))))

    def close(self) -> None:
        """Delete the database, and end the page if one is open."""
        if self._end_page is not None:
            self._end_page(self)
        self._close()

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with closing(self.connect()) as db:
            cursor = db.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _saw(self, layer: str, what: str) -> None:
        if layer != "db":
            return
        self.statements.append(what)
        if is_a_write(what) and getattr(self._turn, "table", "?") in what.split():
            self._wait_for_the_others()

    def _wait_for_the_others(self) -> None:
        barrier, self._turn.barrier = getattr(self._turn, "barrier", None), None
        if barrier is not None:  # None: this thread runs no task of `together`, or has waited already
            with suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=5)  # somebody may be stuck behind another's lock: the rest go on
            if self._turn.after is not None:
                self._turn.after.wait(timeout=5)


def is_a_write(statement: str) -> bool:
    """Return whether a statement of SQL writes, or begins a transaction in order to: its comments do not
    count, and `WITH` may stand before it."""
    words = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL).upper().split()
    return not _WRITES.isdisjoint(words)


def _sign_up_the_cast(db: sqlite3.Connection, now: int) -> None:
    """Store Ada, Grace and Alan."""
    third = (THIRD_MEMBER, "alan@lab.test", "on-computable-numbers-1936")
    for (name, email, password), role in ((ADA, "user"), (GRACE, "admin"), (third, "user")):
        hashed = hash_password(password, rounds=LAB_ROUNDS, pepper=LAB_PEPPER)
        insert_user(db, name=name, email=email, password_hash=hashed, role=role, now=now)
    set_phone(db, 3, VAULT_PHONE)
    db.execute("UPDATE users SET team = ? WHERE id = 1", (ADAS_TEAM,))


class _ThrownAway(Database):
    """A database that nobody needs after a power cut: it waits for no disk, which is most of a request."""

    def connect(self, observer: Callable[[str], None] | None = None) -> Connection:
        """Return an open connection."""
        connection = super().connect()
        connection.execute("PRAGMA synchronous = OFF")
        connection.observer = observer
        return connection


class _WatchedTrace:
    """A trace that fills the browser's list and the app's counters."""

    def __init__(self, inner: list[tuple[str, str]] | None, app: LabApp) -> None:
        self._inner = inner
        self._app = app

    def append(self, entry: tuple[str, str]) -> None:
        """Take one step of a request."""
        if self._inner is not None:
            self._inner.append(entry)
        self._app._saw(*entry)


def _seeded_bytes(seed: str) -> Callable[[int], bytes]:
    """Return a source of bytes that are the same in every run. Never for anything but lessons."""
    count = 0

    def next_bytes(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed} {count}".encode()).digest(size)

    return next_bytes


# Hashes are counted where they are made, whoever makes them: the package, a flaw, a learner's answer.
_counted: "weakref.WeakSet[LabApp]" = weakref.WeakSet()


def _count_hashes_for(app: LabApp) -> None:
    _counted.add(app)


def _counting(function: Callable[..., Any]) -> Callable[..., Any]:
    def count_and_call(*args: Any, **kwargs: Any) -> Any:
        cost = _cost([*args, *kwargs.values()])
        for app in list(_counted):
            app.hashes += 1
            app.hash_costs.append(cost)
        return function(*args, **kwargs)

    return count_and_call


def _cost(arguments: list[Any]) -> int:
    """Return the cost that the salt or hash of a bcrypt call says (`$2b$04$…`: 4), or 0."""
    found = [re.match(rb"\$2[abxy]\$(\d\d)\$", text) for text in arguments[:2] if isinstance(text, bytes)]
    return max((int(match[1]) for match in found if match), default=0)


bcrypt.hashpw = _counting(bcrypt.hashpw)
bcrypt.checkpw = _counting(bcrypt.checkpw)
