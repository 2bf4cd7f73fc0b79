"""A learner's side of the board: what `check` tells it, and that it never costs the learner anything."""

import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from authlab.classroom.board import connection, joined, outbox, reporting, server
from authlab.classroom.board.addresses import is_loopback
from authlab.classroom.board.connection import Unreachable, post
from authlab.classroom.board.joined import Joined, board_url
from authlab.classroom.board.reporting import report
from authlab.classroom.board.server import fingerprint_of, is_any_address, tls_context
from authlab.cli import UsageError, class_join, class_leave
from authlab.course.curriculum import one_exercise
from authlab.course.engine import Check, Result
from tests.classroom.serving_board import Served, parsed, served

WAIT_SECONDS = 30.0  # for a thread that takes milliseconds; no test waits so long where all is well
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
# Made for these tests: for localhost, and vouched for by nobody. They hold until 2126.
CERTIFICATE = Path(__file__).parent / "localhost.crt"
KEY = Path(__file__).parent / "localhost.key"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "FILE", tmp_path / ".authlab" / "joined.json")
    monkeypatch.setattr(outbox, "FILE", tmp_path / ".authlab" / "reports.json")


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as one:
        yield one


def join(board: Served, name: str = "Ada") -> Joined:
    assert class_join.run(parsed(class_join, board.url, board.code, "--name", name)) == 0
    there = joined.read()
    assert there is not None
    return there


def verdict(exercise: str = "1.1", status: Any = "passed", **more: Any) -> Result:
    return Result(one_exercise(exercise), status, **more)


def waiting() -> list[dict[str, Any]]:
    try:
        return list(json.loads(outbox.FILE.read_bytes())["reports"])
    except FileNotFoundError:
        return []


def retry_now() -> None:
    """As if the minute after a failure were over."""
    kept = json.loads(outbox.FILE.read_bytes())
    outbox.FILE.write_text(json.dumps({**kept, "retry_at": 0}))


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        return int(unused.getsockname()[1])


# Before joining


def test_nothing_is_said_before_joining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "post", lambda *_, **__: pytest.fail("something was sent"))
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', '{"version": 1}', "null", "\ud83d"])
def test_a_damaged_file_is_nobody_who_has_joined(content: str) -> None:
    joined.FILE.parent.mkdir()
    joined.FILE.write_text(content, errors="replace")
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None


# Joining and leaving


def test_joining_says_what_will_be_told(board: Served, capsys: pytest.CaptureFixture[str]) -> None:
    there = join(board)
    out = capsys.readouterr().out
    assert "Never your code" in out
    assert there.key not in out  # a notebook would keep it
    assert class_join.run(parsed(class_join)) == 0
    assert there.key in capsys.readouterr().out
    assert board.learners() == ["Ada"]


@POSIX_ONLY
def test_the_key_is_kept_for_its_owner_alone(board: Served) -> None:
    join(board)
    assert joined.FILE.stat().st_mode & 0o777 == 0o600
    assert joined.FILE.parent.stat().st_mode & 0o777 == 0o700


def test_a_wrong_code_is_one_line(board: Served) -> None:
    with pytest.raises(UsageError, match="CODE: expected the code"):
        class_join.run(parsed(class_join, board.url, "WRONG", "--name", "Ada"))
    assert joined.read() is None


def test_a_name_that_deceives_is_one_line(board: Served) -> None:
    with pytest.raises(UsageError, match="--name: expected 1 to 60 visible characters"):
        class_join.run(parsed(class_join, board.url, board.code, "--name", "A\u202eda"))


def test_an_empty_name_is_none(board: Served) -> None:
    with pytest.raises(UsageError, match="--name: expected 1 to 60 visible characters, got none"):
        class_join.run(parsed(class_join, board.url, board.code, "--name", " "))


def test_a_closed_board_is_one_line(board: Served) -> None:
    board.set_closed(True)
    with pytest.raises(UsageError, match="closed for now"):
        class_join.run(parsed(class_join, board.url, board.code, "--name", "Ada"))


