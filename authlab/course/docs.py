"""The pages that are derived (`dev build`): the ASVS table, the guide's trace; the README's map, and in the
instructors' guide what is known from the lessons' data and the bank."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from authlab.course import bank
from authlab.course.bank import Flaw
from authlab.course.curriculum import Exercise, Lesson, exercises, kits_lessons
from authlab.course.places import ROOT
from authlab.course.plans import plans
from authlab.course.trace import Planned, rows
from authlab.course.trace import planned as planned_lessons

README = ROOT / "README.md"
ASVS = ROOT / "docs" / "asvs.md"
GUIDE = ROOT / "docs" / "guide.md"
INSTRUCTORS = ROOT / "docs" / "instructors.md"
ASVS_TESTS = ROOT / "tests" / "app" / "test_asvs.py"

_MAP = re.compile(r"(?<=## The map\n\n)\|.*?\n(?=\n)", re.DOTALL)
_CHAPTERS = {
    2: "Validation and business logic",
    3: "Web front end",
    6: "Authentication",
    7: "Session management",
    8: "Authorization",
    9: "Self-contained tokens",
    14: "Data protection",
}
# What a lesson is about where the guide has nothing to be at home in.
_NOT_IN_THE_GUIDE = {6: ["authlab/origins.py"], 11: ["all of them"]}
MODULES_SHOWN = 3
# Said openly: what the app does not do.
_NOT_TICKED = {
    "6.2.12": "passwords are compared with 3000 well-known ones, not with a service of breached ones",
    "6.3.3": "there is no second factor",
    "6.4.3": "there is no way to reset a forgotten password: no mail is sent",
}


def files() -> Iterator[tuple[Path, str]]:
    """Return every derived page and the text it must have."""
    yield ASVS, asvs_page()
    yield GUIDE, guide_page()
    yield README, readme()
    yield INSTRUCTORS, instructors_guide()


def build() -> list[Path]:
    """Write the derived pages that differ, and return them."""
    written = []
    for path, text in files():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    return written


def asvs_page() -> str:
    """Return the table of ASVS rows, one for each test that is named after a row."""
    lines = [
        "# OWASP ASVS 5.0",
        "",
        "Derived from `tests/app/test_asvs.py` by `python3 -m authlab dev build`: do not edit.",
        "A row is ticked because the test beside it passes, with stateless and with database sessions.",
        "The words are ours; the standard's own are at OWASP.",
        "The rules that some rows want to see documented are in [rules.md](rules.md).",
    ]
    chapter = 0
    for number, claim, test in ticked():
        if number[0] != chapter:
            chapter = number[0]
            lines += [
                "",
                f"## V{chapter} {_CHAPTERS[chapter]}",
                "",
                "| Row | What holds | Test |",
                "|---|---|---|",
            ]
        lines.append(f"| {'.'.join(map(str, number))} ✓ | {claim} | `{test}` |")
    lines += ["", "## Not ticked", "", "| Row | Why |", "|---|---|"]
    lines += [f"| {row} | {why} |" for row, why in _NOT_TICKED.items()]
    return "\n".join(lines) + "\n"


def ticked() -> list[tuple[tuple[int, ...], str, str]]:
    """Return (row, first line of the docstring, name) of each ASVS test, in the order of the rows."""
    found = []
    for node in ast.parse(ASVS_TESTS.read_text(encoding="utf-8")).body:
        named = re.match(r"test_(\d+)_(\d+)_(\d+)_", getattr(node, "name", ""))
        if named and isinstance(node, ast.FunctionDef):
            claim = (ast.get_docstring(node) or "").partition("\n")[0]
            found.append((tuple(int(part) for part in named.groups()), claim, node.name))
    return sorted(found)


def guide_page() -> str:
    """Return the guide's trace: each of its features with module, lesson, exercise and check."""
    pending = [row for row in rows() if row.pending]
    lines = [
        "# The guide, row by row",
        "",
        "Derived from `authlab/course/guide.toml` by `python3 -m authlab dev build`: do not edit.",
        "Each of its features with its home in the package, the lesson and exercise that teach it, a test.",
        f"Implemented and tested: {len(rows())} of {len(rows())}. Still to be taught: {len(pending)}.",
        "",
        "| | The guide | At home in | Lesson | Exercise | Test |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows():
        home = ", ".join(f"`{name.removeprefix('authlab.')}`" for name in row.home)
        lesson = f"{row.lesson} *(to come)*" if row.pending else str(row.lesson)
        test = row.check.rpartition("::")[2]
        lines.append(f"| {row.number} | {row.says} | {home} | {lesson} | {row.exercise or ''} | `{test}` |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """Return the README with its map of lessons made anew."""
    lines = ["| Lesson | The guide's section | Modules |", "|---|---|---|"]
    for lesson in planned_lessons():
        modules = ", ".join(f"`{name}`" if "/" in name else name for name in _modules(lesson))
        lines.append(f"| {lesson.number} {_title(lesson)} | {lesson.guide} | {modules} |")
    return _MAP.sub("\n".join(lines).replace("\\", r"\\") + "\n", README.read_text(encoding="utf-8"), count=1)


def instructors_guide() -> str:
    """Return the instructors' guide with its derived sections made anew: all between two of its marks."""
    text = INSTRUCTORS.read_text(encoding="utf-8")
    sections = {"timings": _timings(), "plans": _plans(), "mistakes": _mistakes()}
    for name, lines in sections.items():
        before, begin, rest = text.partition(f"<!-- derived: {name} -->\n")
        _, end, after = rest.partition("<!-- end -->\n")
        text = before + begin + "\n".join(lines) + "\n" + end + after
    return text


def _timings() -> list[str]:
    lines = ["| Lesson | Minutes | Exercises | of that, minutes | Extras | |", "|---|---|---|---|---|---|"]
    for lesson in kits_lessons():
        asked = [exercise for exercise in lesson.exercises if not exercise.extra]
        extras = [f"{exercise.id} ({exercise.minutes})" for exercise in lesson.exercises if exercise.extra]
        kinds = Counter(exercise.kind for exercise in asked)
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        minutes = sum(exercise.minutes for exercise in asked)
        cells = [f"{lesson.number} {lesson.title}", lesson.minutes, told, minutes, ", ".join(extras)]
        lines.append("| " + " | ".join(map(str, [*cells, lesson.question])) + " |")
    total = sum(lesson.minutes for lesson in kits_lessons())
    return [*lines, f"| all | {total} | | | | |"]


def _plans() -> list[str]:
    lines = []
    for plan in plans():
        lines += [f"### {plan.name}", "", f"{plan.about}.", "", "| From | Minutes | |", "|---|---|---|"]
        for start, step in zip(plan.starts(), plan.steps, strict=True):
            lines.append(f"| {start // 60}:{start % 60:02} | {step.minutes} | {step.what} |")
        lines += [f"| {plan.minutes // 60}:{plan.minutes % 60:02} | | the end |", ""]
    return lines[:-1]


def _mistakes() -> list[str]:
    lines = []
    for lesson in kits_lessons():
        lines += [f"### {lesson.number} {lesson.title}", ""]
        lines += ["| | It is believed | What is so | Attack |", "|---|---|---|---|"]
        for exercise, flaw in taught_mistakes(lesson):
            told = [cell.replace("|", "\\|") for cell in (flaw.belief, flaw.misconception)]
            lines.append(f"| {exercise.id} | {told[0]} | {told[1]} | {flaw.attack or ''} |")
        lines.append("")
    return lines[:-1]


def taught_mistakes(lesson: Lesson) -> list[tuple[Exercise, Flaw]]:
    """Return the mistakes that a lesson is built around, each with the exercise in which it would be made.

    That is what a *fix* starts from and a *break* wins against; and of those that a *proof* must catch, the
    ones that an attack wins on. The bank has ten times as many.
    """
    by_part = {exercise.part: exercise for exercise in exercises()}
    found: dict[str, tuple[Exercise, Flaw]] = {}
    for exercise in lesson.exercises:
        shown = [bank.flaw_named(name) for name in (exercise.flaw,) if name]
        caught = [known for known in map(bank.flaw_named, exercise.must_catch) if known.attack]
        for flaw in [*shown, *caught]:
            found.setdefault(flaw.name, (by_part.get(flaw.part, exercise), flaw))
    return sorted(found.values(), key=lambda pair: (pair[0].lesson, int(pair[0].id.partition(".")[2])))


def _title(lesson: Planned) -> str:
    written = {known.number: known.title for known in kits_lessons()}
    return written.get(lesson.number, f"{lesson.title} *(to come)*")


def _modules(lesson: Planned) -> list[str]:
    """Return the files in which most of a lesson's rows are at home, in the guide's order; three at most."""
    homes = [home.partition(":")[0] for row in rows() if row.lesson == lesson.number for home in row.home]
    counts = Counter(name for name in homes if name.startswith("authlab."))
    if not counts:
        parts = {asked.module for asked in exercises() if int(asked.id.split(".")[0]) == lesson.number}
        modules = [f"{name.replace('.', '/')}.py" for name in sorted(parts) if ".kata." not in name]
        return _NOT_IN_THE_GUIDE.get(lesson.number, modules)
    most = {name for name, _ in counts.most_common(MODULES_SHOWN)}
    return [f"{name.replace('.', '/')}.py" for name in counts if name in most]
