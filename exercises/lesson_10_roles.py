# Derived from authlab/course/kata/lesson_10_roles.py, authlab/db.py, authlab/roles.py by: authlab dev build [bf5aa14f]
"""Lesson 10: 401, 403 and 404 mean different things.

Write your answers here. Check one with: python3 -m authlab check 10.1
"""

import sqlite3
from collections.abc import Callable

from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.course.kata.lesson_10_roles import answer_of
from authlab.db import UserRow
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.roles import Role


# 10.1  build: Nobody, and not you  (5 minutes)
# write the part from its description
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
    raise NotImplementedError("10.1 is not written yet")


# 10.2  fix: The rest is not a user  (3 minutes)
# it runs, and it is wrong: make it right
def dashboard(role: str) -> str:
    """Return the name of the template that a member's dashboard is made from.

    - The role `"admin"` has `"dashboard_admin.html"`, the role `"user"` has
      `"dashboard_user.html"`.
    - For any other role, raise `Forbidden`: whoever gets here is signed in, so
      the refusal is a 403. The database knows two roles today; a third one, or
      one that was read wrongly, is nobody's.

    Source: the guide's dashboard page, "admin, user, or else redirect".
    """
    if role == "admin":
        return "dashboard_admin.html"
    return "dashboard_user.html"


# 10.3  break: The button that is not there  (5 minutes)
# write the attack: it wins where the hole is, and only there
def read_the_accounts(mallory: Browser) -> str:
    """Return the text of the page at `/admin`, which lists all members and
    opens for admins only.

    You get `mallory`, a browser in which Mallory has signed in: a member like
    any other, and no admin. In the app it talks to, the pages and the API ask
    for the role, and not every action behind an admin's buttons does: only
    admins see the buttons.

    - `mallory.get("/api/me")` returns her own account, with its `id`; the
      answer's `.json()` is a dict, its `.text` the text.
    - For each member the page at `/admin` has forms that post to
      `/admin/users/<id>/...`: `role` with a field `role`, `team` with a field
      `team`, and `end-sessions`, `disable`, `enable` and `delete` without one.
    - `mallory.post(path, {"field": "value"})` sends a form.

    Against the app without the hole the same requests bring nothing, and must
    not crash: return what comes.
    """
    raise NotImplementedError("10.3 is not written yet")


# 10.4  fix: A right of a moment ago  (7 minutes)
# it runs, and it is wrong: make it right
def delete_user(db: sqlite3.Connection, user_id: int, *, by: int) -> bool:
    """Delete the user `user_id` for the admin `by`; return whether one was deleted.

    - `by` is the id of a member whose session was proven a moment ago. The
      rights that count are those that the table `users` says when the row
      goes: `role` is `'admin'`, and `disabled_at` is NULL. Between a query and
      a write of yours, another admin can change both. So check and write are
      one statement. (A transaction that holds the database from the check on,
      by `BEGIN IMMEDIATE`, is right as well; `transaction` holds it from its
      first write on. It has to end, whatever happens.)
    - False, and nothing is changed, when `by` has not these rights or is not
      there any more; when there is no such user; and when the two are the same
      person: nobody locks themselves out by mistake.
    - `db` is in autocommit mode: what a statement writes holds at once, for
      everybody. The user's sessions go with the row (ON DELETE CASCADE).
    - Python does not count the rows of a statement that begins with `WITH`: its
      `rowcount` is -1.

    Source: the guide's "ensure a user is authorized" before mutating data.
    """
    asks = "SELECT role FROM users WHERE id = ? AND disabled_at IS NULL"
    actor = db.execute(asks, (by,)).fetchone()
    if user_id == by or actor is None or actor[0] != "admin":
        return False
    return db.execute("DELETE FROM users WHERE id = ?", (user_id,)).rowcount == 1


# 10.5  prove: A test for the door  (6 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_roles(require_role: Callable[[UserRow | None, Role], UserRow]) -> None:
    """Prove with `assert` that a `require_role(user, role)` keeps the rules of
    exercise 10.1. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. Only a failing `assert` counts: a proof that
    crashes has proven nothing.

    - `member(7, role="admin")` makes a row. Without more said its role is
      `"user"`, and any text can be one: rows are not only read from a database
      that knows two.
    - `answer_of(require_role, member(7), "admin")` calls the function with
      these arguments. It returns what the function returns, or 401 or 403 when
      that raises `NotSignedIn` or `Forbidden`.
    """
    raise NotImplementedError("10.5 is not written yet")
