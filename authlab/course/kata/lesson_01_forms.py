"""Lesson 1: an attack through a form, and a test that catches wrong password rules."""

from collections.abc import Callable

from authlab.forms import NO_LETTER, NO_NUMBER, NO_SPECIAL, TOO_SHORT
from authlab.lab.browser import Browser


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
    browser.post(
        "/signup",
        {
            "name": "Mallory",
            "email": "mallory@evil.test",
            "password": "let-me-in-4",
            "role": "admin",
        },
    )
    return browser.get("/admin").text


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
    assert password_problems("analytical-engine-1843") == []
    assert password_problems("") == [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]
    assert password_problems("abc-567") == [TOO_SHORT]
    assert password_problems("abc-5678") == []
    assert password_problems("11111111!") == [NO_LETTER]
    assert password_problems("password!") == [NO_NUMBER]
    assert password_problems("password1") == [NO_SPECIAL]
    assert password_problems("пароль-12") == []
    assert password_problems("a1!     ") == [TOO_SHORT]
    assert password_problems("     a1!") == [TOO_SHORT]
    assert password_problems("abcd1234 ") == [NO_SPECIAL]
    assert password_problems("two words 2") == []
