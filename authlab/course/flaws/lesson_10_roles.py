"""Wrong ways to ask for a role, and to say no. Several look as if they refused."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args
from weakref import WeakKeyDictionary

import jwt
from werkzeug.routing import RequestRedirect

from authlab.cookies import session_token
from authlab.course.bank import flaw
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.course.kata.lesson_10_roles import answer_of
from authlab.course.mounting import original
from authlab.db import UserRow, user_by_id
from authlab.dto import AccountDTO, UserDTO
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.middleware import Policy
from authlab.request import Request
from authlab.roles import Role
from authlab.server_only import ServerOnly
from authlab.tokens import Session

AUTHENTICATE = "authlab.accounts:authenticate"
SIGN = "authlab.tokens:sign_session"
CLASSIFY = "authlab.middleware:classify"
VERIFY = "authlab.dal:verify_session"
MEMO = "authlab.dal:per_request"
GET_USER = "authlab.dal:get_user"
DAL = "authlab.dal:Dal"
REQUIRE_ROLE = "authlab.roles:require_role"
DASHBOARD = "authlab.roles:dashboard"
SET_ROLE = "authlab.db:set_role"
DELETE_USER = "authlab.db:delete_user"
ATTACK = "authlab.course.kata.lesson_10_roles:read_the_accounts"
PROOF = "authlab.course.kata.lesson_10_roles:prove_roles"

if TYPE_CHECKING:
    from authlab.dal import Dal as RightDal
else:
    RightDal = original(DAL)  # the package's own: the flaws below are right but for the methods they have


# A role of a week ago


_roles: dict[int, str] = {}  # of who has logged in: what goes into their token


def _authenticate_and_note_the_role(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    if user is not None:
        _roles[user.id] = user.role
    return user


def _sign_with_the_role(session: Session, key: bytes, kid: str | None = None) -> str:
    token = original(SIGN)(session, key, kid)
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["role"] = _roles.get(session.user_id, "user")
    return jwt.encode(claims, key, algorithm="HS256", headers=None if kid is None else {"kid": kid})


@flaw(
    VERIFY,
    attack=68,
    caught_by="test_it_returns_the_row_as_it_is_now",
    companions={AUTHENTICATE: _authenticate_and_note_the_role, SIGN: _sign_with_the_role},
    misconception="A token says what was so when it was signed: a role that was taken away since goes on for as long as the token.",
)
def role_from_the_token(request: Request) -> UserRow:
    """The role is in the token, and we signed that: it need not be asked for again."""
    user: UserRow = original(VERIFY)(request)
    claims = jwt.decode(session_token(request.cookies) or "", options={"verify_signature": False})
    return replace(user, role=claims.get("role", "user"))


_proofs: WeakKeyDictionary[object, dict[object, Any]] = WeakKeyDictionary()  # one dictionary an app


@flaw(
    MEMO,
    attack=68,
    caught_by="test_the_next_request_asks_anew",
    misconception="A token is the same before and after its owner's role is taken away: remembered by it, the old role stays.",
)
def one_answer_a_token(request: Request, read: Callable[[Request], Any]) -> Any:
    """The same token is the same visitor, so there is nothing to ask a second time."""
    memo = _proofs.setdefault(request.sessions, {})
    key = (read, session_token(request.cookies))
    if key not in memo:
        memo[key] = read(request)
    request.memo[read] = memo[key]
    return memo[key]


# require_role, Dal: a refusal that is none


@flaw(
    REQUIRE_ROLE,
    attack=70,
    caught_by="test_a_refusal_does_not_come_back",
    misconception="A refusal that is a return value is one that every caller may overlook, and one does: raise it.",
)
def returns_none(user: UserRow | None, role: Role) -> UserRow | None:
    """Who is not allowed gets None, and the caller sees that."""
    return user if user is not None and user.role == role else None


@flaw(
    REQUIRE_ROLE,
    caught_by="test_nothing_but_the_role_is_asked",
    misconception="A team says whose names one sees, and takes no role away: an admin who is put in one stays an admin.",
)
def admins_of_no_team(user: UserRow | None, role: Role) -> UserRow:
    """Who is in a team is one of its members, and no admin."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role != role or (role == "admin" and user.team is not None):
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    attack=70,
    caught_by="test_somebody_with_another_role_is_refused",
    misconception='Texts are compared letter by letter: "user" comes after "admin", so every user is more than an admin.',
)
def compared_as_text(user: UserRow | None, role: Role) -> UserRow:
    """Who has at least this role may go on."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role < role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    attack=70,
    caught_by="test_somebody_with_another_role_is_refused",
    misconception="401 asks who you are, 403 says not you: sent to log in once more, a member comes back as the same member.",
)
def asked_to_log_in_again(user: UserRow | None, role: Role) -> UserRow:
    """Who has not the role must log in as somebody who has."""
    if user is None or user.role != role:
        raise NotSignedIn(stale=False)
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_nobody_is_asked_who_they_are",
    misconception="The two refusals have changed places: 401 asks who you are, so it is for nobody, and 403 for somebody who may not.",
)
def refusals_swapped(user: UserRow | None, role: Role) -> UserRow:
    """401 is called Unauthorized, so it is for who has a role and not this one."""
    if user is None or not user.role:
        raise Forbidden
    if user.role != role:
        raise NotSignedIn(stale=False)
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_nobody_is_asked_who_they_are",
    misconception="With a 403 nobody learns that logging in would help: who is unknown is asked who they are.",
)
def nobody_is_forbidden(user: UserRow | None, role: Role) -> UserRow:
    """Who has not the role is refused, and nobody has it least of all."""
    if user is None or user.role != role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_somebody_with_another_role_is_refused",
    misconception="That somebody is signed in says who they are; whether they may is the second question, and it was not asked.",
)
def signed_in_is_enough(user: UserRow | None, role: Role) -> UserRow:
    """Who is signed in has been checked."""
    if user is None:
        raise NotSignedIn(stale=False)
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_roles_have_no_order",
    misconception="Here an admin is not also a user: a ladder of roles would have to be written down, and no rule does it.",
)
def admins_may_everything(user: UserRow | None, role: Role) -> UserRow:
    """An admin may do whatever a user may."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role not in (role, "admin"):
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_who_has_the_role_goes_on",
    misconception="Which role is needed is the second argument: with a role of its own, the function refuses those who have the one that was asked for.",
)
def only_ever_admins(user: UserRow | None, role: Role) -> UserRow:
    """A role is only ever asked for where admins work."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role != "admin":
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_roles_are_compared_by_their_letters",
    misconception="`is` compares objects, not letters: it holds for two literals in a test, and fails for a role out of the database.",
)
def the_very_same_role(user: UserRow | None, role: Role) -> UserRow:
    """The role is the one that is needed."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role is not role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_no_role_is_not_the_least_role",
    misconception="A role that is missing is no role, not the least one: a default lets in whom the database could not name.",
)
def no_role_is_a_user(user: UserRow | None, role: Role) -> UserRow:
    """Who has no role yet is a user."""
    if user is None:
        raise NotSignedIn(stale=False)
    if (user.role or "user") != role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_role_is_a_whole_word",
    misconception='`in` looks for a piece of a text: "user" is in "superuser", and "admin" in "no-admin".',
)
def word_in_a_word(user: UserRow | None, role: Role) -> UserRow:
    """The role must be in what they have."""
    if user is None:
        raise NotSignedIn(stale=False)
    if role not in user.role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_role_is_spelled_in_one_way",
    misconception="Two spellings that are taken for one role are two roles elsewhere: what the database does not store is no role.",
)
def spelled_anyhow(user: UserRow | None, role: Role) -> UserRow:
    """Case and spaces make no difference."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role.strip().lower() != role:
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_who_has_the_role_goes_on",
    misconception="Who is let through has to come back, too: the caller goes on working with what was returned, and that is None.",
)
def nothing_comes_back(user: UserRow | None, role: Role) -> UserRow:
    """It raises for those who may not; about the others there is nothing to say."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role != role:
        raise Forbidden
    return cast(UserRow, None)


