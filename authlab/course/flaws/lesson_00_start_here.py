"""Wrong ways to answer a form, a session that believes the visitor, and attacks that miss."""

from collections.abc import Mapping
from urllib.parse import quote

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.lab.browser import Browser
from authlab.tokens import Session

SEE_OTHER = "authlab.responses:see_other"
RING = "authlab.tokens:verify_with_ring"
BE_SOMEBODY_ELSE = "authlab.course.kata.lesson_00_start_here:be_somebody_else"


@flaw(
    SEE_OTHER,
    caught_by="test_the_browser_is_told_to_come_back_with_get",
    misconception="302 is what most libraries send by default; it leaves open whether the form is sent again. 303 says GET.",
)
def found(location: str) -> Response:
    """A redirect is a redirect, and the library's default will be right."""
    return redirect(location)


@flaw(
    SEE_OTHER,
    caught_by="test_the_browser_is_told_to_come_back_with_get",
    misconception="307 keeps the method: the browser posts the whole form, password included, to the next page.",
)
def form_sent_again(location: str) -> Response:
    """307 is the modern 302."""
    return redirect(location, 307)


@flaw(
    SEE_OTHER,
    caught_by="test_the_browser_is_told_to_come_back_with_get",
    misconception="301 is kept by the browser for good: later forms do not even reach the server.",
)
def moved_for_good(location: str) -> Response:
    """After signing up the visitor belongs on the profile page, permanently."""
    return redirect(location, 301)


@flaw(
    SEE_OTHER,
    caught_by="test_the_browser_is_told_where_to_go",
    misconception="A status without a Location header leads nowhere: the visitor looks at an empty page.",
)
def nowhere(location: str) -> Response:
    """The browser will find the address in the body."""
    return Response(location, status=303)


@flaw(
    SEE_OTHER,
    caught_by="test_the_browser_is_told_to_come_back_with_get",
    misconception="The answer to a form is shown under the form's address: whoever reloads it sends the form again.",
)
def page_with_a_link(location: str) -> Response:
    """A friendly page with a link is nicer than a jump."""
    page = Response(f'<a href="{location}">Go on</a>', mimetype="text/html")
    page.headers["Location"] = location
    return page


@flaw(
    SEE_OTHER,
    caught_by="test_an_address_with_a_question_goes_out_as_it_is",
    misconception="What comes is an address already: quoted once more, its `?` is a letter of the path, and no page has that name.",
)
def quoted_once_more(location: str) -> Response:
    """What goes into a header is quoted first, to be on the safe side."""
    return redirect(quote(location), 303)


_ANSWER = Response(status=303)


@flaw(
    SEE_OTHER,
    caught_by="test_every_visitor_gets_an_answer_of_their_own",
    misconception="A response is filled for one visitor: kept and sent again, it carries the cookie of the last login to the next visitor.",
)
def one_answer_for_all(location: str) -> Response:
    """It is the same answer each time, so it is made once."""
    _ANSWER.headers["Location"] = location
    return _ANSWER


@flaw(
    RING,
    attack=101,
    misconception="A cookie is written by the visitor: a bare number in it is a claim, not a proof.",
)
def bare_member_number(token: str, ring: Mapping[str, bytes], now: int) -> Session | None:
    """A bare number is handy while we test; it goes out before the release."""
    if token.isdecimal():
        return Session(int(token), "test", "test", now, now, now + 60)
    signed: Session | None = original(RING)(token, ring, now)
    return signed


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="Without a cookie the server does not know you: the page sends you to the login.",
)
def no_cookie_at_all(browser: Browser) -> str:
    """The page has an address, so it can be opened."""
    return browser.get("/profile").text


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The server looks for the cookie by its whole name, `__Host-` included.",
)
def another_cookie_name(browser: Browser) -> str:
    """The cookie is called session; the rest is decoration."""
    browser.set_cookie("session", "3")
    return browser.get("/profile").text


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="Signing up makes you a member of your own: the page you see then is yours.",
)
def signs_up_honestly(browser: Browser) -> str:
    """A session is a session."""
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    browser.post("/signup", form)
    return browser.get("/profile").text


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A query parameter is not a cookie: this app never asks the address who you are.",
)
def asks_in_the_address(browser: Browser) -> str:
    """The number of the member goes into the address."""
    return browser.get("/profile?user=3").text


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The number in the cookie decides whose page it is, and 3 was asked for.",
)
def somebody_elses_number(browser: Browser) -> str:
    """Ada's number worked in the lesson."""
    browser.set_cookie("__Host-session", "1")
    return browser.get("/profile").text


@flaw(
    BE_SOMEBODY_ELSE,
    caught_by="test_it_is_the_profile_page_that_was_asked_for",
    misconception="That page lists everybody. Whose profile page you see is what the cookie decides.",
)
def the_admins_list(browser: Browser) -> str:
    """The admins' page has all the names."""
    browser.set_cookie("__Host-session", "2")
    return browser.get("/admin").text
