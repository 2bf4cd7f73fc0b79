# Derived from authlab/course/kata/lesson_09_data_transfer_objects.py, authlab/dto.py, authlab/roles.py, authlab/server_only.py by: authlab dev build [48c7480a]
"""Lesson 9: An allow list per viewer.

Write your answers here. Check one with: python3 -m authlab check 9.1
"""

import json
from collections.abc import Callable
from typing import Generic, TypeVar

from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.db import UserRow
from authlab.dto import ProfileDTO, UserDTO
from authlab.lab.browser import Browser
from authlab.roles import can_edit, can_see_username


# 9.1  break: A team of people without one  (4 minutes)
# write the attack: it wins where the hole is, and only there
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
    raise NotImplementedError("9.1 is not written yet")


# 9.2  fix: Nobody's team  (4 minutes)
# it runs, and it is wrong: make it right
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
    return viewer.id == owner.id or viewer.role == "admin" or viewer.team == owner.team


# 9.3  build: One profile, many viewers  (6 minutes)
# write the part from its description
def profile_dto(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """Return what `viewer` may see of `owner`, as a `ProfileDTO`: these four
    fields, and no other.

    - `username`: the owner's `slug`, where `can_see_username(viewer)`. Today
      that is everywhere; ask all the same, so that a new rule holds here.
    - `name` and `phone`: the owner's, where `can_see_phone(viewer, owner)`.
    - `editable`: whether `can_edit(viewer, owner)`.

    What the viewer may not see is None, and nothing tells it from what the
    owner never gave: whoever may not see the number does not learn whether
    there is one, and every profile has all four keys.

    Source: the guide's `getProfileDTO`, where the viewer was always the
    target.
    """
    raise NotImplementedError("9.3 is not written yet")


# 9.4  build: A name inside a script  (6 minutes)
# write the part from its description
def bootstrap(user: UserDTO | None) -> str:
    """Return the JSON that a page's own scripts begin with: who is signed in.

    - `{"user": {"id": ..., "name": ..., "role": ...}}`: these three, as they
      are, and nothing else of the user.
    - `{"user": null}` for nobody.
    - Read as JSON it tells every name as it is, whatever is in it.
    - It stands in a page, as `<script type="application/json">…</script>`.
      Whatever the name is, the element ends at the page's own `</script>`
      (in HTML, neither quotes nor backslashes hide a tag).
    - No U+2028 and no U+2029 as such: they are fine in JSON, and end a line
      in older JavaScript.

    Source: the guide's context providers; OWASP, Cross Site Scripting
    Prevention; the HTML standard, "Restrictions for contents of script
    elements".
    """
    raise NotImplementedError("9.4 is not written yet")


# 9.5  fix: It prints nothing, and is sent all the same  (8 minutes, an extra)
# it runs, and it is wrong: make it right
T = TypeVar("T")


class ServerOnly(Generic[T]):
    """Holds a value that only `reveal()` gives away: a password's hash, say, on
    its way through the app.

    - Its text, by `str`, `repr` or an f-string of any width, is
      `<server only>`.
    - `json.dumps` does not tell it, whatever the caller says it should do
      with objects it does not know: `default=vars`, `default=str` and
      `default=list` are all common.
    - `pickle` is refused with a `TypeError`: what is pickled lies on a disk.
    - A copy (`copy`, `deepcopy`, `dataclasses.asdict` of a row that holds it)
      is as closed as the original, and can be revealed.
    - Two of them are equal when their values are; it never equals a bare
      value.

    A row that is sent by mistake is then a crash in a test, and no leak in
    production. It guards against accidents, not against code that wants the
    value: there is no such guard in Python.

    Source: the guide's last tip, React's "taint" of values and objects.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def reveal(self) -> T:
        """Return the value. Whoever reads the code finds every place where it comes out."""
        return self.value

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return "<server only>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(("server only", self.value))


# 9.6  prove: A test for each pair  (8 minutes)
# write the test: it catches what is wrong and spares what is right
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
    raise NotImplementedError("9.6 is not written yet")
