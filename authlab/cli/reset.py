"""`authlab reset`: an answer back to its stub; `--undo` takes that back."""

import argparse

from authlab.cli import UsageError, command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", metavar="WHAT", help="1.2, or lesson_01 for the whole file")
    parser.add_argument("--undo", action="store_true", help="bring back what the last reset took away")


def run(args: argparse.Namespace) -> int:
    """Reset one answer or one lesson's file, and say how to take it back."""
    from authlab.course.curriculum import CurriculumError
    from authlab.course.reset import ResetError, reset_or_undo

    if args.undo == (args.what is not None):
        raise UsageError(f"expected an exercise, a lesson or --undo; see: {command_line('reset')} --help")
    try:
        print(reset_or_undo(args.what, undo=args.undo))
    except (CurriculumError, ResetError) as error:
        raise UsageError(str(error)) from None
    return 0
