"""The class board: who sees what, who may do what, and what a visitor learns from being refused."""

import ast
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

import authlab.classroom.board
from authlab.classroom.board import dal
from authlab.classroom.board import db as tables
from authlab.classroom.board.forms import shown_name
from authlab.classroom.board.keys import ALPHABET, new_code, new_secret, same_code
from authlab.classroom.board.picture import misconceptions_of
from authlab.classroom.board.routes import ROUTES
from authlab.classroom.board.settings import board_settings, new_instructor_key
from authlab.db import Database
from authlab.errors import NotSignedIn, SettingsError
from authlab.lab.apps import ADA, GRACE
from authlab.lab.browser import Browser
from authlab.settings import Settings
from tests.classroom.board_as_app import VAULT, LabBoard

EVIL = "https://evil.test"


@pytest.fixture
def board() -> Iterator[LabBoard]:
    board = LabBoard()
    yield board
    board.close()
    assert board.crashes == []


def signed_in(board: LabBoard, who: tuple[str, str, str], **options: Any) -> Browser:
    browser = board.plain_browser(**options)
    assert browser.post("/login", {"key": board.keys[who[1]]}).status_code == 303
    browser.get("/dashboard")  # its forms carry the token
    return browser


def join(board: LabBoard, name: str, **more: str) -> requests.Response:
    return board.plain_browser().request("POST", "/api/join", json={"code": board.code, "name": name, **more})


def send(
    board: LabBoard, key: str, *reports: dict[str, Any], path: str = "/api/reports", **more: Any
) -> requests.Response:
    return board.plain_browser().request(
        "POST", path, json={"reports": [*reports], **more}, headers={"Authorization": f"Bearer {key}"}
    )


def report(number: int, exercise: str = "1.1", status: str = "failed", **more: Any) -> dict[str, Any]:
    return {"id": f"{number:016x}", "exercise": exercise, "status": status, **more}


def page_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(r'name="csrf" value="[^"]*"', "", answer.text)


# What each of them sees


def test_the_instructor_sees_everybody_and_a_learner_their_own_row(board: LabBoard) -> None:
    send(board, board.keys[ADA[1]], report(1), report(2, "1.2", "passed"))
    grace, ada = signed_in(board, GRACE).get("/dashboard"), signed_in(board, ADA).get("/dashboard")
    assert ADA[0] in grace.text
    assert VAULT in grace.text
    assert ADA[0] in ada.text
    assert VAULT not in ada.text
    assert "1 of 63 exercises passed" in ada.text


@pytest.mark.parametrize("path", ["/learners/1", "/learners/2", "/learners/3", "/learners/99", "/learners/0"])
def test_a_learner_learns_of_nobody_whether_they_are_there(board: LabBoard, path: str) -> None:
    """One and the same answer: for the own number, the instructor's, another learner's, and nobody's."""
    ada = signed_in(board, ADA)
    assert page_of(ada.get(path)) == page_of(ada.get("/learners/1234567"))
    assert ada.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/fragments/room"])
def test_the_picture_of_the_room_is_the_instructor_s(board: LabBoard, path: str) -> None:
    refused = signed_in(board, ADA).get(path)
    assert refused.status_code == 403
    assert VAULT not in refused.text
    assert VAULT in signed_in(board, GRACE).get(path).text


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/learners/1", "/fragments/room", "/dashboard"])
def test_a_guest_reads_nothing_of_anybody(board: LabBoard, path: str) -> None:
    answer = board.plain_browser().get(path)
    for secret in (ADA[0], VAULT, GRACE[0], board.code):
        assert secret not in answer.text


