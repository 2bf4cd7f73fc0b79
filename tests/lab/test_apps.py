"""The apps that lessons try things on: the same every time, countable, and gone when they are closed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authlab.course.places import ROOT
from authlab.lab import open_app
from authlab.lab.apps import ADA, GRACE, VIEWS, LabApp, is_a_write
from authlab.lab.browser import Browser
from authlab.lab.remote import RemoteApp
from tests.processes import is_gone, is_soon_gone

EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
WAIT_SECONDS = 30
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and process groups")

# A learner's file: 0.1 answers 303 and marks what it answered; 1.2 finds everything good.
ANSWERS = """
import sys
from werkzeug.wrappers import Response

def see_other(location):
    print("a learner's print")
    print("a learner's print", file=sys.stderr)
    return Response(status=303, headers={"Location": location, "X-Mine": "yes"})
"""
ANSWERS_1 = """
def password_problems(password):
    return []

def canonical_email(raw):
    return raw.strip()

def validate_signup(form):
    raise NotImplementedError("1.3 is not written yet")

class Debouncer:
    def __init__(self, wait_milliseconds): ...
"""


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp()
    yield app
    app.close()


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    (tmp_path / "lesson_00_start_here.py").write_text(ANSWERS)
    (tmp_path / "lesson_01_forms.py").write_text(ANSWERS_1)
    return tmp_path


@pytest.fixture
def remote() -> Iterator[Callable[..., RemoteApp]]:
    """Opens apps in processes of their own, and closes them."""
    opened: list[RemoteApp] = []

    def open_one(**options: object) -> RemoteApp:
        opened.append(RemoteApp(**options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for app in opened:
        app.close()


def a_visit(app: LabApp | RemoteApp) -> list[object]:
    """Everything that a visitor gets to see of a sign-up, a page, a logout and a login."""
    browser = app.browser()
    answers = [
        browser.get("/signup"),
        browser.post("/signup", EVE),
        browser.get("/profile"),
        browser.post("/logout"),
        browser.post("/login", {"email": EVE["email"], "password": EVE["password"]}),
        browser.get("/profile"),
    ]
    return [(answer.status_code, answer.content, list(answer.headers.items())) for answer in answers]


# LabApp


def test_two_fresh_apps_answer_byte_for_byte_the_same(app: LabApp) -> None:
    """Cookies, nonces and dates too: a notebook that is run again shows what it showed."""
    other = LabApp()
    assert a_visit(app) == a_visit(other)
    other.close()


def test_an_app_in_a_process_of_its_own_answers_the_same(
    app: LabApp, remote: Callable[..., RemoteApp]
) -> None:
    """With nothing mounted it is the same app, whatever Python's hash seed is."""
    assert a_visit(app) == a_visit(remote())


def test_two_apps_share_nothing(app: LabApp) -> None:
    """Neither users nor forms that were sent."""
    other = LabApp()
    form = {**EVE, "nonce": "1"}
    assert app.browser().post("/signup", form).status_code == 303
    assert other.browser().post("/signup", form).status_code == 303
    assert len(app.members()) == len(other.members()) == 4
    other.close()


def test_the_cast_is_signed_up(app: LabApp) -> None:
    """Ada, Grace, and a member who is nobody's business but the admins'."""
    assert app.members() == [
        ("Ada Lovelace", "ada@lab.test", "user"),
        ("Grace Hopper", "grace@lab.test", "admin"),
        ("Alan Turing", "alan@lab.test", "user"),
    ]
    for _, email, password in (ADA, GRACE):
        answer = app.browser().post("/login", {"email": email, "password": password})
        assert answer.status_code == 303


def test_the_secret_of_a_run_is_where_only_admins_look() -> None:
    """An attack that brings it back has been there; one that guessed has not."""
    app = LabApp(vault="The Vault 7f3a")
    assert "The Vault 7f3a" in [name for name, _, _ in app.members()]
    assert "7f3a" not in str(a_visit(app))
    app.close()


