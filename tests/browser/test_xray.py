"""The X-ray in Chromium: on a served app, light and dark, on a phone, by keyboard, without JavaScript."""

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from authlab.course.places import ROOT
from tests.browser import axe, looking

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECRETS = {
    "SESSION_SECRET": base64.b64encode(b"a key for tests, known to all!!!").decode(),
    "PASSWORD_PEPPER": base64.b64encode(b"a pepper for tests, known too!!!").decode(),
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 400)
SQL = "INSERT INTO users (name, email, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id"

Serve = Callable[..., str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Types `authlab serve ARGUMENTS` and returns the address that it prints."""
    running = []

    def serve_one(*arguments: str) -> str:
        command = [sys.executable, "-m", "authlab", "serve", "--port", "0", *arguments]
        server = subprocess.Popen(
            [*command, "--database", str(tmp_path / "app.sqlite")],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **SECRETS},
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        running.append(server)
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"http://\S+:\d+", line):
                return found[0]
        raise AssertionError("it did not start")

    yield serve_one
    for server in running:
        server.kill()
        server.communicate()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(chromium: "Browser", request: pytest.FixtureRequest) -> Iterator["Page"]:
    """A visitor's page. In the end nobody has complained, least of all the content security policy."""
    complaints: list[str] = []
    context = chromium.new_context(java_script_enabled=request.param)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type != "log" else None)
    yield page
    context.close()
    assert complaints == []


def sign_up(page: "Page", address: str) -> None:
    page.goto(f"{address}/signup")
    page.get_by_label("Name", exact=True).fill("Eve")
    page.get_by_label("Email", exact=True).fill("eve@lab.test")
    page.get_by_label("Password", exact=True).fill("let-me-in-4 you")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign Up", exact=True).click()
    assert page.url == f"{address}/profile"


def test_a_visitor_signs_up_and_sees_what_became_of_it(serve: Serve, page: "Page") -> None:
    """The way to this page, the cookie decoded; and, unfolded, the answer to the form, with its SQL."""
    sign_up(page, serve("--xray"))
    panel = page.get_by_role("region", name="X-ray")
    seen = panel.inner_text()
    assert "1 answer that you did not see, and this page" in seen
    assert re.search(r"a session of user 1: go on\s+pages\s+profile ◆ answered", seen)
    assert '"aud": "authlab.session"' in seen
    assert "signature: 32 bytes, not shown" in seen

    statement = panel.get_by_text(SQL)
    assert not statement.is_visible()
    panel.get_by_text("POST /signup").first.click()
    panel.get_by_text("INSERT users").click()
    assert statement.is_visible()
    assert "HttpOnly, Secure, SameSite=Lax, Path=/, Max-Age=604800 (7 days)" in panel.inner_text()
    assert "let-me-in-4 you" not in page.content()


def test_the_banner_of_a_flaw_comes_before_everything_else(serve: Serve, page: "Page") -> None:
    """At an address of its own, to which the shared one leads; after signing up as before."""
    address = serve("--flaw", "letters_forgotten")
    assert address.startswith("http://flawed.localhost:")
    page.goto(address.replace("flawed.", "") + "/signup")
    assert page.url == f"{address}/"
    sign_up(page, address)
    warning = page.get_by_role("complementary", name="Warning")
    assert "letters_forgotten stands in for password_problems" in warning.inner_text()
    assert (warning.bounding_box() or {})["y"] == 0
    assert page.get_by_role("heading", name="Your profile").is_visible()


def test_banner_and_panel_are_for_everybody(serve: Serve, chromium: "Browser", axe_source: str) -> None:
    """All unfolded: axe has no complaint and nobody scrolls sideways, in light and dark, on a desk and on a
    phone. By keyboard one reaches what folds, and sees where one is."""
    context = chromium.new_context()
    page = context.new_page()
    sign_up(page, serve("--flaw", "letters_forgotten"))
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    found = []
    for theme, width in product(THEMES, WIDTHS):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{theme}, {width}: {line}" for line in axe.complaints(page, axe_source)]
        found += [f"{theme}, {width}: {line}" for line in looking.sideways(page)]
    assert not found, "\n".join(found)
    stops = looking.round_by_tab(page)
    assert [f"{stop.name} {fault}" for stop in stops for fault in stop.faults] == []
    assert sum("POST /signup" in stop.name for stop in stops) == 1
    context.close()
