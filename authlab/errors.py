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
