"""Wrong ways to tell our own pages from somebody else's."""

from urllib.parse import urlsplit

from authlab.course.bank import flaw

ORIGIN = "authlab.origins:origin_allowed"


@flaw(
    ORIGIN,
    attack=51,
    misconception="SameSite keeps a session cookie at home; a login form needs no cookie to do harm.",
)
def same_site_suffices(origin: str | None, own_origin: str) -> bool:
    """The cookie is SameSite=Lax, so no other site can act for the visitor."""
    return True


@flaw(
    ORIGIN,
    attack=51,
    misconception="evil-lab.test ends with lab.test as well: compare the whole origin.",
)
def ends_with_our_name(origin: str | None, own_origin: str) -> bool:
    """Our subdomains are ours, and their names end with ours."""
    return origin is not None and origin.endswith(str(urlsplit(own_origin).hostname))


@flaw(
    ORIGIN,
    attack=51,
    misconception="lab.test.evil.test begins with our name as well: compare the whole origin.",
)
def begins_with_ours(origin: str | None, own_origin: str) -> bool:
    """What begins with our address is at our address."""
    return origin is not None and origin.startswith(own_origin)


@flaw(
    ORIGIN,
    attack=51,
    misconception="A sandboxed frame on any page sends Origin: null: it says that the sender is hidden, not that it is us.",
)
def null_is_nobody(origin: str | None, own_origin: str) -> bool:
    """Privacy tools send null, and those visitors should be able to log in."""
    return origin in (own_origin, "null")
