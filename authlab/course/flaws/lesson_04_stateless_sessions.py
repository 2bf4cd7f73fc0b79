"""Wrong ways to hand out a session, to prolong it and to take it back. Several are the guide's own."""

import base64
import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from authlab.cookies import SESSION_COOKIE
from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.db import FoundSession, UserRow, deny_session, next_session_generation, user_unless_ended
from authlab.devices import device_name
from authlab.dto import UserDTO
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.request import Request
from authlab.sessions.proof import Proof
from authlab.tokens import Session, sign_session

SESSION_COOKIE_PART = "authlab.cookies:session_cookie"
SESSION_TOKEN = "authlab.cookies:session_token"
SIGN_IN = "authlab.actions:sign_in"
REFRESH = "authlab.sessions.lifetime:refresh_session"
STATELESS = "authlab.sessions.stateless:StatelessSessions"
END = "authlab.sessions.stateless:end_session"
DATABASE = "authlab.sessions.database:DatabaseSessions"
LOOKUP = "authlab.sessions.database:lookup"
VERIFY_TOKEN = "authlab.tokens:verify_session_token"
GET_USER = "authlab.dal:get_user"
BOOTSTRAP = "authlab.dto:bootstrap"
OUTLIVE = "authlab.course.kata.lesson_04_stateless_sessions:outlive_the_logout"
PROOF = "authlab.course.kata.lesson_04_stateless_sessions:prove_refresh"

if TYPE_CHECKING:
    from authlab.sessions.database import DatabaseSessions as RightDatabaseSessions
    from authlab.sessions.stateless import StatelessSessions as RightStatelessSessions
else:
    # The package's own: the flaws below are right but for the methods that they have.
    RightDatabaseSessions = original(DATABASE)
    RightStatelessSessions = original(STATELESS)


# 4.1: the session's cookie


@flaw(
    SESSION_COOKIE_PART,
    attack=34,
    caught_by="test_a_form_on_another_site_does_not_send_it",
    misconception="An attribute is what stands between two semicolons: in `SameSite: Lax` a browser reads no SameSite, though the words are there.",
)
def every_word_is_there(token: str, max_age_seconds: int) -> str:
    """Our test looks for `SameSite` and `Lax` in the header, and finds both."""
    return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; Secure; HttpOnly; Path=/; SameSite: Lax"


@flaw(
    SESSION_COOKIE_PART,
    attack=34,
    caught_by="test_a_form_on_another_site_does_not_send_it",
    misconception="What a browser does with a cookie that says nothing of SameSite is the browser's choice, and it differs from one to the next.",
)
def browsers_know_by_now(token: str, max_age_seconds: int) -> str:
    """Lax is the default today, so it need not be said."""
    return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; Secure; HttpOnly; Path=/"


@flaw(
    SESSION_COOKIE_PART,
    attack=34,
    caught_by="test_a_refresh_says_all_of_it_again",
    misconception="A cookie that is set again is a new cookie: what is not said anew is gone, and a refresh without HttpOnly gives it to scripts.",
)
def attributes_at_login_only(token: str, max_age_seconds: int) -> str:
    """The browser knows the attributes since the login; a refresh brings the new value and its new end."""
    if _refreshed(token):
        return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; Secure; Path=/"
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line


@flaw(
    SESSION_COOKIE_PART,
    attack=35,
    caught_by="test_no_script_reads_it",
    misconception="Without HttpOnly one injected script takes the token away to another computer, where no logout of yours reaches the thief's browser.",
)
def our_script_needs_it(token: str, max_age_seconds: int) -> str:
    """Our own script sends the token along with its requests, so it must be able to read it."""
    return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; Secure; Path=/; SameSite=Lax"


@flaw(
    SESSION_COOKIE_PART,
    attack=41,
    caught_by="test_an_age_of_0_takes_it_back",
    misconception="A cookie is its name and its path: deleted under another path it is another cookie, and the first one stays.",
)
def deleted_where_it_was_asked(token: str, max_age_seconds: int) -> str:
    """It is /logout that deletes the cookie, so that is its path."""
    path = "/" if max_age_seconds > 0 else "/logout"
    return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; Secure; HttpOnly; Path={path}; SameSite=Lax"


@flaw(
    SESSION_COOKIE_PART,
    attack=41,
    caught_by="test_an_age_of_0_takes_it_back",
    misconception="A browser takes no `__Host-` cookie without Secure and Path=/, and a deletion is a cookie like any other: this one is ignored.",
)
def deleted_by_its_name(token: str, max_age_seconds: int) -> str:
    """To delete a cookie, its name and an age of 0 will do."""
    if max_age_seconds == 0:
        return f"{SESSION_COOKIE}=; Max-Age=0"
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line


