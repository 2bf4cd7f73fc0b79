"""A board on a free port of this machine, in a thread of the tests or as a process of its own."""

import argparse
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from authlab.classroom.board import db as tables
from authlab.classroom.board.addresses import url_of
from authlab.classroom.board.app import Board
from authlab.classroom.board.server import BoardServer
from authlab.classroom.board.settings import board_settings
from authlab.course.places import ROOT
from authlab.db import Database
from authlab.settings import Settings

WAIT_SECONDS = 60
# The command without the table of all commands: as it is typed, it is tried in `test_board_command`.
COMMAND = (
    "import argparse, sys; from authlab.cli import class_board as board; parser = argparse.ArgumentParser(); "
    "board.add_arguments(parser); sys.exit(board.run(parser.parse_args()))"
)


class Served:
    """A running board: where it is, its join code, and its file."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self.settings = settings

    @property
    def code(self) -> str:
        """The join code."""
        with closing(Database(self.settings.database).connect()) as db:
            return tables.board(db).code

    def set_closed(self, closed: bool) -> None:
        """Close or open it, as its instructor can."""
        with closing(Database(self.settings.database).connect()) as db:
            tables.set_closed(db, 1 if closed else None)

    def learners(self) -> list[str]:
        """The names of who has joined."""
        with closing(Database(self.settings.database).connect()) as db:
            return [learner.name for learner in tables.learners(db)]

    def standings(self) -> list[tuple[str, str, str | None]]:
        """Exercise, status and misconception of all that was reported."""
        with closing(Database(self.settings.database).connect()) as db:
            return [(row.exercise, row.status, row.misconception) for row in tables.standings(db)]

    def taken(self) -> set[str]:
        """The ids of the reports that it has."""
        with closing(Database(self.settings.database).connect()) as db:
            return {row[0] for row in db.execute("SELECT report_id FROM taken")}


@contextmanager
def served(folder: Path, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve a board from a folder."""
    settings = board_settings(folder / "board.db", ("127.0.0.1", "localhost", ".localhost"))
    server = BoardServer("127.0.0.1", port, Board(settings), tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Served(url_of("localhost", server.server_port, tls=tls is not None), settings)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class BoardProcess:
    """`authlab class board` as a process, and what it said."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if "Learners type" in line:
                break
        else:
            raise AssertionError(self.process.communicate()[1])
        self.key = self.said[1].removeprefix("Your key: ")
        found = re.fullmatch(r"Learners type: \S+ -m authlab class join (\S+) (\S+)", self.said[2])
        assert found, self.said
        self.url, self.code = found[1], found[2]
        self.here = self.url.replace("board.localhost", "127.0.0.1")  # for `requests`, on every system

    def end(self) -> None:
        """End it, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=WAIT_SECONDS)


def parsed(module: object, *arguments: str) -> argparse.Namespace:
    """Return the arguments of a command's module, as they are typed."""
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)  # type: ignore[attr-defined]
    return parser.parse_args(arguments)
