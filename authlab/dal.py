"""The data access layer (lesson 8): every authorised read or write, and the proof before it.

The check is where the data is: no page, action or API can forget it, because there is no other way to what is
the members'. (At sign-up and login there is no viewer yet: they go through `accounts`.) `Dal(request)` proves
the visitor before it exists, so each of its methods has a viewer.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from authlab import db
from authlab.cookies import session_token
from authlab.db import UserRow
from authlab.dto import (
    AccountDTO,
    DeviceDTO,
    ProfileDTO,
    UserDTO,
    account_dto,
    device_dto,
    in_words,
    profile_dto,
    user_dto,
)
from authlab.errors import Forbidden, NotSignedIn
from authlab.passwords import hash_password, verify_password
from authlab.request import Request
from authlab.roles import ROLES, can_edit, require_role
from authlab.sessions.proof import Proof

Answer = TypeVar("Answer")


def verify_session(request: Request) -> UserRow:
    """Return the row of the user this request is from; raise `NotSignedIn` when nobody can be proven.

    - `request.session` is what the cookie claims: signed by us and not run out, or None. Whether it still
      holds, the database knows: the session may have been ended since, its user deleted or disabled.
    - `prove(request)` asks the database, in one query. It returns a `Proof`, whose `user` is the row as it is
      now, role included, and raises `NotSignedIn` itself. Its `stale` says whether a cookie came that proves
      nobody: the answer then takes that cookie back.
    - A page, its layout and its data all want to know, and the database is asked once a request: `prove` goes
      through `per_request`, under its own name. When the page is done, `keep_session` looks for its answer
      there and prolongs the session; proving it prolongs nothing.
    - What else goes wrong is not the visitor's fault: an error of the database stays one.

    Source: the guide's `verifySession`, which never looked the user up; ASVS 7.2.1.
    """
    return per_request(request, prove).user


def per_request(request: Request, read: Callable[[Request], Answer]) -> Answer:
    """Return what `read(request)` returns, asked once however often a request comes here with that `read`.

    - `request.memo` is a dictionary of this request, empty when it comes in. The answer is kept there under
      `read` itself, the function: `keep_session` takes `request.memo[prove]` from there, after the page.
    - Nothing is kept anywhere else: the next request asks anew, from whomever and to whichever page it is.
    - None is an answer, like any other.
    - An error is none: it is raised, not kept, and the next call asks again.
    - A login in the middle of a request empties the memo. After that, it asks again.

    Source: the guide's React `cache`, which lives as long as one rendering.
    """
    if read not in request.memo:
        request.memo[read] = read(request)
    answer: Answer = request.memo[read]
    return answer


def prove(request: Request) -> Proof:
    """Ask the strategy whom this request's session proves; raises `NotSignedIn`."""
    session = request.session
    proof = None if session is None else request.sessions.verify(request.db, session)
    if proof is None:
        request.note("dal", "refused: nobody is signed in")
        if session is not None:  # signed by us, and ended since, or its user is gone
            request.log("session refused", user=session.user_id)
        raise NotSignedIn(stale=session_token(request.cookies) is not None)
    request.note("dal", f"proven: user {proof.user.id}, role {proof.user.role}")
    return proof


def get_user(request: Request) -> UserDTO:
    """Return what a signed-in user may see of their own account; raise `NotSignedIn` for nobody.

    - Whose account it is, the session says (`verify_session`), and no part of the address or of a form.
    - What leaves is a `UserDTO` with its seven fields: `user_dto(row)` names them one by one.
    - It costs no query beyond the one that `verify_session` asks once a request.
    - An error is an error, and goes on as it was raised: nobody is signed in, or the database does not
      answer, and neither is None.

    Source: the guide's `getUser`, which was called with an id that it ignored.
    """
    return user_dto(verify_session(request))


