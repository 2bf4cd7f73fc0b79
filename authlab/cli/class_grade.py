"""`authlab class grade`: judge what a class has handed in, and write down how it stands."""

import argparse
import math
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from authlab.cli import UsageError, command_line
from authlab.cli.bar import Bar
from authlab.cli.check import can_show, wants_colour, write_junit

TYPE_CHECKING = False  # as typing's, which costs time at each start
if TYPE_CHECKING:
    from authlab.classroom.submissions import Submissions
    from authlab.classroom.summary import Summary
    from authlab.course.curriculum import Exercise

MOST_JOBS, MOST_ASKED_JOBS = 8, 64
TIMEOUT_SECONDS = 10.0
NAME_COLUMNS = 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "submissions", metavar="DIR", help="a folder (or zip) with a folder, zip or file for each learner"
    )
    parser.add_argument(
        "what",
        nargs="*",
        default=[],  # else argparse would call it required
        metavar="WHAT",
        help="1.2 or lesson_01, also several; by default the lessons that somebody has begun",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="where the results go, by default DIR-grades beside it"
    )
    parser.add_argument("--junit", metavar="FILE", help="also write the verdicts as JUnit's XML")
    parser.add_argument(
        "--assignment", metavar="NAME", help="the column in canvas.csv, as Canvas names it: 'Lesson 1 (4711)'"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=TIMEOUT_SECONDS, metavar="SECONDS",
        help="how long an answer to one exercise may run, by default 10",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=_count, metavar="N", help="how many at a time, by default one for each core"
    )


def run(args: argparse.Namespace) -> int:
    """Return 0 when everybody has a row, whatever the verdicts are; 2 where there is nothing to grade."""
    from authlab.classroom.submissions import Submissions, SubmissionsError
    from authlab.course.curriculum import CurriculumError
    from authlab.course.engine import EngineError

    home = Path(args.submissions)
    out = _out(args.out, home)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C: nothing is left behind
    bar = Bar()
    try:
        with Submissions(home) as submissions:
            return _graded(args, submissions, out, bar)
    except (SubmissionsError, CurriculumError, EngineError) as error:
        bar.clear()
        raise UsageError(f"{error}; see: {command_line('class grade')} --help") from None
    except KeyboardInterrupt:
        bar.clear()
        print(
            "authlab: interrupted; the same command goes on from here, and writes the results",
            file=sys.stderr,
        )
        raise


def _graded(args: argparse.Namespace, submissions: "Submissions", out: Path, bar: Bar) -> int:
    from authlab.classroom import grading
    from authlab.classroom.summary import summary
    from authlab.course.curriculum import select

    asked = tuple(dict.fromkeys(one for what in args.what for one in select(what)))
    asked = asked or grading.asked_for(submissions)
    if not asked:
        raise UsageError(
            f"expected a file lesson_NN_topic.py in some submission, found none in {submissions.home}; "
            f"see: {command_line('class grade')} --help"
        )
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = grading.Journal(out / grading.JOURNAL, args.timeout)
    except OSError as error:
        raise UsageError(f"--out: expected a folder to write in, got {out}: {error.strerror}") from None
    finished = False
    try:
        jobs = min(args.jobs or _cores(), len(submissions.entries))
        with grading.Grader(asked, journal, jobs=jobs, timeout_seconds=args.timeout) as grader:
            rows = grader.grade(submissions, bar.show)
            taken = grader.taken
        bar.clear()
        told = summary(asked, rows)
        written = _write(told, out, args.assignment or _title(asked), args.junit)
        finished = True
    finally:
        journal.close(finished=finished)
    for line in [*_table(told), *_told(told, taken)]:
        print(line)
    print(f"Written: {', '.join(written)}")
    print(f"Next: open {out / 'grades.html'}")
    return 0


