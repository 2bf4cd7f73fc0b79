"""`authlab check`: the verdict on one exercise, a lesson, or all."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from authlab.cli import UsageError, command_line

TYPE_CHECKING = False  # as typing's, which costs time at each start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TextIO

    from authlab.course.curriculum import Exercise
    from authlab.course.engine import Engine


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
    parser.add_argument("--junit", metavar="FILE", help="also write the verdicts as JUnit's XML, for CI")


def run(args: argparse.Namespace) -> int:
    """Return 0 when everything that was asked for passed, 1 when not; 2 is a question that makes no sense."""
    from authlab.course import warm

    folder = answers_folder(args.answers, "check")
    question = {
        "check": args.what,
        "folder": str(folder.resolve()),
        "json": args.json,
        "colour": wants_colour(),
        "ascii": not can_show("✓"),
    }
    told = None if args.junit else warm.ask(question)  # a watch's engine writes no files for others
    if told is not None and "text" in told:
        print(told["text"], end="")
        return int(told["status"])
    from authlab.course.curriculum import CurriculumError, select
    from authlab.course.engine import Engine, EngineError

    try:
        chosen = tuple(asked for what in args.what or [None] for asked in select(what))
        with Engine(for_all=chosen, forked=True) as engine:
            return check(
                engine, chosen, folder, partial(print, flush=True),
                as_json=args.json, colour=bool(question["colour"]), ascii=bool(question["ascii"]),
                junit=args.junit, wait_seconds=1.0,
            )  # fmt: skip
    except (CurriculumError, EngineError) as error:
        raise UsageError(str(error)) from None


def check(
    engine: "Engine",
    chosen: "tuple[Exercise, ...]",
    folder: Path,
    say: "Callable[[str], None]",
    *,
    as_json: bool,
    colour: bool,
    ascii: bool,
    junit: str | None = None,
    wait_seconds: float = 0.0,
) -> int:
    """Judge answers, say each verdict as soon as it is there, and return the exit status.

    `junit` is the file that gets all of them at the end. A class board that was joined is told afterwards,
    within `wait_seconds` where the process then ends.
    """
    import json

    from authlab.course.places import EXERCISES, STATE
    from authlab.course.progress import remember
    from authlab.course.report import described
    from authlab.lab.verdict import as_line, as_text

    show = partial(as_text if len(chosen) == 1 else as_line, colour=colour, ascii=ascii)
    verdicts = []
    for asked in chosen:
        verdicts.append(result := engine.check(asked, folder))
        if not as_json:
            say(show(described(result, folder)))
    is_own = folder.resolve() == EXERCISES
    if is_own:
        remember(verdicts)
    if junit is not None:
        write_junit(
            Path(junit), [("authlab check", [(one.exercise.title, one.as_json()) for one in verdicts])]
        )
    passed = sum(verdict.status == "passed" for verdict in verdicts)
    if as_json:
        say(json.dumps({"exercises": [verdict.as_json() for verdict in verdicts]}, indent=2))
    elif len(chosen) > 1:
        left = [verdict.exercise.id for verdict in verdicts if verdict.status != "passed"]
        following = f"Next: {command_line(f'check {left[0]}')}" if left else "All done."
        say(f"{passed} of {len(chosen)} passed. {following}")
    if is_own and (STATE / "joined.json").exists():  # whoever has joined no class board loads nothing of it
        from authlab.classroom.board.reporting import report

        if notice := report(verdicts, wait_seconds=wait_seconds, quietly=as_json):
            say(notice)
    return 0 if passed == len(chosen) else 1


def write_junit(file: Path, suites: "Iterable[tuple[str, Iterable[tuple[str, Mapping[str, Any]]]]]") -> None:
    """Write verdicts for CI, whole or not at all; refuses a place that cannot be written."""
    from authlab.course.junit import as_xml
    from authlab.replacing import replaced

    try:
        with replaced(file) as temporary:
            temporary.write_text(as_xml(suites), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--junit: expected a file to write, got {str(file)!r}: {error.strerror}") from None


def the_exercise(what: str, command: str) -> "Exercise":
    """Return the one exercise that was typed; refuses a lesson, and what there is not."""
    from authlab.course.curriculum import CurriculumError, select

    try:
        chosen = select(what)
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    if len(chosen) > 1:
        again = command_line(f"{command} {chosen[0].id}")
        raise UsageError(f"expected one exercise, got {what!r}; try: {again}")
    return chosen[0]


def wants_colour() -> bool:
    """Return whether whoever reads stdout sees colours, and has not said no (no-color.org)."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")


def is_terminal(stream: "TextIO") -> bool:
    """Return whether a stream goes to a terminal that understands control sequences."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def can_show(glyphs: str, stream: "TextIO | None" = None) -> bool:
    """Return whether the encoding of `stream`, or of stdout, has these glyphs; a Windows code page may
    not."""
    try:
        glyphs.encode((stream or sys.stdout).encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def answers_folder(name: str, command: str) -> Path:
    """Return the folder that `--answers` names; refuses one that is not there or has no answers in it."""
    from authlab import bootstrap
    from authlab.course.places import EXERCISES, SOLUTIONS

    if name == "solutions" and bootstrap.HERE.is_handout() and not SOLUTIONS.is_dir():
        raise UsageError(
            "--answers: expected exercises or a folder, got solutions, which a learner's copy has not; "
            f"yours: {command_line(command)}"
        )
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
