"""Checks of lesson 4."""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from authlab.cookies import session_cookie
from authlab.course import judging
from authlab.course.judging import exercise
from authlab.db import user_unless_ended
from authlab.lab.apps import GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.lab.show.cookie import parse_set_cookie
from authlab.sessions.lifetime import refresh_session
from authlab.sessions.stateless import end_session
from authlab.tokens import Session, sign_session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


# 4.1: what a browser makes of the header


def browser_told(*lines: str) -> Browser:
    """Return a browser that was sent these cookies, one after the other, by the pages of the lab."""
    waiting = list(lines)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response("200 OK", [("Set-Cookie", waiting.pop(0))] if waiting else [])
        return [b""]

    browser = Browser(answer, LabClock())
    for _ in lines:
        browser.get("/login")
    return browser


def jar(*lines: str) -> dict[str, str]:
    """Return the names and values of the cookies that a browser has after these."""
    return {name: cookie.value for name, cookie in browser_told(*lines).cookies.items()}


def read_by_a_script(*lines: str) -> str:
    """Return what a script in the page reads after these."""
    return browser_told(*lines).script_reads()


def sent_from_another_site(method: str, line: str) -> str:
    """Return the cookies that a link (GET) or a form (POST) on another site sends along."""
    browser = browser_told(line)
    browser.page = "https://evil.test"
    return str(browser.request(method, "/profile").request.headers.get("Cookie", ""))


def has(line: str, attribute: str) -> bool:
    """Return whether the header has an attribute, as browsers read it: between two semicolons."""
    return attribute.lower() in parse_set_cookie(line).attributes


def value_of(line: str, attribute: str) -> str | None:
    """Return what the header says of an attribute, in small letters, or None."""
    value = parse_set_cookie(line).attributes.get(attribute.lower())
    return None if value is None else value.lower()


FRESH = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070)
TOKEN_OF_THE_LOGIN = sign_session(FRESH, b"a key for lessons, known to all!")
TOKEN_OF_THE_REFRESH = sign_session(
    Session(1, "s", "t2", authenticated_at=1000, issued_at=1010, expires_at=1080),
    b"a key for lessons, known to all!",
)


@exercise("4.1")
class TestOneLineForEveryMoment:
    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        '"__Host-session" in browser.cookies',
        closed=True,
    )
    def test_a_browser_keeps_it_under_its_name(self) -> None:
        """`__Host-` is a promise that browsers check: they drop the cookie without Secure, with a Domain, or
        with another Path than /. Then nobody stays signed in; with another name, anybody can plant one."""
        assert jar(session_cookie("a-token", 604800)) == {"__Host-session": "a-token"}

    def test_the_browser_is_told_for_how_long(self) -> None:
        """Without an age some browsers forget it with the window, and others never do."""
        assert value_of(session_cookie("a-token", 604800), "Max-Age") == "604800"
        assert value_of(session_cookie("a-token", 60), "Max-Age") == "60"

    def test_an_age_is_told_as_it_was_said(self) -> None:
        """A second or three months: the caller knows for how long the token is good, and why."""
        assert value_of(session_cookie("a-token", 1), "Max-Age") == "1"
        assert value_of(session_cookie("a-token", 7776000), "Max-Age") == "7776000"

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        "browser.script_reads()",
        closed="",
    )
    def test_no_script_reads_it(self) -> None:
        """One injected script would read the token and send it away, to a computer that no logout reaches."""
        assert read_by_a_script(session_cookie("a-token", 604800)) == ""

    def test_no_script_reads_it_for_a_minute(self) -> None:
        """However short its age is, a script is quicker."""
        assert read_by_a_script(session_cookie("a-token", 60)) == ""

    def test_it_travels_over_https_only(self) -> None:
        """One request over plain http, to the wrong address, and everybody on the way has the token."""
        assert has(session_cookie("a-token", 604800), "Secure") is True

    def test_no_other_host_gets_it(self) -> None:
        """With a Domain it goes to every host below that one, and the weakest of them can lose it."""
        assert has(session_cookie("a-token", 604800), "Domain") is False

    def test_a_form_on_another_site_does_not_send_it(self) -> None:
        """A form on evil.test that posts to us would act in Ada's name. And the attribute has to be there:
        what a browser does without it differs from one to the next."""
        assert sent_from_another_site("POST", session_cookie("a-token", 604800)) == ""
        assert has(session_cookie("a-token", 604800), "SameSite") is True

    def test_a_link_on_another_site_sends_it(self) -> None:
        """Ada follows a link in a mail: she is signed in, and must not meet the login page."""
        assert sent_from_another_site("GET", session_cookie("a-token", 604800)) == "__Host-session=a-token"

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        "app.clock.advance(hours=25)",
        'browser.get("/profile")',
        "browser.script_reads()",
        closed="",
    )
    def test_a_refresh_says_all_of_it_again(self) -> None:
        """A browser keeps nothing of the cookie before: whoever leaves HttpOnly out at the refresh hands the
        token to every script, a day after the login."""
        assert read_by_a_script(session_cookie(TOKEN_OF_THE_REFRESH, 604800)) == ""
        assert has(session_cookie(TOKEN_OF_THE_REFRESH, 604800), "SameSite") is True
        assert jar(
            session_cookie(TOKEN_OF_THE_LOGIN, 604800), session_cookie(TOKEN_OF_THE_REFRESH, 604800)
        ) == {"__Host-session": TOKEN_OF_THE_REFRESH}

    def test_an_age_of_0_is_an_age(self) -> None:
        """A browser that is told 0 keeps nothing. One that is told no age keeps an empty cookie, and for how
        long is up to it."""
        assert value_of(session_cookie("", 0), "Max-Age") == "0"

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.post("/logout")',
        '"__Host-session" in browser.cookies',
        closed=False,
    )
    def test_an_age_of_0_takes_it_back(self) -> None:
        """The token is still there. A cookie is its name and its path: under another one, or without what
        `__Host-` needs, the browser deletes nothing, and whoever sits down next finds it."""
        assert jar(session_cookie("a-token", 604800), session_cookie("", 0)) == {}

    def test_a_cookie_that_is_taken_back_says_it_too(self) -> None:
        """One line for every moment: an attribute that is left out at one of them will be missing where it
        counts."""
        assert has(session_cookie("", 0), "HttpOnly") is True
        assert has(session_cookie("", 0), "SameSite") is True

    def test_its_value_is_empty_when_that_is_what_it_is_given(self) -> None:
        """A clock that is wrong, a program that knows no ages: some keep the cookie all the same, and send
        back what stands in it. A word such as "deleted" is read as a token then."""
        assert parse_set_cookie(session_cookie("", 0)).value.strip('"') == ""


