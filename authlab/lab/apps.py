"""Apps to learn on: a fresh database with Ada and Grace, a frozen clock, seeded bytes, everything
countable."""

import hashlib
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import bcrypt

from authlab.app import App
from authlab.db import UserRow, all_users, insert_user
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.passwords import hash_password
from authlab.request import TRACE_KEY
from authlab.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Result = TypeVar("Result")

ADA = ("Ada Lovelace", "ada@lab.test", "analytical-engine-1843")
GRACE = ("Grace Hopper", "grace@lab.test", "first-compiler-1952")
LAB_ROUNDS = 4  # bcrypt's lowest cost: lessons count hashes, they do not wait for them
# What takes the database's write lock. A plain BEGIN does not: it may still ask before it writes.
_WRITES = ("INSERT", "REPLACE", "UPDATE", "DELETE", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")


class LabApp:
    """The app with its cast signed up, and with counters for what only the server's side can see.

    `vault` is a secret planted for this run: it is the name of a member whom only admins may see. An attack
    that brings it back has read what it must not.
    """

    def __init__(
        self, vault: str = "Alan Turing", sessions: Literal["stateless", "database"] = "stateless"
    ) -> None:
        self.clock = LabClock()
        self.vault = vault
        self.statements: list[str] = []
        self.crashes: list[str] = []
        self.hashes = 0
        self.hash_costs: list[int] = []  # of each hash its bcrypt cost: work is what a stopwatch sees
        self._turn = threading.local()
        folder = tempfile.mkdtemp(prefix="authlab-")
        self._close = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.settings = Settings(
            session_key=b"a key for lessons, known to all!",
            pepper=b"a pepper for lessons, known too!",
            database=Path(folder, "lab.sqlite"),
            hosts=("lab.test",),
            sessions=sessions,
            bcrypt_rounds=LAB_ROUNDS,
            clock=self.clock,
            random_bytes=_seeded_bytes("lab"),
        )
        self._app = App(self.settings, on_crash=lambda crash: self.crashes.append(repr(crash)))
        self._sign_up_the_cast()
        _count_hashes_for(self)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, counting what it asks the database."""
        trace = _WatchedTrace(environ.get(TRACE_KEY), self)
        environ[TRACE_KEY] = trace
        return self._app(environ, start_response)

    def browser(self, **options: Any) -> Browser:
        """Return a new visitor's browser, with no cookie."""
        return Browser(self, self.clock, **options)

    def users(self) -> list[UserRow]:
        """Return the table of users as it is on disk: the operator's view, which no request has."""
        db = self._app.database.connect()
        try:
            return all_users(db)
        finally:
            db.close()

    def members(self) -> list[tuple[str, str, str]]:
        """Return (name, e-mail, role) of all members, from the table itself."""
        return [(user.name, user.email, user.role) for user in self.users()]

    def together(self, tasks: Iterable[Callable[[], Result]]) -> list[Result]:
        """Run tasks at once, each in a thread; before its first write, each waits for all others.

        So every one of them has asked its questions before any of them writes: the race that
        happens once a month in production happens here each time. A task that writes nothing waits
        at its end.
        """
        work = list(tasks)
        barrier = threading.Barrier(len(work))

        def run(task: Callable[[], Result]) -> Result:
            self._turn.barrier = barrier
            try:
                return task()
            finally:
                self._wait_for_the_others()

        with ThreadPoolExecutor(len(work)) as pool:
            return list(pool.map(run, work))

    def close(self) -> None:
        """Delete the database."""
        self._close()

    def _sign_up_the_cast(self) -> None:
        db = self._app.database.connect()
        vault = (self.vault, "alan@lab.test", "on-computable-numbers-1936")
        for (name, email, password), role in ((ADA, "user"), (GRACE, "admin"), (vault, "user")):
            hashed = hash_password(password, rounds=self.settings.bcrypt_rounds, pepper=self.settings.pepper)
            insert_user(db, name=name, email=email, password_hash=hashed, role=role, now=self.clock.now)
        db.close()

    def _saw(self, layer: str, what: str) -> None:
        if layer != "db":
            return
        self.statements.append(what)
        if what.upper().startswith(_WRITES) and "sent_forms" not in what:
            self._wait_for_the_others()

    def _wait_for_the_others(self) -> None:
        barrier, self._turn.barrier = getattr(self._turn, "barrier", None), None
        if barrier is not None:  # None: this thread runs no task of `together`, or has waited already
            with suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=5)  # somebody may be stuck behind another's lock: the rest go on


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