def test_the_clock_stands_still_until_it_is_moved(app: LabApp) -> None:
    """Monday, 5 January 2026, nine in the morning, in every room and every year."""
    assert app.clock() == 1_767_603_600
    app.clock.advance(days=1, hours=1, minutes=1, seconds=1)
    assert app.clock() == 1_767_603_600 + 86_400 + 3_600 + 60 + 1


def test_closing_removes_the_database(app: LabApp) -> None:
    """With what SQLite keeps beside it; and closing twice is closing."""
    folder = app.settings.database.parent
    app.browser().post("/signup", EVE)
    assert folder.is_dir()
    app.close()
    assert not folder.exists()
    app.close()


def test_an_app_that_is_forgotten_removes_its_database() -> None:
    """A cell that is run again makes a new app; nobody closes the old one."""
    app = LabApp()
    folder = app.settings.database.parent
    del app
    import gc

    gc.collect()
    assert not folder.exists()


def test_statements_are_counted_without_their_values(app: LabApp) -> None:
    """What was asked, never about whom."""
    app.statements.clear()
    app.browser().post("/signup", EVE)
    assert (
        "INSERT INTO users (name, email, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id"
    ) in app.statements
    assert "eve@lab.test" not in str(app.statements)


def test_hashes_are_counted_with_their_cost(app: LabApp) -> None:
    """One for a login, right or wrong, at the lab's cost of 4."""
    app.hashes, app.hash_costs = 0, []
    app.browser().post("/login", {"email": ADA[1], "password": "wrong"})
    assert app.hashes == 1
    assert app.hash_costs == [4]


@pytest.mark.parametrize(("cached", "asked"), [(False, 2), (True, 1)])
def test_the_cache_of_sessions_is_on_when_asked_for(cached: bool, asked: int) -> None:
    """Two pages ask for the session twice; with the cache, the second time is saved."""
    app = LabApp(sessions="database", cached=cached)
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    app.statements.clear()
    ada.get("/profile")
    ada.get("/profile")
    assert len([what for what in app.statements if "FROM sessions" in what]) == asked
    app.close()


@pytest.mark.parametrize(
    ("options", "status"), [({}, 422), ({"passwords": "guide"}, 422), ({"passwords": "modern"}, 303)]
)
def test_the_rules_for_passwords_are_the_guide_s_unless_asked(options: dict[str, Any], status: int) -> None:
    """A long password without a digit: the guide refuses it, today's rules take it."""
    app = LabApp(**options)
    answer = app.browser().post("/signup", {**EVE, "password": "correct horse battery staple"})
    assert answer.status_code == status
    app.close()


def test_the_log_of_security_events_is_the_app_s_own(app: LabApp) -> None:
    """A line for each event, where a lesson can read it; another app's stays empty."""
    other = LabApp()
    app.browser(address="198.51.100.7").post("/login", {"email": ADA[1], "password": "mistyped-1"})
    (line,) = app.log
    assert "198.51.100.7" in line
    assert "mistyped-1" not in line
    assert other.log == []
    other.close()


# together


def test_tasks_run_at_once(app: LabApp) -> None:
    """Each waits here until the other has come as far: one after the other, neither would get on."""
    met = threading.Barrier(2)

    def meet() -> int:
        return met.wait(timeout=WAIT_SECONDS)

    assert sorted(app.together([meet, meet])) == [0, 1]


