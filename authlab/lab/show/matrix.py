"""Flaws x attacks: which wrong version falls to which attack, each cell really run."""

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from authlab.lab.show.display import (
    CELL,
    CLEAR,
    FADED,
    HAIRLINE,
    TABLE,
    TEXT_COLUMNS,
    Display,
    Tone,
    bar,
    card,
    folded,
    paragraph,
    printable,
    quoted,
    rows,
)
from authlab.lab.show.display import Row as Fact
from authlab.lab.show.plain import plain

if TYPE_CHECKING:
    from authlab.course.audit import Finding, Line, Picture

LABEL_COLUMNS = 32
OUTCOME_GLYPHS = {"resisted": "✓", "accepted": "~", "won": "✗", "error": "!"}  # of one attack on one app
# What a cell means: its glyph, the glyph of a plain terminal, the colour there, the tint in a notebook.
_MARKS = {
    "named": ("●", "X", "31", Tone.BAD, "won: the attack that the flaw falls to"),
    "won": ("○", "x", "33", Tone.NOTE, "won as well"),
    "resisted": ("·", ".", "2", None, "resisted"),
    "accepted": ("~", "~", "36", Tone.INFO, "won, and accepted"),
    "lost": ("?", "?", "1", Tone.NOTE, "should have won, and did not"),
    "error": ("!", "!", "1", Tone.NOTE, "an error, which proves nothing"),
}
BOTH_WAYS = "Each cell: the worse outcome of both ways of keeping sessions."


def matrix(picture: "Picture") -> Display:
    """Return the picture as a card: a line for each flaw under its part, a column for each attack.

    The first line is the package, in the same run: a flaw tells something only beside an app that
    resists.
    """
    listed = rows(
        Fact(str(attack.number), note=f"{attack.name}: {attack.claim}") for attack in picture.attacks
    )
    sums = _sums(picture)
    html = [
        bar(_title(picture), sums[0]),
        Display(_table(picture), ""),
        paragraph(_legend(picture), ruled=True),
        paragraph(BOTH_WAYS),
        *(paragraph(line) for line in sums[1:]),
        folded("The attacks", listed),
    ]
    return Display(card(*html).html, as_text(picture))


