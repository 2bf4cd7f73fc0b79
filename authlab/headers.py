"""Security headers (lesson 11), the same on every response: pages, errors, redirects, JSON."""

from werkzeug.wrappers import Response

SECURITY_HEADERS = {
    # Scripts and styles from our own files only: injected markup has nothing to run.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def harden(response: Response) -> Response:
    """Return `response` with the security headers, and kept out of every
    cache unless it says otherwise.

    - Each of `SECURITY_HEADERS` is in it once, with the value it has there:
      in pages, redirects, errors and JSON alike.
    - A response that says nothing of caches gets `Cache-Control: no-store`: a
      page behind a login that a cache keeps is a page for everybody. One that
      has a `Cache-Control` of its own keeps it. (Our own style sheet says
      `no-cache`: keep a copy, and ask before you use it.)
    - `Vary` names `Cookie`, beside what it named before: whoever keeps a copy
      all the same learns that it is for one visitor.

    Everything else stays as it is: status, body, other headers, and every
    cookie that the response sets.

    Source: ASVS 3.4, 14.2.2, 14.3.2; RFC 9111, section 5.2.
    """
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response
