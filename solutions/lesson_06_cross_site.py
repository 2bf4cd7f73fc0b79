# Derived from authlab/course/kata/lesson_06_cross_site.py, authlab/origins.py by: authlab dev build
"""Lesson 6: A cookie proves who, not that they meant it.

The package's own answers.
"""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from authlab.lab.browser import Browser


# 6.1  build: From a page of ours  (3 minutes)
# write the part from its description
def origin_allowed(origin: str | None, own_origin: str) -> bool:
    """Return whether a request that changes something was sent by one of our
    own pages.

    `origin` is the request's `Origin` header. Browsers write it themselves,
    with every POST, and no page can choose what it says. `own_origin` is where
    our pages are. Both look like `"https://lab.test"`: scheme, name, and a
    port where it is not the scheme's usual one.

    - Another scheme, another name or another port is another origin. A host
      under our name is none of ours, and neither is a name that looks like
      ours.
    - None stands for a header that is missing, `"null"` for a sender that the
      browser hides. Both are refused.
    - Who is no browser may send any text: the answer is True or False, and
      never an error. What is more than one origin, such as
      `https://lab.test/devices`, is refused.

    Source: OWASP, Cross-Site Request Forgery Prevention; ASVS 3.5.1.
    """
    return origin == own_origin


# 6.2  build: A text that only our pages know  (4 minutes)
# write the part from its description
def csrf_token(session_id: str, key: bytes) -> str:
    """Return the token that the forms of one session carry.

    - It is 64 hexadecimal digits in lower case, as `hexdigest` writes a digest
      of 32 bytes.
    - One session has one token, so nothing has to be stored. Another
      `session_id` or another `key` gives another token. `key` is random bytes.
    - Without `key` (32 bytes or more) nobody can compute it, from whatever
      they know. HMAC is made for this.
    - `key` signs other things too. What was signed for another purpose is no
      token: say in what you sign what it is for.

    Another site can make a browser send its cookies. It cannot read our pages,
    so it does not know this.

    Source: OWASP, Cross-Site Request Forgery Prevention, "HMAC based token".
    """
    return hmac.new(key, b"csrf " + session_id.encode(), hashlib.sha256).hexdigest()


# 6.3  fix: Is this the token of this session?  (4 minutes, an extra)
# it runs, and it is wrong: make it right
def csrf_ok(sent: str | None, session_id: str, key: bytes) -> bool:
    """Return whether `sent` is the token of this very session:
    `csrf_token(session_id, key)`.

    - None stands for a form without the field. It is refused like a wrong
      token.
    - `sent` is the visitor's to choose. Whatever text it is, also one with
      half a letter in it such as `"\\ud800"`, the answer is True or False, and
      never an error.
    - The two are compared in constant time, so that nobody guesses the token a
      digit at a time. (No check can see that. Whoever reads your code can.)

    Source: OWASP, Cross-Site Request Forgery Prevention.
    """
    if sent is None:
        return False
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), csrf_token(session_id, key).encode())


# 6.4  break: By Grace's hand  (6 minutes)
# write the attack: it wins where the hole is, and only there
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


# 6.5  fix: Where to, after the login  (7 minutes)
# it runs, and it is wrong: make it right
def safe_next(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Return `wanted` as it was written if it is a page of this site, else
    `default`: where to go after logging in.

    - A page of ours is a path: it begins with one slash, and may end with a
      query. `/members?q=ada&page=2` is one; `devices` and
      `https://lab.test/devices` are none.
    - What a browser would take to another site is none, and neither is what
      opens no page (`javascript:alert(1)`) or is missing (None, or empty).
    - Browsers read generously. They drop tabs and line breaks, wherever they
      are. They take `\\` for `/`. More than two slashes are as good as two.
      `http:evil.test` needs no slash at all.
    - Nothing is mended: what would have to be is answered with `default`.

    `own_origin` is where our pages are, such as `"https://lab.test"`. You may
    use it or not.

    Source: OWASP, Unvalidated Redirects and Forwards; ASVS 3.7.2; the WHATWG
    URL Standard.
    """
    if wanted is None or not wanted.startswith("/") or wanted.startswith("//"):
        return default
    if "\\" in wanted or not wanted.isascii() or not wanted.isprintable() or " " in wanted:
        return default
    # Werkzeug drops a tab between two slashes in a Location, so it is refused above. An encoded one
    # it leaves, to whoever decodes it on the way: refused as well.
    path = urlsplit(wanted).path.lower()
    if any(f"%{code:02x}" in path for code in (*range(0x21), 0x2F, 0x5C, 0x7F)) or "//" in path:
        return default
    there = urlsplit(urljoin(own_origin, wanted))
    return wanted if f"{there.scheme}://{there.netloc}" == own_origin else default


# 6.6  prove: A test that finds the way out  (6 minutes)
# write the test: it catches what is wrong and spares what is right
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