def test_a_write_waits_for_the_others_questions(app: LabApp) -> None:
    """The first task would be done before the second begins to ask, were it not made to wait."""
    order: list[str] = []
    others_turn = threading.Event()

    def fast() -> None:
        db = app._app.database.connect(observer=lambda sql: app._saw("db", sql))
        others_turn.set()
        db.execute("UPDATE users SET name = name WHERE id = 1")
        order.append("fast wrote")
        db.close()

    def slow() -> None:
        others_turn.wait(timeout=WAIT_SECONDS)
        time.sleep(0.2)  # a write that did not wait would be long done; this decides no verdict when right
        order.append("slow asked")

    app.together([fast, slow])
    assert order == ["slow asked", "fast wrote"]


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({"before_writing": "attempts"}, ["slow asked", "fast wrote"]),
        ({"before_writing": "sessions"}, ["fast wrote", "slow asked"]),
        ({}, ["fast wrote", "slow asked"]),
    ],
)
def test_only_a_write_to_the_table_that_was_named_waits(
    app: LabApp, options: dict[str, Any], order: list[str]
) -> None:
    """The race that a lesson is about, and no other: the count of attempts has one of its own."""
    happened: list[str] = []
    others_turn = threading.Event()

    def fast() -> None:
        db = app._app.database.connect(observer=lambda sql: app._saw("db", sql))
        if "attempts" in str(options):
            others_turn.set()
        db.execute("DELETE FROM attempts")
        happened.append("fast wrote")
        others_turn.set()
        db.close()

    def slow() -> None:
        others_turn.wait(timeout=WAIT_SECONDS)
        if "attempts" in str(options):
            time.sleep(0.2)  # as above: a write that did not wait would be long done
        happened.append("slow asked")

    app.together([fast, slow], **options)
    assert happened == order


def test_eight_sign_ups_at_once_make_one_account(app: LabApp) -> None:
    """The package's own: the database decides, whoever comes first."""
    browsers = [app.browser() for _ in range(8)]
    answers = app.together([_signing_up(browser) for browser in browsers])
    assert sorted(answers) == [303, 409, 409, 409, 409, 409, 409, 409]
    assert [email for _, email, _ in app.members()].count("eve@lab.test") == 1


def _signing_up(browser: Browser) -> Callable[[], int]:
    return lambda: browser.post("/signup", EVE).status_code


def test_together_returns_in_the_order_of_the_tasks(app: LabApp) -> None:
    """Whoever was first to finish."""
    assert app.together([lambda: "a", lambda: "b", lambda: "c"]) == ["a", "b", "c"]


def test_a_task_that_fails_holds_nobody_up(app: LabApp) -> None:
    """Its error comes back, and the others have run."""
    done: list[str] = []

    def fail() -> None:
        raise ValueError("a bug in a lesson")

    with pytest.raises(ValueError, match="a bug in a lesson"):
        app.together([fail, lambda: done.append("other")])
    assert done == ["other"]


# RemoteApp


def test_a_flaw_stands_in_the_app(remote: Callable[..., RemoteApp]) -> None:
    """Where every field is stored, whoever sends role=admin is one."""
    app = remote(flaw="every_field_kept")
    app.browser().post("/signup", {**EVE, "role": "admin"})
    assert app.members()[-1] == ("Eve", "eve@lab.test", "admin")


def test_a_flaw_stands_in_its_own_app_alone(app: LabApp, remote: Callable[..., RemoteApp]) -> None:
    """The app beside it, in this process, is whole."""
    remote(flaw="every_field_kept")
    assert app.browser().post("/signup", {**EVE, "role": "admin"}).status_code == 422


@pytest.mark.parametrize("flaw", ["every_field_keep", "", "no such"])
def test_a_flaw_that_does_not_exist_is_answered_with_what_it_looks_like(
    remote: Callable[..., RemoteApp], flaw: str
) -> None:
    """One line, as short with a thousand flaws in the bank, and the process is gone."""
    with pytest.raises(LookupError) as refused:
        remote(flaw=flaw)
    message = str(refused.value)
    assert repr(flaw) in message
    assert ("did you mean every_field_kept" in message) == (flaw == "every_field_keep")
    assert "\n" not in message
    assert len(message) < 160


def test_one_s_own_answers_stand_in_the_app(remote: Callable[..., RemoteApp], answers: Path) -> None:
    """From the folder that was named; what an answer prints does not garble the app's own words."""
    app = remote(mine=["0.1"], folder=answers)
    assert app.mounted == ("authlab.responses:see_other",)
    assert app.called == ()
    answer = app.browser().post("/signup", EVE)
    assert app.called == ("authlab.responses:see_other",)
    assert answer.headers["X-Mine"] == "yes"
    assert answer.headers["Location"] == "/profile"


