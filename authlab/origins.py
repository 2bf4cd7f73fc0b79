"""Where a request comes from: our own pages, or somebody else's (lesson 6)."""


def origin_allowed(origin: str | None, own_origin: str) -> bool:
    """Return whether a form that changes something was sent by one of our own pages.

    `origin` is the request's Origin header; browsers send it with every POST, and a page cannot
    forge it. A missing one, and `"null"`, are refused: whole-string equality or nothing.

    Source: OWASP, Cross-Site Request Forgery Prevention; ASVS 3.5.1.
    """
    return origin == own_origin
