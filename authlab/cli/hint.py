"""`authlab hint`: one hint for an exercise, from vague to specific."""

import argparse

from authlab.cli import UsageError, command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", metavar="EXERCISE", help="1.2")
    parser.add_argument("number", nargs="?", default="1", help="which hint, from 1 (vague) to 3 (specific)")


def run(args: argparse.Namespace) -> int:
    """Print one hint and the command for the next."""
    from authlab.course.curriculum import CurriculumError, select

    try:
        chosen = select(args.exercise)
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    if len(chosen) > 1:
        raise UsageError(
            f"expected one exercise, got {args.exercise!r}; try: {command_line(f'hint {chosen[0].id}')}"
        )
    asked = chosen[0]
    numbers = [str(number) for number in range(1, len(asked.hints) + 1)]
    if args.number not in numbers:
        raise UsageError(
            f"expected a hint's number, 1 to {numbers[-1]}, got {args.number!r}; "
            f"see: {command_line(f'hint {asked.id}')}"
        )
    number = int(args.number)
    print(f"{asked.id} {asked.title}, hint {number} of {len(asked.hints)}")
    print(asked.hints[number - 1])
    if number < len(asked.hints):
        print(f"Next: {command_line(f'hint {asked.id} {number + 1}')}")
    return 0