def get_user_or_none(request: Request) -> UserDTO | None:
    """Return the signed-in user's own data, or None: for what a page shows to guests too."""
    try:
        return get_user(request)
    except NotSignedIn as refused:
        request.has_stale_cookie = refused.stale  # the page is shown all the same, and the cookie taken back
        return None


def keep_session(request: Request) -> None:
    """Note that a session is in use, and have its token replaced when it is due.

    Only for a session that this request has proven, and that it neither ended nor replaced itself.
    """
    proof: Proof | None = request.memo.get(prove)
    if proof is not None and request.session is not None and request.new_token is None:
        request.new_token = request.sessions.refresh(request.db, request.session, proof)


def change_phone(connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None) -> int | None:
    """Give the member at `/members/<slug>` another phone number, if `viewer` may edit them; return that
    member's id, or None when `viewer` may not, or nobody is there.

    - `viewer` is who is asking: proven, because `Dal` proves them before it does anything. `slug` is the
      visitor's text, and says whom it is about. They are two people, or one.
    - `can_edit(viewer, owner)` knows who may: the owner, and admins. It is asked before anything is written.
    - A member whom the viewer may not edit is answered like one who is not there: None.
    - `phone` None takes the number away.

    Source: the guide's tip of a class that runs `verifySession` before its methods; ASVS 8.2.2.
    """
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(viewer, owner):
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


