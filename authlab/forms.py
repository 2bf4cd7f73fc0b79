"""What a visitor typed, and what we make of it (lesson 1).

Everything that enters is checked here, on the server, before any database is asked.
Errors are data: a form that is refused comes back as a `FormState` to be shown, never as an exception.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from authlab.blocklist import is_common

NAME_TOO_SHORT = "Name must be at least 2 characters long."
NAME_TOO_LONG = "Name must be at most 100 characters long."
EMAIL_INVALID = "Please enter a valid email."
EMAIL_TAKEN = "An account with this email exists already."
TOO_SHORT = "Be at least 8 characters long"
NO_LETTER = "Contain at least one letter."
NO_NUMBER = "Contain at least one number."
NO_SPECIAL = "Contain at least one special character."
COMMON = "Not be one of the most common passwords."
IS_YOURS = "Not be your name or email."
SAME_AS_BEFORE = "Not be the same as before."
NOT_CREATED = "An error occurred while creating your account."
NO_SUCH_FIELD = "This form has no such field."
SENT_TWICE = "This form was sent already. If your account is there, log in."
WRONG_CREDENTIALS = "Email or password is wrong."
WRONG_PASSWORD = "This is not your current password."
ROLE_UNKNOWN = "There is no such role."
TEAM_INVALID = "Please enter a team's name of at most 50 characters, all of them visible, or none."
PHONE_INVALID = "Please enter a phone number of at most 30 digits, spaces and + - ( ) /, or none."

# Control characters, what has no width or turns the direction of a line, and lone halves of surrogate pairs.
INVISIBLE = r"\x00-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff"
# One @, something on both sides, a dot after it; nothing of it a space or invisible.
EMAIL_SHAPE = rf"[^@\s{INVISIBLE}]+@[^@\s{INVISIBLE}]+\.[^@\s{INVISIBLE}]+"
EMAIL_MAX_CHARACTERS = 255
TEAM_SHAPE = rf"[^{INVISIBLE}]{{0,50}}"
PHONE_SHAPE = r"[0-9 +()/-]{0,30}"


_Form = TypeVar("_Form", bound="Form")


class FormState(BaseModel):
    """What the visitor is shown when a form is refused: messages by field, and one for the whole form."""

    errors: dict[str, list[str]] = {}
    message: str | None = None


def canonical_email(raw: str) -> str | None:
    """Return the one spelling under which an address is stored and looked up,
    or None if it is no address.

    - Spaces around the address are not part of it: `" ada@lab.test "` is
      `"ada@lab.test"`.
    - Case makes no second address, in any script: `"ADA@LAB.TEST"` and
      `"ada@lab.test"` are one, and so are `"ZOÉ@lab.test"` and
      `"zoé@lab.test"`.
    - Two encodings of one letter make no second address: `é` can be one code
      point or two, `K` the Kelvin sign, `ａ` a wide a. The result is in
      Unicode's normal form NFKC and in lower case, both. Whether `ß` and `ss`
      are one (`str.casefold` says so) is yours to choose.
    - Nothing else is changed or left out: dots and tags stay, and with a
      character that cannot be seen (U+200B) it is no address.
    - None when the result does not match `EMAIL_SHAPE` (a pattern, as text) as
      a whole, or has more than `EMAIL_MAX_CHARACTERS`.
    - None when there is a line break (CR or LF) or a NUL anywhere, at the ends
      too: nobody types one into a field, and in the header of a mail a line
      break ends the header.

    The result is for comparing. Who sends mail sends it to the address as it
    was typed.

    Source: the guide's `z.string().email().trim()`; Unicode Standard Annex 15.
    """
    address = unicodedata.normalize("NFKC", raw.strip(" "))
    # NFKC can bring back a capital (ℋ becomes H), and lower case can undo the normal form: so once more.
    # Not casefold: it makes ß and ss one, and fußball.test and fussball.test are two domains.
    address = unicodedata.normalize("NFKC", address.lower())
    # fullmatch, because `$` would let a trailing line break pass.
    if len(address) > EMAIL_MAX_CHARACTERS or re.fullmatch(EMAIL_SHAPE, address) is None:
        return None
    return address


def password_problems(password: str) -> list[str]:
    """Return everything that is wrong with a new password by the guide's
    rules, in this order.

    - `TOO_SHORT`: fewer than 8 characters.
    - `NO_LETTER`: no letter of any script. `"пароль-12"` has six.
    - `NO_NUMBER`: no digit. 0 to 9 count; whether other scripts' digits do is
      yours to choose.
    - `NO_SPECIAL`: every character is a letter or a digit.

    All that apply are in the list, so that the visitor needs one try and not
    four; an empty list says that the password will do. Each call returns a
    list of its own, to which a caller may add. Spaces at the ends count for no
    rule: `"a1!     "` has three characters. A space inside is a character like
    any other, and a special one: `"two words 2"` keeps all the rules.

    Source: the guide's `SignupFormSchema`. ASVS 6.2.5 advises against such
    rules; lesson 2 says why.
    """
    core = password.strip()
    problems = []
    if len(core) < 8:
        problems.append(TOO_SHORT)
    if not any(character.isalpha() for character in core):
        problems.append(NO_LETTER)
    if not any(character.isdigit() for character in core):
        problems.append(NO_NUMBER)
    if all(character.isalnum() for character in core):
        problems.append(NO_SPECIAL)
    return problems


def modern_password_problems(password: str, *, name: str = "", email: str = "") -> list[str]:
    """Return everything that is wrong with a new password by today's rules, in this order.

    - `TOO_SHORT`: fewer than 8 characters (code points). 15 are better where the password is all there is.
    - `COMMON`: what `is_common` knows, and an attacker too.
    - `IS_YOURS`: the visitor's own name, e-mail or what is before its @, whatever the case and the encoding.

    No kinds of characters are asked for: such rules turn `password` into `Password1!` and refuse four random
    words. No length is too much below the request's limit. The password is judged as it was typed, because so
    it is hashed and compared: a space is a character like any other, at the ends too, and nothing is trimmed,
    cut off or changed in case. Judging anything else would promise a strength that the stored one may lack.

    Source: ASVS 5.0 6.2.1, 6.2.4, 6.2.5, 6.2.8, 6.2.9; NIST SP 800-63B, "Password Verifiers".
    """
    problems = []
    if len(password) < 8:
        problems.append(TOO_SHORT)
    if is_common(password):
        problems.append(COMMON)
    if _folded(password) in {_folded(own) for own in (name, email, email.partition("@")[0]) if own}:
        problems.append(IS_YOURS)
    return problems


class Form(BaseModel):
    """What all forms have in common: they refuse strange fields, tell no log what was typed, and stay as
    they were checked."""

    # forbid: a field that nobody asked for (`role=admin`) is an error, not a gift.
    # hide_input: pydantic's own error texts would otherwise carry the password into a log.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class SignupForm(Form):
    """A sign-up that passed every rule: the name trimmed, the e-mail canonical, the password verbatim."""

    name: str
    email: str
    password: str = Field(repr=False)

    @field_validator("name")
    @classmethod
    def _name(cls, raw: str) -> str:
        name = raw.strip()  # before the length is judged: two spaces are no name
        if len(re.sub(f"[{INVISIBLE}]", "", name)) < 2:  # nor are two characters that nobody sees
            raise _problem(NAME_TOO_SHORT)
        if len(name) > 100:
            raise _problem(NAME_TOO_LONG)
        return name

    @field_validator("email")
    @classmethod
    def _email(cls, raw: str) -> str:
        email = canonical_email(raw)
        if email is None:
            raise _problem(EMAIL_INVALID)
        return email

    @field_validator("password")
    @classmethod
    def _password(cls, raw: str, info: ValidationInfo) -> str:
        problems = cls._problems(raw, info.data)
        if problems:
            raise _problem(*problems)
        return raw

    @classmethod
    def _problems(cls, password: str, others: Mapping[str, Any]) -> list[str]:
        return password_problems(password)


class ModernSignupForm(SignupForm):
    """A sign-up whose password keeps the modern rules and not the guide's. All else is the same."""

    @classmethod
    def _problems(cls, password: str, others: Mapping[str, Any]) -> list[str]:
        # The fields before it, without those that were refused: against them it is judged once they are good.
        return modern_password_problems(password, **others)


