"""What SQLite raises when it cannot go on, made by hand."""

import sqlite3


def sqlite_error(code: int, text: str = "database is locked") -> sqlite3.OperationalError:
    """Return the error as the module `sqlite3` raises it, with SQLite's own code."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error
