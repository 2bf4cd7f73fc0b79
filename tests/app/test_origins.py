"""Who sent this form, and where a visitor may be sent: judged as a browser reads it, not as Python does."""

import hmac
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import pytest
from werkzeug.exceptions import BadRequest
from werkzeug.test import create_environ

from authlab.course.attacks.lesson_06_cross_site import leads_to
from authlab.devices import device_token
from authlab.lab.apps import ADA, LabApp
from authlab.origins import csrf_ok, csrf_token, origin_allowed, own_origin, safe_next
from authlab.responses import see_other

if TYPE_CHECKING:
    from hypothesis import settings

OWN = "https://lab.test"
OUR_HOSTS = ("lab.test", ".localhost", "127.0.0.1")
KEY = b"a key for tests, as long as it is"
OTHER_KEY = b"another one for tests, as long too"
# HMAC-SHA-256 of "csrf 5e55" under that key, as OpenSSL computes it.
TOKEN = "ecb1591b1500c9c5f6ebfec3027012a359d510ceb6385cadfe8a69da3627a336"


@pytest.fixture
def app() -> Iterator[LabApp]:
    app = LabApp()
    yield app
    app.close()


# own_origin


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("https", "lab.test", "https://lab.test"),
        ("https", "lab.test:444", "https://lab.test:444"),
        ("http", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http", "localhost:8000", "http://localhost:8000"),
        ("http", "authlab.localhost:8000", "http://authlab.localhost:8000"),
    ],
)
def test_our_origin_is_written_as_browsers_write_it(scheme: str, host: str, origin: str) -> None:
    """It is compared with what they send, letter by letter."""
    assert own_origin(scheme, host, OUR_HOSTS) == origin


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil-lab.test",
        "evil.lab.test",
        "lab.test.evil.test",
        "lab.test.",
        "lab.test@evil.test",
        "evil.test@lab.test",
        "lab.test/evil.test",
        "lab.test:evil.test",
        "lab.test:99999",
        "lab.test\r\n",
        "lab.test evil.test",
        "lab.test,evil.test",
        "xlocalhost",
        "localhost.evil.test",
        "127.0.0.10",
        "[::1]",
        "läb.test",
        "",
    ],
)
def test_a_name_that_is_not_ours_has_no_origin(host: str) -> None:
    """It would agree with an Origin of the sender's choice."""
    with pytest.raises(BadRequest):
        own_origin("https", host, OUR_HOSTS)


def test_without_a_list_no_name_is_ours() -> None:
    """An operator who leaves it empty by mistake is asked by nobody, and not by everybody."""
    with pytest.raises(BadRequest):
        own_origin("https", "lab.test", ())


# origin_allowed


def test_our_own_page_may_send_a_form() -> None:
    assert origin_allowed("https://lab.test", OWN)
    assert origin_allowed("http://localhost:8000", "http://localhost:8000")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "https://",
        "lab.test",
        "//lab.test",
        "http://lab.test",
        "wss://lab.test",
        "https://lab.test/",
        "https://lab.test:443",
        "https://lab.test:444",
        "https://lab.test.",
        "https://LAB.TEST",
        "https://www.lab.test",
        "https://evil.lab.test",
        "https://evil-lab.test",
        "https://lab.test.evil.test",
        "https://lab.test@evil.test",
        "https://evil.test@lab.test",
        "https://evil.test#https://lab.test",
        "https://evil.test https://lab.test",
        "https://lab.test, https://evil.test",
        " https://lab.test",
        "https://lab.test\n",
        "https://lab\u3002test",
        "https://läb.test",
        "\ud800",
        "https://lab.test" * 10_000,
    ],
)
def test_any_other_origin_may_not(origin: str | None) -> None:
    """A missing one included: every browser sends one with a form."""
    assert not origin_allowed(origin, OWN)


def test_one_text_is_our_origin_and_no_other(steady: "settings") -> None:
    """Whatever is put before it, behind it or into it."""
    from hypothesis import assume, given
    from hypothesis.strategies import builds, characters, text

    anything = text(characters(exclude_categories=()), max_size=6)

    @steady
    @given(anything | builds(f"{{}}{OWN}{{}}".format, anything, anything))
    def holds(origin: str) -> None:
        assume(origin != OWN)
        assert not origin_allowed(origin, OWN)

    holds()


# csrf_token, csrf_ok


def test_the_token_is_a_keyed_digest_of_the_session() -> None:
    """Anybody who has the key can compute it, with any tool, and nobody else."""
    assert csrf_token("5e55", KEY) == TOKEN


