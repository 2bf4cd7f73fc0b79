"""What is refused says so in words that its reader can act on, and what has no number has none to end."""

import pickle
from contextlib import closing

import pytest
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from authlab.lab.apps import LabApp
from authlab.server_only import ServerOnly
from authlab.sessions.stateless import StatelessSessions

SEALED = TypeAdapter(ServerOnly)


def test_a_pickle_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        TypeError, match=r"^a server-only value is not pickled; reveal\(\) it where it is used$"
    ):
        pickle.dumps(ServerOnly("a hash"))


def test_an_open_value_is_no_server_only_one() -> None:
    with pytest.raises(TypeError, match=r"^expected a ServerOnly, got a value that is open$"):
        SEALED.validate_python("a hash")


def test_what_would_leave_the_server_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        PydanticSerializationError,
        match=r": a server-only value does not leave the server; name the fields that may, in a DTO$",
    ):
        SEALED.dump_json(ServerOnly("a hash"))


def test_sealed_values_are_told_apart_in_a_set() -> None:
    assert hash(ServerOnly(1)) != hash(ServerOnly(2))
    assert hash(ServerOnly(1)) != hash(1)


def test_no_session_without_a_row_is_ended_by_a_number() -> None:
    """Nobody is told that a session has ended which goes on."""
    app = LabApp()
    with closing(app.connect()) as db:
        assert StatelessSessions(app.settings).end_one(db, 1, 1) is False
    app.close()
