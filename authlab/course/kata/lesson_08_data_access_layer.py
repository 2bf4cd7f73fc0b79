"""Lesson 8: an attack by whoever comes second, and a test with two visitors in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from authlab.lab.browser import Browser


class _OneApp:
    """What all requests of an app share."""


@dataclass(eq=False)
class FakeRequest:
    """As much of a request as a memo may look at: each has a memo of its own, and all are of one app.

    Two of them are two visits, from two people or from one, and to the same page unless you name another.
    """

    path: str = "/profile"
    memo: dict[object, Any] = field(default_factory=dict)
    sessions: ClassVar[_OneApp] = _OneApp()


def read_after_them(victim: Browser, mallory: Browser) -> str:
    """Return the text of a page that shows the victim's name, out of Mallory's own browser.

    The app remembers what it has proven with `lru_cache`: one answer for each
    path, whoever asks, for as long as the process lives.

    - `victim` is the browser of a member who is signed in, and who opens the
      pages of the app that you have them open: `victim.get("/profile")`.
    - `mallory` is your browser. It has never signed in; it may sign up, as
      everybody may.
    - You see what is in Mallory's answers (`.text`), and nothing of the
      victim's: neither their pages nor their cookies. That a victim reads their
      own page is no attack.

    Against the app without the hole the same requests bring nothing of the
    victim's, and must not crash: return what comes.
    """
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    mallory.post("/signup", form)
    victim.get("/profile")
    return mallory.get("/profile").text


def prove_once_a_request(per_request: Callable[[FakeRequest, Callable[[Any], Any]], Any]) -> None:
    """Prove with `assert` that a `per_request(request, read)` keeps its promise of exercise 8.2. Return
    nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass.

    - `FakeRequest()` makes a request: a new visit to the same app, and to the
      same page unless you name another (`FakeRequest(path="/devices")`). Its
      `memo` is an empty dictionary, and `memo.clear()` is what a login does.
    - `read` is a function of yours that takes the request and returns an
      answer, or raises. How often it was called, only you can count.

    Only a failing `assert` counts: a proof that crashes has proven nothing, and
    an error that you do not catch is a crash, wherever it comes from: a wrong
    version may bring one back in a later call.
    """
    asked: list[FakeRequest] = []

    def whose(request: FakeRequest) -> str:
        asked.append(request)
        return f"answer {len(asked)}"

    def nobody(request: FakeRequest) -> None:
        asked.append(request)

    def refused_at_first(request: FakeRequest) -> str:
        asked.append(request)
        if len(asked) == 1:
            raise LookupError
        return "found"

    def outcome(request: FakeRequest) -> Any:
        try:
            return per_request(request, refused_at_first)
        except LookupError:
            return "refused"

    first, second = FakeRequest(), FakeRequest()
    assert per_request(first, whose) == "answer 1"
    assert per_request(first, whose) == "answer 1"
    assert per_request(second, whose) == "answer 2"
    assert asked == [first, second]

    assert per_request(first, nobody) is None
    assert per_request(first, nobody) is None
    assert asked == [first, second, first]

    first.memo.clear()
    assert per_request(first, whose) == "answer 4"

    asked.clear()
    third = FakeRequest()
    assert [outcome(third), outcome(third), outcome(third)] == ["refused", "found", "found"]
