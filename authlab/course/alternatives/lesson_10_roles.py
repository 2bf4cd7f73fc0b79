"""Right ways to ask for a role in other styles than the package's."""

import sqlite3
from collections.abc import Callable
from typing import get_args

from authlab.course.bank import alternative
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.course.kata.lesson_10_roles import answer_of
from authlab.db import UserRow
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.middleware import Policy
from authlab.roles import Role

CLASSIFY = "authlab.middleware:classify"
REQUIRE_ROLE = "authlab.roles:require_role"
DASHBOARD = "authlab.roles:dashboard"
SET_ROLE = "authlab.db:set_role"
DELETE_USER = "authlab.db:delete_user"
ATTACK = "authlab.course.kata.lesson_10_roles:read_the_accounts"
PROOF = "authlab.course.kata.lesson_10_roles:prove_roles"


@alternative(REQUIRE_ROLE)
def role_by_matching(user: UserRow | None, role: Role) -> UserRow:
    """The three cases, one under the other."""
    match user:
        case None:
            raise NotSignedIn(stale=False)
        case UserRow(role=theirs) if theirs == role:
            return user
        case _:
            raise Forbidden


@alternative(REQUIRE_ROLE)
def role_by_the_good_case(user: UserRow | None, role: Role) -> UserRow:
    """The one good case first, and then which of the two refusals it is."""
    if user is not None and user.role == role:
        return user
    raise Forbidden if user else NotSignedIn(stale=False)


@alternative(DASHBOARD)
def dashboard_by_matching(role: str) -> str:
    """One case a role, and one for all others."""
    match role:
        case "admin":
            return "dashboard_admin.html"
        case "user":
            return "dashboard_user.html"
    raise Forbidden


@alternative(DASHBOARD)
def dashboard_by_its_name(role: str) -> str:
    """The file is called as the role is; only roles that are known make a name."""
    if role not in get_args(Role):
        raise Forbidden
    return f"dashboard_{role}.html"


@alternative(SET_ROLE)
def role_from_the_actor_s_row(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """The actor's row is joined to the update: without an admin there is nothing to join."""
    cursor = db.execute(
        "UPDATE users SET role = ? FROM (SELECT id FROM users WHERE id = ? AND role = 'admin' "
        "AND disabled_at IS NULL) AS actor WHERE users.id = ? AND users.id <> actor.id RETURNING users.id",
        (role, by, user_id),
    )
    return len(cursor.fetchall()) == 1


@alternative(SET_ROLE)
def role_if_among_the_admins(db: sqlite3.Connection, user_id: int, role: str, *, by: int) -> bool:
    """The actor must be among the admins at the moment of writing."""
    if user_id == by:
        return False
    admins = "SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL"
    done = db.execute(f"UPDATE users SET role = ? WHERE id = ? AND ? IN ({admins})", (role, user_id, by))  # noqa: S608
    return done.rowcount > 0


@alternative(DELETE_USER)
def delete_if_among_the_admins(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """The actor must be among the admins at the moment of writing."""
    gone = db.execute(
        "DELETE FROM users WHERE id = :user AND :user <> :actor AND :actor IN "
        "(SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL) RETURNING id",
        {"user": user_id, "actor": by},
    )
    return gone.fetchone() is not None


@alternative(DELETE_USER)
def delete_by_counting_the_actor(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """How many admins bear the actor's number: one or none."""
    before = db.total_changes
    db.execute(
        "DELETE FROM users WHERE id = ? AND id IS NOT ? AND (SELECT count(*) FROM users WHERE id = ? "
        "AND role = 'admin' AND disabled_at IS NULL) = 1",
        (user_id, by, by),
    )
    return db.total_changes > before


@alternative(DELETE_USER)
def delete_under_the_lock(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Asks and deletes in two statements, and holds the database from the first one on."""
    db.execute("BEGIN IMMEDIATE")
    try:
        asks = "SELECT role FROM users WHERE id = ? AND disabled_at IS NULL"
        may = user_id != by and db.execute(asks, (by,)).fetchone() == ("admin",)
        return may and db.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 1
    finally:
        db.execute("COMMIT")


_THAT_ASK = {"api": ("me", "set_own_phone", "user", "users"), "fragments": ("members", "devices")}


@alternative(CLASSIFY)
def classified_by_kind(endpoint: str) -> Policy:
    """Pages by what they are for, scripts' endpoints by their kind, all else closed."""
    kind, _, name = endpoint.partition(".")
    if endpoint in ("pages.home", "pages.static", "pages.handbook_preview", "actions.logout"):
        return "everybody"
    if kind in ("pages", "actions") and name in ("signup", "login"):
        return "guests"
    if kind == "api" and name in ("signup_available", "session"):
        return "everybody"
    return "asks" if name in _THAT_ASK.get(kind, ()) else "members"


@alternative(ATTACK)
def reads_the_api(mallory: Browser) -> str:
    """Every number is tried, one of them is hers; and what the page shows, the API tells, too."""
    for number in range(1, 10):
        mallory.post(f"/admin/users/{number}/role", {"role": "admin"})
    return mallory.get("/admin").text + mallory.get("/api/users").text


@alternative(ATTACK)
def sends_it_as_a_script_does(mallory: Browser) -> str:
    """The form as pairs, the token as a header: what a script sends."""
    own = mallory.get("/api/me").json()
    mallory.request(
        "POST",
        f"/admin/users/{own['id']}/role",
        data=[("role", "admin")],
        headers={"X-CSRF-Token": mallory.form_token()},
    )
    return mallory.get("/admin", params={"q": ""}).text


@alternative(PROOF)
def proven_by_every_pair(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Each role somebody can have against each that can be asked for; equal ones get in."""
    wanted: tuple[Role, ...] = get_args(Role)
    for role in wanted:
        assert answer_of(require_role, None, role) == 401
        for theirs in (*wanted, "", "superuser", "no-admin", "z"):
            row = member(9, role=theirs)
            assert answer_of(require_role, row, role) == (row if theirs == role else 403)


@alternative(PROOF)
def proven_by_trying(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Without the helper: what is raised is caught by hand."""

    def refusal(user: UserRow | None, role: Role) -> type[Exception] | None:
        try:
            require_role(user, role)
        except (NotSignedIn, Forbidden) as refused:
            return type(refused)
        return None

    assert refusal(member(1), "user") is None
    assert refusal(member(2, role="admin"), "admin") is None
    assert require_role(member(2, role="admin"), "admin") == member(2, role="admin")
    assert refusal(None, "admin") is NotSignedIn
    assert refusal(None, "user") is NotSignedIn
    assert refusal(member(1), "admin") is Forbidden
    assert refusal(member(2, role="admin"), "user") is Forbidden
    assert refusal(member(3, role=""), "user") is Forbidden
    assert refusal(member(3, role="superuser"), "user") is Forbidden
