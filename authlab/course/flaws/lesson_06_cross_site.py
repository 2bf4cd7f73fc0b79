"""Wrong ways to tell our own pages from somebody else's, and to say where a visitor may be sent."""

import hashlib
import hmac
import itertools
import json
import posixpath
import re
import unicodedata
import zlib
from collections.abc import Callable, Collection
from hashlib import sha256  # as some answers do
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit

from werkzeug.exceptions import BadRequest, UnprocessableEntity, UnsupportedMediaType
from werkzeug.routing import Map, Rule

from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.lab.browser import Browser
from authlab.middleware import Policy
from authlab.origins import csrf_token
from authlab.request import Request
from authlab.routes import ROUTES

OWN_ORIGIN = "authlab.origins:own_origin"
ORIGIN = "authlab.origins:origin_allowed"
CSRF_TOKEN = "authlab.origins:csrf_token"
CSRF_OK = "authlab.origins:csrf_ok"
SAFE_NEXT = "authlab.origins:safe_next"
JSON_BODY = "authlab.api:json_body"
URL_MAP = "authlab.routes:url_map"
CLASSIFY = "authlab.middleware:classify"
LOGIN_PAGE = "authlab.middleware:login_page"
FORGERY = "authlab.course.kata.lesson_06_cross_site:forge_a_form"
PROOF = "authlab.course.kata.lesson_06_cross_site:prove_safe_next"


# origin_allowed


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_another_site_is_refused",
    misconception="SameSite keeps a session cookie at home; a login form needs no cookie to do harm.",
)
def same_site_suffices(origin: str | None, own_origin: str) -> bool:
    """The cookie is SameSite=Lax, so no other site can act for the visitor."""
    return True


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_a_name_that_ends_like_ours_is_another_site",
    misconception="evil-lab.test ends with lab.test as well: compare the whole origin.",
)
def ends_with_our_name(origin: str | None, own_origin: str) -> bool:
    """Our subdomains are ours, and their names end with ours."""
    return origin is not None and origin.endswith(urlsplit(own_origin).netloc)


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_a_name_that_begins_like_ours_is_another_site",
    misconception="lab.test.evil.test begins with our name as well: compare the whole origin.",
)
def begins_with_ours(origin: str | None, own_origin: str) -> bool:
    """What begins with our address is at our address."""
    return origin is not None and origin.startswith(own_origin)


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_a_hidden_sender_is_refused",
    misconception="A sandboxed frame on any page sends Origin: null: it says that the sender is hidden, not that it is us.",
)
def null_is_nobody(origin: str | None, own_origin: str) -> bool:
    """Privacy tools send null, and those visitors should be able to log in."""
    return origin in (own_origin, "null")


def _from_our_site(origin: str | None, own_origin: str) -> bool:
    name, ours = urlsplit(origin or "").hostname or "", str(urlsplit(own_origin).hostname)
    return name == ours or name.endswith(f".{ours}")


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_a_host_under_our_name_is_another_origin",
    misconception="A forgotten blog on blog.lab.test, taken over by a stranger, is under our name, too: a host beside us is another origin.",
)
def hosts_under_our_name(origin: str | None, own_origin: str) -> bool:
    """Who is under our name in the DNS is one of us, and the dot keeps evil-lab.test out."""
    return _from_our_site(origin, own_origin)


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_a_name_that_ends_like_ours_is_another_site",
    misconception="Our name can stand anywhere in a name of Mallory's: compare the whole origin.",
)
def has_our_name_in_it(origin: str | None, own_origin: str) -> bool:
    """What speaks of lab.test is from lab.test."""
    return str(urlsplit(own_origin).hostname) in (origin or "")


@flaw(
    ORIGIN,
    attack=51,
    caught_by="test_another_scheme_is_another_origin",
    misconception="Over http anybody on the way can write a page of ours, and another port is another program: the name alone is no origin.",
)
def the_name_is_enough(origin: str | None, own_origin: str) -> bool:
    """The name says who it is; http or https, and which port, is how they talk."""
    return urlsplit(origin or "").hostname == urlsplit(own_origin).hostname


@flaw(
    ORIGIN,
    caught_by="test_a_missing_origin_is_refused",
    misconception="Every browser sends an Origin with a POST: what comes without one is no form of ours.",
)
def missing_is_fine(origin: str | None, own_origin: str) -> bool:
    """Old browsers send no Origin, and their owners must be able to log in."""
    return origin is None or origin == own_origin


@flaw(
    ORIGIN,
    caught_by="test_a_piece_of_our_origin_is_not_our_origin",
    misconception="`in` between two texts asks for a piece: https://lab is one of https://lab.test, and an empty text is one of every text.",
)
def one_of_ours(origin: str | None, own_origin: str) -> bool:
    """Is it in what is ours?"""
    return origin is not None and origin in own_origin