@flaw(
    REQUIRE_ROLE,
    caught_by="test_who_has_the_role_goes_on",
    misconception="It answers whether; the caller was promised who: True has no name and no id.",
)
def says_yes(user: UserRow | None, role: Role) -> UserRow:
    """Whoever gets an answer may go on."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role != role:
        raise Forbidden
    return cast(UserRow, True)


@flaw(
    REQUIRE_ROLE,
    caught_by="test_no_cookie_is_taken_back",
    misconception="`stale` says that a cookie was sent and refused, and has the app take it back: here nobody has looked at one.",
)
def cookie_taken_back(user: UserRow | None, role: Role) -> UserRow:
    """Who is nobody holds a cookie that is good for nothing."""
    if user is None:
        raise NotSignedIn(stale=True)
    if user.role != role:
        raise Forbidden
    return user


@flaw(
    DAL,
    attack=70,
    misconception="An action that does nothing and says nothing looks done: whoever may not do it must be told.",
)
class NothingForOthers(RightDal):
    """Who is no admin gets an empty list, and a button that does nothing."""

    def accounts(self, text: str = "") -> list[AccountDTO]:
        """Return the accounts to admins."""
        return super().accounts(text) if self._viewer.role == "admin" else []

    def set_role(self, user_id: int, role: str) -> bool:
        """Give another user a role, if an admin asks for it."""
        return self._viewer.role != "admin" or super().set_role(user_id, role)

    def delete_user(self, user_id: int) -> bool:
        """Delete another user, if an admin asks for it."""
        return self._viewer.role != "admin" or super().delete_user(user_id)


def _set_role_as_told(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    return db.execute("UPDATE users SET role = ? WHERE id = ?", (role, user_id)).rowcount == 1


def _delete_user_as_told(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    return db.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 1


@flaw(
    DAL,
    attack=70,
    misconception="A button that is not shown is an address that is still there: every action is a public endpoint.",
)
class OnlyAdminsSeeTheLink(RightDal):
    """The link to the accounts is in the admins' navigation only, so only admins get here."""

    def _admin(self) -> None:
        pass


