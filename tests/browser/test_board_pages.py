"""The class board in a real browser: for everybody, in light and dark, on a phone, and live."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from authlab.classroom.board.connection import post
from authlab.classroom.board.picture import misconceptions_of
from authlab.classroom.board.settings import new_instructor_key
from authlab.course.curriculum import exercises
from tests.browser import axe, looking
from tests.classroom.serving_board import Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_SECONDS = 30
NAMES = ("Ada", "W" * 60, "بيسان", "<script>document.title = 'run'</script>", 'O\'Neil & "Söhne"')
Theme = Literal["light", "dark"]
PAGES: tuple[tuple[str, Theme], ...] = (
    ("login", "light"),
    ("room", "light"),
    ("room", "dark"),
    ("learner", "light"),
    ("own", "dark"),
)
# What is no complaint: axe cannot judge the contrast of marks that are no letters, which `MARKS` does; and a
# key belongs to no user name.
NO_LETTERS = "Element content contains only non-text characters"
NO_USER_NAME = "Password forms should have"
MARKS = """() => {
    const light = colour => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(part => part / 255).map(
            part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = mark => {
        const colour = getComputedStyle(mark).backgroundColor;
        return colour.startsWith("rgba") ? behind(mark.parentElement) : colour;
    };
    const found = {};
    for (const mark of document.querySelectorAll(".passed, .failed, .broken, .unattempted")) {
        const both = [getComputedStyle(mark).color, behind(mark)];
        const [dark, bright] = both.map(light).sort((a, b) => a - b);
        found[mark.className] = (bright + 0.05) / (dark + 0.05);
    }
    return found;
}"""


class Class:
    """A board with a class on it, the instructor's key, and a learner's."""

    def __init__(self, board: Served) -> None:
        self.board = board
        self.url = board.url
        self.instructor = new_instructor_key(board.settings)
        self.keys = [self._join(name) for name in NAMES]
        asked = [exercise.id for exercise in exercises()]
        for number, key in enumerate(self.keys):
            self.report(key, asked[: 7 * number], "passed")
            for _ in range(3):
                self.report(key, asked[7 * number : 7 * number + 2], "failed")
        self.report(self.keys[1], asked[:1], "failed")  # passed once, and fails now

    def _join(self, name: str) -> str:
        sent = {"code": self.board.code, "name": name}
        return str(post(self.url, "/api/join", sent, timeout_seconds=WAIT_SECONDS)[1]["key"])

    def report(self, key: str, asked: list[str], status: str) -> None:
        """Report one status of some exercises."""
        self._count = getattr(self, "_count", 0) + 1000
        reports = [
            {
                "id": f"{self._count + number:016x}",
                "exercise": one,
                "status": status,
                "misconception": min(misconceptions_of(one), default=None) if status == "failed" else None,
            }
            for number, one in enumerate(asked)
        ]
        answer = post(self.url, "/api/reports", {"reports": reports}, key=key, timeout_seconds=WAIT_SECONDS)
        assert answer[0] == 200, answer


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    with served(Path(tmp_path_factory.mktemp("board"))) as board:
        yield Class(board)


class Looking:
    """A visitor's page, and what the browser complained of."""

    def __init__(self, chromium: "Browser", room: Class, key: str = "", **options: object) -> None:
        self.context = chromium.new_context(**options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = room.url
        self.page.goto(room.url)
        if key:
            self.page.get_by_label("Your key").fill(key)
            self.page.get_by_role("button", name="Open").click()
            self.page.wait_for_url("**/dashboard")

    def close(self) -> None:
        self.context.close()


def open_page(chromium: "Browser", room: Class, name: str, **options: object) -> Looking:
    key = {"login": "", "room": room.instructor, "learner": room.instructor, "own": room.keys[1]}[name]
    visitor = Looking(chromium, room, key, **options)
    if name == "learner":
        visitor.page.locator("tbody a").nth(1).click()
        visitor.page.wait_for_url("**/learners/*")
    return visitor


@pytest.mark.parametrize(("name", "theme"), PAGES)
@pytest.mark.full
def test_axe_finds_nothing(
    chromium: "Browser", room: Class, axe_source: str, name: str, theme: Theme
) -> None:
    options = {"color_scheme": theme, "viewport": {"width": 1280, "height": 800}}
    with closing(open_page(chromium, room, name, **options)) as visitor:
        found = axe.complaints(visitor.page, axe_source)
        assert [line for line in found if NO_LETTERS not in line] == []
        contrasts = visitor.page.evaluate(MARKS)
        assert len(contrasts) == (0 if name == "login" else 4)
        assert min(contrasts.values(), default=9) >= 4.5
        visitor.page.set_viewport_size({"width": 400, "height": 800})
        assert looking.sideways(visitor.page) == []
        assert [text for text in visitor.complaints if NO_USER_NAME not in text] == []


@pytest.mark.parametrize("name", ["room", "own"])
def test_a_page_works_without_scripts(chromium: "Browser", room: Class, name: str) -> None:
    with closing(open_page(chromium, room, name, java_script_enabled=False)) as visitor:
        assert "passed" in visitor.page.inner_text("main")
        visitor.page.get_by_role("button", name="Log out").click()
        visitor.page.wait_for_url("**/login")


def test_the_room_is_live(chromium: "Browser", room: Class) -> None:
    """A verdict shows without a reload, and a name that is markup is a name there, too."""
    with closing(Looking(chromium, room)) as visitor:
        visitor.page.clock.install()
        visitor.page.get_by_label("Your key").fill(room.instructor)
        visitor.page.get_by_role("button", name="Open").click()
        visitor.page.wait_for_url("**/dashboard")
        room._join("Newcomer")
        assert "Newcomer" not in visitor.page.inner_text("main")
        visitor.page.clock.fast_forward(11_000)
        visitor.page.get_by_text("Newcomer").wait_for(timeout=WAIT_SECONDS * 1000)
        assert visitor.page.get_by_text("<script>document.title").count() == 1
        assert visitor.page.title() == "The room · authlab"
        assert [text for text in visitor.complaints if NO_USER_NAME not in text] == []
