"""Checks of lesson 8. One happy path first, then the traps, in the order in which an answer is improved.

A request of Ada's is `visit("Ada")`, each time a new one, with the session of her one login: the part is
called with it as a page would, in an app that nobody else visits.
"""

import gc
import re
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.test import create_environ

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.course.kata.lesson_08_data_access_layer import FakeRequest
from authlab.dal import change_phone, get_user, per_request, prove, verify_session
from authlab.db import Connection, Database, UserRow, user_by_id
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.request import TRACE_KEY, Request
from authlab.sessions.strategy import strategy

NUMBERS = {"Ada": 1, "Grace": 2, "Alan": 3}
ADAS_PHONE = "+44 20 7946 0001"


class ClosedAtLast(Database):
    """A database that closes what was opened on it: nobody answers these requests, and closes them then."""

    def __init__(self, path: Path) -> None:
        self.opened: list[sqlite3.Connection] = []
        super().__init__(path)

    def connect(self, observer: Callable[[str], None] | None = None) -> Connection:
        connection = super().connect(observer)
        self.opened.append(connection)
        return connection

    def close(self) -> None:
        for connection in self.opened:
            connection.close()


class Visit:
    """Makes requests of an app's members, as its pages get them, and counts what they ask."""

    def __init__(self, app: LabApp) -> None:
        self.app = app
        self.database = ClosedAtLast(app.settings.database)
        self.sessions = strategy(app.settings)
        self._tokens: dict[str, str] = {}
        self._trace: list[tuple[str, str]] = []

    def __call__(
        self,
        name: str = "",
        *,
        cookie: str = "",
        path: str = "/profile",
        address: str = "192.0.2.1",
        form: dict[str, str] | None = None,
    ) -> Request:
        """Return a request of a member, of somebody with this cookie, or of a guest."""
        token = self.token_of(name) if name else cookie
        headers = {"Cookie": f"__Host-session={token}"} if token else {}
        method = "GET" if form is None else "POST"
        environ = create_environ(path, "https://lab.test", headers=headers, method=method, data=form)
        environ["REMOTE_ADDR"] = address
        environ[TRACE_KEY] = self._trace
        return Request(environ, self.app.settings, self.database, self.sessions)

    def without_a_database(self, name: str) -> Request:
        """Return a request of a member whose database does not answer: it is another one, without a table."""
        request = self(name)
        request.__dict__["db"] = sqlite3.connect(":memory:")
        self.database.opened.append(request.db)
        return request

    def token_of(self, name: str) -> str:
        """Return the token of a member's one session."""
        if name not in self._tokens:
            with closing(self.database.connect()) as db:
                self._tokens[name] = self.sessions.create(db, NUMBERS[name], "a browser")
        return self._tokens[name]

    def log_out(self, name: str) -> None:
        """End a member's session. Copies of the token are still about."""
        request = self(name)
        assert request.session is not None
        self.sessions.delete(request.db, request.session)

    def change(self, sql: str) -> None:
        """Change the database, as another request would."""
        with closing(self.database.connect()) as db:
            db.execute(sql)

    def queries(self) -> int:
        """Return how often the database was asked by requests."""
        return sum(layer == "db" for layer, _ in self._trace)


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Visits to an app with database sessions, where a session is a row that can be gone."""
    with closing(LabApp(sessions="database")) as app, closing((made := Visit(app)).database):
        yield made


def outcome(part: Callable[[Request], Any], request: Request) -> str:
    """Return whom a part answers with, or how it refuses."""
    try:
        answer = part(request)
    except NotSignedIn:
        return "NotSignedIn"
    except HTTPException as other:
        return type(other).__name__
    except sqlite3.Error as error:
        return type(error).__name__
    return str(getattr(answer, "name", answer))


def stale(part: Callable[[Request], Any], request: Request) -> bool | str:
    """Return what a refusal says of the cookie: whether one came that the answer has to take back."""
    try:
        return f"an answer, {part(request)!r}"
    except NotSignedIn as refused:
        return refused.stale


def kept(request: Request) -> str:
    """Return what a request remembers, and under what."""
    names = [getattr(key, "__name__", repr(key)) for key in request.memo]
    return " and ".join(f"an answer to {name}" for name in names) or "nothing"


@exercise("8.1")
class TestTheCookieIsAClaim:
    def test_it_returns_the_row_as_it_is_now(self, visit: Visit) -> None:
        """The row itself, with the role that the database has. The guide returns a number and `isAuth`: its
        dashboard finds no role there, and sends everybody round in a circle."""
        user = verify_session(visit("Grace"))
        assert isinstance(user, UserRow)
        assert user.name == "Grace Hopper"
        assert user.role == "admin"

    @judging.request(
        "ada = app.browser(); ada.post('/login', {'email': ADA[1], 'password': ADA[2]})",
        "browser.cookies = dict(ada.cookies)  # a copy, made before she logs out",
        "ada.post('/logout')",
        "browser.get('/api/me').status_code",
        closed=401,
    )
    def test_a_session_that_was_ended_proves_nobody(self, visit: Visit) -> None:
        """Ada has logged out; a copy of her cookie is signed as well as before. The cookie is a claim, and
        the database knows whether it still holds."""
        visit.log_out("Ada")
        assert outcome(verify_session, visit("Ada")) == "NotSignedIn"

    def test_what_was_proven_is_proven_anew_at_the_next_request(self, visit: Visit) -> None:
        """A minute ago she was signed in. That says nothing about now."""
        verify_session(visit("Ada"))
        visit.log_out("Ada")
        assert outcome(verify_session, visit("Ada")) == "NotSignedIn"

    def test_nobody_is_refused_and_not_returned(self, visit: Visit) -> None:
        """Where nobody is a return value, each caller has to look at it, and one of them does not."""
        assert outcome(verify_session, visit()) == "NotSignedIn"

    def test_who_brings_no_cookie_has_none_taken_back(self, visit: Visit) -> None:
        """`stale` says whether a cookie came that proves nobody. None came."""
        assert stale(verify_session, visit()) is False

    def test_a_cookie_that_we_never_signed_is_taken_back(self, visit: Visit) -> None:
        """It proves nobody, and `stale` says that a cookie came: the answer then clears it."""
        assert stale(verify_session, visit(cookie="a.b.c")) is True

    @judging.request(
        "ada = app.browser(); ada.post('/login', {'email': ADA[1], 'password': ADA[2]})",
        "browser.cookies = dict(ada.cookies); ada.post('/logout'); browser.get('/api/me')",
        "browser.get('/login').status_code",
        closed=200,
    )
    def test_a_cookie_of_a_session_that_ended_is_taken_back(self, visit: Visit) -> None:
        """It is refused, and `stale` must say that it came. The middleware believes every signed cookie, and
        sends it from /login to the dashboard, which sends it to /login: unless it is taken back, that goes on
        for ever."""
        visit.log_out("Ada")
        assert stale(verify_session, visit("Ada", path="/dashboard")) is True

    def test_a_user_who_was_deleted_is_nobody(self, visit: Visit) -> None:
        """The token outlives the account by days."""
        visit.token_of("Alan")
        visit.change("DELETE FROM users WHERE id = 3")
        assert outcome(verify_session, visit("Alan")) == "NotSignedIn"

    def test_a_user_who_was_disabled_is_nobody(self, visit: Visit) -> None:
        """An admin has shut the account; its sessions do not go on until they run out."""
        visit.token_of("Alan")
        visit.change("UPDATE users SET disabled_at = 1 WHERE id = 3")
        assert outcome(verify_session, visit("Alan")) == "NotSignedIn"

    def test_a_role_is_the_one_of_this_moment(self, visit: Visit) -> None:
        """Grace is no admin any more. What she was when she logged in is over at once."""
        verify_session(visit("Grace"))
        visit.change("UPDATE users SET role = 'user' WHERE id = 2")
        assert verify_session(visit("Grace")).role == "user"

    def test_what_was_proven_is_kept_for_the_request(self, visit: Visit) -> None:
        """Page, layout and data all want to know who is there. What is not kept is asked for each time."""
        request = visit("Ada")
        verify_session(request)
        assert kept(request) != "nothing", (
            "verify_session(visit('Ada')): expected an answer in the memo of the request, got none"
        )

    def test_what_was_proven_is_kept_under_its_question(self, visit: Visit) -> None:
        """The question is `prove`, the function itself. A function around it is another one, and a lambda a
        new one each time: neither the next call finds the answer there, nor does `keep_session`."""
        request = visit("Ada")
        verify_session(request)
        assert "an answer to prove" in kept(request), (
            f"verify_session(visit('Ada')): expected an answer to prove in the memo of the request, "
            f"got {kept(request)}"
        )

    def test_a_page_that_asks_three_times_costs_one_query(self, visit: Visit) -> None:
        """Page, layout and data all want to know who is there: they get one answer, for one query."""
        request = visit("Ada")
        verify_session(request)
        verify_session(request)
        verify_session(request)
        assert visit.queries() == 1

    def test_a_guest_costs_no_query(self, visit: Visit) -> None:
        """Without a session there is nothing to look up: a crowd at the door costs the database nothing."""
        assert outcome(verify_session, visit()) == "NotSignedIn"
        assert outcome(verify_session, visit(cookie="a.b.c")) == "NotSignedIn"
        assert visit.queries() == 0

    def test_two_visitors_are_two(self, visit: Visit) -> None:
        """In one process, one after the other, on the same page."""
        assert outcome(verify_session, visit("Ada")) == "Ada Lovelace"
        assert outcome(verify_session, visit("Grace")) == "Grace Hopper"

    def test_a_script_gets_the_same_refusal_as_a_page(self, visit: Visit) -> None:
        """Where to go is not decided here: a script can do nothing with a redirect to a page."""
        assert outcome(verify_session, visit(path="/api/me")) == "NotSignedIn"

    def test_a_piece_of_a_page_is_no_exception(self, visit: Visit) -> None:
        """`/fragments/members` has an address of its own, and nobody has asked before it."""
        visit.log_out("Ada")
        assert outcome(verify_session, visit("Ada", path="/fragments/members")) == "NotSignedIn"

    def test_an_error_of_the_database_logs_nobody_out(self, visit: Visit) -> None:
        """A locked database passes. If it counts as "not signed in", everybody's cookie is taken back
        meanwhile."""
        assert outcome(verify_session, visit.without_a_database("Ada")) == "OperationalError"

    def test_proving_a_session_is_not_using_it(self, visit: Visit) -> None:
        """A page that is left open asks every minute who is there. If that prolonged the session, nobody who
        leaves the room would ever be logged out."""
        visit.token_of("Ada")
        visit.app.clock.advance(hours=25)
        visit.change("UPDATE sessions SET last_seen_at = last_seen_at + 90000")
        request = visit("Ada")
        verify_session(request)
        assert request.new_token is None

    def test_a_session_that_is_used_goes_on(self, lab_app: LabApp) -> None:
        """On each of six days Ada opens a page: `keep_session` finds what was proven, and prolongs it. On the
        eighth she is still signed in."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        for _ in range(8):
            lab_app.clock.advance(hours=20)
            ada.get("/profile")
        lab_app.clock.advance(hours=20)
        assert ada.get("/profile").status_code == 200

    def test_what_is_kept_is_the_proof(self, visit: Visit) -> None:
        """`keep_session` asks the proof for its session. What is kept under `prove` is what `prove` returned,
        all of it."""
        request = visit("Ada")
        verify_session(request)
        assert type(request.memo.get(prove)).__name__ == "Proof"

    def test_after_a_login_it_is_proven_anew(self, visit: Visit) -> None:
        """Signing in empties `request.memo`: who was proven before is asked about once more. What is kept
        beside the memo is not emptied."""
        request = visit("Ada")
        verify_session(request)
        visit.log_out("Ada")
        request.memo.clear()
        assert outcome(verify_session, request) == "NotSignedIn"


