"""What a learner sees under a cell: each display is an object with an HTML and a plain-text side.

The text says what the HTML says: terminals, screen readers and code hosts show only that.
"""

from authlab.lab.show.cookie import cookie
from authlab.lab.show.display import Display
from authlab.lab.show.exchange import exchange
from authlab.lab.show.matrix import matrix
from authlab.lab.show.request_path import request_path
from authlab.lab.show.shown import shown
from authlab.lab.show.source import source
from authlab.lab.show.table import table

__all__ = ["Display", "cookie", "exchange", "matrix", "request_path", "shown", "source", "table"]
