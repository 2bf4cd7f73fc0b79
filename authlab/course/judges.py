"""Starting a judge (see `judge`), asking it, and ending it with whatever it is at."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import IO, Any, Protocol

from authlab.course import children, judge
from authlab.course.places import ROOT, folder_in_memory, with_temporary_files_in
from authlab.course.temporary import temporary_folder

ROOM_BYTES = 4 * children.FILE_BYTES
SPARE_SECONDS = 30.0  # for a judge on a busy machine to say that an answer ran out of time
SECONDS_TO_END = 5.0
# Not with -m: the module would be loaded a second time, under its own name, by whoever imports it.
JUDGE = "from authlab.course.judge import main; main()"
JUDGE_ENDED = (
    "the process that judges it was ended meanwhile: does the answer end processes that it did not start?"
)


class EngineError(Exception):
    """The kit itself cannot judge: its checks do not load, or its judge does not start."""


class Judge:
    """A judge that was started, the pipes to it, and the folder for its temporary files.

    `lessons` are the stems of those whose checks it has. It starts while its owner does something else, and
    the first question waits for it. `isolated` takes from its answers what `isolation` can.
    With `forked` it is a copy of this very process, which saves loading anew
    what is loaded here: for a process of one thread that does nothing besides.
    """

    def __init__(self, lessons: Sequence[str], *, forked: bool = False, isolated: bool = False) -> None:
        self.lessons = frozenset(lessons)
        self._folder = TemporaryDirectory(
            prefix=judge.FOLDER,
            dir=temporary_folder() or folder_in_memory(ROOM_BYTES),
            ignore_cleanup_errors=True,
        )
        start = _fork if forked and judge.CAN_FORK else _spawn
        self._process = start(sorted(self.lessons), self._folder.name, isolated)
        self.is_ready = False
        self._mark = ""
        self.taken: tuple[str, ...] | None = None  # from its answers, once it is ready: see `isolation`

    def is_alive(self) -> bool:
        """Return whether it can be asked (once more)."""
        return self._process.poll() is None

    def hand_over(self, job: dict[str, Any]) -> None:
        """Give it a job; raises `EngineError` when it does not start. `answer` is to be asked for next."""
        if not self.is_ready:
            said = self._read_line()
            if "ready" not in said:
                raise EngineError(str(said.get("broken", said)))
            self.is_ready = True
            self.taken = tuple(said.get("taken", ()))
        assert self._process.stdin is not None
        self._mark = os.urandom(16).hex()  # tells the judge's line from what an answer may have written
        self._process.stdin.write(json.dumps({"mark": self._mark, **job}) + "\n")
        self._process.stdin.flush()

    def answer(self, timeout_seconds: float) -> dict[str, Any]:
        """Return the result of the job that it was given last.

        A judge that forks keeps the time itself; any other is ended when `timeout_seconds` are up.
        """
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(timeout_seconds + SPARE_SECONDS if judge.CAN_FORK else timeout_seconds, end)
        timer.start()
        try:
            return self._read_line(self._mark)
        except EngineError:
            if late.is_set():
                return {"timeout": timeout_seconds}
            return {"error": JUDGE_ENDED if judge.CAN_FORK else children.ENDED}
        finally:
            timer.cancel()

    def end(self) -> None:
        """End it, with the answer that it is judging."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):  # it is gone, and takes no more
            self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()

    def _read_line(self, mark: str = "") -> dict[str, Any]:
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline()) and not line.startswith(mark + "{"):
            pass
        if not line:
            raise EngineError(
                f"the judge ended with status {self._process.wait()}. "
                "See why: python3 -m pytest tests/lessons"
            )
        return dict(json.loads(line.removeprefix(mark)))


class _Process(Protocol):
    """What is asked of a process: `subprocess.Popen`'s, and a fork's below."""

    stdin: IO[str] | None
    stdout: IO[str] | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def _environment(folder: str) -> dict[str, str]:
    environment = {**with_temporary_files_in(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    return environment


def _spawn(lessons: Sequence[str], folder: str, isolated: bool) -> _Process:
    return subprocess.Popen(
        [sys.executable, "-c", JUDGE, *lessons, *([judge.ISOLATED] if isolated else ())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=ROOT,
        env=_environment(folder),
        start_new_session=True,  # Ctrl-C is for the owner; the judge ends when its pipe does
    )


def _fork(lessons: Sequence[str], folder: str, isolated: bool) -> _Process:
    jobs, to_judge = os.pipe()
    from_judge, results = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(to_judge)
            os.close(from_judge)
            os.environ.clear()
            os.environ.update(_environment(folder))
            judge.serve(
                os.fdopen(jobs, encoding="utf-8"),
                os.fdopen(results, "w", encoding="utf-8"),
                lessons,
                isolated=isolated,
            )
        finally:
            os._exit(0)  # it never goes on as its owner
    os.close(jobs)
    os.close(results)
    return _Fork(pid, to_judge, from_judge)


class _Fork:
    """A forked process, with those of `subprocess.Popen`'s methods that are used here."""

    def __init__(self, pid: int, stdin: int, stdout: int) -> None:
        self.stdin: IO[str] | None = os.fdopen(stdin, "w", encoding="utf-8")
        self.stdout: IO[str] | None = os.fdopen(stdout, encoding="utf-8", errors="replace")
        self._pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if ended else None
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("judge", timeout or 0)
            time.sleep(0.002)
        return status

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self._pid, number)
