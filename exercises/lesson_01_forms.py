# Derived from authlab/course/kata/lesson_01_forms.py, authlab/forms.py by: authlab dev build [9ba64266]
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
    NO_SUCH_FIELD,
    TOO_SHORT,
    FormState,
    SignupForm,
    messages_by_field,
)
from authlab.lab.browser import Browser


# 1.1  build: One address, one spelling  (8 minutes)
# write the part from its description
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
    raise NotImplementedError("1.1 is not written yet")


# 1.2  build: Everything that is wrong with a password  (5 minutes)
# write the part from its description
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
    raise NotImplementedError("1.2 is not written yet")


# 1.3  fix: The guide's own mistake  (6 minutes)
# it runs, and it is wrong: make it right
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


# 1.4  break: A field that nobody asked for  (5 minutes)
# write the attack: it wins where the hole is, and only there
def become_admin(browser: Browser) -> str:
    """Return the text of the page at `/admin`, which lists all members and
    opens for admins only.

    You get `browser`, a visitor's browser that has never signed in. The app it
    talks to keeps every field that a form sends, and stores them all. The page
    has three fields; who says that you send three? The other rules still hold:
    a good name, a free address, a password that keeps the rules of 1.2. Each
    member has a `role`, which is `"user"` or `"admin"`.

    - `browser.post("/signup", {"name": ..., ...})` sends a form, and signs you
      in when it is accepted.
    - `browser.get("/admin")` opens the page; the answer's `.text` is its HTML.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    raise NotImplementedError("1.4 is not written yet")


# 1.5  build: Ask when the typing stops  (6 minutes, an extra)
# write the part from its description
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
        raise NotImplementedError("1.5 is not written yet")

    def push(self, value: str, now: int) -> None:
        """Take `value` as the newest; the wait begins at `now`."""
        raise NotImplementedError("1.5 is not written yet")

    def due(self, now: int) -> str | None:
        """Return the newest value if its wait is over and it was not returned before, else None."""
        raise NotImplementedError("1.5 is not written yet")


# 1.6  prove: A test that wrong rules do not survive  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_password_rules(password_problems: Callable[[str], list[str]]) -> None:
    """Prove with `assert` that a `password_problems` keeps the rules of
    exercise 1.2. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. All of them return a list and never raise. The
    right ones agree on letters, the digits 0 to 9, signs such as `-` or `!`,
    and spaces.

    Only a failing `assert` counts: a proof that crashes has proven nothing.
    The messages are the constants imported above: `TOO_SHORT`, `NO_LETTER`,
    `NO_NUMBER`, `NO_SPECIAL`.
    """
    raise NotImplementedError("1.6 is not written yet")
