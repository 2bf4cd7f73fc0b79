"""Wrong ways to find out who is asking, and what they may have. The guide has several of them."""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pydantic import ConfigDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import db
from authlab.cookies import session_token
from authlab.course.bank import flaw
from authlab.course.kata.lesson_08_data_access_layer import FakeRequest
from authlab.course.mounting import original
from authlab.dal import per_request, prove, verify_session
from authlab.db import UserRow
from authlab.dto import UserDTO, user_dto
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.browser import Browser
from authlab.request import Request
from authlab.roles import can_edit, can_see_phone

VERIFY = "authlab.dal:verify_session"
MEMO = "authlab.dal:per_request"
GET_USER = "authlab.dal:get_user"
PHONE = "authlab.dal:change_phone"
DAL = "authlab.dal:Dal"
CAN_EDIT = "authlab.roles:can_edit"
OPTIMISTIC = "authlab.middleware:optimistic"
READ = "authlab.course.kata.lesson_08_data_access_layer:read_after_them"
PROVE = "authlab.course.kata.lesson_08_data_access_layer:prove_once_a_request"

if TYPE_CHECKING:
    from authlab.dal import Dal as RightDal
else:
    RightDal = original(DAL)  # the package's own: the flaws below are right but for the methods they have

Read = Callable[[Request], Any]
Proved = Callable[[FakeRequest, Callable[[Any], Any]], Any]
MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}


# 8.1: verify_session


@flaw(
    VERIFY,
    caught_by="test_a_session_that_was_ended_proves_nobody",
    misconception="A signature says that the cookie was true when it was written: whether the session still holds, only the database knows.",
)
def what_the_cookie_says(request: Request) -> UserRow:
    """We have signed the cookie and it has not run out, so what it says is true."""
    session = request.session
    if session is None:
        raise NotSignedIn(stale=False)
    user = db.user_by_id(request.db, session.user_id)
    if user is None:
        raise NotSignedIn(stale=False)
    return user


@flaw(
    VERIFY,
    caught_by="test_what_was_proven_is_kept_for_the_request",
    misconception="Each part of a page asks who is there: without a memo each of them costs a query, and may get another answer.",
)
def asked_anew_each_time(request: Request) -> UserRow:
    """Security before speed: ask each time."""
    return prove(request).user


@flaw(
    VERIFY,
    caught_by="test_what_was_proven_is_kept_under_its_question",
    misconception="A lambda is a new function each time its line runs: what was kept under the last one is not found under the next.",
)
def a_lambda_as_the_question(request: Request) -> UserRow:
    """`per_request` wants a function of the request, and here is one."""
    return per_request(request, lambda visitor: prove(visitor).user)


_proven: WeakKeyDictionary[object, dict[str, UserRow]] = WeakKeyDictionary()  # one dictionary an app


@flaw(
    VERIFY,
    caught_by="test_what_was_proven_is_proven_anew_at_the_next_request",
    misconception="A session can end at any time: proven once and remembered, it goes on after the logout.",
)
def proven_once_a_session(request: Request) -> UserRow:
    """A session is somebody's from its beginning to its end, so it is enough to prove it once."""
    known = _proven.setdefault(request.sessions, {})
    session = "" if request.session is None else request.session.session_id
    if session not in known:
        known[session] = per_request(request, prove).user
    return known[session]


@flaw(
    VERIFY,
    caught_by="test_nobody_is_refused_and_not_returned",
    misconception="The guide checks `if (!session)` after each call. Where nobody is a return value, the one place that forgets to check is open.",
)
def nobody_is_none(request: Request) -> UserRow | None:
    """The caller decides what to do with nobody, so nobody is None."""
    try:
        return per_request(request, prove).user
    except NotSignedIn:
        return None


@dataclass(frozen=True)
class _IsAuth:
    is_auth: bool
    user_id: int


@flaw(
    VERIFY,
    caught_by="test_it_returns_the_row_as_it_is_now",
    misconception="The guide's `{isAuth, userId}` has no role: its dashboard finds none, sends everybody to the login page, and the middleware sends them back.",
)
def is_auth_and_user_id(request: Request) -> _IsAuth:
    """Whoever needs more than the number can look it up."""
    return _IsAuth(True, per_request(request, prove).user.id)


