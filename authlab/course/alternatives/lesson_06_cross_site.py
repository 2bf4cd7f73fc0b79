"""Other right ways to tell our own pages from somebody else's."""

from urllib.parse import urlsplit

from authlab.course.bank import alternative

ORIGIN = "authlab.origins:origin_allowed"


@alternative(ORIGIN)
def from_an_allow_list(origin: str | None, own_origin: str) -> bool:
    """A set of one, ready for a second name."""
    return origin in {own_origin}


@alternative(ORIGIN)
def part_by_part(origin: str | None, own_origin: str) -> bool:
    """Scheme, host and port, each by itself."""
    if not origin or origin == "null":
        return False
    theirs, ours = urlsplit(origin), urlsplit(own_origin)
    return (theirs.scheme, theirs.hostname, theirs.port) == (ours.scheme, ours.hostname, ours.port)
