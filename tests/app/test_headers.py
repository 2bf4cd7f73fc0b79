"""The headers that every answer leaves with: word for word, once each, and beside what is there already."""

from werkzeug.wrappers import Response

from authlab.headers import harden

# As the specifications write them: a directive that is misspelled is one that browsers pass over.
EXPECTED = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Vary", "Cookie"),
]


def left_with(response: Response) -> list[tuple[str, str]]:
    """The headers that a response leaves with, but for what its body is."""
    assert harden(response) is response
    return [(name, value) for name, value in response.headers if not name.startswith("Content-Type")]


def test_an_answer_leaves_with_exactly_these() -> None:
    assert left_with(Response()) == EXPECTED


def test_an_answer_that_is_hardened_twice_has_each_of_them_once() -> None:
    """A header that comes twice is read as browsers please."""
    assert left_with(harden(Response())) == EXPECTED


def test_a_weaker_one_that_is_there_already_is_replaced() -> None:
    response = Response(headers={"content-security-policy": "default-src *", "Referrer-Policy": "unsafe-url"})
    assert sorted(left_with(response)) == sorted(EXPECTED)


def test_what_says_something_of_caches_keeps_it() -> None:
    """And what it varies with already, it still does."""
    response = Response(headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"})
    headers = dict(left_with(response))
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Vary"] == "Accept-Language, Cookie"
