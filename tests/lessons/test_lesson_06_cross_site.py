"""Checks of lesson 6. Read them: a check says what is asked for, and why it matters."""

import hashlib
import hmac
import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.course.mounting import slot_of
from authlab.lab.apps import GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.origins import csrf_ok, csrf_token, origin_allowed, safe_next

MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
MALLORYS_PAGES = ("https://evil.test", "https://evil.lab.test")


@exercise("6.1")
class TestFromAPageOfOurs:
    def test_our_own_page_is_believed(self) -> None:
        """Visitors send our own forms all day."""
        assert origin_allowed("https://lab.test", "https://lab.test") is True
        assert origin_allowed("http://localhost:8000", "http://localhost:8000") is True

    @judging.request(
        'browser.page = "https://evil.test"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_another_site_is_refused(self) -> None:
        """A login form needs no cookie: a page of Mallory's signs you in as Mallory, and what you then write
        is written into Mallory's account."""
        assert origin_allowed("https://evil.test", "https://lab.test") is False
        assert origin_allowed("https://lab.test", "https://shop.test") is False

    @judging.request(
        'browser.page = "https://evil-lab.test"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_a_name_that_ends_like_ours_is_another_site(self) -> None:
        """Anybody can register evil-lab.test."""
        assert origin_allowed("https://evil-lab.test", "https://lab.test") is False

    @judging.request(
        'browser.page = "https://lab.test.evil.test"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_a_name_that_begins_like_ours_is_another_site(self) -> None:
        """Whoever has evil.test has every name before it, too."""
        assert origin_allowed("https://lab.test.evil.test", "https://lab.test") is False

    @judging.request(
        'browser.page = "https://evil.lab.test"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_a_host_under_our_name_is_another_origin(self) -> None:
        """A forgotten host is taken over by whoever notices first, and SameSite lets it send our cookies."""
        assert origin_allowed("https://evil.lab.test", "https://lab.test") is False
        assert origin_allowed("https://www.lab.test", "https://lab.test") is False

    @judging.request(
        'browser.page = "http://lab.test"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_another_scheme_is_another_origin(self) -> None:
        """A page over http can be written by whoever runs the network it comes through."""
        assert origin_allowed("http://lab.test", "https://lab.test") is False

    def test_another_port_is_another_origin(self) -> None:
        """Another program listens there, which somebody else may have written."""
        assert origin_allowed("https://lab.test:8443", "https://lab.test") is False
        assert origin_allowed("http://localhost:8888", "http://localhost:8000") is False
        assert origin_allowed("https://lab.test:80", "https://lab.test") is False

    @judging.request(
        'browser.page = "null"',
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code',
        closed=403,
    )
    def test_a_hidden_sender_is_refused(self) -> None:
        """Every page can hold a sandboxed frame, whose origin is "null"."""
        assert origin_allowed("null", "https://lab.test") is False

    def test_a_missing_origin_is_refused(self) -> None:
        """Every browser sends the header with a form. What does not say where it comes from is not let in on
        the chance that it is old."""
        assert origin_allowed(None, "https://lab.test") is False

    def test_a_piece_of_our_origin_is_not_our_origin(self) -> None:
        """`in` asks a list whether something is in it. Of a text it asks whether this is a piece of it, and
        an empty text is a piece of every text."""
        assert origin_allowed("https://lab", "https://lab.test") is False
        assert origin_allowed("", "https://lab.test") is False
        assert origin_allowed("https://lab.test", "https://lab.test:8443") is False

    def test_more_than_our_origin_is_not_our_origin(self) -> None:
        """Browsers write an origin with no path and no user's name. What took it apart would find our name in
        all of these, and has not looked at the rest."""
        assert origin_allowed("https://lab.test/devices", "https://lab.test") is False
        assert origin_allowed("https://evil@lab.test", "https://lab.test") is False
        assert origin_allowed("https://lab.test/", "https://lab.test") is False
        assert origin_allowed("https://lab.test?", "https://lab.test") is False

    def test_two_origins_are_not_ours(self) -> None:
        """The header could once list the pages that a request came by. One of two is not the sender."""
        assert origin_allowed("https://lab.test https://evil.test", "https://lab.test") is False
        assert origin_allowed("https://evil.test https://lab.test", "https://lab.test") is False
        assert origin_allowed("https://evil.test, https://lab.test", "https://lab.test") is False

    def test_a_letter_beyond_ascii_is_refused_and_no_crash(self) -> None:
        """A header can carry one, and whoever sends it is no browser: an error inside is a 500 outside, and a
        log full of crashes that anybody can write into."""
        assert origin_allowed("https://lab.test\xe9", "https://lab.test") is False

    def test_half_a_bracket_is_refused_and_no_crash(self) -> None:
        """Brackets are for the numbers of hosts. `urlsplit` raises a ValueError where one is left open."""
        assert origin_allowed("https://[lab.test", "https://lab.test") is False

    def test_a_header_is_compared_by_its_letters(self) -> None:
        """`is` asks whether two names mean one object. What came in a header is another object than what
        stands in the settings, with the same letters, and every honest form would be refused."""
        assert origin_allowed("".join(["https://", "lab.test"]), "https://lab.test") is True

    def test_a_name_that_looks_like_ours_is_another_site(self) -> None:
        """In a pattern a dot stands for any letter, and lab-test can be bought. A dot at the end is another
        name, too."""
        assert origin_allowed("https://lab-test", "https://lab.test") is False
        assert origin_allowed("https://lab.test.", "https://lab.test") is False


class Digest:
    """A digest as `hashlib` makes one, which notes all that it is fed."""

    def __init__(self, digest: Any, fed: list[bytes]) -> None:
        self._digest, self._fed, self._number = digest, fed, len(fed)
        fed.append(b"")

    def update(self, data: bytes) -> None:
        self._fed[self._number] += bytes(data)
        self._digest.update(data)

    def copy(self) -> "Digest":
        copy = Digest(self._digest.copy(), self._fed)
        self._fed[copy._number] = self._fed[self._number]
        return copy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._digest, name)


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], list[bytes]]:
    """A function that returns the texts with key and id in them of which a token is a digest."""
    fed: list[bytes] = []

    def noting(make: Callable[..., Any]) -> Callable[..., Digest]:
        def make_and_note(data: bytes = b"", **options: Any) -> Digest:
            digest = Digest(make(**options), fed)
            digest.update(data)
            return digest

        return make_and_note

    # Where `from hashlib import sha256` may have put it: the answer, and what of the package it calls.
    namespaces = [inspect.unwrap(slot_of("authlab.origins:csrf_token").mounted).__globals__]
    namespaces += [vars(module) for name, module in sys.modules.items() if name.startswith("authlab.")]
    for name in ("md5", "sha1", "sha256", "sha384", "sha512"):  # the newer ones cannot be continued
        make = getattr(hashlib, name)
        monkeypatch.setattr(hashlib, name, noting(make))
        for namespace in namespaces:
            for imported in [own for own, value in namespace.items() if value is make]:
                monkeypatch.setitem(namespace, imported, noting(make))

    def of_a_token(session_id: str, key: bytes) -> list[bytes]:
        fed.clear()
        csrf_token(session_id, key)
        keys = (key, key.hex().encode())
        return [text for text in fed if any(one in text for one in keys) and session_id.encode() in text]

    return of_a_token


@exercise("6.2")
class TestATextThatOnlyOurPagesKnow:
    def test_it_is_64_hexadecimal_digits(self) -> None:
        """It stands in a page and in a header as it is, and tells whoever reads it nothing: the id of the
        session least of all."""
        assert isinstance(csrf_token("5e55", b"k" * 32), str)
        assert len(csrf_token("5e55", b"k" * 32)) == 64
        assert csrf_token("5e55", b"k" * 32).strip("0123456789abcdef") == ""

    def test_one_session_has_one_token(self) -> None:
        """It is computed once for the page and once more when the form arrives. Two that differ refuse every
        honest form, or have to be noted somewhere."""
        assert csrf_token("5e55", b"k" * 32) == csrf_token("5e55", b"k" * 32)

    @judging.request(
        "grace, mallory = app.browser(), browser",
        'grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})',
        'mallory.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'form = {"phone": "666", "csrf": mallory.form_token()}',
        'grace.post("/members/member-2/phone", form).status_code',
        closed=403,
    )
    def test_another_session_has_another_token(self) -> None:
        """Mallory has an account, and reads the token of Mallory's own forms. It must be worth nothing in
        Grace's."""
        assert len({csrf_token("5e55", b"k" * 32), csrf_token("5e56", b"k" * 32)}) == 2

    def test_the_whole_id_counts(self) -> None:
        """Ids that begin alike, or end alike, are two sessions."""
        assert len({csrf_token("5e55" * 8 + "1", b"k" * 32), csrf_token("5e55" * 8 + "2", b"k" * 32)}) == 2
        assert len({csrf_token("1" + "5e55" * 8, b"k" * 32), csrf_token("2" + "5e55" * 8, b"k" * 32)}) == 2

    def test_every_digit_counts(self) -> None:
        """A short sum that is filled up to 64 digits is as easy to guess as the short sum."""
        tokens = [csrf_token(session, b"k" * 32) for session in ("5e55", "9a9a", "1234", "c0de", "f00d")]
        assert len({token[:8] for token in tokens}) == 5
        assert len({token[-8:] for token in tokens}) == 5

    def test_another_key_gives_another_token(self) -> None:
        """The key is what Mallory does not have. Without it in the token, the id of a session is enough."""
        assert len({csrf_token("5e55", b"k" * 32), csrf_token("5e55", b"o" * 32)}) == 2

    def test_a_long_key_is_a_key_to_its_end(self) -> None:
        """An operator's secret may be longer than 32 bytes, and all of it counts."""
        assert len({csrf_token("5e55", b"k" * 99 + b"1"), csrf_token("5e55", b"k" * 99 + b"2")}) == 2

    def test_every_byte_of_the_key_counts(self) -> None:
        """A key is random bytes, and most of those are no text in any encoding."""
        assert len({csrf_token("5e55", b"\xfe" * 32), csrf_token("5e55", b"\xff" * 32)}) == 2

    def test_an_id_counts_as_it_is_written(self) -> None:
        """Space and capitals are letters of an id like all the others."""
        assert len({csrf_token("5e55", b"k" * 32), csrf_token("5E55", b"k" * 32)}) == 2
        assert len({csrf_token("5e55", b"k" * 32), csrf_token("5e55 ", b"k" * 32)}) == 2

    def test_the_key_is_not_glued_to_the_id(self) -> None:
        """Key k…k1 and id 5e55, key k…k and id 15e55: glued together they are one text. They are two."""
        assert len({csrf_token("5e55", b"k" * 32 + b"1"), csrf_token("15e55", b"k" * 32)}) == 2
        assert len({csrf_token("5e55", b"1" + b"k" * 32), csrf_token("5e551", b"k" * 32)}) == 2

    def test_the_digest_itself_has_a_key(self, digested: Callable[[str, bytes], list[bytes]]) -> None:
        """What is listed was digested as one text, key and all. Such a digest can be continued where its text
        ends, without the key. HMAC keeps the key apart."""
        assert digested("5e55", b"k" * 32) == []

    def test_what_was_signed_for_another_purpose_is_no_token(self) -> None:
        """The same key signs other things. A signature over the bare id, made for one of them, is no token of
        a form."""
        bare = hmac.new(b"k" * 32, b"5e55", "sha256").hexdigest()
        assert len({csrf_token("5e55", b"k" * 32), bare}) == 2


def wide(token: str) -> str:
    """Return a token in the wide letters of Unicode, each of which is a plain one to NFKC."""
    return "".join(chr(ord(digit) - ord("!") + ord("\uff01")) for digit in token)


@exercise("6.3")
class TestIsThisTheTokenOfThisSession:
    def test_the_token_of_this_session_is_good(self) -> None:
        """Whoever sends a form of our page sends this."""
        assert csrf_ok(csrf_token("5e55", b"k" * 32), "5e55", b"k" * 32) is True
        assert csrf_ok(csrf_token("9a9a", b"o" * 40), "9a9a", b"o" * 40) is True

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'no_token = {"data": "phone=666", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}',
        'browser.post("/members/member-1/phone", **no_token).status_code',
        closed=403,
    )
    def test_a_form_without_the_field_is_refused(self) -> None:
        """Whoever forges a form leaves out what is hard to forge."""
        assert csrf_ok(None, "5e55", b"k" * 32) is False

    def test_an_empty_field_is_refused(self) -> None:
        """Or fills in nothing."""
        assert csrf_ok("", "5e55", b"k" * 32) is False

    def test_the_token_of_another_session_is_refused(self) -> None:
        """Mallory's own token is a good one: in Mallory's session."""
        assert csrf_ok(csrf_token("ma11", b"k" * 32), "5e55", b"k" * 32) is False

    def test_the_id_itself_is_no_token(self) -> None:
        """The id of a session is in its token of lesson 3, readable. It is not what the forms carry."""
        assert csrf_ok("5e55", "5e55", b"k" * 32) is False

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.post("/members/member-1/phone", {"phone": "1843", "csrf": "é"}).status_code',
        closed=403,
    )
    def test_a_letter_beyond_ascii_is_refused_and_no_crash(self) -> None:
        """One letter é in the field: a TypeError inside, a 500 outside, and a log full of crashes that
        anybody can write into."""
        assert csrf_ok("é", "5e55", b"k" * 32) is False
        assert csrf_ok("é" * 64, "5e55", b"k" * 32) is False

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.post("/members/member-1/phone", {"phone": "1843", "csrf": "€"}).status_code',
        closed=403,
    )
    def test_a_letter_beyond_latin_1_is_refused_and_no_crash(self) -> None:
        """Latin-1 has an é. It has no € and no 🔑."""
        assert csrf_ok("€", "5e55", b"k" * 32) is False
        assert csrf_ok("🔑", "5e55", b"k" * 32) is False

    def test_half_a_letter_is_refused_and_no_crash(self) -> None:
        """Half of a pair of UTF-16 has no bytes in UTF-8, and a text can hold one: JSON writes it as six
        letters, and Python reads it."""
        assert csrf_ok("\ud800", "5e55", b"k" * 32) is False

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.post("/members/member-1/phone", {"phone": "1843", "csrf": "zz"}).status_code',
        closed=403,
    )
    def test_what_is_not_hexadecimal_is_refused_and_no_crash(self) -> None:
        """Our tokens are hexadecimal. What is sent may be anything."""
        assert csrf_ok("zz", "5e55", b"k" * 32) is False
        assert csrf_ok("abc", "5e55", b"k" * 32) is False

    def test_a_part_of_the_token_is_not_the_token(self) -> None:
        """A part can be guessed a digit at a time, and the shortest part is no digit at all."""
        assert csrf_ok(csrf_token("5e55", b"k" * 32)[:1], "5e55", b"k" * 32) is False
        assert csrf_ok(csrf_token("5e55", b"k" * 32)[:-1], "5e55", b"k" * 32) is False

    def test_a_letter_too_many_is_refused(self) -> None:
        """What was sent is compared as it was sent."""
        assert csrf_ok(csrf_token("5e55", b"k" * 32) + "0", "5e55", b"k" * 32) is False
        assert csrf_ok(csrf_token("5e55", b"k" * 32) + "é", "5e55", b"k" * 32) is False
        assert csrf_ok(csrf_token("5e55", b"k" * 32) + "\ud800", "5e55", b"k" * 32) is False

    def test_it_is_compared_as_it_was_sent(self) -> None:
        """Our pages send it as we wrote it. What had to be tidied first came from elsewhere."""
        assert csrf_ok(csrf_token("5e55", b"k" * 32) + " ", "5e55", b"k" * 32) is False
        assert csrf_ok("\n" + csrf_token("5e55", b"k" * 32), "5e55", b"k" * 32) is False
        assert csrf_ok("0, " + csrf_token("5e55", b"k" * 32), "5e55", b"k" * 32) is False
        assert csrf_ok(csrf_token("5e55", b"k" * 32) + "\0", "5e55", b"k" * 32) is False
        assert csrf_ok(csrf_token("5e55", b"k" * 32).upper(), "5e55", b"k" * 32) is False

    def test_a_digit_that_looks_like_ours_is_another_digit(self) -> None:
        """Unicode has wide digits, which NFKC makes plain ones. That is for names that people type, and our
        token was typed by nobody."""
        assert csrf_ok(wide(csrf_token("5e55", b"k" * 32)), "5e55", b"k" * 32) is False

    def test_it_is_good_for_the_next_form_too(self) -> None:
        """One session has one token: a page with two forms carries it twice, and so does the next page."""
        csrf_ok(csrf_token("2f0a", b"k" * 32), "2f0a", b"k" * 32)
        assert csrf_ok(csrf_token("2f0a", b"k" * 32), "2f0a", b"k" * 32) is True