def _write(told: "Summary", out: Path, assignment: str, junit: str | None) -> list[str]:
    """Write the results, each file whole or not at all, and return their names."""
    from authlab.classroom import page, sheets
    from authlab.replacing import replaced

    # Made one by one, when it is written: a large class's are megabytes each.
    texts: dict[Path, Callable[[], Iterable[str]]] = {
        out / "grades.html": lambda: [page.as_html(told, f"Grades: {_title(told.asked)}")],
        out / "results.json": lambda: sheets.as_json(told),
        out / "results.csv": lambda: [sheets.results_csv(told)],
        out / "canvas.csv": lambda: [sheets.canvas_csv(told, assignment)],
        out / "moodle.csv": lambda: [sheets.moodle_csv(told)],
    }
    if junit is not None:
        titles = {one.id: one.title for one in told.asked}
        write_junit(
            Path(junit),
            [(row.learner, [(titles[one["id"]], one) for one in row.verdicts]) for row in told.rows],
        )
    for path, text in texts.items():
        try:
            with replaced(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
                file.writelines(text())
        except OSError as error:
            raise UsageError(f"expected to write {path}, got: {error.strerror}") from None
    return [*map(str, texts), *([] if junit is None else [junit])]


def _table(told: "Summary") -> list[str]:
    """Return a line a learner: a glyph for each exercise, how many passed, the grade."""
    from authlab.lab.show.plain import plain
    from authlab.lab.verdict import GLYPHS

    # Before they are measured: an escape is longer than the letter that it stands for.
    names = [row.learner if can_show(row.learner) else plain(row.learner) for row in told.rows]
    width = min(NAME_COLUMNS, max(map(len, names)))
    one_lesson = len({asked.lesson for asked in told.asked}) == 1
    ids = [asked.id if one_lesson else "" for asked in told.asked]
    columns = [max(len(name), 1) for name in ids]
    lines = [f"{'':<{width}}  {' '.join(f'{name:<{columns[n]}}' for n, name in enumerate(ids))}".rstrip()]
    cut = "…" if can_show("…") else "..."
    for name, row in zip(names, told.rows, strict=True):
        marks = " ".join(
            f"{_coloured(GLYPHS[verdict['status']], verdict['status'])}{' ' * (columns[n] - 1)}"
            for n, verdict in enumerate(row.verdicts)
        )
        shown = name if len(name) <= width else f"{name[: width - len(cut)]}{cut}"
        star = " *" if row.notes or row.contradicted else ""
        lines.append(f"{shown:<{width}}  {marks}  {row.passed:>2} of {len(told.asked)}{star}")
    return [line for line in lines if line.strip()]


def _told(told: "Summary", taken: Sequence[str] | None) -> list[str]:
    """Return what the table does not say: notes, where the room is stuck, what it believes."""
    from authlab.classroom.sheets import contradictions

    lines = [""]
    for row in told.rows:
        lines += [f"* {row.learner}: {note}" for note in [*row.notes, *contradictions(row)]]
    for stand in told.stuck[:3]:
        lines.append(
            f"Stuck: {stand.exercise.id} {stand.exercise.title}, {stand.stuck} of {len(told.rows)} learners"
        )
    for belief in told.beliefs[:3]:
        times = len(belief.learners)
        if times > 1:
            lines.append(f"Recurs: {belief.exercise}, {times} times: {belief.text}")
    if told.alike:
        lines.append(f"Alike: {len(told.alike)} groups or pairs of answers, listed in the page")
    missing = [] if taken is None else [what for what in ("network", "files") if what not in taken]
    if missing:
        words = {"network": "the network", "files": "writing to your files"}
        what = " and ".join(words[one] for one in missing)
        lines.append(f"Answers had {what}: this system takes it from no process. See docs/grading.md")
    return lines


def _title(asked: "Sequence[Exercise]") -> str:
    from authlab.course.curriculum import lesson_of

    taught = list(dict.fromkeys(map(lesson_of, asked)))
    if len(taught) == 1:
        return f"lesson {taught[0].number}, {taught[0].title}"
    return f"lessons {', '.join(str(lesson.number) for lesson in taught)}"


def _out(name: str | None, home: Path) -> Path:
    """Return where the results go: never among the submissions, where they would be read as one."""
    if not home.exists():
        raise UsageError(
            f"expected a folder or zip of submissions, got {str(home)!r}; "
            f"see: {command_line('class grade')} --help"
        )
    resolved = home.resolve()
    out = Path(name) if name is not None else resolved.with_name(f"{resolved.stem}-grades")
    if out.resolve() == resolved or resolved in out.resolve().parents:
        raise UsageError(
            f"--out: expected a folder outside of the submissions, got {str(out)!r}; "
            f"see: {command_line('class grade')} --help"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"--out: expected a folder, got the file {str(out)!r}; see: {command_line('class grade')} --help"
        )
    return out


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text!r}")
    return seconds


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_ASKED_JOBS):
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {MOST_ASKED_JOBS}, got {text!r}")
    return int(text)


def _cores() -> int:
    """Return how many cores this process may use, up to a limit."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, MOST_JOBS)


def _coloured(glyph: str, status: str) -> str:
    from authlab.lab.verdict import ANSI

    return f"\x1b[{ANSI[status]}m{glyph}\x1b[0m" if wants_colour() else glyph