def test_nobody_joins_twice(board: Served) -> None:
    before = join(board)
    with pytest.raises(UsageError, match="class leave"):
        class_join.run(parsed(class_join, board.url, board.code, "--name", "Ida"))
    assert joined.read() == before
    assert board.learners() == ["Ada"]


def test_a_board_that_is_none_is_one_line() -> None:
    with pytest.raises(UsageError, match="no class board answers"):
        class_join.run(parsed(class_join, f"http://localhost:{free_port()}", "CODE", "--name", "Ada"))


def test_leaving_makes_the_board_forget(board: Served, capsys: pytest.CaptureFixture[str]) -> None:
    join(board)
    report([verdict()], wait_seconds=WAIT_SECONDS)
    assert class_leave.run(parsed(class_leave)) == 0
    assert "has forgotten you" in capsys.readouterr().out
    assert (board.learners(), board.standings(), joined.read()) == ([], [], None)
    assert not outbox.FILE.exists()


def test_leaving_works_while_the_board_is_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path) as board:
        join(board)
    assert class_leave.run(parsed(class_leave)) == 0
    assert "ask your instructor to remove Ada" in capsys.readouterr().out
    assert joined.read() is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://Board.Test:8010/", "https://board.test:8010"),
        ("https://board.test:443", "https://board.test"),
        ("http://localhost:8010", "http://localhost:8010"),
        ("http://127.0.0.1:8010", "http://127.0.0.1:8010"),
        ("http://[::1]:8010", "http://[::1]:8010"),
        # Without TLS a key would be read on the way.
        ("http://192.0.2.7:8010", None),
        ("http://board.test", None),
        ("http://localhost.evil.test", None),
        ("http://127.0.0.1.evil.test", None),
        ("http://127.0.0.1@evil.test", None),
        ("https://ada:secret@board.test", None),
        ("https://board.test/path", None),
        ("https://board.test?x", None),
        ("https://bo ard.test", None),
        ("https://bo\u0430rd.test", None),
        ("ftp://board.test", None),
        ("board.test:8010", None),
        ("https://board.test:99999", None),
        ("", None),
        ("http://[", None),
    ],
)
def test_what_is_taken_for_a_board(typed: str, kept: str | None) -> None:
    assert board_url(typed) == kept


# Reporting


def test_a_verdict_reaches_the_board(board: Served) -> None:
    join(board)
    assert report([verdict("1.1"), verdict("1.2", "failed")], wait_seconds=WAIT_SECONDS) is None
    assert board.standings() == [("1.1", "passed", None), ("1.2", "failed", None)]
    assert waiting() == []


def test_what_leaves_of_a_verdict(monkeypatch: pytest.MonkeyPatch, board: Served) -> None:
    """Four fields: no message (it quotes the answer), no code, no path, no time."""
    sent: list[Any] = []
    monkeypatch.setattr(reporting, "post", lambda *args, **_: sent.append(args[2]) or (200, {"taken": 1}))
    join(board)
    failed = Check("a_check", "failed", "expected 1, got my_secret")
    report([verdict("1.1", "failed", checks=(failed,), misconception="m", message="x")], wait_seconds=30)
    [one] = sent[0]["reports"]
    assert {**one, "id": ""} == {"id": "", "exercise": "1.1", "status": "failed", "misconception": "m"}


def test_what_was_not_attempted_is_not_told(board: Served) -> None:
    join(board)
    report([verdict("1.1", "unattempted"), verdict("1.2")], wait_seconds=WAIT_SECONDS)
    assert board.standings() == [("1.2", "passed", None)]


def test_a_board_that_is_down_is_told_of_once_and_hears_all_later(tmp_path: Path) -> None:
    with served(tmp_path) as board:
        join(board)
        port = int(board.url.rpartition(":")[2])
    said = [report([verdict(exercise)], wait_seconds=WAIT_SECONDS) for exercise in ("1.1", "1.2", "1.3")]
    assert said == [reporting.NOTICES["down"], None, None]
    assert len(waiting()) == 3
    retry_now()
    with served(tmp_path, port) as board:
        assert report([verdict("1.4")], wait_seconds=WAIT_SECONDS) is None
        assert [row[0] for row in board.standings()] == ["1.1", "1.2", "1.3", "1.4"]
    assert waiting() == []
    assert report([verdict("1.5")], wait_seconds=WAIT_SECONDS) == reporting.NOTICES["down"]  # anew