@flaw(
    SET_ROLE,
    attack=70,
    companions={DAL: OnlyAdminsSeeTheLink},
    misconception="Each layer believed that the other one asks: ask where the data is, whoever else asks, too.",
)
def the_layer_above_asks(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """Whoever calls this has checked who is asking."""
    return _set_role_as_told(db, user_id, role, by=by)


class _ThePagesAsk(RightDal):
    """Who sees the accounts is asked for the role; the actions follow from there."""

    def accounts(self, text: str = "") -> list[AccountDTO]:
        """Return the accounts to admins."""
        super()._admin()
        return super().accounts(text)

    def _admin(self) -> None:
        pass


@flaw(
    SET_ROLE,
    attack=70,
    companions={DAL: _ThePagesAsk},
    misconception="An action can be called without its page: what the page has checked, nobody has checked for whoever comes without it.",
)
def the_page_has_asked(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """The buttons are on a page for admins, and that page asks for the role."""
    return _set_role_as_told(db, user_id, role, by=by)


@flaw(
    DASHBOARD,
    attack=70,
    caught_by="test_a_user_has_the_dashboard_of_users",
    misconception='`role == "admin" or "owner"` is always true: a text that is not empty is true by itself.',
)
def admin_or_owner(role: str) -> str:
    """Admins, and one day owners, see the admins' dashboard."""
    if role == "admin" or "owner":  # noqa: SIM222 - what is wrong with it
        return "dashboard_admin.html"
    return "dashboard_user.html"


@flaw(
    DASHBOARD,
    caught_by="test_a_role_from_the_database_has_the_same_letters",
    misconception="`is` compares objects, not letters: a role that was read from the database is never the object in the code.",
)
def the_very_same_text(role: str) -> str:
    """The role is `admin`, or it is `user`."""
    for known in get_args(Role):
        if role is known:
            return f"dashboard_{known}.html"
    raise Forbidden


@flaw(
    DASHBOARD,
    caught_by="test_an_unknown_role_gets_no_page_of_another",
    misconception="`else` is everybody whom nobody thought of: they get the users' page, with whatever is added to it one day.",
)
def the_rest_are_users(role: str) -> str:
    """There are admins, and all the rest are users."""
    if role == "admin":
        return "dashboard_admin.html"
    return "dashboard_user.html"


@flaw(
    DASHBOARD,
    caught_by="test_an_unknown_role_is_an_error_and_not_nothing",
    misconception="None is no template: the page crashes on it, far from where the role was not known, and the visitor reads 500.",
)
def nothing_for_the_rest(role: str) -> str:
    """Who has no dashboard gets none."""
    return cast(str, {"admin": "dashboard_admin.html", "user": "dashboard_user.html"}.get(role))


@flaw(
    DASHBOARD,
    caught_by="test_an_unknown_role_is_not_sent_to_log_in",
    misconception="Who is signed in and sent to log in is sent back to the dashboard, and so on: a login gives nobody another role.",
)
def the_rest_log_in(role: str) -> str:
    """The guide sends whoever has neither role to /login."""
    if role not in get_args(Role):
        raise NotSignedIn(stale=False)
    return f"dashboard_{role}.html"


@flaw(
    DASHBOARD,
    caught_by="test_an_admin_has_the_dashboard_of_admins",
    misconception="The session that the guide hands out has no role: compared with undefined, no role fits, and everybody is sent to log in.",
)
def a_session_without_a_role(role: str) -> str:
    """The guide asks `session.user.role`, and its `verifySession` returns `{isAuth, userId}`."""
    session: dict[str, object] = {"isAuth": True, "userId": 1}
    if session.get("role") == "admin":
        return "dashboard_admin.html"
    if session.get("role") == "user":
        return "dashboard_user.html"
    raise NotSignedIn(stale=False)  # redirect('/login')


@flaw(
    DASHBOARD,
    caught_by="test_an_unknown_role_is_refused",
    misconception="A KeyError is a crash, and its visitor reads 500: a refusal has a name of its own, which the app turns into 403.",
)
def whatever_the_dict_raises(role: str) -> str:
    """A dictionary refuses unknown keys by itself."""
    return {"admin": "dashboard_admin.html", "user": "dashboard_user.html"}[role]


@flaw(
    DASHBOARD,
    caught_by="test_no_role_makes_a_file_name",
    misconception="Whatever stands in the role becomes a part of a file name: ask whether the role is known before you build anything from it.",
)
def named_after_the_role(role: str) -> str:
    """The file is called as the role is."""
    if not role or role.isspace():
        raise Forbidden
    return f"dashboard_{role}.html"


@flaw(
    DASHBOARD,
    caught_by="test_another_spelling_is_another_role",
    misconception="`Admin` is not stored anywhere: a role that had to be bent to fit came from somewhere else.",
)
def bent_to_fit(role: str) -> str:
    """Case and spaces make no difference."""
    template: str = original(DASHBOARD)(role.strip().lower())
    return template


@flaw(
    DASHBOARD,
    caught_by="test_a_role_with_admin_in_it_is_not_admin",
    misconception='`"admin" in role` looks for a piece of a text: "no-admin" and "admin-of-nothing" have one.',
)
def admin_is_in_it(role: str) -> str:
    """All kinds of admins see the admins' dashboard."""
    template: str = original(DASHBOARD)("admin" if "admin" in role else role)
    return template


# set_role, delete_user: between the check and the write


def _is_admin(db: sqlite3.Connection, user_id: int) -> bool:
    found = db.execute("SELECT role FROM users WHERE id = ? AND disabled_at IS NULL", (user_id,)).fetchone()
    return found is not None and found[0] == "admin"


@flaw(
    SET_ROLE,
    attack=110,
    misconception="Between the question and the write there is time for another write: who was an admin then is none any more now.",
)
def asked_then_written(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """First it asks whether they are an admin, and only then it writes."""
    return user_id != by and _is_admin(db, by) and _set_role_as_told(db, user_id, role, by=by)


@flaw(
    SET_ROLE,
    attack=110,
    misconception="What the layer above has proven was so when it asked: the statement that writes must ask once more.",
)
def asked_a_moment_ago(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """The data access layer has asked for the role a line before."""
    return user_id != by and _set_role_as_told(db, user_id, role, by=by)


@flaw(
    DELETE_USER,
    attack=110,
    caught_by="test_her_role_is_taken_away_meanwhile",
    misconception="Between the question and the write there is time for another write: who was an admin then is gone now.",
)
def asked_then_deleted(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """First it asks whether they are an admin, and only then it deletes."""
    asks = "SELECT role FROM users WHERE id = ? AND disabled_at IS NULL"
    actor = db.execute(asks, (by,)).fetchone()
    if user_id == by or actor is None or actor[0] != "admin":
        return False
    return db.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_a_member_deletes_nobody",
    misconception="A function that trusts its caller is open to each caller that forgets: this one was given `by` and never looked.",
)
def deleted_as_told(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Whoever calls this has asked for the role a line before."""
    return user_id != by and _delete_user_as_told(db, user_id, by=by)


@flaw(
    DELETE_USER,
    caught_by="test_a_member_deletes_nobody",
    misconception="That there is an admin is true of every moment: the query must ask for the one who acts, by id.",
)
def some_admin_will_do(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Check and write in one statement: a row goes if there is an admin."""
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND id != ? AND EXISTS "
        "(SELECT 1 FROM users AS actor WHERE actor.role = 'admin' AND actor.disabled_at IS NULL)",
        (user_id, by),
    )
    return gone.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_an_admin_deletes_an_account",
    misconception="The query asks for the role of the account that goes: whose right it is decides the row of the one who asks.",
)
def role_of_the_other(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Check and write in one statement: the role stands in the same row."""
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND id != ? AND role = 'admin' AND disabled_at IS NULL",
        (user_id, by),
    )
    return gone.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_a_disabled_admin_deletes_nobody",
    misconception="An account that was disabled keeps its role: the right is gone all the same, and the statement has to ask for both.",
)
def role_is_enough(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Who is disabled cannot log in, so the role is all that there is to ask."""
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND id != ? AND EXISTS "
        "(SELECT 1 FROM users AS actor WHERE actor.id = ? AND actor.role = 'admin')",
        (user_id, by, by),
    )
    return gone.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_nobody_deletes_themselves",
    misconception="An admin who deletes their own account may be the last one: nobody is left who could undo it.",
)
def oneself_too(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """An admin may delete every account."""
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND EXISTS (SELECT 1 FROM users AS actor "
        "WHERE actor.id = ? AND actor.role = 'admin' AND actor.disabled_at IS NULL)",
        (user_id, by),
    )
    return gone.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_another_admin_can_be_deleted",
    misconception="The rules know one account that an admin cannot delete, their own: other admins are members who leave, too.",
)
def admins_are_safe(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Admins do not delete each other."""
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND role != 'admin' AND EXISTS (SELECT 1 FROM users AS actor "
        "WHERE actor.id = ? AND actor.role = 'admin' AND actor.disabled_at IS NULL)",
        (user_id, by),
    )
    return gone.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_a_refusal_is_no_success",
    misconception="A statement that finds no row is no error: without its `rowcount` a refusal looks like a success.",
)
def no_error_is_success(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The database says when something goes wrong."""
    original(DELETE_USER)(db, user_id, by=by)
    return True


@flaw(
    DELETE_USER,
    caught_by="test_a_member_deletes_nobody",
    misconception="It refuses and has deleted: in autocommit mode a statement holds at once, and what comes after it is too late.",
)
def refused_too_late(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Delete and then ask: nothing can come between the question and the answer any more."""
    done = user_id != by and _delete_user_as_told(db, user_id, by=by)
    return done and _is_admin(db, by)


@flaw(
    DELETE_USER,
    caught_by="test_an_admin_deletes_an_account",
    misconception="A disabled account is still there, with its address and its phone number: who was told that it is deleted was told wrong.",
)
def disabled_instead(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Nothing is ever deleted: the account cannot be used any more, that is the same."""
    done = db.execute(
        "UPDATE users SET disabled_at = created_at WHERE id = ? AND id != ? AND EXISTS "
        "(SELECT 1 FROM users AS actor WHERE actor.id = ? AND actor.role = 'admin' "
        "AND actor.disabled_at IS NULL)",
        (user_id, by, by),
    )
    return done.rowcount == 1


@flaw(
    DELETE_USER,
    caught_by="test_a_refusal_ends_no_session",
    misconception="The first statement has written before the second one asks: who is refused has still logged somebody out everywhere.",
)
def sessions_first(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The sessions belong to the user, so they have to go first."""
    if user_id != by:
        db.execute("DELETE FROM sessions WHERE user_id = ?", (user_id,))
    deleted: bool = original(DELETE_USER)(db, user_id, by=by)
    return deleted


@flaw(
    DELETE_USER,
    caught_by="test_her_account_is_disabled_meanwhile",
    misconception="Half of the check is in the statement, and half is a moment old: both conditions belong where the row goes.",
)
def half_of_it_asked_before(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The role is in the statement; who is disabled is asked before, as it hardly ever happens."""
    if user_id == by or not _is_admin(db, by):
        return False
    gone = db.execute(
        "DELETE FROM users WHERE id = ? AND EXISTS "
        "(SELECT 1 FROM users AS actor WHERE actor.id = ? AND actor.role = 'admin')",
        (user_id, by),
    )
    return gone.rowcount == 1


# 401 for scripts


@flaw(
    CLASSIFY,
    attack=71,
    caught_by="test_a_listed_endpoint_is_for_whom_the_list_says",
    misconception="A script follows a redirect and gets a login page with status 200: it needs a 401 to know that it has nothing.",
)
def scripts_like_pages(endpoint: str) -> Policy:
    """Who is not signed in belongs on the login page, wherever they come from."""
    policy: Policy = original(CLASSIFY)(endpoint)
    return "members" if policy == "asks" and endpoint.startswith("api.") else policy


@flaw(
    VERIFY,
    attack=71,
    caught_by="test_a_script_gets_the_same_refusal_as_a_page",
    misconception="Where to go is for pages to say: an API that redirects answers a script with a page.",
)
def redirects_whoever_asks(request: Request) -> UserRow:
    """The guide's `verifySession` redirects to /login, so nobody after it has to think of that."""
    try:
        user: UserRow = original(VERIFY)(request)
    except NotSignedIn as refused:
        if request.path.startswith("/api/") and request.path != "/api/session":
            raise RequestRedirect("/login") from refused
        raise
    return user


@flaw(
    GET_USER,
    attack=71,
    caught_by="test_a_script_hears_that_nobody_is_there",
    misconception="A made-up guest is an answer: with 200 and a name, every script takes nobody for somebody.",
)
def guest_instead_of_an_error(request: Request) -> UserDTO:
    """Errors are unfriendly: who is not signed in is a guest."""
    try:
        user: UserDTO = original(GET_USER)(request)
    except NotSignedIn:
        if request.path != "/api/me":
            raise
        return UserDTO(id=0, name="Guest", email="", role="user", username="guest", team=None, phone=None)
    return user


# Pieces of pages, without the layout


_THE_APP = UserRow(0, "app", "The app", "", ServerOnly(""), "admin")


@flaw(
    DAL,
    attack=72,
    misconception="A piece of a page has an address of its own, and the layout does not run for it: each piece asks for itself.",
)
class TheLayoutHasAsked(RightDal):
    """The layout shows nothing of the inside to guests, so inside of it the app reads for itself."""

    def __init__(self, request: Request) -> None:
        try:
            super().__init__(request)
        except NotSignedIn:
            if not request.path.startswith("/fragments/"):
                raise
            self._request, self._viewer = request, _THE_APP


@flaw(
    VERIFY,
    attack=72,
    caught_by="test_a_piece_of_a_page_is_no_exception",
    misconception="That the page was allowed a moment ago says nothing of now: the cookie outlives the logout, and so does its copy.",
)
def the_cookie_will_do_for_a_piece(request: Request) -> UserRow:
    """The page has asked the database; for its pieces what the cookie says is good enough."""
    session = request.session
    if session is None or not request.path.startswith("/fragments/"):
        user: UserRow = original(VERIFY)(request)
        return user
    claimed = user_by_id(request.db, session.user_id)
    if claimed is None:
        raise NotSignedIn(stale=True)
    return claimed


@flaw(
    CLASSIFY,
    attack=72,
    caught_by="test_a_listed_endpoint_is_for_whom_the_list_says",
    misconception="A piece that is redirected brings the login page into the middle of another page: say 401, and let the page decide.",
)
def pieces_like_pages(endpoint: str) -> Policy:
    """A piece of a page is for members, as the page is."""
    return "members" if endpoint.startswith("fragments.") else original(CLASSIFY)(endpoint)


# 10.3: the button that is not there


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The page itself asks for the role: the way in is an action, and it changes who you are to the page.",
)
def opens_the_page(mallory: Browser) -> str:
    """No link leads there, so it is open for who knows the address."""
    return mallory.get("/admin").text


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The number in the address says whose role changes, and member 1 is somebody else: `/api/me` tells your own.",
)
def promotes_the_first(mallory: Browser) -> str:
    """Accounts have numbers, and the first one is 1."""
    mallory.post("/admin/users/1/role", {"role": "admin"})
    return mallory.get("/admin").text


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="An action changes something and answers to POST only: a GET, as a link sends it, is answered with 405.",
)
def follows_the_address(mallory: Browser) -> str:
    """An address is something to open."""
    own = mallory.get("/api/me").json()["id"]
    mallory.get(f"/admin/users/{own}/role?role=admin")
    return mallory.get("/admin").text


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The app keeps to its list of roles, letter by letter: `Admin` is none of them, and a form without a role has none.",
)
def asks_for_a_title(mallory: Browser) -> str:
    """Roles are written as titles are."""
    own = mallory.get("/api/me").json()["id"]
    mallory.post(f"/admin/users/{own}/role", {"role": "Admin"})
    return mallory.get("/admin").text


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="A team opens nothing, nor does one account less: /admin asks for the role, so the action that changes a role is the way in.",
)
def joins_the_admins(mallory: Browser) -> str:
    """Whoever is in the admins' team is an admin."""
    own = mallory.get("/api/me").json()["id"]
    mallory.post(f"/admin/users/{own}/team", {"team": "admin"})
    return mallory.get("/admin").text


