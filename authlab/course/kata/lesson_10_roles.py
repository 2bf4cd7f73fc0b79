"""Lesson 10: an attack on actions that only a page hides, and a test that catches wrong refusals."""

from collections.abc import Callable

from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.db import UserRow
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.roles import Role


def answer_of(part: Callable[..., object], *arguments: object) -> object:
    """Return what a part returns, or the status that the app makes of its refusal: 401 or 403."""
    try:
        return part(*arguments)
    except NotSignedIn:
        return 401
    except Forbidden:
        return 403


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
    own = mallory.get("/api/me").json()["id"]
    mallory.post(f"/admin/users/{own}/role", {"role": "admin"})
    return mallory.get("/admin").text


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
    ada, grace = member(1), member(2, role="admin")
    assert answer_of(require_role, ada, "user") == ada
    assert answer_of(require_role, grace, "admin") == grace
    assert answer_of(require_role, None, "user") == 401
    assert answer_of(require_role, None, "admin") == 401
    assert answer_of(require_role, ada, "admin") == 403
    assert answer_of(require_role, grace, "user") == 403
    for unknown in ("", "owner", "superuser", "users", "Admin"):
        assert answer_of(require_role, member(3, role=unknown), "user") == 403
        assert answer_of(require_role, member(3, role=unknown), "admin") == 403