class Row:
    """An answer of which it can be seen whether anybody still has it."""


class Question:
    """A `read` that counts how often it was asked, and answers in turn."""

    def __init__(self, *answers: object) -> None:
        self.__name__ = self.__qualname__ = "read"  # as a function has them
        self.asked = 0
        self._answers = answers

    def __call__(self, request: Request) -> Any:
        self.asked += 1
        answer = self._answers[min(self.asked, len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def asking(request: Request, read: Question) -> object:
    """Return what `per_request` returns, or the name of the error that it raises."""
    try:
        return per_request(request, read)
    except (NotSignedIn, KeyError, sqlite3.Error) as error:
        return type(error).__name__


@exercise("8.2")
class TestOnceARequest:
    def test_it_returns_what_read_returns(self, visit: Visit) -> None:
        """`read` is handed the request: it is the request's own question."""
        assert per_request(visit("Ada"), lambda request: request.path) == "/profile"

    def test_asked_twice_it_answers_the_same(self, visit: Visit) -> None:
        """Two parts of a page must not see two different visitors."""
        request, read = visit("Ada"), Question("Ada", "somebody else")
        per_request(request, read)
        assert per_request(request, read) == "Ada"

    def test_asked_twice_it_reads_once(self, visit: Visit) -> None:
        """The page asks, its layout asks, its data asks; the database is asked once."""
        request, read = visit("Ada"), Question("Ada")
        per_request(request, read)
        per_request(request, read)
        assert read.asked == 1

    def test_it_works_by_keyword_too(self, visit: Visit) -> None:
        """However a page calls it, it is the same question."""
        request, read = visit("Ada"), Question("Ada")
        per_request(request, read)
        per_request(request=request, read=read)
        assert read.asked == 1

    def test_two_visitors_get_their_own_answers(self, visit: Visit) -> None:
        """Ada first, then Grace, in one process. What outlives the request, in a global or in a cache, is
        Ada's, and Grace gets it."""
        read = Question("Ada", "Grace")
        per_request(visit("Ada", path="/profile", address="192.0.2.1"), read)
        assert per_request(visit("Grace", path="/devices", address="192.0.2.2"), read) == "Grace"

    @judging.request(
        "ada = app.browser(); ada.post('/login', {'email': ADA[1], 'password': ADA[2]}); ada.get('/api/me')",
        "browser.get('/api/me').status_code",
        closed=401,
    )
    def test_two_visitors_of_one_page_get_their_own_answers(self, visit: Visit) -> None:
        """The path is no visitor. Everybody's profile is at `/profile`."""
        read = Question("Ada", "Grace")
        per_request(visit("Ada", path="/profile", address="192.0.2.1"), read)
        assert per_request(visit("Grace", path="/profile", address="192.0.2.2"), read) == "Grace"

    def test_two_visitors_of_one_office_get_their_own_answers(self, visit: Visit) -> None:
        """An address is no visitor either: a whole office comes from one."""
        read = Question("Ada", "Grace")
        per_request(visit("Ada", path="/profile", address="192.0.2.1"), read)
        assert per_request(visit("Grace", path="/devices", address="192.0.2.1"), read) == "Grace"

    def test_the_next_request_asks_anew(self, visit: Visit) -> None:
        """The same visitor, with the same cookie, a moment later: she may be no admin any more."""
        read = Question("admin", "user")
        per_request(visit("Grace", path="/admin"), read)
        assert per_request(visit("Grace", path="/profile", address="192.0.2.9"), read) == "user"

    def test_two_questions_do_not_answer_each_other(self, visit: Visit) -> None:
        """Who is there, and where are they signed in: two `read`s, two answers."""

        def who(request: Request) -> str:
            return "Ada"

        def where(request: Request) -> str:
            return "a browser"

        request = visit("Ada")
        per_request(request, who)
        assert per_request(request, where) == "a browser"

    def test_a_second_question_takes_nothing_from_the_first(self, visit: Visit) -> None:
        """Page, list, and page again: the first answer is still there."""
        request, who, where = visit("Ada"), Question("Ada"), Question("a browser")
        per_request(request, who)
        per_request(request, where)
        per_request(request, who)
        assert who.asked == 1

    def test_a_question_that_fails_takes_nothing_from_the_first(self, visit: Visit) -> None:
        """Who is there was answered, and which team failed: who is there is known as well as before."""
        request, who, team = visit("Ada"), Question("Ada"), Question(KeyError("team"))
        per_request(request, who)
        asking(request, team)
        per_request(request, who)
        assert who.asked == 1

    def test_two_questions_of_one_name_do_not_answer_each_other(self, visit: Visit) -> None:
        """Two functions can have one name, in two modules or in two classes. The function itself is the
        key."""

        class Members:
            @staticmethod
            def read(request: Request) -> str:
                return "Ada"

        class Teams:
            @staticmethod
            def read(request: Request) -> str:
                return "engines"

        request = visit("Ada")
        per_request(request, Members.read)
        assert per_request(request, Teams.read) == "engines"

    def test_two_questions_made_in_one_place_do_not_answer_each_other(self, visit: Visit) -> None:
        """A function that makes questions makes a new one each time, from the same lines. Name, module and
        code are those of all of them."""

        def question(answer: str) -> Callable[[Request], str]:
            return lambda request: answer

        request = visit("Ada")
        per_request(request, question("Ada"))
        assert per_request(request, question("engines")) == "engines"

    def test_none_is_an_answer_too(self, visit: Visit) -> None:
        """That there is no team is an answer, and costs a query to find out. `.get()` takes it for "not asked
        yet"."""
        request, read = visit("Ada"), Question(None)
        per_request(request, read)
        per_request(request, read)
        assert read.asked == 1
        assert per_request(request, read) is None

    def test_a_failure_is_raised_and_not_returned(self, visit: Visit) -> None:
        """A refusal that becomes None is one that the next line takes for a user."""
        assert asking(visit(), Question(NotSignedIn(stale=False))) == "NotSignedIn"

    def test_whatever_the_failure_is_it_is_raised(self, visit: Visit) -> None:
        """A `read` can raise what a dictionary raises, too: that is not "not asked yet", and no answer."""
        assert asking(visit("Ada"), Question(KeyError("team"))) == "KeyError"
        assert asking(visit("Ada"), Question(sqlite3.OperationalError("locked"))) == "OperationalError"

    def test_a_failure_is_not_kept(self, visit: Visit) -> None:
        """Nobody was signed in when it was asked first. After the login there is somebody."""
        request, read = visit(), Question(NotSignedIn(stale=False), "Ada")
        assert asking(request, read) == "NotSignedIn"
        assert asking(request, read) == "Ada"

    def test_the_answer_is_where_the_app_looks_for_it(self, visit: Visit) -> None:
        """`keep_session` looks into `request.memo`, under `read`, for who was proven: not found, a session
        that is in use runs out."""
        request, read = visit("Ada"), Question("Ada")
        per_request(request, read)
        assert request.memo.get(read) == "Ada"

    def test_a_login_within_a_request_renews_the_answer(self, visit: Visit) -> None:
        """Signing in empties `request.memo`: whoever this request was from before, it is somebody else
        now."""
        request, read = visit("Ada"), Question("Ada", "Grace")
        per_request(request, read)
        request.memo.clear()
        assert per_request(request, read) == "Grace"

    def test_a_request_that_is_over_is_let_go(self, visit: Visit) -> None:
        """What holds on to requests holds on to everybody's forms and passwords, until the memory is full."""
        request, read = visit("Ada"), Question("Ada")
        per_request(request, read)
        still_there = weakref.ref(request)
        del request
        gc.collect()
        assert still_there() is None

    def test_an_answer_goes_with_its_request(self, visit: Visit) -> None:
        """What was proven of a visitor is kept in the request's memo, and nowhere else: a list or a
        dictionary of the module has it for as long as the process lives."""
        request = visit("Ada")
        still_there = weakref.ref(per_request(request, lambda request: Row()))
        del request
        gc.collect()
        assert still_there() is None, (
            "per_request(visit('Ada'), read): expected the answer to be gone with its request, got it kept"
        )

    def test_a_question_may_ask_another(self, visit: Visit) -> None:
        """The team is asked for, and on the way who is there. Both are known after that: what was kept
        meanwhile is not lost."""
        request, who = visit("Ada"), Question("Ada")
        per_request(request, lambda request: per_request(request, who))
        per_request(request, who)
        assert who.asked == 1

    def test_each_visitor_sees_their_own_page(self, lab_app: LabApp) -> None:
        """The same in the app: Ada opens her profile, and then Grace opens hers."""
        ada, grace = lab_app.browser(), lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})
        ada.get("/api/me")
        assert grace.get("/api/me").json()["name"] == "Grace Hopper"


