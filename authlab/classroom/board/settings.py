"""What a board runs with: the app's own settings, made of the file that the board is kept in."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from authlab.classroom.board import db as tables
from authlab.classroom.board.keys import digest, new_code, new_secret
from authlab.clock import Clock, system_clock
from authlab.db import Database, set_password_hash
from authlab.errors import SettingsError
from authlab.settings import Limit, Settings

INSTRUCTOR = "Instructor"
# 40 bits of a join code at 100 guesses a minute take 20,000 years. A right one begins the count anew: a class
# comes from one address, and some mistype.
GUESSES_PER_ADDRESS = Limit(100, 60)
LEARNERS_AT_MOST = 2000  # whoever has the code could otherwise join for ever
REPORTS_PER_LEARNER = Limit(60, 60)  # requests, of up to 100 reports each


def board_settings(
    file: Path,
    hosts: tuple[str, ...],
    *,
    clock: Clock = system_clock,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Settings:
    """Return the settings of the board in `file`, which is made if it is not there.

    Raises `SettingsError` or `OSError` where the file cannot be used. Only its owner may read it.
    """
    _refuse_other_file(file)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(Database(file).connect()) as db:
        tables.make_board(db, signing_key=random_bytes(32), code=new_code(random_bytes))
        return Settings(
            session_keys={"board": tables.signing_key(db)},
            pepper=b"",  # no passwords
            database=file,
            hosts=hosts,
            logins_per_address=GUESSES_PER_ADDRESS,
            clock=clock,
            random_bytes=random_bytes,
        )


def _refuse_other_file(file: Path) -> None:
    """Raise `SettingsError` for a file that is there and is no board: of the app's, say, whose admin has a
    password that we would replace."""
    if not file.exists() or not file.stat().st_size:
        return
    try:
        with closing(sqlite3.connect(file)) as db:
            if not tables.is_board(db):
                raise SettingsError("it is no board")
    except sqlite3.Error as error:
        raise SettingsError(str(error)) from None


def new_instructor_key(settings: Settings) -> str:
    """Return a fresh key for the instructor; the one before opens nothing any more."""
    secret = new_secret(settings.random_bytes)
    with closing(Database(settings.database).connect()) as db:
        number = tables.instructor_id(db)
        if number is None:
            number = tables.insert_member(
                db,
                name=INSTRUCTOR,
                label="instructor",
                digest=digest(secret),
                role="admin",
                now=settings.clock(),
            )
        set_password_hash(db, number, digest(secret))
    return f"{number}-{secret}"
