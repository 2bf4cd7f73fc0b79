"""What is to be told to the board: kept on the disk until the board has said that it has it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from authlab.course.places import STATE
from authlab.locking import locked
from authlab.replacing import replaced

FILE = STATE / "reports.json"
VERSION = 1
KEPT_AT_MOST = 1000  # the newest: the board shows the last verdict of each exercise anyway


@dataclass(slots=True)
class Outbox:
    """The reports that wait, for whom, and how it went so far."""

    for_whom: str  # the board's address and our number there: of another board's, nothing is sent
    reports: list[dict[str, Any]] = field(default_factory=list)
    retry_at: int = 0  # not before: a board that is down is not asked at every check
    trouble: str = ""  # why the last try failed: down, closed, removed
    told: str = ""  # the trouble that the learner has heard of


@contextmanager
def opened(for_whom: str) -> Iterator[Outbox]:
    """Lend the outbox, and keep it as it is when the block ends. Raises `OSError` where it cannot be written.

    The lock is held for as long as that takes; nobody talks to the board meanwhile.
    """
    with locked(FILE.with_suffix(".lock")):
        outbox = _read(for_whom)
        before = asdict(outbox)
        yield outbox
        outbox.reports = outbox.reports[-KEPT_AT_MOST:]
        if asdict(outbox) != before:
            kept = json.dumps({"version": VERSION, **asdict(outbox)})
            with replaced(FILE) as temporary:
                temporary.write_text(kept + "\n", encoding="utf-8")


def waiting(for_whom: str) -> int:
    """Return how many reports wait."""
    return len(_read(for_whom).reports)


def forget() -> None:
    """Forget all that waits."""
    with suppress(FileNotFoundError):
        FILE.unlink()


def _read(for_whom: str) -> Outbox:
    try:
        kept = json.loads(FILE.read_bytes())
        if kept.pop("version") == VERSION and kept["for_whom"] == for_whom:
            return Outbox(**kept)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return Outbox(for_whom)
