"""Answers to lesson 1, in several styles."""

import re
import string
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import compress, product

from pydantic import ValidationError

from authlab.course.bank import alternative
from authlab.forms import (
    EMAIL_INVALID,
    EMAIL_MAX_CHARACTERS,
    EMAIL_SHAPE,
    NAME_TOO_SHORT,
    NO_LETTER,
    NO_NUMBER,
    NO_SPECIAL,
    TOO_SHORT,
    FormState,
    SignupForm,
    canonical_email,
    messages_by_field,
    password_problems,
)
from authlab.lab.browser import Browser

EMAIL = "authlab.forms:canonical_email"
PASSWORD = "authlab.forms:password_problems"
SIGNUP = "authlab.forms:validate_signup"
DEBOUNCER = "authlab.forms:Debouncer"
ADMIN = "authlab.course.kata.lesson_01_forms:become_admin"
PROVE = "authlab.course.kata.lesson_01_forms:prove_password_rules"


# 1.1


@alternative(EMAIL)
def email_step_by_step(raw: str) -> str | None:
    """One early return per rule, and a name per step."""
    if "\0" in raw:
        return None
    if raw != "" and raw.splitlines() != [raw]:
        return None
    normal = unicodedata.normalize("NFKC", raw)
    folded = unicodedata.normalize("NFKC", normal.casefold())
    trimmed = folded.strip()
    if len(trimmed) > EMAIL_MAX_CHARACTERS:
        return None
    if re.fullmatch(EMAIL_SHAPE, trimmed) is None:
        return None
    return trimmed


@alternative(EMAIL)
def email_by_two_regexes(raw: str) -> str | None:
    """Compiled patterns for what may not be in it and for what must be there."""
    forbidden = re.compile(r"[\x00\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]")
    wanted = re.compile(rf"\A(?=.{{1,{EMAIL_MAX_CHARACTERS}}}\Z)(?:{EMAIL_SHAPE})\Z")
    if forbidden.search(raw):
        return None
    address = unicodedata.normalize("NFKC", raw.strip())
    address = unicodedata.normalize("NFKC", address.casefold())
    return address if wanted.match(address) else None


