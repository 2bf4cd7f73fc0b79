"""`authlab class board`: a live page on which an instructor sees where the room is."""

import argparse
import errno
import io
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line

if TYPE_CHECKING:
    import ssl

    from authlab.classroom.board.server import BoardServer
    from authlab.settings import Settings

DEFAULT_PORT = 8010
# A name of its own: cookies know no ports, and as `localhost` it would share a cookie with `serve`.
DEFAULT_HOST = "board.localhost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default=None,
        help="the name or address that learners will type; another than this machine's own needs --cert",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="the TLS certificate, in PEM")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key, in PEM, without a password")
    parser.add_argument(
        "--db", type=Path, metavar="FILE", help="where all is kept; default: .authlab/board.db"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from authlab.classroom.board.addresses import url_of
    from authlab.classroom.board.app import Board
    from authlab.classroom.board.server import fingerprint_of
    from authlab.classroom.board.settings import new_instructor_key
    from authlab.course.places import shown

    tls = _tls(args)
    if args.host is None:
        args.host = DEFAULT_HOST if tls is None else "localhost"  # which certificates are made for
    _refuse_host(args)
    settings = _settings(args)
    fingerprint = "" if tls is None else fingerprint_of(args.cert)
    board = Board(settings, fingerprint)
    with _the_only_one(settings.database), _server(args, board, tls) as server:
        url = url_of(args.host, server.server_port, tls=tls is not None)
        print(f"The class board is at {url}/ (Ctrl-C ends it; all is kept in {shown(settings.database)})")
        print(f"Your key: {new_instructor_key(settings)}")
        print(f"Learners type: {command_line('class join')} {url} {_code(settings)}")
        if fingerprint:
            print(f"Fingerprint of the certificate, for them to compare: {fingerprint}")
        print(end="", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        server.serve_forever(poll_interval=0.1)
    return 0


@contextmanager
def _the_only_one(database: Path) -> Iterator[None]:
    """Hold the board's file for this process: a second board's key would end that of the first."""
    from authlab.locking import locked

    with ExitStack() as held:
        try:
            held.enter_context(locked(database.with_name(f"{database.name}-lock"), patience_seconds=0))
        except TimeoutError:
            raise UsageError(
                f"--db: expected a board that does not run yet, and {str(database)!r} does, in another "
                f"terminal: end it there, or try: {command_line('class board')} --db ANOTHER_FILE --port PORT"
            ) from None
        yield


def _tls(args: argparse.Namespace) -> "ssl.SSLContext | None":
    from authlab.classroom.board.server import tls_context

    if args.cert is None and args.key is None:
        return None
    if args.cert is None or args.key is None:
        missing = "--cert" if args.cert is None else "--key"
        raise UsageError(f"{missing}: expected both --cert and --key, got one; {_see()}")
    try:
        return tls_context(args.cert, args.key)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(
            f"--cert, --key: expected a certificate and its key in PEM, got {str(args.cert)!r} and "
            f"{str(args.key)!r}: {reason}; {_see()}"
        ) from None


def _refuse_host(args: argparse.Namespace) -> None:
    from authlab.classroom.board.addresses import address_of, is_loopback
    from authlab.classroom.board.server import is_any_address, resolves

    if is_any_address(args.host):
        raise UsageError(
            f"--host: expected the one name or address that learners type, got {args.host!r}; {_see()}"
        )
    if ":" in args.host:  # what checks the Host header (Werkzeug) takes the first colon for that of a port
        raise UsageError(f"--host: expected a name or an IPv4 address, got {args.host!r}; {_see()}")
    if not is_loopback(args.host) and args.cert is None:
        raise UsageError(
            f"--host: expected this machine's own (localhost), got {args.host!r} without TLS: keys would be "
            f"read on the way; add --cert FILE --key FILE, {_see()}"
        )
    if not resolves(address_of(args.host)):
        raise UsageError(f"--host: expected a name or address of this machine, got {args.host!r}; {_see()}")
    if not 0 <= args.port <= 65535:
        raise UsageError(_cannot_listen(args))


def _settings(args: argparse.Namespace) -> "Settings":
    from authlab.classroom.board.settings import board_settings
    from authlab.course.places import STATE
    from authlab.errors import SettingsError

    file = args.db or STATE / "board.db"
    own = ("localhost", ".localhost", "127.0.0.1")
    try:
        if args.db is None:
            STATE.mkdir(mode=0o700, exist_ok=True)
        return board_settings(file, (args.host.lower(), *own) if args.cert else own)
    except (OSError, SettingsError) as error:
        reason = getattr(error, "strerror", None) or "it is no board, or cannot be written"
        raise UsageError(
            f"--db: expected a file of a board, or a new one in a folder that is there, got {str(file)!r}: "
            f"{reason}; try: {command_line('class board')}"
        ) from None


def _server(args: argparse.Namespace, app: object, tls: "ssl.SSLContext | None") -> "BoardServer":
    from authlab.classroom.board.addresses import address_of
    from authlab.classroom.board.server import BoardServer

    try:
        with redirect_stderr(io.StringIO()):  # Werkzeug says it in lines of its own, then exits
            return BoardServer(address_of(args.host), args.port, app, tls)  # type: ignore[arg-type]
    except (OSError, SystemExit) as error:
        why = error.__context__ if isinstance(error, SystemExit) else error
        if isinstance(why, OSError) and why.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise UsageError(
                f"--host: expected an address of this machine, got {args.host!r}: {why.strerror}; {_see()}"
            ) from None
        raise UsageError(_cannot_listen(args)) from None


def _code(settings: "Settings") -> str:
    from contextlib import closing

    from authlab.classroom.board.db import board
    from authlab.db import Database

    with closing(Database(settings.database).connect()) as db:
        return board(db).code


def _cannot_listen(args: argparse.Namespace) -> str:
    other = args.port + 1 if 1023 < args.port < 65535 else DEFAULT_PORT + 1
    return (
        f"port {args.port}: expected a free port from 1024 to 65535, and it is taken or not allowed; "
        f"try: {command_line(f'class board --port {other}')}"
    )


def _see() -> str:
    return "see docs/board.md"
