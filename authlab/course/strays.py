"""Processes that an answer leaves behind, out of the reach of its group: `os.setsid()` is enough for that.

On Linux a judge adopts them when their parents are gone, and ends them; and its answers end with it, however
it ends. Elsewhere such a process goes on until it ends by itself.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

SECONDS = 2.0  # a fork bomb could go on for ever; each round of killing reaches all of a generation
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


_adopting: set[int] = set()


def adopt() -> None:
    """Become the parent of all orphans among this process's descendants."""
    _adopting.add(os.getpid())
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_the_parent() -> None:
    """Have this process killed as soon as its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_all() -> None:
    """End all children of this process, theirs as well, if it adopts: it judges nothing now, so they are
    strays."""
    if os.getpid() not in _adopting:
        return
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for child in _children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.001)


def _children() -> Iterator[int]:
    me = str(os.getpid())
    for name in filter(str.isdigit, os.listdir("/proc") if sys.platform == "linux" else ()):
        with suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
            if file.read().rpartition(")")[2].split()[1] == me:  # pid (name) state ppid
                yield int(name)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a system that cannot is one that does without
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
