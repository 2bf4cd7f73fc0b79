"""`authlab serve`: the app in a browser, on this machine only."""

import argparse
import codecs
import errno
import io
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stderr
from pathlib import Path

from authlab.cli import UsageError, command_line

HOST = "127.0.0.1"  # never another: this is teaching code
DEFAULT_PORT = 8000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: 8000")
    parser.add_argument("--database", type=Path, metavar="FILE", help="default: .authlab/serve.sqlite")
    parser.add_argument(
        "--mine",
        action="store_true",
        help="with your own answers from exercises/ in place of the package's parts, where they pass",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from authlab.course.places import EXERCISES, ROOT

    if not 0 <= args.port <= 65535:  # the system would take 70000 for 4464
        raise UsageError(_cannot_listen(args.port, OverflowError()))
    if args.mine:
        _make_room()  # before anything imports the parts
    solved = _solved() if args.mine else []

    from werkzeug.serving import WSGIRequestHandler, make_server

    from authlab.app import App
    from authlab.errors import SettingsError
    from authlab.settings import load_settings

    database = args.database or ROOT / ".authlab" / "serve.sqlite"
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        app = App(load_settings(_environment(ROOT / ".env"), database))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"--database: expected a file in a folder that can be made, got {str(database)!r}: "
            f"{error.strerror}; try: {command_line('serve')}"
        ) from None

    class QuietHandler(WSGIRequestHandler):
        """Logs one plain line a request, without the query, which may hold what a visitor typed."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            print(f"{self.command} {self.path.partition('?')[0]} -> {code}", flush=True)

    try:
        with redirect_stderr(io.StringIO()):  # Werkzeug says it in lines of its own, then exits
            server = make_server(HOST, args.port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit, OverflowError) as error:
        raise UsageError(_cannot_listen(args.port, error)) from None
    if args.mine:
        print(f"Your own parts: {', '.join(solved) or 'none passes yet'}")
    print(f"The app is at http://localhost:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        with _mounted(solved, EXERCISES):
            server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
    return 0


def _solved() -> list[str]:
    """Return the exercises whose answers pass: an app is served from parts that work."""
    from authlab.course.curriculum import exercises
    from authlab.course.engine import Engine

    with Engine() as engine:
        return [
            asked.id
            for asked in exercises()
            if asked.kind in ("build", "fix") and engine.check(asked).status == "passed"
        ]


def _make_room() -> None:
    from authlab.course import mounting
    from authlab.course.parts import PARTS

    mounting.install(PARTS)


def _mounted(solved: list[str], folder: Path) -> AbstractContextManager[None]:
    if not solved:
        return nullcontext()
    from authlab.course.mounting import mounted
    from authlab.course.mounts import mounts_for

    return mounted(mounts_for(None, solved, folder))


def _cannot_listen(port: int, error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
        return f"port {port}: {error}"
    return (
        f"port {port}: expected a free port from 1024 to 65535, and it is taken or not allowed; "
        f"try: {command_line(f'serve --port {port + 1 if 1023 < port < 65535 else DEFAULT_PORT + 1}')}"
    )


def _environment(env_file: Path) -> Mapping[str, str]:
    """Return the process's environment over the lines `NAME=value` of a .env file, if there is one."""
    try:
        data = env_file.read_bytes() if env_file.exists() else b""
        # PowerShell's `>>` writes UTF-16, and some editors begin a file with a mark of its encoding.
        utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        lines = data.decode("utf-16" if utf_16 else "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{env_file.name}: expected a text file with lines NAME=value, got: {error}; "
            f"delete it, then run: {command_line('secret --env >> .env')}"
        ) from None
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**{name.strip(): value.strip() for name, value in pairs}, **os.environ}
