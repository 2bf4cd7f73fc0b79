"""Wrong ways to check a form. Several are the guide's own; all have been seen in real code."""

import html
import re
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, ClassVar

import jinja2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.forms import (
    EMAIL_INVALID,
    EMAIL_MAX_CHARACTERS,
    EMAIL_SHAPE,
    NAME_TOO_SHORT,
    NO_LETTER,
    NO_NUMBER,
    NO_SPECIAL,
    NO_SUCH_FIELD,
    TOO_SHORT,
    FormState,
    SignupForm,
    canonical_email,
    messages_by_field,
    password_problems,
)
from authlab.lab.browser import Browser
from authlab.passwords import hash_password

EMAIL = "authlab.forms:canonical_email"
PASSWORD = "authlab.forms:password_problems"
SIGNUP = "authlab.forms:validate_signup"
DEBOUNCER = "authlab.forms:Debouncer"
TEMPLATES = "authlab.pages:templates"
BECOME_ADMIN = "authlab.course.kata.lesson_01_forms:become_admin"
PROOF = "authlab.course.kata.lesson_01_forms:prove_password_rules"


# 1.1: one address, one spelling


@flaw(
    EMAIL,
    attack=6,
    caught_by="test_case_makes_no_second_address",
    misconception="Ada@ and ada@ reach one mailbox: compared as they were typed, they become two accounts.",
)
def case_kept(raw: str) -> str | None:
    """The part before the @ may be case-sensitive, the standard says, so we leave it alone."""
    address = unicodedata.normalize("NFKC", raw.strip(" "))
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    attack=6,
    caught_by="test_case_makes_no_second_address_in_any_script",
    misconception="Case is not a matter of A to Z: É and é stay two addresses (SQLite's NOCASE does the same).",
)
def ascii_casing(raw: str) -> str | None:
    """Upper case is A to Z."""
    address = unicodedata.normalize("NFKC", raw.strip(" "))
    address = re.sub("[A-Z]", lambda letter: letter.group().lower(), address)
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    attack=7,
    caught_by="test_two_encodings_of_one_letter_are_one_address",
    misconception="Two code point sequences can be one letter on the screen: without a normal form they are two addresses.",
)
def lower_is_enough(raw: str) -> str | None:
    """Lower case makes two spellings equal."""
    address = raw.strip(" ").lower()
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    attack=8,
    caught_by="test_a_line_break_is_no_part_of_an_address",
    misconception="`$` matches before a last line break as well: the pattern was never held against the whole text.",
)
def match_and_dollar(raw: str) -> str | None:
    """`match` starts at the beginning and `$` is the end, so the whole text has been matched."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    if len(address) > EMAIL_MAX_CHARACTERS or not re.match(EMAIL_SHAPE + "$", address):
        return None
    return address


@flaw(
    EMAIL,
    attack=8,
    caught_by="test_a_line_break_is_no_part_of_an_address",
    misconception="`strip()` takes line breaks away too: an address that nobody can have typed into a field is repaired, not refused.",
)
def strips_line_breaks(raw: str) -> str | None:
    """Whitespace at the ends is harmless, whichever it is."""
    address = unicodedata.normalize("NFKC", raw.strip()).lower()
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    caught_by="test_the_whole_text_is_the_address",
    misconception="`search` finds an address somewhere in the text and lets the rest pass with it.",
)
def found_somewhere(raw: str) -> str | None:
    """If there is an address in it, it is an address."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    if len(address) > EMAIL_MAX_CHARACTERS or not re.search(EMAIL_SHAPE, address):
        return None
    return address


@flaw(
    EMAIL,
    caught_by="test_an_address_has_at_most_255_characters",
    misconception="Without an upper limit a visitor decides how much the server normalises, stores and indexes.",
)
def any_length(raw: str) -> str | None:
    """The column is TEXT, which holds anything."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    return address if re.fullmatch(EMAIL_SHAPE, address) else None


@flaw(
    EMAIL,
    caught_by="test_different_addresses_stay_different",
    misconception="Dots are ignored by one mail provider only: elsewhere a.da@ and ada@ are two people, and one now owns both.",
)
def dots_dropped(raw: str) -> str | None:
    """Dots before the @ make no difference, as everybody knows from one large provider."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    if not _has_shape(address):
        return None
    local, _, domain = address.partition("@")
    return local.replace(".", "") + "@" + domain


@flaw(
    EMAIL,
    attack=7,
    caught_by="test_a_wide_letter_is_the_same_letter",
    misconception="NFC joins accents to their letters; only NFKC also makes a wide ａ an a.",
)
def canonical_composition_only(raw: str) -> str | None:
    """A normal form is a normal form, and NFC is the usual one."""
    address = unicodedata.normalize("NFC", raw.strip(" ").lower())
    return address if _has_shape(address) and "\r" not in raw else None


