"""What attempts are counted by: an account and a browser, and no address that somebody has typed."""

import pytest

from authlab.limits import client_ip, login_key

ADA = "ada@lab.test"


def test_guesses_at_two_accounts_are_counted_apart() -> None:
    assert login_key(ADA, None) != login_key("grace@lab.test", None)
    assert login_key(ADA, None) == login_key(ADA, None)


def test_each_device_of_an_owner_counts_apart_from_the_others_and_from_strangers() -> None:
    """Whoever locks strangers out, or one browser, leaves the owner's other browsers alone."""
    keys = {login_key(ADA, None), login_key(ADA, "her laptop"), login_key(ADA, "her phone")}
    assert len(keys) == 3


def test_the_key_does_not_tell_what_was_typed() -> None:
    """A password in the wrong field is stored nowhere, and neither is an address."""
    assert ADA not in login_key(ADA, None)
    assert "ada" not in login_key(ADA, "her laptop")


@pytest.mark.parametrize("typed", ["\ud800", "\udfff@lab.test"])
def test_a_text_that_is_no_unicode_has_a_key_too(typed: str) -> None:
    """A lone surrogate in a form is somebody's attempt: it is counted, and nothing breaks."""
    assert login_key(typed, None) != login_key(ADA, None)


def test_who_sends_no_address_is_counted_under_a_word_that_the_log_shows() -> None:
    """An operator who looks for where attempts came from reads that it was not known, instead of nothing."""
    assert client_ip({}, 0) == "unknown"
    assert client_ip({"REMOTE_ADDR": "10.0.0.1"}, 1) == "unknown"
