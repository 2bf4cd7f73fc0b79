"""`authlab serve`: the app in a browser, on this machine only."""

import argparse
import codecs
import errno
import io
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from authlab.course.bank import Flaw
    from authlab.settings import Settings

HOST = "127.0.0.1"  # never another: this is teaching code
DEFAULT_PORT = 8000
PORT_VARIABLE = (
    "AUTHLAB_PORT"  # where many share a machine (`class hub`), each has a default port of their own
)
# A flawed app has a name of its own. Cookies and Clear-Site-Data know no ports: as `localhost`, whatever a
# flaw lets in would meet the cookies of JupyterLab, which runs code, and of the sound app.
FLAWED_HOST = "flawed.localhost"
SHARED_HOSTS = ("localhost", HOST)
# Flaws of these parts show where the token alone decides; with a table of sessions, that is asked as well.
WITHOUT_A_TABLE = ("authlab.tokens:", "authlab.sessions.stateless:")
CACHE = "authlab.sessions.cache:SessionCache"  # off in the app unless it is asked for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help=f"default: {DEFAULT_PORT}, or what {PORT_VARIABLE} says")
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="default: .authlab/serve.sqlite, or with --flaw one for that flaw alone",
    )
    parser.add_argument(
        "--xray",
        action="store_true",
        help="show under each page what just happened; with --mine and --flaw it always is",
    )
    mounted = parser.add_mutually_exclusive_group()
    mounted.add_argument(
        "--mine",
        action="store_true",
        help="with your own answers from exercises/ in place of the package's parts, where they pass",
    )
    mounted.add_argument("--flaw", metavar="NAME", help="with one wrong part of the bank; every page says so")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if args.port is None:
        args.port = _default_port()
    is_mounted = args.mine or args.flaw is not None
    if is_mounted:
        _make_room()  # before anything imports the parts
    flaw = None if args.flaw is None else _flaw(args.flaw)
    if not 0 <= args.port <= 65535:  # the system would take 70000 for 4464
        raise UsageError(_cannot_listen(args, OverflowError()))
    if not is_mounted:
        return _serve(args)
    from authlab.course.mounting import mounted
    from authlab.course.mounts import mounts_for
    from authlab.course.places import EXERCISES

    solved = _solved() if args.mine else []
    mounts = mounts_for(args.flaw, solved, EXERCISES)
    with mounted(mounts):  # before the app is made: that calls some of them, too
        return _serve(args, tuple(mounts), solved, flaw)


def _serve(
    args: argparse.Namespace,
    parts: Sequence[str] = (),
    solved: Sequence[str] = (),
    flaw: "Flaw | None" = None,
) -> int:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class QuietHandler(WSGIRequestHandler):
        """Logs one plain line a request, without the query, which may hold what a visitor typed."""

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            print(f"{self.command} {self.path.partition('?')[0]} -> {code}", flush=True)

    app = _app(args, parts, flaw)
    try:
        with redirect_stderr(io.StringIO()):  # Werkzeug says it in lines of its own, then exits
            server = make_server(HOST, args.port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit, OverflowError) as error:
        raise UsageError(_cannot_listen(args, error)) from None
    if args.mine:
        print(f"Your own parts: {', '.join(solved) or 'none passes yet'}")
    if flaw is not None:
        print(f"A wrong part is mounted: {flaw.name}, in place of {', '.join(parts)}. Do not trust this app.")
    name = "localhost" if flaw is None else FLAWED_HOST
    print(f"The app is at http://{name}:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # however it is ended, nothing is left behind
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
    return 0


def _app(args: argparse.Namespace, parts: Sequence[str], flaw: "Flaw | None") -> "WSGIApplication":
    """Return the app; raises `UsageError` when it cannot be made."""
    from authlab.app import App
    from authlab.course.places import ROOT
    from authlab.errors import SettingsError

    # A file for each flaw: it may write rows that no sound app would.
    name = "serve" if flaw is None else f"serve-{flaw.name}"
    database = args.database or ROOT / ".authlab" / f"{name}.sqlite"
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        app = App(_settings(args, database, flaw))
    except SettingsError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"--database: expected a file in a folder that can be made, got {str(database)!r}: "
            f"{error.strerror}; try: {command_line(_again(args))}"
        ) from None
    # Who mounts something wants to see whether it ran, and what came of it. Without that, the app looks as it
    # does to its visitors, unless the panel is asked for.
    if not (args.xray or args.mine or flaw is not None):
        return app
    from authlab.lab.xray import Xray

    return Xray(app, parts=parts) if flaw is None else _apart(Xray(app, parts=parts, flaw=flaw.name))


