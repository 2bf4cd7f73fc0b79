"""JSON for scripts: what is answered to whom, in which words, and what is no JSON of ours."""

from typing import Any

import pytest
import requests

from authlab import forms
from authlab.lab.apps import ADAS_TEAM, VAULT_PHONE, LabApp
from authlab.lab.browser import Browser

ADAS = {
    "id": 1,
    "name": "Ada Lovelace",
    "email": "ada@lab.test",
    "role": "user",
    "username": "member-1",
    "team": ADAS_TEAM,
    "phone": None,
}
PHONE = "/api/me/phone"


def send(browser: Browser, body: bytes, content_type: str = "application/json") -> requests.Response:
    """Send a body to where one's own phone number is changed, with the token that our pages carry."""
    headers = {"Content-Type": content_type, "X-CSRF-Token": browser.form_token()}
    return browser.post(PHONE, data=body, headers=headers)


# Who is signed in


def test_a_page_s_script_hears_who_is_signed_in(ada: Browser) -> None:
    answer = ada.get("/api/session")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"user": {"id": 1, "name": "Ada Lovelace", "role": "user"}}


def test_a_page_s_script_hears_that_nobody_is(guest: Browser) -> None:
    """As an answer and not as an error: it asks in order to hear just this."""
    answer = guest.get("/api/session")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"user": None}


# Accounts


def test_one_s_own_account_is_these_fields(ada: Browser) -> None:
    answer = ada.get("/api/me")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == ada.get("/api/users/1").json() == ADAS


def test_an_admin_reads_another_s_account(grace: Browser) -> None:
    """Whole, the phone number too: it is theirs to mend."""
    assert grace.get("/api/users/1").json() == ADAS
    assert grace.get("/api/users/3").json()["phone"] == VAULT_PHONE


def test_an_admin_reads_all_accounts(grace: Browser) -> None:
    """As a list under a name: what else there may be to say can be added beside it."""
    answer = grace.get("/api/users")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert list(answer.json()) == ["users"]
    assert [account["username"] for account in answer.json()["users"]] == ["member-1", "member-2", "member-3"]
    assert answer.json()["users"][0] == {
        "id": 1,
        "username": "member-1",
        "name": "Ada Lovelace",
        "email": "ada@lab.test",
        "role": "user",
        "team": ADAS_TEAM,
        "disabled": False,
        "last_login": None,
    }


# Refusals


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("who", "method", "path", "status", "title"),
    [
        ("guest", "GET", "/api/me", 401, "Not signed in"),
        ("guest", "GET", "/api/users", 401, "Not signed in"),
        ("ada", "GET", "/api/users", 403, "Not for you"),
        ("ada", "GET", "/api/users/3", 404, "Not Found"),
        ("grace", "GET", "/api/users/99", 404, "Not Found"),
        ("guest", "GET", "/api/nowhere", 404, "Not Found"),
        ("guest", "DELETE", "/api/me", 405, "Method Not Allowed"),
        ("ada", "POST", "/api/me/phone", 403, "Not for you"),
    ],
)
def test_a_script_is_refused_in_json(
    request: pytest.FixtureRequest, who: str, method: str, path: str, status: int, title: str
) -> None:
    """With a status to decide by and a word to show; a page for people would be no use to it."""
    visitor: Browser = request.getfixturevalue(who)
    answer = visitor.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    assert answer.json() == {"error": title}


def test_who_asks_too_often_is_told_in_json_and_for_how_long(guest: Browser) -> None:
    """Sixty questions a minute are as fast as people type."""
    answers = [guest.get("/signup/available?email=eve@lab.test") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert answers[-1].json() == {"error": "Too many attempts"}
    assert answers[-1].headers["Retry-After"] == "60"


# One's own phone number


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(b'{"phone": " +44 1843 "}', "+44 1843"), (b'{"phone": ""}', None), (b'{"phone": null}', None)],
)
def test_a_phone_number_is_kept_as_the_answer_says(
    app: LabApp, ada: Browser, sent: bytes, kept: str | None
) -> None:
    """Without the spaces around it; nothing and null take it away."""
    answer = send(ada, sent)
    assert (answer.status_code, answer.json()) == (200, {"phone": kept})
    assert app.users()[0].phone == ada.get("/api/me").json()["phone"] == kept


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        (b'{"phone": "12ab"}', {"phone": [forms.PHONE_INVALID]}),
        (b'{"phone": "1", "role": "admin"}', {"role": [forms.NO_SUCH_FIELD]}),
        (b'{"phone": "12ab", "id": "3"}', {"phone": [forms.PHONE_INVALID], "id": [forms.NO_SUCH_FIELD]}),
    ],
)
def test_a_phone_number_that_is_none_is_refused_by_its_field(
    app: LabApp, ada: Browser, sent: bytes, errors: dict[str, Any]
) -> None:
    """All that is wrong at once, under the names that were sent, as in the form; and nothing is kept."""
    answer = send(ada, sent)
    assert (answer.status_code, answer.json()) == (422, {"errors": errors})
    assert app.users()[0].phone is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"phone=1",
        b"{",
        b"[]",
        b'"1"',
        b"null",
        b'{"phone": 1}',
        b'{"phone": ["1"]}',
        b'{"phone": "1", "more": {}}',
        b'{"phone": "1", "\xff": null}',
        b"[" * 5000,
    ],
)
def test_what_is_no_object_of_texts_is_no_json_of_ours(app: LabApp, ada: Browser, body: bytes) -> None:
    """Numbers, lists, bytes that are no text, a depth that no parser survives: refused, and no crash."""
    answer = send(ada, body)
    assert (answer.status_code, answer.json()) == (422, {"error": "Unprocessable Entity"})
    assert app.crashes == []
    assert app.users()[0].phone is None


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_json_that_does_not_say_so_is_refused(app: LabApp, ada: Browser, content_type: str) -> None:
    """Another site's page may send any of these without asking; for application/json its browser asks."""
    answer = send(ada, b'{"phone": "1"}', content_type)
    assert (answer.status_code, answer.json()) == (415, {"error": "Unsupported Media Type"})
    assert app.users()[0].phone is None
