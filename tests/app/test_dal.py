"""The data access layer: the proof before the data, once a request, and never for the next visitor."""

import ast
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError
from werkzeug.test import create_environ

from authlab import dal
from authlab.dal import Dal
from authlab.db import Connection, Database, UserRow, insert_user
from authlab.dto import UserDTO, user_dto
from authlab.errors import Forbidden, NotSignedIn
from authlab.lab.apps import GRACE as LAB_GRACE
from authlab.lab.apps import LabApp
from authlab.request import TRACE_KEY, Request
from authlab.server_only import ServerOnly
from authlab.sessions.strategy import strategy
from authlab.settings import Settings
from tests.app.visitors import signed_in

ADA = 1
GRACE = 2
NOW = 1_767_603_600


class Visits:
    """Makes requests to one database, and remembers what each asked it."""

    def __init__(self, folder: Path, sessions: Literal["stateless", "database"]) -> None:
        self.now = NOW
        self.database = Database(folder / "app.sqlite")
        self.settings = Settings(
            {"k": b"k" * 32},
            b"p" * 32,
            folder / "app.sqlite",
            bcrypt_rounds=4,
            sessions=sessions,
            clock=lambda: self.now,
        )
        self.sessions = strategy(self.settings)
        self.trace: list[tuple[str, str]] = []
        self._open: list[Request] = []

    def sign_in(self, user_id: int) -> str:
        """Return the token of a new session."""
        db = self.database.connect()
        token = self.sessions.create(db, user_id, "a browser")
        db.close()
        return token

    def of(self, user_id: int | None = None, *, cookie: str | None = None) -> Request:
        """A request with the session of a user, with any cookie, or with none."""
        token = cookie if user_id is None else self.sign_in(user_id)
        headers = {} if token is None else {"Cookie": f"__Host-session={token}"}
        environ = create_environ("/profile", "https://lab.test", headers=headers)
        environ[TRACE_KEY] = self.trace
        request = Request(environ, self.settings, self.database, self.sessions)
        self._open.append(request)
        return request

    def sql(self) -> list[str]:
        return [what for layer, what in self.trace if layer == "db"]

    def close(self) -> None:
        for request in self._open:
            request.close()


