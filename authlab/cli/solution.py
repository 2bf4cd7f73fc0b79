"""`authlab solution`: the package's own answer, for those who have one of their own."""

import argparse

from authlab.cli import command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", metavar="EXERCISE", help="1.2")
    parser.add_argument("--spoil", action="store_true", help="also before yours has passed")


def run(args: argparse.Namespace) -> int:
    """Print the package's answer once the learner's has passed; 1, and why, before that."""
    from authlab.cli.check import the_exercise, wants_colour
    from authlab.course.solution import is_earned, not_earned, solution_text

    asked = the_exercise(args.exercise, "solution")
    if not args.spoil and not is_earned(asked):
        hint, spoil = command_line(f"hint {asked.id}"), command_line(f"solution {asked.id} --spoil")
        print(not_earned(asked, hint, spoil))
        return 1
    text = solution_text(asked)
    print(_coloured(text) if wants_colour() else text)
    return 0


def _coloured(text: str) -> str:
    """Return the code with its comments faded."""
    return "\n".join(
        f"\x1b[2m{line}\x1b[0m" if line.lstrip().startswith("#") else line for line in text.split("\n")
    )