class Dal:
    """What a signed-in visitor may read and change. Making one raises `NotSignedIn` for anybody else.

    Source: the guide's tip of a class that runs `verifySession` before any of its methods.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._viewer = verify_session(request)

    # The viewer's own account

    def previous_login(self) -> str | None:
        """Return when the viewer logged in the time before: one that they do not remember is a warning."""
        return in_words(self._viewer.previous_login_at)

    def change_password(self, current: str, new: str) -> bool:
        """Store a new password and end all other sessions; False when `current` is not the viewer's password.

        This browser gets a new token, so that a copy of its old one is over, too.

        Source: ASVS 6.2.3, 7.4.3.
        """
        settings = self._request.settings
        if not verify_password(current, self._viewer.password_hash.reveal(), pepper=settings.pepper):
            return False
        hashed = hash_password(new, rounds=settings.bcrypt_rounds, pepper=settings.pepper)
        with db.transaction(self._request.db):
            db.set_password_hash(self._request.db, self._viewer.id, hashed)
            self._end_other_sessions()
        self._request.log("password changed", user=self._viewer.id)
        return True

    def set_phone(self, slug: str, phone: str | None) -> bool:
        """Change a member's phone number; False when there is no such member whom the viewer may edit.

        Somebody else's is refused as if it did not exist: the answer does not tell which of the two.
        """
        changed = change_phone(self._request.db, self._viewer, slug, phone)
        if changed is not None:
            self._request.sessions.user_changed(changed)
        return changed is not None

    # The viewer's sessions

    def devices(self) -> list[DeviceDTO]:
        """Return the viewer's own sessions; none when they are stateless, and so known to nobody."""
        session = self._request.session
        own = None if session is None else session.session_id
        rows = self._request.sessions.devices(self._request.db, self._viewer.id)
        return [device_dto(row, row.session_id == own) for row in rows]

    def end_device(self, number: int) -> bool:
        """End one of the viewer's own sessions; False when it is not theirs, as when it is not there."""
        return self._request.sessions.end_one(self._request.db, self._viewer.id, number)

    def end_other_sessions(self) -> None:
        """End all of the viewer's sessions but this one, which gets a new token; raises `NotSignedIn`.

        All or nothing: this one's old token is not called in unless the others are ended. A session that was
        ended since it was proven ends no other: a thief who is logged out at this moment would otherwise log
        out the owner.
        """
        with db.transaction(self._request.db):
            self._end_other_sessions()

    def _end_other_sessions(self) -> None:
        session = self._request.session
        if session is None:
            raise NotSignedIn(stale=False)  # never: without a session there is no viewer
        token = self._request.sessions.end_others(self._request.db, session)
        if token is None:  # somebody else was quicker, and has ended this one
            raise NotSignedIn(stale=True)
        self._request.new_token = token
        self._request.log("sessions ended", user=self._viewer.id)

    # Other members

    def team(self, text: str = "") -> list[ProfileDTO]:
        """Return the members of the viewer's team in whose name `text` occurs; admins see all members."""
        viewer = self._viewer
        if viewer.role == "admin":
            rows = db.search_users(self._request.db, text)
        else:
            rows = [] if viewer.team is None else db.search_team(self._request.db, viewer.team, text)
        return [profile_dto(viewer, row) for row in rows]

    def profile(self, slug: str) -> ProfileDTO | None:
        """Return what the viewer may see of a member, or None when there is no such member.

        The target comes from the address, the viewer from the session: never one in place of the other.
        """
        owner = db.user_by_slug(self._request.db, slug)
        return None if owner is None else profile_dto(self._viewer, owner)

    def user(self, user_id: int) -> UserDTO | None:
        """Return an account to its owner or an admin; None to everybody else, as if it were not there.

        Source: the guide's `/api/user/${id}`, which invites reading others.
        """
        owner = db.user_by_id(self._request.db, user_id)
        return user_dto(owner) if owner is not None and can_edit(self._viewer, owner) else None

    # What only admins may do. The role is the database's of this moment, not one that a token remembers.

    def accounts(self, text: str = "") -> list[AccountDTO]:
        """Return the accounts in whose name `text` occurs; raises `Forbidden` for all but admins."""
        self._admin()
        return [account_dto(row) for row in db.search_users(self._request.db, text)]

    def set_role(self, user_id: int, role: str) -> bool:
        """Give another user a role; False when there is no such other user. Raises `Forbidden`."""
        self._admin()
        if role not in ROLES:
            return False
        return self._changed(
            user_id, db.set_role(self._request.db, user_id, role, by=self._viewer.id), f"role {role}"
        )

    def set_team(self, user_id: int, team: str | None) -> bool:
        """Put a user in a team, or in none; False when there is no such user. Raises `Forbidden`."""
        self._admin()
        return self._changed(
            user_id, db.set_team(self._request.db, user_id, team, by=self._viewer.id), "team"
        )

    def end_sessions(self, user_id: int) -> bool:
        """End all sessions of another user; False when there is no such other user. Raises `Forbidden`."""
        self._admin()
        if user_id == self._viewer.id or db.user_by_id(self._request.db, user_id) is None:
            return False
        with db.transaction(self._request.db):
            self._request.sessions.end_all(self._request.db, user_id)
        self._request.log("sessions ended", user=user_id, by=self._viewer.id)
        return True

    def set_disabled(self, user_id: int, disabled: bool) -> bool:
        """Disable another user's account, which ends its sessions, or enable it again. Raises `Forbidden`."""
        self._admin()
        connection, since = self._request.db, self._request.settings.clock() if disabled else None
        with db.transaction(connection):
            changed = db.set_disabled(connection, user_id, since, by=self._viewer.id)
            if changed and disabled:
                self._request.sessions.end_all(connection, user_id)
        return self._changed(user_id, changed, "disabled" if disabled else "enabled")

    def delete_user(self, user_id: int) -> bool:
        """Delete another user and their sessions; False when there is no such one. Raises `Forbidden`."""
        self._admin()
        return self._changed(
            user_id, db.delete_user(self._request.db, user_id, by=self._viewer.id), "deleted"
        )

    def _admin(self) -> None:
        try:
            require_role(self._viewer, "admin")
        except Forbidden:
            self._request.note("dal", f"refused: user {self._viewer.id} is no admin")
            self._request.log("not allowed", user=self._viewer.id)
            raise

    def _changed(self, user_id: int, changed: bool, what: str) -> bool:
        if changed:
            self._request.sessions.user_changed(user_id)
            self._request.log("account changed", user=user_id, what=what, by=self._viewer.id)
        return changed