@pytest.fixture(params=["stateless", "database"])
def visits(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """What holds, holds for both ways of keeping sessions."""
    visits = Visits(tmp_path, request.param)
    db = visits.database.connect()
    insert_user(db, name="Ada", email="ada@lab.test", password_hash="ada's hash", now=NOW)
    insert_user(db, name="Grace", email="grace@lab.test", password_hash="her hash", now=NOW, role="admin")
    db.close()
    yield visits
    visits.close()


def forget(visits: Visits, user_id: int) -> None:
    db = visits.database.connect()
    db.execute("DELETE FROM users WHERE id = ?", (user_id,))
    db.close()


def test_a_session_proves_its_user(visits: Visits) -> None:
    """The row as it stands in the database now, not as it was when the session began."""
    row = dal.verify_session(visits.of(ADA))
    assert row == UserRow(1, "member-1", "Ada", "ada@lab.test", ServerOnly("ada's hash"), "user")


def test_no_cookie_is_nobody(visits: Visits) -> None:
    """Nothing was sent, so there is nothing to take back, and nothing to ask the database."""
    with pytest.raises(NotSignedIn) as refused:
        dal.verify_session(visits.of())
    assert refused.value.stale is False
    assert visits.sql() == []


@pytest.mark.parametrize("cookie", ["1", "a.b.c", "", "null"])
def test_a_made_up_cookie_is_nobody_and_is_taken_back(visits: Visits, cookie: str) -> None:
    """It proves nothing, so the database is not asked; and it is stale, so that the answer clears it."""
    with pytest.raises(NotSignedIn) as refused:
        dal.verify_session(visits.of(cookie=cookie))
    assert refused.value.stale is True
    assert visits.sql() == []


def test_a_session_that_has_run_out_is_nobody(visits: Visits) -> None:
    """Seven days on the server's clock, whatever the browser kept; proving it is not using it."""
    token = visits.sign_in(ADA)
    visits.now += 24 * 60 * 60 - 1
    assert dal.verify_session(visits.of(cookie=token)).id == ADA
    visits.now += 6 * 24 * 60 * 60 + 1
    with pytest.raises(NotSignedIn):
        dal.verify_session(visits.of(cookie=token))


def test_a_session_of_a_deleted_user_is_nobody(visits: Visits) -> None:
    """The signature holds, the user is gone: a token says who, the database says whether."""
    token = visits.sign_in(ADA)
    forget(visits, ADA)
    with pytest.raises(NotSignedIn) as refused:
        dal.verify_session(visits.of(cookie=token))
    assert refused.value.stale is True


def test_a_deleted_user_s_number_is_not_given_again(visits: Visits) -> None:
    """SQLite would hand the highest number to the next one who signs up, and with it their page to whoever
    holds the old session."""
    token = visits.sign_in(GRACE)
    forget(visits, GRACE)
    db = visits.database.connect()
    insert_user(db, name="Zoe", email="zoe@lab.test", password_hash="a hash", now=NOW)
    db.close()
    with pytest.raises(NotSignedIn):
        dal.verify_session(visits.of(cookie=token))


def test_a_user_is_proven_once_a_request(visits: Visits) -> None:
    """A page, its navigation and its fragments all ask; the database is asked once."""
    request = visits.of(ADA)
    dal.get_user(request)
    dal.get_user_or_none(request)
    dal.verify_session(request)
    assert len(visits.sql()) == 1


def test_what_was_proven_ends_with_its_request(visits: Visits) -> None:
    """A memo that outlived the request would show Ada's page to the next visitor."""
    assert dal.get_user(visits.of(ADA)).name == "Ada"
    assert dal.get_user(visits.of(GRACE)).name == "Grace"
    assert dal.get_user_or_none(visits.of()) is None


def test_a_guest_is_none_where_guests_are_welcome(visits: Visits) -> None:
    """The start page is for everybody, and for a made-up cookie too."""
    assert dal.get_user_or_none(visits.of()) is None
    assert dal.get_user_or_none(visits.of(cookie="1")) is None


def test_all_accounts_are_for_admins(visits: Visits) -> None:
    """Grace gets all of them, Ada is refused as herself, and nobody is sent to log in."""
    assert [account.name for account in Dal(visits.of(GRACE)).accounts()] == ["Ada", "Grace"]
    with pytest.raises(Forbidden):
        Dal(visits.of(ADA)).accounts()
    with pytest.raises(NotSignedIn):
        Dal(visits.of())


def test_a_refused_admin_reads_no_row_but_their_own(visits: Visits) -> None:
    """The check comes before the query, not between the query and the page."""
    with pytest.raises(Forbidden):
        Dal(visits.of(ADA)).accounts()
    (asked,) = visits.sql()
    assert "session_id = ?" in asked


def test_nobody_reaches_a_method_without_being_proven(visits: Visits) -> None:
    """There is no `Dal` to call a method of: whoever writes a new method cannot forget the check."""
    for cookie in (None, "1", "a.b.c"):
        with pytest.raises(NotSignedIn):
            Dal(visits.of(cookie=cookie))


# Other members


def put_in_team(visits: Visits, user_id: int, team: str) -> None:
    Dal(visits.of(GRACE)).set_team(user_id, team)


def test_a_team_sees_its_members_by_name_and_an_admin_everybody(visits: Visits) -> None:
    """Zoe is in Ada's team; Grace, who is in none, is an admin."""
    db = visits.database.connect()
    zoe = insert_user(db, name="Zoe", email="zoe@lab.test", password_hash="a hash", now=NOW)
    insert_user(db, name="Mallory", email="mallory@lab.test", password_hash="a hash", now=NOW)
    db.close()
    put_in_team(visits, ADA, "engines")
    put_in_team(visits, zoe, "engines")
    assert [member.name for member in Dal(visits.of(ADA)).team()] == ["Ada", "Zoe"]
    assert [member.name for member in Dal(visits.of(ADA)).team("o")] == ["Zoe"]
    assert [member.editable for member in Dal(visits.of(ADA)).team()] == [True, False]
    assert [member.name for member in Dal(visits.of(GRACE)).team()] == ["Ada", "Grace", "Zoe", "Mallory"]


def test_to_be_in_no_team_is_no_team(visits: Visits) -> None:
    """Or all whom nobody has put anywhere would see each other's numbers."""
    assert Dal(visits.of(ADA)).team() == []


def test_a_role_that_nobody_knows_is_given_to_nobody(visits: Visits) -> None:
    """False, as for a member who is not there: whoever calls this is told that nothing was changed."""
    assert Dal(visits.of(GRACE)).set_role(ADA, "owner") is False
    assert dal.verify_session(visits.of(ADA)).role == "user"
    assert Dal(visits.of(GRACE)).set_role(ADA, "admin") is True
    assert dal.verify_session(visits.of(ADA)).role == "admin"


# Sessions that end


def test_an_account_that_is_enabled_again_begins_without_sessions(visits: Visits) -> None:
    """It was disabled for a reason, such as a stolen token: that token must not come back with it."""
    token = visits.sign_in(ADA)
    assert Dal(visits.of(GRACE)).set_disabled(ADA, True)
    assert Dal(visits.of(GRACE)).set_disabled(ADA, False)
    with pytest.raises(NotSignedIn):
        dal.verify_session(visits.of(cookie=token))
    assert dal.verify_session(visits.of(ADA)).id == ADA


def test_whose_session_is_ended_meanwhile_ends_no_other(visits: Visits) -> None:
    """A thief who is logged out at this moment would log out the owner. The cookie is taken back."""
    thief = Dal(visits.of(ADA))
    assert Dal(visits.of(GRACE)).end_sessions(ADA)
    owner = visits.sign_in(ADA)
    with pytest.raises(NotSignedIn) as refused:
        thief.end_other_sessions()
    assert refused.value.stale is True
    assert dal.verify_session(visits.of(cookie=owner)).id == ADA


@pytest.mark.parametrize("visits", ["database"], indirect=True)
def test_the_list_of_devices_marks_the_one_that_asks(visits: Visits) -> None:
    """Two browsers, and each is told which of the two it is: the other one may be somebody else's."""
    laptop, phone = visits.of(ADA), visits.of(ADA)
    assert [device.current for device in Dal(laptop).devices()] == [False, True]
    assert [device.current for device in Dal(phone).devices()] == [True, False]


# What is remembered of a member is forgotten when it changes


@pytest.fixture
def remembering() -> Iterator[LabApp]:
    """An app that keeps for a minute what the database said of a session."""
    with closing(LabApp(sessions="database", cached=True)) as app:
        yield app


@pytest.mark.parametrize(
    ("path", "form", "shown_at", "shown"),
    [
        ("/members/member-1/phone", {"phone": "+44 1843"}, "/api/me", "+44 1843"),
        ("/admin/users/1/role", {"role": "admin"}, "/profile", "<dd>admin</dd>"),
        ("/admin/users/1/team", {"team": "looms"}, "/api/me", "looms"),
    ],
)
def test_a_change_shows_on_the_next_page(
    remembering: LabApp, path: str, form: dict[str, str], shown_at: str, shown: str
) -> None:
    """Grace changes it while Ada looks on: a right that was taken away must not last a minute longer."""
    ada, grace = signed_in(remembering), signed_in(remembering, LAB_GRACE)
    assert shown not in ada.get(shown_at).text
    assert grace.post(path, form).status_code == 303
    assert shown in ada.get(shown_at).text


def test_what_leaves_is_named(visits: Visits) -> None:
    """One field after the other: a column that is added tomorrow stays inside until somebody decides."""
    assert dal.get_user(visits.of(ADA)).model_dump() == {
        "id": 1,
        "name": "Ada",
        "email": "ada@lab.test",
        "role": "user",
        "username": "member-1",
        "team": None,
        "phone": None,
    }
    assert all("hash" not in account.model_dump_json() for account in Dal(visits.of(GRACE)).accounts())


def test_a_dto_takes_no_hash() -> None:
    """Handed a whole row by mistake, it refuses instead of carrying it out."""
    with pytest.raises(ValidationError):
        UserDTO(
            id=1,
            name="Ada",
            email="ada@lab.test",
            role="user",
            username="member-1",
            team=None,
            phone=None,
            password_hash="x",  # type: ignore[call-arg]
        )


def test_a_dto_is_not_changed_on_its_way_out() -> None:
    """What the data access layer decided, no page edits: `user.role = "admin"` is an error."""
    leaving = user_dto(UserRow(1, "member-1", "Ada", "ada@lab.test", ServerOnly("a hash"), "user"))
    with pytest.raises(ValidationError):
        leaving.role = "admin"


def test_a_row_printed_by_accident_shows_no_hash() -> None:
    """In a log, in a traceback, in a notebook."""
    row = UserRow(1, "member-1", "Ada", "ada@lab.test", ServerOnly("the hash"), "user")
    assert "the hash" not in repr(row)


def test_the_trace_says_who_was_proven_and_nothing_secret(visits: Visits) -> None:
    """A lab shows it to everybody in the room: no token, no hash, no value of any query."""
    token = visits.sign_in(ADA)
    dal.get_user(visits.of(cookie=token))
    shown = str(visits.trace)
    assert "proven: user 1" in shown
    assert token not in shown
    assert "ada's hash" not in shown
    assert "ada@lab.test" not in shown


def test_the_trace_says_which_layer_refused_whom(visits: Visits) -> None:
    """The X-ray under a page and the lessons print these lines: what they say is what happened."""
    Dal(visits.of(GRACE)).accounts()
    with pytest.raises(Forbidden):
        Dal(visits.of(ADA)).accounts()
    with pytest.raises(NotSignedIn):
        Dal(visits.of())
    assert [step for step in visits.trace if step[0] != "db"] == [
        ("dal", "proven: user 2, role admin"),
        ("dal", "proven: user 1, role user"),
        ("dal", "refused: user 1 is no admin"),
        ("dal", "refused: nobody is signed in"),
    ]


def test_a_request_that_asks_nothing_opens_no_connection(
    visits: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest's page needs no database: a crowd of guests holds no file open."""
    opened: list[object] = []
    connect = visits.database.connect

    def count(**options: object) -> Connection:
        opened.append(options)
        return connect()

    token = visits.sign_in(ADA)
    monkeypatch.setattr(visits.database, "connect", count)
    assert dal.get_user_or_none(visits.of()) is None
    assert opened == []
    dal.get_user(visits.of(cookie=token))
    assert len(opened) == 1


@pytest.mark.parametrize("module", ["pages", "fragments", "actions", "api"])
def test_pages_get_data_through_the_layer_and_not_around_it(module: str) -> None:
    """No page reads a user's row itself: whoever adds one finds no query to call without the check."""
    text = Path(dal.__file__).with_name(f"{module}.py").read_text("utf-8")
    taken = {
        alias.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == "authlab.db"
        for alias in node.names
    }
    assert taken <= {"claim_form", "note_login", "transaction"}
