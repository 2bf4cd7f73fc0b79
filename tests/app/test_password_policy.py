"""The modern password policy: what is refused, what passes, and the forms that ask for a new password."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

import authlab
from authlab.blocklist import is_common
from authlab.forms import (
    COMMON,
    EMAIL_INVALID,
    IS_YOURS,
    NAME_TOO_SHORT,
    NO_LETTER,
    NO_NUMBER,
    NO_SPECIAL,
    NO_SUCH_FIELD,
    SAME_AS_BEFORE,
    TOO_SHORT,
    FormState,
    ModernSignupForm,
    PasswordChangeForm,
    SignupForm,
    modern_password_problems,
    validate_modern_signup,
    validate_password_change,
    validate_signup,
)

LIST = Path(authlab.__file__).with_name("common_passwords.txt")
GOOD = {"name": "Ada Lovelace", "email": "ada@lab.test", "password": "analytical engine"}
Policy = Literal["guide", "modern"]
CHANGE = {"current": "analytical engine", "new": "difference engine"}


def entries() -> list[str]:
    """The list without the lines on its source and licence."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line != "#" and not line.startswith("# ")]


def errors_of(**changes: str) -> dict[str, list[str]]:
    """What is wrong with a good sign-up after `changes`."""
    answer = validate_modern_signup({**GOOD, **changes})
    return answer.errors if isinstance(answer, FormState) else {}


def errors_of_change(policy: Policy = "modern", **changes: str) -> dict[str, list[str]]:
    """What is wrong with a good change of password after `changes`."""
    form, whose = {**CHANGE, **changes}, {"name": "Ada Lovelace", "email": "ada@lab.test"}
    answer = validate_password_change(form, policy, **whose)
    return answer.errors if isinstance(answer, FormState) else {}


# The list


def test_the_list_has_3000_passwords_that_the_shortest_length_lets_pass() -> None:
    """ASVS 6.2.4 counts those only: an entry of 6 characters would refuse nothing that is not too short."""
    assert len(entries()) == 3000
    assert [entry for entry in entries() if len(entry) < 8] == []


def test_every_entry_can_be_found() -> None:
    """Looked up in lower case and as it was typed: a capital or a space at the end would hide an entry."""
    assert [entry for entry in entries() if entry != entry.lower().strip()] == []
    assert len(set(entries())) == 3000


def test_the_list_says_where_it_is_from() -> None:
    """Its licence asks for it, wherever the file goes."""
    head = LIST.read_text(encoding="utf-8").split("\n123456789\n")[0]
    assert "Django" in head
    assert "BSD-3-Clause" in head
    assert "this list of conditions and the following disclaimer" in head


def test_what_the_list_says_of_itself_is_no_password_in_it() -> None:
    """Its source and licence stand in the same file, and refuse nobody's password."""
    head = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line not in entries()]
    assert "# are permitted provided that the following conditions are met:" in head
    assert [line for line in [*head, "#1234567"] if is_common(line)] == []


# What is common


@pytest.mark.parametrize(
    "password",
    ["password", "12345678", "iloveyou", "qwertyuiop", "trustno1", "pa55word", "letmein1", "0.00000000"],
)
def test_what_many_people_use_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["PASSWORD", "Password", "pAsSwOrD", "ILoveYou", "TrustNo1"])
def test_capitals_make_no_password_rare(password: str) -> None:
    """Tools that guess try them right after the word itself."""
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "password2024!",
        "Password123!",
        "Sunshine!!!",
        "password ",
        "password_1",
        "butterfly1815",
        "princess311299",
        "football1234567",
        "qwerty123!",
        "12345678!",
        "letmein1!!",
        "password123456789",
        "iloveyou…",
    ],
)
def test_a_tail_that_pleases_a_rule_makes_no_password_rare(password: str) -> None:
    """A year, a date and an exclamation mark are what composition rules bring about."""
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "analytical engine",
        "correct horse battery staple",
        "princess of the sea",
        "butterfly4029571836",
        "sunshine-on-a-cloudy-day",
        "monkeyroof",
        "xk7#mq2!vb",
        "4029571836",
        "!password",
        " password",
        "пароль-которого-нет",
        "passwordless",
        "qwerty-84-wolf",
        "",
        "1",
        "!!!!!!!!!!!!",
        "12345",
        "\ud800\ud800\ud800\ud800",
    ],
)
def test_what_only_contains_something_common_is_not(password: str) -> None:
    """A word of a passphrase costs it nothing, and many random digits are a password, whatever is before."""
    assert not is_common(password)


def test_a_tail_of_eight_could_be_a_password_by_itself() -> None:
    """So it counts; one of seven does not."""
    assert is_common("chocolate4029571")
    assert not is_common("chocolate40295718")