@flaw(
    EMAIL,
    attack=7,
    caught_by="test_a_letter_that_becomes_a_capital_is_lowered_too",
    misconception="NFKC can bring a capital back (ℋ becomes H): lower case comes after it.",
)
def lowered_too_early(raw: str) -> str | None:
    """First lower case, then the normal form: both are done."""
    address = unicodedata.normalize("NFKC", raw.strip(" ").lower())
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    attack=8,
    caught_by="test_a_line_break_is_no_part_of_an_address",
    misconception="A carriage return is a line break as well: looking for \\n alone lets it pass, and strip() hides it.",
)
def looks_for_newlines(raw: str) -> str | None:
    """A line break is a newline."""
    if "\n" in raw or "\x00" in raw:
        return None
    address = unicodedata.normalize("NFKC", raw.strip()).lower()
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    caught_by="test_the_limit_is_for_the_result",
    misconception="The limit is for the address, not for what was typed around it.",
)
def spaces_count(raw: str) -> str | None:
    """What is too long is too long before anything is done with it."""
    if len(raw) > EMAIL_MAX_CHARACTERS:
        return None
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    return address if re.fullmatch(EMAIL_SHAPE, address) else None


@flaw(
    EMAIL,
    caught_by="test_the_shape_is_asked_of_the_result",
    misconception="NFKC comes after the question and changes its answer: a wide ＠ becomes a second @, a lone accent a space.",
)
def shape_before_the_normal_form(raw: str) -> str | None:
    """First refuse what is no address, then tidy up the rest."""
    address = raw.strip(" ")
    if re.fullmatch(EMAIL_SHAPE, address) is None:
        return None
    address = unicodedata.normalize("NFKC", address).lower()
    return address if len(address) <= EMAIL_MAX_CHARACTERS else None


@flaw(
    EMAIL,
    caught_by="test_the_limit_is_for_the_normal_form",
    misconception="NFKC changes the length: a letter typed as two characters becomes one, and a ligature becomes three.",
)
def measured_as_typed(raw: str) -> str | None:
    """Without the spaces it is as long as it will be."""
    address = raw.strip(" ")
    if len(address) > EMAIL_MAX_CHARACTERS:
        return None
    address = unicodedata.normalize("NFKC", address).lower()
    return address if re.fullmatch(EMAIL_SHAPE, address) else None


@flaw(
    EMAIL,
    caught_by="test_an_address_has_at_most_255_characters",
    misconception="The limit is in characters: in UTF-8 an é is two bytes, so an address of 128 of them is refused.",
)
def measured_in_bytes(raw: str) -> str | None:
    """A database counts bytes."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    if len(address.encode(errors="replace")) > EMAIL_MAX_CHARACTERS:
        return None
    return address if re.fullmatch(EMAIL_SHAPE, address) else None


@flaw(
    EMAIL,
    caught_by="test_a_control_character_is_no_part_of_an_address",
    misconception="Nobody types a NUL: what is taken away at the ends was put there by a program, and is refused.",
)
def nul_taken_away(raw: str) -> str | None:
    """What a program in C left at the end is not the visitor's fault."""
    address = unicodedata.normalize("NFKC", raw.strip(" \0")).lower()
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    caught_by="test_what_cannot_be_seen_is_refused_and_not_taken_out",
    misconception="Taken out, what cannot be seen makes an address of a text that is none: it is refused, as it was typed.",
)
def invisible_taken_out(raw: str) -> str | None:
    """What cannot be seen came along when the address was copied."""
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    address = "".join(character for character in address if unicodedata.category(character) != "Cf")
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    caught_by="test_the_domain_has_one_spelling_too",
    misconception="A domain can be typed in wide letters and in any script: it has two encodings as well as the name before it.",
)
def only_before_the_at(raw: str) -> str | None:
    """Domains are ASCII, so lower case is enough for them."""
    local, at, domain = raw.strip(" ").partition("@")
    address = unicodedata.normalize("NFKC", local).lower() + at + domain.lower()
    return address if _has_shape(address) else None


@flaw(
    EMAIL,
    caught_by="test_a_plain_address_is_kept",
    misconception="A list of good characters forgets some: O'Neil has an apostrophe, and cannot sign up.",
)
def a_pattern_of_its_own(raw: str) -> str | None:
    """Everybody knows the pattern for addresses."""
    if re.search(r"[\r\n\0]", raw):
        return None
    address = unicodedata.normalize("NFKC", raw.strip(" ")).lower()
    shape = re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", address)
    return address if shape and len(address) <= EMAIL_MAX_CHARACTERS else None


def _has_shape(address: str) -> bool:
    return len(address) <= EMAIL_MAX_CHARACTERS and bool(re.fullmatch(EMAIL_SHAPE, address))


# 1.2: everything that is wrong with a password


@flaw(
    PASSWORD,
    caught_by="test_every_problem_is_named_at_once",
    misconception="Returning at the first problem makes the visitor try four times for four problems.",
)
def first_problem_only(password: str) -> list[str]:
    """One message at a time is less confusing."""
    core = password.strip()
    if len(core) < 8:
        return [TOO_SHORT]
    if not any(character.isalpha() for character in core):
        return [NO_LETTER]
    if not any(character.isdigit() for character in core):
        return [NO_NUMBER]
    if all(character.isalnum() for character in core):
        return [NO_SPECIAL]
    return []


