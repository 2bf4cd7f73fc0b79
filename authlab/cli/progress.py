"""`authlab progress`: what is solved, lesson by lesson, without judging anything anew."""

import argparse
import json

from authlab.cli import UsageError, command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print where you stand with each exercise as JSON"
    )


def run(args: argparse.Namespace) -> int:
    """Print a line a lesson, what is out of date, and the next exercise."""
    from authlab.cli.check import can_show, wants_colour
    from authlab.course.curriculum import CurriculumError
    from authlab.course.progress import standings
    from authlab.lab.progress_card import as_text

    try:
        found = standings()
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    if args.json:
        print(json.dumps({"exercises": [one.as_json() for one in found]}, indent=2))
        return 0
    print(as_text(found, command_line("check"), colour=wants_colour(), ascii=not can_show("●○")))
    return 0
