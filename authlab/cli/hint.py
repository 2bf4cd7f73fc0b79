"""`authlab hint`: one hint for an exercise, from vague to specific."""

import argparse

from authlab.cli import UsageError, command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", metavar="EXERCISE", help="1.2")
    parser.add_argument("rung", nargs="?", type=int, default=1, help="which hint, from 1")


def run(args: argparse.Namespace) -> int:
    """Print one hint and the command for the next."""
    from authlab.course.curriculum import CurriculumError, select

    try:
        chosen = select(args.exercise)
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    if len(chosen) > 1:
        raise UsageError(f"expected one exercise such as {chosen[0].id}, got {args.exercise!r}")
    asked = chosen[0]
    if not 1 <= args.rung <= len(asked.hints):
        raise UsageError(
            f"{asked.id} has hints 1 to {len(asked.hints)}, got {args.rung}; "
            f"see: {command_line(f'hint {asked.id}')}"
        )
    print(f"{asked.id} {asked.title}, hint {args.rung} of {len(asked.hints)}")
    print(asked.hints[args.rung - 1])
    if args.rung < len(asked.hints):
        print(f"Next: {command_line(f'hint {asked.id} {args.rung + 1}')}")
    return 0
