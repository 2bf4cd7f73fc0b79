"""A real Chromium for the tests that need one. Without one they are skipped, or fail if nothing may be."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from authlab import bootstrap

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = [
    "--no-sandbox",  # containers and root have none to offer; only our own pages are opened
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# A module at a time, not a session: while Playwright runs, its event loop would stand in the way of
# other tests that start one.
@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A headless Chromium; `chromium.new_context()` is a visitor with cookies of their own."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        _missing("the Python package playwright", "python3 -m authlab dev setup")
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        executable = Path(found or playwright.chromium.executable_path)
        if not executable.exists():
            _missing("Chromium", "apt install chromium, or: python -m playwright install chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core as tests/browser/package-lock.json pins it, to be run in a page."""
    if not bootstrap.has_node_packages():
        _missing("axe-core", f"{bootstrap.command_line('dev setup')} (with npm)")
    return (bootstrap.HERE.node / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def _missing(what: str, command: str) -> NoReturn:
    reason = f"browser tests need {what}: {command}"
    if "AUTHLAB_SKIP_NOTHING" in os.environ:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