def test_an_answer_is_mounted_and_its_neighbours_are_not(
    remote: Callable[..., RemoteApp], answers: Path
) -> None:
    """1.2 is asked for; 1.1 and 1.3 beside it are the package's, or nothing would work."""
    app = remote(mine=["1.2"], folder=answers)
    assert app.mounted == ("authlab.forms:password_problems",)
    weak = app.browser().post("/signup", {**EVE, "email": " EVE@lab.test ", "password": "x"})
    assert weak.status_code == 303
    assert app.members()[-1][1] == "eve@lab.test"


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        (["9.9"], "expected an exercise or lesson"),
        (["1.3"], "lesson_01_forms.py: no such file"),
    ],
)
def test_answers_that_do_not_exist_are_one_line(
    remote: Callable[..., RemoteApp], tmp_path: Path, mine: list[str], message: str
) -> None:
    """What was expected, and the next command."""
    with pytest.raises(LookupError, match=message) as refused:
        remote(mine=mine, folder=tmp_path)
    assert "\n" not in str(refused.value)
    assert "-m authlab" in str(refused.value)


def test_an_operator_sees_the_same_of_it(app: LabApp, remote: Callable[..., RemoteApp]) -> None:
    """Tables, log, statements and the work of hashing, as of an app in this process."""
    other = remote()
    for one in (app, other):
        one.browser().post("/signup", EVE)
        one.browser().post("/login", {"email": EVE["email"], "password": "wrong"})
    for view in VIEWS:
        here, there = getattr(app, view), getattr(other, view)
        if callable(here):
            here, there = here(), there()
        if view == "stolen_users":  # each salt is bcrypt's own
            here, there = (
                [{**row, "password_hash": row["password_hash"][:7]} for row in rows] for rows in (here, there)
            )
        assert here == there, view
    assert other.hashes == 2


def test_it_is_used_like_any_app(remote: Callable[..., RemoteApp]) -> None:
    """Browsers, the clock and the trace: a lesson need not know where the app lives."""
    app = remote()
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    assert ada.get("/profile").status_code == 200
    assert ("pages", "profile") in ada.trace
    (asked,) = [what for layer, what in ada.trace if layer == "db"]
    assert "FROM users WHERE users.id = ?" in asked
    app.clock.advance(days=7)
    assert ada.get("/profile").status_code == 303


@pytest.mark.parametrize(
    ("sessions", "rows"), [({}, 0), ({"sessions": "stateless"}, 0), ({"sessions": "database"}, 1)]
)
@pytest.mark.parametrize("mounted", [{}, {"flaw": "every_field_kept"}])
def test_an_app_keeps_its_sessions_as_asked(
    mounted: dict[str, Any], sessions: dict[str, Any], rows: int
) -> None:
    """Here and in a process of its own; without a word it is stateless, as lessons 0 to 4 have it."""
    app = open_app(**mounted, **sessions)
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    written = [what for layer, what in ada.trace if layer == "db" and what.startswith("INSERT INTO sessions")]
    assert len(written) == rows
    app.close()


@pytest.mark.parametrize("mounted", [{}, {"flaw": "every_field_kept"}])
def test_a_third_way_of_keeping_sessions_is_refused(mounted: dict[str, Any]) -> None:
    """A slip must not quietly open the other kind."""
    with pytest.raises(ValueError, match="""expected sessions="stateless" or "database", got 'databse'"""):
        open_app(**mounted, sessions="databse")  # type: ignore[arg-type]


def test_a_form_of_bytes_arrives_as_it_was_sent(remote: Callable[..., RemoteApp]) -> None:
    """A pipe of text lines lies between; no byte may change on it."""
    ours, theirs = LabApp(), remote()
    body = bytes(range(256)) + b"\n&name=\xff\r\n"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [app.browser().post("/signup", body, headers=headers) for app in (ours, theirs)]
    assert answers[0].status_code == answers[1].status_code == 422
    assert answers[0].content.replace(b"nonce", b"") == answers[1].content.replace(b"nonce", b"")
    ours.close()


