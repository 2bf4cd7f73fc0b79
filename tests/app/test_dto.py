"""What may leave, field by field: nothing that nobody named, and to each viewer what they may see."""

import json
import time
from dataclasses import fields
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from authlab.db import SessionRow, UserRow
from authlab.dto import (
    AccountDTO,
    DeviceDTO,
    ProfileDTO,
    UserDTO,
    account_dto,
    bootstrap,
    device_dto,
    in_words,
    profile_dto,
    user_dto,
)
from authlab.server_only import ServerOnly

if TYPE_CHECKING:
    from hypothesis import settings

NINE_O_CLOCK = 1_767_603_600  # on Monday, 5 January 2026, in UTC


def row(
    number: int, *, role: str = "user", team: str | None = None, phone: str | None = "0 555 1"
) -> UserRow:
    return UserRow(
        id=number,
        slug=f"member-{number}",
        name=f"Member {number}",
        email=f"{number}@lab.test",
        password_hash=ServerOnly("a hash"),
        role=role,
        team=team,
        phone=phone,
        last_login_at=NINE_O_CLOCK,
        previous_login_at=NINE_O_CLOCK,
        session_generation=3,
    )


def named(name: str) -> UserDTO:
    return UserDTO(
        id=1, name=name, email="ada@lab.test", role="user", username="member-1", team=None, phone=None
    )


# What leaves of a user


def test_a_user_is_handed_seven_fields_of_their_own() -> None:
    """Each of them by name: no hash, no time, no number of the inside."""
    assert user_dto(row(1, team="engines")).model_dump() == {
        "id": 1,
        "name": "Member 1",
        "email": "1@lab.test",
        "role": "user",
        "username": "member-1",
        "team": "engines",
        "phone": "0 555 1",
    }


def test_an_admin_is_handed_what_administers_an_account() -> None:
    """Whose account it is and in what state: no phone number, which is its owner's to show."""
    assert account_dto(row(2, role="admin", team="engines")).model_dump() == {
        "id": 2,
        "username": "member-2",
        "name": "Member 2",
        "email": "2@lab.test",
        "role": "admin",
        "team": "engines",
        "disabled": False,
        "last_login": "2026-01-05 09:00",
    }


def test_a_device_is_a_number_and_no_session_id() -> None:
    """The id is in the session's token: a page that shows it shows half of what opens the session."""
    device = SessionRow(5, "a-session-id", "Firefox on Linux", NINE_O_CLOCK, NINE_O_CLOCK + 3600)
    assert device_dto(device, current=True).model_dump() == {
        "id": 5,
        "device": "Firefox on Linux",
        "signed_in": "2026-01-05 09:00",
        "last_seen": "2026-01-05 10:00",
        "current": True,
    }


@pytest.mark.parametrize("column", [field.name for field in fields(UserRow)])
def test_no_column_but_the_named_ones_is_a_field(column: str) -> None:
    """A column that is added tomorrow is in none of these until somebody decides that it leaves."""
    shared = {"id", "name", "email", "role", "team", "phone"}
    assert (column in UserDTO.model_fields) == (column in shared)
    assert (column in AccountDTO.model_fields) == (column in shared - {"phone"} | {"disabled"})
    assert (column in ProfileDTO.model_fields) == (column in {"name", "phone"})


@pytest.mark.parametrize(
    "leaving",
    [
        user_dto(row(1)),
        account_dto(row(1)),
        profile_dto(row(1), row(1)),
        device_dto(SessionRow(5, "a-session-id", "Firefox", 1, 2), current=False),
    ],
    ids=lambda dto: type(dto).__name__,
)
def test_a_field_too_many_is_an_error_and_none_is_changed(
    leaving: UserDTO | AccountDTO | ProfileDTO | DeviceDTO,
) -> None:
    """Handed a whole row by mistake it refuses; and what was decided, no page edits on its way out."""
    with pytest.raises(ValidationError):
        type(leaving).model_validate({**leaving.model_dump(), "password_hash": "a hash"})
    for name, value in leaving.model_dump().items():
        with pytest.raises(ValidationError):
            setattr(leaving, name, value)


# What one member may see of another