@flaw(
    SESSION_COOKIE_PART,
    attack=34,
    caught_by="test_a_cookie_that_is_taken_back_says_it_too",
    misconception="Attributes that are left out once are left out of every copy of that line: say them all each time, and nobody has to think which matter when.",
)
def nothing_left_to_guard(token: str, max_age_seconds: int) -> str:
    """An empty cookie holds no secret, so it needs no guard."""
    if max_age_seconds == 0:
        return f"{SESSION_COOKIE}=; Max-Age=0; Secure; Path=/"
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_an_age_of_0_takes_it_back",
    misconception="The age is an argument. A logout says 0, and a week that is written down cannot hear it.",
)
def a_week_whatever_was_said(token: str, max_age_seconds: int) -> str:
    """Our sessions last a week."""
    line: str = original(SESSION_COOKIE_PART)(token, 7 * 24 * 60 * 60)
    return line


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_an_age_of_0_is_an_age",
    misconception="A cookie is taken back with `Max-Age=0`: where a test for an age takes 0 for none, the line has no age, and the empty cookie stays.",
)
def no_age_is_no_age(token: str, max_age_seconds: int) -> str:
    """Where there is an age, it is said."""
    age = f"; Max-Age={max_age_seconds}" if max_age_seconds else ""
    return f"{SESSION_COOKIE}={token}{age}; Secure; HttpOnly; Path=/; SameSite=Lax"


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_its_value_is_empty_when_that_is_what_it_is_given",
    misconception="Not everybody goes by the age: whoever keeps the cookie sends the word back, and it is read as a token.",
)
def deleted_in_so_many_words(token: str, max_age_seconds: int) -> str:
    """A cookie without a value looks like a mistake, so it says what has become of it."""
    line: str = original(SESSION_COOKIE_PART)("deleted" if max_age_seconds == 0 else token, max_age_seconds)
    return line


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_no_script_reads_it_for_a_minute",
    misconception="A script needs less than a second: how long a cookie lives says nothing about who may read it.",
)
def too_short_to_be_stolen(token: str, max_age_seconds: int) -> str:
    """A cookie of a minute is gone before anybody can use it, so only those that last are hidden."""
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line.replace("; HttpOnly", "") if 0 < max_age_seconds <= 60 else line


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_the_browser_is_told_for_how_long",
    misconception="Without Max-Age it is a cookie of the browser's own session: it may end with the window, and with browsers that restore their windows it never does.",
)
def for_as_long_as_the_window_is_open(token: str, max_age_seconds: int) -> str:
    """It is a session cookie, and those have no age; only a deletion needs one."""
    age = "; Max-Age=0" if max_age_seconds == 0 else ""
    return f"{SESSION_COOKIE}={token}{age}; Secure; HttpOnly; Path=/; SameSite=Lax"


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_browser_keeps_it_under_its_name",
    misconception="Any host of the domain can set a cookie called `session` for all of it: the prefix `__Host-` is what makes the name yours.",
)
def called_session(token: str, max_age_seconds: int) -> str:
    """The guide's name: it is short, and everybody knows it."""
    return _plain_name(token, max_age_seconds)


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_browser_keeps_it_under_its_name",
    misconception="With a Domain the cookie goes to every host below it, and the weakest of them can lose it; under a `__Host-` name browsers refuse it altogether.",
)
def for_all_our_hosts(token: str, max_age_seconds: int) -> str:
    """Whoever is signed in here should be signed in on all of our hosts."""
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return f"{line}; Domain=lab.test"


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_browser_keeps_it_under_its_name",
    misconception="Without Secure the cookie travels over plain http too, where others listen; browsers take localhost for safe, so development needs no exception.",
)
def http_while_we_develop(token: str, max_age_seconds: int) -> str:
    """On my own machine there is no https, so Secure has to wait."""
    return f"{SESSION_COOKIE}={token}; Max-Age={max_age_seconds}; HttpOnly; Path=/; SameSite=Lax"


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_browser_keeps_it_under_its_name",
    misconception="What is returned is the header's value: with the header's name in front of it, that is a part of the cookie's name.",
)
def the_whole_line(token: str, max_age_seconds: int) -> str:
    """A header has a name, a colon and a value."""
    return f"Set-Cookie: {original(SESSION_COOKIE_PART)(token, max_age_seconds)}"


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_link_on_another_site_sends_it",
    misconception="Strict keeps the cookie back even when somebody follows a link in a mail: they are signed in, and meet the login page.",
)
def the_strictest_there_is(token: str, max_age_seconds: int) -> str:
    """Strict is stricter than Lax, so it is safer."""
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line.replace("SameSite=Lax", "SameSite=Strict")


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_a_form_on_another_site_does_not_send_it",
    misconception="`SameSite=None` does not switch a rule off, it opens a door: every other site's forms arrive with Ada's session.",
)
def none_in_particular(token: str, max_age_seconds: int) -> str:
    """Nothing special is needed, so it is None."""
    line: str = original(SESSION_COOKIE_PART)(token, max_age_seconds)
    return line.replace("SameSite=Lax", "SameSite=None")


# get_user, bootstrap: the token by another way


class UserWithToken(UserDTO):
    """A user, and the token that they came with."""

    token: str