@flaw(
    PASSWORD,
    attack=2,
    caught_by="test_spaces_at_the_ends_are_no_characters",
    misconception="Counted with its padding, a password of three characters passes for eight.",
)
def length_with_the_padding(password: str) -> list[str]:
    """A space is a character like any other, wherever it stands."""
    problems = []
    if len(password) < 8:
        problems.append(TOO_SHORT)
    return problems + _problems_but_length(password)


@flaw(
    PASSWORD,
    caught_by="test_spaces_at_the_ends_are_not_special",
    misconception="The length is judged without the padding, the rest with it: a space at the end counts as a special character.",
)
def padding_is_special(password: str) -> list[str]:
    """Only the length needs the trimmed text."""
    problems = [TOO_SHORT] if len(password.strip()) < 8 else []
    return problems + _problems_but_length(password)


@flaw(
    PASSWORD,
    caught_by="test_a_letter_is_a_letter_in_every_script",
    misconception="The guide's pattern [a-zA-Z] tells everybody who writes in another script that they typed no letter.",
)
def ascii_letters_only(password: str) -> list[str]:
    """A letter is a to z, in either case."""
    core = password.strip()
    problems = []
    if len(core) < 8:
        problems.append(TOO_SHORT)
    if not re.search("[a-zA-Z]", core):
        problems.append(NO_LETTER)
    if not re.search("[0-9]", core):
        problems.append(NO_NUMBER)
    if not re.search("[^a-zA-Z0-9]", core):
        problems.append(NO_SPECIAL)
    return problems


@flaw(
    PASSWORD,
    caught_by="test_seven_characters_are_too_few",
    misconception="Off by one at the limit: try the number itself and its neighbours.",
)
def seven_will_do(password: str) -> list[str]:
    """Longer than six is long enough."""
    core = password.strip()
    problems = [TOO_SHORT] if len(core) < 7 else []
    return problems + _problems_but_length(core)


@flaw(
    PASSWORD,
    caught_by="test_whatever_is_neither_letter_nor_number_is_special",
    misconception="A list of special characters forgets most of them: better to say what is not special.",
)
def a_list_of_specials(password: str) -> list[str]:
    """The special characters are the ones above the digits on my keyboard."""
    core = password.strip()
    problems = [problem for problem in _problems_but_length(core) if problem != NO_SPECIAL]
    if len(core) < 8:
        problems.insert(0, TOO_SHORT)
    if not any(character in "!@#$%^&*()" for character in core):
        problems.append(NO_SPECIAL)
    return problems


@flaw(
    PASSWORD,
    caught_by="test_a_letter_of_another_script_is_not_special",
    misconception="The guide's [^a-zA-Z0-9] counts every letter of another script as a special character.",
)
def other_scripts_are_special(password: str) -> list[str]:
    """Special is whatever is not on an English keyboard."""
    core = password.strip()
    problems = [problem for problem in _problems_but_length(core) if problem != NO_SPECIAL]
    if len(core) < 8:
        problems.insert(0, TOO_SHORT)
    if not re.search("[^a-zA-Z0-9]", core):
        problems.append(NO_SPECIAL)
    return problems


@flaw(
    PASSWORD,
    caught_by="test_letters_are_counted_not_bytes",
    misconception="In UTF-8 a letter can be two bytes or four: counted in bytes, four letters pass for eight.",
)
def counted_in_bytes(password: str) -> list[str]:
    """The length of a password is the length of its bytes."""
    core = password.strip()
    problems = [TOO_SHORT] if len(core.encode()) < 8 else []
    return problems + _problems_but_length(core)


@flaw(
    PASSWORD,
    caught_by="test_seven_characters_are_too_few",
    misconception="Off by one at the limit: eight characters are enough.",
)
def eight_are_too_few(password: str) -> list[str]:
    """At least eight means more than eight."""
    core = password.strip()
    problems = [TOO_SHORT] if len(core) <= 8 else []
    return problems + _problems_but_length(core)


@flaw(
    PASSWORD,
    attack=3,
    caught_by="test_each_rule_is_kept_alone",
    misconception="One rule of the four is missing: nobody asked for a letter.",
)
def letters_forgotten(password: str) -> list[str]:
    """Whoever types a number and a sign has typed a letter, too."""
    return [problem for problem in original(PASSWORD)(password) if problem != NO_LETTER]


@flaw(
    PASSWORD,
    caught_by="test_each_rule_is_kept_alone",
    misconception="One rule of the four is missing: nobody asked for a number.",
)
def numbers_forgotten(password: str) -> list[str]:
    """Letters and signs make a good mixture."""
    return [problem for problem in original(PASSWORD)(password) if problem != NO_NUMBER]


@flaw(
    PASSWORD,
    caught_by="test_each_rule_is_kept_alone",
    misconception="One rule of the four is missing: nobody asked for a special character.",
)
def specials_forgotten(password: str) -> list[str]:
    """Letters and numbers make a good mixture."""
    return [problem for problem in original(PASSWORD)(password) if problem != NO_SPECIAL]


