"""Right answers to lesson 4 in other styles than the package's. Each fits its other parts."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from http.cookies import Morsel, SimpleCookie
from itertools import product

from werkzeug.http import dump_cookie
from werkzeug.wrappers import Response

from authlab.cookies import SESSION_COOKIE
from authlab.course.bank import alternative
from authlab.db import UserRow, deny_session, next_session_generation, user_by_id, user_unless_ended
from authlab.devices import device_name
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.request import Request
from authlab.sessions.proof import Proof
from authlab.settings import Settings
from authlab.tokens import Session, sign_session

COOKIE = "authlab.cookies:session_cookie"
TOKEN = "authlab.cookies:session_token"
SIGN_IN = "authlab.actions:sign_in"
REFRESH = "authlab.sessions.lifetime:refresh_session"
STATELESS = "authlab.sessions.stateless:StatelessSessions"
END = "authlab.sessions.stateless:end_session"
OUTLIVE = "authlab.course.kata.lesson_04_stateless_sessions:outlive_the_logout"
PROVE = "authlab.course.kata.lesson_04_stateless_sessions:prove_refresh"

NAME = "__Host-session"


@alternative(COOKIE)
def cookie_by_the_standard_library(token: str, max_age_seconds: int) -> str:
    """A `Morsel` knows how a cookie is written; it is told the attributes and no more."""
    morsel: Morsel[str] = Morsel()
    morsel.set(NAME, token, token)
    morsel.update({"path": "/", "max-age": str(max_age_seconds), "samesite": "Lax"})
    morsel["secure"] = morsel["httponly"] = True
    return morsel.OutputString()


@alternative(COOKIE)
def cookie_in_one_line(token: str, max_age_seconds: int) -> str:
    """A token has no character that needs quoting, so the line can be written as it is read."""
    attributes = [f"Max-Age={max_age_seconds}", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"]
    return "; ".join([f"{NAME}={token}", *attributes])


@alternative(COOKIE)
def cookie_as_werkzeug_likes_it(token: str, max_age_seconds: int) -> str:
    """Everything by name. Werkzeug adds an Expires, and where both are there browsers go by Max-Age."""
    return dump_cookie(
        key=SESSION_COOKIE, value=token, max_age=max_age_seconds, secure=True, httponly=True, samesite="lax"
    )


@alternative(COOKIE)
def cookie_from_a_response(token: str, max_age_seconds: int) -> str:
    """Have a response set it, and read what it says; a deletion is another call."""
    response = Response()
    if max_age_seconds == 0:
        response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    else:
        response.set_cookie(
            SESSION_COOKIE, token, max_age_seconds, path="/", secure=True, httponly=True, samesite="Lax"
        )
    return response.headers["Set-Cookie"]


@alternative(COOKIE)
def cookie_from_a_simple_cookie(token: str, max_age_seconds: int) -> str:
    """A `SimpleCookie` writes the header's name too, unless it is told not to."""
    cookies: SimpleCookie = SimpleCookie({SESSION_COOKIE: token})
    for attribute, value in (("path", "/"), ("max-age", max_age_seconds), ("samesite", "Lax")):
        cookies[SESSION_COOKIE][attribute] = value
    cookies[SESSION_COOKIE]["httponly"] = cookies[SESSION_COOKIE]["secure"] = True
    return cookies.output(header="").strip()


@alternative(TOKEN)
def token_by_asking_first(cookies: Mapping[str, str]) -> str | None:
    """Look whether it is there, then take it."""
    if NAME not in cookies:
        return None
    return cookies[NAME]


@alternative(TOKEN)
def token_by_walking_through(cookies: Mapping[str, str]) -> str | None:
    """Compare every name with ours, letter by letter as it came."""
    for name, value in cookies.items():
        if name == NAME:
            return value
    return None


@alternative(SIGN_IN)
def begin_then_end(request: Request, user_id: int) -> None:
    """The new session first: the browser is never without one, and the old one has no say in it."""
    before = request.session
    request.new_token = request.sessions.create(
        request.db, user_id, device_name(str(request.headers.get("User-Agent", "")))
    )
    request.memo.clear()
    match before:
        case Session():
            request.sessions.delete(request.db, before)


