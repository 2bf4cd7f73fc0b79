"""Values that stay on the server: every way out by accident is shut, and one door is open on purpose."""

import copy
import json
import logging
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, astuple, dataclass, replace
from pprint import pformat
from traceback import TracebackException
from typing import Any

import jinja2
import pytest
from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from authlab.db import UserRow
from authlab.server_only import ServerOnly

SECRET = "$2b$10$only-for-comparing"
CLOSED = "<server only>"


@dataclass
class Row:
    name: str
    password_hash: ServerOnly[str]


class Typed(BaseModel):
    password_hash: ServerOnly[str]


class Untyped(BaseModel):
    model_config = ConfigDict(extra="allow")

    anything: Any


@pytest.fixture
def value() -> ServerOnly[str]:
    return ServerOnly(SECRET)


def test_reveal_is_the_one_door(value: ServerOnly[str]) -> None:
    """Whoever looks for the places where secrets come out looks for this word."""
    assert value.reveal() == SECRET


@pytest.mark.parametrize(
    "text",
    [
        str,
        repr,
        ascii,
        format,
        "{}".format,
        "{0!s} {0!r}".format,
        pformat,
        lambda value: f"{value}",
        lambda value: f"{value:>40}",
        lambda value: f"{value!r}",
        lambda value: f"{value=}",
        lambda value: "%s" % value,  # noqa: UP031 - the old way is one of the ways
        lambda value: str([value]) + str({"a": value}),
        lambda value: repr(Row("Ada", value)),
        lambda value: repr(ValueError("wrong", value)),
        lambda value: jinja2.Template("{{ value }} {{ value.reveal }}").render(value=value),
        lambda value: json.dumps(asdict(Row("Ada", value)), default=str),
        lambda value: json.dumps({"a": value}, default=repr),
        lambda value: Untyped(anything=value).model_dump_json(fallback=str),
        lambda value: to_json(value, serialize_unknown=True).decode(),
        lambda value: str(Untyped(anything=value)) + repr(Typed(password_hash=value)),
    ],
)
def test_its_text_says_nothing(value: ServerOnly[str], text: Callable[[object], str]) -> None:
    """However it is printed, what is printed is that something is there."""
    assert CLOSED in text(value)
    assert SECRET not in text(value)