def test_closing_ends_the_process(remote: Callable[..., RemoteApp]) -> None:
    """Its pipe is closed, so it ends by itself; and closing twice is closing."""
    app = remote()
    assert app._host.poll() is None
    app.close()
    assert app._host.returncode == 0
    app.close()


def test_an_app_that_was_closed_says_so(remote: Callable[..., RemoteApp]) -> None:
    """In words, not as a broken pipe."""
    app = remote()
    browser = app.browser()
    app.close()
    with pytest.raises(RuntimeError, match="open the app again"):
        browser.get("/")


@POSIX_ONLY
def test_an_app_that_died_says_so(
    remote: Callable[..., RemoteApp], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An answer with os._exit in it, or a machine out of memory: every request after it says the same."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # who is killed leaves a database behind
    app = remote()
    app._host.kill()
    app._host.wait()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="open the app again"):
            app.browser().get("/")
    app.close()


def test_an_app_that_dies_at_its_start_says_of_what(
    remote: Callable[..., RemoteApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works on the kit reads what went wrong, and not only that something did."""
    monkeypatch.setattr("authlab.lab.remote.json.dumps", lambda question: "no JSON")
    with pytest.raises(RuntimeError, match=r"ended \(json.decoder.JSONDecodeError: .*\); open the app again"):
        remote(flaw="every_field_kept")


OWNER = """
import sys, time
from authlab.lab.remote import RemoteApp
app = RemoteApp(flaw="every_field_kept")
browser = app.browser()
try:
    print(app._host.pid, flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", browser.get("/").status_code, flush=True)
"""


def start_owner() -> "subprocess.Popen[str]":
    """Start a program that owns an app, in a process group of its own, as a terminal does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    try:
        return subprocess.Popen(
            [sys.executable, "-c", OWNER],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


@POSIX_ONLY
def test_the_app_ends_when_its_owner_is_killed() -> None:
    """A kernel that is killed closes nothing itself; its pipes close, and that is enough."""
    owner = start_owner()
    assert owner.stdout is not None
    assert owner.stderr is not None
    with owner.stdout, owner.stderr:
        host = int(owner.stdout.readline())
        assert not is_gone(host)
        owner.kill()
        owner.wait()
        assert is_soon_gone(host)


@POSIX_ONLY
def test_ctrl_c_is_for_the_owner() -> None:
    """A terminal, or the notebook's stop button, interrupts the whole group. The app goes on answering, and
    prints no traceback under the learner's cell."""
    owner = start_owner()
    assert owner.stdout is not None
    host = int(owner.stdout.readline())
    os.killpg(owner.pid, signal.SIGINT)
    out, err = owner.communicate(timeout=WAIT_SECONDS)
    assert out == "interrupted 200\n"
    assert err == ""
    assert owner.returncode == 0
    assert is_soon_gone(host)


def test_its_words_do_not_reach_the_notebook(
    remote: Callable[..., RemoteApp], answers: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever the app's process prints, no cell shows it: outputs would differ from run to run."""
    app = remote(mine=["0.1"], folder=answers)
    app.browser().post("/signup", EVE)
    app.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("statement", "writes"),
    [
        ("UPDATE users SET name = ?", True),
        ("-- a note\n  insert into users values (?)", True),
        ("/* why */ WITH ours AS (SELECT 1) DELETE FROM users", True),
        ("begin immediate", True),
        ("SELECT * FROM users -- for UPDATE", False),
        ("WITH ours AS (SELECT 1) SELECT * FROM ours", False),
        ("BEGIN", False),
        ("COMMIT", False),
    ],
)
def test_a_write_is_told_whatever_stands_before_it(statement: str, writes: bool) -> None:
    assert is_a_write(statement) is writes