@flaw(
    PASSWORD,
    caught_by="test_a_space_inside_is_a_character",
    misconception="A space inside has to be guessed like any other character: only those at the ends count for nothing.",
)
def no_space_counts(password: str) -> list[str]:
    """If spaces at the ends count for nothing, so do all the others."""
    core = password.strip()
    problems = [TOO_SHORT] if len(core.replace(" ", "")) < 8 else []
    return problems + _problems_but_length(core)


@flaw(
    PASSWORD,
    caught_by="test_a_long_password_is_judged_to_its_end",
    misconception="What bcrypt reads is not these rules' concern: a number that stands after it is refused as missing.",
)
def judged_to_the_72nd(password: str) -> list[str]:
    """bcrypt reads 72 bytes, so nothing after them counts."""
    core = password.strip()[:72]
    problems = [TOO_SHORT] if len(core) < 8 else []
    return problems + _problems_but_length(core)


@cache
def _remembered(password: str) -> list[str]:
    answer: list[str] = original(PASSWORD)(password)
    return answer


@flaw(
    PASSWORD,
    caught_by="test_each_call_returns_a_list_of_its_own",
    misconception="A cache hands the same list to every caller: what one adds to it, the next visitor is told. And it keeps passwords.",
)
def remembered_lists(password: str) -> list[str]:
    """The same password has the same problems, so they need be found once."""
    return _remembered(password)


_found: list[str] = []


@flaw(
    PASSWORD,
    caught_by="test_each_call_returns_a_list_of_its_own",
    misconception="A list that is emptied and filled again is one list: the answer to one visitor changes with the next.",
)
def one_list_for_all(password: str) -> list[str]:
    """Emptied at the beginning, a list can be used again."""
    _found.clear()
    _found.extend(original(PASSWORD)(password))
    return _found


def _problems_but_length(text: str) -> list[str]:
    problems = []
    if not any(character.isalpha() for character in text):
        problems.append(NO_LETTER)
    if not any(character.isdigit() for character in text):
        problems.append(NO_NUMBER)
    if all(character.isalnum() for character in text):
        problems.append(NO_SPECIAL)
    return problems


# 1.3: the whole form


@flaw(
    SIGNUP,
    attack=2,
    caught_by="test_two_spaces_are_no_name",
    misconception="The name is judged first and trimmed later: two spaces pass for two characters, and an empty name is stored.",
)
def judged_before_trimmed(form: Mapping[str, str]) -> SignupForm | FormState:
    """The guide's own order: a field is long enough, and then it is trimmed."""
    errors = {}
    name = form.get("name", "")
    email = canonical_email(form.get("email", ""))
    password = form.get("password", "")
    if len(name) < 2:
        errors["name"] = [NAME_TOO_SHORT]
    if email is None:
        errors["email"] = [EMAIL_INVALID]
    if password_problems(password):
        errors["password"] = password_problems(password)
    for field in form.keys() - {"name", "email", "password"}:
        errors[field] = [NO_SUCH_FIELD]
    if errors:
        return FormState(errors=errors)
    return SignupForm.model_construct(name=name.strip(), email=email, password=password)


@flaw(
    SIGNUP,
    attack=1,
    caught_by="test_every_field_is_judged_and_every_message_kept",
    misconception="`required` and `minlength` are advice to the browser: whoever sends the form without the page never sees them.",
)
def html_is_enough(form: Mapping[str, str]) -> SignupForm | FormState:
    """The page has `required` and `minlength`, so what arrives has been checked."""
    return SignupForm.model_construct(
        name=form.get("name", ""), email=form.get("email", ""), password=form.get("password", "")
    )


class TwoPatterns(BaseModel):
    """A model that says all three rules, and keeps one."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2)
    email: str
    password: Annotated[
        str,
        Field(min_length=8, pattern="[a-zA-Z]"),
        Field(pattern="[0-9]"),
        Field(pattern="[^a-zA-Z0-9]"),
    ]


@flaw(
    SIGNUP,
    attack=3,
    caught_by="test_the_password_is_held_against_every_rule",
    misconception="A field has one pattern: the last `Field(pattern=…)` wins, and the ones before it are never asked.",
)
def stacked_patterns(form: Mapping[str, str]) -> SignupForm | FormState:
    """Three patterns are three rules."""
    trimmed = {"name": "", "email": "", "password": "", **form}
    trimmed["name"] = trimmed["name"].strip()
    email = canonical_email(trimmed["email"])
    errors = {} if email else {"email": [EMAIL_INVALID]}
    try:
        checked = TwoPatterns.model_validate(trimmed)
    except ValidationError as refused:
        return FormState(errors={**messages_by_field(refused), **errors})
    if errors:
        return FormState(errors=errors)
    return SignupForm.model_construct(name=checked.name, email=email, password=checked.password)


class OpenForm(SignupForm):
    """A sign-up form that keeps whatever else was sent."""

    model_config = ConfigDict(extra="allow")


def _insert_every_field(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Store what the form holds, column by column: nothing to keep in step when a field is added."""
    values = {**form.model_dump(exclude={"password"}), "created_at": now}
    values["password_hash"] = hash_password(form.password, rounds=rounds, pepper=pepper)
    columns = [column for column in values if column.isidentifier()]
    marks = ", ".join("?" for _ in columns)
    try:
        row = db.execute(
            f"INSERT INTO users ({', '.join(columns)}) VALUES ({marks}) RETURNING id",
            [values[column] for column in columns],
        ).fetchone()
    except sqlite3.IntegrityError:
        return None
    return int(row[0])


