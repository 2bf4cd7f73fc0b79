"""What tests ask about processes."""

import os
import time
from pathlib import Path


def is_gone(pid: int) -> bool:
    """Return whether no process has this id, or only the remains of one that nobody has collected."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def is_soon_gone(pid: int) -> bool:
    """Return whether a process ends by itself, with all the patience that a busy machine needs."""
    for _ in range(1500):
        if is_gone(pid):
            return True
        time.sleep(0.02)
    return False
