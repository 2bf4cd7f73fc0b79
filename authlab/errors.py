"""What can go wrong, by name. Raised deep, turned into a response once, in `app`."""


class SettingsError(Exception):
    """The app cannot start as configured. The text is for its operator: expected, got, next command."""


class NotSignedIn(Exception):
    """The request needs a session and has none that holds.

    `stale` is true when a cookie was sent and refused: the answer then clears it. Otherwise the
    middleware would go on believing it, and the visitor would be sent round in a circle.
    """

    def __init__(self, *, stale: bool) -> None:
        super().__init__("not signed in")
        self.stale = stale


class Forbidden(Exception):
    """The visitor is known and may not do this (403). Who is unknown gets `NotSignedIn` (401)."""


class TooManyAttempts(Exception):
    """The visitor has tried too often (429) and may come back after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts, {retry_after} seconds to wait")
        self.retry_after = retry_after
