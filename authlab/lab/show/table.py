"""A small table of things that were computed: what each wrong version does, who may see what."""

import unicodedata
from collections.abc import Iterable, Sequence

from authlab.lab.show.display import CELL, EDGE, HAIRLINE, TABLE, Display, Tone, printable, quoted

Cell = object
MOST_UNBROKEN = 16  # characters
_GLYPHS = ("✓", "✗", "~", "!", "○")


def table(rows: Iterable[Sequence[Cell]], headers: Sequence[str] = ()) -> Display:
    """Return rows as a table: True as "✓ yes", False as "✗ no", None as a dash, a display as it is, the
    rest as text.

    Raises ValueError when the rows are not equally long: a cell under the wrong heading is a false
    statement.
    """
    listed = [list(row) for row in rows]
    cells = [[_shown(cell) for cell in row] for row in listed]
    columns = len(headers) or (len(cells[0]) if cells else 0)
    for row in cells:
        if len(row) != columns:
            said = [cell.text for cell in row]
            raise ValueError(f"table: expected {columns} cells in each row, got {len(row)}: {said}")
    head = "".join(_head(title) for title in headers)
    if head:
        head = f'<thead><tr style="{Tone.PLAIN.tint};border-bottom:{EDGE}">{head}</tr></thead>'
    tints = [[_tint(cell) for cell in row] for row in listed]
    body = "".join(
        _row(row, colours, number) for number, (row, colours) in enumerate(zip(cells, tints, strict=True))
    )
    html = (
        f'<div class="mathjax_ignore" style="border:{EDGE};border-radius:5px;margin:4px 0 8px 0;'
        'max-width:860px;overflow-x:auto;line-height:1.5">'
        f'<table style="{TABLE}">{head}<tbody>{body}</tbody></table></div>'
    )
    texts = [[cell.text for cell in row] for row in cells]
    return Display(html, _text([list(headers), *texts] if headers else texts, bool(headers)))


def _head(title: str) -> str:
    tag = "th" if title else "td"  # a heading without words heads nothing
    return f'<{tag} style="{CELL};padding:4px 12px;font-weight:600">{quoted(title)}</{tag}>'


def _row(row: Sequence[Display], tints: Sequence[str], number: int) -> str:
    edge = f";border-top:{HAIRLINE}" if number else ""
    style = f"{CELL};padding:3px 12px;overflow-wrap:break-word"
    cells = "".join(
        f'<td style="{style}{_whole(cell.text)};{tint}">{cell.html}</td>'
        for cell, tint in zip(row, tints, strict=True)
    )
    return f'<tr style="background:rgba(0,0,0,0){edge}">{cells}</tr>'


def _shown(cell: Cell) -> Display:
    if isinstance(cell, Display):
        return cell
    text = "✓ yes" if cell is True else "✗ no" if cell is False else "—" if cell is None else str(cell)
    return Display(quoted(text), printable(text))


def _tint(cell: Cell) -> str:
    """Return the colour of what a cell's glyph says; a display, which may have several, has none."""
    said = "" if isinstance(cell, Display) else _shown(cell).text
    for tone in (Tone.GOOD, Tone.BAD):
        if said.startswith(tone.glyph):
            return tone.tint
    return "background:rgba(0,0,0,0)"


def _whole(cell: str) -> str:
    """A verdict is read at a glance: its glyph and its word stay on one line."""
    return ";white-space:nowrap" if cell.startswith(_GLYPHS) and len(cell) <= MOST_UNBROKEN else ""


def _text(lines: Sequence[Sequence[str]], headed: bool) -> str:
    flat = [[cell.replace("\n", " ") for cell in line] for line in lines]
    widths = [max(map(_width, column)) for column in zip(*flat, strict=True)]
    texts = [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in flat
    ]
    if headed:
        texts.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(texts)


def _width(text: str) -> int:
    """Return the columns a terminal needs: two for a wide character, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