@flaw(
    SIGNUP,
    attack=4,
    caught_by="test_a_field_that_nobody_asked_for_is_refused",
    misconception="Whatever the visitor adds to the form is kept: the form decides who is an admin.",
    companions={"authlab.accounts:create_user": _insert_every_field},
)
def every_field_kept(form: Mapping[str, str]) -> SignupForm | FormState:
    """A model that accepts more fields is ready for the next version of the page."""
    try:
        return OpenForm.model_validate({"name": "", "email": "", "password": "", **form})
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


@flaw(
    SIGNUP,
    attack=4,
    caught_by="test_another_spelling_of_that_field_is_refused_too",
    misconception="A list of forbidden fields misses the next spelling: `Role` is the same column. Name what is allowed.",
    companions={"authlab.accounts:create_user": _insert_every_field},
)
def role_popped(form: Mapping[str, str]) -> SignupForm | FormState:
    """The dangerous field is `role`, so `role` is taken out."""
    fields = {"name": "", "email": "", "password": "", **form}
    fields.pop("role", None)
    try:
        return OpenForm.model_validate(fields)
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


@flaw(
    SIGNUP,
    caught_by="test_every_field_is_judged_and_every_message_kept",
    misconception="It stops at the first field that is wrong: the visitor mends one and is refused for the next.",
)
def first_field_only(form: Mapping[str, str]) -> SignupForm | FormState:
    """One error is reason enough to refuse."""
    state = _right(form)
    if isinstance(state, FormState):
        return FormState(errors=dict(list(state.errors.items())[:1]))
    return state


@flaw(
    SIGNUP,
    caught_by="test_every_field_is_judged_and_every_message_kept",
    misconception="pydantic keeps one error a field, and so does this: of four broken rules the visitor learns one.",
)
def first_message_only(form: Mapping[str, str]) -> SignupForm | FormState:
    """One message a field is enough."""
    state = _right(form)
    if isinstance(state, FormState):
        return FormState(errors={field: messages[:1] for field, messages in state.errors.items()})
    return state


@flaw(
    SIGNUP,
    attack=1,
    caught_by="test_a_missing_field_counts_as_empty",
    misconception="A field that is not sent is a KeyError and a page that says 500: nobody promised that all fields come.",
)
def every_field_expected(form: Mapping[str, str]) -> SignupForm | FormState:
    """The page has three fields, so three fields arrive."""
    return _right({"name": form["name"], "email": form["email"], "password": form["password"], **form})


@flaw(
    SIGNUP,
    caught_by="test_the_password_is_kept_as_it_was_typed",
    misconception="The password is trimmed here and not at login: whoever has a space at the end is locked out.",
)
def password_trimmed(form: Mapping[str, str]) -> SignupForm | FormState:
    """Nobody means the space at the end."""
    return _right({**form, "password": form.get("password", "").strip()})


@flaw(
    SIGNUP,
    caught_by="test_what_is_shown_again_holds_no_password",
    misconception="What goes back into a page ends in caches, screenshots and logs: the password never goes back.",
)
def password_sent_back(form: Mapping[str, str]) -> SignupForm | FormState:
    """The visitor should see what they typed."""
    state = _right(form)
    if isinstance(state, FormState) and "password" in state.errors:
        return FormState(errors=state.errors, message=f"You typed: {form.get('password', '')}")
    return state


@flaw(
    SIGNUP,
    caught_by="test_a_name_has_two_characters_without_its_spaces",
    misconception="A higher limit moves the hole: three spaces pass where two did. Trim first.",
)
def a_higher_limit(form: Mapping[str, str]) -> SignupForm | FormState:
    """Two spaces passed, so the limit was too low."""
    if len(form.get("name", "")) < 3:
        return _right({**form, "name": ""})
    state = _right({**form, "name": "A name"})
    if isinstance(state, FormState):
        return state
    return SignupForm.model_construct(name=form["name"].strip(), email=state.email, password=state.password)


@flaw(
    SIGNUP,
    caught_by="test_a_name_has_at_most_a_hundred_characters",
    misconception="Without an upper limit a visitor decides how much is stored and shown.",
)
def no_upper_limit(form: Mapping[str, str]) -> SignupForm | FormState:
    """A name can be long."""
    name = form.get("name", "").strip()
    state = _right({**form, "name": name[:100]})
    if isinstance(state, FormState):
        return state
    return SignupForm.model_construct(name=name, email=state.email, password=state.password)


@flaw(
    SIGNUP,
    caught_by="test_a_field_too_many_hides_no_other_message",
    misconception="It returns at the unknown field: the visitor mends that one and is refused for the next.",
)
def unknown_fields_first(form: Mapping[str, str]) -> SignupForm | FormState:
    """A form with a strange field need not be looked at any further."""
    unknown = form.keys() - {"name", "email", "password"}
    if unknown:
        return FormState(errors={field: [NO_SUCH_FIELD] for field in unknown})
    return _right(form)


