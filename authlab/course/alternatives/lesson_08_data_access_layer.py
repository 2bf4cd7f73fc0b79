"""Right ways to the data in other styles than the package's."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from authlab import db
from authlab.cookies import session_token
from authlab.course.bank import alternative
from authlab.course.kata.lesson_08_data_access_layer import FakeRequest
from authlab.course.mounting import original
from authlab.dal import per_request, prove, verify_session
from authlab.db import UserRow
from authlab.dto import AccountDTO, ProfileDTO, UserDTO, account_dto, profile_dto, user_dto
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.request import Request
from authlab.roles import can_edit
from authlab.sessions.proof import Proof

VERIFY = "authlab.dal:verify_session"
MEMO = "authlab.dal:per_request"
GET_USER = "authlab.dal:get_user"
PHONE = "authlab.dal:change_phone"
DAL = "authlab.dal:Dal"
CAN_EDIT = "authlab.roles:can_edit"
READ = "authlab.course.kata.lesson_08_data_access_layer:read_after_them"
PROVE = "authlab.course.kata.lesson_08_data_access_layer:prove_once_a_request"

if TYPE_CHECKING:
    from authlab.dal import Dal as PackageDal
else:
    PackageDal = original(DAL)

Answer = TypeVar("Answer")
_NOTHING = object()


@alternative(VERIFY)
def verify_in_one_place(request: Request) -> UserRow:
    """Look into the request's memo, ask the strategy, and keep the answer, all in one place."""
    proof: Proof | None = request.memo.get(prove)
    if proof is None and request.session is not None:
        proof = request.sessions.verify(request.db, request.session)
    if proof is None:
        raise NotSignedIn(stale=session_token(request.cookies) is not None)
    request.memo[prove] = proof
    return proof.user


@alternative(VERIFY)
def verify_by_matching(request: Request) -> UserRow:
    """Take the proof apart: whom it proves is all that is wanted here."""
    match per_request(request, prove):
        case Proof(user=user):
            return user
    raise NotSignedIn(stale=True)


@alternative(MEMO)
def memo_by_catching(request: Request, read: Callable[[Request], Answer]) -> Answer:
    """Take it, and ask when it was not there."""
    try:
        known: Answer = request.memo[read]
    except KeyError:
        known = read(request)
        request.memo[read] = known
    return known


@alternative(MEMO)
def memo_by_a_mark(request: Request, read: Callable[[Request], Answer]) -> Answer:
    """An answer may be None, so a mark of our own stands for "not asked yet"."""
    known: Any = request.memo.get(read, _NOTHING)
    if known is _NOTHING:
        known = request.memo.setdefault(read, read(request))
    answer: Answer = known
    return answer


@alternative(MEMO)
def memo_by_two_returns(request: Request, read: Callable[[Request], Answer]) -> Answer:
    """What is known is returned first; what is not is asked, kept and returned."""
    memo: dict[object, Answer] = request.memo
    if read in memo:
        return memo[read]
    fresh = read(request)
    memo |= {read: fresh}
    return fresh


@alternative(GET_USER)
def user_field_by_field(request: Request) -> UserDTO:
    """Everything that leaves is named here, where it leaves."""
    row = verify_session(request)
    return UserDTO(
        name=row.name,
        email=row.email,
        team=row.team,
        phone=row.phone,
        id=row.id,
        username=row.slug,
        role=row.role,
    )


@alternative(GET_USER)
def user_by_the_dto_s_own_names(request: Request) -> UserDTO:
    """The DTO knows which fields may leave; the row is asked for those."""
    row = verify_session(request)
    names = UserDTO.model_fields.keys() - {"username"}
    return UserDTO(username=row.slug, **{name: getattr(row, name) for name in names})


@alternative(DAL)
class ViewerAskedEachTime(PackageDal):
    """It keeps no viewer: whoever needs one asks, and the request remembers."""

    def __init__(self, request: Request) -> None:
        self._request = request
        verify_session(request)

    def __getattr__(self, name: str) -> UserRow:
        if name != "_viewer":
            raise AttributeError(name)
        return verify_session(self._request)

    def _admin(self) -> None:
        viewer = verify_session(self._request)
        if viewer.role != "admin":
            self._request.log("not allowed", user=viewer.id)
            raise Forbidden


@alternative(DAL)
class RefusalsFirst(PackageDal):
    """Each method says first whom it refuses; what is left may have it."""

    def user(self, user_id: int) -> UserDTO | None:
        """Return an account to its owner or an admin."""
        if user_id != self._viewer.id and self._viewer.role != "admin":
            return None
        owner = db.user_by_id(self._request.db, user_id)
        return None if owner is None else user_dto(owner)

    def team(self, text: str = "") -> list[ProfileDTO]:
        """Return the members whom the viewer may see."""
        viewer, connection = self._viewer, self._request.db
        if viewer.role != "admin" and viewer.team is None:
            return []
        rows = db.search_users(connection, text)
        if viewer.role != "admin":
            rows = [row for row in rows if row.team == viewer.team]
        return [profile_dto(viewer, row) for row in rows]

    def accounts(self, text: str = "") -> list[AccountDTO]:
        """Return the accounts, to admins."""
        if self._viewer.role != "admin":
            self._request.log("not allowed", user=self._viewer.id)
            raise Forbidden
        return list(map(account_dto, db.search_users(self._request.db, text)))


