"""Checks of lesson 11."""

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing, suppress

from werkzeug.wrappers import Response

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.headers import SECURITY_HEADERS, harden
from authlab.lab.apps import LabApp
from authlab.lab.browser import Browser
from authlab.limits import UNKNOWN_ADDRESS, RateLimiter, client_ip
from authlab.settings import Limit


def what_kept_her_out(app: LabApp, people: tuple[Browser]) -> str:
    """What came of Mallory's guesses, where they can tell why the profile did not."""
    guesses = [sent for sent in people[0].history if sent.startswith("POST /login")]
    with closing(app.connect()) as db:
        counted = db.execute("SELECT key FROM attempts WHERE key LIKE 'login from %'").fetchall()
    addresses = [key.removeprefix("login from ") for (key,) in counted]
    opened = any(sent.startswith("GET /profile") for sent in people[0].history)
    if any("303" in guess for guess in guesses[:-1]) and not opened:
        return "nothing: a guess was answered with 303, guessing went on, and /profile was never opened"
    if any("303" in guess for guess in guesses):
        return "nothing: a guess was answered with 303, and /profile was not what came back after it"
    if addresses == [people[0].address]:
        return f"nothing: all guesses were counted at one address, {addresses[0]}, which is Mallory's own"
    if len(addresses) == 1:
        return f"nothing: all guesses were counted at one address, {addresses[0]}"
    if guesses and all("401" in guess for guess in guesses):
        if len(guesses) < 25:
            return (
                f"nothing: all {len(guesses)} guesses were answered with 401, and the note has 25 passwords"
            )
        return "nothing: every guess was answered with 401, and none was refused for its address"
    return "" if guesses else "nothing: no guess was sent to /login"


