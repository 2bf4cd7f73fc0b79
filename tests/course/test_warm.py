"""The warm engine's socket: whoever asks gets the answer, or soon learns that there is none."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from authlab.course import warm
from authlab.course.warm import AT_IT, Answering, ask

pytestmark = pytest.mark.skipif(not warm.HAS_SOCKETS, reason="there are no such sockets on this system")
SOON_SECONDS = 5.0  # the machine may be busy; without a limit it would be for ever


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@contextmanager
def in_the_background(do: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=do)
    thread.start()
    yield
    thread.join(SOON_SECONDS)
    assert not thread.is_alive()


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Somebody who listens and does nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as somebody:
        somebody.bind(str(path))
        somebody.listen(1)
        yield somebody


def answer_when_asked(answering: Answering, reply: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    import select

    select.select([answering], [], [], SOON_SECONDS)
    answering.answer(reply)


def test_a_question_gets_its_answer(path: Path) -> None:
    """However long that is."""
    with Answering(path) as answering:
        long = {"text": "é" * 3_000_000, "status": 1}
        with in_the_background(lambda: answer_when_asked(answering, lambda asked: {**long, **asked})):
            assert ask({"check": ["1.2"]}, path) == {**long, "check": ["1.2"]}
    assert not path.exists()


def test_nobody_else_may_ask(path: Path) -> None:
    """What is asked for is run: the socket is its owner's."""
    with Answering(path):
        assert path.stat().st_mode & 0o077 == 0


def test_nobody_there(path: Path) -> None:
    assert ask({}, path) is None


def test_the_socket_of_one_that_was_killed_is_passed_over_and_replaced(path: Path) -> None:
    with listening(path):
        pass
    assert path.exists()
    assert ask({}, path) is None
    with Answering(path) as answering, in_the_background(lambda: answer_when_asked(answering, dict)):
        assert ask({"a": 1}, path) == {"a": 1}


def test_a_file_that_is_no_socket_is_passed_over(path: Path) -> None:
    path.write_text("mine")
    assert ask({}, path) is None


def test_one_that_is_busy_is_waited_for_half_a_second(path: Path) -> None:
    """It judges an endless loop, say. The one who asks goes on alone, and nobody judges for them later."""
    asked = []
    with Answering(path) as answering:
        started = time.monotonic()
        assert ask({}, path) is None
        assert time.monotonic() - started < SOON_SECONDS
        answering.answer(lambda question: asked.append(question) or {})
    assert asked == []


@pytest.mark.parametrize(
    "said", [b"", AT_IT, b"nonsense\n", AT_IT + b"nonsense\n", AT_IT + b"[1\n", AT_IT + b"{}\n"]
)
def test_one_that_dies_or_says_nonsense_is_none(path: Path, said: bytes) -> None:
    with listening(path) as somebody:

        def die() -> None:
            connection, _ = somebody.accept()
            connection.sendall(said)
            connection.close()

        with in_the_background(die):
            assert ask({}, path) is None


@pytest.mark.parametrize("said", [b"", b"\n", b"[]\n", b"nonsense\n", b"\xff\n"])
def test_whoever_asks_nonsense_is_passed_over(path: Path, said: bytes) -> None:
    with Answering(path) as answering:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as somebody:
            somebody.connect(str(path))
            somebody.sendall(said)
        answering.answer(lambda question: {})
        with in_the_background(lambda: answer_when_asked(answering, dict)):
            assert ask({"a": 1}, path) == {"a": 1}


def test_there_is_one_at_a_time_even_if_that_is_busy(path: Path) -> None:
    """Two `watch`: the second leaves the first one's socket alone."""
    with Answering(path) as answering:
        with pytest.raises(FileExistsError):
            Answering(path)
        with in_the_background(lambda: [answer_when_asked(answering, dict) for _ in range(2)]):
            assert ask({"a": 1}, path) == {"a": 1}


def test_closing_takes_away_nobody_elses_socket(path: Path) -> None:
    with Answering(path):
        path.unlink()
        with listening(path):
            os.link(path, path.with_suffix(".kept"))  # its number is not given again
            inode = path.stat().st_ino
    assert path.stat().st_ino == inode


def test_a_clone_that_lies_deep_is_reached_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's whole path has about 100 characters; where none fits, there is no warm engine."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    path = deep / "engine.sock"
    assert ask({}, path) is None
    with pytest.raises(OSError):  # noqa: PT011 - whichever: `watch` goes on without
        Answering(path)
    monkeypatch.chdir(deep)
    with Answering(path) as answering, in_the_background(lambda: answer_when_asked(answering, dict)):
        assert ask({"a": 1}, path) == {"a": 1}
