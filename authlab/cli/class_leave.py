"""`authlab class leave`: leave the class board, which forgets you."""

import argparse

from authlab.cli import UsageError, command_line

ANSWER_SECONDS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    """Have the board forget the row, and report nothing any more, whether it answers or not."""
    from authlab.classroom.board import joined, outbox
    from authlab.classroom.board.connection import Unreachable, post

    there = joined.read()
    if there is None:
        if joined.FILE.exists():  # damaged, or a later kit's: whoever leaves wants it gone
            joined.forget()
        raise UsageError(
            f"expected somebody who has joined a class board, and you have not; "
            f"see: {command_line('class join')}"
        )
    try:
        joined.forget()  # first: whatever the board says, nothing is reported from now on
        outbox.forget()
    except OSError as error:
        raise UsageError(
            f"{joined.FILE}: expected to delete it, got: {error.strerror}; delete it yourself"
        ) from None
    try:
        status, _ = post(
            there.url, "/api/leave", {}, key=there.key, pin=there.pin, timeout_seconds=ANSWER_SECONDS
        )
    except Unreachable:
        status = 0
    if status in (200, 401):  # 401: it did not know us any more
        print("You have left. The board has forgotten you, and `check` tells it nothing.")
    else:
        print(
            f"You have left: `check` tells the board nothing. It did not answer: "
            f"ask your instructor to remove {_who(there.name)}."
        )
    return 0


def _who(name: str) -> str:
    return "".join(character for character in name if character.isprintable())
