"""`authlab class board` as it is typed, killed and started again, and the `check` that tells it."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from authlab.classroom.board import joined, outbox, reporting
from authlab.classroom.board.connection import Unreachable, post
from authlab.classroom.board.settings import board_settings
from authlab.cli import UsageError, class_board
from authlab.course.curriculum import one_exercise
from authlab.course.engine import Result
from authlab.course.places import SOLUTIONS
from authlab.db import Connection, Database
from authlab.lab import notebook
from tests.classroom.serving_board import BoardProcess, Served, parsed, served
from tests.cli.typed import authlab, environment
from tests.copied_kit import copied_kit

PATIENCE_SECONDS = 30.0  # a bound for a hang: the machine may be busy
CERTIFICATE, KEY = (Path(__file__).parent / f"localhost.{kind}" for kind in ("crt", "key"))
LESSON = "lesson_01_forms.py"
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., BoardProcess]]:
    """Starts boards on free ports, and ends them."""
    running: list[BoardProcess] = []

    def start_one(*arguments: str) -> BoardProcess:
        running.append(BoardProcess("--port", "0", "--db", str(tmp_path / "board.db"), *arguments))
        return running[-1]

    yield start_one
    for one in running:
        one.end()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the kit for all, with an answer that passes."""
    kit = copied_kit(tmp_path_factory.mktemp("kit"))
    shutil.copy(SOLUTIONS / LESSON, kit / "exercises" / LESSON)
    return kit


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def log_in(board: BoardProcess, key: str) -> str:
    """Return the session's cookie, or "". `requests` keeps Secure cookies from http: sent by hand."""
    answer = requests.post(
        f"{board.here}/login", {"key": key}, headers={"Origin": board.here}, allow_redirects=False, timeout=30
    )
    return answer.headers.get("Set-Cookie", "").partition(";")[0]


def page(board: BoardProcess, cookie: str) -> requests.Response:
    return requests.get(
        f"{board.here}/dashboard", headers={"Cookie": cookie}, allow_redirects=False, timeout=30
    )


# Killed


@POSIX_ONLY
def test_nothing_that_was_acknowledged_is_lost_when_the_board_is_killed(
    start: Callable[..., BoardProcess], tmp_path: Path
) -> None:
    """Four kits report as fast as they can; the board is killed in the middle of it, without a word."""
    board = start()
    keys = []
    for number in range(4):
        status, said = post(
            board.url, "/api/join", {"code": board.code, "name": f"Learner {number}"}, timeout_seconds=30
        )
        assert status == 200
        keys.append(said["key"])
    cookie = log_in(board, board.key)
    acknowledged: list[str] = []

    def report(number: int) -> None:
        with suppress(Unreachable):
            for count in range(10_000):
                one = {"id": f"{number:04x}{count:012x}", "exercise": "1.1", "status": "failed"}
                status, _ = post(
                    board.url, "/api/reports", {"reports": [one]}, key=keys[number], timeout_seconds=30
                )
                if status == 200:
                    acknowledged.append(one["id"])

    threads = [threading.Thread(target=report, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 40)
    board.process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    board.end()

    again = start()
    taken = Served(again.url, board_settings(tmp_path / "board.db", ())).taken()
    assert len(acknowledged) > 40
    assert set(acknowledged) <= taken
    assert len(taken) <= len(acknowledged) + 4  # of each kit, the last may have come without its answer
    assert again.code == board.code
    status, _ = post(again.url, "/api/reports", {"reports": []}, key=keys[0], timeout_seconds=30)
    assert status == 200  # the keys still open it, ...
    assert "Learner 3" in page(again, cookie).text  # ... and so does the instructor's session


def test_a_board_that_runs_is_not_started_again_and_its_key_stays(
    start: Callable[..., BoardProcess], tmp_path: Path
) -> None:
    """A second start would make a new key, while the first terminal still shows the old one."""
    board = start()
    typed = parsed(class_board, "--db", str(tmp_path / "board.db"), "--port", "0")
    with pytest.raises(UsageError, match="expected a board that does not run yet"):
        class_board.run(typed)
    assert log_in(board, board.key)


@POSIX_ONLY
def test_the_key_of_the_start_before_opens_nothing(start: Callable[..., BoardProcess]) -> None:
    first = start()
    assert log_in(first, first.key)
    first.process.send_signal(signal.SIGTERM)
    first.process.wait(PATIENCE_SECONDS)
    first.end()
    again = start()
    assert log_in(again, again.key)
    assert not log_in(again, first.key)


def test_the_board_is_served_with_a_certificate(start: Callable[..., BoardProcess]) -> None:
    board = start("--cert", str(CERTIFICATE), "--key", str(KEY))
    assert board.url.startswith("https://localhost:")
    answer = requests.get(f"{board.url}/login", verify=str(CERTIFICATE), timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Server"] == "authlab"


# Refused


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--host", "192.0.2.1"], "without TLS"),
        (["--host", "board.test"], "without TLS"),
        (["--host", "0.0.0.0"], "the one name or address"),
        (["--host", "::"], "the one name or address"),
        (["--host", ""], "the one name or address"),
        (["--host", "::1"], "an IPv4 address"),
        (["--cert", str(CERTIFICATE)], "--key: expected both"),
        (["--key", str(KEY)], "--cert: expected both"),
        (["--cert", str(CERTIFICATE), "--key", str(CERTIFICATE)], "expected a certificate and its key"),
        (["--cert", "nowhere", "--key", str(KEY)], "No such file"),
        (["--cert", str(CERTIFICATE), "--key", str(KEY), "--host", "nowhere.invalid"], "of this machine"),
        (["--port", "70000"], "expected a free port"),
        (["--port", "-1"], "expected a free port"),
        (["--db", "/nowhere/board.db"], "--db: expected"),
    ],
)
def test_what_cannot_be_served_is_one_line(typed: list[str], said: str, tmp_path: Path) -> None:
    database = [] if "--db" in typed else ["--db", str(tmp_path / "board.db")]
    with pytest.raises(UsageError) as refused:
        class_board.run(parsed(class_board, *database, *typed))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_address_of_another_machine_is_refused_with_a_certificate_too(tmp_path: Path) -> None:
    typed = ["--cert", str(CERTIFICATE), "--key", str(KEY), "--host", "192.0.2.1"]
    with pytest.raises(UsageError, match="an address of this machine"):
        class_board.run(parsed(class_board, "--db", str(tmp_path / "b.db"), *typed))