@pytest.mark.parametrize(
    ("viewer", "owner", "shown", "editable"),
    [
        (row(1), row(1), True, True),  # one's own
        (row(1, team="engines"), row(1, team="engines"), True, True),
        (row(2, role="admin"), row(1), True, True),  # an admin, whoever's it is
        (row(2, role="admin"), row(1, team="engines"), True, True),
        (row(1, team="engines"), row(3, team="engines"), True, False),  # the same team: to see, not to change
        (row(1, team="engines"), row(3, team="compilers"), False, False),
        (row(1, team="engines"), row(3), False, False),
        (row(1), row(3, team="engines"), False, False),
        (row(1), row(3), False, False),  # no team is no team in common
        (row(1), row(2, role="admin"), False, False),  # an admin is not everybody's to see
    ],
)
def test_a_profile_shows_name_and_phone_to_whom_they_are_for(
    viewer: UserRow, owner: UserRow, shown: bool, editable: bool
) -> None:
    """The target comes from the address, the viewer from the session, and each keeps its place."""
    profile = profile_dto(viewer, owner)
    assert profile.username == owner.slug
    assert profile.name == (owner.name if shown else None)
    assert profile.phone == ("0 555 1" if shown else None)
    assert profile.editable is editable


def test_who_may_see_a_username_is_one_function_s_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today every member may. Who makes that rule stricter has nothing else to change."""
    monkeypatch.setattr("authlab.dto.can_see_username", lambda viewer: viewer.role == "admin")
    assert profile_dto(row(1), row(3)).username is None
    assert profile_dto(row(2, role="admin"), row(3)).username == "member-3"


def test_a_hidden_phone_number_looks_like_none() -> None:
    """The same keys and the same value: nobody learns that there is one that they may not see."""
    hidden = profile_dto(row(1), row(3))
    none = profile_dto(row(1), row(3, phone=None))
    assert hidden.model_dump() == none.model_dump()
    assert set(hidden.model_dump()) == {"username", "name", "phone", "editable"}


# What a page's scripts begin with


def test_scripts_begin_with_who_is_signed_in_and_no_more() -> None:
    """A number, a name, a role: what every script on the page may read, and send away."""
    assert json.loads(bootstrap(named("Ada"))) == {"user": {"id": 1, "name": "Ada", "role": "user"}}
    assert json.loads(bootstrap(None)) == {"user": None}


def test_any_name_comes_back_and_none_leaves_the_script_element(steady: "settings") -> None:
    """Whatever somebody is called, the text holds no markup, and JSON reads the same name out of it."""
    from hypothesis import example, given
    from hypothesis.strategies import lists, sampled_from, text

    pieces = ["</script>", "</SCRIPT\t>", "<!--", "<script", "]]>", "&lt;", "\\u003c", "\\", '"', "\u2028"]
    tricky = lists(sampled_from(pieces) | text(max_size=4), max_size=4).map("".join)

    @steady
    @given(text(max_size=20) | tricky)
    @example("</script><img src=x onerror=alert(1)>")
    @example("<!--<script>")
    def holds(name: str) -> None:
        told = bootstrap(named(name))
        assert not set("<>&\u2028\u2029") & set(told)
        assert json.loads(told)["user"]["name"] == name

    holds()


def test_a_page_s_parser_finds_one_element_and_the_name_in_it() -> None:
    """The name that ends a script element does not end this one."""
    told: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            told.append(tag)

        def handle_data(self, data: str) -> None:
            told.append(data)

    name = "</script><img src=x onerror=alert(1)>"
    Reader().feed(f'<script type="application/json">{bootstrap(named(name))}</script>')
    tag, data = told
    assert tag == "script"
    assert json.loads(data)["user"]["name"] == name


# Times for people


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, None),
        (0, "1970-01-01 00:00"),
        (NINE_O_CLOCK, "2026-01-05 09:00"),
        (NINE_O_CLOCK + 59, "2026-01-05 09:00"),
        (951_782_400, "2000-02-29 00:00"),
    ],
)
def test_a_time_is_told_in_utc_to_the_minute(seconds: int | None, words: str | None) -> None:
    """Wherever the server stands; and a login that never was is None, not 1970."""
    assert in_words(seconds) == words


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system's time zone is not for a program to set")
def test_a_time_does_not_depend_on_where_the_server_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says UTC beside it: a login at nine in London is not one at four in New York."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "EST5")
        time.tzset()
        assert in_words(NINE_O_CLOCK) == "2026-01-05 09:00"
    time.tzset()