@alternative(PHONE)
def phone_by_refusals(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Each refusal is a line of its own; what is left may be written."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    if not can_edit(viewer, owner):
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@alternative(PHONE)
def phone_in_one_statement(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Check and write are one statement: there is no moment between them."""
    row = connection.execute(
        "UPDATE users SET phone = ? WHERE slug = ? AND (id = ? OR ? = 'admin') RETURNING id",
        (phone, slug, viewer.id, viewer.role),
    ).fetchone()
    return None if row is None else int(row[0])


@alternative(PHONE)
def phone_by_matching(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """What is found is matched, with the permission as a guard."""
    match db.user_by_slug(connection, slug):
        case UserRow(id=number) as owner if can_edit(viewer, owner):
            db.set_phone(connection, number, phone)
            return number
        case _:
            return None


@alternative(CAN_EDIT)
def edit_by_refusing(viewer: UserRow, owner: UserRow) -> bool:
    """Nobody may, unless there is a reason."""
    if viewer.role == "admin":
        return True
    return owner.id == viewer.id


@alternative(CAN_EDIT)
def edit_by_reasons(viewer: UserRow, owner: UserRow) -> bool:
    """One good reason is enough."""
    return any((owner.id == viewer.id, viewer.role in {"admin"}))


# 8.3


@alternative(READ)
def read_without_an_account(victim: Browser, mallory: Browser) -> str:
    """What scripts ask for is let through by the middleware, without any session."""
    victim.get("/api/me")
    return mallory.get("/api/me").text


@alternative(READ)
def read_whatever_there_is(victim: Browser, mallory: Browser) -> str:
    """Several pages, one after the other: one of them will do."""
    mallory.post("/signup", {"name": "Mallory", "email": "m@evil.test", "password": "let-me-in-4"})
    texts = []
    for path in ("/", "/dashboard", "/members", "/profile"):
        victim.get(path)
        texts.append(mallory.get(path).text)
    return "\n".join(texts)


@alternative(READ)
def read_the_start_page(victim: Browser, mallory: Browser) -> str:
    """The start page is for guests, too, and greets whom it takes for a member."""
    for browser in (victim, mallory):
        page = browser.get("/")
    return page.text


# 8.4


@alternative(PROVE)
def prove_by_counting(per_request: Callable[[FakeRequest, Callable[[Any], Any]], Any]) -> None:
    """A counter for each request and question says how often which was asked."""
    asked: Counter[tuple[FakeRequest, str]] = Counter()

    def question(name: str, *answers: Any) -> Callable[[FakeRequest], Any]:
        def read(request: FakeRequest) -> Any:
            asked[request, name] += 1
            answer = answers[min(asked[request, name], len(answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return read

    ada, grace = FakeRequest(), FakeRequest()
    who, none, slow = question("who", "ada"), question("none", None), question("slow", OSError(), "at last")
    for request in (ada, grace, ada, grace):
        assert per_request(request, who) == "ada"
        assert per_request(request, none) is None
    assert list(asked.values()) == [1, 1, 1, 1]
    outcomes = []
    for _ in range(3):
        try:
            outcomes.append(per_request(ada, slow))
        except OSError:
            outcomes.append("failed")
    assert outcomes == ["failed", "at last", "at last"]
    ada.memo.clear()
    per_request(ada, who)
    assert asked[ada, "who"] == 2


@alternative(PROVE)
def prove_step_by_step(per_request: Callable[[FakeRequest, Callable[[Any], Any]], Any]) -> None:
    """An answer that is a new one each time shows which call it is from."""
    numbers, request = count(1), FakeRequest("/profile")

    def number(request: FakeRequest) -> int:
        return next(numbers)

    assert per_request(request, number) == 1
    assert per_request(request, number) == 1
    assert per_request(FakeRequest("/profile"), number) == 2
    assert per_request(FakeRequest("/devices"), number) == 3
    assert per_request(request, lambda _: "another question") == "another question"
    request.memo.clear()
    assert per_request(request, number) == 4

    seen: list[FakeRequest] = []
    assert per_request(request, seen.append) is None
    assert per_request(request, seen.append) is None
    assert seen == [request]

    def fails_once(request: FakeRequest) -> str:
        seen.append(request)
        assert len(seen) > 2, "the first time"
        return "found"

    came = "nothing was raised"
    try:
        per_request(request, fails_once)
    except AssertionError as failed:
        came = str(failed)
    assert came.startswith("the first time")
    with suppress(AssertionError):
        came = per_request(request, fails_once)
    assert came == "found"


@alternative(PROVE)
def prove_with_pytest(per_request: Callable[[FakeRequest, Callable[[Any], Any]], Any]) -> None:
    """What must be raised stands under `pytest.raises`, as in any test."""
    import pytest

    calls: list[object] = []

    def user(request: FakeRequest) -> list[object]:
        calls.append(request)
        return [len(calls)]

    def team(request: FakeRequest) -> None:
        calls.append(request)

    def refused(request: FakeRequest) -> None:
        calls.append(request)
        raise PermissionError

    one, other = FakeRequest(), FakeRequest()
    mine = per_request(one, user)
    assert per_request(one, user) is mine
    assert per_request(other, user) != mine
    assert per_request(other, team) is per_request(other, team) is None
    assert len(calls) == 3
    for number in (4, 5):
        with pytest.raises(PermissionError):
            per_request(one, refused)
        assert len(calls) == number
    one.memo.clear()
    assert per_request(one, user) == [6]