def test_each_session_and_each_key_has_its_own_token() -> None:
    """So Mallory's own is worth nothing in Ada's browser, and yesterday's nothing after a login."""
    assert csrf_token("5e56", KEY) != TOKEN
    assert csrf_token("5e55", OTHER_KEY) != TOKEN


def test_a_session_s_own_token_is_good() -> None:
    assert csrf_ok(TOKEN, "5e55", KEY)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "5e55",
        "true",
        TOKEN.upper(),
        TOKEN[:-1],
        TOKEN + "0",
        f" {TOKEN}",
        f"{TOKEN}\n",
        f"{TOKEN}\0",
        f"{TOKEN},{TOKEN}",
        TOKEN.replace("e", "\uff45"),
        "é",
        "€",
        "\ud800",
        "0" * 64,
        "0" * 1_000_000,
    ],
)
def test_what_is_not_the_token_is_refused_and_no_crash(sent: str | None) -> None:
    """`compare_digest` raises a TypeError for text beyond ASCII: here every text has an answer."""
    assert not csrf_ok(sent, "5e55", KEY)


def test_a_token_of_another_purpose_is_no_form_s_token() -> None:
    """One key signs several things: what it made for another purpose proves nothing here."""
    assert not csrf_ok(hmac.digest(KEY, b"5e55", "sha256").hex(), "5e55", KEY)
    assert not csrf_ok(device_token("5e55", "csrf", KEY).partition(".")[2], "5e55", KEY)


def test_no_made_up_text_is_a_token(steady: "settings") -> None:
    """Lone surrogates, NUL, emoji: an answer for each, and the answer is no."""
    from hypothesis import given
    from hypothesis.strategies import characters, text

    @steady
    @given(text(characters(exclude_categories=())) | text("0123456789abcdef", min_size=64, max_size=64))
    def holds(sent: str) -> None:
        assert csrf_ok(sent, "5e55", KEY) is (sent == TOKEN)

    holds()


# safe_next


@pytest.mark.parametrize(
    "wanted",
    [
        "/",
        "/devices",
        "/dashboard/settings?changed",
        "/members/member-1",
        "/members?q=ada&page=2",
        "/members?q=zo%C3%A9%20b",
        "/members?q=https://evil.test//x",
        "/members?q=%2F%2Fevil.test%0D%0A",
        "/handbook/first-week.html#monday",
        "/evil.test",
        "/https:evil.test",
        "/@evil.test",
        "/:80",
        "/;evil",
        "/.",
        "/..",
        "/" + "a" * 100_000,
    ],
)
@pytest.mark.parametrize("own", [OWN, "http://localhost:8000"])
def test_a_page_of_this_site_is_kept(wanted: str, own: str) -> None:
    """Whoever logs in goes on with what they had begun."""
    assert safe_next(wanted, own) == wanted
    assert leads_to(wanted, own) == own


@pytest.mark.parametrize("path", ["/a%21b", "/a%7eb", "/a%80b", "/caf%c3%a9"])
def test_an_encoded_character_that_is_no_blank_and_no_slash_is_part_of_a_path(path: str) -> None:
    """The neighbours of what is refused: `%20` and `%7f` are not let through, `%21`, `%7e` and `%80` are."""
    assert safe_next(path, OWN) == path


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        " ",
        "devices",
        "?next=/devices",
        "#devices",
        # another site, spelled out
        "https://evil.test",
        "https://evil.test/https://lab.test/",
        "https://lab.test.evil.test",
        "https://lab.test@evil.test",
        "https://lab.test:pass@evil.test/",
        "https://lab.test:444/",
        "ftp://evil.test",
        # without a scheme, or with half a one
        "//evil.test",
        "///evil.test",
        "////evil.test",
        "//lab.test@evil.test",
        "//",
        "https:evil.test",
        "https:/evil.test",
        "https:///evil.test",
        "http:evil.test",
        "HTTPS:evil.test",
        ":evil.test",
        # what is no page
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)//",
        "data:text/html,x",
        "mailto:mallory@evil.test",
        # the other slash, and letters that look like one
        "\\evil.test",
        "\\\\evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/\\\\evil.test",
        "/\uff0fevil.test",
        "/\u2215evil.test",
        "/\u3002\u3002/evil.test",
        # what browsers and libraries leave out
        "/\tevil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/\r\n/evil.test",
        "\t//evil.test",
        " //evil.test",
        "/\x00/evil.test",
        "/\x7f/evil.test",
        "/\x85/evil.test",
        "/\u200b/evil.test",
        "/ /evil.test",
        "\ufeff//evil.test",
        "java\nscript:alert(1)",
        "/devices\r\nSet-Cookie: a=b",
        "/devices\n",
        # the same, encoded: whoever decodes it once too often
        "/%09/evil.test",
        "/%0a/evil.test",
        "/%0D%0A/evil.test",
        "/%00/evil.test",
        "/%20/evil.test",
        "/%2f/evil.test",
        "/%2Fevil.test",
        "/%5cevil.test",
        "/%5C%5Cevil.test",
        # dots, which are gone when the slashes meet
        "/.//evil.test",
        "/..//evil.test",
        "/a/..//evil.test",
        "/%2e//evil.test",
        "/%2e%2e//evil.test",
        "/devices//evil.test",
        # no text that could be sent
        "/\ud800",
        "/é",
        "/" * 100_000,
        "/\t" * 50_000,
    ],
)
@pytest.mark.parametrize("own", [OWN, "http://localhost:8000"])
def test_everything_else_is_not(wanted: str | None, own: str) -> None:
    """A login page of ours that ends on a page of Mallory's is the best bait there is."""
    assert safe_next(wanted, own, default="/profile") == "/profile"