@pytest.mark.parametrize("endpoint", ROUTES)
def test_every_address_asks_who_is_there(board: LabBoard, endpoint: str) -> None:
    """A guest gets the login page, the board's own files, and refusals: a new address is one of these."""
    method, path, _ = ROUTES[endpoint]
    path = path.replace("<int:user_id>", "1").replace("<name>", "board.css")
    answer = board.plain_browser().request(method, path)
    public = {"pages.login": 200, "pages.static": 200, "pages.home": 303, "actions.logout": 303}
    refusals = {"api.": 401, "fragments.": 401, "pages.": 303, "actions.": 303}
    expected = {**public, "actions.login": 401, "api.join": 415}.get(
        endpoint, refusals[endpoint.split(".")[0] + "."]
    )
    assert answer.status_code == expected
    if answer.status_code == 303 and endpoint not in ("pages.home", "actions.logout"):
        assert answer.headers["Location"].startswith("/login")


# Joining


def test_whoever_has_the_code_joins_under_any_name(board: LabBoard) -> None:
    """Also one that somebody has: an answer "taken" would tell who is there."""
    keys = [join(board, VAULT).json()["key"] for _ in range(2)]
    assert len({key.partition("-")[0] for key in keys}) == 2
    assert send(board, keys[0], report(1)).status_code == 200


def test_two_learners_of_one_name_are_told_apart_by_number(board: LabBoard) -> None:
    """And nobody else's number is shown."""
    numbers = [join(board, name).json()["key"].partition("-")[0] for name in ("Ada", "ada", "Barbara")]
    page = signed_in(board, GRACE).get("/fragments/room").text
    assert [f"no. {number}<" in page for number in numbers] == [True, True, False]


@pytest.mark.parametrize("code", ["", "0000-0000", "é", "A" * 99, "\ud800"])
def test_a_wrong_code_is_refused(board: LabBoard, code: str) -> None:
    body = json.dumps({"code": code, "name": "Eve"})
    answer = board.plain_browser().request(
        "POST", "/api/join", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 403 if code != "\ud800" else answer.status_code in (403, 422)
    assert len(board.users()) == 3


def test_a_code_is_read_as_people_write_it() -> None:
    assert same_code(" k7qm 2x9o", "K7QM-2X90")
    assert not same_code("K7QM-2X9", "K7QM-2X90")


def test_codes_and_keys_are_random_letters_without_look_alikes() -> None:
    assert new_code(lambda size: bytes(range(32, 32 + size))) == "0123-4567"
    assert new_secret(lambda size: b"\xff" * size) == "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ"
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_guesses_at_the_code_come_to_an_end(board: LabBoard) -> None:
    eve = board.plain_browser()
    for _ in range(100):
        assert eve.request("POST", "/api/join", json={"code": "x", "name": "Eve"}).status_code == 403
    right = eve.request("POST", "/api/join", json={"code": board.code, "name": "Eve"})
    assert right.status_code == 429
    assert right.headers["Retry-After"] == "60"
    elsewhere = board.plain_browser(address="198.51.100.7")
    assert elsewhere.request("POST", "/api/join", json={"code": board.code, "name": "Ida"}).status_code == 200
    board.clock.advance(seconds=60)
    assert eve.request("POST", "/api/join", json={"code": board.code, "name": "Eve"}).status_code == 200


def test_a_class_behind_one_address_may_mistype(board: LabBoard) -> None:
    """A right code begins the count anew: 500 come from one address, and a third of them mistypes."""
    room = board.plain_browser()
    for number in range(150):
        room.request("POST", "/api/join", json={"code": "x", "name": f"Learner {number}"})
        joined = room.request("POST", "/api/join", json={"code": board.code, "name": f"Learner {number}"})
        assert joined.status_code == 200


def test_guesses_at_a_key_come_to_an_end(board: LabBoard) -> None:
    eve = board.plain_browser()
    for _ in range(100):
        assert eve.post("/login", {"key": "1-X"}).status_code == 401
    assert eve.post("/login", {"key": board.keys[ADA[1]]}).status_code == 429


def test_a_class_behind_one_address_may_mistype_keys(board: LabBoard) -> None:
    for _ in range(3):
        room = board.plain_browser()
        for _ in range(60):
            room.post("/login", {"key": "1-X"})
        assert room.post("/login", {"key": board.keys[ADA[1]]}).status_code == 303


@pytest.mark.parametrize("field", ["role", "id", "user_id", "is_admin", "Role"])
def test_nobody_joins_with_a_role(board: LabBoard, field: str) -> None:
    """Mass assignment: a field that nobody asked for is an error, not a gift."""
    assert join(board, "Mallory", **{field: "admin"}).status_code == 422
    assert [user.role for user in board.users()] == ["user", "admin", "user"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u200b",
        "\u3164",
        "A\u202eda",
        "A\u2066da\u2069",
        "Ada\nGrace",
        "Ada\x1b[31m",
        "Ada\x00",
        "A\u2028da",
        "A\u00a0da",
        "\U000e0041da",
        "x\u0300\u0301\u0302\u0303da",
        "x" * 61,
        "\ud800",
    ],
)
def test_a_name_that_deceives_is_refused(board: LabBoard, name: str) -> None:
    """Invisible, turning the line around, ending it, or piling up marks: it would change other rows."""
    assert shown_name(name) is None
    body = json.dumps({"code": board.code, "name": name})
    answer = board.plain_browser().request(
        "POST", "/api/join", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert len(board.users()) == 3


@pytest.mark.parametrize(
    "name", ["Ada", 'O\'Neil & "Söhne"', "李小龍", "بيسان", "Ngọc Ánh", "x", "😀", "A" * 60]
)
def test_names_of_the_world_are_taken(name: str) -> None:
    assert shown_name(f" {name} ") == name


def test_a_name_that_is_markup_is_shown_as_text(board: LabBoard) -> None:
    """On the instructor's page, whose session could close the board: stored XSS would be worth most there."""
    markup = "\"><script>alert(1)</script><img src=x onerror='a'>"
    key = join(board, markup).json()["key"]
    grace, learner = signed_in(board, GRACE), board.plain_browser()
    learner.post("/login", {"key": key})
    number = key.partition("-")[0]
    for page in (
        grace.get("/dashboard"),
        grace.get("/fragments/room"),
        grace.get(f"/learners/{number}"),
        learner.get("/dashboard"),
    ):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]


