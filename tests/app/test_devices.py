"""A visitor's browsers: their names for people, and which of them we know."""

import pytest

from authlab.devices import device_name, device_nonce, device_token, given_at, known_device

KEY = b"a key for tests, known to all!!!"
NOW = 1_767_603_600


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPad"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36 OPR/124.0", "Opera on Linux"),
        ("Firefox/140.0", "Firefox"),
        ("curl/8.0", "curl/8.0"),
        ("", "an unknown browser"),
        ("a\x00b\u202ec", "abc"),
        ("x" * 500, "x" * 60),
        ("x" * 59 + " y", "x" * 59),
        ("\x00 ", "an unknown browser"),
    ],
)
def test_a_browser_is_named_as_people_know_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name


def test_a_browser_is_known_by_the_token_that_its_owner_got_in_it() -> None:
    """The nonce that was proven comes back, for a count of its own."""
    nonce = device_nonce(b"\x00\xff", NOW)
    assert nonce == "695b7d90-00ff"
    assert known_device(device_token("ada@lab.test", nonce, KEY), "ada@lab.test", KEY) == nonce


def test_a_token_of_another_account_or_another_key_is_no_known_device() -> None:
    """Or Mallory would have guesses of her own at Ada's password: she has a token of her account."""
    for email, key in (("mallory@lab.test", KEY), ("ada@lab.test", b"another key, of another app!!!!!")):
        assert known_device(device_token(email, "5-ff", key), "ada@lab.test", KEY) is None


@pytest.mark.parametrize(
    ("kept", "sent"),
    [
        ("5-ff.", "6-ff."),
        ("5-ff.", ""),
        ("5-ff.", "."),
        ("5-ff.", "5-ff.é"),
        ("5-ff.", "5-ff.\ud800"),
        ("5-ff.", "\ud800."),
    ],
)
def test_a_changed_token_is_no_known_device_and_no_crash(kept: str, sent: str) -> None:
    """The proof is of the nonce; and what a browser sends may be any text."""
    token = device_token("ada@lab.test", "5-ff", KEY)
    assert known_device(token.replace(kept, sent), "ada@lab.test", KEY) is None


@pytest.mark.parametrize("token", [None, "", ".", "5-ff"])
def test_without_a_proof_no_device_is_known(token: str | None) -> None:
    assert known_device(token, "ada@lab.test", KEY) is None


@pytest.mark.parametrize("email", ["\ud800@lab.test", "zoé@lab.test"])
def test_an_address_of_any_signs_can_have_a_device(email: str) -> None:
    """What was typed at the login is asked for as it is, before anybody knows whether it is an address."""
    assert known_device(device_token(email, "5-ff", KEY), email, KEY) == "5-ff"


@pytest.mark.parametrize(
    ("nonce", "seconds"),
    [
        ("695b7d90-c0ffee", NOW),
        ("0-ff", 0),
        ("c0ffee", 0),
        ("-c0ffee", 0),
        ("then-c0ffee", 0),
        ("", 0),
    ],
)
def test_a_nonce_says_when_it_was_given_or_counts_as_old(nonce: str, seconds: int) -> None:
    """Random digits with no time before them are no time: read as one, they would be known for ever."""
    assert given_at(nonce) == seconds
