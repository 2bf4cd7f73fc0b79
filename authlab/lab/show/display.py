"""The pieces that displays are made of, each with its HTML and its text.

JupyterLab sanitises the stored HTML of a notebook that has not been run here: only inline styles
with hex and rgba() colours survive. Text keeps the theme's colour, tints are transparent, and a
word or glyph stands beside every colour, so that a display reads the same in light and dark,
sanitised or not, and without colour.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from html import escape

EDGE = "1px solid rgba(128,128,128,.45)"
HAIRLINE = "1px solid rgba(128,128,128,.2)"
CLEAR = "background:rgba(0,0,0,0)"  # JupyterLab stripes rows that have no background of their own
MONOSPACE = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
CODE = f"{MONOSPACE};font-size:.93em;padding:0;{CLEAR}"
FADED = "opacity:.72"
LABEL_WIDTH = "8.5em"
TEXT_COLUMNS = 100

# JupyterLab writes the first line of an output's HTML beside the dots of a folded output, as it is: tags, or
# the answer that is to be predicted. So the first line is empty, but for a space: no line would be skipped.
EMPTY_FIRST_LINE = " \n"


class Tone(Enum):
    """What a piece means: its colour, and the glyph that says the same without colour."""

    GOOD = ("✓", "46,125,50", "#2e7d32")
    BAD = ("✗", "211,47,47", "#d32f2f")
    NOTE = ("○", "237,137,0", "#d17a00")
    INFO = ("→", "25,118,210", "#1976d2")
    PLAIN = ("", "128,128,128", "#808080")

    @property
    def glyph(self) -> str:
        """The glyph, or nothing."""
        return self.value[0]

    @property
    def tint(self) -> str:
        """A transparent background."""
        return f"background:rgba({self.value[1]},.13)"

    @property
    def line(self) -> str:
        """The colour of a border."""
        return self.value[2]


@dataclass(frozen=True)
class Display:
    """Something to look at: `html` for a notebook, `text` for everything else."""

    html: str
    text: str

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return {"text/html": EMPTY_FIRST_LINE + self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Row:
    """One line of facts: a label, a value from outside, and our word about it."""

    label: str
    value: str = ""
    note: str = ""
    tone: Tone = Tone.PLAIN
    part: bool = False  # belongs to the row above


def card(*pieces: Display, tone: Tone = Tone.PLAIN) -> Display:
    """Return pieces in one frame; `tone` colours its left edge."""
    # MathJax reads every output: without this class, the $ signs of a hash would become a formula.
    inside = "".join(piece.html for piece in pieces)
    html = (
        f'<div class="mathjax_ignore" style="border:{EDGE};border-left:4px solid {tone.line};'
        'border-radius:5px;margin:4px 0 8px 0;max-width:860px;overflow:hidden;line-height:1.5">'
        f"{inside}</div>"
    )
    return Display(html, "\n".join(piece.text for piece in pieces if piece.text))


def bar(title: str, aside: str = "", *, tone: Tone = Tone.PLAIN, code: bool = False) -> Display:
    """Return a heading across a card: no HTML heading, or JupyterLab lists it with the lesson's."""
    shown = f'<code style="{CODE}">{quoted(title)}</code>' if code else quoted(title)
    html = (
        f'<div style="{tone.tint};padding:5px 12px;display:flex;flex-wrap:wrap;gap:0 12px;'
        f'align-items:baseline"><b style="font-weight:600;min-width:0;overflow-wrap:break-word">{shown}</b> '
        f'<span style="{FADED}">{quoted(aside)}</span></div>'
    )
    return Display(html, printable(f"{title}  ({aside})" if aside else title))


def paragraph(words: str, *, faded: bool = False, ruled: bool = False) -> Display:
    """Return a line of our own words, `code` in backticks set as code; `ruled`: a line above it."""
    style = "padding:4px 12px" + f";{FADED}" * faded + f";border-top:{HAIRLINE}" * ruled
    return Display(f'<div style="{style}">{with_code(words)}</div>', printable(words))