def test_a_port_that_is_taken_is_one_line_and_changes_no_key(tmp_path: Path) -> None:
    with served(tmp_path) as board:
        port = board.url.rpartition(":")[2]
        with closing(board_connection(board)) as db:
            before = db.execute("SELECT count(*) FROM users").fetchone()
        with pytest.raises(UsageError, match="taken"):
            class_board.run(parsed(class_board, "--db", str(tmp_path / "board.db"), "--port", port))
        with closing(board_connection(board)) as db:
            assert db.execute("SELECT count(*) FROM users").fetchone() == before


def board_connection(board: Served) -> Connection:
    return Database(board.settings.database).connect()


# `check`


def join_from(kit: Path, board: Served, name: str = "Ada") -> None:
    """What `class join` writes."""
    status, said = post(board.url, "/api/join", {"code": board.code, "name": name}, timeout_seconds=30)
    assert status == 200
    (kit / ".authlab").mkdir(exist_ok=True)
    there = {"version": 1, "url": board.url, "name": name, "key": said["key"], "pin": None}
    (kit / ".authlab" / "reports.json").unlink(missing_ok=True)
    (kit / ".authlab" / "joined.json").write_text(json.dumps(there))


def test_check_in_a_terminal_tells_the_board(clone: Path, tmp_path: Path) -> None:
    kit = clone
    with served(tmp_path) as board:
        join_from(kit, board)
        told = authlab(kit, "check", "1.1")
        assert (told.returncode, told.stderr) == (0, "")
        assert board.standings() == [("1.1", "passed", None)]
    answer = json.loads(authlab(kit, "check", "1.1", "--json").stdout)  # JSON alone, whatever is amiss
    assert answer["exercises"][0]["status"] == "passed"
    without = authlab(kit, "check", "1.1")
    assert without.returncode == 0
    assert without.stdout == told.stdout + (
        "The class board does not answer. Your verdicts are kept, and sent with a later check.\n"
    )
    others = authlab(kit, "check", "1.2", "--answers", "solutions")  # not the learner's own
    assert others.returncode == 0
    assert len(json.loads((kit / ".authlab" / "reports.json").read_bytes())["reports"]) == 2


@POSIX_ONLY
def test_watch_tells_the_board(clone: Path, tmp_path: Path) -> None:
    with served(tmp_path) as board:
        join_from(clone, board)
        watch = subprocess.Popen(
            [sys.executable, "-m", "authlab", "watch", "1.1"],
            cwd=clone,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            until(lambda: board.standings() == [("1.1", "passed", None)])
        finally:
            watch.terminate()
            watch.wait(PATIENCE_SECONDS)


def test_check_in_a_notebook_tells_the_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AUTHLAB_ANSWERS", raising=False)
    monkeypatch.setattr(notebook, "remember", lambda _: None)
    monkeypatch.setattr(notebook, "STATE", tmp_path / ".authlab")
    monkeypatch.setattr(joined, "FILE", tmp_path / ".authlab" / "joined.json")
    monkeypatch.setattr(outbox, "FILE", tmp_path / ".authlab" / "reports.json")
    passed = Result(one_exercise("1.1"), "passed")
    notebook._remember(passed)  # nobody has joined
    assert not (tmp_path / ".authlab").exists()
    with served(tmp_path) as board:
        join_from(tmp_path, board)
        notebook._remember(passed)
        until(lambda: len(board.standings()) == 1)
        monkeypatch.setenv("AUTHLAB_ANSWERS", str(SOLUTIONS))  # as a run of tests has it
        monkeypatch.setattr(reporting, "report", lambda *_: pytest.fail("somebody else's answers were told"))
        notebook._remember(Result(one_exercise("1.2"), "passed"))
    assert capsys.readouterr().out == ""
