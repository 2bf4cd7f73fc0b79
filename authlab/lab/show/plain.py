"""Text for a terminal whose encoding lacks our glyphs: a sign for each of them, an escape for the rest.

A question mark would say nothing, and the same nothing for "passed" and "not yet".
"""

from collections.abc import Mapping

_SIGNS = {
    "✓": "+", "✗": "x", "○": "-", "◔": "t", "◆": "*", "•": "*", "·": "-", "—": "-", "…": "...",
    "×": "x", "→": "->", "←": "<-", "█": "#", "░": "-",
}  # fmt: skip


def plain(text: str, own: Mapping[str, str] | None = None) -> str:
    """Return text in ASCII; `own` are the signs of a picture in which a glyph means something else."""
    signs = str.maketrans({**_SIGNS, **(own or {})})
    return text.translate(signs).encode("ascii", "backslashreplace").decode("ascii")