@flaw(
    GET_USER,
    attack=35,
    caught_by="test_what_leaves_are_the_fields_that_were_named",
    misconception="HttpOnly hides a cookie from scripts; a token that is also in a JSON answer is hidden from nobody who can fetch it.",
)
def token_for_the_app_on_the_phone(request: Request) -> UserDTO:
    """The app for telephones has no cookies, so `/api/me` tells the token as well."""
    user: UserDTO = original(GET_USER)(request)
    return UserWithToken(**user.model_dump(), token=_token_of(request))


@flaw(
    BOOTSTRAP,
    attack=35,
    caught_by="test_scripts_are_told_three_things_of_a_user",
    companions={GET_USER: token_for_the_app_on_the_phone},
    misconception="What stands in the page is read by every script in the page: the HttpOnly cookie beside it hides nothing any more.",
)
def session_for_the_page_s_scripts(user: UserDTO | None) -> str:
    """A context provider gives the scripts the session, as the guide's does; the token is part of it."""
    known = None
    if user is not None:
        known = {"id": user.id, "name": user.name, "role": user.role, "token": getattr(user, "token", "")}
    return json.dumps({"user": known}).replace("<", "\\u003c").replace("&", "\\u0026")


# session_token: whose cookie is it


def _plain_name(token: str, max_age_seconds: int) -> str:
    return f"session={token}; Max-Age={max_age_seconds}; Secure; HttpOnly; Path=/; SameSite=Lax"


def _secure_name(token: str, max_age_seconds: int) -> str:
    return f"__Secure-session={token}; Max-Age={max_age_seconds}; Secure; HttpOnly; Path=/; SameSite=Lax"


@flaw(
    SESSION_TOKEN,
    attack=36,
    companions={SESSION_COOKIE_PART: _plain_name},
    misconception="Every host of a domain can set a cookie for all of it, and with a longer path theirs comes first: only `__Host-` keeps a name to yourself.",
)
def a_name_is_a_name(cookies: Mapping[str, str]) -> str | None:
    """The prefix looks ugly, and the cookie is ours whatever it is called."""
    return cookies.get("session")


@flaw(
    SESSION_TOKEN,
    attack=36,
    companions={SESSION_COOKIE_PART: _secure_name},
    misconception="`__Secure-` promises https and nothing of the host: a sibling host over https may set it for the whole domain.",
)
def secure_is_secure_enough(cookies: Mapping[str, str]) -> str | None:
    """A prefix there must be, and `__Secure-` works on subdomains, too."""
    return cookies.get("__Secure-session")


@flaw(
    SESSION_TOKEN,
    attack=36,
    companions={SESSION_COOKIE_PART: _plain_name},
    misconception="The order of cookies of one name tells of their paths and ages, not of who set them: the last one is the planted one as easily as the first.",
)
def the_last_one_is_ours(cookies: Mapping[str, str]) -> str | None:
    """If somebody plants a second cookie with a longer path, theirs comes first: so we take the last."""
    found = (
        cookies.getlist("session")
        if hasattr(cookies, "getlist")
        else [*filter(None, [cookies.get("session")])]
    )
    return found[-1] if found else None


# sign_in: the session that was there before


def _lookup_whoever_it_is(
    db: sqlite3.Connection, session: Session, now: int, idle_since: int
) -> FoundSession | None:
    row = db.execute("SELECT user_id FROM sessions WHERE session_id = ?", (session.session_id,)).fetchone()
    owner = session if row is None else replace(session, user_id=row[0])
    found: FoundSession | None = original(LOOKUP)(db, owner, now, idle_since)
    return found


@flaw(
    SIGN_IN,
    attack=37,
    companions={LOOKUP: _lookup_whoever_it_is},
    misconception="A session that goes on through the login may have been planted: whoever knows it is then signed in as the one who logged in.",
)
def the_session_goes_on(request: Request, user_id: int) -> None:
    """The browser has a session already; logging in only says whose it is, and the row is told so."""
    session = request.session
    changed = 0
    if session is not None:
        changed = request.db.execute(
            "UPDATE sessions SET user_id = ? WHERE session_id = ?", (user_id, session.session_id)
        ).rowcount
    if session is None or not changed:
        original(SIGN_IN)(request, user_id)
        return
    request.sessions.user_changed(session.user_id)
    key, key_id = request.settings.signing_key, request.settings.signing_key_id
    request.new_token = sign_session(replace(session, user_id=user_id), key, key_id)
    request.memo.clear()


@flaw(
    SIGN_IN,
    attack=37,
    misconception="A new cookie replaces the old one in this browser only: the session that it stood for goes on wherever a copy of it is.",
)
def the_old_one_is_overwritten(request: Request, user_id: int) -> None:
    """The browser gets a new cookie, and with it the old session is gone."""
    device = device_name(request.user_agent.string)
    request.new_token = request.sessions.create(request.db, user_id, device)
    request.memo.clear()


# 4.5: the end of a session


