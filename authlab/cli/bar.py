"""A progress bar, for the commands that take a while."""

import shutil
import sys

from authlab.cli.check import can_show, is_terminal

COLUMNS = 24


class Bar:
    """A progress bar on stderr where that is a terminal, and nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = is_terminal(sys.stderr)
        self._length = 0

    def show(self, done: int, total: int, what: str) -> None:
        """Draw how many of `total` are done, and what is at work."""
        if not self._shown:
            return
        filled = COLUMNS * done // max(total, 1)
        drawn = f"{'█' * filled}{'░' * (COLUMNS - filled)} {done}/{total} {what}"
        if not can_show(drawn, sys.stderr):
            from authlab.lab.show.plain import plain

            drawn = plain(drawn)
        drawn = drawn[: shutil.get_terminal_size().columns - 1]  # a line that wraps cannot be cleared
        print(f"\r{drawn}{' ' * (self._length - len(drawn))}", end="", file=sys.stderr, flush=True)
        self._length = len(drawn)

    def clear(self) -> None:
        """Leave no trace of the bar in the line that is printed next."""
        if self._length:
            print(f"\r{' ' * self._length}\r", end="", file=sys.stderr, flush=True)
            self._length = 0
