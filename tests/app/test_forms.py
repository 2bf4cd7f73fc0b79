"""The forms where no exercise looks: their limits, what they let pass, and what they never show.

What the exercises ask of sign-up is checked in tests/lessons/test_lesson_01_forms.py; the forms that judge by
the modern rules, and the change of password, in test_password_policy.py.
"""

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from authlab import forms
from authlab.forms import (
    EMAIL_INVALID,
    NAME_TOO_LONG,
    NAME_TOO_SHORT,
    NO_SUCH_FIELD,
    PHONE_INVALID,
    TEAM_INVALID,
    FormState,
    ProfileForm,
    SignupForm,
    TeamForm,
    canonical_email,
    password_problems,
    validate_profile,
    validate_signup,
    validate_team,
)

if TYPE_CHECKING:
    from hypothesis import settings

GOOD = {"name": "Ada", "email": "ada@lab.test", "password": "analytical-engine-1843"}


def errors_of(**changes: str) -> dict[str, list[str]]:
    """What is wrong with a good form after `changes`."""
    answer = validate_signup({**GOOD, **changes})
    return answer.errors if isinstance(answer, FormState) else {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", NAME_TOO_SHORT),
        ("A", NAME_TOO_SHORT),
        (" A ", NAME_TOO_SHORT),
        ("\t\n\u2003", NAME_TOO_SHORT),
        ("a" * 101, NAME_TOO_LONG),
        ("é" * 101, NAME_TOO_LONG),
    ],
)
def test_a_name_has_2_to_100_characters(name: str, message: str) -> None:
    """Counted in characters and not in bytes, after the spaces at its ends are gone."""
    assert errors_of(name=name) == {"name": [message]}


@pytest.mark.parametrize(
    "name", ["Al", "a" * 100, "é" * 100, " " + "a" * 100 + " ", "李四", "O'Neil; DROP", "XX"]
)
def test_a_name_at_the_limit_passes(name: str) -> None:
    """And so do names in any script, with any sign: what a name does to a page is the page's business."""
    assert errors_of(name=name) == {}


@pytest.mark.parametrize(
    "email",
    [
        "a b@lab.test",
        "ada@lab .test",
        "ada@.",
        "ada@lab.",
        "ada@.test",
        "ada@lab.test\u2028",
        "ada\u00a0@lab.test",
        "ada@lab.test\x7f",
        "\ud800@lab.test",
        "ada@lab.test\udfff",
        "ada\t@lab.test",
        "ada\uff20lab\uff20x.test",
    ],
)
def test_what_is_no_address_is_refused_beside_its_field(email: str) -> None:
    """Spaces of every kind, control characters, half of a surrogate pair, which nothing can store; and the
    wide @ that is a second @ once it is in its normal form."""
    assert errors_of(email=email) == {"email": [EMAIL_INVALID]}


def test_the_wide_at_sign_is_an_at_sign() -> None:
    """A Japanese keyboard types it; it is the same address."""
    assert canonical_email("ada\uff20lab.test") == "ada@lab.test"


@pytest.mark.parametrize(
    "email",
    [
        "ADA@LAB.TEST",
        "\u210bal@lab.test",
        "ſ@lab.test",
        "ŉ@lab.test",
        "\u1e9e@lab.test",
        "ﬁ@lab.test",
        "H\u0331@lab.test",  # two code points, and one in lower case
        "J\u030c@lab.test",
    ],
)
def test_the_one_spelling_of_a_spelling_is_itself(email: str) -> None:
    """What is stored is looked up by the same rule: if a second pass changed it, its owner would never be
    found again."""
    once = canonical_email(email)
    assert once is not None
    assert canonical_email(once) == once


def test_any_text_has_one_spelling_or_is_no_address(steady: "settings") -> None:
    """Whatever is typed, there is an answer and no crash; and the answer is its own answer."""
    from hypothesis import given
    from hypothesis.strategies import builds, characters, text

    anything = text(characters(exclude_categories=()), max_size=8)  # lone surrogates too
    accepted = set()

    @steady
    @given(anything | builds("{}@{}.{}".format, anything, anything, anything))
    def holds(typed: str) -> None:
        once = canonical_email(typed)
        if once is not None:
            assert canonical_email(once) == once
            accepted.add(once)

    holds()
    assert accepted, "nothing that was made up is an address"