def rows(facts: Iterable[Row]) -> Display:
    """Return facts as a table of labels and values."""
    listed = list(facts)
    if not listed:
        return Display("", "")
    body = "".join(_row_html(row) for row in listed)
    html = f'<table style="{TABLE};table-layout:fixed"><tbody>{body}</tbody></table>'
    return Display(html, "\n".join(_row_text(row) for row in listed))


def block(code: str, *, tone: Tone | None = None) -> Display:
    """Return preformatted text, wrapped where it is too long."""
    tint = tone.tint if tone else CLEAR
    html = (
        f'<pre style="{MONOSPACE};font-size:.93em;line-height:1.5;{tint};margin:0;padding:6px 12px;'
        f'white-space:pre-wrap;word-break:normal;overflow-wrap:break-word">{quoted(code)}</pre>'
    )
    return Display(html, indented(printable(code)))


def folded(summary: str, inside: Display, *, text: str | None = None) -> Display:
    """Return what a click opens. Its text is `text`, or else `summary` and everything inside."""
    html = (
        f'<details style="margin:0;padding:0;border-top:{HAIRLINE}">'
        f'<summary style="cursor:pointer;padding:4px 12px;{FADED}">{quoted(summary)}</summary>'
        f"{inside.html}</details>"
    )
    return Display(html, f"{printable(summary)}\n{inside.text}" if text is None else text)


def quoted(raw: str) -> str:
    """Return text from anywhere as HTML that shows it and does nothing else."""
    return escape(printable(raw), quote=True)


def with_code(words: str) -> str:
    """Return our own words as HTML, `code` in backticks set as code."""
    pieces = words.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner is a backtick
        return quoted(words)
    code = f"{MONOSPACE};font-size:.93em;padding:1px 4px;border-radius:3px;{Tone.PLAIN.tint}"
    return "".join(
        f'<code style="{code}">{quoted(piece)}</code>' if number % 2 else quoted(piece)
        for number, piece in enumerate(pieces)
    )


def printable(raw: str) -> str:
    """Return text in which every invisible or steering character is shown as an escape.

    A response can hold a terminal's control sequences, or marks that turn the reading direction
    around, so that what is seen is not what is there.
    """
    return "".join(_visible(character) for character in raw.replace("\r\n", "\n"))


def shortened(value: str, length: int = 44) -> str:
    """Return a long value with its middle left out: tokens differ at both ends."""
    if len(value) <= length:
        return value
    tail = length // 3
    return f"{value[: length - tail - 1]}…{value[-tail:]}"


def indented(text: str, by: str = "  ") -> str:
    """Return text with every line moved to the right."""
    return "\n".join(by + line if line else line for line in text.split("\n"))


TABLE = (
    "width:100%;margin:0;border:none;border-collapse:collapse;border-spacing:0;font-size:1em;"
    "table-layout:auto"
)
CELL = "text-align:left;vertical-align:top;padding:2px 12px;white-space:normal;border:none;max-width:none"


def _row_html(row: Row) -> str:
    label = f"{CELL};width:{LABEL_WIDTH};{FADED}"
    if row.part:
        label += ";padding-left:28px"
    mark = f'<b style="font-weight:700">{row.tone.glyph}</b> ' if row.tone.glyph else ""
    value = f'<code style="{CODE}">{quoted(row.value)}</code>' if row.value else ""
    word = f"({row.note})" if row.value else row.note
    note = f' <span style="{FADED}">{quoted(word)}</span>' if row.note else ""
    tint = row.tone.tint if row.tone in (Tone.BAD, Tone.NOTE) else CLEAR
    return (
        f'<tr style="{tint}"><td style="{label}">{quoted(row.label)}</td>'
        f'<td style="{CELL};overflow-wrap:break-word">{mark}{value}{note}</td></tr>'
    )


def _row_text(row: Row) -> str:
    label = ("    " if row.part else "  ") + (f"{row.label}:" if row.label else "")
    note = f"({row.note})" if row.value and row.note else row.note
    said = " ".join(piece for piece in (row.tone.glyph, row.value, note) if piece)
    return printable(f"{label:<18} {said}".rstrip())


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character