def validate_signup(form: Mapping[str, str]) -> SignupForm | FormState:
    """Return the checked `SignupForm`, or a `FormState` with every message of
    every field.

    - The name is trimmed of white space of every kind and not changed
      otherwise; then it has 2 to 100 characters. The e-mail is in its one
      spelling, the password as it was typed. `SignupForm` knows these rules.
    - Every field is judged, and all its messages are kept: `errors` maps a
      field's name to a list.
    - A field that is missing is judged as if it were empty.
    - A field that the form does not have (`role`) is an error under its own
      name, in any words, also when it is empty.
    - A `FormState` never holds the password, and no log hears it.

    Source: the guide's `safeParse` and `flatten().fieldErrors`; ASVS 2.2.1.
    """
    complete = {"name": "", "email": "", "password": "", **form}
    try:
        return SignupForm.model_validate(complete)
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


def validate_modern_signup(form: Mapping[str, str]) -> SignupForm | FormState:
    """Return what `validate_signup` returns, the password judged by the modern rules."""
    return _checked(ModernSignupForm, form)


class PasswordChangeForm(Form):
    """A change of password that passed every rule, both verbatim; made by `validate_password_change` only,
    which knows whose password it is and by which rules to judge it.

    Whether `current` is right is not a form's to say: that takes the account, and counts as a guess.
    """

    current: str = Field(repr=False)
    new: str = Field(repr=False)

    @field_validator("new")
    @classmethod
    def _new(cls, raw: str, info: ValidationInfo) -> str:
        if info.context is None:  # nobody gets a form whose password was not judged
            raise TypeError("PasswordChangeForm is made by validate_password_change, which has the rules")
        problems: list[str] = info.context(raw)
        if raw == info.data.get("current"):
            problems.append(SAME_AS_BEFORE)
        if problems:
            raise _problem(*problems)
        return raw


