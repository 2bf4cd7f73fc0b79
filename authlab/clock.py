"""The one place where the package reads the wall clock.

Everything else is told the time: `now` is an argument, in whole seconds since 1970 (UTC).
A lesson can then freeze the clock, and a test can move it by hand.
"""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Return the current time in whole seconds since 1970 (UTC)."""
    return int(time.time())
