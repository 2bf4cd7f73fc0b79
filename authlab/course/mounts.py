"""Which answers to mount for an app to be looked at: one flaw, or a learner's own parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from authlab.course import answers, bank
from authlab.course.curriculum import CurriculumError, select
from authlab.course.refusal import Refusal


class MountsError(Refusal, LookupError):
    """What was asked for cannot be mounted. The text says what there is."""


def mounts_for(flaw: str | None, mine: Sequence[str], folder: Path, *, alone: bool = False) -> dict[str, Any]:
    """Return `module:name` -> answer: a flaw with its companions (without them: `alone`), or the answers in
    `folder` to some exercises."""
    try:
        wrong = None if flaw is None else bank.flaw_named(flaw)
        mounts = {} if wrong is None else {wrong.part: wrong.answer} if alone else dict(wrong.mounts)
        for exercise_id in mine:
            for asked in select(exercise_id):
                if asked.kind in ("build", "fix"):
                    path = folder / asked.file_name
                    mounts[asked.part] = answers.load(path, asked, select(asked.lesson))
    except (bank.UnknownFlaw, CurriculumError, answers.AnswerError) as error:
        raise MountsError(str(error.args[0])) from None
    return mounts
