"""What reaches the board, checked before the database is asked: a newcomer's name, and reports."""

import unicodedata
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from authlab.forms import Form, FormState, messages_by_field

NAME_MAX_CHARACTERS = 60
NAME_INVALID = f"Please enter a name of at most {NAME_MAX_CHARACTERS} characters, all of them visible."
MARKS_MAX = 3  # on one letter: more are drawn over the lines above and below
REPORTS_MAX = 100

Reported = Literal["passed", "failed", "error", "timeout"]


class JoinForm(Form):
    """A newcomer: the code as it was typed, and a name that shows as what it is."""

    code: str = Field(max_length=100, repr=False)
    name: str

    @field_validator("name")
    @classmethod
    def _name(cls, raw: str) -> str:
        name = shown_name(raw)
        if name is None:
            raise PydanticCustomError("field", "refused", {"messages": [NAME_INVALID]})
        return name


class Report(Form):
    """One verdict. Nothing of the answer, and no time: the board notes when it came."""

    id: str = Field(pattern=r"\A[0-9a-f]{16}\z")  # the kit's, so that sending it twice counts once
    exercise: str = Field(max_length=10)
    status: Reported
    misconception: str | None = Field(default=None, max_length=500)


class ReportsForm(Form):
    """What one request brings. Whose they are, the key says, and no field."""

    reports: Annotated[list[Report], Field(max_length=REPORTS_MAX)]


def validate_join(sent: dict[str, str | None]) -> JoinForm | FormState:
    """Return the checked form, or what is wrong with it."""
    try:
        return JoinForm.model_validate({"code": "", "name": "", **sent})
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


def validate_reports(body: bytes) -> ReportsForm | FormState:
    """Return the checked reports in a JSON text, or what is wrong with them."""
    try:
        return ReportsForm.model_validate_json(body)
    except ValidationError as refused:
        return FormState(errors=messages_by_field(refused))


def shown_name(raw: str) -> str | None:
    """Return a name without the spaces around it, or None for one that is empty, too long or deceives.

    Whatever is invisible, turns the direction of a line (`Trojan Source`) or piles up marks would change how
    the rows around it read. Two learners may have one name: the board tells them apart by number.
    """
    name = unicodedata.normalize("NFC", raw.strip(" "))
    marks = longest = 0
    for character in name:
        category = unicodedata.category(character)
        if category[0] == "C" or category in ("Zl", "Zp") or (category == "Zs" and character != " "):
            return None
        marks = marks + 1 if category in ("Mn", "Me") else 0
        longest = max(longest, marks)
    # A letter or a digit is seen; a Hangul filler, say, is called a letter and is not.
    visible = any(unicodedata.category(c)[0] in "LNSP" and c not in "\u115f\u1160\u3164\uffa0" for c in name)
    return name if visible and len(name) <= NAME_MAX_CHARACTERS and longest <= MARKS_MAX else None