@flaw(
    SIGNUP,
    caught_by="test_any_field_that_nobody_asked_for_is_refused",
    misconception="A list of bad names ends with the ones you thought of: name the three good ones instead.",
)
def only_role_refused(form: Mapping[str, str]) -> SignupForm | FormState:
    """`role` is the dangerous one, in whichever case."""
    known = {field: text for field, text in form.items() if field in ("name", "email", "password")}
    roles = [field for field in form if field.lower() == "role"]
    return _right({**known, **dict.fromkeys(roles, "")})


@flaw(
    SIGNUP,
    caught_by="test_a_field_that_is_empty_or_common_is_refused_too",
    misconception="An empty field is a field: `active=` is read as no by whoever reads it next.",
)
def empty_fields_overlooked(form: Mapping[str, str]) -> SignupForm | FormState:
    """What is empty was not sent."""
    return _right({field: text for field, text in form.items() if text})


@flaw(
    SIGNUP,
    caught_by="test_a_field_that_is_empty_or_common_is_refused_too",
    misconception="The question names three fields: what a framework adds is taken out by whoever reads it, and not waved through.",
)
def usual_fields_let_in(form: Mapping[str, str]) -> SignupForm | FormState:
    """Every form has a nonce or a token, and neither does any harm."""
    usual = {"nonce", "csrf_token", "next", "submit"}
    return _right({field: text for field, text in form.items() if field not in usual})


@flaw(
    SIGNUP,
    caught_by="test_a_name_is_kept_as_its_owner_writes_it",
    misconception="Escaped at the door, O'Neil is stored as O&#x27;Neil, and every page and mail escapes that again.",
)
def escaped_at_the_door(form: Mapping[str, str]) -> SignupForm | FormState:
    """A name is shown on pages, so it is made safe before it is stored."""
    return _right({**form, "name": html.escape(form.get("name", ""))})


@flaw(
    SIGNUP,
    caught_by="test_a_name_is_kept_as_its_owner_writes_it",
    misconception="A name is what its owner says it is: bell hooks, d'Arcy and Anne-Marie break every rule about letters.",
)
def names_of_letters(form: Mapping[str, str]) -> SignupForm | FormState:
    """A name is made of letters."""
    state = _right(form)
    if isinstance(state, SignupForm) and not state.name.replace(" ", "").isalpha():
        return FormState(errors={"name": ["Name must be made of letters."]})
    return state


@flaw(
    SIGNUP,
    caught_by="test_tabs_are_no_name_either",
    misconception="A space is one kind of white space: two tabs are still a name that nobody sees.",
)
def blanks_only_trimmed(form: Mapping[str, str]) -> SignupForm | FormState:
    """To trim is to take the spaces away."""
    name = form.get("name", "").strip(" ")
    state = _right({**form, "name": name.replace("\t", "x").replace("\n", "x")})
    if isinstance(state, FormState):
        return state
    return SignupForm.model_construct(name=name, email=state.email, password=state.password)


@flaw(
    SIGNUP,
    caught_by="test_the_email_is_in_its_one_spelling",
    misconception="Lower case is one piece of the one spelling: stored so, the address is never found again by `canonical_email`.",
)
def email_in_lower_case(form: Mapping[str, str]) -> SignupForm | FormState:
    """The address is good, so lower case is all it needs."""
    state = _right(form)
    if isinstance(state, FormState):
        return state
    return state.model_copy(update={"email": form["email"].strip().lower()})


@flaw(
    SIGNUP,
    caught_by="test_the_password_is_kept_to_its_end",
    misconception="Cut off here and not at login, a long password never opens the account again: what bcrypt reads is the hash's concern.",
)
def password_cut_off(form: Mapping[str, str]) -> SignupForm | FormState:
    """bcrypt reads 72 bytes, so the rest is dropped."""
    return _right({**form, "password": form.get("password", "")[:72]})


@flaw(
    SIGNUP,
    caught_by="test_the_password_is_kept_as_it_was_typed",
    misconception="A password is never shown, so it needs no escaping: it is hashed as it is, and compared as it is typed.",
)
def every_field_escaped(form: Mapping[str, str]) -> SignupForm | FormState:
    """Whatever enters is made safe."""
    return _right({field: html.escape(text, quote=False) for field, text in form.items()})


@flaw(
    SIGNUP,
    caught_by="test_no_other_field_shows_it_either",
    misconception="What stands in a field that nobody asked for can be the password, typed a second time: its name is enough.",
)
def unknown_values_quoted(form: Mapping[str, str]) -> SignupForm | FormState:
    """Whoever reads the message should see what was wrong."""
    state = _right(form)
    if isinstance(state, SignupForm):
        return state
    unknown = {
        field: [f"Unexpected: {text}"]
        for field, text in form.items()
        if field in state.errors.keys() - _KNOWN
    }
    return FormState(errors={**state.errors, **unknown})


_KNOWN = {"name", "email", "password"}