def test_a_very_long_password_is_looked_up_like_any_other() -> None:
    """Eight look-ups at most, whatever is sent."""
    assert not is_common("1!" * 100_000)
    assert not is_common("password" + "1" * 100_000)


# The rules


@pytest.mark.parametrize(
    ("password", "problems"),
    [
        ("", [TOO_SHORT]),
        ("1234567", [TOO_SHORT]),
        ("🦀🦀🦀🦀🦀🦀🦀", [TOO_SHORT]),
        ("password", [COMMON]),
        ("Password123!", [COMMON]),
        ("ada lovelace", [IS_YOURS]),
        ("ADA LOVELACE", [IS_YOURS]),
        ("ada.king@lab.test", [IS_YOURS]),
        ("Ada.King@Lab.Test", [IS_YOURS]),
        ("ada.king", [IS_YOURS]),
        ("ADA.KING", [IS_YOURS]),
        ("\uff41\uff44\uff41.king", [IS_YOURS]),
    ],
)
def test_what_is_wrong_is_named(password: str, problems: list[str]) -> None:
    found = modern_password_problems(password, name="Ada Lovelace", email="ada.king@lab.test")
    assert found == problems


def test_all_that_is_wrong_is_named_at_once() -> None:
    """In one try and not in three."""
    assert modern_password_problems("ada", email="ada@lab.test") == [TOO_SHORT, IS_YOURS]
    assert modern_password_problems("Sunshine", name="sunshine") == [COMMON, IS_YOURS]


@pytest.mark.parametrize(
    "password",
    [
        "analytical engine",
        "onlylowercaseletters",
        "ONLYUPPERCASE",
        "40295718",
        "#!%&/()=",
        "пароль-которого-нет",
        "密码密码密码密码",
        "🦀🐙🦑🐡🐠🐟🐬🐳",
        "        ",
        " seven7 ",
        " password",
        "ada lovelace ",
        "ada lovelace was here",
    ],
)
def test_no_kind_of_character_is_asked_for_and_every_one_counts(password: str) -> None:
    """ASVS 6.2.5: any composition. And nothing is trimmed, so that what is judged is what is stored: the
    space that makes it eight is there at every login."""
    assert modern_password_problems(password, name="Ada Lovelace", email="ada@lab.test") == []


def test_no_length_is_too_much() -> None:
    """ASVS 6.2.9 asks for 64 at least; a password manager's 100 and a poem are as good."""
    assert modern_password_problems("tide" * 16) == []
    assert modern_password_problems("tide" * 25_000) == []


def test_who_has_no_name_yet_may_still_have_a_password() -> None:
    """An empty name is nobody's: the rule has nothing to compare with."""
    assert modern_password_problems("analytical engine", name="", email="") == []
    assert modern_password_problems("", name="", email="") == [TOO_SHORT]


# The sign-up


def test_a_good_sign_up_is_a_sign_up_with_the_password_as_it_was_typed() -> None:
    """Everything behind the form takes either: it is a `SignupForm`."""
    form = validate_modern_signup({"name": " Ada ", "email": " ADA@lab.test ", "password": " Tall  Ships "})
    assert isinstance(form, SignupForm)
    assert (form.name, form.email, form.password) == ("Ada", "ada@lab.test", " Tall  Ships ")


@pytest.mark.parametrize("password", ["Ada Lovelace", "ADA LOVELACE", "ada@lab.test", "ADA@LAB.TEST"])
def test_a_sign_up_with_a_password_that_its_own_form_tells_is_refused(password: str) -> None:
    """Compared with the name without the spaces around it and with the address in its one spelling."""
    assert errors_of(password=password, name=" Ada Lovelace ", email=" Ada@Lab.Test ") == {
        "password": [IS_YOURS]
    }


def test_the_modern_rules_let_pass_what_the_guide_s_refuse_and_the_other_way_round() -> None:
    """Four words without a digit are better than a word with a digit and a mark."""
    words = {**GOOD, "password": "correct horse battery staple"}
    pattern = {**GOOD, "password": "Password123!"}
    assert isinstance(validate_modern_signup(words), SignupForm)
    assert validate_signup(words) == FormState(errors={"password": [NO_NUMBER]})
    assert validate_modern_signup(pattern) == FormState(errors={"password": [COMMON]})
    assert isinstance(validate_signup(pattern), SignupForm)


def test_the_other_fields_are_judged_as_ever() -> None:
    """The policy is about the password; nothing else of the form changes with it."""
    assert errors_of(name=" A ", email="nowhere", password="password", role="admin") == {
        "name": [NAME_TOO_SHORT],
        "email": [EMAIL_INVALID],
        "password": [COMMON],
        "role": [NO_SUCH_FIELD],
    }


def test_a_missing_field_is_judged_as_an_empty_one() -> None:
    answer = validate_modern_signup({})
    assert isinstance(answer, FormState)
    assert answer.errors == {"name": [NAME_TOO_SHORT], "email": [EMAIL_INVALID], "password": [TOO_SHORT]}