def test_the_other_page_is_the_caller_s_to_choose() -> None:
    """The login page puts nothing into its form, the login itself leads to the profile."""
    assert safe_next("//evil.test", OWN) == "/"
    assert safe_next("//evil.test", OWN, default="") == ""


@pytest.mark.parametrize("wanted", ["/a%21b", "/a%80b"])
def test_an_encoded_character_that_no_server_trips_over_is_kept(wanted: str) -> None:
    """`%20` and `%7f` are refused: a blank and a control character. Their neighbours hide nothing."""
    assert safe_next(wanted, OWN) == wanted


def test_wherever_it_sends_a_browser_stays_here(steady: "settings") -> None:
    """Out of all that browsers read generously, in any order: what is kept leads to a page of ours.

    Also in the Location that Werkzeug writes of it, which is not always the same text.
    """
    from hypothesis import given, settings
    from hypothesis.strategies import builds, lists, sampled_from

    pieces = ["/", "\\", "\t", "\n", "\x00", " ", ".", "..", "%2e", "%2f", "%5c", "%09", "%0d%0a", "@", ":"]
    pieces += ["?", "#", ";", "[", "]", "%", "https:", "http:", "javascript:", "evil.test", "lab.test", "a"]
    pieces += ["\u3002", "\uff0f", "\u200b", "\x85", "é"]
    texts = lists(sampled_from(pieces), max_size=7).map("".join)
    kept, environ = set(), create_environ()

    @settings(parent=steady, max_examples=2_000)
    @given(texts | builds("/{}".format, texts), sampled_from([OWN, "http://localhost:8000"]))
    def holds(wanted: str, own: str) -> None:
        chosen = safe_next(wanted, own, default="")
        assert chosen in ("", wanted)
        if chosen:
            kept.add(chosen)
            location = see_other(chosen).get_wsgi_headers(environ)["Location"]
            assert leads_to(chosen, own) == leads_to(location, own) == own

    holds()
    assert len(kept) > 100, "hardly anything that was made up is a page of ours"


def test_the_model_of_a_browser_finds_what_a_prefix_lets_through(steady: "settings") -> None:
    """Or the test above would prove nothing: a check of the first letters falls to it."""
    from hypothesis import find
    from hypothesis.strategies import lists, sampled_from

    texts = lists(sampled_from(["/", "\\", "\t", "evil.test"]), max_size=6).map("".join)
    looks_fine = find(
        texts,
        lambda text: (
            text.startswith("/") and not text.startswith("//") and leads_to(text) == "https://evil.test"
        ),
        settings=steady,
    )
    assert leads_to(looks_fine) == "https://evil.test"
    assert safe_next(looks_fine, OWN) == "/"


@pytest.mark.parametrize(
    "wanted", ["//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)"]
)
def test_the_login_page_does_not_keep_where_it_will_not_lead(app: LabApp, wanted: str) -> None:
    """What is not in the form is not sent with it."""
    page = app.browser().get("/login", params={"next": wanted})
    assert page.status_code == 200
    assert 'name="next"' not in page.text
    assert "evil.test" not in page.text


def test_the_login_page_keeps_where_the_visitor_wanted_to_go(app: LabApp) -> None:
    """As text: a wish that closes the attribute opens nothing."""
    ada, wanted = app.browser(), '/members?q="><script>alert(1)</script>'
    page = ada.get("/login", params={"next": wanted})
    assert f'name="next" value="{escape(wanted).replace("&quot;", "&#34;")}"' in page.text
    answer = ada.post("/login", {"email": ADA[1], "password": ADA[2], "next": wanted})
    assert answer.headers["Location"] == "/members?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