@flaw(
    VERIFY,
    caught_by="test_an_error_of_the_database_logs_nobody_out",
    misconception="A database that does not answer is not a visitor who is not signed in: mixed up, a moment of trouble logs everybody out.",
)
def in_doubt_nobody(request: Request) -> UserRow:
    """Fail closed: whatever goes wrong, nobody is signed in."""
    try:
        return per_request(request, prove).user
    except Exception:
        raise NotSignedIn(stale=True) from None


# 8.2: per_request. Some live longer than the request. Each of those fills the request's own memo, too, and keeps
# an app's answers apart from another app's: a lab has many of them in one process.


@dataclass(frozen=True)
class _Question:
    app: object
    read: Read
    path: str
    request: Request = field(compare=False)  # no two requests are equal: compared, nothing would be found


@lru_cache(maxsize=100)
def _asked(question: _Question) -> Any:
    return question.read(question.request)


@flaw(
    MEMO,
    attack=63,
    caught_by="test_two_visitors_of_one_page_get_their_own_answers",
    misconception="`lru_cache` lives as long as the process: whoever asks for a page second gets what the first one got.",
)
def lru_cache_by_path(request: Request, read: Read) -> Any:
    """The guide memoises with `cache`, and Python's is in functools: one answer for each page."""
    answer = _asked(_Question(request.sessions, read, request.path, request))
    request.memo[read] = answer
    return answer


_memos: WeakKeyDictionary[object, dict[object, Any]] = WeakKeyDictionary()


@flaw(
    MEMO,
    attack=63,
    caught_by="test_two_visitors_get_their_own_answers",
    misconception="A module is loaded once for all requests: what it remembers of the first visitor, every later one is.",
)
def global_of_the_module(request: Request, read: Read) -> Any:
    """The module is there first, so that is where the memo goes; alone at my desk it works."""
    memo = _memos.setdefault(request.sessions, {})
    if read not in memo:
        memo[read] = read(request)
    request.memo[read] = memo[read]
    return memo[read]


@flaw(
    MEMO,
    attack=63,
    caught_by="test_two_visitors_of_one_office_get_their_own_answers",
    misconception="An address is no visitor: an office, a school or a provider's customers share one, and the browser's name with it.",
)
def one_visitor_an_address(request: Request, read: Read) -> Any:
    """A page and its pictures come from one address and one browser, all within a minute."""
    now, memo = request.settings.clock(), _memos.setdefault(request.sessions, {})
    who = (read, request.client_ip, request.user_agent.string)
    answer, kept_at = memo.get(who, (None, now - 60))
    if now - kept_at >= 60:
        answer = read(request)
        memo[who] = (answer, now)
    request.memo[read] = answer
    return answer


@flaw(
    MEMO,
    attack=63,
    caught_by="test_two_visitors_of_one_page_get_their_own_answers",
    misconception="A memo that is handed on is not the request's own: the next visitor of the page gets it with the first one's answers in it.",
)
def one_memo_a_page(request: Request, read: Read) -> Any:
    """Each page has a memo, so that its requests have it ready; a login empties it, as it should."""
    request.memo = _memos.setdefault(request.sessions, {}).setdefault(request.path, request.memo)
    if read not in request.memo:
        request.memo[read] = read(request)
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_asked_twice_it_answers_the_same",
    misconception="Without a memory each part of a page asks the database by itself, and two of them may get two answers.",
)
def asks_each_time(request: Request, read: Read) -> Any:
    """A fresh answer is a right answer."""
    request.memo[read] = read(request)
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_asked_twice_it_reads_once",
    misconception="`setdefault(read, read(request))` works out what is in its brackets first: it asks each time, and then throws the answer away.",
)
def asked_before_it_looks(request: Request, read: Read) -> Any:
    """`setdefault` puts the answer there unless there is one."""
    return request.memo.setdefault(read, read(request))


@flaw(
    MEMO,
    caught_by="test_a_failure_is_raised_and_not_returned",
    misconception="An error that becomes None is taken for an answer: the next line works with nobody, or fails where nothing is wrong.",
)
def nothing_for_an_error(request: Request, read: Read) -> Any:
    """A page should not fail because one of its questions did."""
    if read not in request.memo:
        try:
            request.memo[read] = read(request)
        except Exception:
            return None
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_whatever_the_failure_is_it_is_raised",
    misconception="A KeyError can come from the memo or from `read`: where both stand in one `try`, the second is taken for the first.",
)
def a_missing_key_is_nothing(request: Request, read: Read) -> Any:
    """What is not there is a KeyError, and then the answer is None."""
    try:
        if read not in request.memo:
            request.memo[read] = read(request)
        return request.memo[read]
    except KeyError:
        return None


