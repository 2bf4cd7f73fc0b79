"""Checks of lesson 10."""

import sqlite3
from contextlib import closing, suppress

import pytest

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.course.kata.lesson_10_roles import answer_of
from authlab.db import delete_user, insert_session
from authlab.errors import NotSignedIn
from authlab.lab.apps import LabApp
from authlab.lab.browser import Browser
from authlab.roles import dashboard, require_role


def mallory_signed_in(app: LabApp) -> tuple[Browser]:
    """A member like any other, who has signed up a moment ago."""
    mallory = app.browser()
    mallory.post("/signup", {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"})
    return (mallory,)


def what_kept_her_out(app: LabApp, people: tuple[Browser]) -> str:
    """What came of Mallory's requests, where they can tell why the page at /admin did not."""
    sent = people[0].history
    actions = [request for request in sent if " /admin/users/" in request]
    if app.members()[3][2] == "admin":
        return "none: the role was changed, and the page at /admin was not what came back after that"
    if any("GET" in request for request in actions):
        return "none: an action was asked for with GET, as a page is"
    if any("/4/role" in request for request in actions):
        return "none: the form's `role` was no role of this app"
    if any("/role" in request for request in actions):
        return "none: the role that was changed is another member's"
    if actions:
        return "none: the action that was called leaves the caller's role as it is"
    return "none: no action of an admin was called"


def numbers(db: sqlite3.Connection) -> list[int]:
    """The accounts that are there."""
    return [row[0] for row in db.execute("SELECT id FROM users ORDER BY id")]


def is_an_error(answer: object) -> bool:
    """Whether an answer is an error, or a kind of error, that was not raised."""
    return isinstance(answer, Exception) or (isinstance(answer, type) and issubclass(answer, Exception))


def as_read(text: str) -> str:
    """The same letters in another object, as a database returns them."""
    return "".join(list(text))


def another_admin_writes(db: sqlite3.Connection, statement: str, *, before: str = "DELETE") -> list[str]:
    """Have somebody else run `statement` in the moment before a row of the table of users goes, or before
    another statement.

    It is in the list that comes back once it is done. It is not where the database was locked: whoever holds
    the lock from the check to the write is as safe as one statement.
    """
    path = db.execute("PRAGMA database_list").fetchone()[2]
    done: list[str] = []

    def look(sql: str) -> None:
        if before in sql.upper() and not done:
            other = sqlite3.connect(path, isolation_level=None, timeout=0)
            with closing(other), suppress(sqlite3.OperationalError):
                other.execute(statement)
                done.append(statement)

    db.set_trace_callback(look)
    return done


@exercise("10.1")
class TestNobodyAndNotYou:
    def test_who_has_the_role_goes_on(self) -> None:
        """The caller works with the row that comes back: Ada for a user's page, Grace for an admin's."""
        assert answer_of(require_role, member(1), "user") == member(1)
        assert answer_of(require_role, member(2, role="admin"), "admin") == member(2, role="admin")

    def test_nothing_but_the_role_is_asked(self) -> None:
        """A team says whose names one sees, and a phone number nothing at all."""
        ada, grace = member(1, team="engines", phone=None), member(2, role="admin", team="engines")
        assert answer_of(require_role, ada, "user") == ada
        assert answer_of(require_role, grace, "admin") == grace

    def test_a_refusal_does_not_come_back(self) -> None:
        """What is returned is an answer, and a caller that does not look at it goes on: the action behind the
        refusal runs. Nobody overlooks an error that is raised."""
        assert answer_of(require_role, member(1), "admin") is not None, (
            "require_role(member(1), 'admin'): expected an error, got None"
        )
        assert not is_an_error(answer_of(require_role, member(1), "admin")), (
            "require_role(member(1), 'admin'): expected an error that is raised, got one that is returned"
        )

    def test_nobody_is_asked_who_they_are(self) -> None:
        """401: a login would help. It is the first question, and the role is the second."""
        assert answer_of(require_role, None, "admin") == 401
        assert answer_of(require_role, None, "user") == 401

    def test_roles_are_compared_by_their_letters(self) -> None:
        """`is` asks whether two names mean one object. A role that was read from a database is another
        object, with the same letters, and Grace would be refused."""
        assert answer_of(require_role, member(2, role=as_read("admin")), "admin") == member(2, role="admin")

    @judging.request(
        'form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        'browser.get("/admin").status_code',
        closed=403,
    )
    def test_somebody_with_another_role_is_refused(self) -> None:
        """403: they are known, and may not. Sent to log in, they would come back as the same person."""
        assert answer_of(require_role, member(1), "admin") == 403

    def test_roles_have_no_order(self) -> None:
        """A page for users is not one for admins: who wants both says so, in a rule that can be read."""
        assert answer_of(require_role, member(2, role="admin"), "user") == 403

    def test_a_role_is_a_whole_word(self) -> None:
        """`"user" in "superuser"` is true. Tomorrow there is a third role, and its name has the letters of
        another one in it, or comes after it in the alphabet."""
        assert answer_of(require_role, member(3, role="superuser"), "user") == 403
        assert answer_of(require_role, member(3, role="no-admin"), "admin") == 403
        assert answer_of(require_role, member(3, role="users"), "user") == 403
        assert answer_of(require_role, member(3, role="owner"), "admin") == 403
        assert answer_of(require_role, member(3, role="user,admin"), "admin") == 403

    def test_a_piece_of_a_role_is_none(self) -> None:
        """`"adm" in "admin"` is true, with parentheses around the role and without. A role is compared as a
        whole."""
        assert answer_of(require_role, member(3, role="adm"), "admin") == 403
        assert answer_of(require_role, member(3, role="min"), "admin") == 403

    def test_no_role_is_not_the_least_role(self) -> None:
        """A role that was not read, or not given yet, is empty. What nobody has decided is refused."""
        assert answer_of(require_role, member(3, role=""), "user") == 403
        assert answer_of(require_role, member(3, role=""), "admin") == 403

    def test_a_role_is_spelled_in_one_way(self) -> None:
        """Where one check takes `Admin` for a role and another does not, somebody finds the way between."""
        assert answer_of(require_role, member(3, role="Admin"), "admin") == 403
        assert answer_of(require_role, member(3, role="user "), "user") == 403

    def test_a_role_is_the_one_of_this_moment(self) -> None:
        """Grace is an admin, and a moment later she is none. What was found out about member 2 before counts
        no more."""
        answer_of(require_role, member(2, role="admin"), "admin")
        assert answer_of(require_role, member(2), "admin") == 403

    def test_no_cookie_is_taken_back(self) -> None:
        """`stale` tells the app to delete the visitor's cookie, and nobody has looked at one here."""
        with pytest.raises(NotSignedIn) as refused:
            require_role(None, "admin")
        assert refused.value.stale is False


@exercise("10.2")
class TestTheRestIsNotAUser:
    def test_an_admin_has_the_dashboard_of_admins(self) -> None:
        """The role comes from the row in the database, and it is the argument."""
        assert answer_of(dashboard, "admin") == "dashboard_admin.html"

    @judging.request(
        'form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        '"You are an admin" in browser.get("/dashboard").text',
        closed=False,
    )
    def test_a_user_has_the_dashboard_of_users(self) -> None:
        """And not the one with the links for admins."""
        assert answer_of(dashboard, "user") == "dashboard_user.html"

    def test_a_role_from_the_database_has_the_same_letters(self) -> None:
        """`is` asks for the same object, which a text that was read a moment ago never is."""
        assert answer_of(dashboard, as_read("admin")) == "dashboard_admin.html"
        assert answer_of(dashboard, as_read("user")) == "dashboard_user.html"

    def test_an_unknown_role_gets_no_page_of_another(self) -> None:
        """An auditor, a guest, a suspended member: whoever adds a role and forgets this page has a page that
        is closed, not one that is open."""
        assert answer_of(dashboard, "auditor") != "dashboard_user.html", (
            "dashboard('auditor'): expected a refusal, got 'dashboard_user.html'"
        )

    def test_an_unknown_role_is_an_error_and_not_nothing(self) -> None:
        """None goes on to whoever renders the page, and crashes there."""
        assert answer_of(dashboard, "auditor") is not None, (
            "dashboard('auditor'): expected a refusal, got None"
        )

    def test_an_unknown_role_is_not_sent_to_log_in(self) -> None:
        """They are logged in. The login page sends them here, this page sends them there, for ever."""
        assert answer_of(dashboard, "auditor") != 401, (
            "answer_of(dashboard, 'auditor'): expected 403, got 401"
        )

    def test_no_role_makes_a_file_name(self) -> None:
        """A template's name that is put together from a value opens whatever file the value names."""
        assert answer_of(dashboard, "../user") == 403
        assert answer_of(dashboard, "user.html") == 403

    def test_another_spelling_is_another_role(self) -> None:
        """Nothing in the database is called `Admin`: wherever it came from, it was not from there."""
        assert answer_of(dashboard, "Admin") == 403
        assert answer_of(dashboard, "user ") == 403

    def test_a_piece_of_a_role_is_no_role(self) -> None:
        """The first letter of `admin` is not an admin."""
        assert answer_of(dashboard, "a") == 403
        assert answer_of(dashboard, "use") == 403

    def test_a_role_with_admin_in_it_is_not_admin(self) -> None:
        """A role is a whole word."""
        assert answer_of(dashboard, "no-admin") == 403
        assert answer_of(dashboard, "superuser") == 403
        assert answer_of(dashboard, "administrator") == 403
        assert answer_of(dashboard, "users") == 403
        assert answer_of(dashboard, "user,admin") == 403
        assert answer_of(dashboard, "admin\n") == 403

    def test_an_unknown_role_is_refused(self) -> None:
        """403: they are known, and there is nothing for them here."""
        assert answer_of(dashboard, "auditor") == 403
        assert answer_of(dashboard, "") == 403
        assert answer_of(dashboard, "owner") == 403
        assert answer_of(dashboard, "guest") == 403


@exercise("10.3")
class TestTheButtonThatIsNotThere:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """The page asks for the role. Behind one of its buttons, nobody does."""
        judging.attack_wins("10.3", cast=mallory_signed_in, hindrance=what_kept_her_out)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where the action asks for itself, a member without the button is refused like one with it."""
        judging.attack_loses("10.3", cast=mallory_signed_in)


@exercise("10.4")
class TestARightOfAMomentAgo:
    def test_an_admin_deletes_an_account(self, db: sqlite3.Connection) -> None:
        """Grace is user 2 and an admin; user 3 is Alan. His row goes, and no other."""
        assert bool(delete_user(db, 3, by=2)) is True
        assert numbers(db) == [1, 2]

    def test_what_is_deleted_stays_deleted(self, db: sqlite3.Connection) -> None:
        """A transaction that was begun and not ended is taken back with the connection, and until then nobody
        else can write: neither a deletion nor a refusal leaves one open."""
        delete_user(db, 3, by=2)
        assert db.in_transaction is False
        delete_user(db, 2, by=1)
        assert db.in_transaction is False

    def test_a_transaction_ends_when_its_write_fails(self, db: sqlite3.Connection) -> None:
        """A full disk, for one: the error goes past the line that ends the transaction, and from then on
        nobody else can write."""
        db.execute(
            "CREATE TRIGGER full BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        with suppress(sqlite3.Error):
            delete_user(db, 3, by=2)
        assert not db.in_transaction, (
            "delete_user(db, 3, by=2), where the DELETE fails: expected no open transaction, got one"
        )

    def test_another_admin_can_be_deleted(self, db: sqlite3.Connection) -> None:
        """Admins leave, too: it takes another admin, and no more."""
        db.execute("UPDATE users SET role = 'admin' WHERE id = 1")
        assert bool(delete_user(db, 1, by=2)) is True
        assert numbers(db) == [2, 3]

    def test_a_disabled_account_can_be_deleted(self, db: sqlite3.Connection) -> None:
        """Disabled is what the account is that goes, not who asks."""
        db.execute("UPDATE users SET disabled_at = 1 WHERE id = 3")
        assert bool(delete_user(db, 3, by=2)) is True
        assert numbers(db) == [1, 2]

    def test_a_member_deletes_nobody(self, db: sqlite3.Connection) -> None:
        """Ada is user 1. Whoever calls this part, it looks for itself who is asking."""
        assert bool(delete_user(db, 3, by=1)) is False
        assert numbers(db) == [1, 2, 3]

    @judging.request(
        'browser.post("/login", {"email": "grace@lab.test", "password": "first-compiler-1952"})',
        'browser.post("/admin/users/2/delete").status_code',
        closed=404,
    )
    def test_nobody_deletes_themselves(self, db: sqlite3.Connection) -> None:
        """A wrong click, and the last admin is gone: nobody could undo it."""
        assert bool(delete_user(db, 2, by=2)) is False
        assert numbers(db) == [1, 2, 3]

    def test_who_is_gone_deletes_nobody(self, db: sqlite3.Connection) -> None:
        """There is no user 99: whose account was deleted a moment ago has no rights any more."""
        assert bool(delete_user(db, 3, by=99)) is False
        assert numbers(db) == [1, 2, 3]

    def test_a_disabled_admin_deletes_nobody(self, db: sqlite3.Connection) -> None:
        """An account is disabled because something is wrong with it. The role stays in the row."""
        db.execute("UPDATE users SET disabled_at = 1 WHERE id = 2")
        assert bool(delete_user(db, 3, by=2)) is False
        assert numbers(db) == [1, 2, 3]

    def test_a_refusal_is_no_success(self, db: sqlite3.Connection) -> None:
        """No such account, nothing deleted: the page that says "done" would lie."""
        assert bool(delete_user(db, 99, by=2)) is False

    def test_a_refusal_ends_no_session(self, db: sqlite3.Connection) -> None:
        """A member who may delete nobody may log nobody out either. And with the row, its sessions go."""
        insert_session(
            db, session_id="one", secret_hash="", user_id=3, device="a browser", now=1, expires_at=9
        )
        delete_user(db, 3, by=1)
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1
        delete_user(db, 3, by=2)
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0

    def test_her_role_is_taken_away_meanwhile(self, db: sqlite3.Connection) -> None:
        """Another admin writes in the moment before the row goes. Whatever was asked earlier is out of date;
        of two admins who take each other's rights at once, both would win."""
        written = another_admin_writes(db, "UPDATE users SET role = 'user' WHERE id = 2")
        deleted = delete_user(db, 3, by=2)
        assert not (deleted and written), (
            "delete_user(db, 3, by=2), while user 2 loses the role: expected False, got True"
        )
        assert numbers(db) == ([1, 2, 3] if written else [1, 2])

    def test_her_account_is_disabled_meanwhile(self, db: sqlite3.Connection) -> None:
        """The other half of the right is lost in the same way."""
        written = another_admin_writes(db, "UPDATE users SET disabled_at = 1 WHERE id = 2")
        deleted = delete_user(db, 3, by=2)
        assert not (deleted and written), (
            "delete_user(db, 3, by=2), while user 2 is disabled: expected False, got True"
        )
        assert numbers(db) == ([1, 2, 3] if written else [1, 2])

    def test_a_lock_that_comes_after_the_question_is_late(self, db: sqlite3.Connection) -> None:
        """Another admin writes in the moment before a transaction begins. Nothing that was asked before it is
        held by it."""
        written = another_admin_writes(db, "UPDATE users SET role = 'user' WHERE id = 2", before="BEGIN")
        deleted = delete_user(db, 3, by=2)
        assert not (deleted and written), (
            "delete_user(db, 3, by=2), where user 2 loses the role before the BEGIN: expected False, got True"
        )


@exercise("10.5")
class TestATestForTheDoor:
    def test_it_spares_right_doors(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("10.5")

    def test_it_catches_the_wrong_doors_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("10.5")