class TheVictims(list[str]):
    """Where the victim's browser writes its requests: into Mallory's list, so that their order is seen."""

    def __init__(self, story: list[str]) -> None:
        super().__init__()
        self._story = story

    def append(self, sent: str) -> None:
        self._story.append(f"the victim: {sent}")


def a_victim_and_mallory(app: LabApp) -> tuple[Browser, Browser]:
    """The victim is member 3, signed in; Mallory has no account."""
    victim, mallory = app.browser(address="192.0.2.3"), app.browser(address="192.0.2.66")
    victim.post("/login", {"email": "alan@lab.test", "password": "on-computable-numbers-1936"})
    victim.history = TheVictims(mallory.history)
    return victim, mallory


class Step(NamedTuple):
    """A request of the attack, and what it was answered with."""

    by_the_victim: bool
    path: str
    status: int


class Attack:
    """What the answer to 8.3 sends to the app with the hole, and what becomes of it."""

    def __init__(self) -> None:
        try:
            judging.attack_wins("8.3", cast=self._cast)
        except AssertionError as failed:
            if ", against " in str(failed):  # it crashed, and that is told first
                raise
        sent = [re.match(r"(the victim: )?\w+ ([^ ?]+)\S* -> (\d+)", line) for line in self.mallory.history]
        self.steps = [Step(bool(one[1]), one[2], int(one[3])) for one in sent if one]

    def _cast(self, app: LabApp) -> tuple[Browser, Browser]:
        self.victim, self.mallory = a_victim_and_mallory(app)
        return self.victim, self.mallory

    def pages(self, *, of_the_victim: bool) -> str:
        """Return the paths that one of the two browsers asked for."""
        paths = {step.path for step in self.steps if step.by_the_victim is of_the_victim}
        return " and ".join(sorted(paths)) or "no page"

    def after_the_victim(self) -> list[Step]:
        """Return Mallory's requests for what the victim had opened before."""
        return [
            step
            for number, step in enumerate(self.steps)
            if not step.by_the_victim and (True, step.path) in [before[:2] for before in self.steps[:number]]
        ]

    def mallory_was_first_at(self, path: str) -> bool:
        """Return whose request for a path came first."""
        return not next(step for step in self.steps if step.path == path).by_the_victim

    def taken(self) -> str:
        """Return the victim's cookies that Mallory's browser has."""
        theirs, hers = self.victim.cookies, self.mallory.cookies
        return " and ".join(name for name in hers if hers[name] == theirs.get(name))


