"""Lesson 9: an attack through two times None, and a test that catches wrong profiles."""

from collections.abc import Callable

from authlab.db import UserRow
from authlab.dto import ProfileDTO
from authlab.lab.browser import Browser
from authlab.server_only import ServerOnly


def member(
    number: int,
    *,
    role: str = "user",
    team: str | None = None,
    phone: str | None = "0 555 01",
    name: str | None = None,
) -> UserRow:
    """Return a made-up row of the table of users: `member(7, team="engines")`."""
    return UserRow(
        id=number,
        slug=f"member-{number}",
        name=name or f"Member {number}",
        email=f"{number}@lab.test",
        password_hash=ServerOnly("a hash"),
        role=role,
        team=team,
        phone=phone,
    )


def read_member_three(ada: Browser, mallory: Browser) -> str:
    """Return the text of the page `/members/member-3` with the name of member
    3 on it.

    You get two browsers: `ada`, in which Ada has signed in, and `mallory`, in
    which nobody has. The app they talk to takes two members for a team when
    `viewer.team == owner.team`. Ada is in the team "engines", member 3 is in
    none, and admins are out of reach. Members of one team see each other's
    names; on all other pages there is a dash.

    - `mallory.post("/signup", {"name": ..., "email": ..., "password": ...})`
      sends the form of the page, and signs its sender in.
    - `ada.get("/members/member-3")` opens a page; the answer's `.text` is its
      HTML.

    Against the app without the hole the same requests bring a page without
    the name, and must not crash: return what comes.
    """
    mallory.post("/signup", {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"})
    return mallory.get("/members/member-3").text


def prove_profiles(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """Prove with `assert` that a `profile_dto(viewer, owner)` keeps the rules
    of exercise 9.3. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. Only a failing `assert` counts: a proof that
    crashes has proven nothing.

    - `member(7, team="engines", phone=None)` makes a row. Without more said
      it is a user in no team, called "Member 7", with a phone number.
    - `profile_dto(member(1), member(2)).model_dump()` is the profile as a
      dict: exactly what leaves. Wrong versions leave keys out and put others
      in, so compare whole dicts; what is not there cannot be asked for.
    """
    ada, eve = member(1, name="Ada", team="engines"), member(2, name="Eve", team="engines")
    alan, grace = member(3, name="Alan"), member(4, name="Grace", role="admin")
    mallory, unlisted = member(5, name="Mallory"), member(6, name="Alice", phone=None)

    def told(username: str, name: str | None, phone: str | None, editable: bool) -> dict[str, object]:
        return {"username": username, "name": name, "phone": phone, "editable": editable}

    assert profile_dto(ada, ada).model_dump() == told("member-1", "Ada", "0 555 01", True)
    assert profile_dto(ada, eve).model_dump() == told("member-2", "Eve", "0 555 01", False)
    assert profile_dto(grace, alan).model_dump() == told("member-3", "Alan", "0 555 01", True)
    assert profile_dto(ada, alan).model_dump() == told("member-3", None, None, False)
    assert profile_dto(mallory, alan).model_dump() == told("member-3", None, None, False)
    assert profile_dto(mallory, grace).model_dump() == told("member-4", None, None, False)
    assert profile_dto(mallory, unlisted).model_dump() == told("member-6", None, None, False)
    assert profile_dto(unlisted, unlisted).model_dump() == told("member-6", "Alice", None, True)
