"""Roles (lesson 10): who may do what. 401 asks who you are, 403 says not you, 404 says no such thing."""

from typing import Literal, get_args

from authlab.db import UserRow
from authlab.errors import Forbidden, NotSignedIn

Role = Literal["user", "admin"]
ROLES: tuple[str, ...] = get_args(Role)

# One line a role: a role that is not here has no dashboard, instead of somebody else's.
_DASHBOARDS = {"admin": "dashboard_admin.html", "user": "dashboard_user.html"}


def require_role(user: UserRow | None, role: Role) -> UserRow:
    """Return `user` if they have `role`, and raise an error for everybody else.

    - `user` is what the database says of the visitor at this moment, or None
      when nobody is signed in.
    - For nobody, raise `NotSignedIn(stale=False)`. The app makes a 401 of it
      for scripts, and sends a page's visitor to log in; `stale` says whether a
      cookie was refused, and here none was.
    - For somebody with another role, raise `Forbidden`. The app makes a 403 of
      it: they are known, and may not.
    - Roles are whole words and have no order: who needs `"user"` is not served
      with `"admin"`, and `"owner"` or `""` is neither of the two.

    Source: the guide's route handlers, "401, then 403"; ASVS 8.2.1.
    """
    if user is None:
        raise NotSignedIn(stale=False)
    if user.role != role:
        raise Forbidden
    return user


def dashboard(role: str) -> str:
    """Return the name of the template that a member's dashboard is made from.

    - The role `"admin"` has `"dashboard_admin.html"`, the role `"user"` has
      `"dashboard_user.html"`.
    - For any other role, raise `Forbidden`: whoever gets here is signed in, so
      the refusal is a 403. The database knows two roles today; a third one, or
      one that was read wrongly, is nobody's.

    Source: the guide's dashboard page, "admin, user, or else redirect".
    """
    if role not in _DASHBOARDS:
        raise Forbidden
    return _DASHBOARDS[role]


def can_see_username(viewer: UserRow) -> bool:
    """Return whether `viewer` may see how another member is called here: every member may.

    Source: the guide's `canSeeUsername`.
    """
    return True


def can_see_phone(viewer: UserRow, owner: UserRow) -> bool:
    """Return whether `viewer` may see the phone number and the name of `owner`.

    - Members see their own.
    - Who has the role `"admin"` sees everybody's.
    - Members of one team see each other's. `team` is the team's name, and
      None for who is in no team.
    - Nobody else sees them, whatever their role is called.

    A member is known by `id`: two people may have one name.

    Source: the guide's `canSeePhoneNumber`, which compares fields that its
    query never read.
    """
    if viewer.id == owner.id or viewer.role == "admin":
        return True
    return viewer.team is not None and viewer.team == owner.team


def can_edit(viewer: UserRow, owner: UserRow) -> bool:
    """Return whether `viewer` may change the data of `owner`: their own, or an admin anybody's."""
    return viewer.id == owner.id or viewer.role == "admin"