def test_a_log_line_and_a_traceback_say_nothing(
    value: ServerOnly[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Logs are read by more people than the database, and some tracebacks show local variables."""
    caplog.set_level(logging.INFO)
    logging.getLogger("authlab.test").info("a row: %s %r", Row("Ada", value), value)
    assert SECRET not in caplog.text
    assert CLOSED in caplog.text
    try:
        raise ValueError(value)
    except ValueError as error:
        printed = "".join(TracebackException.from_exception(error, capture_locals=True).format())
    assert CLOSED in printed
    assert SECRET not in printed


@pytest.mark.parametrize(
    "send",
    [
        json.dumps,
        lambda value: json.dumps({"user": [value]}),
        lambda value: json.dumps({value: 1}),
        lambda value: json.dumps(asdict(Row("Ada", value))),
        lambda value: json.dumps(value, default=vars),
        lambda value: json.dumps(value, default=lambda unknown: unknown.__getstate__()),
        lambda value: jinja2.Template("{{ value | tojson }}").render(value=value),
        pickle.dumps,
        lambda value: pickle.dumps(value, protocol=0),
        lambda value: pickle.dumps(Row("Ada", value)),
        lambda value: value.__reduce__(),
        lambda value: value.__getstate__(),
        lambda value: "".join([value]),
        lambda value: "a hash: " + value,
        bytes,
        list,
        vars,
    ],
)
def test_what_would_send_it_is_an_error(value: ServerOnly[str], send: Callable[[object], object]) -> None:
    """A crash in a test, and no leak in production; and the error does not quote it."""
    with pytest.raises(TypeError) as refused:
        send(value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "dump",
    [
        lambda value: Typed(password_hash=value).model_dump(),
        lambda value: Typed(password_hash=value).model_dump(mode="json"),
        lambda value: Typed(password_hash=value).model_dump_json(),
        lambda value: Typed(password_hash=value).model_dump_json(serialize_as_any=True),
        lambda value: Untyped(anything=value).model_dump(mode="json"),
        lambda value: Untyped(anything=value).model_dump_json(),
        lambda value: Untyped.model_validate({"anything": 1, "more": value}).model_dump_json(),
        lambda value: TypeAdapter(Row).dump_python(Row("Ada", value)),
        lambda value: TypeAdapter(Row).dump_json(Row("Ada", value)),
        lambda value: TypeAdapter(Any).dump_json(Row("Ada", value)),
        to_json,
    ],
)
def test_pydantic_dumps_it_in_no_mode(value: ServerOnly[str], dump: Callable[[object], object]) -> None:
    """Whether the model knows of it or not, and however it is asked."""
    with pytest.raises(PydanticSerializationError) as refused:
        dump(value)
    assert SECRET not in str(refused.value)


def test_a_field_without_a_type_hands_it_on_closed(value: ServerOnly[str]) -> None:
    """The one dump that is not an error: Python's own, of a field that may be anything."""
    assert Untyped(anything=value).model_dump() == {"anything": value}
    assert str(Untyped(anything=value).model_dump()) == f"{{'anything': {CLOSED}}}"


def test_a_bare_value_is_no_server_only_one_and_is_not_quoted() -> None:
    """pydantic's own error would say what it got, and what it got is the secret."""
    with pytest.raises(TypeError) as refused:
        Typed(password_hash=SECRET)  # type: ignore[arg-type]
    assert not isinstance(refused.value, ValidationError)
    assert SECRET not in str(refused.value)


def test_a_schema_for_clients_cannot_be_made_of_it() -> None:
    """A documented field is a field that somebody will fill."""
    with pytest.raises(PydanticUserError):
        Typed.model_json_schema(mode="serialization")


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda value: copy.deepcopy({"a": [value]})["a"][0],
        lambda value: copy.deepcopy(Row("Ada", value)).password_hash,
        lambda value: asdict(Row("Ada", value))["password_hash"],
        lambda value: astuple(Row("Ada", value))[1],
        lambda value: replace(Row("Ada", value), name="Eve").password_hash,
        lambda value: Typed(password_hash=value).model_copy(deep=True).password_hash,
    ],
)
def test_a_copy_is_as_closed_as_the_original(
    value: ServerOnly[str], copied: Callable[[object], ServerOnly[str]]
) -> None:
    """`asdict` copies deeply: a guard that a copy loses is none."""
    assert str(copied(value)) == CLOSED
    assert copied(value).reveal() == SECRET


def test_a_query_does_not_take_it(value: ServerOnly[str]) -> None:
    """Written to the database by mistake, it would be stored as its text."""
    with closing(sqlite3.connect(":memory:")) as db, pytest.raises(sqlite3.ProgrammingError):
        db.execute("SELECT ?", (value,))


def test_two_are_equal_when_their_values_are() -> None:
    """So that rows can be compared; with a bare value, or another kind of value, it never is."""
    assert ServerOnly(SECRET) == ServerOnly(SECRET)
    assert ServerOnly(SECRET) != ServerOnly("another")
    assert ServerOnly(SECRET) != SECRET
    assert {ServerOnly(SECRET), ServerOnly(SECRET)} == {ServerOnly(SECRET)}
    assert SECRET not in {ServerOnly(SECRET)}


def test_its_hash_does_not_tell_a_number() -> None:
    """The hash of a number is that number: a PIN would be read from a set."""
    assert hash(ServerOnly(1234)) != 1234
    assert hash(ServerOnly(1234)) == hash(ServerOnly(1234))


def test_no_value_is_a_value_too() -> None:
    """A session that was never renewed has no former hash; that this is so is not told either."""
    assert ServerOnly(None).reveal() is None
    assert str(ServerOnly(None)) == CLOSED
    assert bool(ServerOnly(None)) is bool(ServerOnly(SECRET)) is True


def test_nothing_can_be_stuck_to_it(value: ServerOnly[str]) -> None:
    """No attribute of its own, so nothing beside the value that a serialiser would find."""
    with pytest.raises(AttributeError):
        value.seen = SECRET  # type: ignore[attr-defined]


def test_a_stored_user_carries_a_closed_hash(value: ServerOnly[str]) -> None:
    """The row that every layer handles is printed, copied and dumped without it."""
    row = UserRow(1, "member-1", "Ada", "ada@lab.test", value, "user")
    assert SECRET not in f"{row} {asdict(row)} {pformat(row)}"
    with pytest.raises(TypeError):
        json.dumps(asdict(row))
    with pytest.raises(PydanticSerializationError):
        TypeAdapter(UserRow).dump_json(row)
