"""A warm engine for the shell: while `authlab watch` runs, `authlab check` asks its engine and starts none.

They talk over a socket in the clone's `.authlab`, a folder that is its owner's alone: a line of JSON there,
two lines back, "at it" and the answer. Where there is no such socket, or nobody is at it soon, the one who
asks goes on alone.
"""

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from authlab.course.places import STATE

SOCKET = STATE / "engine.sock"
HAS_SOCKETS = hasattr(socket, "AF_UNIX")
CONNECT_SECONDS = 0.5  # until it says that it is at it: one that is busy, or stopped, does not
ANSWER_SECONDS = 10.0  # for the one who asked to take the answer
AT_IT = b"at it\n"
MAX_LINE_BYTES = 1024**2


def ask(question: dict[str, Any], path: Path = SOCKET) -> dict[str, Any] | None:
    """Return what the warm engine answers, or None when there is none, or it cannot answer that."""
    if not HAS_SOCKETS or not path.exists():
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(CONNECT_SECONDS)
            connection.connect(_short(path))
            connection.sendall(json.dumps(question).encode() + b"\n")
            lines = connection.makefile("rb")
            if lines.readline(MAX_LINE_BYTES) != AT_IT:
                return None
            connection.settimeout(None)
            return dict(json.loads(lines.readline())) or None
        except (OSError, ValueError):
            return None


class Answering:
    """The warm engine's end of the socket. Close it, or use it in a `with` block: it owns a file."""

    def __init__(self, path: Path = SOCKET) -> None:
        """Listen; raises `OSError` where that is not possible, or where another one listens."""
        if _is_listening(path):
            raise FileExistsError(f"{path.name}: another one listens")
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):  # of one that was killed
            path.unlink()
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(_short(path))
        os.chmod(path, 0o600)
        self._file = path.stat().st_ino
        self._socket.listen(8)
        self._socket.setblocking(False)

    def __enter__(self) -> "Answering":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._file:
                self._path.unlink()

    def fileno(self) -> int:
        """Return the handle by which `select` sees that somebody asks."""
        return self._socket.fileno()

    def answer(self, reply: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Answer one question. Whoever asks wrongly, or hangs up, is no reason to stop."""
        with suppress(OSError, ValueError):
            connection, _ = self._socket.accept()
            with connection:
                connection.settimeout(CONNECT_SECONDS)
                question = dict(json.loads(connection.makefile("rb").readline(MAX_LINE_BYTES)))
                connection.sendall(AT_IT)  # an error where nobody waits any longer
                told = reply(question)
                connection.settimeout(ANSWER_SECONDS)
                connection.sendall(json.dumps(told).encode() + b"\n")


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(_short(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # it has no time now
            return True
        return True


def _short(path: Path) -> str:
    """Return a path that a socket can have: about 100 characters, and a clone may lie deeper."""
    whole = str(path)
    near = os.path.relpath(whole)
    return min(whole, near, key=len)