# 4.2: a login at 1000, a lifetime of 70, a cap of 300. The names say when a session ends by itself.

ENDS_1070 = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070, generation=2)
ENDS_1300 = Session(1, "s", "t8", authenticated_at=1000, issued_at=1240, expires_at=1300, generation=2)
# Signed at the login, when the lifetime was a longer one.
ENDS_1200 = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1200, generation=2)
# Signed at the login, when the lifetime was a shorter one.
ENDS_1030 = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1030, generation=2)
# Another member, who has never logged out everywhere.
GRACES_ENDS_1070 = Session(7, "g", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070, generation=0)
# Signed when the cap was a longer one.
ENDS_1400 = Session(1, "s", "t9", authenticated_at=1000, issued_at=1240, expires_at=1400, generation=2)


@exercise("4.2")
class TestALaterEndAndAnEndToThat:
    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'for _ in range(16): app.clock.advance(hours=12); page = browser.get("/profile")',
        "page.status_code",
        closed=200,
    )
    def test_use_moves_the_end(self) -> None:
        """Logged in at 1000, used at 1010, with a lifetime of 70: it ends at 1080. The end stands in the
        token, and the server goes by it, whatever the cookie says."""
        refreshed = refresh_session(ENDS_1070, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1080

    def test_the_new_end_counts_from_now(self) -> None:
        """Used at 1060, it ends at 1130. Added to the old end instead, every page would be worth a week."""
        refreshed = refresh_session(ENDS_1070, "t2", 1060, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1130

    def test_a_shorter_lifetime_holds_at_the_next_use(self) -> None:
        """Its token says 1200, and the operator has made the lifetime 70 since: used at 1010, it ends at
        1080."""
        refreshed = refresh_session(ENDS_1200, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1080

    def test_the_token_is_a_new_one(self) -> None:
        """A new end makes a new token, with an id of its own. When it was issued is how the app knows that
        the next one is due."""
        refreshed = refresh_session(ENDS_1070, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.token_id == "t2"
        assert refreshed.issued_at == 1010

    def test_it_stays_the_same_session(self) -> None:
        """Ending a session ends all its tokens, if they share its id. And Ada logs out everywhere by a number
        that every token carries: without it, the refreshed one is refused."""
        refreshed = refresh_session(ENDS_1070, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.user_id == 1
        assert refreshed.session_id == "s"
        assert refreshed.generation == 2

    def test_being_here_is_no_login(self) -> None:
        """The cap counts from when the password was proven. A refresh that counts as a login moves it along,
        and nobody ever reaches it: neither Ada nor whoever has a copy."""
        refreshed = refresh_session(ENDS_1070, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.authenticated_at == 1000

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'for _ in range(62): app.clock.advance(hours=12); page = browser.get("/profile")',
        "page.status_code",
        closed=303,
    )
    def test_no_use_moves_the_end_beyond_the_cap(self) -> None:
        """Used at 1250: a lifetime from now would be 1320, and 300 after the login is 1300. Every later end
        is in a signed token, and the server will believe it."""
        refreshed = refresh_session(ENDS_1300, "t2", 1250, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1300

    def test_a_lifetime_longer_than_the_cap_ends_at_the_cap(self) -> None:
        """Two settings, and whoever sets them may set one too high: the nearer end holds."""
        refreshed = refresh_session(ENDS_1070, "t2", 1010, lifetime_seconds=700, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1300

    def test_at_its_end_a_session_is_over(self) -> None:
        """At a limit, try the number itself and the one before: alive at 1069, dead at 1070."""
        last = refresh_session(ENDS_1070, "t2", 1069, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(last, Session)
        assert refresh_session(ENDS_1070, "t2", 1070, lifetime_seconds=70, cap_seconds=300) is None

    def test_the_end_is_the_one_in_the_token(self) -> None:
        """The lifetime is 70 today, and was another when these were signed. Theirs is the end that they say:
        1200 for the one, 1030 for the other."""
        last = refresh_session(ENDS_1200, "t2", 1199, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(last, Session)
        assert refresh_session(ENDS_1030, "t2", 1030, lifetime_seconds=70, cap_seconds=300) is None

    def test_a_generation_of_0_is_refreshed_too(self) -> None:
        """It is everybody's who has never logged out everywhere. To Python it is as false as nothing."""
        refreshed = refresh_session(GRACES_ENDS_1070, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert (refreshed.user_id, refreshed.session_id, refreshed.generation) == (7, "g", 0)

    def test_a_session_that_has_ended_stays_ended(self) -> None:
        """Long after its end, and long before the cap: nothing is left that could be prolonged."""
        assert refresh_session(ENDS_1070, "t2", 1200, lifetime_seconds=70, cap_seconds=300) is None

    def test_a_token_that_says_more_than_the_cap_is_cut_back(self) -> None:
        """A token that was signed under a longer cap says 1400. Today the cap is 300 after the login, and
        today's settings decide."""
        refreshed = refresh_session(ENDS_1400, "t2", 1250, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1300

    def test_at_the_cap_it_is_over_whatever_the_token_says(self) -> None:
        """A token that says 1400, signed under a longer cap. The login was at 1000 and the cap is 300: alive
        at 1299, dead at 1300."""
        last = refresh_session(ENDS_1400, "t2", 1299, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(last, Session)
        assert refresh_session(ENDS_1400, "t2", 1300, lifetime_seconds=70, cap_seconds=300) is None

    def test_the_cap_is_the_callers_to_say(self) -> None:
        """A month for one app, a day for another: with a cap of 100 it ends at 1100, and with one of 50 it is
        alive at 1049 and dead at 1050."""
        refreshed = refresh_session(ENDS_1070, "t2", 1060, lifetime_seconds=70, cap_seconds=100)
        assert isinstance(refreshed, Session)
        assert refreshed.expires_at == 1100
        last = refresh_session(ENDS_1070, "t2", 1049, lifetime_seconds=70, cap_seconds=50)
        assert isinstance(last, Session)
        assert refresh_session(ENDS_1070, "t2", 1050, lifetime_seconds=70, cap_seconds=50) is None

    def test_a_token_of_this_very_second_is_refreshed_too(self) -> None:
        """Issued at 1000, used at 1000. Whoever asks for a new token gets one; when it is due is asked
        elsewhere."""
        refreshed = refresh_session(ENDS_1070, "t2", 1000, lifetime_seconds=70, cap_seconds=300)
        assert isinstance(refreshed, Session)
        assert refreshed.token_id == "t2"


@exercise("4.3")
class TestATestThatNoEndlessSessionSurvives:
    def test_it_spares_right_refreshes(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("4.3")

    def test_it_catches_the_wrong_refreshes_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("4.3")


def a_shared_computer(app: LabApp) -> tuple[Browser, Browser, LabClock]:
    """Grace's browser, in which she is signed in; Mallory's; and the clock."""
    grace = app.browser()
    grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    return grace, app.browser(), app.clock


@exercise("4.4")
class TestStillHereAfterTheLogout:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """The app denies the id of the token that Grace logs out with. A session has more tokens than one."""
        judging.attack_wins("4.4", cast=a_shared_computer)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where the session is ended and not the token, no token of it opens anything."""
        judging.attack_loses("4.4", cast=a_shared_computer)


# 4.5: Ada on two computers, and Grace. The refreshed token may be a copy in anybody's hands.

ADAS = Session(1, "ada's", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070)
ADAS_REFRESHED = Session(1, "ada's", "t2", authenticated_at=1000, issued_at=1060, expires_at=1130)
ADAS_PHONE = Session(1, "ada's phone", "t3", authenticated_at=900, issued_at=900, expires_at=1070)
GRACES = Session(2, "grace's", "t4", authenticated_at=1000, issued_at=1000, expires_at=1070)
GRACES_NEXT = Session(2, "grace's next", "t5", authenticated_at=1250, issued_at=1250, expires_at=1320)


def is_believed(db: sqlite3.Connection, session: Session) -> bool:
    """Return what the app decides by, once the signature is good."""
    return user_unless_ended(db, session.user_id, session.session_id, session.generation) is not None


def deny_list(db: sqlite3.Connection) -> list[str]:
    """Return the ids on the deny list."""
    return [row[0] for row in db.execute("SELECT session_id FROM ended_sessions ORDER BY session_id")]


@exercise("4.5")
class TestOverMeansOver:
    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        "copy = app.browser()",
        'copy.set_cookie("__Host-session", browser.cookies["__Host-session"].value)',
        'browser.post("/logout")',
        'copy.get("/profile").status_code',
        closed=303,
    )
    def test_a_session_that_was_ended_is_refused(self, db: sqlite3.Connection) -> None:
        """Ada logs out on a computer that is not hers. A copy of her cookie was made there before."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        assert is_believed(db, ADAS) is False

    def test_the_list_names_the_session(self, db: sqlite3.Connection) -> None:
        """A token's id is one of many, and its text has many spellings. The app asks for what they share."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        assert deny_list(db) == ["ada's"]

    def test_other_sessions_go_on(self, db: sqlite3.Connection) -> None:
        """Ada's phone is in her pocket, and Grace has not logged out at all."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        assert is_believed(db, ADAS_PHONE) is True
        assert is_believed(db, GRACES) is True

    def test_ending_it_twice_is_no_error(self, db: sqlite3.Connection) -> None:
        """A double click, or two windows: the second logout finds the first one's work done."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        end_session(db, ADAS, 1011, cap_seconds=300)
        assert is_believed(db, ADAS) is False

    def test_another_logout_brings_nothing_back(self, db: sqlite3.Connection) -> None:
        """The list forgets at some time or other; a moment later is too early."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        end_session(db, GRACES, 1011, cap_seconds=300)
        assert is_believed(db, ADAS) is False

    def test_it_is_denied_for_as_long_as_a_token_of_it_could_live(self, db: sqlite3.Connection) -> None:
        """The token that Ada logs out with ends at 1070. A copy that was refreshed ends at 1130, and one that
        was refreshed again later still, up to 1300: that is 300 after her login."""
        end_session(db, ADAS, 1065, cap_seconds=300)
        end_session(db, GRACES, 1071, cap_seconds=300)
        assert is_believed(db, ADAS_REFRESHED) is False
        end_session(db, ADAS_PHONE, 1299, cap_seconds=300)
        assert is_believed(db, ADAS_REFRESHED) is False

    def test_the_end_of_one_token_is_not_the_end_of_all(self, db: sqlite3.Connection) -> None:
        """Ended at 1100, with a token that ended at 1070 by itself. A copy that was refreshed ends at 1130:
        only the list refuses it."""
        end_session(db, ADAS, 1100, cap_seconds=300)
        assert is_believed(db, ADAS_REFRESHED) is False

    def test_the_list_does_not_grow_for_ever(self, db: sqlite3.Connection) -> None:
        """Ended at 1010, with a cap of 300: at 1310 no token of it can be valid, whoever has it. Without an
        end the list would hold everybody who ever left."""
        end_session(db, ADAS, 1010, cap_seconds=300)
        end_session(db, GRACES_NEXT, 1310, cap_seconds=300)
        assert deny_list(db) == ["grace's next"]

    def test_who_leaves_in_the_second_of_the_login_is_forgotten_too(self, db: sqlite3.Connection) -> None:
        """Ended at 1000, with a cap of 300: off the list when another session ends at 1300, not a second
        later. Its tokens are dead at 1300, too."""
        end_session(db, ADAS, 1000, cap_seconds=300)
        end_session(db, GRACES_NEXT, 1300, cap_seconds=300)
        assert deny_list(db) == ["grace's next"]

    def test_a_month_is_longer_than_a_week(self, db: sqlite3.Connection) -> None:
        """With a cap of 30 days, a copy of Ada's token may be good for all of them: how long a token lasts is
        nothing that this function is told."""
        end_session(db, ADAS, 1010, cap_seconds=30 * 86400)
        end_session(db, GRACES, 1000 + 29 * 86400, cap_seconds=30 * 86400)
        assert is_believed(db, ADAS) is False

    def test_what_the_caller_takes_back_is_taken_back(self, db: sqlite3.Connection) -> None:
        """A login ends the session that was there, and begins another: both or neither. Who began the
        transaction commits it."""
        db.execute("BEGIN")
        end_session(db, ADAS, 1010, cap_seconds=300)
        db.rollback()
        assert is_believed(db, ADAS) is True