@exercise("8.3")
class TestAfterHer:
    def test_mallory_asks_for_a_page_after_the_victim(self) -> None:
        """There is one answer for each path, and it must be the victim's: the victim opens a page, and your
        browser asks for the same one after that. What the victim's own browser shows is no attack."""
        attack = Attack()
        assert attack.after_the_victim(), (
            f"read_after_them(victim, mallory): expected a page that Mallory asks for after the victim, "
            f"got the victim at {attack.pages(of_the_victim=True)}, "
            f"Mallory at {attack.pages(of_the_victim=False)}"
        )

    def test_the_victim_is_the_first_there(self) -> None:
        """Whoever comes first is remembered. A page that you have opened before answers with you."""
        attack = Attack()
        assert not attack.after_the_victim() or not all(
            attack.mallory_was_first_at(step.path) for step in attack.after_the_victim()
        ), (
            f"read_after_them(victim, mallory): expected the victim to be the first at "
            f"{attack.after_the_victim()[0].path}, got Mallory"
        )

    def test_the_page_opens_for_mallory(self) -> None:
        """Before anybody asks the cache, the middleware looks at the cookie: it sends a guest away from pages
        for members."""
        attack = Attack()
        assert not attack.after_the_victim() or any(
            step.status == 200 for step in attack.after_the_victim()
        ), (
            f"read_after_them(victim, mallory): expected 200 for Mallory at "
            f"{attack.after_the_victim()[0].path}, got {attack.after_the_victim()[0].status}"
        )

    def test_it_takes_no_cookie_of_the_victim(self) -> None:
        """A stolen cookie opens every app. Here nothing has to be stolen: the cache hands it out."""
        attack = Attack()
        assert not attack.taken(), (
            f"read_after_them(victim, mallory): expected Mallory with no cookie of the victim, "
            f"got {attack.taken()}"
        )

    def test_it_reads_a_page_of_the_victim_where_the_hole_is(self) -> None:
        """The text of Mallory's answer is what is to be returned."""
        judging.attack_wins("8.3", cast=a_victim_and_mallory)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where the memo ends with the request, Mallory sees herself, or nobody."""
        judging.attack_loses("8.3", cast=a_victim_and_mallory)


def nothing_right(request: FakeRequest, read: Callable[[FakeRequest], Any]) -> object:
    """Ask nobody, and answer with something new each time."""
    return object()


@exercise("8.4")
class TestATestWithTwoVisitorsInIt:
    def test_it_spares_right_memos(self) -> None:
        """A test that fails or crashes on a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("8.4")

    def test_it_fails_where_nothing_is_right(self) -> None:
        """Whoever sees that nothing is right must say so with an `assert` that fails. A comparison that is
        returned says nothing, and neither does a crash."""
        judging.proof_can_fail("8.4", nothing_right)

    def test_it_catches_the_wrong_memos_of_this_lesson(self) -> None:
        """Each of them works, but for one thing. What a test does not ask for, it lets pass."""
        judging.proof_catches_the_taught("8.4")


