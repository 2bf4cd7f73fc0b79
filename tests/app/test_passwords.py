"""Passwords: slow, salted, nothing cut off.

At cost 4, bcrypt's lowest: these tests do not wait.
"""

import pytest

from authlab.passwords import hash_password, needs_rehash, unmatchable_hash, verify_password

PEPPER = b"a pepper for tests, known to all"


def hashed(password: str) -> str:
    """The password as it is stored."""
    return hash_password(password, rounds=4, pepper=PEPPER)


def fits(password: str, stored: str) -> bool:
    """Whether the login would let this password in."""
    return verify_password(password, stored, pepper=PEPPER)


def test_the_right_password_fits() -> None:
    """Ada signs up and logs in."""
    assert fits("analytical-engine-1843", hashed("analytical-engine-1843"))


@pytest.mark.parametrize(
    "typed",
    [
        "analytical-engine-1844",
        "Analytical-Engine-1843",
        "analytical-engine-1843 ",
        " analytical-engine-1843",
        "analytical-engine-184",
        "",
    ],
)
def test_a_password_fits_verbatim_or_not_at_all(typed: str) -> None:
    """Trimmed, folded or cut, a password has more than one spelling that opens the account."""
    assert not fits(typed, hashed("analytical-engine-1843"))


def test_spaces_at_the_ends_belong_to_the_password() -> None:
    """Who chose them types them again, at sign-up and at login alike."""
    assert fits("  two spaces 2  ", hashed("  two spaces 2  "))
    assert not fits("two spaces 2", hashed("  two spaces 2  "))


def test_equal_passwords_have_different_hashes() -> None:
    """Without a salt, a stolen table shows who shares a password, and one guess tests them all."""
    assert hashed("same-for-both-1") != hashed("same-for-both-1")


def test_the_cost_is_the_one_asked_for() -> None:
    """The hash says its own cost: rounds are an exponent, so 5 takes twice as long as 4."""
    assert hash_password("let-me-in-4", rounds=4, pepper=PEPPER).startswith("$2b$04$")
    assert hash_password("let-me-in-4", rounds=5, pepper=PEPPER).startswith("$2b$05$")


def test_a_stolen_table_without_the_pepper_tests_no_guess() -> None:
    """The pepper is not in the database: who has only the table cannot even try `password1`."""
    assert not verify_password(
        "let-me-in-4", hashed("let-me-in-4"), pepper=b"another pepper, of an other app!"
    )


def test_the_twin_that_shares_72_bytes_is_refused() -> None:
    """bcrypt reads 72 bytes: given the password itself, it never sees where these two differ."""
    stored = hashed("72 bytes" * 9 + "-and-then-1")
    assert fits("72 bytes" * 9 + "-and-then-1", stored)
    assert not fits("72 bytes" * 9 + "-or-else-2", stored)
    assert not fits("72 bytes" * 9, stored)


def test_the_twin_that_shares_18_emoji_is_refused() -> None:
    """18 emoji are 72 bytes: a limit that counts characters lets them pass and cuts the rest."""
    stored = hashed("🔑" * 18 + "-and-then-1")
    assert fits("🔑" * 18 + "-and-then-1", stored)
    assert not fits("🔑" * 18 + "-or-else-2", stored)


@pytest.mark.parametrize(
    "long",
    [
        pytest.param("a" * 71 + "1", id="72 bytes"),
        pytest.param("a" * 72 + "1", id="73 bytes"),
        pytest.param("a" * 79 + "1", id="80 bytes"),
        pytest.param("🔑" * 64, id="64 emoji, 256 bytes"),
        pytest.param("пароль и еще раз пароль " * 4 + "1", id="96 Cyrillic letters"),
        pytest.param("a" * 60_000, id="60 000 bytes"),
    ],
)
def test_a_long_password_works_to_its_last_character(long: str) -> None:
    """ASVS asks for at least 64 characters, of any script, with nothing cut off."""
    stored = hashed(long)
    assert fits(long, stored)
    assert not fits(long[:-1], stored)
    assert not fits(long[:-1] + "2", stored)


def test_a_lone_surrogate_is_a_wrong_password_and_no_crash() -> None:
    """Half an emoji cannot be encoded as UTF-8: a crash here is one for any visitor to cause."""
    assert not fits("\ud83d", hashed("let-me-in-4"))
    assert fits("half a key \ud83d", hashed("half a key \ud83d"))


def test_a_zero_byte_ends_nothing() -> None:
    """To a library written in C, a text ends at the first zero byte."""
    stored = hashed("begin\x00-and-then-1")
    assert fits("begin\x00-and-then-1", stored)
    assert not fits("begin\x00-or-else-2", stored)
    assert not fits("begin", stored)


@pytest.mark.parametrize(
    ("rounds_today", "renew"),
    [(3, True), (4, False), (5, True), (10, True), (40, True)],
)
def test_only_today_s_cost_needs_no_new_hash(rounds_today: int, renew: bool) -> None:
    """A cost is raised when machines get faster: `$2b$04$` was enough once."""
    old = "$2b$04$......................wD2RyCBFYVz6OqDKZFkvXO8Mc4N8V8e"
    assert needs_rehash(old, rounds=rounds_today) is renew


def test_the_cost_has_two_digits() -> None:
    """Read as one digit, 10 and 12 are both 1."""
    assert not needs_rehash("$2b$10$" + "." * 53, rounds=10)
    assert needs_rehash("$2b$10$" + "." * 53, rounds=12)
    assert needs_rehash("$2b$10$" + "." * 53, rounds=1)


@pytest.mark.parametrize("typed", ["", "let-me-in-4", "." * 31, "🔑" * 20])
def test_nothing_fits_the_hash_for_strangers(typed: str) -> None:
    """It stands in for a user who does not exist: it takes the time, and lets nobody in."""
    assert not fits(typed, unmatchable_hash(4))


def test_the_hash_for_strangers_costs_what_a_member_s_does() -> None:
    """Another cost is another time, and the time would say who is a member."""
    assert unmatchable_hash(4).split("$")[:3] == hashed("let-me-in-4").split("$")[:3]
    assert unmatchable_hash(12).startswith("$2b$12$")
    assert len(unmatchable_hash(4)) == len(hashed("let-me-in-4")) == 60
