"""Settings: what an operator says, what holds when they say nothing, and that the app fails closed."""

import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from authlab.clock import system_clock
from authlab.errors import SettingsError
from authlab.events import to_the_log
from authlab.settings import Limit, Settings, load_settings

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="  # 32 times A
OLD_KEY = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="  # 32 times B
PEPPER = "Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M="  # 32 times C
SECRETS = {"SESSION_SECRET": KEY, "PASSWORD_PEPPER": PEPPER}
DATABASE = Path("app.sqlite")
HOUR = 3600


@pytest.fixture
def settings() -> Settings:
    """The settings of an operator who gives the app its secrets and nothing else."""
    return load_settings(SECRETS, DATABASE)


# What is read


def test_each_secret_has_its_own_place(settings: Settings) -> None:
    """The one signs, the other goes into the passwords: neither does for the other."""
    assert settings.signing_key == b"A" * 32
    assert settings.pepper == b"C" * 32
    assert settings.database == DATABASE


@pytest.mark.parametrize("missing", ["SESSION_SECRET", "PASSWORD_PEPPER"])
def test_without_one_of_its_secrets_the_app_does_not_start(missing: str) -> None:
    """None has a default: one that stands in the source is everybody's."""
    with pytest.raises(SettingsError, match=rf"^{missing} is not set"):
        load_settings({**SECRETS, missing: ""}, DATABASE)


@pytest.mark.parametrize("sessions", ["stateless", "database"])
def test_the_operator_says_how_sessions_are_kept(sessions: str) -> None:
    assert load_settings({**SECRETS, "AUTHLAB_SESSIONS": sessions}, DATABASE).sessions == sessions


@pytest.mark.parametrize("rules", ["guide", "modern"])
def test_the_operator_says_which_rules_a_password_keeps(rules: str) -> None:
    assert load_settings({**SECRETS, "AUTHLAB_PASSWORDS": rules}, DATABASE).passwords == rules


@pytest.mark.parametrize(
    ("name", "known", "typed"),
    [
        ("AUTHLAB_SESSIONS", "stateless or database", "cookies"),
        ("AUTHLAB_SESSIONS", "stateless or database", "Stateless"),
        ("AUTHLAB_SESSIONS", "stateless or database", ""),
        ("AUTHLAB_PASSWORDS", "guide or modern", "none"),
        ("AUTHLAB_PASSWORDS", "guide or modern", "GUIDE"),
        ("AUTHLAB_PASSWORDS", "guide or modern", ""),
    ],
)
def test_a_word_that_is_neither_is_refused_and_never_guessed(name: str, known: str, typed: str) -> None:
    """A slip must not choose the weaker of two: the app says what it knows, what came, and where."""
    with pytest.raises(SettingsError) as refused:
        load_settings({**SECRETS, name: typed}, DATABASE)
    assert str(refused.value) == f"{name}: expected {known}, got {typed!r}. Mend it in .env"


# The ring of keys


def test_a_key_that_was_replaced_still_reads_and_no_longer_signs() -> None:
    """So a new key logs nobody out."""
    settings = load_settings({**SECRETS, "SESSION_SECRET_BEFORE": OLD_KEY}, DATABASE)
    assert list(settings.session_keys.values()) == [b"A" * 32, b"B" * 32]
    assert settings.signing_key == b"A" * 32


@pytest.mark.parametrize("env", [SECRETS, {**SECRETS, "SESSION_SECRET_BEFORE": ""}])
def test_without_a_key_before_there_is_one_key(env: dict[str, str]) -> None:
    """An empty line in .env is no key."""
    assert list(load_settings(env, DATABASE).session_keys.values()) == [b"A" * 32]


def test_a_weak_key_before_is_refused_like_any_other() -> None:
    """Its tokens are believed, so it must be as hard to guess."""
    with pytest.raises(SettingsError, match=r"^SESSION_SECRET_BEFORE"):
        load_settings({**SECRETS, "SESSION_SECRET_BEFORE": "cGFzc3dvcmQx"}, DATABASE)


