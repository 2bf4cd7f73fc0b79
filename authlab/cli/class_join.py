"""`authlab class join`: join a class board; without arguments, where you have joined."""

import argparse
import sys
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line

if TYPE_CHECKING:
    from authlab.classroom.board.joined import Joined

ANSWER_SECONDS = 10.0
FINGERPRINT_DIGITS = 20  # as the board shows it, or more


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", metavar="URL", help="where the board is")
    parser.add_argument("code", nargs="?", metavar="CODE", help="the join code that your instructor shows")
    parser.add_argument("--name", help="how the room will see you; a made-up name is fine")
    parser.add_argument(
        "--fingerprint",
        metavar="HEX",
        help="of the board's certificate, where no authority vouches for it; you are asked without it",
    )


def run(args: argparse.Namespace) -> int:
    """Join, or say where you are; 0 if you have joined."""
    from authlab.classroom.board import joined

    there = joined.read()
    if args.url is None:
        return _say_where(there)
    if there is not None:
        raise UsageError(
            f"expected nobody who has joined, and you are at {there.url}; "
            f"first: {command_line('class leave')}"
        )
    url = joined.board_url(args.url)
    if url is None:
        raise UsageError(
            f"URL: expected https://NAME:PORT (http:// on this machine only), got {args.url!r}; "
            f"try: {command_line('class join URL CODE')}, as your instructor shows it"
        )
    if args.code is None:
        raise UsageError(
            f"CODE: expected a join code, got none; try: {command_line(f'class join {url} CODE')}"
        )
    _join(args, url)
    return 0


def _join(args: argparse.Namespace, url: str) -> None:
    from authlab.classroom.board import joined, outbox
    from authlab.classroom.board.connection import NotVouchedFor, Unreachable, post

    name = args.name or _ask_name(args)
    again = command_line(f"class join {url} CODE")
    sent = {"code": args.code, "name": name}
    try:
        pin = None
        try:
            status, said = post(url, "/api/join", sent, timeout_seconds=ANSWER_SECONDS)
        except NotVouchedFor as unknown:
            pin = _compare(unknown.digest, args.fingerprint)
            status, said = post(url, "/api/join", sent, pin=pin, timeout_seconds=ANSWER_SECONDS)
    except Unreachable:
        raise UsageError(f"no class board answers at {url}; ask your instructor, then: {again}") from None
    key = said.get("key")
    if status != 200 or not isinstance(key, str):
        raise UsageError(_in_words(status, said, name, again))
    there = joined.Joined(url, name.strip(" "), key, pin)
    outbox.forget()
    try:
        joined.write(there)
    except OSError as error:
        raise UsageError(
            f"{joined.FILE}: expected to write there, got: {error.strerror}; then: {again}"
        ) from None
    print(f"You have joined as {_plain(there.name)}. From now on each `check` tells the board:")
    print("which exercise, passed or not, and the name of the misconception. Never your code. To end that:")
    print(f"  {command_line('class leave')}")
    # Not the key: this may be a cell of a notebook, whose output is kept and handed on.
    print(f"Your own row is at {there.url}/ and {command_line('class join')} prints your key for it.")


def _say_where(there: "Joined | None") -> int:
    from authlab.classroom.board import outbox
    from authlab.classroom.board.reporting import for_whom

    if there is None:
        print(f"You have joined no class board. To: {command_line('class join URL CODE')}")
        return 1
    print(f"Your own row: {there.url}/ and your key for it: {_plain(there.key)}")
    if waiting := outbox.waiting(for_whom(there)):
        print(f"{waiting} verdicts wait to be sent.")
    return 0


def _ask_name(args: argparse.Namespace) -> str:
    if not sys.stdin.isatty():
        raise UsageError("--name: expected how the room will see you, got none; add: --name NAME")
    return input("How shall the room see you? A made-up name is fine: ")


def _compare(digest: str, given: str | None) -> str:
    """Return the certificate's digest once somebody has compared it; nothing was sent to the board so far."""
    from authlab.classroom.board.server import shown_fingerprint

    if given is None and sys.stdin.isatty():
        print("No authority vouches for this board's certificate. Is its fingerprint your instructor's?")
        if input(f"  {shown_fingerprint(digest)}   The same? [y/N] ").strip().lower() in ("y", "yes"):
            return digest
        raise UsageError(
            "expected the instructor's fingerprint, got another; nothing was sent. Tell your instructor"
        )
    typed = "".join((given or "").lower().replace(":", " ").split())
    if len(typed) < FINGERPRINT_DIGITS or not digest.startswith(typed):
        got = "none" if given is None else repr(given)
        raise UsageError(
            f"--fingerprint: expected {shown_fingerprint(digest)!r} if your instructor's board shows that, "
            f"got {got}; nothing was sent. If it shows another, tell your instructor"
        )
    return digest


def _in_words(status: int, said: dict[str, object], name: str, again: str) -> str:
    """Return what a refusal means, in our own words: a board is not to write into this terminal."""
    if status == 403:
        return (
            f"CODE: expected the code that your instructor's board shows now, got another; with that: {again}"
        )
    if status == 422:
        got = "something else" if name.strip() else "none"
        return f"--name: expected 1 to 60 visible characters, got {got}; try: {again} --name NAME"
    if status == 423:
        return f"the board is closed for now; ask your instructor, then: {again}"
    if status == 429:
        return f"too many wrong codes came from here; wait a minute, then: {again}"
    return f"expected a class board, got status {status}; ask your instructor, then: {again}"


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
