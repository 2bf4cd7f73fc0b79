"""One plain value under a cell, for cells whose answer is predicted first."""

from authlab.lab.show.display import CLEAR, MONOSPACE, Display, printable, quoted


def shown(value: object) -> Display:
    """Return a value as Python writes it, wrapped, for an output that is folded until it has been predicted.

    Of a bare value JupyterLab would show the first line beside the dots; of a display it shows nothing.
    """
    look = (
        f"{MONOSPACE};font-size:.93em;line-height:1.5;{CLEAR};margin:0;padding:0;"
        "white-space:pre-wrap;word-break:normal;overflow-wrap:break-word"
    )
    html = f'<div class="mathjax_ignore"><pre style="{look}">{quoted(repr(value))}</pre></div>'
    return Display(html, printable(repr(value)))