class Lured(NamedTuple):
    """A form that Grace's browser sent from a page of Mallory's."""

    page: str
    path: str
    csrf: str
    status: int


def grace_is_lured(
    app: LabApp, sent: list[Lured] | None = None
) -> tuple[Callable[[str, str, dict[str, str]], None], Browser]:
    """Return what 6.4 is handed: pages that Grace opens, and Mallory's own browser."""
    grace, mallory = app.browser(), app.browser()
    grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    mallory.post("/signup", MALLORY)

    def lure(page: str, path: str, fields: dict[str, str]) -> None:
        if page not in MALLORYS_PAGES:
            raise ValueError(f"Mallory has no page at {page}, but at {' and '.join(MALLORYS_PAGES)}")
        grace.page = page
        answer = grace.post(path, fields)
        mallory.history.append(f"Grace, at {page}: {grace.history[-1]}")
        if sent is not None:
            token = fields.get("csrf")
            csrf = (
                "none" if token is None else "the right one" if token == mallory.form_token() else "another"
            )
            sent.append(Lured(page, path, csrf, answer.status_code))

    return lure, mallory


def forms_of_grace() -> list[Lured]:
    """Return what Grace's browser sends when the answer to 6.4 meets the app with the hole."""
    sent: list[Lured] = []
    try:
        judging.attack_wins("6.4", cast=lambda app: grace_is_lured(app, sent))
    except AssertionError as failed:
        if ", against " in str(failed):  # it crashed, and that is told first
            raise
    return sent


