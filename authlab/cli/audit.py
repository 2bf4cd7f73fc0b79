"""`authlab audit`: every attack against the app, a flaw, or your answers."""

import argparse
import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from authlab.cli import UsageError, command_line
from authlab.cli.bar import Bar
from authlab.cli.check import answers_folder, can_show, wants_colour

if TYPE_CHECKING:
    from authlab.course.audit import Finding
    from authlab.course.engine import Result

_ANSI = {"resisted": "32", "accepted": "36", "won": "31", "error": "33"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--flaw", metavar="NAME", help="the app with one wrong part")
    target.add_argument(
        "--answers",
        metavar="exercises|solutions|DIR",
        help="the app with the answers in a folder in place of the package's parts, where they pass",
    )
    target.add_argument(
        "--matrix",
        nargs="?",
        const="all",
        metavar="LESSON",
        help="the picture: every attack against each flaw that falls to one, of a lesson or of all",
    )
    parser.add_argument("--json", action="store_true", help="print what became of each attack as JSON")


def run(args: argparse.Namespace) -> int:
    """Return 0 when no attack won and none erred, 1 when not; 2 is a question that makes no sense.

    The picture's status is 0 when the package resists and each flaw falls to its attack.
    """
    from authlab.course.engine import EngineError

    if args.json and args.matrix is not None:
        raise UsageError(f"--json: not allowed with --matrix; see: {command_line('audit')} --help")
    bar = Bar()
    try:
        return _matrix(args.matrix, bar) if args.matrix is not None else _audit(args, bar)
    except EngineError as error:
        raise UsageError(str(error)) from None
    finally:
        bar.clear()


def _audit(args: argparse.Namespace, bar: Bar) -> int:
    from authlab.course.audit import AuditError, audit, flaw_to_audit, verdicts
    from authlab.course.engine import Engine
    from authlab.course.places import EXERCISES

    folder = EXERCISES if args.answers is None else answers_folder(args.answers, "audit")
    try:
        flaw = None if args.flaw is None else flaw_to_audit(args.flaw)
    except AuditError as error:
        following = command_line(f"audit --flaw {error.near[0]}" if error.near else "audit --matrix")
        raise UsageError(f"--flaw: {error}; try: {following}") from None
    findings: list[Finding] = []
    with Engine() as engine:
        judged = [] if args.answers is None else verdicts(engine, folder, bar.show)
        mine = [verdict for verdict in judged if verdict.status == "passed"]
        bar.clear()
        if not args.json and args.answers is not None:
            print(_whose(mine, judged), flush=True)
        ids = [verdict.exercise.id for verdict in mine]
        for finding in audit(engine, flaw=flaw, mine=ids, folder=folder, progress=bar.show):
            findings.append(finding)
            bar.clear()
            if not args.json:
                print(_line(finding), flush=True)
    words: Counter[str] = Counter(finding.outcome for finding in findings)
    if args.json:
        told = {"attacks": [finding.as_json() for finding in findings], "won": words["won"]}
        print(json.dumps(told, indent=2))
    else:
        mounted = list(flaw.mounts) if flaw else [verdict.exercise.part for verdict in mine]
        reached = {part for finding in findings for part in finding.called}
        unreached = [part for part in mounted if part not in reached]
        if unreached:
            print(f"No attack reached: {', '.join(part.rpartition(':')[2] for part in unreached)}")
        print(f"{_sum(findings, words)} Next: {_following(args, judged, words)}")
    return 1 if words["won"] or words["error"] else 0


def _matrix(lesson: str, bar: Bar) -> int:
    from authlab.course.audit import AuditError, flaws_to_picture, picture
    from authlab.lab.show.matrix import as_text

    try:
        flaws = flaws_to_picture(None if lesson == "all" else lesson)
    except AuditError as error:
        raise UsageError(f"--matrix: {error}; try: {command_line('audit --matrix')}") from None
    drawn = picture(flaws, progress=bar.show)
    bar.clear()
    width = shutil.get_terminal_size((100, 24)).columns
    print(as_text(drawn, width, ascii=not can_show("●○·×…"), colour=wants_colour()))
    print(f"Next: {command_line(f'audit --flaw {flaws[0].name}')}")
    return 1 if drawn.contradictions else 0


def _line(finding: "Finding") -> str:
    from authlab.lab.show.display import printable
    from authlab.lab.show.matrix import OUTCOME_GLYPHS

    glyph = OUTCOME_GLYPHS[finding.outcome]
    if wants_colour():
        glyph = f"\x1b[{_ANSI[finding.outcome]}m{glyph}\x1b[0m"
    attack = finding.attack
    # Cleaned: evidence quotes what came from an app that may be broken, and a terminal obeys.
    return f"{glyph} {attack.number:>3} {attack.name:<24} {finding.outcome}: {printable(finding.evidence)}"


def _whose(mine: "list[Result]", judged: "list[Result]") -> str:
    yours = [f"{verdict.exercise.id} {verdict.exercise.name}" for verdict in mine]
    ours = [
        f"{verdict.exercise.id} {verdict.exercise.name} ({verdict.status})"
        for verdict in judged
        if verdict.status not in ("passed", "unattempted")
    ]
    unattempted = sum(verdict.status == "unattempted" for verdict in judged)
    ours += [f"{unattempted} unattempted"] * bool(unattempted)
    lines = [f"Yours: {', '.join(yours) or 'none passes yet'}"]
    lines.append(f"The package's: {', '.join([*ours, 'and the rest'] if ours else ['the rest'])}")
    return "\n".join(lines)


def _sum(findings: "list[Finding]", words: "Counter[str]") -> str:
    told = ", ".join(f"{words[word]} {word}" for word in _ANSI if words[word])
    return f"{len(findings)} attacks, with both ways of keeping sessions: {told}."


def _following(args: argparse.Namespace, judged: "list[Result]", words: "Counter[str]") -> str:
    """Return the command that goes on from here."""
    unsolved = [verdict.exercise.id for verdict in judged if verdict.status != "passed"]
    if words["error"]:
        return command_line("dev verify")
    if args.answers is not None and unsolved:
        return command_line(f"check {unsolved[0]} --answers {args.answers}")
    if args.flaw is not None or args.answers is not None:
        return command_line("audit")  # the same attacks, on the package
    return command_line("dev verify" if words["won"] else "audit --answers exercises")