# Keys


@pytest.mark.parametrize(
    "key",
    [
        "",
        "1",
        "1-",
        "-",
        "1-WRONG",
        "99-WRONG",
        "x-y",
        "٣-x",
        "9" * 40 + "-x",
        "1-\ud800",
        "2-",
        " 1 - ",
        "é",
    ],
)
def test_every_wrong_key_is_refused_alike(board: LabBoard, key: str) -> None:
    """Whether there is a learner with that number is nobody's business."""
    page_of_nobody = board.plain_browser().post("/login", {"key": "12345-AAAAA"})
    typed = {"Content-Type": "application/x-www-form-urlencoded"}
    page = board.plain_browser().request(
        "POST", "/login", data=b"key=" + key.encode("utf-8", "replace"), headers=typed
    )
    assert page_of(page) == page_of(page_of_nobody)
    assert page.status_code == 401
    assert not page.headers.get("Set-Cookie")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer 1-WRONG", "Bearer 99-X", "Basic MTp4", "Bearer \xe9"]
)
def test_every_wrong_bearer_is_refused_alike(board: LabBoard, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = board.plain_browser().request("POST", "/api/reports", json={"reports": []}, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Not signed in"})


def test_a_key_is_stored_as_a_digest_only(board: LabBoard) -> None:
    secret = board.keys[ADA[1]].partition("-")[2]
    with closing(board.connect()) as db:
        text = "\n".join(db.iterdump())
    assert secret not in text
    assert secret.replace("-", "") not in text


def test_a_session_s_cookie_sends_no_reports(board: LabBoard) -> None:
    """A browser sends cookies wherever a page makes it; a kit's key it does not have."""
    answer = signed_in(board, ADA).post("/api/reports", json={"reports": [report(1)]})
    assert answer.status_code == 403  # JSON without the form's token


def test_the_instructor_s_key_reports_nothing(board: LabBoard) -> None:
    assert send(board, board.keys[GRACE[1]], report(1)).status_code == 403


# Reports


def test_a_report_counts_for_whose_key_it_carries(board: LabBoard) -> None:
    """A field that names somebody else is refused, wherever it stands."""
    key = board.keys[ADA[1]]
    assert send(board, key, report(1, user_id=3)).status_code == 422
    assert send(board, key, report(1), user_id=3).status_code == 422
    assert send(board, key, report(1)).status_code == 200
    with closing(board.connect()) as db:
        assert [row.user_id for row in tables.standings(db)] == [1]


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "x"},
        {"id": "0" * 17},
        {"status": "unattempted"},
        {"status": "won"},
        {"status": None},
        {"exercise": "x" * 11},
        {"misconception": "x" * 501},
        {"answer": "def f(): ..."},
        {"passed_at": 1},
    ],
)
def test_what_is_no_report_is_refused_whole(board: LabBoard, bad: dict[str, Any]) -> None:
    answer = send(board, board.keys[ADA[1]], report(1), report(2) | bad)
    assert answer.status_code == 422
    with closing(board.connect()) as db:
        assert tables.standings(db) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"reports": 1}', b"[" * 9999, b"\xff"])