def _right(form: Mapping[str, str]) -> SignupForm | FormState:
    answer: SignupForm | FormState = original(SIGNUP)(form)
    return answer


# 1.5: ask when the typing stops. Each flaw is right but for the method it has of its own.


class _RightOtherwise:
    """A debouncer without a flaw, to go wrong from."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait, self.since = wait_milliseconds, 0
        self.value: str | None = None

    def push(self, value: str, now: int) -> None:
        """Take a value; the wait begins anew."""
        self.value, self.since = value, now

    def due(self, now: int) -> str | None:
        """Return the value once, after the wait."""
        if self.value is None or now - self.since < self.wait:
            return None
        value, self.value = self.value, None
        return value


@flaw(
    DEBOUNCER,
    caught_by="test_the_wait_begins_anew_with_each_key",
    misconception="The wait runs from the first key on: it asks in the middle of a word.",
)
class WaitsFromTheFirstKey(_RightOtherwise):
    """A pause after the first key is a pause."""

    def push(self, value: str, now: int) -> None:
        """Take a value; the wait goes on."""
        if self.value is None:
            self.since = now
        self.value = value


@flaw(
    DEBOUNCER,
    caught_by="test_the_newest_value_is_asked_for",
    misconception="It keeps the first value of the burst: the question is about an address nobody has.",
)
class KeepsTheFirst(_RightOtherwise):
    """What was typed first is waiting first."""

    def push(self, value: str, now: int) -> None:
        """Take a value if none is waiting."""
        self.since = now
        if self.value is None:
            self.value = value


@flaw(
    DEBOUNCER,
    caught_by="test_a_value_is_due_once",
    misconception="It does not forget what it has given: one word is asked about again and again.",
)
class AsksAgain(_RightOtherwise):
    """Due is due."""

    def due(self, now: int) -> str | None:
        """Return the value whenever its wait is over."""
        return None if now - self.since < self.wait else self.value


@flaw(
    DEBOUNCER,
    caught_by="test_a_value_is_due_when_the_wait_is_over",
    misconception="Off by one: when exactly `wait_milliseconds` have passed, the wait is over.",
)
class WaitsOneLonger(_RightOtherwise):
    """More than the wait must have passed."""

    def due(self, now: int) -> str | None:
        """Return the value one millisecond late."""
        return super().due(now - 1)


@flaw(
    DEBOUNCER,
    caught_by="test_two_fields_do_not_share_a_wait",
    misconception="What is kept on the class, or in a global, is shared by all instances: two fields, or two visitors, answer each other.",
)
class SharesItsMemory(_RightOtherwise):
    """There is one form, so one memory will do."""

    memory: ClassVar[_RightOtherwise] = _RightOtherwise(0)

    def __init__(self, wait_milliseconds: int) -> None:
        self.memory.wait = wait_milliseconds

    def push(self, value: str, now: int) -> None:
        """Keep the value for all."""
        self.memory.push(value, now)

    def due(self, now: int) -> str | None:
        """Return whoever's value is due."""
        return self.memory.due(now)


@flaw(
    DEBOUNCER,
    caught_by="test_an_emptied_field_is_a_value_too",
    misconception="An empty text is false in Python and yet a value: `is None` is the question here.",
)
class OverlooksTheEmptyText(_RightOtherwise):
    """No text, no value."""

    def push(self, value: str, now: int) -> None:
        """Take a value, unless it is empty."""
        super().push(value, now)
        self.value = value or None