@flaw(
    END,
    attack=39,
    caught_by="test_a_session_that_was_ended_is_refused",
    misconception="On the server nothing has changed: the cookie is gone from one browser, and a copy of the token is as good as before, until it runs out.",
)
def the_cookie_is_the_session(
    db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int
) -> None:
    """The session is in the cookie, so it ends with the cookie; the guide's deleteSession does no more."""


@flaw(
    END,
    attack=39,
    caught_by="test_the_list_names_the_session",
    misconception="The app asks for the session's id, and a session has many tokens: to end it, deny what all of them share.",
)
def denies_the_token(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """It is a token that is denied, so it is the token's id that goes on the list."""
    deny_session(db, session.token_id, now=now, forget_at=session.authenticated_at + cap_seconds)


@flaw(
    END,
    attack=40,
    caught_by="test_it_is_denied_for_as_long_as_a_token_of_it_could_live",
    misconception="The token at hand is not the last one: a copy that was refreshed ends later, and comes back to life when the list forgets.",
)
def until_this_token_ends(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """After its `expires_at` a token is refused anyway, so the list may forget it then."""
    deny_session(db, session.session_id, now=now, forget_at=session.expires_at)


@flaw(
    END,
    attack=40,
    caught_by="test_another_logout_brings_nothing_back",
    misconception="What the list forgets at once is back with the next logout of anybody: a session stays on it until no token of it can live any more.",
)
def notes_when_it_ended(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """The list says since when a session is over."""
    deny_session(db, session.session_id, now=now, forget_at=now)


@flaw(
    END,
    caught_by="test_other_sessions_go_on",
    misconception="Logging out ends one session. Whoever leaves a shared computer wants to stay signed in on the phone.",
)
def out_everywhere(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """Better too many sessions ended than one too few: the user's number moves on, and all are over."""
    deny_session(db, session.session_id, now=now, forget_at=session.authenticated_at + cap_seconds)
    next_session_generation(db, session.user_id)


@flaw(
    END,
    caught_by="test_ending_it_twice_is_no_error",
    misconception="A logout is sent twice by a double click, or from two windows: the second finds the row there, and the visitor a page that says 500.",
)
def ended_only_once(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """A session ends once, so there is one INSERT."""
    db.execute("DELETE FROM ended_sessions WHERE forget_at <= ?", (now,))
    db.execute(
        "INSERT INTO ended_sessions VALUES (?, ?)",
        (session.session_id, session.authenticated_at + cap_seconds),
    )


@flaw(
    END,
    caught_by="test_the_list_does_not_grow_for_ever",
    misconception="Every logout is one row more: without an end to remembering, the list holds everybody who ever left.",
)
def on_the_list_for_ever(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """To be on the safe side, what was ended stays on the list."""
    deny_session(db, session.session_id, now=now, forget_at=2**62)


@flaw(
    END,
    caught_by="test_what_the_caller_takes_back_is_taken_back",
    misconception="Whoever began the transaction ends it: committed half-way, a login that fails has ended the old session all the same.",
)
def commits_at_once(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """What is written has to be committed."""
    deny_session(db, session.session_id, now=now, forget_at=session.authenticated_at + cap_seconds)
    db.commit()


# DatabaseSessions.delete: logging out


@flaw(
    DATABASE,
    attack=39,
    misconception="A row that stays is a session that stays: the cookie was one way to it, and every copy of the cookie is another.",
)
class RowKeptForTheRecord(RightDatabaseSessions):
    """Without its cookie nobody finds the row any more, and the record of logins is worth keeping."""

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Do nothing: the cookie is deleted by who calls this."""


# A deny list of the wrong thing


@dataclass(frozen=True, slots=True)
class _SessionAsRead(Session):
    text: str = ""


def _verify_and_keep_the_text(token: str, key: bytes, now: int) -> Session | None:
    session: Session | None = original(VERIFY_TOKEN)(token, key, now)
    if session is None:
        return None
    return _SessionAsRead(**asdict(session), text=token)


@flaw(
    STATELESS,
    attack=40,
    companions={VERIFY_TOKEN: _verify_and_keep_the_text},
    misconception="One token can be written in several ways: with a `=` at its end it is another text, has another hash, and opens the same session.",
)
class HashesOfEndedTokens(RightStatelessSessions):
    """A token that was logged out with is denied; a hash of it is enough to know it by."""

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return who it proves, unless the text of this token is on the list."""
        user = user_unless_ended(db, session.user_id, self._hash(session), session.generation)
        return None if user is None else Proof(user, last_seen_at=session.issued_at)

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Put the hash of the token on the list."""
        now = self._settings.clock()
        deny_session(db, self._hash(session), now=now, forget_at=session.expires_at)

    def _hash(self, session: Session) -> str:
        return hashlib.sha256(getattr(session, "text", "").encode()).hexdigest()


@flaw(
    STATELESS,
    attack=40,
    misconception="A session has many tokens, one after each refresh: to end it, deny what all of them share, its id.",
)
class IdsOfEndedTokens(RightStatelessSessions):
    """Each token has an id of its own, the `jti`, which is made for deny lists."""

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return who it proves, unless the id of this token is on the list."""
        user: UserRow | None = user_unless_ended(db, session.user_id, session.token_id, session.generation)
        return None if user is None else Proof(user, last_seen_at=session.issued_at)

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Put the token's id on the list."""
        deny_session(db, session.token_id, now=self._settings.clock(), forget_at=session.expires_at)


# 4.2: for how long


@flaw(
    REFRESH,
    attack=42,
    caught_by="test_use_moves_the_end",
    misconception="The browser keeps the cookie for longer, and the token in it ends when it always did: a new end takes a new token.",
)
def only_the_cookie_moves(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """The guide's updateSession: read the cookie, and set it again with a later end."""
    return session if now < min(session.expires_at, session.authenticated_at + cap_seconds) else None


@flaw(
    REFRESH,
    attack=42,
    caught_by="test_no_use_moves_the_end_beyond_the_cap",
    misconception="What every use prolongs has no end: a stolen copy that is used once a week lives for ever.",
)
def a_week_from_now(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Whoever is here every week should never have to log in again."""
    if now >= session.expires_at:
        return None
    return replace(session, token_id=token_id, issued_at=now, expires_at=now + lifetime_seconds)


@flaw(
    REFRESH,
    attack=42,
    caught_by="test_being_here_is_no_login",
    misconception="Being here is no proof of the password: if each refresh counts as a login, the cap begins anew each time and is never reached.",
)
def proven_again_by_being_here(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A session that is refreshed begins again, with all its times."""
    if now >= min(session.expires_at, session.authenticated_at + cap_seconds):
        return None
    until = now + min(lifetime_seconds, cap_seconds)
    return replace(session, token_id=token_id, authenticated_at=now, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    attack=42,
    caught_by="test_no_use_moves_the_end_beyond_the_cap",
    misconception="The cap is asked for and not kept: the last token before it is signed for a week more, and a token is good until its own end.",
)
def the_cap_is_only_asked(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """At the cap nothing is prolonged any more."""
    if now >= min(session.expires_at, session.authenticated_at + cap_seconds):
        return None
    return replace(session, token_id=token_id, issued_at=now, expires_at=now + lifetime_seconds)


@flaw(
    REFRESH,
    attack=42,
    caught_by="test_no_use_moves_the_end_beyond_the_cap",
    misconception="`issued_at` is the token's time and new with each refresh: a cap that counts from it moves along and is never reached.",
)
def a_cap_for_each_token(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A token must not get too old, so the cap counts from when it was issued."""
    last_end = session.issued_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    until = min(now + lifetime_seconds, now + cap_seconds)
    return replace(session, token_id=token_id, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    caught_by="test_the_new_end_counts_from_now",
    misconception="Added to the old end, every use is a week more: after four days of use the session lasts a month, used or not.",
)
def a_week_more(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """To prolong means to add."""
    last_end = session.authenticated_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    until = min(session.expires_at + lifetime_seconds, last_end)
    return replace(session, token_id=token_id, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    attack=40,
    caught_by="test_it_stays_the_same_session",
    misconception="A refresh replaces the token, not the session: under a new session id a copy goes on when its owner logs out of the old one.",
)
def a_new_session_each_time(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A new token, a new session: nothing of the old one is left to steal."""
    refreshed = _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)
    return None if refreshed is None else replace(refreshed, session_id=token_id)


@flaw(
    REFRESH,
    caught_by="test_it_stays_the_same_session",
    misconception="What is built anew, field by field, loses the field that was forgotten: whoever has once logged out everywhere is thrown out at each refresh.",
)
def built_field_by_field(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """The six fields that matter are copied one by one."""
    last_end = session.authenticated_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    until = min(now + lifetime_seconds, last_end)
    return Session(session.user_id, session.session_id, token_id, session.authenticated_at, now, until)


@flaw(
    REFRESH,
    caught_by="test_at_the_cap_it_is_over_whatever_the_token_says",
    misconception="The cap cuts the new end and not the session: a token that was signed under a longer cap is still taken at the cap, where nothing is left to give.",
)
def cut_back_and_not_ended(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """No token says an end beyond the cap, so its own end is the only one to look at."""
    if now >= session.expires_at:
        return None
    until = min(now + lifetime_seconds, session.authenticated_at + cap_seconds)
    return replace(session, token_id=token_id, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    caught_by="test_at_its_end_a_session_is_over",
    misconception="Off by one at the end: `expires_at` is the first second at which the session is over. Two parts that disagree about it have a hole between them.",
)
def one_second_too_long(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Over means that the end has passed."""
    last_end = session.authenticated_at + cap_seconds
    if now > min(session.expires_at, last_end):
        return None
    return replace(
        session, token_id=token_id, issued_at=now, expires_at=min(now + lifetime_seconds, last_end)
    )


@flaw(
    REFRESH,
    caught_by="test_a_session_that_has_ended_stays_ended",
    misconception="Whoever may come back after the end has a session without one: a refresh begins with the question whether there is anything left to refresh.",
)
def back_from_the_dead(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Somebody else has looked at `expires_at`; here the cap will do."""
    last_end = session.authenticated_at + cap_seconds
    if now >= last_end:
        return None
    return replace(
        session, token_id=token_id, issued_at=now, expires_at=min(now + lifetime_seconds, last_end)
    )


@flaw(
    REFRESH,
    caught_by="test_the_token_is_a_new_one",
    misconception="A new end under the old id: two different tokens answer to one name, and whoever ends the one by its id cannot tell which.",
)
def the_same_token_with_a_later_end(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Only the end has changed, so only the end is replaced."""
    refreshed = _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)
    return None if refreshed is None else replace(session, expires_at=refreshed.expires_at)


@flaw(
    REFRESH,
    caught_by="test_the_token_is_a_new_one",
    misconception="When a token was issued is how the app knows that it is due to be replaced: left as it was, every page hands out another one.",
)
def issued_at_the_login(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """The session was issued at the login, and that does not change."""
    refreshed = _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)
    return None if refreshed is None else replace(refreshed, issued_at=session.issued_at)


# 4.3: proofs that prove too little, or too much


FRESH = Session(1, "s", "t1", authenticated_at=1000, issued_at=1000, expires_at=1070, generation=2)


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="That something comes back says nothing about what it is: hold each field against what it must be.",
)
def alive_or_dead(refresh_session: Callable[..., Session | None]) -> None:
    """A session that is alive can be refreshed, and a dead one cannot: it works."""
    assert refresh_session(FRESH, "t2", 1010, lifetime_seconds=70, cap_seconds=300) is not None
    assert refresh_session(FRESH, "t2", 1200, lifetime_seconds=70, cap_seconds=300) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="One refresh shows no cap: wrong versions differ near the ends, and nobody has looked there.",
)
def one_good_refresh(refresh_session: Callable[..., Session | None]) -> None:
    """All fields are compared, so nothing can be wrong."""
    refreshed = refresh_session(FRESH, "t2", 1010, lifetime_seconds=70, cap_seconds=300)
    assert refreshed == replace(FRESH, token_id="t2", issued_at=1010, expires_at=1080)


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="It asks only that the end is never too late: a refresh that moves nothing, or changes what must stay, passes.",
)
def never_beyond_the_cap(refresh_session: Callable[..., Session | None]) -> None:
    """What matters is the cap, so a session is used until the cap."""
    session: Session | None = FRESH
    for now in (1060, 1120, 1180, 1240, 1290):
        assert session is not None
        session = refresh_session(session, "t2", now, lifetime_seconds=70, cap_seconds=300)
        assert session is None or session.expires_at <= 1300


@flaw(
    PROOF,
    caught_by="test_it_spares_right_refreshes",
    misconception="Near the cap the right end is not a lifetime from now: this proof demands endless sliding.",
)
def always_a_whole_lifetime(refresh_session: Callable[..., Session | None]) -> None:
    """Each use gives a whole lifetime more."""
    late = replace(FRESH, issued_at=1240, expires_at=1300)
    refreshed = refresh_session(late, "t2", 1250, lifetime_seconds=70, cap_seconds=300)
    assert refreshed is not None
    assert refreshed.expires_at == 1320


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="A crash proves nothing: None has no `expires_at`, and it is a right answer. Say with `assert` what must be None.",
)
def asks_none_for_its_end(refresh_session: Callable[..., Session | None]) -> None:
    """If it raises, it is caught."""
    one_good_refresh(refresh_session)
    over = refresh_session(FRESH, "t2", 1400, lifetime_seconds=70, cap_seconds=300)
    if over is None or over.expires_at > 1300:
        raise ValueError("the end is wrong")


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="Nothing in it can fail: what is printed, returned or compared without `assert` proves nothing.",
)
def tells_what_it_saw(refresh_session: Callable[..., Session | None]) -> bool:
    """True means that it works."""
    return refresh_session(FRESH, "t2", 1070, lifetime_seconds=70, cap_seconds=300) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="The ends are tried, the rest of the session is not: a refresh that begins another session passes, and with it a copy outlives the logout.",
)
def only_the_ends(refresh_session: Callable[..., Session | None]) -> None:
    """What can go wrong is the time."""
    late = replace(FRESH, issued_at=1240, expires_at=1300)
    for session, now, end in ((FRESH, 1010, 1080), (FRESH, 1069, 1139), (late, 1250, 1300)):
        refreshed = refresh_session(session, "t2", now, lifetime_seconds=70, cap_seconds=300)
        assert refreshed is not None
        assert refreshed.expires_at == end
    for session, now in ((FRESH, 1070), (FRESH, 1200), (late, 1300)):
        assert refresh_session(session, "t2", now, lifetime_seconds=70, cap_seconds=300) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="It stays away from the ends: at a limit, try the number itself and the one before.",
)
def not_at_the_last_second(refresh_session: Callable[..., Session | None]) -> None:
    """A second more or less makes no difference."""
    one_good_refresh(refresh_session)
    late = replace(FRESH, issued_at=1240, expires_at=1300)
    refreshed = refresh_session(late, "t2", 1250, lifetime_seconds=70, cap_seconds=300)
    assert refreshed == replace(FRESH, token_id="t2", issued_at=1250, expires_at=1300)
    assert refresh_session(FRESH, "t2", 1200, lifetime_seconds=70, cap_seconds=300) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="All its sessions end at the cap or before: a token that says more, signed under a longer cap, is never tried.",
)
def no_token_says_too_much(refresh_session: Callable[..., Session | None]) -> None:
    """A session ends at the cap, so the cap is tried on a session that ends there."""
    one_good_refresh(refresh_session)
    late = replace(FRESH, issued_at=1240, expires_at=1300)
    for session, now, end in (
        (FRESH, 1060, 1130),
        (FRESH, 1069, 1139),
        (late, 1250, 1300),
        (late, 1299, 1300),
    ):
        refreshed = refresh_session(session, "t2", now, lifetime_seconds=70, cap_seconds=300)
        assert refreshed == replace(FRESH, token_id="t2", issued_at=now, expires_at=end)
    for session, now in ((FRESH, 1070), (FRESH, 1200), (late, 1300), (late, 1301)):
        assert refresh_session(session, "t2", now, lifetime_seconds=70, cap_seconds=300) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_refreshes_of_this_lesson",
    misconception="All its sessions end within a lifetime from now: a token that says more, signed under a longer lifetime, is never tried.",
)
def every_refresh_gives_time(refresh_session: Callable[..., Session | None]) -> None:
    """A refresh moves the end on, so it is tried on ends that are near."""
    no_token_says_too_much(refresh_session)
    too_long = replace(FRESH, issued_at=1240, expires_at=1400)
    assert refresh_session(too_long, "t2", 1299, lifetime_seconds=70, cap_seconds=300) is not None
    assert refresh_session(too_long, "t2", 1300, lifetime_seconds=70, cap_seconds=300) is None


# 4.4: attacks that miss


@flaw(
    OUTLIVE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The copy is the very token that was logged out with, and that one is on the list: it takes another token of the session.",
)
def the_very_same_token(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """A copy is enough: the server does not know that there is one."""
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    grace.post("/logout")
    return mallory.get("/admin").text


@flaw(
    OUTLIVE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A token is replaced when it is used and a day old: used earlier, it stays the same one in both browsers.",
)
def an_hour_later(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """After a while the copy is another token."""
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    clock.advance(hours=1)
    mallory.get("/profile")
    grace.post("/logout")
    return mallory.get("/admin").text


@flaw(
    OUTLIVE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The copy was refused before it could be replaced: a token gets a successor while it is good, before its end and before the logout.",
)
def waits_after_the_logout(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """A day later the token is another one, whatever happened before."""
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    grace.post("/logout")
    clock.advance(days=2)
    mallory.get("/profile")
    return mallory.get("/admin").text


@flaw(
    OUTLIVE,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="With a = at its end the token reads differently and has the same id: this list holds ids.",
)
def another_spelling(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """Base64 may be padded: it is another text, and it decodes to the same."""
    mallory.set_cookie(SESSION_COOKIE, f"{grace.cookies[SESSION_COOKIE].value}=")
    grace.post("/logout")
    return mallory.get("/admin").text


@flaw(
    OUTLIVE,
    caught_by="test_it_brings_nothing_from_the_app_without_the_hole",
    misconception="While Grace is signed in, her cookie opens every app: the attack is about what comes after her logout.",
)
def reads_before_the_logout(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """The page is all that counts."""
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    page = mallory.get("/admin").text
    grace.post("/logout")
    return page


@flaw(
    OUTLIVE,
    caught_by="test_it_brings_nothing_from_the_app_without_the_hole",
    misconception="Nobody has told the server that Grace is gone: without a logout her session goes on, in every app.",
)
def only_the_browser_forgets(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """Grace is out when her cookie is gone."""
    mallory.set_cookie(SESSION_COOKIE, grace.cookies[SESSION_COOKIE].value)
    grace.cookies.clear()
    clock.advance(hours=25)
    mallory.get("/profile")
    return mallory.get("/admin").text


def _rightly_refreshed(
    session: Session, token_id: str, now: int, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    refreshed: Session | None = original(REFRESH)(
        session, token_id, now, lifetime_seconds=lifetime_seconds, cap_seconds=cap_seconds
    )
    return refreshed


def _refreshed(token: str) -> bool:
    if token.count(".") != 2:
        return False
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return bool(claims["iat"] > claims["auth_time"])


def _token_of(request: Request) -> str:
    return request.cookies.get(SESSION_COOKIE, "")


@flaw(
    REFRESH,
    caught_by="test_a_shorter_lifetime_holds_at_the_next_use",
    misconception="An end that only ever moves on keeps the old lifetime alive after the operator has made it shorter.",
)
def never_an_earlier_end(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A refresh must not take time away from anybody."""
    last_end = session.authenticated_at + cap_seconds
    if now >= min(session.expires_at, last_end):
        return None
    new_end = max(session.expires_at, now + lifetime_seconds)
    return replace(session, token_id=token_id, issued_at=now, expires_at=min(new_end, last_end))


_CAP_SECONDS = 300


@flaw(
    REFRESH,
    caught_by="test_the_cap_is_the_callers_to_say",
    misconception="The cap is an argument: with a number of one's own in its place, a shorter cap is set and nobody keeps it.",
)
def the_cap_is_300(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """At the cap it is over, and the last end that a token may have is 300 after the login."""
    if now >= min(session.expires_at, session.authenticated_at + cap_seconds):
        return None
    until = min(now + lifetime_seconds, session.authenticated_at + _CAP_SECONDS)
    return replace(session, token_id=token_id, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    caught_by="test_the_cap_is_the_callers_to_say",
    misconception="Two questions about one cap, and one of them asks another number: past the cap, a token is given that has ended before it began.",
)
def over_after_300(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A session is over 300 after the login, and no new end is later than the cap."""
    if now >= min(session.expires_at, session.authenticated_at + _CAP_SECONDS):
        return None
    until = min(now + lifetime_seconds, session.authenticated_at + cap_seconds)
    return replace(session, token_id=token_id, issued_at=now, expires_at=until)


@flaw(
    REFRESH,
    caught_by="test_a_token_of_this_very_second_is_refreshed_too",
    misconception="What comes back is the old token under its old id, and whoever replaced it believes that there is a new one.",
)
def as_new_as_it_gets(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A token that was issued in this very second is new, so it stays."""
    if now == session.issued_at:
        return session
    return _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)


@flaw(
    REFRESH,
    caught_by="test_a_token_of_this_very_second_is_refreshed_too",
    misconception="None says that the time is up: whoever is told so in the second of the login is logged out by being quick.",
)
def too_early_to_be_refreshed(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """There is nothing to refresh before some time has passed."""
    if now <= session.issued_at:
        return None
    return _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)


@flaw(
    SESSION_COOKIE_PART,
    caught_by="test_an_age_is_told_as_it_was_said",
    misconception="The cookie is gone while the token in it is good: whoever has asked for three months is logged out after a week, and nobody knows why.",
)
def never_longer_than_a_week(token: str, max_age_seconds: int) -> str:
    """Sessions last for seven days, so no cookie needs more."""
    age = min(max_age_seconds, 7 * 86400)
    return f"{SESSION_COOKIE}={token}; Max-Age={age}; Path=/; Secure; HttpOnly; SameSite=Lax"


@flaw(
    REFRESH,
    caught_by="test_the_end_is_the_one_in_the_token",
    misconception="The lifetime is today's, and the token may be older than that setting: when it ends stands in it, and is not to be worked out anew.",
)
def a_lifetime_after_it_was_issued(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A token ends one lifetime after it was issued."""
    if now >= session.issued_at + lifetime_seconds:
        return None
    session = replace(session, expires_at=session.issued_at + lifetime_seconds)
    return _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)


@flaw(
    REFRESH,
    caught_by="test_a_generation_of_0_is_refreshed_too",
    misconception="0 is a number like others, and false to Python: whoever has never logged out everywhere would be logged out by a refresh.",
)
def every_field_says_something(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """A session with an empty field is a broken one."""
    if not all(asdict(session).values()):
        return None
    return _rightly_refreshed(session, token_id, now, lifetime_seconds, cap_seconds)


@flaw(
    END,
    caught_by="test_a_month_is_longer_than_a_week",
    misconception="How long a token lasts is a setting that this function does not know; the cap is the one end that it is told.",
)
def denied_for_a_week(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """After seven days the last token has run out."""
    forget_at = min(now + 7 * 86400, session.authenticated_at + cap_seconds)
    deny_session(db, session.session_id, now=now, forget_at=forget_at)


@flaw(
    END,
    caught_by="test_who_leaves_in_the_second_of_the_login_is_forgotten_too",
    misconception="A token is dead at its end and not after it, so the list may forget it in that very second.",
)
def forgets_a_second_later(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """What ends now is still on the list, to be on the safe side."""
    db.execute("DELETE FROM ended_sessions WHERE forget_at < ?", (now,))
    db.execute(
        "INSERT OR IGNORE INTO ended_sessions (session_id, forget_at) VALUES (?, ?)",
        (session.session_id, session.authenticated_at + cap_seconds),
    )


@flaw(
    END,
    caught_by="test_the_end_of_one_token_is_not_the_end_of_all",
    misconception="This token has run out, and one that was made by a refresh has not: what is on the list is the session, for all of them.",
)
def nothing_left_to_end(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """A token that has run out needs no list."""
    if now < session.expires_at:
        deny_session(db, session.session_id, now=now, forget_at=session.authenticated_at + cap_seconds)