@flaw(
    MEMO,
    caught_by="test_a_failure_is_not_kept",
    misconception="A failure is no answer: kept, it goes on refusing after its reason is gone.",
)
def failures_are_answers(request: Request, read: Read) -> Any:
    """Asked once is asked once, whatever came of it."""
    if read not in request.memo:
        try:
            request.memo[read] = read(request)
        except Exception as error:
            request.memo[read] = error
    answer = request.memo[read]
    if isinstance(answer, Exception):
        raise answer
    return answer


@flaw(
    MEMO,
    caught_by="test_two_questions_do_not_answer_each_other",
    misconception="One place for an answer is enough for one question: the second one is answered with the first one's.",
)
def one_answer_a_request(request: Request, read: Read) -> Any:
    """A request is from one visitor, so there is one answer to keep."""
    if "answer" not in request.memo:
        request.memo["answer"] = read(request)
    request.memo[read] = request.memo["answer"]
    return request.memo["answer"]


@flaw(
    MEMO,
    caught_by="test_two_questions_of_one_name_do_not_answer_each_other",
    misconception="A name is no identity: two functions called `read`, in two modules or in two calls, are two questions.",
)
def known_by_its_name(request: Request, read: Read) -> Any:
    """A function is known by its name."""
    if read.__name__ not in request.memo:
        request.memo[read.__name__] = read(request)
    request.memo[read] = request.memo[read.__name__]
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_two_questions_made_in_one_place_do_not_answer_each_other",
    misconception="A longer name is no identity either: what a function makes twice has one module and one qualified name.",
)
def known_by_its_full_name(request: Request, read: Read) -> Any:
    """With its module and its place in there, a name is nobody else's."""
    name = f"{read.__module__}.{read.__qualname__}"
    if name not in request.memo:
        request.memo[name] = read(request)
    request.memo[read] = request.memo[name]
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_a_question_that_fails_takes_nothing_from_the_first",
    misconception="An error of one question says nothing of another: what was answered before it is asked, and paid for, once more.",
)
def forgets_all_on_an_error(request: Request, read: Read) -> Any:
    """After an error nothing is certain any more, so the memo is emptied."""
    if read not in request.memo:
        try:
            request.memo[read] = read(request)
        except Exception:
            request.memo.clear()
            raise
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_a_second_question_takes_nothing_from_the_first",
    misconception="A memo that is replaced at each question remembers one of them: the page's first question is asked again.",
)
def only_the_newest_answer(request: Request, read: Read) -> Any:
    """What was asked last is asked again soonest."""
    if read not in request.memo:
        answer = read(request)
        request.memo.clear()
        request.memo[read] = answer
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_none_is_an_answer_too",
    misconception='`.get()` says None for "not there" and for an answer None: `in` tells them apart.',
)
def none_is_no_answer(request: Request, read: Read) -> Any:
    """What is not there is None."""
    if request.memo.get(read) is None:
        request.memo[read] = read(request)
    return request.memo[read]


@flaw(
    MEMO,
    caught_by="test_a_login_within_a_request_renews_the_answer",
    misconception="Who somebody is can change in the middle of a request: a login empties `request.memo`, and no other place.",
)
def beside_the_memo(request: Request, read: Read) -> Any:
    """An attribute of the request is gone with the request as well, and is quicker to write."""
    kept = request.__dict__.setdefault("answers", {})
    if read not in kept:
        kept[read] = read(request)
    request.memo[read] = kept[read]
    return kept[read]


@lru_cache(maxsize=1000)
def _of_this_request(request: Request, read: Read) -> Any:
    return read(request)


@flaw(
    MEMO,
    caught_by="test_a_request_that_is_over_is_let_go",
    misconception="With the request as a key no two visitors meet, and yet the cache keeps a thousand requests, with forms and passwords, after they are over.",
)
def lru_cache_by_request(request: Request, read: Read) -> Any:
    """The request is the key, so nobody gets another's answer."""
    request.memo[read] = _of_this_request(request, read)
    return request.memo[read]


