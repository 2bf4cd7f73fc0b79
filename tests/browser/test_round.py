"""A whole visit in a real Chromium: sign up, see the sessions, log out; and another site that meddles."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.browser.visiting import PASSWORD, QuietHandler, Site, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Cookie


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site()
    site.start(tmp_path)
    yield site
    site.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def visitor(request: pytest.FixtureRequest, chromium: "Browser", site: Site) -> Iterator[Visitor]:
    visitor = Visitor(chromium, site, java_script_enabled=request.param)
    yield visitor
    visitor.close()
    assert visitor.complaints == []


@pytest.fixture
def ada(chromium: "Browser", site: Site) -> Iterator[Visitor]:
    visitor = Visitor(chromium, site)
    visitor.log_in("ada")
    yield visitor
    visitor.close()


def path(visitor: Visitor) -> str:
    return visitor.page.url.removeprefix(visitor.site.url)


def cookies(visitor: Visitor) -> dict[str, "Cookie"]:
    """What Chromium keeps for the site, as its developer tools show it."""
    return {cookie["name"]: cookie for cookie in visitor.page.context.cookies()}


def test_a_user_signs_up_sees_where_they_are_signed_in_and_logs_out(visitor: Visitor) -> None:
    """With scripts and without: each step is a page or a form of the site."""
    visitor.open("/dashboard/settings")
    assert path(visitor) == "/login?next=%2Fdashboard%2Fsettings"
    visitor.open("/signup")
    visitor.fill(name="Eve", email="eve@lab.test", password=PASSWORD)
    visitor.press("Sign Up")
    assert (path(visitor), visitor.status) == ("/profile", 200)
    assert "eve@lab.test" in visitor.page.inner_text("main")

    visitor.page.get_by_role("link", name="Devices").click()
    assert "this one" in visitor.page.inner_text("table")
    visitor.press("Log out")
    assert path(visitor) == "/login"
    assert "__Host-session" not in cookies(visitor)
    visitor.page.go_back()
    visitor.open("/profile")
    assert path(visitor) == "/login?next=%2Fprofile"

    visitor.fill(email="eve@lab.test", password=PASSWORD)
    visitor.press("Log In")
    assert (path(visitor), visitor.status) == ("/profile", 200)


def test_one_session_is_ended_from_another_browser(visitor: Visitor) -> None:
    """Ada ends the one she forgot in the library, and then everything but this one."""
    visitor.log_in("ada")
    visitor.log_in_elsewhere("ada")
    library = visitor._elsewhere[-1].pages[0]
    visitor.open("/devices")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="End the session").click()
    assert visitor.page.get_by_role("button", name="End the session").count() == 0
    library.reload()
    assert library.url.endswith("/login?next=%2Fprofile")

    visitor.log_in_elsewhere("ada")
    phone = visitor._elsewhere[-1].pages[0]
    visitor.open("/devices")
    visitor.press("Log out everywhere else")
    phone.reload()
    assert phone.url.endswith("/login?next=%2Fprofile")
    visitor.open("/profile")
    assert visitor.status == 200


def test_an_admin_disables_an_account_and_enables_it_again(visitor: Visitor) -> None:
    """Grace's buttons do what they say, and Alan is out at his next step."""
    visitor.log_in_elsewhere("alan")
    alan = visitor._elsewhere[-1].pages[0]
    visitor.log_in("grace")
    visitor.page.get_by_role("link", name="Accounts").click()
    visitor.press("Disable: member-3")
    assert "disabled" in visitor.page.inner_text("li:has-text('Alan')")
    alan.reload()
    assert alan.url.endswith("/login?next=%2Fprofile")
    visitor.press("Enable: member-3")
    assert "disabled" not in visitor.page.inner_text("li:has-text('Alan')")
    visitor.press("Delete: member-3")
    assert visitor.page.locator("li:has-text('Alan')").count() == 0
    visitor.press("Log out")
    assert path(visitor) == "/login"


def test_the_cookies_are_kept_as_they_should_be(ada: Visitor) -> None:
    """Chromium's own words: of this host alone, unseen by scripts, and not sent by other sites' forms."""
    kept = cookies(ada)
    assert set(kept) == {"__Host-session", "__Host-device"}
    for cookie in kept.values():
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
        assert (cookie["domain"], cookie["path"]) == ("127.0.0.1", "/")
    assert ada.page.evaluate("document.cookie") == ""
    assert ada.page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


class Elsewhere:
    """A site of Mallory's on another port: it posts a form to ours, and shows our address as a picture."""

    def __init__(self, target: str) -> None:
        @Request.application
        def answer(request: Request) -> Response:
            page = (
                f'<form method="post" action="{target}{request.args["action"]}">'
                '<input type="hidden" name="csrf" value="made-up"><input name="email" value="eve@evil.test">'
                f'<button>Win a prize</button></form><img src="{target}/logout" alt="">'
            )
            return Response(page, mimetype="text/html")

        self._server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=QuietHandler)
        self.port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["same site", "another site"])
@pytest.mark.parametrize("action", ["/logout", "/devices/end-others", "/login", "/members/member-1/phone"])
def test_another_origins_form_changes_nothing(ada: Visitor, host: str, action: str) -> None:
    """Ada clicks on a page of Mallory's. On another port the cookie goes along, since cookies know no ports:
    it takes more than SameSite."""
    elsewhere = Elsewhere(ada.site.url)
    try:
        ada.page.goto(f"http://{host}:{elsewhere.port}/?action={action}")
        ada.press("Win a prize")
        assert (path(ada), ada.status) == (action, 403)
        assert "You are not allowed to do this." in ada.page.inner_text("main")
    finally:
        elsewhere.close()
    ada.open("/profile")
    assert "ada@lab.test" in ada.page.inner_text("main")


def test_a_page_left_open_hears_of_the_logout(ada: Visitor) -> None:
    """Two tabs: who logs out in one is not shown as signed in by the other when it comes to the front."""
    other = ada.page.context.new_page()
    other.goto(ada.site.url + "/profile")
    ada.press("Log out")
    other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    other.wait_for_url("**/login?next=%2Fprofile")


def test_the_list_of_members_follows_what_is_typed(ada: Visitor) -> None:
    """A fragment of the page, fetched while typing; what is in a name stays text."""
    ada.open("/members")
    assert "member-4" in ada.page.inner_text("#members")
    with ada.page.expect_response("**/fragments/members?q=Ada"):
        ada.page.get_by_label("Name").press_sequentially("Ada")
    ada.page.wait_for_function("!document.querySelector('#members').innerText.includes('member-4')")
    assert "Ada Lovelace" in ada.page.inner_text("#members")


def test_the_button_of_any_form_waits_while_it_is_on_its_way(ada: Visitor) -> None:
    """A second click would send a change of password with the session that the first has replaced."""
    ada.open("/dashboard/settings")
    ada.fill(current_password=PASSWORD, new_password="another long password")
    look = "event => sessionStorage.setItem('waits', event.target.querySelector('button').disabled)"
    ada.page.evaluate(f"addEventListener('submit', {look})")
    ada.press("Change Password")
    assert ada.page.evaluate("sessionStorage.getItem('waits')") == "true"
    assert path(ada) == "/dashboard/settings?changed"
