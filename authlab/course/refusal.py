"""An error that is written for whoever made the mistake."""


class Refusal(Exception):
    """What was asked for cannot be done. The text is a line: what was expected, what came, what there is.

    A terminal prints that line; a notebook, too, without the traceback through the kit's own files.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for it
        return [f"{type(self).__name__}: {self}"]
