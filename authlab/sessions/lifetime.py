"""When a session ends (lesson 4): use moves its end, up to a cap. The same in both strategies."""

from dataclasses import replace

from authlab.tokens import Session


def begin_session(
    user_id: int,
    session_id: str,
    token_id: str,
    now: int,
    *,
    lifetime_seconds: int,
    cap_seconds: int,
    generation: int = 0,
) -> Session:
    """Return a session that begins now, with a login, and ends after `lifetime_seconds` without use."""
    return Session(
        user_id=user_id,
        session_id=session_id,
        token_id=token_id,
        authenticated_at=now,
        issued_at=now,
        expires_at=now + min(lifetime_seconds, cap_seconds),
        generation=generation,
    )


def refresh_session(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Return the same session with a new token and a later end, or None when
    its time is up.

    - The new end is `lifetime_seconds` from now, and never later than
      `cap_seconds` after the login.
    - The new token has the id `token_id` and is issued now.
    - Everything else stays: whose session it is, which one, and when the
      password was proven. Being here is no login.
    - At its end a session is over: one that ends at 1070 is alive at 1069 and
      dead at 1070. The same goes for the cap, whatever the token says.

    All times are seconds since 1970. `Session` says what each of them means.

    Source: the guide's `updateSession`; ASVS 7.3.1, 7.3.2.
    """
    last_end = session.authenticated_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    return replace(
        session, token_id=token_id, issued_at=now, expires_at=min(now + lifetime_seconds, last_end)
    )
