"""Wrong ways to find an account, to make one, to let somebody in and to limit guessing. All have been seen in
real code.
"""

import base64
import hashlib
import hmac
import random
import secrets
import sqlite3
import string
import time
import unicodedata
import uuid
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import bcrypt
from werkzeug.exceptions import NotFound, Unauthorized
from werkzeug.routing import RequestRedirect

from authlab.course.bank import flaw
from authlab.course.mounting import original
from authlab.db import (
    _SELECT_USER,
    UserRow,
    _user_row,
    count_attempt,
    forget_attempts,
    insert_user,
    set_password_hash,
    user_by_email,
)
from authlab.errors import NotSignedIn
from authlab.forms import SignupForm, canonical_email
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.passwords import (
    hash_password,
    needs_rehash,
    password_digest,
    unmatchable_hash,
    verify_password,
)
from authlab.request import BodyLimits
from authlab.settings import Limit

BCRYPTS_LETTERS = "./" + string.ascii_letters + string.digits

DIGEST = "authlab.passwords:password_digest"
HASH = "authlab.passwords:hash_password"
VERIFY = "authlab.passwords:verify_password"
CREATE = "authlab.accounts:create_user"
AUTHENTICATE = "authlab.accounts:authenticate"
RULES = "authlab.forms:password_problems"
REHASH = "authlab.passwords:needs_rehash"
BY_EMAIL = "authlab.db:user_by_email"
SEARCH = "authlab.db:search_team"
BODY = "authlab.request:body_limits"
LIMITER = "authlab.limits:RateLimiter"
LOGIN_KEY = "authlab.limits:login_key"
CLIENT_IP = "authlab.limits:client_ip"
KNOWN = "authlab.devices:known_device"
DEVICE = "authlab.devices:device_token"
TAKE_OVER = "authlab.course.kata.lesson_02_passwords:take_over"
PROOF = "authlab.course.kata.lesson_02_passwords:prove_authenticate"


# user_by_email: what is typed becomes SQL, or a pattern


@flaw(
    BY_EMAIL,
    attack=9,
    misconception="An address may hold a quote, and what looks like an address may hold a whole query: the form checks a shape, not SQL.",
)
def address_in_an_f_string(db: sqlite3.Connection, email: str) -> UserRow | None:
    """The form has checked that it is an address, so nothing else can be in it."""
    return _first(db.execute(f"{_SELECT_USER} WHERE email = '{email}'"))


@flaw(
    BY_EMAIL,
    attack=9,
    misconception="Python's quotes are not SQL's: when both kinds are in the text, repr writes \\', and SQL ends the text there.",
)
def address_quoted_by_repr(db: sqlite3.Connection, email: str) -> UserRow | None:
    """`!r` puts a text in quotes, and takes care of those inside."""
    return _first(db.execute(f"{_SELECT_USER} WHERE email = {email!r}"))


@flaw(
    BY_EMAIL,
    attack=10,
    misconception="A parameter stops SQL and not LIKE: its % and _ are read after that, and `%@%.%` is everybody.",
)
def like_to_ignore_case(db: sqlite3.Connection, email: str) -> UserRow | None:
    """LIKE makes no difference between upper and lower case, and with a parameter nothing can be injected."""
    return _first(db.execute(f"{_SELECT_USER} WHERE email LIKE ?", (email,)))


@flaw(
    BY_EMAIL,
    attack=10,
    misconception="LIKE has two wildcards: `_` stands for any one character, and twelve of them for any short address.",
)
def like_without_percent(db: sqlite3.Connection, email: str) -> UserRow | None:
    """LIKE's wildcard is the %, so that is taken out."""
    return _first(db.execute(f"{_SELECT_USER} WHERE email LIKE ?", (email.replace("%", ""),)))


@flaw(
    BY_EMAIL,
    attack=10,
    misconception="GLOB minds the case and has its own wildcards: `*@*.*` is everybody. To compare there is `=`.",
)
def glob_to_mind_the_case(db: sqlite3.Connection, email: str) -> UserRow | None:
    """LIKE has wildcards and confuses cases; GLOB compares exactly."""
    return _first(db.execute(f"{_SELECT_USER} WHERE email GLOB ?", (email,)))


# search_team: one query that is put together by hand


@flaw(
    SEARCH,
    attack=9,
    misconception="Nine parameters and one f-string are an f-string: one text that becomes SQL is enough to read every table.",
)
def one_f_string_left(db: sqlite3.Connection, team: str, text: str) -> list[UserRow]:
    """The team is a parameter, as it must be; the text is only what somebody searches for."""
    pattern = f"'%{text}%'"
    rows = db.execute(f"{_SELECT_USER} WHERE team = ? AND name LIKE {pattern} ORDER BY users.id", (team,))
    return [_user_row(row) for row in rows]


@flaw(
    SEARCH,
    attack=9,
    misconception="Doubling the quotes holds only for what stays as it is: the normal form makes a quote of `＇` afterwards.",
)
def quotes_doubled(db: sqlite3.Connection, team: str, text: str) -> list[UserRow]:
    """With its quotes doubled a text cannot end; and in one normal form Zoé is found however she is typed."""
    safe = unicodedata.normalize("NFKC", text.replace("'", "''"))
    pattern = f"'%{safe}%'"
    rows = db.execute(f"{_SELECT_USER} WHERE team = ? AND name LIKE {pattern} ORDER BY users.id", (team,))
    return [_user_row(row) for row in rows]


def _first(rows: sqlite3.Cursor) -> UserRow | None:
    row = rows.fetchone()
    return None if row is None else _user_row(row)


# create_user: eight sign-ups at once


@flaw(
    CREATE,
    attack=11,
    caught_by="test_nobody_comes_between",
    misconception=(
        "Between the SELECT and the INSERT is a gap: whoever asks in it is told the same, and the"
        " second INSERT fails."
    ),
)
def select_then_insert(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """The SELECT has just said that the address is free."""
    if user_by_email(db, form.email) is not None:
        return None
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)


