"""`authlab dev`: for those who work on the kit itself."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line

if TYPE_CHECKING:
    from authlab.course.curriculum import Lesson


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("setup", help="install what the kit's own tests need as well")
    build = actions.add_parser("build", help="derive exercises/ and solutions/ from the package")
    build.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    verify = actions.add_parser("verify", help="run every part against every flaw, attack and check")
    verify.add_argument("what", nargs="?", help="1.2, without attacks, or lesson_01; all without it")
    verify.add_argument("--json", action="store_true")
    notebooks = actions.add_parser("notebooks", help="run the notebooks again and show what differs")
    notebooks.add_argument("lesson", nargs="?", help="lesson_01; all without it")
    notebooks.add_argument("--write", action="store_true", help="keep the new outputs")
    messages = actions.add_parser(
        "messages", help="show how what learners are told for each flaw has changed"
    )
    messages.add_argument("lesson", nargs="?", help="lesson_01; all without it")
    messages.add_argument("--write", action="store_true", help="keep the new texts")


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    from authlab import bootstrap

    if bootstrap.HERE.is_handout():  # without solutions/ and all tests: what `dev` said would mislead
        raise UsageError(
            "expected a clone of the kit, got a learner's copy, which has no workshop; "
            f"what works here: {command_line('').rstrip()}"
        )
    if args.action == "setup":
        bootstrap.ensure(dev=True, arguments=["dev", "setup"])
        if bootstrap.ensure_node_packages():
            print("Everything the kit's own tests need is installed.")
        else:
            print(
                "Everything but axe-core is installed: the accessibility tests need npm; "
                f"install Node.js with npm, then run: {command_line('dev setup')}"
            )
        return 0
    bootstrap.ensure(arguments=sys.argv[1:])
    actions = {"build": _build, "verify": _verify, "notebooks": _notebooks, "messages": _messages}
    return actions[args.action](args)


def _build(args: argparse.Namespace) -> int:
    from authlab.course import derive, docs
    from authlab.course.curriculum import lessons
    from authlab.course.notebooks import is_the_kits
    from authlab.course.places import shown

    try:
        if args.check:
            made = [*derive.files(), *docs.files()]
            differ = [path for path, text in made if derive.text_of(path) != text]
            differ += [
                lesson.notebook
                for lesson in lessons()
                if not lesson.is_own and not is_the_kits(lesson.notebook)
            ]
            for path in differ:
                print(f"differs: {shown(path)}")
            print(f"{len(differ)} derived files or notebooks differ.")
            return 1 if differ else 0
        written, kept = derive.build()
        written += docs.build()
    except derive.DeriveError as error:
        raise UsageError(str(error)) from None
    for path in written:
        print(f"written: {shown(path)}")
    for path in kept:
        print(f"kept: {shown(path)}, because there are answers in it")
    for path in derive.of_no_lesson():  # it may hold somebody's answers, so its owner deletes it
        print(f"of no lesson: {shown(path)}; delete it, or bring its lesson back")
    print(f"{len(written)} derived files written.")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from authlab.cli.check import is_terminal
    from authlab.course.curriculum import CurriculumError
    from authlab.course.engine import Engine, EngineError
    from authlab.course.verify import verify

    def progress(what: str) -> None:
        if is_terminal(sys.stderr):
            print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)

    try:
        with Engine() as engine:
            report = verify(engine, progress, args.what)
    except (EngineError, CurriculumError) as error:
        raise UsageError(str(error)) from None
    progress("")
    if args.json:
        print(json.dumps(asdict(report), indent=2))
        return 0 if report.holds else 1
    print(
        f"{report.lessons} lessons, {report.exercises} exercises, {report.flaws} flaws, "
        f"{report.alternatives} alternatives, {report.attacks} attacks: {report.pairs} pairs run"
    )
    for name in ("survivors", "false_alarms", "unexploited", "drift"):
        found = getattr(report, name)
        print(f"{name.replace('_', ' ')}: {len(found) or 'none'}")
        for line in found:
            print(f"  {line}")
    if report.drift:
        print(f"Next: {command_line('dev build')}")
    return 0 if report.holds else 1


def _lessons(what: str | None) -> "list[Lesson]":
    """Return the kit's lessons that an argument names, in their order: nothing is kept of those in `own`."""
    from authlab.course.curriculum import CurriculumError, lesson_of, select

    try:
        chosen = {lesson for asked in select(what) if not (lesson := lesson_of(asked)).is_own}
    except CurriculumError as error:
        raise UsageError(str(error)) from None
    if not chosen:
        raise UsageError(
            f"expected one of the kit's lessons, got {what!r}, which is your own; "
            f"run: {command_line('dev verify')} {what}"
        )
    return sorted(chosen, key=lambda lesson: lesson.number)


def _messages(args: argparse.Namespace) -> int:
    from authlab.course import told
    from authlab.course.engine import Engine
    from authlab.course.places import shown

    differ = 0
    with Engine() as engine:
        for lesson in _lessons(args.lesson):
            for path, text in told.files_of(engine, lesson).items():
                found = told.differences(path, text)
                differ += bool(found)
                print(f"{shown(path)}: {'differs' if found else 'the same'}")
                if path.suffix == ".txt":  # the other is not for reading
                    print("\n".join(found), end="\n" if found else "")
                if args.write:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(text, encoding="utf-8", newline="\n")
    if differ and not args.write:
        print(f"Next: {command_line('dev messages --write')}, or mend what changed them")
    return 0 if not differ or args.write else 1


def _notebooks(args: argparse.Namespace) -> int:
    from authlab.course.notebooks import differences, rerun, write

    differ = 0
    for lesson in _lessons(args.lesson):
        fresh = rerun(lesson.notebook)
        found = differences(lesson.notebook, fresh)
        differ += bool(found)
        print(f"{lesson.notebook.name}: {'differs' if found else 'the same'}")
        print("\n".join(found), end="\n" if found else "")
        if args.write:
            write(lesson.notebook, fresh)
    if differ and not args.write:
        print(f"Next: {command_line('dev notebooks --write')}, or mend what changed them")
    return 0 if not differ or args.write else 1
