"""What `check` tells the board a learner has joined: which exercise, which verdict, which misconception.

Never the answer, never a message that quotes it, and nothing at all before joining. The verdict is shown
first, then noted on the disk, then sent from a thread: a board that is down or slow costs a check nothing,
and what it did not take is sent with a later one.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from authlab.classroom.board import joined, outbox
from authlab.classroom.board.connection import Unreachable, post
from authlab.classroom.board.joined import Joined
from authlab.classroom.board.outbox import Outbox
from authlab.cli import command_line
from authlab.course.engine import Result

SEND_SECONDS = 3.0  # for one request
RETRY_AFTER_SECONDS = 60  # of a board that did not answer
AT_ONCE = 100  # reports in one request
MISCONCEPTION_MAX_CHARACTERS = 500

NOTICES = {
    "down": "The class board does not answer. Your verdicts are kept, and sent with a later check.",
    "closed": "The class board is closed for now. Your verdicts are kept, and sent with a later check.",
    "removed": "The class board does not know you any more, and is told nothing. Leave it: {leave}",
}

_one_at_a_time = threading.Lock()  # of this process's threads; what two processes send twice, counts once


def report(results: Iterable[Result], *, wait_seconds: float = 0.0, quietly: bool = False) -> str | None:
    """Tell the board about verdicts, if the learner has joined one; return a line for them, or None.

    `wait_seconds` is for a process that ends after this: so long, and no longer, the thread may take. Each
    trouble is told once, and again after it had gone; `quietly` tells of none, and leaves it for later.
    """
    there = joined.read()
    if there is None:
        return None
    try:
        return _report(there, [_told(result) for result in results], wait_seconds, quietly)
    except OSError:  # the clone cannot be written: the verdict was given all the same
        return None


def _report(
    there: Joined, reports: Sequence[dict[str, Any] | None], wait_seconds: float, quietly: bool
) -> str | None:
    now, notice = int(time.time()), None
    with outbox.opened(for_whom(there)) as box:
        if box.trouble == "removed":
            box.reports.clear()
        else:
            box.reports += [one for one in reports if one is not None]
        due = bool(box.reports) and now >= box.retry_at
        if due:
            box.retry_at = now + RETRY_AFTER_SECONDS  # until it has succeeded: this process may end before
        if not (due and wait_seconds):  # of tries before
            notice = None if quietly else _notice(box)
    if due:
        thread = threading.Thread(target=send, args=(there,), daemon=True)
        thread.start()
        if wait_seconds:
            thread.join(wait_seconds)
            with outbox.opened(for_whom(there)) as box:
                if thread.is_alive():
                    box.trouble = "down"
                notice = None if quietly else _notice(box)
    return notice


def send(there: Joined) -> None:
    """Send all that waits, in batches; keep what the board did not take. It raises nothing."""
    with suppress(OSError), _one_at_a_time:
        while batch := _batch(there):
            trouble = _post(there, batch)
            _take_note(there, batch, trouble)
            if trouble:
                break


def for_whom(there: Joined) -> str:
    """Return what an outbox belongs to: the board, and who we are there."""
    return f"{there.url} {there.key.partition('-')[0]}"


def _batch(there: Joined) -> list[dict[str, Any]]:
    with outbox.opened(for_whom(there)) as box:
        return [] if box.trouble == "removed" else box.reports[:AT_ONCE]


def _post(there: Joined, batch: list[dict[str, Any]]) -> str:
    """Return the trouble that there was: "" for none."""
    try:
        status, said = post(
            there.url, "/api/reports", {"reports": batch},
            key=there.key, pin=there.pin, timeout_seconds=SEND_SECONDS,
        )  # fmt: skip
    except Unreachable:
        return "down"
    if status == 200 and said.get("taken") == len(batch):  # a hotel's login page is a 200 as well
        return ""
    return {401: "removed", 423: "closed"}.get(status, "down")


def _take_note(there: Joined, batch: list[dict[str, Any]], trouble: str) -> None:
    sent = {one["id"] for one in batch}
    with outbox.opened(for_whom(there)) as box:
        box.trouble = trouble
        if not trouble:
            box.reports = [one for one in box.reports if one["id"] not in sent]
            box.retry_at, box.told = 0, ""


def _notice(box: Outbox) -> str | None:
    """Return a line about a trouble that the learner has not heard of; they have, from then on."""
    if not box.trouble or box.trouble == box.told:
        return None
    box.told = box.trouble
    return NOTICES[box.trouble].format(leave=command_line("class leave"))


def _told(result: Result) -> dict[str, Any] | None:
    """Return what leaves of a verdict, field by field; None for an exercise that was not attempted."""
    if result.status == "unattempted":
        return None
    misconception = result.misconception
    return {
        "id": os.urandom(8).hex(),
        "exercise": result.exercise.id,
        "status": result.status,
        "misconception": misconception[:MISCONCEPTION_MAX_CHARACTERS] if misconception else None,
    }
