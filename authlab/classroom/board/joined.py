"""Where a learner has joined: one small file in the clone's `.authlab`, which its owner alone can read."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from authlab.classroom.board.addresses import is_loopback, url_of
from authlab.course.places import STATE
from authlab.locking import locked
from authlab.replacing import replaced

FILE = STATE / "joined.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Joined:
    """A board, and the key that it gave us."""

    url: str
    name: str
    key: str
    pin: str | None  # SHA-256 of its certificate, where no authority vouches for it


def read() -> Joined | None:
    """Return where the learner has joined, or None; a file that cannot be read is none."""
    try:
        kept = json.loads(FILE.read_bytes())
        if kept.pop("version") != VERSION:
            return None
        return Joined(**kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def write(joined: Joined) -> None:
    """Remember it. Raises `OSError` where the folder cannot be written."""
    with locked(FILE.with_suffix(".lock")), replaced(FILE) as temporary:  # a new file is its owner's alone
        temporary.write_text(json.dumps({"version": VERSION, **asdict(joined)}) + "\n", encoding="utf-8")


def forget() -> None:
    """Forget it. Raises `OSError` where the file cannot be deleted."""
    with suppress(FileNotFoundError):
        FILE.unlink()


def board_url(typed: str) -> str | None:
    """Return the address of a board as it is kept: scheme, name and port; None for what is none.

    Without TLS, only a board on this very machine: a key would be read on the way.
    """
    try:
        there = urlsplit(typed.strip())
        host, port = (there.hostname or "").lower(), there.port
    except ValueError:
        return None
    rest = (there.path.strip("/"), there.query, there.fragment, there.username, there.password)
    if there.scheme not in ("http", "https") or not host or any(rest):
        return None
    if not host.isascii() or any(character in host for character in " \\%"):
        return None
    if there.scheme == "http" and not is_loopback(host):
        return None
    return url_of(host, port, tls=there.scheme == "https")
