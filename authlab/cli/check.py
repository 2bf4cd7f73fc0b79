"""`authlab check`: the verdict on one exercise, a lesson, or all."""

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TextIO

from authlab.cli import UsageError, command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="WHAT", help="1.2 or lesson_01, also several; all without it"
    )
    parser.add_argument(
        "--answers",
        default="exercises",
        metavar="exercises|solutions|DIR",
        help="the folder with the answers (lesson_NN_topic.py), by default your own",
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")


def run(args: argparse.Namespace) -> int:
    """Return 0 when everything that was asked for passed, 1 when not; 2 is a question that makes no sense."""
    from authlab.course.curriculum import CurriculumError, select
    from authlab.course.engine import Engine, EngineError
    from authlab.course.report import described
    from authlab.lab.verdict import as_line, as_text

    folder = answers_folder(args.answers, "check")
    try:
        chosen = tuple(asked for what in args.what or [None] for asked in select(what))
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    show = partial(
        as_text if len(chosen) == 1 else as_line,
        colour=not plain,
        ascii=not can_show("✓"),
    )
    verdicts = []
    try:
        with Engine() as engine:
            for asked in chosen:
                verdict = described(result := engine.check(asked, folder), folder)
                verdicts.append(result)
                if not args.json:
                    print(show(verdict), flush=True)
    except EngineError as error:
        raise UsageError(str(error)) from None
    passed = sum(verdict.status == "passed" for verdict in verdicts)
    if args.json:
        print(json.dumps({"exercises": [verdict.as_json() for verdict in verdicts]}, indent=2))
    elif len(chosen) > 1:
        left = [verdict.exercise.id for verdict in verdicts if verdict.status != "passed"]
        following = f"Next: {command_line(f'check {left[0]}')}" if left else "All done."
        print(f"{passed} of {len(chosen)} passed. {following}")
    return 0 if passed == len(chosen) else 1


def can_show(glyphs: str, stream: TextIO | None = None) -> bool:
    """Return whether the encoding of `stream`, or of stdout, has these glyphs; a Windows code page may
    not."""
    try:
        glyphs.encode((stream or sys.stdout).encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def answers_folder(name: str, command: str) -> Path:
    """Return the folder that `--answers` names; refuses one that is not there or has no answers in it."""
    from authlab.course.places import EXERCISES, SOLUTIONS

    folder = {"exercises": EXERCISES, "solutions": SOLUTIONS}.get(name, Path(name))
    if not folder.is_dir():
        raise UsageError(
            f"--answers: expected exercises, solutions or a folder, got {name!r}; "
            f"see: {command_line(command)} --help"
        )
    if not any(folder.glob("lesson_*.py")):
        raise UsageError(
            f"--answers: expected files lesson_NN_topic.py in {name}, found none; "
            f"see: {command_line(command)} --help"
        )
    return folder
