"""A check's message as a reader takes it in: what was called, what led there, why it matters."""

import re
from itertools import groupby

from authlab.lab.show.display import (
    CODE,
    FADED,
    HAIRLINE,
    MONOSPACE,
    Display,
    Tone,
    indented,
    printable,
    quoted,
    with_code,
)

# What the untouched stub of a *fix* says before the message of its first check.
IT_IS_WRONG = "It runs, and it is wrong."

_LABELLED = re.compile(r"  ([a-z]+(?: [a-z]+)*)  (.*)")
_OUR_WORDS = frozenset({"one believes", "it is right"})  # the rest is code, where a backtick is a backtick
_AS_TYPED = "white-space:pre-wrap;overflow-wrap:break-word"  # two spaces in a value are not one
_HANGING = "padding-left:28px;text-indent:-16px"


def message(words: str) -> Display:
    """Return a message: its first line and what is indented as code, the wrapped rest as one paragraph.

    An indented line with a label ("  after  …", "  it printed  …") keeps its label apart. The text is as
    given.
    """
    lead, _, rest = words.partition("\n")
    has_lead = lead == IT_IS_WRONG
    first, *others = (rest if has_lead else words).strip("\n").split("\n")
    pieces = [f'<div style="font-weight:600;padding:0 0 2px 0">{quoted(lead)}</div>'] if has_lead else []
    pieces += [_code(first)] if first else []
    for flowing, lines in groupby(others, key=_flows):
        if flowing:
            pieces.append(_paragraphs(list(lines)))
        else:
            pieces += [_indented_line(line) for line in lines]
    inside = "".join(pieces)
    html = f'<div style="{Tone.PLAIN.tint};border-top:{HAIRLINE};padding:6px 12px">{inside}</div>'
    return Display(html, indented(printable(words)))


def _flows(line: str) -> bool:
    return not line.startswith("  ")


def _code(line: str) -> str:
    return f'<div style="{CODE};{_AS_TYPED}">{quoted(line)}</div>'


def _indented_line(line: str) -> str:
    style = f"{MONOSPACE};font-size:.86em;{_HANGING};{_AS_TYPED}"
    labelled = _LABELLED.fullmatch(line)
    if labelled is None:
        return f'<div style="{style}">{quoted(line.removeprefix("  "))}</div>'
    label, value = labelled.groups()
    said = with_code(value) if label in _OUR_WORDS else quoted(value)
    return f'<div style="{style}"><span style="{FADED}">{label}</span>  {said}</div>'


def _paragraphs(lines: list[str]) -> str:
    """Return lines that were wrapped for a terminal as they were before; an empty line ends a paragraph."""
    parts = "\n".join(line.strip() for line in lines).split("\n\n")
    joined = (part.strip().replace("\n", " ") for part in parts)
    return "".join(
        f'<div style="padding:4px 0 2px 0;{_AS_TYPED}">{with_code(part)}</div>' for part in joined if part
    )
