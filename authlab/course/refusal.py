"""An error that is written for whoever made the mistake."""

from collections.abc import Sequence


class Refusal(Exception):
    """What was asked for cannot be done. The text is a line: what was expected, what came, what there is.

    A terminal prints that line; a notebook, too, without the traceback through the kit's own files.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for it
        return [f"{type(self).__name__}: {self}"]


def did_you_mean(near: Sequence[str]) -> str:
    """Return what ends a refusal's line where something that there is looks like what was asked for."""
    return f"; did you mean {' or '.join(near)}?" if near else ""