@flaw(
    DEBOUNCER,
    caught_by="test_a_value_waits_until_it_is_asked_for",
    misconception="It asks the clock of the machine: `now` is an argument, so that a test can move it.",
)
class AsksTheWallClock(_RightOtherwise):
    """The time is what the computer says."""

    def push(self, value: str, now: int) -> None:
        """Take a value, at whatever time it is."""
        super().push(value, time.monotonic_ns() // 1_000_000)

    def due(self, now: int) -> str | None:
        """Return the value after the wait, on the computer's clock."""
        return super().due(time.monotonic_ns() // 1_000_000)


@flaw(
    DEBOUNCER,
    caught_by="test_another_wait_is_another_wait",
    misconception="The wait is an argument, and this knows only one.",
)
class FourHundredAlways(_RightOtherwise):
    """The page waits 400 milliseconds."""

    def __init__(self, wait_milliseconds: int) -> None:
        super().__init__(400)


@flaw(
    DEBOUNCER,
    caught_by="test_the_same_text_again_is_a_new_push",
    misconception="The same text again is a key that was pressed again: the wait begins anew, and the value is due anew.",
)
class OverlooksTheSameText(_RightOtherwise):
    """Nothing has changed, so nothing happens."""

    def __init__(self, wait_milliseconds: int) -> None:
        super().__init__(wait_milliseconds)
        self.last: str | None = None

    def push(self, value: str, now: int) -> None:
        """Take a value that is new."""
        if value != self.last:
            super().push(value, now)
        self.last = value


@flaw(
    DEBOUNCER,
    caught_by="test_the_newest_value_is_asked_for",
    misconception="What was typed before the newest is over: kept under it, it is asked about next.",
)
class KeepsAllOfThem:
    """The last of a list is the newest."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait = wait_milliseconds
        self.pushed: list[tuple[str, int]] = []

    def push(self, value: str, now: int) -> None:
        """Put a value on top of the others."""
        self.pushed.append((value, now))

    def due(self, now: int) -> str | None:
        """Take the value that is on top, after its wait."""
        if not self.pushed or now - self.pushed[-1][1] < self.wait:
            return None
        return self.pushed.pop()[0]


@flaw(
    DEBOUNCER,
    caught_by="test_two_fields_do_not_share_a_wait",
    misconception="A wait that is kept on the class is everybody's: the last debouncer that was made decides for all.",
)
class SharesItsWait(_RightOtherwise):
    """How long to wait is the same for every field."""

    def __init__(self, wait_milliseconds: int) -> None:
        super().__init__(wait_milliseconds)
        type(self).shared = wait_milliseconds

    shared: ClassVar[int] = 0

    def due(self, now: int) -> str | None:
        """Return the value once, after the wait of all."""
        self.wait = self.shared
        return super().due(now)


# The pages: text stays text


def _environment(**options: object) -> jinja2.Environment:
    loader = original(TEMPLATES)().loader
    return jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True, **options)  # type: ignore[arg-type]


@flaw(
    TEMPLATES,
    attack=5,
    misconception="There are a hundred ways to run a script without that word: escape everything, remove nothing.",
)
def script_removed() -> jinja2.Environment:
    """Without <script> there is no script."""

    def clean(value: object) -> object:
        return re.sub("(?i)</?script[^>]*>", "", value) if isinstance(value, str) else value

    return _environment(autoescape=False, finalize=clean)


@flaw(
    TEMPLATES,
    attack=5,
    misconception="Escaping was switched on by file name, and these files have another one: it is off, and nothing says so.",
)
def escaped_by_file_name() -> jinja2.Environment:
    """`select_autoescape` looks after everything that is a page."""
    return _environment(autoescape=jinja2.select_autoescape(["htm", "xml", "jinja"]))


# 1.4: attacks that miss


@flaw(
    BECOME_ADMIN,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A name is only a name: what opens the page is the role.",
)
def calls_itself_admin(browser: Browser) -> str:
    """Whoever is called admin is one."""
    form = {"name": "admin", "email": "admin@evil.test", "password": "let-me-in-4"}
    browser.post("/signup", form)
    return browser.get("/admin").text


@flaw(
    BECOME_ADMIN,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The address of a page is no key: it answers by who you are.",
)
def walks_in(browser: Browser) -> str:
    """The page is not linked, so nobody has protected it."""
    return browser.get("/admin").text


@flaw(
    BECOME_ADMIN,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="Only the form's body is stored: what stands in the address is never looked at.",
)
def role_in_the_address(browser: Browser) -> str:
    """A parameter is a parameter."""
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    browser.post("/signup?role=admin", form)
    return browser.get("/admin").text


@flaw(
    BECOME_ADMIN,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The form must keep the other rules: one that is refused stores nothing, whatever its role says.",
)
def breaks_the_other_rules(browser: Browser) -> str:
    """Only the added field matters."""
    browser.post("/signup", {"name": "M", "email": "m", "password": "m", "role": "admin"})
    return browser.get("/admin").text


# 1.6: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_rules_of_this_lesson",
    misconception="One good password passes under almost any rules: a proof needs inputs that wrong rules get wrong.",
)
def happy_path_only(password_problems: Callable[[str], list[str]]) -> None:
    """A good password is accepted, so the rules work."""
    assert password_problems("analytical-engine-1843") == []


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_rules_of_this_lesson",
    misconception="A comparison that is returned or printed makes no proof: only `assert` fails.",
)
def returns_a_verdict(password_problems: Callable[[str], list[str]]) -> bool:
    """True means that it works."""
    return password_problems("") == [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]


@flaw(
    PROOF,
    caught_by="test_it_spares_right_rules",
    misconception="It asks for something the rules do not say: a space inside a password counts as special.",
)
def forbids_spaces(password_problems: Callable[[str], list[str]]) -> None:
    """A space is nothing."""
    every_rule_alone(password_problems)
    assert password_problems("two words 2") == [NO_SPECIAL]


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_rules_of_this_lesson",
    misconception="A crash proves nothing: an empty list has no [0], for right rules as for wrong ones. Compare whole lists.",
)
def crashes(password_problems: Callable[[str], list[str]]) -> None:
    """If it raises, it is caught."""
    password_problems("a1!     ")[5]


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_rules_of_this_lesson",
    misconception="Each rule is tried, the edges are not: padding, other scripts and the eighth character go unseen.",
)
def every_rule_alone(password_problems: Callable[[str], list[str]]) -> None:
    """One example a rule covers the rules."""
    assert password_problems("a-1") == [TOO_SHORT]
    assert password_problems("11111111!") == [NO_LETTER]
    assert password_problems("password!") == [NO_NUMBER]
    assert password_problems("password1") == [NO_SPECIAL]
