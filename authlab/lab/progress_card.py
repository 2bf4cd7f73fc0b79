"""Where a learner stands: a card in a notebook, some lines in a terminal. Both say the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from authlab.course.curriculum import Lesson, lesson_of
from authlab.course.progress import Standing
from authlab.lab.show.display import EMPTY_FIRST_LINE, HAIRLINE, Display, bar, card, paragraph
from authlab.lab.show.plain import plain
from authlab.lab.show.table import table
from authlab.lab.verdict import link_to_check

GLYPHS = {"passed": "●", "broken": "✗", "failed": "◐", "unattempted": "○"}
WORDS = {
    "passed": "solved",
    "broken": "solved before, and broken since",
    "failed": "begun",
    "unattempted": "not begun",
}
_ASCII = {"●": "#", "◐": "~", "·": "|"}  # a dash between the marks would be one more mark


@dataclass(frozen=True)
class ProgressCard:
    """What `progress()` returns in a notebook."""

    standings: Sequence[Standing]
    check: str  # the command that checks

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return {"text/html": EMPTY_FIRST_LINE + as_html(self.standings), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return as_text(self.standings, self.check)


def as_text(standings: Sequence[Standing], check: str, *, colour: bool = False, ascii: bool = False) -> str:
    """Return a line a lesson, then what is out of date, then the next command."""
    lines = []
    width = max(len(lesson.title) for lesson, _ in _by_lesson(standings))
    for lesson, ones in _by_lesson(standings):
        marks = "".join(GLYPHS[one.state] for one in ones)
        solved = sum(one.state == "passed" for one in ones)
        line = f"{lesson.number:>2}  {lesson.title:<{width}}  {marks:<6}  {solved} of {len(ones)}"
        lines.append(f"\x1b[32m{line}\x1b[0m" if colour and solved == len(ones) else line)
    lines.append(f"{solved_in_words(standings)}  {legend(standings)}".rstrip())
    lines += [f"  {one.exercise.id}: {one.note}" for one in standings if one.note]
    lines += [f"  {one.exercise.id}: {WORDS['broken']}" for one in standings if one.state == "broken"]
    following = next_of(standings)
    lines.append(f"Next: {check} {following.exercise.id}" if following else "All done.")
    text = "\n".join(lines)
    return plain(text, _ASCII) if ascii else text


def as_html(standings: Sequence[Standing]) -> str:
    """Return the same as a card, with links to the exercises, and to the next one."""
    rows = [
        (
            lesson.number,
            lesson.title,
            _links(ones),
            f"{sum(one.state == 'passed' for one in ones)} of {len(ones)}",
        )
        for lesson, ones in _by_lesson(standings)
    ]
    pieces = [
        bar("Progress", solved_in_words(standings)),
        table(rows, ["", "lesson", "exercises", "solved"]),
        paragraph(legend(standings), faded=True),
    ]
    for one in standings:
        if one.note or one.state == "broken":
            pieces.append(paragraph(f"{one.exercise.id}: {one.note or WORDS['broken']}"))
    following = next_of(standings)
    if following is None:
        pieces.append(paragraph("All done.", ruled=True))
    else:
        asked = following.exercise
        link = link_to_check(asked.lesson, asked.id, f"{asked.id} {asked.title}")
        pieces.append(Display(f'<div style="padding:4px 12px;border-top:{HAIRLINE}">Next: {link}</div>', ""))
    return card(*pieces).html


def next_of(standings: Sequence[Standing]) -> Standing | None:
    """Return where to go on: the first exercise that is no extra and not solved, or else any."""
    left = [one for one in standings if one.state != "passed"]
    return next((one for one in left if not one.exercise.extra), left[0] if left else None)


def solved_in_words(standings: Sequence[Standing]) -> str:
    """Return how many are solved."""
    solved = sum(one.state == "passed" for one in standings)
    return f"{solved} of {len(standings)} solved."


def legend(standings: Sequence[Standing]) -> str:
    """Return what the marks mean that are there."""
    seen = [state for state in WORDS if any(one.state == state for one in standings)]
    return " · ".join(f"{GLYPHS[state]} {WORDS[state]}" for state in seen)


def _links(standings: Sequence[Standing]) -> Display:
    """Return the marks of a lesson's exercises, each beside a link to where it is asked."""
    html = " ".join(
        f'<span style="white-space:nowrap">{GLYPHS[one.state]} '
        f"{link_to_check(one.exercise.lesson, one.exercise.id, one.exercise.id)}</span>"
        for one in standings
    )
    return Display(html, " ".join(f"{GLYPHS[one.state]} {one.exercise.id}" for one in standings))


def _by_lesson(standings: Sequence[Standing]) -> list[tuple[Lesson, list[Standing]]]:
    return [(lesson, list(ones)) for lesson, ones in groupby(standings, lambda one: lesson_of(one.exercise))]