@exercise("6.4")
class TestByGracesHand:
    def test_grace_sends_a_form(self) -> None:
        """Your own request comes with your own cookie, and you are no admin. It is Grace whose word counts
        here."""
        assert forms_of_grace(), "forge_a_form(lure, mallory): expected a form that Grace sends, got none"

    def test_her_cookie_comes_along(self) -> None:
        """For SameSite, `evil.test` is another site than `lab.test`, and the cookie stays at home."""
        pages = " and ".join(sorted({form.page for form in forms_of_grace()}))
        assert "evil.lab.test" in pages, (
            f"forge_a_form(lure, mallory): expected a form from a page whose forms carry Grace's cookie, "
            f"got one from {pages or 'no page'}"
        )

    def test_it_is_the_form_for_a_role(self) -> None:
        """A page of another site reads nothing that the app answers. It can have something done: after it,
        `/admin` must be open to you."""
        paths = " and ".join(sorted({form.path for form in forms_of_grace()}))
        assert "/admin/users/4/role" in paths, (
            f"forge_a_form(lure, mallory): expected the form that gives member 4 a role, "
            f"got one to {paths or 'no address'}"
        )

    def test_the_form_carries_the_token(self) -> None:
        """Grace's browser adds the cookie. The fields are yours to write, and the app wants one that is
        called `csrf`."""
        tokens = {form.csrf for form in forms_of_grace()}
        assert "the right one" in tokens, (
            f"forge_a_form(lure, mallory): expected the token of the app's forms as `csrf`, "
            f"got {' and '.join(sorted(tokens)) or 'no form'}"
        )

    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """When Grace's browser has done its part, you are an admin. What is left is to open the page in your
        own browser, and to return its text."""
        judging.attack_wins("6.4", cast=grace_is_lured)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where only our own origin is believed, and each session has a token of its own, the same form is
        refused."""
        judging.attack_loses("6.4", cast=grace_is_lured)


@exercise("6.5")
class TestWhereToAfterTheLogin:
    def test_a_page_of_this_site_is_kept(self) -> None:
        """Whoever logs in goes on with what they had begun, query included."""
        assert safe_next("/devices", "https://lab.test") == "/devices"
        assert safe_next("/dashboard/settings", "https://lab.test", "/profile") == "/dashboard/settings"
        assert safe_next("/members?q=ada&page=2", "https://lab.test") == "/members?q=ada&page=2"
        assert safe_next("/", "https://lab.test", "/profile") == "/"
        assert safe_next("/devices", "http://localhost:8000") == "/devices"

    def test_capitals_stay_capitals(self) -> None:
        """To a server `/Ada` and `/ada` are two pages, and a visitor who looked for Ada wants to find her."""
        assert safe_next("/members?q=Ada", "https://lab.test") == "/members?q=Ada"
        assert safe_next("/members/Ada", "https://lab.test") == "/members/Ada"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "/%2Fevil.test"}',
        'browser.post("/login", form).headers["Location"] == "//evil.test"',
        closed=False,
    )
    def test_what_is_encoded_stays_encoded(self) -> None:
        """`%2F` is no slash until somebody decodes it. You may refuse it or return it: decoded, it is another
        address, and nobody has looked at that one."""
        assert {safe_next("/%2Fevil.test", "https://lab.test")} - {"/%2Fevil.test", "/"} == set()

    def test_a_value_stays_encoded_too(self) -> None:
        """`%26` is a letter of a value, and `&` is where the next begins. You may refuse it or return it."""
        assert {safe_next("/members?q=%26", "https://lab.test")} - {"/members?q=%26", "/"} == set()

    def test_dots_stay_dots(self) -> None:
        """Where two dots lead is the browser's to find out. You may refuse them: what is put in order is not
        what was written."""
        assert {safe_next("/members/../devices", "https://lab.test")} - {"/members/../devices", "/"} == set()

    def test_nothing_wanted_is_the_other_page(self) -> None:
        """Most visitors log in without having wanted anything else. Which page that is, the caller says."""
        assert safe_next(None, "https://lab.test") == "/"
        assert safe_next(None, "https://lab.test", "/profile") == "/profile"
        assert safe_next("", "https://lab.test", "/profile") == "/profile"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "https://evil.test"}',
        'browser.post("/login", form).headers["Location"]',
        closed="/profile",
    )
    def test_another_site_is_not_a_page_of_ours(self) -> None:
        """A login page of ours that ends on a page of Mallory's is the best bait there is: "your password was
        wrong, please type it again"."""
        assert safe_next("https://evil.test", "https://lab.test") == "/"
        assert safe_next("https://example.com/login", "https://lab.test", "/profile") == "/profile"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "//evil.test"}',
        'browser.post("/login", form).headers["Location"]',
        closed="/profile",
    )
    def test_two_slashes_lead_to_another_site(self) -> None:
        """What begins with two slashes is an address without its scheme, and the scheme is all that stays."""
        assert safe_next("//evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("//example.com/devices", "https://lab.test", "/profile") == "/profile"

    def test_a_backslash_is_as_good_as_a_slash(self) -> None:
        """To a browser, not to Python: `urlsplit` takes all of these for paths."""
        assert safe_next("/\\evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("\\\\evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("\\/evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("\\devices", "https://lab.test", "/profile") == "/profile"
        assert safe_next("/\\/example.com", "https://lab.test", "/profile") == "/profile"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "/\\t/evil.test"}',
        'browser.post("/login", form).headers["Location"]',
        closed="/profile",
    )
    def test_what_browsers_leave_out_does_not_count(self) -> None:
        """A tab is gone before the address is read, and the slashes meet. In a link it is written %09."""
        assert safe_next("/\t/evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("/\t\\evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("\t//evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next(" //evil.test", "https://lab.test", "/profile") == "/profile"

    def test_a_line_break_is_left_out_too(self) -> None:
        """There are two of them, and in a header of the answer each would be the end of that header."""
        assert safe_next("/\n/evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("/\r/evil.test", "https://lab.test", "/profile") == "/profile"

    def test_what_begins_with_no_slash_is_no_path(self) -> None:
        """Where `devices` leads depends on the page that somebody comes from. A path says it by itself."""
        assert safe_next("devices", "https://lab.test", "/profile") == "/profile"
        assert safe_next("?q=ada", "https://lab.test", "/profile") == "/profile"
        assert safe_next("#end", "https://lab.test", "/profile") == "/profile"

    def test_our_whole_address_is_no_path(self) -> None:
        """It leads to us today. A path still does when the name is another, and there is one form less to
        look at."""
        assert safe_next("https://lab.test/devices", "https://lab.test", "/profile") == "/profile"

    def test_space_in_front_is_not_taken_away(self) -> None:
        """It begins with no slash, so it is no path, and nothing is mended."""
        assert safe_next(" /devices", "https://lab.test", "/profile") == "/profile"
        assert safe_next("\t/devices", "https://lab.test", "/profile") == "/profile"

    def test_a_line_break_at_the_end_is_no_part_of_a_path(self) -> None:
        """The last character counts as well: a header of the answer ends there, and the next line would be
        Mallory's. (`$` in a pattern stands for the end, and also for the place before a last line break.)"""
        assert safe_next("/devices\n", "https://lab.test", "/profile") == "/profile"
        assert safe_next("/members?q=ada\n", "https://lab.test", "/profile") == "/profile"

    def test_more_slashes_are_as_good_as_two(self) -> None:
        """Python reads a host without a name and a path. A browser reads evil.test."""
        assert safe_next("///evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("////example.com", "https://lab.test", "/profile") == "/profile"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "http:evil.test"}',
        'browser.post("/login", form).headers["Location"]',
        closed="/profile",
    )
    def test_a_scheme_needs_no_slashes(self) -> None:
        """`urlsplit` finds no host in these, and a browser goes there."""
        assert safe_next("http:evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("https:evil.test", "http://localhost:8000", "/profile") == "/profile"

    @judging.request(
        'form = {"email": ADA[1], "password": ADA[2], "next": "https://lab.test.evil.test"}',
        'browser.post("/login", form).headers["Location"]',
        closed="/profile",
    )
    def test_our_address_in_front_proves_nothing(self) -> None:
        """The one is a host of evil.test, the other gives evil.test a user name: lab.test."""
        assert safe_next("https://lab.test.evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("https://lab.test@evil.test/", "https://lab.test", "/profile") == "/profile"

    def test_what_is_no_page_is_refused(self) -> None:
        """In a link on a page, `javascript:` would run Mallory's script as ours."""
        assert safe_next("javascript:alert(1)", "https://lab.test", "/profile") == "/profile"

    def test_nothing_is_mended(self) -> None:
        """What is taken out of an address brings other pieces together: `///` without `//` is a slash,
        `/////` is two and more."""
        assert safe_next("/////evil.test", "https://lab.test", "/profile") == "/profile"
        assert safe_next("/\t/\t/evil.test", "https://lab.test", "/profile") == "/profile"

    def test_every_path_of_this_site_is_kept(self) -> None:
        """A page can have a number in its name, a slash at its end, or nothing before its query."""
        assert safe_next("/members/member-3", "https://lab.test") == "/members/member-3"
        assert safe_next("/devices/", "https://lab.test", "/profile") == "/devices/"
        assert safe_next("/?page=2", "https://lab.test", "/profile") == "/?page=2"

    def test_half_a_bracket_leads_nowhere_and_is_no_crash(self) -> None:
        """Brackets are for the numbers of hosts. `urlsplit` raises a ValueError where one is left open, and
        the login that follows such a link is a 500."""
        assert safe_next("//[evil.test", "https://lab.test", "/profile") == "/profile"


@exercise("6.6")
class TestATestThatFindsTheWayOut:
    def test_it_spares_right_versions(self) -> None:
        """A test that fails or crashes on a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("6.6")

    def test_it_catches_the_wrong_versions_of_this_lesson(self) -> None:
        """Each of them works, but for one thing. What a test does not ask for, it lets pass."""
        judging.proof_catches_the_taught("6.6")
