"""`authlab update`: the newest kit, with your answers kept."""

import argparse
import sys

from authlab.cli import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        metavar="ADDRESS",
        help="where the kit is, by default where the clone came from",
    )
    parser.add_argument("--branch", help="which branch of it, by default the one that the clone follows")


def run(args: argparse.Namespace) -> int:
    """Update, and print what has changed and what was kept."""
    from authlab.course.updating import UpdateError, update

    if sys.stderr.isatty():
        print("Looking for a newer kit ...", file=sys.stderr)
    try:
        lines = update(args.source, args.branch)
    except UpdateError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"expected to write in this clone, got: {error}; once that is mended, run it again"
        ) from None
    print("\n".join(lines))
    return 0
