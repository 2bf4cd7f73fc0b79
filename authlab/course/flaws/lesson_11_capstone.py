"""Wrong ways to limit, to send headers and to write logs; attacks that miss, and tests that prove nothing."""

import inspect
import ipaddress
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, ValidationError
from werkzeug.wrappers import Response

from authlab.course.bank import flaw
from authlab.course.kata.lesson_11_capstone import NOTE
from authlab.course.mounting import original
from authlab.db import UserRow, count_attempt
from authlab.errors import TooManyAttempts
from authlab.events import Event, to_the_log
from authlab.forms import FormState, SignupForm, messages_by_field
from authlab.headers import SECURITY_HEADERS
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.limits import UNKNOWN_ADDRESS
from authlab.request import Request
from authlab.settings import Limit

AUTHENTICATE = "authlab.accounts:authenticate"
SIGNUP = "authlab.forms:validate_signup"
OPTIMISTIC = "authlab.middleware:optimistic"
LIMITER = "authlab.limits:RateLimiter"
CLIENT_IP = "authlab.limits:client_ip"
HARDEN = "authlab.headers:harden"
SERVER_ONLY = "authlab.server_only:ServerOnly"
EVENT_LINE = "authlab.events:event_line"
GUESS = "authlab.course.kata.lesson_11_capstone:guess_from_everywhere"
PROOF = "authlab.course.kata.lesson_11_capstone:prove_guessing_is_limited"

T = TypeVar("T")

if TYPE_CHECKING:
    from authlab.limits import RateLimiter as RightLimiter
    from authlab.server_only import ServerOnly as RightServerOnly
else:
    RightServerOnly = original(SERVER_ONLY)  # the package's own
    RightLimiter = original(LIMITER)


# 11.1: attacks that bring nothing


@flaw(
    GUESS,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="From one address ten guesses are counted, with cookies or without, and the right one is the thirteenth: it must come from another.",
)
def guesses_from_home(mallory: Browser) -> str:
    """A short list is tried in a second."""
    for password in NOTE:
        mallory.post("/login", {"email": "alan@lab.test", "password": password})
    return mallory.get("/profile").text


@flaw(
    GUESS,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="A made-up address is an address like any other: used thirteen times, it is counted thirteen times.",
)
def hides_behind_one_address(mallory: Browser) -> str:
    """Nobody knows where I am when the header says something else."""
    for password in NOTE:
        form = {"email": "alan@lab.test", "password": password}
        mallory.post("/login", form, headers={"X-Forwarded-For": "198.51.100.7"})
    return mallory.get("/profile").text


