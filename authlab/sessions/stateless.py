"""Stateless sessions (lesson 4): everything is in the signed token, nothing on the server.

The price: the server cannot take a token back. Logging out takes it from the browser, and a copy made
before goes on until it expires. Database sessions (lesson 5) pay for that with a query.
"""

from authlab.settings import Settings
from authlab.tokens import Session, sign_session, verify_session_token


def create(user_id: int, settings: Settings) -> str:
    """Return a new token for `user_id`, with an id of its own, valid from now for the session's lifetime."""
    now = settings.clock()
    session = Session(
        user_id=user_id,
        session_id=settings.random_bytes(16).hex(),
        issued_at=now,
        expires_at=now + settings.session_lifetime_seconds,
    )
    return sign_session(session, settings.session_key)


def read(token: str, settings: Settings) -> Session | None:
    """Return the session that `token` proves, or None."""
    return verify_session_token(token, settings.session_key, settings.clock())