def test_capitals_of_ascii_make_no_second_address(steady: "settings") -> None:
    """Nor do they make one of what is none."""
    from hypothesis import given
    from hypothesis.strategies import builds, characters, text

    anything = text(characters(max_codepoint=127), max_size=8)
    accepted = set()

    @steady
    @given(anything | builds("{}@{}.{}".format, anything, anything, anything))
    def holds(typed: str) -> None:
        assert canonical_email(typed.upper()) == canonical_email(typed.lower()) == canonical_email(typed)
        accepted.add(canonical_email(typed))

    holds()
    assert accepted > {None}, "nothing that was made up is an address"


def test_an_address_that_grows_is_judged_by_what_is_stored() -> None:
    """One ㍍ is four characters in its normal form: the limit is for what the database gets."""
    assert canonical_email("㍍" * 60 + "@lab.test") == "メートル" * 60 + "@lab.test"
    assert canonical_email("㍍" * 62 + "@lab.test") is None


@pytest.mark.parametrize("password", ["x" * 20_000 + "-1", "-1" + "é" * 10_000, "😀" * 30 + "a1"])
def test_a_long_password_is_nobody_s_problem(password: str) -> None:
    """No upper limit below the request's: a password manager's 100 characters are as good as any."""
    assert password_problems(password) == []


@pytest.mark.parametrize("field", ["role", "id", "password_hash", "Name", "name ", "", "__class__", "nonce"])
def test_only_three_fields_exist(field: str) -> None:
    """Whatever else is sent is named as an error: no list of bad names, a list of the good ones."""
    assert errors_of(**{field: "admin"}) == {field: [NO_SUCH_FIELD]}


def test_a_good_field_stays_good_beside_a_strange_one() -> None:
    """Errors are kept by field, so that the visitor mends what is wrong and nothing else."""
    assert errors_of(role="admin", name="") == {"name": [NAME_TOO_SHORT], "role": [NO_SUCH_FIELD]}


def test_a_good_form_printed_by_accident_shows_no_password() -> None:
    """In a log or a traceback."""
    form = validate_signup(GOOD)
    assert isinstance(form, SignupForm)
    assert "analytical" not in repr(form)
    assert "analytical" not in str(form)


def test_a_refusal_printed_by_accident_shows_no_password() -> None:
    """pydantic's own error prints what it was given, and the password is part of that."""
    with pytest.raises(ValidationError) as refused:
        SignupForm.model_validate({**GOOD, "password": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(refused.value)


def test_a_checked_form_cannot_be_changed() -> None:
    """Checked first and changed later is not checked."""
    form = validate_signup(GOOD)
    assert isinstance(form, SignupForm)
    with pytest.raises(ValidationError):
        form.email = "grace@lab.test"


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("+49 (30) 1234-5678/9", "+49 (30) 1234-5678/9"),
        ("  030 123 ", "030 123"),
        ("112", "112"),
        ("1" * 30, "1" * 30),
        ("", None),
        ("   ", None),
    ],
)
def test_a_phone_number_is_kept_as_people_write_it(typed: str, phone: str | None) -> None:
    """Without the spaces around it; an empty field takes the number away."""
    form = validate_profile({"phone": typed})
    assert isinstance(form, ProfileForm)
    assert form.phone == phone


@pytest.mark.parametrize(
    "phone",
    [
        "1" * 31,
        "call me",
        "030;ext=2",
        "<b>1</b>",
        "030\n123",
        "030\r\nBcc: grace@lab.test",
        "030\x00",
        "\u0661\u0662\u0663",
        "\uff10\uff13\uff10",
        "030\u00a0123",
        "030–123",
        "=1+1",
    ],
)
def test_what_is_no_phone_number_is_refused(phone: str) -> None:
    """A list of good characters: no markup, no formula for a spreadsheet, no second line."""
    assert validate_profile({"phone": phone}) == FormState(errors={"phone": [PHONE_INVALID]})