@exercise("11.1")
class TestAGuessFromEverywhere:
    def test_it_opens_the_account_where_the_hole_is(self) -> None:
        """Ten guesses for each address, and the right password is the thirteenth of the note."""
        judging.attack_wins("11.1", hindrance=what_kept_her_out)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where guesses are counted by account, addresses do not help; and whoever knows the password before
        the tenth guess has not guessed."""
        judging.attack_loses("11.1")


@exercise("11.2")
class TestWhereItComesFromInWhoseWords:
    def test_without_a_proxy_the_connection_counts(self) -> None:
        """Nobody can make up the address that a connection comes from: the answer would not arrive."""
        assert client_ip({"REMOTE_ADDR": "192.0.2.7"}, 0) == "192.0.2.7"

    @judging.request(
        'ask = {"params": {"email": "eve@lab.test"}}',
        'said = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(61)]',
        '[browser.get("/signup/available", headers=header, **ask).status_code for header in said][-1]',
        closed=429,
    )
    def test_without_a_proxy_the_header_is_the_word_of_the_visitor(self) -> None:
        """No proxy of ours wrote it, so the one who is to be limited did."""
        environ = {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
        assert client_ip(environ, 0) == "192.0.2.7"

    def test_behind_a_proxy_its_entry_counts(self) -> None:
        """The connection is our proxy's, for every visitor the same."""
        assert client_ip({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 1) == "192.0.2.7"

    def test_entries_of_the_visitor_come_first(self) -> None:
        """A proxy adds at the end and leaves what came: however much Mallory writes before it, the entry of
        the outermost of our proxies is her real address."""
        one = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}
        assert client_ip(one, 1) == "192.0.2.7"
        two = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7, 10.0.0.2"}
        assert client_ip(two, 2) == "192.0.2.7"
        more = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 8.8.8.8, 9.9.9.9, 192.0.2.7"}
        assert client_ip(more, 1) == "192.0.2.7"

    def test_spaces_are_no_part_of_an_address(self) -> None:
        """The comma comes with a space, or without one, or with two."""
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1,  192.0.2.7 ,10.0.0.2"}
        assert client_ip(environ, 2) == "192.0.2.7"

    def test_behind_a_proxy_a_request_without_the_header_has_no_address(self) -> None:
        """Our proxy always writes one. Where there is none, nobody of ours has seen the visitor."""
        assert client_ip({"REMOTE_ADDR": "10.0.0.1"}, 1) == UNKNOWN_ADDRESS
        assert client_ip({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": ""}, 1) == UNKNOWN_ADDRESS

    def test_who_came_past_a_proxy_has_no_address(self) -> None:
        """One entry, and two proxies that should have written: one of them was gone around, and the entry may
        be anybody's word."""
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
        assert client_ip(environ, 2) == UNKNOWN_ADDRESS
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}
        assert client_ip(environ, 3) == UNKNOWN_ADDRESS

    def test_what_is_no_address_is_none(self) -> None:
        """It fails closed: all who come without an address share one count, and no word opens another one."""
        assert client_ip({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "unknown"}, 1) == UNKNOWN_ADDRESS
        assert client_ip({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "_x7"}, 1) == UNKNOWN_ADDRESS
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.999"}
        assert client_ip(environ, 1) == UNKNOWN_ADDRESS

    def test_an_entry_that_is_no_address_keeps_its_place(self) -> None:
        """Our proxy wrote "unknown", at the end: whoever leaves that out takes the word of the visitor."""
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1, unknown"}
        assert client_ip(environ, 1) == UNKNOWN_ADDRESS

    def test_a_proxy_behind_a_unix_socket_is_counted_like_others(self) -> None:
        """Its connection has no address, and the entry at the end of the header is still the one it wrote."""
        assert client_ip({"HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}, 1) == "192.0.2.7"
        environ = {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "198.51.100.1, 192.0.2.7"}
        assert client_ip(environ, 1) == "192.0.2.7"

    def test_a_connection_without_an_address_has_none(self) -> None:
        """A server behind a Unix socket says nothing, or an empty text."""
        assert client_ip({}, 0) == UNKNOWN_ADDRESS
        assert client_ip({"REMOTE_ADDR": ""}, 0) == UNKNOWN_ADDRESS

    def test_no_other_header_is_believed(self) -> None:
        """X-Real-IP, Forwarded, Client-IP: what our proxies do not write, visitors do."""
        made_up: Mapping[str, str] = {
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_X_REAL_IP": "198.51.100.1",
            "HTTP_FORWARDED": "for=198.51.100.1",
            "HTTP_CLIENT_IP": "198.51.100.1",
            "HTTP_CF_CONNECTING_IP": "198.51.100.1",
            "HTTP_TRUE_CLIENT_IP": "198.51.100.1",
        }
        assert client_ip(made_up, 0) == "192.0.2.7"
        behind = {**made_up, "REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}
        assert client_ip(behind, 1) == "192.0.2.7"

    def test_one_ipv6_network_is_one_visitor(self) -> None:
        """A line at home comes with 2**64 addresses: counted one by one, each of them has its own limit."""
        assert client_ip({"REMOTE_ADDR": "2001:db8:1:2:aaaa::1"}, 0) == "2001:db8:1:2::/64"
        assert client_ip({"REMOTE_ADDR": "2001:db8:1:2:bbbb::9"}, 0) == "2001:db8:1:2::/64"
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "2001:DB8:1:2::7"}
        assert client_ip(environ, 1) == "2001:db8:1:2::/64"

    def test_zeros_that_are_left_out_are_in_the_address(self) -> None:
        """`::` stands for as many zeros as are missing, so four groups are not always the first four."""
        assert client_ip({"REMOTE_ADDR": "2001:db8::1"}, 0) == "2001:db8::/64"
        assert client_ip({"REMOTE_ADDR": "2001:db8::1:2:3:4:5"}, 0) == "2001:db8:0:1::/64"

    def test_two_ipv6_networks_are_two_visitors(self) -> None:
        """A wider network would put a whole provider into one count."""
        assert client_ip({"REMOTE_ADDR": "2001:db8:1:3::1"}, 0) == "2001:db8:1:3::/64"

    def test_an_ipv4_address_in_ipv6_is_the_same_visitor(self) -> None:
        """A server that listens on both sees IPv4 like this: without a look inside, all of it is one network,
        or a second count for everybody."""
        assert client_ip({"REMOTE_ADDR": "::ffff:192.0.2.7"}, 0) == "192.0.2.7"
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "::ffff:192.0.2.7"}
        assert client_ip(environ, 1) == "192.0.2.7"

    def test_an_ipv4_address_in_ipv6_has_several_spellings(self) -> None:
        """Programs write its last half with dots, as two groups, or with all the zeros: it is one address."""
        assert client_ip({"REMOTE_ADDR": "::ffff:c000:207"}, 0) == "192.0.2.7"
        assert client_ip({"REMOTE_ADDR": "0:0:0:0:0:FFFF:192.0.2.7"}, 0) == "192.0.2.7"


def hits(limiter: RateLimiter, key: str, now: int, times: int) -> list[int]:
    """Return what a limiter says to some attempts in the same second."""
    return [limiter.hit(key, now) for _ in range(times)]


def lets_through(limiter: RateLimiter, key: str, now: int) -> bool:
    """Return whether an attempt is let through: an error lets nobody in."""
    try:
        return limiter.hit(key, now) == 0
    except sqlite3.Error:
        return False


# So often a thread is waited for that may wait for a lock. Turns, and not seconds: on a busy machine whoever
# waits gets few of them as well.
TURNS = 1000


def two_at_once(app: LabApp, *, after: int, once_written: bool = False) -> list[int | str]:
    """Return what is said to two attempts at once, after some others, and to one more; ten are allowed.

    The second comes from elsewhere when the first is about to write: at the worst moment, each time. Or, with
    `once_written`, when it has written and is about to look. Where the database keeps it out, it comes again
    when the first is done.
    """
    limit, said = Limit(attempts=10, window_seconds=60), dict[str, int | str]()

    def come(who: str) -> None:
        with closing(app.connect()) as db:
            db.execute("PRAGMA busy_timeout = 0")
            with suppress(sqlite3.OperationalError):
                said[who] = RateLimiter(db, limit).hit("ada", 100)

    def come_between(statement: str) -> None:
        if "attempts" not in statement:
            return
        looks = statement.lower().startswith("select")
        if not looks:
            written.append(statement)
        if (looks and written) if once_written else not looks:
            first.observer = None
            another_process.start()
            for _ in range(TURNS):
                another_process.join(0.001)
            if another_process.is_alive():
                said["kept out"] = "another process would not have waited"

    written: list[str] = []
    another_process = threading.Thread(target=come, args=("second",))
    with closing(app.connect()) as first:
        hits(RateLimiter(first, limit), "ada", 100, after)
        first.observer = come_between
        said["first"] = RateLimiter(first, limit).hit("ada", 100)
    if another_process.ident is not None:
        another_process.join()
    if "second" not in said:
        come("second")
    come("third")
    together = sorted([said["first"], said["second"]], key=str)
    return [*together, said["third"], *([said["kept out"]] if "kept out" in said else [])]


@exercise("11.3")
class TestACountThatTwoCanRead:
    def test_within_the_limit_nobody_waits(self, db: sqlite3.Connection) -> None:
        """Three are allowed, and the third is one of them."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        assert hits(limiter, "ada", now=100, times=3) == [0, 0, 0]

    def test_above_the_limit_one_waits(self, db: sqlite3.Connection) -> None:
        """The fourth is refused, and so are all that follow, for as long as the window lasts."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        assert hits(limiter, "ada", now=100, times=5) == [0, 0, 0, 60, 60]

    def test_another_limit_is_another_limit(self, db: sqlite3.Connection) -> None:
        """Each has its own number and its own window: one try in ten seconds, say."""
        limiter = RateLimiter(db, Limit(attempts=1, window_seconds=10))
        assert hits(limiter, "signup 192.0.2.7", now=100, times=2) == [0, 10]

    def test_whoever_is_refused_learns_how_long_to_wait(self, db: sqlite3.Connection) -> None:
        """It is sent as Retry-After: what is left of the window, not the whole of it."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=3)
        assert limiter.hit("ada", now=145) == 15

    def test_a_window_is_over_on_its_second(self, db: sqlite3.Connection) -> None:
        """Begun at 100, it ends at 160: one second earlier is a hole, one later keeps people out."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=4)
        assert limiter.hit("ada", now=159) == 1
        assert limiter.hit("ada", now=160) == 0

    def test_the_next_window_has_a_limit_of_its_own(self, db: sqlite3.Connection) -> None:
        """It begins with the attempt that opens it, and allows as many as the first."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=4)
        assert hits(limiter, "ada", now=200, times=4) == [0, 0, 0, 60]

    @judging.request(
        'guess, right = ({"email": ADA[1], "password": text} for text in ("not-hers-1", ADA[2]))',
        'ten = [browser.post("/login", guess).status_code for _ in range(11)]',
        'app.clock.advance(minutes=10); browser.post("/login", guess)',
        "app.clock.advance(minutes=5)",
        'browser.post("/login", right).status_code',
        closed=303,
    )
    def test_a_window_ends_although_somebody_goes_on(self, db: sqlite3.Connection) -> None:
        """Mallory tries once in ten seconds. If that kept the window open, it would keep Ada out for good."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=3)
        assert [limiter.hit("ada", now) for now in (110, 130, 150, 160)] == [50, 30, 10, 0]

    def test_keys_do_not_share_a_count(self, db: sqlite3.Connection) -> None:
        """Guesses at Ada's password are none of Grace's business."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=4)
        assert limiter.hit("grace", now=100) == 0

    @judging.request(
        'guess = {"email": ADA[1], "password": "not-hers-1"}',
        'many = [app.browser(address=f"198.51.100.{number}") for number in range(11)]',
        '[mallory.post("/login", guess).status_code for mallory in many][-1]',
        closed=429,
    )
    def test_guesses_at_one_account_are_counted(self, db: sqlite3.Connection) -> None:
        """The app makes its keys with `login_key`: by account. Addresses cost nothing, accounts do."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        assert hits(limiter, "login 7f3a from anywhere", now=100, times=4) == [0, 0, 0, 60]

    @judging.request(
        'ask = {"params": {"email": "eve@lab.test"}}',
        '[browser.get("/signup/available", **ask).status_code for _ in range(61)][-1]',
        closed=429,
    )
    def test_whatever_the_key_is_it_is_counted(self, db: sqlite3.Connection) -> None:
        """What a key means is the caller's to know. The page's script waits before it asks; a program does
        not."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        assert hits(limiter, "lookup 192.0.2.7", now=100, times=4) == [0, 0, 0, 60]
        assert hits(limiter, "login from 192.0.2.7", now=100, times=4) == [0, 0, 0, 60]

    def test_a_count_outlives_the_limiter(self, db: sqlite3.Connection) -> None:
        """The app makes one for each request; the next process makes its own."""
        hits(RateLimiter(db, Limit(attempts=3, window_seconds=60)), "ada", now=100, times=3)
        assert RateLimiter(db, Limit(attempts=3, window_seconds=60)).hit("ada", now=100) == 60

    def test_who_is_forgotten_begins_at_zero(self, db: sqlite3.Connection) -> None:
        """Ada has mistyped twice and then logged in: the next slip is her first."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=2)
        limiter.forget("ada")
        assert hits(limiter, "ada", now=101, times=3) == [0, 0, 0]

    def test_who_is_forgotten_begins_a_new_window(self, db: sqlite3.Connection) -> None:
        """The first attempt after it is the first of a window, which lasts as long as any."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=2)
        limiter.forget("ada")
        assert hits(limiter, "ada", now=150, times=4) == [0, 0, 0, 60]

    def test_who_is_forgotten_is_forgotten_alone(self, db: sqlite3.Connection) -> None:
        """Mallory logs in to her own account between two guesses: it proves nothing about Ada's."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        hits(limiter, "ada", now=100, times=3)
        limiter.forget("mallory")
        assert limiter.hit("ada", now=100) == 60

    def test_another_database_knows_nothing(self, db: sqlite3.Connection, lab_app: LabApp) -> None:
        """What is kept in the class, or in the module, is kept for every app of the process."""
        hits(RateLimiter(db, Limit(attempts=3, window_seconds=60)), "ada", now=100, times=4)
        with closing(lab_app.connect()) as elsewhere:
            assert RateLimiter(elsewhere, Limit(attempts=3, window_seconds=60)).hit("ada", now=100) == 0

    def test_two_guesses_at_once_are_two(self, lab_app: LabApp) -> None:
        """The second one asks and writes between what the first one reads and writes. If both read nine, both
        are the tenth. A lock in this process is unknown to the next one."""
        assert two_at_once(lab_app, after=9) == [0, 60, 60]

    def test_of_two_guesses_at_once_one_is_the_tenth(self, lab_app: LabApp) -> None:
        """The second one asks and writes between what the first one writes and reads. If both read eleven,
        nobody was the tenth."""
        assert two_at_once(lab_app, after=9, once_written=True) == [0, 60, 60]

    def test_of_two_at_once_none_is_lost(self, lab_app: LabApp) -> None:
        """They are the ninth and the tenth, so the next one is the eleventh."""
        assert two_at_once(lab_app, after=8) == [0, 0, 60]

    def test_what_cannot_be_counted_is_not_let_through(self, db: sqlite3.Connection) -> None:
        """A full disk, a lock that is held: whoever can bring that about must not be able to guess for it."""
        limiter = RateLimiter(db, Limit(attempts=3, window_seconds=60))
        db.execute("PRAGMA query_only = ON")
        assert lets_through(limiter, "ada", now=100) is False


def a_page(**headers: str) -> Response:
    """Return a page that says hello; `Content_Language` becomes `Content-Language`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response("hello", headers=sent, mimetype="text/html")


def an_answer(status: int, mimetype: str = "text/html", **headers: str) -> Response:
    """Return an answer of another kind than a page that worked."""
    return Response("{}", status=status, headers=headers, mimetype=mimetype)


def lacking(response: Response) -> list[str]:
    """Return the names of the security headers that a response does not have, or has otherwise or twice."""
    return [name for name, value in SECURITY_HEADERS.items() if response.headers.getlist(name) != [value]]


def caching(response: Response) -> str:
    """Return what a response says to caches; whatever else it says, `no-store` is the word that counts."""
    said = ", ".join(response.headers.getlist("Cache-Control"))
    return "no-store" if "no-store" in said.lower() else said


def varies_by(response: Response) -> list[str]:
    """Return what a response depends on, sorted."""
    return sorted(
        name.strip().lower() for line in response.headers.getlist("Vary") for name in line.split(",")
    )


@exercise("11.4")
class TestOnEveryResponse:
    def test_a_page_gets_the_headers(self) -> None:
        """Scripts from our own files only, no frames, https, no guessing of types."""
        assert lacking(harden(a_page())) == []

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.get("/profile").headers.get("Cache-Control")',
        closed="no-store",
    )
    def test_no_cache_keeps_a_page(self) -> None:
        """A proxy that many people share hands Ada's profile to the next one who asks. `no-cache` lets it
        keep the page; `private` lets the browser keep it, for whoever presses Back after the logout."""
        assert caching(harden(a_page())) == "no-store"

    @judging.request('browser.get("/profile").headers.get("Cache-Control")', closed="no-store")
    def test_a_redirect_or_json_is_not_kept_either(self) -> None:
        """A redirect can carry the cookie of a login, and JSON is an account without a page around it."""
        assert caching(harden(an_answer(303, Location="/profile"))) == "no-store"
        assert caching(harden(an_answer(200, "application/json"))) == "no-store"

    @judging.request('browser.get("/nowhere").headers.get("Cache-Control")', closed="no-store")
    def test_an_error_is_not_kept_either(self) -> None:
        """A form that is refused comes back with what was typed; a 404 of today may be a page tomorrow."""
        assert caching(harden(an_answer(422))) == "no-store"
        assert caching(harden(an_answer(404))) == "no-store"
        assert caching(harden(an_answer(500))) == "no-store"

    def test_pages_that_failed_are_hardened_like_others(self) -> None:
        """An error page may repeat what a visitor has sent: that is where markup is injected."""
        assert lacking(harden(an_answer(422))) == []
        assert lacking(harden(an_answer(500))) == []

    def test_redirects_and_json_are_hardened_like_pages(self) -> None:
        """One rule for all is a rule without a gap."""
        assert lacking(harden(an_answer(303, Location="/login"))) == []
        assert lacking(harden(an_answer(401, "application/json"))) == []

    @judging.request(
        'browser.get("/static/style.css").headers.get("Cache-Control")',
        closed="no-cache",
    )
    def test_a_response_that_says_otherwise_is_believed(self) -> None:
        """The style sheet is the same for everybody, and is sent with `no-cache` by whoever knows that."""
        assert caching(harden(a_page(Cache_Control="no-cache"))) == "no-cache"
        assert caching(harden(a_page(Cache_Control="public, max-age=3600"))) == "public, max-age=3600"

    def test_the_cookie_decides_what_is_shown(self) -> None:
        """Whoever keeps a copy all the same must not show it to the next visitor."""
        assert varies_by(harden(a_page())) == ["cookie"]

    def test_what_may_be_kept_says_whose_it_is(self) -> None:
        """A response with a `Cache-Control` of its own is the one that a cache does keep."""
        assert varies_by(harden(a_page(Cache_Control="public, max-age=3600"))) == ["cookie"]

    def test_vary_keeps_what_it_named(self) -> None:
        """A page in two languages still depends on the language."""
        assert varies_by(harden(a_page(Vary="Accept-Language"))) == ["accept-language", "cookie"]

    def test_a_name_with_cookie_in_it_is_another_name(self) -> None:
        """`Vary` is a list of names: whoever looks for the letters finds them in a longer one."""
        hardened = harden(a_page(Vary="Sec-Cookie-Deprecation"))
        assert varies_by(hardened) == ["cookie", "sec-cookie-deprecation"]

    def test_each_header_is_there_once(self) -> None:
        """Of two policies some programs believe the first and some the last. Hardened twice is hardened."""
        assert lacking(harden(harden(a_page()))) == []

    def test_no_header_is_left_to_others(self) -> None:
        """A page that has made its own, weaker policy gets ours."""
        assert lacking(harden(a_page(Content_Security_Policy="script-src *"))) == []
        assert lacking(harden(a_page(Referrer_Policy="unsafe-url"))) == []

    def test_every_cookie_is_still_there(self) -> None:
        """A login sets two: the session's, and the one by which this browser is known again."""
        response = a_page()
        response.headers.add("Set-Cookie", "session=one")
        response.headers.add("Set-Cookie", "device=two")
        assert harden(response).headers.getlist("Set-Cookie") == ["session=one", "device=two"]
        assert harden(a_page(Cache_Control="no-cache", Set_Cookie="a=b")).headers.getlist("Set-Cookie") == [
            "a=b"
        ]

    def test_everything_else_stays(self) -> None:
        """Status, body and where a redirect leads are not ours to change."""
        response = an_answer(303, Location="/profile")
        hardened = harden(response)
        assert hardened.status_code == 303
        assert hardened.headers["Location"] == "/profile"
        assert harden(a_page()).get_data(as_text=True) == "hello"
        assert harden(a_page(Retry_After="60")).headers["Retry-After"] == "60"

    def test_json_is_still_json(self) -> None:
        """It said what it is, once: as a page of HTML, what somebody typed is markup again."""
        hardened = harden(an_answer(200, "application/json"))
        assert hardened.headers.getlist("Content-Type") == ["application/json"]

    def test_a_cache_that_must_ask_can_still_ask(self) -> None:
        """`no-cache` has it ask whether its copy is still good, and it asks by the ETag."""
        assert harden(a_page(Cache_Control="no-cache", ETag='"v1"')).headers.get("ETag") == '"v1"'


@exercise("11.5")
class TestATestThatWrongLimitsDoNotSurvive:
    def test_it_spares_right_limits(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("11.5", sessions="stateless")

    def test_it_catches_the_wrong_limits_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("11.5", sessions="stateless")