@flaw(
    CREATE,
    attack=11,
    caught_by="test_a_taken_address_is_none",
    misconception=(
        "The page's early check is a courtesy, and anyone can leave it out: only the insert "
        "itself can decide."
    ),
)
def trust_the_early_check(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """The page has asked /signup/available meanwhile, so what arrives here is free."""
    return _insert(db, form, rounds=rounds, pepper=pepper, now=now)


@flaw(
    CREATE,
    attack=11,
    caught_by="test_nobody_comes_between",
    misconception=(
        "A transaction that begins with a question takes no lock: all may ask, and then all but one fail to"
        " write. To ask first and be right takes the lock first, or no question at all."
    ),
)
def select_inside_a_transaction(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """A transaction makes the question and the insert one step, so nobody can come between."""
    db.execute("SAVEPOINT sign_up")
    taken = user_by_email(db, form.email) is not None
    user_id = None if taken else _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    db.execute("RELEASE sign_up")
    return user_id


@flaw(
    CREATE,
    attack=11,
    caught_by="test_a_taken_address_is_none",
    misconception=(
        "Sign-up signs in whoever it returns: to return the account that is there is to hand it "
        "to a stranger, password unasked."
    ),
)
def return_the_one_that_is_there(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Sent twice, the form should do the same as sent once: get it or create it."""
    try:
        return _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        known = user_by_email(db, form.email)
        return None if known is None else known.id


@flaw(
    CREATE,
    attack=11,
    caught_by="test_a_taken_address_is_none",
    misconception=(
        "OR REPLACE never fails because it deletes the row in its way: that row was somebody's account."
    ),
)
def replace_what_is_in_the_way(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """INSERT OR REPLACE is one statement, so there is no gap, and it raises no error."""
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    row = db.execute(
        "INSERT OR REPLACE INTO users (name, email, password_hash, created_at)"
        " VALUES (?, ?, ?, ?) RETURNING id",
        (form.name, form.email, password_hash, now),
    ).fetchone()
    return int(row[0])


class _Welcome(RequestRedirect):
    """The answer to a sign-up that worked, for one that did not."""

    code = 303


@flaw(
    CREATE,
    attack=12,
    caught_by="test_a_taken_address_is_none",
    misconception="The same words are not the same answer: only the one whose account was made gets a cookie. As long as sign-up signs in, it tells.",
)
def same_words_and_no_cookie(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Whoever signs up is sent to the profile page, taken or not: so nobody learns which it was."""
    try:
        return _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        raise _Welcome("/profile") from None


@flaw(
    CREATE,
    caught_by="test_the_id_is_of_this_account",
    misconception="Between the insert and the question somebody else has signed up: the highest id is theirs, and so is the profile.",
)
def the_highest_id_is_mine(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """Ids go up, so the newest row has the highest."""
    try:
        _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        return None
    (newest,) = db.execute("SELECT max(id) FROM users").fetchone()
    return int(newest)


@flaw(
    CREATE,
    caught_by="test_a_refusal_leaves_no_lock",
    misconception="What was begun is ended in one of two ways only: after an error it stays open, and so does its write lock.",
)
def savepoint_left_open(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """What failed wrote nothing, so there is nothing to take back."""
    db.execute("SAVEPOINT sign_up")
    try:
        user_id = _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        return None
    db.execute("RELEASE sign_up")
    return user_id


@flaw(
    CREATE,
    caught_by="test_the_transaction_is_the_callers",
    misconception="The transaction was not this function's to end: what its caller does next is no longer all or nothing.",
)
def commits_for_its_caller(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """What is written has to be committed, or it is lost."""
    try:
        user_id = _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        return None
    db.commit()
    return user_id


@flaw(
    CREATE,
    caught_by="test_a_refusal_takes_nothing_back",
    misconception="A rollback takes back all that the caller has written, and ends a transaction that was the caller's to end.",
)
def rolls_everything_back(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """After an error comes a rollback."""
    try:
        return _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.IntegrityError:
        db.rollback()
        return None


@flaw(
    CREATE,
    caught_by="test_another_failure_is_no_taken_address",
    misconception="A disk that is full is told as an address that is taken: visitors go away, and nobody mends the disk.",
)
def every_error_is_a_taken_address(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """If the insert fails, the account cannot be made, whatever the reason."""
    try:
        return _insert(db, form, rounds=rounds, pepper=pepper, now=now)
    except sqlite3.Error:
        return None


@flaw(
    CREATE,
    caught_by="test_the_table_keeps_a_hash",
    misconception="The guide's own mistake: trimmed at sign-up and not at login, a password with a space at an end opens nothing.",
)
def trimmed_at_signup(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """All fields of a form are trimmed."""
    password_hash = hash_password(form.password.strip(), rounds=rounds, pepper=pepper)
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)
    except sqlite3.IntegrityError:
        return None


@flaw(
    CREATE,
    caught_by="test_the_table_keeps_a_hash",
    misconception="The column is called password_hash and takes any text: what is put into it is the password itself.",
)
def the_password_itself(
    db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int
) -> int | None:
    """The password belongs into the column for passwords."""
    try:
        return insert_user(db, name=form.name, email=form.email, password_hash=form.password, now=now)
    except sqlite3.IntegrityError:
        return None


# authenticate: what a refusal tells


@flaw(
    AUTHENTICATE,
    attack=14,
    caught_by="test_a_stranger_meets_the_same_refusal",
    misconception=(
        "404 for a stranger and 401 for a wrong password: the difference lists your members to "
        "whoever tries addresses."
    ),
)
def not_found_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A user that does not exist is a 404, like everything else that does not exist."""
    _same_work_for_strangers(db, email, password, rounds=rounds, pepper=pepper, refusal=NotFound())
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=14,
    caught_by="test_a_stranger_meets_the_same_refusal",
    misconception=(
        "The status is the same and the page is not: one refusal must have one source, or words "
        "and length will differ."
    ),
)
def unauthorized_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Both are answered with 401, so nobody can tell them apart."""
    _same_work_for_strangers(db, email, password, rounds=rounds, pepper=pepper, refusal=Unauthorized())
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=14,
    caught_by="test_a_stranger_meets_the_same_refusal",
    misconception=(
        "A redirect says no word about accounts and still comes for strangers only: the way of "
        "refusing is an answer too."
    ),
)
def strangers_sent_back_to_login(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Whoever is not known is not signed in, and the app has an error for that."""
    _same_work_for_strangers(
        db, email, password, rounds=rounds, pepper=pepper, refusal=NotSignedIn(stale=False)
    )
    return _package(db, email, password, rounds=rounds, pepper=pepper)


# authenticate: what a refusal costs


@flaw(
    AUTHENTICATE,
    attack=15,
    caught_by="test_a_stranger_costs_what_a_member_costs",
    misconception=(
        "No hash for a stranger: the refusal comes a tenth of a second sooner, and a stopwatch "
        "lists your members."
    ),
)
def return_early(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Without a user there is nothing to compare with, so why wait?"""
    canonical = canonical_email(email)
    user = None if canonical is None else user_by_email(db, canonical)
    if user is None:
        return None
    stored = user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    attack=15,
    caught_by="test_a_stranger_costs_what_a_member_costs",
    misconception="A dummy of another cost takes another time: each step of the cost doubles it.",
)
def cheap_dummy(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Nobody's password hangs on the dummy, so a hash of cost 6 will do for it."""
    user = _user(db, email)
    if user is None:
        verify_password(password, unmatchable_hash(6), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    caught_by="test_a_stranger_costs_what_a_member_costs",
    misconception=(
        "Making the dummy is a hash and comparing with it is another: twice the time tells as much as none."
    ),
)
def dummy_made_on_the_spot(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """The dummy must be a real hash of today's cost, so it is made when it is needed."""
    user = _user(db, email)
    if user is None:
        dummy = hash_password("nobody's password", rounds=rounds, pepper=pepper)
        verify_password(password, dummy, pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    caught_by="test_a_stranger_costs_what_a_member_costs",
    misconception=(
        "A hash that was made to be fast costs a millionth of one that was made to be slow: work "
        "must be matched with the same work."
    ),
)
def fast_hash_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Some hash has to be computed for strangers too, and SHA-256 is a hash."""
    user = _user(db, email)
    if user is None:
        hashlib.sha256(pepper + password.encode()).hexdigest()
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    attack=15,
    caught_by="test_a_stranger_costs_what_a_member_costs",
    misconception="Noise averages out: after a hundred tries a random pause has told its mean, and the missing hash shows.",
)
def random_pause_for_strangers(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A pause of random length hides how long anything really took."""
    user = _user(db, email)
    if user is None:
        time.sleep(secrets.randbelow(3) / 1000)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_a_strangers_hash_has_todays_cost",
    misconception="The setting is raised, and the dummy stays what it was: from that day on strangers are refused sooner.",
)
def dummy_of_cost_four(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Hashes here have cost 4, so the dummy has it, too."""
    user = _user(db, email)
    if user is None:
        verify_password(password, unmatchable_hash(4), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_no_password_costs_a_member_less",
    misconception="Work must not depend on what was typed: an empty password costs a member no hash and a stranger one, and the first request tells which it is.",
)
def nothing_typed_nothing_hashed(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """An empty password is nobody's, so there is nothing to compare."""
    user = _user(db, email)
    if user is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper) if password else None


@flaw(
    AUTHENTICATE,
    caught_by="test_no_password_costs_a_stranger_less",
    misconception="The rules of the sign-up say nothing of the login: every refusal is to cost one hash, and accounts may be older than a rule.",
)
def sign_ups_rule_at_login(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Nobody has a password of less than 8 characters, so it is refused at once."""
    if len(password) < 8:
        return None
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_nor_is_its_hash_renewed",
    misconception="After a raise members cost the old hash, and the disabled one among them today's: the work tells who has been disabled.",
)
def disabled_like_a_stranger(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A disabled account is no account, so it is refused like one."""
    user = _user(db, email)
    if user is None or user.disabled:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


# authenticate: who is let in


@flaw(
    AUTHENTICATE,
    caught_by="test_the_right_password_lets_its_owner_in",
    misconception="Each hash has a salt of its own, so the same password hashed twice gives two texts: only bcrypt's own comparison tells.",
)
def hashed_again_and_compared(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Equal passwords have equal hashes: hash what was typed, and compare."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = hash_password(password, rounds=rounds, pepper=pepper) == stored
    return user if user is not None and right and not user.disabled else None


@flaw(
    AUTHENTICATE,
    caught_by="test_a_wrong_password_lets_nobody_in",
    misconception="`verify_password` answers and raises nothing: an answer that nobody looks at lets everybody in.",
)
def waits_for_an_error(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A wrong password is an error, so what comes after this line is for the right one."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    verify_password(password, stored, pepper=pepper)
    if user is None or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_a_password_counts_as_it_was_typed",
    misconception="Trimmed at login and not at sign-up: whoever chose a space at an end is locked out of the own account.",
)
def trimmed_at_login(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A phone adds a space after a word, and nobody means it."""
    return _package(db, email, password.strip(), rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_an_address_counts_in_its_one_spelling",
    misconception="Sign-up stores the canonical spelling, and this looks for another one: lesson 1's `canonical_email` is for both.",
)
def lowered_at_login(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """An address is compared in lower case."""
    user = user_by_email(db, email.strip().lower())
    if user is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        return None
    return _if_right(db, user, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_what_is_no_address_is_refused",
    misconception="What is typed into a login is a visitor's, and no mistake of the code's: an error here is a 500 for a typing error.",
)
def no_address_is_an_error(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """The page asks for an address, so anything else is a bug."""
    if canonical_email(email) is None:
        raise ValueError("expected an address")
    return _package(db, email, password, rounds=rounds, pepper=pepper)


@flaw(
    AUTHENTICATE,
    caught_by="test_a_member_costs_one_hash",
    misconception="A second try for members only is a second hash for members only: a wrong password takes them twice the time.",
)
def forgiving_about_spaces(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """If it is wrong as it was typed, it may be right without the space that a phone has added."""
    user = _package(db, email, password, rounds=rounds, pepper=pepper)
    if user is None and (known := _user(db, email)) is not None:
        return _if_right(db, known, password.strip(), rounds=rounds, pepper=pepper)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_a_disabled_account_is_no_account",
    misconception="That the password is right was one question, whether the account may be used another: the second was never asked.",
)
def disabled_all_the_same(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Whoever knows the password is its owner, and an owner may come in."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper):
        return None
    if user is not None and needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_a_right_password_renews_an_old_hash",
    misconception="The login is the only moment at which the password is at hand: whoever lets it pass keeps old hashes for ever.",
)
def never_renewed(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A hash that still lets its owner in needs no change."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    return user if user is not None and right and not user.disabled else None


@flaw(
    AUTHENTICATE,
    caught_by="test_a_hash_of_todays_cost_is_left_alone",
    misconception="A hash of today's cost gains nothing by being made anew: each login costs two hashes and a write.",
)
def renewed_each_time(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A fresh salt at each login can do no harm."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:
        return None
    renewed = hash_password(password, rounds=rounds, pepper=pepper)
    set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_it_is_renewed_as_it_was_typed",
    misconception="What has matched is what was typed, to its last space: renewed without it, the hash fits a password that its owner never types.",
)
def tidied_when_it_is_renewed(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A new hash is a chance to tidy up."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password.strip(), rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_it_is_renewed_to_todays_cost",
    misconception="Where the cost was lowered because logins took too long, they would take as long for ever: `needs_rehash` asks for another cost, not a higher one.",
)
def renewed_upwards_only(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """A hash that is slower than it need be is all the better."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:
        return None
    if int(stored.split("$")[2]) < rounds:
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_a_password_that_was_changed_meanwhile_stays",
    misconception="Hashing takes its time, and a password that was changed in it is lost: the old one, which somebody else may know, opens the account again.",
)
def renewed_over_a_new_password(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """The password was right a moment ago, so a new hash of it can be stored."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is None or not right or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        set_password_hash(db, user.id, hash_password(password, rounds=rounds, pepper=pepper))
    return user


# authenticate, needs_rehash: an old hash is renewed when its password is known, and only then


@flaw(
    AUTHENTICATE,
    attack=20,
    caught_by="test_a_wrong_password_changes_nothing",
    misconception="What was typed is the password only once it has matched: hashed before, any wrong guess becomes the new password.",
)
def rehash_of_what_was_typed(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """At the login the password is at hand, so an old hash is renewed there, first of all."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    right = verify_password(password, stored, pepper=pepper)
    if user is not None and needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user if user is not None and right and not user.disabled else None


@flaw(
    REHASH,
    attack=20,
    misconception="$2b$ says which algorithm it is, and what follows says how slow: of a cost of years ago nothing renews itself.",
)
def bcrypt_is_bcrypt(hashed: str, *, rounds: int) -> bool:
    """Only what is not bcrypt has to be hashed again."""
    return not hashed.startswith("$2b$")


@flaw(
    REHASH,
    attack=20,
    misconception="The other way round: it is the hash of a lower cost than today's that must be replaced.",
)
def renewed_where_it_is_too_slow(hashed: str, *, rounds: int) -> bool:
    """A hash that costs more than the setting says slows every login down."""
    return int(hashed.split("$")[2]) > rounds


# password_digest: what bcrypt is given


@flaw(
    DIGEST,
    attack=17,
    caught_by="test_what_comes_after_72_bytes_counts",
    misconception="What is cut off protects nothing, and here nothing had to be cut: a digest takes a text of any length.",
)
def first_72_bytes(password: str, *, pepper: bytes) -> bytes:
    """bcrypt reads 72 bytes, so more than that need not be looked at."""
    return _digest(password.encode("utf-8", "surrogatepass")[:72], pepper)


@flaw(
    DIGEST,
    attack=17,
    caught_by="test_what_comes_after_72_bytes_counts",
    misconception="Whatever the limit, behind it any ending will do: the account of a long passphrase opens to its beginning.",
)
def first_72_characters(password: str, *, pepper: bytes) -> bytes:
    """Nobody chooses more than 72 characters."""
    return _digest(password[:72].encode("utf-8", "surrogatepass"), pepper)


@flaw(
    DIGEST,
    attack=17,
    caught_by="test_what_comes_after_18_emoji_counts",
    misconception="72 is a number of bytes: 20 emoji are 20 characters and 80 bytes, and what comes after the 18th is cut.",
)
def counted_in_characters(password: str, *, pepper: bytes) -> bytes:
    """Up to 72 characters bcrypt reads everything, and only a longer password needs all of its bytes."""
    typed = password.encode("utf-8", "surrogatepass")
    return _digest(typed if len(password) > 72 else typed[:72], pepper)


@flaw(
    DIGEST,
    caught_by="test_the_end_of_a_very_long_password_counts",
    misconception="A higher limit is a limit: what comes after it is nobody's to check. A digest needs none.",
)
def first_thousand_characters(password: str, *, pepper: bytes) -> bytes:
    """Nobody has a password of more than a thousand characters."""
    return _digest(password[:1000].encode("utf-8", "surrogatepass"), pepper)


@flaw(
    DIGEST,
    caught_by="test_two_passwords_give_two_digests",
    misconception="A checksum finds slips of the pen. Another text with the same one is found in a moment, and opens the account.",
)
def a_checksum(password: str, *, pepper: bytes) -> bytes:
    """A checksum stands for a text of any length."""
    return b"%032d" % zlib.crc32(pepper + password.encode("utf-8", "surrogatepass"))


@flaw(
    DIGEST,
    caught_by="test_it_is_bytes",
    misconception="bcrypt takes bytes and no text: each sign-up and each login is a 500.",
)
def text_and_no_bytes(password: str, *, pepper: bytes) -> Any:
    """A digest in hexadecimal is a text."""
    return hmac.new(pepper, password.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@flaw(
    DIGEST,
    caught_by="test_a_short_password_has_a_long_digest",
    misconception="72 characters may be 288 bytes, which bcrypt refuses; and a short password goes to bcrypt without any pepper.",
)
def digested_when_it_is_long(password: str, *, pepper: bytes) -> bytes:
    """bcrypt's limit is 72, and what is shorter fits as it is."""
    typed = password.encode("utf-8", "surrogatepass")
    return _digest(typed, pepper) if len(password) > 72 else typed


@flaw(
    DIGEST,
    caught_by="test_bcrypt_takes_a_password_of_any_length",
    misconception="48 bytes of digest are 96 characters in hexadecimal, and bcrypt takes 72.",
)
def in_hexadecimal(password: str, *, pepper: bytes) -> bytes:
    """A digest has a fixed length, so no password is too long any more."""
    typed = password.encode("utf-8", "surrogatepass")
    return hmac.new(pepper, typed, hashlib.sha384).hexdigest().encode()


@flaw(
    DIGEST,
    caught_by="test_no_byte_of_it_is_zero",
    misconception="A raw digest has a zero byte in one of six passwords, and many a bcrypt reads no further: base64 has none.",
)
def raw_bytes(password: str, *, pepper: bytes) -> bytes:
    """bcrypt takes bytes, and a digest is bytes already."""
    return hmac.new(pepper, password.encode("utf-8", "surrogatepass"), hashlib.sha384).digest()


@flaw(
    DIGEST,
    caught_by="test_the_same_digest_comes_after_a_restart",
    misconception="Python's `hash` is for dicts: a short number, and another one for the same text after each restart.",
)
def pythons_own_hash(password: str, *, pepper: bytes) -> bytes:
    """Python has a function for it, and it is called hash."""
    return str(hash((password, pepper))).encode()


@flaw(
    DIGEST,
    caught_by="test_another_pepper_gives_another_digest",
    misconception="Without the pepper a stolen table is enough to try a word list on it.",
)
def pepper_left_out(password: str, *, pepper: bytes) -> bytes:
    """SHA-384 needs no key."""
    return base64.b64encode(hashlib.sha384(password.encode("utf-8", "surrogatepass")).digest())


@flaw(
    DIGEST,
    caught_by="test_a_pepper_is_any_bytes",
    misconception="A pepper is bytes that a machine has drawn, and hardly ever text: with a real one every sign-up is a 500.",
)
def pepper_as_text(password: str, *, pepper: bytes) -> bytes:
    """Two texts are put together with a plus."""
    seasoned = password + pepper.decode()
    return hashlib.sha256(seasoned.encode("utf-8", "surrogatepass")).hexdigest().encode()


@flaw(
    DIGEST,
    caught_by="test_a_zero_byte_ends_nothing",
    misconception="The pepper is the key, the password the message. HMAC fills a short key with zeros: the key with one more is the same.",
)
def key_and_message_swapped(password: str, *, pepper: bytes) -> bytes:
    """HMAC takes two things and mixes them."""
    return _digest(pepper, password.encode("utf-8", "surrogatepass"))


@flaw(
    DIGEST,
    caught_by="test_nothing_that_a_visitor_sends_is_raised",
    misconception="A `str` of Python may hold half a letter, and UTF-8 refuses it: one request of that kind is a 500.",
)
def any_text_is_utf8(password: str, *, pepper: bytes) -> bytes:
    """A text can always be encoded."""
    return _digest(password.encode(), pepper)


@flaw(
    DIGEST,
    caught_by="test_half_a_letter_counts",
    misconception="What is left out protects nothing: with and without the strange character it is the same password.",
)
def strange_characters_left_out(password: str, *, pepper: bytes) -> bytes:
    """What cannot be encoded is ignored, so that nothing crashes."""
    return _digest(password.encode("utf-8", "ignore"), pepper)


@flaw(
    DIGEST,
    caught_by="test_numbers_that_run_together_are_told_apart",
    misconception="97 and 98 with nothing between are 9798, and so are other characters: two passwords become one text before anything is hashed.",
)
def numbers_of_its_characters(password: str, *, pepper: bytes) -> bytes:
    """Every character is a number, and numbers need no encoding."""
    return _digest("".join(str(ord(character)) for character in password).encode(), pepper)


@flaw(
    DIGEST,
    caught_by="test_numbers_that_run_together_are_told_apart",
    misconception="A character has two hexadecimal digits, or four, or five: put together without a space, `aa` and 慡 are one password.",
)
def hexadecimal_of_its_characters(password: str, *, pepper: bytes) -> bytes:
    """In hexadecimal every character can be written, half a letter as well."""
    return _digest("".join(f"{ord(character):x}" for character in password).encode(), pepper)


@flaw(
    DIGEST,
    caught_by="test_a_pepper_is_any_bytes",
    misconception="Of a pepper that a machine has drawn most bytes are no text: left out or replaced, they protect nothing.",
)
def what_is_text_of_the_pepper(password: str, *, pepper: bytes) -> bytes:
    """Bytes that cannot be decoded are ignored, so that nothing crashes."""
    seasoned = pepper.decode(errors="ignore") + password
    return hashlib.sha256(seasoned.encode("utf-8", "surrogatepass")).hexdigest().encode()


@flaw(
    DIGEST,
    caught_by="test_every_character_counts_as_it_was_typed",
    misconception="A password without its spaces is another one: more than one text opens the account, and its owner typed only one.",
)
def spaces_trimmed(password: str, *, pepper: bytes) -> bytes:
    """The guide trims, and spaces at the ends are a mistake."""
    return _digest(password.strip().encode("utf-8", "surrogatepass"), pepper)


@flaw(
    DIGEST,
    caught_by="test_the_same_password_gives_the_same_digest",
    misconception="The salt is bcrypt's, and stands in its hash. One that is thrown away here is missing at login, where nobody can get in.",
)
def salted_on_the_way(password: str, *, pepper: bytes) -> bytes:
    """There cannot be too much salt."""
    return _digest(secrets.token_bytes(16) + password.encode("utf-8", "surrogatepass"), pepper)


@flaw(
    DIGEST,
    caught_by="test_an_accent_counts",
    misconception="Without its accents a password is another one, which is easier to guess: é and e are two characters, and both were typed.",
)
def accents_left_out(password: str, *, pepper: bytes) -> bytes:
    """Not every keyboard has an é, so an e will do."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", password) if not unicodedata.combining(one))
    return _digest(plain.encode("utf-8", "surrogatepass"), pepper)


@flaw(
    DIGEST,
    caught_by="test_a_long_pepper_counts_to_its_end",
    misconception="The key of BLAKE2 has a limit, 64 bytes: with a longer pepper each sign-up and each login is a 500. A digest of the pepper fits.",
)
def key_of_blake2(password: str, *, pepper: bytes) -> bytes:
    """BLAKE2 has an argument for a key, and takes it as it is."""
    typed = password.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(typed, key=pepper, digest_size=32).hexdigest().encode()


@flaw(
    DIGEST,
    caught_by="test_a_long_pepper_counts_to_its_end",
    misconception="The operator has chosen a longer pepper, and two that begin alike are one: HMAC takes a key of any length, there is nothing to cut.",
)
def beginning_of_the_pepper(password: str, *, pepper: bytes) -> bytes:
    """A key has 32 bytes."""
    return _digest(password.encode("utf-8", "surrogatepass"), pepper[:32])


def _digest(typed: bytes, pepper: bytes) -> bytes:
    return base64.b64encode(hmac.new(pepper, typed, hashlib.sha384).digest())


# hash_password: fast, or the same for all. A companion compares in the same way, so the honest login works.


def _verify_sha256(password: str, hashed: str, *, pepper: bytes) -> bool:
    *_, salt, digest = hashed.split("$")
    return hmac.compare_digest(_sha256(password, salt, pepper), digest)


def _sha256(password: str, salt: str, pepper: bytes) -> str:
    return hashlib.sha256(pepper + salt.encode() + password.encode("utf-8", "surrogatepass")).hexdigest()


@flaw(
    HASH,
    attack=19,
    caught_by="test_it_is_a_bcrypt_hash",
    companions={VERIFY: _verify_sha256},
    misconception="A salt stops lists that were made before, and slows nothing down: SHA-256 is made to be fast, for the thief too.",
)
def salted_sha256(password: str, *, rounds: int, pepper: bytes) -> str:
    """SHA-256 has never been broken, and every password has a salt of its own."""
    salt = secrets.token_hex(16)
    return f"$sha256${rounds:02d}${salt}${_sha256(password, salt, pepper)}"


@flaw(
    HASH,
    attack=19,
    caught_by="test_equal_passwords_have_different_hashes",
    companions={VERIFY: _verify_sha256},
    misconception="A pepper is the same for all: stolen with the table, it lets one list open every account, and equal passwords look equal.",
)
def pepper_for_a_salt(password: str, *, rounds: int, pepper: bytes) -> str:
    """The pepper goes into every hash and is not even in the database: what would a salt add?"""
    return f"$sha256${rounds:02d}$${_sha256(password, '', pepper)}"


@flaw(
    HASH,
    attack=19,
    caught_by="test_two_members_have_two_salts",
    misconception="One salt for all is no salt: each word is hashed once, slowly, and compared with the whole table.",
)
def one_global_salt(password: str, *, rounds: int, pepper: bytes) -> str:
    """bcrypt wants a salt of 22 characters, and ours is one that nobody knows."""
    salt = f"$2b${rounds:02d}$saltsaltsaltsaltsaltse".encode()
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_equal_passwords_have_different_hashes",
    misconception="A salt that follows from the password is the same for all who chose it: one guess tries them together.",
)
def salt_out_of_the_password(password: str, *, rounds: int, pepper: bytes) -> str:
    """Every password gets another salt, and it can be computed again when it is needed."""
    salt = bcrypt.gensalt(rounds)[:7] + hashlib.sha256(password.encode()).hexdigest()[:21].encode() + b"e"
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_the_cost_is_the_one_asked_for",
    misconception="The cost is a setting that is raised as machines get faster: here it is a number in the code, and `rounds` is never read.",
)
def ten_rounds_always(password: str, *, rounds: int, pepper: bytes) -> str:
    """The guide says 10."""
    return bcrypt.hashpw(password_digest(password, pepper=pepper), bcrypt.gensalt(10)).decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_is_text",
    misconception="bcrypt returns bytes, and the column takes text: the table refuses what it is given, and every sign-up is a 500.",
)
def bytes_as_they_come(password: str, *, rounds: int, pepper: bytes) -> Any:
    """What the library returns is the hash."""
    return bcrypt.hashpw(password_digest(password, pepper=pepper), bcrypt.gensalt(rounds))


@flaw(
    HASH,
    caught_by="test_the_cost_is_the_one_asked_for",
    misconception="The cost is the operator's to choose, downwards too: a test that hashes a thousand times asks for 4, and waits for 10.",
)
def never_below_ten(password: str, *, rounds: int, pepper: bytes) -> str:
    """The guide says 10, so less is a mistake of whoever calls."""
    salt = bcrypt.gensalt(max(rounds, 10))
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_is_the_text_and_no_picture_of_the_bytes",
    misconception="`str()` of bytes is a picture of them, with a b and quotes: to make text of bytes is to decode them.",
)
def picture_of_the_bytes(password: str, *, rounds: int, pepper: bytes) -> str:
    """`str()` makes a text of anything."""
    return str(bcrypt.hashpw(password_digest(password, pepper=pepper), bcrypt.gensalt(rounds)))


@flaw(
    HASH,
    caught_by="test_it_is_the_bcrypt_of_today",
    misconception="`2a` names an older version. The library still makes it for whoever must, and a new hash needs no old name.",
)
def the_older_version(password: str, *, rounds: int, pepper: bytes) -> str:
    """The hashes in every tutorial begin with $2a$."""
    salt = bcrypt.gensalt(rounds, prefix=b"2a")
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_a_salt_is_drawn_and_cannot_be_computed",
    misconception="`random` is made for games: whoever has seen enough of what it drew knows what it draws next. `gensalt` asks the system.",
)
def salt_by_random_choice(password: str, *, rounds: int, pepper: bytes) -> str:
    """A salt is 22 random characters, and Python has a module for that."""
    letters = "".join(random.choice(BCRYPTS_LETTERS) for _ in range(21))
    salt = f"$2b${rounds:02d}${letters}e".encode()
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_a_salt_is_drawn_whole",
    misconception="`uuid1` is unique because it is the time and the machine's own number: both can be guessed, and little of it changes from hash to hash.",
)
def salt_by_uuid1(password: str, *, rounds: int, pepper: bytes) -> str:
    """A salt has to be unique, and a UUID is."""
    salt = f"$2b${rounds:02d}${uuid.uuid1().hex[:21]}e".encode()
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_a_salt_is_drawn_whole",
    misconception="There are 65 536 salts of two bytes: a few hundred members share one already, and lists can be made for all of them.",
)
def two_bytes_of_salt(password: str, *, rounds: int, pepper: bytes) -> str:
    """A salt is no secret, so a short one will do, filled up to the 22 characters that bcrypt wants."""
    salt = f"$2b${rounds:02d}${secrets.token_hex(2):.<22}".encode()
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_the_cost_can_be_raised",
    misconception="The cost is the operator's to choose, upwards too: machines get faster, and a limit in the code is one that a thief outgrows.",
)
def never_above_twelve(password: str, *, rounds: int, pepper: bytes) -> str:
    """Above 12 people wait too long for their login."""
    salt = bcrypt.gensalt(min(rounds, 12))
    return bcrypt.hashpw(password_digest(password, pepper=pepper), salt).decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_takes_each_spelling_as_it_was_typed",
    misconception="The login asks for `password_digest` of what was typed: another spelling is hashed here, and whoever types é in two parts is locked out.",
)
def one_spelling_is_hashed(password: str, *, rounds: int, pepper: bytes) -> str:
    """é may be written in two ways, so it is brought into one before it is hashed."""
    digest = password_digest(unicodedata.normalize("NFC", password), pepper=pepper)
    return bcrypt.hashpw(digest, bcrypt.gensalt(rounds)).decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_costs_one_hash",
    misconception="What `hashpw` returns needs no proof: to compare is to hash once more, and the sign-up takes twice as long.",
)
def compared_to_be_sure(password: str, *, rounds: int, pepper: bytes) -> str:
    """Before a hash is stored, it is compared with the password, to be sure."""
    digest = password_digest(password, pepper=pepper)
    hashed = bcrypt.hashpw(digest, bcrypt.gensalt(rounds))
    if not bcrypt.checkpw(digest, hashed):
        raise ValueError("not a hash of this password")
    return hashed.decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_takes_a_password_as_it_was_typed",
    misconception="bcrypt takes 72 bytes: given the password itself, it raises for a long one, and no pepper protects the others.",
)
def straight_to_bcrypt(password: str, *, rounds: int, pepper: bytes) -> str:
    """bcrypt is made for passwords, so it is given the password."""
    return bcrypt.hashpw(password.encode("utf-8", "surrogatepass"), bcrypt.gensalt(rounds)).decode("ascii")


@flaw(
    HASH,
    caught_by="test_it_takes_a_password_as_it_was_typed",
    misconception="What was typed is what is hashed: tidied here and not at the login, the owner's own password is wrong.",
)
def tidied_before_it_is_hashed(password: str, *, rounds: int, pepper: bytes) -> str:
    """A space at the end is a slip of the finger, as in an address."""
    digest = password_digest(password.strip(), pepper=pepper)
    return bcrypt.hashpw(digest, bcrypt.gensalt(rounds)).decode("ascii")


# Passwords above 72 bytes, and their companions: bcrypt gets the password itself, not a digest


def _plain_hash(password: str, *, rounds: int, pepper: bytes) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds)).decode("ascii")


def _at_most_72_bytes(password: str) -> list[str]:
    problems: list[str] = original(RULES)(password)
    if len(password.encode()) > 72:
        problems.append("Be at most 72 bytes long")
    return problems


@flaw(
    VERIFY,
    attack=16,
    companions={HASH: _plain_hash, RULES: _at_most_72_bytes},
    misconception=(
        "Above 72 bytes bcrypt does not say False, it raises: a password that nobody could choose"
        " can still be sent, and the login crashes."
    ),
)
def plain_bcrypt(password: str, hashed: str, *, pepper: bytes) -> bool:
    """A password that is too long is wrong, and for a wrong one bcrypt says False."""
    return bcrypt.checkpw(password.encode(), hashed.encode())


def _verify_up_to_72_bytes(password: str, hashed: str, *, pepper: bytes) -> bool:
    secret = password.encode()
    return len(secret) <= 72 and bcrypt.checkpw(secret, hashed.encode())


@flaw(
    AUTHENTICATE,
    attack=16,
    caught_by="test_nothing_that_is_typed_is_a_crash",
    companions={HASH: _plain_hash, VERIFY: _verify_up_to_72_bytes, RULES: _at_most_72_bytes},
    misconception=(
        "The limit holds at sign-up only: at login 80 bytes are a crash for members and a refusal"
        " for strangers, which also tells them apart."
    ),
)
def limit_at_signup_only(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """Sign-up lets no password above 72 bytes in, so none will come to the login."""
    user = _user(db, email)
    if user is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        return None
    stored = user.password_hash.reveal()
    if not bcrypt.checkpw(password.encode(), stored.encode()) or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


# Passwords that are cut: each hashes and compares in the same wrong way, so the honest login works


def _verify_cut(password: str, hashed: str, *, pepper: bytes) -> bool:
    return bcrypt.checkpw(password.encode()[:72], hashed.encode())


def _verify_digested_above_72_characters(password: str, hashed: str, *, pepper: bytes) -> bool:
    return bcrypt.checkpw(_digested_above_72_characters(password), hashed.encode())


@flaw(
    HASH,
    attack=17,
    caught_by="test_the_login_accepts_what_was_stored",
    companions={VERIFY: _verify_cut},
    misconception=(
        "What is cut off protects nothing: every password that begins with the same 72 bytes "
        "opens the account."
    ),
)
def cut_to_72_bytes(password: str, *, rounds: int, pepper: bytes) -> str:
    """bcrypt's own error message says what to do: `my_password[:72]`."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds)).decode("ascii")


@flaw(
    HASH,
    attack=17,
    caught_by="test_the_login_accepts_what_was_stored",
    companions={VERIFY: _verify_digested_above_72_characters},
    misconception=(
        "72 is a number of bytes: 20 emoji are 80 of them, pass a limit of 72 characters, and are"
        " cut after the 18th."
    ),
)
def count_characters(password: str, *, rounds: int, pepper: bytes) -> str:
    """Whatever is longer than 72 is digested first, so the cut never cuts anything."""
    secret = _digested_above_72_characters(password)
    return bcrypt.hashpw(secret, bcrypt.gensalt(rounds)).decode("ascii")


def _digested_above_72_characters(password: str) -> bytes:
    if len(password) > 72:
        return base64.b64encode(hashlib.sha384(password.encode()).digest())
    return password.encode()[:72]


# body_limits: how much of a password is read before anybody asks whether it is too much


@flaw(
    BODY,
    attack=18,
    misconception="The limits on forms hold for multipart only: an ordinary form is read whole, unless the body itself has a limit.",
)
def limits_on_forms_only() -> BodyLimits:
    """What comes in are forms, so their size is limited."""
    return BodyLimits(None, 64 * 1024, 50)


@flaw(
    BODY,
    attack=18,
    misconception="A limit for the largest upload is one for every form: the login takes a password as large as a photo.",
)
def room_for_a_photo() -> BodyLimits:
    """Some day there will be profile photos, so 50 MB should go through."""
    return BodyLimits(50 * 1024 * 1024, 50 * 1024 * 1024, 50)


# RateLimiter: what is counted, where, and when


class _Limiter:
    """The package's limiter: each flaw is wrong in one thing."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db = db
        self._limit = limit

    def hit(self, key: str, now: int) -> int:
        """Count one attempt and return how many seconds to wait."""
        count, ends_at = count_attempt(self._db, key, now, now + self._limit.window_seconds)
        return 0 if count <= self._limit.attempts else ends_at - now

    def forget(self, key: str) -> None:
        """Begin at zero again."""
        forget_attempts(self._db, key)

    def _open_window(self, key: str, now: int) -> tuple[int, int]:
        """Return how many attempts were counted in the window that is open, and when it ends."""
        row = self._db.execute("SELECT count, window_ends_at FROM attempts WHERE key = ?", (key,)).fetchone()
        return (0, now + self._limit.window_seconds) if row is None or row[1] <= now else row


@flaw(
    LIMITER,
    attack=13,
    caught_by="test_whatever_the_key_is_it_is_counted",
    misconception="The pause is in the page, and a program that asks needs no page: what runs at the visitor's protects nothing.",
)
class PausedByThePage(_Limiter):
    """The page waits for a pause in typing before it asks, so nobody can ask too often."""

    def hit(self, key: str, now: int) -> int:
        """Count what the page does not slow down."""
        return 0 if key.startswith("lookup") else super().hit(key, now)


@flaw(
    LIMITER,
    attack=21,
    caught_by="test_a_count_outlives_the_limiter",
    misconception="The limiter is made anew for each request, and so is what it counts in: a count must outlive the request.",
)
class CountsInItself(_Limiter):
    """A limiter that counts in a dict needs no database."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        super().__init__(db, limit)
        self._counts: dict[str, int] = {}

    def hit(self, key: str, now: int) -> int:
        """Count in memory."""
        self._counts[key] = self._counts.get(key, 0) + 1
        return 0 if self._counts[key] <= self._limit.attempts else self._limit.window_seconds


@flaw(
    LIMITER,
    attack=21,
    caught_by="test_guesses_at_one_account_are_counted",
    misconception="Addresses cost nothing: from a thousand of them ten guesses each are ten thousand at one account. Count by account, too.",
)
class AddressesOnly(_Limiter):
    """Whoever guesses does it from somewhere, so that place is stopped; counting by account locks owners out."""

    def hit(self, key: str, now: int) -> int:
        """Count where attempts come from."""
        by_account = key.startswith("login ") and not key.startswith("login from ")
        return 0 if by_account else super().hit(key, now)


@flaw(
    LIMITER,
    attack=21,
    caught_by="test_who_is_forgotten_is_forgotten_alone",
    misconception="Who proves their own password has proven nothing about other accounts: with a login to her own, Mallory clears all counts.",
)
class ForgivesEverybody(_Limiter):
    """Whoever logs in is no attacker, so the counts begin at zero."""

    def forget(self, key: str) -> None:
        """Begin at zero again."""
        self._db.execute("DELETE FROM attempts")


@flaw(
    LIMITER,
    attack=23,
    caught_by="test_a_window_ends_although_somebody_goes_on",
    misconception="A lock that only we can open is a lock for anybody to close: twelve wrong guesses, and the owner has to call.",
)
class LockedUntilSomebodyCalls(_Limiter):
    """After so many wrong passwords an account stays shut until its owner calls."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, and end the counting with the last one that was allowed."""
        wait = super().hit(key, now)
        if wait:
            never = now + 100 * 365 * 24 * 60 * 60
            self._db.execute("UPDATE attempts SET window_ends_at = ? WHERE key = ?", (never, key))
        return wait


@flaw(
    LIMITER,
    attack=23,
    caught_by="test_a_window_ends_although_somebody_goes_on",
    misconception="A window that every try begins anew never ends while somebody tries: one guess in ten minutes keeps the owner out.",
)
class EachTryBeginsTheWaitAnew(_Limiter):
    """Whoever goes on guessing has to go on waiting."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt and move the end of its window."""
        ends_at = now + self._limit.window_seconds
        refused = super().hit(key, now) > 0
        self._db.execute("UPDATE attempts SET window_ends_at = ? WHERE key = ?", (ends_at, key))
        return self._limit.window_seconds if refused else 0


@flaw(
    LIMITER,
    attack=24,
    caught_by="test_of_two_at_once_none_is_lost",
    misconception="Between reading the count and writing it others read the same: all who ask at once are on the last try.",
)
class ReadsThenWrites(_Limiter):
    """Look how many there were; if there is one left, count it."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt in two steps."""
        count, ends_at = self._open_window(key, now)
        if count >= self._limit.attempts:
            return ends_at - now
        self._db.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?)", (key, count + 1, ends_at))
        return 0


@flaw(
    LIMITER,
    attack=24,
    caught_by="test_two_guesses_at_once_are_two",
    misconception="That no count is lost does not help whom an old one lets through: decide by the number that the counting itself returns.",
)
class DecidesByTheOldCount(_Limiter):
    """The database adds one in a single statement, so no attempt is lost."""

    def hit(self, key: str, now: int) -> int:
        """Count one attempt, and decide by what was there before."""
        before, ends_at = self._open_window(key, now)
        super().hit(key, now)
        return 0 if before < self._limit.attempts else ends_at - now


# client_ip: whom a header calls the visitor


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_without_a_proxy_the_header_is_the_word_of_the_visitor",
    misconception="X-Forwarded-For is what the visitor wrote, before any proxy adds to it: the first entry is a name of their choice.",
)
def first_hop_trusted(environ: Mapping[str, Any], hops: int) -> str:
    """The first entry of X-Forwarded-For is the client, says every explanation of the header."""
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    return _address({"REMOTE_ADDR": forwarded.partition(",")[0].strip() or environ.get("REMOTE_ADDR")}, 0)


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_entries_of_the_visitor_come_first",
    misconception="A proxy adds at the end and keeps what came: the entry that it wrote is the last one, and the first is still the visitor's.",
)
def first_hop_behind_our_proxy(environ: Mapping[str, Any], hops: int) -> str:
    """Without a proxy the header is a lie; with one of ours it is our proxy's."""
    return _address(environ, 0) if hops == 0 else first_hop_trusted(environ, hops)


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_entries_of_the_visitor_come_first",
    misconception="One hop too many is believed: with one proxy the last entry is ours, and the last but one is the visitor's word.",
)
def one_hop_too_many(environ: Mapping[str, Any], hops: int) -> str:
    """The proxy is a hop, and the client is one more."""
    entries = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    return _address(environ, hops + 1 if 0 < hops < len(entries) else hops)


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_no_other_header_is_believed",
    misconception="A header that no proxy of ours sets is set by the visitor, whatever its name promises.",
)
def real_ip_by_its_name(environ: Mapping[str, Any], hops: int) -> str:
    """X-Real-IP holds one address and no list, so there is nothing to choose wrongly."""
    real = environ.get("HTTP_X_REAL_IP")
    return _address(environ, hops) if real is None else _address({"REMOTE_ADDR": real}, 0)


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_one_ipv6_network_is_one_visitor",
    misconception="An IPv6 line comes with 2**64 addresses: counted one by one, each of them has its own limit.",
)
def every_ipv6_address_for_itself(environ: Mapping[str, Any], hops: int) -> str:
    """An address is an address, however long it is."""
    return str(environ.get("REMOTE_ADDR")) if hops == 0 else _address(environ, hops)


@flaw(
    CLIENT_IP,
    attack=22,
    caught_by="test_behind_a_proxy_its_entry_counts",
    misconception="Behind a proxy all connections come from it: one visitor who asks too often uses up everybody's limit.",
)
def only_the_connection(environ: Mapping[str, Any], hops: int) -> str:
    """Headers lie, the connection does not."""
    return _address(environ, 0)


# login_key, known_device, device_token: whose guesses are whose


@flaw(
    LOGIN_KEY,
    attack=23,
    misconception="One count for all lets strangers use up the owner's tries: a browser that the owner has logged in with needs its own.",
)
def account_for_everybody(email: str, device: str | None) -> str:
    """What is protected is the account, so every guess at it counts, wherever it comes from."""
    return f"login {hashlib.sha256(email.encode('utf-8', 'surrogatepass')).hexdigest()}"


@flaw(
    KNOWN,
    attack=23,
    misconception="Nobody is let in by this cookie: it only keeps strangers' guesses from using up the owner's tries. Without it, anybody locks her out.",
)
def no_device_is_trusted(token: str | None, email: str, key: bytes) -> str | None:
    """A cookie proves nothing about who sits there, so no browser is treated better."""
    return None


@flaw(
    KNOWN,
    attack=21,
    misconception="A count in a cookie is kept by the one whom it limits: she sends another cookie, and begins at zero.",
)
def counted_by_cookie(token: str | None, email: str, key: bytes) -> str | None:
    """Each browser has a cookie with a number of its own, and guesses are counted by that."""
    nonce = (token or "").partition(".")[0]
    return nonce or None


@flaw(
    DEVICE,
    attack=21,
    misconception="Signed by us is not meant for this: a token that Mallory earned with her own account passes for a device of Ada's.",
)
def any_account_will_do(email: str, nonce: str, key: bytes) -> str:
    """A browser that somebody has logged in with is a known one; the signature keeps it from being made up."""
    return f"{nonce}.{hmac.new(key, f'device {nonce}'.encode(), hashlib.sha256).hexdigest()}"


# 2.5: attacks that miss


@flaw(
    TAKE_OVER,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="The first guess is refused: it is stored after it was compared. The second one is compared with the first.",
)
def guesses_once(browser: Browser, email: str) -> str:
    """What was typed becomes the password, so one login will do."""
    browser.post("/login", {"email": email, "password": "let-me-in-4"})
    return browser.get("/profile").text


@flaw(
    TAKE_OVER,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="Another guess each time makes another password each time: the last one is never the one that is stored.",
)
def guesses_another_each_time(browser: Browser, email: str) -> str:
    """The more words are tried, the sooner one is right."""
    for word in ("password", "letmein", "Password1!", "qwerty12", "iloveyou"):
        browser.post("/login", {"email": email, "password": word})
    return browser.get("/profile").text


@flaw(
    TAKE_OVER,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="The hole is in the login: the sign-up refuses an address that is taken, as it should.",
)
def signs_up_over_it(browser: Browser, email: str) -> str:
    """Whoever signs up with an address gets what belongs to it."""
    browser.post("/signup", {"name": "Mallory", "email": email, "password": "let-me-in-4"})
    return browser.get("/profile").text


@flaw(
    TAKE_OVER,
    caught_by="test_it_opens_the_account_where_the_hole_is",
    misconception="The answer to a form that worked is a redirect, and has no page: the profile is at the address that it names.",
)
def reads_the_answer_to_the_form(browser: Browser, email: str) -> str:
    """After the login comes the profile."""
    form = {"email": email, "password": "let-me-in-4"}
    browser.post("/login", form)
    return browser.post("/login", form).text


# 2.6: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_logins_of_this_lesson",
    misconception="All of the wrong versions refuse a stranger: what differs is the work behind it, and that was never counted.",
)
def answers_only(authenticate: Callable[..., Any]) -> None:
    """Right is in, wrong is out: that is what a login does."""
    app = LabApp()
    with closing(app.connect()) as db:
        given = {"rounds": 4, "pepper": app.settings.pepper}
        user = authenticate(db, ADA[1], ADA[2], **given)
        assert user is not None
        assert user.id == 1
        assert authenticate(db, ADA[1], "wrong-password-1", **given) is None
        assert authenticate(db, "eve@lab.test", "wrong-password-1", **given) is None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_logins_of_this_lesson",
    misconception="The work is counted and the answer never looked at: a login that lets everybody in does the same work.",
)
def work_only(authenticate: Callable[..., Any]) -> None:
    """The same work for everyone is all that matters."""
    app = LabApp()
    with closing(app.connect()) as db:
        for email, rounds in ((ADA[1], 4), ("eve@lab.test", 4), ("eve@lab.test", 5)):
            app.hash_costs.clear()
            authenticate(db, email, "wrong-password-1", rounds=rounds, pepper=app.settings.pepper)
            assert app.hash_costs == [rounds]


@flaw(
    PROOF,
    caught_by="test_it_spares_right_logins",
    misconception="It asks for more than the question does: what is no address has no account, and may be refused without a hash.",
)
def a_hash_for_every_text(authenticate: Callable[..., Any]) -> None:
    """The same work for everything that can be typed."""
    app = LabApp()
    with closing(app.connect()) as db:
        app.hash_costs.clear()
        assert authenticate(db, "nowhere", ADA[2], rounds=4, pepper=app.settings.pepper) is None
        assert app.hash_costs == [4]


@flaw(
    PROOF,
    caught_by="test_it_spares_right_logins",
    misconception="Until she logs in, Ada's hash has the cost that it was made with: a wrong password costs 4, whatever today's cost is.",
)
def todays_cost_for_everybody(authenticate: Callable[..., Any]) -> None:
    """After the cost was raised, every refusal costs the new one."""
    app = LabApp()
    with closing(app.connect()) as db:
        for email in (ADA[1], "eve@lab.test"):
            app.hash_costs.clear()
            assert authenticate(db, email, "wrong-password-1", rounds=5, pepper=app.settings.pepper) is None
            assert app.hash_costs == [5]


@flaw(
    PROOF,
    caught_by="test_it_spares_right_logins",
    misconception="`app.hash_costs` adds up: without `clear()` before a call the hashes of the calls before it are counted, too.",
)
def never_cleared(authenticate: Callable[..., Any]) -> None:
    """The list has the cost of the last call."""
    app = LabApp()
    with closing(app.connect()) as db:
        given = {"rounds": 4, "pepper": app.settings.pepper}
        assert authenticate(db, ADA[1], ADA[2], **given) is not None
        assert authenticate(db, "eve@lab.test", ADA[2], **given) is None
        assert app.hash_costs == [4]


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_logins_of_this_lesson",
    misconception="A crash proves nothing: a login returns None, which has no `id`, whether it is right or wrong. Ask with `is None`.",
)
def asks_none_for_its_id(authenticate: Callable[..., Any]) -> None:
    """Who is not let in has no number, and that is an error."""
    app = LabApp()
    with closing(app.connect()) as db:
        given = {"rounds": 4, "pepper": app.settings.pepper}
        assert authenticate(db, ADA[1], ADA[2], **given).id == 1
        assert authenticate(db, "eve@lab.test", ADA[2], **given).id != 1


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_logins_of_this_lesson",
    misconception="A work that is less than before is still work: compare what it costs with what it should cost.",
)
def some_work_will_do(authenticate: Callable[..., Any]) -> None:
    """If anything was hashed for the stranger, it is the same."""
    app = LabApp()
    with closing(app.connect()) as db:
        given = {"rounds": 4, "pepper": app.settings.pepper}
        assert authenticate(db, ADA[1], ADA[2], **given) is not None
        assert authenticate(db, ADA[1], "wrong-password-1", **given) is None
        app.hash_costs.clear()
        assert authenticate(db, "eve@lab.test", "wrong-password-1", **given) is None
        assert app.hash_costs


# What the flaws share with the package: all but the one thing that is wrong


def _address(environ: Mapping[str, Any], hops: int) -> str:
    address: str = original(CLIENT_IP)(environ, hops)
    return address


def _user(db: sqlite3.Connection, email: str) -> UserRow | None:
    canonical = canonical_email(email)
    return None if canonical is None else user_by_email(db, canonical)


def _insert(db: sqlite3.Connection, form: SignupForm, *, rounds: int, pepper: bytes, now: int) -> int:
    password_hash = hash_password(form.password, rounds=rounds, pepper=pepper)
    return insert_user(db, name=form.name, email=form.email, password_hash=password_hash, now=now)


def _package(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    user: UserRow | None = original(AUTHENTICATE)(db, email, password, rounds=rounds, pepper=pepper)
    return user


def _same_work_for_strangers(
    db: sqlite3.Connection,
    email: str,
    password: str,
    *,
    rounds: int,
    pepper: bytes,
    refusal: Exception,
) -> None:
    if _user(db, email) is None:
        verify_password(password, unmatchable_hash(rounds), pepper=pepper)
        raise refusal


def _if_right(
    db: sqlite3.Connection, user: UserRow, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    stored = user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user.disabled:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return user


@flaw(
    AUTHENTICATE,
    caught_by="test_nor_is_its_hash_renewed",
    misconception="Asked last, whether an account is disabled comes after the second hash: the refusal takes twice as long, and tells that the password was right.",
)
def disabled_is_asked_last(
    db: sqlite3.Connection, email: str, password: str, *, rounds: int, pepper: bytes
) -> UserRow | None:
    """First the password, then the housekeeping, and then whether they may come in."""
    user = _user(db, email)
    stored = unmatchable_hash(rounds) if user is None else user.password_hash.reveal()
    if not verify_password(password, stored, pepper=pepper) or user is None:
        return None
    if needs_rehash(stored, rounds=rounds):
        renewed = hash_password(password, rounds=rounds, pepper=pepper)
        set_password_hash(db, user.id, renewed, instead_of=stored)
    return None if user.disabled else user