_answers: list[Any] = []


@flaw(
    MEMO,
    caught_by="test_an_answer_goes_with_its_request",
    misconception="A list of the module lives as long as the process: everybody's rows stay in it, hashes of passwords included, until the memory is full.",
)
def noted_for_later(request: Request, read: Read) -> Any:
    """Nobody is answered from this list: it is there to look something up when there is trouble."""
    if read not in request.memo:
        request.memo[read] = read(request)
        _answers.append(request.memo[read])
    return request.memo[read]


# 8.5: get_user


@flaw(
    GET_USER,
    caught_by="test_nobody_is_refused_and_not_returned",
    misconception="The guide catches everything and says null: a visitor without a session, a database that does not answer and a mistake of ours all look the same.",
)
def an_error_is_nobody(request: Request) -> UserDTO | None:
    """The guide's own: if the user cannot be fetched, there is none."""
    try:
        return user_dto(verify_session(request))
    except Exception:
        return None


@flaw(
    GET_USER,
    caught_by="test_an_error_of_the_database_is_not_hidden",
    misconception="A database that does not answer is not a visitor who is not signed in: who is sent to log in cannot, and nobody hears of the error.",
)
def any_error_is_not_signed_in(request: Request) -> UserDTO:
    """Whatever goes wrong, the visitor can log in again."""
    try:
        return user_dto(verify_session(request))
    except Exception:
        raise NotSignedIn(stale=False) from None


@flaw(
    GET_USER,
    caught_by="test_who_brings_no_cookie_has_none_taken_back",
    misconception="`stale` says that a cookie came and proves nobody: whoever makes the error anew does not know whether one came.",
)
def nobody_has_an_old_cookie(request: Request) -> UserDTO:
    """Who is not signed in has a cookie that is over, so it is taken back."""
    try:
        return user_dto(verify_session(request))
    except NotSignedIn:
        raise NotSignedIn(stale=True) from None


class _EveryColumn(UserDTO):
    model_config = ConfigDict(extra="allow")


@flaw(
    GET_USER,
    caught_by="test_what_leaves_are_the_fields_that_were_named",
    misconception="`SELECT *` also means the columns of tomorrow, and one of today's is the hash of the password.",
)
def select_everything(request: Request) -> UserDTO:
    """The page may need more one day, so it gets the whole row."""
    user = verify_session(request)
    row = request.db.execute("SELECT * FROM users WHERE id = ?", (user.id,))
    columns = [column[0] for column in row.description]
    return _EveryColumn(**user_dto(user).model_dump() | dict(zip(columns, row.fetchone(), strict=True)))


@flaw(
    GET_USER,
    caught_by="test_a_session_that_was_ended_shows_nothing",
    misconception="Each read has to be proven: what the cookie says was true once, and this one never asks.",
)
def the_middleware_has_looked(request: Request) -> UserDTO:
    """The middleware has read the cookie, so it need not be done a second time."""
    session = request.session
    user = None if session is None else db.user_by_id(request.db, session.user_id)
    if user is None:
        raise NotSignedIn(stale=session_token(request.cookies) is not None)
    return user_dto(user)


@flaw(
    GET_USER,
    caught_by="test_it_costs_no_query_of_its_own",
    misconception="The proof has read the row already: asked for again, it costs a query on each page, and may be another row.",
)
def looked_up_once_more(request: Request) -> UserDTO:
    """First the session, then the user: the guide asks twice."""
    viewer = verify_session(request)
    row = db.user_by_id(request.db, viewer.id)
    if row is None:
        raise NotSignedIn(stale=True)
    return user_dto(row)


@flaw(
    VERIFY,
    caught_by="test_after_a_login_it_is_proven_anew",
    misconception="A login empties the memo and knows of no other place: what is kept beside it stays the visitor of before.",
)
def kept_on_the_request(request: Request) -> UserRow:
    """An attribute of the request lives as long as the request, like the memo."""
    if "_user" not in request.__dict__:
        request.__dict__["_user"] = per_request(request, prove).user
    user: UserRow = request.__dict__["_user"]
    return user


@flaw(
    VERIFY,
    caught_by="test_what_is_kept_is_the_proof",
    misconception="`keep_session` wants the proof, with its session: a row under the same key is the answer to another question.",
)
def the_row_in_place_of_the_proof(request: Request) -> UserRow:
    """Only the row is needed, so only the row is kept."""
    if prove not in request.memo:
        request.memo[prove] = prove(request).user
    kept = request.memo[prove]
    user: UserRow = getattr(kept, "user", kept)
    return user


