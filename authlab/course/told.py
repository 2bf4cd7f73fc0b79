"""What a learner is told for every flaw, kept as text (`tests/course/told/`), so that a change of it is seen.

`dev messages` makes it anew and shows what differs. A reviewer reads it as a learner would: what was called,
what was expected, what came back; why it matters; a request to paste; and the misconception, where one fits.
"""

import difflib
from pathlib import Path

from authlab.course import bank, known
from authlab.course.curriculum import Exercise, Lesson
from authlab.course.engine import Engine, Result, with_misconception
from authlab.course.places import ROOT

TOLD = ROOT / "tests/course/told"


def path_of(lesson: Lesson) -> Path:
    """Return the file that keeps what is told in a lesson."""
    return TOLD / f"{lesson.stem}.txt"


def verdict_on(engine: Engine, asked: Exercise, flaw: bank.Flaw) -> Result:
    """Return the verdict on a flaw that is handed in as an answer."""
    return with_misconception(engine.check_flaw(asked, flaw.name), engine.patterns_of(asked))


def text_of(engine: Engine, lesson: Lesson) -> str:
    """Return what a learner is told for each flaw of a lesson's exercises."""
    blocks = [
        _block(asked, flaw, verdict_on(engine, asked, flaw))
        for asked in lesson.exercises
        for flaw in bank.flaws_of(asked.part)
    ]
    return "\n\n".join(blocks) + "\n"


def files_of(engine: Engine, lesson: Lesson) -> dict[Path, str]:
    """Return what is kept of a lesson's flaws, by file: what is told, and how each fails (see `known`)."""
    patterns = {asked.id: engine.patterns_of(asked) for asked in lesson.exercises}
    return {path_of(lesson): text_of(engine, lesson), known.path_of(lesson): known.text_of(lesson, patterns)}


def differences(path: Path, text: str) -> list[str]:
    """Return what differs between the kept text and this one, as lines to read."""
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    return list(difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "now", "", "", 2, ""))


def _block(asked: Exercise, flaw: bank.Flaw, verdict: Result) -> str:
    failed = [check for check in verdict.checks if check.status == "failed"]
    lines = [f"{asked.id} {flaw.name}: {flaw.belief}"]
    if failed:
        lines += [f"  {line}" for line in failed[0].message.splitlines()]
        lines += [f"  + {check.name}" for check in failed[1:]]
    else:
        lines.append(f"  {verdict.status}: {verdict.message}")
    lines.append(f"  = {verdict.misconception or '(fits more than one mistake: none is named)'}")
    return "\n".join(lines)
