"""Right ways to decide what leaves, in other styles than the package's."""

import hmac
import itertools
import json
import re
import weakref
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from authlab import roles
from authlab.course.bank import alternative
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.db import UserRow
from authlab.dto import ProfileDTO, UserDTO
from authlab.lab.browser import Browser
from authlab.roles import can_edit, can_see_phone, can_see_username

CAN_SEE_PHONE = "authlab.roles:can_see_phone"
USER_DTO = "authlab.dto:user_dto"
PROFILE_DTO = "authlab.dto:profile_dto"
BOOTSTRAP = "authlab.dto:bootstrap"
SERVER_ONLY = "authlab.server_only:ServerOnly"
READ = "authlab.course.kata.lesson_09_data_transfer_objects:read_member_three"
PROVE = "authlab.course.kata.lesson_09_data_transfer_objects:prove_profiles"

T = TypeVar("T")


@alternative(CAN_SEE_PHONE)
def phone_by_refusing(viewer: UserRow, owner: UserRow) -> bool:
    """Each line is a reason to say yes; at the end there is none left."""
    if viewer.role == "admin":
        return True
    if viewer.id == owner.id:
        return True
    if owner.team is None:
        return False
    return owner.team == viewer.team


@alternative(CAN_SEE_PHONE)
def phone_by_common_teams(viewer: UserRow, owner: UserRow) -> bool:
    """Teams as sets: who is in none has an empty one, and shares nothing."""
    teams, theirs = ({user.team} - {None} for user in (viewer, owner))
    return bool(teams & theirs) or viewer.id == owner.id or viewer.role == "admin"


@alternative(CAN_SEE_PHONE)
def phone_by_match_statement(viewer: UserRow, owner: UserRow) -> bool:
    """One pattern for each reason; what fits none is refused."""
    match (viewer.id == owner.id, viewer.role, viewer.team):
        case (True, _, _) | (_, "admin", _):
            return True
        case (_, _, str() as team):
            return team == owner.team
        case _:
            return False


@alternative(CAN_SEE_PHONE)
def phone_by_the_last_truth(viewer: UserRow, owner: UserRow) -> bool:
    """One chain of `or` and `and`, which hands on what it finds: a missing team is as good as False."""
    found = viewer.id == owner.id or viewer.role == "admin"
    return found or (owner.team and owner.team == viewer.team)  # type: ignore[return-value]


@alternative(CAN_SEE_PHONE)
def phone_by_a_team_of_ones_own(viewer: UserRow, owner: UserRow) -> bool:
    """Who has no team gets one that nobody else can be in."""
    team = viewer.team or object()
    return viewer.role in ("admin",) or viewer.id == owner.id or team == owner.team


@alternative(USER_DTO)
def user_from_a_list_of_names(row: UserRow) -> UserDTO:
    """The same names on both sides, in one list."""
    fields = {name: getattr(row, name) for name in ("id", "name", "email", "role", "team", "phone")}
    return UserDTO(username=row.slug, **fields)


@alternative(USER_DTO)
def user_from_attributes(row: UserRow) -> UserDTO:
    """The model takes what it knows, and it knows what may leave."""
    taken = {name: getattr(row, name) for name in UserDTO.model_fields if name != "username"}
    return UserDTO.model_validate({**taken, "username": row.slug})


