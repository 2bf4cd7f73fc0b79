"""What the cookie alone says, in both strategies. No database: this is all that the middleware may ask."""

from authlab.settings import Settings
from authlab.tokens import Session, verify_with_ring


def read(token: str, settings: Settings) -> Session | None:
    """Return the session that `token` claims, if we signed it and it has not run out, or None.

    Whether the session was ended since, or the user deleted, only `verify` of a strategy can say.
    """
    return verify_with_ring(token, settings.session_keys, settings.clock())