def test_a_body_that_is_none_is_refused(board: LabBoard, body: bytes) -> None:
    answer = board.plain_browser().request(
        "POST",
        "/api/reports",
        data=body,
        headers={"Authorization": f"Bearer {board.keys[ADA[1]]}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422


def test_reports_of_one_request_are_taken_all_or_none(
    board: LabBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the second one fails: the kit sends both again, and each counts once."""
    take, taken = tables.take_report, []

    def fail_at_the_second(*args: Any, **more: Any) -> bool:
        taken.append(args)
        if len(taken) == 2:
            raise NotSignedIn(stale=False)
        return take(*args, **more)

    monkeypatch.setattr(tables, "take_report", fail_at_the_second)
    assert send(board, board.keys[ADA[1]], report(1), report(2, "1.2")).status_code == 401
    with closing(board.connect()) as db:
        assert tables.standings(db) == []
        assert db.execute("SELECT count(*) FROM taken").fetchone() == (0,)


def test_a_report_is_json_or_none(board: LabBoard) -> None:
    """What a form of another site can send without asking first is none."""
    headers = {"Authorization": f"Bearer {board.keys[ADA[1]]}", "Content-Type": "text/plain"}
    answer = board.plain_browser().request("POST", "/api/reports", data=b'{"reports": []}', headers=headers)
    assert answer.status_code == 415


def test_a_report_that_is_sent_twice_counts_once(board: LabBoard) -> None:
    """The answer may be lost on the way: the kit sends again, and neither loses nor doubles it."""
    key = board.keys[ADA[1]]
    for _ in range(3):
        assert send(board, key, report(7)).status_code == 200
    assert send(board, board.keys["alan@lab.test"], report(7)).status_code == 200  # another's of the same id
    with closing(board.connect()) as db:
        assert [(row.user_id, row.tries) for row in tables.standings(db)] == [(1, 1), (3, 1)]


def test_tries_count_up_to_the_first_that_passed(board: LabBoard) -> None:
    key = board.keys[ADA[1]]
    for number, status in enumerate(["failed", "error", "passed", "failed", "timeout"]):
        send(board, key, report(number, status=status))
    with closing(board.connect()) as db:
        [row] = tables.standings(db)
    assert (row.status, row.tries) == ("timeout", 3)
    assert "passed once, now fails" in signed_in(board, ADA).get("/dashboard").text


def test_a_text_of_a_kit_s_own_is_shown_nowhere(board: LabBoard) -> None:
    """Only misconceptions of the course: whoever joins could otherwise write on the instructor's page."""
    known = sorted(misconceptions_of("1.1"))[0]
    send(board, board.keys[ADA[1]], report(1, misconception="Buy my book at evil.test"))
    send(board, board.keys["alan@lab.test"], report(1, misconception=known))
    page = signed_in(board, GRACE).get("/dashboard").text
    assert "evil.test" not in page
    assert known[:20] in page


def test_an_exercise_that_this_kit_does_not_have_is_left_out(board: LabBoard) -> None:
    """A newer kit's. It is taken, or the learner's kit would send it for ever."""
    answer = send(board, board.keys[ADA[1]], report(1, "99.9"), report(2, "1.2"))
    assert answer.status_code == 200
    with closing(board.connect()) as db:
        assert [row.exercise for row in tables.standings(db)] == ["1.2"]


def test_one_learner_cannot_keep_the_board_busy(board: LabBoard) -> None:
    key = board.keys[ADA[1]]
    answers = [send(board, key, report(number)).status_code for number in range(61)]
    assert answers == [200] * 60 + [429]
    assert send(board, board.keys["alan@lab.test"], report(1)).status_code == 200
    board.clock.advance(seconds=60)
    assert send(board, key, report(99)).status_code == 200


def test_where_the_room_is_stuck(board: LabBoard) -> None:
    for number in range(3):
        send(board, board.keys[ADA[1]], report(number, "2.1"))
    send(board, board.keys["alan@lab.test"], report(1, "2.1", "passed"))
    page = signed_in(board, GRACE).get("/dashboard").text
    assert re.search(r"<strong>2\.1</strong> .*: 1 stuck .*, 1 of 2 have passed it", page)


# What the instructor does


ACTIONS = ("/code", "/close", "/reopen", "/learners/3/remove")


@pytest.mark.parametrize("path", ACTIONS)
def test_what_only_the_instructor_may_do_is_refused_to_learners(board: LabBoard, path: str) -> None:
    assert signed_in(board, ADA).post(path).status_code == 403
    assert (len(board.users()), _code(board), _closed(board)) == (3, board.code, False)


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize("page", [EVIL, "https://evil.lab.test", "null", "http://lab.test"])
def test_another_site_s_form_does_nothing(board: LabBoard, path: str, page: str) -> None:
    grace = signed_in(board, GRACE)
    token = grace.form_token()
    grace.page = page
    for form in ({}, {"csrf": token}):
        assert grace.post(path, form).status_code in (303, 403)  # 303: without a cookie, to the login
    assert (len(board.users()), _code(board), _closed(board)) == (3, board.code, False)


@pytest.mark.parametrize("path", ACTIONS)
def test_a_form_without_this_session_s_token_does_nothing(board: LabBoard, path: str) -> None:
    grace, ada = signed_in(board, GRACE), signed_in(board, ADA)
    for token in ("", "0" * 64, ada.form_token()):
        assert grace.request("POST", path, data={"csrf": token}).status_code == 403
    assert (len(board.users()), _code(board), _closed(board)) == (3, board.code, False)


@pytest.mark.parametrize("path", ACTIONS)
def test_a_link_does_nothing(board: LabBoard, path: str) -> None:
    assert signed_in(board, GRACE).get(path).status_code == 405


def test_somebody_with_the_code_cannot_join_for_ever(
    board: LabBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dal, "LEARNERS_AT_MOST", 3)
    assert [join(board, "Eve").status_code for _ in range(3)] == [200, 423, 423]


def test_a_browser_is_not_told_to_use_tls_for_all_of_this_machine(board: LabBoard) -> None:
    """Strict-Transport-Security knows no ports: JupyterLab, beside the board, would not be found any more."""
    headers = board.plain_browser().get("/login").headers
    assert "Strict-Transport-Security" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_code_ends_the_old_one_and_nobody_s_key(board: LabBoard) -> None:
    signed_in(board, GRACE).post("/code")
    assert join(board, "Eve").status_code == 403
    board.code = _code(board)
    assert join(board, "Eve").status_code == 200
    assert send(board, board.keys[ADA[1]], report(1)).status_code == 200


def test_a_removed_learner_is_gone_with_all_that_was_reported(board: LabBoard) -> None:
    ada, grace = signed_in(board, ADA), signed_in(board, GRACE)
    send(board, board.keys[ADA[1]], report(1))
    assert grace.post("/learners/1/remove").status_code == 303
    assert ada.get("/dashboard").headers["Location"].startswith("/login")
    assert send(board, board.keys[ADA[1]], report(2)).status_code == 401
    assert ADA[0] not in grace.get("/dashboard").text
    with closing(board.connect()) as db:
        assert ADA[0] not in "\n".join(db.iterdump())


@pytest.mark.parametrize("number", [2, 99])
def test_the_instructor_removes_learners_only(board: LabBoard, number: int) -> None:
    assert signed_in(board, GRACE).post(f"/learners/{number}/remove").status_code == 404
    assert len(board.users()) == 3


def test_whoever_leaves_is_gone(board: LabBoard) -> None:
    assert send(board, board.keys[ADA[1]], path="/api/leave").status_code == 200
    assert [user.id for user in board.users()] == [2, 3]
    assert send(board, board.keys[ADA[1]], path="/api/leave").status_code == 401


def test_a_closed_board_takes_nobody_and_nothing_until_it_is_opened(board: LabBoard) -> None:
    grace = signed_in(board, GRACE)
    grace.post("/close")
    assert join(board, "Eve").status_code == 423
    assert send(board, board.keys[ADA[1]], report(1)).status_code == 423
    right, board.code = board.code, "0000-0000"
    assert join(board, "Eve").status_code == 403  # who has no code is not told
    board.code = right
    grace.post("/reopen")
    assert send(board, board.keys[ADA[1]], report(1)).status_code == 200
    with closing(board.connect()) as db:
        assert len(tables.standings(db)) == 1


def test_a_role_that_was_taken_away_counts_at_once(board: LabBoard) -> None:
    """The role is the database's of this moment, not one that a session remembers."""
    grace = signed_in(board, GRACE)
    with closing(board.connect()) as db:
        db.execute("UPDATE users SET role = 'user' WHERE id = 2")
    assert VAULT not in grace.get("/dashboard").text
    assert grace.post("/learners/3/remove").status_code == 403


# The file


def test_a_board_that_is_started_again_is_the_same_one(tmp_path: Path) -> None:
    first = board_settings(tmp_path / "b.db", ("lab.test",))
    key = new_instructor_key(first)
    again = board_settings(tmp_path / "b.db", ("lab.test",))
    assert again.signing_key == first.signing_key  # whoever was signed in still is
    assert new_instructor_key(again) != key
    assert _code_in(again) == _code_in(first)
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"a text that somebody needs", b"SQLite format 3\x00"])
def test_a_file_that_is_no_board_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "b.db"
    file.write_bytes(content)
    with pytest.raises(SettingsError):
        board_settings(file, ("lab.test",))
    assert file.read_bytes() == content


def test_the_app_s_database_is_no_board(tmp_path: Path) -> None:
    """Its admin has a password, which a key would replace."""
    Database(tmp_path / "serve.sqlite")
    with pytest.raises(SettingsError):
        board_settings(tmp_path / "serve.sqlite", ("lab.test",))


# Its own architecture


def test_all_sql_of_the_board_is_in_one_module() -> None:
    for path in Path(authlab.classroom.board.__file__).parent.glob("*.py"):
        if path.name != "db.py":
            text = path.read_text(encoding="utf-8")
            assert "SELECT " not in text, path.name
            assert ".execute(" not in text, path.name


def test_only_the_data_access_layer_and_the_start_reach_the_board_s_tables() -> None:
    """A page cannot forget to ask who is there: it has nothing to read from."""
    reaching = set()
    for path in Path(authlab.classroom.board.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "authlab.classroom.board":
                reaching |= {path.stem for alias in node.names if alias.name == "db"}
    assert reaching == {"dal", "settings"}


def _code(board: LabBoard) -> str:
    with closing(board.connect()) as db:
        return tables.board(db).code


def _closed(board: LabBoard) -> bool:
    with closing(board.connect()) as db:
        return tables.board(db).closed


def _code_in(settings: Settings) -> str:
    with closing(sqlite3.connect(settings.database)) as db:
        return tables.board(db).code
