"""A child process for one job of the judge: it runs an answer, with limits, in a folder of its own.

It is forked ahead and waits for its job, because forking costs as much as running a few checks. However it
goes on, it ends with the result, with its time, or with the judge, and whatever it has started ends with it.
"""

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from authlab.course import isolation, strays

MEMORY_BYTES = 2 * 1024**3
FILE_BYTES = 64 * 1024**2
MAX_RESULT_BYTES = 1024**2
OUTPUT = "printed.txt"  # in the child's own folder
ENDED = "the answer ended its process before the checks were done"
CUT_OFF = "the answer ended its process, or closed files that it had not opened, before the checks were done"
CUT_OFF_STATUS = 3  # of a child that could not tell its result
_exit = os._exit  # an answer can replace the other
_children: list["Child"] = []  # which are alive


class Child:
    """A process that was forked from this one, and does one job there: `do(job)`, both as JSON has them.

    `get_ready` is done before there is a job: it looks at whatever the child will need of what it inherits.
    Parent and child share their memory, and a page is copied when one of them first writes to it, be it a
    reference count.

    Its result comes behind a token: whatever else an answer writes into the pipe is no result. A child's own
    child stays in its group (`in_a_group_of_its_own=False`), so that whoever ends the one ends the other.
    """

    def __init__(
        self,
        do: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        get_ready: Callable[[], object] = lambda: None,
        in_a_group_of_its_own: bool = True,
    ) -> None:
        self._in_a_group_of_its_own = in_a_group_of_its_own
        self._token = os.urandom(16).hex().encode()
        self._status = 0
        os.makedirs(tempfile.gettempdir(), 0o700, exist_ok=True)  # an answer may have deleted it
        self._folder = tempfile.mkdtemp(prefix="authlab-answer-")
        asked, self._asking = os.pipe()
        self._reading, writing = os.pipe()
        # Whoever ends the judge meanwhile waits until it knows that there is a child to be ended, too.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._pid = os.fork()
        if self._pid == 0:
            self._be_the_child(do, get_ready, asked, writing)
        _children.append(self)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(asked)
        os.close(writing)

    def hand_over(self, job: dict[str, Any]) -> bool:
        """Give it its job; False when it is no more, and then there is nothing left of it."""
        try:
            os.write(self._asking, json.dumps(job).encode() + b"\n")
        except BrokenPipeError:  # somebody has ended it meanwhile
            self.end()
            return False
        return True

    def result(self, timeout_seconds: float) -> dict[str, Any]:
        """Return what `do` returned, or what kept it from that: `{"timeout": ...}` or `{"error": ...}`. It is
        ended then."""
        try:
            return self.first_result(timeout_seconds)
        finally:
            self.end()

    def first_result(self, timeout_seconds: float) -> dict[str, Any]:
        """Return the same as soon as it is known. Its group is killed then, so that it does nothing any more;
        `end` waits until the system has cleared its memory away, which takes as long as a few checks."""
        said = _read(self._reading, self._token, timeout_seconds)
        _kill_group(self._pid)
        if said is None:
            return {"timeout": timeout_seconds}
        return dict(json.loads(said)) if said else {"error": _how_it_ended(self.end())}

    def end(self) -> int:
        """End it and whatever it has started, and return how it ended, as `os.waitpid` tells."""
        if self in _children:
            os.close(self._asking)
            os.close(self._reading)
            self._status = self.kill()
            _children.remove(self)
        return self._status

    def kill(self) -> int:
        """End its process and clear away its folder, and nothing else: also for a signal's handler."""
        status = _end_group(self._pid)
        if self._in_a_group_of_its_own:
            strays.end_all()
        shutil.rmtree(self._folder, ignore_errors=True)
        return status

    def _be_the_child(
        self,
        do: Callable[[dict[str, Any]], dict[str, Any]],
        get_ready: Callable[[], object],
        asked: int,
        writing: int,
    ) -> NoReturn:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            _confine(self._folder, self._in_a_group_of_its_own, {asked, writing})
            get_ready()
            with os.fdopen(asked, "rb") as jobs:
                line = jobs.readline()
            if line:  # or nobody needs it any more
                try:
                    result = do(json.loads(line))
                except BaseException as error:  # SystemExit and KeyboardInterrupt of an answer end here too
                    result = ended_by(error)
                told = json.dumps(result).encode()
                if len(told) > MAX_RESULT_BYTES:
                    told = json.dumps({"error": "there is more to tell than anybody would read"}).encode()
                os.write(writing, b"\n" + self._token + told + b"\n")
            _exit(0)
        finally:
            _exit(CUT_OFF_STATUS)  # also when nobody reads any more: a child never goes on as its parent


def end_all() -> None:
    """End all children that are alive, in the middle of whatever they are at."""
    for child in _children:
        child.kill()


def point_nowhere(number: int) -> None:
    """Let an open file be none; its number stays taken."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)


def away_from_everything(folder: str) -> None:
    """Work in an empty folder, temporary files included, with no input, and keep what is printed there."""
    os.chdir(folder)
    tempfile.tempdir = folder
    point_nowhere(0)
    printed = os.open(OUTPUT, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(printed, 1)
    os.close(printed)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


def ended_by(error: BaseException) -> dict[str, Any]:
    """Return the result of a job that an exception ended."""
    from authlab.course.messages import error_in_words

    said = error_in_words(error).replace(": ", " ", 1)
    return {"error": f"the answer ended its process: {said}"}


def _confine(folder: str, in_a_group_of_its_own: bool, kept: set[int]) -> None:
    """Give the child a place of its own, and limits; and a group, so that all it starts ends with it.

    Of the files that are open, it keeps the pipes of its own. The judge's are none of its business: what an
    answer wrote there would be taken for a verdict.
    """
    import resource

    strays.end_with_the_parent()
    if in_a_group_of_its_own:
        os.setpgid(0, 0)
    for number in map(int, os.listdir("/dev/fd")):
        if number > 2 and number not in kept:
            with suppress(OSError):  # the listing's own
                os.fstat(number)
                point_nowhere(number)
    away_from_everything(folder)

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    isolation.limit_processes()


def _how_it_ended(status: int) -> str:
    """Return in words how a child ended that told nothing."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        return f"the answer ended its process by {signal.Signals(os.WTERMSIG(status)).name}"
    cut_off = os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == CUT_OFF_STATUS
    return CUT_OFF if cut_off else ENDED


def _read(reading: int, token: bytes, timeout_seconds: float) -> bytes | None:
    """Return the line behind the token, b"" when the child ended without one, or None when its time was up.

    The line's end counts, not the pipe's: a process that the answer left running may hold the pipe open.
    """
    deadline = time.monotonic() + timeout_seconds
    said = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return None
        block = os.read(reading, 65536)
        *lines, said = (said + block).split(b"\n")
        for line in lines:
            if line.startswith(token):
                return line.removeprefix(token)
        if not block:
            return b""
        if not token.startswith(said[: len(token)]) or len(said) > 2 * MAX_RESULT_BYTES:
            said = b"-"  # noise, of a line that began before


def _end_group(child: int) -> int:
    """End the child and whatever is in its group, and return how it ended, as `os.waitpid` tells."""
    _kill_group(child)
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return 0


def _kill_group(child: int) -> None:
    for _ in range(2):
        try:
            os.killpg(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
