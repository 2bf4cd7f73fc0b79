"""What a notebook needs: `check`, apps to try things on, and displays.

from authlab.lab import check, exchange, open_app

The names stand in `authlab.lab.notebook`, which is loaded when the first of them is asked for: a verdict in a
terminal wants the displays of this package, and need not wait for the app.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authlab.lab.notebook import *  # noqa: F403


def __getattr__(name: str) -> object:
    notebook = importlib.import_module("authlab.lab.notebook")
    if name not in notebook.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(notebook, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *importlib.import_module("authlab.lab.notebook").__all__})