@alternative(EMAIL)
def email_by_pipeline(raw: str) -> str | None:
    """Functional: a chain of functions from text to text, then one condition."""

    def nfkc(text: str) -> str:
        return unicodedata.normalize("NFKC", text)

    steps: list[Callable[[str], str]] = [nfkc, str.casefold, nfkc, str.strip]
    address = reduce(lambda text, step: step(text), steps, raw)
    sound = (
        not set(raw) & set("\0\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
        and len(address) <= EMAIL_MAX_CHARACTERS
        and re.fullmatch(EMAIL_SHAPE, address)
    )
    return address if sound else None


@alternative(EMAIL)
def email_blanks_only(raw: str) -> str | None:
    """Trims blanks only, so that the shape itself refuses line breaks and NUL at the ends."""
    address = unicodedata.normalize("NFKC", raw).strip(" ")
    address = unicodedata.normalize("NFKC", address.casefold())
    if re.fullmatch(EMAIL_SHAPE, address) and len(address) <= EMAIL_MAX_CHARACTERS:
        return address
    return None


@alternative(EMAIL)
def email_until_nothing_changes(raw: str) -> str | None:
    """Repeats the three changes until the address stands still; knows line breaks by category."""
    for character in raw:
        kind = unicodedata.category(character)
        if character == "\0" or (kind in {"Cc", "Zl", "Zp"} and character.isspace()):
            return None
    old, new = "", raw
    while old != new:
        old = new
        new = unicodedata.normalize("NFKC", new.casefold()).strip()
    match = re.match(EMAIL_SHAPE, new)
    if match is None or match.end() < len(new) or len(new) > EMAIL_MAX_CHARACTERS:
        return None
    return new


@alternative(EMAIL)
def email_by_match_statement(raw: str) -> str | None:
    """A match statement on the lines, with guards; asks for each line break by name."""
    match raw.replace("\0", "\n").splitlines(keepends=True):
        case [line] if line == raw and line.splitlines() == [line]:
            folded = unicodedata.normalize("NFKC", line).casefold()
            address = unicodedata.normalize("NFKC", folded).strip()
        case _:
            return None
    match re.fullmatch(EMAIL_SHAPE, address):
        case re.Match() as found if found.end() <= EMAIL_MAX_CHARACTERS:
            return address
        case _:
            return None


# 1.2


@alternative(PASSWORD)
def password_by_flags(password: str) -> list[str]:
    """One loop with three flags, then four ifs."""
    has_letter = False
    has_digit = False
    has_special = False
    trimmed = password.strip()
    for character in trimmed:
        if character.isalpha():
            has_letter = True
        elif character.isdigit():
            has_digit = True
        else:
            has_special = True
    problems = []
    if len(trimmed) < 8:
        problems.append(TOO_SHORT)
    if not has_letter:
        problems.append(NO_LETTER)
    if not has_digit:
        problems.append(NO_NUMBER)
    if not has_special:
        problems.append(NO_SPECIAL)
    return problems


@alternative(PASSWORD)
def password_by_rule_table(password: str) -> list[str]:
    """A table of messages and conditions, and a comprehension over it."""
    judged = password.strip()
    rules = [
        (TOO_SHORT, len(judged) >= 8),
        (NO_LETTER, any(c.isalpha() for c in judged)),
        (NO_NUMBER, any(c.isdecimal() for c in judged)),
        (NO_SPECIAL, not all(c.isalpha() or c.isdecimal() for c in judged)),
    ]
    return [message for message, kept in rules if not kept]


@alternative(PASSWORD)
def password_by_unicode_category(password: str) -> list[str]:
    """Sets of Unicode categories: L* are letters, Nd are digits, the rest is special."""
    judged = password.strip(" ")
    categories = {unicodedata.category(character) for character in judged}
    letters = {name for name in categories if name.startswith("L")}
    digits = categories & {"Nd"}
    broken = (len(judged) < 8, not letters, not digits, not categories - letters - digits)
    return list(compress((TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL), broken))


@alternative(PASSWORD)
def password_by_generator(password: str) -> list[str]:
    """A generator that yields the problems; the characters are filtered three ways."""

    def problems() -> Iterator[str]:
        text = password.strip()
        letters = list(filter(str.isalpha, text))
        digits = list(filter(str.isdigit, text))
        if len(text) < 8:
            yield TOO_SHORT
        if not letters:
            yield NO_LETTER
        if not digits:
            yield NO_NUMBER
        if len(letters) + len(digits) == len(text):
            yield NO_SPECIAL

    return list(problems())


@alternative(PASSWORD)
def password_by_match_statement(password: str) -> list[str]:
    """Starts with all problems and strikes out each that a character solves."""
    trimmed = password.strip()
    problems = dict.fromkeys([TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL], True)
    problems[TOO_SHORT] = len(trimmed) < 8
    for character in trimmed:
        match unicodedata.category(character):
            case "Lu" | "Ll" | "Lt" | "Lm" | "Lo":
                problems[NO_LETTER] = False
            case "Nd":
                problems[NO_NUMBER] = False
            case _:
                problems[NO_SPECIAL] = False
    return [message for message in problems if problems[message]]


@alternative(PASSWORD)
def password_by_regex_on_kinds(password: str) -> list[str]:
    """Turns the password into a string of kinds (a, 1, !) and asks regexes about that."""
    kinds = "".join("a" if c.isalpha() else "1" if re.fullmatch(r"\d", c) else "!" for c in password.strip())
    patterns = {TOO_SHORT: r".{8,}", NO_LETTER: "a", NO_NUMBER: "1", NO_SPECIAL: "!"}
    return [message for message, pattern in patterns.items() if not re.search(pattern, kinds)]


# 1.3


@alternative(SIGNUP)
def signup_minimal_patch(form: Mapping[str, str]) -> SignupForm | FormState:
    """The given code, with the name trimmed before it is measured, and measured at both ends."""
    errors = {}
    name = form.get("name", "").strip()
    email = canonical_email(form.get("email", ""))
    password = form.get("password", "")
    if len(name) < 2:
        errors["name"] = [NAME_TOO_SHORT]
    if len(name) > 100:
        errors["name"] = ["The name has 100 characters at most."]
    if email is None:
        errors["email"] = [EMAIL_INVALID]
    if password_problems(password):
        errors["password"] = password_problems(password)
    for unknown in form.keys() - {"name", "email", "password"}:
        errors[unknown] = ["There is no such field."]
    if errors:
        return FormState(errors=errors)
    return SignupForm.model_construct(name=name, email=email, password=password)


@alternative(SIGNUP)
def signup_by_pydantic(form: Mapping[str, str]) -> SignupForm | FormState:
    """Fills in what is missing and leaves the judgement to the model."""
    try:
        return SignupForm.model_validate({"name": "", "email": "", "password": "", **form})
    except ValidationError as error:
        return FormState(errors=messages_by_field(error))


@alternative(SIGNUP)
def signup_by_model_fields(form: Mapping[str, str]) -> SignupForm | FormState:
    """Asks the model which fields it has, and calls it with keyword arguments."""
    fields = dict.fromkeys(SignupForm.model_fields, "")
    for name, value in form.items():
        fields[name] = value
    state = FormState()
    try:
        checked = SignupForm(**fields)
    except ValidationError as error:
        state = FormState(errors=messages_by_field(error), message="Please check the form.")
    else:
        return checked
    return state


@alternative(SIGNUP)
def signup_by_hand(form: Mapping[str, str]) -> SignupForm | FormState:
    """A list for every field from the start; the empty ones are left out at the end."""
    errors: dict[str, list[str]] = {key: [] for key in ("name", "email", "password", *form)}
    name = form.get("name", "").strip()
    email = canonical_email(form.get("email", ""))
    password = form.get("password", "")
    if not 2 <= len(name) <= 100:
        errors["name"].append(NAME_TOO_SHORT if len(name) < 2 else "This name is too long.")
    if email is None:
        errors["email"].append(EMAIL_INVALID)
    errors["password"].extend(password_problems(password))
    for key in form:
        if key not in ("name", "email", "password"):
            errors[key].append(f"There is no field called {key}.")
    found = {key: messages for key, messages in errors.items() if messages}
    if found or email is None:
        return FormState(errors=found)
    return SignupForm(name=name, email=email, password=password)


@alternative(SIGNUP)
def signup_by_match_per_field(form: Mapping[str, str]) -> SignupForm | FormState:
    """A helper judges one field by a match statement; a comprehension asks it about each."""

    def messages(key: str, value: str) -> list[str]:
        match key, len(value.strip()):
            case "name", 0 | 1:
                return [NAME_TOO_SHORT]
            case "name", length if length > 100:
                return ["At most 100 characters, please."]
            case "name", _:
                return []
            case "email", _:
                return [] if canonical_email(value) else [EMAIL_INVALID]
            case "password", _:
                return password_problems(value)
            case _:
                return ["Unknown field."]

    empty = {"name": "", "email": "", "password": ""}
    whole = {**empty, **{key: form[key] for key in form}}
    errors = {key: found for key, value in whole.items() if (found := messages(key, value))}
    return FormState(errors=errors) if errors else SignupForm.model_validate(whole)


@alternative(SIGNUP)
def signup_with_two_judges(form: Mapping[str, str]) -> SignupForm | FormState:
    """The model judges its three fields; what else was sent is counted by hand."""
    fields = {key: form.get(key) or "" for key in SignupForm.model_fields}
    errors = {key: ["Nobody asked for this."] for key in form if key not in fields}
    try:
        good = SignupForm(**fields)
    except ValidationError as refused:
        errors |= messages_by_field(refused)
    else:
        if not errors:
            return good
    return FormState(errors=errors, message="Please look at the fields below.")


# 1.4


@alternative(DEBOUNCER)
class DebouncerWithEndlessWait:
    """Nothing is due before the end of time, until something is pushed; nothing is compared with None."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait = wait_milliseconds
        self.deadline = float("inf")
        self.value = ""

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self.value, self.deadline = value, now + self.wait

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if now < self.deadline:
            return None
        self.deadline = float("inf")
        return self.value


@alternative(DEBOUNCER)
class DebouncerWithDeadline:
    """Keeps one pair of value and deadline, or None."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait = wait_milliseconds
        self.pending: tuple[str, int] | None = None

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self.pending = (value, now + self.wait)

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if self.pending is None:
            return None
        value, deadline = self.pending
        if now < deadline:
            return None
        self.pending = None
        return value


@alternative(DEBOUNCER)
class DebouncerWithList:
    """Keeps all that was pushed in a list, looks at the last, and empties the list after."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait_milliseconds = wait_milliseconds
        self.events: list[tuple[int, str]] = []

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self.events.append((now, value))

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if len(self.events) == 0:
            return None
        time, value = self.events[-1]
        if now - time >= self.wait_milliseconds:
            self.events.clear()
            return value
        return None


@alternative(DEBOUNCER)
@dataclass
class DebouncerAsDataclass:
    """A dataclass with a value that may be None and the time of the last push."""

    wait_milliseconds: int
    _value: str | None = field(default=None, init=False)
    _pushed_at: int = field(default=0, init=False)

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self._value, self._pushed_at = value, now

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if now - self._pushed_at < self.wait_milliseconds:
            return None
        value, self._value = self._value, None
        return value


@alternative(DEBOUNCER)
class DebouncerWithClosure:
    """Each push stores a function of the time, which answers for its value alone."""

    def __init__(self, wait_milliseconds: int) -> None:
        self._wait = wait_milliseconds
        self._ask: Callable[[int], str | None] = lambda _: None

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        start = now
        self._ask = lambda later: value if later - start >= self._wait else None

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        answer = self._ask(now)
        if answer is not None:
            self._ask = lambda _: None
        return answer


@alternative(DEBOUNCER)
class DebouncerWithFlag:
    """Three plain attributes; a flag says whether there is anything to hand out."""

    def __init__(self, wait_milliseconds: int) -> None:
        self.wait_milliseconds = wait_milliseconds
        self.newest = ""
        self.since = 0
        self.waiting = False

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self.newest = value
        self.since = now
        self.waiting = True

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if self.waiting and now >= self.since + self.wait_milliseconds:
            self.waiting = False
            return self.newest
        return None


@alternative(DEBOUNCER)
class DebouncerWithDeque:
    """A deque with room for one forgets the older value by itself."""

    def __init__(self, wait_milliseconds: int) -> None:
        self._wait = wait_milliseconds
        self._slot: deque[tuple[str, int]] = deque(maxlen=1)

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        self._slot.append((value, now))

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        if self._slot and now - self._slot[0][1] >= self._wait:
            return self._slot.pop()[0]
        return None


# 1.5


@alternative(ADMIN)
def admin_in_two_lines(browser: Browser) -> str:
    """As short as it gets."""
    form = {"name": "Mal", "email": "m@lab.test", "password": "abc-12345", "role": "admin"}
    browser.post("/signup", form)
    return browser.get("/admin").text


@alternative(ADMIN)
def admin_with_status_checks(browser: Browser) -> str:
    """Looks at each answer; a refused form is the end of it."""
    form = {
        "name": "Mallory",
        "email": "mallory.the.visitor@lab.test",
        "password": "Correct horse 1!",
    }
    form["role"] = "admin"
    signup = browser.post("/signup", form)
    if signup.status_code >= 400:
        return signup.text
    page = browser.get("/admin")
    if not page.ok:
        return f"{page.status_code} {page.text}"
    return page.text


@alternative(ADMIN)
def admin_by_merged_dicts(browser: Browser) -> str:
    """Keeps the honest form apart from what is smuggled in."""
    honest = {
        "name": "Eve Example",
        "email": "eve.example@lab.test",
        "password": "s3cret-enough",
    }
    smuggled = {"role": "admin"}
    browser.post("/signup", honest | smuggled)
    answer = browser.get("/admin")
    return answer.text


@alternative(ADMIN)
def admin_after_honest_look(browser: Browser) -> str:
    """Sees first that /admin is closed to strangers, then signs up with one field too many."""
    page = browser.get("/admin")
    if page.status_code != 200:
        browser.post(
            "/signup",
            {
                "role": "admin",
                "name": "Trudy",
                "email": "trudy.intruder@lab.test",
                "password": "Пароль-2024",
            },
        )
        page = browser.get("/admin")
    return page.text


# 1.6


@alternative(PROVE)
def prove_by_bare_asserts(password_problems: Callable[[str], list[str]]) -> None:
    """Minimal: asserts, one after the other, each for one mistake."""
    assert password_problems("abcde12!") == []
    assert password_problems("ABCDE12!") == []
    assert password_problems("abcd12!") == [TOO_SHORT]
    assert password_problems("1234567!") == [NO_LETTER]
    assert password_problems("abcdefg!") == [NO_NUMBER]
    assert password_problems("abcdefg1") == [NO_SPECIAL]
    assert password_problems("") == [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]
    assert password_problems("пароль12!") == []
    assert password_problems("пароль12") == [NO_SPECIAL]
    assert password_problems("ключ12!") == [TOO_SHORT]
    assert password_problems("abcdef0_") == []
    assert password_problems("a1!" * 100) == []
    assert password_problems("abcde 12") == []
    assert password_problems("a1!     ") == [TOO_SHORT]
    assert password_problems("     a1!") == [TOO_SHORT]
    assert password_problems(" abcdefg1 ") == [NO_SPECIAL]


@alternative(PROVE)
def prove_by_table(password_problems: Callable[[str], list[str]]) -> None:
    """A table of input and expected answer, and one loop."""
    everything = [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]
    table: list[tuple[str, list[str]]] = [
        ("", everything),
        ("        ", everything),
        ("a", [TOO_SHORT, NO_NUMBER, NO_SPECIAL]),
        ("1", [TOO_SHORT, NO_LETTER, NO_SPECIAL]),
        ("!", [TOO_SHORT, NO_LETTER, NO_NUMBER]),
        ("a1", [TOO_SHORT, NO_SPECIAL]),
        ("a!", [TOO_SHORT, NO_NUMBER]),
        ("1!", [TOO_SHORT, NO_LETTER]),
        ("a1!", [TOO_SHORT]),
        ("a1!bcde", [TOO_SHORT]),
        ("ключ12!", [TOO_SHORT]),
        ("a1!bcdef", []),
        ("aaaaaaaa", [NO_NUMBER, NO_SPECIAL]),
        ("11111111", [NO_LETTER, NO_SPECIAL]),
        ("!!!!!!!!", [NO_LETTER, NO_NUMBER]),
        ("________", [NO_LETTER, NO_NUMBER]),
        ("1000000!", [NO_LETTER]),
        ("aaaaaa0!", []),
        ("aaaaaaa!", [NO_NUMBER]),
        ("aaaaaaa1", [NO_SPECIAL]),
        ("пароль12!", []),
        ("пароль12", [NO_SPECIAL]),
        ("密码密码密码密码1-", []),
        ("correct horse 1", []),
        ("aaaaaaa1 ", [NO_SPECIAL]),
        (" aaaaaaa1", [NO_SPECIAL]),
        ("a1!     ", [TOO_SHORT]),
        ("     a1!", [TOO_SHORT]),
        ("  a1!bcdef  ", []),
        ("a1!" * 100, []),
    ]
    for typed, expected in table:
        found = password_problems(typed)
        assert found == expected, f"{typed!r}: {found} instead of {expected}"


@alternative(PROVE)
def prove_by_building(password_problems: Callable[[str], list[str]]) -> None:
    """Property-style: builds passwords from parts, and knows by the parts what is wrong."""
    letters, digits, specials = ["", "x", "Ж"], ["", "7", "0"], ["", "?", "_", "€"]
    for letter, digit, special, length in product(letters, digits, specials, (7, 8, 9, 200)):
        parts = letter + digit + special
        if not parts:
            continue
        repeated = (parts * length)[:length]
        expected = []
        if length < 8:
            expected.append(TOO_SHORT)
        if not letter:
            expected.append(NO_LETTER)
        if not digit:
            expected.append(NO_NUMBER)
        if not special:
            expected.append(NO_SPECIAL)
        for typed in (repeated, repeated[::-1], f"   {repeated}", f"{repeated}   "):
            assert password_problems(typed) == expected, typed
    assert password_problems("   ") == password_problems("") != []
    assert password_problems("pass word 1") == []
    assert NO_LETTER in password_problems("")
    assert len(password_problems("")) == 4


@alternative(PROVE)
def prove_with_every_character(password_problems: Callable[[str], list[str]]) -> None:
    """As thorough as can be: each character alone, at each place, all subsets, and no crash."""

    def ask(typed: str) -> list[str]:
        try:
            return password_problems(typed)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            return [f"crashed: {error!r}"]

    messages = [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]

    # Each kind of character is recognised, wherever it stands.
    for letter in string.ascii_letters + "äßéñłжЯΩאش密あ한":
        for typed in (f"{letter}123456!", f"123{letter}456!", f"123456!{letter}"):
            assert ask(typed) == [], f"{letter!r} is a letter: {typed!r}"
        assert ask(letter * 6 + "12") == [NO_SPECIAL], f"{letter!r} is not special"
        assert ask(letter * 6 + "!?") == [NO_NUMBER], f"{letter!r} is not a digit"
    for digit in string.digits:
        for typed in (f"{digit}abcdef!", f"abc{digit}def!", f"abcdef!{digit}"):
            assert ask(typed) == [], f"{digit!r} is a digit: {typed!r}"
        assert ask(digit * 6 + "ab") == [NO_SPECIAL], f"{digit!r} is not special"
        assert ask(digit * 6 + "!?") == [NO_LETTER], f"{digit!r} is not a letter"
    for special in string.punctuation + "€§¿«»…✓🔑":
        for typed in (f"{special}abcde12", f"abc{special}de12", f"abcde12{special}"):
            assert ask(typed) == [], f"{special!r} is special: {typed!r}"
        assert ask(special * 6 + "ab") == [NO_NUMBER], f"{special!r} is not a digit"
        assert ask(special * 6 + "12") == [NO_LETTER], f"{special!r} is not a letter"

    # A space is special inside, and nothing at the ends.
    assert ask("abcd 123") == []
    assert ask("abc  123") == []
    for blanks in (" ", "  ", "        "):
        for before, after in ((blanks, ""), ("", blanks), (blanks, blanks)):
            assert ask(f"{before}abcd1234{after}") == [NO_SPECIAL]
            assert ask(f"{before}abc123!{after}") == [TOO_SHORT]
            assert ask(f"{before}abcd123!{after}") == []
            assert ask(before + after) == messages

    # Eight characters are enough, and none are too many; characters are not bytes.
    for length in range(1, 8):
        assert ask("a1!xxxxx"[:length])[:1] == [TOO_SHORT], length
        assert ask("щ" * length) == [TOO_SHORT, NO_NUMBER, NO_SPECIAL], length
        assert ask("🔑" * length) == [TOO_SHORT, NO_LETTER, NO_NUMBER], length
    for length in (8, 9, 16, 64, 65, 72, 73, 128, 129, 1000):
        assert ask("a1!".ljust(length, "x")) == [], length

    # All that apply, in order, and the same answer whenever one asks.
    for kept in product((True, False), repeat=4):
        long, letter_kept, digit_kept, special_kept = kept
        parts = "q" * letter_kept + "5" * digit_kept + "#" * special_kept
        if long and not parts:
            continue
        typed = (parts * 8)[:8] if long else parts
        expected = [message for message, good in zip(messages, kept, strict=True) if not good]
        assert ask(typed) == expected, typed
        assert ask(typed) == expected, f"{typed!r}, asked again"


@alternative(PROVE)
def prove_by_reference(password_problems: Callable[[str], list[str]]) -> None:
    """As thorough as can be: compares with rules of its own on all short words over six signs."""

    def reference(typed: str) -> list[str]:
        judged = typed.strip(" ")
        problems = [] if len(judged) >= 8 else [TOO_SHORT]
        if not any(sign in "aZж" for sign in judged):
            problems.append(NO_LETTER)
        if not any(sign in "04" for sign in judged):
            problems.append(NO_NUMBER)
        if not any(sign in "!_ " for sign in judged):
            problems.append(NO_SPECIAL)
        return problems

    for size in range(4):
        for signs in product("aZж04!_ ", repeat=size):
            word = "".join(signs)
            for typed in (word, word * 3, word + "aaaaa", "44444" + word, word + "     "):
                assert password_problems(typed) == reference(typed), repr(typed)
    for filler in "aж4!_":
        for size in (6, 7, 8, 9, 100):
            for typed in (filler * size, f" {filler * size} ", f"{filler} {filler * size}"):
                assert password_problems(typed) == reference(typed), repr(typed)


@alternative(EMAIL)
def email_by_lower(raw: str) -> str | None:
    """Takes lower() for case: all examples of the text hold; ß/SS and ς/σ stay apart."""
    if re.search(r"[\r\n\0]", raw):
        return None
    address = unicodedata.normalize("NFKC", raw).strip().lower()
    if len(address) > EMAIL_MAX_CHARACTERS or not re.fullmatch(EMAIL_SHAPE, address):
        return None
    return address


@alternative(EMAIL)
def email_with_every_look_alike_taken_apart(raw: str) -> str | None:
    """Takes every letter apart before it is lowered, and puts it together at the end."""
    if len(raw) > 10_000 or set(raw) & {"\r", "\n", "\0"}:
        return None
    apart = unicodedata.normalize("NFKD", raw.strip()).lower()
    address = unicodedata.normalize("NFKC", apart)
    found = re.fullmatch(EMAIL_SHAPE, address)
    return found[0] if found and len(found[0]) < EMAIL_MAX_CHARACTERS + 1 else None


@alternative(PASSWORD)
def password_ascii_digits(password: str) -> list[str]:
    """Digits are 0 to 9 only; an Arabic-Indic digit is then neither letter nor digit: special."""
    text = password.strip()
    rules = {
        TOO_SHORT: len(text) >= 8,
        NO_LETTER: any(c.isalpha() for c in text),
        NO_NUMBER: any(c in string.digits for c in text),
        NO_SPECIAL: any(not c.isalpha() and c not in string.digits for c in text),
    }
    return [message for message, kept in rules.items() if not kept]


@alternative(PASSWORD)
def password_by_common_regexes(password: str) -> list[str]:
    """The regexes everybody knows: wrong only for numbers that are no digits, such as ½ and ²."""
    text = password.strip()
    patterns = {TOO_SHORT: r"(?s).{8,}", NO_LETTER: r"[^\W\d_]", NO_NUMBER: r"\d"}
    problems = [message for message, shape in patterns.items() if not re.search(shape, text)]
    return problems if re.search(r"[\W_]", text) else [*problems, NO_SPECIAL]
