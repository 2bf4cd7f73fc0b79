"""The log of security events: one line for each, which says what happened and nothing that was typed."""

import logging
from typing import TYPE_CHECKING, get_args

import pytest

from authlab.events import Event, event_line, to_the_log
from authlab.lab.apps import ADA, GRACE, LabApp
from tests.app.visitors import signed_in

if TYPE_CHECKING:
    from hypothesis import settings

COOKIE = "__Host-session"


# event_line


def test_a_line_is_the_event_and_facts_in_their_order() -> None:
    """In a form that a person reads and a program splits."""
    assert event_line("logged in", user=7, address="192.0.2.1") == "logged in; user=7; address=192.0.2.1"
    assert event_line("logged in") == "logged in"


def test_what_is_not_known_is_left_out_and_zero_is_known() -> None:
    """`user=None` would look like somebody's name."""
    assert event_line("form refused", user=None, by=0, reason="") == "form refused; by=0; reason="


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a\nlogged in; user=1", "a\\nlogged in; user=1"),
        ("a\r\nb", "a\\r\\nb"),
        ("a\x00b\x1b[2Jc\x7f", "a\\x00b\\x1b[2Jc\\x7f"),
        ("a\u2028b\u0085c", "a\\u2028b\\x85c"),
        ("a\\nb", "a\\\\nb"),
        ("é\u202eю", "\\xe9\\u202e\\u044e"),
        ("\ud800", "\\ud800"),
        ("😀", "\\U0001f600"),
    ],
)
def test_no_value_begins_a_line_of_its_own(value: str, written: str) -> None:
    """Log injection: a line that somebody wrote himself clears him, or accuses somebody else."""
    assert event_line("cookie refused", endpoint=value) == f"cookie refused; endpoint={written}"


def test_any_value_stays_on_its_line(steady: "settings") -> None:
    """Whatever comes in, out comes one line of plain characters."""
    from hypothesis import given
    from hypothesis.strategies import characters, text

    @steady
    @given(text(characters(exclude_categories=())))
    def holds(value: str) -> None:
        line = event_line("cookie refused", endpoint=value)
        assert line.isascii()
        assert line.isprintable()

    holds()


def test_lines_go_to_python_s_logging(caplog: pytest.LogCaptureFixture) -> None:
    """Under a name of its own, so that an operator can send security events elsewhere than the rest."""
    caplog.set_level(logging.INFO, logger="authlab.security")
    to_the_log("logged in; user=7 100%s")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("authlab.security", "logged in; user=7 100%s")
    ]


# What the app writes


