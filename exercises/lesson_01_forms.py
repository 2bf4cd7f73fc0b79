# Derived from authlab/course/kata/lesson_01_forms.py, authlab/forms.py. Made by: python3 -m authlab dev build
"""Lesson 1: Errors are data.

Write your answers here. Check one with: python3 -m authlab check 1.1
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

from pydantic import ValidationError

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
    messages_by_field,
)
from authlab.lab.browser import Browser


# 1.1  build: One address, one spelling  (6 minutes)
# write the part from its description
def canonical_email(raw: str) -> str | None:
    """Return the one spelling under which an address is stored and looked up, or None.

    - Spaces around the address are not part of it: `" ada@lab.test "` is `"ada@lab.test"`.
    - Case makes no second address, in any script: `"ADA@LAB.TEST"` and `"ada@lab.test"`,
      `"É@lab.test"` and `"é@lab.test"` are one each.
    - Two encodings of one letter make no second address: `é` can be one code point or two, and `K`
      can be the Kelvin sign. Unicode's NFKC form of the address is what counts.
    - None for whatever does not match `EMAIL_SHAPE` as a whole, for more than 255 characters, and
      for a line break or NUL anywhere, at the ends too: they have no business in an address, and
      in a mail header a line break starts a header of the visitor's choice.

    Source: the guide's `z.string().email().trim()`; Unicode Standard Annex 15.
    """
    raise NotImplementedError("1.1 is not written yet")


# 1.2  build: Everything that is wrong with a password  (6 minutes)
# write the part from its description
def password_problems(password: str) -> list[str]:
    """Return everything the guide's rules find wrong with a new password, in this order.

    - `TOO_SHORT`: fewer than 8 characters.
    - `NO_LETTER`: no letter of any script; `"пароль12!"` has six.
    - `NO_NUMBER`: no digit.
    - `NO_SPECIAL`: nothing that is neither a letter nor a digit.

    All that apply are in the list, so that the visitor needs one try and not four. An empty list
    means that the password will do. Spaces at the ends count for no rule (`"a1!     "` has three
    characters), and the password itself is kept as it was typed: whoever trims it at sign-up and
    not at login, or the other way round, locks people out.

    Source: the guide's `SignupFormSchema`. ASVS 6.2.5 advises against such rules; lesson 2 says why.
    """
    raise NotImplementedError("1.2 is not written yet")


# 1.3  fix: The guide's own mistake  (6 minutes)
# it runs, and it is wrong: make it right
def validate_signup(form: Mapping[str, str]) -> SignupForm | FormState:
    """Return the checked `SignupForm`, or a `FormState` with every message of every field.

    - Every field is judged, and all its messages are kept: `errors` maps a field's name to a list.
    - A field that is missing is judged as if it were empty.
    - A field that the form does not have (`role`) is refused, under its own name.
    - The `FormState` never holds the password.

    Source: the guide's `safeParse` and `flatten().fieldErrors`; ASVS 2.2.1.
    """
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
        errors[field] = ["There is no such field."]
    if errors:
        return FormState(errors=errors)
    return SignupForm.model_construct(name=name.strip(), email=email, password=password)


# 1.4  build: Ask when the typing stops  (6 minutes)
# write the part from its description
class Debouncer:
    """Keeps the last of several values that come in a hurry, for an early check while someone types.

    `push(value, now)` takes a value, and the wait begins anew. `due(now)` returns the newest value, once,
    when `wait_milliseconds` or more have passed since it was pushed, and None otherwise. `now` is in
    milliseconds, on any clock.

    It runs on the visitor's side and spares the server the questions nobody needs answered. It protects
    nothing: a visitor can leave it out. Limits live on the server.

    Source: the guide's tip on debouncing early checks for duplicates.
    """

    def __init__(self, wait_milliseconds: int) -> None:
        raise NotImplementedError("1.4 is not written yet")

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        raise NotImplementedError("1.4 is not written yet")

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        raise NotImplementedError("1.4 is not written yet")


# 1.5  break: A field that nobody asked for  (6 minutes)
# write the attack: it wins where the hole is, and only there
def become_admin(browser: Browser) -> str:
    """Return the text of the page at `/admin`, which lists all members and opens for admins only.

    You get `browser`, a visitor's browser that has never signed in. The app it talks to keeps every field
    that a form sends, and stores them all. The page has three fields; who says that you send three?
    Each member has a `role`, which is `"user"` or `"admin"`.

    - `browser.post("/signup", {"name": ..., ...})` sends a form, and signs you in when it is accepted.
    - `browser.get("/admin")` opens the page; the answer's `.text` is its HTML.

    Against the app without the hole the same requests bring nothing, and must not crash: return what comes.
    """
    raise NotImplementedError("1.5 is not written yet")


# 1.6  prove: A test that wrong rules do not survive  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_password_rules(password_problems: Callable[[str], list[str]]) -> None:
    """Prove with `assert` that a `password_problems` keeps the rules of exercise 1.2. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions of it, each of which must make one of
    your assertions fail, and on right ones, written in other styles, which must pass. The messages are
    `TOO_SHORT`, `NO_LETTER`, `NO_NUMBER` and `NO_SPECIAL`, in this order, all that apply.

    Only a failing `assert` counts as catching: a proof that crashes has proven nothing.
    """
    raise NotImplementedError("1.6 is not written yet")