@pytest.mark.parametrize("field", ["role", "team", "email", "slug", "Phone"])
def test_a_profile_has_one_field(field: str) -> None:
    """What members may change of themselves is their phone number, and no role."""
    answer = validate_profile({"phone": "112", field: "admin"})
    assert answer == FormState(errors={field: [NO_SUCH_FIELD]})


def test_a_profile_without_a_phone_number_has_none() -> None:
    assert validate_profile({}) == ProfileForm(phone=None)


@pytest.mark.parametrize(
    ("form", "team"),
    [
        ({"team": "engines"}, "engines"),
        ({"team": " the two engines\n"}, "the two engines"),
        ({"team": "é" * 50}, "é" * 50),
        ({"team": ""}, None),
        ({"team": "  "}, None),
        ({}, None),
    ],
)
def test_a_team_is_its_name_without_the_spaces_around_it(form: dict[str, str], team: str | None) -> None:
    """Two members are in one team when its name is the same; an empty field takes somebody out of theirs."""
    answer = validate_team(form)
    assert isinstance(answer, TeamForm)
    assert answer.team == team


@pytest.mark.parametrize("team", ["é" * 51, "eng\u200bines", "two\nengines", "\ud800", "\x00"])
def test_a_team_that_looks_like_another_is_refused(team: str) -> None:
    """Signs that nobody sees would make two teams of one name; and a name has its limit."""
    assert validate_team({"team": team}) == FormState(errors={"team": [TEAM_INVALID]})


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (forms.NAME_TOO_SHORT, "Name must be at least 2 characters long."),
        (forms.NAME_TOO_LONG, "Name must be at most 100 characters long."),
        (forms.EMAIL_INVALID, "Please enter a valid email."),
        (forms.EMAIL_TAKEN, "An account with this email exists already."),
        (forms.TOO_SHORT, "Be at least 8 characters long"),
        (forms.NO_LETTER, "Contain at least one letter."),
        (forms.NO_NUMBER, "Contain at least one number."),
        (forms.NO_SPECIAL, "Contain at least one special character."),
        (forms.COMMON, "Not be one of the most common passwords."),
        (forms.IS_YOURS, "Not be your name or email."),
        (forms.SAME_AS_BEFORE, "Not be the same as before."),
        (forms.NOT_CREATED, "An error occurred while creating your account."),
        (forms.NO_SUCH_FIELD, "This form has no such field."),
        (forms.SENT_TWICE, "This form was sent already. If your account is there, log in."),
        (forms.WRONG_CREDENTIALS, "Email or password is wrong."),
        (forms.WRONG_PASSWORD, "This is not your current password."),
        (forms.ROLE_UNKNOWN, "There is no such role."),
        (
            forms.TEAM_INVALID,
            "Please enter a team's name of at most 50 characters, all of them visible, or none.",
        ),
        (
            forms.PHONE_INVALID,
            "Please enter a phone number of at most 30 digits, spaces and + - ( ) /, or none.",
        ),
    ],
)
def test_a_refusal_says_what_to_do(message: str, text: str) -> None:
    """Word for word: a message is all that a visitor has to go on."""
    assert message == text


@pytest.mark.parametrize(("characters", "taken"), [(254, True), (255, True), (256, False)])
def test_an_address_has_at_most_255_characters(characters: int, taken: bool) -> None:
    address = "x" * (characters - len("@lab.test")) + "@lab.test"
    assert canonical_email(address) == (address if taken else None)


def test_only_spaces_are_taken_off_an_address() -> None:
    assert canonical_email(" XaX@lab.teX ") == "xax@lab.tex"


def test_what_is_no_text_is_refused_in_words() -> None:
    """A script can send a number where a form sends a text."""
    number: dict[str, Any] = {"phone": 5}
    assert validate_profile(number) == FormState(errors={"phone": ["Input should be a valid string"]})


def test_a_password_is_compared_with_nothing_where_there_is_no_name() -> None:
    assert forms.modern_password_problems("xxxx") == [forms.TOO_SHORT]


def test_a_state_has_no_message_of_its_own() -> None:
    assert FormState().message is None


def test_two_states_do_not_share_their_errors() -> None:
    """A default that all share would show one visitor's mistakes to the next."""
    first, second = FormState(), FormState()
    first.errors["name"] = [NAME_TOO_SHORT]
    assert second.errors == {}