@alternative(SIGN_IN)
def end_then_begin(request: Request, user_id: int) -> None:
    """Log out whoever was here, then begin as with any guest."""
    if (before := request.session) is not None:
        request.sessions.delete(request.db, before)
    for question in list(request.memo):
        del request.memo[question]
    request.new_token = request.sessions.create(request.db, user_id, device_name(request.user_agent.string))


@alternative(REFRESH)
def refresh_by_what_is_left(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """Count what is left until the cap: a token may last for that, or for a lifetime."""
    left = cap_seconds - (now - session.authenticated_at)
    if left <= 0 or session.expires_at <= now:
        return None
    return Session(
        session.user_id,
        session.session_id,
        token_id,
        session.authenticated_at,
        now,
        now + (left if left < lifetime_seconds else lifetime_seconds),
        session.generation,
    )


@alternative(REFRESH)
def refresh_by_two_ends(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """There are two ends, and the nearer one holds."""
    ends = sorted([now + lifetime_seconds, session.authenticated_at + cap_seconds])
    over = not (now < session.expires_at and now < ends[0])
    return None if over else replace(session, token_id=token_id, issued_at=now, expires_at=ends[0])


@alternative(REFRESH)
def refresh_with_early_returns(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """One question after the other, each with its own way out."""
    if now >= session.expires_at:
        return None
    age = now - session.authenticated_at
    if age >= cap_seconds:
        return None
    expires_at = now + lifetime_seconds
    if expires_at > session.authenticated_at + cap_seconds:
        expires_at = session.authenticated_at + cap_seconds
    return replace(session, token_id=token_id, issued_at=now, expires_at=expires_at)


@alternative(REFRESH)
def refresh_as_a_dictionary(
    session: Session, token_id: str, now: int, *, lifetime_seconds: int, cap_seconds: int
) -> Session | None:
    """All fields as they are, with three of them overwritten; what is not alive is not asked for."""
    cap = session.authenticated_at + cap_seconds
    alive = now < session.expires_at and now < cap
    fields = {**asdict(session), "token_id": token_id, "issued_at": now}
    fields["expires_at"] = min(cap, now + lifetime_seconds)
    return Session(**fields) if alive else None


@alternative(END)
def end_by_plain_sql(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """Both statements by hand: an upsert, and what may be forgotten after it."""
    db.execute(
        "INSERT INTO ended_sessions (session_id, forget_at) VALUES (?, ?) "
        "ON CONFLICT (session_id) DO UPDATE SET forget_at = max(forget_at, excluded.forget_at)",
        (session.session_id, now + cap_seconds),
    )
    db.execute("DELETE FROM ended_sessions WHERE forget_at <= ?", (now,))


@alternative(END)
def end_for_a_cap_from_now(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """Nobody has logged in later than now, so a cap from now is long enough for every token."""
    deny_session(db, session.session_id, now=now, forget_at=now + cap_seconds)


@alternative(END)
def end_by_the_later_end(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """Of all the ends that a token of it may have, the last."""
    ends = [session.expires_at, session.authenticated_at + cap_seconds]
    deny_session(db, now=now, session_id=session.session_id, forget_at=max(ends))


@alternative(END)
def end_unless_over(db: sqlite3.Connection, session: Session, now: int, *, cap_seconds: int) -> None:
    """A session beyond its cap is refused without a list; the list is tidied all the same."""
    db.execute("DELETE FROM ended_sessions WHERE forget_at <= ?", (now,))
    ends_at = session.authenticated_at + cap_seconds
    if ends_at > now:
        db.execute("INSERT OR IGNORE INTO ended_sessions VALUES (?, ?)", (session.session_id, ends_at))


@alternative(PROVE)
def prove_by_a_table_of_times(refresh_session: Callable[..., Session | None]) -> None:
    """A row for each case: when the token was issued and ends, when it is used, and the new end."""
    rows = [
        (1000, 1070, 1000, 1070),
        (1000, 1070, 1010, 1080),
        (1000, 1070, 1069, 1139),
        (1000, 1070, 1070, None),
        (1000, 1070, 1071, None),
        (1000, 1070, 1250, None),
        (1000, 1200, 1010, 1080),
        (1220, 1290, 1229, 1299),
        (1220, 1290, 1230, 1300),
        (1220, 1290, 1231, 1300),
        (1240, 1300, 1299, 1300),
        (1240, 1300, 1300, None),
        (1240, 1300, 1301, None),
        (1240, 1400, 1299, 1300),
        (1240, 1400, 1300, None),
    ]
    for issued, ends, now, new_end in rows:
        session = Session(7, "sid", "old", 1000, issued, ends, 3)
        found = refresh_session(session, "new", now, lifetime_seconds=70, cap_seconds=300)
        wanted = None if new_end is None else Session(7, "sid", "new", 1000, now, new_end, 3)
        assert found == wanted, (issued, ends, now)


@alternative(PROVE)
def prove_by_living_it(refresh_session: Callable[..., Session | None]) -> None:
    """Somebody comes every so often, until it is over: how long did it last?"""

    def lasts(every: int, session: Session) -> int:
        now = session.issued_at
        while now < 10_000:
            now += every
            found = refresh_session(session, f"t{now}", now, lifetime_seconds=70, cap_seconds=300)
            if found is None:
                return now
            assert found.authenticated_at == 1000
            assert (found.user_id, found.session_id, found.generation) == (1, "s", 5)
            assert (found.token_id, found.issued_at) == (f"t{now}", now)
            assert found.expires_at == min(now + 70, 1300)
            session = found
        return now

    fresh = Session(1, "s", "t", authenticated_at=1000, issued_at=1000, expires_at=1070, generation=5)
    assert lasts(10, fresh) == 1300
    assert lasts(69, fresh) == 1345
    assert lasts(70, fresh) == 1070
    assert lasts(200, fresh) == 1200
    assert lasts(100, replace(fresh, issued_at=1200, expires_at=1400)) == 1300, "signed under a longer cap"
    assert lasts(10, replace(fresh, expires_at=1200)) == 1300, "signed under a longer lifetime"


@alternative(PROVE)
def prove_against_a_formula(refresh_session: Callable[..., Session | None]) -> None:
    """Every second of a small world, against what the rule says in one line."""
    for ends, now, lifetime, cap in product((5, 9, 14), range(16), (3, 8), (6, 12)):
        session = Session(1, "s", "t", authenticated_at=0, issued_at=0, expires_at=ends)
        found = refresh_session(session, "u", now, lifetime_seconds=lifetime, cap_seconds=cap)
        if now < ends and now < cap:
            assert found == Session(1, "s", "u", 0, now, min(now + lifetime, cap))
        else:
            assert found is None


@alternative(OUTLIVE)
def grace_gets_the_new_one(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """Keep the old token, have Grace's replaced: the one that she logs out with is not the copy."""
    old = grace.cookies[SESSION_COOKIE].value
    clock.advance(days=1, minutes=1)
    grace.get("/profile")
    grace.post("/logout")
    mallory.set_cookie(SESSION_COOKIE, old)
    return mallory.get("/admin").text


@alternative(OUTLIVE)
def every_cookie_and_then_wait(grace: Browser, mallory: Browser, clock: LabClock) -> str:
    """Copy all there is, and knock until the token has changed."""
    for cookie in list(grace.cookies.values()):
        mallory.set_cookie(cookie.name, cookie.value)
    copied = mallory.cookies[SESSION_COOKIE].value
    for _ in range(40):
        clock.advance(hours=1)
        mallory.get("/profile")
        if SESSION_COOKIE not in mallory.cookies or mallory.cookies[SESSION_COOKIE].value != copied:
            break
    grace.post("/logout")
    answer = mallory.get("/admin")
    return answer.text if answer.ok else str(answer.status_code)


@alternative(STATELESS)
class EverySessionAsAToken:
    """Each verb makes the session that should be, and signs it; what is over is told in plain SQL."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Return the token of a new session."""
        user = user_by_id(db, user_id)
        return self._token(
            Session(
                user_id=user_id,
                session_id=self._random(),
                token_id="",
                authenticated_at=self.settings.clock(),
                issued_at=0,
                expires_at=self.settings.clock()
                + min(self.settings.session_lifetime_seconds, self.settings.session_cap_seconds),
                generation=0 if user is None else user.session_generation,
            )
        )

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return whom the session proves, or None."""
        user = user_unless_ended(db, session.user_id, session.session_id, session.generation)
        match user:
            case UserRow():
                return Proof(user=user, last_seen_at=session.issued_at)
        return None

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Return a new token for one that is a day old, while the cap is not reached."""
        now, cap = self.settings.clock(), session.authenticated_at + self.settings.session_cap_seconds
        if session.issued_at + self.settings.session_refresh_seconds > now or now >= cap:
            return None
        until = min(cap, now + self.settings.session_lifetime_seconds)
        return self._token(replace(session, expires_at=until))

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Put the session's id on the deny list, for as long as any token of it may last."""
        last_end = max(session.expires_at, session.authenticated_at + self.settings.session_cap_seconds)
        db.execute("INSERT OR REPLACE INTO ended_sessions VALUES (?, ?)", (session.session_id, last_end))

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """Move the user's number on, if it is still this session's, and give this session the next one."""
        moved = db.execute(
            "UPDATE users SET session_generation = ? WHERE id = ? AND session_generation = ?",
            (session.generation + 1, session.user_id, session.generation),
        )
        if moved.rowcount == 0:
            return None
        return self._token(replace(session, generation=session.generation + 1))

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """Move the user's number on."""
        db.execute("UPDATE users SET session_generation = session_generation + 1 WHERE id = ?", (user_id,))

    def user_changed(self, user_id: int) -> None:
        """Do nothing: nothing is remembered."""

    def _token(self, session: Session) -> str:
        issued = replace(session, token_id=self._random(), issued_at=self.settings.clock())
        return sign_session(issued, self.settings.signing_key, self.settings.signing_key_id)

    def _random(self) -> str:
        return self.settings.random_bytes(16).hex()


@alternative(STATELESS)
class EndedByListAndNumber:
    """What is needed of the settings, taken out once, and functions of the database for the rest."""

    def __init__(self, settings: Settings) -> None:
        self._now, self._bytes = settings.clock, settings.random_bytes
        self._key, self._key_id = settings.signing_key, settings.signing_key_id
        self._lifetime, self._cap = settings.session_lifetime_seconds, settings.session_cap_seconds
        self._due = settings.session_refresh_seconds

    def create(self, db: sqlite3.Connection, user_id: int, device: str) -> str:
        """Return the token of a new session."""
        session_id, token_id, now = self._bytes(16).hex(), self._bytes(16).hex(), self._now()
        row = db.execute("SELECT session_generation FROM users WHERE id = ?", (user_id,)).fetchone()
        end = now + min(self._lifetime, self._cap)
        return self._sign(Session(user_id, session_id, token_id, now, now, end, row[0] if row else 0))

    def verify(self, db: sqlite3.Connection, session: Session) -> Proof | None:
        """Return whom the session proves, or None."""
        if user := user_unless_ended(db, session.user_id, session.session_id, session.generation):
            return Proof(user, session.issued_at)
        return None

    def refresh(self, db: sqlite3.Connection, session: Session, proof: Proof) -> str | None:
        """Return a new token when this one is due."""
        now = self._now()
        age, last_end = now - session.issued_at, session.authenticated_at + self._cap
        if age < self._due or last_end <= now:
            return None
        end = last_end if last_end - now < self._lifetime else now + self._lifetime
        token_id = self._bytes(16).hex()
        return self._sign(replace(session, token_id=token_id, issued_at=now, expires_at=end))

    def delete(self, db: sqlite3.Connection, session: Session) -> None:
        """Remember for a whole cap from now that the session was ended: longer than it could live."""
        db.execute("DELETE FROM ended_sessions WHERE forget_at <= ?", (self._now(),))
        db.execute(
            "INSERT INTO ended_sessions (session_id, forget_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (session.session_id, self._now() + self._cap),
        )

    def end_others(self, db: sqlite3.Connection, session: Session) -> str | None:
        """Return a token with the user's next number, unless another was quicker."""
        number = next_session_generation(db, session.user_id, after=session.generation)
        if number is None:
            return None
        kept = replace(session, token_id=self._bytes(16).hex(), issued_at=self._now())
        return self._sign(replace(kept, generation=number))

    def end_all(self, db: sqlite3.Connection, user_id: int) -> None:
        """End all sessions of a user."""
        next_session_generation(db, user_id)

    def user_changed(self, user_id: int) -> None:
        """Do nothing: nothing is remembered."""

    def _sign(self, session: Session) -> str:
        return sign_session(session, self._key, self._key_id)