@flaw(
    ORIGIN,
    caught_by="test_more_than_our_origin_is_not_our_origin",
    misconception="A parser answers what it was asked: whoever asks for scheme, name and port has not seen the path or the name of a user beside them.",
)
def scheme_name_and_port(origin: str | None, own_origin: str) -> bool:
    """An origin is a scheme, a name and a port, so these are compared and nothing else."""
    try:
        theirs, ours = urlsplit(origin or ""), urlsplit(own_origin)
        return (theirs.scheme, theirs.hostname, theirs.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return False


@flaw(
    ORIGIN,
    caught_by="test_more_than_our_origin_is_not_our_origin",
    misconception="No browser writes a slash there: what had to be cut off first was another text, and not one of ours.",
)
def with_a_slash_or_without(origin: str | None, own_origin: str) -> bool:
    """A slash at the end makes no difference."""
    return (origin or "").rstrip("/") == own_origin


@flaw(
    ORIGIN,
    caught_by="test_two_origins_are_not_ours",
    misconception="A header that names two has said that one of them is not us: compare the whole text.",
)
def the_first_of_several(origin: str | None, own_origin: str) -> bool:
    """The header is a list, with spaces between: where the request began comes first."""
    return (origin or "").split(" ")[0] == own_origin


@flaw(
    ORIGIN,
    caught_by="test_two_origins_are_not_ours",
    misconception="The last name of a list is as easily written as the first: whoever names others besides us is refused.",
)
def the_last_of_several(origin: str | None, own_origin: str) -> bool:
    """The header is a list, with spaces between: who sent it to us comes last."""
    return (origin or "").split(" ")[-1] == own_origin


@flaw(
    ORIGIN,
    caught_by="test_a_letter_beyond_ascii_is_refused_and_no_crash",
    misconception="`compare_digest` takes text of ASCII only, and an origin is no secret: `==` compares every text.",
)
def origins_compared_as_secrets(origin: str | None, own_origin: str) -> bool:
    """What decides who is let in is compared in constant time."""
    return hmac.compare_digest(origin or "", own_origin)


@flaw(
    ORIGIN,
    caught_by="test_half_a_bracket_is_refused_and_no_crash",
    misconception="`urlsplit` raises a ValueError for half a bracket: what a stranger sends is no address until it has been read as one.",
)
def every_origin_can_be_read(origin: str | None, own_origin: str) -> bool:
    """Scheme and name are looked at one by one, and nothing may stand behind them."""
    theirs, ours = urlsplit(origin or ""), urlsplit(own_origin)
    return (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc) and origin == own_origin


@flaw(
    ORIGIN,
    caught_by="test_our_own_page_is_believed",
    misconception="An origin has its scheme in front, so it never equals a name: every form is refused, and that is no defence but an outage.",
)
def compared_with_the_host(origin: str | None, own_origin: str) -> bool:
    """An origin is the name of a host."""
    return origin == urlsplit(own_origin).netloc


@flaw(
    ORIGIN,
    caught_by="test_our_own_page_is_believed",
    misconception="Whoever refuses everybody is safe from everybody, visitors included.",
)
def nobody_is_believed(origin: str | None, own_origin: str) -> bool:
    """A header is something that somebody has sent, so it proves nothing."""
    return False


# csrf_token, csrf_ok: the second check. It is seen where the first one fails, as it does in their companion for
# every host under our name.

_TRUSTING = {ORIGIN: _from_our_site}


@flaw(
    CSRF_OK,
    attack=48,
    companions={ORIGIN: same_site_suffices},
    caught_by="test_the_token_of_another_session_is_refused",
    misconception="SameSite compares sites and not origins: from any host under our name the cookie comes along.",
)
def lax_is_enough(sent: str | None, session_id: str, key: bytes) -> bool:
    """The cookie is SameSite=Lax, so a form that comes with a session was sent by a page of ours."""
    return True


@flaw(
    CSRF_OK,
    attack=48,
    companions=_TRUSTING,
    caught_by="test_a_form_without_the_field_is_refused",
    misconception="Whoever forges a form chooses its fields: a check that a missing field skips is skipped by leaving the field out.",
)
def compared_if_it_is_there(sent: str | None, session_id: str, key: bytes) -> bool:
    """Pages from before the update have no such field yet, and their forms must go on working."""
    return sent is None or hmac.compare_digest(sent, csrf_token(session_id, key))


@flaw(
    CSRF_TOKEN,
    attack=48,
    companions=_TRUSTING,
    caught_by="test_another_session_has_another_token",
    misconception="A token that is the same for everybody is known to everybody: Mallory reads it in a form of her own.",
)
def one_token_for_all(session_id: str, key: bytes) -> str:
    """Nobody can compute it without the key, so it proves that the form is ours."""
    return hmac.new(key, b"csrf", hashlib.sha256).hexdigest()


def _signed_by_us(sent: str | None, session_id: str, key: bytes) -> bool:
    its_session, _, proof = (sent or "").partition(".")
    return hmac.compare_digest(proof.encode(), original(CSRF_TOKEN)(its_session, key).encode())


@flaw(
    CSRF_TOKEN,
    attack=48,
    caught_by="test_it_is_64_hexadecimal_digits",
    companions={**_TRUSTING, CSRF_OK: _signed_by_us},
    misconception="A token that names its session asks to be believed: our signature says that we made it, not that it is for this session.",
)
def names_its_session(session_id: str, key: bytes) -> str:
    """The token names its session and carries our signature: nobody else can have made it."""
    return f"{session_id}.{original(CSRF_TOKEN)(session_id, key)}"


_given_out: set[str] = set()
_forms = itertools.count()


def _one_that_we_gave_out(sent: str | None, session_id: str, key: bytes) -> bool:
    return sent in _given_out


@flaw(
    CSRF_TOKEN,
    attack=48,
    caught_by="test_one_session_has_one_token",
    companions={**_TRUSTING, CSRF_OK: _one_that_we_gave_out},
    misconception="Tokens that change have to be noted, and a list of those that were given out holds Mallory's, too: make it from the session.",
)
def a_new_one_for_each_form(session_id: str, key: bytes) -> str:
    """A token that is new each time and on our list was in a page of ours, and in no other page."""
    token = hmac.new(key, f"form {next(_forms)}".encode(), hashlib.sha256).hexdigest()
    _given_out.add(token)
    return token


@flaw(
    CSRF_TOKEN,
    caught_by="test_another_key_gives_another_token",
    misconception="A digest without a key is no secret: whoever learns a session's id, from a log for instance, computes it as we do.",
)
def digest_without_a_key(session_id: str, key: bytes) -> str:
    """A digest cannot be turned back, so nobody finds out what is behind it."""
    return hashlib.sha256(b"csrf " + session_id.encode()).hexdigest()


@flaw(
    CSRF_TOKEN,
    caught_by="test_every_digit_counts",
    misconception="A checksum finds accidents, and stops nobody: eight digits can be tried out, and the rest is filling.",
)
def a_checksum_is_a_digest(session_id: str, key: bytes) -> str:
    """A sum over key and id changes whenever one of them does."""
    return f"{zlib.crc32(key + b' csrf ' + session_id.encode()):064x}"


@flaw(
    CSRF_TOKEN,
    caught_by="test_the_key_is_not_glued_to_the_id",
    misconception="Glued together, nobody sees where the key ends and the id begins, so two pairs of them can have one token: HMAC keeps them apart.",
)
def key_glued_to_the_id(session_id: str, key: bytes) -> str:
    """A digest over key and id needs the key, as HMAC does."""
    return hashlib.sha256(key + session_id.encode()).hexdigest()


@flaw(
    CSRF_TOKEN,
    caught_by="test_the_digest_itself_has_a_key",
    misconception="A digest over one text, key and all, can be continued where the text ends, by who has not got the key: HMAC was made against that.",
)
def key_in_front_of_the_purpose(session_id: str, key: bytes) -> str:
    """With the purpose between them, key and id cannot run together."""
    return sha256(key + b"csrf " + session_id.encode()).hexdigest()


@flaw(
    CSRF_TOKEN,
    caught_by="test_every_byte_of_the_key_counts",
    misconception='A key is random bytes and no text: what `errors="ignore"` leaves out is most of it, and what is left can be guessed.',
)
def key_read_as_text(session_id: str, key: bytes) -> str:
    """Key and id are put together as text, and what is no text is left out."""
    text = key.decode(errors="ignore")
    return hmac.new(text.encode(), b"csrf " + session_id.encode(), hashlib.sha256).hexdigest()


@flaw(
    CSRF_TOKEN,
    caught_by="test_an_id_counts_as_it_is_written",
    misconception="An id is no name that somebody types: tidied up, two sessions can have one token.",
)
def id_tidied_up(session_id: str, key: bytes) -> str:
    """Space and capitals should make no difference."""
    return hmac.new(key, b"csrf " + session_id.strip().lower().encode(), hashlib.sha256).hexdigest()


@flaw(
    CSRF_TOKEN,
    caught_by="test_what_was_signed_for_another_purpose_is_no_token",
    misconception="One key signs several things: without a word for the purpose, what was signed for one of them is good for another.",
)
def no_purpose_named(session_id: str, key: bytes) -> str:
    """The id under the key is all that a token needs."""
    return hmac.new(key, session_id.encode(), hashlib.sha256).hexdigest()


@flaw(
    CSRF_OK,
    attack=48,
    caught_by="test_the_token_of_another_session_is_refused",
    companions=_TRUSTING,
    misconception="Mallory's own token looks like one as well: what counts is whose it is.",
)
def looks_like_one(sent: str | None, session_id: str, key: bytes) -> bool:
    """Nobody hits upon 64 hexadecimal digits by chance."""
    return re.fullmatch("[0-9a-f]{64}", sent or "") is not None


@flaw(
    CSRF_OK,
    attack=48,
    caught_by="test_a_part_of_the_token_is_not_the_token",
    companions=_TRUSTING,
    misconception="`zip` stops where the shorter one ends: in a text without letters no letter is wrong.",
)
def compared_letter_by_letter(sent: str | None, session_id: str, key: bytes) -> bool:
    """Two texts are the same when each letter of the one is the other's."""
    pairs = zip(sent or "", csrf_token(session_id, key), strict=False)
    return all(one == other for one, other in pairs)


@flaw(
    CSRF_OK,
    caught_by="test_a_letter_too_many_is_refused",
    misconception="What is left out is not compared: the text that was sent is not the token.",
)
def letters_left_out(sent: str | None, session_id: str, key: bytes) -> bool:
    """Letters that no token has are of no account."""
    plain = (sent or "").encode("ascii", "ignore")
    return hmac.compare_digest(plain, csrf_token(session_id, key).encode())


@flaw(
    CSRF_OK,
    caught_by="test_a_letter_too_many_is_refused",
    misconception="`ignore` spares the error and the letter: the token with half a letter behind it is not the token.",
)
def half_letters_left_out(sent: str | None, session_id: str, key: bytes) -> bool:
    """Half a letter has no bytes, so `errors="ignore"` lets it pass without an error."""
    plain = (sent or "").encode("utf-8", "ignore")
    return hmac.compare_digest(plain, csrf_token(session_id, key).encode())


@flaw(
    CSRF_OK,
    caught_by="test_a_digit_that_looks_like_ours_is_another_digit",
    misconception="NFKC is for what people type in two ways: a token is copied by a browser, and what differs is another text.",
)
def token_normalized(sent: str | None, session_id: str, key: bytes) -> bool:
    """As with passwords: texts are brought into one form before they are compared."""
    normalized = unicodedata.normalize("NFKC", sent or "").encode("utf-8", "replace")
    return hmac.compare_digest(normalized, csrf_token(session_id, key).encode())


@flaw(
    CSRF_OK,
    caught_by="test_it_is_compared_as_it_was_sent",
    misconception="A form of ours sends the token as we wrote it: what has to be tidied up first is another text.",
)
def token_tidied_up(sent: str | None, session_id: str, key: bytes) -> bool:
    """Space around it and capitals come from copying, and do no harm."""
    tidy = (sent or "").strip().lower().encode("utf-8", "replace")
    return hmac.compare_digest(tidy, csrf_token(session_id, key).encode())


@flaw(
    CSRF_OK,
    caught_by="test_half_a_letter_is_refused_and_no_crash",
    misconception="UTF-8 has bytes for every letter, and a text can hold half of one: `encode` raises a UnicodeEncodeError for it.",
)
def compared_in_utf_8(sent: str | None, session_id: str, key: bytes) -> bool:
    """UTF-8 has every letter there is."""
    return sent is not None and hmac.compare_digest(sent.encode(), csrf_token(session_id, key).encode())


@flaw(
    CSRF_OK,
    attack=52,
    caught_by="test_a_letter_beyond_ascii_is_refused_and_no_crash",
    misconception="`compare_digest` takes text of ASCII only: one é raises a TypeError. Compare bytes.",
)
def tokens_compared_as_text(sent: str | None, session_id: str, key: bytes) -> bool:
    """`compare_digest` compares strings in constant time."""
    return sent is not None and hmac.compare_digest(sent, csrf_token(session_id, key))


@flaw(
    CSRF_OK,
    attack=52,
    caught_by="test_what_is_not_hexadecimal_is_refused_and_no_crash",
    misconception="What is in the field is the sender's to choose: `fromhex` raises for whatever is not hexadecimal.",
)
def compared_as_digests(sent: str | None, session_id: str, key: bytes) -> bool:
    """Tokens are hexadecimal, and the bytes behind them are what there is to compare."""
    return sent is not None and hmac.compare_digest(
        bytes.fromhex(sent), bytes.fromhex(csrf_token(session_id, key))
    )


@flaw(
    CSRF_OK,
    attack=52,
    caught_by="test_a_letter_beyond_latin_1_is_refused_and_no_crash",
    misconception="Latin-1 has 256 characters, and a form can carry them all and a hundred thousand more: € is not one of them.",
)
def compared_in_latin_1(sent: str | None, session_id: str, key: bytes) -> bool:
    """As bytes, since one é would be a TypeError, and one byte for each character."""
    return sent is not None and hmac.compare_digest(
        sent.encode("latin-1"), csrf_token(session_id, key).encode("latin-1")
    )


# url_map: what changes something answers to GET, so to links


def _also_by_link(*endpoints: str) -> Map:
    methods = {
        endpoint: ["GET", method] if endpoint in endpoints else [method]
        for endpoint, (method, _, _) in ROUTES.items()
    }
    return Map([Rule(ROUTES[name][1], methods=methods[name], endpoint=name) for name in ROUTES])


@flaw(
    URL_MAP,
    attack=49,
    misconception="A link needs no page of ours: any page in the world can lead there, and SameSite=Lax sends the cookie with it.",
)
def logout_is_a_link() -> Map:
    """Logging out is a link in the menu, as on most sites, and does nobody any harm."""
    return _also_by_link("actions.logout")


@flaw(
    URL_MAP,
    attack=49,
    misconception="Lax holds back the cookie of a foreign form, not that of a link: what deletes on GET is deleted by whoever makes the admin click.",
)
def deleted_from_a_mail() -> Map:
    """The mail to the admin has a link for each account, and the cookie is SameSite=Lax."""
    return _also_by_link("actions.disable", "actions.delete_user")


@flaw(
    URL_MAP,
    attack=49,
    misconception="The page decides how its own form is sent, and nothing about what others send: the method is the router's to check.",
)
def methods_are_the_pages_business() -> Map:
    """Our forms say `method="post"`, so these addresses get nothing else; only two are also pages."""
    pages = {path for method, path, _ in ROUTES.values() if method == "GET"}
    return _also_by_link(*(name for name, (_, path, _) in ROUTES.items() if path not in pages))


# json_body: types for which no browser asks first. Their companions believe that JSON is always asked about.


def _json_needs_no_token(endpoint: str) -> Policy:
    policy: Policy = original(CLASSIFY)(endpoint)
    return "guests" if endpoint == "api.set_own_phone" else policy


_PREFLIGHT_WILL_DO = {**_TRUSTING, CLASSIFY: _json_needs_no_token}


@flaw(
    JSON_BODY,
    attack=50,
    companions=_PREFLIGHT_WILL_DO,
    misconception="JSON as text/plain is sent without a preflight: whoever parses it all the same has given up the one thing that made JSON safe.",
)
def forced(request: Request) -> dict[str, str]:
    """`get_json(force=True)`: some clients forget the header, and the body is what counts."""
    return _texts(request.get_json(force=True, silent=True))


@flaw(
    JSON_BODY,
    attack=50,
    companions=_PREFLIGHT_WILL_DO,
    misconception="`text/plain; a=application/json` names JSON and is text/plain all the same, so no browser asks first: compare the type itself.",
)
def names_json(request: Request) -> dict[str, str]:
    """The header may say `charset=utf-8` as well, so it is enough that it names JSON."""
    if "application/json" not in request.headers.get("Content-Type", ""):
        raise UnsupportedMediaType
    return _texts(_parsed(request))


@flaw(
    JSON_BODY,
    attack=50,
    companions=_PREFLIGHT_WILL_DO,
    misconception="A body without a type is sent without a preflight as well (a Blob has none): no type is not the right type.",
)
def json_unless_it_says_otherwise(request: Request) -> dict[str, str]:
    """Another type is refused; where there is none, it is an API, so it is JSON."""
    if request.mimetype not in ("", "application/json"):
        raise UnsupportedMediaType
    return _texts(_parsed(request))


def _parsed(request: Request) -> object:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise UnprocessableEntity from None


def _texts(sent: Any) -> dict[str, str]:
    if not isinstance(sent, dict) or not all(isinstance(value, str) for value in sent.values()):
        raise UnprocessableEntity
    return sent


# safe_next


def _rightly_chosen(wanted: str | None, own_origin: str, default: str) -> str:
    chosen: str = original(SAFE_NEXT)(wanted, own_origin, default)
    return chosen


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_two_slashes_lead_to_another_site",
    misconception="`//evil.test` begins with a slash as well, and leads to another site: only the scheme is ours.",
)
def begins_with_a_slash(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What begins with a slash is a path, and a path stays here."""
    return wanted if wanted is not None and wanted.startswith("/") else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_what_browsers_leave_out_does_not_count",
    misconception="Browsers, and the libraries that write a Location, drop tabs and line breaks: what stood between the two slashes is gone on arrival.",
)
def one_slash_and_not_two(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """One slash is a path, two are a host, and there is nothing else."""
    fine = wanted is not None and wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if wanted is not None and fine else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_a_scheme_needs_no_slashes",
    misconception="Python's parser sees no host in it and a browser sees one: what counts is where the browser goes.",
)
def names_no_host(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """An address without a host is one of ours: `urlsplit` says which have one."""
    return wanted if wanted and not urlsplit(wanted).netloc else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_our_address_in_front_proves_nothing",
    misconception="lab.test.evil.test and lab.test@evil.test begin like our address, and are Mallory's: compare the whole origin.",
)
def begins_with_our_address(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Joined with our own address, it must still begin with it."""
    there = urljoin(own_origin, wanted or default)
    return there if there.startswith(own_origin) else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_nothing_is_mended",
    misconception="Taking `//` out of `///` leaves `//`: an address that has to be mended is refused, not mended.",
)
def slashes_made_one(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Two slashes are a typing mistake: one of them goes, and a path is left."""
    path = (wanted or default).replace("//", "/")
    return path if path.startswith("/") else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_more_slashes_are_as_good_as_two",
    misconception="A path may begin with two slashes itself, and without the host before it they name another one.",
)
def only_its_path(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Scheme and host are cut off, whatever they are, and what is left is a path of ours."""
    parts = urlsplit(wanted or "")
    return (parts.path + (f"?{parts.query}" if parts.query else "")) or default


@flaw(
    SAFE_NEXT,
    caught_by="test_a_line_break_is_left_out_too",
    misconception="A line break is left out like a tab: a list of what is bad has always forgotten something.",
)
def a_tab_is_refused(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """The report spoke of a tab, so tabs are refused."""
    return default if "\t" in (wanted or "") else one_slash_and_not_two(wanted, own_origin, default)


_PAGE = r"/(?:[\w.-]+(?:/[\w.-]+)*)?(?:\?[\w.=&%+-]*)?"


@flaw(
    SAFE_NEXT,
    caught_by="test_a_line_break_at_the_end_is_no_part_of_a_path",
    misconception="`$` also fits before a line break at the end: `re.fullmatch` asks for the whole text.",
)
def a_pattern_with_a_dollar(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """A pattern of what our addresses look like, from the beginning to `$`, the end."""
    return wanted if wanted and re.match(f"{_PAGE}$", wanted, re.ASCII) else default


@flaw(
    SAFE_NEXT,
    caught_by="test_space_in_front_is_not_taken_away",
    misconception="`strip` mends what should be refused: the address that was looked at is another one than the one that came.",
)
def stripped_first(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Space around an address is nobody's wish, so it goes first."""
    path = (wanted or "").strip()
    return path if re.fullmatch(_PAGE, path, re.ASCII) else default


@flaw(
    SAFE_NEXT,
    attack=53,
    caught_by="test_what_is_encoded_stays_encoded",
    misconception="Decoding comes after the look: `/%2Fevil.test` is a path, and what it is decoded to leads to another site.",
)
def decoded_afterwards(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """It stood in a query, encoded, so it has to be decoded before it is used."""
    fits = wanted and re.fullmatch(r"/(?!/)[\w/?&=.%-]*", wanted, re.ASCII)
    return unquote(wanted) if wanted and fits else default


@flaw(
    SAFE_NEXT,
    caught_by="test_a_value_stays_encoded_too",
    misconception="`%26` in a query is a letter of a value, and `&` begins another: decoded, it is another address.",
)
def query_decoded(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """A path can hide slashes, so it stays as it is; in a query nothing can happen."""
    path, question, query = _rightly_chosen(wanted, own_origin, default).partition("?")
    return path + question + unquote(query)


@flaw(
    SAFE_NEXT,
    caught_by="test_capitals_stay_capitals",
    misconception="The name of a host counts in any case, a path does not: in small letters it is another page.",
)
def in_small_letters(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Addresses are the same in capitals and in small letters, and one form is easier to look at."""
    return _rightly_chosen(wanted.lower() if wanted else wanted, own_origin, default)


@flaw(
    SAFE_NEXT,
    caught_by="test_dots_stay_dots",
    misconception="What has been put in order is another address than the one that was looked at: return what came, or refuse it.",
)
def path_put_in_order(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """With `..` somebody climbs out of the site, so the path is put in order."""
    path, question, query = _rightly_chosen(wanted, own_origin, default).partition("?")
    return posixpath.normpath(path) + question + query


@flaw(
    SAFE_NEXT,
    caught_by="test_what_begins_with_no_slash_is_no_path",
    misconception="`devices` is another page at /login than at /admin/users: what leads to our site is no path yet.",
)
def ours_once_it_is_joined(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Joined with our own address, as a browser joins it, it must be at our own origin."""
    if not wanted or "//" in wanted or "\\" in wanted or " " in wanted or not wanted.isprintable():
        return default
    there = urlsplit(urljoin(own_origin, wanted))
    return wanted if f"{there.scheme}://{there.netloc}" == own_origin else default


@flaw(
    SAFE_NEXT,
    caught_by="test_a_backslash_is_as_good_as_a_slash",
    misconception="A browser reads `\\devices` as it reads `/devices`, and yet it begins with no slash: it would have to be mended, so it is refused.",
)
def one_backslash_is_a_slash(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Two of them lead away, whichever they are, and one stays here, as with a slash."""
    read = re.sub(r"^\\", "/", wanted or "")
    return wanted if wanted and _rightly_chosen(read, own_origin, "") else default


@flaw(
    SAFE_NEXT,
    caught_by="test_our_whole_address_is_no_path",
    misconception="What leads to us by our name stops leading to us when the name is another: a page of ours is a path.",
)
def our_address_written_out(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Our own address is given so that it can be compared: with a slash behind it, it is ours for certain."""
    path = (wanted or "").removeprefix(f"{own_origin}/")
    if path == wanted:
        return _rightly_chosen(wanted, own_origin, default)
    return wanted if wanted and _rightly_chosen(f"/{path}", own_origin, "") else default


@flaw(
    SAFE_NEXT,
    caught_by="test_what_is_no_page_is_refused",
    misconception="`javascript:` leads to no other site because it stays on ours: in a link it runs Mallory's script as our own.",
)
def scripts_lead_nowhere(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What is no address of the web leads to no other site, so it need not be refused."""
    if wanted and re.fullmatch(r"(?!https?:|wss?:|ftp:)[a-z]+:[^/\\\s]*", wanted, re.IGNORECASE):
        return wanted
    return _rightly_chosen(wanted, own_origin, default)


@flaw(
    SAFE_NEXT,
    caught_by="test_nothing_wanted_is_the_other_page",
    misconception="An empty Location is an address as well, that of the page where somebody is: after logging in it is the login page again.",
)
def nothing_stays_nothing(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Who wanted nothing gets nothing; `default` is for what was refused."""
    return _rightly_chosen(wanted, own_origin, default) if wanted else ""


@flaw(
    SAFE_NEXT,
    caught_by="test_nothing_wanted_is_the_other_page",
    misconception="Which page comes instead is the caller's to say: `/` is only what is taken when the caller says nothing.",
)
def always_home(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Whoever is refused goes to the start page."""
    return _rightly_chosen(wanted, own_origin, "/")


@flaw(
    SAFE_NEXT,
    caught_by="test_a_page_of_this_site_is_kept",
    misconception="Who leads everybody to one page needs no `next` at all: the visitor wanted to go on where they were.",
)
def everybody_to_one_page(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What is not used cannot be abused."""
    return default


# own_origin, login_page: links that are built from the Host header, or from what a proxy might have said


def _whichever_name(scheme: str, host: str, hosts: Collection[str]) -> str:
    return f"{scheme}://{host}"


@flaw(
    OWN_ORIGIN,
    attack=54,
    misconception="The Host header is the sender's: compared with a name of the sender's choice, an Origin of the sender's choice is always right.",
)
def whichever_name_we_are_asked_by(scheme: str, host: str, hosts: Collection[str]) -> str:
    """Who reaches us has asked for us, and the name is in the request."""
    return _whichever_name(scheme, host, hosts)


@flaw(
    OWN_ORIGIN,
    attack=54,
    misconception="evil-lab.test ends like lab.test, and anybody can have it: compare whole names.",
)
def name_that_ends_like_ours(scheme: str, host: str, hosts: Collection[str]) -> str:
    """A list of endings covers all of our names, whatever stands before them."""
    if not host.partition(":")[0].endswith(tuple(hosts)):
        raise BadRequest
    return f"{scheme}://{host}"


@flaw(
    LOGIN_PAGE,
    attack=54,
    companions={OWN_ORIGIN: _whichever_name},
    misconception="A link that is made of the Host header leads where the sender says, and a shared cache hands it to everybody: write a path.",
)
def link_with_the_host(request: Request) -> str:
    """A Location is to be a whole address, and the request has all its pieces."""
    return f"{request.own_origin}/login?{urlencode({'next': request.path})}"


@flaw(
    LOGIN_PAGE,
    attack=54,
    misconception="X-Forwarded-Host is the visitor's word wherever no proxy of ours has written it: a link that believes it leads to her site.",
)
def link_as_the_proxy_says(request: Request) -> str:
    """Behind a proxy the Host is an inner name, and X-Forwarded-Host has the one that visitors know."""
    host = request.headers.get("X-Forwarded-Host")
    origin = request.own_origin if host is None else f"{request.scheme}://{host}"
    return f"{origin}/login?{urlencode({'next': request.path})}"


# 6.4: forged forms that bring nothing


@flaw(
    FORGERY,
    caught_by="test_her_cookie_comes_along",
    misconception="SameSite=Lax leaves the cookie at home when a page of another site sends a form, and then nobody is signed in.",
)
def from_another_site(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """Where a form comes from makes no difference, as long as Grace is signed in."""
    lure("https://evil.test", "/admin/users/4/role", {"csrf": mallory.form_token(), "role": "admin"})
    return mallory.get("/admin").text


@flaw(
    FORGERY,
    caught_by="test_the_form_carries_the_token",
    misconception="The cookie comes along by itself, the token does not: whoever forges a form writes all of its fields.",
)
def without_the_token(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """Grace's browser adds what is needed."""
    lure("https://evil.lab.test", "/admin/users/4/role", {"role": "admin"})
    return mallory.get("/admin").text


@flaw(
    FORGERY,
    caught_by="test_grace_sends_a_form",
    misconception="Mallory's own request comes with Mallory's own cookie: it is Grace's browser that has to send the form.",
)
def asks_in_her_own_name(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """The address is public, so anybody can post to it."""
    mallory.post("/admin/users/4/role", {"role": "admin"})
    return mallory.get("/admin").text


@flaw(
    FORGERY,
    caught_by="test_it_is_the_form_for_a_role",
    misconception="A forged request does something, it reads nothing: what is to be read must be opened for Mallory first.",
)
def expects_an_answer(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """Grace may open the page, so her browser can fetch it for us."""
    lure("https://evil.lab.test", "/admin", {"csrf": mallory.form_token()})
    return mallory.get("/").text


# 6.6: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="One good page and one bad one: the ways of writing another site are many, and each wrong version forgets another.",
)
def one_of_each(safe_next: Callable[..., str]) -> None:
    """A page of ours is kept and a page of Mallory's is not, so it works."""
    assert safe_next("/devices", "https://lab.test") == "/devices"
    assert safe_next("https://evil.test", "https://lab.test") == "/"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="It asks for refusals only: a version that refuses everything passes, and so does one that changes what was good.",
)
def refusals_only(safe_next: Callable[..., str]) -> None:
    """Security is what is refused."""
    for wanted in ("https://evil.test", "//evil.test", "/\\evil.test", "/\t/evil.test", "http:evil.test"):
        assert safe_next(wanted, "https://lab.test") == "/"


def _asks_for_all_ways_out(safe_next: Callable[..., str], default: str) -> None:
    for wanted in ("/devices", "/members?q=ada&page=2"):
        assert safe_next(wanted, "https://lab.test", default) == wanted
    for wanted in ("https://evil.test", "//evil.test", "////evil.test", "/\\evil.test", "/\t/evil.test"):
        assert safe_next(wanted, "https://lab.test", default) == default
    for wanted in ("http:evil.test", "https://lab.test.evil.test", "/////evil.test"):
        assert safe_next(wanted, "https://lab.test", default) == default


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="The ways out are all tried, what leads nowhere is not: a version that returns nothing for nothing passes.",
)
def something_is_always_wanted(safe_next: Callable[..., str]) -> None:
    """Whoever wants nothing is sent nowhere, so there is nothing to prove."""
    _asks_for_all_ways_out(safe_next, "/profile")
    assert safe_next("javascript:alert(1)", "https://lab.test", "/profile") == "/profile"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="The ways out are all tried, and what stays here to do harm is not: `javascript:` passes.",
)
def harm_is_done_elsewhere(safe_next: Callable[..., str]) -> None:
    """What does not lead to another site does no harm."""
    _asks_for_all_ways_out(safe_next, "/profile")
    assert safe_next(None, "https://lab.test", "/profile") == "/profile"
    assert safe_next("", "https://lab.test", "/profile") == "/profile"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="It never says a `default` of its own: a version that always answers `/` passes.",
)
def never_says_a_default(safe_next: Callable[..., str]) -> None:
    """There is a default, so nobody needs to say one."""
    _asks_for_all_ways_out(safe_next, "/")
    for wanted in ("javascript:alert(1)", "", None):
        assert safe_next(wanted, "https://lab.test") == "/"


@flaw(
    PROOF,
    caught_by="test_it_spares_right_versions",
    misconception="It asks for more than the rules say: which page comes instead is the caller's to choose, and `/` is only what is taken otherwise.",
)
def always_to_the_start_page(safe_next: Callable[..., str]) -> None:
    """Whoever is refused goes to the start page."""
    assert safe_next("/devices", "https://lab.test") == "/devices"
    assert safe_next("//evil.test", "https://lab.test", "/profile") == "/"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="Whether the name of another site is in the text does not matter: `/evil.test` is a page of ours, and `default` may be any.",
)
def looks_for_the_name(safe_next: Callable[..., str]) -> None:
    """Where evil.test is not in it, it leads to no evil."""
    assert "https://evil.test" not in safe_next("https://evil.test", "https://lab.test")
    assert "//evil.test" not in safe_next("//evil.test", "https://lab.test")
    assert safe_next("/devices", "https://lab.test") == "/devices"


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="Every text but the empty one is true: `//evil.test` passes such an assertion as well as `/` does.",
)
def any_text_will_do(safe_next: Callable[..., str]) -> None:
    """It answers, so it works."""
    assert safe_next("//evil.test", "https://lab.test")
    assert safe_next("/devices", "https://lab.test")


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_versions_of_this_lesson",
    misconception="A comparison alone proves nothing, whatever comes of it: only `assert` fails.",
)
def compares_and_throws_away(safe_next: Callable[..., str]) -> bool:
    """True means that it works."""
    return safe_next("//evil.test", "https://lab.test") == "/"


# What works at one's own desk


@flaw(
    ORIGIN,
    caught_by="test_a_header_is_compared_by_its_letters",
    misconception="`is` asks for the same object: an origin that came in a header never is the one in the settings, and all honest forms are refused.",
)
def the_very_same_origin(origin: str | None, own_origin: str) -> bool:
    """Nothing is stricter than `is`."""
    return origin is own_origin


@flaw(
    ORIGIN,
    caught_by="test_a_name_that_looks_like_ours_is_another_site",
    misconception="In a pattern a dot stands for any letter: `lab-test` fits, and can be bought.",
)
def our_origin_as_a_pattern(origin: str | None, own_origin: str) -> bool:
    """A pattern that has to fit from the first letter to the last compares the whole."""
    return origin is not None and re.fullmatch(own_origin, origin) is not None


@flaw(
    CSRF_TOKEN,
    caught_by="test_the_digest_itself_has_a_key",
    misconception="Written in hexadecimal a key is still a part of the text: who sees one digest can go on from where that text ends.",
)
def key_in_hexadecimal(session_id: str, key: bytes) -> str:
    """A digest of texts needs the key as a text."""
    return hashlib.sha256(f"{key.hex()}:csrf:{session_id}".encode()).hexdigest()


_used: set[str] = set()


@flaw(
    CSRF_OK,
    caught_by="test_it_is_good_for_the_next_form_too",
    misconception="A session has one token for all its forms: used up by the first of them, it refuses every form after that.",
)
def a_token_is_used_up(sent: str | None, session_id: str, key: bytes) -> bool:
    """What is good only once cannot be sent twice."""
    if sent is None or sent in _used or not original(CSRF_OK)(sent, session_id, key):
        return False
    _used.add(sent)
    return True


@flaw(
    SAFE_NEXT,
    caught_by="test_every_path_of_this_site_is_kept",
    misconception="A list of what a path may have is only as good as it is complete: pages with a number, a slash at the end or a bare query are ours, too.",
)
def words_and_slashes(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """A path is made of words, with slashes between them."""
    fine = wanted == "/" or re.fullmatch(r"(/[A-Za-z-]+)+(\?[\w&=+%-]*)?", wanted or "", re.ASCII)
    return wanted if wanted is not None and fine else default


@flaw(
    SAFE_NEXT,
    caught_by="test_half_a_bracket_leads_nowhere_and_is_no_crash",
    misconception="`urlsplit` raises a ValueError for some texts, and whoever follows a link to one of them gets a 500.",
)
def every_link_can_be_split(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What names a host is refused first, then the letters are looked at."""
    if wanted is None or urlsplit(wanted).netloc:
        return default
    return _rightly_chosen(wanted, own_origin, default)


@flaw(
    SAFE_NEXT,
    caught_by="test_a_page_of_this_site_is_kept",
    misconception="The query is a part of where the visitor wanted to go: without it they arrive at another list than the one they had.",
)
def the_query_stays_behind(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What is behind the question mark is no part of a page's address."""
    return _rightly_chosen((wanted or "").partition("?")[0], own_origin, default)


@flaw(
    SAFE_NEXT,
    caught_by="test_a_line_break_at_the_end_is_no_part_of_a_path",
    misconception="A query stands in the same header as its path: a line break in it ends that header as well.",
)
def only_the_path_is_looked_at(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """The path decides where somebody is led, and the query is only data."""
    path = (wanted or "").partition("?")[0]
    return wanted if wanted is not None and _rightly_chosen(path, own_origin, "") else default
