"""Security headers, the same on every response: pages, errors, redirects, JSON."""

from werkzeug.wrappers import Response

_ON_EVERY_RESPONSE = {
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
    """Return `response` with the security headers, kept out of every cache unless it says otherwise.

    no-store by default: a page behind a login that a shared cache keeps is a page for everybody.
    """
    response.headers.update(_ON_EVERY_RESPONSE)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response
