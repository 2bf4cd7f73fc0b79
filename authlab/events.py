"""The log of security events (lesson 11): what happened, to whom and from where, and never what was typed.

A missing cookie, one that is refused (forged, or run out) and a session that was ended all lead to the same
answer. In the log they differ: the first is everyday, the others may be somebody trying.
"""

import logging
from typing import Literal

Event = Literal[
    "signed up",
    "logged in",
    "login refused",
    "too many attempts",
    "logged out",
    "password changed",
    "sessions ended",
    "cookie refused",
    "session refused",
    "form refused",
    "not allowed",
    "account changed",
]

_LOGGER = logging.getLogger("authlab.security")


def to_the_log(line: str) -> None:
    """Write a line to Python's logging, under `authlab.security`; where it goes is the operator's to say."""
    _LOGGER.info(line)


def event_line(event: Event, **facts: int | str | None) -> str:
    """Return one line: the event, and facts that we know ourselves, as `name=value`.

    Account numbers, endpoints and the address of the connection, but no field of a form, no e-mail, no token,
    and no exception's text, which may quote them all. Whatever is no plain character is escaped, so that a
    value cannot begin a line of its own (log injection).

    Source: OWASP, Logging; ASVS 16.2.5.
    """
    told = [f"{name}={value}" for name, value in facts.items() if value is not None]
    return "; ".join([event, *told]).encode("unicode_escape").decode("ascii")