def validate_password_change(
    form: Mapping[str, str], policy: Literal["guide", "modern"], *, name: str, email: str
) -> PasswordChangeForm | FormState:
    """Return the checked `PasswordChangeForm`, or a `FormState` with every message, never with a password.

    The new password keeps the rules of `policy`, the modern ones with the visitor's own `name` and `email`,
    and is not the current one (`SAME_AS_BEFORE`): who changes a password because somebody knows it would
    change nothing. A missing field is judged as if it were empty.

    Source: ASVS 5.0 6.2.2, 6.2.3.
    """

    def judge(password: str) -> list[str]:
        if policy == "guide":
            return password_problems(password)
        return modern_password_problems(password, name=name, email=email)

    return _checked(PasswordChangeForm, form, judge)


class ProfileForm(Form):
    """A member's own details: the phone number without the spaces around it, None for none."""

    phone: str | None

    @field_validator("phone")
    @classmethod
    def _phone(cls, raw: str | None) -> str | None:
        phone = (raw or "").strip()
        # A list of good characters, in ASCII: `\d` would take every script's digits.
        if re.fullmatch(PHONE_SHAPE, phone) is None:
            raise _problem(PHONE_INVALID)
        return phone or None


def validate_profile(form: Mapping[str, str | None]) -> ProfileForm | FormState:
    """Return the checked `ProfileForm`, or a `FormState`; a missing phone number is none."""
    return _checked(ProfileForm, form)


class TeamForm(Form):
    """The team an admin puts somebody in: its name without the spaces around it, None for none."""

    team: str | None

    @field_validator("team")
    @classmethod
    def _team(cls, raw: str) -> str | None:
        team = raw.strip()
        # Who is in a team is decided by comparing names: two that look alike would be two teams.
        if re.fullmatch(TEAM_SHAPE, team) is None:
            raise _problem(TEAM_INVALID)
        return team or None


def validate_team(form: Mapping[str, str]) -> TeamForm | FormState:
    """Return the checked `TeamForm`, or a `FormState`; a missing team is none."""
    return _checked(TeamForm, form)


class Debouncer:
    """Keeps the last of several values that come in a hurry, for an early
    check while someone types.

    `push(value, now)` takes a value, and the wait begins anew. `due(now)`
    returns the newest value, once, when `wait_milliseconds` or more have
    passed since it was pushed, and None otherwise. Every push counts, also of
    the same text again. `now` is in milliseconds, on whichever clock the
    caller has.

    It runs on the visitor's side and spares the server the questions nobody
    needs answered. It protects nothing: a visitor can leave it out. Limits
    live on the server.

    Source: the guide's tip on debouncing early checks for duplicates.
    """

    def __init__(self, wait_milliseconds: int) -> None:
        self._wait_milliseconds = wait_milliseconds
        self._newest: str | None = None
        self._pushed_at = 0

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self._newest = value
        self._pushed_at = now

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if self._newest is None or now - self._pushed_at < self._wait_milliseconds:
            return None
        value, self._newest = self._newest, None
        return value


def messages_by_field(refused: ValidationError) -> dict[str, list[str]]:
    """Return pydantic's errors as the lists of messages that a page shows, by field."""
    errors: dict[str, list[str]] = {}
    for error in refused.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in error["loc"])
        unknown = error["type"] == "extra_forbidden"
        messages = [NO_SUCH_FIELD] if unknown else error.get("ctx", {}).get("messages", [error["msg"]])
        errors.setdefault(field, []).extend(messages)
    return errors


def _problem(*messages: str) -> PydanticCustomError:
    """Return pydantic's error for one field, carrying all messages (it keeps one error a field)."""
    return PydanticCustomError("field", "refused", {"messages": list(messages)})


def _checked(model: type[_Form], form: Mapping[str, str | None], context: object = None) -> _Form | FormState:
    """Return `form` as a checked `model`, or what is wrong with it; missing fields are judged as if empty.

    `validate_signup` says the same for its three fields in full: it is where the idea is shown.
    """
    complete = {**dict.fromkeys(model.model_fields, ""), **form}
    try:
        return model.model_validate(complete, context=context)
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


def _folded(text: str) -> str:
    """Return a text for comparing: an e-mail is stored in NFKC and lower case, a password as it was typed."""
    return unicodedata.normalize("NFKC", text).casefold()