@flaw(
    ATTACK,
    caught_by="test_it_reads_the_page_where_the_hole_is",
    misconception="The answer to the action is a redirect without a text: the secret is on the page that opens after it.",
)
def content_with_the_action(mallory: Browser) -> str:
    """The action is called, and that is the attack."""
    own = mallory.get("/api/me").json()["id"]
    return mallory.post(f"/admin/users/{own}/role", {"role": "admin"}).text


@flaw(
    ATTACK,
    caught_by="test_it_brings_nothing_from_the_app_without_the_hole",
    misconception="An attack that crashes where it is refused cannot tell a closed door from a broken tool: return what comes.",
)
def insists(mallory: Browser) -> str:
    """If the action is refused, there is nothing to return."""
    own = mallory.get("/api/me").json()["id"]
    answer = mallory.post(f"/admin/users/{own}/role", {"role": "admin"})
    if answer.status_code != 303:
        raise RuntimeError("refused")
    return mallory.get("/admin").text


# 10.5: a test for the door


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_doors_of_this_lesson",
    misconception="Those who may get in everywhere, in right versions and in wrong ones: a door is tested by those who may not.",
)
def only_who_has_the_role(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Those who have the role get in, so it works."""
    assert answer_of(require_role, member(1), "user") == member(1)
    assert answer_of(require_role, member(2, role="admin"), "admin") == member(2, role="admin")


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_doors_of_this_lesson",
    misconception="401 and 403 are both a refusal, and not the same one: a test that takes either does not see them change places.",
)
def any_refusal_will_do(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Refused is refused."""
    only_who_has_the_role(require_role)
    for visitor in (None, member(1), member(3, role=""), member(3, role="superuser")):
        assert answer_of(require_role, visitor, "admin") in (401, 403)
    for visitor in (None, member(2, role="admin"), member(3, role=""), member(3, role="superuser")):
        assert answer_of(require_role, visitor, "user") in (401, 403)


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_doors_of_this_lesson",
    misconception="Two roles are not all the texts there are: what happens to a third one, or to none, was never asked.",
)
def two_roles_are_all(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Nobody, Ada and Grace, each for both roles."""
    only_who_has_the_role(require_role)
    assert answer_of(require_role, None, "user") == 401
    assert answer_of(require_role, None, "admin") == 401
    assert answer_of(require_role, member(1), "admin") == 403
    assert answer_of(require_role, member(2, role="admin"), "user") == 403


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_doors_of_this_lesson",
    misconception="It was never asked for the role of users: where only admins are expected, an admin with every key looks right.",
)
def only_the_admins_door(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """The door that matters is the admins'."""
    assert answer_of(require_role, member(2, role="admin"), "admin") == member(2, role="admin")
    assert answer_of(require_role, None, "admin") == 401
    for theirs in ("user", "", "owner", "no-admin"):
        assert answer_of(require_role, member(3, role=theirs), "admin") == 403


@flaw(
    PROOF,
    caught_by="test_it_spares_right_doors",
    misconception="It asks for something that the rules deny: roles have no order, and who needs `user` is not served with `admin`.",
)
def an_admin_is_a_user_too(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """An admin may do what a user may."""
    two_roles = member(2, role="admin")
    assert answer_of(require_role, two_roles, "admin") == two_roles
    assert answer_of(require_role, two_roles, "user") == two_roles


@flaw(
    PROOF,
    caught_by="test_it_spares_right_doors",
    misconception="A right version raises, and an error that the proof does not catch ends it: `answer_of` makes a number of it.",
)
def called_by_hand(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Who is refused gets nothing."""
    only_who_has_the_role(require_role)
    assert not require_role(None, "admin")
    assert not require_role(member(1), "admin")


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_piece_of_a_role_is_none",
    misconception="`in` looks for one text inside another: `adm` is in `admin`, and is no admin.",
)
def a_piece_of_it_will_do(user: UserRow | None, role: Role) -> UserRow:
    """Is the role in what was asked for? So it reads, and so it is written."""
    if user is None:
        raise NotSignedIn(stale=False)
    if not user.role or user.role not in role:
        raise Forbidden
    return user


@flaw(
    DASHBOARD,
    caught_by="test_a_piece_of_a_role_is_no_role",
    misconception="A beginning is not the whole word: with `startswith`, the role `a` has the admins' page.",
)
def a_beginning_will_do(role: str) -> str:
    """Roles are known by how they begin, and there are two."""
    for known in ("admin", "user"):
        if role and known.startswith(role):
            return f"dashboard_{known}.html"
    raise Forbidden


@flaw(
    DASHBOARD,
    caught_by="test_a_role_with_admin_in_it_is_not_admin",
    misconception="A beginning is not the whole word: with `startswith`, an `administrator` of something else has the admins' page.",
)
def begins_like_an_admin(role: str) -> str:
    """All kinds of admins begin with `admin`."""
    template: str = original(DASHBOARD)("admin" if role.startswith("admin") else role)
    return template


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_role_is_a_whole_word",
    misconception="Nobody has promised a list: a role with a comma in it is one role, unknown here, and was read as two.",
)
def roles_with_commas(user: UserRow | None, role: Role) -> UserRow:
    """One day somebody has two roles, and then there is a comma between them."""
    if user is None:
        raise NotSignedIn(stale=False)
    if role not in user.role.split(","):
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_piece_of_a_role_is_none",
    misconception="`(role)` is no list, only `role`: `in` looks for one text inside another, and finds `adm` there, and the empty text everywhere.",
)
def parentheses_are_no_list(user: UserRow | None, role: Role) -> UserRow:
    """The role must be among those that may: here that is one."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role not in (role):
        raise Forbidden
    return user


@flaw(
    REQUIRE_ROLE,
    caught_by="test_somebody_with_another_role_is_refused",
    misconception="That a role is a known one says that it exists: whether it is the one that was asked for, nobody has looked.",
)
def any_known_role(user: UserRow | None, role: Role) -> UserRow:
    """There is a list of roles, and theirs must be on it."""
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role not in get_args(Role):
        raise Forbidden
    return user


@flaw(
    DELETE_USER,
    caught_by="test_what_is_deleted_stays_deleted",
    misconception="What BEGIN opens has to be closed, in each case: without COMMIT the row is there again as soon as the connection is gone.",
)
def begun_and_not_ended(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The database is held, so that nothing comes between."""
    if not db.in_transaction:
        db.execute("BEGIN IMMEDIATE")
    return user_id != by and _is_admin(db, by) and _delete_user_as_told(db, user_id, by=by)


@flaw(
    DELETE_USER,
    caught_by="test_a_transaction_ends_when_its_write_fails",
    misconception="An error leaves by the shortest way, past each COMMIT and ROLLBACK below it: what always has to happen stands in `finally`.",
)
def ended_if_nothing_fails(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The lock is held from the question on, and both ways out give it back."""
    db.execute("BEGIN IMMEDIATE")
    if user_id == by or not _is_admin(db, by):
        db.execute("ROLLBACK")
        return False
    deleted = _delete_user_as_told(db, user_id, by=by)
    db.execute("COMMIT")
    return deleted


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_refusal_does_not_come_back",
    misconception="`return` hands an error over like any other value, and the caller goes on with it: only `raise` ends the caller, too.",
)
def returns_the_error(user: UserRow | None, role: Role) -> UserRow:
    """The caller is told which error it is."""
    if user is None:
        return cast(UserRow, NotSignedIn(stale=False))
    if user.role != role:
        return cast(UserRow, Forbidden())
    return user


@flaw(
    DELETE_USER,
    caught_by="test_her_role_is_taken_away_meanwhile",
    misconception="A plain BEGIN holds nothing before the first write: others write after the question, and then this one may not write any more.",
)
def begun_without_the_lock(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """A transaction is all or nothing, so nothing comes between."""
    db.execute("BEGIN")
    try:
        return user_id != by and _is_admin(db, by) and _delete_user_as_told(db, user_id, by=by)
    finally:
        db.execute("COMMIT")


@flaw(
    DELETE_USER,
    caught_by="test_a_lock_that_comes_after_the_question_is_late",
    misconception="A lock holds what is asked while it is held: what was asked before may be out of date when it begins.",
)
def locked_after_the_question(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Only the write needs the lock."""
    if user_id == by or not _is_admin(db, by):
        return False
    db.execute("BEGIN IMMEDIATE")
    try:
        return _delete_user_as_told(db, user_id, by=by)
    finally:
        db.execute("COMMIT")


_found: dict[tuple[int, str], bool] = {}


@flaw(
    REQUIRE_ROLE,
    caught_by="test_a_role_is_the_one_of_this_moment",
    misconception="A role can be taken away: what was found out about a member before says nothing about now.",
)
def remembered_for_each_member(user: UserRow | None, role: Role) -> UserRow:
    """A member's role is looked at once, and noted."""
    if user is None:
        raise NotSignedIn(stale=False)
    if not _found.setdefault((user.id, role), user.role == role):
        raise Forbidden
    return user


@flaw(
    DASHBOARD,
    caught_by="test_an_unknown_role_is_refused",
    misconception="There is no owner in this app: a role that somebody adds later gets a page when somebody has decided so.",
)
def owners_are_admins(role: str) -> str:
    """Whoever owns the place is an admin as well."""
    if role in ("admin", "owner"):
        return "dashboard_admin.html"
    if role == "user":
        return "dashboard_user.html"
    raise Forbidden
