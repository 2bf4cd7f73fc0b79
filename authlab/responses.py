"""Answers that every action gives (lesson 0)."""

from werkzeug.wrappers import Response


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
    response = Response(status=303)
    response.headers["Location"] = location
    return response