@flaw(
    MEMO,
    caught_by="test_a_question_may_ask_another",
    misconception="The new memo is a copy from before the question: what `read` itself has asked for meanwhile is not in it.",
)
def a_new_memo_each_time(request: Request, read: Read) -> Any:
    """A dictionary that is never changed cannot surprise anybody."""
    if read not in request.memo:
        request.memo = {**request.memo, read: read(request)}
    return request.memo[read]


@flaw(
    GET_USER,
    caught_by="test_whose_it_is_no_form_says",
    misconception="A hidden field is the visitor's text: who is asking is what the session says, and nothing else.",
)
def asked_by_a_form(request: Request) -> UserDTO:
    """A form says by its hidden field whose data it is about."""
    user = verify_session(request)
    named = request.form.get("id") or request.form.get("user_id")
    other = db.user_by_id(request.db, int(named)) if named else None
    return user_dto(other or user)


@flaw(
    GET_USER,
    caught_by="test_after_a_login_it_is_somebody_else",
    misconception="A login empties the memo and knows of no other place: the data that is kept beside it is that of the visitor of before.",
)
def data_kept_on_the_request(request: Request) -> UserDTO:
    """Made once, it can be handed out for as long as the request lives."""
    if "_data" not in request.__dict__:
        request.__dict__["_data"] = user_dto(verify_session(request))
    data: UserDTO = request.__dict__["_data"]
    return data


# 8.6: change_phone