def _apart(app: "WSGIApplication") -> "WSGIApplication":
    """Return a flawed app that is never served under a name of others: who asks so is sent to its own.

    The app's own look at the Host header would not do: that may be what is wrong.
    """
    from werkzeug.wrappers import Response

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        asked_as = environ.get("HTTP_HOST", HOST).partition(":")[0].lower()
        if asked_as not in SHARED_HOSTS:
            return app(environ, start_response)
        there = f"http://{FLAWED_HOST}:{environ['SERVER_PORT']}/"
        return Response(status=303, headers={"Location": there})(environ, start_response)

    return answer


def _settings(args: argparse.Namespace, database: Path, flaw: "Flaw | None") -> "Settings":
    """Return the settings; what is mounted gets an app that asks it, as the lessons' app does."""
    from authlab.course.places import ROOT
    from authlab.settings import load_settings

    defaults = {}
    if args.mine or flaw is not None:
        defaults["AUTHLAB_PASSWORDS"] = "guide"  # by the modern rules, lesson 1's parts are not asked
    if flaw is not None and flaw.part.startswith(WITHOUT_A_TABLE):
        defaults["AUTHLAB_SESSIONS"] = "stateless"
    settings = load_settings({**defaults, **_environment(ROOT / ".env")}, database)
    if flaw is None:
        return settings
    cache_seconds = 60 if flaw.part == CACHE else settings.session_cache_seconds
    return replace(settings, hosts=(FLAWED_HOST,), session_cache_seconds=cache_seconds)


def _flaw(name: str) -> "Flaw":
    from authlab.course.audit import AuditError, flaw_to_audit

    try:
        return flaw_to_audit(name)
    except AuditError as error:
        following = f"serve --flaw {error.near[0]}" if error.near else "audit --matrix"
        raise UsageError(f"--flaw: {error}; try: {command_line(following)}") from None


def _solved() -> list[str]:
    """Return the exercises whose answers pass: an app is served from parts that work."""
    from authlab.course.curriculum import exercises
    from authlab.course.engine import Engine

    parts = [asked for asked in exercises() if asked.kind in ("build", "fix")]
    with Engine(for_all=parts) as engine:
        return [asked.id for asked in parts if engine.check(asked).status == "passed"]


def _make_room() -> None:
    from authlab.course import mounting
    from authlab.course.parts import PARTS

    mounting.install(PARTS)


def _default_port() -> int:
    given = os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT))
    if not (given.isascii() and given.isdecimal()):
        raise UsageError(
            f"{PORT_VARIABLE}: expected a port, got {given!r}; try: {command_line('serve --port 8001')}"
        )
    return int(given)


def _again(args: argparse.Namespace) -> str:
    """Return the command without port and database: what to try next is the same app, not another."""
    flaw = [] if args.flaw is None else ["--flaw", args.flaw]
    return " ".join(["serve", *["--xray"] * args.xray, *["--mine"] * args.mine, *flaw])


def _cannot_listen(args: argparse.Namespace, error: BaseException) -> str:
    port = args.port
    if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
        return f"port {port}: {error}"
    other = port + 1 if 1023 < port < 65535 else DEFAULT_PORT + 1
    return (
        f"port {port}: expected a free port from 1024 to 65535, and it is taken or not allowed; "
        f"try: {command_line(f'{_again(args)} --port {other}')}"
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