def test_a_refused_modern_sign_up_printed_by_accident_shows_no_password() -> None:
    with pytest.raises(ValidationError) as refused:
        ModernSignupForm.model_validate({**GOOD, "password": "Sunshine77"})
    assert "Sunshine77" not in str(refused.value)
    assert "Sunshine77" not in repr(validate_modern_signup({**GOOD, "password": "Sunshine77"}))
    assert "analytical" not in repr(validate_modern_signup(GOOD))


# The change of password


def test_a_good_change_keeps_both_passwords_as_they_were_typed() -> None:
    """The current one may have been made under other rules, so no rule is for it."""
    form = validate_password_change({"current": " a ", "new": " Tall  Ships "}, "modern", name="", email="")
    assert isinstance(form, PasswordChangeForm)
    assert (form.current, form.new) == (" a ", " Tall  Ships ")


@pytest.mark.parametrize(
    ("policy", "new", "problems"),
    [
        ("modern", "password", [COMMON]),
        ("modern", "short", [TOO_SHORT]),
        ("modern", "ADA LOVELACE", [IS_YOURS]),
        ("modern", "ada@LAB.test", [IS_YOURS]),
        ("guide", "password", [NO_NUMBER, NO_SPECIAL]),
        ("guide", "short", [TOO_SHORT, NO_NUMBER, NO_SPECIAL]),
        ("guide", "1234 5678", [NO_LETTER]),
        ("guide", "ADA LOVELACE", [NO_NUMBER]),
    ],
)
def test_a_new_password_keeps_the_rules_of_the_policy(policy: Policy, new: str, problems: list[str]) -> None:
    """The same as at sign-up: a change is no way around them."""
    assert errors_of_change(policy, new=new) == {"new": problems}


@pytest.mark.parametrize(("policy", "new"), [("modern", "two words"), ("guide", "Password123!")])
def test_what_one_policy_refuses_passes_under_the_other(policy: Policy, new: str) -> None:
    assert errors_of_change(policy, new=new) == {}


@pytest.mark.parametrize("policy", ["guide", "modern"])
def test_the_same_password_again_is_no_change(policy: Policy) -> None:
    """Who changes it because somebody else knows it would still have that somebody in the account."""
    same = "analytical engine 1843"
    assert errors_of_change(policy, current=same, new=same) == {"new": [SAME_AS_BEFORE]}


def test_another_case_or_a_space_is_another_password() -> None:
    """Passwords are compared as they are: nothing is folded and nothing trimmed."""
    assert errors_of_change(current="analytical engine", new="Analytical engine") == {}
    assert errors_of_change(current="analytical engine", new="analytical engine ") == {}


def test_all_that_is_wrong_with_a_new_password_is_named_at_once() -> None:
    assert errors_of_change(current="password", new="password") == {"new": [COMMON, SAME_AS_BEFORE]}


def test_a_missing_password_is_judged_as_an_empty_one() -> None:
    """Whether an empty current password is right, the account says, as of any other."""
    assert validate_password_change({}, "modern", name="", email="") == FormState(
        errors={"new": [TOO_SHORT, SAME_AS_BEFORE]}
    )
    form = validate_password_change({"new": "difference engine"}, "modern", name="", email="")
    assert isinstance(form, PasswordChangeForm)
    assert form.current == ""


@pytest.mark.parametrize("field", ["user_id", "email", "password", "New", "confirm", ""])
def test_a_change_has_two_fields(field: str) -> None:
    """Whose password it is says the session, and nobody else."""
    assert errors_of_change("modern", **{field: "2"}) == {field: [NO_SUCH_FIELD]}


def test_a_change_printed_by_accident_shows_no_password() -> None:
    form = validate_password_change(CHANGE, "modern", name="", email="")
    assert isinstance(form, PasswordChangeForm)
    assert repr(form) == "PasswordChangeForm()"
    assert "engine" not in str(form)


def test_a_refused_change_printed_by_accident_shows_no_password() -> None:
    """Neither in the state that is shown nor in the error that it was made from."""
    state = validate_password_change({"current": "hunter2", "new": "hunter3"}, "modern", name="", email="")
    assert isinstance(state, FormState)
    assert "hunter" not in repr(state)
    with pytest.raises(ValidationError) as refused:
        PasswordChangeForm.model_validate({"current": "hunter2", "new": "hunter3"}, context=lambda _: ["no"])
    assert "hunter" not in str(refused.value)


def test_no_change_is_made_without_rules() -> None:
    """A form that was made past `validate_password_change` would carry a password that nobody judged."""
    said = "^PasswordChangeForm is made by validate_password_change, which has the rules$"
    with pytest.raises(TypeError, match=said):
        PasswordChangeForm(current="analytical engine", new="x")