@exercise("8.5")
class TestAnErrorIsNotNobody:
    def test_a_member_gets_their_own_data(self, visit: Visit) -> None:
        """Seven fields, named one by one."""
        assert get_user(visit("Ada")).model_dump() == {
            "id": 1,
            "name": "Ada Lovelace",
            "email": "ada@lab.test",
            "role": "user",
            "username": "member-1",
            "team": "engines",
            "phone": None,
        }

    @judging.request("browser.get('/api/me').status_code", closed=401)
    def test_nobody_is_refused_and_not_returned(self, visit: Visit) -> None:
        """None is taken for an answer: the page that wants a name from it fails with a 500, and a script
        hears nothing of having to log in."""
        assert outcome(get_user, visit()) == "NotSignedIn"

    def test_who_brings_no_cookie_has_none_taken_back(self, visit: Visit) -> None:
        """`verify_session` knows whether a cookie came, and its error has to arrive as it is. None came."""
        assert stale(get_user, visit()) is False

    def test_a_cookie_that_proves_nobody_is_taken_back(self, visit: Visit) -> None:
        """`verify_session` says so in the error, as `stale`, and the error has to arrive."""
        assert stale(get_user, visit(cookie="a.b.c")) is True

    def test_an_error_of_the_database_is_not_hidden(self, visit: Visit) -> None:
        """Nobody is signed in, or the database does not answer: two things, one for the visitor, the other
        for whoever is on call."""
        assert outcome(get_user, visit.without_a_database("Ada")) == "OperationalError"

    def test_a_session_that_was_ended_shows_nothing(self, visit: Visit) -> None:
        """The data is read where the proof is: nobody comes to it by a cookie alone."""
        visit.log_out("Ada")
        assert outcome(get_user, visit("Ada")) == "NotSignedIn"

    def test_a_script_hears_that_nobody_is_there(self, visit: Visit) -> None:
        """A made-up guest is an answer, and `/api/me` would hand it out with a 200."""
        assert outcome(get_user, visit(path="/api/me")) == "NotSignedIn"

    def test_whose_it_is_the_session_says(self, visit: Visit) -> None:
        """The guide calls `getUser(user.id)`. An id in the address is the visitor's text."""
        assert get_user(visit("Ada", path="/api/me?id=3")).id == 1
        assert get_user(visit("Ada", path="/api/me?user_id=3")).id == 1
        assert get_user(visit("Ada", path="/members/member-3")).id == 1

    def test_whose_it_is_no_form_says(self, visit: Visit) -> None:
        """A hidden field is as much the visitor's text as the address is."""
        assert get_user(visit("Ada", path="/api/me", form={"id": "3"})).id == 1
        assert get_user(visit("Ada", path="/api/me", form={"user_id": "3"})).id == 1

    def test_what_leaves_are_the_fields_that_were_named(self, lab_app: LabApp) -> None:
        """What nobody named stays inside: a token, the hash of the password, a column that is added
        tomorrow."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        fields = "email id name phone role team username"
        assert " ".join(sorted(ada.get("/api/me").json())) == fields

    def test_it_is_as_it_is_now(self, visit: Visit) -> None:
        """A name that was changed a moment ago is changed on the next page."""
        get_user(visit("Ada"))
        visit.change("UPDATE users SET name = 'Ada King' WHERE id = 1")
        assert get_user(visit("Ada")).name == "Ada King"

    def test_it_costs_no_query_of_its_own(self, visit: Visit) -> None:
        """The proof has read the row already."""
        request = visit("Ada")
        verify_session(request)
        get_user(request)
        get_user(request)
        assert visit.queries() == 1

    def test_after_a_login_it_is_somebody_else(self, visit: Visit) -> None:
        """Signing in empties `request.memo`. Data that is kept anywhere else stays the one of before."""
        request = visit("Ada")
        get_user(request)
        visit.log_out("Ada")
        request.memo.clear()
        assert outcome(get_user, request) == "NotSignedIn"


def phone_of(db: sqlite3.Connection, user_id: int) -> str | None:
    """Return what the table says now."""
    user = user_by_id(db, user_id)
    assert user is not None
    return user.phone


def changing(db: sqlite3.Connection, viewer: int, slug: str, phone: str | None) -> int | str | None:
    """Return what `change_phone` returns for the member with this number as the viewer, or what it raises."""
    row = user_by_id(db, viewer)
    assert row is not None
    try:
        return change_phone(db, row, slug, phone)
    except (Forbidden, NotSignedIn) as refused:
        return type(refused).__name__


@exercise("8.6")
class TestTheSecondDoor:
    def test_the_owner_changes_their_own_number(self, db: sqlite3.Connection) -> None:
        """Ada is member 1, at `/members/member-1`."""
        assert changing(db, viewer=1, slug="member-1", phone=ADAS_PHONE) == 1
        assert phone_of(db, 1) == ADAS_PHONE

    def test_the_number_of_another_is_not_theirs_to_change(self, db: sqlite3.Connection) -> None:
        """No page shows Ada a form for member 3. She is not the page, and sends it all the same."""
        assert changing(db, viewer=1, slug="member-3", phone="666") is None
        assert phone_of(db, 3) == "+44 1908 640404"

    def test_a_refused_write_has_written_nothing(self, db: sqlite3.Connection) -> None:
        """A refusal that comes after the write has refused nothing. Nor has one that takes the write back: in
        between, everybody reads what Ada wrote."""
        before = db.total_changes
        changing(db, viewer=1, slug="member-3", phone="666")
        assert phone_of(db, 3) == "+44 1908 640404"
        written = db.total_changes - before
        assert written == 0, (
            f"change_phone(db, ada, 'member-3', '666'): expected no row that is written, got {written}"
        )

    def test_the_number_of_a_team_mate_is_not_theirs_to_change(self, db: sqlite3.Connection) -> None:
        """Team-mates see each other's numbers. To see and to change are two permissions."""
        db.execute("UPDATE users SET team = 'engines' WHERE id = 3")
        assert changing(db, viewer=1, slug="member-3", phone="666") is None
        assert phone_of(db, 3) == "+44 1908 640404"

    def test_the_number_of_an_admin_is_not_theirs_to_change(self, db: sqlite3.Connection) -> None:
        """Grace may edit Ada. That is no reason for Ada to edit Grace."""
        assert changing(db, viewer=1, slug="member-2", phone="666") is None
        assert phone_of(db, 2) is None

    def test_not_yours_looks_like_not_there(self, db: sqlite3.Connection) -> None:
        """Two different refusals are an answer, too: they tell which addresses are somebody's."""
        assert changing(db, viewer=1, slug="member-99", phone="666") is None
        assert changing(db, viewer=1, slug="member-3", phone="666") is None

    def test_nobody_is_there(self, db: sqlite3.Connection) -> None:
        """An admin may edit everybody, and still nobody where nobody is."""
        assert changing(db, viewer=2, slug="member-99", phone="666") is None

    def test_an_admin_changes_the_number_that_was_named(self, db: sqlite3.Connection) -> None:
        """Grace, member 2, mends Ada's number: the viewer is Grace, the target is Ada."""
        assert changing(db, viewer=2, slug="member-1", phone=ADAS_PHONE) == 1
        assert phone_of(db, 1) == ADAS_PHONE
        assert phone_of(db, 2) is None

    def test_none_takes_the_number_away(self, db: sqlite3.Connection) -> None:
        """None is a value: whoever gives no number has decided something."""
        assert changing(db, viewer=3, slug="member-3", phone=None) == 3
        assert phone_of(db, 3) is None

    def test_the_same_number_again_is_no_refusal(self, db: sqlite3.Connection) -> None:
        """Alan saves his form as it was. None is a refusal, and the app would tell him that he is not
        there."""
        assert changing(db, viewer=3, slug="member-3", phone="+44 1908 640404") == 3
        assert phone_of(db, 3) == "+44 1908 640404"

    def test_a_slug_is_taken_as_it_is_written(self, db: sqlite3.Connection) -> None:
        """One address, one member: no pattern, no part of it, no other case, and no SQL."""
        assert changing(db, viewer=2, slug="member-_", phone="666") is None
        assert changing(db, viewer=2, slug="MEMBER-1", phone="666") is None
        assert changing(db, viewer=2, slug="member-01", phone="666") is None
        assert changing(db, viewer=2, slug="1", phone="666") is None
        assert changing(db, viewer=2, slug="' OR id = 1 --", phone="666") is None
        assert phone_of(db, 1) is None

    def test_only_that_row_is_changed(self, db: sqlite3.Connection) -> None:
        """Everybody else's number is as before."""
        changing(db, viewer=2, slug="member-1", phone=ADAS_PHONE)
        assert (phone_of(db, 2), phone_of(db, 3)) == (None, "+44 1908 640404")

    def test_what_was_written_stays_written(self, db: sqlite3.Connection) -> None:
        """A transaction that was begun and not ended is taken back with the connection, and until then nobody
        else can write."""
        changing(db, viewer=1, slug="member-1", phone=ADAS_PHONE)
        assert db.in_transaction is False

    def test_an_admin_changes_the_number_of_anybody(self, db: sqlite3.Connection) -> None:
        """`can_edit` knows who may, and makes no exception for another admin, or for a member whose account
        is disabled."""
        db.execute("UPDATE users SET role = 'admin' WHERE id = 1")
        db.execute("UPDATE users SET disabled_at = 1 WHERE id = 3")
        assert changing(db, viewer=2, slug="member-1", phone=ADAS_PHONE) == 1
        assert changing(db, viewer=2, slug="member-3", phone=ADAS_PHONE) == 3

    def test_in_the_app_a_form_for_another_is_a_404(self, lab_app: LabApp) -> None:
        """And the own one works: a defence that refused everybody would pass the rest."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        assert ada.post("/members/member-3/phone", {"phone": "+44 20 7946 0999"}).status_code == 404
        assert ada.post("/members/member-1/phone", {"phone": ADAS_PHONE}).status_code == 303
