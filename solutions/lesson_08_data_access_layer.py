# Derived from authlab/course/kata/lesson_08_data_access_layer.py, authlab/dal.py by: authlab dev build
"""Lesson 8: Check where the data is.

The package's own answers.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from authlab import db
from authlab.course.kata.lesson_08_data_access_layer import FakeRequest
from authlab.dal import Answer, prove
from authlab.db import UserRow
from authlab.dto import UserDTO, user_dto
from authlab.lab.browser import Browser
from authlab.request import Request
from authlab.roles import can_edit


# 8.1  fix: The cookie is a claim  (5 minutes)
# it runs, and it is wrong: make it right
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


# 8.2  build: Once a request  (6 minutes)
# write the part from its description
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


# 8.3  break: After her  (5 minutes)
# write the attack: it wins where the hole is, and only there
def read_after_them(victim: Browser, mallory: Browser) -> str:
    """Return the text of a page that shows the victim's name, out of Mallory's own browser.

    The app remembers what it has proven with `lru_cache`: one answer for each
    path, whoever asks, for as long as the process lives.

    - `victim` is the browser of a member who is signed in, and who opens the
      pages of the app that you have them open: `victim.get("/profile")`.
    - `mallory` is your browser. It has never signed in; it may sign up, as
      everybody may.
    - You see what is in Mallory's answers (`.text`), and nothing of the
      victim's: neither their pages nor their cookies. That a victim reads their
      own page is no attack.

    Against the app without the hole the same requests bring nothing of the
    victim's, and must not crash: return what comes.
    """
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    mallory.post("/signup", form)
    victim.get("/profile")
    return mallory.get("/profile").text


# 8.4  prove: A test with two visitors in it  (8 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_once_a_request(per_request: Callable[[FakeRequest, Callable[[Any], Any]], Any]) -> None:
    """Prove with `assert` that a `per_request(request, read)` keeps its promise of exercise 8.2. Return
    nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass.

    - `FakeRequest()` makes a request: a new visit to the same app, and to the
      same page unless you name another (`FakeRequest(path="/devices")`). Its
      `memo` is an empty dictionary, and `memo.clear()` is what a login does.
    - `read` is a function of yours that takes the request and returns an
      answer, or raises. How often it was called, only you can count.

    Only a failing `assert` counts: a proof that crashes has proven nothing, and
    an error that you do not catch is a crash, wherever it comes from: a wrong
    version may bring one back in a later call.
    """
    asked: list[FakeRequest] = []

    def whose(request: FakeRequest) -> str:
        asked.append(request)
        return f"answer {len(asked)}"

    def nobody(request: FakeRequest) -> None:
        asked.append(request)

    def refused_at_first(request: FakeRequest) -> str:
        asked.append(request)
        if len(asked) == 1:
            raise LookupError
        return "found"

    def outcome(request: FakeRequest) -> Any:
        try:
            return per_request(request, refused_at_first)
        except LookupError:
            return "refused"

    first, second = FakeRequest(), FakeRequest()
    assert per_request(first, whose) == "answer 1"
    assert per_request(first, whose) == "answer 1"
    assert per_request(second, whose) == "answer 2"
    assert asked == [first, second]

    assert per_request(first, nobody) is None
    assert per_request(first, nobody) is None
    assert asked == [first, second, first]

    first.memo.clear()
    assert per_request(first, whose) == "answer 4"

    asked.clear()
    third = FakeRequest()
    assert [outcome(third), outcome(third), outcome(third)] == ["refused", "found", "found"]


# 8.5  fix: An error is not nobody  (5 minutes)
# it runs, and it is wrong: make it right
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


# 8.6  build: The second door  (6 minutes, an extra)
# write the part from its description
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