def test_a_board_that_is_down_is_not_asked_at_each_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def no_answer(*_: object, **__: object) -> Any:
        asked.append(1)
        raise Unreachable("down")

    with served(tmp_path) as board:
        join(board)
    monkeypatch.setattr(reporting, "post", no_answer)
    for _ in range(5):
        report([verdict()], wait_seconds=WAIT_SECONDS)
    assert len(asked) == 1


def test_a_check_does_not_wait_for_a_board_that_is_silent(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is left to itself: the verdict was given, and what it should have said is kept."""
    join(board)
    never, over = threading.Event(), threading.Event()

    def no_word(*_: object, **__: object) -> Any:
        never.wait(WAIT_SECONDS)
        over.set()
        return 0, {}

    monkeypatch.setattr(reporting, "post", no_word)
    try:
        assert report([verdict()], wait_seconds=0.01) == reporting.NOTICES["down"]
        assert not over.is_set()
        assert len(waiting()) == 1
    finally:
        never.set()
        for thread in threading.enumerate():
            if thread.name.startswith("Thread") and thread.daemon:
                thread.join(WAIT_SECONDS)


@pytest.mark.parametrize("answer", [(200, {}), (200, {"taken": 2}), (204, {"taken": 1}), (500, {"taken": 1})])
def test_only_the_board_s_word_is_an_acknowledgement(
    board: Served, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any]
) -> None:
    join(board)
    monkeypatch.setattr(reporting, "post", lambda *_, **__: answer)
    assert report([verdict()], wait_seconds=WAIT_SECONDS) == reporting.NOTICES["down"]
    assert len(waiting()) == 1


def test_a_closed_board_hears_all_once_it_is_open(board: Served) -> None:
    join(board)
    board.set_closed(True)
    assert report([verdict()], wait_seconds=WAIT_SECONDS) == reporting.NOTICES["closed"]
    board.set_closed(False)
    retry_now()
    assert report([verdict("1.2")], wait_seconds=WAIT_SECONDS) is None
    assert [row[0] for row in board.standings()] == ["1.1", "1.2"]


def test_who_was_removed_is_told_so_once_and_tells_nothing_more(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = join(board)
    post(there.url, "/api/leave", {}, key=there.key, timeout_seconds=WAIT_SECONDS)
    said = report([verdict()], wait_seconds=WAIT_SECONDS)
    assert said is not None
    assert "class leave" in said
    monkeypatch.setattr(reporting, "post", lambda *_, **__: pytest.fail("something was sent"))
    retry_now()
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None
    assert waiting() == []


def test_an_answer_that_was_lost_does_not_double_a_report(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(board)

    def lost(*args: Any, **options: Any) -> Any:
        post(*args, **options)
        raise Unreachable("the answer was lost")

    monkeypatch.setattr(reporting, "post", lost)
    report([verdict("1.1", "failed")], wait_seconds=WAIT_SECONDS)
    monkeypatch.setattr(reporting, "post", post)
    retry_now()
    report([], wait_seconds=WAIT_SECONDS)
    assert waiting() == []
    assert len(board.taken()) == 1


def test_many_that_wait_are_sent_in_batches(board: Served) -> None:
    there = join(board)
    with outbox.opened(reporting.for_whom(there)) as box:
        box.reports = [{"id": f"{n:016x}", "exercise": "1.1", "status": "failed"} for n in range(250)]
    report([], wait_seconds=WAIT_SECONDS)
    assert len(board.taken()) == 250


def test_the_outbox_keeps_the_newest(board: Served) -> None:
    there = join(board)
    with outbox.opened(reporting.for_whom(there)) as box:
        box.reports = [{"id": str(number)} for number in range(1500)]
    assert [one["id"] for one in waiting()] == [str(number) for number in range(500, 1500)]


def test_what_waits_for_one_board_is_not_sent_to_another(tmp_path: Path) -> None:
    """Nor to the same one under another number: what was done before joining is nobody's."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with served(tmp_path / "a") as first:
        join(first)
    report([verdict("1.1")], wait_seconds=WAIT_SECONDS)
    with served(tmp_path / "b") as second:
        sent = {"code": second.code, "name": "Ada"}
        key = post(second.url, "/api/join", sent, timeout_seconds=WAIT_SECONDS)[1]["key"]
        joined.write(Joined(second.url, "Ada", key, None))  # as `class join`, killed too early
        report([verdict("1.2")], wait_seconds=WAIT_SECONDS)
        assert [row[0] for row in second.standings()] == ["1.2"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1, "for_whom": 3}', "null"])
def test_a_damaged_outbox_is_begun_anew(board: Served, content: str) -> None:
    join(board)
    outbox.FILE.write_text(content)
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None
    assert len(board.taken()) == 1


def test_a_folder_that_cannot_be_written_stops_no_check(
    board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(board)
    outbox.FILE.unlink(missing_ok=True)
    outbox.FILE.mkdir()
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None


# The connection


class Impostor:
    """Something at an address that is no board: it answers each connection with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.heard: list[bytes] = []
        self._answer = answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                there, _ = self._server.accept()
            except OSError:
                return
            with there:
                there.settimeout(WAIT_SECONDS)
                self.heard.append(there.recv(65536))
                there.sendall(self._answer)
                there.shutdown(socket.SHUT_WR)
                with suppress(OSError):  # what was not read would make the answer a reset
                    while there.recv(65536):
                        pass

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n<html>",
        b"HTTP/1.0 200 OK\r\n\r\n[]",
        b"HTTP/1.0 abc\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 70000,
    ],
)
def test_whatever_answers_that_is_no_board_is_none(answer: bytes) -> None:
    with closing(Impostor(answer)) as there, pytest.raises(Unreachable):
        post(there.url, "/api/reports", {}, key="1-KEY", timeout_seconds=WAIT_SECONDS)


def test_a_key_follows_no_redirect() -> None:
    with closing(Impostor(b"HTTP/1.0 200 OK\r\n\r\n{}")) as thief:
        moved = f"HTTP/1.0 307 Moved\r\nLocation: {thief.url}/\r\n\r\n{{}}".encode()
        with closing(Impostor(moved)) as there:
            status, _ = post(there.url, "/api/reports", {}, key="1-KEY", timeout_seconds=WAIT_SECONDS)
    assert status == 307
    assert thief.heard == []


def test_a_key_goes_through_no_proxy(board: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Impostor(b"HTTP/1.0 200 OK\r\n\r\n{}")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        join(board)
    assert proxy.heard == []


# TLS


@pytest.fixture
def tls_board(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, tls=tls_context(CERTIFICATE, KEY)) as one:
        yield one


def test_a_certificate_that_nobody_vouches_for_is_compared_before_anything_is_sent(
    tls_board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in ([], ["--fingerprint", "00" * 10], ["--fingerprint", ""], ["--fingerprint", "zz"]):
        with pytest.raises(UsageError, match="nothing was sent"):
            class_join.run(parsed(class_join, tls_board.url, tls_board.code, "--name", "Ada", *given))
    prefix = fingerprint_of(CERTIFICATE)[:10]  # right so far, and short enough to be found by trying
    with pytest.raises(UsageError, match="nothing was sent"):
        class_join.run(
            parsed(class_join, tls_board.url, tls_board.code, "--name", "Ada", "--fingerprint", prefix)
        )
    assert tls_board.learners() == []
    arguments = (tls_board.url, tls_board.code, "--name", "Ada", "--fingerprint", fingerprint_of(CERTIFICATE))
    assert class_join.run(parsed(class_join, *arguments)) == 0
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None
    assert tls_board.standings() == [("1.1", "passed", None)]


def test_a_person_who_compares_is_asked(tls_board: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    for typed, learners in (("n", []), ("", []), ("y", ["Ada"])):
        monkeypatch.setattr("builtins.input", lambda words, typed=typed: asked.append(words) or typed)
        arguments = parsed(class_join, tls_board.url, tls_board.code, "--name", "Ada")
        if learners:
            class_join.run(arguments)
        else:
            with pytest.raises(UsageError):
                class_join.run(arguments)
        assert tls_board.learners() == learners
    assert all(fingerprint_of(CERTIFICATE) in words for words in asked)


def test_another_certificate_than_the_joined_one_hears_nothing(tls_board: Served) -> None:
    there = Joined(tls_board.url, "Ada", "1-KEY", "0" * 64)
    with pytest.raises(Unreachable, match="another certificate"):
        post(there.url, "/api/reports", {}, key=there.key, pin=there.pin, timeout_seconds=WAIT_SECONDS)


def test_a_certificate_that_is_vouched_for_needs_no_comparing(
    tls_board: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ssl.create_default_context
    monkeypatch.setattr(connection.ssl, "create_default_context", lambda: real(cafile=str(CERTIFICATE)))
    assert join(tls_board).pin is None
    assert report([verdict()], wait_seconds=WAIT_SECONDS) is None
    by_number = tls_board.url.replace("localhost", "127.0.0.1")  # not in the certificate
    with pytest.raises(Unreachable):
        post(by_number, "/api/reports", {}, timeout_seconds=WAIT_SECONDS)


def test_who_connects_and_says_nothing_stops_nobody(tls_board: Served) -> None:
    """The handshake is the thread's: where connections are accepted, one silent visitor would block all."""
    port = int(tls_board.url.rpartition(":")[2])
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    try:
        arguments = (tls_board.url, tls_board.code, "--name", "Ada")
        class_join.run(parsed(class_join, *arguments, "--fingerprint", fingerprint_of(CERTIFICATE)))
    finally:
        for one in silent:
            one.close()


@pytest.mark.parametrize("host", ["localhost", "board.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_what_only_this_machine_reaches(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost.evil.test", "", "128.0.0.1"])
def test_what_others_reach(host: str) -> None:
    assert not is_loopback(host)


def test_what_stands_for_all_addresses() -> None:
    assert [is_any_address(host) for host in ("0.0.0.0", "::", "", "127.0.0.1")] == [True, True, True, False]


def test_a_name_under_localhost_is_here_on_every_system(board: Served) -> None:
    """Browsers know that, and systems may not. The board has such a name for its cookies' sake."""
    there = board.url.replace("localhost", "board.localhost")
    status, _ = post(there, "/api/join", {"code": board.code, "name": "Ada"}, timeout_seconds=WAIT_SECONDS)
    assert status == 200


def _let_silence_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a connection would be closed for its silence, and not for what a test is about."""
    monkeypatch.setattr(server, "SECONDS_OF_SILENCE", 2 * WAIT_SECONDS)
    monkeypatch.setattr(server._Handler, "timeout", 2 * WAIT_SECONDS)
    monkeypatch.setattr(server, "SECONDS_AT_MOST", 2 * WAIT_SECONDS)


@pytest.mark.parametrize("tls", [None, tls_context(CERTIFICATE, KEY)], ids=["plain", "tls"])
def test_who_sends_a_byte_now_and_then_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext | None
) -> None:
    """It is never silent for long, and would hold a thread for hours; a few hundred would be the end."""
    _let_silence_last(monkeypatch)
    monkeypatch.setattr(server, "SECONDS_AT_MOST", 0.1)
    with served(tmp_path, tls=tls) as board:
        address = ("127.0.0.1", int(board.url.rpartition(":")[2]))
        with closing(socket.create_connection(address, timeout=WAIT_SECONDS)) as slow:
            slow.sendall(b"POST /login HTTP/1.0\r\nX: " if tls is None else b"\x16\x03")
            assert slow.recv(1) == b""


def test_more_connections_than_there_is_room_for_are_closed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_silence_last(monkeypatch)
    monkeypatch.setattr(server, "CONNECTIONS_AT_ONCE", 3)
    with served(tmp_path) as board:
        address = ("127.0.0.1", int(board.url.rpartition(":")[2]))
        held = [socket.create_connection(address, timeout=WAIT_SECONDS) for _ in range(3)]
        try:
            with closing(socket.create_connection(address, timeout=WAIT_SECONDS)) as one_more:
                assert one_more.recv(1) == b""
        finally:
            for one in held:
                one.close()
