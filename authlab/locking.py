"""One process at a time, on every system. The system frees a lock when its holder ends, however it ends."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.1


@contextmanager
def locked(
    path: Path, waiting: Callable[[], None] = lambda: None, *, patience_seconds: float = math.inf
) -> Iterator[int]:
    """Hold the lock of the file `path`, made if need be, and give its handle; `waiting` is called once if
    another process holds it.

    Raises `OSError` where the file cannot be written, and `TimeoutError` when the other process still holds
    it after `patience_seconds`: one that was stopped (Ctrl-Z) holds it until it goes on.
    """
    for folder in (path.parent.parent, path.parent):  # `parents=True` would open the upper one to everybody
        folder.mkdir(mode=0o700, exist_ok=True)
    with path.open("a+b") as file:
        if not try_lock(file):
            waiting()
            end = time.monotonic() + patience_seconds
            while not try_lock(file):
                if time.monotonic() > end:
                    raise TimeoutError(f"another process holds {path.name}")
                time.sleep(POLL_SECONDS)
        yield file.fileno()


def try_lock(file: IO[bytes]) -> bool:
    """Lock an open file, or return False when another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks: one process alone is still right
    return True
