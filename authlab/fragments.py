"""Fragments: pieces of pages, fetched by a script without the layout around them (lesson 10).

The layout does not run for them, so nothing that it checks protects them. Each asks the data access layer, as
every page does, and answers 401 where a page would send the visitor to log in.
"""

from werkzeug.wrappers import Response

from authlab import pages
from authlab.dal import Dal
from authlab.request import Request


def members(request: Request) -> Response:
    """Return the list of the members that the visitor may see, by what they search for."""
    return pages.render(request, "fragments/members.html", members=Dal(request).team(pages.query(request)))


def devices(request: Request) -> Response:
    """Return the list of the visitor's sessions."""
    return pages.render(request, "fragments/devices.html", devices=Dal(request).devices())