@flaw(
    PHONE,
    attack=64,
    caught_by="test_the_number_of_another_is_not_theirs_to_change",
    misconception="Reading and writing are two doors: who was stopped at the one walks through the other.",
)
def checked_when_read(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Who cannot read an account never sees the form that writes to it."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    attack=64,
    caught_by="test_the_number_of_a_team_mate_is_not_theirs_to_change",
    misconception="To see and to change are two permissions: a team-mate may have the one without the other.",
)
def who_sees_it_may_mend_it(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Team-mates see the number, so they notice when it is wrong, and mend it."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_see_phone(viewer, owner):
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    attack=64,
    caught_by="test_not_yours_looks_like_not_there",
    misconception="403 here and 404 there is an answer, too: it tells which addresses are somebody's.",
)
def forbidden_if_somebody_is_there(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """404 is for what does not exist, and 403 for what is not yours."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    if not can_edit(viewer, owner):
        raise Forbidden
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    caught_by="test_an_admin_changes_the_number_that_was_named",
    misconception="The viewer is who asks, the slug says whom it is about: with one in place of the other an admin mends their own number.",
)
def the_viewer_is_the_target(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """The session says who it is, so that is whose number it is."""
    if db.user_by_slug(connection, slug) is None:
        return None
    db.set_phone(connection, viewer.id, phone)
    return viewer.id


@flaw(
    PHONE,
    caught_by="test_a_refused_write_has_written_nothing",
    misconception="The check belongs before the write: a refusal that comes after it has refused nothing.",
)
def written_and_then_asked(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Write first, and tell those who were not allowed to."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id if can_edit(viewer, owner) else None


@flaw(
    PHONE,
    caught_by="test_a_refused_write_has_written_nothing",
    misconception="In autocommit mode a write holds at once: until it is taken back, everybody reads it, and a crash in between leaves it there.",
)
def written_and_taken_back(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Nothing is lost: who was not allowed to has the old number put back."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    db.set_phone(connection, owner.id, phone)
    if can_edit(viewer, owner):
        return owner.id
    db.set_phone(connection, owner.id, owner.phone)
    return None


@flaw(
    PHONE,
    caught_by="test_the_same_number_again_is_no_refusal",
    misconception="None is the answer to who may not: a member who saves the form as it was is told that they are not there.",
)
def the_same_is_no_change(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Where the number is the same, there is nothing to change."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(viewer, owner) or owner.phone == phone:
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    caught_by="test_an_admin_changes_the_number_that_was_named",
    misconception="`can_edit` knows two reasons: a rule that is written once more beside it knows one.",
)
def nobody_but_the_owner(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """A number is its owner's."""
    if slug != viewer.slug:
        return None
    db.set_phone(connection, viewer.id, phone)
    return viewer.id


@flaw(
    PHONE,
    caught_by="test_none_takes_the_number_away",
    misconception="None is a value here: who takes their number away has decided something, and it stays.",
)
def a_number_or_nothing(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """Without a number there is nothing to change."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(viewer, owner) or not phone:
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    caught_by="test_the_number_of_an_admin_is_not_theirs_to_change",
    misconception="First the viewer, then the owner: the other way round, everybody may edit the admins, and the admins nobody.",
)
def the_other_way_round(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """The owner and the viewer, one of them decides."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(owner, viewer):
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    caught_by="test_nobody_is_there",
    misconception="An address is looked up and not taken apart: a number that is read out of it may be nobody's, and has many spellings.",
)
def number_out_of_the_address(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """`member-7` is member 7."""
    digits = slug.rpartition("-")[2]
    if not digits.isdecimal() or not (viewer.id == int(digits) or viewer.role == "admin"):
        return None
    db.set_phone(connection, int(digits), phone)
    return int(digits)


@flaw(
    PHONE,
    caught_by="test_not_yours_looks_like_not_there",
    misconception="The id of whom it is about says that they are there: of a refusal nothing comes back.",
)
def tells_whose_it_is(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """The caller wants to know whose number it was."""
    owner = db.user_by_slug(connection, slug)
    if owner is None:
        return None
    if can_edit(viewer, owner):
        db.set_phone(connection, owner.id, phone)
    return owner.id


# get_user, Dal, can_edit: whose data it is


@flaw(
    GET_USER,
    attack=64,
    caught_by="test_whose_it_is_the_session_says",
    misconception="An id in the address is the visitor's text: taken for who is asking, it makes everybody whoever they like.",
)
def asked_by_id(request: Request) -> UserDTO:
    """The guide calls `getUser(user.id)`, so it takes an id; without one it is the visitor's own."""
    viewer = verify_session(request)
    wanted = request.args.get("id", viewer.id, type=int)
    return user_dto(db.user_by_id(request.db, wanted) or viewer)


@flaw(
    DAL,
    attack=64,
    misconception="A link that nobody shows is an address that everybody can type: the check belongs to the data.",
)
class NoLinkLeadsThere(RightDal):
    """Only the owner's and the admin's pages link to an account, so nobody else asks for one."""

    def user(self, user_id: int) -> UserDTO | None:
        """Return an account."""
        owner = db.user_by_id(self._request.db, user_id)
        return None if owner is None else user_dto(owner)


@flaw(
    DAL,
    attack=64,
    misconception="403 here and 404 there is an answer, too: it tells which numbers have an account.",
)
class ForbiddenIfItIsThere(RightDal):
    """404 is for what does not exist, and 403 for what is not yours."""

    def user(self, user_id: int) -> UserDTO | None:
        """Return an account to its owner or an admin."""
        owner = db.user_by_id(self._request.db, user_id)
        if owner is not None and not can_edit(self._viewer, owner):
            raise Forbidden
        return None if owner is None else user_dto(owner)


@flaw(
    CAN_EDIT,
    attack=64,
    misconception="To see and to change are two permissions: a team-mate may have the one without the other.",
)
def who_may_see_may_change(viewer: UserRow, owner: UserRow) -> bool:
    """Team-mates trust each other: they see the number, so they may mend it."""
    return can_see_phone(viewer, owner)


# optimistic: paths that nobody may ask for. Their companion believes that what comes to it was let through.


def _owner_or_admin(request: Request, number: int) -> None:
    viewer = verify_session(request)
    if viewer.id != number and viewer.role != "admin":
        raise NotFound


@flaw(
    OPTIMISTIC,
    attack=65,
    caught_by="test_who_may_read_whose_data_is_asked_elsewhere",
    companions={DAL: NoLinkLeadsThere},
    misconception="A list of forbidden paths has one spelling of each, and the router takes more: `0003` is 3, and so is `３`.",
)
def deny_list_of_paths(request: Request, endpoint: str) -> Response | None:
    """The accounts that nobody else may read are known, so their paths are on a list."""
    for number in (1, 2, 3):
        if request.path == f"/api/users/{number}":
            _owner_or_admin(request, number)
    return _go_on(request, endpoint)


@flaw(
    OPTIMISTIC,
    attack=65,
    caught_by="test_who_may_read_whose_data_is_asked_elsewhere",
    companions={DAL: NoLinkLeadsThere},
    misconception="The pattern knows numbers as we write them, the router knows more: what only one of the two takes for a number is not checked.",
)
def numbers_as_we_write_them(request: Request, endpoint: str) -> Response | None:
    """A number begins with 1 to 9, so this is every account's path."""
    found = re.fullmatch("/api/users/([1-9][0-9]*)", request.path)
    if found:
        _owner_or_admin(request, int(found[1]))
    return _go_on(request, endpoint)


@flaw(
    OPTIMISTIC,
    attack=65,
    caught_by="test_who_may_read_whose_data_is_asked_elsewhere",
    companions={DAL: NoLinkLeadsThere},
    misconception="Digits are not 0 to 9 to everybody: `int` and the router read `３` as 3, and this pattern overlooks it.",
)
def digits_are_ascii(request: Request, endpoint: str) -> Response | None:
    """With zeros in front it is still the same number, and the pattern takes those, too."""
    found = re.fullmatch("/api/users/([0-9]+)", request.path)
    if found:
        _owner_or_admin(request, int(found[1]))
    return _go_on(request, endpoint)


def _go_on(request: Request, endpoint: str) -> Response | None:
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


# 8.3: attacks that miss


@flaw(
    READ,
    caught_by="test_the_victim_is_the_first_there",
    misconception="The cache keeps what was asked first: who comes before the victim fills it with themselves.",
)
def goes_first(victim: Browser, mallory: Browser) -> str:
    """Be there before the victim, and wait."""
    mallory.post("/signup", MALLORY)
    mallory.get("/profile")
    victim.get("/profile")
    return mallory.get("/profile").text


@flaw(
    READ,
    caught_by="test_mallory_asks_for_a_page_after_the_victim",
    misconception="The key is the path: what the victim has opened elsewhere is kept elsewhere.",
)
def waits_at_another_page(victim: Browser, mallory: Browser) -> str:
    """Once the victim is known, they are known everywhere."""
    mallory.post("/signup", MALLORY)
    victim.get("/dashboard")
    return mallory.get("/profile").text


@flaw(
    READ,
    caught_by="test_the_page_opens_for_mallory",
    misconception="The middleware asks the cookie before anybody asks the cache: it sends a guest to log in.",
)
def comes_as_a_guest(victim: Browser, mallory: Browser) -> str:
    """The cache asks for no session, so none is needed."""
    victim.get("/profile")
    return mallory.get("/profile").text


@flaw(
    READ,
    caught_by="test_mallory_asks_for_a_page_after_the_victim",
    misconception="A victim who reads their own page shows no hole: the text has to come out of another's browser.",
)
def looks_over_the_shoulder(victim: Browser, mallory: Browser) -> str:
    """The name is on the victim's own page."""
    return victim.get("/profile").text


@flaw(
    READ,
    caught_by="test_it_takes_no_cookie_of_the_victim",
    misconception="A stolen cookie opens every app: that is another attack, and shows nothing of this hole.",
)
def steals_the_cookie(victim: Browser, mallory: Browser) -> str:
    """Whose cookie it is, theirs is the page."""
    mallory.cookies = dict(victim.cookies)
    victim.get("/profile")
    return mallory.get("/profile").text


# 8.4: proofs that prove too little, or too much


@flaw(
    PROVE,
    caught_by="test_it_catches_the_wrong_memos_of_this_lesson",
    misconception="One visitor at a desk: everything that lives longer than a request works for one visitor.",
)
def one_visitor_is_enough(per_request: Proved) -> None:
    """It is asked once, so it works."""
    asked = []

    def read(request: FakeRequest) -> str:
        asked.append(request)
        return "Ada"

    request = FakeRequest()
    assert per_request(request, read) == "Ada"
    assert per_request(request, read) == "Ada"
    assert len(asked) == 1


@flaw(
    PROVE,
    caught_by="test_it_catches_the_wrong_memos_of_this_lesson",
    misconception="All of the promise, and one visitor: a memo that the next request gets as well looks right until there is a next request.",
)
def one_visitor_who_logs_in(per_request: Proved) -> None:
    """A login makes somebody else of a visitor, so one request has both of them in it."""
    asked: list[FakeRequest] = []

    def whose(request: FakeRequest) -> str:
        asked.append(request)
        return f"answer {len(asked)}"

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

    request = FakeRequest()
    assert [outcome(request), outcome(request), outcome(request)] == ["refused", "found", "found"]
    assert per_request(request, whose) == "answer 3"
    assert per_request(request, whose) == "answer 3"
    request.memo.clear()
    assert per_request(request, whose) == "answer 4"
    asked.clear()
    assert per_request(request, asked.append) is None
    assert per_request(request, asked.append) is None
    assert len(asked) == 1


@flaw(
    PROVE,
    caught_by="test_it_catches_the_wrong_memos_of_this_lesson",
    misconception="That an answer comes, all of them manage: give each visitor an answer of their own, and count how often `read` is asked.",
)
def two_visitors_one_answer(per_request: Proved) -> None:
    """Ada and Grace both get an answer."""
    assert per_request(FakeRequest(), lambda request: "a user") == "a user"
    assert per_request(FakeRequest(), lambda request: "a user") == "a user"


@flaw(
    PROVE,
    caught_by="test_it_fails_where_nothing_is_right",
    misconception="A proof that crashes has proven nothing: the error that you expect has to be caught, and asserted.",
)
def expects_a_crash(per_request: Proved) -> None:
    """If the error comes through, all is well."""

    def read(request: FakeRequest) -> None:
        raise LookupError("nobody")

    per_request(FakeRequest(), read)


@flaw(
    PROVE,
    caught_by="test_it_spares_right_memos",
    misconception="It asks for what nobody promised: a failure is raised, and never an answer.",
)
def wants_none_for_an_error(per_request: Proved) -> None:
    """An error must not reach the page."""

    def read(request: FakeRequest) -> None:
        raise LookupError("nobody")

    caught = False
    try:
        per_request(FakeRequest(), read)
    except LookupError:
        caught = True
    assert not caught


@flaw(
    PROVE,
    caught_by="test_it_spares_right_memos",
    misconception="It asks for what nobody promised: a failure is not kept, and the next call may find an answer.",
)
def wants_the_failure_kept(per_request: Proved) -> None:
    """Once refused, always refused."""
    import pytest

    asked: list[FakeRequest] = []

    def read(request: FakeRequest) -> str:
        asked.append(request)
        if len(asked) == 1:
            raise LookupError("nobody")
        return "Ada"

    request = FakeRequest()
    for _ in range(2):
        with pytest.raises(LookupError):
            per_request(request, read)


@flaw(
    PROVE,
    caught_by="test_it_spares_right_memos",
    misconception="It asks for what nobody promised: another request is another visit, even to the same page by the same member.",
)
def wants_one_answer_a_page(per_request: Proved) -> None:
    """The same page is the same question."""
    asked: list[FakeRequest] = []
    for _ in range(2):
        per_request(FakeRequest(path="/profile"), asked.append)
    assert len(asked) == 1


@flaw(
    PROVE,
    caught_by="test_it_fails_where_nothing_is_right",
    misconception="A comparison that is returned makes no proof: only `assert` fails.",
)
def returns_what_it_thinks(per_request: Proved) -> bool:
    """True means that it works."""
    return bool(per_request(FakeRequest(), lambda request: "Ada") == "Ada")


@flaw(
    PHONE,
    caught_by="test_what_was_written_stays_written",
    misconception="A transaction has to be ended: until then nobody else can write, and with the connection all is taken back.",
)
def number_in_an_open_transaction(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """A write belongs into a transaction."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(viewer, owner):
        return None
    connection.execute("BEGIN")
    db.set_phone(connection, owner.id, phone)
    return owner.id


@flaw(
    PHONE,
    caught_by="test_an_admin_changes_the_number_of_anybody",
    misconception="Who may is `can_edit`'s to say: a second rule beside it refuses what the first one allows.",
)
def admins_leave_admins_alone(
    connection: sqlite3.Connection, viewer: UserRow, slug: str, phone: str | None
) -> int | None:
    """One admin has no business with another."""
    owner = db.user_by_slug(connection, slug)
    if owner is None or not can_edit(viewer, owner):
        return None
    if owner.role == "admin" and owner.id != viewer.id:
        return None
    db.set_phone(connection, owner.id, phone)
    return owner.id
