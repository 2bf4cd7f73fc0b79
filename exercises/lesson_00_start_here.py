# Derived from authlab/course/kata/lesson_00_start_here.py, authlab/responses.py by: authlab dev build [71579e83]
"""Lesson 0: The cookie says who you are.

Write your answers here. Check one with: python3 -m authlab check 0.1
"""

from werkzeug.wrappers import Response

from authlab.lab.browser import Browser


# 0.1  build: See the page over there  (3 minutes)
# write the part from its description
def see_other(location: str) -> Response:
    """Return the answer to a form that was accepted: "see the page at
    `location`".

    The status is 303, which tells the browser to fetch `location` with GET.
    The form that was posted is not sent a second time, neither to the next
    page nor when the visitor reloads it.

    `location` is a path of this site, such as `"/profile"` or
    `"/login?next=%2Fprofile"`, and goes out as it is.
    `Response(status=…, headers={…})` makes an answer; a body is not needed.

    Source: RFC 9110, section 15.4.4; the guide's `redirect('/profile')`.
    """
    raise NotImplementedError("0.1 is not written yet")


# 0.2  break: Be somebody else  (4 minutes)
# write the attack: it wins where the hole is, and only there
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
    raise NotImplementedError("0.2 is not written yet")