def test_a_key_keeps_its_id() -> None:
    """Tokens name the key by it. Were it another after an update, everybody would be logged out."""
    before = load_settings({**SECRETS, "SESSION_SECRET": OLD_KEY}, DATABASE)
    after = load_settings({**SECRETS, "SESSION_SECRET_BEFORE": OLD_KEY}, DATABASE)
    assert before.signing_key_id == "9f22ef9b"
    assert list(after.session_keys) == ["d7c803b6", "9f22ef9b"]
    assert after.signing_key_id == "d7c803b6"


# What holds when nothing is said


@pytest.mark.parametrize(
    "silent",
    [load_settings(SECRETS, DATABASE), Settings({"k": b"A" * 32}, b"C" * 32, DATABASE)],
    ids=["in .env", "in code"],
)
def test_who_says_nothing_gets_the_stricter_of_two(silent: Settings) -> None:
    """Sessions that can be ended, and the rules for passwords of today."""
    assert silent.sessions == "database"
    assert silent.passwords == "modern"


def test_an_app_that_is_not_told_its_names_answers_on_this_machine_only(settings: Settings) -> None:
    """And believes no header of a proxy that is not there."""
    assert settings.hosts == ("localhost", ".localhost", "127.0.0.1")
    assert settings.trusted_proxies == 0


def test_how_long_sessions_last(settings: Settings) -> None:
    """A week unused, a month at most; a token for a day, a row unused for a day; the cache is off."""
    assert settings.session_lifetime_seconds == 7 * 24 * HOUR
    assert settings.session_cap_seconds == 30 * 24 * HOUR
    assert settings.session_refresh_seconds == 24 * HOUR
    assert settings.session_idle_seconds == 24 * HOUR
    assert settings.session_cache_seconds == 0


def test_how_often_something_may_be_tried(settings: Settings) -> None:
    """One account is guessed at ten times in a quarter of an hour; a household shares an address."""
    assert settings.logins_per_account == Limit(attempts=10, window_seconds=900)
    assert settings.logins_per_address == Limit(attempts=100, window_seconds=900)
    assert settings.signups_per_address == Limit(attempts=50, window_seconds=HOUR)
    assert settings.lookups_per_address == Limit(attempts=60, window_seconds=60)


def test_time_and_chance_are_the_system_s_and_events_go_to_the_log(settings: Settings) -> None:
    """A frozen clock or seeded bytes are for lessons: who runs the app does not get them by keeping quiet."""
    assert settings.clock is system_clock
    assert settings.random_bytes is os.urandom
    assert settings.log is to_the_log


def test_a_hash_costs_what_the_guide_s_costs(settings: Settings) -> None:
    """`bcrypt.hash(password, 10)`: a tenth of a second for us, and for each guess of a thief."""
    assert settings.bcrypt_rounds == 10


# Secrets stay inside


def test_secrets_are_in_no_text_of_the_settings(settings: Settings) -> None:
    """Printed in a log or in a traceback, they tell neither the keys nor the pepper."""
    for shown in (repr(settings), str(settings)):
        assert "database=" in shown
        assert "AAAA" not in shown
        assert "CCCC" not in shown


def test_settings_do_not_hand_out_their_secrets_to_vars(settings: Settings) -> None:
    """What shows any object to a programmer by `vars` shows nothing of these."""
    with pytest.raises(TypeError):
        vars(settings)


def test_an_app_that_runs_is_told_nothing_else() -> None:
    """Half of it would go by the old word; who wants others makes others."""
    settings = load_settings(SECRETS, DATABASE)
    with pytest.raises(FrozenInstanceError):
        settings.bcrypt_rounds = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        settings.logins_per_account.attempts = 1_000_000  # type: ignore[misc]
    assert replace(settings, bcrypt_rounds=4).bcrypt_rounds == 4
    assert settings.bcrypt_rounds == 10