def as_text(
    picture: "Picture", width: int = TEXT_COLUMNS, *, ascii: bool = False, colour: bool = False
) -> str:
    """Return the picture for a terminal of `width` columns, in several bands if it is wider than that.

    `ascii` is for terminals that cannot show the glyphs; `colour` adds colour and never meaning.
    """
    labels = [f"  {_label(line)}" for line in picture.lines]
    label = min(max((len(words) for words in labels), default=0), LABEL_COLUMNS)
    room = max(width - label - 1, 1)
    step = 2 if 2 * len(picture.attacks) <= room else 1
    band = max(room // step, 1)
    title, told = _title(picture), f"({_sums(picture)[0]})"
    lines = [f"{title}  {told}"] if len(title) + len(told) + 2 <= width else [title, *wrap(told, width)]
    for start in range(0, max(len(picture.attacks), 1), band):
        columns = range(start, min(start + band, len(picture.attacks)))
        lines += ["", *_heads(picture, columns, label, step)]
        for part, group in _groups(picture):
            lines += [part] if part else []
            for line in group:
                name = f"  {_label(line)}"[:label].ljust(label)
                cells = [_mark(line, line.findings[column]) for column in columns]
                drawn = (" " * (step - 1)).join(_drawn(cell, ascii=ascii, colour=colour) for cell in cells)
                lines.append(f"{name} {drawn}")
    legend = [_legend(picture, ascii=ascii), BOTH_WAYS]
    lines += ["", *(part for line in legend for part in wrap(line, width)), "", *_names(picture, width)]
    lines += [part for line in _sums(picture)[1:] for part in wrap(line, width)]
    text = "\n".join(lines)
    return plain(text) if ascii else text


def _title(picture: "Picture") -> str:
    return f"{_count(len(picture.lines) - 1, 'flaw')} × {_count(len(picture.attacks), 'attack')}"


def _sums(picture: "Picture") -> list[str]:
    """Return what the picture says in one line, and then a line for each thing that should not be."""
    wrong = [printable(line) for line in picture.contradictions]
    if wrong:
        return [f"{_count(len(wrong), 'contradiction')}", *(f"! {line}" for line in wrong)]
    accepted = any(finding.outcome == "accepted" for line in picture.lines for finding in line.findings)
    return [f"each flaw falls to its attack, the package to none{' but the accepted' if accepted else ''}"]


def _groups(picture: "Picture") -> Iterator[tuple[str, list["Line"]]]:
    for part, lines in groupby(picture.lines, key=lambda line: line.flaw.part if line.flaw else ""):
        yield part.removeprefix("authlab.").replace(":", "."), list(lines)


def _label(line: "Line") -> str:
    return line.flaw.name if line.flaw else "the package"


def _mark(line: "Line", finding: "Finding") -> str:
    named = line.flaw is not None and line.flaw.attack == finding.attack.number
    if named and finding.outcome in ("won", "resisted", "accepted"):
        return "named" if finding.outcome == "won" else "lost"
    return finding.outcome


def _drawn(mark: str, *, ascii: bool, colour: bool) -> str:
    glyph, letter, code, _, _ = _MARKS[mark]
    drawn = letter if ascii else glyph
    return f"\x1b[{code}m{drawn}\x1b[0m" if colour else drawn


def _legend(picture: "Picture", *, ascii: bool = False) -> str:
    """Return what the glyphs mean: of those that are rare, only the ones that occur."""
    seen = {_mark(line, finding) for line in picture.lines for finding in line.findings}
    shown = [mark for mark in _MARKS if mark in seen or mark in ("named", "resisted")]
    return "; ".join(f"{_MARKS[mark][1 if ascii else 0]} {_MARKS[mark][4]}" for mark in shown)


def _heads(picture: "Picture", columns: range, label: int, step: int) -> list[str]:
    """Return the attacks' numbers, read from top to bottom: a column is one character wide."""
    numbers = [str(attack.number) for attack in picture.attacks]
    digits = max(map(len, numbers), default=0)
    lines = []
    for digit in range(digits):
        row = [numbers[column].rjust(digits)[digit] for column in columns]
        lead = "  attack" if digit == digits - 1 else ""
        lines.append(f"{lead:<{label}} {(' ' * (step - 1)).join(row)}".rstrip())
    return lines


def _names(picture: "Picture", width: int) -> list[str]:
    """Return the attacks' names in as many columns as there is room for, read from top to bottom."""
    names = [f"{attack.number:>3} {attack.name}" for attack in picture.attacks]
    each = max(map(len, names), default=0) + 2
    height = -(-len(names) // max(width // each, 1)) if names else 0
    return ["".join(name.ljust(each) for name in names[row::height]).rstrip() for row in range(height)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(picture: "Picture") -> str:
    edge = f"{CELL};border-left:{HAIRLINE};padding:1px 0;text-align:center;min-width:17px"
    label = f"{CELL};padding:1px 12px;white-space:nowrap"
    numbers = "".join(
        f'<th style="{edge};font-weight:400;font-size:.86em;line-height:1.2">'
        + "".join(f"<div>{digit}</div>" for digit in str(attack.number))
        + "</th>"
        for attack in picture.attacks
    )
    body = []
    for part, group in _groups(picture):
        if part:
            heading = f'<b style="font-weight:600">{quoted(part)}</b>'
            body.append(
                f'<tr style="{CLEAR};border-top:{HAIRLINE}"><td colspan="{len(picture.attacks) + 1}" '
                f'style="{label};padding:5px 12px 1px 12px">{heading}</td></tr>'
            )
        indent = ";padding-left:28px" if part else ""
        for line in group:
            cells = "".join(_cell(edge, _mark(line, finding)) for finding in line.findings)
            name = f'<td style="{label}{indent}">{quoted(_label(line))}</td>'
            body.append(f'<tr style="{CLEAR};border-top:{HAIRLINE}">{name}{cells}</tr>')
    head = f'<thead><tr style="{CLEAR}"><th style="{label};{FADED}">attack</th>{numbers}</tr></thead>'
    table = f'<table style="{TABLE}">{head}<tbody>{"".join(body)}</tbody></table>'
    return f'<div style="overflow-x:auto">{table}</div>'


def _cell(style: str, mark: str) -> str:
    glyph, _, _, tone, _ = _MARKS[mark]
    return f'<td style="{style};{tone.tint if tone else CLEAR}">{glyph}</td>'