@alternative(PROFILE_DTO)
def profile_from_nothing(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """It begins with a profile that shows nothing, and adds what may be seen."""
    shown: dict[str, Any] = {"username": None, "name": None, "phone": None}
    if can_see_username(viewer):
        shown["username"] = owner.slug
    if can_see_phone(viewer, owner):
        shown |= {"name": owner.name, "phone": owner.phone}
    return ProfileDTO(editable=can_edit(viewer, owner), **shown)


@alternative(PROFILE_DTO)
def profile_with_a_question_a_field(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """A small function says for each field who may see it."""

    def to_whom_may(may: bool, value: str | None) -> str | None:
        return value if may else None

    return ProfileDTO(
        username=to_whom_may(can_see_username(viewer), owner.slug),
        name=to_whom_may(can_see_phone(viewer, owner), owner.name),
        phone=to_whom_may(can_see_phone(viewer, owner), owner.phone),
        editable=can_edit(viewer, owner),
    )


@alternative(PROFILE_DTO)
def profile_redacted(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """A copy of the row from which the private fields are blanked first, and four fields taken after."""
    if not can_see_phone(viewer, owner):
        owner = replace(owner, name="", phone=None)
    return ProfileDTO.model_validate(
        {
            "username": owner.slug if can_see_username(viewer) else None,
            "name": owner.name or None,
            "phone": owner.phone,
            "editable": can_edit(viewer, owner),
        }
    )


@alternative(PROFILE_DTO)
def profile_taken_back(viewer: UserRow, owner: UserRow) -> ProfileDTO:
    """It begins with all of it and takes back what may not be seen; the rules are asked by their module."""
    full = ProfileDTO(
        username=owner.slug, name=owner.name, phone=owner.phone, editable=roles.can_edit(viewer, owner)
    )
    hidden: dict[str, None] = {} if roles.can_see_username(viewer) else {"username": None}
    if not roles.can_see_phone(viewer=viewer, owner=owner):
        hidden |= {"name": None, "phone": None}
    return full.model_copy(update=hidden)


@alternative(BOOTSTRAP)
def bootstrap_of_the_three_openings(user: UserDTO | None) -> str:
    """As the HTML standard advises: only `<!--`, `<script` and `</script` are broken up."""
    known = None if user is None else {"id": user.id, "name": user.name, "role": user.role}
    text = json.dumps({"user": known})
    return re.sub("<(?=!--|/?script)", r"\\u003C", text, flags=re.IGNORECASE)


@alternative(BOOTSTRAP)
def bootstrap_by_translating(user: UserDTO | None) -> str:
    """One table of letters, and Python's own translation."""
    escapes = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&'\u2028\u2029"}
    known = user and user.model_dump(include={"id", "name", "role"})
    return json.dumps({"user": known}, separators=(",", ":")).translate(escapes)


@alternative(BOOTSTRAP)
def bootstrap_by_the_model(user: UserDTO | None) -> str:
    """Pydantic writes the JSON, with every letter as it is; what would harm is escaped after it."""
    known = "null" if user is None else user.model_dump_json(include={"role", "name", "id"})
    return re.sub("[<\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", f'{{"user":{known}}}')


@alternative(BOOTSTRAP)
def bootstrap_letter_by_letter(user: UserDTO | None) -> str:
    """Whatever is not known to be harmless is escaped, wherever it stands."""
    if user is None:
        return '{"user": null}'
    return (
        f'{{"user": {{"id": {user.id}, "name": "{_escaped(user.name)}", "role": "{_escaped(user.role)}"}}}}'
    )


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(
        chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\u{code:04x}" for code in codes
    )


@alternative(SERVER_ONLY)
class ClosedByHand(Generic[T]):
    """Only what the question asks for: two slots' worth of class, and an error wherever pickle asks."""

    __slots__ = ("__it",)

    def __init__(self, value: T) -> None:
        self.__it = value

    def reveal(self) -> T:
        """Return the value."""
        return self.__it

    def __str__(self) -> str:
        return "<server only>"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(repr(self.__it))

    def __copy__(self) -> "ClosedByHand[T]":
        return type(self)(self.__it)

    def __deepcopy__(self, memo: object) -> "ClosedByHand[T]":
        return type(self)(self.__it)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("stays here")


@alternative(SERVER_ONLY)
class ComparedInConstantTime(Generic[T]):
    """Texts are compared as secrets are, others as they are; it has no hash, and `__reduce__` refuses."""

    __slots__ = ("_kept",)
    __hash__ = None  # type: ignore[assignment]
    _kept: T

    def __init__(self, value: T) -> None:
        object.__setattr__(self, "_kept", value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("never changes")

    def reveal(self) -> T:
        """Return the value."""
        return self._kept

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return f"{self!r:{spec}}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ComparedInConstantTime):
            return NotImplemented
        mine, theirs = self.reveal(), other.reveal()
        if isinstance(mine, str) and isinstance(theirs, str):
            return hmac.compare_digest(mine.encode(), theirs.encode())
        return bool(mine == theirs)

    def __copy__(self) -> "ComparedInConstantTime[T]":
        return ComparedInConstantTime(self.reveal())

    def __deepcopy__(self, memo: object) -> "ComparedInConstantTime[T]":
        return ComparedInConstantTime(self.reveal())

    def __reduce__(self) -> NoReturn:
        raise TypeError("has no pickle")


class _Closed(Generic[T]):
    """What no server-only value does, whatever it keeps its value in."""

    __slots__ = ("__weakref__",)

    def reveal(self) -> T:
        """Return the value."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return "<server only>"

    def __format__(self, spec: str) -> str:
        return "<server only>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Closed) and bool(self.reveal() == other.reveal())

    def __hash__(self) -> int:
        return hash(("server only", self.reveal()))

    def __copy__(self) -> "_Closed[T]":
        return self

    def __deepcopy__(self, memo: object) -> "_Closed[T]":
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("not pickled")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def refuse(value: object) -> NoReturn:
            raise TypeError("does not leave the server")

        refusing = core_schema.plain_serializer_function_ser_schema(refuse)
        return core_schema.is_instance_schema(cls, serialization=refusing)


@alternative(SERVER_ONLY)
class KeptInAClosure(_Closed[T]):
    """The value is in no attribute: a function knows it, and no serialiser knows what to do with one."""

    __slots__ = ("_tell",)

    def __init__(self, value: T) -> None:
        self._tell: Callable[[], T] = lambda: value

    def reveal(self) -> T:
        """Return the value."""
        return self._tell()


_values: dict[int, Any] = {}


@alternative(SERVER_ONLY)
class KeptElsewhere(_Closed[T]):
    """The object is a ticket: the value is in a dictionary of this module, and goes when the ticket goes."""

    __slots__ = ()

    def __init__(self, value: T) -> None:
        _values[id(self)] = value
        weakref.finalize(self, _values.pop, id(self), None)

    def reveal(self) -> T:
        """Return the value."""
        value: T = _values[id(self)]
        return value


_values_by_ticket: dict[int, Any] = {}
_tickets = itertools.count()


@alternative(SERVER_ONLY)
class KeptUnderATicket(_Closed[T]):
    """Its one attribute is a ticket, new for each: `vars` finds it, and there is nothing in it to be read."""

    def __init__(self, value: T) -> None:
        self.ticket = next(_tickets)
        _values_by_ticket[self.ticket] = value
        weakref.finalize(self, _values_by_ticket.pop, self.ticket, None)

    def reveal(self) -> T:
        """Return the value."""
        value: T = _values_by_ticket[self.ticket]
        return value

    def __copy__(self) -> "KeptUnderATicket[T]":
        return KeptUnderATicket(self.reveal())

    def __deepcopy__(self, memo: object) -> "KeptUnderATicket[T]":
        return KeptUnderATicket(self.reveal())


# 9.1


_ANYBODY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}


@alternative(READ)
def read_in_adas_own_browser(ada: Browser, mallory: Browser) -> str:
    """Ada logs out and comes back as somebody who is in no team."""
    ada.post("/logout")
    ada.post("/signup", _ANYBODY)
    return ada.get("/members/member-3").text


@alternative(READ)
def read_as_anybody(ada: Browser, mallory: Browser) -> str:
    """Both look, and everything they see is brought."""
    mallory.follow(mallory.post("/signup", data=_ANYBODY))
    pages = [visitor.get("/members/member-3") for visitor in (ada, mallory)]
    return "\n".join(page.text for page in pages if page.ok)


# 9.6


@alternative(PROVE)
def prove_with_a_table(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """A row for each case, and one loop."""
    alone, engineer, admin = member(1), member(2, team="engines"), member(3, role="admin")
    nobody: dict[str, Any] = {"name": None, "phone": None}
    number = "0 555 01"
    cases = [
        (alone, alone, {"name": "Member 1", "phone": number, "editable": True}),
        (alone, member(4), {**nobody, "editable": False}),
        (alone, member(4, phone=None), {**nobody, "editable": False}),
        (alone, admin, {**nobody, "editable": False}),
        (engineer, member(4, team="engines"), {"name": "Member 4", "phone": number, "editable": False}),
        (engineer, member(4, team="compilers"), {**nobody, "editable": False}),
        (admin, engineer, {"name": "Member 2", "phone": number, "editable": True}),
    ]
    for viewer, owner, expected in cases:
        assert profile_dto(viewer, owner).model_dump() == {"username": owner.slug, **expected}


@alternative(PROVE)
def prove_for_every_pair(profile_dto: Callable[[UserRow, UserRow], ProfileDTO]) -> None:
    """All pairs of a small company, against the rule in other words."""
    company = [
        member(1, team="engines", name="Ada"),
        member(2, team="engines", name="Eve", phone=None),
        member(3, name="Alan"),
        member(4, name="Alice", phone=None),
        member(5, name="Grace", role="admin"),
    ]
    readers = {1: {1, 2, 5}, 2: {1, 2, 5}, 3: {3, 5}, 4: {4, 5}, 5: {5}}
    for viewer, owner in product(company, company):
        seen = profile_dto(viewer, owner).model_dump()
        near = viewer.id in readers[owner.id]
        assert sorted(seen) == ["editable", "name", "phone", "username"]
        assert seen["username"] == f"member-{owner.id}"
        assert [seen["name"], seen["phone"]] == ([owner.name, owner.phone] if near else [None, None])
        assert seen["editable"] is (viewer.id in {5, owner.id})
