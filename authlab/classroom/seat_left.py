"""What a learner leaves behind when their server ends: programs, and files among everybody's temporary ones.

Run by the hub as the learner, `python -I seat_left.py NUMBER`, so it can end and delete what is theirs and
nothing else. Their user id belongs to nobody besides, so all that has it is of this server. Standard library
only.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - looked through, not written to
ROUNDS = 100  # of killing: whoever is about to fork is met in the next one
PAUSE_SECONDS = 0.01


def clear(number: int, shared: Iterable[Path] = SHARED) -> None:
    """End all programs of this process's user, then delete what they have in the folders `shared`.

    Does nothing unless that user is `number`, and not root: -1 means everything that one may end.
    """
    if not os.getuid() == os.geteuid() == number != 0:
        return
    for _ in range(ROUNDS):
        try:
            os.kill(-1, signal.SIGKILL)  # not the one who asks
        except ProcessLookupError:
            break
        time.sleep(PAUSE_SECONDS)
    for folder in shared:
        with suppress(OSError):
            for path in folder.iterdir():
                _delete(path, number)


def _delete(path: Path, number: int) -> None:
    with suppress(OSError):
        if path.lstat().st_uid != number:
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


if __name__ == "__main__":
    clear(int(sys.argv[1]))
