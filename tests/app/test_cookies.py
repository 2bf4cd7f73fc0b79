"""Each cookie is set with all its attributes, and with no other: what the browser then does with it."""

from collections.abc import Callable

import pytest

from authlab.cookies import device_cookie, session_cookie, session_token

ALWAYS = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


@pytest.mark.parametrize(
    ("make", "pair", "age"),
    [
        (lambda: session_cookie("a-token", 604_800), "__Host-session=a-token", "Max-Age=604800"),
        (lambda: session_cookie("", 0), "__Host-session=", "Max-Age=0"),
        (lambda: device_cookie("a-token"), "__Host-device=a-token", "Max-Age=31536000"),
    ],
    ids=["a session, for a week", "a session, taken back", "a device, for a year"],
)
def test_a_cookie_is_kept_from_scripts_other_hosts_and_other_sites_forms(
    make: Callable[[], str], pair: str, age: str
) -> None:
    """Its age is in seconds from now: an `Expires` beside it would be of the machine's clock."""
    name_and_value, *attributes = make().split("; ")
    assert name_and_value == pair
    assert sorted(attributes) == sorted([age, *ALWAYS])


@pytest.mark.parametrize(
    ("cookies", "token"),
    [
        ({"__Host-session": "a-token"}, "a-token"),
        ({"__Host-session": "", "session": "a-token"}, ""),
        ({"session": "planted", "__host-session": "planted", "__Secure-session": "planted"}, None),
        ({}, None),
    ],
)
def test_a_session_is_looked_for_under_one_name(cookies: dict[str, str], token: str | None) -> None:
    """The name says that no other host can have set it; a name like it says nothing."""
    assert session_token(cookies) == token
