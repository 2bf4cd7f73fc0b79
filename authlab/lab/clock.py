"""The lab's clock: frozen, and moved by hand."""

LAB_START = 1_767_603_600  # Monday, 5 January 2026, 09:00:00 UTC


class LabClock:
    """A clock that stands still until it is told to move. Calling it returns seconds since 1970 (UTC)."""

    def __init__(self, now: int = LAB_START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        """Move the clock forward."""
        self.now += seconds + 60 * (minutes + 60 * (hours + 24 * days))
