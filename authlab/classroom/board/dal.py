"""The board's data access layer: who is asking is proven before anything is read or written.

Browsers are proven by the app's own sessions, kits by their key. A learner sees their own row and nothing of
anybody else, not even whether there is anybody else.
"""

import sqlite3

from authlab.classroom.board import db, picture
from authlab.classroom.board.dto import BoardDTO, RoomDTO, RowDTO
from authlab.classroom.board.forms import JoinForm, Report
from authlab.classroom.board.keys import digest, new_code, new_secret, same_code, user_of_key
from authlab.classroom.board.settings import LEARNERS_AT_MOST, REPORTS_PER_LEARNER
from authlab.dal import verify_session
from authlab.db import UserRow, delete_user, transaction
from authlab.errors import Forbidden, NotSignedIn, TooManyAttempts
from authlab.limits import RateLimiter
from authlab.request import Request
from authlab.roles import require_role


def verify_key(request: Request) -> UserRow:
    """Return the row of the learner whose key this request carries; raise `NotSignedIn` for any other.

    `Authorization: Bearer KEY`: no browser sends that by itself, so no other site can make one send it.
    """
    sent = request.authorization
    is_key = sent is not None and sent.type == "bearer" and sent.token is not None
    user = user_of_key(request.db, sent.token) if sent is not None and is_key and sent.token else None
    if user is None:
        raise NotSignedIn(stale=False)
    return require_role(user, "user")


def join(request: Request, form: JoinForm) -> str | None:
    """Return the key of a new learner, or None when the board takes nobody now; raise `Forbidden` for a wrong
    code, and `TooManyAttempts`.

    Whether the board is closed, only who has the code is told.
    """
    settings, now = request.settings, request.settings.clock()
    guesses, key = RateLimiter(request.db, settings.logins_per_address), f"join {request.client_ip}"
    wait = guesses.hit(key, now)  # before the code is looked at: two guesses at once are two
    if wait:
        raise TooManyAttempts(wait)
    board = db.board(request.db)
    if not same_code(form.code, board.code):
        raise Forbidden
    guesses.forget(key)
    if board.closed or db.learner_count(request.db) >= LEARNERS_AT_MOST:
        return None
    secret = new_secret(settings.random_bytes)
    label = f"learner {settings.random_bytes(16).hex()}"
    number = db.insert_member(
        request.db, name=form.name, label=label, digest=digest(secret), role="user", now=now
    )
    request.log("signed up", user=number)
    return f"{number}-{secret}"


class Reporter:
    """What a learner's kit may do. Making one raises `NotSignedIn` for anybody else."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._learner = verify_key(request)

    def take(self, reports: list[Report]) -> bool:
        """Note verdicts, all or none; False while the board is closed. Raises `TooManyAttempts`.

        They are on the disk when it returns: SQLite has written and synced the transaction. Of an exercise
        that this kit does not have, nothing is noted, and no text but a misconception of its own.
        """
        settings, now = self._request.settings, self._request.settings.clock()
        connection, user_id = self._request.db, self._learner.id
        limiter = RateLimiter(connection, REPORTS_PER_LEARNER)
        try:
            with transaction(connection):
                wait = limiter.hit(f"reports {user_id}", now)
                if wait:
                    raise TooManyAttempts(wait)
                if db.board(connection).closed:
                    return False
                for one in reports:
                    if one.exercise in picture.exercise_ids():
                        known = one.misconception in picture.misconceptions_of(one.exercise)
                        db.take_report(
                            connection, user_id, one.id,
                            exercise=one.exercise, status=one.status, now=settings.clock(),
                            misconception=one.misconception if known else None,
                        )  # fmt: skip
        except sqlite3.IntegrityError:  # removed a moment ago
            raise NotSignedIn(stale=False) from None
        return True

    def leave(self) -> None:
        """Forget the learner, with all that they have reported."""
        db.delete_learner(self._request.db, self._learner.id)


class Dal:
    """What somebody who is signed in may see and change. Making one raises `NotSignedIn` for anybody else."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._viewer = verify_session(request)

    @property
    def role(self) -> str:
        """The viewer's role, as the database says at this moment."""
        return self._viewer.role

    def own_row(self) -> RowDTO:
        """Return the viewer's own row; raises `Forbidden` for the instructor, who has none."""
        require_role(self._viewer, "user")
        return self._row(db.LearnerRow(self._viewer.id, self._viewer.name))

    # What only the instructor may do

    def board(self) -> BoardDTO:
        """Return what lets the room in. Raises `Forbidden`."""
        self._instructor()
        found = db.board(self._request.db)
        return BoardDTO(code=found.code, closed=found.closed)

    def room(self) -> RoomDTO:
        """Return the picture of the room. Raises `Forbidden`."""
        self._instructor()
        connection = self._request.db
        return picture.room(db.learners(connection), db.standings(connection), self._request.settings.clock())

    def row(self, user_id: int) -> RowDTO | None:
        """Return a learner's row; None when there is no such learner, and to everybody but the instructor."""
        if self._viewer.role != "admin":
            return None  # not 403: that would say that there is somebody
        found = db.learner(self._request.db, user_id)
        return None if found is None else self._row(found)

    def remove(self, user_id: int) -> bool:
        """Forget a learner; False when there is no such one. Raises `Forbidden`."""
        self._instructor()
        removed = delete_user(self._request.db, user_id, by=self._viewer.id)
        if removed:
            self._request.log("account changed", user=user_id, what="removed", by=self._viewer.id)
        return removed

    def renew_code(self) -> None:
        """Replace the join code. Who is in stays in. Raises `Forbidden`."""
        self._instructor()
        db.set_code(self._request.db, new_code(self._request.settings.random_bytes))

    def set_closed(self, closed: bool) -> None:
        """Close the board to newcomers and reports, or open it again. Raises `Forbidden`."""
        self._instructor()
        db.set_closed(self._request.db, self._request.settings.clock() if closed else None)

    def _row(self, learner: db.LearnerRow) -> RowDTO:
        rows = db.standings_of(self._request.db, learner.id)
        return picture.row(learner, rows, self._request.settings.clock())

    def _instructor(self) -> None:
        require_role(self._viewer, "admin")