def test_a_visit_leaves_its_lines(app: LabApp) -> None:
    """Sign up, log out, mistype, log in: who it was, by number, and from where."""
    eve = app.browser(address="192.0.2.7")
    eve.post("/signup", {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"})
    eve.post("/logout")
    eve.post("/login", {"email": "eve@lab.test", "password": "let-me-in-5"})
    eve.post("/login", {"email": "eve@lab.test", "password": "let-me-in-4"})
    assert app.log == [
        "signed up; user=4; address=192.0.2.7",
        "logged out; user=4; address=192.0.2.7",
        "login refused; address=192.0.2.7",
        "logged in; user=4; address=192.0.2.7",
    ]


def test_an_admin_s_deeds_name_both(app: LabApp) -> None:
    """To whom it was done, and by whom."""
    grace = signed_in(app, GRACE)
    grace.post("/admin/users/1/role", {"role": "admin"})
    grace.post("/admin/users/1/team", {"team": "looms"})
    grace.post("/admin/users/3/end-sessions")
    grace.post("/admin/users/3/disable")
    grace.post("/admin/users/3/enable")
    grace.post("/admin/users/3/delete")
    assert app.log[1:] == [
        "account changed; user=1; what=role admin; by=2; address=192.0.2.1",
        "account changed; user=1; what=team; by=2; address=192.0.2.1",
        "sessions ended; user=3; by=2; address=192.0.2.1",
        "account changed; user=3; what=disabled; by=2; address=192.0.2.1",
        "account changed; user=3; what=enabled; by=2; address=192.0.2.1",
        "account changed; user=3; what=deleted; by=2; address=192.0.2.1",
    ]


def test_what_was_not_done_leaves_no_line(app: LabApp) -> None:
    """To her own account and to one that is not there nothing happens, and so nothing is told."""
    grace = signed_in(app, GRACE)
    for number, deed in ((2, "role"), (2, "disable"), (2, "delete"), (2, "end-sessions"), (9, "delete")):
        grace.post(f"/admin/users/{number}/{deed}", {"role": "user"} if deed == "role" else {})
    assert app.log[1:] == []


def test_what_somebody_does_to_their_own_account_names_them(app: LabApp) -> None:
    """By number. The password itself is the last thing that a log may know."""
    ada = signed_in(app)
    ada.post("/dashboard/settings/password", {"current": ADA[2], "new": "difference-2-engine"})
    ada.post("/devices/end-others")
    assert app.log[1:] == [
        "sessions ended; user=1; address=192.0.2.1",
        "password changed; user=1; address=192.0.2.1",
        "sessions ended; user=1; address=192.0.2.1",
    ]


def test_no_cookie_a_forged_one_and_an_ended_one_are_three_stories(app: LabApp) -> None:
    """The same answer for all three; in the log the first is nothing, and the others are somebody trying."""
    ada = signed_in(app)
    copy = ada.cookies[COOKIE].value
    ada.post("/logout")
    del app.log[:]
    lines = []
    for cookie in (None, copy[:-4] + "AAAA", copy):
        visitor = app.browser()
        if cookie is not None:
            visitor.set_cookie(COOKIE, cookie)
        assert visitor.get("/profile").headers["Location"] == "/login?next=%2Fprofile"
        lines.append([line.partition("; address")[0] for line in app.log])
        del app.log[:]
    assert lines == [[], ["cookie refused; endpoint=pages.profile"], ["session refused; user=1"]]


def test_a_form_from_elsewhere_and_one_without_its_token_are_told_apart(app: LabApp) -> None:
    """The one is another site's doing, the other perhaps an old page: both are 403."""
    ada = signed_in(app)
    del app.log[:]
    app.browser(page="https://evil.test").post("/login", {})
    ada.post("/devices/end-others", {"csrf": "made up"})
    assert app.log == [
        "form refused; endpoint=actions.login; reason=origin; address=192.0.2.1",
        "form refused; endpoint=actions.end_other_devices; reason=token; user=1; address=192.0.2.1",
    ]


def test_who_is_not_allowed_and_who_tries_too_often_is_told(app: LabApp) -> None:
    """Ada asks for what is the admins'; somebody guesses on until there are no more guesses."""
    signed_in(app).get("/admin")
    assert app.log[-1] == "not allowed; user=1; address=192.0.2.1"
    guest = app.browser(address="192.0.2.8")
    for _ in range(11):
        guest.post("/login", {"email": ADA[1], "password": "wrong"})
    assert app.log[-1] == "too many attempts; endpoint=actions.login; address=192.0.2.8"


def test_every_line_begins_with_an_event_that_is_named(app: LabApp) -> None:
    """Whoever watches the log knows what may stand there: the list is short and complete."""
    ada = signed_in(app)
    copy = ada.cookies[COOKIE].value
    app.browser().post("/signup", {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"})
    signed_in(app, GRACE).post("/admin/users/3/disable")
    ada.post("/dashboard/settings/password", {"current": ADA[2], "new": "difference-2-engine"})
    ada.post("/devices/end-others", {"csrf": "made up"})
    ada.post("/devices/end-others")
    ada.get("/admin")
    ada.post("/logout")
    for cookie in (copy, copy[:-4] + "AAAA"):
        guest = app.browser()
        guest.set_cookie(COOKIE, cookie)
        guest.get("/profile")
    for _ in range(11):
        app.browser().post("/login", {"email": ADA[1], "password": "wrong"})
    assert {line.partition(";")[0] for line in app.log} == {
        "signed up",
        "logged in",
        "login refused",
        "too many attempts",
        "logged out",
        "password changed",
        "sessions ended",
        "cookie refused",
        "session refused",
        "form refused",
        "not allowed",
        "account changed",
    }
    assert {line.partition(";")[0] for line in app.log} == set(get_args(Event))


def test_nothing_that_was_typed_is_in_the_log(app: LabApp) -> None:
    """Not in any field, not on the way to an error; and no cookie, and nothing that a form carries."""
    typed = {"name": "Typed Name", "email": "typed@lab.test", "password": "typed-password", "typed": "field"}
    ada, guest = signed_in(app), app.browser()
    guest.post("/signup", typed)
    guest.post("/login", typed)
    guest.post("/login?next=/typed-query", {"email": "typed as email", "password": "typed-password"})
    guest.get("/members/typed-slug?q=typed-query", headers={"User-Agent": "typed agent"})
    ada.post("/members/member-1/phone", {"phone": "typed phone"})
    ada.post("/dashboard/settings/password", {"current": "typed-current", "new": "typed-new-1"})
    ada.request("POST", "/api/me/phone", json={"phone": "typed"}, headers={"X-CSRF-Token": "typed-token"})
    log = "\n".join([*app.log, *app.crashes])
    assert "login refused" in log
    assert "typed" not in log
    assert "ada@lab.test" not in log
    for secret in (ada.cookies[COOKIE].value, ada.cookies["__Host-device"].value, ada.form_token()):
        assert secret
        assert secret not in log