@flaw(
    GUESS,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="A login that worked is answered with a redirect, a 303 and no 200: here nobody looked for it, and at the end of the list no page was opened.",
)
def waits_for_a_200(mallory: Browser) -> str:
    """200 is success."""
    for number, password in enumerate(NOTE):
        form = {"email": "alan@lab.test", "password": password}
        answer = mallory.post("/login", form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        if answer.status_code == 200:
            return mallory.get("/profile").text
    return ""


@flaw(
    GUESS,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="The answer to a login is a redirect and has no page: whose account it is stands at the address that it names.",
)
def reads_the_answer_to_the_login(mallory: Browser) -> str:
    """After the right password comes the page."""
    for number, password in enumerate(NOTE):
        form = {"email": "alan@lab.test", "password": password}
        answer = mallory.post("/login", form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        if answer.status_code == 303:
            return answer.text
    return ""


@flaw(
    GUESS,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="No address was stopped, and no guess was right: one password of the note opens one account, and no form that was sent had both of them.",
)
def guesses_at_everybody(mallory: Browser) -> str:
    """Somebody will have one of these passwords."""
    for number, password in enumerate(NOTE):
        form = {"email": f"member-{number}@lab.test", "password": password}
        mallory.post("/login", form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
    return mallory.get("/profile").text


# client_ip: whom a header calls the visitor (more of them in lesson 2's flaws)


class _TenAnAddress(RightLimiter):
    """Counts where guesses come from, and nothing else: what a header that is believed needs beside it."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        super().__init__(db, Limit(min(limit.attempts, 10), limit.window_seconds))

    def hit(self, key: str, now: int) -> int:
        """Count an attempt by address; guesses at one account are not counted."""
        by_account = key.startswith("login ") and not key.startswith("login from ")
        return 0 if by_account else super().hit(key, now)


@flaw(
    CLIENT_IP,
    attack=22,
    companions={LIMITER: _TenAnAddress},
    caught_by="test_without_a_proxy_the_header_is_the_word_of_the_visitor",
    misconception="A header is a text that the sender chose: with another text in it each time, every request is a new visitor's.",
)
def whoever_the_header_names(environ: Mapping[str, Any], hops: int) -> str:
    """The address of the connection may be a proxy's, so the header knows better, where there is one."""
    return str(environ.get("HTTP_X_FORWARDED_FOR") or environ.get("REMOTE_ADDR") or UNKNOWN_ADDRESS)


@flaw(
    CLIENT_IP,
    caught_by="test_who_came_past_a_proxy_has_no_address",
    misconception="With fewer entries than proxies somebody has come around one, and the entry at hand is theirs: believe none.",
)
def as_many_as_there_are(environ: Mapping[str, Any], hops: int) -> str:
    """If the list is shorter than expected, its first entry is the nearest that one can get."""
    entries = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    return _address(environ, min(hops, len(entries)))


@flaw(
    CLIENT_IP,
    caught_by="test_behind_a_proxy_a_request_without_the_header_has_no_address",
    misconception="Behind a proxy the connection is the proxy's own, and no visitor's: where its header is missing, nobody of ours has seen an address.",
)
def connection_instead(environ: Mapping[str, Any], hops: int) -> str:
    """Where the header says nothing, the connection does."""
    return _address(environ, hops if environ.get("HTTP_X_FORWARDED_FOR") else 0)


@flaw(
    CLIENT_IP,
    caught_by="test_what_is_no_address_is_none",
    misconception="Any text can stand there: if each of them is a key of its own, each word is a new visitor with a count at zero.",
)
def whatever_stands_there(environ: Mapping[str, Any], hops: int) -> str:
    """What our proxy wrote is an address; it need not be looked at."""
    address = _address(environ, hops)
    if address != UNKNOWN_ADDRESS:
        return address
    entries = [entry.strip() for entry in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    written = environ.get("REMOTE_ADDR", "") if hops == 0 else entries[-hops] if len(entries) >= hops else ""
    return str(written) or UNKNOWN_ADDRESS


@flaw(
    CLIENT_IP,
    caught_by="test_an_ipv4_address_in_ipv6_is_the_same_visitor",
    misconception="`::ffff:192.0.2.7` is 192.0.2.7: taken for IPv6, all visitors with IPv4 are in one network and share one count.",
)
def mapped_is_a_network(environ: Mapping[str, Any], hops: int) -> str:
    """What has colons in it is IPv6, and of IPv6 the network counts."""
    address = _address(environ, hops)
    entries = [entry.strip() for entry in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    written = environ.get("REMOTE_ADDR", "") if hops == 0 else entries[-hops] if len(entries) >= hops else ""
    if ":" not in str(written) or address == UNKNOWN_ADDRESS:
        return address
    return str(ipaddress.ip_network((str(written), 64), strict=False))


@flaw(
    CLIENT_IP,
    caught_by="test_spaces_are_no_part_of_an_address",
    misconception="The list is written with a comma and a space: with its space, an address is another text, or none.",
)
def spaces_kept(environ: Mapping[str, Any], hops: int) -> str:
    """Commas stand between the entries."""
    entries = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    if hops == 0 or len(entries) < hops:
        return _address(environ, hops)
    return _address({"REMOTE_ADDR": entries[-hops]}, 0)


@flaw(
    CLIENT_IP,
    caught_by="test_an_entry_that_is_no_address_keeps_its_place",
    misconception="Entries are counted from the end, good ones and bad ones: one that is left out hands its place to the visitor's own word.",
)
def skips_what_is_no_address(environ: Mapping[str, Any], hops: int) -> str:
    """What is no address is noise, and the last good one before it counts."""
    entries = []
    for entry in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(","):
        with suppress(ValueError):
            entries.append(str(ipaddress.ip_address(entry.strip())))
    return _address({**environ, "HTTP_X_FORWARDED_FOR": ", ".join(entries)}, hops)


@flaw(
    CLIENT_IP,
    caught_by="test_a_proxy_behind_a_unix_socket_is_counted_like_others",
    misconception="A connection without an address has a place in the list all the same: left out, the place of our proxy's entry is the visitor's.",
)
def one_list_of_what_is_there(environ: Mapping[str, Any], hops: int) -> str:
    """Header and connection in one list, without the empty ones, and counted from its end."""
    words = [*str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(","), str(environ.get("REMOTE_ADDR", ""))]
    there = [word.strip() for word in words if word.strip()]
    return _address({"REMOTE_ADDR": there[-1 - hops]}, 0) if len(there) > hops else UNKNOWN_ADDRESS


@flaw(
    CLIENT_IP,
    caught_by="test_zeros_that_are_left_out_are_in_the_address",
    misconception="`2001:db8::1` has eight groups like any other, and `::` stands for five of them: an address is parsed, not cut.",
)
def first_four_groups(environ: Mapping[str, Any], hops: int) -> str:
    """64 bits are the first four of eight groups."""
    written = str(environ.get("REMOTE_ADDR", "")) if hops == 0 else ""
    if _address(environ, hops).endswith("/64") and written:
        return ":".join(written.lower().split(":")[:4]) + "::/64"
    return _address(environ, hops)


@flaw(
    CLIENT_IP,
    caught_by="test_an_ipv4_address_in_ipv6_has_several_spellings",
    misconception="`::ffff:c000:207` is 192.0.2.7 as well: by a prefix of its text only one spelling is found, and `ipv4_mapped` finds all.",
)
def cuts_off_the_prefix(environ: Mapping[str, Any], hops: int) -> str:
    """IPv4 in IPv6 begins with `::ffff:`."""
    address = str(environ.get("REMOTE_ADDR", ""))
    if hops == 0 and ":" in address and not address.startswith("::ffff:"):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return _address({**environ, "REMOTE_ADDR": address.removeprefix("::ffff:")}, hops)


def _address(environ: Mapping[str, Any], hops: int) -> str:
    address: str = original(CLIENT_IP)(environ, hops)
    return address


# RateLimiter: when a count begins and ends (more of them in lesson 2's flaws)


@flaw(
    LIMITER,
    attack=24,
    caught_by="test_two_guesses_at_once_are_two",
    misconception="Between looking and counting others look, too; and a count whose window is over must begin anew. Both in one statement.",
)
class LooksThenCounts:
    """Look how many there were; as long as there is room, count one more."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db = db
        self._limit = limit

    def hit(self, key: str, now: int) -> int:
        """Count one attempt and return how many seconds to wait: 0 while it is within the limit."""
        select = "SELECT count, window_ends_at FROM attempts WHERE key = ?"
        row = self._db.execute(select, (key,)).fetchone()
        count, ends_at = (0, now + self._limit.window_seconds) if row is None else row
        if count >= self._limit.attempts:
            return max(1, int(ends_at) - now)
        self._db.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?)", (key, count + 1, ends_at))
        return 0

    def forget(self, key: str) -> None:
        """Begin at zero again under this key, for one who has proven not to be guessing."""
        self._db.execute("DELETE FROM attempts WHERE key = ?", (key,))


@flaw(
    LIMITER,
    caught_by="test_a_window_is_over_on_its_second",
    misconception="A window of 60 seconds that began at 100 is over at 160: `<` where `<=` belongs keeps people out a second longer than told.",
)
class OverASecondLate(RightLimiter):
    """The window is over when its end has passed."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, in a window that lasts a second too long."""
        count, ends_at = count_attempt(self._db, key, now - 1, now + self._limit.window_seconds)
        return 0 if count <= self._limit.attempts else max(1, ends_at - now)


_owed: ContextVar[int] = ContextVar("owed", default=0)  # what this request's visitor would have to wait


def _refuse_wrong_ones(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    wait = _owed.get()
    _owed.set(0)
    if user is None and wait:
        raise TooManyAttempts(wait)
    return user


@flaw(
    LIMITER,
    caught_by="test_above_the_limit_one_waits",
    companions={AUTHENTICATE: _refuse_wrong_ones},
    misconception="The guess that is right is the one to refuse: let through, whoever guesses on gets in at the thousandth as well.",
)
class RefusesWrongOnes(RightLimiter):
    """Whoever knows the password is no guesser."""

    def hit(self, key: str, now: int) -> int:
        """Let everybody through to where the password is looked at, and have wrong ones wait there."""
        _owed.set(max(_owed.get(), super().hit(key, now)))
        return 0


@flaw(
    LIMITER,
    caught_by="test_a_window_is_over_on_its_second",
    misconception="A window of 60 seconds that began at 100 lasts through the second 159: over already in it, it is a second short.",
)
class OverASecondEarly(RightLimiter):
    """Who has one second left to wait has waited."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, in a window that lasts a second too little."""
        count, ends_at = count_attempt(self._db, key, now + 1, now + self._limit.window_seconds)
        return 0 if count <= self._limit.attempts else ends_at - now


@flaw(
    LIMITER,
    caught_by="test_of_two_guesses_at_once_one_is_the_tenth",
    misconception="Between writing the count and reading it others count, too: both read eleven, and nobody was let through as the tenth.",
)
class CountsThenLooks(RightLimiter):
    """Whoever counts before looking has counted everybody."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, then look how many there are."""
        count_attempt(self._db, key, now, now + self._limit.window_seconds)
        select = "SELECT count, window_ends_at FROM attempts WHERE key = ?"
        count, ends_at = self._db.execute(select, (key,)).fetchone()
        return 0 if count <= self._limit.attempts else int(ends_at) - now


@flaw(
    LIMITER,
    caught_by="test_within_the_limit_nobody_waits",
    misconception="`attempts` are allowed, so the last of them is, too: only the one after it is refused.",
)
class RefusesTheLastOne(RightLimiter):
    """Up to the limit, and there it ends."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, and refuse the one that reaches the limit."""
        count, ends_at = count_attempt(self._db, key, now, now + self._limit.window_seconds)
        return 0 if count < self._limit.attempts else ends_at - now


@flaw(
    LIMITER,
    caught_by="test_whoever_is_refused_learns_how_long_to_wait",
    misconception="The wait goes into Retry-After: told too long, an honest visitor stays away; it is what is left of the window.",
)
class TellsTheWholeWindow(RightLimiter):
    """Whoever is refused waits for a window."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt; a refusal is always as long as a window."""
        return self._limit.window_seconds if super().hit(key, now) else 0


@flaw(
    LIMITER,
    caught_by="test_keys_do_not_share_a_count",
    misconception="A count for all is a switch for anybody: ten wrong guesses of one visitor, and nobody logs in any more.",
)
class OneCountForAll(RightLimiter):
    """The app is under attack or it is not."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, whoever's it is."""
        return super().hit("all", now)

    def forget(self, key: str) -> None:
        """Begin at zero again."""
        super().forget("all")


@flaw(
    LIMITER,
    caught_by="test_who_is_forgotten_begins_at_zero",
    misconception="Nine slips and a right password are an owner: without `forget`, the next slip closes the account.",
)
class ForgivesNobody(RightLimiter):
    """A count that can be put back is a count that an attacker puts back."""

    def forget(self, key: str) -> None:
        """Leave the count as it is."""


@flaw(
    LIMITER,
    caught_by="test_who_is_forgotten_begins_a_new_window",
    misconception="A window belongs to its count: with the count at zero and the old window going on, the next one is over before its time.",
)
class ForgivesTheCountAlone(RightLimiter):
    """To begin at zero is to write a zero."""

    def forget(self, key: str) -> None:
        """Put the count back to zero."""
        self._db.execute("UPDATE attempts SET count = 0 WHERE key = ?", (key,))


@flaw(
    LIMITER,
    caught_by="test_what_cannot_be_counted_is_not_let_through",
    misconception="An app that lets everybody guess while its database is busy is made busy first: a limit fails closed.",
)
class LetsPassWhatItCannotCount(RightLimiter):
    """A broken counter must not keep people out."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, if the database is in the mood."""
        try:
            return super().hit(key, now)
        except sqlite3.Error:
            return 0


# harden: what a cache may keep


@flaw(
    HARDEN,
    attack=73,
    caught_by="test_a_redirect_or_json_is_not_kept_either",
    misconception="Redirects, errors and JSON are answers as well, and some carry more than a page: a cookie, an account, what was typed.",
)
def pages_that_succeed(response: Response) -> Response:
    """Only pages show something, so only pages are kept out of caches."""
    page = response.status_code == 200 and response.mimetype == "text/html"
    return _hardened(response, "no-store" if page else None)


@flaw(
    HARDEN,
    attack=73,
    caught_by="test_an_error_is_not_kept_either",
    misconception="An error page can repeat what was typed, and a form that is refused always does: keep that out of caches, too.",
)
def errors_are_the_same_for_all(response: Response) -> Response:
    """Errors are the same for everybody, and a cache that keeps them spares us work."""
    return _hardened(response, "no-store" if response.status_code < 400 else None)


@flaw(
    HARDEN,
    attack=73,
    caught_by="test_no_cache_keeps_a_page",
    misconception="`no-cache` means: keep it, and ask before you use it. What must not be kept is `no-store`.",
)
def no_cache_keeps_out(response: Response) -> Response:
    """`no-cache` says what it says."""
    return _hardened(response, "no-cache")


@flaw(
    HARDEN,
    attack=73,
    caught_by="test_no_cache_keeps_a_page",
    misconception="Many caches keep by address alone and have never read `Vary`: only `no-store` keeps a page out of them.",
)
def vary_will_do(response: Response) -> Response:
    """`Vary: Cookie` gives every visitor their own copy."""
    return _hardened(response, None)


@flaw(
    HARDEN,
    caught_by="test_a_response_that_says_otherwise_is_believed",
    misconception="A style sheet is the same for everybody: whoever writes over its own `Cache-Control` has it sent again with every page.",
)
def nothing_is_ever_kept(response: Response) -> Response:
    """What is never kept can never be told."""
    return _hardened(response, "no-store", own=False)


@flaw(
    HARDEN,
    caught_by="test_vary_keeps_what_it_named",
    misconception="`Vary` is a list: written over, it forgets that the answer also depends on the language or the encoding.",
)
def vary_written_over(response: Response) -> Response:
    """The answer depends on the cookie."""
    answer: Response = original(HARDEN)(response)
    answer.headers["Vary"] = "Cookie"
    return answer


@flaw(
    HARDEN,
    caught_by="test_each_header_is_there_once",
    misconception="A header that is added is there twice if it was there before, and browsers differ in which of the two they believe.",
)
def added_to_what_was_there(response: Response) -> Response:
    """`add` puts a header into the response."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.add(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response


@flaw(
    HARDEN,
    caught_by="test_no_header_is_left_to_others",
    misconception="`setdefault` leaves a weaker policy where some page has set one: a rule for every response has no exceptions by accident.",
)
def only_where_missing(response: Response) -> Response:
    """Whoever has set a header before will have had a reason."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response


@flaw(
    HARDEN,
    caught_by="test_every_cookie_is_still_there",
    misconception="Headers are no dict: `Set-Cookie` stands there once for each cookie, and a dict keeps one of them.",
)
def headers_through_a_dict(response: Response) -> Response:
    """Headers are names and values, so a dict will hold them."""
    headers = {**dict(response.headers), **SECURITY_HEADERS}
    headers.setdefault("Cache-Control", "no-store")
    answer = Response(response.get_data(), response.status, headers)
    answer.vary.add("Cookie")
    return answer


@flaw(
    HARDEN,
    caught_by="test_the_cookie_decides_what_is_shown",
    misconception="`no-store` asks caches to keep nothing; for those that keep something all the same, `Vary` says whose it is.",
)
def no_store_will_do(response: Response) -> Response:
    """What is not kept needs no description."""
    before = response.headers.get("Vary")
    answer: Response = original(HARDEN)(response)
    if before is None:
        del answer.headers["Vary"]
    else:
        answer.headers["Vary"] = before
    return answer


@flaw(
    HARDEN,
    caught_by="test_pages_that_failed_are_hardened_like_others",
    misconception="An error page is a page: what was typed comes back on it, so that is where injected markup ends up.",
)
def policies_for_success(response: Response) -> Response:
    """An error page has no scripts, so it needs no policy."""
    if response.status_code < 400:
        return _hardened(response, "no-store")
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response


@flaw(
    HARDEN,
    caught_by="test_what_may_be_kept_says_whose_it_is",
    misconception="`Vary` is for those who keep a copy, and a response with a `Cache-Control` of its own is what they keep.",
)
def vary_or_a_word_of_its_own(response: Response) -> Response:
    """Whoever has something to say to caches has said it all."""
    response.headers.update(SECURITY_HEADERS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
    return response


@flaw(
    HARDEN,
    caught_by="test_a_name_with_cookie_in_it_is_another_name",
    misconception="`Vary` is a list of names, and `Sec-Cookie-Deprecation` is another one: look for the name, not for its letters.",
)
def cookie_somewhere_in_it(response: Response) -> Response:
    """Where `Vary` has a cookie in it already, nothing needs to be added."""
    before = response.headers.get("Vary", "")
    answer: Response = original(HARDEN)(response)
    if "cookie" in before.lower():
        answer.headers["Vary"] = before
    return answer


@flaw(
    HARDEN,
    caught_by="test_json_is_still_json",
    misconception="Werkzeug calls a new response HTML unless told otherwise: with the old headers added, it has two types, and browsers choose one.",
)
def a_fresh_response(response: Response) -> Response:
    """A new response with the same body and status, to which the old headers are added."""
    answer = Response(response.get_data(), response.status, mimetype="text/html")
    for name, value in response.headers:
        answer.headers.add(name, value)
    hardened: Response = original(HARDEN)(answer)
    return hardened


@flaw(
    HARDEN,
    caught_by="test_a_cache_that_must_ask_can_still_ask",
    misconception="`no-cache` is kept, and asked about by its ETag: without one, every question brings the whole style sheet again.",
)
def nothing_to_compare_with(response: Response) -> Response:
    """What is not kept needs nothing to compare it with."""
    del response.headers["ETag"], response.headers["Last-Modified"]
    answer: Response = original(HARDEN)(response)
    return answer


def _hardened(response: Response, cache_control: str | None, *, own: bool = True) -> Response:
    """All headers as they should be, but for one."""
    chosen = response.headers.get("Cache-Control", cache_control) if own else cache_control
    answer: Response = original(HARDEN)(response)
    if chosen is None:
        del answer.headers["Cache-Control"]
    else:
        answer.headers["Cache-Control"] = chosen
    return answer


# event_line: what a line of the log tells


def _caller() -> Mapping[str, Any]:
    """The local variables of the function that had something to log."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"] != "authlab.actions":
        frame = frame.f_back
    return {} if frame is None else dict(frame.f_locals)


@flaw(
    EVENT_LINE,
    attack=74,
    misconception="Local variables are what the visitor typed, before anything became of it: a log with them is a list of passwords.",
)
def local_variables_for_the_support(event: Event, **facts: int | str | None) -> str:
    """A line that says what was in every variable saves an hour of searching."""
    return f"{_line(event, facts)}; {dict(_caller())!r}"


@flaw(
    EVENT_LINE,
    attack=74,
    misconception="Passwords are typed into other fields, too, and secrets have other names: name what may be logged, not what may not.",
)
def hides_what_is_called_password(event: Event, **facts: int | str | None) -> str:
    """What is called password or token is left out; the rest is harmless."""
    secret = ("password", "token", "form", "fields")
    told = {
        name: value
        for name, value in _caller().items()
        if isinstance(value, str) and not any(word in name for word in secret)
    }
    return f"{_line(event, facts)}; {told!r}"


@flaw(
    EVENT_LINE,
    attack=74,
    misconception="With one line for every refusal nobody can tell a forgotten password from somebody who forges cookies.",
)
def one_line_for_every_refusal(event: Event, **facts: int | str | None) -> str:
    """The visitor gets the same answer for everything, and so does the log."""
    return "request refused" if "refused" in event else _line(event, facts)


def _line(event: Event, facts: Mapping[str, int | str | None]) -> str:
    line: str = original(EVENT_LINE)(event, **facts)
    return line


# ServerOnly: a guard that gives way, with the line that it should have kept harmless


def _log_who_logs_in(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    to_the_log(f"who logs in: {user}")
    return user


@flaw(
    SERVER_ONLY,
    attack=74,
    caught_by="test_printing_does_not_tell_it",
    companions={AUTHENTICATE: _log_who_logs_in},
    misconception="A log line is the way out that nobody looks at: an object that prints itself is in it the day somebody logs a row.",
)
class PrintsItself(RightServerOnly[T]):
    """JSON is what leaves the server; to see a value while debugging is harmless."""

    def __repr__(self) -> str:
        return f"ServerOnly({self.reveal()!r})"


# validate_signup, optimistic: lines of their own


class _TalkativeForm(SignupForm):
    model_config = ConfigDict(hide_input_in_errors=False)


@flaw(
    SIGNUP,
    attack=74,
    caught_by="test_no_log_hears_the_password",
    misconception="A ValidationError quotes what was typed, the password with it: log what it was about, never the error.",
)
def logs_the_validation_error(form: Mapping[str, str]) -> SignupForm | FormState:
    """pydantic explains best what was wrong with a form."""
    try:
        return _TalkativeForm.model_validate({"name": "", "email": "", "password": "", **form})
    except ValidationError as refused:
        to_the_log(f"sign-up refused: {refused}")
        return FormState(errors=messages_by_field(refused))


@flaw(
    SIGNUP,
    attack=74,
    caught_by="test_a_field_that_nobody_asked_for_is_refused",
    misconception="What a visitor sends is no fault of ours: as a crash, it ends in the log with everything that was typed.",
)
def a_strange_form_is_our_bug(form: Mapping[str, str]) -> SignupForm | FormState:
    """Our page sends three fields, so a fourth one is a bug, and we want to see it."""
    if form.keys() - {"name", "email", "password"}:
        raise ValueError(f"our page sends no such form: {dict(form)}")
    checked: SignupForm | FormState = original(SIGNUP)(form)
    return checked


@flaw(
    OPTIMISTIC,
    attack=74,
    caught_by="test_no_log_hears_the_cookie",
    misconception="One of the headers is the session: whoever reads the log has everybody's.",
)
def logs_the_headers(request: Request, endpoint: str) -> Response | None:
    """Every request is logged with its headers: where it comes from, and with which browser."""
    to_the_log(f"{request.method} {request.path} {dict(request.headers)}")
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


# 11.5: proofs that prove too little, or too much


def _login(app: LabApp, form: Mapping[str, str], number: int) -> int:
    browser = app.browser(address=f"198.51.100.{number}")
    return browser.post("/login", dict(form)).status_code


_WRONG = {"email": ADA[1], "password": "not-hers-1"}
_HERS = {"email": ADA[1], "password": ADA[2]}


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_limits_of_this_lesson",
    misconception="It shows that guessing ends, and not that it begins again: an account that is shut for good passes.",
)
def only_the_attack(app: LabApp) -> None:
    """Ten guesses, and then no more: that is the limit."""
    assert [_login(app, _WRONG, number) for number in range(10)] == [401] * 10
    assert _login(app, _HERS, 11) == 429


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_limits_of_this_lesson",
    misconception="Nobody logs in between the guesses: whether a login puts back its own count, every count or none was never asked.",
)
def nobody_logs_in_meanwhile(app: LabApp) -> None:
    """One browser that guesses, waits and gets in."""
    browser = app.browser()
    assert [browser.post("/login", _WRONG).status_code for _ in range(10)] == [401] * 10
    assert browser.post("/login", _HERS).status_code == 429
    app.clock.advance(minutes=15)
    assert browser.post("/login", _HERS).status_code == 303


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_limits_of_this_lesson",
    misconception="No `assert` depends on how guessing is limited, or a failing one is caught again: a test that cannot fail proves nothing.",
)
def looks_and_says_nothing(app: LabApp) -> None:
    """Everything is asked that must be asked."""
    statuses = [_login(app, _WRONG, number) for number in range(11)]
    app.clock.advance(minutes=15)
    statuses.append(_login(app, _HERS, 12))
    bool(statuses == [401] * 10 + [429, 303])


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_limits_of_this_lesson",
    misconception="Where guessing is not refused there is no Retry-After: asked for it first, the proof crashes, which proves nothing.",
)
def asks_for_the_wait_first(app: LabApp) -> None:
    """A refusal says how long to wait, so that is what is looked at."""
    for number in range(10):
        assert _login(app, _WRONG, number) == 401
    refused = app.browser().post("/login", _HERS)
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert refused.status_code == 429
    app.clock.advance(minutes=15)
    assert _login(app, _HERS, 11) == 303


@flaw(
    PROOF,
    caught_by="test_it_spares_right_limits",
    misconception="It asks for a lock: a right limit lets the owner in when the window is over, however many have tried meanwhile.",
)
def shut_until_tomorrow(app: LabApp) -> None:
    """Who guesses ten times is out for today."""
    only_the_attack(app)
    app.clock.advance(hours=1)
    assert _login(app, _HERS, 12) == 429


@flaw(
    PROOF,
    caught_by="test_it_spares_right_limits",
    misconception="Grace is another account: guesses at Ada's are none at hers, and a right limit lets her in.",
)
def everybody_out(app: LabApp) -> None:
    """Under attack nobody logs in."""
    only_the_attack(app)
    assert _login(app, {"email": GRACE[1], "password": GRACE[2]}, 12) == 429


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_limits_of_this_lesson",
    misconception="A quarter of an hour is long enough to hide a second: only the last second of a window and the one after it tell where it ends.",
)
def well_after_the_window(app: LabApp) -> None:
    """Slips, a login, guesses, a pause, and in again."""
    assert [_login(app, _WRONG, number) for number in range(9)] == [401] * 9
    assert _login(app, _HERS, 10) == 303
    assert [_login(app, _WRONG, number) for number in range(20, 30)] == [401] * 10
    assert _login(app, {"email": GRACE[1], "password": GRACE[2]}, 30) == 303
    assert _login(app, _HERS, 31) == 429
    app.clock.advance(minutes=20)
    assert _login(app, _HERS, 32) == 303
